/* edges.h - opens what a stage reads and writes, once it is there; closes it again. */
#ifndef SLIPSTREAM_PIPELINE_EDGES_H
#define SLIPSTREAM_PIPELINE_EDGES_H

#include "slipstream/pipeline.h"

struct intake_edges {
    struct registry *registry;
    struct source *source;
    struct sink *sink;
};
struct score_edges {
    struct source *source;
    struct store *store;
    struct publisher *publisher;
    struct notifier *notifier;
    struct table *kept;
    char cluster_id[CLUSTER_ID_SIZE];
    char topic_id[32];
    struct output_schemas schemas;
};

/* What both stages need of Kafka: that it answers and the topics are there. RETRY: not yet. */
enum outcome edges_kafka(const struct pipeline_settings *settings, char cluster_id[CLUSTER_ID_SIZE], char topic_id[32],
                         struct reason *why) MUST_CHECK;
enum outcome intake_edges_registry(struct intake_edges *self, const struct pipeline_settings *settings,
                                   struct reason *why) MUST_CHECK;
enum outcome intake_edges_open(struct intake_edges *self, const struct pipeline_settings *settings,
                               struct source_events events, struct reason *why) MUST_CHECK;
void intake_edges_close(struct intake_edges *self);

enum outcome score_edges_redis(struct score_edges *self, const struct pipeline_settings *settings,
                               struct reason *why) MUST_CHECK;
/* The ids of what we publish. */
enum outcome score_edges_schemas(struct score_edges *self, const struct pipeline_settings *settings,
                                 struct reason *why) MUST_CHECK;
enum outcome score_edges_open(struct score_edges *self, const struct pipeline_settings *settings,
                              struct source_events events, struct scorer *scorer, struct reason *why) MUST_CHECK;
void score_edges_close(struct score_edges *self);

#endif
