/* strata.h - one signal's cells pooled into strata: services of a channel together until each says enough. */
#ifndef SLIPSTREAM_SCORE_STRATA_H
#define SLIPSTREAM_SCORE_STRATA_H

#include "composition.h"

struct stratum {
    uint32_t service; /* or SERVICE_POOLED */
    struct feature now, base;
    double p_now, p_base;
    double variance; /* of p_now − p_base, were both drawn from the two together; no overdispersion */
};
#define STRATA_MAX (SIGNALS * COMPARED_CELLS_MAX)

/* The strata of one signal on one channel, one after another in an array. */
struct strata_of {
    uint32_t first, count;
    double n_now, n_base;
};

/* Appends the strata of a feature over cells of one channel to strata; returns what they are. None when the channel has
 * no baseline. */
struct strata_of strata_pool(struct stratum *strata, uint32_t used, const struct compared_cell *const *cells,
                             size_t count, unsigned feature, const struct detection *rule);

#endif
