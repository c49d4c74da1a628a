/* pane_log.h - the closed panes of one resolution as bytes, oldest first; the same bytes in memory and in Redis.
 *
 * An entry is: gap (varint: panes since the entry before; of no meaning in the first entry), size of the body (varint),
 * body. */
#ifndef SLIPSTREAM_MODEL_PANE_LOG_H
#define SLIPSTREAM_MODEL_PANE_LOG_H

#include "pane_body.h"

#define PANE_INDEX_MAX (INT64_MAX / US_PER_MINUTE + 1) /* no time lies in a pane further from the epoch */

void pane_log_done(struct pane_log *self);
/* A pane that was closed: nearly always newer than all there are. A loaded cell may close one again that late events
 * have made already: it is added to that. */
void pane_log_append(struct pane_log *self, const struct pane *pane);
/* Adds to the pane of that index, which is made when it is not there. False: its counters would leave their bound. */
bool pane_log_join(struct pane_log *self, int64_t index, const struct pane *pane);
/* Forgets the panes before first_kept; true when there were any. */
bool pane_log_expire(struct pane_log *self, int64_t first_kept);
void pane_log_sum(const struct pane_log *self, int64_t first, int64_t last, int64_t sums[COUNTERS]);
void pane_log_sum_runs(const struct pane_log *self, const struct pane_run *runs, size_t count, double sums[COUNTERS]);
/* Shows its panes, oldest first, up to the one before `end`. Counts are made and cleared again in sums, which are 0. */
void pane_log_each(const struct pane_log *self, int64_t end, pane_visitor *visit, void *context, double sums[COUNTERS]);

static inline bool pane_log_is_empty(const struct pane_log *self)
{
    return self->size == self->start;
}

void pane_log_encode(const struct pane_log *self, struct buffer *out);
/* Into an empty log. */
bool pane_log_decode(struct pane_log *self, struct cursor *in);

#endif
