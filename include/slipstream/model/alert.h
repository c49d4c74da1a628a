/* alert.h - episodes: from the first look that found something until it is over; and what is told about them.
 *
 * An episode belongs to one (kind, agency, subject: model/detection.h). Its id is a hash of these and its ordinal, so
 * that sending it again is harmless. */
#ifndef SLIPSTREAM_MODEL_ALERT_H
#define SLIPSTREAM_MODEL_ALERT_H

#include "slipstream/model/scorecard.h"

enum episode_state {
    EPISODE_NORMAL,
    EPISODE_PENDING, /* found once: not told yet */
    EPISODE_FIRING,
    EPISODE_RECOVERING,   /* firing, and the last look was good */
    EPISODE_INSUFFICIENT, /* too little data to say */
    EPISODE_LEARNING,     /* too little history to compare with */
    EPISODE_STATES
};
extern const char *const episode_state_words[EPISODE_STATES];

/* What is told of: an agency's own target missed, or a slip against its own past (model/slip.h). */
enum alert_kind { ALERT_TARGET, ALERT_SLIP, ALERT_KINDS };
extern const char *const alert_kind_words[ALERT_KINDS];

enum alert_transition { ALERT_NONE, ALERT_OPENED, ALERT_CLOSED, ALERT_UPDATED, ALERT_TRANSITIONS };
extern const char *const alert_transition_words[ALERT_TRANSITIONS];

struct episode {
    enum episode_state state;
    uint32_t ordinal;  /* how many have opened for this agency and subject; this one's number when firing */
    int32_t looks_bad; /* one after another */
    int32_t looks_good;
    struct event_time since; /* first bad look of the run that opened it */
    struct event_time opened;
    struct event_time closed;
    struct estimate at_open; /* what it fired on */
    double target;
};
uint64_t alert_id(enum alert_kind kind, struct span agency, unsigned subject, uint32_t ordinal);

#define EPISODE_FORMAT   2 /* 1 is read too: it knew targets only */
#define EPISODE_SIZE_MAX 160
/* A target's episode; a slip's has more to it (model/slip.h). */
void episode_encode(const struct episode *self, struct buffer *out);
enum outcome episode_decode(struct episode *self, struct span bytes, struct reason *why) MUST_CHECK;

#endif
