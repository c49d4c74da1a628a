/* task.h - one partition of cx.signals and all that is known of its agencies: in memory, and in one Redis hash.
 *
 * Shape: claimed (what is stored is ours, and so is the right to write it) → records folded in → applied. The owner is
 * the only writer; what it has in memory is what is stored plus what has changed since. Changes are whole values, so an
 * apply whose fate is unknown is simply made again.
 * Errors: STOP for state that is not ours to touch: another cluster, another number of partitions, a newer format. */
#ifndef SLIPSTREAM_PIPELINE_TASK_H
#define SLIPSTREAM_PIPELINE_TASK_H

#include "explain.h"
#include "outbox.h"
#include "watch.h"

#include "slipstream/fold.h"
#include "slipstream/pipeline.h"

/* What was told of an open episode last. Not stored: after a claim its hour begins anew. */
struct told {
    uint32_t ordinal; /* of the episode; 0: nothing */
    struct event_time at;
    struct estimate estimate;
};

/* What score keeps of an agency beside its cells: hangs on fold_agency.attachment. */
struct agency_record {
    struct episode episodes[LINES][TARGETS];
    bool episode_changed[LINES][TARGETS];
    struct told told[LINES][TARGETS]; /* of those that are open */
    struct agency_detection detection;
    struct told told_slips[SUBJECTS]; /* of those that are open */
    struct silence silences[CHANNELS];
    bool silence_changed[CHANNELS];
    struct divergence divergence;
    bool divergence_changed;
    struct fleet_change change;               /* as of change_at; these are found again after a claim */
    struct event_time change_at, compared_at; /* with the fleet; 0: not yet */
    struct explanations explanations;
    uint64_t published; /* a hash of the scorecard published last */
};

/* Ids that were stored under one field, and how many ids had come in all when it was written. */
struct id_chunk {
    uint64_t seq;
    uint64_t total;
};

struct task_settings { /* shared by all tasks; borrowed */
    const struct config *config;
    const char *cluster_id, *topic_id;
    unsigned sinks;     /* who is told of alerts */
    struct table *kept; /* cx.state; NULL: nothing is kept there */
};

/* Of a fold_cell's `published`: something may have been, by whoever had the task before. Else a window that has emptied
 * since would stand in the topic for ever as it was told last. */
#define PUBLISHED_BEFORE 1

struct task {
    const struct task_settings *settings;
    int32_t partition;
    uint32_t life; /* how often it was dropped: what was sent before is not ours to hear of */
    bool assigned; /* Kafka says the partition is ours */
    bool claimed;  /* so does Redis: the owner below */
    struct owner owner;
    uint64_t seq;
    struct task_meta meta; /* as of the last apply or claim */
    int64_t position;      /* next offset to read */
    int64_t stable_offset;
    int32_t leader_epoch;
    struct fold *fold;
    struct outbox outbox;
    struct watch watch;
    struct id_chunk *chunks;
    size_t chunk_count, chunk_capacity;
    struct changes changes;
    struct event_time arrived;   /* when the newest batch folded in was written */
    bool rebuilds;               /* the next apply replaces everything that is stored */
    bool must_apply;             /* something other than cells has changed */
    bool publish_all;            /* after a claim, and once an hour */
    bool guarded;                /* what is public comes in groups of enough people; until then nothing is */
    bool guard_changed;          /* since it was stored */
    size_t recovered;            /* records of cx.state that the last claim found, since nothing was stored */
    struct event_time last_look; /* as_of of it */
    struct mono_time last_look_at, last_refresh, last_publish_all, claim_after;
    int64_t claim_backoff_us;
    bool catching_up;
    bool told_catching_up; /* by the last look */
    struct fold_limited told_limited; /* to the status, of what this fold has counted */
};

void task_init(struct task *self, const struct task_settings *settings, int32_t partition);
void task_done(struct task *self);
/* Forgets everything in memory; what is stored stays. */
void task_drop(struct task *self);

/* Takes the state over and reads it, unless what is in memory is still what is stored. Where nothing is
 * stored, it begins with what was kept on cx.state. *start: the offset to read from. RETRY: Redis or Kafka does not
 * answer. */
enum outcome task_claim(struct task *self, struct store *store, struct event_time now, int64_t *start,
                        struct reason *why) MUST_CHECK;

struct agency_record *task_agency(const struct task *self, uint32_t agency);

/* The log was cut below what was read of it: what is known is counted anew, from the log's start. Names, episodes and
 * alerts stay; counts and ids begin at nothing, and the next apply puts them in place of what is stored. */
void task_rebuild(struct task *self);

/* Whether anything would be written by an apply. */
bool task_has_changes(const struct task *self);
/* Fills in an apply with everything that has changed; borrowed until task_applied or the next call. */
void task_prepare(struct task *self, struct apply *apply);
/* What came of it: the changes are taken, or will be made again, or the task is no longer claimed. */
void task_applied(struct task *self, const struct apply *apply);

/* Rolls the clock on: as_of follows it while every source has been read, and catching_up is found out. */
void task_tick(struct task *self, struct event_time now);

#endif
