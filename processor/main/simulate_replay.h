/* simulate_replay.h - recorded numbers, spread over the time they were counted in, through the same looks.
 *
 * A row of a file says, through a mapping as `import` has it, what an interaction was like, when its time begins, and
 * how many of its kind there were; they are spread evenly over that time, minute by minute. */
#ifndef SLIPSTREAM_MAIN_SIMULATE_REPLAY_H
#define SLIPSTREAM_MAIN_SIMULATE_REPLAY_H

#include "import_read.h"
#include "simulate_passing.h"

struct replay_settings {
    const char *path, *mapping;
    const char *count; /* the column that has the number; NULL: every row is one */
    bool by_month;     /* a row's time is a calendar month; else a day */
    struct passing_settings passing;
};

/* Reads the file, passes its time, prints scores by month, alerts, and what was good of how many. Problems and
 * rejected rows go to stderr. False: nothing could be replayed, or it was stopped. */
bool simulate_replay(const struct replay_settings *settings);

#endif
