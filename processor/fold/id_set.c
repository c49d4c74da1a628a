/* id_set.c - remembers ids for a while. */
#include "id_set.h"

#include <stdlib.h>

#define CAPACITY_LEAST 1024
#define LAP            (UINT32_C(1) << 31)
#define BUCKET_MEAN    12 /* ids a bucket when the ring is full; one bucket in four has no room for a fifteenth then */

/* Bits that are needed to write a number. */
static unsigned width_of(uint32_t number)
{
    return 32 - (unsigned)__builtin_clz(number);
}

static void make_tables(struct id_set *self, uint32_t capacity)
{
    self->capacity = capacity;
    self->place_mask = (uint32_t)((UINT64_C(1) << width_of(capacity)) - 1);
    self->tag_mask = ~self->place_mask & ~LAP;
    self->bucket_count = (capacity + BUCKET_MEAN - 1) / BUCKET_MEAN;
    size_t size = self->bucket_count * sizeof *self->buckets;
    self->buckets = aligned_alloc(sizeof *self->buckets, size);
    self->ring = malloc(capacity * sizeof *self->ring);
    ASSERT(self->buckets && self->ring);
    memset(self->buckets, 0, size);
}

void id_set_init(struct id_set *self, size_t ids_max, int64_t horizon_us)
{
    ASSERT(ids_max > 0 && ids_max <= ID_SET_MOST);
    *self = (struct id_set){.ids_max = (uint32_t)ids_max, .horizon_us = horizon_us, .lost_second = INT64_MIN};
    make_tables(self, self->ids_max < CAPACITY_LEAST ? self->ids_max : CAPACITY_LEAST);
}

void id_set_done(struct id_set *self)
{
    free(self->buckets);
    free(self->ring);
    free(self->arrivals);
    *self = (struct id_set){0};
}

/* ---- buckets ---- */

static inline struct id_bucket *next_to(const struct id_set *self, struct id_bucket *bucket)
{
    return bucket + 1 < self->buckets + self->bucket_count ? bucket + 1 : self->buckets;
}

/* Whether an entry's id is still in the ring. One that is two laps old may seem to be, as its place is taken by another
 * then: it is in the way, until it does not, and that is all. */
static inline bool is_live(const struct id_set *self, uint32_t entry)
{
    uint32_t place = entry & self->place_mask;
    bool is_ahead = place >= self->tail; /* of the tail: put there a lap ago */
    uint32_t age = self->tail - place + (is_ahead ? self->capacity : 0);
    return age <= self->count && ((entry ^ self->lap) & LAP) == (is_ahead ? LAP : 0);
}

/* Whether an id that found no room in a bucket may be in one of the next. */
static inline bool has_sent_on(const struct id_set *self, const struct id_bucket *bucket)
{
    return bucket->has_sent_on && self->number - bucket->sent_on <= self->count;
}

/* Whether any of the entries has these bits of an id; the two words behind them are asked too, and do no harm. */
static inline bool any_has(const struct id_bucket *bucket, uint32_t tag_mask, uint32_t tag)
{
    typedef uint32_t lanes __attribute__((vector_size(16)));
    typedef uint64_t halves __attribute__((vector_size(16)));
    const lanes *four = (const lanes *)(const void *)bucket;
    lanes same = (lanes)((four[0] & tag_mask) == tag) | (lanes)((four[1] & tag_mask) == tag) |
                 (lanes)((four[2] & tag_mask) == tag) | (lanes)((four[3] & tag_mask) == tag);
    halves any = (halves)same;
    return (any[0] | any[1]) != 0;
}

static bool bucket_has(const struct id_set *self, const struct id_bucket *bucket, uint64_t id)
{
    for (unsigned i = 0; i < ID_BUCKET_ENTRIES; i++) {
        uint32_t entry = bucket->entries[i];
        uint32_t place = entry & self->place_mask;
        if (((entry ^ (uint32_t)id) & self->tag_mask) == 0 && is_live(self, entry) && self->ring[place] == id) {
            return true;
        }
    }
    return false;
}

static bool is_known(const struct id_set *self, uint64_t id)
{
    struct id_bucket *bucket = &self->buckets[id_set_home(self, id)];
    uint32_t tag = (uint32_t)id & self->tag_mask;
    for (uint32_t i = 0; i < self->bucket_count; i++, bucket = next_to(self, bucket)) {
        if (any_has(bucket, self->tag_mask, tag) && bucket_has(self, bucket, id)) {
            return true;
        }
        if (!has_sent_on(self, bucket)) {
            break;
        }
    }
    return false;
}

static inline unsigned entry_after(unsigned at)
{
    return at + 1 < ID_BUCKET_ENTRIES ? at + 1 : 0;
}

/* Drops what is at the front and no longer in the ring; false when there is no room even so. */
static bool bucket_make_room(const struct id_set *self, struct id_bucket *bucket)
{
    while (bucket->count && !is_live(self, bucket->entries[bucket->first])) {
        bucket->first = (uint8_t)entry_after(bucket->first);
        bucket->count--;
    }
    return bucket->count < ID_BUCKET_ENTRIES;
}

/* Where the next id goes, or NULL. There are more entries than ids in the ring; but those that only seem to be in it
 * take room too. */
static struct id_bucket *bucket_for(struct id_set *self, uint64_t id)
{
    struct id_bucket *bucket = &self->buckets[id_set_home(self, id)];
    for (uint32_t i = 0; i < self->bucket_count; i++, bucket = next_to(self, bucket)) {
        if (bucket_make_room(self, bucket)) {
            return bucket;
        }
        bucket->sent_on = self->number;
        bucket->has_sent_on = true;
    }
    return NULL;
}

/* ---- the ring ---- */

static void forget_oldest(struct id_set *self)
{
    struct arrival *oldest = &self->arrivals[self->first_arrival];
    self->count--;
    self->forgotten++;
    if (--oldest->count == 0) {
        self->first_arrival++;
        self->arrival_count--;
    }
}

/* At the end of the ring, where there is room. */
static void put(struct id_set *self, struct id_bucket *bucket, uint64_t id)
{
    ASSERT(bucket);
    unsigned at = bucket->first + bucket->count++;
    at = at < ID_BUCKET_ENTRIES ? at : at - ID_BUCKET_ENTRIES;
    bucket->entries[at] = self->lap | ((uint32_t)id & self->tag_mask) | self->tail;
    self->ring[self->tail] = id;
    self->count++;
    self->number++;
    self->tail++;
    if (self->tail == self->capacity) {
        self->tail = 0;
        self->lap ^= LAP;
    }
}

/* Everything anew, in a ring of this size. */
static void rebuild(struct id_set *self, uint32_t capacity)
{
    struct id_set old = *self;
    make_tables(self, capacity);
    self->tail = self->count = self->number = self->lap = 0;
    for (uint32_t i = 0; i < old.count; i++) {
        uint64_t id = id_set_at(&old, i);
        put(self, bucket_for(self, id), id);
    }
    free(old.buckets);
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

void id_set_advance(struct id_set *self, struct event_time arrived)
{
    self->second = time_floor(arrived.us, US_PER_SECOND);
    int64_t oldest = self->second - (self->horizon_us + US_PER_SECOND - 1) / US_PER_SECOND;
    while (self->arrival_count && self->arrivals[self->first_arrival].second < oldest) {
        forget_oldest(self);
    }
}

bool id_set_add(struct id_set *self, uint64_t id)
{
    if (is_known(self, id)) {
        return false;
    }
    if (self->count == self->ids_max) {
        self->lost_second = self->arrivals[self->first_arrival].second;
        forget_oldest(self);
    } else if (self->count == self->capacity) {
        rebuild(self, self->capacity < self->ids_max / 2 ? self->capacity * 2 : self->ids_max);
    }
    struct id_bucket *bucket = bucket_for(self, id);
    if (!bucket) {
        rebuild(self, self->capacity);
        bucket = bucket_for(self, id);
    }
    put(self, bucket, id);
    note_arrival(self, self->second);
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
    return self->bucket_count * sizeof *self->buckets + self->capacity * sizeof *self->ring +
           self->arrival_capacity * sizeof *self->arrivals;
}
