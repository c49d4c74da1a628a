/* simulate_scenarios.c - the histories that the slip rule is judged by, one a row. */
#include "simulate.h"

/* Strata differ, so that a mix that moves is seen. */
static const struct simulated_stratum two_channels[] = {
    {"permits", CHANNEL_PHONE, .6, .8},
    {"permits", CHANNEL_CHAT, .4, .9},
    {.service = NULL},
};
static const struct simulated_stratum far_apart[] = {
    {"permits", CHANNEL_PHONE, .6, .9},
    {"permits", CHANNEL_CHAT, .4, .7},
    {.service = NULL},
};
static const struct simulated_stratum three_services[] = {
    {"permits", CHANNEL_PHONE, .36, .8},
    {"permits", CHANNEL_CHAT, .24, .9},
    {"taxes", CHANNEL_PHONE, .18, .75},
    {"taxes", CHANNEL_CHAT, .12, .85},
    {"records", CHANNEL_PHONE, .06, .9},
    {"records", CHANNEL_CHAT, .04, .7},
    {.service = NULL},
};
static const struct simulated_stratum one_large[] = {
    {"taxes", CHANNEL_PHONE, .5, .8},
    {"taxes", CHANNEL_CHAT, .1, .85},
    {"permits", CHANNEL_PHONE, .15, .8},
    {"permits", CHANNEL_CHAT, .1, .85},
    {"records", CHANNEL_PHONE, .1, .8},
    {"records", CHANNEL_CHAT, .05, .85},
    {.service = NULL},
};

const struct scenario simulated_scenarios[] = {
    /* nothing really slips */
    {.name = "iid-30", .what = "30 a day", .per_day = 30, .strata = two_channels},
    {.name = "iid-200", .what = "200 a day", .per_day = 200, .strata = two_channels},
    {.name = "iid-2000", .what = "2,000 a day", .per_day = 2000, .strata = two_channels},
    {.name = "days-10000",
     .what = "day sd 2 points, hour sd 3, 10,000 a day",
     .per_day = 10000,
     .strata = two_channels,
     .day_sd = .02,
     .hour_sd = .03},
    {.name = "days-1000",
     .what = "same, 1,000 a day",
     .per_day = 1000,
     .strata = two_channels,
     .day_sd = .02,
     .hour_sd = .03},
    {.name = "weekends",
     .what = "weekends 8 points worse, 5,000 a day",
     .per_day = 5000,
     .strata = two_channels,
     .weekend = .08},
    {.name = "closes",
     .what = "a channel closes (.9 and .7), 2,000 a day",
     .per_day = 2000,
     .strata = far_apart,
     .event = HAPPENS_CLOSES},
    {.name = "opens",
     .what = "a channel opens (.9 and .7), 2,000 a day",
     .per_day = 2000,
     .strata = far_apart,
     .event = HAPPENS_OPENS},
    {.name = "one-in-four",
     .what = "four fully correlated signals an interaction, 500 a day",
     .per_day = 500,
     .strata = two_channels,
     .says = 4,
     .together = 1},
    {.name = "correlated",
     .what = "four signals an interaction, correlation .5, 500 a day",
     .per_day = 500,
     .strata = two_channels,
     .says = 4,
     .together = .5},
    {.name = "services",
     .what = "three services of uneven volume on two channels, 100 a day",
     .per_day = 100,
     .strata = three_services},
    {.name = "holidays",
     .what = "two listed holidays, 30 % of the volume and 15 points worse, 500 a day",
     .per_day = 500,
     .strata = two_channels,
     .event = HAPPENS_HOLIDAYS},
    {.name = "campaign",
     .what = "surveys of 10 %, tripled for ten days; answers 20 points below, 500 a day",
     .per_day = 500,
     .strata = two_channels,
     .surveys = .1,
     .survey_good = .65,
     .event = HAPPENS_CAMPAIGN},
    {.name = "method",
     .what = "another scoring file from hour 100 on: mean of answers, 30 s to wait; 500 a day",
     .per_day = 500,
     .strata = two_channels,
     .says = 2,
     .surveys = .1,
     .survey_good = .65,
     .event = HAPPENS_METHOD},
    {.name = "backfill",
     .what = "five days of one channel come at once (.9 and .7), 500 a day",
     .per_day = 500,
     .strata = far_apart,
     .event = HAPPENS_BACKFILL},
    {.name = "intake-out",
     .what = "intake stands still for two hours (.9 and .7), 2,000 a day",
     .per_day = 2000,
     .strata = far_apart,
     .event = HAPPENS_INTAKE_OUT},
    {.name = "score-out",
     .what = "score stands still for two hours, 2,000 a day",
     .per_day = 2000,
     .strata = two_channels,
     .event = HAPPENS_SCORE_OUT},
    /* something does */
    {.name = "slip-20-2000", .what = "20 points, 2,000 a day", .per_day = 2000, .strata = two_channels, .slip = .2},
    {.name = "slip-20-10000",
     .what = "20 points, 10,000 a day, day sd 2, hour sd 3",
     .per_day = 10000,
     .strata = two_channels,
     .day_sd = .02,
     .hour_sd = .03,
     .slip = .2},
    {.name = "slip-20-200", .what = "20 points, 200 a day", .per_day = 200, .strata = two_channels, .slip = .2},
    {.name = "slip-20-30", .what = "20 points, 30 a day", .per_day = 30, .strata = two_channels, .slip = .2},
    {.name = "slip-8-10000",
     .what = "8 points, 10,000 a day, day sd 1",
     .per_day = 10000,
     .strata = two_channels,
     .day_sd = .01,
     .slip = .08},
    {.name = "slip-8-2000", .what = "8 points, 2,000 a day", .per_day = 2000, .strata = two_channels, .slip = .08},
    {.name = "slip-8-500", .what = "8 points, 500 a day", .per_day = 500, .strata = two_channels, .slip = .08},
    {.name = "slip-4-10000", .what = "4 points, 10,000 a day", .per_day = 10000, .strata = two_channels, .slip = .04},
    {.name = "slide",
     .what = "6 points in 28 days, 2,000 a day, day sd 1",
     .per_day = 2000,
     .strata = two_channels,
     .day_sd = .01,
     .slide = .06},
    {.name = "one-cause",
     .what = "waits double on one channel of one of three services, 6,000 a day",
     .per_day = 6000,
     .strata = one_large,
     .says = 2,
     .waits_double = true},
};
const size_t simulated_scenario_count = sizeof simulated_scenarios / sizeof *simulated_scenarios;

const struct scenario *scenario_find(const char *name)
{
    for (size_t i = 0; i < simulated_scenario_count; i++) {
        if (strcmp(simulated_scenarios[i].name, name) == 0) {
            return &simulated_scenarios[i];
        }
    }
    return NULL;
}

unsigned scenario_strata(const struct scenario *self)
{
    unsigned count = 0;
    while (count < STRATA_MAX && self->strata[count].service) {
        count++;
    }
    return count;
}

int64_t scenario_slip_minute(const struct scenario *self)
{
    return self->slide > 0 ? 0 : SLIP_HOUR * 60;
}
