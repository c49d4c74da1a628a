/* outputs.h - what a look wants published, held until the apply it belongs to was accepted. */
#ifndef SLIPSTREAM_PIPELINE_OUTPUTS_H
#define SLIPSTREAM_PIPELINE_OUTPUTS_H

#include "slipstream/kafka.h"
#include "slipstream/store.h"

enum output_topic { OUTPUT_AGGREGATES, OUTPUT_SCORES, OUTPUT_ALERTS, OUTPUT_STATE, OUTPUT_TOPICS }; /* in the publisher's topics */
#define OUTPUTS_BYTES_MAX ((size_t)256 << 20)

struct output {
    uint32_t topic; /* OUTPUT_VIEW: a view key instead of a message. OUTPUT_STANDING: an open alert's id and notice */
    size_t key, key_size, value, value_size;
};
#define OUTPUT_VIEW     OUTPUT_TOPICS
#define OUTPUT_STANDING (OUTPUT_TOPICS + 1)

struct outputs {
    struct buffer bytes;
    struct output *items;
    size_t count, capacity;
    struct view_change *views; /* made by outputs_views */
    size_t view_capacity;
};
void outputs_init(struct outputs *self);
void outputs_done(struct outputs *self);
void outputs_clear(struct outputs *self);

/* An output is begun, its key written to bytes, then its value after outputs_value, then ended. */
void outputs_begin(struct outputs *self, uint32_t topic);
void outputs_value(struct outputs *self);
void outputs_end(struct outputs *self);

struct span output_key(const struct outputs *self, const struct output *output);
struct span output_value(const struct outputs *self, const struct output *output);
const struct view_change *outputs_views(struct outputs *self, size_t *count);

#endif
