/* card.c - from tallies to the figures of one card: signals → lines → drivers → the CX score. */
#include "slipstream/score.h"

#include <math.h>

/* Estimates are on 0..100, intervals on 0..1. */
static struct estimate present(struct interval interval, int64_t n)
{
    return (struct estimate){
        .present = true, .value = 100 * interval.value, .low = 100 * interval.low, .high = 100 * interval.high, .n = n};
}

static struct interval on_unit(const struct estimate *estimate)
{
    return (struct interval){estimate->value / 100, estimate->low / 100, estimate->high / 100};
}

/* The weighted mean of a line's signals that have enough data, with Wilson's interval at the line's n: the interactions
 * that said anything on it, since signals of one interaction are not independent, but never more than the effective n
 * of the weights (Kish 1965: 1 / Σ(w²/n)), since a signal few interactions carry may have most of the weight. */
static struct estimate operational_line(const struct tallies *tallies, enum driver driver,
                                        const struct scoring *scoring, double z)
{
    double weights = 0;
    double value = 0;
    double spread = 0;
    int64_t counted = 0;
    for (unsigned s = 0; s < SIGNALS; s++) {
        double weight = scoring->signal_weight[driver][s];
        const struct tally *tally = &tallies->by_driver[driver][s];
        if (weight <= 0 || tally->n <= 0 || tally->n < scoring->signal_n_min) {
            continue;
        }
        double n = (double)tally->n;
        counted += tally->n;
        weights += weight;
        value += weight * fmin(n, fmax(0, (double)tally->good)) / n; /* a retraction may come without its original */
        spread += weight * weight / n;
    }
    int64_t said = tallies->said_operational[driver]; /* also on signals that were left out */
    said = said < counted ? said : counted;
    if (weights <= 0 || said <= 0) {
        return (struct estimate){0};
    }
    double n = fmin((double)said, weights * weights / spread);
    return present(interval_wilson(value / weights * n, n, z), said);
}

static struct estimate rating_line(const struct tallies *tallies, enum signal rating, const struct scoring *scoring,
                                   double z)
{
    const int64_t *answers = tallies->ratings[rating - SIGNAL_RATING_OFFICE_ANSWERS];
    int64_t n = 0;
    for (unsigned i = 0; i < 5; i++) {
        if (answers[i] < 0) {
            return (struct estimate){0};
        }
        n += answers[i];
    }
    if (n == 0 || n < scoring->signal_n_min) {
        return (struct estimate){0};
    }
    return present(interval_answers(answers, scoring->method, z), n);
}

/* The weighted mean of the estimates that are there, weights renormalised over those, by MOVER. n adds up theirs. */
static struct estimate combine(const struct estimate *const *parts, const double *weights, size_t count)
{
    struct interval intervals[DRIVERS];
    double shares[DRIVERS];
    double sum = 0;
    size_t used = 0;
    int64_t n = 0;
    ASSERT(count <= DRIVERS);
    for (size_t i = 0; i < count; i++) {
        if (parts[i]->present && weights[i] > 0) {
            intervals[used] = on_unit(parts[i]);
            shares[used++] = weights[i];
            sum += weights[i];
            n += parts[i]->n;
        }
    }
    if (used == 0) {
        return (struct estimate){0};
    }
    for (size_t i = 0; i < used; i++) {
        shares[i] /= sum;
    }
    return present(interval_weighted(intervals, shares, used), n);
}

static void score_driver(const struct tallies *tallies, enum driver driver, const struct scoring *scoring, double z,
                         struct driver_score *out)
{
    out->operational = operational_line(tallies, driver, scoring, z);
    out->survey = rating_line(tallies, (enum signal)(SIGNAL_RATING_OFFICE_ANSWERS + driver), scoring, z);
    const struct estimate *lines[] = {&out->operational, &out->survey};
    const double weights[] = {scoring->line_weight_operational[driver], scoring->line_weight_survey[driver]};
    out->score = combine(lines, weights, 2);
}

void score_card(const struct tallies *tallies, const struct scoring *scoring, double z, struct card *card)
{
    *card = (struct card){.interactions = tallies->interactions, .events = tallies->events};
    const struct estimate *drivers[DRIVERS];
    for (unsigned d = 0; d < DRIVERS; d++) {
        score_driver(tallies, (enum driver)d, scoring, z, &card->drivers[d]);
        drivers[d] = &card->drivers[d].score;
    }
    card->cx = combine(drivers, scoring->driver_weight, DRIVERS);
    if (card->cx.present && tallies->said_any < card->cx.n) {
        card->cx.n = tallies->said_any; /* most interactions say something about more than one driver */
    }
    for (unsigned b = 0; b < BEHAVIOURS; b++) {
        card->behaviours[b] = rating_line(tallies, (enum signal)(SIGNAL_RATING_COMPLIANCE + b), scoring, z);
    }
    card->satisfaction = rating_line(tallies, SIGNAL_RATING_SATISFACTION, scoring, z);
    int64_t offered = tallies->signals[SIGNAL_SURVEY_OFFERED].good;
    card->surveys_answered = tallies->signals[SIGNAL_SURVEY_ANSWERED].good;
    /* Who does not tell what was offered, or told it before the window began, answered what was offered all the same. */
    card->surveys_offered = offered > card->surveys_answered ? offered : card->surveys_answered;
    if (offered > 0) { /* of those who do not tell it nothing is known */
        double answered = (double)(card->surveys_answered > 0 ? card->surveys_answered : 0);
        card->response_rate = present(interval_wilson(answered, (double)card->surveys_offered, z), card->surveys_offered);
    }
    score_causes(tallies, scoring, card->causes);
}
