/* waiting.c - keeps events one after another, in memory that is used again. */
#include "waiting.h"

#include <stdlib.h>

#define EVENT_SIZE_MAX (sizeof(struct waiting_event) + EVENT_COUNTERS_MAX * sizeof(uint16_t) + 7)

void waiting_done(struct waiting *self)
{
    free(self->cells);
    free(self->offsets);
    free(self->order);
    free(self->bytes);
    *self = (struct waiting){0};
}

static void *grown(void *items, size_t size)
{
    void *more = realloc(items, size);
    ASSERT(more);
    return more;
}

static void make_room(struct waiting *self)
{
    if (self->count == self->capacity) {
        ASSERT(self->count < WAITING_MAX);
        self->capacity = self->capacity ? self->capacity * 2 : 64;
        self->cells = grown(self->cells, self->capacity * sizeof *self->cells);
        self->offsets = grown(self->offsets, self->capacity * sizeof *self->offsets);
        self->order = grown(self->order, self->capacity * sizeof *self->order);
    }
    if (self->size + EVENT_SIZE_MAX > self->byte_capacity) {
        self->byte_capacity = self->byte_capacity ? self->byte_capacity + self->byte_capacity / 2 : 4096;
        self->bytes = grown(self->bytes, self->byte_capacity);
    }
}

void waiting_add(struct waiting *self, uint32_t cell, const struct signal_event *event)
{
    make_room(self);
    struct waiting_event *added = (struct waiting_event *)(void *)(self->bytes + self->size);
    added->at_us = event->at_us;
    added->step = event->retracts ? -1 : 1;
    added->count = (uint16_t)signals_counters(event, added->counters);
    self->cells[self->count] = cell;
    self->offsets[self->count++] = (uint32_t)self->size;
    self->size += (sizeof *added + added->count * sizeof(uint16_t) + 7) & ~(size_t)7;
}

void waiting_clear(struct waiting *self)
{
    self->count = 0;
    self->size = 0;
}

size_t waiting_memory(const struct waiting *self)
{
    return self->capacity * 3 * sizeof(uint32_t) + self->byte_capacity;
}
