/* test_import_run.c - the order that rows are sent in, and whole imports, without Kafka. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "import_run.h"
#include "seeded.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define NOW         INT64_C(1795339800000000) /* 2026-11-22T09:30:00Z */

/* ---- the order to send in ---- */

static void sorts_by_time(void **state)
{
    (void)state;
    struct seeded seeded = {7};
    struct order order;
    order_init(&order, 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        struct order_row row = {seeded_between(&seeded, -50, 50), seeded_between(&seeded, 0, 9), i, i % 3};
        order_add(&order, &row);
    }
    assert_true(order_sort(&order));
    for (size_t i = 1; i < order.kept; i++) {
        const struct order_row *a = &order.rows[i - 1];
        const struct order_row *b = &order.rows[i];
        assert_true(a->us < b->us ||
                    (a->us == b->us && (a->file < b->file || (a->file == b->file && a->offset <= b->offset))));
    }
    struct order_row more = {-99, 0, 0, 0};
    order_add(&order, &more);
    assert_false(order_sort(&order));
    assert_int_equal(order.kept, 0);
    assert_int_equal(order.count, 1001);
    assert_int_equal(order.first_us, -99);
    assert_int_equal(order.last_us, 50);
    order_done(&order);
}

/* ---- whole imports ---- */

static struct event_time wall_now(const struct clock *self)
{
    (void)self;
    return (struct event_time){NOW};
}
static struct mono_time mono_now(const struct clock *self)
{
    (void)self;
    return (struct mono_time){1};
}
static const struct clock still = {wall_now, mono_now};
static const struct config topics = {.topic_web = "w", .topic_phone = "p", .topic_office = "o", .topic_chat = "c"};

/* Runs a dry import; what it told on stderr goes to told, its JSON end is returned. */
static json_t *import(const char *mapping_path, const char *path, bool rebases, size_t limit, size_t rows_max,
                      char *told, size_t told_size)
{
    struct mapping *mapping = NULL;
    struct problems problems;
    struct report report;
    struct reason why = {0};
    struct import_run run = {.files = {path},
                             .file_count = 1,
                             .limit = limit,
                             .rebases = rebases,
                             .rows_max = rows_max,
                             .report = &report,
                             .clock = &still};
    problems_init(&problems);
    report_init(&report, false, (struct mono_time){1});
    assert_int_equal(mapping_open(mapping_path, &mapping, &problems), DONE);
    assert_int_equal(reader_open(path, FORMAT_CSV, mapping, &run.readers[0], &problems), DONE);
    assert_int_equal(sender_open(&topics, NULL, true, &report, &run.sender, &why), DONE);
    run.mapping = mapping;
    FILE *capture = tmpfile();
    int terminal = dup(STDERR_FILENO);
    dup2(fileno(capture), STDERR_FILENO);
    enum outcome outcome = import_run(&run, &why);
    report_close(&report);
    fflush(stderr);
    dup2(terminal, STDERR_FILENO);
    close(terminal);
    assert_int_equal(outcome, DONE);
    rewind(capture);
    told[fread(told, 1, told_size - 1, capture)] = '\0';
    fclose(capture);
    struct buffer out;
    const char *names[CHANNELS];
    writer_topics(&topics, names);
    struct report_end end = {names, run.by_time ? "time" : "file", true, rebases, true};
    buffer_init(&out, 65536);
    report_json(&report, &end, &out);
    json_t *json = json_loadb((const char *)out.data, out.size, 0, NULL);
    assert_non_null(json);
    buffer_done(&out);
    sender_close(run.sender);
    reader_close(run.readers[0]);
    mapping_close(mapping);
    problems_done(&problems);
    return json;
}

static int64_t number_at(const json_t *json, const char *object, const char *key)
{
    const json_t *inner = object ? json_object_get(json, object) : json;
    return json_integer_value(json_object_get(inner, key));
}

static void project_path(char path[4096], const char *rest)
{
    snprintf(path, 4096, "%s/%s", getenv("SLIPSTREAM_SOURCE"), rest);
}

/* The counts are tests/fixtures/README.md's, computed by another program. */
static void imports_the_excerpt(void **state)
{
    (void)state;
    static const char *const told_parts[] = {
        "csv:22: ends_before_start: resolution_seconds: the column closed is before opened\n",
        "csv:31: missing_field: agency is empty\n",
        "csv:61: bad_time: occurred_at: not a time",
        "csv:91: missing_field: service is empty\n",
        "csv:101: bad_row: 9 columns, where the header has 10\n",
        "csv:40: bad_duration: resolution_seconds is over 400 days\n",
        "csv:15: unknown_channel: channel: the map has no such value\n",
        "\nand 5 more rejected rows\n",
    };
    static const struct {
        const char *name;
        bool rebases;
        size_t rows_max;
        const char *order;
    } ways[] = {{"by time", true, 1000, "time"}, {"too many to sort", true, 50, "file"}};
    char mapping[4096];
    char path[4096];
    char told[8192];
    project_path(mapping, "deploy/mappings/311.yaml");
    project_path(path, "tests/fixtures/events-311-excerpt.csv");
    for (size_t i = 0; i < COUNT(ways); i++) {
        json_t *end = import(mapping, path, ways[i].rebases, SIZE_MAX, ways[i].rows_max, told, sizeof told);
        assert_int_equal(number_at(end, NULL, "rows"), 120);
        assert_int_equal(number_at(end, NULL, "sent"), 95);
        assert_int_equal(number_at(end, NULL, "rejected"), 25);
        assert_int_equal(number_at(end, "topics", "w"), 33);
        assert_int_equal(number_at(end, "topics", "p"), 60);
        assert_int_equal(number_at(end, "topics", "c"), 2);
        assert_int_equal(number_at(end, "reasons", "unknown_channel"), 10);
        assert_int_equal(number_at(end, "reasons", "ends_before_start"), 7);
        assert_int_equal(number_at(end, "reasons", "bad_duration"), 4);
        assert_int_equal(number_at(end, "reasons", "missing_field"), 2);
        assert_string_equal(json_string_value(json_object_get(end, "order")), ways[i].order);
        assert_string_equal(json_string_value(json_object_get(end, "last")), "2026-11-22T09:30:00Z");
        assert_string_equal(json_string_value(json_object_get(end, "first")), "2026-09-23T09:30:00Z");
        for (size_t p = 0; p < COUNT(told_parts); p++) {
            if (!strstr(told, told_parts[p])) {
                fail_msg("%s: no \"%s\" in\n%s", ways[i].name, told_parts[p], told);
            }
        }
        json_decref(end);
    }
}

static void imports_as_much_as_it_may(void **state)
{
    (void)state;
    char mapping[4096];
    char path[4096];
    char told[8192];
    project_path(mapping, "deploy/mappings/311.yaml");
    project_path(path, "tests/fixtures/events-311-excerpt.csv");
    json_t *end = import(mapping, path, true, 30, 1000, told, sizeof told);
    assert_int_equal(number_at(end, NULL, "rows"), 30);
    assert_int_equal(number_at(end, NULL, "sent"), 22);
    json_decref(end);
    end = import(mapping, path, false, SIZE_MAX, 1000, told, sizeof told); /* all of it is years old */
    assert_int_equal(number_at(end, NULL, "sent"), 0);
    assert_int_equal(number_at(end, "reasons", "too_late"), 95);
    assert_true(json_is_null(json_object_get(end, "first")));
    json_decref(end);
}

static void imports_the_whole_file(void **state)
{
    (void)state;
    char mapping[4096];
    char path[4096];
    char told[8192];
    project_path(mapping, "deploy/mappings/311.yaml");
    project_path(path, "../shared/data/events-311-trimmed.csv");
    if (access(path, R_OK) != 0) {
        print_message("the 12,000 rows are not here: the excerpt has to do\n");
        skip();
    }
    json_t *end = import(mapping, path, true, SIZE_MAX, ORDER_ROWS_MAX, told, sizeof told);
    assert_int_equal(number_at(end, NULL, "rows"), 12000);
    assert_int_equal(number_at(end, NULL, "sent"), 11034);
    assert_int_equal(number_at(end, "reasons", "ends_before_start"), 139);
    assert_int_equal(number_at(end, "reasons", "unknown_channel"), 652);
    assert_int_equal(number_at(end, "reasons", "bad_duration"), 175);
    assert_non_null(strstr(told, "csv:500: bad_duration: ")); /* the first of a reason is shown, whatever came before */
    assert_non_null(strstr(told, ": ends_before_start: "));
    assert_non_null(strstr(told, "\nand 944 more rejected rows\n"));
    assert_int_equal(number_at(end, "topics", "p"), 7444);
    assert_int_equal(number_at(end, "topics", "w"), 3457);
    assert_int_equal(number_at(end, "topics", "c"), 133);
    json_decref(end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_by_time),
        cmocka_unit_test(imports_the_excerpt),
        cmocka_unit_test(imports_as_much_as_it_may),
        cmocka_unit_test(imports_the_whole_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
