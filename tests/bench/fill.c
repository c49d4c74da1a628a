/* fill.c - fills the four interaction topics with events, in the order of their times.
 *
 *   bench_fill BROKERS hour|weeks|poison EVENTS WEB PHONE OFFICE CHAT     (the topics)
 *
 * hour: events of an hour, 8 million an hour, of agencies of very different size with three services each: for speed. It
 * ended a quarter of an hour ago: who reads it is behind to its end, and not now and then in time to look at everything
 * before that.
 * poison: the same, and each is spoilt in one of five ways, so that it is no interaction.
 * weeks: nine weeks, all agencies alike, with one service, days busier than nights: for memory.
 * The messages' schema ids are 1 to 4, in the order of the topics. Prints the mean bytes an event. */
#include "interaction_writer.h"
#include "traffic.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>

#define PARTITIONS 4
#define HOURS_OF_WEEKS 1500 /* an hour and some days less than intake takes, so that nothing is too late */
#define HOUR_EVENTS INT64_C(8000000)
#define HOUR_AGO_US (15 * US_PER_MINUTE)
#define FLUSH_MS 120000

struct filler {
    rd_kafka_t *producer;
    rd_kafka_topic_t *topics[CHANNELS];
    struct interaction_writer *writer;
    struct visitor visitor;
    struct buffer message;
    bool weeks, poison;
    int64_t sent, bytes, failed;
};

static void die(const char *doing, const char *why)
{
    fprintf(stderr, "bench_fill: %s: %s\n", doing, why);
    exit(1);
}

static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    struct filler *self = opaque;
    (void)producer;
    self->failed += message->err != RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void open_producer(struct filler *self, const char *brokers, char **topics)
{
    const char *const settings[][2] = {
        {"bootstrap.servers", brokers},         {"compression.codec", "lz4"},
        {"enable.idempotence", "true"}, /* none twice, all in order */
        {"linger.ms", "20"},                    {"queue.buffering.max.kbytes", "262144"},
        {"queue.buffering.max.messages", "1000000"},
    };
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], text, sizeof text) != RD_KAFKA_CONF_OK) {
            die(settings[i][0], text);
        }
    }
    rd_kafka_conf_set_opaque(conf, self);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    self->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (!self->producer) {
        die("producer", text);
    }
    for (unsigned c = 0; c < CHANNELS; c++) {
        self->topics[c] = rd_kafka_topic_new(self->producer, topics[c], NULL);
    }
}

/* Cut, of another framing, of a schema nobody knows, with text that is none, with bytes left over. */
static void spoil(struct filler *self, int64_t number)
{
    struct buffer *message = &self->message;
    switch (number % 5) {
    case 0:
        message->size -= 7;
        break;
    case 1:
        message->data[0] = 7;
        break;
    case 2:
        message->data[1] = 0x3A;
        break;
    case 3:
        message->data[6] = 0xFF; /* the first byte of the first text, behind its length */
        break;
    default:
        buffer_u8(message, 0);
    }
}

static void produce(struct filler *self, enum channel channel)
{
    int32_t partition = (int32_t)(self->sent % PARTITIONS);
    while (rd_kafka_produce(self->topics[channel], partition, RD_KAFKA_MSG_F_COPY, self->message.data,
                            self->message.size, NULL, 0, NULL) != 0) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            die("producing", rd_kafka_err2str(rd_kafka_last_error()));
        }
        rd_kafka_poll(self->producer, 100);
    }
    self->sent++;
    self->bytes += (int64_t)self->message.size;
}

/* The web has the most contacts, offices the fewest; in the weeks all have as many. */
static enum channel draw_channel(struct filler *self)
{
    static const enum channel shares[10] = {CHANNEL_WEB,   CHANNEL_WEB,   CHANNEL_WEB,    CHANNEL_WEB,  CHANNEL_PHONE,
                                            CHANNEL_PHONE, CHANNEL_PHONE, CHANNEL_OFFICE, CHANNEL_CHAT, CHANNEL_CHAT};
    if (self->weeks) {
        return (enum channel)seeded_below(&self->visitor.random, CHANNELS);
    }
    return shares[seeded_below(&self->visitor.random, 10)];
}

static void fill_span(struct filler *self, int64_t from_us, int64_t span_us, int64_t events)
{
    for (int64_t i = 0; i < events; i++) {
        struct interaction it;
        struct reason why;
        enum channel channel = draw_channel(self);
        visitor_next(&self->visitor, channel, self->weeks ? 1 : SERVICES, from_us + i * span_us / events, &it);
        if (interaction_writer_put(self->writer, &it, &self->message, &why) != DONE) {
            die("encoding", why.text);
        }
        if (self->poison) {
            spoil(self, i);
        }
        produce(self, channel);
        if (i % 1024 == 0) {
            rd_kafka_poll(self->producer, 0);
        }
    }
}

/* How busy the hour that begins at a moment is: office hours, evenings, nights; two fifths of it at weekends. */
static int64_t weight_of(int64_t from_us)
{
    int64_t hour = time_floor(from_us, US_PER_HOUR) % 24;
    int64_t weekday = (time_floor(from_us, US_PER_DAY) + 3) % 7; /* the epoch was a Thursday */
    int64_t weight = hour >= 8 && hour < 18 ? 40 : hour >= 18 && hour < 22 ? 15 : 5;
    return weekday >= 5 ? weight * 2 / 5 : weight;
}

static void fill_weeks(struct filler *self, int64_t until_us, int64_t events)
{
    int64_t from_us = until_us - HOURS_OF_WEEKS * US_PER_HOUR;
    int64_t total = 0;
    int64_t passed = 0;
    for (int64_t h = 0; h < HOURS_OF_WEEKS; h++) {
        total += weight_of(from_us + h * US_PER_HOUR);
    }
    for (int64_t h = 0; h < HOURS_OF_WEEKS; h++) {
        passed += weight_of(from_us + h * US_PER_HOUR);
        fill_span(self, from_us + h * US_PER_HOUR, US_PER_HOUR, events * passed / total - self->sent);
    }
}

int main(int argc, char **argv)
{
    static struct filler self;
    const uint32_t schema_ids[CHANNELS] = {1, 2, 3, 4};
    struct reason why;
    if (argc != 4 + CHANNELS) {
        die("usage", "bench_fill BROKERS hour|weeks|poison EVENTS WEB PHONE OFFICE CHAT");
    }
    int64_t events = strtoll(argv[3], NULL, 10);
    self.weeks = strcmp(argv[2], "weeks") == 0;
    self.poison = strcmp(argv[2], "poison") == 0;
    visitor_init(&self.visitor, 1, !self.weeks);
    buffer_init(&self.message, INTERACTION_MESSAGE_MAX);
    if (interaction_writer_open(schema_ids, &self.writer, &why) != DONE) {
        die("schemas", why.text);
    }
    open_producer(&self, argv[1], argv + 4);
    int64_t now_us = system_clock.wall(&system_clock).us;
    if (self.weeks) {
        fill_weeks(&self, now_us, events);
    } else {
        int64_t span_us = events < HOUR_EVENTS ? US_PER_HOUR * events / HOUR_EVENTS : US_PER_HOUR;
        fill_span(&self, now_us - HOUR_AGO_US - span_us, span_us, events);
    }
    if (rd_kafka_flush(self.producer, FLUSH_MS) != RD_KAFKA_RESP_ERR_NO_ERROR || self.failed || self.sent != events) {
        die("filling", "not everything was delivered");
    }
    printf("%.1f\n", (double)self.bytes / (double)self.sent);
    for (unsigned c = 0; c < CHANNELS; c++) {
        rd_kafka_topic_destroy(self.topics[c]);
    }
    rd_kafka_destroy(self.producer);
    interaction_writer_close(self.writer);
    buffer_done(&self.message);
    return 0;
}
