/* interaction_writer.c - our own schemas as lists of steps, and interactions as Avro. */
#include "interaction_writer.h"

#include "slipstream/decode.h"
#include "slipstream/pipeline.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define STEPS_MAX 64 /* our largest schema has 35 fields */
#define PATH_SIZE 64

enum write_op {
    WRITE_NOTHING, /* a field that struct interaction does not have: null */
    WRITE_TEXT,    /* string */
    WRITE_BOOLEAN,
    WRITE_LONG,    /* long, timestamp-micros */
    WRITE_SECONDS, /* double, from ms */
    WRITE_ENUM,
    WRITE_RECORD, /* the next `inside` steps */
};

struct write_step {
    enum write_op op;
    uint32_t inside;
    const struct interaction_field *field; /* NULL: WRITE_NOTHING, WRITE_RECORD */
    bool optional;                         /* a union of null and this */
    int64_t null_branch, value_branch;
    int64_t initial; /* the schema's default for a boolean or a number; ABSENT: none */
    int64_t symbols; /* WRITE_ENUM */
};

struct write_list {
    struct write_step steps[STEPS_MAX];
    size_t count;
};

struct interaction_writer {
    uint32_t schema_ids[CHANNELS];
    struct write_list lists[CHANNELS];
};

/* ---- schema → steps ---- */

static enum outcome compile_record(struct write_list *list, const json_t *record, const char *path, struct reason *why);

static const struct interaction_field *field_of(const char *path)
{
    for (size_t i = 0; i < interaction_field_count; i++) {
        if (strcmp(interaction_fields[i].path, path) == 0) {
            return &interaction_fields[i];
        }
    }
    return NULL;
}

/* "null", "string", … or "" */
static const char *type_name(const json_t *type)
{
    const char *name = json_string_value(json_is_object(type) ? json_object_get(type, "type") : type);
    return name ? name : "";
}

/* A union is of null and one type, in either order. */
static bool take_union(struct write_step *step, const json_t **type)
{
    if (!json_is_array(*type)) {
        return true;
    }
    bool null_first = strcmp(type_name(json_array_get(*type, 0)), "null") == 0;
    bool null_second = strcmp(type_name(json_array_get(*type, 1)), "null") == 0;
    if (json_array_size(*type) != 2 || null_first == null_second) {
        return false;
    }
    step->optional = true;
    step->null_branch = null_first ? 0 : 1;
    step->value_branch = null_first ? 1 : 0;
    *type = json_array_get(*type, (size_t)step->value_branch);
    return true;
}

static bool op_of(const json_t *type, const struct interaction_field *field, struct write_step *step)
{
    static const struct {
        enum field_type field;
        enum write_op op;
        const char *name, *logical;
        int64_t symbols;
    } pairs[] = {
        {FIELD_TEXT, WRITE_TEXT, "string", "", 0},
        {FIELD_TIME, WRITE_LONG, "long", "timestamp-micros", 0},
        {FIELD_FLAG, WRITE_BOOLEAN, "boolean", "", 0},
        {FIELD_NUMBER, WRITE_LONG, "long", "", 0},
        {FIELD_SECONDS, WRITE_SECONDS, "double", "", 0},
        {FIELD_KIND, WRITE_ENUM, "enum", "", EVENT_KINDS},
        {FIELD_CONTACT, WRITE_ENUM, "enum", "", CONTACT_OUTCOMES},
    };
    const char *logical = json_string_value(json_object_get(type, "logicalType"));
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (pairs[i].field == field->type && strcmp(pairs[i].name, type_name(type)) == 0 &&
            strcmp(pairs[i].logical, logical ? logical : "") == 0) {
            step->op = pairs[i].op;
            step->symbols = pairs[i].symbols;
            return step->op != WRITE_ENUM || json_array_size(json_object_get(type, "symbols")) == (size_t)step->symbols;
        }
    }
    return false;
}

static int64_t initial_of(const json_t *value)
{
    if (json_is_boolean(value)) {
        return json_is_true(value);
    }
    return json_is_integer(value) ? json_integer_value(value) : ABSENT;
}

static enum outcome compile_field(struct write_list *list, const json_t *json, const char *path, struct reason *why)
{
    const json_t *type = json_object_get(json, "type");
    if (list->count == STEPS_MAX) {
        return FAIL(why, STOP, REASON_FULL, "the schema has more than %d fields", STEPS_MAX);
    }
    struct write_step *step = &list->steps[list->count++];
    *step = (struct write_step){.field = field_of(path), .initial = initial_of(json_object_get(json, "default"))};
    if (!take_union(step, &type)) {
        return FAIL(why, STOP, REASON_BAD_SCHEMA, "%s: a union that is not of null and one type", path);
    }
    if (strcmp(type_name(type), "record") == 0) {
        size_t first = list->count;
        step->op = WRITE_RECORD;
        TRY(compile_record(list, type, path, why));
        step->inside = (uint32_t)(list->count - first);
        return DONE;
    }
    if (!step->field) {
        step->op = WRITE_NOTHING;
        return step->optional ? DONE
                              : FAIL(why, STOP, REASON_BAD_SCHEMA, "%s: not a field we know, nor optional", path);
    }
    return op_of(type, step->field, step) ? DONE : FAIL(why, STOP, REASON_BAD_SCHEMA, "%s: its type differs", path);
}

/* path: of the record, "" for the outermost. */
static enum outcome compile_record(struct write_list *list, const json_t *record, const char *path, struct reason *why)
{
    size_t i;
    json_t *field;
    json_array_foreach(json_object_get(record, "fields"), i, field)
    {
        char below[PATH_SIZE];
        const char *name = json_string_value(json_object_get(field, "name"));
        snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", name ? name : "?");
        TRY(compile_field(list, field, below, why));
    }
    return DONE;
}

static enum outcome compile_schema(struct write_list *list, enum channel channel, struct reason *why)
{
    json_error_t error;
    struct span text = decode_reader_schema(channel);
    json_t *schema = json_loadb((const char *)text.data, text.size, 0, &error);
    if (!schema) {
        return FAIL(why, STOP, REASON_BAD_SCHEMA, "%s: %s", channel_word(channel), error.text);
    }
    enum outcome compiled = compile_record(list, schema, "", why);
    json_decref(schema);
    return compiled;
}

enum outcome interaction_writer_open(const uint32_t schema_ids[CHANNELS], struct interaction_writer **writer,
                                     struct reason *why)
{
    struct interaction_writer *self = calloc(1, sizeof *self);
    ASSERT(self);
    memcpy(self->schema_ids, schema_ids, sizeof self->schema_ids);
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        enum outcome compiled = compile_schema(&self->lists[channel], (enum channel)channel, why);
        if (compiled != DONE) {
            interaction_writer_close(self);
            return compiled;
        }
    }
    *writer = self;
    return DONE;
}

void interaction_writer_close(struct interaction_writer *self)
{
    free(self);
}

/* ---- interaction → bytes ---- */

static struct span text_in(const struct interaction *interaction, const struct interaction_field *field)
{
    struct span text;
    memcpy(&text, (const uint8_t *)interaction + field->offset, sizeof text);
    return text;
}

static int64_t number_in(const struct interaction *interaction, const struct interaction_field *field)
{
    int64_t number;
    memcpy(&number, (const uint8_t *)interaction + field->offset, sizeof number);
    return number;
}

static bool is_absent(const struct write_step *step, const struct interaction *interaction)
{
    switch (step->op) {
    case WRITE_NOTHING:
        return true;
    case WRITE_TEXT:
        return text_in(interaction, step->field).data == NULL;
    case WRITE_RECORD:
        for (uint32_t i = 1; i <= step->inside; i++) {
            if (step[i].op != WRITE_RECORD && !is_absent(&step[i], interaction)) {
                return false;
            }
        }
        return true;
    default:
        return number_in(interaction, step->field) == ABSENT;
    }
}

static enum outcome write_number(const struct write_step *step, int64_t number, struct buffer *out, struct reason *why)
{
    bool fits = true;
    switch (step->op) {
    case WRITE_BOOLEAN:
        fits = number == 0 || number == 1;
        buffer_u8(out, (uint8_t)number);
        break;
    case WRITE_ENUM:
        fits = number >= 0 && number < step->symbols;
        buffer_zigzag(out, number);
        break;
    case WRITE_SECONDS:
        buffer_double(out, (double)number / 1000.0);
        break;
    default:
        buffer_zigzag(out, number);
    }
    return fits ? DONE : FAIL(why, SKIP, REASON_BAD_NUMBER, "%s does not fit its type", step->field->path);
}

static enum outcome write_value(const struct write_step *step, const struct interaction *interaction,
                                struct buffer *out, struct reason *why)
{
    if (step->op == WRITE_RECORD) {
        return DONE; /* its fields are the steps that follow */
    }
    if (step->op == WRITE_TEXT) {
        struct span text = text_in(interaction, step->field);
        if (!text.data) {
            return FAIL(why, SKIP, REASON_MISSING_FIELD, "%s is absent", step->field->path);
        }
        if (!span_is_text(text)) {
            return FAIL(why, SKIP, REASON_BAD_UTF8, "%s is not UTF-8", step->field->path);
        }
        buffer_span(out, text);
        return DONE;
    }
    int64_t number = number_in(interaction, step->field);
    number = number == ABSENT ? step->initial : number;
    if (number == ABSENT) {
        return FAIL(why, SKIP, REASON_MISSING_FIELD, "%s is absent", step->field->path);
    }
    return write_number(step, number, out, why);
}

static enum outcome write_steps(const struct write_list *list, const struct interaction *interaction,
                                struct buffer *out, struct reason *why)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct write_step *step = &list->steps[i];
        if (step->optional && is_absent(step, interaction)) {
            buffer_zigzag(out, step->null_branch);
            i += step->inside;
            continue;
        }
        if (step->optional) {
            buffer_zigzag(out, step->value_branch);
        }
        TRY(write_value(step, interaction, out, why));
    }
    return DONE;
}

static void write_frame(uint32_t schema_id, struct buffer *out)
{
    const uint8_t head[] = {0, (uint8_t)(schema_id >> 24), (uint8_t)(schema_id >> 16), (uint8_t)(schema_id >> 8),
                            (uint8_t)schema_id};
    buffer_bytes(out, head, sizeof head);
}

enum outcome interaction_writer_put(const struct interaction_writer *self, const struct interaction *interaction,
                                    struct buffer *out, struct reason *why)
{
    ASSERT(interaction->channel < CHANNELS);
    buffer_clear(out);
    write_frame(self->schema_ids[interaction->channel], out);
    TRY(write_steps(&self->lists[interaction->channel], interaction, out, why));
    return out->overflow ? FAIL(why, SKIP, REASON_TOO_LARGE, "the message is over %zu bytes", out->ceiling) : DONE;
}

/* ---- topics and ids ---- */

void writer_topics(const struct config *config, const char *topics[CHANNELS])
{
    topics[CHANNEL_WEB] = config->topic_web;
    topics[CHANNEL_PHONE] = config->topic_phone;
    topics[CHANNEL_OFFICE] = config->topic_office;
    topics[CHANNEL_CHAT] = config->topic_chat;
}

static enum outcome publish_schemas(struct registry *registry, const struct config *config,
                                    uint32_t schema_ids[CHANNELS], struct reason *why)
{
    const char *topics[CHANNELS];
    writer_topics(config, topics);
    for (unsigned i = 0; i < CHANNELS; i++) {
        char subject[300];
        char file[64];
        snprintf(subject, sizeof subject, "%s-value", topics[i]);
        snprintf(file, sizeof file, "%s_interaction.avsc", channel_word((enum channel)i));
        TRY(registry_publish(registry, subject, file, decode_reader_schema((enum channel)i), &schema_ids[i], why));
    }
    return DONE;
}

enum outcome writer_schema_ids(const struct config *config, uint32_t schema_ids[CHANNELS], struct reason *why)
{
    struct registry_settings settings = connect_registry(config);
    uint32_t found[CHANNELS];
    struct registry *registry = NULL;
    TRY(registry_open(&settings, &registry, why));
    enum outcome published = publish_schemas(registry, config, found, why);
    registry_close(registry);
    if (published == DONE) {
        memcpy(schema_ids, found, sizeof found);
    }
    return published;
}
