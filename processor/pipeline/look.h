/* look.h - one look at a task: panes → windows → scores → episodes, and what is to be published of them. */
#ifndef SLIPSTREAM_PIPELINE_LOOK_H
#define SLIPSTREAM_PIPELINE_LOOK_H

#include "outputs.h"
#include "records.h"
#include "task.h"

enum look_kind {
    LOOK_REFRESH, /* the agencies that were touched: scores and the view follow */
    LOOK_ALL,     /* the same of all agencies */
    LOOK_MINUTE,  /* a minute boundary: all agencies, and episodes may open and close */
};

struct looker; /* scratch for the figures of one agency; one a stage */
struct looker *looker_open(const struct score_settings *settings);
void looker_close(struct looker *self);
/* The settings have another scoring. */
void looker_methods_changed(struct looker *self);
/* The agencies together, as they were last: looks compare with them. Copied. */
void looker_see_fleet(struct looker *self, const struct fleet *fleet);

/* Appends to outputs; adds to the task's outbox. */
void look(struct looker *self, struct task *task, enum look_kind kind, struct event_time now, struct outputs *outputs);

#endif
