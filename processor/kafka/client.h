/* client.h - what every librdkafka client of ours shares: its configuration, its log, its troubles.
 *
 * Owner: who embeds a struct kafka_client keeps it alive as long as the library's handle. Threads: log lines come from
 * the library's own threads (struct log takes them from any); troubles only from calls that serve callbacks. */
#ifndef KAFKA_CLIENT_H
#define KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>

#include "slipstream/kafka.h"

struct kafka_client {
    struct log *log;
    void *owner;          /* for callbacks: the source, sink or publisher */
    bool proven;          /* it has read or written something: what is refused now worked before */
    enum outcome trouble; /* of the client as a whole, not told to the stage yet; DONE: none */
    struct reason why;    /* of the trouble */
};

struct kafka_property {
    const char *name; /* NULL ends a list */
    const char *value;
};

/* Builds a configuration: `defaults`, then what the operator passes through, then `fixed`, which no property may
 * change. STOP/bad_config with the library's own words. The caller owns *conf. */
enum outcome kafka_conf_open(struct kafka_client *client, const struct kafka_settings *settings,
                             const struct kafka_property *defaults, const struct kafka_property *fixed,
                             rd_kafka_conf_t **conf, struct reason *why) MUST_CHECK;
void kafka_conf_drop(rd_kafka_conf_t **conf); /* for CLEANUP */

/* What the operator set a property to, or NULL. */
const char *kafka_property_of(const struct kafka_settings *settings, const char *name);

/* Makes the handle and takes *conf over. */
enum outcome kafka_client_open(rd_kafka_type_t type, rd_kafka_conf_t **conf, rd_kafka_t **handle,
                               struct reason *why) MUST_CHECK;

/* When a message says it was sent, in µs; -1: it does not, or no time is that far. Producers set it, to anything. */
int64_t kafka_timestamp_us(const rd_kafka_message_t *message);

/* Keeps a trouble until the stage asks; the graver one stays. */
void kafka_client_note(struct kafka_client *self, enum outcome outcome, const struct reason *why);

/* Hands the trouble over and forgets it; a STOP is told again and again. DONE when there is none. */
enum outcome kafka_client_trouble(struct kafka_client *self, struct reason *why);

/* Borrowed handles of topics, by the position in `names`; NULL when the heap or the library refuses. */
rd_kafka_topic_t **kafka_topics_open(rd_kafka_t *handle, const char *const *names, size_t count);
void kafka_topics_close(rd_kafka_topic_t **topics, size_t count);

void kafka_error_drop(rd_kafka_error_t **error);
void kafka_list_drop(rd_kafka_topic_partition_list_t **list);

/* A wait as librdkafka wants it: whole milliseconds, never rounded down to a busy loop. */
static inline int kafka_wait_ms(int64_t wait_us)
{
    int64_t ms = wait_us <= 0 ? 0 : (wait_us - 1) / US_PER_MS + 1;
    return ms > 3600000 ? 3600000 : (int)ms;
}

#endif
