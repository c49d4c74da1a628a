/* divergence.c - an agency that falls behind the others opens an episode; back at its usual distance, it closes. */
#include "slipstream/detect.h"

static enum alert_transition close_it(struct divergence *self, struct event_time as_of, bool to_new_level)
{
    self->episode.state = EPISODE_NORMAL;
    self->episode.closed = as_of;
    self->episode.looks_bad = self->episode.looks_good = 0;
    self->to_new_level = to_new_level;
    return ALERT_CLOSED;
}

/* Against the gap that was usual when it opened: a gap does not become usual by lasting. */
static enum alert_transition look_at_open(struct divergence *self, const struct detection *rule,
                                          const struct divergence_look *look)
{
    struct episode *episode = &self->episode;
    bool is_good = look->compared && look->gap.low <= episode->target;
    episode->looks_good = is_good ? episode->looks_good + 1 : 0;
    episode->state = episode->looks_good > 0 ? EPISODE_RECOVERING : EPISODE_FIRING;
    if (look->hold) {
        return ALERT_NONE;
    }
    if (episode->looks_good >= rule->looks_to_clear) {
        return close_it(self, look->as_of, false);
    }
    bool lasts = look->as_of.us - episode->opened.us >= rule->new_level_us;
    return lasts ? close_it(self, look->as_of, true) : ALERT_NONE;
}

static enum alert_transition open_it(struct divergence *self, const struct divergence_look *look)
{
    struct episode *episode = &self->episode;
    episode->state = EPISODE_FIRING;
    episode->ordinal++;
    episode->looks_good = 0;
    episode->opened = look->as_of;
    episode->closed = (struct event_time){0};
    episode->at_open = look->gap;
    episode->target = look->usual;
    self->to_new_level = false;
    return ALERT_OPENED;
}

enum alert_transition detect_divergence(struct divergence *self, const struct detection *rule,
                                        const struct divergence_look *look)
{
    struct episode *episode = &self->episode;
    if (episode->method != look->method) {
        episode->looks_bad = episode->looks_good = 0;
        episode->method = look->method;
    }
    if (episode_is_open(episode)) {
        return look_at_open(self, rule, look);
    }
    bool is_bad = look->compared && look->gap.value > 0 && look->widened_least > 100 * rule->margin;
    if (is_bad && episode->looks_bad == 0) {
        episode->since = look->as_of;
    }
    episode->looks_bad = is_bad ? episode->looks_bad + (episode->looks_bad < INT32_MAX) : 0;
    if (episode->looks_bad >= rule->looks_to_fire && look->may_open && !look->hold) {
        return open_it(self, look);
    }
    episode->state = episode->looks_bad > 0 ? EPISODE_PENDING : EPISODE_NORMAL;
    return ALERT_NONE;
}
