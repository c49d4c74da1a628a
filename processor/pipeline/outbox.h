/* outbox.h - alerts on their way out: kept with the task's state until they were acknowledged.
 *
 * A transition is written in the same apply as the episode it belongs to, sent after that, and removed by the apply that
 * follows its acknowledgement. Sent again after a claim: its id and transition make that harmless.
 * Bounds: OUTBOX_MAX entries a task; when they do not drain, episodes neither open nor close until they do. */
#ifndef SLIPSTREAM_PIPELINE_OUTBOX_H
#define SLIPSTREAM_PIPELINE_OUTBOX_H

#include "fields.h"

#define OUTBOX_MAX 4096
#define OUTBOX_VALUE_MAX 4096

enum outbox_state {
    OUTBOX_FREE,
    OUTBOX_NEW,    /* not stored yet: must not be sent */
    OUTBOX_STORED, /* to be sent */
    OUTBOX_SENT,   /* not acknowledged yet */
    OUTBOX_ACKED,  /* to be removed from the state */
};
struct outbox_entry {
    enum outbox_state state;
    uint64_t alert;
    enum alert_transition transition;
    uint8_t *value; /* owned: the message as it is published */
    size_t size;
};
struct outbox {
    struct outbox_entry *entries;
    size_t capacity, used;
};

void outbox_init(struct outbox *self);
void outbox_done(struct outbox *self);
bool outbox_has_room(const struct outbox *self, size_t more);
void outbox_add(struct outbox *self, uint64_t alert, enum alert_transition transition, struct span value,
                enum outbox_state state);
/* An entry as it was stored: its field's parts and value. */
enum outcome outbox_load(struct outbox *self, const struct field_name *field, struct span value,
                         struct reason *why) MUST_CHECK;
/* New entries are written, acknowledged ones removed. */
bool outbox_has_changes(const struct outbox *self);
void outbox_changes(const struct outbox *self, struct changes *changes);
void outbox_changes_taken(struct outbox *self);
/* The delivery of entry i came to this. */
void outbox_delivered(struct outbox *self, size_t i, enum outcome outcome);

#endif
