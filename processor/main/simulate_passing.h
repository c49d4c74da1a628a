/* simulate_passing.h - recorded time passes before those who look: what `simulate --replay` and `--signals` share.
 *
 * Whoever replays puts what happened into the fold, and calls passing_minute at every minute boundary, in order, from
 * the first on. Scores are told as a month ends, of what has come by then; alerts as they come; what was good of how
 * many at the end. Owner: in place, open and close. */
#ifndef SLIPSTREAM_MAIN_SIMULATE_PASSING_H
#define SLIPSTREAM_MAIN_SIMULATE_PASSING_H

#include "slipstream/pipeline/examine.h"

#include <stdio.h>

struct passing_settings {
    FILE *out;
    bool json;                     /* one object a line */
    const struct scoring *scoring; /* borrowed */
    const struct scoring *later;   /* in force from switch_us on; NULL: none */
    int64_t switch_us;
    bool counts_events; /* the sums are of what passing_count was told; else of the months as they ended */
};
struct passing_agency {
    struct agency_detection detection;
    struct tallies totals[CHANNELS];
    int64_t counted[CHANNELS][COUNTERS];
};
struct passing {
    struct passing_settings settings;
    struct fold *fold;
    struct examiner *examiner;
    struct passing_agency *agencies; /* as many as the fold had at the last minute */
    uint32_t agency_count, agency_capacity;
    const struct scoring *scoring; /* in force */
    struct event_time previous;
    int64_t month_us; /* when the open month began */
};
void passing_open(struct passing *self, const struct passing_settings *settings, const struct fold_limits *limits);
/* Before the first minute: its time. */
void passing_begin(struct passing *self, struct event_time first);
/* An event that was let in. */
void passing_count(struct passing *self, uint32_t agency, const struct signal_event *event);
void passing_minute(struct passing *self, struct event_time as_of);
/* The open month's scores, and the sums. */
void passing_end(struct passing *self, struct event_time end);
void passing_close(struct passing *self);

/* When the calendar month of a moment begins, or a later one. */
int64_t passing_month(int64_t us, int later);

#endif
