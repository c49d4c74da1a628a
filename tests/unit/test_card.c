/* test_card.c - from counters to cards, worked out by hand: standards, short abandons, weights, methods, what is
 * absent.
 *
 * Intervals are compared with Wilson's by halving (oracles.h) and with MOVER's formula. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "oracles.h"
#include "seeded.h"
#include "slipstream/score.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define ROOM        1e-9
#define SECONDS(n)  ((n)*INT64_C(1000))
#define ABSENT_LINE -1.0

static const struct scoring scoring = {
    .wait_standard_ms = {[CHANNEL_PHONE] = SECONDS(60), [CHANNEL_OFFICE] = SECONDS(900), [CHANNEL_CHAT] = SECONDS(30)},
    .short_abandon_ms = {[CHANNEL_PHONE] = SECONDS(5), [CHANNEL_CHAT] = SECONDS(10)},
    .resolution_standard_ms = {[CHANNEL_PHONE] = SECONDS(86400)},
    .signal_weight =
        {[DRIVER_OFFICE_ANSWERS] = {[SIGNAL_ANSWERED] = 3},
         [DRIVER_REP_ANSWERS] = {[SIGNAL_ANSWERED] = 1, [SIGNAL_QUESTIONS_ANSWERED] = 1, [SIGNAL_TRANSFERRED] = 2},
         [DRIVER_QUALITY] = {[SIGNAL_COMPLETED] = 2, [SIGNAL_PAGE_HELPFUL] = 1, [SIGNAL_ERROR_SHOWN] = 1},
         [DRIVER_QUICK_RESOLUTION] = {[SIGNAL_RESOLVED] = 1, [SIGNAL_WAIT] = 1, [SIGNAL_RESOLUTION] = 2}},
    .line_weight_operational = {3, 3, 3, 3},
    .line_weight_survey = {1, 1, 1, 1},
    .driver_weight = {1, 2, 3, 4},
    .method = METHOD_TOP2BOX,
    .signal_n_min = 1,
};

#define NO(signal)       (COUNTER_OUTCOMES + 2 * (signal))
#define YES(signal)      (NO(signal) + 1)
#define BIN(signal, bin) (COUNTER_DURATIONS + DURATION_BINS * ((signal)-SIGNAL_WAIT) + (bin))
#define RATING(r, a)     (COUNTER_RATINGS + 5 * ((r)-SIGNAL_RATING_OFFICE_ANSWERS) + (a)-1)
#define SAID(driver)     (COUNTER_SAID_OPERATIONAL + (driver))

struct counted {
    unsigned counter;
    int64_t count;
};

static struct tallies tallies_of(const struct counted *counted, size_t count, enum channel channel,
                                 const struct scoring *by)
{
    int64_t counts[COUNTERS] = {0};
    for (size_t i = 0; i < count; i++) {
        counts[counted[i].counter] += counted[i].count;
    }
    struct tallies tallies = {0};
    tallies_add(&tallies, counts, channel, by);
    return tallies;
}

static void check(const char *name, double got, double expected)
{
    if (!(fabs(got - expected) <= ROOM * 100)) {
        fail_msg("%s: %.12f, not %.12f", name, got, expected);
    }
}

/* A line's value, the n that its interval is Wilson's of, and the n that it shows. */
static const struct {
    const char *name;
    enum channel channel;
    enum driver driver;
    struct counted counted[9];
    int64_t n_min;
    double value, n_effective;
    int64_t n;
} lines[] = {
    {"web: three signals, weights 2, 1, 1",
     CHANNEL_WEB,
     DRIVER_QUALITY,
     {{YES(SIGNAL_COMPLETED), 8},
      {NO(SIGNAL_COMPLETED), 2},
      {YES(SIGNAL_PAGE_HELPFUL), 3},
      {NO(SIGNAL_PAGE_HELPFUL), 1},
      {YES(SIGNAL_ERROR_SHOWN), 1},
      {NO(SIGNAL_ERROR_SHOWN), 9},
      {SAID(DRIVER_QUALITY), 10}},
     1,
     81.25,
     10,
     10}, /* (2 × .8 + .75 + .9) / 4 */
    {"web: many said something that is not weighed",
     CHANNEL_WEB,
     DRIVER_QUALITY,
     {{YES(SIGNAL_COMPLETED), 8},
      {NO(SIGNAL_COMPLETED), 2},
      {YES(SIGNAL_PAGE_HELPFUL), 3},
      {NO(SIGNAL_PAGE_HELPFUL), 1},
      {YES(SIGNAL_ERROR_SHOWN), 1},
      {NO(SIGNAL_ERROR_SHOWN), 9},
      {SAID(DRIVER_QUALITY), 100},
      {YES(SIGNAL_SEARCH_FOUND), 76}},
     1,
     81.25,
     64.0 / 3,
     24}, /* 16 / (4/10 + 1/4 + 1/10); 10 + 4 + 10 */
    {"web: a signal with too few is left out",
     CHANNEL_WEB,
     DRIVER_QUALITY,
     {{YES(SIGNAL_COMPLETED), 8},
      {NO(SIGNAL_COMPLETED), 2},
      {YES(SIGNAL_PAGE_HELPFUL), 3},
      {NO(SIGNAL_PAGE_HELPFUL), 1},
      {YES(SIGNAL_ERROR_SHOWN), 1},
      {NO(SIGNAL_ERROR_SHOWN), 9},
      {SAID(DRIVER_QUALITY), 10}},
     5,
     250.0 / 3,
     10,
     10},
    {"web: a rare signal with most of the weight",
     CHANNEL_WEB,
     DRIVER_QUALITY,
     {{YES(SIGNAL_COMPLETED), 2}, {NO(SIGNAL_ERROR_SHOWN), 1000}, {SAID(DRIVER_QUALITY), 1000}},
     1,
     100,
     9 / 2.001,
     1000}, /* 9 / (4/2 + 1/1000) */
    {"phone: short abandons are neither",
     CHANNEL_PHONE,
     DRIVER_REP_ANSWERS,
     {{YES(SIGNAL_ANSWERED), 30},
      {NO(SIGNAL_ANSWERED), 2},
      {BIN(SIGNAL_ABANDONED_AFTER, 0), 7},
      {BIN(SIGNAL_ABANDONED_AFTER, 1), 3},
      {BIN(SIGNAL_ABANDONED_AFTER, 23), 5},
      {SAID(DRIVER_REP_ANSWERS), 47}},
     1,
     75,
     40,
     40},
    {"chat: short is longer there",
     CHANNEL_CHAT,
     DRIVER_REP_ANSWERS,
     {{YES(SIGNAL_ANSWERED), 30},
      {NO(SIGNAL_ANSWERED), 2},
      {BIN(SIGNAL_ABANDONED_AFTER, 0), 7},
      {BIN(SIGNAL_ABANDONED_AFTER, 1), 3},
      {BIN(SIGNAL_ABANDONED_AFTER, 23), 5},
      {SAID(DRIVER_REP_ANSWERS), 47}},
     1,
     3000.0 / 37,
     37,
     37},
    {"office: none is short",
     CHANNEL_OFFICE,
     DRIVER_OFFICE_ANSWERS,
     {{YES(SIGNAL_ANSWERED), 30},
      {NO(SIGNAL_ANSWERED), 2},
      {BIN(SIGNAL_ABANDONED_AFTER, 0), 7},
      {BIN(SIGNAL_ABANDONED_AFTER, 1), 3},
      {BIN(SIGNAL_ABANDONED_AFTER, 23), 5},
      {SAID(DRIVER_OFFICE_ANSWERS), 47}},
     1,
     3000.0 / 47,
     47,
     47},
    {"phone: short abandons alone",
     CHANNEL_PHONE,
     DRIVER_REP_ANSWERS,
     {{BIN(SIGNAL_ABANDONED_AFTER, 0), 50}, {SAID(DRIVER_REP_ANSWERS), 50}},
     1,
     ABSENT_LINE,
     0,
     0},
    {"phone: short abandons do not make n enough",
     CHANNEL_PHONE,
     DRIVER_REP_ANSWERS,
     {{BIN(SIGNAL_ABANDONED_AFTER, 0), 50}, {YES(SIGNAL_ANSWERED), 5}, {SAID(DRIVER_REP_ANSWERS), 55}},
     1,
     100,
     5,
     5},
    {"phone: who gave up soon and was not transferred says nothing either",
     CHANNEL_PHONE,
     DRIVER_REP_ANSWERS,
     {{YES(SIGNAL_ANSWERED), 30},
      {NO(SIGNAL_TRANSFERRED), 37},
      {BIN(SIGNAL_ABANDONED_AFTER, 0), 7},
      {SAID(DRIVER_REP_ANSWERS), 37}},
     1,
     100,
     30,
     30},
    {"phone: not transferred is good",
     CHANNEL_PHONE,
     DRIVER_REP_ANSWERS,
     {{NO(SIGNAL_TRANSFERRED), 6}, {YES(SIGNAL_TRANSFERRED), 2}, {SAID(DRIVER_REP_ANSWERS), 8}},
     1,
     75,
     8,
     8},
    {"phone: three signals, weights 1, 1, 2",
     CHANNEL_PHONE,
     DRIVER_REP_ANSWERS,
     {{YES(SIGNAL_ANSWERED), 9},
      {NO(SIGNAL_ANSWERED), 1},
      {YES(SIGNAL_QUESTIONS_ANSWERED), 6},
      {NO(SIGNAL_QUESTIONS_ANSWERED), 2},
      {YES(SIGNAL_TRANSFERRED), 5},
      {NO(SIGNAL_TRANSFERRED), 5},
      {SAID(DRIVER_REP_ANSWERS), 10}},
     1,
     66.25,
     10,
     10},
    {"phone: waited within a minute, resolved",
     CHANNEL_PHONE,
     DRIVER_QUICK_RESOLUTION,
     {{BIN(SIGNAL_WAIT, 6), 3},
      {BIN(SIGNAL_WAIT, 7), 1},
      {YES(SIGNAL_RESOLVED), 1},
      {NO(SIGNAL_RESOLVED), 1},
      {SAID(DRIVER_QUICK_RESOLUTION), 4}},
     1,
     62.5,
     4,
     4},
    {"phone: resolved within a day",
     CHANNEL_PHONE,
     DRIVER_QUICK_RESOLUTION,
     {{BIN(SIGNAL_RESOLUTION, 7), 1}, {BIN(SIGNAL_RESOLUTION, 8), 3}, {SAID(DRIVER_QUICK_RESOLUTION), 4}},
     1,
     25,
     4,
     4},
    {"office: waited within a quarter of an hour",
     CHANNEL_OFFICE,
     DRIVER_QUICK_RESOLUTION,
     {{BIN(SIGNAL_WAIT, 14), 3}, {BIN(SIGNAL_WAIT, 15), 1}, {SAID(DRIVER_QUICK_RESOLUTION), 4}},
     1,
     75,
     4,
     4},
    {"chat: replied within half a minute",
     CHANNEL_CHAT,
     DRIVER_QUICK_RESOLUTION,
     {{BIN(SIGNAL_WAIT, 4), 3}, {BIN(SIGNAL_WAIT, 5), 2}, {SAID(DRIVER_QUICK_RESOLUTION), 5}},
     1,
     60,
     5,
     5},
    {"web: no standard, so nothing is said",
     CHANNEL_WEB,
     DRIVER_QUICK_RESOLUTION,
     {{BIN(SIGNAL_WAIT, 0), 9}, {SAID(DRIVER_QUICK_RESOLUTION), 9}},
     1,
     ABSENT_LINE,
     0,
     0},
    {"office: no representative answers there",
     CHANNEL_OFFICE,
     DRIVER_REP_ANSWERS,
     {{YES(SIGNAL_ANSWERED), 9}, {YES(SIGNAL_QUESTIONS_ANSWERED), 9}, {SAID(DRIVER_OFFICE_ANSWERS), 9}},
     1,
     ABSENT_LINE,
     0,
     0},
    {"phone: nor is it an office",
     CHANNEL_PHONE,
     DRIVER_OFFICE_ANSWERS,
     {{YES(SIGNAL_ANSWERED), 9}, {SAID(DRIVER_REP_ANSWERS), 9}},
     1,
     ABSENT_LINE,
     0,
     0},
    {"a signal without weight",
     CHANNEL_WEB,
     DRIVER_QUALITY,
     {{YES(SIGNAL_SEARCH_FOUND), 9}, {SAID(DRIVER_QUALITY), 9}},
     1,
     ABSENT_LINE,
     0,
     0},
    {"one too few",
     CHANNEL_WEB,
     DRIVER_QUALITY,
     {{YES(SIGNAL_COMPLETED), 10}, {SAID(DRIVER_QUALITY), 10}},
     11,
     ABSENT_LINE,
     0,
     0},
    {"just enough",
     CHANNEL_WEB,
     DRIVER_QUALITY,
     {{YES(SIGNAL_COMPLETED), 11}, {SAID(DRIVER_QUALITY), 11}},
     11,
     100,
     11,
     11},
    {"nothing", CHANNEL_WEB, DRIVER_QUALITY, {{0}}, 0, ABSENT_LINE, 0, 0},
    {"taken back before it came",
     CHANNEL_WEB,
     DRIVER_QUALITY,
     {{YES(SIGNAL_COMPLETED), -3}, {SAID(DRIVER_QUALITY), -3}},
     0,
     ABSENT_LINE,
     0,
     0},
    {"more good than there are counts as all",
     CHANNEL_PHONE,
     DRIVER_REP_ANSWERS,
     {{YES(SIGNAL_ANSWERED), 3},
      {NO(SIGNAL_ANSWERED), -1},
      {YES(SIGNAL_TRANSFERRED), 4},
      {SAID(DRIVER_REP_ANSWERS), 4}},
     1,
     100.0 / 3,
     4,
     4}, /* (1 × 2/2 + 2 × 0/4) / 3 */
    {"less good than none counts as none",
     CHANNEL_PHONE,
     DRIVER_REP_ANSWERS,
     {{YES(SIGNAL_ANSWERED), -1}, {NO(SIGNAL_ANSWERED), 3}, {NO(SIGNAL_TRANSFERRED), 4}, {SAID(DRIVER_REP_ANSWERS), 4}},
     1,
     200.0 / 3,
     4,
     4},
    {"said by nobody in the end",
     CHANNEL_WEB,
     DRIVER_QUALITY,
     {{YES(SIGNAL_COMPLETED), 3}, {SAID(DRIVER_QUALITY), 0}},
     1,
     ABSENT_LINE,
     0,
     0},
};

static void lines_are_weighted_means(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(lines); row++) {
        struct scoring by = scoring;
        by.signal_n_min = lines[row].n_min;
        struct tallies tallies = tallies_of(lines[row].counted, COUNT(lines[row].counted), lines[row].channel, &by);
        struct card card;
        memset(&card, 0xA5, sizeof card);
        score_card(&tallies, &by, Z_95, &card);
        const struct estimate *line = &card.drivers[lines[row].driver].operational;
        if (lines[row].value < 0) {
            if (line->present || card.drivers[lines[row].driver].score.present) {
                fail_msg("%s: present", lines[row].name);
            }
            continue;
        }
        if (!line->present || line->n != lines[row].n) {
            fail_msg("%s: present %d, n %lld", lines[row].name, line->present, (long long)line->n);
        }
        double n = lines[row].n_effective;
        check(lines[row].name, line->value, lines[row].value);
        check(lines[row].name, line->low, 100 * oracle_wilson(lines[row].value / 100 * n, n, Z_95, true));
        check(lines[row].name, line->high, 100 * oracle_wilson(lines[row].value / 100 * n, n, Z_95, false));
        assert_false(card.drivers[lines[row].driver].survey.present);
    }
}

/* Whatever the counts, a line is not surer than the interactions that spoke, nor than its weights allow. */
static void a_line_is_never_too_sure(void **state)
{
    (void)state;
    struct seeded random = {1};
    unsigned present = 0;
    for (unsigned round = 0; round < 3000; round++) {
        static const unsigned signals[] = {SIGNAL_COMPLETED, SIGNAL_PAGE_HELPFUL, SIGNAL_ERROR_SHOWN};
        struct scoring by = scoring;
        struct tallies tallies = {0};
        double weights = 0;
        double spread = 0;
        for (size_t i = 0; i < COUNT(signals); i++) {
            int64_t n = (int64_t)seeded_sized(&random, 12);
            double weight = seeded_one_in(&random, 4) ? 0 : .01 + 5 * seeded_unit(&random);
            tallies.by_driver[DRIVER_QUALITY][signals[i]] = (struct tally){seeded_between(&random, 0, n), n};
            by.signal_weight[DRIVER_QUALITY][signals[i]] = weight;
            weights += n ? weight : 0;
            spread += n ? weight * weight / (double)n : 0;
        }
        int64_t said = 1 + (int64_t)seeded_sized(&random, 13);
        tallies.said_operational[DRIVER_QUALITY] = said;
        struct card card;
        score_card(&tallies, &by, Z_95, &card);
        const struct estimate *line = &card.drivers[DRIVER_QUALITY].operational;
        assert_int_equal(line->present, weights > 0);
        if (!line->present) {
            continue;
        }
        present++;
        const double ns[] = {(double)said, weights * weights / spread};
        for (size_t i = 0; i < COUNT(ns); i++) {
            double x = line->value / 100 * ns[i];
            assert_true(line->low <= 100 * oracle_wilson(x, ns[i], Z_95, true) + 1e-6);
            assert_true(line->high >= 100 * oracle_wilson(x, ns[i], Z_95, false) - 1e-6);
        }
        assert_true(line->n <= said && line->low <= line->value && line->value <= line->high);
    }
    assert_true(present > 2000);
}

static const struct {
    const char *name;
    enum channel channel;
    int64_t answers[5];
    enum survey_method method;
    int64_t n_min;
    double value; /* of the line of `rep_answers` */
} surveys[] = {
    {"top two boxes", CHANNEL_PHONE, {10, 20, 30, 25, 15}, METHOD_TOP2BOX, 1, 40},
    {"net", CHANNEL_PHONE, {10, 20, 30, 25, 15}, METHOD_NET, 1, 55},
    {"mean", CHANNEL_CHAT, {10, 20, 30, 25, 15}, METHOD_MEAN, 1, 53.75},
    {"one too few", CHANNEL_PHONE, {0, 0, 0, 0, 10}, METHOD_MEAN, 11, ABSENT_LINE},
    {"just enough", CHANNEL_PHONE, {0, 0, 1, 0, 10}, METHOD_MEAN, 11, 1050.0 / 11},
    {"none", CHANNEL_PHONE, {0}, METHOD_MEAN, 0, ABSENT_LINE},
    {"taken back before it came", CHANNEL_PHONE, {0, 0, 0, -1, 20}, METHOD_MEAN, 1, ABSENT_LINE},
    {"a statement about the phone, asked in an office", CHANNEL_OFFICE, {0, 0, 0, 0, 20}, METHOD_MEAN, 1, ABSENT_LINE},
    {"or on the web", CHANNEL_WEB, {0, 0, 0, 0, 20}, METHOD_MEAN, 1, ABSENT_LINE},
};

static void answers_are_scored_by_the_method(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(surveys); row++) {
        struct scoring by = scoring;
        by.method = surveys[row].method;
        by.signal_n_min = surveys[row].n_min;
        struct counted counted[5];
        int64_t n = 0;
        for (unsigned a = 0; a < 5; a++) {
            counted[a] = (struct counted){RATING(SIGNAL_RATING_REP_ANSWERS, a + 1), surveys[row].answers[a]};
            n += surveys[row].answers[a];
        }
        struct tallies tallies = tallies_of(counted, 5, surveys[row].channel, &by);
        struct card card;
        score_card(&tallies, &by, Z_95, &card);
        const struct estimate *line = &card.drivers[DRIVER_REP_ANSWERS].survey;
        assert_int_equal(line->present, surveys[row].value >= 0);
        if (line->present) {
            struct interval expected = interval_answers(surveys[row].answers, surveys[row].method, Z_95);
            check(surveys[row].name, line->value, surveys[row].value);
            check(surveys[row].name, line->low, 100 * expected.low);
            check(surveys[row].name, line->high, 100 * expected.high);
            assert_int_equal(line->n, n);
            check(surveys[row].name, card.drivers[DRIVER_REP_ANSWERS].score.value, line->value); /* the only line */
        }
    }
}

/* Behaviours and satisfaction are asked about everywhere. */
static void every_channels_answers_are_added_up(void **state)
{
    (void)state;
    struct tallies tallies = {0};
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        int64_t counts[COUNTERS] = {0};
        for (unsigned r = SIGNAL_RATING_OFFICE_ANSWERS; r <= SIGNAL_RATING_SATISFACTION; r++) {
            counts[RATING(r, 5)] = 3;
            counts[RATING(r, 1)] = 1;
        }
        counts[YES(SIGNAL_SURVEY_ANSWERED)] = 4;
        counts[YES(SIGNAL_SURVEY_OFFERED)] = 10;
        counts[NO(SIGNAL_SURVEY_OFFERED)] = 1;
        counts[COUNTER_EVENTS] = 12;
        counts[COUNTER_INTERACTIONS] = 11;
        tallies_add(&tallies, counts, (enum channel)channel, &scoring);
    }
    struct card card;
    score_card(&tallies, &scoring, Z_95, &card);
    static const int64_t asked[DRIVERS] = {4, 8, 16, 16}; /* office; phone and chat; all */
    for (unsigned d = 0; d < DRIVERS; d++) {
        assert_int_equal(card.drivers[d].survey.n, asked[d]);
        check("driver", card.drivers[d].survey.value, 75);
    }
    for (unsigned b = 0; b < BEHAVIOURS; b++) {
        assert_int_equal(card.behaviours[b].n, 16);
        check("behaviour", card.behaviours[b].value, 75);
    }
    assert_int_equal(card.satisfaction.n, 16);
    assert_int_equal(card.surveys_offered, 40);
    assert_int_equal(card.surveys_answered, 16);
    assert_int_equal(card.events, 48);
    assert_int_equal(card.interactions, 44);
}

static void check_mover(const char *name, const struct estimate *got, const struct estimate *const *parts,
                        const double *weights, size_t count)
{
    double sum = 0;
    double value = 0;
    double below = 0;
    double above = 0;
    for (size_t i = 0; i < count; i++) {
        sum += weights[i];
    }
    for (size_t i = 0; i < count; i++) {
        double share = weights[i] / sum;
        value += share * parts[i]->value;
        below += share * share * (parts[i]->value - parts[i]->low) * (parts[i]->value - parts[i]->low);
        above += share * share * (parts[i]->high - parts[i]->value) * (parts[i]->high - parts[i]->value);
    }
    assert_true(got->present);
    check(name, got->value, value);
    check(name, got->low, value - sqrt(below));
    check(name, got->high, value + sqrt(above));
}

/* A phone cell with both lines of both drivers; quality is silent, so its weight goes to the others. */
static void drivers_and_the_score_are_weighted_means(void **state)
{
    (void)state;
    static const struct counted counted[] = {
        {YES(SIGNAL_ANSWERED), 60},
        {NO(SIGNAL_ANSWERED), 40},
        {SAID(DRIVER_REP_ANSWERS), 100},
        {RATING(SIGNAL_RATING_REP_ANSWERS, 5), 20},
        {RATING(SIGNAL_RATING_REP_ANSWERS, 2), 5},
        {YES(SIGNAL_RESOLVED), 45},
        {NO(SIGNAL_RESOLVED), 5},
        {SAID(DRIVER_QUICK_RESOLUTION), 50},
        {COUNTER_SAID_ANY, 110},
    };
    struct tallies tallies = tallies_of(counted, COUNT(counted), CHANNEL_PHONE, &scoring);
    struct card card;
    score_card(&tallies, &scoring, Z_95, &card);
    const struct driver_score *rep = &card.drivers[DRIVER_REP_ANSWERS];
    const struct driver_score *quick = &card.drivers[DRIVER_QUICK_RESOLUTION];
    const struct estimate *lines_of_rep[] = {&rep->operational, &rep->survey};
    const struct estimate *drivers[] = {&rep->score, &quick->score};
    check("rep, operational", rep->operational.value, 60);
    check("rep, survey", rep->survey.value, 80);
    check("rep", rep->score.value, 65); /* 3 : 1 */
    check_mover("rep", &rep->score, lines_of_rep, (const double[]){3, 1}, 2);
    check("quick", quick->score.value, 90); /* the only line */
    assert_false(card.drivers[DRIVER_QUALITY].score.present);
    assert_false(card.drivers[DRIVER_OFFICE_ANSWERS].score.present);
    check("cx", card.cx.value, (2 * 65 + 4 * 90) / 6.0);
    check_mover("cx", &card.cx, drivers, (const double[]){2, 4}, 2);
    assert_int_equal(rep->score.n, 125);
    assert_int_equal(card.cx.n, 110);

    struct scoring by = scoring; /* without weight a line or driver is shown, and counts for nothing */
    by.line_weight_survey[DRIVER_REP_ANSWERS] = 0;
    by.driver_weight[DRIVER_QUICK_RESOLUTION] = 0;
    score_card(&tallies, &by, Z_95, &card);
    check("rep, survey", rep->survey.value, 80);
    check("rep", rep->score.value, 60);
    check("quick", quick->score.value, 90);
    check("cx", card.cx.value, 60);
    assert_int_equal(card.cx.n, 100); /* fewer than have said anything at all */

    by.driver_weight[DRIVER_REP_ANSWERS] = 0;
    score_card(&tallies, &by, Z_95, &card);
    assert_false(card.cx.present);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_weighted_means),
        cmocka_unit_test(a_line_is_never_too_sure),
        cmocka_unit_test(answers_are_scored_by_the_method),
        cmocka_unit_test(every_channels_answers_are_added_up),
        cmocka_unit_test(drivers_and_the_score_are_weighted_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
