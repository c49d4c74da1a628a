/* import_send.c - interactions onto their topics. */
#include "import_send.h"

#include "command.h"

#include <stdlib.h>

#define DESCRIBE_MS   10000
#define SERVE_US      (US_PER_SECOND / 10)
#define STOP_AFTER_US (10 * US_PER_SECOND)

struct sender {
    struct interaction_writer *writer;
    struct publisher *publisher; /* NULL: a dry run */
    struct buffer message;
    const char *topics[CHANNELS];
    bool exists[CHANNELS];
    struct report *report;
    struct reason failure; /* the first delivery that failed */
};

/* Inside serve. The token is the channel. */
static void on_delivered(void *context, uint64_t token, enum outcome outcome, const struct reason *why)
{
    struct sender *self = context;
    if (outcome == DONE) {
        self->report->sent[token]++;
        return;
    }
    if (self->report->failed++ == 0) {
        self->failure = *why;
    }
}

static enum outcome open_publisher(struct sender *self, const struct config *config, struct log *log, struct reason *why)
{
    struct topic_state states[CHANNELS];
    char cluster_id[CLUSTER_ID_SIZE];
    struct publisher_settings settings = {
        .kafka = connect_kafka(config, log),
        .topics = self->topics,
        .topic_count = CHANNELS,
        .context = self,
        .delivered = on_delivered,
    };
    TRY(kafka_describe(&settings.kafka, self->topics, CHANNELS, DESCRIBE_MS, states, cluster_id, why));
    for (unsigned i = 0; i < CHANNELS; i++) {
        self->exists[i] = states[i].exists;
    }
    return kafka_publisher_open(&settings, &self->publisher, why);
}

static enum outcome sender_connect(struct sender *self, const struct config *config, struct log *log, bool dry_run,
                                   struct reason *why)
{
    uint32_t schema_ids[CHANNELS] = {0};
    writer_topics(config, self->topics);
    if (!dry_run) {
        TRY(writer_schema_ids(config, schema_ids, why));
        TRY(open_publisher(self, config, log, why));
    }
    return interaction_writer_open(schema_ids, &self->writer, why);
}

enum outcome sender_open(const struct config *config, struct log *log, bool dry_run, struct report *report,
                         struct sender **sender, struct reason *why)
{
    struct sender *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->report = report;
    buffer_init(&self->message, INTERACTION_MESSAGE_MAX);
    enum outcome connected = sender_connect(self, config, log, dry_run, why);
    if (connected != DONE) {
        sender_close(self);
        return connected;
    }
    *sender = self;
    return DONE;
}

void sender_close(struct sender *self)
{
    if (!self) {
        return;
    }
    if (self->publisher) {
        self->publisher->ops->close(self->publisher);
    }
    interaction_writer_close(self->writer);
    buffer_done(&self->message);
    free(self);
}

/* Waits while the queue is full. */
static enum outcome send_message(struct sender *self, const struct message *message, struct reason *why)
{
    for (;;) {
        enum outcome sent = self->publisher->ops->send(self->publisher, message, why);
        if (sent != RETRY || signals_stop()) {
            return sent == RETRY ? STOP : sent;
        }
        TRY(self->publisher->ops->serve(self->publisher, SERVE_US, why));
    }
}

enum outcome sender_put(struct sender *self, const struct interaction *interaction, struct reason *why)
{
    TRY(interaction_writer_put(self->writer, interaction, &self->message, why));
    if (!self->publisher) {
        self->report->sent[interaction->channel]++;
        return DONE;
    }
    if (!self->exists[interaction->channel]) {
        return FAIL(why, STOP, REASON_UNAVAILABLE,
                    "topic %s is not there: make the topics with `slipstream topics create`",
                    self->topics[interaction->channel]);
    }
    struct message message = {
        .topic = interaction->channel,
        .partition = -1,
        .key = interaction->agency,
        .value = buffer_as_span(&self->message),
        .token = interaction->channel,
    };
    TRY(send_message(self, &message, why));
    TRY(self->publisher->ops->serve(self->publisher, 0, why));
    if (self->report->failed > 0) {
        *why = self->failure;
        return STOP;
    }
    return DONE;
}

enum outcome sender_flush(struct sender *self, struct reason *why)
{
    struct mono_time stopped = {0};
    while (self->publisher && self->publisher->ops->queued(self->publisher) > 0) {
        struct mono_time now = system_clock.mono(&system_clock);
        stopped = signals_stop() && stopped.us == 0 ? now : stopped;
        if (stopped.us > 0 && now.us - stopped.us > STOP_AFTER_US) {
            size_t left = self->publisher->ops->queued(self->publisher);
            self->report->failed += left;
            return FAIL(why, STOP, REASON_UNAVAILABLE, "asked to stop, with %zu messages not acknowledged", left);
        }
        TRY(self->publisher->ops->serve(self->publisher, SERVE_US, why));
        report_progress(self->report, now);
    }
    if (self->report->failed > 0) {
        *why = self->failure;
        return STOP;
    }
    return DONE;
}
