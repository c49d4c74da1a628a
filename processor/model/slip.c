/* slip.c - what a slip's baselines leave out, and how it is stored. */
#include "slipstream/model/slip.h"

#include "episode_bytes.h"

#include <math.h>

#define DAYS_LEFT_OUT 64 /* bits; the panes reach back 63 days */

struct estimate finding_estimate(const struct finding *finding)
{
    if (finding->verdict != VERDICT_COMPARED) {
        return (struct estimate){.present = false};
    }
    return (struct estimate){.present = true,
                             .value = 100 * finding->now,
                             .low = 100 * fmax(0, finding->base + finding->low),
                             .high = 100 * fmin(1, finding->base + finding->high),
                             .n = (int64_t)llround(finding->n_now)};
}

void slip_init(struct slip *self)
{
    *self = (struct slip){.baseline_day = INT64_MIN};
}

/* The bits of days before `first` of the 64 up to `last`. */
static uint64_t days_before(int64_t first, int64_t last)
{
    int64_t count = first > last ? 0 : first == INT64_MIN ? DAYS_LEFT_OUT : last - first + 1; /* from first on */
    return count >= DAYS_LEFT_OUT ? 0 : ~UINT64_C(0) << count;
}

uint64_t slip_days(const struct slip *self, int64_t last)
{
    uint64_t days = ~days_before(self->baseline_day, last);
    int64_t since = last - self->left_out_day;
    if (since >= 0 && since < DAYS_LEFT_OUT) {
        days &= ~(self->left_out << since);
    } else if (since < 0 && since > -DAYS_LEFT_OUT) {
        days &= ~(self->left_out >> -since);
    }
    return slip_is_open(self) ? days & days_before(self->from_day, last) : days;
}

void slip_leave_out(struct slip *self, int64_t first, int64_t last)
{
    if (last > self->left_out_day) {
        int64_t passed = self->left_out ? last - self->left_out_day : 0;
        self->left_out = passed < DAYS_LEFT_OUT ? self->left_out << passed : 0;
        self->left_out_day = last;
    }
    for (int64_t day = last; day >= first; day--) {
        int64_t back = self->left_out_day - day;
        if (back >= DAYS_LEFT_OUT) {
            break;
        }
        self->left_out |= UINT64_C(1) << back;
    }
}

void slip_encode(const struct slip *self, struct buffer *out)
{
    episode_put(&self->episode, ALERT_SLIP, out);
    buffer_u8(out, (uint8_t)self->opened_by);
    buffer_u8(out, self->to_new_level);
    buffer_varint(out, self->fired);
    buffer_u8(out, TESTS);
    for (unsigned t = 0; t < TESTS; t++) {
        buffer_u8(out, (uint8_t)self->seen[t]);
        buffer_zigzag(out, self->looks_bad[t]);
        buffer_zigzag(out, self->bad_since[t].us);
        buffer_double(out, (double)self->phi_at_open[t]);
    }
    buffer_double(out, self->base_at_open);
    buffer_double(out, self->drop_at_open);
    buffer_zigzag(out, self->from_day);
    buffer_zigzag(out, self->baseline_day);
    buffer_u64(out, self->left_out);
    buffer_zigzag(out, self->left_out_day);
}

/* Times and days that can be reckoned with. */
#define TIME_MOST (INT64_MAX / 4)
static bool is_time(struct event_time time)
{
    return time.us >= -TIME_MOST && time.us <= TIME_MOST;
}

static bool is_day(int64_t day)
{
    return day >= -TIME_MOST / US_PER_DAY && day <= TIME_MOST / US_PER_DAY;
}

static bool has_times(const struct slip *self)
{
    bool sound = is_time(self->episode.since) && is_time(self->episode.opened) && is_time(self->episode.closed) &&
                 is_day(self->from_day) && is_day(self->left_out_day) &&
                 (is_day(self->baseline_day) || self->baseline_day == INT64_MIN);
    for (unsigned t = 0; t < TESTS; t++) {
        sound &= is_time(self->bad_since[t]);
    }
    return sound;
}

static bool is_sound(const struct slip *self)
{
    bool sound = self->opened_by < TESTS && self->fired < 1u << TESTS && isfinite(self->base_at_open) &&
                 isfinite(self->drop_at_open) && (self->fired || !slip_is_open(self));
    for (unsigned t = 0; t < TESTS; t++) {
        sound &= isfinite((double)self->phi_at_open[t]) && self->phi_at_open[t] >= 0 && self->seen[t] < VERDICTS;
    }
    return sound;
}

enum outcome slip_decode(struct slip *self, struct span bytes, struct reason *why)
{
    struct cursor in = cursor_over(bytes);
    struct slip read = {0};
    TRY(episode_get(&read.episode, ALERT_SLIP, &in, why));
    read.opened_by = (enum test)cursor_u8(&in);
    read.to_new_level = cursor_u8(&in) != 0;
    read.fired = (uint32_t)get_count((int64_t)cursor_varint(&in), UINT32_MAX, &in);
    in.broken |= cursor_u8(&in) != TESTS;
    for (unsigned t = 0; t < TESTS; t++) {
        read.seen[t] = (enum verdict)cursor_u8(&in);
        read.looks_bad[t] = (int32_t)get_count(cursor_zigzag(&in), INT32_MAX, &in);
        read.bad_since[t].us = cursor_zigzag(&in);
        read.phi_at_open[t] = (float)cursor_double(&in);
    }
    read.base_at_open = cursor_double(&in);
    read.drop_at_open = cursor_double(&in);
    read.from_day = cursor_zigzag(&in);
    read.baseline_day = cursor_zigzag(&in);
    read.left_out = cursor_u64(&in);
    read.left_out_day = cursor_zigzag(&in);
    if (in.broken || cursor_left(&in) || !is_sound(&read) || !has_times(&read)) {
        return FAIL(why, STOP, REASON_BAD_STATE, "a slip of %zu bytes cannot be read", bytes.size);
    }
    *self = read;
    return DONE;
}
