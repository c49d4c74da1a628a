/* handover.c - what a source says of its position when it is closed amid transactions, on a real broker.
 *
 *     handover BROKERS TOPIC      TOPIC is empty and has one partition
 *
 * The library reads ahead, and what was read ahead is thrown away. A broker ends each transaction with a marker that
 * has an offset of its own; the mock cluster writes none. */
#include "kafka_stage.h"

#define TRANSACTIONS    4
#define NUMBERS_IN_EACH 150
#define NUMBERS         (TRANSACTIONS * NUMBERS_IN_EACH)
#define ALL_OFFSETS     (NUMBERS + TRANSACTIONS)

static const char *brokers, *topic;

static void transactions_produce(void)
{
    rd_kafka_t *producer = plain_client(RD_KAFKA_PRODUCER, brokers, "handover");
    assert_null(rd_kafka_init_transactions(producer, TIMEOUT_MS));
    for (int first = 0; first < NUMBERS; first += NUMBERS_IN_EACH) {
        assert_null(rd_kafka_begin_transaction(producer));
        for (int i = first; i < first + NUMBERS_IN_EACH; i++) {
            plain_put(producer, topic, 0, i, 0);
        }
        assert_null(rd_kafka_commit_transaction(producer, TIMEOUT_MS));
    }
    rd_kafka_destroy(producer);
}

static int opened(void **state)
{
    static bool produced;
    if (!produced) {
        transactions_produce();
        produced = true;
    }
    *state = stage_new(topic, NULL);
    return 0;
}

static int closed(void **state)
{
    stage_free(*state);
    return 0;
}

static void assert_each_once(const struct stage *stage, int count)
{
    assert_int_equal(stage->total, count);
    for (int i = 0; i < NUMBERS; i++) {
        assert_int_equal(stage->seen[i], i < count);
    }
}

/* Opened, read a little further, closed, until all was read. What was not handed out comes with the next opening. */
static void reads_all_in_pieces(struct stage *stage, const char *group, bool in_transactions)
{
    const char *const out[] = {topic};
    for (int total = 100; total <= NUMBERS; total += 100) { /* a batch at a time; the broker's answer holds all */
        stage_open(stage, brokers, group, NULL, NULL);
        if (in_transactions) {
            assert_done(stage_open_sink(stage, brokers, group, out, 1), &stage->why);
        }
        assert_done(stage_read(stage, total), &stage->why);
        assert_each_once(stage, total);
        stage_close(stage);
        assert_int_equal(stage->lost_calls, 0);
        assert_done(stage->revoke_commit, &stage->why);
        int64_t next = stage->handed_out[0][0];
        bool before_marker = total % NUMBERS_IN_EACH == 0; /* which it may have seen, or not */
        assert_in_range(stage->position_at_revoke[0][0], next, next + before_marker);
    }
}

/* As score does. */
static void a_position_kept_elsewhere_is_at_what_was_handed_out(void **state)
{
    struct stage *stage = *state;
    int64_t stored[STAGE_TOPICS][STAGE_PARTITIONS] = {{0}};
    stage->stored = stored;
    reads_all_in_pieces(stage, "elsewhere", false);
}

/* As intake does. */
static void a_position_in_a_transaction_is_at_what_was_handed_out(void **state)
{
    reads_all_in_pieces(*state, "transacting", true);
    assert_in_range(plain_committed(brokers, "transacting", topic, 0), ALL_OFFSETS - 1, ALL_OFFSETS);
}

/* A trailing marker is passed over, or a reader that has read all would seem to lag. */
static void what_was_read_to_its_end_is_at_its_end(void **state)
{
    struct stage *stage = *state;
    stage_open(stage, brokers, "to-the-end", NULL, NULL);
    assert_done(stage_read(stage, NUMBERS), &stage->why);
    int64_t end_us = system_clock.mono(&system_clock).us + TIMEOUT_MS * US_PER_MS;
    while (stage_position(stage, 0, 0, NULL) != ALL_OFFSETS) {
        assert_true(system_clock.mono(&system_clock).us < end_us);
        assert_done(stage_turn(stage, 50 * US_PER_MS), &stage->why);
    }
    stage_close(stage);
    assert_int_equal(stage->position_at_revoke[0][0], ALL_OFFSETS);
    assert_int_equal(plain_committed(brokers, "to-the-end", topic, 0), ALL_OFFSETS);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: handover BROKERS TOPIC\n");
        return 2;
    }
    brokers = argv[1];
    topic = argv[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_position_kept_elsewhere_is_at_what_was_handed_out, opened, closed),
        cmocka_unit_test_setup_teardown(a_position_in_a_transaction_is_at_what_was_handed_out, opened, closed),
        cmocka_unit_test_setup_teardown(what_was_read_to_its_end_is_at_its_end, opened, closed),
    };
    return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
