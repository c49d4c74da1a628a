/* shadow.h - the second scoring file: what it makes of an agency's counts. Nothing happens when there is none. */
#ifndef SLIPSTREAM_PIPELINE_SHADOW_H
#define SLIPSTREAM_PIPELINE_SHADOW_H

#include "records.h"

struct shadow_tallies {
    const struct scoring *scoring; /* borrowed; NULL: none */
    struct tallies all[WINDOWS];
    struct tallies channels[WINDOWS][CHANNELS];
};

void shadow_begin(struct shadow_tallies *self, const struct scoring *scoring);
void shadow_add(struct shadow_tallies *self, enum window window, const int64_t counts[COUNTERS], enum channel channel);
void shadow_score(const struct shadow_tallies *self, struct shadow_cards *cards);

#endif
