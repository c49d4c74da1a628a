/* test_kafka_sink.c - what goes to Kafka: transactions, the publisher, topics. Against librdkafka's mock cluster.
 *
 * The mock accepts transactions but does not isolate them; fencing and isolation are tested on a real broker. */
#include "kafka_stage.h"

#include <librdkafka/rdkafka_mock.h>

#include "../../processor/kafka/mock.h"

/* librdkafka's numbers of the requests (KIP-35). */
enum { API_PRODUCE = 0, API_END_TXN = 26, API_TXN_OFFSET_COMMIT = 28 };

static const char *const outputs[] = {"out"};
static const struct message output = {.topic = 0, .partition = 0, .value = {(const uint8_t *)"v", 1}};

/* How often the brokers were asked this since request tracking began. */
static size_t requests_of(struct world *self, int16_t api)
{
    size_t total = 0, count = 0;
    rd_kafka_mock_request_t **requests = rd_kafka_mock_get_requests(kafka_mock_cluster(self->mock), &total);
    for (size_t i = 0; i < total; i++) {
        count += rd_kafka_mock_request_api_key(requests[i]) == api ? 1 : 0;
    }
    rd_kafka_mock_request_destroy_array(requests, total);
    return count;
}

/* ---- transactions ---- */

static void commit_then_rewind(void **state)
{
    struct world *world = *state;
    struct stage *stage = stage_new("web", "phone");
    plain_produce(world->brokers, "web", 0, 0, 150);
    plain_produce(world->brokers, "phone", 1, 150, 50);
    stage_open(stage, world->brokers, "g", "a", NULL);
    assert_done(stage_open_sink(stage, world->brokers, "g-a", outputs, 1), &stage->why);
    rd_kafka_mock_start_request_tracking(kafka_mock_cluster(world->mock));

    /* Read, and read again when nothing was committed. */
    assert_done(stage_read(stage, 200), &stage->why);
    assert_int_equal(stage_position(stage, 0, 0, NULL), 150);
    assert_done(stage->source->ops->rewind(stage->source, &stage->why), &stage->why);
    assert_done(stage_read(stage, 400), &stage->why);

    /* Commit with what was made of it. */
    const struct message_header header = {"kind", span_text("test")};
    const struct message messages[] = {
        {.topic = 0,
         .partition = 2,
         .key = span_text("k"),
         .value = span_text("v"),
         .headers = &header,
         .header_count = 1},
        {.topic = 0, .partition = 2, .key = span_text("gone")},
        {.topic = 0, .partition = 2, .value = span_text("")},
    };
    assert_done(stage->sink->ops->commit(stage->sink, messages, COUNT(messages), &stage->why), &stage->why);
    assert_int_equal(requests_of(world, API_TXN_OFFSET_COMMIT), 1);
    rd_kafka_message_t *out[8];
    size_t count = plain_read(world->brokers, "out", 2, out, COUNT(out));
    assert_int_equal(count, 3);
    assert_memory_equal(out[0]->payload, "v", 1);
    assert_memory_equal(out[0]->key, "k", 1);
    const void *value;
    size_t size;
    rd_kafka_headers_t *headers;
    assert_int_equal(rd_kafka_message_headers(out[0], &headers), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_header_get_last(headers, "kind", &value, &size), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(size, 4);
    assert_null(out[1]->payload); /* a tombstone */
    assert_non_null(out[2]->payload);
    assert_null(out[2]->key);
    plain_done(out, count);

    /* Now a rewind has nowhere to go, and a commit nothing to do. */
    assert_done(stage->source->ops->rewind(stage->source, &stage->why), &stage->why);
    plain_produce(world->brokers, "web", 0, 200, 10);
    assert_done(stage_read(stage, 410), &stage->why);
    for (int i = 0; i < 210; i++) {
        assert_int_equal(stage->seen[i], i < 200 ? 2 : 1);
    }
    assert_done(stage->sink->ops->commit(stage->sink, NULL, 0, &stage->why), &stage->why);
    assert_int_equal(requests_of(world, API_TXN_OFFSET_COMMIT), 2);
    assert_done(stage->sink->ops->commit(stage->sink, NULL, 0, &stage->why), &stage->why);
    assert_int_equal(requests_of(world, API_END_TXN), 2);
    stage_free(stage);
}

struct failure {
    const char *name;
    int16_t api;
    int errors; /* how often */
    rd_kafka_resp_err_t error;
    enum outcome outcome;
    enum reason_code reason;
};

static enum outcome commit_failing(struct world *world, struct stage *stage, const struct failure *failure)
{
    for (int n = 0; n < failure->errors; n++) {
        rd_kafka_mock_push_request_errors(kafka_mock_cluster(world->mock), failure->api, 1, failure->error);
    }
    enum outcome outcome = stage->sink->ops->commit(stage->sink, &output, 1, &stage->why);
    if (outcome != failure->outcome || (outcome != DONE && stage->why.code != failure->reason)) {
        fail_msg("%s: outcome %d, %s", failure->name, (int)outcome, outcome == DONE ? "" : stage->why.text);
    }
    return outcome;
}

static void a_failure_undoes_the_transaction(void **state)
{
    const struct failure rows[] = {
        {"none", API_PRODUCE, 0, 0, DONE, REASON_NONE},
        {"coordinator moves", API_END_TXN, 2, RD_KAFKA_RESP_ERR_NOT_COORDINATOR, DONE, REASON_NONE},
        {"coordinator loads", API_TXN_OFFSET_COMMIT, 2, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, DONE,
         REASON_NONE},
        {"leader moves", API_PRODUCE, 2, RD_KAFKA_RESP_ERR_NOT_LEADER_OR_FOLLOWER, DONE, REASON_NONE},
        {"group moved on", API_TXN_OFFSET_COMMIT, 1, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RETRY, REASON_ABORTED},
        {"not a member", API_TXN_OFFSET_COMMIT, 1, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, RETRY, REASON_ABORTED},
        {"delivery fails", API_PRODUCE, 1, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, RETRY, REASON_ABORTED},
        {"too large", API_PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, SKIP, REASON_TOO_LARGE},
        {"refused later", API_PRODUCE, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RETRY, REASON_REFUSED},
    };
    struct world *world = *state;
    struct stage *stage = stage_new("web", NULL);
    stage_open(stage, world->brokers, "g", "a", NULL);
    assert_done(stage_open_sink(stage, world->brokers, "g-a", outputs, 1), &stage->why);
    for (size_t i = 0; i < COUNT(rows); i++) {
        int base = (int)i * 10;
        plain_produce(world->brokers, "web", 0, base, 10);
        assert_done(stage_read(stage, stage->total + 10), &stage->why);
        enum outcome outcome = commit_failing(world, stage, &rows[i]);
        int rounds = 1;
        for (; outcome != DONE; rounds++) { /* what was not committed comes again, and nothing else */
            assert_int_not_equal(outcome, STOP);
            assert_true(rounds < 1000); /* a refused topic is asked for again after a while */
            assert_done(stage->source->ops->rewind(stage->source, &stage->why), &stage->why);
            assert_done(stage_read(stage, stage->total + 10), &stage->why);
            outcome = stage->sink->ops->commit(stage->sink, &output, 1, &stage->why);
        }
        for (int n = base; n < base + 10; n++) {
            assert_int_equal(stage->seen[n], rounds);
        }
    }
    stage_free(stage);
}

static void a_producer_may_stop_for_good(void **state)
{
    const struct failure rows[] = {
        {"refused at first", API_PRODUCE, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, STOP, REASON_REFUSED},
        {"fenced", API_END_TXN, 1, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, STOP, REASON_FENCED},
        {"instance fenced", API_TXN_OFFSET_COMMIT, 1, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, STOP, REASON_FENCED},
    };
    struct world *world = *state;
    plain_produce(world->brokers, "web", 0, 0, 10);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct stage *stage = stage_new("web", NULL);
        stage_open(stage, world->brokers, rows[i].name, "a", NULL);
        assert_done(stage_open_sink(stage, world->brokers, rows[i].name, outputs, 1), &stage->why);
        assert_done(stage_read(stage, 10), &stage->why);
        (void)commit_failing(world, stage, &rows[i]);
        enum outcome again = stage->sink->ops->commit(stage->sink, &output, 1, &stage->why);
        assert_outcome(again, STOP, &stage->why);
        assert_int_equal(stage->why.code, rows[i].reason);
        stage_free(stage);
    }
}

/* ---- the publisher ---- */

#define TOKENS 64
struct acknowledged {
    enum outcome outcomes[TOKENS];
    int count;
};

static void on_delivered(void *context, uint64_t token, enum outcome outcome, const struct reason *why)
{
    struct acknowledged *self = context;
    (void)why;
    assert_true(token < TOKENS);
    self->outcomes[token] = outcome;
    self->count++;
}

static struct publisher *publisher_new(struct world *world, struct acknowledged *acknowledged,
                                       const char *const (*properties)[2], size_t property_count)
{
    const struct publisher_settings settings = {
        .kafka = {.brokers = world->brokers, .properties = properties, .property_count = property_count},
        .topics = outputs,
        .topic_count = 1,
        .context = acknowledged,
        .delivered = on_delivered,
    };
    struct publisher *publisher = NULL;
    struct reason why;
    assert_done(kafka_publisher_open(&settings, &publisher, &why), &why);
    return publisher;
}

static void publisher_drain(struct publisher *publisher)
{
    struct reason why;
    for (int i = 0; i < 1000 && publisher->ops->queued(publisher) > 0; i++) {
        assert_done(publisher->ops->serve(publisher, 10 * US_PER_MS, &why), &why);
    }
    assert_int_equal(publisher->ops->queued(publisher), 0);
}

/* Keys and their partitions of 4 by Java's default partitioner: org.apache.kafka.common.utils.Utils.murmur2 gives
 * "21" -973932308, "foobar" -790332482, "a-little-bit-long-string" -985981536 (Kafka's own UtilsTest). */
static void a_message_is_published_and_acknowledged(void **state)
{
    const struct {
        const char *key;
        int32_t murmur2;
    } rows[] = {{"21", -973932308}, {"foobar", -790332482}, {"a-little-bit-long-string", -985981536}};
    struct world *world = *state;
    struct acknowledged acknowledged = {.count = 0};
    struct publisher *publisher = publisher_new(world, &acknowledged, NULL, 0);
    struct reason why;
    for (size_t i = 0; i < COUNT(rows); i++) {
        acknowledged.outcomes[i] = STOP;
        const struct message message = {
            .topic = 0, .partition = -1, .key = span_text(rows[i].key), .value = span_text(rows[i].key), .token = i};
        assert_done(publisher->ops->send(publisher, &message, &why), &why);
    }
    assert_int_equal(publisher->ops->queued(publisher), COUNT(rows));
    publisher_drain(publisher);
    assert_int_equal(acknowledged.count, COUNT(rows));
    for (size_t i = 0; i < COUNT(rows); i++) {
        rd_kafka_message_t *out[4];
        bool found = false;
        assert_int_equal(acknowledged.outcomes[i], DONE);
        size_t count = plain_read(world->brokers, "out", (rows[i].murmur2 & 0x7fffffff) % 4, out, COUNT(out));
        for (size_t k = 0; k < count; k++) {
            found =
                found || (out[k]->len == strlen(rows[i].key) && memcmp(out[k]->payload, rows[i].key, out[k]->len) == 0);
        }
        plain_done(out, count);
        assert_true(found);
    }
    publisher->ops->close(publisher);
}

static void the_publisher_is_bounded(void **state)
{
    static const char *const properties[][2] = {
        {"queue.buffering.max.messages", "10"}, {"linger.ms", "200"}, {"message.max.bytes", "1000"}};
    struct world *world = *state;
    struct acknowledged acknowledged = {.count = 0};
    struct publisher *publisher = publisher_new(world, &acknowledged, properties, COUNT(properties));
    struct message message = {.topic = 0, .partition = 1, .value = span_text("v")};
    struct reason why;
    for (uint64_t i = 0; i < 10; i++) {
        message.token = i;
        assert_done(publisher->ops->send(publisher, &message, &why), &why);
    }
    assert_outcome(publisher->ops->send(publisher, &message, &why), RETRY, &why);
    assert_int_equal(why.code, REASON_FULL);
    publisher_drain(publisher);
    assert_done(publisher->ops->send(publisher, &message, &why), &why);

    static uint8_t large[2000];
    message.value = span_of(large, sizeof large);
    assert_outcome(publisher->ops->send(publisher, &message, &why), SKIP, &why);
    assert_int_equal(why.code, REASON_TOO_LARGE);
    publisher->ops->close(publisher);
}

static void a_publish_that_fails_is_told(void **state)
{
    const struct {
        rd_kafka_resp_err_t error;
        enum outcome outcome;
    } rows[] = {
        {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, DONE}, /* retried */
        {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, RETRY},
        {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, SKIP},
    };
    struct world *world = *state;
    struct acknowledged acknowledged = {.count = 0};
    struct publisher *publisher = publisher_new(world, &acknowledged, NULL, 0);
    struct reason why;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct message message = {.topic = 0, .partition = 0, .value = span_text("v"), .token = i};
        rd_kafka_mock_push_request_errors(kafka_mock_cluster(world->mock), API_PRODUCE, 1, rows[i].error);
        assert_done(publisher->ops->send(publisher, &message, &why), &why);
        publisher_drain(publisher);
        assert_int_equal(acknowledged.outcomes[i], rows[i].outcome);
    }
    publisher->ops->close(publisher);
}

/* ---- topics ---- */

static const struct topic_spec made_later = {.name = "later", .partitions = 1};

static void topics_are_described(void **state)
{
    struct world *world = *state;
    const struct kafka_settings settings = {.brokers = world->brokers};
    const char *const names[] = {"out", "nowhere", "web"};
    struct topic_state states[3];
    char cluster_id[CLUSTER_ID_SIZE] = "";
    struct reason why;
    assert_done(kafka_describe(&settings, names, 3, 5000, states, cluster_id, &why), &why);
    assert_true(strlen(cluster_id) > 0);
    assert_true(states[0].exists && !states[1].exists && states[2].exists);
    assert_int_equal(states[0].partitions, 4);
    assert_int_equal(states[2].partitions, 2);
    assert_int_equal(strlen(states[0].id), 22);
    assert_string_not_equal(states[0].id, states[2].id);
    assert_string_equal(states[1].id, "");
}

static void nobody_there_is_unavailable(void **state)
{
    (void)state;
    const struct kafka_settings settings = {.brokers = "127.0.0.1:1"};
    const char *const names[] = {"out"};
    struct topic_state topic;
    char cluster_id[CLUSTER_ID_SIZE];
    struct reason why;
    assert_outcome(kafka_describe(&settings, names, 1, 200, &topic, cluster_id, &why), RETRY, &why);
    assert_int_equal(why.code, REASON_UNAVAILABLE);
    assert_outcome(kafka_create_topics(&settings, &made_later, 1, 200, NULL, &why), RETRY, &why);
    assert_int_equal(why.code, REASON_UNAVAILABLE);
}

static void the_mock_makes_no_topics_later(void **state)
{
    struct world *world = *state;
    const struct kafka_settings settings = {.brokers = world->brokers};
    struct reason why;
    assert_outcome(kafka_create_topics(&settings, &made_later, 1, 5000, NULL, &why), STOP, &why);
    assert_int_equal(why.code, REASON_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(commit_then_rewind, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_failure_undoes_the_transaction, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_producer_may_stop_for_good, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_message_is_published_and_acknowledged, world_open, world_close),
        cmocka_unit_test_setup_teardown(the_publisher_is_bounded, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_publish_that_fails_is_told, world_open, world_close),
        cmocka_unit_test_setup_teardown(topics_are_described, world_open, world_close),
        cmocka_unit_test(nobody_there_is_unavailable),
        cmocka_unit_test_setup_teardown(the_mock_makes_no_topics_later, world_open, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
