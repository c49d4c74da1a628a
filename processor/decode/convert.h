/* convert.h - from the units that messages use to those of struct interaction. False: it does not fit. */
#ifndef SLIPSTREAM_DECODE_CONVERT_H
#define SLIPSTREAM_DECODE_CONVERT_H

#include "slipstream/model.h"

static inline bool us_from_days(int64_t days, int64_t *us)
{
    return !__builtin_mul_overflow(days, US_PER_DAY, us) && *us != ABSENT;
}

static inline bool us_from_millis(int64_t ms, int64_t *us)
{
    return !__builtin_mul_overflow(ms, US_PER_MS, us) && *us != ABSENT;
}

static inline bool ms_from_whole_seconds(int64_t seconds, int64_t *ms)
{
    return !__builtin_mul_overflow(seconds, INT64_C(1000), ms) && *ms != ABSENT;
}

/* To the nearest millisecond, halves away from zero. */
static inline bool ms_from_seconds(double seconds, int64_t *ms)
{
    double exact = seconds * 1000.0;
    if (!(__builtin_fabs(exact) < 9.2e18)) { /* a NaN is not, either */
        return false;
    }
    *ms = (int64_t)(exact + __builtin_copysign(0.5, exact));
    return true;
}

/* The same for microseconds: no overflow, for the quotient is small. */
static inline int64_t ms_from_micros(int64_t us)
{
    return us / US_PER_MS + us % US_PER_MS / (US_PER_MS / 2);
}

#endif
