#include <stdlib.h>

#include "client.h"
#include "errors.h"

#define ASK_MS   15000
#define STALL_US (60 * US_PER_SECOND)

struct reader_partition {
    int64_t next;
    bool started;
};

struct reader {
    struct kafka_client client;
    rd_kafka_t *consumer;
    rd_kafka_topic_t *topic;
    rd_kafka_queue_t *queue;
    int32_t topic_partitions;
    size_t count; /* of partitions that are read */
    struct reader_range *ranges;
    struct reader_partition *partitions; /* by position in ranges */
    size_t left;                         /* that have not been read to their end */
    size_t batch_max, message_count;
    rd_kafka_message_t **messages; /* of the last read; owned until the next */
    struct record *records;
    struct mono_time moved;
};

static struct mono_time now(void)
{
    return system_clock.mono(&system_clock);
}

/* ---- where partitions begin and end ---- */

/* Which offsets to ask for, and where in a range the answers go. */
struct question {
    int64_t spec; /* one of the library's, or a time in ms */
    rd_kafka_IsolationLevel_t isolation;
    size_t answer; /* offsetof in struct reader_range */
};

static void event_drop(rd_kafka_event_t **event)
{
    if (*event) {
        rd_kafka_event_destroy(*event);
    }
}

static enum outcome take_offsets(struct reader *self, const rd_kafka_event_t *event, size_t answer, struct reason *why)
{
    size_t count = 0;
    const rd_kafka_ListOffsetsResultInfo_t **infos = rd_kafka_ListOffsets_result_infos(
        rd_kafka_event_ListOffsets_result((rd_kafka_event_t *)(uintptr_t)event), &count);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_topic_partition_t *told = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
        if (told->err) {
            return kafka_fail(why, told->err, "asking for offsets", NULL);
        }
        for (size_t p = 0; p < self->count; p++) {
            if (self->ranges[p].partition == told->partition) {
                *(int64_t *)(void *)((char *)&self->ranges[p] + answer) = told->offset;
            }
        }
    }
    return DONE;
}

static enum outcome ask_offsets(struct reader *self, const struct question *question, struct reason *why)
{
    char text[256];
    rd_kafka_topic_partition_list_t *list CLEANUP(kafka_list_drop) =
        rd_kafka_topic_partition_list_new((int)self->count);
    for (size_t p = 0; p < self->count; p++) {
        rd_kafka_topic_partition_list_add(list, rd_kafka_topic_name(self->topic), self->ranges[p].partition)->offset =
            question->spec;
    }
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(self->consumer, RD_KAFKA_ADMIN_OP_LISTOFFSETS);
    rd_kafka_error_t *error CLEANUP(kafka_error_drop) =
        rd_kafka_AdminOptions_set_isolation_level(options, question->isolation);
    rd_kafka_resp_err_t code = rd_kafka_AdminOptions_set_request_timeout(options, ASK_MS, text, sizeof text);
    ASSERT(!error && !code);
    rd_kafka_queue_t *answers = rd_kafka_queue_new(self->consumer);
    rd_kafka_ListOffsets(self->consumer, list, options, answers);
    rd_kafka_event_t *event CLEANUP(event_drop) = rd_kafka_queue_poll(answers, ASK_MS + 1000);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(answers);
    if (!event) {
        return kafka_fail(why, RD_KAFKA_RESP_ERR__TIMED_OUT, "asking for offsets", NULL);
    }
    if (rd_kafka_event_error(event)) {
        return kafka_fail(why, rd_kafka_event_error(event), "asking for offsets", rd_kafka_event_error_string(event));
    }
    return take_offsets(self, event, question->answer, why);
}

/* The high end is that of everything written, and not of what is stable now: before it may stand what an instance
 * committed whose earlier neighbour is still open. */
static enum outcome find_ranges(struct reader *self, const struct reader_settings *settings, struct reason *why)
{
    const struct question first = {RD_KAFKA_OFFSET_SPEC_EARLIEST, RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED,
                                   offsetof(struct reader_range, low)};
    const struct question last = {RD_KAFKA_OFFSET_SPEC_LATEST, RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED,
                                  offsetof(struct reader_range, high)};
    const struct question since = {settings->since_us / US_PER_MS, RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED,
                                   offsetof(struct reader_range, low)};
    TRY(ask_offsets(self, &last, why));
    if (settings->partition >= 0 || settings->since_us <= 0) {
        TRY(ask_offsets(self, &first, why));
    } else {
        TRY(ask_offsets(self, &since, why));
    }
    for (size_t p = 0; p < self->count; p++) {
        struct reader_range *range = &self->ranges[p];
        if (settings->partition >= 0 && settings->offset > range->low) {
            range->low = settings->offset;
        }
        if (range->low < 0 || range->low > range->high) { /* nothing is as young */
            range->low = range->high;
        }
    }
    return DONE;
}

/* One partition that is there, or all. */
static enum outcome set_partitions(struct reader *self, const struct reader_settings *settings, struct reason *why)
{
    if (settings->partition >= self->topic_partitions) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "topic %s has %d partitions, numbered from 0: there is no %d",
                    settings->topic, self->topic_partitions, (int)settings->partition);
    }
    for (size_t p = 0; p < self->count; p++) {
        self->ranges[p] =
            (struct reader_range){.partition = settings->partition >= 0 ? settings->partition : (int32_t)p};
    }
    return find_ranges(self, settings, why);
}

static enum outcome find_partitions(struct reader *self, const struct reader_settings *settings, struct reason *why)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t code = rd_kafka_metadata(self->consumer, 0, self->topic, &metadata, ASK_MS);
    rd_kafka_poll(self->consumer, 0);
    if (self->client.trouble == STOP) {
        return kafka_client_trouble(&self->client, why);
    }
    if (code) {
        return kafka_fail(why, code, "no broker answered", NULL);
    }
    self->topic_partitions = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
    code = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    rd_kafka_metadata_destroy(metadata);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "topic %s is not there", settings->topic);
    }
    if (code) {
        return kafka_fail(why, code, settings->topic, NULL);
    }
    self->count = settings->partition >= 0 ? 1 : (size_t)self->topic_partitions;
    self->ranges = calloc(self->count, sizeof *self->ranges);
    self->partitions = calloc(self->count, sizeof *self->partitions);
    ASSERT(self->ranges && self->partitions);
    return set_partitions(self, settings, why);
}

const struct reader_range *kafka_reader_ranges(const struct reader *self, size_t *count)
{
    *count = self->count;
    return self->ranges;
}

/* ---- reading ---- */

static void reader_release(struct reader *self)
{
    for (size_t i = 0; i < self->message_count; i++) {
        rd_kafka_message_destroy(self->messages[i]);
    }
    self->message_count = 0;
}

static void reader_stop(struct reader *self)
{
    reader_release(self);
    for (size_t p = 0; p < self->count; p++) {
        if (self->partitions[p].started) {
            rd_kafka_consume_stop(self->topic, self->ranges[p].partition);
            self->partitions[p].started = false;
        }
    }
}

static enum outcome reader_start(struct reader *self, struct reason *why)
{
    self->left = 0;
    self->moved = now();
    for (size_t p = 0; p < self->count; p++) {
        const struct reader_range *range = &self->ranges[p];
        self->partitions[p].next = range->low;
        if (range->low == range->high) {
            continue;
        }
        if (rd_kafka_consume_start_queue(self->topic, range->partition, range->low, self->queue) != 0) {
            return kafka_fail(why, rd_kafka_last_error(), "reading", NULL);
        }
        self->partitions[p].started = true;
        self->left++;
    }
    return DONE;
}

enum outcome kafka_reader_rewind(struct reader *self, struct reason *why)
{
    reader_stop(self);
    return reader_start(self, why);
}

enum outcome kafka_reader_turn_to(struct reader *self, int32_t partition, struct reason *why)
{
    ASSERT(self->count == 1 && partition >= 0);
    const struct reader_settings settings = {.topic = rd_kafka_topic_name(self->topic), .partition = partition};
    reader_stop(self);
    TRY(set_partitions(self, &settings, why));
    return reader_start(self, why);
}

static size_t position_of(const struct reader *self, int32_t partition)
{
    return (size_t)(partition - self->ranges[0].partition); /* one, or all from 0 */
}

/* Everything before `next` of the partition has been read. */
static void reader_advance(struct reader *self, int32_t partition, int64_t next)
{
    size_t p = position_of(self, partition);
    if (self->partitions[p].next >= self->ranges[p].high) {
        return;
    }
    self->left -= next >= self->ranges[p].high;
    self->partitions[p].next = next;
    self->moved = now();
}

static enum outcome reader_convert(struct reader *self, size_t *count, struct reason *why)
{
    for (size_t i = 0; i < self->message_count; i++) {
        const rd_kafka_message_t *message = self->messages[i];
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) { /* for now: its offset is the position */
            reader_advance(self, message->partition, message->offset);
            continue;
        }
        if (message->err) {
            return kafka_fail(why, message->err, "reading", rd_kafka_message_errstr(message));
        }
        if (message->offset >= self->ranges[position_of(self, message->partition)].high) {
            reader_advance(self, message->partition, message->offset);
            continue; /* written since */
        }
        self->records[(*count)++] = (struct record){
            .key = span_of(message->key, message->key_len),
            .value = span_of(message->payload, message->len),
            .handle = message,
            .partition = message->partition,
            .offset = message->offset,
            .timestamp_us = kafka_timestamp_us(message),
        };
        reader_advance(self, message->partition, message->offset + 1);
    }
    return DONE;
}

static enum outcome reader_stalled(const struct reader *self, struct reason *why)
{
    size_t p = 0;
    while (self->partitions[p].next >= self->ranges[p].high) {
        p++;
    }
    return FAIL(
        why, RETRY, REASON_UNAVAILABLE,
        "nothing comes of partition %d from offset %lld, and it goes to %lld: an open transaction holds it back, "
        "or its leader is away",
        (int)self->ranges[p].partition, (long long)self->partitions[p].next, (long long)self->ranges[p].high);
}

enum outcome kafka_reader_read(struct reader *self, int64_t wait_us, struct record_batch *batch, bool *ended,
                               struct reason *why)
{
    size_t count = 0;
    reader_release(self);
    rd_kafka_poll(self->consumer, 0);
    if (self->client.trouble == STOP) {
        return kafka_client_trouble(&self->client, why);
    }
    if (self->left > 0) {
        ssize_t got =
            rd_kafka_consume_batch_queue(self->queue, kafka_wait_ms(wait_us), self->messages, self->batch_max);
        self->message_count = got > 0 ? (size_t)got : 0;
        TRY(reader_convert(self, &count, why));
        if (self->left > 0 && now().us - self->moved.us > STALL_US) {
            return reader_stalled(self, why);
        }
    }
    *batch = (struct record_batch){self->records, count};
    *ended = self->left == 0;
    return DONE;
}

/* ---- opening ---- */

static enum outcome reader_connect(struct reader *self, const struct reader_settings *settings, struct reason *why)
{
    const struct kafka_property defaults[] = {
        {"fetch.wait.max.ms", "50"},
        {"fetch.queue.backoff.ms", "10"},
        {"fetch.max.bytes", "4194304"},
        {"check.crcs", "true"},
        {NULL, NULL},
    };
    const struct kafka_property fixed[] = {
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"isolation.level", "read_committed"},
        {"auto.offset.reset", "earliest"}, /* retention may overtake us: what it took is not there to be read */
        {"enable.partition.eof", "true"},
        {"allow.auto.create.topics", "false"},
        {"queued.max.messages.kbytes", "16384"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf CLEANUP(kafka_conf_drop) = NULL;
    TRY(kafka_conf_open(&self->client, &settings->kafka, defaults, fixed, &conf, why));
    TRY(kafka_client_open(RD_KAFKA_CONSUMER, &conf, &self->consumer, why));
    self->topic = rd_kafka_topic_new(self->consumer, settings->topic, NULL);
    self->queue = rd_kafka_queue_new(self->consumer);
    self->messages = calloc(settings->batch_max, sizeof(rd_kafka_message_t *));
    self->records = calloc(settings->batch_max, sizeof *self->records);
    ASSERT(self->topic && self->queue && self->messages && self->records);
    TRY(find_partitions(self, settings, why));
    return reader_start(self, why);
}

enum outcome kafka_reader_open(const struct reader_settings *settings, struct reader **reader, struct reason *why)
{
    ASSERT(settings->batch_max > 0);
    struct reader *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->client = (struct kafka_client){.log = settings->kafka.log, .owner = self};
    self->batch_max = settings->batch_max;
    enum outcome outcome = reader_connect(self, settings, why);
    if (outcome != DONE) {
        kafka_reader_close(self);
        return outcome;
    }
    *reader = self;
    return DONE;
}

void kafka_reader_close(struct reader *self)
{
    if (!self) {
        return;
    }
    reader_stop(self);
    if (self->queue) {
        rd_kafka_queue_destroy(self->queue);
    }
    if (self->topic) {
        rd_kafka_topic_destroy(self->topic);
    }
    if (self->consumer) {
        rd_kafka_destroy(self->consumer);
    }
    free(self->ranges);
    free(self->partitions);
    free(self->messages);
    free(self->records);
    free(self);
}
