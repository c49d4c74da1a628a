/* explain_text.c - an explanation in plain words. */
#include "explain_text.h"

#include <math.h>

#define CONTRIBUTIONS_TOLD 3

const char *explain_driver(enum driver driver)
{
    static const char *const words[DRIVERS] = {
        [DRIVER_OFFICE_ANSWERS] = "employees answering all questions",
        [DRIVER_REP_ANSWERS] = "representatives answering all questions",
        [DRIVER_QUALITY] = "quality of information and services",
        [DRIVER_QUICK_RESOLUTION] = "quick resolution",
    };
    return words[driver];
}

const char *explain_channel(enum channel channel)
{
    static const char *const words[CHANNELS] = {
        [CHANNEL_WEB] = "on the web",
        [CHANNEL_PHONE] = "by phone",
        [CHANNEL_OFFICE] = "at the office",
        [CHANNEL_CHAT] = "by chat",
    };
    return words[channel];
}

/* Of 100 contacts that say something about a signal, so many ... */
static const char *good_of(enum signal signal)
{
    static const char *const words[SIGNALS] = {
        [SIGNAL_COMPLETED] = "completed the task",
        [SIGNAL_PAGE_HELPFUL] = "found the page helpful",
        [SIGNAL_SEARCH_FOUND] = "found something by searching",
        [SIGNAL_ERROR_SHOWN] = "saw no error",
        [SIGNAL_ANSWERED] = "were answered or served",
        [SIGNAL_QUESTIONS_ANSWERED] = "had all questions answered",
        [SIGNAL_RESOLVED] = "were resolved on first contact",
        [SIGNAL_TRANSFERRED] = "were not transferred",
        [SIGNAL_CONTAINED] = "were dealt with by the bot",
        [SIGNAL_REOPENED] = "were not reopened",
        [SIGNAL_REPEAT_CONTACT] = "did not have to be repeated",
        [SIGNAL_WAIT] = "waited no longer than the standard",
        [SIGNAL_RESOLUTION] = "were resolved within the standard",
    };
    return words[signal] ? words[signal] : "were well answered in surveys";
}

#define NAME_TOLD 80
static void put_name(struct buffer *out, struct span name)
{
    plain_text(out, name, NAME_TOLD);
}

/* ---- what it is made of ---- */

static void tell_contribution(struct buffer *out, const struct contribution *part)
{
    buffer_text(out, "  %+.1f  ", part->points);
    if (part->driver != DRIVERS) {
        buffer_text(out, "%s ", explain_driver(part->driver));
    }
    buffer_text(out, "%s", explain_channel(part->channel));
    buffer_text(out, ", ");
    put_name(out, span_text(part->service[0] ? part->service : "several services"));
    buffer_text(out, ": of 100, %.0f %s, usually %.0f\n", 100 * part->p_now, good_of(part->signal), 100 * part->p_base);
}

static void tell_contributions(struct buffer *out, const struct explanation *explanation)
{
    double others = explanation->others;
    unsigned told = 0;
    buffer_text(out, "What the change of %+.1f points is made of:\n", explanation->change);
    for (unsigned i = 0; i < explanation->contribution_count; i++) {
        const struct contribution *part = &explanation->contributions[i];
        if (told < CONTRIBUTIONS_TOLD && part->points <= -0.05) {
            tell_contribution(out, part);
            told++;
        } else {
            others += part->points;
        }
    }
    if (fabs(others) >= 0.05) {
        buffer_text(out, "  %+.1f  everything else together\n", others);
    }
    if (fabs(explanation->mix) >= 0.05) {
        buffer_text(out, "  Not counted in it: %+.1f, since people used other services and channels than usual.\n",
                    explanation->mix);
    }
}

static void tell_began(struct buffer *out, const struct explanation *explanation)
{
    char text[CLOCK_TEXT_SIZE];
    if (explanation->began.us != INT64_MIN) {
        buffer_text(out, "It began at about %s.\n", clock_format(explanation->began, false, text));
    }
}

/* Around its figure. */
static const struct {
    const char *before, *after;
} moved_told[MOVED] = {
    [MOVED_VOLUME] = {"", " contacts"},
    [MOVED_WAIT] = {"of 100 people ", " waited no longer than the standard"},
    [MOVED_CAUSE + CAUSE_TRANSFERS] = {"", " transfers a contact"},
    [MOVED_CAUSE + CAUSE_AGENT_INFORMED] = {"in ", " of 100 contacts the agent had the information needed"},
    [MOVED_CAUSE + CAUSE_ESCALATED] = {"", " of 100 contacts were escalated"},
    [MOVED_CAUSE + CAUSE_HOLD] = {"", " seconds on hold"},
    [MOVED_CAUSE + CAUSE_WRAP_UP] = {"", " seconds for the agent to finish afterwards"},
};

static void tell_moved(struct buffer *out, const struct explanation *explanation)
{
    bool any = false;
    for (unsigned m = 0; m < MOVED; m++) {
        const struct moved *moved = &explanation->moved[m];
        if (!moved->stands_out) {
            continue;
        }
        if (!any) {
            buffer_text(out, "What else changed%s%s: ", explanation->moved_channel != CHANNELS ? " " : "",
                        explanation->moved_channel != CHANNELS ? explain_channel(explanation->moved_channel) : "");
        }
        int digits = fmax(moved->now, moved->base) < 10;
        buffer_text(out, "%s%s%.*f%s, usually %.*f", any ? "; " : "", moved_told[m].before, digits, moved->now,
                    moved_told[m].after, digits, moved->base);
        any = true;
    }
    if (any) {
        buffer_text(out, ".\n");
    }
}

/* ---- what it costs ---- */

static void tell_projections(struct buffer *out, const struct alert *alert)
{
    const struct explanation *explanation = alert->explanation;
    bool any = false;
    for (unsigned b = 0; b < BEHAVIOURS; b++) {
        const struct projection *projection = &explanation->projections[b];
        if (!projection->present) {
            continue;
        }
        if (!any) {
            buffer_text(
                out,
                "What it costs if the CX score stays %.1f points %s (each point read as so many per cent of those"
                " who do it):\n",
                fabs(explanation->score_change), explanation->score_change < 0 ? "lower" : "higher");
            any = true;
        }
        buffer_text(out, "  %s: %.1f of 100 people instead of %.1f (%.1f %% a point%s)\n",
                    behaviour_meaning((enum behaviour)b), 100 * projection->projected, 100 * projection->measured,
                    100 * alert->scoring->elasticity[b],
                    projection->is_published ? "; nobody was asked: the published average stands in" : "");
    }
}

/* ---- what to fix ---- */

static void tell_fix(struct buffer *out, unsigned place, const struct fix *fix)
{
    char text[CLOCK_TEXT_SIZE];
    struct event_time day = {fix->from_day * US_PER_DAY};
    buffer_text(out, "  %u. %s %s: from %.1f to ", place, explain_driver(fix->driver), explain_channel(fix->channel),
                fix->now);
    if (fix->to_benchmark) {
        buffer_text(out, "the published %.1f", fix->to);
    } else {
        buffer_text(out, "its best week's %.1f (from %.10s)", fix->to, clock_format(day, false, text));
    }
    buffer_text(out, " gives %+.1f points (%.1f x %.2f of the score x %.2f of its contacts), for %lld contacts\n",
                fix->gain, fix->to - fix->now, fix->weight, fix->share, (long long)fix->n);
}

void explain_text_fixes(struct buffer *out, const struct fix *fixes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        tell_fix(out, i + 1, &fixes[i]);
    }
}

unsigned explain_crossed(const struct alert *alert, const struct scoring_benchmark *crossed[EXPLAIN_CROSSED_MAX])
{
    const struct scoring *scoring = alert->scoring;
    const struct explanation *explanation = alert->explanation;
    unsigned count = 0;
    for (size_t i = 0; i < scoring->benchmark_count && explanation->compared && count < EXPLAIN_CROSSED_MAX; i++) {
        const struct scoring_benchmark *line = &scoring->benchmarks[i];
        bool was_above = alert->estimate.value - explanation->change >= line->value;
        if (line->subject == alert->subject && alert->estimate.present && was_above &&
            alert->estimate.value < line->value) {
            crossed[count++] = line;
        }
    }
    return count;
}

static void tell_crossed(struct buffer *out, const struct alert *alert)
{
    const struct scoring_benchmark *crossed[EXPLAIN_CROSSED_MAX];
    unsigned count = explain_crossed(alert, crossed);
    for (unsigned i = 0; i < count; i++) {
        buffer_text(out, "It was above ");
        put_name(out, crossed[i]->name);
        buffer_text(out, ", %.1f (%lld, ", crossed[i]->value, (long long)crossed[i]->year);
        put_name(out, crossed[i]->source);
        buffer_text(out, "), and is now below.\n");
    }
}

void explain_text(struct buffer *out, const struct alert *alert)
{
    const struct explanation *explanation = alert->explanation;
    tell_began(out, explanation);
    if (explanation->compared) {
        tell_contributions(out, explanation);
        tell_moved(out, explanation);
    }
    tell_crossed(out, alert);
    tell_projections(out, alert);
    if (explanation->fix_count) {
        buffer_text(out, "What to fix first, by points gained x contacts (x %.1f %% a point):\n",
                    100 * explanation->fixes[0].elasticity);
        explain_text_fixes(out, explanation->fixes, explanation->fix_count);
    }
    if (out->size && out->data[out->size - 1] == '\n') {
        out->size--;
    }
}
