/* test_fold_events.c - many events of many agencies through a fold: the same as a list of them, in whatever order they
 * come, and whether or not the fold was stored and loaded on the way.
 *
 * What an event counts is test_signals.c's; what a cell makes of it, test_panes.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "folded.h"
#include "seeded.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define MINUTE      INT64_C(60000000)
#define HOUR        (60 * MINUTE)
#define BASE        INT64_C(1795338000000000) /* an hour's start */
#define EVENTS_MAX  4096
#define AGENCIES    4
#define SERVICES    3
#define CELLS_MAX   ((AGENCIES + 1) * (SERVICES + 1) * CHANNELS)
#define PARTS       (1 + RESOLUTIONS)
#define EVER        INT64_C(1000000000000)

static const char *const agency_names[] = {"tax", "parks", "roads", "health", "water", "zoos", FOLD_OTHER};
static const char *const service_names[] = {"a", "b", "c", "d", "e", FOLD_OTHER};
static const struct fold_limits limits = {
    .ids_max = 100000, .horizon_us = HOUR, .agencies_max = AGENCIES, .services_max = SERVICES};

struct occurrence {
    unsigned agency, service; /* names */
    struct signal_event event;
    int64_t arrived;
};

/* Where events went, by names. */
struct list {
    struct occurrence counted[EVENTS_MAX];
    size_t count;
};

static struct occurrence random_occurrence(struct seeded *random, int64_t arrived)
{
    struct occurrence it = {
        .agency = (unsigned)seeded_below(random, COUNT(agency_names)),
        .service = (unsigned)seeded_below(random, COUNT(service_names)),
        .event = {.id = seeded_bits(random),
                  .channel = (enum channel)seeded_below(random, CHANNELS),
                  .kind = (enum event_kind)seeded_below(random, EVENT_KINDS),
                  .retracts = seeded_one_in(random, 8),
                  .outcomes_known = (uint32_t)seeded_below(random, 1u << OUTCOMES),
                  .transfers = (int32_t)seeded_between(random, -1, 4)},
        .arrived = arrived,
    };
    it.event.outcomes_yes = it.event.outcomes_known & (uint32_t)seeded_bits(random);
    for (unsigned i = 0; i < DURATIONS; i++) {
        it.event.duration_ms[i] = seeded_one_in(random, 2) ? ABSENT : (int64_t)seeded_sized(random, 34);
    }
    return it;
}

static enum fold_result put(struct fold *fold, const struct occurrence *it, struct occurrence *placed)
{
    uint32_t agency = fold_agency(fold, span_text(agency_names[it->agency]));
    uint32_t service = fold_service(fold, agency, span_text(service_names[it->service]));
    *placed = *it;
    placed->event.agency = agency;
    placed->event.service = service;
    return fold_event(fold, agency, service, &it->event, (struct event_time){it->arrived});
}

/* Every cell's rings as far as they are kept, and its windows. */
static void check_sums(struct fold *fold, const struct list *list)
{
    fold_settle(fold);
    static int64_t expected[CELLS_MAX][RESOLUTIONS + WINDOWS][COUNTERS];
    memset(expected, 0, sizeof expected);
    assert_true(fold_cell_count(fold) <= CELLS_MAX);
    int64_t as_of = fold_as_of(fold).us;
    int64_t first[RESOLUTIONS + WINDOWS];
    int64_t last[RESOLUTIONS + WINDOWS];
    int64_t length[RESOLUTIONS + WINDOWS];
    for (unsigned i = 0; i < RESOLUTIONS + WINDOWS; i++) {
        const struct window_shape *window = i < RESOLUTIONS ? NULL : &window_shapes[i - RESOLUTIONS];
        length[i] = pane_shapes[window ? window->resolution : i].length_us;
        last[i] = window ? as_of / length[i] : EVER;
        first[i] = window ? last[i] - window->panes : as_of / length[i] - pane_shapes[i].kept + 1;
    }
    for (size_t e = 0; e < list->count; e++) {
        const struct signal_event *event = &list->counted[e].event;
        uint16_t counters[EVENT_COUNTERS_MAX];
        size_t count = signals_counters(event, counters);
        uint32_t cell = fold_agency_at(fold, event->agency)->services[event->service].cells[event->channel];
        assert_true(cell < fold_cell_count(fold));
        for (unsigned i = 0; i < RESOLUTIONS + WINDOWS; i++) {
            int64_t index = event->at_us / length[i];
            for (size_t c = 0; index >= first[i] && index <= last[i] && c < count; c++) {
                expected[cell][i][counters[c]] += event->retracts ? -1 : 1;
            }
        }
    }
    for (uint32_t cell = 0; cell < fold_cell_count(fold); cell++) {
        for (unsigned i = 0; i < RESOLUTIONS + WINDOWS; i++) {
            int64_t got[COUNTERS] = {0};
            if (i < RESOLUTIONS) {
                cell_sum(&fold_cell_at(fold, cell)->cell, (enum resolution)i, first[i], EVER, got);
            } else {
                enum window window = (enum window)(i - RESOLUTIONS);
                cell_window(&fold_cell_at(fold, cell)->cell, window, fold_as_of(fold), got);
            }
            if (memcmp(got, expected[cell][i], sizeof got) != 0) {
                fail_msg("cell %u, sum %u, %zu events", cell, i, list->count);
            }
        }
    }
}

/* What a task keeps in its hash. */
struct stored {
    struct buffer cells[CELLS_MAX][PARTS];
    uint64_t ids[EVENTS_MAX];
    size_t id_count;
    int64_t arrived;
};

static void stored_init(struct stored *self)
{
    memset(self, 0, sizeof *self);
    for (unsigned i = 0; i < CELLS_MAX * PARTS; i++) {
        buffer_init(&self->cells[i / PARTS][i % PARTS], CELL_CLOSED_SIZE_MAX);
    }
}

static void stored_done(struct stored *self)
{
    for (unsigned i = 0; i < CELLS_MAX * PARTS; i++) {
        buffer_done(&self->cells[i / PARTS][i % PARTS]);
    }
}

static bool has_changed(const struct cell *cell)
{
    bool changed = cell->open_changed;
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        changed = changed || cell->closed_changed[r];
    }
    return changed;
}

static void store_cell(struct stored *self, uint32_t position, struct cell *cell)
{
    for (unsigned part = 0; part < PARTS; part++) {
        bool *changed = part ? &cell->closed_changed[part - 1] : &cell->open_changed;
        struct buffer *out = &self->cells[position][part];
        if (*changed) {
            buffer_clear(out);
            if (part) {
                cell_encode_closed(cell, (enum resolution)(part - 1), out);
            } else {
                cell_encode_open(cell, out);
            }
            assert_false(out->overflow);
        }
        *changed = false;
    }
}

/* The list of changes is exactly what has changed, each cell once. (Their ids are test_fold.c's.) */
static void store(struct stored *self, struct fold *fold, const struct list *list, size_t counted_before)
{
    fold_settle(fold);
    struct fold_changes changes = fold_changes(fold);
    bool listed[CELLS_MAX] = {false};
    for (size_t i = 0; i < changes.cell_count; i++) {
        assert_false(listed[changes.cells[i]]);
        listed[changes.cells[i]] = true;
    }
    for (uint32_t cell = 0; cell < fold_cell_count(fold); cell++) {
        assert_int_equal(listed[cell], has_changed(&fold_cell_at(fold, cell)->cell));
    }
    for (size_t i = counted_before; i < list->count; i++) {
        const struct signal_event *event = &list->counted[i].event;
        const struct fold_agency *agency = fold_agency_at(fold, event->agency);
        assert_true(listed[agency->services[event->service].cells[event->channel]]);
        assert_true(agency->touched && agency->oldest_us <= event->at_us);
    }
    for (size_t i = 0; i < changes.cell_count; i++) {
        store_cell(self, changes.cells[i], &fold_cell_at(fold, changes.cells[i])->cell);
    }
    for (size_t i = 0; i < changes.id_count; i++) {
        self->ids[self->id_count++] = fold_fresh_id(fold, i);
    }
    fold_changes_taken(fold);
    assert_int_equal(fold_changes(fold).cell_count + fold_changes(fold).id_count, 0);
}

/* Another owner's fold from what was stored, at the same positions. (That names may come in any order is
 * test_fold.c's.) */
static struct fold *load(const struct stored *self, const struct fold *from)
{
    struct reason why;
    struct fold *fold = fold_open(&limits);
    for (uint32_t a = 0; a < fold_agency_count(from); a++) {
        const struct fold_agency *agency = fold_agency_at(from, a);
        assert_int_equal(fold_agency(fold, agency->name), a);
        for (uint32_t s = 0; s < agency->service_count; s++) {
            assert_int_equal(fold_service(fold, a, agency->services[s].name), s);
        }
    }
    for (uint32_t i = 0; i < fold_cell_count(from); i++) {
        const struct fold_cell *cell = fold_cell_at(from, i);
        struct fold_cell *made = fold_cell_at(fold, fold_cell(fold, cell->agency, cell->service, cell->channel));
        assert_ptr_equal(made, fold_cell_at(fold, i));
        for (unsigned part = 0; part < PARTS; part++) {
            struct span bytes = buffer_as_span(&self->cells[i][part]);
            if (bytes.size) {
                assert_int_equal(part ? cell_decode_closed(&made->cell, (enum resolution)(part - 1), bytes, &why)
                                      : cell_decode_open(&made->cell, bytes, &why),
                                 DONE);
            }
        }
    }
    fold_remember(fold, self->ids, self->id_count, (struct event_time){self->arrived});
    fold_advance(fold, fold_as_of(from));
    assert_int_equal(fold_as_of(fold).us, fold_as_of(from).us);
    return fold;
}

static int64_t random_time(struct seeded *random, int64_t now)
{
    if (seeded_one_in(random, 12)) {
        return now + seeded_between(random, 0, 5 * MINUTE);
    }
    return now - (int64_t)seeded_sized(random, seeded_one_in(random, 3) ? 43 : 30);
}

/* Agencies and services beyond the caps are told apart no longer; all others are where their names say. */
static void check_place(const struct fold *fold, const struct occurrence *placed)
{
    const struct fold_agency *agency = fold_agency_at(fold, placed->event.agency);
    const struct fold_service *service = &agency->services[placed->event.service];
    assert_true(span_equal(agency->name, span_text(agency_names[placed->agency])) ||
                (fold_agency_count(fold) == AGENCIES + 1 && span_equal(agency->name, span_text(FOLD_OTHER))));
    assert_true(span_equal(service->name, span_text(service_names[placed->service])) ||
                span_equal(agency->name, span_text(FOLD_OTHER)) ||
                (agency->service_count == SERVICES + 1 && span_equal(service->name, span_text(FOLD_OTHER))));
    assert_true(fold_agency_count(fold) <= AGENCIES + 1 && agency->service_count <= SERVICES + 1);
}

static void a_fold_is_a_list_stored_or_not(void **state)
{
    (void)state;
    static struct list list;
    static struct stored stored;
    for (uint64_t seed = 1; seed <= 24; seed++) {
        struct seeded random = {seed};
        struct fold *fold = fold_open(&limits);
        int64_t now = BASE;
        int64_t latest = INT64_MIN;
        size_t stored_count = 0;
        list.count = 0;
        stored_init(&stored);
        for (unsigned i = 0; i < 300; i++) {
            now += (int64_t)seeded_sized(&random, (unsigned[]){20, 28, 34, 38}[seed % 4]);
            struct occurrence placed;
            struct occurrence it = random_occurrence(&random, now);
            it.event.at_us = random_time(&random, now);
            bool is_copy = list.count && list.counted[list.count - 1].arrived > now - HOUR && seeded_one_in(&random, 6);
            it.event.id = is_copy ? list.counted[list.count - 1].event.id : it.event.id;
            int64_t seen = it.event.at_us < now ? it.event.at_us : now;
            latest = !is_copy && seen > latest ? seen : latest;
            bool is_late = it.event.at_us / (6 * HOUR) < latest / (6 * HOUR) - 251;
            enum fold_result result = put(fold, &it, &placed);
            assert_int_equal(result, is_copy ? FOLD_DUPLICATE : is_late ? FOLD_LATE : FOLD_APPLIED);
            assert_int_equal(fold_as_of(fold).us, latest / MINUTE * MINUTE);
            check_place(fold, &placed);
            stored.arrived = now;
            if (result == FOLD_APPLIED) {
                list.counted[list.count++] = placed;
            }
            if (seeded_one_in(&random, 20)) {
                store(&stored, fold, &list, stored_count);
                stored_count = list.count;
                if (seeded_one_in(&random, 3)) {
                    struct fold *loaded = load(&stored, fold);
                    fold_close(fold);
                    fold = loaded;
                    check_sums(fold, &list);
                }
            }
        }
        check_sums(fold, &list);
        fold_close(fold);
        stored_done(&stored);
    }
}

/* Events of an hour and a half, in any order, some of them twice: all within what the minutes still keep. */
static void any_order_gives_the_same_state(void **state)
{
    (void)state;
    static struct occurrence events[600];
    static struct list list;
    struct seeded random = {99};
    int64_t newest = 0;
    for (size_t i = 0; i < COUNT(events); i++) {
        events[i] = random_occurrence(&random, 0);
        events[i].agency %= AGENCIES; /* who comes first must not decide who is _other */
        events[i].service %= SERVICES;
        events[i].event.at_us = BASE + (int64_t)seeded_below(&random, (uint64_t)(90 * MINUTE));
        newest = events[i].event.at_us > newest ? events[i].event.at_us : newest;
    }
    for (unsigned order = 0; order < 20; order++) {
        struct fold *fold = fold_open(&limits);
        list.count = 0;
        for (size_t i = COUNT(events); i > 1; i--) {
            size_t other = (size_t)seeded_below(&random, i);
            struct occurrence swapped = events[i - 1];
            events[i - 1] = events[other];
            events[other] = swapped;
        }
        for (size_t i = 0; i < COUNT(events); i++) {
            struct occurrence placed;
            events[i].arrived = BASE + 90 * MINUTE + (int64_t)i * 1000000;
            assert_int_equal(put(fold, &events[i], &placed), FOLD_APPLIED);
            list.counted[list.count++] = placed;
            size_t copy = (size_t)seeded_below(&random, i + 1);
            events[copy].arrived = events[i].arrived;
            assert_int_equal(put(fold, &events[copy], &placed), FOLD_DUPLICATE);
        }
        assert_int_equal(fold_as_of(fold).us, newest / MINUTE * MINUTE);
        assert_int_equal(fold_id_count(fold), COUNT(events));
        check_sums(fold, &list);
        fold_close(fold);
    }
}

/* More events at once than wait at the most, of cells and minutes in no order. */
static void many_at_once_are_all_counted(void **state)
{
    (void)state;
    enum { MANY = 50000, MINUTES = 100 };
    static struct fold_entry entries[MANY];
    static int64_t expected[CHANNELS][MINUTES];
    struct fold_limits roomy = limits;
    roomy.ids_max = MANY;
    struct fold *fold = fold_open(&roomy);
    uint32_t agency = fold_agency(fold, span_text("tax"));
    uint32_t service = fold_service(fold, agency, span_text("returns"));
    struct seeded random = {7};
    int64_t now = BASE + MINUTES * MINUTE;
    for (size_t i = 0; i < MANY; i++) {
        struct signal_event event = random_occurrence(&random, now).event;
        event.id = i + 1;
        unsigned minute = (unsigned)seeded_below(&random, MINUTES);
        event.at_us = BASE + minute * MINUTE + (int64_t)seeded_below(&random, (uint64_t)MINUTE);
        expected[event.channel][minute] += event.retracts ? -1 : 1;
        fold_entry_set(&entries[i], &event, fold_cell(fold, agency, service, event.channel));
    }
    struct fold_counts counts = {0};
    fold_events(fold, entries, MANY, (struct event_time){now}, &counts);
    fold_settle(fold);
    for (unsigned c = 0; c < CHANNELS; c++) {
        int64_t events_sum = 0;
        for (unsigned m = 0; m < MINUTES; m++) {
            int64_t sums[COUNTERS] = {0};
            uint32_t cell = fold_agency_at(fold, agency)->services[service].cells[c];
            cell_sum(&fold_cell_at(fold, cell)->cell, PANE_MINUTE, BASE / MINUTE + m, BASE / MINUTE + m, sums);
            assert_int_equal(sums[COUNTER_EVENTS], expected[c][m]);
            events_sum += sums[COUNTER_EVENTS];
        }
        assert_true(events_sum != 0 && counts.results[c][FOLD_APPLIED] > MANY / 5);
        assert_int_equal(counts.results[c][FOLD_DUPLICATE] + counts.results[c][FOLD_LATE], 0);
    }
    assert_int_equal(fold_limited(fold).full, 0);
    fold_close(fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fold_is_a_list_stored_or_not),
        cmocka_unit_test(any_order_gives_the_same_state),
        cmocka_unit_test(many_at_once_are_all_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
