/* demo_feed.c - the generator's thread: history as fast as it is read, then events as they happen. */
#include "demo.h"

#include "command.h"

#include <stdlib.h>
#include <time.h>

#define TOPIC_AHEAD_MAX                                                                                                \
    20000                     /* events of a topic that intake has not read: the mock cluster keeps 5 MB a partition   \
                               */
#define SCORE_AHEAD_MAX 60000 /* events that intake has routed and score has not read */
#define IDLE_US         (10 * US_PER_MS)
#define OPEN_WAIT_US    (60 * US_PER_SECOND)
#define FLUSH_WAIT_US   (15 * US_PER_SECOND)
#define UNKNOWN_ID      UINT32_C(0x7FFFFFF0) /* that no registry has given out */
#define FRAME_SIZE      5

static int64_t mono_us(void)
{
    return system_clock.mono(&system_clock).us;
}

/* ---- what has become of what was sent ---- */

struct demo_account demo_account(const struct demo_feed *feed, const struct status *status)
{
    struct demo_account account = {.sent = feed->sent};
    for (unsigned c = 0; c < CHANNELS; c++) {
        const _Atomic int64_t *scored = status->stages[STATUS_SCORE].records[c];
        account.applied += scored[RECORD_APPLIED];
        account.duplicate += scored[RECORD_DUPLICATE];
        account.late += scored[RECORD_LATE];
        account.deadlettered += status->stages[STATUS_INTAKE].records[c][RECORD_DEADLETTERED];
    }
    for (unsigned r = 0; r < REASON_COUNT; r++) {
        account.deadletters[r] = status->deadletters[r];
    }
    return account;
}

int64_t demo_account_sum(const struct demo_account *self)
{
    return self->applied + self->duplicate + self->late + self->deadlettered;
}

/* ---- not too far ahead ---- */

static bool has_room(const struct demo_feed *self)
{
    const struct stage_status *intake = &self->status->stages[STATUS_INTAKE];
    const struct stage_status *score = &self->status->stages[STATUS_SCORE];
    int64_t routed = 0;
    int64_t scored = 0;
    for (unsigned c = 0; c < CHANNELS; c++) {
        if (self->produced[c] - intake->read[c] >= TOPIC_AHEAD_MAX) {
            return false;
        }
        routed += intake->records[c][RECORD_APPLIED];
        scored += score->read[c];
    }
    return routed - scored < SCORE_AHEAD_MAX;
}

/* Serves deliveries meanwhile. A broker that is away for a while is no reason to stop. */
static enum outcome rest(struct demo_feed *self, int64_t us, struct reason *why)
{
    return self->publisher->ops->serve(self->publisher, us, why) == STOP ? STOP : DONE;
}

/* ---- an event ---- */

/* Where the enum of the kind stands: after the frame and four texts. */
static size_t kind_offset(const struct buffer *message)
{
    struct cursor cursor = cursor_over(buffer_as_span(message));
    (void)cursor_bytes(&cursor, FRAME_SIZE);
    for (unsigned texts = 0; texts < 4; texts++) {
        (void)cursor_span(&cursor);
    }
    ASSERT(!cursor.broken);
    return message->size - cursor_left(&cursor);
}

static void damage(struct buffer *message, enum fault fault)
{
    switch (fault) {
    case FAULT_BAD_ENUM:
        message->data[kind_offset(message)] = 2 * (EVENT_KINDS + 5); /* zigzag */
        break;
    case FAULT_UNKNOWN_SCHEMA:
        for (unsigned i = 0; i < 4; i++) {
            message->data[1 + i] = (uint8_t)(UNKNOWN_ID >> (24 - 8 * i));
        }
        break;
    case FAULT_TRUNCATED:
        message->size = kind_offset(message) + 1;
        break;
    case FAULT_NONE:
    case FAULT_IN_FUTURE: /* these two are well-formed */
    case FAULT_TOO_LATE:
    case FAULTS:
        break;
    }
}

static enum outcome send_event(struct demo_feed *self, const struct generated *event, struct reason *why)
{
    const struct interaction *interaction = &event->interaction;
    unsigned channel = interaction->channel;
    int32_t partitions = self->partitions[channel];
    TRY(interaction_writer_put(self->writer, interaction, &self->message, why));
    damage(&self->message, event->fault);
    struct message message = {
        .topic = channel,
        .partition = -1,
        .key = interaction->interaction_id,
        .value = buffer_as_span(&self->message),
    };
    if (event->elsewhere) {
        message.partition = (partition_of(message.key, partitions) + 1) % partitions;
    }
    enum outcome sent = self->publisher->ops->send(self->publisher, &message, why);
    while (sent == RETRY && !self->stop) {
        TRY(rest(self, IDLE_US, why));
        sent = self->publisher->ops->send(self->publisher, &message, why);
    }
    if (sent == RETRY) {
        return DONE; /* told to stop before there was room: it was never sent */
    }
    TRY(sent);
    self->produced[channel]++;
    demo_ledger_add(self->ledger, event, system_clock.wall(&system_clock));
    if (event->due.us < self->live.us) {
        self->history++;
    }
    return DONE;
}

/* ---- the loop ---- */

/* All that is due by now, as far as there is room. *idle: nothing more is due. */
static enum outcome send_due(struct demo_feed *self, bool *idle, struct reason *why)
{
    struct event_time now = system_clock.wall(&system_clock);
    struct generated event;
    *idle = false;
    for (unsigned i = 0; i < 256; i++) {
        if (!generator_next(self->generator, now, &event)) {
            *idle = true;
            return DONE;
        }
        if (event.due.us >= self->live.us && self->history_us == 0) {
            self->history_us = mono_us();
        }
        TRY(send_event(self, &event, why));
    }
    return DONE;
}

static enum outcome feed_turn(struct demo_feed *self, struct reason *why)
{
    bool idle = true;
    if (has_room(self)) {
        TRY(send_due(self, &idle, why));
    }
    return rest(self, idle ? IDLE_US : 0, why);
}

static enum outcome flush(struct demo_feed *self, struct reason *why)
{
    int64_t until = mono_us() + FLUSH_WAIT_US;
    while (self->publisher->ops->queued(self->publisher)) {
        TRY(rest(self, IDLE_US, why));
        if (mono_us() > until) {
            return FAIL(why, STOP, REASON_UNAVAILABLE, "Kafka does not take the last %zu events",
                        self->publisher->ops->queued(self->publisher));
        }
    }
    return self->why.code == REASON_NONE ? DONE : STOP;
}

static void *feed_main(void *context)
{
    struct demo_feed *self = context;
    struct reason why = {.code = REASON_NONE};
    enum outcome outcome = DONE;
    pthread_setname_np(pthread_self(), "feed");
    self->began_us = mono_us();
    while (outcome == DONE && !self->stop && self->why.code == REASON_NONE) {
        outcome = feed_turn(self, &why);
    }
    if (outcome == DONE) {
        outcome = flush(self, &why);
    }
    if (outcome != DONE && self->why.code == REASON_NONE) {
        self->why = why;
    }
    self->outcome = outcome == DONE ? DONE : STOP;
    self->ended = true;
    return NULL;
}

/* Inside serve. An event that was not taken cannot be accounted for: the run is over. */
static void on_delivered(void *context, uint64_t token, enum outcome outcome, const struct reason *why)
{
    struct demo_feed *self = context;
    (void)token;
    if (outcome == DONE) {
        self->sent++;
    } else if (self->why.code == REASON_NONE) {
        self->why = *why;
    }
}

/* ---- opening and closing ---- */

static enum outcome open_writer(struct demo_feed *self, struct reason *why)
{
    uint32_t ids[CHANNELS];
    int64_t until = mono_us() + OPEN_WAIT_US;
    enum outcome found = writer_schema_ids(self->config, ids, why);
    while (found == RETRY && mono_us() < until && !signals_stop()) {
        const struct timespec second = {1, 0};
        nanosleep(&second, NULL);
        found = writer_schema_ids(self->config, ids, why);
    }
    TRY(found);
    return interaction_writer_open(ids, &self->writer, why);
}

static enum outcome open_publisher(struct demo_feed *self, struct reason *why)
{
    const char *topics[CHANNELS];
    struct topic_spec specs[TOPICS_MAX];
    size_t count = pipeline_topics(self->config, specs);
    writer_topics(self->config, topics);
    for (unsigned c = 0; c < CHANNELS; c++) {
        for (size_t i = 0; i < count; i++) {
            if (strcmp(specs[i].name, topics[c]) == 0) {
                self->partitions[c] = specs[i].partitions;
            }
        }
    }
    struct publisher_settings settings = {
        .kafka = {.log = self->log,
                  .brokers = self->config->kafka_brokers,
                  .client_id = self->config->app,
                  .instance = self->config->instance},
        .topics = topics,
        .topic_count = CHANNELS,
        .context = self,
        .delivered = on_delivered,
    };
    return kafka_publisher_open(&settings, &self->publisher, why);
}

static void feed_close(struct demo_feed *self)
{
    if (self->publisher) {
        self->publisher->ops->close(self->publisher);
        self->publisher = NULL;
    }
    interaction_writer_close(self->writer);
    self->writer = NULL;
    buffer_done(&self->message);
}

enum outcome demo_feed_start(struct demo_feed *self, struct reason *why)
{
    buffer_init(&self->message, INTERACTION_MESSAGE_MAX);
    enum outcome opened = open_writer(self, why);
    opened = opened == DONE ? open_publisher(self, why) : opened;
    if (opened == DONE) {
        int failed = pthread_create(&self->thread, NULL, feed_main, self);
        self->started = !failed;
        opened = failed ? FAIL(why, STOP, REASON_FATAL, "a thread cannot be started: %s", strerror(failed)) : DONE;
    }
    if (opened != DONE) {
        feed_close(self);
    }
    return opened;
}

enum outcome demo_feed_join(struct demo_feed *self, struct reason *why)
{
    if (!self->started) {
        return DONE;
    }
    self->stop = true;
    pthread_join(self->thread, NULL);
    self->started = false;
    feed_close(self);
    if (self->outcome != DONE) {
        *why = self->why;
    }
    return self->outcome;
}
