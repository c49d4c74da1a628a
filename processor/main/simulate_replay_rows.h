/* simulate_replay_rows.h - the rows of a replay: what each counts, how often, and over what time. */
#ifndef SLIPSTREAM_MAIN_SIMULATE_REPLAY_ROWS_H
#define SLIPSTREAM_MAIN_SIMULATE_REPLAY_ROWS_H

#include "simulate_replay.h"

#define REPLAY_ROWS_MAX     1000000
#define REPLAY_AGENCIES_MAX 1000
#define REPLAY_SERVICES_MAX 1000
#define REPLAY_COUNT_MAX    INT64_C(1000000000) /* of one row */

struct replay_row {
    int64_t from_us, to_us;
    int64_t count, placed;
    uint32_t cell;
    uint16_t counter_count;
    uint16_t counters[EVENT_COUNTERS_MAX];
};
struct replay_rows {
    struct replay_row *items; /* owned by who asked; by from_us */
    size_t count, capacity;
    int64_t end_us;
};
/* False: a problem was told on stderr, or no row is of use. Rejected rows are told, and left out. */
bool replay_rows_read(struct replay_rows *self, const struct replay_settings *settings, struct fold *fold);
/* How many of a row's have happened by then. */
int64_t replay_row_due(const struct replay_row *row, int64_t now_us);

#endif
