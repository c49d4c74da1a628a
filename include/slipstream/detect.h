/* detect.h - looks → episodes. Pure: an episode goes in with what the look saw, and comes out changed.
 *
 * This release's rule is the fixed target: an agency's own, from the scoring file, with hysteresis and a least n. */
#ifndef SLIPSTREAM_DETECT_H
#define SLIPSTREAM_DETECT_H

#include "slipstream/model.h"

/* One look at one subject. estimate: at the rule's z and window. While catching up nothing opens or closes. */
enum alert_transition detect_target(struct episode *episode, const struct target_rule *rule, double target,
                                    const struct estimate *estimate, struct event_time look, bool catching_up);

#endif
