/* test_scoring_names.c - the scoring file's agencies, aliases, groups, holidays, benchmarks and detection: what is
 * found by name or day, and what is wrong with them.
 *
 * Oracles: the text below with its lines and columns; a calendar's days counted by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "config_folder.h"

/* The built-in file, whose own sections of these names give way; those of a row begin on line 1. */
static void write_scoring(const char *sections)
{
    static const char *const names[] = {
        "\nbenchmarks:", "\nagencies:", "\ngroups:", "\nholidays:", "\ndetection:", "\ntargets:"};
    static char text[TEXT_MAX];
    struct span builtin = scoring_builtin();
    size_t size = (size_t)snprintf(text, sizeof text, "%s", sections);
    bool skips = false;
    for (size_t start = 0; start < builtin.size;) { /* a section goes on until the next line that begins a key */
        const char *line = (const char *)builtin.data + start;
        const char *end = memchr(line, '\n', builtin.size - start);
        size_t length = end ? (size_t)(end - line) + 1 : builtin.size - start;
        if (line[0] >= 'a' && line[0] <= 'z') {
            skips = false;
            for (size_t i = 0; i < COUNT(names); i++) {
                skips |= strncmp(line, names[i] + 1, strlen(names[i]) - 1) == 0;
            }
        }
        if (!skips) {
            memcpy(text + size, line, length);
            size += length;
        }
        start += length;
    }
    write_file("s.yaml", text, size);
}

#define RULE "  rule: {window: 7d, z: 2.5, min_n: 40, looks_to_open: 2, looks_to_close: 5}\n"

static struct scoring *load_good(const char *sections)
{
    struct scoring *scoring = NULL;
    struct problems problems;
    problems_init(&problems);
    write_scoring(sections);
    if (scoring_load("s.yaml", &scoring, &problems) != DONE) {
        fail_msg("%.*s", (int)problems.text.size, (const char *)problems.text.data);
    }
    problems_done(&problems);
    return scoring;
}

static void check_span(struct span got, const char *expected)
{
    if (!span_equal(got, span_text(expected))) {
        fail_msg("%.*s, not %s", SPAN_FORMAT(got), expected);
    }
}

static const char named[] = "agencies:\n"
                            "  only: %s\n"
                            "  list:\n"
                            "    tax: {name: Tax Administration, aliases: [TAX, revenue, \"0\"]}\n"
                            "    parks: {}\n"
                            "    ä: {aliases: [z]}\n"
                            "targets:\n" RULE;

static void names_lead_to_agencies(void **state)
{
    (void)state;
    static const struct {
        const char *said, *whose, *whose_if_only, *shown;
    } rows[] = {
        {"tax", "tax", "tax", "Tax Administration"},
        {"TAX", "tax", "tax", "Tax Administration"},
        {"revenue", "tax", "tax", "Tax Administration"},
        {"0", "tax", "tax", "Tax Administration"},
        {"parks", "parks", "parks", "parks"},
        {"z", "ä", "ä", "ä"},
        {"Tax", "Tax", "_other", "Tax"}, /* ids are opaque: case counts */
        {"ta", "ta", "_other", "ta"},
        {"taxi", "taxi", "_other", "taxi"},
        {"_other", "_other", "_other", "_other"},
    };
    for (unsigned only = 0; only < 2; only++) {
        char text[512];
        snprintf(text, sizeof text, named, only ? "true" : "false");
        struct scoring *scoring = load_good(text);
        assert_int_equal(scoring->agency_count, 3);
        for (size_t i = 0; i < COUNT(rows); i++) {
            check_span(scoring_agency_id(scoring, span_text(rows[i].said)),
                       only ? rows[i].whose_if_only : rows[i].whose);
            check_span(scoring_agency_name(scoring, span_text(rows[i].said)), rows[i].shown);
        }
        scoring_close(scoring);
    }
}

/* An agency's own entry, its group's, the one for all others: the first that there is, as a whole. */
static void targets_go_from_agency_to_group_to_all(void **state)
{
    (void)state;
    static const struct {
        const char *agency, *group;
        double cx, quality; /* −1: none */
    } rows[] = {
        {"tax", "money", 70, -1},   {"customs", "money", 65, 50}, {"parks", "green", 60, -1},
        {"woods", "green", 60, -1}, {"rivers", NULL, 60, -1},     {"own", "money", -1, 40},
    };
    struct scoring *scoring = load_good("targets:\n" RULE "  groups:\n"
                                        "    money: {cx: 65, drivers: {quality: 50}}\n"
                                        "  agencies: {tax: {cx: 70}, own: {drivers: {quality: 40}}, \"*\": {cx: 60}}\n"
                                        "groups: {money: [tax, customs, own], green: [woods, parks], none: []}\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span agency = span_text(rows[i].agency);
        const struct scoring_group *group = scoring_group_of(scoring, agency);
        double cx = scoring_target(scoring, agency, TARGET_CX);
        double quality = scoring_target(scoring, agency, TARGET_DRIVER + DRIVER_QUALITY);
        assert_int_equal(group != NULL, rows[i].group != NULL);
        if (group) {
            check_span(group->name, rows[i].group);
        }
        if ((rows[i].cx < 0 ? !isnan(cx) : cx != rows[i].cx) ||
            (rows[i].quality < 0 ? !isnan(quality) : quality != rows[i].quality)) {
            fail_msg("%s: %g, %g", rows[i].agency, cx, quality);
        }
    }
    assert_int_equal(scoring->group_count, 3);
    scoring_close(scoring);
}

static void holidays_are_days_in_utc(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t us;
        bool is;
    } rows[] = {
        {"first moment", 20812 * US_PER_DAY, true}, /* 2026-12-25: 56 years and 14 leap days after 1970, day 359 */
        {"last moment", 20813 * US_PER_DAY - 1, true},
        {"the day before", 20812 * US_PER_DAY - 1, false},
        {"the day after", 20813 * US_PER_DAY, true},
        {"two days after", 20814 * US_PER_DAY, false},
        {"a leap day", 19782 * US_PER_DAY, true}, /* 2024-02-29 */
        {"before 1970", -1, true},                /* 1969-12-31 */
        {"the epoch", 0, false},
    };
    struct scoring *scoring =
        load_good("holidays: [2026-12-26, 2026-12-25, 1969-12-31, 2024-02-29, 2026-12-25]\ntargets:\n" RULE);
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (scoring_is_holiday(scoring, (struct event_time){rows[i].us}) != rows[i].is) {
            fail_msg("%s", rows[i].name);
        }
    }
    scoring_close(scoring);
    scoring = load_good("holidays: []\ntargets:\n" RULE);
    assert_false(scoring_is_holiday(scoring, (struct event_time){20812 * US_PER_DAY}));
    scoring_close(scoring);
}

static void benchmarks_have_source_and_year(void **state)
{
    (void)state;
    struct scoring *scoring = load_good(
        "benchmarks:\n"
        "  own: {name: Last year's, value: 61.5, year: 2025, source: Annual report, subject: quick_resolution}\n"
        "  other: {name: O, value: 0, year: 1999, source: S, alert: true}\n"
        "  third: {name: T, value: 9, year: 1999, source: S, alert: false}\n"
        "  fourth: {name: F, value: 8, year: 1999, source: S, subject: quality, alert: true}\n"
        "targets:\n" RULE);
    assert_int_equal(scoring->benchmark_count, 4);
    const struct scoring_benchmark *own = &scoring->benchmarks[0];
    check_span(own->id, "own");
    check_span(own->name, "Last year's");
    check_span(own->source, "Annual report");
    assert_int_equal(own->subject, TARGET_DRIVER + DRIVER_QUICK_RESOLUTION);
    assert_int_equal(own->year, 2025);
    assert_float_equal(own->value, 61.5, 0);
    assert_int_equal(scoring->benchmarks[1].subject, TARGET_CX);
    assert_ptr_equal(scoring_alert_line(scoring, TARGET_CX), &scoring->benchmarks[1]);
    assert_ptr_equal(scoring_alert_line(scoring, TARGET_DRIVER + DRIVER_QUALITY), &scoring->benchmarks[3]);
    assert_null(
        scoring_alert_line(scoring, TARGET_DRIVER + DRIVER_QUICK_RESOLUTION)); /* it stands there, and is quiet */
    scoring_close(scoring);
}

/* DOMAIN: 59 of 100 (2018), 62.6 (2021); nobody is listed, nothing is a holiday until somebody says so. */
static void the_builtin_file_has_the_published_lines(void **state)
{
    (void)state;
    struct scoring *scoring = NULL;
    struct problems problems;
    problems_init(&problems);
    assert_int_equal(scoring_load(NULL, &scoring, &problems), DONE);
    assert_int_equal(scoring->benchmark_count, 2);
    assert_float_equal(scoring->benchmarks[0].value, 59, 0);
    assert_int_equal(scoring->benchmarks[0].year, 2018);
    assert_float_equal(scoring->benchmarks[1].value, 62.6, 0);
    assert_int_equal(scoring->benchmarks[1].year, 2021);
    for (size_t i = 0; i < 2; i++) {
        assert_true(scoring->benchmarks[i].source.size > 0);
        assert_int_equal(scoring->benchmarks[i].subject, TARGET_CX);
        assert_false(scoring->benchmarks[i].alerts);
    }
    assert_false(scoring->agencies_only);
    assert_int_equal(scoring->name_count + scoring->group_count + scoring->holiday_count, 0);
    check_span(scoring_agency_id(scoring, span_text("anybody")), "anybody");
    scoring_close(scoring);
    problems_done(&problems);
}

static const struct {
    const char *name;
    const char *sections;
    const char *problems;
} mistakes[] = {
    {"an alias of two", "agencies:\n  list:\n    a: {aliases: [x, y]}\n    b: {aliases: [y]}\n",
     "s.yaml:4:19: agencies.list.b.aliases: got \"y\", which is an alias of a already (line 3), allowed one agency a "
     "name\n"},
    {"an alias that is an id", "agencies:\n  list:\n    a: {aliases: [b]}\n    b: {}\n",
     "s.yaml:3:19: agencies.list.a.aliases: got \"b\", which is the id of b already (line 4), allowed one agency a "
     "name\n"},
    {"an alias of nothing", "agencies: {list: {a: {aliases: [\"\"]}}}\n",
     "s.yaml:1:33: agencies.list.a.aliases: got the name \"\", allowed 1 to 200 bytes, but neither _other nor *\n"},
    {"the name for all others", "agencies: {list: {_other: {}}}\n",
     "s.yaml:1:19: agencies.list: got the name \"_other\", allowed 1 to 200 bytes, but neither _other nor *\n"},
    {"only, and nobody", "agencies: {only: true}\n",
     "s.yaml:1:1: agencies.only: got true and no list, allowed a list with at least one agency\n"},
    {"only, perhaps", "agencies: {only: maybe}\n",
     "s.yaml:1:18: agencies.only: got \"maybe\", allowed true or false\n"},
    {"a field misspelt", "agencies: {list: {a: {alias: [b]}}}\n",
     "s.yaml:1:23: agencies.list.a.alias: got a key that does not belong here, allowed name, aliases, did you mean "
     "aliases\n"},
    {"aliases as text", "agencies: {list: {a: {aliases: b}}}\n",
     "s.yaml:1:32: agencies.list.a.aliases: got \"b\", allowed a list of names\n"},
    {"agencies as a list", "agencies: {list: [a]}\n",
     "s.yaml:1:18: agencies.list: got a list, allowed a mapping of agencies, each with name and aliases\n"},
    {"a target for an alias",
     "agencies: {list: {tax: {aliases: [TAX]}}}\ntargets:\n" RULE "  agencies: {TAX: {cx: 5}}\n",
     "s.yaml:4:14: targets.agencies.TAX: got the alias \"TAX\", allowed the agency's id, did you mean tax\n"},
    {"a target for a stranger",
     "agencies: {only: true, list: {customs: {}}}\ntargets:\n" RULE "  agencies: {custom: {cx: 5}}\n",
     "s.yaml:4:14: targets.agencies.custom: got \"custom\", which is not in agencies.list, allowed an id that is, did "
     "you mean customs\n"},
    {"a group of strangers", "agencies: {only: true, list: {customs: {}}}\ngroups: {g: [customs, far]}\n",
     "s.yaml:2:23: groups.g: got \"far\", which is not in agencies.list, allowed an id that is\n"},
    {"an agency in two groups", "groups:\n  g: [a, b]\n  h: [c, a]\n",
     "s.yaml:3:10: groups.h: got \"a\", which is in the group g already (line 2), allowed one group an agency\n"},
    {"a group that is no list", "groups: {g: a}\n", "s.yaml:1:13: groups.g: got \"a\", allowed a list of agencies\n"},
    {"targets for no group", "groups: {money: [a]}\ntargets:\n" RULE "  groups: {mony: {cx: 5}}\n",
     "s.yaml:4:12: targets.groups.mony: got a key that does not belong here, allowed money, did you mean money\n"},
    {"a day there is not", "holidays: [2026-02-29]\n",
     "s.yaml:1:12: holidays: got \"2026-02-29\", allowed a date as YEAR-MONTH-DAY, such as 2026-12-25\n"},
    {"a day with a time", "holidays: [2026-02-28T00:00]\n",
     "s.yaml:1:12: holidays: got \"2026-02-28T00:00\", allowed a date as YEAR-MONTH-DAY, such as 2026-12-25\n"},
    {"a day another way", "holidays: [2026-2-8, 25.12.2026]\n",
     "s.yaml:1:12: holidays: got \"2026-2-8\", allowed a date as YEAR-MONTH-DAY, such as 2026-12-25\n"
     "s.yaml:1:22: holidays: got \"25.12.2026\", allowed a date as YEAR-MONTH-DAY, such as 2026-12-25\n"},
    {"a day alone", "holidays: 2026-12-25\n",
     "s.yaml:1:11: holidays: got \"2026-12-25\", allowed a list of dates, such as 2026-12-25\n"},
    {"a margin below nothing", "detection: {margin: -2}\n",
     "s.yaml:1:21: detection.margin: got \"-2\", allowed a number from 0 to 50\n"},
    {"a window that is not tested", "detection: {windows: {28d: {z: 3}}}\n",
     "s.yaml:1:23: detection.windows.28d: got a key that does not belong here, allowed 1h, 4h, 24h, 7d, pinned, did "
     "you "
     "mean 24h\n"},
    {"looks that drift through the day", "detection: {windows: {1h: {every: 7m}}}\n",
     "s.yaml:1:35: detection.windows.1h.every: got \"7m\", allowed whole minutes that divide a day, such as 5m, 30m or "
     "6h, or off\n"},
    {"more weeks than are kept", "detection: {history: {weeks: 9}}\n",
     "s.yaml:1:30: detection.history.weeks: got \"9\", allowed a whole number from 1 to 8\n"},
    {"learning beyond what is compared", "detection:\n  history: {weeks: 4, learning_until: 6}\n",
     "s.yaml:2:3: detection.history: got learning_until 6 and weeks 4, allowed no more than the weeks compared with\n"},
    {"a reference without an end", "detection:\n  pinned: {from: 2026-01-01}\n",
     "s.yaml:2:3: detection.pinned: got from without to, allowed from and to, at least a week apart, or neither\n"},
    {"a reference backwards", "detection:\n  pinned: {from: 2026-03-31, to: 2026-01-01}\n",
     "s.yaml:2:3: detection.pinned: got less than a week, allowed from and to, at least a week apart, or neither\n"},
    {"a level for ever", "detection: {new_level_after: 90d}\n",
     "s.yaml:1:30: detection.new_level_after: got \"90d\", allowed a duration from 7d to 56d\n"},
    {"a silence of next to nothing", "detection: {silence: {every: 7m, expected: 1}}\n",
     "s.yaml:1:30: detection.silence.every: got \"7m\", allowed whole minutes that divide a day, such as 5m, 30m or "
     "6h, or "
     "off\n"
     "s.yaml:1:44: detection.silence.expected: got \"1\", allowed a whole number from 5 to 1000000\n"},
    {"a divergence from two", "detection: {divergence: {others: 2}}\n",
     "s.yaml:1:34: detection.divergence.others: got \"2\", allowed a whole number from 3 to 1000000\n"},
    {"a benchmark without source", "benchmarks:\n  b: {name: B, value: 59, year: 2018}\n",
     "s.yaml:2:3: benchmarks.b.source: got nothing, allowed text: who published it, and where\n"},
    {"a benchmark that perhaps alerts", "benchmarks:\n  b: {name: B, value: 59, year: 2018, source: S, alert: yes}\n",
     "s.yaml:2:57: benchmarks.b.alert: got \"yes\", allowed true or false\n"},
    {"two benchmarks that alert for one figure",
     "benchmarks:\n  b: {name: B, value: 59, year: 2018, source: S, alert: true}\n"
     "  c: {name: C, value: 62, year: 2021, source: S, subject: cx, alert: true}\n",
     "s.yaml:3:3: benchmarks: got alert: true for b and for c, which stand beside the same figure, allowed for one of "
     "them\n"},
    {"a benchmark of another age", "benchmarks:\n  b: {name: B, value: 59, year: 18, source: S}\n",
     "s.yaml:2:33: benchmarks.b.year: got \"18\", allowed a whole number from 1900 to 2199\n"},
    {"a benchmark above 100", "benchmarks:\n  b: {name: B, value: 159, year: 2018, source: S}\n",
     "s.yaml:2:23: benchmarks.b.value: got \"159\", allowed a number from 0 to 100\n"},
    {"a benchmark for no driver", "benchmarks:\n  b: {name: B, value: 59, year: 2018, source: S, subject: qualty}\n",
     "s.yaml:2:59: benchmarks.b.subject: got \"qualty\", allowed one of cx, office_answers, rep_answers, quality, "
     "quick_resolution, did you mean quality\n"},
};

/* ---- detection ---- */

static void detection_is_as_it_was_simulated(void **state)
{
    (void)state;
    struct scoring *builtin = NULL;
    struct problems problems;
    problems_init(&problems);
    assert_int_equal(scoring_load(NULL, &builtin, &problems), DONE);
    struct scoring *silent = load_good("detection: {}\ntargets:\n" RULE);
    const struct detection *both[] = {&builtin->detection, &silent->detection};
    for (unsigned i = 0; i < 2; i++) {
        assert_float_equal(both[i]->margin, detection_defaults.margin, 1e-15);
        for (unsigned t = 0; t < TESTS; t++) {
            assert_float_equal(both[i]->tests[t].z, detection_defaults.tests[t].z, 0);
            assert_int_equal(both[i]->tests[t].look_us, detection_defaults.tests[t].look_us);
            assert_int_equal(both[i]->tests[t].history_windows, detection_defaults.tests[t].history_windows);
        }
        assert_int_equal(both[i]->looks_to_fire, detection_defaults.looks_to_fire);
        assert_int_equal(both[i]->looks_to_clear, detection_defaults.looks_to_clear);
        assert_float_equal(both[i]->n_now, detection_defaults.n_now, 0);
        assert_float_equal(both[i]->n_base, detection_defaults.n_base, 0);
        assert_float_equal(both[i]->stratum_n_now, detection_defaults.stratum_n_now, 0);
        assert_float_equal(both[i]->stratum_n_base, detection_defaults.stratum_n_base, 0);
        assert_int_equal(both[i]->baseline_weeks, detection_defaults.baseline_weeks);
        assert_int_equal(both[i]->weeks_least, detection_defaults.weeks_least);
        assert_float_equal(both[i]->subject_z_raise, detection_defaults.subject_z_raise, 0);
        assert_int_equal(both[i]->pinned_weeks, detection_defaults.pinned_weeks);
        assert_int_equal(both[i]->pinned_from_day, DAY_NONE);
        assert_int_equal(both[i]->new_level_us, detection_defaults.new_level_us);
        assert_int_equal(both[i]->silence_look_us, detection_defaults.silence_look_us);
        assert_float_equal(both[i]->silence_expected, detection_defaults.silence_expected, 0);
        assert_int_equal(both[i]->divergence_look_us, detection_defaults.divergence_look_us);
        assert_int_equal(both[i]->divergence_others, detection_defaults.divergence_others);
    }
    scoring_close(builtin);
    scoring_close(silent);
    problems_done(&problems);
}

static void detection_is_what_was_said(void **state)
{
    (void)state;
    struct scoring *scoring = load_good("detection:\n"
                                        "  margin: 3.5\n"
                                        "  windows: {1h: {every: off}, 7d: {z: 3, every: 12h}}\n"
                                        "  looks_to_open: 4\n"
                                        "  looks_to_close: 5\n"
                                        "  min_n: {now: 60}\n"
                                        "  min_n_pooled: {baseline: 120}\n"
                                        "  parts_z: 1.5\n"
                                        "  history: {weeks: 7, learning_until: 7}\n"
                                        "  pinned: {from: 2026-01-01, to: 2026-03-31}\n"
                                        "  new_level_after: 14d\n"
                                        "  silence: {every: off, expected: 50}\n"
                                        "  divergence: {every: 12h, others: 9}\n"
                                        "targets:\n" RULE);
    const struct detection *detection = &scoring->detection;
    assert_float_equal(detection->margin, 0.035, 1e-15);
    assert_int_equal(detection->tests[TEST_1H].look_us, 0);
    assert_float_equal(detection->tests[TEST_1H].z, detection_defaults.tests[TEST_1H].z, 0);
    assert_float_equal(detection->tests[TEST_7D].z, 3, 0);
    assert_int_equal(detection->tests[TEST_7D].look_us, 12 * US_PER_HOUR);
    assert_int_equal(detection->looks_to_fire, 4);
    assert_int_equal(detection->looks_to_clear, 5);
    assert_float_equal(detection->n_now, 60, 0);
    assert_float_equal(detection->n_base, 300, 0);
    assert_float_equal(detection->stratum_n_now, 30, 0);
    assert_float_equal(detection->stratum_n_base, 120, 0);
    assert_float_equal(detection->subject_z_raise, 1.5, 0);
    assert_int_equal(detection->baseline_weeks, 7);
    assert_int_equal(detection->weeks_least, 7);
    assert_int_equal(detection->pinned_from_day, 20454); /* 56 years and 14 leap days after 1970 */
    assert_int_equal(detection->pinned_to_day, 20454 + 31 + 28 + 30);
    assert_int_equal(detection->new_level_us, 14 * US_PER_DAY);
    assert_int_equal(detection->silence_look_us, 0);
    assert_float_equal(detection->silence_expected, 50, 0);
    assert_int_equal(detection->divergence_look_us, 12 * US_PER_HOUR);
    assert_int_equal(detection->divergence_others, 9);
    scoring_close(scoring);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct scoring *scoring = NULL;
        struct problems problems;
        char text[1024];
        bool has_targets = strstr(mistakes[i].sections, "targets:") != NULL;
        snprintf(text, sizeof text, "%s%s", mistakes[i].sections, has_targets ? "" : "targets:\n" RULE);
        problems_init(&problems);
        write_scoring(text);
        enum outcome outcome = scoring_load("s.yaml", &scoring, &problems);
        check_problems(mistakes[i].name, &problems, mistakes[i].problems);
        assert_int_equal(outcome, STOP);
        assert_null(scoring);
        problems_done(&problems);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lead_to_agencies),
        cmocka_unit_test(targets_go_from_agency_to_group_to_all),
        cmocka_unit_test(holidays_are_days_in_utc),
        cmocka_unit_test(benchmarks_have_source_and_year),
        cmocka_unit_test(the_builtin_file_has_the_published_lines),
        cmocka_unit_test(detection_is_as_it_was_simulated),
        cmocka_unit_test(detection_is_what_was_said),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests_name("scoring_names", tests, folder_enter, folder_leave);
}
