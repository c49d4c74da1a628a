/* fields.h - the fields of a task's hash in Redis: their names, and a list of changes to them.
 *
 * A name is a word and its parts, with a NUL between: no part can hold one. "open" AGENCY SERVICE CHANNEL; "minute",
 * "hour", "six_hours" likewise (closed panes); "ids" SEQ; "episode" AGENCY SUBJECT (a target's);
 * "benchmark" AGENCY SUBJECT; "silence" AGENCY CHANNEL; "divergence" AGENCY; "slip" AGENCY SUBJECT; "pin"
 * AGENCY; "outbox" ID TRANSITION; "untold" AGENCY SERVICE CHANNEL; "untold_minute", "untold_hour", "untold_six_hours"
 * likewise; "guard" "public": what is public comes in groups, or began as it was. */
#ifndef SLIPSTREAM_PIPELINE_FIELDS_H
#define SLIPSTREAM_PIPELINE_FIELDS_H

#include "slipstream/store.h"

enum state_kind {
    STATE_OPEN,
    STATE_CLOSED, /* + enum resolution */
    STATE_IDS = STATE_CLOSED + RESOLUTIONS,
    STATE_EPISODE, /* from here to STATE_PIN: what the signals cannot bring back, by agency; kept on cx.state, too
                    * (keep.h), so task_state_touch must know each */
    STATE_BENCHMARK,
    STATE_SILENCE,
    STATE_DIVERGENCE,
    STATE_SLIP,
    STATE_PIN,
    STATE_OUTBOX,
    STATE_UNTOLD,
    STATE_UNTOLD_CLOSED, /* + enum resolution */
    STATE_UNTOLD_LAST = STATE_UNTOLD_CLOSED + RESOLUTIONS - 1,
    STATE_GUARD,
    STATE_KINDS
};
#define STATE_PARTS 3
struct field_name {
    enum state_kind kind;
    struct span parts[STATE_PARTS];
};
/* False when it is none of ours (a later release's: left alone). */
bool field_parse(struct span name, struct field_name *field);

static inline bool field_is_kept(enum state_kind kind)
{
    return kind >= STATE_EPISODE && kind <= STATE_PIN;
}
/* The name as it is stored. */
void field_put(const struct field_name *field, struct buffer *out);

#define CHANGES_BYTES_MAX ((size_t)512 << 20)
struct change_place {
    size_t field, field_size, value, value_size;
    bool removes;
};
struct changes {
    struct buffer bytes;
    struct change_place *places;
    size_t count, capacity;
    struct state_change *list; /* made by changes_list */
};
void changes_init(struct changes *self);
void changes_done(struct changes *self);
void changes_clear(struct changes *self); /* gives large memory back */

/* Begins a change; the value is then written to self->bytes, and changes_end closes it. */
void changes_begin(struct changes *self, const struct field_name *field);
void changes_end(struct changes *self);
void changes_remove(struct changes *self, const struct field_name *field);
const struct state_change *changes_list(struct changes *self);

#endif
