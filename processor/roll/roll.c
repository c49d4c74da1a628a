/* roll.c - adds up panes into windows. */
#include "slipstream/roll.h"

void roll_windows(const struct cell *cell, struct event_time as_of, struct window_sums *sums)
{
    memset(sums, 0, sizeof *sums);
    for (unsigned w = 0; w < WINDOWS; w++) {
        cell_window(cell, (enum window)w, as_of, sums->counts[w]);
    }
}

int64_t roll_window_length_us(enum window window)
{
    const struct window_shape *shape = &window_shapes[window];
    return shape->panes * pane_shapes[shape->resolution].length_us;
}

struct event_time roll_window_start(enum window window, struct event_time as_of)
{
    int64_t length_us = pane_shapes[window_shapes[window].resolution].length_us;
    return (struct event_time){window_first_pane(window, as_of) * length_us};
}
