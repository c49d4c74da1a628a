/* test_scorer_sinks.c - alerts on their way from the second stage to everyone who is told: each sink has every
 * transition once, whoever else is away; what is open is told as it stands; figures that changed are told again,
 * seldom.
 *
 * Oracle: the fake notifier's list of what it was given, and the topic; the rule is test_scorer_alerts.c's. */
#include "score_setup.h"

#define TARGET 50
#define ALL    (SINK_BIT(SINK_ALERTMANAGER) | SINK_BIT(SINK_WEBHOOK))

static struct score_setup *set_up_told(uint64_t seed, unsigned sinks)
{
    static const char *const more[] = {"board.url=https://board.example/cx/", NULL};
    struct score_setup *self = score_set_up(seed, more);
    world_target(&self->world, "*", TARGET);
    self->world.notifier = fake_notifier_open(sinks);
    start_score(self);
    return self;
}

static void tear_down(struct score_setup *self)
{
    score_stop(self->score);
    self->world.notifier->base.ops->close(&self->world.notifier->base);
    score_tear_down(self);
}

static void say_all(struct score_setup *self, int32_t partition, unsigned count, int good)
{
    struct sample samples[512];
    assert_true(count <= COUNT(samples));
    for (unsigned i = 0; i < count; i++) {
        samples[i] = new_sample(self, partition);
        samples[i].good = good;
    }
    world_batch(&self->world, partition, samples, count, TELLS_CAUGHT_UP);
}

static size_t posted(const struct score_setup *self, enum alert_sink sink, enum alert_transition transition)
{
    size_t count = 0;
    for (size_t i = 0; i < self->world.notifier->count; i++) {
        const struct fake_notice *notice = &self->world.notifier->notices[i];
        count += notice->sink == sink && notice->transition == transition;
    }
    return count;
}

static size_t stands(const struct score_setup *self)
{
    return posted(self, SINK_TOPIC, ALERT_NONE);
}

static size_t stored(struct score_setup *self)
{
    return fake_redis_count(self->world.redis, 0, "outbox");
}

/* The last notice of a transition to a sink; the caller decrefs. */
static json_t *last_notice(const struct score_setup *self, enum alert_sink sink, enum alert_transition transition)
{
    for (size_t i = self->world.notifier->count; i > 0; i--) {
        const struct fake_notice *notice = &self->world.notifier->notices[i - 1];
        if (notice->sink == sink && notice->transition == transition) {
            json_t *json = json_loads(notice->body, 0, NULL);
            assert_non_null(json);
            return json;
        }
    }
    fail_msg("there is no such notice");
    return NULL;
}

static void every_sink_is_told_once(void **state)
{
    (void)state;
    struct score_setup *self = set_up_told(1, ALL);
    say_all(self, 0, 100, 0);
    idle(self, 240);
    say_all(self, 0, 400, 1);
    idle(self, 360);
    for (enum alert_sink s = SINK_ALERTMANAGER; s < ALERT_SINKS; s++) {
        assert_int_equal(posted(self, s, ALERT_OPENED), 1);
        assert_int_equal(posted(self, s, ALERT_CLOSED), 1);
    }
    assert_int_equal(stored(self), 0);
    assert_int_equal(self->score->status->alert_queue, 0);
    tear_down(self);
}

/* As people and programs read it: every field that the page of schemas promises. */
static void a_notice_says_what_it_is(void **state)
{
    (void)state;
    struct score_setup *self = set_up_told(1, SINK_BIT(SINK_WEBHOOK));
    char id[17], url[128];
    say_all(self, 0, 100, 0);
    idle(self, 240);
    json_t *notice = last_notice(self, SINK_WEBHOOK, ALERT_OPENED);
    snprintf(id, sizeof id, "%016llx",
             (unsigned long long)alert_id(ALERT_TARGET, span_text(self->agencies[0]), TARGET_CX, 1));
    snprintf(url, sizeof url, "https://board.example/cx/agency/%s", self->agencies[0]);
    assert_string_equal(text_in(notice, "id"), id);
    assert_string_equal(text_in(notice, "transition"), "opened");
    assert_string_equal(text_in(notice, "agency"), self->agencies[0]);
    assert_string_equal(text_in(notice, "subject"), "cx");
    assert_string_equal(text_in(notice, "kind"), "target");
    assert_string_equal(text_in(notice, "state"), "firing");
    assert_string_equal(text_in(notice, "window"), "4h");
    assert_string_equal(text_in(notice, "url"), url);
    assert_int_equal(number_in(notice, "ordinal"), 1);
    assert_true(json_number_value(json_object_get(notice, "target")) == TARGET);
    assert_int_equal(number_in(json_object_get(notice, "estimate"), "n"), 100);
    assert_non_null(strstr(text_in(notice, "text"), "below its target of 50.0"));
    assert_null(json_object_get(notice, "closed_at"));
    json_decref(notice);
    tear_down(self);
}

/* One is away, or refuses: the others are told, the stage goes on and is ready, and what it has not stays stored. */
static void a_sink_that_is_away_holds_nobody_up(void **state)
{
    (void)state;
    for (enum alert_sink away = SINK_ALERTMANAGER; away < ALERT_SINKS; away++) {
        enum alert_sink there = away == SINK_WEBHOOK ? SINK_ALERTMANAGER : SINK_WEBHOOK;
        struct score_setup *self = set_up_told(1, ALL);
        self->world.notifier->answers[away] = RETRY;
        say_all(self, 0, 100, 0);
        idle(self, 240);
        assert_int_equal(posted(self, there, ALERT_OPENED), 1);
        assert_int_equal(posted(self, away, ALERT_OPENED), 1);
        assert_int_equal(alerts_told(&self->world, "opened", NULL, 0), 1);
        assert_int_equal(stored(self), 1);
        assert_int_equal(self->score->status->sink[away].waiting, 1);
        assert_int_equal(self->score->status->sink[there].waiting, 0);
        assert_int_equal(self->score->status->tasks[TASK_LIVE], PARTITIONS);

        score_kill(self->score); /* another owner: whoever has it is not told again */
        start_score(self);
        idle(self, 20);
        assert_int_equal(posted(self, there, ALERT_OPENED), 1);
        assert_int_equal(posted(self, away, ALERT_OPENED), 2);
        assert_int_equal(alerts_told(&self->world, "opened", NULL, 0), 1);
        self->world.notifier->answers[away] = away == SINK_WEBHOOK ? SKIP : DONE;
        score_turns(self->score, 3, SECOND);
        assert_int_equal(stored(self), 0);
        tear_down(self);
    }
}

/* The topic refuses: that is no reason to leave people asleep. */
static void the_topic_holds_nobody_up(void **state)
{
    (void)state;
    struct score_setup *self = set_up_told(1, ALL);
    idle(self, 20);
    fake_publisher_refuse(self->score->publisher, "cx.alerts");
    say_all(self, 0, 100, 0);
    idle(self, 240);
    assert_int_equal(posted(self, SINK_WEBHOOK, ALERT_OPENED), 1);
    assert_int_equal(posted(self, SINK_ALERTMANAGER, ALERT_OPENED), 1);
    assert_int_equal(alerts_told(&self->world, "opened", NULL, 0), 0);
    assert_int_equal(stored(self), 1);
    tear_down(self);
}

static void a_full_queue_is_filled_again(void **state)
{
    (void)state;
    struct score_setup *self = set_up_told(1, ALL);
    self->world.notifier->room[SINK_WEBHOOK] = 0;
    say_all(self, 0, 100, 0);
    idle(self, 240);
    assert_int_equal(posted(self, SINK_WEBHOOK, ALERT_OPENED), 0);
    assert_int_equal(posted(self, SINK_ALERTMANAGER, ALERT_OPENED), 1);
    self->world.notifier->room[SINK_WEBHOOK] = 1;
    idle(self, 20);
    assert_int_equal(posted(self, SINK_WEBHOOK, ALERT_OPENED), 1);
    assert_int_equal(stored(self), 0);
    tear_down(self);
}

/* Every minute while it is open, with the figures of then; by a new owner soon; by one who lost it never. */
static void what_is_open_is_told_as_it_stands(void **state)
{
    (void)state;
    struct score_setup *self = set_up_told(1, ALL);
    say_all(self, 0, 100, 0);
    idle(self, 240);
    size_t before = stands(self);
    assert_true(before >= 1);
    say_all(self, 0, 11, 0);
    idle(self, 300);
    assert_in_range(stands(self) - before, 4, 6);
    json_t *notice = last_notice(self, SINK_TOPIC, ALERT_NONE);
    assert_null(json_object_get(notice, "transition"));
    assert_int_equal(number_in(json_object_get(notice, "estimate"), "n"), 111);
    json_decref(notice);

    score_kill(self->score);
    start_score(self);
    before = stands(self);
    score_turns(self->score, 8, SECOND);
    assert_in_range(stands(self) - before, 1, 2);

    fake_source_revoke(self->score->source, 0, 0);
    score_turns(self->score, 1, SECOND);
    assert_true(self->world.notifier->forgotten > 0);
    before = stands(self);
    for (unsigned i = 0; i < 30; i++) {
        world_batch(&self->world, 1, NULL, 0, TELLS_CAUGHT_UP);
        score_turns(self->score, 5, SECOND);
    }
    assert_int_equal(stands(self), before);
    fake_source_assign(self->score->source, 0, 0); /* with its memory */
    say_all(self, 0, 400, 1);
    idle(self, 400);
    assert_int_equal(posted(self, SINK_ALERTMANAGER, ALERT_CLOSED), 1);
    before = stands(self);
    idle(self, 200);
    assert_int_equal(stands(self), before);
    tear_down(self);
}

/* Another has taken over, and this one does not know: what its look found is told to nobody. */
static void who_was_fenced_tells_nobody(void **state)
{
    (void)state;
    struct score_setup *self = set_up_told(1, ALL);
    struct reason why;
    idle(self, 20);
    say_all(self, 0, 100, 0);
    idle(self, 55);
    struct store *other = fake_store_open(self->world.redis);
    struct claim claim;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        assert_int_equal(other->ops->claim(other, p, (struct event_time){self->world.clock.wall_us}, &claim, &why),
                         DONE);
    }
    for (unsigned i = 0; i < 30 && self->score->status->applies[APPLY_FENCED] == 0; i++) {
        score_turns(self->score, 1, SECOND);
    }
    assert_true(self->score->status->applies[APPLY_FENCED] > 0);
    assert_int_equal(self->world.notifier->count, 0);
    assert_true(self->world.notifier->forgotten > 0);
    other->ops->close(other);
    tear_down(self);
}

/* A quarter good instead of none leaves the interval that was told; within the hour of the opening nothing is said of
 * it.
 */
static void changed_figures_are_told_at_most_hourly(void **state)
{
    (void)state;
    struct score_setup *self = set_up_told(1, ALL);
    say_all(self, 0, 150, 0);
    idle(self, 240);
    assert_int_equal(posted(self, SINK_WEBHOOK, ALERT_OPENED), 1);
    say_all(self, 0, 50, 1);
    idle(self, 50 * 60);
    assert_int_equal(posted(self, SINK_WEBHOOK, ALERT_UPDATED), 0);
    idle(self, 12 * 60);
    assert_int_equal(posted(self, SINK_WEBHOOK, ALERT_UPDATED), 1);
    assert_int_equal(posted(self, SINK_ALERTMANAGER, ALERT_UPDATED), 1);
    assert_int_equal(alerts_told(&self->world, "updated", NULL, 0), 1);
    json_t *notice = last_notice(self, SINK_WEBHOOK, ALERT_UPDATED);
    assert_int_equal(number_in(json_object_get(notice, "estimate"), "n"), 200);
    json_decref(notice);
    idle(self, 70 * 60); /* nothing has changed since */
    assert_int_equal(posted(self, SINK_WEBHOOK, ALERT_UPDATED), 1);
    assert_int_equal(self->score->status->alerts[ALERT_TARGET][ALERT_UPDATED], 1);
    assert_int_equal(stored(self), 0);
    tear_down(self);
}

/* The window runs empty: an alert that stays open does not tell what few people have said. */
static void few_answers_are_not_told(void **state)
{
    (void)state;
    struct score_setup *self = set_up_told(1, ALL);
    say_all(self, 0, 100, 0);
    idle(self, 240);
    idle(self, 5 * 3600);
    say_all(self, 0, 3, 0);
    idle(self, 120);
    json_t *notice = last_notice(self, SINK_TOPIC, ALERT_NONE);
    assert_int_equal(number_in(json_object_get(notice, "estimate"), "n"), 100);
    json_decref(notice);
    assert_int_equal(posted(self, SINK_WEBHOOK, ALERT_UPDATED), 0);
    tear_down(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sink_is_told_once),
        cmocka_unit_test(a_notice_says_what_it_is),
        cmocka_unit_test(a_sink_that_is_away_holds_nobody_up),
        cmocka_unit_test(the_topic_holds_nobody_up),
        cmocka_unit_test(a_full_queue_is_filled_again),
        cmocka_unit_test(what_is_open_is_told_as_it_stands),
        cmocka_unit_test(who_was_fenced_tells_nobody),
        cmocka_unit_test(changed_figures_are_told_at_most_hourly),
        cmocka_unit_test(few_answers_are_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
