/* virtual_clock.h - a clock that a test turns by hand: time passes on both faces, or the wall clock alone steps. */
#ifndef SLIPSTREAM_TESTS_VIRTUAL_CLOCK_H
#define SLIPSTREAM_TESTS_VIRTUAL_CLOCK_H

#include "slipstream/base/clock.h"

struct virtual_clock {
    struct clock clock; /* first: what the stages are given */
    int64_t wall_us, mono_us;
};

static inline struct event_time virtual_wall(const struct clock *clock)
{
    return (struct event_time){((const struct virtual_clock *)clock)->wall_us};
}

static inline struct mono_time virtual_mono(const struct clock *clock)
{
    return (struct mono_time){((const struct virtual_clock *)clock)->mono_us};
}

/* Begins at a wall time; a monotonic clock of a machine that has been up for a day. */
static inline struct virtual_clock virtual_clock_at(int64_t wall_us)
{
    return (struct virtual_clock){{virtual_wall, virtual_mono}, wall_us, US_PER_DAY};
}

static inline void virtual_clock_pass(struct virtual_clock *self, int64_t us)
{
    self->wall_us += us;
    self->mono_us += us;
}

#endif
