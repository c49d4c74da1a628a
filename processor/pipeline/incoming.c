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
    free(self->names);
    memset(self, 0, sizeof *self);
}

/* Room for one more event, in memory that is kept from batch to batch. */
static void make_room(struct incoming *self)
{
    if (self->count < self->capacity) {
        return;
    }
    self->capacity = self->capacity ? self->capacity * 2 : 256;
    self->events = realloc(self->events, self->capacity * sizeof *self->events);
    self->names = realloc(self->names, self->capacity * sizeof *self->names);
    ASSERT(self->events && self->names);
}

enum outcome incoming_read(struct incoming *self, struct span message, struct reason *why)
{
    self->batch++;
    self->count = 0;
    TRY(batch_reader_open(&self->reader, message, why));
    for (;;) {
        struct signal_event event;
        bool more;
        TRY(batch_reader_next(&self->reader, &event, &more, why));
        if (!more) {
            return DONE;
        }
        make_room(self);
        fold_entry_set(&self->events[self->count], &event, FOLD_NONE);
        self->names[self->count++] = (struct incoming_names){event.agency, event.service};
    }
}

static struct incoming_pair *resolve(struct incoming *self, struct fold *fold, struct incoming_names names)
{
    uint32_t mixed = names.agency * UINT32_C(0x9e3779b1) + names.service * UINT32_C(0x85ebca6b);
    struct incoming_pair *at = &self->pairs[mixed >> (32 - INCOMING_PAIR_BITS)];
    if (at->batch != self->batch || at->agency != names.agency || at->service != names.service) {
        *at = (struct incoming_pair){.batch = self->batch, .agency = names.agency, .service = names.service};
        at->fold_agency = fold_agency(fold, batch_reader_agency(&self->reader, names.agency));
        at->fold_service = fold_service(fold, at->fold_agency, batch_reader_service(&self->reader, names.service));
        for (unsigned c = 0; c < CHANNELS; c++) {
            at->cells[c] = FOLD_NONE;
        }
    }
    return at;
}

void incoming_resolve(struct incoming *self, struct fold *fold)
{
    for (size_t i = 0; i < self->count; i++) {
        struct fold_entry *event = &self->events[i];
        struct incoming_pair *pair = resolve(self, fold, self->names[i]);
        uint32_t *cell = &pair->cells[event->channel];
        if (*cell == FOLD_NONE) {
            *cell = fold_cell(fold, pair->fold_agency, pair->fold_service, event->channel);
        }
        event->cell = *cell;
    }
}
