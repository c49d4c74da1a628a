/* explain.c - what a fall is made of, what it costs, and what to mend first. */
#include "slipstream/score/explain.h"

#include "slipstream/score.h"

#include <math.h>

/* ---- contributions ---- */

#define GROUPS_MAX 640 /* drivers × channels × the services that are told apart, and some pooled */

struct group {
    enum driver driver;
    enum channel channel;
    uint32_t service;
    double points, worst, deviation;
    const struct finding_row *telling; /* the row with the largest fall; NULL: too few people to be told of */
};

static struct group *group_of(struct group *groups, size_t *count, const struct finding_row *row)
{
    for (size_t i = 0; i < *count; i++) {
        struct group *group = &groups[i];
        if (group->driver == row->driver && group->channel == row->channel && group->service == row->service) {
            return group;
        }
    }
    if (*count == GROUPS_MAX) {
        return NULL;
    }
    groups[*count] = (struct group){.driver = row->driver, .channel = row->channel, .service = row->service};
    return &groups[(*count)++];
}

/* The largest fall that is left, of at least so many standard deviations; NULL: none is. */
static struct group *take_largest(struct group *groups, size_t count, double deviations)
{
    struct group *largest = NULL;
    for (size_t i = 0; i < count; i++) {
        bool falls = groups[i].telling && groups[i].points + deviations * groups[i].deviation < 0;
        if (falls && (!largest || groups[i].points < largest->points)) {
            largest = &groups[i];
        }
    }
    return largest;
}

static void copy_name(char to[ID_SIZE_MAX + 1], struct span name)
{
    size_t size = name.size < ID_SIZE_MAX ? name.size : ID_SIZE_MAX;
    if (size) {
        memcpy(to, name.data, size);
    }
    to[size] = '\0';
}

static void put_contribution(struct contribution *out, const struct group *group, struct span name)
{
    const struct finding_row *row = group->telling;
    *out = (struct contribution){
        .driver = group->driver,
        .channel = group->channel,
        .points = group->points,
        .signal = row->signal,
        .p_now = row->p_now,
        .p_base = row->p_base,
        .n_now = llround(row->n_now),
    };
    copy_name(out->service, name);
}

static size_t add_up(const struct finding *finding, const struct scoring *scoring, struct group groups[GROUPS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < finding->row_count; i++) {
        const struct finding_row *row = &finding->rows[i];
        struct group *group = group_of(groups, &count, row);
        double points = 100 * finding_row_points(row);
        if (!group) {
            continue; /* among the others */
        }
        group->points += points;
        group->deviation += 100 * finding_row_deviation(finding, row);
        if (points < group->worst && row->n_now >= (double)scoring->suppress_below) {
            group->worst = points;
            group->telling = row;
        }
    }
    return count;
}

const struct finding_row *explain_contributions(const struct finding *finding, const struct scoring *scoring,
                                                explain_namer *name, void *context, struct explanation *out)
{
    struct group groups[GROUPS_MAX];
    size_t count = add_up(finding, scoring, groups);
    double least = take_largest(groups, count, FALL_CERTAIN) ? FALL_CERTAIN : 0;
    const struct finding_row *first = NULL;
    double listed = 0;
    out->compared = true;
    out->change = 100 * finding->d;
    out->mix = 100 * finding->mix;
    out->contribution_count = 0;
    for (struct group *next;
         out->contribution_count < EXPLAIN_CONTRIBUTIONS_MAX && (next = take_largest(groups, count, least));
         next->telling = NULL) {
        first = first ? first : next->telling;
        struct span called = next->service == SERVICE_POOLED ? span_text("") : name(context, next->service);
        listed += next->points;
        put_contribution(&out->contributions[out->contribution_count++], next, called);
    }
    out->others = out->change - listed;
    return first;
}

/* ---- what else moved ---- */

static const char *const moved_words[MOVED_CAUSE] = {"contacts", "wait_within_standard"};
const char *moved_word(unsigned what)
{
    return what < MOVED_CAUSE ? moved_words[what] : cause_word((enum cause)(what - MOVED_CAUSE));
}

#define Z_MOVED          2.575829303548901 /* 99 %: seven things are looked at */
#define POINTS_LEAST     2                 /* a smaller change of a share is of no interest */
#define RATIO_LEAST      .2                /* nor of an average, a median or a volume */
#define DEVIATIONS_LEAST 3                 /* of a volume, were contacts independent */

static struct moved moved_share(double good_now, double n_now, double good_base, double n_base)
{
    struct interval now = interval_wilson(good_now, n_now, Z_MOVED);
    struct interval base = interval_wilson(good_base, n_base, Z_MOVED);
    struct interval change = interval_difference(now, base);
    bool is_certain = change.low > 0 || change.high < 0;
    return (struct moved){true, is_certain && fabs(100 * change.value) >= POINTS_LEAST, 100 * now.value,
                          100 * base.value};
}

static struct moved moved_ratio(double now, double base)
{
    return (struct moved){true, fabs(now - base) > RATIO_LEAST * fmax(base, 1e-9), now, base};
}

static bool is_share(enum cause cause)
{
    return cause == CAUSE_AGENT_INFORMED || cause == CAUSE_ESCALATED;
}

static struct moved moved_cause(enum cause cause, const struct cause_figure *now, const struct cause_figure *base)
{
    if (!now->present || !base->present) {
        return (struct moved){0};
    }
    if (is_share(cause)) {
        double n_now = (double)now->n;
        double n_base = (double)base->n;
        return moved_share(now->value / 100 * n_now, n_now, base->value / 100 * n_base, n_base);
    }
    return moved_ratio(now->value, base->value);
}

void explain_moved(const struct tallies *now, const struct tallies *base, double weeks, const struct scoring *scoring,
                   struct moved out[MOVED])
{
    struct cause_figure causes_now[CAUSES], causes_base[CAUSES];
    double usual = weeks > 0 ? (double)base->interactions / weeks : 0;
    memset(out, 0, MOVED * sizeof *out);
    if (usual > 0 && now->interactions >= scoring->suppress_below) {
        out[MOVED_VOLUME] = moved_ratio((double)now->interactions, usual);
        bool is_certain = fabs((double)now->interactions - usual) > DEVIATIONS_LEAST * sqrt(usual);
        out[MOVED_VOLUME].stands_out &= is_certain;
    }
    const struct tally *waits[] = {&now->signals[SIGNAL_WAIT], &base->signals[SIGNAL_WAIT]};
    if (waits[0]->n >= scoring->suppress_below && waits[0]->n >= scoring->signal_n_min &&
        waits[1]->n >= scoring->signal_n_min) {
        out[MOVED_WAIT] =
            moved_share((double)waits[0]->good, (double)waits[0]->n, (double)waits[1]->good, (double)waits[1]->n);
    }
    score_causes(now, scoring, causes_now);
    score_causes(base, scoring, causes_base);
    for (unsigned c = 0; c < CAUSES; c++) {
        if (causes_now[c].n >= scoring->suppress_below) {
            out[MOVED_CAUSE + c] = moved_cause((enum cause)c, &causes_now[c], &causes_base[c]);
        }
    }
}

/* ---- what it costs ---- */

void explain_projections(const struct card *measured, double score_change, const struct scoring *scoring,
                         struct projection out[BEHAVIOURS])
{
    for (unsigned b = 0; b < BEHAVIOURS; b++) {
        const struct estimate *asked = measured ? &measured->behaviours[b] : NULL;
        bool was_asked = asked && asked->present && asked->n >= scoring->suppress_below;
        double share = was_asked ? asked->value / 100 : scoring->baseline[b];
        out[b] = (struct projection){0};
        if (!isnan(share) && !isnan(score_change)) {
            double projected = share * (1 + scoring->elasticity[b] * score_change);
            out[b] = (struct projection){true, !was_asked, share, fmin(1, fmax(0, projected))};
        }
    }
}

/* ---- what to fix first ---- */

/* What drivers weigh in the score, over the channels that are spoken of: n of each driver and channel. */
struct shares {
    double weight[DRIVERS]; /* renormalised over those that have data */
    double n[DRIVERS];
};

static const struct estimate *level_of(const struct card cards[CHANNELS], uint32_t channels, unsigned driver,
                                       unsigned c)
{
    static const struct estimate none = {0};
    return channels >> c & 1 ? &cards[c].drivers[driver].score : &none;
}

static struct shares shares_of(const struct card cards[CHANNELS], uint32_t channels, const struct scoring *scoring)
{
    struct shares shares = {0};
    double sum = 0;
    for (unsigned d = 0; d < DRIVERS; d++) {
        for (unsigned c = 0; c < CHANNELS; c++) {
            const struct estimate *level = level_of(cards, channels, d, c);
            shares.n[d] += level->present ? (double)level->n : 0;
        }
        sum += shares.n[d] > 0 ? scoring->driver_weight[d] : 0;
    }
    for (unsigned d = 0; d < DRIVERS; d++) {
        shares.weight[d] = shares.n[d] > 0 && sum > 0 ? scoring->driver_weight[d] / sum : 0;
    }
    return shares;
}

static double mean_elasticity(const struct scoring *scoring)
{
    double sum = 0;
    for (unsigned b = 0; b < BEHAVIOURS; b++) {
        sum += scoring->elasticity[b];
    }
    return sum / BEHAVIOURS;
}

/* The published line of a driver, the highest there is; NAN: none. */
static double benchmark_of(const struct scoring *scoring, unsigned driver)
{
    double highest = (double)NAN;
    for (size_t i = 0; i < scoring->benchmark_count; i++) {
        if (scoring->benchmarks[i].subject == TARGET_DRIVER + driver) {
            highest = fmax(highest, scoring->benchmarks[i].value);
        }
    }
    return highest;
}

/* Where it could rise to: its own best week; where that tells nothing, the published line. */
static bool aim(struct fix *fix, const struct best_week *best, double benchmark)
{
    if (best->present && (double)best->level > fix->now) {
        fix->to = (double)best->level;
        fix->from_day = best->from_day;
        return true;
    }
    fix->to = benchmark;
    fix->to_benchmark = true;
    return benchmark > fix->now; /* never of NAN */
}

/* Into its place among the most worth; the least falls out. */
static unsigned put_fix(struct fix out[EXPLAIN_FIXES_MAX], unsigned count, const struct fix *fix)
{
    unsigned at = count;
    while (at > 0 && out[at - 1].worth < fix->worth) {
        at--;
    }
    if (at == EXPLAIN_FIXES_MAX) {
        return count;
    }
    unsigned kept = count < EXPLAIN_FIXES_MAX ? count : EXPLAIN_FIXES_MAX - 1;
    memmove(&out[at + 1], &out[at], (kept - at) * sizeof *out);
    out[at] = *fix;
    return kept + 1;
}

unsigned explain_fixes(const struct card cards[CHANNELS], uint32_t channels, const struct best_weeks *best,
                       const struct scoring *scoring, struct fix out[EXPLAIN_FIXES_MAX])
{
    struct shares shares = shares_of(cards, channels, scoring);
    double elasticity = mean_elasticity(scoring);
    unsigned count = 0;
    for (unsigned d = 0; d < DRIVERS; d++) {
        for (unsigned c = 0; c < CHANNELS; c++) {
            const struct estimate *level = level_of(cards, channels, d, c);
            struct fix fix = {.driver = (enum driver)d, .channel = (enum channel)c, .elasticity = elasticity};
            if (!level->present || level->n < scoring->suppress_below || shares.weight[d] <= 0) {
                continue;
            }
            fix.now = level->value;
            fix.n = level->n;
            fix.weight = shares.weight[d];
            fix.share = (double)level->n / shares.n[d];
            if (aim(&fix, &best->of[d][c], benchmark_of(scoring, d))) {
                fix.gain = fix.weight * fix.share * (fix.to - fix.now);
                fix.worth = fix.gain * elasticity * (double)fix.n;
                count = put_fix(out, count, &fix);
            }
        }
    }
    return count;
}

double explain_leverage(unsigned subject, const struct card cards[CHANNELS], uint32_t channels,
                        const struct scoring *scoring)
{
    struct subject_parts parts = subject_parts(subject);
    struct shares shares = shares_of(cards, channels, scoring);
    if (parts.behaviour != BEHAVIOURS) {
        return (double)NAN; /* is asked for itself */
    }
    if (parts.driver == DRIVERS) {
        return 1;
    }
    if (parts.channel == CHANNELS) {
        return shares.weight[parts.driver];
    }
    const struct estimate *level = level_of(cards, channels, parts.driver, parts.channel);
    return level->present && shares.n[parts.driver] > 0
               ? shares.weight[parts.driver] * (double)level->n / shares.n[parts.driver]
               : 0;
}
