/* simulate_run.c - one agency's history, minute by minute, into a fold and before those who look. */
#include "simulate.h"

#include "generator_parts.h"

#include "slipstream/score/explain.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define MINUTES_A_DAY   (24 * 60)
#define HISTORY_MINUTES (HISTORY_WEEKS * 7 * MINUTES_A_DAY)
#define HAPPENS_MINUTE  (HAPPENS_AT_HOUR * 60)
#define OUTAGE_MINUTES  120
#define BEHIND_MINUTES  10 /* the slower channel, after an outage */
#define BACKFILL_DAYS   5

/* Somebody who looks at the agency, with a memory of their own. */
struct watcher {
    struct scoring scoring, other; /* as from HAPPENS_METHOD on */
    struct examiner *examiner;
    struct agency_detection detection;
    bool is_over; /* nothing they find matters any more */
};

/* What has happened and is not told yet. */
struct withheld {
    struct pane *panes[STRATA_MAX];
    size_t count[STRATA_MAX], capacity[STRATA_MAX];
};

struct worker {
    const struct simulation *simulation;
    const struct scenario *scenario;
    struct traffic *traffic;
    struct watcher watchers[WATCHES];
    unsigned watcher_count;
    struct withheld withheld;
    struct fold *fold;
    uint32_t agency, cells[STRATA_MAX];
    int64_t in_test; /* minutes */
    struct event_time previous;
    struct agency_outcome *outcome;
    int64_t holidays[SIMULATED_HOLIDAYS];
};

/* ---- who looks ---- */

/* One window alone. φ of the pinned reference is that of 7 d, which then looks, but never is sure enough. */
static void watch_one(struct detection *rule, enum test only)
{
    for (unsigned t = 0; t < TESTS; t++) {
        if (t != (unsigned)only) {
            bool needed = only == TEST_PINNED && t == TEST_7D;
            rule->tests[t].look_us = needed ? rule->tests[t].look_us : 0;
            rule->tests[t].z = needed ? 1000 : rule->tests[t].z;
        }
    }
}

/* Signals that nobody in this history says need not be asked for: it changes nothing but the time it takes. */
static void leave_out_unsaid(struct scoring *scoring, const struct scenario *scenario)
{
    static const enum signal things[] = {SIGNAL_RESOLVED, SIGNAL_WAIT, SIGNAL_TRANSFERRED, SIGNAL_QUESTIONS_ANSWERED};
    for (unsigned d = 0; d < DRIVERS; d++) {
        double weights[SIGNALS];
        memcpy(weights, scoring->signal_weight[d], sizeof weights);
        memset(scoring->signal_weight[d], 0, sizeof weights);
        for (unsigned i = 0; i < 4 && (i == 0 || i < scenario->says); i++) {
            scoring->signal_weight[d][things[i]] = weights[things[i]];
        }
        scoring->line_weight_survey[d] = scenario->surveys > 0 ? scoring->line_weight_survey[d] : 0;
    }
}

static void watcher_open(struct worker *self, struct watcher *watcher, unsigned watch)
{
    watcher->scoring = *self->simulation->scoring;
    leave_out_unsaid(&watcher->scoring, self->scenario);
    if (self->scenario->event == HAPPENS_HOLIDAYS) {
        watcher->scoring.holidays = self->holidays;
        watcher->scoring.holiday_count = SIMULATED_HOLIDAYS;
    }
    if (watch != WATCH_ALL) {
        watch_one(&watcher->scoring.detection, (enum test)(watch - WATCH_ONE));
    }
    watcher->other = watcher->scoring;
    watcher->other.method = METHOD_MEAN;
    for (unsigned c = 0; c < CHANNELS; c++) {
        watcher->other.wait_standard_ms[c] = 30000;
    }
    memcpy(watcher->other.version, "another one 0000", sizeof watcher->other.version);
    watcher->examiner = examiner_open(&watcher->scoring);
    if (self->scenario->event != HAPPENS_BACKFILL && self->scenario->event != HAPPENS_INTAKE_OUT) {
        examiner_spare_phi(watcher->examiner); /* nothing comes late */
    }
    agency_detection_init(&watcher->detection);
}

static void watchers_begin(struct worker *self)
{
    for (unsigned w = 0; w < self->watcher_count; w++) {
        struct watcher *watcher = &self->watchers[w];
        agency_detection_done(&watcher->detection);
        agency_detection_init(&watcher->detection);
        examiner_use(watcher->examiner, &watcher->scoring);
        watcher->is_over = false;
    }
}

/* ---- what is found ---- */

static struct span name_service(void *context, uint32_t service)
{
    const struct worker *self = context;
    return fold_agency_at(self->fold, self->agency)->services[service].name;
}

/* Whether the contribution that is named first is the first stratum's, by its wait. */
static bool is_explained(struct worker *self, const struct scoring *scoring, const struct finding *finding)
{
    const struct simulated_stratum *cause = &self->scenario->strata[0];
    struct explanation explanation;
    (void)explain_contributions(finding, scoring, name_service, self, &explanation);
    const struct contribution *first = &explanation.contributions[0];
    return explanation.contribution_count > 0 && first->signal == SIGNAL_WAIT && first->channel == cause->channel &&
           strcmp(first->service, cause->service) == 0;
}

static void see_contributions(struct agency_outcome *outcome, const struct finding *finding)
{
    double sum = 0;
    for (size_t i = 0; i < finding->row_count; i++) {
        sum += finding_row_points(&finding->rows[i]);
    }
    outcome->contribution_error = fmax(outcome->contribution_error, fabs(sum - finding->d));
}

static void see_opened(struct worker *self, unsigned watch, const struct examine_event *event)
{
    struct agency_outcome *outcome = self->outcome;
    int64_t since_slip = self->in_test - scenario_slip_minute(self->scenario);
    if (watch == WATCH_ALL) {
        uint16_t *episodes = event->subject == SUBJECT_CX ? outcome->episodes : outcome->parts;
        episodes[event->slip->opened_by]++;
        see_contributions(outcome, &event->finding);
    }
    if (event->subject != SUBJECT_CX || !scenario_slips(self->scenario) || self->watchers[watch].is_over) {
        return;
    }
    self->watchers[watch].is_over = true; /* also when it was too early: that one has cried wolf */
    outcome->fired[watch] = since_slip >= 0 ? since_slip : -1;
    if (watch == WATCH_ALL) {
        outcome->explained = is_explained(self, &self->watchers[watch].scoring, &event->finding);
    }
}

/* ---- looks ---- */

/* Whether episodes may neither open nor close, as when the stage is catching up. */
static bool holds(const struct worker *self)
{
    int64_t since = self->in_test - HAPPENS_MINUTE;
    switch (self->scenario->event) {
    case HAPPENS_INTAKE_OUT:
        return since >= 0 && since < OUTAGE_MINUTES + BEHIND_MINUTES;
    case HAPPENS_SCORE_OUT:
        return since >= 0 && since < OUTAGE_MINUTES - 10;
    default:
        return false;
    }
}

/* While nothing comes, and intake says nothing of its progress, as_of stands still: there is nothing to look at. */
static bool stands_still(const struct worker *self)
{
    int64_t since = self->in_test - HAPPENS_MINUTE;
    return self->scenario->event == HAPPENS_INTAKE_OUT && since >= 0 && since < OUTAGE_MINUTES;
}

static void look(struct worker *self)
{
    const struct examine_look seen = {fold_as_of(self->fold), self->previous, holds(self)};
    for (unsigned w = 0; w < self->watcher_count; w++) {
        struct watcher *watcher = &self->watchers[w];
        if (watcher->is_over) {
            continue;
        }
        if (self->scenario->event == HAPPENS_METHOD && self->in_test == HAPPENS_MINUTE) {
            examiner_use(watcher->examiner, &watcher->other);
        }
        struct examined found = examine_agency(watcher->examiner, self->fold, self->agency, &watcher->detection, &seen);
        for (size_t i = 0; i < found.event_count; i++) {
            if (found.events[i].transition == ALERT_OPENED) {
                see_opened(self, w, &found.events[i]);
            }
        }
    }
    self->previous = seen.as_of;
}

static bool is_over(const struct worker *self)
{
    bool over = scenario_slips(self->scenario);
    int64_t since_slip = self->in_test - scenario_slip_minute(self->scenario);
    for (unsigned w = 0; w < self->watcher_count; w++) {
        bool is_long = w == WATCH_ALL || w - WATCH_ONE >= TEST_7D;
        bool in_vain = since_slip > (is_long || self->scenario->slide > 0 ? 28 : 7) * MINUTES_A_DAY;
        over = over && (self->watchers[w].is_over || in_vain);
    }
    return over;
}

/* ---- what comes ---- */

static void join(struct worker *self, unsigned stratum, struct pane *minute)
{
    struct fold_cell *cell = fold_cell_at(self->fold, self->cells[stratum]);
    if (minute->touches) {
        ASSERT(cell_join(&cell->cell, minute, fold_as_of(self->fold)) == CELL_APPLIED);
    }
}

static void withhold(struct worker *self, unsigned stratum, const struct pane *minute)
{
    struct withheld *held = &self->withheld;
    if (!minute->touches) {
        return;
    }
    if (held->count[stratum] == held->capacity[stratum]) {
        held->capacity[stratum] = held->capacity[stratum] ? 2 * held->capacity[stratum] : 256;
        held->panes[stratum] = realloc(held->panes[stratum], held->capacity[stratum] * sizeof *held->panes[stratum]);
        ASSERT(held->panes[stratum]);
    }
    held->panes[stratum][held->count[stratum]++] = *minute;
}

static void release(struct worker *self, unsigned stratum)
{
    for (size_t i = 0; i < self->withheld.count[stratum]; i++) {
        join(self, stratum, &self->withheld.panes[stratum][i]);
    }
    self->withheld.count[stratum] = 0;
}

static bool is_withheld(const struct worker *self, unsigned stratum)
{
    int64_t since = self->in_test - HAPPENS_MINUTE;
    switch (self->scenario->event) {
    case HAPPENS_BACKFILL:
        return stratum == 1 && since >= -BACKFILL_DAYS * MINUTES_A_DAY && since < 0;
    case HAPPENS_INTAKE_OUT:
        return since >= 0 && since < OUTAGE_MINUTES + (stratum == 1 ? BEHIND_MINUTES : 0);
    default:
        return false;
    }
}

/* A minute has passed: what came in it, and what is released by now. */
static void pass_minute(struct worker *self, struct event_time now)
{
    struct pane *minutes = traffic_minute(self->traffic);
    unsigned strata = scenario_strata(self->scenario);
    if (!stands_still(self)) {
        fold_advance(self->fold, now);
    }
    for (unsigned s = 0; s < strata; s++) {
        if (is_withheld(self, s)) {
            withhold(self, s, &minutes[s]);
        } else {
            release(self, s);
            join(self, s, &minutes[s]);
        }
        pane_clear(&minutes[s]);
    }
}

/* ---- one agency, and all of them ---- */

static void agency_begin(struct worker *self, unsigned number)
{
    static const struct fold_limits limits = {
        .ids_max = 16, .horizon_us = US_PER_HOUR, .agencies_max = 1, .services_max = STRATA_MAX};
    const struct scenario *scenario = self->scenario;
    char name[32];
    snprintf(name, sizeof name, "agency-%u", number);
    uint64_t seed = mixed(self->simulation->seed ^ hash64(span_text(scenario->name), 0)) + number;
    traffic_begin(self->traffic, mixed(seed));
    fold_close(self->fold);
    self->fold = fold_open(&limits);
    self->agency = fold_agency(self->fold, span_text(name));
    for (unsigned s = 0; s < scenario_strata(scenario); s++) {
        uint32_t service = fold_service(self->fold, self->agency, span_text(scenario->strata[s].service));
        self->cells[s] = fold_cell(self->fold, self->agency, service, scenario->strata[s].channel);
        self->withheld.count[s] = 0;
    }
    self->previous.us = INT64_MIN;
    watchers_begin(self);
}

static void simulate_agency(struct worker *self, unsigned number, atomic_bool *stop)
{
    int64_t end = HISTORY_MINUTES + (int64_t)self->simulation->weeks * 7 * MINUTES_A_DAY;
    agency_begin(self, number);
    *self->outcome = (struct agency_outcome){.minutes = end};
    for (unsigned w = 0; w < WATCHES; w++) {
        self->outcome->fired[w] = -1;
    }
    for (int64_t minute = 0; minute < end && !atomic_load_explicit(stop, memory_order_relaxed); minute++) {
        struct event_time now = {TRAFFIC_BEGIN_US + (minute + 1) * US_PER_MINUTE};
        self->in_test = minute + 1 - HISTORY_MINUTES;
        pass_minute(self, now);
        if (self->in_test >= 0) {
            look(self);
        }
        if (self->in_test >= 0 && is_over(self)) {
            self->outcome->minutes = minute + 1;
            return;
        }
    }
}

struct shared {
    const struct simulation *simulation;
    const struct scenario *scenario;
    struct simulation_progress *progress;
    struct agency_outcome *outcomes;
};

static void *work(void *context)
{
    const struct shared *shared = context;
    struct worker *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->simulation = shared->simulation;
    self->scenario = shared->scenario;
    self->traffic = traffic_open(shared->scenario);
    self->watcher_count = scenario_slips(shared->scenario) ? WATCHES : 1;
    for (unsigned i = 0; i < SIMULATED_HOLIDAYS; i++) {
        self->holidays[i] = TRAFFIC_BEGIN_US / US_PER_DAY + simulated_holidays[i];
    }
    for (unsigned w = 0; w < self->watcher_count; w++) {
        watcher_open(self, &self->watchers[w], w);
    }
    while (!atomic_load(&shared->progress->stop)) {
        unsigned number = atomic_fetch_add(&shared->progress->next, 1);
        if (number >= shared->simulation->agencies) {
            break;
        }
        self->outcome = &shared->outcomes[number];
        simulate_agency(self, number, &shared->progress->stop);
        atomic_fetch_add(&shared->progress->done, 1);
    }
    for (unsigned w = 0; w < self->watcher_count; w++) {
        examiner_close(self->watchers[w].examiner);
        agency_detection_done(&self->watchers[w].detection);
    }
    for (unsigned s = 0; s < STRATA_MAX; s++) {
        free(self->withheld.panes[s]);
    }
    fold_close(self->fold);
    traffic_close(self->traffic);
    free(self);
    return NULL;
}

bool simulate_scenario(const struct simulation *self, const struct scenario *scenario,
                       struct simulation_progress *progress, struct agency_outcome *outcomes)
{
    struct shared shared = {self, scenario, progress, outcomes};
    pthread_t threads[SIMULATE_JOBS_MAX];
    unsigned started = 0;
    while (started + 1 < self->jobs && pthread_create(&threads[started], NULL, work, &shared) == 0) {
        started++;
    }
    (void)work(&shared);
    while (started > 0) {
        (void)pthread_join(threads[--started], NULL);
    }
    return !atomic_load(&progress->stop);
}
