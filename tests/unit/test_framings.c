/* test_framings.c - the first stage and how messages name their schema: each framing by its setting, and `auto`.
 *
 * The oracle is what was framed: an event that counts, under its agency, or a dead letter with its reason. */
#include "heard.h"
#include "slipstream/decode.h"
#include "slipstream/decode/schema_text.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define INTERVAL    (250 * US_PER_MS)
#define TOPIC       "interactions.phone"
#define WRITER_ID   (SAMPLE_SCHEMA + CHANNEL_PHONE)
#define HEADER      "__value_schema_id"

/* A writer's schema with five bytes before everything, and agency and service the other way round: its messages can be
 * made to look like framed ones. */
#define TRAP_ID 900u
static const char trap[] =
    "{\"type\":\"record\",\"name\":\"phone_interaction\",\"namespace\":\"slipstream\",\"fields\":["
    "{\"name\":\"pad\",\"type\":{\"type\":\"fixed\",\"name\":\"pad\",\"size\":5}},"
    "{\"name\":\"event_id\",\"type\":\"string\"},{\"name\":\"interaction_id\",\"type\":\"string\"},"
    "{\"name\":\"service\",\"type\":\"string\"},{\"name\":\"agency\",\"type\":\"string\"},"
    "{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":\"event_kind\",\"symbols\":[\"interaction\",\"survey\","
    "\"reopening\"]}},{\"name\":\"occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},"
    "{\"name\":\"retracts\",\"type\":\"boolean\"},{\"name\":\"resolved\",\"type\":[\"null\",\"boolean\"]},"
    "{\"name\":\"y\",\"type\":[\"null\",{\"type\":\"fixed\",\"name\":\"three\",\"size\":3}]}]}";

struct setup {
    struct world world;
    struct intake_run *intake;
    unsigned sent;
};

static struct setup *set_up(const char *framing, const char *schema)
{
    char framed[64];
    char named[64];
    snprintf(framed, sizeof framed, "framing.phone=%s", framing);
    snprintf(named, sizeof named, "schemas.phone=%s", schema ? schema : "");
    const char *const overrides[] = {"signals.partitions=2", "schemas.folder=schemas", framed, named, NULL};
    struct setup *self = calloc(1, sizeof *self);
    assert_non_null(self);
    world_open(&self->world, 7, 1, overrides);
    registry_tells(TRAP_ID, trap);
    self->intake = intake_start(&self->world, "a");
    intake_assign_all(self->intake);
    return self;
}

static void tear_down(struct setup *self)
{
    intake_stop(self->intake);
    world_close(&self->world);
    free(self);
}

/* What stands before the Avro bytes, or in the header. */
enum place { NOWHERE, ID, GUID, PRINT };

/* Bytes of a place: id or GUID of a number; fingerprint of phone_interaction.avsc, changed by the number. */
static size_t place_bytes(enum place place, uint32_t number, uint8_t bytes[17])
{
    uint64_t print = 0;
    struct reason why;
    assert_int_equal(schema_fingerprint(decode_reader_schema(CHANNEL_PHONE), &print, &why), DONE);
    print += number;
    memset(bytes, 0, 17);
    switch (place) {
    case NOWHERE:
        return 0;
    case PRINT:
        bytes[0] = 0xc3;
        bytes[1] = 1;
        for (unsigned i = 0; i < 8; i++) {
            bytes[2 + i] = (uint8_t)(print >> 8 * i);
        }
        return 10;
    default:
        bytes[0] = place == GUID;
        size_t size = place == GUID ? 17 : 5;
        for (unsigned i = 0; i < 4; i++) {
            bytes[size - 1 - i] = (uint8_t)(number >> 8 * i);
        }
        return size;
    }
}

/* The Avro bytes of a sample under its own schema, without any framing. */
static size_t body_of(struct setup *self, uint8_t bytes[512])
{
    struct sample sample = {
        .agency = "tax", .service = "returns", .channel = CHANNEL_PHONE, .at_us = WORLD_BASE, .good = 1};
    snprintf(sample.id, sizeof sample.id, "e-%u", self->sent);
    sample_encode(&sample, &self->world.message);
    assert_true(self->world.message.size - 5 <= 512);
    memcpy(bytes, self->world.message.data + 5, self->world.message.size - 5);
    return self->world.message.size - 5;
}

struct said {
    enum place before;
    uint32_t before_id;
    enum place header;
    uint32_t header_id;
    bool is_long; /* three bytes more than a sample has */
};

static void say(struct setup *self, const struct said *said)
{
    uint8_t header[17];
    uint8_t value[17 + 512 + 3];
    size_t size = place_bytes(said->before, said->before_id, value);
    size_t header_size = place_bytes(said->header, said->header_id, header);
    size += body_of(self, value + size);
    if (said->is_long) {
        static const uint8_t more[] = {2, 9, 9, 9};
        memcpy(value + size - 1, more, sizeof more);
        size += 3;
    }
    const struct message_header headers[] = {{"trace", span_text("t")}, {HEADER, span_of(header, header_size)}};
    const struct message message = {
        .value = span_of(value, size), .headers = headers, .header_count = said->header == NOWHERE ? 1 : 2};
    fake_kafka_write(self->world.kafka, TOPIC, 0, &message);
    self->sent++;
    intake_turns(self->intake, 2, INTERVAL);
}

struct ending {
    struct letter letter;
    size_t letters;
};

static void read_letter(void *context, int32_t partition, int64_t offset, const struct fake_record *record)
{
    struct ending *self = context;
    (void)partition;
    (void)offset;
    if (self->letters++) {
        letter_done(&self->letter);
    }
    self->letter = letter_read(record->value);
}

static void expect(struct setup *self, const char *name, size_t events, const char *agency, size_t letters,
                   const char *reason, const char *detail)
{
    struct heard heard = hear(&self->world);
    struct ending ending = {0};
    each_record(&self->world, "cx.deadletter", read_letter, &ending);
    if (heard.count != events || ending.letters != letters) {
        fail_msg("%s: %zu events, %zu letters, the last: %s", name, heard.count, ending.letters, ending.letter.detail);
    }
    struct sample last = {.agency = agency};
    snprintf(last.id, sizeof last.id, "e-%u", self->sent - 1);
    if (agency && heard_times(&heard, &last) != 1) {
        fail_msg("%s: the last event is not one of %s", name, agency);
    }
    if (reason && (strcmp(ending.letter.reason, reason) != 0 || !strstr(ending.letter.detail, detail))) {
        fail_msg("%s: %s, %s", name, ending.letter.reason, ending.letter.detail);
    }
    if (ending.letters) {
        letter_done(&ending.letter);
    }
    free(heard.events);
}

static const struct {
    const char *name;
    const char *framing;
    const char *schema; /* of raw messages */
    struct said said;
    const char *reason; /* NULL: it counts */
    const char *detail;
} rows[] = {
    {"an id", "confluent", NULL, {ID, WRITER_ID, NOWHERE, 0, false}, NULL, NULL},
    {"an id, whatever the header", "confluent", NULL, {ID, WRITER_ID, ID, 7, false}, NULL, NULL},
    {"a GUID where ids are", "confluent", NULL, {GUID, WRITER_ID, NOWHERE, 0, false}, "bad_magic", "begin with 0"},
    {"a GUID", "guid", NULL, {GUID, WRITER_ID, NOWHERE, 0, false}, NULL, NULL},
    {"an unknown GUID",
     "guid",
     NULL,
     {GUID, 5, NOWHERE, 0, false},
     "unknown_schema",
     "00000000-0000-0000-0000-000000000005"},
    {"an id where GUIDs are", "guid", NULL, {ID, WRITER_ID, NOWHERE, 0, false}, "bad_magic", "begin with 1"},
    {"an id in the header", "header", NULL, {NOWHERE, 0, ID, WRITER_ID, false}, NULL, NULL},
    {"a GUID in the header", "header", NULL, {NOWHERE, 0, GUID, WRITER_ID, false}, NULL, NULL},
    {"no header", "header", NULL, {ID, WRITER_ID, NOWHERE, 0, false}, "bad_magic", "no header " HEADER},
    {"a header that is none", "header", NULL, {NOWHERE, 0, PRINT, 0, false}, "bad_magic", "byte C3"},
    {"an unknown id in the header", "header", NULL, {NOWHERE, 0, ID, 5, false}, "unknown_schema", "schema 5 "},
    {"an unknown fingerprint", "single_object", NULL, {PRINT, 1, NOWHERE, 0, false}, "unknown_schema", "fingerprint"},
    {"a fingerprint of ours", "single_object", NULL, {PRINT, 0, NOWHERE, 0, false}, "bad_boolean", ""},
    {"an id for a fingerprint", "single_object", NULL, {ID, WRITER_ID, NOWHERE, 0, false}, "bad_magic", "C3 01"},
    {"raw, by an id", "raw", "102", {NOWHERE, 0, NOWHERE, 0, false}, NULL, NULL},
    {"raw, by an unknown id", "raw", "5", {NOWHERE, 0, NOWHERE, 0, false}, "unknown_schema", "schema 5 "},
    {"raw, by our own schema", "raw", NULL, {NOWHERE, 0, NOWHERE, 0, false}, "bad_boolean", ""},
    {"raw, by a file", "raw", "phone_interaction.avsc", {NOWHERE, 0, NOWHERE, 0, false}, "bad_boolean", ""},
    {"raw, by another's file", "raw", "alert.avsc", {NOWHERE, 0, NOWHERE, 0, false}, "incompatible_schema", ""},
    {"auto: an id", "auto", NULL, {ID, WRITER_ID, NOWHERE, 0, false}, NULL, NULL},
    {"auto: a GUID", "auto", NULL, {GUID, WRITER_ID, NOWHERE, 0, false}, NULL, NULL},
    {"auto: the header, with an id", "auto", NULL, {NOWHERE, 0, ID, WRITER_ID, false}, NULL, NULL},
    {"auto: the header, with a GUID", "auto", NULL, {NOWHERE, 0, GUID, WRITER_ID, false}, NULL, NULL},
    {"auto: the header before the first bytes",
     "auto",
     NULL,
     {ID, WRITER_ID, ID, 5, false},
     "unknown_schema",
     "schema 5 "},
    {"auto: an unknown fingerprint", "auto", NULL, {PRINT, 1, NOWHERE, 0, false}, "unknown_schema", "fingerprint"},
    {"auto: a fingerprint of ours", "auto", NULL, {PRINT, 0, NOWHERE, 0, false}, "bad_boolean", ""},
    {"auto: nothing that says it", "auto", NULL, {NOWHERE, 0, NOWHERE, 0, false}, "bad_magic", "as no framing does"},
};

static void a_message_is_read_as_its_topic_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct setup *self = set_up(rows[i].framing, rows[i].schema);
        for (size_t times = 1; times <= 2; times++) { /* the second time by what is remembered */
            say(self, &rows[i].said);
            expect(self, rows[i].name, rows[i].reason ? 0 : times, rows[i].reason ? NULL : "tax",
                   rows[i].reason ? times : 0, rows[i].reason, rows[i].detail);
        }
        tear_down(self);
    }
}

/* Avro bytes that look like a framed message: the pad is an id, the rest a whole message under it. */
static const struct said looks_framed = {ID, WRITER_ID, ID, TRAP_ID, false};
static const struct said framed = {ID, WRITER_ID, NOWHERE, 0, false};
static const struct said other_framed = {GUID, WRITER_ID, NOWHERE, 0, false};
static const struct said by_header = {NOWHERE, 0, ID, WRITER_ID, false};

static void auto_is_not_taken_in(void **state)
{
    (void)state;
    struct setup *self = set_up("auto", NULL);
    say(self, &looks_framed);
    expect(self, "as the first message", 1, "returns", 0, NULL, NULL);
    say(self, &framed);
    expect(self, "framed messages go on", 2, "tax", 0, NULL, NULL);
    say(self, &framed);
    say(self, &looks_framed);
    expect(self, "after framed ones, where the header has been seen", 4, "returns", 0, NULL, NULL);
    tear_down(self);

    self = set_up("auto", NULL);
    say(self, &framed);
    say(self, &other_framed);
    say(self, &looks_framed);
    expect(self, "after another id", 3, "returns", 0, NULL, NULL);
    tear_down(self);
}

/* The pad is the id of the messages before it, but the rest is nothing under it: the header is looked for after all. */
static void auto_looks_again_before_it_gives_up(void **state)
{
    (void)state;
    static const struct said trapped = {ID, WRITER_ID, ID, TRAP_ID, true};
    static const struct said broken = {ID, WRITER_ID, NOWHERE, 0, true};
    struct setup *self = set_up("auto", NULL);
    say(self, &framed);
    say(self, &trapped);
    expect(self, "by the header", 2, "returns", 0, NULL, NULL);
    tear_down(self);

    self = set_up("auto", NULL);
    say(self, &framed);
    say(self, &broken);
    expect(self, "without one", 1, NULL, 1, "bad_branch", "");
    say(self, &by_header);
    expect(self, "the next is good", 2, "tax", 1, NULL, NULL);
    tear_down(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_read_as_its_topic_says),
        cmocka_unit_test(auto_is_not_taken_in),
        cmocka_unit_test(auto_looks_again_before_it_gives_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
