/* pane_log.c - closed panes, encoded one after another. */
#include "pane_log.h"

#include <stdlib.h>

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
    *self = (struct pane_log){0};
}

static void forget_hint(struct pane_log *self)
{
    self->hint_at = self->start;
    self->hint_before = self->first;
}

/* An eighth more than is needed: logs grow slowly, and there are many of them. */
static void make_room(struct pane_log *self, uint32_t needed)
{
    uint32_t capacity = needed + needed / 8 + BODY_SLACK;
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

/* Makes the bytes [at, at + old) be `size` given ones. What has expired gives its room before more is asked for: it
 * does so at most once an hour, so there is no need to wait until it is worth it. */
static void replace(struct pane_log *self, uint32_t at, uint32_t old, const uint8_t *bytes, uint32_t size)
{
    if (self->size - old + size + BODY_SLACK > self->capacity && self->start > 0) {
        at -= self->start;
        drop_expired(self);
    }
    if (at < self->hint_at) {
        forget_hint(self);
    }
    uint32_t needed = self->size - old + size;
    if (needed + BODY_SLACK > self->capacity) {
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
#define HINT_BEHIND 4

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

bool pane_log_join(struct pane_log *self, int64_t index, const struct pane *pane)
{
    uint8_t body[PANE_BODY_MAX];
    struct entry entry;
    int64_t before;
    bool is_there = find(self, index, &entry, &before);
    size_t size = body_join(is_there ? entry.body.data : NULL, pane, body);
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

/* Adds a pane to the entry of the same index. */
static void merge(struct pane_log *self, const struct entry *entry, int64_t before, const struct pane *pane)
{
    struct pane sum = {.index = pane->index};
    uint8_t body[PANE_BODY_MAX];
    body_read(entry->body.data, &sum);
    sum.touches = sum_bounded(sum.touches, pane->touches);
    sum.groups |= pane->groups;
    for (unsigned i = 0; i < COUNTERS; i++) {
        sum.counts[i] = sum_bounded(sum.counts[i], pane->counts[i]);
    }
    put_body(self, entry, before, pane->index, span_of(body, body_put(&sum, body)));
}

void pane_log_append(struct pane_log *self, const struct pane *pane)
{
    struct entry entry = {.at = self->size, .index = INT64_MIN};
    int64_t before = self->last;
    uint8_t body[PANE_BODY_MAX];
    if (!pane_log_is_empty(self) && pane->index <= self->last && find(self, pane->index, &entry, &before)) {
        merge(self, &entry, before, pane);
        return;
    }
    put_body(self, &entry, before, pane->index, span_of(body, body_put(pane, body)));
}

bool pane_log_expire(struct pane_log *self, int64_t first_kept)
{
    bool expired = false;
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

void pane_log_sum(const struct pane_log *self, int64_t first, int64_t last, int64_t sums[COUNTERS])
{
    int64_t before = self->first;
    for (uint32_t at = self->start; at < self->size;) {
        struct entry entry = entry_at(self, at, before);
        if (entry.index > last) {
            return;
        }
        if (entry.index >= first) {
            body_sum(entry.body.data, sums);
        }
        before = entry.index;
        at = entry.next;
    }
}

void pane_log_sum_runs(const struct pane_log *self, const struct pane_run *runs, size_t count, double sums[COUNTERS])
{
    int64_t before = self->first;
    uint64_t groups = 0;
    size_t run = 0;
    for (uint32_t at = self->start; at < self->size && run < count;) {
        struct entry entry = entry_at(self, at, before);
        while (run < count && runs[run].last < entry.index) {
            run++;
        }
        if (run < count && entry.index >= runs[run].first) {
            body_sum_share(entry.body.data, runs[run].share, sums, &groups);
        }
        before = entry.index;
        at = entry.next;
    }
}

void pane_log_each(const struct pane_log *self, int64_t end, pane_visitor *visit, void *context, double sums[COUNTERS])
{
    int64_t before = self->first;
    for (uint32_t at = self->start; at < self->size;) {
        struct entry entry = entry_at(self, at, before);
        uint64_t groups = 0;
        if (entry.index >= end) {
            return;
        }
        body_sum_share(entry.body.data, 1, sums, &groups);
        visit(context, entry.index, sums);
        sums_clear(sums, groups);
        before = entry.index;
        at = entry.next;
    }
}

void pane_log_encode(const struct pane_log *self, struct buffer *out)
{
    buffer_zigzag(out, self->first);
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
        if (entries.broken || !is_ordered || !body_take(body, NULL)) {
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
