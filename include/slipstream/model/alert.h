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

/* What is told of: an agency's own target missed, a slip against its own past (model/slip.h), a published line missed,
 * a channel that has gone silent (model/silence.h), an agency that falls behind the others (model/fleet.h). The numbers
 * are stored: add at the end only. */
enum alert_kind { ALERT_TARGET, ALERT_SLIP, ALERT_BENCHMARK, ALERT_SILENT_CHANNEL, ALERT_DIVERGENCE, ALERT_KINDS };
extern const char *const alert_kind_words[ALERT_KINDS];

/* The lines that a figure may be below: each has its episodes, a subject one. */
enum line_kind { LINE_TARGET, LINE_BENCHMARK, LINES };
extern const enum alert_kind line_alerts[LINES];

enum alert_transition { ALERT_NONE, ALERT_OPENED, ALERT_CLOSED, ALERT_UPDATED, ALERT_TRANSITIONS };
extern const char *const alert_transition_words[ALERT_TRANSITIONS];

/* A change of scoring method that itself moved a figure over its line. Until the figure comes back over it, or goes on
 * for certain from where the change left it, or the line is moved, looks open and close nothing. */
struct method_hold {
    struct event_time since; /* 0: nothing is held */
    double edge;             /* the bound of the first figure by the new method that a later one must be beyond */
    double line;             /* as it was then */
};

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
    uint64_t method; /* of the looks counted above: scoring_method(); 0: not known */
    struct method_hold hold;
};
uint64_t alert_id(enum alert_kind kind, struct span agency, unsigned subject, uint32_t ordinal);

static inline bool episode_is_open(const struct episode *self)
{
    return self->state == EPISODE_FIRING || self->state == EPISODE_RECOVERING;
}

#define EPISODE_FORMAT   3 /* 1, which knew targets only, and 2, which knew no method, are read too */
#define EPISODE_SIZE_MAX 160
/* An episode against a line, of a kind; a slip's has more to it (model/slip.h). */
void episode_encode(const struct episode *self, enum alert_kind kind, struct buffer *out);
enum outcome episode_decode(struct episode *self, enum alert_kind kind, struct span bytes,
                            struct reason *why) MUST_CHECK;

#endif
