/* roll.h - from panes to windows and their baselines: adds up the counters of a cell over stretches of time.
 *
 * Pure. A window is the open pane plus as many whole ones (model/panes.h), ended by as_of. A baseline is the same hours
 * of earlier weeks, from the six-hour panes, one at an edge counting by the share of it inside.
 * Units: microseconds; counts are integers in windows, and fractional in baselines. */
#ifndef SLIPSTREAM_ROLL_H
#define SLIPSTREAM_ROLL_H

#include "slipstream/model.h"

struct window_sums {
    int64_t counts[WINDOWS][COUNTERS];
};

/* All windows of a cell. Overwrites sums. */
void roll_windows(const struct cell *cell, struct event_time as_of, struct window_sums *sums);

/* Where a window begins that ends with as_of, and how long it is without the open pane. */
struct event_time roll_window_start(enum window window, struct event_time as_of);
int64_t roll_window_length_us(enum window window);

/* Days that count, of the 64 up to and including `last`; those after it count, those before do not. */
struct day_set {
    uint64_t days; /* bit i: the day last − i */
    int64_t last;
};
bool day_set_has(const struct day_set *self, int64_t day);

/* Stretches of time, each before the next. */
#define ROLL_RANGES_MAX 80
struct time_range {
    int64_t from_us, to_us;
};
struct time_ranges {
    struct time_range items[ROLL_RANGES_MAX];
    size_t count;
};
/* Appends [from, to) without the days that do not count, nor what lies before begins_us. What it appends to must be
 * earlier. What does not fit is left out: there is room for eight weeks of seven days with a gap in each. */
void roll_append(struct time_ranges *self, struct time_range range, const struct day_set *days, int64_t begins_us);
/* The same hours as `window` in each of the weeks before it, the earliest first. */
void roll_matched(struct time_ranges *self, const struct time_ranges *window, int weeks, const struct day_set *days,
                  int64_t begins_us);

/* Adds to sums what a cell counted in the ranges. */
void roll_ranges(const struct cell *cell, enum resolution resolution, const struct time_ranges *ranges,
                 double sums[COUNTERS]);
/* Adds what of it is public at another time, or not yet. */
void roll_untold(const struct untold *untold, enum resolution resolution, const struct time_ranges *ranges,
                 double sums[COUNTERS]);

#endif
