/* progress.h - how far a command is, on a terminal, when it takes longer than two seconds; on stderr, over itself. */
#ifndef SLIPSTREAM_MAIN_PROGRESS_H
#define SLIPSTREAM_MAIN_PROGRESS_H

#include "slipstream/base.h"

struct progress {
    bool terminal; /* false: nothing is ever told */
    bool telling;  /* a line of it stands on the terminal */
    struct mono_time begun, told;
};
void progress_init(struct progress *self, struct mono_time now);
/* Whether to tell again; the line is clear then, and is the caller's to write to stderr and flush. */
bool progress_is_due(struct progress *self, struct mono_time now);
/* Before anything else is written. */
void progress_clear(struct progress *self);

#endif
