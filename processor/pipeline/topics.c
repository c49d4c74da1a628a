/* topics.c - the topics of a configuration, and the schemas of what is published on them. */
#include "slipstream/base/embed.h"
#include "slipstream/pipeline.h"

#define SOURCE_PARTITIONS 4 /* when we make them; their owners may have made them otherwise */

EMBED(schema_aggregate_key, SLIPSTREAM_SCHEMAS "/aggregate_key.avsc");
EMBED(schema_aggregate, SLIPSTREAM_SCHEMAS "/aggregate.avsc");
EMBED(schema_score, SLIPSTREAM_SCHEMAS "/score.avsc");
EMBED(schema_alert, SLIPSTREAM_SCHEMAS "/alert.avsc");
EMBED(schema_dead_letter, SLIPSTREAM_SCHEMAS "/dead_letter.avsc");
EMBED(schema_dead_letters_replayed, SLIPSTREAM_SCHEMAS "/dead_letters_replayed.avsc");
EMBED(schema_signal_batch, SLIPSTREAM_SCHEMAS "/signal_batch.avsc");

struct span embedded_schema(const char *name)
{
    const struct {
        const char *name;
        struct span text;
    } schemas[] = {
        {"aggregate_key", EMBEDDED(schema_aggregate_key)},
        {"aggregate", EMBEDDED(schema_aggregate)},
        {"score", EMBEDDED(schema_score)},
        {"alert", EMBEDDED(schema_alert)},
        {"dead_letter", EMBEDDED(schema_dead_letter)},
        {"signal_batch", EMBEDDED(schema_signal_batch)},
        {"dead_letters_replayed", EMBEDDED(schema_dead_letters_replayed)},
    };
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
        if (strcmp(name, schemas[i].name) == 0) {
            return schemas[i].text;
        }
    }
    return span_of(NULL, 0);
}

size_t pipeline_topics(const struct config *config, struct topic_spec specs[TOPICS_MAX])
{
    /* The signals are the durable history: the longest pane, nine weeks, and seven days. */
    static const char *const history[][2] = {
        {"cleanup.policy", "delete"}, {"retention.ms", "6048000000"}, {"compression.type", "lz4"}};
    static const char *const compact[][2] = {{"cleanup.policy", "compact"}};
    static const char *const small[][2] = {{"cleanup.policy", "compact"}, {"segment.bytes", "67108864"}};
    static const char *const month[][2] = {
        {"cleanup.policy", "delete"}, {"retention.ms", "2592000000"}, {"compression.type", "lz4"}};
    int32_t partitions = (int32_t)config->signals_partitions;
    const struct topic_spec all[] = {
        {config->topic_web, SOURCE_PARTITIONS, NULL, 0},    {config->topic_phone, SOURCE_PARTITIONS, NULL, 0},
        {config->topic_office, SOURCE_PARTITIONS, NULL, 0}, {config->topic_chat, SOURCE_PARTITIONS, NULL, 0},
        {config->topic_signals, partitions, history, 3},    {config->topic_aggregates, partitions, compact, 1},
        {config->topic_scores, partitions, compact, 1},     {config->topic_alerts, partitions, compact, 1},
        {config->topic_state, partitions, small, 2},        {config->topic_deadletter, SOURCE_PARTITIONS, month, 3},
    };
    _Static_assert(sizeof all / sizeof *all <= TOPICS_MAX, "room for every topic");
    memcpy(specs, all, sizeof all);
    return sizeof all / sizeof *all;
}
