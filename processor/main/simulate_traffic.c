/* simulate_traffic.c - the minutes of a made-up agency: how many come, and how each of them fares.
 *
 * Eight times as many by day (8 to 18) as by night, weekends at 40 %. Numbers are Poisson; what an interaction says is
 * turned into counters by the same code as a real one's. */
#include "generator_parts.h"
#include "simulate.h"

#include <math.h>
#include <stdlib.h>

#define MINUTES_AN_HOUR 60
#define MINUTES_A_DAY   (24 * MINUTES_AN_HOUR)
#define HISTORY_MINUTES (HISTORY_WEEKS * 7 * MINUTES_A_DAY)

const int64_t simulated_holidays[SIMULATED_HOLIDAYS] = {HISTORY_WEEKS * 7 - 20, HISTORY_WEEKS * 7 + 9,
                                                        HISTORY_WEEKS * 7 + 16};
#define HOLIDAY_VOLUME .3
#define HOLIDAY_WORSE  .15

/* Every way an interaction can go: which of its things are good, whether its wait was a short one, and its survey. */
enum { GOODS = 16, SHORT_WAIT = 16, SURVEY_BAD = 32, SURVEY_GOOD = 64, PATTERNS = 96 };
#define THING_WAIT 1

/* A wait is lognormal, sd 1 of its logarithm; what doubles it moves P(under the standard) from Φ(a) to Φ(a − ln 2). */
static double doubled_wait(double good)
{
    double low = -8;
    double high = 8;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        *(.5 * erfc(-middle * M_SQRT1_2) < good ? &low : &high) = middle;
    }
    return .5 * erfc(-(low - M_LN2) * M_SQRT1_2);
}

struct pattern {
    uint16_t counters[EVENT_COUNTERS_MAX];
    size_t count;
};

struct traffic {
    const struct scenario *scenario;
    unsigned strata;
    struct pattern patterns[CHANNELS][PATTERNS];
    struct pane panes[STRATA_MAX];
    double good[STRATA_MAX][4]; /* this hour */
    double none[STRATA_MAX];    /* how likely nobody comes, in a minute of this hour */
    double surveys;
    double waits_doubled;
    struct dice dice;
    double day_effect, hour_effect;
    int64_t minute;
};

/* ---- what an interaction says ---- */

static void say(struct signal_event *event, enum signal signal, bool good)
{
    event->outcomes_known |= 1u << signal;
    event->outcomes_yes |= (uint32_t)(good == signal_table[signal].good_is_yes) << signal;
}

static void rate(struct signal_event *event, enum signal signal, unsigned rating)
{
    event->ratings |= (uint64_t)rating << 3 * (signal - SIGNAL_RATING_OFFICE_ANSWERS);
}

static struct pattern pattern_of(enum channel channel, unsigned says, unsigned way)
{
    struct signal_event event = {.channel = channel, .kind = EVENT_INTERACTION, .transfers = -1};
    struct pattern pattern;
    for (unsigned i = 0; i < DURATIONS; i++) {
        event.duration_ms[i] = ABSENT;
    }
    say(&event, SIGNAL_RESOLVED, way & 1);
    if (says > THING_WAIT) {
        bool good = way >> THING_WAIT & 1;
        event.duration_ms[SIGNAL_WAIT - SIGNAL_WAIT] = !good ? 90000 : way & SHORT_WAIT ? 17000 : 50000;
    }
    if (says > 2) {
        say(&event, SIGNAL_TRANSFERRED, way >> 2 & 1);
    }
    if (says > 3) {
        say(&event, SIGNAL_QUESTIONS_ANSWERED, way >> 3 & 1);
    }
    if (way & (SURVEY_BAD | SURVEY_GOOD)) {
        unsigned rating = way & SURVEY_GOOD ? 5 : 2;
        rate(&event, SIGNAL_RATING_QUICK_RESOLUTION, rating);
        rate(&event, SIGNAL_RATING_REP_ANSWERS, rating);
        rate(&event, SIGNAL_RATING_TRUST, rating);
    }
    pattern.count = signals_counters(&event, pattern.counters);
    return pattern;
}

struct traffic *traffic_open(const struct scenario *scenario)
{
    struct traffic *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->scenario = scenario;
    self->strata = scenario_strata(scenario);
    self->waits_doubled = doubled_wait(scenario->strata[0].good);
    for (unsigned c = 0; c < CHANNELS; c++) {
        for (unsigned way = 0; way < PATTERNS; way++) {
            self->patterns[c][way] = pattern_of((enum channel)c, scenario->says, way);
        }
    }
    return self;
}

void traffic_close(struct traffic *self)
{
    free(self);
}

void traffic_begin(struct traffic *self, uint64_t seed)
{
    self->dice.state = seed;
    self->minute = 0;
    for (unsigned s = 0; s < STRATA_MAX; s++) {
        memset(&self->panes[s], 0, sizeof self->panes[s]);
    }
}

/* ---- how many, and how well ---- */

/* Marsaglia's polar method, one of the pair. */
static double normal(struct dice *dice)
{
    for (;;) {
        double x = dice_between(dice, -1, 1);
        double y = dice_between(dice, -1, 1);
        double square = x * x + y * y;
        if (square > 0 && square < 1) {
            return x * sqrt(-2 * log(square) / square);
        }
    }
}

/* Poisson, by how likely none is: as many draws as it takes to get below (Knuth). Means of a minute are small. */
static unsigned poisson(struct dice *dice, double none)
{
    unsigned count = 0;
    for (double left = dice_unit(dice); left > none; left *= dice_unit(dice)) {
        count++;
    }
    return count;
}

/* How many a minute in this hour, of all strata. */
static double volume(const struct scenario *scenario, int64_t minute)
{
    int64_t hour = minute / MINUTES_AN_HOUR % 24;
    int64_t day = minute / MINUTES_A_DAY;
    const double mean = (10 * 8. + 14 * 1.) / 24 * (5 + 2 * .4) / 7;
    double weight = (hour >= 8 && hour < 18 ? 8 : 1) * (day % 7 >= 5 ? .4 : 1);
    for (unsigned i = 0; scenario->event == HAPPENS_HOLIDAYS && i < SIMULATED_HOLIDAYS; i++) {
        weight *= day == simulated_holidays[i] ? HOLIDAY_VOLUME : 1;
    }
    return scenario->per_day / MINUTES_A_DAY * weight / mean;
}

static bool stratum_is_there(const struct scenario *scenario, unsigned stratum, int64_t in_test)
{
    bool happened = in_test >= HAPPENS_AT_HOUR * MINUTES_AN_HOUR;
    return scenario->event == HAPPENS_CLOSES  ? stratum != 0 || !happened
           : scenario->event == HAPPENS_OPENS ? stratum != 1 || happened
                                              : true;
}

/* How much worse than usual everything goes. */
static double worse(const struct traffic *self)
{
    const struct scenario *scenario = self->scenario;
    int64_t day = self->minute / MINUTES_A_DAY;
    int64_t in_test = self->minute - HISTORY_MINUTES;
    double points = day % 7 >= 5 ? scenario->weekend : 0;
    for (unsigned i = 0; scenario->event == HAPPENS_HOLIDAYS && i < SIMULATED_HOLIDAYS; i++) {
        points += day == simulated_holidays[i] ? HOLIDAY_WORSE : 0;
    }
    if (in_test >= scenario_slip_minute(scenario)) {
        points += scenario->slip + scenario->slide * (double)in_test / (28 * MINUTES_A_DAY);
    }
    return points - self->day_effect - self->hour_effect;
}

static double campaign_surveys(const struct traffic *self)
{
    int64_t hours = (self->minute - HISTORY_MINUTES) / MINUTES_AN_HOUR - HAPPENS_AT_HOUR;
    bool runs =
        self->scenario->event == HAPPENS_CAMPAIGN && self->minute >= HISTORY_MINUTES && hours >= 0 && hours < 10 * 24;
    return self->scenario->surveys * (runs ? 3 : 1);
}

static double bounded(double share)
{
    return fmin(fmax(share, .01), .99);
}

/* What holds for an hour. */
static void begin_hour(struct traffic *self)
{
    const struct scenario *scenario = self->scenario;
    int64_t in_test = self->minute - HISTORY_MINUTES;
    if (self->minute % MINUTES_A_DAY == 0) {
        self->day_effect = scenario->day_sd > 0 ? scenario->day_sd * normal(&self->dice) : 0;
    }
    self->hour_effect = scenario->hour_sd > 0 ? scenario->hour_sd * normal(&self->dice) : 0;
    double points = worse(self);
    double all = volume(scenario, self->minute);
    self->surveys = campaign_surveys(self);
    for (unsigned s = 0; s < self->strata; s++) {
        const struct simulated_stratum *stratum = &scenario->strata[s];
        self->none[s] = stratum_is_there(scenario, s, in_test) ? exp(-all * stratum->share) : 1;
        for (unsigned thing = 0; thing < 4; thing++) {
            self->good[s][thing] = bounded(stratum->good - points);
        }
        if (s == 0 && scenario->waits_double && in_test >= scenario_slip_minute(scenario)) {
            self->good[s][THING_WAIT] = self->waits_doubled;
        }
    }
}

/* With the chance `together` all things share one draw, so that any two of them correlate by as much. */
static unsigned way_of(struct traffic *self, unsigned stratum)
{
    const struct scenario *scenario = self->scenario;
    struct dice *dice = &self->dice;
    unsigned says = scenario->says > 1 ? scenario->says : 1;
    double draw = dice_unit(dice);
    bool together = scenario->together > 0 && dice_chance(dice, scenario->together);
    unsigned way = 0;
    for (unsigned thing = 0; thing < says; thing++) {
        draw = thing == 0 || together ? draw : dice_unit(dice);
        way |= (unsigned)(draw < self->good[stratum][thing]) << thing;
    }
    if (says > THING_WAIT && dice_chance(dice, .5)) {
        way |= SHORT_WAIT;
    }
    if (self->surveys > 0 && dice_chance(dice, self->surveys)) {
        way |= dice_chance(dice, scenario->survey_good) ? SURVEY_GOOD : SURVEY_BAD;
    }
    return way;
}

struct pane *traffic_minute(struct traffic *self)
{
    if (self->minute % MINUTES_AN_HOUR == 0) {
        begin_hour(self);
    }
    for (unsigned s = 0; s < self->strata; s++) {
        struct pane *pane = &self->panes[s];
        pane->index = TRAFFIC_BEGIN_US / US_PER_MINUTE + self->minute;
        for (unsigned left = self->none[s] < 1 ? poisson(&self->dice, self->none[s]) : 0; left > 0; left--) {
            const struct pattern *pattern = &self->patterns[self->scenario->strata[s].channel][way_of(self, s)];
            pane_add(pane, pattern->counters, pattern->count, 1);
        }
    }
    self->minute++;
    return self->panes;
}
