/* test_log.c - lines as they reach the descriptor, a pipe here. Oracles: lines written out by hand, and jansson. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "slipstream/base.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

struct test_clock {
    struct clock clock; /* first */
    int64_t us;
};

static struct event_time test_wall(const struct clock *clock)
{
    return (struct event_time){INT64_C(1795339800123000) + ((const struct test_clock *)clock)->us};
}

static struct mono_time test_mono(const struct clock *clock)
{
    return (struct mono_time){((const struct test_clock *)clock)->us};
}

struct fixture {
    struct log *log;
    struct test_clock clock;
    int ends[2];
    char text[1 << 16];
};

static void fixture_open(struct fixture *self, enum log_level level, enum log_format format)
{
    *self = (struct fixture){.clock = {{test_wall, test_mono}, 0}};
    assert_int_equal(pipe2(self->ends, O_NONBLOCK), 0);
    self->log = log_open(level, format, self->ends[1]);
    assert_non_null(self->log);
    log_set_clock(self->log, &self->clock.clock);
}

static void fixture_close(struct fixture *self)
{
    log_close(self->log);
    close(self->ends[0]);
    close(self->ends[1]);
}

/* Everything written since the last call, and how many lines it is. */
static size_t fixture_read(struct fixture *self)
{
    ssize_t size = read(self->ends[0], self->text, sizeof self->text - 1);
    self->text[size > 0 ? size : 0] = '\0';
    size_t lines = 0;
    for (const char *at = self->text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    return lines;
}

static const struct {
    const char *name;
    struct log_pair pair;
    const char *logfmt;
    const char *json;
} pairs[] = {
    {"bare", {"topic", LOG_PAIR_TEXT, {.text = "cx.signals"}}, "topic=cx.signals", "\"topic\":\"cx.signals\""},
    {"integer", {"partition", LOG_PAIR_INTEGER, {.integer = -3}}, "partition=-3", "\"partition\":-3"},
    {"least", {"n", LOG_PAIR_INTEGER, {.integer = INT64_MIN}}, "n=-9223372036854775808", "\"n\":-9223372036854775808"},
    {"real", {"took_s", LOG_PAIR_REAL, {.real = 0.25}}, "took_s=0.25", "\"took_s\":0.25"},
    {"infinite", {"took_s", LOG_PAIR_REAL, {.real = (double)INFINITY}}, "took_s=inf", "\"took_s\":null"},
    {"no text", {"topic", LOG_PAIR_TEXT, {.text = NULL}}, "topic=\"\"", "\"topic\":\"\""},
    {"empty span", {"topic", LOG_PAIR_SPAN, {.span = {NULL, 0}}}, "topic=\"\"", "\"topic\":\"\""},
    {"spaces", {"error", LOG_PAIR_TEXT, {.text = "timed out"}}, "error=\"timed out\"", "\"error\":\"timed out\""},
    {"equals", {"error", LOG_PAIR_TEXT, {.text = "a=b"}}, "error=\"a=b\"", "\"error\":\"a=b\""},
    {"quote", {"e", LOG_PAIR_TEXT, {.text = "say \"no\""}}, "e=\"say \\\"no\\\"\"", "\"e\":\"say \\\"no\\\"\""},
    {"backslash", {"e", LOG_PAIR_TEXT, {.text = "a\\b"}}, "e=\"a\\\\b\"", "\"e\":\"a\\\\b\""},
    {"a line of one's own",
     {"e", LOG_PAIR_TEXT, {.text = "x\nlevel=error\t"}},
     "e=\"x\\nlevel=error\\t\"",
     "\"e\":\"x\\nlevel=error\\t\""},
    {"terminal escape",
     {"e", LOG_PAIR_TEXT, {.text = "\x1b[2J\x7f"}},
     "e=\"\\x1b[2J\\x7f\"",
     "\"e\":\"\\\\x1b[2J\\\\x7f\""},
    {"the escape of C1", {"e", LOG_PAIR_TEXT, {.text = "\xC2\x9B"}}, "e=\"\\xc2\\x9b\"", "\"e\":\"\\\\xc2\\\\x9b\""},
    {"NUL in a span",
     {"e", LOG_PAIR_SPAN, {.span = {(const uint8_t *)"a\0b", 3}}},
     "e=\"a\\x00b\"",
     "\"e\":\"a\\\\x00b\""},
    {"UTF-8", {"e", LOG_PAIR_TEXT, {.text = "caf\xC3\xA9"}}, "e=\"caf\xC3\xA9\"", "\"e\":\"caf\xC3\xA9\""},
    {"not UTF-8", {"e", LOG_PAIR_TEXT, {.text = "a\xFF\xC3"}}, "e=\"a\\xff\\xc3\"", "\"e\":\"a\\\\xff\\\\xc3\""},
};

static void a_line_is_logfmt(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(pairs); row++) {
        struct fixture fixture;
        fixture_open(&fixture, LOG_INFO, LOG_LOGFMT);
        log_write(fixture.log, LOG_WARN, "score", "task_claimed", &pairs[row].pair, 1);
        char expected[256];
        snprintf(expected, sizeof expected,
                 "ts=2026-11-22T09:30:00.123Z level=warn msg=task_claimed component=score %s\n", pairs[row].logfmt);
        assert_int_equal(fixture_read(&fixture), 1);
        assert_string_equal(fixture.text, expected);
        fixture_close(&fixture);
    }
}

static void a_line_is_json(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(pairs); row++) {
        struct fixture fixture;
        fixture_open(&fixture, LOG_INFO, LOG_JSON);
        log_write(fixture.log, LOG_INFO, "score", "task_claimed", &pairs[row].pair, 1);
        char expected[256];
        snprintf(expected, sizeof expected,
                 "{\"ts\":\"2026-11-22T09:30:00.123Z\",\"level\":\"info\",\"msg\":\"task_claimed\","
                 "\"component\":\"score\",%s}\n",
                 pairs[row].json);
        assert_int_equal(fixture_read(&fixture), 1);
        assert_string_equal(fixture.text, expected);
        json_t *line = json_loads(fixture.text, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(line);
        json_decref(line);
        fixture_close(&fixture);
    }
}

static void the_macro_takes_any_number_of_pairs(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, LOG_INFO, LOG_LOGFMT);
    struct reason why;
    (void)FAIL(&why, RETRY, REASON_UNAVAILABLE, "timed out");
    LOG(fixture.log, LOG_INFO, "main", "started");
    LOG(fixture.log, LOG_INFO, "score", "apply_failed", LOG_INT("partition", 3), LOG_REASON(&why));
    LOG(NULL, LOG_INFO, "main", "started");
    assert_int_equal(fixture_read(&fixture), 2);
    assert_string_equal(fixture.text,
                        "ts=2026-11-22T09:30:00.123Z level=info msg=started component=main\n"
                        "ts=2026-11-22T09:30:00.123Z level=info msg=apply_failed component=score partition=3 "
                        "reason=unavailable error=\"timed out\"\n");
    fixture_close(&fixture);
}

static void a_line_is_repeated_once_in_ten_seconds(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, LOG_INFO, LOG_LOGFMT);
    for (int i = 0; i < 8; i++) {
        LOG(fixture.log, LOG_WARN, "intake", "record_refused", LOG_TEXT("reason", "bad_enum"));
        fixture.clock.us += US_PER_SECOND;
    }
    assert_int_equal(fixture_read(&fixture), 1);
    assert_null(strstr(fixture.text, "count="));
    fixture.clock.us = 10 * US_PER_SECOND - 1;
    LOG(fixture.log, LOG_WARN, "intake", "record_refused", LOG_TEXT("reason", "bad_enum"));
    assert_int_equal(fixture_read(&fixture), 0);
    fixture.clock.us = 10 * US_PER_SECOND;
    LOG(fixture.log, LOG_WARN, "intake", "record_refused", LOG_TEXT("reason", "bad_enum"));
    assert_int_equal(fixture_read(&fixture), 1);
    assert_non_null(strstr(fixture.text, " reason=bad_enum count=8\n"));
    fixture.clock.us = 30 * US_PER_SECOND;
    LOG(fixture.log, LOG_WARN, "intake", "record_refused", LOG_TEXT("reason", "bad_enum"));
    assert_int_equal(fixture_read(&fixture), 1);
    assert_null(strstr(fixture.text, "count="));
    assert_int_equal(log_count(fixture.log, LOG_WARN), 11);
    assert_int_equal(log_count(fixture.log, LOG_ERROR), 0);
    fixture_close(&fixture);
}

static void other_lines_are_not_held_back(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, LOG_DEBUG, LOG_LOGFMT);
    LOG(fixture.log, LOG_WARN, "intake", "record_refused", LOG_TEXT("reason", "bad_enum"));
    LOG(fixture.log, LOG_WARN, "intake", "record_refused", LOG_TEXT("reason", "bad_utf8"));
    LOG(fixture.log, LOG_WARN, "score", "record_refused", LOG_TEXT("reason", "bad_enum"));
    LOG(fixture.log, LOG_INFO, "intake", "record_refused", LOG_TEXT("reason", "bad_enum"));
    LOG(fixture.log, LOG_WARN, "intake", "record_lost", LOG_TEXT("reason", "bad_enum"));
    assert_int_equal(fixture_read(&fixture), 5);
    LOG(fixture.log, LOG_WARN, "intake", "record_lost", LOG_TEXT("reason", "bad_enum"), LOG_INT("offset", 2));
    assert_int_equal(fixture_read(&fixture), 0);
    LOG(fixture.log, LOG_DEBUG, "intake", "turn");
    LOG(fixture.log, LOG_DEBUG, "intake", "turn");
    assert_int_equal(fixture_read(&fixture), 2);
    fixture_close(&fixture);
}

/* More events than the table holds: all of them come through, and it stays what it is. */
static void a_flood_of_names_is_bounded(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, LOG_INFO, LOG_LOGFMT);
    size_t lines = 0;
    for (int i = 0; i < 5000; i++) {
        char name[32];
        snprintf(name, sizeof name, "event_%d", i);
        fixture.clock.us++;
        LOG(fixture.log, LOG_INFO, "main", name);
        lines += fixture_read(&fixture);
    }
    assert_int_equal(lines, 5000);
    fixture_close(&fixture);
}

static void the_level_decides(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, LOG_WARN, LOG_LOGFMT);
    LOG(fixture.log, LOG_INFO, "main", "started");
    assert_int_equal(fixture_read(&fixture), 0);
    assert_int_equal(log_count(fixture.log, LOG_INFO), 0);
    log_set_level(fixture.log, LOG_INFO);
    LOG(fixture.log, LOG_INFO, "main", "started");
    assert_int_equal(fixture_read(&fixture), 1);
    assert_int_equal(log_count(fixture.log, LOG_INFO), 1);
    assert_string_equal(log_level_word(LOG_ERROR), "error");
    fixture_close(&fixture);
}

static void a_long_line_is_cut_and_says_so(void **state)
{
    (void)state;
    static const char *const fillers[] = {"a", "\xE2\x82\xAC", "\"", "\x01", "\xFF", "\xC2\x80"};
    for (size_t filler = 0; filler < COUNT(fillers); filler++) {
        for (size_t before = 0; before < 12; before++) { /* so that the cut falls on every byte of an escape */
            char text[6001];
            memset(text, 'x', sizeof text);
            for (size_t at = before; at + strlen(fillers[filler]) < sizeof text; at += strlen(fillers[filler])) {
                memcpy(text + at, fillers[filler], strlen(fillers[filler]));
            }
            text[6000] = '\0';
            for (int format = LOG_LOGFMT; format <= LOG_JSON; format++) {
                struct fixture fixture;
                fixture_open(&fixture, LOG_INFO, (enum log_format)format);
                LOG(fixture.log, LOG_INFO, "main", "long", LOG_TEXT("error", text), LOG_INT("after", 1));
                assert_int_equal(fixture_read(&fixture), 1);
                assert_in_range(strlen(fixture.text), 4000, 4096);
                assert_true(span_is_text(span_text(fixture.text)));
                json_t *line = json_loads(fixture.text, JSON_REJECT_DUPLICATES, NULL);
                assert_true(format == LOG_JSON
                                ? json_is_true(json_object_get(line, "cut"))
                                : strstr(fixture.text, "\" cut=true\n") || strstr(fixture.text, "a cut=true\n"));
                json_decref(line);
                fixture_close(&fixture);
            }
        }
    }
}

#define WRITERS    4
#define LINES_EACH 100

static void *write_lines(void *argument)
{
    for (int i = 0; i < LINES_EACH; i++) {
        LOG(argument, LOG_DEBUG, "main", "turn", LOG_INT("i", i));
        LOG(argument, LOG_INFO, "main", "again", LOG_INT("i", i));
    }
    return NULL;
}

static void lines_of_several_threads_stay_whole(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, LOG_DEBUG, LOG_JSON);
    pthread_t writers[WRITERS];
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_create(&writers[i], NULL, write_lines, fixture.log), 0);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        pthread_join(writers[i], NULL);
    }
    assert_int_equal(fixture_read(&fixture), WRITERS * LINES_EACH + 1);
    for (char *line = strtok(fixture.text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        json_t *parsed = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(parsed);
        json_decref(parsed);
    }
    assert_int_equal(log_count(fixture.log, LOG_INFO), WRITERS * LINES_EACH);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_logfmt),
        cmocka_unit_test(a_line_is_json),
        cmocka_unit_test(the_macro_takes_any_number_of_pairs),
        cmocka_unit_test(a_line_is_repeated_once_in_ten_seconds),
        cmocka_unit_test(other_lines_are_not_held_back),
        cmocka_unit_test(a_flood_of_names_is_bounded),
        cmocka_unit_test(the_level_decides),
        cmocka_unit_test(a_long_line_is_cut_and_says_so),
        cmocka_unit_test(lines_of_several_threads_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
