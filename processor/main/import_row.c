/* import_row.c - a row's values, by the mapping's rules. */
#include "import_row.h"

#include <stdarg.h>
#include <stdio.h>

enum outcome reject(struct rejection *rejection, const char *word, struct span value, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(rejection->text, sizeof rejection->text, format, arguments);
    va_end(arguments);
    rejection->word = word;
    rejection->value = value;
    return SKIP;
}

static const struct span nothing = {NULL, 0};

/* ---- one rule ---- */

struct row_reader {
    const struct mapping *mapping;
    const struct span *values;
    struct rejection *rejection;
};

/* The first of the rule's columns that is not empty. */
static struct span first_value(const struct row_reader *self, const struct rule *rule)
{
    for (size_t i = 0; i < rule->column_count; i++) {
        struct span value = value_trim(self->values[rule->columns[i]]);
        if (value.size > 0) {
            return value;
        }
    }
    return nothing;
}

static enum outcome fill_template(const struct row_reader *self, const struct rule *rule, const char *field,
                                  char text[ID_SIZE_MAX + 1], struct span *result)
{
    size_t size = 0;
    ASSERT(text);
    for (size_t i = 0; i < rule->part_count; i++) {
        const struct template_part *part = &rule->parts[i];
        struct span piece = part->is_column ? value_trim(self->values[part->column]) : part->text;
        if (piece.size == 0) {
            return reject(self->rejection, "missing_field", nothing, "%s: the column %.60s is empty", field,
                          self->mapping->columns[part->column].name);
        }
        if (size + piece.size > ID_SIZE_MAX) {
            return reject(self->rejection, "too_long", nothing, "%s: over %d bytes", field, ID_SIZE_MAX);
        }
        memcpy(text + size, piece.data, piece.size);
        size += piece.size;
    }
    *result = span_of(text, size);
    return DONE;
}

static enum outcome apply_map(const struct row_reader *self, const struct rule *rule, const char *field,
                              const char *word, struct span *value)
{
    const char *to = rule_mapped(rule, *value);
    if (to) {
        *value = span_text(to);
    } else if (rule->otherwise_absent) {
        *value = nothing;
    } else {
        return reject(self->rejection, word, *value, "%s: the map has no such value", field);
    }
    return DONE;
}

/* A rule's text, mapped; size 0: absent. word: what a value that the map does not have is counted under. */
static enum outcome rule_text(const struct row_reader *self, const struct rule *rule, const char *field,
                              const char *word, char text[ID_SIZE_MAX + 1], struct span *result)
{
    struct span value = nothing;
    switch (rule->source) {
    case RULE_CONSTANT:
        value = span_text(rule->constant);
        break;
    case RULE_TEMPLATE:
        TRY(fill_template(self, rule, field, text, &value));
        break;
    case RULE_COLUMNS:
        value = first_value(self, rule);
        if (value.size > 0 && rule->has_map) {
            TRY(apply_map(self, rule, field, word, &value));
        }
        break;
    case RULE_BETWEEN:
    case RULE_NONE:
        break;
    }
    *result = value;
    return DONE;
}

/* From one column's time to another's; absent when either is empty. */
static enum outcome between(const struct row_reader *self, const struct rule *rule, const char *field, int64_t *ms)
{
    int64_t times[2];
    for (size_t i = 0; i < 2; i++) {
        struct span value = value_trim(self->values[rule->columns[i]]);
        if (value.size == 0) {
            return DONE;
        }
        if (!value_time(value, &rule->values.times, &times[i])) {
            return reject(self->rejection, "bad_time", value, "%s: the column %.60s is not %s", field,
                          self->mapping->columns[rule->columns[i]].name, value_expected(FIELD_TIME));
        }
    }
    if (times[1] < times[0]) {
        return reject(self->rejection, reason_word(REASON_ENDS_BEFORE_START), nothing,
                      "%s: the column %.60s is before %.60s", field, self->mapping->columns[rule->columns[1]].name,
                      self->mapping->columns[rule->columns[0]].name);
    }
    *ms = (times[1] - times[0]) / US_PER_MS;
    return DONE;
}

static enum outcome read_number(const struct row_reader *self, const struct rule *rule,
                                const struct interaction_field *field, int64_t *number)
{
    struct span value;
    if (rule->source == RULE_BETWEEN) {
        return between(self, rule, field->path, number);
    }
    TRY(rule_text(self, rule, field->path, "bad_value", NULL, &value));
    if (value.size == 0 || value_convert(field->type, value, &rule->values, number)) {
        return DONE;
    }
    if (field->type == FIELD_FLAG && rule->otherwise_absent) {
        return DONE;
    }
    return reject(self->rejection, value_refusal(field->type), value, "%s: not %s", field->path,
                  value_expected(field->type));
}

static enum outcome read_text(const struct row_reader *self, const struct rule *rule,
                              const struct interaction_field *field, char text[ID_SIZE_MAX + 1], struct span *result)
{
    struct span value;
    TRY(rule_text(self, rule, field->path, "bad_value", text, &value));
    if (!span_is_text(value)) {
        return reject(self->rejection, reason_word(REASON_BAD_UTF8), nothing, "%s: not UTF-8", field->path);
    }
    *result = value;
    return DONE;
}

/* ---- the row ---- */

static bool has_rule(const struct mapping *mapping, size_t offset)
{
    for (size_t i = 0; i < interaction_field_count; i++) {
        if (interaction_fields[i].offset == offset) {
            return mapping->rules[i].source != RULE_NONE;
        }
    }
    return false;
}

static enum outcome read_fields(const struct row_reader *self, struct row_texts *texts, struct interaction *interaction)
{
    size_t text = 0;
    for (size_t i = 0; i < interaction_field_count; i++) {
        const struct rule *rule = &self->mapping->rules[i];
        const struct interaction_field *field = &interaction_fields[i];
        uint8_t *member = (uint8_t *)interaction + field->offset;
        if (rule->source == RULE_NONE) {
            continue;
        }
        if (field->type == FIELD_TEXT) {
            struct span span = nothing;
            ASSERT(text < ROW_TEXTS);
            TRY(read_text(self, rule, field, texts->texts[text++], &span));
            memcpy(member, &span, sizeof span);
        } else {
            int64_t number = ABSENT;
            TRY(read_number(self, rule, field, &number));
            if (number != ABSENT) {
                memcpy(member, &number, sizeof number);
            }
        }
    }
    return DONE;
}

static enum outcome read_channel(const struct row_reader *self, enum channel *channel)
{
    struct span value;
    TRY(rule_text(self, &self->mapping->channel, "channel", "unknown_channel", NULL, &value));
    if (value.size == 0) {
        return reject(self->rejection, reason_word(REASON_MISSING_FIELD), nothing, "channel is empty");
    }
    return channel_from_word(value, channel)
               ? DONE
               : reject(self->rejection, "unknown_channel", value, "channel: not web, phone, office or chat");
}

static enum outcome check_order(const struct row_reader *self, const struct interaction *interaction)
{
    if (interaction->started_at != ABSENT && interaction->occurred_at != ABSENT &&
        interaction->started_at > interaction->occurred_at) {
        return reject(self->rejection, reason_word(REASON_ENDS_BEFORE_START), nothing,
                      "occurred_at is before started_at");
    }
    return DONE;
}

enum outcome row_read(const struct mapping *mapping, const struct span *values, struct row_texts *texts,
                      struct interaction *interaction, struct rejection *rejection)
{
    struct row_reader self = {mapping, values, rejection};
    struct interaction read;
    interaction_init(&read, CHANNEL_WEB);
    read.kind = EVENT_INTERACTION; /* unless said */
    TRY(read_fields(&self, texts, &read));
    TRY(check_order(&self, &read));
    TRY(read_channel(&self, &read.channel));
    if (!has_rule(mapping, offsetof(struct interaction, interaction_id))) {
        read.interaction_id = read.event_id;
    }
    *interaction = read;
    return DONE;
}

enum outcome row_check(const struct interaction *interaction, const struct time_bounds *bounds, struct event_time now,
                       struct rejection *rejection)
{
    struct reason why;
    if (interaction_check(interaction, bounds, now, &why) == DONE) {
        return DONE;
    }
    return reject(rejection, reason_word(why.code), nothing, "%.180s", why.text);
}

struct time_bounds row_bounds(void)
{
    const struct pane_shape *longest = &pane_shapes[PANE_SIX_HOURS];
    return (struct time_bounds){5 * US_PER_MINUTE, longest->kept * longest->length_us};
}

struct time_bounds row_bounds_none(void)
{
    return (struct time_bounds){INT64_MAX / 2, INT64_MAX / 2};
}

/* ---- rebase ---- */

static int64_t rebased(const struct rebase *rebase, int64_t us)
{
    if (us >= rebase->last_us) {
        return rebase->to_last_us;
    }
    if (us <= rebase->first_us) {
        return rebase->to_first_us;
    }
    __int128 into = us - rebase->first_us;
    int64_t moved = (int64_t)(into * (rebase->to_last_us - rebase->to_first_us) / (rebase->last_us - rebase->first_us));
    return rebase->to_first_us + moved;
}

void row_rebase(const struct rebase *rebase, struct interaction *interaction)
{
    int64_t occurred_at = rebased(rebase, interaction->occurred_at);
    if (interaction->started_at != ABSENT) {
        interaction->started_at += occurred_at - interaction->occurred_at;
    }
    interaction->occurred_at = occurred_at;
}
