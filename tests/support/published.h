/* published.h - what the stage has published, read back by Avro-C under schemas/: the oracle of records.c. */
#ifndef SLIPSTREAM_TESTS_PUBLISHED_H
#define SLIPSTREAM_TESTS_PUBLISHED_H

#include "heard.h"

enum { ID_AGGREGATE_KEY = 5, ID_AGGREGATE, ID_SCORE, ID_ALERT }; /* as in score_start */

/* A value as JSON, unions as {"TYPE": value}; the frame and that nothing is left are checked. The caller decrefs it. */
static inline json_t *published_json(struct span bytes, const char *name, uint32_t id)
{
    const uint8_t frame[] = {0, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
    assert_true(bytes.size >= sizeof frame);
    assert_memory_equal(bytes.data, frame, sizeof frame);
    avro_schema_t schema = avro_schema_of(embedded_schema(name));
    avro_value_iface_t *interface = avro_generic_class_from_schema(schema);
    avro_value_t record;
    char *text;
    size_t again;
    AVRO_OK(avro_generic_value_new(interface, &record));
    avro_reader_t reader = avro_reader_memory((const char *)bytes.data + 5, (int64_t)bytes.size - 5);
    AVRO_OK(avro_value_read(reader, &record));
    AVRO_OK(avro_value_sizeof(&record, &again));
    assert_int_equal(again, bytes.size - 5);
    AVRO_OK(avro_value_to_json(&record, 1, &text));
    json_error_t error;
    json_t *json = json_loads(text, 0, &error);
    if (!json) {
        fail_msg("%s: %s", error.text, text);
    }
    free(text);
    avro_reader_free(reader);
    avro_value_decref(&record);
    avro_value_iface_decref(interface);
    avro_schema_decref(schema);
    return json;
}

static inline const char *text_in(const json_t *record, const char *field)
{
    const char *text = json_string_value(json_object_get(record, field));
    assert_non_null(text);
    return text;
}

static inline double real_in(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static inline int64_t number_in(const json_t *record, const char *field)
{
    const json_t *value = json_object_get(record, field);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

/* The card of a window and channel ("" : all of them) of a scorecard; NULL: none. */
static inline const json_t *card_in(const json_t *score, const char *window, const char *channel)
{
    size_t i;
    const json_t *card;
    json_array_foreach(json_object_get(score, "cards"), i, card)
    {
        const json_t *named = json_object_get(json_object_get(card, "channel"), "string");
        const char *of = json_is_string(named) ? json_string_value(named) : "";
        if (strcmp(text_in(card, "window"), window) == 0 && strcmp(of, channel) == 0) {
            return card;
        }
    }
    return NULL;
}

/* The last record with a key (data NULL: any) on a topic's partition, or NULL. */
static inline const struct fake_record *last_with_key(struct world *world, const char *topic, int32_t partition,
                                                      struct span key)
{
    const struct fake_record *last = NULL;
    for (int64_t offset = 0; offset < fake_kafka_end(world->kafka, topic, partition); offset++) {
        const struct fake_record *at = fake_kafka_at(world->kafka, topic, partition, offset);
        if (at && (!key.data || span_equal(at->key, key))) {
            last = at;
        }
    }
    return last;
}

/* The last scorecard of an agency; NULL: none. The caller decrefs it. */
static inline json_t *last_score(struct world *world, const char *agency)
{
    int32_t partition = partition_of(span_text(agency), (int32_t)world->config.signals_partitions);
    const struct fake_record *last = last_with_key(world, world->config.topic_scores, partition, span_text(agency));
    return last ? published_json(last->value, "score", ID_SCORE) : NULL;
}

/* The live view of an agency; the caller decrefs it. */
static inline json_t *last_view(struct world *world, const char *agency)
{
    char key[ID_SIZE_MAX + 8];
    snprintf(key, sizeof key, "view:%s", agency);
    struct span view = fake_redis_view(world->redis, span_text(key));
    json_t *json = json_loadb((const char *)view.data, view.size, 0, NULL);
    assert_non_null(json);
    return json;
}

/* Alerts on the topic that are of a transition, the first `max` of them into out; how many there are. */
struct told_alert {
    char id[17], agency[64], subject[64], kind[32];
    int64_t ordinal, opened_at;
    bool closed_at;
};
static inline size_t alerts_told(struct world *world, const char *transition, struct told_alert *out, size_t max)
{
    size_t count = 0;
    const char *topic = world->config.topic_alerts;
    for (int32_t p = 0; p < fake_kafka_partitions(world->kafka, topic); p++) {
        for (int64_t offset = 0; offset < fake_kafka_end(world->kafka, topic, p); offset++) {
            const struct fake_record *at = fake_kafka_at(world->kafka, topic, p, offset);
            json_t *alert = at ? published_json(at->value, "alert", ID_ALERT) : NULL;
            if (alert && strcmp(text_in(alert, "transition"), transition) == 0) {
                assert_true(span_equal(at->key, span_text(text_in(alert, "id"))));
                if (count < max) {
                    snprintf(out[count].id, sizeof out[count].id, "%s", text_in(alert, "id"));
                    snprintf(out[count].agency, sizeof out[count].agency, "%s", text_in(alert, "agency"));
                    snprintf(out[count].subject, sizeof out[count].subject, "%s", text_in(alert, "subject"));
                    snprintf(out[count].kind, sizeof out[count].kind, "%s", text_in(alert, "kind"));
                    out[count].ordinal = number_in(alert, "ordinal");
                    out[count].opened_at = number_in(alert, "opened_at");
                    out[count].closed_at = !json_is_null(json_object_get(alert, "closed_at"));
                }
                count++;
            }
            json_decref(alert);
        }
    }
    return count;
}

#endif
