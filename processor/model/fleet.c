/* fleet.c - parts, the fleet and divergences as bytes. */
#include "slipstream/model/fleet.h"

#include "episode_bytes.h"

#include <math.h>

#define PART_FORMAT  1
#define FLEET_FORMAT 1

static double get_finite(struct cursor *in)
{
    double value = cursor_double(in);
    in->broken |= !isfinite(value);
    return in->broken ? 0 : value;
}

/* ---- parts ---- */

void fleet_part_begin(struct buffer *out, const struct fleet_part_header *header)
{
    buffer_clear(out);
    buffer_u8(out, PART_FORMAT);
    buffer_u64(out, header->method);
    buffer_zigzag(out, header->as_of.us);
    buffer_u8(out, header->catching_up);
    buffer_u8(out, WINDOWS);
}

static void put_change(struct buffer *out, const struct fleet_change *change)
{
    buffer_u8(out, change->present);
    if (change->present) {
        buffer_double(out, change->now);
        buffer_double(out, change->base);
        buffer_double(out, change->d);
        buffer_double(out, change->low);
        buffer_double(out, change->high);
        buffer_zigzag(out, change->n);
    }
}

void fleet_part_put(struct buffer *out, const struct fleet_entry *entry)
{
    buffer_span(out, entry->agency);
    for (unsigned w = 0; w < WINDOWS; w++) {
        buffer_u8(out, entry->cx[w].present);
        if (entry->cx[w].present) {
            buffer_double(out, entry->cx[w].value);
        }
    }
    put_change(out, &entry->change);
}

bool fleet_part_read(struct fleet_part *self, struct span bytes)
{
    *self = (struct fleet_part){.in = cursor_over(bytes)};
    uint8_t format = cursor_u8(&self->in);
    self->header.method = cursor_u64(&self->in);
    self->header.as_of.us = cursor_zigzag(&self->in);
    self->header.catching_up = cursor_u8(&self->in) != 0;
    uint8_t windows = cursor_u8(&self->in);
    return !self->in.broken && format == PART_FORMAT && windows == WINDOWS;
}

static void get_change(struct cursor *in, struct fleet_change *change)
{
    change->present = cursor_u8(in) != 0;
    if (change->present) {
        change->now = get_finite(in);
        change->base = get_finite(in);
        change->d = get_finite(in);
        change->low = get_finite(in);
        change->high = get_finite(in);
        change->n = cursor_zigzag(in);
    }
}

bool fleet_part_next(struct fleet_part *self, struct fleet_entry *entry)
{
    struct cursor *in = &self->in;
    if (in->broken || cursor_left(in) == 0) {
        return false;
    }
    *entry = (struct fleet_entry){.agency = cursor_span(in)};
    in->broken |= entry->agency.size == 0 || entry->agency.size > ID_SIZE_MAX;
    for (unsigned w = 0; w < WINDOWS; w++) {
        entry->cx[w].present = cursor_u8(in) != 0;
        entry->cx[w].value = entry->cx[w].present ? get_finite(in) : 0;
    }
    get_change(in, &entry->change);
    return !in->broken;
}

/* ---- the fleet ---- */

void fleet_encode(const struct fleet *self, struct buffer *out)
{
    buffer_u8(out, FLEET_FORMAT);
    buffer_u64(out, self->method);
    buffer_zigzag(out, self->as_of.us);
    buffer_u8(out, self->complete);
    buffer_zigzag(out, self->changed);
    buffer_double(out, self->now);
    buffer_double(out, self->base);
    buffer_double(out, self->d);
    buffer_double(out, self->median);
    buffer_double(out, self->error);
}

bool fleet_decode(struct fleet *self, struct span bytes)
{
    struct cursor in = cursor_over(bytes);
    uint8_t format = cursor_u8(&in);
    struct fleet read = {.method = cursor_u64(&in)};
    read.as_of.us = cursor_zigzag(&in);
    read.complete = cursor_u8(&in) != 0;
    read.changed = cursor_zigzag(&in);
    read.now = get_finite(&in);
    read.base = get_finite(&in);
    read.d = get_finite(&in);
    read.median = get_finite(&in);
    read.error = get_finite(&in);
    bool good = !in.broken && cursor_left(&in) == 0 && format == FLEET_FORMAT && read.changed >= 0;
    *self = good ? read : (struct fleet){0};
    return good;
}

/* ---- divergences ---- */

void divergence_encode(const struct divergence *self, struct buffer *out)
{
    episode_put(&self->episode, ALERT_DIVERGENCE, out);
    buffer_u8(out, self->to_new_level);
}

enum outcome divergence_decode(struct divergence *self, struct span bytes, struct reason *why)
{
    struct cursor in = cursor_over(bytes);
    struct divergence read = {0};
    TRY(episode_get(&read.episode, ALERT_DIVERGENCE, &in, why));
    read.to_new_level = cursor_u8(&in) != 0;
    if (in.broken || cursor_left(&in)) {
        return FAIL(why, STOP, REASON_BAD_STATE, "a divergence of %zu bytes cannot be read", bytes.size);
    }
    *self = read;
    return DONE;
}
