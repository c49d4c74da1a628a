/* examine_onset.c - when a fall began. */
#include "examine_onset.h"

#include <math.h>

#define LINES_MAX    12 /* signals */
#define SEGMENTS_MAX (240 + 120)

/* A stretch of time, and what each signal said in it. */
struct segment {
    int64_t from_us, to_us;
    double x[LINES_MAX], n[LINES_MAX];
};

struct onset {
    const struct examiner *examiner;
    unsigned lines;
    unsigned feature[LINES_MAX];
    double p_base[LINES_MAX];
    struct segment segments[SEGMENTS_MAX];
    size_t count;
    enum resolution resolution; /* being read */
    enum channel channel;
};

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
    for (unsigned i = 0; i < self->lines; i++) {
        if (self->feature[i] == feature) {
            return;
        }
    }
    if (feature < FEATURES_MAX && self->lines < LINES_MAX) {
        self->feature[self->lines] = feature;
        self->p_base[self->lines++] = fmin(fmax(row->p_base, 1e-3), 1 - 1e-3);
    }
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
            for (unsigned l = 0; l < self->lines; l++) {
                segment->x[l] += features[self->feature[l]].x;
                segment->n[l] += features[self->feature[l]].n;
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

static void read_sources(struct onset *self, const struct finding_row *of)
{
    static const enum resolution resolutions[] = {PANE_HOUR, PANE_MINUTE};
    const struct examiner *examiner = self->examiner;
    for (size_t i = 0; i < examiner->source_count; i++) {
        const struct history_source *source = &examiner->sources[i];
        bool is_part =
            source->channel == of->channel && (of->service == SERVICE_POOLED || of->service == source->service);
        self->channel = source->channel;
        for (unsigned r = 0; is_part && r < sizeof resolutions / sizeof *resolutions; r++) {
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

/* Of one signal, the share that is good from a moment on: what is left when the usual is taken for what came before. */
static double share_after(const struct onset *self, unsigned line, int64_t us)
{
    double x = 0;
    double n = 0;
    for (size_t i = 0; i < self->count; i++) {
        const struct segment *segment = &self->segments[i];
        double share = after(segment, us);
        if (share > 0) {
            x += segment->x[line] - (1 - share) * segment->n[line] * self->p_base[line];
            n += share * segment->n[line];
        }
    }
    return n > 0 ? fmin(fmax(x / n, 1e-3), 1 - 1e-3) : self->p_base[line];
}

static double likelihood(const struct onset *self, int64_t us)
{
    double sum = 0;
    for (unsigned l = 0; l < self->lines; l++) {
        double p_after = share_after(self, l, us);
        for (size_t i = 0; i < self->count; i++) {
            const struct segment *segment = &self->segments[i];
            double share = after(segment, us);
            double p = (1 - share) * self->p_base[l] + share * p_after;
            sum += segment->x[l] * log(p) + (segment->n[l] - segment->x[l]) * log1p(-p);
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

struct event_time examine_onset(const struct examiner *self, const struct finding *finding, struct event_time seen)
{
    const struct finding_row *largest = largest_fall(finding);
    struct onset onset = {.examiner = self};
    int64_t length_us = seen.us - roll_window_start(test_window(finding->test), seen).us;
    int64_t kept_us = finding->as_of.us - (pane_shapes[PANE_HOUR].kept - 1) * US_PER_HOUR;
    int64_t from_us = seen.us - length_us > kept_us ? seen.us - length_us : kept_us;
    if (!largest || from_us >= seen.us || seen.us > finding->as_of.us) {
        return (struct event_time){INT64_MIN};
    }
    for (size_t i = 0; i < finding->row_count; i++) {
        const struct finding_row *row = &finding->rows[i];
        if (row->channel == largest->channel && row->service == largest->service && finding_row_points(row) < 0) {
            add_line(&onset, row);
        }
    }
    lay_segments(&onset, from_us, finding->as_of.us);
    read_sources(&onset, largest);
    int64_t coarse_us = likeliest(&onset, from_us, seen.us, 20 * US_PER_MINUTE);
    if (coarse_us == INT64_MIN) {
        return (struct event_time){INT64_MIN};
    }
    int64_t first = coarse_us - US_PER_HOUR > from_us ? coarse_us - US_PER_HOUR : from_us;
    int64_t last = coarse_us + US_PER_HOUR < seen.us ? coarse_us + US_PER_HOUR : seen.us;
    return (struct event_time){likeliest(&onset, first, last, US_PER_MINUTE)};
}
