/* examine_history.c - running totals of features, pane by pane. */
#include "examine_history.h"

#include <math.h>
#include <stdlib.h>

#define SIXTEENTHS 16.0 /* an answer's worth is quarters */

void features_add(struct feature *sum, const struct feature *part, unsigned count)
{
    for (unsigned f = 0; f < count; f++) {
        sum[f].x += part[f].x;
        sum[f].q += part[f].q;
        sum[f].n += part[f].n;
    }
}

void history_init(struct history *self)
{
    *self = (struct history){0};
}

void history_done(struct history *self)
{
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        free(self->rows[r].totals);
    }
    *self = (struct history){0};
}

/* The totals of a cell before the pane that is so many after the first. */
static struct history_total *row_at(const struct history *self, enum resolution resolution, unsigned cell, int64_t row)
{
    const struct history_rows *rows = &self->rows[resolution];
    return rows->totals + ((size_t)cell * (size_t)(rows->count + 1) + (size_t)row) * self->features;
}

struct reading_pane {
    const struct history *history;
    enum resolution resolution;
    enum channel channel;
    unsigned cell;
};

static uint32_t sixteenths(double value)
{
    return (uint32_t)(int32_t)lrint(SIXTEENTHS * value);
}

/* Into the row after the pane, where the totals will be. */
static void read_pane(void *context, int64_t index, const double counts[COUNTERS])
{
    const struct reading_pane *self = context;
    const struct history_rows *rows = &self->history->rows[self->resolution];
    struct feature features[FEATURES_MAX];
    int64_t row = index - rows->first;
    if (row < 0 || row >= rows->count) {
        return;
    }
    composition_read(self->history->composition, self->channel, counts, features);
    struct history_total *totals = row_at(self->history, self->resolution, self->cell, row + 1);
    for (unsigned f = 0; f < self->history->features; f++) {
        totals[f].x += sixteenths(features[f].x);
        totals[f].q += sixteenths(features[f].q);
        totals[f].n += (uint32_t)(int32_t)features[f].n;
    }
}

static void add_up(const struct history *self, enum resolution resolution, unsigned cell)
{
    struct history_total *totals = row_at(self, resolution, cell, 0);
    size_t count = (size_t)self->rows[resolution].count * self->features;
    for (size_t i = 0; i < count; i++) {
        totals[i + self->features].x += totals[i].x;
        totals[i + self->features].q += totals[i].q;
        totals[i + self->features].n += totals[i].n;
    }
}

static void make_room(struct history *self, enum resolution resolution, struct event_time as_of)
{
    struct history_rows *rows = &self->rows[resolution];
    rows->count = pane_shapes[resolution].kept;
    rows->first = pane_at(resolution, as_of.us) - rows->count + 1;
    size_t needed = (size_t)self->cells * (size_t)(rows->count + 1) * self->features;
    if (needed > rows->capacity) {
        free(rows->totals);
        rows->totals = malloc(needed * sizeof *rows->totals);
        ASSERT(rows->totals);
        rows->capacity = needed;
    }
    memset(rows->totals, 0, needed * sizeof *rows->totals);
}

void history_read(struct history *self, const struct composition *composition, const struct history_source *sources,
                  size_t count, unsigned cells, struct event_time as_of)
{
    static const enum resolution resolutions[] = {PANE_HOUR, PANE_SIX_HOURS};
    self->composition = composition;
    self->features = composition_features(composition);
    self->cells = cells;
    for (size_t r = 0; r < sizeof resolutions / sizeof *resolutions; r++) {
        make_room(self, resolutions[r], as_of);
        for (size_t i = 0; i < count; i++) {
            struct reading_pane reading = {self, resolutions[r], sources[i].channel, sources[i].into};
            cell_each_pane(sources[i].cell, resolutions[r], read_pane, &reading);
        }
        for (unsigned c = 0; c < cells; c++) {
            add_up(self, resolutions[r], c);
        }
    }
}

/* A moment as a row and how far into the pane after it. */
struct place {
    int64_t row;
    double into;
};

static struct place place_of(const struct history_rows *rows, enum resolution resolution, int64_t at_us)
{
    int64_t length = pane_shapes[resolution].length_us;
    int64_t pane = time_floor(at_us, length);
    int64_t row = pane - rows->first;
    if (row < 0) {
        return (struct place){0, 0};
    }
    if (row >= rows->count) {
        return (struct place){rows->count, 0};
    }
    return (struct place){row, (double)(at_us - pane * length) / (double)length};
}

static double between(uint32_t from, uint32_t to)
{
    return (double)(int32_t)(to - from);
}

static void add_totals(struct feature *feature, const struct history_total *from, const struct history_total *to,
                       double share)
{
    feature->x += share / SIXTEENTHS * between(from->x, to->x);
    feature->q += share / SIXTEENTHS * between(from->q, to->q);
    feature->n += share * between(from->n, to->n);
}

void history_window(const struct history *self, unsigned cell, enum resolution resolution, struct time_range range,
                    struct feature *features)
{
    const struct history_rows *rows = &self->rows[resolution];
    struct place start = place_of(rows, resolution, range.from_us);
    struct place end = place_of(rows, resolution, range.to_us);
    const struct history_total *from = row_at(self, resolution, cell, start.row);
    const struct history_total *to = row_at(self, resolution, cell, end.row);
    for (unsigned f = 0; f < self->features; f++) {
        add_totals(&features[f], &from[f], &to[f], 1);
        if (start.into > 0) {
            add_totals(&features[f], &from[f], &from[f + self->features], -start.into);
        }
        if (end.into > 0) {
            add_totals(&features[f], &to[f], &to[f + self->features], end.into);
        }
    }
}
