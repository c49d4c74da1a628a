/* read.c - numbers and texts of any size. */
#include "read.h"

const uint8_t *read_groups(struct machine *self, const uint8_t *at, unsigned bits, int64_t *value)
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

const uint8_t *read_any_text(struct machine *self, const uint8_t *at, struct span *text)
{
    at = read_bytes(self, at, text);
    return at == NULL || span_is_text(*text) ? at : failed(self, REASON_BAD_UTF8);
}
