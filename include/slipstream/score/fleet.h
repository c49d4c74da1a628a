/* fleet.h - the agencies' scores together: average, best, worst, spread; and how the fleet has moved, which one agency
 * is compared with.
 *
 * Every agency counts the same, however many its contacts: it is about unevenness between bodies. What fewer than
 * FLEET_LEAST agencies say is said by none. Owner: who adds up; it keeps its memory. Units: as in model/fleet.h. */
#ifndef SLIPSTREAM_SCORE_FLEET_H
#define SLIPSTREAM_SCORE_FLEET_H

#include "slipstream/model.h"

#define FLEET_LEAST 3

/* Of one window, 0-100. */
struct fleet_figures {
    int64_t agencies;
    double average, median, deviation; /* between agencies */
    double best, worst;                /* their difference is the spread */
    char best_agency[ID_SIZE_MAX + 1], worst_agency[ID_SIZE_MAX + 1];
};

struct fleet_sum; /* grows with the number of agencies */
struct fleet_sum *fleet_sum_open(void);
void fleet_sum_close(struct fleet_sum *self);
void fleet_sum_clear(struct fleet_sum *self);
void fleet_sum_add(struct fleet_sum *self, const struct fleet_entry *entry);
/* False: too few agencies. */
bool fleet_sum_figures(struct fleet_sum *self, enum window window, struct fleet_figures *out);
/* Fills in how the fleet has moved; the rest is the caller's. */
void fleet_sum_moved(struct fleet_sum *self, struct fleet *out);

/* An agency beside the average of the others. The gap has widened by as much as the others have moved and it has not:
 * as their average has, or their middle agency, whichever is less, so that one that leaps ahead leaves nobody behind.
 * Bounds are at the rule's z. Points. */
struct fleet_gap {
    double now, usual;
    double widened, low, high;
};
/* False: too few others. */
bool fleet_gap(const struct fleet *fleet, const struct fleet_change *own, int64_t least, struct fleet_gap *out);

#endif
