/* fold_places.c - one task's agencies, their services and cells: names, and the positions they stand for. */
#include "fold_parts.h"

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
    agency->shown.oldest_us = INT64_MAX;
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

static uint32_t cell_make(struct fold *self, uint32_t agency, uint32_t service, enum channel channel)
{
    struct fold_cell *made = calloc(1, sizeof *made);
    ASSERT(made);
    cell_init(&made->cell);
    made->agency = agency;
    made->service = service;
    made->channel = channel;
    made->is_other = self->agencies[agency]->is_other ||
                     span_equal(self->agencies[agency]->shown.services[service].name, span_text(FOLD_OTHER));
    uint32_t capacities[] = {self->cell_capacity, self->cell_capacity, self->cell_capacity};
    self->cells = grown(self->cells, self->cell_count, &self->cell_capacity, sizeof *self->cells);
    self->changed = grown(self->changed, self->cell_count, &capacities[0], sizeof *self->changed);
    self->settling = grown(self->settling, self->cell_count, &capacities[1], sizeof *self->settling);
    self->settled = grown(self->settled, self->cell_count, &capacities[2], sizeof *self->settled);
    self->settled[self->cell_count] = 0;
    self->agencies[agency]->shown.services[service].cells[channel] = self->cell_count;
    self->cells[self->cell_count] = made;
    return self->cell_count++;
}

uint32_t fold_cell(struct fold *self, uint32_t agency, uint32_t service, enum channel channel)
{
    ASSERT(agency < self->agency_count && service < self->agencies[agency]->shown.service_count && channel < CHANNELS);
    uint32_t position = self->agencies[agency]->shown.services[service].cells[channel];
    return position == FOLD_NONE ? cell_make(self, agency, service, channel) : position;
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
    ASSERT(cell < self->cell_count && self->waiting.count == 0);
    return self->cells[cell];
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

void fold_drop_untold(struct fold_cell *cell)
{
    if (cell->untold) {
        untold_done(cell->untold);
        free(cell->untold);
        cell->untold = NULL;
    }
}

void fold_places_done(struct fold *self)
{
    for (uint32_t i = 0; i < self->cell_count; i++) {
        cell_done(&self->cells[i]->cell);
        fold_drop_untold(self->cells[i]);
        free(self->cells[i]);
    }
    for (uint32_t i = 0; i < self->agency_count; i++) {
        names_free(self->agencies[i]->names);
        free(self->agencies[i]->shown.services);
        free(self->agencies[i]);
    }
    names_free(self->names);
    free(self->agencies);
    free(self->cells);
    free(self->changed);
    free(self->settling);
    free(self->settled);
}
