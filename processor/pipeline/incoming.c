/* incoming.c - reads a signal batch, and finds the cells of its events. */
#include "incoming.h"

#include <stdlib.h>

void incoming_init(struct incoming *self)
{
    memset(self, 0, sizeof *self);
    batch_reader_init(&self->reader);
}

void incoming_done(struct incoming *self)
{
    batch_reader_done(&self->reader);
    free(self->events);
    free(self->cells);
    memset(self, 0, sizeof *self);
}

/* Room for one more item, in memory that is kept from batch to batch. */
static void *room(void *items, size_t needed, size_t *capacity, size_t item_size)
{
    if (needed <= *capacity) {
        return items;
    }
    size_t wanted = *capacity ? *capacity * 2 : 256;
    *capacity = wanted < needed ? needed : wanted;
    void *grown = realloc(items, *capacity * item_size);
    ASSERT(grown);
    return grown;
}

enum outcome incoming_read(struct incoming *self, struct span message, struct reason *why)
{
    self->batch++;
    self->count = 0;
    TRY(batch_reader_open(&self->reader, message, why));
    for (;;) {
        bool more;
        self->events = room(self->events, self->count + 1, &self->capacity, sizeof *self->events);
        TRY(batch_reader_next(&self->reader, &self->events[self->count], &more, why));
        if (!more) {
            return DONE;
        }
        self->count++;
    }
}

static struct incoming_pair *resolve(struct incoming *self, struct fold *fold, const struct signal_event *event)
{
    uint32_t mixed = event->agency * UINT32_C(0x9e3779b1) + event->service * UINT32_C(0x85ebca6b);
    struct incoming_pair *at = &self->pairs[mixed >> (32 - INCOMING_PAIR_BITS)];
    if (at->batch != self->batch || at->agency != event->agency || at->service != event->service) {
        *at = (struct incoming_pair){.batch = self->batch, .agency = event->agency, .service = event->service};
        at->fold_agency = fold_agency(fold, batch_reader_agency(&self->reader, event->agency));
        at->fold_service = fold_service(fold, at->fold_agency, batch_reader_service(&self->reader, event->service));
        for (unsigned c = 0; c < CHANNELS; c++) {
            at->cells[c] = FOLD_NONE;
        }
    }
    return at;
}

void incoming_resolve(struct incoming *self, struct fold *fold)
{
    self->cells = room(self->cells, self->count, &self->cell_capacity, sizeof *self->cells);
    for (size_t i = 0; i < self->count; i++) {
        const struct signal_event *event = &self->events[i];
        struct incoming_pair *pair = resolve(self, fold, event);
        uint32_t *cell = &pair->cells[event->channel];
        if (*cell == FOLD_NONE) {
            *cell = fold_cell(fold, pair->fold_agency, pair->fold_service, event->channel);
        }
        self->cells[i] = *cell;
    }
}
