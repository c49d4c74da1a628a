/* table.c - a compacted topic, read partition by partition with a reader of its own each time: that is rare. */
#include "slipstream/kafka.h"

#include <stdlib.h>

#define ROWS_AT_A_TIME 1000
#define READ_WAIT_US   (100 * US_PER_MS)
#define QUIET_US       (15 * US_PER_SECOND)

struct kafka_table {
    struct table base;
    struct kafka_settings settings;
    const char *topic;
};

static void reader_drop(struct reader **reader)
{
    kafka_reader_close(*reader);
}

static enum outcome table_read(struct table *base, int32_t partition, table_row *row, void *context, struct reason *why)
{
    const struct kafka_table *self = (const struct kafka_table *)base;
    const struct reader_settings settings = {
        .kafka = self->settings, .topic = self->topic, .partition = partition, .batch_max = ROWS_AT_A_TIME};
    struct reader *reader CLEANUP(reader_drop) = NULL;
    struct record_batch batch;
    bool ended = false;
    TRY(kafka_reader_open(&settings, &reader, why));
    struct mono_time heard = system_clock.mono(&system_clock);
    while (!ended) {
        TRY(kafka_reader_read(reader, READ_WAIT_US, &batch, &ended, why));
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

static void table_close(struct table *self)
{
    free(self);
}

struct table *kafka_table_open(const struct kafka_settings *settings, const char *topic)
{
    static const struct table_ops ops = {table_read, table_close};
    struct kafka_table *self = calloc(1, sizeof *self);
    ASSERT(self);
    *self = (struct kafka_table){{&ops}, *settings, topic};
    return &self->base;
}
