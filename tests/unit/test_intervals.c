/* test_intervals.c - intervals against those of another's package: fixtures/intervals.csv, by statsmodels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slipstream/score.h"

#define TOLERANCE 1e-9

/* The numbers of a line after its first word; an empty field is 0. */
static void read_numbers(char *line, double numbers[7])
{
    char *rest = strchr(line, ',');
    for (unsigned i = 0; i < 7; i++) {
        assert_non_null(rest);
        numbers[i] = strtod(rest + 1, NULL);
        rest = strchr(rest + 1, ',');
    }
}

static void intervals_are_statsmodels(void **state)
{
    (void)state;
    char path[4096];
    char line[512];
    unsigned rows[2] = {0, 0};
    const char *source = getenv("SLIPSTREAM_SOURCE");
    assert_non_null(source);
    snprintf(path, sizeof path, "%s/tests/fixtures/intervals.csv", source);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file)); /* its head */
    while (fgets(line, sizeof line, file)) {
        double it[7];
        char copy[512];
        bool is_difference = strncmp(line, "newcombe,", 9) == 0;
        memcpy(copy, line, sizeof copy);
        read_numbers(copy, it);
        struct interval got = interval_wilson(it[0], it[1], it[4]);
        if (is_difference) {
            got = interval_difference(got, interval_wilson(it[2], it[3], it[4]));
        }
        if (!(fabs(got.low - it[5]) <= TOLERANCE && fabs(got.high - it[6]) <= TOLERANCE)) {
            fail_msg("[%.12f, %.12f] for %s", got.low, got.high, line);
        }
        rows[is_difference]++;
    }
    fclose(file);
    assert_true(rows[0] >= 1000 && rows[1] >= 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(intervals_are_statsmodels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
