/* finding.h - what one look found of one subject in one window: the difference from its baseline, and what it is made
 * of.
 *
 * Shape: the subject's components (a signal or statement in a line in a driver in the score), each in strata (a
 * channel's services, or some of them pooled), directly standardised to the mix of now: d = Σ omega × w_now × (p_now −
 * p_base),   mix = Σ omega × (w_now − w_base) × p_base, over the rows; omega sums to 1 over the components, w_now and
 * w_base to 1 over the strata of each. d + mix is the whole change. Units: proportions 0..1. n is a count, fractional
 * where a pane lies partly in the window. Ownership: rows are borrowed from whoever compared, until it compares again.
 */
#ifndef SLIPSTREAM_MODEL_FINDING_H
#define SLIPSTREAM_MODEL_FINDING_H

#include "slipstream/model/detection.h"

#include <math.h>

#define SERVICE_POOLED UINT32_MAX /* several services of the channel together */

struct finding_row {
    enum driver driver; /* DRIVERS: a behaviour's statement */
    enum signal signal; /* a rating: the survey line */
    enum channel channel;
    uint32_t service; /* position in the agency's services, or SERVICE_POOLED */
    double omega;     /* of its component */
    double w_now, p_now, n_now;
    double w_base, p_base, n_base;
    double deviation; /* standard, of what it adds to d, upwards: of the interval d is found with, without φ */
};
static inline double finding_row_points(const struct finding_row *row) /* what it adds to d */
{
    return row->omega * row->w_now * (row->p_now - row->p_base);
}

enum verdict {
    VERDICT_UNSEEN,       /* not looked at: not due, not tested, or a holiday */
    VERDICT_LEARNING,     /* too little history */
    VERDICT_INSUFFICIENT, /* too few now or in the baseline */
    VERDICT_COMPARED,
    VERDICTS
};

struct finding {
    unsigned subject;
    enum test test;
    enum verdict verdict;
    struct event_time as_of, from; /* the window's end and start */
    double d, low, high;           /* bounds at z, with φ */
    double z, phi;
    double clear_high;    /* of an open slip: the upper bound that clears it */
    double now, base;     /* the subject as d compares it: now − base = d */
    double mix;           /* the effect of a changed mix, which never fires */
    double n_now, n_base; /* interactions that contributed to any component */
    bool frozen;          /* the baseline ends where an open episode began */
    const struct finding_row *rows;
    size_t row_count;
};
static inline double finding_row_deviation(const struct finding *finding, const struct finding_row *row) /* with φ */
{
    return sqrt(finding->phi) * row->deviation;
}

#endif
