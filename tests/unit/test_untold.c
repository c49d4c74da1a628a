/* test_untold.c - public windows of a cell: nothing is told of fewer people than a group has, and every group counts
 * whole.
 *
 * Oracle: a list of what came, each with the minute in which it is told, or none yet; written down from the contract.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "seeded.h"
#include "slipstream/model.h"

#define BASE   INT64_C(1795338000000000) /* an hour's start */
#define CAME   4096
#define ROUNDS 1500

struct part {             /* events of one minute that came together */
    int64_t minute, told; /* INT64_MIN: not yet */
    int32_t people;       /* negative: taken back */
    unsigned said;        /* a counter of theirs */
};
struct naive {
    struct part parts[CAME];
    size_t count;
};

static void naive_add(struct naive *self, const struct part *part, int64_t least)
{
    int64_t waiting = 0;
    int64_t newest = INT64_MIN;
    self->parts[self->count] = *part;
    self->parts[self->count++].told = llabs((long long)part->people) >= least ? part->minute : INT64_MIN;
    for (size_t i = 0; i < self->count; i++) {
        bool waits = self->parts[i].told == INT64_MIN;
        waiting += waits ? self->parts[i].people : 0;
        newest = waits && self->parts[i].minute > newest ? self->parts[i].minute : newest;
    }
    for (size_t i = 0; llabs((long long)waiting) >= least && i < self->count; i++) {
        if (self->parts[i].told == INT64_MIN) {
            self->parts[i].told = newest;
        }
    }
}

static void naive_window(const struct naive *self, enum window window, int64_t now, int64_t sums[COUNTERS])
{
    const struct window_shape *shape = &window_shapes[window];
    int64_t minutes = pane_shapes[shape->resolution].length_us / US_PER_MINUTE;
    int64_t newest = time_floor(now, minutes);
    for (size_t i = 0; i < self->count; i++) {
        const struct part *part = &self->parts[i];
        int64_t pane = part->told == INT64_MIN ? INT64_MIN : time_floor(part->told, minutes);
        if (pane >= newest - shape->panes && pane <= newest) {
            sums[COUNTER_EVENTS] += part->people;
            sums[COUNTER_INTERACTIONS] += part->people;
            sums[part->said] += part->people;
        }
    }
}

static struct pane pane_of(const struct part *part)
{
    struct pane pane = {.index = part->minute};
    const uint16_t counters[] = {COUNTER_EVENTS, COUNTER_INTERACTIONS, (uint16_t)part->said};
    for (int32_t i = 0; i < abs(part->people); i++) {
        pane_add(&pane, counters, 3, part->people < 0 ? -1 : 1);
    }
    return pane;
}

static void check_windows(const struct cell *cell, const struct untold *untold, const struct naive *naive, int64_t now)
{
    const struct event_time as_of = {now * US_PER_MINUTE};
    for (unsigned w = 0; w < WINDOWS; w++) {
        int64_t got[COUNTERS] = {0};
        int64_t expected[COUNTERS] = {0};
        cell_window(cell, (enum window)w, as_of, got);
        untold_window(untold, (enum window)w, as_of, got);
        naive_window(naive, (enum window)w, now, expected);
        assert_memory_equal(got, expected, sizeof got);
    }
}

/* As it is after a restart. */
static void store(struct untold *self)
{
    struct buffer out;
    struct untold again;
    struct reason why;
    buffer_init(&out, CELL_CLOSED_SIZE_MAX);
    untold_init(&again);
    untold_encode(self, &out);
    assert_int_equal(untold_decode(&again, buffer_as_span(&out), &why), DONE);
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        buffer_clear(&out);
        untold_encode_shift(self, (enum resolution)r, &out);
        assert_int_equal(untold_decode_shift(&again, (enum resolution)r, buffer_as_span(&out), &why), DONE);
    }
    buffer_done(&out);
    untold_done(self);
    *self = again;
}

static void public_windows_are_of_whole_groups(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        static struct naive naive;
        struct seeded random = {seed};
        struct cell cell;
        struct untold untold;
        int64_t least = 1 + (int64_t)seeded_below(&random, 20);
        int64_t now = BASE / US_PER_MINUTE;
        naive.count = 0;
        cell_init(&cell);
        untold_init(&untold);
        for (unsigned round = 0; round < ROUNDS; round++) {
            struct part part = {
                .minute = now - (int64_t)(seeded_one_in(&random, 4) ? seeded_below(&random, 3000) : 0),
                .people = (int32_t)seeded_between(&random, 1, seeded_one_in(&random, 10) ? 30 : 4),
                .said = COUNTER_RATINGS + (unsigned)seeded_below(&random, 55),
            };
            part.people = seeded_one_in(&random, 8) ? -part.people : part.people;
            struct pane pane = pane_of(&part);
            struct event_time as_of = {now * US_PER_MINUTE};
            assert_int_equal(cell_join(&cell, &pane, as_of), CELL_APPLIED);
            if (!untold_is_group(&pane, least)) {
                untold_add(&untold, &pane, least, as_of);
            }
            naive_add(&naive, &part, least);
            now += (int64_t)seeded_below(&random, seeded_one_in(&random, 30) ? 2000 : 20);
            if (seeded_one_in(&random, 20)) {
                cell_expire(&cell, (struct event_time){now * US_PER_MINUTE});
                untold_expire(&untold, (struct event_time){now * US_PER_MINUTE});
                store(&untold);
            }
            if (round % 7 == 0) {
                check_windows(&cell, &untold, &naive, now);
            }
        }
        untold_done(&untold);
        cell_done(&cell);
    }
}

/* Contacts of six weeks, of which nothing was public before; then no more come, and windows move on. Whatever is seen
 * of any two windows or moments differs by nobody, or by as many as a group has. */
static void history_begins_in_groups(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct seeded random = {seed};
        struct cell cell;
        struct untold untold;
        int64_t least = 2 + (int64_t)seeded_below(&random, 20);
        int64_t now = BASE / US_PER_MINUTE + (int64_t)seeded_below(&random, 1440);
        int64_t last[WINDOWS];
        unsigned shown = 0;
        cell_init(&cell);
        untold_init(&untold);
        int64_t most = 1 + (int64_t)seeded_below(&random, 600); /* minutes between contacts */
        for (int64_t minute = now - 42 * 1440; minute <= now;
             minute += (int64_t)seeded_below(&random, (uint64_t)most)) {
            struct part part = {
                .minute = minute, .people = 1, .said = COUNTER_RATINGS + (unsigned)seeded_below(&random, 55)};
            struct pane pane = pane_of(&part);
            struct event_time as_of = {minute * US_PER_MINUTE};
            assert_int_equal(cell_join(&cell, &pane, as_of), CELL_APPLIED);
            cell_expire(&cell, as_of);
        }
        untold_begin(&untold, &cell, least, (struct event_time){now * US_PER_MINUTE});
        for (unsigned step = 0; step < 3000; step++, now += 17) {
            struct event_time as_of = {now * US_PER_MINUTE};
            int64_t longer = 0;
            for (unsigned w = WINDOWS; w-- > 0;) {
                int64_t sums[COUNTERS] = {0};
                cell_window(&cell, (enum window)w, as_of, sums);
                untold_window(&untold, (enum window)w, as_of, sums);
                int64_t people = sums[COUNTER_INTERACTIONS];
                shown += people > 0;
                assert_true(people == 0 || people >= least);
                assert_true(w == WINDOW_28D || people == longer || longer - people >= least);
                assert_true(step == 0 || people == last[w] || last[w] - people >= least);
                last[w] = longer = people;
            }
            cell_expire(&cell, as_of);
            untold_expire(&untold, as_of);
        }
        assert_true(shown > 100);
        untold_done(&untold);
        cell_done(&cell);
    }
}

static void many_people_leave_nothing_behind(void **state)
{
    (void)state;
    struct untold untold;
    const struct part part = {.minute = BASE / US_PER_MINUTE, .people = 6, .said = COUNTER_RATINGS};
    const struct pane pane = pane_of(&part);
    untold_init(&untold);
    untold_add(&untold, &pane, 11, (struct event_time){BASE});
    untold_add(&untold, &pane, 11, (struct event_time){BASE});
    int64_t sums[COUNTERS] = {0};
    untold_window(&untold, WINDOW_28D, (struct event_time){BASE}, sums);
    for (unsigned i = 0; i < COUNTERS; i++) {
        assert_int_equal(sums[i], 0);
    }
    assert_null(untold.waiting);
    untold_done(&untold);
}

static void bytes_that_are_none_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *bytes;
        size_t size;
    } rows[] = {
        {"nothing", "", 0},
        {"another format", "\x02\x01\x00", 3},
        {"a body longer than it is", "\x01\x09\x00", 3},
        {"more behind it", "\x01\x00\x00\x00", 4},
    };
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        struct untold untold;
        struct reason why = {0};
        untold_init(&untold);
        if (untold_decode(&untold, span_of(rows[row].bytes, rows[row].size), &why) != STOP ||
            why.code != REASON_BAD_STATE || untold.waiting) {
            fail_msg("%s", rows[row].name);
        }
        untold_done(&untold);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_windows_are_of_whole_groups),
        cmocka_unit_test(history_begins_in_groups),
        cmocka_unit_test(many_people_leave_nothing_behind),
        cmocka_unit_test(bytes_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
