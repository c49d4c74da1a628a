/* explain.c - explanations of open episodes: made when they open, kept while they last. */
#include "explain.h"
#include "turn.h"

#include "slipstream/roll.h"

#include <math.h>
#include <stdlib.h>

#define BEST_US (6 * US_PER_HOUR)

void explanations_done(struct explanations *self)
{
    for (unsigned i = 0; i < EXPLAINED; i++) {
        free(self->of[i]);
        self->of[i] = NULL;
    }
}

void explanations_history(struct explanations *self)
{
    self->best_at.us = 0;
}

/* The channels of a window that may be spoken of, as bits. */
static uint32_t shown_channels(const struct scorecard *scorecard, enum window window)
{
    uint32_t shown = 0;
    for (unsigned c = 0; c < CHANNELS; c++) {
        const struct card *card = &scorecard->channels[window][c];
        shown |= (uint32_t)(card->events && !card_is_suppressed(card, scorecard->scoring)) << c;
    }
    return shown;
}

void explain_begin(const struct explaining *self)
{
    struct explanations *kept = self->kept;
    const struct scoring *scoring = self->scorecard->scoring;
    bool is_same = memcmp(kept->method, scoring->version, sizeof kept->method) == 0;
    if (!is_same) {
        explanations_done(kept);
        memcpy(kept->method, scoring->version, sizeof kept->method);
    }
    struct span name = self->scorecard->agency;
    if (!is_same || turn_of_agency(name, self->as_of, BEST_US) != turn_of_agency(name, kept->best_at, BEST_US)) {
        examine_best_weeks(self->examiner, self->fold, self->agency, self->as_of, &kept->best);
        kept->best_at = self->as_of;
    }
}

static unsigned fixes_of(const struct explaining *self, enum window window, struct fix fixes[EXPLAIN_FIXES_MAX])
{
    return explain_fixes(self->scorecard->channels[window], shown_channels(self->scorecard, window), &self->kept->best,
                         self->scorecard->scoring, fixes);
}

unsigned explain_outlook(const struct explaining *self, struct fix fixes[EXPLAIN_FIXES_MAX])
{
    return fixes_of(self, WINDOW_7D, fixes);
}

/* change: of the subject, in points. */
static void add_cost(const struct explaining *self, unsigned subject, double change, struct explanation *out)
{
    const struct scoring *scoring = self->scorecard->scoring;
    const struct card *month = &self->scorecard->all[WINDOW_28D];
    uint32_t shown = shown_channels(self->scorecard, out->window);
    double leverage = explain_leverage(subject, self->scorecard->channels[out->window], shown, scoring);
    out->score_change = leverage * change;
    explain_projections(card_is_suppressed(month, scoring) ? NULL : month, out->score_change, scoring,
                        out->projections);
    out->fix_count = fixes_of(self, out->window, out->fixes);
}

/* What is kept of an episode while it need not be made anew; else room for it. */
static struct explanation *place_for(const struct explaining *self, unsigned at, uint32_t ordinal, bool *is_made)
{
    struct explained **kept = &self->kept->of[at];
    if (!*kept) {
        *kept = calloc(1, sizeof **kept);
        ASSERT(*kept);
    }
    struct explanation *explanation = &(*kept)->explanation;
    int64_t window_us = explanation->as_of.us - roll_window_start(explanation->window, explanation->as_of).us;
    int64_t least_us = window_us > US_PER_HOUR ? window_us : US_PER_HOUR;
    if ((*kept)->ordinal != ordinal) {
        **kept = (struct explained){.ordinal = ordinal};
    }
    *is_made = explanation->as_of.us && self->as_of.us - explanation->as_of.us <= least_us + US_PER_HOUR;
    return explanation;
}

static enum test test_of(enum window window)
{
    for (unsigned t = 0; t < TEST_PINNED; t++) {
        if (test_window((enum test)t) == window) {
            return (enum test)t;
        }
    }
    return TESTS;
}

static unsigned place_of(enum alert_kind kind, unsigned subject)
{
    switch (kind) {
    case ALERT_TARGET:
        return LINE_TARGET * TARGETS + subject;
    case ALERT_BENCHMARK:
        return LINE_BENCHMARK * TARGETS + subject;
    case ALERT_SLIP:
        return LINES * TARGETS + subject;
    case ALERT_SILENT_CHANNEL: /* these have none */
    case ALERT_DIVERGENCE:
    case ALERT_KINDS:
        break;
    }
    return EXPLAINED;
}

const struct explanation *explain_line(const struct explaining *self, enum line_kind line, unsigned subject,
                                       const struct episode *episode)
{
    enum window window = self->scorecard->scoring->target_rule.window;
    const struct card *card = &self->scorecard->all[window];
    const struct estimate *now = subject == TARGET_CX ? &card->cx : &card->drivers[subject - TARGET_DRIVER].score;
    struct finding finding = {.subject = subject, .verdict = VERDICT_UNSEEN, .as_of = self->as_of};
    bool is_made;
    struct explanation *out = place_for(self, place_of(line_alerts[line], subject), episode->ordinal, &is_made);
    if (is_made) {
        return out;
    }
    struct event_time began = out->began;
    bool is_first = out->as_of.us == 0;
    if (test_of(window) != TESTS) {
        finding = examine_subject(self->examiner, self->fold, self->agency, self->detection, self->as_of, subject,
                                  test_of(window));
        finding.as_of = self->as_of;
    }
    examine_explain(self->examiner, self->fold, self->agency, self->detection, &finding, episode->since, out);
    out->window = window;
    out->began = is_first ? out->began : began;
    add_cost(self, subject, now->present ? now->value - episode->target : (double)NAN, out);
    return out;
}

const struct explanation *explain_slip(const struct explaining *self, unsigned subject, const struct slip *slip)
{
    bool is_made;
    struct explanation *out = place_for(self, place_of(ALERT_SLIP, subject), slip->episode.ordinal, &is_made);
    if (is_made) {
        return out;
    }
    struct finding found = examine_subject(self->examiner, self->fold, self->agency, self->detection, self->as_of,
                                           subject, slip->opened_by);
    found.as_of = self->as_of;
    found.test = slip->opened_by;
    struct event_time began = out->began;
    bool is_first = out->as_of.us == 0;
    examine_explain(self->examiner, self->fold, self->agency, self->detection, &found, slip->episode.since, out);
    out->began = is_first ? out->began : began;
    add_cost(self, subject, found.verdict == VERDICT_COMPARED ? out->change : (double)NAN, out);
    return out;
}

void explain_open(const struct explaining *self, const struct episode lines[LINES][TARGETS],
                  const struct slip slips[SUBJECTS])
{
    for (unsigned i = 0; i < LINES * TARGETS; i++) {
        const struct episode *episode = &lines[i / TARGETS][i % TARGETS];
        if (episode_is_open(episode)) {
            (void)explain_line(self, (enum line_kind)(i / TARGETS), i % TARGETS, episode);
        }
    }
    for (unsigned s = 0; s < SUBJECTS; s++) {
        if (slip_is_open(&slips[s])) {
            (void)explain_slip(self, s, &slips[s]);
        }
    }
}

const struct explanation *explained_of(const struct explanations *self, enum alert_kind kind, unsigned subject,
                                       uint32_t ordinal)
{
    unsigned place = place_of(kind, subject);
    const struct explained *kept = place < EXPLAINED ? self->of[place] : NULL;
    return kept && kept->ordinal == ordinal && kept->explanation.as_of.us ? &kept->explanation : NULL;
}
