/* traffic.h - believable interactions of a fixed seed, for the programs that measure.
 *
 * Shape: 1,000 agencies of different quality, on four channels; what an event says depends on its channel, as in the
 * schemas. Values take about 250 bytes as Avro. Ownership: an interaction's texts lie in the struct visitor that made
 * it, until its next one. */
#ifndef SLIPSTREAM_BENCH_TRAFFIC_H
#define SLIPSTREAM_BENCH_TRAFFIC_H

#include "seeded.h"
#include "slipstream/model.h"

#include <math.h>
#include <stdio.h>

#define AGENCIES 1000
#define SERVICES 3

#define ID_PREFIX "urn:uuid:"
#define ID_SIZE   (sizeof ID_PREFIX - 1 + 36)
struct visitor {
    struct seeded random;
    uint64_t weights[AGENCIES]; /* summed up: an agency's is the difference to the one before */
    char names[AGENCIES][64];
    char event_id[ID_SIZE], interaction_id[ID_SIZE];
};

/* skewed: the n-th agency gets 1/n of what the first does (Zipf); else all get the same. */
static inline void visitor_init(struct visitor *self, uint64_t seed, bool skewed)
{
    uint64_t sum = 0;
    self->random.state = seed;
    for (unsigned i = 0; i < AGENCIES; i++) {
        sum += skewed ? 1000000 / (i + 1) : 1;
        self->weights[i] = sum;
        snprintf(self->names[i], sizeof self->names[i], "commonwealth-of-columbia/department-of-public-works-%04u", i);
    }
}

static inline unsigned visitor_agency(struct visitor *self)
{
    uint64_t drawn = seeded_below(&self->random, self->weights[AGENCIES - 1]);
    unsigned low = 0;
    for (unsigned high = AGENCIES - 1; low < high;) {
        unsigned middle = (low + high) / 2;
        if (self->weights[middle] > drawn) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Never the same twice: the generator's state never is. */
static inline struct span visitor_id(struct visitor *self, char text[ID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    static const char form[] = ID_PREFIX "########-####-####-####-############";
    uint64_t bits = 0;
    unsigned drawn = 0;
    for (size_t i = 0; i < ID_SIZE; i++) {
        text[i] = form[i];
        if (form[i] == '#') {
            bits = drawn++ % 16 == 0 ? seeded_bits(&self->random) : bits >> 4;
            text[i] = digits[bits & 15];
        }
    }
    return span_of(text, ID_SIZE);
}

/* 1 with a chance of percent in a hundred. */
static inline int64_t visitor_flag(struct visitor *self, int64_t percent)
{
    return (int64_t)seeded_below(&self->random, 100) < percent;
}

/* Exponential: most are short, some are long; in ms. */
static inline int64_t visitor_duration(struct visitor *self, int64_t mean_ms)
{
    return (int64_t)((double)mean_ms * -log(1.0 - seeded_unit(&self->random)));
}

static inline void visitor_survey(struct visitor *self, int64_t quality, struct interaction *it)
{
    int64_t *rating = &it->rating_office_answers;
    for (; rating <= &it->rating_satisfaction; rating++) {
        if (visitor_flag(self, 80)) {
            *rating = visitor_flag(self, quality) ? seeded_between(&self->random, 4, 5)
                                                  : seeded_between(&self->random, 1, 3);
        }
    }
}

static inline void visitor_web(struct visitor *self, int64_t quality, struct interaction *it)
{
    it->completed = visitor_flag(self, quality);
    it->error_shown = visitor_flag(self, 100 - quality);
    it->search_found = visitor_flag(self, 40) ? visitor_flag(self, quality) : ABSENT;
    it->page_helpful = visitor_flag(self, 20) ? visitor_flag(self, quality) : ABSENT;
}

static inline void visitor_contact(struct visitor *self, int64_t quality, struct interaction *it)
{
    it->outcome = visitor_flag(self, 92) ? CONTACT_SERVED : CONTACT_ABANDONED;
    it->wait = visitor_duration(self, 60 * 1000);
    if (it->outcome == CONTACT_ABANDONED) {
        return;
    }
    it->questions_answered = visitor_flag(self, quality);
    it->resolved = visitor_flag(self, quality);
    it->transfers = visitor_flag(self, 15) ? seeded_between(&self->random, 1, 3) : 0;
    it->agent_informed = visitor_flag(self, quality);
    it->escalated = visitor_flag(self, 4);
    it->hold = it->channel == CHANNEL_PHONE ? visitor_duration(self, 20 * 1000) : ABSENT;
    it->wrap_up = visitor_duration(self, 45 * 1000);
    it->contained = it->channel == CHANNEL_CHAT ? visitor_flag(self, 35) : ABSENT;
    it->timing_inaccurate = it->channel == CHANNEL_OFFICE ? visitor_flag(self, 3) : ABSENT;
}

/* The next event of a channel, at a moment. */
static inline void visitor_next(struct visitor *self, enum channel channel, unsigned services, int64_t at_us,
                                struct interaction *it)
{
    static const char *const names[SERVICES] = {"licences-permits-and-renewals", "benefits-and-entitlements",
                                                "individual-income-tax-returns"};
    unsigned agency = visitor_agency(self);
    int64_t quality = 55 + (int64_t)(agency * 7 % 41);
    interaction_init(it, channel);
    it->event_id = visitor_id(self, self->event_id);
    it->interaction_id = visitor_id(self, self->interaction_id);
    it->agency = span_text(self->names[agency]);
    it->service = span_text(names[seeded_below(&self->random, services)]);
    it->kind = EVENT_INTERACTION;
    it->occurred_at = at_us;
    it->started_at = at_us - visitor_duration(self, 300 * 1000) * 1000;
    it->reopened = visitor_flag(self, 3);
    it->repeat_contact = visitor_flag(self, 100 - quality);
    it->resolution = visitor_flag(self, 70) ? visitor_duration(self, INT64_C(6) * 3600 * 1000) : ABSENT;
    it->survey_offered = visitor_flag(self, 50);
    if (it->survey_offered && visitor_flag(self, 25)) {
        visitor_survey(self, quality, it);
    }
    if (channel == CHANNEL_WEB) {
        visitor_web(self, quality, it);
    } else {
        visitor_contact(self, quality, it);
    }
}

#endif
