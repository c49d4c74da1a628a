/* fleet_watch.h - the fleet: what all tasks tell of their agencies, added up by one, and known to all.
 *
 * Every task tells of its agencies in the view, under "fleet:PARTITION". The owner of partition 0 reads these after
 * each minute it has looked at, and writes "fleet", JSON for people and programs, and "fleet:all", which every instance
 * reads and compares its own agencies with. Who owns partition 0 is Kafka's to say: nothing of the fleet is stored, and
 * the next owner adds up again. A part that is missing, behind, or by another scoring method is left out, and the fleet
 * is not complete then: its figures are told, but nobody is compared with it. Owner: the scorer. */
#ifndef SLIPSTREAM_PIPELINE_FLEET_WATCH_H
#define SLIPSTREAM_PIPELINE_FLEET_WATCH_H

#include "slipstream/pipeline.h"
#include "slipstream/score/fleet.h"

struct fleet_watch {
    struct fleet fleet; /* as it was read last; its as_of 0: never */
    struct fleet_sum *sum;
    struct buffer part, value, json;
    struct event_time added_up; /* the minute that was added up last */
    struct mono_time read_at;
};
void fleet_watch_init(struct fleet_watch *self);
void fleet_watch_done(struct fleet_watch *self);

/* What parts are named. */
#define FLEET_KEY_SIZE 24
struct span fleet_part_key(int32_t partition, char text[FLEET_KEY_SIZE]);

/* Adds up the parts of the minute `as_of`, and writes what comes of them. RETRY: Redis does not answer. */
enum outcome fleet_watch_add_up(struct fleet_watch *self, struct store *store, int32_t partitions, uint64_t method,
                                struct event_time as_of, struct reason *why) MUST_CHECK;
/* Reads what was written last. SKIP: nothing yet. */
enum outcome fleet_watch_read(struct fleet_watch *self, struct store *store, struct reason *why) MUST_CHECK;

/* Whether an agency looked at now can be compared with it. */
bool fleet_is_current(const struct fleet *fleet, uint64_t method, struct event_time as_of);

#endif
