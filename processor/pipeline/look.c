/* look.c - roll → score → detect, agency by agency; episodes are in look_alerts.c and what it calls. */
#include "look_parts.h"

#include "notice.h"
#include "public.h"

#include "slipstream/score.h"

#include <stdlib.h>

struct looker *looker_open(const struct score_settings *settings)
{
    struct looker *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->settings = settings;
    self->examiner = examiner_open(settings->methods.scoring);
    buffer_init(&self->cards, 1 << 20);
    buffer_init(&self->alert, OUTBOX_VALUE_MAX);
    buffer_init(&self->notice, NOTIFY_BODY_MAX);
    buffer_init(&self->part, FLEET_PART_MAX);
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
    buffer_done(&self->part);
    withholder_done(&self->withholder);
    free(self);
}

void looker_methods_changed(struct looker *self)
{
    examiner_use(self->examiner, self->settings->methods.scoring);
}

void looker_see_fleet(struct looker *self, const struct fleet *fleet)
{
    self->fleet = *fleet;
}

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

static int64_t suppress_below(const struct glance *self)
{
    return self->looker->settings->methods.scoring->suppress_below;
}

/* Leaves of a cell's windows what may be known. */
static void show_public(const struct glance *self, const struct fold_cell *cell, struct window_sums *sums)
{
    if (self->nothing_is_public) {
        memset(sums, 0, sizeof *sums);
    } else {
        public_shift(cell, self->as_of, suppress_below(self), sums);
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
                show_public(self, cell, &looker->sums);
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
    const struct scoring *scoring = looker->settings->methods.scoring;
    roll_windows(&cell->cell, self->as_of, sums);
    if (self->kind == LOOK_MINUTE) {
        tallies_add(&looker->exact, sums->counts[scoring->target_rule.window], cell->channel, scoring);
    }
    for (unsigned w = 0; w < WINDOWS; w++) {
        looker->came[w][cell->channel] += sums->counts[w][COUNTER_INTERACTIONS];
    }
    show_public(self, cell, sums);
    withholder_add(&looker->withholder, cell->service, cell->channel, sums);
    for (unsigned w = 0; w < WINDOWS; w++) {
        const int64_t *counts = sums->counts[w];
        if (counts[COUNTER_EVENTS]) {
            tallies_add(&looker->all[w], counts, cell->channel, scoring);
            tallies_add(&looker->channels[w][cell->channel], counts, cell->channel, scoring);
            shadow_add(&looker->shadow, (enum window)w, counts, cell->channel);
            service_add(&looker->service, (enum window)w, counts, cell->channel, scoring);
        }
    }
}

static void add_cells(const struct glance *self, const struct fold_agency *agency)
{
    self->looker->scorecard.scoring = self->looker->settings->methods.scoring;
    memset(&self->looker->exact, 0, sizeof self->looker->exact);
    memset(self->looker->came, 0, sizeof self->looker->came);
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
    withholder_find(&self->looker->withholder, agency->service_count, suppress_below(self));
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

/* ---- what is published of an agency ---- */

static void publish_view(const struct glance *self, uint32_t position)
{
    struct view_episode open[LOOK_OPEN_MAX];
    size_t count = look_open(self, position, open);
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

/* ---- what is told of an agency to the fleet ---- */

#define CHANGES_A_LOOK 64 /* at most, so that a start does not hold up all that reads */

static void begin_part(const struct glance *self)
{
    struct looker *looker = self->looker;
    const struct fleet_part_header header = {scoring_method(looker->settings->methods.scoring), self->as_of,
                                             self->task->catching_up};
    looker->changes_left = CHANGES_A_LOOK;
    fleet_part_begin(&looker->part, &header);
}

/* Only what everybody may know. */
static void tell_part(const struct glance *self, const struct agency_record *record)
{
    const struct scorecard *scorecard = &self->looker->scorecard;
    struct fleet_entry entry = {.agency = scorecard->agency};
    for (unsigned w = 0; w < WINDOWS; w++) {
        const struct card *card = &scorecard->all[w];
        entry.cx[w].present = card->cx.present && !card_is_suppressed(card, scorecard->scoring);
        entry.cx[w].value = card->cx.value;
    }
    if (entry.cx[WINDOW_7D].present) {
        entry.change = record->change;
    }
    if (!span_equal(entry.agency, span_text(AGENCY_OTHER))) {
        fleet_part_put(&self->looker->part, &entry);
    }
}

static void publish_part(const struct glance *self)
{
    char text[FLEET_KEY_SIZE];
    struct span key = fleet_part_key(self->task->partition, text);
    if (self->looker->part.overflow) {
        return; /* more agencies than a part holds: the fleet is not complete then */
    }
    outputs_begin(self->outputs, OUTPUT_VIEW);
    buffer_bytes(&self->outputs->bytes, key.data, key.size);
    outputs_value(self->outputs);
    buffer_bytes(&self->outputs->bytes, self->looker->part.data, self->looker->part.size);
    outputs_end(self->outputs);
}

static void look_at_agency(const struct glance *self, uint32_t position)
{
    struct fold_agency *agency = fold_agency_at(self->task->fold, position);
    struct agency_record *record = task_agency(self->task, position);
    add_cells(self, agency);
    score_all(self, agency);
    look_for_episodes(self, position);
    publish_score(self, record);
    publish_view(self, position);
    tell_part(self, record);
    if (self->kind == LOOK_MINUTE || self->task->publish_all) {
        look_stand(self, position);
    }
    if (!self->task->catching_up && agency->oldest_us != INT64_MAX) {
        histogram_add(&self->looker->settings->status->delay, self->now.us - agency->oldest_us);
    }
    if (agency->oldest_us < self->as_of.us - US_PER_HOUR) {
        agency_detection_history(&record->detection);
    }
    if (agency->oldest_us < self->as_of.us - US_PER_WEEK) {
        explanations_history(&record->explanations);
    }
    agency->oldest_us = INT64_MAX;
    agency->touched = false;
}

/* Once history has been read, what there is of it becomes public in groups, as all that follows; or as it is, where
 * nothing is withheld. True: just now. */
static bool begin_guard(struct task *task, int64_t least)
{
    if (task->guarded || task->catching_up) {
        return false;
    }
    if (least > 0) {
        fold_begin_guard(task->fold, least);
    }
    task->guarded = task->guard_changed = task->must_apply = true;
    return true;
}

void look(struct looker *self, struct task *task, enum look_kind kind, struct event_time now, struct outputs *outputs)
{
    int64_t least = self->settings->methods.scoring->suppress_below;
    fold_settle(task->fold);
    if (begin_guard(task, least) && kind == LOOK_REFRESH) {
        kind = LOOK_ALL;
    }
    struct glance glance = {
        .looker = self,
        .task = task,
        .kind = kind,
        .now = now,
        .as_of = fold_as_of(task->fold),
        .revision = next_revision(task),
        .outputs = outputs,
        .nothing_is_public = least > 0 && !task->guarded,
    };
    begin_part(&glance);
    for (uint32_t a = 0; a < fold_agency_count(task->fold); a++) {
        if (kind != LOOK_REFRESH || task->publish_all || fold_agency_at(task->fold, a)->touched) {
            look_at_agency(&glance, a);
        }
    }
    if (kind != LOOK_REFRESH) {
        publish_part(&glance);
    }
    if (kind == LOOK_MINUTE) {
        task->last_look = glance.as_of;
    }
}
