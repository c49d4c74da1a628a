/* test_scorer_time.c - the second stage and time: when silence counts, when it says that it is catching up, what it
 * sends again.
 *
 * Oracle: DESIGN, "Time", as rows. */
#include "score_setup.h"

/* What is known of the sources, and whether the clock then moves as_of on. */
static const struct {
    const char *name;
    enum progress_told told;
    int64_t told_before_us; /* how long ago when it is looked at */
    bool moves;
} silences[] = {
    {"nothing is known of them since", TELLS_NOTHING, 0, false},
    {"they are not read to their end", TELLS_BEHIND, 0, false},
    {"they are", TELLS_CAUGHT_UP, 0, true},
    {"they were 29 seconds ago", TELLS_CAUGHT_UP, 29 * SECOND, true},
    {"they were 31 seconds ago", TELLS_CAUGHT_UP, 31 * SECOND, false},
};

static void silence_counts_when_all_was_read(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(silences); row++) {
        struct score_setup *self = score_set_up(row, NULL);
        start_score(self);
        say(self, 0, 10, TELLS_CAUGHT_UP);
        score_turns(self->score, 2, SECOND);
        int64_t began = fake_redis_meta(self->world.redis, 0)->as_of_us;
        assert_int_equal(began, WORLD_BASE);
        virtual_clock_pass(&self->world.clock, 20 * US_PER_MINUTE);
        world_batch(&self->world, 0, NULL, 0, silences[row].told);
        score_turns(self->score, 1, silences[row].told_before_us);
        score_turns(self->score, 1, SECOND);
        int64_t moved = fake_redis_meta(self->world.redis, 0)->as_of_us - began;
        assert_int_equal(moved % US_PER_MINUTE, 0);
        if ((moved == 20 * US_PER_MINUTE) != silences[row].moves || (moved != 0) != silences[row].moves) {
            fail_msg("%s: moved by %lld", silences[row].name, (long long)moved);
        }
        score_stop(self->score);
        score_tear_down(self);
    }
}

static void what_was_not_read_of_our_own_topic_holds_the_clock(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    start_score(self);
    say(self, 0, 10, TELLS_CAUGHT_UP);
    score_turns(self->score, 2, SECOND);
    for (unsigned i = 0; i < 40; i++) {
        say(self, 0, 1, TELLS_CAUGHT_UP);
    }
    virtual_clock_pass(&self->world.clock, 5 * US_PER_MINUTE);
    world_batch(&self->world, 0, NULL, 0, TELLS_CAUGHT_UP);
    int64_t before = -1;
    for (unsigned i = 0; i < 40; i++) { /* a few batches a turn: it is behind for a while */
        score_turns(self->score, 1, SECOND);
        int64_t next = fake_redis_meta(self->world.redis, 0)->next;
        int64_t as_of = fake_redis_meta(self->world.redis, 0)->as_of_us;
        assert_int_equal(as_of, next < 42 ? WORLD_BASE : WORLD_BASE + 5 * US_PER_MINUTE);
        before = next > before ? next : before;
    }
    assert_int_equal(before, 42);
    check_stored(self, "caught up");
    score_stop(self->score);
    score_tear_down(self);
}

static void an_event_ahead_of_the_clock_does_not_move_it(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    start_score(self);
    struct sample sample = new_sample(self, 0);
    sample.at_us += 4 * US_PER_MINUTE;
    world_batch(&self->world, 0, &sample, 1, TELLS_NOTHING);
    score_turns(self->score, 2, SECOND);
    assert_int_equal(fake_redis_meta(self->world.redis, 0)->as_of_us, WORLD_BASE);
    score_stop(self->score);
    score_tear_down(self);
}

static void it_does_not_move_back_over_a_restart(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    start_score(self);
    say(self, 0, 10, TELLS_CAUGHT_UP);
    idle(self, 300);
    int64_t before = fake_redis_meta(self->world.redis, 0)->as_of_us;
    assert_int_equal(before, WORLD_BASE + 4 * US_PER_MINUTE);
    score_kill(self->score);
    start_score(self);
    struct sample sample = new_sample(self, 0);
    sample.at_us -= US_PER_HOUR;
    expect(self, &sample);
    world_batch(&self->world, 0, &sample, 1, TELLS_NOTHING);
    score_turns(self->score, 2, SECOND);
    check_stored(self, "late");
    assert_int_equal(fake_redis_meta(self->world.redis, 0)->as_of_us, before);
    score_stop(self->score);
    score_tear_down(self);
}

/* The last scorecard's flag; -1: there is no scorecard. */
static int says_catching_up(struct score_setup *self)
{
    json_t *score = last_score(&self->world, self->agencies[0]);
    int flag = score ? json_is_true(json_object_get(score, "catching_up")) : -1;
    json_decref(score);
    return flag;
}

static void scorecards_say_that_they_are_catching_up(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    start_score(self);
    say(self, 0, 10, TELLS_NOTHING);
    score_turns(self->score, 10, SECOND);
    assert_int_equal(says_catching_up(self), 1); /* nobody knows how far the sources were read */
    say(self, 0, 10, TELLS_CAUGHT_UP);
    score_turns(self->score, 10, SECOND);
    assert_int_equal(says_catching_up(self), 0);
    assert_int_equal(self->score->status->tasks[TASK_LIVE], 1); /* the other partition's has heard of no sources */
    say(self, 0, 1, TELLS_BEHIND);
    score_turns(self->score, 10, SECOND);
    assert_int_equal(says_catching_up(self), 0); /* a source that is always written to is never read to its end */
    score_turns(self->score, 30, SECOND);
    say(self, 0, 1, TELLS_BEHIND); /* but the end of half a minute ago must be reached */
    score_turns(self->score, 10, SECOND);
    assert_int_equal(says_catching_up(self), 1);
    say(self, 0, 1, TELLS_CAUGHT_UP);
    score_turns(self->score, 10, SECOND);
    assert_int_equal(says_catching_up(self), 0);
    score_turns(self->score, 3, 20 * SECOND); /* intake has stopped telling */
    say(self, 0, 1, TELLS_NOTHING);
    score_turns(self->score, 10, SECOND);
    assert_int_equal(says_catching_up(self), 1);
    score_stop(self->score);
    score_tear_down(self);
}

/* Old history, read after everything was lost: what is published on the way says so. */
static void a_rebuild_says_that_it_is_catching_up(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    start_score(self);
    for (unsigned i = 0; i < 60; i++) {
        say(self, 0, 10, TELLS_CAUGHT_UP);
        score_turns(self->score, 5, SECOND);
        virtual_clock_pass(&self->world.clock, US_PER_MINUTE);
    }
    assert_int_equal(says_catching_up(self), 0);
    fake_redis_flush(self->world.redis);
    virtual_clock_pass(&self->world.clock, US_PER_HOUR); /* so that the progress told in the log is old */
    score_stop(self->score);
    start_score(self);
    for (unsigned i = 0; i < 40; i++) {
        score_turns(self->score, 1, 5 * SECOND);
        assert_int_equal(says_catching_up(self) == 0 && i > 2, 0);
    }
    check_stored(self, "rebuilt");
    world_batch(&self->world, 0, NULL, 0, TELLS_CAUGHT_UP);
    score_turns(self->score, 3, 5 * SECOND);
    assert_int_equal(says_catching_up(self), 0);
    score_stop(self->score);
    score_tear_down(self);
}

/* ---- what is sent again ---- */

static size_t scores_sent(struct score_setup *self)
{
    return record_count(&self->world, self->world.config.topic_scores);
}

static void everything_is_sent_again_after_a_claim_and_every_hour(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    start_score(self);
    say(self, 0, 20, TELLS_CAUGHT_UP);
    say(self, 1, 20, TELLS_CAUGHT_UP);
    idle(self, 90);
    size_t before = scores_sent(self);
    idle(self, 1800);
    assert_int_equal(scores_sent(self), before); /* nothing has changed */
    idle(self, 1900);
    assert_int_equal(scores_sent(self), before + 4); /* the hour's round; and the 1 h window has become empty */
    before = scores_sent(self);
    score_stop(self->score);
    start_score(self);
    idle(self, 120);
    assert_true(scores_sent(self) >= before + 2);
    score_stop(self->score);
    score_tear_down(self);
}

static void what_was_not_delivered_is_sent_again(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 3; way++) {
        struct score_setup *self = score_set_up(way, NULL);
        start_score(self);
        idle(self, 60);
        if (way == 0) {
            fake_publisher_fail(self->score->publisher, 0, 1000);
        } else if (way == 1) {
            fake_publisher_room(self->score->publisher, 3);
            fake_publisher_hold(self->score->publisher, true);
        } else {
            fake_redis_odds(self->world.redis)->view_fails = 1;
        }
        say(self, 0, 20, TELLS_CAUGHT_UP);
        idle(self, 10);
        if (way < 2) {
            assert_int_equal(says_catching_up(self), -1);
        }
        fake_publisher_fail(self->score->publisher, 0, 0);
        fake_publisher_hold(self->score->publisher, false);
        fake_publisher_room(self->score->publisher, 1000);
        fake_redis_odds(self->world.redis)->view_fails = 0;
        idle(self, 30);
        assert_int_equal(says_catching_up(self), 0);
        char key[64];
        snprintf(key, sizeof key, "view:%s", self->agencies[0]);
        assert_non_null(fake_redis_view(self->world.redis, span_text(key)).data);
        score_stop(self->score);
        score_tear_down(self);
    }
}

/* Kafka takes nothing for a while: a turn waits for it once, not once a task. */
static void a_full_queue_is_waited_for_once_a_turn(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    start_score(self);
    idle(self, 60);
    fake_publisher_room(self->score->publisher, 1);
    fake_publisher_hold(self->score->publisher, true);
    for (unsigned i = 0; i < 3; i++) {
        say(self, 0, 20, TELLS_CAUGHT_UP);
        say(self, 1, 20, TELLS_CAUGHT_UP);
        int64_t before = self->world.clock.mono_us;
        score_turns(self->score, 1, 6 * SECOND);
        int64_t took = self->world.clock.mono_us - before - 6 * SECOND;
        assert_true(took >= 4 * SECOND && took <= 6 * SECOND);
        check_stored(self, "clogged"); /* and what is counted is stored meanwhile */
    }
    fake_publisher_hold(self->score->publisher, false);
    fake_publisher_room(self->score->publisher, 1000);
    idle(self, 30);
    assert_int_equal(says_catching_up(self), 0);
    score_stop(self->score);
    score_tear_down(self);
}

/* Interactions of the first agency's cell in a window, as they were published last; −1: never, or withheld. */
static int64_t interactions_told(struct score_setup *self, const char *window)
{
    int64_t told = -1;
    const char *topic = self->world.config.topic_aggregates;
    for (int64_t offset = 0; offset < fake_kafka_end(self->world.kafka, topic, 0); offset++) {
        const struct fake_record *at = fake_kafka_at(self->world.kafka, topic, 0, offset);
        json_t *aggregate = at ? published_json(at->value, "aggregate", ID_AGGREGATE) : NULL;
        if (aggregate && strcmp(text_in(aggregate, "window"), window) == 0) {
            const json_t *count = json_object_get(aggregate, "interactions");
            told = json_is_null(count) ? -1 : number_in(count, "long");
        }
        json_decref(aggregate);
    }
    return told;
}

/* Else it would stand in the topic as it was, until the next event. */
static void what_emptied_while_nobody_looked_is_told(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    start_score(self);
    say(self, 0, 40, TELLS_CAUGHT_UP);
    idle(self, 90);
    int64_t before = interactions_told(self, "1h");
    assert_true(before > 0);
    score_stop(self->score);
    virtual_clock_pass(&self->world.clock, 2 * US_PER_HOUR);
    start_score(self);
    idle(self, 120);
    assert_int_equal(interactions_told(self, "1h"), -1); /* that there is none is of too few to be said */
    assert_int_equal(interactions_told(self, "24h"), before);
    score_stop(self->score);
    score_tear_down(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_counts_when_all_was_read),
        cmocka_unit_test(what_was_not_read_of_our_own_topic_holds_the_clock),
        cmocka_unit_test(an_event_ahead_of_the_clock_does_not_move_it),
        cmocka_unit_test(it_does_not_move_back_over_a_restart),
        cmocka_unit_test(scorecards_say_that_they_are_catching_up),
        cmocka_unit_test(a_rebuild_says_that_it_is_catching_up),
        cmocka_unit_test(everything_is_sent_again_after_a_claim_and_every_hour),
        cmocka_unit_test(what_emptied_while_nobody_looked_is_told),
        cmocka_unit_test(what_was_not_delivered_is_sent_again),
        cmocka_unit_test(a_full_queue_is_waited_for_once_a_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
