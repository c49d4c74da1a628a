/* scoring_detection.c - the section detection: when a fall is a slip. What is left out stays as the rule was simulated
 * (detection_defaults). */
#include "scoring_file.h"

#include <stdio.h>

#define MARGIN_MOST    50 /* points */
#define Z_MOST         10
#define LOOKS_MOST     100
#define N_MOST         1000000
#define LEVEL_LEAST    (7 * US_PER_DAY)
#define LEVEL_MOST     (56 * US_PER_DAY) /* beyond it nothing is left to compare with */
#define PERIOD_LEAST   7                 /* days that a reference has */
#define EXPECTED_LEAST 5                 /* contacts: of fewer, none at all is no wonder */
#define OTHERS_LEAST   3               /* agencies: fewer are no fleet */

static struct detection *detection_of(struct reading *self)
{
    return &self->scoring->detection;
}

/* ---- windows ---- */

static void read_z(struct reading *self, const struct node *node, size_t test)
{
    field_real(self, node, 1, Z_MOST, &detection_of(self)->tests[test].z);
}

static void read_look(struct reading *self, const struct node *node, int64_t *look_us)
{
    int64_t us;
    const char *text = node->kind == NODE_TEXT ? node->text : "";
    if (strcmp(text, "off") == 0) {
        *look_us = 0;
    } else if (text_duration(text, &us) && us >= US_PER_MINUTE && us % US_PER_MINUTE == 0 && US_PER_DAY % us == 0) {
        *look_us = us;
    } else {
        field_complain(self, node, "whole minutes that divide a day, such as 5m, 30m or 6h, or off");
    }
}

static void read_every(struct reading *self, const struct node *node, size_t test)
{
    read_look(self, node, &detection_of(self)->tests[test].look_us);
}

static void read_window(struct reading *self, const struct node *node, size_t test)
{
    const struct field fields[] = {
        {"z", "a number from 1 to 10", read_z, test, true},
        {"every", "a duration, such as 5m, or off", read_every, test, true},
    };
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
}

static void read_windows(struct reading *self, const struct node *node, size_t unused)
{
    struct field fields[TESTS];
    (void)unused;
    for (unsigned i = 0; i < TESTS; i++) {
        fields[i] = (struct field){test_words[i], "z and every", read_window, i, true};
    }
    fields_read(self, node, fields, TESTS);
}

/* ---- numbers ---- */

static void read_margin(struct reading *self, const struct node *node, size_t unused)
{
    double points;
    (void)unused;
    if (field_real(self, node, 0, MARGIN_MOST, &points)) {
        detection_of(self)->margin = points / 100;
    }
}

static void read_z_raise(struct reading *self, const struct node *node, size_t unused)
{
    (void)unused;
    field_real(self, node, 0, Z_MOST, &detection_of(self)->subject_z_raise);
}

enum whole { LOOKS_TO_OPEN, LOOKS_TO_CLOSE, BASELINE_WEEKS, LEAST_WEEKS, PINNED_WEEKS };
static void read_whole(struct reading *self, const struct node *node, size_t which)
{
    struct detection *detection = detection_of(self);
    int32_t *const members[] = {
        [LOOKS_TO_OPEN] = &detection->looks_to_fire,   [LOOKS_TO_CLOSE] = &detection->looks_to_clear,
        [BASELINE_WEEKS] = &detection->baseline_weeks, [LEAST_WEEKS] = &detection->weeks_least,
        [PINNED_WEEKS] = &detection->pinned_weeks,
    };
    int64_t count;
    if (field_count(self, node, 1, which <= LOOKS_TO_CLOSE ? LOOKS_MOST : BASELINE_WEEKS_MAX, &count)) {
        *members[which] = (int32_t)count;
    }
}

enum least { NOW, BASELINE, STRATUM_NOW, STRATUM_BASELINE };
static void read_least(struct reading *self, const struct node *node, size_t which)
{
    struct detection *detection = detection_of(self);
    double *const members[] = {[NOW] = &detection->n_now,
                               [BASELINE] = &detection->n_base,
                               [STRATUM_NOW] = &detection->stratum_n_now,
                               [STRATUM_BASELINE] = &detection->stratum_n_base};
    int64_t count;
    if (field_count(self, node, 1, N_MOST, &count)) {
        *members[which] = (double)count;
    }
}

static void read_pair(struct reading *self, const struct node *node, size_t first)
{
    const struct field fields[] = {
        {"now", "a whole number from 1 to 1000000", read_least, first, true},
        {"baseline", "a whole number from 1 to 1000000", read_least, first + 1, true},
    };
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
}

static void read_level(struct reading *self, const struct node *node, size_t unused)
{
    int64_t us;
    (void)unused;
    if (node->kind == NODE_TEXT && text_duration(node->text, &us) && us >= LEVEL_LEAST && us <= LEVEL_MOST) {
        detection_of(self)->new_level_us = us;
    } else {
        field_complain(self, node, "a duration from 7d to 56d");
    }
}

/* ---- what the present is compared with ---- */

static void read_history(struct reading *self, const struct node *node, size_t unused)
{
    static const struct field fields[] = {
        {"weeks", "a whole number from 1 to 8", read_whole, BASELINE_WEEKS, true},
        {"learning_until", "a whole number of weeks from 1 to 8", read_whole, LEAST_WEEKS, true},
    };
    (void)unused;
    size_t before = self->problems->count;
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
    const struct detection *detection = detection_of(self);
    if (self->problems->count == before && detection->weeks_least > detection->baseline_weeks) {
        struct place place = node_key_place(self->where, node);
        COMPLAIN(self->problems, &place,
                 "detection.history: got learning_until %d and weeks %d, allowed no more than the weeks compared with",
                 detection->weeks_least, detection->baseline_weeks);
    }
}

static void read_day(struct reading *self, const struct node *node, size_t is_last)
{
    int64_t day;
    struct detection *detection = detection_of(self);
    if (field_day(self, node, &day)) {
        *(is_last ? &detection->pinned_to_day : &detection->pinned_from_day) = (int32_t)day;
    }
}

static void read_pinned(struct reading *self, const struct node *node, size_t unused)
{
    static const struct field fields[] = {
        {"weeks", "a whole number from 1 to 8", read_whole, PINNED_WEEKS, true},
        {"from", "a date, such as 2026-01-01", read_day, false, true},
        {"to", "a date, such as 2026-03-31", read_day, true, true},
    };
    (void)unused;
    size_t before = self->problems->count;
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
    const struct detection *detection = detection_of(self);
    bool has_from = detection->pinned_from_day != DAY_NONE;
    bool has_to = detection->pinned_to_day != DAY_NONE;
    bool is_short = (int64_t)detection->pinned_to_day - detection->pinned_from_day < PERIOD_LEAST - 1;
    if (self->problems->count == before && (has_from != has_to || (has_from && is_short))) {
        struct place place = node_key_place(self->where, node);
        COMPLAIN(self->problems, &place,
                 "detection.pinned: got %s, allowed from and to, at least a week apart, or neither",
                 has_from && has_to ? "less than a week"
                 : has_from         ? "from without to"
                                    : "to without from");
    }
}

/* ---- silent channels ---- */

static void read_silence_every(struct reading *self, const struct node *node, size_t unused)
{
    (void)unused;
    read_look(self, node, &detection_of(self)->silence_look_us);
}

static void read_silence_expected(struct reading *self, const struct node *node, size_t unused)
{
    int64_t count;
    (void)unused;
    if (field_count(self, node, EXPECTED_LEAST, N_MOST, &count)) {
        detection_of(self)->silence_expected = (double)count;
    }
}

static void read_silence(struct reading *self, const struct node *node, size_t unused)
{
    static const struct field fields[] = {
        {"every", "a duration, such as 5m, or off", read_silence_every, 0, true},
        {"expected", "a whole number from 5 to 1000000", read_silence_expected, 0, true},
    };
    (void)unused;
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
}

/* ---- agencies that fall behind the others ---- */

static void read_divergence_every(struct reading *self, const struct node *node, size_t unused)
{
    (void)unused;
    read_look(self, node, &detection_of(self)->divergence_look_us);
}

static void read_divergence_others(struct reading *self, const struct node *node, size_t unused)
{
    (void)unused;
    field_count(self, node, OTHERS_LEAST, N_MOST, &detection_of(self)->divergence_others);
}

static void read_divergence(struct reading *self, const struct node *node, size_t unused)
{
    static const struct field fields[] = {
        {"every", "a duration, such as 6h, or off", read_divergence_every, 0, true},
        {"others", "a whole number from 3 to 1000000", read_divergence_others, 0, true},
    };
    (void)unused;
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
}

void scoring_read_detection(struct reading *self, const struct node *node, size_t unused)
{
    static const struct field fields[] = {
        {"margin", "points from 0 to 50", read_margin, 0, true},
        {"windows", "1h, 4h, 24h, 7d, pinned, each with z and every", read_windows, 0, true},
        {"looks_to_open", "a whole number from 1 to 100", read_whole, LOOKS_TO_OPEN, true},
        {"looks_to_close", "a whole number from 1 to 100", read_whole, LOOKS_TO_CLOSE, true},
        {"min_n", "now and baseline", read_pair, NOW, true},
        {"min_n_pooled", "now and baseline", read_pair, STRATUM_NOW, true},
        {"parts_z", "what is added to z, from 0 to 10", read_z_raise, 0, true},
        {"history", "weeks and learning_until", read_history, 0, true},
        {"pinned", "weeks, or from and to", read_pinned, 0, true},
        {"new_level_after", "a duration from 7d to 56d", read_level, 0, true},
        {"silence", "every and expected", read_silence, 0, true},
        {"divergence", "every and others", read_divergence, 0, true},
    };
    (void)unused;
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
}
