/* look_channels.c - a look at an agency's channels: which have gone silent, and which are heard again. */
#include "look_parts.h"

#include "turn.h"

#include "slipstream/detect.h"

struct view_episode look_silence_of(const struct agency_record *record, unsigned channel)
{
    const struct silence *silence = &record->silences[channel];
    return (struct view_episode){.kind = ALERT_SILENT_CHANNEL,
                                 .subject = SUBJECT_CHANNEL + channel,
                                 .episode = &silence->episode,
                                 .to_new_level = silence->to_new_level};
}

/* Every few minutes, at the agency's own. */
static bool channels_are_due(const struct glance *self, struct span agency)
{
    int64_t period_us = self->looker->settings->methods.scoring->detection.silence_look_us;
    return turn_has_come(agency, self->as_of, self->task->last_look, period_us);
}

/* Not one that has become an alias of another, or is no longer on the list: nothing comes under its name any more. */
static bool is_counted_as_itself(const struct scoring *scoring, struct span agency)
{
    return span_equal(scoring_agency_id(scoring, agency), agency);
}

static enum alert_transition look_at_channel(const struct glance *self, uint32_t position, enum channel channel,
                                             bool hold)
{
    struct looker *looker = self->looker;
    struct silence *silence = &task_agency(self->task, position)->silences[channel];
    const struct channel_look look = {.fold = self->task->fold,
                                      .agency = fold_agency_at(self->task->fold, position),
                                      .channel = channel,
                                      .scoring = looker->settings->methods.scoring,
                                      .silence = silence,
                                      .as_of = self->as_of,
                                      .hour = (double)looker->came[WINDOW_1H][channel],
                                      .month = (double)looker->came[WINDOW_28D][channel]};
    struct silence_look seen = channels_look(&looker->panes, &look);
    seen.hold |= hold;
    seen.silent = seen.silent && is_counted_as_itself(look.scoring, look.agency->name);
    return detect_silence(silence, &look.scoring->detection, &seen);
}

void look_at_channels(const struct glance *self, uint32_t position, bool hold)
{
    struct agency_record *record = task_agency(self->task, position);
    bool due = channels_are_due(self, fold_agency_at(self->task->fold, position)->name);
    for (unsigned c = 0; c < CHANNELS; c++) {
        struct silence *silence = &record->silences[c];
        struct silence before = *silence;
        if (self->looker->came[WINDOW_28D][c] <= 0 && !episode_is_open(&silence->episode)) {
            continue;
        }
        if (!self->task->catching_up) {
            bool heard = self->looker->came[WINDOW_1H][c] > 0;
            silence_hear(silence, time_floor(self->as_of.us, US_PER_HOUR), heard);
        }
        enum alert_transition transition = due ? look_at_channel(self, position, (enum channel)c, hold) : ALERT_NONE;
        if (transition != ALERT_NONE) {
            struct view_episode of = look_silence_of(record, c);
            struct alert alert = look_alert_of(self, position, &of, transition);
            look_tell(self, &alert);
        }
        if (memcmp(&before, silence, sizeof before) != 0) {
            record->silence_changed[c] = true;
            self->task->must_apply = true;
        }
    }
}
