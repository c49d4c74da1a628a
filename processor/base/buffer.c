#include "slipstream/base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUFFER_FIRST 64 /* bytes of the first allocation */
#define VARINT_MAX   10 /* bytes of 64 bits in groups of seven */

void buffer_init(struct buffer *self, size_t ceiling)
{
    *self = (struct buffer){.ceiling = ceiling};
}

void buffer_done(struct buffer *self)
{
    free(self->data);
    *self = (struct buffer){.ceiling = self->ceiling};
}

void buffer_clear(struct buffer *self)
{
    self->size = 0;
    self->overflow = false;
}

/* Makes `size` more bytes fit. One byte more than the capacity is allocated: buffer_text's printf needs it for its NUL
 * even when the text ends exactly at the ceiling. */
static bool grow(struct buffer *self, size_t size)
{
    if (size > self->ceiling - self->size) {
        return false;
    }
    size_t needed = self->size + size;
    size_t capacity = self->capacity > BUFFER_FIRST ? self->capacity : BUFFER_FIRST;
    while (capacity < needed) {
        capacity = capacity > self->ceiling / 2 ? self->ceiling : capacity * 2;
    }
    if (capacity > self->ceiling) {
        capacity = self->ceiling;
    }
    uint8_t *data = capacity < SIZE_MAX ? realloc(self->data, capacity + 1) : NULL;
    if (data == NULL) {
        return false;
    }
    self->data = data;
    self->capacity = capacity;
    return true;
}

uint8_t *buffer_reserve(struct buffer *self, size_t size)
{
    if (self->overflow) {
        return NULL;
    }
    if ((self->data == NULL || size > self->capacity - self->size) && !grow(self, size)) {
        self->overflow = true;
        return NULL;
    }
    return self->data + self->size;
}

void buffer_bytes(struct buffer *self, const void *data, size_t size)
{
    uint8_t *room = buffer_reserve(self, size);
    if (room != NULL && size > 0) {
        memcpy(room, data, size);
        self->size += size;
    }
}

void buffer_u8(struct buffer *self, uint8_t value)
{
    buffer_bytes(self, &value, 1);
}

void buffer_u32(struct buffer *self, uint32_t value)
{
    uint8_t bytes[4];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    buffer_bytes(self, bytes, sizeof bytes);
}

void buffer_u64(struct buffer *self, uint64_t value)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    buffer_bytes(self, bytes, sizeof bytes);
}

static size_t put_varint(uint8_t *out, uint64_t value)
{
    size_t count = 0;
    while (value >= 0x80) {
        out[count++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[count++] = (uint8_t)value;
    return count;
}

void buffer_double(struct buffer *self, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    buffer_u64(self, bits);
}

void buffer_varint(struct buffer *self, uint64_t value)
{
    if (!self->overflow && self->capacity - self->size >= VARINT_MAX) { /* nearly always: straight into place */
        self->size += put_varint(self->data + self->size, value);
        return;
    }
    uint8_t bytes[VARINT_MAX];
    buffer_bytes(self, bytes, put_varint(bytes, value));
}

void buffer_zigzag(struct buffer *self, int64_t value)
{
    buffer_varint(self, ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0));
}

void buffer_span(struct buffer *self, struct span value)
{
    if (value.size > INT64_MAX) {
        self->overflow = true;
        return;
    }
    buffer_zigzag(self, (int64_t)value.size);
    buffer_bytes(self, value.data, value.size);
}

void buffer_text(struct buffer *self, const char *format, ...)
{
    va_list arguments;
    for (size_t room = 0;;) {
        char *at = (char *)buffer_reserve(self, room);
        if (at == NULL) {
            return;
        }
        room = self->capacity - self->size;
        va_start(arguments, format);
        int length = vsnprintf(at, room + 1, format, arguments);
        va_end(arguments);
        if (length < 0) {
            self->overflow = true;
            return;
        }
        if ((size_t)length <= room) {
            self->size += (size_t)length;
            return;
        }
        room = (size_t)length;
    }
}

/* Broken means nothing is left, so that every later read fails by itself. */
static void cursor_break(struct cursor *self)
{
    self->at = self->end;
    self->broken = true;
}

struct span cursor_bytes(struct cursor *self, size_t size)
{
    if (size > cursor_left(self)) {
        cursor_break(self);
        return (struct span){self->at, 0};
    }
    struct span bytes = {self->at, size};
    self->at = size > 0 ? self->at + size : self->at;
    return bytes;
}

uint8_t cursor_u8(struct cursor *self)
{
    struct span bytes = cursor_bytes(self, 1);
    return bytes.size == 1 ? bytes.data[0] : 0;
}

static uint64_t cursor_little_endian(struct cursor *self, size_t size)
{
    struct span bytes = cursor_bytes(self, size);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        value |= (uint64_t)bytes.data[i] << (8 * i);
    }
    return value;
}

uint32_t cursor_u32(struct cursor *self)
{
    return (uint32_t)cursor_little_endian(self, 4);
}

uint64_t cursor_u64(struct cursor *self)
{
    return cursor_little_endian(self, 8);
}

double cursor_double(struct cursor *self)
{
    uint64_t bits = cursor_u64(self);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint64_t cursor_varint(struct cursor *self)
{
    uint64_t value = 0;
    const uint8_t *at = self->at;
    for (unsigned shift = 0; at < self->end && shift < 7 * VARINT_MAX; shift += 7) {
        uint8_t byte = *at++;
        if (shift == 63 && byte > 1) { /* the tenth byte has room for the last bit only */
            break;
        }
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            self->at = at;
            return value;
        }
    }
    cursor_break(self);
    return 0;
}

int64_t cursor_zigzag(struct cursor *self)
{
    uint64_t value = cursor_varint(self);
    return (int64_t)((value >> 1) ^ (UINT64_C(0) - (value & 1)));
}

struct span cursor_span(struct cursor *self)
{
    int64_t size = cursor_zigzag(self);
    if (size < 0) {
        cursor_break(self);
        return (struct span){self->at, 0};
    }
    return cursor_bytes(self, (size_t)size);
}
