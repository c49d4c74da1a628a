/* test_scorer.c - the second stage, its claims and its applies, over a fake Kafka, a fake Redis and a virtual clock:
 * every event counted once, whoever owns the partition and whatever becomes of a write. Time and ids have
 * test_scorer_time.c, what leaves the stage test_scorer_alerts.c.
 *
 * Oracle: the samples said, counted by hand. */
#include "score_setup.h"

/* ---- claims ---- */

static void a_new_task_begins_at_the_logs_start(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    for (unsigned i = 0; i < 5; i++) {
        say(self, 0, 10, TELLS_NOTHING);
        uint64_t other = fake_kafka_leave_open(self->world.kafka, "cx.signals", 0);
        fake_kafka_end_transaction(self->world.kafka, other, FATE_ABORTED);
    }
    struct score_run *lag = score_start(&self->world, "lag"); /* what a group has committed is no position of ours */
    const struct source_position seen = {0, 0, 4, 4, 1};
    lag->source->ops->commit(lag->source, &seen, 1);
    score_kill(lag);
    start_score(self);
    score_turns(self->score, 10, SECOND);
    check_stored(self, "new");
    const struct task_meta *meta = fake_redis_meta(self->world.redis, 0);
    assert_int_equal(meta->next, 15); /* beyond what was aborted, and the markers */
    assert_int_equal(meta->partitions, PARTITIONS);
    assert_string_equal(meta->cluster_id, "cluster-1");
    assert_string_equal(meta->topic_id, "topic-1");
    assert_int_equal(meta->complete_since_us, INT64_MIN);
    assert_int_equal(fake_redis_owner(self->world.redis, 0).epoch, (WORLD_BASE + SECOND) / 1000);
    assert_int_equal(fake_kafka_committed(self->world.kafka, "test-score", "cx.signals", 0), 15); /* for lag tools */
    score_stop(self->score);
    score_tear_down(self);
}

/* How an owner ends, and whether its last second of events was stored by it. */
static void a_restart_goes_on(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 4; way++) {
        struct score_setup *self = score_set_up(way, NULL);
        for (unsigned life = 0; life < 5; life++) {
            start_score(self);
            score_turns(self->score, 1, SECOND);
            say(self, 0, 20, TELLS_NOTHING);
            say(self, 1, 20, TELLS_CAUGHT_UP);
            score_turns(self->score, 2, way < 2 ? SECOND : 10);
            (way % 2 ? score_stop : score_kill)(self->score);
            if (way != 2) {
                check_stored(self, "restart");
            }
        }
        start_score(self);
        score_turns(self->score, 4, SECOND);
        check_stored(self, "at last");
        score_stop(self->score);
        score_tear_down(self);
    }
}

static void revoke_and_turn(struct score_run *score, int32_t partition)
{
    fake_source_revoke(score->source, 0, partition);
    score_turns(score, 1, 10);
}

static void assign_and_turn(struct score_run *score, int32_t partition)
{
    fake_source_assign(score->source, 0, partition);
    score_turns(score, 1, 10);
}

/* That nothing is loaded shows by loading not working. */
static void memory_that_is_still_good_is_kept(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    start_score(self);
    score_turns(self->score, 1, SECOND);
    say(self, 0, 30, TELLS_CAUGHT_UP);
    score_turns(self->score, 1, 10);
    fake_redis_odds(self->world.redis)->load_fails = 1;
    for (unsigned i = 0; i < 3; i++) {
        revoke_and_turn(self->score, 0); /* applies what came last */
        check_stored(self, "revoked");
        assert_int_equal(self->score->status->tasks[TASK_WAITING], 0);
        assign_and_turn(self->score, 0);
        assert_int_equal(self->score->status->tasks[TASK_CATCHING_UP] + self->score->status->tasks[TASK_LIVE], 2);
        say(self, 0, 30, TELLS_CAUGHT_UP);
        score_turns(self->score, 2, SECOND);
        check_stored(self, "kept");
    }
    score_stop(self->score);
    score_tear_down(self);
}

static void memory_that_another_has_outlived_is_not(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    start_score(self);
    struct score_run *other = score_start(&self->world, "b");
    score_turns(self->score, 1, SECOND);
    say(self, 0, 30, TELLS_CAUGHT_UP);
    score_turns(self->score, 1, SECOND);
    for (unsigned i = 0; i < 3; i++) {
        revoke_and_turn(self->score, 0);
        assign_and_turn(other, 0);
        say(self, 0, i == 1 ? 0 : 30, TELLS_CAUGHT_UP); /* or it has only been claimed */
        score_turns(other, i == 2 ? 0 : 2, SECOND);
        revoke_and_turn(other, 0);
        assign_and_turn(self->score, 0);
        say(self, 0, 30, TELLS_CAUGHT_UP);
        score_turns(self->score, 2, SECOND);
        check_stored(self, "back");
    }
    score_stop(other);
    score_stop(self->score);
    score_tear_down(self);
}

/* State that is not ours to touch. */
static const struct {
    const char *name;
    const char *cluster;
    int32_t partitions;
    bool newer;
    const char *says;
} origins[] = {
    {"another cluster", "cluster-2", PARTITIONS, false, "kafka.brokers"},
    {"another number of partitions", "cluster-1", 3, false, "signals.partitions"},
    {"a newer format", "cluster-1", PARTITIONS, true, "newer"},
};

static void foreign_state_is_refused(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(origins); row++) {
        struct score_setup *self = score_set_up(row, NULL);
        struct reason why;
        start_score(self);
        say(self, 0, 20, TELLS_NOTHING);
        score_turns(self->score, 2, SECOND);
        score_stop(self->score);
        struct task_meta *meta = fake_redis_meta(self->world.redis, 0);
        uint64_t seq = fake_redis_seq(self->world.redis, 0);
        struct owner owner = fake_redis_owner(self->world.redis, 0);
        snprintf(meta->cluster_id, sizeof meta->cluster_id, "%s", origins[row].cluster);
        meta->partitions = origins[row].partitions;
        fake_redis_newer(self->world.redis, 0, origins[row].newer);
        start_score(self);
        virtual_clock_pass(&self->world.clock, SECOND);
        assert_int_equal(score_step(self->score, &why), STOP);
        assert_int_equal(why.code, REASON_REFUSED);
        if (!strstr(why.text, origins[row].says)) {
            fail_msg("%s: %s", origins[row].name, why.text);
        }
        score_kill(self->score);
        assert_int_equal(fake_redis_seq(self->world.redis, 0), seq);
        assert_int_equal(fake_redis_owner(self->world.redis, 0).random, owner.random); /* whose it is goes on */
        check_stored(self, origins[row].name);
        score_tear_down(self);
    }
}

static void a_topic_made_again_is_read_from_its_start(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    start_score(self);
    for (unsigned i = 0; i < 5; i++) {
        say(self, 0, 20, TELLS_NOTHING);
    }
    score_turns(self->score, 3, SECOND);
    score_stop(self->score);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        fake_kafka_cut(self->world.kafka, "cx.signals", p, 0);
    }
    self->world.topic_id = "topic-2";
    say(self, 0, 20, TELLS_NOTHING);
    for (unsigned i = 0; i < 3; i++) {
        start_score(self);
        score_turns(self->score, 3, SECOND);
        check_stored(self, "again");
        score_stop(self->score);
    }
    assert_string_equal(fake_redis_meta(self->world.redis, 0)->topic_id, "topic-2");
    assert_int_equal(fake_redis_meta(self->world.redis, 0)->next, 1);
    score_tear_down(self);
}

static void a_partition_waits_for_redis(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    say(self, 0, 20, TELLS_NOTHING);
    say(self, 1, 20, TELLS_NOTHING);
    fake_redis_down(self->world.redis, true);
    start_score(self);
    score_turns(self->score, 10, SECOND);
    assert_int_equal(self->score->status->tasks[TASK_WAITING], PARTITIONS);
    say(self, 0, 20, TELLS_NOTHING);
    fake_redis_down(self->world.redis, false);
    score_turns(self->score, 8, SECOND); /* it asks again within five */
    assert_int_equal(self->score->status->tasks[TASK_WAITING], 0);
    check_stored(self, "waited");
    assert_int_equal(score_total(self->score, RECORD_APPLIED), 60);
    score_stop(self->score);
    score_tear_down(self);
}

static void a_load_that_fails_is_done_again(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct score_setup *self = score_set_up(seed, NULL);
        start_score(self);
        for (unsigned i = 0; i < 3; i++) {
            say(self, 0, 20, TELLS_NOTHING);
            say(self, 1, 20, TELLS_NOTHING);
            score_turns(self->score, 1, SECOND);
        }
        score_stop(self->score);
        fake_redis_odds(self->world.redis)->load_fails = 2;
        start_score(self);
        score_turns(self->score, 30, SECOND);
        fake_redis_odds(self->world.redis)->load_fails = 0;
        say(self, 0, 20, TELLS_NOTHING);
        score_turns(self->score, 8, SECOND);
        check_stored(self, "loaded");
        score_stop(self->score);
        score_tear_down(self);
    }
}

/* ---- applies ---- */

/* What becomes of one apply, and whether events come before the next. */
static const struct {
    const char *name;
    enum fake_trouble trouble;
    bool more;
    enum outcome outcome;
} applies[] = {
    {"refused", TROUBLE_REFUSED, false, RETRY},
    {"refused, and more came", TROUBLE_REFUSED, true, RETRY},
    {"the reply lost", TROUBLE_REPLY_LOST, false, RETRY},
    {"the reply lost, and more came", TROUBLE_REPLY_LOST, true, RETRY},
    {"the end after the write", TROUBLE_DIES, false, STOP},
    {"the end after the write, and more came", TROUBLE_DIES, true, STOP},
};

static void an_apply_goes_wrong(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(applies); row++) {
        struct score_setup *self = score_set_up(row, NULL);
        struct reason why;
        start_score(self);
        score_turns(self->score, 2, SECOND);
        for (unsigned i = 0; i < 5; i++) {
            say(self, 0, 20, TELLS_CAUGHT_UP);
            say(self, 1, 20, TELLS_CAUGHT_UP);
            virtual_clock_pass(&self->world.clock, SECOND);
            fake_store_next(self->score->store, applies[row].trouble);
            assert_int_equal(score_step(self->score, &why), applies[row].outcome);
            if (applies[row].more) {
                say(self, 0, 20, TELLS_CAUGHT_UP);
            }
            if (applies[row].outcome == STOP) {
                score_kill(self->score);
                start_score(self);
            }
            score_turns(self->score, 4, SECOND);
            check_stored(self, applies[row].name);
        }
        assert_int_equal(fake_redis_applies(self->world.redis, APPLY_GAP), 0);
        assert_int_equal(fake_redis_applies(self->world.redis, APPLY_FENCED), 0);
        score_stop(self->score);
        check_stored(self, applies[row].name);
        score_tear_down(self);
    }
}

/* Interactions in the last scorecard; 0: there is none. */
static int64_t published_interactions(struct score_setup *self)
{
    json_t *score = last_score(&self->world, self->agencies[0]);
    const json_t *shown = score ? json_object_get(card_in(score, "28d", ""), "interactions") : NULL;
    int64_t count = shown && !json_is_null(shown) ? number_in(shown, "long") : 0;
    json_decref(score);
    return count;
}

static void nothing_is_public_before_it_is_stored(void **state)
{
    (void)state;
    static const char *const often[] = {"score.look_interval=100ms", NULL};
    struct score_setup *self = score_set_up(1, often);
    start_score(self);
    score_turns(self->score, 2, SECOND);
    fake_redis_odds(self->world.redis)->reply_lost = 3;
    fake_redis_odds(self->world.redis)->refused = 5;
    int64_t most = 0;
    for (unsigned i = 0; i < 100; i++) {
        struct sample samples[20];
        struct reason why;
        for (unsigned s = 0; s < COUNT(samples); s++) {
            samples[s] = new_sample(self, 0);
        }
        world_batch(&self->world, 0, samples, COUNT(samples), TELLS_CAUGHT_UP);
        virtual_clock_pass(&self->world.clock, SECOND);
        (void)!score_step(self->score, &why);
        (void)!self->score->publisher->ops->serve(self->score->publisher, 0, &why);
        int64_t counts[COUNTERS];
        (void)stored_counts(&self->world, self->agencies[0], "returns", CHANNEL_PHONE, counts);
        int64_t shown = published_interactions(self);
        assert_true(shown <= counts[COUNTER_INTERACTIONS]);
        most = shown > most ? shown : most;
    }
    assert_true(most > 1000);
    assert_true(self->score->status->applies[APPLY_DUPLICATE] > 10);
    score_stop(self->score);
    score_tear_down(self);
}

/* Another claims while the owner is paused between its poll and its apply. */
struct takeover {
    struct score_setup *setup;
    struct score_run *heir;
    bool is_told; /* the owner hears of it at its next poll */
    size_t published;
};

static void take_over(void *context)
{
    struct takeover *self = context;
    if (self->is_told) {
        fake_source_expel(self->setup->score->source);
    }
    score_assign_all(self->heir);
    score_turns(self->heir, 3, SECOND);
    check_stored(self->setup, "taken over");
    self->published = published_count(self->setup);
}

static void a_zombie_stores_and_publishes_nothing(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    struct takeover takeover = {self, score_start(&self->world, "b"), true, 0};
    start_score(self);
    for (unsigned i = 0; i < 2; i++) {
        say(self, 0, 20, TELLS_CAUGHT_UP);
        say(self, 1, 20, TELLS_CAUGHT_UP);
        if (i == 1) {
            fake_redis_before_apply(self->world.redis, take_over, &takeover);
        }
        score_turns(self->score, 1, SECOND);
    }
    assert_int_equal(self->score->status->applies[APPLY_FENCED], PARTITIONS);
    score_turns(self->score, 10, SECOND);
    assert_int_equal(published_count(self), takeover.published);
    assert_int_equal(self->score->status->tasks[TASK_LIVE] + self->score->status->tasks[TASK_CATCHING_UP], 0);
    check_stored(self, "zombie");
    assert_int_equal(self->score->status->signal_batches_read, 4);
    score_stop(self->score);
    assert_int_equal(published_count(self), takeover.published);
    score_stop(takeover.heir);
    score_tear_down(self);
}

/* It is not told, and takes its partitions back: two that both think they own them still count once. */
static void two_owners_count_once(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    struct takeover takeover = {self, score_start(&self->world, "b"), false, 0};
    start_score(self);
    say(self, 0, 20, TELLS_CAUGHT_UP);
    fake_redis_before_apply(self->world.redis, take_over, &takeover);
    score_turns(self->score, 1, SECOND);
    struct owner heir = fake_redis_owner(self->world.redis, 0);
    score_turns(self->score, 1, SECOND); /* first it gives Kafka the time to tell */
    assert_int_equal(fake_redis_owner(self->world.redis, 0).random, heir.random);
    for (unsigned i = 0; i < 20; i++) {
        say(self, 0, 20, TELLS_CAUGHT_UP);
        say(self, 1, 20, TELLS_CAUGHT_UP);
        score_turns(self->score, 1, SECOND);
        score_turns(takeover.heir, 1, 300 * US_PER_MS);
    }
    assert_true(fake_redis_applies(self->world.redis, APPLY_FENCED) >= 4);
    fake_source_expel(self->score->source);
    score_turns(self->score, 1, SECOND);
    score_turns(takeover.heir, 10, SECOND);
    check_stored(self, "two owners");
    score_stop(self->score);
    score_stop(takeover.heir);
    check_stored(self, "two owners");
    score_tear_down(self);
}

/* The wall clock steps back and forth; owners still follow one another, timers still run out. */
static void the_clock_steps(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    uint64_t epoch = 0;
    for (unsigned life = 0; life < 6; life++) {
        start_score(self);
        say(self, 0, 20, TELLS_CAUGHT_UP);
        score_turns(self->score, 3, SECOND);
        check_stored(self, "stepped");
        assert_true(fake_redis_owner(self->world.redis, 0).epoch > epoch);
        epoch = fake_redis_owner(self->world.redis, 0).epoch;
        self->world.clock.wall_us += life % 2 ? 50 * US_PER_MINUTE : -50 * US_PER_MINUTE;
        say(self, 0, 20, TELLS_CAUGHT_UP);
        score_turns(self->score, 3, SECOND);
        check_stored(self, "stepped");
        score_kill(self->score);
    }
    score_tear_down(self);
}

static void a_batch_that_cannot_be_read_is_passed_over(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    start_score(self);
    say(self, 0, 20, TELLS_NOTHING);
    world_write(&self->world, "cx.signals", 0, span_of(NULL, 0), span_text("\x07garbage"));
    world_write(&self->world, "cx.signals", 0, span_of(NULL, 0), span_of(NULL, 0));
    say(self, 0, 20, TELLS_NOTHING);
    score_turns(self->score, 2, SECOND);
    check_stored(self, "garbage");
    assert_int_equal(self->score->status->signal_batches_read, 4);
    assert_int_equal(self->score->status->signal_batches_bad, 2);
    assert_int_equal(fake_redis_meta(self->world.redis, 0)->next, 4);
    score_stop(self->score);
    score_tear_down(self);
}

static void more_partitions_than_configured_are_refused(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    struct reason why;
    fake_kafka_topic(self->world.kafka, "cx.grown", PARTITIONS + 1);
    self->world.config.topic_signals = "cx.grown";
    self->score = score_start(&self->world, "a");
    for (int32_t p = 0; p <= PARTITIONS; p++) {
        fake_source_assign(self->score->source, 0, p);
    }
    assert_int_equal(score_step(self->score, &why), STOP);
    assert_int_equal(why.code, REASON_REFUSED);
    score_kill(self->score);
    score_tear_down(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_task_begins_at_the_logs_start),
        cmocka_unit_test(a_restart_goes_on),
        cmocka_unit_test(memory_that_is_still_good_is_kept),
        cmocka_unit_test(memory_that_another_has_outlived_is_not),
        cmocka_unit_test(foreign_state_is_refused),
        cmocka_unit_test(a_topic_made_again_is_read_from_its_start),
        cmocka_unit_test(a_partition_waits_for_redis),
        cmocka_unit_test(a_load_that_fails_is_done_again),
        cmocka_unit_test(an_apply_goes_wrong),
        cmocka_unit_test(nothing_is_public_before_it_is_stored),
        cmocka_unit_test(a_zombie_stores_and_publishes_nothing),
        cmocka_unit_test(two_owners_count_once),
        cmocka_unit_test(the_clock_steps),
        cmocka_unit_test(a_batch_that_cannot_be_read_is_passed_over),
        cmocka_unit_test(more_partitions_than_configured_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
