/* test_scorer_fleet.c - agencies beside one another, through the second stage: the fleet's figures are those of the
 * views, whoever owns partition 0; it is not complete while a task is away; and an agency that the others leave behind
 * is told of, by its own task.
 *
 * Oracle of the figures: the agencies' own live views. */
#include <math.h>

#include "score_setup.h"

#define AGENCIES 7
#define STEP     (10 * US_PER_MINUTE)
#define DAY      (24 * 6) /* steps */
#define PAST     (62 * US_PER_DAY)

static const char *const names[AGENCIES] = {"tax", "parks", "benefits", "customs", "health", "roads", "post"};

struct fleet_setup {
    struct score_setup *setup;
    struct score_run *runs[2]; /* instances, NULL: none */
    unsigned good[AGENCIES];   /* of a hundred contacts */
};

/* What one agency says at a time. */
static void say_some(struct fleet_setup *self, size_t agency, const int64_t *times, size_t count,
                     enum progress_told told)
{
    struct sample samples[512];
    assert_true(count <= COUNT(samples));
    for (size_t i = 0; i < count; i++) {
        samples[i] = new_sample(self->setup, 0);
        samples[i].agency = names[agency];
        samples[i].at_us = times[i];
        samples[i].good = seeded_below(&self->setup->world.random, 100) < self->good[agency];
    }
    world_batch(&self->setup->world, partition_of(span_text(names[agency]), PARTITIONS), samples, count, told);
}

static void turn(struct fleet_setup *self, unsigned seconds)
{
    for (unsigned s = 0; s < seconds; s++) {
        virtual_clock_pass(&self->setup->world.clock, SECOND);
        for (size_t r = 0; r < COUNT(self->runs); r++) {
            struct reason why;
            if (self->runs[r]) {
                assert_int_equal(score_step(self->runs[r], &why), DONE);
            }
        }
    }
}

/* So many minutes in which nobody says anything. */
static void pass(struct fleet_setup *self, unsigned minutes)
{
    for (unsigned i = 0; i < 6 * minutes; i++) {
        world_batch(&self->setup->world, 0, NULL, 0, TELLS_CAUGHT_UP);
        world_batch(&self->setup->world, 1, NULL, 0, TELLS_CAUGHT_UP);
        turn(self, 10);
    }
}

static struct score_run *start(struct fleet_setup *self, const char *name, bool both)
{
    struct score_run *run = score_start(&self->setup->world, name);
    fake_source_assign(run->source, 0, 0);
    if (both) {
        fake_source_assign(run->source, 0, 1);
    }
    return run;
}

static void set_up(struct fleet_setup *self)
{
    *self = (struct fleet_setup){.setup = score_set_up(1, NULL)};
    for (size_t a = 0; a < AGENCIES; a++) {
        self->good[a] = 60;
    }
}

static void tear_down(struct fleet_setup *self)
{
    for (size_t r = 0; r < COUNT(self->runs); r++) {
        if (self->runs[r]) {
            score_stop(self->runs[r]);
        }
    }
    score_tear_down(self->setup);
}

static json_t *fleet_view(struct fleet_setup *self)
{
    struct span view = fake_redis_view(self->setup->world.redis, span_text("fleet"));
    json_t *json = json_loadb((const char *)view.data, view.size, 0, NULL);
    assert_non_null(json);
    return json;
}

static bool is_complete(struct fleet_setup *self)
{
    json_t *json = fleet_view(self);
    bool complete = json_is_true(json_object_get(json, "complete"));
    json_decref(json);
    return complete;
}

/* The score that an agency's view has for a window; NAN: none. */
static double score_in_view(struct fleet_setup *self, size_t agency, const char *window)
{
    json_t *view = last_view(&self->setup->world, names[agency]);
    double score = (double)NAN;
    size_t i;
    const json_t *card;
    json_array_foreach(json_object_get(view, "cards"), i, card)
    {
        bool is_it = strcmp(text_in(card, "window"), window) == 0 && json_is_null(json_object_get(card, "channel"));
        if (is_it && json_object_get(card, "cx")) {
            score = real_in(json_object_get(card, "cx"), "value");
        }
    }
    json_decref(view);
    return score;
}

/* Against the views of those that are shown. */
static void check_figures(struct fleet_setup *self, const char *window, size_t expected)
{
    json_t *fleet = fleet_view(self);
    double sum = 0;
    double best = -1;
    double worst = 101;
    size_t count = 0;
    for (size_t a = 0; a < AGENCIES; a++) {
        double score = score_in_view(self, a, window);
        if (!isnan(score)) {
            sum += score;
            best = fmax(best, score);
            worst = fmin(worst, score);
            count++;
        }
    }
    assert_int_equal(count, expected);
    size_t found = 0;
    size_t i;
    const json_t *figures;
    json_array_foreach(json_object_get(fleet, "windows"), i, figures)
    {
        if (strcmp(text_in(figures, "window"), window) == 0) {
            found++;
            assert_int_equal(number_in(figures, "agencies"), expected);
            assert_true(fabs(real_in(figures, "average") - sum / (double)count) < 1e-6);
            assert_true(fabs(real_in(figures, "spread") - (best - worst)) < 1e-6);
            assert_true(fabs(real_in(json_object_get(figures, "best"), "value") - best) < 1e-6);
            assert_true(fabs(real_in(json_object_get(figures, "worst"), "value") - worst) < 1e-6);
            assert_string_equal(text_in(json_object_get(figures, "worst"), "agency"), "parks");
        }
    }
    assert_int_equal(found, 1);
    json_decref(fleet);
}

static void say_now(struct fleet_setup *self, size_t agency, size_t count)
{
    int64_t times[200];
    for (size_t i = 0; i < count; i++) {
        times[i] = self->setup->world.clock.wall_us;
    }
    say_some(self, agency, times, count, TELLS_CAUGHT_UP);
}

/* Six agencies of many contacts and one of few: that one is in no figure, as it is in no view. */
static void the_fleet_is_that_of_the_views(void **state)
{
    (void)state;
    struct fleet_setup self;
    set_up(&self);
    self.runs[0] = start(&self, "a", true);
    for (size_t a = 0; a < AGENCIES; a++) {
        self.good[a] = a == 1 ? 20 : 50 + 5 * (unsigned)a;
        say_now(&self, a, a == AGENCIES - 1 ? 10 : 200);
    }
    pass(&self, 4);
    assert_true(is_complete(&self));
    check_figures(&self, "24h", AGENCIES - 1);
    check_figures(&self, "7d", AGENCIES - 1);
    tear_down(&self);
}

static void two_agencies_are_no_fleet(void **state)
{
    (void)state;
    struct fleet_setup self;
    set_up(&self);
    self.runs[0] = start(&self, "a", true);
    say_now(&self, 0, 100);
    say_now(&self, 1, 100);
    pass(&self, 3);
    json_t *fleet = fleet_view(&self);
    assert_int_equal(json_array_size(json_object_get(fleet, "windows")), 0);
    json_decref(fleet);
    tear_down(&self);
}

/* The owner of partition 0 goes: the next one adds up. While a task has no owner what it told last is too old. */
static void the_fleet_moves_with_partition_0(void **state)
{
    (void)state;
    struct fleet_setup self;
    set_up(&self);
    self.runs[0] = start(&self, "a", true);
    self.good[1] = 20;
    for (size_t a = 0; a < AGENCIES; a++) {
        say_now(&self, a, 200);
    }
    pass(&self, 3);
    check_figures(&self, "24h", AGENCIES);
    score_kill(self.runs[0]);
    self.runs[0] = NULL;
    self.runs[1] = start(&self, "b", false); /* partition 1 is nobody's */
    pass(&self, 15);
    assert_false(is_complete(&self));
    fake_source_assign(self.runs[1]->source, 0, 1);
    pass(&self, 4);
    assert_true(is_complete(&self));
    check_figures(&self, "24h", AGENCIES);
    tear_down(&self);
}

/* ---- divergence ---- */

/* Two contacts an hour of each agency, for nine weeks. */
static void say_past(struct fleet_setup *self)
{
    int64_t now_us = self->setup->world.clock.wall_us;
    for (size_t a = 0; a < AGENCIES; a++) {
        int64_t times[480];
        size_t count = 0;
        for (int64_t at_us = now_us - PAST; at_us < now_us; at_us += 30 * US_PER_MINUTE) {
            times[count++] = at_us;
            if (count == COUNT(times)) {
                say_some(self, a, times, count, TELLS_BEHIND);
                turn(self, 1);
                count = 0;
            }
        }
        say_some(self, a, times, count, TELLS_BEHIND);
        turn(self, 1);
    }
}

/* Days of it, with a restart each. */
static void live(struct fleet_setup *self, unsigned days)
{
    for (unsigned step = 0; step < days * DAY; step++) {
        virtual_clock_pass(&self->setup->world.clock, STEP - 2 * SECOND);
        for (size_t a = 0; a < AGENCIES; a++) {
            int64_t at_us = self->setup->world.clock.wall_us - US_PER_MINUTE;
            say_some(self, a, &at_us, step % 3 == a % 3, TELLS_CAUGHT_UP);
        }
        turn(self, 2);
        if (step % DAY == DAY / 2) {
            score_kill(self->runs[0]);
            self->runs[0] = start(self, "a", true);
        }
    }
}

static size_t told(struct fleet_setup *self, const char *transition, struct told_alert *found)
{
    struct told_alert alerts[64];
    size_t count = alerts_told(&self->setup->world, transition, alerts, COUNT(alerts));
    size_t of_kind = 0;
    assert_true(count <= COUNT(alerts));
    for (size_t i = 0; i < count; i++) {
        if (strcmp(alerts[i].kind, "divergence") == 0) {
            *found = alerts[i];
            of_kind++;
        }
    }
    return of_kind;
}

static void all_but(struct fleet_setup *self, size_t one, unsigned good, unsigned good_of_one)
{
    for (size_t a = 0; a < AGENCIES; a++) {
        self->good[a] = a == one ? good_of_one : good;
    }
}

static void who_is_left_behind_is_told_of(void **state)
{
    (void)state;
    struct fleet_setup self;
    struct told_alert alert;
    set_up(&self);
    self.runs[0] = start(&self, "a", true);
    say_past(&self);
    live(&self, 2);
    assert_int_equal(told(&self, "opened", &alert), 0);
    all_but(&self, 4, 80, 60); /* it has not slipped: the others got better */
    live(&self, 7);
    assert_int_equal(told(&self, "opened", &alert), 1);
    assert_string_equal(alert.agency, names[4]);
    assert_string_equal(alert.subject, "cx");
    json_t *view = last_view(&self.setup->world, names[4]);
    const json_t *shown = json_array_get(json_object_get(view, "alerts"), 0);
    assert_string_equal(text_in(shown, "kind"), "divergence");
    assert_string_equal(text_in(shown, "window"), "7d");
    assert_non_null(strstr(text_in(shown, "text"), "health: the CX score has fallen behind the other agencies: "));
    assert_true(real_in(json_object_get(shown, "estimate"), "low") > 2);
    assert_true(fabs(real_in(shown, "target")) < 5); /* nobody was behind anybody */
    json_decref(view);
    all_but(&self, 4, 80, 80);
    live(&self, 9);
    assert_int_equal(told(&self, "opened", &alert), 1);
    assert_int_equal(told(&self, "closed", &alert), 1);
    tear_down(&self);
}

/* The null: all get better together, and one of them leaps. */
static void nobody_is_left_behind_when_all_move(void **state)
{
    (void)state;
    struct fleet_setup self;
    struct told_alert alert;
    set_up(&self);
    self.runs[0] = start(&self, "a", true);
    say_past(&self);
    live(&self, 1);
    all_but(&self, 2, 75, 100);
    live(&self, 7);
    assert_int_equal(told(&self, "opened", &alert), 0);
    tear_down(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fleet_is_that_of_the_views),      cmocka_unit_test(two_agencies_are_no_fleet),
        cmocka_unit_test(the_fleet_moves_with_partition_0),    cmocka_unit_test(who_is_left_behind_is_told_of),
        cmocka_unit_test(nobody_is_left_behind_when_all_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
