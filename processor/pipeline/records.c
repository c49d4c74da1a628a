/* records.c - what is published, as Avro. */
#include "explain_text.h"
#include "put.h"

#include <stdio.h>

static void put_frame(struct buffer *out, uint32_t schema_id)
{
    buffer_u8(out, 0);
    for (unsigned shift = 32; shift > 0; shift -= 8) {
        buffer_u8(out, (uint8_t)(schema_id >> (shift - 8)));
    }
}

static void put_boolean(struct buffer *out, bool value)
{
    buffer_u8(out, value);
}

static void put_optional_long(struct buffer *out, bool present, int64_t value)
{
    if (put_present(out, present)) {
        buffer_zigzag(out, value);
    }
}

static void put_estimate(struct buffer *out, const struct estimate *estimate)
{
    buffer_double(out, estimate->value);
    buffer_double(out, estimate->low);
    buffer_double(out, estimate->high);
    buffer_zigzag(out, estimate->n);
}

static void put_optional_estimate(struct buffer *out, const struct estimate *estimate, bool suppressed)
{
    if (put_present(out, estimate->present && !suppressed)) {
        put_estimate(out, estimate);
    }
}

static void put_revision(struct buffer *out, struct revision revision)
{
    buffer_zigzag(out, (int64_t)revision.epoch);
    buffer_zigzag(out, (int64_t)revision.seq);
}

bool counts_are_few(int64_t interactions, int64_t surveys_answered, const struct scoring *scoring)
{
    int64_t people = interactions > surveys_answered ? interactions : surveys_answered;
    return people < scoring->suppress_below;
}

bool card_is_suppressed(const struct card *card, const struct scoring *scoring)
{
    return card->withheld || counts_are_few(card->interactions, card->surveys_answered, scoring);
}

static void put_aggregate_name(struct buffer *out, const struct aggregate *aggregate)
{
    buffer_span(out, aggregate->agency);
    buffer_span(out, aggregate->service);
    put_text(out, channel_word(aggregate->channel));
    put_text(out, window_shapes[aggregate->window].word);
}

void record_aggregate_key(struct buffer *out, uint32_t schema_id, const struct aggregate *aggregate)
{
    put_frame(out, schema_id);
    put_aggregate_name(out, aggregate);
}

static bool signal_was_said(const int64_t *counts, const struct signal_info *info)
{
    for (unsigned i = 0; i < info->width; i++) {
        if (counts[info->first + i]) {
            return true;
        }
    }
    return false;
}

/* A map of arrays: the signals that were said, with their counts. */
static void put_signals(struct buffer *out, const int64_t *counts)
{
    int64_t said = 0;
    for (unsigned s = 0; s < SIGNALS; s++) {
        said += signal_was_said(counts, &signal_table[s]);
    }
    put_items(out, said);
    for (unsigned s = 0; s < SIGNALS; s++) {
        const struct signal_info *info = &signal_table[s];
        if (!signal_was_said(counts, info)) {
            continue;
        }
        put_text(out, info->word);
        buffer_zigzag(out, info->width);
        for (unsigned i = 0; i < info->width; i++) {
            buffer_zigzag(out, counts[info->first + i]);
        }
        put_items_end(out);
    }
    put_items_end(out);
}

void record_aggregate(struct buffer *out, uint32_t schema_id, const struct aggregate *aggregate)
{
    const int64_t *counts = aggregate->counts;
    put_frame(out, schema_id);
    put_aggregate_name(out, aggregate);
    put_revision(out, aggregate->revision);
    buffer_zigzag(out, aggregate->as_of.us);
    put_boolean(out, aggregate->catching_up);
    put_boolean(out, aggregate->suppressed);
    put_optional_long(out, !aggregate->suppressed, counts[COUNTER_INTERACTIONS]);
    put_optional_long(out, !aggregate->suppressed, counts[COUNTER_EVENTS]);
    if (aggregate->suppressed) {
        put_items_end(out);
    } else {
        put_signals(out, counts);
    }
}

static void put_drivers(struct buffer *out, const struct card *card, bool suppressed)
{
    int64_t present = 0;
    for (unsigned d = 0; d < DRIVERS && !suppressed; d++) {
        present += card->drivers[d].score.present;
    }
    put_items(out, present);
    for (unsigned d = 0; d < DRIVERS && present; d++) {
        const struct driver_score *driver = &card->drivers[d];
        if (driver->score.present) {
            put_text(out, driver_word((enum driver)d));
            put_optional_estimate(out, &driver->score, false);
            put_optional_estimate(out, &driver->operational, false);
            put_optional_estimate(out, &driver->survey, false);
        }
    }
    put_items_end(out);
}

static void put_behaviours(struct buffer *out, const struct card *card, bool suppressed)
{
    int64_t present = 0;
    for (unsigned b = 0; b < BEHAVIOURS && !suppressed; b++) {
        present += card->behaviours[b].present;
    }
    put_items(out, present);
    for (unsigned b = 0; b < BEHAVIOURS && present; b++) {
        if (card->behaviours[b].present) {
            put_text(out, behaviour_word((enum behaviour)b));
            put_estimate(out, &card->behaviours[b]);
        }
    }
    put_items_end(out);
}

static void put_causes(struct buffer *out, const struct card *card, bool suppressed)
{
    int64_t present = 0;
    for (unsigned c = 0; c < CAUSES && !suppressed; c++) {
        present += card->causes[c].present;
    }
    put_items(out, present);
    for (unsigned c = 0; c < CAUSES && present; c++) {
        if (card->causes[c].present) {
            put_text(out, cause_word((enum cause)c));
            buffer_double(out, card->causes[c].value);
            buffer_zigzag(out, card->causes[c].n);
        }
    }
    put_items_end(out);
}

static void put_card(struct buffer *out, const struct card *card, enum window window, const char *channel,
                     const struct scoring *scoring)
{
    bool suppressed = card_is_suppressed(card, scoring);
    put_text(out, window_shapes[window].word);
    if (put_present(out, channel != NULL)) {
        put_text(out, channel);
    }
    put_boolean(out, suppressed);
    put_optional_long(out, !suppressed, card->interactions);
    put_optional_estimate(out, &card->cx, suppressed);
    put_drivers(out, card, suppressed);
    put_behaviours(out, card, suppressed);
    put_optional_estimate(out, &card->satisfaction, suppressed);
    put_optional_long(out, !suppressed, card->surveys_offered);
    put_optional_long(out, !suppressed, card->surveys_answered);
    put_optional_estimate(out, &card->response_rate, suppressed);
    put_causes(out, card, suppressed);
}

static void put_services(struct buffer *out, const struct scorecard *scorecard)
{
    put_items(out, (int64_t)scorecard->service_count);
    for (size_t s = 0; s < scorecard->service_count; s++) {
        const struct service_cards *service = &scorecard->services[s];
        int64_t count = 0;
        for (unsigned w = 0; w < WINDOWS; w++) {
            count += service->cards[w].events != 0;
        }
        buffer_span(out, service->service);
        put_items(out, count);
        for (unsigned w = 0; w < WINDOWS; w++) {
            if (service->cards[w].events) {
                put_card(out, &service->cards[w], (enum window)w, NULL, scorecard->scoring);
            }
        }
        put_items_end(out);
    }
    put_items_end(out);
    buffer_zigzag(out, (int64_t)scorecard->services_left);
}

void record_cards(struct buffer *out, const struct scorecard *scorecard)
{
    int64_t count = WINDOWS;
    for (unsigned w = 0; w < WINDOWS; w++) {
        for (unsigned c = 0; c < CHANNELS; c++) {
            count += scorecard->channels[w][c].events != 0;
        }
    }
    put_items(out, count);
    for (unsigned w = 0; w < WINDOWS; w++) {
        put_card(out, &scorecard->all[w], (enum window)w, NULL, scorecard->scoring);
        for (unsigned c = 0; c < CHANNELS; c++) {
            if (scorecard->channels[w][c].events) {
                put_card(out, &scorecard->channels[w][c], (enum window)w, channel_word((enum channel)c),
                         scorecard->scoring);
            }
        }
    }
    put_items_end(out);
    put_services(out, scorecard);
}

void record_score(struct buffer *out, uint32_t schema_id, const struct scorecard *scorecard)
{
    put_frame(out, schema_id);
    buffer_span(out, scorecard->agency);
    put_revision(out, scorecard->revision);
    buffer_zigzag(out, scorecard->as_of.us);
    put_boolean(out, scorecard->catching_up);
    put_text(out, scorecard->scoring->version);
    record_cards(out, scorecard);
}

/* What was missed: the target, or of a slip what it fell from. */
static double compared_with(const struct alert *alert)
{
    return alert->kind == ALERT_SLIP ? 100 * alert->slip->base_at_open : alert->episode->target;
}

void record_alert(struct buffer *out, uint32_t schema_id, const struct alert *alert)
{
    const struct episode *episode = alert->episode;
    char text[64];
    bool is_closed = alert->transition == ALERT_CLOSED;
    put_frame(out, schema_id);
    snprintf(text, sizeof text, "%016llx",
             (unsigned long long)alert_id(alert->kind, alert->agency, alert->subject, episode->ordinal));
    put_text(out, text);
    buffer_span(out, alert->agency);
    put_text(out, subject_word(alert->subject, text));
    put_text(out, alert_kind_words[alert->kind]);
    put_text(out, episode_state_words[episode->state]);
    put_text(out, alert_transition_words[alert->transition]);
    buffer_zigzag(out, episode->ordinal);
    buffer_zigzag(out, episode->since.us);
    buffer_zigzag(out, episode->opened.us);
    put_optional_long(out, is_closed, episode->closed.us);
    put_text(out, alert_window(alert, text));
    buffer_double(out, compared_with(alert));
    put_estimate(out, &alert->estimate);
    put_text(out, alert->scoring->version);
    struct buffer sentence;
    buffer_init(&sentence, 1024);
    alert_text(&sentence, alert);
    buffer_span(out, buffer_as_span(&sentence));
    buffer_done(&sentence);
    explain_record(out, alert);
    const struct scoring_benchmark *published = alert_benchmark(alert);
    if (put_present(out, published != NULL)) {
        explain_record_line(out, published);
    }
    if (put_present(out, alert->kind == ALERT_SILENT_CHANNEL)) {
        put_text(out, channel_word(subject_parts(alert->subject).channel));
    }
}
