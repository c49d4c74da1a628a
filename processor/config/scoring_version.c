/* scoring_version.c - which scoring file a score came from: a hash of what changes scores, in words that stay.
 *
 * Words, not positions: a signal added later changes no version, since a weight of 0 is not written. Targets,
 * suppression, elasticities and published baselines change what is said about a score, not the score. */
#include "scoring_file.h"

#include <stdio.h>

#define CANONICAL_MAX 65536

static void write_standards(const struct scoring *scoring, struct buffer *out)
{
    for (unsigned i = 0; i < CHANNELS; i++) {
        const char *channel = channel_word((enum channel)i);
        buffer_text(out, "resolution %s %lld\n", channel, (long long)scoring->resolution_standard_ms[i]);
        if (i != CHANNEL_WEB) {
            buffer_text(out, "wait %s %lld\n", channel, (long long)scoring->wait_standard_ms[i]);
            buffer_text(out, "short_abandon %s %lld\n", channel, (long long)scoring->short_abandon_ms[i]);
        }
    }
}

/* 17 digits tell any two numbers apart. */
static void write_weight(struct buffer *out, const char *driver, const char *what, double weight)
{
    if (weight > 0) {
        buffer_text(out, "weight %s %s %.17g\n", driver, what, weight);
    }
}

static void write_drivers(const struct scoring *scoring, struct buffer *out)
{
    for (unsigned i = 0; i < DRIVERS; i++) {
        const char *driver = driver_word((enum driver)i);
        write_weight(out, driver, "driver", scoring->driver_weight[i]);
        write_weight(out, driver, "line.operational", scoring->line_weight_operational[i]);
        write_weight(out, driver, "line.survey", scoring->line_weight_survey[i]);
        for (unsigned signal = 0; signal < SIGNALS; signal++) {
            write_weight(out, driver, signal_table[signal].word, scoring->signal_weight[i][signal]);
        }
    }
}

bool scoring_name_version(struct scoring *scoring)
{
    struct buffer text CLEANUP(buffer_done);
    buffer_init(&text, CANONICAL_MAX);
    buffer_text(&text, "method %s\nmin_n %lld\n", survey_method_words[scoring->method],
                (long long)scoring->signal_n_min);
    write_standards(scoring, &text);
    write_drivers(scoring, &text);
    if (text.overflow) {
        return false;
    }
    snprintf(scoring->version, sizeof scoring->version, "%016llx",
             (unsigned long long)hash64(buffer_as_span(&text), 0));
    return true;
}
