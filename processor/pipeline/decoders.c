/* decoders.c - frame → schema → plan → interaction. */
#include "decoders.h"

#include <stdlib.h>
#define uthash_fatal(msg) assert_failed(msg, __FILE__, __LINE__)
#include <uthash.h>

struct decoder_key {
    struct schema_ref schema;
    uint64_t channel;
};
_Static_assert(sizeof(struct decoder_key) == 32, "no padding: it is compared as bytes");

struct decoder {
    UT_hash_handle hh;
    struct decoder_key key;
    struct plan *plan; /* NULL: the schema cannot be used, for this reason */
    struct reason unusable;
};

/* ---- settings ---- */

struct raw_setting {
    int64_t framing;
    const char *schema; /* NULL: our own; an id; a file */
};

static struct raw_setting setting_of(const struct config *config, enum channel channel)
{
    const struct raw_setting settings[CHANNELS] = {
        [CHANNEL_WEB] = {config->framing_web, config->schema_web},
        [CHANNEL_PHONE] = {config->framing_phone, config->schema_phone},
        [CHANNEL_OFFICE] = {config->framing_office, config->schema_office},
        [CHANNEL_CHAT] = {config->framing_chat, config->schema_chat},
    };
    return settings[channel];
}

static bool is_id(const char *schema)
{
    return schema && schema[strspn(schema, "0123456789")] == '\0';
}

void decoders_init(struct decoders *self, struct registry *registry, const struct config *config)
{
    _Static_assert(FRAMING_AUTO == 0 && FRAMING_RAW == 5 && FRAMINGS == 6, "FRAMING_CHOICES has their order");
    *self = (struct decoders){.registry = registry};
    memcpy(self->mappings, config->mappings, sizeof config->mappings);
    for (unsigned c = 0; c < CHANNELS; c++) {
        struct raw_setting setting = setting_of(config, (enum channel)c);
        self->framings[c] = (enum framing)setting.framing;
        self->raw[c] = (struct schema_ref){.by = SCHEMA_BY_CHANNEL, .low = c};
        if (is_id(setting.schema)) {
            self->raw[c] = schema_by_id((uint32_t)strtoul(setting.schema, NULL, 10));
        } else {
            self->raw_files[c] = setting.schema;
        }
    }
}

void decoders_connect(struct decoders *self, struct source *source)
{
    self->source = source;
}

enum outcome decoders_check(const struct registry *registry, const struct config *config, struct reason *why)
{
    for (unsigned c = 0; c < CHANNELS; c++) {
        struct raw_setting setting = setting_of(config, (enum channel)c);
        struct span text;
        if (setting.schema && !is_id(setting.schema)) {
            TRY(registry_file(registry, setting.schema, &text, why));
        }
    }
    return DONE;
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

/* ---- a plan ---- */

static enum outcome schema_find(struct decoders *self, const struct schema_ref *ref, struct mono_time now,
                                struct span *schema, struct reason *why)
{
    if (ref->by == SCHEMA_BY_CHANNEL) {
        const char *file = self->raw_files[ref->low];
        *schema = decode_reader_schema((enum channel)ref->low);
        return file ? registry_file(self->registry, file, schema, why) : DONE;
    }
    self->awaited = *ref;
    return registry_lookup(self->registry, ref, now, schema, why);
}

/* A schema is compiled once. That it cannot be used is remembered too: ids are immutable. */
static enum outcome decoder_make(struct decoders *self, const struct decoder_key *key, struct mono_time now,
                                 struct decoder **made, struct reason *why)
{
    struct span schema;
    TRY(schema_find(self, &key->schema, now, &schema, why));
    if (HASH_COUNT(self->known) >= DECODERS_MAX) {
        decoders_done(self);
    }
    struct decoder *decoder = calloc(1, sizeof *decoder);
    ASSERT(decoder);
    decoder->key = *key;
    if (plan_open_mapped(schema, (enum channel)key->channel, self->mappings[key->channel], &decoder->plan,
                         &decoder->unusable) != DONE) {
        decoder->plan = NULL;
    }
    HASH_ADD(hh, self->known, key, sizeof decoder->key, decoder);
    *made = decoder;
    return DONE;
}

static bool is_latest(const struct decoders *self, const struct schema_ref *ref, enum channel channel)
{
    const struct decoder *latest = self->latest[channel];
    return latest && schema_ref_equal(&latest->key.schema, ref);
}

static enum outcome decoder_find(struct decoders *self, const struct schema_ref *ref, enum channel channel,
                                 struct mono_time now, struct decoder **found, struct reason *why)
{
    if (!is_latest(self, ref, channel)) {
        struct decoder_key key = {*ref, channel};
        struct decoder *decoder;
        HASH_FIND(hh, self->known, &key, sizeof key, decoder);
        if (!decoder) {
            TRY(decoder_make(self, &key, now, &decoder, why));
        }
        self->latest[channel] = decoder;
    }
    *found = self->latest[channel];
    return DONE;
}

/* ---- a message ---- */

/* The last one, as Java's readers take it; data NULL: there is none. */
static struct span header_of(const struct decoders *self, const struct record *record)
{
    return self->source->ops->header(self->source, record, FRAME_HEADER);
}

/* What the header says, where there is one; else what the first bytes did. */
static enum outcome header_first(struct decoders *self, const struct record *record, enum channel channel,
                                 enum outcome framed, struct frame *frame, struct reason *why)
{
    struct span header = header_of(self, record);
    if (!header.data) {
        return framed;
    }
    self->has_headers[channel] = true;
    return frame_read_header(header, record->value, frame, why);
}

/* *certain: the header was looked for. */
static enum outcome frame_auto(struct decoders *self, const struct record *record, enum channel channel,
                               struct frame *frame, bool *certain, struct reason *why)
{
    enum outcome framed = frame_read(record->value, FRAMING_AUTO, frame, why);
    *certain = framed != DONE || self->has_headers[channel] || !is_latest(self, &frame->schema, channel);
    return *certain ? header_first(self, record, channel, framed, frame, why) : DONE;
}

static enum outcome frame_record(struct decoders *self, const struct record *record, enum channel channel,
                                 struct frame *frame, bool *certain, struct reason *why)
{
    *certain = true;
    switch (self->framings[channel]) {
    case FRAMING_AUTO:
        return frame_auto(self, record, channel, frame, certain, why);
    case FRAMING_HEADER: {
        struct span header = header_of(self, record);
        if (!header.data) {
            return FAIL(why, SKIP, REASON_BAD_MAGIC, "it has no header " FRAME_HEADER);
        }
        return frame_read_header(header, record->value, frame, why);
    }
    case FRAMING_RAW:
        *frame = (struct frame){self->raw[channel], record->value};
        return DONE;
    default:
        return frame_read(record->value, self->framings[channel], frame, why);
    }
}

static enum outcome decode_frame(struct decoders *self, const struct frame *frame, enum channel channel,
                                 struct mono_time now, struct interaction *interaction, int64_t *schema_id,
                                 struct reason *why)
{
    struct decoder *decoder;
    *schema_id = frame->schema.by == SCHEMA_BY_ID ? (int64_t)frame->schema.low : ABSENT;
    TRY(decoder_find(self, &frame->schema, channel, now, &decoder, why));
    if (!decoder->plan) {
        *why = decoder->unusable;
        return SKIP;
    }
    return plan_run(decoder->plan, frame->body, interaction, why);
}

enum outcome decoders_decode(struct decoders *self, const struct record *record, enum channel channel,
                             struct mono_time now, struct interaction *interaction, int64_t *schema_id,
                             struct reason *why)
{
    struct frame frame;
    bool certain;
    *schema_id = ABSENT;
    TRY(frame_record(self, record, channel, &frame, &certain, why));
    enum outcome decoded = decode_frame(self, &frame, channel, now, interaction, schema_id, why);
    if (decoded == DONE || certain) {
        return decoded;
    }
    struct span header = header_of(self, record);
    if (!header.data) {
        return decoded;
    }
    self->has_headers[channel] = true;
    *schema_id = ABSENT;
    TRY(frame_read_header(header, record->value, &frame, why));
    return decode_frame(self, &frame, channel, now, interaction, schema_id, why);
}
