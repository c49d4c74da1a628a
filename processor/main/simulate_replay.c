/* simulate_replay.c - rows become events a minute, evenly over the time that they stand for. */
#include "simulate_replay.h"

#include "command.h"
#include "simulate_replay_rows.h"

#include <stdlib.h>

struct replay {
    struct passing passing;
    struct replay_rows rows;
    size_t first; /* of the rows that are not over */
};

static void join_row(struct replay *self, struct replay_row *row, struct pane *minute, int64_t now_us)
{
    int64_t more = replay_row_due(row, now_us) - row->placed;
    if (more == 0) {
        return;
    }
    row->placed += more;
    pane_add(minute, row->counters, row->counter_count, (int32_t)more);
    minute->touches += (int32_t)more - 1;
    struct fold_cell *cell = fold_cell_at(self->passing.fold, row->cell);
    ASSERT(cell_join(&cell->cell, minute, fold_as_of(self->passing.fold)) == CELL_APPLIED);
    pane_clear(minute);
}

static void pass_minute(struct replay *self, int64_t start_us)
{
    struct pane minute = {.index = start_us / US_PER_MINUTE};
    int64_t now_us = start_us + US_PER_MINUTE;
    fold_advance(self->passing.fold, (struct event_time){now_us});
    while (self->first < self->rows.count && self->rows.items[self->first].to_us <= start_us) {
        self->first++;
    }
    for (size_t i = self->first; i < self->rows.count && self->rows.items[i].from_us < now_us; i++) {
        join_row(self, &self->rows.items[i], &minute, now_us);
    }
}

static void pass_time(struct replay *self)
{
    int64_t begin_us = time_floor(self->rows.items[0].from_us, US_PER_MINUTE) * US_PER_MINUTE;
    passing_begin(&self->passing, (struct event_time){begin_us});
    for (int64_t at_us = begin_us; at_us < self->rows.end_us && !signals_stop(); at_us += US_PER_MINUTE) {
        pass_minute(self, at_us);
        passing_minute(&self->passing, (struct event_time){at_us + US_PER_MINUTE});
    }
    if (!signals_stop()) {
        passing_end(&self->passing, (struct event_time){self->rows.end_us});
    }
}

bool simulate_replay(const struct replay_settings *settings)
{
    static const struct fold_limits limits = {.ids_max = 16,
                                              .horizon_us = US_PER_HOUR,
                                              .agencies_max = REPLAY_AGENCIES_MAX,
                                              .services_max = REPLAY_SERVICES_MAX};
    struct replay self = {.first = 0};
    passing_open(&self.passing, &settings->passing, &limits);
    bool fine = replay_rows_read(&self.rows, settings, self.passing.fold);
    if (fine) {
        signals_catch();
        pass_time(&self);
    }
    free(self.rows.items);
    passing_close(&self.passing);
    return fine && !signals_stop();
}
