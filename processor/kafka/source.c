#include "source.h"

#include <stdio.h>
#include <stdlib.h>

#include "errors.h"

struct kafka_source *kafka_source_of(struct source *base)
{
    return (struct kafka_source *)base; /* base is its first member */
}
_Static_assert(offsetof(struct kafka_source, base) == 0, "a kafka source begins with the contract's struct");

/* ---- lookups ---- */

size_t source_topic_named(const struct kafka_source *self, const char *name)
{
    size_t t = 0;
    while (t < self->topic_count && strcmp(self->topics[t].name, name) != 0) {
        t++;
    }
    return t;
}

size_t source_topic_of(const struct kafka_source *self, const rd_kafka_topic_t *handle)
{
    for (size_t t = 0; t < self->topic_count; t++) {
        if (self->handles[t] == handle) {
            return t;
        }
    }
    return handle ? source_topic_named(self, rd_kafka_topic_name(handle)) : self->topic_count; /* of an error */
}

struct source_partition *source_partition_of(struct kafka_source *self, size_t topic, int32_t partition)
{
    if (topic >= self->topic_count || partition < 0 || partition >= self->topics[topic].capacity) {
        return NULL;
    }
    return &self->topics[topic].partitions[partition];
}

struct source_partition *source_each(struct kafka_source *self, size_t *topic, size_t *partition)
{
    for (; *topic < self->topic_count; (*topic)++, *partition = 0) {
        for (; *partition < (size_t)self->topics[*topic].capacity; (*partition)++) {
            struct source_partition *entry = &self->topics[*topic].partitions[*partition];
            if (entry->assigned) {
                return entry;
            }
        }
    }
    return NULL;
}

/* ---- a batch ---- */

static void source_release(struct kafka_source *self)
{
    for (size_t i = 0; i < self->message_count; i++) {
        rd_kafka_message_destroy(self->messages[i]);
    }
    self->message_count = 0;
}

/* What there is, without waiting; or else waits for the first message and takes what came with it. */
static void source_collect(struct kafka_source *self, int64_t wait_us)
{
    ssize_t count = rd_kafka_consume_batch_queue(self->queue, 0, self->messages, self->batch_max);
    if (count == 0 && wait_us > 0 && self->rebalance_count == 0) {
        count = rd_kafka_consume_batch_queue(self->queue, kafka_wait_ms(wait_us), self->messages, 1);
        if (count == 1 && self->batch_max > 1) {
            ssize_t more = rd_kafka_consume_batch_queue(self->queue, 0, self->messages + 1, self->batch_max - 1);
            count += more > 0 ? more : 0;
        }
    }
    self->message_count = count > 0 ? (size_t)count : 0;
}

/* All was read up to here: only now is a start at the beginning, or a trailing transaction marker, known as a number.
 */
static void source_reached_end(struct kafka_source *self, const rd_kafka_message_t *message)
{
    struct source_partition *entry = source_partition_of(self, source_topic_of(self, message->rkt), message->partition);
    self->client.proven = true;
    if (entry && entry->started) {
        entry->followed = true;
        entry->next = message->offset > entry->next ? message->offset : entry->next;
    }
}

/* The library's own position can be ahead of what was handed out, never behind: one behind is of a start before. */
static void source_is_outside(struct kafka_source *self, const rd_kafka_message_t *message)
{
    struct source_partition *entry = source_partition_of(self, source_topic_of(self, message->rkt), message->partition);
    bool cut = message->offset < 0; /* a truncation comes without an offset */
    if (entry && entry->started && !entry->outside && (cut || message->offset >= entry->next)) {
        entry->outside = true;
        entry->truncated = cut;
        self->outside_count++;
    }
}

/* An error among the messages. */
static void source_complaint(struct kafka_source *self, const rd_kafka_message_t *message)
{
    struct reason why;
    enum outcome outcome;
    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        source_reached_end(self, message);
        return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        source_is_outside(self, message);
        return;
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED: /* the loss itself comes as a rebalance */
        return;
    default:
        break;
    }
    char doing[160];
    snprintf(doing, sizeof doing, "reading %s", message->rkt ? rd_kafka_topic_name(message->rkt) : "from kafka");
    if (!kafka_is_fatal(self->consumer, doing, &outcome, &why)) {
        outcome = kafka_fail(&why, message->err, doing, rd_kafka_message_errstr(message));
        outcome = kafka_soften(outcome, self->client.proven, &why);
    }
    kafka_client_note(&self->client, outcome, &why);
}

/* True when the record is to be handed out. After a pause inside the library some may come twice. */
static bool source_accept(struct kafka_source *self, const rd_kafka_message_t *message)
{
    if (message->rkt != self->handles[self->topic_last]) {
        size_t topic = source_topic_of(self, message->rkt);
        if (topic == self->topic_count) {
            return false;
        }
        self->topic_last = topic;
    }
    const struct subscription *topic = &self->topics[self->topic_last];
    if (message->partition >= topic->capacity) {
        return false;
    }
    struct source_partition *entry = &topic->partitions[message->partition];
    if (!entry->started || message->offset < entry->next) {
        return false;
    }
    entry->next = message->offset + 1;
    entry->followed = true;
    return true;
}

static size_t source_convert(struct kafka_source *self)
{
    size_t count = 0;
    for (size_t i = 0; i < self->message_count; i++) {
        const rd_kafka_message_t *message = self->messages[i];
        if (message->err) {
            source_complaint(self, message);
            continue;
        }
        if (!source_accept(self, message)) {
            continue;
        }
        self->records[count++] = (struct record){
            .key = span_of(message->key, message->key_len),
            .value = span_of(message->payload, message->len),
            .handle = message,
            .topic = (uint32_t)self->topic_last,
            .partition = message->partition,
            .offset = message->offset,
            .timestamp_us = kafka_timestamp_us(message),
        };
    }
    self->client.proven = self->client.proven || count > 0;
    return count;
}

static enum outcome source_poll(struct source *base, int64_t wait_us, struct record_batch *batch, struct reason *why)
{
    struct kafka_source *self = kafka_source_of(base);
    source_release(self); /* the stage is back: everything handed out has been processed */
    enum outcome served = source_serve(self, why);
    if (served == STOP) {
        return STOP;
    }
    if (self->client.trouble == STOP) { /* came with records, which were handed out first */
        return kafka_client_trouble(&self->client, why);
    }
    source_ask_stable(self, system_clock.mono(&system_clock));
    source_collect(self, wait_us);
    size_t count = source_convert(self);
    if (count == 0 && served == DONE) {
        served = source_serve(self, why);
    }
    if (count == 0 && self->client.trouble != DONE) {
        return kafka_client_trouble(&self->client, why);
    }
    if (count == 0 && served != DONE) {
        return served;
    }
    *batch = (struct record_batch){self->records, count};
    return DONE;
}

/* ---- the rest of the contract ---- */

static enum outcome source_rewind(struct source *base, struct reason *why)
{
    struct kafka_source *self = kafka_source_of(base);
    struct source_partition *entry;
    for (size_t t = 0, p = 0; (entry = source_each(self, &t, &p)); p++) {
        if (!entry->withheld) {
            entry->next = entry->safe;
            entry->leader_epoch = entry->safe_epoch;
            entry->followed = false;
            entry->changed = true;
        }
    }
    return source_start_changed(self, why);
}

static enum outcome source_restart(struct source *base, uint32_t topic, int32_t partition, int64_t offset,
                                   struct reason *why)
{
    struct kafka_source *self = kafka_source_of(base);
    ASSERT(offset >= 0 || offset == START_EARLIEST || offset == START_WITHHELD);
    struct source_partition *entry = source_partition_of(self, topic, partition);
    if (!entry || !entry->assigned) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "partition %d is not assigned to us", (int)partition);
    }
    entry->withheld = offset == START_WITHHELD;
    if (!entry->withheld) {
        entry->next = entry->safe = offset >= 0 ? offset : OFFSET_UNSET;
    }
    if (entry->outside) {
        entry->outside = false;
        self->outside_count--;
    }
    entry->leader_epoch = entry->safe_epoch = -1;
    entry->followed = false;
    entry->changed = true;
    return source_start_changed(self, why);
}

/* The library reads them from the message when asked, and keeps them as long as the message. */
static size_t source_headers(struct source *base, const struct record *record, struct message_header *out, size_t max)
{
    (void)base;
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(record->handle, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return 0; /* none, or none that can be read */
    }
    size_t count = 0;
    const char *name;
    const void *value;
    size_t size;
    while (count < max && rd_kafka_header_get_all(headers, count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        out[count++] = (struct message_header){name, span_of(value, size)};
    }
    return count;
}

static struct span source_header(struct source *base, const struct record *record, const char *name)
{
    (void)base;
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    if (rd_kafka_message_headers(record->handle, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return span_of(NULL, 0);
    }
    return value ? span_of(value, size) : span_text("");
}

static int32_t source_partition_count(struct source *base, uint32_t topic)
{
    struct kafka_source *self = kafka_source_of(base);
    return topic < self->topic_count ? self->topics[topic].partition_count : 0;
}

static bool source_joined(struct source *base)
{
    return kafka_source_of(base)->joined;
}

static void source_free(struct kafka_source *self)
{
    source_release(self);
    for (size_t i = 0; i < self->rebalance_count; i++) {
        rd_kafka_topic_partition_list_destroy(self->rebalances[i].partitions);
    }
    if (self->answers) {
        rd_kafka_queue_destroy(self->answers);
    }
    if (self->queue) {
        rd_kafka_queue_destroy(self->queue);
    }
    kafka_topics_close(self->handles, self->topic_count);
    if (self->consumer) {
        rd_kafka_destroy_flags(self->consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); /* it was, if it had to be */
    }
    for (size_t t = 0; self->topics && t < self->topic_count; t++) {
        free(self->topics[t].partitions);
    }
    free(self->topics);
    free(self->messages);
    free(self->records);
    free(self);
}

/* With no partition there is nothing to give back, and a static member does not say goodbye. That spares the library a
 * race (2.14.2): an assignment that arrives while the consumer closes calls back, and the answer may be thrown away
 * with the group's queue, and rd_kafka_assign() wait for ever. */
static bool source_has_to_leave(struct kafka_source *self)
{
    size_t topic = 0;
    size_t partition = 0;
    return !self->is_static || source_each(self, &topic, &partition) != NULL;
}

static void source_close(struct source *base)
{
    if (!base) {
        return;
    }
    struct kafka_source *self = kafka_source_of(base);
    source_release(self);
    source_settle(self);
    source_follow(self); /* for the last time: see there */
    self->closing = true;
    if (source_has_to_leave(self)) {
        rd_kafka_consumer_close(self->consumer); /* calls back for what is to be revoked */
    }
    source_lose_all(self); /* nothing is left, except after a fatal error */
    source_free(self);
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

/* ---- opening ---- */

static enum outcome source_configure(struct kafka_source *self, const struct source_settings *settings,
                                     rd_kafka_conf_t **conf, struct reason *why)
{
    char queued[24];
    snprintf(queued, sizeof queued, "%lld", (long long)settings->kafka.queued_kbytes_max);
    const char *protocol = kafka_property_of(&settings->kafka, "group.protocol");
    bool classic = !protocol || strcmp(protocol, "classic") == 0; /* the new protocol assigns on the broker */
    bool named = settings->kafka.instance && settings->kafka.instance[0];

    /* With the library's own values an application slower than the fetcher falls off a cliff: at queued.min.messages
     * fetching backs off a whole second, 2 M/s become 180 k/s. Larger fetches cost page faults. (Measured, librdkafka
     * 2.14.2.) Round robin spreads several topics evenly, where range begins with the first member for each. */
    const struct kafka_property defaults[] = {
        {"queued.min.messages", "1000000"},
        {"fetch.queue.backoff.ms", "10"},
        {"fetch.max.bytes", "1048576"},
        {"message.max.bytes", "131072"}, /* no bound: what the library takes a batch for whose size it does not know */
        {"check.crcs", "true"},
        {"topic.metadata.refresh.interval.ms", "60000"}, /* a missing topic, a new partition: seen within a minute */
        {classic ? "partition.assignment.strategy" : NULL, "roundrobin,range"},
        {NULL, NULL},
    };
    const struct kafka_property fixed[] = {
        {"group.id", settings->group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"isolation.level", "read_committed"},
        {"auto.offset.reset", "error"},
        {"enable.partition.eof", "true"},
        {"allow.auto.create.topics", "false"},
        {"queued.max.messages.kbytes", queued},
        {named ? "group.instance.id" : NULL, settings->kafka.instance},
        {NULL, NULL},
    };
    TRY(kafka_conf_open(&self->client, &settings->kafka, defaults, fixed, conf, why));
    rd_kafka_conf_set_rebalance_cb(*conf, source_on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(*conf, source_on_committed);
    return DONE;
}

static enum outcome source_subscribe(struct kafka_source *self, const struct source_settings *settings,
                                     struct reason *why)
{
    rd_kafka_topic_partition_list_t *list CLEANUP(kafka_list_drop) =
        rd_kafka_topic_partition_list_new((int)settings->topic_count);
    for (size_t t = 0; t < settings->topic_count; t++) {
        rd_kafka_topic_partition_list_add(list, settings->topics[t], RD_KAFKA_PARTITION_UA);
    }
    rd_kafka_resp_err_t code = rd_kafka_subscribe(self->consumer, list);
    return code ? kafka_fail(why, code, "subscribing", NULL) : DONE;
}

static enum outcome source_connect(struct kafka_source *self, const struct source_settings *settings,
                                   struct reason *why)
{
    rd_kafka_conf_t *conf CLEANUP(kafka_conf_drop) = NULL;
    TRY(source_configure(self, settings, &conf, why));
    TRY(kafka_client_open(RD_KAFKA_CONSUMER, &conf, &self->consumer, why));
    rd_kafka_poll_set_consumer(self->consumer);
    self->queue = rd_kafka_queue_get_consumer(self->consumer);
    self->answers = rd_kafka_queue_new(self->consumer);
    self->topic_count = settings->topic_count;
    self->handles = kafka_topics_open(self->consumer, settings->topics, settings->topic_count);
    self->topics = calloc(settings->topic_count, sizeof *self->topics);
    self->messages = calloc(settings->batch_max, sizeof(rd_kafka_message_t *));
    self->records = calloc(settings->batch_max, sizeof *self->records);
    if (!self->queue || !self->answers || !self->handles || !self->topics || !self->messages || !self->records) {
        return FAIL(why, STOP, REASON_FULL, "kafka source: out of memory");
    }
    for (size_t t = 0; t < self->topic_count; t++) {
        self->topics[t].name = rd_kafka_topic_name(self->handles[t]);
    }
    return source_subscribe(self, settings, why);
}

enum outcome kafka_source_open(const struct source_settings *settings, struct source **source, struct reason *why)
{
    ASSERT(settings->topic_count > 0 && settings->batch_max > 0);
    struct kafka_source *self = calloc(1, sizeof *self);
    if (!self) {
        return FAIL(why, STOP, REASON_FULL, "kafka source: out of memory");
    }
    self->base.ops = &source_ops;
    self->client = (struct kafka_client){.log = settings->kafka.log, .owner = self};
    self->events = settings->events;
    self->fetch_committed = settings->fetch_committed;
    self->is_static = settings->kafka.instance && settings->kafka.instance[0];
    self->batch_max = settings->batch_max;
    enum outcome outcome = source_connect(self, settings, why);
    if (outcome != DONE) {
        source_free(self);
        return outcome;
    }
    *source = &self->base;
    return DONE;
}
