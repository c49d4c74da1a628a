/* frame.c - how a message says which schema wrote it. */
#include "slipstream/decode.h"

#include <stdio.h>

#define MAGIC_ID              0
#define MAGIC_GUID            1
#define MAGIC_SINGLE_OBJECT   0xc3
#define MAGIC_SINGLE_OBJECT_2 0x01

#define ID_SIZE            5 /* the magic byte, and a 4-byte big-endian id */
#define GUID_SIZE          17
#define SINGLE_OBJECT_SIZE 10 /* two magic bytes, and the fingerprint */

static uint64_t read_big(const uint8_t *at)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

static enum outcome read_id(const uint8_t *at, struct span body, struct frame *frame)
{
    frame->schema =
        schema_by_id((uint32_t)at[1] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 8 | (uint32_t)at[4]);
    frame->body = body;
    return DONE;
}

static enum outcome read_guid(const uint8_t *at, struct span body, struct frame *frame)
{
    frame->schema = (struct schema_ref){.by = SCHEMA_BY_GUID, .high = read_big(at + 1), .low = read_big(at + 9)};
    frame->body = body;
    return DONE;
}

static enum outcome read_single_object(const uint8_t *at, struct span body, struct frame *frame)
{
    uint64_t fingerprint = 0;
    for (unsigned i = 8; i-- > 0;) {
        fingerprint = fingerprint << 8 | at[2 + i];
    }
    frame->schema = (struct schema_ref){.by = SCHEMA_BY_FINGERPRINT, .low = fingerprint};
    frame->body = body;
    return DONE;
}

static const struct {
    const char *begins; /* for reasons */
    uint8_t magic[2];
    uint8_t magic_size;
    uint8_t size; /* of the whole framing */
    enum outcome (*read)(const uint8_t *at, struct span body, struct frame *frame);
} shapes[FRAMINGS] = {
    [FRAMING_CONFLUENT] = {"0", {MAGIC_ID}, 1, ID_SIZE, read_id},
    [FRAMING_GUID] = {"1", {MAGIC_GUID}, 1, GUID_SIZE, read_guid},
    [FRAMING_SINGLE_OBJECT] =
        {"C3 01", {MAGIC_SINGLE_OBJECT, MAGIC_SINGLE_OBJECT_2}, 2, SINGLE_OBJECT_SIZE, read_single_object},
};

static enum outcome fail_short(size_t size, size_t needed, struct reason *why)
{
    return FAIL(why, SKIP, REASON_SHORT_FRAME, "%zu bytes; the framing alone takes %zu", size, needed);
}

/* What the first bytes say; RAW when they say nothing. */
static enum framing framing_of(struct span message)
{
    switch (message.data[0]) {
    case MAGIC_ID:
        return FRAMING_CONFLUENT;
    case MAGIC_GUID:
        return FRAMING_GUID;
    case MAGIC_SINGLE_OBJECT:
        return message.size < 2 || message.data[1] == MAGIC_SINGLE_OBJECT_2 ? FRAMING_SINGLE_OBJECT : FRAMING_RAW;
    default:
        return FRAMING_RAW;
    }
}

enum outcome frame_read(struct span message, enum framing framing, struct frame *frame, struct reason *why)
{
    bool may_be_id = framing == FRAMING_AUTO || framing == FRAMING_CONFLUENT;
    if (may_be_id && message.size >= ID_SIZE && message.data[0] == MAGIC_ID) { /* as nearly all are */
        return read_id(message.data, span_of(message.data + ID_SIZE, message.size - ID_SIZE), frame);
    }
    ASSERT(framing == FRAMING_AUTO || (framing < FRAMINGS && shapes[framing].read));
    if (framing == FRAMING_AUTO) {
        framing = message.size > 0 ? framing_of(message) : FRAMING_CONFLUENT;
        if (framing == FRAMING_RAW) {
            return FAIL(why, SKIP, REASON_BAD_MAGIC,
                        "it begins with byte %02X, as no framing does, and has no header " FRAME_HEADER,
                        message.data[0]);
        }
    }
    size_t size = shapes[framing].size;
    if (message.size < size) {
        return fail_short(message.size, size, why);
    }
    if (memcmp(message.data, shapes[framing].magic, shapes[framing].magic_size) != 0) {
        return FAIL(why, SKIP, REASON_BAD_MAGIC, "it does not begin with %s", shapes[framing].begins);
    }
    return shapes[framing].read(message.data, span_of(message.data + size, message.size - size), frame);
}

enum outcome frame_read_header(struct span header, struct span message, struct frame *frame, struct reason *why)
{
    enum framing framing = header.size > 0 && header.data[0] == MAGIC_GUID ? FRAMING_GUID : FRAMING_CONFLUENT;
    if (header.size > 0 && header.data[0] != shapes[framing].magic[0]) {
        return FAIL(why, SKIP, REASON_BAD_MAGIC, "header " FRAME_HEADER " begins with byte %02X, not with 0 or 1",
                    header.data[0]);
    }
    if (header.size != shapes[framing].size) {
        return FAIL(why, SKIP, REASON_SHORT_FRAME, "header " FRAME_HEADER " has %zu bytes instead of %u", header.size,
                    shapes[framing].size);
    }
    return shapes[framing].read(header.data, message, frame);
}

const char *schema_ref_text(const struct schema_ref *ref, char text[SCHEMA_REF_TEXT_SIZE])
{
    unsigned long long high = ref->high;
    unsigned long long low = ref->low;
    switch (ref->by) {
    case SCHEMA_BY_GUID:
        snprintf(text, SCHEMA_REF_TEXT_SIZE, "schema %08llx-%04llx-%04llx-%04llx-%012llx", high >> 32,
                 high >> 16 & 0xffff, high & 0xffff, low >> 48, low & 0xffffffffffff);
        break;
    case SCHEMA_BY_FINGERPRINT:
        snprintf(text, SCHEMA_REF_TEXT_SIZE, "schema with fingerprint %016llx", low);
        break;
    case SCHEMA_BY_CHANNEL:
        snprintf(text, SCHEMA_REF_TEXT_SIZE, "schema of %s's raw messages", channel_word((enum channel)low));
        break;
    default:
        snprintf(text, SCHEMA_REF_TEXT_SIZE, "schema %llu", low);
    }
    return text;
}
