/* test_complement.c - whoever sees all that is shown of a window cannot work out the figure of few people.
 *
 * The attacker: every figure shown is a known sum over cells, so what can be worked out by adding and subtracting is
 * the span of what is shown. Every group of cells with too few people is tried, by elimination over a large prime: each
 * must lie outside that span. Exhaustive over all groups of up to twelve cells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "complement.h"
#include "seeded.h"

#define COUNT(rows)   (sizeof(rows) / sizeof((rows)[0]))
#define SERVICES_MOST 3
#define CELLS_MOST    (SERVICES_MOST * CHANNELS)
#define PRIME         INT64_C(1000003)

struct table {
    struct complement_cell cells[CELLS_MOST];
    size_t count;
    bool services[SERVICES_MOST];
    struct complement found;
};

static void look_at(struct table *self, int64_t least)
{
    self->found = (struct complement){.services = self->services, .service_count = SERVICES_MOST};
    complement_find(self->cells, self->count, least, &self->found);
}

/* ---- the attacker ---- */

struct span_of_shown { /* rows in echelon form, one a pivot */
    int64_t rows[CELLS_MOST][CELLS_MOST];
    bool has[CELLS_MOST];
};

static int64_t inverse(int64_t value)
{
    int64_t result = 1;
    for (int64_t exponent = PRIME - 2; exponent; exponent >>= 1) {
        result = exponent & 1 ? result * value % PRIME : result;
        value = value * value % PRIME;
    }
    return result;
}

/* Takes what is known off a vector; true when something is left: it is not in the span. */
static bool reduce(const struct span_of_shown *self, int64_t vector[CELLS_MOST])
{
    bool left = false;
    for (size_t p = 0; p < CELLS_MOST; p++) {
        if (vector[p] && self->has[p]) {
            int64_t factor = vector[p];
            for (size_t i = 0; i < CELLS_MOST; i++) {
                vector[i] = ((vector[i] - factor * self->rows[p][i]) % PRIME + PRIME) % PRIME;
            }
        }
        left |= vector[p] != 0;
    }
    return left;
}

static void know(struct span_of_shown *self, int64_t vector[CELLS_MOST])
{
    if (!reduce(self, vector)) {
        return;
    }
    size_t pivot = 0;
    while (!vector[pivot]) {
        pivot++;
    }
    int64_t factor = inverse(vector[pivot]);
    for (size_t i = 0; i < CELLS_MOST; i++) {
        self->rows[pivot][i] = vector[i] * factor % PRIME;
    }
    self->has[pivot] = true;
}

static bool is_of(const struct complement_cell *cell, int service, int channel)
{
    return cell->present && (service < 0 || cell->service == (uint32_t)service) &&
           (channel < 0 || cell->channel == (enum channel)channel);
}

/* A sum over cells, of one service or all (−1), of one channel or all; false when nothing is in it. */
static bool sum_of(const struct table *self, int service, int channel, int64_t vector[CELLS_MOST])
{
    bool any = false;
    for (size_t i = 0; i < CELLS_MOST; i++) {
        vector[i] = i < self->count && is_of(&self->cells[i], service, channel);
        any |= vector[i] != 0;
    }
    return any;
}

static void see_all(const struct table *self, struct span_of_shown *shown)
{
    int64_t vector[CELLS_MOST];
    memset(shown, 0, sizeof *shown);
    if (sum_of(self, -1, -1, vector) && !self->found.all) {
        know(shown, vector);
    }
    for (int c = 0; c < (int)CHANNELS; c++) {
        if (sum_of(self, -1, c, vector) && !self->found.channels[c]) {
            know(shown, vector);
        }
    }
    for (int s = 0; s < SERVICES_MOST; s++) {
        if (sum_of(self, s, -1, vector) && !self->services[s]) {
            know(shown, vector);
        }
    }
    for (size_t i = 0; i < self->count; i++) {
        if (!self->cells[i].withheld &&
            sum_of(self, (int)self->cells[i].service, (int)self->cells[i].channel, vector)) {
            know(shown, vector);
        }
    }
}

/* The first group of few people that can be worked out, as bits; 0: none can. */
static unsigned broken(const struct table *self, int64_t least)
{
    struct span_of_shown shown;
    see_all(self, &shown);
    for (unsigned group = 1; group < 1u << self->count; group++) {
        int64_t vector[CELLS_MOST] = {0};
        int64_t people = 0;
        bool absent = false;
        for (size_t i = 0; i < self->count; i++) {
            if (group >> i & 1) {
                vector[i] = 1;
                people += self->cells[i].people;
                absent |= !self->cells[i].present;
            }
        }
        if (!absent && people < least && !reduce(&shown, vector)) {
            return group;
        }
    }
    return 0;
}

static void no_few_people_can_be_worked_out(void **state)
{
    (void)state;
    struct seeded random = {11};
    size_t withheld = 0;
    size_t shown = 0;
    for (unsigned round = 0; round < 1500; round++) {
        struct table table = {0};
        int64_t least = seeded_one_in(&random, 3) ? 2 + (int64_t)seeded_below(&random, 4) : 11;
        unsigned most = 4 + (unsigned)seeded_below(&random, 60);
        for (uint32_t s = 0; s < SERVICES_MOST; s++) {
            for (unsigned c = 0; c < CHANNELS; c++) {
                if (!seeded_one_in(&random, 4)) {
                    table.cells[table.count++] = (struct complement_cell){
                        .service = s,
                        .channel = (enum channel)c,
                        .present = !seeded_one_in(&random, 6),
                        .people = (int64_t)seeded_below(&random, most),
                    };
                }
            }
        }
        look_at(&table, least);
        unsigned group = broken(&table, least);
        if (group) {
            fail_msg("round %u: cells %x can be worked out", round, group);
        }
        for (size_t i = 0; i < table.count; i++) {
            withheld += table.cells[i].present && table.cells[i].withheld;
            shown += table.cells[i].present && !table.cells[i].withheld;
        }
    }
    assert_true(withheld > 1000 && shown > 1000); /* both happen */
}

/* That the attacker is one: figures withheld only for their own people are worked out. */
static void the_attacker_breaks_plain_suppression(void **state)
{
    (void)state;
    struct table table = {
        .cells = {{.channel = CHANNEL_WEB, .present = true, .people = 500},
                  {.service = 1, .channel = CHANNEL_WEB, .present = true, .people = 3, .withheld = true}},
        .count = 2};
    table.found = (struct complement){.services = table.services, .service_count = SERVICES_MOST};
    table.services[1] = true;
    assert_int_equal(broken(&table, 11), 2); /* web minus the large service */
}

/* ---- what is withheld, by name ---- */

static const struct {
    const char *name;
    int64_t people[SERVICES_MOST][CHANNELS]; /* −1: nothing there; web, phone, office, chat */
    const char *cells;                       /* withheld, by service then channel, for those present: x, else . */
    const char *channels;                    /* the same */
    const char *services;
    bool all;
} rows[] = {
    {"enough everywhere", {{20, 20, -1, -1}, {20, 20, -1, -1}, {-1, -1, -1, -1}}, "....", "....", "...", false},
    {"nothing at all", {{-1, -1, -1, -1}, {-1, -1, -1, -1}, {-1, -1, -1, -1}}, "", "....", "...", false},
    {"few in all", {{3, 2, -1, -1}, {-1, -1, -1, -1}, {-1, -1, -1, -1}}, "xx", "xx..", "x..", true},
    {"one small cell takes the smallest of its channel along",
     {{500, 50, -1, -1}, {3, 60, -1, -1}, {40, 70, -1, -1}},
     "..x.x.",
     "....",
     ".xx",
     false},
    {"small cells of a channel suffice together",
     {{6, 50, -1, -1}, {6, 60, -1, -1}, {40, 70, -1, -1}},
     "x.x...",
     "....",
     "xx.",
     false},
    {"a small channel takes the smallest figure there is along",
     {{500, 5, -1, -1}, {300, -1, 20, -1}, {-1, -1, 30, -1}},
     ".x.x.",
     ".xx.",
     "xx.",
     false},
    {"a cell without people counts as one of few",
     {{0, 50, -1, -1}, {30, 60, -1, -1}, {-1, -1, -1, -1}},
     "x.x.",
     "....",
     "xx..",
     false},
};

static void what_is_withheld(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(rows); row++) {
        struct table table = {0};
        for (uint32_t s = 0; s < SERVICES_MOST; s++) {
            for (unsigned c = 0; c < CHANNELS; c++) {
                if (rows[row].people[s][c] >= 0) {
                    table.cells[table.count++] = (struct complement_cell){
                        .service = s, .channel = (enum channel)c, .present = true, .people = rows[row].people[s][c]};
                }
            }
        }
        look_at(&table, 11);
        bool same = table.found.all == rows[row].all && strlen(rows[row].cells) == table.count;
        for (size_t i = 0; same && i < table.count; i++) {
            same = table.cells[i].withheld == (rows[row].cells[i] == 'x');
        }
        for (unsigned c = 0; same && c < CHANNELS; c++) {
            same = table.found.channels[c] == (rows[row].channels[c] == 'x');
        }
        for (unsigned s = 0; same && s < SERVICES_MOST; s++) {
            same = table.services[s] == (rows[row].services[s] == 'x');
        }
        if (!same) {
            fail_msg("%s", rows[row].name);
        }
    }
}

/* As many cells as there may be take no longer than reading them: of ten times as many, some ten times as long. */
static void many_cells_are_grouped_at_once(void **state)
{
    (void)state;
    enum { MANY = 1 << 18 };
    struct complement_cell *cells = calloc(MANY, sizeof *cells);
    bool *services = calloc(MANY / CHANNELS, sizeof *services);
    assert_true(cells && services);
    for (uint32_t i = 0; i < MANY; i++) {
        cells[i] = (struct complement_cell){
            .service = i / CHANNELS, .channel = (enum channel)(i % CHANNELS), .present = true, .people = i % 5};
    }
    struct complement found = {.services = services, .service_count = MANY / CHANNELS};
    complement_find(cells, MANY, 11, &found); /* what is quadratic would take minutes */
    for (uint32_t i = 0; i < MANY; i++) {
        assert_true(cells[i].withheld);
    }
    for (unsigned c = 0; c < CHANNELS; c++) {
        assert_false(found.channels[c]);
    }
    assert_false(found.all);
    free(cells);
    free(services);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_few_people_can_be_worked_out),
        cmocka_unit_test(the_attacker_breaks_plain_suppression),
        cmocka_unit_test(what_is_withheld),
        cmocka_unit_test(many_cells_are_grouped_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
