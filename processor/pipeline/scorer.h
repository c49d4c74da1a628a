/* scorer.h - the score stage's own parts: scorer.c is its loop, scorer_claims.c whose the tasks are,
 * scorer_publish.c what leaves it. */
#ifndef SLIPSTREAM_PIPELINE_SCORER_H
#define SLIPSTREAM_PIPELINE_SCORER_H

#include "fleet_watch.h"
#include "incoming.h"
#include "look.h"

struct scorer {
    struct score_settings settings;
    struct task_settings task_settings;
    struct source *source;
    struct store *store;
    struct publisher *publisher;
    struct notifier *notifier; /* NULL: alerts are told to the topic only */
    struct looker *looker;
    struct fleet_watch fleet;
    struct outputs *outputs; /* one a task */
    struct task *tasks;      /* one a partition, whether ours or not */
    struct apply *applies;
    struct task **applied; /* whose they are */
    int32_t partitions;
    struct source_position *positions;
    struct incoming incoming;
    struct mono_time last_apply;
    bool has_looked;    /* in this turn */
    int64_t looks_us;   /* how long looking, applying and publishing took when it last has */
    int64_t apply_us;   /* and the last time, with looks or without */
    bool behind;        /* a task was, then */
    bool republish;     /* something published was not delivered */
    bool clogged;       /* the publisher's queue has stayed full in this turn: it is not waited for again */
    enum outcome ended; /* STOP when a callback found that it cannot go on */
    struct reason ended_why;
};

/* Tasks that could not be claimed when they were assigned, or that lost their claim since. scorer_claims.c. */
enum outcome scorer_claim_waiting(struct scorer *self, struct mono_time now, struct reason *why) MUST_CHECK;

/* Where the source is in each partition, into its task; how far behind that is, into the status. */
void scorer_see_positions(struct scorer *self);

/* Writes what has changed of every task that is claimed, without a look. */
enum outcome scorer_apply(struct scorer *self, struct reason *why) MUST_CHECK;

/* Everything a task wants published, and its view; what could not be sent is published anew (self->republish). */
void scorer_publish(struct scorer *self, struct task *task);

/* The task is not ours, or no longer as it was: nothing that was given to the notifier is told any more. */
void scorer_forget(struct scorer *self, struct task *task);

/* After an apply: the fleet is added up, where it is ours to do, and read. scorer_fleet.c. */
void scorer_fleet(struct scorer *self, struct mono_time now);

/* How many tasks, agencies and alerts there are now. */
void scorer_tell_status(struct scorer *self);

static inline struct stage_status *scorer_status(struct scorer *self)
{
    return &self->settings.status->stages[STATUS_SCORE];
}

#endif
