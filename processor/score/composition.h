/* composition.h - a scoring file compiled for comparisons: shared by composition.c and compare.c. */
#ifndef SLIPSTREAM_SCORE_COMPOSITION_H
#define SLIPSTREAM_SCORE_COMPOSITION_H

#include "reading.h"
#include "slipstream/score/compare.h"

/* A signal as it may take part in a subject. */
struct part {
    enum driver driver; /* DRIVERS: a behaviour's statement */
    enum signal signal;
    unsigned feature;
    uint32_t channels; /* bits: those from which it counts */
    double weight;
};

struct composition {
    const struct scoring *scoring;
    unsigned feature_count;
    enum signal signals[FEATURES_MAX]; /* of a feature */
    struct reading readings[CHANNELS][FEATURES_MAX];
    struct counter_range abandons[CHANNELS][DRIVERS];
    struct part operational[DRIVERS][SIGNALS];
    unsigned operational_count[DRIVERS];
    struct part survey[DRIVERS]; /* weight 0: not part of the score */
    struct part behaviours[BEHAVIOURS];
};

/* Shares of panes add up to whole numbers but for their last bits. */
static inline bool reaches(double n, double least)
{
    return n > least - 1e-6;
}

static inline bool is_rating(enum signal signal)
{
    return signal_table[signal].kind == SIGNAL_RATING;
}

#endif
