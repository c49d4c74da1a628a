/* test_interaction_writer.c - what the writer wrote is what decode reads, and what Avro-C reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <avro.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>

#include "interaction_writer.h"
#include "seeded.h"
#include "slipstream/decode.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SEED        UINT64_C(0x51175)
#define ROUNDS      2000

static const uint32_t schema_ids[CHANNELS] = {1, 0x01020304, 0xFFFFFFFF, 77};

static struct interaction_writer *writer_open(void)
{
    struct interaction_writer *writer = NULL;
    struct reason why = {0};
    if (interaction_writer_open(schema_ids, &writer, &why) != DONE) {
        fail_msg("%s", why.text);
    }
    return writer;
}

/* The fields of a channel's schema, found with jansson and not by the writer. */
static bool schema_has(enum channel channel, const char *path)
{
    struct span text = decode_reader_schema(channel);
    json_t *schema = json_loadb((const char *)text.data, text.size, 0, NULL);
    size_t i;
    json_t *field;
    bool found = strncmp(path, "survey.", 7) == 0;
    json_array_foreach(json_object_get(schema, "fields"), i, field)
    {
        found = found || strcmp(json_string_value(json_object_get(field, "name")), path) == 0;
    }
    json_decref(schema);
    return found;
}

static bool fields_of[CHANNELS][64]; /* whether the schema has interaction_fields[i] */

static int find_fields(void **state)
{
    (void)state;
    assert_true(interaction_field_count <= 64);
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        for (size_t i = 0; i < interaction_field_count; i++) {
            fields_of[channel][i] = schema_has((enum channel)channel, interaction_fields[i].path);
        }
    }
    return 0;
}

static int64_t random_number(struct seeded *seeded, enum field_type type)
{
    switch (type) {
    case FIELD_TIME:
        return seeded_between(seeded, -US_PER_DAY, INT64_C(5000000000) * US_PER_SECOND);
    case FIELD_FLAG:
        return seeded_between(seeded, 0, 1);
    case FIELD_NUMBER:
        if (seeded_one_in(seeded, 10)) {
            return seeded_one_in(seeded, 2) ? INT32_MIN : INT32_MAX;
        }
        return seeded_between(seeded, -1, 5);
    case FIELD_SECONDS:
        return (int64_t)seeded_sized(seeded, 40) - 1000;
    case FIELD_KIND:
        return seeded_between(seeded, 0, EVENT_KINDS - 1);
    default:
        return seeded_between(seeded, 0, CONTACT_OUTCOMES - 1);
    }
}

static struct span random_text(struct seeded *seeded, char text[ID_SIZE_MAX])
{
    size_t size = 1 + (size_t)seeded_below(seeded, ID_SIZE_MAX);
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)seeded_between(seeded, 1, 127);
    }
    if (size >= 4 && seeded_one_in(seeded, 4)) {
        static const char wave[4] = {'\xF0', '\x9F', '\x8C', '\x8A'};
        memcpy(text + size - sizeof wave, wave, sizeof wave);
    }
    return span_of(text, size);
}

/* Only what the channel's schema has, and nothing required absent. */
static void random_interaction(struct seeded *seeded, struct interaction *interaction, char texts[4][ID_SIZE_MAX])
{
    enum channel channel = (enum channel)seeded_below(seeded, CHANNELS);
    uint64_t sparseness = 1 + seeded_below(seeded, 8);
    size_t text = 0;
    interaction_init(interaction, channel);
    for (size_t i = 0; i < interaction_field_count; i++) {
        const struct interaction_field *field = &interaction_fields[i];
        uint8_t *member = (uint8_t *)interaction + field->offset;
        if (field->type == FIELD_TEXT) {
            struct span span = random_text(seeded, texts[text++]);
            memcpy(member, &span, sizeof span);
        } else if (fields_of[channel][i] && seeded_one_in(seeded, sparseness)) {
            int64_t number = random_number(seeded, field->type);
            memcpy(member, &number, sizeof number);
        }
    }
    interaction->kind = random_number(seeded, FIELD_KIND);
    interaction->occurred_at = random_number(seeded, FIELD_TIME);
}

static void assert_same(const struct interaction *got, const struct interaction *wanted)
{
    assert_int_equal(got->channel, wanted->channel);
    for (size_t i = 0; i < interaction_field_count; i++) {
        const struct interaction_field *field = &interaction_fields[i];
        const uint8_t *a = (const uint8_t *)got + field->offset;
        const uint8_t *b = (const uint8_t *)wanted + field->offset;
        struct span left, right;
        if (field->type == FIELD_TEXT) {
            memcpy(&left, a, sizeof left);
            memcpy(&right, b, sizeof right);
        } else {
            left = span_of(a, sizeof(int64_t));
            right = span_of(b, sizeof(int64_t));
        }
        if (!span_equal(left, right)) {
            fail_msg("%s differs (%s)", field->path, channel_word(wanted->channel));
        }
    }
}

static void reads_back(void **state)
{
    (void)state;
    struct interaction_writer *writer = writer_open();
    struct plan *plans[CHANNELS];
    struct seeded seeded = {SEED};
    struct reason why = {0};
    struct buffer out;
    buffer_init(&out, INTERACTION_MESSAGE_MAX);
    for (unsigned i = 0; i < CHANNELS; i++) {
        assert_int_equal(plan_open(decode_reader_schema((enum channel)i), (enum channel)i, &plans[i], &why), DONE);
    }
    for (int round = 0; round < ROUNDS; round++) {
        struct interaction wanted, got;
        char texts[4][ID_SIZE_MAX];
        struct frame frame;
        random_interaction(&seeded, &wanted, texts);
        if (interaction_writer_put(writer, &wanted, &out, &why) != DONE) {
            fail_msg("round %d: %s", round, why.text);
        }
        assert_int_equal(frame_read(buffer_as_span(&out), FRAMING_CONFLUENT, &frame, &why), DONE);
        assert_int_equal(frame.schema.low, schema_ids[wanted.channel]);
        if (plan_run(plans[wanted.channel], frame.body, &got, &why) != DONE) {
            fail_msg("round %d: %s", round, why.text);
        }
        wanted.retracts = wanted.retracts == ABSENT ? 0 : wanted.retracts; /* the schema's default */
        assert_same(&got, &wanted);
    }
    for (unsigned i = 0; i < CHANNELS; i++) {
        plan_close(plans[i]);
    }
    buffer_done(&out);
    interaction_writer_close(writer);
}

static void fill_ids(struct interaction *interaction, enum channel channel)
{
    interaction_init(interaction, channel);
    interaction->event_id = span_text("e");
    interaction->interaction_id = span_text("i");
    interaction->agency = span_text("a");
    interaction->service = span_text("s");
    interaction->kind = EVENT_SURVEY;
    interaction->occurred_at = 3;
}

/* The whole message as Avro's JSON, by Avro-C's own reader. */
static void avro_c_reads_it(void **state)
{
    (void)state;
    struct interaction_writer *writer = writer_open();
    struct reason why = {0};
    struct interaction interaction;
    struct buffer out;
    buffer_init(&out, INTERACTION_MESSAGE_MAX);
    fill_ids(&interaction, CHANNEL_CHAT);
    interaction.outcome = CONTACT_ABANDONED;
    interaction.wait = 1250;
    interaction.transfers = 2;
    interaction.rating_trust = 5;
    interaction.completed = 1; /* chat has no such field */
    assert_int_equal(interaction_writer_put(writer, &interaction, &out, &why), DONE);
    struct span text = decode_reader_schema(CHANNEL_CHAT);
    avro_schema_t schema;
    assert_int_equal(avro_schema_from_json_length((const char *)text.data, text.size, &schema), 0);
    avro_value_iface_t *interface = avro_generic_class_from_schema(schema);
    avro_value_t value;
    avro_generic_value_new(interface, &value);
    avro_reader_t reader = avro_reader_memory((const char *)out.data + 5, (int64_t)out.size - 5);
    assert_int_equal(avro_value_read(reader, &value), 0);
    char *json;
    assert_int_equal(avro_value_to_json(&value, 1, &json), 0);
    static const char *const parts[] = {
        "\"event_id\": \"e\"",      "\"kind\": \"survey\"",
        "\"occurred_at\": 3",       "\"retracts\": false",
        "\"started_at\": null",     "\"wait_seconds\": {\"double\": 1.25}",
        "\"region\": null",         "\"outcome\": {\"contact_outcome\": \"abandoned\"}",
        "\"resolved\": null",       "\"transfers\": {\"long\": 2}",
        "\"trust\": {\"long\": 5}",
    };
    for (size_t i = 0; i < COUNT(parts); i++) {
        if (!strstr(json, parts[i])) {
            fail_msg("no %s in %s", parts[i], json);
        }
    }
    free(json);
    avro_reader_free(reader);
    avro_value_decref(&value);
    avro_value_iface_decref(interface);
    avro_schema_decref(schema);
    buffer_done(&out);
    interaction_writer_close(writer);
}

static void spoil_event_id(struct interaction *interaction)
{
    interaction->event_id = span_of(NULL, 0);
}
static void spoil_utf8(struct interaction *interaction)
{
    interaction->agency = span_text("\xFF");
}
static void spoil_time(struct interaction *interaction)
{
    interaction->occurred_at = ABSENT;
}
static void spoil_kind(struct interaction *interaction)
{
    interaction->kind = EVENT_KINDS;
}
static void spoil_flag(struct interaction *interaction)
{
    interaction->reopened = 2;
}
static void spoil_size(struct interaction *interaction)
{
    static char text[INTERACTION_MESSAGE_MAX];
    memset(text, 'x', sizeof text);
    interaction->service = span_of(text, sizeof text);
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*spoil)(struct interaction *interaction);
        enum reason_code code;
    } rows[] = {
        {"no event_id", spoil_event_id, REASON_MISSING_FIELD},
        {"an agency that is not UTF-8", spoil_utf8, REASON_BAD_UTF8},
        {"no time", spoil_time, REASON_MISSING_FIELD},
        {"a kind beyond the enum", spoil_kind, REASON_BAD_NUMBER},
        {"a flag of 2", spoil_flag, REASON_BAD_NUMBER},
        {"a message beyond the buffer", spoil_size, REASON_TOO_LARGE},
    };
    struct interaction_writer *writer = writer_open();
    struct buffer out;
    buffer_init(&out, INTERACTION_MESSAGE_MAX);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct interaction interaction;
        struct reason why = {0};
        fill_ids(&interaction, CHANNEL_WEB);
        rows[i].spoil(&interaction);
        enum outcome outcome = interaction_writer_put(writer, &interaction, &out, &why);
        if (outcome != SKIP || why.code != rows[i].code) {
            fail_msg("%s: outcome %d, %s", rows[i].name, outcome, why.text);
        }
    }
    struct interaction interaction;
    struct reason why;
    fill_ids(&interaction, CHANNEL_WEB); /* and goes on afterwards */
    assert_int_equal(interaction_writer_put(writer, &interaction, &out, &why), DONE);
    buffer_done(&out);
    interaction_writer_close(writer);
}

/* The ids that schemas.ids names, without any registry. */
static void ids_from_the_folder(void **state)
{
    (void)state;
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/schemas", getenv("SLIPSTREAM_SOURCE"));
    struct config config = {
        .topic_web = "w",
        .topic_phone = "p",
        .topic_office = "o",
        .topic_chat = "c",
        .schemas_folder = folder,
        .schemas_ids =
            "4=web_interaction.avsc,5=phone_interaction.avsc,6=office_interaction.avsc,7=chat_interaction.avsc",
        .registry_timeout = US_PER_SECOND,
    };
    uint32_t ids[CHANNELS] = {0};
    struct reason why = {0};
    if (writer_schema_ids(&config, ids, &why) != DONE) {
        fail_msg("%s", why.text);
    }
    for (uint32_t i = 0; i < CHANNELS; i++) {
        assert_int_equal(ids[i], 4 + i);
    }
    config.schemas_ids = "4=web_interaction.avsc";
    assert_int_equal(writer_schema_ids(&config, ids, &why), STOP);
    assert_int_equal(why.code, REASON_BAD_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back),
        cmocka_unit_test(avro_c_reads_it),
        cmocka_unit_test(refuses),
        cmocka_unit_test(ids_from_the_folder),
    };
    return cmocka_run_group_tests(tests, find_fields, NULL);
}
