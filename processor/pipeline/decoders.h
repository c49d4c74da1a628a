/* decoders.h - a plan for every writer's schema met so far. Bounds: DECODERS_MAX plans; then all are made anew. */
#ifndef SLIPSTREAM_PIPELINE_DECODERS_H
#define SLIPSTREAM_PIPELINE_DECODERS_H

#include "slipstream/decode.h"
#include "slipstream/registry.h"

#define DECODERS_MAX     1024
#define REGISTRY_AWAY_US (10 * US_PER_SECOND) /* after it did not answer, it is not asked for this long */

struct decoder;
struct decoders {
    struct registry *registry; /* borrowed */
    struct decoder *known;     /* by schema id and channel */
    struct decoder *latest[CHANNELS];
    struct mono_time away_until; /* the registry is not asked before */
    struct reason away_why;
};

void decoders_init(struct decoders *self, struct registry *registry);
void decoders_done(struct decoders *self);

/* One message into an interaction of the topic's channel. DONE; SKIP: a dead letter; RETRY: the registry does not
 * answer. *schema_id is set when the framing told one. */
enum outcome decoders_decode(struct decoders *self, struct span message, enum channel channel, struct mono_time now,
                             struct interaction *interaction, int64_t *schema_id, struct reason *why) MUST_CHECK;

#endif
