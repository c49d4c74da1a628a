/* test_deadletter.c - `slipstream deadletter` without Kafka: which letters are meant, and what is shown of them.
 *
 * Oracles: a list sorted by brute force for the newest ones, jansson for the JSON, RFC 4648's vectors for base64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "letter_list.h"
#include "letter_text.h"
#include "seeded.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define TEXT(text)                                                                                                     \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }
#define NOW ((struct event_time){1795687200 * US_PER_SECOND}) /* 2026-11-26T10:00:00Z */

static const struct message_header headers[] = {{"trace", TEXT("HEADER-BYTES")}, {REPLAYS_HEADER, TEXT("2")}};

static struct found_letter letter_of(const char *reason, const char *topic, int64_t at_us)
{
    return (struct found_letter){
        .place = {3, 4711},
        .at = {at_us},
        .letter = {.topic = span_text(topic),
                   .partition = 1,
                   .offset = 99,
                   .timestamp_ms = 1795680000123,
                   .reason = span_text(reason),
                   .detail = span_text("ends in agency"),
                   .schema_id = 17,
                   .key = TEXT("KEY-BYTES"),
                   .value = TEXT("VALUE-BYTES\0\xff"),
                   .headers = headers,
                   .header_count = 2,
                   .version = span_text("0.1.0"),
                   .is_whole = true},
    };
}

/* ---- arguments ---- */

static void places_are_read(void **state)
{
    const struct {
        const char *text;
        bool good;
        int32_t partition;
        int64_t offset;
    } rows[] = {
        {"0:0", true, 0, 0},
        {"3:4711", true, 3, 4711},
        {"2147483647:9223372036854775807", true, INT32_MAX, INT64_MAX},
        {"2147483648:0", false, 0, 0},
        {"-1:0", false, 0, 0},
        {"0:-1", false, 0, 0},
        {"0", false, 0, 0},
        {":", false, 0, 0},
        {"0:", false, 0, 0},
        {":0", false, 0, 0},
        {"", false, 0, 0},
        {"0:1x", false, 0, 0},
        {"0:1:2", false, 0, 0},
        {"a:1", false, 0, 0},
        {"0:9223372036854775808", false, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct letter_place place = {-1, -1};
        bool good = letter_place_parse(rows[i].text, &place);
        if (good != rows[i].good ||
            (good && (place.partition != rows[i].partition || place.offset != rows[i].offset))) {
            fail_msg("\"%s\" is read as %d %d:%lld", rows[i].text, good, (int)place.partition, (long long)place.offset);
        }
    }
}

static void times_are_read(void **state)
{
    const struct {
        const char *text;
        int64_t seconds; /* since the epoch; -1: it is no time */
    } rows[] = {
        {"2026-11-26", 1795651200},
        {"2026-11-26T09:30", 1795685400},
        {"2026-11-26T09:30:10Z", 1795685410},
        {"2026-11-26T09:30:00+01:00", 1795681800},
        {"90m", 1795687200 - 5400},
        {"2d", 1795687200 - 172800},
        {"0s", 1795687200},
        {"yesterday", -1},
        {"", -1},
        {"2", -1},
        {"-2d", -1},
        {"99999999d", -1},
        {"1950-01-01", -1},
        {"2026-13-01", -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct event_time time = {0};
        struct reason why;
        enum outcome read = letter_time_parse(rows[i].text, NOW, &time, &why);
        if (read != (rows[i].seconds < 0 ? STOP : DONE) ||
            (read == DONE && time.us != rows[i].seconds * US_PER_SECOND)) {
            fail_msg("\"%s\" is read as %lld", rows[i].text, (long long)time.us);
        }
    }
}

static void reasons_must_exist(void **state)
{
    (void)state;
    struct letter_filter filter = LETTER_FILTER_ALL;
    struct reason why;
    assert_int_equal(letter_filter_reasons(&filter, "bad_enum", &why), DONE);
    assert_int_equal(letter_filter_reasons(&filter, "bad_enum, too_late", &why), DONE);
    assert_int_equal(letter_filter_reasons(&filter, "bad_enum,bad_weather", &why), STOP);
    assert_non_null(strstr(why.text, "\"bad_weather\""));
    assert_int_equal(letter_filter_reasons(&filter, "", &why), STOP);
    assert_int_equal(letter_filter_reasons(&filter, "bad_enum,", &why), STOP);
    assert_string_equal(filter.reasons, "bad_enum, too_late"); /* what is refused changes nothing */
}

/* ---- the filter ---- */

static void the_filter_wants_what_was_asked_for(void **state)
{
    const int64_t at = NOW.us;
    const struct {
        const char *name;
        struct letter_filter filter;
        bool is_replayed, wanted;
    } rows[] = {
        {"everything", {.until = {INT64_MAX}}, false, true},
        {"everything, replayed", {.until = {INT64_MAX}}, true, true},
        {"its reason", {.until = {INT64_MAX}, .reasons = "bad_enum"}, false, true},
        {"one of them", {.until = {INT64_MAX}, .reasons = "truncated , bad_enum"}, false, true},
        {"another", {.until = {INT64_MAX}, .reasons = "truncated"}, false, false},
        {"the start of its reason", {.until = {INT64_MAX}, .reasons = "bad"}, false, false},
        {"its topic", {.until = {INT64_MAX}, .topics = "a,interactions.web"}, false, true},
        {"another topic", {.until = {INT64_MAX}, .topics = "interactions"}, false, false},
        {"since then", {.until = {INT64_MAX}, .since = {at}}, false, true},
        {"since later", {.until = {INT64_MAX}, .since = {at + 1}}, false, false},
        {"until then", {.until = {at}}, false, false},
        {"until later", {.until = {at + 1}}, false, true},
        {"its place", {.until = {INT64_MAX}, .places = {{0, 1}, {3, 4711}}, .place_count = 2}, false, true},
        {"another place", {.until = {INT64_MAX}, .places = {{3, 4710}, {4, 4711}}, .place_count = 2}, false, false},
        {"pending", {.until = {INT64_MAX}, .pending = true}, false, true},
        {"pending, replayed", {.until = {INT64_MAX}, .pending = true}, true, false},
        {"all but one",
         {.until = {at}, .since = {at - 1}, .reasons = "bad_enum", .topics = "interactions.web"},
         false,
         false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct found_letter found = letter_of("bad_enum", "interactions.web", at);
        found.is_replayed = rows[i].is_replayed;
        if (letter_filter_wants(&rows[i].filter, &found) != rows[i].wanted) {
            fail_msg("%s", rows[i].name);
        }
    }
}

/* ---- what is shown ---- */

static bool holds(const struct buffer *text, const char *what)
{
    return memmem(text->data, text->size, what, strlen(what)) != NULL;
}

static void payloads_are_hidden_until_revealed(void **state)
{
    static const char *const payloads[] = {"KEY-BYTES", "VALUE-BYTES", "HEADER-BYTES"};
    (void)state;
    struct found_letter found = letter_of("bad_enum", "interactions.web", NOW.us);
    for (unsigned reveal = 0; reveal < 2; reveal++) {
        struct buffer text;
        buffer_init(&text, 1 << 16);
        letter_text(&found, reveal, &text);
        for (size_t i = 0; i < COUNT(payloads); i++) {
            assert_int_equal(holds(&text, payloads[i]), reveal);
        }
        static const char *const facts[] = {"3:4711",
                                            "interactions.web 1:99",
                                            "bad_enum",
                                            "ends in agency",
                                            "trace",
                                            "17",
                                            "2026-11-26T10:00:00.000Z",
                                            "2026-11-26T08:00:00.123Z",
                                            "0.1.0",
                                            "13 bytes",
                                            "no, 2 before"};
        for (size_t i = 0; i < COUNT(facts); i++) {
            if (!holds(&text, facts[i])) {
                fail_msg("%s is missing", facts[i]);
            }
        }
        assert_true(holds(&text, reason_advice(REASON_BAD_ENUM)));
        buffer_done(&text);
    }
}

static const char *json_word(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void json_says_the_same(void **state)
{
    (void)state;
    struct found_letter found = letter_of("bad_enum", "interactions.web", NOW.us);
    for (unsigned reveal = 0; reveal < 2; reveal++) {
        struct buffer text;
        buffer_init(&text, 1 << 16);
        struct jout json = jout_into(&text);
        letter_json(&found, reveal, &json);
        json_t *read = json_loadb((const char *)text.data, text.size, 0, NULL);
        assert_non_null(read);
        assert_string_equal(json_word(read, "letter"), "3:4711");
        assert_string_equal(json_word(read, "reason"), "bad_enum");
        assert_int_equal(json_integer_value(json_object_get(read, "schema_id")), 17);
        assert_int_equal(json_integer_value(json_object_get(read, "replays")), 2);
        assert_int_equal(json_integer_value(json_object_get(read, "value_bytes")), 13);
        assert_int_equal(json_object_get(read, "value") != NULL, reveal);
        const json_t *header = json_array_get(json_object_get(read, "headers"), 0);
        assert_int_equal(json_object_get(header, "value") != NULL, reveal);
        if (reveal) { /* printf 'VALUE-BYTES\0\377' | base64 */
            assert_string_equal(json_word(read, "value"), "VkFMVUUtQllURVMA/w==");
            assert_string_equal(json_word(header, "value"), "SEVBREVSLUJZVEVT");
        }
        json_decref(read);
        buffer_done(&text);
    }
}

/* A terminal takes no orders from a topic's name or a detail. */
static void foreign_text_is_made_harmless(void **state)
{
    (void)state;
    struct found_letter found = letter_of("bad\x1b[31m", "web\nfake line \xc2\x9b\xff", NOW.us);
    found.letter.detail = span_text("f\xc3\xbcr \x1b]0;title\x07 \xc2\x9bK");
    struct buffer text;
    buffer_init(&text, 1 << 16);
    letter_line(&found, &text);
    letter_text(&found, true, &text);
    struct jout json = jout_into(&text);
    letter_json(&found, true, &json);
    for (size_t i = 0; i < text.size; i++) {
        assert_true(text.data[i] == '\n' || text.data[i] >= 0x20);
        assert_true(text.data[i] != 0x7f && !(text.data[i] == 0xc2 && text.data[i + 1] < 0xa0));
    }
    assert_false(holds(&text, "\nfake line"));
    assert_true(holds(&text, "f\xc3\xbcr ?]0;title? ?K"));
    buffer_done(&text);
}

static void base64_is_rfc_4648(void **state)
{
    static const char *const rows[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"},
                                          {"\xfb\xff\xfe", "+//+"}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer out;
        buffer_init(&out, 1 << 10);
        put_base64(&out, span_text(rows[i][0]));
        assert_int_equal(out.size, strlen(rows[i][1]));
        assert_true(out.size == 0 || memcmp(out.data, rows[i][1], out.size) == 0);
        buffer_done(&out);
    }
}

/* ---- the list ---- */

static int descending(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? 1 : left > right ? -1 : 0;
}

/* In whatever order they come, the newest are kept, and all are counted. */
static void the_newest_are_listed(void **state)
{
    static const size_t limits[] = {0, 1, 2, 7, 100, 1000};
    (void)state;
    struct seeded random = {11};
    for (size_t l = 0; l < COUNT(limits); l++) {
        int64_t times[300];
        struct letter_list list;
        letter_list_init(&list, limits[l], true);
        for (size_t i = 0; i < COUNT(times); i++) {
            times[i] = seeded_between(&random, 0, 1000) * US_PER_SECOND;
            struct found_letter found =
                letter_of(i % 3 ? "bad_enum" : "of_a_newer_version", "interactions.web", times[i]);
            found.place.offset = (int64_t)i;
            found.is_replayed = i % 2;
            letter_list_add(&list, &found);
        }
        qsort(times, COUNT(times), sizeof *times, descending);
        struct buffer out;
        buffer_init(&out, 1 << 22);
        letter_list_write(&list, 5, &out);
        json_t *read = json_loadb((const char *)out.data, out.size, 0, NULL);
        assert_non_null(read);
        const json_t *letters = json_object_get(read, "letters");
        size_t shown = limits[l] < COUNT(times) ? limits[l] : COUNT(times);
        assert_int_equal(json_array_size(letters), shown);
        for (size_t i = 0; i < shown; i++) { /* oldest of them first */
            char text[CLOCK_TEXT_SIZE];
            assert_string_equal(json_word(json_array_get(letters, i), "since"),
                                clock_format((struct event_time){times[shown - 1 - i]}, true, text));
        }
        assert_int_equal(json_integer_value(json_object_get(read, "total")), 300);
        assert_int_equal(json_integer_value(json_object_get(read, "pending")), 150);
        assert_int_equal(json_integer_value(json_object_get(read, "unreadable")), 5);
        const json_t *other = json_object_get(json_object_get(read, "reasons"), "other");
        assert_int_equal(json_integer_value(json_object_get(other, "letters")), 100);
        json_decref(read);
        buffer_done(&out);
        letter_list_done(&list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_read),
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(reasons_must_exist),
        cmocka_unit_test(the_filter_wants_what_was_asked_for),
        cmocka_unit_test(payloads_are_hidden_until_revealed),
        cmocka_unit_test(json_says_the_same),
        cmocka_unit_test(foreign_text_is_made_harmless),
        cmocka_unit_test(base64_is_rfc_4648),
        cmocka_unit_test(the_newest_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
