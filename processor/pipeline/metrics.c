/* metrics.c - the metrics page, in Prometheus' text format; and the table of what is on it. */
#include "slipstream/pipeline.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* M(name, type, labels, help): every metric there is. */
#define METRICS(M)                                                                                                     \
    M(BUILD_INFO, "slipstream_build_info", "gauge", "version", "always 1")                                             \
    M(READ, "slipstream_records_read_total", "counter", "stage, topic",                                                \
      "records read: messages by intake, events by score")                                                             \
    M(RECORDS, "slipstream_records_total", "counter", "stage, topic, outcome",                                         \
      "what became of them: applied, late, duplicate, deadlettered; they add up to those read")                        \
    M(DEADLETTERS, "slipstream_deadletters_total", "counter", "reason", "messages sent to the dead letters")           \
    M(BATCHES, "slipstream_signal_batches_total", "counter", "outcome",                                                \
      "signal batches read by score, and those unreadable")                                                            \
    M(DELAY, "slipstream_event_delay_seconds", "histogram", "", "from an event's time to the score that counts it")    \
    M(LAG, "slipstream_lag_records", "gauge", "stage, topic",                                                          \
      "last stable offset minus position, over our partitions")                                                        \
    M(PROGRESS, "slipstream_last_progress_timestamp_seconds", "gauge", "stage",                                        \
      "last transaction (intake) or apply (score)")                                                                    \
    M(TASKS, "slipstream_tasks", "gauge", "stage, state", "assigned signals partitions")                               \
    M(COMMITS, "slipstream_commit_duration_seconds", "histogram", "", "intake's transactions")                         \
    M(APPLIES, "slipstream_apply_duration_seconds", "histogram", "", "score's calls to Redis that write state")        \
    M(APPLY_RESULTS_TOTAL, "slipstream_apply_results_total", "counter", "result", "what came of them, by task")        \
    M(UP, "slipstream_dependency_up", "gauge", "stage, dependency", "1 when the last call to it succeeded")            \
    M(ALERTS, "slipstream_alerts_total", "counter", "kind, transition",                                                \
      "episodes opened and closed, and updates of open ones")                                                          \
    M(ALERT_QUEUE, "slipstream_alert_queue_length", "gauge", "", "alerts not acknowledged by everyone yet")            \
    M(DELIVERIES, "slipstream_alert_deliveries_total", "counter", "sink, outcome",                                     \
      "alerts accepted by the topic, Alertmanager, the webhook; attempts that failed; alerts dropped: refused or "     \
      "given up")                                                                                                      \
    M(SINK_WAITING, "slipstream_alert_sink_waiting", "gauge", "sink", "alerts that it has not acknowledged")           \
    M(PUBLISHED, "slipstream_published_total", "counter", "", "aggregates, scores and alerts sent")                    \
    M(AGENCIES, "slipstream_agencies", "gauge", "", "agencies in the tasks claimed here")                              \
    M(STATE_BYTES, "slipstream_state_bytes", "gauge", "", "memory of their counts and ids")                            \
    M(OTHER_EVENTS, "slipstream_other_events_total", "counter", "",                                                    \
      "events counted under _other: beyond agencies.max or services.max")                                              \
    M(FULL_EVENTS, "slipstream_full_events_total", "counter", "",                                                      \
      "events that were not counted: 2^31 of their agency, service and channel had come in the same pane")            \
    M(LOST, "slipstream_lost_records_total", "counter", "", "records that Kafka deleted before they were read")        \
    M(RELOAD, "slipstream_config_last_reload_successful", "gauge", "",                                                 \
      "1 when the last HUP took effect, or none came; 0 when what it found was bad: what was in force before still "   \
      "is")                                                                                                            \
    M(LOG_MESSAGES, "slipstream_log_messages_total", "counter", "level", "lines logged or held back")                  \
    M(CPU, "process_cpu_seconds_total", "counter", "", "processor time used")                                          \
    M(RESIDENT, "process_resident_memory_bytes", "gauge", "", "memory in use")

enum metric {
#define METRIC_ENUM(id, name, type, labels, help) METRIC_##id,
    METRICS(METRIC_ENUM)
#undef METRIC_ENUM
        METRIC_COUNT
};
static const struct {
    const char *name, *type, *labels, *help;
} metrics[METRIC_COUNT] = {
#define METRIC_ROW(id, name, type, labels, help) {name, type, labels, help},
    METRICS(METRIC_ROW)
#undef METRIC_ROW
};

struct page {
    struct buffer *out;
    const struct status *status;
    const struct config *config;
};

static const char *begin(const struct page *page, enum metric metric)
{
    buffer_text(page->out, "# HELP %s %s\n# TYPE %s %s\n", metrics[metric].name, metrics[metric].help,
                metrics[metric].name, metrics[metric].type);
    return metrics[metric].name;
}

static void plain(const struct page *page, enum metric metric, double value)
{
    buffer_text(page->out, "%s %.15g\n", begin(page, metric), value);
}

static void histogram(const struct page *page, enum metric metric, const struct histogram *from)
{
    const char *name = begin(page, metric);
    int64_t count = 0;
    for (unsigned b = 0; b < DURATION_BUCKETS; b++) {
        count += from->buckets[b];
        if (b < DURATION_BUCKETS - 1) {
            buffer_text(page->out, "%s_bucket{le=\"%g\"} %lld\n", name, duration_bounds[b], (long long)count);
        }
    }
    buffer_text(page->out, "%s_bucket{le=\"+Inf\"} %lld\n%s_sum %.6f\n%s_count %lld\n", name, (long long)count, name,
                (double)from->sum_us / US_PER_SECOND, name, (long long)count);
}

static const char *source_topic(const struct config *config, unsigned channel)
{
    const char *const topics[CHANNELS] = {config->topic_web, config->topic_phone, config->topic_office,
                                          config->topic_chat};
    return topics[channel];
}

static bool runs(const struct page *page, unsigned stage)
{
    return page->status->stages[stage].heartbeat_us != 0;
}

static void records(const struct page *page)
{
    const char *name = begin(page, METRIC_READ);
    for (unsigned s = 0; s < STATUS_STAGES; s++) {
        for (unsigned c = 0; runs(page, s) && c < CHANNELS; c++) {
            buffer_text(page->out, "%s{stage=\"%s\",topic=\"%s\"} %lld\n", name, stage_words[s],
                        source_topic(page->config, c), (long long)page->status->stages[s].read[c]);
        }
    }
    name = begin(page, METRIC_RECORDS);
    for (unsigned s = 0; s < STATUS_STAGES; s++) {
        for (unsigned c = 0; runs(page, s) && c < CHANNELS; c++) {
            for (unsigned o = 0; o < RECORD_OUTCOMES; o++) {
                buffer_text(page->out, "%s{stage=\"%s\",topic=\"%s\",outcome=\"%s\"} %lld\n", name, stage_words[s],
                            source_topic(page->config, c), record_outcome_words[o],
                            (long long)page->status->stages[s].records[c][o]);
            }
        }
    }
}

static void lag(const struct page *page)
{
    const char *name = begin(page, METRIC_LAG);
    for (unsigned c = 0; runs(page, STATUS_INTAKE) && c < CHANNELS; c++) {
        buffer_text(page->out, "%s{stage=\"intake\",topic=\"%s\"} %lld\n", name, source_topic(page->config, c),
                    (long long)page->status->stages[STATUS_INTAKE].lag[c]);
    }
    if (runs(page, STATUS_SCORE)) {
        buffer_text(page->out, "%s{stage=\"score\",topic=\"%s\"} %lld\n", name, page->config->topic_signals,
                    (long long)page->status->stages[STATUS_SCORE].lag[0]);
    }
}

static void stages(const struct page *page)
{
    const char *name = begin(page, METRIC_PROGRESS);
    for (unsigned s = 0; s < STATUS_STAGES; s++) {
        if (runs(page, s)) {
            buffer_text(page->out, "%s{stage=\"%s\"} %.3f\n", name, stage_words[s],
                        (double)page->status->stages[s].last_progress_us / US_PER_SECOND);
        }
    }
    name = begin(page, METRIC_UP);
    for (unsigned s = 0; s < STATUS_STAGES; s++) {
        for (unsigned d = 0; runs(page, s) && d < DEPENDENCIES; d++) {
            if (s == STATUS_SCORE || d != DEPENDENCY_REDIS) { /* intake needs no Redis */
                buffer_text(page->out, "%s{stage=\"%s\",dependency=\"%s\"} %d\n", name, stage_words[s],
                            dependency_words[d], page->status->stages[s].up[d] ? 1 : 0);
            }
        }
    }
    for (unsigned s = SINK_ALERTMANAGER; s < ALERT_SINKS; s++) { /* only once it was asked */
        int state = page->status->sink[s].state;
        if (page->status->sinks & SINK_BIT(s) && state != NOTIFY_UNKNOWN) {
            buffer_text(page->out, "%s{stage=\"score\",dependency=\"%s\"} %d\n", name, alert_sink_words[s],
                        state == NOTIFY_UP);
        }
    }
}

static void labelled(const struct page *page, enum metric metric, const char *labels, const char *const *words,
                     const _Atomic int64_t *values, size_t count)
{
    const char *name = begin(page, metric);
    for (size_t i = 0; i < count; i++) {
        buffer_text(page->out, "%s{%s=\"%s\"} %lld\n", name, labels, words[i], (long long)values[i]);
    }
}

static void dead_letters(const struct page *page)
{
    const char *name = begin(page, METRIC_DEADLETTERS);
    for (unsigned r = 1; r < REASON_COUNT; r++) { /* only those that happened: most never do */
        if (page->status->deadletters[r]) {
            buffer_text(page->out, "%s{reason=\"%s\"} %lld\n", name, reason_word((enum reason_code)r),
                        (long long)page->status->deadletters[r]);
        }
    }
}

static void process(const struct page *page)
{
    long pages = 0;
    long resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file) {
        if (fscanf(file, "%ld %ld", &pages, &resident) != 2) {
            resident = 0;
        }
        fclose(file);
    }
    struct timespec used = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    plain(page, METRIC_CPU, (double)used.tv_sec + (double)used.tv_nsec / 1e9);
    plain(page, METRIC_RESIDENT, (double)resident * (double)sysconf(_SC_PAGESIZE));
}

static void sinks(const struct page *page)
{
    const char *name = begin(page, METRIC_DELIVERIES);
    for (unsigned s = 0; s < ALERT_SINKS; s++) {
        for (unsigned o = 0; page->status->sinks & SINK_BIT(s) && o < DELIVERY_OUTCOMES; o++) {
            buffer_text(page->out, "%s{sink=\"%s\",outcome=\"%s\"} %lld\n", name, alert_sink_words[s],
                        delivery_outcome_words[o], (long long)page->status->sink[s].outcomes[o]);
        }
    }
    name = begin(page, METRIC_SINK_WAITING);
    for (unsigned s = 0; s < ALERT_SINKS; s++) {
        if (page->status->sinks & SINK_BIT(s)) {
            buffer_text(page->out, "%s{sink=\"%s\"} %lld\n", name, alert_sink_words[s],
                        (long long)page->status->sink[s].waiting);
        }
    }
}

static void alert_metrics(const struct page *page)
{
    const char *name = begin(page, METRIC_ALERTS);
    for (unsigned k = 0; k < ALERT_KINDS; k++) {
        for (unsigned t = ALERT_OPENED; t < ALERT_TRANSITIONS; t++) {
            buffer_text(page->out, "%s{kind=\"%s\",transition=\"%s\"} %lld\n", name, alert_kind_words[k],
                        alert_transition_words[t], (long long)page->status->alerts[k][t]);
        }
    }
}

static void scoring_metrics(const struct page *page)
{
    const struct status *status = page->status;
    buffer_text(page->out, "%s{outcome=\"read\"} %lld\n", begin(page, METRIC_BATCHES),
                (long long)status->signal_batches_read);
    buffer_text(page->out, "%s{outcome=\"unreadable\"} %lld\n", metrics[METRIC_BATCHES].name,
                (long long)status->signal_batches_bad);
    labelled(page, METRIC_TASKS, "stage=\"score\",state", task_state_words, status->tasks, TASK_STATES);
    labelled(page, METRIC_APPLY_RESULTS_TOTAL, "result", apply_result_words, status->applies, APPLY_RESULTS);
    alert_metrics(page);
    plain(page, METRIC_ALERT_QUEUE, (double)status->alert_queue);
    sinks(page);
    plain(page, METRIC_PUBLISHED, (double)status->published);
    plain(page, METRIC_AGENCIES, (double)status->agencies);
    plain(page, METRIC_STATE_BYTES, (double)status->state_bytes);
    plain(page, METRIC_OTHER_EVENTS, (double)status->other_events);
    plain(page, METRIC_FULL_EVENTS, (double)status->full_events);
    histogram(page, METRIC_DELAY, &status->delay);
    histogram(page, METRIC_APPLIES, &status->stages[STATUS_SCORE].commits);
}

void metrics_render(const struct status *status, const struct config *config, const struct log *log, struct buffer *out)
{
    struct page page = {out, status, config};
    buffer_text(out, "%s{version=\"%s\"} 1\n", begin(&page, METRIC_BUILD_INFO), SLIPSTREAM_VERSION);
    records(&page);
    dead_letters(&page);
    lag(&page);
    stages(&page);
    if (runs(&page, STATUS_INTAKE)) {
        histogram(&page, METRIC_COMMITS, &status->stages[STATUS_INTAKE].commits);
    }
    if (runs(&page, STATUS_SCORE)) {
        scoring_metrics(&page);
    }
    plain(&page, METRIC_LOST, (double)status->lost_records);
    plain(&page, METRIC_RELOAD, status->reload_failed ? 0 : 1);
    const char *name = begin(&page, METRIC_LOG_MESSAGES);
    for (unsigned l = 0; l < LOG_LEVELS; l++) {
        buffer_text(out, "%s{level=\"%s\"} %llu\n", name, log_level_word((enum log_level)l),
                    (unsigned long long)log_count(log, (enum log_level)l));
    }
    process(&page);
}

void metrics_reference(struct buffer *out)
{
    buffer_text(out, "| metric | type | labels | meaning |\n|---|---|---|---|\n");
    for (unsigned m = 0; m < METRIC_COUNT; m++) {
        buffer_text(out, "| `%s` | %s | %s | %s |\n", metrics[m].name, metrics[m].type, metrics[m].labels,
                    metrics[m].help);
    }
}
