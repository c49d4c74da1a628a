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

/* One (agency, service or all, channel or all) in one window. */
struct card {
    int64_t interactions;
    int64_t events;
    struct estimate cx;
    struct driver_score drivers[DRIVERS];
    struct estimate behaviours[BEHAVIOURS];
    struct estimate satisfaction;
    int64_t surveys_offered, surveys_answered;
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
};

#endif
