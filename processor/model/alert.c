/* alert.c - words of alerts, their identity, and episodes as they are stored. */
#include "slipstream/model/alert.h"

#include <math.h>
#include <stdio.h>

const char *const episode_state_words[EPISODE_STATES] = {"normal", "pending", "firing", "recovering", "insufficient"};
const char *const alert_transition_words[ALERT_TRANSITIONS] = {"none", "opened", "closed"};

const char *subject_word(unsigned subject, char text[64])
{
    ASSERT(subject < TARGETS);
    if (subject == TARGET_CX) {
        snprintf(text, 64, "cx");
    } else {
        snprintf(text, 64, "driver/%s", driver_word((enum driver)(subject - TARGET_DRIVER)));
    }
    return text;
}

uint64_t alert_id(struct span agency, unsigned subject, uint32_t ordinal)
{
    char text[64];
    uint64_t seed = hash64(span_text(subject_word(subject, text)), ordinal);
    return hash64(agency, seed);
}

static void put_real(struct buffer *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    buffer_u64(out, bits);
}

static double get_real(struct cursor *in)
{
    uint64_t bits = cursor_u64(in);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void episode_encode(const struct episode *self, struct buffer *out)
{
    buffer_u8(out, EPISODE_FORMAT);
    buffer_u8(out, (uint8_t)self->state);
    buffer_varint(out, self->ordinal);
    buffer_zigzag(out, self->looks_bad);
    buffer_zigzag(out, self->looks_good);
    buffer_zigzag(out, self->since.us);
    buffer_zigzag(out, self->opened.us);
    buffer_zigzag(out, self->closed.us);
    put_real(out, self->target);
    buffer_u8(out, self->at_open.present);
    put_real(out, self->at_open.value);
    put_real(out, self->at_open.low);
    put_real(out, self->at_open.high);
    buffer_zigzag(out, self->at_open.n);
}

/* A whole number of 0 … most. */
static int64_t get_count(int64_t value, int64_t most, struct cursor *in)
{
    in->broken |= value < 0 || value > most;
    return in->broken ? 0 : value;
}

static bool is_finite(const struct episode *self)
{
    return isfinite(self->target) && isfinite(self->at_open.value) && isfinite(self->at_open.low) &&
           isfinite(self->at_open.high);
}

enum outcome episode_decode(struct episode *self, struct span bytes, struct reason *why)
{
    struct cursor in = cursor_over(bytes);
    uint8_t format = cursor_u8(&in);
    if (format > EPISODE_FORMAT) {
        return FAIL(why, STOP, REASON_BAD_STATE, "an episode of format %u, written by a newer release", format);
    }
    struct episode read = {.state = (enum episode_state)cursor_u8(&in)};
    read.ordinal = (uint32_t)get_count((int64_t)cursor_varint(&in), UINT32_MAX, &in);
    read.looks_bad = (int32_t)get_count(cursor_zigzag(&in), INT32_MAX, &in);
    read.looks_good = (int32_t)get_count(cursor_zigzag(&in), INT32_MAX, &in);
    read.since.us = cursor_zigzag(&in);
    read.opened.us = cursor_zigzag(&in);
    read.closed.us = cursor_zigzag(&in);
    read.target = get_real(&in);
    read.at_open.present = cursor_u8(&in) != 0;
    read.at_open.value = get_real(&in);
    read.at_open.low = get_real(&in);
    read.at_open.high = get_real(&in);
    read.at_open.n = cursor_zigzag(&in);
    if (in.broken || cursor_left(&in) || format != EPISODE_FORMAT || read.state >= EPISODE_STATES ||
        !is_finite(&read)) {
        return FAIL(why, STOP, REASON_BAD_STATE, "an episode of %zu bytes cannot be read", bytes.size);
    }
    *self = read;
    return DONE;
}
