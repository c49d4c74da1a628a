/* pace.h - how often a stage does what keeps it from reading: commits, looks, applies. */
#ifndef SLIPSTREAM_PIPELINE_PACE_H
#define SLIPSTREAM_PIPELINE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_PART 20 /* behind, each takes at most this part of the time: nobody waits for what comes of it */

/* How long it rests after it took so long: its interval; behind, as much longer as that asks for, up to a bound. */
static inline int64_t pace_rest_us(int64_t interval_us, bool behind, int64_t took_us, int64_t most_us)
{
    int64_t rest_us = behind ? took_us * (PACE_PART - 1) : 0;
    rest_us = rest_us > most_us ? most_us : rest_us;
    return rest_us > interval_us ? rest_us : interval_us;
}

#endif
