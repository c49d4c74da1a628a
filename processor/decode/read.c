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

const uint8_t *read_long_groups(struct machine *self, const uint8_t *at, int64_t *value)
{
    if ((size_t)(self->end - at) >= 8) {
        uint64_t w;
        memcpy(&w, at, 8);
        w = le64toh(w);
        uint64_t stops = ~w & UINT64_C(0x8080808080808080);
        if (stops != 0) {
            unsigned bits = (unsigned)__builtin_ctzll(stops); /* 7, 15.. 63 */
            w &= (stops & -stops) - 1; /* bits below the stop bit */
            w &= UINT64_C(0x7f7f7f7f7f7f7f7f);
            w = (w & UINT64_C(0x007f007f007f007f)) | (w & UINT64_C(0x7f007f007f007f00)) >> 1;
            w = (w & UINT64_C(0x00003fff00003fff)) | (w & UINT64_C(0x3fff00003fff0000)) >> 2;
            w = (w & UINT64_C(0x000000000fffffff)) | (w & UINT64_C(0x0fffffff00000000)) >> 4;
            *value = zigzag(w);
            return at + (bits + 1) / 8;
        }
    }
    return read_groups(self, at, 64, value);
}

const uint8_t *read_int_groups(struct machine *self, const uint8_t *at, int64_t *value)
{
    return read_groups(self, at, 32, value);
}
