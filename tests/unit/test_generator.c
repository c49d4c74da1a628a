/* test_generator.c - the made-up traffic is what it says it is: the same again, in order, near its own probabilities.
 */
#include "generator.h"

#include "slipstream/config.h"
#include "slipstream/score.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define MONDAY_US  INT64_C(1790553600000000) /* 2026-09-28T00:00:00Z */
#define PER_DAY    100
#define BUSY       600
#define LIVE_RATE  150
#define MARGIN_CX  4.0 /* the demo's, in demo_setting.c */
#define MARGIN_REP 6.0

static struct generator *opened_as_busy(uint64_t seed, int64_t live_us, int64_t history_us, double busy_per_hour)
{
    struct generator_settings settings = {
        .seed = seed,
        .live = {live_us},
        .history_us = history_us,
        .history_per_day = PER_DAY,
        .busy_per_hour = busy_per_hour,
        .live_per_second = LIVE_RATE,
    };
    return generator_open(&settings);
}

static struct generator *opened(uint64_t seed, int64_t live_us, int64_t history_us)
{
    return opened_as_busy(seed, live_us, history_us, BUSY);
}

static struct scoring *builtin(void)
{
    struct scoring *scoring;
    struct problems problems;
    problems_init(&problems);
    assert_int_equal(scoring_load(NULL, &scoring, &problems), DONE);
    problems_done(&problems);
    return scoring;
}

static unsigned agency_of(const struct generated *event)
{
    unsigned agency = 0;
    while (!span_equal(event->interaction.agency, span_text(generator_agency(agency)))) {
        agency++;
    }
    return agency;
}

/* Everything that an event is, but for where its texts lie. */
static uint64_t fingerprint(const struct generated *event)
{
    struct interaction plain = event->interaction;
    uint64_t seed = hash64(span_text(event->event_id), (uint64_t)event->due.us + event->fault * 7u + event->is_copy);
    seed = hash64(plain.agency, hash64(plain.service, seed));
    plain.event_id = plain.interaction_id = plain.agency = plain.service = span_of(NULL, 0);
    return hash64(span_of(&plain, offsetof(struct interaction, channel)), seed);
}

/* ---- determinism and order ---- */

static uint64_t fingerprint_of_all(uint64_t seed, size_t *count)
{
    struct generator *generator = opened(seed, MONDAY_US, 2 * US_PER_DAY);
    struct generated event;
    uint64_t sum = 0;
    *count = 0;
    while (generator_next(generator, (struct event_time){MONDAY_US + 5 * US_PER_SECOND}, &event)) {
        sum = sum * 31 + fingerprint(&event);
        ++*count;
    }
    generator_close(generator);
    return sum;
}

static void test_the_same_seed_is_the_same_traffic(void **state)
{
    (void)state;
    size_t first, again, other;
    uint64_t sum = fingerprint_of_all(7, &first);
    assert_true(first > 10000);
    assert_true(sum == fingerprint_of_all(7, &again));
    assert_int_equal(first, again);
    assert_true(sum != fingerprint_of_all(8, &other));
}

static void test_traffic_does_not_depend_on_how_often_it_is_asked_for(void **state)
{
    (void)state;
    struct generator *whole = opened(3, MONDAY_US, 3 * US_PER_HOUR);
    struct generator *bit_by_bit = opened(3, MONDAY_US, 3 * US_PER_HOUR);
    struct generated a, b;
    int64_t until = MONDAY_US - 3 * US_PER_HOUR;
    while (generator_next(whole, (struct event_time){MONDAY_US}, &a)) {
        while (!generator_next(bit_by_bit, (struct event_time){until}, &b)) {
            until += 10 * US_PER_SECOND;
        }
        assert_true(fingerprint(&a) == fingerprint(&b));
    }
    generator_close(whole);
    generator_close(bit_by_bit);
}

static void test_events_come_in_order_and_none_before_it_happened(void **state)
{
    (void)state;
    struct generator *generator = opened(11, MONDAY_US, 5 * US_PER_DAY);
    struct generated event;
    int64_t last = MONDAY_US - 5 * US_PER_DAY;
    while (generator_next(generator, (struct event_time){MONDAY_US + 20 * US_PER_SECOND}, &event)) {
        assert_true(event.due.us >= last);
        assert_true(event.fault == FAULT_IN_FUTURE || event.interaction.occurred_at <= event.due.us);
        assert_true(event.interaction.started_at == ABSENT ||
                    event.interaction.started_at <= event.interaction.occurred_at);
        last = event.due.us;
    }
    assert_true(last > MONDAY_US + 19 * US_PER_SECOND);
    generator_close(generator);
}

/* ---- what comes ---- */

struct tally_of_events {
    int64_t events, copies, elsewhere, faults[FAULTS], kinds[EVENT_KINDS], retractions, refused, late, ancient;
};

static struct tally_of_events tally_all(struct generator *generator, int64_t from_us, int64_t until_us)
{
    static const struct time_bounds bounds = {5 * US_PER_MINUTE, 63 * US_PER_DAY};
    const struct pane_shape *longest = &pane_shapes[PANE_SIX_HOURS];
    struct tally_of_events tally = {0};
    struct generated event;
    struct reason why;
    while (generator_next(generator, (struct event_time){until_us}, &event)) {
        const struct interaction *it = &event.interaction;
        if (event.due.us < from_us) {
            continue;
        }
        int64_t oldest = time_floor(event.due.us, longest->length_us) - longest->kept + 1;
        bool ancient = time_floor(it->occurred_at, longest->length_us) < oldest;
        bool wrong = interaction_check(it, &bounds, event.due, &why) != DONE;
        tally.events++;
        tally.copies += event.is_copy;
        tally.elsewhere += event.elsewhere;
        tally.faults[event.fault]++;
        tally.kinds[it->kind]++;
        tally.retractions += it->retracts == 1;
        tally.late += !event.fault && !event.is_copy && event.due.us - it->occurred_at > 9 * US_PER_MINUTE;
        tally.ancient += !event.fault && ancient;
        tally.refused += !event.fault && wrong;
    }
    return tally;
}

static void assert_share(int64_t part, int64_t whole, double least, double most)
{
    double share = (double)part / (double)whole;
    assert_true(share >= least && share <= most);
}

static void test_history_is_what_people_make_of_it(void **state)
{
    (void)state;
    const int64_t days = 21;
    struct generator *generator = opened_as_busy(5, MONDAY_US, days * US_PER_DAY, .01); /* no hours are busier */
    struct tally_of_events tally = tally_all(generator, INT64_MIN, MONDAY_US - GENERATOR_BUSY_US);
    generator_close(generator);
    assert_share(tally.kinds[EVENT_INTERACTION], PER_DAY * GENERATOR_AGENCIES * days, .95, 1.05);
    assert_share(tally.kinds[EVENT_SURVEY], tally.kinds[EVENT_INTERACTION], .06, .10);
    assert_share(tally.kinds[EVENT_REOPENING], tally.kinds[EVENT_INTERACTION], .002, .03);
    assert_share(tally.copies, tally.events, .003, .007);
    assert_share(tally.elsewhere, tally.copies, .35, .65);
    assert_share(tally.retractions, tally.events, .001, .003);
    assert_share(tally.late, tally.events, .002, .007); /* corrections of what is older, too */
    assert_share(tally.events - tally.faults[FAULT_NONE], tally.events, .0001, .0006);
    assert_int_equal(tally.ancient, 0);
    assert_int_equal(tally.refused, 0);
}

static void test_live_traffic_has_the_rate_that_was_set(void **state)
{
    (void)state;
    struct generator *generator = opened(6, MONDAY_US + 2 * US_PER_HOUR, US_PER_HOUR);
    int64_t live_us = MONDAY_US + 2 * US_PER_HOUR;
    struct tally_of_events tally = tally_all(generator, live_us, live_us + 300 * US_PER_SECOND);
    generator_close(generator);
    assert_share(tally.events, 300 * LIVE_RATE, .9, 1.05);
    assert_true(tally.ancient > 0);
    assert_int_equal(tally.refused, 0); /* what is too old for every pane is still let in */
}

static void test_the_hours_before_are_as_busy_every_week(void **state)
{
    (void)state;
    enum { WEEKS = 4, HOURS_BEFORE = 8 };
    int64_t events[WEEKS][HOURS_BEFORE] = {0};
    struct generator *generator = opened(5, MONDAY_US, WEEKS * US_PER_WEEK);
    struct generated event;
    while (generator_next(generator, (struct event_time){MONDAY_US}, &event)) {
        int64_t before_us = MONDAY_US - event.due.us;
        int64_t hour = before_us % US_PER_WEEK / US_PER_HOUR;
        if (before_us / US_PER_WEEK < WEEKS && hour < HOURS_BEFORE) {
            events[before_us / US_PER_WEEK][hour]++;
        }
    }
    generator_close(generator);
    for (unsigned week = 0; week < WEEKS; week++) {
        for (unsigned hour = 0; hour < 4; hour++) { /* rising steadily, for six hours */
            assert_share(events[week][hour] * 12, BUSY * GENERATOR_AGENCIES * (11 - 2 * (int64_t)hour), .9, 1.15);
            assert_share(events[week][hour], events[0][hour], .8, 1.2);
        }
        assert_true(events[week][7] * 10 < events[week][0]);
    }
}

static void test_every_fault_comes(void **state)
{
    (void)state;
    struct generator *generator = opened(9, MONDAY_US, 60 * US_PER_DAY);
    struct tally_of_events tally = tally_all(generator, INT64_MIN, MONDAY_US);
    generator_close(generator);
    for (unsigned f = FAULT_NONE; f < FAULTS; f++) {
        assert_true(tally.faults[f] > 0);
    }
}

/* ---- levels ---- */

typedef int64_t channel_counts[CHANNELS][COUNTERS];

/* The counters of the four hours before `until`, as score would add them up. */
static void count_hours(struct generator *generator, int64_t until_us, channel_counts counts[GENERATOR_AGENCIES])
{
    struct generated event;
    int64_t from_us = until_us - 4 * US_PER_HOUR;
    while (generator_next(generator, (struct event_time){until_us}, &event)) {
        struct signal_event signals;
        uint16_t counters[EVENT_COUNTERS_MAX];
        if (event.fault || event.is_copy || event.interaction.occurred_at < from_us) {
            continue;
        }
        signals_of(&event.interaction, &signals);
        size_t count = signals_counters(&signals, counters);
        unsigned agency = agency_of(&event);
        for (size_t i = 0; i < count; i++) {
            counts[agency][signals.channel][counters[i]] += signals.retracts ? -1 : 1;
        }
    }
}

static void score_counts(channel_counts counts, const struct scoring *scoring, struct card *card)
{
    struct tallies tallies = {0};
    for (unsigned c = 0; c < CHANNELS; c++) {
        tallies_add(&tallies, counts[c], (enum channel)c, scoring);
    }
    score_card(&tallies, scoring, 3, card);
}

static void test_the_expected_level_is_the_one_that_is_reached(void **state)
{
    (void)state;
    struct scoring *scoring = builtin();
    /* A working day's ten o'clock, in the agencies' own time, and so many contacts that chance is small. */
    struct generator_settings settings = {.seed = 4,
                                          .live = {MONDAY_US + 15 * US_PER_HOUR},
                                          .history_us = US_PER_HOUR,
                                          .history_per_day = 1,
                                          .busy_per_hour = 1,
                                          .live_per_second = 200};
    struct generator *generator = generator_open(&settings);
    channel_counts *counts = calloc(GENERATOR_AGENCIES, sizeof *counts);
    double off = 0;
    count_hours(generator, settings.live.us + 1000 * US_PER_SECOND, counts);
    for (unsigned a = 0; a < GENERATOR_AGENCIES; a++) {
        struct card card;
        double level[TARGETS];
        score_counts(counts[a], scoring, &card);
        generator_level(generator, a, 10, a == generator_planted(generator), scoring, level);
        double sd = (card.cx.high - card.cx.low) / 6; /* z is 3 */
        assert_true(card.cx.present && sd < 2);
        assert_true(fabs(card.cx.value - level[TARGET_CX]) < 4 * sd);
        off += (card.cx.value - level[TARGET_CX]) / sd;
    }
    assert_true(fabs(off / GENERATOR_AGENCIES) < .9); /* all in all neither too high nor too low */
    free(counts);
    generator_close(generator);
    scoring_close(scoring);
}

static void test_quality_is_spread_widely(void **state)
{
    (void)state;
    struct scoring *scoring = builtin();
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct generator *generator = opened(seed, MONDAY_US, US_PER_HOUR);
        double lowest = 100;
        double highest = 0;
        for (unsigned a = 0; a < GENERATOR_AGENCIES; a++) {
            double level[TARGETS];
            generator_level(generator, a, 34, false, scoring, level);
            lowest = fmin(lowest, level[TARGET_CX]);
            highest = fmax(highest, level[TARGET_CX]);
        }
        assert_true(lowest > 40 && lowest < 50);
        assert_true(highest > 84 && highest < 93);
        generator_close(generator);
    }
    scoring_close(scoring);
}

static void test_offices_close_and_shares_add_up(void **state)
{
    (void)state;
    struct generator *generator = opened(1, MONDAY_US, US_PER_HOUR);
    for (unsigned hour = 0; hour < GENERATOR_HOURS; hour++) {
        double shares[CHANNELS];
        generator_shares(generator, 6, hour, shares);
        bool open = hour < 5 * 24 && hour % 24 >= 8 && hour % 24 < 17;
        assert_true((shares[CHANNEL_OFFICE] > 0) == open);
        assert_true(fabs(shares[0] + shares[1] + shares[2] + shares[3] - 1) < 1e-9);
    }
    generator_close(generator);
}

/* ---- the slip ---- */

/* Of the calls before and after the slip began: how many were answered, of how many. */
static void test_the_slip_is_on_one_agencys_phones_only(void **state)
{
    (void)state;
    struct generator *generator = opened(2, MONDAY_US, GENERATOR_BUSY_US);
    unsigned planted = generator_planted(generator);
    int64_t since = generator_slip_since(generator).us;
    int64_t good[GENERATOR_AGENCIES][CHANNELS][2] = {0};
    int64_t all[GENERATOR_AGENCIES][CHANNELS][2] = {0};
    struct generated event;
    assert_true(since == MONDAY_US - 3 * US_PER_HOUR);
    while (generator_next(generator, (struct event_time){MONDAY_US}, &event)) {
        const struct interaction *it = &event.interaction;
        if (it->kind == EVENT_INTERACTION && !event.fault && it->channel != CHANNEL_WEB) {
            bool after = it->occurred_at >= since;
            all[agency_of(&event)][it->channel][after]++;
            good[agency_of(&event)][it->channel][after] += it->resolved == 1;
        }
    }
    for (unsigned a = 0; a < GENERATOR_AGENCIES; a++) {
        for (unsigned c = 0; c < CHANNELS; c++) {
            if (all[a][c][0] < 40 || all[a][c][1] < 40) {
                continue;
            }
            double before = (double)good[a][c][0] / (double)all[a][c][0];
            double after = (double)good[a][c][1] / (double)all[a][c][1];
            double sd = sqrt(.25 / (double)all[a][c][0] + .25 / (double)all[a][c][1]);
            bool slips = a == planted && c == CHANNEL_PHONE;
            assert_true(slips ? after < before / 2 : fabs(after - before) < 4.5 * sd);
        }
    }
    generator_close(generator);
}

/* With the demo's targets: whoever slips is found at the start, nobody else is, at any hour. */
static void test_targets_find_the_slip_and_nothing_else(void **state)
{
    (void)state;
    struct scoring *scoring = builtin();
    channel_counts *counts = calloc(GENERATOR_AGENCIES, sizeof *counts);
    for (uint64_t seed = 0; seed < 8; seed++) {
        int64_t live_us = MONDAY_US + (int64_t)seed * (US_PER_DAY + 3 * US_PER_HOUR);
        struct generator *generator = opened(seed, live_us, GENERATOR_BUSY_US);
        memset(counts, 0, GENERATOR_AGENCIES * sizeof *counts);
        count_hours(generator, live_us + 5 * US_PER_SECOND, counts);
        for (unsigned a = 0; a < GENERATOR_AGENCIES; a++) {
            struct card card;
            double level[TARGETS];
            score_counts(counts[a], scoring, &card);
            generator_usual_level(generator, a, scoring, level);
            const struct estimate *answers = &card.drivers[DRIVER_REP_ANSWERS].score;
            bool low_cx = card.cx.high < level[TARGET_CX] - MARGIN_CX;
            bool low_answers = answers->high < level[TARGET_DRIVER + DRIVER_REP_ANSWERS] - MARGIN_REP;
            if (a == generator_planted(generator)) {
                assert_true(low_cx || low_answers);
            } else {
                assert_false(low_cx || (low_answers && answers->n >= 400));
            }
        }
        generator_close(generator);
    }
    free(counts);
    scoring_close(scoring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_seed_is_the_same_traffic),
        cmocka_unit_test(test_traffic_does_not_depend_on_how_often_it_is_asked_for),
        cmocka_unit_test(test_events_come_in_order_and_none_before_it_happened),
        cmocka_unit_test(test_history_is_what_people_make_of_it),
        cmocka_unit_test(test_live_traffic_has_the_rate_that_was_set),
        cmocka_unit_test(test_the_hours_before_are_as_busy_every_week),
        cmocka_unit_test(test_every_fault_comes),
        cmocka_unit_test(test_the_expected_level_is_the_one_that_is_reached),
        cmocka_unit_test(test_quality_is_spread_widely),
        cmocka_unit_test(test_offices_close_and_shares_add_up),
        cmocka_unit_test(test_the_slip_is_on_one_agencys_phones_only),
        cmocka_unit_test(test_targets_find_the_slip_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
