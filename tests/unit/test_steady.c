/* test_steady.c - how often the path of an event asks for memory: never for events into cells that are there, and now
 * and then, as logs grow, when panes close.
 *
 * The linker puts the counters below in front of the allocator (tests.cmake: --wrap). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "counted_heap.h"
#include "seeded.h"
#include "folded.h"

#define MINUTE   INT64_C(60000000)
#define HOUR     (60 * MINUTE)
#define BASE     INT64_C(1795338000000000)
#define IDS_MAX  1000
#define SERVICES 3
#define CELLS    (SERVICES * CHANNELS)

static struct signal_event random_event(struct seeded *random, int64_t at)
{
    struct signal_event event = {
        .at_us = at,
        .id = seeded_bits(random),
        .service = (uint32_t)seeded_below(random, SERVICES),
        .channel = (enum channel)seeded_below(random, CHANNELS),
        .outcomes_known = (uint32_t)seeded_below(random, 1u << OUTCOMES),
        .transfers = (int32_t)seeded_between(random, -1, 4),
        .retracts = seeded_one_in(random, 20),
    };
    event.outcomes_yes = event.outcomes_known & (uint32_t)seeded_bits(random);
    for (unsigned i = 0; i < RATINGS; i++) {
        event.ratings |= seeded_below(random, 6) << (3 * i);
    }
    for (unsigned i = 0; i < DURATIONS; i++) {
        event.duration_ms[i] = (int64_t)seeded_sized(random, 34);
    }
    return event;
}

static void put(struct fold *fold, const struct signal_event *event, int64_t arrived)
{
    fold_event(fold, 0, event->service, event, (struct event_time){arrived});
}

static void take(struct fold *fold)
{
    fold_settle(fold);
    struct fold_changes changes = fold_changes(fold);
    for (size_t i = 0; i < changes.cell_count; i++) {
        struct cell *cell = &fold_cell_at(fold, changes.cells[i])->cell;
        cell->open_changed = false;
        memset(cell->closed_changed, 0, sizeof cell->closed_changed);
    }
    fold_changes_taken(fold);
}

/* A fold with all its cells, and with ids at their bound. */
static struct fold *warm_fold(struct seeded *random, int64_t at)
{
    static const struct fold_limits limits = {
        .ids_max = IDS_MAX, .horizon_us = HOUR, .agencies_max = 2, .services_max = SERVICES};
    struct fold *fold = fold_open(&limits);
    assert_int_equal(fold_agency(fold, span_text("tax")), 0);
    for (uint32_t s = 0; s < SERVICES; s++) {
        assert_int_equal(fold_service(fold, 0, span_of(&"abc"[s], 1)), s);
    }
    for (unsigned i = 0; i < 8 * IDS_MAX; i++) {
        struct signal_event event = random_event(random, at);
        put(fold, &event, at);
    }
    assert_int_equal(fold_cell_count(fold), CELLS);
    assert_int_equal(fold_id_count(fold), IDS_MAX);
    return fold;
}

static void events_of_a_minute_allocate_nothing(void **state)
{
    (void)state;
    struct seeded random = {1};
    struct fold *fold = warm_fold(&random, BASE);
    allocations = 0;
    for (unsigned i = 0; i < 20000; i++) {
        struct signal_event event = random_event(&random, BASE + (int64_t)seeded_below(&random, (uint64_t)MINUTE));
        put(fold, &event, BASE + MINUTE);
        put(fold, &event, BASE + MINUTE);
        if (i % 1000 == 0) {
            assert_int_equal(fold_agency(fold, span_text("tax")), 0);
            assert_int_equal(fold_service(fold, 0, span_text("b")), 1);
            take(fold);
        }
    }
    assert_int_equal(allocations, 0);
    fold_close(fold);
}

/* From minute to minute, some events late: a log grows by half each time, so it asks for memory some twenty times in
 * its life; ids of more and more seconds are remembered, up to the bound. */
static void minutes_allocate_as_logs_grow(void **state)
{
    (void)state;
    struct seeded random = {2};
    struct fold *fold = warm_fold(&random, BASE);
    allocations = 0;
    for (int64_t minute = 0; minute < 600; minute++) {
        for (unsigned i = 0; i < 40; i++) {
            int64_t now = BASE + minute * MINUTE + i;
            struct signal_event event = random_event(&random, now - (int64_t)seeded_sized(&random, 33));
            put(fold, &event, now);
        }
        take(fold);
    }
    assert_true(allocations > 0 && allocations <= CELLS * RESOLUTIONS * 20);
    fold_close(fold);
}

/* When the rings have gone round, what expires makes room for what comes. */
static void full_rings_allocate_nothing_more(void **state)
{
    (void)state;
    struct seeded random = {3};
    struct fold *fold = warm_fold(&random, BASE);
    size_t memory = 0;
    for (int64_t hour = 0; hour < 80 * 24; hour++) {
        if (hour == 70 * 24) {
            allocations = 0;
            memory = fold_memory(fold);
        }
        for (unsigned i = 0; i < 6; i++) {
            int64_t now = BASE + hour * HOUR + i * 10 * MINUTE;
            struct signal_event event = random_event(&random, now);
            put(fold, &event, now);
        }
        take(fold);
    }
    assert_true(allocations <= 6); /* a log may still find its largest size */
    assert_true(fold_memory(fold) <= memory + memory / 10);
    fold_close(fold);
}

static void batches_allocate_nothing_once_they_have_their_size(void **state)
{
    (void)state;
    struct seeded random = {4};
    struct batch_writer writer;
    struct batch_reader reader;
    struct buffer message;
    batch_writer_init(&writer);
    batch_reader_init(&reader);
    buffer_init(&message, SIGNAL_BATCH_SIZE_MAX);
    for (unsigned round = 0; round < 20; round++) {
        allocations = round < 3 ? 0 : allocations;
        struct batch_header header = {.written_at = {BASE}};
        batch_writer_clear(&writer);
        batch_writer_agency(&writer, span_text("tax"));
        for (uint32_t s = 0; s < SERVICES; s++) {
            batch_writer_service(&writer, span_text("service"));
        }
        for (unsigned i = 0; i < 500; i++) {
            struct signal_event event = random_event(&random, BASE);
            batch_writer_event(&writer, &event);
        }
        batch_writer_seal(&writer, &header, &message);
        assert_false(message.overflow);
        struct reason why;
        struct signal_event event;
        bool more = true;
        assert_int_equal(batch_reader_open(&reader, buffer_as_span(&message), &why), DONE);
        while (more) {
            assert_int_equal(batch_reader_next(&reader, &event, &more, &why), DONE);
        }
    }
    assert_int_equal(allocations, 0);
    batch_writer_done(&writer);
    batch_reader_done(&reader);
    buffer_done(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_a_minute_allocate_nothing),
        cmocka_unit_test(minutes_allocate_as_logs_grow),
        cmocka_unit_test(full_rings_allocate_nothing_more),
        cmocka_unit_test(batches_allocate_nothing_once_they_have_their_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
