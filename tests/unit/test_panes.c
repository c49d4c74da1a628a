/* test_panes.c - a cell against a naive oracle: a plain list of all events, and sums by going through it.
 *
 * The oracle knows only what panes.h promises: pane lengths, how many are kept, which panes a window takes in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "seeded.h"
#include "slipstream/model.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define MINUTE      INT64_C(60000000)
#define HOUR        (60 * MINUTE)
#define SIX_HOURS   (6 * HOUR)
#define EVER        INT64_C(1000000000000)
#define LIST_MAX    8192

static const struct {
    int64_t length, kept;
} rings[] = {{MINUTE, 120}, {HOUR, 240}, {SIX_HOURS, 252}};
static const struct {
    unsigned ring;
    int64_t panes;
} windows[] = {{0, 60}, {1, 4}, {1, 24}, {2, 28}, {2, 112}};

static int64_t index_of(int64_t at, int64_t length)
{
    return at >= 0 ? at / length : -((-at + length - 1) / length);
}

struct listed {
    int64_t at;
    uint16_t counters[4];
    size_t count;
    bool retracts;
};

/* A cell, all that was ever added to it, and what was last stored of it. */
struct pair {
    struct cell cell;
    struct listed *list;
    size_t size;
    int64_t now, as_of;
    struct buffer open, closed[RESOLUTIONS];
};

static void list_sum(const struct pair *self, unsigned ring, int64_t first, int64_t last, int64_t sums[COUNTERS])
{
    memset(sums, 0, COUNTERS * sizeof *sums);
    for (size_t i = 0; i < self->size; i++) {
        const struct listed *event = &self->list[i];
        int64_t index = index_of(event->at, rings[ring].length);
        for (size_t c = 0; index >= first && index <= last && c < event->count; c++) {
            sums[event->counters[c]] += event->retracts ? -1 : 1;
        }
    }
}

static void check_sums(const struct pair *self, unsigned ring, int64_t first, int64_t last, const char *what)
{
    int64_t expected[COUNTERS];
    int64_t got[COUNTERS] = {0};
    list_sum(self, ring, first, last, expected);
    cell_sum(&self->cell, (enum resolution)ring, first, last, got);
    for (unsigned c = 0; c < COUNTERS; c++) {
        if (got[c] != expected[c]) {
            fail_msg("%s: ring %u, panes %lld to %lld, counter %u: %lld, not %lld", what, ring, (long long)first,
                     (long long)last, c, (long long)got[c], (long long)expected[c]);
        }
    }
}

static void check_all(const struct pair *self, struct seeded *random, const char *what)
{
    for (unsigned ring = 0; ring < COUNT(rings); ring++) {
        int64_t open = index_of(self->as_of, rings[ring].length);
        int64_t first = open - rings[ring].kept + 1;
        check_sums(self, ring, first, EVER, what);
        first = seeded_between(random, first, open + 1);
        check_sums(self, ring, first, seeded_between(random, first - 1, open + 1), what);
    }
    for (unsigned w = 0; w < COUNT(windows); w++) {
        int64_t last = index_of(self->as_of, rings[windows[w].ring].length);
        int64_t expected[COUNTERS];
        int64_t got[COUNTERS] = {0};
        list_sum(self, windows[w].ring, last - windows[w].panes, last, expected);
        cell_window(&self->cell, (enum window)w, (struct event_time){self->as_of}, got);
        assert_memory_equal(got, expected, sizeof got);
    }
}

static void add(struct pair *self, const struct listed *event)
{
    /* As the fold does it: an event ahead of the clock moves as_of no further than the clock. */
    int64_t seen = event->at < self->now ? event->at : self->now;
    self->as_of = seen > self->as_of ? seen : self->as_of;
    bool late = index_of(event->at, SIX_HOURS) < index_of(self->as_of, SIX_HOURS) - 251;
    enum cell_result result = cell_add(&self->cell, event->at, event->counters, event->count, event->retracts,
                                       (struct event_time){self->as_of});
    assert_int_equal(result, late ? CELL_LATE : CELL_APPLIED);
    if (!late) {
        assert_true(self->size < LIST_MAX);
        self->list[self->size++] = *event;
    }
}

static struct listed random_event(struct seeded *random, int64_t at)
{
    struct listed event = {.at = at, .count = 1 + (size_t)seeded_below(random, 4)};
    unsigned few = seeded_one_in(random, 2) ? 9 : COUNTERS; /* often the same ones, so that counters grow */
    for (size_t i = 0; i < event.count; i++) {
        event.counters[i] = (uint16_t)(seeded_below(random, few / 4) + i * (few / 4)); /* no counter twice */
    }
    event.retracts = seeded_one_in(random, 10);
    return event;
}

/* What the stages do at a flush: only what says that it changed is written. */
static void store(struct pair *self)
{
    if (self->cell.open_changed) {
        buffer_clear(&self->open);
        cell_encode_open(&self->cell, &self->open);
    }
    assert_false(self->open.overflow);
    self->cell.open_changed = false;
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        if (self->cell.closed_changed[r]) {
            buffer_clear(&self->closed[r]);
            cell_encode_closed(&self->cell, (enum resolution)r, &self->closed[r]);
        }
        assert_false(self->closed[r].overflow);
        self->cell.closed_changed[r] = false;
    }
}

static void load(struct pair *self)
{
    struct reason why;
    cell_done(&self->cell);
    cell_init(&self->cell);
    if (self->open.size) {
        assert_int_equal(cell_decode_open(&self->cell, buffer_as_span(&self->open), &why), DONE);
    }
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        if (self->closed[r].size) {
            struct span bytes = buffer_as_span(&self->closed[r]);
            assert_int_equal(cell_decode_closed(&self->cell, (enum resolution)r, bytes, &why), DONE);
        }
        assert_false(self->cell.closed_changed[r]);
    }
    assert_false(self->cell.open_changed);
}

static void pair_init(struct pair *self, int64_t now)
{
    static struct listed list[LIST_MAX];
    *self = (struct pair){.list = list, .now = now, .as_of = INT64_MIN};
    cell_init(&self->cell);
    buffer_init(&self->open, CELL_OPEN_SIZE_MAX);
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        buffer_init(&self->closed[r], CELL_CLOSED_SIZE_MAX);
    }
}

static void pair_done(struct pair *self)
{
    cell_done(&self->cell);
    buffer_done(&self->open);
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        buffer_done(&self->closed[r]);
    }
}

static void go_on(struct pair *self, int64_t to)
{
    self->now = to > self->now ? to : self->now;
    self->as_of = to > self->as_of ? to : self->as_of;
}

static void advance(struct pair *self, int64_t to)
{
    go_on(self, to);
    cell_advance(&self->cell, (struct event_time){self->as_of});
}

/* One operation. step_bits: how far the clock goes on between events, as a power of two of microseconds. */
static void operate(struct pair *self, struct seeded *random, unsigned step_bits)
{
    struct listed event;
    uint64_t kind = seeded_below(random, 100);
    self->now += (int64_t)seeded_sized(random, step_bits);
    if (kind < 50) { /* in order, or nearly */
        event = random_event(random, self->now - (int64_t)seeded_sized(random, 26));
        add(self, &event);
    } else if (kind < 75) { /* late, up to twelve weeks: also beyond every pane */
        event = random_event(random, self->now - (int64_t)seeded_sized(random, 43));
        add(self, &event);
    } else if (kind < 80) { /* ahead of the clock */
        event = random_event(random, self->now + seeded_between(random, 0, 5 * MINUTE));
        add(self, &event);
    } else if (kind < 88 && self->size) { /* one of them is taken back */
        event = self->list[seeded_below(random, self->size)];
        event.retracts = true;
        add(self, &event);
    } else if (kind < 90) { /* a burst */
        event = random_event(random, self->now - (int64_t)seeded_sized(random, 36));
        for (uint64_t times = seeded_below(random, 50); times > 0; times--) {
            add(self, &event);
        }
    } else if (kind < 93) { /* silence, and the clock goes on: at times for longer than the rings reach */
        go_on(self, self->now + (int64_t)seeded_sized(random, seeded_one_in(random, 8) ? 44 : 36));
        if (seeded_one_in(random, 2)) {
            cell_advance(&self->cell, (struct event_time){self->as_of});
        } else if (seeded_one_in(random, 2)) {
            cell_expire(&self->cell, (struct event_time){self->as_of});
        }
    } else if (kind < 97) {
        store(self);
    } else {
        store(self);
        load(self);
    }
}

static void a_cell_is_a_list_that_forgets(void **state)
{
    (void)state;
    static const int64_t eras[] = {INT64_C(1795339800000000), 0, INT64_C(-86400000000) * 3650};
    unsigned operations = 0;
    for (uint64_t seed = 1; seed <= 72; seed++) {
        struct seeded random = {seed};
        struct pair pair;
        pair_init(&pair, eras[seed % COUNT(eras)]);
        unsigned step_bits = (unsigned[]){16, 24, 28, 32, 36, 38}[seed % 6];
        for (unsigned i = 0; i < 300; i++, operations++) {
            operate(&pair, &random, step_bits);
            if (seeded_one_in(&random, 12) && pair.size) {
                check_all(&pair, &random, "random");
            }
        }
        store(&pair);
        load(&pair);
        if (pair.size) {
            check_all(&pair, &random, "loaded");
        }
        pair_done(&pair);
    }
    assert_true(operations >= 20000);
}

/* Minutes after a six-hour boundary at which events happened, in the order they came; the minute of as_of; and how many
 * of them the windows 1h, 4h, 24h, 7d, 28d then hold. */
static const struct {
    const char *name;
    int64_t minutes[4];
    size_t count;
    int64_t as_of;
    int64_t expected[WINDOWS];
} rows[] = {
    {"one, now", {0}, 1, 0, {1, 1, 1, 1, 1}},
    {"two in a minute", {7, 7}, 2, 7, {2, 2, 2, 2, 2}},
    {"one late by a minute", {30, 29}, 2, 30, {2, 2, 2, 2, 2}},
    {"one late by an hour", {61, 1}, 2, 61, {2, 2, 2, 2, 2}},
    {"one late in the six hours before", {0, -1}, 2, 0, {2, 2, 2, 2, 2}},
    {"late into the same closed minute", {30, 29, 29}, 3, 30, {3, 3, 3, 3, 3}},
    {"late into the same closed hour", {61, 1, 2}, 3, 61, {3, 3, 3, 3, 3}},
    {"late in between", {30, 10, 20, 15}, 4, 30, {4, 4, 4, 4, 4}},
    {"sixty whole minutes", {0}, 1, 60, {1, 1, 1, 1, 1}},
    {"and one", {0}, 1, 61, {0, 1, 1, 1, 1}},
    {"four whole hours", {59}, 1, 299, {0, 1, 1, 1, 1}},
    {"and one minute", {59}, 1, 300, {0, 0, 1, 1, 1}},
    {"24 whole hours", {0}, 1, 25 * 60 - 1, {0, 0, 1, 1, 1}},
    {"and one minute", {0}, 1, 25 * 60, {0, 0, 0, 1, 1}},
    {"seven days", {0}, 1, 29 * 360 - 1, {0, 0, 0, 1, 1}},
    {"and one minute", {0}, 1, 29 * 360, {0, 0, 0, 0, 1}},
    {"28 days", {0}, 1, 113 * 360 - 1, {0, 0, 0, 0, 1}},
    {"and one minute", {0}, 1, 113 * 360, {0, 0, 0, 0, 0}},
    {"too old for the minutes, late", {300, 0}, 2, 300, {1, 1, 2, 2, 2}},
    {"too old for the hours, late", {20000, 0}, 2, 20000, {1, 1, 1, 1, 2}},
};

static void windows_end_where_they_should(void **state)
{
    (void)state;
    static const uint16_t counter[] = {COUNTERS - 1};
    const int64_t base = 100000 * SIX_HOURS;
    for (size_t row = 0; row < COUNT(rows); row++) {
        for (unsigned ageing = 0; ageing < 2; ageing++) { /* whether anyone aged the cell before the look */
            struct cell cell;
            cell_init(&cell);
            int64_t as_of = INT64_MIN;
            for (size_t i = 0; i < rows[row].count; i++) {
                int64_t at = base + rows[row].minutes[i] * MINUTE + 59999999;
                as_of = at > as_of ? at : as_of;
                assert_int_equal(cell_add(&cell, at, counter, 1, false, (struct event_time){as_of}), CELL_APPLIED);
            }
            struct event_time look = {base + rows[row].as_of * MINUTE};
            if (ageing) {
                cell_advance(&cell, look);
            }
            for (unsigned w = 0; w < WINDOWS; w++) {
                int64_t sums[COUNTERS] = {0};
                cell_window(&cell, (enum window)w, look, sums);
                if (sums[COUNTERS - 1] != rows[row].expected[w]) {
                    fail_msg("%s (row %zu): %s has %lld", rows[row].name, row, window_shapes[w].word,
                             (long long)sums[COUNTERS - 1]);
                }
            }
            cell_done(&cell);
        }
    }
}

static void what_is_older_than_every_pane_is_late(void **state)
{
    (void)state;
    struct cell cell;
    cell_init(&cell);
    static const uint16_t counter[] = {0};
    struct event_time as_of = {1000 * SIX_HOURS + 5};
    int64_t oldest = (1000 - 251) * SIX_HOURS;
    assert_int_equal(cell_add(&cell, oldest - 1, counter, 1, false, as_of), CELL_LATE);
    assert_true(cell_is_empty(&cell));
    assert_int_equal(cell_add(&cell, oldest, counter, 1, false, as_of), CELL_APPLIED);
    assert_false(cell_is_empty(&cell));
    assert_true(cell_memory(&cell) >= sizeof cell);
    cell_advance(&cell, as_of);
    assert_false(cell_is_empty(&cell));
    cell_advance(&cell, (struct event_time){as_of.us + SIX_HOURS});
    assert_true(cell_is_empty(&cell));
    assert_int_equal(cell_add(&cell, INT64_MIN, counter, 1, false, as_of), CELL_LATE);
    assert_int_equal(cell_add(&cell, INT64_MAX, counter, 1, false, as_of), CELL_APPLIED);
    assert_int_equal(cell_add(&cell, INT64_MAX, counter, 1, false, (struct event_time){INT64_MAX}), CELL_APPLIED);
    cell_done(&cell);
}

/* A cell that had gone on through a quiet night, stored what changed, and was loaded by another owner: the panes it
 * opens next may be those that late events had gone to. */
static void a_loaded_cell_may_reopen_a_closed_pane(void **state)
{
    (void)state;
    struct pair pair;
    pair_init(&pair, 100000 * SIX_HOURS);
    struct seeded random = {3};
    struct listed event = random_event(&random, pair.now);
    event.retracts = false;
    add(&pair, &event);
    store(&pair);
    advance(&pair, pair.now + 7 * HOUR);
    store(&pair);
    advance(&pair, pair.now + 6 * HOUR); /* nothing in it: nothing to store */
    event.at = pair.now - 90 * MINUTE;
    add(&pair, &event);
    event.at = pair.now - 100 * MINUTE;
    add(&pair, &event);
    store(&pair);
    load(&pair);
    check_all(&pair, &random, "loaded");
    for (int64_t back = 110; back >= 80; back -= 5) {
        event.at = pair.now - back * MINUTE;
        add(&pair, &event);
        check_all(&pair, &random, "reopened");
    }
    advance(&pair, pair.now + 6 * HOUR);
    check_all(&pair, &random, "closed again");
    pair_done(&pair);
}

/* Only what is no longer kept goes: events that come in order, but behind those of other cells, find their panes open.
 */
static void expiring_closes_nothing(void **state)
{
    (void)state;
    static const uint16_t counter[] = {0};
    struct cell cell;
    cell_init(&cell);
    int64_t at = 100000 * SIX_HOURS;
    struct event_time as_of = {at};
    for (unsigned i = 0; i < 300; i++) {
        at += 17 * MINUTE;
        as_of.us += HOUR; /* runs away: the cell is two weeks behind in the end */
        assert_int_equal(cell_add(&cell, at, counter, 1, false, as_of), CELL_APPLIED);
        assert_int_equal(cell.open[PANE_MINUTE].index, at / MINUTE);
        cell_expire(&cell, as_of);
        assert_int_equal(cell.open[PANE_MINUTE].index, at / MINUTE);
    }
    int64_t sums[COUNTERS] = {0};
    cell_window(&cell, WINDOW_28D, as_of, sums);
    assert_int_equal(sums[0], 300);
    cell_expire(&cell, (struct event_time){at / SIX_HOURS * SIX_HOURS + 252 * SIX_HOURS - 1});
    assert_false(cell_is_empty(&cell));
    cell_expire(&cell, (struct event_time){at / SIX_HOURS * SIX_HOURS + 252 * SIX_HOURS});
    assert_true(cell_is_empty(&cell));
    cell_done(&cell);
}

/* History that is read again: minutes long past are not put down, hours are. */
static void what_is_past_when_it_closes_is_not_stored(void **state)
{
    (void)state;
    static const uint16_t counter[] = {0};
    struct cell cell;
    cell_init(&cell);
    int64_t at = 100000 * SIX_HOURS;
    struct event_time as_of = {at + 9 * 24 * HOUR};
    for (unsigned i = 0; i < 10; i++, at += 50 * MINUTE) {
        assert_int_equal(cell_add(&cell, at, counter, 1, false, as_of), CELL_APPLIED);
    }
    assert_false(cell.closed_changed[PANE_MINUTE]);
    assert_true(cell.closed_changed[PANE_HOUR] && cell.closed_changed[PANE_SIX_HOURS]);
    int64_t sums[COUNTERS] = {0};
    cell_sum(&cell, PANE_MINUTE, -EVER, at / MINUTE - 51, sums);
    assert_int_equal(sums[0], 0);
    cell_sum(&cell, PANE_HOUR, -EVER, EVER, sums);
    assert_int_equal(sums[0], 10);
    cell_done(&cell);
}

/* What nobody keeps any more must go from what is stored too: ageing says which parts it changed. */
static void ageing_says_what_it_changed(void **state)
{
    (void)state;
    static const uint16_t counter[] = {0};
    struct cell cell;
    cell_init(&cell);
    int64_t at = 100000 * SIX_HOURS;
    assert_int_equal(cell_add(&cell, at, counter, 1, false, (struct event_time){at}), CELL_APPLIED);
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        for (unsigned last = 0; last < 2;
             last++) { /* the last moment that a pane is kept, and the first that it is not */
            cell_advance(&cell, (struct event_time){at + rings[r].length * rings[r].kept - 1});
            cell.open_changed = false;
            memset(cell.closed_changed, 0, sizeof cell.closed_changed);
            cell_advance(&cell, (struct event_time){at + rings[r].length * rings[r].kept - (int64_t)(last == 0)});
            for (unsigned other = 0; other < RESOLUTIONS; other++) {
                assert_int_equal(cell.closed_changed[other], last == 1 && other == r);
            }
            assert_false(cell.open_changed);
        }
    }
    assert_true(cell_is_empty(&cell));
    cell_done(&cell);
}

static void the_shapes_are_the_designs(void **state)
{
    (void)state;
    static const char *const words[] = {"1h", "4h", "24h", "7d", "28d"};
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        assert_int_equal(pane_shapes[r].length_us, rings[r].length);
        assert_int_equal(pane_shapes[r].kept, rings[r].kept);
    }
    for (unsigned w = 0; w < WINDOWS; w++) {
        assert_string_equal(window_shapes[w].word, words[w]);
        assert_int_equal(window_shapes[w].resolution, windows[w].ring);
        assert_int_equal(window_shapes[w].panes, windows[w].panes);
        assert_true(window_shapes[w].panes < pane_shapes[window_shapes[w].resolution].kept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shapes_are_the_designs),
        cmocka_unit_test(windows_end_where_they_should),
        cmocka_unit_test(what_is_older_than_every_pane_is_late),
        cmocka_unit_test(expiring_closes_nothing),
        cmocka_unit_test(what_is_past_when_it_closes_is_not_stored),
        cmocka_unit_test(ageing_says_what_it_changed),
        cmocka_unit_test(a_loaded_cell_may_reopen_a_closed_pane),
        cmocka_unit_test(a_cell_is_a_list_that_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
