/* test_signals.c - what an interaction says, as events and as counters; and the layout that stored state relies on.
 *
 * Oracles: rows written by hand from DESIGN's tables of channels and drivers; a linear search for duration bins; a
 * recount of random events from the words of their counters alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "seeded.h"
#include "slipstream/model.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SET(m, v)                                                                                                      \
    {                                                                                                                  \
        offsetof(struct interaction, m), (v)                                                                           \
    }
#define SECONDS(n) ((n)*INT64_C(1000))

/* An interaction of a channel with some members set, and the words of all that it counts, in the layout's order. */
static const struct {
    const char *name;
    enum channel channel;
    struct {
        size_t offset;
        int64_t number;
    } set[8];
    const char *counted;
} rows[] = {
    {"a contact that says nothing", CHANNEL_WEB, {SET(kind, EVENT_INTERACTION)}, "events interactions"},
    {"web: completed",
     CHANNEL_WEB,
     {SET(completed, 1)},
     "events interactions said.any said.operational.quality said.operational.quick_resolution completed.yes"},
    {"web: abandoned",
     CHANNEL_WEB,
     {SET(completed, 0)},
     "events interactions said.any said.operational.quality said.operational.quick_resolution completed.no"},
    {"web: helpful, nothing found, an error",
     CHANNEL_WEB,
     {SET(page_helpful, 1), SET(search_found, 0), SET(error_shown, 1)},
     "events interactions said.any said.operational.quality page_helpful.yes search_found.no error_shown.yes"},
    {"web answers no representative's question",
     CHANNEL_WEB,
     {SET(questions_answered, 1)},
     "events interactions questions_answered.yes"},
    {"phone: served after a wait",
     CHANNEL_PHONE,
     {SET(outcome, CONTACT_SERVED), SET(wait, SECONDS(20))},
     "events interactions said.any said.operational.rep_answers said.operational.quick_resolution answered.yes wait.4"},
    {"phone: gave up after a known wait",
     CHANNEL_PHONE,
     {SET(outcome, CONTACT_ABANDONED), SET(wait, SECONDS(4))},
     "events interactions said.any said.operational.rep_answers abandoned_after.0"},
    {"phone: gave up, wait not known",
     CHANNEL_PHONE,
     {SET(outcome, CONTACT_ABANDONED)},
     "events interactions said.any said.operational.rep_answers answered.no"},
    {"phone: a wait without an outcome",
     CHANNEL_PHONE,
     {SET(wait, SECONDS(28800))},
     "events interactions said.any said.operational.quick_resolution wait.23"},
    {"phone: not transferred",
     CHANNEL_PHONE,
     {SET(transfers, 0)},
     "events interactions said.any said.operational.rep_answers said.operational.quick_resolution transferred.no "
     "transfers.0"},
    {"phone: transferred seven times",
     CHANNEL_PHONE,
     {SET(transfers, 7)},
     "events interactions said.any said.operational.rep_answers said.operational.quick_resolution transferred.yes "
     "transfers.3"},
    {"phone: resolved, all answered",
     CHANNEL_PHONE,
     {SET(resolved, 1), SET(questions_answered, 1)},
     "events interactions said.any said.operational.rep_answers said.operational.quick_resolution "
     "questions_answered.yes resolved.yes"},
    {"office: served after a wait",
     CHANNEL_OFFICE,
     {SET(outcome, CONTACT_SERVED), SET(wait, 0)},
     "events interactions said.any said.operational.office_answers said.operational.quick_resolution answered.yes "
     "wait.0"},
    {"office: a timing flagged inaccurate is not used",
     CHANNEL_OFFICE,
     {SET(outcome, CONTACT_SERVED), SET(wait, SECONDS(60)), SET(timing_inaccurate, 1)},
     "events interactions said.any said.operational.office_answers answered.yes"},
    {"office: left after an inaccurate wait",
     CHANNEL_OFFICE,
     {SET(outcome, CONTACT_ABANDONED), SET(wait, SECONDS(60)), SET(timing_inaccurate, 1)},
     "events interactions said.any said.operational.office_answers answered.no"},
    {"chat: dealt with by the bot",
     CHANNEL_CHAT,
     {SET(contained, 1)},
     "events interactions said.any said.operational.quick_resolution contained.yes"},
    {"causes feed no driver",
     CHANNEL_CHAT,
     {SET(agent_informed, 0), SET(escalated, 1), SET(hold, SECONDS(5)), SET(wrap_up, SECONDS(7200))},
     "events interactions agent_informed.no escalated.yes hold.1 wrap_up.21"},
    {"reopened, repeated, slow",
     CHANNEL_OFFICE,
     {SET(reopened, 0), SET(repeat_contact, 1), SET(resolution, INT64_C(7776000000))},
     "events interactions said.any said.operational.quick_resolution reopened.no repeat_contact.yes resolution.23"},
    {"a reopening is no interaction",
     CHANNEL_PHONE,
     {SET(kind, EVENT_REOPENING), SET(reopened, 0)},
     "events said.any said.operational.quick_resolution reopened.yes"},
    {"a survey is none either",
     CHANNEL_PHONE,
     {SET(kind, EVENT_SURVEY), SET(rating_rep_answers, 5)},
     "events said.any said.survey.rep_answers survey_answered.yes rating_rep_answers.5"},
    {"offered, not answered", CHANNEL_PHONE, {SET(survey_offered, 1)}, "events interactions survey_offered.yes"},
    {"not offered", CHANNEL_PHONE, {SET(survey_offered, 0)}, "events interactions survey_offered.no"},
    {"answered, so it was offered",
     CHANNEL_WEB,
     {SET(survey_offered, 0), SET(rating_trust, 1)},
     "events interactions survey_answered.yes survey_offered.yes rating_trust.1"},
    {"an answer about the office on the phone",
     CHANNEL_PHONE,
     {SET(rating_office_answers, 2), SET(rating_quality, 3)},
     "events interactions said.any said.survey.quality survey_answered.yes survey_offered.yes rating_office_answers.2 rating_quality.3"},
    {"both lines of one driver",
     CHANNEL_CHAT,
     {SET(resolved, 0), SET(rating_quick_resolution, 4), SET(rating_satisfaction, 1)},
     "events interactions said.any said.operational.quick_resolution said.survey.quick_resolution resolved.no "
     "survey_answered.yes survey_offered.yes rating_quick_resolution.4 rating_satisfaction.1"},
};

static struct interaction interaction_of_row(size_t row)
{
    struct interaction it;
    interaction_init(&it, rows[row].channel);
    it.event_id = span_text("e-1");
    it.agency = span_text("tax");
    it.kind = EVENT_INTERACTION;
    it.occurred_at = 77;
    for (size_t i = 0; i < COUNT(rows[row].set) && rows[row].set[i].offset; i++) {
        memcpy((char *)&it + rows[row].set[i].offset, &rows[row].set[i].number, sizeof(int64_t));
    }
    return it;
}

/* The words of the counters in the layout's order, whatever order they came in; a counter given twice stands twice. */
static void words_of(const uint16_t *counters, size_t count, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (unsigned counter = 0; counter < COUNTERS; counter++) {
        for (size_t i = 0; i < count; i++) {
            char word[64];
            if (counters[i] == counter) {
                used +=
                    (size_t)snprintf(text + used, size - used, "%s%s", used ? " " : "", counter_word(counter, word));
                assert_true(used < size);
            }
        }
    }
}

static void interactions_become_counters(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(rows); row++) {
        struct interaction it = interaction_of_row(row);
        struct signal_event event;
        memset(&event, 0xA5, sizeof event);
        signals_of(&it, &event);
        assert_int_equal(event.at_us, 77);
        assert_int_equal(event.channel, rows[row].channel);
        assert_int_equal(event.kind, it.kind);
        assert_false(event.retracts);
        uint16_t counters[EVENT_COUNTERS_MAX];
        char words[1000];
        words_of(counters, signals_counters(&event, counters), words, sizeof words);
        if (strcmp(words, rows[row].counted) != 0) {
            fail_msg("%s: counted %s", rows[row].name, words);
        }
        it.retracts = 1;
        struct signal_event taken_back;
        signals_of(&it, &taken_back);
        assert_true(taken_back.retracts);
        taken_back.retracts = false;
        uint16_t same[EVENT_COUNTERS_MAX];
        assert_int_equal(signals_counters(&taken_back, same), signals_counters(&event, counters));
        assert_memory_equal(same, counters, signals_counters(&event, counters) * sizeof *same);
    }
}

/* Everything that a message can say at once, on the channel that answers most: what EVENT_COUNTERS_MAX has room for. */
static void an_event_that_says_everything_fits(void **state)
{
    (void)state;
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        struct signal_event event = {.channel = (enum channel)channel, .transfers = 3};
        event.outcomes_known = (1u << OUTCOMES) - 1;
        for (unsigned i = 0; i < DURATIONS; i++) {
            event.duration_ms[i] = INT64_MAX;
        }
        for (unsigned i = 0; i < RATINGS; i++) {
            event.ratings |= UINT64_C(5) << (3 * i);
        }
        uint16_t counters[EVENT_COUNTERS_MAX];
        size_t count = signals_counters(&event, counters);
        assert_true(count <= EVENT_COUNTERS_MAX);
        bool seen[COUNTERS] = {false};
        for (size_t i = 0; i < count; i++) {
            assert_true(counters[i] < COUNTERS);
            assert_false(seen[counters[i]]);
            seen[counters[i]] = true;
        }
    }
}

/* A random event is recounted from its fields with plain loops and looked for by the words of the counters. */
static bool counts_word(const uint16_t *counters, size_t count, const char *format, const char *name, unsigned part)
{
    char wanted[64];
    char word[64];
    snprintf(wanted, sizeof wanted, "%s.%u", name, part);
    if (strcmp(format, "yesno") == 0) {
        snprintf(wanted, sizeof wanted, "%s.%s", name, part ? "yes" : "no");
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(counter_word(counters[i], word), wanted) == 0) {
            return true;
        }
    }
    return false;
}

static void random_events_count_each_signal_once(void **state)
{
    (void)state;
    struct seeded random = {1};
    for (unsigned round = 0; round < 2000; round++) {
        struct signal_event event = {.channel = (enum channel)seeded_below(&random, CHANNELS), .transfers = -1};
        event.kind = (enum event_kind)seeded_below(&random, EVENT_KINDS);
        event.outcomes_known = (uint32_t)seeded_below(&random, 1u << OUTCOMES);
        event.outcomes_yes = event.outcomes_known & (uint32_t)seeded_bits(&random);
        unsigned expected = 0;
        for (unsigned i = 0; i < DURATIONS; i++) {
            bool said = seeded_one_in(&random, 3);
            event.duration_ms[i] = said ? (int64_t)seeded_sized(&random, 40) : ABSENT;
            expected += said;
        }
        for (unsigned i = 0; i < RATINGS; i++) {
            uint64_t rating = seeded_one_in(&random, 3) ? seeded_below(&random, 6) : 0;
            event.ratings |= rating << (3 * i);
            expected += rating != 0;
        }
        uint16_t counters[EVENT_COUNTERS_MAX];
        size_t count = signals_counters(&event, counters);
        for (unsigned i = 0; i < OUTCOMES; i++) {
            if (event.outcomes_known >> i & 1) {
                expected++;
                assert_true(counts_word(counters, count, "yesno", signal_table[i].word, event.outcomes_yes >> i & 1));
            }
        }
        unsigned of_signals = 0;
        for (size_t i = 0; i < count; i++) {
            of_signals += counters[i] >= HEAD_SLOTS;
        }
        assert_int_equal(of_signals, expected);
    }
}

static void durations_fall_between_their_edges(void **state)
{
    (void)state;
    struct seeded random = {2};
    for (unsigned set = 0; set < EDGE_SETS; set++) {
        const int64_t *edges = duration_edges_ms[set];
        for (unsigned i = 0; i < DURATION_BINS - 1; i++) {
            assert_true(i == 0 || edges[i] > edges[i - 1]);
            assert_int_equal(duration_bin((enum duration_edges)set, edges[i]), i + 1);
            assert_int_equal(duration_bin((enum duration_edges)set, edges[i] - 1), i);
            assert_int_equal(duration_edge_bin((enum duration_edges)set, edges[i]), i + 1);
            assert_int_equal(duration_edge_bin((enum duration_edges)set, edges[i] + 1), -1);
            assert_int_equal(duration_edge_bin((enum duration_edges)set, edges[i] - 1), -1);
        }
        assert_int_equal(duration_bin((enum duration_edges)set, 0), 0);
        assert_int_equal(duration_bin((enum duration_edges)set, INT64_MAX), DURATION_BINS - 1);
        assert_int_equal(duration_edge_bin((enum duration_edges)set, 0), -1);
        for (unsigned round = 0; round < 5000; round++) {
            int64_t ms = (int64_t)seeded_sized(&random, 40);
            unsigned bin = 0;
            while (bin < DURATION_BINS - 1 && edges[bin] <= ms) {
                bin++;
            }
            assert_int_equal(duration_bin((enum duration_edges)set, ms), bin);
        }
    }
}

/* Stored state and cx.signals use these numbers: a row that has to be changed here breaks what is stored. */
static const struct {
    const char *word;
    unsigned number;
} layout[] = {
    {"events", 0},
    {"interactions", 1},
    {"said.any", 2},
    {"said.operational.office_answers", 3},
    {"said.operational.quick_resolution", 6},
    {"said.survey.office_answers", 7},
    {"said.survey.quick_resolution", 10},
    {"reserved.11", 11},
    {"completed.no", 12},
    {"completed.yes", 13},
    {"page_helpful.no", 14},
    {"search_found.no", 16},
    {"error_shown.no", 18},
    {"answered.no", 20},
    {"questions_answered.no", 22},
    {"resolved.no", 24},
    {"transferred.no", 26},
    {"contained.no", 28},
    {"reopened.no", 30},
    {"repeat_contact.no", 32},
    {"survey_answered.no", 34},
    {"agent_informed.no", 36},
    {"escalated.yes", 39},
    {"survey_offered.yes", 41},
    {"reserved.42", 42},
    {"wait.0", 52},
    {"wait.23", 75},
    {"abandoned_after.0", 76},
    {"resolution.0", 100},
    {"hold.0", 124},
    {"wrap_up.23", 171},
    {"reserved.172", 172},
    {"transfers.0", 196},
    {"transfers.3", 199},
    {"rating_office_answers.1", 204},
    {"rating_rep_answers.1", 209},
    {"rating_quality.1", 214},
    {"rating_quick_resolution.1", 219},
    {"rating_compliance.1", 224},
    {"rating_engagement_advice.1", 229},
    {"rating_engagement_enrol.1", 234},
    {"rating_advocacy.1", 239},
    {"rating_trust.1", 244},
    {"rating_forgiveness.1", 249},
    {"rating_satisfaction.5", 258},
    {"reserved.263", 263},
};

static void the_layout_stays(void **state)
{
    (void)state;
    char word[64];
    for (size_t row = 0; row < COUNT(layout); row++) {
        assert_string_equal(counter_word(layout[row].number, word), layout[row].word);
    }
    assert_int_equal(COUNTERS, 264);
    for (unsigned counter = 0; counter < COUNTERS; counter++) {
        char other[64];
        counter_word(counter, word);
        for (unsigned before = 0; before < counter; before++) {
            assert_string_not_equal(word, counter_word(before, other));
        }
    }
}

static void signals_are_found_by_their_words(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SIGNALS; i++) {
        enum signal signal = SIGNALS;
        assert_true(signal_from_word(span_text(signal_table[i].word), &signal));
        assert_int_equal(signal, i);
        assert_true(strlen(signal_table[i].meaning) > 0);
    }
    enum signal signal = SIGNALS;
    assert_false(signal_from_word(span_text("waits"), &signal));
    assert_false(signal_from_word(span_text(""), &signal));
    assert_int_equal(signal, SIGNALS);
}

static const struct {
    enum channel channel;
    const char *drivers; /* those it answers: DOMAIN, "The four drivers" */
} answers[] = {
    {CHANNEL_WEB, "quality quick_resolution "},
    {CHANNEL_PHONE, "rep_answers quality quick_resolution "},
    {CHANNEL_OFFICE, "office_answers quality quick_resolution "},
    {CHANNEL_CHAT, "rep_answers quality quick_resolution "},
};

static void channels_answer_their_drivers(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(answers); row++) {
        char words[100] = "";
        for (unsigned d = 0; d < DRIVERS; d++) {
            if (channel_drivers(answers[row].channel) >> d & 1) {
                strcat(words, driver_word((enum driver)d));
                strcat(words, " ");
            }
            assert_true(strlen(driver_statement((enum driver)d)) > 0);
        }
        assert_string_equal(words, answers[row].drivers);
    }
    assert_string_equal(behaviour_word(BEHAVIOUR_FORGIVENESS), "forgiveness");
    assert_string_equal(behaviour_meaning(BEHAVIOUR_TRUST), "trusts it");
}

/* Copies have one hash wherever they came from; the same id of another agency is another event. */
static void events_are_told_apart_by_agency_and_id(void **state)
{
    (void)state;
    struct span tax = span_text("tax");
    uint64_t hash = event_id_hash(tax, span_text("e-1"));
    char copy[] = "e-1";
    assert_int_equal(event_id_hash(span_text("tax"), span_text(copy)), hash);
    assert_int_not_equal(event_id_hash(tax, span_text("e-2")), hash);
    assert_int_not_equal(event_id_hash(span_text("parks"), span_text("e-1")), hash);
    assert_int_not_equal(event_id_hash(span_text("taxe"), span_text("-1")), hash);
    struct interaction it = interaction_of_row(0);
    struct signal_event event;
    signals_of(&it, &event);
    assert_int_equal(event.id, hash);
    assert_int_equal(event.agency, 0);
    assert_int_equal(event.service, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interactions_become_counters),
        cmocka_unit_test(an_event_that_says_everything_fits),
        cmocka_unit_test(random_events_count_each_signal_once),
        cmocka_unit_test(durations_fall_between_their_edges),
        cmocka_unit_test(the_layout_stays),
        cmocka_unit_test(signals_are_found_by_their_words),
        cmocka_unit_test(channels_answer_their_drivers),
        cmocka_unit_test(events_are_told_apart_by_agency_and_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
