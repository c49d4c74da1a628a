/* id_set.h - the ids that arrived lately: which they are, and in what order they came.
 *
 * Shape: a ring of the ids, oldest first, and an open-addressed table of places in the ring, four bytes each: 14 bytes
 * an id. Beside its place an entry holds how far it is from where its id belongs, and some bits of the id, so that the
 * ring, which is memory far away, is read for hardly any but the one that is looked for. Bounds: ids_max; beyond it the
 * oldest go, and the horizon is as short as they make it. No allocation once it has reached its size. */
#ifndef SLIPSTREAM_FOLD_ID_SET_H
#define SLIPSTREAM_FOLD_ID_SET_H

#include "slipstream/base.h"

struct arrival { /* ids that came in the same second */
    int64_t second;
    size_t count;
};

#define ID_SET_MOST (UINT32_C(1) << 30)

struct id_set {
    uint32_t *table;     /* distance from home, bits of the id, place in the ring + 1; 0: free */
    uint32_t table_size; /* half as many again as the ring */
    uint64_t *ring;
    uint32_t capacity; /* of the ring: doubles, up to ids_max */
    uint32_t head;     /* the oldest's place */
    uint32_t count;
    uint32_t place_mask, tag_mask;          /* what of an entry is the place, and what bits of the id */
    uint32_t distance_shift, distance_most; /* what is above them; the most it can say is "that or more" */
    struct arrival *arrivals;
    size_t first_arrival, arrival_count, arrival_capacity;
    uint32_t ids_max;
    int64_t horizon_us;
    int64_t lost_second; /* the newest one that an overflow has made it forget ids of; INT64_MIN: none */
    uint64_t forgotten;
};

/* ids_max: 1 to ID_SET_MOST. */
void id_set_init(struct id_set *self, size_t ids_max, int64_t horizon_us);
void id_set_done(struct id_set *self);
/* False when it was there already. Forgets what arrived before the horizon. */
bool id_set_add(struct id_set *self, uint64_t id, struct event_time arrived);
/* The id that so many came before, of those that are remembered. */
static inline uint64_t id_set_at(const struct id_set *self, size_t number)
{
    size_t place = self->head + number;
    return self->ring[place < self->capacity ? place : place - self->capacity];
}
/* Where in the table an id belongs: the ids are hashes already, their upper half will do. */
static inline uint32_t id_set_home(const struct id_set *self, uint64_t id)
{
    return (uint32_t)((id >> 32) * self->table_size >> 32);
}
/* Has the memory brought near that the next call but some needs for its id, and for the one that is forgotten then. */
static inline void id_set_fetch(const struct id_set *self, uint64_t id, size_t later)
{
    __builtin_prefetch(&self->table[id_set_home(self, id)], 1);
    if (self->count == self->ids_max && later < self->count) {
        __builtin_prefetch(&self->table[id_set_home(self, id_set_at(self, later))], 1);
    }
}
/* How far back from now every id is remembered: the horizon, or what an overflow has left of it. */
int64_t id_set_reach_us(const struct id_set *self);
size_t id_set_memory(const struct id_set *self);

#endif
