/* scorer_status.c - what the score stage tells the rest of the process: its tasks, and who has which alerts. */
#include "scorer.h"

static void tell_sinks(struct scorer *self)
{
    for (enum alert_sink s = SINK_TOPIC; s < ALERT_SINKS; s++) {
        struct sink_status *status = &self->settings.status->sink[s];
        int64_t waiting = 0;
        for (int32_t p = 0; p < self->partitions; p++) {
            waiting += self->tasks[p].claimed ? (int64_t)outbox_waiting(&self->tasks[p].outbox, s) : 0;
        }
        status->waiting = waiting;
        if (s != SINK_TOPIC && self->notifier) {
            struct notify_counts counts;
            self->notifier->ops->counts(self->notifier, s, &counts);
            status->outcomes[DELIVERY_ACCEPTED] = counts.accepted;
            status->outcomes[DELIVERY_FAILED] = counts.failed;
            status->outcomes[DELIVERY_DROPPED] = counts.dropped + status->given_up;
            status->state = counts.state;
        }
    }
}

/* What came of a fold's events is told as it grows: folds come and go. */
static void tell_limited(struct status *status, struct task *task)
{
    struct fold_limited limited = fold_limited(task->fold);
    status->other_events += (int64_t)(limited.other - task->told_limited.other);
    status->full_events += (int64_t)(limited.full - task->told_limited.full);
    task->told_limited = limited;
}

void scorer_tell_status(struct scorer *self)
{
    struct status *status = self->settings.status;
    int64_t states[TASK_STATES] = {0};
    int64_t agencies = 0;
    int64_t queued = 0;
    int64_t bytes = 0;
    for (int32_t p = 0; p < self->partitions; p++) {
        struct task *task = &self->tasks[p];
        if (!task->assigned) {
            continue;
        }
        states[!task->claimed ? TASK_WAITING : task->catching_up ? TASK_CATCHING_UP : TASK_LIVE]++;
        if (task->claimed) {
            agencies += fold_agency_count(task->fold);
            queued += (int64_t)task->outbox.used;
            bytes += (int64_t)fold_memory(task->fold);
            tell_limited(status, task);
        }
    }
    for (unsigned s = 0; s < TASK_STATES; s++) {
        status->tasks[s] = states[s];
    }
    status->agencies = agencies;
    status->alert_queue = queued;
    status->state_bytes = bytes;
    tell_sinks(self);
}
