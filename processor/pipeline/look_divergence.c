/* look_divergence.c - a look at whether an agency falls behind the others. */
#include "look_parts.h"

#include "turn.h"

#include "slipstream/detect.h"
#include "slipstream/score.h"

struct view_episode look_divergence_of(const struct agency_record *record)
{
    return (struct view_episode){.kind = ALERT_DIVERGENCE,
                                 .subject = SUBJECT_CX,
                                 .episode = &record->divergence.episode,
                                 .to_new_level = record->divergence.to_new_level};
}

static double divergence_z(const struct detection *rule)
{
    return rule->tests[TEST_7D].z + rule->subject_z_raise;
}

/* How the agency has changed, once an hour and soon after a start: for the fleet, and to be compared with it. */
static void see_change(const struct glance *self, uint32_t position)
{
    struct looker *looker = self->looker;
    struct agency_record *record = task_agency(self->task, position);
    struct span agency = fold_agency_at(self->task->fold, position)->name;
    const struct agency_detection *detection = &record->detection;
    bool is_known = detection->phi[SUBJECT_CX][TEST_7D] > 0;
    bool is_due = record->change_at.us == 0 || turn_of_agency(agency, self->as_of, US_PER_HOUR) !=
                                                   turn_of_agency(agency, record->change_at, US_PER_HOUR);
    if (!is_known) {
        record->change.present = false;
    }
    if (!is_known || !is_due || looker->changes_left == 0) {
        return;
    }
    looker->changes_left--;
    struct finding found = examine_at(looker->examiner, self->task->fold, position, detection, self->as_of, SUBJECT_CX,
                                      TEST_7D, divergence_z(&looker->settings->methods.scoring->detection));
    record->change_at = self->as_of;
    record->change = (struct fleet_change){.present = found.verdict == VERDICT_COMPARED,
                                           .now = found.now,
                                           .base = found.base,
                                           .d = found.d,
                                           .low = found.low,
                                           .high = found.high,
                                           .n = (int64_t)found.n_now};
}

static struct divergence_look compare(const struct glance *self, const struct agency_record *record)
{
    const struct scoring *scoring = self->looker->settings->methods.scoring;
    const struct detection *rule = &scoring->detection;
    struct fleet_gap gap;
    struct divergence_look look = {.as_of = self->as_of,
                                   .method = scoring_method(scoring),
                                   .may_open = !slip_is_open(&record->detection.slips[SUBJECT_CX])};
    look.compared = record->change.present && !card_is_suppressed(&self->looker->scorecard.all[WINDOW_7D], scoring) &&
                    fleet_gap(&self->looker->fleet, &record->change, rule->divergence_others, &gap);
    if (look.compared) {
        double half = (gap.high - gap.low) / 2 * Z_95 / divergence_z(rule);
        look.gap = (struct estimate){true, gap.now, gap.now - half, gap.now + half, record->change.n};
        look.usual = gap.usual;
        look.widened_least = gap.low;
    }
    return look;
}

/* At the agency's turn, or as soon after it as the fleet is there. After a start the turn at hand is left out. */
static bool divergence_is_due(const struct glance *self, uint32_t position)
{
    const struct scoring *scoring = self->looker->settings->methods.scoring;
    struct agency_record *record = task_agency(self->task, position);
    struct span agency = fold_agency_at(self->task->fold, position)->name;
    int64_t period_us = scoring->detection.divergence_look_us;
    if (record->compared_at.us == 0) {
        record->compared_at = self->as_of;
    }
    return fleet_is_current(&self->looker->fleet, scoring_method(scoring), self->as_of) &&
           turn_has_come(agency, self->as_of, record->compared_at, period_us);
}

void look_at_divergence(const struct glance *self, uint32_t position, bool hold)
{
    struct agency_record *record = task_agency(self->task, position);
    struct divergence before = record->divergence;
    if (self->task->catching_up) {
        return;
    }
    see_change(self, position);
    if (!divergence_is_due(self, position)) {
        return;
    }
    record->compared_at = self->as_of;
    struct divergence_look look = compare(self, record);
    look.hold = hold;
    enum alert_transition transition =
        detect_divergence(&record->divergence, &self->looker->settings->methods.scoring->detection, &look);
    if (transition != ALERT_NONE) {
        struct view_episode of = look_divergence_of(record);
        struct alert alert = look_alert_of(self, position, &of, transition);
        alert.estimate = look.compared ? look.gap : record->divergence.episode.at_open;
        look_tell(self, &alert);
    }
    if (memcmp(&before, &record->divergence, sizeof before) != 0) {
        record->divergence_changed = true;
        self->task->must_apply = true;
    }
}
