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
    return read_groups(self, at, 64, value);
}

const uint8_t *read_int_groups(struct machine *self, const uint8_t *at, int64_t *value)
{
    return read_groups(self, at, 32, value);
}
