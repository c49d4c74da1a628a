/* table.c - a compacted topic, read partition by partition, with one reader until it may rest: that is rare. */
#include "slipstream/kafka.h"

#include <stdlib.h>

#define ROWS_AT_A_TIME 1000
#define READ_WAIT_US   (100 * US_PER_MS)
#define QUIET_US       (15 * US_PER_SECOND)

struct kafka_table {
    struct table base;
    struct kafka_settings settings;
    const char *topic;
    struct reader *reader; /* NULL: not connected */
};

static struct kafka_table *table_of(struct table *base)
{
    return (struct kafka_table *)base; /* base is its first member */
}
_Static_assert(offsetof(struct kafka_table, base) == 0, "a kafka table begins with the contract's struct");

static enum outcome table_turn_to(struct kafka_table *self, int32_t partition, struct reason *why)
{
    if (self->reader) {
        return kafka_reader_turn_to(self->reader, partition, why);
    }
    const struct reader_settings settings = {
        .kafka = self->settings, .topic = self->topic, .partition = partition, .batch_max = ROWS_AT_A_TIME};
    return kafka_reader_open(&settings, &self->reader, why);
}

static enum outcome table_read_all(const struct kafka_table *self, int32_t partition, table_row *row, void *context,
                                   struct reason *why)
{
    struct record_batch batch;
    bool ended = false;
    struct mono_time heard = system_clock.mono(&system_clock);
    while (!ended) {
        TRY(kafka_reader_read(self->reader, READ_WAIT_US, &batch, &ended, why));
        for (size_t i = 0; i < batch.count; i++) {
            TRY(row(context, batch.records[i].key, batch.records[i].value, why));
        }
        struct mono_time now = system_clock.mono(&system_clock);
        heard = batch.count ? now : heard;
        if (!ended && now.us - heard.us > QUIET_US) {
            return FAIL(why, RETRY, REASON_UNAVAILABLE, "nothing comes of partition %d of %s", (int)partition,
                        self->topic);
        }
    }
    return DONE;
}

static void table_rest(struct table *base)
{
    struct kafka_table *self = table_of(base);
    kafka_reader_close(self->reader);
    self->reader = NULL;
}

static enum outcome table_read(struct table *base, int32_t partition, table_row *row, void *context, struct reason *why)
{
    struct kafka_table *self = table_of(base);
    enum outcome outcome = table_turn_to(self, partition, why);
    if (outcome == DONE) {
        outcome = table_read_all(self, partition, row, context, why);
    }
    if (outcome != DONE) {
        table_rest(base);
    }
    return outcome;
}

static void table_close(struct table *base)
{
    table_rest(base);
    free(base);
}

struct table *kafka_table_open(const struct kafka_settings *settings, const char *topic)
{
    static const struct table_ops ops = {table_read, table_rest, table_close};
    struct kafka_table *self = calloc(1, sizeof *self);
    ASSERT(self);
    *self = (struct kafka_table){.base = {&ops}, .settings = *settings, .topic = topic};
    return &self->base;
}
