/* services.h - the figures of an agency's services, each over all its channels. Bounds: SERVICES_SHOWN of them, those
 * with the most interactions in 28 days; the others are counted. */
#ifndef SLIPSTREAM_PIPELINE_SERVICES_H
#define SLIPSTREAM_PIPELINE_SERVICES_H

#include "records.h"

/* Of the service whose cells are being added up. */
struct service_tallies {
    struct tallies windows[WINDOWS];
    bool has_events;
};

/* An agency's services are begun once; each is cleared, its cells' windows added, and ended. */
void services_begin(struct scorecard *scorecard);
void service_clear(struct service_tallies *self);
void service_add(struct service_tallies *self, enum window window, const int64_t counts[COUNTERS], enum channel channel,
                 const struct scoring *scoring);
/* Scores it into the scorecard, should it be one of those that are shown. name: lives as long as the scorecard. */
void service_end(const struct service_tallies *self, struct span name, uint32_t position, struct scorecard *scorecard);

#endif
