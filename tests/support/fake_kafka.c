/* fake_kafka.c - the log: topics, partitions, transactions, committed offsets. */
#include "fake_kafka_parts.h"

#include <stdio.h>
#include <stdlib.h>

struct fake_kafka *fake_kafka_open(struct virtual_clock *clock, uint64_t seed)
{
    struct fake_kafka *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->clock = clock;
    self->random.state = seed;
    return self;
}

struct span fake_copy(struct span bytes)
{
    if (!bytes.data) {
        return bytes;
    }
    uint8_t *copy = malloc(bytes.size ? bytes.size : 1);
    ASSERT(copy);
    memcpy(copy, bytes.data, bytes.size);
    return span_of(copy, bytes.size);
}

void fake_free(struct span bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

struct message_header *fake_copy_headers(const struct message_header *headers, size_t count)
{
    if (count == 0) {
        return NULL;
    }
    struct message_header *copies = calloc(count, sizeof *copies);
    ASSERT(copies);
    for (size_t i = 0; i < count; i++) {
        copies[i] = (struct message_header){strdup(headers[i].name), fake_copy(headers[i].value)};
    }
    return copies;
}

void fake_free_headers(struct message_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)headers[i].name);
        fake_free(headers[i].value);
    }
    free(headers);
}

static void record_free(struct fake_record *record)
{
    fake_free(record->key);
    fake_free(record->value);
    fake_free_headers(record->headers, record->header_count);
}

void fake_kafka_close(struct fake_kafka *self)
{
    if (!self) {
        return;
    }
    for (size_t t = 0; t < self->topic_count; t++) {
        struct fake_topic *topic = &self->topics[t];
        for (int32_t p = 0; p < topic->partition_count; p++) {
            for (size_t i = 0; i < topic->partitions[p].count; i++) {
                record_free(&topic->partitions[p].records[i]);
            }
            free(topic->partitions[p].records);
        }
        free(topic->partitions);
    }
    free(self);
}

struct fake_odds *fake_kafka_odds(struct fake_kafka *self)
{
    return &self->odds;
}

void fake_kafka_down(struct fake_kafka *self, bool down)
{
    self->down = down;
}

bool fake_drawn(struct fake_kafka *self, uint64_t odds)
{
    return odds && seeded_one_in(&self->random, odds);
}

void fake_kafka_topic(struct fake_kafka *self, const char *name, int32_t partitions)
{
    ASSERT(self->topic_count < FAKE_TOPICS_MAX && strlen(name) < FAKE_NAME_MAX);
    struct fake_topic *topic = &self->topics[self->topic_count++];
    snprintf(topic->name, sizeof topic->name, "%s", name);
    topic->partition_count = partitions;
    topic->partitions = calloc((size_t)partitions, sizeof *topic->partitions);
    ASSERT(topic->partitions);
}

struct fake_topic *fake_topic_named(struct fake_kafka *self, const char *name)
{
    for (size_t t = 0; t < self->topic_count; t++) {
        if (strcmp(self->topics[t].name, name) == 0) {
            return &self->topics[t];
        }
    }
    assert_failed(name, __FILE__, __LINE__);
}

static struct fake_partition *partition_named(struct fake_kafka *self, const char *topic, int32_t partition)
{
    struct fake_topic *named = fake_topic_named(self, topic);
    ASSERT(partition >= 0 && partition < named->partition_count);
    return &named->partitions[partition];
}

int32_t fake_kafka_partitions(struct fake_kafka *self, const char *name)
{
    return fake_topic_named(self, name)->partition_count;
}

/* ---- records ---- */

static struct fake_record *record_add(struct fake_partition *partition)
{
    if (partition->count == partition->capacity) {
        partition->capacity = partition->capacity ? partition->capacity * 2 : 64;
        partition->records = realloc(partition->records, partition->capacity * sizeof *partition->records);
        ASSERT(partition->records);
    }
    struct fake_record *added = &partition->records[partition->count++];
    *added = (struct fake_record){.fate = FATE_COMMITTED};
    return added;
}

int64_t fake_append(struct fake_kafka *self, struct fake_topic *topic, int32_t partition, const struct message *message,
                    uint64_t transaction)
{
    if (partition < 0) {
        uint64_t any = seeded_below(&self->random, (uint64_t)topic->partition_count);
        partition = message->key.data ? partition_of(message->key, topic->partition_count) : (int32_t)any;
    }
    ASSERT(partition < topic->partition_count);
    struct fake_partition *to = &topic->partitions[partition];
    struct fake_record *record = record_add(to);
    record->key = fake_copy(message->key);
    record->value = fake_copy(message->value);
    record->headers = fake_copy_headers(message->headers, message->header_count);
    record->header_count = message->header_count;
    record->timestamp_us = self->clock->wall_us / US_PER_MS * US_PER_MS;
    record->transaction = transaction;
    record->fate = transaction ? FATE_OPEN : FATE_COMMITTED;
    to->open += transaction != 0;
    return (int64_t)to->count - 1;
}

int64_t fake_kafka_write(struct fake_kafka *self, const char *topic, int32_t partition, const struct message *message)
{
    return fake_append(self, fake_topic_named(self, topic), partition, message, 0);
}

bool fake_is_visible(const struct fake_partition *partition, int64_t offset)
{
    const struct fake_record *record = &partition->records[offset];
    return record->fate == FATE_COMMITTED && !record->is_marker;
}

int64_t fake_stable(const struct fake_partition *partition)
{
    size_t offset = partition->open ? 0 : partition->count;
    while (offset < partition->count && partition->records[offset].fate != FATE_OPEN) {
        offset++;
    }
    return (int64_t)offset;
}

const struct fake_record *fake_kafka_at(struct fake_kafka *self, const char *topic, int32_t partition, int64_t offset)
{
    const struct fake_partition *from = partition_named(self, topic, partition);
    bool is_there = offset >= from->low && offset < (int64_t)from->count && fake_is_visible(from, offset);
    return is_there ? &from->records[offset] : NULL;
}

int64_t fake_kafka_end(struct fake_kafka *self, const char *topic, int32_t partition)
{
    return (int64_t)partition_named(self, topic, partition)->count;
}

int64_t fake_kafka_stable(struct fake_kafka *self, const char *topic, int32_t partition)
{
    return fake_stable(partition_named(self, topic, partition));
}

void fake_kafka_trim(struct fake_kafka *self, const char *topic, int32_t partition, int64_t low)
{
    partition_named(self, topic, partition)->low = low;
}

void fake_kafka_cut(struct fake_kafka *self, const char *topic, int32_t partition, int64_t end)
{
    struct fake_partition *cut = partition_named(self, topic, partition);
    while ((int64_t)cut->count > end) {
        struct fake_record *last = &cut->records[--cut->count];
        cut->open -= last->fate == FATE_OPEN;
        record_free(last);
    }
    for (size_t i = 0; i < FAKE_SOURCES_MAX; i++) {
        if (self->sources[i]) {
            fake_source_was_cut(self->sources[i], fake_topic_named(self, topic), partition, end);
        }
    }
}

/* ---- transactions ---- */

uint64_t fake_kafka_leave_open(struct fake_kafka *self, const char *topic, int32_t partition)
{
    const struct message message = {.value = span_text("never committed")};
    fake_append(self, fake_topic_named(self, topic), partition, &message, ++self->transactions);
    return self->transactions;
}

static void end_in(struct fake_partition *partition, uint64_t transaction, enum fake_fate fate)
{
    bool touched = false;
    for (size_t i = 0; i < partition->count; i++) {
        struct fake_record *record = &partition->records[i];
        if (record->transaction == transaction && record->fate == FATE_OPEN) {
            record->fate = fate;
            partition->open--;
            touched = true;
        }
    }
    if (touched) {
        record_add(partition)->is_marker = true;
    }
}

void fake_kafka_end_transaction(struct fake_kafka *self, uint64_t transaction, enum fake_fate fate)
{
    for (size_t t = 0; t < self->topic_count; t++) {
        for (int32_t p = 0; p < self->topics[t].partition_count; p++) {
            if (self->topics[t].partitions[p].open) {
                end_in(&self->topics[t].partitions[p], transaction, fate);
            }
        }
    }
}

/* ---- what groups have committed ---- */

static struct fake_committed *committed_of(struct fake_kafka *self, const char *group, const struct fake_topic *topic,
                                           int32_t partition)
{
    for (size_t i = 0; i < self->committed_count; i++) {
        struct fake_committed *at = &self->committed[i];
        if (at->topic == topic && at->partition == partition && strcmp(at->group, group) == 0) {
            return at;
        }
    }
    return NULL;
}

void fake_commit_offset(struct fake_kafka *self, const char *group, const struct fake_topic *topic, int32_t partition,
                        int64_t offset)
{
    struct fake_committed *at = committed_of(self, group, topic, partition);
    if (!at) {
        ASSERT(self->committed_count < FAKE_COMMITTED_MAX);
        at = &self->committed[self->committed_count++];
        *at = (struct fake_committed){.topic = topic, .partition = partition};
        snprintf(at->group, sizeof at->group, "%s", group);
    }
    at->offset = offset;
}

int64_t fake_committed_offset(struct fake_kafka *self, const char *group, const struct fake_topic *topic,
                              int32_t partition)
{
    const struct fake_committed *at = committed_of(self, group, topic, partition);
    return at ? at->offset : OFFSET_UNSET;
}

int64_t fake_kafka_committed(struct fake_kafka *self, const char *group, const char *topic, int32_t partition)
{
    return fake_committed_offset(self, group, fake_topic_named(self, topic), partition);
}
