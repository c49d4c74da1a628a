/* volume.h - a channel's contacts hour by hour against the same hours of the weeks before: whether so few are chance.
 *
 * Pure. Counts of the weeks before are overdispersed: a negative binomial with their mean, and with the upper 95 %
 * bound of their variance, since eight weeks tell a variance badly. The lowest of them is left out, and nothing more is
 * taken to be usual than there was a week ago; so one week that was silent too neither hides a silence nor makes one.
 * Within six hours the hours are shared out as they were a week ago: outside opening hours nothing is usual.
 * Units: contacts, hours. Source: the bound, Wilson & Hilferty 1931 (chi-squared). */
#ifndef SLIPSTREAM_SCORE_VOLUME_H
#define SLIPSTREAM_SCORE_VOLUME_H

#include "slipstream/model.h"

#define VOLUME_HOURS       72 /* hour panes reach back ten days, of which a week is for comparing */
#define VOLUME_WEEKS       BASELINE_WEEKS_MAX
#define VOLUME_PANES       (VOLUME_HOURS / 6 + 2)
#define VOLUME_WEEKS_LEAST 5 /* to compare with; with fewer nothing is known */

/* Backwards from the open hour and the open six hours. */
struct volume {
    unsigned hours;                /* how many may be part of a silence */
    double now[VOLUME_HOURS];      /* contacts */
    double week_ago[VOLUME_HOURS]; /* the same hour's, of the open one the part that is over; 0: does not count */
    unsigned pane[VOLUME_HOURS];   /* the six hours it is in */
    double panes[VOLUME_PANES][VOLUME_WEEKS]; /* contacts of these, one week before and more; NAN: not to be used */
};

struct volume_found {
    unsigned hours;  /* the stretch, backwards */
    double now;      /* contacts in it */
    double expected; /* that are usual in it */
    double chance;   /* of so few */
};
/* Whether the channel is silent now: at least rule->silence_expected contacts are usual in some stretch that ends now,
 * next to none came (at most rule->silence_share of them), and the chance of that is at most rule->silence_chance.
 * *found: the longest such stretch. */
bool volume_is_silent(const struct volume *self, const struct detection *rule, struct volume_found *found);

/* The chance of at most k where the mean is `mean` and the variance `phi` times that; phi ≥ 1. */
double volume_chance(double k, double mean, double phi);

#endif
