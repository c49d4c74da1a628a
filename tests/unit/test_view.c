/* test_view.c - the live view: JSON that any reader takes, with the figures of the scorecard; and alerts in plain
 * words.
 *
 * Oracle: jansson reads it, and its figures are compared with those that went in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "figures.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define ROUNDS      100
#define NOON        INT64_C(1795348800000000) /* 2026-11-22T12:00:00Z */

static const char *const channels[CHANNELS] = {"web", "phone", "office", "chat"};
static const char *const windows[WINDOWS] = {"1h", "4h", "24h", "7d", "28d"};
static const struct scoring scoring = {
    .version = "0123456789abcdef", .suppress_below = 11, .target_rule = {.window = WINDOW_4H}};

static void check_text(const json_t *json, const char *key, struct span expected)
{
    const json_t *value = json_object_get(json, key);
    assert_true(json_is_string(value));
    assert_true(span_equal(span_of(json_string_value(value), json_string_length(value)), expected));
}

static void check_time(const json_t *json, const char *key, struct event_time time)
{
    char text[CLOCK_TEXT_SIZE];
    check_text(json, key, span_text(clock_format(time, false, text)));
}

static void check_integer(const json_t *json, const char *key, int64_t expected)
{
    assert_true(json_is_integer(json_object_get(json, key)));
    assert_int_equal(json_integer_value(json_object_get(json, key)), expected);
}

/* Ten digits are shown. */
static void check_real(const json_t *json, const char *key, double expected)
{
    const json_t *value = json_object_get(json, key);
    assert_true(json_is_number(value));
    assert_true(fabs(json_number_value(value) - expected) <= 1e-9 * fabs(expected));
}

static void check_estimate(const json_t *json, const char *key, const struct estimate *estimate)
{
    const json_t *value = json_object_get(json, key);
    assert_int_equal(value != NULL, estimate->present);
    if (estimate->present) {
        assert_int_equal(json_object_size(value), 4);
        check_real(value, "value", estimate->value);
        check_real(value, "low", estimate->low);
        check_real(value, "high", estimate->high);
        check_integer(value, "n", estimate->n);
    }
}

static void check_figures(const json_t *json, const struct card *card)
{
    check_integer(json, "interactions", card->interactions);
    check_integer(json, "surveys_offered", card->surveys_offered);
    check_integer(json, "surveys_answered", card->surveys_answered);
    check_estimate(json, "cx", &card->cx);
    check_estimate(json, "satisfaction", &card->satisfaction);
    for (unsigned d = 0; d < DRIVERS; d++) {
        const struct driver_score *driver = &card->drivers[d];
        const json_t *shown = json_object_get(json_object_get(json, "drivers"), driver_word((enum driver)d));
        assert_int_equal(shown != NULL, driver->score.present);
        if (shown) {
            check_estimate(shown, "score", &driver->score);
            check_estimate(shown, "operational", &driver->operational);
            check_estimate(shown, "survey", &driver->survey);
        }
    }
    check_estimate(json, "response_rate", &card->response_rate);
    for (unsigned c = 0; c < CAUSES; c++) {
        const json_t *shown = json_object_get(json_object_get(json, "causes"), cause_word((enum cause)c));
        assert_int_equal(shown != NULL, card->causes[c].present);
        if (shown) {
            check_real(shown, "value", card->causes[c].value);
            check_integer(shown, "n", card->causes[c].n);
        }
    }
    for (unsigned b = 0; b < BEHAVIOURS; b++) {
        check_estimate(json_object_get(json, "behaviours"), behaviour_word((enum behaviour)b), &card->behaviours[b]);
    }
}

static void check_card(const json_t *json, const struct card *card, unsigned window, const char *channel)
{
    bool few = card->interactions < 11 && card->surveys_answered < 11;
    check_text(json, "window", span_text(windows[window]));
    if (channel) {
        check_text(json, "channel", span_text(channel));
    } else {
        assert_true(json_is_null(json_object_get(json, "channel")));
    }
    assert_true(json_is_boolean(json_object_get(json, "suppressed")));
    assert_int_equal(json_is_true(json_object_get(json, "suppressed")), few);
    if (few) {
        assert_int_equal(json_object_size(json), 3); /* nothing else */
    } else {
        check_figures(json, card);
    }
}

static void check_cards(const json_t *cards, const struct card all[WINDOWS],
                        const struct card by_channel[WINDOWS][CHANNELS])
{
    size_t at = 0;
    for (unsigned w = 0; w < WINDOWS; w++) {
        check_card(json_array_get(cards, at++), &all[w], w, NULL);
        for (unsigned c = 0; c < CHANNELS; c++) {
            if (by_channel[w][c].events) {
                check_card(json_array_get(cards, at++), &by_channel[w][c], w, channels[c]);
            }
        }
    }
    assert_int_equal(json_array_size(cards), at);
}

static void check_shadow(const json_t *json, const struct scorecard *scorecard)
{
    const json_t *shadow = json_object_get(json, "shadow");
    assert_int_equal(shadow != NULL, scorecard->shadow.scoring != NULL);
    if (shadow) {
        check_text(shadow, "method", span_text("0123456789abcdef"));
        check_cards(json_object_get(shadow, "cards"), scorecard->shadow.all, scorecard->shadow.channels);
    }
}

static void check_services(const json_t *json, const struct scorecard *scorecard)
{
    const json_t *services = json_object_get(json, "services");
    assert_int_equal(json_array_size(services), scorecard->service_count);
    check_integer(json, "services_left", (int64_t)scorecard->services_left);
    for (size_t s = 0; s < scorecard->service_count; s++) {
        const json_t *service = json_array_get(services, s);
        const json_t *cards = json_object_get(service, "cards");
        size_t at = 0;
        check_text(service, "service", scorecard->services[s].service);
        for (unsigned w = 0; w < WINDOWS; w++) {
            if (scorecard->services[s].cards[w].events) {
                check_card(json_array_get(cards, at++), &scorecard->services[s].cards[w], w, NULL);
            }
        }
        assert_int_equal(json_array_size(cards), at);
    }
}

static void check_alert(const json_t *json, const struct scorecard *scorecard, const struct view_episode *shown)
{
    char text[64];
    const struct episode *episode = shown->episode;
    snprintf(text, sizeof text, "%016llx",
             (unsigned long long)alert_id(ALERT_TARGET, scorecard->agency, shown->subject, episode->ordinal));
    check_text(json, "id", span_text(text));
    check_text(json, "agency", scorecard->agency);
    check_text(json, "subject", span_text(subject_word(shown->subject, text)));
    check_text(json, "kind", span_text("target"));
    check_text(json, "state", span_text(episode_state_words[episode->state]));
    check_time(json, "since", episode->since);
    check_time(json, "opened_at", episode->opened);
    check_real(json, "target", episode->target);
    check_estimate(json, "at_open", &episode->at_open);
    const json_t *sentence = json_object_get(json, "text");
    assert_true(json_is_string(sentence) && json_string_length(sentence) > scorecard->agency.size);
    assert_memory_equal(json_string_value(sentence), scorecard->agency.data, scorecard->agency.size);
}

static void the_view_is_json_with_the_scorecards_figures(void **state)
{
    (void)state;
    struct seeded random = {1};
    struct scorecard *scorecard = calloc(1, sizeof *scorecard);
    assert_non_null(scorecard);
    struct buffer out;
    buffer_init(&out, 1 << 20);
    for (size_t round = 0; round < ROUNDS; round++) {
        struct episode episodes[TARGETS];
        struct view_episode shown[TARGETS];
        size_t count = seeded_below(&random, TARGETS + 1);
        random_scorecard(&random, &scoring, scorecard);
        for (size_t i = 0; i < count; i++) {
            episodes[i] = random_episode(&random);
            shown[i] = (struct view_episode){.kind = ALERT_TARGET, .subject = (unsigned)i, .episode = &episodes[i]};
        }
        buffer_clear(&out);
        view_render(&out, scorecard, shown, count, (struct event_time){NOON});
        assert_false(out.overflow);
        json_error_t error;
        json_t *json = json_loadb((const char *)out.data, out.size, JSON_REJECT_DUPLICATES, &error);
        if (!json) {
            fail_msg("round %zu, %s: %s", round, error.text, (const char *)out.data);
        }
        check_text(json, "agency", scorecard->agency);
        check_integer(json, "epoch", (int64_t)scorecard->revision.epoch);
        check_integer(json, "seq", (int64_t)scorecard->revision.seq);
        check_time(json, "as_of", scorecard->as_of);
        check_text(json, "updated_at", span_text("2026-11-22T12:00:00Z"));
        assert_int_equal(json_is_true(json_object_get(json, "catching_up")), scorecard->catching_up);
        check_text(json, "method", span_text("0123456789abcdef"));
        check_services(json, scorecard);
        check_cards(json_object_get(json, "cards"), scorecard->all, scorecard->channels);
        check_shadow(json, scorecard);
        const json_t *alerts = json_object_get(json, "alerts");
        assert_int_equal(json_array_size(alerts), count);
        for (size_t i = 0; i < count; i++) {
            check_alert(json_array_get(alerts, i), scorecard, &shown[i]);
        }
        json_decref(json);
    }
    buffer_done(&out);
    free(scorecard);
}

/* ---- alerts in plain words ---- */

static const struct {
    enum alert_transition transition;
    unsigned subject;
    struct estimate estimate;
    const char *expected; /* begins with; the rest tells since when */
} sentences[] = {
    {ALERT_OPENED,
     TARGET_CX,
     {true, 41.26, 35.1, 47.84, 1234},
     "tax: the CX score is below its target of 60.0: 41.3, between 35.1 and 47.8, from 1234 interactions in 4h; "},
    {ALERT_CLOSED,
     TARGET_CX,
     {true, 60, 57, 63, 500},
     "tax: the CX score is back at its target of 60.0: 60.0, between 57.0 and 63.0, from 500 interactions in 4h; "},
    {ALERT_OPENED,
     TARGET_DRIVER + DRIVER_OFFICE_ANSWERS,
     {true, 1, 0, 2, 50},
     "tax: \"employees at the office answer all my questions\" is below its target of 60.0: 1.0, between 0.0 and 2.0, "
     "from 50 interactions in 4h; "},
    {ALERT_OPENED,
     TARGET_DRIVER + DRIVER_REP_ANSWERS,
     {true, 1, 0, 2, 50},
     "tax: \"representatives answer all my questions\" is below its target of 60.0: "},
    {ALERT_OPENED,
     TARGET_DRIVER + DRIVER_QUALITY,
     {true, 1, 0, 2, 50},
     "tax: the quality of information and services is below its target of 60.0: "},
    {ALERT_OPENED,
     TARGET_DRIVER + DRIVER_QUICK_RESOLUTION,
     {true, 1, 0, 2, 50},
     "tax: quick resolution is below its target of 60.0: "},
    {ALERT_CLOSED, TARGET_CX, {0}, "tax: the CX score is back at its target of 60.0; "},
};

static void alerts_are_told_in_a_sentence(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 1024);
    for (size_t row = 0; row < COUNT(sentences); row++) {
        struct episode episode = {.target = 60, .since = {NOON}, .ordinal = 1};
        struct alert alert = {.agency = span_text("tax"),
                              .subject = sentences[row].subject,
                              .transition = sentences[row].transition,
                              .episode = &episode,
                              .estimate = sentences[row].estimate,
                              .scoring = &scoring};
        buffer_clear(&out);
        alert_text(&out, &alert);
        const char *expected = sentences[row].expected;
        bool begins = out.size > strlen(expected) && memcmp(out.data, expected, strlen(expected)) == 0;
        if (!begins || !memmem(out.data, out.size, "since 2026-11-22T12:00:00Z.", 27)) {
            fail_msg("row %zu: %.*s", row, SPAN_FORMAT(buffer_as_span(&out)));
        }
    }
    buffer_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_view_is_json_with_the_scorecards_figures),
        cmocka_unit_test(alerts_are_told_in_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
