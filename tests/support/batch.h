/* batch.h - random signal batches: as data, packed by our writer, and packed as other Avro writers may.
 *
 * Source of the second: the Avro 1.11 specification, "Binary encoding". */
#ifndef SLIPSTREAM_TESTS_BATCH_H
#define SLIPSTREAM_TESTS_BATCH_H

#include <string.h>

#include "seeded.h"
#include "slipstream/model.h"

#define EVENTS_MAX   64
#define NAMES_MAX    8
#define PROGRESS_MAX 6

/* A batch before it is packed. */
struct content {
    struct batch_header header;
    struct source_topic sources[3];
    struct source_progress progress[PROGRESS_MAX];
    char names[2][NAMES_MAX][ID_SIZE_MAX]; /* agencies, services */
    size_t name_size[2][NAMES_MAX];
    uint32_t name_count[2];
    struct signal_event events[EVENTS_MAX];
    size_t event_count;
};

static inline struct signal_event random_event(struct seeded *random, const struct content *content)
{
    struct signal_event event = {
        .at_us = INT64_C(1795339800000000) - (int64_t)seeded_sized(random, 43),
        .id = seeded_bits(random),
        .agency = (uint32_t)seeded_below(random, content->name_count[0]),
        .service = (uint32_t)seeded_below(random, content->name_count[1]),
        .channel = (enum channel)seeded_below(random, CHANNELS),
        .kind = (enum event_kind)seeded_below(random, EVENT_KINDS),
        .retracts = seeded_one_in(random, 4),
        .outcomes_known = (uint32_t)seeded_below(random, 1u << OUTCOMES),
        .transfers = (int32_t)seeded_between(random, -1, 1000),
    };
    event.outcomes_yes = event.outcomes_known & (uint32_t)seeded_bits(random);
    for (unsigned i = 0; i < RATINGS; i++) {
        event.ratings |= seeded_below(random, 6) << (3 * i);
    }
    for (unsigned i = 0; i < DURATIONS; i++) {
        event.duration_ms[i] = seeded_one_in(random, 2) ? ABSENT : (int64_t)seeded_sized(random, 36);
    }
    return event;
}

static inline void random_names(struct seeded *random, struct content *content, unsigned table)
{
    content->name_count[table] = 1 + (uint32_t)seeded_below(random, NAMES_MAX);
    for (uint32_t i = 0; i < content->name_count[table]; i++) {
        size_t size = 1 + (size_t)(seeded_one_in(random, 5) ? ID_SIZE_MAX - 1 : seeded_below(random, 20));
        content->name_size[table][i] = size;
        for (size_t at = 0; at < size; at++) {
            content->names[table][i][at] = (char)('a' + seeded_below(random, 26));
        }
    }
}

static inline void random_content(struct seeded *random, struct content *content)
{
    static const char *const topics[] = {"interactions.web", "interactions.phone", "x"};
    memset(content, 0, sizeof *content);
    content->header.written_at.us = INT64_C(1795339800000000) + (int64_t)seeded_sized(random, 50);
    content->header.instance = span_text(seeded_one_in(random, 3) ? "" : "intake-1");
    content->header.source_count = (size_t)seeded_below(random, 3 + 1);
    for (size_t i = 0; i < content->header.source_count; i++) {
        content->sources[i] = (struct source_topic){span_text(topics[i]), (int32_t)seeded_sized(random, 31)};
    }
    content->header.progress_count = content->header.source_count ? (size_t)seeded_below(random, PROGRESS_MAX + 1) : 0;
    for (size_t i = 0; i < content->header.progress_count; i++) {
        content->progress[i] = (struct source_progress){
            .topic = (uint32_t)seeded_below(random, content->header.source_count),
            .partition = (int32_t)seeded_sized(random, 31),
            .position = (int64_t)seeded_sized(random, 63),
            .stable_offset = seeded_one_in(random, 3) ? -1 : (int64_t)seeded_sized(random, 63),
            .at_us = content->header.written_at.us - (int64_t)seeded_sized(random, 30),
        };
    }
    content->header.sources = content->sources;
    content->header.progress = content->progress;
    random_names(random, content, 0);
    random_names(random, content, 1);
    content->event_count = (size_t)seeded_below(random, seeded_one_in(random, 4) ? EVENTS_MAX + 1 : 4);
    for (size_t i = 0; i < content->event_count; i++) {
        content->events[i] = random_event(random, content);
    }
}

static inline struct span name_of(const struct content *content, unsigned table, uint32_t position)
{
    return span_of(content->names[table][position], content->name_size[table][position]);
}

static inline void pack(struct batch_writer *writer, const struct content *content, struct buffer *out)
{
    batch_writer_clear(writer);
    for (uint32_t i = 0; i < content->name_count[0]; i++) {
        assert_int_equal(batch_writer_agency(writer, name_of(content, 0, i)), i);
    }
    for (uint32_t i = 0; i < content->name_count[1]; i++) {
        assert_int_equal(batch_writer_service(writer, name_of(content, 1, i)), i);
    }
    for (size_t i = 0; i < content->event_count; i++) {
        batch_writer_event(writer, &content->events[i]);
    }
    batch_writer_seal(writer, &content->header, out);
}

/* What a message has in its arrays, as a foreign writer may put it: in blocks of any size, each with a count, or with a
 * negative count and its size in bytes. */
struct blocks {
    struct buffer *out;
    struct buffer block;
    int64_t in_block;
    struct seeded *random;
    bool sized;
};

static inline void block_end(struct blocks *self)
{
    if (self->in_block) {
        buffer_zigzag(self->out, self->sized ? -self->in_block : self->in_block);
        if (self->sized) {
            buffer_zigzag(self->out, (int64_t)self->block.size);
        }
        buffer_bytes(self->out, self->block.data, self->block.size);
    }
    buffer_clear(&self->block);
    self->in_block = 0;
}

static inline struct buffer *block_item(struct blocks *self)
{
    if (seeded_one_in(self->random, 3)) {
        block_end(self);
    }
    self->in_block++;
    return &self->block;
}

static inline void array_end(struct blocks *self)
{
    block_end(self);
    buffer_u8(self->out, 0);
}

static inline void foreign_event(struct buffer *out, const struct signal_event *event, int64_t base,
                                 struct blocks *durations)
{
    buffer_zigzag(out, event->agency);
    buffer_zigzag(out, event->service);
    buffer_zigzag(out, (int64_t)event->channel + 4 * (int64_t)event->kind + 16 * event->retracts);
    buffer_zigzag(out, event->at_us - base);
    buffer_u64(out, event->id);
    buffer_zigzag(out, event->outcomes_known);
    buffer_zigzag(out, event->outcomes_yes);
    buffer_zigzag(out, (int64_t)event->ratings);
    buffer_zigzag(out, event->transfers);
    durations->out = out;
    for (int i = DURATIONS; i-- > 0;) { /* their order says nothing */
        if (event->duration_ms[i] != ABSENT) {
            buffer_zigzag(block_item(durations), event->duration_ms[i] * 8 + i);
        }
    }
    array_end(durations);
}

static inline void foreign_message(const struct content *content, bool sized, struct seeded *random, struct buffer *out)
{
    int64_t base = INT64_C(-5);
    struct blocks array = {.out = out, .random = random, .sized = sized};
    struct blocks durations = {.random = random, .sized = sized};
    buffer_init(&array.block, SIGNAL_BATCH_SIZE_MAX);
    buffer_init(&durations.block, SIGNAL_BATCH_SIZE_MAX);
    buffer_clear(out);
    buffer_u8(out, 1);
    buffer_zigzag(out, content->header.written_at.us);
    buffer_span(out, content->header.instance);
    for (size_t i = 0; i < content->header.source_count; i++) {
        struct buffer *source = block_item(&array);
        buffer_span(source, content->sources[i].name);
        buffer_zigzag(source, content->sources[i].partitions);
    }
    array_end(&array);
    for (size_t i = 0; i < content->header.progress_count; i++) {
        struct buffer *progress = block_item(&array);
        buffer_zigzag(progress, content->progress[i].topic);
        buffer_zigzag(progress, content->progress[i].partition);
        buffer_zigzag(progress, content->progress[i].position);
        buffer_zigzag(progress, content->progress[i].stable_offset);
        buffer_zigzag(progress, content->progress[i].at_us);
    }
    array_end(&array);
    for (unsigned table = 0; table < 2; table++) {
        for (uint32_t i = 0; i < content->name_count[table]; i++) {
            buffer_span(block_item(&array), name_of(content, table, i));
        }
        array_end(&array);
    }
    buffer_zigzag(out, base);
    for (size_t i = 0; i < content->event_count; i++) {
        foreign_event(block_item(&array), &content->events[i], base, &durations);
    }
    array_end(&array);
    assert_false(out->overflow);
    buffer_done(&array.block);
    buffer_done(&durations.block);
}

#endif
