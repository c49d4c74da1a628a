/* incoming.h - a signal batch of cx.signals, read whole, its events in the order of their minutes.
 *
 * Why in order: a batch holds what intake read of many source partitions, a stretch of each after the other. Behind,
 * the stretches overlap by minutes, and an event older than its cell's open pane costs several times as much as one
 * that falls into it. Events of the same minute stay in the order they came in. Errors: SKIP when any of it cannot be
 * read; nothing of it is handed out then. Bounds: as many events as the message has bytes for. Ownership: events live
 * until the next read; the header's texts as long as the message. */
#ifndef SLIPSTREAM_PIPELINE_INCOMING_H
#define SLIPSTREAM_PIPELINE_INCOMING_H

#include "slipstream/fold.h"

#define INCOMING_PAIRS   1024
#define INCOMING_BUCKETS 1024

/* Where an agency and service of the batch stand in the fold. */
struct incoming_pair {
    uint64_t batch; /* of which it is known */
    uint32_t agency, service;
    uint32_t fold_agency, fold_service;
};

struct incoming {
    struct batch_reader reader; /* with the batch's header */
    struct signal_event *events;
    uint32_t *order;  /* positions of the events, by minute; unless they came so */
    bool is_in_order; /* they did */
    size_t count, capacity, order_capacity;
    uint32_t buckets[INCOMING_BUCKETS];
    struct incoming_pair pairs[INCOMING_PAIRS];
    uint64_t batch; /* how many were read */
};
void incoming_init(struct incoming *self);
void incoming_done(struct incoming *self);

enum outcome incoming_read(struct incoming *self, struct span message, struct reason *why) MUST_CHECK;
/* Makes the events' agencies and services positions in the fold, instead of positions in the batch. */
void incoming_resolve(struct incoming *self, struct fold *fold);

static inline const struct signal_event *incoming_at(const struct incoming *self, size_t i)
{
    return &self->events[self->is_in_order ? i : self->order[i]];
}

#endif
