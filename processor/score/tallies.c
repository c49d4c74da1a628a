/* tallies.c - from counters to good-of-n: where a channel's standards are applied. */
#include "slipstream/score.h"

#include "reading.h"

static int64_t sum(const int64_t counts[COUNTERS], struct counter_range range)
{
    int64_t all = 0;
    for (unsigned i = range.first; i < range.end; i++) {
        all += counts[i];
    }
    return all;
}

static struct tally tally_of(enum signal signal, const int64_t counts[COUNTERS], enum channel channel,
                             const struct scoring *scoring)
{
    struct reading reading = reading_of(signal, channel, scoring);
    return (struct tally){sum(counts, reading.good), sum(counts, reading.all) + sum(counts, reading.more)};
}

/* A short abandon says nothing about the drivers that answering feeds. */
static int64_t said_operational(const int64_t counts[COUNTERS], enum driver driver, enum channel channel,
                                const struct scoring *scoring)
{
    return counts[COUNTER_SAID_OPERATIONAL + (unsigned)driver] -
           sum(counts, reading_short_abandons(driver, channel, scoring));
}

static void add(struct tally *total, struct tally tally)
{
    total->good += tally.good;
    total->n += tally.n;
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
