/* reading.h - which of a channel's counters are a signal's good outcomes, and which all it said: its standards applied.
 *
 * Ranges of counters, so that they can be added up in integers and in shares of panes alike. */
#ifndef SLIPSTREAM_SCORE_READING_H
#define SLIPSTREAM_SCORE_READING_H

#include "slipstream/model.h"

struct counter_range {
    uint16_t first, end;
};
struct reading {
    struct counter_range good;
    struct counter_range all, more; /* either may be empty */
};
/* Of a rating: answers 4 and 5 of all. */
struct reading reading_of(enum signal signal, enum channel channel, const struct scoring *scoring);
/* Interactions that said something about a driver: `counter`, less those that gave up too soon to have done so. */
struct counter_range reading_short_abandons(enum driver driver, enum channel channel, const struct scoring *scoring);

#endif
