/* generator_agencies.c - who the made-up agencies are, how well they serve, and when people turn to them. */
#include "generator_parts.h"

#include <math.h>

/* Shares: web, phone, office, chat. The spread between the best and the worst is the point: DOMAIN, "The problem". */
const struct profile profiles[GENERATOR_AGENCIES] = {
    {"national-parks", .98, 0.8, {.70, .16, .06, .08}, false, {"permits", "campgrounds", NULL}},
    {"weather-service", .94, 0.7, {.80, .10, .03, .07}, true, {"forecasts", "marine", NULL}},
    {"passports", .89, 1.0, {.45, .25, .22, .08}, false, {"renewals", "first-passport", "lost-passport"}},
    {"land-registry", .85, 0.6, {.52, .16, .26, .06}, false, {"deeds", "searches", NULL}},
    {"small-business", .81, 0.6, {.48, .26, .11, .15}, false, {"loans", "licences", NULL}},
    {"city-311", .77, 1.5, {.30, .45, .05, .20}, true, {"streets", "sanitation", "noise"}},
    {"customs", .73, 0.8, {.50, .26, .16, .08}, true, {"clearance", "tariffs", NULL}},
    {"veterans-affairs", .70, 1.4, {.22, .52, .19, .07}, true, {"health-care", "pensions", "housing-loans"}},
    {"water-utility", .67, 0.9, {.42, .40, .08, .10}, true, {"billing", "outages", NULL}},
    {"public-health", .64, 1.2, {.27, .50, .15, .08}, true, {"vaccination", "clinics", NULL}},
    {"tax-revenue", .60, 2.0, {.46, .36, .07, .11}, false, {"income-tax", "refunds", "business-tax"}},
    {"social-benefits", .57, 1.6, {.24, .51, .18, .07}, true, {"retirement", "disability", "cards"}},
    {"student-aid", .53, 1.2, {.52, .27, .03, .18}, false, {"applications", "repayment", NULL}},
    {"labor-standards", .49, 0.6, {.40, .36, .14, .10}, false, {"wages", "safety", NULL}},
    {"motor-vehicles", .45, 1.8, {.35, .16, .44, .05}, false, {"licences", "registration", "titles"}},
    {"child-support", .41, 0.8, {.23, .53, .18, .06}, true, {"payments", "enforcement", NULL}},
    {"environment-permits", .36, 0.5, {.55, .21, .18, .06}, false, {"air", "waste", NULL}},
    {"housing-authority", .30, 0.9, {.30, .36, .27, .07}, false, {"vouchers", "repairs", NULL}},
    {"unemployment-insurance", .22, 1.5, {.40, .43, .08, .09}, false, {"claims", "appeals", NULL}},
    {"immigration", .06, 1.3, {.44, .31, .19, .06}, false, {"visas", "residence", "citizenship"}},
};

const char *generator_agency(unsigned agency)
{
    ASSERT(agency < GENERATOR_AGENCIES);
    return profiles[agency].agency;
}

unsigned profile_services(const struct profile *profile)
{
    return profile->services[2] ? 3 : 2;
}

double profile_service_share(const struct profile *profile, unsigned service)
{
    static const double of_two[] = {.62, .38};
    static const double of_three[] = {.5, .3, .2};
    return profile->services[2] ? of_three[service] : of_two[service];
}

/* ---- traits ---- */

static double clamped(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/* An agency is not equally good everywhere: a few hundredths up or down, by service and channel, as the seed has it. */
static double local_quality(uint64_t seed, unsigned agency, unsigned service, enum channel channel)
{
    struct dice dice = {mixed(seed ^ mixed(((uint64_t)agency << 16) + (service << 8) + (unsigned)channel + 1))};
    return clamped(profiles[agency].quality + dice_between(&dice, -.05, .05), .02, .99);
}

static struct traits usual_traits(double quality, enum channel channel)
{
#define FROM_TO(worst, best) ((worst) + ((best) - (worst)) * quality)
    /* Medians of waits go by ratios: from the worst to the best agency they shrink to a twentieth. */
    double wait_best_s = channel == CHANNEL_OFFICE ? 180 : 16;
    return (struct traits){
        .abandoned = FROM_TO(.30, .015),
        .wait_median_s = wait_best_s * exp((1 - quality) * log(14)),
        .wait_sigma = .9,
        .questions_answered = FROM_TO(.45, .93),
        .resolved = FROM_TO(.40, .89),
        .transferred = FROM_TO(.42, .06),
        .contained = FROM_TO(.30, .62),
        .completed = FROM_TO(.48, .93),
        .page_helpful = FROM_TO(.38, .86),
        .search_found = FROM_TO(.42, .89),
        .error_shown = FROM_TO(.28, .02),
        .resolution_median_h = exp(FROM_TO(log(40), log(3))),
        .resolution_sigma = 1.3,
        .reopened = FROM_TO(.06, .006),
        .repeat_contact = FROM_TO(.38, .07),
        .agent_informed = FROM_TO(.55, .96),
        .escalated = FROM_TO(.14, .01),
        .content_after_good = FROM_TO(.62, .95),
        .content_after_bad = FROM_TO(.22, .52),
    };
#undef FROM_TO
}

/* What a failing phone system does to people. */
static void let_slip(struct traits *traits)
{
    traits->abandoned = clamped(traits->abandoned + .33, 0, .8);
    traits->wait_median_s *= 9;
    traits->questions_answered *= .42;
    traits->resolved *= .38;
    traits->transferred = clamped(traits->transferred + .25, 0, .9);
    traits->content_after_good *= .7;
    traits->content_after_bad *= .6;
}

struct traits traits_of(uint64_t seed, unsigned agency, unsigned service, enum channel channel, bool slips)
{
    struct traits traits = usual_traits(local_quality(seed, agency, service, channel), channel);
    if (slips && channel == CHANNEL_PHONE) {
        let_slip(&traits);
    }
    return traits;
}

/* In the order of the rating signals. */
const double rating_offsets[RATINGS] = {0, 0, .02, .05, -.04, .08, .12, .08, .06, .10, 0};

double rating_content(const struct traits *traits, bool good, unsigned rating)
{
    double content = good ? traits->content_after_good : traits->content_after_bad;
    return clamped(content - rating_offsets[rating], .02, .98);
}

/* ---- the week ---- */

#define LOCAL_US   (-5 * US_PER_HOUR)
#define EPOCH_HOUR INT64_C(72) /* of the week: it was a Thursday */
#define WEEKEND    0.42        /* of a working day's traffic */

/* Share of a day's traffic by hour, in hundredths. */
static const double day_curve[24] = {0.7, 0.5, 0.4, 0.4, 0.5, 0.9, 1.9, 4.1, 6.9, 8.4, 8.8, 8.3,
                                     7.5, 7.8, 8.0, 7.5, 6.4, 5.1, 4.0, 3.4, 2.9, 2.5, 1.9, 1.2};

unsigned hour_of_week(int64_t at_us)
{
    int64_t hours = time_floor(at_us + LOCAL_US, US_PER_HOUR) + EPOCH_HOUR;
    return (unsigned)(hours - time_floor(hours, GENERATOR_HOURS) * GENERATOR_HOURS);
}

static bool is_weekend(unsigned hour)
{
    return hour >= 5 * 24;
}

double hour_traffic(unsigned hour)
{
    double day = 0;
    for (unsigned i = 0; i < 24; i++) {
        day += day_curve[i];
    }
    double average = day / 24 * (5 + 2 * WEEKEND) / 7;
    return day_curve[hour % 24] * (is_weekend(hour) ? WEEKEND : 1) / average;
}

void hour_shares(const struct profile *profile, unsigned hour, double shares[CHANNELS])
{
    unsigned clock = hour % 24;
    bool office_open = !is_weekend(hour) && clock >= 8 && clock < 17;
    bool phones_open = profile->always_open || (clock >= 7 && clock < 21);
    bool agents_chat = clock >= 7 && clock < 22;
    const double open[CHANNELS] = {[CHANNEL_WEB] = 1,
                                   [CHANNEL_PHONE] = phones_open ? 1 : .4,
                                   [CHANNEL_OFFICE] = office_open ? 1 : 0,
                                   [CHANNEL_CHAT] = agents_chat ? 1 : .5};
    double sum = 0;
    for (unsigned c = 0; c < CHANNELS; c++) {
        shares[c] = profile->shares[c] * open[c];
        sum += shares[c];
    }
    for (unsigned c = 0; c < CHANNELS; c++) {
        shares[c] /= sum;
    }
}
