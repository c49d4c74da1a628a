/* produce.h - messages into a producer's queue: what sink and publisher share. */
#ifndef KAFKA_PRODUCE_H
#define KAFKA_PRODUCE_H

#include "client.h"

/* flags: RD_KAFKA_MSG_F_COPY, or 0 when key and value stay where they are until the delivery report. */
enum outcome kafka_produce(rd_kafka_t *producer, rd_kafka_topic_t *topic, const struct message *message, int flags,
                           struct reason *why) MUST_CHECK;

/* The same for several of one topic that have neither headers nor times: returns how many of the first were taken, and
 * *outcome why not the next; any behind it were taken only if that is not for want of room. */
#define PRODUCE_RUN_MAX 64
size_t kafka_produce_run(rd_kafka_topic_t *topic, const struct message *messages, size_t count, int flags,
                         enum outcome *outcome, struct reason *why);

typedef void (*kafka_delivery)(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque);

/* A producer as all of ours are: idempotent, bounded, with Kafka's own default partitioner, by which other programs
 * find a key's partition. `defaults` and `fixed` are what it has besides, as in kafka_conf_open. */
enum outcome kafka_producer_open(struct kafka_client *client, const struct kafka_settings *settings,
                                 const struct kafka_property *defaults, const struct kafka_property *fixed,
                                 kafka_delivery on_delivery, rd_kafka_t **producer, struct reason *why) MUST_CHECK;

#endif
