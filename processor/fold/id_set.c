/* id_set.c - remembers ids for a while. */
#include "id_set.h"

#include <stdlib.h>

#define CAPACITY_LEAST 1024
#define DISTANCE_BITS  6 /* of the 32 of an entry; fewer when there are so many ids that their places need them */

/* Bits that are needed to write a number. */
static unsigned width_of(uint32_t number)
{
    return 32 - (unsigned)__builtin_clz(number);
}

static void make_tables(struct id_set *self, uint32_t capacity)
{
    unsigned place_bits = width_of(capacity);
    unsigned distance_bits = place_bits + DISTANCE_BITS > 32 ? 32 - place_bits : DISTANCE_BITS;
    self->capacity = capacity;
    self->place_mask = (uint32_t)((UINT64_C(1) << place_bits) - 1);
    self->distance_shift = 32 - distance_bits;
    self->distance_most = (1u << distance_bits) - 1;
    self->tag_mask = ((UINT32_C(1) << self->distance_shift) - 1) & ~self->place_mask;
    self->table_size = capacity + capacity / 2 + 1; /* never full: a search ends */
    self->table = calloc(self->table_size, sizeof *self->table);
    self->ring = malloc(capacity * sizeof *self->ring);
    ASSERT(self->table && self->ring);
}

void id_set_init(struct id_set *self, size_t ids_max, int64_t horizon_us)
{
    ASSERT(ids_max > 0 && ids_max <= ID_SET_MOST);
    *self = (struct id_set){.ids_max = (uint32_t)ids_max, .horizon_us = horizon_us, .lost_second = INT64_MIN};
    make_tables(self, self->ids_max < CAPACITY_LEAST ? self->ids_max : CAPACITY_LEAST);
}

void id_set_done(struct id_set *self)
{
    free(self->table);
    free(self->ring);
    free(self->arrivals);
    *self = (struct id_set){0};
}

/* ---- the table ---- */

static inline uint32_t next_to(const struct id_set *self, uint32_t at)
{
    return at + 1 < self->table_size ? at + 1 : 0;
}

static inline uint32_t steps(const struct id_set *self, uint32_t from, uint32_t to)
{
    return to >= from ? to - from : to + self->table_size - from;
}

/* An entry but for its place. */
static inline uint32_t mark(const struct id_set *self, uint64_t id, uint32_t distance)
{
    uint32_t told = distance < self->distance_most ? distance : self->distance_most;
    return told << self->distance_shift | ((uint32_t)id & self->tag_mask);
}

/* Finds an id: true when it is there. Else *at is the free entry where it would go. */
static inline bool find(const struct id_set *self, uint64_t id, uint32_t *at)
{
    uint32_t one_further = UINT32_C(1) << self->distance_shift;
    uint32_t furthest = self->distance_most << self->distance_shift;
    uint32_t wanted = mark(self, id, 0);
    uint32_t entry;
    for (*at = id_set_home(self, id); (entry = self->table[*at]); *at = next_to(self, *at)) {
        if ((entry & ~self->place_mask) == wanted && self->ring[(entry & self->place_mask) - 1] == id) {
            return true;
        }
        wanted += wanted < furthest ? one_further : 0;
    }
    return false;
}

static uint32_t distance_of(const struct id_set *self, uint32_t at)
{
    uint32_t entry = self->table[at];
    uint32_t told = entry >> self->distance_shift;
    if (told < self->distance_most) {
        return told;
    }
    return steps(self, id_set_home(self, self->ring[(entry & self->place_mask) - 1]), at);
}

/* Takes an entry out and moves those behind it up, so that no search ends early; returns which one is free now. */
static uint32_t table_remove(struct id_set *self, uint32_t hole)
{
    uint32_t rest = (UINT32_C(1) << self->distance_shift) - 1;
    for (uint32_t at = next_to(self, hole); self->table[at]; at = next_to(self, at)) {
        uint32_t distance = distance_of(self, at);
        uint32_t up = steps(self, hole, at);
        if (distance >= up) {
            self->table[hole] = mark(self, 0, distance - up) | (self->table[at] & rest);
            hole = at;
        }
    }
    self->table[hole] = 0;
    return hole;
}

/* ---- the ring ---- */

/* Returns the entry of the table that is free now. */
static uint32_t forget_oldest(struct id_set *self)
{
    struct arrival *oldest = &self->arrivals[self->first_arrival];
    uint32_t at = id_set_home(self, self->ring[self->head]);
    while ((self->table[at] & self->place_mask) != self->head + 1) {
        ASSERT(self->table[at]);
        at = next_to(self, at);
    }
    uint32_t freed = table_remove(self, at);
    self->head = self->head + 1 < self->capacity ? self->head + 1 : 0;
    self->count--;
    self->forgotten++;
    if (--oldest->count == 0) {
        self->first_arrival++;
        self->arrival_count--;
    }
    return freed;
}

/* At the end of the ring, and where `find` said. */
static void put(struct id_set *self, uint64_t id, uint32_t at)
{
    uint32_t place = self->head + self->count++;
    place = place < self->capacity ? place : place - self->capacity;
    self->ring[place] = id;
    self->table[at] = mark(self, id, steps(self, id_set_home(self, id), at)) | (place + 1);
}

static void grow(struct id_set *self)
{
    struct id_set old = *self;
    make_tables(self, old.capacity < old.ids_max / 2 ? old.capacity * 2 : old.ids_max);
    self->head = self->count = 0;
    for (uint32_t i = 0; i < old.count; i++) {
        uint64_t id = id_set_at(&old, i);
        uint32_t at;
        find(self, id, &at);
        put(self, id, at);
    }
    free(old.table);
    free(old.ring);
}

/* Room for one more at the end: moves the rest to the front when half of it is free, else grows. */
static void arrivals_make_room(struct id_set *self)
{
    if (self->first_arrival + self->arrival_count < self->arrival_capacity) {
        return;
    }
    if (self->first_arrival > self->arrival_capacity / 2) {
        memmove(self->arrivals, self->arrivals + self->first_arrival, self->arrival_count * sizeof *self->arrivals);
        self->first_arrival = 0;
        return;
    }
    self->arrival_capacity = self->arrival_capacity ? self->arrival_capacity * 2 : 256;
    self->arrivals = realloc(self->arrivals, self->arrival_capacity * sizeof *self->arrivals);
    ASSERT(self->arrivals);
}

static void note_arrival(struct id_set *self, int64_t second)
{
    size_t end = self->first_arrival + self->arrival_count;
    if (self->arrival_count && self->arrivals[end - 1].second >= second) {
        self->arrivals[end - 1].count++; /* a clock that steps back makes no new second */
        return;
    }
    arrivals_make_room(self);
    self->arrivals[self->first_arrival + self->arrival_count++] = (struct arrival){second, 1};
}

bool id_set_add(struct id_set *self, uint64_t id, struct event_time arrived)
{
    int64_t second = time_floor(arrived.us, US_PER_SECOND);
    int64_t oldest = second - (self->horizon_us + US_PER_SECOND - 1) / US_PER_SECOND;
    while (self->arrival_count && self->arrivals[self->first_arrival].second < oldest) {
        forget_oldest(self);
    }
    uint32_t at;
    if (find(self, id, &at)) {
        return false;
    }
    if (self->count == self->ids_max) {
        self->lost_second = self->arrivals[self->first_arrival].second;
        uint32_t home = id_set_home(self, id);
        uint32_t freed = forget_oldest(self);
        at = steps(self, home, freed) < steps(self, home, at) ? freed : at; /* a search would end there now */
    } else if (self->count == self->capacity) {
        grow(self);
        find(self, id, &at);
    }
    put(self, id, at);
    note_arrival(self, second);
    return true;
}

int64_t id_set_reach_us(const struct id_set *self)
{
    if (self->lost_second == INT64_MIN || self->arrival_count == 0) {
        return self->horizon_us;
    }
    int64_t newest = self->arrivals[self->first_arrival + self->arrival_count - 1].second;
    int64_t whole = newest > self->lost_second ? newest - self->lost_second - 1 : 0; /* seconds of which none is lost */
    return whole < self->horizon_us / US_PER_SECOND ? whole * US_PER_SECOND : self->horizon_us;
}

size_t id_set_memory(const struct id_set *self)
{
    return self->table_size * sizeof *self->table + self->capacity * sizeof *self->ring +
           self->arrival_capacity * sizeof *self->arrivals;
}
