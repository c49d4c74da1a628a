/* slip_history.h - random histories of one agency: the same events into a fold and into the oracle's list. */
#ifndef SLIPSTREAM_TESTS_SLIP_HISTORY_H
#define SLIPSTREAM_TESTS_SLIP_HISTORY_H

#include "slipstream/pipeline/examine.h"
#include "folded.h"
#include "seeded.h"
#include "slip_oracle.h"

#define HISTORY_BEGIN (INT64_C(20459) * US_PER_DAY) /* 2026-01-06 */

struct history_shape {
    unsigned days, per_day;
    double slip; /* of every good outcome */
    unsigned slip_hours, slip_ends; /* how long, and how many hours before the end it is over */
    unsigned survey_percent;
    bool mean_method;
};

struct slip_history {
    struct seeded random;
    struct fold *fold;
    uint32_t agency, services[ORACLE_SERVICES];
    struct oracle oracle;
    uint64_t ids;
};

static inline void outcome_of(struct signal_event *event, struct oracle_event *known, enum signal signal, bool good)
{
    bool yes = good == signal_table[signal].good_is_yes;
    event->outcomes_known |= 1u << signal;
    event->outcomes_yes |= (uint32_t)yes << signal;
    known->good[signal] = good ? 4 : 0;
}

static inline void duration_of(struct signal_event *event, enum signal signal, int64_t ms)
{
    event->duration_ms[signal - SIGNAL_WAIT] = ms;
}

static inline void rating_of(struct signal_event *event, struct oracle_event *known, enum signal signal,
                             unsigned rating, bool is_mean)
{
    event->ratings |= (uint64_t)rating << 3 * (signal - SIGNAL_RATING_OFFICE_ANSWERS);
    known->good[signal] = (int8_t)(is_mean ? (int)rating - 1 : rating >= 4 ? 4 : 0);
}

/* What a contact by phone or chat says, given up or answered. */
static inline void say_contact(struct slip_history *self, struct signal_event *event, struct oracle_event *known,
                               double p)
{
    struct seeded *random = &self->random;
    int64_t wait_ms = (int64_t)(80000 * seeded_unit(random));
    if (seeded_one_in(random, 8)) {
        bool is_short = wait_ms < self->oracle.scoring->short_abandon_ms[event->channel];
        duration_of(event, SIGNAL_ABANDONED_AFTER, wait_ms);
        known->good[SIGNAL_ANSWERED] = (int8_t)(is_short ? -1 : 0);
        known->said_operational[DRIVER_REP_ANSWERS] = !is_short;
        return;
    }
    outcome_of(event, known, SIGNAL_ANSWERED, true);
    outcome_of(event, known, SIGNAL_RESOLVED, seeded_unit(random) < p);
    outcome_of(event, known, SIGNAL_TRANSFERRED, seeded_unit(random) < p);
    if (seeded_one_in(random, 2)) {
        outcome_of(event, known, SIGNAL_QUESTIONS_ANSWERED, seeded_unit(random) < p);
    }
    duration_of(event, SIGNAL_WAIT, wait_ms);
    known->good[SIGNAL_WAIT] = wait_ms < self->oracle.scoring->wait_standard_ms[event->channel] ? 4 : 0;
    known->said_operational[DRIVER_REP_ANSWERS] = known->said_operational[DRIVER_QUICK_RESOLUTION] = true;
}

static inline void say_web(struct slip_history *self, struct signal_event *event, struct oracle_event *known, double p)
{
    outcome_of(event, known, SIGNAL_COMPLETED, seeded_unit(&self->random) < p);
    if (seeded_one_in(&self->random, 3)) {
        outcome_of(event, known, SIGNAL_ERROR_SHOWN, seeded_unit(&self->random) < p);
    }
    known->said_operational[DRIVER_QUALITY] = known->said_operational[DRIVER_QUICK_RESOLUTION] = true;
}

static inline void say_survey(struct slip_history *self, struct signal_event *event, struct oracle_event *known,
                              double p, bool is_mean)
{
    static const enum signal statements[] = {SIGNAL_RATING_QUALITY, SIGNAL_RATING_QUICK_RESOLUTION,
                                             SIGNAL_RATING_TRUST};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        bool good = seeded_unit(&self->random) < p;
        unsigned rating = (unsigned)(good ? seeded_between(&self->random, 4, 5) : seeded_between(&self->random, 1, 3));
        rating_of(event, known, statements[i], rating, is_mean);
    }
    known->said_survey[DRIVER_QUALITY] = known->said_survey[DRIVER_QUICK_RESOLUTION] = true;
}

static inline void say_one(struct slip_history *self, int64_t at_us, double p, const struct history_shape *shape)
{
    static const enum channel channels[] = {CHANNEL_WEB, CHANNEL_WEB, CHANNEL_PHONE, CHANNEL_PHONE, CHANNEL_CHAT};
    static const unsigned services[] = {0, 0, 0, 0, 1, 1, 2};
    struct oracle *oracle = &self->oracle;
    struct oracle_event *known = &oracle->events[oracle->count++];
    struct signal_event event = {.at_us = at_us, .id = ++self->ids, .kind = EVENT_INTERACTION, .transfers = -1};
    memset(known, 0, sizeof *known);
    memset(known->good, -1, sizeof known->good);
    for (unsigned i = 0; i < DURATIONS; i++) {
        event.duration_ms[i] = ABSENT;
    }
    event.channel = channels[seeded_below(&self->random, 5)];
    *known = (struct oracle_event){.at_us = at_us, .channel = event.channel};
    memset(known->good, -1, sizeof known->good);
    known->service = services[seeded_below(&self->random, 7)];
    p += .05 * known->service;
    if (event.channel == CHANNEL_WEB) {
        say_web(self, &event, known, p);
    } else {
        say_contact(self, &event, known, p);
    }
    if (seeded_below(&self->random, 100) < shape->survey_percent) {
        say_survey(self, &event, known, p, shape->mean_method);
    }
    (void)fold_event(self->fold, self->agency, self->services[known->service], &event, (struct event_time){at_us});
    fold_settle(self->fold);
}

static inline void history_open(struct slip_history *self, uint64_t seed, const struct scoring *scoring)
{
    const struct fold_limits limits = {.ids_max = 64, .horizon_us = 1, .agencies_max = 4, .services_max = 8};
    memset(self, 0, sizeof *self);
    self->random.state = seed;
    self->oracle.scoring = scoring;
    self->fold = fold_open(&limits);
    self->agency = fold_agency(self->fold, span_text("tax"));
    for (unsigned s = 0; s < ORACLE_SERVICES; s++) {
        char name[4] = {'s', (char)('0' + s), 0};
        self->services[s] = fold_service(self->fold, self->agency, span_text(name));
    }
}

/* Who is called every five minutes of the history's last days, when all before was folded in. */
struct history_watcher {
    unsigned days;
    void *context;
    void (*look)(void *context, struct slip_history *history, struct event_time as_of);
};

/* Events in order, more of them by day than by night; returns when the last minute begins. */
static inline struct event_time history_make(struct slip_history *self, const struct history_shape *shape,
                                             const struct history_watcher *watcher)
{
    int64_t end_us = HISTORY_BEGIN + shape->days * US_PER_DAY;
    int64_t step_us = US_PER_DAY / shape->per_day;
    int64_t slip_end_us = end_us - shape->slip_ends * US_PER_HOUR;
    int64_t look_us = watcher ? end_us - watcher->days * US_PER_DAY : INT64_MAX;
    for (int64_t at_us = HISTORY_BEGIN; at_us < end_us; at_us += step_us) {
        bool slips = at_us >= slip_end_us - shape->slip_hours * US_PER_HOUR && at_us < slip_end_us;
        int64_t hour = at_us / US_PER_HOUR % 24;
        double p = .8 - (slips ? shape->slip : 0) - (hour < 6 ? .1 : 0);
        for (; at_us >= look_us; look_us += 5 * US_PER_MINUTE) {
            fold_advance(self->fold, (struct event_time){look_us});
            watcher->look(watcher->context, self, (struct event_time){look_us});
        }
        if (self->oracle.count < ORACLE_EVENTS && (hour >= 8 || seeded_one_in(&self->random, 3))) {
            say_one(self, at_us, p, shape);
        }
    }
    fold_advance(self->fold, (struct event_time){end_us - US_PER_MINUTE});
    return (struct event_time){end_us - US_PER_MINUTE};
}

static inline void history_free(struct slip_history *self)
{
    fold_close(self->fold);
}

#endif
