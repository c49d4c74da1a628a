/* pin.c - references that do not move, as bytes: PIN_FORMAT, the days, then cells to the end (service, channel, body).
 */
#include "slipstream/model/slip.h"

#include "pane_body.h"

#define PIN_DAY_MOST (INT64_MAX / 4 / US_PER_DAY)

void pin_begin(struct buffer *out, const struct pin_header *header)
{
    buffer_clear(out);
    buffer_u8(out, PIN_FORMAT);
    buffer_zigzag(out, header->from_day);
    buffer_zigzag(out, header->to_day);
}

static int32_t bounded(int64_t count)
{
    return count > INT32_MAX ? INT32_MAX : count < -INT32_MAX ? -INT32_MAX : (int32_t)count;
}

void pin_put(struct buffer *out, const struct pin_cell *cell)
{
    struct pane pane = {.touches = INT32_MAX}; /* the bound of what its counters may be; nothing is added any more */
    uint8_t body[PANE_BODY_MAX];
    for (unsigned i = 0; i < COUNTERS; i++) {
        if (cell->counts[i]) {
            pane_count(&pane, i, bounded(cell->counts[i]));
        }
    }
    if (pane.groups) {
        buffer_span(out, cell->service);
        buffer_u8(out, (uint8_t)cell->channel);
        buffer_span(out, span_of(body, body_put(&pane, body)));
    }
}

bool pin_read(struct pin_reader *self, struct span bytes)
{
    self->in = cursor_over(bytes);
    uint8_t format = cursor_u8(&self->in);
    self->header.from_day = cursor_zigzag(&self->in);
    self->header.to_day = cursor_zigzag(&self->in);
    self->in.broken |= format != PIN_FORMAT || self->header.to_day < self->header.from_day ||
                       self->header.from_day < -PIN_DAY_MOST || self->header.to_day > PIN_DAY_MOST;
    return !self->in.broken;
}

bool pin_next(struct pin_reader *self, struct pin_cell *cell)
{
    if (self->in.broken || cursor_left(&self->in) == 0) {
        return false;
    }
    cell->service = cursor_span(&self->in);
    cell->channel = (enum channel)cursor_u8(&self->in);
    struct span body = cursor_span(&self->in);
    struct pane pane = {0};
    self->in.broken |= cell->channel >= CHANNELS || cell->service.size == 0 || cell->service.size > ID_SIZE_MAX ||
                       !body_take(body, &pane);
    if (self->in.broken) {
        return false;
    }
    memset(cell->counts, 0, sizeof cell->counts);
    pane_sum(&pane, cell->counts);
    return true;
}

enum outcome pin_check(struct span bytes, struct reason *why)
{
    struct pin_reader reader;
    struct pin_cell cell;
    if (bytes.size && *bytes.data > PIN_FORMAT) {
        return FAIL(why, STOP, REASON_BAD_STATE, "a reference of format %u, written by a newer release", *bytes.data);
    }
    if (bytes.size <= PIN_SIZE_MAX && pin_read(&reader, bytes)) {
        while (pin_next(&reader, &cell)) {
        }
        if (!reader.in.broken) {
            return DONE;
        }
    }
    return FAIL(why, STOP, REASON_BAD_STATE, "a reference of %zu bytes cannot be read", bytes.size);
}
