/* fold.c - one task's agencies: their names, their cells, and what has changed in them. */
#include "slipstream/fold.h"

#include "id_set.h"

#include <stdlib.h>
#define HASH_FUNCTION(key, size, hash) ((hash) = (unsigned)hash64(span_of((key), (size)), 0))
#define uthash_fatal(msg)              assert_failed(msg, __FILE__, __LINE__)
#include <uthash.h>

/* A name and the position it stands for. */
struct name {
    UT_hash_handle hh;
    uint32_t position;
    uint8_t bytes[ID_SIZE_MAX];
};

struct agency {
    struct fold_agency shown; /* first: what fold_agency_at hands out */
    struct name *names;       /* of its services */
    uint32_t service_capacity;
    bool is_other;
    bool has_other; /* one of its services is FOLD_OTHER */
};

struct fold {
    struct fold_limits limits;
    struct id_set ids;
    struct name *names; /* of agencies */
    struct agency **agencies;
    uint32_t agency_count, agency_capacity;
    bool has_other; /* one of them is FOLD_OTHER */
    struct fold_cell **cells;
    uint32_t cell_count, cell_capacity;
    uint32_t *changed; /* cells; as many as there are fit */
    uint32_t changed_count;
    size_t fresh_ids; /* at the end of the queue: not taken yet */
    struct event_time as_of;
    size_t others;
};

struct fold *fold_open(const struct fold_limits *limits)
{
    struct fold *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->limits = *limits;
    self->as_of.us = INT64_MIN;
    id_set_init(&self->ids, limits->ids_max, limits->horizon_us);
    return self;
}

static void names_free(struct name *names)
{
    struct name *name, *next;
    HASH_ITER(hh, names, name, next)
    {
        HASH_DELETE(hh, names, name);
        free(name);
    }
}

void fold_close(struct fold *self)
{
    if (!self) {
        return;
    }
    for (uint32_t i = 0; i < self->cell_count; i++) {
        cell_done(&self->cells[i]->cell);
        free(self->cells[i]);
    }
    for (uint32_t i = 0; i < self->agency_count; i++) {
        names_free(self->agencies[i]->names);
        free(self->agencies[i]->shown.services);
        free(self->agencies[i]);
    }
    names_free(self->names);
    id_set_done(&self->ids);
    free(self->agencies);
    free(self->cells);
    free(self->changed);
    free(self);
}

/* Room for one more in an array that doubles. */
static void *grown(void *items, uint32_t count, uint32_t *capacity, size_t item_size)
{
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity ? *capacity * 2 : 16;
    void *more = realloc(items, *capacity * item_size);
    ASSERT(more);
    return more;
}

static struct name *name_find(struct name *names, struct span name)
{
    struct name *found;
    HASH_FIND(hh, names, name.data, (unsigned)name.size, found);
    return found;
}

static struct name *name_add(struct name **names, struct span name, uint32_t position)
{
    ASSERT(name.size > 0 && name.size <= ID_SIZE_MAX);
    struct name *added = calloc(1, sizeof *added);
    ASSERT(added);
    memcpy(added->bytes, name.data, name.size);
    added->position = position;
    HASH_ADD(hh, *names, bytes, (unsigned)name.size, added);
    return added;
}

/* FOLD_OTHER takes no one's place, whenever it comes: stored names are loaded in any order, and must all fit again. */
static bool is_full(uint32_t count, bool has_other, uint32_t most)
{
    return count - has_other >= most;
}

static uint32_t agency_add(struct fold *self, struct span name)
{
    uint32_t position = self->agency_count;
    struct agency *agency = calloc(1, sizeof *agency);
    ASSERT(agency);
    const struct name *kept = name_add(&self->names, name, position);
    agency->shown.name = span_of(kept->bytes, name.size);
    agency->is_other = span_equal(name, span_text(FOLD_OTHER));
    self->has_other |= agency->is_other;
    self->agencies = grown(self->agencies, position, &self->agency_capacity, sizeof *self->agencies);
    self->agencies[self->agency_count++] = agency;
    return position;
}

uint32_t fold_agency(struct fold *self, struct span name)
{
    const struct name *known = name_find(self->names, name);
    if (known) {
        return known->position;
    }
    struct span other = span_text(FOLD_OTHER);
    if (is_full(self->agency_count, self->has_other, self->limits.agencies_max) && !span_equal(name, other)) {
        return fold_agency(self, other);
    }
    return agency_add(self, name);
}

static uint32_t service_add(struct agency *agency, struct span name)
{
    uint32_t position = agency->shown.service_count;
    const struct name *kept = name_add(&agency->names, name, position);
    agency->shown.services =
        grown(agency->shown.services, position, &agency->service_capacity, sizeof *agency->shown.services);
    struct fold_service *service = &agency->shown.services[agency->shown.service_count++];
    service->name = span_of(kept->bytes, name.size);
    agency->has_other |= span_equal(name, span_text(FOLD_OTHER));
    for (unsigned i = 0; i < CHANNELS; i++) {
        service->cells[i] = FOLD_NONE;
    }
    return position;
}

uint32_t fold_service(struct fold *self, uint32_t agency, struct span name)
{
    ASSERT(agency < self->agency_count);
    struct agency *owner = self->agencies[agency];
    struct span other = span_text(FOLD_OTHER);
    if (owner->is_other) {
        name = other; /* the services of agencies that have no place of their own have none either */
    }
    const struct name *known = name_find(owner->names, name);
    if (known) {
        return known->position;
    }
    if (is_full(owner->shown.service_count, owner->has_other, self->limits.services_max) && !span_equal(name, other)) {
        return fold_service(self, agency, other);
    }
    return service_add(owner, name);
}

static struct fold_cell *cell_make(struct fold *self, uint32_t agency, uint32_t service, enum channel channel)
{
    struct fold_cell *made = calloc(1, sizeof *made);
    ASSERT(made);
    cell_init(&made->cell);
    made->agency = agency;
    made->service = service;
    made->channel = channel;
    made->is_other = self->agencies[agency]->is_other ||
                     span_equal(self->agencies[agency]->shown.services[service].name, span_text(FOLD_OTHER));
    uint32_t capacity = self->cell_capacity;
    self->cells = grown(self->cells, self->cell_count, &self->cell_capacity, sizeof *self->cells);
    self->changed = grown(self->changed, self->cell_count, &capacity, sizeof *self->changed);
    self->agencies[agency]->shown.services[service].cells[channel] = self->cell_count;
    self->cells[self->cell_count++] = made;
    return made;
}

struct fold_cell *fold_cell_of(struct fold *self, uint32_t agency, uint32_t service, enum channel channel)
{
    ASSERT(agency < self->agency_count && service < self->agencies[agency]->shown.service_count && channel < CHANNELS);
    uint32_t position = self->agencies[agency]->shown.services[service].cells[channel];
    return position == FOLD_NONE ? cell_make(self, agency, service, channel) : self->cells[position];
}

static void cell_changed(struct fold *self, struct fold_cell *cell)
{
    if (!cell->changed) {
        cell->changed = true;
        self->changed[self->changed_count++] =
            self->agencies[cell->agency]->shown.services[cell->service].cells[cell->channel];
    }
}

static void see_time(struct fold *self, int64_t event_us, struct event_time arrived)
{
    int64_t seen = event_us < arrived.us ? event_us : arrived.us;
    int64_t minute = time_floor(seen, US_PER_MINUTE);
    if (minute > time_floor(self->as_of.us, US_PER_MINUTE)) { /* so it is not the first there is: its start is a time */
        fold_advance(self, (struct event_time){minute * US_PER_MINUTE});
    }
}

static enum fold_result add_event(struct fold *self, uint32_t agency, uint32_t service, const struct fold_item *item,
                                  struct event_time arrived)
{
    const struct signal_event *event = item->event;
    if (!id_set_add(&self->ids, event->id, arrived)) {
        return FOLD_DUPLICATE;
    }
    self->fresh_ids++;
    see_time(self, event->at_us, arrived);
    struct fold_cell *cell = fold_cell_of(self, agency, service, event->channel);
    if (cell_add(&cell->cell, event->at_us, item->counters, item->count, event->retracts, self->as_of) !=
        CELL_APPLIED) {
        return FOLD_LATE;
    }
    self->agencies[agency]->shown.touched = true;
    self->others += cell->is_other;
    cell_changed(self, cell);
    return FOLD_APPLIED;
}

enum fold_result fold_event(struct fold *self, uint32_t agency, uint32_t service, const struct signal_event *event,
                            struct event_time arrived)
{
    struct fold_item item = {.event = event};
    item.count = signals_counters(event, item.counters);
    return add_event(self, agency, service, &item, arrived);
}

/* The lines of a pane that some counters lie in. */
#define LINE_COUNTERS 16

void fold_prepare(const struct fold *self, const struct signal_event *event, struct fold_item *item)
{
    /* No function of its own may hold a prefetch only: gcc takes it for one without effect, and leaves the call out. */
    const struct fold_service *service = &self->agencies[event->agency]->shown.services[event->service];
    uint32_t position = service->cells[event->channel];
    __builtin_prefetch(id_set_home(&self->ids, event->id), 1);
    __builtin_prefetch(id_set_leaving(&self->ids, FOLD_AHEAD), 1);
    item->event = event;
    item->count = signals_counters(event, item->counters);
    if (position == FOLD_NONE) {
        return;
    }
    const struct fold_cell *cell = self->cells[position];
    unsigned line = COUNTERS;
    __builtin_prefetch(cell, 1);
    for (size_t i = 0; i < item->count; i++) {
        if (item->counters[i] / LINE_COUNTERS != line) {
            line = item->counters[i] / LINE_COUNTERS;
            __builtin_prefetch(&cell->cell.open[PANE_MINUTE].counts[item->counters[i]], 1);
        }
    }
}

enum fold_result fold_prepared(struct fold *self, const struct fold_item *item, struct event_time arrived)
{
    return add_event(self, item->event->agency, item->event->service, item, arrived);
}

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
    self->as_of = as_of;
    for (uint32_t i = 0; new_hour && i < self->cell_count; i++) {
        struct fold_cell *cell = self->cells[i];
        cell_expire(&cell->cell, as_of);
        if (cell->cell.open_changed || has_closed_change(&cell->cell)) {
            cell_changed(self, cell);
        }
    }
}

uint32_t fold_agency_count(const struct fold *self)
{
    return self->agency_count;
}

struct fold_agency *fold_agency_at(const struct fold *self, uint32_t agency)
{
    ASSERT(agency < self->agency_count);
    return &self->agencies[agency]->shown;
}

uint32_t fold_cell_count(const struct fold *self)
{
    return self->cell_count;
}

struct fold_cell *fold_cell_at(const struct fold *self, uint32_t cell)
{
    ASSERT(cell < self->cell_count);
    return self->cells[cell];
}

struct fold_changes fold_changes(const struct fold *self)
{
    size_t fresh = self->fresh_ids < self->ids.count ? self->fresh_ids : self->ids.count;
    return (struct fold_changes){
        .cells = self->changed,
        .cell_count = self->changed_count,
        .ids = fresh ? self->ids.queue + self->ids.tail - fresh : NULL,
        .id_count = fresh,
    };
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
    for (size_t i = 0; i < count; i++) {
        id_set_add(&self->ids, ids[i], arrived);
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

size_t fold_others(const struct fold *self)
{
    return self->others;
}

size_t fold_memory(const struct fold *self)
{
    size_t size = self->ids.table_size * sizeof(uint64_t) + self->ids.queue_capacity * sizeof(uint64_t);
    for (uint32_t i = 0; i < self->cell_count; i++) {
        size += sizeof(struct fold_cell) - sizeof(struct cell) + cell_memory(&self->cells[i]->cell);
    }
    return size;
}
