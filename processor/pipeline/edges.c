/* edges.c - from settings to open connections. */
#include "edges.h"

#include "decoders.h"
#include "outputs.h"

#include <stdio.h>

#define KAFKA_TIMEOUT_MS      3000 /* who is told to stop meanwhile waits for it */
#define SIGNALS_QUEUED_KBYTES 8192 /* a thousand events a message: some 200,000 of them, half a second's work */

enum outcome edges_kafka(const struct pipeline_settings *settings, char cluster_id[CLUSTER_ID_SIZE], char topic_id[32],
                         struct reason *why)
{
    struct topic_spec specs[TOPICS_MAX];
    const char *names[TOPICS_MAX];
    struct topic_state states[TOPICS_MAX];
    const struct config *config = settings->config;
    struct kafka_settings kafka = connect_kafka(settings->config, settings->log);
    size_t count = pipeline_topics(config, specs);
    for (size_t i = 0; i < count; i++) {
        names[i] = specs[i].name;
    }
    TRY(kafka_describe(&kafka, names, count, KAFKA_TIMEOUT_MS, states, cluster_id, why));
    for (size_t i = 0; i < count; i++) {
        if (!states[i].exists) {
            return FAIL(why, RETRY, REASON_UNAVAILABLE,
                        "topic %s is not there: make the topics with `slipstream topics create`", names[i]);
        }
        if (strcmp(names[i], config->topic_signals) == 0) {
            snprintf(topic_id, 32, "%s", states[i].id);
            if (states[i].partitions != config->signals_partitions) {
                return FAIL(why, STOP, REASON_REFUSED, "%s has %d partitions, signals.partitions says %lld", names[i],
                            states[i].partitions, (long long)config->signals_partitions);
            }
        }
    }
    return DONE;
}

static enum outcome open_registry(struct registry **registry, const struct config *config, struct reason *why)
{
    struct registry_settings settings = connect_registry(config);
    return registry_open(&settings, registry, why);
}

enum outcome intake_edges_registry(struct intake_edges *self, const struct pipeline_settings *settings,
                                   struct reason *why)
{
    if (!self->registry) {
        TRY(open_registry(&self->registry, settings->config, why));
        TRY(decoders_check(self->registry, settings->config, why));
    }
    return registry_ping(self->registry, why);
}

enum outcome intake_edges_open(struct intake_edges *self, const struct pipeline_settings *settings,
                               struct source_events events, struct reason *why)
{
    const struct config *config = settings->config;
    const char *sources[CHANNELS] = {config->topic_web, config->topic_phone, config->topic_office, config->topic_chat};
    const char *sinks[] = {config->topic_signals, config->topic_deadletter};
    char group[128];
    char transactional_id[256];
    snprintf(group, sizeof group, "%s-intake", config->app);
    snprintf(transactional_id, sizeof transactional_id, "%s-intake-%s", config->app, config->instance);
    if (!self->source) {
        struct source_settings source = {
            .kafka = connect_kafka(settings->config, settings->log),
            .group = group,
            .topics = sources,
            .topic_count = CHANNELS,
            .batch_max = (size_t)config->intake_batch,
            .events = events,
            .fetch_committed = true,
        };
        TRY(kafka_source_open(&source, &self->source, why));
    }
    struct sink_settings sink = {
        .kafka = connect_kafka(settings->config, settings->log),
        .transactional_id = transactional_id,
        .topics = sinks,
        .topic_count = 2,
        .source = self->source,
    };
    return kafka_sink_open(&sink, &self->sink, why);
}

void intake_edges_close(struct intake_edges *self)
{
    if (self->source) {
        self->source->ops->close(self->source); /* commits what is left, through the sink */
    }
    if (self->sink) {
        self->sink->ops->close(self->sink);
    }
    registry_close(self->registry);
    *self = (struct intake_edges){0};
}

/* Confluent ids for what we publish: the registry's, or those that schemas.ids gives the folder's files. */
static enum outcome find_schemas(struct output_schemas *schemas, const struct config *config, struct reason *why)
{
    const struct {
        const char *name, *subject_of, *part;
        uint32_t *id;
    } wanted[] = {
        {"aggregate_key", config->topic_aggregates, "key", &schemas->aggregate_key},
        {"aggregate", config->topic_aggregates, "value", &schemas->aggregate},
        {"score", config->topic_scores, "value", &schemas->score},
        {"alert", config->topic_alerts, "value", &schemas->alert},
    };
    struct registry *registry = NULL;
    TRY(open_registry(&registry, config, why));
    enum outcome found = DONE;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted && found == DONE; i++) {
        char subject[300];
        char file[64];
        snprintf(subject, sizeof subject, "%s-%s", wanted[i].subject_of, wanted[i].part);
        snprintf(file, sizeof file, "%s.avsc", wanted[i].name);
        found = registry_publish(registry, subject, file, embedded_schema(wanted[i].name), wanted[i].id, why);
    }
    registry_close(registry);
    return found;
}

enum outcome score_edges_schemas(struct score_edges *self, const struct pipeline_settings *settings, struct reason *why)
{
    return find_schemas(&self->schemas, settings->config, why);
}

enum outcome score_edges_redis(struct score_edges *self, const struct pipeline_settings *settings, struct reason *why)
{
    const struct config *config = settings->config;
    if (!self->store) {
        struct store_settings store = connect_store(config, settings->log);
        TRY(redis_store_open(&store, &self->store, why));
    }
    return self->store->ops->ping(self->store, why);
}

enum outcome score_edges_open(struct score_edges *self, const struct pipeline_settings *settings,
                              struct source_events events, struct scorer *scorer, struct reason *why)
{
    const struct config *config = settings->config;
    const char *sources[] = {config->topic_signals};
    const char *outputs[] = {config->topic_aggregates, config->topic_scores, config->topic_alerts,
                             config->topic_state};
    char group[128];
    snprintf(group, sizeof group, "%s-score", config->app);
    if (!self->publisher) {
        struct publisher_settings publisher = {
            .kafka = connect_kafka(settings->config, settings->log),
            .topics = outputs,
            .topic_count = OUTPUT_TOPICS,
            .context = scorer,
            .delivered = scorer_delivered,
        };
        TRY(kafka_publisher_open(&publisher, &self->publisher, why));
    }
    if (!self->notifier) {
        struct notify_settings notify = connect_notify(config, settings->log);
        notify.context = scorer;
        notify.delivered = scorer_notified;
        TRY(notify_open(&notify, &self->notifier, why));
    }
    if (!self->kept) {
        struct kafka_settings kafka = connect_kafka(config, settings->log);
        self->kept = kafka_table_open(&kafka, config->topic_state);
    }
    struct source_settings source = {
        .kafka = connect_kafka(settings->config, settings->log),
        .group = group,
        .topics = sources,
        .topic_count = 1,
        .batch_max = (size_t)config->score_batch,
        .events = events,
    };
    if (source.kafka.queued_kbytes_max > SIGNALS_QUEUED_KBYTES) {
        source.kafka.queued_kbytes_max = SIGNALS_QUEUED_KBYTES;
    }
    return kafka_source_open(&source, &self->source, why);
}

void score_edges_close(struct score_edges *self)
{
    if (self->source) {
        self->source->ops->close(self->source); /* applies what is left, through the store */
    }
    if (self->publisher) {
        self->publisher->ops->close(self->publisher);
    }
    if (self->notifier) {
        self->notifier->ops->close(self->notifier); /* what it still has is in the outbox, too */
    }
    if (self->kept) {
        self->kept->ops->close(self->kept);
    }
    if (self->store) {
        self->store->ops->close(self->store);
    }
    *self = (struct score_edges){0};
}
