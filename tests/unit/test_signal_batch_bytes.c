/* test_signal_batch_bytes.c - messages of cx.signals cut short, damaged, made up, too large; and a reader used again.
 *
 * Whatever a reader hands out must mean something; what it cannot read, it says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "batch.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

struct fixture {
    struct batch_writer writer;
    struct batch_reader reader;
    struct buffer message;
};

static int set_up(void **state)
{
    static struct fixture self;
    batch_writer_init(&self.writer);
    batch_reader_init(&self.reader);
    buffer_init(&self.message, SIGNAL_BATCH_SIZE_MAX);
    *state = &self;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *self = *state;
    batch_writer_done(&self->writer);
    batch_reader_done(&self->reader);
    buffer_done(&self->message);
    return 0;
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
    {"an agency and a service", HEAD("\0\0\0\0\x02\x06t\xc3\xbc\0\x02\x02s\0\0"), true},
    {"an agency whose name has a NUL", HEAD("\0\0\0\0\x02\x06t\0u\0\0\0"), false},
    {"a service whose name is not UTF-8", HEAD("\0\0\0\0\0\x02\x02\xff\0\0"), false},
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
    for (unsigned over = 0; over < 5; over++) {
        struct batch_header header = {.sources = sources, .progress = progress};
        header.source_count = SIGNAL_BATCH_SOURCES_MAX + (over == 1);
        header.progress_count = SIGNAL_BATCH_PROGRESS_MAX + (over == 2);
        batch_writer_clear(&self->writer);
        for (size_t i = 0; i < SIGNAL_BATCH_NAMES_MAX + (size_t)(over == 3); i++) {
            batch_writer_agency(&self->writer, span_text("a"));
        }
        for (size_t i = 0; i < SIGNAL_BATCH_NAMES_MAX + (size_t)(over == 4); i++) {
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

/* As the specification has it, a byte at a time (buffer_zigzag). */
static void expect_event(const struct signal_event *event, int64_t delta_us, struct buffer *out)
{
    buffer_clear(out);
    buffer_zigzag(out, event->agency);
    buffer_zigzag(out, event->service);
    buffer_zigzag(out, event->channel);
    buffer_zigzag(out, delta_us);
    for (unsigned shift = 0; shift < 64; shift += 8) {
        buffer_u8(out, (uint8_t)(event->id >> shift));
    }
    buffer_zigzag(out, event->outcomes_known);
    buffer_zigzag(out, event->outcomes_yes);
    buffer_zigzag(out, (int64_t)event->ratings);
    buffer_zigzag(out, event->transfers);
    buffer_zigzag(out, 1);
    buffer_zigzag(out, event->duration_ms[0] * 8);
    buffer_u8(out, 0);
}

static void numbers_of_every_size_are_written_and_read(void **state)
{
    struct fixture *self = *state;
    struct batch_header header = {.instance = span_text("i")};
    struct buffer expected;
    struct reason why;
    buffer_init(&expected, 4096);
    for (unsigned bits = 0; bits < 3 * 63; bits++) {
        const int64_t number = (INT64_C(1) << bits / 3) + (int64_t)(bits % 3) - 1;
        struct signal_event events[3] = {0}; /* the last is read where less than ten bytes are left */
        batch_writer_clear(&self->writer);
        batch_writer_agency(&self->writer, span_text("a"));
        batch_writer_service(&self->writer, span_text("s"));
        size_t before = 0;
        for (unsigned i = 0; i < 3; i++) {
            events[i].at_us = i == 0 ? 0 : i == 1 ? number : -number;
            events[i].id = (uint64_t)number;
            events[i].transfers = (int32_t)(number & INT32_MAX);
            for (unsigned j = 0; j < DURATIONS; j++) {
                events[i].duration_ms[j] = j == 0 ? number / 8 : ABSENT;
            }
            before = self->writer.events.size;
            batch_writer_event(&self->writer, &events[i]);
            expect_event(&events[i], events[i].at_us, &expected);
            assert_int_equal(self->writer.events.size - before, expected.size);
            assert_memory_equal(self->writer.events.data + before, expected.data, expected.size);
        }
        batch_writer_seal(&self->writer, &header, &self->message);
        assert_int_equal(batch_reader_open(&self->reader, buffer_as_span(&self->message), &why), DONE);
        for (unsigned i = 0; i < 3; i++) {
            struct signal_event event;
            bool more;
            assert_int_equal(batch_reader_next(&self->reader, &event, &more, &why), DONE);
            assert_true(more && event.at_us == events[i].at_us && event.id == events[i].id);
            assert_int_equal(event.transfers, events[i].transfers);
            assert_true(event.duration_ms[0] == events[i].duration_ms[0] && event.duration_ms[1] == ABSENT);
        }
    }
    buffer_done(&expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_part_of_a_message_is_a_message),
        cmocka_unit_test(damaged_messages_are_survived),
        cmocka_unit_test(events_without_meaning_are_refused),
        cmocka_unit_test(heads_without_meaning_are_refused),
        cmocka_unit_test(a_reader_is_used_again),
        cmocka_unit_test(what_cannot_be_read_is_not_sealed),
        cmocka_unit_test(a_full_batch_says_so),
        cmocka_unit_test(numbers_of_every_size_are_written_and_read),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
