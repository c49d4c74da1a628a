/* complement.c - groups of cells with enough people each, and what they leave to be shown. */
#include "complement.h"

#define NO_GROUP    UINT32_MAX
#define ANY_CHANNEL CHANNELS

struct grouping {
    struct complement_cell *cells;
    size_t count;
    int64_t least;
};

/* A cell of a channel (or of any) that is not in the group yet, with the fewest people; NULL: none. */
static struct complement_cell *fewest(const struct grouping *self, unsigned channel, uint32_t group)
{
    struct complement_cell *found = NULL;
    for (size_t i = 0; i < self->count; i++) {
        struct complement_cell *cell = &self->cells[i];
        bool is_in_reach = channel == ANY_CHANNEL || cell->channel == channel;
        if (cell->present && is_in_reach && cell->group != group && (!found || cell->people < found->people)) {
            found = cell;
        }
    }
    return found;
}

static int64_t people_in(const struct grouping *self, uint32_t group)
{
    int64_t people = 0;
    for (size_t i = 0; i < self->count; i++) {
        people += self->cells[i].present && self->cells[i].group == group ? self->cells[i].people : 0;
    }
    return people;
}

/* The whole group of `from` becomes part of `into`. */
static void join(const struct grouping *self, uint32_t from, uint32_t into)
{
    for (size_t i = 0; i < self->count; i++) {
        if (self->cells[i].present && self->cells[i].group == from) {
            self->cells[i].group = into;
        }
    }
}

/* Takes in others, those of few people first, until the group has enough; false: there are not enough people. Cells of
 * few are joined before, so that the next one is enough. */
static bool fill(const struct grouping *self, unsigned channel, uint32_t group)
{
    while (people_in(self, group) < self->least) {
        const struct complement_cell *more = fewest(self, channel, group);
        if (!more) {
            return false;
        }
        join(self, more->group, group);
    }
    return true;
}

/* The cells of few people of a channel are one group; its number, or NO_GROUP: there are none. */
static uint32_t join_few(const struct grouping *self, unsigned channel)
{
    uint32_t group = NO_GROUP;
    for (size_t i = 0; i < self->count; i++) {
        struct complement_cell *cell = &self->cells[i];
        if (cell->present && cell->channel == channel && cell->people < self->least) {
            group = group == NO_GROUP ? cell->group : group;
            cell->group = group;
        }
    }
    return group;
}

/* Channels whose people are few all together are joined, and then filled from the others. False: all are few. */
static bool group_cells(const struct grouping *self)
{
    uint32_t few = NO_GROUP;
    for (unsigned c = 0; c < CHANNELS; c++) {
        uint32_t group = join_few(self, c);
        if (group != NO_GROUP && !fill(self, c, group)) {
            join(self, group, few == NO_GROUP ? group : few);
            few = few == NO_GROUP ? group : few;
        }
    }
    return few == NO_GROUP || fill(self, ANY_CHANNEL, few);
}

/* What a group is made of, kept with the cell that it is numbered after. */
static void sum_up(const struct grouping *self)
{
    for (size_t i = 0; i < self->count; i++) {
        const struct complement_cell *cell = &self->cells[i];
        struct complement_cell *group = &self->cells[cell->group];
        if (cell->present) {
            group->members++;
            group->spans_channels |= cell->channel != group->channel;
            group->spans_services |= cell->service != group->service;
        }
    }
}

/* A cell alone is shown; channels and services that a group is partly outside of are not. */
static void withhold_parts(const struct grouping *self, struct complement *found)
{
    sum_up(self);
    for (size_t i = 0; i < self->count; i++) {
        struct complement_cell *cell = &self->cells[i];
        const struct complement_cell *group = &self->cells[cell->group];
        if (cell->present) {
            cell->withheld = group->members > 1;
            found->channels[cell->channel] |= group->spans_channels;
            found->services[cell->service] |= group->spans_services;
        }
    }
}

static void withhold_all(const struct grouping *self, struct complement *found)
{
    found->all = true;
    for (size_t i = 0; i < self->count; i++) {
        self->cells[i].withheld = true;
        found->channels[self->cells[i].channel] = true;
        found->services[self->cells[i].service] = true;
    }
}

void complement_find(struct complement_cell *cells, size_t count, int64_t least, struct complement *found)
{
    const struct grouping self = {cells, count, least};
    bool has_few = false;
    found->all = false;
    memset(found->channels, 0, sizeof found->channels);
    memset(found->services, 0, found->service_count * sizeof *found->services);
    for (size_t i = 0; i < count; i++) {
        cells[i].group = (uint32_t)i;
        cells[i].withheld = cells[i].spans_channels = cells[i].spans_services = false;
        cells[i].members = 0;
        has_few |= cells[i].present && cells[i].people < least;
    }
    if (!has_few) {
        return;
    }
    if (group_cells(&self)) {
        withhold_parts(&self, found);
    } else {
        withhold_all(&self, found);
    }
}
