/* keep.h - what cx.signals cannot bring back, kept on cx.state beside Redis: episodes with their ordinals and what their
 * baselines leave out, and pinned references.
 *
 * Shape: a key is the app, a NUL and the field's name in the task's hash; a value is a format byte, the revision (epoch,
 * seq) that the field was stored with, and its value. A key's highest revision counts, wherever it stands: compaction
 * keeps the last record, and a late one of a former owner may come behind. Written after the apply that stores the field,
 * and as a whole after a claim. Read when a claim finds nothing stored: Redis was emptied, or everything is new. */
#ifndef SLIPSTREAM_PIPELINE_KEEP_H
#define SLIPSTREAM_PIPELINE_KEEP_H

#include "outputs.h"
#include "task.h"

/* Of an apply's changes those that are kept, to be published when it was accepted. */
void keep_changes(const struct apply *apply, const char *app, struct outputs *outputs);

/* Reads what was kept of an empty task's agencies into it; *count: how many fields. RETRY: Kafka does not answer. STOP:
 * it cannot be read. */
enum outcome keep_recover(struct task *task, struct table *table, size_t *count, struct reason *why) MUST_CHECK;

#endif
