/* status.c - whether the process is alive and ready. */
#include "slipstream/pipeline.h"

#define HEARTBEAT_US_MAX (60 * US_PER_SECOND) /* longer than any call a turn waits for */

const char *const stage_words[STATUS_STAGES] = {"intake", "score"};
const char *const record_outcome_words[RECORD_OUTCOMES] = {"applied", "late", "duplicate", "deadlettered"};
const char *const dependency_words[DEPENDENCIES] = {"kafka", "redis", "registry"};
const char *const task_state_words[TASK_STATES] = {"waiting", "catching_up", "live"};
const char *const delivery_outcome_words[DELIVERY_OUTCOMES] = {"accepted", "failed", "dropped"};
const double duration_bounds[DURATION_BUCKETS - 1] = {0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 120};

void histogram_add(struct histogram *self, int64_t us)
{
    unsigned bucket = 0;
    while (bucket < DURATION_BUCKETS - 1 && (double)us / US_PER_SECOND > duration_bounds[bucket]) {
        bucket++;
    }
    self->buckets[bucket]++;
    self->sum_us += us;
}

bool status_is_healthy(const struct status *status, struct mono_time now)
{
    for (unsigned s = 0; s < STATUS_STAGES; s++) {
        int64_t beat = status->stages[s].heartbeat_us;
        if (beat && now.us - beat > HEARTBEAT_US_MAX) {
            return false;
        }
    }
    return true;
}

/* What keeps one stage from being ready, in the order it is waited for; NULL when nothing does. */
static const char *why_not(const struct status *status, enum stage_id id)
{
    const struct stage_status *stage = &status->stages[id];
    if (stage->draining) {
        return "draining";
    }
    if (!stage->up[DEPENDENCY_KAFKA]) {
        return "Kafka does not answer, or lacks a topic";
    }
    if (id == STATUS_SCORE && !stage->up[DEPENDENCY_REDIS]) {
        return "Redis does not answer";
    }
    if (!stage->up[DEPENDENCY_REGISTRY]) {
        return "the schema registry does not answer";
    }
    if (!stage->joined) {
        return "has not joined its consumer group";
    }
    if (id == STATUS_SCORE && status->tasks[TASK_WAITING]) {
        return "tasks wait to be claimed";
    }
    return NULL;
}

bool status_is_ready(const struct status *status, struct buffer *out)
{
    bool ready = true;
    struct jout json = jout_into(out);
    jout_open(&json, '{');
    jout_key(&json, "reasons");
    jout_open(&json, '[');
    for (unsigned s = 0; s < STATUS_STAGES; s++) {
        bool runs = status->stages[s].heartbeat_us != 0;
        const char *why = runs ? why_not(status, (enum stage_id)s) : NULL;
        if (why) {
            ready = false;
            jout_open(&json, '{');
            jout_key(&json, "stage");
            jout_text(&json, stage_words[s]);
            jout_key(&json, "reason");
            jout_text(&json, why);
            jout_close(&json, '}');
        }
    }
    jout_close(&json, ']');
    jout_key(&json, "ready");
    jout_bool(&json, ready);
    jout_close(&json, '}');
    return ready;
}
