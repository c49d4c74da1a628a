/* detect.h - looks → episodes. Pure: an episode goes in with what the look saw, and comes out changed.
 *
 * Two rules: the fixed target, an agency's own from the scoring file, with hysteresis and a least n; and the slip, a
 * subject against its own past (DOMAIN.md, "When a score has slipped", points 4 to 7). */
#ifndef SLIPSTREAM_DETECT_H
#define SLIPSTREAM_DETECT_H

#include "slipstream/model.h"

/* One look at one subject. estimate: at the rule's z and window. While catching up nothing opens or closes. */
enum alert_transition detect_target(struct episode *episode, const struct target_rule *rule, double target,
                                    const struct estimate *estimate, struct event_time look, bool catching_up);

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

#endif
