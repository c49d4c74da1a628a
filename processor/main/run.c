/* run.c - `slipstream run`: the stages and the ops port, until told to stop. */
#include "command.h"

#include <malloc.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PAGES 4

/* Buffers come and go, a backlog's most of all, and glibc keeps what they had. */
#define TRIM_TURNS 10 /* of 50 ms; what cells outgrew lies between them, and is never at an end */
#define ARENAS_MAX 2  /* each thread's own would keep what only it had use for */
/* Tables of ids, which grow, leave no holes; what is fetched comes and goes, and is smaller. */
#define MAPPED_FROM (2 << 20)

struct ops {
    const struct config *config;
    struct log *log;
    struct status status;
    struct serve_page pages[PAGES];
    struct server *server;
};

static unsigned render_metrics(void *context, struct buffer *out)
{
    const struct ops *self = context;
    metrics_render(&self->status, self->config, self->log, out);
    return 200;
}

static unsigned render_healthy(void *context, struct buffer *out)
{
    const struct ops *self = context;
    bool healthy = status_is_healthy(&self->status, system_clock.mono(&system_clock));
    buffer_text(out,
                healthy ? "{\"healthy\":true}\n" : "{\"healthy\":false,\"reason\":\"a stage's loop stands still\"}\n");
    return healthy ? 200 : 503;
}

static unsigned render_ready(void *context, struct buffer *out)
{
    const struct ops *self = context;
    bool ready = status_is_ready(&self->status, out);
    buffer_u8(out, '\n');
    return ready ? 200 : 503;
}

static unsigned render_version(void *context, struct buffer *out)
{
    (void)context;
    buffer_text(out, "{\"name\":\"slipstream\",\"version\":\"%s\"}\n", SLIPSTREAM_VERSION);
    return 200;
}

static enum outcome ops_open(struct ops *self, struct reason *why)
{
    const struct serve_page pages[PAGES] = {
        {"/metrics", "text/plain; version=0.0.4; charset=utf-8", render_metrics, self},
        {"/-/healthy", "application/json", render_healthy, self},
        {"/-/ready", "application/json", render_ready, self},
        {"/version", "application/json", render_version, self},
    };
    memcpy(self->pages, pages, sizeof pages);
    TRY(server_open(self->config->http_address, (uint16_t)self->config->http_port, self->pages, PAGES, &self->server,
                    why));
    LOG(self->log, LOG_INFO, "serve", "listening", LOG_TEXT("address", self->config->http_address),
        LOG_INT("port", server_port(self->server)));
    return DONE;
}

static void keep_less_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, ARENAS_MAX);
    mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
#endif
}

static void give_memory_back(void)
{
#ifdef __GLIBC__
    malloc_trim(0); /* whole pages between what is in use, of all heaps */
#endif
}

static enum exit_code run_stages(const struct command *command, struct ops *ops, const struct setup *setup,
                                 struct method_slot *methods)
{
    struct reason why;
    struct pipeline *pipeline;
    struct pipeline_settings settings = {ops->config, methods, ops->log, &ops->status};
    if (pipeline_start(&settings, &pipeline, &why) != DONE) {
        return complain(command, &why);
    }
    bool told = false;
    for (unsigned turn = 1; !pipeline_has_ended(pipeline); turn++) {
        const struct timespec slice = {0, 50 * 1000 * 1000};
        nanosleep(&slice, NULL);
        if (signals_stop() && !told) {
            told = true;
            LOG(ops->log, LOG_INFO, "main", "draining");
            pipeline_stop(pipeline);
        }
        if (signals_hup()) {
            reload(setup, methods, &ops->status);
        }
        if (turn % TRIM_TURNS == 0) {
            give_memory_back();
        }
    }
    pipeline_stop(pipeline); /* a stage that failed takes the other with it: the orchestrator starts both again */
    if (pipeline_join(pipeline, &why) != DONE) {
        return complain(command, &why);
    }
    LOG(ops->log, LOG_INFO, "main", "stopped");
    return EXIT_FINE;
}

static struct method_slot *open_methods(const struct config *config)
{
    struct problems problems;
    struct scoring *scoring;
    struct scoring *shadow;
    problems_init(&problems);
    bool loaded = load_methods(config, &scoring, &shadow, &problems) == DONE;
    fprintf(stderr, "%.*s", (int)problems.text.size, (const char *)problems.text.data);
    problems_done(&problems);
    return loaded ? method_slot_open(scoring, shadow) : NULL;
}

static enum exit_code run_run(const struct command *self, int argc, char **argv)
{
    keep_less_memory();
    struct setup setup;
    enum exit_code code;
    if (!setup_open(&setup, self, argc, argv, &code)) {
        return code;
    }
    static const char *const stages[] = {"all", "intake", "score"};
    const char *stage = argument(self, &setup.arguments, "stage");
    for (unsigned s = 0; stage && s < 3; s++) {
        if (strcmp(stage, stages[s]) == 0) {
            setup.config.stage = s;
            stage = NULL;
        }
    }
    struct method_slot *methods = NULL;
    struct ops ops = {.config = &setup.config, .log = setup.log};
    struct reason why;
    if (stage) {
        fprintf(stderr, "slipstream run: --stage: got %s, allowed all, intake, score\n", stage);
        code = EXIT_USAGE;
    } else if (!(methods = open_methods(&setup.config))) {
        code = EXIT_USAGE;
    } else if (ops_open(&ops, &why) != DONE) {
        code = complain(self, &why);
    } else {
        signals_catch();
        code = run_stages(self, &ops, &setup, methods);
    }
    server_close(ops.server);
    method_slot_close(methods);
    setup_close(&setup);
    return code;
}

const struct command command_run = {
    .name = "run",
    .arguments = "",
    .summary = "runs the stages: interactions in, scores and alerts out, until TERM or INT",
    .detail =
        "Waits for Kafka, Redis and the registry when they are not there, and says so; not ready then, but alive.\n"
        "TERM and INT drain and end within 20 s; a second one ends at once. HUP reads the scoring file and log.level\n"
        "anew, all or nothing.",
    .example = "slipstream run --config slipstream.yaml --stage intake",
    .has_config = true,
    .options = {{"stage", "STAGE", "all, intake or score: each scales alone"}},
    .run = run_run,
};
