/* decoders.c - frame → schema → plan → interaction. */
#include "decoders.h"

#include <stdlib.h>
#define uthash_fatal(msg) assert_failed(msg, __FILE__, __LINE__)
#include <uthash.h>

struct decoder {
    UT_hash_handle hh;
    uint64_t key;      /* schema id and channel */
    struct plan *plan; /* NULL: the schema cannot be used, for this reason */
    struct reason unusable;
};

void decoders_init(struct decoders *self, struct registry *registry)
{
    *self = (struct decoders){.registry = registry};
}

void decoders_done(struct decoders *self)
{
    struct decoder *decoder, *next;
    HASH_ITER(hh, self->known, decoder, next)
    {
        HASH_DELETE(hh, self->known, decoder);
        plan_close(decoder->plan);
        free(decoder);
    }
    self->known = NULL;
    memset(self->latest, 0, sizeof self->latest);
}

/* A registry that does not answer may take its whole time-out to do so: others wait behind it. */
static enum outcome schema_find(struct decoders *self, uint32_t schema_id, struct mono_time now, struct span *schema,
                                struct reason *why)
{
    if (now.us < self->away_until.us) {
        *why = self->away_why;
        return RETRY;
    }
    enum outcome found = registry_lookup(self->registry, schema_id, now, schema, why);
    if (found == RETRY) {
        self->away_until.us = now.us + REGISTRY_AWAY_US;
        self->away_why = *why;
    }
    return found;
}

/* A schema is compiled once. That it cannot be used is remembered too: ids are immutable. */
static enum outcome decoder_make(struct decoders *self, uint64_t key, uint32_t schema_id, enum channel channel,
                                 struct mono_time now, struct decoder **made, struct reason *why)
{
    struct span schema;
    TRY(schema_find(self, schema_id, now, &schema, why));
    if (HASH_COUNT(self->known) >= DECODERS_MAX) {
        decoders_done(self);
    }
    struct decoder *decoder = calloc(1, sizeof *decoder);
    ASSERT(decoder);
    decoder->key = key;
    if (plan_open(schema, channel, &decoder->plan, &decoder->unusable) != DONE) {
        decoder->plan = NULL;
    }
    HASH_ADD(hh, self->known, key, sizeof decoder->key, decoder);
    *made = decoder;
    return DONE;
}

static enum outcome decoder_find(struct decoders *self, uint32_t schema_id, enum channel channel, struct mono_time now,
                                 struct decoder **found, struct reason *why)
{
    uint64_t key = (uint64_t)schema_id * CHANNELS + channel;
    struct decoder *decoder = self->latest[channel];
    if (!decoder || decoder->key != key) {
        HASH_FIND(hh, self->known, &key, sizeof key, decoder);
        if (!decoder) {
            TRY(decoder_make(self, key, schema_id, channel, now, &decoder, why));
        }
        self->latest[channel] = decoder;
    }
    *found = decoder;
    return DONE;
}

enum outcome decoders_decode(struct decoders *self, struct span message, enum channel channel, struct mono_time now,
                             struct interaction *interaction, int64_t *schema_id, struct reason *why)
{
    struct frame frame;
    struct decoder *decoder;
    *schema_id = ABSENT;
    TRY(frame_read(message, FRAMING_CONFLUENT, &frame, why));
    *schema_id = frame.schema_id;
    TRY(decoder_find(self, frame.schema_id, channel, now, &decoder, why));
    if (!decoder->plan) {
        *why = decoder->unusable;
        return SKIP;
    }
    return plan_run(decoder->plan, frame.body, interaction, why);
}
