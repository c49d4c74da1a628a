/* roll.c - adds up panes into windows. */
#include "slipstream/roll.h"

void roll_windows(const struct cell *cell, struct event_time as_of, struct window_sums *sums)
{
    memset(sums, 0, sizeof *sums);
    for (unsigned w = 0; w < WINDOWS; w++) {
        cell_window(cell, (enum window)w, as_of, sums->counts[w]);
    }
}
