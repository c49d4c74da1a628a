/* id_set.h - the ids that arrived lately: which they are, and in what order they came.
 *
 * Shape: an open-addressed table of 64-bit ids beside a queue of them in order of arrival. Bounds: ids_max; beyond it
 * the oldest go, and the horizon is as short as they make it. No allocation once it has reached its size. */
#ifndef SLIPSTREAM_FOLD_ID_SET_H
#define SLIPSTREAM_FOLD_ID_SET_H

#include "slipstream/base.h"

struct arrival { /* ids that came in the same second */
    int64_t second;
    size_t count;
};

struct id_set {
    uint64_t *table;   /* 0: free */
    size_t table_size; /* a power of two, at least twice the ids */
    size_t count;
    uint64_t *queue; /* oldest first, from `head` */
    size_t head, tail, queue_capacity;
    struct arrival *arrivals;
    size_t first_arrival, arrival_count, arrival_capacity;
    size_t ids_max;
    int64_t horizon_us;
    int64_t lost_second; /* the newest one that an overflow has made it forget ids of; INT64_MIN: none */
    uint64_t forgotten;
};

void id_set_init(struct id_set *self, size_t ids_max, int64_t horizon_us);
void id_set_done(struct id_set *self);
/* False when it was there already. Forgets what arrived before the horizon. */
bool id_set_add(struct id_set *self, uint64_t id, struct event_time arrived);
/* Where in memory an id will be looked for. */
static inline const uint64_t *id_set_home(const struct id_set *self, uint64_t id)
{
    return &self->table[(size_t)id & (self->table_size - 1)];
}
/* The same for the id that will be forgotten after so many more; only once it is full. */
static inline const uint64_t *id_set_leaving(const struct id_set *self, size_t later)
{
    bool is_full = self->count == self->ids_max && self->head + later < self->tail;
    return is_full ? id_set_home(self, self->queue[self->head + later]) : self->table;
}
/* How far back from now every id is remembered: the horizon, or what an overflow has left of it. */
int64_t id_set_reach_us(const struct id_set *self);

#endif
