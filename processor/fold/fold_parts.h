/* fold_parts.h - what fold.c and fold_places.c share: what a fold is made of. */
#ifndef SLIPSTREAM_FOLD_PARTS_H
#define SLIPSTREAM_FOLD_PARTS_H

#include "slipstream/fold.h"

#include "id_set.h"
#include "waiting.h"

struct name; /* and the position it stands for: fold_places.c's own */

struct agency {
    struct fold_agency shown; /* first: what fold_agency_at hands out */
    struct name *names;       /* of its services */
    uint32_t service_capacity;
    bool is_other;
    bool has_other; /* one of its services is FOLD_OTHER */
};

#define MINUTES 16 /* of one cell that are counted side by side */

struct fold {
    struct fold_limits limits;
    struct id_set ids;
    struct waiting waiting;
    uint32_t *settling;           /* cells that events wait for; as many as there are fit */
    uint32_t *settled;            /* of each cell: its events, while they are sorted */
    struct pane minutes[MINUTES]; /* of one cell, while its events are counted */
    struct fold_limited limited;
    int64_t least;      /* people: fewer that come together are held back */
    struct name *names; /* of agencies */
    struct agency **agencies;
    uint32_t agency_count, agency_capacity;
    bool has_other; /* one of them is FOLD_OTHER */
    struct fold_cell **cells;
    uint32_t cell_count, cell_capacity;
    uint32_t *changed; /* cells; as many as there are fit */
    uint32_t changed_count;
    size_t fresh_ids; /* the last that came: not taken yet */
    struct event_time as_of;
    int64_t minute_ends_us; /* as_of's; what happened before it does not move it on */
    int64_t kept_from_us;   /* what happened before it is in no pane that is kept */
};

/* fold_places.c */

/* Frees every agency, service and cell, and what there is one of for each cell. */
void fold_places_done(struct fold *self);
/* What a cell holds back goes. */
void fold_drop_untold(struct fold_cell *cell);

#endif
