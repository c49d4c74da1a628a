/* roll.h - from panes to windows: adds up the counters of a cell over each rolling window.
 *
 * Pure. A window is the open pane plus as many whole ones (model/panes.h), ended by as_of. Units: integer counts. */
#ifndef SLIPSTREAM_ROLL_H
#define SLIPSTREAM_ROLL_H

#include "slipstream/model.h"

struct window_sums {
    int64_t counts[WINDOWS][COUNTERS];
};

/* All windows of a cell. Overwrites sums. */
void roll_windows(const struct cell *cell, struct event_time as_of, struct window_sums *sums);

#endif
