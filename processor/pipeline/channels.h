/* channels.h - one look at a channel of an agency: whether it is heard, or has gone silent.
 *
 * Reads the panes of its cells into a volume (score/volume.h). Holidays are neither tested nor taken for usual; nor is
 * an hour in which the channel was not heard a week ago (model/silence.h). Allocates nothing. Owner: who looks. */
#ifndef SLIPSTREAM_PIPELINE_CHANNELS_H
#define SLIPSTREAM_PIPELINE_CHANNELS_H

#include "slipstream/detect.h"
#include "slipstream/fold.h"
#include "slipstream/score/volume.h"

#define CHANNELS_HOURS 240 /* that hour panes are kept for, and */
#define CHANNELS_PANES 252 /* six-hour panes */

struct channel_panes { /* contacts of a channel; from the oldest to the open one */
    int64_t first_hour, first_pane;
    double hours[CHANNELS_HOURS];
    double panes[CHANNELS_PANES];
    int64_t begins_us;   /* of its history */
    int64_t last_minute; /* with contacts, of those still kept; INT64_MIN: none */
    struct volume volume;
};

struct channel_look {
    const struct fold *fold; /* nothing may wait */
    const struct fold_agency *agency;
    enum channel channel;
    const struct scoring *scoring;
    const struct silence *silence;
    struct event_time as_of;
    double hour, month; /* contacts of the last 1 h and 28 d */
};
/* self is scratch. Its hold is the caller's to set; but on a holiday it is set here. */
struct silence_look channels_look(struct channel_panes *self, const struct channel_look *look);

#endif
