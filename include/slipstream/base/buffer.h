/* buffer.h - a growing byte buffer with a ceiling given at birth, and a cursor that reads what it wrote.
 *
 * Errors are sticky: after an overflow (or a short read) further calls do nothing, and the flag is checked once at the
 * end. Integers are little-endian or base-128 varints; signed varints are zigzag, as Avro encodes int and long. */
#ifndef SLIPSTREAM_BASE_BUFFER_H
#define SLIPSTREAM_BASE_BUFFER_H

#include "slipstream/base/outcome.h"
#include "slipstream/base/span.h"

struct buffer {
    uint8_t *data; /* owned */
    size_t size;
    size_t capacity;
    size_t ceiling; /* bytes it may ever hold */
    bool overflow;  /* something did not fit: what it holds is incomplete */
};

void buffer_init(struct buffer *self, size_t ceiling);
void buffer_done(struct buffer *self);
void buffer_clear(struct buffer *self); /* keeps the memory, forgets the overflow */

/* Room for `size` more bytes, or NULL (and overflow). The caller adds to size what it used. */
uint8_t *buffer_reserve(struct buffer *self, size_t size);

void buffer_bytes(struct buffer *self, const void *data, size_t size);
void buffer_u8(struct buffer *self, uint8_t value);
void buffer_u32(struct buffer *self, uint32_t value);
void buffer_u64(struct buffer *self, uint64_t value);
void buffer_double(struct buffer *self, double value); /* its bits as a buffer_u64: Avro's double */
void buffer_varint(struct buffer *self, uint64_t value);
void buffer_zigzag(struct buffer *self, int64_t value);
void buffer_span(struct buffer *self, struct span value); /* its size as a zigzag varint, then its bytes: Avro's string */
void buffer_text(struct buffer *self, const char *format, ...) PRINTF_LIKE(2, 3);

static inline struct span buffer_as_span(const struct buffer *self)
{
    return (struct span){self->data, self->size};
}

/* Reads forward over borrowed bytes. After `broken`, every read gives 0 or an empty span. */
struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool broken;
};

static inline struct cursor cursor_over(struct span bytes)
{
    return (struct cursor){bytes.data, bytes.size > 0 ? bytes.data + bytes.size : bytes.data, false};
}

static inline size_t cursor_left(const struct cursor *self)
{
    return (size_t)(self->end - self->at);
}

uint8_t cursor_u8(struct cursor *self);
uint32_t cursor_u32(struct cursor *self);
uint64_t cursor_u64(struct cursor *self);
double cursor_double(struct cursor *self);
uint64_t cursor_varint(struct cursor *self);
int64_t cursor_zigzag(struct cursor *self);
struct span cursor_bytes(struct cursor *self, size_t size);
struct span cursor_span(struct cursor *self); /* the counterpart of buffer_span */

#endif
