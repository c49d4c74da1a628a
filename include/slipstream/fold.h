/* fold.h - duplicates out; events into the cells of their agency, service and channel.
 *
 * Events that were let in wait a little, and then go into their cells many at a time: fold_settle, before cells are read.
 *
 * A fold is everything one task knows of its agencies: the ids that arrived in the last hour, and the cells. It keeps
 * the highest event time (as_of) and what has changed since the last apply. Pure: time comes in with the calls.
 * Owner: who opened it closes it. Bounds: ids, agencies and services an agency; beyond the last two "_other" counts,
 * which takes no one's place. */
#ifndef SLIPSTREAM_FOLD_H
#define SLIPSTREAM_FOLD_H

#include "slipstream/model.h"

#define FOLD_OTHER AGENCY_OTHER

struct fold_limits {
    size_t ids_max;           /* on overflow the oldest go, and the horizon shortens */
    int64_t horizon_us;       /* how long an id is remembered after it arrived */
    uint32_t agencies_max;
    uint32_t services_max;    /* of one agency */
};

struct fold_cell {
    uint32_t agency;  /* position in the fold's agencies */
    uint32_t service; /* position in that agency's services */
    enum channel channel;
    bool changed;     /* is in the list of changed cells */
    bool is_other;    /* its agency or service is FOLD_OTHER */
    struct cell cell;
    struct untold *untold; /* what is not public yet, or at another time; NULL: there is none. Owned by the fold */
    uint64_t published[WINDOWS]; /* the owner's own: a hash of what it published last */
};
#define FOLD_NONE UINT32_MAX

struct fold_service {
    struct span name; /* owned by the fold */
    uint32_t cells[CHANNELS]; /* positions, or FOLD_NONE */
};

struct fold_agency {
    struct span name;              /* owned by the fold */
    struct fold_service *services; /* owned by the fold */
    uint32_t service_count;
    bool touched;                  /* an event came since the owner last set it to false */
    int64_t oldest_us;             /* its time, or the oldest one's since the owner last set this to INT64_MAX */
    void *attachment;              /* the owner's own; not freed here */
};

struct fold;

struct fold *fold_open(const struct fold_limits *limits);
void fold_close(struct fold *self);

enum fold_result { FOLD_APPLIED, FOLD_DUPLICATE, FOLD_LATE, FOLD_RESULTS };

/* Names are resolved once a batch, not once an event: positions are good until the fold is closed. */
uint32_t fold_agency(struct fold *self, struct span name);
uint32_t fold_service(struct fold *self, uint32_t agency, struct span name);

/* The position of a cell, which is made when it is not there. */
uint32_t fold_cell(struct fold *self, uint32_t agency, uint32_t service, enum channel channel);

/* An event on its way into its cell: which it is, and what it adds. */
struct fold_entry {
    uint64_t id;
    uint32_t cell; /* its position */
    enum channel channel;
    struct signal_marks marks;
};
static inline void fold_entry_set(struct fold_entry *self, const struct signal_event *event, uint32_t cell)
{
    self->id = event->id;
    self->cell = cell;
    self->channel = event->channel;
    signals_mark(event, &self->marks);
}

/* Events that arrived (were written to cx.signals) at arrived. What came of them is added to counts. */
struct fold_counts {
    int64_t results[CHANNELS][FOLD_RESULTS];
};
void fold_events(struct fold *self, const struct fold_entry *entries, size_t count, struct event_time arrived,
                 struct fold_counts *counts);
/* From now on what goes into cells is held back from public figures until it is of so many people (model/untold.h); 0, as
 * it begins: nothing is. What is held back stays so. */
void fold_guard(struct fold *self, int64_t least);
/* The same, of cells of which nothing has been public: what they have counted so far comes in groups, too. */
void fold_begin_guard(struct fold *self, int64_t least);
/* A cell's, which is made when it has none. */
struct untold *fold_untold(struct fold *self, uint32_t cell);
/* Adds what waits to its cells. Before cells are read, or what has changed is asked for. */
void fold_settle(struct fold *self);

/* The highest event minute seen, and never past the time of arrival. */
struct event_time fold_as_of(const struct fold *self);
/* Moves as_of on (never back); once an hour forgets the panes that are no longer kept. */
void fold_advance(struct fold *self, struct event_time as_of);

/* Iteration. */
uint32_t fold_agency_count(const struct fold *self);
struct fold_agency *fold_agency_at(const struct fold *self, uint32_t agency);
uint32_t fold_cell_count(const struct fold *self);
struct fold_cell *fold_cell_at(const struct fold *self, uint32_t cell); /* nothing may wait */

/* What changed since fold_changes_taken: cells (positions), and how many ids came. */
struct fold_changes {
    const uint32_t *cells;
    size_t cell_count;
    size_t id_count;
};
struct fold_changes fold_changes(const struct fold *self);
uint64_t fold_fresh_id(const struct fold *self, size_t number); /* in order of arrival, from 0 */
void fold_changes_taken(struct fold *self); /* the cells' own flags are the caller's to clear */

/* Ids as they were stored: puts them back, oldest first. */
void fold_remember(struct fold *self, const uint64_t *ids, size_t count, struct event_time arrived);
/* How far back every id is remembered: the horizon asked for, or what an overflow has left of it. */
int64_t fold_horizon_us(const struct fold *self);
/* How many of the remembered ids were forgotten so far: the oldest of those ever given to fold_remember or fold_event.
 * What is stored of them can go too. */
uint64_t fold_ids_forgotten(const struct fold *self);
size_t fold_id_count(const struct fold *self);
/* Events that did not go where they belong, of those let in. */
struct fold_limited {
    uint64_t other; /* to _other: beyond the agencies and services there may be */
    uint64_t full;  /* nowhere: no counter had room for them, after 2^31 of one cell and pane */
};
struct fold_limited fold_limited(const struct fold *self);
size_t fold_memory(const struct fold *self);

#endif
