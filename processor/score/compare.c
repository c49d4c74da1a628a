/* compare.c - components of a subject over their strata: the difference, its interval, its z-score. */
#include "strata.h"

#include "slipstream/score.h"

#include <math.h>
#include <stdlib.h>

#define DISPERSION_N_LEAST 10 /* interactions in an earlier window: DOMAIN's script */
#define SKEW_Z_MOST        3  /* further out the first term of the expansion is too much: the next take from it */

#define COMPONENTS_MAX (DRIVERS * (SIGNALS + 1))
struct component {
    enum driver driver; /* DRIVERS: a behaviour's statement */
    enum signal signal;
    unsigned feature;
    uint32_t channels; /* bits */
    double omega;
    double n_now, n_base;
};

struct said { /* interactions, over the cells of a channel */
    double now[FEATURE_SIGNALS], base[FEATURE_SIGNALS];
};

struct comparison {
    const struct composition *composition;
    struct said said[CHANNELS];
    struct strata_of of[FEATURES_MAX][CHANNELS];
    struct stratum strata[STRATA_MAX];
    struct component components[COMPONENTS_MAX]; /* of the subject at hand */
    size_t component_count;
    struct finding_row rows[STRATA_MAX * 2]; /* most signals are a component of one driver, some of two */
};

struct comparison *comparison_open(void)
{
    struct comparison *self = calloc(1, sizeof *self);
    ASSERT(self);
    return self;
}

void comparison_close(struct comparison *self)
{
    free(self);
}

static void add_said(struct said *said, const struct compared_cell *cell)
{
    for (unsigned f = 0; f < FEATURE_SIGNALS; f++) {
        said->now[f] += fmax(cell->now[f].n, 0);
        said->base[f] += fmax(cell->base[f].n, 0);
    }
}

void comparison_set(struct comparison *self, const struct composition *composition, const struct compared_cell *cells,
                    size_t count)
{
    uint32_t used = 0;
    self->composition = composition;
    memset(self->said, 0, sizeof self->said);
    ASSERT(count <= COMPARED_CELLS_MAX);
    for (unsigned c = 0; c < CHANNELS; c++) {
        const struct compared_cell *of_channel[COMPARED_CELLS_MAX];
        size_t listed = 0;
        for (size_t i = 0; i < count; i++) {
            if (cells[i].channel == c) {
                of_channel[listed++] = &cells[i];
                add_said(&self->said[c], &cells[i]);
            }
        }
        for (unsigned f = FEATURE_SIGNALS; f < composition->feature_count; f++) {
            self->of[f][c] = strata_pool(self->strata, used, of_channel, listed, f, &composition->scoring->detection);
            used += self->of[f][c].count;
        }
    }
}

/* ---- components ---- */

/* Appends a part when it has enough in both windows. Its omega is its weight so far. */
static void add_component(struct comparison *self, const struct part *part, uint32_t channels)
{
    struct component component = {
        part->driver, part->signal, part->feature, channels & part->channels, part->weight, 0, 0};
    for (uint32_t left = component.channels; left; left &= left - 1) {
        const struct strata_of *of = &self->of[component.feature][__builtin_ctz(left)];
        component.n_now += of->n_now;
        component.n_base += of->n_base;
    }
    double least = (double)self->composition->scoring->signal_n_min;
    if (reaches(component.n_now, least) && reaches(component.n_base, least) && component.n_now > 0) {
        self->components[self->component_count++] = component;
    }
}

/* Makes the omegas of the components from `first` on sum to `share`. */
static void share_out(struct comparison *self, size_t first, double share)
{
    double sum = 0;
    for (size_t i = first; i < self->component_count; i++) {
        sum += self->components[i].omega;
    }
    for (size_t i = first; i < self->component_count; i++) {
        self->components[i].omega *= share / sum;
    }
}

/* A driver's components, their omegas summing to its weight. */
static void add_driver(struct comparison *self, enum driver driver, uint32_t channels, double weight)
{
    const struct composition *composition = self->composition;
    size_t first = self->component_count;
    for (unsigned i = 0; i < composition->operational_count[driver]; i++) {
        add_component(self, &composition->operational[driver][i], channels);
    }
    share_out(self, first, composition->scoring->line_weight_operational[driver]);
    if (composition->survey[driver].weight > 0) {
        add_component(self, &composition->survey[driver], channels);
    }
    share_out(self, first, weight);
}

static void choose_components(struct comparison *self, unsigned subject)
{
    const struct scoring *scoring = self->composition->scoring;
    struct subject_parts parts = subject_parts(subject);
    uint32_t channels = parts.channel == CHANNELS ? (1u << CHANNELS) - 1 : 1u << parts.channel;
    self->component_count = 0;
    if (parts.behaviour != BEHAVIOURS) {
        add_component(self, &self->composition->behaviours[parts.behaviour], channels);
    } else if (parts.driver != DRIVERS) {
        add_driver(self, parts.driver, channels, 1);
    } else {
        for (unsigned d = 0; d < DRIVERS; d++) {
            if (scoring->driver_weight[d] > 0) {
                add_driver(self, (enum driver)d, channels, scoring->driver_weight[d]);
            }
        }
    }
    share_out(self, 0, 1);
}

/* ---- how many interactions a subject rests on ---- */

static double said_in(const double *features, struct subject_parts parts)
{
    double any = features[FEATURE_SAID_ANY];
    if (parts.driver == DRIVERS) {
        return any;
    }
    return fmin(any, features[FEATURE_SAID_OPERATIONAL + (unsigned)parts.driver] +
                         features[FEATURE_SAID_SURVEY + (unsigned)parts.driver]);
}

/* Interactions that said anything about it, on the channels that are compared, and never more than all the components
 * were said together. */
static void count_interactions(const struct comparison *self, unsigned subject, double *n_now, double *n_base)
{
    struct subject_parts parts = subject_parts(subject);
    double now = 0;
    double base = 0;
    uint32_t channels = 0;
    for (size_t i = 0; i < self->component_count; i++) {
        const struct component *component = &self->components[i];
        now += component->n_now;
        base += component->n_base;
        for (uint32_t left = component->channels; left; left &= left - 1) {
            unsigned c = (unsigned)__builtin_ctz(left);
            channels |= (uint32_t)(self->of[component->feature][c].count > 0) << c;
        }
    }
    *n_now = *n_base = 0;
    for (uint32_t left = channels; left; left &= left - 1) {
        const struct said *said = &self->said[__builtin_ctz(left)];
        *n_now += said_in(said->now, parts);
        *n_base += said_in(said->base, parts);
    }
    if (parts.behaviour != BEHAVIOURS) { /* its statement is its only component */
        *n_now = now;
        *n_base = base;
    }
    *n_now = fmin(*n_now, now);
    *n_base = fmin(*n_base, base);
}

/* Squares of standard errors, or of half-widths, summed over strata that are independent. What people answered to
 * several statements comes from the same people: those components add up as they are, which bounds their sum whatever
 * their correlation (the sd of a sum is at most the sum of the sds). */
struct spread {
    double operational; /* squares */
    double survey;      /* not squared */
};

static void spread_add(struct spread *self, const struct component *component, double squares)
{
    if (is_rating(component->signal)) {
        self->survey += sqrt(squares);
    } else {
        self->operational += squares;
    }
}

static double spread_squares(const struct spread *self)
{
    return self->operational + self->survey * self->survey;
}

/* The same of third powers, which may be less than nothing. */
struct skew {
    double operational; /* cubes */
    double survey;      /* not cubed */
};

static void skew_add(struct skew *self, const struct component *component, double cubes)
{
    if (is_rating(component->signal)) {
        self->survey += cbrt(cubes);
    } else {
        self->operational += cubes;
    }
}

static double skew_cubes(const struct skew *self)
{
    return self->operational + self->survey * self->survey * self->survey;
}

bool comparison_z(struct comparison *self, unsigned subject, double *z)
{
    double n_now, n_base;
    double d = 0;
    struct spread variance = {0, 0};
    choose_components(self, subject);
    count_interactions(self, subject, &n_now, &n_base);
    if (self->component_count == 0 || !reaches(n_now, DISPERSION_N_LEAST)) {
        return false;
    }
    for (size_t i = 0; i < self->component_count; i++) {
        const struct component *component = &self->components[i];
        double weight = component->omega / component->n_now;
        double squares = 0;
        for (uint32_t left = component->channels; left; left &= left - 1) {
            const struct strata_of *of = &self->of[component->feature][__builtin_ctz(left)];
            for (uint32_t s = of->first; s < of->first + of->count; s++) {
                const struct stratum *stratum = &self->strata[s];
                double share = weight * stratum->now.n;
                d += share * (stratum->p_now - stratum->p_base);
                squares += share * share * stratum->variance;
            }
        }
        spread_add(&variance, component, squares);
    }
    *z = d / sqrt(fmax(spread_squares(&variance), 1e-12));
    return true;
}

/* ---- intervals ---- */

/* How widely the answers of a stratum lie about their mean, of the most that the mean allows: 1 when all are at the
 * ends of the scale. From the window and its baseline together, since a few answers may all be alike by chance, and
 * with one at each end beside them. */
static double relative_spread(const struct stratum *stratum)
{
    double n = stratum->now.n + stratum->base.n + 2;
    double mean = (stratum->now.x + stratum->base.x + 1) / n;
    double squares = (stratum->now.q + stratum->base.q + 1) / n;
    return fmax(squares - mean * mean, 1e-9) / (mean * (1 - mean));
}

/* What has been added up over the rows so far. */
struct sums {
    double z;
    double below, above;   /* squares, of the component at hand */
    double squares, cubes; /* its variance and third moment, had nothing changed */
};

/* The third central moment of p_now − p_base, were both drawn from the two together: of shares of yes and no, and of
 * what lies between them as of so many fewer. */
static double stratum_cubes(const struct stratum *self, double per)
{
    double mean = (self->now.x + self->base.x + 1) / (self->now.n + self->base.n + 2);
    double now = per / fmax(self->now.n, 1);
    double base = per / fmax(self->base.n, 1);
    return mean * (1 - mean) * (1 - 2 * mean) * (now * now - base * base);
}

static void add_row(struct comparison *self, const struct component *component, enum channel channel,
                    const struct stratum *stratum, struct sums *sums, struct finding *finding)
{
    ASSERT(finding->row_count < sizeof self->rows / sizeof *self->rows);
    struct finding_row *row = &self->rows[finding->row_count++];
    bool is_mean = is_rating(component->signal) && self->composition->scoring->method != METHOD_TOP2BOX;
    *row = (struct finding_row){
        .driver = component->driver,
        .signal = component->signal,
        .channel = channel,
        .service = stratum->service,
        .omega = component->omega,
        .w_now = stratum->now.n / component->n_now,
        .p_now = stratum->p_now,
        .n_now = stratum->now.n,
        .w_base = stratum->base.n / component->n_base,
        .p_base = stratum->p_base,
        .n_base = stratum->base.n,
    };
    double share = row->omega * row->w_now;
    finding->now += share * row->p_now;
    finding->base += share * row->p_base;
    finding->mix += row->omega * (row->w_now - row->w_base) * row->p_base;
    finding->d += finding_row_points(row);
    if (stratum->now.n > 0) { /* else it weighs nothing */
        double per = is_mean ? relative_spread(stratum) : 1;
        struct interval now = interval_wilson(stratum->now.x / per, stratum->now.n / per, sums->z);
        struct interval base = interval_wilson(stratum->base.x / per, stratum->base.n / per, sums->z);
        struct interval change = interval_difference(now, base);
        double down = share * (change.value - change.low);
        double up = share * (change.high - change.value);
        sums->below += down * down;
        sums->above += up * up;
        row->deviation = up / sums->z;
        sums->squares += share * share * stratum->variance;
        sums->cubes += share * share * share * stratum_cubes(stratum, per);
    }
}

static void add_rows(struct comparison *self, const struct component *component, struct sums *sums,
                     struct finding *finding)
{
    for (uint32_t left = component->channels; left; left &= left - 1) {
        unsigned c = (unsigned)__builtin_ctz(left);
        const struct strata_of *of = &self->of[component->feature][c];
        for (uint32_t s = of->first; s < of->first + of->count; s++) {
            add_row(self, component, (enum channel)c, &self->strata[s], sums, finding);
        }
    }
}

enum verdict comparison_find(struct comparison *self, unsigned subject, double z, double phi, struct finding *finding)
{
    const struct detection *rule = &self->composition->scoring->detection;
    struct spread below = {0, 0};
    struct spread above = {0, 0};
    struct spread variance = {0, 0};
    struct skew skew = {0, 0};
    choose_components(self, subject);
    count_interactions(self, subject, &finding->n_now, &finding->n_base);
    finding->z = z;
    finding->phi = phi;
    finding->now = finding->base = finding->mix = finding->d = finding->low = finding->high = 0;
    finding->rows = self->rows;
    finding->row_count = 0;
    if (self->component_count == 0 || finding->n_now / phi < rule->n_now || finding->n_base / phi < rule->n_base) {
        return VERDICT_INSUFFICIENT;
    }
    for (size_t i = 0; i < self->component_count; i++) {
        const struct component *component = &self->components[i];
        struct sums sums = {.z = z};
        add_rows(self, component, &sums, finding);
        spread_add(&below, component, sums.below);
        spread_add(&above, component, sums.above);
        spread_add(&variance, component, sums.squares);
        skew_add(&skew, component, sums.cubes);
    }
    double far = fmin(z, SKEW_Z_MOST);
    double third = skew_cubes(&skew) / fmax(spread_squares(&variance), 1e-12); /* σ γ */
    double shift = (far * far - 1) / 6 * third;
    finding->low = finding->d - sqrt(phi * spread_squares(&below)) - shift;
    finding->high = finding->d + sqrt(phi * spread_squares(&above)) - shift;
    return VERDICT_COMPARED;
}
