/* utf8.h - one character at a time, for the parts of base that must look at text. Source: Unicode 15, table 3-7. */
#ifndef SLIPSTREAM_BASE_UTF8_H
#define SLIPSTREAM_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the well-formed sequence that begins at text[0] (1 to 4), or 0 when there is none. left >= 1. */
size_t utf8_sequence(const uint8_t *text, size_t left);

/* The most of `size` bytes that does not end inside a sequence, for text that was cut there. */
size_t utf8_cut(const uint8_t *text, size_t size);

#endif
