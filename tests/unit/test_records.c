/* test_records.c - what is published as Avro: every field of every record, read back by Avro-C under schemas/.
 *
 * Oracle: the figures, made into JSON by hand here, with the words of DOMAIN and schemas/README.md. The view has
 * test_view.c, dead letters test_intake_input.c. */
#include "published.h"

#include "figures.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define ROUNDS      200

static const char *const channels[CHANNELS] = {"web", "phone", "office", "chat"};
static const char *const windows[WINDOWS] = {"1h", "4h", "24h", "7d", "28d"};
static const char *const drivers[DRIVERS] = {"office_answers", "rep_answers", "quality", "quick_resolution"};
static const char *const behaviours[BEHAVIOURS] = {"compliance", "engagement_advice", "engagement_enrol", "advocacy",
                                                   "trust",      "forgiveness"};
static const struct scoring scoring = {
    .version = "0123456789abcdef", .suppress_below = 11, .target_rule = {.window = WINDOW_4H}};

static json_t *text_of(struct span text)
{
    return json_stringn((const char *)text.data, text.size);
}

/* A union of null and a type. */
static json_t *maybe(bool present, const char *type, json_t *value)
{
    if (present) {
        return json_pack("{s:o}", type, value);
    }
    json_decref(value);
    return json_null();
}

static json_t *estimate_of(const struct estimate *estimate)
{
    return json_pack("{s:f,s:f,s:f,s:I}", "value", estimate->value, "low", estimate->low, "high", estimate->high, "n",
                     (json_int_t)estimate->n);
}

static json_t *maybe_estimate(const struct estimate *estimate, bool shown)
{
    return maybe(estimate->present && shown, "estimate", estimate_of(estimate));
}

static json_t *maybe_long(bool present, int64_t value)
{
    return maybe(present, "long", json_integer(value));
}

static void check(const char *name, size_t round, struct span bytes, const char *schema, uint32_t id, json_t *expected)
{
    json_t *got = published_json(bytes, schema, id);
    if (!json_equal(got, expected)) {
        char *left = json_dumps(got, JSON_SORT_KEYS);
        char *right = json_dumps(expected, JSON_SORT_KEYS);
        fail_msg("%s, round %zu:\n%s\n%s", name, round, left, right);
    }
    json_decref(got);
    json_decref(expected);
}

/* ---- aggregates ---- */

static json_t *signals_of_counts(const int64_t *counts, bool shown)
{
    json_t *signals = json_object();
    for (unsigned s = 0; s < SIGNALS && shown; s++) {
        const struct signal_info *info = &signal_table[s];
        json_t *values = json_array();
        bool said = false;
        for (unsigned i = 0; i < info->width; i++) {
            said |= counts[info->first + i] != 0;
            json_array_append_new(values, json_integer(counts[info->first + i]));
        }
        if (said) {
            json_object_set(signals, info->word, values);
        }
        json_decref(values);
    }
    return signals;
}

static void random_counts(struct seeded *random, int64_t counts[COUNTERS])
{
    uint64_t density = 1 + seeded_below(random, 20);
    for (unsigned i = 0; i < COUNTERS; i++) {
        counts[i] = seeded_one_in(random, density) ? seeded_between(random, -3, 40) : 0;
    }
    counts[COUNTER_EVENTS] = (int64_t)seeded_sized(random, 40);
}

static void aggregates_say_what_was_counted(void **state)
{
    (void)state;
    struct seeded random = {1};
    struct buffer out;
    buffer_init(&out, 1 << 20);
    for (size_t round = 0; round < ROUNDS; round++) {
        int64_t counts[COUNTERS];
        random_counts(&random, counts);
        struct aggregate aggregate = {
            .agency = span_text(odd_names[seeded_below(&random, ODD_NAMES)]),
            .service = span_text(odd_names[seeded_below(&random, ODD_NAMES)]),
            .channel = (enum channel)seeded_below(&random, CHANNELS),
            .window = (enum window)seeded_below(&random, WINDOWS),
            .revision = {seeded_sized(&random, 53), seeded_sized(&random, 63)},
            .as_of = {(int64_t)seeded_sized(&random, 51)},
            .catching_up = seeded_one_in(&random, 2),
            .suppressed = seeded_one_in(&random, 3),
            .counts = counts,
        };
        bool shown = !aggregate.suppressed;
        json_t *key =
            json_pack("{s:o,s:o,s:s,s:s}", "agency", text_of(aggregate.agency), "service", text_of(aggregate.service),
                      "channel", channels[aggregate.channel], "window", windows[aggregate.window]);
        json_t *value = json_deep_copy(key);
        json_object_set_new(value, "epoch", json_integer((json_int_t)aggregate.revision.epoch));
        json_object_set_new(value, "seq", json_integer((json_int_t)aggregate.revision.seq));
        json_object_set_new(value, "as_of", json_integer(aggregate.as_of.us));
        json_object_set_new(value, "catching_up", json_boolean(aggregate.catching_up));
        json_object_set_new(value, "suppressed", json_boolean(aggregate.suppressed));
        json_object_set_new(value, "interactions", maybe_long(shown, counts[COUNTER_INTERACTIONS]));
        json_object_set_new(value, "events", maybe_long(shown, counts[COUNTER_EVENTS]));
        json_object_set_new(value, "signals", signals_of_counts(counts, shown));
        buffer_clear(&out);
        record_aggregate_key(&out, 0x01020304, &aggregate);
        check("key", round, buffer_as_span(&out), "aggregate_key", 0x01020304, key);
        buffer_clear(&out);
        record_aggregate(&out, 0xfffefdfc, &aggregate);
        check("value", round, buffer_as_span(&out), "aggregate", 0xfffefdfc, value);
    }
    buffer_done(&out);
}

/* ---- scores ---- */

static json_t *drivers_of(const struct card *card, bool shown)
{
    json_t *all = json_object();
    for (unsigned d = 0; d < DRIVERS && shown; d++) {
        const struct driver_score *driver = &card->drivers[d];
        if (driver->score.present) {
            json_object_set_new(all, drivers[d],
                                json_pack("{s:o,s:o,s:o}", "score", maybe_estimate(&driver->score, true), "operational",
                                          maybe_estimate(&driver->operational, true), "survey",
                                          maybe_estimate(&driver->survey, true)));
        }
    }
    return all;
}

static json_t *causes_of(const struct card *card, bool shown)
{
    static const char *const words[CAUSES] = {"transfers", "agent_informed", "escalated", "hold_seconds",
                                              "wrap_up_seconds"};
    json_t *all = json_object();
    for (unsigned c = 0; c < CAUSES && shown; c++) {
        if (card->causes[c].present) {
            json_object_set_new(
                all, words[c],
                json_pack("{s:f,s:I}", "value", card->causes[c].value, "n", (json_int_t)card->causes[c].n));
        }
    }
    return all;
}

static json_t *card_of(const struct card *card, unsigned window, const char *channel)
{
    int64_t people = card->surveys_answered > card->interactions ? card->surveys_answered : card->interactions;
    bool shown = people >= 11;
    json_t *of_behaviours = json_object();
    for (unsigned b = 0; b < BEHAVIOURS && shown; b++) {
        if (card->behaviours[b].present) {
            json_object_set_new(of_behaviours, behaviours[b], estimate_of(&card->behaviours[b]));
        }
    }
    return json_pack("{s:s,s:o,s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "window", windows[window], "channel",
                     maybe(channel != NULL, "string", json_string(channel ? channel : "")), "suppressed", !shown,
                     "interactions", maybe_long(shown, card->interactions), "cx", maybe_estimate(&card->cx, shown),
                     "drivers", drivers_of(card, shown), "behaviours", of_behaviours, "satisfaction",
                     maybe_estimate(&card->satisfaction, shown), "surveys_offered",
                     maybe_long(shown, card->surveys_offered), "surveys_answered",
                     maybe_long(shown, card->surveys_answered), "response_rate",
                     maybe_estimate(&card->response_rate, shown), "causes", causes_of(card, shown));
}

static json_t *services_of(const struct scorecard *scorecard)
{
    json_t *services = json_array();
    for (size_t s = 0; s < scorecard->service_count; s++) {
        json_t *cards = json_array();
        for (unsigned w = 0; w < WINDOWS; w++) {
            if (scorecard->services[s].cards[w].events) {
                json_array_append_new(cards, card_of(&scorecard->services[s].cards[w], w, NULL));
            }
        }
        json_array_append_new(
            services, json_pack("{s:o,s:o}", "service", text_of(scorecard->services[s].service), "cards", cards));
    }
    return services;
}

static void scorecards_say_what_was_scored(void **state)
{
    (void)state;
    struct seeded random = {2};
    struct scorecard *scorecard = calloc(1, sizeof *scorecard);
    assert_non_null(scorecard);
    struct buffer out;
    buffer_init(&out, 1 << 20);
    for (size_t round = 0; round < ROUNDS; round++) {
        random_scorecard(&random, &scoring, scorecard);
        json_t *cards = json_array();
        for (unsigned w = 0; w < WINDOWS; w++) {
            json_array_append_new(cards, card_of(&scorecard->all[w], w, NULL));
            for (unsigned c = 0; c < CHANNELS; c++) {
                if (scorecard->channels[w][c].events) {
                    json_array_append_new(cards, card_of(&scorecard->channels[w][c], w, channels[c]));
                }
            }
        }
        json_t *expected = json_pack(
            "{s:o,s:I,s:I,s:I,s:b,s:s,s:o,s:o,s:I}", "agency", text_of(scorecard->agency), "epoch",
            (json_int_t)scorecard->revision.epoch, "seq", (json_int_t)scorecard->revision.seq, "as_of",
            (json_int_t)scorecard->as_of.us, "catching_up", scorecard->catching_up, "method", "0123456789abcdef",
            "cards", cards, "services", services_of(scorecard), "services_left", (json_int_t)scorecard->services_left);
        buffer_clear(&out);
        record_score(&out, ID_SCORE, scorecard);
        check("score", round, buffer_as_span(&out), "score", ID_SCORE, expected);
    }
    buffer_done(&out);
    free(scorecard);
}

/* Fewer people than may be published: the greater of interactions and survey answers counts. */
static const struct {
    int64_t interactions, answers;
    bool few;
} people[] = {{0, 0, true}, {10, 10, true}, {11, 0, false}, {0, 11, false}, {-5, 3, true}, {1000, 2, false}};

static void few_people_are_not_shown(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(people); row++) {
        struct card card = {.interactions = people[row].interactions, .surveys_answered = people[row].answers};
        assert_int_equal(counts_are_few(people[row].interactions, people[row].answers, &scoring), people[row].few);
        assert_int_equal(card_is_suppressed(&card, &scoring), people[row].few);
    }
}

/* ---- alerts ---- */

static void alerts_say_what_happened(void **state)
{
    (void)state;
    static const char *const subjects[TARGETS] = {"cx", "driver/office_answers", "driver/rep_answers", "driver/quality",
                                                  "driver/quick_resolution"};
    static const char *const states[EPISODE_STATES] = {"normal",     "pending",      "firing",
                                                       "recovering", "insufficient", "learning"};
    struct scoring_benchmark line = {
        span_text("us"), span_text("average"), TARGET_CX, 62.5, 2021, span_text("somebody"), true};
    struct scoring with_line = scoring;
    struct seeded random = {3};
    struct buffer out, sentence;
    with_line.benchmarks = &line;
    with_line.benchmark_count = 1;
    buffer_init(&out, 4096);
    buffer_init(&sentence, 4096);
    for (size_t round = 0; round < ROUNDS; round++) {
        struct episode episode = random_episode(&random);
        bool is_below_line = seeded_one_in(&random, 2);
        episode.target = seeded_one_in(&random, 2) ? line.value : episode.target;
        struct alert alert = {
            .kind = is_below_line ? ALERT_BENCHMARK : ALERT_TARGET,
            .agency = span_text(odd_names[seeded_below(&random, ODD_NAMES)]),
            .subject = (unsigned)seeded_below(&random, TARGETS),
            .transition = seeded_one_in(&random, 2) ? ALERT_OPENED : ALERT_CLOSED,
            .episode = &episode,
            .estimate = random_estimate(&random),
            .scoring = &with_line,
        };
        bool has_line = is_below_line && alert.subject == TARGET_CX && episode.target == line.value;
        char id[17];
        snprintf(id, sizeof id, "%016llx",
                 (unsigned long long)alert_id(alert.kind, alert.agency, alert.subject, episode.ordinal));
        bool is_closed = alert.transition == ALERT_CLOSED;
        buffer_clear(&sentence);
        alert_text(&sentence, &alert);
        json_t *expected = json_pack(
            "{s:s,s:o,s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:o,s:s,s:f,s:o,s:s,s:o,s:n,s:o,s:n}", "id", id, "agency",
            text_of(alert.agency), "subject", subjects[alert.subject], "kind", is_below_line ? "benchmark" : "target",
            "state", states[episode.state], "transition", is_closed ? "closed" : "opened", "ordinal",
            (json_int_t)episode.ordinal, "since", (json_int_t)episode.since.us, "opened_at",
            (json_int_t)episode.opened.us, "closed_at", maybe_long(is_closed, episode.closed.us), "window", "4h",
            "target", episode.target, "estimate", estimate_of(&alert.estimate), "method", "0123456789abcdef", "text",
            text_of(buffer_as_span(&sentence)), "explanation", "benchmark",
            maybe(has_line, "benchmark_crossed",
                  json_pack("{s:s,s:f,s:i,s:s}", "name", "average", "value", 62.5, "year", 2021, "source", "somebody")),
            "channel");
        buffer_clear(&out);
        record_alert(&out, ID_ALERT, &alert);
        assert_false(out.overflow);
        check("alert", round, buffer_as_span(&out), "alert", ID_ALERT, expected);
    }
    buffer_done(&out);
    buffer_done(&sentence);
}

/* Of a silent channel no figure is told but what is usual: what came is of few people. */
#define NINE_SIX INT64_C(1795338360000000) /* 2026-11-22T09:06:00Z */
static const struct {
    enum alert_transition transition;
    bool to_new_level;
    const char *text;
} silences[] = {
    {ALERT_OPENED, false,
     "tax: no contacts by phone, or next to none, since 2026-11-22T09:06:00Z, where about 343 are usual."},
    {ALERT_CLOSED, false,
     "tax: contacts by phone are there again; there were none, or next to none, since 2026-11-22T09:06:00Z."},
    {ALERT_CLOSED, true,
     "tax: no contacts by phone, or next to none, for so long that this counts as closed; since 2026-11-22T09:06:00Z."},
};

static void a_silent_channel_is_told_of_without_figures(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 4096);
    for (size_t row = 0; row < COUNT(silences); row++) {
        struct silence silence = {.episode = {.state = EPISODE_FIRING,
                                              .ordinal = 2,
                                              .since = {NINE_SIX},
                                              .opened = {NINE_SIX + 61 * US_PER_MINUTE},
                                              .target = 343.4},
                                  .to_new_level = silences[row].to_new_level};
        struct alert alert = {.kind = ALERT_SILENT_CHANNEL,
                              .agency = span_text("tax"),
                              .subject = SUBJECT_CHANNEL + CHANNEL_PHONE,
                              .transition = silences[row].transition,
                              .episode = &silence.episode,
                              .to_new_level = silence.to_new_level,
                              .scoring = &scoring};
        buffer_clear(&out);
        record_alert(&out, ID_ALERT, &alert);
        json_t *got = published_json(buffer_as_span(&out), "alert", ID_ALERT);
        assert_string_equal(text_in(got, "text"), silences[row].text);
        assert_string_equal(text_in(got, "subject"), "channel/phone");
        assert_string_equal(text_in(got, "kind"), "silent_channel");
        assert_string_equal(text_in(got, "window"), "2h");
        assert_string_equal(text_in(json_object_get(got, "channel"), "string"), "phone");
        assert_int_equal(number_in(json_object_get(got, "estimate"), "n"), 0);
        json_decref(got);
    }
    buffer_done(&out);
}

/* An explanation with one of everything; what is not there is left out. */
static struct explanation some_explanation(bool compared)
{
    struct explanation explanation = {.subject = SUBJECT_CX,
                                      .window = WINDOW_4H,
                                      .as_of = {1795348800000000},
                                      .began = {compared ? 1795340000000000 : INT64_MIN},
                                      .compared = compared,
                                      .moved_channel = CHANNEL_PHONE,
                                      .score_change = -9.5,
                                      .fix_count = 1};
    explanation.moved[MOVED_WAIT] = (struct moved){true, true, 61.5, 92.25};
    explanation.projections[BEHAVIOUR_TRUST] = (struct projection){true, true, .46, .25};
    explanation.fixes[0] =
        (struct fix){DRIVER_QUALITY, CHANNEL_WEB, false, 20000, 60, 70, .5, .75, 300, .03, 3.75, 33.75};
    if (compared) {
        explanation.change = -9.5;
        explanation.mix = .25;
        explanation.others = -1.5;
        explanation.contribution_count = 2;
        explanation.contributions[0] = (struct contribution){
            DRIVER_QUICK_RESOLUTION, CHANNEL_PHONE, "benefits", -6, SIGNAL_WAIT, .615, .9225, 120};
        explanation.contributions[1] =
            (struct contribution){DRIVER_QUALITY, CHANNEL_WEB, "", -2, SIGNAL_COMPLETED, .5, .75, 80};
    }
    return explanation;
}

static json_t *expected_explanation(const char *text, bool compared)
{
    json_t *contributions =
        compared ? json_pack("[{s:{s:s},s:s,s:{s:s},s:f,s:s,s:f,s:f,s:i},{s:{s:s},s:s,s:n,s:f,s:s,s:f,s:f,s:i}]",
                             "driver", "string", "quick_resolution", "channel", "phone", "service", "string",
                             "benefits", "points", -6.0, "signal", "wait", "now", 61.5, "usual", 92.25, "n", 120,
                             "driver", "string", "quality", "channel", "web", "service", "points", -2.0, "signal",
                             "completed", "now", 50.0, "usual", 75.0, "n", 80)
                 : json_array();
    json_t *moved = json_pack("[{s:s,s:{s:s},s:f,s:f,s:b}]", "what", "wait_within_standard", "channel", "string",
                              "phone", "now", 61.5, "usual", 92.25, "stands_out", 1);
    json_t *projections = json_pack("[{s:s,s:f,s:f,s:f,s:b}]", "behaviour", "trust", "measured", 46.0, "projected",
                                    25.0, "rate", .5, "published", 1);
    json_t *fixes = json_pack("[{s:s,s:s,s:f,s:f,s:{s:s},s:f,s:f,s:f,s:i,s:f,s:f}]", "driver", "quality", "channel",
                              "web", "now", 60.0, "to", 70.0, "week_from", "string", "2024-10-04", "weight", .5,
                              "share", .75, "gain", 3.75, "n", 300, "elasticity", .03, "worth", 33.75);
    json_t *crossed = compared ? json_pack("[{s:s,s:f,s:i,s:s}]", "name", "average", "value", 62.5, "year", 2021,
                                           "source", "somebody")
                               : json_array();
    json_t *record =
        json_pack("{s:s,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "text", text, "as_of", (json_int_t)1795348800000000,
                  "began", maybe_long(compared, 1795340000000000), "change", maybe(compared, "double", json_real(-9.5)),
                  "mix", maybe(compared, "double", json_real(.25)), "others",
                  maybe(compared, "double", json_real(-1.5)), "contributions", contributions, "moved", moved,
                  "projections", projections, "fix_first", fixes, "benchmarks_crossed", crossed);
    return json_pack("{s:o}", "explanation", record);
}

static const struct {
    bool compared;
    const char *text;
} explained[] = {
    {true,
     "It began at about 2026-11-22T09:33:20Z.\n"
     "What the change of -9.5 points is made of:\n"
     "  -6.0  quick resolution by phone, benefits: of 100, 62 waited no longer than the standard, usually 92\n"
     "  -2.0  quality of information and services on the web, several services: of 100, 50 completed the task, usually "
     "75\n"
     "  -1.5  everything else together\n"
     "  Not counted in it: +0.2, since people used other services and channels than usual.\n"
     "What else changed by phone: of 100 people 62 waited no longer than the standard, usually 92.\n"
     "It was above average, 62.5 (2021, somebody), and is now below.\n"
     "What it costs if the CX score stays 9.5 points lower (each point read as so many per cent of those who do it):\n"
     "  trusts it: 25.0 of 100 people instead of 46.0 (50.0 % a point; nobody was asked: the published average stands "
     "in)\n"
     "What to fix first, by points gained x contacts (x 3.0 % a point):\n"
     "  1. quality of information and services on the web: from 60.0 to its best week's 70.0 (from 2024-10-04) gives "
     "+3.8 points (10.0 x 0.50 of the score x 0.75 of its contacts), for 300 contacts"},
    {false,
     "What it costs if the CX score stays 9.5 points lower (each point read as so many per cent of those who do it):\n"
     "  trusts it: 25.0 of 100 people instead of 46.0 (50.0 % a point; nobody was asked: the published average stands "
     "in)\n"
     "What to fix first, by points gained x contacts (x 3.0 % a point):\n"
     "  1. quality of information and services on the web: from 60.0 to its best week's 70.0 (from 2024-10-04) gives "
     "+3.8 points (10.0 x 0.50 of the score x 0.75 of its contacts), for 300 contacts"},
};

static void alerts_say_why(void **state)
{
    (void)state;
    struct scoring_benchmark line = {
        span_text("us"), span_text("average"), TARGET_CX, 62.5, 2021, span_text("somebody"), false};
    struct scoring with_line = scoring;
    struct episode episode = {.state = EPISODE_FIRING, .ordinal = 1};
    struct buffer out;
    buffer_init(&out, 16384);
    with_line.benchmarks = &line;
    with_line.benchmark_count = 1;
    with_line.elasticity[BEHAVIOUR_TRUST] = .5;
    for (size_t row = 0; row < COUNT(explained); row++) {
        struct explanation explanation = some_explanation(explained[row].compared);
        struct alert alert = {.agency = span_text("tax"),
                              .transition = ALERT_OPENED,
                              .episode = &episode,
                              .estimate = {true, 60, 57, 63, 500},
                              .scoring = &with_line,
                              .explanation = &explanation};
        buffer_clear(&out);
        record_alert(&out, ID_ALERT, &alert);
        json_t *got = published_json(buffer_as_span(&out), "alert", ID_ALERT);
        json_t *expected = expected_explanation(explained[row].text, explained[row].compared);
        json_t *part = json_object_get(got, "explanation");
        if (!json_equal(part, expected)) {
            fail_msg("row %zu:\n%s\n%s", row, json_dumps(part, JSON_SORT_KEYS), json_dumps(expected, JSON_SORT_KEYS));
        }
        json_decref(got);
        json_decref(expected);
    }
    buffer_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aggregates_say_what_was_counted),
        cmocka_unit_test(scorecards_say_what_was_scored),
        cmocka_unit_test(few_people_are_not_shown),
        cmocka_unit_test(alerts_say_what_happened),
        cmocka_unit_test(alerts_say_why),
        cmocka_unit_test(a_silent_channel_is_told_of_without_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
