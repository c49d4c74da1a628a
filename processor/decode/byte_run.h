/* byte_run.h - several fields in a row that are null or one byte, read together.
 *
 * A survey is eleven such fields, and which are null is anybody's guess: read one by one, each second guess costs more
 * than everything else about the field. Here each byte is first told by its place, without a jump: a byte that says "a
 * value follows", where a branch stands, makes a value of the byte behind it. That is the question which quotes of a
 * text a backslash escapes, and it is answered the same way, by a subtraction whose borrows run through the runs of
 * such bytes (Langdale and Lemire 2019, VLDB Journal 28:941, section 3.1.1).
 *
 * NULL: it is unusual, or wrong, and nothing counts as read: the steps by themselves read it, and say what is wrong. */
#ifndef SLIPSTREAM_DECODE_BYTE_RUN_H
#define SLIPSTREAM_DECODE_BYTE_RUN_H

#include "leaves.h"

#ifdef __SSE2__

/* A bit for each of 32 bytes. */
struct byte_places {
    uint32_t some;  /* the branch that a value follows */
    uint32_t none;  /* the branch that is null */
    uint32_t whole; /* a value that is all there: no top bit */
};
#define BYTE_PLACES 32

static inline uint32_t bits_of(__m128i low, __m128i high)
{
    return (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;
}

/* Of the 32 bytes from `at`; those from `end` on are nothing. There are 32 bytes before `end`. */
static inline struct byte_places places_of(const uint8_t *at, const uint8_t *end, uint8_t some)
{
    const uint8_t *from = end - at >= BYTE_PLACES ? at : end - BYTE_PLACES;
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)from);
    __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(from + 16));
    __m128i value = _mm_set1_epi8((char)some);
    __m128i null = _mm_set1_epi8((char)(some ^ 2));
    unsigned behind = (unsigned)(at - from);
    return (struct byte_places){
        .some = bits_of(_mm_cmpeq_epi8(low, value), _mm_cmpeq_epi8(high, value)) >> behind,
        .none = bits_of(_mm_cmpeq_epi8(low, null), _mm_cmpeq_epi8(high, null)) >> behind,
        .whole = ~bits_of(low, high) >> behind,
    };
}

/* Which bytes are values: those behind a branch that says so. */
static inline uint32_t values_of(uint32_t some)
{
    const uint32_t odd = UINT32_C(0xaaaaaaaa);
    return ((((some << 1) | odd) - some) ^ odd) ^ some;
}

/* Only those that are there are gone through: before the place of each are a byte for every field and one for every
 * value that was there, so the place tells which field it is. */
static inline const uint8_t *take_byte_run(struct leaf_context self, const struct step *step, const uint8_t *at)
{
    const unsigned fields = step->a;
    if (self.machine->end - self.machine->begin < BYTE_PLACES || at == self.machine->end) {
        return NULL;
    }
    const struct byte_places places = places_of(at, self.machine->end, step->value_byte);
    const uint32_t values = values_of(places.some);
    const uint32_t wrong = (~values & ~(places.some | places.none)) | (values & ~places.whole) >> 1;
    const uint32_t right = (wrong & -wrong) - 1; /* places before the first that is wrong */
    unsigned found = 0;
    for (uint32_t left = places.some & ~values & right; left != 0; left &= left - 1, found++) {
        const unsigned place = (unsigned)__builtin_ctz(left);
        const unsigned field = place - found;
        if (field >= fields) {
            break;
        }
        const int64_t value = zigzag(at[place + 1]);
        store(self, step + field, &value, sizeof value);
    }
    const unsigned size = fields + found;
    return ((uint64_t)right + 1) >> size != 0 ? at + size : NULL;
}

#else
static inline const uint8_t *take_byte_run(struct leaf_context self, const struct step *step, const uint8_t *at)
{
    (void)self, (void)step, (void)at;
    return NULL;
}
#endif

#endif
