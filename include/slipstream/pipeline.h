/* pipeline.h - the two stages, each one loop in a thread of its own; they share nothing but Kafka.
 *
 * intake: interactions → decode → signals → route → ONE transaction with the offsets.
 * score:  signals → fold → roll → score → detect → ONE fenced Redis call a task → publish.
 *
 * A stage is driven turn by turn over its edges (source, sink, store, publisher, registry), real or fake, and a clock.
 * pipeline_start opens the real edges, retries until they are there, and runs the stages until told to stop.
 * Units: see the modules. Errors: a turn says DONE, RETRY (back off) or STOP (leave the loop). */
#ifndef SLIPSTREAM_PIPELINE_H
#define SLIPSTREAM_PIPELINE_H

#include "slipstream/config.h"
#include "slipstream/kafka.h"
#include "slipstream/notify.h"
#include "slipstream/registry.h"
#include "slipstream/serve.h"
#include "slipstream/store.h"

#include <stdatomic.h>

#define SLIPSTREAM_VERSION "0.1.0"

/* ---- status: what a stage tells the rest of the process; written by the stage, read by anyone ---- */

enum stage_id { STATUS_INTAKE, STATUS_SCORE, STATUS_STAGES };
extern const char *const stage_words[STATUS_STAGES];

enum record_outcome { RECORD_APPLIED, RECORD_LATE, RECORD_DUPLICATE, RECORD_DEADLETTERED, RECORD_OUTCOMES };
extern const char *const record_outcome_words[RECORD_OUTCOMES];

/* Seconds; the last bucket is open. */
#define DURATION_BUCKETS 12
extern const double duration_bounds[DURATION_BUCKETS - 1];
struct histogram {
    _Atomic int64_t buckets[DURATION_BUCKETS];
    _Atomic int64_t sum_us;
};
void histogram_add(struct histogram *self, int64_t us);

enum dependency { DEPENDENCY_KAFKA, DEPENDENCY_REDIS, DEPENDENCY_REGISTRY, DEPENDENCIES };
extern const char *const dependency_words[DEPENDENCIES];

enum task_state { TASK_WAITING /* to be claimed */, TASK_CATCHING_UP, TASK_LIVE, TASK_STATES };
extern const char *const task_state_words[TASK_STATES];

struct stage_status {
    _Atomic int64_t heartbeat_us;     /* mono; 0: the stage does not run here */
    _Atomic int64_t last_progress_us; /* wall: last commit or apply */
    _Atomic bool joined, draining;
    _Atomic int64_t read[CHANNELS];                     /* intake: by topic */
    _Atomic int64_t records[CHANNELS][RECORD_OUTCOMES]; /* intake: applied means routed */
    _Atomic int64_t lag[CHANNELS];                      /* score: [0] is cx.signals */
    struct histogram commits;                           /* intake: transactions; score: applies */
    _Atomic bool up[DEPENDENCIES];
};

enum delivery_outcome {
    DELIVERY_ACCEPTED,
    DELIVERY_FAILED /* to be tried again */,
    DELIVERY_DROPPED,
    DELIVERY_OUTCOMES
};
extern const char *const delivery_outcome_words[DELIVERY_OUTCOMES];
struct sink_status {
    _Atomic int64_t outcomes[DELIVERY_OUTCOMES];
    _Atomic int64_t waiting;  /* alerts it has not acknowledged */
    _Atomic int64_t given_up; /* of them, because there were too many */
    _Atomic int state;        /* enum notify_state */
};
struct status {
    struct stage_status stages[STATUS_STAGES];
    _Atomic int64_t deadletters[REASON_COUNT];
    _Atomic int64_t signal_batches_read, signal_batches_bad;
    _Atomic int64_t tasks[TASK_STATES];
    _Atomic int64_t applies[APPLY_RESULTS];
    _Atomic int64_t alerts[ALERT_KINDS][ALERT_TRANSITIONS];
    _Atomic int64_t alert_queue;
    _Atomic unsigned sinks; /* SINK_BIT of those there are */
    struct sink_status sink[ALERT_SINKS];
    _Atomic int64_t agencies;
    _Atomic int64_t published;
    _Atomic int64_t state_bytes;
    _Atomic int64_t other_events, full_events; /* since the start: fold.h, struct fold_limited */
    _Atomic int64_t lost_records;
    _Atomic bool reload_failed; /* the last one; what was in force before still is */
    struct histogram delay; /* event time to published score */
};

/* The metrics page, and the table it is made of as Markdown. */
void metrics_render(const struct status *status, const struct config *config, const struct log *log,
                    struct buffer *out);
void metrics_reference(struct buffer *out);
/* Ready, or the reasons why not as JSON. */
bool status_is_ready(const struct status *status, struct buffer *json);
/* The loops' heartbeat only. */
bool status_is_healthy(const struct status *status, struct mono_time now);

/* ---- the scoring in force: one place swaps it, each stage holds what it reads ---- */

struct methods { /* never changed once made */
    const struct scoring *scoring;
    const struct scoring *shadow; /* scored and shown beside it, alerting nobody; NULL: none */
};
struct method_slot; /* thread-safe */
/* Both take the scorings over: closed when nobody holds them any more. */
struct method_slot *method_slot_open(struct scoring *scoring, struct scoring *shadow);
void method_slot_swap(struct method_slot *self, struct scoring *scoring, struct scoring *shadow);
/* The newest, for as long as it is not released. */
const struct methods *method_slot_hold(struct method_slot *self);
void method_slot_release(struct method_slot *self, const struct methods *held);
/* Whether there is a newer one than what is held; costs next to nothing. */
bool method_slot_has_newer(struct method_slot *self, const struct methods *held);
void method_slot_close(struct method_slot *self); /* when nobody holds anything */

/* ---- intake ---- */

struct intake_settings {
    const struct config *config;
    const struct clock *clock;
    struct log *log;
    struct status *status;
    struct registry *registry;     /* borrowed */
    const struct scoring *scoring; /* borrowed: agencies' aliases; NULL: nobody has any */
    size_t seal_bytes; /* so much for a partition, or of dead letters, is sent ahead of its commit; 0: as usual */
};
struct intake;
struct intake *intake_open(const struct intake_settings *settings);
struct source_events intake_events(struct intake *self);
void intake_connect(struct intake *self, struct source *source, struct sink *sink); /* borrowed */
/* Between turns: from now on this one is borrowed, in place of the last. */
void intake_set_scoring(struct intake *self, const struct scoring *scoring);
enum outcome intake_turn(struct intake *self, struct reason *why) MUST_CHECK;
/* Commits what was read: for a clean end. */
enum outcome intake_drain(struct intake *self, struct reason *why) MUST_CHECK;
void intake_close(struct intake *self);

/* ---- score ---- */

/* Confluent ids that published values are framed with. */
struct output_schemas {
    uint32_t aggregate_key, aggregate, score, alert;
};
struct score_settings {
    const struct config *config;
    struct methods methods; /* borrowed, until others are set */
    const struct clock *clock;
    struct log *log;
    struct status *status;
    struct output_schemas schemas;
    const char *cluster_id; /* of Kafka, and the id of the signals topic: state belongs to both */
    const char *topic_id;
};
struct scorer;
struct scorer *scorer_open(const struct score_settings *settings);
struct source_events scorer_events(struct scorer *self);
struct scorer_edges { /* borrowed */
    struct source *source;
    struct store *store;
    struct publisher *publisher;
    struct notifier *notifier; /* NULL: none */
    struct table *kept;        /* what is kept beside Redis; NULL: nothing */
};
void scorer_connect(struct scorer *self, const struct scorer_edges *edges);
void scorer_delivered(void *self, uint64_t token, enum outcome outcome, const struct reason *why);
void scorer_notified(void *self, enum alert_sink sink, uint64_t token, enum outcome outcome);
/* Between turns: what is scored from now on is scored so. What is held is borrowed, in place of the last. */
void scorer_set_methods(struct scorer *self, const struct methods *methods);
enum outcome scorer_turn(struct scorer *self, struct reason *why) MUST_CHECK;
/* Applies and publishes what is pending. */
enum outcome scorer_drain(struct scorer *self, struct reason *why) MUST_CHECK;
void scorer_close(struct scorer *self);

/* The counters of every cell of a stored task as JSON lines, for `state show`. */
enum outcome state_show(struct store *store, int32_t partition, struct buffer *out, struct reason *why) MUST_CHECK;

/* ---- the two in threads, over real Kafka, Redis and registry ---- */

/* The embedded schemas of what is published, by file name without ".avsc"; size 0: there is none of that name. */
struct span embedded_schema(const char *name);

/* A configuration as the settings of each edge; they borrow its texts. */
struct kafka_settings connect_kafka(const struct config *config, struct log *log);
struct registry_settings connect_registry(const struct config *config);
struct store_settings connect_store(const struct config *config, struct log *log);
struct notify_settings connect_notify(const struct config *config, struct log *log);

#define TOPICS_MAX 16
/* Every topic of a configuration, with the settings it should have. Returns how many. */
size_t pipeline_topics(const struct config *config, struct topic_spec specs[TOPICS_MAX]);

struct pipeline_settings {
    const struct config *config;
    struct method_slot *methods; /* borrowed: what is swapped there is followed from the next turn on */
    struct log *log;
    struct status *status;
};
struct pipeline;
enum outcome pipeline_start(const struct pipeline_settings *settings, struct pipeline **pipeline,
                            struct reason *why) MUST_CHECK;
/* Asks the stages to finish; returns at once. */
void pipeline_stop(struct pipeline *self);
/* Whether a stage has left its loop. */
bool pipeline_has_ended(const struct pipeline *self);
/* Waits for the stages; DONE, or STOP with the first one's reason. Frees. */
enum outcome pipeline_join(struct pipeline *self, struct reason *why) MUST_CHECK;

#endif
