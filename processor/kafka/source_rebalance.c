#include <stdlib.h>

#include "errors.h"
#include "source.h"

#define ATTEMPT_MS     2000   /* one question to the brokers; the stage's loop asks again */
#define PARTITIONS_MAX 100000 /* a partition number beyond this is no partition of ours */

/* ---- what the library says ---- */

void source_on_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t kind, rd_kafka_topic_partition_list_t *partitions,
                         void *opaque)
{
    struct kafka_client *client = opaque;
    struct kafka_source *self = client->owner;
    ASSERT(self->rebalance_count < REBALANCES_MAX);
    self->rebalances[self->rebalance_count++] = (struct rebalance){
        .assign = kind == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS,
        .lost = rd_kafka_assignment_lost(consumer) != 0,
        .partitions = rd_kafka_topic_partition_list_copy(partitions),
    };
    if (self->closing) {
        source_settle(self);
    } else {
        rd_kafka_queue_yield(self->queue); /* don't wait for records now */
    }
}

static bool is_cooperative(const struct kafka_source *self)
{
    const char *protocol = rd_kafka_rebalance_protocol(self->consumer); /* NULL: it is leaving the group */
    return protocol && strcmp(protocol, "COOPERATIVE") == 0;
}

/* Both answer the library's rebalance, or change the assignment in between; an empty list is an answer, too. They fail
 * only when the library has given up. */
static enum outcome give_up_partitions(struct kafka_source *self, const rd_kafka_topic_partition_list_t *list,
                                       struct reason *why)
{
    if (is_cooperative(self)) {
        rd_kafka_error_t *error CLEANUP(kafka_error_drop) = rd_kafka_incremental_unassign(self->consumer, list);
        return error ? FAIL(why, STOP, REASON_FATAL, "giving up partitions: %s", rd_kafka_error_string(error)) : DONE;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(self->consumer, NULL);
    return code ? FAIL(why, STOP, REASON_FATAL, "giving up partitions: %s", rd_kafka_err2str(code)) : DONE;
}

static enum outcome take_partitions(struct kafka_source *self, const rd_kafka_topic_partition_list_t *list,
                                    struct reason *why)
{
    if (is_cooperative(self)) {
        rd_kafka_error_t *error CLEANUP(kafka_error_drop) = rd_kafka_incremental_assign(self->consumer, list);
        return error ? FAIL(why, STOP, REASON_FATAL, "taking partitions: %s", rd_kafka_error_string(error)) : DONE;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(self->consumer, list);
    return code ? FAIL(why, STOP, REASON_FATAL, "taking partitions: %s", rd_kafka_err2str(code)) : DONE;
}

/* ---- starting partitions where the stage wants them ---- */

static void list_add(rd_kafka_topic_partition_list_t *list, const char *topic, int32_t partition,
                     const struct source_partition *entry)
{
    rd_kafka_topic_partition_t *element = rd_kafka_topic_partition_list_add(list, topic, partition);
    element->offset = entry->next >= 0 ? entry->next : RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_topic_partition_set_leader_epoch(element, entry->leader_epoch);
}

/* Eager: the whole assignment is set anew, with those that did not change going on from where they are.
 * Cooperative: what changed is taken out, where it runs, and put in again. */
static enum outcome start_partitions(struct kafka_source *self, bool cooperative, struct reason *why)
{
    rd_kafka_topic_partition_list_t *stop CLEANUP(kafka_list_drop) = rd_kafka_topic_partition_list_new(4);
    rd_kafka_topic_partition_list_t *start CLEANUP(kafka_list_drop) = rd_kafka_topic_partition_list_new(4);
    struct source_partition *entry;
    source_follow(self);
    for (size_t t = 0, p = 0; (entry = source_each(self, &t, &p)); p++) {
        if (cooperative && !entry->changed) {
            continue;
        }
        if (entry->started) {
            list_add(stop, self->topics[t].name, (int32_t)p, entry);
        }
        entry->started = !entry->withheld && !entry->outside;
        entry->followed = entry->changed = false;
        if (entry->started) {
            list_add(start, self->topics[t].name, (int32_t)p, entry);
        }
    }
    if (cooperative && stop->cnt > 0) {
        TRY(give_up_partitions(self, stop, why));
    }
    return take_partitions(self, start, why);
}

enum outcome source_start_changed(struct kafka_source *self, struct reason *why)
{
    struct source_partition *entry;
    for (size_t t = 0, p = 0; (entry = source_each(self, &t, &p)); p++) {
        if (entry->changed && !self->serving) { /* inside an event, what follows it starts or drops them */
            return start_partitions(self, is_cooperative(self), why);
        }
    }
    return DONE;
}

/* ---- partitions outside the log ---- */

/* Where a partition goes on whose position the broker does not have. */
static int64_t where_to_go_on(struct kafka_source *self, size_t topic, int32_t partition,
                              const struct source_partition *entry, int64_t low, int64_t high)
{
    int64_t position = entry->next;
    if (position < 0) {
        return START_EARLIEST; /* it was to begin at the beginning, and that moved */
    }
    if (entry->truncated && high >= position) {
        high = position - 1; /* cut below it, and grown again: other records */
    }
    if (position >= low && position <= high) {
        return position; /* a replica that lagged behind said so */
    }
    if (!self->events.outside) {
        return START_EARLIEST;
    }
    self->serving = true;
    int64_t start = self->events.outside(self->events.context, (uint32_t)topic, partition, position, low, high);
    self->serving = false;
    return start;
}

static enum outcome serve_outside(struct kafka_source *self, struct reason *why)
{
    struct source_partition *entry;
    for (size_t t = 0, p = 0; (entry = source_each(self, &t, &p)); p++) {
        if (!entry->outside) {
            continue;
        }
        int64_t low = 0, high = 0;
        rd_kafka_resp_err_t code =
            rd_kafka_query_watermark_offsets(self->consumer, self->topics[t].name, (int32_t)p, &low, &high, ATTEMPT_MS);
        if (code) {
            enum outcome outcome = kafka_fail(why, code, "asking where a log begins and ends", NULL);
            return kafka_soften(outcome, self->client.proven, why);
        }
        int64_t start = where_to_go_on(self, t, (int32_t)p, entry, low, high);
        entry->withheld = start == START_WITHHELD;
        if (start != entry->next && !entry->withheld) {
            entry->next = entry->safe = start >= 0 ? start : OFFSET_UNSET;
        }
        entry->leader_epoch = entry->safe_epoch = -1;
        entry->followed = entry->outside = false;
        entry->changed = true;
        self->outside_count--;
    }
    return source_start_changed(self, why);
}

/* ---- assigned ---- */

static enum outcome fetch_partition_counts(struct kafka_source *self, struct reason *why)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(self->consumer, 0, NULL, &metadata, ATTEMPT_MS);
    if (code) {
        return kafka_fail(why, code, "asking for partitions", NULL);
    }
    for (int i = 0; i < metadata->topic_cnt; i++) {
        for (size_t t = 0; t < self->topic_count; t++) {
            if (strcmp(self->topics[t].name, metadata->topics[i].topic) == 0 && !metadata->topics[i].err) {
                self->topics[t].partition_count = metadata->topics[i].partition_cnt;
            }
        }
    }
    rd_kafka_metadata_destroy(metadata);
    return DONE;
}

/* The offsets that the group has committed, in list. Fails while a transaction that holds some of them is open. */
static enum outcome fetch_committed(struct kafka_source *self, rd_kafka_topic_partition_list_t *list,
                                    struct reason *why)
{
    rd_kafka_resp_err_t code = rd_kafka_committed(self->consumer, list, ATTEMPT_MS);
    for (int i = 0; i < list->cnt && !code; i++) {
        code = list->elems[i].err;
    }
    return code ? kafka_fail(why, code, "asking for committed offsets", NULL) : DONE;
}

/* Makes sure that the partition has an entry; NULL when it can't be one of ours, or the heap is full. */
static struct source_partition *make_entry(struct kafka_source *self, size_t topic, int32_t partition)
{
    if (topic >= self->topic_count || partition < 0 || partition >= PARTITIONS_MAX) {
        return NULL;
    }
    struct subscription *of = &self->topics[topic];
    if (partition >= of->capacity) {
        int32_t capacity = partition + 1 > of->partition_count ? partition + 1 : of->partition_count;
        struct source_partition *grown = realloc(of->partitions, (size_t)capacity * sizeof *grown);
        if (!grown) {
            return NULL;
        }
        memset(grown + of->capacity, 0, (size_t)(capacity - of->capacity) * sizeof *grown);
        of->partitions = grown;
        of->capacity = capacity;
    }
    return &of->partitions[partition];
}

/* The library's list as the stage sees it; those that have no entry are left out. Returns how many. */
static size_t describe(struct kafka_source *self, const rd_kafka_topic_partition_list_t *list, bool assign,
                       struct partition_start *out)
{
    size_t count = 0;
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *element = &list->elems[i];
        size_t topic = source_topic_named(self, element->topic);
        struct source_partition *entry =
            assign ? make_entry(self, topic, element->partition) : source_partition_of(self, topic, element->partition);
        if (!entry || entry->assigned == assign) {
            continue;
        }
        int64_t committed = assign ? element->offset : entry->safe;
        out[count++] = (struct partition_start){
            .topic = (uint32_t)topic,
            .partition = element->partition,
            .committed = committed >= 0 ? committed : OFFSET_UNSET,
            .start = assign ? (committed >= 0 ? committed : START_EARLIEST) : entry->next,
            .leader_epoch = assign ? rd_kafka_topic_partition_get_leader_epoch(element) : entry->leader_epoch,
        };
    }
    return count;
}

static void adopt(struct kafka_source *self, const struct partition_start *start)
{
    ASSERT(start->start >= 0 || start->start == START_EARLIEST || start->start == START_WITHHELD);
    struct source_partition *entry = source_partition_of(self, start->topic, start->partition);
    int64_t next = start->start >= 0 ? start->start : OFFSET_UNSET;
    int32_t epoch = start->start >= 0 ? start->leader_epoch : -1;
    *entry = (struct source_partition){
        .assigned = true,
        .withheld = start->start == START_WITHHELD,
        .changed = true,
        .leader_epoch = epoch,
        .safe_epoch = epoch,
        .next = next,
        .safe = next,
        .stable_offset = OFFSET_UNSET,
    };
}

static enum outcome serve_assigned(struct kafka_source *self, const struct rebalance *rebalance, struct reason *why)
{
    rd_kafka_topic_partition_list_t *list = rebalance->partitions;
    for (int i = 0; i < list->cnt; i++) {
        list->elems[i].offset = RD_KAFKA_OFFSET_INVALID;
    }
    TRY(fetch_partition_counts(self, why));
    if (self->fetch_committed && list->cnt > 0) {
        TRY(fetch_committed(self, list, why));
    }
    struct partition_start *starts = calloc((size_t)list->cnt + 1, sizeof *starts);
    if (!starts) {
        return FAIL(why, STOP, REASON_FULL, "assignment: out of memory");
    }
    size_t count = describe(self, list, true, starts);
    if (count > 0 && self->events.assigned) {
        self->serving = true;
        self->events.assigned(self->events.context, starts, count);
        self->serving = false;
    }
    for (size_t i = 0; i < count; i++) {
        adopt(self, &starts[i]);
    }
    free(starts);
    self->joined = true;
    return start_partitions(self, is_cooperative(self), why); /* the library waits for an answer, if an empty one */
}

/* Answers an assignment with nothing. */
static enum outcome refuse_assigned(struct kafka_source *self, struct reason *why)
{
    rd_kafka_topic_partition_list_t *nothing CLEANUP(kafka_list_drop) = rd_kafka_topic_partition_list_new(0);
    return take_partitions(self, nothing, why);
}

/* ---- revoked and lost ---- */

static void forget(struct kafka_source *self, struct source_partition *entry)
{
    if (entry->outside) {
        self->outside_count--;
    }
    *entry = (struct source_partition){.next = OFFSET_UNSET, .safe = OFFSET_UNSET};
}

static void tell_gone(struct kafka_source *self, const struct partition_start *gone, size_t count, bool lost)
{
    void (*tell)(void *, const struct partition_start *, size_t) = lost ? self->events.lost : self->events.revoked;
    if (count > 0 && tell) {
        self->serving = true;
        tell(self->events.context, gone, count);
        self->serving = false;
    }
    for (size_t i = 0; i < count; i++) {
        forget(self, source_partition_of(self, gone[i].topic, gone[i].partition));
    }
}

/* Those that the library reads: it refuses to give up others. */
static rd_kafka_topic_partition_list_t *started_among(struct kafka_source *self, const struct partition_start *gone,
                                                      size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        if (source_partition_of(self, gone[i].topic, gone[i].partition)->started) {
            rd_kafka_topic_partition_list_add(list, self->topics[gone[i].topic].name, gone[i].partition);
        }
    }
    return list;
}

static enum outcome serve_revoked(struct kafka_source *self, const struct rebalance *rebalance, struct reason *why)
{
    struct partition_start *gone = calloc((size_t)rebalance->partitions->cnt + 1, sizeof *gone);
    if (!gone) {
        (void)give_up_partitions(self, rebalance->partitions, why); /* or closing would wait for it for ever */
        return FAIL(why, STOP, REASON_FULL, "revocation: out of memory");
    }
    source_follow(self);
    size_t count = describe(self, rebalance->partitions, false, gone);
    rd_kafka_topic_partition_list_t *list CLEANUP(kafka_list_drop) = started_among(self, gone, count);
    tell_gone(self, gone, count, rebalance->lost || rd_kafka_assignment_lost(self->consumer));
    free(gone);
    TRY(give_up_partitions(self, list, why));
    return source_start_changed(self, why); /* cooperative: those that stay, when the stage has rewound */
}

void source_lose_all(struct kafka_source *self)
{
    struct source_partition *entry;
    for (size_t t = 0, p = 0; (entry = source_each(self, &t, &p)); p++) {
        const struct partition_start gone = {
            .topic = (uint32_t)t,
            .partition = (int32_t)p,
            .committed = entry->safe,
            .start = entry->next,
            .leader_epoch = entry->leader_epoch,
        };
        tell_gone(self, &gone, 1, true);
    }
}

/* ---- serving ---- */

static void drop_first(struct kafka_source *self)
{
    rd_kafka_topic_partition_list_destroy(self->rebalances[0].partitions);
    self->rebalance_count--;
    memmove(&self->rebalances[0], &self->rebalances[1], self->rebalance_count * sizeof self->rebalances[0]);
}

static enum outcome serve_first(struct kafka_source *self, struct reason *why)
{
    const struct rebalance *first = &self->rebalances[0];
    enum outcome outcome = first->assign ? serve_assigned(self, first, why) : serve_revoked(self, first, why);
    outcome = kafka_soften(outcome, self->client.proven, why);
    if (outcome == RETRY) { /* an assignment of which the stage was told nothing: once more, later */
        if (self->rebalance_count == 1 || !self->rebalances[1].lost) {
            return RETRY;
        }
        outcome = refuse_assigned(self, why); /* it was lost meanwhile */
    }
    drop_first(self);
    return outcome;
}

enum outcome source_serve(struct kafka_source *self, struct reason *why)
{
    while (self->rebalance_count > 0) {
        TRY(serve_first(self, why));
    }
    return self->outside_count > 0 ? serve_outside(self, why) : DONE;
}

/* An assignment that could not be served yet is not taken up: we are leaving. */
void source_settle(struct kafka_source *self)
{
    struct reason why;
    while (self->rebalance_count > 0) {
        const struct rebalance *first = &self->rebalances[0];
        (void)(first->assign ? refuse_assigned(self, &why) : serve_revoked(self, first, &why));
        drop_first(self);
    }
}
