/* folded.h - one event into a fold, where tests have no batch. It waits until the fold settles. */
#ifndef SLIPSTREAM_TESTS_FOLDED_H
#define SLIPSTREAM_TESTS_FOLDED_H

#include "slipstream/fold.h"

static inline enum fold_result fold_event(struct fold *fold, uint32_t agency, uint32_t service,
                                          const struct signal_event *event, struct event_time arrived)
{
    struct fold_counts counts = {0};
    uint32_t cell = fold_cell(fold, agency, service, event->channel);
    struct fold_entry entry;
    fold_entry_set(&entry, event, cell);
    fold_events(fold, &entry, 1, arrived, &counts);
    for (unsigned r = 0; r < FOLD_RESULTS; r++) {
        if (counts.results[event->channel][r]) {
            return (enum fold_result)r;
        }
    }
    return FOLD_RESULTS;
}

#endif
