/* test_id_set.c - the ids that arrived lately against a plain list of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "id_set.h"
#include "seeded.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define BEGAN       INT64_C(1795338000)

/* What is remembered, oldest first. */
struct list {
    uint64_t *ids;
    int64_t *seconds;
    size_t first, end, ids_max;
    int64_t horizon_s;
};

static bool list_add(struct list *self, uint64_t id, int64_t second)
{
    while (self->first < self->end && self->seconds[self->first] < second - self->horizon_s) {
        self->first++;
    }
    for (size_t i = self->first; i < self->end; i++) {
        if (self->ids[i] == id) {
            return false;
        }
    }
    self->first += self->end - self->first == self->ids_max;
    self->ids[self->end] = id;
    self->seconds[self->end++] = second;
    return true;
}

static void is_the_list(const struct id_set *set, const struct list *list)
{
    assert_int_equal(set->count, list->end - list->first);
    for (size_t i = 0; i < set->count; i++) {
        assert_int_equal(id_set_at(set, i), list->ids[list->first + i]);
    }
}

/* Where ids lie: their upper half says which bucket, some bits of the lower one are kept beside their places. */
static uint64_t any(struct seeded *random)
{
    return seeded_bits(random);
}

static uint64_t of_few(struct seeded *random) /* twice nearly always */
{
    return seeded_below(random, 700) * UINT64_C(0x9E3779B97F4A7C15);
}

static uint64_t of_one_bucket(struct seeded *random)
{
    return UINT64_C(0xABCD0000) << 32 | (seeded_bits(random) & 0xFFFFFFFF);
}

static uint64_t of_the_last_bucket(struct seeded *random) /* what it sends on goes to the first */
{
    return UINT64_C(0xFFFFFFFF) << 32 | (seeded_bits(random) & 0xFFFFFFFF);
}

static uint64_t alike_below(struct seeded *random) /* whatever of an id is beside its place says nothing */
{
    return seeded_bits(random) << 32 | 0x5A5A5A5A;
}

static uint64_t in_a_row(struct seeded *random)
{
    return random->state += UINT64_C(1) << 40;
}

static uint64_t zeros(struct seeded *random) /* as memory is that nothing was put into */
{
    return seeded_below(random, 3);
}

static void remembers_what_a_list_does(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t (*id)(struct seeded *random);
        size_t ids_max;
        int64_t horizon_s;
        uint64_t a_second; /* arrive about so many */
        size_t events;
    } rows[] = {
        {"one", any, 1, 3600, 10, 500},
        {"one, of few", zeros, 1, 3600, 10, 500},
        {"few, full", any, 5, 3600, 10, 2000},
        {"few, of few", zeros, 2, 2, 4, 2000},
        {"one bucket's", any, 10, 3600, 10, 2000},
        {"more than it begins with", any, 3000, 100000, 10, 9000},
        {"a horizon that is short", any, 3000, 20, 40, 9000},
        {"a horizon that nothing outlives", any, 3000, 1, 1, 3000},
        {"full and a horizon", any, 900, 80, 10, 9000},
        {"duplicates", of_few, 400, 3600, 10, 9000},
        {"duplicates that grow old", of_few, 3000, 30, 10, 9000},
        {"all in one bucket", of_one_bucket, 700, 3600, 10, 5000},
        {"all in the last bucket", of_the_last_bucket, 700, 60, 10, 5000},
        {"all alike below", alike_below, 2000, 3600, 10, 6000},
        {"in a row", in_a_row, 2500, 200, 10, 9000},
        {"many laps", any, 33, 3600, 10, 9000},
        {"many laps, growing old", any, 33, 2, 10, 9000},
        {"many laps of one bucket", of_one_bucket, 64, 5, 10, 9000},
    };
    for (size_t r = 0; r < COUNT(rows); r++) {
        struct seeded random = {r + 1};
        struct id_set set;
        struct list list = {.ids = calloc(rows[r].events, sizeof *list.ids),
                            .seconds = calloc(rows[r].events, sizeof *list.seconds),
                            .ids_max = rows[r].ids_max,
                            .horizon_s = rows[r].horizon_s};
        int64_t second = BEGAN;
        id_set_init(&set, rows[r].ids_max, rows[r].horizon_s * US_PER_SECOND);
        for (size_t i = 0; i < rows[r].events; i++) {
            second += seeded_one_in(&random, rows[r].a_second);
            size_t remembered = list.end - list.first; /* now and then one that came before, wherever it is by now */
            uint64_t id =
                list.end && seeded_one_in(&random, 8) ? list.ids[seeded_below(&random, list.end)] : rows[r].id(&random);
            bool added = list_add(&list, id, second);
            id_set_advance(&set, (struct event_time){second * US_PER_SECOND});
            if (id_set_add(&set, id) != added) {
                fail_msg("%s: event %zu, with %zu remembered, should%s be new", rows[r].name, i, remembered,
                         added ? "" : " not");
            }
            if (i % 97 == 0) {
                is_the_list(&set, &list);
            }
        }
        is_the_list(&set, &list);
        id_set_done(&set);
        free(list.ids);
        free(list.seconds);
    }
}

/* 13 to 14 bytes an id, when it is full. */
static void takes_what_it_says(void **state)
{
    (void)state;
    struct seeded random = {7};
    struct id_set set;
    id_set_init(&set, 1000000, US_PER_HOUR);
    for (size_t i = 0; i < 1000000; i++) {
        id_set_advance(&set, (struct event_time){BEGAN * US_PER_SECOND});
        id_set_add(&set, seeded_bits(&random));
    }
    assert_int_equal(set.count, 1000000);
    assert_in_range(id_set_memory(&set), 13 * 1000000, 14 * 1000000);
    id_set_done(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembers_what_a_list_does),
        cmocka_unit_test(takes_what_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
