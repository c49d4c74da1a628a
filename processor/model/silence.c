/* silence.c - a ring of hours, and how it is stored. */
#include "slipstream/model/silence.h"

#include "episode_bytes.h"

#define WORDS      (sizeof((struct silence *)0)->heard / sizeof(uint64_t))
#define HOURS_WEEK (INT64_C(7) * 24)
#define HOUR_MOST  (INT64_MAX / US_PER_HOUR)

static uint64_t bit_of(int64_t hour, size_t *word)
{
    int64_t place = hour % SILENCE_HOURS;
    place += place < 0 ? SILENCE_HOURS : 0;
    *word = (size_t)place / 64;
    return UINT64_C(1) << place % 64;
}

static void set(struct silence *self, int64_t hour, bool heard)
{
    size_t word;
    uint64_t bit = bit_of(hour, &word);
    self->heard[word] = heard ? self->heard[word] | bit : self->heard[word] & ~bit;
}

bool silence_was_heard(const struct silence *self, int64_t hour)
{
    size_t word;
    uint64_t bit = bit_of(hour, &word);
    return hour <= self->hour && hour > self->hour - SILENCE_HOURS && (self->heard[word] & bit);
}

void silence_hear(struct silence *self, int64_t hour, bool heard)
{
    if (self->hour == 0 || hour - self->hour >= SILENCE_HOURS) {
        memset(self->heard, 0, sizeof self->heard);
        self->hour = hour;
    }
    for (; self->hour < hour; self->hour++) {
        set(self, self->hour + 1, self->hour + 1 < hour && silence_was_heard(self, self->hour + 1 - HOURS_WEEK));
    }
    if (heard) {
        set(self, hour, true);
    }
}

void silence_encode(const struct silence *self, struct buffer *out)
{
    episode_put(&self->episode, ALERT_SILENT_CHANNEL, out);
    buffer_u8(out, self->to_new_level);
    buffer_zigzag(out, self->hour);
    for (size_t i = 0; i < WORDS; i++) {
        buffer_u64(out, self->heard[i]);
    }
}

enum outcome silence_decode(struct silence *self, struct span bytes, struct reason *why)
{
    struct cursor in = cursor_over(bytes);
    struct silence read = {0};
    TRY(episode_get(&read.episode, ALERT_SILENT_CHANNEL, &in, why));
    read.to_new_level = cursor_u8(&in) != 0;
    read.hour = cursor_zigzag(&in);
    for (size_t i = 0; i < WORDS; i++) {
        read.heard[i] = cursor_u64(&in);
    }
    if (in.broken || cursor_left(&in) || read.hour > HOUR_MOST || read.hour < -HOUR_MOST) {
        return FAIL(why, STOP, REASON_BAD_STATE, "a silence of %zu bytes cannot be read", bytes.size);
    }
    *self = read;
    return DONE;
}
