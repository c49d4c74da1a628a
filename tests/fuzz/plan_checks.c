/* plan_checks.c - plans looked at from inside, and what they read from outside. */
#include "plan_checks.h"

#include <stdlib.h>

#include "fuzz.h"

/* ---- a plan ---- */

static void check_table(const struct plan *self, uint32_t first, uint32_t count)
{
    CHECK((uint64_t)first + count <= self->tables.size / sizeof(uint32_t));
}

static void check_jump(const struct plan *self, uint32_t to)
{
    CHECK(to < self->steps.size / sizeof(struct step));
}

/* What is stored goes into a field of its kind, and nothing else is written to. */
static bool is_field(uint16_t target, bool is_text)
{
    for (size_t i = 0; i < interaction_field_count; i++) {
        if (interaction_fields[i].offset == target) {
            return (interaction_fields[i].type == FIELD_TEXT) == is_text;
        }
    }
    return false;
}

static void check_leaf(const struct plan *self, const struct step *step, unsigned op)
{
    CHECK(op < LEAF_OPS);
    if (op == OP_MAPPED) {
        uint32_t field = step->a & 0xffff;
        CHECK(field < INTERACTION_FIELDS && interaction_fields[field].offset == step->target);
        return;
    }
    CHECK(op > OP_CONSTANT_TEXT || is_field(step->target, op == OP_TEXT || op == OP_CONSTANT_TEXT));
    if (op == OP_ENUM || op == OP_PASS_ENUM) {
        check_table(self, step->a, step->b);
    } else if (op == OP_CONSTANT_TEXT) {
        CHECK((uint64_t)step->a + step->b <= self->text.size);
    }
}

/* All of a run, its first step by its own op, are of the kind that fills one byte. */
static void check_run(const struct plan *self, const struct step *step)
{
    size_t first = (size_t)(step - plan_step(self, 0));
    CHECK(step->a >= RUN_LEAST && step->a <= RUN_MOST && first + step->a < self->steps.size / sizeof *step);
    for (uint32_t i = 0; i < step->a; i++) {
        unsigned op = i > 0 ? step[i].op : step->b;
        CHECK(op == (OP_INT | NULLABLE) || op == (OP_LONG | NULLABLE));
        CHECK(step[i].value_byte == step->value_byte);
        check_leaf(self, &step[i], op & ~(unsigned)NULLABLE);
    }
}

static void check_control(const struct plan *self, const struct step *step)
{
    switch ((enum control_op)step->op) {
    case OP_JUMP:
    case OP_GATE:
    case OP_ARRAY:
    case OP_NEXT:
    case OP_CALL:
        check_jump(self, step->a);
        break;
    case OP_UNION:
        check_table(self, step->a, step->b);
        for (uint32_t i = 0; i < step->b; i++) {
            check_jump(self, *plan_entry(self, step->a + i));
        }
        break;
    case OP_REFUSE:
        CHECK((uint64_t)step->a + step->b <= self->text.size);
        break;
    case OP_BYTE_RUN:
        check_run(self, step);
        break;
    case OP_END:
    case OP_MARK:
    case OP_REWIND:
    case OP_RETURN:
        break;
    }
}

void plan_check_shape(const struct plan *self)
{
    size_t steps = self->steps.size / sizeof(struct step);
    CHECK(steps > 0 && steps <= PLAN_STEPS_MAX && !self->steps.overflow);
    CHECK(self->tables.size <= PLAN_TABLES_MAX * sizeof(uint32_t) && !self->tables.overflow);
    CHECK(self->places.size <= PLAN_PLACES_MAX * sizeof(struct place) && !self->places.overflow);
    CHECK(self->text.size <= PLAN_TEXT_MAX && !self->text.overflow);
    for (size_t i = 0; i < steps; i++) {
        const struct step *step = plan_step(self, i);
        char text[PLACE_TEXT_SIZE];
        CHECK(step->place == PLACE_NONE || step->place < self->places.size / sizeof(struct place));
        CHECK(memchr(plan_place_text(self, step->place, text), '\0', sizeof text) != NULL);
        if (step->op & NULLABLE || step->op < LEAF_OPS) {
            check_leaf(self, step, step->op & ~(unsigned)NULLABLE);
        } else {
            CHECK(step->op <= OP_BYTE_RUN);
            check_control(self, step);
        }
    }
    unsigned last = plan_step(self, steps - 1)->op;
    CHECK(last == OP_END || last == OP_RETURN || last == OP_JUMP || last == OP_REFUSE);
}

/* ---- an interaction ---- */

static bool is_inside(struct span part, struct span whole)
{
    return part.size == 0 || (part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
}

/* A text of the mapping's own: one that it maps to, or a constant. */
static bool is_mapped_to(const struct channel_mapping *mapping, struct span text)
{
    for (size_t i = 0; mapping != NULL && i < INTERACTION_FIELDS; i++) {
        const struct field_rule *rule = &mapping->rules[i];
        if (rule->given && rule->constant != NULL && span_equal(text, span_text(rule->constant))) {
            return true;
        }
        for (size_t e = 0; rule->given && e < rule->entry_count; e++) {
            if (span_equal(text, span_text(rule->entries[e].to))) {
                return true;
            }
        }
    }
    return false;
}

static void check_text(const struct plan *plan, struct span body, struct span text)
{
    CHECK(text.data == NULL ? text.size == 0 : span_is_text(text));
    CHECK(is_inside(text, body) || is_inside(text, buffer_as_span(&plan->text)) || is_mapped_to(plan->mapping, text));
}

static void check_number(enum field_type type, int64_t number)
{
    if (number == ABSENT) {
        return;
    }
    CHECK(type != FIELD_FLAG || number == 0 || number == 1);
    CHECK(type != FIELD_KIND || (number >= 0 && number < EVENT_KINDS));
    CHECK(type != FIELD_CONTACT || (number >= 0 && number < CONTACT_OUTCOMES));
}

static void check_interaction(const struct plan *plan, struct span body, const struct interaction *interaction)
{
    for (size_t i = 0; i < interaction_field_count; i++) {
        const struct interaction_field *field = &interaction_fields[i];
        const uint8_t *member = (const uint8_t *)interaction + field->offset;
        if (field->type == FIELD_TEXT) {
            struct span text;
            memcpy(&text, member, sizeof text);
            check_text(plan, body, text);
        } else {
            int64_t number;
            memcpy(&number, member, sizeof number);
            check_number(field->type, number);
        }
    }
}

/* ---- a run ---- */

static bool is_run_reason(enum reason_code code)
{
    return (code >= REASON_TRUNCATED && code <= REASON_TOO_DEEP) || code == REASON_INCOMPATIBLE_SCHEMA ||
           code == REASON_UNMAPPED_VALUE;
}

/* Of values, not of how they are written. */
static bool is_value_reason(enum reason_code code)
{
    return code == REASON_BAD_UTF8 || code == REASON_BAD_NUMBER || code == REASON_BAD_ENUM ||
           code == REASON_INCOMPATIBLE_SCHEMA || code == REASON_UNMAPPED_VALUE || code == REASON_TOO_DEEP;
}

static enum outcome run(const struct plan *self, struct span body, struct interaction *interaction, struct reason *why)
{
    memset(interaction, 0xA5, sizeof *interaction); /* nothing of it may be left */
    *why = (struct reason){0};
    size_t allocations = fuzz_allocations();
    enum outcome outcome = plan_run(self, body, interaction, why);
    CHECK(fuzz_allocations() == allocations);
    CHECK(outcome == DONE || (outcome == SKIP && fuzz_says_why(why) && is_run_reason(why->code)));
    return outcome;
}

/* A value ends where its type says so. */
static void check_ends(const struct plan *self, struct span body)
{
    struct interaction other;
    struct reason why;
    if (body.size > 0) {
        CHECK(run(self, span_of(body.data, body.size - 1), &other, &why) == SKIP);
    }
    uint8_t *longer = malloc(body.size + 1);
    CHECK(longer != NULL);
    if (body.size > 0) {
        memcpy(longer, body.data, body.size);
    }
    longer[body.size] = 0;
    CHECK(run(self, span_of(longer, body.size + 1), &other, &why) == SKIP && why.code == REASON_TRAILING_BYTES);
    free(longer);
}

enum outcome plan_check_run(const struct plan *self, enum channel channel, struct span body, bool is_well_formed,
                            struct interaction *interaction)
{
    struct interaction first;
    struct interaction again;
    struct reason why;
    struct reason why_again;
    enum outcome outcome = run(self, body, &first, &why);
    CHECK(run(self, body, &again, &why_again) == outcome);
    if (outcome != DONE) {
        CHECK(why.code == why_again.code && strcmp(why.text, why_again.text) == 0);
        CHECK(!is_well_formed || is_value_reason(why.code));
        return SKIP;
    }
    CHECK(memcmp(&first, &again, offsetof(struct interaction, channel)) == 0 && first.channel == channel);
    check_interaction(self, body, &first);
    check_ends(self, body);
    *interaction = first;
    return DONE;
}
