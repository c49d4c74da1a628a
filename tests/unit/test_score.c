/* test_score.c - intervals: published numbers, and random ones against other formulations.
 *
 * Sources of the numbers: Newcombe 1998 (Stat Med 17:857, and 17:873, table II, method 10); Zou & Donner 2008 (Stat Med
 * 27:1693); counts of a UK government service, ministryofjustice/opg-performance-data. Cards have test_card.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "oracles.h"
#include "seeded.h"
#include "slipstream/score.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define PRINTED     .00005001 /* half of the last of four digits */

static void check(const char *name, size_t row, double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance)) {
        fail_msg("%s, row %zu: %.12f, not %.12f", name, row, got, expected);
    }
}

static const struct {
    double x, n, low, high;
} wilsons[] = {
    {81, 263, .2553, .3662},
    {15, 148, .0624, .1605},
    {0, 20, .0000, .1611},
    {1, 29, .0061, .1718},
};

static void one_proportion_is_newcombes(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(wilsons); row++) {
        struct interval got = interval_wilson(wilsons[row].x, wilsons[row].n, Z_95);
        check("value", row, got.value, wilsons[row].x / wilsons[row].n, 1e-15);
        check("low", row, got.low, wilsons[row].low, PRINTED);
        check("high", row, got.high, wilsons[row].high, PRINTED);
    }
}

static const struct {
    double a, m, b, n, z, low, high;
} differences[] = {
    {56, 70, 48, 80, Z_95, .0524, .3339},
    {9, 10, 3, 10, Z_95, .1705, .8090},
    {6, 7, 2, 7, Z_95, .0582, .8062},
    {5, 56, 0, 29, Z_95, -.0381, .1926},
    {0, 10, 0, 20, Z_95, -.1611, .2775},
    {0, 10, 0, 10, Z_95, -.2775, .2775},
    {10, 10, 0, 20, Z_95, .6791, 1},
    {10, 10, 0, 10, Z_95, .6075, 1},
    {1132, 1394, 1000, 1167, Z_95, -.0734, -.0159},  /* 2025-07 minus 2025-05: a slip */
    {1132, 1394, 1000, 1167, 3.0902, -.0897, .0010}, /* at this z it is none */
    {1072, 1293, 1017, 1206, Z_95, -.0432, .0149},   /* 2025-10 minus 2025-08: none */
};

static void differences_are_newcombes(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(differences); row++) {
        double z = differences[row].z;
        struct interval got = interval_difference(interval_wilson(differences[row].a, differences[row].m, z),
                                                  interval_wilson(differences[row].b, differences[row].n, z));
        double value = differences[row].a / differences[row].m - differences[row].b / differences[row].n;
        check("value", row, got.value, value, 1e-15);
        check("low", row, got.low, differences[row].low, PRINTED);
        check("high", row, got.high, differences[row].high, PRINTED);
    }
    struct interval slip = interval_difference(interval_wilson(1132, 1394, Z_95), interval_wilson(1000, 1167, Z_95));
    check("the slip", 0, slip.value, -.0448, PRINTED);
    slip = interval_difference(interval_wilson(1072, 1293, Z_95), interval_wilson(1017, 1206, Z_95));
    check("none", 0, slip.value, -.0142, PRINTED);
}

static void weighted_means_are_zou_and_donners(void **state)
{
    (void)state;
    const struct interval parts[] = {
        interval_wilson(88, 120, Z_95),
        interval_wilson(150, 200, Z_95),
        interval_wilson(30, 36, Z_95),
        interval_wilson(61, 95, Z_95),
    };
    static const double weights[] = {.25, .25, .25, .25};
    struct interval got = interval_weighted(parts, weights, COUNT(parts));
    check("value", 0, 100 * got.value, 73.9693, PRINTED);
    check("low", 0, 100 * got.low, 68.6862, PRINTED);
    check("high", 0, 100 * got.high, 77.8211, PRINTED);
}

static const struct {
    const char *name;
    int64_t answers[5];
    enum survey_method method;
    double value, tolerance; /* 0-100 */
} means[] = {
    {"published as 91", {67, 73, 205, 1276, 4434}, METHOD_MEAN, 91.03, .005},
    {"published as 80", {23, 46, 153, 419, 528}, METHOD_MEAN, 79.58, .005},
    {"the slip, 2025-05", {0, 0, 167, 1000, 0}, METHOD_TOP2BOX, 100 * 1000.0 / 1167, 1e-9},
    {"all the best", {0, 0, 0, 0, 9}, METHOD_MEAN, 100, 1e-9},
    {"all the worst", {9, 0, 0, 0, 0}, METHOD_NET, 0, 1e-9},
    {"as many up as down", {10, 20, 5, 15, 15}, METHOD_NET, 50, 1e-9},
    {"40 % up, 30 % down", {10, 20, 30, 25, 15}, METHOD_NET, 55, 1e-9},
    {"one of each", {1, 1, 1, 1, 1}, METHOD_MEAN, 50, 1e-9},
    {"one of each", {1, 1, 1, 1, 1}, METHOD_NET, 50, 1e-9},
    {"one of each", {1, 1, 1, 1, 1}, METHOD_TOP2BOX, 40, 1e-9},
};

static void answers_are_scored_as_published(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(means); row++) {
        struct interval got = interval_answers(means[row].answers, means[row].method, Z_95);
        check(means[row].name, row, 100 * got.value, means[row].value, means[row].tolerance);
    }
    /* 30 × 0, 30 × ½, 40 × 1: mean .55, sample variance 17.25 / 99 */
    struct interval net = interval_answers((const int64_t[]){10, 20, 30, 25, 15}, METHOD_NET, 2);
    check("net, low", 0, net.low, .55 - 2 * sqrt(17.25 / 99 / 100), 1e-12);
    check("net, high", 0, net.high, .55 + 2 * sqrt(17.25 / 99 / 100), 1e-12);
    /* one answer: its variance is not known, so it is taken as large as it can be */
    struct interval one = interval_answers((const int64_t[]){0, 0, 1, 0, 0}, METHOD_MEAN, .5);
    check("one, low", 0, one.low, .25, 1e-12);
    check("one, high", 0, one.high, .75, 1e-12);
}

static void nothing_says_nothing(void **state)
{
    (void)state;
    static const int64_t none[5];
    const struct interval all[] = {
        interval_wilson(0, 0, Z_95),
        interval_answers(none, METHOD_TOP2BOX, Z_95),
        interval_answers(none, METHOD_NET, Z_95),
        interval_answers(none, METHOD_MEAN, Z_95),
    };
    for (size_t i = 0; i < COUNT(all); i++) {
        check("value", i, all[i].value, 0, 0);
        check("low", i, all[i].low, 0, 0);
        check("high", i, all[i].high, 1, 0);
    }
    struct interval beyond = interval_wilson(10 + 1e-9, 10, Z_95); /* sums of shares may be off by their last bit */
    check("beyond all", 0, beyond.value, 1, 0);
    check("beyond all", 0, beyond.high, 1, 0);
    struct interval empty = interval_weighted(NULL, NULL, 0);
    check("no parts", 0, fabs(empty.value) + fabs(empty.low) + fabs(empty.high), 0, 0);
}

static double random_z(struct seeded *random)
{
    return .5 + 5 * seeded_unit(random);
}

/* x of n: whole counts, fractional ones, none, all; n from less than one to millions. */
static void random_count(struct seeded *random, double *x, double *n)
{
    *n = seeded_one_in(random, 4) ? .1 + 10 * seeded_unit(random) : (double)(1 + seeded_sized(random, 22));
    switch (seeded_below(random, 6)) {
    case 0:
        *x = 0;
        break;
    case 1:
        *x = *n;
        break;
    case 2:
        *x = *n * seeded_unit(random);
        break;
    default:
        *x = fmin(*n, floor((*n + 1) * seeded_unit(random)));
    }
}

static void one_proportion_solves_the_score_equation(void **state)
{
    (void)state;
    struct seeded random = {1};
    for (size_t row = 0; row < 2000; row++) {
        double x;
        double n;
        double z = random_z(&random);
        random_count(&random, &x, &n);
        struct interval got = interval_wilson(x, n, z);
        check("value", row, got.value, x / n, 1e-12);
        check("low", row, got.low, oracle_wilson(x, n, z, true), 1e-9);
        check("high", row, got.high, oracle_wilson(x, n, z, false), 1e-9);
        assert_true(got.low >= 0 && got.low <= got.value && got.value <= got.high && got.high <= 1);
    }
}

static void differences_are_the_formula(void **state)
{
    (void)state;
    struct seeded random = {2};
    for (size_t row = 0; row < 1500; row++) {
        double x1;
        double n1;
        double x2;
        double n2;
        double z = random_z(&random);
        random_count(&random, &x1, &n1);
        random_count(&random, &x2, &n2);
        double p1 = x1 / n1;
        double p2 = x2 / n2;
        double l1 = oracle_wilson(x1, n1, z, true);
        double u1 = oracle_wilson(x1, n1, z, false);
        double l2 = oracle_wilson(x2, n2, z, true);
        double u2 = oracle_wilson(x2, n2, z, false);
        struct interval got = interval_difference(interval_wilson(x1, n1, z), interval_wilson(x2, n2, z));
        check("value", row, got.value, p1 - p2, 1e-12);
        check("low", row, got.low, p1 - p2 - sqrt((p1 - l1) * (p1 - l1) + (u2 - p2) * (u2 - p2)), 1e-9);
        check("high", row, got.high, p1 - p2 + sqrt((u1 - p1) * (u1 - p1) + (p2 - l2) * (p2 - l2)), 1e-9);
        assert_true(got.low >= -1 - 1e-12 && got.high <= 1 + 1e-12);
    }
}

/* Zou & Donner's equations as they print them: with the smaller and the greater of w·l and w·u. */
static void weighted_sums_are_the_formula(void **state)
{
    (void)state;
    struct seeded random = {3};
    for (size_t row = 0; row < 1500; row++) {
        struct interval parts[6];
        double weights[6];
        size_t count = 1 + (size_t)seeded_below(&random, COUNT(parts));
        double z = random_z(&random);
        double value = 0;
        double below = 0;
        double above = 0;
        for (size_t i = 0; i < count; i++) {
            double x;
            double n;
            random_count(&random, &x, &n);
            weights[i] = seeded_one_in(&random, 8) ? 0 : 4 * seeded_unit(&random) - 2;
            parts[i] = interval_wilson(x, n, z);
            double wl = weights[i] * oracle_wilson(x, n, z, true);
            double wu = weights[i] * oracle_wilson(x, n, z, false);
            double wp = weights[i] * x / n;
            value += wp;
            below += (wp - fmin(wl, wu)) * (wp - fmin(wl, wu));
            above += (fmax(wl, wu) - wp) * (fmax(wl, wu) - wp);
        }
        struct interval got = interval_weighted(parts, weights, count);
        check("value", row, got.value, value, 1e-9);
        check("low", row, got.low, value - sqrt(below), 1e-9);
        check("high", row, got.high, value + sqrt(above), 1e-9);
    }
}

/* Every answer by itself, the mean first, then the squares about it. */
static void answers_are_a_sample(void **state)
{
    (void)state;
    static const double worth[SURVEY_METHODS][5] = {{0, 0, 0, 1, 1}, {0, 0, .5, 1, 1}, {0, .25, .5, .75, 1}};
    struct seeded random = {4};
    for (size_t row = 0; row < 1500; row++) {
        int64_t answers[5];
        double n = 0;
        double mean = 0;
        double squares = 0;
        double z = random_z(&random);
        enum survey_method method = (enum survey_method)seeded_below(&random, SURVEY_METHODS);
        for (unsigned i = 0; i < 5; i++) {
            answers[i] = (int64_t)seeded_sized(&random, 12);
            n += (double)answers[i];
        }
        if (n < 2) {
            continue;
        }
        for (unsigned i = 0; i < 5; i++) {
            mean += worth[method][i] * (double)answers[i] / n;
        }
        for (unsigned i = 0; i < 5; i++) {
            squares += (double)answers[i] * (worth[method][i] - mean) * (worth[method][i] - mean);
        }
        double half = z * sqrt(squares / (n - 1) / n);
        bool wilson = method == METHOD_TOP2BOX;
        struct interval got = interval_answers(answers, method, z);
        check("value", row, got.value, mean, 1e-9);
        check("low", row, got.low, wilson ? oracle_wilson(mean * n, n, z, true) : fmax(0, mean - half), 1e-9);
        check("high", row, got.high, wilson ? oracle_wilson(mean * n, n, z, false) : fmin(1, mean + half), 1e-9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_proportion_is_newcombes),
        cmocka_unit_test(differences_are_newcombes),
        cmocka_unit_test(weighted_means_are_zou_and_donners),
        cmocka_unit_test(answers_are_scored_as_published),
        cmocka_unit_test(nothing_says_nothing),
        cmocka_unit_test(one_proportion_solves_the_score_equation),
        cmocka_unit_test(differences_are_the_formula),
        cmocka_unit_test(weighted_sums_are_the_formula),
        cmocka_unit_test(answers_are_a_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
