/* target.c - the fixed target: missed for long enough opens an episode, met for long enough closes it. */
#include "slipstream/detect.h"

#include <math.h>

static void look_was_bad(struct episode *self, struct event_time look)
{
    if (self->looks_bad == 0 && self->state != EPISODE_FIRING && self->state != EPISODE_RECOVERING) {
        self->since = look;
    }
    self->looks_bad += self->looks_bad < INT32_MAX;
    self->looks_good = 0;
}

static void look_was_good(struct episode *self)
{
    self->looks_good += self->looks_good < INT32_MAX;
    self->looks_bad = 0;
}

/* Neither missed for certain nor met: a run of bad or good looks ends, an open episode stays open. */
static void look_was_neither(struct episode *self)
{
    self->looks_bad = 0;
    self->looks_good = 0;
}

static enum alert_transition open_or_close(struct episode *self, const struct target_rule *rule, double target,
                                           const struct estimate *estimate, struct event_time look, bool catching_up)
{
    bool is_open = self->state == EPISODE_FIRING || self->state == EPISODE_RECOVERING;
    if (is_open) {
        if (self->looks_good >= rule->looks_to_close && !catching_up) {
            self->state = EPISODE_NORMAL;
            self->closed = look;
            return ALERT_CLOSED;
        }
        self->state = self->looks_good > 0 ? EPISODE_RECOVERING : EPISODE_FIRING;
        return ALERT_NONE;
    }
    if (self->looks_bad >= rule->looks_to_open && !catching_up) {
        self->state = EPISODE_FIRING;
        self->ordinal++;
        self->opened = look;
        self->closed = (struct event_time){0};
        self->at_open = *estimate;
        self->target = target;
        return ALERT_OPENED;
    }
    self->state = self->looks_bad > 0 ? EPISODE_PENDING : EPISODE_NORMAL;
    return ALERT_NONE;
}

/* Without a target any more, or with too little data, an open episode stays as it is: silence is no recovery. But a
 * target that was taken away ends what it opened. */
static enum alert_transition nothing_to_compare(struct episode *self, bool has_target, struct event_time look,
                                                bool catching_up)
{
    bool is_open = self->state == EPISODE_FIRING || self->state == EPISODE_RECOVERING;
    look_was_neither(self);
    if (!is_open) {
        self->state = has_target ? EPISODE_INSUFFICIENT : EPISODE_NORMAL;
        return ALERT_NONE;
    }
    if (has_target || catching_up) {
        return ALERT_NONE;
    }
    self->state = EPISODE_NORMAL;
    self->closed = look;
    return ALERT_CLOSED;
}

enum alert_transition detect_target(struct episode *episode, const struct target_rule *rule, double target,
                                    const struct estimate *estimate, struct event_time look, bool catching_up)
{
    bool has_target = !isnan(target);
    if (!has_target || !estimate->present || estimate->n < rule->n_min) {
        return nothing_to_compare(episode, has_target, look, catching_up);
    }
    if (estimate->high < target) {
        look_was_bad(episode, look);
    } else if (estimate->value >= target) {
        look_was_good(episode);
    } else {
        look_was_neither(episode);
    }
    return open_or_close(episode, rule, target, estimate, look, catching_up);
}
