/* look_alerts.c - a look at an agency's episodes: opened, closed, told anew; and what is open, as it stands. */
#include "look_parts.h"

#include "notice.h"
#include "public.h"

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

struct alert look_alert_of(const struct glance *self, uint32_t position, const struct view_episode *of,
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

void look_tell(const struct glance *self, const struct alert *alert)
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
    struct alert alert = look_alert_of(self, position, &of, transition);
    if (transition == ALERT_OPENED) {
        episode->at_open = alert.estimate; /* what people are told has the interval that they know */
    }
    look_tell(self, &alert);
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

/* What may be said of a subject now: over the panes that the scores are of, and that its explanation is from. */
static struct finding public_finding(const struct glance *self, uint32_t position, unsigned subject, enum test test)
{
    return examine_subject(self->looker->examiner, self->task->fold, position,
                           &task_agency(self->task, position)->detection, self->as_of, subject, test);
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
    struct finding found = public_finding(self, position, subject, slip->opened_by);
    struct estimate now = finding_estimate(&found);
    told->at = self->as_of;
    if (now.present && has_left(told, &now)) {
        told->estimate = now;
        struct view_episode of = of_slip(record, subject, slip);
        struct alert alert = look_alert_of(self, position, &of, ALERT_UPDATED);
        alert.estimate = now;
        look_tell(self, &alert);
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
        struct finding found = public_finding(self, position, event->subject, event->finding.test);
        if (event->transition == ALERT_OPENED) {
            struct explaining explaining = explaining_of(self, position);
            (void)explain_slip(&explaining, event->subject, slip);
            public_slip(slip, &found);
        }
        struct view_episode of = of_slip(record, event->subject, slip);
        struct alert alert = look_alert_of(self, position, &of, event->transition);
        struct estimate now = finding_estimate(&found);
        alert.estimate = now.present ? now : alert.estimate;
        look_tell(self, &alert);
    }
    for (unsigned s = 0; s < SUBJECTS && !hold; s++) {
        if (slip_is_open(&record->detection.slips[s])) {
            tell_slip_update(self, position, s);
        }
    }
    self->task->must_apply |= examined.changed;
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
            open[count++] = look_silence_of(record, c);
        }
    }
    if (episode_is_open(&record->divergence.episode)) {
        open[count++] = look_divergence_of(record);
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
        struct alert alert = look_alert_of(self, position, &open[i], ALERT_NONE);
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
