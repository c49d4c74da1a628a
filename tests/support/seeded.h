/* seeded.h - random numbers for tests: the same on every machine, from a seed that a failure can name.
 *
 * Source: splitmix64, Steele, Lea & Flood 2014 (OOPSLA). */
#ifndef SLIPSTREAM_TESTS_SEEDED_H
#define SLIPSTREAM_TESTS_SEEDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seeded {
    uint64_t state;
};

static inline uint64_t seeded_bits(struct seeded *self)
{
    uint64_t mixed = self->state += UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

/* 0 … count − 1; the bias is below count / 2^64. */
static inline uint64_t seeded_below(struct seeded *self, uint64_t count)
{
    return seeded_bits(self) % count;
}

/* low … high, both included. */
static inline int64_t seeded_between(struct seeded *self, int64_t low, int64_t high)
{
    return low + (int64_t)seeded_below(self, (uint64_t)(high - low) + 1);
}

/* 0 ≤ x < 1. */
static inline double seeded_unit(struct seeded *self)
{
    return (double)(seeded_bits(self) >> 11) * 0x1p-53;
}

static inline bool seeded_one_in(struct seeded *self, uint64_t count)
{
    return seeded_below(self, count) == 0;
}

/* A number of random size: small ones are as likely as large ones. */
static inline uint64_t seeded_sized(struct seeded *self, unsigned bits_max)
{
    unsigned bits = (unsigned)seeded_below(self, bits_max + 1);
    return bits ? seeded_bits(self) >> (64 - bits) : 0;
}

/* Damages bytes in place: one to four of them changed, or a stretch taken out or put in twice. Returns the new size, at
 * most `room`. */
static inline size_t seeded_damage(struct seeded *self, uint8_t *bytes, size_t size, size_t room)
{
    size_t at = (size_t)seeded_below(self, size);
    size_t length = 1 + (size_t)seeded_below(self, 8);
    length = length > size - at ? size - at : length;
    switch (seeded_below(self, 6)) {
    case 0: /* taken out */
        for (size_t i = at; i + length < size; i++) {
            bytes[i] = bytes[i + length];
        }
        return size - length;
    case 1: /* put in twice */
        if (size + length > room) {
            return size;
        }
        for (size_t i = size; i > at; i--) {
            bytes[i - 1 + length] = bytes[i - 1];
        }
        return size + length;
    case 2: /* the greatest and the least of what a byte can say */
        bytes[at] = seeded_one_in(self, 2) ? 0xFF : 0;
        return size;
    default:
        for (uint64_t changes = 1 + seeded_below(self, 4); changes > 0; changes--) {
            bytes[seeded_below(self, size)] ^= (uint8_t)(1u << seeded_below(self, 8));
        }
        return size;
    }
}

#endif
