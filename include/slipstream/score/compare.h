/* compare.h - a window against its baseline: how much a subject has fallen, standardised to the mix of now, and how
 * sure that is. DOMAIN.md, "When a score has slipped", points 1 to 3; the formulas are in model/finding.h.
 *
 * Pure. A scoring file is compiled to a `composition`: which signals make up which subject. A cell's counters are read
 * into features, one a signal; those of all cells, now and in the baseline, are then compared, subject by subject.
 * Weights are renormalised as in the scores: of signals over those of their line that can be used in both windows, of
 * lines over those of their driver, of drivers over those of the score.
 *
 * The interval is Wilson's for each stratum and component, from what it counted, combined by MOVER (score.h has the
 * sources), and what that comes to is widened by √φ. Four things about it were settled by simulation
 * (tests/simulate.md):
 * - φ widens the sum. It says how uncertain that is, and not a part of it: Wilson's interval from n / φ is pulled to
 * the middle as that of a few would be, and its upper side becomes too short where most is good.
 * - What people answered to several statements of one survey is added up as if it agreed entirely: half-widths, and
 *   standard errors in z, as they are and not their squares, which is right or too careful whatever the correlation
 * (the sd of a sum is at most the sum of the sds). φ cannot make up for it as it does for the signals of an
 * interaction: it is a mean over earlier windows, and in many of those fewer than min_n answered, so that surveys took
 * no part.
 * - `net` and `mean` have Wilson's interval too, with n / κ answers, κ being their variance relative to the most that
 *   their mean allows (Bhatia & Davis 2000, Am Math Mon 107:353): the effective sample size of Korn & Graubard (1998,
 *   Survey Methodology 24:193). κ comes from the window and its baseline together, with an answer at either end of the
 *   scale beside them. For many answers this is the normal interval with their sample variance; for few it is not the
 *   point that a sample variance of nothing makes of ten who by chance say the same.
 * - Both bounds are moved by what the sum is skewed: −σ γ (z² − 1) / 6, the first term of Cornish & Fisher 1938 (Rev
 *   Inst Int Stat 5:307), σ and γ those of the difference had nothing changed. Wilson's interval takes the variance at
 *   its bounds, but no skewness: where 85 of 100 are good, a fall of three standard errors is 1.8 times as likely as the
 *   normal curve has it, and of 50 contacts 2.5 times (binomial sums). z counts as 3 there at most: further out the terms
 *   that follow take back much of the first, and the high z of the short windows pays for their many looks anyway. */
#ifndef SLIPSTREAM_SCORE_COMPARE_H
#define SLIPSTREAM_SCORE_COMPARE_H

#include "slipstream/model.h"

/* What the counters say about a signal: worth of the outcomes (good ones 1), its squares, how many. Also, in n alone,
 * the interactions that said anything at all, or about a driver. Linear in the counts. */
struct feature {
    double x, q, n;
};
enum {
    FEATURE_SAID_ANY,
    FEATURE_SAID_OPERATIONAL,                                 /* + enum driver */
    FEATURE_SAID_SURVEY = FEATURE_SAID_OPERATIONAL + DRIVERS, /* + enum driver */
    FEATURE_SIGNALS = FEATURE_SAID_SURVEY + DRIVERS,          /* and on: the signals that are used */
    FEATURES_MAX = FEATURE_SIGNALS + SIGNALS
};

struct composition;
struct composition *composition_open(const struct scoring *scoring); /* borrowed */
void composition_close(struct composition *self);
unsigned composition_features(const struct composition *self);                    /* how many there are */
unsigned composition_feature(const struct composition *self, enum signal signal); /* FEATURES_MAX: it is not used */
/* Overwrites features, as many as there are. */
void composition_read(const struct composition *self, enum channel channel, const double counts[COUNTERS],
                      struct feature *features);

/* One (service, channel); features are borrowed. */
struct compared_cell {
    enum channel channel;
    uint32_t service;
    const struct feature *now, *base;
};
#define COMPARED_SERVICES_MAX 32
#define COMPARED_CELLS_MAX    (COMPARED_SERVICES_MAX * CHANNELS)

struct comparison; /* large; used again and again without allocating */
struct comparison *comparison_open(void);
void comparison_close(struct comparison *self);
/* Makes strata of the cells. What is compared next is compared over these. */
void comparison_set(struct comparison *self, const struct composition *composition, const struct compared_cell *cells,
                    size_t count);

/* The z-score of a subject's difference without overdispersion: what φ is the mean square of. False when too little can
 * be compared (fewer than 10 now). */
bool comparison_z(struct comparison *self, unsigned subject, double *z);

/* The subject's difference with its bounds at z. INSUFFICIENT below the least n / φ: the counts are there, the
 * difference is not. Fills in what is of the comparison; rows last until the next call. */
enum verdict comparison_find(struct comparison *self, unsigned subject, double z, double phi, struct finding *finding);

#endif
