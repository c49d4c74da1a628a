/* test_scorer_emptied.c - Redis comes back empty, or is another one: counts are found again on cx.signals, and episodes
 * with their numbers, slips and pinned references on cx.state. Nobody is told twice, and no two episodes have one id.
 *
 * Oracle: the alerts on their topic, read by Avro-C, and the bytes that were stored before. */
#include "score_setup.h"

#include "slipstream/model/slip.h"

#define TARGET 50

static struct score_setup *set_up(void)
{
    struct score_setup *self = score_set_up(1, NULL);
    world_target(&self->world, "*", TARGET);
    start_score(self);
    return self;
}

static void tear_down(struct score_setup *self)
{
    score_stop(self->score);
    score_tear_down(self);
}

/* So many contacts that went all well or all badly. */
static void say_all(struct score_setup *self, unsigned count, int good)
{
    struct sample samples[512];
    assert_true(count <= COUNT(samples));
    for (unsigned i = 0; i < count; i++) {
        samples[i] = new_sample(self, 0);
        samples[i].good = good;
        expect(self, &samples[i]);
    }
    world_batch(&self->world, 0, samples, count, TELLS_CAUGHT_UP);
}

static void check_told(struct score_setup *self, const char *transition, uint32_t count)
{
    struct told_alert alerts[8];
    size_t told = alerts_told(&self->world, transition, alerts, COUNT(alerts));
    assert_int_equal(told, count);
    for (uint32_t i = 0; i < count; i++) {
        char id[17];
        snprintf(id, sizeof id, "%016llx",
                 (unsigned long long)alert_id(ALERT_TARGET, span_text(self->agencies[0]), TARGET_CX, i + 1));
        assert_string_equal(alerts[i].id, id);
        assert_int_equal(alerts[i].ordinal, i + 1);
    }
}

static void empty_redis(struct score_setup *self)
{
    fake_redis_flush(self->world.redis);
    idle(self, 10);
    const struct stage_status *status = &self->score->status->stages[STATUS_SCORE];
    for (unsigned turns = 0; status->lag[0] > 0 && turns < 5000; turns++) {
        score_turns(self->score, 1, SECOND / 100);
    }
    idle(self, 10);
    assert_true(fake_redis_has(self->world.redis, 0));
    check_stored(self, "after it was emptied");
}

/* ---- episodes ---- */

static void an_open_episode_goes_on_and_is_not_told_again(void **state)
{
    (void)state;
    struct score_setup *self = set_up();
    say_all(self, 100, 0);
    idle(self, 240);
    check_told(self, "opened", 1);
    json_t *before = last_view(&self->world, self->agencies[0]);
    empty_redis(self);
    idle(self, 300);
    json_t *after = last_view(&self->world, self->agencies[0]);
    const json_t *alerts[] = {json_object_get(before, "alerts"), json_object_get(after, "alerts")};
    assert_int_equal(json_array_size(alerts[1]), 1);
    static const char *const same[] = {"id", "ordinal", "since", "opened_at"};
    for (size_t i = 0; i < COUNT(same); i++) {
        assert_true(json_equal(json_object_get(json_array_get(alerts[0], 0), same[i]),
                               json_object_get(json_array_get(alerts[1], 0), same[i])));
    }
    json_decref(before);
    json_decref(after);
    check_told(self, "opened", 1);
    say_all(self, 400, 1);
    idle(self, 360);
    check_told(self, "closed", 1);
    tear_down(self);
}

static void episodes_go_on_being_numbered(void **state)
{
    (void)state;
    struct score_setup *self = set_up();
    for (uint32_t ordinal = 1; ordinal <= 3; ordinal++) {
        say_all(self, 100, 0);
        idle(self, 240);
        check_told(self, "opened", ordinal);
        say_all(self, 400, 1);
        idle(self, 360);
        check_told(self, "closed", ordinal);
        idle(self, 6 * 3600); /* the window empties */
        empty_redis(self);
    }
    tear_down(self);
}

/* The process goes with Redis, before anything else happens. */
static void a_new_process_finds_an_empty_redis(void **state)
{
    (void)state;
    struct score_setup *self = set_up();
    say_all(self, 100, 0);
    idle(self, 240);
    score_kill(self->score);
    fake_redis_flush(self->world.redis);
    start_score(self);
    idle(self, 300);
    check_told(self, "opened", 1);
    assert_int_equal(fake_redis_count(self->world.redis, 0, "outbox"), 0);
    tear_down(self);
}

/* ---- what stands on the topic ---- */

static void what_did_not_arrive_is_kept_again(void **state)
{
    (void)state;
    struct score_setup *self = set_up();
    idle(self, 20);
    fake_publisher_refuse(self->score->publisher, "cx.state");
    say_all(self, 100, 0);
    idle(self, 240);
    check_told(self, "opened", 1);
    fake_publisher_refuse(self->score->publisher, NULL);
    idle(self, 20);
    empty_redis(self);
    idle(self, 300);
    check_told(self, "opened", 1);
    tear_down(self);
}

static void append(struct score_setup *self, struct span key, struct span value)
{
    (void)world_write(&self->world, "cx.state", 0, key, value);
}

/* Behind the newest stand an old record of the same key, which a late owner wrote; another app's; one of a service that
 * was another partition's; and a tombstone. */
static void only_the_highest_revision_of_ours_counts(void **state)
{
    (void)state;
    struct score_setup *self = set_up();
    uint8_t others[256] = "other";
    say_all(self, 100, 0);
    idle(self, 240);
    say_all(self, 400, 1);
    idle(self, 360);
    check_told(self, "closed", 1);
    const struct fake_record *last = last_with_key(&self->world, "cx.state", 0, span_of(NULL, 0));
    const struct fake_record *first = NULL;
    for (int64_t i = 0; !first; i++) {
        const struct fake_record *at = fake_kafka_at(self->world.kafka, "cx.state", 0, i);
        first = at && span_equal(at->key, last->key) ? at : NULL;
    }
    assert_true(first != last && !span_equal(first->value, last->value));
    append(self, first->key, first->value);
    size_t app = strlen(self->world.config.app);
    memcpy(others + 5, first->key.data + app, first->key.size - app);
    append(self, span_of(others, 5 + first->key.size - app), first->value);
    append(self, span_text("other"), span_of(NULL, 0));
    idle(self, 6 * 3600);
    empty_redis(self);
    say_all(self, 100, 0);
    idle(self, 240);
    check_told(self, "opened", 2);
    tear_down(self);
}

static void what_a_newer_release_kept_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t value[20];
        size_t size;
        const char *says;
    } rows[] = {
        {"newer", {2}, 20, "the state topic has records of format 2, this release reads up to 1"},
        {"short", {1}, 9, "a record of 9 bytes on the state topic cannot be read"},
        {"empty", {0}, 0, "a record of 0 bytes on the state topic cannot be read"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct score_setup *self = score_set_up(1, NULL);
        struct reason why;
        char key[64];
        size_t size = (size_t)snprintf(key, sizeof key, "%s%cepisode%ctax%ccx", self->world.config.app, 0, 0, 0);
        append(self, span_of(key, size), span_of(rows[i].value, rows[i].size));
        start_score(self);
        enum outcome outcome = score_step(self->score, &why);
        if (outcome != STOP || !strstr(why.text, rows[i].says)) {
            fail_msg("%s: %d, %s", rows[i].name, (int)outcome, why.text);
        }
        score_kill(self->score);
        score_tear_down(self);
    }
}

/* ---- slips and references ---- */

struct stored {
    char name[64];
    size_t size;
    struct buffer value;
};

static void store(struct score_setup *self, struct stored *stored)
{
    fake_redis_set(self->world.redis, 0, span_of(stored->name, stored->size), buffer_as_span(&stored->value));
}

static void slips_silences_and_pinned_references_come_back(void **state)
{
    (void)state;
    struct score_setup *self = set_up();
    say_all(self, 100, 1);
    idle(self, 60);
    score_stop(self->score);
    struct stored slip = {
        .size = (size_t)snprintf(slip.name, sizeof slip.name, "slip%c%s%cdriver/quality", 0, self->agencies[0], 0)};
    struct stored pin = {.size = (size_t)snprintf(pin.name, sizeof pin.name, "pin%c%s", 0, self->agencies[0])};
    struct stored silence = {
        .size = (size_t)snprintf(silence.name, sizeof silence.name, "silence%c%s%coffice", 0, self->agencies[0], 0)};
    const struct silence heard = {.episode.ordinal = 5, .hour = 497000, .heard = {3}};
    struct slip closed;
    slip_init(&closed);
    closed.episode.ordinal = 7;
    slip_leave_out(&closed, 20000, 20003);
    buffer_init(&slip.value, SLIP_SIZE_MAX);
    buffer_init(&pin.value, PIN_SIZE_MAX);
    buffer_init(&silence.value, SILENCE_SIZE_MAX);
    silence_encode(&heard, &silence.value);
    slip_encode(&closed, &slip.value);
    pin_begin(&pin.value, &(struct pin_header){20000, 20055});
    pin_put(&pin.value, &(struct pin_cell){.service = span_text("returns"), .channel = CHANNEL_PHONE});
    store(self, &slip);
    store(self, &pin);
    store(self, &silence);
    start_score(self);
    idle(self, 60);
    empty_redis(self);
    score_stop(self->score); /* what came back is stored, too */
    start_score(self);
    idle(self, 60);
    struct span found = fake_redis_field(self->world.redis, 0, span_of(slip.name, slip.size));
    struct slip again;
    struct reason why;
    slip_init(&again);
    assert_int_equal(slip_decode(&again, found, &why), DONE);
    assert_int_equal(again.episode.ordinal, 7);
    assert_true(again.left_out == closed.left_out && again.left_out_day == closed.left_out_day);
    found = fake_redis_field(self->world.redis, 0, span_of(pin.name, pin.size));
    assert_true(span_equal(found, buffer_as_span(&pin.value)));
    found = fake_redis_field(self->world.redis, 0, span_of(silence.name, silence.size));
    struct silence known = {0};
    assert_int_equal(silence_decode(&known, found, &why), DONE);
    assert_int_equal(known.episode.ordinal, 5);
    buffer_done(&slip.value);
    buffer_done(&silence.value);
    buffer_done(&pin.value);
    tear_down(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_episode_goes_on_and_is_not_told_again),
        cmocka_unit_test(episodes_go_on_being_numbered),
        cmocka_unit_test(a_new_process_finds_an_empty_redis),
        cmocka_unit_test(what_did_not_arrive_is_kept_again),
        cmocka_unit_test(only_the_highest_revision_of_ours_counts),
        cmocka_unit_test(what_a_newer_release_kept_is_refused),
        cmocka_unit_test(slips_silences_and_pinned_references_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
