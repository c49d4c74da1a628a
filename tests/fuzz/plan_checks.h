/* plan_checks.h - what holds of every plan, and of every body that a plan is run over. */
#ifndef SLIPSTREAM_TESTS_FUZZ_PLAN_CHECKS_H
#define SLIPSTREAM_TESTS_FUZZ_PLAN_CHECKS_H

#include "plan.h"

/* Its tables are within their bounds, and no step leads out of them. */
void plan_check_shape(const struct plan *self);

/* One body: the interaction and the reason are what they must be, nothing is allocated, a second run says the same, and
 * neither a byte less nor one more is a message. is_well_formed: it may be refused for what it says only. */
enum outcome plan_check_run(const struct plan *self, enum channel channel, struct span body, bool is_well_formed,
                            struct interaction *interaction);

#endif
