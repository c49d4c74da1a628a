/* waiting.c - keeps events one after another, in memory that is used again. */
#include "waiting.h"

#include <stdlib.h>

void waiting_done(struct waiting *self)
{
    free(self->events);
    free(self->cells);
    free(self->order);
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
    ASSERT(self->count < WAITING_MAX);
    uint32_t wanted = self->capacity ? self->capacity * 2 : 64;
    self->capacity = wanted < WAITING_MAX ? wanted : WAITING_MAX;
    self->events = grown(self->events, self->capacity * sizeof *self->events);
    self->cells = grown(self->cells, self->capacity * sizeof *self->cells);
    self->order = grown(self->order, self->capacity * sizeof *self->order);
}

void waiting_add(struct waiting *self, uint32_t cell, const struct signal_marks *event)
{
    if (self->count == self->capacity) {
        make_room(self);
    }
    self->cells[self->count] = cell;
    self->events[self->count++] = *event;
}

void waiting_keep_after(struct waiting *self, int64_t last_us)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < self->count; i++) {
        if (self->events[i].at_us > last_us) {
            self->events[kept] = self->events[i];
            self->cells[kept++] = self->cells[i];
        }
    }
    self->count = kept;
}

size_t waiting_memory(const struct waiting *self)
{
    return self->capacity * (sizeof *self->events + sizeof *self->cells + sizeof *self->order);
}
