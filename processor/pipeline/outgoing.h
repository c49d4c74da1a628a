/* outgoing.h - what one transaction will carry: signals packed per destination partition, and dead letters.
 *
 * Bounds: names known at a time (then all are learnt anew), bytes of messages sealed or dead-lettered. It is full long
 * before its ceiling; a commit empties it. */
#ifndef SLIPSTREAM_PIPELINE_OUTGOING_H
#define SLIPSTREAM_PIPELINE_OUTGOING_H

#include "slipstream/kafka.h"

enum { OUTGOING_SIGNALS, OUTGOING_DEADLETTER, OUTGOING_TOPICS }; /* positions in the sink's topics */

struct route_name;
struct route_pair;
struct pending {
    uint32_t topic;
    int32_t partition;
    size_t offset, size; /* in bytes */
};
struct outgoing {
    int32_t partitions;
    size_t seal_bytes;             /* so large a batch is a message of its own; so many sealed bytes are sent ahead */
    const struct scoring *scoring; /* borrowed: whose an agency's aliases are; NULL: nobody has any */
    struct batch_writer *writers;  /* one a partition */
    uint64_t *generations;         /* of the writers' tables: names written in an older one are written again */
    struct route_name *names;
    struct route_pair *pairs; /* of them */
    struct buffer bytes;      /* sealed batches and dead letters */
    struct pending *pending;
    size_t pending_count, pending_capacity;
    struct message *messages; /* made at commit from pending */
    struct buffer sealed;
    size_t event_count;
    size_t sent_bytes;            /* of this transaction, ahead of its commit */
    struct event_time written_at; /* the clock of this turn, set by the stage */
};

#define OUTGOING_SEAL_BYTES ((size_t)256 * 1024)
void outgoing_init(struct outgoing *self, int32_t partitions, size_t seal_bytes);
void outgoing_done(struct outgoing *self);
void outgoing_clear(struct outgoing *self);
/* From now on aliases mean what this says. What was routed stays. */
void outgoing_set_scoring(struct outgoing *self, const struct scoring *scoring);

/* Has the memory brought near that routing such an event will need; what it returns is for outgoing_route. agency_hash
 * is what signals_of told. */
uint64_t outgoing_look_ahead(const struct outgoing *self, uint64_t agency_hash, struct span service);
/* Packs the event for the partition of its agency: of the one that this is an alias of. */
void outgoing_route(struct outgoing *self, uint64_t hash, struct span agency, struct span service,
                    struct signal_event *event);
/* A message that could not be read. */
void outgoing_dead_letter(struct outgoing *self, const struct dead_letter *letter);

/* What is sealed by now, when it is enough to be sent ahead of the commit; borrowed until outgoing_sent. Else *count is
 * 0.
 */
const struct message *outgoing_sealed(struct outgoing *self, size_t *count);
void outgoing_sent(struct outgoing *self); /* its memory is used again */

bool outgoing_is_empty(const struct outgoing *self);
bool outgoing_is_full(const struct outgoing *self); /* commit before more is read */
/* Seals everything; every partition gets a batch, if only to carry the progress. The messages live until clear. */
const struct message *outgoing_seal(struct outgoing *self, const struct batch_header *header, size_t *count);

#endif
