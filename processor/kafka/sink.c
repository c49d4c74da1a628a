#include <stdlib.h>

#include "errors.h"
#include "produce.h"
#include "source.h"

#define OPEN_US        (30 * US_PER_SECOND)
#define FILL_US        (10 * US_PER_SECOND) /* the transaction's own time-out: after it there is nothing left to fill */
#define SETTLE_US      (60 * US_PER_SECOND) /* for the coordinator to say how a transaction ended */
#define ATTEMPT_MS     2000                 /* between looks at what else happened */
#define QUEUE_WAIT_MS  1
#define REPORT_WAIT_MS 20
#define REPORT_WAITS   10
#define GOING_WAIT_MS  1000 /* for what is on its way when we give up */

struct kafka_sink {
    struct sink base;
    struct kafka_client client;
    rd_kafka_t *producer; /* NULL after it gave up: nothing of it points to the caller's messages any more */
    rd_kafka_topic_t **topics;
    size_t topic_count;
    struct source *source;
    rd_kafka_resp_err_t failed; /* the first delivery of this transaction that failed */
    bool aborting;              /* the coordinator has not confirmed an abort yet */
    bool begun;                 /* messages were sent ahead of their commit */
    struct mono_time since;     /* then */
};

static struct kafka_sink *sink_of(struct sink *base)
{
    return (struct kafka_sink *)base; /* base is its first member */
}
_Static_assert(offsetof(struct kafka_sink, base) == 0, "a kafka sink begins with the contract's struct");

static struct mono_time now(void)
{
    return system_clock.mono(&system_clock);
}

static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    (void)producer;
    struct kafka_client *client = opaque;
    struct kafka_sink *self = client->owner;
    bool purged = message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
    if (message->err && !purged && !self->failed) { /* purged is what follows a failure, not the failure */
        self->failed = message->err;
    }
}

static void sink_drop_producer(struct kafka_sink *self)
{
    if (self->producer) {
        kafka_topics_close(self->topics, self->topic_count);
        rd_kafka_destroy(self->producer);
        self->topics = NULL;
        self->producer = NULL;
    }
}

/* For good: what was not sent is dropped, and with the producer's threads ends every use of the caller's memory. */
static enum outcome sink_give_up(struct kafka_sink *self, enum outcome outcome, const struct reason *why)
{
    rd_kafka_purge(self->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(self->producer, GOING_WAIT_MS);
    sink_drop_producer(self);
    kafka_client_note(&self->client, outcome, why);
    return outcome;
}

/* A transaction that has failed already did so for a delivery, whose report may still be on its way. */
static void wait_for_report(struct kafka_sink *self)
{
    for (unsigned i = 0; !self->failed && i < REPORT_WAITS; i++) {
        rd_kafka_poll(self->producer, REPORT_WAIT_MS);
    }
}

/* An error of the transaction API: the producer's fatal error says more, or else a delivery that failed. */
static enum outcome sink_failure(struct kafka_sink *self, const rd_kafka_error_t *error, const char *doing,
                                 struct reason *why)
{
    enum outcome outcome;
    if (kafka_is_fatal(self->producer, doing, &outcome, why)) {
        return outcome;
    }
    if (rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__STATE) {
        wait_for_report(self);
    }
    if (self->failed) {
        return kafka_fail(why, self->failed, "delivering", NULL);
    }
    return kafka_fail_error(why, error, doing);
}

/* ---- the parts of a transaction ---- */

/* Asks nobody: it fails only when the producer will not work again. */
static enum outcome sink_begin(struct kafka_sink *self, struct reason *why)
{
    if (self->begun) {
        return DONE;
    }
    self->since = now();
    self->failed = RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_error_t *error CLEANUP(kafka_error_drop) = rd_kafka_begin_transaction(self->producer);
    if (!error) {
        self->begun = true;
        return DONE;
    }
    if (sink_failure(self, error, "beginning a transaction", why) != STOP) {
        why->code = REASON_FATAL;
    }
    return sink_give_up(self, STOP, why);
}

/* How many of the first messages are of one topic and have nothing but key and value: those go in together. */
static size_t run_length(const struct message *messages, size_t count)
{
    size_t length = 0;
    while (length < count && length < PRODUCE_RUN_MAX && messages[length].topic == messages[0].topic &&
           messages[length].header_count == 0 && messages[length].timestamp_us == 0) {
        length++;
    }
    return length;
}

/* Puts in what there is room for; returns how many of the first messages. */
static size_t sink_put(struct kafka_sink *self, const struct message *messages, size_t count, int flags,
                       enum outcome *outcome, struct reason *why)
{
    ASSERT(messages->topic < self->topic_count);
    rd_kafka_topic_t *topic = self->topics[messages->topic];
    size_t length = run_length(messages, count);
    if (length > 1) {
        return kafka_produce_run(topic, messages, length, flags, outcome, why);
    }
    *outcome = kafka_produce(self->producer, topic, messages, flags, why);
    return *outcome == DONE;
}

static enum outcome sink_fill(struct kafka_sink *self, const struct message *messages, size_t count, int flags,
                              struct reason *why)
{
    for (size_t put = 0; put < count;) {
        enum outcome outcome;
        put += sink_put(self, messages + put, count - put, flags, &outcome, why);
        if (outcome != DONE) {
            if (why->code != REASON_FULL || self->failed || now().us - self->since.us > FILL_US) {
                return outcome;
            }
            rd_kafka_poll(self->producer, QUEUE_WAIT_MS);
        }
    }
    return DONE;
}

static enum outcome sink_send_offsets(struct kafka_sink *self, const rd_kafka_topic_partition_list_t *offsets,
                                      struct reason *why)
{
    if (offsets->cnt == 0) {
        return DONE;
    }
    rd_kafka_consumer_group_metadata_t *member = kafka_source_member(self->source);
    if (!member) {
        return FAIL(why, RETRY, REASON_ABORTED, "not a member of the group now");
    }
    enum outcome outcome = DONE;
    int64_t left_us = FILL_US - (now().us - self->since.us);
    bool again;
    do {
        rd_kafka_error_t *error CLEANUP(kafka_error_drop) =
            rd_kafka_send_offsets_to_transaction(self->producer, offsets, member, kafka_wait_ms(left_us));
        outcome = error ? sink_failure(self, error, "adding offsets", why) : DONE;
        left_us = FILL_US - (now().us - self->since.us);
        again = error && rd_kafka_error_is_retriable(error) && left_us > 0;
    } while (again);
    rd_kafka_consumer_group_metadata_destroy(member);
    return outcome;
}

/* Sends what is queued and commits. *unknown: the coordinator did not say in time, so it may be either. */
static enum outcome sink_settle(struct kafka_sink *self, bool *unknown, struct reason *why)
{
    struct mono_time since = now();
    for (;;) {
        rd_kafka_error_t *error CLEANUP(kafka_error_drop) = rd_kafka_commit_transaction(self->producer, ATTEMPT_MS);
        if (!error) {
            return DONE;
        }
        enum outcome outcome = sink_failure(self, error, "committing", why);
        if (!rd_kafka_error_is_retriable(error)) {
            return outcome;
        }
        if (now().us - since.us > SETTLE_US) {
            *unknown = true;
            return outcome;
        }
    }
}

/* After DONE, nothing of the transaction is there. After RETRY nothing will be: it can only be aborted now, here or by
 * its time-out, and no message of it points to the caller's memory any more; but the coordinator has not said so yet.
 */
static enum outcome sink_abort(struct kafka_sink *self, struct reason *why)
{
    struct mono_time since = now();
    for (;;) {
        rd_kafka_error_t *error CLEANUP(kafka_error_drop) = rd_kafka_abort_transaction(self->producer, ATTEMPT_MS);
        self->aborting = error != NULL;
        if (!error) {
            return DONE;
        }
        bool again = rd_kafka_error_is_retriable(error) && now().us - since.us < SETTLE_US;
        if (!again) {
            return FAIL(why, STOP, REASON_FATAL, "aborting: %s", rd_kafka_error_string(error));
        }
        if (rd_kafka_outq_len(self->producer) == 0) {
            return kafka_fail_error(why, error, "aborting");
        }
    }
}

/* ---- the contract ---- */

/* A transaction that can't go on: the one road out of every failure. */
static enum outcome sink_undo(struct kafka_sink *self, enum outcome failed, struct reason *why)
{
    enum outcome outcome;
    struct reason aborting;
    if (kafka_is_fatal(self->producer, "transaction", &outcome, why)) {
        return sink_give_up(self, outcome, why);
    }
    if (sink_abort(self, &aborting) == STOP) {
        if (!kafka_is_fatal(self->producer, "transaction", &outcome, why)) {
            outcome = FAIL(why, STOP, REASON_FATAL, "%s; because of: %s", aborting.text, why->text);
        }
        return sink_give_up(self, outcome, why);
    }
    outcome = kafka_soften(failed, self->client.proven, why);
    if (outcome == STOP) {
        return sink_give_up(self, STOP, why);
    }
    if (outcome == RETRY && why->code != REASON_REFUSED) {
        why->code = REASON_ABORTED;
    }
    return outcome;
}

/* Finishes what an earlier abort left over. */
static enum outcome sink_tidy(struct kafka_sink *self, struct reason *why)
{
    enum outcome outcome = self->aborting ? sink_abort(self, why) : DONE;
    if (outcome == STOP) {
        (void)kafka_is_fatal(self->producer, "transaction", &outcome, why);
        return sink_give_up(self, STOP, why);
    }
    return outcome;
}

static enum outcome sink_transact(struct kafka_sink *self, const struct message *messages, size_t count,
                                  const rd_kafka_topic_partition_list_t *offsets, struct reason *why)
{
    bool unknown = false;
    TRY(sink_begin(self, why));
    enum outcome outcome = sink_fill(self, messages, count, 0, why);
    if (outcome == DONE) {
        outcome = sink_send_offsets(self, offsets, why);
    }
    if (outcome == DONE) {
        outcome = sink_settle(self, &unknown, why);
    }
    if (unknown) {
        outcome = FAIL(why, STOP, REASON_FATAL, "a commit was not answered; a restart finds out: %s", why->text);
        return sink_give_up(self, outcome, why);
    }
    self->begun = false;
    return outcome == DONE ? DONE : sink_undo(self, outcome, why);
}

/* Serves errors, also while there is nothing to send, and finishes what an earlier abort left over. */
static enum outcome sink_ready(struct kafka_sink *self, struct reason *why)
{
    if (self->producer) {
        rd_kafka_poll(self->producer, 0);
    }
    if (self->client.trouble == STOP) {
        return kafka_client_trouble(&self->client, why);
    }
    self->client.trouble = DONE; /* brokers away: the transaction itself finds out */
    return sink_tidy(self, why);
}

static enum outcome sink_send(struct sink *base, const struct message *messages, size_t count, struct reason *why)
{
    struct kafka_sink *self = sink_of(base);
    TRY(sink_ready(self, why));
    TRY(sink_begin(self, why));
    enum outcome outcome = sink_fill(self, messages, count, RD_KAFKA_MSG_F_COPY, why);
    if (outcome != DONE) {
        self->begun = false;
        return sink_undo(self, outcome, why);
    }
    return DONE;
}

static void sink_forget(struct sink *base)
{
    struct kafka_sink *self = sink_of(base);
    struct reason why;
    if (self->begun && self->producer) {
        self->begun = false;
        (void)FAIL(&why, RETRY, REASON_ABORTED, "forgotten");
        (void)sink_undo(self, RETRY, &why);
    }
}

static enum outcome sink_commit(struct sink *base, const struct message *messages, size_t count, struct reason *why)
{
    struct kafka_sink *self = sink_of(base);
    TRY(sink_ready(self, why));
    rd_kafka_topic_partition_list_t *offsets CLEANUP(kafka_list_drop) =
        self->source ? kafka_source_moved(self->source) : rd_kafka_topic_partition_list_new(0);
    if (count == 0 && offsets->cnt == 0 && !self->begun) {
        return DONE;
    }
    TRY(sink_transact(self, messages, count, offsets, why));
    self->client.proven = true;
    if (self->source) {
        kafka_source_committed(self->source, offsets);
    }
    return DONE;
}

static void sink_close(struct sink *base)
{
    if (base) {
        sink_drop_producer(sink_of(base));
        free(base);
    }
}

static const struct sink_ops sink_ops = {
    .send = sink_send, .forget = sink_forget, .commit = sink_commit, .close = sink_close};

/* ---- opening ---- */

static enum outcome sink_connect(struct kafka_sink *self, const struct sink_settings *settings, struct reason *why)
{
    /* Not compressed: on the way to the broker it would cost as much as decoding, and the topics have themselves
     * compressed there. As much is on its way at most: what was sent is in memory until it has arrived. */
    const struct kafka_property defaults[] = {
        {"compression.type", "none"}, {"queue.buffering.max.kbytes", "4096"}, {NULL, NULL}};
    const struct kafka_property fixed[] = {
        {"transactional.id", settings->transactional_id},
        {"transaction.timeout.ms", "10000"},    /* what a dead producer leaves open holds readers back as long */
        {"delivery.report.only.error", "true"}, /* of those that succeed the commit tells */
        {NULL, NULL},
    };
    TRY(kafka_producer_open(&self->client, &settings->kafka, defaults, fixed, on_delivery, &self->producer, why));
    self->topics = kafka_topics_open(self->producer, settings->topics, settings->topic_count);
    return self->topics ? DONE : FAIL(why, STOP, REASON_FULL, "kafka sink: out of memory");
}

/* Takes the transactional id over. */
static enum outcome sink_init(struct kafka_sink *self, struct reason *why)
{
    struct mono_time since = now();
    for (;;) {
        rd_kafka_error_t *error CLEANUP(kafka_error_drop) = rd_kafka_init_transactions(self->producer, ATTEMPT_MS);
        if (!error) {
            return DONE;
        }
        rd_kafka_poll(self->producer, 0);
        if (self->client.trouble == STOP) {
            return kafka_client_trouble(&self->client, why);
        }
        if (!rd_kafka_error_is_retriable(error) || now().us - since.us > OPEN_US) {
            return sink_failure(self, error, "taking over the transactional id", why);
        }
    }
}

enum outcome kafka_sink_open(const struct sink_settings *settings, struct sink **sink, struct reason *why)
{
    struct kafka_sink *self = calloc(1, sizeof *self);
    if (!self) {
        return FAIL(why, STOP, REASON_FULL, "kafka sink: out of memory");
    }
    self->base.ops = &sink_ops;
    self->client = (struct kafka_client){.log = settings->kafka.log, .owner = self};
    self->source = settings->source;
    self->topic_count = settings->topic_count;
    enum outcome outcome = sink_connect(self, settings, why);
    if (outcome == DONE) {
        outcome = sink_init(self, why);
    }
    if (outcome != DONE) {
        sink_close(&self->base);
        return outcome;
    }
    *sink = &self->base;
    return DONE;
}
