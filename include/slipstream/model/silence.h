/* silence.h - what is remembered of a channel's contacts: in which hours it is heard, and its episode of silence.
 *
 * An hour is heard when contacts of the last sixty minutes were there at a look in it. A channel whose contacts are
 * delivered in batches, hours later, or were only ever imported, is never heard, and so never misses.
 * Units: hours since 1970 (UTC). Pure data. */
#ifndef SLIPSTREAM_MODEL_SILENCE_H
#define SLIPSTREAM_MODEL_SILENCE_H

#include "slipstream/model/alert.h"

#define SILENCE_HOURS (INT64_C(14) * 24) /* that are remembered */

struct silence {
    struct episode episode; /* its target: the contacts that were usual while it was silent; its since: from when on */
    bool to_new_level;      /* how it closed last: it had lasted so long that the channel counts as closed */
    int64_t hour;           /* the newest hour that is remembered; 0: none */
    uint64_t heard[(SILENCE_HOURS + 63) / 64]; /* bit: hour modulo SILENCE_HOURS */
};

/* A look in an hour, and whether contacts were there. Hours without a look are taken to be as a week before. */
void silence_hear(struct silence *self, int64_t hour, bool heard);
bool silence_was_heard(const struct silence *self, int64_t hour);

#define SILENCE_SIZE_MAX 256
void silence_encode(const struct silence *self, struct buffer *out);
enum outcome silence_decode(struct silence *self, struct span bytes, struct reason *why) MUST_CHECK;

#endif
