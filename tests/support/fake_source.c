/* fake_source.c - a member of a group that reads the fake Kafka. */
#include "fake_kafka_parts.h"

#include <stdlib.h>

#define FAKE_REBALANCES_MAX 64

struct fake_entry {
    bool assigned, withheld, truncated;
    bool followed; /* something came since it was started: its position moves over markers */
    int64_t next, safe;
    int64_t stable;
};

enum fake_rebalance_kind { REBALANCE_ASSIGN, REBALANCE_REVOKE, REBALANCE_LOSE };
struct fake_rebalance {
    enum fake_rebalance_kind kind;
    uint32_t topic;
    int32_t partition;
};

/* A record that was handed out, with bytes of its own. */
struct fake_handed {
    struct span key, value;
    struct message_header *headers;
    size_t header_count;
};

struct fake_source {
    struct source base;
    struct fake_kafka *kafka;
    char group[FAKE_NAME_MAX];
    struct fake_topic *topics[FAKE_TOPICS_MAX];
    struct fake_entry *entries[FAKE_TOPICS_MAX];
    size_t topic_count;
    size_t batch_max;
    struct source_events events;
    bool fetch_committed, joined, expelled;
    struct fake_rebalance rebalances[FAKE_REBALANCES_MAX];
    size_t rebalance_count;
    struct record *records;
    struct fake_handed *handed;
    size_t handed_count;
};

static struct fake_source *source_of(struct source *base)
{
    return (struct fake_source *)base;
}

static struct fake_entry *entry_of(struct fake_source *self, uint32_t topic, int32_t partition)
{
    ASSERT(topic < self->topic_count && partition >= 0 && partition < self->topics[topic]->partition_count);
    return &self->entries[topic][partition];
}

/* Walks over assigned entries. */
static struct fake_entry *next_entry(struct fake_source *self, uint32_t *topic, int32_t *partition)
{
    for (; *topic < self->topic_count; (*topic)++, *partition = 0) {
        for (; *partition < self->topics[*topic]->partition_count; (*partition)++) {
            if (self->entries[*topic][*partition].assigned) {
                return &self->entries[*topic][*partition];
            }
        }
    }
    return NULL;
}

static const struct fake_partition *log_of(const struct fake_source *self, uint32_t topic, int32_t partition)
{
    return &self->topics[topic]->partitions[partition];
}

static void release(struct fake_source *self)
{
    for (size_t i = 0; i < self->handed_count; i++) {
        fake_free(self->handed[i].key);
        fake_free(self->handed[i].value);
        fake_free_headers(self->handed[i].headers, self->handed[i].header_count);
    }
    self->handed_count = 0;
}

/* ---- rebalances ---- */

static void note(struct source *base, enum fake_rebalance_kind kind, uint32_t topic, int32_t partition)
{
    struct fake_source *self = source_of(base);
    ASSERT(self->rebalance_count < FAKE_REBALANCES_MAX);
    self->rebalances[self->rebalance_count++] = (struct fake_rebalance){kind, topic, partition};
}

void fake_source_assign(struct source *self, uint32_t topic, int32_t partition)
{
    note(self, REBALANCE_ASSIGN, topic, partition);
}

void fake_source_revoke(struct source *self, uint32_t topic, int32_t partition)
{
    note(self, REBALANCE_REVOKE, topic, partition);
}

void fake_source_lose(struct source *self, uint32_t topic, int32_t partition)
{
    note(self, REBALANCE_LOSE, topic, partition);
}

void fake_source_expel(struct source *base)
{
    struct fake_source *self = source_of(base);
    self->expelled = true;
    self->rebalance_count = 0;
    uint32_t t = 0;
    for (int32_t p = 0; next_entry(self, &t, &p); p++) {
        fake_source_lose(base, t, p);
    }
}

bool fake_source_is_assigned(struct source *base, uint32_t topic, int32_t partition)
{
    struct fake_source *self = source_of(base);
    return (entry_of(self, topic, partition)->assigned && !self->expelled) || fake_source_has(base, topic, partition);
}

bool fake_source_has(struct source *base, uint32_t topic, int32_t partition)
{
    struct fake_source *self = source_of(base);
    bool has = entry_of(self, topic, partition)->assigned;
    for (size_t i = 0; i < self->rebalance_count; i++) {
        const struct fake_rebalance *at = &self->rebalances[i];
        if (at->topic == topic && at->partition == partition) {
            has = at->kind == REBALANCE_ASSIGN;
        }
    }
    return has;
}

static void adopt(struct fake_source *self, const struct partition_start *start)
{
    ASSERT(start->start >= 0 || start->start == START_EARLIEST || start->start == START_WITHHELD);
    int64_t next = start->start >= 0 ? start->start : OFFSET_UNSET;
    *entry_of(self, start->topic, start->partition) = (struct fake_entry){
        .assigned = true,
        .withheld = start->start == START_WITHHELD,
        .next = next,
        .safe = next,
        .stable = OFFSET_UNSET,
    };
}

static void serve_assigned(struct fake_source *self, struct partition_start *starts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t committed = OFFSET_UNSET;
        if (self->fetch_committed) {
            committed =
                fake_committed_offset(self->kafka, self->group, self->topics[starts[i].topic], starts[i].partition);
        }
        starts[i].committed = committed;
        starts[i].start = committed >= 0 ? committed : START_EARLIEST;
        starts[i].leader_epoch = -1;
    }
    self->events.assigned(self->events.context, starts, count);
    for (size_t i = 0; i < count; i++) {
        adopt(self, &starts[i]);
    }
    self->joined = true;
    self->expelled = false;
}

static void serve_gone(struct fake_source *self, enum fake_rebalance_kind kind, const struct partition_start *gone,
                       size_t count)
{
    if (kind == REBALANCE_LOSE) {
        self->events.lost(self->events.context, gone, count);
    } else {
        self->events.revoked(self->events.context, gone, count);
    }
    for (size_t i = 0; i < count; i++) {
        *entry_of(self, gone[i].topic, gone[i].partition) =
            (struct fake_entry){.next = OFFSET_UNSET, .safe = OFFSET_UNSET};
    }
}

/* Those of one kind that were noted one after another are one rebalance. */
static void serve_rebalances(struct fake_source *self)
{
    struct fake_rebalance noted[FAKE_REBALANCES_MAX];
    size_t count = self->rebalance_count;
    memcpy(noted, self->rebalances, sizeof noted);
    self->rebalance_count = 0;
    for (size_t i = 0, next; i < count; i = next) {
        struct partition_start starts[FAKE_REBALANCES_MAX];
        size_t used = 0;
        for (next = i; next < count && noted[next].kind == noted[i].kind; next++) {
            bool assigned = entry_of(self, noted[next].topic, noted[next].partition)->assigned;
            if (assigned != (noted[next].kind == REBALANCE_ASSIGN)) {
                starts[used++] =
                    (struct partition_start){.topic = noted[next].topic, .partition = noted[next].partition};
            }
        }
        if (used && noted[i].kind == REBALANCE_ASSIGN) {
            serve_assigned(self, starts, used);
        } else if (used) {
            serve_gone(self, noted[i].kind, starts, used);
        }
    }
}

/* ---- positions ---- */

static void serve_outside(struct fake_source *self)
{
    struct fake_entry *entry;
    uint32_t t = 0;
    for (int32_t p = 0; (entry = next_entry(self, &t, &p)); p++) {
        int64_t low = log_of(self, t, p)->low;
        int64_t high = (int64_t)log_of(self, t, p)->count;
        high = entry->truncated && high >= entry->next ? entry->next - 1 : high;
        entry->truncated = false;
        if (entry->withheld || entry->next < 0 || (entry->next >= low && entry->next <= high)) {
            continue;
        }
        int64_t start = self->events.outside(self->events.context, t, p, entry->next, low, high);
        entry->withheld = start == START_WITHHELD;
        entry->next = entry->safe = start >= 0 ? start : OFFSET_UNSET;
        entry->followed = false;
    }
}

void fake_source_was_cut(struct fake_source *self, const struct fake_topic *topic, int32_t partition, int64_t end)
{
    for (uint32_t t = 0; t < self->topic_count; t++) {
        if (self->topics[t] == topic && self->entries[t][partition].next > end) {
            self->entries[t][partition].truncated = true;
        }
    }
}

/* Over markers and what was aborted, as far as all transactions have ended. */
static void follow(const struct fake_partition *log, struct fake_entry *entry)
{
    int64_t stable = fake_stable(log);
    while (entry->followed && entry->next < stable && !fake_is_visible(log, entry->next)) {
        entry->next++;
    }
}

static size_t source_positions(struct source *base, struct source_position *out, size_t max)
{
    struct fake_source *self = source_of(base);
    struct fake_entry *entry;
    size_t count = 0;
    uint32_t t = 0;
    for (int32_t p = 0; count < max && (entry = next_entry(self, &t, &p)); p++) {
        follow(log_of(self, t, p), entry);
        out[count++] = (struct source_position){t, p, entry->next, entry->stable, entry->next > 0 ? 1 : -1};
    }
    return count;
}

static bool has_moved(const struct fake_entry *entry)
{
    return !entry->withheld && entry->next >= 0 && entry->next != entry->safe;
}

bool fake_source_moved(struct source *base)
{
    struct fake_source *self = source_of(base);
    struct fake_entry *entry;
    bool moved = false;
    uint32_t t = 0;
    for (int32_t p = 0; (entry = next_entry(self, &t, &p)); p++) {
        follow(log_of(self, t, p), entry);
        moved |= has_moved(entry);
    }
    return moved;
}

bool fake_source_is_member(struct source *base)
{
    return !source_of(base)->expelled;
}

void fake_source_commit_moved(struct source *base)
{
    struct fake_source *self = source_of(base);
    struct fake_entry *entry;
    uint32_t t = 0;
    for (int32_t p = 0; (entry = next_entry(self, &t, &p)); p++) {
        if (has_moved(entry)) {
            fake_commit_offset(self->kafka, self->group, self->topics[t], p, entry->next);
            entry->safe = entry->next;
        }
    }
}

/* ---- a batch ---- */

/* The next record of a partition, or false at its end. */
static bool take(struct fake_source *self, uint32_t topic, int32_t partition, struct fake_entry *entry)
{
    const struct fake_partition *log = log_of(self, topic, partition);
    if (entry->next < 0) {
        entry->next = log->low;
    }
    entry->followed = true;
    follow(log, entry);
    if (entry->next >= fake_stable(log)) {
        return false;
    }
    const struct fake_record *record = &log->records[entry->next];
    struct fake_handed *handed = &self->handed[self->handed_count];
    *handed = (struct fake_handed){
        .key = fake_copy(record->key),
        .value = fake_copy(record->value),
        .headers = fake_copy_headers(record->headers, record->header_count),
        .header_count = record->header_count,
    };
    self->records[self->handed_count++] = (struct record){
        .key = handed->key,
        .value = handed->value,
        .handle = handed,
        .topic = topic,
        .partition = partition,
        .offset = entry->next++,
        .timestamp_us = record->timestamp_us,
    };
    return true;
}

/* Partitions come in pieces, beginning with any of them. */
static void collect(struct fake_source *self)
{
    struct seeded *random = &self->kafka->random;
    struct fake_entry *entries[FAKE_REBALANCES_MAX];
    uint32_t topics[FAKE_REBALANCES_MAX];
    int32_t partitions[FAKE_REBALANCES_MAX];
    size_t count = 0;
    uint32_t t = 0;
    struct fake_entry *entry;
    for (int32_t p = 0; count < FAKE_REBALANCES_MAX && (entry = next_entry(self, &t, &p)); p++) {
        entry->stable = fake_stable(log_of(self, t, p));
        entries[count] = entry;
        topics[count] = t;
        partitions[count++] = p;
    }
    size_t first = count ? (size_t)seeded_below(random, count) : 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = (first + i) % count;
        size_t piece = 1 + (size_t)seeded_below(random, self->batch_max);
        while (!entries[at]->withheld && piece-- && self->handed_count < self->batch_max &&
               take(self, topics[at], partitions[at], entries[at])) {
        }
    }
}

static enum outcome source_poll(struct source *base, int64_t wait_us, struct record_batch *batch, struct reason *why)
{
    struct fake_source *self = source_of(base);
    (void)wait_us;
    release(self);
    if (self->kafka->down || fake_drawn(self->kafka, self->kafka->odds.poll_fails)) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "no broker answers");
    }
    serve_rebalances(self);
    serve_outside(self);
    collect(self);
    *batch = (struct record_batch){self->records, self->handed_count};
    return DONE;
}

/* ---- the rest of the contract ---- */

static size_t source_headers(struct source *base, const struct record *record, struct message_header *out, size_t max)
{
    const struct fake_handed *handed = record->handle;
    size_t count = handed->header_count < max ? handed->header_count : max;
    (void)base;
    if (count) {
        memcpy(out, handed->headers, count * sizeof *out);
    }
    return count;
}

static struct span source_header(struct source *base, const struct record *record, const char *name)
{
    const struct fake_handed *handed = record->handle;
    (void)base;
    for (size_t i = handed->header_count; i-- > 0;) {
        if (strcmp(handed->headers[i].name, name) == 0) {
            return handed->headers[i].value.data ? handed->headers[i].value : span_text("");
        }
    }
    return span_of(NULL, 0);
}

static enum outcome source_rewind(struct source *base, struct reason *why)
{
    struct fake_source *self = source_of(base);
    struct fake_entry *entry;
    if (self->kafka->down) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "no broker answers");
    }
    uint32_t t = 0;
    for (int32_t p = 0; (entry = next_entry(self, &t, &p)); p++) {
        if (!entry->withheld) {
            entry->next = entry->safe;
            entry->followed = false;
        }
    }
    return DONE;
}

static enum outcome source_restart(struct source *base, uint32_t topic, int32_t partition, int64_t offset,
                                   struct reason *why)
{
    ASSERT(offset >= 0 || offset == START_EARLIEST || offset == START_WITHHELD);
    struct fake_entry *entry = entry_of(source_of(base), topic, partition);
    if (!entry->assigned) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "partition %d is not assigned to us", partition);
    }
    entry->withheld = offset == START_WITHHELD;
    if (!entry->withheld) {
        entry->next = entry->safe = offset >= 0 ? offset : OFFSET_UNSET;
    }
    entry->followed = false;
    return DONE;
}

static void source_commit(struct source *base, const struct source_position *positions, size_t count)
{
    struct fake_source *self = source_of(base);
    for (size_t i = 0; i < count; i++) {
        if (positions[i].position >= 0) {
            fake_commit_offset(self->kafka, self->group, self->topics[positions[i].topic], positions[i].partition,
                               positions[i].position);
        }
    }
}

static int32_t source_partition_count(struct source *base, uint32_t topic)
{
    struct fake_source *self = source_of(base);
    return self->joined ? self->topics[topic]->partition_count : 0;
}

static bool source_joined(struct source *base)
{
    return source_of(base)->joined;
}

void fake_source_drop(struct source *base)
{
    struct fake_source *self = source_of(base);
    if (!self) {
        return;
    }
    release(self);
    for (size_t i = 0; i < FAKE_SOURCES_MAX; i++) {
        if (self->kafka->sources[i] == self) {
            self->kafka->sources[i] = NULL;
        }
    }
    for (size_t t = 0; t < self->topic_count; t++) {
        free(self->entries[t]);
    }
    free(self->records);
    free(self->handed);
    free(self);
}

static void source_close(struct source *base)
{
    struct fake_source *self = source_of(base);
    if (!self) {
        return;
    }
    release(self);
    size_t kept = 0;
    for (size_t i = 0; i < self->rebalance_count; i++) { /* what was to come does not come any more */
        if (self->rebalances[i].kind != REBALANCE_ASSIGN) {
            self->rebalances[kept++] = self->rebalances[i];
        }
    }
    self->rebalance_count = kept;
    uint32_t t = 0;
    for (int32_t p = 0; next_entry(self, &t, &p); p++) {
        fake_source_revoke(base, t, p);
    }
    serve_rebalances(self);
    fake_source_drop(base);
}

static const struct source_ops source_ops = {
    .poll = source_poll,
    .headers = source_headers,
    .header = source_header,
    .rewind = source_rewind,
    .restart = source_restart,
    .positions = source_positions,
    .commit = source_commit,
    .partition_count = source_partition_count,
    .joined = source_joined,
    .close = source_close,
};

struct source *fake_source_open(struct fake_kafka *kafka, const struct source_settings *settings)
{
    struct fake_source *self = calloc(1, sizeof *self);
    ASSERT(self && settings->topic_count <= FAKE_TOPICS_MAX && strlen(settings->group) < FAKE_NAME_MAX);
    self->base.ops = &source_ops;
    self->kafka = kafka;
    memcpy(self->group, settings->group, strlen(settings->group) + 1);
    self->topic_count = settings->topic_count;
    for (size_t t = 0; t < settings->topic_count; t++) {
        self->topics[t] = fake_topic_named(kafka, settings->topics[t]);
        self->entries[t] = calloc((size_t)self->topics[t]->partition_count, sizeof **self->entries);
        ASSERT(self->entries[t]);
    }
    self->batch_max = settings->batch_max;
    self->events = settings->events;
    self->fetch_committed = settings->fetch_committed;
    self->records = calloc(self->batch_max, sizeof *self->records);
    self->handed = calloc(self->batch_max, sizeof *self->handed);
    ASSERT(self->records && self->handed);
    size_t place = 0;
    while (kafka->sources[place]) {
        place++;
        ASSERT(place < FAKE_SOURCES_MAX);
    }
    kafka->sources[place] = self;
    return &self->base;
}
