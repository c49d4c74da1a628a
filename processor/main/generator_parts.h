/* generator_parts.h - what the generator is made of: agencies, their traits, and the facts drawn from those. */
#ifndef SLIPSTREAM_MAIN_GENERATOR_PARTS_H
#define SLIPSTREAM_MAIN_GENERATOR_PARTS_H

#include "generator.h"

/* ---- chance: splitmix64 (Steele, Lea & Flood 2014), so that a number can be drawn from any id ---- */

struct dice {
    uint64_t state;
};
uint64_t mixed(uint64_t bits);
uint64_t dice_bits(struct dice *self);
double dice_unit(struct dice *self); /* 0 ≤ x < 1 */
bool dice_chance(struct dice *self, double share);
double dice_between(struct dice *self, double low, double high);
double dice_exponential(struct dice *self, double mean);
double dice_lognormal(struct dice *self, double median, double sigma);
unsigned dice_pick(struct dice *self, const double *weights, unsigned count);

/* ---- agencies ---- */

#define SERVICES_MAX 3
struct profile {
    const char *agency;
    double quality; /* 0 the worst government body, 1 the best */
    double traffic; /* relative to the others */
    double shares[CHANNELS];
    bool always_open; /* its phones are staffed at night */
    const char *services[SERVICES_MAX];
};
extern const struct profile profiles[GENERATOR_AGENCIES];
unsigned profile_services(const struct profile *profile);
double profile_service_share(const struct profile *profile, unsigned service);

/* How people fare at one service of an agency on one channel. */
struct traits {
    double abandoned;
    double wait_median_s, wait_sigma;
    double questions_answered, resolved, transferred;          /* of those who were served */
    double contained;                                          /* by the bot; chat */
    double completed, page_helpful, search_found, error_shown; /* web */
    double resolution_median_h, resolution_sigma;
    double reopened, repeat_contact, agent_informed, escalated;
    double content_after_good, content_after_bad; /* who answers 4 or 5 */
};
struct traits traits_of(uint64_t seed, unsigned agency, unsigned service, enum channel channel, bool slips);

/* How often something is told at all, of the contacts that could. */
#define TOLD_PAGE_HELPFUL 0.08
#define TOLD_SEARCH       0.35
#define TOLD_RESOLUTION   0.5
#define TOLD_REOPENED     0.5
#define TOLD_REPEAT       0.6
#define TOLD_AGENT        0.7
#define TIMING_INACCURATE 0.03 /* office */
#define SHORT_ABANDON     0.1  /* of those who give up */
#define SURVEY_WITH       0.06 /* answered together with the contact */
#define SURVEY_AFTER      0.09 /* answered later */
#define SURVEY_UNANSWERED 0.3  /* offered, not answered */
#define SURVEY_STATEMENT  0.95 /* of those who answer, a statement */
#define SURVEY_BEHAVIOUR  0.5  /* or one about behaviour */
/* How much less often than on average people agree with a statement, by rating. */
extern const double rating_offsets[RATINGS];
double rating_content(const struct traits *traits, bool good, unsigned rating);

/* ---- facts ---- */

enum survey_course { SURVEY_NONE, SURVEY_IS_OFFERED, SURVEY_IS_INSIDE, SURVEY_COMES_LATER };
struct contact {
    bool served, good;
    enum survey_course survey;
};
/* Draws how a contact goes into an interaction whose ids, kind and time are set. */
struct contact facts_of_contact(const struct traits *traits, uint64_t id, struct interaction *it);
void facts_of_survey(const struct traits *traits, uint64_t id, bool good, struct interaction *it);

/* ---- the week ---- */

unsigned hour_of_week(int64_t at_us); /* local time; 0 is Monday midnight */
double hour_traffic(unsigned hour);   /* 1 on average */
void hour_shares(const struct profile *profile, unsigned hour, double shares[CHANNELS]);

struct generator_slip {
    unsigned agency;
    int64_t since_us;
};
const struct generator_settings *generator_settings_of(const struct generator *self);

#endif
