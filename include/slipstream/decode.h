/* decode.h - from a message's bytes to an interaction.
 *
 * A decode plan is the writer's schema compiled against ours (schemas/CHANNEL_interaction.avsc) into a flat program
 * that reads the bytes once, into a reusable struct, without allocating; every length, count, depth, branch and symbol
 * is checked, and texts are checked to be UTF-8. The writer's schema is vetted and read here: Avro-C's parser drops
 * logical types, aliases and defaults.
 * Errors: SKIP with the reason a dead letter carries; STOP never. Owner: who opened a plan closes it; a plan is
 * constant after it was opened and may be shared by threads. Texts in the interaction are borrowed from the message,
 * those of defaults from the plan.
 * Source: Avro 1.11 specification, "Schema Resolution" and "Binary Encoding". */
#ifndef SLIPSTREAM_DECODE_H
#define SLIPSTREAM_DECODE_H

#include "slipstream/decode/schema_ref.h"
#include "slipstream/model.h"

/* How a message says which schema wrote it. */
enum framing {
    FRAMING_AUTO,          /* what the first bytes say: confluent, guid or single object */
    FRAMING_CONFLUENT,     /* 0, then a 4-byte big-endian id */
    FRAMING_GUID,          /* 1, then 16 bytes */
    FRAMING_HEADER,        /* one of the two before as the value of a header; the message is the Avro bytes alone */
    FRAMING_SINGLE_OBJECT, /* C3 01, then the schema's fingerprint in 8 bytes, little-endian */
    FRAMING_RAW,           /* not at all: the configuration does */
    FRAMINGS
};
#define FRAME_HEADER "__value_schema_id"

struct frame {
    struct schema_ref schema;
    struct span body; /* borrowed: the Avro bytes */
};

/* A message in one of the framings that stand before the Avro bytes, or AUTO. SKIP: short_frame, bad_magic. */
enum outcome frame_read(struct span message, enum framing framing, struct frame *frame, struct reason *why) MUST_CHECK;
/* A message that is named in the value of its FRAME_HEADER. */
enum outcome frame_read_header(struct span header, struct span message, struct frame *frame,
                               struct reason *why) MUST_CHECK;

struct plan;

/* Bounds on a writer's schema, checked before anything parses it. */
#define SCHEMA_SIZE_MAX   (1u << 20)
#define SCHEMA_DEPTH_MAX  32
#define SCHEMA_FIELDS_MAX 4096

/* Compiles. SKIP: bad_schema or incompatible_schema, with the field and what is wrong with it. */
enum outcome plan_open(struct span writer_schema, enum channel channel, struct plan **plan,
                       struct reason *why) MUST_CHECK;
/* The same under a mapping (NULL: none), which is borrowed and outlives the plan: the writer's fields are found by its
 * names, whatever the writer's records are called. A schema with the full name of our own is read as it is. */
enum outcome plan_open_mapped(struct span writer_schema, enum channel channel, const struct channel_mapping *mapping,
                              struct plan **plan, struct reason *why) MUST_CHECK;
void plan_close(struct plan *self);

/* Decodes one body, in place: unless it says DONE, what is in *interaction means nothing. All of the body must be used
 * up. Fields the writer lacks are absent or have our default. */
enum outcome plan_run(const struct plan *self, struct span body, struct interaction *interaction,
                      struct reason *why) MUST_CHECK;

/* Our own reader schema of a channel: the embedded schemas/CHANNEL_interaction.avsc. */
struct span decode_reader_schema(enum channel channel);

#endif
