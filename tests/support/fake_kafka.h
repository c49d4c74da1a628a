/* fake_kafka.h - Kafka in memory, behind the tables of functions in slipstream/kafka.h, for one thread.
 *
 * Shape: a log of topics and partitions; transactions leave markers that take up offsets; readers are read-committed.
 * Who has which partition is the test's to say: rebalances are noted, and served inside the source's next poll or
 * close, as kafka.h has it. What goes wrong is asked for call by call, or drawn from the seed by odds. Ownership: who
 * opened a source, sink or publisher closes it through its table, or drops it: that is a crash, with no callback and
 * nothing finished. What is handed out is copied and gone with the next poll, so that a sanitizer sees a stage that
 * keeps it. The log itself lives until fake_kafka_close. */
#ifndef SLIPSTREAM_TESTS_FAKE_KAFKA_H
#define SLIPSTREAM_TESTS_FAKE_KAFKA_H

#include "slipstream/kafka.h"

#include "seeded.h"
#include "virtual_clock.h"

/* ---- the log ---- */

enum fake_fate { FATE_OPEN, FATE_COMMITTED, FATE_ABORTED };

struct fake_record {
    struct span key, value; /* data NULL: none */
    struct message_header *headers;
    size_t header_count;
    int64_t timestamp_us;
    enum fake_fate fate;
    bool is_marker;
    uint64_t transaction; /* 0: none */
};

/* One in so many goes wrong; 0: none. */
struct fake_odds {
    uint64_t poll_fails, commit_aborts, commit_unknown, delivery_fails;
};

struct fake_kafka;
struct fake_kafka *fake_kafka_open(struct virtual_clock *clock, uint64_t seed);
void fake_kafka_close(struct fake_kafka *self);
struct fake_odds *fake_kafka_odds(struct fake_kafka *self);
void fake_kafka_down(struct fake_kafka *self, bool down); /* nobody answers */

void fake_kafka_topic(struct fake_kafka *self, const char *name, int32_t partitions);
int32_t fake_kafka_partitions(struct fake_kafka *self, const char *name);
/* A record outside of any transaction; its offset. The message's topic is not looked at. */
int64_t fake_kafka_write(struct fake_kafka *self, const char *topic, int32_t partition, const struct message *message);
/* The committed record at an offset; NULL: a marker, aborted, still open, or not in the log. */
const struct fake_record *fake_kafka_at(struct fake_kafka *self, const char *topic, int32_t partition, int64_t offset);
int64_t fake_kafka_end(struct fake_kafka *self, const char *topic, int32_t partition);
int64_t fake_kafka_stable(struct fake_kafka *self, const char *topic, int32_t partition);
void fake_kafka_trim(struct fake_kafka *self, const char *topic, int32_t partition, int64_t low); /* retention */
void fake_kafka_cut(struct fake_kafka *self, const char *topic, int32_t partition, int64_t end);  /* a lossy election */
/* Leaves a transaction of nobody's open, from here on, until it is told how it ended. */
uint64_t fake_kafka_leave_open(struct fake_kafka *self, const char *topic, int32_t partition);
void fake_kafka_end_transaction(struct fake_kafka *self, uint64_t transaction, enum fake_fate fate);
/* What a group has committed; OFFSET_UNSET: nothing. */
int64_t fake_kafka_committed(struct fake_kafka *self, const char *group, const char *topic, int32_t partition);

/* ---- table ---- */

struct table *fake_table_open(struct fake_kafka *kafka, const char *topic);

/* ---- source ---- */

/* settings->kafka is not looked at. */
struct source *fake_source_open(struct fake_kafka *kafka, const struct source_settings *settings);
void fake_source_drop(struct source *base);
void fake_source_assign(struct source *self, uint32_t topic, int32_t partition);
void fake_source_revoke(struct source *self, uint32_t topic, int32_t partition);
void fake_source_lose(struct source *self, uint32_t topic, int32_t partition);
/* The group has gone on without it: all is lost, which it hears at its next poll, and the group takes nothing from it.
 */
void fake_source_expel(struct source *base);
bool fake_source_is_assigned(struct source *base, uint32_t topic, int32_t partition); /* or about to be */
bool fake_source_has(struct source *base, uint32_t topic, int32_t partition); /* assigned, and not about to go */

/* ---- sink ---- */

enum fake_commit {
    COMMIT_DONE,
    COMMIT_ABORTED,      /* RETRY: nothing of it is there */
    COMMIT_UNKNOWN_DONE, /* STOP, and it was committed */
    COMMIT_UNKNOWN_OPEN, /* STOP, and it stays open until the transactional id is taken over */
};
struct sink *fake_sink_open(struct fake_kafka *kafka, const struct sink_settings *settings);
void fake_sink_drop(struct sink *self);
void fake_sink_next(struct sink *self, enum fake_commit next);
void fake_sink_takes(struct sink *self, int64_t us); /* each commit, of the clock's time; none at first */

/* ---- publisher ---- */

struct publisher *fake_publisher_open(struct fake_kafka *kafka, const struct publisher_settings *settings);
void fake_publisher_drop(struct publisher *base); /* what was queued may or may not have arrived: the seed knows */
void fake_publisher_hold(struct publisher *self, bool hold); /* nothing is acknowledged: serving waits its time */
/* So many of the next deliveries fail, after so many that do not. */
void fake_publisher_fail(struct publisher *self, size_t after, size_t count);
void fake_publisher_refuse(struct publisher *self, const char *topic); /* nothing gets there; NULL: everything does */
void fake_publisher_room(struct publisher *self, size_t queued);       /* most that it queues; 100,000 at first */

#endif
