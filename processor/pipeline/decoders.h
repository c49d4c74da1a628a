/* decoders.h - a plan for every writer's schema met so far, and from a record to an interaction.
 *
 * `auto` reads a message by its header when it has one, whatever it begins with, as Confluent's own readers do; else by
 * its first bytes: 0 and an id, 1 and a GUID, C3 01 and a fingerprint; anything else is bad_magic, never raw. To look
 * for the header costs (the client library takes all headers apart), so one kind of message is taken without: on a
 * topic that has not had the header yet, one that begins with what the message before it was named by and that
 * decodes to its last byte under that schema. Only Avro bytes that repeat the other producers' id and are a whole
 * message under it could be misread so; who mixes the two on one topic can set the topic's framing.
 * Bounds: DECODERS_MAX plans; then all are made anew. */
#ifndef SLIPSTREAM_PIPELINE_DECODERS_H
#define SLIPSTREAM_PIPELINE_DECODERS_H

#include "slipstream/config.h"
#include "slipstream/decode.h"
#include "slipstream/kafka.h"
#include "slipstream/registry.h"

#define DECODERS_MAX 1024

struct decoder;
struct decoders {
    struct registry *registry; /* borrowed */
    struct source *source;     /* borrowed: has the headers of its records */
    enum framing framings[CHANNELS];
    const struct channel_mapping *mappings[CHANNELS]; /* borrowed; NULL: none */
    struct schema_ref raw[CHANNELS];                  /* of raw messages */
    const char *raw_files[CHANNELS];                  /* NULL: our own schema */
    struct decoder *known;                            /* by schema and channel */
    struct decoder *latest[CHANNELS];
    bool has_headers[CHANNELS]; /* a message of the topic had a FRAME_HEADER */
    struct schema_ref awaited;  /* what the last RETRY was for */
};

void decoders_init(struct decoders *self, struct registry *registry, const struct config *config);
void decoders_connect(struct decoders *self, struct source *source);
void decoders_done(struct decoders *self);

/* Whether the files that a configuration names for raw messages are there. STOP/bad_config. */
enum outcome decoders_check(const struct registry *registry, const struct config *config,
                            struct reason *why) MUST_CHECK;

/* One record's value into an interaction of the topic's channel. DONE; SKIP: a dead letter; RETRY: the registry has
 * not answered yet, and registry_settled says of `awaited` when to come again. *schema_id is set when the framing told one. */
enum outcome decoders_decode(struct decoders *self, const struct record *record, enum channel channel,
                             struct mono_time now, struct interaction *interaction, int64_t *schema_id,
                             struct reason *why) MUST_CHECK;

#endif
