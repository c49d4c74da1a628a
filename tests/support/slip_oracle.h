/* slip_oracle.h - the slip rule's comparison as DOMAIN.md says it, straight from a list of events: dense, slow, and
 * with nothing of the processor's but its tables of signals and the scoring file.
 *
 * Where DOMAIN.md leaves a choice it is the one that examine.h and score/compare.h state: strata that say too little go
 * into one rest, and the smallest of the others with them until it says enough; weights are renormalised level by
 * level; a driver's interactions are those that said anything on either line, at most all of its channels'. */
#ifndef SLIPSTREAM_TESTS_SLIP_ORACLE_H
#define SLIPSTREAM_TESTS_SLIP_ORACLE_H

#include "slipstream/model.h"

#include <math.h>
#include <stdlib.h>

#define ORACLE_SERVICES 3
#define ORACLE_EVENTS   60000
#define PANE_US         (6 * US_PER_HOUR)

struct oracle_event {
    int64_t at_us;
    unsigned service;
    enum channel channel;
    int8_t good[SIGNALS]; /* −1: not said; else worth in quarters (0 or 4 for outcomes) */
    bool said_operational[DRIVERS], said_survey[DRIVERS];
};
struct oracle {
    const struct scoring *scoring;
    struct oracle_event events[ORACLE_EVENTS];
    size_t count;
    uint64_t left_out; /* days before `last`, as bits */
    int64_t last_day;
    double x[2][SIGNALS][CHANNELS][ORACLE_SERVICES]; /* now, base */
    double q[2][SIGNALS][CHANNELS][ORACLE_SERVICES];
    double n[2][SIGNALS][CHANNELS][ORACLE_SERVICES];
    double any[2][CHANNELS], operational[2][CHANNELS][DRIVERS], survey[2][CHANNELS][DRIVERS];
};
struct oracle_answer {
    bool compared;
    double d, low, high, mix, n_now, n_base, z;
};

static inline bool oracle_working(const struct oracle *self, int64_t day)
{
    return !scoring_is_holiday(self->scoring, (struct event_time){day * US_PER_DAY});
}

static inline bool oracle_base_day(const struct oracle *self, int64_t day)
{
    int64_t back = self->last_day - day;
    return oracle_working(self, day) && !(back >= 0 && back < 64 && (self->left_out >> back & 1));
}

static inline void oracle_clear(struct oracle *self)
{
    memset(self->x, 0, sizeof self->x);
    memset(self->q, 0, sizeof self->q);
    memset(self->n, 0, sizeof self->n);
    memset(self->any, 0, sizeof self->any);
    memset(self->operational, 0, sizeof self->operational);
    memset(self->survey, 0, sizeof self->survey);
}

static inline void oracle_add(struct oracle *self, const struct oracle_event *event, int side, double weight)
{
    for (unsigned s = 0; s < SIGNALS; s++) {
        if (event->good[s] >= 0) {
            double worth = event->good[s] / 4.0;
            self->x[side][s][event->channel][event->service] += weight * worth;
            self->q[side][s][event->channel][event->service] += weight * worth * worth;
            self->n[side][s][event->channel][event->service] += weight;
        }
    }
    self->any[side][event->channel] += weight;
    for (unsigned d = 0; d < DRIVERS; d++) {
        self->operational[side][event->channel][d] += weight * event->said_operational[d];
        self->survey[side][event->channel][d] += weight * event->said_survey[d];
    }
}

/* The part of [from, to) that a pane has, of the pane. */
static inline double oracle_share(int64_t at_us, int64_t from_us, int64_t to_us)
{
    int64_t start = time_floor(at_us, PANE_US) * PANE_US;
    int64_t first = start > from_us ? start : from_us;
    int64_t last = start + PANE_US < to_us ? start + PANE_US : to_us;
    return last > first ? (double)(last - first) / (double)PANE_US : 0;
}

/* ---- strata, components, differences ---- */

struct oracle_stratum {
    double x[2], q[2], n[2];
};

/* Counts are whole but for the last bits of what shares add up to. */
static inline bool oracle_few(double n, double least)
{
    return n < least - 1e-7;
}

static inline size_t oracle_strata(const struct oracle *self, unsigned signal, unsigned channel,
                                   struct oracle_stratum strata[ORACLE_SERVICES])
{
    const struct detection *rule = &self->scoring->detection;
    struct oracle_stratum rest = {{0}, {0}, {0}};
    bool has_rest = false;
    size_t count = 0;
    for (unsigned s = 0; s < ORACLE_SERVICES; s++) {
        struct oracle_stratum one;
        for (int side = 0; side < 2; side++) {
            one.x[side] = self->x[side][signal][channel][s];
            one.q[side] = self->q[side][signal][channel][s];
            one.n[side] = self->n[side][signal][channel][s];
        }
        if (one.n[0] + one.n[1] > 0) {
            strata[count++] = one;
        }
    }
    for (;;) {
        size_t worst = count; /* who says too little, else, while the rest does, the smallest */
        for (size_t i = 0; i < count; i++) {
            if (oracle_few(strata[i].n[0], rule->stratum_n_now) || oracle_few(strata[i].n[1], rule->stratum_n_base)) {
                worst = i;
            }
        }
        bool rest_is_small =
            has_rest && (oracle_few(rest.n[0], rule->stratum_n_now) || oracle_few(rest.n[1], rule->stratum_n_base));
        for (size_t i = 0; worst == count && rest_is_small && i < count; i++) {
            size_t least = 0;
            for (size_t j = 1; j < count; j++) {
                least = strata[j].n[0] < strata[least].n[0] ||
                                (strata[j].n[0] == strata[least].n[0] && strata[j].n[1] < strata[least].n[1])
                            ? j
                            : least;
            }
            worst = least;
        }
        if (worst == count) {
            break;
        }
        for (int side = 0; side < 2; side++) {
            rest.x[side] += strata[worst].x[side];
            rest.q[side] += strata[worst].q[side];
            rest.n[side] += strata[worst].n[side];
        }
        has_rest = true;
        strata[worst] = strata[--count];
    }
    if (has_rest) {
        strata[count++] = rest;
    }
    double base = 0;
    for (size_t i = 0; i < count; i++) {
        base += strata[i].n[1];
    }
    return oracle_few(base, rule->channel_n_base) ? 0 : count;
}

/* The roots of (p̂ − p)² = z² p (1 − p) / n, found by halving: Wilson's bounds by what they are. */
static inline double oracle_wilson(double p, double n, double z, bool upper)
{
    double low = upper ? p : 0;
    double high = upper ? 1 : p;
    for (int i = 0; i < 200; i++) {
        double middle = (low + high) / 2;
        bool inside = (p - middle) * (p - middle) * n < z * z * middle * (1 - middle);
        if (inside == upper) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (low + high) / 2;
}

/* Where answers are worth more than good or bad, they lie less widely about their mean than good and bad ones would: by
 * how much is asked of all answers of the stratum, then and now, and of one at either end of the scale. */
static inline double oracle_answers(const struct oracle_stratum *stratum, unsigned signal, const struct oracle *self)
{
    if (signal < SIGNAL_RATING_OFFICE_ANSWERS || self->scoring->method == METHOD_TOP2BOX) {
        return 1;
    }
    double n = stratum->n[0] + stratum->n[1] + 2;
    double mean = (stratum->x[0] + stratum->x[1] + 1) / n;
    double about_mean = (stratum->q[0] + stratum->q[1] + 1) - n * mean * mean;
    double at_most = n * mean * (1 - mean);
    return about_mean / at_most;
}

/* Without overdispersion: that widens the whole. */
static inline double oracle_bound(const struct oracle *self, unsigned signal, const struct oracle_stratum *stratum,
                                  int side, double z, bool upper)
{
    double n = stratum->n[side];
    return oracle_wilson(stratum->x[side] / n, n, z * sqrt(oracle_answers(stratum, signal, self)), upper);
}

/* Of one who says yes with p: E (X − p)³, added up over the two that there are. */
static inline double oracle_third(double p)
{
    return p * pow(1 - p, 3) + (1 - p) * pow(0 - p, 3);
}

struct oracle_term {
    unsigned signal;
    uint32_t channels;
    double omega;
};

static inline uint32_t oracle_channels(unsigned driver, unsigned signal, uint32_t among)
{
    for (unsigned c = 0; c < CHANNELS; c++) {
        if (!(signal_table[signal].feeds & channel_drivers((enum channel)c) & 1u << driver)) {
            among &= ~(1u << c);
        }
    }
    return among;
}

static inline bool oracle_is_usable(const struct oracle *self, unsigned signal, uint32_t channels, double n[2])
{
    struct oracle_stratum strata[ORACLE_SERVICES + 1];
    n[0] = n[1] = 0;
    for (unsigned c = 0; c < CHANNELS; c++) {
        size_t count = channels >> c & 1 ? oracle_strata(self, signal, c, strata) : 0;
        for (size_t i = 0; i < count; i++) {
            n[0] += strata[i].n[0];
            n[1] += strata[i].n[1];
        }
    }
    double least = (double)self->scoring->signal_n_min;
    return n[0] > 0 && !oracle_few(n[0], least) && !oracle_few(n[1], least);
}

/* A driver's terms, omegas summing to weight; 0 when there are none. */
static inline size_t oracle_driver(const struct oracle *self, unsigned driver, uint32_t among, double weight,
                                   struct oracle_term *terms)
{
    const struct scoring *scoring = self->scoring;
    double n[2];
    double signals = 0;
    size_t count = 0;
    for (unsigned s = 0; s < SIGNAL_RATING_OFFICE_ANSWERS; s++) {
        uint32_t channels = oracle_channels(driver, s, among);
        if (scoring->signal_weight[driver][s] > 0 && oracle_is_usable(self, s, channels, n)) {
            terms[count++] = (struct oracle_term){s, channels, scoring->signal_weight[driver][s]};
            signals += scoring->signal_weight[driver][s];
        }
    }
    unsigned rating = SIGNAL_RATING_OFFICE_ANSWERS + driver;
    uint32_t channels = oracle_channels(driver, rating, among);
    double operational = count ? scoring->line_weight_operational[driver] : 0;
    double survey = oracle_is_usable(self, rating, channels, n) ? scoring->line_weight_survey[driver] : 0;
    for (size_t i = 0; i < count; i++) {
        terms[i].omega *= weight / signals * operational / (operational + survey);
    }
    if (survey > 0) {
        terms[count++] = (struct oracle_term){rating, channels, weight * survey / (operational + survey)};
    }
    return count;
}

static inline size_t oracle_terms(const struct oracle *self, unsigned subject, struct oracle_term *terms)
{
    struct subject_parts parts = subject_parts(subject);
    uint32_t among = parts.channel == CHANNELS ? 15u : 1u << parts.channel;
    size_t count = 0;
    double sum = 0;
    double n[2];
    if (parts.behaviour != BEHAVIOURS) {
        unsigned signal = SIGNAL_RATING_COMPLIANCE + (unsigned)parts.behaviour;
        terms[0] = (struct oracle_term){signal, 15u, 1};
        return oracle_is_usable(self, signal, 15u, n);
    }
    for (unsigned d = 0; d < DRIVERS; d++) {
        if (parts.driver == DRIVERS || parts.driver == d) {
            double weight = parts.driver == DRIVERS ? self->scoring->driver_weight[d] : 1;
            size_t more = oracle_driver(self, d, among, weight, terms + count);
            sum += more ? weight : 0;
            count += more;
        }
    }
    for (size_t i = 0; i < count; i++) {
        terms[i].omega /= sum;
    }
    return count;
}

static inline void oracle_interactions(const struct oracle *self, unsigned subject, const struct oracle_term *terms,
                                       size_t count, double out[2])
{
    struct subject_parts parts = subject_parts(subject);
    struct oracle_stratum strata[ORACLE_SERVICES + 1];
    uint32_t channels = 0;
    for (size_t i = 0; i < count; i++) {
        for (unsigned c = 0; c < CHANNELS; c++) {
            bool used = (terms[i].channels >> c & 1) && oracle_strata(self, terms[i].signal, c, strata);
            channels |= (uint32_t)used << c;
        }
    }
    for (int side = 0; side < 2; side++) {
        double said = 0;
        double components = 0;
        for (size_t i = 0; i < count; i++) {
            double n[2];
            (void)oracle_is_usable(self, terms[i].signal, terms[i].channels, n);
            components += n[side];
        }
        for (unsigned c = 0; c < CHANNELS; c++) {
            double any = self->any[side][c];
            double driver = parts.driver == DRIVERS
                                ? any
                                : self->operational[side][c][parts.driver] + self->survey[side][c][parts.driver];
            said += channels >> c & 1 ? fmin(any, driver) : 0;
        }
        out[side] = parts.behaviour != BEHAVIOURS ? components : fmin(said, components);
    }
}

/* Over what was added up. */
static inline struct oracle_answer oracle_compare(const struct oracle *self, unsigned subject, double z, double phi)
{
    struct oracle_answer answer = {.compared = false};
    struct oracle_term terms[DRIVERS * SIGNALS];
    size_t count = oracle_terms(self, subject, terms);
    double interactions[2];
    double sums[2][3] = {{0}}; /* of outcomes, squared; of what was answered, as it is: below, above, variance */
    double third[2] = {0};     /* moments of outcomes; of what was answered, their roots */
    oracle_interactions(self, subject, terms, count, interactions);
    answer.n_now = interactions[0];
    answer.n_base = interactions[1];
    answer.compared = count > 0;
    for (size_t i = 0; i < count; i++) {
        double n[2];
        double below = 0;
        double above = 0;
        double variance = 0;
        double skewed = 0;
        (void)oracle_is_usable(self, terms[i].signal, terms[i].channels, n);
        for (unsigned c = 0; c < CHANNELS; c++) {
            struct oracle_stratum strata[ORACLE_SERVICES + 1];
            size_t of_channel = terms[i].channels >> c & 1 ? oracle_strata(self, terms[i].signal, c, strata) : 0;
            for (size_t s = 0; s < of_channel; s++) {
                double w = strata[s].n[0] / n[0];
                double w_base = strata[s].n[1] / n[1];
                double p = strata[s].n[0] > 0 ? strata[s].x[0] / strata[s].n[0] : 0;
                double p_base = strata[s].n[1] > 0 ? strata[s].x[1] / strata[s].n[1] : 0;
                double a = terms[i].omega * w;
                double pooled_n = strata[s].n[0] + strata[s].n[1] + 2;
                double pooled = (strata[s].x[0] + strata[s].x[1] + 1) / pooled_n;
                double pooled_q = (strata[s].q[0] + strata[s].q[1] + 1) / pooled_n;
                answer.d += a * (p - p_base);
                answer.mix += terms[i].omega * (w - w_base) * p_base;
                variance +=
                    a * a * (pooled_q - pooled * pooled) * (1 / fmax(strata[s].n[0], 1) + 1 / fmax(strata[s].n[1], 1));
                if (strata[s].n[0] > 0) {
                    double few = oracle_answers(&strata[s], terms[i].signal, self);
                    skewed += pow(a, 3) * oracle_third(pooled) *
                              (pow(few / fmax(strata[s].n[0], 1), 2) - pow(few / fmax(strata[s].n[1], 1), 2));
                    double base_low =
                        strata[s].n[1] > 0 ? oracle_bound(self, terms[i].signal, &strata[s], 1, z, false) : 0;
                    double base_high =
                        strata[s].n[1] > 0 ? oracle_bound(self, terms[i].signal, &strata[s], 1, z, true) : 1;
                    double low = oracle_bound(self, terms[i].signal, &strata[s], 0, z, false);
                    double high = oracle_bound(self, terms[i].signal, &strata[s], 0, z, true);
                    above += a * a * ((high - p) * (high - p) + (p_base - base_low) * (p_base - base_low));
                    below += a * a * ((p - low) * (p - low) + (base_high - p_base) * (base_high - p_base));
                }
            }
        }
        bool answered = terms[i].signal >= SIGNAL_RATING_OFFICE_ANSWERS;
        sums[answered][0] += answered ? sqrt(below) : below;
        sums[answered][1] += answered ? sqrt(above) : above;
        sums[answered][2] += answered ? sqrt(variance) : variance;
        third[answered] += answered ? copysign(pow(fabs(skewed), 1.0 / 3), skewed) : skewed;
    }
    for (unsigned k = 0; k < 3; k++) {
        sums[0][k] = sqrt(sums[0][k] + sums[1][k] * sums[1][k]);
    }
    double gamma = (third[0] + pow(third[1], 3)) / pow(fmax(sums[0][2], 1e-6), 3);
    double shift = sums[0][2] * gamma * (fmin(z * z, 9) - 1) / 6; /* Cornish and Fisher's first, to 3 sd */
    answer.low = answer.d - sqrt(phi) * sums[0][0] - shift;
    answer.high = answer.d + sqrt(phi) * sums[0][1] - shift;
    answer.z = answer.d / fmax(sums[0][2], 1e-6);
    return answer;
}

/* ---- windows ---- */

/* The panes reach back nine weeks, the open one included: what is older is forgotten. */
static inline void oracle_forget(struct oracle *self, int64_t as_of_us)
{
    int64_t first_us = (time_floor(as_of_us, PANE_US) - 251) * PANE_US;
    size_t kept = 0;
    for (size_t i = 0; i < self->count; i++) {
        if (self->events[i].at_us >= first_us) {
            self->events[kept++] = self->events[i];
        }
    }
    self->count = kept;
}

static inline int64_t oracle_begins_us(const struct oracle *self)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < self->count; i++) {
        first = self->events[i].at_us < first ? self->events[i].at_us : first;
    }
    return time_floor(first, PANE_US) * PANE_US;
}

static const int64_t oracle_panes_us[] = {US_PER_MINUTE, US_PER_HOUR, US_PER_HOUR, PANE_US};
static const int64_t oracle_lengths_us[] = {US_PER_HOUR, 4 * US_PER_HOUR, US_PER_DAY, US_PER_WEEK};

/* What is told is of whole panes; what is tested is as long as its name says. */
static inline int64_t oracle_start_us(enum test test, int64_t as_of_us, bool told)
{
    int64_t pane_us = oracle_panes_us[test];
    int64_t end_us = told ? time_floor(as_of_us, pane_us) * pane_us : as_of_us;
    return end_us - oracle_lengths_us[test];
}

/* Whether a minute is one of the hours that the window is matched with. */
static inline bool oracle_is_matched(const struct oracle *self, int64_t minute_us, int64_t from_us, int64_t to_us)
{
    for (int64_t k = 1; k <= self->scoring->detection.baseline_weeks; k++) {
        int64_t then = minute_us + k * US_PER_WEEK;
        if (then >= from_us && then < to_us && oracle_working(self, time_floor(then, US_PER_DAY))) {
            return oracle_base_day(self, time_floor(minute_us, US_PER_DAY));
        }
    }
    return false;
}

static inline void oracle_set(struct oracle *self, enum test test, int64_t as_of_us, bool told)
{
    int64_t from_us = oracle_start_us(test, as_of_us, told);
    int64_t to_us = as_of_us < from_us + US_PER_WEEK ? as_of_us : from_us + US_PER_WEEK;
    int64_t done = INT64_MIN; /* events are in order: a pane's share is counted once */
    double share = 0;
    oracle_clear(self);
    for (size_t i = 0; i < self->count; i++) {
        const struct oracle_event *event = &self->events[i];
        int64_t pane = time_floor(event->at_us, PANE_US);
        int64_t end_us = (time_floor(event->at_us, oracle_panes_us[test]) + 1) * oracle_panes_us[test];
        if (end_us > from_us && oracle_working(self, time_floor(event->at_us, US_PER_DAY))) {
            oracle_add(self, event, 0, fmin(1, (double)(end_us - from_us) / (double)oracle_panes_us[test]));
        }
        if (pane != done) {
            unsigned minutes = 0;
            for (int64_t at = pane * PANE_US; at < (pane + 1) * PANE_US; at += US_PER_MINUTE) {
                minutes += oracle_is_matched(self, at, from_us, to_us);
            }
            share = minutes / 360.0;
            done = pane;
        }
        if (share > 0) {
            oracle_add(self, event, 1, share);
        }
    }
}

static inline bool oracle_days_count(const struct oracle *self, int64_t from_us, int64_t to_us)
{
    for (int64_t at = from_us; at < to_us; at += US_PER_HOUR) {
        if (!oracle_base_day(self, time_floor(at, US_PER_DAY))) {
            return false;
        }
    }
    return true;
}

/* φ of every subject; 0: too few earlier windows. */
static inline void oracle_phi(struct oracle *self, enum test test, int64_t hour_us, double phi[SUBJECTS])
{
    static const int64_t steps[] = {US_PER_HOUR, 4 * US_PER_HOUR, US_PER_DAY, US_PER_DAY};
    static const int64_t wholes[] = {US_PER_HOUR, US_PER_HOUR, PANE_US, PANE_US};
    static const int counts[] = {48, 48, 28, 28};
    int64_t begins_us = oracle_begins_us(self);
    double squares[SUBJECTS] = {0};
    int seen[SUBJECTS] = {0};
    int64_t end_us = time_floor(oracle_start_us(test, hour_us, true), wholes[test]) * wholes[test];
    for (int j = 0; j < counts[test]; j++, end_us -= steps[test]) {
        int64_t from_us = end_us - oracle_lengths_us[test];
        bool any_week = false;
        if (from_us - 4 * US_PER_WEEK < begins_us || !oracle_days_count(self, from_us, end_us)) {
            continue;
        }
        oracle_clear(self);
        for (int k = 0; k <= 4; k++) {
            int64_t back = k * US_PER_WEEK;
            if (!oracle_days_count(self, from_us - back, end_us - back)) {
                continue;
            }
            any_week |= k > 0;
            for (size_t i = 0; i < self->count; i++) {
                const struct oracle_event *event = &self->events[i];
                if (k == 0 && event->at_us >= from_us && event->at_us < end_us) {
                    oracle_add(self, event, 0, 1);
                }
                double share = k ? oracle_share(event->at_us, from_us - back, end_us - back) : 0;
                if (share > 0) {
                    oracle_add(self, event, 1, share);
                }
            }
        }
        for (unsigned s = 0; any_week && s < SUBJECTS; s++) {
            struct oracle_answer answer = oracle_compare(self, s, 1, 1);
            if (answer.compared && !oracle_few(answer.n_now, 10)) {
                squares[s] += answer.z * answer.z;
                seen[s]++;
            }
        }
    }
    for (unsigned s = 0; s < SUBJECTS; s++) {
        phi[s] = seen[s] < 10 ? 0 : fmin(400, fmax(1, squares[s] / seen[s]));
    }
}

#endif
