/* scorer_claims.c - which tasks are ours: claimed when their partitions come, let go of when those leave. */
#include "scorer.h"

#define CLAIM_BACKOFF_LEAST_US (200 * US_PER_MS)
#define CLAIM_BACKOFF_MOST_US  (5 * US_PER_SECOND)

static void end_with(struct scorer *self, const struct reason *why)
{
    self->ended = STOP;
    self->ended_why = *why;
}

/* START_WITHHELD: not yet; it is tried again. */
static int64_t claim(struct scorer *self, struct task *task)
{
    const struct clock *clock = self->settings.clock;
    struct mono_time now = clock->mono(clock);
    struct reason why;
    int64_t start = START_WITHHELD;
    enum outcome claimed = task_claim(task, self->store, clock->wall(clock), &start, &why);
    scorer_status(self)->up[DEPENDENCY_REDIS] = claimed != RETRY;
    if (claimed == DONE) {
        task->claim_backoff_us = 0;
        /* What was published may be out of date, and Alertmanager forgets what it does not hear of: a look is due. */
        task->last_look_at.us = task->last_refresh.us = now.us - self->settings.config->look_interval;
        outputs_clear(&self->outputs[task->partition]);
        LOG(self->settings.log, LOG_INFO, "score", "task_claimed", LOG_INT("partition", task->partition),
            LOG_INT("offset", start), LOG_INT("agencies", fold_agency_count(task->fold)),
            LOG_INT("epoch", task->owner.epoch));
        if (task->recovered) {
            LOG(self->settings.log, LOG_WARN, "score", "state_was_empty", LOG_INT("partition", task->partition),
                LOG_INT("count", task->recovered), LOG_TEXT("then", "episodes_from_state_topic_and_counted_anew"));
        }
        return start;
    }
    int64_t backoff = task->claim_backoff_us * 2;
    backoff = backoff < CLAIM_BACKOFF_LEAST_US ? CLAIM_BACKOFF_LEAST_US : backoff;
    task->claim_backoff_us = backoff > CLAIM_BACKOFF_MOST_US ? CLAIM_BACKOFF_MOST_US : backoff;
    task->claim_after.us = now.us + task->claim_backoff_us;
    LOG(self->settings.log, LOG_WARN, "score", "claim_failed", LOG_INT("partition", task->partition), LOG_REASON(&why));
    if (claimed == STOP) {
        end_with(self, &why);
    }
    return START_WITHHELD;
}

/* After claims: what was kept beside the store has been read. */
static void end_claims(struct scorer *self)
{
    struct table *kept = self->task_settings.kept;
    if (kept) {
        kept->ops->rest(kept);
    }
}

static enum outcome claim_waiting(struct scorer *self, struct mono_time now, struct reason *why)
{
    for (int32_t p = 0; p < self->partitions; p++) {
        struct task *task = &self->tasks[p];
        if (!task->assigned || task->claimed || now.us < task->claim_after.us) {
            continue;
        }
        int64_t start = claim(self, task);
        if (start != START_WITHHELD) {
            TRY(self->source->ops->restart(self->source, 0, p, start, why));
        }
    }
    return DONE;
}

enum outcome scorer_claim_waiting(struct scorer *self, struct mono_time now, struct reason *why)
{
    enum outcome outcome = claim_waiting(self, now, why);
    end_claims(self);
    return outcome;
}

/* ---- rebalances: inside poll and close ---- */

static void on_assigned(void *context, struct partition_start *partitions, size_t count)
{
    struct scorer *self = context;
    for (size_t i = 0; i < count; i++) {
        if (partitions[i].partition >= self->partitions) {
            struct reason why;
            (void)FAIL(&why, STOP, REASON_REFUSED,
                       "%s has more partitions than signals.partitions = %d: set it right, or make the topic anew",
                       self->settings.config->topic_signals, self->partitions);
            end_with(self, &why);
            partitions[i].start = START_WITHHELD;
            continue;
        }
        struct task *task = &self->tasks[partitions[i].partition];
        task->assigned = true;
        partitions[i].start = claim(self, task);
        partitions[i].leader_epoch = task->leader_epoch;
    }
    end_claims(self);
    LOG(self->settings.log, LOG_INFO, "score", "partitions_assigned", LOG_INT("count", count));
    scorer_tell_status(self);
}

/* Ours until we return: apply what was folded in. The memory is kept in case the partition comes back. */
static void on_revoked(void *context, const struct partition_start *partitions, size_t count)
{
    struct scorer *self = context;
    struct reason why;
    scorer_see_positions(self);
    if (scorer_apply(self, &why) != DONE) {
        LOG(self->settings.log, LOG_WARN, "score", "apply_on_revoke_failed", LOG_REASON(&why));
    }
    for (size_t i = 0; i < count; i++) {
        if (partitions[i].partition < self->partitions) {
            self->tasks[partitions[i].partition].assigned = false;
            self->tasks[partitions[i].partition].claimed = false;
            scorer_forget(self, &self->tasks[partitions[i].partition]);
        }
    }
    LOG(self->settings.log, LOG_INFO, "score", "partitions_revoked", LOG_INT("count", count));
    scorer_tell_status(self);
}

static void on_lost(void *context, const struct partition_start *partitions, size_t count)
{
    struct scorer *self = context;
    for (size_t i = 0; i < count; i++) {
        if (partitions[i].partition < self->partitions) {
            struct task *task = &self->tasks[partitions[i].partition];
            task->assigned = false;
            task_drop(task);
            scorer_forget(self, task);
            outputs_clear(&self->outputs[partitions[i].partition]);
        }
    }
    LOG(self->settings.log, LOG_WARN, "score", "partitions_lost", LOG_INT("count", count));
    scorer_tell_status(self);
}

/* Below the log's start: those records are gone, and with them what they would have told. Beyond its end: the log was
 * cut, and what is stored holds what the log no longer does: all is counted anew. A task without a claim finds out when
 * it has one. */
static int64_t on_outside(void *context, uint32_t topic, int32_t partition, int64_t position, int64_t low, int64_t high)
{
    struct scorer *self = context;
    struct task *task = &self->tasks[partition];
    bool is_cut = position > high;
    int64_t lost = is_cut ? position - high : low - position;
    (void)topic;
    if (!task->claimed) {
        return low;
    }
    if (is_cut) {
        task_rebuild(task);
        outputs_clear(&self->outputs[partition]);
    }
    self->settings.status->lost_records += lost;
    task->meta.complete_since_us = self->settings.clock->wall(self->settings.clock).us;
    task->must_apply = true;
    LOG(self->settings.log, LOG_ERROR, "score", "position_outside_log", LOG_INT("partition", partition),
        LOG_INT("offset", position), LOG_INT("low", low), LOG_INT("high", high), LOG_INT("lost", lost),
        LOG_TEXT("then", is_cut ? "counted_anew" : "gone_on"));
    return low;
}

struct source_events scorer_events(struct scorer *self)
{
    return (struct source_events){self, on_assigned, on_revoked, on_lost, on_outside};
}
