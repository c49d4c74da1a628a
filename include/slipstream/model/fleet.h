/* fleet.h - agencies beside one another: what each tells of itself, what comes of all of them, and what is remembered
 * of one that departs from the others.
 *
 * Shape: every task tells of its agencies (a part), one of them adds all parts up to the fleet, and every agency's own
 * task compares the agency with it. Only what may be published is in a part. Units: scores 0-100; changes as
 * proportions of 0..1, as in findings; gaps in points, positive behind the average. Formats are checked: other
 * processes write them. Pure data. */
#ifndef SLIPSTREAM_MODEL_FLEET_H
#define SLIPSTREAM_MODEL_FLEET_H

#include "slipstream/model/alert.h"
#include "slipstream/model/finding.h"

/* The CX score over 7 d against the matched weeks before: TEST_7D's finding. */
struct fleet_change {
    bool present;
    double now, base, d, low, high; /* bounds at the rule's z */
    int64_t n;                      /* contacts, now */
};
struct fleet_entry {
    struct span agency; /* borrowed */
    struct {
        bool present;
        double value;
    } cx[WINDOWS];
    struct fleet_change change;
};

#define FLEET_PART_MAX ((size_t)8 << 20)
struct fleet_part_header {
    uint64_t method; /* all is scored by: scoring_method() */
    struct event_time as_of;
    bool catching_up;
};
void fleet_part_begin(struct buffer *out, const struct fleet_part_header *header);
void fleet_part_put(struct buffer *out, const struct fleet_entry *entry);
struct fleet_part {
    struct cursor in;
    struct fleet_part_header header;
};
/* False when the bytes are no part: also of a newer format. */
bool fleet_part_read(struct fleet_part *self, struct span bytes);
/* False at the end, or where the bytes are broken (self->in.broken). */
bool fleet_part_next(struct fleet_part *self, struct fleet_entry *entry);

/* How the agencies together have changed. */
struct fleet {
    uint64_t method;
    struct event_time as_of;
    bool complete;    /* every part was there, of the same minutes and the same method */
    int64_t changed;  /* agencies with a change: of these */
    double now, base; /* the average */
    double d, median; /* the average change, and the middle agency's */
    double error;     /* half the interval of the average's change, at the rule's z */
};
#define FLEET_SIZE_MAX 128
void fleet_encode(const struct fleet *self, struct buffer *out);
bool fleet_decode(struct fleet *self, struct span bytes);

struct divergence {
    struct episode episode; /* its target: the gap that is usual, in points; at_open: the gap then */
    bool to_new_level;      /* how it closed last */
};
#define DIVERGENCE_SIZE_MAX (EPISODE_SIZE_MAX + 1)
void divergence_encode(const struct divergence *self, struct buffer *out);
enum outcome divergence_decode(struct divergence *self, struct span bytes, struct reason *why) MUST_CHECK;

#endif
