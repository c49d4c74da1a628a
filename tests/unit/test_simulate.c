/* test_simulate.c - made-up histories are what they say they are; the slip rule keeps quiet on those where nothing
 * slips, which a rule without its parts does not, and finds what does; and the command refuses what it must. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "seeded.h"
#include "simulate.h"
#include "simulate_signals.h"
#include "slipstream/config.h"

#include <math.h>

#define COUNT(rows)     (sizeof(rows) / sizeof((rows)[0]))
#define HISTORY_MINUTES (HISTORY_WEEKS * 7 * 24 * 60)

static struct scoring *shipped_scoring(void)
{
    struct problems problems;
    struct scoring *scoring;
    problems_init(&problems);
    assert_int_equal(scoring_load(NULL, &scoring, &problems), DONE);
    problems_done(&problems);
    return scoring;
}

/* ---- histories ---- */

struct counted {
    double n, good, day, weekend_n, weekend_good, after_n, after_good, rated, rated_after;
};

static struct counted count_history(const char *name, unsigned stratum, unsigned weeks)
{
    const unsigned no = COUNTER_OUTCOMES + 2 * SIGNAL_RESOLVED;
    const unsigned rating = COUNTER_RATINGS + 5 * (SIGNAL_RATING_TRUST - SIGNAL_RATING_OFFICE_ANSWERS);
    const int64_t after = HISTORY_MINUTES + HAPPENS_AT_HOUR * 60;
    struct counted counted = {0};
    struct traffic *traffic = traffic_open(scenario_find(name));
    traffic_begin(traffic, 7);
    for (int64_t minute = 0; minute < HISTORY_MINUTES + (int64_t)weeks * 7 * 24 * 60; minute++) {
        struct pane *pane = &traffic_minute(traffic)[stratum];
        double good = pane->counts[no + 1];
        double n = good + pane->counts[no];
        int64_t hour = minute / 60 % 24;
        bool weekend = minute / (24 * 60) % 7 >= 5;
        assert_int_equal(pane->touches, (int32_t)n);
        assert_int_equal(pane->index, TRAFFIC_BEGIN_US / US_PER_MINUTE + minute);
        counted.n += n;
        counted.good += good;
        counted.day += hour >= 8 && hour < 18 ? n : 0;
        counted.weekend_n += weekend ? n : 0;
        counted.weekend_good += weekend ? good : 0;
        counted.after_n += minute >= after ? n : 0;
        counted.after_good += minute >= after ? good : 0;
        for (unsigned i = 0; i < 5; i++) {
            *(minute >= after && minute < after + 10 * 24 * 60 ? &counted.rated_after : &counted.rated) +=
                pane->counts[rating + i];
        }
        pane_clear(pane);
    }
    traffic_close(traffic);
    return counted;
}

static void assert_share(double x, double n, double share)
{
    double sd = sqrt(share * (1 - share) / n);
    assert_true(n > 0 && fabs(x / n - share) < 4 * sd);
}

static void histories_are_as_described(void **state)
{
    (void)state;
    struct counted plain = count_history("iid-2000", 0, 4);
    double expected = 13 * 7 * 2000 * .6;
    assert_true(fabs(plain.n - expected) < 4 * sqrt(expected));
    assert_share(plain.good, plain.n, .8);
    assert_share(plain.day, plain.n, 80. / 94);
    assert_share(plain.weekend_n, plain.n, .8 / 5.8);
    struct counted weekends = count_history("weekends", 1, 0);
    assert_share(weekends.weekend_good, weekends.weekend_n, .82);
    assert_share(weekends.good - weekends.weekend_good, weekends.n - weekends.weekend_n, .9);
    struct counted slipped = count_history("slip-20-2000", 0, 4);
    assert_share(slipped.after_good, slipped.after_n, .6);
    assert_true(count_history("closes", 0, 4).after_n <= 0);
    struct counted opened = count_history("opens", 1, 4);
    assert_true(opened.after_n > 0 && opened.n <= opened.after_n);
    struct counted campaign = count_history("campaign", 0, 3);
    double rated = campaign.rated / (HISTORY_WEEKS * 7 + 21 - 10);
    assert_true(campaign.rated_after / 10 > 2.3 * rated && campaign.rated_after / 10 < 3.9 * rated);
}

/* ---- what the rule makes of them ---- */

static struct scenario_summary simulated(const struct scoring *scoring, const char *name, unsigned agencies,
                                         unsigned weeks, unsigned jobs, struct agency_outcome *outcomes)
{
    const struct simulation simulation = {scoring, 1, agencies, weeks, jobs};
    struct simulation_progress progress = {0};
    assert_true(simulate_scenario(&simulation, scenario_find(name), &progress, outcomes));
    return simulate_summary(scenario_find(name), &simulation, outcomes, 1);
}

#define NULLS 5

static const char *const nulls[] = {"days-1000", "weekends", "closes", "holidays", "method", "intake-out", "score-out"};

static void nothing_is_found_where_nothing_slips(void **state)
{
    (void)state;
    struct scoring *scoring = shipped_scoring();
    for (size_t i = 0; i < COUNT(nulls); i++) {
        struct agency_outcome outcomes[NULLS];
        struct scenario_summary summary = simulated(scoring, nulls[i], NULLS, 1, 1, outcomes);
        if (summary.sum > 0) {
            fail_msg("%s: %g false episodes an agency-month", nulls[i], summary.sum);
        }
    }
    scoring_close(scoring);
}

/* The same histories, so they are no empty ones: without overdispersion and with the z of a single look there is much
 * to find. */
static void a_careless_rule_cries_wolf(void **state)
{
    (void)state;
    struct scoring *scoring = shipped_scoring();
    struct agency_outcome outcomes[NULLS];
    scoring->detection.dispersion_high = 1;
    scoring->detection.margin = 0;
    for (unsigned t = 0; t < TESTS; t++) {
        scoring->detection.tests[t].z = 1.96;
    }
    assert_true(simulated(scoring, "days-1000", NULLS, 1, 1, outcomes).sum > 2);
    scoring_close(scoring);
}

static void a_slip_is_found_in_hours(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned watch;
        double hours;
    } rows[] = {
        {"slip-20-2000", WATCH_ALL, 3},
        {"slip-20-2000", WATCH_ONE + TEST_4H, 4},
        {"slip-20-2000", WATCH_ONE + TEST_24H, 7},
        {"slip-20-2000", WATCH_ONE + TEST_7D, 60},
        {"one-cause", WATCH_ALL, 48},
    };
    struct scoring *scoring = shipped_scoring();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct agency_outcome outcomes[NULLS];
        struct scenario_summary summary = simulated(scoring, rows[i].name, NULLS, 1, 2, outcomes);
        if (summary.power[rows[i].watch] < 1 || summary.hours[rows[i].watch] > rows[i].hours) {
            fail_msg("%s: found in %g, after %g hours", rows[i].name, summary.power[rows[i].watch],
                     summary.hours[rows[i].watch]);
        }
        if (summary.scenario->waits_double) {
            assert_true(summary.explained >= .999);
        }
        assert_true(summary.contribution_error < 1e-9);
    }
    scoring_close(scoring);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    struct scoring *scoring = shipped_scoring();
    struct agency_outcome one[3];
    struct agency_outcome three[3];
    (void)simulated(scoring, "slip-8-500", 3, 1, 1, one);
    (void)simulated(scoring, "slip-8-500", 3, 1, 3, three);
    for (size_t i = 0; i < COUNT(one); i++) {
        assert_memory_equal(one[i].fired, three[i].fired, sizeof one[i].fired);
        assert_int_equal(one[i].minutes, three[i].minutes);
    }
    assert_true(one[0].fired[WATCH_ALL] != one[1].fired[WATCH_ALL]); /* each has its own chance */
    scoring_close(scoring);
}

/* ---- what cx.signals holds ---- */

#define RECORDED_DAYS  64
#define RECORDED_BEGIN (INT64_C(20459) * US_PER_DAY)
#define SLIP_BEGINS_US (RECORDED_BEGIN + 63 * US_PER_DAY)

struct recorded {
    struct seeded random;
    uint64_t ids;
    int64_t good, n;
};

/* A quarter of an hour in a message: ten calls, four of five resolved, in the last day two of five. */
static void record_quarter(struct recorded *self, int64_t from_us, struct buffer *message)
{
    struct batch_writer writer;
    const struct batch_header header = {.written_at = {from_us + 15 * US_PER_MINUTE}, .instance = span_text("one")};
    batch_writer_init(&writer);
    uint32_t agency = batch_writer_agency(&writer, span_text("tax"));
    uint32_t service = batch_writer_service(&writer, span_text("refunds"));
    for (unsigned i = 0; i < 10; i++) {
        struct signal_event event = {.at_us = from_us + i * 90 * US_PER_SECOND,
                                     .id = ++self->ids,
                                     .agency = agency,
                                     .service = service,
                                     .channel = CHANNEL_PHONE,
                                     .kind = EVENT_INTERACTION,
                                     .transfers = -1,
                                     .outcomes_known = 1u << SIGNAL_RESOLVED};
        for (unsigned d = 0; d < DURATIONS; d++) {
            event.duration_ms[d] = ABSENT;
        }
        bool good = seeded_unit(&self->random) < (from_us < SLIP_BEGINS_US ? .8 : .4);
        event.outcomes_yes = (uint32_t)good << SIGNAL_RESOLVED;
        self->good += good;
        self->n++;
        batch_writer_event(&writer, &event);
    }
    batch_writer_seal(&writer, &header, message);
    batch_writer_done(&writer);
}

static struct signals_counts pass_recorded(const struct scoring *scoring, struct recorded *recorded, FILE *out)
{
    struct signals_counts counts = {0};
    const struct signals_settings settings = {
        .limits = {.ids_max = 4096, .horizon_us = US_PER_HOUR, .agencies_max = 10, .services_max = 10},
        .passing = {.out = out, .json = true, .scoring = scoring}};
    struct signals_passing *passing = signals_passing_open(&settings, &counts);
    struct buffer message;
    buffer_init(&message, SIGNAL_BATCH_SIZE_MAX);
    for (int64_t at = RECORDED_BEGIN; at < RECORDED_BEGIN + RECORDED_DAYS * US_PER_DAY; at += 15 * US_PER_MINUTE) {
        record_quarter(recorded, at, &message);
        signals_passing_message(passing, buffer_as_span(&message));
        if (at % US_PER_DAY == 0) {
            signals_passing_message(passing, buffer_as_span(&message)); /* again */
        }
    }
    signals_passing_message(passing, span_text("nothing we know"));
    struct recorded before = *recorded;
    record_quarter(&before, RECORDED_BEGIN - 10 * US_PER_DAY, &message); /* before the panes */
    signals_passing_message(passing, buffer_as_span(&message));
    signals_passing_end(passing);
    signals_passing_close(passing);
    buffer_done(&message);
    return counts;
}

static void what_was_recorded_is_passed_again(void **state)
{
    (void)state;
    struct scoring *scoring = shipped_scoring();
    struct recorded recorded = {.random = {3}};
    char *text = NULL;
    char share[128];
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    struct signals_counts counts = pass_recorded(scoring, &recorded, out);
    fclose(out);
    assert_int_equal(counts.events, recorded.n + RECORDED_DAYS * 10 + 10);
    assert_int_equal(counts.duplicates, RECORDED_DAYS * 10);
    assert_int_equal(counts.late, 10);
    assert_int_equal(counts.unreadable, 1);
    snprintf(share, sizeof share, "\"signal\":\"resolved\",\"good\":%lld,\"n\":%lld}", (long long)recorded.good,
             (long long)recorded.n);
    assert_non_null(strstr(text, "\"kind\":\"score\",\"agency\":\"tax\",\"from\":\"2026-02-01T00:00:00"));
    assert_non_null(strstr(text, share));
    const char *alert = strstr(text, "\"kind\":\"alert\"");
    assert_non_null(alert); /* the first is the slip's, within its hours */
    assert_int_equal(strncmp(strstr(alert, "\"at\":\""), "\"at\":\"2026-03-10T0", 18), 0);
    assert_non_null(strstr(text, "\"subject\":\"cx\",\"transition\":\"opened\""));
    free(text);
    scoring_close(scoring);
}

/* ---- summaries, and the command ---- */

static void summaries_add_up(void **state)
{
    (void)state;
    const struct simulation simulation = {NULL, 1, 4, 8, 1};
    struct agency_outcome outcomes[4] = {
        {.episodes = {[TEST_1H] = 1}, .parts = {[TEST_7D] = 2}, .fired = {[WATCH_ALL] = 60}, .minutes = 100},
        {.episodes = {[TEST_24H] = 1}, .fired = {[WATCH_ALL] = 180}, .minutes = 100},
        {.fired = {[WATCH_ALL] = -1}, .minutes = 100},
        {.fired = {[WATCH_ALL] = 8 * 24 * 60}, .minutes = 100}, /* too late */
    };
    struct scenario_summary null = simulate_summary(scenario_find("iid-30"), &simulation, outcomes, 2);
    assert_true(fabs(null.episodes[TEST_1H] - .125) < 1e-12 && fabs(null.parts - .25) < 1e-12);
    assert_true(fabs(null.sum - .5) < 1e-12);                  /* 4 in 4 agencies and 2 months */
    assert_true(fabs(null.sum_se - sqrt(2 / 4.) / 2) < 1e-12); /* 3 1 0 0: variance 2 */
    assert_true(fabs(null.power[WATCH_ALL] - .5) < 1e-12 && fabs(null.hours[WATCH_ALL] - 2) < 1e-12);
    assert_true(fabs(null.speed - 400 * 60 / 2.) < 1e-9);
}

static void the_command_says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *words[6];
        enum exit_code code;
    } rows[] = {
        {"no such scenario", {"--scenario", "iid-30,nonsense"}, EXIT_USAGE},
        {"no number", {"--agencies", "many"}, EXIT_USAGE},
        {"none at all", {"--agencies", "0"}, EXIT_USAGE},
        {"two formats", {"--csv", "--json"}, EXIT_USAGE},
        {"no such file", {"--scoring", "/nowhere/scoring.yaml"}, EXIT_USAGE},
        {"a replay without a mapping", {"--replay", "counts.csv"}, EXIT_USAGE},
        {"no such period", {"--replay", "counts.csv", "--mapping", "m.yaml", "--period", "week"}, EXIT_USAGE},
        {"a switch without a file",
         {"--replay", "counts.csv", "--mapping", "m.yaml", "--switch=2026-04-01"},
         EXIT_USAGE},
        {"two recordings", {"--signals", "--replay", "counts.csv", "--mapping", "m.yaml"}, EXIT_USAGE},
        {"a configuration for nothing", {"--config", "c.yaml"}, EXIT_USAGE},
        {"no such configuration", {"--signals", "--config", "/nowhere/c.yaml"}, EXIT_USAGE},
        {"no file to replay", {"--replay", "/nowhere/counts.json", "--mapping", "m.yaml"}, EXIT_FAILED},
        {"a list", {"--list"}, EXIT_FINE},
        {"one agency", {"--agencies", "1", "--weeks=1", "--scenario", "iid-30", "--json"}, EXIT_FINE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *words[COUNT(rows[i].words)];
        int count = 0;
        while (count < (int)COUNT(rows[i].words) && rows[i].words[count]) {
            words[count] = strdup(rows[i].words[count]);
            count++;
        }
        enum exit_code code = command_simulate.run(&command_simulate, count, words);
        if (code != rows[i].code) {
            fail_msg("%s: exit %d, not %d", rows[i].name, (int)code, (int)rows[i].code);
        }
        while (count > 0) {
            free(words[--count]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histories_are_as_described), cmocka_unit_test(nothing_is_found_where_nothing_slips),
        cmocka_unit_test(a_careless_rule_cries_wolf), cmocka_unit_test(a_slip_is_found_in_hours),
        cmocka_unit_test(threads_change_nothing),     cmocka_unit_test(what_was_recorded_is_passed_again),
        cmocka_unit_test(summaries_add_up),           cmocka_unit_test(the_command_says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
