/* outbox.h - alerts on their way out: kept with the task's state until everyone who is to be told has them.
 *
 * A transition is written in the same apply as the episode it belongs to, told after that, and removed by the apply
 * that follows its last acknowledgement. Every sink acknowledges for itself, and is told again after a claim when it
 * had not: the alert's id and its transition make that harmless. A newer update of an alert takes the place of an older
 * one. Bounds: OUTBOX_MAX entries a task. When the topic does not take them, episodes neither open nor close until it
 * does; the other sinks hold up nothing: of what waits for them alone, the oldest beyond OUTBOX_WAITING_MAX are given
 * up. Format: 2 since the sinks; 1, a bare message, is read. */
#ifndef SLIPSTREAM_PIPELINE_OUTBOX_H
#define SLIPSTREAM_PIPELINE_OUTBOX_H

#include "fields.h"

#include "slipstream/notify.h"

#define OUTBOX_MAX         4096
#define OUTBOX_TOPIC_MAX   (OUTBOX_MAX / 2)
#define OUTBOX_WAITING_MAX (OUTBOX_MAX / 4)
#define OUTBOX_VALUE_MAX   16384 /* of a message; a notice has NOTIFY_BODY_MAX */
#define OUTBOX_GENERATIONS 4096

enum outbox_state {
    OUTBOX_FREE,
    OUTBOX_NEW,    /* not stored yet: must not be told */
    OUTBOX_STORED, /* to be told to whoever has not acknowledged it */
    OUTBOX_DONE,   /* to be removed from the state */
};
struct outbox_entry {
    enum outbox_state state;
    uint16_t generation; /* of its place: which of the entries that were there one after another */
    uint64_t alert;
    enum alert_transition transition;
    struct event_time at;               /* when it was added, by the clock */
    unsigned sent, acked, acked_stored; /* SINK_BIT of sinks; sent: and nothing heard yet */
    uint8_t *bytes;                     /* owned: the message as it is published, then the notice */
    size_t message_size, notice_size;   /* a notice of 0: of an earlier release, for the topic only */
};
struct outbox {
    struct outbox_entry *entries;
    size_t capacity, used;
    size_t on_topic; /* those that the topic has not acknowledged */
    unsigned sinks;  /* who is to be told: SINK_BIT; the topic always */
};

void outbox_init(struct outbox *self, unsigned sinks);
void outbox_done(struct outbox *self);
bool outbox_has_room(const struct outbox *self, size_t more);
void outbox_add(struct outbox *self, uint64_t alert, enum alert_transition transition, struct span message,
                struct span notice, struct event_time at);
/* An entry as it was stored: its field's parts and value. */
enum outcome outbox_load(struct outbox *self, const struct field_name *field, struct span value,
                         struct reason *why) MUST_CHECK;
/* New entries are written, so are those with new acknowledgements; and what is done is removed. */
bool outbox_has_changes(const struct outbox *self);
void outbox_changes(const struct outbox *self, struct changes *changes);
void outbox_changes_taken(struct outbox *self);

static inline struct span outbox_message(const struct outbox_entry *entry)
{
    return span_of(entry->bytes, entry->message_size);
}
static inline struct span outbox_notice(const struct outbox_entry *entry)
{
    return span_of(entry->bytes + entry->message_size, entry->notice_size);
}
/* Whether a sink is to be told of an entry now. */
bool outbox_wants(const struct outbox *self, const struct outbox_entry *entry, enum alert_sink sink);
/* The delivery of the entry at place i to a sink came to this. RETRY: it is to be told again. */
void outbox_delivered(struct outbox *self, size_t i, unsigned generation, enum alert_sink sink, enum outcome outcome);
/* What was sent to sinks other than the topic will not be heard of. */
void outbox_forget_sent(struct outbox *self);
/* How many entries a sink has not acknowledged. */
size_t outbox_waiting(const struct outbox *self, enum alert_sink sink);
/* Gives up the oldest of what waits beyond the bound; how many, and added up by sink who was not told of them. */
size_t outbox_trim(struct outbox *self, int64_t given_up[ALERT_SINKS]);

#endif
