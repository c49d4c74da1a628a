/* test_fold.c - a fold against naive oracles: a list of the ids that came, and a list of the events that counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "folded.h"
#include "seeded.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SECOND      INT64_C(1000000)
#define MINUTE      (60 * SECOND)
#define HOUR        (60 * MINUTE)
#define BASE        INT64_C(1795338000000000) /* an hour's start */
#define LIST_MAX    8192
#define EVER        INT64_C(1000000000000)

static struct fold_limits limits(size_t ids_max, uint32_t agencies, uint32_t services)
{
    return (struct fold_limits){
        .ids_max = ids_max, .horizon_us = HOUR, .agencies_max = agencies, .services_max = services};
}

static struct signal_event event_at(int64_t at, uint64_t id)
{
    struct signal_event event = {.at_us = at, .id = id, .channel = CHANNEL_PHONE, .transfers = -1};
    event.outcomes_known = event.outcomes_yes = 1u << SIGNAL_RESOLVED;
    for (unsigned i = 0; i < DURATIONS; i++) {
        event.duration_ms[i] = ABSENT;
    }
    return event;
}

/* One event of an agency and service by their names. */
static enum fold_result put(struct fold *fold, const char *agency, const char *service,
                            const struct signal_event *event, int64_t arrived)
{
    uint32_t a = fold_agency(fold, span_text(agency));
    enum fold_result result =
        fold_event(fold, a, fold_service(fold, a, span_text(service)), event, (struct event_time){arrived});
    fold_settle(fold);
    return result;
}

static enum fold_result put_id(struct fold *fold, uint64_t id, int64_t arrived)
{
    struct signal_event event = event_at(arrived, id);
    return put(fold, "tax", "returns", &event, arrived);
}

static int64_t counted(const struct fold *fold, const char *agency, const char *service, enum channel channel,
                       unsigned counter)
{
    for (uint32_t i = 0; i < fold_cell_count(fold); i++) {
        const struct fold_cell *cell = fold_cell_at(fold, i);
        const struct fold_agency *owner = fold_agency_at(fold, cell->agency);
        if (cell->channel == channel && span_equal(owner->name, span_text(agency)) &&
            span_equal(owner->services[cell->service].name, span_text(service))) {
            int64_t sums[COUNTERS] = {0};
            cell_sum(&cell->cell, PANE_SIX_HOURS, -EVER, EVER, sums);
            return sums[counter];
        }
    }
    return 0;
}

/* As the stages do it after an apply. */
static void take(struct fold *fold)
{
    struct fold_changes changes = fold_changes(fold);
    for (size_t i = 0; i < changes.cell_count; i++) {
        struct cell *cell = &fold_cell_at(fold, changes.cells[i])->cell;
        cell->open_changed = false;
        memset(cell->closed_changed, 0, sizeof cell->closed_changed);
    }
    fold_changes_taken(fold);
}

/* When the same id comes again: seconds after the start, and whether it then counts. */
static const struct {
    const char *name;
    struct {
        double seconds;
        enum fold_result result;
    } arrivals[4];
} rows[] = {
    {"at once", {{0, FOLD_APPLIED}, {0, FOLD_DUPLICATE}, {0, FOLD_DUPLICATE}}},
    {"within the horizon", {{0, FOLD_APPLIED}, {3599, FOLD_DUPLICATE}}},
    {"at its end", {{0, FOLD_APPLIED}, {3600, FOLD_DUPLICATE}}},
    {"after it", {{0, FOLD_APPLIED}, {3601, FOLD_APPLIED}, {3601, FOLD_DUPLICATE}}},
    {"a copy does not renew it", {{0, FOLD_APPLIED}, {3000, FOLD_DUPLICATE}, {3601, FOLD_APPLIED}}},
    {"parts of a second", {{.9, FOLD_APPLIED}, {3600.5, FOLD_DUPLICATE}, {3601.9, FOLD_APPLIED}}},
    {"the clock steps back", {{100, FOLD_APPLIED}, {-5000, FOLD_DUPLICATE}, {3700, FOLD_DUPLICATE}}},
};

static void copies_count_once_within_the_horizon(void **state)
{
    (void)state;
    for (uint64_t id = 0; id < 3; id++) { /* 0 is an id like any other */
        for (size_t row = 0; row < COUNT(rows); row++) {
            struct fold_limits some = limits(1000, 10, 10);
            struct fold *fold = fold_open(&some);
            assert_int_equal(put_id(fold, 1u << 20, BASE - 2 * HOUR), FOLD_APPLIED);
            int64_t expected = 1;
            for (size_t i = 0; i < COUNT(rows[row].arrivals); i++) {
                if (i > 0 && rows[row].arrivals[i].seconds == 0 && rows[row].arrivals[i].result == FOLD_APPLIED) {
                    break;
                }
                int64_t arrived = BASE + (int64_t)(rows[row].arrivals[i].seconds * 1e6);
                enum fold_result result = put_id(fold, id, arrived);
                expected += result == FOLD_APPLIED;
                if (result != rows[row].arrivals[i].result) {
                    fail_msg("%s, arrival %zu: %d", rows[row].name, i, result);
                }
            }
            assert_int_equal(counted(fold, "tax", "returns", CHANNEL_PHONE, COUNTER_EVENTS), expected);
            assert_int_equal(fold_horizon_us(fold), HOUR);
            fold_close(fold);
        }
    }
}

/* The same copies on another channel or of another service: found by their hash alone. */
static void copies_are_found_on_every_way(void **state)
{
    (void)state;
    struct fold_limits some = limits(1000, 10, 10);
    struct fold *fold = fold_open(&some);
    struct signal_event event = event_at(BASE, 7);
    assert_int_equal(put(fold, "tax", "returns", &event, BASE), FOLD_APPLIED);
    event.channel = CHANNEL_WEB;
    assert_int_equal(put(fold, "tax", "refunds", &event, BASE), FOLD_DUPLICATE);
    event.at_us += HOUR; /* nor does a copy move the time */
    assert_int_equal(put(fold, "tax", "returns", &event, BASE + HOUR), FOLD_DUPLICATE);
    assert_int_equal(fold_as_of(fold).us, BASE);
    fold_close(fold);
}

static void too_many_ids_shorten_the_horizon(void **state)
{
    (void)state;
    struct fold_limits few = limits(100, 10, 10);
    struct fold *fold = fold_open(&few);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(put_id(fold, 1000 + i, BASE + (int64_t)i * 10 * SECOND), FOLD_APPLIED);
    }
    assert_int_equal(fold_horizon_us(fold), HOUR);
    assert_int_equal(fold_ids_forgotten(fold), 0);
    int64_t now = BASE + 1000 * SECOND;
    assert_int_equal(put_id(fold, 1000, now), FOLD_DUPLICATE); /* a copy takes no room */
    assert_int_equal(put_id(fold, 2000, now), FOLD_APPLIED);
    assert_int_equal(fold_id_count(fold), 100);
    assert_int_equal(fold_ids_forgotten(fold), 1);
    assert_int_equal(fold_horizon_us(fold), 999 * SECOND); /* what came at 0 s is gone, what came at 1 s would not be */
    assert_int_equal(put_id(fold, 1001, now), FOLD_DUPLICATE);
    assert_int_equal(put_id(fold, 1000, now), FOLD_APPLIED); /* forgotten: counts again, and pushes the next one out */
    assert_int_equal(fold_horizon_us(fold), 989 * SECOND);
    assert_int_equal(put_id(fold, 1001, now), FOLD_APPLIED);

    /* once what was forgotten would be too old anyway, the horizon is whole again */
    for (int64_t minute = 1; minute <= 70; minute++) {
        assert_int_equal(put_id(fold, 3000 + (uint64_t)minute, now + minute * MINUTE), FOLD_APPLIED);
    }
    assert_int_equal(fold_horizon_us(fold), HOUR);
    assert_int_equal(fold_id_count(fold), 61);
    fold_close(fold);
}

static void all_of_one_second_is_no_horizon(void **state)
{
    (void)state;
    struct fold_limits few = limits(4, 10, 10);
    struct fold *fold = fold_open(&few);
    for (uint64_t i = 0; i < 20; i++) {
        assert_int_equal(put_id(fold, 1000 + i, BASE - (int64_t)i), FOLD_APPLIED);
    }
    assert_int_equal(fold_id_count(fold), 4);
    assert_int_equal(fold_ids_forgotten(fold), 16);
    assert_int_equal(fold_horizon_us(fold), 0);
    fold_close(fold);
}

/* What the set should remember, as a plain list, oldest first. */
struct remembered {
    struct {
        uint64_t id;
        int64_t second;
    } ids[LIST_MAX];
    size_t first, end;
    int64_t newest; /* second that an id was taken in; one from a clock that stepped back is given the same */
    int64_t now;    /* newest that anything came in, copies included */
};

static bool remember(struct remembered *self, uint64_t id, int64_t arrived, size_t ids_max)
{
    int64_t second = arrived / SECOND;
    self->now = second > self->now ? second : self->now;
    while (self->first < self->end && self->ids[self->first].second < second - 3600) {
        self->first++;
    }
    for (size_t i = self->first; i < self->end; i++) {
        if (self->ids[i].id == id) {
            return false;
        }
    }
    self->first += self->end - self->first == ids_max;
    self->newest = second > self->newest ? second : self->newest;
    assert_true(self->end < LIST_MAX);
    self->ids[self->end].id = id;
    self->ids[self->end++].second = self->newest;
    return true;
}

static void ids_are_remembered_as_a_list_would(void **state)
{
    (void)state;
    static struct remembered list;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct seeded random = {seed};
        size_t ids_max = (size_t[]){5, 64, 300, 5000}[seed % 4];
        struct fold_limits some = limits(ids_max, 10, 10);
        struct fold *fold = fold_open(&some);
        int64_t now = BASE;
        memset(&list, 0, sizeof list);
        for (unsigned i = 0; i < 1500; i++) {
            now += (int64_t)seeded_sized(&random, seed % 3 ? 26 : 31);
            int64_t arrived = seeded_one_in(&random, 20) ? now - (int64_t)seeded_sized(&random, 32) : now;
            /* some have the upper half alike, so that the table's places collide */
            uint64_t id = seeded_one_in(&random, 3) ? seeded_bits(&random) : seeded_below(&random, 400) << 12 | seed;
            bool is_new = remember(&list, id, arrived, ids_max);
            assert_int_equal(put_id(fold, id, arrived), is_new ? FOLD_APPLIED : FOLD_DUPLICATE);
            assert_int_equal(fold_id_count(fold), list.end - list.first);
            assert_int_equal(fold_ids_forgotten(fold), list.first);
            int64_t reach = fold_horizon_us(fold) / SECOND;
            assert_true(list.first == 0 || list.ids[list.first - 1].second < list.now - reach || reach == 0);
        }
        fold_close(fold);
    }
}

static void restored_ids_are_known(void **state)
{
    (void)state;
    struct fold_limits some = limits(1000, 10, 10);
    struct fold *fold = fold_open(&some);
    static const uint64_t first[] = {11, 12, 13};
    static const uint64_t second[] = {21, 22};
    fold_remember(fold, first, COUNT(first), (struct event_time){BASE});
    fold_remember(fold, second, COUNT(second), (struct event_time){BASE + 1800 * SECOND});
    assert_int_equal(fold_id_count(fold), 5);
    assert_int_equal(fold_changes(fold).id_count, 0); /* they are stored already */
    assert_int_equal(fold_as_of(fold).us, INT64_MIN);
    assert_int_equal(put_id(fold, 12, BASE + HOUR), FOLD_DUPLICATE);
    assert_int_equal(put_id(fold, 31, BASE + HOUR), FOLD_APPLIED);
    assert_int_equal(fold_changes(fold).id_count, 1);
    assert_int_equal(fold_fresh_id(fold, 0), 31);
    assert_int_equal(put_id(fold, 12, BASE + HOUR + SECOND), FOLD_APPLIED);
    assert_int_equal(put_id(fold, 22, BASE + HOUR + SECOND), FOLD_DUPLICATE);
    assert_int_equal(fold_ids_forgotten(fold), 3);
    fold_close(fold);
}

/* Ids that were forgotten before anyone took them are not told: they are of no use any more. */
static void changes_hold_the_ids_that_came(void **state)
{
    (void)state;
    struct fold_limits few = limits(8, 10, 10);
    struct fold *fold = fold_open(&few);
    uint64_t id = 100;
    for (unsigned round = 0; round < 12; round++) {
        for (unsigned i = 0; i < round; i++, id++) {
            assert_int_equal(put_id(fold, id, BASE), FOLD_APPLIED);
            assert_int_equal(put_id(fold, id, BASE), FOLD_DUPLICATE);
        }
        struct fold_changes changes = fold_changes(fold);
        size_t expected = round < 8 ? round : 8;
        assert_int_equal(changes.id_count, expected);
        for (size_t i = 0; i < expected; i++) {
            assert_int_equal(fold_fresh_id(fold, i), id - expected + i);
        }
        take(fold);
        assert_int_equal(fold_changes(fold).id_count, 0);
    }
    fold_close(fold);
}

static void time_goes_on_with_the_events_but_not_past_their_arrival(void **state)
{
    (void)state;
    static const struct {
        int64_t at, arrived, as_of; /* seconds after the base */
    } times[] = {
        {0, 10, 0},      {59, 60, 0},      {60, 61, 60},       {30, 70, 60},      {400, 130, 120},
        {400, 401, 360}, {9000, 659, 600}, {-100, 20000, 600}, {20000, 660, 660}, {20000, 659, 660},
    };
    struct fold_limits some = limits(1000, 10, 10);
    struct fold *fold = fold_open(&some);
    assert_int_equal(fold_as_of(fold).us, INT64_MIN);
    for (size_t i = 0; i < COUNT(times); i++) {
        struct signal_event event = event_at(BASE + times[i].at * SECOND, 100 + i);
        assert_int_equal(put(fold, "tax", "returns", &event, BASE + times[i].arrived * SECOND), FOLD_APPLIED);
        if (fold_as_of(fold).us != BASE + times[i].as_of * SECOND) {
            fail_msg("row %zu: %lld", i, (long long)((fold_as_of(fold).us - BASE) / SECOND));
        }
    }
    fold_advance(fold, (struct event_time){BASE + 700 * SECOND});
    assert_int_equal(fold_as_of(fold).us, BASE + 700 * SECOND);
    fold_advance(fold, (struct event_time){BASE + 699 * SECOND});
    assert_int_equal(fold_as_of(fold).us, BASE + 700 * SECOND);
    struct signal_event event = event_at(BASE + 719 * SECOND, 1);
    assert_int_equal(put(fold, "tax", "returns", &event, BASE + HOUR), FOLD_APPLIED);
    assert_int_equal(fold_as_of(fold).us, BASE + 700 * SECOND); /* of the same minute */
    fold_close(fold);
}

static void the_ends_of_time_are_survived(void **state)
{
    (void)state;
    static const int64_t times[] = {INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX - 1, INT64_MAX};
    uint64_t id = 1;
    for (size_t a = 0; a < COUNT(times); a++) {
        for (size_t b = 0; b < COUNT(times); b++) {
            struct fold_limits some = limits(1000, 10, 10);
            struct fold *fold = fold_open(&some);
            for (unsigned i = 0; i < 3; i++) {
                struct signal_event event = event_at(times[i == 1 ? b : a], id++);
                put(fold, "tax", "returns", &event, times[i == 2 ? b : a]);
                assert_true(fold_as_of(fold).us <= times[a] || fold_as_of(fold).us <= times[b]);
            }
            fold_advance(fold, (struct event_time){times[b]});
            fold_close(fold);
        }
    }
}

static void a_correction_takes_back(void **state)
{
    (void)state;
    struct fold_limits some = limits(1000, 10, 10);
    struct fold *fold = fold_open(&some);
    const unsigned resolved = signal_table[SIGNAL_RESOLVED].first + 1u;
    struct signal_event event = event_at(BASE, 1);
    struct signal_event correction = event_at(BASE, 2);
    correction.retracts = true;
    assert_int_equal(put(fold, "tax", "returns", &correction, BASE), FOLD_APPLIED); /* it may come first */
    assert_int_equal(counted(fold, "tax", "returns", CHANNEL_PHONE, resolved), -1);
    assert_int_equal(put(fold, "tax", "returns", &event, BASE), FOLD_APPLIED);
    for (unsigned counter = 0; counter < COUNTERS; counter++) {
        assert_int_equal(counted(fold, "tax", "returns", CHANNEL_PHONE, counter), 0);
    }
    fold_close(fold);
}

static void late_is_late_but_remembered(void **state)
{
    (void)state;
    struct fold_limits some = limits(1000, 10, 10);
    struct fold *fold = fold_open(&some);
    struct signal_event now = event_at(BASE, 1);
    struct signal_event old = event_at(BASE - 64 * 24 * HOUR, 2);
    assert_int_equal(put(fold, "tax", "returns", &now, BASE), FOLD_APPLIED);
    take(fold);
    fold_agency_at(fold, 0)->touched = false;
    assert_int_equal(put(fold, "tax", "returns", &old, BASE), FOLD_LATE);
    assert_int_equal(put(fold, "tax", "returns", &old, BASE), FOLD_DUPLICATE);
    assert_int_equal(fold_changes(fold).cell_count, 0);
    assert_int_equal(fold_changes(fold).id_count, 1);
    assert_false(fold_agency_at(fold, 0)->touched);
    assert_int_equal(counted(fold, "tax", "returns", CHANNEL_PHONE, COUNTER_EVENTS), 1);
    fold_close(fold);
}

static void the_rest_is_other(void **state)
{
    (void)state;
    struct fold_limits few = limits(100000, 3, 2);
    struct fold *fold = fold_open(&few);
    uint64_t id = 1;
    char agency[20];
    char service[20];
    for (unsigned a = 0; a < 10; a++) {
        for (unsigned s = 0; s < 10; s++, id++) {
            snprintf(agency, sizeof agency, "agency-%u", a);
            snprintf(service, sizeof service, "service-%u", s);
            struct signal_event event = event_at(BASE, id);
            assert_int_equal(put(fold, agency, service, &event, BASE), FOLD_APPLIED);
        }
    }
    assert_int_equal(fold_agency_count(fold), 4); /* three, and the rest */
    assert_int_equal(fold_cell_count(fold), 3 * 3 + 1);
    assert_int_equal(fold_limited(fold).other, 3 * 8 + 7 * 10);
    assert_int_equal(counted(fold, "agency-2", "service-1", CHANNEL_PHONE, COUNTER_EVENTS), 1);
    assert_int_equal(counted(fold, "agency-2", FOLD_OTHER, CHANNEL_PHONE, COUNTER_EVENTS), 8);
    assert_int_equal(counted(fold, FOLD_OTHER, FOLD_OTHER, CHANNEL_PHONE, COUNTER_EVENTS), 70);
    for (unsigned a = 0; a < 3; a++) { /* who was there has not moved */
        snprintf(agency, sizeof agency, "agency-%u", a);
        assert_int_equal(fold_agency(fold, span_text(agency)), a);
        assert_int_equal(fold_service(fold, a, span_text("service-1")), 1);
        assert_int_equal(fold_service(fold, a, span_text(FOLD_OTHER)), 2);
    }
    struct signal_event late = event_at(BASE - 64 * 24 * HOUR, id);
    assert_int_equal(put(fold, "agency-9", "x", &late, BASE), FOLD_LATE);
    assert_int_equal(fold_limited(fold).other, 3 * 8 + 7 * 10);
    fold_close(fold);
}

/* A full fold's names fit into another one, wherever among them the rest comes: that is how they are loaded. */
static void the_rest_takes_no_ones_place(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c"};
    for (size_t before = 0; before <= COUNT(names); before++) {
        struct fold_limits few = limits(100, COUNT(names), COUNT(names));
        struct fold *fold = fold_open(&few);
        for (size_t i = 0; i <= COUNT(names); i++) {
            const char *name = i == before ? FOLD_OTHER : names[i < before ? i : i - 1];
            uint32_t agency = fold_agency(fold, span_text(name));
            assert_true(span_equal(fold_agency_at(fold, agency)->name, span_text(name)));
        }
        uint32_t agency = fold_agency(fold, span_text("a"));
        for (size_t i = 0; i <= COUNT(names); i++) {
            const char *name = i == before ? FOLD_OTHER : names[i < before ? i : i - 1];
            uint32_t service = fold_service(fold, agency, span_text(name));
            assert_true(span_equal(fold_agency_at(fold, agency)->services[service].name, span_text(name)));
        }
        assert_int_equal(fold_agency(fold, span_text("d")), before);
        assert_int_equal(fold_service(fold, agency, span_text("d")), before);
        fold_close(fold);
    }
}

/* Names are bytes: as long as may be, with any byte in them, one the beginning of another. */
static void names_are_bytes(void **state)
{
    (void)state;
    struct fold_limits some = limits(100, 1000, 1000);
    struct fold *fold = fold_open(&some);
    uint8_t name[ID_SIZE_MAX];
    memset(name, 'a', sizeof name);
    for (size_t size = 1; size <= ID_SIZE_MAX; size++) {
        uint32_t agency = fold_agency(fold, span_of(name, size));
        assert_int_equal(agency, size - 1);
        for (size_t other = size; other >= 1 && other + 3 > size; other--) {
            assert_int_equal(fold_service(fold, agency, span_of(name, other)), size - other);
        }
    }
    for (size_t size = 1; size <= ID_SIZE_MAX; size++) {
        memset(name, 'a', sizeof name);
        struct fold_agency *agency = fold_agency_at(fold, fold_agency(fold, span_of(name, size)));
        memset(name, 'b', sizeof name); /* the fold has its own */
        assert_int_equal(agency->name.size, size);
        assert_int_equal(agency->name.data[size - 1], 'a');
        assert_int_equal(agency->services[0].name.data[0], 'a');
        assert_null(agency->attachment);
    }
    assert_int_equal(fold_agency_count(fold), ID_SIZE_MAX);
    fold_close(fold);
}

static void cells_are_made_once(void **state)
{
    (void)state;
    struct fold_limits some = limits(100, 10, 10);
    struct fold *fold = fold_open(&some);
    uint32_t agency = fold_agency(fold, span_text("tax"));
    uint32_t service = fold_service(fold, agency, span_text("returns"));
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        uint32_t position = fold_cell(fold, agency, service, (enum channel)channel);
        const struct fold_cell *cell = fold_cell_at(fold, position);
        assert_int_equal(position, fold_cell(fold, agency, service, (enum channel)channel));
        assert_ptr_equal(cell, fold_cell_at(fold, channel));
        assert_int_equal(fold_agency_at(fold, agency)->services[service].cells[channel], channel);
        assert_int_equal(cell->channel, channel);
        assert_true(cell_is_empty(&cell->cell));
    }
    assert_int_equal(fold_changes(fold).cell_count, 0);
    assert_true(fold_memory(fold) >= CHANNELS * sizeof(struct cell));
    fold_close(fold);
    fold_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_count_once_within_the_horizon),
        cmocka_unit_test(copies_are_found_on_every_way),
        cmocka_unit_test(too_many_ids_shorten_the_horizon),
        cmocka_unit_test(all_of_one_second_is_no_horizon),
        cmocka_unit_test(ids_are_remembered_as_a_list_would),
        cmocka_unit_test(restored_ids_are_known),
        cmocka_unit_test(changes_hold_the_ids_that_came),
        cmocka_unit_test(time_goes_on_with_the_events_but_not_past_their_arrival),
        cmocka_unit_test(the_ends_of_time_are_survived),
        cmocka_unit_test(a_correction_takes_back),
        cmocka_unit_test(late_is_late_but_remembered),
        cmocka_unit_test(the_rest_is_other),
        cmocka_unit_test(the_rest_takes_no_ones_place),
        cmocka_unit_test(names_are_bytes),
        cmocka_unit_test(cells_are_made_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
