/* fleet.c - sums over agencies. */
#include "slipstream/score/fleet.h"

#include "slipstream/score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Values, one an agency. */
struct values {
    double *items; /* owned */
    size_t count, capacity;
};

struct fleet_sum {
    struct fleet_figures figures[WINDOWS]; /* best and worst so far */
    struct values scores[WINDOWS];
    struct values changes;
    double now, base, d, squares; /* sums; of the half intervals' squares */
};

struct fleet_sum *fleet_sum_open(void)
{
    struct fleet_sum *self = calloc(1, sizeof *self);
    ASSERT(self);
    return self;
}

void fleet_sum_close(struct fleet_sum *self)
{
    if (self) {
        for (unsigned w = 0; w < WINDOWS; w++) {
            free(self->scores[w].items);
        }
        free(self->changes.items);
        free(self);
    }
}

void fleet_sum_clear(struct fleet_sum *self)
{
    for (unsigned w = 0; w < WINDOWS; w++) {
        self->scores[w].count = 0;
    }
    self->changes.count = 0;
    self->now = self->base = self->d = self->squares = 0;
}

static void add_value(struct values *self, double value)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? 2 * self->capacity : 64;
        self->items = realloc(self->items, self->capacity * sizeof *self->items);
        ASSERT(self->items);
    }
    self->items[self->count++] = value;
}

static void add_score(struct fleet_sum *self, enum window window, struct span agency, double score)
{
    struct fleet_figures *figures = &self->figures[window];
    bool is_first = self->scores[window].count == 0;
    if (is_first || score > figures->best) {
        figures->best = score;
        snprintf(figures->best_agency, sizeof figures->best_agency, "%.*s", SPAN_FORMAT(agency));
    }
    if (is_first || score < figures->worst) {
        figures->worst = score;
        snprintf(figures->worst_agency, sizeof figures->worst_agency, "%.*s", SPAN_FORMAT(agency));
    }
    add_value(&self->scores[window], score);
}

void fleet_sum_add(struct fleet_sum *self, const struct fleet_entry *entry)
{
    const struct fleet_change *change = &entry->change;
    for (unsigned w = 0; w < WINDOWS; w++) {
        if (entry->cx[w].present) {
            add_score(self, (enum window)w, entry->agency, entry->cx[w].value);
        }
    }
    if (change->present) {
        double half = (change->high - change->low) / 2;
        add_value(&self->changes, change->d);
        self->now += change->now;
        self->base += change->base;
        self->d += change->d;
        self->squares += half * half;
    }
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Sorts them. There is one at least. */
static double median_of(struct values *self)
{
    qsort(self->items, self->count, sizeof *self->items, by_size);
    return (self->items[(self->count - 1) / 2] + self->items[self->count / 2]) / 2;
}

bool fleet_sum_figures(struct fleet_sum *self, enum window window, struct fleet_figures *out)
{
    struct values *scores = &self->scores[window];
    double sum = 0;
    double squares = 0;
    if (scores->count < FLEET_LEAST) {
        return false;
    }
    for (size_t i = 0; i < scores->count; i++) {
        sum += scores->items[i];
    }
    *out = self->figures[window];
    out->agencies = (int64_t)scores->count;
    out->average = sum / (double)scores->count;
    for (size_t i = 0; i < scores->count; i++) {
        squares += (scores->items[i] - out->average) * (scores->items[i] - out->average);
    }
    out->deviation = sqrt(squares / (double)(scores->count - 1));
    out->median = median_of(scores);
    return true;
}

void fleet_sum_moved(struct fleet_sum *self, struct fleet *out)
{
    double count = (double)self->changes.count;
    out->changed = (int64_t)self->changes.count;
    out->now = out->base = out->d = out->median = out->error = 0;
    if (self->changes.count) {
        out->now = self->now / count;
        out->base = self->base / count;
        out->d = self->d / count;
        out->median = median_of(&self->changes);
        out->error = sqrt(self->squares) / count;
    }
}

bool fleet_gap(const struct fleet *fleet, const struct fleet_change *own, int64_t least, struct fleet_gap *out)
{
    double others = (double)(fleet->changed - 1);
    if (fleet->changed - 1 < least) {
        return false;
    }
    double share = (others + 1) / others; /* the average without this agency, which is in it */
    double now = share * fleet->now - own->now / others;
    double base = share * fleet->base - own->base / others;
    double d = fmin(share * fleet->d - own->d / others, fleet->median);
    struct interval moved = {d, d - share * fleet->error, d + share * fleet->error};
    struct interval change = interval_difference(moved, (struct interval){own->d, own->low, own->high});
    *out = (struct fleet_gap){.now = 100 * (now - own->now),
                              .usual = 100 * (base - own->base),
                              .widened = 100 * change.value,
                              .low = 100 * change.low,
                              .high = 100 * change.high};
    return true;
}
