/* silence.c - a channel that is silent for certain opens an episode; one that is heard again closes it. */
#include "slipstream/detect.h"

static enum alert_transition close_it(struct silence *self, struct event_time as_of, bool to_new_level)
{
    self->episode.state = EPISODE_NORMAL;
    self->episode.closed = as_of;
    self->episode.looks_bad = self->episode.looks_good = 0;
    self->to_new_level = to_new_level;
    return ALERT_CLOSED;
}

static enum alert_transition look_at_open(struct silence *self, const struct detection *rule,
                                          const struct silence_look *look)
{
    struct episode *episode = &self->episode;
    episode->looks_good = look->heard ? episode->looks_good + 1 : 0;
    episode->state = episode->looks_good > 0 ? EPISODE_RECOVERING : EPISODE_FIRING;
    if (episode->looks_good >= rule->looks_to_clear) {
        return close_it(self, look->as_of, false);
    }
    bool is_for_good = look->as_of.us - episode->opened.us >= rule->new_level_us;
    return is_for_good ? close_it(self, look->as_of, true) : ALERT_NONE;
}

static enum alert_transition open_it(struct silence *self, const struct silence_look *look)
{
    struct episode *episode = &self->episode;
    episode->state = EPISODE_FIRING;
    episode->ordinal++;
    episode->looks_good = 0;
    episode->since = look->since;
    episode->opened = look->as_of;
    episode->closed = (struct event_time){0};
    episode->at_open = (struct estimate){.present = false};
    episode->target = look->expected;
    self->to_new_level = false;
    return ALERT_OPENED;
}

enum alert_transition detect_silence(struct silence *self, const struct detection *rule,
                                     const struct silence_look *look)
{
    struct episode *episode = &self->episode;
    if (look->hold) {
        return ALERT_NONE;
    }
    if (episode_is_open(episode)) {
        return look_at_open(self, rule, look);
    }
    episode->looks_bad = look->silent ? episode->looks_bad + 1 : 0;
    if (episode->looks_bad >= rule->looks_to_fire) {
        return open_it(self, look);
    }
    episode->state = episode->looks_bad > 0 ? EPISODE_PENDING : EPISODE_NORMAL;
    return ALERT_NONE;
}
