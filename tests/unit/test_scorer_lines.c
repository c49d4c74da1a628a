/* test_scorer_lines.c - what the second stage does with lines that are drawn for a figure, targets and published ones:
 * both alert by the same rule, each for itself; and another scoring method, which the restart brings, opens and closes
 * nothing by itself.
 *
 * The method is another when a driver weighs nothing any more. Web contacts go well and phone contacts badly, so that
 * the score is 80 with quality in it, and 60 without. */
#include "score_setup.h"

#define LINE     70
#define CONTACTS 400

enum method { METHOD_WITH_QUALITY, METHOD_WITHOUT };

struct lines {
    struct score_setup *setup;
    struct scoring_benchmark benchmark;
};

static void set_method(struct lines *self, enum method method)
{
    struct scoring *scoring = &self->setup->world.scoring;
    scoring->driver_weight[DRIVER_QUALITY] = method == METHOD_WITH_QUALITY;
    snprintf(scoring->version, sizeof scoring->version, "method-%d", (int)method);
}

static void set_up(struct lines *self, enum method method)
{
    self->setup = score_set_up(1, NULL);
    self->benchmark = (struct scoring_benchmark){
        span_text("line"), span_text("federal average"), TARGET_CX, LINE, 2021, span_text("An Index"), true};
    self->setup->world.scoring.benchmarks = &self->benchmark;
    self->setup->world.scoring.benchmark_count = 1;
    world_target(&self->setup->world, "*", LINE);
    set_method(self, method);
    start_score(self->setup);
}

static void tear_down(struct lines *self)
{
    score_stop(self->setup->score);
    score_tear_down(self->setup);
}

/* So many contacts on both channels, of which those on the web are good, and a share of those by phone. */
static void say_mixed(struct lines *self, unsigned count, unsigned good_in_ten)
{
    struct sample samples[512];
    assert_true(2 * count <= COUNT(samples));
    for (unsigned i = 0; i < 2 * count; i++) {
        samples[i] = new_sample(self->setup, 0);
        samples[i].channel = i % 2 ? CHANNEL_PHONE : CHANNEL_WEB;
        samples[i].good = i % 2 ? i / 2 % 10 < good_in_ten : 1;
    }
    world_batch(&self->setup->world, 0, samples, 2 * count, TELLS_CAUGHT_UP);
}

/* The score is 66.7, from so many that it is below the line for certain. */
static void say_below(struct lines *self)
{
    say_mixed(self, 250, 0);
    say_mixed(self, 250, 0);
}

/* How many transitions of a kind were told. */
static size_t told(struct lines *self, const char *kind, const char *transition)
{
    struct told_alert alerts[32];
    size_t count = alerts_told(&self->setup->world, transition, alerts, COUNT(alerts));
    size_t of_kind = 0;
    for (size_t i = 0; i < count; i++) {
        of_kind += strcmp(alerts[i].kind, kind) == 0;
    }
    return of_kind;
}

static void check_told(struct lines *self, const char *when, size_t opened, size_t closed)
{
    static const char *const kinds[] = {"target", "benchmark"};
    for (size_t k = 0; k < COUNT(kinds); k++) {
        if (told(self, kinds[k], "opened") != opened || told(self, kinds[k], "closed") != closed) {
            fail_msg("%s, %s: opened %zu, closed %zu", when, kinds[k], told(self, kinds[k], "opened"),
                     told(self, kinds[k], "closed"));
        }
    }
}

/* Both kinds, each with an id of its own, opened and closed once, over restarts at any time. */
static void a_published_line_alerts_as_a_target_does(void **state)
{
    (void)state;
    for (unsigned restart_at = 0; restart_at < 4; restart_at++) {
        struct lines lines;
        struct told_alert alerts[4];
        set_up(&lines, METHOD_WITH_QUALITY);
        for (unsigned step = 0; step < 4; step++) {
            say_mixed(&lines, 250, step < 2 ? 0 : 10);
            idle(lines.setup, step % 2 ? 300 : 65);
            if (step == restart_at) {
                score_kill(lines.setup->score);
                start_score(lines.setup);
            }
        }
        idle(lines.setup, 300);
        check_told(&lines, "after all", 1, 1);
        assert_int_equal(alerts_told(&lines.setup->world, "opened", alerts, COUNT(alerts)), 2);
        assert_string_not_equal(alerts[0].id, alerts[1].id);
        tear_down(&lines);
    }
}

/* A line that does not alert stands beside the score, and that is all. */
static void a_line_that_is_quiet_tells_nobody(void **state)
{
    (void)state;
    struct lines lines;
    set_up(&lines, METHOD_WITH_QUALITY);
    lines.benchmark.alerts = false;
    say_below(&lines);
    idle(lines.setup, 400);
    assert_int_equal(told(&lines, "target", "opened"), 1);
    assert_int_equal(told(&lines, "benchmark", "opened"), 0);
    tear_down(&lines);
}

static void the_notice_names_the_published_line(void **state)
{
    (void)state;
    struct lines lines;
    set_up(&lines, METHOD_WITH_QUALITY);
    say_below(&lines);
    idle(lines.setup, 400);
    json_t *view = last_view(&lines.setup->world, lines.setup->agencies[0]);
    const json_t *alert = json_array_get(json_object_get(view, "alerts"), 1);
    const json_t *benchmark = json_object_get(alert, "benchmark");
    assert_string_equal(text_in(alert, "kind"), "benchmark");
    assert_non_null(strstr(text_in(alert, "text"), "is below the federal average of 70.0 (2021, An Index): "));
    assert_string_equal(text_in(benchmark, "name"), "federal average");
    assert_string_equal(text_in(benchmark, "source"), "An Index");
    assert_int_equal(number_in(benchmark, "year"), 2021);
    assert_non_null(json_object_get(alert, "explanation"));
    json_decref(view);
    tear_down(&lines);
}

/* Each row: contacts before, a restart with another method or the same, and what was opened and closed by then; then
 * contacts of another kind, and what was opened and closed in all. */
static const struct {
    const char *name;
    enum method before, after;
    unsigned good_before;
    size_t opened, closed; /* by the restart, and after it with nothing new said */
    unsigned good_after;
    size_t opened_after, closed_after;
} methods[] = {
    {"the same method", METHOD_WITH_QUALITY, METHOD_WITH_QUALITY, 4, 0, 0, 4, 0, 0},
    {"the change puts it below", METHOD_WITH_QUALITY, METHOD_WITHOUT, 4, 0, 0, 4, 0, 0},
    {"below by the change, then worse", METHOD_WITH_QUALITY, METHOD_WITHOUT, 4, 0, 0, 0, 1, 0},
    {"below by the change, then better", METHOD_WITH_QUALITY, METHOD_WITHOUT, 4, 0, 0, 10, 0, 0},
    {"the change lifts it", METHOD_WITHOUT, METHOD_WITH_QUALITY, 4, 1, 0, 4, 1, 0},
    {"lifted by the change, then better", METHOD_WITHOUT, METHOD_WITH_QUALITY, 4, 1, 0, 10, 1, 1},
    {"below by both", METHOD_WITHOUT, METHOD_WITH_QUALITY, 0, 1, 0, 0, 1, 0},
};

static void another_method_opens_and_closes_nothing_by_itself(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(methods); row++) {
        struct lines lines;
        char when[96];
        set_up(&lines, methods[row].before);
        say_mixed(&lines, 200, methods[row].good_before);
        idle(lines.setup, 300);
        snprintf(when, sizeof when, "%s: before", methods[row].name);
        check_told(&lines, when, methods[row].opened, methods[row].closed);
        score_stop(lines.setup->score);
        set_method(&lines, methods[row].after);
        start_score(lines.setup);
        idle(lines.setup, 600);
        snprintf(when, sizeof when, "%s: after", methods[row].name);
        check_told(&lines, when, methods[row].opened, methods[row].closed);
        score_kill(lines.setup->score); /* and again in the middle of it */
        start_score(lines.setup);
        for (unsigned i = 0; i < 3; i++) {
            say_mixed(&lines, 250, methods[row].good_after);
            idle(lines.setup, 300);
        }
        snprintf(when, sizeof when, "%s: in the end", methods[row].name);
        check_told(&lines, when, methods[row].opened_after, methods[row].closed_after);
        tear_down(&lines);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_published_line_alerts_as_a_target_does),
        cmocka_unit_test(a_line_that_is_quiet_tells_nobody),
        cmocka_unit_test(the_notice_names_the_published_line),
        cmocka_unit_test(another_method_opens_and_closes_nothing_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
