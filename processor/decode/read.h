/* read.h - Avro's binary values, read forward with every bound checked (Avro 1.11 specification, "Binary Encoding").
 *
 * Each takes where the value begins and gives where the next one does, or NULL, and then the machine's code says why.
 */
#ifndef SLIPSTREAM_DECODE_READ_H
#define SLIPSTREAM_DECODE_READ_H

#include <endian.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "plan.h"

/* No Kafka message is longer: its size is an int32. */
#define LENGTH_MAX INT32_MAX

/* What a routine or a list goes back to. */
struct frame_of_run {
    const struct step *back; /* after a routine */
    uint64_t left;           /* items of the block, this one included */
};

struct machine {
    const uint8_t *begin, *end;
    enum reason_code code;
    uint32_t depth;
    uint64_t empty_items;
    const uint8_t *mark; /* of OP_MARK */
    struct frame_of_run stack[SCHEMA_DEPTH_MAX];
};

static inline const uint8_t *failed(struct machine *self, enum reason_code code)
{
    self->code = code;
    return NULL;
}

#define LIKELY(condition) __builtin_expect((condition), 1)

static inline int64_t zigzag(uint64_t raw)
{
    return (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
}

/* An int has at most 5 groups of seven bits, a long 10; the last one has no more bits than are left. */
const uint8_t *read_groups(struct machine *self, const uint8_t *at, unsigned bits, int64_t *value);

/* Values whose address is handed to a function live in memory; that of the few long ones is, so that those of the many
 * short ones can stay in registers. */
static inline const uint8_t *read_groups_into(struct machine *self, const uint8_t *at, unsigned bits, int64_t *value)
{
    int64_t long_one = 0;
    at = read_groups(self, at, bits, &long_one);
    *value = long_one;
    return at;
}

/* Eight bytes at once, which is all of a time in microseconds: the first byte without its top bit is the last group;
 * then groups are moved together in pairs, 7 to 14 to 28 to 56 bits. NULL when it has more than eight. */
static inline const uint8_t *read_word(const uint8_t *at, int64_t *value)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    word = le64toh(word);
    uint64_t stops = ~word & UINT64_C(0x8080808080808080);
    if (stops == 0) {
        return NULL;
    }
    uint64_t stop = stops & -stops;
    word &= (stop - 1) & UINT64_C(0x7f7f7f7f7f7f7f7f);
    word = (word & UINT64_C(0x007f007f007f007f)) | (word & UINT64_C(0x7f007f007f007f00)) >> 1;
    word = (word & UINT64_C(0x00003fff00003fff)) | (word & UINT64_C(0x3fff00003fff0000)) >> 2;
    word = (word & UINT64_C(0x000000000fffffff)) | (word & UINT64_C(0x0fffffff00000000)) >> 4;
    *value = zigzag(word);
    return at + __builtin_ctzll(stop) / 8 + 1;
}

static inline const uint8_t *read_long(struct machine *self, const uint8_t *at, int64_t *value)
{
    if (at < self->end && *at < 0x80) { /* most lengths, branches, symbols and ratings are one byte */
        *value = zigzag(*at);
        return at + 1;
    }
    const uint8_t *after = self->end - at >= 8 ? read_word(at, value) : NULL;
    return LIKELY(after != NULL) ? after : read_groups_into(self, at, 64, value);
}

static inline const uint8_t *read_int(struct machine *self, const uint8_t *at, int64_t *value)
{
    if (at < self->end && *at < 0x80) {
        *value = zigzag(*at);
        return at + 1;
    }
    return read_groups_into(self, at, 32, value);
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

#ifdef __SSE2__
/* All ones for each of sixteen bytes that is 01 to 7F: those are greater than 0 when they have a sign. */
static inline __m128i ascii_bytes(const uint8_t *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    return _mm_cmpgt_epi8(bytes, _mm_setzero_si128());
}

/* Ids are mostly ASCII and shorter than 64 bytes: then they are looked at sixteen bytes at a time, the last sixteen of
 * them once more. Of one shorter than that what was read behind its end is not asked about; more of the message
 * follows. NULL: it is none of these, or wrong. */
static inline const uint8_t *read_short_text(const uint8_t *at, const uint8_t *end, struct span *text)
{
    if (at == end || (*at & 0x81) != 0) {
        return NULL;
    }
    const size_t size = *at++ >> 1;
    const size_t left = (size_t)(end - at);
    const uint8_t *after = at + size;
    unsigned good;
    if (size < 16) {
        if (left < 16) {
            return NULL;
        }
        good = (unsigned)_mm_movemask_epi8(ascii_bytes(at)) | 0xffffu << size;
    } else {
        if (left < size) {
            return NULL;
        }
        __m128i all = _mm_and_si128(ascii_bytes(at), ascii_bytes(after - 16));
        for (const uint8_t *block = at + 16; block < after - 16; block += 16) {
            all = _mm_and_si128(all, ascii_bytes(block));
        }
        good = (unsigned)_mm_movemask_epi8(all);
    }
    if ((uint16_t)good != 0xffff) {
        return NULL;
    }
    *text = span_of(at, size);
    return after;
}
#else
static inline const uint8_t *read_short_text(const uint8_t *at, const uint8_t *end, struct span *text)
{
    (void)at, (void)end, (void)text;
    return NULL;
}
#endif

/* A text of any size, checked. */
const uint8_t *read_any_text(struct machine *self, const uint8_t *at, struct span *text);

static inline const uint8_t *read_text(struct machine *self, const uint8_t *at, struct span *text)
{
    const uint8_t *after = read_short_text(at, self->end, text);
    if (LIKELY(after != NULL)) {
        return after;
    }
    struct span long_one = {NULL, 0}; /* as in read_groups_into */
    after = read_any_text(self, at, &long_one);
    *text = long_one;
    return after;
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
