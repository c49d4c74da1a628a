#include "produce.h"

#include "errors.h"

static rd_kafka_vu_t bytes_of(rd_kafka_vtype_t type, struct span bytes)
{
    rd_kafka_vu_t argument = {.vtype = type};
    argument.u.mem.ptr = (void *)(uintptr_t)bytes.data; /* the library doesn't write to it */
    argument.u.mem.size = bytes.size;
    return argument;
}

static rd_kafka_vu_t header_of(const struct message_header *header)
{
    rd_kafka_vu_t argument = {.vtype = RD_KAFKA_VTYPE_HEADER};
    argument.u.header.name = header->name;
    argument.u.header.val = header->value.data;
    argument.u.header.size = (ssize_t)header->value.size;
    return argument;
}

enum outcome kafka_produce(rd_kafka_t *producer, rd_kafka_topic_t *topic, const struct message *message, int flags,
                           struct reason *why)
{
    ASSERT(message->header_count <= MESSAGE_HEADERS_MAX);
    rd_kafka_vu_t arguments[7 + MESSAGE_HEADERS_MAX];
    size_t count = 0;
    arguments[count++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic};
    arguments[count++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = message->partition};
    arguments[count++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = flags};
    arguments[count++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = (void *)(uintptr_t)message->token};
    if (message->value.data) {
        arguments[count++] = bytes_of(RD_KAFKA_VTYPE_VALUE, message->value);
    }
    if (message->key.data) {
        arguments[count++] = bytes_of(RD_KAFKA_VTYPE_KEY, message->key);
    }
    if (message->timestamp_us) {
        arguments[count++] =
            (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = message->timestamp_us / US_PER_MS};
    }
    for (size_t i = 0; i < message->header_count; i++) {
        arguments[count++] = header_of(&message->headers[i]);
    }
    rd_kafka_error_t *error CLEANUP(kafka_error_drop) = rd_kafka_produceva(producer, arguments, count);
    return error ? kafka_fail_error(why, error, rd_kafka_topic_name(topic)) : DONE;
}
size_t kafka_produce_run(rd_kafka_topic_t *topic, const struct message *messages, size_t count, int flags,
                         enum outcome *outcome, struct reason *why)
{
    rd_kafka_message_t run[PRODUCE_RUN_MAX] = {0};
    ASSERT(count <= PRODUCE_RUN_MAX);
    for (size_t i = 0; i < count; i++) {
        run[i].payload = (void *)(uintptr_t)messages[i].value.data; /* the library doesn't write to it */
        run[i].len = messages[i].value.size;
        run[i].key = (void *)(uintptr_t)messages[i].key.data;
        run[i].key_len = messages[i].key.size;
        run[i].partition = messages[i].partition;
        run[i]._private = (void *)(uintptr_t)messages[i].token;
    }
    *outcome = DONE;
    if (rd_kafka_produce_batch(topic, RD_KAFKA_PARTITION_UA, flags | RD_KAFKA_MSG_F_PARTITION, run, (int)count) ==
        (int)count) {
        return count;
    }
    size_t taken = 0;
    while (taken < count && !run[taken].err) {
        taken++;
    }
    ASSERT(taken < count); /* fewer were taken, so one has an error */
    *outcome = kafka_fail(why, run[taken].err, rd_kafka_topic_name(topic), NULL);
    return taken;
}

_Static_assert(sizeof(void *) >= sizeof(uint64_t), "a token travels as the library's opaque pointer");

#define PROPERTIES_MAX 12

static const struct kafka_property common_defaults[] = {
    {"compression.type", "lz4"},
    {"linger.ms", "5"},
    {"queue.buffering.max.messages", "100000"},
    {"queue.buffering.max.kbytes", "32768"},
    {NULL, NULL},
};
static const struct kafka_property common_fixed[] = {
    {"enable.idempotence", "true"},
    {"partitioner", "murmur2_random"},
    {NULL, NULL},
};

/* Both lists, one after the other. */
static void join_lists(const struct kafka_property *first, const struct kafka_property *second,
                       struct kafka_property joined[PROPERTIES_MAX])
{
    size_t count = 0;
    for (; first->name; first++) {
        joined[count++] = *first;
    }
    for (; second->name; second++) {
        ASSERT(count < PROPERTIES_MAX - 1);
        joined[count++] = *second;
    }
    joined[count] = (struct kafka_property){NULL, NULL};
}

enum outcome kafka_producer_open(struct kafka_client *client, const struct kafka_settings *settings,
                                 const struct kafka_property *defaults, const struct kafka_property *fixed,
                                 kafka_delivery on_delivery, rd_kafka_t **producer, struct reason *why)
{
    struct kafka_property all_defaults[PROPERTIES_MAX], all_fixed[PROPERTIES_MAX];
    join_lists(common_defaults, defaults, all_defaults);
    join_lists(common_fixed, fixed, all_fixed);
    rd_kafka_conf_t *conf CLEANUP(kafka_conf_drop) = NULL;
    TRY(kafka_conf_open(client, settings, all_defaults, all_fixed, &conf, why));
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    return kafka_client_open(RD_KAFKA_PRODUCER, &conf, producer, why);
}
