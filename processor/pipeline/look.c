/* look.c - roll → score → detect, agency by agency. */
#include "look.h"
#include "notice.h"
#include "services.h"
#include "shadow.h"
#include "withhold.h"

#include "slipstream/pipeline/examine.h"

#include "slipstream/detect.h"
#include "slipstream/roll.h"
#include "slipstream/score.h"

#include <stdlib.h>

#define SUMS_KEPT 64

struct looker {
    const struct score_settings *settings;
    struct window_sums sums;            /* of one cell */
    struct window_sums kept[SUMS_KEPT]; /* of the agency's first cells: they are needed twice */
    struct withholder withholder;
    struct tallies all[WINDOWS];
    struct tallies channels[WINDOWS][CHANNELS];
    struct service_tallies service;
    struct shadow_tallies shadow;
    struct scorecard scorecard;
    struct examiner *examiner;
    struct buffer cards; /* encoded, for telling whether anything has changed */
    struct buffer alert;
    struct buffer notice; /* the same alert as JSON */
};

struct looker *looker_open(const struct score_settings *settings)
{
    struct looker *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->settings = settings;
    self->examiner = examiner_open(settings->methods.scoring);
    buffer_init(&self->cards, 1 << 20);
    buffer_init(&self->alert, OUTBOX_VALUE_MAX);
    buffer_init(&self->notice, NOTIFY_BODY_MAX);
    return self;
}

void looker_close(struct looker *self)
{
    if (!self) {
        return;
    }
    examiner_close(self->examiner);
    buffer_done(&self->cards);
    buffer_done(&self->alert);
    buffer_done(&self->notice);
    withholder_done(&self->withholder);
    free(self);
}

void looker_methods_changed(struct looker *self)
{
    examiner_use(self->examiner, self->settings->methods.scoring);
}

/* One look: what goes down through the steps. */
struct glance {
    struct looker *looker;
    struct task *task;
    enum look_kind kind;
    struct event_time now, as_of;
    struct revision revision; /* of the apply that will follow */
    struct outputs *outputs;
};

static struct revision next_revision(const struct task *task)
{
    return (struct revision){task->owner.epoch, task->seq + 1};
}

/* ---- aggregates ---- */

static void put_aggregate(const struct glance *self, const struct fold_cell *cell, enum window window,
                          const int64_t *counts, bool suppressed)
{
    const struct fold_agency *agency = fold_agency_at(self->task->fold, cell->agency);
    const struct score_settings *settings = self->looker->settings;
    struct aggregate aggregate = {
        .agency = agency->name,
        .service = agency->services[cell->service].name,
        .channel = cell->channel,
        .window = window,
        .revision = self->revision,
        .as_of = self->as_of,
        .catching_up = self->task->catching_up,
        .suppressed = suppressed,
        .counts = counts,
    };
    outputs_begin(self->outputs, OUTPUT_AGGREGATES);
    record_aggregate_key(&self->outputs->bytes, settings->schemas.aggregate_key, &aggregate);
    outputs_value(self->outputs);
    record_aggregate(&self->outputs->bytes, settings->schemas.aggregate, &aggregate);
    outputs_end(self->outputs);
}

/* Those that differ from what was published last. */
static void publish_aggregates(const struct glance *self, struct fold_cell *cell, size_t i,
                               const struct window_sums *sums)
{
    const struct scoring *scoring = self->looker->settings->methods.scoring;
    const struct signal_info *survey = &signal_table[SIGNAL_SURVEY_ANSWERED];
    for (unsigned w = 0; w < WINDOWS; w++) {
        const int64_t *counts = sums->counts[w];
        bool suppressed = withholder_has(&self->looker->withholder, (enum window)w, i) ||
                          counts_are_few(counts[COUNTER_INTERACTIONS], counts[survey->first + 1], scoring);
        uint64_t seed = (self->task->catching_up ? 2u : 1u) + (suppressed ? 2u : 0u);
        uint64_t content = hash64(span_of(counts, COUNTERS * sizeof *counts), seed);
        bool was_never = cell->published[w] == 0 && counts[COUNTER_EVENTS] == 0;
        if ((content != cell->published[w] && !was_never) || (self->task->publish_all && !was_never)) {
            put_aggregate(self, cell, (enum window)w, counts, suppressed);
            cell->published[w] = content;
        }
    }
}

/* Once all cells are known: whether one is shown depends on the others. */
static void publish_cells(const struct glance *self, const struct fold_agency *agency)
{
    struct looker *looker = self->looker;
    size_t i = 0;
    for (uint32_t s = 0; s < agency->service_count; s++) {
        for (unsigned c = 0; c < CHANNELS; c++) {
            uint32_t position = agency->services[s].cells[c];
            if (position == FOLD_NONE) {
                continue;
            }
            struct fold_cell *cell = fold_cell_at(self->task->fold, position);
            if (i >= SUMS_KEPT) {
                roll_windows(&cell->cell, self->as_of, &looker->sums);
            }
            publish_aggregates(self, cell, i, i < SUMS_KEPT ? &looker->kept[i] : &looker->sums);
            i++;
        }
    }
}

/* ---- scores ---- */

static void add_cell(const struct glance *self, const struct fold_cell *cell)
{
    struct looker *looker = self->looker;
    size_t i = looker->withholder.cell_count;
    struct window_sums *sums = i < SUMS_KEPT ? &looker->kept[i] : &looker->sums;
    roll_windows(&cell->cell, self->as_of, sums);
    withholder_add(&looker->withholder, cell->service, cell->channel, sums);
    for (unsigned w = 0; w < WINDOWS; w++) {
        const int64_t *counts = sums->counts[w];
        if (counts[COUNTER_EVENTS]) {
            tallies_add(&looker->all[w], counts, cell->channel, looker->settings->methods.scoring);
            tallies_add(&looker->channels[w][cell->channel], counts, cell->channel, looker->settings->methods.scoring);
            shadow_add(&looker->shadow, (enum window)w, counts, cell->channel);
            service_add(&looker->service, (enum window)w, counts, cell->channel, looker->settings->methods.scoring);
        }
    }
}

static void add_cells(const struct glance *self, const struct fold_agency *agency)
{
    self->looker->scorecard.scoring = self->looker->settings->methods.scoring;
    memset(self->looker->all, 0, sizeof self->looker->all);
    memset(self->looker->channels, 0, sizeof self->looker->channels);
    withholder_begin(&self->looker->withholder);
    services_begin(&self->looker->scorecard);
    shadow_begin(&self->looker->shadow, self->looker->settings->methods.shadow);
    for (uint32_t s = 0; s < agency->service_count; s++) {
        service_clear(&self->looker->service);
        for (unsigned c = 0; c < CHANNELS; c++) {
            uint32_t position = agency->services[s].cells[c];
            if (position != FOLD_NONE) {
                add_cell(self, fold_cell_at(self->task->fold, position));
            }
        }
        service_end(&self->looker->service, agency->services[s].name, s, &self->looker->scorecard);
    }
    withholder_find(&self->looker->withholder, agency->service_count,
                    self->looker->settings->methods.scoring->suppress_below);
    publish_cells(self, agency);
}

static void score_all(const struct glance *self, const struct fold_agency *agency)
{
    struct looker *looker = self->looker;
    struct scorecard *scorecard = &looker->scorecard;
    scorecard->agency = agency->name;
    scorecard->revision = self->revision;
    scorecard->as_of = self->as_of;
    scorecard->catching_up = self->task->catching_up;
    scorecard->scoring = looker->settings->methods.scoring;
    for (unsigned w = 0; w < WINDOWS; w++) {
        score_card(&looker->all[w], scorecard->scoring, Z_95, &scorecard->all[w]);
        for (unsigned c = 0; c < CHANNELS; c++) {
            score_card(&looker->channels[w][c], scorecard->scoring, Z_95, &scorecard->channels[w][c]);
        }
    }
    shadow_score(&looker->shadow, &scorecard->shadow);
    withholder_mark(&looker->withholder, scorecard);
}

/* ---- episodes ---- */

static bool is_open(const struct episode *episode)
{
    return episode->state == EPISODE_FIRING || episode->state == EPISODE_RECOVERING;
}

static struct explaining explaining_of(const struct glance *self, uint32_t position)
{
    struct agency_record *record = task_agency(self->task, position);
    return (struct explaining){self->looker->examiner, self->task->fold,         position,
                               &record->detection,     &self->looker->scorecard, self->as_of,
                               &record->explanations};
}

static const struct estimate *subject_of(const struct card *card, unsigned subject)
{
    return subject == TARGET_CX ? &card->cx : &card->drivers[subject - TARGET_DRIVER].score;
}

static const struct explanation *known_of(const struct glance *self, uint32_t position, const struct alert *alert)
{
    const struct explanations *kept = &task_agency(self->task, position)->explanations;
    bool is_over = alert->transition == ALERT_CLOSED;
    return is_over ? NULL : explained_of(kept, alert->kind, alert->subject, alert->episode->ordinal);
}

/* What is said of an episode now: the figures of this look, or what it opened with while these are too few to be said.
 */
static struct alert alert_of(const struct glance *self, uint32_t position, unsigned subject,
                             const struct episode *episode, enum alert_transition transition)
{
    const struct scoring *scoring = self->looker->settings->methods.scoring;
    const struct card *card = &self->looker->scorecard.all[scoring->target_rule.window];
    const struct estimate *now = subject_of(card, subject);
    bool may_be_said = now->present && !self->task->catching_up && !card_is_suppressed(card, scoring);
    struct alert alert = {.agency = fold_agency_at(self->task->fold, position)->name,
                          .subject = subject,
                          .transition = transition,
                          .episode = episode,
                          .estimate = may_be_said ? *now : episode->at_open,
                          .scoring = scoring};
    alert.explanation = known_of(self, position, &alert);
    return alert;
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

static void tell_transition(const struct glance *self, uint32_t position, unsigned subject, struct episode *episode,
                            enum alert_transition transition)
{
    struct explaining explaining = explaining_of(self, position);
    if (transition == ALERT_OPENED) {
        (void)explain_target(&explaining, subject, episode);
    }
    struct alert alert = alert_of(self, position, subject, episode, transition);
    if (transition == ALERT_OPENED) {
        episode->at_open = alert.estimate; /* what people are told has the interval that they know */
    }
    tell(self, &alert);
}

#define UPDATE_US US_PER_HOUR /* no sooner than so long after what was told last */

/* An open episode is told of anew when its figure has left the interval that was told last. */
static void tell_update(const struct glance *self, uint32_t position, unsigned subject, struct episode *episode,
                        struct told *told)
{
    if (told->ordinal != episode->ordinal) {
        *told = (struct told){episode->ordinal, self->as_of, episode->at_open};
        return;
    }
    struct alert alert = alert_of(self, position, subject, episode, ALERT_UPDATED);
    const struct estimate *now = &alert.estimate;
    bool has_left = now->value < told->estimate.low || now->value > told->estimate.high;
    if (has_left && now->n >= alert.scoring->target_rule.n_min && self->as_of.us - told->at.us >= UPDATE_US) {
        *told = (struct told){episode->ordinal, self->as_of, *now};
        tell_transition(self, position, subject, episode, ALERT_UPDATED);
        self->task->must_apply = true;
    }
}

static struct alert alert_of_slip(const struct glance *self, uint32_t position, unsigned subject,
                                  const struct slip *slip, enum alert_transition transition)
{
    struct alert alert = {.kind = ALERT_SLIP,
                          .agency = fold_agency_at(self->task->fold, position)->name,
                          .subject = subject,
                          .transition = transition,
                          .episode = &slip->episode,
                          .slip = slip,
                          .estimate = slip->episode.at_open,
                          .scoring = self->looker->settings->methods.scoring};
    alert.explanation = known_of(self, position, &alert);
    return alert;
}

/* Alertmanager forgets what it does not hear of: it is told of everything that is open, as it stands. */
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

static void stand(const struct glance *self, uint32_t position, const struct agency_record *record)
{
    bool is_told = self->task->settings->sinks & SINK_BIT(SINK_ALERTMANAGER);
    for (unsigned s = 0; is_told && s < TARGETS; s++) {
        if (is_open(&record->episodes[s])) {
            struct alert alert = alert_of(self, position, s, &record->episodes[s], ALERT_NONE);
            put_standing(self, &alert);
        }
    }
    for (unsigned s = 0; is_told && s < SUBJECTS; s++) {
        const struct slip *slip = &record->detection.slips[s];
        if (slip_is_open(slip)) {
            struct alert alert = alert_of_slip(self, position, s, slip, ALERT_NONE);
            put_standing(self, &alert);
        }
    }
}

static void detect_slips(const struct glance *self, uint32_t position, bool hold)
{
    struct agency_record *record = task_agency(self->task, position);
    int64_t previous_us = self->task->last_look.us;
    struct examine_look seen = {self->as_of, {previous_us ? previous_us : INT64_MIN}, hold};
    struct examined examined =
        examine_agency(self->looker->examiner, self->task->fold, position, &record->detection, &seen);
    for (size_t i = 0; i < examined.event_count; i++) {
        const struct examine_event *event = &examined.events[i];
        if (event->transition == ALERT_OPENED) {
            struct explaining explaining = explaining_of(self, position);
            (void)explain_slip(&explaining, event->subject, event->slip, &event->finding);
        }
        struct alert alert = alert_of_slip(self, position, event->subject, event->slip, event->transition);
        alert.estimate = finding_estimate(&event->finding);
        tell(self, &alert);
    }
    self->task->must_apply |= examined.changed;
}

static void detect_all(const struct glance *self, uint32_t agency_position)
{
    const struct scoring *scoring = self->looker->settings->methods.scoring;
    const struct target_rule *rule = &scoring->target_rule;
    struct span agency = fold_agency_at(self->task->fold, agency_position)->name;
    struct agency_record *record = task_agency(self->task, agency_position);
    bool hold = self->task->catching_up || !outbox_has_room(&self->task->outbox, TARGETS + SUBJECTS);
    struct card card;
    score_card(&self->looker->all[rule->window], scoring, rule->z, &card);
    for (unsigned s = 0; s < TARGETS; s++) {
        struct episode before = record->episodes[s];
        struct episode *episode = &record->episodes[s];
        enum alert_transition transition =
            detect_target(episode, rule, scoring_target(scoring, agency, s), subject_of(&card, s), self->as_of, hold);
        if (transition != ALERT_NONE) {
            tell_transition(self, agency_position, s, episode, transition);
        } else if (is_open(episode) && !hold) {
            tell_update(self, agency_position, s, episode, &record->told[s]);
        }
        if (memcmp(&before, episode, sizeof before) != 0) {
            record->episode_changed[s] = true;
            self->task->must_apply = true;
        }
    }
    detect_slips(self, agency_position, hold);
}

/* While catching up nothing is explained: what would gain most is not known then either. */
static void explain_agency(const struct glance *self, uint32_t position)
{
    struct explaining explaining = explaining_of(self, position);
    struct scorecard *scorecard = &self->looker->scorecard;
    scorecard->fix_count = 0;
    if (!self->task->catching_up) {
        explain_begin(&explaining);
        scorecard->fix_count = explain_outlook(&explaining, scorecard->fixes);
    }
    if (self->kind == LOOK_MINUTE) {
        detect_all(self, position);
        if (!self->task->catching_up) {
            struct agency_record *record = task_agency(self->task, position);
            explain_open(&explaining, record->episodes, record->detection.slips);
        }
    }
}

/* ---- what is published of an agency ---- */

static void publish_view(const struct glance *self, const struct agency_record *record)
{
    struct view_episode open[TARGETS + SUBJECTS];
    size_t count = 0;
    for (unsigned s = 0; s < TARGETS; s++) {
        if (is_open(&record->episodes[s])) {
            const struct episode *episode = &record->episodes[s];
            open[count++] = (struct view_episode){
                s, episode, NULL, explained_of(&record->explanations, ALERT_TARGET, s, episode->ordinal)};
        }
    }
    for (unsigned s = 0; s < SUBJECTS; s++) {
        const struct slip *slip = &record->detection.slips[s];
        if (slip_is_open(slip)) {
            open[count++] = (struct view_episode){
                s, &slip->episode, slip, explained_of(&record->explanations, ALERT_SLIP, s, slip->episode.ordinal)};
        }
    }
    const struct scorecard *scorecard = &self->looker->scorecard;
    outputs_begin(self->outputs, OUTPUT_VIEW);
    buffer_bytes(&self->outputs->bytes, "view:", 5);
    buffer_bytes(&self->outputs->bytes, scorecard->agency.data, scorecard->agency.size);
    outputs_value(self->outputs);
    view_render(&self->outputs->bytes, scorecard, open, count, self->now);
    outputs_end(self->outputs);
}

static void publish_score(const struct glance *self, struct agency_record *record)
{
    struct looker *looker = self->looker;
    buffer_clear(&looker->cards);
    record_cards(&looker->cards, &looker->scorecard);
    uint64_t content = hash64(buffer_as_span(&looker->cards), looker->scorecard.catching_up ? 2 : 1);
    if (content == record->published && !self->task->publish_all) {
        return;
    }
    record->published = content;
    outputs_begin(self->outputs, OUTPUT_SCORES);
    buffer_bytes(&self->outputs->bytes, looker->scorecard.agency.data, looker->scorecard.agency.size);
    outputs_value(self->outputs);
    record_score(&self->outputs->bytes, looker->settings->schemas.score, &looker->scorecard);
    outputs_end(self->outputs);
}

static void look_at_agency(const struct glance *self, uint32_t position)
{
    struct fold_agency *agency = fold_agency_at(self->task->fold, position);
    struct agency_record *record = task_agency(self->task, position);
    add_cells(self, agency);
    score_all(self, agency);
    explain_agency(self, position);
    publish_score(self, record);
    publish_view(self, record);
    if (self->kind == LOOK_MINUTE || self->task->publish_all) {
        stand(self, position, record);
    }
    if (!self->task->catching_up && agency->oldest_us != INT64_MAX) {
        histogram_add(&self->looker->settings->status->delay, self->now.us - agency->oldest_us);
    }
    agency->oldest_us = INT64_MAX;
    agency->touched = false;
}

void look(struct looker *self, struct task *task, enum look_kind kind, struct event_time now, struct outputs *outputs)
{
    struct glance glance = {
        .looker = self,
        .task = task,
        .kind = kind,
        .now = now,
        .as_of = fold_as_of(task->fold),
        .revision = next_revision(task),
        .outputs = outputs,
    };
    fold_settle(task->fold);
    for (uint32_t a = 0; a < fold_agency_count(task->fold); a++) {
        if (kind != LOOK_REFRESH || task->publish_all || fold_agency_at(task->fold, a)->touched) {
            look_at_agency(&glance, a);
        }
    }
    if (kind == LOOK_MINUTE) {
        task->last_look = glance.as_of;
    }
}
