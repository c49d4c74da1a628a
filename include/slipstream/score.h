/* score.h - from counts to scores, with what is known of their certainty.
 *
 * Pure. Units: proportions 0..1 in intervals, scores 0..100 in estimates. Errors: none; too little data is an absent
 * estimate.
 * Sources: Wilson 1927 and Newcombe 1998 (Stat Med 17:857) for one proportion; Newcombe 1998 (Stat Med 17:873, method
 * 10) for a difference; MOVER, Zou & Donner 2008 (Stat Med 27:1693), for weighted sums. */
#ifndef SLIPSTREAM_SCORE_H
#define SLIPSTREAM_SCORE_H

#include "slipstream/model.h"

#define Z_95 1.959963984540054

struct interval {
    double value, low, high;
};

/* x good of n, both may be fractional (effective counts). n = 0 gives 0 in [0, 1]. */
struct interval interval_wilson(double x, double n, double z);
/* a − b of two independent estimates, each with its interval at the same z. */
struct interval interval_difference(struct interval a, struct interval b);
/* Σ weight × part of independent estimates; weights of either sign. */
struct interval interval_weighted(const struct interval *parts, const double *weights, size_t count);
/* The mean of five answer counts by METHOD_NET or METHOD_MEAN on 0..1, normal with the sample variance. */
struct interval interval_answers(const int64_t answers[5], enum survey_method method, double z);

/* Applies a channel's standards to one cell's counters and adds the result. */
void tallies_add(struct tallies *self, const int64_t counts[COUNTERS], enum channel channel,
                 const struct scoring *scoring);

/* A line's interval is Wilson's with n = the interactions that said anything on it (signals of one interaction are not
 * independent), but never more than the weights' effective n, 1 / Σ(w²/n); drivers combine their lines, and the CX score
 * its drivers, by MOVER. */
void score_card(const struct tallies *tallies, const struct scoring *scoring, double z, struct card *card);

/* What is shown beside the scores (CAUSES of them): each when enough contacts said it. A part of score_card. */
void score_causes(const struct tallies *tallies, const struct scoring *scoring, struct cause_figure causes[CAUSES]);

#endif
