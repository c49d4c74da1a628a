/* line.c - a target, or a published line: missed for long enough opens an episode, met for long enough closes it. */
#include "slipstream/detect.h"

#include <math.h>

enum side { SIDE_BELOW /* for certain */, SIDE_NEITHER, SIDE_AT_OR_ABOVE };

static enum side side_of(const struct line_look *look)
{
    const struct estimate *estimate = look->estimate;
    return estimate->high < look->line ? SIDE_BELOW : estimate->value >= look->line ? SIDE_AT_OR_ABOVE : SIDE_NEITHER;
}

/* Neither missed for certain nor met: a run of bad or good looks ends, an open episode stays open. */
static void end_runs(struct episode *self)
{
    self->looks_bad = 0;
    self->looks_good = 0;
}

/* ---- changes of method ---- */

/* The first figure by another method stands where the change has put it. When that may have moved it off the side where
 * the last look saw it, towards a transition, it says nothing of the service. */
static void begin_hold(struct episode *self, const struct line_look *look, enum side now)
{
    bool opens = !episode_is_open(self);
    bool was_so = opens ? self->looks_bad > 0 : self->looks_good > 0;
    bool is_back = now == (opens ? SIDE_AT_OR_ABOVE : SIDE_BELOW);
    self->hold = (struct method_hold){0};
    if (!was_so && !is_back) {
        self->hold = (struct method_hold){look->as_of, opens ? look->estimate->low : look->estimate->high, look->line};
    }
    end_runs(self);
}

static bool ends_hold(const struct episode *self, const struct line_look *look, enum side now)
{
    bool is_moved = look->line < self->hold.line || look->line > self->hold.line;
    if (episode_is_open(self)) {
        return is_moved || now == SIDE_BELOW || look->estimate->low > self->hold.edge;
    }
    return is_moved || now == SIDE_AT_OR_ABOVE || look->estimate->high < self->hold.edge;
}

/* Whether a change of method still holds the episode as it is. */
static bool is_held(struct episode *self, const struct line_look *look, enum side now)
{
    if (self->method && self->method != look->method) {
        begin_hold(self, look, now);
    } else if (self->hold.since.us && ends_hold(self, look, now)) {
        self->hold = (struct method_hold){0};
    }
    self->method = look->method;
    return self->hold.since.us != 0;
}

/* ---- looks ---- */

static void count_look(struct episode *self, const struct line_look *look, enum side side)
{
    switch (side) {
    case SIDE_BELOW:
        if (self->looks_bad == 0 && !episode_is_open(self)) {
            self->since = look->as_of;
        }
        self->looks_bad += self->looks_bad < INT32_MAX;
        self->looks_good = 0;
        break;
    case SIDE_AT_OR_ABOVE:
        self->looks_good += self->looks_good < INT32_MAX;
        self->looks_bad = 0;
        break;
    case SIDE_NEITHER:
        end_runs(self);
        break;
    }
}

static enum alert_transition close_it(struct episode *self, struct event_time as_of)
{
    self->state = EPISODE_NORMAL;
    self->closed = as_of;
    return ALERT_CLOSED;
}

static enum alert_transition open_or_close(struct episode *self, const struct target_rule *rule,
                                           const struct line_look *look)
{
    if (episode_is_open(self)) {
        if (self->looks_good >= rule->looks_to_close && !look->hold) {
            return close_it(self, look->as_of);
        }
        self->state = self->looks_good > 0 ? EPISODE_RECOVERING : EPISODE_FIRING;
        return ALERT_NONE;
    }
    if (self->looks_bad >= rule->looks_to_open && !look->hold) {
        self->state = EPISODE_FIRING;
        self->ordinal++;
        self->opened = look->as_of;
        self->closed = (struct event_time){0};
        self->at_open = *look->estimate;
        self->target = look->line;
        return ALERT_OPENED;
    }
    self->state = self->looks_bad > 0 ? EPISODE_PENDING : EPISODE_NORMAL;
    return ALERT_NONE;
}

/* Without a line any more, or with too little data, an open episode stays as it is: silence is no recovery. But a line
 * that was taken away ends what it opened. */
static enum alert_transition nothing_to_compare(struct episode *self, const struct line_look *look)
{
    bool has_line = !isnan(look->line);
    end_runs(self);
    if (!has_line) {
        self->hold = (struct method_hold){0};
    }
    if (!episode_is_open(self)) {
        self->state = has_line ? EPISODE_INSUFFICIENT : EPISODE_NORMAL;
        return ALERT_NONE;
    }
    return has_line || look->hold ? ALERT_NONE : close_it(self, look->as_of);
}

enum alert_transition detect_line(struct episode *episode, const struct target_rule *rule, const struct line_look *look)
{
    if (isnan(look->line) || !look->estimate->present || look->estimate->n < rule->n_min) {
        return nothing_to_compare(episode, look);
    }
    enum side side = side_of(look);
    if (!is_held(episode, look, side)) {
        count_look(episode, look, side);
    }
    return open_or_close(episode, rule, look);
}
