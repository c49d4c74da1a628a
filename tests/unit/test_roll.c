/* test_roll.c - windows of a cell against a list of its events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "seeded.h"
#include "slipstream/roll.h"

#define MINUTE INT64_C(60000000)
#define HOUR   (60 * MINUTE)
#define BASE   (100000 * 6 * HOUR)
#define EVENTS 2000

/* A window reaches from the start of its oldest whole pane to the end of the open one. */
static const struct {
    const char *word;
    int64_t pane, whole;
} windows[WINDOWS] = {
    {"1h", MINUTE, 60}, {"4h", HOUR, 4}, {"24h", HOUR, 24}, {"7d", 6 * HOUR, 28}, {"28d", 6 * HOUR, 112}};

static void windows_are_sums_of_what_happened_in_them(void **state)
{
    (void)state;
    static struct window_sums sums;
    static int64_t at[EVENTS];
    static uint16_t counters[EVENTS][2];
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct seeded random = {seed};
        struct cell cell;
        cell_init(&cell);
        int64_t as_of = BASE;
        for (unsigned i = 0; i < EVENTS; i++) {
            as_of += (int64_t)seeded_sized(&random, 32);
            at[i] = as_of - (int64_t)seeded_sized(&random, 40);
            counters[i][0] = (uint16_t)seeded_below(&random, COUNTERS / 2);
            counters[i][1] = (uint16_t)(counters[i][0] + COUNTERS / 2);
            assert_int_equal(cell_add(&cell, at[i], counters[i], 2, false, (struct event_time){as_of}), CELL_APPLIED);
        }
        for (unsigned look = 0; look < 20; look++) {
            memset(&sums, 0xA5, sizeof sums); /* what it held before must not matter */
            roll_windows(&cell, (struct event_time){as_of}, &sums);
            for (unsigned w = 0; w < WINDOWS; w++) {
                int64_t expected[COUNTERS] = {0};
                int64_t end = (as_of / windows[w].pane + 1) * windows[w].pane;
                for (unsigned i = 0; i < EVENTS; i++) {
                    bool inside = at[i] < end && at[i] >= end - (windows[w].whole + 1) * windows[w].pane;
                    expected[counters[i][0]] += inside;
                    expected[counters[i][1]] += inside;
                }
                assert_string_equal(window_shapes[w].word, windows[w].word);
                assert_memory_equal(sums.counts[w], expected, sizeof expected);
            }
            as_of += (int64_t)seeded_sized(&random, 41); /* nothing comes, and time goes on */
            if (look % 2) {
                cell_advance(&cell, (struct event_time){as_of});
            }
        }
        cell_done(&cell);
    }
}

static void an_empty_cell_has_empty_windows(void **state)
{
    (void)state;
    static struct window_sums sums;
    static const struct window_sums none;
    struct cell cell;
    cell_init(&cell);
    static const int64_t times[] = {INT64_MIN, -1, 0, BASE, INT64_MAX};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        memset(&sums, 0xA5, sizeof sums);
        roll_windows(&cell, (struct event_time){times[i]}, &sums);
        assert_memory_equal(&sums, &none, sizeof sums);
    }
    cell_done(&cell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_sums_of_what_happened_in_them),
        cmocka_unit_test(an_empty_cell_has_empty_windows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
