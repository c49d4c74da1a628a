/* fake_producers.c - a transaction sink and a publisher that write to the fake Kafka. */
#include "fake_kafka_parts.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- sink ---- */

struct fake_sink {
    struct sink base;
    struct fake_kafka *kafka;
    struct fake_topic *topics[FAKE_TOPICS_MAX];
    size_t topic_count;
    struct source *source;
    struct fake_transactional_id *id;
    uint64_t epoch;
    enum fake_commit next;
    int64_t takes_us;
    bool gave_up;
};

static struct fake_sink *sink_of(struct sink *base)
{
    return (struct fake_sink *)base;
}

void fake_sink_next(struct sink *self, enum fake_commit next)
{
    sink_of(self)->next = next;
}

void fake_sink_takes(struct sink *self, int64_t us)
{
    sink_of(self)->takes_us = us;
}

static enum fake_commit what_happens(struct fake_sink *self)
{
    enum fake_commit what = self->next;
    self->next = COMMIT_DONE;
    if (what == COMMIT_DONE && fake_drawn(self->kafka, self->kafka->odds.commit_aborts)) {
        what = COMMIT_ABORTED;
    }
    if (what == COMMIT_DONE && fake_drawn(self->kafka, self->kafka->odds.commit_unknown)) {
        what = seeded_one_in(&self->kafka->random, 2) ? COMMIT_UNKNOWN_DONE : COMMIT_UNKNOWN_OPEN;
    }
    if (self->kafka->down || !fake_source_is_member(self->source)) {
        what = COMMIT_ABORTED;
    }
    return what;
}

static enum outcome check_fence(struct fake_sink *self, struct reason *why)
{
    if (self->gave_up || self->id->epoch != self->epoch) {
        self->gave_up = true;
        return FAIL(why, STOP, REASON_FENCED, "another has taken the transactional id over");
    }
    return DONE;
}

/* Into the open transaction; it is begun when there is none. Whoever takes the id over ends it. */
static void append_all(struct fake_sink *self, const struct message *messages, size_t count)
{
    self->id->open = self->id->open ? self->id->open : ++self->kafka->transactions;
    for (size_t i = 0; i < count; i++) {
        ASSERT(messages[i].topic < self->topic_count);
        fake_append(self->kafka, self->topics[messages[i].topic], messages[i].partition, &messages[i], self->id->open);
    }
}

static void end_transaction(struct fake_sink *self, enum fake_fate fate)
{
    fake_kafka_end_transaction(self->kafka, self->id->open, fate);
    self->id->open = 0;
}

static enum outcome sink_send(struct sink *base, const struct message *messages, size_t count, struct reason *why)
{
    struct fake_sink *self = sink_of(base);
    TRY(check_fence(self, why));
    append_all(self, messages, count);
    if (self->kafka->down || fake_drawn(self->kafka, self->kafka->odds.commit_aborts)) {
        end_transaction(self, FATE_ABORTED);
        return FAIL(why, RETRY, REASON_ABORTED, "aborted");
    }
    return DONE;
}

static void sink_forget(struct sink *base)
{
    struct fake_sink *self = sink_of(base);
    if (!self->gave_up && self->id->epoch == self->epoch && self->id->open) {
        end_transaction(self, FATE_ABORTED);
    }
}

static enum outcome sink_commit(struct sink *base, const struct message *messages, size_t count, struct reason *why)
{
    struct fake_sink *self = sink_of(base);
    TRY(check_fence(self, why));
    if (count == 0 && !self->id->open && !fake_source_moved(self->source)) {
        return DONE;
    }
    append_all(self, messages, count);
    virtual_clock_pass(self->kafka->clock, self->takes_us);
    enum fake_commit what = what_happens(self);
    if (what != COMMIT_UNKNOWN_OPEN) {
        end_transaction(self, what == COMMIT_ABORTED ? FATE_ABORTED : FATE_COMMITTED);
    }
    if (what == COMMIT_ABORTED) {
        return FAIL(why, RETRY, REASON_ABORTED, "aborted");
    }
    if (what != COMMIT_UNKNOWN_OPEN) {
        (void)fake_source_moved(self->source);
        fake_source_commit_moved(self->source);
    }
    if (what != COMMIT_DONE) {
        self->gave_up = true;
        return FAIL(why, STOP, REASON_FATAL, "a commit was not answered");
    }
    return DONE;
}

void fake_sink_drop(struct sink *self)
{
    free(self);
}

static const struct sink_ops sink_ops = {
    .send = sink_send, .forget = sink_forget, .commit = sink_commit, .close = fake_sink_drop};

static struct fake_transactional_id *id_of(struct fake_kafka *kafka, const char *id)
{
    for (size_t i = 0; i < kafka->id_count; i++) {
        if (strcmp(kafka->ids[i].id, id) == 0) {
            return &kafka->ids[i];
        }
    }
    ASSERT(kafka->id_count < FAKE_IDS_MAX);
    struct fake_transactional_id *made = &kafka->ids[kafka->id_count++];
    snprintf(made->id, sizeof made->id, "%s", id);
    return made;
}

struct sink *fake_sink_open(struct fake_kafka *kafka, const struct sink_settings *settings)
{
    struct fake_sink *self = calloc(1, sizeof *self);
    ASSERT(self && settings->topic_count <= FAKE_TOPICS_MAX);
    self->base.ops = &sink_ops;
    self->kafka = kafka;
    self->source = settings->source;
    self->topic_count = settings->topic_count;
    for (size_t t = 0; t < settings->topic_count; t++) {
        self->topics[t] = fake_topic_named(kafka, settings->topics[t]);
    }
    self->id = id_of(kafka, settings->transactional_id);
    self->epoch = ++self->id->epoch;
    if (self->id->open) {
        fake_kafka_end_transaction(kafka, self->id->open, FATE_ABORTED);
        self->id->open = 0;
    }
    return &self->base;
}

/* ---- publisher ---- */

struct fake_queued {
    struct fake_topic *topic;
    struct message message; /* with bytes of its own */
};

struct fake_publisher {
    struct publisher base;
    struct fake_kafka *kafka;
    struct fake_topic *topics[FAKE_TOPICS_MAX];
    size_t topic_count;
    void *context;
    void (*delivered)(void *context, uint64_t token, enum outcome outcome, const struct reason *why);
    struct fake_queued *queue;
    size_t queued, capacity, room;
    size_t sparing, failing;
    const char *refused; /* a topic */
    bool hold;
};

static struct fake_publisher *publisher_of(struct publisher *base)
{
    return (struct fake_publisher *)base;
}

void fake_publisher_hold(struct publisher *self, bool hold)
{
    publisher_of(self)->hold = hold;
}

void fake_publisher_fail(struct publisher *self, size_t after, size_t count)
{
    publisher_of(self)->sparing = after;
    publisher_of(self)->failing = count;
}

void fake_publisher_refuse(struct publisher *self, const char *topic)
{
    publisher_of(self)->refused = topic;
}

void fake_publisher_room(struct publisher *self, size_t queued)
{
    publisher_of(self)->room = queued;
}

static enum outcome publisher_send(struct publisher *base, const struct message *message, struct reason *why)
{
    struct fake_publisher *self = publisher_of(base);
    ASSERT(message->topic < self->topic_count);
    if (self->queued >= self->room) {
        return FAIL(why, RETRY, REASON_FULL, "the queue is full");
    }
    if (self->queued == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 64;
        self->queue = realloc(self->queue, self->capacity * sizeof *self->queue);
        ASSERT(self->queue);
    }
    struct fake_queued *queued = &self->queue[self->queued++];
    queued->topic = self->topics[message->topic];
    queued->message = *message;
    queued->message.key = fake_copy(message->key);
    queued->message.value = fake_copy(message->value);
    queued->message.headers = fake_copy_headers(message->headers, message->header_count);
    return DONE;
}

static void queued_free(struct fake_queued *queued)
{
    fake_free(queued->message.key);
    fake_free(queued->message.value);
    fake_free_headers((struct message_header *)(uintptr_t)queued->message.headers, queued->message.header_count);
}

/* Writes the first `count` of the queue, tells of each when there is one to tell, and takes them out. */
static void deliver(struct fake_publisher *self, size_t count, bool tells)
{
    for (size_t i = 0; i < count; i++) {
        struct fake_queued *queued = &self->queue[i];
        struct reason why = {.code = REASON_NONE};
        enum outcome outcome = DONE;
        bool fails = tells && self->sparing == 0 && self->failing > 0;
        self->sparing -= tells && self->sparing > 0;
        self->failing -= fails;
        fails |= tells && self->refused && strcmp(self->refused, queued->topic->name) == 0;
        if (fails || (tells && fake_drawn(self->kafka, self->kafka->odds.delivery_fails))) {
            outcome = FAIL(&why, RETRY, REASON_UNAVAILABLE, "not delivered in time");
        } else {
            fake_append(self->kafka, queued->topic, queued->message.partition, &queued->message, 0);
        }
        if (tells) {
            self->delivered(self->context, queued->message.token, outcome, &why);
        }
        queued_free(queued);
    }
    self->queued -= count;
    memmove(self->queue, self->queue + count, self->queued * sizeof *self->queue);
}

static enum outcome publisher_serve(struct publisher *base, int64_t wait_us, struct reason *why)
{
    struct fake_publisher *self = publisher_of(base);
    (void)why;
    if (self->hold || self->kafka->down) {
        virtual_clock_pass(self->kafka->clock, wait_us);
    } else if (self->queued) {
        deliver(self, self->queued, true);
    }
    return DONE;
}

static size_t publisher_queued(struct publisher *base)
{
    return publisher_of(base)->queued;
}

static void publisher_end(struct fake_publisher *self, size_t arrived)
{
    if (arrived) {
        deliver(self, arrived, false);
    }
    for (size_t i = 0; i < self->queued; i++) {
        queued_free(&self->queue[i]);
    }
    free(self->queue);
    free(self);
}

void fake_publisher_drop(struct publisher *base)
{
    struct fake_publisher *self = publisher_of(base);
    if (self) {
        publisher_end(self, (size_t)seeded_below(&self->kafka->random, self->queued + 1));
    }
}

static void publisher_close(struct publisher *base)
{
    struct fake_publisher *self = publisher_of(base);
    if (self) {
        publisher_end(self, self->hold ? 0 : self->queued);
    }
}

static const struct publisher_ops publisher_ops = {
    .send = publisher_send,
    .serve = publisher_serve,
    .queued = publisher_queued,
    .close = publisher_close,
};

struct publisher *fake_publisher_open(struct fake_kafka *kafka, const struct publisher_settings *settings)
{
    struct fake_publisher *self = calloc(1, sizeof *self);
    ASSERT(self && settings->topic_count <= FAKE_TOPICS_MAX);
    self->base.ops = &publisher_ops;
    self->kafka = kafka;
    self->topic_count = settings->topic_count;
    for (size_t t = 0; t < settings->topic_count; t++) {
        self->topics[t] = fake_topic_named(kafka, settings->topics[t]);
    }
    self->context = settings->context;
    self->delivered = settings->delivered;
    self->room = 100000;
    return &self->base;
}
