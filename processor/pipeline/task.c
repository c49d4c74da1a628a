/* task.c - a task's life: claimed, ticked, applied. What its fields hold is in task_state.c. */
#include "keep.h"
#include "task_state.h"

#include <stdlib.h>

#define CATCHING_UP_US (10 * US_PER_MINUTE) /* DESIGN, "Time" */

void task_init(struct task *self, const struct task_settings *settings, int32_t partition)
{
    *self = (struct task){.settings = settings, .partition = partition};
    self->position = self->stable_offset = OFFSET_UNSET;
    self->leader_epoch = -1;
    changes_init(&self->changes);
    outbox_init(&self->outbox, settings ? settings->sinks : 0);
    watch_init(&self->watch);
}

static void free_agencies(struct task *self)
{
    for (uint32_t i = 0; self->fold && i < fold_agency_count(self->fold); i++) {
        struct agency_record *record = fold_agency_at(self->fold, i)->attachment;
        if (record) {
            agency_detection_done(&record->detection);
            explanations_done(&record->explanations);
            free(record);
        }
    }
}

void task_done(struct task *self)
{
    free_agencies(self);
    fold_close(self->fold);
    outbox_done(&self->outbox);
    watch_done(&self->watch);
    changes_done(&self->changes);
    free(self->chunks);
    *self = (struct task){.settings = self->settings, .partition = self->partition};
}

void task_drop(struct task *self)
{
    struct task kept = *self;
    task_done(self);
    task_init(self, kept.settings, kept.partition);
    self->assigned = kept.assigned;
    self->claim_after = kept.claim_after;
    self->claim_backoff_us = kept.claim_backoff_us;
    self->life = kept.life + 1;
}

struct agency_record *task_agency(const struct task *self, uint32_t agency)
{
    struct fold_agency *shown = fold_agency_at(self->fold, agency);
    if (!shown->attachment) {
        struct agency_record *made = calloc(1, sizeof *made);
        ASSERT(made);
        agency_detection_init(&made->detection);
        shown->attachment = made;
    }
    return shown->attachment;
}

static struct fold *new_fold(const struct config *config)
{
    size_t partitions = (size_t)config->signals_partitions;
    size_t ids = (size_t)config->dedupe_max_ids / partitions;
    struct fold_limits limits = {
        .ids_max = ids > 1024 ? ids : 1024,
        .horizon_us = config->dedupe_horizon,
        .agencies_max = (uint32_t)config->agencies_max,
        .services_max = (uint32_t)config->services_max,
    };
    return fold_open(&limits);
}

/* State belongs to one cluster, one topic and one number of partitions: anything else would count twice or lose. */
static enum outcome check_origin(const struct task *self, const struct task_meta *stored, struct reason *why)
{
    const struct task_settings *ours = self->settings;
    if (stored->partitions != ours->config->signals_partitions) {
        return FAIL(why, STOP, REASON_REFUSED,
                    "the stored state was made with signals.partitions = %d, this is %lld: set it back, or give "
                    "another `app` to begin anew",
                    stored->partitions, (long long)ours->config->signals_partitions);
    }
    if (stored->cluster_id[0] && ours->cluster_id[0] && strcmp(stored->cluster_id, ours->cluster_id) != 0) {
        return FAIL(why, STOP, REASON_REFUSED,
                    "the stored state belongs to Kafka cluster %s, this is %s: check kafka.brokers and redis.url, or "
                    "give another `app` to begin anew",
                    stored->cluster_id, ours->cluster_id);
    }
    return DONE;
}

static bool memory_is_stored(const struct task *self, const struct claim *claim)
{
    return self->fold && claim->stored && claim->previous.epoch == self->owner.epoch &&
           claim->previous.random == self->owner.random && claim->seq == self->seq && !task_has_changes(self);
}

static void begin_anew(struct task *self)
{
    task_drop(self);
    self->fold = new_fold(self->settings->config);
    self->told_limited = fold_limited(self->fold);
    self->meta.complete_since_us = INT64_MIN;
}

/* What is stored; or, where an emptied Redis has nothing, what was kept beside it. */
static enum outcome begin_with(struct task *self, struct store *store, const struct claim *claim, struct reason *why)
{
    self->recovered = 0;
    if (!claim->stored) {
        struct table *kept = self->settings->kept;
        return kept ? keep_recover(self, kept, &self->recovered, why) : DONE;
    }
    self->seq = claim->seq;
    TRY(task_load(self, store, why));
    fold_advance(self->fold, (struct event_time){claim->meta.as_of_us});
    self->last_look.us = claim->meta.as_of_us; /* that minute was looked at by who stored it */
    return DONE;
}

enum outcome task_claim(struct task *self, struct store *store, struct event_time now, int64_t *start,
                        struct reason *why)
{
    struct claim claim;
    TRY(store->ops->peek(store, self->partition, &claim, why)); /* a claim would fence the owner of what is not ours */
    if (claim.stored) {
        TRY(check_origin(self, &claim.meta, why));
    }
    TRY(store->ops->claim(store, self->partition, now, &claim, why));
    if (!memory_is_stored(self, &claim)) {
        begin_anew(self);
        enum outcome loaded = begin_with(self, store, &claim, why);
        if (loaded != DONE) {
            task_drop(self);
            return loaded;
        }
    }
    self->owner = claim.owner;
    self->seq = claim.stored ? claim.seq : 0;
    if (claim.stored) {
        self->meta = claim.meta;
    }
    bool same_topic = !claim.stored || !claim.meta.topic_id[0] || !self->settings->topic_id[0] ||
                      strcmp(claim.meta.topic_id, self->settings->topic_id) == 0;
    bool resumes = claim.stored && same_topic && claim.meta.next >= 0;
    self->position = resumes ? claim.meta.next : OFFSET_UNSET;
    self->leader_epoch = resumes ? claim.meta.leader_epoch : -1;
    self->stable_offset = OFFSET_UNSET;
    *start = resumes ? claim.meta.next : START_EARLIEST;
    self->claimed = true;
    self->publish_all = true;
    self->must_apply = true;
    self->catching_up = true;
    task_state_touch(self); /* what was stored may not have been kept, and the other way round */
    return DONE;
}

/* A fold of the same agencies, services and cells, in the same places, with nothing in them. Cells stay, so that each
 * is replaced wherever it was stored or published, and not left behind as it was. */
static struct fold *emptied(struct fold *before, const struct config *config)
{
    struct fold *made = new_fold(config);
    for (uint32_t a = 0; a < fold_agency_count(before); a++) {
        struct fold_agency *from = fold_agency_at(before, a);
        uint32_t agency = fold_agency(made, from->name);
        fold_agency_at(made, agency)->attachment = from->attachment;
        for (uint32_t s = 0; s < from->service_count; s++) {
            uint32_t service = fold_service(made, agency, from->services[s].name);
            for (unsigned c = 0; c < CHANNELS; c++) {
                if (from->services[s].cells[c] != FOLD_NONE) {
                    const struct fold_cell *cell = fold_cell_at(before, from->services[s].cells[c]);
                    uint32_t position = fold_cell(made, agency, service, (enum channel)c);
                    struct fold_cell *fresh = fold_cell_at(made, position);
                    memcpy(fresh->published, cell->published, sizeof fresh->published);
                    if (cell->untold) {
                        fold_untold(made, position); /* so that what is stored of it is replaced */
                    }
                }
            }
        }
    }
    return made;
}

void task_rebuild(struct task *self)
{
    struct fold *before = self->fold;
    fold_settle(before);
    self->fold = emptied(before, self->settings->config);
    self->told_limited = fold_limited(self->fold);
    fold_close(before);
    for (size_t i = 0; i < self->chunk_count; i++) {
        self->chunks[i].total = 0; /* forgotten, all of them */
    }
    watch_done(&self->watch);
    watch_init(&self->watch);
    self->position = self->stable_offset = OFFSET_UNSET;
    self->leader_epoch = -1;
    self->guard_changed |= self->guarded;
    self->guarded = false;
    self->rebuilds = self->must_apply = self->publish_all = self->catching_up = true;
}

bool task_has_changes(const struct task *self)
{
    if (!self->fold) {
        return false;
    }
    fold_settle(self->fold);
    struct fold_changes changed = fold_changes(self->fold);
    return self->must_apply || changed.cell_count || changed.id_count || outbox_has_changes(&self->outbox) ||
           (self->position >= 0 && self->position != self->meta.next);
}

void task_prepare(struct task *self, struct apply *apply)
{
    changes_clear(&self->changes);
    task_state_changes(self, &self->changes);
    *apply = (struct apply){
        .partition = self->partition,
        .owner = self->owner,
        .seq = self->seq,
        .meta = self->meta,
        .changes = changes_list(&self->changes),
        .change_count = self->changes.count,
        .result = APPLY_FAILED,
    };
    apply->meta.next = self->position;
    apply->meta.leader_epoch = self->leader_epoch;
    apply->meta.partitions = (int32_t)self->settings->config->signals_partitions;
    apply->meta.as_of_us = fold_as_of(self->fold).us;
    memcpy(apply->meta.cluster_id, self->settings->cluster_id, strlen(self->settings->cluster_id) + 1);
    memcpy(apply->meta.topic_id, self->settings->topic_id, strlen(self->settings->topic_id) + 1);
}

void task_applied(struct task *self, const struct apply *apply)
{
    switch (apply->result) {
    case APPLY_DONE:
        self->seq++;
        self->meta = apply->meta;
        self->must_apply = false;
        task_state_taken(self);
        break;
    case APPLY_DUPLICATE: /* an apply whose reply we lost was stored; what has changed since is written by the next */
        self->seq++;
        self->must_apply = true;
        task_state_found(self);
        break;
    case APPLY_FENCED:
    case APPLY_GAP:
        task_drop(self);
        break;
    case APPLY_FAILED:
    case APPLY_RESULTS:
        break;
    }
    changes_clear(&self->changes);
}

void task_tick(struct task *self, struct event_time now)
{
    struct event_time complete = watch_complete_until(&self->watch, now);
    bool has_read_all = self->stable_offset >= 0 && self->position >= self->stable_offset;
    if (has_read_all && complete.us != INT64_MIN) {
        int64_t minute = time_floor(complete.us, US_PER_MINUTE) * US_PER_MINUTE;
        fold_advance(self->fold, (struct event_time){minute});
    }
    struct event_time as_of = fold_as_of(self->fold);
    self->catching_up = complete.us == INT64_MIN || as_of.us < now.us - CATCHING_UP_US;
}
