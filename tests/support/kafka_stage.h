/* kafka_stage.h - for the tests of kafka: brokers to talk to past our own code, and a stage that notes what it is told.
 *
 * The brokers are asked and filled through plain librdkafka calls, which share nothing with the code judged. */
#ifndef SUPPORT_KAFKA_STAGE_H
#define SUPPORT_KAFKA_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

#include "slipstream/kafka.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define TIMEOUT_MS  10000

static inline void assert_outcome(enum outcome outcome, enum outcome expected, const struct reason *why)
{
    if (outcome != expected) {
        fail_msg("outcome %d, not %d: %s", (int)outcome, (int)expected, outcome == DONE ? "" : why->text);
    }
}
#define assert_done(outcome, why) assert_outcome(outcome, DONE, why)

/* ---- plain clients ---- */

/* id: a consumer's group, a producer's transactional id; or NULL. */
static rd_kafka_t *plain_client(rd_kafka_type_t type, const char *brokers, const char *id)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", brokers, text, sizeof text), RD_KAFKA_CONF_OK);
    assert_int_equal(rd_kafka_conf_set(conf, "linger.ms", "0", text, sizeof text), RD_KAFKA_CONF_OK);
    if (id && type == RD_KAFKA_PRODUCER) {
        assert_int_equal(rd_kafka_conf_set(conf, "transactional.id", id, text, sizeof text), RD_KAFKA_CONF_OK);
    } else if (id) {
        assert_int_equal(rd_kafka_conf_set(conf, "group.id", id, text, sizeof text), RD_KAFKA_CONF_OK);
        assert_int_equal(rd_kafka_conf_set(conf, "enable.partition.eof", "true", text, sizeof text), RD_KAFKA_CONF_OK);
        assert_int_equal(rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", text, sizeof text), RD_KAFKA_CONF_OK);
    }
    rd_kafka_conf_set_log_cb(conf, NULL);
    rd_kafka_t *client = rd_kafka_new(type, conf, text, sizeof text);
    assert_non_null(client);
    return client;
}

/* The value is the number as text; headers are "number", the same text, and "none", which has no value. A timestamp of
 * 0 is now: a real broker's retention goes by it. */
static inline void plain_put(rd_kafka_t *producer, const char *topic, int32_t partition, int number,
                             int64_t timestamp_ms)
{
    char value[16];
    int length = snprintf(value, sizeof value, "%d", number);
    rd_kafka_resp_err_t code =
        rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                          RD_KAFKA_V_VALUE(value, (size_t)length), RD_KAFKA_V_KEY("key", 3),
                          RD_KAFKA_V_TIMESTAMP(timestamp_ms), RD_KAFKA_V_HEADER("number", value, (size_t)length),
                          RD_KAFKA_V_HEADER("none", NULL, 0), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    assert_int_equal(code, RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* The numbers first … first + count - 1, of 1,000,000 ms + the number. */
static inline void plain_produce(const char *brokers, const char *topic, int32_t partition, int first, int count)
{
    rd_kafka_t *producer = plain_client(RD_KAFKA_PRODUCER, brokers, NULL);
    for (int i = first; i < first + count; i++) {
        plain_put(producer, topic, partition, i, 1000000 + i);
    }
    assert_int_equal(rd_kafka_flush(producer, TIMEOUT_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(producer);
}

/* What a group has committed; RD_KAFKA_OFFSET_INVALID: nothing. */
static inline int64_t plain_committed(const char *brokers, const char *group, const char *topic, int32_t partition)
{
    rd_kafka_t *consumer = plain_client(RD_KAFKA_CONSUMER, brokers, group);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition);
    assert_int_equal(rd_kafka_committed(consumer, list, TIMEOUT_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(consumer);
    return offset;
}

/* Reads a partition from its beginning to its end. The caller destroys the messages. */
static inline size_t plain_read(const char *brokers, const char *topic, int32_t partition, rd_kafka_message_t **out,
                                size_t max)
{
    rd_kafka_t *consumer = plain_client(RD_KAFKA_CONSUMER, brokers, "plain");
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
    assert_int_equal(rd_kafka_assign(consumer, list), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
    size_t count = 0;
    for (;;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, TIMEOUT_MS);
        assert_non_null(message);
        if (message->err) {
            assert_int_equal(message->err, RD_KAFKA_RESP_ERR__PARTITION_EOF);
            rd_kafka_message_destroy(message);
            break;
        }
        assert_true(count < max);
        out[count++] = message;
    }
    rd_kafka_consumer_close(consumer);
    return count; /* the consumer goes with the last of its messages: plain_done */
}

static inline void plain_done(rd_kafka_message_t **messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rd_kafka_message_destroy(messages[i]);
    }
}

/* ---- a stage ---- */

#define STAGE_TOPICS     4
#define STAGE_PARTITIONS 16

struct stage {
    struct source *source;
    struct sink *sink; /* or NULL: revoked commits with the source itself */
    const char *topics[STAGE_TOPICS];
    size_t topic_count;

    /* What it was told. */
    int assigned_calls, revoked_calls, lost_calls, outside_calls;
    bool owned[STAGE_TOPICS][STAGE_PARTITIONS];
    struct partition_start told[STAGE_TOPICS][STAGE_PARTITIONS]; /* with the last assigned */
    int64_t position_at_revoke[STAGE_TOPICS][STAGE_PARTITIONS];
    int64_t handed_out[STAGE_TOPICS][STAGE_PARTITIONS]; /* one past the last record */
    int64_t outside_position, outside_low, outside_high;
    enum outcome revoke_commit;
    struct reason why;

    /* What it answers. */
    bool withhold_first;                 /* partition 0 of every topic */
    int64_t start;                       /* of all when not OFFSET_UNSET */
    int64_t (*stored)[STAGE_PARTITIONS]; /* or where positions are kept outside Kafka, plus one; shared by members */
    int64_t outside_start;

    int total;
    int seen[4096]; /* how often each number was handed out */
};

static inline void stage_assigned(void *context, struct partition_start *partitions, size_t count)
{
    struct stage *self = context;
    self->assigned_calls++;
    for (size_t i = 0; i < count; i++) {
        struct partition_start *p = &partitions[i];
        assert_false(self->owned[p->topic][p->partition]);
        self->owned[p->topic][p->partition] = true;
        self->told[p->topic][p->partition] = *p;
        if (self->start != OFFSET_UNSET) {
            p->start = self->start;
        }
        if (self->stored) {
            int64_t next = self->stored[p->topic][p->partition] - 1;
            p->start = next >= 0 ? next : START_EARLIEST;
        }
        if (self->withhold_first && p->partition == 0) {
            p->start = START_WITHHELD;
        }
    }
}

static inline void stage_gone(struct stage *self, const struct partition_start *partitions, size_t count)
{
    struct source_position positions[STAGE_TOPICS * STAGE_PARTITIONS];
    size_t known = self->source->ops->positions(self->source, positions, COUNT(positions));
    for (size_t i = 0; i < count; i++) {
        const struct partition_start *p = &partitions[i];
        assert_true(self->owned[p->topic][p->partition]);
        self->owned[p->topic][p->partition] = false;
        for (size_t k = 0; k < known; k++) {
            if (positions[k].topic == p->topic && positions[k].partition == p->partition) {
                self->position_at_revoke[p->topic][p->partition] = positions[k].position;
                if (self->stored) {
                    self->stored[p->topic][p->partition] = positions[k].position + 1;
                }
            }
        }
    }
}

/* The mock cluster does not keep offsets that come with a transaction, so without a sink the source commits them. */
static inline void stage_revoked(void *context, const struct partition_start *partitions, size_t count)
{
    struct stage *self = context;
    self->revoked_calls++;
    if (self->sink) {
        self->revoke_commit = self->sink->ops->commit(self->sink, NULL, 0, &self->why);
    } else {
        struct source_position positions[STAGE_TOPICS * STAGE_PARTITIONS];
        size_t known = self->source->ops->positions(self->source, positions, COUNT(positions));
        self->source->ops->commit(self->source, positions, known);
    }
    stage_gone(self, partitions, count);
}

static inline void stage_lost(void *context, const struct partition_start *partitions, size_t count)
{
    struct stage *self = context;
    self->lost_calls++;
    stage_gone(self, partitions, count);
}

static inline int64_t stage_outside(void *context, uint32_t topic, int32_t partition, int64_t position, int64_t low,
                                    int64_t high)
{
    struct stage *self = context;
    (void)topic;
    (void)partition;
    self->outside_calls++;
    self->outside_position = position;
    self->outside_low = low;
    self->outside_high = high;
    return self->outside_start;
}

#define PROPERTIES_MAX 8

/* properties end with a NULL name. */
static inline void stage_open(struct stage *self, const char *brokers, const char *group, const char *instance,
                              const char *const (*properties)[2])
{
    const char *all[PROPERTIES_MAX][2] = {{"fetch.wait.max.ms", "10"}}; /* don't wait for the end of a log */
    size_t property_count = 1;
    for (; properties && (*properties)[0]; properties++, property_count++) {
        assert_true(property_count < PROPERTIES_MAX);
        all[property_count][0] = (*properties)[0];
        all[property_count][1] = (*properties)[1];
    }
    const struct source_settings settings = {
        .kafka = {.brokers = brokers,
                  .client_id = "test",
                  .instance = instance,
                  .properties = (const char *const(*)[2])all,
                  .property_count = property_count,
                  .queued_kbytes_max = 8192},
        .group = group,
        .topics = self->topics,
        .topic_count = self->topic_count,
        .batch_max = 100,
        .events = {self, stage_assigned, stage_revoked, stage_lost, stage_outside},
        .fetch_committed = true,
    };
    assert_outcome(kafka_source_open(&settings, &self->source, &self->why), DONE, &self->why);
}

static inline enum outcome stage_open_sink(struct stage *self, const char *brokers, const char *transactional_id,
                                           const char *const *topics, size_t topic_count)
{
    const struct sink_settings settings = {
        .kafka = {.brokers = brokers, .client_id = "test"},
        .transactional_id = transactional_id,
        .topics = topics,
        .topic_count = topic_count,
        .source = self->source,
    };
    return kafka_sink_open(&settings, &self->sink, &self->why);
}

/* Counts what a poll hands out; every record must be of a partition we own, and come in order. */
static inline enum outcome stage_turn(struct stage *self, int64_t wait_us)
{
    struct record_batch batch;
    enum outcome outcome = self->source->ops->poll(self->source, wait_us, &batch, &self->why);
    for (size_t i = 0; outcome == DONE && i < batch.count; i++) {
        const struct record *record = &batch.records[i];
        assert_true(self->owned[record->topic][record->partition]);
        int64_t *next = &self->handed_out[record->topic][record->partition];
        *next = record->offset + 1;
        char text[16];
        snprintf(text, sizeof text, "%.*s", SPAN_FORMAT(record->value));
        self->seen[atoi(text)]++;
        self->total++;
    }
    return outcome;
}

/* Polls until it was handed `total` records, or gives the outcome that kept it from it. */
static inline enum outcome stage_read(struct stage *self, int total)
{
    int64_t end_us = system_clock.mono(&system_clock).us + TIMEOUT_MS * US_PER_MS;
    while (self->total < total) {
        enum outcome outcome = stage_turn(self, 50 * US_PER_MS);
        if (outcome != DONE) {
            return outcome;
        }
        if (system_clock.mono(&system_clock).us > end_us) {
            fail_msg("%d of %d records after %d ms", self->total, total, TIMEOUT_MS);
        }
    }
    return DONE;
}

static inline int64_t stage_position(struct stage *self, uint32_t topic, int32_t partition, int64_t *stable_offset)
{
    struct source_position positions[STAGE_TOPICS * STAGE_PARTITIONS];
    size_t count = self->source->ops->positions(self->source, positions, COUNT(positions));
    for (size_t i = 0; i < count; i++) {
        if (positions[i].topic == topic && positions[i].partition == partition) {
            if (stable_offset) {
                *stable_offset = positions[i].stable_offset;
            }
            return positions[i].position;
        }
    }
    return -99; /* not assigned */
}

/* The source first: closing it revokes, and revoked commits. */
static inline void stage_close(struct stage *self)
{
    if (self->source) {
        self->source->ops->close(self->source);
        self->source = NULL;
    }
    if (self->sink) {
        self->sink->ops->close(self->sink);
        self->sink = NULL;
    }
}

/* ---- a mock cluster for a test ---- */

struct world {
    struct kafka_mock *mock;
    const char *brokers;
};

static inline int world_open(void **state)
{
    const struct topic_spec specs[] = {
        {.name = "web", .partitions = 2}, {.name = "phone", .partitions = 2}, {.name = "out", .partitions = 4}};
    struct world *self = calloc(1, sizeof *self);
    struct reason why;
    assert_done(kafka_mock_open(specs, COUNT(specs), &self->mock, &why), &why);
    self->brokers = kafka_mock_brokers(self->mock);
    *state = self;
    return 0;
}

static inline int world_close(void **state)
{
    struct world *self = *state;
    kafka_mock_close(self->mock);
    free(self);
    return 0;
}

static inline struct stage *stage_new(const char *first, const char *second)
{
    struct stage *self = calloc(1, sizeof *self);
    assert_non_null(self);
    self->topics[0] = first;
    self->topics[1] = second;
    self->topic_count = second ? 2 : 1;
    self->start = OFFSET_UNSET;
    self->outside_start = START_EARLIEST;
    return self;
}

static inline void stage_free(struct stage *self)
{
    stage_close(self);
    free(self);
}

#endif
