/* explain_fields.c - an explanation as fields: JSON and Avro, with the same names in the same order. */
#include "explain_text.h"

/* ---- JSON ---- */

static void put_int(struct jout *json, const char *key, int64_t value)
{
    jout_key(json, key);
    jout_int(json, value);
}

static void put_bool(struct jout *json, const char *key, bool value)
{
    jout_key(json, key);
    jout_bool(json, value);
}

static void begin_list(struct jout *json, const char *key)
{
    jout_key(json, key);
    jout_open(json, '[');
}

static void put_contribution(struct jout *json, const struct contribution *part)
{
    jout_open(json, '{');
    if (part->driver != DRIVERS) {
        jout_put_text(json, "driver", driver_word(part->driver));
    }
    jout_put_text(json, "channel", channel_word(part->channel));
    if (part->service[0]) {
        jout_put_text(json, "service", part->service);
    }
    jout_put_real(json, "points", part->points);
    jout_put_text(json, "signal", signal_table[part->signal].word);
    jout_put_real(json, "now", 100 * part->p_now);
    jout_put_real(json, "usual", 100 * part->p_base);
    put_int(json, "n", part->n_now);
    jout_close(json, '}');
}

static void put_moved(struct jout *json, const struct explanation *explanation)
{
    begin_list(json, "moved");
    for (unsigned m = 0; m < MOVED; m++) {
        const struct moved *moved = &explanation->moved[m];
        if (!moved->present) {
            continue;
        }
        jout_open(json, '{');
        jout_put_text(json, "what", moved_word(m));
        if (explanation->moved_channel != CHANNELS) {
            jout_put_text(json, "channel", channel_word(explanation->moved_channel));
        }
        jout_put_real(json, "now", moved->now);
        jout_put_real(json, "usual", moved->base);
        put_bool(json, "stands_out", moved->stands_out);
        jout_close(json, '}');
    }
    jout_close(json, ']');
}

static void put_projections(struct jout *json, const struct alert *alert)
{
    begin_list(json, "projections");
    for (unsigned b = 0; b < BEHAVIOURS; b++) {
        const struct projection *projection = &alert->explanation->projections[b];
        if (projection->present) {
            jout_open(json, '{');
            jout_put_text(json, "behaviour", behaviour_word((enum behaviour)b));
            jout_put_real(json, "measured", 100 * projection->measured);
            jout_put_real(json, "projected", 100 * projection->projected);
            jout_put_real(json, "rate", alert->scoring->elasticity[b]);
            put_bool(json, "published", projection->is_published);
            jout_close(json, '}');
        }
    }
    jout_close(json, ']');
}

void explain_json_fixes(struct jout *json, const struct fix *fixes, unsigned count)
{
    char day[CLOCK_TEXT_SIZE];
    begin_list(json, "fix_first");
    for (unsigned i = 0; i < count; i++) {
        const struct fix *fix = &fixes[i];
        jout_open(json, '{');
        jout_put_text(json, "driver", driver_word(fix->driver));
        jout_put_text(json, "channel", channel_word(fix->channel));
        jout_put_real(json, "now", fix->now);
        jout_put_real(json, "to", fix->to);
        jout_put_text(json, "aim", fix->to_benchmark ? "benchmark" : "best_week");
        if (!fix->to_benchmark) {
            clock_format((struct event_time){fix->from_day * US_PER_DAY}, false, day);
            day[10] = '\0'; /* the date alone */
            jout_put_text(json, "week_from", day);
        }
        jout_put_real(json, "weight", fix->weight);
        jout_put_real(json, "share", fix->share);
        jout_put_real(json, "gain", fix->gain);
        put_int(json, "n", fix->n);
        jout_put_real(json, "elasticity", fix->elasticity);
        jout_put_real(json, "worth", fix->worth);
        jout_close(json, '}');
    }
    jout_close(json, ']');
}

void explain_json_line(struct jout *json, const struct scoring_benchmark *line)
{
    jout_open(json, '{');
    jout_key(json, "name");
    jout_span(json, line->name);
    jout_put_real(json, "value", line->value);
    put_int(json, "year", line->year);
    jout_key(json, "source");
    jout_span(json, line->source);
    jout_close(json, '}');
}

static void put_crossed(struct jout *json, const struct alert *alert)
{
    const struct scoring_benchmark *crossed[EXPLAIN_CROSSED_MAX];
    unsigned count = explain_crossed(alert, crossed);
    begin_list(json, "benchmarks_crossed");
    for (unsigned i = 0; i < count; i++) {
        explain_json_line(json, crossed[i]);
    }
    jout_close(json, ']');
}

static void put_words(struct jout *json, const struct alert *alert)
{
    struct buffer text;
    buffer_init(&text, EXPLAIN_TEXT_MAX);
    explain_text(&text, alert);
    jout_key(json, "text");
    jout_span(json, buffer_as_span(&text));
    buffer_done(&text);
}

void explain_json(struct jout *json, const struct alert *alert)
{
    const struct explanation *explanation = alert->explanation;
    jout_open(json, '{');
    put_words(json, alert);
    jout_key(json, "as_of");
    jout_time(json, explanation->as_of);
    if (explanation->began.us != INT64_MIN) {
        jout_key(json, "began");
        jout_time(json, explanation->began);
    }
    if (explanation->compared) {
        jout_put_real(json, "change", explanation->change);
        jout_put_real(json, "mix", explanation->mix);
        jout_put_real(json, "others", explanation->others);
    }
    begin_list(json, "contributions");
    for (unsigned i = 0; i < explanation->contribution_count; i++) {
        put_contribution(json, &explanation->contributions[i]);
    }
    jout_close(json, ']');
    put_moved(json, explanation);
    put_projections(json, alert);
    explain_json_fixes(json, explanation->fixes, explanation->fix_count);
    put_crossed(json, alert);
    jout_close(json, '}');
}
