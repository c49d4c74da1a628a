/* test_signal_batch.c - the messages of cx.signals: what the writer packs, the reader and Avro-C must both unpack.
 *
 * Oracles: Avro-C's generic reader and writer with schemas/signal_batch.avsc; for what foreign writers may send, an
 * encoder of blocks below, written from the Avro specification, "Binary encoding". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <avro.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seeded.h"
#include "slipstream/model.h"

#define COUNT(rows)  (sizeof(rows) / sizeof((rows)[0]))
#define EVENTS_MAX   64
#define NAMES_MAX    8
#define PROGRESS_MAX 6

/* A batch before it is packed. */
struct content {
    struct batch_header header;
    struct source_topic sources[3];
    struct source_progress progress[PROGRESS_MAX];
    char names[2][NAMES_MAX][ID_SIZE_MAX]; /* agencies, services */
    size_t name_size[2][NAMES_MAX];
    uint32_t name_count[2];
    struct signal_event events[EVENTS_MAX];
    size_t event_count;
};

static struct signal_event random_event(struct seeded *random, const struct content *content)
{
    struct signal_event event = {
        .at_us = INT64_C(1795339800000000) - (int64_t)seeded_sized(random, 43),
        .id = seeded_bits(random),
        .agency = (uint32_t)seeded_below(random, content->name_count[0]),
        .service = (uint32_t)seeded_below(random, content->name_count[1]),
        .channel = (enum channel)seeded_below(random, CHANNELS),
        .kind = (enum event_kind)seeded_below(random, EVENT_KINDS),
        .retracts = seeded_one_in(random, 4),
        .outcomes_known = (uint32_t)seeded_below(random, 1u << OUTCOMES),
        .transfers = (int32_t)seeded_between(random, -1, 1000),
    };
    event.outcomes_yes = event.outcomes_known & (uint32_t)seeded_bits(random);
    for (unsigned i = 0; i < RATINGS; i++) {
        event.ratings |= seeded_below(random, 6) << (3 * i);
    }
    for (unsigned i = 0; i < DURATIONS; i++) {
        event.duration_ms[i] = seeded_one_in(random, 2) ? ABSENT : (int64_t)seeded_sized(random, 36);
    }
    return event;
}

static void random_names(struct seeded *random, struct content *content, unsigned table)
{
    content->name_count[table] = 1 + (uint32_t)seeded_below(random, NAMES_MAX);
    for (uint32_t i = 0; i < content->name_count[table]; i++) {
        size_t size = 1 + (size_t)(seeded_one_in(random, 5) ? ID_SIZE_MAX - 1 : seeded_below(random, 20));
        content->name_size[table][i] = size;
        for (size_t at = 0; at < size; at++) {
            content->names[table][i][at] = (char)('a' + seeded_below(random, 26));
        }
    }
}

static void random_content(struct seeded *random, struct content *content)
{
    static const char *const topics[] = {"interactions.web", "interactions.phone", "x"};
    memset(content, 0, sizeof *content);
    content->header.written_at.us = INT64_C(1795339800000000) + (int64_t)seeded_sized(random, 50);
    content->header.instance = span_text(seeded_one_in(random, 3) ? "" : "intake-1");
    content->header.source_count = (size_t)seeded_below(random, COUNT(topics) + 1);
    for (size_t i = 0; i < content->header.source_count; i++) {
        content->sources[i] = (struct source_topic){span_text(topics[i]), (int32_t)seeded_sized(random, 31)};
    }
    content->header.progress_count =
        content->header.source_count ? (size_t)seeded_below(random, PROGRESS_MAX + 1) : 0;
    for (size_t i = 0; i < content->header.progress_count; i++) {
        content->progress[i] = (struct source_progress){
            .topic = (uint32_t)seeded_below(random, content->header.source_count),
            .partition = (int32_t)seeded_sized(random, 31),
            .position = (int64_t)seeded_sized(random, 63),
            .stable_offset = seeded_one_in(random, 3) ? -1 : (int64_t)seeded_sized(random, 63),
            .at_us = content->header.written_at.us - (int64_t)seeded_sized(random, 30),
        };
    }
    content->header.sources = content->sources;
    content->header.progress = content->progress;
    random_names(random, content, 0);
    random_names(random, content, 1);
    content->event_count = (size_t)seeded_below(random, seeded_one_in(random, 4) ? EVENTS_MAX + 1 : 4);
    for (size_t i = 0; i < content->event_count; i++) {
        content->events[i] = random_event(random, content);
    }
}

static struct span name_of(const struct content *content, unsigned table, uint32_t position)
{
    return span_of(content->names[table][position], content->name_size[table][position]);
}

static void pack(struct batch_writer *writer, const struct content *content, struct buffer *out)
{
    batch_writer_clear(writer);
    for (uint32_t i = 0; i < content->name_count[0]; i++) {
        assert_int_equal(batch_writer_agency(writer, name_of(content, 0, i)), i);
    }
    for (uint32_t i = 0; i < content->name_count[1]; i++) {
        assert_int_equal(batch_writer_service(writer, name_of(content, 1, i)), i);
    }
    for (size_t i = 0; i < content->event_count; i++) {
        batch_writer_event(writer, &content->events[i]);
    }
    batch_writer_seal(writer, &content->header, out);
}

static bool events_equal(const struct signal_event *a, const struct signal_event *b)
{
    return a->at_us == b->at_us && a->id == b->id && a->agency == b->agency && a->service == b->service &&
           a->channel == b->channel && a->kind == b->kind && a->retracts == b->retracts &&
           a->outcomes_known == b->outcomes_known && a->outcomes_yes == b->outcomes_yes && a->ratings == b->ratings &&
           a->transfers == b->transfers && memcmp(a->duration_ms, b->duration_ms, sizeof a->duration_ms) == 0;
}

static void check_head(const struct batch_reader *reader, const struct content *content)
{
    assert_int_equal(reader->header.written_at.us, content->header.written_at.us);
    assert_true(span_equal(reader->header.instance, content->header.instance));
    assert_int_equal(reader->header.source_count, content->header.source_count);
    for (size_t i = 0; i < content->header.source_count; i++) {
        assert_true(span_equal(reader->header.sources[i].name, content->sources[i].name));
        assert_int_equal(reader->header.sources[i].partitions, content->sources[i].partitions);
    }
    assert_int_equal(reader->header.progress_count, content->header.progress_count);
    for (size_t i = 0; i < content->header.progress_count; i++) {
        const struct source_progress *got = &reader->header.progress[i];
        const struct source_progress *put = &content->progress[i];
        assert_true(got->topic == put->topic && got->partition == put->partition && got->position == put->position &&
                    got->stable_offset == put->stable_offset && got->at_us == put->at_us);
    }
    assert_int_equal(reader->agency_count, content->name_count[0]);
    assert_int_equal(reader->service_count, content->name_count[1]);
    for (uint32_t i = 0; i < content->name_count[0]; i++) {
        assert_true(span_equal(batch_reader_agency(reader, i), name_of(content, 0, i)));
    }
    for (uint32_t i = 0; i < content->name_count[1]; i++) {
        assert_true(span_equal(batch_reader_service(reader, i), name_of(content, 1, i)));
    }
}

static void check_read(struct batch_reader *reader, const struct content *content, struct span message)
{
    struct reason why = {REASON_NONE, ""};
    if (batch_reader_open(reader, message, &why) != DONE) {
        fail_msg("not opened: %s", why.text);
    }
    check_head(reader, content);
    struct signal_event event;
    bool more = false;
    for (size_t i = 0; i < content->event_count; i++) {
        memset(&event, 0xA5, sizeof event);
        if (batch_reader_next(reader, &event, &more, &why) != DONE || !more) {
            fail_msg("event %zu of %zu: %s", i, content->event_count, why.text);
        }
        assert_true(events_equal(&event, &content->events[i]));
    }
    assert_int_equal(batch_reader_next(reader, &event, &more, &why), DONE);
    assert_false(more);
}

struct fixture {
    struct batch_writer writer;
    struct batch_reader reader;
    struct buffer message;
    avro_schema_t schema;
    avro_value_iface_t *class;
};

static int set_up(void **state)
{
    static struct fixture self;
    batch_writer_init(&self.writer);
    batch_reader_init(&self.reader);
    buffer_init(&self.message, SIGNAL_BATCH_SIZE_MAX);
    char path[4096];
    snprintf(path, sizeof path, "%s/schemas/signal_batch.avsc", getenv("SLIPSTREAM_SOURCE"));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    static char text[32768];
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    assert_int_equal(avro_schema_from_json_length(text, size, &self.schema), 0);
    self.class = avro_generic_class_from_schema(self.schema);
    assert_non_null(self.class);
    *state = &self;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *self = *state;
    batch_writer_done(&self->writer);
    batch_reader_done(&self->reader);
    buffer_done(&self->message);
    avro_value_iface_decref(self->class);
    avro_schema_decref(self->schema);
    return 0;
}

static void what_is_packed_is_read_again(void **state)
{
    struct fixture *self = *state;
    static struct content content;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct seeded random = {seed};
        random_content(&random, &content);
        pack(&self->writer, &content, &self->message);
        assert_false(self->message.overflow);
        assert_true(batch_writer_size(&self->writer) <= self->message.size);
        check_read(&self->reader, &content, buffer_as_span(&self->message));
    }
}

static avro_value_t part(const avro_value_t *value, const char *name)
{
    avro_value_t found;
    assert_int_equal(avro_value_get_by_name(value, name, &found, NULL), 0);
    return found;
}

static avro_value_t item(const avro_value_t *array, size_t position)
{
    avro_value_t found;
    assert_int_equal(avro_value_get_by_index(array, position, &found, NULL), 0);
    return found;
}

static size_t items(const avro_value_t *array)
{
    size_t size;
    assert_int_equal(avro_value_get_size(array, &size), 0);
    return size;
}

static int64_t whole(const avro_value_t *record, const char *name)
{
    avro_value_t value = part(record, name);
    int32_t narrow;
    int64_t wide;
    if (avro_value_get_type(&value) == AVRO_INT32) {
        assert_int_equal(avro_value_get_int(&value, &narrow), 0);
        return narrow;
    }
    assert_int_equal(avro_value_get_long(&value, &wide), 0);
    return wide;
}

static void check_text(const avro_value_t *value, struct span expected)
{
    const char *text;
    size_t size;
    assert_int_equal(avro_value_get_string(value, &text, &size), 0);
    assert_true(span_equal(span_of(text, size - 1), expected)); /* Avro-C counts its NUL */
}

static void check_avro_event(const avro_value_t *record, int64_t base, const struct signal_event *event)
{
    assert_int_equal(whole(record, "agency"), event->agency);
    assert_int_equal(whole(record, "service"), event->service);
    assert_int_equal(whole(record, "what"), (int)event->channel + 4 * (int)event->kind + 16 * event->retracts);
    assert_int_equal(base + whole(record, "at"), event->at_us);
    assert_int_equal(whole(record, "outcomes_known"), event->outcomes_known);
    assert_int_equal(whole(record, "outcomes_yes"), event->outcomes_yes);
    assert_int_equal(whole(record, "ratings"), event->ratings);
    assert_int_equal(whole(record, "transfers"), event->transfers);
    avro_value_t id = part(record, "id");
    const uint8_t *bytes;
    size_t size;
    assert_int_equal(avro_value_get_fixed(&id, (const void **)&bytes, &size), 0);
    assert_int_equal(size, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(bytes[i], event->id >> (8 * i) & 0xFF);
    }
    avro_value_t durations = part(record, "durations");
    size_t next = 0;
    for (int i = 0; i < DURATIONS; i++) {
        if (event->duration_ms[i] != ABSENT) {
            avro_value_t duration = item(&durations, next++);
            int64_t packed;
            assert_int_equal(avro_value_get_long(&duration, &packed), 0);
            assert_int_equal(packed, event->duration_ms[i] * 8 + i);
        }
    }
    assert_int_equal(items(&durations), next);
}

static void check_avro_head(const avro_value_t *batch, const struct content *content)
{
    avro_value_t instance = part(batch, "instance");
    avro_value_t sources = part(batch, "sources");
    avro_value_t progress = part(batch, "progress");
    assert_int_equal(whole(batch, "written_at"), content->header.written_at.us);
    check_text(&instance, content->header.instance);
    assert_int_equal(items(&sources), content->header.source_count);
    for (size_t i = 0; i < content->header.source_count; i++) {
        avro_value_t source = item(&sources, i);
        avro_value_t name = part(&source, "name");
        check_text(&name, content->sources[i].name);
        assert_int_equal(whole(&source, "partitions"), content->sources[i].partitions);
    }
    assert_int_equal(items(&progress), content->header.progress_count);
    for (size_t i = 0; i < content->header.progress_count; i++) {
        avro_value_t one = item(&progress, i);
        assert_int_equal(whole(&one, "topic"), content->progress[i].topic);
        assert_int_equal(whole(&one, "partition"), content->progress[i].partition);
        assert_int_equal(whole(&one, "position"), content->progress[i].position);
        assert_int_equal(whole(&one, "stable_offset"), content->progress[i].stable_offset);
        assert_int_equal(whole(&one, "at"), content->progress[i].at_us);
    }
    for (unsigned table = 0; table < 2; table++) {
        avro_value_t names = part(batch, table ? "services" : "agencies");
        assert_int_equal(items(&names), content->name_count[table]);
        for (uint32_t i = 0; i < content->name_count[table]; i++) {
            avro_value_t name = item(&names, i);
            check_text(&name, name_of(content, table, i));
        }
    }
}

/* Every field as Avro-C reads it; and Avro-C, writing what it read, must write the very bytes it was given, so that
 * nothing of the message lies outside what was compared. */
static void avro_reads_and_writes_the_same(void **state)
{
    struct fixture *self = *state;
    static struct content content;
    static char written[SIGNAL_BATCH_SIZE_MAX];
    avro_value_t batch;
    assert_int_equal(avro_generic_value_new(self->class, &batch), 0);
    for (uint64_t seed = 1001; seed <= 1150; seed++) {
        struct seeded random = {seed};
        random_content(&random, &content);
        pack(&self->writer, &content, &self->message);
        assert_int_equal(self->message.data[0], 1);
        const char *record = (const char *)self->message.data + 1;
        avro_reader_t in = avro_reader_memory(record, (int64_t)self->message.size - 1);
        avro_value_reset(&batch);
        assert_int_equal(avro_value_read(in, &batch), 0);
        avro_reader_free(in);

        check_avro_head(&batch, &content);
        avro_value_t events = part(&batch, "events");
        assert_int_equal(items(&events), content.event_count);
        for (size_t i = 0; i < content.event_count; i++) {
            avro_value_t event = item(&events, i);
            check_avro_event(&event, whole(&batch, "base"), &content.events[i]);
        }
        avro_writer_t out = avro_writer_memory(written, sizeof written);
        assert_int_equal(avro_value_write(out, &batch), 0);
        assert_int_equal(avro_writer_tell(out), self->message.size - 1);
        assert_memory_equal(written, record, self->message.size - 1);
        avro_writer_free(out);
    }
    avro_value_decref(&batch);
}

/* What a message has in its arrays, as a foreign writer may put it: in blocks of any size, each with a count, or with a
 * negative count and its size in bytes. */
struct blocks {
    struct buffer *out;
    struct buffer block;
    int64_t in_block;
    struct seeded *random;
    bool sized;
};

static void block_end(struct blocks *self)
{
    if (self->in_block) {
        buffer_zigzag(self->out, self->sized ? -self->in_block : self->in_block);
        if (self->sized) {
            buffer_zigzag(self->out, (int64_t)self->block.size);
        }
        buffer_bytes(self->out, self->block.data, self->block.size);
    }
    buffer_clear(&self->block);
    self->in_block = 0;
}

static struct buffer *block_item(struct blocks *self)
{
    if (seeded_one_in(self->random, 3)) {
        block_end(self);
    }
    self->in_block++;
    return &self->block;
}

static void array_end(struct blocks *self)
{
    block_end(self);
    buffer_u8(self->out, 0);
}

static void foreign_event(struct buffer *out, const struct signal_event *event, int64_t base, struct blocks *durations)
{
    buffer_zigzag(out, event->agency);
    buffer_zigzag(out, event->service);
    buffer_zigzag(out, (int64_t)event->channel + 4 * (int64_t)event->kind + 16 * event->retracts);
    buffer_zigzag(out, event->at_us - base);
    buffer_u64(out, event->id);
    buffer_zigzag(out, event->outcomes_known);
    buffer_zigzag(out, event->outcomes_yes);
    buffer_zigzag(out, (int64_t)event->ratings);
    buffer_zigzag(out, event->transfers);
    durations->out = out;
    for (int i = DURATIONS; i-- > 0;) { /* their order says nothing */
        if (event->duration_ms[i] != ABSENT) {
            buffer_zigzag(block_item(durations), event->duration_ms[i] * 8 + i);
        }
    }
    array_end(durations);
}

static void foreign_message(const struct content *content, bool sized, struct seeded *random, struct buffer *out)
{
    int64_t base = INT64_C(-5);
    struct blocks array = {.out = out, .random = random, .sized = sized};
    struct blocks durations = {.random = random, .sized = sized};
    buffer_init(&array.block, SIGNAL_BATCH_SIZE_MAX);
    buffer_init(&durations.block, SIGNAL_BATCH_SIZE_MAX);
    buffer_clear(out);
    buffer_u8(out, 1);
    buffer_zigzag(out, content->header.written_at.us);
    buffer_span(out, content->header.instance);
    for (size_t i = 0; i < content->header.source_count; i++) {
        struct buffer *source = block_item(&array);
        buffer_span(source, content->sources[i].name);
        buffer_zigzag(source, content->sources[i].partitions);
    }
    array_end(&array);
    for (size_t i = 0; i < content->header.progress_count; i++) {
        struct buffer *progress = block_item(&array);
        buffer_zigzag(progress, content->progress[i].topic);
        buffer_zigzag(progress, content->progress[i].partition);
        buffer_zigzag(progress, content->progress[i].position);
        buffer_zigzag(progress, content->progress[i].stable_offset);
        buffer_zigzag(progress, content->progress[i].at_us);
    }
    array_end(&array);
    for (unsigned table = 0; table < 2; table++) {
        for (uint32_t i = 0; i < content->name_count[table]; i++) {
            buffer_span(block_item(&array), name_of(content, table, i));
        }
        array_end(&array);
    }
    buffer_zigzag(out, base);
    for (size_t i = 0; i < content->event_count; i++) {
        foreign_event(block_item(&array), &content->events[i], base, &durations);
    }
    array_end(&array);
    assert_false(out->overflow);
    buffer_done(&array.block);
    buffer_done(&durations.block);
}

static void blocks_of_other_writers_are_read(void **state)
{
    struct fixture *self = *state;
    static struct content content;
    avro_value_t batch;
    assert_int_equal(avro_generic_value_new(self->class, &batch), 0);
    for (uint64_t seed = 2001; seed <= 2200; seed++) {
        struct seeded random = {seed};
        random_content(&random, &content);
        foreign_message(&content, seed % 2, &random, &self->message);
        check_read(&self->reader, &content, buffer_as_span(&self->message));
        /* and Avro-C agrees that this is the schema's */
        avro_reader_t in = avro_reader_memory((const char *)self->message.data + 1, (int64_t)self->message.size - 1);
        avro_value_reset(&batch);
        assert_int_equal(avro_value_read(in, &batch), 0);
        avro_reader_free(in);
        check_avro_head(&batch, &content);
    }
    avro_value_decref(&batch);
}

/* Reads to the end or to a SKIP; whatever is handed out must mean something. Returns whether it came to the end. */
static bool read_all(struct batch_reader *reader, struct span message)
{
    struct reason why = {REASON_NONE, ""};
    enum outcome outcome = batch_reader_open(reader, message, &why);
    bool more = true;
    while (outcome == DONE && more) {
        struct signal_event event;
        outcome = batch_reader_next(reader, &event, &more, &why);
        if (outcome == DONE && more) {
            assert_true(event.agency < reader->agency_count && event.service < reader->service_count);
            assert_true(batch_reader_agency(reader, event.agency).size - 1 < ID_SIZE_MAX);
            assert_true(batch_reader_service(reader, event.service).size - 1 < ID_SIZE_MAX);
            assert_true(event.channel < CHANNELS && event.kind < EVENT_KINDS && event.transfers >= -1);
            for (unsigned i = 0; i < DURATIONS; i++) {
                assert_true(event.duration_ms[i] >= 0 || event.duration_ms[i] == ABSENT);
            }
            uint16_t counters[EVENT_COUNTERS_MAX];
            size_t count = signals_counters(&event, counters);
            for (size_t i = 0; i < count; i++) {
                assert_true(counters[i] < COUNTERS);
            }
        }
    }
    assert_true(outcome == DONE || (outcome == SKIP && why.code != REASON_NONE && why.text[0]));
    return outcome == DONE;
}

/* The bytes are copied to the heap in their exact size, so that the sanitizer sees one read too many. */
static bool read_copy(struct batch_reader *reader, const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    bool whole_message = read_all(reader, span_of(copy, size));
    free(copy);
    return whole_message;
}

static void no_part_of_a_message_is_a_message(void **state)
{
    struct fixture *self = *state;
    static struct content content;
    for (uint64_t seed = 3001; seed <= 3020; seed++) {
        struct seeded random = {seed};
        random_content(&random, &content);
        foreign_message(&content, seed % 2, &random, &self->message);
        for (size_t size = 0; size < self->message.size; size++) {
            assert_false(read_copy(&self->reader, self->message.data, size));
        }
        assert_true(read_copy(&self->reader, self->message.data, self->message.size));
        buffer_u8(&self->message, 0);
        assert_false(read_copy(&self->reader, self->message.data, self->message.size));
    }
}

static void damaged_messages_are_survived(void **state)
{
    struct fixture *self = *state;
    static struct content content;
    static uint8_t bytes[65536];
    unsigned read = 0;
    for (uint64_t seed = 4001; seed <= 4400; seed++) {
        struct seeded random = {seed};
        random_content(&random, &content);
        pack(&self->writer, &content, &self->message);
        assert_true(self->message.size < sizeof bytes);
        for (unsigned round = 0; round < 50; round++) {
            memcpy(bytes, self->message.data, self->message.size);
            size_t size = self->message.size;
            for (uint64_t times = 1 + seeded_below(&random, 3); times > 0 && size > 0; times--) {
                size = seeded_damage(&random, bytes, size, sizeof bytes);
            }
            read += read_copy(&self->reader, bytes, size);
        }
    }
    assert_true(read > 1000 && read < 19000); /* the damage must neither always nor never show */
}

/* One event's numbers as they are written, which a writer of ours would never send; agencies and services: one each. */
struct raw {
    int64_t agency, service, what, at, known, yes, ratings, transfers;
    int64_t durations[7];
    size_t duration_count;
};
#define RAW .agency = 0, .transfers = -1

static const struct {
    const char *name;
    struct raw raw;
    bool readable;
} raws[] = {
    {"nothing said", {RAW}, true},
    {"no such service", {RAW, .service = 1}, false},
    {"no such agency", {.agency = 1, .transfers = -1}, false},
    {"negative agency", {.agency = -1, .transfers = -1}, false},
    {"agency beyond an int", {.agency = INT64_C(1) << 32, .transfers = -1}, false},
    {"service beyond an int", {RAW, .service = INT64_C(1) << 32}, false},
    {"chat, reopening, retracts", {RAW, .what = 3 + 8 + 16}, true},
    {"a fourth kind", {RAW, .what = 12}, false},
    {"a sixth bit", {RAW, .what = 32}, false},
    {"negative what", {RAW, .what = -1}, false},
    {"what beyond an int", {RAW, .what = INT64_C(1) << 32}, false},
    {"time that wraps", {RAW, .at = INT64_MAX}, false},
    {"time before the base", {RAW, .at = -1000}, true},
    {"all outcomes", {RAW, .known = (1 << OUTCOMES) - 1, .yes = (1 << OUTCOMES) - 1}, true},
    {"an outcome too many", {RAW, .known = 1 << OUTCOMES}, false},
    {"outcomes beyond an int", {RAW, .known = INT64_C(1) << 32}, false},
    {"yes, and not known", {RAW, .known = 2, .yes = 1}, false},
    {"yes beyond an int", {RAW, .yes = INT64_C(1) << 32}, false},
    {"every rating 5", {RAW, .ratings = INT64_C(055555555555)}, true},
    {"a rating of 6", {RAW, .ratings = 060}, false},
    {"a rating too many", {RAW, .ratings = INT64_C(1) << (3 * RATINGS)}, false},
    {"negative ratings", {RAW, .ratings = -1}, false},
    {"transfers of less than nobody", {.transfers = -2}, false},
    {"transfers beyond an int", {.transfers = INT64_C(1) << 32}, false},
    {"most transfers", {.transfers = INT32_MAX}, true},
    {"every duration", {RAW, .durations = {0, 9, 18, 27, 36}, .duration_count = 5}, true},
    {"a duration too many", {RAW, .durations = {0, 9, 18, 27, 36, 8}, .duration_count = 6}, false},
    {"a duration that is not there", {RAW, .durations = {5}, .duration_count = 1}, false},
    {"negative duration", {RAW, .durations = {-8}, .duration_count = 1}, false},
    {"longest duration", {RAW, .durations = {INT64_MAX - 7}, .duration_count = 1}, true},
};

static void raw_message(const struct raw *raw, struct buffer *out)
{
    buffer_clear(out);
    buffer_bytes(out, "\x01\x00\x00\x00\x00\x02\x02t\x00\x02\x02r\x00", 13); /* agency t, service r */
    buffer_zigzag(out, 1000);
    buffer_zigzag(out, 1);
    const int64_t before[] = {raw->agency, raw->service, raw->what, raw->at};
    const int64_t after[] = {raw->known, raw->yes, raw->ratings, raw->transfers};
    for (size_t i = 0; i < COUNT(before); i++) {
        buffer_zigzag(out, before[i]);
    }
    buffer_u64(out, 7);
    for (size_t i = 0; i < COUNT(after); i++) {
        buffer_zigzag(out, after[i]);
    }
    for (size_t i = 0; i < raw->duration_count; i++) {
        buffer_zigzag(out, 1);
        buffer_zigzag(out, raw->durations[i]);
    }
    buffer_u8(out, 0);
    buffer_u8(out, 0);
}

static void events_without_meaning_are_refused(void **state)
{
    struct fixture *self = *state;
    for (size_t row = 0; row < COUNT(raws); row++) {
        raw_message(&raws[row].raw, &self->message);
        if (read_all(&self->reader, buffer_as_span(&self->message)) != raws[row].readable) {
            fail_msg("%s", raws[row].name);
        }
    }
}

/* Heads that no writer of ours sends: the bytes after the format, up to the base; an empty array of events follows. */
static const struct {
    const char *name;
    const char *bytes;
    size_t size;
    bool readable;
} heads[] = {
#define HEAD(literal) literal, sizeof literal - 1
    {"nothing at all", HEAD("\0\0\0\0\0\0\0"), true},
    {"instance of minus one byte", HEAD("\0\x01\0\0\0\0\0"), false},
    {"negative number of partitions", HEAD("\0\0\x02\x02t\x01\0\0\0\0\0"), false},
    {"progress of a source that is not there", HEAD("\0\0\0\x02\0\0\0\0\0\0\0\0\0"), false},
    {"progress of partition minus one", HEAD("\0\0\x02\x02t\x02\0\x02\0\x01\0\0\0\0\0\0\0"), false},
    {"progress of partition 0", HEAD("\0\0\x02\x02t\x02\0\x02\0\0\0\0\0\0\0\0\0"), true},
    {"an agency without a name", HEAD("\0\0\0\0\x02\0\0\0\0"), false},
    {"a service without a name", HEAD("\0\0\0\0\0\x02\0\0\0"), false},
    {"2^62 agencies", HEAD("\0\0\0\0\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x02t\0\0\0"), false},
    {"least number of agencies", HEAD("\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\0\x02t\0\0\0"), false},
    {"a number of eleven bytes", HEAD("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\0\0\0\0\0\0"), false},
};

static void heads_without_meaning_are_refused(void **state)
{
    struct fixture *self = *state;
    for (size_t row = 0; row < COUNT(heads); row++) {
        for (unsigned format = 0; format < 256; format++) {
            buffer_clear(&self->message);
            buffer_u8(&self->message, (uint8_t)format);
            buffer_bytes(&self->message, heads[row].bytes, heads[row].size);
            buffer_u8(&self->message, 0);
            if (read_all(&self->reader, buffer_as_span(&self->message)) != (heads[row].readable && format == 1)) {
                fail_msg("%s, format %u", heads[row].name, format);
            }
        }
    }
}

/* A reader that has read a large batch reads a small one after it, and one that it refused in between. */
static void a_reader_is_used_again(void **state)
{
    struct fixture *self = *state;
    struct batch_header header = {.written_at = {5}};
    for (size_t names = 3000; names > 0; names /= 3) {
        batch_writer_clear(&self->writer);
        for (size_t i = 0; i < names; i++) {
            batch_writer_agency(&self->writer, span_text("agency"));
            batch_writer_service(&self->writer, span_text("service"));
        }
        batch_writer_seal(&self->writer, &header, &self->message);
        assert_true(read_all(&self->reader, buffer_as_span(&self->message)));
        assert_int_equal(self->reader.agency_count, names);
        assert_int_equal(self->reader.service_count, names);
        assert_true(span_equal(batch_reader_service(&self->reader, 0), span_text("service")));
        assert_false(read_all(&self->reader, span_of(self->message.data, self->message.size / 2)));
    }
}

/* What would not be read must not be sent: it would be lost. */
static void what_cannot_be_read_is_not_sealed(void **state)
{
    struct fixture *self = *state;
    static struct source_progress progress[SIGNAL_BATCH_PROGRESS_MAX + 1];
    static struct source_topic sources[SIGNAL_BATCH_SOURCES_MAX + 1];
    for (size_t i = 0; i < COUNT(sources); i++) {
        sources[i] = (struct source_topic){span_text("t"), 1};
    }
    for (unsigned over = 0; over < 4; over++) {
        struct batch_header header = {.sources = sources, .progress = progress};
        header.source_count = SIGNAL_BATCH_SOURCES_MAX + (over == 1);
        header.progress_count = SIGNAL_BATCH_PROGRESS_MAX + (over == 2);
        batch_writer_clear(&self->writer);
        for (size_t i = 0; i < SIGNAL_BATCH_NAMES_MAX + (size_t)(over == 3); i++) {
            batch_writer_agency(&self->writer, span_text("a"));
            batch_writer_service(&self->writer, span_text("s"));
        }
        batch_writer_seal(&self->writer, &header, &self->message);
        assert_int_equal(self->message.overflow, over != 0);
        assert_int_equal(read_all(&self->reader, buffer_as_span(&self->message)), over == 0);
    }
}

static void a_full_batch_says_so(void **state)
{
    struct fixture *self = *state;
    struct batch_header header = {.written_at = {5}};
    struct buffer small;
    buffer_init(&small, 20);
    static struct content content = {.name_count = {1, 1}};
    struct seeded random = {5};
    batch_writer_clear(&self->writer);
    batch_writer_agency(&self->writer, span_text("a"));
    batch_writer_service(&self->writer, span_text("s"));
    struct signal_event event = random_event(&random, &content);
    batch_writer_event(&self->writer, &event);
    batch_writer_seal(&self->writer, &header, &small);
    assert_true(small.overflow);
    buffer_done(&small);

    while (batch_writer_size(&self->writer) < SIGNAL_BATCH_SIZE_MAX - 200) {
        event = random_event(&random, &content);
        batch_writer_event(&self->writer, &event);
    }
    batch_writer_seal(&self->writer, &header, &self->message);
    assert_false(self->message.overflow);
    assert_true(read_all(&self->reader, buffer_as_span(&self->message)));
    for (unsigned i = 0; i < 200; i++) {
        batch_writer_event(&self->writer, &event);
    }
    batch_writer_seal(&self->writer, &header, &self->message);
    assert_true(self->message.overflow);
    batch_writer_clear(&self->writer);
    batch_writer_seal(&self->writer, &header, &self->message);
    assert_false(self->message.overflow);
    assert_true(read_all(&self->reader, buffer_as_span(&self->message)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_is_read_again),
        cmocka_unit_test(avro_reads_and_writes_the_same),
        cmocka_unit_test(blocks_of_other_writers_are_read),
        cmocka_unit_test(no_part_of_a_message_is_a_message),
        cmocka_unit_test(damaged_messages_are_survived),
        cmocka_unit_test(events_without_meaning_are_refused),
        cmocka_unit_test(heads_without_meaning_are_refused),
        cmocka_unit_test(a_reader_is_used_again),
        cmocka_unit_test(what_cannot_be_read_is_not_sealed),
        cmocka_unit_test(a_full_batch_says_so),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
