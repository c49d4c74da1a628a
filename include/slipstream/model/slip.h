/* slip.h - the slip rule's memory of one (agency, subject): its episode, its looks, and what its baselines leave out.
 *
 * A baseline is drawn from the panes; it is frozen by letting nothing into it from the open episode's first day on, and
 * since the panes reach back nine weeks and an episode lasts four at most, there is always one to test against.
 * Units: UTC days since 1970; φ as in model/finding.h. */
#ifndef SLIPSTREAM_MODEL_SLIP_H
#define SLIPSTREAM_MODEL_SLIP_H

#include "slipstream/model/alert.h"
#include "slipstream/model/finding.h"

struct slip {
    struct episode episode; /* its since: the first bad look of the run that opened it; at_open: as compared */
    enum test opened_by;
    bool to_new_level;                  /* how it closed last: it had lasted too long to be called a slip */
    uint32_t fired;                     /* bits, 1 << enum test: the longest of them clears it; once it is over, of the last */
    enum verdict seen[TESTS];           /* of each test's last look */
    int32_t looks_bad[TESTS];           /* one after another, now */
    struct event_time bad_since[TESTS]; /* the first of these; meaningful while there are any */
    double base_at_open, drop_at_open;  /* 0..1: what it was compared with, and d */
    float phi_at_open[TESTS];           /* 0: not known */
    int64_t from_day;                   /* the open episode's first day, its window included */
    int64_t baseline_day; /* baselines begin here: the last new level; INT64_MIN: with whatever there is */
    uint64_t left_out;    /* bit i: the day left_out_day − i had a slip that is over; as far back as panes reach */
    int64_t left_out_day;
};

/* What a finding says of the subject now, on 0-100: its bounds are those of the change, about the baseline. */
struct estimate finding_estimate(const struct finding *finding);

void slip_init(struct slip *self);
static inline bool slip_is_open(const struct slip *self)
{
    return episode_is_open(&self->episode);
}
/* The longest of the tests that fired in its episode, or in the last one; some did. */
static inline enum test slip_longest(const struct slip *self)
{
    return (enum test)(31 - __builtin_clz(self->fired));
}
/* Which days may be part of its baselines, after the last new level and not in a slip: bit i is the day last − i. */
uint64_t slip_days(const struct slip *self, int64_t last);
/* The days first … last are left out from now on. */
void slip_leave_out(struct slip *self, int64_t first, int64_t last);

/* Stored under EPISODE_FORMAT, and read from it. */
#define SLIP_SIZE_MAX 512
void slip_encode(const struct slip *self, struct buffer *out);
enum outcome slip_decode(struct slip *self, struct span bytes, struct reason *why) MUST_CHECK;

/* A reference that does not move, as it is kept and stored: what each cell counted on some days, all counters, so that
 * every scoring file works on it. */
#define PIN_FORMAT   1
#define PIN_SIZE_MAX (1u << 20)
struct pin_header {
    int64_t from_day, to_day; /* first and last */
};
struct pin_cell {
    struct span service; /* borrowed from the bytes */
    enum channel channel;
    int64_t counts[COUNTERS];
};
void pin_begin(struct buffer *out, const struct pin_header *header);
void pin_put(struct buffer *out, const struct pin_cell *cell);

struct pin_reader {
    struct cursor in;
    struct pin_header header;
};
/* False when the bytes are not a pin's: also of a newer format. */
bool pin_read(struct pin_reader *self, struct span bytes);
/* The next cell; false at the end, or where the bytes are broken (self->in.broken). */
bool pin_next(struct pin_reader *self, struct pin_cell *cell);
/* Whether foreign bytes are a pin as a whole. */
enum outcome pin_check(struct span bytes, struct reason *why) MUST_CHECK;

#endif
