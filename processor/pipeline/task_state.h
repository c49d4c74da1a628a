/* task_state.h - what the fields of a task's hash hold. */
#ifndef SLIPSTREAM_PIPELINE_TASK_STATE_H
#define SLIPSTREAM_PIPELINE_TASK_STATE_H

#include "task.h"

/* Reads every field into an empty task. RETRY, or STOP for state that cannot be read. */
enum outcome task_load(struct task *self, struct store *store, struct reason *why) MUST_CHECK;
/* One field that was kept beside Redis (keep.h). */
enum outcome task_load_kept(struct task *self, struct span name, struct span value, struct reason *why) MUST_CHECK;
/* Every episode there ever was and every pinned reference counts as changed: is stored and kept again. */
void task_state_touch(struct task *self);
/* Everything that has changed since task_state_taken; the same again until then. */
void task_state_changes(struct task *self, struct changes *changes);
void task_state_taken(struct task *self);
/* An apply whose answer was lost turns out to be stored, under a seq that self->seq has grown to by now. */
void task_state_found(struct task *self);

#endif
