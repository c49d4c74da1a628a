/* look_alerts.c - a look at an agency's episodes: opened, closed, told anew; and what is open, as it stands. */
#include "look_parts.h"

#include "notice.h"
#include "public.h"
#include "turn.h"

#include "slipstream/detect.h"
#include "slipstream/score.h"

#include <math.h>

static struct explaining explaining_of(const struct glance *self, uint32_t position)
{
    struct agency_record *record = task_agency(self->task, position);
    return (struct explaining){self->looker->examiner, self->task->fold,         position,
                               &record->detection,     &self->looker->scorecard, self->as_of,
                               &record->explanations};
}

/* ---- an alert ---- */

static const struct estimate *subject_of(const struct card *card, unsigned subject)
{
    return subject == TARGET_CX ? &card->cx : &card->drivers[subject - TARGET_DRIVER].score;
}

/* What can be said of a line's subject now: the public figure of this look, or what the episode opened with while that
 * is of too few to be said. (It may have opened without: what it fired on is nobody's to know.) */
static struct estimate estimate_of_line(const struct glance *self, const struct view_episode *of,
                                        enum alert_transition transition)
{
    const struct scoring *scoring = self->looker->settings->methods.scoring;
    struct estimate now = public_estimate(&self->looker->scorecard, of->subject, scoring->target_rule.window);
    struct estimate before = transition == ALERT_OPENED ? (struct estimate){0} : of->episode->at_open;
    return now.present ? now : before;
}

static bool is_of_line(enum alert_kind kind)
{
    return kind == ALERT_TARGET || kind == ALERT_BENCHMARK;
}

static struct alert alert_of(const struct glance *self, uint32_t position, const struct view_episode *of,
                             enum alert_transition transition)
{
    return (struct alert){.kind = of->kind,
                          .agency = fold_agency_at(self->task->fold, position)->name,
                          .subject = of->subject,
                          .transition = transition,
                          .episode = of->episode,
                          .slip = of->slip,
                          .to_new_level = of->to_new_level,
                          .estimate =
                              is_of_line(of->kind) ? estimate_of_line(self, of, transition) : of->episode->at_open,
                          .scoring = self->looker->settings->methods.scoring,
                          .explanation = transition == ALERT_CLOSED ? NULL : of->explanation};
}

static struct span notice_of(const struct glance *self, const struct alert *alert)
{
    struct buffer *notice = &self->looker->notice;
    buffer_clear(notice);
    notice_render(notice, alert, self->looker->settings->config->board_url);
    ASSERT(!notice->overflow);
    return buffer_as_span(notice);
}

static void tell(const struct glance *self, const struct alert *alert)
{
    static const char *const events[ALERT_TRANSITIONS] = {"", "alert_opened", "alert_closed", "alert_updated"};
    const struct score_settings *settings = self->looker->settings;
    char text[SUBJECT_WORD_SIZE];
    buffer_clear(&self->looker->alert);
    record_alert(&self->looker->alert, settings->schemas.alert, alert);
    ASSERT(!self->looker->alert.overflow);
    outbox_add(&self->task->outbox, alert_id(alert->kind, alert->agency, alert->subject, alert->episode->ordinal),
               alert->transition, buffer_as_span(&self->looker->alert), notice_of(self, alert), self->now);
    settings->status->alerts[alert->kind][alert->transition]++;
    LOG(settings->log, LOG_INFO, "score", events[alert->transition], LOG_TEXT("kind", alert_kind_words[alert->kind]),
        LOG_SPAN("agency", alert->agency), LOG_TEXT("subject", subject_word(alert->subject, text)));
}

/* ---- lines: targets and benchmarks ---- */

static struct view_episode of_line(const struct agency_record *record, enum line_kind line, unsigned subject)
{
    const struct episode *episode = &record->episodes[line][subject];
    enum alert_kind kind = line_alerts[line];
    return (struct view_episode){
        .kind = kind,
        .subject = subject,
        .episode = episode,
        .explanation = explained_of(&record->explanations, kind, subject, episode->ordinal),
    };
}

static void tell_line(const struct glance *self, uint32_t position, enum line_kind line, unsigned subject,
                      enum alert_transition transition)
{
    struct agency_record *record = task_agency(self->task, position);
    struct episode *episode = &record->episodes[line][subject];
    struct explaining explaining = explaining_of(self, position);
    if (transition == ALERT_OPENED) {
        (void)explain_line(&explaining, line, subject, episode);
    }
    struct view_episode of = of_line(record, line, subject);
    struct alert alert = alert_of(self, position, &of, transition);
    if (transition == ALERT_OPENED) {
        episode->at_open = alert.estimate; /* what people are told has the interval that they know */
    }
    tell(self, &alert);
}

#define UPDATE_US US_PER_HOUR /* no sooner than so long after what was told last */

/* Whether it is time to see if an open episode is to be told of anew. Of one that is not known as told, what it opened
 * with counts as told now. */
static bool update_is_due(struct told *told, const struct episode *episode, struct event_time as_of)
{
    if (told->ordinal != episode->ordinal) {
        *told = (struct told){episode->ordinal, as_of, episode->at_open};
        return false;
    }
    return as_of.us - told->at.us >= UPDATE_US;
}

/* An open episode is told of anew when its figure has left the interval that was told last. */
static bool has_left(const struct told *told, const struct estimate *now)
{
    return now->value < told->estimate.low || now->value > told->estimate.high;
}

static void tell_update(const struct glance *self, uint32_t position, enum line_kind line, unsigned subject)
{
    struct agency_record *record = task_agency(self->task, position);
    struct told *told = &record->told[line][subject];
    struct view_episode of = of_line(record, line, subject);
    if (!update_is_due(told, of.episode, self->as_of)) {
        return;
    }
    struct estimate now = estimate_of_line(self, &of, ALERT_UPDATED);
    if (has_left(told, &now) && now.n >= self->looker->settings->methods.scoring->target_rule.n_min) {
        *told = (struct told){of.episode->ordinal, self->as_of, now};
        tell_line(self, position, line, subject, ALERT_UPDATED);
        self->task->must_apply = true;
    }
}

static double line_at(const struct scoring *scoring, struct span agency, enum line_kind line, unsigned subject)
{
    if (line == LINE_TARGET) {
        return scoring_target(scoring, agency, subject);
    }
    const struct scoring_benchmark *published = scoring_alert_line(scoring, subject);
    return published ? published->value : (double)NAN;
}

static void look_at_lines(const struct glance *self, uint32_t position, bool hold)
{
    const struct scoring *scoring = self->looker->settings->methods.scoring;
    const struct target_rule *rule = &scoring->target_rule;
    struct span agency = fold_agency_at(self->task->fold, position)->name;
    struct agency_record *record = task_agency(self->task, position);
    struct card card;
    score_card(&self->looker->exact, scoring, rule->z, &card);
    for (unsigned i = 0; i < LINES * TARGETS; i++) {
        enum line_kind line = (enum line_kind)(i / TARGETS);
        unsigned s = i % TARGETS;
        struct episode *episode = &record->episodes[line][s];
        struct episode before = *episode;
        const struct line_look look = {.as_of = self->as_of,
                                       .line = line_at(scoring, agency, line, s),
                                       .estimate = subject_of(&card, s),
                                       .method = scoring_method(scoring),
                                       .hold = hold};
        enum alert_transition transition = detect_line(episode, rule, &look);
        if (transition != ALERT_NONE) {
            tell_line(self, position, line, s, transition);
        } else if (episode_is_open(episode) && !hold) {
            tell_update(self, position, line, s);
        }
        if (memcmp(&before, episode, sizeof before) != 0) {
            record->episode_changed[line][s] = true;
            self->task->must_apply = true;
        }
    }
}

/* ---- slips ---- */

static struct view_episode of_slip(const struct agency_record *record, unsigned subject, const struct slip *slip)
{
    return (struct view_episode){
        .kind = ALERT_SLIP,
        .subject = subject,
        .episode = &slip->episode,
        .slip = slip,
        .explanation = explained_of(&record->explanations, ALERT_SLIP, subject, slip->episode.ordinal),
    };
}

/* What may be said of what was found: over the panes that the scores are of, and that its explanation is from. */
static struct finding public_finding(const struct glance *self, uint32_t position, const struct examine_event *event)
{
    return examine_subject(self->looker->examiner, self->task->fold, position,
                           &task_agency(self->task, position)->detection, self->as_of, event->subject,
                           event->finding.test);
}

/* What was told of it is what its interval is about: it has left it when it is outside. Looked at once an hour, for it
 * takes a comparison. */
static void tell_slip_update(const struct glance *self, uint32_t position, unsigned subject)
{
    struct agency_record *record = task_agency(self->task, position);
    struct slip *slip = &record->detection.slips[subject];
    struct told *told = &record->told_slips[subject];
    if (!update_is_due(told, &slip->episode, self->as_of)) {
        return;
    }
    struct finding found = examine_subject(self->looker->examiner, self->task->fold, position, &record->detection,
                                           self->as_of, subject, slip->opened_by);
    struct estimate now = finding_estimate(&found);
    told->at = self->as_of;
    if (now.present && has_left(told, &now)) {
        told->estimate = now;
        struct view_episode of = of_slip(record, subject, slip);
        struct alert alert = alert_of(self, position, &of, ALERT_UPDATED);
        alert.estimate = now;
        tell(self, &alert);
        self->task->must_apply = true;
    }
}

static void look_at_slips(const struct glance *self, uint32_t position, bool hold)
{
    struct agency_record *record = task_agency(self->task, position);
    int64_t previous_us = self->task->last_look.us;
    struct examine_look seen = {self->as_of, {previous_us ? previous_us : INT64_MIN}, hold};
    struct examined examined =
        examine_agency(self->looker->examiner, self->task->fold, position, &record->detection, &seen);
    for (size_t i = 0; i < examined.event_count; i++) {
        const struct examine_event *event = &examined.events[i];
        struct slip *slip = &record->detection.slips[event->subject];
        struct finding found = public_finding(self, position, event);
        if (event->transition == ALERT_OPENED) {
            struct explaining explaining = explaining_of(self, position);
            (void)explain_slip(&explaining, event->subject, slip);
            public_slip(slip, &found);
        }
        struct view_episode of = of_slip(record, event->subject, slip);
        struct alert alert = alert_of(self, position, &of, event->transition);
        struct estimate now = finding_estimate(&found);
        alert.estimate = now.present ? now : alert.estimate;
        tell(self, &alert);
    }
    for (unsigned s = 0; s < SUBJECTS && !hold; s++) {
        if (slip_is_open(&record->detection.slips[s])) {
            tell_slip_update(self, position, s);
        }
    }
    self->task->must_apply |= examined.changed;
}

/* ---- channels that have gone silent ---- */

static struct view_episode of_silence(const struct agency_record *record, unsigned channel)
{
    const struct silence *silence = &record->silences[channel];
    return (struct view_episode){.kind = ALERT_SILENT_CHANNEL,
                                 .subject = SUBJECT_CHANNEL + channel,
                                 .episode = &silence->episode,
                                 .to_new_level = silence->to_new_level};
}

/* Every few minutes, at the agency's own. */
static bool channels_are_due(const struct glance *self, struct span agency)
{
    int64_t period_us = self->looker->settings->methods.scoring->detection.silence_look_us;
    struct event_time previous = self->task->last_look;
    return period_us > 0 &&
           turn_of_agency(agency, self->as_of, period_us) > turn_of_agency(agency, previous, period_us);
}

/* Not one that has become an alias of another, or is no longer on the list: nothing comes under its name any more. */
static bool is_counted_as_itself(const struct scoring *scoring, struct span agency)
{
    return span_equal(scoring_agency_id(scoring, agency), agency);
}

static enum alert_transition look_at_channel(const struct glance *self, uint32_t position, enum channel channel,
                                             bool hold)
{
    struct looker *looker = self->looker;
    struct silence *silence = &task_agency(self->task, position)->silences[channel];
    const struct channel_look look = {.fold = self->task->fold,
                                      .agency = fold_agency_at(self->task->fold, position),
                                      .channel = channel,
                                      .scoring = looker->settings->methods.scoring,
                                      .silence = silence,
                                      .as_of = self->as_of,
                                      .hour = (double)looker->came[WINDOW_1H][channel],
                                      .month = (double)looker->came[WINDOW_28D][channel]};
    struct silence_look seen = channels_look(&looker->panes, &look);
    seen.hold |= hold;
    seen.silent = seen.silent && is_counted_as_itself(look.scoring, look.agency->name);
    return detect_silence(silence, &look.scoring->detection, &seen);
}

static void look_at_channels(const struct glance *self, uint32_t position, bool hold)
{
    struct agency_record *record = task_agency(self->task, position);
    bool due = channels_are_due(self, fold_agency_at(self->task->fold, position)->name);
    for (unsigned c = 0; c < CHANNELS; c++) {
        struct silence *silence = &record->silences[c];
        struct silence before = *silence;
        if (self->looker->came[WINDOW_28D][c] <= 0 && !episode_is_open(&silence->episode)) {
            continue;
        }
        if (!self->task->catching_up) {
            bool heard = self->looker->came[WINDOW_1H][c] > 0;
            silence_hear(silence, time_floor(self->as_of.us, US_PER_HOUR), heard);
        }
        enum alert_transition transition = due ? look_at_channel(self, position, (enum channel)c, hold) : ALERT_NONE;
        if (transition != ALERT_NONE) {
            struct view_episode of = of_silence(record, c);
            struct alert alert = alert_of(self, position, &of, transition);
            tell(self, &alert);
        }
        if (memcmp(&before, silence, sizeof before) != 0) {
            record->silence_changed[c] = true;
            self->task->must_apply = true;
        }
    }
}

/* ---- agencies that fall behind the others ---- */

static struct view_episode of_divergence(const struct agency_record *record)
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
    return period_us > 0 && fleet_is_current(&self->looker->fleet, scoring_method(scoring), self->as_of) &&
           turn_of_agency(agency, self->as_of, period_us) > turn_of_agency(agency, record->compared_at, period_us);
}

static void look_at_divergence(const struct glance *self, uint32_t position, bool hold)
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
        struct view_episode of = of_divergence(record);
        struct alert alert = alert_of(self, position, &of, transition);
        alert.estimate = look.compared ? look.gap : record->divergence.episode.at_open;
        tell(self, &alert);
    }
    if (memcmp(&before, &record->divergence, sizeof before) != 0) {
        record->divergence_changed = true;
        self->task->must_apply = true;
    }
}

/* ---- all of an agency ---- */

size_t look_open(const struct glance *self, uint32_t position, struct view_episode open[LOOK_OPEN_MAX])
{
    const struct agency_record *record = task_agency(self->task, position);
    size_t count = 0;
    for (unsigned i = 0; i < LINES * TARGETS; i++) {
        if (episode_is_open(&record->episodes[i / TARGETS][i % TARGETS])) {
            open[count++] = of_line(record, (enum line_kind)(i / TARGETS), i % TARGETS);
        }
    }
    for (unsigned s = 0; s < SUBJECTS; s++) {
        if (slip_is_open(&record->detection.slips[s])) {
            open[count++] = of_slip(record, s, &record->detection.slips[s]);
        }
    }
    for (unsigned c = 0; c < CHANNELS; c++) {
        if (episode_is_open(&record->silences[c].episode)) {
            open[count++] = of_silence(record, c);
        }
    }
    if (episode_is_open(&record->divergence.episode)) {
        open[count++] = of_divergence(record);
    }
    return count;
}

static void put_standing(const struct glance *self, const struct alert *alert)
{
    struct outputs *outputs = self->outputs;
    struct span notice = notice_of(self, alert);
    outputs_begin(outputs, OUTPUT_STANDING);
    buffer_u64(&outputs->bytes, alert_id(alert->kind, alert->agency, alert->subject, alert->episode->ordinal));
    outputs_value(outputs);
    buffer_bytes(&outputs->bytes, notice.data, notice.size);
    outputs_end(outputs);
}

void look_stand(const struct glance *self, uint32_t position)
{
    struct view_episode open[LOOK_OPEN_MAX];
    bool is_told = self->task->settings->sinks & SINK_BIT(SINK_ALERTMANAGER);
    size_t count = is_told ? look_open(self, position, open) : 0;
    for (size_t i = 0; i < count; i++) {
        struct alert alert = alert_of(self, position, &open[i], ALERT_NONE);
        put_standing(self, &alert);
    }
}

/* While catching up nothing is explained: what would gain most is not known then either. */
void look_for_episodes(const struct glance *self, uint32_t position)
{
    struct agency_record *record = task_agency(self->task, position);
    struct explaining explaining = explaining_of(self, position);
    struct scorecard *scorecard = &self->looker->scorecard;
    bool is_live = !self->task->catching_up;
    scorecard->fix_count = 0;
    if (is_live) {
        explain_begin(&explaining);
        scorecard->fix_count = explain_outlook(&explaining, scorecard->fixes);
    }
    if (self->kind == LOOK_MINUTE) {
        bool hold = !is_live || !outbox_has_room(&self->task->outbox, LOOK_OPEN_MAX);
        look_at_lines(self, position, hold);
        look_at_slips(self, position, hold);
        look_at_channels(self, position, hold);
        look_at_divergence(self, position, hold);
    }
    if (self->kind == LOOK_MINUTE && is_live) {
        explain_open(&explaining, record->episodes, record->detection.slips);
    }
}
