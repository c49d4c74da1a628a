/* slip.c - the slip rule's episodes: fired by any window, cleared by the longest that fired, closed as the new level
 * when they last. */
#include "slipstream/detect.h"

static bool was_looked_at(const struct slip_look *look, enum test test)
{
    return look->findings[test].verdict != VERDICT_UNSEEN;
}

/* Counts runs of bad looks, test by test. */
static void count_looks(struct slip *self, const struct detection *rule, const struct slip_look *look)
{
    for (unsigned t = 0; t < TESTS; t++) {
        const struct finding *finding = &look->findings[t];
        if (finding->verdict == VERDICT_UNSEEN) {
            continue;
        }
        self->seen[t] = finding->verdict;
        if (finding->verdict != VERDICT_COMPARED || finding->high >= -rule->margin) {
            self->looks_bad[t] = 0;
            self->bad_since[t].us = 0;
            continue;
        }
        if (self->looks_bad[t] == 0) {
            self->bad_since[t] = look->as_of;
        }
        self->looks_bad[t] += self->looks_bad[t] < INT32_MAX;
    }
}

/* The tests that have just been looked at and fire, as bits. */
static uint32_t firing_tests(const struct slip *self, const struct detection *rule, const struct slip_look *look)
{
    uint32_t firing = 0;
    for (unsigned t = 0; t < TESTS; t++) {
        bool fires = was_looked_at(look, (enum test)t) && self->looks_bad[t] >= rule->looks_to_fire;
        firing |= (uint32_t)fires << t;
    }
    return firing;
}

/* By the shortest of the tests that fire, which knows best when it began. */
static enum alert_transition open_slip(struct slip *self, const struct slip_look *look, uint32_t firing, enum test *by)
{
    enum test test = (enum test)__builtin_ctz(firing);
    const struct finding *finding = &look->findings[test];
    struct episode *episode = &self->episode;
    *by = self->opened_by = test;
    self->fired = firing;
    self->to_new_level = false;
    self->base_at_open = finding->base;
    self->drop_at_open = finding->d;
    self->from_day = time_floor(self->bad_since[test].us - (finding->as_of.us - finding->from.us), US_PER_DAY);
    episode->state = EPISODE_FIRING;
    episode->ordinal++;
    episode->looks_good = 0;
    episode->since = self->bad_since[test];
    episode->opened = look->as_of;
    episode->closed = (struct event_time){0};
    episode->at_open = finding_estimate(finding);
    return ALERT_OPENED;
}

static enum alert_transition close_slip(struct slip *self, const struct slip_look *look, bool to_new_level)
{
    self->episode.state = EPISODE_NORMAL;
    self->episode.closed = look->as_of;
    self->episode.looks_good = 0;
    self->to_new_level = to_new_level;
    if (to_new_level) {
        self->baseline_day = self->from_day;
    } else {
        slip_leave_out(self, self->from_day, time_floor(look->as_of.us, US_PER_DAY));
    }
    for (unsigned t = 0; t < TESTS; t++) {
        self->looks_bad[t] = 0;
    }
    return ALERT_CLOSED;
}

static enum alert_transition look_at_open(struct slip *self, const struct detection *rule, const struct slip_look *look,
                                          enum test *by)
{
    struct episode *episode = &self->episode;
    self->fired |= firing_tests(self, rule, look);
    *by = slip_longest(self);
    if (was_looked_at(look, *by) && look->as_of.us > episode->opened.us) { /* else history is read again */
        const struct finding *finding = &look->findings[*by];
        bool is_good = finding->verdict == VERDICT_COMPARED && finding->clear_high >= 0; /* silence is no recovery */
        episode->looks_good = is_good ? episode->looks_good + (episode->looks_good < INT32_MAX) : 0;
    }
    episode->state = episode->looks_good > 0 ? EPISODE_RECOVERING : EPISODE_FIRING;
    if (look->hold) {
        return ALERT_NONE;
    }
    if (episode->looks_good >= rule->looks_to_clear) {
        return close_slip(self, look, false);
    }
    if (look->as_of.us - episode->opened.us >= rule->new_level_us) {
        return close_slip(self, look, true);
    }
    return ALERT_NONE;
}

/* What can be said when nothing has slipped: the best that any window can say. */
static enum episode_state quiet_state(const struct slip *self)
{
    static const enum episode_state states[VERDICTS] = {
        [VERDICT_UNSEEN] = EPISODE_LEARNING,
        [VERDICT_LEARNING] = EPISODE_LEARNING,
        [VERDICT_INSUFFICIENT] = EPISODE_INSUFFICIENT,
        [VERDICT_COMPARED] = EPISODE_NORMAL,
    };
    enum verdict best = VERDICT_UNSEEN;
    for (unsigned t = 0; t < TESTS; t++) {
        if (self->looks_bad[t] > 0) {
            return EPISODE_PENDING;
        }
        best = self->seen[t] > best ? self->seen[t] : best;
    }
    return states[best];
}

enum alert_transition detect_slip(struct slip *slip, const struct detection *rule, const struct slip_look *look,
                                  enum test *by)
{
    count_looks(slip, rule, look);
    if (slip_is_open(slip)) {
        return look_at_open(slip, rule, look, by);
    }
    uint32_t firing = firing_tests(slip, rule, look);
    if (firing && !look->hold && look->may_open) {
        return open_slip(slip, look, firing, by);
    }
    slip->episode.state = quiet_state(slip);
    return ALERT_NONE;
}

void detect_slip_method_changed(struct slip *slip)
{
    memset(slip->looks_bad, 0, sizeof slip->looks_bad);
    slip->episode.looks_good = 0;
}
