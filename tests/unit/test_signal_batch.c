/* test_signal_batch.c - the messages of cx.signals: what the writer packs, the reader and Avro-C must both unpack.
 *
 * Oracles: Avro-C's generic reader and writer with schemas/signal_batch.avsc, and an encoder of our own for what other
 * writers may send (batch.h). What nobody should send is test_signal_batch_bytes.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <avro.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "batch.h"

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
    avro_value_t found = {0};
    assert_int_equal(avro_value_get_by_name(value, name, &found, NULL), 0);
    return found;
}

static avro_value_t item(const avro_value_t *array, size_t position)
{
    avro_value_t found = {0};
    assert_int_equal(avro_value_get_by_index(array, position, &found, NULL), 0);
    return found;
}

static size_t items(const avro_value_t *array)
{
    size_t size = 0;
    assert_int_equal(avro_value_get_size(array, &size), 0);
    return size;
}

static int64_t whole(const avro_value_t *record, const char *name)
{
    avro_value_t value = part(record, name);
    int32_t narrow = 0;
    int64_t wide = 0;
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
    size_t size = 0;
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
    size_t size = 0;
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
            int64_t packed = 0;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_is_read_again),
        cmocka_unit_test(avro_reads_and_writes_the_same),
        cmocka_unit_test(blocks_of_other_writers_are_read),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
