/* test_causes.c - what stands beside the scores: employees' causes and the response rate, worked out by hand; medians
 * against durations drawn one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "oracles.h"
#include "seeded.h"
#include "slipstream/score.h"

#define COUNT(rows)      (sizeof(rows) / sizeof((rows)[0]))
#define NO(signal)       (COUNTER_OUTCOMES + 2 * (signal))
#define YES(signal)      (NO(signal) + 1)
#define BIN(signal, bin) (COUNTER_DURATIONS + DURATION_BINS * ((signal)-SIGNAL_WAIT) + (bin))
#define TRANSFERS(n)     (COUNTER_COUNTS + (n))
#define NONE             -1.0

static const struct scoring scoring = {.signal_n_min = 10};

struct counted {
    unsigned counter;
    int64_t count;
};

static struct card card_of(const struct counted *counted, size_t count)
{
    int64_t counts[COUNTERS] = {0};
    struct tallies tallies = {0};
    struct card card;
    for (size_t i = 0; i < count; i++) {
        counts[counted[i].counter] += counted[i].count;
    }
    tallies_add(&tallies, counts, CHANNEL_PHONE, &scoring);
    score_card(&tallies, &scoring, Z_95, &card);
    return card;
}

static const struct {
    const char *name;
    enum cause cause;
    struct counted counted[4];
    double value; /* NONE: absent */
    int64_t n;
} rows[] = {
    {"transfers on average",
     CAUSE_TRANSFERS,
     {{TRANSFERS(0), 6}, {TRANSFERS(1), 3}, {TRANSFERS(2), 2}, {TRANSFERS(3), 1}},
     10.0 / 12,
     12},
    {"nobody was transferred", CAUSE_TRANSFERS, {{TRANSFERS(0), 10}}, 0, 10},
    {"too few say how often", CAUSE_TRANSFERS, {{TRANSFERS(0), 9}}, NONE, 0},
    {"a retraction came first", CAUSE_TRANSFERS, {{TRANSFERS(0), 20}, {TRANSFERS(1), -1}}, NONE, 0},
    {"the agent had it",
     CAUSE_AGENT_INFORMED,
     {{YES(SIGNAL_AGENT_INFORMED), 9}, {NO(SIGNAL_AGENT_INFORMED), 3}},
     75,
     12},
    {"escalated is yes, not good", CAUSE_ESCALATED, {{YES(SIGNAL_ESCALATED), 3}, {NO(SIGNAL_ESCALATED), 17}}, 15, 20},
    {"too few", CAUSE_ESCALATED, {{YES(SIGNAL_ESCALATED), 9}}, NONE, 0},
    /* bins of 5 s to 20 s: 0-5, 5-10, 10-15, 15-20 */
    {"in the middle of a bin",
     CAUSE_HOLD,
     {{BIN(SIGNAL_HOLD, 0), 4}, {BIN(SIGNAL_HOLD, 1), 4}, {BIN(SIGNAL_HOLD, 3), 4}},
     7.5,
     12},
    {"at the edge of one", CAUSE_HOLD, {{BIN(SIGNAL_HOLD, 1), 5}, {BIN(SIGNAL_HOLD, 3), 5}}, 10, 10},
    {"all beyond the last edge", CAUSE_WRAP_UP, {{BIN(SIGNAL_WRAP_UP, DURATION_BINS - 1), 10}}, 8 * 3600, 10},
    {"hold is not wrap-up", CAUSE_WRAP_UP, {{BIN(SIGNAL_HOLD, 1), 50}}, NONE, 0},
};

static void causes_are_worked_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct card card = card_of(rows[i].counted, COUNT(rows[i].counted));
        struct cause_figure got = card.causes[rows[i].cause];
        bool absent = rows[i].value < 0;
        if (got.present == absent || (!absent && (fabs(got.value - rows[i].value) > 1e-9 || got.n != rows[i].n))) {
            fail_msg("%s: %d, %.12f of %lld", rows[i].name, got.present, got.value, (long long)got.n);
        }
    }
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* The median of what was drawn is in the bin that the figure is in. */
static void medians_are_of_the_right_bin(void **state)
{
    (void)state;
    struct seeded random = {7};
    for (unsigned round = 0; round < 2000; round++) {
        int64_t drawn[101];
        struct counted counted[101];
        size_t n = 11 + 2 * seeded_below(&random, 46); /* odd: one is in the middle */
        for (size_t i = 0; i < n; i++) {
            drawn[i] = (int64_t)seeded_sized(&random, 24);
            counted[i] = (struct counted){BIN(SIGNAL_HOLD, duration_bin(EDGES_WAIT, drawn[i])), 1};
        }
        qsort(drawn, n, sizeof *drawn, compare);
        struct card card = card_of(counted, n);
        assert_true(card.causes[CAUSE_HOLD].present);
        double ms = card.causes[CAUSE_HOLD].value * 1000;
        unsigned bin = duration_bin(EDGES_WAIT, drawn[n / 2]);
        double low = bin ? (double)duration_edges_ms[EDGES_WAIT][bin - 1] : 0;
        double high = bin < DURATION_BINS - 1 ? (double)duration_edges_ms[EDGES_WAIT][bin] : low;
        assert_true(ms >= low - 1e-6 && ms <= high + 1e-6);
    }
}

static void the_response_rate_is_of_those_offered(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t offered, answered;
        double value; /* NONE: absent */
        int64_t n;
    } rates[] = {
        {"a fifth", 100, 20, 20, 100},
        {"nobody", 40, 0, 0, 40},
        {"nobody tells of an offer", 0, 30, NONE, 0},
        {"answers to offers before the window", 10, 12, 100, 12},
        {"nothing at all", 0, 0, NONE, 0},
    };
    for (size_t i = 0; i < COUNT(rates); i++) {
        const struct counted counted[] = {{YES(SIGNAL_SURVEY_OFFERED), rates[i].offered},
                                          {YES(SIGNAL_SURVEY_ANSWERED), rates[i].answered}};
        struct estimate rate = card_of(counted, COUNT(counted)).response_rate;
        if (rate.present != (rates[i].value >= 0)) {
            fail_msg("%s: %d", rates[i].name, rate.present);
        }
        if (rate.present) {
            double x = rates[i].value / 100 * (double)rates[i].n;
            double low = oracle_wilson(x, (double)rates[i].n, Z_95, true);
            double high = oracle_wilson(x, (double)rates[i].n, Z_95, false);
            assert_true(fabs(rate.value - rates[i].value) < 1e-9 && rate.n == rates[i].n);
            assert_true(fabs(rate.low - 100 * low) < 1e-6 && fabs(rate.high - 100 * high) < 1e-6);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(causes_are_worked_out),
        cmocka_unit_test(medians_are_of_the_right_bin),
        cmocka_unit_test(the_response_rate_is_of_those_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
