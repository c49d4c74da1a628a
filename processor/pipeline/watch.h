/* watch.h - how far intake has read the sources, as told in the batches of one signals partition.
 *
 * A task may let an agency's silence count only up to the time at which every source partition was read to its end.
 * Bounds: SIGNAL_BATCH_SOURCES_MAX topics, SIGNAL_BATCH_PROGRESS_MAX partitions each. */
#ifndef SLIPSTREAM_PIPELINE_WATCH_H
#define SLIPSTREAM_PIPELINE_WATCH_H

#include "slipstream/model.h"

/* A partition that is written to all the time is never read to its very end: once its end of a while ago has been
 * reached, it is complete up to then. */
struct watch_partition {
    int64_t at_us;       /* wall clock of the word we have; 0: none yet */
    int64_t complete_us; /* everything before was read; 0: not known */
    int64_t goal;        /* the end as it was at goal_us; meaningful while that is not 0 */
    int64_t goal_us;
};
struct watch_topic {
    char name[256];
    int32_t partitions;
    struct watch_partition *seen; /* `partitions` of them */
};
struct watch {
    struct watch_topic topics[SIGNAL_BATCH_SOURCES_MAX];
    size_t count;
};

void watch_init(struct watch *self);
void watch_done(struct watch *self);
void watch_tell(struct watch *self, const struct batch_header *header);

/* Everything before this time was read of every source; INT64_MIN while that is not known of some, or when the oldest
 * word is more than 30 s older than now. */
struct event_time watch_complete_until(const struct watch *self, struct event_time now);

#endif
