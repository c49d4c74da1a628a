/* demo_setting.c - the configuration of a demo run, its schemas, and the scoring file with every agency's own target.
 */
#include "demo.h"

#include "slipstream/decode.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A target is this far under what the agency usually reaches: chance alone does not get there, the planted slip does.
 * From 800 simulated starts, at all hours, with half the traffic of the busy hours now: the worst of the others stays a
 * third of the way above what would alert. */
#define MARGIN_CX     4.0
#define MARGIN_DRIVER 6.0
#define TARGET_RULE   "  rule:\n    window: 4h\n    z: 3\n    min_n: 400\n    looks_to_open: 1\n    looks_to_close: 3\n"

/* The built-in rule, in a hurry: nobody watches a demo for ten minutes. One look of the 4 h window, each minute, must
 * do; how sure it must be stays. The long windows, for which three hours of a slip are little, have to be surer instead:
 * one look is enough for them too, and twenty agencies have many. By what stands before a value and what ends it. */
static const struct {
    const char *section, *key, *value;
    char end;
} hurries[] = {
    {"\n    4h: {", "every: ", "1m", '}'},
    {"\n    24h: {", "z: ", "4", ','},
    {"\n    7d: {", "z: ", "3.5", ','},
    {"\n    pinned: {", "z: ", "3.5", ','},
    {"\n  looks_to_open: ", "", "1", '\n'},
};

#define OVERRIDES_MAX      24
#define OVERRIDE_SIZE      768
#define SCORING_SIZE       (1u << 20)
#define SIGNALS_PARTITIONS 4

/* ---- the scoring file: the built-in one, with targets ---- */

static void put_target(struct buffer *out, const char *agency, const double level[TARGETS])
{
    static const enum driver watched[] = {DRIVER_REP_ANSWERS, DRIVER_QUICK_RESOLUTION};
    buffer_text(out, "    %s:\n      cx: %.1f\n      drivers:\n", agency, fmax(0, level[TARGET_CX] - MARGIN_CX));
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
        double usual = level[TARGET_DRIVER + watched[i]];
        if (!isnan(usual)) {
            buffer_text(out, "        %s: %.1f\n", driver_word(watched[i]), fmax(0, usual - MARGIN_DRIVER));
        }
    }
}

static const uint8_t *end_of(struct span text, const char *words)
{
    const uint8_t *at = memmem(text.data, text.size, words, strlen(words));
    ASSERT(at); /* our own file, and in this order */
    return at + strlen(words);
}

static struct span after(struct span text, const uint8_t *at)
{
    return span_of(at, text.size - (size_t)(at - text.data));
}

static void put_hurried(struct buffer *out, struct span text)
{
    struct span rest = after(text, end_of(text, "\ndetection:\n"));
    for (size_t i = 0; i < sizeof hurries / sizeof *hurries; i++) {
        rest = after(rest, end_of(rest, hurries[i].section));
        rest = after(rest, end_of(rest, hurries[i].key));
        buffer_bytes(out, text.data, (size_t)(rest.data - text.data));
        buffer_text(out, "%s", hurries[i].value);
        const uint8_t *end = memchr(rest.data, hurries[i].end, rest.size);
        ASSERT(end);
        text = rest = after(rest, end);
    }
    buffer_bytes(out, text.data, text.size);
}

static enum outcome load_scoring(const char *path, struct scoring **scoring, struct reason *why)
{
    struct problems problems;
    problems_init(&problems);
    enum outcome loaded = scoring_load(path, scoring, &problems);
    if (loaded != DONE) {
        (void)FAIL(why, STOP, REASON_BAD_CONFIG, "%.*s", (int)problems.text.size, (const char *)problems.text.data);
    }
    problems_done(&problems);
    return loaded;
}

static enum outcome write_scoring(const char *path, const struct generator *generator, struct reason *why)
{
    struct span text = scoring_builtin();
    const char *targets = memmem(text.data, text.size, "\ntargets:", 9);
    ASSERT(targets); /* our own file: what comes before stays as it is */
    struct scoring *scoring;
    TRY(load_scoring(NULL, &scoring, why));
    struct buffer out CLEANUP(buffer_done);
    buffer_init(&out, SCORING_SIZE);
    put_hurried(&out, span_of(text.data, (size_t)((const uint8_t *)targets - text.data)));
    buffer_text(&out, "\ntargets:\n%s  agencies:\n", TARGET_RULE);
    for (unsigned a = 0; a < GENERATOR_AGENCIES; a++) {
        double level[TARGETS];
        generator_usual_level(generator, a, scoring, level);
        put_target(&out, generator_agency(a), level);
    }
    scoring_close(scoring);
    return demo_write_file(path, buffer_as_span(&out), why);
}

/* ---- the schemas, as files ---- */

static enum outcome write_schemas(const struct demo_home *home, struct reason *why)
{
    static const char *const published[] = {"aggregate_key", "aggregate", "score", "alert"};
    char path[DEMO_PATH_SIZE];
    char name[64];
    if (mkdir(demo_path(home, "schemas", path), 0700) != 0) {
        return FAIL(why, STOP, REASON_FATAL, "%.150s cannot be made: %s", path, strerror(errno));
    }
    for (unsigned c = 0; c < CHANNELS; c++) {
        snprintf(name, sizeof name, "schemas/%s_interaction.avsc", channel_word((enum channel)c));
        TRY(demo_write_file(demo_path(home, name, path), decode_reader_schema((enum channel)c), why));
    }
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        snprintf(name, sizeof name, "schemas/%s.avsc", published[i]);
        TRY(demo_write_file(demo_path(home, name, path), embedded_schema(published[i]), why));
    }
    return DONE;
}

#define SCHEMA_IDS                                                                                                     \
    "1=web_interaction.avsc,2=phone_interaction.avsc,3=office_interaction.avsc,4=chat_interaction.avsc,"               \
    "5=aggregate_key.avsc,6=aggregate.avsc,7=score.avsc,8=alert.avsc"

/* ---- the configuration ---- */

struct overrides {
    char texts[OVERRIDES_MAX][OVERRIDE_SIZE];
    const char *list[OVERRIDES_MAX];
    size_t count;
};

static void set(struct overrides *self, const char *name, const char *value)
{
    ASSERT(self->count < OVERRIDES_MAX);
    char *text = self->texts[self->count];
    snprintf(text, OVERRIDE_SIZE, "%s=%s", name, value);
    self->list[self->count++] = text;
}

/* On a Kafka of somebody else's, topics of our own: nothing that is there is touched. */
static void set_topics(struct overrides *self, const char *app)
{
    static const char *const topics[][2] = {
        {"topics.web", "interactions.web"},
        {"topics.phone", "interactions.phone"},
        {"topics.office", "interactions.office"},
        {"topics.chat", "interactions.chat"},
        {"topics.signals", "cx.signals"},
        {"topics.aggregates", "cx.aggregates"},
        {"topics.scores", "cx.scores"},
        {"topics.alerts", "cx.alerts"},
        {"topics.state", "cx.state"},
        {"topics.deadletter", "cx.deadletter"},
    };
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s.%s", app, topics[i][1]);
        set(self, topics[i][0], name);
    }
}

static enum outcome load_config(const struct overrides *overrides, struct config *config, struct reason *why)
{
    struct problems problems;
    problems_init(&problems);
    /* Neither file nor environment: those are of the deployment, which a demo leaves alone. */
    struct config_sources sources = {.overrides = overrides->list, .override_count = overrides->count};
    enum outcome loaded = config_load(&sources, config, &problems);
    if (loaded != DONE) {
        (void)FAIL(why, STOP, REASON_BAD_CONFIG, "%.*s", (int)problems.text.size, (const char *)problems.text.data);
    }
    problems_done(&problems);
    return loaded;
}

enum outcome demo_setting_open(struct demo_setting *self, const struct demo_home *home,
                               const struct demo_options *options, const struct generator *generator,
                               const char *own_redis, struct reason *why)
{
    struct overrides overrides = {0};
    char path[DEMO_PATH_SIZE];
    char app[64];
    char number[16];
    snprintf(app, sizeof app, "demo-%lld-%d", (long long)(system_clock.wall(&system_clock).us / US_PER_SECOND),
             (int)getpid());
    snprintf(number, sizeof number, "%d", SIGNALS_PARTITIONS);
    set(&overrides, "app", app);
    set(&overrides, "instance", "demo");
    set(&overrides, "signals.partitions", number);
    set(&overrides, "redis.url", options->redis ? options->redis : own_redis);
    set(&overrides, "score.look_interval", "1s");
    if (options->brokers) {
        set(&overrides, "kafka.brokers", options->brokers);
        set_topics(&overrides, app);
    }
    if (options->registry) {
        set(&overrides, "registry.url", options->registry);
    } else {
        TRY(write_schemas(home, why));
        set(&overrides, "schemas.folder", demo_path(home, "schemas", path));
        set(&overrides, "schemas.ids", SCHEMA_IDS);
    }
    TRY(write_scoring(demo_path(home, "scoring.yaml", path), generator, why));
    set(&overrides, "scoring.file", path);
    TRY(load_config(&overrides, &self->config, why));
    struct scoring *scoring;
    TRY(load_scoring(path, &scoring, why));
    self->methods = method_slot_open(scoring, NULL);
    return DONE;
}

void demo_setting_close(struct demo_setting *self)
{
    method_slot_close(self->methods);
    config_done(&self->config);
    *self = (struct demo_setting){0};
}
