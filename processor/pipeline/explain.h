/* explain.h - the explanations of an agency's open episodes, kept beside its record.
 *
 * One is made when the episode opens, or is found open after a claim, and made anew only when its whole window has
 * passed: two successive ones are of different contacts, so that no person shows in the difference. Not stored. Pure as
 * examine.h is. Allocates when an episode opens. Owner: the agency's record. */
#ifndef SLIPSTREAM_PIPELINE_EXPLAIN_H
#define SLIPSTREAM_PIPELINE_EXPLAIN_H

#include "examine_explain.h"
#include "records.h"

#define EXPLAINED (LINES * TARGETS + SUBJECTS) /* the lines' episodes first, then the slips' */

struct explained { /* an episode's */
    uint32_t ordinal;
    struct explanation explanation;
};
struct explanations {
    struct explained *of[EXPLAINED]; /* owned; NULL: none */
    struct best_weeks best;
    struct event_time best_at; /* 0: never */
    char method[17];           /* the scoring version all are by */
};
void explanations_done(struct explanations *self);
/* Events of weeks past have come: the best of them is found anew. */
void explanations_history(struct explanations *self);

struct explaining { /* an agency at a look; borrowed */
    struct examiner *examiner;
    const struct fold *fold;
    uint32_t agency;
    const struct agency_detection *detection;
    const struct scorecard *scorecard;
    struct event_time as_of;
    struct explanations *kept;
};

/* Once a look: finds the best weeks when six hours have passed, and forgets what is by another scoring method. */
void explain_begin(const struct explaining *self);
/* What would gain most over 7 days, into the scorecard. */
unsigned explain_outlook(const struct explaining *self, struct fix fixes[EXPLAIN_FIXES_MAX]);
/* The explanation of an open episode, of what is public: what it opened on is nobody's to know. */
const struct explanation *explain_line(const struct explaining *self, enum line_kind line, unsigned subject,
                                       const struct episode *episode);
const struct explanation *explain_slip(const struct explaining *self, unsigned subject, const struct slip *slip);
/* Every episode that is open has its explanation after this. */
void explain_open(const struct explaining *self, const struct episode lines[LINES][TARGETS],
                  const struct slip slips[SUBJECTS]);
/* What is kept of it; NULL: nothing. */
const struct explanation *explained_of(const struct explanations *self, enum alert_kind kind, unsigned subject,
                                       uint32_t ordinal);

#endif
