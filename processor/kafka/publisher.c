#include <stdlib.h>

#include "errors.h"
#include "produce.h"

#define CLOSE_MS 5000

struct kafka_publisher {
    struct publisher base;
    struct kafka_client client;
    rd_kafka_t *producer;
    rd_kafka_topic_t **topics;
    size_t topic_count;
    void *context;
    void (*delivered)(void *context, uint64_t token, enum outcome outcome, const struct reason *why);
    bool closing; /* nobody is told any more */
};

static struct kafka_publisher *publisher_of(struct publisher *base)
{
    return (struct kafka_publisher *)base; /* base is its first member */
}
_Static_assert(offsetof(struct kafka_publisher, base) == 0, "a kafka publisher begins with the contract's struct");

static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    (void)producer;
    struct kafka_client *client = opaque;
    struct kafka_publisher *self = client->owner;
    struct reason why = {.code = REASON_NONE};
    enum outcome outcome = DONE;
    if (message->err) {
        outcome = kafka_fail(&why, message->err, rd_kafka_topic_name(message->rkt), NULL);
        outcome = kafka_soften(outcome, client->proven, &why);
    } else {
        client->proven = true;
    }
    if (self->delivered && !self->closing) {
        self->delivered(self->context, (uint64_t)(uintptr_t)message->_private, outcome, &why);
    }
}

static enum outcome publisher_send(struct publisher *base, const struct message *message, struct reason *why)
{
    struct kafka_publisher *self = publisher_of(base);
    ASSERT(message->topic < self->topic_count);
    return kafka_produce(self->producer, self->topics[message->topic], message, RD_KAFKA_MSG_F_COPY, why);
}

static enum outcome publisher_serve(struct publisher *base, int64_t wait_us, struct reason *why)
{
    struct kafka_publisher *self = publisher_of(base);
    rd_kafka_poll(self->producer, kafka_wait_ms(wait_us));
    return kafka_client_trouble(&self->client, why);
}

static size_t publisher_queued(struct publisher *base)
{
    return (size_t)rd_kafka_outq_len(publisher_of(base)->producer);
}

static void publisher_close(struct publisher *base)
{
    if (!base) {
        return;
    }
    struct kafka_publisher *self = publisher_of(base);
    self->closing = true;
    if (self->producer) {
        rd_kafka_flush(self->producer, CLOSE_MS);
        rd_kafka_purge(self->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_poll(self->producer, 0);
        kafka_topics_close(self->topics, self->topic_count);
        rd_kafka_destroy(self->producer);
    }
    free(self);
}

static const struct publisher_ops publisher_ops = {
    .send = publisher_send,
    .serve = publisher_serve,
    .queued = publisher_queued,
    .close = publisher_close,
};

static enum outcome publisher_connect(struct kafka_publisher *self, const struct publisher_settings *settings,
                                      struct reason *why)
{
    const struct kafka_property nothing[] = {{NULL, NULL}};
    const struct kafka_property defaults[] = {
        {"queue.buffering.max.kbytes", "4096"}, /* all of a full publication at once would be a sixth of what the process takes */
        {"message.timeout.ms", "120000"}, /* then the caller hears of it, and publishes what is true by then */
        {NULL, NULL},
    };
    TRY(kafka_producer_open(&self->client, &settings->kafka, defaults, nothing, on_delivery, &self->producer, why));
    self->topics = kafka_topics_open(self->producer, settings->topics, settings->topic_count);
    return self->topics ? DONE : FAIL(why, STOP, REASON_FULL, "kafka publisher: out of memory");
}

enum outcome kafka_publisher_open(const struct publisher_settings *settings, struct publisher **publisher,
                                  struct reason *why)
{
    struct kafka_publisher *self = calloc(1, sizeof *self);
    if (!self) {
        return FAIL(why, STOP, REASON_FULL, "kafka publisher: out of memory");
    }
    self->base.ops = &publisher_ops;
    self->client = (struct kafka_client){.log = settings->kafka.log, .owner = self};
    self->topic_count = settings->topic_count;
    self->context = settings->context;
    self->delivered = settings->delivered;
    enum outcome outcome = publisher_connect(self, settings, why);
    if (outcome != DONE) {
        publisher_close(&self->base);
        return outcome;
    }
    *publisher = &self->base;
    return DONE;
}
