/* span.h - borrowed bytes. A span owns nothing; who hands it out says how long it lives. Not NUL-terminated. */
#ifndef SLIPSTREAM_BASE_SPAN_H
#define SLIPSTREAM_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const uint8_t *data;
    size_t size;
};

/* Prints a span with "%.*s". */
#define SPAN_FORMAT(s) (int)(s).size, (const char *)(s).data

static inline struct span span_of(const void *data, size_t size)
{
    return (struct span){data, size};
}

static inline struct span span_text(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* True when the bytes are well-formed UTF-8 (Unicode 15, table 3-7) without U+0000. */
bool span_is_text(struct span text);

#endif
