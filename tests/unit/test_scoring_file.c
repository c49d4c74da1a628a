/* test_scoring_file.c - the scoring file: what it says, what is wrong with it, and when its version changes.
 *
 * Oracles: the domain's figures and their sources (Forrester, as in deploy/scoring.yaml), lines and columns of the text
 * below, and a canonical text written out by hand for the version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "config_folder.h"

/* A complete file; rows replace one piece of it, so lines and columns count from here. */
static const char whole[] =
    "standards:\n"                                                                                             /* 1 */
    "  web: {resolution: 2d}\n"                                                                                /* 2 */
    "  phone: {wait: 20s, short_abandon: 5s, resolution: 4h}\n"                                                /* 3 */
    "  office: {wait: 15m, short_abandon: none, resolution: 1d}\n"                                             /* 4 */
    "  chat: {wait: 90s, short_abandon: 10s, resolution: 8h}\n"                                                /* 5 */
    "drivers:\n"                                                                                               /* 6 */
    "  office_answers:\n"                                                                                      /* 7 */
    "    weight: 1\n"                                                                                          /* 8 */
    "    lines: {operational: 0.5, survey: 1.5}\n"                                                             /* 9 */
    "    signals: {questions_answered: 2, answered: 1}\n"                                                      /* 10 */
    "  rep_answers: {weight: 2, lines: {operational: 1, survey: 0}, signals: {transferred: 0.1}}\n"            /* 11 */
    "  quality: {weight: 3, lines: {operational: 0, survey: 1}, signals: {}}\n"                                /* 12 */
    "  quick_resolution: {weight: 4, lines: {operational: 1, survey: 1}, signals: {wait: 1, resolution: 1}}\n" /* 13 */
    "survey: {method: net}\n"                                                                                  /* 14 */
    "min_n: 7\n"                                                                                               /* 15 */
    "suppress_below: 9\n"                                                                                      /* 16 */
    "behaviours:\n"                                                                                            /* 17 */
    "  compliance: {elasticity: 0.02, baseline: 0.58}\n"                                                       /* 18 */
    "  engagement_advice: {elasticity: 0.025}\n"                                                               /* 19 */
    "  engagement_enrol: {elasticity: 0.03}\n"                                                                 /* 20 */
    "  advocacy: {elasticity: 0.044}\n"                                                                        /* 21 */
    "  trust: {elasticity: 0.028}\n"                                                                           /* 22 */
    "  forgiveness: {elasticity: 0.027}\n"                                                                     /* 23 */
    "targets:\n"                                                                                               /* 24 */
    "  rule: {window: 7d, z: 2.5, min_n: 40, looks_to_open: 2, looks_to_close: 5}\n"                           /* 25 */
    "  agencies:\n"                                                                                            /* 26 */
    "    tax: {cx: 70, drivers: {rep_answers: 65}}\n"                                                          /* 27 */
    "    \"*\": {cx: 60}\n"                                                                                    /* 28 */
    "    parks: {}\n"                                                                                          /* 29 */
    "    ta: {drivers: {quality: 50.5}}\n";                                                                    /* 30 */

static const char canonical[] = "method net\n"
                                "min_n 7\n"
                                "resolution web 172800000\n"
                                "resolution phone 14400000\n"
                                "wait phone 20000\n"
                                "short_abandon phone 5000\n"
                                "resolution office 86400000\n"
                                "wait office 900000\n"
                                "short_abandon office 0\n"
                                "resolution chat 28800000\n"
                                "wait chat 90000\n"
                                "short_abandon chat 10000\n"
                                "weight office_answers driver 1\n"
                                "weight office_answers line.operational 0.5\n"
                                "weight office_answers line.survey 1.5\n"
                                "weight office_answers answered 1\n"
                                "weight office_answers questions_answered 2\n"
                                "weight rep_answers driver 2\n"
                                "weight rep_answers line.operational 1\n"
                                "weight rep_answers transferred 0.10000000000000001\n"
                                "weight quality driver 3\n"
                                "weight quality line.survey 1\n"
                                "weight quick_resolution driver 4\n"
                                "weight quick_resolution line.operational 1\n"
                                "weight quick_resolution line.survey 1\n"
                                "weight quick_resolution wait 1\n"
                                "weight quick_resolution resolution 1\n";

/* The whole file with one piece replaced. */
static enum outcome load_with(const char *piece, const char *other, struct scoring **scoring, struct problems *problems)
{
    static char text[TEXT_MAX];
    const char *at = strstr(whole, piece);
    if (!at) {
        fail_msg("no %s in the file", piece);
    }
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - whole), whole, other, at + strlen(piece));
    write_file("s.yaml", text, strlen(text));
    *scoring = NULL;
    problems_init(problems);
    return scoring_load("s.yaml", scoring, problems);
}

static struct scoring *load_good(const char *piece, const char *other)
{
    struct scoring *scoring;
    struct problems problems;
    enum outcome outcome = load_with(piece, other, &scoring, &problems);
    if (outcome != DONE) {
        fail_msg("%.*s", (int)problems.text.size, (const char *)problems.text.data);
    }
    problems_done(&problems);
    return scoring;
}

static void standards_and_weights_are_what_was_said(void **state)
{
    (void)state;
    struct scoring *scoring = load_good("", "");
    assert_int_equal(scoring->resolution_standard_ms[CHANNEL_WEB], 172800000);
    assert_int_equal(scoring->wait_standard_ms[CHANNEL_PHONE], 20000);
    assert_int_equal(scoring->short_abandon_ms[CHANNEL_PHONE], 5000);
    assert_int_equal(scoring->resolution_standard_ms[CHANNEL_PHONE], 14400000);
    assert_int_equal(scoring->wait_standard_ms[CHANNEL_OFFICE], 900000);
    assert_int_equal(scoring->short_abandon_ms[CHANNEL_OFFICE], 0);
    assert_int_equal(scoring->wait_standard_ms[CHANNEL_CHAT], 90000);
    for (int i = 0; i < CHANNELS; i++) { /* what is not said of the web is an edge all the same */
        assert_true(duration_edge_bin(EDGES_WAIT, scoring->wait_standard_ms[i]) >= 0);
        assert_true(duration_edge_bin(EDGES_RESOLUTION, scoring->resolution_standard_ms[i]) >= 0);
    }
    assert_float_equal(scoring->driver_weight[DRIVER_QUICK_RESOLUTION], 4, 0);
    assert_float_equal(scoring->line_weight_operational[DRIVER_OFFICE_ANSWERS], 0.5, 0);
    assert_float_equal(scoring->line_weight_survey[DRIVER_OFFICE_ANSWERS], 1.5, 0);
    assert_float_equal(scoring->signal_weight[DRIVER_OFFICE_ANSWERS][SIGNAL_QUESTIONS_ANSWERED], 2, 0);
    assert_float_equal(scoring->signal_weight[DRIVER_REP_ANSWERS][SIGNAL_TRANSFERRED], 0.1, 0);
    assert_float_equal(scoring->signal_weight[DRIVER_QUICK_RESOLUTION][SIGNAL_TRANSFERRED], 0, 0);
    assert_float_equal(scoring->signal_weight[DRIVER_QUICK_RESOLUTION][SIGNAL_WAIT], 1, 0);
    assert_int_equal(scoring->method, METHOD_NET);
    assert_int_equal(scoring->signal_n_min, 7);
    assert_int_equal(scoring->suppress_below, 9);
    scoring_close(scoring);
    scoring_close(NULL);
}

static void targets_are_found_by_agency(void **state)
{
    (void)state;
    static const struct {
        const char *agency;
        unsigned subject;
        double target; /* −1: none */
    } rows[] = {
        {"tax", TARGET_CX, 70},
        {"tax", TARGET_DRIVER + DRIVER_REP_ANSWERS, 65},
        {"tax", TARGET_DRIVER + DRIVER_QUALITY, -1},
        {"ta", TARGET_DRIVER + DRIVER_QUALITY, 50.5},
        {"ta", TARGET_CX, -1},
        {"parks", TARGET_CX, -1},
        {"anybody", TARGET_CX, 60},
        {"anybody", TARGET_DRIVER + DRIVER_QUALITY, -1},
    };
    struct scoring *scoring = load_good("", "");
    for (size_t i = 0; i < COUNT(rows); i++) {
        double target = scoring_target(scoring, span_text(rows[i].agency), rows[i].subject);
        if (rows[i].target < 0 ? !isnan(target) : target != rows[i].target) {
            fail_msg("%s, subject %u: %g", rows[i].agency, rows[i].subject, target);
        }
    }
    assert_int_equal(scoring->target_rule.window, WINDOW_7D);
    assert_float_equal(scoring->target_rule.z, 2.5, 0);
    assert_int_equal(scoring->target_rule.n_min, 40);
    assert_int_equal(scoring->target_rule.looks_to_open, 2);
    assert_int_equal(scoring->target_rule.looks_to_close, 5);
    scoring_close(scoring);
}

/* ---- the version ---- */

static void the_version_is_a_hash_of_words(void **state)
{
    (void)state;
    char expected[17];
    struct scoring *scoring = load_good("", "");
    snprintf(expected, sizeof expected, "%016llx", (unsigned long long)hash64(span_text(canonical), 0));
    assert_string_equal(scoring->version, expected);
    scoring_close(scoring);
}

static const struct {
    const char *name;
    const char *piece, *other;
    bool changes;
} versions[] = {
    {"a comment", "min_n: 7", "min_n: 7 # seven", false},
    {"another notation", "survey: 1.5", "survey: 15e-1", false},
    {"another unit", "wait: 15m", "wait: 900s", false},
    {"a weight of 0 said", "{transferred: 0.1}", "{transferred: 0.1, answered: 0}", false},
    {"suppression", "suppress_below: 9", "suppress_below: 10", false},
    {"an elasticity", "elasticity: 0.02,", "elasticity: 0.021,", false},
    {"a baseline", "baseline: 0.58", "baseline: 0.59", false},
    {"a target", "cx: 70", "cx: 71", false},
    {"the rule of targets", "z: 2.5", "z: 3", false},
    {"a benchmark, an alias, a group, a holiday", "targets:\n",
     "benchmarks: {b: {name: B, value: 1, year: 2000, source: S}}\nagencies: {list: {tax: {aliases: [t]}}}\n"
     "groups: {g: [tax]}\nholidays: [2026-01-01]\ntargets:\n",
     false},
    {"a wait", "wait: 20s", "wait: 30s", true},
    {"a short abandon", "short_abandon: none", "short_abandon: 5s", true},
    {"a resolution", "resolution: 2d", "resolution: 1d", true},
    {"a signal's weight", "transferred: 0.1", "transferred: 0.1000001", true},
    {"a line's weight", "survey: 1.5", "survey: 1", true},
    {"a driver's weight", "weight: 3", "weight: 0", true},
    {"the method", "method: net", "method: mean", true},
    {"the least n", "min_n: 7", "min_n: 8", true},
};

static void only_what_changes_scores_changes_the_version(void **state)
{
    (void)state;
    struct scoring *plain = load_good("", "");
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct scoring *scoring = load_good(versions[i].piece, versions[i].other);
        if ((strcmp(scoring->version, plain->version) != 0) != versions[i].changes) {
            fail_msg("%s: %s", versions[i].name, scoring->version);
        }
        assert_int_equal(strspn(scoring->version, "0123456789abcdef"), 16);
        scoring_close(scoring);
    }
    scoring_close(plain);
}

/* ---- what is wrong ---- */

static const struct {
    const char *name;
    const char *piece, *other;
    const char *problems;
} mistakes[] = {
    {"between two edges", "wait: 20s", "wait: 25s",
     "s.yaml:3:17: standards.phone.wait: got \"25s\", allowed an edge of the bins that durations are counted in; "
     "nearest: 20s and 30s\n"},
    {"below the first edge", "short_abandon: 5s", "short_abandon: 4s",
     "s.yaml:3:37: standards.phone.short_abandon: got \"4s\", allowed an edge of the bins that durations are counted "
     "in; nearest: 5s\n"},
    {"above the last edge", "resolution: 2d", "resolution: 91d",
     "s.yaml:2:21: standards.web.resolution: got \"91d\", allowed an edge of the bins that durations are counted in; "
     "nearest: 90d\n"},
    {"an edge of the other signal", "wait: 15m", "wait: 12h",
     "s.yaml:4:18: standards.office.wait: got \"12h\", allowed an edge of the bins that durations are counted in; "
     "nearest: 8h\n"},
    {"a standard without a unit", "wait: 15m", "wait: 15",
     "s.yaml:4:18: standards.office.wait: got \"15\", allowed a duration in ms, s, m, h or d, did you mean 15s\n"},
    {"none where it means nothing", "wait: 15m", "wait: none",
     "s.yaml:4:18: standards.office.wait: got \"none\", allowed a duration in ms, s, m, h or d\n"},
    {"a wait on the web", "web: {", "web: {wait: 5s, ",
     "s.yaml:2:9: standards.web.wait: got a key that does not belong here, allowed resolution\n"},
    {"a standard left out", "wait: 90s, ", "",
     "s.yaml:5:3: standards.chat.wait: got nothing, allowed a duration, such as 60s\n"},
    {"a channel misspelt", "  chat:", "  chta:",
     "s.yaml:5:3: standards.chta: got a key that does not belong here, allowed web, phone, office, chat, did you mean "
     "chat\ns.yaml:1:1: standards.chat: got nothing, allowed resolution, wait, short_abandon\n"},
    {"a signal of another driver", "{transferred: 0.1}", "{resolved: 1}",
     "s.yaml:11:74: drivers.rep_answers.signals.resolved: got a key that does not belong here, allowed answered, "
     "questions_answered, transferred\n"},
    {"a rating as a signal", "signals: {}", "signals: {rating_quality: 1}",
     "s.yaml:12:70: drivers.quality.signals.rating_quality: got a key that does not belong here, allowed completed, "
     "page_helpful, search_found, error_shown\n"},
    {"a duration that is never good", "{transferred: 0.1}", "{abandoned_after: 1}",
     "s.yaml:11:74: drivers.rep_answers.signals.abandoned_after: got a key that does not belong here, allowed "
     "answered, questions_answered, transferred\n"},
    {"a weight below 0", "weight: 3", "weight: -3",
     "s.yaml:12:21: drivers.quality.weight: got \"-3\", allowed a number from 0 to 1000\n"},
    {"a weight that is no number", "weight: 3", "weight: nan",
     "s.yaml:12:21: drivers.quality.weight: got \"nan\", allowed a number from 0 to 1000\n"},
    {"a weight without end", "weight: 3", "weight: 1e999",
     "s.yaml:12:21: drivers.quality.weight: got \"1e999\", allowed a number from 0 to 1000\n"},
    {"a weight as hexadecimal", "weight: 3", "weight: 0x3",
     "s.yaml:12:21: drivers.quality.weight: got \"0x3\", allowed a number from 0 to 1000\n"},
    {"lines without weight", "{operational: 0, survey: 1}", "{operational: 0, survey: 0}",
     "s.yaml:12:3: drivers.quality: got no line's weight above 0, allowed at least one\n"},
    {"signals without weight", "{operational: 0, survey: 1}", "{operational: 1, survey: 1}",
     "s.yaml:12:3: drivers.quality: got no signal's weight above 0, allowed at least one\n"},
    {"an unknown method", "method: net", "method: nps",
     "s.yaml:14:18: survey.method: got \"nps\", allowed one of top2box, net, mean, did you mean net\n"},
    {"a method as a list", "method: net", "method: [net]",
     "s.yaml:14:18: survey.method: got a list, allowed one of top2box, net, mean\n"},
    {"a least n of 0", "min_n: 7", "min_n: 0",
     "s.yaml:15:8: min_n: got \"0\", allowed a whole number from 1 to 1000000\n"},
    {"nothing for a number", "suppress_below: 9",
     "suppress_below:", "s.yaml:16:16: suppress_below: got nothing, allowed a whole number from 0 to 1000000\n"},
    {"per cent for a share", "baseline: 0.58", "baseline: 58",
     "s.yaml:18:44: behaviours.compliance.baseline: got \"58\", allowed a number from 0 to 1, did you mean 0.58\n"},
    {"no elasticity", "{elasticity: 0.027}", "{}",
     "s.yaml:23:3: behaviours.forgiveness.elasticity: got nothing, allowed a share: 0.02 for 2 %\n"},
    {"a section left out", "survey: {method: net}\n", "", "s.yaml:1:1: survey: got nothing, allowed method\n"},
    {"an unknown section", "min_n: 7\n", "min_n: 7\nversion: 1\n",
     "s.yaml:16:1: version: got a key that does not belong here, allowed standards, drivers, survey, min_n, "
     "suppress_below, behaviours, targets, benchmarks, agencies, groups, detection, holidays\n"},
    {"text for a section", "survey: {method: net}", "survey: net",
     "s.yaml:14:9: survey: got \"net\", allowed a mapping of method\n"},
    {"an unknown window", "window: 7d", "window: 1d",
     "s.yaml:25:18: targets.rule.window: got \"1d\", allowed one of 1h, 4h, 24h, 7d, 28d\n"},
    {"a look too few", "looks_to_open: 2", "looks_to_open: 0",
     "s.yaml:25:56: targets.rule.looks_to_open: got \"0\", allowed a whole number from 1 to 1000\n"},
    {"a target above 100", "cx: 70", "cx: 170",
     "s.yaml:27:15: targets.agencies.tax.cx: got \"170\", allowed a number from 0 to 100\n"},
    {"a target for no driver", "rep_answers: 65", "rep_answer: 65",
     "s.yaml:27:29: targets.agencies.tax.drivers.rep_answer: got a key that does not belong here, allowed "
     "office_answers, rep_answers, quality, quick_resolution, did you mean rep_answers\n"},
    {"an agency twice", "    parks: {}", "    tax: {}",
     "s.yaml:29:5: targets.agencies.tax: got the key twice, allowed once; the first is on line 27\n"},
    {"an agency without a name", "    parks: {}", "    \"\": {}",
     "s.yaml:29:5: targets.agencies: got the name \"\", allowed 1 to 200 bytes, or \"*\" for all others\n"},
    {"agencies as a list", "parks: {}\n    ta: {drivers: {quality: 50.5}}\n", "parks: [cx]\n",
     "s.yaml:29:12: targets.agencies.parks: got a list, allowed a mapping of cx, drivers\n"},
    {"several at once", "cx: 70, drivers: {rep_answers: 65}}\n    \"*\": {cx: 60}",
     "cx: x, driver: {}}\n    \"*\": {cx: -1}",
     "s.yaml:27:15: targets.agencies.tax.cx: got \"x\", allowed a number from 0 to 100\n"
     "s.yaml:27:18: targets.agencies.tax.driver: got a key that does not belong here, allowed cx, drivers, did you "
     "mean drivers\n"
     "s.yaml:28:15: targets.agencies.*.cx: got \"-1\", allowed a number from 0 to 100\n"},
};

static void mistakes_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct scoring *scoring;
        struct problems problems;
        enum outcome outcome = load_with(mistakes[i].piece, mistakes[i].other, &scoring, &problems);
        check_problems(mistakes[i].name, &problems, mistakes[i].problems);
        assert_int_equal(outcome, STOP);
        assert_null(scoring);
        problems_done(&problems);
    }
}

static void drivers_need_a_weight(void **state)
{
    (void)state;
    static char text[sizeof whole];
    memcpy(text, whole, sizeof whole);
    for (char *at = text; (at = strstr(at, "weight: ")); at += 8) {
        at[8] = '0';
    }
    struct scoring *scoring;
    struct problems problems;
    assert_int_equal(load_with(whole, text, &scoring, &problems), STOP);
    check_problems("no weights", &problems,
                   "s.yaml:6:1: drivers: got no driver's weight above 0, allowed at least one\n");
    problems_done(&problems);
}

/* ---- the built-in file ---- */

static void the_builtin_file_is_the_one_in_deploy(void **state)
{
    (void)state;
    size_t size;
    char *text = project_file("deploy/scoring.yaml", &size);
    assert_int_equal(scoring_builtin().size, size);
    assert_memory_equal(scoring_builtin().data, text, size);
    free(text);
}

static void the_builtin_file_has_the_published_figures(void **state)
{
    (void)state;
    static const struct {
        enum behaviour behaviour;
        double elasticity, baseline; /* −1: none was published */
    } published[] = {
        {BEHAVIOUR_COMPLIANCE, 0.020, 0.58},     {BEHAVIOUR_ENGAGEMENT_ADVICE, 0.025, -1},
        {BEHAVIOUR_ENGAGEMENT_ENROL, 0.030, -1}, {BEHAVIOUR_ADVOCACY, 0.044, 0.48},
        {BEHAVIOUR_TRUST, 0.028, 0.46},          {BEHAVIOUR_FORGIVENESS, 0.027, -1},
    };
    struct scoring *scoring = NULL;
    struct problems problems;
    problems_init(&problems);
    enum outcome outcome = scoring_load(NULL, &scoring, &problems);
    if (outcome != DONE) {
        fail_msg("%.*s", (int)problems.text.size, (const char *)problems.text.data);
    }
    for (size_t i = 0; i < COUNT(published); i++) {
        double baseline = scoring->baseline[published[i].behaviour];
        assert_float_equal(scoring->elasticity[published[i].behaviour], published[i].elasticity, 0);
        assert_true(published[i].baseline < 0 ? isnan(baseline) : baseline == published[i].baseline);
    }
    assert_int_equal(scoring->method, METHOD_TOP2BOX);
    assert_int_equal(scoring->suppress_below, 11);
    assert_int_equal(scoring->target_count, 0);
    assert_true(isnan(scoring_target(scoring, span_text("tax"), TARGET_CX)));
    scoring_close(scoring);
    problems_done(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standards_and_weights_are_what_was_said),
        cmocka_unit_test(targets_are_found_by_agency),
        cmocka_unit_test(the_version_is_a_hash_of_words),
        cmocka_unit_test(only_what_changes_scores_changes_the_version),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(drivers_need_a_weight),
        cmocka_unit_test(the_builtin_file_is_the_one_in_deploy),
        cmocka_unit_test(the_builtin_file_has_the_published_figures),
    };
    return cmocka_run_group_tests_name("scoring_file", tests, folder_enter, folder_leave);
}
