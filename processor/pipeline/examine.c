/* examine.c - one agency at one look: what is due is compared, and episodes open and close. */
#include "examine_parts.h"
#include "turn.h"

#include "slipstream/score.h"

#include <math.h>
#include <stdlib.h>

#define ROWS_FIRST 2048 /* more than the transitions of a look nearly ever come with */

void agency_detection_init(struct agency_detection *self)
{
    memset(self, 0, sizeof *self);
    for (unsigned s = 0; s < SUBJECTS; s++) {
        slip_init(&self->slips[s]);
    }
    buffer_init(&self->pin, PIN_SIZE_MAX);
    self->phi_at.us = INT64_MIN;
}

void agency_detection_done(struct agency_detection *self)
{
    buffer_done(&self->pin);
}

void agency_detection_history(struct agency_detection *self)
{
    for (unsigned t = 0; t < TESTS; t++) {
        if (self->phi[SUBJECT_CX][t] <= 0) {
            self->phi_at.us = INT64_MIN;
        }
    }
}

struct examiner *examiner_open(const struct scoring *scoring)
{
    struct examiner *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->comparison = comparison_open();
    self->row_capacity = ROWS_FIRST;
    self->rows = malloc(ROWS_FIRST * sizeof *self->rows);
    ASSERT(self->rows);
    history_init(&self->history);
    examiner_use(self, scoring);
    return self;
}

void examiner_close(struct examiner *self)
{
    if (!self) {
        return;
    }
    composition_close(self->composition);
    comparison_close(self->comparison);
    history_done(&self->history);
    free(self->sources);
    free(self->rows);
    free(self);
}

void examiner_use(struct examiner *self, const struct scoring *scoring)
{
    composition_close(self->composition);
    self->scoring = scoring;
    self->composition = composition_open(scoring);
    self->features = composition_features(self->composition);
}

void examiner_spare_phi(struct examiner *self)
{
    self->spares_phi = true;
}

/* ---- when ---- */

static bool is_due(const struct examiner *self, enum test test, const struct examine_look *look)
{
    int64_t period_us = self->scoring->detection.tests[test].look_us;
    return turn_has_come(self->agency->name, look->as_of, look->previous, period_us);
}

static uint32_t tests_due(const struct examiner *self, const struct examine_look *look)
{
    uint32_t due = 0;
    for (unsigned t = 0; t < TESTS; t++) {
        due |= (uint32_t)is_due(self, (enum test)t, look) << t;
    }
    return due;
}

/* Where the oldest pane is forgotten within the hour, later looks would find another history than the first. */
static bool may_spare_phi(const struct examiner *self, struct event_time as_of)
{
    int64_t pane_us = pane_shapes[PANE_SIX_HOURS].length_us;
    return self->spares_phi && time_floor(as_of.us, pane_us) == time_floor(as_of.us + US_PER_HOUR, pane_us);
}

/* The overdispersion is found once an hour, at a minute of the agency's own. */
static void see_phi(struct examiner *self, struct agency_detection *detection, struct event_time as_of)
{
    int64_t turn = turn_of_agency(self->agency->name, as_of, US_PER_HOUR);
    struct event_time hour = {turn * US_PER_HOUR};
    bool has_history = self->begins_us != INT64_MAX &&
                       as_of.us - self->begins_us >= self->scoring->detection.weeks_least * US_PER_WEEK;
    self->phi_hour.us = INT64_MIN;
    if (has_history && hour.us != detection->phi_at.us && may_spare_phi(self, as_of)) {
        self->phi_hour = hour;
    } else if (has_history && hour.us != detection->phi_at.us) {
        examine_phi(self, detection, hour);
    }
}

/* The looks that are counted were by one method: each slip keeps which, over restarts, too. */
static void see_method(struct examiner *self, struct agency_detection *detection)
{
    uint64_t method = scoring_method(self->scoring);
    if (detection->method == method) {
        return;
    }
    for (unsigned s = 0; s < SUBJECTS; s++) {
        struct slip *slip = &detection->slips[s];
        if (slip->episode.method && slip->episode.method != method) {
            detect_slip_method_changed(slip);
        }
        detection->slip_changed[s] |= slip->episode.method != method;
        slip->episode.method = method;
    }
    detection->method = method;
    detection->phi_at.us = INT64_MIN;
}

/* ---- findings ---- */

static double z_of(const struct detection *rule, enum test test, unsigned subject)
{
    return rule->tests[test].z + (subject == SUBJECT_CX ? 0 : rule->subject_z_raise);
}

/* Whether the windows of a group can be compared at all; LEARNING and UNSEEN say why not. */
static enum verdict set_windows(struct examiner *self, const struct subject_group *group, enum test test,
                                struct event_time as_of)
{
    const struct detection *rule = &self->scoring->detection;
    if (scoring_is_holiday(self->scoring, as_of)) {
        return VERDICT_UNSEEN;
    }
    if (group->begins_us == INT64_MAX || as_of.us - group->begins_us < rule->weeks_least * US_PER_WEEK) {
        return VERDICT_LEARNING;
    }
    return examine_set_windows(self, group, test, as_of) ? VERDICT_COMPARED : VERDICT_UNSEEN;
}

static double high_to_clear(struct examiner *self, const struct finding *found)
{
    struct finding finding = {.subject = found->subject};
    double z = fmin(found->z, self->scoring->detection.clear_z);
    (void)comparison_find(self->comparison, found->subject, z, found->phi, &finding);
    return finding.high;
}

/* What is found of a subject in windows that were set. */
static void find(struct examiner *self, const struct agency_detection *detection, unsigned subject, enum test test,
                 struct event_time as_of, enum verdict verdict, double z, struct finding *finding)
{
    const struct slip *slip = &detection->slips[subject];
    double phi = (double)detection->phi[subject][test];
    *finding = (struct finding){
        .subject = subject,
        .test = test,
        .verdict = verdict,
        .as_of = as_of,
        .from = examine_window_start(self, test_window(test), as_of),
        .frozen = slip_is_open(slip),
    };
    if (verdict == VERDICT_COMPARED && phi <= 0) {
        finding->verdict = VERDICT_LEARNING;
    } else if (verdict == VERDICT_COMPARED) {
        finding->verdict = comparison_find(self->comparison, subject, z, phi, finding);
        finding->clear_high = slip_is_open(slip) ? high_to_clear(self, finding) : finding->high;
    }
}

/* Whether a subject's overdispersion has been spared and cannot make a difference. Where it can it is found now, and
 * the windows are set again. */
static bool is_spared(struct examiner *self, struct agency_detection *detection, const struct subject_group *group,
                      unsigned subject, enum test test, struct event_time as_of, double z)
{
    struct finding finding;
    if (self->phi_hour.us == INT64_MIN) {
        return false;
    }
    if (!slip_is_open(&detection->slips[subject]) &&
        (comparison_find(self->comparison, subject, z, self->scoring->detection.dispersion_low, &finding) !=
             VERDICT_COMPARED ||
         finding.high >= -self->scoring->detection.margin)) {
        return true;
    }
    examine_phi(self, detection, self->phi_hour);
    self->phi_hour.us = INT64_MIN;
    (void)set_windows(self, group, test, as_of);
    return false;
}

static void find_all(struct examiner *self, struct agency_detection *detection, uint32_t due, struct event_time as_of)
{
    for (unsigned s = 0; s < SUBJECTS; s++) {
        for (unsigned t = 0; t < TESTS; t++) {
            self->findings[s][t].verdict = VERDICT_UNSEEN;
        }
    }
    for (unsigned t = 0; t < TESTS; t++) {
        for (unsigned g = 0; due >> t & 1 && g < self->group_count; g++) {
            enum verdict verdict = set_windows(self, &self->groups[g], (enum test)t, as_of);
            for (uint64_t left = self->groups[g].subjects; left; left &= left - 1) {
                unsigned s = (unsigned)__builtin_ctzll(left);
                double z = z_of(&self->scoring->detection, (enum test)t, s);
                if (verdict == VERDICT_COMPARED &&
                    is_spared(self, detection, &self->groups[g], s, (enum test)t, as_of, z)) {
                    self->findings[s][t].verdict = VERDICT_INSUFFICIENT;
                    continue;
                }
                find(self, detection, s, (enum test)t, as_of, verdict, z, &self->findings[s][t]);
            }
        }
    }
}

/* A finding's rows belong to the next comparison: keeps them apart. */
static void keep_rows(struct examiner *self, struct finding *finding)
{
    size_t needed = self->row_count + finding->row_count;
    if (needed > self->row_capacity) {
        size_t capacity = 2 * needed;
        struct finding_row *grown = realloc(self->rows, capacity * sizeof *grown);
        ASSERT(grown);
        self->rows = grown;
        self->row_capacity = capacity;
    }
    if (finding->row_count) {
        memcpy(self->rows + self->row_count, finding->rows, finding->row_count * sizeof *self->rows);
    }
    self->row_count = needed;
}

/* The finding of one subject once more, and its rows kept; for people with the interval that they know. */
static struct finding find_again(struct examiner *self, const struct agency_detection *detection, unsigned subject,
                                 enum test test, struct event_time as_of, double z)
{
    struct finding finding;
    enum verdict verdict = set_windows(self, examine_group_of(self, subject), test, as_of);
    find(self, detection, subject, test, as_of, verdict, z, &finding);
    keep_rows(self, &finding);
    return finding;
}

/* ---- episodes ---- */

static void detect_all(struct examiner *self, struct agency_detection *detection, const struct examine_look *look,
                       enum test by[SUBJECTS])
{
    const struct detection *rule = &self->scoring->detection;
    self->event_count = 0;
    for (unsigned s = 0; s < SUBJECTS; s++) {
        struct slip *slip = &detection->slips[s];
        struct slip before = *slip;
        struct slip_look seen = {
            .as_of = look->as_of,
            .hold = look->hold,
            .may_open = s == SUBJECT_CX || !slip_is_open(&detection->slips[SUBJECT_CX]),
            .findings = self->findings[s],
        };
        enum alert_transition transition = detect_slip(slip, rule, &seen, &by[s]);
        if (transition == ALERT_OPENED) {
            memcpy(slip->phi_at_open, detection->phi[s], sizeof slip->phi_at_open);
        }
        if (transition != ALERT_NONE) {
            detection->phi_at.us = INT64_MIN; /* what baselines leave out has changed */
            self->events[self->event_count++] =
                (struct examine_event){.subject = s, .transition = transition, .slip = slip};
        }
        detection->slip_changed[s] |= memcmp(&before, slip, sizeof before) != 0;
    }
}

/* What each transition is told with. The groups are still those of before the look: so is what was found. */
static void tell_findings(struct examiner *self, struct agency_detection *detection, const struct examine_look *look,
                          const enum test by[SUBJECTS])
{
    self->row_count = 0;
    for (size_t i = 0; i < self->event_count; i++) {
        struct examine_event *event = &self->events[i];
        event->finding = find_again(self, detection, event->subject, by[event->subject], look->as_of, Z_95);
        if (event->transition == ALERT_OPENED) {
            detection->slips[event->subject].episode.at_open = finding_estimate(&event->finding);
        }
    }
    const struct finding_row *rows = self->rows;
    for (size_t i = 0; i < self->event_count; i++) {
        self->events[i].finding.rows = rows;
        rows += self->events[i].finding.row_count;
    }
}

static bool any_changed(const struct agency_detection *detection)
{
    bool changed = detection->pin_changed;
    for (unsigned s = 0; s < SUBJECTS; s++) {
        changed |= detection->slip_changed[s];
    }
    return changed;
}

static void lay_out(struct examiner *self, const struct fold *fold, uint32_t agency,
                    const struct agency_detection *detection, struct event_time as_of)
{
    examine_lay_out(self, fold, agency);
    examine_group(self, detection, as_of);
}

struct examined examine_agency(struct examiner *self, const struct fold *fold, uint32_t agency,
                               struct agency_detection *detection, const struct examine_look *look)
{
    enum test by[SUBJECTS];
    struct pin_header header;
    self->agency = fold_agency_at(fold, agency);
    uint32_t due = tests_due(self, look);
    see_method(self, detection);
    if (due == 0) {
        return (struct examined){NULL, 0, any_changed(detection)};
    }
    lay_out(self, fold, agency, detection, look->as_of);
    see_phi(self, detection, look->as_of);
    if ((due >> TEST_PINNED & 1) && examine_pin_is_due(self, detection, look->as_of, &header)) {
        examine_take_pin(self, detection, &header);
    }
    find_all(self, detection, due, look->as_of);
    detect_all(self, detection, look, by);
    tell_findings(self, detection, look, by);
    return (struct examined){self->events, self->event_count, any_changed(detection)};
}

struct finding examine_at(struct examiner *self, const struct fold *fold, uint32_t agency,
                          const struct agency_detection *detection, struct event_time as_of, unsigned subject,
                          enum test test, double z)
{
    lay_out(self, fold, agency, detection, as_of);
    self->row_count = 0;
    self->for_people = true;
    struct finding finding = find_again(self, detection, subject, test, as_of, z);
    self->for_people = false;
    finding.rows = self->rows;
    return finding;
}

struct finding examine_subject(struct examiner *self, const struct fold *fold, uint32_t agency,
                               const struct agency_detection *detection, struct event_time as_of, unsigned subject,
                               enum test test)
{
    return examine_at(self, fold, agency, detection, as_of, subject, test, Z_95);
}
