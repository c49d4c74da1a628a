/* tallies.c - from counters to good-of-n: where a channel's standards are applied. */
#include "slipstream/score.h"

static int64_t sum_bins(const int64_t *bins, unsigned first, unsigned end)
{
    int64_t sum = 0;
    for (unsigned i = first; i < end; i++) {
        sum += bins[i];
    }
    return sum;
}

/* Within the standard, of all that were timed. No standard (0): the signal says nothing. */
static struct tally within(const int64_t *bins, enum duration_edges edges, int64_t standard_ms)
{
    if (standard_ms == 0) {
        return (struct tally){0, 0};
    }
    int edge = duration_edge_bin(edges, standard_ms);
    ASSERT(edge > 0); /* the scoring file was checked for it */
    return (struct tally){sum_bins(bins, 0, (unsigned)edge), sum_bins(bins, 0, DURATION_BINS)};
}

/* The first bin of those who gave up after the limit for a short abandon. */
static unsigned abandon_bin(int64_t short_ms)
{
    int first = short_ms ? duration_edge_bin(signal_table[SIGNAL_ABANDONED_AFTER].edges, short_ms) : 0;
    ASSERT(first >= 0); /* the scoring file was checked for it */
    return (unsigned)first;
}

/* Those who gave up after the limit for a short abandon count as not answered; the short ones as neither. */
static struct tally answered(const int64_t counts[COUNTERS], int64_t short_ms)
{
    const int64_t *said = counts + signal_table[SIGNAL_ANSWERED].first;
    const int64_t *gave_up = counts + signal_table[SIGNAL_ABANDONED_AFTER].first;
    int64_t bad = said[0] + sum_bins(gave_up, abandon_bin(short_ms), DURATION_BINS);
    return (struct tally){said[1], said[1] + bad};
}

/* Interactions that said something about a driver. A short abandon says nothing about those that answering feeds. */
static int64_t said_operational(const int64_t counts[COUNTERS], enum driver driver, enum channel channel,
                                const struct scoring *scoring)
{
    const struct signal_info *info = &signal_table[SIGNAL_ABANDONED_AFTER];
    int64_t said = counts[COUNTER_SAID_OPERATIONAL + (unsigned)driver];
    if (!(info->feeds & channel_drivers(channel) & 1u << driver)) {
        return said;
    }
    return said - sum_bins(counts + info->first, 0, abandon_bin(scoring->short_abandon_ms[channel]));
}

static struct tally tally_of(enum signal signal, const int64_t counts[COUNTERS], enum channel channel,
                             const struct scoring *scoring)
{
    const struct signal_info *info = &signal_table[signal];
    const int64_t *at = counts + info->first;
    switch (signal) {
    case SIGNAL_ANSWERED:
        return answered(counts, scoring->short_abandon_ms[channel]);
    case SIGNAL_WAIT:
        return within(at, info->edges, scoring->wait_standard_ms[channel]);
    case SIGNAL_RESOLUTION:
        return within(at, info->edges, scoring->resolution_standard_ms[channel]);
    default:
        break;
    }
    switch (info->kind) {
    case SIGNAL_OUTCOME:
        return (struct tally){info->good_is_yes ? at[1] : at[0], at[0] + at[1]};
    case SIGNAL_RATING:
        return (struct tally){at[3] + at[4], sum_bins(at, 0, 5)};
    case SIGNAL_DURATION:
    case SIGNAL_COUNT:
        break;
    }
    return (struct tally){0, 0};
}

static void add(struct tally *sum, struct tally tally)
{
    sum->good += tally.good;
    sum->n += tally.n;
}

/* A driver's statement counts only from channels that answer for it. */
static void add_ratings(struct tallies *self, const int64_t counts[COUNTERS], uint32_t answers)
{
    for (unsigned r = 0; r < RATINGS; r++) {
        uint32_t feeds = signal_table[SIGNAL_RATING_OFFICE_ANSWERS + r].feeds;
        if (feeds && !(feeds & answers)) {
            continue;
        }
        for (unsigned a = 0; a < 5; a++) {
            self->ratings[r][a] += counts[COUNTER_RATINGS + 5 * r + a];
        }
    }
}

static void add_counts(int64_t *sums, const int64_t *counts, enum signal signal)
{
    for (unsigned i = 0; i < signal_table[signal].width; i++) {
        sums[i] += counts[signal_table[signal].first + i];
    }
}

void tallies_add(struct tallies *self, const int64_t counts[COUNTERS], enum channel channel,
                 const struct scoring *scoring)
{
    self->events += counts[COUNTER_EVENTS];
    self->interactions += counts[COUNTER_INTERACTIONS];
    self->said_any += counts[COUNTER_SAID_ANY];
    for (unsigned d = 0; d < DRIVERS; d++) {
        self->said_operational[d] += said_operational(counts, (enum driver)d, channel, scoring);
        self->said_survey[d] += counts[COUNTER_SAID_SURVEY + d];
    }
    uint32_t answers = channel_drivers(channel);
    for (unsigned s = 0; s < SIGNALS; s++) {
        struct tally tally = tally_of((enum signal)s, counts, channel, scoring);
        add(&self->signals[s], tally);
        for (uint32_t left = signal_table[s].feeds & answers; left; left &= left - 1) {
            add(&self->by_driver[__builtin_ctz(left)][s], tally);
        }
    }
    add_ratings(self, counts, answers);
    add_counts(self->transfers, counts, SIGNAL_TRANSFERS);
    add_counts(self->hold, counts, SIGNAL_HOLD);
    add_counts(self->wrap_up, counts, SIGNAL_WRAP_UP);
}
