/* volume.c - a stretch of hours grows backwards, until it says enough. */
#include "slipstream/score/volume.h"

#include <math.h>

#define Z_95_ONE_SIDED 1.6448536269514722
#define POISSON        1e-6 /* an excess variance of less than this part is none */

/* ---- the chance ---- */

static double log_sum(double a, double b)
{
    double most = fmax(a, b);
    return most + log1p(exp(fmin(a, b) - most));
}

double volume_chance(double k, double mean, double phi)
{
    double excess = phi - 1;
    bool is_poisson = excess < POISSON;
    double size = is_poisson ? 0 : mean / excess;
    double part = is_poisson ? -mean : -size * log(phi); /* its logarithm, of j contacts */
    double sum = part;
    for (int64_t j = 1; (double)j <= k; j++) {
        double contacts = (double)j;
        part += is_poisson ? log(mean / contacts) : log((contacts - 1 + size) / contacts * excess / phi);
        sum = log_sum(sum, part);
    }
    return fmin(1, exp(sum));
}

/* By how much a sample variance may be too low: degrees of freedom over their chi-squared's lower 5 %. */
static double variance_bound(unsigned weeks)
{
    double freedom = weeks - 1;
    double spread = 2 / (9 * freedom);
    double root = 1 - spread - Z_95_ONE_SIDED * sqrt(spread);
    return 1 / (root * root * root);
}

/* ---- what is usual ---- */

/* The stretch so far, in each of the weeks. */
struct stretch {
    double weeks[VOLUME_WEEKS];
    bool used[VOLUME_WEEKS];
    double now, week_ago;
};

static void grow(struct stretch *self, const struct volume *volume, unsigned hour)
{
    const double *panes = volume->panes[volume->pane[hour]];
    double usual = volume->week_ago[hour];
    double share = usual > 0 && panes[0] > 0 ? usual / panes[0] : 0;
    self->now += fmax(0, volume->now[hour]);
    if (share <= 0) {
        return;
    }
    self->week_ago += usual;
    for (unsigned w = 0; w < VOLUME_WEEKS; w++) {
        self->used[w] = self->used[w] && !isnan(panes[w]);
        self->weeks[w] += self->used[w] ? share * fmax(0, panes[w]) : 0;
    }
}

/* Mean over the weeks but the lowest, and their excess variance in parts of its square: what differs from week to week,
 * a large volume or a small one. */
static bool usual_of(const struct stretch *self, double *mean, double *excess)
{
    double sum = 0;
    double squares = 0;
    double lowest = (double)INFINITY;
    unsigned count = 0;
    for (unsigned w = 0; w < VOLUME_WEEKS; w++) {
        if (self->used[w]) {
            sum += self->weeks[w];
            squares += self->weeks[w] * self->weeks[w];
            lowest = fmin(lowest, self->weeks[w]);
            count++;
        }
    }
    if (count < VOLUME_WEEKS_LEAST) {
        return false;
    }
    count--;
    *mean = (sum - lowest) / count;
    double variance = fmax(0, (squares - lowest * lowest) / count - *mean * *mean) * count / (count - 1);
    *excess = *mean > 0 ? fmax(0, variance_bound(count) * variance - *mean) / (*mean * *mean) : 0;
    return true;
}

bool volume_is_silent(const struct volume *self, const struct detection *rule, struct volume_found *found)
{
    struct stretch stretch = {0};
    bool silent = false;
    memset(stretch.used, true, sizeof stretch.used);
    for (unsigned hour = 0; hour < self->hours; hour++) {
        double mean = 0;
        double excess = 0;
        grow(&stretch, self, hour);
        double expected = usual_of(&stretch, &mean, &excess) ? fmin(mean, stretch.week_ago) : 0;
        if (expected < rule->silence_expected || stretch.now > rule->silence_share * expected) {
            continue;
        }
        double chance = volume_chance(stretch.now, expected, 1 + expected * excess);
        if (chance <= rule->silence_chance) {
            *found = (struct volume_found){hour + 1, stretch.now, expected, chance};
            silent = true;
        }
    }
    return silent;
}
