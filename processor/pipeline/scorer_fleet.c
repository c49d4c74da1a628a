/* scorer_fleet.c - the score stage's part in the fleet: after the looks of a minute were applied. */
#include "scorer.h"

static void tell(struct scorer *self, const char *event, enum outcome outcome, const struct reason *why)
{
    if (outcome == RETRY || outcome == STOP) {
        LOG(self->settings.log, LOG_WARN, "score", event, LOG_REASON(why));
    }
}

/* Once for each minute that the task of partition 0 has looked at. A part of before is as good as one that is missing.
 */
static void add_up(struct scorer *self)
{
    struct task *task = &self->tasks[0];
    struct reason why;
    if (task->claimed && !task->catching_up && task->last_look.us > self->fleet.added_up.us) {
        enum outcome added = fleet_watch_add_up(&self->fleet, self->store, self->partitions,
                                                scoring_method(self->settings.methods.scoring), task->last_look, &why);
        tell(self, "fleet_not_added_up", added, &why);
    }
}

void scorer_fleet(struct scorer *self, struct mono_time now)
{
    struct reason why;
    add_up(self);
    if (now.us - self->fleet.read_at.us >= US_PER_MINUTE || self->fleet.read_at.us == 0) {
        enum outcome read = fleet_watch_read(&self->fleet, self->store, &why);
        self->fleet.read_at = now;
        tell(self, "fleet_not_read", read, &why);
        looker_see_fleet(self->looker, &self->fleet.fleet);
    }
}
