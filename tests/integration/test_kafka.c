/* test_kafka.c - the edge to Kafka, against librdkafka's mock cluster.
 *
 * The mock does not isolate transactions; what depends on that is tested on a real broker. */
#include "kafka_stage.h"

#include <librdkafka/rdkafka_mock.h>

#include "../../processor/kafka/errors.h"
#include "../../processor/kafka/mock.h"

/* librdkafka's numbers of the requests (KIP-35). */
enum { API_PRODUCE = 0, API_ADD_OFFSETS = 25, API_END_TXN = 26, API_TXN_OFFSET_COMMIT = 28, API_INIT_PRODUCER_ID = 22 };

static const struct topic_spec specs[] = {
    {.name = "web", .partitions = 2}, {.name = "phone", .partitions = 2}, {.name = "out", .partitions = 4}};

/* Small time-outs, or the mock waits most of a session for members to join again. */
#define QUICK_GROUP {"session.timeout.ms", "1100"}, {"heartbeat.interval.ms", "50"}

struct world {
    struct kafka_mock *mock;
    const char *brokers;
};

static int world_open(void **state)
{
    struct world *self = calloc(1, sizeof *self);
    struct reason why;
    assert_int_equal(kafka_mock_open(specs, COUNT(specs), &self->mock, &why), DONE);
    self->brokers = kafka_mock_brokers(self->mock);
    *state = self;
    return 0;
}

static int world_close(void **state)
{
    struct world *self = *state;
    kafka_mock_close(self->mock);
    free(self);
    return 0;
}

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

static struct stage *stage_new(const char *first, const char *second)
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

static void stage_free(struct stage *self)
{
    stage_close(self);
    free(self);
}

/* ---- errors and settings ---- */

static void an_error_has_its_outcome(void **state)
{
    (void)state;
    const struct {
        rd_kafka_resp_err_t code;
        bool proven;
        enum outcome outcome;
        enum reason_code reason;
    } rows[] = {
        {RD_KAFKA_RESP_ERR__TRANSPORT, false, RETRY, REASON_UNAVAILABLE},
        {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, false, RETRY, REASON_UNAVAILABLE},
        {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, false, RETRY, REASON_UNAVAILABLE},
        {RD_KAFKA_RESP_ERR__QUEUE_FULL, false, RETRY, REASON_FULL},
        {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, false, SKIP, REASON_TOO_LARGE},
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, false, STOP, REASON_REFUSED},
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, true, RETRY, REASON_REFUSED},
        {RD_KAFKA_RESP_ERR__AUTHENTICATION, false, STOP, REASON_REFUSED},
        {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, true, STOP, REASON_FENCED},
        {RD_KAFKA_RESP_ERR__FENCED, true, STOP, REASON_FENCED},
        {RD_KAFKA_RESP_ERR__FATAL, true, STOP, REASON_FATAL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reason why;
        enum outcome outcome = kafka_fail(&why, rows[i].code, "testing", NULL);
        assert_int_equal(kafka_soften(outcome, rows[i].proven, &why), rows[i].outcome);
        assert_int_equal(why.code, rows[i].reason);
    }
}

static void a_wrong_property_stops(void **state)
{
    const struct {
        const char *property[1][2];
        const char *words;
    } rows[] = {
        {{{"no.such.property", "1"}}, "no.such.property"},
        {{{"fetch.wait.max.ms", "soon"}}, "fetch.wait.max.ms"},
        {{{"group.protocol", "newest"}}, "group.protocol"},
        {{{"max.poll.interval.ms", "10"}}, "max.poll.interval.ms"}, /* seen only when the client is made */
    };
    struct world *world = *state;
    const char *const topics[] = {"web"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct source_settings settings = {
            .kafka = {.brokers = world->brokers, .properties = rows[i].property, .property_count = 1,
                      .queued_kbytes_max = 1024},
            .group = "g", .topics = topics, .topic_count = 1, .batch_max = 1,
        };
        struct source *source = NULL;
        struct reason why;
        assert_int_equal(kafka_source_open(&settings, &source, &why), STOP);
        assert_int_equal(why.code, REASON_BAD_CONFIG);
        assert_non_null(strstr(why.text, rows[i].words));
        assert_null(source);
    }
}

/* ---- reading and committing ---- */

static void a_record_is_what_was_produced(void **state)
{
    struct world *world = *state;
    struct stage *stage = stage_new("phone", "web");
    plain_produce(world->brokers, "web", 1, 7, 1);
    stage_open(stage, world->brokers, "g", "a", NULL);
    struct record_batch batch = {.count = 0};
    while (batch.count == 0) {
        assert_int_equal(stage->source->ops->poll(stage->source, 100000, &batch, &stage->why), DONE);
    }
    assert_int_equal(batch.count, 1);
    const struct record *record = &batch.records[0];
    assert_true(span_equal(record->key, span_text("key")));
    assert_true(span_equal(record->value, span_text("7")));
    assert_int_equal(record->topic, 1);
    assert_int_equal(record->partition, 1);
    assert_int_equal(record->offset, 0);
    assert_int_equal(record->timestamp_us, 1000007 * US_PER_MS);
    assert_int_equal(stage->source->ops->partition_count(stage->source, 0), 2);
    assert_true(stage->source->ops->joined(stage->source));
    stage_free(stage);
}

static void commit_then_rewind(void **state)
{
    struct world *world = *state;
    struct stage *stage = stage_new("web", "phone");
    const char *const outputs[] = {"out"};
    plain_produce(world->brokers, "web", 0, 0, 150);
    plain_produce(world->brokers, "phone", 1, 150, 50);
    stage_open(stage, world->brokers, "g", "a", NULL);
    assert_int_equal(stage_open_sink(stage, world->brokers, "g-a", outputs, 1), DONE);
    rd_kafka_mock_start_request_tracking(kafka_mock_cluster(world->mock));

    /* Read, and read again when nothing was committed. */
    assert_int_equal(stage_read(stage, 200), DONE);
    assert_int_equal(stage_position(stage, 0, 0, NULL), 150);
    assert_int_equal(stage->source->ops->rewind(stage->source, &stage->why), DONE);
    assert_int_equal(stage_read(stage, 400), DONE);

    /* Commit with what was made of it. */
    const struct message_header header = {"kind", span_text("test")};
    const struct message messages[] = {
        {.topic = 0, .partition = 2, .key = span_text("k"), .value = span_text("v"), .headers = &header, .header_count = 1},
        {.topic = 0, .partition = 2, .key = span_text("gone")},
        {.topic = 0, .partition = 2, .value = span_text("")},
    };
    assert_int_equal(stage->sink->ops->commit(stage->sink, messages, COUNT(messages), &stage->why), DONE);
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
    assert_int_equal(stage->source->ops->rewind(stage->source, &stage->why), DONE);
    plain_produce(world->brokers, "web", 0, 200, 10);
    assert_int_equal(stage_read(stage, 410), DONE);
    for (int i = 0; i < 210; i++) {
        assert_int_equal(stage->seen[i], i < 200 ? 2 : 1);
    }
    assert_int_equal(stage->sink->ops->commit(stage->sink, NULL, 0, &stage->why), DONE);
    assert_int_equal(requests_of(world, API_TXN_OFFSET_COMMIT), 2);
    assert_int_equal(stage->sink->ops->commit(stage->sink, NULL, 0, &stage->why), DONE);
    assert_int_equal(requests_of(world, API_END_TXN), 2);
    stage_free(stage);
}

static void closing_revokes_and_commits(void **state)
{
    struct world *world = *state;
    struct stage *stage = stage_new("web", NULL);
    plain_produce(world->brokers, "web", 1, 0, 30);
    stage_open(stage, world->brokers, "g", NULL, NULL);
    assert_int_equal(stage_read(stage, 30), DONE);
    stage_close(stage);
    assert_int_equal(stage->revoked_calls, 1);
    assert_int_equal(stage->lost_calls, 0);
    assert_int_equal(stage->position_at_revoke[0][1], 30);
    assert_int_equal(plain_committed(world->brokers, "g", "web", 1), 30);

    /* The next one starts there. */
    stage_open(stage, world->brokers, "g", NULL, NULL);
    plain_produce(world->brokers, "web", 1, 30, 1);
    assert_int_equal(stage_read(stage, 31), DONE);
    assert_int_equal(stage->told[0][1].committed, 30);
    assert_int_equal(stage->told[0][0].committed, OFFSET_UNSET);
    stage_free(stage);
}

/* ---- two members ---- */

#define JOIN_TURN   20
#define PRODUCE_MAX 500

struct pair {
    struct world *world;
    struct stage *stages[2];
    int64_t stored[STAGE_TOPICS][STAGE_PARTITIONS]; /* the mock refuses commits of members while another joins */
    int produced;
};

static void pair_join(struct pair *self, int member, const char *const (*properties)[2])
{
    self->stages[member]->stored = self->stored;
    stage_open(self->stages[member], self->world->brokers, "pair", NULL, properties);
}

static void pair_produce(struct pair *self)
{
    int step = self->produced / 20;
    plain_produce(self->world->brokers, step % 2 ? "web" : "phone", step / 2 % 2, self->produced, 20);
    self->produced += 20;
}

static void pair_check(struct pair *self)
{
    for (int n = 0; n < self->produced; n++) {
        assert_int_equal(self->stages[0]->seen[n] + self->stages[1]->seen[n], 1);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(self->stages[i]->lost_calls, 0);
    }
}

/* Both take turns while records arrive, and the second joins and leaves: what is revoked was stored, so each record
 * counts once. */
static void members_come_and_go(void **state)
{
    (void)state;
    const char *const rows[][4][2] = {
        {{"partition.assignment.strategy", "roundrobin"}, QUICK_GROUP},
        {{"partition.assignment.strategy", "cooperative-sticky"}, QUICK_GROUP},
    };
    for (size_t row = 0; row < COUNT(rows); row++) {
        void *own = NULL;
        world_open(&own);
        struct pair pair = {own, {stage_new("web", "phone"), stage_new("web", "phone")}, {{0}}, 0};
        pair_join(&pair, 0, rows[row]);
        int64_t end_us = system_clock.mono(&system_clock).us + TIMEOUT_MS * US_PER_MS;
        for (int turn = 0; pair.stages[0]->total + pair.stages[1]->total < PRODUCE_MAX || pair.stages[1]->assigned_calls == 0; turn++) {
            assert_true(system_clock.mono(&system_clock).us < end_us);
            if (turn % 10 == 0 && pair.produced < PRODUCE_MAX) {
                pair_produce(&pair);
            }
            if (turn == JOIN_TURN) {
                pair_join(&pair, 1, rows[row]);
            }
            for (int i = 0; i < 2; i++) {
                if (pair.stages[i]->source) {
                    assert_int_equal(stage_turn(pair.stages[i], 5 * US_PER_MS), DONE);
                }
            }
        }
        stage_close(pair.stages[1]);
        for (int i = 0; i < 4; i++) {
            pair_produce(&pair);
        }
        assert_int_equal(stage_read(pair.stages[0], pair.produced - pair.stages[1]->total), DONE);
        pair_check(&pair);
        stage_free(pair.stages[0]);
        stage_free(pair.stages[1]);
        world_close(&own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_has_its_outcome),
        cmocka_unit_test_setup_teardown(a_wrong_property_stops, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_record_is_what_was_produced, world_open, world_close),
        cmocka_unit_test_setup_teardown(commit_then_rewind, world_open, world_close),
        cmocka_unit_test_setup_teardown(closing_revokes_and_commits, world_open, world_close),
        cmocka_unit_test(members_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
