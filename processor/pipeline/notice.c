/* notice.c - an alert as JSON. */
#include "notice.h"

#include "explain_text.h"

#include <ctype.h>
#include <stdio.h>

#define TEXT_MAX 1024

static void put_time(struct jout *json, const char *key, struct event_time time)
{
    jout_key(json, key);
    jout_time(json, time);
}

void estimate_field(struct jout *json, const char *key, const struct estimate *estimate)
{
    jout_key(json, key);
    jout_open(json, '{');
    jout_key(json, "value");
    jout_real(json, estimate->value);
    jout_key(json, "low");
    jout_real(json, estimate->low);
    jout_key(json, "high");
    jout_real(json, estimate->high);
    jout_key(json, "n");
    jout_int(json, estimate->n);
    jout_close(json, '}');
}

/* In plain words. */
static void put_sentence(struct jout *json, const struct alert *alert)
{
    struct buffer sentence;
    buffer_init(&sentence, TEXT_MAX);
    alert_text(&sentence, alert);
    jout_key(json, "text");
    jout_span(json, buffer_as_span(&sentence));
    buffer_done(&sentence);
}

/* By how much it fell when it opened, if that may be said, and from where: points on 0-100. */
static void put_slip(struct jout *json, const struct slip *slip)
{
    jout_put_text(json, "window", window_shapes[test_window(slip->opened_by)].word);
    jout_put_text(json, "test", test_words[slip->opened_by]);
    jout_key(json, "from");
    jout_real(json, 100 * slip->base_at_open);
    if (slip->drop_at_open < 0) {
        jout_key(json, "drop");
        jout_real(json, -100 * slip->drop_at_open);
    }
}

void notice_fields(struct jout *json, const struct alert *alert)
{
    const struct episode *episode = alert->episode;
    char text[SUBJECT_WORD_SIZE];
    snprintf(text, sizeof text, "%016llx",
             (unsigned long long)alert_id(alert->kind, alert->agency, alert->subject, episode->ordinal));
    jout_put_text(json, "id", text);
    jout_key(json, "agency");
    jout_span(json, alert->agency);
    jout_put_text(json, "subject", subject_word(alert->subject, text));
    jout_put_text(json, "kind", alert_kind_words[alert->kind]);
    jout_put_text(json, "state", episode_state_words[episode->state]);
    jout_key(json, "ordinal");
    jout_int(json, episode->ordinal);
    put_time(json, "since", episode->since);
    put_time(json, "opened_at", episode->opened);
    if (alert->transition == ALERT_CLOSED) {
        put_time(json, "closed_at", episode->closed);
    }
    if (alert->kind == ALERT_SILENT_CHANNEL) {
        jout_put_text(json, "channel", channel_word(subject_parts(alert->subject).channel));
    }
    if (alert->kind == ALERT_SLIP) {
        put_slip(json, alert->slip);
    } else {
        jout_put_text(json, "window", alert_window(alert, text));
        jout_key(json, "target");
        jout_real(json, episode->target);
        if (alert_benchmark(alert)) {
            jout_key(json, "benchmark");
            explain_json_line(json, alert_benchmark(alert));
        }
        if (episode->hold.since.us && episode_is_open(episode)) {
            put_time(json, "method_changed_at", episode->hold.since);
        }
    }
    if (alert->to_new_level || (alert->slip && alert->slip->to_new_level)) {
        jout_key(json, "new_level");
        jout_bool(json, true);
    }
    if (alert->estimate.present) {
        estimate_field(json, "estimate", &alert->estimate);
    }
    jout_put_text(json, "method", alert->scoring->version);
    put_sentence(json, alert);
    if (alert->explanation) {
        jout_key(json, "explanation");
        explain_json(json, alert);
    }
}

/* The agency's page: its id is any UTF-8, so all but RFC 3986's unreserved characters are escaped. */
static void put_url(struct jout *json, const char *board, struct span agency)
{
    struct buffer url;
    size_t size = strlen(board);
    while (size && board[size - 1] == '/') {
        size--;
    }
    buffer_init(&url, size + 3 * ID_SIZE_MAX + 16);
    buffer_text(&url, "%.*s/agency/", (int)size, board);
    for (size_t i = 0; i < agency.size; i++) {
        uint8_t byte = agency.data[i];
        bool is_plain = byte < 0x80 && (isalnum(byte) || strchr("-._~", byte));
        buffer_text(&url, is_plain ? "%c" : "%%%02X", byte);
    }
    jout_key(json, "url");
    jout_span(json, buffer_as_span(&url));
    buffer_done(&url);
}

void notice_render(struct buffer *out, const struct alert *alert, const char *board)
{
    struct jout json = jout_into(out);
    jout_open(&json, '{');
    if (alert->transition != ALERT_NONE) {
        jout_put_text(&json, "transition", alert_transition_words[alert->transition]);
    }
    notice_fields(&json, alert);
    if (board) {
        put_url(&json, board, alert->agency);
    }
    jout_close(&json, '}');
}
