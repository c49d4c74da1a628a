/* generator.h - made-up but believable traffic of twenty agencies of very different quality, the same for each seed.
 *
 * Shape: contacts come as a Poisson process whose rate follows the hour and the day of the week; some are followed by
 * a survey, a reopening, a correction or a second copy. History runs up to `live`; its last hours, and the same hours of
 * the weeks before, are busier. From then on traffic is steady. One agency's phone line has been failing for three hours
 * when `live` begins.
 *
 * Pure: no input or output, no clock; everything about a contact is drawn from its id, which is drawn from the seed.
 * Units: times in µs, shares and probabilities 0-1, levels 0-100. Bounds: at most GENERATOR_PENDING_MAX events wait
 * for their time; what would be one more does not happen. Owner: who opened closes; what it hands out is the caller's.
 */
#ifndef SLIPSTREAM_MAIN_GENERATOR_H
#define SLIPSTREAM_MAIN_GENERATOR_H

#include "slipstream/model.h"

#define GENERATOR_AGENCIES    20
#define GENERATOR_PENDING_MAX (1u << 18)
#define GENERATOR_SLIP_US     (3 * US_PER_HOUR) /* how long before `live` the planted slip began */
#define GENERATOR_BUSY_US     (6 * US_PER_HOUR) /* how long before `live`, in any week, traffic rises */

/* What is wrong with an event, on purpose. Whoever encodes it brings about the first three. */
enum fault {
    FAULT_NONE,
    FAULT_BAD_ENUM,       /* its kind is no symbol of the enum */
    FAULT_UNKNOWN_SCHEMA, /* framed with an id that nobody knows */
    FAULT_TRUNCATED,      /* ends in the middle */
    FAULT_IN_FUTURE,      /* says that it happens in two days */
    FAULT_TOO_LATE,       /* says that it happened ten weeks ago */
    FAULTS
};
extern const char *const fault_words[FAULTS];

#define GENERATED_ID_SIZE 24
struct generated {
    struct interaction interaction; /* its texts point into this struct and into the generator's tables */
    struct event_time due;          /* when it is sent; never before that of the event handed out before */
    enum fault fault;
    bool is_copy;   /* was handed out before, the very same */
    bool elsewhere; /* a copy that goes to another partition than its original */
    char event_id[GENERATED_ID_SIZE];
    char interaction_id[GENERATED_ID_SIZE];
};

struct generator_settings {
    uint64_t seed;
    struct event_time live; /* when history ends */
    int64_t history_us;     /* how long before that the first contact comes */
    double history_per_day; /* contacts an agency and day, on average, outside the busier hours */
    double busy_per_hour;   /* contacts an agency and hour that those rise to */
    double live_per_second; /* events from then on, of all agencies */
};

struct generator;
struct generator *generator_open(const struct generator_settings *settings);
void generator_close(struct generator *self);

/* The next event that is due by `until`; false: none is yet. */
bool generator_next(struct generator *self, struct event_time until, struct generated *out);

const char *generator_agency(unsigned agency);            /* its id; agency < GENERATOR_AGENCIES */
unsigned generator_planted(const struct generator *self); /* which agency slips */
struct event_time generator_slip_since(const struct generator *self);

/* An hour of the week, for its mix of channels: offices close, fewer people call at night. */
#define GENERATOR_HOURS 168

/* What an agency's scores are to be expected to be at that hour, with its slip or without; NAN: nothing is said about a
 * subject. From the probabilities that contacts are drawn with, not from contacts. */
void generator_level(const struct generator *self, unsigned agency, unsigned hour, bool slips,
                     const struct scoring *scoring, double level[TARGETS]);
/* The lowest over all hours, with and without answers to surveys: what an agency that does not slip keeps. */
void generator_usual_level(const struct generator *self, unsigned agency, const struct scoring *scoring,
                           double level[TARGETS]);
/* The share of an agency's contacts that each channel has at that hour. */
void generator_shares(const struct generator *self, unsigned agency, unsigned hour, double shares[CHANNELS]);

#endif
