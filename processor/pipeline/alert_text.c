/* alert_text.c - an alert in plain words. */
#include "explain_text.h"

#include <math.h>
#include <stdio.h>

const struct scoring_benchmark *alert_benchmark(const struct alert *alert)
{
    const struct scoring_benchmark *published =
        alert->kind == ALERT_BENCHMARK ? scoring_alert_line(alert->scoring, alert->subject) : NULL;
    bool is_it = published && !(published->value < alert->episode->target || published->value > alert->episode->target);
    return is_it ? published : NULL;
}

void plain_text(struct buffer *out, struct span text, size_t most)
{
    size_t size = text.size;
    if (size > most) {
        for (size = most; size && (text.data[size] & 0xC0) == 0x80; size--) { /* not within a character */
        }
    }
    for (size_t i = 0; i < size; i++) {
        buffer_u8(out, text.data[i] < 0x20 || text.data[i] == 0x7F ? ' ' : text.data[i]);
    }
}

#define LINE_TOLD 80 /* bytes of a published line's name or source */

/* What a subject is called in a sentence. */
static void put_subject(struct buffer *out, unsigned subject)
{
    static const char *const drivers[DRIVERS] = {
        [DRIVER_OFFICE_ANSWERS] = "\"employees at the office answer all my questions\"",
        [DRIVER_REP_ANSWERS] = "\"representatives answer all my questions\"",
        [DRIVER_QUALITY] = "the quality of information and services",
        [DRIVER_QUICK_RESOLUTION] = "quick resolution",
    };
    struct subject_parts parts = subject_parts(subject);
    if (parts.behaviour != BEHAVIOURS) {
        buffer_text(out, "the share who say that one %s", behaviour_meaning(parts.behaviour));
    } else if (parts.driver != DRIVERS) {
        buffer_text(out, "%s", drivers[parts.driver]);
    } else {
        buffer_text(out, "the CX score");
    }
    if (parts.channel != CHANNELS) {
        buffer_text(out, " (%s)", channel_word(parts.channel));
    }
}

static void put_seen(struct buffer *out, const struct alert *alert)
{
    const struct estimate *estimate = &alert->estimate;
    char window[ALERT_WINDOW_SIZE];
    if (estimate->present) {
        buffer_text(out, ": %.1f, between %.1f and %.1f, from %lld interactions in %s", estimate->value, estimate->low,
                    estimate->high, (long long)estimate->n, alert_window(alert, window));
    }
}

const char *alert_window(const struct alert *alert, char text[ALERT_WINDOW_SIZE])
{
    const struct episode *episode = alert->episode;
    if (alert->kind == ALERT_SILENT_CHANNEL) {
        int64_t hours = -time_floor(episode->since.us - episode->opened.us, US_PER_HOUR);
        snprintf(text, ALERT_WINDOW_SIZE, "%lldh", (long long)hours);
        return text;
    }
    if (alert->kind == ALERT_DIVERGENCE) {
        return window_shapes[test_window(TEST_7D)].word;
    }
    return window_shapes[alert->kind == ALERT_SLIP ? test_window(alert->slip->opened_by)
                                                   : alert->scoring->target_rule.window]
        .word;
}

/* A published line by its name, while the scoring file has it: "the US federal average of 62.6 (2021, Forrester)". */
static void put_line(struct buffer *out, const struct alert *alert)
{
    const struct scoring_benchmark *published = alert_benchmark(alert);
    if (alert->kind == ALERT_TARGET) {
        buffer_text(out, "its target of %.1f", alert->episode->target);
    } else if (published) {
        buffer_text(out, "the ");
        plain_text(out, published->name, LINE_TOLD);
        buffer_text(out, " of %.1f (%lld, ", published->value, (long long)published->year);
        plain_text(out, published->source, LINE_TOLD);
        buffer_text(out, ")");
    } else {
        buffer_text(out, "the published line of %.1f", alert->episode->target);
    }
}

static void put_line_sentence(struct buffer *out, const struct alert *alert)
{
    char since[CLOCK_TEXT_SIZE];
    const struct episode *episode = alert->episode;
    buffer_text(out, " is %s ", alert->transition == ALERT_CLOSED ? "back at" : "below");
    put_line(out, alert);
    put_seen(out, alert);
    buffer_text(out, "; below it since %s.", clock_format(episode->since, false, since));
    if (episode->hold.since.us && episode_is_open(episode)) {
        buffer_text(out, " The scoring method changed at %s, which by itself ends nothing.",
                    clock_format(episode->hold.since, false, since));
    }
}

static void put_slip_sentence(struct buffer *out, const struct alert *alert)
{
    char since[CLOCK_TEXT_SIZE];
    const char *reference = alert->slip->opened_by == TEST_PINNED ? "its reference" : "its usual";
    double drop = -100 * alert->slip->drop_at_open;
    if (alert->transition != ALERT_CLOSED && drop > 0) {
        buffer_text(out, " has slipped by %.1f points from %s %.1f", drop, reference, 100 * alert->slip->base_at_open);
    } else if (alert->transition != ALERT_CLOSED) {
        buffer_text(out, " has slipped from %s %.1f", reference, 100 * alert->slip->base_at_open);
    } else if (alert->slip->to_new_level) {
        buffer_text(out, " has been lower for so long that this counts as its new level");
    } else {
        buffer_text(out, " is back at %s level", reference);
    }
    put_seen(out, alert);
    buffer_text(out, "; seen since %s.", clock_format(alert->episode->since, false, since));
}

/* How many came is not told: they may be few. */
static void put_silence_sentence(struct buffer *out, const struct alert *alert)
{
    char since[CLOCK_TEXT_SIZE];
    const char *by_channel = explain_channel(subject_parts(alert->subject).channel);
    clock_format(alert->episode->since, false, since);
    if (alert->transition != ALERT_CLOSED) {
        buffer_text(out, "no contacts %s, or next to none, since %s, where about %.0f are usual.", by_channel, since,
                    alert->episode->target);
    } else if (alert->to_new_level) {
        buffer_text(out, "no contacts %s, or next to none, for so long that this counts as closed; since %s.",
                    by_channel, since);
    } else {
        buffer_text(out, "contacts %s are there again; there were none, or next to none, since %s.", by_channel, since);
    }
}

/* A gap that is negative is ahead of the others. */
static void put_divergence_sentence(struct buffer *out, const struct alert *alert)
{
    char since[CLOCK_TEXT_SIZE];
    char window[ALERT_WINDOW_SIZE];
    const struct estimate *gap = &alert->estimate;
    double usual = alert->episode->target;
    if (alert->transition == ALERT_CLOSED) {
        buffer_text(out, alert->to_new_level
                             ? " has been further behind the other agencies for so long that this is usual"
                             : " is back at its usual distance from the other agencies");
    } else {
        buffer_text(out, " has fallen behind the other agencies");
    }
    if (gap->present) {
        buffer_text(out,
                    ": %.1f points %s their average, between %.1f and %.1f, from %lld interactions in %s, usually "
                    "%.1f %s",
                    fabs(gap->value), gap->value < 0 ? "above" : "below", gap->low, gap->high, (long long)gap->n,
                    alert_window(alert, window), fabs(usual), usual < 0 ? "above" : "below");
    }
    buffer_text(out, "; seen since %s.", clock_format(alert->episode->since, false, since));
}

void alert_text(struct buffer *out, const struct alert *alert)
{
    buffer_text(out, "%.*s: ", SPAN_FORMAT(alert->agency));
    if (alert->kind == ALERT_SILENT_CHANNEL) {
        put_silence_sentence(out, alert);
        return;
    }
    put_subject(out, alert->subject);
    if (alert->kind == ALERT_SLIP) {
        put_slip_sentence(out, alert);
    } else if (alert->kind == ALERT_DIVERGENCE) {
        put_divergence_sentence(out, alert);
    } else {
        put_line_sentence(out, alert);
    }
}
