/* waiting.h - events that were let in, and wait to be added to their cells.
 *
 * Why wait: a cell's panes are far from the next one's in memory, and events of one cell come far apart; taken together
 * they cost a fraction. Shape: one after another in the order they came, and which cell each is of. Bounds: WAITING_MAX
 * events; memory grows to what was needed, and is kept. Units: at_us is event time. */
#ifndef SLIPSTREAM_FOLD_WAITING_H
#define SLIPSTREAM_FOLD_WAITING_H

#include "slipstream/model.h"

#define WAITING_MAX 16384

struct waiting_event { /* with as many counters as it says */
    int64_t at_us;
    int16_t step; /* −1: it takes back */
    uint16_t count;
    uint16_t counters[];
};

struct waiting {
    uint32_t count, capacity;
    uint32_t *cells;   /* of each event */
    uint32_t *offsets; /* where each begins */
    uint32_t *order;   /* room for the caller to sort them in */
    uint8_t *bytes;
    size_t size, byte_capacity;
};

void waiting_done(struct waiting *self);
/* There is room: the caller has looked at count. */
void waiting_add(struct waiting *self, uint32_t cell, const struct signal_event *event);
static inline const struct waiting_event *waiting_at(const struct waiting *self, uint32_t offset)
{
    return (const struct waiting_event *)(const void *)(self->bytes + offset);
}
void waiting_clear(struct waiting *self);
size_t waiting_memory(const struct waiting *self);

#endif
