/* cell.c - one cell's panes at three resolutions: adding, ageing, summing, storing. */
#include "pane_log.h"

#include <stdlib.h>

const struct pane_shape pane_shapes[RESOLUTIONS] = {
    [PANE_MINUTE] = {US_PER_MINUTE, 120},
    [PANE_HOUR] = {US_PER_HOUR, 240},
    [PANE_SIX_HOURS] = {6 * US_PER_HOUR, 252},
};

const struct window_shape window_shapes[WINDOWS] = {
    [WINDOW_1H] = {"1h", PANE_MINUTE, 60},       [WINDOW_4H] = {"4h", PANE_HOUR, 4},
    [WINDOW_24H] = {"24h", PANE_HOUR, 24},       [WINDOW_7D] = {"7d", PANE_SIX_HOURS, 28},
    [WINDOW_28D] = {"28d", PANE_SIX_HOURS, 112},
};

/* The pane that holds a whole minute. */
static int64_t pane_of_minute(enum resolution resolution, int64_t minute)
{
    return time_floor(minute, pane_shapes[resolution].length_us / US_PER_MINUTE);
}

static int64_t first_kept(enum resolution resolution, struct event_time as_of)
{
    return pane_at(resolution, as_of.us) - pane_shapes[resolution].kept + 1;
}

void cell_init(struct cell *self)
{
    memset(self, 0, sizeof *self);
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        self->open[r].index = INT64_MIN;
    }
}

void cell_done(struct cell *self)
{
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        pane_log_done(&self->closed[r]);
    }
}

/* Closes the open pane of a resolution: into the log, and on into the next coarser open pane. */
static void close_pane(struct cell *self, enum resolution resolution, struct event_time as_of)
{
    struct pane *pane = &self->open[resolution];
    if (pane->touches == 0) {
        return;
    }
    if (pane->index >= first_kept(resolution, as_of)) {
        pane_log_append(&self->closed[resolution], pane);
        self->closed_changed[resolution] = true;
    }
    if (resolution + 1 < RESOLUTIONS) {
        pane_join(pane, &self->open[resolution + 1]);
    } else {
        self->touches -= pane->touches;
    }
    pane_clear(pane);
    self->open_changed = true;
}

/* Opens the panes that hold a minute, after closing those that ended before it, finest first: each flows into the next.
 */
static void open_at(struct cell *self, int64_t minute, struct event_time as_of)
{
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        int64_t index = pane_of_minute((enum resolution)r, minute);
        if (self->open[r].index < index) {
            close_pane(self, (enum resolution)r, as_of);
            self->open[r].index = index;
        }
    }
}

static void expire_closed(struct cell *self, struct event_time as_of)
{
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        if (pane_log_expire(&self->closed[r], first_kept((enum resolution)r, as_of))) {
            self->closed_changed[r] = true;
        }
    }
}

void cell_advance(struct cell *self, struct event_time as_of)
{
    open_at(self, pane_at(PANE_MINUTE, as_of.us), as_of);
    expire_closed(self, as_of);
}

void cell_expire(struct cell *self, struct event_time as_of)
{
    if (self->open[PANE_SIX_HOURS].index < first_kept(PANE_SIX_HOURS, as_of)) {
        open_at(self, pane_at(PANE_MINUTE, as_of.us), as_of);
    }
    expire_closed(self, as_of);
}

/* Whether more events can be added without any counter leaving int32: no counter exceeds the touches, and the open
 * panes may yet flow into one. */
static bool has_room(const struct cell *self, const struct pane *more)
{
    return self->touches <= INT32_MAX - more->touches;
}

static void join_open(struct cell *self, enum resolution resolution, const struct pane *more)
{
    pane_join(more, &self->open[resolution]);
    self->touches += more->touches;
    self->open_changed = true;
}

/* The finest resolution whose open pane holds a minute, or RESOLUTIONS. */
static unsigned finest_open(const struct cell *self, int64_t minute)
{
    unsigned r = 0;
    while (r < RESOLUTIONS && self->open[r].index != pane_of_minute((enum resolution)r, minute)) {
        r++;
    }
    return r;
}

/* Events before the open minute go into a pane of each resolution that is kept: into closed ones, and into the finest
 * that is still open, which flows on into the coarser. Coarsest first: a pane has no fewer touches than the finer ones
 * within it, so one that is full shows before anything has changed. */
static enum cell_result join_late(struct cell *self, const struct pane *minute, struct event_time as_of)
{
    unsigned open = finest_open(self, minute->index);
    if (open < RESOLUTIONS && !has_room(self, minute)) {
        return CELL_FULL;
    }
    for (unsigned r = open; r-- > 0;) {
        int64_t index = pane_of_minute((enum resolution)r, minute->index);
        if (index < first_kept((enum resolution)r, as_of)) {
            continue;
        }
        if (!pane_log_join(&self->closed[r], index, minute)) {
            return CELL_FULL;
        }
        self->closed_changed[r] = true;
    }
    if (open < RESOLUTIONS) {
        join_open(self, (enum resolution)open, minute);
    }
    return CELL_APPLIED;
}

int64_t cell_kept_from_us(struct event_time as_of)
{
    int64_t from_us;
    bool is_before_all =
        __builtin_mul_overflow(first_kept(PANE_SIX_HOURS, as_of), pane_shapes[PANE_SIX_HOURS].length_us, &from_us);
    return is_before_all ? INT64_MIN : from_us;
}

enum cell_result cell_join(struct cell *self, const struct pane *minute, struct event_time as_of)
{
    if (pane_of_minute(PANE_SIX_HOURS, minute->index) < first_kept(PANE_SIX_HOURS, as_of)) {
        return CELL_LATE;
    }
    if (minute->index < self->open[PANE_MINUTE].index) {
        return join_late(self, minute, as_of);
    }
    if (minute->index > self->open[PANE_MINUTE].index) {
        open_at(self, minute->index, as_of);
    }
    if (!has_room(self, minute)) {
        return CELL_FULL;
    }
    join_open(self, PANE_MINUTE, minute);
    return CELL_APPLIED;
}

enum cell_result cell_add(struct cell *self, int64_t at_us, const uint16_t *counters, size_t count, bool retracts,
                          struct event_time as_of)
{
    struct pane minute = {.index = pane_at(PANE_MINUTE, at_us)};
    pane_add(&minute, counters, count, retracts ? -1 : 1);
    return cell_join(self, &minute, as_of);
}

/* An open pane's own counts are what its finer panes have already handed on; what they still hold belongs to it too. */
static void sum_open(const struct cell *self, enum resolution resolution, int64_t sums[COUNTERS])
{
    for (unsigned r = 0; r <= (unsigned)resolution; r++) {
        pane_sum(&self->open[r], sums);
    }
}

void cell_sum(const struct cell *self, enum resolution resolution, int64_t first, int64_t last, int64_t sums[COUNTERS])
{
    pane_log_sum(&self->closed[resolution], first, last, sums);
    int64_t open = self->open[resolution].index;
    if (open >= first && open <= last) {
        sum_open(self, resolution, sums);
    }
}

void cell_window(const struct cell *self, enum window window, struct event_time as_of, int64_t sums[COUNTERS])
{
    enum resolution resolution = window_shapes[window].resolution;
    cell_sum(self, resolution, window_first_pane(window, as_of), pane_at(resolution, as_of.us), sums);
}

void cell_sum_runs(const struct cell *self, enum resolution resolution, const struct pane_run *runs, size_t count,
                   double sums[COUNTERS])
{
    uint64_t groups = 0;
    int64_t open = self->open[resolution].index;
    pane_log_sum_runs(&self->closed[resolution], runs, count, sums);
    for (size_t i = 0; i < count; i++) {
        for (unsigned r = 0; open >= runs[i].first && open <= runs[i].last && r <= (unsigned)resolution; r++) {
            pane_sum_share(&self->open[r], runs[i].share, sums, &groups);
        }
    }
}

/* The open pane may have a closed part too: late events went to it before it was opened again by a loaded state. */
void cell_each_pane(const struct cell *self, enum resolution resolution, pane_visitor *visit, void *context)
{
    double sums[COUNTERS] = {0};
    const struct pane_run open = {self->open[resolution].index, self->open[resolution].index, 1};
    int32_t touches = 0;
    for (unsigned r = 0; r <= (unsigned)resolution; r++) {
        touches += self->open[r].touches;
    }
    pane_log_each(&self->closed[resolution], touches ? open.first : INT64_MAX, visit, context, sums);
    if (touches) {
        cell_sum_runs(self, resolution, &open, 1, sums);
        visit(context, open.first, sums);
    }
}

int64_t cell_begins_us(const struct cell *self)
{
    const struct pane_log *log = &self->closed[PANE_SIX_HOURS];
    int64_t first = pane_log_is_empty(log) ? INT64_MAX : log->first;
    if (self->touches && self->open[PANE_SIX_HOURS].index < first) {
        first = self->open[PANE_SIX_HOURS].index;
    }
    return first == INT64_MAX ? INT64_MAX : first * pane_shapes[PANE_SIX_HOURS].length_us;
}

bool cell_is_empty(const struct cell *self)
{
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        if (self->open[r].touches || !pane_log_is_empty(&self->closed[r])) {
            return false;
        }
    }
    return true;
}

void cell_encode_open(const struct cell *self, struct buffer *out)
{
    buffer_u8(out, CELL_FORMAT);
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        uint8_t body[PANE_BODY_MAX];
        size_t size = body_put(&self->open[r], body);
        buffer_zigzag(out, self->open[r].index);
        buffer_span(out, span_of(body, size));
    }
}

void cell_encode_closed(const struct cell *self, enum resolution resolution, struct buffer *out)
{
    buffer_u8(out, CELL_FORMAT);
    pane_log_encode(&self->closed[resolution], out);
}

static enum outcome check_format(struct cursor *in, struct reason *why)
{
    uint8_t format = cursor_u8(in);
    if (format > CELL_FORMAT) {
        return FAIL(why, STOP, REASON_BAD_STATE, "a cell of format %u, written by a newer release", format);
    }
    if (format != CELL_FORMAT) {
        return FAIL(why, STOP, REASON_BAD_STATE, "a cell of the unknown format %u", format);
    }
    return DONE;
}

/* Whether panes can be open together: each within the next coarser one, and room for one to flow into the other. */
static bool open_is_valid(const struct pane open[RESOLUTIONS])
{
    int64_t touches = open[RESOLUTIONS - 1].touches;
    for (unsigned r = 0; r + 1 < RESOLUTIONS; r++) {
        int64_t within = pane_shapes[r + 1].length_us / pane_shapes[r].length_us;
        bool is_new = open[r].index == INT64_MIN && open[r + 1].index == INT64_MIN;
        if (!is_new && time_floor(open[r].index, within) != open[r + 1].index) {
            return false;
        }
        touches += open[r].touches;
    }
    return touches <= INT32_MAX && (open[0].index == INT64_MIN ? touches == 0 : llabs(open[0].index) <= PANE_INDEX_MAX);
}

enum outcome cell_decode_open(struct cell *self, struct span bytes, struct reason *why)
{
    struct cursor in = cursor_over(bytes);
    struct pane open[RESOLUTIONS] = {0};
    TRY(check_format(&in, why));
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        open[r].index = cursor_zigzag(&in);
        struct span body = cursor_span(&in);
        if (in.broken || !body_take(body, &open[r])) {
            return FAIL(why, STOP, REASON_BAD_STATE, "open panes of %zu bytes cannot be read", bytes.size);
        }
    }
    if (cursor_left(&in)) {
        return FAIL(why, STOP, REASON_BAD_STATE, "open panes are followed by %zu bytes", cursor_left(&in));
    }
    if (!open_is_valid(open)) {
        return FAIL(why, STOP, REASON_BAD_STATE, "open panes that cannot be open together");
    }
    memcpy(self->open, open, sizeof open);
    self->touches = 0;
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        self->touches += open[r].touches;
    }
    return DONE;
}

enum outcome cell_decode_closed(struct cell *self, enum resolution resolution, struct span bytes, struct reason *why)
{
    struct cursor in = cursor_over(bytes);
    struct pane_log read = {0};
    TRY(check_format(&in, why));
    if (!pane_log_decode(&read, &in) || cursor_left(&in)) {
        pane_log_done(&read);
        return FAIL(why, STOP, REASON_BAD_STATE, "closed panes of %zu bytes cannot be read", bytes.size);
    }
    pane_log_done(&self->closed[resolution]);
    self->closed[resolution] = read;
    return DONE;
}

size_t cell_memory(const struct cell *self)
{
    size_t size = sizeof *self;
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        size += self->closed[r].capacity;
    }
    return size;
}
