/* scoring_drivers.c - the sections standards and drivers: what is good on a channel, and what weighs how much. */
#include "scoring_file.h"

#include <stdio.h>

#define WEIGHT_MAX 1000

/* ---- standards ---- */

/* The edges on both sides of a duration, for one who has to choose another. */
static void complain_edge(struct reading *self, const struct node *node, enum duration_edges edges, int64_t us)
{
    const int64_t *edge = duration_edges_ms[edges];
    char below[UNIT_TEXT_SIZE] = "";
    char above[UNIT_TEXT_SIZE] = "";
    char allowed[160];
    const char *lower = below;
    const char *upper = above;
    for (unsigned i = 0; i < DURATION_BINS - 1; i++) {
        if (edge[i] * US_PER_MS < us) {
            lower = text_of_duration(edge[i] * US_PER_MS, below);
        } else if (!*upper) {
            upper = text_of_duration(edge[i] * US_PER_MS, above);
        }
    }
    snprintf(allowed, sizeof allowed, "an edge of the bins that durations are counted in; nearest: %s%s%s", lower,
             *lower && *upper ? " and " : "", upper);
    field_complain(self, node, allowed);
}

static void read_edge(struct reading *self, const struct node *node, enum duration_edges edges, int64_t *ms)
{
    int64_t us;
    const char *text = node->kind == NODE_TEXT ? node->text : "";
    if (!text_duration(text, &us)) {
        char meant[UNIT_TEXT_SIZE] = "";
        char allowed[96];
        bool guessed = text_guess_duration(text, meant);
        snprintf(allowed, sizeof allowed, "a duration in " DURATION_UNITS "%s%s", guessed ? ", did you mean " : "",
                 meant);
        field_complain(self, node, allowed);
    } else if (us % US_PER_MS != 0 || duration_edge_bin(edges, us / US_PER_MS) < 0) {
        complain_edge(self, node, edges, us);
    } else {
        *ms = us / US_PER_MS;
    }
}

static void read_wait(struct reading *self, const struct node *node, size_t channel)
{
    read_edge(self, node, EDGES_WAIT, &self->scoring->wait_standard_ms[channel]);
}

static void read_short_abandon(struct reading *self, const struct node *node, size_t channel)
{
    if (node->kind == NODE_TEXT && strcmp(node->text, "none") == 0) {
        self->scoring->short_abandon_ms[channel] = 0;
        return;
    }
    read_edge(self, node, EDGES_WAIT, &self->scoring->short_abandon_ms[channel]);
}

static void read_resolution(struct reading *self, const struct node *node, size_t channel)
{
    read_edge(self, node, EDGES_RESOLUTION, &self->scoring->resolution_standard_ms[channel]);
}

static void read_channel(struct reading *self, const struct node *node, size_t channel)
{
    const struct field fields[] = {
        {"resolution", "a duration, such as 1d", read_resolution, channel, false},
        {"wait", "a duration, such as 60s", read_wait, channel, false},
        {"short_abandon", "a duration, such as 5s, or none", read_short_abandon, channel, false},
    };
    bool waits = channel != CHANNEL_WEB;
    if (!waits) { /* nobody waits on the web; a standard is an edge all the same */
        self->scoring->wait_standard_ms[channel] = duration_edges_ms[EDGES_WAIT][0];
    }
    fields_read(self, node, fields, waits ? sizeof fields / sizeof *fields : 1);
}

void scoring_read_standards(struct reading *self, const struct node *node, size_t unused)
{
    struct field fields[CHANNELS];
    (void)unused;
    for (unsigned i = 0; i < CHANNELS; i++) {
        const char *allowed = i == CHANNEL_WEB ? "resolution" : "resolution, wait, short_abandon";
        fields[i] = (struct field){channel_word((enum channel)i), allowed, read_channel, i, false};
    }
    fields_read(self, node, fields, CHANNELS);
}

/* ---- drivers ---- */

static void read_weight(struct reading *self, const struct node *node, size_t driver)
{
    field_real(self, node, 0, WEIGHT_MAX, &self->scoring->driver_weight[driver]);
}

static void read_operational(struct reading *self, const struct node *node, size_t driver)
{
    field_real(self, node, 0, WEIGHT_MAX, &self->scoring->line_weight_operational[driver]);
}

static void read_survey_line(struct reading *self, const struct node *node, size_t driver)
{
    field_real(self, node, 0, WEIGHT_MAX, &self->scoring->line_weight_survey[driver]);
}

static void read_lines(struct reading *self, const struct node *node, size_t driver)
{
    const struct field fields[] = {
        {"operational", "a weight", read_operational, driver, false},
        {"survey", "a weight", read_survey_line, driver, false},
    };
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
}

static void read_signal(struct reading *self, const struct node *node, size_t index)
{
    field_real(self, node, 0, WEIGHT_MAX, &self->scoring->signal_weight[index / SIGNALS][index % SIGNALS]);
}

/* Ratings are the survey line; of the durations only those with a standard are good or bad. That somebody gave up after
 * a wait counts as not answered, under that signal's weight. */
static bool signal_may_weigh(unsigned signal, size_t driver)
{
    const struct signal_info *info = &signal_table[signal];
    bool judged = info->kind == SIGNAL_OUTCOME || signal == SIGNAL_WAIT || signal == SIGNAL_RESOLUTION;
    return judged && (info->feeds >> driver & 1);
}

static void read_signals(struct reading *self, const struct node *node, size_t driver)
{
    struct field fields[SIGNALS];
    size_t count = 0;
    for (unsigned i = 0; i < SIGNALS; i++) {
        if (signal_may_weigh(i, driver)) {
            fields[count++] = (struct field){signal_table[i].word, "a weight", read_signal, driver * SIGNALS + i, true};
        }
    }
    fields_read(self, node, fields, count);
}

static void complain_of_nothing(struct reading *self, const struct node *node, const char *what)
{
    char path[NODE_PATH_SIZE];
    struct place place = node->key ? node_key_place(self->where, node) : node_place(self->where, node);
    COMPLAIN(self->problems, &place, "%s: got no %s above 0, allowed at least one", node_path(node, path), what);
}

static double signal_weights(const struct scoring *scoring, size_t driver)
{
    double sum = 0;
    for (unsigned i = 0; i < SIGNALS; i++) {
        sum += scoring->signal_weight[driver][i];
    }
    return sum;
}

static void read_driver(struct reading *self, const struct node *node, size_t driver)
{
    const struct field fields[] = {
        {"weight", "a number from 0 to 1000", read_weight, driver, false},
        {"lines", "operational and survey, each with a weight", read_lines, driver, false},
        {"signals", "signals of this driver, each with a weight", read_signals, driver, false},
    };
    const struct scoring *scoring = self->scoring;
    size_t before = self->problems->count;
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
    if (self->problems->count > before) {
        return;
    }
    if (scoring->line_weight_operational[driver] + scoring->line_weight_survey[driver] <= 0) {
        complain_of_nothing(self, node, "line's weight");
    } else if (scoring->line_weight_operational[driver] > 0 && signal_weights(scoring, driver) <= 0) {
        complain_of_nothing(self, node, "signal's weight");
    }
}

void scoring_read_drivers(struct reading *self, const struct node *node, size_t unused)
{
    struct field fields[DRIVERS];
    (void)unused;
    for (unsigned i = 0; i < DRIVERS; i++) {
        fields[i] = (struct field){driver_word((enum driver)i), "weight, lines, signals", read_driver, i, false};
    }
    size_t before = self->problems->count;
    fields_read(self, node, fields, DRIVERS);
    double sum = 0;
    for (unsigned i = 0; i < DRIVERS; i++) {
        sum += self->scoring->driver_weight[i];
    }
    if (self->problems->count == before && sum <= 0) {
        complain_of_nothing(self, node, "driver's weight");
    }
}
