/* outputs.c - what a look wants published. */
#include "outputs.h"

#include <stdlib.h>

#define KEEP_BYTES ((size_t)64 << 10)

void outputs_init(struct outputs *self)
{
    *self = (struct outputs){0};
    buffer_init(&self->bytes, OUTPUTS_BYTES_MAX);
}

void outputs_done(struct outputs *self)
{
    buffer_done(&self->bytes);
    free(self->items);
    free(self->views);
    *self = (struct outputs){0};
}

void outputs_clear(struct outputs *self)
{
    self->count = 0;
    if (self->bytes.capacity > KEEP_BYTES) {
        buffer_done(&self->bytes);
        buffer_init(&self->bytes, OUTPUTS_BYTES_MAX);
    } else {
        buffer_clear(&self->bytes);
    }
}

void outputs_begin(struct outputs *self, uint32_t topic)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 64;
        self->items = realloc(self->items, self->capacity * sizeof *self->items);
        ASSERT(self->items);
    }
    self->items[self->count++] = (struct output){.topic = topic, .key = self->bytes.size};
}

void outputs_value(struct outputs *self)
{
    struct output *output = &self->items[self->count - 1];
    output->key_size = self->bytes.size - output->key;
    output->value = self->bytes.size;
}

void outputs_end(struct outputs *self)
{
    struct output *output = &self->items[self->count - 1];
    ASSERT(!self->bytes.overflow);
    output->value_size = self->bytes.size - output->value;
}

struct span output_key(const struct outputs *self, const struct output *output)
{
    return span_of(self->bytes.data + output->key, output->key_size);
}

struct span output_value(const struct outputs *self, const struct output *output)
{
    return span_of(self->bytes.data + output->value, output->value_size);
}

const struct view_change *outputs_views(struct outputs *self, size_t *count)
{
    if (self->view_capacity < self->capacity) {
        self->view_capacity = self->capacity;
        self->views = realloc(self->views, self->view_capacity * sizeof *self->views);
        ASSERT(self->views);
    }
    *count = 0;
    for (size_t i = 0; i < self->count; i++) {
        const struct output *output = &self->items[i];
        if (output->topic == OUTPUT_VIEW) {
            self->views[(*count)++] = (struct view_change){output_key(self, output), output_value(self, output)};
        }
    }
    return self->views;
}
