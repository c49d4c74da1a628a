/* examine_phi.c - overdispersion: the mean square of the z-scores that the same statistic had in earlier windows of the
 * same length, each against its own matched weeks. DOMAIN.md, "When a score has slipped", point 3. */
#include "examine_parts.h"

#include <math.h>

/* Sums of squares of one test, by subject. */
struct squares {
    double sum[SUBJECTS];
    int count[SUBJECTS];
};

static bool days_all_count(const struct subject_group *group, struct time_range range)
{
    int64_t last = time_floor(range.to_us - 1, US_PER_DAY);
    for (int64_t day = time_floor(range.from_us, US_PER_DAY); day <= last; day++) {
        if (!day_set_has(&group->days, day)) {
            return false;
        }
    }
    return true;
}

static struct time_range earlier(struct time_range range, int weeks)
{
    return (struct time_range){range.from_us - weeks * US_PER_WEEK, range.to_us - weeks * US_PER_WEEK};
}

/* Where the earlier windows of a test end, the last of them: none overlaps the current window. Those of days are of
 * whole six-hour panes. */
static int64_t last_end_us(enum test test, struct event_time hour)
{
    int64_t start_us = roll_window_start(test_window(test), hour).us;
    int64_t pane_us = test == TEST_24H || test == TEST_7D ? pane_shapes[PANE_SIX_HOURS].length_us : US_PER_HOUR;
    return time_floor(start_us, pane_us) * pane_us;
}

/* The counts of an earlier window and its matched weeks; false when no week is whole. */
static bool set_window(struct examiner *self, const struct subject_group *group, enum test test,
                       struct time_range range)
{
    enum resolution resolution = test == TEST_1H || test == TEST_4H ? PANE_HOUR : PANE_SIX_HOURS;
    int weeks = 0;
    for (unsigned c = 0; c < self->cell_count; c++) {
        memset(self->now[c], 0, self->features * sizeof *self->now[c]);
        memset(self->base[c], 0, self->features * sizeof *self->base[c]);
        history_window(&self->history, c, resolution, range, self->now[c]);
    }
    for (int k = 1; k <= self->scoring->detection.dispersion_weeks; k++) {
        if (!days_all_count(group, earlier(range, k))) {
            continue;
        }
        weeks++;
        for (unsigned c = 0; c < self->cell_count; c++) {
            history_window(&self->history, c, PANE_SIX_HOURS, earlier(range, k), self->base[c]);
        }
    }
    if (weeks) {
        comparison_set(self->comparison, self->composition, self->cells, self->cell_count);
    }
    return weeks > 0;
}

static void add_squares(struct examiner *self, uint64_t subjects, struct squares *squares)
{
    for (uint64_t left = subjects; left; left &= left - 1) {
        unsigned subject = (unsigned)__builtin_ctzll(left);
        double z;
        if (comparison_z(self->comparison, subject, &z)) {
            squares->sum[subject] += z * z;
            squares->count[subject]++;
        }
    }
}

static void see_windows(struct examiner *self, const struct subject_group *group, enum test test,
                        struct event_time hour, struct squares *squares)
{
    const struct detection *rule = &self->scoring->detection;
    const struct detection_window *window = &rule->tests[test];
    int64_t length = roll_window_length_us(test_window(test));
    int64_t end_us = last_end_us(test, hour);
    for (int32_t i = 0; i < window->history_windows; i++, end_us -= window->history_step_us) {
        struct time_range range = {end_us - length, end_us};
        if (earlier(range, rule->dispersion_weeks).from_us < group->begins_us) {
            return; /* as many as the history has */
        }
        if (days_all_count(group, range) && set_window(self, group, test, range)) {
            add_squares(self, group->subjects, squares);
        }
    }
}

/* While a slip, or its days left out, leaves too few windows, φ is what it was when the slip opened. */
static float phi_of(const struct examiner *self, const struct slip *slip, enum test test, const struct squares *squares,
                    unsigned subject)
{
    const struct detection *rule = &self->scoring->detection;
    if (squares->count[subject] >= rule->dispersion_least) {
        double mean = squares->sum[subject] / squares->count[subject];
        return (float)fmin(fmax(mean, rule->dispersion_low), rule->dispersion_high);
    }
    return slip_is_open(slip) || slip->left_out ? slip->phi_at_open[test] : 0;
}

void examine_phi(struct examiner *self, struct agency_detection *detection, struct event_time hour)
{
    history_read(&self->history, self->composition, self->sources, self->source_count, self->cell_count, hour);
    for (unsigned t = TEST_1H; t <= TEST_7D; t++) {
        struct squares squares = {0};
        for (unsigned g = 0; g < self->group_count && self->scoring->detection.tests[t].look_us > 0; g++) {
            see_windows(self, &self->groups[g], (enum test)t, hour, &squares);
        }
        for (unsigned s = 0; s < SUBJECTS; s++) {
            detection->phi[s][t] = phi_of(self, &detection->slips[s], (enum test)t, &squares, s);
        }
    }
    for (unsigned s = 0; s < SUBJECTS; s++) {
        detection->phi[s][TEST_PINNED] = detection->phi[s][TEST_7D];
    }
    detection->phi_at = hour;
}
