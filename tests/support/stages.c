/* stages.c - the two stages over fakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "stages.h"

#define OVERRIDES_MAX 16

/* ---- the registry ---- */

enum outcome __real_registry_lookup(struct registry *self, const struct schema_ref *ref, struct mono_time now,
                                    struct span *schema, struct reason *why);
enum outcome __wrap_registry_lookup(struct registry *self, const struct schema_ref *ref, struct mono_time now,
                                    struct span *schema, struct reason *why);

bool __wrap_registry_settled(struct registry *self, const struct schema_ref *ref, struct mono_time now);

static bool registry_is_down; /* the linker puts the functions below in front of the real ones (tests.cmake) */

static struct {
    uint32_t id;
    struct span schema;
} registry_extra;

void registry_tells(uint32_t id, const char *schema)
{
    registry_extra.id = id;
    registry_extra.schema = span_text(schema);
}

void registry_down(bool down)
{
    registry_is_down = down;
}

enum outcome __wrap_registry_lookup(struct registry *self, const struct schema_ref *ref, struct mono_time now,
                                    struct span *schema, struct reason *why)
{
    if (registry_is_down) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "the registry does not answer");
    }
    bool numbered = ref->by == SCHEMA_BY_ID || (ref->by == SCHEMA_BY_GUID && ref->high == 0);
    struct span sample = numbered ? sample_schema((uint32_t)ref->low) : span_of(NULL, 0);
    if (numbered && ref->low == registry_extra.id) {
        sample = registry_extra.schema;
    }
    if (sample.data) {
        *schema = sample;
        return DONE;
    }
    return __real_registry_lookup(self, ref, now, schema, why);
}

bool __wrap_registry_settled(struct registry *self, const struct schema_ref *ref, struct mono_time now)
{
    (void)self;
    (void)ref;
    (void)now;
    return !registry_is_down;
}

/* ---- the world ---- */

static void load_config(struct world *self, const char *const *overrides)
{
    const char *all[OVERRIDES_MAX] = {"instance=test", "score.batch=16", "intake.batch=50"};
    struct config_sources sources = {.overrides = all, .override_count = 3};
    struct problems problems;
    while (overrides && *overrides) {
        assert_true(sources.override_count < OVERRIDES_MAX);
        all[sources.override_count++] = *overrides++;
    }
    problems_init(&problems);
    if (config_load(&sources, &self->config, &problems) != DONE) {
        fail_msg("%.*s", SPAN_FORMAT(buffer_as_span(&problems.text)));
    }
    assert_int_equal(scoring_load(NULL, &self->builtin, &problems), DONE);
    self->scoring = *self->builtin;
    self->scoring.targets = self->targets;
    self->scoring.target_count = 0;
    problems_done(&problems);
}

static void make_topics(struct world *self, int32_t source_partitions)
{
    const struct config *config = &self->config;
    const char *const ours[] = {config->topic_signals, config->topic_aggregates, config->topic_scores,
                                config->topic_alerts,  config->topic_state,      config->topic_deadletter};
    const char *const theirs[CHANNELS] = {config->topic_web, config->topic_phone, config->topic_office,
                                          config->topic_chat};
    for (unsigned c = 0; c < CHANNELS; c++) {
        self->topics[c] = theirs[c];
        fake_kafka_topic(self->kafka, theirs[c], source_partitions);
    }
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        fake_kafka_topic(self->kafka, ours[i], (int32_t)config->signals_partitions);
    }
}

void world_open(struct world *self, uint64_t seed, int32_t source_partitions, const char *const *overrides)
{
    char folder[4096];
    const char *source = getenv("SLIPSTREAM_SOURCE");
    assert_non_null(source);
    snprintf(folder, sizeof folder, "%s/schemas", source);
    *self = (struct world){.clock = virtual_clock_at(WORLD_BASE), .random = {seed}};
    self->cluster_id = "cluster-1";
    self->topic_id = "topic-1";
    load_config(self, overrides);
    self->kafka = fake_kafka_open(&self->clock, seed ^ UINT64_C(0x5bd1e995));
    self->redis = fake_redis_open(seed ^ UINT64_C(0xc6a4a793));
    make_topics(self, source_partitions);
    const struct registry_settings settings = {
        .folder = folder,
        .ids = "1=web_interaction.avsc,2=phone_interaction.avsc,3=office_interaction.avsc,4=chat_interaction.avsc",
        .timeout_ms = 1000,
        .negative_ttl_ms = 30000,
    };
    struct reason why;
    if (registry_open(&settings, &self->registry, &why) != DONE) {
        fail_msg("%s", why.text);
    }
    registry_is_down = false;
    buffer_init(&self->message, 1 << 20);
}

void world_close(struct world *self)
{
    fake_kafka_close(self->kafka);
    fake_redis_close(self->redis);
    registry_close(self->registry);
    scoring_close(self->builtin);
    config_done(&self->config);
    buffer_done(&self->message);
}

void world_target(struct world *self, const char *agency, double cx)
{
    assert_true(self->scoring.target_count < WORLD_TARGETS_MAX);
    struct scoring_target *target = &self->targets[self->scoring.target_count++];
    target->agency = span_text(agency);
    for (unsigned i = 0; i < TARGETS; i++) {
        target->values[i] = i == TARGET_CX ? cx : (double)NAN;
    }
}

int64_t world_write(struct world *self, const char *topic, int32_t partition, struct span key, struct span value)
{
    const struct message message = {.key = key, .value = value};
    return fake_kafka_write(self->kafka, topic, partition, &message);
}

void world_say(struct world *self, const struct sample *sample, int32_t partition)
{
    sample_encode(sample, &self->message);
    world_write(self, self->topics[sample->channel], partition, span_text(sample->id), buffer_as_span(&self->message));
}

/* ---- intake ---- */

struct intake_run *intake_start(struct world *world, const char *name)
{
    struct intake_run *self = calloc(1, sizeof *self);
    assert_non_null(self);
    self->world = world;
    self->config = world->config;
    self->config.instance = name;
    self->status = calloc(1, sizeof *self->status);
    assert_non_null(self->status);
    const struct intake_settings settings = {&self->config,   &world->clock.clock, NULL, self->status, world->registry,
                                             &world->scoring, world->seal_bytes};
    self->intake = intake_open(&settings);
    const struct source_settings source = {
        .group = "test-intake",
        .topics = world->topics,
        .topic_count = CHANNELS,
        .batch_max = (size_t)world->config.intake_batch,
        .events = intake_events(self->intake),
        .fetch_committed = true,
    };
    self->source = fake_source_open(world->kafka, &source);
    const char *topics[] = {world->config.topic_signals, world->config.topic_deadletter};
    const struct sink_settings sink = {
        .transactional_id = name, .topics = topics, .topic_count = 2, .source = self->source};
    self->sink = fake_sink_open(world->kafka, &sink);
    intake_connect(self->intake, self->source, self->sink);
    return self;
}

void intake_assign_all(struct intake_run *self)
{
    for (uint32_t c = 0; c < CHANNELS; c++) {
        for (int32_t p = 0; p < fake_kafka_partitions(self->world->kafka, self->world->topics[c]); p++) {
            fake_source_assign(self->source, c, p);
        }
    }
}

enum outcome intake_step(struct intake_run *self, struct reason *why)
{
    return intake_turn(self->intake, why);
}

static void intake_free(struct intake_run *self)
{
    intake_close(self->intake);
    free(self->status);
    free(self);
}

void intake_stop(struct intake_run *self)
{
    struct reason why;
    (void)!intake_drain(self->intake, &why);
    self->source->ops->close(self->source);
    self->sink->ops->close(self->sink);
    intake_free(self);
}

void intake_kill(struct intake_run *self)
{
    fake_sink_drop(self->sink);
    fake_source_drop(self->source);
    intake_free(self);
}

/* ---- score ---- */

struct score_run *score_start(struct world *world, const char *name)
{
    struct score_run *self = calloc(1, sizeof *self);
    assert_non_null(self);
    self->world = world;
    self->config = world->config;
    self->config.instance = name;
    self->status = calloc(1, sizeof *self->status);
    assert_non_null(self->status);
    const struct score_settings settings = {
        .config = &self->config,
        .methods = {.scoring = &world->scoring},
        .clock = &world->clock.clock,
        .status = self->status,
        .schemas = {.aggregate_key = 5, .aggregate = 6, .score = 7, .alert = 8},
        .cluster_id = world->cluster_id,
        .topic_id = world->topic_id,
    };
    self->scorer = scorer_open(&settings);
    const char *topic = world->config.topic_signals;
    const struct source_settings source = {
        .group = "test-score",
        .topics = &topic,
        .topic_count = 1,
        .batch_max = (size_t)world->config.score_batch,
        .events = scorer_events(self->scorer),
    };
    const char *topics[] = {world->config.topic_aggregates, world->config.topic_scores, world->config.topic_alerts,
                            world->config.topic_state};
    const struct publisher_settings publisher = {
        .topics = topics, .topic_count = 4, .context = self->scorer, .delivered = scorer_delivered};
    self->source = fake_source_open(world->kafka, &source);
    self->publisher = fake_publisher_open(world->kafka, &publisher);
    self->store = fake_store_open(world->redis);
    self->kept = fake_table_open(world->kafka, world->config.topic_state);
    if (world->notifier) {
        world->notifier->context = self->scorer;
        world->notifier->delivered = scorer_notified;
    }
    const struct scorer_edges edges = {self->source, self->store, self->publisher,
                                       world->notifier ? &world->notifier->base : NULL, self->kept};
    scorer_connect(self->scorer, &edges);
    return self;
}

void score_assign_all(struct score_run *self)
{
    for (int32_t p = 0; p < self->config.signals_partitions; p++) {
        fake_source_assign(self->source, 0, p);
    }
}

enum outcome score_step(struct score_run *self, struct reason *why)
{
    return scorer_turn(self->scorer, why);
}

static void score_free(struct score_run *self)
{
    self->store->ops->close(self->store);
    self->kept->ops->close(self->kept);
    for (int32_t p = 0; self->world->notifier && p < self->config.signals_partitions; p++) {
        fake_notifier_forget(&self->world->notifier->base, p); /* its queue ends with the process */
    }
    scorer_close(self->scorer);
    free(self->status);
    free(self);
}

void score_stop(struct score_run *self)
{
    struct reason why;
    (void)!scorer_drain(self->scorer, &why);
    self->source->ops->close(self->source);
    self->publisher->ops->close(self->publisher);
    score_free(self);
}

void score_kill(struct score_run *self)
{
    fake_source_drop(self->source);
    fake_publisher_drop(self->publisher);
    score_free(self);
}

/* ---- both ---- */

void intake_turns(struct intake_run *self, unsigned turns, int64_t pass_us)
{
    struct reason why;
    while (turns--) {
        virtual_clock_pass(&self->world->clock, pass_us);
        if (intake_step(self, &why) != DONE) {
            fail_msg("%s", why.text);
        }
    }
}

void score_turns(struct score_run *self, unsigned turns, int64_t pass_us)
{
    struct reason why;
    while (turns--) {
        virtual_clock_pass(&self->world->clock, pass_us);
        if (score_step(self, &why) != DONE) {
            fail_msg("%s", why.text);
        }
    }
}

/* ---- cx.signals without intake ---- */

static struct signal_event event_of(const struct sample *sample)
{
    struct interaction it;
    struct signal_event event;
    interaction_init(&it, sample->channel);
    it.event_id = it.interaction_id = span_text(sample->id);
    it.agency = span_text(sample->agency);
    it.service = span_text(sample->service);
    it.kind = sample->kind;
    it.occurred_at = sample->at_us;
    it.retracts = sample->retracts;
    if (sample->good >= 0) {
        *(sample->channel == CHANNEL_WEB ? &it.completed : &it.resolved) = sample->good;
    }
    if (sample->satisfaction) {
        it.rating_satisfaction = sample->satisfaction;
    }
    signals_of(&it, &event);
    return event;
}

void world_batch(struct world *self, int32_t partition, const struct sample *samples, size_t count,
                 enum progress_told told)
{
    struct batch_writer writer;
    int64_t now = self->clock.wall_us;
    const struct source_topic source = {span_text("interactions.web"), 1};
    const struct source_progress progress = {0, 0, 10, told == TELLS_BEHIND ? 11 : 10, now};
    struct batch_header header = {.written_at = {now}, .instance = span_text("test")};
    if (told != TELLS_NOTHING) {
        header.sources = &source;
        header.progress = &progress;
        header.source_count = header.progress_count = 1;
    }
    batch_writer_init(&writer);
    for (size_t i = 0; i < count; i++) {
        struct signal_event event = event_of(&samples[i]);
        event.agency = batch_writer_agency(&writer, span_text(samples[i].agency));
        event.service = batch_writer_service(&writer, span_text(samples[i].service));
        batch_writer_event(&writer, &event);
    }
    batch_writer_seal(&writer, &header, &self->message);
    assert_false(self->message.overflow);
    world_write(self, self->config.topic_signals, partition, span_of(NULL, 0), buffer_as_span(&self->message));
    batch_writer_done(&writer);
}

/* ---- what is stored ---- */

/* A field of a cell: its word and the three names behind it. */
static bool is_cell_field(struct span name, const char *word, struct span *rest)
{
    size_t size = strlen(word) + 1;
    *rest = name.size > size ? span_of(name.data + size, name.size - size) : span_of(NULL, 0);
    return rest->data && memcmp(name.data, word, size) == 0;
}

static void add_stored(struct world *self, int32_t partition, struct span names, int64_t counts[COUNTERS])
{
    static const char *const words[] = {"open", "six_hours"};
    struct cell cell;
    struct reason why = {.text = ""};
    cell_init(&cell);
    for (unsigned w = 0; w < 2; w++) {
        char field[700];
        size_t size = strlen(words[w]) + 1;
        memcpy(field, words[w], size);
        memcpy(field + size, names.data, names.size);
        struct span value = fake_redis_field(self->redis, partition, span_of(field, size + names.size));
        enum outcome read = !value.data ? DONE
                            : w == 0    ? cell_decode_open(&cell, value, &why)
                                        : cell_decode_closed(&cell, PANE_SIX_HOURS, value, &why);
        if (read != DONE) {
            fail_msg("%s", why.text);
        }
    }
    cell_sum(&cell, PANE_SIX_HOURS, INT64_MIN / 2, INT64_MAX / 2, counts);
    cell_done(&cell);
}

bool stored_counts(struct world *self, const char *agency, const char *service, enum channel channel,
                   int64_t counts[COUNTERS])
{
    char names[700];
    int32_t partition = partition_of(span_text(agency), (int32_t)self->config.signals_partitions);
    int size = snprintf(names, sizeof names, "open%c%s%c%s%c%s", 0, agency, 0, service, 0, channel_word(channel));
    memset(counts, 0, COUNTERS * sizeof *counts);
    if (!fake_redis_field(self->redis, partition, span_of(names, (size_t)size)).data) {
        return false;
    }
    add_stored(self, partition, span_of(names + 5, (size_t)size - 5), counts);
    return true;
}

struct adding {
    struct world *world;
    int32_t partition;
    int64_t events;
};

static void add_events(void *context, struct span name, struct span value)
{
    struct adding *self = context;
    struct span names;
    int64_t counts[COUNTERS] = {0};
    (void)value;
    if (is_cell_field(name, "open", &names)) {
        add_stored(self->world, self->partition, names, counts);
        self->events += counts[COUNTER_EVENTS];
    }
}

int64_t stored_events(struct world *self)
{
    struct adding adding = {.world = self};
    for (; adding.partition < self->config.signals_partitions; adding.partition++) {
        fake_redis_each(self->redis, adding.partition, add_events, &adding);
    }
    return adding.events;
}
