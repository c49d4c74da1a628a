/* test_intake_input.c - the first stage and what it is given: times against the clock, bytes that cannot be read,
 * schemas that cannot be had, silence.
 *
 * Oracles: what was written; dead letters are read by Avro-C, messages under schemas/ are written by it. */
#include "heard.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define INTERVAL    (250 * US_PER_MS)
#define NINE_WEEKS  (63 * US_PER_DAY)

static const char *const overrides[] = {"signals.partitions=2", NULL};

struct setup {
    struct world world;
    struct intake_run *intake;
};

static struct setup *set_up(void)
{
    struct setup *self = calloc(1, sizeof *self);
    assert_non_null(self);
    world_open(&self->world, 7, 2, overrides);
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

static struct sample sample_of(const char *id, enum channel channel, int64_t at_us)
{
    struct sample sample = {.agency = "tax", .service = "returns", .channel = channel, .at_us = at_us, .good = 1};
    snprintf(sample.id, sizeof sample.id, "%s", id);
    return sample;
}

static size_t heard_count(struct setup *self)
{
    struct heard heard = hear(&self->world);
    free(heard.events);
    return heard.count;
}

/* The only dead letter there is. */
struct noted_record {
    const struct fake_record *record;
};
static void find_record(void *context, int32_t partition, int64_t offset, const struct fake_record *record)
{
    (void)partition;
    (void)offset;
    ((struct noted_record *)context)->record = record;
}

static struct letter only_letter(struct setup *self)
{
    struct noted_record finding = {0};
    assert_int_equal(record_count(&self->world, "cx.deadletter"), 1);
    each_record(&self->world, "cx.deadletter", find_record, &finding);
    return letter_read(finding.record->value);
}

/* ---- time ---- */

/* When an event happened, against the clock that reads it. */
static const struct {
    const char *name;
    int64_t after_us;
    const char *reason; /* NULL: it is taken */
} times[] = {
    {"now", 0, NULL},
    {"five minutes ahead", 5 * US_PER_MINUTE, NULL},
    {"and a microsecond", 5 * US_PER_MINUTE + 1, "in_future"},
    {"next year", 365 * US_PER_DAY, "in_future"},
    {"yesterday", -US_PER_DAY, NULL},
    {"nine weeks ago", -NINE_WEEKS, NULL},
    {"and a microsecond", -NINE_WEEKS - 1, "too_late"},
    {"1969", -WORLD_BASE - US_PER_DAY, "too_late"},
};

static void times_are_held_against_the_clock(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(times); row++) {
        struct setup *self = set_up();
        virtual_clock_pass(&self->world.clock, US_PER_HOUR);
        int64_t now = self->world.clock.wall_us;
        struct sample sample = sample_of("e", CHANNEL_OFFICE, now + times[row].after_us);
        world_say(&self->world, &sample, 0);
        intake_turns(self->intake, 1, 0);
        assert_int_equal(heard_count(self), times[row].reason == NULL);
        if (times[row].reason) {
            struct letter letter = only_letter(self);
            assert_string_equal(letter.reason, times[row].reason);
            letter_done(&letter);
        }
        tear_down(self);
    }
}

/* The same message is early at first, and in time when the clock has gone on: the moment of reading decides. */
static void the_clock_is_read_every_turn(void **state)
{
    (void)state;
    struct setup *self = set_up();
    struct sample sample = sample_of("e", CHANNEL_WEB, WORLD_BASE + 10 * US_PER_MINUTE);
    world_say(&self->world, &sample, 0);
    intake_turns(self->intake, 2, INTERVAL);
    assert_int_equal(heard_count(self), 0);
    world_say(&self->world, &sample, 0);
    intake_turns(self->intake, 1, 6 * US_PER_MINUTE);
    assert_int_equal(heard_count(self), 1);
    tear_down(self);
}

/* ---- dead letters ---- */

#define UNKNOWN_ID "\x00\x00\x0f\x42\x3f" /* 999,999 */
static const struct {
    const char *name;
    const char *key;
    size_t key_size;
    const char *value; /* NULL: a tombstone */
    size_t size;
    const char *reason;
    int64_t schema_id;
} bad[] = {
    {"nothing", "key", 3, "", 0, "short_frame", ABSENT},
    {"a tombstone", "key", 3, NULL, 0, "short_frame", ABSENT},
    {"four bytes", NULL, 0, "\0\0\0\0", 4, "short_frame", ABSENT},
    {"text", "k\0y", 3, "hello, world", 12, "bad_magic", ABSENT},
    {"an unknown schema", "", 0, UNKNOWN_ID "abc", 8, "unknown_schema", 999999},
    {"a cut message", "key", 3,
     "\0\0\0\0\x65\x06"
     "a",
     7, "truncated", 101},
    {"a schema of another channel's", "key", 3, "\0\0\0\0\x07xyz", 8, "unknown_schema", 7},
};

static void dead_letters_carry_the_original(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(bad); row++) {
        struct setup *self = set_up();
        const struct message_header headers[] = {{"trace", span_text("\x01\x02")}, {"none", span_of(NULL, 0)}};
        const struct message message = {
            .key = span_of(bad[row].key, bad[row].key_size),
            .value = span_of(bad[row].value, bad[row].size),
            .headers = headers,
            .header_count = row % 3,
        };
        struct sample sample = sample_of("before", CHANNEL_WEB, WORLD_BASE);
        world_say(&self->world, &sample, 1);
        int64_t offset = fake_kafka_write(self->world.kafka, "interactions.web", 1, &message);
        intake_turns(self->intake, 3, INTERVAL);
        struct letter letter = only_letter(self);
        assert_string_equal(letter.topic, "interactions.web");
        assert_int_equal(letter.partition, 1);
        assert_int_equal(letter.offset, offset);
        assert_int_equal(letter.timestamp_ms, WORLD_BASE / 1000);
        if (strcmp(letter.reason, bad[row].reason) != 0) {
            fail_msg("%s: %s (%s)", bad[row].name, letter.reason, letter.detail);
        }
        assert_true(letter.detail[0] != '\0');
        assert_string_equal(letter.version, SLIPSTREAM_VERSION);
        assert_int_equal(letter.schema_id, bad[row].schema_id);
        assert_true(span_equal(letter.key, message.key) && !letter.key.data == !message.key.data);
        assert_true(span_equal(letter.value, message.value) && !letter.value.data == !message.value.data);
        assert_true(letter.is_whole);
        assert_int_equal(letter.header_count, row % 3);
        for (size_t i = 0; i < letter.header_count; i++) {
            assert_string_equal(letter.headers[i].name, headers[i].name);
            assert_true(span_equal(letter.headers[i].value, headers[i].value));
        }
        letter_done(&letter);
        assert_int_equal(heard_count(self), 1);
        tear_down(self);
    }
}

/* Larger than what the client library sends: one that is refused would hold back everything behind it. */
static void a_large_message_becomes_a_letter_that_can_be_sent(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{3, 1048576}, {1048576, 3}, {600000, 600000}, {0, 921600}, {0, 921601}};
    uint8_t *bytes = malloc(1048576);
    assert_non_null(bytes);
    memset(bytes, 'x', 1048576);
    for (size_t row = 0; row < COUNT(sizes); row++) {
        struct setup *self = set_up();
        struct noted_record finding = {0};
        world_write(&self->world, "interactions.phone", 0, span_of(bytes, sizes[row][0]),
                    span_of(bytes, sizes[row][1]));
        intake_turns(self->intake, 2, INTERVAL);
        each_record(&self->world, "cx.deadletter", find_record, &finding);
        assert_true(finding.record->value.size < 1000000 - 1024);
        struct letter letter = letter_read(finding.record->value);
        bool is_whole = letter.key.size == sizes[row][0] && letter.value.size == sizes[row][1];
        assert_int_equal(is_whole, sizes[row][0] + sizes[row][1] <= 921600);
        assert_int_equal(letter.is_whole, is_whole);
        assert_int_equal(!is_whole, strstr(letter.detail, "too large to be kept whole") != NULL);
        assert_int_equal(letter.key.size + letter.value.size, is_whole ? sizes[row][0] + sizes[row][1] : 921600);
        letter_done(&letter);
        tear_down(self);
    }
    free(bytes);
}

/* ---- schemas ---- */

/* A message under a schema of the registry's, written by Avro-C with everything absent that may be. */
static size_t registered(enum channel channel, int64_t at_us, uint8_t bytes[512])
{
    static const uint8_t frame[] = {0, 0, 0, 0};
    char path[4096];
    static char text[1 << 16];
    snprintf(path, sizeof path, "%s/schemas/%s_interaction.avsc", getenv("SLIPSTREAM_SOURCE"), channel_word(channel));
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text, file);
    assert_int_equal(fclose(file), 0);
    json_error_t error;
    json_t *schema = json_loadb(text, size, 0, &error);
    assert_non_null(schema);
    json_t *value = json_object();
    size_t i;
    json_t *field;
    json_array_foreach(json_object_get(schema, "fields"), i, field)
    {
        json_object_set_new(value, json_string_value(json_object_get(field, "name")), json_null());
    }
    json_object_set_new(value, "event_id", json_sprintf("registered-%s", channel_word(channel)));
    json_object_set_new(value, "interaction_id", json_string("i"));
    json_object_set_new(value, "agency", json_string("parks"));
    json_object_set_new(value, "service", json_string("permits"));
    json_object_set_new(value, "kind", json_string("interaction"));
    json_object_set_new(value, "occurred_at", json_integer(at_us));
    json_object_set_new(value, "retracts", json_false());
    char *json = json_dumps(value, 0);
    memcpy(bytes, frame, sizeof frame);
    bytes[4] = (uint8_t)(1 + channel);
    size_t used = 5 + avro_encode_json(span_of(text, size), json, bytes + 5, 512 - 5);
    free(json);
    json_decref(value);
    json_decref(schema);
    return used;
}

static void every_channels_own_schema_is_read(void **state)
{
    (void)state;
    struct setup *self = set_up();
    for (unsigned c = 0; c < CHANNELS; c++) {
        uint8_t bytes[512];
        size_t size = registered((enum channel)c, WORLD_BASE - 5, bytes);
        world_write(&self->world, self->world.topics[c], 0, span_of(NULL, 0), span_of(bytes, size));
    }
    intake_turns(self->intake, 4, INTERVAL);
    assert_int_equal(record_count(&self->world, "cx.deadletter"), 0);
    struct heard heard = hear(&self->world);
    assert_int_equal(heard.count, CHANNELS);
    unsigned channels = 0;
    for (size_t i = 0; i < heard.count; i++) {
        channels |= 1u << heard.events[i].event.channel;
        assert_int_equal(heard.events[i].event.at_us, WORLD_BASE - 5);
        assert_string_equal(heard.events[i].service, "permits");
    }
    assert_int_equal(channels, (1u << CHANNELS) - 1);
    free(heard.events);
    tear_down(self);
}

/* The registry is away: what needs a schema not seen yet waits with its partition, all else goes on, nothing is lost.
 */
static void an_unknown_schema_holds_only_its_partition(void **state)
{
    (void)state;
    struct setup *self = set_up();
    struct sample known = sample_of("first", CHANNEL_WEB, WORLD_BASE);
    uint8_t bytes[512];
    world_say(&self->world, &known, 0);
    intake_turns(self->intake, 2, INTERVAL);
    registry_down(true);
    size_t size = registered(CHANNEL_WEB, WORLD_BASE, bytes);
    for (unsigned i = 0; i < 10; i++) {
        snprintf(known.id, sizeof known.id, "behind-%u", i);
        world_say(&self->world, &known, 1);
        if (i == 4) {
            world_write(&self->world, "interactions.web", 1, span_of(NULL, 0), span_of(bytes, size));
        }
        snprintf(known.id, sizeof known.id, "beside-%u", i);
        world_say(&self->world, &known, 0);
    }
    intake_turns(self->intake, 80, INTERVAL); /* twenty seconds: it has asked again in between */
    assert_int_equal(heard_count(self), 11);
    assert_false(self->intake->status->stages[STATUS_INTAKE].up[DEPENDENCY_REGISTRY]);
    registry_down(false);
    intake_turns(self->intake, 80, INTERVAL);
    assert_int_equal(heard_count(self), 22);
    assert_int_equal(record_count(&self->world, "cx.deadletter"), 0);
    assert_true(self->intake->status->stages[STATUS_INTAKE].up[DEPENDENCY_REGISTRY]);
    assert_int_equal(self->intake->status->stages[STATUS_INTAKE].read[CHANNEL_WEB], 22);
    tear_down(self);
}

/* A held partition goes to somebody else, who can read it, and comes back. */
static void a_held_partition_may_be_moved(void **state)
{
    (void)state;
    struct setup *self = set_up();
    struct intake_run *other = intake_start(&self->world, "b");
    uint8_t bytes[512];
    registry_down(true);
    size_t size = registered(CHANNEL_PHONE, WORLD_BASE, bytes);
    for (unsigned i = 0; i < 6; i++) {
        world_write(&self->world, "interactions.phone", 1, span_of(NULL, 0), span_of(bytes, size));
    }
    intake_turns(self->intake, 8, INTERVAL);
    assert_int_equal(heard_count(self), 0);
    fake_source_revoke(self->intake->source, CHANNEL_PHONE, 1);
    intake_turns(self->intake, 1, INTERVAL);
    registry_down(false);
    fake_source_assign(other->source, CHANNEL_PHONE, 1);
    intake_turns(other, 4, INTERVAL);
    assert_int_equal(heard_count(self), 6);
    intake_turns(self->intake, 1, US_PER_MINUTE);
    fake_source_revoke(other->source, CHANNEL_PHONE, 1);
    intake_turns(other, 1, INTERVAL);
    fake_source_assign(self->intake->source, CHANNEL_PHONE, 1);
    intake_turns(self->intake, 4, INTERVAL);
    assert_int_equal(heard_count(self), 6);
    intake_stop(other);
    tear_down(self);
}

/* ---- silence ---- */

static void hear_progress(void *context, int32_t partition, int64_t offset, const struct fake_record *record)
{
    struct world *world = context;
    struct batch_reader reader;
    struct reason why;
    (void)offset;
    batch_reader_init(&reader);
    assert_int_equal(batch_reader_open(&reader, record->value, &why), DONE);
    assert_int_equal(reader.header.written_at.us, world->clock.wall_us);
    assert_true(span_equal(reader.header.instance, span_text("a")));
    assert_int_equal(reader.header.source_count, CHANNELS);
    assert_int_equal(reader.header.progress_count, CHANNELS * 2);
    for (unsigned c = 0; c < CHANNELS; c++) {
        assert_true(span_equal(reader.header.sources[c].name, span_text(world->topics[c])));
        assert_int_equal(reader.header.sources[c].partitions, 2);
    }
    for (size_t i = 0; i < reader.header.progress_count; i++) {
        const struct source_progress *told = &reader.header.progress[i];
        const char *topic = world->topics[told->topic];
        assert_int_equal(told->at_us, world->clock.wall_us);
        assert_int_equal(told->position, fake_kafka_end(world->kafka, topic, told->partition));
        assert_int_equal(told->stable_offset, told->position);
    }
    assert_true(partition == 0 || partition == 1);
    batch_reader_done(&reader);
}

static void silence_is_told_every_five_seconds(void **state)
{
    (void)state;
    struct setup *self = set_up();
    struct sample sample = sample_of("e", CHANNEL_WEB, WORLD_BASE);
    world_say(&self->world, &sample, 0);
    intake_turns(self->intake, 2, INTERVAL);
    size_t before = record_count(&self->world, "cx.signals");
    intake_turns(self->intake, 47, 100 * US_PER_MS);
    assert_int_equal(record_count(&self->world, "cx.signals"), before);
    for (int32_t p = 0; p < 2; p++) {
        fake_kafka_trim(self->world.kafka, "cx.signals", p, fake_kafka_end(self->world.kafka, "cx.signals", p));
    }
    intake_turns(self->intake, 1, 50 * US_PER_MS);
    assert_int_equal(record_count(&self->world, "cx.signals"), 2); /* one a partition */
    each_record(&self->world, "cx.signals", hear_progress, &self->world);
    intake_turns(self->intake, 100, 100 * US_PER_MS);
    assert_int_equal(record_count(&self->world, "cx.signals"), 6);
    tear_down(self);
}

static void nothing_is_told_before_it_has_joined(void **state)
{
    (void)state;
    struct setup *self = set_up();
    struct intake_run *idle = intake_start(&self->world, "b"); /* never assigned anything */
    intake_turns(idle, 20, US_PER_SECOND);
    assert_int_equal(record_count(&self->world, "cx.signals"), 0);
    assert_false(idle->status->stages[STATUS_INTAKE].joined);
    intake_stop(idle);
    tear_down(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_held_against_the_clock),
        cmocka_unit_test(the_clock_is_read_every_turn),
        cmocka_unit_test(dead_letters_carry_the_original),
        cmocka_unit_test(a_large_message_becomes_a_letter_that_can_be_sent),
        cmocka_unit_test(every_channels_own_schema_is_read),
        cmocka_unit_test(an_unknown_schema_holds_only_its_partition),
        cmocka_unit_test(a_held_partition_may_be_moved),
        cmocka_unit_test(silence_is_told_every_five_seconds),
        cmocka_unit_test(nothing_is_told_before_it_has_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
