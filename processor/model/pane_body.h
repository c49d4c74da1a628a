/* pane_body.h - one pane's counters, dense and as bytes; the same bytes in memory and in Redis.
 *
 * A body is: touches * 2 + (a counter is negative) as a varint; the groups of PANE_GROUP counters that are not all 0, a
 * bit each, as a varint; for each of these a byte, a bit for each counter that is not 0; then those counters,
 * ascending, in bits, lowest bit first, filled up with zeros to a byte. A counter is its number (zigzag when one is
 * negative): as many zeros as it has bits below its highest, a one, those bits. So a 1 takes a bit, a 2 or 3 three
 * (Elias, IEEE Trans. Inf. Theory 21:194, 1975: the gamma code). */
#ifndef SLIPSTREAM_MODEL_PANE_BODY_H
#define SLIPSTREAM_MODEL_PANE_BODY_H

#include "slipstream/model/panes.h"

#define PANE_BODY_MAX (COUNTERS * 8 + 64) /* 63 bits a counter, and room for numbers to be written 8 bytes at a time   \
                                           */
#define BODY_SLACK 16                     /* bytes that may be read beyond a body, whatever they are */

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
/* Whether foreign bytes are a body; what it holds is then added to a pane whose counters are its own, if one is given.
 */
bool body_take(struct span bytes, struct pane *pane);

/* Valid bodies, with BODY_SLACK behind them. */

/* Adds what a body holds to a pane whose counters are its own. */
void body_read(const uint8_t *body, struct pane *pane);
void body_sum(const uint8_t *body, int64_t sums[COUNTERS]);
/* Adds share × what it holds; the groups of counters it has gone to are added to *groups. */
void body_sum_share(const uint8_t *body, double share, double sums[COUNTERS], uint64_t *groups);
void pane_sum_share(const struct pane *pane, double share, double sums[COUNTERS], uint64_t *groups);
/* Sets the counters of some groups to 0. */
void sums_clear(double sums[COUNTERS], uint64_t groups);
/* The body that results when a pane is added to one, or to none (NULL). Writes at most PANE_BODY_MAX bytes; returns how
 * many, or 0 when its counters would leave their bound. */
size_t body_join(const uint8_t *body, const struct pane *more, uint8_t *out);

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
