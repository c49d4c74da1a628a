/* clock.h - two kinds of time that must not be mixed. Units: microseconds, int64. Read once a turn and passed down. */
#ifndef SLIPSTREAM_BASE_CLOCK_H
#define SLIPSTREAM_BASE_CLOCK_H

#include "slipstream/base/outcome.h"
#include "slipstream/base/span.h"

struct event_time { /* since 1970-01-01 UTC: when something happened, or the wall clock */
    int64_t us;
};

struct mono_time { /* since some fixed moment; never steps */
    int64_t us;
};

#define US_PER_MS INT64_C(1000)
#define US_PER_SECOND INT64_C(1000000)
#define US_PER_MINUTE (60 * US_PER_SECOND)
#define US_PER_HOUR (60 * US_PER_MINUTE)
#define US_PER_DAY (24 * US_PER_HOUR)
#define US_PER_WEEK (7 * US_PER_DAY)

/* The system's clocks, or a test's: passed as a pointer to whoever must know the time. */
struct clock {
    struct event_time (*wall)(const struct clock *self);
    struct mono_time (*mono)(const struct clock *self);
};
extern const struct clock system_clock;

/* Whole units since the epoch, rounded towards minus infinity (times before 1970 exist in dirty input). */
static inline int64_t time_floor(int64_t us, int64_t unit_us)
{
    int64_t whole = us / unit_us;
    return us % unit_us < 0 ? whole - 1 : whole;
}

/* "2026-11-22T09:30:00Z" (with milliseconds when `ms`), NUL-terminated, 25 bytes at most. */
#define CLOCK_TEXT_SIZE 32
const char *clock_format(struct event_time time, bool ms, char text[CLOCK_TEXT_SIZE]);

#endif
