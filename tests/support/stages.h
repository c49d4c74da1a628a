/* stages.h - the two stages over a fake Kafka, a fake Redis and a virtual clock, any number of instances of each.
 *
 * Ownership: a world owns its servers and clock, and outlives its instances; an instance its stage and edges. Stopping
 * ends an instance as the program does; killing drops everything at once. The registry is the real one in folder mode,
 * with the samples' schemas beside it; registry_down makes it not answer. */
#ifndef SLIPSTREAM_TESTS_STAGES_H
#define SLIPSTREAM_TESTS_STAGES_H

#include "fake_kafka.h"
#include "fake_notifier.h"
#include "fake_store.h"
#include "sample.h"
#include "slipstream/pipeline.h"

#define WORLD_BASE        INT64_C(1795338000000000) /* 2026-11-22T09:00:00Z, an hour's start */
#define WORLD_TARGETS_MAX 4

struct world {
    struct virtual_clock clock;
    struct seeded random;
    struct fake_kafka *kafka;
    struct fake_redis *redis;
    struct registry *registry;
    struct config config;
    struct scoring *builtin;
    struct scoring scoring; /* a copy that a test may change */
    struct scoring_target targets[WORLD_TARGETS_MAX];
    const char *topics[CHANNELS];
    const char *cluster_id, *topic_id;
    struct fake_notifier *notifier; /* a test's own, NULL: none; for one score instance at a time */
    struct buffer message;
    size_t seal_bytes; /* of intakes started from now on: what they send ahead of a commit; 0: as usual */
};
/* overrides: "name=value", ended by NULL; may be NULL. */
void world_open(struct world *self, uint64_t seed, int32_t source_partitions, const char *const *overrides);
void world_close(struct world *self);
/* A target for the CX score; "*" for every agency. They must be set in the order of their names. */
void world_target(struct world *self, const char *agency, double cx);
void registry_down(bool down);
/* One schema more, which outlives the test, beside those of the samples, whose ids and GUIDs are SAMPLE_SCHEMA and so
 * on. */
void registry_tells(uint32_t id, const char *schema);

/* Writes a sample to its channel's topic. */
void world_say(struct world *self, const struct sample *sample, int32_t partition);
/* Writes any bytes. */
int64_t world_write(struct world *self, const char *topic, int32_t partition, struct span key, struct span value);

struct intake_run {
    struct world *world;
    struct config config; /* a copy with a name of its own */
    struct status *status;
    struct intake *intake;
    struct source *source;
    struct sink *sink;
};
struct intake_run *intake_start(struct world *world, const char *name);
void intake_assign_all(struct intake_run *self);
enum outcome intake_step(struct intake_run *self, struct reason *why);
void intake_stop(struct intake_run *self);
void intake_kill(struct intake_run *self);

struct score_run {
    struct world *world;
    struct config config;
    struct status *status;
    struct scorer *scorer;
    struct source *source;
    struct store *store;
    struct publisher *publisher;
    struct table *kept;
};
struct score_run *score_start(struct world *world, const char *name);
void score_assign_all(struct score_run *self);
enum outcome score_step(struct score_run *self, struct reason *why);
void score_stop(struct score_run *self);
void score_kill(struct score_run *self);

/* A turn that must be DONE, after the time has passed. */
void intake_turns(struct intake_run *self, unsigned turns, int64_t pass_us);
void score_turns(struct score_run *self, unsigned turns, int64_t pass_us);

/* Writes a batch of samples of one agency's partition to cx.signals, as intake would have now. */
enum progress_told {
    TELLS_NOTHING,   /* of how far the sources have been read */
    TELLS_BEHIND,    /* not to their end */
    TELLS_CAUGHT_UP, /* to their end, now */
};
void world_batch(struct world *self, int32_t partition, const struct sample *samples, size_t count,
                 enum progress_told told);

/* Adds up what is stored of a cell over all six-hour panes; false when there is no such cell. */
bool stored_counts(struct world *self, const char *agency, const char *service, enum channel channel,
                   int64_t counts[COUNTERS]);
int64_t stored_events(struct world *self); /* of all cells */

#endif
