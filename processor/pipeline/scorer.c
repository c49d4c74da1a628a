/* scorer.c - the second stage: signals in, state applied, scores and alerts out. */
#include "scorer.h"
#include "keep.h"
#include "pace.h"
#include "task_state.h"

#include <stdlib.h>

#define GROUP_BYTES        ((size_t)4 << 20) /* changes and outputs made before they are applied and published */
#define PUBLISH_ALL_US     US_PER_HOUR
#define APPLY_REST_MOST_US (10 * US_PER_SECOND) /* what a restart would have to read again */
#define BEHIND_US          (2 * US_PER_MINUTE)
#define FENCED_WAIT_US     (2 * US_PER_SECOND) /* for Kafka to tell us, should the partition be another's by now */

struct scorer *scorer_open(const struct score_settings *settings)
{
    struct scorer *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->settings = *settings;
    self->task_settings = (struct task_settings){
        .config = settings->config, .cluster_id = settings->cluster_id, .topic_id = settings->topic_id};
    self->partitions = (int32_t)settings->config->signals_partitions;
    size_t count = (size_t)self->partitions;
    self->tasks = calloc(count, sizeof *self->tasks);
    self->outputs = calloc(count, sizeof *self->outputs);
    self->applies = calloc(count, sizeof *self->applies);
    self->applied = calloc(count, sizeof *self->applied);
    self->positions = calloc(count, sizeof *self->positions);
    ASSERT(self->tasks && self->outputs && self->applies && self->applied && self->positions);
    for (int32_t p = 0; p < self->partitions; p++) {
        task_init(&self->tasks[p], &self->task_settings, p);
        outputs_init(&self->outputs[p]);
    }
    self->looker = looker_open(&self->settings);
    fleet_watch_init(&self->fleet);
    incoming_init(&self->incoming);
    self->last_apply = settings->clock->mono(settings->clock);
    return self;
}

void scorer_connect(struct scorer *self, const struct scorer_edges *edges)
{
    self->source = edges->source;
    self->store = edges->store;
    self->publisher = edges->publisher;
    self->notifier = edges->notifier;
    self->task_settings.kept = edges->kept;
    self->task_settings.sinks = SINK_BIT(SINK_TOPIC) | (self->notifier ? self->notifier->sinks : 0);
    self->settings.status->sinks = self->task_settings.sinks;
    for (int32_t p = 0; p < self->partitions; p++) {
        outbox_init(&self->tasks[p].outbox, self->task_settings.sinks); /* nothing is claimed yet */
    }
}

void scorer_set_methods(struct scorer *self, const struct methods *methods)
{
    LOG(self->settings.log, LOG_INFO, "score", "scoring_changed",
        LOG_TEXT("from", self->settings.methods.scoring->version), LOG_TEXT("to", methods->scoring->version));
    self->settings.methods = *methods;
    looker_methods_changed(self->looker);
    for (int32_t p = 0; p < self->partitions; p++) {
        self->tasks[p].publish_all = true; /* what is said of a score may have changed where the score has not */
    }
}

void scorer_close(struct scorer *self)
{
    if (!self) {
        return;
    }
    for (int32_t p = 0; p < self->partitions; p++) {
        task_done(&self->tasks[p]);
        outputs_done(&self->outputs[p]);
    }
    looker_close(self->looker);
    fleet_watch_done(&self->fleet);
    incoming_done(&self->incoming);
    free(self->tasks);
    free(self->outputs);
    free(self->applies);
    free(self->applied);
    free(self->positions);
    free(self);
}

/* ---- fold: records into tasks ---- */

/* Added to the status once a batch: it is shared with other threads. */
static void tell_counts(struct scorer *self, const struct fold_counts *counts)
{
    static const enum record_outcome outcomes[FOLD_RESULTS] = {
        [FOLD_APPLIED] = RECORD_APPLIED, [FOLD_DUPLICATE] = RECORD_DUPLICATE, [FOLD_LATE] = RECORD_LATE};
    struct stage_status *status = scorer_status(self);
    for (unsigned c = 0; c < CHANNELS; c++) {
        for (unsigned r = 0; r < FOLD_RESULTS; r++) {
            if (counts->results[c][r]) {
                status->read[c] += counts->results[c][r];
                status->records[c][outcomes[r]] += counts->results[c][r];
            }
        }
    }
}

static void fold_batch(struct scorer *self, struct task *task)
{
    struct incoming *incoming = &self->incoming;
    struct fold_counts counts = {0};
    incoming_resolve(incoming, task->fold);
    fold_guard(task->fold, task->guarded ? self->settings.methods.scoring->suppress_below : 0);
    fold_events(task->fold, incoming->events, incoming->count, task->arrived, &counts);
    tell_counts(self, &counts);
}

/* A batch that cannot be read is our own fault or a stranger's in a private topic: told, counted, passed over. */
static void fold_record(struct scorer *self, const struct record *record)
{
    struct task *task = &self->tasks[record->partition];
    struct reason why;
    self->settings.status->signal_batches_read++;
    if (incoming_read(&self->incoming, record->value, &why) == DONE) {
        watch_tell(&task->watch, &self->incoming.reader.header);
        task->arrived = self->incoming.reader.header.written_at;
        fold_batch(self, task);
    } else {
        self->settings.status->signal_batches_bad++;
        LOG(self->settings.log, LOG_ERROR, "score", "signal_batch_unreadable", LOG_INT("partition", record->partition),
            LOG_INT("offset", record->offset), LOG_REASON(&why));
    }
}

/* ---- positions ---- */

void scorer_see_positions(struct scorer *self)
{
    size_t count = self->source->ops->positions(self->source, self->positions, (size_t)self->partitions);
    int64_t lag = 0;
    bool answers = count == 0;
    for (size_t i = 0; i < count; i++) {
        const struct source_position *at = &self->positions[i];
        answers |= at->stable_offset >= 0;
        struct task *task = &self->tasks[at->partition];
        if (at->position >= 0) {
            task->position = at->position;
            task->leader_epoch = at->leader_epoch;
        }
        task->stable_offset = at->stable_offset;
        if (at->stable_offset > at->position && at->position >= 0) {
            lag += at->stable_offset - at->position;
        }
    }
    scorer_status(self)->lag[0] = lag;
    scorer_status(self)->up[DEPENDENCY_KAFKA] = answers; /* a broker that is away tells no stable offsets */
}

/* For lag tools only: our own position is in Redis. */
static void commit_positions(struct scorer *self)
{
    size_t count = self->source->ops->positions(self->source, self->positions, (size_t)self->partitions);
    self->source->ops->commit(self->source, self->positions, count);
}

/* ---- look, apply, publish ---- */

/* In reading cx.signals, or intake in filling it: either way more is on its way than what was folded in. Who has read
 * all there is may be behind all the same: intake is, when what it sends is old. */
static bool is_behind(const struct task *task, struct event_time wall)
{
    return task->catching_up || task->stable_offset < 0 || task->position < task->stable_offset ||
           fold_as_of(task->fold).us < wall.us - BEHIND_US;
}

/* How long after a look the next may be, when none is owed to a new minute. */
static int64_t look_rest_us(const struct scorer *self, const struct task *task, struct event_time wall)
{
    return pace_rest_us(self->settings.config->look_interval, is_behind(task, wall), self->looks_us, INT64_MAX);
}

struct look_times {
    struct event_time wall;
    struct mono_time now;
};

/* Looks happen at minute boundaries of event time; between them the touched agencies' figures follow. */
static void look_if_due(struct scorer *self, struct task *task, struct event_time wall, struct mono_time now)
{
    struct outputs *outputs = &self->outputs[task->partition];
    if (fold_as_of(task->fold).us == INT64_MIN) {
        return; /* nothing was read yet: there is no time to look at */
    }
    bool new_minute = fold_as_of(task->fold).us > task->last_look.us;
    /* Behind, minutes pass faster than they can be looked at, and nobody is told of them: a look now and then will do.
     */
    int64_t rest_us = look_rest_us(self, task, wall);
    bool may_look = !is_behind(task, wall) || now.us - task->last_look_at.us >= rest_us;
    if (now.us - task->last_publish_all.us >= PUBLISH_ALL_US) {
        task->publish_all = true;
    }
    if ((new_minute || task->publish_all) && may_look) {
        if (task->publish_all) {
            task->last_publish_all = now;
        }
        look(self->looker, task, new_minute ? LOOK_MINUTE : LOOK_REFRESH, wall, outputs);
        task->last_look_at = task->last_refresh = now;
        task->told_catching_up = task->catching_up;
        task->publish_all = false;
    } else if (now.us - task->last_refresh.us >= rest_us) {
        bool has_turned = task->told_catching_up != task->catching_up; /* what was said as complete is not, or now is */
        look(self->looker, task, has_turned ? LOOK_ALL : LOOK_REFRESH, wall, outputs);
        task->last_refresh = now;
        task->told_catching_up = task->catching_up;
    }
    self->has_looked |= task->last_refresh.us == now.us;
}

/* How long after an apply the next one is due. */
static int64_t apply_rest_us(const struct scorer *self)
{
    return pace_rest_us(self->settings.config->apply_interval, self->behind, self->apply_us, APPLY_REST_MOST_US);
}

static void settle(struct scorer *self, struct task *task, const struct apply *apply)
{
    self->settings.status->applies[apply->result]++;
    task_applied(task, apply);
    if (apply->result == APPLY_FENCED || apply->result == APPLY_GAP) {
        scorer_forget(self, task);
    }
    if (apply->result == APPLY_FENCED) {
        task->claim_after.us = self->settings.clock->mono(self->settings.clock).us + FENCED_WAIT_US;
    }
    if (apply->result == APPLY_DONE) {
        scorer_publish(self, task);
    } else {
        task->publish_all = true; /* what was to be published is made anew */
        LOG(self->settings.log, LOG_WARN, "score", "apply_not_done", LOG_INT("partition", task->partition),
            LOG_TEXT("result", apply_result_words[apply->result]));
    }
    outputs_clear(&self->outputs[task->partition]);
}

static enum outcome apply_group(struct scorer *self, size_t count, struct reason *why)
{
    const struct clock *clock = self->settings.clock;
    struct mono_time began = clock->mono(clock);
    enum outcome applied = self->store->ops->apply(self->store, self->applies, count, why);
    struct mono_time ended = clock->mono(clock);
    histogram_add(&scorer_status(self)->commits, ended.us - began.us);
    scorer_status(self)->up[DEPENDENCY_REDIS] = applied == DONE;
    for (size_t i = 0; i < count; i++) {
        settle(self, self->applied[i], &self->applies[i]);
    }
    if (applied == DONE) {
        scorer_status(self)->last_progress_us = clock->wall(clock).us;
    }
    return applied;
}

static void tick_all(struct scorer *self, struct event_time wall)
{
    self->behind = false;
    for (int32_t p = 0; p < self->partitions; p++) {
        struct task *task = &self->tasks[p];
        if (task->claimed) {
            bool was_not_applied = self->outputs[p].count != 0; /* another's apply failed: it was not this one's turn */
            outputs_clear(&self->outputs[p]);
            task->publish_all |= self->republish || was_not_applied;
            if (self->republish) {
                task_state_touch(task); /* it may have been what is kept that did not arrive */
            }
            task_tick(task, wall);
            self->behind |= is_behind(task, wall) && !task->publish_all; /* a new owner is not kept waiting */
        }
    }
    self->republish = false;
}

/* Writes what has changed of every task, in groups of bounded size, and publishes what belongs to it. A look of a task
 * comes right before: what all the looks together want published is much. */
static enum outcome apply_changes(struct scorer *self, const struct look_times *looks, struct reason *why)
{
    size_t group = 0;
    size_t bytes = 0;
    self->clogged = false;
    for (int32_t p = 0; p < self->partitions; p++) {
        struct task *task = &self->tasks[p];
        if (task->claimed && looks) {
            look_if_due(self, task, looks->wall, looks->now);
        }
        if (task->claimed && (task_has_changes(task) || self->outputs[p].count)) {
            task_prepare(task, &self->applies[group]);
            keep_changes(&self->applies[group], self->settings.config->app, &self->outputs[p]);
            self->applied[group++] = task;
            bytes += task->changes.bytes.size + self->outputs[p].bytes.size;
        }
        if (group && (bytes >= GROUP_BYTES || p == self->partitions - 1)) {
            TRY(apply_group(self, group, why));
            group = bytes = 0;
        }
    }
    return DONE;
}

static enum outcome look_and_apply(struct scorer *self, struct mono_time now, struct reason *why)
{
    const struct clock *clock = self->settings.clock;
    const struct look_times looks = {clock->wall(clock), now};
    scorer_see_positions(self);
    tick_all(self, looks.wall);
    return apply_changes(self, &looks, why);
}

static void serve_notifier(struct scorer *self)
{
    if (self->notifier) {
        self->notifier->ops->serve(self->notifier);
    }
}

/* One turn of the loop. DONE: go on. RETRY: back off and go on. STOP: leave the loop, *why says why. */
enum outcome scorer_turn(struct scorer *self, struct reason *why)
{
    const struct clock *clock = self->settings.clock;
    struct record_batch batch;
    struct mono_time now = clock->mono(clock);
    scorer_status(self)->heartbeat_us = now.us;
    int64_t left = apply_rest_us(self) - (now.us - self->last_apply.us);
    int64_t wait = left < 0 ? 0 : left > 100 * US_PER_MS ? 100 * US_PER_MS : left;
    TRY(self->source->ops->poll(self->source, wait, &batch, why));
    scorer_status(self)->joined = self->source->ops->joined(self->source);
    for (size_t i = 0; i < batch.count; i++) {
        const struct record *record = &batch.records[i];
        if (record->partition < self->partitions && self->tasks[record->partition].claimed) {
            fold_record(self, record);
        }
    }
    if (self->ended == STOP) {
        *why = self->ended_why;
        return STOP;
    }
    now = clock->mono(clock);
    TRY(scorer_claim_waiting(self, now, why));
    TRY(self->publisher->ops->serve(self->publisher, 0, why));
    serve_notifier(self);
    if (now.us - self->last_apply.us < apply_rest_us(self)) {
        return DONE;
    }
    self->last_apply = now;
    self->has_looked = false;
    TRY(look_and_apply(self, now, why));
    self->apply_us = clock->mono(clock).us - now.us;
    if (self->has_looked) {
        self->looks_us = self->apply_us;
    }
    scorer_fleet(self, now);
    commit_positions(self);
    scorer_tell_status(self);
    return DONE;
}

enum outcome scorer_apply(struct scorer *self, struct reason *why)
{
    return apply_changes(self, NULL, why);
}

enum outcome scorer_drain(struct scorer *self, struct reason *why)
{
    scorer_status(self)->draining = true;
    TRY(look_and_apply(self, self->settings.clock->mono(self->settings.clock), why));
    for (unsigned i = 0; i < 50 && self->publisher->ops->queued(self->publisher); i++) {
        TRY(self->publisher->ops->serve(self->publisher, 100 * US_PER_MS, why));
    }
    serve_notifier(self);
    return scorer_apply(self, why); /* alerts acknowledged meanwhile leave the outbox */
}
