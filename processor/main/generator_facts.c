/* generator_facts.c - chance, and what it makes of a contact. */
#include "generator_parts.h"

#include <math.h>

#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)

uint64_t mixed(uint64_t bits)
{
    bits = (bits ^ bits >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94D049BB133111EB);
    return bits ^ bits >> 31;
}

uint64_t dice_bits(struct dice *self)
{
    return mixed(self->state += GOLDEN);
}

double dice_unit(struct dice *self)
{
    return (double)(dice_bits(self) >> 11) * 0x1p-53;
}

bool dice_chance(struct dice *self, double share)
{
    return dice_unit(self) < share;
}

double dice_between(struct dice *self, double low, double high)
{
    return low + (high - low) * dice_unit(self);
}

double dice_exponential(struct dice *self, double mean)
{
    return -mean * log(1 - dice_unit(self));
}

double dice_lognormal(struct dice *self, double median, double sigma)
{
    double radius = sqrt(-2 * log(1 - dice_unit(self))); /* Box & Muller 1958 */
    return median * exp(sigma * radius * cos(2 * M_PI * dice_unit(self)));
}

unsigned dice_pick(struct dice *self, const double *weights, unsigned count)
{
    double sum = 0;
    for (unsigned i = 0; i < count; i++) {
        sum += weights[i];
    }
    double left = dice_unit(self) * sum;
    unsigned picked = 0;
    while (picked + 1 < count && left >= weights[picked]) {
        left -= weights[picked++];
    }
    return picked;
}

/* ---- a contact ---- */

#define WAIT_LONGEST_MS       (4 * INT64_C(3600000))
#define RESOLUTION_LONGEST_MS (INT64_C(1440) * 3600000) /* 60 days */

static int64_t whole_ms(double seconds, int64_t longest_ms)
{
    double ms = seconds * 1000;
    return ms > (double)longest_ms ? longest_ms : (int64_t)ms;
}

/* Tells a yes or no in a share of the cases. Both are drawn in any case: who is told more changes nothing else. */
static void tell(struct dice *dice, int64_t *field, double told, double yes)
{
    bool is_told = dice_chance(dice, told);
    bool is_yes = dice_chance(dice, yes);
    if (is_told) {
        *field = is_yes;
    }
}

static void visit_the_web(const struct traits *traits, struct dice *dice, struct interaction *it)
{
    tell(dice, &it->completed, 1, traits->completed);
    tell(dice, &it->page_helpful, TOLD_PAGE_HELPFUL, traits->page_helpful);
    tell(dice, &it->search_found, TOLD_SEARCH, traits->search_found);
    tell(dice, &it->error_shown, 1, traits->error_shown);
    it->started_at = it->occurred_at - (int64_t)(dice_lognormal(dice, 240, .8) * US_PER_SECOND);
}

static void give_up(struct dice *dice, struct interaction *it)
{
    bool at_once = dice_chance(dice, SHORT_ABANDON);
    double patience_s = at_once ? dice_between(dice, 1, 4.9) : 6 + dice_lognormal(dice, 150, .9);
    it->outcome = CONTACT_ABANDONED;
    it->wait = whole_ms(patience_s, WAIT_LONGEST_MS);
    it->started_at = it->occurred_at - it->wait * US_PER_MS;
}

/* An employee serves: on the phone, at the counter, or in a chat that the bot handed over. */
static void be_served_by_people(const struct traits *traits, struct dice *dice, struct interaction *it)
{
    it->wait = whole_ms(dice_lognormal(dice, traits->wait_median_s, traits->wait_sigma), WAIT_LONGEST_MS);
    it->transfers = dice_chance(dice, traits->transferred) ? 1 + (int64_t)dice_exponential(dice, .6) : 0;
    it->transfers = it->transfers > 6 ? 6 : it->transfers;
    tell(dice, &it->agent_informed, TOLD_AGENT, traits->agent_informed);
    tell(dice, &it->escalated, TOLD_AGENT, traits->escalated);
    double talk_s = dice_lognormal(dice, 320, .6);
    if (it->channel == CHANNEL_PHONE) {
        it->hold = whole_ms(dice_exponential(dice, .2 * traits->wait_median_s), WAIT_LONGEST_MS);
        it->wrap_up = whole_ms(dice_lognormal(dice, 45, .7), WAIT_LONGEST_MS);
    }
    it->started_at = it->occurred_at - it->wait * US_PER_MS - (int64_t)(talk_s * US_PER_SECOND);
}

static void be_served(const struct traits *traits, struct dice *dice, struct interaction *it)
{
    it->outcome = CONTACT_SERVED;
    tell(dice, &it->questions_answered, 1, traits->questions_answered);
    tell(dice, &it->resolved, 1, traits->resolved);
    if (it->channel == CHANNEL_CHAT) {
        tell(dice, &it->contained, 1, traits->contained);
    }
    if (it->contained == 1) {
        it->started_at = it->occurred_at - (int64_t)(dice_lognormal(dice, 120, .6) * US_PER_SECOND);
    } else {
        be_served_by_people(traits, dice, it);
    }
    if (it->channel == CHANNEL_OFFICE) {
        tell(dice, &it->timing_inaccurate, 1, TIMING_INACCURATE);
    }
    bool told = dice_chance(dice, TOLD_RESOLUTION);
    double hours = dice_lognormal(dice, traits->resolution_median_h, traits->resolution_sigma);
    if (told) {
        it->resolution = whole_ms(hours * 3600, RESOLUTION_LONGEST_MS);
    }
}

static enum survey_course survey_course(struct dice *dice, bool served)
{
    static const double weights[] = {[SURVEY_NONE] = 1 - SURVEY_UNANSWERED - SURVEY_WITH - SURVEY_AFTER,
                                     [SURVEY_IS_OFFERED] = SURVEY_UNANSWERED,
                                     [SURVEY_IS_INSIDE] = SURVEY_WITH,
                                     [SURVEY_COMES_LATER] = SURVEY_AFTER};
    enum survey_course drawn = (enum survey_course)dice_pick(dice, weights, 4);
    return served ? drawn : SURVEY_NONE;
}

/* ---- a survey ---- */

static int64_t answer(struct dice *dice, double content)
{
    static const double of_content[] = {.55, .45};         /* 4, 5 */
    static const double of_the_others[] = {.27, .30, .43}; /* 1, 2, 3 */
    return dice_chance(dice, content) ? 4 + dice_pick(dice, of_content, 2) : 1 + dice_pick(dice, of_the_others, 3);
}

static double share_asked(unsigned rating, enum channel channel)
{
    switch (rating + SIGNAL_RATING_OFFICE_ANSWERS) {
    case SIGNAL_RATING_OFFICE_ANSWERS:
        return channel == CHANNEL_OFFICE ? SURVEY_STATEMENT : 0;
    case SIGNAL_RATING_REP_ANSWERS:
        return channel == CHANNEL_PHONE || channel == CHANNEL_CHAT ? SURVEY_STATEMENT : 0;
    case SIGNAL_RATING_QUALITY:
    case SIGNAL_RATING_QUICK_RESOLUTION:
        return SURVEY_STATEMENT;
    case SIGNAL_RATING_SATISFACTION:
        return 1;
    default:
        return SURVEY_BEHAVIOUR;
    }
}

void facts_of_survey(const struct traits *traits, uint64_t id, bool good, struct interaction *it)
{
    struct dice dice = {mixed(id + 1)};
    int64_t *ratings = &it->rating_office_answers; /* they lie side by side: see signals.c */
    for (unsigned r = 0; r < RATINGS; r++) {
        bool asked = dice_chance(&dice, share_asked(r, it->channel));
        int64_t answered = answer(&dice, rating_content(traits, good, r));
        if (asked) {
            ratings[r] = answered;
        }
    }
}

struct contact facts_of_contact(const struct traits *traits, uint64_t id, struct interaction *it)
{
    struct dice dice = {id};
    struct contact contact = {.served = true};
    if (it->channel == CHANNEL_WEB) {
        visit_the_web(traits, &dice, it);
        contact.good = it->completed == 1;
    } else if (dice_chance(&dice, traits->abandoned)) {
        give_up(&dice, it);
        contact.served = false;
    } else {
        be_served(traits, &dice, it);
        contact.good = it->resolved == 1;
    }
    tell(&dice, &it->repeat_contact, TOLD_REPEAT, traits->repeat_contact);
    if (contact.served) {
        tell(&dice, &it->reopened, TOLD_REOPENED, 0); /* not yet, at least */
    }
    contact.survey = survey_course(&dice, contact.served);
    if (contact.served) {
        it->survey_offered = contact.survey != SURVEY_NONE;
    }
    if (contact.survey == SURVEY_IS_INSIDE) {
        facts_of_survey(traits, id, contact.good, it);
    }
    return contact;
}
