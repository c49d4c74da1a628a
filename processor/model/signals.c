/* signals.c - the tables of signals, and what an interaction says. */
#include "slipstream/model/signals.h"

#include <stdio.h>

_Static_assert(COUNTER_SAID_SURVEY + DRIVERS <= HEAD_SLOTS, "the head of the counters has room");
_Static_assert(OUTCOMES <= OUTCOME_SLOTS && DURATIONS <= DURATION_SLOTS && RATINGS <= RATING_SLOTS, "kinds have room");
_Static_assert(OUTCOMES <= 32, "outcomes are bits of a uint32_t");
_Static_assert(RATINGS * 3 <= 63, "ratings are three bits each of a uint64_t");
_Static_assert(COUNTERS <= UINT16_MAX, "a counter's position is a uint16_t");

static const char *const driver_words[DRIVERS] = {
#define WORD(id, word, text) word,
    DRIVERS_TABLE(WORD)
};
static const char *const behaviour_words[BEHAVIOURS] = {BEHAVIOURS_TABLE(WORD)};
#undef WORD
static const char *const driver_statements[DRIVERS] = {
#define TEXT(id, word, text) text,
    DRIVERS_TABLE(TEXT)
};
static const char *const behaviour_meanings[BEHAVIOURS] = {BEHAVIOURS_TABLE(TEXT)};
#undef TEXT

const char *driver_word(enum driver driver)
{
    ASSERT(driver < DRIVERS);
    return driver_words[driver];
}

const char *driver_statement(enum driver driver)
{
    ASSERT(driver < DRIVERS);
    return driver_statements[driver];
}

const char *behaviour_word(enum behaviour behaviour)
{
    ASSERT(behaviour < BEHAVIOURS);
    return behaviour_words[behaviour];
}

const char *behaviour_meaning(enum behaviour behaviour)
{
    ASSERT(behaviour < BEHAVIOURS);
    return behaviour_meanings[behaviour];
}

/* Waits: the standards that phone, office and chat services publish. Resolutions: from a quarter of an hour to a
 * quarter of a year. */
#define S(n) ((n)*INT64_C(1000))
#define MIN(n) S((n)*60)
#define HR(n) MIN((n)*60)
#define DAY(n) HR((n)*24)
const int64_t duration_edges_ms[EDGE_SETS][DURATION_BINS - 1] = {
    [EDGES_WAIT] = {S(5),    S(10),   S(15),   S(20),   S(30),   S(45),   S(60),   S(90),
                    MIN(2),  MIN(3),  MIN(4),  MIN(5),  MIN(7),  MIN(10), MIN(15), MIN(20),
                    MIN(30), MIN(45), MIN(60), MIN(90), HR(2),   HR(4),   HR(8)},
    [EDGES_RESOLUTION] = {MIN(15), MIN(30), HR(1),   HR(2),   HR(4),   HR(8),   HR(12),  DAY(1),
                          DAY(2),  DAY(3),  DAY(4),  DAY(5),  DAY(7),  DAY(10), DAY(14), DAY(15),
                          DAY(20), DAY(21), DAY(28), DAY(30), DAY(45), DAY(60), DAY(90)},
};

#define OUTCOME_ROW(id, name, good, drivers, text)                                                                     \
    [id] = {.word = name, .meaning = text, .kind = SIGNAL_OUTCOME, .good_is_yes = good, .feeds = drivers,              \
            .first = COUNTER_OUTCOMES + 2 * (id), .width = 2},
#define DURATION_ROW(id, name, set, drivers, text)                                                                     \
    [id] = {.word = name, .meaning = text, .kind = SIGNAL_DURATION, .edges = set, .feeds = drivers,                    \
            .first = COUNTER_DURATIONS + DURATION_BINS * ((id)-SIGNAL_WAIT), .width = DURATION_BINS},
#define COUNT_ROW(id, name, unused, drivers, text)                                                                     \
    [id] = {.word = name, .meaning = text, .kind = SIGNAL_COUNT, .feeds = drivers,                                     \
            .first = COUNTER_COUNTS + 4 * ((id)-SIGNAL_TRANSFERS), .width = 4},
#define RATING_ROW(id, name, unused, drivers, text)                                                                    \
    [id] = {.word = name, .meaning = text, .kind = SIGNAL_RATING, .good_is_yes = true, .feeds = drivers,               \
            .first = COUNTER_RATINGS + 5 * ((id)-SIGNAL_RATING_OFFICE_ANSWERS), .width = 5},
const struct signal_info signal_table[SIGNALS] = {OUTCOME_SIGNALS(OUTCOME_ROW) DURATION_SIGNALS(DURATION_ROW)
                                                      COUNT_SIGNALS(COUNT_ROW) RATING_SIGNALS(RATING_ROW)};

bool signal_from_word(struct span word, enum signal *signal)
{
    for (unsigned i = 0; i < SIGNALS; i++) {
        if (span_equal(word, span_text(signal_table[i].word))) {
            *signal = (enum signal)i;
            return true;
        }
    }
    return false;
}

uint32_t channel_drivers(enum channel channel)
{
    uint32_t common = FEEDS_QUALITY | FEEDS_QUICK;
    switch (channel) {
    case CHANNEL_PHONE:
    case CHANNEL_CHAT:
        return common | 1u << DRIVER_REP_ANSWERS;
    case CHANNEL_OFFICE:
        return common | 1u << DRIVER_OFFICE_ANSWERS;
    case CHANNEL_WEB:
    case CHANNELS:
        break;
    }
    return common;
}

static const char *counter_part(const struct signal_info *info, unsigned part, char number[12])
{
    if (info->kind == SIGNAL_OUTCOME) {
        return part ? "yes" : "no";
    }
    snprintf(number, 12, "%u", info->kind == SIGNAL_RATING ? part + 1 : part);
    return number;
}

const char *counter_word(unsigned counter, char text[64])
{
    static const char *const heads[] = {"events", "interactions", "said.any"};
    char number[12];
    if (counter < sizeof heads / sizeof *heads) {
        snprintf(text, 64, "%s", heads[counter]);
    } else if (counter < COUNTER_SAID_SURVEY) {
        snprintf(text, 64, "said.operational.%s", driver_words[counter - COUNTER_SAID_OPERATIONAL]);
    } else if (counter < COUNTER_SAID_SURVEY + DRIVERS) {
        snprintf(text, 64, "said.survey.%s", driver_words[counter - COUNTER_SAID_SURVEY]);
    } else {
        snprintf(text, 64, "reserved.%u", counter);
        for (unsigned i = 0; i < SIGNALS; i++) {
            const struct signal_info *info = &signal_table[i];
            if (counter >= info->first && counter < info->first + (unsigned)info->width) {
                snprintf(text, 64, "%s.%s", info->word, counter_part(info, counter - info->first, number));
            }
        }
    }
    return text;
}

uint64_t event_id_hash(struct span agency, struct span event_id)
{
    return hash64(event_id, hash64(agency, 0));
}

unsigned duration_bin(enum duration_edges edges, int64_t ms)
{
    static const size_t halves[] = {11, 6, 3, 1, 1}; /* of 23, and of what that leaves, down to one */
    const int64_t *first = duration_edges_ms[edges];
    const int64_t *edge = first;
#pragma GCC unroll 8
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) { /* without a jump: nobody can guess which way */
        edge += halves[i] & (0 - (size_t)(edge[halves[i] - 1] <= ms));
    }
    return (unsigned)(edge - first) + (*edge <= ms);
}
_Static_assert(DURATION_BINS - 1 == 23, "as many edges as the halves are of");

int duration_edge_bin(enum duration_edges edges, int64_t ms)
{
    unsigned bin = duration_bin(edges, ms);
    return bin > 0 && duration_edges_ms[edges][bin - 1] == ms ? (int)bin : -1;
}

/* What outcomes were said. Most are said of some events and not of others, so nothing here jumps on whether one is. */
struct said {
    uint32_t known, yes;
};

static inline void say(struct said *self, enum signal signal, int64_t flag)
{
    uint32_t known = flag != ABSENT;
    self->known |= known << signal;
    self->yes |= (known & (uint32_t)(flag != 0)) << signal;
}

static inline void last(struct signal_event *event, enum signal signal, int64_t ms)
{
    event->duration_ms[signal - SIGNAL_WAIT] = ms;
}

/* Whether somebody answered, and after what wait. Someone who gave up after a known wait is counted by that wait alone,
 * so that `score` can leave out short abandons. */
static inline void say_contact(struct said *said, struct signal_event *event, const struct interaction *it)
{
    int64_t wait = it->timing_inaccurate == 1 ? ABSENT : it->wait;
    bool gave_up = it->outcome == CONTACT_ABANDONED;
    last(event, SIGNAL_WAIT, gave_up ? ABSENT : wait);
    last(event, SIGNAL_ABANDONED_AFTER, gave_up ? wait : ABSENT);
    bool is_known = (it->outcome == CONTACT_SERVED) | (gave_up & (wait == ABSENT));
    say(said, SIGNAL_ANSWERED, is_known ? !gave_up : ABSENT);
}

static uint64_t pack_ratings(const struct interaction *it)
{
    const int64_t *rating = &it->rating_office_answers; /* the table's order is the signals' order */
    uint64_t packed = 0;
#pragma GCC unroll 16
    for (unsigned i = 0; i < RATINGS; i++) {
        packed |= ((uint64_t)rating[i] & 7) << (3 * i); /* 1 to 5, or absent, whose low bits are none */
    }
    return packed;
}
_Static_assert(offsetof(struct interaction, rating_satisfaction) - offsetof(struct interaction, rating_office_answers) ==
                   (RATINGS - 1) * sizeof(int64_t),
               "ratings lie side by side, in the order of their signals");
_Static_assert(((uint64_t)ABSENT & 7) == 0, "no rating that is absent has a bit of one");
_Static_assert(DURATIONS == 5, "signals_of says each of them");

uint64_t signals_of(const struct interaction *it, struct signal_event *event)
{
    uint64_t agency = hash64(it->agency, 0);
    struct said said = {0, 0};
    *event = (struct signal_event){
        .at_us = it->occurred_at,
        .id = hash64(it->event_id, agency), /* event_id_hash */
        .channel = it->channel,
        .kind = (enum event_kind)it->kind,
        .retracts = it->retracts == 1,
        .ratings = pack_ratings(it),
        .transfers = it->transfers == ABSENT ? -1 : (int32_t)it->transfers,
    };
    say(&said, SIGNAL_COMPLETED, it->completed);
    say(&said, SIGNAL_PAGE_HELPFUL, it->page_helpful);
    say(&said, SIGNAL_SEARCH_FOUND, it->search_found);
    say(&said, SIGNAL_ERROR_SHOWN, it->error_shown);
    say_contact(&said, event, it);
    say(&said, SIGNAL_QUESTIONS_ANSWERED, it->questions_answered);
    say(&said, SIGNAL_RESOLVED, it->resolved);
    say(&said, SIGNAL_TRANSFERRED, it->transfers == ABSENT ? ABSENT : it->transfers > 0);
    say(&said, SIGNAL_CONTAINED, it->contained);
    say(&said, SIGNAL_REOPENED, it->kind == EVENT_REOPENING ? 1 : it->reopened);
    say(&said, SIGNAL_REPEAT_CONTACT, it->repeat_contact);
    say(&said, SIGNAL_SURVEY_ANSWERED, event->ratings ? 1 : ABSENT);
    if (it->kind == EVENT_INTERACTION) { /* an answer that comes by itself was offered, and counted so, with its contact */
        say(&said, SIGNAL_SURVEY_OFFERED, event->ratings ? 1 : it->survey_offered);
    }
    say(&said, SIGNAL_AGENT_INFORMED, it->agent_informed);
    say(&said, SIGNAL_ESCALATED, it->escalated);
    last(event, SIGNAL_RESOLUTION, it->resolution);
    last(event, SIGNAL_HOLD, it->hold);
    last(event, SIGNAL_WRAP_UP, it->wrap_up);
    event->outcomes_known = said.known;
    event->outcomes_yes = said.yes;
    return agency;
}

/* Which outcomes, durations and ratings feed a driver, as the bits they are in an event. */
#define FEEDS_OUTCOME(id, word, good, drivers, text) | ((uint32_t)(drivers) >> driver & 1) << (id)
#define FEEDS_DURATION(id, word, edges, drivers, text) | ((uint32_t)(drivers) >> driver & 1) << ((id)-SIGNAL_WAIT)
#define FEEDS_RATING(id, word, unused, drivers, text)                                                                  \
    | ((uint64_t)(drivers) >> driver & 1) * 7 << (3 * ((id)-SIGNAL_RATING_OFFICE_ANSWERS))

static inline uint32_t outcomes_feeding(enum driver driver)
{
    return 0 OUTCOME_SIGNALS(FEEDS_OUTCOME);
}

static inline uint32_t durations_feeding(enum driver driver)
{
    return 0 DURATION_SIGNALS(FEEDS_DURATION);
}

static inline uint64_t ratings_feeding(enum driver driver)
{
    return 0 RATING_SIGNALS(FEEDS_RATING);
}

void signals_mark(const struct signal_event *event, struct signal_marks *marks)
{
    uint32_t durations = 0;
    uint32_t operational = 0;
    uint32_t survey = 0;
    for (unsigned i = 0; i < DURATIONS; i++) {
        bool is_said = event->duration_ms[i] != ABSENT;
        marks->bins[i] = BIN_NONE;
        if (is_said) {
            marks->bins[i] = (uint8_t)duration_bin(signal_table[SIGNAL_WAIT + i].edges, event->duration_ms[i]);
        }
        durations |= (uint32_t)is_said << i;
    }
#pragma GCC unroll 8
    for (unsigned d = 0; d < DRIVERS; d++) {
        enum driver driver = (enum driver)d;
        bool is_fed = (event->outcomes_known & outcomes_feeding(driver)) | (durations & durations_feeding(driver));
        operational |= (uint32_t)is_fed << d;
        survey |= (uint32_t)((event->ratings & ratings_feeding(driver)) != 0) << d;
    }
    uint32_t answers = channel_drivers(event->channel);
    marks->at_us = event->at_us;
    marks->ratings = event->ratings;
    marks->known = event->outcomes_known;
    marks->yes = event->outcomes_yes;
    marks->transfers = (int8_t)(event->transfers > 3 ? 3 : event->transfers);
    marks->said = (uint8_t)((operational & answers) | (survey & answers) << DRIVERS);
    marks->is_interaction = event->kind == EVENT_INTERACTION;
    marks->step = event->retracts ? -1 : 1;
}
_Static_assert(2 * DRIVERS <= 8, "what was said about the drivers, on both lines, is a byte");

struct gathered {
    uint16_t *counters;
    size_t count;
};

static void gather(void *context, unsigned counter)
{
    struct gathered *self = context;
    self->counters[self->count++] = (uint16_t)counter;
}

size_t signals_counters(const struct signal_event *event, uint16_t counters[EVENT_COUNTERS_MAX])
{
    struct gathered got = {.counters = counters};
    struct signal_marks marks;
    signals_mark(event, &marks);
    marks_each(&marks, gather, &got);
    return got.count;
}
