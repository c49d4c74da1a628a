/* detect.h - looks → episodes. Pure: an episode goes in with what the look saw, and comes out changed.
 *
 * The rules: the line, an agency's own target or a published benchmark, with hysteresis and a least n; the slip, a
 * subject against its own past (DOMAIN.md, "When a score has slipped", points 4 to 7); the silence of a channel; and
 * the divergence of an agency from the others. */
#ifndef SLIPSTREAM_DETECT_H
#define SLIPSTREAM_DETECT_H

#include "slipstream/model.h"

/* What a look saw of a figure that a line is drawn for. */
struct line_look {
    struct event_time as_of;
    double line;                     /* NAN: none is drawn */
    const struct estimate *estimate; /* at the rule's z and window */
    uint64_t method;                 /* it was scored by: scoring_method() */
    bool hold;                       /* looks count, but nothing opens or closes */
};
/* One look at one subject. Another method than that of the look before begins its runs anew, and what it changed by
 * itself opens and closes nothing (struct method_hold). */
enum alert_transition detect_line(struct episode *episode, const struct target_rule *rule,
                                  const struct line_look *look);

/* What a look found of a subject: a finding a test, VERDICT_UNSEEN where none was due. Bounds are at the rule's z. */
struct slip_look {
    struct event_time as_of;
    bool hold;                      /* looks count, but nothing opens or closes */
    bool may_open;                  /* drivers and behaviours do not while the score itself is open */
    const struct finding *findings; /* TESTS of them */
};
/* *by: the test whose finding the transition is told with. */
enum alert_transition detect_slip(struct slip *slip, const struct detection *rule, const struct slip_look *look,
                                  enum test *by);
/* Another scoring method: runs of looks begin anew, so that the change itself opens and closes nothing. */
void detect_slip_method_changed(struct slip *slip);

/* What a look found of a channel. */
struct silence_look {
    struct event_time as_of;
    bool hold;   /* nothing is known for certain now: such a look does not count */
    bool silent; /* for certain; then: */
    struct event_time since;
    double expected; /* contacts that are usual in that time */
    bool heard;      /* contacts are there again */
};
enum alert_transition detect_silence(struct silence *self, const struct detection *rule,
                                     const struct silence_look *look);

/* What a look found of an agency beside the others. Points; a gap is positive behind their average. */
struct divergence_look {
    struct event_time as_of;
    uint64_t method;
    bool hold;            /* looks count, but nothing opens or closes */
    bool may_open;        /* not while the score itself is in a slip: that was told */
    bool compared;        /* else there is nothing to compare, and: */
    struct estimate gap;  /* now, its bounds at 95 % */
    double usual;         /* in the weeks before */
    double widened_least; /* for certain, at the rule's z */
};
enum alert_transition detect_divergence(struct divergence *self, const struct detection *rule,
                                        const struct divergence_look *look);

#endif
