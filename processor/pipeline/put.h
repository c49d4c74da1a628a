/* put.h - Avro, where a field is more than its bytes: text, the branch of a union, the items of an array or a map. */
#ifndef SLIPSTREAM_PIPELINE_PUT_H
#define SLIPSTREAM_PIPELINE_PUT_H

#include "slipstream/base/buffer.h"

static inline void put_text(struct buffer *out, const char *text)
{
    buffer_span(out, span_text(text));
}

/* The branch of a union of null and something. */
static inline bool put_present(struct buffer *out, bool present)
{
    buffer_zigzag(out, present ? 1 : 0);
    return present;
}

/* Items are one block of so many, and then an empty one. */
static inline void put_items(struct buffer *out, int64_t count)
{
    if (count) {
        buffer_zigzag(out, count);
    }
}

static inline void put_items_end(struct buffer *out)
{
    buffer_u8(out, 0);
}

#endif
