/* test_base.c - outcomes and reasons, text, buffers, clocks, hashes. The log has test_log.c.
 *
 * Oracles: the published test vectors of each hash, jansson for UTF-8, printf for numbers, bytes written out by hand
 * for the encodings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "seeded.h"
#include "slipstream/base.h"

#define COUNT(rows)    (sizeof(rows) / sizeof((rows)[0]))
#define BYTES(literal) ((struct span){(const uint8_t *)(literal), sizeof(literal) - 1})

static void every_reason_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (int code = 0; code < REASON_COUNT; code++) {
        const char *word = reason_word((enum reason_code)code);
        assert_true(strlen(word) > 0 && strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(word));
        assert_true(strlen(reason_meaning((enum reason_code)code)) > 0);
        assert_true(strlen(reason_advice((enum reason_code)code)) > 0);
        assert_int_equal(reason_of_word(span_text(word)), code);
        for (int other = 0; other < code; other++) {
            assert_string_not_equal(word, reason_word((enum reason_code)other));
        }
    }
    assert_int_equal(reason_of_word(span_text("bad_weather")), REASON_COUNT);
    assert_int_equal(reason_of_word(span_of(NULL, 0)), REASON_COUNT);
}

static void a_reason_is_filled_and_cut(void **state)
{
    (void)state;
    struct reason why = {REASON_NONE, ""};
    assert_int_equal(FAIL(&why, SKIP, REASON_BAD_ENUM, "symbol %d", 7), SKIP);
    assert_int_equal(why.code, REASON_BAD_ENUM);
    assert_string_equal(why.text, "symbol 7");

    assert_int_equal(FAIL(&why, STOP, REASON_FATAL, "topic web: %s", why.text), STOP);
    assert_string_equal(why.text, "topic web: symbol 7");

    assert_int_equal(FAIL(NULL, RETRY, REASON_UNAVAILABLE, "nobody asks"), RETRY);

    char text[400];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    FAIL(&why, STOP, REASON_FATAL, "%s", text);
    assert_int_equal(strlen(why.text), sizeof why.text - 1);

    memcpy(text + sizeof why.text - 3, "\xE2\x82\xAC", 3); /* the last byte of a euro sign would be cut off */
    FAIL(&why, STOP, REASON_FATAL, "%s", text);
    assert_int_equal(strlen(why.text), sizeof why.text - 3);

    memcpy(text + sizeof why.text - 4, "\xE2\x82\xAC", 3); /* here it just fits */
    FAIL(&why, STOP, REASON_FATAL, "%s", text);
    assert_int_equal(strlen(why.text), sizeof why.text - 1);
}

static enum outcome try_it(enum outcome inner, int *after)
{
    TRY(inner);
    *after = 1;
    return DONE;
}

static void try_hands_on_all_but_done(void **state)
{
    (void)state;
    int after = 0;
    assert_int_equal(try_it(RETRY, &after), RETRY);
    assert_int_equal(after, 0);
    assert_int_equal(try_it(DONE, &after), DONE);
    assert_int_equal(after, 1);
}

static const struct {
    const char *name;
    struct span bytes;
    bool is_text;
} texts[] = {
    {"empty", {NULL, 0}, true},
    {"ASCII", BYTES("agency"), true},
    {"control bytes are text", BYTES("\x01\x1f\x7f"), true},
    {"two, three, four bytes", BYTES("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), true},
    {"last before the surrogates", BYTES("\xED\x9F\xBF"), true},
    {"first after the surrogates", BYTES("\xEE\x80\x80"), true},
    {"U+10FFFF", BYTES("\xF4\x8F\xBF\xBF"), true},
    {"NUL", BYTES("\0"), false},
    {"lone continuation", BYTES("\x80"), false},
    {"overlong slash", BYTES("\xC0\xAF"), false},
    {"overlong NUL", BYTES("\xC0\x80"), false},
    {"overlong in three", BYTES("\xE0\x9F\xBF"), false},
    {"overlong in four", BYTES("\xF0\x8F\xBF\xBF"), false},
    {"surrogate", BYTES("\xED\xA0\x80"), false},
    {"U+110000", BYTES("\xF4\x90\x80\x80"), false},
    {"five bytes", BYTES("\xF8\x88\x80\x80\x80"), false},
    {"two bytes, one missing", BYTES("\xC3"), false},
    {"three bytes, one missing", BYTES("\xE2\x82"), false},
    {"four bytes, one missing", BYTES("\xF0\x9F\x98"), false},
    {"FF", BYTES("\xFF"), false},
};

/* Each row at every place within and across the eight bytes that are looked at together. */
static void text_is_told_from_bytes(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(texts); row++) {
        for (size_t before = 0; before <= 17; before++) {
            for (size_t after = 0; after <= 9; after++) {
                char all[40];
                memset(all, 'a', sizeof all);
                if (texts[row].bytes.size > 0) {
                    memcpy(all + before, texts[row].bytes.data, texts[row].bytes.size);
                }
                if (span_is_text(span_of(all, before + texts[row].bytes.size + after)) != texts[row].is_text) {
                    fail_msg("%s, %zu before, %zu after", texts[row].name, before, after);
                }
            }
        }
    }
}

static void text_is_what_jansson_takes_for_text(void **state)
{
    (void)state;
    static const char *const tails[] = {"", "\x80", "\x80\x80", "\xBF\xBF", "\xBFz", "z"};
    for (unsigned first = 1; first < 256; first++) {
        for (unsigned second = 1; second < 256; second++) {
            for (size_t tail = 0; tail < COUNT(tails); tail++) {
                char bytes[8] = {(char)first, (char)second};
                size_t size = 2 + strlen(tails[tail]);
                memcpy(bytes + 2, tails[tail], strlen(tails[tail]));
                json_t *judged = json_stringn(bytes, size);
                if (span_is_text(span_of(bytes, size)) != (judged != NULL)) {
                    fail_msg("%02x %02x and tail %zu", first, second, tail);
                }
                json_decref(judged);
            }
        }
    }
}

static const struct {
    const char *name;
    int64_t value;
    struct span bytes;
} zigzags[] = {
    {"zero", 0, BYTES("\x00")},
    {"minus one", -1, BYTES("\x01")},
    {"one", 1, BYTES("\x02")},
    {"minus 64", -64, BYTES("\x7f")},
    {"64", 64, BYTES("\x80\x01")},
    {"8192", 8192, BYTES("\x80\x80\x01")},
    {"least", INT64_MIN, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
    {"greatest", INT64_MAX, BYTES("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
};

static void varints_are_avros(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(zigzags); row++) {
        struct buffer buffer;
        buffer_init(&buffer, 10);
        buffer_zigzag(&buffer, zigzags[row].value);
        if (!span_equal(buffer_as_span(&buffer), zigzags[row].bytes)) {
            fail_msg("%s", zigzags[row].name);
        }
        struct cursor cursor = cursor_over(zigzags[row].bytes);
        if (cursor_zigzag(&cursor) != zigzags[row].value || cursor.broken || cursor_left(&cursor) != 0) {
            fail_msg("%s, read", zigzags[row].name);
        }
        for (size_t size = 0; size < zigzags[row].bytes.size; size++) {
            cursor = cursor_over(span_of(zigzags[row].bytes.data, size));
            if (cursor_zigzag(&cursor) != 0 || !cursor.broken) {
                fail_msg("%s, %zu bytes of it", zigzags[row].name, size);
            }
        }
        buffer_done(&buffer);
    }
}

static const struct {
    const char *name;
    struct span bytes;
    bool broken;
    uint64_t value;
} varints[] = {
    {"longest", BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), false, UINT64_MAX},
    {"65 bits", BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), true, 0},
    {"eleven bytes", BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), true, 0},
    {"ten bytes that go on", BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x81\x00"), true, 0},
    {"padded zero", BYTES("\x80\x80\x00"), false, 0},
};

static void a_varint_that_does_not_fit_breaks_the_cursor(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(varints); row++) {
        struct cursor cursor = cursor_over(varints[row].bytes);
        if (cursor_varint(&cursor) != varints[row].value || cursor.broken != varints[row].broken) {
            fail_msg("%s", varints[row].name);
        }
    }
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    buffer_u8(&buffer, 0xFE);
    buffer_u32(&buffer, 0x01020304);
    buffer_u64(&buffer, UINT64_C(0x0102030405060708));
    buffer_span(&buffer, span_text("passport office"));
    buffer_span(&buffer, (struct span){NULL, 0});
    buffer_text(&buffer, "%s=%d", "n", 12);
    assert_false(buffer.overflow);
    assert_memory_equal(buffer.data, "\xFE\x04\x03\x02\x01\x08\x07\x06\x05\x04\x03\x02\x01\x1Epassport", 22);

    struct cursor cursor = cursor_over(buffer_as_span(&buffer));
    assert_int_equal(cursor_u8(&cursor), 0xFE);
    assert_int_equal(cursor_u32(&cursor), 0x01020304);
    assert_int_equal(cursor_u64(&cursor), UINT64_C(0x0102030405060708));
    assert_true(span_equal(cursor_span(&cursor), span_text("passport office")));
    assert_int_equal(cursor_span(&cursor).size, 0);
    assert_true(span_equal(cursor_bytes(&cursor, 4), span_text("n=12")));
    assert_int_equal(cursor_left(&cursor), 0);
    assert_false(cursor.broken);
    buffer_done(&buffer);
}

static void a_broken_cursor_stays_broken(void **state)
{
    (void)state;
    struct cursor cursor = cursor_over(BYTES("\x01\x02\x03"));
    assert_int_equal(cursor_u32(&cursor), 0);
    assert_true(cursor.broken);
    assert_int_equal(cursor_u8(&cursor), 0);
    assert_int_equal(cursor_bytes(&cursor, 1).size, 0);

    cursor = cursor_over(BYTES("\x01"
                               "abc")); /* a length of minus one */
    assert_int_equal(cursor_span(&cursor).size, 0);
    assert_true(cursor.broken);
    cursor = cursor_over(BYTES("\x08"
                               "abc")); /* one byte short */
    assert_int_equal(cursor_span(&cursor).size, 0);
    assert_true(cursor.broken);
    cursor = cursor_over((struct span){NULL, 0});
    assert_int_equal(cursor_varint(&cursor), 0);
    assert_true(cursor.broken);
}

static void a_buffer_grows_to_its_ceiling_and_no_further(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    assert_non_null(buffer_reserve(&buffer, 0));
    for (int i = 0; i < 1000; i++) {
        buffer_u8(&buffer, (uint8_t)i);
        assert_true(buffer.capacity <= 1000);
    }
    assert_int_equal(buffer.size, 1000);
    assert_false(buffer.overflow);
    buffer_u8(&buffer, 1);
    assert_true(buffer.overflow);
    assert_int_equal(buffer.size, 1000);

    buffer_clear(&buffer);
    assert_false(buffer.overflow);
    assert_null(buffer_reserve(&buffer, SIZE_MAX));
    assert_true(buffer.overflow);
    buffer_u8(&buffer, 1); /* sticky, though it would fit */
    assert_int_equal(buffer.size, 0);
    buffer_done(&buffer);
    buffer_done(&buffer);
}

static void text_may_end_exactly_at_the_ceiling(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 5);
    buffer_text(&buffer, "%s", "12345");
    assert_false(buffer.overflow);
    assert_true(span_equal(buffer_as_span(&buffer), span_text("12345")));
    buffer_text(&buffer, "%s", "");
    assert_false(buffer.overflow);
    buffer_varint(&buffer, 1);
    assert_true(buffer.overflow);
    buffer_clear(&buffer);
    buffer_text(&buffer, "%s", "123456");
    assert_true(buffer.overflow);
    assert_int_equal(buffer.size, 0);
    buffer_done(&buffer);
}

static const struct {
    const char *text;
    const char *text_ms;
    int64_t us;
} moments[] = {
    {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z", 0},
    {"2026-11-22T09:30:00Z", "2026-11-22T09:30:00.123Z", INT64_C(1795339800123999)},
    {"2028-02-29T23:59:59Z", "2028-02-29T23:59:59.999Z", INT64_C(1835481599999999)},
    {"1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999Z", -1},
};

static void times_are_written_as_iso_8601(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(moments); row++) {
        char text[CLOCK_TEXT_SIZE];
        assert_string_equal(clock_format((struct event_time){moments[row].us}, false, text), moments[row].text);
        assert_string_equal(clock_format((struct event_time){moments[row].us}, true, text), moments[row].text_ms);
    }
    char text[CLOCK_TEXT_SIZE];
    assert_true(strlen(clock_format((struct event_time){INT64_MIN}, true, text)) < sizeof text);
    assert_true(strlen(clock_format((struct event_time){INT64_MAX}, true, text)) < sizeof text);
    assert_int_equal(time_floor(-1, US_PER_MINUTE), -1);
    assert_int_equal(time_floor(-US_PER_MINUTE, US_PER_MINUTE), -1);
    assert_int_equal(time_floor(US_PER_MINUTE - 1, US_PER_MINUTE), 0);
    assert_true(system_clock.wall(&system_clock).us > moments[0].us + 50 * 365 * US_PER_DAY);
    assert_true(system_clock.mono(&system_clock).us <= system_clock.mono(&system_clock).us);
}

static const struct {
    struct span key;
    int32_t hash;     /* org.apache.kafka.common.utils.UtilsTest.testMurmur2; the empty key: librdkafka's own test */
    int32_t of_seven; /* (hash & 0x7fffffff) mod 7 */
} murmurs[] = {
    {BYTES("21"), -973932308, 3},
    {BYTES("foobar"), -790332482, 0},
    {BYTES("a-little-bit-long-string"), -985981536, 1161502112 % 7},
    {BYTES("a-little-bit-longer-string"), -1486304829, 661178819 % 7},
    {BYTES("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971, 2088585677 % 7},
    {BYTES("abc"), 479470107, 4},
    {BYTES(""), 275646681, 2},
};

static void murmur2_is_kafkas(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(murmurs); row++) {
        assert_int_equal(murmur2(murmurs[row].key), (uint32_t)murmurs[row].hash);
        assert_int_equal(partition_of(murmurs[row].key, 7), murmurs[row].of_seven);
    }
}

static const struct {
    const char *schema;
    int64_t fingerprint; /* share/test/data/schema-tests.txt of Avro 1.11 */
} fingerprints[] = {
    {"\"null\"", INT64_C(7195948357588979594)},    {"\"boolean\"", INT64_C(-6970731678124411036)},
    {"\"int\"", INT64_C(8247732601305521295)},     {"\"long\"", INT64_C(-3434872931120570953)},
    {"\"string\"", INT64_C(-8142146995180207161)}, {"\"bytes\"", INT64_C(5746618253357095269)},
};

static void fingerprints_are_avros(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(fingerprints); row++) {
        assert_int_equal(crc64_avro(span_text(fingerprints[row].schema)), (uint64_t)fingerprints[row].fingerprint);
    }
    assert_int_equal(crc64_avro((struct span){NULL, 0}), UINT64_C(0xc15d213aa4d7a795));
}

static void hash64_is_xxh3(void **state)
{
    (void)state;
    assert_int_equal(hash64((struct span){NULL, 0}, 0), UINT64_C(0x2D06800538D394C2)); /* xxhash's own sanity test */
    assert_int_not_equal(hash64(span_text("a"), 0), hash64(span_text("a"), 1));
    assert_int_not_equal(hash64(span_text("a"), 0), hash64(span_text("b"), 0));
}

/* What is written for a number, alone. */
static const char *real_text(double value, char text[64])
{
    struct buffer out;
    buffer_init(&out, 64);
    struct jout jout = {.out = &out};
    jout_real(&jout, value);
    snprintf(text, 64, "%.*s", (int)out.size, (const char *)out.data);
    buffer_done(&out);
    return text;
}

static const struct {
    double value;
    const char *text;
} reals[] = {
    {0, "0"},
    {-0.0, "-0"},
    {1, "1"},
    {-1, "-1"},
    {0.5, "0.5"},
    {0.875, "0.875"},
    {12.34, "12.34"},
    {100, "100"},
    {-100.05, "-100.05"},
    {0.1, "0.1"},
    {1.0 / 3, "0.3333333333"},
    {2.0 / 3, "0.6666666667"},
    {0.0001, "0.0001"},
    {0.00099999999999, "0.001"},
    {0.99999999999, "1"},
    {9.9999999999, "10"},
    {9.99999999, "9.99999999"},
    {99999.99999, "99999.99999"},
    {123456.789012, "123456.789"},
    {999999999, "999999999"},
    {999999998.7, "999999998.7"},
    {999999999.97, "1000000000"},
    {1e9, "1000000000"},
    {1e15, "1e+15"},
    {0.00001, "1e-05"},
    {(double)INFINITY, "null"},
    {(double)NAN, "null"},
};

static void numbers_are_written_with_ten_digits(void **state)
{
    (void)state;
    char text[64], expected[64];
    for (size_t row = 0; row < COUNT(reals); row++) {
        assert_string_equal(real_text(reals[row].value, text), reals[row].text);
    }
    struct seeded random = {1};
    for (unsigned i = 0; i < 200000; i++) { /* as the C library does, but for one in the tenth digit */
        double value = (seeded_unit(&random) - 0.5) * pow(10, (double)seeded_between(&random, -7, 12));
        snprintf(expected, sizeof expected, "%.10g", value);
        double unit = pow(10, floor(log10(fabs(value))) - 9);
        double written = strtod(real_text(value, text), NULL);
        if (fabs(written - strtod(expected, NULL)) > unit * 1.001 || fabs(written - value) > unit * 0.501 ||
            strlen(text) > strlen(expected) + 1) {
            fail_msg("%.17g: %s, and should be %s", value, text, expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_a_word_of_its_own),
        cmocka_unit_test(a_reason_is_filled_and_cut),
        cmocka_unit_test(try_hands_on_all_but_done),
        cmocka_unit_test(text_is_told_from_bytes),
        cmocka_unit_test(text_is_what_jansson_takes_for_text),
        cmocka_unit_test(varints_are_avros),
        cmocka_unit_test(a_varint_that_does_not_fit_breaks_the_cursor),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(a_broken_cursor_stays_broken),
        cmocka_unit_test(a_buffer_grows_to_its_ceiling_and_no_further),
        cmocka_unit_test(text_may_end_exactly_at_the_ceiling),
        cmocka_unit_test(times_are_written_as_iso_8601),
        cmocka_unit_test(murmur2_is_kafkas),
        cmocka_unit_test(fingerprints_are_avros),
        cmocka_unit_test(hash64_is_xxh3),
        cmocka_unit_test(numbers_are_written_with_ten_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
