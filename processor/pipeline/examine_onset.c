/* examine_onset.c - when a fall began. */
#include "examine_onset.h"

#include "slipstream/score/explain.h"

#include <math.h>

#define LINES_MAX       32
#define SEGMENTS_MAX    (240 + 120)
#define HOURS_BEFORE_US (6 * US_PER_HOUR) /* that tell how much contacts said before, and how they grew */
#define FREQUENCY_MOST  4.0

/* A signal of a service, or of those that are taken together. */
struct line {
    enum signal signal;
    unsigned feature;
    uint32_t service;
    double p_base;
};

/* A stretch of time, and what each line said in it. */
struct segment {
    int64_t from_us, to_us;
    double contacts, growth; /* by the channel; over the stretch, −2 to 2 of their mean */
    float x[LINES_MAX], n[LINES_MAX];
};

struct onset {
    const struct examiner *examiner;
    const struct finding *finding, *whole; /* of the subject; of the whole score in the same windows */
    enum channel channel;                  /* of the cause */
    struct line lines[LINES_MAX];
    unsigned line_count;
    struct segment segments[SEGMENTS_MAX];
    size_t count;
    enum resolution resolution; /* being read */
    uint32_t into;              /* the lines that the cell being read is part of, as bits */
};
_Static_assert(LINES_MAX <= 32, "lines fit a set of bits");

/* A signal may be part of several drivers: it is read once. */
static void add_line(struct onset *self, const struct finding_row *row)
{
    unsigned feature = composition_feature(self->examiner->composition, row->signal);
    for (unsigned i = 0; i < self->line_count; i++) {
        if (self->lines[i].feature == feature && self->lines[i].service == row->service) {
            return;
        }
    }
    if (feature < FEATURES_MAX && self->line_count < LINES_MAX) {
        double p_base = fmin(fmax(row->p_base, 1e-3), 1 - 1e-3);
        self->lines[self->line_count++] = (struct line){row->signal, feature, row->service, p_base};
    }
}

static bool is_answer(enum signal signal)
{
    return signal_table[signal].kind == SIGNAL_RATING;
}

static bool falls(const struct finding *finding, const struct finding_row *row, double deviations)
{
    return finding_row_points(row) + deviations * finding_row_deviation(finding, row) < 0;
}

/* Of what fell so much on the channel of the cause: its own service first. */
static void add_lines(struct onset *self, const struct finding *finding, const struct finding_row *cause, bool answers,
                      double deviations)
{
    for (unsigned others = 0; others < 2; others++) {
        for (size_t i = 0; i < finding->row_count; i++) {
            const struct finding_row *row = &finding->rows[i];
            bool is_other = row->service != cause->service;
            if (row->channel == cause->channel && is_other == (others > 0) && is_answer(row->signal) == answers &&
                falls(finding, row, deviations)) {
                add_line(self, row);
            }
        }
    }
}

/* What did not fall at that time says nothing about when, and what fell by chance says something wrong; answers to
 * surveys come later than what they are about, and count where there is nothing else. What else fell there for certain,
 * of the whole score, tells when as well. */
static void choose_lines(struct onset *self, const struct finding_row *cause)
{
    for (unsigned attempt = 0; attempt < 4 && self->line_count == 0; attempt++) {
        bool is_certain = attempt < 2;
        add_lines(self, self->finding, cause, attempt % 2 == 1, is_certain ? FALL_CERTAIN : 0);
    }
    add_lines(self, self->whole, cause, false, FALL_CERTAIN);
}

static bool has_row(const struct finding *finding, enum channel channel, enum signal signal, uint32_t service)
{
    for (size_t i = 0; i < finding->row_count; i++) {
        const struct finding_row *row = &finding->rows[i];
        if (row->channel == channel && row->signal == signal && row->service == service) {
            return true;
        }
    }
    return false;
}

/* Whether a service has a row of its own for a signal; else it is part of the one for several. */
static bool is_apart(const struct onset *self, enum signal signal, uint32_t service)
{
    return has_row(self->finding, self->channel, signal, service) ||
           has_row(self->whole, self->channel, signal, service);
}

static uint32_t lines_of(const struct onset *self, uint32_t service)
{
    uint32_t lines = 0;
    for (unsigned l = 0; l < self->line_count; l++) {
        const struct line *line = &self->lines[l];
        bool is_part =
            line->service == service || (line->service == SERVICE_POOLED && !is_apart(self, line->signal, service));
        lines |= (uint32_t)is_part << l;
    }
    return lines;
}

static void read_segment(void *context, int64_t index, const double counts[COUNTERS])
{
    struct onset *self = context;
    struct feature features[FEATURES_MAX];
    int64_t at_us = index * pane_shapes[self->resolution].length_us;
    for (size_t i = 0; i < self->count; i++) {
        struct segment *segment = &self->segments[i];
        bool is_it =
            segment->from_us == at_us && segment->to_us - segment->from_us == pane_shapes[self->resolution].length_us;
        if (is_it) {
            segment->contacts += counts[COUNTER_INTERACTIONS];
            composition_read(self->examiner->composition, self->channel, counts, features);
            for (uint32_t left = self->into; left; left &= left - 1) {
                unsigned l = (unsigned)__builtin_ctz(left);
                segment->x[l] += (float)features[self->lines[l].feature].x;
                segment->n[l] += (float)features[self->lines[l].feature].n;
            }
            return;
        }
    }
}

/* Hours, then minutes from where these are kept. */
static void lay_segments(struct onset *self, int64_t from_us, int64_t as_of_us)
{
    int64_t minutes_us = as_of_us - (pane_shapes[PANE_MINUTE].kept - 1) * US_PER_MINUTE;
    minutes_us = -time_floor(-minutes_us, US_PER_HOUR) * US_PER_HOUR;
    int64_t at_us = time_floor(from_us, US_PER_HOUR) * US_PER_HOUR;
    while (at_us <= as_of_us && self->count < SEGMENTS_MAX) {
        int64_t length = at_us < minutes_us ? US_PER_HOUR : US_PER_MINUTE;
        self->segments[self->count++] = (struct segment){.from_us = at_us, .to_us = at_us + length};
        at_us += length;
    }
}

static void read_sources(struct onset *self)
{
    static const enum resolution resolutions[] = {PANE_HOUR, PANE_MINUTE};
    const struct examiner *examiner = self->examiner;
    for (size_t i = 0; i < examiner->source_count; i++) {
        const struct history_source *source = &examiner->sources[i];
        bool is_of_channel = source->channel == self->channel;
        self->into = is_of_channel ? lines_of(self, source->service) : 0;
        for (unsigned r = 0; is_of_channel && r < sizeof resolutions / sizeof *resolutions; r++) {
            self->resolution = resolutions[r];
            cell_each_pane(source->cell, resolutions[r], read_segment, self);
        }
    }
}

/* Contacts from one time to another, of segments that lie within. */
static double contacts_within(const struct onset *self, int64_t from_us, int64_t to_us)
{
    double sum = 0;
    for (size_t i = 0; i < self->count; i++) {
        const struct segment *segment = &self->segments[i];
        bool is_within = segment->from_us >= from_us && segment->to_us <= to_us;
        sum += is_within ? segment->contacts : 0;
    }
    return sum;
}

/* Of the hours: in the morning most of one is at its end. */
static void see_growth(struct onset *self)
{
    for (size_t i = 0; i < self->count; i++) {
        struct segment *segment = &self->segments[i];
        int64_t length_us = segment->to_us - segment->from_us;
        bool is_minute = length_us < US_PER_HOUR;
        if (is_minute || segment->contacts <= 0) {
            continue;
        }
        bool is_first = i == 0;
        double before =
            is_first ? segment->contacts : contacts_within(self, segment->from_us - length_us, segment->from_us);
        double later = contacts_within(self, segment->to_us, segment->to_us + length_us);
        segment->growth = fmin(2, fmax(-2, (later - before) / (is_first ? 1 : 2) / segment->contacts));
    }
}

/* What was said before a moment and after it, and the segment that it lies within; NULL: it lies between two. */
struct sides {
    const struct segment *within;
    double contacts[2];
    double x[LINES_MAX][2], n[LINES_MAX][2];
};

static struct sides sides_of(const struct onset *self, int64_t us)
{
    struct sides sides = {0};
    for (size_t i = 0; i < self->count; i++) {
        const struct segment *segment = &self->segments[i];
        bool is_after = segment->from_us >= us;
        if (!is_after && segment->to_us > us) {
            sides.within = segment;
            continue;
        }
        sides.contacts[is_after] += segment->contacts;
        for (unsigned l = 0; l < self->line_count; l++) {
            sides.x[l][is_after] += (double)segment->x[l];
            sides.n[l][is_after] += (double)segment->n[l];
        }
    }
    return sides;
}

/* How often a contact says what a line is of, after to before, of any service: who gives up says less. */
static double frequency_after(const struct onset *self, const struct sides *sides, unsigned line)
{
    const double *contacts = sides->contacts;
    double said[2] = {0};
    for (unsigned l = 0; l < self->line_count; l++) {
        bool is_same = self->lines[l].feature == self->lines[line].feature;
        said[0] += is_same ? sides->n[l][0] : 0;
        said[1] += is_same ? sides->n[l][1] : 0;
    }
    bool is_known = fmin(fmin(said[0], said[1]), fmin(contacts[0], contacts[1])) > 0;
    double frequency = is_known ? said[1] / contacts[1] / (said[0] / contacts[0]) : 1;
    return fmin(FREQUENCY_MOST, fmax(1 / FREQUENCY_MOST, frequency));
}

/* How much of what a segment has to say was said after a moment in it. */
static double said_after(const struct segment *segment, int64_t us, double frequency)
{
    double time = (double)(segment->to_us - us) / (double)(segment->to_us - segment->from_us);
    double contacts = time + segment->growth * time * (1 - time) / 2; /* the density's integral, 1 + growth × (t − ½) */
    return contacts * frequency / (contacts * frequency + 1 - contacts);
}

static double log_chance(double x, double n, double p)
{
    return x * log(p) + (n - x) * log1p(-p);
}

/* Usual before, and after it the share that is left when the usual is taken for what came before. */
static double line_likelihood(const struct onset *self, const struct sides *sides, unsigned line, int64_t us)
{
    const struct segment *within = sides->within;
    double p_base = self->lines[line].p_base;
    double x = within ? (double)within->x[line] : 0;
    double n = within ? (double)within->n[line] : 0;
    double share = within ? said_after(within, us, frequency_after(self, sides, line)) : 0;
    double x_after = sides->x[line][1] + x - (1 - share) * n * p_base;
    double n_after = sides->n[line][1] + share * n;
    double p_after = n_after > 0 ? fmin(fmax(x_after / n_after, 1e-3), 1 - 1e-3) : p_base;
    return log_chance(sides->x[line][0], sides->n[line][0], p_base) +
           log_chance(sides->x[line][1], sides->n[line][1], p_after) +
           log_chance(x, n, (1 - share) * p_base + share * p_after);
}

static double likelihood(const struct onset *self, int64_t us)
{
    struct sides sides = sides_of(self, us);
    double sum = 0;
    for (unsigned l = 0; l < self->line_count; l++) {
        sum += line_likelihood(self, &sides, l, us);
    }
    return sum;
}

static int64_t likeliest(const struct onset *self, int64_t from_us, int64_t to_us, int64_t step_us)
{
    int64_t best_us = INT64_MIN;
    double best = (double)-INFINITY;
    for (int64_t us = from_us; us <= to_us; us += step_us) {
        double at = likelihood(self, us);
        if (at > best) {
            best = at;
            best_us = us;
        }
    }
    return best_us;
}

/* How far back to look: the window that fell; at least four hours, since what fell may have begun before a short one.
 */
static int64_t length_us(enum test test, struct event_time seen)
{
    int64_t own_us = seen.us - roll_window_start(test_window(test), seen).us;
    int64_t least_us = seen.us - roll_window_start(WINDOW_4H, seen).us;
    return own_us > least_us ? own_us : least_us;
}

struct event_time examine_onset(const struct examiner *self, const struct finding *finding, const struct finding *whole,
                                const struct finding_row *cause, struct event_time seen)
{
    int64_t kept_us = finding->as_of.us - (pane_shapes[PANE_HOUR].kept - 1) * US_PER_HOUR;
    int64_t window_us = seen.us - length_us(finding->test, seen);
    int64_t from_us = window_us > kept_us ? window_us : kept_us;
    if (from_us >= seen.us || seen.us > finding->as_of.us) {
        return (struct event_time){INT64_MIN};
    }
    struct onset onset = {.examiner = self, .finding = finding, .whole = whole, .channel = cause->channel};
    choose_lines(&onset, cause);
    lay_segments(&onset, from_us - kept_us < HOURS_BEFORE_US ? kept_us : from_us - HOURS_BEFORE_US, finding->as_of.us);
    read_sources(&onset);
    see_growth(&onset);
    int64_t coarse_us = likeliest(&onset, from_us, seen.us, 20 * US_PER_MINUTE);
    if (coarse_us == INT64_MIN) {
        return (struct event_time){INT64_MIN};
    }
    int64_t first = coarse_us - US_PER_HOUR > from_us ? coarse_us - US_PER_HOUR : from_us;
    int64_t last = coarse_us + US_PER_HOUR < seen.us ? coarse_us + US_PER_HOUR : seen.us;
    return (struct event_time){likeliest(&onset, first, last, US_PER_MINUTE)};
}
