/* kafka.h - the edge to Kafka: a source (consumer), a transaction sink and a publisher (producers), readers of
 * whole topics, topics, a mock.
 *
 * Each is a small table of functions, so that the stages run against real Kafka and against fakes alike. Units: offsets
 * are Kafka's; timestamps µs. Errors: RETRY/unavailable or aborted, STOP/fenced (exit 3), STOP/refused, STOP/fatal. The
 * client library's threads stay behind this header; every function is called from the one thread of its stage.
 * Owner: who opened closes; close(NULL) is nothing. Logs: the library's own log lines go to the struct log given.
 * Kafka: KIP-447 for the transactions, KIP-345 for static membership. */
#ifndef SLIPSTREAM_KAFKA_H
#define SLIPSTREAM_KAFKA_H

#include "slipstream/model.h"

struct kafka_settings {
    struct log *log;
    const char *brokers;
    const char *client_id;
    const char *instance;               /* group.instance.id, and part of transactional.id */
    const char *const (*properties)[2]; /* passed through: name, value; already vetted by config */
    size_t property_count;
    int64_t queued_kbytes_max; /* queued.max.messages.kbytes of a source */
};

/* ---- source: reads topics as a member of a group, read-committed, offsets only where we say ---- */

struct record {
    struct span key, value; /* borrowed until the next poll */
    const void *handle;     /* the edge's own */
    uint32_t topic;         /* position in the source's topics */
    int32_t partition;
    int64_t offset;
    int64_t timestamp_us; /* the message's; -1: none */
};
struct record_batch {
    struct record *records; /* owned by the source, until the next poll */
    size_t count;
};

#define OFFSET_UNSET INT64_C(-1) /* nothing stored or known */

struct partition_start {
    uint32_t topic;
    int32_t partition;
    int64_t committed; /* what the group has committed; OFFSET_UNSET: nothing. Filled in when the source was asked */
    int64_t start; /* out: where to begin; START_EARLIEST; or START_WITHHELD: not yet, until source->restart. Comes in
                    * as the committed offset, or START_EARLIEST; for revoked and lost: the position */
    int32_t leader_epoch; /* out, of the record before start; -1: not known */
};
#define START_EARLIEST INT64_C(-2)
#define START_WITHHELD INT64_C(-3)

/* Called inside poll and close, on the same thread. While they run, positions() still says what was handed out by
 * earlier polls, all of which the stage has processed. Inside them a sink may commit; rewind and
 * restart take effect after them, for what is ours then. Any may be NULL. */
struct source_events {
    void *context;
    void (*assigned)(void *context, struct partition_start *partitions, size_t count);
    void (*revoked)(void *context, const struct partition_start *partitions, size_t count); /* ours until it returns */
    void (*lost)(void *context, const struct partition_start *partitions, size_t count);    /* not ours any more */
    /* The position is outside the log: below low (records are gone) or beyond high (the log was cut). Returns where to
     * go on, as in partition_start.start. */
    int64_t (*outside)(void *context, uint32_t topic, int32_t partition, int64_t position, int64_t low, int64_t high);
};

struct source_position {
    uint32_t topic;
    int32_t partition;
    int64_t position;      /* next offset; counts transaction markers; OFFSET_UNSET: at the beginning, not known yet */
    int64_t stable_offset; /* last stable offset the broker told; OFFSET_UNSET: not told in the last 15 s */
    int32_t leader_epoch;
};

struct source;
struct source_ops {
    /* Waits at most wait_us for records; an empty batch is DONE. Serves rebalances (then a few seconds more). RETRY:
     * unavailable, or refused after it has worked; each trouble is told once, and polling goes on mending it. */
    enum outcome (*poll)(struct source *self, int64_t wait_us, struct record_batch *batch, struct reason *why);
    /* The message's headers, borrowed until the next poll; returns how many were written to out (at most max). */
    size_t (*headers)(struct source *self, const struct record *record, struct message_header *out, size_t max);
    /* The value of the last header of that name, borrowed until the next poll; data NULL: there is none. An empty one
     * has data. */
    struct span (*header)(struct source *self, const struct record *record, const char *name);
    /* As if what was handed out since the last commit had never been read: seeks back to the committed offsets. */
    enum outcome (*rewind)(struct source *self, struct reason *why);
    /* Starts an assigned partition (again) at an offset or START_EARLIEST: after START_WITHHELD, or when a task was
     * dropped; or stops it (START_WITHHELD). RETRY: it is not ours. */
    enum outcome (*restart)(struct source *self, uint32_t topic, int32_t partition, int64_t offset, struct reason *why);
    /* All assigned partitions; returns how many were written to out (at most max). */
    size_t (*positions)(struct source *self, struct source_position *out, size_t max);
    /* Commits offsets without waiting: for lag tools only. */
    void (*commit)(struct source *self, const struct source_position *positions, size_t count);
    /* Partitions of each subscribed topic as far as known; 0: not known. */
    int32_t (*partition_count)(struct source *self, uint32_t topic);
    /* True once the group has given its first assignment (which may be empty). */
    bool (*joined)(struct source *self);
    void (*close)(struct source *self); /* leaves after `revoked` has run: before the sink that it commits with */
};
struct source {
    const struct source_ops *ops;
};

struct source_settings {
    struct kafka_settings kafka;
    const char *group;
    const char *const *topics;
    size_t topic_count;
    size_t batch_max; /* records a poll hands out at most */
    struct source_events events;
    bool fetch_committed; /* fill in partition_start.committed before `assigned` */
};
enum outcome kafka_source_open(const struct source_settings *settings, struct source **source,
                               struct reason *why) MUST_CHECK;

/* ---- transaction sink: messages and the offsets they came from, or nothing ---- */

struct message {
    uint32_t topic;    /* position in the sink's or publisher's topics */
    int32_t partition; /* -1: Kafka's default partitioner (murmur2 of the key) */
    struct span key;   /* data NULL: none */
    struct span value; /* data NULL: a tombstone */
    const struct message_header *headers;
    size_t header_count;  /* at most MESSAGE_HEADERS_MAX */
    int64_t timestamp_us; /* 0: that of sending it */
    uint64_t token;       /* the caller's, given back by `delivered` */
};
#define MESSAGE_HEADERS_MAX 65

struct sink;
struct sink_ops {
    /* Sends messages ahead of the commit that they will be part of; they are copied. RETRY: as commit says it. Whoever
     * sends commits or forgets within the transaction's time-out of 10 s. */
    enum outcome (*send)(struct sink *self, const struct message *messages, size_t count, struct reason *why);
    /* Takes back what was sent since the last commit. Should that not be sure, the next call makes sure, or says why.
     */
    void (*forget)(struct sink *self);
    /* Begins, produces all, adds the source's positions, commits; nothing to add is nothing to do. RETRY, whatever the
     * reason: nothing of it is there, and the caller rewinds the source. SKIP/too_large: the same, but a message is
     * larger than its topic takes, and would be again. May take 15 s without brokers, and 60 s when the coordinator
     * does not say how a commit ended; then STOP/fatal: a restart finds out. */
    enum outcome (*commit)(struct sink *self, const struct message *messages, size_t count, struct reason *why);
    void (*close)(struct sink *self);
};
struct sink {
    const struct sink_ops *ops;
};
struct sink_settings {
    struct kafka_settings kafka;
    const char *transactional_id;
    const char *const *topics;
    size_t topic_count;
    struct source *source; /* a kafka source; closed before the sink, so that its `revoked` can commit. NULL: messages
                            * come from elsewhere, and no offsets go with them */
};
/* Fences whoever used the transactional id before; waits for its open transaction to be aborted (at most 30 s). */
enum outcome kafka_sink_open(const struct sink_settings *settings, struct sink **sink, struct reason *why) MUST_CHECK;

/* ---- publisher: idempotent, retried, at least once; tells when each message was acknowledged ---- */

struct publisher;
struct publisher_ops {
    /* Copies the message into the queue. RETRY/full when the queue is; SKIP/too_large. */
    enum outcome (*send)(struct publisher *self, const struct message *message, struct reason *why);
    /* Serves delivery reports for at most wait_us. STOP after a fatal error. */
    enum outcome (*serve)(struct publisher *self, int64_t wait_us, struct reason *why);
    size_t (*queued)(struct publisher *self); /* not acknowledged yet */
    void (*close)(struct publisher *self);    /* waits at most 5 s for what is queued; tells nobody any more */
};
struct publisher {
    const struct publisher_ops *ops;
};
struct publisher_settings {
    struct kafka_settings kafka;
    const char *const *topics;
    size_t topic_count;
    void *context;
    /* Inside serve. DONE: acknowledged. RETRY: not, after two minutes of trying. SKIP/too_large. STOP/refused. */
    void (*delivered)(void *context, uint64_t token, enum outcome outcome, const struct reason *why);
};
enum outcome kafka_publisher_open(const struct publisher_settings *settings, struct publisher **publisher,
                                  struct reason *why) MUST_CHECK;

/* ---- reader: a topic from its start, or a time, to its end as of now; read-committed, without a group ----
 *
 * The end is the last offset written when it was opened, whoever wrote it: it waits for transactions that are open. */

struct reader_settings {
    struct kafka_settings kafka;
    const char *topic;
    int64_t since_us;  /* from the first record of this time or later in each partition; 0: from the start */
    int32_t partition; /* only this one, from `offset`, whatever since_us says; -1: all */
    int64_t offset;
    size_t batch_max; /* records a read hands out at most */
};
struct reader_range {
    int32_t partition;
    int64_t low, high; /* its offsets; high is not among them */
};
struct reader;
/* RETRY/unavailable: no broker, or the topic is not there. */
enum outcome kafka_reader_open(const struct reader_settings *settings, struct reader **reader,
                               struct reason *why) MUST_CHECK;
/* What will be read: a range each partition. */
const struct reader_range *kafka_reader_ranges(const struct reader *self, size_t *count);
/* Waits at most wait_us; an empty batch is DONE, and the end once `ended`. RETRY/unavailable: nothing came for a
 * minute. The records live until the next call. */
enum outcome kafka_reader_read(struct reader *self, int64_t wait_us, struct record_batch *batch, bool *ended,
                               struct reason *why) MUST_CHECK;
/* Another partition from its start, with the connection that is there; of a reader of one partition only. After
 * anything but DONE the reader can only be closed. */
enum outcome kafka_reader_turn_to(struct reader *self, int32_t partition, struct reason *why) MUST_CHECK;
/* The same records again. */
enum outcome kafka_reader_rewind(struct reader *self, struct reason *why) MUST_CHECK;
void kafka_reader_close(struct reader *self);

/* ---- table: a compacted topic, of which a partition is read as a whole, now and then ---- */

typedef enum outcome table_row(void *context, struct span key, struct span value, struct reason *why);
struct table;
struct table_ops {
    /* Hands out a partition's records from the start to the end as of now; of a key there may be several, and which one
     * counts is the caller's to say. Tombstones have no value (data NULL). RETRY/unavailable, after 15 s at most
     * without an answer; what `row` says but DONE ends it. */
    enum outcome (*read)(struct table *self, int32_t partition, table_row *row, void *context, struct reason *why);
    void (*rest)(struct table *self); /* no more reads for now: the connection is let go of */
    void (*close)(struct table *self);
};
struct table {
    const struct table_ops *ops;
};
/* Connects with the first read, and again with the first after a rest. The settings are borrowed. */
struct table *kafka_table_open(const struct kafka_settings *settings, const char *topic);

/* ---- topics ---- */

struct topic_spec {
    const char *name;
    int32_t partitions;
    const char *const (*configs)[2]; /* "cleanup.policy", "compact" … */
    size_t config_count;
};
struct topic_state {
    bool exists;
    int32_t partitions;
    char id[32]; /* Kafka's topic id, base64; empty when the broker tells none */
};
#define CLUSTER_ID_SIZE 64
/* Cluster id, and the state of each topic. RETRY when no broker answers within timeout_ms. */
enum outcome kafka_describe(const struct kafka_settings *settings, const char *const *topics, size_t count,
                            int64_t timeout_ms, struct topic_state *states, char cluster_id[CLUSTER_ID_SIZE],
                            struct reason *why) MUST_CHECK;
/* Makes the topics that are not there (replication: the broker's default). `created` may be NULL. The mock refuses. */
enum outcome kafka_create_topics(const struct kafka_settings *settings, const struct topic_spec *specs, size_t count,
                                 int64_t timeout_ms, size_t *created, struct reason *why) MUST_CHECK;

/* ---- the mock cluster in this process: for the demo and for happy paths ----
 *
 * It does not isolate transactions, does not keep offsets that come with one, and fences nobody. */

struct kafka_mock;
enum outcome kafka_mock_open(const struct topic_spec *specs, size_t count, struct kafka_mock **mock,
                             struct reason *why) MUST_CHECK;
const char *kafka_mock_brokers(const struct kafka_mock *self);
void kafka_mock_close(struct kafka_mock *self);

#endif
