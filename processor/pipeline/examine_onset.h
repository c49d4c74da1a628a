/* examine_onset.h - when a fall began: the moment that best parts what was usual from what came after. */
#ifndef SLIPSTREAM_PIPELINE_EXAMINE_ONSET_H
#define SLIPSTREAM_PIPELINE_EXAMINE_ONSET_H

#include "examine_parts.h"

/* Over the signals that fell on the channel of `cause`, a row of the finding, its service first, and those of the whole
 * score, found in the same windows, by greatest likelihood: usual before it, as it is now from then on. The agency is
 * laid out. Looked for from a window's length before `seen` until then; from minutes where they are kept (two hours),
 * else from hours, an hour's share of what came after telling where in it: contacts are taken to grow or shrink
 * steadily within the hour, as from the one before to the one after, and to say as much of a thing as they do before
 * and after.
 * us = INT64_MIN: it cannot be told. */
struct event_time examine_onset(const struct examiner *self, const struct finding *finding, const struct finding *whole,
                                const struct finding_row *cause, struct event_time seen);

#endif
