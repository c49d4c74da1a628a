/* fold.c - events, each once, into one task's cells; and what has changed in them. */
#include "fold_parts.h"

#include <stdlib.h>

static void set_as_of(struct fold *self, struct event_time as_of)
{
    int64_t minute = time_floor(as_of.us, US_PER_MINUTE);
    self->as_of = as_of;
    self->minute_ends_us = as_of.us > INT64_MAX - US_PER_MINUTE ? INT64_MAX : (minute + 1) * US_PER_MINUTE;
    self->kept_from_us = cell_kept_from_us(as_of);
}

struct fold *fold_open(const struct fold_limits *limits)
{
    struct fold *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->limits = *limits;
    set_as_of(self, (struct event_time){INT64_MIN});
    id_set_init(&self->ids, limits->ids_max, limits->horizon_us);
    return self;
}

void fold_close(struct fold *self)
{
    if (!self) {
        return;
    }
    fold_places_done(self);
    id_set_done(&self->ids);
    waiting_done(&self->waiting);
    free(self);
}

static void cell_changed(struct fold *self, uint32_t position)
{
    struct fold_cell *cell = self->cells[position];
    if (!cell->changed) {
        cell->changed = true;
        self->changed[self->changed_count++] = position;
    }
}

static void see_time(struct fold *self, int64_t event_us, struct event_time arrived)
{
    int64_t seen = event_us < arrived.us ? event_us : arrived.us;
    if (seen >= self->minute_ends_us) { /* so its minute is not the first there is, and its start is a time */
        fold_advance(self, (struct event_time){time_floor(seen, US_PER_MINUTE) * US_PER_MINUTE});
    }
}

/* ---- settle: what waits into its cells ---- */

/* Sorts what waits, up to a moment, by cell, events of one in the order they came; returns how many cells there are. */
static uint32_t sort_waiting(struct fold *self, int64_t last_us)
{
    struct waiting *waiting = &self->waiting;
    uint32_t cells = 0;
    for (uint32_t i = 0; i < waiting->count; i++) {
        if (waiting->events[i].at_us <= last_us && self->settled[waiting->cells[i]]++ == 0) {
            self->settling[cells++] = waiting->cells[i];
        }
    }
    uint32_t before = 0;
    for (uint32_t i = 0; i < cells; i++) { /* from here on: where the next one of the cell goes */
        uint32_t *first = &self->settled[self->settling[i]];
        uint32_t count = *first;
        *first = before;
        before += count;
    }
    for (uint32_t i = 0; i < waiting->count; i++) {
        if (waiting->events[i].at_us <= last_us) {
            waiting->order[self->settled[waiting->cells[i]]++] = i;
        }
    }
    return cells;
}

void fold_guard(struct fold *self, int64_t least)
{
    self->least = least;
}

static struct untold *untold_of(struct fold_cell *cell)
{
    if (!cell->untold) {
        cell->untold = malloc(sizeof *cell->untold);
        ASSERT(cell->untold);
        untold_init(cell->untold);
    }
    return cell->untold;
}

void fold_begin_guard(struct fold *self, int64_t least)
{
    fold_settle(self);
    fold_guard(self, least);
    for (uint32_t i = 0; i < self->cell_count; i++) {
        struct untold untold;
        untold_init(&untold);
        untold_begin(&untold, &self->cells[i]->cell, least, self->as_of);
        if (!untold_is_empty(&untold) || self->cells[i]->untold) { /* one that was stored is replaced */
            untold.waiting_changed = true;
            memset(untold.shift_changed, true, sizeof untold.shift_changed);
            fold_drop_untold(self->cells[i]);
            *untold_of(self->cells[i]) = untold;
            cell_changed(self, i);
        }
    }
}

struct untold *fold_untold(struct fold *self, uint32_t cell)
{
    return untold_of(fold_cell_at(self, cell));
}

/* A minute's pane into its cell. */
static void join(struct fold *self, struct fold_cell *cell, struct pane *minute)
{
    enum cell_result joined = minute->touches ? cell_join(&cell->cell, minute, self->as_of) : CELL_LATE;
    if (joined == CELL_FULL) {
        self->limited.full += (uint64_t)minute->touches;
    } else if (joined == CELL_APPLIED && self->least > 0 && !untold_is_group(minute, self->least)) {
        untold_add(untold_of(cell), minute, self->least, self->as_of);
    }
    pane_clear(minute);
}

#define EVENTS_AHEAD 4

/* The events of one cell are counted by minute; the minutes go in in their order, oldest first. */
static void settle_cell(struct fold *self, struct fold_cell *cell, const uint32_t *order, uint32_t count)
{
    struct agency *agency = self->agencies[cell->agency];
    int64_t newest = INT64_MIN;
    for (uint32_t i = 0; i < count; i++) {
        const struct signal_marks *event = &self->waiting.events[order[i]];
        if (i + EVENTS_AHEAD < count) {
            __builtin_prefetch(&self->waiting.events[order[i + EVENTS_AHEAD]]);
        }
        int64_t index = time_floor(event->at_us, US_PER_MINUTE);
        struct pane *minute = &self->minutes[(uint64_t)index % MINUTES];
        if (minute->index != index) {
            join(self, cell, minute);
            minute->index = index;
        }
        pane_mark(minute, event);
        newest = index > newest ? index : newest;
        agency->shown.oldest_us = event->at_us < agency->shown.oldest_us ? event->at_us : agency->shown.oldest_us;
    }
    for (unsigned i = 1; i <= MINUTES; i++) {
        join(self, cell, &self->minutes[((uint64_t)newest + i) % MINUTES]);
    }
    agency->shown.touched = true;
    self->limited.other += cell->is_other ? count : 0;
}

/* Has the memory brought near that the cell after next will need, and then what of its minutes' log is read. */
static inline void fetch_cell(const struct fold_cell *cell)
{
    const char *at = (const char *)cell;
    size_t size = offsetof(struct fold_cell, cell.open[PANE_SIX_HOURS]);
    for (size_t line = 0; line < size; line += 64) {
        __builtin_prefetch(at + line, 1);
    }
    __builtin_prefetch(cell->cell.closed, 1);
}

static inline void fetch_log(const struct fold_cell *cell)
{
    const struct pane_log *log = &cell->cell.closed[PANE_MINUTE];
    uint32_t end = log->size - log->hint_at < 1024 ? log->size : log->hint_at + 1024;
    for (uint32_t at = log->hint_at; at < end; at += 64) { /* where a search for a late minute begins */
        __builtin_prefetch(log->data + at, 1);
    }
}

static void settle_until(struct fold *self, int64_t last_us)
{
    uint32_t cells = sort_waiting(self, last_us);
    uint32_t first = 0;
    for (uint32_t i = 0; i < cells; i++) {
        struct fold_cell *cell = self->cells[self->settling[i]];
        if (i + 2 < cells) {
            fetch_cell(self->cells[self->settling[i + 2]]);
        }
        if (i + 1 < cells) {
            fetch_log(self->cells[self->settling[i + 1]]);
        }
        uint32_t end = self->settled[self->settling[i]];
        settle_cell(self, cell, self->waiting.order + first, end - first);
        cell_changed(self, self->settling[i]);
        self->settled[self->settling[i]] = 0;
        first = end;
    }
    waiting_keep_after(&self->waiting, last_us);
}

void fold_settle(struct fold *self)
{
    settle_until(self, INT64_MAX);
}

/* ---- let in: each event once, and none too late ---- */

#define RECENT_MINUTES 64

/* Of the minutes that came last there is more to come, and what comes to a cell's minute later costs as much again: so
 * as many whole minutes as half of what waits go in first. The last moment of those; INT64_MAX: all of it goes in. */
static int64_t older_half_ends(const struct fold *self)
{
    const struct waiting *waiting = &self->waiting;
    uint32_t counts[RECENT_MINUTES] = {0};
    int64_t newest = INT64_MIN;
    for (uint32_t i = 0; i < waiting->count; i++) {
        newest = waiting->events[i].at_us > newest ? waiting->events[i].at_us : newest;
    }
    int64_t first = time_floor(newest, US_PER_MINUTE) - RECENT_MINUTES + 1; /* with all that is older */
    for (uint32_t i = 0; i < waiting->count; i++) {
        int64_t minute = time_floor(waiting->events[i].at_us, US_PER_MINUTE);
        counts[minute > first ? minute - first : 0]++;
    }
    uint32_t older = 0;
    unsigned minutes = 0;
    while (older < waiting->count / 2) {
        older += counts[minutes++];
    }
    return older < waiting->count ? (first + minutes) * US_PER_MINUTE - 1 : INT64_MAX;
}

static enum fold_result let_in(struct fold *self, const struct fold_entry *entry, struct event_time arrived)
{
    if (!id_set_add(&self->ids, entry->id)) {
        return FOLD_DUPLICATE;
    }
    self->fresh_ids++;
    see_time(self, entry->marks.at_us, arrived);
    if (entry->marks.at_us < self->kept_from_us) {
        return FOLD_LATE;
    }
    if (self->waiting.count == WAITING_MAX) {
        settle_until(self, older_half_ends(self));
    }
    waiting_add(&self->waiting, entry->cell, &entry->marks);
    return FOLD_APPLIED;
}

#define IDS_AHEAD 8 /* so many events take about as long as memory does */

void fold_events(struct fold *self, const struct fold_entry *entries, size_t count, struct event_time arrived,
                 struct fold_counts *counts)
{
    id_set_advance(&self->ids, arrived);
    for (size_t i = 0; i < count; i++) {
        if (i + IDS_AHEAD < count) {
            id_set_fetch(&self->ids, entries[i + IDS_AHEAD].id);
        }
        counts->results[entries[i].channel][let_in(self, &entries[i], arrived)]++;
    }
}

/* ---- time, and what has changed ---- */

struct event_time fold_as_of(const struct fold *self)
{
    return self->as_of;
}

static bool has_closed_change(const struct cell *cell)
{
    bool changed = false;
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        changed |= cell->closed_changed[r];
    }
    return changed;
}

void fold_advance(struct fold *self, struct event_time as_of)
{
    if (as_of.us <= self->as_of.us) {
        return;
    }
    bool new_hour = time_floor(as_of.us, US_PER_HOUR) != time_floor(self->as_of.us, US_PER_HOUR);
    set_as_of(self, as_of);
    for (uint32_t i = 0; new_hour && i < self->cell_count; i++) {
        struct fold_cell *cell = self->cells[i];
        cell_expire(&cell->cell, as_of);
        if (cell->untold && untold_is_empty(cell->untold) && !untold_has_changed(cell->untold)) {
            fold_drop_untold(cell); /* which is stored */
        }
        if (cell->untold) {
            untold_expire(cell->untold, as_of);
        }
        if (cell->cell.open_changed || has_closed_change(&cell->cell) ||
            (cell->untold && untold_has_changed(cell->untold))) {
            cell_changed(self, i);
        }
    }
}

struct fold_changes fold_changes(const struct fold *self)
{
    ASSERT(self->waiting.count == 0);
    size_t fresh = self->fresh_ids < self->ids.count ? self->fresh_ids : self->ids.count;
    return (struct fold_changes){
        .cells = self->changed,
        .cell_count = self->changed_count,
        .id_count = fresh,
    };
}

uint64_t fold_fresh_id(const struct fold *self, size_t number)
{
    return id_set_at(&self->ids, self->ids.count - fold_changes(self).id_count + number);
}

void fold_changes_taken(struct fold *self)
{
    for (uint32_t i = 0; i < self->changed_count; i++) {
        self->cells[self->changed[i]]->changed = false;
    }
    self->changed_count = 0;
    self->fresh_ids = 0;
}

void fold_remember(struct fold *self, const uint64_t *ids, size_t count, struct event_time arrived)
{
    id_set_advance(&self->ids, arrived);
    for (size_t i = 0; i < count; i++) {
        id_set_add(&self->ids, ids[i]);
    }
}

int64_t fold_horizon_us(const struct fold *self)
{
    return id_set_reach_us(&self->ids);
}

uint64_t fold_ids_forgotten(const struct fold *self)
{
    return self->ids.forgotten;
}

size_t fold_id_count(const struct fold *self)
{
    return self->ids.count;
}

struct fold_limited fold_limited(const struct fold *self)
{
    return self->limited;
}

size_t fold_memory(const struct fold *self)
{
    size_t size = id_set_memory(&self->ids) + waiting_memory(&self->waiting);
    for (uint32_t i = 0; i < self->cell_count; i++) {
        size += sizeof(struct fold_cell) - sizeof(struct cell) + cell_memory(&self->cells[i]->cell);
        size += self->cells[i]->untold ? untold_memory(self->cells[i]->untold) : 0;
    }
    return size;
}
