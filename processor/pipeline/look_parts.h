/* look_parts.h - what look.c and look_*.c share: one look, as it goes down through the steps. */
#ifndef SLIPSTREAM_PIPELINE_LOOK_PARTS_H
#define SLIPSTREAM_PIPELINE_LOOK_PARTS_H

#include "channels.h"
#include "fleet_watch.h"
#include "look.h"
#include "services.h"
#include "shadow.h"
#include "withhold.h"

#include "slipstream/pipeline/examine.h"
#include "slipstream/roll.h"

#define SUMS_KEPT 64

struct looker {
    const struct score_settings *settings;
    struct window_sums sums;            /* of one cell */
    struct window_sums kept[SUMS_KEPT]; /* of the agency's first cells: they are needed twice */
    struct withholder withholder;
    struct tallies exact; /* of the window that targets are for: what nobody is told, but decides */
    int64_t came[WINDOWS][CHANNELS]; /* contacts; so are these */
    struct tallies all[WINDOWS];
    struct tallies channels[WINDOWS][CHANNELS];
    struct service_tallies service;
    struct shadow_tallies shadow;
    struct scorecard scorecard;
    struct channel_panes panes;
    struct fleet fleet;
    unsigned changes_left; /* findings that may still be made for the fleet in this look */
    struct buffer part;    /* what this task tells the fleet */
    struct examiner *examiner;
    struct buffer cards; /* encoded, for telling whether anything has changed */
    struct buffer alert;
    struct buffer notice; /* the same alert as JSON */
};

/* One look: what goes down through the steps. */
struct glance {
    struct looker *looker;
    struct task *task;
    enum look_kind kind;
    struct event_time now, as_of;
    struct revision revision; /* of the apply that will follow */
    struct outputs *outputs;
    bool nothing_is_public; /* history is being read, of which nothing has been told yet */
};

/* look_alerts.c */

/* The figures of an agency are there: what would gain most; at a minute, episodes, and why they are open. */
void look_for_episodes(const struct glance *self, uint32_t position);
/* Alertmanager forgets what it does not hear of: it is told of everything that is open, as it stands. */
void look_stand(const struct glance *self, uint32_t position);
/* What is open of an agency; returns how many. */
#define LOOK_OPEN_MAX (LINES * TARGETS + SUBJECTS + CHANNELS + 1)
size_t look_open(const struct glance *self, uint32_t position, struct view_episode open[LOOK_OPEN_MAX]);
/* An episode as it is told of; borrowed from the task. Its estimate is what may be said of a line's subject now, or
 * what an episode of any other kind opened with. */
struct alert look_alert_of(const struct glance *self, uint32_t position, const struct view_episode *of,
                           enum alert_transition transition);
/* Into the outbox, as Avro and as JSON: there is room, or the look holds. */
void look_tell(const struct glance *self, const struct alert *alert);

/* look_channels.c: while it holds, nothing is opened or closed. */
void look_at_channels(const struct glance *self, uint32_t position, bool hold);
struct view_episode look_silence_of(const struct agency_record *record, unsigned channel);

/* look_divergence.c: likewise. */
void look_at_divergence(const struct glance *self, uint32_t position, bool hold);
struct view_episode look_divergence_of(const struct agency_record *record);

#endif
