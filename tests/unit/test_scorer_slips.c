/* test_scorer_slips.c - a slip through the second stage, from its opening to its close: told when it opens, told anew
 * at most once an hour and only when its figure has left what was told last, also after a restart, and told when it
 * closes.
 */
#include <math.h>

#include "score_setup.h"

#define PAST     (62 * US_PER_DAY)
#define EVERY    (12 * US_PER_MINUTE) /* a contact of the past */
#define STEP     (10 * US_PER_MINUTE)
#define A_STEP   5 /* contacts */
#define TOLD_MAX 64
#define USUAL    90 /* of a hundred contacts that went well */

static void say_at(struct score_setup *self, const int64_t *times, size_t count, unsigned good, enum progress_told told)
{
    struct sample samples[512];
    assert_true(count <= COUNT(samples));
    for (size_t i = 0; i < count; i++) {
        samples[i] = new_sample(self, 0);
        samples[i].at_us = times[i];
        samples[i].good = seeded_below(&self->world.random, 100) < good;
    }
    world_batch(&self->world, 0, samples, count, told);
}

static void say_past(struct score_setup *self)
{
    int64_t now_us = self->world.clock.wall_us;
    int64_t times[480];
    size_t count = 0;
    for (int64_t at_us = now_us - PAST; at_us < now_us; at_us += EVERY) {
        times[count++] = at_us;
        if (count == COUNT(times)) {
            say_at(self, times, count, USUAL, TELLS_BEHIND);
            score_turns(self->score, 1, SECOND);
            count = 0;
        }
    }
    say_at(self, times, count, USUAL, TELLS_BEHIND);
    score_turns(self->score, 1, SECOND);
}

static void live(struct score_setup *self, unsigned hours, unsigned good)
{
    for (unsigned step = 0; step < hours * 6; step++) {
        int64_t times[A_STEP];
        virtual_clock_pass(&self->world.clock, STEP - 2 * SECOND);
        for (size_t i = 0; i < A_STEP; i++) {
            times[i] = self->world.clock.wall_us - US_PER_MINUTE;
        }
        say_at(self, times, A_STEP, good, TELLS_CAUGHT_UP);
        world_batch(&self->world, 1, NULL, 0, TELLS_CAUGHT_UP);
        score_turns(self->score, 2, SECOND);
    }
}

/* What was told of the slips of one figure, in the order it was told. */
struct told_slip {
    char transition[16];
    int64_t at;
    double value, low, high;
};

static size_t told_of(struct score_setup *self, const char *subject, struct told_slip told[TOLD_MAX])
{
    const char *topic = self->world.config.topic_alerts;
    size_t count = 0;
    for (int64_t offset = 0; offset < fake_kafka_end(self->world.kafka, topic, 0); offset++) {
        const struct fake_record *at = fake_kafka_at(self->world.kafka, topic, 0, offset);
        json_t *alert = at ? published_json(at->value, "alert", ID_ALERT) : NULL;
        if (alert && strcmp(text_in(alert, "kind"), "slip") == 0 && strcmp(text_in(alert, "subject"), subject) == 0) {
            assert_true(count < TOLD_MAX);
            struct told_slip *slip = &told[count++];
            const json_t *estimate = json_object_get(alert, "estimate");
            snprintf(slip->transition, sizeof slip->transition, "%s", text_in(alert, "transition"));
            slip->at = at->timestamp_us;
            slip->value = real_in(estimate, "value");
            slip->low = real_in(estimate, "low");
            slip->high = real_in(estimate, "high");
        }
        json_decref(alert);
    }
    return count;
}

static void restart(struct score_setup *self)
{
    score_kill(self->score);
    start_score(self);
}

static void a_slip_is_told_anew_when_it_has_moved(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(3, NULL);
    struct told_slip told[TOLD_MAX];
    start_score(self);
    say_past(self);
    live(self, 12, USUAL);
    assert_int_equal(told_of(self, "cx", told), 0);
    live(self, 6, 45);
    size_t count = told_of(self, "cx", told);
    assert_true(count >= 1);
    assert_string_equal(told[0].transition, "opened");
    live(self, 6, 5); /* worse by the hour */
    restart(self);
    live(self, 6, 5);
    size_t until = told_of(self, "cx", told);
    assert_true(until >= count + 2);
    for (size_t i = 1; i < until; i++) {
        assert_string_equal(told[i].transition, "updated");
        assert_true(told[i].at - told[i - 1].at > US_PER_HOUR - US_PER_MINUTE);
        assert_true(told[i].value < told[i - 1].low || told[i].value > told[i - 1].high);
    }
    live(self, 24 * 8, USUAL);
    count = told_of(self, "cx", told);
    assert_string_equal(told[count - 1].transition, "closed");
    for (size_t i = 1; i + 1 < count; i++) {
        assert_string_equal(told[i].transition, "updated"); /* one episode, whatever it went through */
        assert_true(told[i].at - told[i - 1].at > US_PER_HOUR - US_PER_MINUTE);
    }
    score_stop(self->score);
    score_tear_down(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slip_is_told_anew_when_it_has_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
