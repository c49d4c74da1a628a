/* explain.h - why a subject fell, what that costs, and what to fix first: data for people, and how it is reckoned.
 *
 * Pure. Contributions are a finding's rows added up by driver, channel and service; with what is not listed they make
 * up the fall exactly. Units: points and levels 0-100 as in scorecards; shares of people 0..1; contributions and the
 * mix are signed, a fall is negative. Errors: none; what is not known is absent. Ownership: names are copied, so that
 * an explanation outlives what it was made from. Source of the elasticities: the scoring file. */
#ifndef SLIPSTREAM_SCORE_EXPLAIN_H
#define SLIPSTREAM_SCORE_EXPLAIN_H

#include "slipstream/model.h"

#define EXPLAIN_CONTRIBUTIONS_MAX 6
#define EXPLAIN_FIXES_MAX         3

struct contribution {
    enum driver driver; /* DRIVERS: a behaviour's statement */
    enum channel channel;
    char service[ID_SIZE_MAX + 1]; /* "": several services together */
    double points;                 /* of the subject's change */
    enum signal signal;            /* what weighs most in it, the same way */
    double p_now, p_base;          /* its good share */
    int64_t n_now;                 /* how many said that now */
};

/* What else moved, in the same hours of the weeks before and now. */
enum moved_what { MOVED_VOLUME, MOVED_WAIT, MOVED_CAUSE /* + enum cause */, MOVED = MOVED_CAUSE + (int)CAUSES };
const char *moved_word(unsigned what);
struct moved {
    bool present;
    bool stands_out;  /* by more than chance and little things make it */
    double now, base; /* in the cause's unit; volume: contacts in the window; waits: per cent within the standard */
};

/* projected = measured × (1 + rate × Δ), within 0..1. */
struct projection {
    bool present;
    bool is_published; /* nobody was asked: the published baseline stands in */
    double measured, projected;
};

/* The best whole week of those kept, and when it began. */
struct best_week {
    bool present;
    float level;
    int32_t from_day;
};
struct best_weeks {
    struct best_week of[DRIVERS][CHANNELS];
};

/* One driver on one channel, risen to its best week: gain = weight × share × (to − now); worth = gain × elasticity × n.
 */
struct fix {
    enum driver driver;
    enum channel channel;
    bool to_benchmark; /* `to` is a published line; else its best week, from_day on */
    int32_t from_day;
    double now, to;
    double weight, share; /* of the driver in the score; of the channel in the driver's contacts */
    int64_t n;            /* contacts of the window that said something about it */
    double elasticity;    /* the mean of the behaviours' */
    double gain, worth;
};

struct explanation {
    unsigned subject;
    enum window window;
    struct event_time as_of;
    struct event_time began; /* when the fall began, as far as the panes tell; INT64_MIN: not known */
    bool compared;           /* what follows, to the projections, is there */
    double change;           /* points; the subject now − its usual, mix put right */
    double mix;              /* the effect of a changed mix, which is no part of it */
    struct contribution contributions[EXPLAIN_CONTRIBUTIONS_MAX]; /* falls beyond chance, the largest first */
    unsigned contribution_count;
    double others;              /* the rest of the change */
    enum channel moved_channel; /* CHANNELS: all */
    struct moved moved[MOVED];
    double score_change; /* the points of the CX score that the projections are of */
    struct projection projections[BEHAVIOURS];
    struct fix fixes[EXPLAIN_FIXES_MAX];
    unsigned fix_count;
};

#define FALL_CERTAIN 1.959963984540054 /* standard deviations, 95 %: of a fall that is named as part of another */

/* What the rows of a finding come to. Listed are falls that chance does not make (95 %, φ included, its signals as if
 * they agreed); if no single one is certain, the largest. name(context, service) names a service; those of fewer than
 * suppress_below people are among the others. Returns the row that weighs most in the first; NULL: none is listed. */
typedef struct span explain_namer(void *context, uint32_t service);
const struct finding_row *explain_contributions(const struct finding *finding, const struct scoring *scoring,
                                                explain_namer *name, void *context, struct explanation *out);
/* base: what the same hours of `weeks` weeks counted together. */
void explain_moved(const struct tallies *now, const struct tallies *base, double weeks, const struct scoring *scoring,
                   struct moved out[MOVED]);
/* measured: a card of what people say they do; NULL: nobody was asked. */
void explain_projections(const struct card *measured, double score_change, const struct scoring *scoring,
                         struct projection out[BEHAVIOURS]);
/* The highest worth first; returns how many. channels: bits, those that may be spoken of. */
unsigned explain_fixes(const struct card cards[CHANNELS], uint32_t channels, const struct best_weeks *best,
                       const struct scoring *scoring, struct fix out[EXPLAIN_FIXES_MAX]);
/* By how much the CX score changes when a subject changes by one point; NAN of a behaviour, which is no part of it. */
double explain_leverage(unsigned subject, const struct card cards[CHANNELS], uint32_t channels,
                        const struct scoring *scoring);

#endif
