/* outbox.c - alerts on their way out. */
#include "outbox.h"

#include <stdio.h>
#include <stdlib.h>

#define FORMAT     2 /* 1 had no number: it was a message, which begins with 0 */
#define STORED_MAX (OUTBOX_VALUE_MAX + NOTIFY_BODY_MAX + 64)

void outbox_init(struct outbox *self, unsigned sinks)
{
    *self = (struct outbox){.sinks = sinks | SINK_BIT(SINK_TOPIC)};
}

static void entry_free(struct outbox *self, struct outbox_entry *entry)
{
    free(entry->bytes);
    *entry = (struct outbox_entry){.generation = entry->generation};
    self->used--;
}

void outbox_done(struct outbox *self)
{
    for (size_t i = 0; i < self->capacity; i++) {
        free(self->entries[i].bytes);
    }
    free(self->entries);
    *self = (struct outbox){.sinks = self->sinks};
}

bool outbox_has_room(const struct outbox *self, size_t more)
{
    return self->on_topic + more <= OUTBOX_TOPIC_MAX && self->used + more <= OUTBOX_MAX;
}

/* Who is to be told of an entry. */
static unsigned wanted(const struct outbox *self, const struct outbox_entry *entry)
{
    return entry->notice_size ? self->sinks : SINK_BIT(SINK_TOPIC);
}

static bool is_acked(const struct outbox *self, const struct outbox_entry *entry)
{
    return (wanted(self, entry) & ~entry->acked) == 0;
}

static struct outbox_entry *find(struct outbox *self, uint64_t alert, enum alert_transition transition)
{
    for (size_t i = 0; i < self->capacity; i++) {
        struct outbox_entry *entry = &self->entries[i];
        if (entry->state != OUTBOX_FREE && entry->alert == alert && entry->transition == transition) {
            return entry;
        }
    }
    return NULL;
}

/* A free place. Places keep their number while they are used: it is part of the delivery's token. */
static struct outbox_entry *place(struct outbox *self)
{
    for (size_t i = 0; i < self->capacity; i++) {
        if (self->entries[i].state == OUTBOX_FREE) {
            return &self->entries[i];
        }
    }
    size_t capacity = self->capacity ? self->capacity * 2 : 16;
    ASSERT(capacity <= OUTBOX_MAX);
    self->entries = realloc(self->entries, capacity * sizeof *self->entries);
    ASSERT(self->entries);
    memset(self->entries + self->capacity, 0, (capacity - self->capacity) * sizeof *self->entries);
    struct outbox_entry *first = &self->entries[self->capacity];
    self->capacity = capacity;
    return first;
}

/* Takes its place's next generation: what was sent of another before says nothing of this one. */
static struct outbox_entry *begin(struct outbox *self, uint64_t alert, enum alert_transition transition)
{
    struct outbox_entry *entry = find(self, alert, transition);
    if (entry) {
        self->on_topic -= !(entry->acked & SINK_BIT(SINK_TOPIC));
        entry_free(self, entry);
    } else {
        entry = place(self);
    }
    *entry = (struct outbox_entry){.generation = (uint16_t)((entry->generation + 1) % OUTBOX_GENERATIONS),
                                   .alert = alert,
                                   .transition = transition};
    self->used++;
    return entry;
}

static void set_bytes(struct outbox_entry *entry, struct span message, struct span notice)
{
    entry->bytes = malloc(message.size + notice.size + 1);
    ASSERT(entry->bytes);
    memcpy(entry->bytes, message.data, message.size);
    if (notice.size) {
        memcpy(entry->bytes + message.size, notice.data, notice.size);
    }
    entry->message_size = message.size;
    entry->notice_size = notice.size;
}

void outbox_add(struct outbox *self, uint64_t alert, enum alert_transition transition, struct span message,
                struct span notice, struct event_time at)
{
    struct outbox_entry *entry = begin(self, alert, transition);
    entry->state = OUTBOX_NEW;
    entry->at = at;
    set_bytes(entry, message, notice);
    self->on_topic++;
}

/* ---- stored ---- */

/* The entry's value into its parts. */
static enum outcome parse(struct span value, struct outbox_entry *parts, struct span *message, struct span *notice,
                          struct reason *why)
{
    struct cursor in = cursor_over(value);
    uint8_t format = cursor_u8(&in);
    if (value.size > (format == 0 ? OUTBOX_VALUE_MAX : STORED_MAX) || value.size == 0) {
        return FAIL(why, STOP, REASON_BAD_STATE, "an outbox entry of %zu bytes cannot be read", value.size);
    }
    if (format == 0) {
        *message = value;
        *notice = span_of(NULL, 0);
        return DONE;
    }
    if (format != FORMAT) {
        return FAIL(why, STOP, REASON_BAD_STATE, "an outbox entry of format %u, written by a newer release", format);
    }
    parts->acked = (unsigned)cursor_varint(&in);
    parts->at.us = cursor_zigzag(&in);
    *message = cursor_span(&in);
    *notice = cursor_span(&in);
    if (in.broken || cursor_left(&in) || message->size > OUTBOX_VALUE_MAX || notice->size > NOTIFY_BODY_MAX) {
        return FAIL(why, STOP, REASON_BAD_STATE, "an outbox entry of %zu bytes cannot be read", value.size);
    }
    return DONE;
}

static enum outcome load_transition(struct outbox *self, uint64_t alert, enum alert_transition transition,
                                    struct span value, struct reason *why)
{
    struct outbox_entry parts = {0};
    struct span message;
    struct span notice;
    TRY(parse(value, &parts, &message, &notice, why));
    if (find(self, alert, transition)) { /* a scan may give a field twice */
        return DONE;
    }
    if (self->used == OUTBOX_MAX) {
        return FAIL(why, STOP, REASON_BAD_STATE, "more than %d alerts are stored", OUTBOX_MAX);
    }
    struct outbox_entry *entry = begin(self, alert, transition);
    set_bytes(entry, message, notice);
    entry->at = parts.at;
    entry->acked = entry->acked_stored = parts.acked;
    self->on_topic += !(entry->acked & SINK_BIT(SINK_TOPIC));
    entry->state = is_acked(self, entry) ? OUTBOX_DONE : OUTBOX_STORED; /* a sink may be gone from the settings */
    return DONE;
}

enum outcome outbox_load(struct outbox *self, const struct field_name *field, struct span value, struct reason *why)
{
    char id[17] = "";
    if (field->parts[0].size != 16) {
        return FAIL(why, STOP, REASON_BAD_STATE, "an outbox entry with an id of %zu bytes", field->parts[0].size);
    }
    memcpy(id, field->parts[0].data, 16);
    uint64_t alert = strtoull(id, NULL, 16);
    for (unsigned t = 0; t < ALERT_TRANSITIONS; t++) {
        if (span_equal(field->parts[1], span_text(alert_transition_words[t]))) {
            return load_transition(self, alert, (enum alert_transition)t, value, why);
        }
    }
    return FAIL(why, STOP, REASON_BAD_STATE, "an outbox entry of an unknown transition");
}

static bool is_change(const struct outbox_entry *entry)
{
    return entry->state == OUTBOX_NEW || entry->state == OUTBOX_DONE ||
           (entry->state == OUTBOX_STORED && entry->acked != entry->acked_stored);
}

bool outbox_has_changes(const struct outbox *self)
{
    for (size_t i = 0; i < self->capacity; i++) {
        if (is_change(&self->entries[i])) {
            return true;
        }
    }
    return false;
}

static void put(const struct outbox_entry *entry, struct buffer *out)
{
    buffer_u8(out, FORMAT);
    buffer_varint(out, entry->acked);
    buffer_zigzag(out, entry->at.us);
    buffer_span(out, outbox_message(entry));
    buffer_span(out, outbox_notice(entry));
}

void outbox_changes(const struct outbox *self, struct changes *changes)
{
    for (size_t i = 0; i < self->capacity; i++) {
        const struct outbox_entry *entry = &self->entries[i];
        if (!is_change(entry)) {
            continue;
        }
        char id[17];
        snprintf(id, sizeof id, "%016llx", (unsigned long long)entry->alert);
        struct field_name field = {STATE_OUTBOX, {span_text(id), span_text(alert_transition_words[entry->transition])}};
        if (entry->state == OUTBOX_DONE) {
            changes_remove(changes, &field);
        } else {
            changes_begin(changes, &field);
            put(entry, &changes->bytes);
            changes_end(changes);
        }
    }
}

void outbox_changes_taken(struct outbox *self)
{
    for (size_t i = 0; i < self->capacity; i++) {
        struct outbox_entry *entry = &self->entries[i];
        entry->acked_stored = entry->acked;
        if (entry->state == OUTBOX_NEW) {
            entry->state = OUTBOX_STORED;
        } else if (entry->state == OUTBOX_DONE) {
            entry_free(self, entry);
        }
    }
}

/* ---- told ---- */

bool outbox_wants(const struct outbox *self, const struct outbox_entry *entry, enum alert_sink sink)
{
    return entry->state == OUTBOX_STORED && (wanted(self, entry) & ~entry->acked & ~entry->sent & SINK_BIT(sink)) != 0;
}

void outbox_delivered(struct outbox *self, size_t i, unsigned generation, enum alert_sink sink, enum outcome outcome)
{
    struct outbox_entry *entry = i < self->capacity ? &self->entries[i] : NULL;
    if (!entry || entry->state != OUTBOX_STORED || entry->generation != generation || !(entry->sent & SINK_BIT(sink))) {
        return;
    }
    entry->sent &= ~SINK_BIT(sink);
    if (outcome == RETRY) {
        return;
    }
    entry->acked |= SINK_BIT(sink);
    self->on_topic -= sink == SINK_TOPIC;
    if (is_acked(self, entry)) {
        entry->state = OUTBOX_DONE;
    }
}

void outbox_forget_sent(struct outbox *self)
{
    for (size_t i = 0; i < self->capacity; i++) {
        self->entries[i].sent &= SINK_BIT(SINK_TOPIC);
    }
}

size_t outbox_waiting(const struct outbox *self, enum alert_sink sink)
{
    size_t waiting = 0;
    for (size_t i = 0; i < self->capacity; i++) {
        const struct outbox_entry *entry = &self->entries[i];
        bool is_open = entry->state == OUTBOX_NEW || entry->state == OUTBOX_STORED;
        waiting += is_open && (wanted(self, entry) & ~entry->acked & SINK_BIT(sink)) != 0;
    }
    return waiting;
}

static bool waits_for_others(const struct outbox_entry *entry)
{
    return entry->state == OUTBOX_STORED && (entry->acked & SINK_BIT(SINK_TOPIC));
}

/* The oldest of those; there is one. */
static struct outbox_entry *oldest_waiting(struct outbox *self)
{
    struct outbox_entry *oldest = NULL;
    for (size_t i = 0; i < self->capacity; i++) {
        struct outbox_entry *entry = &self->entries[i];
        if (waits_for_others(entry) && (!oldest || entry->at.us < oldest->at.us)) {
            oldest = entry;
        }
    }
    ASSERT(oldest);
    return oldest;
}

size_t outbox_trim(struct outbox *self, int64_t given_up[ALERT_SINKS])
{
    size_t waiting = 0;
    size_t gone = 0;
    for (size_t i = 0; i < self->capacity; i++) {
        waiting += waits_for_others(&self->entries[i]);
    }
    for (; waiting - gone > OUTBOX_WAITING_MAX; gone++) {
        struct outbox_entry *oldest = oldest_waiting(self);
        for (unsigned s = 0; s < ALERT_SINKS; s++) {
            given_up[s] += (wanted(self, oldest) & ~oldest->acked & SINK_BIT(s)) != 0;
        }
        oldest->state = OUTBOX_DONE;
    }
    return gone;
}
