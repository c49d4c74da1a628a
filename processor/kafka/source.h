/* source.h - what the files of the source share, and what the sink must know of it.
 *
 * Rebalances. librdkafka calls back from inside the call that collects a batch. Deciding there would hand out records
 * of partitions that are no longer ours, and count records that were not handed out yet; so the callback only notes the
 * rebalance, and it is served at the next moment when everything handed out has been processed: when the stage comes
 * back for more, or at once when the batch came out empty. librdkafka waits for our assign call all the while.
 *
 * Positions. A partition's `next` is one past the last record handed out (or where it starts); rd_kafka_position() is
 * ahead of it by transaction markers only, and is believed only after something came from the present start, since
 * until then it may be of the start before; the end-of-partition event carries the rest. */
#ifndef KAFKA_SOURCE_H
#define KAFKA_SOURCE_H

#include "client.h"

struct source_partition {
    bool assigned;
    bool withheld;        /* assigned, but the stage does not want it yet */
    bool started;         /* the library reads it */
    bool changed;         /* to be started again at `next` */
    bool outside;         /* `next` is not in the log: to be settled with the stage */
    bool truncated;       /* … because the log was cut under it */
    bool followed;        /* something came since it was started: rd_kafka_position() is of this start */
    int32_t leader_epoch; /* of the record before `next`; -1: not known */
    int32_t safe_epoch;
    int64_t next; /* OFFSET_UNSET: from the beginning, wherever that is */
    int64_t safe; /* where a rewind goes back to: the start, then what was committed with a transaction */
    int64_t stable_offset;
    struct mono_time stable_at; /* when the broker told */
};

struct subscription {
    const char *name;                    /* the library's */
    int32_t partition_count;             /* as metadata last told; 0: not known */
    int32_t capacity;                    /* of partitions */
    struct source_partition *partitions; /* by number */
};

/* A rebalance that waits to be served. */
struct rebalance {
    bool assign, lost;
    rd_kafka_topic_partition_list_t *partitions;
};
#define REBALANCES_MAX 4 /* librdkafka waits for our answer to one before it sends another */

struct kafka_source {
    struct source base;
    struct kafka_client client;
    struct source_events events;
    bool fetch_committed;
    bool is_static; /* a member by name: closing does not leave the group */
    bool joined;
    bool closing; /* rebalances are served inside the callback: nothing is collected any more */
    bool serving; /* inside an event of the stage */

    rd_kafka_t *consumer;
    rd_kafka_queue_t *queue;
    struct subscription *topics;
    rd_kafka_topic_t **handles; /* of the topics: each message points to its topic's */
    size_t topic_count;
    size_t topic_last; /* where the last record came from */

    size_t batch_max, message_count;
    rd_kafka_message_t **messages; /* of the last poll; owned until the next */
    struct record *records;

    size_t rebalance_count;
    struct rebalance rebalances[REBALANCES_MAX];
    size_t outside_count; /* partitions that are `outside` */

    rd_kafka_queue_t *answers; /* to the questions for last stable offsets */
    bool asked;                /* one is on its way */
    bool committing;           /* so is a commit of offsets */
    struct mono_time asked_at;
};

/* The kafka source behind the contract's struct. */
struct kafka_source *kafka_source_of(struct source *base);

/* ---- source.c ---- */

/* The topic's position, or topic_count. */
size_t source_topic_of(const struct kafka_source *self, const rd_kafka_topic_t *handle);
size_t source_topic_named(const struct kafka_source *self, const char *name);
/* The partition's entry, or NULL when it was never assigned. */
struct source_partition *source_partition_of(struct kafka_source *self, size_t topic, int32_t partition);

/* Walks over assigned partitions: for (size_t t = 0, p = 0; (entry = source_each(self, &t, &p)) …; p++) */
struct source_partition *source_each(struct kafka_source *self, size_t *topic, size_t *partition);

/* ---- source_rebalance.c ---- */

void source_on_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t kind, rd_kafka_topic_partition_list_t *partitions,
                         void *opaque);
/* Serves what waits: rebalances, then partitions whose position is outside the log. RETRY: it goes on waiting. */
enum outcome source_serve(struct kafka_source *self, struct reason *why);
/* Before the consumer is closed: answers what waits. */
void source_settle(struct kafka_source *self);
/* Tells the stage that everything it still has is lost. */
void source_lose_all(struct kafka_source *self);
/* Starts every `changed` partition again at its `next`. */
enum outcome source_start_changed(struct kafka_source *self, struct reason *why);

/* ---- source_position.c ---- */

/* Brings each `next` up to what rd_kafka_position() says beyond the last record: the transaction markers. Not while
 * closing. */
void source_follow(struct kafka_source *self);
size_t source_positions(struct source *base, struct source_position *out, size_t max);
void source_commit(struct source *base, const struct source_position *positions, size_t count);
void source_on_committed(rd_kafka_t *consumer, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t *offsets,
                         void *opaque);
/* Asks for the last stable offsets about once a second, without waiting, and takes the answers. */
void source_ask_stable(struct kafka_source *self, struct mono_time now);

/* For the sink: positions that moved since they were last committed with a transaction (the caller frees), the group's
 * metadata (the caller frees; NULL: we are not a member now), and the news that they were committed. */
rd_kafka_topic_partition_list_t *kafka_source_moved(struct source *base);
rd_kafka_consumer_group_metadata_t *kafka_source_member(struct source *base);
void kafka_source_committed(struct source *base, const rd_kafka_topic_partition_list_t *positions);

#endif
