/* test_tallies.c - where a channel's standards are applied: on every edge, for short abandons, and added over channels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "seeded.h"
#include "slipstream/score.h"

#define SECONDS(n) ((n)*INT64_C(1000))

static const struct scoring scoring = {
    .wait_standard_ms = {[CHANNEL_PHONE] = SECONDS(60), [CHANNEL_OFFICE] = SECONDS(900), [CHANNEL_CHAT] = SECONDS(30)},
    .short_abandon_ms = {[CHANNEL_PHONE] = SECONDS(5), [CHANNEL_CHAT] = SECONDS(10)},
    .resolution_standard_ms = {[CHANNEL_PHONE] = SECONDS(86400)},
};

/* The same waits, and two standards: each channel's own is applied before they are added. */
static void channels_keep_their_own_standards(void **state)
{
    (void)state;
    int64_t counts[COUNTERS] = {0};
    counts[signal_table[SIGNAL_WAIT].first + 5] = 10; /* 30 to 45 s: within a minute, not within half a minute */
    counts[COUNTER_SAID_OPERATIONAL + DRIVER_QUICK_RESOLUTION] = 10;
    counts[COUNTER_SAID_ANY] = 10;
    struct tallies tallies = {0};
    tallies_add(&tallies, counts, CHANNEL_PHONE, &scoring);
    tallies_add(&tallies, counts, CHANNEL_CHAT, &scoring);
    tallies_add(&tallies, counts, CHANNEL_WEB, &scoring); /* has none */
    assert_int_equal(tallies.signals[SIGNAL_WAIT].good, 10);
    assert_int_equal(tallies.signals[SIGNAL_WAIT].n, 20);
    assert_int_equal(tallies.by_driver[DRIVER_QUICK_RESOLUTION][SIGNAL_WAIT].n, 20);
    assert_int_equal(tallies.said_operational[DRIVER_QUICK_RESOLUTION], 30);
    assert_int_equal(tallies.said_any, 30);
}

/* An event of a phone contact, through the counters. */
static struct tally tally_of_wait(enum contact_outcome outcome, int64_t ms, const struct scoring *by,
                                  enum signal signal)
{
    struct interaction it;
    struct signal_event event;
    uint16_t counters[EVENT_COUNTERS_MAX];
    int64_t counts[COUNTERS] = {0};
    interaction_init(&it, CHANNEL_PHONE);
    it.kind = EVENT_INTERACTION;
    it.event_id = it.agency = span_text("x");
    it.outcome = outcome;
    it.wait = ms;
    it.resolution = ms;
    signals_of(&it, &event);
    for (size_t i = signals_counters(&event, counters); i-- > 0;) {
        counts[counters[i]]++;
    }
    struct tallies tallies = {0};
    tallies_add(&tallies, counts, CHANNEL_PHONE, by);
    return tallies.signals[signal];
}

static void check_tally(struct tally got, int64_t good, int64_t n)
{
    assert_int_equal(got.good, good);
    assert_int_equal(got.n, n);
}

/* Every edge as a standard: just under it is within, it is not; as a limit, just under it is short, it is not. */
static void every_edge_is_a_standard(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DURATION_BINS - 1; i++) {
        struct scoring by = scoring;
        int64_t wait = duration_edges_ms[EDGES_WAIT][i];
        int64_t resolution = duration_edges_ms[EDGES_RESOLUTION][i];
        by.wait_standard_ms[CHANNEL_PHONE] = by.short_abandon_ms[CHANNEL_PHONE] = wait;
        by.resolution_standard_ms[CHANNEL_PHONE] = resolution;
        check_tally(tally_of_wait(CONTACT_SERVED, wait - 1, &by, SIGNAL_WAIT), 1, 1);
        check_tally(tally_of_wait(CONTACT_SERVED, wait, &by, SIGNAL_WAIT), 0, 1);
        check_tally(tally_of_wait(CONTACT_SERVED, resolution - 1, &by, SIGNAL_RESOLUTION), 1, 1);
        check_tally(tally_of_wait(CONTACT_SERVED, resolution, &by, SIGNAL_RESOLUTION), 0, 1);
        check_tally(tally_of_wait(CONTACT_ABANDONED, wait - 1, &by, SIGNAL_ANSWERED), 0, 0);
        check_tally(tally_of_wait(CONTACT_ABANDONED, wait, &by, SIGNAL_ANSWERED), 0, 1);
        check_tally(tally_of_wait(CONTACT_SERVED, wait - 1, &by, SIGNAL_ANSWERED), 1, 1);
        by.wait_standard_ms[CHANNEL_PHONE] = by.short_abandon_ms[CHANNEL_PHONE] = 0;
        check_tally(tally_of_wait(CONTACT_SERVED, wait, &by, SIGNAL_WAIT), 0, 0);
        check_tally(tally_of_wait(CONTACT_ABANDONED, 0, &by, SIGNAL_ANSWERED), 0, 1);
    }
}

/* An office's answers are not a representative's, though the signal is the same: in the sum over channels it is both,
 * for a driver only what answers for it. Statements about a driver likewise. */
static void drivers_are_fed_by_their_channels(void **state)
{
    (void)state;
    static const struct {
        enum channel channel;
        int64_t yes, no;
    } cells[] = {{CHANNEL_WEB, 1, 2}, {CHANNEL_PHONE, 10, 20}, {CHANNEL_OFFICE, 100, 200}, {CHANNEL_CHAT, 1000, 2000}};
    struct tallies tallies = {0};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        int64_t counts[COUNTERS] = {0};
        counts[signal_table[SIGNAL_QUESTIONS_ANSWERED].first] = cells[i].no;
        counts[signal_table[SIGNAL_QUESTIONS_ANSWERED].first + 1] = cells[i].yes;
        for (int64_t answer = 1; answer <= 5; answer++) {
            counts[signal_table[SIGNAL_RATING_REP_ANSWERS].first + answer - 1] = cells[i].yes * answer;
            counts[signal_table[SIGNAL_RATING_TRUST].first + answer - 1] = cells[i].yes * answer;
        }
        tallies_add(&tallies, counts, cells[i].channel, &scoring);
    }
    check_tally(tallies.signals[SIGNAL_QUESTIONS_ANSWERED], 1111, 3333);
    check_tally(tallies.by_driver[DRIVER_OFFICE_ANSWERS][SIGNAL_QUESTIONS_ANSWERED], 100, 300);
    check_tally(tallies.by_driver[DRIVER_REP_ANSWERS][SIGNAL_QUESTIONS_ANSWERED], 1010, 3030);
    check_tally(tallies.by_driver[DRIVER_QUALITY][SIGNAL_QUESTIONS_ANSWERED], 0, 0);
    check_tally(tallies.signals[SIGNAL_RATING_REP_ANSWERS], 9 * 1111, 15 * 1111); /* answers 4 and 5 */
    for (int64_t answer = 1; answer <= 5; answer++) {
        const int64_t(*ratings)[5] = tallies.ratings;
        assert_int_equal(ratings[SIGNAL_RATING_REP_ANSWERS - SIGNAL_RATING_OFFICE_ANSWERS][answer - 1], 1010 * answer);
        assert_int_equal(ratings[SIGNAL_RATING_TRUST - SIGNAL_RATING_OFFICE_ANSWERS][answer - 1], 1111 * answer);
    }
}

/* What is added and taken back leaves nothing, whatever it was. */
static void tallies_add_up(void **state)
{
    (void)state;
    struct seeded random = {2};
    for (unsigned round = 0; round < 200; round++) {
        struct tallies tallies = {0};
        static const struct tallies none;
        int64_t counts[COUNTERS];
        for (int sign = 1; sign >= -1; sign -= 2) {
            struct seeded same = random;
            for (unsigned cell = 0; cell < 8; cell++) {
                enum channel channel = (enum channel)seeded_below(&same, CHANNELS);
                for (unsigned i = 0; i < COUNTERS; i++) {
                    counts[i] = sign * (seeded_between(&same, -1000, 1000000));
                }
                tallies_add(&tallies, counts, channel, &scoring);
            }
        }
        assert_memory_equal(&tallies, &none, sizeof none);
        seeded_bits(&random);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_keep_their_own_standards),
        cmocka_unit_test(every_edge_is_a_standard),
        cmocka_unit_test(drivers_are_fed_by_their_channels),
        cmocka_unit_test(tallies_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
