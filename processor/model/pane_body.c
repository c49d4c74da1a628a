/* pane_body.c - one pane's counters: added up, and to and from bytes. */
#include "pane_body.h"

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

/* One non-zero counter, `gap` behind the one before. */
static inline size_t put_counter(uint8_t *out, unsigned gap, int64_t value)
{
    size_t size = put_varint(out, (uint64_t)gap * 2 + (value == 1));
    return value == 1 ? size : size + put_varint(out + size, zigzag(value));
}

/* Bit i: counter i of the group is not 0. */
static inline unsigned which_are_set(const int32_t counts[PANE_GROUP])
{
    unsigned set = 0;
    for (unsigned i = 0; i < PANE_GROUP; i++) {
        set |= (unsigned)(counts[i] != 0) << i;
    }
    return set;
}

size_t body_put(const struct pane *pane, uint8_t *out)
{
    size_t size = put_varint(out, (uint64_t)pane->touches);
    unsigned before = 0;
    for (uint64_t left = pane->groups; left;) {
        unsigned first = take_group(&left);
        for (unsigned set = which_are_set(pane->counts + first); set; set &= set - 1) {
            unsigned i = first + (unsigned)__builtin_ctz(set);
            size += put_counter(out + size, i - before, pane->counts[i]);
            before = i;
        }
    }
    return size;
}

/* The counters of a valid body, one by one. */
struct body_reader {
    const uint8_t *at, *end;
    unsigned counter;
    int64_t value;
};

static inline bool body_next(struct body_reader *self)
{
    if (self->at == self->end) {
        return false;
    }
    uint64_t head = take_varint(&self->at);
    self->counter += (unsigned)(head >> 1);
    self->value = head & 1 ? 1 : unzigzag(take_varint(&self->at));
    return true;
}

static inline struct body_reader body_open(struct span body, int32_t *touches)
{
    struct body_reader reader = {.at = body.data, .end = body.data + body.size};
    *touches = (int32_t)take_varint(&reader.at);
    return reader;
}

bool body_is_valid(struct span body)
{
    struct cursor in = cursor_over(body);
    uint64_t touches = cursor_varint(&in);
    uint64_t counter = 0;
    bool first = true;
    if (touches > INT32_MAX || body.size > PANE_BODY_MAX) {
        return false;
    }
    while (!in.broken && cursor_left(&in)) {
        uint64_t head = cursor_varint(&in);
        if (head >> 1 > COUNTERS || (!first && head >> 1 == 0)) {
            return false;
        }
        counter += head >> 1;
        int64_t value = head & 1 ? 1 : cursor_zigzag(&in);
        if (counter >= COUNTERS || value == 0 || value > (int64_t)touches || value < -(int64_t)touches) {
            return false;
        }
        first = false;
    }
    return !in.broken;
}

void body_read(struct span body, struct pane *pane)
{
    int32_t touches;
    struct body_reader reader = body_open(body, &touches);
    while (body_next(&reader)) {
        pane_count(pane, reader.counter, (int32_t)reader.value);
    }
    pane->touches += touches;
}

void body_sum(struct span body, int64_t sums[COUNTERS])
{
    int32_t touches;
    struct body_reader reader = body_open(body, &touches);
    while (body_next(&reader)) {
        sums[reader.counter] += reader.value;
    }
}

void body_sum_share(struct span body, double share, double sums[COUNTERS], uint64_t *groups)
{
    int32_t touches;
    struct body_reader reader = body_open(body, &touches);
    while (body_next(&reader)) {
        sums[reader.counter] += share * (double)reader.value;
        *groups |= UINT64_C(1) << reader.counter / PANE_GROUP;
    }
}

size_t body_join(struct span body, const struct pane *more, uint8_t *out)
{
    const uint8_t *at = body.data;
    if (body.size == 0) {
        return body_put(more, out);
    }
    if ((int64_t)take_varint(&at) + more->touches > INT32_MAX) {
        return 0;
    }
    struct pane sum = *more;
    body_read(body, &sum);
    return body_put(&sum, out);
}
