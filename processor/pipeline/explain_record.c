/* explain_record.c - an explanation as Avro: the record `explanation` of schemas/alert.avsc, in its fields' order. */
#include "explain_text.h"
#include "put.h"

static void put_optional_text(struct buffer *out, const char *text)
{
    if (put_present(out, text != NULL)) {
        put_text(out, text);
    }
}

static void put_optional_double(struct buffer *out, bool present, double value)
{
    if (put_present(out, present)) {
        buffer_double(out, value);
    }
}

static void put_contributions(struct buffer *out, const struct explanation *explanation)
{
    put_items(out, explanation->contribution_count);
    for (unsigned i = 0; i < explanation->contribution_count; i++) {
        const struct contribution *part = &explanation->contributions[i];
        put_optional_text(out, part->driver != DRIVERS ? driver_word(part->driver) : NULL);
        put_text(out, channel_word(part->channel));
        put_optional_text(out, part->service[0] ? part->service : NULL);
        buffer_double(out, part->points);
        put_text(out, signal_table[part->signal].word);
        buffer_double(out, 100 * part->p_now);
        buffer_double(out, 100 * part->p_base);
        buffer_zigzag(out, part->n_now);
    }
    put_items_end(out);
}

static void put_moved(struct buffer *out, const struct explanation *explanation)
{
    int64_t present = 0;
    for (unsigned m = 0; m < MOVED; m++) {
        present += explanation->moved[m].present;
    }
    put_items(out, present);
    for (unsigned m = 0; m < MOVED; m++) {
        const struct moved *moved = &explanation->moved[m];
        if (moved->present) {
            put_text(out, moved_word(m));
            put_optional_text(out,
                              explanation->moved_channel != CHANNELS ? channel_word(explanation->moved_channel) : NULL);
            buffer_double(out, moved->now);
            buffer_double(out, moved->base);
            buffer_u8(out, moved->stands_out);
        }
    }
    put_items_end(out);
}

static void put_projections(struct buffer *out, const struct alert *alert)
{
    const struct projection *projections = alert->explanation->projections;
    int64_t present = 0;
    for (unsigned b = 0; b < BEHAVIOURS; b++) {
        present += projections[b].present;
    }
    put_items(out, present);
    for (unsigned b = 0; b < BEHAVIOURS; b++) {
        if (projections[b].present) {
            put_text(out, behaviour_word((enum behaviour)b));
            buffer_double(out, 100 * projections[b].measured);
            buffer_double(out, 100 * projections[b].projected);
            buffer_double(out, alert->scoring->elasticity[b]);
            buffer_u8(out, projections[b].is_published);
        }
    }
    put_items_end(out);
}

static void put_fixes(struct buffer *out, const struct explanation *explanation)
{
    put_items(out, explanation->fix_count);
    for (unsigned i = 0; i < explanation->fix_count; i++) {
        const struct fix *fix = &explanation->fixes[i];
        char day[CLOCK_TEXT_SIZE];
        clock_format((struct event_time){fix->from_day * US_PER_DAY}, false, day);
        day[10] = '\0'; /* the date alone */
        put_text(out, driver_word(fix->driver));
        put_text(out, channel_word(fix->channel));
        buffer_double(out, fix->now);
        buffer_double(out, fix->to);
        put_optional_text(out, fix->to_benchmark ? NULL : day);
        buffer_double(out, fix->weight);
        buffer_double(out, fix->share);
        buffer_double(out, fix->gain);
        buffer_zigzag(out, fix->n);
        buffer_double(out, fix->elasticity);
        buffer_double(out, fix->worth);
    }
    put_items_end(out);
}

void explain_record_line(struct buffer *out, const struct scoring_benchmark *line)
{
    buffer_span(out, line->name);
    buffer_double(out, line->value);
    buffer_zigzag(out, line->year);
    buffer_span(out, line->source);
}

static void put_crossed(struct buffer *out, const struct alert *alert)
{
    const struct scoring_benchmark *crossed[EXPLAIN_CROSSED_MAX];
    unsigned count = explain_crossed(alert, crossed);
    put_items(out, count);
    for (unsigned i = 0; i < count; i++) {
        explain_record_line(out, crossed[i]);
    }
    put_items_end(out);
}

void explain_record(struct buffer *out, const struct alert *alert)
{
    const struct explanation *explanation = alert->explanation;
    struct buffer text;
    if (!put_present(out, explanation != NULL)) {
        return;
    }
    buffer_init(&text, EXPLAIN_TEXT_MAX);
    explain_text(&text, alert);
    buffer_span(out, buffer_as_span(&text));
    buffer_done(&text);
    buffer_zigzag(out, explanation->as_of.us);
    if (put_present(out, explanation->began.us != INT64_MIN)) {
        buffer_zigzag(out, explanation->began.us);
    }
    put_optional_double(out, explanation->compared, explanation->change);
    put_optional_double(out, explanation->compared, explanation->mix);
    put_optional_double(out, explanation->compared, explanation->others);
    put_contributions(out, explanation);
    put_moved(out, explanation);
    put_projections(out, alert);
    put_fixes(out, explanation);
    put_crossed(out, alert);
}
