/* composition.c - a scoring file compiled: the signals that are used, and the counters they are read from. */
#include "composition.h"

#include "worth.h"

#include <stdlib.h>

static bool is_used(const struct scoring *scoring, enum signal signal)
{
    const struct signal_info *info = &signal_table[signal];
    if (is_rating(signal)) {
        bool is_behaviour = signal >= SIGNAL_RATING_COMPLIANCE && signal < SIGNAL_RATING_SATISFACTION;
        unsigned driver = (unsigned)signal - SIGNAL_RATING_OFFICE_ANSWERS;
        return is_behaviour || (driver < DRIVERS && scoring->line_weight_survey[driver] > 0);
    }
    for (uint32_t left = info->feeds; left; left &= left - 1) {
        if (scoring->signal_weight[__builtin_ctz(left)][signal] > 0) {
            return true;
        }
    }
    return false;
}

static uint32_t channels_of(enum driver driver, enum signal signal)
{
    uint32_t channels = 0;
    for (unsigned c = 0; c < CHANNELS; c++) {
        bool counts =
            driver == DRIVERS || (signal_table[signal].feeds & channel_drivers((enum channel)c) & 1u << driver);
        channels |= (uint32_t)counts << c;
    }
    return channels;
}

/* The signals that are used, and where they are read. */
static void read_signals(struct composition *self, unsigned features[SIGNALS])
{
    self->feature_count = FEATURE_SIGNALS;
    for (unsigned s = 0; s < SIGNALS; s++) {
        if (!is_used(self->scoring, (enum signal)s)) {
            continue;
        }
        features[s] = self->feature_count++;
        self->signals[features[s]] = (enum signal)s;
        for (unsigned c = 0; c < CHANNELS; c++) {
            self->readings[c][features[s]] = reading_of((enum signal)s, (enum channel)c, self->scoring);
        }
    }
}

static struct part part_of(const unsigned features[SIGNALS], enum driver driver, enum signal signal, double weight)
{
    return (struct part){driver, signal, features[signal], channels_of(driver, signal), weight};
}

static void read_driver(struct composition *self, const unsigned features[SIGNALS], enum driver driver)
{
    const struct scoring *scoring = self->scoring;
    for (unsigned s = 0; s < SIGNALS && scoring->line_weight_operational[driver] > 0; s++) {
        struct part part = part_of(features, driver, (enum signal)s, scoring->signal_weight[driver][s]);
        if (part.weight > 0 && part.channels) {
            self->operational[driver][self->operational_count[driver]++] = part;
        }
    }
    self->survey[driver] = part_of(features, driver, (enum signal)(SIGNAL_RATING_OFFICE_ANSWERS + driver),
                                   scoring->line_weight_survey[driver]);
    for (unsigned c = 0; c < CHANNELS; c++) {
        self->abandons[c][driver] = reading_short_abandons(driver, (enum channel)c, scoring);
    }
}

struct composition *composition_open(const struct scoring *scoring)
{
    unsigned features[SIGNALS] = {0};
    struct composition *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->scoring = scoring;
    read_signals(self, features);
    for (unsigned d = 0; d < DRIVERS; d++) {
        read_driver(self, features, (enum driver)d);
    }
    for (unsigned b = 0; b < BEHAVIOURS; b++) {
        self->behaviours[b] = part_of(features, DRIVERS, (enum signal)(SIGNAL_RATING_COMPLIANCE + b), 1);
    }
    return self;
}

void composition_close(struct composition *self)
{
    free(self);
}

unsigned composition_features(const struct composition *self)
{
    return self->feature_count;
}

unsigned composition_feature(const struct composition *self, enum signal signal)
{
    for (unsigned f = FEATURE_SIGNALS; f < self->feature_count; f++) {
        if (self->signals[f] == signal) {
            return f;
        }
    }
    return FEATURES_MAX;
}

static double sum(const double counts[COUNTERS], struct counter_range range)
{
    double all = 0;
    for (unsigned i = range.first; i < range.end; i++) {
        all += counts[i];
    }
    return all;
}

static struct feature read_answers(const double answers[5], enum survey_method method)
{
    struct feature feature = {0, 0, 0};
    for (unsigned i = 0; i < 5; i++) {
        double worth = answer_worth[method][i];
        feature.x += worth * answers[i];
        feature.q += worth * worth * answers[i];
        feature.n += answers[i];
    }
    return feature;
}

static struct feature read_outcome(const double counts[COUNTERS], const struct reading *reading)
{
    double good = sum(counts, reading->good);
    return (struct feature){good, good, sum(counts, reading->all) + sum(counts, reading->more)};
}

static struct feature said(double n)
{
    return (struct feature){0, 0, n};
}

void composition_read(const struct composition *self, enum channel channel, const double counts[COUNTERS],
                      struct feature *features)
{
    features[FEATURE_SAID_ANY] = said(counts[COUNTER_SAID_ANY]);
    for (unsigned d = 0; d < DRIVERS; d++) {
        features[FEATURE_SAID_OPERATIONAL + d] =
            said(counts[COUNTER_SAID_OPERATIONAL + d] - sum(counts, self->abandons[channel][d]));
        features[FEATURE_SAID_SURVEY + d] = said(counts[COUNTER_SAID_SURVEY + d]);
    }
    for (unsigned f = FEATURE_SIGNALS; f < self->feature_count; f++) {
        features[f] = is_rating(self->signals[f])
                          ? read_answers(counts + signal_table[self->signals[f]].first, self->scoring->method)
                          : read_outcome(counts, &self->readings[channel][f]);
    }
}
