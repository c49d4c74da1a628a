/* scorecard.h - what is known about an agency at a look: every window, as a whole, per channel and per service.
 *
 * Units: scores and bounds 0-100; n interactions (surveys: answers). An estimate that is absent has too little data: it
 * is never 0. Intervals are 95 %. */
#ifndef SLIPSTREAM_MODEL_SCORECARD_H
#define SLIPSTREAM_MODEL_SCORECARD_H

#include "slipstream/model/scoring.h"

struct estimate {
    bool present;
    double value, low, high;
    int64_t n;
};

struct driver_score {
    struct estimate score; /* the weighted mean of its lines */
    struct estimate operational;
    struct estimate survey;
};

/* What poor contacts come from, on the side of those who serve: shown beside the scores, part of none. */
#define CAUSES_TABLE(C)                                                                                                \
    C(CAUSE_TRANSFERS, "transfers", "transfers a contact went through, on average; three and more count as three")     \
    C(CAUSE_AGENT_INFORMED, "agent_informed", "contacts in which the agent had the information needed, in per cent")   \
    C(CAUSE_ESCALATED, "escalated", "contacts that were escalated, in per cent")                                       \
    C(CAUSE_HOLD, "hold_seconds", "on hold, the median in seconds; within a bin of durations evenly spread")           \
    C(CAUSE_WRAP_UP, "wrap_up_seconds", "for the agent to finish afterwards, the median in seconds")
enum cause {
#define CAUSE_ENUM(id, word, meaning) id,
    CAUSES_TABLE(CAUSE_ENUM)
#undef CAUSE_ENUM
        CAUSES
};
const char *cause_word(enum cause cause);
const char *cause_meaning(enum cause cause);

struct cause_figure {
    bool present;
    double value; /* in the cause's unit */
    int64_t n;    /* contacts that said it */
};

/* One (agency, service or all, channel or all) in one window. */
struct card {
    bool withheld; /* not for others to see, though there may be people enough: a card of few could be worked out */
    int64_t interactions;
    int64_t events;
    struct estimate cx;
    struct driver_score drivers[DRIVERS];
    struct estimate behaviours[BEHAVIOURS];
    struct estimate satisfaction;
    int64_t surveys_offered, surveys_answered;
    struct estimate response_rate; /* answered of offered, in per cent; absent: nobody tells of an offer */
    struct cause_figure causes[CAUSES];
};

/* Good outcomes out of how many, per signal: standards applied, channels added up. */
struct tally {
    int64_t good, n;
};
struct tallies {
    int64_t interactions, events, said_any;
    int64_t said_operational[DRIVERS], said_survey[DRIVERS];
    struct tally signals[SIGNALS]; /* ratings: answers 4 and 5 of all */
    struct tally by_driver[DRIVERS][SIGNALS]; /* of the channels that answer for the driver */
    int64_t ratings[RATINGS][5];              /* likewise, where a rating is a driver's statement */
    int64_t transfers[4];                     /* 0, 1, 2, 3 or more */
    int64_t hold[DURATION_BINS], wrap_up[DURATION_BINS];
};

#endif
