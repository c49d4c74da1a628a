/* test_methods.c - the scoring file swapped while the stages run: what is held stays, what is read is of one file, and
 * the next look is by the new one.
 *
 * Oracle: pairs of scoring files that belong together; the samples said, counted by hand. */
#include "score_setup.h"

#include <pthread.h>

/* ---- the slot ---- */

static struct scoring *load_builtin(int64_t mark)
{
    struct scoring *scoring = NULL;
    struct problems problems;
    problems_init(&problems);
    assert_int_equal(scoring_load(NULL, &scoring, &problems), DONE);
    problems_done(&problems);
    scoring->suppress_below = mark;
    return scoring;
}

static void what_is_held_outlives_a_swap(void **state)
{
    (void)state;
    struct method_slot *slot = method_slot_open(load_builtin(1), NULL);
    const struct methods *first = method_slot_hold(slot);
    assert_false(method_slot_has_newer(slot, first));
    method_slot_swap(slot, load_builtin(2), load_builtin(3)); /* nobody ever holds it: freed by the next swap */
    method_slot_swap(slot, load_builtin(4), load_builtin(5));
    assert_true(method_slot_has_newer(slot, first));
    assert_int_equal(first->scoring->suppress_below, 1);
    assert_null(first->shadow);
    const struct methods *second = method_slot_hold(slot);
    assert_int_equal(second->scoring->suppress_below, 4);
    assert_int_equal(second->shadow->suppress_below, 5);
    assert_false(method_slot_has_newer(slot, second));
    method_slot_release(slot, first);
    method_slot_release(slot, second);
    method_slot_close(slot);
    method_slot_close(NULL);
}

#define SWAPS   200
#define READERS 3

struct reader {
    struct method_slot *slot;
    pthread_t thread;
    int64_t seen; /* how many different ones */
    bool torn;
};

/* As a stage does: holds the newest, uses it for a while, follows. */
static void *read_on(void *context)
{
    struct reader *self = context;
    const struct methods *held = method_slot_hold(self->slot);
    while (held->scoring->suppress_below < SWAPS) {
        const struct methods *old = held;
        self->torn |= held->shadow->suppress_below != held->scoring->suppress_below;
        self->torn |= held->scoring->version[0] == '\0' || held->scoring->benchmark_count == 0;
        if (method_slot_has_newer(self->slot, held)) {
            held = method_slot_hold(self->slot);
            self->torn |= held->scoring->suppress_below <= old->scoring->suppress_below;
            self->seen++;
            method_slot_release(self->slot, old);
        }
    }
    method_slot_release(self->slot, held);
    return NULL;
}

static void readers_see_pairs_in_order(void **state)
{
    (void)state;
    struct method_slot *slot = method_slot_open(load_builtin(0), load_builtin(0));
    struct reader readers[READERS] = {0};
    for (unsigned i = 0; i < READERS; i++) {
        readers[i].slot = slot;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
    }
    for (int64_t i = 1; i <= SWAPS; i++) {
        method_slot_swap(slot, load_builtin(i), load_builtin(i));
    }
    for (unsigned i = 0; i < READERS; i++) {
        pthread_join(readers[i].thread, NULL);
        assert_false(readers[i].torn);
        assert_in_range(readers[i].seen, 1, SWAPS);
    }
    method_slot_close(slot);
}

/* ---- score ---- */

static double cx_of(const json_t *score)
{
    const json_t *cx = json_object_get(json_object_get(card_in(score, "28d", ""), "cx"), "estimate");
    assert_non_null(cx);
    return json_number_value(json_object_get(cx, "value"));
}

static void say_phone(struct score_setup *self, unsigned good, unsigned bad)
{
    struct sample samples[200];
    for (unsigned i = 0; i < good + bad; i++) {
        samples[i] = new_sample(self, 0);
        samples[i].good = i < good ? 1 : 0;
    }
    world_batch(&self->world, 0, samples, good + bad, TELLS_CAUGHT_UP);
}

/* The same counts by another file: another score, another version, at the next look. Nothing was said anew. */
static void the_next_look_is_by_the_new_one(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(1, NULL);
    start_score(self);
    say_phone(self, 60, 40);
    idle(self, 10);
    json_t *before = last_score(&self->world, self->agencies[0]);
    assert_string_equal(text_in(before, "method"), self->world.scoring.version);
    struct scoring other = self->world.scoring;
    snprintf(other.version, sizeof other.version, "0123456789abcdef");
    other.signal_n_min = 1000;
    const struct methods methods = {&other, NULL};
    scorer_set_methods(self->score->scorer, &methods);
    idle(self, 10);
    json_t *after = last_score(&self->world, self->agencies[0]);
    assert_string_equal(text_in(after, "method"), "0123456789abcdef");
    assert_true(cx_of(before) > 0);
    assert_true(json_is_null(json_object_get(card_in(after, "28d", ""), "cx"))); /* too few for the new one */
    const struct methods first = {&self->world.scoring, NULL};
    scorer_set_methods(self->score->scorer, &first);
    idle(self, 10);
    json_t *again = last_score(&self->world, self->agencies[0]);
    assert_string_equal(text_in(again, "method"), self->world.scoring.version);
    assert_true(cx_of(again) == cx_of(before));
    json_decref(before);
    json_decref(after);
    json_decref(again);
    score_stop(self->score);
    score_tear_down(self);
}

/* A shadow is in the view alone, as the file in force made of itself: nothing on the topics changes, nobody is told. */
static void a_shadow_is_shown_and_alerts_nobody(void **state)
{
    (void)state;
    struct score_setup *self = score_set_up(3, NULL);
    struct scoring other = self->world.scoring;
    const struct scoring_target missed = {span_text("*"), {90, 90, 90, 90, 90}};
    snprintf(other.version, sizeof other.version, "fedcba9876543210");
    other.signal_n_min = 1000;
    other.targets = &missed; /* which every agency misses: it is the shadow's own, so nobody hears of it */
    other.target_count = 1;
    other.suppress_below = 1000000;
    const struct methods methods = {&self->world.scoring, &other};
    start_score(self);
    scorer_set_methods(self->score->scorer, &methods);
    say_phone(self, 60, 40);
    idle(self, 600);
    json_t *score = last_score(&self->world, self->agencies[0]);
    assert_string_equal(text_in(score, "method"), self->world.scoring.version);
    assert_true(cx_of(score) > 0);
    json_decref(score);
    json_t *view = last_view(&self->world, self->agencies[0]);
    const json_t *shadow = json_object_get(view, "shadow");
    assert_string_equal(text_in(shadow, "method"), "fedcba9876543210");
    const json_t *card = json_array_get(json_object_get(shadow, "cards"), WINDOW_28D * 2); /* each with one channel's */
    assert_string_equal(text_in(card, "window"), "28d");
    assert_true(json_is_false(json_object_get(card, "suppressed"))); /* that is for the file in force to say */
    assert_int_equal(number_in(card, "interactions"), 100);
    assert_null(json_object_get(card, "cx")); /* too few for it */
    assert_int_equal(json_array_size(json_object_get(view, "alerts")), 0);
    assert_int_equal(alerts_told(&self->world, "opened", NULL, 0), 0);
    json_decref(view);
    score_stop(self->score);
    score_tear_down(self);
}

/* ---- intake ---- */

static unsigned events_of(struct world *world, const char *agency)
{
    unsigned count = 0;
    int32_t partition = partition_of(span_text(agency), (int32_t)world->config.signals_partitions);
    for (int64_t offset = 0; offset < fake_kafka_end(world->kafka, "cx.signals", partition); offset++) {
        const struct fake_record *at = fake_kafka_at(world->kafka, "cx.signals", partition, offset);
        struct batch_reader reader;
        struct signal_event event;
        struct reason why;
        bool more = at != NULL;
        batch_reader_init(&reader);
        if (at) {
            assert_int_equal(batch_reader_open(&reader, at->value, &why), DONE);
        }
        while (more && batch_reader_next(&reader, &event, &more, &why) == DONE && more) {
            count += span_equal(batch_reader_agency(&reader, event.agency), span_text(agency));
        }
        batch_reader_done(&reader);
    }
    return count;
}

static void say_as(struct score_setup *self, const char *agency, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct sample sample = new_sample(self, 0);
        sample.agency = agency;
        world_say(&self->world, &sample, 0);
    }
}

static void intake_follows_aliases(void **state)
{
    (void)state;
    const struct scoring_agency tax = {span_text("tax"), span_text("Tax")};
    const struct scoring_name names[] = {{span_text("TAX"), 0}, {span_text("tax"), 0}};
    struct score_setup *self = score_set_up(2, NULL);
    struct scoring other = self->world.scoring;
    other.agencies = &tax;
    other.agency_count = 1;
    other.names = names;
    other.name_count = COUNT(names);
    struct intake_run *intake = intake_start(&self->world, "a");
    intake_assign_all(intake);
    say_as(self, "TAX", 3);
    say_as(self, "tax", 2);
    intake_turns(intake, 20, SECOND);
    intake_set_scoring(intake->intake, &other);
    say_as(self, "TAX", 5);
    say_as(self, "parks", 4);
    intake_turns(intake, 20, SECOND);
    assert_int_equal(events_of(&self->world, "TAX"), 3); /* before it was known to be an alias */
    assert_int_equal(events_of(&self->world, "tax"), 2 + 5);
    assert_int_equal(events_of(&self->world, "parks"), 4);
    other.agencies_only = true;
    intake_set_scoring(intake->intake, &other);
    say_as(self, "parks", 6);
    intake_turns(intake, 20, SECOND);
    assert_int_equal(events_of(&self->world, "parks"), 4);
    assert_int_equal(events_of(&self->world, "_other"), 6);
    intake_stop(intake);
    score_tear_down(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_held_outlives_a_swap),    cmocka_unit_test(readers_see_pairs_in_order),
        cmocka_unit_test(the_next_look_is_by_the_new_one), cmocka_unit_test(a_shadow_is_shown_and_alerts_nobody),
        cmocka_unit_test(intake_follows_aliases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
