/* ranges.c - stretches of time without the days that do not count, and what a cell counted in them. */
#include "slipstream/roll.h"

bool day_set_has(const struct day_set *self, int64_t day)
{
    int64_t back = self->last - day;
    return back < 0 || (back < 64 && (self->days >> back & 1));
}

static void append(struct time_ranges *self, int64_t from_us, int64_t to_us)
{
    if (self->count && self->items[self->count - 1].to_us == from_us) {
        self->items[self->count - 1].to_us = to_us;
    } else if (self->count < ROLL_RANGES_MAX) {
        self->items[self->count++] = (struct time_range){from_us, to_us};
    }
}

void roll_append(struct time_ranges *self, struct time_range range, const struct day_set *days, int64_t begins_us)
{
    int64_t from_us = range.from_us > begins_us ? range.from_us : begins_us;
    while (from_us < range.to_us) {
        int64_t day = time_floor(from_us, US_PER_DAY);
        int64_t end_us = (day + 1) * US_PER_DAY;
        end_us = end_us < range.to_us ? end_us : range.to_us;
        if (day_set_has(days, day)) {
            append(self, from_us, end_us);
        }
        from_us = end_us;
    }
}

void roll_matched(struct time_ranges *self, const struct time_ranges *window, int weeks, const struct day_set *days,
                  int64_t begins_us)
{
    for (int64_t back = weeks * US_PER_WEEK; back > 0; back -= US_PER_WEEK) {
        for (size_t i = 0; i < window->count; i++) {
            struct time_range range = {window->items[i].from_us - back, window->items[i].to_us - back};
            roll_append(self, range, days, begins_us);
        }
    }
}

/* Runs of panes for ranges: whole panes together, one at an edge alone. Two ranges may share a pane. */
struct run_list {
    struct pane_run items[3 * ROLL_RANGES_MAX];
    size_t count;
};

static void add_run(struct run_list *self, int64_t first, int64_t last, double share)
{
    struct pane_run *before = self->count ? &self->items[self->count - 1] : NULL;
    if (first > last) {
        return;
    }
    if (before && before->last == first) { /* both are that one pane: an end and a beginning */
        before->share += share;
        return;
    }
    self->items[self->count++] = (struct pane_run){first, last, share};
}

static void add_range(struct run_list *self, const struct time_range *range, int64_t length_us)
{
    int64_t first = time_floor(range->from_us, length_us);
    int64_t last = time_floor(range->to_us, length_us); /* the pane that the end lies in */
    double into_first = (double)(range->from_us - first * length_us) / (double)length_us;
    double into_last = (double)(range->to_us - last * length_us) / (double)length_us;
    if (first == last) {
        add_run(self, first, last, into_last - into_first);
        return;
    }
    if (into_first > 0) {
        add_run(self, first, first, 1 - into_first);
        first++;
    }
    add_run(self, first, last - 1, 1);
    if (into_last > 0) {
        add_run(self, last, last, into_last);
    }
}

static void set_runs(struct run_list *self, enum resolution resolution, const struct time_ranges *ranges)
{
    self->count = 0;
    for (size_t i = 0; i < ranges->count; i++) {
        add_range(self, &ranges->items[i], pane_shapes[resolution].length_us);
    }
}

void roll_ranges(const struct cell *cell, enum resolution resolution, const struct time_ranges *ranges,
                 double sums[COUNTERS])
{
    struct run_list runs;
    set_runs(&runs, resolution, ranges);
    cell_sum_runs(cell, resolution, runs.items, runs.count, sums);
}

void roll_untold(const struct untold *untold, enum resolution resolution, const struct time_ranges *ranges,
                 double sums[COUNTERS])
{
    struct run_list runs;
    set_runs(&runs, resolution, ranges);
    untold_sum_runs(untold, resolution, runs.items, runs.count, sums);
}
