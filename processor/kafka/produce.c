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
    ASSERT(message->header_count <= HEADERS_MAX);
    rd_kafka_vu_t arguments[6 + HEADERS_MAX];
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
    for (size_t i = 0; i < message->header_count; i++) {
        arguments[count++] = header_of(&message->headers[i]);
    }
    rd_kafka_error_t *error CLEANUP(kafka_error_drop) = rd_kafka_produceva(producer, arguments, count);
    return error ? kafka_fail_error(why, error, rd_kafka_topic_name(topic)) : DONE;
}
_Static_assert(sizeof(void *) >= sizeof(uint64_t), "a token travels as the library's opaque pointer");
