/* scorer_publish.c - what leaves the score stage, after the apply it belongs to was accepted. */
#include "scorer.h"

#include <stdio.h>

#define FULL_QUEUE_TRIES 50 /* of 100 ms */

static enum outcome send_one(struct scorer *self, const struct message *message)
{
    struct reason why;
    enum outcome sent = self->publisher->ops->send(self->publisher, message, &why);
    for (unsigned tries = 0; sent == RETRY && !self->clogged && tries < FULL_QUEUE_TRIES; tries++) {
        if (self->publisher->ops->serve(self->publisher, 100 * US_PER_MS, &why) == STOP) {
            return STOP;
        }
        sent = self->publisher->ops->send(self->publisher, message, &why);
    }
    self->clogged |= sent == RETRY;
    if (sent == DONE) {
        self->settings.status->published++;
    }
    return sent;
}

static void publish_outputs(struct scorer *self, struct task *task)
{
    struct outputs *outputs = &self->outputs[task->partition];
    for (size_t i = 0; i < outputs->count; i++) {
        const struct output *output = &outputs->items[i];
        struct message message = {
            .topic = output->topic,
            .partition = task->partition,
            .key = output_key(outputs, output),
            .value = output_value(outputs, output),
        };
        if (output->topic != OUTPUT_VIEW && send_one(self, &message) != DONE) {
            self->republish = true;
            break;
        }
    }
    size_t views;
    struct reason why;
    const struct view_change *changes = outputs_views(outputs, &views);
    if (views && self->store->ops->write_view(self->store, changes, views, &why) != DONE) {
        self->republish = true;
        LOG(self->settings.log, LOG_WARN, "score", "view_write_failed", LOG_REASON(&why));
    }
}

/* Whose an alert's delivery is: partition + 1 (so that no token is 0), the life of its task, its place in the outbox.
 */
#define TOKEN_PARTITION 48
#define TOKEN_LIFE      16
_Static_assert(OUTBOX_MAX <= 1u << TOKEN_LIFE, "a place fits below the life");

static uint64_t alert_token(const struct task *task, size_t entry)
{
    return ((uint64_t)task->partition + 1) << TOKEN_PARTITION | (uint64_t)task->life << TOKEN_LIFE | (uint64_t)entry;
}

static void publish_alerts(struct scorer *self, struct task *task)
{
    for (size_t i = 0; i < task->outbox.capacity; i++) {
        struct outbox_entry *entry = &task->outbox.entries[i];
        if (entry->state != OUTBOX_STORED) {
            continue;
        }
        char id[17];
        snprintf(id, sizeof id, "%016llx", (unsigned long long)entry->alert);
        struct message message = {
            .topic = OUTPUT_ALERTS,
            .partition = task->partition,
            .key = span_text(id),
            .value = span_of(entry->value, entry->size),
            .token = alert_token(task, i),
        };
        if (send_one(self, &message) != DONE) {
            task->must_apply = true; /* and after that it is tried again */
            return;
        }
        entry->state = OUTBOX_SENT;
    }
}

/* A delivery of the publisher's: an alert's leaves the outbox with the next apply; other messages that were lost are
 * made good by publishing everything again. */
void scorer_delivered(void *context, uint64_t token, enum outcome outcome, const struct reason *why)
{
    struct scorer *self = context;
    if (outcome != DONE) {
        scorer_status(self)->up[DEPENDENCY_KAFKA] = false;
        LOG(self->settings.log, LOG_WARN, "score", "publish_failed", LOG_REASON(why));
    }
    if (token == 0) {
        self->republish |= outcome != DONE;
        return;
    }
    int64_t partition = (int64_t)(token >> TOKEN_PARTITION) - 1;
    ASSERT(partition >= 0 && partition < self->partitions);
    struct task *task = &self->tasks[partition];
    if ((uint32_t)(token >> TOKEN_LIFE) == task->life) {
        outbox_delivered(&task->outbox, token & ((1u << TOKEN_LIFE) - 1), outcome);
        task->must_apply |= outcome != DONE; /* after which it is sent again */
    }
}

void scorer_publish(struct scorer *self, struct task *task)
{
    publish_outputs(self, task);
    publish_alerts(self, task);
}
