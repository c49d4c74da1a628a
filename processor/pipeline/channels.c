/* channels.c - a channel's panes, laid out backwards from now. */
#include "channels.h"

#include <math.h>

#define HOURS_WEEK     (INT64_C(7) * 24)
#define PANES_WEEK     (INT64_C(7) * 4)
#define SIX_HOURS_US   (6 * US_PER_HOUR)
#define PEAK           8.0 /* times the mean hour; a channel with less than its share of this may be silent */
#define HOURS_OF_MONTH (28 * 24)
#define HEARD          5.0 /* times as much as next to none is heard again */
_Static_assert(VOLUME_HOURS + HOURS_WEEK <= CHANNELS_HOURS, "a week before every hour of a volume is kept");
_Static_assert(VOLUME_PANES + PANES_WEEK * VOLUME_WEEKS <= CHANNELS_PANES, "and eight before every six hours");

/* ---- panes ---- */

static void put(double *panes, int64_t first, int64_t count, int64_t index, double contacts)
{
    if (index >= first && index < first + count) {
        panes[index - first] += contacts;
    }
}

static void see_minute(void *context, int64_t index, const double counts[COUNTERS])
{
    struct channel_panes *self = context;
    if (counts[COUNTER_INTERACTIONS] > 0 && index > self->last_minute) {
        self->last_minute = index;
    }
}

static void see_hour(void *context, int64_t index, const double counts[COUNTERS])
{
    struct channel_panes *self = context;
    put(self->hours, self->first_hour, CHANNELS_HOURS, index, counts[COUNTER_INTERACTIONS]);
}

static void see_six_hours(void *context, int64_t index, const double counts[COUNTERS])
{
    struct channel_panes *self = context;
    put(self->panes, self->first_pane, CHANNELS_PANES, index, counts[COUNTER_INTERACTIONS]);
}

static void each_pane(struct channel_panes *self, const struct channel_look *look, enum resolution resolution,
                      pane_visitor *visit)
{
    for (uint32_t s = 0; s < look->agency->service_count; s++) {
        uint32_t position = look->agency->services[s].cells[look->channel];
        if (position != FOLD_NONE) {
            const struct cell *cell = &fold_cell_at(look->fold, position)->cell;
            int64_t begins_us = cell_begins_us(cell);
            self->begins_us = begins_us < self->begins_us ? begins_us : self->begins_us;
            cell_each_pane(cell, resolution, visit, self);
        }
    }
}

static void read_panes(struct channel_panes *self, const struct channel_look *look)
{
    memset(self->hours, 0, sizeof self->hours);
    memset(self->panes, 0, sizeof self->panes);
    self->first_hour = time_floor(look->as_of.us, US_PER_HOUR) - CHANNELS_HOURS + 1;
    self->first_pane = time_floor(look->as_of.us, SIX_HOURS_US) - CHANNELS_PANES + 1;
    self->begins_us = INT64_MAX;
    each_pane(self, look, PANE_HOUR, see_hour);
    each_pane(self, look, PANE_SIX_HOURS, see_six_hours);
}

/* ---- a volume ---- */

static double hour_at(const struct channel_panes *self, int64_t hour)
{
    return fmax(0, self->hours[hour - self->first_hour]);
}

static bool is_holiday(const struct channel_look *look, int64_t at_us)
{
    return scoring_is_holiday(look->scoring, (struct event_time){at_us});
}

static double usual_at(const struct channel_panes *self, const struct channel_look *look, int64_t hour, double part)
{
    int64_t before = hour - HOURS_WEEK;
    bool counts = silence_was_heard(look->silence, before) && !is_holiday(look, before * US_PER_HOUR) &&
                  !is_holiday(look, hour * US_PER_HOUR);
    return counts ? part * hour_at(self, before) : 0;
}

static double week_of(const struct channel_panes *self, const struct channel_look *look, int64_t pane, int64_t week)
{
    int64_t index = pane - week * PANES_WEEK;
    int64_t at_us = index * SIX_HOURS_US;
    if (at_us <= self->begins_us || (week > 1 && is_holiday(look, at_us))) { /* the first pane is seldom a whole one */
        return (double)NAN;
    }
    return self->panes[index - self->first_pane];
}

static void lay_out(struct channel_panes *self, const struct channel_look *look)
{
    struct volume *volume = &self->volume;
    int64_t hour = time_floor(look->as_of.us, US_PER_HOUR);
    int64_t pane = time_floor(look->as_of.us, SIX_HOURS_US);
    int64_t closed_us = look->silence->episode.closed.us; /* what lies before was told */
    double part = (double)(look->as_of.us - hour * US_PER_HOUR) / (double)US_PER_HOUR;
    volume->hours = 0;
    for (unsigned i = 0; i < VOLUME_HOURS && (hour - i) * US_PER_HOUR >= closed_us; i++) {
        volume->now[i] = hour_at(self, hour - i);
        volume->week_ago[i] = usual_at(self, look, hour - i, i == 0 ? part : 1);
        volume->pane[i] = (unsigned)(pane - time_floor((hour - i) * US_PER_HOUR, SIX_HOURS_US));
        volume->hours++;
    }
    for (int64_t p = 0; p < VOLUME_PANES; p++) {
        for (int64_t w = 0; w < VOLUME_WEEKS; w++) {
            volume->panes[p][w] = week_of(self, look, pane - p, w + 1);
        }
    }
}

/* ---- a look ---- */

/* Since the last contact, when that is known to the minute; else since the stretch began. */
static struct event_time since(struct channel_panes *self, const struct channel_look *look, unsigned hours)
{
    self->last_minute = INT64_MIN;
    each_pane(self, look, PANE_MINUTE, see_minute);
    int64_t began_us = (time_floor(look->as_of.us, US_PER_HOUR) - hours + 1) * US_PER_HOUR;
    int64_t last_us = self->last_minute == INT64_MIN ? INT64_MIN : (self->last_minute + 1) * US_PER_MINUTE;
    bool is_known = last_us > began_us - US_PER_HOUR && last_us <= began_us;
    return (struct event_time){is_known ? last_us : began_us};
}

/* Whether it has had more of late than is next to nothing: then its panes need not be read. */
static bool is_lively(const struct channel_look *look)
{
    return look->hour > look->scoring->detection.silence_share * PEAK * look->month / HOURS_OF_MONTH;
}

/* Of what was usual in the last sixty minutes clearly more than next to none, so that a channel which is next to silent
 * is not heard again by chance. */
static bool is_heard(const struct channel_panes *self, const struct channel_look *look)
{
    const struct volume *volume = &self->volume;
    double part = (double)(look->as_of.us % US_PER_HOUR) / (double)US_PER_HOUR;
    double usual = volume->week_ago[0] + (volume->hours > 1 ? (1 - part) * volume->week_ago[1] : 0);
    return look->hour > 0 && look->hour > HEARD * look->scoring->detection.silence_share * usual;
}

struct silence_look channels_look(struct channel_panes *self, const struct channel_look *look)
{
    struct silence_look seen = {.as_of = look->as_of, .hold = is_holiday(look, look->as_of.us)};
    bool is_open = episode_is_open(&look->silence->episode);
    if (seen.hold || (!is_open && is_lively(look))) {
        return seen;
    }
    read_panes(self, look);
    lay_out(self, look);
    struct volume_found found;
    seen.heard = is_heard(self, look);
    if (!is_open && volume_is_silent(&self->volume, &look->scoring->detection, &found)) {
        seen.silent = true;
        seen.expected = found.expected;
        seen.since = since(self, look, found.hours);
    }
    return seen;
}
