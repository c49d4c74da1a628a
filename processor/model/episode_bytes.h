/* episode_bytes.h - the parts of a stored episode that all kinds have, for alert.c and slip.c.
 *
 * An episode is: EPISODE_FORMAT, its kind, what all kinds have, and what its kind has. Older formats are read: 1 knew
 * targets only and said no kind, 2 ended before the method. */
#ifndef SLIPSTREAM_MODEL_EPISODE_BYTES_H
#define SLIPSTREAM_MODEL_EPISODE_BYTES_H

#include "slipstream/model/alert.h"

/* A whole number of 0 … most. */
static inline int64_t get_count(int64_t value, int64_t most, struct cursor *in)
{
    in->broken |= value < 0 || value > most;
    return in->broken ? 0 : value;
}

void episode_put(const struct episode *self, enum alert_kind kind, struct buffer *out);
/* False when what is there is no such episode; a newer format says so in *why. */
enum outcome episode_get(struct episode *self, enum alert_kind kind, struct cursor *in, struct reason *why) MUST_CHECK;

#endif
