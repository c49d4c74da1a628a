/* pane_body.h - one pane's counters, dense and as bytes; the same bytes in memory and in Redis.
 *
 * A body is: touches (varint), then for each non-zero counter, ascending: (distance from the one before) * 2 + (value
 * is 1) as a varint, and the value as a zigzag varint when it is not 1. */
#ifndef SLIPSTREAM_MODEL_PANE_BODY_H
#define SLIPSTREAM_MODEL_PANE_BODY_H

#include "slipstream/model/panes.h"

#define PANE_BODY_MAX (COUNTERS * 7 + 8)

/* ---- dense ---- */

static inline void pane_count(struct pane *pane, unsigned counter, int32_t step)
{
    pane->groups |= UINT64_C(1) << counter / PANE_GROUP;
    pane->counts[counter] += step;
}

/* Adds what one pane holds to another. */
void pane_join(const struct pane *from, struct pane *into);
void pane_sum(const struct pane *pane, int64_t sums[COUNTERS]);

/* ---- bytes ---- */

/* Writes at most PANE_BODY_MAX bytes; returns how many. */
size_t body_put(const struct pane *pane, uint8_t *out);
/* Whether foreign bytes are a body: what all the functions below take for granted. */
bool body_is_valid(struct span body);
/* Adds what a body holds to a pane whose counters are its own. */
void body_read(struct span body, struct pane *pane);
void body_sum(struct span body, int64_t sums[COUNTERS]);
/* Adds share × what it holds; the groups of counters it has gone to are added to *groups. */
void body_sum_share(struct span body, double share, double sums[COUNTERS], uint64_t *groups);
void pane_sum_share(const struct pane *pane, double share, double sums[COUNTERS], uint64_t *groups);
/* Sets the counters of some groups to 0. */
void sums_clear(double sums[COUNTERS], uint64_t groups);
/* The body that results when a pane is added; body may be empty: there was none. Writes at most PANE_BODY_MAX bytes;
 * returns how many, or 0 when its counters would leave their bound. */
size_t body_join(struct span body, const struct pane *more, uint8_t *out);

static inline size_t put_varint(uint8_t *out, uint64_t value)
{
    size_t size = 0;
    while (value >= 0x80) {
        out[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[size++] = (uint8_t)value;
    return size;
}

/* Of our own bytes, or validated when they came in: no bound is checked here. */
static inline uint64_t take_varint(const uint8_t **at)
{
    uint64_t value = *(*at)++;
    if (value < 0x80) {
        return value;
    }
    value &= 0x7f;
    for (unsigned shift = 7;; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
}

#endif
