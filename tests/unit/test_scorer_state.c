/* test_scorer_state.c - the second stage's state when Redis or the log loses some of it, and the ids that it remembers.
 *
 * Oracle: the samples said, counted by hand; for a log that was cut, those that are still in it. */
#include "score_setup.h"

/* Progress comes to every partition all the time, and with it an apply that finds out. */
static void settle(struct score_setup *self)
{
    say(self, 0, 0, TELLS_CAUGHT_UP);
    say(self, 1, 0, TELLS_CAUGHT_UP);
    score_turns(self->score, 20, SECOND);
}

/* ---- Redis loses writes ---- */

static void a_failover_is_made_good(void **state)
{
    (void)state;
    for (size_t lost = 1; lost <= 12; lost++) {
        struct score_setup *self = score_set_up(lost, NULL);
        start_score(self);
        for (unsigned round = 0; round < 4; round++) {
            for (unsigned i = 0; i < 6; i++) {
                say(self, 0, 10, TELLS_CAUGHT_UP);
                say(self, 1, 10, TELLS_CAUGHT_UP);
                score_turns(self->score, 1, SECOND);
            }
            assert_int_equal(fake_redis_fail_over(self->world.redis, lost), lost);
            if (round % 2) {
                score_kill(self->score);
                start_score(self);
            }
            say(self, (int32_t)(round % 2), 10, TELLS_CAUGHT_UP);
            settle(self);
            check_stored(self, "failed over");
        }
        score_stop(self->score);
        check_stored(self, "stopped");
        score_tear_down(self);
    }
}

static void an_empty_redis_is_filled_again(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 4; way++) {
        struct score_setup *self = score_set_up(way, NULL);
        start_score(self);
        for (unsigned i = 0; i < 20; i++) {
            say(self, 0, 10, TELLS_CAUGHT_UP);
            say(self, 1, 10, TELLS_CAUGHT_UP);
            score_turns(self->score, 1, SECOND);
            if (i % 6 == 5) {
                fake_redis_flush(self->world.redis);
            }
            if (i % 6 == 5 && way == 1) {
                score_kill(self->score);
                start_score(self);
            }
            if (i % 6 == 5 && way == 2) {
                struct reason why;
                say(self, 1, 10, TELLS_CAUGHT_UP);
                fake_store_next(self->score->store, TROUBLE_REPLY_LOST);
                virtual_clock_pass(&self->world.clock, SECOND);
                assert_int_equal(score_step(self->score, &why), RETRY);
            }
        }
        settle(self);
        check_stored(self, "filled again");
        score_stop(self->score);
        score_tear_down(self);
    }
}

/* ---- ids ---- */

/* The same sample again, on any partition's batch of its own. */
static void say_again(struct score_setup *self, const struct sample *sample)
{
    world_batch(&self->world, partition_of(span_text(sample->agency), PARTITIONS), sample, 1, TELLS_CAUGHT_UP);
}

/* When a copy comes, what happens before it, and whether it counts. */
enum before { BEFORE_NOTHING, BEFORE_STOP, BEFORE_KILL, BEFORE_FLUSH, BEFORE_REPLY_LOST };
static const struct {
    const char *name;
    int64_t after_us;
    enum before before;
    bool counts;
} copies[] = {
    {"at once", 0, BEFORE_NOTHING, false},
    {"at once, after a stop", 0, BEFORE_STOP, false},
    {"at once, after a crash", 0, BEFORE_KILL, false},
    {"after 59 minutes", 59 * US_PER_MINUTE, BEFORE_NOTHING, false},
    {"after 59 minutes and a stop", 59 * US_PER_MINUTE, BEFORE_STOP, false},
    {"after 59 minutes and a crash", 59 * US_PER_MINUTE, BEFORE_KILL, false},
    {"after 59 minutes and a flush", 59 * US_PER_MINUTE, BEFORE_FLUSH, false},
    {"after 59 minutes and a lost reply", 59 * US_PER_MINUTE, BEFORE_REPLY_LOST, false},
    {"after 61 minutes", 61 * US_PER_MINUTE, BEFORE_NOTHING, true},
    {"after 61 minutes and a stop", 61 * US_PER_MINUTE, BEFORE_STOP, true},
    {"after 61 minutes and a flush", 61 * US_PER_MINUTE, BEFORE_FLUSH, true},
};

static void happen(struct score_setup *self, enum before before)
{
    struct reason why;
    switch (before) {
    case BEFORE_NOTHING:
        break;
    case BEFORE_STOP:
        score_stop(self->score);
        start_score(self);
        break;
    case BEFORE_KILL:
        score_kill(self->score);
        start_score(self);
        break;
    case BEFORE_FLUSH:
        fake_redis_flush(self->world.redis);
        break;
    case BEFORE_REPLY_LOST:
        say(self, 0, 1, TELLS_CAUGHT_UP);
        fake_store_next(self->score->store, TROUBLE_REPLY_LOST);
        virtual_clock_pass(&self->world.clock, SECOND);
        assert_int_equal(score_step(self->score, &why), RETRY);
        score_kill(self->score);
        start_score(self);
        break;
    }
}

static void copies_count_once_over_restarts(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(copies); row++) {
        struct score_setup *self = score_set_up(row, NULL);
        start_score(self);
        score_turns(self->score, 2, SECOND);
        struct sample sample = new_sample(self, 0);
        expect(self, &sample);
        say_again(self, &sample);
        for (int64_t left = copies[row].after_us; left > 0; left -= US_PER_MINUTE) {
            score_turns(self->score, 1, US_PER_MINUTE);
            say(self, 0, 3, TELLS_CAUGHT_UP);
        }
        happen(self, copies[row].before);
        if (copies[row].counts) {
            expect(self, &sample);
        }
        say_again(self, &sample);
        say_again(self, &sample);
        score_turns(self->score, 30, SECOND);
        check_stored(self, copies[row].name);
        score_stop(self->score);
        score_tear_down(self);
    }
}

/* An hour of ids is stored and no more, also when replies are lost and owners change. */
static void old_ids_leave_the_state(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 3; way++) {
        struct score_setup *self = score_set_up(way, NULL);
        struct reason why;
        start_score(self);
        score_turns(self->score, 2, SECOND);
        for (unsigned minute = 0; minute < 200; minute++) {
            say(self, 0, 2, TELLS_CAUGHT_UP);
            virtual_clock_pass(&self->world.clock, US_PER_MINUTE);
            if (way == 1 && minute % 7 == 0) {
                fake_store_next(self->score->store, TROUBLE_REPLY_LOST);
            }
            (void)!score_step(self->score, &why);
            if (way == 2 && minute % 50 == 49) {
                score_kill(self->score);
                start_score(self);
            }
        }
        score_turns(self->score, 3, SECOND);
        size_t fields = fake_redis_count(self->world.redis, 0, "ids");
        if (fields < 45 || fields > 65) {
            fail_msg("way %u: ids are stored in %zu fields", way, fields);
        }
        check_stored(self, "ids");
        score_stop(self->score);
        score_tear_down(self);
    }
}

/* ---- the log loses records ---- */

static void records_below_the_logs_start_are_told(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    start_score(self);
    say(self, 0, 20, TELLS_NOTHING);
    score_turns(self->score, 2, SECOND);
    score_stop(self->score);
    for (unsigned i = 0; i < 5; i++) {
        world_write(&self->world, "cx.signals", 0, span_of(NULL, 0), span_text("nobody will read this"));
    }
    say(self, 0, 20, TELLS_NOTHING);
    fake_kafka_trim(self->world.kafka, "cx.signals", 0, 6);
    start_score(self);
    score_turns(self->score, 3, SECOND);
    check_stored(self, "trimmed");
    assert_int_equal(self->score->status->lost_records, 5);
    int64_t since = fake_redis_meta(self->world.redis, 0)->complete_since_us;
    assert_true(since > WORLD_BASE && since <= self->world.clock.wall_us);
    score_stop(self->score);
    start_score(self);
    score_turns(self->score, 3, SECOND);
    assert_int_equal(fake_redis_meta(self->world.redis, 0)->complete_since_us, since);
    score_stop(self->score);
    score_tear_down(self);
}

/* How the owner finds the log cut to 4 of the 10 batches read, and what happens to its first write after that. */
static const struct {
    const char *name;
    bool restarts;
    unsigned regrown; /* batches written after the cut, before it looks again */
    enum fake_trouble trouble;
} cuts[] = {
    {"while it reads", false, 0, TROUBLE_NONE},
    {"while it reads, grown again", false, 3, TROUBLE_NONE},
    {"while it reads, grown beyond", false, 20, TROUBLE_NONE},
    {"while it was away", true, 0, TROUBLE_NONE},
    {"while it was away, grown again", true, 3, TROUBLE_NONE},
    {"the reply lost", false, 3, TROUBLE_REPLY_LOST},
    {"the write refused", false, 3, TROUBLE_REFUSED},
    {"the end after the write", false, 3, TROUBLE_DIES},
};
#define BATCH 10

/* What is stored is exactly what the log holds up to the stored position: at no time a mixture. */
static void check_position_and_counts_agree(void *context)
{
    struct score_setup *self = context;
    int64_t next = fake_redis_meta(self->world.redis, 0)->next;
    next = next < 0 ? 0 : next;
    int64_t counts[COUNTERS];
    (void)stored_counts(&self->world, self->agencies[0], "returns", CHANNEL_PHONE, counts);
    if (counts[COUNTER_EVENTS] != next * BATCH) {
        fail_msg("%lld events are stored at position %lld", (long long)counts[COUNTER_EVENTS], (long long)next);
    }
}

/* Ten plain samples, which are not counted as expected: the log says what is. */
static void say_batch(struct score_setup *self)
{
    struct sample samples[BATCH];
    for (unsigned i = 0; i < BATCH; i++) {
        samples[i] = new_sample(self, 0);
    }
    world_batch(&self->world, 0, samples, BATCH, TELLS_CAUGHT_UP);
}

static void a_log_that_was_cut_is_counted_anew(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(cuts); row++) {
        struct score_setup *self = score_set_up(row, NULL);
        struct reason why;
        start_score(self);
        for (unsigned i = 0; i < 10; i++) {
            say_batch(self);
            score_turns(self->score, 1, SECOND);
            check_position_and_counts_agree(self);
        }
        struct sample copy =
            new_sample(self, 0); /* said once before the cut and once after: only the second is there */
        world_batch(&self->world, 0, &copy, 1, TELLS_CAUGHT_UP);
        score_turns(self->score, 1, SECOND);
        if (cuts[row].restarts) {
            score_stop(self->score);
        }
        fake_kafka_cut(self->world.kafka, "cx.signals", 0, 4);
        for (unsigned i = 0; i < cuts[row].regrown; i++) {
            say_batch(self);
        }
        if (cuts[row].restarts) {
            start_score(self);
        }
        fake_store_next(self->score->store, cuts[row].trouble);
        for (unsigned i = 0; i < 30; i++) {
            virtual_clock_pass(&self->world.clock, SECOND);
            if (score_step(self->score, &why) == STOP) {
                score_kill(self->score);
                start_score(self);
            }
            if (i >= 3) {
                check_position_and_counts_agree(self);
            }
        }
        assert_int_equal(fake_redis_meta(self->world.redis, 0)->next, 4 + cuts[row].regrown);
        assert_true(fake_redis_meta(self->world.redis, 0)->complete_since_us > WORLD_BASE);
        world_batch(&self->world, 0, &copy, 1, TELLS_CAUGHT_UP);
        score_turns(self->score, 3, SECOND);
        int64_t counts[COUNTERS];
        (void)stored_counts(&self->world, self->agencies[0], "returns", CHANNEL_PHONE, counts);
        assert_int_equal(counts[COUNTER_EVENTS], (4 + cuts[row].regrown) * BATCH + 1);
        score_stop(self->score);
        score_tear_down(self);
    }
}

/* An agency that only the lost records told of: what is public of it does not stay as it was. */
static void what_only_the_lost_records_told_is_taken_back(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    struct sample samples[40];
    start_score(self);
    say_batch(self);
    say_batch(self);
    score_turns(self->score, 2, SECOND);
    for (unsigned i = 0; i < COUNT(samples); i++) {
        samples[i] = new_sample(self, 0);
        samples[i].service = "gone";
    }
    world_batch(&self->world, 0, samples, COUNT(samples), TELLS_CAUGHT_UP);
    score_turns(self->score, 2, US_PER_MINUTE);
    json_t *score = last_score(&self->world, self->agencies[0]);
    assert_int_equal(number_in(json_object_get(card_in(score, "28d", ""), "interactions"), "long"), 60);
    json_decref(score);
    fake_kafka_cut(self->world.kafka, "cx.signals", 0, 2);
    score_turns(self->score, 3, SECOND);
    say(self, 0, 0, TELLS_CAUGHT_UP);
    score_turns(self->score, 3, 30 * SECOND);
    score = last_score(&self->world, self->agencies[0]);
    assert_int_equal(number_in(json_object_get(card_in(score, "28d", ""), "interactions"), "long"), 20);
    json_decref(score);
    int64_t counts[COUNTERS];
    assert_true(stored_counts(&self->world, self->agencies[0], "gone", CHANNEL_PHONE, counts));
    assert_int_equal(counts[COUNTER_EVENTS], 0);
    score_stop(self->score);
    score_tear_down(self);
}

/* Nothing is left of the log: what is public waits for something to be read, and is of no time before. */
static void an_emptied_log_tells_nothing_at_first(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    start_score(self);
    for (unsigned i = 0; i < 5; i++) {
        say_batch(self);
        score_turns(self->score, 1, SECOND);
    }
    fake_kafka_cut(self->world.kafka, "cx.signals", 0, 0);
    for (unsigned i = 0; i < 3; i++) {
        score_turns(self->score, 8, SECOND);
        json_t *score = last_score(&self->world, self->agencies[0]);
        assert_true(number_in(score, "as_of") >= WORLD_BASE);
        json_decref(score);
        world_batch(&self->world, 0, NULL, 0, i == 0 ? TELLS_NOTHING : TELLS_CAUGHT_UP);
    }
    json_t *score = last_score(&self->world, self->agencies[0]);
    assert_true(json_is_true(json_object_get(card_in(score, "28d", ""), "suppressed")));
    json_decref(score);
    score_stop(self->score);
    score_tear_down(self);
}

/* ---- what is stored, for people ---- */

static void the_state_can_be_shown(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    struct buffer out;
    struct reason why;
    buffer_init(&out, 1 << 20);
    assert_int_equal(fake_redis_has(self->world.redis, 0), false);
    start_score(self);
    assert_int_equal(state_show(self->score->store, 0, &out, &why), DONE);
    assert_int_equal(out.size, 0); /* nothing is stored yet */
    say(self, 0, 200, TELLS_CAUGHT_UP);
    score_turns(self->score, 3, SECOND);
    assert_int_equal(state_show(self->score->store, 0, &out, &why), DONE);
    json_t *line = json_loadb((const char *)out.data, out.size, 0, NULL);
    assert_non_null(line);
    assert_string_equal(text_in(line, "agency"), self->agencies[0]);
    assert_string_equal(text_in(line, "service"), "returns");
    assert_string_equal(text_in(line, "channel"), "phone");
    assert_string_equal(text_in(line, "as_of"), "2026-11-22T09:00:00Z");
    assert_int_equal(number_in(line, "partition"), 0);
    static const char *const windows[] = {"1h", "4h", "24h", "7d", "28d"};
    for (size_t w = 0; w < COUNT(windows); w++) {
        const json_t *window = json_object_get(json_object_get(line, "windows"), windows[w]);
        const json_t *resolved = json_object_get(json_object_get(window, "signals"), "resolved");
        assert_int_equal(number_in(window, "events"), self->expected[0][SAMPLE_EVENTS]);
        assert_int_equal(number_in(window, "interactions"), self->expected[0][SAMPLE_INTERACTIONS]);
        assert_int_equal(json_integer_value(json_array_get(resolved, 0)), self->expected[0][SAMPLE_BAD]);
        assert_int_equal(json_integer_value(json_array_get(resolved, 1)), self->expected[0][SAMPLE_GOOD]);
    }
    json_decref(line);
    fake_redis_down(self->world.redis, true);
    assert_int_equal(state_show(self->score->store, 0, &out, &why), RETRY);
    fake_redis_down(self->world.redis, false);
    score_stop(self->score);
    buffer_done(&out);
    score_tear_down(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failover_is_made_good),
        cmocka_unit_test(an_empty_redis_is_filled_again),
        cmocka_unit_test(copies_count_once_over_restarts),
        cmocka_unit_test(old_ids_leave_the_state),
        cmocka_unit_test(records_below_the_logs_start_are_told),
        cmocka_unit_test(a_log_that_was_cut_is_counted_anew),
        cmocka_unit_test(an_emptied_log_tells_nothing_at_first),
        cmocka_unit_test(the_state_can_be_shown),
        cmocka_unit_test(what_only_the_lost_records_told_is_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
