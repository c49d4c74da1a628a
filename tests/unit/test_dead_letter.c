/* test_dead_letter.c - dead letters and the records of replayed ones, from bytes back to what they say.
 *
 * That the bytes are Avro by schemas/ is judged elsewhere, by Avro-C (test_intake_input.c) and fastavro (e2e); here
 * what is written is what is read, and bytes that are damaged are refused without a look beyond their end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "seeded.h"
#include "slipstream/model.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define TEXT(text)                                                                                                     \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }

static const struct message_header trace[] = {{"trace", TEXT("7")}, {"", TEXT("")}, {"none", {NULL, 0}}};
static const struct message_header replayed[] = {{REPLAYS_HEADER, TEXT("1")}, {REPLAYS_HEADER, TEXT("12")}};
static const struct message_header odd[] = {{REPLAYS_HEADER, TEXT("x")}};
static const struct message_header huge[] = {{REPLAYS_HEADER, TEXT("9999999999")}};

static const struct row {
    const char *name;
    struct dead_letter letter;
    unsigned replays;
} rows[] = {
    {"everything",
     {TEXT("interactions.web"), 3, INT64_C(1) << 40, 1764000000123, TEXT("truncated"), TEXT("ends in agency"), 17,
      TEXT("key"), TEXT("value"), trace, 3, TEXT("0.1.0"), true},
     0},
    {"nothing", {TEXT(""), 0, 0, ABSENT, TEXT(""), TEXT(""), ABSENT, {NULL, 0}, {NULL, 0}, NULL, 0, TEXT(""), true}, 0},
    {"empty is not none",
     {TEXT("t"), INT32_MAX, INT64_MAX, 0, TEXT("short_frame"), TEXT("d"), UINT32_MAX, TEXT(""), TEXT(""), NULL, 0,
      TEXT("1"), true},
     0},
    {"cut before", {TEXT("t"), 1, 2, 3, TEXT("r"), TEXT("d"), 4, TEXT("k"), TEXT("v"), NULL, 0, TEXT("1"), false}, 0},
    {"replayed", {TEXT("t"), 1, 2, 3, TEXT("r"), TEXT("d"), 4, TEXT("k"), TEXT("v"), replayed, 2, TEXT("1"), true}, 12},
    {"no number", {TEXT("t"), 1, 2, 3, TEXT("r"), TEXT("d"), 4, TEXT("k"), TEXT("v"), odd, 1, TEXT("1"), true}, 0},
    {"too large a number",
     {TEXT("t"), 1, 2, 3, TEXT("r"), TEXT("d"), 4, TEXT("k"), TEXT("v"), huge, 1, TEXT("1"), true},
     0},
};

static bool same_optional(struct span a, struct span b)
{
    return span_equal(a, b) && !a.data == !b.data;
}

static void assert_same(const char *name, const struct dead_letter *got, const struct dead_letter *sent)
{
    bool same = span_equal(got->topic, sent->topic) && got->partition == sent->partition &&
                got->offset == sent->offset && got->timestamp_ms == sent->timestamp_ms &&
                span_equal(got->reason, sent->reason) && got->schema_id == sent->schema_id &&
                same_optional(got->key, sent->key) && same_optional(got->value, sent->value) &&
                got->header_count == sent->header_count && span_equal(got->version, sent->version) &&
                got->is_whole == sent->is_whole;
    for (size_t i = 0; same && i < sent->header_count; i++) {
        same = strcmp(got->headers[i].name, sent->headers[i].name) == 0 &&
               same_optional(got->headers[i].value, sent->headers[i].value);
    }
    if (!same || got->detail.size < sent->detail.size ||
        memcmp(got->detail.data, sent->detail.data, sent->detail.size) != 0) {
        fail_msg("%s: it is read as another", name);
    }
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct dead_letter_reader reader;
    struct dead_letter letter;
    struct reason why;
    dead_letter_reader_init(&reader);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer out;
        buffer_init(&out, 1 << 20);
        dead_letter_write(&rows[i].letter, &out);
        assert_int_equal(dead_letter_read(&reader, buffer_as_span(&out), &letter, &why), DONE);
        assert_same(rows[i].name, &letter, &rows[i].letter);
        assert_int_equal(dead_letter_replays(&letter), rows[i].replays);
        if (rows[i].letter.is_whole) { /* as 0.1.0 wrote it, in format 1 */
            assert_int_equal(out.data[0], 2);
            out.data[0] = 1;
            assert_int_equal(dead_letter_read(&reader, span_of(out.data, out.size - 1), &letter, &why), DONE);
            assert_true(letter.is_whole);
        }
        buffer_done(&out);
    }
    dead_letter_reader_done(&reader);
}

/* Producers set timestamps to anything; ours are in microseconds elsewhere. */
static void a_timestamp_that_is_no_time_is_refused(void **state)
{
    (void)state;
    static const struct {
        int64_t timestamp_ms;
        enum outcome expected;
    } times[] = {
        {INT64_MAX / 1000, DONE}, {INT64_MAX / 1000 + 1, SKIP}, {INT64_MAX, SKIP},
        {INT64_MIN / 1000, DONE}, {INT64_MIN / 1000 - 1, SKIP}, {INT64_MIN + 1, SKIP},
    };
    struct dead_letter_reader reader;
    dead_letter_reader_init(&reader);
    for (size_t i = 0; i < COUNT(times); i++) {
        struct dead_letter letter = rows[0].letter;
        struct dead_letter read;
        struct reason why;
        struct buffer out;
        buffer_init(&out, 1 << 20);
        letter.timestamp_ms = times[i].timestamp_ms;
        dead_letter_write(&letter, &out);
        assert_int_equal(dead_letter_read(&reader, buffer_as_span(&out), &read, &why), times[i].expected);
        buffer_done(&out);
    }
    dead_letter_reader_done(&reader);
}

/* Every prefix is refused, and no changed byte leads out of the message (the sanitizer watches its end). */
static void damaged_bytes_are_refused(void **state)
{
    (void)state;
    struct dead_letter_reader reader;
    struct dead_letter letter;
    struct reason why;
    struct seeded random = {7};
    struct buffer out;
    buffer_init(&out, 1 << 20);
    dead_letter_reader_init(&reader);
    dead_letter_write(&rows[0].letter, &out);
    for (size_t size = 0; size < out.size; size++) {
        uint8_t *copy = malloc(size ? size : 1);
        assert_non_null(copy);
        memcpy(copy, out.data, size);
        assert_int_equal(dead_letter_read(&reader, span_of(copy, size), &letter, &why), SKIP);
        assert_int_equal(why.code, REASON_BAD_STATE);
        free(copy);
    }
    uint8_t *changed = malloc(out.size);
    assert_non_null(changed);
    size_t read = 0;
    for (size_t round = 0; round < 20000; round++) {
        memcpy(changed, out.data, out.size);
        for (uint64_t n = 1 + seeded_below(&random, 3); n > 0; n--) {
            changed[seeded_below(&random, out.size)] = (uint8_t)seeded_bits(&random);
        }
        read += dead_letter_read(&reader, span_of(changed, out.size), &letter, &why) == DONE;
    }
    assert_true(read > 0 && read < 20000);
    buffer_u8(&out, 0);
    assert_int_equal(dead_letter_read(&reader, buffer_as_span(&out), &letter, &why), SKIP); /* a byte is left */
    free(changed);
    buffer_done(&out);
    dead_letter_reader_done(&reader);
}

static void more_headers_than_are_kept(void **state)
{
    (void)state;
    struct message_header many[DEAD_LETTER_HEADERS_MAX + 1];
    struct dead_letter sent = rows[0].letter;
    struct dead_letter_reader reader;
    struct dead_letter letter;
    struct reason why;
    struct buffer out;
    for (size_t i = 0; i < COUNT(many); i++) {
        many[i] = (struct message_header){"name", span_text("value")};
    }
    dead_letter_reader_init(&reader);
    for (size_t count = COUNT(many) - 1; count <= COUNT(many); count++) {
        buffer_init(&out, 1 << 20);
        sent.headers = many;
        sent.header_count = count;
        dead_letter_write(&sent, &out);
        assert_int_equal(dead_letter_read(&reader, buffer_as_span(&out), &letter, &why), DONE);
        assert_int_equal(letter.header_count, DEAD_LETTER_HEADERS_MAX);
        assert_int_equal(letter.is_whole, count == DEAD_LETTER_HEADERS_MAX);
        buffer_done(&out);
    }
    dead_letter_reader_done(&reader);
}

struct told {
    int64_t offsets[8];
    size_t count;
};

static void tell(void *context, int64_t offset)
{
    struct told *told = context;
    assert_true(told->count < COUNT(told->offsets));
    told->offsets[told->count++] = offset;
}

static void replayed_ones_are_told(void **state)
{
    (void)state;
    const int64_t offsets[] = {0, 5, 6, INT64_MAX};
    for (size_t count = 0; count <= COUNT(offsets); count++) {
        struct told told = {.count = 0};
        struct reason why;
        struct buffer out;
        buffer_init(&out, 1 << 20);
        dead_letters_replayed_write(&(struct dead_letters_replayed){1764000000123, offsets, count, span_text("0.1.0")},
                                    &out);
        assert_true(is_dead_letters_replayed(buffer_as_span(&out)));
        assert_int_equal(dead_letters_replayed_read(buffer_as_span(&out), tell, &told, &why), DONE);
        assert_int_equal(told.count, count);
        assert_memory_equal(told.offsets, offsets, count * sizeof *offsets);
        for (size_t size = 0; size < out.size; size++) { /* of half of one nothing is told */
            told.count = 0;
            assert_int_equal(dead_letters_replayed_read(span_of(out.data, size), tell, &told, &why), SKIP);
            assert_int_equal(told.count, 0);
        }
        buffer_done(&out);
    }
    struct told told = {.count = 0};
    struct reason why; /* a block with its size, as other libraries write them: time 0, two offsets in 2 bytes */
    const uint8_t sized[] = {129, 0, 3, 4, 2, 4, 0, 2, 'v'};
    assert_int_equal(dead_letters_replayed_read(span_of(sized, sizeof sized), tell, &told, &why), DONE);
    assert_int_equal(told.count, 2);
    assert_int_equal(told.offsets[1], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),   cmocka_unit_test(a_timestamp_that_is_no_time_is_refused),
        cmocka_unit_test(damaged_bytes_are_refused), cmocka_unit_test(more_headers_than_are_kept),
        cmocka_unit_test(replayed_ones_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
