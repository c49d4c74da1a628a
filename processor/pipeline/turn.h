/* turn.h - whose turn it is: agencies are looked at at minutes of their own, by their names, so that no minute has all
 * of them. */
#ifndef SLIPSTREAM_PIPELINE_TURN_H
#define SLIPSTREAM_PIPELINE_TURN_H

#include "slipstream/base/clock.h"
#include "slipstream/base/hash.h"

/* How many turns of a period an agency has had at a time; INT64_MIN before all time. The period is whole minutes. */
static inline int64_t turn_of_agency(struct span agency, struct event_time time, int64_t period_us)
{
    int64_t offset_us = (int64_t)(hash64(agency, 0) % (uint64_t)(period_us / US_PER_MINUTE)) * US_PER_MINUTE;
    return time.us == INT64_MIN ? INT64_MIN : time_floor(time.us - offset_us, period_us);
}

/* Whether a turn of the agency's has come since an earlier time. A period of 0 has no turns. */
static inline bool turn_has_come(struct span agency, struct event_time now, struct event_time since, int64_t period_us)
{
    return period_us > 0 && turn_of_agency(agency, now, period_us) > turn_of_agency(agency, since, period_us);
}

#endif
