/* test_scorer_alerts.c - what leaves the second stage: alerts, each opened and closed once whatever goes wrong in
 * between, and revisions that only grow.
 *
 * Oracle: the topics, read by Avro-C. The rule is the built-in one: the 4 h window, two bad looks to open, three good
 * ones to close, fifty interactions at least. */
#include "score_setup.h"

#define TARGET 50

static struct score_setup *set_up(uint64_t seed)
{
    struct score_setup *self = score_set_up(seed, NULL);
    world_target(&self->world, "*", TARGET);
    return self;
}

/* So many samples that went all well or all badly. */
static void say_all(struct score_setup *self, int32_t partition, unsigned count, int good, enum progress_told told)
{
    struct sample samples[512];
    assert_true(count <= COUNT(samples));
    for (unsigned i = 0; i < count; i++) {
        samples[i] = new_sample(self, partition);
        samples[i].good = good;
    }
    world_batch(&self->world, partition, samples, count, told);
}

/* How many different ids were told of. */
static size_t distinct(const struct told_alert *alerts, size_t count)
{
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        size_t first = 0;
        while (strcmp(alerts[first].id, alerts[i].id) != 0) {
            first++;
        }
        distinct += first == i;
    }
    return distinct;
}

static size_t opened(struct score_setup *self)
{
    return alerts_told(&self->world, "opened", NULL, 0);
}

static size_t closed(struct score_setup *self)
{
    return alerts_told(&self->world, "closed", NULL, 0);
}

static void check_id(const struct told_alert *alert, const char *agency, uint32_t ordinal)
{
    char id[17];
    snprintf(id, sizeof id, "%016llx",
             (unsigned long long)alert_id(ALERT_TARGET, span_text(agency), TARGET_CX, ordinal));
    assert_string_equal(alert->id, id);
    assert_string_equal(alert->agency, agency);
    assert_string_equal(alert->subject, "cx");
    assert_int_equal(alert->ordinal, ordinal);
}

/* The ids in the view's list of open alerts. */
static size_t alerts_in_view(struct score_setup *self, int32_t partition)
{
    json_t *json = last_view(&self->world, self->agencies[partition]);
    assert_non_null(json);
    size_t count = json_array_size(json_object_get(json, "alerts"));
    json_decref(json);
    return count;
}

static void an_alert_opens_and_closes_once(void **state)
{
    (void)state;
    struct score_setup *self = set_up(1);
    struct told_alert alerts[4];
    start_score(self);
    for (uint32_t ordinal = 1; ordinal <= 2; ordinal++) {
        say_all(self, 0, 100, 0, TELLS_CAUGHT_UP);
        idle(self, 240);
        assert_int_equal(alerts_told(&self->world, "opened", alerts, COUNT(alerts)), ordinal);
        check_id(&alerts[ordinal - 1], self->agencies[0], ordinal);
        assert_false(alerts[ordinal - 1].closed_at);
        assert_int_equal(alerts_in_view(self, 0), 1);
        assert_int_equal(fake_redis_count(self->world.redis, 0, "outbox"), 0);
        say_all(self, 0, 400, 1, TELLS_CAUGHT_UP);
        idle(self, 360);
        assert_int_equal(alerts_told(&self->world, "closed", alerts, COUNT(alerts)), ordinal);
        check_id(&alerts[ordinal - 1], self->agencies[0], ordinal);
        assert_true(alerts[ordinal - 1].closed_at);
        assert_int_equal(alerts_in_view(self, 0), 0);
        idle(self, 6 * 3600); /* the window empties */
    }
    assert_int_equal(opened(self), 2);
    assert_int_equal(self->score->status->alerts[ALERT_TARGET][ALERT_OPENED], 2);
    assert_int_equal(self->score->status->alerts[ALERT_TARGET][ALERT_CLOSED], 2);
    score_stop(self->score);
    score_tear_down(self);
}

static void nothing_opens_or_closes_while_catching_up(void **state)
{
    (void)state;
    struct score_setup *self = set_up(1);
    start_score(self);
    for (unsigned i = 0; i < 10; i++) {
        say_all(self, 0, 20, 0, TELLS_BEHIND);
        score_turns(self->score, 12, 5 * SECOND);
    }
    assert_int_equal(opened(self), 0);
    idle(self, 180);
    assert_int_equal(opened(self), 1);
    for (unsigned i = 0; i < 10; i++) {
        say_all(self, 0, 100, 1, TELLS_BEHIND);
        score_turns(self->score, 12, 5 * SECOND);
    }
    assert_int_equal(closed(self), 0);
    idle(self, 180);
    assert_int_equal(closed(self), 1);
    score_stop(self->score);
    score_tear_down(self);
}

/* What goes wrong at one turn of those in which an alert opens and leaves. */
enum mishap {
    MISHAP_NONE,
    MISHAP_REFUSED,
    MISHAP_REPLY_LOST,
    MISHAP_DIES,
    MISHAP_KILLED,
    MISHAP_FAILS,
    MISHAP_MOVES,
    MISHAPS
};
static const char *const mishap_words[MISHAPS] = {
    "none", "refused", "reply lost", "dies after the write", "killed", "delivery fails", "partitions go and come"};

static void befall(struct score_setup *self, enum mishap mishap)
{
    struct reason why;
    switch (mishap) {
    case MISHAP_REFUSED:
    case MISHAP_REPLY_LOST:
    case MISHAP_DIES:
        fake_store_next(self->score->store, mishap == MISHAP_REFUSED      ? TROUBLE_REFUSED
                                            : mishap == MISHAP_REPLY_LOST ? TROUBLE_REPLY_LOST
                                                                          : TROUBLE_DIES);
        virtual_clock_pass(&self->world.clock, SECOND);
        if (score_step(self->score, &why) == STOP) {
            score_kill(self->score);
            start_score(self);
        }
        fake_store_next(self->score->store, TROUBLE_NONE);
        break;
    case MISHAP_KILLED:
        score_kill(self->score); /* what it had sent may or may not arrive */
        start_score(self);
        break;
    case MISHAP_FAILS:
        fake_publisher_fail(self->score->publisher, 0, 30);
        break;
    case MISHAP_MOVES:
        for (int32_t p = 0; p < PARTITIONS; p++) {
            fake_source_revoke(self->score->source, 0, p);
        }
        score_turns(self->score, 1, SECOND);
        score_assign_all(self->score);
        break;
    case MISHAP_NONE:
    case MISHAPS:
        break;
    }
}

static void an_alert_survives_what_goes_wrong(void **state)
{
    (void)state;
    for (unsigned m = 0; m < MISHAPS; m++) {
        for (unsigned when = 0; when < 26; when++) {
            struct score_setup *self = set_up(m * 100 + when);
            struct told_alert alerts[16];
            start_score(self);
            idle(self, 20);
            say_all(self, 0, 100, 0, TELLS_CAUGHT_UP);
            idle(self, 85 + when / 6 * 5);
            score_turns(self->score, when % 6, SECOND);
            befall(self, (enum mishap)m);
            idle(self, 180);
            size_t count = alerts_told(&self->world, "opened", alerts, COUNT(alerts));
            if (count == 0 || distinct(alerts, count) != 1) {
                fail_msg("%s at %u: %zu alerts, %zu different ones", mishap_words[m], when, count,
                         distinct(alerts, count));
            }
            check_id(&alerts[0], self->agencies[0], 1);
            for (size_t i = 1; i < count; i++) {
                assert_int_equal(alerts[i].opened_at, alerts[0].opened_at);
            }
            assert_int_equal(fake_redis_count(self->world.redis, 0, "outbox"), 0);
            assert_int_equal(alerts_in_view(self, 0), 1);
            score_stop(self->score);
            assert_true(m != MISHAP_NONE || opened(self) == 1);
            score_tear_down(self);
        }
    }
}

/* Nothing else happens any more that would have it sent: no event, no progress. */
static void an_alert_that_was_not_delivered_is_sent_again_soon(void **state)
{
    (void)state;
    struct score_setup *self = set_up(1);
    start_score(self);
    idle(self, 20);
    say_all(self, 0, 100, 0, TELLS_CAUGHT_UP);
    fake_publisher_refuse(self->score->publisher, "cx.alerts");
    idle(self, 200);
    assert_int_equal(fake_redis_count(self->world.redis, 0, "outbox"), 1);
    assert_int_equal(opened(self), 0);
    fake_publisher_refuse(self->score->publisher, NULL);
    score_turns(self->score, 5, SECOND);
    assert_int_equal(opened(self), 1);
    assert_int_equal(fake_redis_count(self->world.redis, 0, "outbox"), 0);
    score_stop(self->score);
    score_tear_down(self);
}

/* An alert was sent, and again in the task's next life: that the first has arrived says nothing of the second. */
static void a_delivery_is_heard_of_in_its_own_life_only(void **state)
{
    (void)state;
    struct score_setup *self = set_up(1);
    start_score(self);
    idle(self, 20);
    say_all(self, 0, 100, 0, TELLS_CAUGHT_UP);
    fake_publisher_hold(self->score->publisher, true);
    idle(self, 200);
    assert_int_equal(fake_redis_count(self->world.redis, 0, "outbox"), 1);
    say(self, 0, 1, TELLS_CAUGHT_UP);
    say(self, 1, 1, TELLS_CAUGHT_UP);
    score_turns(self->score, 1, SECOND);
    size_t sent = self->score->publisher->ops->queued(self->score->publisher);
    assert_int_equal(fake_redis_fail_over(self->world.redis, 2), 2);
    idle(self, 10);
    assert_true(self->score->status->applies[APPLY_GAP] >= 1);
    fake_publisher_fail(self->score->publisher, sent, 1000);
    fake_publisher_hold(self->score->publisher, false);
    score_turns(self->score, 1, SECOND);
    fake_publisher_fail(self->score->publisher, 0, 0);
    idle(self, 10);
    assert_int_equal(opened(self), 2);
    assert_int_equal(fake_redis_count(self->world.redis, 0, "outbox"), 0);
    score_stop(self->score);
    score_tear_down(self);
}

/* Episodes keep their numbers when the counts begin anew: no two of them have one id. */
static void a_log_that_was_cut_leaves_alerts_as_they_were(void **state)
{
    (void)state;
    struct score_setup *self = set_up(1);
    struct told_alert alerts[4];
    start_score(self);
    say_all(self, 0, 60, 1, TELLS_CAUGHT_UP);
    score_turns(self->score, 2, SECOND);
    int64_t keeps = fake_kafka_end(self->world.kafka, "cx.signals", 0);
    say_all(self, 0, 400, 0, TELLS_CAUGHT_UP);
    idle(self, 180);
    assert_int_equal(opened(self), 1);
    fake_kafka_cut(self->world.kafka, "cx.signals", 0, keeps);
    idle(self, 400);
    assert_int_equal(closed(self), 1);
    say_all(self, 0, 400, 0, TELLS_CAUGHT_UP);
    idle(self, 180);
    assert_int_equal(alerts_told(&self->world, "opened", alerts, COUNT(alerts)), 2);
    check_id(&alerts[1], self->agencies[0], 2);
    score_stop(self->score);
    score_tear_down(self);
}

/* ---- revisions ---- */

struct revisions {
    const char *key;
    int64_t epoch, seq;
    size_t records;
};

/* In the order of the log, which is the order of publishing: each scorecard's is beyond the one before. */
static void check_revision(void *context, int32_t partition, int64_t offset, const struct fake_record *record)
{
    struct revisions *self = context;
    (void)partition;
    (void)offset;
    if (!span_equal(record->key, span_text(self->key))) {
        return;
    }
    json_t *score = published_json(record->value, "score", ID_SCORE);
    int64_t epoch = number_in(score, "epoch");
    int64_t seq = number_in(score, "seq");
    if (epoch < self->epoch || (epoch == self->epoch && seq <= self->seq)) {
        fail_msg("revision %lld.%lld after %lld.%lld", (long long)epoch, (long long)seq, (long long)self->epoch,
                 (long long)self->seq);
    }
    self->epoch = epoch;
    self->seq = seq;
    self->records++;
    json_decref(score);
}

static void revisions_only_grow(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct score_setup *self = set_up(seed);
        start_score(self);
        struct fake_store_odds *odds = fake_redis_odds(self->world.redis);
        *odds = (struct fake_store_odds){.refused = 9, .reply_lost = 7, .view_fails = 9};
        fake_kafka_odds(self->world.kafka)->delivery_fails = 20;
        for (unsigned i = 0; i < 150; i++) {
            struct reason why;
            say_all(self, (int32_t)(i % 2), 7, i % 3 == 0, TELLS_CAUGHT_UP);
            virtual_clock_pass(&self->world.clock, 3 * SECOND);
            (void)!score_step(self->score, &why);
            if (seeded_one_in(&self->world.random, 12)) {
                befall(self, (enum mishap)seeded_between(&self->world.random, MISHAP_DIES, MISHAP_KILLED));
            }
            if (seeded_one_in(&self->world.random, 20)) {
                fake_redis_fail_over(self->world.redis, 1 + seeded_below(&self->world.random, 5));
            }
        }
        for (int32_t p = 0; p < PARTITIONS; p++) {
            struct revisions revisions = {.key = self->agencies[p]};
            each_record(&self->world, self->world.config.topic_scores, check_revision, &revisions);
            assert_true(revisions.records > 10);
        }
        score_stop(self->score);
        score_tear_down(self);
    }
}

/* Three people of a small service, counted while nothing was withheld: with them goes the larger one of their channel, or
 * its figures would tell theirs. */
static void what_few_could_be_worked_out_from_is_withheld(void **state)
{
    (void)state;
    static const struct {
        const char *service;
        unsigned people;
        enum channel channel;
        bool shown;
    } cells[] = {{"returns", 40, CHANNEL_PHONE, false},
                 {"appeals", 3, CHANNEL_PHONE, false},
                 {"returns", 30, CHANNEL_CHAT, true}};
    struct score_setup *self = set_up(1);
    start_score(self);
    struct sample samples[128];
    size_t count = 0;
    struct sample first = new_sample(self, 0);
    first.channel = CHANNEL_WEB;
    world_batch(&self->world, 0, &first, 1, TELLS_CAUGHT_UP); /* what is public has begun, and this is not */
    idle(self, 10);
    for (size_t i = 0; i < COUNT(cells); i++) {
        for (unsigned n = 0; n < cells[i].people; n++) {
            samples[count] = new_sample(self, 0);
            samples[count].service = cells[i].service;
            samples[count++].channel = cells[i].channel;
        }
    }
    self->world.scoring.suppress_below = 0;
    world_batch(&self->world, 0, samples, count, TELLS_CAUGHT_UP);
    idle(self, 10);
    self->world.scoring.suppress_below = 11;
    idle(self, 70);
    json_t *score = last_score(&self->world, self->agencies[0]);
    assert_true(json_is_false(json_object_get(card_in(score, "28d", ""), "suppressed")));
    assert_true(json_is_false(json_object_get(card_in(score, "28d", "phone"), "suppressed")));
    assert_true(json_is_false(json_object_get(card_in(score, "28d", "chat"), "suppressed")));
    const json_t *services = json_object_get(score, "services");
    assert_int_equal(json_array_size(services), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(json_is_true(json_object_get(card_in(json_array_get(services, i), "28d", ""), "suppressed")));
    }
    json_decref(score);
    const char *topic = self->world.config.topic_aggregates;
    bool shown[COUNT(cells)] = {0};
    for (int64_t offset = 0; offset < fake_kafka_end(self->world.kafka, topic, 0); offset++) {
        const struct fake_record *at = fake_kafka_at(self->world.kafka, topic, 0, offset);
        json_t *aggregate = at ? published_json(at->value, "aggregate", ID_AGGREGATE) : NULL;
        for (size_t i = 0; aggregate && i < COUNT(cells); i++) {
            bool is_it = strcmp(text_in(aggregate, "service"), cells[i].service) == 0 &&
                         strcmp(text_in(aggregate, "channel"), channel_word(cells[i].channel)) == 0;
            shown[i] = is_it ? json_is_false(json_object_get(aggregate, "suppressed")) : shown[i];
        }
        json_decref(aggregate);
    }
    for (size_t i = 0; i < COUNT(cells); i++) {
        assert_int_equal(shown[i], cells[i].shown);
    }
    score_stop(self->score);
    score_tear_down(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_few_could_be_worked_out_from_is_withheld),
        cmocka_unit_test(an_alert_opens_and_closes_once),
        cmocka_unit_test(nothing_opens_or_closes_while_catching_up),
        cmocka_unit_test(an_alert_survives_what_goes_wrong),
        cmocka_unit_test(an_alert_that_was_not_delivered_is_sent_again_soon),
        cmocka_unit_test(a_delivery_is_heard_of_in_its_own_life_only),
        cmocka_unit_test(a_log_that_was_cut_leaves_alerts_as_they_were),
        cmocka_unit_test(revisions_only_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
