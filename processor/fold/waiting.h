/* waiting.h - events that were let in, and wait to be added to their cells.
 *
 * Why wait: a cell's panes are far from the next one's in memory, and events of one cell come far apart; taken together
 * they cost a fraction. Shape: what each adds, in the order they came, and which cell each is of. Bounds: WAITING_MAX
 * events; memory grows to what was needed, and is kept. */
#ifndef SLIPSTREAM_FOLD_WAITING_H
#define SLIPSTREAM_FOLD_WAITING_H

#include "slipstream/model.h"

#define WAITING_MAX 16384

struct waiting {
    uint32_t count, capacity;
    struct signal_marks *events;
    uint32_t *cells; /* of each event */
    uint32_t *order; /* room for the caller to sort them in */
};

void waiting_done(struct waiting *self);
/* There is room: the caller has looked at count. */
void waiting_add(struct waiting *self, uint32_t cell, const struct signal_marks *event);
/* Drops what is from up to a moment; the rest stays in order. */
void waiting_keep_after(struct waiting *self, int64_t last_us);
size_t waiting_memory(const struct waiting *self);

#endif
