/* avro_messages.h - test messages written by Avro-C: the oracle of what bytes an Avro value is.
 *
 * Values come as JSON in Avro's own JSON encoding: a union is null or {"TYPE": value}. Aborts the test on any error. */
#ifndef SLIPSTREAM_TESTS_AVRO_MESSAGES_H
#define SLIPSTREAM_TESTS_AVRO_MESSAGES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <avro.h>
#include <cmocka.h>
#include <jansson.h>

#include "slipstream/base/span.h"

#define AVRO_OK(call)                                                                                                  \
    do {                                                                                                               \
        if ((call) != 0) {                                                                                             \
            fail_msg("%s: %s", #call, avro_strerror());                                                                \
        }                                                                                                              \
    } while (0)

static inline avro_schema_t avro_schema_of(struct span text)
{
    avro_schema_t schema;
    AVRO_OK(avro_schema_from_json_length((const char *)text.data, text.size, &schema));
    return schema;
}

static inline void avro_fill(avro_value_t *value, const json_t *json);

static inline void avro_fill_branch(avro_value_t *value, const json_t *json)
{
    avro_schema_t schema = avro_value_get_schema(value);
    const char *name = json_is_null(json) ? "null" : json_object_iter_key(json_object_iter((json_t *)(uintptr_t)json));
    for (size_t i = 0; i < avro_schema_union_size(schema); i++) {
        if (strcmp(avro_schema_type_name(avro_schema_union_branch(schema, (int)i)), name) == 0) {
            avro_value_t branch;
            AVRO_OK(avro_value_set_branch(value, (int)i, &branch));
            avro_fill(&branch, json_is_null(json) ? json : json_object_get(json, name));
            return;
        }
    }
    fail_msg("no branch %s", name);
}

static inline void avro_fill_inside(avro_value_t *value, const json_t *json)
{
    avro_value_t inner;
    size_t i;
    const char *key;
    json_t *item;
    switch (avro_value_get_type(value)) {
    case AVRO_ARRAY:
        json_array_foreach((json_t *)(uintptr_t)json, i, item)
        {
            AVRO_OK(avro_value_append(value, &inner, NULL));
            avro_fill(&inner, item);
        }
        break;
    case AVRO_MAP:
        json_object_foreach((json_t *)(uintptr_t)json, key, item)
        {
            AVRO_OK(avro_value_add(value, key, &inner, NULL, NULL));
            avro_fill(&inner, item);
        }
        break;
    case AVRO_RECORD: {
        size_t count = 0;
        AVRO_OK(avro_value_get_size(value, &count));
        for (i = 0; i < count; i++) {
            AVRO_OK(avro_value_get_by_index(value, i, &inner, &key));
            if (json_object_get(json, key) == NULL) {
                fail_msg("the value lacks %s", key);
            }
            avro_fill(&inner, json_object_get(json, key));
        }
        break;
    }
    default:
        fail_msg("type %d", avro_value_get_type(value));
    }
}

/* Bytes and fixed are JSON strings of their bytes. */
static inline void avro_fill(avro_value_t *value, const json_t *json)
{
    void *bytes = (void *)(uintptr_t)json_string_value(json);
    size_t size = json_string_length(json);
    int symbol;
    switch (avro_value_get_type(value)) {
    case AVRO_NULL:
        AVRO_OK(avro_value_set_null(value));
        break;
    case AVRO_BOOLEAN:
        AVRO_OK(avro_value_set_boolean(value, json_is_true(json)));
        break;
    case AVRO_INT32:
        AVRO_OK(avro_value_set_int(value, (int32_t)json_integer_value(json)));
        break;
    case AVRO_INT64:
        AVRO_OK(avro_value_set_long(value, json_integer_value(json)));
        break;
    case AVRO_FLOAT:
        AVRO_OK(avro_value_set_float(value, (float)json_number_value(json)));
        break;
    case AVRO_DOUBLE:
        AVRO_OK(avro_value_set_double(value, json_number_value(json)));
        break;
    case AVRO_STRING:
        AVRO_OK(avro_value_set_string(value, bytes));
        break;
    case AVRO_BYTES:
        AVRO_OK(avro_value_set_bytes(value, bytes, size));
        break;
    case AVRO_FIXED:
        AVRO_OK(avro_value_set_fixed(value, bytes, size));
        break;
    case AVRO_ENUM:
        symbol = avro_schema_enum_get_by_name(avro_value_get_schema(value), bytes);
        assert_true(symbol >= 0);
        AVRO_OK(avro_value_set_enum(value, symbol));
        break;
    case AVRO_UNION:
        avro_fill_branch(value, json);
        break;
    default:
        avro_fill_inside(value, json);
    }
}

/* Into the caller's bytes; the size. */
static inline size_t avro_encode(avro_value_t *value, uint8_t *bytes, size_t capacity)
{
    size_t size;
    AVRO_OK(avro_value_sizeof(value, &size));
    assert_true(size <= capacity);
    avro_writer_t writer = avro_writer_memory((char *)bytes, (int64_t)capacity);
    AVRO_OK(avro_value_write(writer, value));
    avro_writer_free(writer);
    return size;
}

static inline size_t avro_encode_json(struct span schema_text, const char *json, uint8_t *bytes, size_t capacity)
{
    json_error_t error;
    json_t *parsed = json_loads(json, JSON_DECODE_ANY, &error);
    if (parsed == NULL) {
        fail_msg("%s in %s", error.text, json);
    }
    avro_schema_t schema = avro_schema_of(schema_text);
    avro_value_iface_t *interface = avro_generic_class_from_schema(schema);
    avro_value_t value;
    AVRO_OK(avro_generic_value_new(interface, &value));
    avro_fill(&value, parsed);
    size_t size = avro_encode(&value, bytes, capacity);
    avro_value_decref(&value);
    avro_value_iface_decref(interface);
    avro_schema_decref(schema);
    json_decref(parsed);
    return size;
}

#endif
