/* emit.c - the tables of a plan under construction. */
#include "plan.h"

uint32_t next_step(const struct compiler *self)
{
    return (uint32_t)(self->plan->steps.size / sizeof(struct step));
}

uint32_t emit(struct compiler *self, struct step step)
{
    uint32_t at = next_step(self);
    buffer_bytes(&self->plan->steps, &step, sizeof step);
    return at;
}

void set_jump(struct compiler *self, uint32_t step, uint32_t to)
{
    if (step < next_step(self)) {
        plan_step(self->plan, step)->a = to;
    }
}

uint32_t add_entries(struct compiler *self, uint32_t count)
{
    struct buffer *tables = &self->plan->tables;
    uint32_t first = (uint32_t)(tables->size / sizeof(uint32_t));
    uint8_t *room = buffer_reserve(tables, count * sizeof(uint32_t));
    if (room != NULL) {
        memset(room, 0, count * sizeof(uint32_t));
        tables->size += count * sizeof(uint32_t);
    }
    return first;
}

void set_entry(struct compiler *self, uint32_t entry, uint32_t value)
{
    if (entry < self->plan->tables.size / sizeof(uint32_t)) {
        *plan_entry(self->plan, entry) = value;
    }
}

uint32_t add_text(struct compiler *self, struct span text)
{
    uint32_t offset = (uint32_t)self->plan->text.size;
    buffer_bytes(&self->plan->text, text.data, text.size);
    return offset;
}

uint32_t add_place(struct compiler *self, uint32_t up, struct span name)
{
    struct place place = {up, add_text(self, name), (uint32_t)name.size};
    uint32_t at = (uint32_t)(self->plan->places.size / sizeof place);
    buffer_bytes(&self->plan->places, &place, sizeof place);
    return at;
}

bool plan_is_full(const struct compiler *self)
{
    const struct plan *plan = self->plan;
    return plan->steps.overflow || plan->tables.overflow || plan->places.overflow || plan->text.overflow ||
           self->waiting.overflow;
}

/* ---- byte runs ---- */

static bool is_in_run(const struct step *step, const struct step *head)
{
    return (step->op == (OP_INT | NULLABLE) || step->op == (OP_LONG | NULLABLE)) &&
           step->value_byte == head->value_byte;
}

void join_byte_runs(struct plan *plan)
{
    const size_t count = plan->steps.size / sizeof(struct step);
    for (size_t first = 0, end; first < count; first = end) {
        struct step *head = plan_step(plan, first);
        end = first + 1;
        if (!is_in_run(head, head)) {
            continue;
        }
        while (end < count && end - first < RUN_MOST && is_in_run(plan_step(plan, end), head)) {
            end++;
        }
        if (end - first >= RUN_LEAST) {
            head->a = (uint32_t)(end - first);
            head->b = head->op;
            head->op = OP_BYTE_RUN;
        }
    }
}
