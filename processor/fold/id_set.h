/* id_set.h - the ids that arrived lately: which they are, and in what order they came.
 *
 * Shape: a ring of the ids, oldest first, and buckets of places in the ring, a line of cache each: 14 to 15 bytes an
 * id. A bucket is a queue, for ids go in the order in which they came: what is at its front and no longer in the ring
 * is dropped when the next one comes, so that to forget an id touches no bucket at all. Beside its place an entry holds
 * some bits of the id, so that the ring, which is memory far away, is read for hardly any but the one that is looked
 * for. A bucket that is full sends an id on to the next, and remembers as long as that one is in the ring that it has
 * done so. Bounds: ids_max; beyond it the oldest go, and the horizon is as short as they make it. No allocation once it
 * has reached its size. */
#ifndef SLIPSTREAM_FOLD_ID_SET_H
#define SLIPSTREAM_FOLD_ID_SET_H

#include "slipstream/base.h"

struct arrival { /* ids that came in the same second */
    int64_t second;
    size_t count;
};

#define ID_SET_MOST (UINT32_C(1) << 30)

#define ID_BUCKET_ENTRIES 14
struct id_bucket {
    uint32_t entries[ID_BUCKET_ENTRIES]; /* whether the ring's lap is odd, bits of the id, place in the ring */
    uint32_t sent_on;                    /* the number of the last id that found no room here */
    uint8_t first, count;                /* of the entries, which are a ring too */
    bool has_sent_on;
};
_Static_assert(sizeof(struct id_bucket) == 64, "a bucket is a line of cache");

struct id_set {
    struct id_bucket *buckets;
    uint32_t bucket_count;
    uint64_t *ring;
    uint32_t capacity; /* of the ring: doubles, up to ids_max */
    uint32_t tail;     /* the place of the next one */
    uint32_t count;
    uint32_t number; /* of the next one: how many have been put in, as far as 32 bits tell */
    uint32_t lap; /* of the ring, odd or even, as a bit of an entry: so that tells whether its place is still its own */
    uint32_t place_mask, tag_mask; /* what of an entry is the place, and what bits of the id */
    struct arrival *arrivals;
    size_t first_arrival, arrival_count, arrival_capacity;
    uint32_t ids_max;
    int64_t horizon_us;
    int64_t second;      /* in which ids arrive now */
    int64_t lost_second; /* the newest one that an overflow has made it forget ids of; INT64_MIN: none */
    uint64_t forgotten;
};

/* ids_max: 1 to ID_SET_MOST. */
void id_set_init(struct id_set *self, size_t ids_max, int64_t horizon_us);
void id_set_done(struct id_set *self);
/* Ids arrive now: forgets what arrived before the horizon. */
void id_set_advance(struct id_set *self, struct event_time arrived);
/* One that arrives at the time last told. False when it was there already. */
bool id_set_add(struct id_set *self, uint64_t id);
/* The id that so many came before, of those that are remembered. */
static inline uint64_t id_set_at(const struct id_set *self, size_t number)
{
    size_t place =
        self->tail + (self->capacity - self->count) + number; /* the oldest's is as far ahead as there is room */
    place = place < self->capacity ? place : place - self->capacity;
    return self->ring[place < self->capacity ? place : place - self->capacity];
}
/* Where an id belongs: the ids are hashes already, their upper half will do. */
static inline uint32_t id_set_home(const struct id_set *self, uint64_t id)
{
    return (uint32_t)((id >> 32) * self->bucket_count >> 32);
}
/* Has the memory brought near that a later call needs for its id. */
static inline void id_set_fetch(const struct id_set *self, uint64_t id)
{
    __builtin_prefetch(&self->buckets[id_set_home(self, id)], 1);
}
/* How far back from now every id is remembered: the horizon, or what an overflow has left of it. */
int64_t id_set_reach_us(const struct id_set *self);
size_t id_set_memory(const struct id_set *self);

#endif
