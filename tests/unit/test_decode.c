/* test_decode.c - from a message's bytes to an interaction, with our own schemas. Avro-C writes the messages: what it
 * wrote must be what is read, and whatever else comes must be refused without harm (the sanitizer judges memory). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <malloc.h>
#include <math.h>

#include "avro_messages.h"
#include "decode_rows.h"
#include "seeded.h"

#define BYTES_MAX 65536

/* ---- our schemas ---- */

static void test_reader_schemas(void **state)
{
    (void)state;
    const char *source = getenv("SLIPSTREAM_SOURCE");
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        struct span text = decode_reader_schema((enum channel)channel);
        char path[4096];
        snprintf(path, sizeof path, "%s/schemas/%s_interaction.avsc", source == NULL ? "." : source,
                 channel_word((enum channel)channel));
        FILE *file = fopen(path, "rb");
        if (file == NULL) {
            fail_msg("%s: cannot be read", path);
        }
        char *bytes = malloc(text.size + 1);
        assert_int_equal(fread(bytes, 1, text.size + 1, file), text.size);
        assert_memory_equal(bytes, text.data, text.size);
        free(bytes);
        fclose(file);
    }
}

/* ---- the oracle: what Avro-C holds ---- */

/* The value at a path of a record, through unions; false: null on the way, or not there. */
static bool value_at(avro_value_t *record, const char *path, avro_value_t *found)
{
    char name[64];
    avro_value_t at = *record;
    for (const char *rest = path; *rest != '\0';) {
        size_t length = strcspn(rest, ".");
        snprintf(name, sizeof name, "%.*s", (int)length, rest);
        avro_value_t below;
        if (avro_value_get_type(&at) != AVRO_RECORD || avro_value_get_by_name(&at, name, &below, NULL) != 0) {
            return false;
        }
        if (avro_value_get_type(&below) == AVRO_UNION) {
            AVRO_OK(avro_value_get_current_branch(&below, &at));
        } else {
            at = below;
        }
        rest += length + (rest[length] == '.');
    }
    *found = at;
    return avro_value_get_type(&at) != AVRO_NULL;
}

static int64_t number_of(avro_value_t *value)
{
    int32_t i32 = 0;
    int64_t i64 = 0;
    int flag = 0;
    avro_type_t type = avro_value_get_type(value);
    if (type == AVRO_INT32) {
        AVRO_OK(avro_value_get_int(value, &i32));
        return i32;
    }
    if (type == AVRO_BOOLEAN || type == AVRO_ENUM) {
        AVRO_OK(type == AVRO_ENUM ? avro_value_get_enum(value, &flag) : avro_value_get_boolean(value, &flag));
        return flag;
    }
    AVRO_OK(avro_value_get_long(value, &i64));
    return i64;
}

static double seconds_of(avro_value_t *value)
{
    double f64 = 0;
    float f32 = 0;
    if (avro_value_get_type(value) == AVRO_DOUBLE) {
        AVRO_OK(avro_value_get_double(value, &f64));
        return f64;
    }
    if (avro_value_get_type(value) == AVRO_FLOAT) {
        AVRO_OK(avro_value_get_float(value, &f32));
        return (double)f32;
    }
    return (double)number_of(value);
}

static bool field_agrees(const struct interaction_field *field, const struct interaction *interaction,
                         avro_value_t *record)
{
    avro_value_t value;
    bool present = value_at(record, field->path, &value);
    const uint8_t *at = (const uint8_t *)interaction + field->offset;
    if (field->type == FIELD_TEXT) {
        struct span text;
        const void *bytes = NULL;
        size_t size = 0;
        memcpy(&text, at, sizeof text);
        if (present && avro_value_get_type(&value) == AVRO_BYTES) {
            AVRO_OK(avro_value_get_bytes(&value, &bytes, &size));
        } else if (present) {
            AVRO_OK(avro_value_get_string(&value, (const char **)(void *)&bytes, &size));
            size--; /* Avro-C counts the NUL */
        }
        return present ? span_equal(text, span_of(bytes, size)) : text.data == NULL;
    }
    int64_t number;
    memcpy(&number, at, sizeof number);
    if (!present) {
        return number == (strcmp(field->path, "retracts") == 0 ? 0 : ABSENT); /* the one default that is not null */
    }
    if (field->type == FIELD_SECONDS) {
        return fabs((double)number / 1000 - seconds_of(&value)) <= 0.0005001;
    }
    return number == number_of(&value);
}

static void check_agrees(const char *name, const struct interaction *interaction, avro_value_t *record)
{
    for (size_t i = 0; i < interaction_field_count; i++) {
        if (!field_agrees(&interaction_fields[i], interaction, record)) {
            char text[8192];
            fail_msg("%s: %s differs: %s", name, interaction_fields[i].path,
                     interaction_text(interaction, text, sizeof text));
        }
    }
}

/* ---- random values of any schema ---- */

static void random_text(avro_value_t *value, struct seeded *seeded)
{
    static const char *const letters[] = {"a", "7", "-", " ", "é", "ß", "東", "🌍"};
    char text[256] = "";
    size_t length = 0;
    bool ascii = seeded_one_in(seeded, 2);
    for (uint64_t i = seeded_below(seeded, 41); i > 0; i--) {
        const char *letter = letters[seeded_below(seeded, ascii ? 4 : COUNT(letters))];
        length += (size_t)snprintf(text + length, sizeof text - length, "%s", letter);
    }
    if (avro_value_get_type(value) == AVRO_BYTES) {
        AVRO_OK(avro_value_set_bytes(value, text, length));
    } else {
        AVRO_OK(avro_value_set_string(value, text));
    }
}

static void random_value(avro_value_t *value, struct seeded *seeded, unsigned depth);

static void random_inside(avro_value_t *value, struct seeded *seeded, unsigned depth)
{
    avro_schema_t schema = avro_value_get_schema(value);
    avro_value_t inner;
    size_t count = seeded_below(seeded, depth > 4 ? 1 : 4);
    char key[32];
    switch (avro_value_get_type(value)) {
    case AVRO_RECORD:
        AVRO_OK(avro_value_get_size(value, &count));
        for (size_t i = 0; i < count; i++) {
            AVRO_OK(avro_value_get_by_index(value, i, &inner, NULL));
            random_value(&inner, seeded, depth + 1);
        }
        break;
    case AVRO_ARRAY:
        for (size_t i = 0; i < count; i++) {
            AVRO_OK(avro_value_append(value, &inner, NULL));
            random_value(&inner, seeded, depth + 1);
        }
        break;
    case AVRO_MAP:
        for (size_t i = 0; i < count; i++) {
            snprintf(key, sizeof key, "key %zu", i);
            AVRO_OK(avro_value_add(value, key, &inner, NULL, NULL));
            random_value(&inner, seeded, depth + 1);
        }
        break;
    default:
        /* Deep down the first branch, which ends: our recursive types have null there. */
        AVRO_OK(avro_value_set_branch(value, depth > 6 ? 0 : (int)seeded_below(seeded, avro_schema_union_size(schema)),
                                      &inner));
        random_value(&inner, seeded, depth + 1);
    }
}

static void random_value(avro_value_t *value, struct seeded *seeded, unsigned depth)
{
    avro_schema_t schema = avro_value_get_schema(value);
    char fixed[64] = "fixed";
    switch (avro_value_get_type(value)) {
    case AVRO_NULL:
        AVRO_OK(avro_value_set_null(value));
        break;
    case AVRO_BOOLEAN:
        AVRO_OK(avro_value_set_boolean(value, seeded_one_in(seeded, 2)));
        break;
    case AVRO_INT32:
        AVRO_OK(avro_value_set_int(value, (int32_t)(uint32_t)seeded_bits(seeded) >> seeded_below(seeded, 32)));
        break;
    case AVRO_INT64:
        AVRO_OK(avro_value_set_long(value, ((int64_t)seeded_bits(seeded) | 1) >> seeded_below(seeded, 64)));
        break;
    case AVRO_FLOAT:
        AVRO_OK(avro_value_set_float(value, (float)seeded_unit(seeded) * 100));
        break;
    case AVRO_DOUBLE:
        AVRO_OK(avro_value_set_double(value, seeded_unit(seeded) * 1e6 - 1e3));
        break;
    case AVRO_STRING:
    case AVRO_BYTES:
        random_text(value, seeded);
        break;
    case AVRO_FIXED:
        AVRO_OK(avro_value_set_fixed(value, fixed, (size_t)avro_schema_fixed_size(schema)));
        break;
    case AVRO_ENUM:
        AVRO_OK(avro_value_set_enum(value,
                                    (int)seeded_below(seeded, (uint64_t)avro_schema_enum_number_of_symbols(schema))));
        break;
    default:
        random_inside(value, seeded, depth);
    }
}

/* ---- messages of one schema ---- */

struct writer {
    avro_schema_t schema;
    avro_value_iface_t *interface;
    avro_value_t value;
    struct plan *plan;
    enum channel channel;
};

static void writer_open(struct writer *self, struct span schema, enum channel channel)
{
    struct reason why = {0};
    self->schema = avro_schema_of(schema);
    self->interface = avro_generic_class_from_schema(self->schema);
    AVRO_OK(avro_generic_value_new(self->interface, &self->value));
    self->channel = channel;
    if (plan_open(schema, channel, &self->plan, &why) != DONE) {
        fail_msg("%s: %s\n%.*s", reason_word(why.code), why.text, SPAN_FORMAT(schema));
    }
}

static void writer_close(struct writer *self)
{
    avro_value_decref(&self->value);
    avro_value_iface_decref(self->interface);
    avro_schema_decref(self->schema);
    plan_close(self->plan);
}

/* Writes random messages, reads them, and compares. */
static void check_random(struct writer *self, const char *name, struct seeded *seeded, unsigned count)
{
    static uint8_t bytes[BYTES_MAX];
    for (unsigned i = 0; i < count; i++) {
        avro_value_reset(&self->value);
        random_value(&self->value, seeded, 0);
        size_t size = avro_encode(&self->value, bytes, sizeof bytes);
        struct interaction interaction;
        struct reason why = {0};
        if (plan_run(self->plan, span_of(bytes, size), &interaction, &why) != DONE) {
            fail_msg("%s, message %u: %s: %s", name, i, reason_word(why.code), why.text);
        }
        assert_int_equal(interaction.channel, self->channel);
        check_agrees(name, &interaction, &self->value);
    }
}

static void test_random_messages(void **state)
{
    (void)state;
    struct seeded seeded = {20261122};
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        struct writer writer;
        writer_open(&writer, decode_reader_schema((enum channel)channel), (enum channel)channel);
        check_random(&writer, channel_word((enum channel)channel), &seeded, 2000);
        writer_close(&writer);
    }
}

/* ---- evolved schemas ---- */

static bool is_required(const json_t *field)
{
    return json_object_get(field, "default") == NULL;
}

/* What an agency may have made of an optional field: the same; null last; never null; an int where a number is meant.
 */
static json_t *evolved_type(const json_t *type, struct seeded *seeded)
{
    json_t *value = json_array_get(type, 1);
    const char *word = json_string_value(value);
    if (word != NULL && strcmp(word, "double") == 0 && seeded_one_in(seeded, 2)) {
        static const char *const numbers[] = {"int", "float"};
        return json_pack("[s, s]", numbers[seeded_below(seeded, 2)], "null");
    }
    if (word != NULL && strcmp(word, "string") == 0 && seeded_one_in(seeded, 2)) {
        return json_pack("[s, s, s]", "bytes", "null", "string");
    }
    switch (seeded_below(seeded, 3)) {
    case 0:
        return json_pack("[O, s]", value, "null");
    case 1:
        return json_incref(value);
    default:
        return json_deep_copy(type);
    }
}

/* A field that is the agency's own. */
static json_t *own_field(unsigned number, struct seeded *seeded)
{
    static const char *const types[] = {
        "'null'",
        "'boolean'",
        "'int'",
        "'long'",
        "'float'",
        "'double'",
        "'bytes'",
        "'string'",
        "{'type':'fixed','name':'f%u','size':5}",
        "{'type':'enum','name':'e%u','symbols':['A','B','C']}",
        "{'type':'array','items':['null','string',{'type':'map','values':'double'}]}",
        "{'type':'map','values':{'type':'array','items':'int'}}",
        "{'type':'record','name':'t%u','fields':[{'name':'a','type':'int'},{'name':'below','type':['null','t%u']}]}",
        "{'type':'record','name':'w%u','fields':[{'name':'a','type':{'type':'array','items':['null','w%u']}}]}",
        "['null','int',{'type':'record','name':'s%u','fields':[{'name':'a','type':'string'}]},'boolean']",
    };
    char quoted[512];
    char type[256];
    snprintf(type, sizeof type, "%s", types[seeded_below(seeded, COUNT(types))]);
    for (char *at; (at = strstr(type, "%u")) != NULL;) { /* a number of two digits for the two characters */
        at[0] = (char)('0' + number / 10);
        at[1] = (char)('0' + number % 10);
    }
    snprintf(quoted, sizeof quoted, "{'name':'own_%u','type':%s}", number, type);
    char *text = json_of(quoted);
    json_t *field = json_loads(text, 0, NULL);
    assert_non_null(field);
    free(text);
    return field;
}

/* Our schema as another team might have it: fields left out, in another order, of other types, and some of its own. */
static char *evolved_schema(enum channel channel, struct seeded *seeded)
{
    struct span text = decode_reader_schema(channel);
    json_t *schema = json_loadb((const char *)text.data, text.size, 0, NULL);
    json_t *fields = json_array();
    json_t *field;
    size_t i;
    unsigned own = 10;
    json_object_set_new(schema, "namespace", json_string("com.example"));
    json_array_foreach(json_object_get(schema, "fields"), i, field)
    {
        if (!is_required(field) && seeded_one_in(seeded, 4)) {
            continue;
        }
        if (json_is_array(json_object_get(field, "type"))) {
            json_object_set_new(field, "type", evolved_type(json_object_get(field, "type"), seeded));
        }
        json_array_insert(fields, seeded_below(seeded, json_array_size(fields) + 1), field);
        if (seeded_one_in(seeded, 4)) {
            json_array_insert_new(fields, seeded_below(seeded, json_array_size(fields) + 1), own_field(own++, seeded));
        }
    }
    json_object_set_new(schema, "fields", fields);
    char *evolved = json_dumps(schema, 0);
    json_decref(schema);
    return evolved;
}

static void test_evolved_schemas(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 160; seed++) {
        struct seeded seeded = {seed};
        char name[32];
        struct writer writer;
        enum channel channel = (enum channel)(seed % CHANNELS);
        char *schema = evolved_schema(channel, &seeded);
        snprintf(name, sizeof name, "seed %u", seed);
        writer_open(&writer, span_text(schema), channel);
        check_random(&writer, name, &seeded, 10);
        writer_close(&writer);
        free(schema);
    }
}

/* ---- what agencies do to a schema, one thing at a time ---- */

static const struct {
    const char *name;
    const char *field;    /* the field that is changed */
    const char *type;     /* its new type; NULL: it is left out */
    const char *new_name; /* NULL: its own */
    const char *refused;  /* at compile time; NULL: it is readable */
} changes[] = {
    {"nothing", "agency", "'string'", NULL, NULL},
    {"an optional field left out", "region", NULL, NULL, NULL},
    {"the survey left out", "survey", NULL, NULL, NULL},
    {"a field with a default left out", "retracts", NULL, NULL, NULL},
    {"the event's id left out", "event_id", NULL, NULL, "incompatible_schema: event_id: the writer lacks it"},
    {"the agency left out", "agency", NULL, NULL, "incompatible_schema: agency: the writer lacks it"},
    {"the kind left out", "kind", NULL, NULL, "incompatible_schema: kind: the writer lacks it"},
    {"the time left out", "occurred_at", NULL, NULL, "incompatible_schema: occurred_at: the writer lacks it"},
    {"a required field renamed", "agency", "'string'", "office", "incompatible_schema: agency: the writer lacks it"},
    {"a required field that may be null", "agency", "['null','string']", NULL, NULL},
    {"a time as a text", "occurred_at", "'string'", NULL,
     "incompatible_schema: occurred_at: the writer's string cannot be read as our long"},
    {"a time in millis", "occurred_at", LOGICAL("long", "timestamp-millis"), NULL, NULL},
    {"seconds as an int", "wait_seconds", "'int'", NULL, NULL},
    {"a count as an int", "transfers", "'int'", NULL, NULL},
    {"a count as a long", "transfers", "'long'", NULL, NULL},
    {"a count as a double", "transfers", "'double'", NULL, "incompatible_schema: transfers: the writer's double"},
    {"a survey without questions", "survey", RECORD("survey_answers", ""), NULL, NULL},
    {"a survey of another name", "survey", RECORD("poll", ""), NULL,
     "incompatible_schema: survey: the writer's record poll"},
    {"no schema at all", "agency", "'strin'", NULL, "bad_schema: $.fields[2].type: unknown type strin"},
};

static char *changed_schema(size_t change)
{
    struct span text = decode_reader_schema(CHANNEL_PHONE);
    json_t *schema = json_loadb((const char *)text.data, text.size, 0, NULL);
    json_t *fields = json_object_get(schema, "fields");
    json_object_del(schema, "namespace");
    for (size_t i = 0; i < json_array_size(fields); i++) {
        json_t *field = json_array_get(fields, i);
        if (strcmp(json_string_value(json_object_get(field, "name")), changes[change].field) != 0) {
            continue;
        }
        if (changes[change].type == NULL) {
            json_array_remove(fields, i);
            break;
        }
        char *type = json_of(changes[change].type);
        json_object_set_new(field, "type", json_loads(type, JSON_DECODE_ANY, NULL));
        free(type);
        if (changes[change].new_name != NULL) {
            json_object_set_new(field, "name", json_string(changes[change].new_name));
        }
    }
    char *changed = json_dumps(schema, 0);
    json_decref(schema);
    return changed;
}

static void test_changed_schemas(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct plan *plan = NULL;
        struct reason why = {0};
        char *schema = changed_schema(i);
        enum outcome outcome = plan_open(span_text(schema), CHANNEL_PHONE, &plan, &why);
        bool good = changes[i].refused == NULL ? outcome == DONE : refusal_is(changes[i].refused, outcome, &why);
        if (!good || (outcome != DONE) != (plan == NULL)) {
            fail_msg("%s: outcome %d, %s: %s", changes[i].name, outcome, reason_word(why.code), why.text);
        }
        plan_close(plan);
        free(schema);
    }
    plan_close(NULL);
}

/* ---- hostile bytes ---- */

static size_t good_message(struct writer *writer, uint8_t *bytes, size_t capacity)
{
    struct seeded seeded = {7};
    avro_value_reset(&writer->value);
    random_value(&writer->value, &seeded, 0);
    return avro_encode(&writer->value, bytes, capacity);
}

/* The bytes are copied to where their end is the end of what may be read. */
static enum outcome run_exact(const struct plan *plan, const uint8_t *bytes, size_t size, struct reason *why)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    struct interaction interaction;
    memcpy(copy, bytes, size);
    enum outcome outcome = plan_run(plan, span_of(copy, size), &interaction, why);
    free(copy);
    return outcome;
}

static void test_cut_everywhere(void **state)
{
    (void)state;
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        struct writer writer;
        uint8_t bytes[BYTES_MAX];
        struct reason why = {0};
        writer_open(&writer, decode_reader_schema((enum channel)channel), (enum channel)channel);
        size_t size = good_message(&writer, bytes, sizeof bytes);
        assert_int_equal(run_exact(writer.plan, bytes, size, &why), DONE);
        for (size_t cut = 0; cut < size; cut++) {
            enum outcome outcome = run_exact(writer.plan, bytes, cut, &why);
            if (outcome != SKIP || why.code != REASON_TRUNCATED) {
                fail_msg("%s cut at %zu of %zu: outcome %d, %s: %s", channel_word((enum channel)channel), cut, size,
                         outcome, reason_word(why.code), why.text);
            }
        }
        bytes[size] = 0;
        assert_int_equal(run_exact(writer.plan, bytes, size + 1, &why), SKIP);
        assert_int_equal(why.code, REASON_TRAILING_BYTES);
        writer_close(&writer);
    }
}

/* Damage is refused with a reason of the input's, or it is still a message. */
static void test_damaged(void **state)
{
    (void)state;
    struct seeded seeded = {42};
    unsigned refused = 0;
    for (unsigned round = 0; round < 40; round++) {
        struct writer writer;
        uint8_t bytes[2 * BYTES_MAX];
        uint8_t good[BYTES_MAX];
        enum channel channel = (enum channel)(round % CHANNELS);
        char *schema = evolved_schema(channel, &seeded);
        writer_open(&writer, span_text(schema), channel);
        size_t good_size = good_message(&writer, good, sizeof good);
        for (unsigned i = 0; i < 250; i++) {
            struct reason why = {0};
            memcpy(bytes, good, good_size);
            size_t size = seeded_damage(&seeded, bytes, good_size, sizeof bytes);
            enum outcome outcome = run_exact(writer.plan, bytes, size, &why);
            assert_true(outcome == DONE || (outcome == SKIP && why.code >= REASON_INCOMPATIBLE_SCHEMA &&
                                            why.code <= REASON_TOO_DEEP && why.text[0] != '\0'));
            refused += outcome == SKIP;
        }
        writer_close(&writer);
        free(schema);
    }
    assert_true(refused > 3000);
}

/* The body is `before`, the bytes of a row, and what comes after them in a good message does not matter. */
#define IDS "02 65 02 69 02 61 02 73 " /* event_id e, interaction_id i, agency a, service s */
static const struct {
    const char *name;
    const char *body;
    const char *refused;
} hostile[] = {
    {"no bytes", "", "truncated: event_id"},
    {"a text of 8 GiB", "80 80 80 80 40", "bad_length: event_id"},
    {"a text below nothing", "01", "bad_length: event_id"},
    {"a length of eleven bytes", "80 80 80 80 80 80 80 80 80 80 01", "bad_varint: event_id"},
    {"a text that is no UTF-8", "04 c3 28", "bad_utf8: event_id"},
    {"half a surrogate pair", "06 ed a0 80", "bad_utf8: event_id"},
    {"a slash in two bytes", "04 c0 af", "bad_utf8: event_id"},
    {"a NUL in a text", "06 61 00 62", "bad_utf8: event_id"},
    {"a NUL in a longer text", "14 61 62 63 64 65 66 67 68 69 00", "bad_utf8: event_id"},
    {"a NUL at its beginning", "14 00 62 63 64 65 66 67 68 69 6a", "bad_utf8: event_id"},
    {"a kind that there is not", IDS "06", "bad_enum: kind"},
    {"a kind below nothing", IDS "01", "bad_enum: kind"},
    {"a time that is absent's number", IDS "00 ff ff ff ff ff ff ff ff ff 01", "bad_number: occurred_at"},
    {"a branch that there is not", IDS "00 02 04", "bad_branch: started_at"},
    {"a boolean 0x7f", IDS "00 02 00 7f", "bad_boolean: retracts"},
    {"a region that is no text", IDS "00 02 00 00 02 02 ff", "bad_utf8: region"},
    {"a duration that is no number", IDS "00 02 00 00 00 00 00 00 02 00 00 00 00 00 00 f8 ff",
     "bad_number: resolution_seconds"},
    {"a duration that is infinite", IDS "00 02 00 00 00 00 00 00 02 00 00 00 00 00 00 f0 7f",
     "bad_number: resolution_seconds"},
    {"an answer of eleven bytes",
     IDS "00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 02 02 80 80 80 80 80 80 80 80 80 80 01",
     "bad_varint: survey.office_answers"},
};

static void test_hostile(void **state)
{
    (void)state;
    struct plan *plan = NULL;
    struct reason why = {0};
    assert_int_equal(plan_open(decode_reader_schema(CHANNEL_PHONE), CHANNEL_PHONE, &plan, &why), DONE);
    for (size_t i = 0; i < COUNT(hostile); i++) {
        uint8_t bytes[256];
        size_t size = bytes_of(hostile[i].body, bytes, sizeof bytes);
        enum outcome outcome = run_exact(plan, bytes, size, &why);
        if (!refusal_is(hostile[i].refused, outcome, &why)) {
            fail_msg("%s: outcome %d, %s: %s", hostile[i].name, outcome, reason_word(why.code), why.text);
        }
    }
    plan_close(plan);
}

/* Ids are checked by what they mean, later: any length is read. */
static void test_long_text(void **state)
{
    (void)state;
    struct writer writer;
    uint8_t bytes[BYTES_MAX];
    char text[1001];
    memset(text, 'x', 1000);
    text[1000] = '\0';
    writer_open(&writer, decode_reader_schema(CHANNEL_CHAT), CHANNEL_CHAT);
    (void)good_message(&writer, bytes, sizeof bytes);
    avro_value_t agency;
    assert_true(value_at(&writer.value, "agency", &agency));
    AVRO_OK(avro_value_set_string(&agency, text));
    size_t size = avro_encode(&writer.value, bytes, sizeof bytes);
    struct interaction interaction;
    struct reason why = {0};
    assert_int_equal(plan_run(writer.plan, span_of(bytes, size), &interaction, &why), DONE);
    assert_true(span_equal(interaction.agency, span_text(text)));
    assert_true(interaction.agency.data > bytes && interaction.agency.data < bytes + size); /* borrowed */
    writer_close(&writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reader_schemas),
        cmocka_unit_test(test_random_messages), cmocka_unit_test(test_evolved_schemas),
        cmocka_unit_test(test_changed_schemas), cmocka_unit_test(test_cut_everywhere),
        cmocka_unit_test(test_damaged),         cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_long_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
