/* pane_log.c - closed panes, encoded one after another. */
#include "pane_log.h"

#include <stdlib.h>

static size_t put_varint(uint8_t *out, uint64_t value)
{
    size_t size = 0;
    while (value >= 0x80) {
        out[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[size++] = (uint8_t)value;
    return size;
}

/* Our own bytes, validated when they came in: no bound is checked here. */
static inline uint64_t take_varint(const uint8_t **at)
{
    uint64_t value = *(*at)++;
    if (value < 0x80) {
        return value;
    }
    value &= 0x7f;
    for (unsigned shift = 7;; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
}

static inline int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static inline uint64_t zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

/* One non-zero counter, `gap` behind the one before. */
static inline size_t put_counter(uint8_t *out, unsigned gap, int64_t value)
{
    size_t size = put_varint(out, (uint64_t)gap * 2 + (value == 1));
    return value == 1 ? size : size + put_varint(out + size, zigzag(value));
}

#define GROUP 8 /* most counters are 0: they are passed over so many at a time */
_Static_assert(COUNTERS % GROUP == 0, "whole groups of counters");

static inline bool group_is_zero(const int32_t counts[GROUP])
{
    int32_t any = 0;
    for (unsigned i = 0; i < GROUP; i++) {
        any |= counts[i];
    }
    return any == 0;
}

size_t pane_body_put(const struct pane *pane, uint8_t *out)
{
    size_t size = put_varint(out, (uint64_t)pane->touches);
    unsigned before = 0;
    for (unsigned group = 0; group < COUNTERS; group += GROUP) {
        if (group_is_zero(pane->counts + group)) {
            continue;
        }
        for (unsigned i = group; i < group + GROUP; i++) {
            if (pane->counts[i]) {
                size += put_counter(out + size, i - before, pane->counts[i]);
                before = i;
            }
        }
    }
    return size;
}

/* The counters of a valid body, one by one: an iterator, so that adding and summing share the format. */
struct body_reader {
    const uint8_t *at, *end;
    unsigned counter;
    int64_t value;
};

static inline bool body_next(struct body_reader *self)
{
    if (self->at == self->end) {
        return false;
    }
    uint64_t head = take_varint(&self->at);
    self->counter += (unsigned)(head >> 1);
    self->value = head & 1 ? 1 : unzigzag(take_varint(&self->at));
    return true;
}

static struct body_reader body_open(struct span body, int32_t *touches)
{
    struct body_reader reader = {.at = body.data, .end = body.data + body.size};
    *touches = (int32_t)take_varint(&reader.at);
    return reader;
}

/* Whether foreign bytes are a body: everything that the readers above, and the sums of counters, take for granted. */
static bool body_is_valid(struct span body)
{
    struct cursor in = cursor_over(body);
    uint64_t touches = cursor_varint(&in);
    uint64_t counter = 0;
    bool first = true;
    if (touches > INT32_MAX || body.size > PANE_BODY_MAX) {
        return false;
    }
    while (!in.broken && cursor_left(&in)) {
        uint64_t head = cursor_varint(&in);
        if (head >> 1 > COUNTERS || (!first && head >> 1 == 0)) {
            return false;
        }
        counter += head >> 1;
        int64_t value = head & 1 ? 1 : cursor_zigzag(&in);
        if (counter >= COUNTERS || value == 0 || value > (int64_t)touches || value < -(int64_t)touches) {
            return false;
        }
        first = false;
    }
    return !in.broken;
}

bool pane_body_add(struct span body, int32_t *touches, int32_t counts[COUNTERS])
{
    if (!body_is_valid(body)) {
        return false;
    }
    struct body_reader reader = body_open(body, touches);
    while (body_next(&reader)) {
        counts[reader.counter] += (int32_t)reader.value;
    }
    return true;
}

/* One entry, in place. */
struct entry {
    uint32_t at;   /* of its first byte */
    uint32_t next; /* of the byte after it */
    int64_t index;
    struct span body;
};

/* The entry at a byte position; before: the index of the entry before it (its own for the first). */
static inline struct entry entry_at(const struct pane_log *self, uint32_t at, int64_t before)
{
    const uint8_t *byte = self->data + at;
    uint64_t gap = take_varint(&byte);
    uint64_t size = take_varint(&byte);
    return (struct entry){
        .at = at,
        .next = (uint32_t)(byte - self->data) + (uint32_t)size,
        .index = at == self->start ? self->first : before + (int64_t)gap,
        .body = {byte, size},
    };
}

void pane_log_done(struct pane_log *self)
{
    free(self->data);
    free(self->busy);
    *self = (struct pane_log){0};
}

static void forget_hint(struct pane_log *self)
{
    self->hint_at = self->start;
    self->hint_before = self->first;
}

static void make_room(struct pane_log *self, uint32_t needed)
{
    uint32_t capacity = self->capacity ? self->capacity : 128;
    while (capacity < needed) {
        capacity += capacity / 2;
    }
    uint8_t *grown = realloc(self->data, capacity);
    ASSERT(grown);
    self->data = grown;
    self->capacity = capacity;
}

static void drop_expired(struct pane_log *self)
{
    self->size -= self->start;
    memmove(self->data, self->data + self->start, self->size);
    self->start = 0;
    forget_hint(self);
}

/* Makes the bytes [at, at + old) be `size` given ones. What has expired gives its room before more is asked for. */
static void replace(struct pane_log *self, uint32_t at, uint32_t old, const uint8_t *bytes, uint32_t size)
{
    if (self->size - old + size > self->capacity && self->start > self->size / 8) {
        at -= self->start;
        drop_expired(self);
    }
    if (at < self->hint_at) {
        forget_hint(self);
    }
    uint32_t needed = self->size - old + size;
    if (needed > self->capacity) {
        make_room(self, needed);
    }
    memmove(self->data + at + size, self->data + at + old, self->size - at - old);
    memcpy(self->data + at, bytes, size);
    self->size = needed;
}

#define ENTRY_MAX (PANE_BODY_MAX + 20)

static uint32_t put_entry(uint8_t *out, int64_t gap, struct span body)
{
    size_t size = put_varint(out, (uint64_t)gap);
    size += put_varint(out + size, body.size);
    memcpy(out + size, body.data, body.size);
    return (uint32_t)(size + body.size);
}

/* Puts a pane before the entry `next` (which may be the end). */
static void insert_before(struct pane_log *self, const struct entry *next, bool at_end, int64_t before, int64_t index,
                          struct span body)
{
    uint8_t bytes[2 * ENTRY_MAX];
    bool is_first = next->at == self->start;
    uint32_t size = put_entry(bytes, is_first ? 0 : index - before, body);
    uint32_t old = 0;
    if (!at_end) { /* the entry that follows tells its gap from its new neighbour */
        size += put_entry(bytes + size, next->index - index, next->body);
        old = next->next - next->at;
    }
    replace(self, next->at, old, bytes, size);
    if (is_first) {
        self->first = index;
        forget_hint(self);
    }
    if (at_end) {
        self->last = index;
    }
}

/* Late events are late by little: a search begins where the last one passed panes a little older than it looked for. */
#define HINT_BEHIND 8

/* Finds the entry of an index: true when it is there. Else *entry is the one it would go before, with the index
 * INT64_MIN at the end. *before: the index of the entry before either. */
static bool find(struct pane_log *self, int64_t index, struct entry *entry, int64_t *before)
{
    if (self->hint_at < self->start || index <= self->hint_before) {
        forget_hint(self);
    }
    *before = self->hint_before;
    for (uint32_t at = self->hint_at; at < self->size; at = entry->next) {
        *entry = entry_at(self, at, *before);
        if (entry->index >= index) {
            return entry->index == index;
        }
        if (entry->index < index - HINT_BEHIND) {
            self->hint_at = at;
            self->hint_before = *before;
        }
        *before = entry->index;
    }
    *entry = (struct entry){.at = self->size, .index = INT64_MIN};
    return false;
}

static void read_pane(const struct entry *entry, struct pane *pane)
{
    struct body_reader reader = body_open(entry->body, &pane->touches);
    while (body_next(&reader)) {
        pane->counts[reader.counter] = (int32_t)reader.value;
    }
}

/* Puts a pane where `find` said. */
static void put_body(struct pane_log *self, const struct entry *entry, int64_t before, int64_t index, struct span body)
{
    if (entry->index != index) {
        insert_before(self, entry, entry->index == INT64_MIN, before, index, body);
        return;
    }
    uint8_t bytes[ENTRY_MAX];
    uint32_t size = put_entry(bytes, entry->at == self->start ? 0 : index - before, body);
    replace(self, entry->at, entry->next - entry->at, bytes, size);
}

/* Counters in ascending order; they come nearly so. */
static void sort_counters(const uint16_t *counters, size_t count, uint16_t *sorted)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && sorted[at - 1] > counters[i]; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = counters[i];
    }
}

/* The body that results from adding `step` to some counters of another, which may be empty. 0: it is at its bound. */
static size_t add_to_body(struct span body, const uint16_t *sorted, size_t count, int32_t step, uint8_t *out)
{
    int32_t touches = 0;
    struct body_reader reader = {0};
    if (body.size) {
        reader = body_open(body, &touches);
    }
    if (touches == INT32_MAX) {
        return 0;
    }
    size_t size = put_varint(out, (uint64_t)touches + 1);
    unsigned before = 0;
    size_t next = 0;
    for (bool more = body_next(&reader); more || next < count;) {
        bool is_new = !more || (next < count && sorted[next] < reader.counter);
        unsigned counter = is_new ? sorted[next] : reader.counter;
        int64_t value = is_new ? 0 : reader.value;
        for (; next < count && sorted[next] == counter; next++) {
            value += step;
        }
        if (value) {
            size += put_counter(out + size, counter - before, value);
            before = counter;
        }
        more = is_new ? more : body_next(&reader);
    }
    return size;
}

/* A body of so many bytes is rather made dense than rewritten for every late event: there will be more of them. */
#define BUSY_BODY 96

static bool is_busy(const struct pane_log *self)
{
    return self->busy && self->busy->touches;
}

/* The entry that was busy gets its new body. */
static void settle(struct pane_log *self)
{
    if (is_busy(self)) {
        struct entry entry;
        int64_t before;
        uint8_t body[PANE_BODY_MAX];
        size_t size = pane_body_put(self->busy, body);
        ASSERT(find(self, self->busy->index, &entry, &before));
        put_body(self, &entry, before, self->busy->index, span_of(body, size));
        self->busy->touches = 0;
    }
}

static void make_busy(struct pane_log *self, const struct entry *entry)
{
    if (!self->busy) {
        self->busy = malloc(sizeof *self->busy);
        ASSERT(self->busy);
    }
    *self->busy = (struct pane){.index = entry->index};
    read_pane(entry, self->busy);
}

static bool add_to_busy(struct pane *busy, const uint16_t *counters, size_t count, int32_t step)
{
    if (busy->touches == INT32_MAX) {
        return false;
    }
    busy->touches++;
    for (size_t i = 0; i < count; i++) {
        busy->counts[counters[i]] += step;
    }
    return true;
}

bool pane_log_add(struct pane_log *self, int64_t index, const uint16_t *counters, size_t count, int32_t step)
{
    uint16_t sorted[EVENT_COUNTERS_MAX];
    uint8_t body[PANE_BODY_MAX];
    struct entry entry;
    int64_t before;
    if (is_busy(self) && self->busy->index == index) {
        return add_to_busy(self->busy, counters, count, step);
    }
    settle(self);
    ASSERT(count <= EVENT_COUNTERS_MAX);
    sort_counters(counters, count, sorted);
    bool is_there = find(self, index, &entry, &before);
    if (is_there && entry.body.size > BUSY_BODY) {
        make_busy(self, &entry);
        return add_to_busy(self->busy, counters, count, step);
    }
    size_t size = add_to_body(is_there ? entry.body : span_of(NULL, 0), sorted, count, step, body);
    if (size == 0) {
        return false;
    }
    put_body(self, &entry, before, index, span_of(body, size));
    return true;
}

/* Counters end at their bound; two panes that each may be full are added up here alone. */
static int32_t sum_bounded(int32_t a, int32_t b)
{
    int64_t sum = (int64_t)a + b;
    return sum > INT32_MAX ? INT32_MAX : sum < -INT32_MAX ? -INT32_MAX : (int32_t)sum;
}

void pane_log_append(struct pane_log *self, const struct pane *pane)
{
    settle(self);
    struct pane sum = *pane;
    struct entry entry = {.at = self->size, .index = INT64_MIN};
    int64_t before = self->last;
    if (!pane_log_is_empty(self) && pane->index <= self->last && find(self, pane->index, &entry, &before)) {
        struct pane kept = {.index = pane->index};
        read_pane(&entry, &kept);
        sum.touches = sum_bounded(sum.touches, kept.touches);
        for (unsigned i = 0; i < COUNTERS; i++) {
            sum.counts[i] = sum_bounded(sum.counts[i], kept.counts[i]);
        }
    }
    uint8_t body[PANE_BODY_MAX];
    put_body(self, &entry, before, sum.index, span_of(body, pane_body_put(&sum, body)));
}

bool pane_log_expire(struct pane_log *self, int64_t first_kept)
{
    bool expired = false;
    settle(self);
    while (!pane_log_is_empty(self) && self->first < first_kept) {
        uint32_t next = entry_at(self, self->start, 0).next;
        if (next < self->size) {
            const uint8_t *gap = self->data + next;
            self->first += (int64_t)take_varint(&gap);
        }
        self->start = next;
        expired = true;
    }
    return expired;
}

static void sum_entry(const struct pane_log *self, const struct entry *entry, int64_t sums[COUNTERS])
{
    if (is_busy(self) && entry->index == self->busy->index) {
        for (unsigned i = 0; i < COUNTERS; i++) {
            sums[i] += self->busy->counts[i];
        }
        return;
    }
    int32_t touches;
    struct body_reader reader = body_open(entry->body, &touches);
    while (body_next(&reader)) {
        sums[reader.counter] += reader.value;
    }
}

void pane_log_sum(const struct pane_log *self, int64_t first, int64_t last, int64_t sums[COUNTERS])
{
    int64_t before = self->first;
    for (uint32_t at = self->start; at < self->size;) {
        struct entry entry = entry_at(self, at, before);
        if (entry.index > last) {
            return;
        }
        if (entry.index >= first) {
            sum_entry(self, &entry, sums);
        }
        before = entry.index;
        at = entry.next;
    }
}

/* The bytes as they will be when the busy entry has settled. */
static void encode_busy(const struct pane_log *self, struct buffer *out)
{
    uint8_t body[PANE_BODY_MAX];
    uint8_t bytes[ENTRY_MAX];
    int64_t before = self->first;
    struct entry entry = entry_at(self, self->start, before);
    while (entry.index != self->busy->index) {
        before = entry.index;
        entry = entry_at(self, entry.next, before);
    }
    uint32_t size = put_entry(bytes, entry.at == self->start ? 0 : entry.index - before,
                              span_of(body, pane_body_put(self->busy, body)));
    buffer_zigzag(out, (int64_t)(entry.at - self->start) + size + (self->size - entry.next));
    buffer_bytes(out, self->data + self->start, entry.at - self->start);
    buffer_bytes(out, bytes, size);
    buffer_bytes(out, self->data + entry.next, self->size - entry.next);
}

void pane_log_encode(const struct pane_log *self, struct buffer *out)
{
    buffer_zigzag(out, self->first);
    if (is_busy(self)) {
        encode_busy(self, out);
        return;
    }
    buffer_span(out, span_of(self->data ? self->data + self->start : NULL, self->size - self->start));
}

bool pane_log_decode(struct pane_log *self, struct cursor *in)
{
    int64_t first = cursor_zigzag(in);
    struct span bytes = cursor_span(in);
    int64_t index = first;
    struct cursor entries = cursor_over(bytes);
    if (in->broken || first < -PANE_INDEX_MAX || first > PANE_INDEX_MAX || bytes.size > CELL_CLOSED_SIZE_MAX) {
        return false;
    }
    for (bool is_first = true; !entries.broken && cursor_left(&entries); is_first = false) {
        uint64_t gap = cursor_varint(&entries);
        struct span body = cursor_bytes(&entries, (size_t)cursor_varint(&entries));
        bool is_ordered = is_first || (gap > 0 && gap <= (uint64_t)(PANE_INDEX_MAX - index));
        if (entries.broken || !is_ordered || !body_is_valid(body)) {
            return false;
        }
        index += is_first ? 0 : (int64_t)gap;
    }
    if (entries.broken) {
        return false;
    }
    *self = (struct pane_log){.first = first, .last = index};
    if (bytes.size) {
        replace(self, 0, 0, bytes.data, (uint32_t)bytes.size);
    }
    return true;
}
