/* examine.h - roll → score → detect for one agency at one look, by the slip rule: DOMAIN.md, "When a score has
 * slipped".
 *
 * No input or output, no clock of its own: what time it is comes with the look. The stage calls it at minute boundaries
 * of event time; so does whoever replays a history. Looks of the same agency at the same minutes find the same.
 * When a window is looked at depends on the agency's name, so that no minute carries the looks of all. The windows that
 * open and close episodes end with as_of and are as long as they are called, the pane at their beginning counting by the
 * share of it inside; what is found for people (examine_subject, examine_at) is of whole panes, as the scores are.
 * Allocates only while agencies show more services than any before. Owner: who opened it closes it. */
#ifndef SLIPSTREAM_PIPELINE_EXAMINE_H
#define SLIPSTREAM_PIPELINE_EXAMINE_H

#include "slipstream/fold.h"

/* Services of an agency that are told apart in its strata; the smaller ones beyond count as one. */
#define EXAMINE_SERVICES_MAX 24

/* What the rule knows of an agency. Who keeps the agency keeps this. */
struct agency_detection {
    struct slip slips[SUBJECTS];
    bool slip_changed[SUBJECTS]; /* since the owner last set it to false */
    struct buffer pin;           /* model/slip.h; empty: none yet */
    bool pin_changed;
    /* not stored: found again from the panes */
    float phi[SUBJECTS][TESTS]; /* 0: too few earlier windows */
    struct event_time phi_at;   /* the hour they are of; INT64_MIN: to be found */
    uint64_t method;            /* scoring_method() of the last look; 0: none yet */
};
void agency_detection_init(struct agency_detection *self);
void agency_detection_done(struct agency_detection *self);
/* Events of hours past have come: what had too little history need not wait for the next hour to have enough. */
void agency_detection_history(struct agency_detection *self);

struct examine_look {
    struct event_time as_of;
    struct event_time previous; /* as_of of the look before it; INT64_MIN: there was none */
    bool hold;                  /* catching up, or no room to tell: episodes neither open nor close */
};
struct examine_event {
    unsigned subject;
    enum alert_transition transition;
    const struct slip *slip;
    struct finding finding; /* what it opened on, or closed at, at 95 %; its rows last until the next call */
};
struct examined {
    const struct examine_event *events;
    size_t event_count;
    bool changed; /* a slip or the pin, so that the agency's record must be stored */
};

struct examiner;
struct examiner *examiner_open(const struct scoring *scoring); /* borrowed */
void examiner_close(struct examiner *self);
/* Another scoring file from here on. */
void examiner_use(struct examiner *self, const struct scoring *scoring);

/* From here on overdispersion, which costs most of a look, is found only where it can make a difference to a transition:
 * it only widens intervals, so a subject that could not fire without any needs none. Which episodes open and close, and
 * what they are told with, is the same, as long as nothing comes late; the states between them are not kept. For who
 * passes made-up years and asks for nothing else. */
void examiner_spare_phi(struct examiner *self);

/* One look at an agency: whatever of it is due. What is returned is borrowed until the next call. */
struct examined examine_agency(struct examiner *self, const struct fold *fold, uint32_t agency,
                               struct agency_detection *detection, const struct examine_look *look);

/* What would be found of a subject by a test at this moment, due or not, at 95 %, in what is public (model/untold.h);
 * changes nothing. For who explains an open episode. Its rows last until the next call. */
struct finding examine_subject(struct examiner *self, const struct fold *fold, uint32_t agency,
                               const struct agency_detection *detection, struct event_time as_of, unsigned subject,
                               enum test test);

/* The same, with bounds at another z. */
struct finding examine_at(struct examiner *self, const struct fold *fold, uint32_t agency,
                          const struct agency_detection *detection, struct event_time as_of, unsigned subject,
                          enum test test, double z);

#endif
