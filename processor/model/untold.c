/* untold.c - events wait until they are of enough people, and then count as one. */
#include "slipstream/model/untold.h"

#include "pane_log.h"

#include <stdlib.h>

void untold_init(struct untold *self)
{
    *self = (struct untold){0};
}

void untold_done(struct untold *self)
{
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        pane_log_done(&self->shift[r]);
    }
    free(self->waiting);
    *self = (struct untold){0};
}

/* At least so many: each of them changed the sum by one. */
static int64_t people_in(const struct pane *pane)
{
    int64_t interactions = llabs((long long)pane->counts[COUNTER_INTERACTIONS]);
    int64_t answers = llabs((long long)pane->counts[signal_table[SIGNAL_SURVEY_ANSWERED].first + 1]);
    return interactions > answers ? interactions : answers;
}

bool untold_is_group(const struct pane *minute, int64_t least)
{
    return people_in(minute) >= least;
}

/* ---- panes ---- */

/* The oldest pane of a resolution that a window reaches. */
static int64_t first_reached(unsigned resolution, struct event_time as_of)
{
    int32_t reach = 0;
    for (unsigned w = 0; w < WINDOWS; w++) {
        bool is_longer = window_shapes[w].resolution == resolution && window_shapes[w].panes > reach;
        reach = is_longer ? window_shapes[w].panes : reach;
    }
    return pane_at(resolution, as_of.us) - reach;
}

static struct pane negated(const struct pane *pane)
{
    struct pane made = *pane;
    for (unsigned i = 0; i < COUNTERS; i++) {
        made.counts[i] = -made.counts[i];
    }
    return made;
}

/* Adds to the public pane of a time. A pane that is full, after 2^31 events, stays as it is. */
static void shift_pane(struct untold *self, unsigned resolution, int64_t at_us, const struct pane *by,
                       struct event_time as_of)
{
    int64_t index = pane_at(resolution, at_us);
    if (by->touches && index >= first_reached(resolution, as_of)) {
        self->shift_changed[resolution] |= pane_log_join(&self->shift[resolution], index, by);
    }
}

/* ---- those who wait ---- */

static struct pane waiting_of(const struct untold *self)
{
    struct pane waiting = {.index = INT64_MIN};
    if (self->waiting) {
        body_read(self->waiting, &waiting);
    }
    return waiting;
}

static void wait_as(struct untold *self, const struct pane *waiting, int64_t newest_us)
{
    uint8_t body[PANE_BODY_MAX];
    size_t size = waiting ? body_put(waiting, body) : 0;
    free(self->waiting);
    self->waiting = NULL;
    self->waiting_size = (uint32_t)size;
    self->newest_us = newest_us;
    self->waiting_changed = true;
    if (size) {
        self->waiting = malloc(size + BODY_SLACK);
        ASSERT(self->waiting);
        memcpy(self->waiting, body, size);
    }
}

/* A pane of a resolution; finer ones are beyond every window's reach. */
static void add(struct untold *self, const struct pane *pane, unsigned finest, int64_t least, struct event_time as_of)
{
    int64_t at_us = pane->index * pane_shapes[finest].length_us;
    int64_t told_us = self->waiting && self->newest_us > at_us ? self->newest_us : at_us;
    if (!self->waiting && untold_is_group(pane, least)) {
        return; /* told where it is */
    }
    struct pane waiting = waiting_of(self);
    const struct pane taken = negated(pane);
    if (waiting.touches > INT32_MAX - pane->touches) {
        return; /* 2^31 events behind many others: they are public as they come */
    }
    struct pane together = waiting;
    pane_join(pane, &together);
    bool is_enough = people_in(&together) >= least;
    for (unsigned r = finest; r < RESOLUTIONS; r++) {
        bool is_there = is_enough && pane_at(r, at_us) == pane_at(r, told_us);
        if (!is_there) {
            shift_pane(self, r, at_us, &taken, as_of);
        }
        if (is_enough) {
            shift_pane(self, r, told_us, is_there ? &waiting : &together, as_of);
        }
    }
    wait_as(self, is_enough ? NULL : &together, told_us);
}

void untold_add(struct untold *self, const struct pane *minute, int64_t least, struct event_time as_of)
{
    add(self, minute, PANE_MINUTE, least, as_of);
}

/* ---- a cell of which nothing was public ---- */

struct beginning {
    struct untold *untold;
    unsigned finest;
    int64_t first, end; /* panes */
    int64_t least;
    struct event_time as_of;
};

static void begin_pane(void *context, int64_t index, const double counts[COUNTERS])
{
    const struct beginning *self = context;
    struct pane pane = {.index = index, .touches = 1};
    if (index < self->first || index >= self->end) {
        return;
    }
    for (unsigned i = 0; i < COUNTERS; i++) {
        int32_t count = (int32_t)counts[i];
        pane.counts[i] = count;
        pane.touches = abs(count) > pane.touches ? abs(count) : pane.touches; /* at least so many */
        pane.groups |= count ? UINT64_C(1) << i / PANE_GROUP : 0;
    }
    add(self->untold, &pane, self->finest, self->least, self->as_of);
}

/* Six hours as far as no window of hours reaches, hours as far as none of minutes does, then minutes. */
void untold_begin(struct untold *self, const struct cell *cell, int64_t least, struct event_time as_of)
{
    int64_t minutes_us = pane_at(PANE_HOUR, first_reached(PANE_MINUTE, as_of) * US_PER_MINUTE) * US_PER_HOUR;
    int64_t six_us = pane_shapes[PANE_SIX_HOURS].length_us;
    int64_t hours_us = pane_at(PANE_SIX_HOURS, first_reached(PANE_HOUR, as_of) * US_PER_HOUR) * six_us;
    const struct beginning steps[] = {
        {self, PANE_SIX_HOURS, first_reached(PANE_SIX_HOURS, as_of), hours_us / six_us, least, as_of},
        {self, PANE_HOUR, hours_us / US_PER_HOUR, minutes_us / US_PER_HOUR, least, as_of},
        {self, PANE_MINUTE, minutes_us / US_PER_MINUTE, INT64_MAX, least, as_of},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct beginning step = steps[i];
        cell_each_pane(cell, (enum resolution)step.finest, begin_pane, &step);
    }
}

/* ---- reading ---- */

void untold_expire(struct untold *self, struct event_time as_of)
{
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        self->shift_changed[r] |= pane_log_expire(&self->shift[r], first_reached(r, as_of));
    }
}

void untold_sum(const struct untold *self, enum resolution resolution, int64_t first, int64_t last,
                int64_t sums[COUNTERS])
{
    pane_log_sum(&self->shift[resolution], first, last, sums);
}

void untold_window(const struct untold *self, enum window window, struct event_time as_of, int64_t sums[COUNTERS])
{
    enum resolution resolution = window_shapes[window].resolution;
    untold_sum(self, resolution, window_first_pane(window, as_of), pane_at(resolution, as_of.us), sums);
}

void untold_sum_runs(const struct untold *self, enum resolution resolution, const struct pane_run *runs, size_t count,
                     double sums[COUNTERS])
{
    pane_log_sum_runs(&self->shift[resolution], runs, count, sums);
}

void untold_each_pane(const struct untold *self, enum resolution resolution, pane_visitor *visit, void *context)
{
    double sums[COUNTERS] = {0};
    pane_log_each(&self->shift[resolution], INT64_MAX, visit, context, sums);
}

bool untold_is_empty(const struct untold *self)
{
    bool empty = !self->waiting;
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        empty &= pane_log_is_empty(&self->shift[r]);
    }
    return empty;
}

bool untold_has_changed(const struct untold *self)
{
    bool changed = self->waiting_changed;
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        changed |= self->shift_changed[r];
    }
    return changed;
}

void untold_changes_taken(struct untold *self)
{
    self->waiting_changed = false;
    memset(self->shift_changed, 0, sizeof self->shift_changed);
}

/* ---- bytes ---- */

void untold_encode(const struct untold *self, struct buffer *out)
{
    buffer_u8(out, UNTOLD_FORMAT);
    buffer_span(out, span_of(self->waiting, self->waiting_size));
    buffer_zigzag(out, self->waiting ? self->newest_us : 0);
}

void untold_encode_shift(const struct untold *self, enum resolution resolution, struct buffer *out)
{
    buffer_u8(out, UNTOLD_FORMAT);
    pane_log_encode(&self->shift[resolution], out);
}

static enum outcome unreadable(struct span bytes, struct reason *why)
{
    uint8_t format = bytes.size ? *bytes.data : 0;
    return FAIL(why, STOP, REASON_BAD_STATE, "what is held back, %zu bytes of format %u, cannot be read", bytes.size,
                format);
}

enum outcome untold_decode(struct untold *self, struct span bytes, struct reason *why)
{
    struct cursor in = cursor_over(bytes);
    struct pane waiting = {.index = INT64_MIN};
    uint8_t format = cursor_u8(&in);
    struct span body = cursor_span(&in);
    int64_t newest_us = cursor_zigzag(&in);
    if (in.broken || format != UNTOLD_FORMAT || cursor_left(&in) || (body.size && !body_take(body, &waiting))) {
        return unreadable(bytes, why);
    }
    wait_as(self, body.size ? &waiting : NULL, newest_us);
    self->waiting_changed = false;
    return DONE;
}

enum outcome untold_decode_shift(struct untold *self, enum resolution resolution, struct span bytes, struct reason *why)
{
    struct cursor in = cursor_over(bytes);
    struct pane_log log = {0};
    uint8_t format = cursor_u8(&in);
    if (in.broken || format != UNTOLD_FORMAT || !pane_log_decode(&log, &in)) {
        return unreadable(bytes, why);
    }
    if (cursor_left(&in)) {
        pane_log_done(&log);
        return unreadable(bytes, why);
    }
    pane_log_done(&self->shift[resolution]);
    self->shift[resolution] = log;
    return DONE;
}

size_t untold_memory(const struct untold *self)
{
    size_t size = sizeof *self + self->waiting_size + (self->waiting ? BODY_SLACK : 0);
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        size += self->shift[r].capacity;
    }
    return size;
}
