/* test_kafka.c - the source: reading, positions, rebalances; and how errors become outcomes. Against librdkafka's mock
 * cluster.
 *
 * The mock does not isolate transactions; what depends on that is tested on a real broker. */
#include "kafka_stage.h"

#include <unistd.h>

#include "../../processor/kafka/errors.h"

/* The mock waits a session less a second for members to join again; they hear of it within half a second. */
static const char *const quick_group[][2] = {
    {"session.timeout.ms", "1800"}, {"heartbeat.interval.ms", "50"}, {NULL, NULL}};

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
            .kafka = {.brokers = world->brokers,
                      .properties = rows[i].property,
                      .property_count = 1,
                      .queued_kbytes_max = 1024},
            .group = "g",
            .topics = topics,
            .topic_count = 1,
            .batch_max = 1,
        };
        struct source *source = NULL;
        struct reason why;
        assert_outcome(kafka_source_open(&settings, &source, &why), STOP, &why);
        assert_int_equal(why.code, REASON_BAD_CONFIG);
        assert_non_null(strstr(why.text, rows[i].words));
        assert_null(source);
    }
}

/* ---- reading ---- */

static void a_record_is_what_was_produced(void **state)
{
    struct world *world = *state;
    struct stage *stage = stage_new("phone", "web");
    plain_produce(world->brokers, "web", 1, 7, 1);
    stage_open(stage, world->brokers, "g", "a", NULL);
    struct record_batch batch = {.count = 0};
    while (batch.count == 0) {
        assert_done(stage->source->ops->poll(stage->source, 100000, &batch, &stage->why), &stage->why);
    }
    assert_int_equal(batch.count, 1);
    const struct record *record = &batch.records[0];
    assert_true(span_equal(record->key, span_text("key")));
    assert_true(span_equal(record->value, span_text("7")));
    assert_int_equal(record->topic, 1);
    assert_int_equal(record->partition, 1);
    assert_int_equal(record->offset, 0);
    assert_int_equal(record->timestamp_us, 1000007 * US_PER_MS);
    struct message_header headers[3];
    assert_int_equal(stage->source->ops->headers(stage->source, record, headers, 3), 2);
    assert_string_equal(headers[0].name, "number");
    assert_true(span_equal(headers[0].value, span_text("7")));
    assert_string_equal(headers[1].name, "none");
    assert_null(headers[1].value.data);
    assert_int_equal(stage->source->ops->headers(stage->source, record, headers, 1), 1);
    assert_true(span_equal(stage->source->ops->header(stage->source, record, "number"), span_text("7")));
    assert_non_null(stage->source->ops->header(stage->source, record, "none").data); /* there, and empty */
    assert_null(stage->source->ops->header(stage->source, record, "other").data);
    assert_int_equal(stage->source->ops->partition_count(stage->source, 0), 2);
    assert_true(stage->source->ops->joined(stage->source));
    stage_free(stage);
}

static void closing_revokes_and_commits(void **state)
{
    struct world *world = *state;
    struct stage *stage = stage_new("web", NULL);
    plain_produce(world->brokers, "web", 1, 0, 30);
    stage_open(stage, world->brokers, "g", NULL, quick_group);
    assert_done(stage_read(stage, 30), &stage->why);
    stage_close(stage);
    assert_int_equal(stage->revoked_calls, 1);
    assert_int_equal(stage->lost_calls, 0);
    assert_int_equal(stage->position_at_revoke[0][1], 30);
    assert_int_equal(plain_committed(world->brokers, "g", "web", 1), 30);

    /* The next one starts there. */
    stage_open(stage, world->brokers, "g", NULL, quick_group);
    plain_produce(world->brokers, "web", 1, 30, 1);
    assert_done(stage_read(stage, 31), &stage->why);
    assert_int_equal(stage->told[0][1].committed, 30);
    assert_int_equal(stage->told[0][0].committed, OFFSET_UNSET);
    stage_free(stage);
}

/* ---- a topic as a table ---- */

struct rows {
    char values[8];
    size_t count;
    enum outcome answer;
};

static enum outcome take_row(void *context, struct span key, struct span value, struct reason *why)
{
    struct rows *self = context;
    assert_true(span_equal(key, span_text("key")));
    assert_true(value.size == 1 && self->count < sizeof self->values);
    self->values[self->count++] = (char)*value.data;
    return self->answer == DONE ? DONE : FAIL(why, self->answer, REASON_BAD_STATE, "enough");
}

static void a_table_is_read_to_its_end(void **state)
{
    struct world *world = *state;
    const struct kafka_settings settings = {.brokers = world->brokers, .queued_kbytes_max = 1024};
    struct table *table = kafka_table_open(&settings, "web");
    struct table *missing = kafka_table_open(&settings, "nowhere");
    struct reason why;
    plain_produce(world->brokers, "web", 1, 7, 3);
    struct rows rows = {.count = 0};
    assert_done(table->ops->read(table, 1, take_row, &rows, &why), &why);
    assert_int_equal(rows.count, 3);
    assert_memory_equal(rows.values, "789", 3);
    struct rows none = {.count = 0};
    assert_done(table->ops->read(table, 0, take_row, &none, &why), &why);
    assert_int_equal(none.count, 0);
    plain_produce(world->brokers, "web", 0, 3, 2);
    for (unsigned i = 0; i < 3; i++) { /* back and forth with one connection, and with another after a rest */
        struct rows first = {.count = 0};
        struct rows second = {.count = 0};
        assert_done(table->ops->read(table, 0, take_row, &first, &why), &why);
        assert_done(table->ops->read(table, 1, take_row, &second, &why), &why);
        assert_true(first.count == 2 && second.count == 3);
        assert_memory_equal(first.values, "34", 2);
        assert_memory_equal(second.values, "789", 3);
        if (i == 1) {
            table->ops->rest(table);
        }
    }
    struct rows stops = {.answer = STOP};
    assert_outcome(table->ops->read(table, 1, take_row, &stops, &why), STOP, &why);
    assert_int_equal(stops.count, 1);
    assert_outcome(table->ops->read(table, 2, take_row, &none, &why), STOP, &why); /* it has two partitions */
    assert_outcome(missing->ops->read(missing, 0, take_row, &none, &why), RETRY, &why);
    table->ops->close(table);
    missing->ops->close(missing);
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
    const char *const assignors[] = {"roundrobin", "cooperative-sticky"};
    for (size_t row = 0; row < COUNT(assignors); row++) {
        const char *const properties[][2] = {{"partition.assignment.strategy", assignors[row]},
                                             {"session.timeout.ms", "1800"},
                                             {"heartbeat.interval.ms", "50"},
                                             {NULL, NULL}};
        void *own = NULL;
        world_open(&own);
        struct pair pair = {own, {stage_new("web", "phone"), stage_new("web", "phone")}, {{0}}, 0};
        pair_join(&pair, 0, properties);
        int64_t end_us = system_clock.mono(&system_clock).us + TIMEOUT_MS * US_PER_MS;
        for (int turn = 0;
             pair.stages[0]->total + pair.stages[1]->total < PRODUCE_MAX || pair.stages[1]->assigned_calls == 0;
             turn++) {
            assert_true(system_clock.mono(&system_clock).us < end_us);
            if (turn % 10 == 0 && pair.produced < PRODUCE_MAX) {
                pair_produce(&pair);
            }
            if (turn == JOIN_TURN) {
                pair_join(&pair, 1, properties);
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
        assert_done(stage_read(pair.stages[0], pair.produced - pair.stages[1]->total), &pair.stages[0]->why);
        pair_check(&pair);
        stage_free(pair.stages[0]);
        stage_free(pair.stages[1]);
        world_close(&own);
    }
}

/* ---- starts ---- */

static void a_withheld_partition_waits_for_its_restart(void **state)
{
    const char *const rows[][2][2] = {
        {{"partition.assignment.strategy", "range"}},
        {{"partition.assignment.strategy", "cooperative-sticky"}},
    };
    (void)state;
    for (size_t row = 0; row < COUNT(rows); row++) {
        void *own = NULL;
        world_open(&own);
        struct world *world = own;
        struct stage *stage = stage_new("web", NULL);
        stage->withhold_first = true;
        plain_produce(world->brokers, "web", 0, 0, 50);
        plain_produce(world->brokers, "web", 1, 100, 50);
        stage_open(stage, world->brokers, "g", NULL, rows[row]);
        struct source *source = stage->source;

        /* Only the other one is read; both are ours. */
        assert_done(stage_read(stage, 50), &stage->why);
        assert_int_equal(stage->handed_out[0][0], 0);
        assert_int_equal(stage_position(stage, 0, 0, NULL), OFFSET_UNSET);
        assert_int_equal(stage_position(stage, 0, 1, NULL), 50);

        /* Restarted in the middle: from there, and the other one goes on where it was. */
        assert_done(source->ops->restart(source, 0, 0, 20, &stage->why), &stage->why);
        assert_int_equal(stage_position(stage, 0, 0, NULL), 20);
        plain_produce(world->brokers, "web", 1, 150, 10);
        assert_done(stage_read(stage, 90), &stage->why);
        for (int n = 0; n < 160; n++) {
            assert_int_equal(stage->seen[n], n < 20 || (n >= 50 && n < 100) ? 0 : 1);
        }

        /* Dropped and taken up again, from the beginning. */
        assert_done(source->ops->restart(source, 0, 0, START_WITHHELD, &stage->why), &stage->why);
        plain_produce(world->brokers, "web", 0, 50, 10);
        assert_done(stage_turn(stage, 100 * US_PER_MS), &stage->why);
        assert_int_equal(stage->total, 90);
        assert_done(source->ops->restart(source, 0, 0, START_EARLIEST, &stage->why), &stage->why);
        assert_done(stage_read(stage, 150), &stage->why);
        assert_int_equal(stage->seen[0], 1);
        assert_int_equal(stage->seen[20], 2);
        assert_outcome(source->ops->restart(source, 0, 7, 0, &stage->why), RETRY, &stage->why); /* not ours */
        stage_free(stage);
        world_close(&own);
    }
}

static void a_position_outside_the_log_is_told(void **state)
{
    struct world *world = *state;
    struct stage *stage = stage_new("web", NULL);
    stage->start = 1000;
    plain_produce(world->brokers, "web", 0, 0, 10);
    plain_produce(world->brokers, "web", 1, 10, 10);
    stage_open(stage, world->brokers, "g", "a", NULL);
    assert_done(stage_read(stage, 20), &stage->why);
    assert_int_equal(stage->outside_calls, 2);
    assert_int_equal(stage->outside_position, 1000);
    assert_int_equal(stage->outside_low, 0);
    assert_int_equal(stage->outside_high, 10);
    stage_free(stage);
}

static void a_missing_topic_is_named(void **state)
{
    struct world *world = *state;
    struct stage *stage = stage_new("nowhere", NULL);
    stage_open(stage, world->brokers, "g", "a", NULL);
    assert_int_equal(stage_read(stage, 1), RETRY);
    assert_int_equal(stage->why.code, REASON_UNAVAILABLE);
    assert_non_null(strstr(stage->why.text, "nowhere"));
    assert_int_equal(stage->source->ops->partition_count(stage->source, 0), 0);
    stage_free(stage);
}

static void who_does_not_poll_loses_its_partitions(void **state)
{
    const char *const properties[][2] = {
        {"max.poll.interval.ms", "300"}, {"session.timeout.ms", "300"}, {"heartbeat.interval.ms", "50"}, {NULL, NULL}};
    struct world *world = *state;
    struct stage *stage = stage_new("web", NULL);
    plain_produce(world->brokers, "web", 0, 0, 10);
    stage_open(stage, world->brokers, "g", NULL, properties);
    assert_done(stage_read(stage, 10), &stage->why);
    while (stage->lost_calls == 0) {
        usleep(600000); /* looked at by the library twice a second */
        assert_done(stage_turn(stage, 0), &stage->why);
    }
    assert_int_equal(stage->revoked_calls, 0);
    assert_done(stage_read(stage, 20), &stage->why); /* joined again; nothing was committed */
    assert_int_equal(stage->assigned_calls, 2);
    stage_free(stage);
}

static void the_last_stable_offset_is_known(void **state)
{
    struct world *world = *state;
    struct stage *stage = stage_new("web", NULL);
    int64_t stable_offset = OFFSET_UNSET;
    plain_produce(world->brokers, "web", 0, 0, 10);
    stage_open(stage, world->brokers, "g", "a", NULL);
    for (int i = 0; i < 200 && (stable_offset == OFFSET_UNSET || stage_position(stage, 0, 1, NULL) < 0); i++) {
        assert_done(stage_turn(stage, 10 * US_PER_MS), &stage->why);
        (void)stage_position(stage, 0, 0, &stable_offset);
    }
    assert_int_equal(stable_offset, 10); /* the mock isolates nothing: the end of the log */
    assert_int_equal(stage_position(stage, 0, 1, &stable_offset), 0); /* empty: the beginning became known */
    assert_int_equal(stable_offset, 0);
    stage_free(stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_has_its_outcome),
        cmocka_unit_test_setup_teardown(a_wrong_property_stops, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_record_is_what_was_produced, world_open, world_close),
        cmocka_unit_test_setup_teardown(closing_revokes_and_commits, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_table_is_read_to_its_end, world_open, world_close),
        cmocka_unit_test(members_come_and_go),
        cmocka_unit_test(a_withheld_partition_waits_for_its_restart),
        cmocka_unit_test_setup_teardown(a_position_outside_the_log_is_told, world_open, world_close),
        cmocka_unit_test_setup_teardown(a_missing_topic_is_named, world_open, world_close),
        cmocka_unit_test_setup_teardown(who_does_not_poll_loses_its_partitions, world_open, world_close),
        cmocka_unit_test_setup_teardown(the_last_stable_offset_is_known, world_open, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
