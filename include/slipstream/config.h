/* config.h - the settings: one table, read from YAML, the environment and the command line; and the scoring file.
 *
 * Precedence: --set over environment over file over default. Environment: SLIPSTREAM__KAFKA__BROKERS, and with the
 * suffix _FILE the path of a file that holds the value. Errors: all of them at once, as problems, each with where it
 * stands (file:line:column, variable or argument), what it got and what is allowed. Owner: config_done frees all. */
#ifndef SLIPSTREAM_CONFIG_H
#define SLIPSTREAM_CONFIG_H

#include "slipstream/model.h"

enum setting_type {
    SETTING_TEXT,     /* const char *; NULL when empty */
    SETTING_SECRET,   /* const char *, never shown */
    SETTING_COUNT,    /* int64_t: a whole number */
    SETTING_DURATION, /* int64_t in microseconds: "250ms" "10s" "5m" "1h" "28d" */
    SETTING_SIZE,     /* int64_t in bytes: "64KiB" "32MiB" */
    SETTING_CHOICE,   /* int64_t: position in choices, "all|intake|score" */
};

/* In the order of decode.h's enum framing. */
#define FRAMING_CHOICES "auto|confluent|guid|header|single_object|raw"

/* S(member, type, name, default, least, most, choices, help). Bounds are in the setting's unit. */
#define SETTINGS(S)                                                                                                    \
    S(app, SETTING_TEXT, "app", "slipstream", 1, 64, "",                                                               \
      "first part of group names, transactional ids and Redis keys; two deployments differ in it")                     \
    S(instance, SETTING_TEXT, "instance", "", 0, 64, "",                                                               \
      "this instance's name, stable over restarts; the host's name when empty")                                        \
    S(stage, SETTING_CHOICE, "stage", "all", 0, 2, "all|intake|score", "which stages this process runs")               \
    S(kafka_brokers, SETTING_TEXT, "kafka.brokers", "127.0.0.1:9092", 1, 4096, "", "host:port, comma-separated")       \
    S(kafka_queued_max, SETTING_SIZE, "kafka.queued_max", "4MiB", 1048576, 1073741824, "",                            \
      "bytes of messages a consumer may hold ahead of the stage; decides the memory in a backlog")                     \
    S(topic_web, SETTING_TEXT, "topics.web", "interactions.web", 1, 249, "", "topic of web interactions")              \
    S(topic_phone, SETTING_TEXT, "topics.phone", "interactions.phone", 1, 249, "", "topic of phone interactions")      \
    S(topic_office, SETTING_TEXT, "topics.office", "interactions.office", 1, 249, "", "topic of office interactions")  \
    S(topic_chat, SETTING_TEXT, "topics.chat", "interactions.chat", 1, 249, "", "topic of chat interactions")          \
    S(topic_signals, SETTING_TEXT, "topics.signals", "cx.signals", 1, 249, "", "private topic between the stages")     \
    S(topic_aggregates, SETTING_TEXT, "topics.aggregates", "cx.aggregates", 1, 249, "", "topic of aggregates")         \
    S(topic_scores, SETTING_TEXT, "topics.scores", "cx.scores", 1, 249, "", "topic of scores")                         \
    S(topic_alerts, SETTING_TEXT, "topics.alerts", "cx.alerts", 1, 249, "", "topic of alerts")                         \
    S(topic_state, SETTING_TEXT, "topics.state", "cx.state", 1, 249, "",                                               \
      "private topic of what cannot be found again from the signals: episodes, pinned references")                     \
    S(topic_deadletter, SETTING_TEXT, "topics.deadletter", "cx.deadletter", 1, 249, "", "topic of dead letters")       \
    S(framing_web, SETTING_CHOICE, "framing.web", "auto", 0, 5, FRAMING_CHOICES,                                       \
      "how messages of topics.web name their schema")                                                                  \
    S(framing_phone, SETTING_CHOICE, "framing.phone", "auto", 0, 5, FRAMING_CHOICES,                                       \
      "how messages of topics.phone name their schema")                                                                  \
    S(framing_office, SETTING_CHOICE, "framing.office", "auto", 0, 5, FRAMING_CHOICES,                                       \
      "how messages of topics.office name their schema")                                                                  \
    S(framing_chat, SETTING_CHOICE, "framing.chat", "auto", 0, 5, FRAMING_CHOICES,                                       \
      "how messages of topics.chat name their schema")                                                                  \
    S(signals_partitions, SETTING_COUNT, "signals.partitions", "16", 1, 1024, "",                                      \
      "partitions of the signals topic; fixed once state is stored")                                                   \
    S(commit_interval, SETTING_DURATION, "intake.commit_interval", "250ms", 10000, 10000000, "",                       \
      "longest time between two transactions; in a backlog up to 1s, so that they take a twentieth of it at most")       \
    S(intake_batch, SETTING_COUNT, "intake.batch", "1000", 1, 100000, "", "records taken from Kafka at a time")        \
    S(registry_url, SETTING_TEXT, "registry.url", "", 0, 2048, "",                                                     \
      "schema registry, Confluent API; empty: schemas.folder only")                                                    \
    S(registry_username, SETTING_TEXT, "registry.username", "", 0, 256, "", "user for basic authentication")           \
    S(registry_password, SETTING_SECRET, "registry.password", "", 0, 1024, "", "password for basic authentication")    \
    S(registry_token, SETTING_SECRET, "registry.token", "", 0, 8192, "", "bearer token, instead of user and password") \
    S(registry_tls_ca, SETTING_TEXT, "registry.tls.ca", "", 0, 4096, "",                                               \
      "file of the authorities (PEM) that may vouch for the registry; the system's when empty")                        \
    S(registry_tls_certificate, SETTING_TEXT, "registry.tls.certificate", "", 0, 4096, "",                             \
      "file of our own certificate (PEM), for a registry that asks for one")                                           \
    S(registry_tls_key, SETTING_TEXT, "registry.tls.key", "", 0, 4096, "",                                             \
      "file of its key (PEM); in the certificate's file when empty")                                                   \
    S(registry_tls_key_password, SETTING_SECRET, "registry.tls.key_password", "", 0, 1024, "", "password of the key")  \
    S(registry_timeout, SETTING_DURATION, "registry.timeout", "5s", 100000, 60000000, "", "longest wait for an answer") \
    S(schemas_folder, SETTING_TEXT, "schemas.folder", "", 0, 4096, "", "folder of .avsc files, with those below it, beside or instead of a registry") \
    S(schemas_ids, SETTING_TEXT, "schemas.ids", "", 0, 65536, "",                                                      \
      "Confluent ids of the folder's files: \"1=web_interaction.avsc,2=phone_interaction.avsc\"")                      \
    S(schema_web, SETTING_TEXT, "schemas.web", "", 0, 1024, "",                                                        \
      "schema of topics.web when framing.web is raw: an id, or a file of schemas.folder; empty: web_interaction.avsc")  \
    S(schema_phone, SETTING_TEXT, "schemas.phone", "", 0, 1024, "",                                                        \
      "schema of topics.phone when framing.phone is raw: an id, or a file of schemas.folder; empty: phone_interaction.avsc")  \
    S(schema_office, SETTING_TEXT, "schemas.office", "", 0, 1024, "",                                                        \
      "schema of topics.office when framing.office is raw: an id, or a file of schemas.folder; empty: office_interaction.avsc")  \
    S(schema_chat, SETTING_TEXT, "schemas.chat", "", 0, 1024, "",                                                        \
      "schema of topics.chat when framing.chat is raw: an id, or a file of schemas.folder; empty: chat_interaction.avsc")  \
    S(redis_url, SETTING_TEXT, "redis.url", "redis://127.0.0.1:6379", 1, 2048, "", "redis://host:port/db, rediss:// for TLS") \
    S(redis_username, SETTING_TEXT, "redis.username", "", 0, 256, "", "ACL user")                                      \
    S(redis_password, SETTING_SECRET, "redis.password", "", 0, 1024, "", "password")                                   \
    S(redis_timeout, SETTING_DURATION, "redis.timeout", "5s", 100000, 60000000, "", "longest wait for a connection or a reply") \
    S(apply_interval, SETTING_DURATION, "score.apply_interval", "1s", 10000, 60000000, "",                             \
      "longest time between two writes of changed state")                                                              \
    S(look_interval, SETTING_DURATION, "score.look_interval", "5s", 100000, 60000000, "",                              \
      "how often the live view follows within a minute; alerts look at every minute of event time")                    \
    S(score_batch, SETTING_COUNT, "score.batch", "16", 1, 10000, "", "signal batches taken from Kafka at a time")      \
    S(dedupe_horizon, SETTING_DURATION, "dedupe.horizon", "1h", 1000000, 604800000000, "",                             \
      "how long an event id is remembered")                                                                            \
    S(dedupe_max_ids, SETTING_COUNT, "dedupe.max_ids", "4194304", 1024, 268435456, "",                                 \
      "most ids remembered, over all partitions")                                                                      \
    S(agencies_max, SETTING_COUNT, "agencies.max", "4096", 1, 1000000, "", "most agencies a partition; the rest is _other") \
    S(services_max, SETTING_COUNT, "services.max", "64", 1, 65536, "", "most services an agency; the rest is _other")  \
    S(scoring_file, SETTING_TEXT, "scoring.file", "", 0, 4096, "", "scoring file; the built-in one when empty")        \
    S(scoring_shadow, SETTING_TEXT, "scoring.shadow", "", 0, 4096, "",                                                 \
      "a second scoring file, scored and shown beside the first, alerting nobody; none when empty")                    \
    S(board_url, SETTING_TEXT, "board.url", "", 0, 1024, "",                                                           \
      "where people find the board: alerts link to their agency's page below it")                                      \
    S(alertmanager_urls, SETTING_TEXT, "alertmanager.urls", "", 0, 4096, "",                                           \
      "Alertmanager's instances, comma-separated, 8 at most: each is told; none when empty")                           \
    S(alertmanager_username, SETTING_TEXT, "alertmanager.username", "", 0, 256, "", "user for basic authentication")   \
    S(alertmanager_password, SETTING_SECRET, "alertmanager.password", "", 0, 1024, "", "password for basic authentication") \
    S(alertmanager_token, SETTING_SECRET, "alertmanager.token", "", 0, 8192, "", "bearer token, instead of a user")    \
    S(alertmanager_labels, SETTING_TEXT, "alertmanager.labels", "severity=warning", 0, 1024, "",                       \
      "labels that every alert has beside its own, to route by: \"severity=warning,team=cx\"")                         \
    S(alertmanager_timeout, SETTING_DURATION, "alertmanager.timeout", "10s", 100000, 60000000, "", "longest wait for an answer") \
    S(alertmanager_resend, SETTING_DURATION, "alertmanager.resend", "1m", 100000, 600000000, "",                       \
      "how often an open alert is sent again")                                                                         \
    S(alertmanager_ends_after, SETTING_DURATION, "alertmanager.ends_after", "4m", 1000000, 3600000000, "",             \
      "how long after it was sent last Alertmanager takes an alert for over; twice alertmanager.resend at least")      \
    S(alertmanager_resolved_for, SETTING_DURATION, "alertmanager.resolved_for", "5m", 0, 3600000000, "",               \
      "how long it is told that an alert is over, after it was told first")                                            \
    S(webhook_url, SETTING_SECRET, "webhook.url", "", 0, 2048, "",                                                     \
      "receiver of alerts as signed JSON; none when empty. Secret, since many have a key in it")                       \
    S(webhook_secret, SETTING_SECRET, "webhook.secret", "", 0, 1024, "", "key of the signature, 16 bytes at least")    \
    S(webhook_timeout, SETTING_DURATION, "webhook.timeout", "10s", 100000, 60000000, "", "longest wait for an answer") \
    S(webhook_backoff_max, SETTING_DURATION, "webhook.backoff_max", "1m", 100000, 3600000000, "",                      \
      "longest rest before what failed is sent again; the first is a second, or this when it is less")                 \
    S(webhook_give_up, SETTING_DURATION, "webhook.give_up", "24h", 1000000, 604800000000, "",                          \
      "how long one alert is tried before it is given up, for this receiver only")                                     \
    S(tls_ca, SETTING_TEXT, "tls.ca", "", 0, 4096, "",                                                                 \
      "file of certificates that Alertmanager's and the webhook's must go back to; the system's when empty")           \
    S(http_address, SETTING_TEXT, "http.address", "127.0.0.1", 1, 256, "", "address of the ops port")                  \
    S(http_port, SETTING_COUNT, "http.port", "9600", 0, 65535, "", "the ops port: metrics and health; 0 takes a free one") \
    S(log_level, SETTING_CHOICE, "log.level", "info", 0, 3, "error|warn|info|debug", "what is logged")                 \
    S(log_format, SETTING_CHOICE, "log.format", "logfmt", 0, 1, "logfmt|json", "how it is logged")

enum run_stage { STAGE_ALL, STAGE_INTAKE, STAGE_SCORE };

struct config {
#define SETTING_TYPE_SETTING_TEXT const char *
#define SETTING_TYPE_SETTING_SECRET const char *
#define SETTING_TYPE_SETTING_COUNT int64_t
#define SETTING_TYPE_SETTING_DURATION int64_t
#define SETTING_TYPE_SETTING_SIZE int64_t
#define SETTING_TYPE_SETTING_CHOICE int64_t
#define SETTING_MEMBER(member, type, name, initial, least, most, choices, help) SETTING_TYPE_##type member;
    SETTINGS(SETTING_MEMBER)
#undef SETTING_MEMBER
    const char *(*kafka_properties)[2]; /* kafka.properties: name, value */
    size_t kafka_property_count;
    const struct channel_mapping *mappings[CHANNELS]; /* mapping.CHANNEL; NULL: none */
    struct config_memory *memory; /* owns every text above */
};

struct setting {
    const char *name;
    enum setting_type type;
    const char *initial;
    int64_t least, most; /* texts: of their length */
    const char *choices;
    const char *help;
    size_t offset;
};
extern const struct setting settings_table[];
extern const size_t settings_count;


/* What is wrong, collected; at most PROBLEMS_MAX, then "and N more". */
#define PROBLEMS_MAX 100
struct problems {
    struct buffer text; /* one line each: "file:line:col: key: got X, allowed Y, did you mean Z" */
    size_t count;
};
void problems_init(struct problems *self);
void problems_done(struct problems *self);
void problem(struct problems *self, const char *where, size_t line, size_t column, const char *format, ...)
    PRINTF_LIKE(5, 6);

struct config_sources {
    const char *file;              /* NULL: none */
    char *const *environment;      /* environ; NULL: none */
    const char *const *overrides;  /* "key=value" */
    size_t override_count;
};
/* Always leaves *config complete (defaults where something was wrong); DONE when problems->count is 0, else STOP. */
enum outcome config_load(const struct config_sources *sources, struct config *config, struct problems *problems) MUST_CHECK;
void config_done(struct config *config);
/* Whether two loaded configs have the same value for settings_table[i]; for kafka.properties, all of them together. */
bool config_same(const struct config *one, const struct config *other, size_t setting);
bool config_same_properties(const struct config *one, const struct config *other);
/* "file:line:column", "environment", "--set" or "default" for settings_table[i] of a loaded config. */
const char *config_origin(const struct config *config, size_t setting);
/* A duration as settings write it ("10s" "5m" "1h" "28d"), in microseconds; false: it is none. */
bool config_duration(const char *text, int64_t *us);

/* A setting's value as text: durations and sizes with their unit, secrets as "set" or "". */
void config_value(const struct config *config, size_t setting, struct buffer *out);
/* The same for config->kafka_properties[i]; one with password, secret, key or token in its name is a secret. */
const char *config_property_origin(const struct config *config, size_t property);
void config_property_value(const struct config *config, size_t property, struct buffer *out);
/* A rule of a mapping in short: "queue_time_ms, factor 0.001". Its origin is in it. */
void config_rule(const struct field_rule *rule, struct buffer *out);

/* The tables as text: for --help, and as the Markdown reference page. */
void config_help(struct buffer *out);
void config_reference(struct buffer *out);

/* The scoring file, or the built-in one (deploy/scoring.yaml, embedded) when path is NULL. */
enum outcome scoring_load(const char *path, struct scoring **scoring, struct problems *problems) MUST_CHECK;
struct span scoring_builtin(void); /* its text, to start one's own from */
void scoring_close(struct scoring *self);

#endif
