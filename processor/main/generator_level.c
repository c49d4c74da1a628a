/* generator_level.c - what scores are to be expected, from the probabilities that contacts are drawn with. */
#include "generator_parts.h"

#include "slipstream/score.h"

#include <math.h>

#define CONTACTS 1e8 /* so many are expected: shares become counts without losing anything that matters */

/* Expected yes and expected told, of one contact on average. */
struct expected {
    double good[SIGNALS], n[SIGNALS];
    double content[RATINGS], answers[RATINGS];
};

static void expect(struct expected *self, enum signal signal, double n, double good)
{
    self->n[signal] += n;
    self->good[signal] += n * good;
}

/* The share of a lognormal duration that stays under a standard; without one it says nothing. */
static double share_within(double median_s, double sigma, int64_t standard_ms)
{
    return .5 * erfc(-log((double)standard_ms / 1000 / median_s) / sigma / sqrt(2));
}

static void expect_web(struct expected *self, const struct traits *traits, double share)
{
    expect(self, SIGNAL_COMPLETED, share, traits->completed);
    expect(self, SIGNAL_PAGE_HELPFUL, share * TOLD_PAGE_HELPFUL, traits->page_helpful);
    expect(self, SIGNAL_SEARCH_FOUND, share * TOLD_SEARCH, traits->search_found);
    expect(self, SIGNAL_ERROR_SHOWN, share, 1 - traits->error_shown);
}

static void expect_contact(struct expected *self, const struct traits *traits, enum channel channel,
                           const struct scoring *scoring, double share)
{
    double served = share * (1 - traits->abandoned);
    double short_ones = scoring->short_abandon_ms[channel] ? share * traits->abandoned * SHORT_ABANDON : 0;
    double by_people = channel == CHANNEL_CHAT ? served * (1 - traits->contained) : served;
    double timed = channel == CHANNEL_OFFICE ? by_people * (1 - TIMING_INACCURATE) : by_people;
    expect(self, SIGNAL_ANSWERED, share - short_ones, served / (share - short_ones));
    expect(self, SIGNAL_QUESTIONS_ANSWERED, served, traits->questions_answered);
    expect(self, SIGNAL_RESOLVED, served, traits->resolved);
    expect(self, SIGNAL_TRANSFERRED, by_people, 1 - traits->transferred);
    if (channel == CHANNEL_CHAT) {
        expect(self, SIGNAL_CONTAINED, served, traits->contained);
    }
    if (scoring->wait_standard_ms[channel]) {
        expect(self, SIGNAL_WAIT, timed,
               share_within(traits->wait_median_s, traits->wait_sigma, scoring->wait_standard_ms[channel]));
    }
    if (scoring->resolution_standard_ms[channel]) {
        expect(self, SIGNAL_RESOLUTION, served * TOLD_RESOLUTION,
               share_within(traits->resolution_median_h * 3600, traits->resolution_sigma,
                            scoring->resolution_standard_ms[channel]));
    }
}

static void expect_surveys(struct expected *self, const struct traits *traits, enum channel channel, double served,
                           double good)
{
    double answered = served * (SURVEY_WITH + SURVEY_AFTER) * SURVEY_STATEMENT;
    for (unsigned r = 0; r < DRIVERS; r++) {
        unsigned driver = r; /* the first ratings are the drivers' statements */
        if (channel_drivers(channel) & 1u << driver) {
            self->answers[r] += answered;
            self->content[r] +=
                answered * (good * rating_content(traits, true, r) + (1 - good) * rating_content(traits, false, r));
        }
    }
}

static void expect_channel(struct expected *self, const struct traits *traits, enum channel channel,
                           const struct scoring *scoring, double share)
{
    double served = channel == CHANNEL_WEB ? share : share * (1 - traits->abandoned);
    double good = channel == CHANNEL_WEB ? traits->completed : traits->resolved;
    if (channel == CHANNEL_WEB) {
        expect_web(self, traits, share);
    } else {
        expect_contact(self, traits, channel, scoring, share);
    }
    double reopened = served * good * traits->reopened;
    double told = served * TOLD_REOPENED;
    expect(self, SIGNAL_REOPENED, told + reopened, told / (told + reopened));
    expect(self, SIGNAL_REPEAT_CONTACT, share * TOLD_REPEAT, 1 - traits->repeat_contact);
    expect_surveys(self, traits, channel, served, good);
}

static void add_expected(struct tallies *tallies, const struct expected *expected, enum channel channel)
{
    for (unsigned s = 0; s < SIGNALS; s++) {
        for (uint32_t left = signal_table[s].feeds & channel_drivers(channel); left; left &= left - 1) {
            struct tally *tally = &tallies->by_driver[__builtin_ctz(left)][s];
            tally->good += llround(CONTACTS * expected->good[s]);
            tally->n += llround(CONTACTS * expected->n[s]);
        }
    }
    for (unsigned r = 0; r < RATINGS; r++) {
        tallies->ratings[r][4] += llround(CONTACTS * expected->content[r]);
        tallies->ratings[r][0] += llround(CONTACTS * (expected->answers[r] - expected->content[r]));
    }
}

static void score_levels(struct tallies *tallies, const struct scoring *scoring, double level[TARGETS])
{
    struct card card;
    for (unsigned d = 0; d < DRIVERS; d++) {
        tallies->said_operational[d] = tallies->said_survey[d] = (int64_t)CONTACTS;
    }
    score_card(tallies, scoring, Z_95, &card);
    level[TARGET_CX] = card.cx.present ? card.cx.value : (double)NAN;
    for (unsigned d = 0; d < DRIVERS; d++) {
        level[TARGET_DRIVER + d] = card.drivers[d].score.present ? card.drivers[d].score.value : (double)NAN;
    }
}

static void level_at(const struct generator *self, unsigned agency, unsigned hour, bool slips, bool surveyed,
                     const struct scoring *scoring, double level[TARGETS])
{
    const struct profile *profile = &profiles[agency];
    struct tallies tallies = {0};
    double shares[CHANNELS];
    hour_shares(profile, hour, shares);
    for (unsigned c = 0; c < CHANNELS; c++) {
        for (unsigned s = 0; s < profile_services(profile) && shares[c] > 0; s++) {
            struct expected expected = {0};
            struct traits traits = traits_of(generator_settings_of(self)->seed, agency, s, (enum channel)c, slips);
            expect_channel(&expected, &traits, (enum channel)c, scoring, shares[c] * profile_service_share(profile, s));
            add_expected(&tallies, &expected, (enum channel)c);
        }
    }
    if (!surveyed) {
        memset(tallies.ratings, 0, sizeof tallies.ratings);
    }
    score_levels(&tallies, scoring, level);
}

void generator_level(const struct generator *self, unsigned agency, unsigned hour, bool slips,
                     const struct scoring *scoring, double level[TARGETS])
{
    ASSERT(agency < GENERATOR_AGENCIES && hour < GENERATOR_HOURS);
    level_at(self, agency, hour, slips, true, scoring, level);
}

void generator_usual_level(const struct generator *self, unsigned agency, const struct scoring *scoring,
                           double level[TARGETS])
{
    for (unsigned t = 0; t < TARGETS; t++) {
        level[t] = (double)NAN;
    }
    for (unsigned hour = 0; hour < GENERATOR_HOURS; hour++) {
        for (unsigned surveyed = 0; surveyed < 2; surveyed++) {
            double at_hour[TARGETS];
            level_at(self, agency, hour, false, surveyed, scoring, at_hour);
            for (unsigned t = 0; t < TARGETS; t++) {
                level[t] = fmin(level[t], at_hour[t]); /* of a number and none, the number */
            }
        }
    }
}

void generator_shares(const struct generator *self, unsigned agency, unsigned hour, double shares[CHANNELS])
{
    (void)self;
    ASSERT(agency < GENERATOR_AGENCIES && hour < GENERATOR_HOURS);
    hour_shares(&profiles[agency], hour, shares);
}
