/* causes.c - the employees' side: figures that stand beside the scores and are part of none. */
#include "slipstream/score.h"

static int64_t total(const int64_t *counts, unsigned width)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < width; i++) {
        if (counts[i] < 0) { /* a retraction whose original is not in the window: no distribution */
            return 0;
        }
        sum += counts[i];
    }
    return sum;
}

static struct cause_figure figure(double value, int64_t n)
{
    return (struct cause_figure){true, value, n};
}

static struct cause_figure transfers(const int64_t counts[4], int64_t n_min)
{
    int64_t n = total(counts, 4);
    if (n < n_min) {
        return (struct cause_figure){0};
    }
    return figure((double)(counts[1] + 2 * counts[2] + 3 * counts[3]) / (double)n, n);
}

/* Of the contacts that say so, whichever answer is the good one. */
static struct cause_figure share(const struct tallies *tallies, enum signal signal, int64_t n_min)
{
    const struct tally *tally = &tallies->signals[signal];
    if (tally->n < n_min || tally->good < 0 || tally->good > tally->n) {
        return (struct cause_figure){0};
    }
    int64_t yes = signal_table[signal].good_is_yes ? tally->good : tally->n - tally->good;
    return figure(100 * (double)yes / (double)tally->n, tally->n);
}

/* The median, as if durations were evenly spread within their bin; the last bin's are taken for its lower edge. */
static struct cause_figure median(const int64_t bins[DURATION_BINS], enum signal signal, int64_t n_min)
{
    const int64_t *edges = duration_edges_ms[signal_table[signal].edges];
    int64_t n = total(bins, DURATION_BINS);
    if (n < n_min) {
        return (struct cause_figure){0};
    }
    double half = (double)n / 2;
    unsigned bin = 0;
    double before = 0;
    while (before + (double)bins[bin] < half) {
        before += (double)bins[bin++];
    }
    double low = bin ? (double)edges[bin - 1] : 0;
    double high = bin < DURATION_BINS - 1 ? (double)edges[bin] : low;
    return figure((low + (high - low) * (half - before) / (double)bins[bin]) / 1000, n);
}

void score_causes(const struct tallies *tallies, const struct scoring *scoring, struct cause_figure causes[CAUSES])
{
    int64_t n_min = scoring->signal_n_min > 0 ? scoring->signal_n_min : 1;
    causes[CAUSE_TRANSFERS] = transfers(tallies->transfers, n_min);
    causes[CAUSE_AGENT_INFORMED] = share(tallies, SIGNAL_AGENT_INFORMED, n_min);
    causes[CAUSE_ESCALATED] = share(tallies, SIGNAL_ESCALATED, n_min);
    causes[CAUSE_HOLD] = median(tallies->hold, SIGNAL_HOLD, n_min);
    causes[CAUSE_WRAP_UP] = median(tallies->wrap_up, SIGNAL_WRAP_UP, n_min);
}
