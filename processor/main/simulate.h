/* simulate.h - made-up histories of agencies through the real fold, comparisons and episodes, on a clock of their own.
 *
 * A scenario is a row: how much an agency is asked, how well it answers, and what happens to it. Minutes of events go
 * into the cells of a fold, and examine_agency looks at every minute boundary, as the stage does; nine weeks pass
 * before the first look. The same seed gives the same histories, whatever the number of threads.
 * Pure but for the threads. Units: shares 0..1, hours and minutes since the first look (the test), per day. */
#ifndef SLIPSTREAM_MAIN_SIMULATE_H
#define SLIPSTREAM_MAIN_SIMULATE_H

#include "slipstream/pipeline/examine.h"

#include <stdatomic.h>

/* ---- scenarios ---- */

struct simulated_stratum {
    const char *service;
    enum channel channel;
    double share; /* of the interactions */
    double good;  /* how likely each thing it says is a good one */
};

/* What happens in the test, at HAPPENS_AT_HOUR. */
enum simulated_event {
    HAPPENS_NONE,
    HAPPENS_CLOSES,     /* the first stratum ends */
    HAPPENS_OPENS,      /* the second stratum, of which there was nothing, begins */
    HAPPENS_HOLIDAYS,   /* days that the scoring file lists: few come, and fare badly */
    HAPPENS_CAMPAIGN,   /* three times as many answer surveys, for ten days */
    HAPPENS_METHOD,     /* another scoring file: the mean of answers, half the time to wait */
    HAPPENS_BACKFILL,   /* what the second stratum told in the last five days comes at once */
    HAPPENS_INTAKE_OUT, /* nothing comes for two hours, then one channel ten minutes before the other */
    HAPPENS_SCORE_OUT,  /* two hours that are only looked at behind */
};
#define HAPPENS_AT_HOUR 100
#define SLIP_HOUR       36 /* when slips begin */
#define STRATA_MAX      6
#define HISTORY_WEEKS   9

struct scenario {
    const char *name;
    const char *what;
    double per_day;
    const struct simulated_stratum *strata; /* up to one without a share */
    unsigned says;          /* 1 to 4 things an interaction says: resolved, wait, transferred, questions_answered */
    double together;        /* their correlation */
    double surveys;         /* share that answers: quick_resolution and, on these channels, rep_answers */
    double survey_good;     /* of them */
    double day_sd, hour_sd; /* of how well a day, or an hour, goes */
    double weekend;         /* so much worse */
    double slip;            /* so much worse from SLIP_HOUR on */
    double slide;           /* so much worse by day 28, evenly */
    bool waits_double;      /* one cause: only `wait`, only of the first stratum, from SLIP_HOUR on */
    enum simulated_event event;
};
extern const struct scenario simulated_scenarios[];
extern const size_t simulated_scenario_count;
const struct scenario *scenario_find(const char *name);
unsigned scenario_strata(const struct scenario *self);
static inline bool scenario_slips(const struct scenario *self)
{
    return self->slip > 0 || self->slide > 0 || self->waits_double;
}
int64_t scenario_slip_minute(const struct scenario *self); /* in the test */

/* ---- traffic ---- */

#define TRAFFIC_BEGIN_US (INT64_C(20458) * US_PER_DAY) /* 2026-01-05, a Monday */

struct traffic;
struct traffic *traffic_open(const struct scenario *scenario);
void traffic_close(struct traffic *self);
/* Another agency, from its first minute. */
void traffic_begin(struct traffic *self, uint64_t seed);
/* The next minute of all strata, one pane each; borrowed, the caller may clear them. */
struct pane *traffic_minute(struct traffic *self);
/* Days since TRAFFIC_BEGIN that are holidays in HAPPENS_HOLIDAYS. */
#define SIMULATED_HOLIDAYS 3
extern const int64_t simulated_holidays[SIMULATED_HOLIDAYS];

/* ---- runs ---- */

#define SIMULATE_JOBS_MAX 64
struct simulation {
    const struct scoring *scoring; /* borrowed */
    uint64_t seed;
    unsigned agencies, weeks, jobs;
};

/* Who looks: all windows together, or one alone. */
enum { WATCH_ALL, WATCH_ONE, WATCHES = WATCH_ONE + TESTS };

struct agency_outcome {
    uint16_t episodes[TESTS]; /* of the score, by the window that opened them */
    uint16_t parts[TESTS];    /* of drivers and behaviours */
    int64_t fired[WATCHES]; /* minutes from the slip to the first episode of the score; −1: none, or one before it */
    bool explained;         /* a slip's largest contribution is its cause */
    double contribution_error; /* the contributions' sum against the fall, the largest difference */
    int64_t minutes;           /* of event time that passed */
};

/* How far a run is; read by others while it goes. */
struct simulation_progress {
    atomic_uint next, done;
    atomic_bool stop;
};
/* All agencies of a scenario. False: stopped. outcomes has one for each agency. */
bool simulate_scenario(const struct simulation *self, const struct scenario *scenario,
                       struct simulation_progress *progress, struct agency_outcome *outcomes);

/* ---- summaries ---- */

struct scenario_summary {
    const struct scenario *scenario;
    unsigned agencies;
    double months;                         /* of 28 days, of one agency */
    double episodes[TESTS];                /* false ones an agency-month, of the score, by window */
    double parts;                          /* of drivers and behaviours */
    double sum, sum_se;                    /* of all, and its standard error */
    double power[WATCHES], hours[WATCHES]; /* share found in time; the median delay of those, NAN: none */
    double explained;                      /* of those found */
    double contribution_error;
    double speed; /* event time to processor time, of one agency */
};
struct scenario_summary simulate_summary(const struct scenario *scenario, const struct simulation *simulation,
                                         const struct agency_outcome *outcomes, double processor_s);

enum simulated_format { SIMULATED_TABLE, SIMULATED_CSV, SIMULATED_JSON };
/* One row, with a head before the first (CSV), or before the first of nulls and of slips (the table). */
void simulate_print(enum simulated_format format, const struct simulation *simulation,
                    const struct scenario_summary *row, bool first, bool first_of_kind);
void simulate_print_list(void);

#endif
