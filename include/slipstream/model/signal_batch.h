/* signal_batch.h - the messages of cx.signals: many events of one partition's agencies, and how far intake has come.
 *
 * Shape: Avro, schemas/signal_batch.avsc, written and read here by hand (it is the hot path); framed with format byte
 * SIGNAL_BATCH_FORMAT in front. Errors: a reader says SKIP for bytes it cannot read; nothing was delivered then that
 * the caller has not seen an event of. Ownership: what a reader hands out is borrowed from the message. */
#ifndef SLIPSTREAM_MODEL_SIGNAL_BATCH_H
#define SLIPSTREAM_MODEL_SIGNAL_BATCH_H

#include "slipstream/model/signals.h"

#define SIGNAL_BATCH_FORMAT 1
#define SIGNAL_BATCH_SIZE_MAX (900 * 1024) /* below Kafka's default message.max.bytes with room for framing */
#define SIGNAL_BATCH_NAMES_MAX 65536
#define SIGNAL_BATCH_SOURCES_MAX 64
#define SIGNAL_BATCH_PROGRESS_MAX 4096

/* How far intake has read one source partition. */
struct source_progress {
    uint32_t topic; /* position in the batch's sources */
    int32_t partition;
    int64_t position;      /* next offset intake will read */
    int64_t stable_offset; /* last stable offset; -1 when not known yet */
    int64_t at_us;         /* wall clock when this was seen */
};
struct source_topic {
    struct span name;
    int32_t partitions;
};

/* Packs events for one partition until sealed. Names are added once a batch. */
struct batch_writer {
    struct buffer agencies, services, events; /* the three Avro arrays' items */
    uint32_t agency_count, service_count, event_count;
    int64_t base_us; /* event times are written as differences from the first one */
};
void batch_writer_init(struct batch_writer *self);
void batch_writer_done(struct batch_writer *self);
void batch_writer_clear(struct batch_writer *self);
uint32_t batch_writer_agency(struct batch_writer *self, struct span name);  /* → its position */
uint32_t batch_writer_service(struct batch_writer *self, struct span name); /* → its position */
void batch_writer_event(struct batch_writer *self, const struct signal_event *event);
size_t batch_writer_size(const struct batch_writer *self); /* bytes it would seal to, without the header */

/* The whole message into out (cleared first). out->overflow when it did not fit, or is more than a reader takes. */
struct batch_header {
    struct event_time written_at; /* intake's wall clock */
    struct span instance;
    const struct source_topic *sources;
    size_t source_count;
    const struct source_progress *progress;
    size_t progress_count;
};
void batch_writer_seal(const struct batch_writer *self, const struct batch_header *header, struct buffer *out);

struct batch_reader {
    struct batch_header header;
    struct source_topic sources[SIGNAL_BATCH_SOURCES_MAX];
    struct source_progress *progress; /* owned, grows to what a batch needed */
    size_t progress_capacity;
    struct span *names; /* owned: agencies, then services */
    size_t name_capacity;
    uint32_t agency_count, service_count;
    uint64_t events_left; /* in the current Avro block */
    int64_t base_us;
    struct cursor cursor;
};
void batch_reader_init(struct batch_reader *self);
void batch_reader_done(struct batch_reader *self);
/* Reads everything before the events. DONE or SKIP. */
enum outcome batch_reader_open(struct batch_reader *self, struct span message, struct reason *why) MUST_CHECK;
/* The next event; *more is false after the last. DONE or SKIP. */
enum outcome batch_reader_next(struct batch_reader *self, struct signal_event *event, bool *more,
                               struct reason *why) MUST_CHECK;
static inline struct span batch_reader_agency(const struct batch_reader *self, uint32_t position)
{
    return self->names[position];
}
static inline struct span batch_reader_service(const struct batch_reader *self, uint32_t position)
{
    return self->names[self->agency_count + position];
}

#endif
