/* incoming.h - a signal batch of cx.signals, read whole.
 *
 * Errors: SKIP when any of it cannot be read; nothing of it is handed out then. Bounds: as many events as the message
 * has bytes for. Ownership: events live until the next read; the header's texts as long as the message. */
#ifndef SLIPSTREAM_PIPELINE_INCOMING_H
#define SLIPSTREAM_PIPELINE_INCOMING_H

#include "slipstream/fold.h"

#define INCOMING_PAIR_BITS 11
#define INCOMING_PAIRS     (1 << INCOMING_PAIR_BITS)

/* Where the cells of an agency and service of the batch stand in the fold. */
struct incoming_pair {
    uint64_t batch; /* of which it is known */
    uint32_t agency, service;
    uint32_t fold_agency, fold_service;
    uint32_t cells[CHANNELS]; /* FOLD_NONE: not asked for yet */
};

struct incoming_names { /* of an event: positions in the batch's tables */
    uint32_t agency, service;
};

struct incoming {
    struct batch_reader reader; /* with the batch's header */
    struct fold_entry *events;  /* their cells: once resolved */
    struct incoming_names *names;
    size_t count, capacity;
    struct incoming_pair pairs[INCOMING_PAIRS];
    uint64_t batch; /* how many were read */
};
void incoming_init(struct incoming *self);
void incoming_done(struct incoming *self);

enum outcome incoming_read(struct incoming *self, struct span message, struct reason *why) MUST_CHECK;
/* Finds the events' cells in the fold. */
void incoming_resolve(struct incoming *self, struct fold *fold);

#endif
