/* examine_explain.c - from a finding back into the panes: what moved beside it, when it began, the best weeks. */
#include "examine_explain.h"
#include "examine_onset.h"
#include "examine_parts.h"

#include "slipstream/score.h"

#include <math.h>

static struct span name_service(void *context, uint32_t service)
{
    const struct examiner *self = context;
    return self->agency->services[service].name;
}

/* ---- what else moved ---- */

static double length_of(const struct time_ranges *ranges)
{
    double length = 0;
    for (size_t i = 0; i < ranges->count; i++) {
        length += (double)(ranges->items[i].to_us - ranges->items[i].from_us);
    }
    return length;
}

/* What the cells of a channel counted; CHANNELS: of all. */
static void tally(const struct examiner *self, enum channel channel, enum resolution resolution,
                  const struct time_ranges *ranges, struct tallies *tallies)
{
    memset(tallies, 0, sizeof *tallies);
    for (unsigned c = 0; c < CHANNELS; c++) {
        double sums[COUNTERS] = {0};
        int64_t counts[COUNTERS];
        for (size_t i = 0; i < self->source_count && (channel == CHANNELS || channel == c); i++) {
            if (self->sources[i].channel == c) {
                examine_roll(self, &self->sources[i], resolution, ranges, sums);
            }
        }
        for (unsigned i = 0; i < COUNTERS; i++) {
            counts[i] = llround(sums[i]);
        }
        tallies_add(tallies, counts, (enum channel)c, self->scoring);
    }
}

static void see_moved(struct examiner *self, const struct subject_group *group, const struct finding *finding,
                      struct explanation *out)
{
    struct examine_ranges ranges;
    struct tallies now, base;
    enum resolution resolution = window_shapes[test_window(finding->test)].resolution;
    examine_ranges(self, group, finding->test, finding->as_of, &ranges);
    tally(self, out->moved_channel, resolution, &ranges.now, &now);
    tally(self, out->moved_channel, PANE_SIX_HOURS, &ranges.base, &base);
    double matched = length_of(&ranges.matched);
    explain_moved(&now, &base, matched > 0 ? length_of(&ranges.base) / matched : 0, self->scoring, out->moved);
}

/* The whole score compared in the same windows. Its rows last until the next comparison. */
static struct finding find_whole(struct examiner *self, const struct subject_group *group,
                                 const struct finding *finding)
{
    struct finding whole = *finding;
    whole.subject = SUBJECT_CX;
    whole.row_count = 0;
    if (examine_set_windows(self, group, finding->test, finding->as_of)) {
        (void)comparison_find(self->comparison, SUBJECT_CX, finding->z, finding->phi, &whole);
    }
    return whole;
}

static struct event_time find_onset(struct examiner *self, const struct subject_group *group,
                                    const struct finding *finding, const struct finding_row *cause,
                                    struct event_time seen)
{
    struct finding whole = finding->subject == SUBJECT_CX ? *finding : find_whole(self, group, finding);
    return examine_onset(self, finding, &whole, cause, seen);
}

/* The channel that what moved is told of: the subject's own, or that of the first contribution. */
static enum channel moved_channel(const struct explanation *explanation)
{
    enum channel own = subject_parts(explanation->subject).channel;
    return own != CHANNELS                       ? own
           : explanation->contribution_count > 0 ? explanation->contributions[0].channel
                                                 : CHANNELS;
}

void examine_explain(struct examiner *self, const struct fold *fold, uint32_t agency,
                     const struct agency_detection *detection, const struct finding *finding, struct event_time seen,
                     struct explanation *out)
{
    *out = (struct explanation){.subject = finding->subject,
                                .window = test_window(finding->test),
                                .as_of = finding->as_of,
                                .began = {INT64_MIN},
                                .moved_channel = CHANNELS};
    if (finding->verdict != VERDICT_COMPARED) {
        return;
    }
    examine_lay_out(self, fold, agency);
    examine_group(self, detection, finding->as_of);
    const struct finding_row *cause = explain_contributions(finding, self->scoring, name_service, self, out);
    out->moved_channel = moved_channel(out);
    const struct subject_group *group = examine_group_of(self, finding->subject);
    self->for_people = true;
    see_moved(self, group, finding, out);
    out->began = cause ? find_onset(self, group, finding, cause, seen) : out->began;
    self->for_people = false;
}

/* ---- the best weeks ---- */

#define WEEKS_KEPT 9

struct weeks {
    int64_t end; /* pane after the last */
    double sums[WEEKS_KEPT][COUNTERS];
};

static void add_pane(void *context, int64_t index, const double counts[COUNTERS])
{
    struct weeks *self = context;
    int64_t back = self->end - 1 - index;
    int64_t week = back / (US_PER_WEEK / pane_shapes[PANE_SIX_HOURS].length_us);
    if (back < 0 || week >= WEEKS_KEPT) {
        return;
    }
    for (unsigned i = 0; i < COUNTERS; i++) {
        self->sums[week][i] += counts[i];
    }
}

/* A week's level counts when it rests on as many contacts as a stratum must have. */
static void keep_best(const struct examiner *self, const struct tallies *tallies, enum channel channel,
                      int32_t from_day, struct best_weeks *best)
{
    struct card card;
    score_card(tallies, self->scoring, Z_95, &card);
    for (unsigned d = 0; d < DRIVERS; d++) {
        const struct estimate *level = &card.drivers[d].score;
        struct best_week *kept = &best->of[d][channel];
        bool is_better = !kept->present || level->value > (double)kept->level;
        if (level->present && (double)level->n >= self->scoring->detection.stratum_n_now && is_better) {
            *kept = (struct best_week){true, (float)level->value, from_day};
        }
    }
}

void examine_best_weeks(struct examiner *self, const struct fold *fold, uint32_t agency, struct event_time as_of,
                        struct best_weeks *best)
{
    int64_t length = pane_shapes[PANE_SIX_HOURS].length_us;
    struct weeks weeks = {.end = time_floor(as_of.us, length)};
    memset(best, 0, sizeof *best);
    examine_lay_out(self, fold, agency);
    for (unsigned c = 0; c < CHANNELS; c++) {
        memset(weeks.sums, 0, sizeof weeks.sums);
        for (size_t i = 0; i < self->source_count; i++) {
            if (self->sources[i].channel == c) {
                cell_each_pane(self->sources[i].cell, PANE_SIX_HOURS, add_pane, &weeks);
                if (self->sources[i].untold && self->scoring->suppress_below > 0) {
                    untold_each_pane(self->sources[i].untold, PANE_SIX_HOURS, add_pane, &weeks);
                }
            }
        }
        for (unsigned w = 0; w < WEEKS_KEPT; w++) {
            struct tallies tallies = {0};
            int64_t counts[COUNTERS];
            for (unsigned i = 0; i < COUNTERS; i++) {
                counts[i] = llround(weeks.sums[w][i]);
            }
            int64_t from_us = weeks.end * length - (w + 1) * US_PER_WEEK;
            tallies_add(&tallies, counts, (enum channel)c, self->scoring);
            keep_best(self, &tallies, (enum channel)c, (int32_t)time_floor(from_us, US_PER_DAY), best);
        }
    }
}
