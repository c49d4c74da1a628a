/* mapped.c - a value under a mapping, which is turned into its field by a map, a factor or what its text says. */
#include <stdio.h>

#include "leaves.h"

const struct field_rule *mapped_rule(const struct plan *self, size_t field)
{
    static const struct field_rule as_it_is = {.values = {.times = {{"iso"}, 1}, .factor = 1}};
    const struct field_rule *rule = self->mapping != NULL ? &self->mapping->rules[field] : &as_it_is;
    return rule->given ? rule : &as_it_is;
}

/* What was read: a number, or a text. */
struct mapped_value {
    bool is_number;
    double number;
    struct span text;
    char digits[24];
};

static const uint8_t *read_whole(struct machine *self, const uint8_t *at, enum mapped_source source,
                                 struct mapped_value *value)
{
    static const char *const flags[] = {"false", "true"};
    int64_t whole = 0;
    at = source == MAPPED_FLAG  ? read_flag(self, at, &whole)
         : source == MAPPED_INT ? read_int(self, at, &whole)
                                : read_long(self, at, &whole);
    if (at != NULL && source == MAPPED_FLAG) {
        value->text = span_text(flags[whole]);
    } else if (at != NULL) {
        int size = snprintf(value->digits, sizeof value->digits, "%lld", (long long)whole);
        value->text = span_of(value->digits, (size_t)size);
        value->number = (double)whole;
        value->is_number = true;
    }
    return at;
}

static const uint8_t *read_source(struct leaf_context self, const struct step *step, const uint8_t *at,
                                  struct mapped_value *value)
{
    enum mapped_source source = (enum mapped_source)(step->a >> 16);
    uint32_t symbol;
    switch (source) {
    case MAPPED_TEXT:
        return read_text(self.machine, at, &value->text);
    case MAPPED_FLOAT:
        value->is_number = true;
        return read_float(self.machine, at, &value->number);
    case MAPPED_DOUBLE:
        value->is_number = true;
        return read_double(self.machine, at, &value->number);
    case MAPPED_SYMBOL:
        at = read_position(self.machine, at, *plan_entry(self.plan, step->b), REASON_BAD_ENUM, &symbol);
        if (at != NULL) {
            const uint32_t *entry = plan_entry(self.plan, step->b + 1 + 2 * (size_t)symbol);
            value->text = span_of(self.plan->text.data + entry[0], entry[1]);
        }
        return at;
    case MAPPED_FLAG:
    case MAPPED_INT:
    case MAPPED_LONG:
        break;
    }
    return read_whole(self.machine, at, source, value);
}

/* A number in the unit that the rule says. */
static bool scaled(const struct interaction_field *field, const struct field_rule *rule, double number, int64_t *value)
{
    if (field->type == FIELD_SECONDS) {
        return ms_from_seconds(number * rule->values.factor, value);
    }
    for (size_t i = 0; field->type == FIELD_TIME && i < rule->values.times.count; i++) {
        const char *format = rule->values.times.formats[i];
        bool millis = strcmp(format, "epoch_ms") == 0;
        if (millis || strcmp(format, "epoch_s") == 0) {
            /* What ms_from_seconds is to seconds it is to ms too: the nearest of what is a thousandth. */
            return ms_from_seconds(millis ? number : number * 1000.0, value);
        }
    }
    return false;
}

/* By the rule's map. *found: what the map has, NULL when the field stays absent. */
static bool look_up(const struct field_rule *rule, struct span text, const struct map_entry **found)
{
    const struct map_entry *entry = map_find(rule->entries, rule->entry_count, text);
    *found = entry != NULL && entry->to[0] != '\0' ? entry : NULL;
    return entry != NULL || rule->otherwise_absent;
}

const uint8_t *take_mapped(struct leaf_context self, const struct step *step, const uint8_t *at)
{
    const struct interaction_field *field = &interaction_fields[step->a & 0xffff];
    const struct field_rule *rule = mapped_rule(self.plan, step->a & 0xffff);
    struct mapped_value value = {.is_number = false};
    at = read_source(self, step, at, &value);
    if (at == NULL) {
        return NULL;
    }
    struct span text = value.text;
    int64_t number = ABSENT;
    if (rule->has_map) {
        const struct map_entry *entry;
        if (!look_up(rule, text, &entry)) {
            return failed(self.machine, REASON_UNMAPPED_VALUE);
        }
        if (entry == NULL) {
            return at;
        }
        text = span_text(entry->to);
        number = entry->value;
    } else if (value.is_number && field->type != FIELD_FLAG) {
        if (!scaled(field, rule, value.number, &number)) {
            return failed(self.machine, REASON_BAD_NUMBER);
        }
    } else if (field->type != FIELD_TEXT && !value_convert(field->type, value_trim(text), &rule->values, &number)) {
        return failed(self.machine, REASON_UNMAPPED_VALUE);
    }
    if (field->type == FIELD_TEXT) {
        store(self, step, &text, sizeof text);
    } else {
        store(self, step, &number, sizeof number);
    }
    return at;
}
