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

/* An alert that is open, to those who have to be reminded. */
static void stand(struct scorer *self, const struct task *task, struct span key, struct span notice)
{
    struct cursor id = cursor_over(key);
    const struct notice standing = {.partition = task->partition, .id = cursor_u64(&id), .body = notice};
    self->notifier->ops->stand(self->notifier, &standing);
}

static void publish_outputs(struct scorer *self, struct task *task)
{
    struct outputs *outputs = &self->outputs[task->partition];
    bool is_held = false;
    for (size_t i = 0; i < outputs->count; i++) {
        const struct output *output = &outputs->items[i];
        struct message message = {
            .topic = output->topic,
            .partition = task->partition,
            .key = output_key(outputs, output),
            .value = output_value(outputs, output),
        };
        if (output->topic == OUTPUT_STANDING) {
            stand(self, task, message.key, message.value);
        } else if (output->topic != OUTPUT_VIEW && !is_held && send_one(self, &message) != DONE) {
            self->republish = is_held = true;
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

/* Whose an alert's delivery is: partition + 1 (so that no token is 0), the life of its task, and in its outbox the
 * place and that place's generation. */
#define TOKEN_PARTITION  48
#define TOKEN_LIFE       24
#define TOKEN_GENERATION 12
_Static_assert(OUTBOX_MAX <= 1u << TOKEN_GENERATION, "a place fits below the generation");
_Static_assert(OUTBOX_GENERATIONS <= 1u << (TOKEN_LIFE - TOKEN_GENERATION), "a generation fits below the life");

static uint32_t token_life(const struct task *task)
{
    return task->life & ((1u << (TOKEN_PARTITION - TOKEN_LIFE)) - 1);
}

static uint64_t alert_token(const struct task *task, size_t place)
{
    return ((uint64_t)task->partition + 1) << TOKEN_PARTITION | (uint64_t)token_life(task) << TOKEN_LIFE |
           (uint64_t)task->outbox.entries[place].generation << TOKEN_GENERATION | (uint64_t)place;
}

static enum outcome send_to_topic(struct scorer *self, const struct task *task, size_t place)
{
    const struct outbox_entry *entry = &task->outbox.entries[place];
    char id[17];
    snprintf(id, sizeof id, "%016llx", (unsigned long long)entry->alert);
    struct message message = {
        .topic = OUTPUT_ALERTS,
        .partition = task->partition,
        .key = span_text(id),
        .value = outbox_message(entry),
        .token = alert_token(task, place),
    };
    return send_one(self, &message);
}

static enum outcome send_to_notifier(struct scorer *self, const struct task *task, size_t place, enum alert_sink sink)
{
    const struct outbox_entry *entry = &task->outbox.entries[place];
    struct reason why;
    const struct notice notice = {.partition = task->partition,
                                  .id = entry->alert,
                                  .transition = entry->transition,
                                  .body = outbox_notice(entry)};
    return self->notifier->ops->post(self->notifier, sink, &notice, alert_token(task, place), &why);
}

/* The place of the oldest entry that a sink is to be told of, or the outbox's capacity. */
static size_t next_for(const struct outbox *outbox, enum alert_sink sink)
{
    size_t next = outbox->capacity;
    for (size_t i = 0; i < outbox->capacity; i++) {
        const struct outbox_entry *entry = &outbox->entries[i];
        if (outbox_wants(outbox, entry, sink) &&
            (next == outbox->capacity || entry->at.us < outbox->entries[next].at.us)) {
            next = i;
        }
    }
    return next;
}

/* What has waited for so long that there is no room for more. */
static void give_up(struct scorer *self, struct task *task)
{
    int64_t given_up[ALERT_SINKS] = {0};
    size_t count = outbox_trim(&task->outbox, given_up);
    for (unsigned s = 0; count && s < ALERT_SINKS; s++) {
        self->settings.status->sink[s].given_up += given_up[s];
    }
    if (count) {
        LOG(self->settings.log, LOG_ERROR, "score", "alerts_given_up", LOG_INT("partition", task->partition),
            LOG_INT("count", count), LOG_TEXT("error", "Alertmanager or the webhook has not taken them for too long"));
    }
}

/* To every sink what it has not been told, oldest first; a sink that takes no more is asked again after the next apply.
 */
static void publish_alerts(struct scorer *self, struct task *task)
{
    struct outbox *outbox = &task->outbox;
    give_up(self, task);
    for (enum alert_sink sink = SINK_TOPIC; outbox->used && sink < ALERT_SINKS; sink++) {
        enum outcome sent = DONE;
        for (size_t i; sent == DONE && (i = next_for(outbox, sink)) < outbox->capacity;) {
            sent = sink == SINK_TOPIC ? send_to_topic(self, task, i) : send_to_notifier(self, task, i, sink);
            outbox->entries[i].sent |= sent == DONE ? SINK_BIT(sink) : 0;
        }
        task->must_apply |= sent != DONE && sink == SINK_TOPIC; /* and after that it is tried again */
    }
}

/* What was heard of a token; NULL when its task has been dropped since. */
static struct task *task_of(struct scorer *self, uint64_t token)
{
    int64_t partition = (int64_t)(token >> TOKEN_PARTITION) - 1;
    ASSERT(partition >= 0 && partition < self->partitions);
    struct task *task = &self->tasks[partition];
    bool is_same = (token >> TOKEN_LIFE & ((1u << (TOKEN_PARTITION - TOKEN_LIFE)) - 1)) == token_life(task);
    return is_same ? task : NULL;
}

static void take_delivery(struct task *task, uint64_t token, enum alert_sink sink, enum outcome outcome)
{
    size_t place = token & ((1u << TOKEN_GENERATION) - 1);
    unsigned generation = token >> TOKEN_GENERATION & ((1u << (TOKEN_LIFE - TOKEN_GENERATION)) - 1);
    outbox_delivered(&task->outbox, place, generation, sink, outcome);
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
    self->settings.status->sink[SINK_TOPIC].outcomes[outcome == DONE ? DELIVERY_ACCEPTED : DELIVERY_FAILED]++;
    struct task *task = task_of(self, token);
    if (task) {
        take_delivery(task, token, SINK_TOPIC, outcome == DONE ? DONE : RETRY);
        task->must_apply |= outcome != DONE; /* after which it is sent again */
    }
}

/* A delivery of the notifier's: an acknowledgement is stored with the next apply. */
void scorer_notified(void *context, enum alert_sink sink, uint64_t token, enum outcome outcome)
{
    struct task *task = task_of(context, token);
    if (task) {
        take_delivery(task, token, sink, outcome);
    }
}

void scorer_forget(struct scorer *self, struct task *task)
{
    if (self->notifier) {
        self->notifier->ops->forget(self->notifier, task->partition);
        outbox_forget_sent(&task->outbox);
    }
}

void scorer_publish(struct scorer *self, struct task *task)
{
    publish_outputs(self, task);
    publish_alerts(self, task);
}
