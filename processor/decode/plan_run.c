/* plan_run.c - a plan over a message's bytes. */
#include "byte_run.h"

/* ---- control ---- */

/* The next block of a list: its items in *items, 0 at the end. A count below zero is followed by the block's size, for
 * readers that pass over it; ours looks at every item. */
static const uint8_t *read_block(struct machine *self, const uint8_t *at, uint32_t least_size, uint64_t *items)
{
    int64_t count;
    int64_t size = 0;
    at = read_long(self, at, &count);
    if (at != NULL && count < 0) {
        at = read_long(self, at, &size);
    }
    if (at == NULL) {
        return NULL;
    }
    if (count < -LENGTH_MAX || count > LENGTH_MAX || size < 0 || size > LENGTH_MAX) {
        return failed(self, REASON_BAD_LENGTH);
    }
    *items = (uint64_t)(count < 0 ? -count : count);
    uint64_t left = (uint64_t)(self->end - at);
    if (*items * least_size > left || (uint64_t)size > left) {
        return failed(self, REASON_TRUNCATED);
    }
    if (least_size == 0) {
        self->empty_items += *items;
        if (self->empty_items > PLAN_EMPTY_ITEMS_MAX) {
            return failed(self, REASON_BAD_LENGTH);
        }
    }
    return at;
}

static struct frame_of_run *push(struct machine *self)
{
    if (self->depth == SCHEMA_DEPTH_MAX) {
        self->code = REASON_TOO_DEEP;
        return NULL;
    }
    return &self->stack[self->depth++];
}

/* The first block of a list, or what follows an empty one. */
static const struct step *begin_list(struct machine *self, const struct plan *plan, const struct step *step,
                                     const uint8_t **at)
{
    uint64_t items;
    *at = read_block(self, *at, step->b, &items);
    if (*at == NULL) {
        return NULL;
    }
    if (items == 0) {
        return plan_step(plan, step->a);
    }
    struct frame_of_run *list = push(self);
    if (list == NULL) {
        return NULL;
    }
    list->left = items;
    return step + 1;
}

static const struct step *next_item(struct machine *self, const struct plan *plan, const struct step *step,
                                    const uint8_t **at)
{
    struct frame_of_run *list = &self->stack[self->depth - 1];
    list->left--;
    if (list->left == 0) {
        *at = read_block(self, *at, step->b, &list->left);
        if (*at == NULL) {
            return NULL;
        }
    }
    if (list->left > 0) {
        return plan_step(plan, step->a);
    }
    self->depth--;
    return step + 1;
}

/* The step to go on with, or NULL: an error. */
static const struct step *run_control(struct machine *self, const struct plan *plan, const struct step *step,
                                      const uint8_t **at)
{
    uint32_t branch;
    struct frame_of_run *call;
    switch ((enum control_op)step->op) {
    case OP_END:
    case OP_GATE:
    case OP_BYTE_RUN:
        break; /* in run: every message has them */
    case OP_JUMP:
        return plan_step(plan, step->a);
    case OP_UNION:
        *at = read_position(self, *at, step->b, REASON_BAD_BRANCH, &branch);
        return *at == NULL ? NULL : plan_step(plan, *plan_entry(plan, step->a + branch));
    case OP_REFUSE:
        self->code = REASON_INCOMPATIBLE_SCHEMA;
        return NULL;
    case OP_ARRAY:
        return begin_list(self, plan, step, at);
    case OP_NEXT:
        return next_item(self, plan, step, at);
    case OP_CALL:
        call = push(self);
        if (call == NULL) {
            return NULL;
        }
        call->back = step + 1;
        return plan_step(plan, step->a);
    case OP_RETURN:
        return self->stack[--self->depth].back;
    case OP_MARK:
        self->mark = *at;
        return step + 1;
    case OP_REWIND:
        *at = self->mark;
        return step + 1;
    }
    self->code = REASON_BAD_SCHEMA; /* not reached: the compiler writes no other */
    return NULL;
}

/* How each leaf is read. Q: one that has a quicker way behind a union with null. */
#define LEAVES(L, Q)                                                                                                   \
    L(OP_TEXT, take_text(self, step, at))                                                                              \
    Q(OP_FLAG, take_flag(self, step, at), take_nullable_byte(self, step, &at, OP_FLAG))                                \
    Q(OP_INT, take_int(self, step, at, OP_INT), take_nullable_byte(self, step, &at, OP_INT))                           \
    Q(OP_LONG, take_long(self, step, at, OP_LONG), take_nullable_byte(self, step, &at, OP_LONG))                       \
    L(OP_MILLIS, take_long(self, step, at, OP_MILLIS))                                                                 \
    L(OP_NANOS, take_long(self, step, at, OP_NANOS))                                                                   \
    L(OP_DAYS, take_int(self, step, at, OP_DAYS))                                                                      \
    L(OP_SECONDS_INT, take_seconds(self, step, at, OP_SECONDS_INT))                                                    \
    L(OP_SECONDS_LONG, take_long(self, step, at, OP_SECONDS_LONG))                                                     \
    L(OP_SECONDS_FLOAT, take_seconds(self, step, at, OP_SECONDS_FLOAT))                                                \
    Q(OP_SECONDS_DOUBLE, take_seconds(self, step, at, OP_SECONDS_DOUBLE), take_nullable_double(self, step, &at))       \
    L(OP_SECONDS_MICROS, take_long(self, step, at, OP_SECONDS_MICROS))                                                 \
    L(OP_ENUM, take_symbol(self, step, at, OP_ENUM))                                                                   \
    L(OP_CONSTANT, take_constant(self, step, at, OP_CONSTANT))                                                         \
    L(OP_CONSTANT_TEXT, take_constant(self, step, at, OP_CONSTANT_TEXT))                                               \
    L(OP_MAPPED, take_mapped(self, step, at))                                                                          \
    L(OP_PASS_TEXT, pass_text(self.machine, at))                                                                       \
    L(OP_PASS_FLAG, pass_number(self.machine, at, OP_PASS_FLAG))                                                       \
    L(OP_PASS_INT, pass_number(self.machine, at, OP_PASS_INT))                                                         \
    L(OP_PASS_LONG, pass_number(self.machine, at, OP_PASS_LONG))                                                       \
    L(OP_PASS_ENUM, take_symbol(self, step, at, OP_PASS_ENUM))                                                         \
    L(OP_PASS_SYMBOL, pass_symbol(self.machine, step, at))                                                             \
    L(OP_PASS_BYTES, pass_bytes(self.machine, at))                                                                     \
    L(OP_PASS_FIXED, pass_fixed(self.machine, at, step->a))

/* A leaf's two entries: behind a union with null, and without. */
#define LEAF_LABELS(leaf, read) [(leaf) | NULLABLE] = &&nullable_##leaf, [leaf] = &&plain_##leaf,
#define GO_ON                                                                                                          \
    step++;                                                                                                            \
    goto *labels[step->op];
#define NULLABLE_STEPS(leaf, read)                                                                                     \
    at = read_nullable(self.machine, step, at, &is_null);                                                              \
    if (at == NULL) {                                                                                                  \
        return step;                                                                                                   \
    }                                                                                                                  \
    if (is_null) {                                                                                                     \
        GO_ON                                                                                                          \
    }                                                                                                                  \
    plain_##leaf : at = (read);                                                                                        \
    if (at == NULL) {                                                                                                  \
        return step;                                                                                                   \
    }                                                                                                                  \
    GO_ON
#define LEAF_STEPS(leaf, read)          nullable_##leaf : NULLABLE_STEPS(leaf, read)
#define QUICK_LABELS(leaf, read, quick) LEAF_LABELS(leaf, read)
#define QUICK_STEPS(leaf, read, quick)  nullable_##leaf : if (LIKELY(quick)){GO_ON} NULLABLE_STEPS(leaf, read)

/* Runs until the end or the first error, and gives the step that it stopped at. Each leaf goes to the next one itself:
 * measured, that takes a fifth less time than a loop around a switch. */
static const struct step *run(struct machine *machine, const struct plan *plan, uint8_t *into, const uint8_t *at)
{
    const struct leaf_context self = {machine, plan, into}; /* handed over in registers: a struct goes by the stack */
    static const void *const labels[NULLABLE + LEAF_OPS] = {[OP_END] = &&end,
                                                            [OP_JUMP] = &&control,
                                                            [OP_GATE] = &&gate,
                                                            [OP_UNION] = &&control,
                                                            [OP_REFUSE] = &&control,
                                                            [OP_ARRAY] = &&control,
                                                            [OP_NEXT] = &&control,
                                                            [OP_CALL] = &&control,
                                                            [OP_RETURN] = &&control,
                                                            [OP_MARK] = &&control,
                                                            [OP_REWIND] = &&control,
                                                            [OP_BYTE_RUN] = &&byte_run,
                                                            LEAVES(LEAF_LABELS, QUICK_LABELS)};
    const struct step *step = plan_step(self.plan, 0);
    const struct step *next;
    const uint8_t *moved;
    bool is_null;
    goto *labels[step->op];

    LEAVES(LEAF_STEPS, QUICK_STEPS)

end:
    self.machine->code = at == self.machine->end ? REASON_NONE : REASON_TRAILING_BYTES;
    return step;

gate:
    at = read_nullable(self.machine, step, at, &is_null);
    if (at == NULL) {
        return step;
    }
    step = is_null ? plan_step(self.plan, step->a) : step + 1;
    goto *labels[step->op];

byte_run:
    moved = take_byte_run(self, step, at);
    if (LIKELY(moved != NULL)) {
        at = moved;
        step += step->a;
        goto *labels[step->op];
    }
    goto *labels[step->b];

control:
    moved = at; /* which would live in memory, step by step, if its own address were handed out */
    next = run_control(self.machine, self.plan, step, &moved);
    at = moved;
    if (next == NULL) {
        return step;
    }
    step = next;
    goto *labels[step->op];
}

static enum outcome explain(const struct machine *self, const struct plan *plan, const struct step *step,
                            struct reason *why)
{
    char place[PLACE_TEXT_SIZE];
    plan_place_text(plan, step->place, place);
    if (step->op == OP_REFUSE) {
        struct span refusal = span_of(plan->text.data + step->a, step->b);
        return FAIL(why, SKIP, self->code, "%s: %.*s", place, SPAN_FORMAT(refusal));
    }
    return FAIL(why, SKIP, self->code, "%s: %s", place, reason_meaning(self->code));
}

/* As it stands here it is some twenty moves of two words. A copy of a constant size becomes rep movs, which takes twice
 * as long, and one of a variable size a call. */
static inline void set_blank(struct interaction *self, const struct interaction *blank)
{
    struct two_words {
        uint64_t words[2];
    };
    enum { MOVES = sizeof *self / sizeof(struct two_words) };
    struct two_words moved;
#pragma GCC unroll 32
    for (size_t i = 0; i < MOVES; i++) {
        memcpy(&moved, (const uint8_t *)blank + i * sizeof moved, sizeof moved);
        memcpy((uint8_t *)self + i * sizeof moved, &moved, sizeof moved);
    }
    memcpy((uint8_t *)self + MOVES * sizeof moved, (const uint8_t *)blank + MOVES * sizeof moved,
           sizeof *self - MOVES * sizeof moved);
}

enum outcome plan_run(const struct plan *self, struct span body, struct interaction *interaction, struct reason *why)
{
    static const uint8_t nothing;
    const uint8_t *begin = body.size > 0 ? body.data : &nothing;
    struct machine machine; /* not zeroed as a whole: its stack is written before it is read */
    machine.begin = begin;
    machine.end = begin + body.size;
    machine.code = REASON_NONE;
    machine.depth = 0;
    machine.empty_items = 0;
    set_blank(interaction, &self->blank);
    const struct step *last = run(&machine, self, (uint8_t *)interaction, begin);
    if (last->op != OP_END || machine.code != REASON_NONE) {
        return explain(&machine, self, last, why);
    }
    return DONE;
}
