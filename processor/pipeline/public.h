/* public.h - the figures that anyone may see, which are sums of groups of enough people (model/untold.h), and what is
 * said with an alert: nothing but these figures, though what opens and closes it are the exact ones. */
#ifndef SLIPSTREAM_PIPELINE_PUBLIC_H
#define SLIPSTREAM_PIPELINE_PUBLIC_H

#include "records.h"

#include "slipstream/fold.h"
#include "slipstream/roll.h"

/* From a cell's exact windows to its public ones. least 0: these are the exact ones. */
void public_shift(const struct fold_cell *cell, struct event_time as_of, int64_t least, struct window_sums *sums);

/* What may be said of a subject in a window; absent while it is of too few people, or incomplete. */
struct estimate public_estimate(const struct scorecard *scorecard, unsigned subject, enum window window);

/* A slip that has just opened is told of by what was found in public figures. Where that is too little to be compared,
 * the level that it fell from is rounded to a tenth of a point (it is of hundreds of contacts, over weeks), and the drop
 * is 0: nobody is to know. */
void public_slip(struct slip *slip, const struct finding *found);

#endif
