/* fleet_watch.c - parts into the fleet. */
#include "fleet_watch.h"

#include <stdio.h>
#include <stdlib.h>

#define APART_US (10 * US_PER_MINUTE) /* parts further apart are not of the same time */
#define JSON_MAX ((size_t)64 << 10)

void fleet_watch_init(struct fleet_watch *self)
{
    *self = (struct fleet_watch){.sum = fleet_sum_open()};
    buffer_init(&self->part, FLEET_PART_MAX);
    buffer_init(&self->value, FLEET_SIZE_MAX);
    buffer_init(&self->json, JSON_MAX);
}

void fleet_watch_done(struct fleet_watch *self)
{
    fleet_sum_close(self->sum);
    buffer_done(&self->part);
    buffer_done(&self->value);
    buffer_done(&self->json);
    *self = (struct fleet_watch){0};
}

struct span fleet_part_key(int32_t partition, char text[FLEET_KEY_SIZE])
{
    snprintf(text, FLEET_KEY_SIZE, "fleet:%d", partition);
    return span_text(text);
}

static bool is_near(struct event_time a, struct event_time b)
{
    return llabs(a.us - b.us) <= APART_US;
}

bool fleet_is_current(const struct fleet *fleet, uint64_t method, struct event_time as_of)
{
    return fleet->complete && fleet->method == method && is_near(fleet->as_of, as_of);
}

/* ---- adding up ---- */

/* False: it is not of this minute, and left out. */
static bool add_part(struct fleet_watch *self, uint64_t method, struct event_time as_of)
{
    struct fleet_part part;
    struct fleet_entry entry;
    if (!fleet_part_read(&part, buffer_as_span(&self->part)) || part.header.catching_up ||
        part.header.method != method || !is_near(part.header.as_of, as_of)) {
        return false;
    }
    while (fleet_part_next(&part, &entry)) {
        fleet_sum_add(self->sum, &entry);
    }
    return !part.in.broken;
}

static void put_agency(struct jout *json, const char *key, const char *agency, double value)
{
    jout_key(json, key);
    jout_open(json, '{');
    jout_key(json, "agency");
    jout_text(json, agency);
    jout_key(json, "value");
    jout_real(json, value);
    jout_close(json, '}');
}

static void put_window(struct jout *json, enum window window, const struct fleet_figures *figures)
{
    jout_open(json, '{');
    jout_key(json, "window");
    jout_text(json, window_shapes[window].word);
    jout_key(json, "agencies");
    jout_int(json, figures->agencies);
    jout_put_real(json, "average", figures->average);
    jout_put_real(json, "median", figures->median);
    jout_put_real(json, "deviation", figures->deviation);
    jout_put_real(json, "spread", figures->best - figures->worst);
    put_agency(json, "best", figures->best_agency, figures->best);
    put_agency(json, "worst", figures->worst_agency, figures->worst);
    jout_close(json, '}');
}

/* For people and programs: deploy/README.md, "The fleet". */
static void render(struct fleet_watch *self, const struct fleet *fleet)
{
    struct jout json = jout_into(&self->json);
    buffer_clear(&self->json);
    jout_open(&json, '{');
    jout_key(&json, "as_of");
    jout_time(&json, fleet->as_of);
    jout_key(&json, "complete");
    jout_bool(&json, fleet->complete);
    jout_key(&json, "windows");
    jout_open(&json, '[');
    for (unsigned w = 0; w < WINDOWS; w++) {
        struct fleet_figures figures;
        if (fleet_sum_figures(self->sum, (enum window)w, &figures)) {
            put_window(&json, (enum window)w, &figures);
        }
    }
    jout_close(&json, ']');
    jout_close(&json, '}');
}

enum outcome fleet_watch_add_up(struct fleet_watch *self, struct store *store, int32_t partitions, uint64_t method,
                                struct event_time as_of, struct reason *why)
{
    struct fleet fleet = {.method = method, .as_of = as_of, .complete = true};
    fleet_sum_clear(self->sum);
    for (int32_t p = 0; p < partitions; p++) {
        char key[FLEET_KEY_SIZE];
        enum outcome read = store->ops->read_view(store, fleet_part_key(p, key), &self->part, why);
        if (read == RETRY) {
            return RETRY;
        }
        fleet.complete &= read == DONE && add_part(self, method, as_of);
    }
    fleet_sum_moved(self->sum, &fleet);
    render(self, &fleet);
    buffer_clear(&self->value);
    fleet_encode(&fleet, &self->value);
    const struct view_change changes[] = {{span_text("fleet"), buffer_as_span(&self->json)},
                                          {span_text("fleet:all"), buffer_as_span(&self->value)}};
    TRY(store->ops->write_view(store, changes, sizeof changes / sizeof *changes, why));
    self->added_up = as_of;
    return DONE;
}

enum outcome fleet_watch_read(struct fleet_watch *self, struct store *store, struct reason *why)
{
    TRY(store->ops->read_view(store, span_text("fleet:all"), &self->value, why));
    if (!fleet_decode(&self->fleet, buffer_as_span(&self->value))) {
        return FAIL(why, SKIP, REASON_BAD_STATE, "the fleet of %zu bytes cannot be read", self->value.size);
    }
    return DONE;
}
