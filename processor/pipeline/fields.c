/* fields.c - names of state fields, and lists of changes. */
#include "fields.h"

#include <stdlib.h>

#define KEEP_BYTES ((size_t)64 << 10) /* of each task */

static const struct {
    const char *word;
    size_t parts;
} kinds[STATE_KINDS] = {
    [STATE_OPEN] = {"open", 3},
    [STATE_CLOSED + PANE_MINUTE] = {"minute", 3},
    [STATE_CLOSED + PANE_HOUR] = {"hour", 3},
    [STATE_CLOSED + PANE_SIX_HOURS] = {"six_hours", 3},
    [STATE_IDS] = {"ids", 1},
    [STATE_EPISODE] = {"episode", 2},
    [STATE_BENCHMARK] = {"benchmark", 2},
    [STATE_SILENCE] = {"silence", 2},
    [STATE_DIVERGENCE] = {"divergence", 1},
    [STATE_SLIP] = {"slip", 2},
    [STATE_PIN] = {"pin", 1},
    [STATE_OUTBOX] = {"outbox", 2},
    [STATE_GUARD] = {"guard", 1},
    [STATE_UNTOLD] = {"untold", 3},
    [STATE_UNTOLD_CLOSED + PANE_MINUTE] = {"untold_minute", 3},
    [STATE_UNTOLD_CLOSED + PANE_HOUR] = {"untold_hour", 3},
    [STATE_UNTOLD_CLOSED + PANE_SIX_HOURS] = {"untold_six_hours", 3},
};

/* Cuts off what stands before the next NUL, or all. */
static struct span take_part(struct span *rest)
{
    const uint8_t *nul = rest->size ? memchr(rest->data, 0, rest->size) : NULL;
    size_t size = nul ? (size_t)(nul - rest->data) : rest->size;
    struct span part = span_of(rest->data, size);
    size_t used = nul ? size + 1 : size;
    *rest = span_of(rest->data + used, rest->size - used);
    return part;
}

bool field_parse(struct span name, struct field_name *field)
{
    struct span rest = name;
    struct span word = take_part(&rest);
    for (unsigned k = 0; k < STATE_KINDS; k++) {
        if (!span_equal(word, span_text(kinds[k].word))) {
            continue;
        }
        field->kind = (enum state_kind)k;
        for (size_t i = 0; i < kinds[k].parts; i++) {
            field->parts[i] = take_part(&rest);
            if (field->parts[i].size == 0) {
                return false;
            }
        }
        return rest.size == 0;
    }
    return false;
}

void field_put(const struct field_name *field, struct buffer *out)
{
    buffer_bytes(out, kinds[field->kind].word, strlen(kinds[field->kind].word));
    for (size_t i = 0; i < kinds[field->kind].parts; i++) {
        buffer_u8(out, 0);
        buffer_bytes(out, field->parts[i].data, field->parts[i].size);
    }
}

void changes_init(struct changes *self)
{
    *self = (struct changes){0};
    buffer_init(&self->bytes, CHANGES_BYTES_MAX);
}

void changes_done(struct changes *self)
{
    buffer_done(&self->bytes);
    free(self->places);
    free(self->list);
    *self = (struct changes){0};
}

void changes_clear(struct changes *self)
{
    if (self->bytes.capacity > KEEP_BYTES) {
        changes_done(self);
        changes_init(self);
        return;
    }
    buffer_clear(&self->bytes);
    self->count = 0;
}

void changes_begin(struct changes *self, const struct field_name *field)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 64;
        self->places = realloc(self->places, self->capacity * sizeof *self->places);
        self->list = realloc(self->list, self->capacity * sizeof *self->list);
        ASSERT(self->places && self->list);
    }
    struct change_place *place = &self->places[self->count++];
    *place = (struct change_place){.field = self->bytes.size};
    field_put(field, &self->bytes);
    place->field_size = self->bytes.size - place->field;
    place->value = self->bytes.size;
}

void changes_end(struct changes *self)
{
    ASSERT(self->count > 0 && !self->bytes.overflow);
    struct change_place *place = &self->places[self->count - 1];
    place->value_size = self->bytes.size - place->value;
}

void changes_remove(struct changes *self, const struct field_name *field)
{
    changes_begin(self, field);
    changes_end(self);
    self->places[self->count - 1].removes = true;
}

const struct state_change *changes_list(struct changes *self)
{
    for (size_t i = 0; i < self->count; i++) {
        const struct change_place *place = &self->places[i];
        self->list[i] = (struct state_change){
            .field = span_of(self->bytes.data + place->field, place->field_size),
            .value = span_of(self->bytes.data + place->value, place->value_size),
            .removes = place->removes,
        };
    }
    return self->list;
}
