/* incoming.c - reads a signal batch and puts it in order. */
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
    free(self->order);
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

static int64_t minute_of(const struct signal_event *event)
{
    return time_floor(event->at_us, US_PER_MINUTE);
}

/* Counts the events of each bucket of minutes, then places each behind those before it. */
static void put_in_order(struct incoming *self, int64_t first, int64_t last)
{
    unsigned shift = 0;
    while ((last - first) >> shift >= INCOMING_BUCKETS) {
        shift++;
    }
    self->order = room(self->order, self->count, &self->order_capacity, sizeof *self->order);
    memset(self->buckets, 0, sizeof self->buckets);
    for (size_t i = 0; i < self->count; i++) {
        self->buckets[(minute_of(&self->events[i]) - first) >> shift]++;
    }
    uint32_t before = 0;
    for (unsigned b = 0; b < INCOMING_BUCKETS; b++) {
        uint32_t size = self->buckets[b];
        self->buckets[b] = before;
        before += size;
    }
    for (size_t i = 0; i < self->count; i++) {
        self->order[self->buckets[(minute_of(&self->events[i]) - first) >> shift]++] = (uint32_t)i;
    }
}

enum outcome incoming_read(struct incoming *self, struct span message, struct reason *why)
{
    int64_t first = INT64_MAX;
    int64_t last = INT64_MIN;
    self->batch++;
    self->count = 0;
    self->is_in_order = true;
    TRY(batch_reader_open(&self->reader, message, why));
    for (;;) {
        bool more;
        self->events = room(self->events, self->count + 1, &self->capacity, sizeof *self->events);
        struct signal_event *event = &self->events[self->count];
        TRY(batch_reader_next(&self->reader, event, &more, why));
        if (!more) {
            break;
        }
        int64_t minute = minute_of(event);
        self->is_in_order &= minute >= last;
        first = minute < first ? minute : first;
        last = minute > last ? minute : last;
        self->count++;
    }
    if (!self->is_in_order) {
        put_in_order(self, first, last);
    }
    return DONE;
}

static const struct incoming_pair *resolve(struct incoming *self, struct fold *fold, const struct signal_event *event)
{
    struct incoming_pair *at = &self->pairs[(event->agency * 31 + event->service) % INCOMING_PAIRS];
    if (at->batch != self->batch || at->agency != event->agency || at->service != event->service) {
        *at = (struct incoming_pair){.batch = self->batch, .agency = event->agency, .service = event->service};
        at->fold_agency = fold_agency(fold, batch_reader_agency(&self->reader, event->agency));
        at->fold_service = fold_service(fold, at->fold_agency, batch_reader_service(&self->reader, event->service));
    }
    return at;
}

void incoming_resolve(struct incoming *self, struct fold *fold)
{
    for (size_t i = 0; i < self->count; i++) {
        struct signal_event *event = &self->events[i];
        const struct incoming_pair *pair = resolve(self, fold, event);
        event->agency = pair->fold_agency;
        event->service = pair->fold_service;
    }
}
