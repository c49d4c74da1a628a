/* raw.c - what reading alone costs, with the fetch settings of processor/kafka/source.c.
 *
 *   bench_raw poll|batch BROKERS EVENTS TOPIC…
 *
 * poll: a message a call, rd_kafka_consumer_poll, as librdkafka's introduction and its examples read.
 * batch: a thousand a call, rd_kafka_consume_batch_queue: the library's quickest way.
 * Reads all partitions from the beginning until it has as many events as it was told there are; fewer or more is an
 * error. Prints one line: seconds from the first to the last of them, seconds of processor time of the whole process,
 * and their bytes. */
#include <librdkafka/rdkafka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define BATCH       1000
#define PATIENCE_MS 15000
#define LINGER_MS   500 /* for what should not be there */

static void die(const char *doing, const char *why)
{
    fprintf(stderr, "bench_raw: %s: %s\n", doing, why);
    exit(1);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double seconds_used(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static rd_kafka_t *open_consumer(const char *brokers)
{
    const char *const settings[][2] = {
        {"bootstrap.servers", brokers},
        {"group.id", "bench-raw"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"isolation.level", "read_committed"},
        {"auto.offset.reset", "error"},
        {"check.crcs", "true"},
        {"queued.min.messages", "1000000"},
        {"queued.max.messages.kbytes", "32768"},
        {"fetch.queue.backoff.ms", "10"},
        {"fetch.max.bytes", "1048576"},
        {"message.max.bytes", "131072"},
    };
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], text, sizeof text) != RD_KAFKA_CONF_OK) {
            die(settings[i][0], text);
        }
    }
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    if (!consumer) {
        die("consumer", text);
    }
    rd_kafka_poll_set_consumer(consumer);
    return consumer;
}

static void assign_all(rd_kafka_t *consumer, char **topics, int count)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; i++) {
        rd_kafka_topic_t *topic = rd_kafka_topic_new(consumer, topics[i], NULL);
        rd_kafka_resp_err_t code = rd_kafka_metadata(consumer, 0, topic, &metadata, PATIENCE_MS);
        if (code || metadata->topic_cnt != 1 || metadata->topics[0].partition_cnt == 0) {
            die(topics[i], code ? rd_kafka_err2str(code) : "has no partitions");
        }
        for (int p = 0; p < metadata->topics[0].partition_cnt; p++) {
            rd_kafka_topic_partition_list_add(list, topics[i], p)->offset = RD_KAFKA_OFFSET_BEGINNING;
        }
        rd_kafka_metadata_destroy(metadata);
        rd_kafka_topic_destroy(topic);
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(consumer, list);
    if (code) {
        die("assigning", rd_kafka_err2str(code));
    }
    rd_kafka_topic_partition_list_destroy(list);
}

struct reading {
    rd_kafka_t *consumer;
    rd_kafka_queue_t *queue; /* NULL: a message a call */
    int64_t events, bytes;
};

/* At most as many messages as are wanted. */
static ssize_t take(const struct reading *self, int wait_ms, int64_t wanted, rd_kafka_message_t *messages[BATCH])
{
    if (self->queue) {
        return rd_kafka_consume_batch_queue(self->queue, wait_ms, messages, wanted < BATCH ? (size_t)wanted : BATCH);
    }
    messages[0] = rd_kafka_consumer_poll(self->consumer, wait_ms);
    return messages[0] != NULL;
}

/* Reads some of what is wanted; false when nothing came in so long. */
static int read_some(struct reading *self, int wait_ms, int64_t wanted)
{
    static rd_kafka_message_t *messages[BATCH];
    ssize_t count = take(self, wait_ms, wanted, messages);
    for (ssize_t i = 0; i < count; i++) {
        if (messages[i]->err) {
            die("reading", rd_kafka_message_errstr(messages[i]));
        }
        self->events++;
        self->bytes += (int64_t)messages[i]->len;
        rd_kafka_message_destroy(messages[i]);
    }
    return count > 0;
}

int main(int argc, char **argv)
{
    if (argc < 5 || (strcmp(argv[1], "poll") != 0 && strcmp(argv[1], "batch") != 0)) {
        die("usage", "bench_raw poll|batch BROKERS EVENTS TOPIC…");
    }
    int64_t expected = strtoll(argv[3], NULL, 10);
    struct reading reading = {.consumer = open_consumer(argv[2])};
    reading.queue = strcmp(argv[1], "batch") == 0 ? rd_kafka_queue_get_consumer(reading.consumer) : NULL;
    assign_all(reading.consumer, argv + 4, argc - 4);
    double began = 0;
    while (reading.events < expected) {
        if (!read_some(&reading, PATIENCE_MS, expected - reading.events)) {
            die("reading", "fewer events than were told");
        }
        began = began > 0 ? began : seconds_now();
    }
    double seconds = seconds_now() - began;
    double used = seconds_used();
    if (read_some(&reading, LINGER_MS, 1) || reading.events != expected) {
        die("reading", "more events than were told");
    }
    printf("%.4f %.4f %lld\n", seconds, used, (long long)reading.bytes);
    if (reading.queue) {
        rd_kafka_queue_destroy(reading.queue);
    }
    rd_kafka_consumer_close(reading.consumer);
    rd_kafka_destroy(reading.consumer);
    return 0;
}
