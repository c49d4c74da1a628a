/* examine_history.h - an agency's panes as running totals of features, so that any window of the last weeks is a
 * difference; made anew for each agency in the same memory. What the overdispersion is found from.
 *
 * Bounds: totals are 32 bits wide and wrap; a difference is right while a week holds fewer than 2^27 of anything. */
#ifndef SLIPSTREAM_PIPELINE_EXAMINE_HISTORY_H
#define SLIPSTREAM_PIPELINE_EXAMINE_HISTORY_H

#include "slipstream/roll.h"
#include "slipstream/score/compare.h"

struct history_source { /* a cell, and the compared cell that it counts for */
    const struct cell *cell;
    const struct untold *untold; /* what of it is not public as it is; NULL: nothing */
    enum channel channel;
    uint32_t service; /* position in the agency's services */
    unsigned into;
};

struct history_total {
    uint32_t x, q, n; /* x and q in sixteenths */
};
struct history_rows {
    int64_t first;                /* pane of the first row */
    int64_t count;                /* panes; a row of totals before each, and one after the last */
    struct history_total *totals; /* owned; [cell][row][feature] */
    size_t capacity;
};
struct history {
    const struct composition *composition;
    unsigned features, cells;
    struct history_rows rows[RESOLUTIONS]; /* of hours and six hours */
};

/* Adds features, as many as there are. */
void features_add(struct feature *sum, const struct feature *part, unsigned count);

void history_init(struct history *self);
void history_done(struct history *self);
void history_read(struct history *self, const struct composition *composition, const struct history_source *sources,
                  size_t count, unsigned cells, struct event_time as_of);
/* Adds to features what a cell counted in [from, to); panes at the edges count by the share inside. */
void history_window(const struct history *self, unsigned cell, enum resolution resolution, struct time_range range,
                    struct feature *features);

#endif
