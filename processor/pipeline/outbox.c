/* outbox.c - alerts on their way out. */
#include "outbox.h"

#include <stdio.h>
#include <stdlib.h>

void outbox_init(struct outbox *self)
{
    *self = (struct outbox){0};
}

static void entry_free(struct outbox *self, struct outbox_entry *entry)
{
    free(entry->value);
    *entry = (struct outbox_entry){0};
    self->used--;
}

void outbox_done(struct outbox *self)
{
    for (size_t i = 0; i < self->capacity; i++) {
        free(self->entries[i].value);
    }
    free(self->entries);
    *self = (struct outbox){0};
}

bool outbox_has_room(const struct outbox *self, size_t more)
{
    return self->used + more <= OUTBOX_MAX;
}

/* A free place. Places keep their number while they are used: it is the delivery's token. */
static struct outbox_entry *place(struct outbox *self)
{
    for (size_t i = 0; i < self->capacity; i++) {
        if (self->entries[i].state == OUTBOX_FREE) {
            return &self->entries[i];
        }
    }
    size_t capacity = self->capacity ? self->capacity * 2 : 16;
    self->entries = realloc(self->entries, capacity * sizeof *self->entries);
    ASSERT(self->entries);
    memset(self->entries + self->capacity, 0, (capacity - self->capacity) * sizeof *self->entries);
    struct outbox_entry *first = &self->entries[self->capacity];
    self->capacity = capacity;
    return first;
}

void outbox_add(struct outbox *self, uint64_t alert, enum alert_transition transition, struct span value,
                enum outbox_state state)
{
    struct outbox_entry *entry = place(self);
    *entry = (struct outbox_entry){.state = state, .alert = alert, .transition = transition, .size = value.size};
    entry->value = malloc(value.size ? value.size : 1);
    ASSERT(entry->value);
    memcpy(entry->value, value.data, value.size);
    self->used++;
}

enum outcome outbox_load(struct outbox *self, const struct field_name *field, struct span value, struct reason *why)
{
    char id[17] = "";
    if (field->parts[0].size != 16 || value.size > OUTBOX_VALUE_MAX) {
        return FAIL(why, STOP, REASON_BAD_STATE, "an outbox entry of %zu bytes cannot be read", value.size);
    }
    memcpy(id, field->parts[0].data, 16);
    uint64_t alert = strtoull(id, NULL, 16);
    for (unsigned t = 0; t < ALERT_TRANSITIONS; t++) {
        if (span_equal(field->parts[1], span_text(alert_transition_words[t]))) {
            for (size_t i = 0; i < self->capacity; i++) { /* a scan may give a field twice */
                if (self->entries[i].state != OUTBOX_FREE && self->entries[i].alert == alert &&
                    self->entries[i].transition == (enum alert_transition)t) {
                    return DONE;
                }
            }
            outbox_add(self, alert, (enum alert_transition)t, value, OUTBOX_STORED);
            return DONE;
        }
    }
    return FAIL(why, STOP, REASON_BAD_STATE, "an outbox entry of an unknown transition");
}

static bool is_change(const struct outbox_entry *entry)
{
    return entry->state == OUTBOX_NEW || entry->state == OUTBOX_ACKED;
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
        if (entry->state == OUTBOX_ACKED) {
            changes_remove(changes, &field);
        } else {
            changes_begin(changes, &field);
            buffer_bytes(&changes->bytes, entry->value, entry->size);
            changes_end(changes);
        }
    }
}

void outbox_changes_taken(struct outbox *self)
{
    for (size_t i = 0; i < self->capacity; i++) {
        if (self->entries[i].state == OUTBOX_NEW) {
            self->entries[i].state = OUTBOX_STORED;
        } else if (self->entries[i].state == OUTBOX_ACKED) {
            entry_free(self, &self->entries[i]);
        }
    }
}

void outbox_delivered(struct outbox *self, size_t i, enum outcome outcome)
{
    if (i < self->capacity && self->entries[i].state == OUTBOX_SENT) {
        self->entries[i].state = outcome == DONE ? OUTBOX_ACKED : OUTBOX_STORED;
    }
}
