/* interaction.c - the table of fields as data, and whether an interaction means something. */
#include "slipstream/model/interaction.h"

#include <stdio.h>

#define DURATION_MS_MAX (INT64_C(400) * 24 * 3600 * 1000) /* longer than any published service standard */
#define TRANSFERS_MAX 1000

static const char *const channel_words[CHANNELS] = {"web", "phone", "office", "chat"};

const char *channel_word(enum channel channel)
{
    ASSERT(channel < CHANNELS);
    return channel_words[channel];
}

bool channel_from_word(struct span word, enum channel *channel)
{
    for (unsigned i = 0; i < CHANNELS; i++) {
        if (span_equal(word, span_text(channel_words[i]))) {
            *channel = (enum channel)i;
            return true;
        }
    }
    return false;
}

const struct interaction_field interaction_fields[] = {
#define FIELD_ROW(member, type, path) {path, type, offsetof(struct interaction, member)},
    INTERACTION_TEXTS(FIELD_ROW) INTERACTION_NUMBERS(FIELD_ROW)
#undef FIELD_ROW
};
const size_t interaction_field_count = sizeof interaction_fields / sizeof *interaction_fields;

void interaction_init(struct interaction *self, enum channel channel)
{
    *self = (struct interaction){.channel = channel};
#define FIELD_ABSENT(member, type, path) self->member = ABSENT;
    INTERACTION_NUMBERS(FIELD_ABSENT)
#undef FIELD_ABSENT
}

static enum outcome check_id(struct span id, const char *name, struct reason *why)
{
    if (id.size == 0) {
        return FAIL(why, SKIP, REASON_MISSING_FIELD, "%s is empty", name);
    }
    if (id.size > ID_SIZE_MAX) {
        return FAIL(why, SKIP, REASON_TOO_LONG, "%s has %zu bytes, at most %d are allowed", name, id.size, ID_SIZE_MAX);
    }
    return DONE;
}

static enum outcome check_duration(int64_t ms, const char *name, struct reason *why)
{
    if (ms != ABSENT && (ms < 0 || ms > DURATION_MS_MAX)) {
        return FAIL(why, SKIP, REASON_BAD_DURATION, "%s is %s", name, ms < 0 ? "negative" : "over 400 days");
    }
    return DONE;
}

static enum outcome check_ratings(const struct interaction *self, struct reason *why)
{
    const int64_t *rating = &self->rating_office_answers;
    const int64_t *last = &self->rating_satisfaction;
    for (; rating <= last; rating++) {
        if (*rating != ABSENT && (*rating < 1 || *rating > 5)) {
            return FAIL(why, SKIP, REASON_BAD_RATING, "a survey answer is outside 1 to 5");
        }
    }
    return DONE;
}

static enum outcome check_times(const struct interaction *self, const struct time_bounds *bounds, struct event_time now,
                                struct reason *why)
{
    if (self->occurred_at == ABSENT) {
        return FAIL(why, SKIP, REASON_MISSING_FIELD, "occurred_at is absent");
    }
    /* Differences are taken from `now`, which is far from both ends of the type, so neither side can overflow. */
    if (self->occurred_at > now.us + bounds->ahead_us_max) {
        return FAIL(why, SKIP, REASON_IN_FUTURE, "occurred_at is more than %lld s ahead of the clock",
                    (long long)(bounds->ahead_us_max / US_PER_SECOND));
    }
    if (self->occurred_at < now.us - bounds->age_us_max) {
        return FAIL(why, SKIP, REASON_TOO_LATE, "occurred_at is older than %lld days",
                    (long long)(bounds->age_us_max / US_PER_DAY));
    }
    if (self->started_at != ABSENT && self->started_at > self->occurred_at) {
        return FAIL(why, SKIP, REASON_ENDS_BEFORE_START, "occurred_at is before started_at");
    }
    return DONE;
}

enum outcome interaction_check(const struct interaction *self, const struct time_bounds *bounds, struct event_time now,
                               struct reason *why)
{
    TRY(check_id(self->event_id, "event_id", why));
    TRY(check_id(self->interaction_id, "interaction_id", why));
    TRY(check_id(self->agency, "agency", why));
    TRY(check_id(self->service, "service", why));
    if (self->kind == ABSENT) {
        return FAIL(why, SKIP, REASON_MISSING_FIELD, "kind is absent");
    }
    TRY(check_times(self, bounds, now, why));
    TRY(check_duration(self->resolution, "resolution_seconds", why));
    TRY(check_duration(self->wait, "wait_seconds", why));
    TRY(check_duration(self->hold, "hold_seconds", why));
    TRY(check_duration(self->wrap_up, "wrap_up_seconds", why));
    if (self->transfers != ABSENT && (self->transfers < 0 || self->transfers > TRANSFERS_MAX)) {
        return FAIL(why, SKIP, REASON_BAD_NUMBER, "transfers is outside 0 to %d", TRANSFERS_MAX);
    }
    return check_ratings(self, why);
}
