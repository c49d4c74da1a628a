/* pipeline.c - the stages in their threads: open the edges, turn, drain, close. */
#include "edges.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define BACKOFF_LEAST_US (100 * US_PER_MS)
#define BACKOFF_MOST_US  (5 * US_PER_SECOND)
#define SLICE_US         (50 * US_PER_MS) /* how soon a waiting stage notices that it should stop */

struct stage {
    struct pipeline *pipeline;
    enum stage_id id;
    pthread_t thread;
    bool started;
    _Atomic bool ended;
    int64_t backoff_us;
    enum outcome outcome;
    struct reason why;
    struct intake_edges intake_edges;
    struct score_edges score_edges;
    struct intake *intake;
    struct scorer *scorer;
    const struct methods *methods; /* held */
};
struct pipeline {
    struct pipeline_settings settings;
    struct stage stages[STATUS_STAGES];
    _Atomic bool stop;
};

static struct stage_status *status_of(struct stage *self)
{
    return &self->pipeline->settings.status->stages[self->id];
}

static void beat(struct stage *self)
{
    status_of(self)->heartbeat_us = system_clock.mono(&system_clock).us;
}

/* Tells what is amiss, and waits: longer each time, until something works. */
static void back_off(struct stage *self, const char *event, const struct reason *why)
{
    LOG(self->pipeline->settings.log, LOG_WARN, stage_words[self->id], event, LOG_REASON(why));
    int64_t wait = self->backoff_us < BACKOFF_LEAST_US ? BACKOFF_LEAST_US : self->backoff_us;
    self->backoff_us = wait * 2 > BACKOFF_MOST_US ? BACKOFF_MOST_US : wait * 2;
    for (; wait > 0 && !self->pipeline->stop; wait -= SLICE_US) {
        const struct timespec slice = {0, SLICE_US * 1000};
        nanosleep(&slice, NULL);
        beat(self);
    }
}

/* Events of their own, so that the line about one is not held back because of another's. */
static const char *const waiting_events[DEPENDENCIES] = {
    [DEPENDENCY_KAFKA] = "waiting_for_kafka",
    [DEPENDENCY_REDIS] = "waiting_for_redis",
    [DEPENDENCY_REGISTRY] = "waiting_for_registry",
};

/* Does a step of opening until it works; false: told to stop, or it cannot work. */
static bool until_done(struct stage *self, enum outcome (*step)(struct stage *self, struct reason *why),
                       enum dependency dependency)
{
    while (!self->pipeline->stop) {
        struct reason why;
        beat(self);
        enum outcome outcome = step(self, &why);
        status_of(self)->up[dependency] = outcome == DONE;
        if (outcome == DONE) {
            self->backoff_us = 0;
            return true;
        }
        if (outcome != RETRY) {
            self->outcome = STOP;
            self->why = why;
            return false;
        }
        back_off(self, waiting_events[dependency], &why);
    }
    return false;
}

/* ---- intake ---- */

static enum outcome step_intake_kafka(struct stage *self, struct reason *why)
{
    char cluster_id[CLUSTER_ID_SIZE];
    char topic_id[32];
    return edges_kafka(&self->pipeline->settings, cluster_id, topic_id, why);
}

static enum outcome step_registry(struct stage *self, struct reason *why)
{
    return intake_edges_registry(&self->intake_edges, &self->pipeline->settings, why);
}

static enum outcome step_intake(struct stage *self, struct reason *why)
{
    const struct pipeline_settings *settings = &self->pipeline->settings;
    if (!self->intake) {
        struct intake_settings intake = {settings->config, &system_clock, settings->log, settings->status,
                                         self->intake_edges.registry, self->methods->scoring, 0};
        self->intake = intake_open(&intake);
    }
    TRY(intake_edges_open(&self->intake_edges, settings, intake_events(self->intake), why));
    intake_connect(self->intake, self->intake_edges.source, self->intake_edges.sink);
    return DONE;
}

static bool open_intake(struct stage *self)
{
    return until_done(self, step_intake_kafka, DEPENDENCY_KAFKA) &&
           until_done(self, step_registry, DEPENDENCY_REGISTRY) && until_done(self, step_intake, DEPENDENCY_KAFKA);
}

/* ---- score ---- */

static enum outcome step_score_kafka(struct stage *self, struct reason *why)
{
    return edges_kafka(&self->pipeline->settings, self->score_edges.cluster_id, self->score_edges.topic_id, why);
}

static enum outcome step_redis(struct stage *self, struct reason *why)
{
    return score_edges_redis(&self->score_edges, &self->pipeline->settings, why);
}

static enum outcome step_schemas(struct stage *self, struct reason *why)
{
    return score_edges_schemas(&self->score_edges, &self->pipeline->settings, why);
}

static enum outcome step_score(struct stage *self, struct reason *why)
{
    const struct pipeline_settings *settings = &self->pipeline->settings;
    struct score_edges *edges = &self->score_edges;
    if (!self->scorer) {
        struct score_settings score = {settings->config, *self->methods,    &system_clock,     settings->log,
                                       settings->status, edges->schemas,    edges->cluster_id, edges->topic_id};
        self->scorer = scorer_open(&score);
    }
    TRY(score_edges_open(edges, settings, scorer_events(self->scorer), self->scorer, why));
    const struct scorer_edges connected = {edges->source, edges->store, edges->publisher, edges->notifier, edges->kept};
    scorer_connect(self->scorer, &connected);
    return DONE;
}

static bool open_score(struct stage *self)
{
    return until_done(self, step_score_kafka, DEPENDENCY_KAFKA) && until_done(self, step_redis, DEPENDENCY_REDIS) &&
           until_done(self, step_schemas, DEPENDENCY_REGISTRY) && until_done(self, step_score, DEPENDENCY_KAFKA);
}

/* ---- the loop of either ---- */

static enum outcome turn(struct stage *self, struct reason *why)
{
    return self->id == STATUS_INTAKE ? intake_turn(self->intake, why) : scorer_turn(self->scorer, why);
}

static enum outcome drain(struct stage *self, struct reason *why)
{
    return self->id == STATUS_INTAKE ? intake_drain(self->intake, why) : scorer_drain(self->scorer, why);
}

/* A newer scoring file, if there is one: taken up between two turns, so that within one all is of the same. */
static void follow_methods(struct stage *self)
{
    struct method_slot *slot = self->pipeline->settings.methods;
    if (!method_slot_has_newer(slot, self->methods)) {
        return;
    }
    const struct methods *old = self->methods;
    self->methods = method_slot_hold(slot);
    if (self->id == STATUS_INTAKE) {
        intake_set_scoring(self->intake, self->methods->scoring);
    } else {
        scorer_set_methods(self->scorer, self->methods);
    }
    method_slot_release(slot, old);
}

static void run_turns(struct stage *self)
{
    struct reason why;
    LOG(self->pipeline->settings.log, LOG_INFO, stage_words[self->id], "stage_started");
    while (!self->pipeline->stop) {
        follow_methods(self);
        enum outcome outcome = turn(self, &why);
        if (outcome == DONE) {
            self->backoff_us = 0;
        } else if (outcome == RETRY) {
            back_off(self, "backing_off", &why);
        } else {
            self->outcome = STOP;
            self->why = why;
            return;
        }
    }
    enum outcome drained = drain(self, &why);
    if (drained != DONE) {
        LOG(self->pipeline->settings.log, LOG_WARN, stage_words[self->id], "drain_incomplete", LOG_REASON(&why));
    }
}

static void close_stage(struct stage *self)
{
    intake_edges_close(&self->intake_edges);
    score_edges_close(&self->score_edges);
    intake_close(self->intake);
    scorer_close(self->scorer);
    method_slot_release(self->pipeline->settings.methods, self->methods);
}

static void *stage_main(void *context)
{
    struct stage *self = context;
    pthread_setname_np(self->thread, stage_words[self->id]);
    self->methods = method_slot_hold(self->pipeline->settings.methods);
    if (self->id == STATUS_INTAKE ? open_intake(self) : open_score(self)) {
        run_turns(self);
    }
    status_of(self)->draining = true;
    close_stage(self);
    if (self->outcome == STOP) {
        LOG(self->pipeline->settings.log, LOG_ERROR, stage_words[self->id], "stage_failed", LOG_REASON(&self->why));
    } else {
        LOG(self->pipeline->settings.log, LOG_INFO, stage_words[self->id], "stage_stopped");
    }
    self->ended = true;
    return NULL;
}

enum outcome pipeline_start(const struct pipeline_settings *settings, struct pipeline **pipeline, struct reason *why)
{
    struct pipeline *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->settings = *settings;
    int64_t wanted = settings->config->stage;
    for (unsigned s = 0; s < STATUS_STAGES; s++) {
        struct stage *stage = &self->stages[s];
        stage->pipeline = self;
        stage->id = (enum stage_id)s;
        if (wanted != STAGE_ALL && (wanted == STAGE_INTAKE) != (s == STATUS_INTAKE)) {
            continue;
        }
        beat(stage);
        int failed = pthread_create(&stage->thread, NULL, stage_main, stage);
        if (failed) {
            struct reason stopped;
            pipeline_stop(self);
            if (pipeline_join(self, &stopped) == STOP) {
                *why = stopped;
            }
            return FAIL(why, STOP, REASON_FATAL, "a thread cannot be started: %s", strerror(failed));
        }
        stage->started = true;
    }
    *pipeline = self;
    return DONE;
}

void pipeline_stop(struct pipeline *self)
{
    self->stop = true;
}

bool pipeline_has_ended(const struct pipeline *self)
{
    bool ended = false;
    for (unsigned s = 0; s < STATUS_STAGES; s++) {
        ended |= self->stages[s].started && self->stages[s].ended;
    }
    return ended;
}

enum outcome pipeline_join(struct pipeline *self, struct reason *why)
{
    enum outcome outcome = DONE;
    for (unsigned s = 0; s < STATUS_STAGES; s++) {
        struct stage *stage = &self->stages[s];
        if (!stage->started) {
            continue;
        }
        pthread_join(stage->thread, NULL);
        if (stage->outcome == STOP && outcome == DONE) {
            outcome = STOP;
            *why = stage->why;
        }
    }
    free(self);
    return outcome;
}
