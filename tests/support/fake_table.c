/* fake_table.c - a topic of the log, read as a whole. */
#include "fake_kafka_parts.h"

#include <stdlib.h>

struct fake_table {
    struct table base;
    struct fake_kafka *kafka;
    const char *topic;
    bool reading; /* since the last rest */
};

static struct fake_table *table_of(struct table *base)
{
    return (struct fake_table *)base;
}

static enum outcome fake_read(struct table *base, int32_t partition, table_row *row, void *context, struct reason *why)
{
    struct fake_table *self = table_of(base);
    self->reading = true;
    if (self->kafka->down) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "the fake Kafka is down");
    }
    int64_t end = fake_kafka_stable(self->kafka, self->topic, partition);
    for (int64_t offset = 0; offset < end; offset++) {
        const struct fake_record *at = fake_kafka_at(self->kafka, self->topic, partition, offset);
        if (at) { /* copies: who keeps what was handed out is caught */
            struct span key = fake_copy(at->key);
            struct span value = fake_copy(at->value);
            enum outcome taken = row(context, key, value, why);
            fake_free(key);
            fake_free(value);
            TRY(taken);
        }
    }
    return DONE;
}

static void fake_rest(struct table *base)
{
    table_of(base)->reading = false;
}

static void fake_close(struct table *base)
{
    ASSERT(!table_of(base)->reading); /* who reads on claims lets it rest after them */
    free(base);
}

struct table *fake_table_open(struct fake_kafka *kafka, const char *topic)
{
    static const struct table_ops ops = {fake_read, fake_rest, fake_close};
    struct fake_table *self = calloc(1, sizeof *self);
    ASSERT(self);
    *self = (struct fake_table){{&ops}, kafka, topic, false};
    return &self->base;
}
