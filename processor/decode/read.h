/* read.h - Avro's binary values, read forward with every bound checked (Avro 1.11 specification, "Binary Encoding").
 *
 * Each takes where the value begins and gives where the next one does, or NULL, and then the machine's code says why.
 */
#ifndef SLIPSTREAM_DECODE_READ_H
#define SLIPSTREAM_DECODE_READ_H

#include <endian.h>

#include "plan.h"

/* No Kafka message is longer: its size is an int32. */
#define LENGTH_MAX INT32_MAX

/* What a routine or a list goes back to. */
struct frame_of_run {
    const struct step *back; /* after a routine */
    uint64_t left;           /* items of the block, this one included */
};

struct machine {
    const uint8_t *end;
    enum reason_code code;
    uint32_t depth;
    uint64_t empty_items;
    struct frame_of_run stack[SCHEMA_DEPTH_MAX];
    struct decoded decoded;
};

static inline const uint8_t *failed(struct machine *self, enum reason_code code)
{
    self->code = code;
    return NULL;
}

/* An int has at most 5 groups of seven bits, a long 10; the last one has no more bits than are left. */
const uint8_t *read_long_groups(struct machine *self, const uint8_t *at, int64_t *value);
const uint8_t *read_int_groups(struct machine *self, const uint8_t *at, int64_t *value);

static inline int64_t zigzag(uint64_t raw)
{
    return (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
}

static inline const uint8_t *read_long(struct machine *self, const uint8_t *at, int64_t *value)
{
    if (at < self->end && *at < 0x80) { /* most lengths, branches, symbols and ratings are one byte */
        *value = zigzag(*at);
        return at + 1;
    }
    return read_long_groups(self, at, value);
}

static inline const uint8_t *read_int(struct machine *self, const uint8_t *at, int64_t *value)
{
    if (at < self->end && *at < 0x80) {
        *value = zigzag(*at);
        return at + 1;
    }
    return read_int_groups(self, at, value);
}

static inline const uint8_t *pass_fixed(struct machine *self, const uint8_t *at, uint64_t size)
{
    return size > (size_t)(self->end - at) ? failed(self, REASON_TRUNCATED) : at + size;
}

/* A length, and the bytes it promises. */
static inline const uint8_t *read_bytes(struct machine *self, const uint8_t *at, struct span *bytes)
{
    int64_t size;
    at = read_long(self, at, &size);
    if (at == NULL) {
        return NULL;
    }
    if (size < 0 || size > LENGTH_MAX) {
        return failed(self, REASON_BAD_LENGTH);
    }
    *bytes = span_of(at, (size_t)size);
    return pass_fixed(self, at, (uint64_t)size);
}

/* Ids are mostly ASCII, and short. Both ends of a text are looked at as whole words, which may overlap; a byte that is
 * neither 01 to 7F leaves its top bit set in `byte | (byte - 1)`. The rest is for those who know UTF-8. */
#define BYTES_01 UINT64_C(0x0101010101010101)
#define BYTES_80 UINT64_C(0x8080808080808080)

static inline bool is_short_text(struct span text)
{
    uint64_t first = BYTES_01;
    uint64_t last = BYTES_01;
    if (text.size < 4) {
        return span_is_text(text);
    }
    if (text.size < 8) {
        memcpy(&first, text.data, 4);
        memcpy(&last, text.data + text.size - 4, 4);
    } else {
        memcpy(&first, text.data, 8);
        memcpy(&last, text.data + text.size - 8, 8);
    }
    /* Of whole words a borrow can only add to the top bits that are found, never hide one. */
    uint64_t found = first | (first - BYTES_01) | last | (last - BYTES_01);
    return (found & BYTES_80) == 0 || span_is_text(text);
}

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));

static inline bool is_text(struct span text)
{
    bytes16 bytes;
    bytes16 found = {0};
    if (text.size < sizeof bytes) {
        return is_short_text(text);
    }
    for (size_t at = 0; at + sizeof bytes < text.size; at += sizeof bytes) {
        memcpy(&bytes, text.data + at, sizeof bytes);
        found |= bytes | (bytes - 1);
    }
    memcpy(&bytes, text.data + text.size - sizeof bytes, sizeof bytes);
    found |= bytes | (bytes - 1);
    words2 words = (words2)found;
    return ((words[0] | words[1]) & BYTES_80) == 0 || span_is_text(text);
}

static inline const uint8_t *read_text(struct machine *self, const uint8_t *at, struct span *text)
{
    at = read_bytes(self, at, text);
    return at == NULL || is_text(*text) ? at : failed(self, REASON_BAD_UTF8);
}

static inline const uint8_t *read_flag(struct machine *self, const uint8_t *at, int64_t *value)
{
    if (at == self->end) {
        return failed(self, REASON_TRUNCATED);
    }
    *value = *at;
    return *at > 1 ? failed(self, REASON_BAD_BOOLEAN) : at + 1;
}

static inline const uint8_t *read_double(struct machine *self, const uint8_t *at, double *value)
{
    uint64_t bits;
    if ((size_t)(self->end - at) < sizeof bits) {
        return failed(self, REASON_TRUNCATED);
    }
    memcpy(&bits, at, sizeof bits);
    bits = le64toh(bits);
    memcpy(value, &bits, sizeof bits);
    return at + sizeof bits;
}

static inline const uint8_t *read_float(struct machine *self, const uint8_t *at, double *value)
{
    uint32_t bits;
    float single;
    if ((size_t)(self->end - at) < sizeof bits) {
        return failed(self, REASON_TRUNCATED);
    }
    memcpy(&bits, at, sizeof bits);
    bits = le32toh(bits);
    memcpy(&single, &bits, sizeof bits);
    *value = (double)single;
    return at + sizeof bits;
}

/* The position of a symbol or branch among `count`. */
static inline const uint8_t *read_position(struct machine *self, const uint8_t *at, uint32_t count,
                                           enum reason_code otherwise, uint32_t *position)
{
    int64_t value;
    at = read_int(self, at, &value);
    if (at == NULL) {
        return NULL;
    }
    if (value < 0 || value >= count) {
        return failed(self, otherwise);
    }
    *position = (uint32_t)value;
    return at;
}

#endif
