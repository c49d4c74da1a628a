/* signal_batch.c - packs and unpacks the messages of cx.signals; the layout is schemas/signal_batch.avsc. */
#include "slipstream/model/signal_batch.h"

#include <endian.h>
#include <stdlib.h>

#define NAMES_SIZE_MAX (SIGNAL_BATCH_SIZE_MAX / 2)
#define WHAT_KIND      4
#define WHAT_RETRACTS  16

void batch_writer_init(struct batch_writer *self)
{
    *self = (struct batch_writer){0};
    buffer_init(&self->agencies, NAMES_SIZE_MAX);
    buffer_init(&self->services, NAMES_SIZE_MAX);
    buffer_init(&self->events, SIGNAL_BATCH_SIZE_MAX);
}

void batch_writer_done(struct batch_writer *self)
{
    buffer_done(&self->agencies);
    buffer_done(&self->services);
    buffer_done(&self->events);
}

void batch_writer_clear(struct batch_writer *self)
{
    buffer_clear(&self->agencies);
    buffer_clear(&self->services);
    buffer_clear(&self->events);
    self->agency_count = self->service_count = self->event_count = 0;
}

uint32_t batch_writer_agency(struct batch_writer *self, struct span name)
{
    buffer_span(&self->agencies, name);
    return self->agency_count++;
}

uint32_t batch_writer_service(struct batch_writer *self, struct span name)
{
    buffer_span(&self->services, name);
    return self->service_count++;
}

static uint8_t *put_varint(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

/* At most eight groups of seven bits at once, which are moved apart in pairs: 56 bits to twice 28, 14, 7. Numbers have
 * any length, so that a loop over their bytes ends where nobody guesses it. There is room for eight bytes. */
static inline uint8_t *put_groups(uint8_t *at, uint64_t value)
{
    uint64_t word = (value & UINT64_C(0x000000000fffffff)) | (value & UINT64_C(0x00fffffff0000000)) << 4;
    word = (word & UINT64_C(0x00003fff00003fff)) | (word & UINT64_C(0x0fffc0000fffc000)) << 2;
    word = (word & UINT64_C(0x007f007f007f007f)) | (word & UINT64_C(0x3f803f803f803f80)) << 1;
    const unsigned last_bit = (63 - (unsigned)__builtin_clzll(word | 1)) & ~7u; /* of the last byte, the first */
    word |= UINT64_C(0x8080808080808080) & ((UINT64_C(1) << last_bit) - 1);
    word = htole64(word);
    memcpy(at, &word, sizeof word);
    return at + last_bit / 8 + 1;
}

static inline uint8_t *put_zigzag(uint8_t *at, int64_t value)
{
    uint64_t raw = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    if (raw < 0x80) {
        *at = (uint8_t)raw;
        return at + 1;
    }
    return raw >> 56 == 0 ? put_groups(at, raw) : put_varint(at, raw);
}

#define EVENT_SIZE_MAX (9 * 10 + 8 + 2 + DURATIONS * 10)

void batch_writer_event(struct batch_writer *self, const struct signal_event *event)
{
    uint8_t *start = buffer_reserve(&self->events, EVENT_SIZE_MAX);
    if (!start) {
        return; /* the overflow is the caller's to see, at the seal */
    }
    if (self->event_count++ == 0) {
        self->base_us = event->at_us;
    }
    int64_t what = (int64_t)event->channel + WHAT_KIND * (int64_t)event->kind + (event->retracts ? WHAT_RETRACTS : 0);
    uint8_t *at = put_zigzag(start, event->agency);
    at = put_zigzag(at, event->service);
    at = put_zigzag(at, what);
    at = put_zigzag(at, event->at_us - self->base_us);
    for (unsigned shift = 0; shift < 64; shift += 8) {
        *at++ = (uint8_t)(event->id >> shift);
    }
    at = put_zigzag(at, event->outcomes_known);
    at = put_zigzag(at, event->outcomes_yes);
    at = put_zigzag(at, (int64_t)event->ratings);
    at = put_zigzag(at, event->transfers);
    unsigned durations = 0;
    for (unsigned i = 0; i < DURATIONS; i++) {
        durations += event->duration_ms[i] != ABSENT;
    }
    if (durations) {
        at = put_zigzag(at, durations);
        for (unsigned i = 0; i < DURATIONS; i++) {
            if (event->duration_ms[i] != ABSENT) {
                at = put_zigzag(at, event->duration_ms[i] * 8 + (int64_t)i);
            }
        }
    }
    *at++ = 0;
    self->events.size += (size_t)(at - start);
}
_Static_assert(DURATIONS <= 8, "a duration's number is three bits");

size_t batch_writer_size(const struct batch_writer *self)
{
    return self->agencies.size + self->services.size + self->events.size;
}

/* One block of an Avro array whose items are already encoded. */
static void put_array(struct buffer *out, uint64_t count, const struct buffer *items)
{
    if (count) {
        buffer_zigzag(out, (int64_t)count);
        buffer_bytes(out, items->data, items->size);
        out->overflow |= items->overflow;
    }
    buffer_u8(out, 0);
}

static void put_header(const struct batch_header *header, struct buffer *out)
{
    buffer_u8(out, SIGNAL_BATCH_FORMAT);
    buffer_zigzag(out, header->written_at.us);
    buffer_span(out, header->instance);
    if (header->source_count) {
        buffer_zigzag(out, (int64_t)header->source_count);
    }
    for (size_t i = 0; i < header->source_count; i++) {
        buffer_span(out, header->sources[i].name);
        buffer_zigzag(out, header->sources[i].partitions);
    }
    buffer_u8(out, 0);
    if (header->progress_count) {
        buffer_zigzag(out, (int64_t)header->progress_count);
    }
    for (size_t i = 0; i < header->progress_count; i++) {
        const struct source_progress *progress = &header->progress[i];
        buffer_zigzag(out, progress->topic);
        buffer_zigzag(out, progress->partition);
        buffer_zigzag(out, progress->position);
        buffer_zigzag(out, progress->stable_offset);
        buffer_zigzag(out, progress->at_us);
    }
    buffer_u8(out, 0);
}

/* Whether a reader would take it: what it refuses would be lost. */
static bool is_readable(const struct batch_writer *self, const struct batch_header *header)
{
    return header->source_count <= SIGNAL_BATCH_SOURCES_MAX && header->progress_count <= SIGNAL_BATCH_PROGRESS_MAX &&
           self->agency_count <= SIGNAL_BATCH_NAMES_MAX && self->service_count <= SIGNAL_BATCH_NAMES_MAX;
}

void batch_writer_seal(const struct batch_writer *self, const struct batch_header *header, struct buffer *out)
{
    buffer_clear(out);
    if (!is_readable(self, header)) {
        out->overflow = true;
        return;
    }
    put_header(header, out);
    put_array(out, self->agency_count, &self->agencies);
    put_array(out, self->service_count, &self->services);
    buffer_zigzag(out, self->base_us);
    put_array(out, self->event_count, &self->events);
}

void batch_reader_init(struct batch_reader *self)
{
    *self = (struct batch_reader){0};
}

void batch_reader_done(struct batch_reader *self)
{
    free(self->progress);
    free(self->names);
    *self = (struct batch_reader){0};
}

/* The next item of an Avro array: false at its end, or when it is broken or longer than most. */
struct array {
    uint64_t left;  /* in this block */
    uint64_t total; /* items begun */
    uint64_t most;
};

static bool array_next(struct array *self, struct cursor *in)
{
    if (self->left == 0) {
        int64_t count = cursor_zigzag(in);
        if (count < 0) { /* a block that tells its size, as other writers may send */
            cursor_zigzag(in);
            count = count == INT64_MIN ? INT64_MAX : -count;
        }
        self->left = (uint64_t)count;
    }
    if (self->left == 0 || in->broken) {
        return false;
    }
    self->left--;
    if (++self->total > self->most) {
        in->broken = true;
        return false;
    }
    return true;
}

/* As cursor_zigzag. Nearly always there is room for the longest, and a number has one byte, or at most eight, which are
 * taken at once: put_groups backwards. */
static inline int64_t read_long(struct cursor *in)
{
    if (cursor_left(in) < 10) {
        return cursor_zigzag(in);
    }
    uint64_t word = *in->at;
    if (word < 0x80) {
        in->at++;
        return (int64_t)(word >> 1) ^ -(int64_t)(word & 1);
    }
    memcpy(&word, in->at, sizeof word);
    word = le64toh(word);
    const uint64_t stops = ~word & UINT64_C(0x8080808080808080);
    if (stops == 0) {
        return cursor_zigzag(in);
    }
    const uint64_t stop = stops & -stops;
    word &= (stop - 1) & UINT64_C(0x7f7f7f7f7f7f7f7f);
    word = (word & UINT64_C(0x007f007f007f007f)) | (word & UINT64_C(0x7f007f007f007f00)) >> 1;
    word = (word & UINT64_C(0x00003fff00003fff)) | (word & UINT64_C(0x3fff00003fff0000)) >> 2;
    word = (word & UINT64_C(0x000000000fffffff)) | (word & UINT64_C(0x0fffffff00000000)) >> 4;
    in->at += __builtin_ctzll(stop) / 8 + 1;
    return (int64_t)(word >> 1) ^ -(int64_t)(word & 1);
}

/* Avro's int, and one that says no less than `least`. */
static inline int32_t read_int(struct cursor *in, int32_t least)
{
    int64_t value = read_long(in);
    if (value < least || value > INT32_MAX) {
        in->broken = true;
        return 0;
    }
    return (int32_t)value;
}

/* Grows an array of items kept from batch to batch. */
static void *grow(void *items, size_t *capacity, size_t needed, size_t item_size)
{
    if (needed <= *capacity) {
        return items;
    }
    size_t wanted = *capacity ? *capacity * 2 : 64;
    wanted = wanted < needed ? needed : wanted;
    void *grown = realloc(items, wanted * item_size);
    ASSERT(grown);
    *capacity = wanted;
    return grown;
}

static uint32_t read_names(struct batch_reader *self, uint32_t before)
{
    struct array names = {.most = SIGNAL_BATCH_NAMES_MAX};
    uint32_t count = before;
    while (array_next(&names, &self->cursor)) {
        struct span name = cursor_span(&self->cursor);
        if (name.size == 0 || name.size > ID_SIZE_MAX || !span_is_text(name)) { /* a NUL would end it in stored state */
            self->cursor.broken = true;
        }
        self->names = grow(self->names, &self->name_capacity, count + 1, sizeof *self->names);
        self->names[count++] = name;
    }
    return count - before;
}

static void read_progress(struct batch_reader *self)
{
    struct cursor *in = &self->cursor;
    struct array items = {.most = SIGNAL_BATCH_PROGRESS_MAX};
    size_t count = 0;
    while (array_next(&items, in)) {
        self->progress = grow(self->progress, &self->progress_capacity, count + 1, sizeof *self->progress);
        struct source_progress *progress = &self->progress[count++];
        progress->topic = (uint32_t)read_int(in, 0);
        progress->partition = read_int(in, 0);
        progress->position = cursor_zigzag(in);
        progress->stable_offset = cursor_zigzag(in);
        progress->at_us = cursor_zigzag(in);
        if (progress->topic >= self->header.source_count) {
            in->broken = true;
        }
    }
    self->header.progress = self->progress;
    self->header.progress_count = count;
}

static void read_sources(struct batch_reader *self)
{
    struct array items = {.most = SIGNAL_BATCH_SOURCES_MAX};
    size_t count = 0;
    while (array_next(&items, &self->cursor)) {
        self->sources[count].name = cursor_span(&self->cursor);
        self->sources[count].partitions = read_int(&self->cursor, 0);
        count++;
    }
    self->header.sources = self->sources;
    self->header.source_count = count;
}

enum outcome batch_reader_open(struct batch_reader *self, struct span message, struct reason *why)
{
    self->cursor = cursor_over(message);
    uint8_t format = cursor_u8(&self->cursor);
    if (format != SIGNAL_BATCH_FORMAT) {
        return FAIL(why, SKIP, REASON_BAD_MAGIC, "a signal batch of format %u, this release reads %d", format,
                    SIGNAL_BATCH_FORMAT);
    }
    self->header.written_at.us = cursor_zigzag(&self->cursor);
    self->header.instance = cursor_span(&self->cursor);
    read_sources(self);
    read_progress(self);
    self->agency_count = read_names(self, 0);
    self->service_count = read_names(self, self->agency_count);
    self->base_us = cursor_zigzag(&self->cursor);
    self->events_left = 0;
    if (self->cursor.broken) {
        return FAIL(why, SKIP, REASON_TRUNCATED, "the head of a signal batch of %zu bytes cannot be read",
                    message.size);
    }
    return DONE;
}

static void read_durations(struct cursor *in, struct signal_event *event)
{
    for (unsigned i = 0; i < DURATIONS; i++) {
        event->duration_ms[i] = ABSENT;
    }
    struct array items = {.most = DURATIONS};
    while (array_next(&items, in)) {
        int64_t packed = read_long(in);
        if (packed < 0 || packed % 8 >= DURATIONS) {
            in->broken = true;
            return;
        }
        event->duration_ms[packed % 8] = packed / 8;
    }
}

static bool event_is_valid(const struct batch_reader *self, const struct signal_event *event, int32_t what)
{
    return event->agency < self->agency_count && event->service < self->service_count && what < 2 * WHAT_RETRACTS &&
           event->kind < EVENT_KINDS && event->outcomes_known < 1u << OUTCOMES &&
           (event->outcomes_yes & ~event->outcomes_known) == 0 && event->ratings < 1ull << (3 * RATINGS);
}

static bool ratings_are_valid(uint64_t ratings)
{
    for (; ratings; ratings >>= 3) {
        if ((ratings & 7) > 5) {
            return false;
        }
    }
    return true;
}

enum outcome batch_reader_next(struct batch_reader *self, struct signal_event *event, bool *more, struct reason *why)
{
    struct cursor *in = &self->cursor;
    struct array events = {.left = self->events_left, .most = UINT64_MAX};
    if (!array_next(&events, in)) {
        if (in->broken || cursor_left(in)) {
            return FAIL(why, SKIP, REASON_TRAILING_BYTES, "a signal batch does not end where it says");
        }
        *more = false;
        return DONE;
    }
    self->events_left = events.left;
    event->agency = (uint32_t)read_int(in, 0);
    event->service = (uint32_t)read_int(in, 0);
    int32_t what = read_int(in, 0);
    event->channel = (enum channel)(what & 3);
    event->kind = (enum event_kind)(what >> 2 & 3);
    event->retracts = (what & WHAT_RETRACTS) != 0;
    in->broken |= __builtin_add_overflow(self->base_us, read_long(in), &event->at_us);
    event->id = cursor_u64(in);
    event->outcomes_known = (uint32_t)read_int(in, 0);
    event->outcomes_yes = (uint32_t)read_int(in, 0);
    event->ratings = (uint64_t)read_long(in);
    event->transfers = read_int(in, -1);
    read_durations(in, event);
    if (in->broken || !event_is_valid(self, event, what) || !ratings_are_valid(event->ratings)) {
        return FAIL(why, SKIP, REASON_TRUNCATED, "an event of a signal batch cannot be read");
    }
    *more = true;
    return DONE;
}
