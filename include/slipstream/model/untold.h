/* untold.h - what the public is not told yet of a cell: so that every public figure is a sum of groups of enough
 * people.
 *
 * A cell counts each event at once; its public panes do so in groups. Events of one minute that came together and are
 * of enough people are a group by themselves, and public at once. All others wait; when those that wait are of enough
 * people they become a group, which from then on counts in the minute of its newest, whenever the others happened. So a group comes into a window whole and leaves it whole: whatever is added to and taken from public
 * figures of any moments, windows and cells, what is left is a sum over whole groups.
 * Shape: the difference of the public panes from the cell's own, as logs of panes, so that a cell of many people, whose
 * events are public as they come, has next to nothing here; and a pane of those who wait, as bytes. Only what windows
 * reach is kept. Units: people, who are interactions, or survey answers when these are more; what takes back counts
 * against what adds, so that a group never has fewer than it says. Bounds: a cell's. Ownership: owns its memory. */
#ifndef SLIPSTREAM_MODEL_UNTOLD_H
#define SLIPSTREAM_MODEL_UNTOLD_H

#include "slipstream/model/panes.h"

struct untold {
    struct pane_log shift[RESOLUTIONS]; /* taken from the panes that events are in, added to those they are told in */
    uint8_t *waiting;                   /* a pane's body, owned; NULL: nobody waits */
    uint32_t waiting_size;
    int64_t newest_us;    /* of those who wait: where they would be told */
    bool waiting_changed; /* since the owner last set it to false */
    bool shift_changed[RESOLUTIONS];
};
void untold_init(struct untold *self);
void untold_done(struct untold *self);

/* Whether events of a minute may be public as they are. */
bool untold_is_group(const struct pane *minute, int64_t least);
/* Events of a minute that are no group were joined to the cell. */
void untold_add(struct untold *self, const struct pane *minute, int64_t least, struct event_time as_of);
/* Of a cell nothing has been public so far: what is in its panes is told in groups, in the order of the panes, each pane
 * as fine as the windows that reach it. Into an empty one. */
void untold_begin(struct untold *self, const struct cell *cell, int64_t least, struct event_time as_of);
/* Forgets what no window reaches any more. */
void untold_expire(struct untold *self, struct event_time as_of);
/* From a cell's own window to the public one. */
void untold_window(const struct untold *self, enum window window, struct event_time as_of, int64_t sums[COUNTERS]);
/* The same for panes with first ≤ index ≤ last of a resolution. */
void untold_sum(const struct untold *self, enum resolution resolution, int64_t first, int64_t last,
                int64_t sums[COUNTERS]);
/* Adds share × what the runs' panes differ by. */
void untold_sum_runs(const struct untold *self, enum resolution resolution, const struct pane_run *runs, size_t count,
                     double sums[COUNTERS]);
/* Shows each pane's difference, oldest first. */
void untold_each_pane(const struct untold *self, enum resolution resolution, pane_visitor *visit, void *context);
bool untold_is_empty(const struct untold *self);
bool untold_has_changed(const struct untold *self);
void untold_changes_taken(struct untold *self);

/* Those who wait, and the logs, as bytes for Redis. */
#define UNTOLD_FORMAT 1
void untold_encode(const struct untold *self, struct buffer *out);
enum outcome untold_decode(struct untold *self, struct span bytes, struct reason *why) MUST_CHECK;
void untold_encode_shift(const struct untold *self, enum resolution resolution, struct buffer *out);
enum outcome untold_decode_shift(struct untold *self, enum resolution resolution, struct span bytes,
                                 struct reason *why) MUST_CHECK;
size_t untold_memory(const struct untold *self);

#endif
