/* examine_onset.c - when a fall began. */
#include "examine_onset.h"

#include <math.h>

#define LINES_MAX    32
#define SEGMENTS_MAX (240 + 120)

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
    float x[LINES_MAX], n[LINES_MAX];
};

struct onset {
    const struct examiner *examiner;
    const struct finding *finding;
    enum channel channel; /* of the largest fall */
    struct line lines[LINES_MAX];
    unsigned line_count;
    struct segment segments[SEGMENTS_MAX];
    size_t count;
    enum resolution resolution; /* being read */
    uint32_t into;              /* the lines that the cell being read is part of, as bits */
};
_Static_assert(LINES_MAX <= 32, "lines fit a set of bits");

static const struct finding_row *largest_fall(const struct finding *finding)
{
    const struct finding_row *largest = NULL;
    for (size_t i = 0; i < finding->row_count; i++) {
        const struct finding_row *row = &finding->rows[i];
        if (finding_row_points(row) < (largest ? finding_row_points(largest) : 0)) {
            largest = row;
        }
    }
    return largest;
}

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

/* What fell on the channel of the largest fall, its own service first. What did not fall at that time says nothing
 * about when; answers to surveys come later than what they are about, and count where there is nothing else. */
static void choose_lines(struct onset *self, const struct finding_row *largest)
{
    for (unsigned ratings = 0; ratings < 2 && self->line_count == 0; ratings++) {
        for (unsigned others = 0; others < 2; others++) {
            for (size_t i = 0; i < self->finding->row_count; i++) {
                const struct finding_row *row = &self->finding->rows[i];
                bool is_other = row->service != largest->service;
                if (row->channel == largest->channel && is_other == (others > 0) &&
                    is_answer(row->signal) == (ratings > 0) && finding_row_points(row) < 0) {
                    add_line(self, row);
                }
            }
        }
    }
}

/* Whether a service has a row of its own for a signal; else it is part of the one for several. */
static bool is_apart(const struct onset *self, enum signal signal, uint32_t service)
{
    for (size_t i = 0; i < self->finding->row_count; i++) {
        const struct finding_row *row = &self->finding->rows[i];
        if (row->channel == self->channel && row->signal == signal && row->service == service) {
            return true;
        }
    }
    return false;
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
        self->into = source->channel == self->channel ? lines_of(self, source->service) : 0;
        for (unsigned r = 0; self->into && r < sizeof resolutions / sizeof *resolutions; r++) {
            self->resolution = resolutions[r];
            cell_each_pane(source->cell, resolutions[r], read_segment, self);
        }
    }
}

/* How much of a segment lies after a moment. */
static double after(const struct segment *segment, int64_t us)
{
    double share = (double)(segment->to_us - us) / (double)(segment->to_us - segment->from_us);
    return fmin(1, fmax(0, share));
}

/* Of one line, the share that is good from a moment on: what is left when the usual is taken for what came before. */
static double share_after(const struct onset *self, unsigned line, int64_t us)
{
    double x = 0;
    double n = 0;
    for (size_t i = 0; i < self->count; i++) {
        const struct segment *segment = &self->segments[i];
        double share = after(segment, us);
        if (share > 0) {
            double all = (double)segment->n[line];
            x += (double)segment->x[line] - (1 - share) * all * self->lines[line].p_base;
            n += share * all;
        }
    }
    return n > 0 ? fmin(fmax(x / n, 1e-3), 1 - 1e-3) : self->lines[line].p_base;
}

static double likelihood(const struct onset *self, int64_t us)
{
    double sum = 0;
    for (unsigned l = 0; l < self->line_count; l++) {
        double p_after = share_after(self, l, us);
        for (size_t i = 0; i < self->count; i++) {
            const struct segment *segment = &self->segments[i];
            double share = after(segment, us);
            double p = (1 - share) * self->lines[l].p_base + share * p_after;
            double good = (double)segment->x[l];
            sum += good * log(p) + ((double)segment->n[l] - good) * log1p(-p);
        }
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

struct event_time examine_onset(const struct examiner *self, const struct finding *finding, struct event_time seen)
{
    const struct finding_row *largest = largest_fall(finding);
    int64_t kept_us = finding->as_of.us - (pane_shapes[PANE_HOUR].kept - 1) * US_PER_HOUR;
    int64_t window_us = seen.us - length_us(finding->test, seen);
    int64_t from_us = window_us > kept_us ? window_us : kept_us;
    if (!largest || from_us >= seen.us || seen.us > finding->as_of.us) {
        return (struct event_time){INT64_MIN};
    }
    struct onset onset = {.examiner = self, .finding = finding, .channel = largest->channel};
    choose_lines(&onset, largest);
    lay_segments(&onset, from_us, finding->as_of.us);
    read_sources(&onset);
    int64_t coarse_us = likeliest(&onset, from_us, seen.us, 20 * US_PER_MINUTE);
    if (coarse_us == INT64_MIN) {
        return (struct event_time){INT64_MIN};
    }
    int64_t first = coarse_us - US_PER_HOUR > from_us ? coarse_us - US_PER_HOUR : from_us;
    int64_t last = coarse_us + US_PER_HOUR < seen.us ? coarse_us + US_PER_HOUR : seen.us;
    return (struct event_time){likeliest(&onset, first, last, US_PER_MINUTE)};
}
