/* produce.h - one message into a producer's queue: what sink and publisher share. */
#ifndef KAFKA_PRODUCE_H
#define KAFKA_PRODUCE_H

#include "client.h"

#define HEADERS_MAX 16 /* a message's, at most */

/* flags: RD_KAFKA_MSG_F_COPY, or 0 when key and value stay where they are until the delivery report. */
enum outcome kafka_produce(rd_kafka_t *producer, rd_kafka_topic_t *topic, const struct message *message, int flags,
                           struct reason *why) MUST_CHECK;

/* The settings every producer of ours has: `defaults` may be changed by a property, `fixed` not. */
#define PRODUCER_DEFAULTS                                                                                              \
    {"compression.type", "lz4"}, {"linger.ms", "5"}, {"queue.buffering.max.messages", "100000"},                       \
    {                                                                                                                  \
        "queue.buffering.max.kbytes", "65536"                                                                          \
    }
/* The partitioner is Kafka's own default: other programs find a key's partition by it. */
#define PRODUCER_FIXED                                                                                                 \
    {"enable.idempotence", "true"},                                                                                    \
    {                                                                                                                  \
        "partitioner", "murmur2_random"                                                                                \
    }

#endif
