/* fake_kafka_parts.h - what the files of the fake Kafka share. */
#ifndef SLIPSTREAM_TESTS_FAKE_KAFKA_PARTS_H
#define SLIPSTREAM_TESTS_FAKE_KAFKA_PARTS_H

#include "fake_kafka.h"

#define FAKE_TOPICS_MAX    16
#define FAKE_NAME_MAX      128
#define FAKE_COMMITTED_MAX 256
#define FAKE_IDS_MAX       16
#define FAKE_SOURCES_MAX   16

struct fake_partition {
    struct fake_record *records; /* from offset 0 on; those before low are gone for readers */
    size_t count, capacity;
    size_t open; /* records of transactions that have not ended */
    int64_t low;
};
struct fake_topic {
    char name[FAKE_NAME_MAX];
    int32_t partition_count;
    struct fake_partition *partitions;
};
struct fake_committed {
    char group[FAKE_NAME_MAX];
    const struct fake_topic *topic;
    int32_t partition;
    int64_t offset;
};
struct fake_transactional_id {
    char id[FAKE_NAME_MAX];
    uint64_t epoch; /* of who has it */
    uint64_t open;  /* its transaction; 0: none */
};

struct fake_source;
struct fake_kafka {
    struct virtual_clock *clock;
    struct seeded random;
    struct fake_odds odds;
    bool down;
    struct fake_topic topics[FAKE_TOPICS_MAX];
    size_t topic_count;
    struct fake_committed committed[FAKE_COMMITTED_MAX];
    size_t committed_count;
    struct fake_transactional_id ids[FAKE_IDS_MAX];
    size_t id_count;
    uint64_t transactions;
    struct fake_source *sources[FAKE_SOURCES_MAX]; /* those that are open */
};

struct fake_topic *fake_topic_named(struct fake_kafka *self, const char *name);
int64_t fake_append(struct fake_kafka *self, struct fake_topic *topic, int32_t partition, const struct message *message,
                    uint64_t transaction);
int64_t fake_stable(const struct fake_partition *partition);
bool fake_is_visible(const struct fake_partition *partition, int64_t offset);
void fake_commit_offset(struct fake_kafka *self, const char *group, const struct fake_topic *topic, int32_t partition,
                        int64_t offset);
int64_t fake_committed_offset(struct fake_kafka *self, const char *group, const struct fake_topic *topic,
                              int32_t partition);
bool fake_drawn(struct fake_kafka *self, uint64_t odds);
/* Bytes of their own, also when there are none; NULL stays NULL. */
struct span fake_copy(struct span bytes);
struct message_header *fake_copy_headers(const struct message_header *headers, size_t count);
void fake_free(struct span bytes);
void fake_free_headers(struct message_header *headers, size_t count);

/* For the sink: whether the source's positions have moved since they were committed with a transaction, whether the
 * group would take them, and that it did. */
bool fake_source_moved(struct source *base);
bool fake_source_is_member(struct source *base);
void fake_source_commit_moved(struct source *base);
/* The log was cut: who had read beyond is to be told. */
void fake_source_was_cut(struct fake_source *self, const struct fake_topic *topic, int32_t partition, int64_t end);

#endif
