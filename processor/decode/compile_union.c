/* compile_union.c - a union of the writer's: its branches are resolved one by one, for only the message tells which is
 * used. One that we cannot read is refused when it comes. */
#include "plan.h"

#include <stdio.h>

/* Steps that refuse a branch, in place of those that could not be written. */
static void refuse(struct compiler *self, const struct schema_type *branch, const struct site *site,
                   const struct reason *because)
{
    char label[SCHEMA_LABEL_SIZE];
    char text[sizeof because->text];
    int length = snprintf(text, sizeof text, "a %.80s in a union: %.150s", schema_label(branch, label), because->text);
    size_t size = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    emit(self, STEP(OP_REFUSE, site->place, NO_TARGET, add_text(self, span_of(text, size)), (uint32_t)size));
}

/* *readable tells whether the branch can be read; when not, *why says why not. */
static enum outcome compile_branch(struct compiler *self, uint32_t writer, uint32_t reader, const struct site *site,
                                   bool *readable, struct reason *why)
{
    struct buffer *steps = &self->plan->steps;
    struct buffer *tables = &self->plan->tables;
    size_t steps_before = steps->size;
    size_t tables_before = tables->size;
    struct reason because;
    enum outcome outcome = compile_type(self, writer, reader, site, &because);
    *readable = outcome == DONE;
    if (outcome == DONE) {
        return DONE;
    }
    if (because.code != REASON_INCOMPATIBLE_SCHEMA) {
        return FAIL(why, outcome, because.code, "%s", because.text);
    }
    steps->size = steps_before;
    tables->size = tables_before;
    refuse(self, schema_type(self->writers, writer), site, &because);
    (void)FAIL(why, outcome, because.code, "%s", because.text);
    return DONE;
}

static bool accepts_null(const struct compiler *self, uint32_t reader)
{
    if (reader == SCHEMA_NONE) {
        return true;
    }
    const struct schema_type *type = schema_type(self->readers, reader);
    for (uint32_t i = 0; type->kind == SCHEMA_UNION && i < type->count; i++) {
        if (*schema_branch(self->readers, type->first + i) == SCHEMA_NULL) {
            return true;
        }
    }
    return type->kind == SCHEMA_NULL;
}

/* Null or one other type: the union is read by the other's only step, or by a gate in front of its steps. */
static enum outcome compile_nullable(struct compiler *self, const struct schema_type *whole, unsigned null,
                                     uint32_t reader, const struct site *site, struct reason *why)
{
    uint32_t gate = emit(self, STEP(OP_GATE, site->place, NO_TARGET, 0, 0));
    bool readable;
    TRY(compile_branch(self, *schema_branch(self->writers, whole->first + 1 - null), reader, site, &readable, why));
    uint32_t end = next_step(self);
    if (plan_is_full(self)) {
        return DONE; /* compile_type says so, next time */
    }
    struct step *steps = plan_step(self->plan, gate);
    if (end == gate + 2 && steps[1].op < LEAF_OPS) {
        steps[0] = steps[1];
        steps[0].op |= NULLABLE;
        self->plan->steps.size -= sizeof *steps;
    } else {
        steps[0].a = end;
    }
    steps[0].value_byte = (uint8_t)((1 - null) << 1);
    return DONE;
}

/* Any union: a table of where each branch's steps begin; after them they meet. */
static enum outcome compile_branches(struct compiler *self, const struct schema_type *whole, uint32_t reader,
                                     const struct site *site, struct reason *why)
{
    uint32_t table = add_entries(self, whole->count);
    emit(self, STEP(OP_UNION, site->place, NO_TARGET, table, whole->count));
    bool any = false;
    uint32_t last_jump = SCHEMA_NONE;
    for (uint32_t i = 0; i < whole->count; i++) {
        set_entry(self, table + i, next_step(self));
        bool readable;
        TRY(compile_branch(self, *schema_branch(self->writers, whole->first + i), reader, site, &readable, why));
        any = any || readable;
        last_jump =
            emit(self, STEP(OP_JUMP, site->place, NO_TARGET, last_jump, 0)); /* chained until the end is known */
    }
    uint32_t end = next_step(self);
    while (last_jump != SCHEMA_NONE && !plan_is_full(self)) {
        uint32_t before = plan_step(self->plan, last_jump)->a;
        set_jump(self, last_jump, end);
        last_jump = before;
    }
    return any ? DONE : SKIP; /* *why says why not the last one */
}

enum outcome compile_union(struct compiler *self, uint32_t writer, uint32_t reader, const struct site *site,
                           struct reason *why)
{
    const struct schema_type *whole = schema_type(self->writers, writer);
    struct site below = *site;
    below.depth++;
    below.conditional = true;
    for (unsigned i = 0; whole->count == 2 && i < 2 && accepts_null(self, reader); i++) {
        if (*schema_branch(self->writers, whole->first + i) == SCHEMA_NULL) {
            return compile_nullable(self, whole, i, reader, &below, why);
        }
    }
    return compile_branches(self, whole, reader, &below, why);
}
