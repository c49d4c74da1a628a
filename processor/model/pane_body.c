/* pane_body.c - one pane's counters: added up, and to and from bytes. */
#include "pane_body.h"

#include <endian.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

_Static_assert(COUNTERS % PANE_GROUP == 0 && COUNTERS / PANE_GROUP <= 64, "a bit for every group of counters");

/* ---- dense ---- */

/* The counters of the lowest group in `left`, which is taken out of it. */
static inline unsigned take_group(uint64_t *left)
{
    unsigned first = (unsigned)__builtin_ctzll(*left) * PANE_GROUP;
    *left &= *left - 1;
    return first;
}

void pane_join(const struct pane *from, struct pane *into)
{
    into->touches += from->touches;
    into->groups |= from->groups;
    for (uint64_t left = from->groups; left;) {
        unsigned first = take_group(&left);
        for (unsigned i = first; i < first + PANE_GROUP; i++) {
            into->counts[i] += from->counts[i];
        }
    }
}

struct marking {
    struct pane *pane;
    uint64_t groups;
    int32_t step;
};

static inline void mark_one(void *context, unsigned counter)
{
    struct marking *self = context;
    self->groups |= UINT64_C(1) << counter / PANE_GROUP;
    self->pane->counts[counter] += self->step;
}

void pane_mark(struct pane *pane, const struct signal_marks *marks)
{
    struct marking marking = {pane, pane->groups, marks->step};
    pane->touches++;
    marks_each(marks, mark_one, &marking);
    pane->groups = marking.groups;
}

void pane_clear(struct pane *pane)
{
    for (uint64_t left = pane->groups; left;) {
        memset(pane->counts + take_group(&left), 0, PANE_GROUP * sizeof *pane->counts);
    }
    pane->groups = 0;
    pane->touches = 0;
}

void pane_sum(const struct pane *pane, int64_t sums[COUNTERS])
{
    for (uint64_t left = pane->groups; left;) {
        unsigned first = take_group(&left);
        for (unsigned i = first; i < first + PANE_GROUP; i++) {
            sums[i] += pane->counts[i];
        }
    }
}

void pane_sum_share(const struct pane *pane, double share, double sums[COUNTERS], uint64_t *groups)
{
    *groups |= pane->groups;
    for (uint64_t left = pane->groups; left;) {
        unsigned first = take_group(&left);
        for (unsigned i = first; i < first + PANE_GROUP; i++) {
            sums[i] += share * pane->counts[i];
        }
    }
}

void sums_clear(double sums[COUNTERS], uint64_t groups)
{
    while (groups) {
        memset(sums + take_group(&groups), 0, PANE_GROUP * sizeof *sums);
    }
}

/* ---- bytes ---- */

static inline int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static inline uint64_t zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static inline uint64_t load_le64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

/* Numbers in bits, the lowest bit of a byte first. */
struct bit_writer {
    uint8_t *at;
    uint64_t bits; /* not written yet: fewer than 8 */
    unsigned count;
};

static inline void put_bits(struct bit_writer *self, uint64_t bits, unsigned count)
{
    uint64_t all = self->bits | bits << self->count;
    uint64_t stored = htole64(all);
    memcpy(self->at, &stored, sizeof stored);
    self->count += count;
    self->at += self->count / 8;
    self->bits = all >> (self->count & ~7u);
    self->count &= 7;
}

#define SHORT_BITS 24 /* below the highest of a number that is written, and read, in one go */

static inline void put_number(struct bit_writer *self, uint64_t number)
{
    unsigned below = 63 - (unsigned)__builtin_clzll(number);
    uint64_t highest = UINT64_C(1) << below;
    if (below <= SHORT_BITS) {
        put_bits(self, (number ^ highest) << (below + 1) | highest, 2 * below + 1);
        return;
    }
    put_bits(self, highest, below + 1);
    put_bits(self, number ^ highest, below);
}

static inline uint64_t bits_at(const uint8_t *bytes, size_t bit)
{
    return load_le64(bytes + bit / 8) >> (bit & 7);
}

/* Of a number that is there, and whose bytes are followed by BODY_SLACK more. */
static inline uint64_t take_number(const uint8_t *bytes, size_t *bit)
{
    uint64_t bits = bits_at(bytes, *bit);
    unsigned below = (unsigned)__builtin_ctzll(bits);
    uint64_t highest = UINT64_C(1) << below;
    if (below <= SHORT_BITS) {
        *bit += 2 * (size_t)below + 1;
        return (bits >> (below + 1) & (highest - 1)) | highest;
    }
    *bit += (size_t)below + 1;
    bits = bits_at(bytes, *bit);
    *bit += below;
    return (bits & (highest - 1)) | highest;
}

/* Bit i: counter i of the group is not 0. */
static inline unsigned which_are_set(const int32_t counts[PANE_GROUP])
{
#ifdef __SSE2__
    const __m128i *halves = (const __m128i *)(const void *)counts;
    const __m128i zero = _mm_setzero_si128();
    __m128i low = _mm_cmpeq_epi32(_mm_loadu_si128(halves), zero);
    __m128i high = _mm_cmpeq_epi32(_mm_loadu_si128(halves + 1), zero);
    __m128i are_zero = _mm_packs_epi16(_mm_packs_epi32(low, high), zero);
    return (unsigned)_mm_movemask_epi8(are_zero) ^ 0xFF;
#else
    unsigned set = 0;
    for (unsigned i = 0; i < PANE_GROUP; i++) {
        set |= (unsigned)(counts[i] != 0) << i;
    }
    return set;
#endif
}
_Static_assert(PANE_GROUP == 8, "a group is two vectors of four");

static inline uint32_t signs_of(const int32_t counts[PANE_GROUP])
{
    uint32_t signs = 0;
    for (unsigned i = 0; i < PANE_GROUP; i++) {
        signs |= (uint32_t)counts[i];
    }
    return signs >> 31;
}

size_t body_put(const struct pane *pane, uint8_t *out)
{
    uint8_t sets[COUNTERS / PANE_GROUP];
    uint64_t groups = 0;
    size_t count = 0;
    uint32_t is_signed = 0;
    for (uint64_t left = pane->groups; left;) {
        unsigned first = take_group(&left);
        unsigned set = which_are_set(pane->counts + first);
        sets[count] = (uint8_t)set;
        count += set != 0;
        groups |= (uint64_t)(set != 0) << first / PANE_GROUP;
        is_signed |= signs_of(pane->counts + first);
    }
    size_t size = put_varint(out, (uint64_t)pane->touches * 2 + is_signed);
    size += put_varint(out + size, groups);
    memcpy(out + size, sets, count);
    struct bit_writer writer = {.at = out + size + count};
    const uint8_t *next = sets;
    for (uint64_t left = groups; left;) {
        const int32_t *counts = pane->counts + take_group(&left);
        for (unsigned set = *next++; set; set &= set - 1) {
            int32_t value = counts[__builtin_ctz(set)];
            put_number(&writer, is_signed ? zigzag(value) : (uint64_t)value);
        }
    }
    return (size_t)(writer.at - out) + (writer.count != 0);
}

/* A valid body, read. */
struct body {
    int32_t touches;
    bool is_signed;
    uint64_t groups;     /* left to read */
    const uint8_t *sets; /* of the groups left */
    const uint8_t *numbers;
    size_t bit; /* of the next number */
};

static inline struct body body_open(const uint8_t *at)
{
    struct body body;
    uint64_t head = take_varint(&at);
    body.touches = (int32_t)(head >> 1);
    body.is_signed = head & 1;
    body.groups = take_varint(&at);
    body.sets = at;
    body.numbers = at + __builtin_popcountll(body.groups);
    body.bit = 0;
    return body;
}

static inline int64_t take_value(struct body *body)
{
    uint64_t number = take_number(body->numbers, &body->bit);
    return body->is_signed ? unzigzag(number) : (int64_t)number;
}

/* The groups, the sets and every number there, and nothing behind them. bytes: what begins at `at`, and slack. */
static bool counters_are_valid(const uint8_t *at, const uint8_t *end, int64_t touches, bool is_signed)
{
    struct cursor in = cursor_over(span_of(at, (size_t)(end - at)));
    uint64_t groups = cursor_varint(&in);
    size_t count = (size_t)__builtin_popcountll(groups);
    struct span sets = cursor_bytes(&in, count);
    if (in.broken || groups >> (COUNTERS / PANE_GROUP)) {
        return false;
    }
    size_t bit = 0, bits = cursor_left(&in) * 8;
    for (size_t i = 0; i < count; i++) {
        for (unsigned set = sets.data[i]; set; set &= set - 1) {
            uint64_t ahead = bits_at(in.at, bit);
            if (ahead << 24 == 0 || __builtin_ctzll(ahead) > 31) {
                return false;
            }
            uint64_t number = take_number(in.at, &bit);
            int64_t value = is_signed ? unzigzag(number) : (int64_t)number;
            if (bit > bits || value > touches || value < -touches) {
                return false;
            }
        }
        if (sets.data[i] == 0) {
            return false;
        }
    }
    return bits - bit < 8 && (bit == bits || bits_at(in.at, bit) << (64 - (bits - bit)) == 0);
}

bool body_take(struct span bytes, struct pane *pane)
{
    uint8_t padded[PANE_BODY_MAX + BODY_SLACK];
    if (bytes.size > PANE_BODY_MAX || bytes.size == 0) {
        return false;
    }
    memcpy(padded, bytes.data, bytes.size);
    memset(padded + bytes.size, 0, BODY_SLACK);
    struct cursor in = cursor_over(span_of(padded, bytes.size));
    uint64_t head = cursor_varint(&in);
    if (in.broken || head >> 1 > INT32_MAX ||
        !counters_are_valid(in.at, padded + bytes.size, (int64_t)(head >> 1), head & 1)) {
        return false;
    }
    if (pane) {
        body_read(padded, pane);
    }
    return true;
}

void body_read(const uint8_t *bytes, struct pane *pane)
{
    struct body body = body_open(bytes);
    pane->touches += body.touches;
    pane->groups |= body.groups;
    while (body.groups) {
        int32_t *counts = pane->counts + take_group(&body.groups);
        for (unsigned set = *body.sets++; set; set &= set - 1) {
            counts[__builtin_ctz(set)] += (int32_t)take_value(&body);
        }
    }
}

void body_sum(const uint8_t *bytes, int64_t sums[COUNTERS])
{
    struct body body = body_open(bytes);
    while (body.groups) {
        int64_t *counts = sums + take_group(&body.groups);
        for (unsigned set = *body.sets++; set; set &= set - 1) {
            counts[__builtin_ctz(set)] += take_value(&body);
        }
    }
}

void body_sum_share(const uint8_t *bytes, double share, double sums[COUNTERS], uint64_t *groups)
{
    struct body body = body_open(bytes);
    *groups |= body.groups;
    while (body.groups) {
        double *counts = sums + take_group(&body.groups);
        for (unsigned set = *body.sets++; set; set &= set - 1) {
            counts[__builtin_ctz(set)] += share * (double)take_value(&body);
        }
    }
}

size_t body_join(const uint8_t *bytes, const struct pane *more, uint8_t *out)
{
    if (!bytes) {
        return body_put(more, out);
    }
    if ((int64_t)body_open(bytes).touches + more->touches > INT32_MAX) {
        return 0;
    }
    struct pane sum = *more;
    body_read(bytes, &sum);
    return body_put(&sum, out);
}
