/* id_set.c - remembers ids for a while. */
#include "id_set.h"

#include <stdlib.h>

#define TABLE_SIZE_LEAST 1024

void id_set_init(struct id_set *self, size_t ids_max, int64_t horizon_us)
{
    *self = (struct id_set){.ids_max = ids_max, .horizon_us = horizon_us, .lost_second = INT64_MIN};
    self->table_size = TABLE_SIZE_LEAST;
    self->table = calloc(self->table_size, sizeof *self->table);
    ASSERT(self->table && ids_max > 0);
}

void id_set_done(struct id_set *self)
{
    free(self->table);
    free(self->queue);
    free(self->arrivals);
    *self = (struct id_set){0};
}

/* Where an id is, or the free place where it would go. The ids are hashes already: their low bits will do. */
static size_t place_of(const struct id_set *self, uint64_t id)
{
    size_t mask = self->table_size - 1;
    size_t place = (size_t)id & mask;
    while (self->table[place] && self->table[place] != id) {
        place = (place + 1) & mask;
    }
    return place;
}

static void table_grow(struct id_set *self)
{
    uint64_t *old = self->table;
    size_t old_size = self->table_size;
    self->table_size *= 2;
    self->table = calloc(self->table_size, sizeof *self->table);
    ASSERT(self->table);
    for (size_t i = 0; i < old_size; i++) {
        if (old[i]) {
            self->table[place_of(self, old[i])] = old[i];
        }
    }
    free(old);
}

/* Takes an id out and moves those behind it up, so that no search ends early. */
static void table_remove(struct id_set *self, uint64_t id)
{
    size_t mask = self->table_size - 1;
    size_t hole = place_of(self, id);
    ASSERT(self->table[hole] == id);
    for (size_t next = (hole + 1) & mask; self->table[next]; next = (next + 1) & mask) {
        size_t home = (size_t)self->table[next] & mask;
        if (((next - home) & mask) >= ((next - hole) & mask)) {
            self->table[hole] = self->table[next];
            hole = next;
        }
    }
    self->table[hole] = 0;
    self->count--;
}

static void forget_oldest(struct id_set *self)
{
    struct arrival *oldest = &self->arrivals[self->first_arrival];
    table_remove(self, self->queue[self->head++]);
    self->forgotten++;
    if (--oldest->count == 0) {
        self->first_arrival++;
        self->arrival_count--;
    }
}

/* Makes room for one more at the end: moves the rest to the front when half of it is free, else grows. */
static void *room(void *items, size_t item_size, size_t *head, size_t *tail, size_t *capacity)
{
    if (*tail < *capacity) {
        return items;
    }
    if (*head > *capacity / 2) {
        memmove(items, (char *)items + *head * item_size, (*tail - *head) * item_size);
        *tail -= *head;
        *head = 0;
        return items;
    }
    *capacity = *capacity ? *capacity * 2 : 256;
    void *grown = realloc(items, *capacity * item_size);
    ASSERT(grown);
    return grown;
}

static void queue_add(struct id_set *self, uint64_t id, int64_t second)
{
    self->queue = room(self->queue, sizeof *self->queue, &self->head, &self->tail, &self->queue_capacity);
    self->queue[self->tail++] = id;
    size_t end = self->first_arrival + self->arrival_count;
    if (self->arrival_count && self->arrivals[end - 1].second >= second) {
        self->arrivals[end - 1].count++; /* a clock that steps back makes no new second */
        return;
    }
    self->arrivals = room(self->arrivals, sizeof *self->arrivals, &self->first_arrival, &end, &self->arrival_capacity);
    self->arrivals[end] = (struct arrival){second, 1};
    self->arrival_count++;
}

bool id_set_add(struct id_set *self, uint64_t id, struct event_time arrived)
{
    id = id ? id : 1;
    int64_t second = time_floor(arrived.us, US_PER_SECOND);
    int64_t oldest = second - (self->horizon_us + US_PER_SECOND - 1) / US_PER_SECOND;
    while (self->arrival_count && self->arrivals[self->first_arrival].second < oldest) {
        forget_oldest(self);
    }
    size_t place = place_of(self, id);
    if (self->table[place]) {
        return false;
    }
    if (self->count == self->ids_max) {
        self->lost_second = self->arrivals[self->first_arrival].second;
        forget_oldest(self);
        place = place_of(self, id);
    }
    self->table[place] = id;
    self->count++;
    queue_add(self, id, second);
    if (self->count * 2 > self->table_size) {
        table_grow(self);
    }
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
