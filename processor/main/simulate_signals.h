/* simulate_signals.h - what cx.signals holds, passed again before those who look, with a scoring file that is to be
 * tried.
 *
 * One partition after another, each from its start to its end as of now, as the score stage reads it: duplicates are
 * left out, what comes late goes where it belongs, and what comes before the panes is left out and counted. Looks are
 * at every minute of the events' own time; what the stage holds back while it is behind its sources is not held back
 * here. Read only, read-committed, without a group: nothing that runs notices. Errors: as the reader's. */
#ifndef SLIPSTREAM_MAIN_SIMULATE_SIGNALS_H
#define SLIPSTREAM_MAIN_SIMULATE_SIGNALS_H

#include "simulate_passing.h"
#include "slipstream/kafka.h"

struct signals_settings {
    struct kafka_settings kafka;
    const char *topic;
    struct fold_limits limits; /* of a partition */
    struct passing_settings passing;
};
struct signals_counts {
    int64_t events, duplicates, late, unreadable; /* unreadable: messages, of which nothing was used */
};

/* All partitions. STOP/aborted: asked to stop. */
enum outcome simulate_signals(const struct signals_settings *settings, struct signals_counts *counts,
                              struct reason *why) MUST_CHECK;

/* The messages of one partition, in their order, without a cluster. */
struct signals_passing;
struct signals_passing *signals_passing_open(const struct signals_settings *settings, struct signals_counts *counts);
void signals_passing_message(struct signals_passing *self, struct span message);
void signals_passing_end(struct signals_passing *self);
void signals_passing_close(struct signals_passing *self);

#endif
