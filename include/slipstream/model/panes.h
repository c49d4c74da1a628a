/* panes.h - a cell's history: what one (agency, service, channel) counted, in panes of a minute, an hour and six hours.
 *
 * Shape: three rings of panes, the newest dense and open, the others sparse and encoded (a gap, masks of the non-zero
 * counters, their numbers in bits), in memory as in Redis. Every event is in all three rings, as far as they reach. The open panes
 * cascade: the open hour holds what its closed minutes held, the open six hours what its closed hours held, so that an
 * event touches one dense pane; readers add them up. Counts are signed: a retraction may come first.
 * Units: pane indexes are whole panes since the epoch. Errors: decoding says STOP/bad_state or a newer format.
 * Ownership: a cell owns its memory. */
#ifndef SLIPSTREAM_MODEL_PANES_H
#define SLIPSTREAM_MODEL_PANES_H

#include "slipstream/model/signals.h"

enum resolution { PANE_MINUTE, PANE_HOUR, PANE_SIX_HOURS, RESOLUTIONS };

struct pane_shape {
    int64_t length_us;
    int32_t kept; /* panes, the open one included */
};
/* minute × 120, hour × 240 (the overdispersion of short windows needs ten days), six hours × 252 (nine weeks) */
extern const struct pane_shape pane_shapes[RESOLUTIONS];

/* Windows are the open pane plus as many whole ones, so a 24 h window spans 24 to 25 hours. */
enum window { WINDOW_1H, WINDOW_4H, WINDOW_24H, WINDOW_7D, WINDOW_28D, WINDOWS };
struct window_shape {
    const char *word; /* "1h" */
    enum resolution resolution;
    int32_t panes; /* whole ones, beside the open one */
};
extern const struct window_shape window_shapes[WINDOWS];

/* The pane that holds a moment. */
static inline int64_t pane_at(enum resolution resolution, int64_t at_us)
{
    return time_floor(at_us, pane_shapes[resolution].length_us);
}
/* The first pane of a window that ends with as_of's. */
static inline int64_t window_first_pane(enum window window, struct event_time as_of)
{
    return pane_at(window_shapes[window].resolution, as_of.us) - window_shapes[window].panes;
}

/* One pane's counters, dense; most of them 0. */
#define PANE_GROUP 8
struct pane {
    int64_t index;    /* which; INT64_MIN: holds nothing yet */
    uint64_t groups;  /* bit g: counters 8g to 8g + 7 may not be 0, so that the others are passed over */
    int32_t touches;  /* events added, either sign: no counter's size exceeds it, so one check bounds all */
    int32_t counts[COUNTERS];
};

/* The closed panes of one resolution, oldest first, encoded one after another. */
struct pane_log {
    uint8_t *data; /* owned */
    uint32_t size, capacity;
    uint32_t start;  /* first byte still kept: expired panes are dropped lazily */
    int64_t first;   /* index of the oldest pane kept; meaningful when size > start */
    int64_t last;    /* index of the newest */
    uint32_t hint_at; /* where a search may begin: an entry's first byte, and the index of the entry before it */
    int64_t hint_before;
};

struct cell { /* what every event needs lies together, first */
    int32_t touches;   /* of the open panes together */
    bool open_changed; /* since the owner last set it to false */
    bool closed_changed[RESOLUTIONS];
    struct pane open[RESOLUTIONS];
    struct pane_log closed[RESOLUTIONS];
};

void cell_init(struct cell *self);
void cell_done(struct cell *self);

/* The first moment that lies in a pane which is still kept. */
int64_t cell_kept_from_us(struct event_time as_of);

enum cell_result { CELL_APPLIED, CELL_LATE /* before every pane kept */, CELL_FULL /* a pane's counters are at their bound */ };

/* Adds an event that happened at at_us. as_of decides which panes are still kept: the highest event time of the task; an
 * event ahead of the clock may be beyond it. LATE and FULL leave every count as it was. */
enum cell_result cell_add(struct cell *self, int64_t at_us, const uint16_t *counters, size_t count, bool retracts,
                          struct event_time as_of);

/* The same for many events of one minute at once, counted in a pane; its index says which. */
enum cell_result cell_join(struct cell *self, const struct pane *minute, struct event_time as_of);

/* One more event in a pane. */
static inline void pane_add(struct pane *pane, const uint16_t *counters, size_t count, int32_t step)
{
    pane->touches++;
    for (size_t i = 0; i < count; i++) {
        pane->groups |= UINT64_C(1) << counters[i] / PANE_GROUP;
        pane->counts[counters[i]] += step;
    }
}
/* The same, with what it says in its marks. */
void pane_mark(struct pane *pane, const struct signal_marks *marks);
void pane_clear(struct pane *pane); /* the index stays */

/* Closes what lies before as_of's panes and forgets what is no longer kept. */
void cell_advance(struct cell *self, struct event_time as_of);
/* Only forgets: as long as any open pane is kept they stay open, so that events which come in the order of their times,
 * but behind those of other cells, need not be put into closed panes. */
void cell_expire(struct cell *self, struct event_time as_of);

/* Adds to sums the panes with first ≤ index ≤ last of a resolution (open ones included). */
void cell_sum(const struct cell *self, enum resolution resolution, int64_t first, int64_t last,
              int64_t sums[COUNTERS]);
/* The same for a window that ends with as_of's pane. */
void cell_window(const struct cell *self, enum window window, struct event_time as_of, int64_t sums[COUNTERS]);
bool cell_is_empty(const struct cell *self);

/* Panes that count by the same share. A list of them is ascending, and no pane is in two. */
struct pane_run {
    int64_t first, last;
    double share;
};
/* Adds share × count of the runs' panes to sums (open panes included). */
void cell_sum_runs(const struct cell *self, enum resolution resolution, const struct pane_run *runs, size_t count,
                   double sums[COUNTERS]);

/* Shows every pane that holds anything, oldest first, the open one last; the counts are borrowed for the call. */
typedef void pane_visitor(void *context, int64_t index, const double counts[COUNTERS]);
void cell_each_pane(const struct cell *self, enum resolution resolution, pane_visitor *visit, void *context);
/* When the oldest six-hour pane begins that holds anything; INT64_MAX: none does. */
int64_t cell_begins_us(const struct cell *self);

/* Bytes for Redis: the open panes, and the closed ones of each resolution apart, since minutes close sixty times as often
 * as hours. A format number first, stable counter ids throughout. */
#define CELL_FORMAT 1
#define CELL_OPEN_SIZE_MAX (RESOLUTIONS * (COUNTERS * 8 + 64))
#define CELL_CLOSED_SIZE_MAX (1u << 20)
void cell_encode_open(const struct cell *self, struct buffer *out);
void cell_encode_closed(const struct cell *self, enum resolution resolution, struct buffer *out);
enum outcome cell_decode_open(struct cell *self, struct span bytes, struct reason *why) MUST_CHECK;
enum outcome cell_decode_closed(struct cell *self, enum resolution resolution, struct span bytes,
                                struct reason *why) MUST_CHECK;

/* Memory it holds, in bytes, for the budget. */
size_t cell_memory(const struct cell *self);

#endif
