/* import_run.c - the passes over the files. */
#include "import_run.h"

#include <errno.h>
#include <string.h>

/* What a pass does with a row that could be read. SKIP: it is rejected. */
typedef enum outcome (*row_visit)(struct import_run *self, size_t file, const struct row *row,
                                  struct interaction *interaction, struct rejection *rejection, struct reason *why);

static enum outcome take_row(struct import_run *self, size_t file, const struct row *row, row_visit visit,
                             struct rejection *rejection, struct reason *why)
{
    struct row_texts texts;
    struct interaction interaction;
    struct time_bounds any = row_bounds_none();
    TRY(row_read(self->mapping, row->values, &texts, &interaction, rejection));
    TRY(row_check(&interaction, &any, self->clock->wall(self->clock), rejection));
    return visit(self, file, row, &interaction, rejection, why);
}

/* One row of a file: read, judged, visited. `again`: it was counted, and rejected where it had to be, before. */
static enum outcome next_row(struct import_run *self, size_t file, row_visit visit, bool again, bool *ended,
                             struct reason *why)
{
    struct row row;
    struct rejection rejection;
    enum read_result result = reader_next(self->readers[file], &row, &rejection);
    *ended = result == READ_END;
    if (result == READ_END) {
        return DONE;
    }
    if (result == READ_FAILED) {
        return FAIL(why, STOP, REASON_FATAL, "%.100s: %s", self->files[file], strerror(errno));
    }
    enum outcome outcome = result == READ_ROW ? take_row(self, file, &row, visit, &rejection, why) : SKIP;
    self->report->rows += !again;
    if (outcome == SKIP && !again) {
        report_rejected(self->report, self->files[file], row.line, &rejection);
    }
    report_progress(self->report, self->clock->mono(self->clock));
    return outcome == SKIP ? DONE : outcome;
}

static enum outcome each_row(struct import_run *self, row_visit visit, bool again, struct reason *why)
{
    size_t rows = 0;
    for (size_t file = 0; file < self->file_count; file++) {
        bool ended = false;
        while (!ended) {
            if (signals_stop() || rows == self->limit) {
                return DONE;
            }
            TRY(next_row(self, file, visit, again, &ended, why));
            rows += !ended;
        }
    }
    return DONE;
}

/* ---- what a pass does with a row ---- */

static enum outcome visit_send(struct import_run *self, size_t file, const struct row *row,
                               struct interaction *interaction, struct rejection *rejection, struct reason *why)
{
    (void)file;
    (void)row;
    struct time_bounds bounds = row_bounds();
    if (self->rebases) {
        row_rebase(&self->rebase, interaction);
    }
    TRY(row_check(interaction, &bounds, self->clock->wall(self->clock), rejection));
    enum outcome put = sender_put(self->sender, interaction, why);
    if (put == SKIP) {
        return reject(rejection, reason_word(why->code), span_of(NULL, 0), "%.180s", why->text);
    }
    if (put == DONE) {
        report_event(self->report, interaction->occurred_at);
    }
    return put;
}

static enum outcome visit_order(struct import_run *self, size_t file, const struct row *row,
                                struct interaction *interaction, struct rejection *rejection, struct reason *why)
{
    (void)rejection;
    (void)why;
    struct order_row known = {
        .us = interaction->occurred_at,
        .offset = row->offset,
        .line = (uint32_t)row->line,
        .file = (uint32_t)file,
    };
    order_add(&self->order, &known);
    return DONE;
}

/* ---- to rebase ---- */

static enum outcome send_by_time(struct import_run *self, struct reason *why)
{
    for (size_t i = 0; i < self->order.kept && !signals_stop(); i++) {
        const struct order_row *known = &self->order.rows[i];
        bool ended;
        size_t before = self->report->events;
        reader_seek(self->readers[known->file], known->offset, known->line);
        TRY(next_row(self, known->file, visit_send, true, &ended, why));
        if (self->report->events == before) {
            return FAIL(why, STOP, REASON_FATAL, "%.100s:%u: the row has changed since it was read first",
                        self->files[known->file], known->line);
        }
    }
    return DONE;
}

static enum outcome send_by_file(struct import_run *self, struct reason *why)
{
    for (size_t file = 0; file < self->file_count; file++) {
        reader_rewind(self->readers[file]);
    }
    TRY(each_row(self, visit_send, true, why));
    if (self->report->events != self->order.count && !signals_stop()) {
        return FAIL(why, STOP, REASON_FATAL, "%zu rows were valid when read first, %zu when read again",
                    self->order.count, self->report->events);
    }
    return DONE;
}

static enum outcome run_twice(struct import_run *self, struct reason *why)
{
    TRY(each_row(self, visit_order, false, why));
    int64_t now_us = self->clock->wall(self->clock).us;
    self->rebase =
        (struct rebase){self->order.first_us, self->order.last_us, now_us - REBASE_DAYS * US_PER_DAY, now_us};
    self->by_time = order_sort(&self->order);
    return self->by_time ? send_by_time(self, why) : send_by_file(self, why);
}

enum outcome import_run(struct import_run *self, struct reason *why)
{
    order_init(&self->order, self->rows_max);
    enum outcome sent = self->rebases ? run_twice(self, why) : each_row(self, visit_send, false, why);
    order_done(&self->order);
    struct reason later;
    enum outcome flushed = sender_flush(self->sender, sent == DONE ? why : &later);
    return sent == DONE ? flushed : sent;
}
