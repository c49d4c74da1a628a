/* interaction.c - the table of fields as data, and whether an interaction means something. */
#include "slipstream/model/interaction.h"

#include <stdio.h>

#define DURATION_MS_MAX   (INT64_C(400) * 24 * 3600 * 1000) /* longer than any published service standard */
#define DURATION_MS_USUAL (UINT64_C(1) << 35)
_Static_assert(DURATION_MS_USUAL <= DURATION_MS_MAX, "what is usual is allowed");
#define TRANSFERS_MAX 1000
#define ID_SIZE_USUAL 128
_Static_assert(ID_SIZE_USUAL <= ID_SIZE_MAX, "what is usual is allowed");

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

bool channel_has_field(enum channel channel, const struct interaction_field *field)
{
    static const unsigned web = 1u << CHANNEL_WEB;
    static const unsigned office = 1u << CHANNEL_OFFICE;
    static const unsigned chat = 1u << CHANNEL_CHAT;
    static const unsigned voice = 1u << CHANNEL_PHONE | 1u << CHANNEL_OFFICE | 1u << CHANNEL_CHAT;
    const struct {
        size_t offset;
        unsigned channels;
    } rows[] = {
#define ONLY(member, channels) {offsetof(struct interaction, member), channels}
        ONLY(completed, web),
        ONLY(page_helpful, web),
        ONLY(search_found, web),
        ONLY(error_shown, web),
        ONLY(outcome, voice),
        ONLY(wait, voice),
        ONLY(contained, chat),
        ONLY(timing_inaccurate, office),
        ONLY(questions_answered, voice),
        ONLY(resolved, voice),
        ONLY(transfers, voice),
        ONLY(agent_informed, voice),
        ONLY(escalated, voice),
        ONLY(hold, voice),
        ONLY(wrap_up, voice),
#undef ONLY
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].offset == field->offset) {
            return (rows[i].channels >> channel & 1) != 0;
        }
    }
    return true;
}

void interaction_init(struct interaction *self, enum channel channel)
{
    *self = (struct interaction){.channel = channel};
#define FIELD_ABSENT(member, type, path) self->member = ABSENT;
    INTERACTION_NUMBERS(FIELD_ABSENT)
#undef FIELD_ABSENT
}

/* Nearly all ids are far from too long, which is seen at once; the others are looked at one by one. */
static inline bool ids_are_short(const struct interaction *self)
{
    return ((self->event_id.size - 1) | (self->interaction_id.size - 1) | (self->agency.size - 1) |
            (self->service.size - 1)) < ID_SIZE_USUAL; /* 0 - 1 is the greatest there is */
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

/* Absent, or from least to most: without a branch, for most events have most numbers, and all are right. */
static inline bool is_within(int64_t value, int64_t least, int64_t most)
{
    return (value == ABSENT) | ((uint64_t)value - (uint64_t)least <= (uint64_t)most - (uint64_t)least);
}

/* Most events have no survey's answers, which is seen sooner than that each of them is right. */
static inline bool ratings_are_within(const struct interaction *self)
{
    enum {
        RATING_FIELDS =
            (offsetof(struct interaction, rating_satisfaction) - offsetof(struct interaction, rating_office_answers)) /
                sizeof(int64_t) +
            1
    };
    const int64_t *ratings = &self->rating_office_answers;
    int64_t any = ABSENT; /* both stay as they are only when every one is absent */
    int64_t all = ABSENT;
#pragma GCC unroll 16
    for (size_t i = 0; i < RATING_FIELDS; i++) {
        any |= ratings[i];
        all &= ratings[i];
    }
    if (any == ABSENT && all == ABSENT) {
        return true;
    }
    bool good = true;
#pragma GCC unroll 16
    for (size_t i = 0; i < RATING_FIELDS; i++) {
        good &= is_within(ratings[i], 1, 5);
    }
    return good;
}

/* As it is, or 0: of such, none is above a power of two when all bits of them together are not. */
static inline uint64_t bits_there(int64_t value)
{
    return value == ABSENT ? 0 : (uint64_t)value;
}

static inline bool numbers_are_usual(const struct interaction *self)
{
    const uint64_t durations =
        bits_there(self->resolution) | bits_there(self->wait) | bits_there(self->hold) | bits_there(self->wrap_up);
    return durations < DURATION_MS_USUAL && bits_there(self->transfers) <= TRANSFERS_MAX;
}

static inline bool numbers_are_within(const struct interaction *self)
{
    return ratings_are_within(self) &&
           (numbers_are_usual(self) ||
            (is_within(self->resolution, 0, DURATION_MS_MAX) & is_within(self->wait, 0, DURATION_MS_MAX) &
             is_within(self->hold, 0, DURATION_MS_MAX) & is_within(self->wrap_up, 0, DURATION_MS_MAX) &
             is_within(self->transfers, 0, TRANSFERS_MAX)));
}

/* Says which of the numbers is wrong, when one is. */
static enum outcome refuse_number(const struct interaction *self, struct reason *why)
{
    for (size_t i = 0; i < interaction_field_count; i++) {
        const struct interaction_field *field = &interaction_fields[i];
        int64_t value;
        memcpy(&value, (const uint8_t *)self + field->offset, sizeof value);
        if (field->type == FIELD_SECONDS && !is_within(value, 0, DURATION_MS_MAX)) {
            return FAIL(why, SKIP, REASON_BAD_DURATION, "%s is %s", field->path,
                        value < 0 ? "negative" : "over 400 days");
        }
        if (field->type == FIELD_NUMBER && field->offset == offsetof(struct interaction, transfers)) {
            if (!is_within(value, 0, TRANSFERS_MAX)) {
                return FAIL(why, SKIP, REASON_BAD_NUMBER, "%s is outside 0 to %d", field->path, TRANSFERS_MAX);
            }
        } else if (field->type == FIELD_NUMBER && !is_within(value, 1, 5)) {
            return FAIL(why, SKIP, REASON_BAD_RATING, "%s is outside 1 to 5", field->path);
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
    if (!ids_are_short(self)) {
        TRY(check_id(self->event_id, "event_id", why));
        TRY(check_id(self->interaction_id, "interaction_id", why));
        TRY(check_id(self->agency, "agency", why));
        TRY(check_id(self->service, "service", why));
    }
    if (self->kind == ABSENT) {
        return FAIL(why, SKIP, REASON_MISSING_FIELD, "kind is absent");
    }
    TRY(check_times(self, bounds, now, why));
    return numbers_are_within(self) ? DONE : refuse_number(self, why);
}
