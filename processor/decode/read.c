/* read.c - whole numbers of more than one byte. */
#include "read.h"

static const uint8_t *read_groups(struct machine *self, const uint8_t *at, unsigned bits, int64_t *value)
{
    uint64_t raw = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
        if (at == self->end) {
            return failed(self, REASON_TRUNCATED);
        }
        uint64_t group = *at & 0x7f;
        if (bits - shift < 7 && group >> (bits - shift) != 0) {
            return failed(self, REASON_BAD_VARINT);
        }
        raw |= group << shift;
        if (*at++ < 0x80) {
            *value = zigzag(raw);
            return at;
        }
    }
    return failed(self, REASON_BAD_VARINT);
}

/* Eight bytes at once, which is all of a time in microseconds: the first byte without its top bit is the last group;
 * then groups are moved together in pairs, 7 to 14 to 28 to 56 bits. NULL when it has more than eight. */
static const uint8_t *read_word(const uint8_t *at, int64_t *value)
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

const uint8_t *read_long_groups(struct machine *self, const uint8_t *at, int64_t *value)
{
    const uint8_t *after = self->end - at >= 8 ? read_word(at, value) : NULL;
    return after != NULL ? after : read_groups(self, at, 64, value);
}

const uint8_t *read_int_groups(struct machine *self, const uint8_t *at, int64_t *value)
{
    return read_groups(self, at, 32, value);
}
