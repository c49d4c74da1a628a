/* test_scorer_silence.c - what the second stage does with a channel that goes silent: told once, over restarts, with
 * the time it began; not while intake stands still, not while catching up; and closed when it is heard again.
 *
 * Nine weeks of an agency's contacts, twelve an hour by phone, are there at the start; then a week is lived through,
 * ten minutes at a time, in which it is learnt when the channel is heard. */
#include "score_setup.h"

#define STEP    (10 * US_PER_MINUTE)
#define AN_HOUR 12
#define DAY     (24 * 6) /* steps */
#define WEEK    (7 * DAY)
#define PAST    (62 * US_PER_DAY)

static struct score_setup *set_up(void)
{
    struct score_setup *self = score_set_up(1, NULL);
    start_score(self);
    return self;
}

static void tear_down(struct score_setup *self)
{
    score_stop(self->score);
    score_tear_down(self);
}

static struct sample contact(struct score_setup *self, int64_t at_us)
{
    struct sample sample = new_sample(self, 0);
    sample.at_us = at_us;
    return sample;
}

/* What had happened before anybody looked. */
static void say_past(struct score_setup *self)
{
    struct sample samples[480];
    size_t count = 0;
    int64_t now_us = self->world.clock.wall_us;
    for (int64_t at_us = now_us - PAST; at_us < now_us; at_us += US_PER_HOUR / AN_HOUR) {
        samples[count++] = contact(self, at_us);
        if (count == COUNT(samples)) {
            world_batch(&self->world, 0, samples, count, TELLS_BEHIND);
            score_turns(self->score, 1, US_PER_MS);
            count = 0;
        }
    }
    world_batch(&self->world, 0, samples, count, TELLS_BEHIND);
    score_turns(self->score, 2, SECOND);
}

/* So many steps, each with contacts or without. */
static void live(struct score_setup *self, unsigned steps, bool has_contacts, enum progress_told told)
{
    for (unsigned i = 0; i < steps; i++) {
        struct sample samples[2];
        virtual_clock_pass(&self->world.clock, STEP - 2 * SECOND);
        samples[0] = contact(self, self->world.clock.wall_us - STEP / 2);
        samples[1] = contact(self, self->world.clock.wall_us - US_PER_MINUTE);
        world_batch(&self->world, 0, samples, has_contacts ? 2 : 0, told);
        score_turns(self->score, 2, SECOND);
    }
}

static size_t told(struct score_setup *self, const char *transition, struct told_alert *alert)
{
    return alerts_told(&self->world, transition, alert, 1);
}

static void a_silent_channel_is_told_of_once(void **state)
{
    (void)state;
    struct score_setup *self = set_up();
    struct told_alert alert;
    say_past(self);
    live(self, WEEK, true, TELLS_CAUGHT_UP);
    assert_int_equal(told(self, "opened", &alert), 0);
    int64_t last_us = self->world.clock.wall_us - US_PER_MINUTE;
    for (unsigned i = 0; i < 30; i++) { /* five hours, and restarts all the time */
        live(self, 1, false, TELLS_CAUGHT_UP);
        score_kill(self->score);
        start_score(self);
    }
    assert_int_equal(told(self, "opened", &alert), 1);
    assert_string_equal(alert.kind, "silent_channel");
    assert_string_equal(alert.subject, "channel/phone");
    assert_true(alert.opened_at - last_us < 4 * US_PER_HOUR);
    json_t *view = last_view(&self->world, self->agencies[0]);
    const json_t *shown = json_array_get(json_object_get(view, "alerts"), 0);
    assert_string_equal(text_in(shown, "id"), alert.id);
    assert_string_equal(text_in(shown, "channel"), "phone");
    assert_string_equal(text_in(shown, "state"), "firing");
    assert_non_null(strstr(text_in(shown, "text"), ": no contacts by phone, or next to none, since 2026-11-29T"));
    assert_null(json_object_get(shown, "estimate"));
    assert_true(json_number_value(json_object_get(shown, "target")) >= 20);
    json_decref(view);
    live(self, DAY, false, TELLS_CAUGHT_UP);
    assert_int_equal(told(self, "opened", &alert) + told(self, "closed", &alert), 1);
    live(self, 12, true, TELLS_CAUGHT_UP);
    assert_int_equal(told(self, "closed", &alert), 1);
    live(self, DAY, true, TELLS_CAUGHT_UP);
    assert_int_equal(told(self, "opened", &alert), 1);
    assert_int_equal(told(self, "closed", &alert), 1);
    assert_int_equal(self->score->status->alerts[ALERT_SILENT_CHANNEL][ALERT_OPENED], 0); /* since it started last */
    tear_down(self);
}

/* Contacts are late, all of them: intake has not read its sources to their ends, or tells nothing at all. */
static void a_standstill_is_no_silence(void **state)
{
    (void)state;
    static const enum progress_told standstills[] = {TELLS_BEHIND, TELLS_NOTHING};
    for (size_t i = 0; i < COUNT(standstills); i++) {
        struct score_setup *self = set_up();
        struct told_alert alert;
        struct sample samples[72];
        say_past(self);
        live(self, WEEK, true, TELLS_CAUGHT_UP);
        live(self, 36, false, standstills[i]);
        assert_int_equal(told(self, "opened", &alert), 0);
        for (unsigned s = 0; s < COUNT(samples); s++) {
            samples[s] = contact(self, self->world.clock.wall_us - (int64_t)s * US_PER_HOUR / AN_HOUR);
        }
        world_batch(&self->world, 0, samples, COUNT(samples), TELLS_BEHIND);
        live(self, DAY, true, TELLS_CAUGHT_UP);
        assert_int_equal(told(self, "opened", &alert), 0);
        tear_down(self);
    }
}

/* A history that was imported, after which nobody says anything: that is how it is, not an outage. */
static void what_was_never_heard_is_not_missed(void **state)
{
    (void)state;
    struct score_setup *self = set_up();
    struct told_alert alert;
    say_past(self);
    live(self, WEEK, false, TELLS_CAUGHT_UP);
    assert_int_equal(told(self, "opened", &alert), 0);
    tear_down(self);
}

/* From the day on which a name is listed as an alias its contacts count as another's: it is not silent, it is gone. */
static void a_name_that_has_become_an_alias_is_not_missed(void **state)
{
    (void)state;
    struct score_setup *self = set_up();
    struct told_alert alert;
    struct scoring *scoring = &self->world.scoring;
    const struct scoring_agency agencies[] = {{span_text("revenue"), span_text("Revenue")}};
    const struct scoring_name listed[] = {{span_text(self->agencies[0]), 0}};
    say_past(self);
    live(self, WEEK, true, TELLS_CAUGHT_UP);
    score_stop(self->score);
    scoring->agencies = agencies;
    scoring->names = listed;
    scoring->agency_count = scoring->name_count = 1;
    start_score(self);
    live(self, DAY, false, TELLS_CAUGHT_UP);
    assert_int_equal(told(self, "opened", &alert), 0);
    tear_down(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_channel_is_told_of_once),
        cmocka_unit_test(a_standstill_is_no_silence),
        cmocka_unit_test(what_was_never_heard_is_not_missed),
        cmocka_unit_test(a_name_that_has_become_an_alias_is_not_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
