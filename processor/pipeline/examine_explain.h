/* examine_explain.h - why a finding is as it is, from the panes it was found in; and how well an agency has done at
 * best. Pure as examine.h is. */
#ifndef SLIPSTREAM_PIPELINE_EXAMINE_EXPLAIN_H
#define SLIPSTREAM_PIPELINE_EXAMINE_EXPLAIN_H

#include "slipstream/pipeline/examine.h"

#include "slipstream/score/explain.h"

/* The contributions, what else moved, and when it began: some time in the `window` before `seen`, the first look that
 * found it. The projections and fixes are not its to fill in. */
void examine_explain(struct examiner *self, const struct fold *fold, uint32_t agency,
                     const struct agency_detection *detection, const struct finding *finding, struct event_time seen,
                     struct explanation *out);

/* Of the nine whole weeks before as_of's six hours. */
void examine_best_weeks(struct examiner *self, const struct fold *fold, uint32_t agency, struct event_time as_of,
                        struct best_weeks *best);

#endif
