/* heard.h - what a read-committed reader of the private topics hears: events, batches' headers, dead letters.
 *
 * Dead letters are read by Avro-C under schemas/dead_letter.avsc: the oracle of what dead_letter.c writes. */
#ifndef SLIPSTREAM_TESTS_HEARD_H
#define SLIPSTREAM_TESTS_HEARD_H

#include "avro_messages.h"
#include "stages.h"

/* Calls back for every committed record of a topic, partition by partition. */
static inline void each_record(struct world *world, const char *topic,
                               void (*record)(void *context, int32_t partition, int64_t offset,
                                              const struct fake_record *record),
                               void *context)
{
    for (int32_t p = 0; p < fake_kafka_partitions(world->kafka, topic); p++) {
        for (int64_t offset = 0; offset < fake_kafka_end(world->kafka, topic, p); offset++) {
            const struct fake_record *at = fake_kafka_at(world->kafka, topic, p, offset);
            if (at) {
                record(context, p, offset, at);
            }
        }
    }
}

struct heard_event {
    struct signal_event event;
    struct event_time written_at;
    int32_t partition;
    char agency[ID_SIZE_MAX + 1], service[ID_SIZE_MAX + 1];
};

struct heard {
    struct heard_event *events; /* owned */
    size_t count, capacity;
    size_t batches;
};

static inline void heard_name(struct span name, char out[ID_SIZE_MAX + 1])
{
    memcpy(out, name.data, name.size);
    out[name.size] = '\0';
}

static inline void hear_record(void *context, int32_t partition, int64_t offset, const struct fake_record *record)
{
    struct heard *self = context;
    struct batch_reader reader;
    struct reason why;
    bool more;
    struct signal_event event;
    (void)offset;
    batch_reader_init(&reader);
    assert_int_equal(batch_reader_open(&reader, record->value, &why), DONE);
    self->batches++;
    for (;;) {
        assert_int_equal(batch_reader_next(&reader, &event, &more, &why), DONE);
        if (!more) {
            break;
        }
        if (self->count == self->capacity) {
            self->capacity = self->capacity ? self->capacity * 2 : 256;
            self->events = realloc(self->events, self->capacity * sizeof *self->events);
            assert_non_null(self->events);
        }
        struct heard_event *at = &self->events[self->count++];
        *at = (struct heard_event){.event = event, .written_at = reader.header.written_at, .partition = partition};
        heard_name(batch_reader_agency(&reader, event.agency), at->agency);
        heard_name(batch_reader_service(&reader, event.service), at->service);
    }
    batch_reader_done(&reader);
}

/* Everything on cx.signals. The caller frees events. */
static inline struct heard hear(struct world *world)
{
    struct heard heard = {0};
    each_record(world, world->config.topic_signals, hear_record, &heard);
    return heard;
}

static inline size_t heard_times(const struct heard *self, const struct sample *sample)
{
    uint64_t id = event_id_hash(span_text(sample->agency), span_text(sample->id));
    size_t times = 0;
    for (size_t i = 0; i < self->count; i++) {
        times += self->events[i].event.id == id;
    }
    return times;
}

/* ---- dead letters ---- */

struct letter {
    char topic[64], reason[64], detail[256], version[32];
    int64_t partition, offset, timestamp_ms, schema_id; /* ABSENT: null */
    struct span key, value;                             /* owned; data NULL: null */
    bool is_whole;
    size_t header_count;
    struct {
        char name[64];
        struct span value; /* owned */
    } headers[4];
};

static inline void letter_text(avro_value_t *record, const char *field, char *out, size_t size)
{
    avro_value_t value;
    const char *text;
    AVRO_OK(avro_value_get_by_name(record, field, &value, NULL));
    AVRO_OK(avro_value_get_string(&value, &text, NULL));
    snprintf(out, size, "%s", text);
}

static inline int64_t letter_number(avro_value_t *record, const char *field)
{
    avro_value_t value, branch = {0};
    int64_t number = ABSENT;
    int32_t small = 0;
    AVRO_OK(avro_value_get_by_name(record, field, &value, NULL));
    if (avro_value_get_type(&value) == AVRO_UNION) {
        AVRO_OK(avro_value_get_current_branch(&value, &branch));
        value = branch;
    }
    if (avro_value_get_type(&value) == AVRO_INT32) {
        AVRO_OK(avro_value_get_int(&value, &small));
        return small;
    }
    if (avro_value_get_type(&value) == AVRO_INT64) {
        AVRO_OK(avro_value_get_long(&value, &number));
    }
    return number;
}

static inline bool letter_flag(avro_value_t *record, const char *field)
{
    avro_value_t value;
    int flag = 0;
    AVRO_OK(avro_value_get_by_name(record, field, &value, NULL));
    AVRO_OK(avro_value_get_boolean(&value, &flag));
    return flag;
}

static inline struct span letter_bytes(avro_value_t *record, const char *field)
{
    avro_value_t value, branch = {0};
    const void *bytes;
    size_t size = 0;
    AVRO_OK(avro_value_get_by_name(record, field, &value, NULL));
    AVRO_OK(avro_value_get_current_branch(&value, &branch));
    if (avro_value_get_type(&branch) == AVRO_NULL) {
        return span_of(NULL, 0);
    }
    AVRO_OK(avro_value_get_bytes(&branch, &bytes, &size));
    uint8_t *copy = malloc(size + 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    return span_of(copy, size);
}

static inline void letter_headers(avro_value_t *record, struct letter *out)
{
    avro_value_t headers, header;
    AVRO_OK(avro_value_get_by_name(record, "headers", &headers, NULL));
    AVRO_OK(avro_value_get_size(&headers, &out->header_count));
    for (size_t i = 0; i < out->header_count && i < 4; i++) {
        AVRO_OK(avro_value_get_by_index(&headers, i, &header, NULL));
        letter_text(&header, "name", out->headers[i].name, sizeof out->headers[i].name);
        out->headers[i].value = letter_bytes(&header, "value");
    }
}

/* Reads one; letter_done frees it. */
static inline struct letter letter_read(struct span value)
{
    struct letter out = {0};
    assert_true(value.size > 1 && value.data[0] == 2);
    avro_schema_t schema = avro_schema_of(embedded_schema("dead_letter"));
    avro_value_iface_t *interface = avro_generic_class_from_schema(schema);
    avro_value_t record;
    AVRO_OK(avro_generic_value_new(interface, &record));
    avro_reader_t reader = avro_reader_memory((const char *)value.data + 1, (int64_t)value.size - 1);
    AVRO_OK(avro_value_read(reader, &record));
    size_t again;
    AVRO_OK(avro_value_sizeof(&record, &again));
    assert_int_equal(again, value.size - 1); /* nothing is left */
    letter_text(&record, "topic", out.topic, sizeof out.topic);
    letter_text(&record, "reason", out.reason, sizeof out.reason);
    letter_text(&record, "detail", out.detail, sizeof out.detail);
    letter_text(&record, "version", out.version, sizeof out.version);
    out.partition = letter_number(&record, "partition");
    out.offset = letter_number(&record, "offset");
    out.timestamp_ms = letter_number(&record, "timestamp");
    out.schema_id = letter_number(&record, "schema_id");
    out.is_whole = letter_flag(&record, "whole");
    out.key = letter_bytes(&record, "key");
    out.value = letter_bytes(&record, "value");
    letter_headers(&record, &out);
    avro_reader_free(reader);
    avro_value_decref(&record);
    avro_value_iface_decref(interface);
    avro_schema_decref(schema);
    return out;
}

static inline void letter_done(struct letter *self)
{
    free((void *)(uintptr_t)self->key.data);
    free((void *)(uintptr_t)self->value.data);
    for (size_t i = 0; i < 4; i++) {
        free((void *)(uintptr_t)self->headers[i].value.data);
    }
}

static inline void count_record(void *context, int32_t partition, int64_t offset, const struct fake_record *record)
{
    size_t *count = context;
    (void)partition;
    (void)offset;
    (void)record;
    ++*count;
}

static inline size_t record_count(struct world *world, const char *topic)
{
    size_t count = 0;
    each_record(world, topic, count_record, &count);
    return count;
}

#endif
