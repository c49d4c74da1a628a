/* signals.h - what an interaction says: yes/no outcomes, durations, counts and ratings; and the counters they add to.
 *
 * Signals are facts. Standards, the limit for a short abandon, weights and survey methods are applied by `score`, so
 * that another scoring file works on what is stored. Ids are stable: stored state and cx.signals use them; never reuse
 * one. Source of the table: Forrester's four drivers and what agency systems record (Amazon Connect, Genesys, Zendesk,
 * bcgov/queue-management, Matomo); survey statements after OMB Circular A-11 section 280. */
#ifndef SLIPSTREAM_MODEL_SIGNALS_H
#define SLIPSTREAM_MODEL_SIGNALS_H

#include "slipstream/model/interaction.h"

/* The drivers of a good interaction. */
#define DRIVERS_TABLE(D)                                                                                               \
    D(DRIVER_OFFICE_ANSWERS, "office_answers", "Employees at the office answer all my questions.")                     \
    D(DRIVER_REP_ANSWERS, "rep_answers", "Customer service representatives answer all my questions.")                  \
    D(DRIVER_QUALITY, "quality", "Has high-quality information, products, services, or benefits.")                     \
    D(DRIVER_QUICK_RESOLUTION, "quick_resolution", "Resolves problems or issues quickly.")

/* What good interactions bring, each with the share of citizens it was published for (0: none published). */
#define BEHAVIOURS_TABLE(B)                                                                                            \
    B(BEHAVIOUR_COMPLIANCE, "compliance", "does what the agency asks")                                                 \
    B(BEHAVIOUR_ENGAGEMENT_ADVICE, "engagement_advice", "seeks its advice")                                            \
    B(BEHAVIOUR_ENGAGEMENT_ENROL, "engagement_enrol", "signs up for what is voluntary")                                \
    B(BEHAVIOUR_ADVOCACY, "advocacy", "speaks well of it")                                                             \
    B(BEHAVIOUR_TRUST, "trust", "trusts it")                                                                           \
    B(BEHAVIOUR_FORGIVENESS, "forgiveness", "forgives its mistakes")

enum driver {
#define DRIVER_ENUM(id, word, statement) id,
    DRIVERS_TABLE(DRIVER_ENUM)
#undef DRIVER_ENUM
        DRIVERS
};
enum behaviour {
#define BEHAVIOUR_ENUM(id, word, meaning) id,
    BEHAVIOURS_TABLE(BEHAVIOUR_ENUM)
#undef BEHAVIOUR_ENUM
        BEHAVIOURS
};
const char *driver_word(enum driver driver);
const char *driver_statement(enum driver driver);
const char *behaviour_word(enum behaviour behaviour);
const char *behaviour_meaning(enum behaviour behaviour);

enum signal_kind {
    SIGNAL_OUTCOME,  /* 2 counters: no, yes */
    SIGNAL_DURATION, /* DURATION_BINS counters */
    SIGNAL_COUNT,    /* 4 counters: 0, 1, 2, 3 or more */
    SIGNAL_RATING,   /* 5 counters: 1 … 5 */
};

/* Which drivers a signal can feed (bits, 1 << enum driver); a channel answers only some of them (driver_channels). */
#define FEEDS_ANSWERS ((1u << DRIVER_OFFICE_ANSWERS) | (1u << DRIVER_REP_ANSWERS))
#define FEEDS_QUALITY (1u << DRIVER_QUALITY)
#define FEEDS_QUICK (1u << DRIVER_QUICK_RESOLUTION)

/* The one table of signals: id, word, kind, whether `yes` is good (outcomes), drivers, what it says.
 * Per kind the order is the bit or slot in a packed event: add at the end of a kind only. */
#define OUTCOME_SIGNALS(S)                                                                                             \
    S(SIGNAL_COMPLETED, "completed", true, FEEDS_QUALITY | FEEDS_QUICK, "the task on the web was completed")           \
    S(SIGNAL_PAGE_HELPFUL, "page_helpful", true, FEEDS_QUALITY, "the page was voted helpful")                          \
    S(SIGNAL_SEARCH_FOUND, "search_found", true, FEEDS_QUALITY, "the search found something")                          \
    S(SIGNAL_ERROR_SHOWN, "error_shown", false, FEEDS_QUALITY, "an error was shown")                                   \
    S(SIGNAL_ANSWERED, "answered", true, FEEDS_ANSWERS, "the contact was answered or served; given up after a known "  \
                                                        "wait counts under abandoned_after instead of here")           \
    S(SIGNAL_QUESTIONS_ANSWERED, "questions_answered", true, FEEDS_ANSWERS, "all questions were answered")             \
    S(SIGNAL_RESOLVED, "resolved", true, FEEDS_QUICK, "resolved on first contact")                                     \
    S(SIGNAL_TRANSFERRED, "transferred", false, FEEDS_ANSWERS | FEEDS_QUICK, "the contact was transferred")            \
    S(SIGNAL_CONTAINED, "contained", true, FEEDS_QUICK, "the bot dealt with it, without handing over")                 \
    S(SIGNAL_REOPENED, "reopened", false, FEEDS_QUICK, "the case was reopened")                                        \
    S(SIGNAL_REPEAT_CONTACT, "repeat_contact", false, FEEDS_QUICK, "contacted again within seven days")                \
    S(SIGNAL_SURVEY_ANSWERED, "survey_answered", true, 0, "a survey was answered; never no: see survey_offered")       \
    S(SIGNAL_AGENT_INFORMED, "agent_informed", true, 0, "the agent had the information needed")                        \
    S(SIGNAL_ESCALATED, "escalated", false, 0, "the contact was escalated")                                            \
    S(SIGNAL_SURVEY_OFFERED, "survey_offered", true, 0, "a survey was offered with the contact; its answer may come "  \
                                                        "with it, or as an event of its own")
#define DURATION_SIGNALS(S)                                                                                            \
    S(SIGNAL_WAIT, "wait", EDGES_WAIT, FEEDS_QUICK, "waited until somebody answered")                                  \
    S(SIGNAL_ABANDONED_AFTER, "abandoned_after", EDGES_WAIT, FEEDS_ANSWERS, "gave up after waiting this long")         \
    S(SIGNAL_RESOLUTION, "resolution", EDGES_RESOLUTION, FEEDS_QUICK, "took this long to resolve")                     \
    S(SIGNAL_HOLD, "hold", EDGES_WAIT, 0, "was put on hold this long")                                                 \
    S(SIGNAL_WRAP_UP, "wrap_up", EDGES_WAIT, 0, "took the agent this long to finish afterwards")
#define COUNT_SIGNALS(S) S(SIGNAL_TRANSFERS, "transfers", 0, 0, "how many transfers a contact went through")
#define RATING_SIGNALS(S)                                                                                              \
    S(SIGNAL_RATING_OFFICE_ANSWERS, "rating_office_answers", 0, 1u << DRIVER_OFFICE_ANSWERS, "survey: office_answers") \
    S(SIGNAL_RATING_REP_ANSWERS, "rating_rep_answers", 0, 1u << DRIVER_REP_ANSWERS, "survey: rep_answers")             \
    S(SIGNAL_RATING_QUALITY, "rating_quality", 0, FEEDS_QUALITY, "survey: quality")                                    \
    S(SIGNAL_RATING_QUICK_RESOLUTION, "rating_quick_resolution", 0, FEEDS_QUICK, "survey: quick_resolution")           \
    S(SIGNAL_RATING_COMPLIANCE, "rating_compliance", 0, 0, "survey: compliance")                                       \
    S(SIGNAL_RATING_ENGAGEMENT_ADVICE, "rating_engagement_advice", 0, 0, "survey: engagement_advice")                  \
    S(SIGNAL_RATING_ENGAGEMENT_ENROL, "rating_engagement_enrol", 0, 0, "survey: engagement_enrol")                     \
    S(SIGNAL_RATING_ADVOCACY, "rating_advocacy", 0, 0, "survey: advocacy")                                             \
    S(SIGNAL_RATING_TRUST, "rating_trust", 0, 0, "survey: trust")                                                      \
    S(SIGNAL_RATING_FORGIVENESS, "rating_forgiveness", 0, 0, "survey: forgiveness")                                    \
    S(SIGNAL_RATING_SATISFACTION, "rating_satisfaction", 0, 0, "survey: overall satisfaction")

enum signal {
#define SIGNAL_ENUM(id, word, detail, feeds, meaning) id,
    OUTCOME_SIGNALS(SIGNAL_ENUM) DURATION_SIGNALS(SIGNAL_ENUM) COUNT_SIGNALS(SIGNAL_ENUM) RATING_SIGNALS(SIGNAL_ENUM)
#undef SIGNAL_ENUM
        SIGNALS
};
#define OUTCOMES (SIGNAL_SURVEY_OFFERED + 1)
#define DURATIONS (SIGNAL_WRAP_UP - SIGNAL_WAIT + 1)
#define RATINGS (SIGNAL_RATING_SATISFACTION - SIGNAL_RATING_OFFICE_ANSWERS + 1)

/* Duration bins: bin i holds durations in [edge[i-1], edge[i]) with edge[-1] = 0; the last one is open. A standard must
 * be an edge: "within 60 s" is then the sum of the bins below it, for the duration must be under the standard.
 * Recorded durations equal to a standard count as not within it. */
#define DURATION_BINS 24
enum duration_edges { EDGES_WAIT, EDGES_RESOLUTION, EDGE_SETS };
extern const int64_t duration_edges_ms[EDGE_SETS][DURATION_BINS - 1];

struct signal_info {
    const char *word;
    const char *meaning;
    enum signal_kind kind;
    bool good_is_yes;           /* outcomes */
    enum duration_edges edges;  /* durations */
    uint32_t feeds;             /* drivers it can feed, as bits */
    uint16_t first;             /* its first counter */
    uint16_t width;             /* how many */
};
extern const struct signal_info signal_table[SIGNALS];
bool signal_from_word(struct span word, enum signal *signal);

/* Which drivers a channel answers, as bits; every channel's survey can answer quality and quick_resolution. */
uint32_t channel_drivers(enum channel channel);

/* Room each kind has in the layout of counters, so that a signal added later moves no counter: stored state uses them. */
#define HEAD_SLOTS 12
#define OUTCOME_SLOTS 20
#define DURATION_SLOTS 6
#define COUNT_SLOTS 2
#define RATING_SLOTS 12

/* Counters that are not a signal's. SAID: interactions that said anything about a driver on that line, or about any. */
enum counter {
    COUNTER_EVENTS,       /* events of any kind */
    COUNTER_INTERACTIONS, /* events of kind interaction */
    COUNTER_SAID_ANY,
    COUNTER_SAID_OPERATIONAL,                                  /* + enum driver */
    COUNTER_SAID_SURVEY = COUNTER_SAID_OPERATIONAL + DRIVERS,  /* + enum driver */
    COUNTER_OUTCOMES = HEAD_SLOTS,
    COUNTER_DURATIONS = COUNTER_OUTCOMES + OUTCOME_SLOTS * 2,
    COUNTER_COUNTS = COUNTER_DURATIONS + DURATION_SLOTS * DURATION_BINS,
    COUNTER_RATINGS = COUNTER_COUNTS + COUNT_SLOTS * 4,
    COUNTERS = COUNTER_RATINGS + RATING_SLOTS * 5,
};
/* A word for every counter, for documentation and dumps: "resolved.yes", "wait.3", "said.any". */
const char *counter_word(unsigned counter, char text[64]);

/* One event as it travels in cx.signals. */
struct signal_event {
    int64_t at_us;             /* event time */
    uint64_t id;               /* event_id_hash */
    uint32_t agency, service;  /* positions in the batch's tables */
    enum channel channel;
    enum event_kind kind;
    bool retracts;
    uint32_t outcomes_known;   /* bit i: outcome signal i was said */
    uint32_t outcomes_yes;     /* bit i: and it was yes; no bit outside outcomes_known */
    uint64_t ratings;          /* 3 bits a rating signal, 0 = not said */
    int64_t duration_ms[DURATIONS]; /* ABSENT when not said */
    int32_t transfers;              /* -1 when not said */
};

/* The id that duplicates are found by: of the agency and the event id. */
uint64_t event_id_hash(struct span agency, struct span event_id);

/* The facts of a checked interaction; agency and service positions are left 0. Returns the agency's hash, hash64 with the
 * seed 0: a part of the id, and of use to who looks the agency up. */
uint64_t signals_of(const struct interaction *interaction, struct signal_event *event);

/* What an event adds to its cell's counters, in as little room as it takes: half a line of cache. */
#define BIN_NONE UINT8_MAX
struct signal_marks {
    int64_t at_us;
    uint64_t ratings;        /* as in the event, these three */
    uint32_t known, yes;
    uint8_t bins[DURATIONS]; /* BIN_NONE when not said */
    int8_t transfers;        /* at most 3; -1 when not said */
    uint8_t said;            /* the drivers it said something about: operational line, then survey line */
    bool is_interaction : 1;
    int step : 2;            /* what each counter grows by: −1 when the event retracts */
};
_Static_assert(sizeof(struct signal_marks) == 32, "half a line of cache");
void signals_mark(const struct signal_event *event, struct signal_marks *marks);

/* Each counter that grows, once. */
typedef void counter_visitor(void *context, unsigned counter);
static inline __attribute__((always_inline)) void marks_each(const struct signal_marks *marks, counter_visitor *visit,
                                                             void *context)
{
    visit(context, COUNTER_EVENTS);
    if (marks->is_interaction) {
        visit(context, COUNTER_INTERACTIONS);
    }
    for (uint32_t left = marks->known; left; left &= left - 1) {
        unsigned outcome = (unsigned)__builtin_ctz(left);
        visit(context, COUNTER_OUTCOMES + 2 * outcome + (marks->yes >> outcome & 1));
    }
    for (unsigned i = 0; i < DURATIONS; i++) {
        if (marks->bins[i] != BIN_NONE) {
            visit(context, COUNTER_DURATIONS + DURATION_BINS * i + marks->bins[i]);
        }
    }
    if (marks->transfers >= 0) {
        visit(context, COUNTER_COUNTS + (unsigned)marks->transfers);
    }
    for (uint64_t left = marks->ratings; left;) {
        unsigned rating = (unsigned)__builtin_ctzll(left) / 3;
        unsigned answer = left >> 3 * rating & 7;
        visit(context, COUNTER_RATINGS + 5 * rating + answer - 1);
        left &= ~(UINT64_C(7) << 3 * rating);
    }
    for (uint32_t left = marks->said; left; left &= left - 1) { /* the two lines' counters lie side by side */
        visit(context, COUNTER_SAID_OPERATIONAL + (unsigned)__builtin_ctz(left));
    }
    if (marks->said) {
        visit(context, COUNTER_SAID_ANY);
    }
}

/* The counters an event adds to, each by 1 (or −1 when it retracts). At most EVENT_COUNTERS_MAX of them. */
#define EVENT_COUNTERS_MAX (3 + 2 * DRIVERS + OUTCOMES + DURATIONS + 1 + RATINGS)
size_t signals_counters(const struct signal_event *event, uint16_t counters[EVENT_COUNTERS_MAX]);

/* The bin of a duration, and the bin that starts at an edge (or -1 when it is none). */
unsigned duration_bin(enum duration_edges edges, int64_t ms);
int duration_edge_bin(enum duration_edges edges, int64_t ms);

#endif
