/* plan_run.c - a plan over a message's bytes. */
#include "plan.h"

#include <stdio.h>

#include "convert.h"
#include "read.h"

const char *plan_place_text(const struct plan *self, uint32_t place, char text[PLACE_TEXT_SIZE])
{
    if (place == PLACE_NONE) {
        snprintf(text, PLACE_TEXT_SIZE, "the record");
        return text;
    }
    /* From the end backwards; what does not fit is left out in front. */
    size_t at = PLACE_TEXT_SIZE - 1;
    text[at] = '\0';
    while (place != PLACE_NONE) {
        const struct place *here = (const struct place *)(const void *)self->places.data + place;
        size_t dot = at < PLACE_TEXT_SIZE - 1;
        if (here->size + dot > at) {
            break;
        }
        at -= dot;
        text[at] = dot > 0 ? '.' : text[at];
        at -= here->size;
        memcpy(text + at, self->text.data + here->name, here->size);
        place = here->up;
    }
    memmove(text, text + at, PLACE_TEXT_SIZE - at);
    return text;
}

/* ---- leaves ---- */

static inline void store(struct machine *self, const struct step *step, const void *value, size_t size)
{
    memcpy((uint8_t *)&self->decoded + step->target, value, size);
}

static inline const uint8_t *take_int(struct machine *self, const struct step *step, const uint8_t *at)
{
    int64_t value;
    at = read_int(self, at, &value);
    if (at != NULL) {
        store(self, step, &value, sizeof value);
    }
    return at;
}

/* A long in one of the units that longs come in. */
static inline const uint8_t *take_long(struct machine *self, const struct step *step, const uint8_t *at)
{
    int64_t value;
    at = read_long(self, at, &value);
    if (at == NULL) {
        return NULL;
    }
    bool fits = value != ABSENT;
    if ((step->op & 0x3f) == OP_MILLIS) {
        fits = us_from_millis(value, &value);
    } else if ((step->op & 0x3f) == OP_NANOS) {
        value = time_floor(value, 1000);
        fits = true;
    } else if ((step->op & 0x3f) == OP_SECONDS_LONG) {
        fits = ms_from_whole_seconds(value, &value);
    }
    if (!fits) {
        return failed(self, REASON_BAD_NUMBER);
    }
    store(self, step, &value, sizeof value);
    return at;
}

static inline const uint8_t *take_seconds(struct machine *self, const struct step *step, const uint8_t *at)
{
    double seconds = 0;
    int64_t ms;
    if ((step->op & 0x3f) == OP_SECONDS_DOUBLE) {
        at = read_double(self, at, &seconds);
    } else if ((step->op & 0x3f) == OP_SECONDS_FLOAT) {
        at = read_float(self, at, &seconds);
    } else {
        int64_t whole = 0; /* an int is exact as a double */
        at = read_int(self, at, &whole);
        seconds = (double)whole;
    }
    if (at == NULL) {
        return NULL;
    }
    if (!ms_from_seconds(seconds, &ms)) {
        return failed(self, REASON_BAD_NUMBER);
    }
    store(self, step, &ms, sizeof ms);
    return at;
}

static inline const uint8_t *take_text(struct machine *self, const struct step *step, const uint8_t *at)
{
    struct span text;
    at = read_text(self, at, &text);
    if (at != NULL) {
        store(self, step, &text, sizeof text);
    }
    return at;
}

static inline const uint8_t *take_flag(struct machine *self, const struct step *step, const uint8_t *at)
{
    int64_t value;
    at = read_flag(self, at, &value);
    if (at != NULL) {
        store(self, step, &value, sizeof value);
    }
    return at;
}

static inline const uint8_t *take_symbol(struct machine *self, const struct plan *plan, const struct step *step,
                                         const uint8_t *at)
{
    uint32_t symbol;
    at = read_position(self, at, step->b, REASON_BAD_ENUM, &symbol);
    if (at == NULL) {
        return NULL;
    }
    int64_t value = *plan_entry(plan, step->a + symbol);
    if (value == UNKNOWN_SYMBOL) {
        return failed(self, REASON_BAD_ENUM);
    }
    store(self, step, &value, sizeof value);
    return at;
}

static inline const uint8_t *take_constant(struct machine *self, const struct plan *plan, const struct step *step,
                                           const uint8_t *at)
{
    if (step->op == OP_CONSTANT_TEXT) {
        struct span text = span_of(plan->text.data + step->a, step->b);
        store(self, step, &text, sizeof text);
    } else {
        int64_t value = (int64_t)((uint64_t)step->b << 32 | step->a);
        store(self, step, &value, sizeof value);
    }
    return at;
}

__attribute__((unused)) static inline const uint8_t *run_leaf(struct machine *self, const struct plan *plan, const struct step *step,
                                      const uint8_t *at)
{
    struct span bytes;
    int64_t number;
    uint32_t symbol;
    switch ((enum leaf_op)step->op) {
    case OP_TEXT:
        return take_text(self, step, at);
    case OP_FLAG:
        return take_flag(self, step, at);
    case OP_INT:
        return take_int(self, step, at);
    case OP_LONG:
    case OP_MILLIS:
    case OP_NANOS:
    case OP_SECONDS_LONG:
        return take_long(self, step, at);
    case OP_SECONDS_INT:
    case OP_SECONDS_FLOAT:
    case OP_SECONDS_DOUBLE:
        return take_seconds(self, step, at);
    case OP_ENUM:
        return take_symbol(self, plan, step, at);
    case OP_CONSTANT:
    case OP_CONSTANT_TEXT:
        return take_constant(self, plan, step, at);
    case OP_PASS_LONG:
        return read_long(self, at, &number);
    case OP_PASS_SYMBOL:
        return read_position(self, at, step->b, REASON_BAD_ENUM, &symbol);
    case OP_PASS_BYTES:
        return read_bytes(self, at, &bytes);
    case OP_PASS_FIXED:
        return pass_fixed(self, at, step->a);
    }
    return failed(self, REASON_BAD_SCHEMA); /* not reached: the compiler writes no other */
}

/* The branch of a union of null and another type. The usual two are one byte each; a longer form means the same. */
static inline const uint8_t *read_nullable(struct machine *self, const struct step *step, const uint8_t *at,
                                           bool *is_null)
{
    if (at < self->end && (*at == 0 || *at == 2)) {
        *is_null = *at == step->null_byte;
        return at + 1;
    }
    uint32_t branch;
    at = read_position(self, at, 2, REASON_BAD_BRANCH, &branch);
    if (at != NULL) {
        *is_null = branch << 1 == step->null_byte;
    }
    return at;
}

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

/* The step to go on with, or NULL: at an error, and at the end, when the code is REASON_NONE. */
static const struct step *run_control(struct machine *self, const struct plan *plan, const struct step *step,
                                      const uint8_t **at)
{
    uint32_t branch;
    struct frame_of_run *call;
    switch ((enum control_op)step->op) {
    case OP_END:
        self->code = *at == self->end ? REASON_NONE : REASON_TRAILING_BYTES;
        return NULL;
    case OP_JUMP:
        return plan_step(plan, step->a);
    case OP_GATE: /* its union was read, and was not null */
        return step + 1;
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
    }
    self->code = REASON_BAD_SCHEMA; /* not reached: the compiler writes no other */
    return NULL;
}




static const struct step *run(struct machine *self, const struct plan *plan, const uint8_t *at)
{
    const struct step *step = plan_step(plan, 0);
    struct span bytes;
    int64_t number;
    uint32_t symbol;
    bool is_null;
#define LEAVES(X) \
        X(OP_TEXT, take_text(self, step, at)) \
        X(OP_FLAG, take_flag(self, step, at)) \
        X(OP_INT, take_int(self, step, at)) \
        X(OP_LONG, take_long(self, step, at)) \
        X(OP_MILLIS, take_long(self, step, at)) \
        X(OP_NANOS, take_long(self, step, at)) \
        X(OP_SECONDS_INT, take_seconds(self, step, at)) \
        X(OP_SECONDS_LONG, take_long(self, step, at)) \
        X(OP_SECONDS_FLOAT, take_seconds(self, step, at)) \
        X(OP_SECONDS_DOUBLE, take_seconds(self, step, at)) \
        X(OP_ENUM, take_symbol(self, plan, step, at)) \
        X(OP_CONSTANT, take_constant(self, plan, step, at)) \
        X(OP_CONSTANT_TEXT, take_constant(self, plan, step, at)) \
        X(OP_PASS_LONG, read_long(self, at, &number)) \
        X(OP_PASS_SYMBOL, read_position(self, at, step->b, REASON_BAD_ENUM, &symbol)) \
        X(OP_PASS_BYTES, read_bytes(self, at, &bytes)) \
        X(OP_PASS_FIXED, pass_fixed(self, at, step->a)) 

#define CASE(op, expr) \
    case 0x40 | op: \
            if (__builtin_expect(at < self->end && (*at == (step->null_byte ^ 2)), 1)) { at++; } else { \
            at = read_nullable(self, step, at, &is_null); \
            if (at == NULL) { \
                return step; \
            } \
            if (is_null) { \
                step = step + 1; \
                continue; \
            } } __attribute__((fallthrough)); \
    case op: at = expr;     if (at == NULL) return step; \
        step++; continue; 

    for (;;) {
        switch (step->op) {
            LEAVES(CASE)
        case 0x40 | OP_GATE:
            at = read_nullable(self, step, at, &is_null);
            if (at == NULL) {
                return step;
            }
            step = is_null ? plan_step(plan, step->a) : step + 1;
            continue;
        default: {
            const struct step *next = run_control(self, plan, step, &at);
            if (next == NULL) {
                return step;
            }
            step = next;
            continue;
        }
        }
    }
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

static inline void copy_interaction(struct interaction *to, const struct interaction *from)
{
    size_t n = sizeof *to;
    __asm__("" : "+r"(n));
    memcpy(to, from, n);
}

enum outcome plan_run(const struct plan *self, struct span body, struct interaction *interaction, struct reason *why)
{
    static const uint8_t nothing;
    const uint8_t *begin = body.size > 0 ? body.data : &nothing;
    struct machine machine; /* not zeroed as a whole: its stack is written before it is read */
    machine.end = begin + body.size;
    machine.code = REASON_NONE;
    machine.depth = 0;
    machine.empty_items = 0;
    copy_interaction(&machine.decoded.interaction, &self->blank);
    const struct step *last = run(&machine, self, begin);
    if (last->op != OP_END || machine.code != REASON_NONE) {
        return explain(&machine, self, last, why);
    }
    copy_interaction(interaction, &machine.decoded.interaction);
    return DONE;
}
