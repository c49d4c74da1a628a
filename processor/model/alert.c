/* alert.c - words of alerts, their identity, and episodes as they are stored. */
#include "episode_bytes.h"

#include <math.h>

const char *const episode_state_words[EPISODE_STATES] = {"normal",     "pending",      "firing",
                                                         "recovering", "insufficient", "learning"};
const char *const alert_kind_words[ALERT_KINDS] = {"target", "slip", "benchmark", "silent_channel", "divergence"};
const enum alert_kind line_alerts[LINES] = {[LINE_TARGET] = ALERT_TARGET, [LINE_BENCHMARK] = ALERT_BENCHMARK};
const char *const alert_transition_words[ALERT_TRANSITIONS] = {"none", "opened", "closed", "updated"};

/* A target's id is as the first release made it: of the subject's word alone. */
uint64_t alert_id(enum alert_kind kind, struct span agency, unsigned subject, uint32_t ordinal)
{
    char text[SUBJECT_WORD_SIZE];
    uint64_t seed = hash64(span_text(subject_word(subject, text)), ordinal);
    if (kind != ALERT_TARGET) {
        seed = hash64(span_text(alert_kind_words[kind]), seed);
    }
    return hash64(agency, seed);
}

void episode_put(const struct episode *self, enum alert_kind kind, struct buffer *out)
{
    buffer_u8(out, EPISODE_FORMAT);
    buffer_u8(out, (uint8_t)kind);
    buffer_u8(out, (uint8_t)self->state);
    buffer_varint(out, self->ordinal);
    buffer_zigzag(out, self->looks_bad);
    buffer_zigzag(out, self->looks_good);
    buffer_zigzag(out, self->since.us);
    buffer_zigzag(out, self->opened.us);
    buffer_zigzag(out, self->closed.us);
    buffer_double(out, self->target);
    buffer_u8(out, self->at_open.present);
    buffer_double(out, self->at_open.value);
    buffer_double(out, self->at_open.low);
    buffer_double(out, self->at_open.high);
    buffer_zigzag(out, self->at_open.n);
    buffer_u64(out, self->method);
    buffer_zigzag(out, self->hold.since.us);
    buffer_double(out, self->hold.edge);
    buffer_double(out, self->hold.line);
}

static bool is_finite(const struct episode *self)
{
    return isfinite(self->target) && isfinite(self->at_open.value) && isfinite(self->at_open.low) &&
           isfinite(self->at_open.high) && isfinite(self->hold.edge) && isfinite(self->hold.line);
}

static void get_method(struct episode *self, struct cursor *in)
{
    self->method = cursor_u64(in);
    self->hold.since.us = cursor_zigzag(in);
    self->hold.edge = cursor_double(in);
    self->hold.line = cursor_double(in);
}

enum outcome episode_get(struct episode *self, enum alert_kind kind, struct cursor *in, struct reason *why)
{
    size_t size = cursor_left(in);
    uint8_t format = cursor_u8(in);
    if (format > EPISODE_FORMAT) {
        return FAIL(why, STOP, REASON_BAD_STATE, "an episode of format %u, written by a newer release", format);
    }
    uint8_t stored_kind = format >= 2 ? cursor_u8(in) : ALERT_TARGET;
    struct episode read = {.state = (enum episode_state)cursor_u8(in)};
    read.ordinal = (uint32_t)get_count((int64_t)cursor_varint(in), UINT32_MAX, in);
    read.looks_bad = (int32_t)get_count(cursor_zigzag(in), INT32_MAX, in);
    read.looks_good = (int32_t)get_count(cursor_zigzag(in), INT32_MAX, in);
    read.since.us = cursor_zigzag(in);
    read.opened.us = cursor_zigzag(in);
    read.closed.us = cursor_zigzag(in);
    read.target = cursor_double(in);
    read.at_open.present = cursor_u8(in) != 0;
    read.at_open.value = cursor_double(in);
    read.at_open.low = cursor_double(in);
    read.at_open.high = cursor_double(in);
    read.at_open.n = cursor_zigzag(in);
    if (format >= 3) {
        get_method(&read, in);
    }
    if (in->broken || format == 0 || stored_kind != kind || read.state >= EPISODE_STATES || !is_finite(&read)) {
        return FAIL(why, STOP, REASON_BAD_STATE, "an episode of %zu bytes cannot be read", size);
    }
    *self = read;
    return DONE;
}

void episode_encode(const struct episode *self, enum alert_kind kind, struct buffer *out)
{
    episode_put(self, kind, out);
}

enum outcome episode_decode(struct episode *self, enum alert_kind kind, struct span bytes, struct reason *why)
{
    struct cursor in = cursor_over(bytes);
    struct episode read;
    TRY(episode_get(&read, kind, &in, why));
    if (cursor_left(&in)) {
        return FAIL(why, STOP, REASON_BAD_STATE, "an episode of %zu bytes cannot be read", bytes.size);
    }
    *self = read;
    return DONE;
}
