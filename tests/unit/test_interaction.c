/* test_interaction.c - the table of fields, the words of channels, and which interactions mean something. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "slipstream/model.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define NOW            INT64_C(1795339800000000)
#define MINUTES(n)     ((n)*INT64_C(60000000))
#define WEEKS(n)       ((n)*INT64_C(604800000000))
#define DAYS_400_IN_MS INT64_C(34560000000)
#define AT(member)     offsetof(struct interaction, member)
#define CHANGED(m, v)  AT(m), (v)
#define UNCHANGED      AT(channel), 0
#define LEAST          (INT64_MIN + 1) /* INT64_MIN itself says "absent" */

static const struct time_bounds bounds = {MINUTES(5), WEEKS(9)};

static struct interaction valid(void)
{
    struct interaction it;
    interaction_init(&it, CHANNEL_PHONE);
    it.event_id = it.interaction_id = span_text("e-1");
    it.agency = span_text("tax");
    it.service = span_text("returns");
    it.kind = EVENT_INTERACTION;
    it.occurred_at = NOW;
    return it;
}

static const struct {
    const char *name;
    size_t offset; /* of the number that is changed */
    int64_t number;
    enum outcome outcome;
    enum reason_code code;
} numbers[] = {
    {"nothing but what is needed", UNCHANGED, DONE, REASON_NONE},
    {"kind absent", CHANGED(kind, ABSENT), SKIP, REASON_MISSING_FIELD},
    {"occurred_at absent", CHANGED(occurred_at, ABSENT), SKIP, REASON_MISSING_FIELD},
    {"five minutes ahead", CHANGED(occurred_at, NOW + MINUTES(5)), DONE, REASON_NONE},
    {"and a microsecond", CHANGED(occurred_at, NOW + MINUTES(5) + 1), SKIP, REASON_IN_FUTURE},
    {"the end of time", CHANGED(occurred_at, INT64_MAX), SKIP, REASON_IN_FUTURE},
    {"nine weeks old", CHANGED(occurred_at, NOW - WEEKS(9)), DONE, REASON_NONE},
    {"and a microsecond", CHANGED(occurred_at, NOW - WEEKS(9) - 1), SKIP, REASON_TOO_LATE},
    {"before 1970", CHANGED(occurred_at, -1), SKIP, REASON_TOO_LATE},
    {"the beginning of time", CHANGED(occurred_at, LEAST), SKIP, REASON_TOO_LATE},
    {"ends when it starts", CHANGED(started_at, NOW), DONE, REASON_NONE},
    {"ends before it starts", CHANGED(started_at, NOW + 1), SKIP, REASON_ENDS_BEFORE_START},
    {"starts at the end of time", CHANGED(started_at, INT64_MAX), SKIP, REASON_ENDS_BEFORE_START},
    {"started at the beginning of time", CHANGED(started_at, LEAST), DONE, REASON_NONE},
    {"no resolution time", CHANGED(resolution, 0), DONE, REASON_NONE},
    {"resolution of 400 days", CHANGED(resolution, DAYS_400_IN_MS), DONE, REASON_NONE},
    {"and a millisecond", CHANGED(resolution, DAYS_400_IN_MS + 1), SKIP, REASON_BAD_DURATION},
    {"longest number as resolution", CHANGED(resolution, INT64_MAX), SKIP, REASON_BAD_DURATION},
    {"negative resolution", CHANGED(resolution, -1), SKIP, REASON_BAD_DURATION},
    {"most negative resolution", CHANGED(resolution, LEAST), SKIP, REASON_BAD_DURATION},
    {"negative wait", CHANGED(wait, -1), SKIP, REASON_BAD_DURATION},
    {"long wait", CHANGED(wait, DAYS_400_IN_MS + 1), SKIP, REASON_BAD_DURATION},
    {"negative hold", CHANGED(hold, -1), SKIP, REASON_BAD_DURATION},
    {"long hold", CHANGED(hold, DAYS_400_IN_MS + 1), SKIP, REASON_BAD_DURATION},
    {"negative wrap-up", CHANGED(wrap_up, -1), SKIP, REASON_BAD_DURATION},
    {"long wrap-up", CHANGED(wrap_up, DAYS_400_IN_MS + 1), SKIP, REASON_BAD_DURATION},
    {"no transfers", CHANGED(transfers, 0), DONE, REASON_NONE},
    {"a thousand transfers", CHANGED(transfers, 1000), DONE, REASON_NONE},
    {"more transfers", CHANGED(transfers, 1001), SKIP, REASON_BAD_NUMBER},
    {"negative transfers", CHANGED(transfers, -1), SKIP, REASON_BAD_NUMBER},
    {"most transfers", CHANGED(transfers, INT64_MAX), SKIP, REASON_BAD_NUMBER},
};

static void check(const char *name, const struct interaction *it, enum outcome outcome, enum reason_code code)
{
    struct reason why = {REASON_NONE, ""};
    enum outcome got = interaction_check(it, &bounds, (struct event_time){NOW}, &why);
    if (got != outcome || why.code != code) {
        fail_msg("%s: outcome %d, reason %s (%s)", name, got, reason_word(why.code), why.text);
    }
    if ((code != REASON_NONE) != (why.text[0] != '\0')) {
        fail_msg("%s: the reason says \"%s\"", name, why.text);
    }
}

static void numbers_are_checked(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(numbers); row++) {
        struct interaction it = valid();
        if (numbers[row].offset != AT(channel)) {
            memcpy((char *)&it + numbers[row].offset, &numbers[row].number, sizeof numbers[row].number);
        }
        check(numbers[row].name, &it, numbers[row].outcome, numbers[row].code);
    }
}

static const struct {
    const char *name;
    size_t size; /* of the id; NO_DATA: absent */
    enum outcome outcome;
    enum reason_code code;
} ids[] = {
#define NO_DATA SIZE_MAX
    {"absent", NO_DATA, SKIP, REASON_MISSING_FIELD},
    {"empty", 0, SKIP, REASON_MISSING_FIELD},
    {"one byte", 1, DONE, REASON_NONE},
    {"200 bytes", 200, DONE, REASON_NONE},
    {"201 bytes", 201, SKIP, REASON_TOO_LONG},
    {"a megabyte", 1u << 20, SKIP, REASON_TOO_LONG},
};

static void each_id_is_checked(void **state)
{
    (void)state;
    static const size_t members[] = {AT(event_id), AT(interaction_id), AT(agency), AT(service)};
    static uint8_t text[1u << 20];
    for (size_t member = 0; member < COUNT(members); member++) {
        for (size_t row = 0; row < COUNT(ids); row++) {
            struct interaction it = valid();
            struct span id = ids[row].size == NO_DATA ? (struct span){NULL, 0} : span_of(text, ids[row].size);
            memcpy((char *)&it + members[member], &id, sizeof id);
            check(ids[row].name, &it, ids[row].outcome, ids[row].code);
        }
    }
}

static void each_rating_is_checked(void **state)
{
    (void)state;
    static const size_t members[] = {
        AT(rating_office_answers),   AT(rating_rep_answers),  AT(rating_quality),
        AT(rating_quick_resolution), AT(rating_compliance),   AT(rating_engagement_advice),
        AT(rating_engagement_enrol), AT(rating_advocacy),     AT(rating_trust),
        AT(rating_forgiveness),      AT(rating_satisfaction),
    };
    static const int64_t ratings[] = {LEAST, -1, 0, 1, 2, 3, 4, 5, 6, INT64_MAX};
    assert_int_equal(COUNT(members), RATINGS);
    for (size_t member = 0; member < COUNT(members); member++) {
        for (size_t i = 0; i < COUNT(ratings); i++) {
            struct interaction it = valid();
            memcpy((char *)&it + members[member], &ratings[i], sizeof ratings[i]);
            bool fine = ratings[i] >= 1 && ratings[i] <= 5;
            check("a rating", &it, fine ? DONE : SKIP, fine ? REASON_NONE : REASON_BAD_RATING);
        }
    }
}

/* A clock near its own zero is as good as any. */
static void times_are_compared_with_the_clock_given(void **state)
{
    (void)state;
    struct reason why;
    struct interaction it = valid();
    it.occurred_at = -WEEKS(9);
    assert_int_equal(interaction_check(&it, &bounds, (struct event_time){0}, &why), DONE);
    it.occurred_at = MINUTES(5) + 1;
    assert_int_equal(interaction_check(&it, &bounds, (struct event_time){0}, &why), SKIP);
    assert_int_equal(why.code, REASON_IN_FUTURE);
    assert_int_equal(interaction_check(&it, &bounds, (struct event_time){0}, NULL), SKIP);
}

static void everything_is_absent_at_first(void **state)
{
    (void)state;
    struct interaction it;
    memset(&it, 0xA5, sizeof it);
    interaction_init(&it, CHANNEL_CHAT);
    assert_int_equal(it.channel, CHANNEL_CHAT);
    for (size_t i = 0; i < interaction_field_count; i++) {
        const char *member = (const char *)&it + interaction_fields[i].offset;
        if (interaction_fields[i].type == FIELD_TEXT) {
            struct span text;
            memcpy(&text, member, sizeof text);
            assert_null(text.data);
            assert_int_equal(text.size, 0);
        } else {
            int64_t number;
            memcpy(&number, member, sizeof number);
            assert_int_equal(number, INT64_MIN);
        }
    }
}

/* The members of the struct lie side by side and each has one row: what an offset leaves over would be a lost field. */
static void the_table_has_every_field_once(void **state)
{
    (void)state;
    size_t end = 0;
    for (size_t i = 0; i < interaction_field_count; i++) {
        assert_int_equal(interaction_fields[i].offset, end);
        end += interaction_fields[i].type == FIELD_TEXT ? sizeof(struct span) : sizeof(int64_t);
        for (size_t other = 0; other < i; other++) {
            assert_string_not_equal(interaction_fields[i].path, interaction_fields[other].path);
        }
    }
    assert_int_equal(end, AT(channel));
    assert_string_equal(interaction_fields[0].path, "event_id");
    assert_string_equal(interaction_fields[interaction_field_count - 1].path, "wrap_up_seconds");
}

static void channels_have_words(void **state)
{
    (void)state;
    static const char *const words[] = {"web", "phone", "office", "chat"};
    static const char *const others[] = {"", "we", "webs", "Web", "fax"};
    enum channel channel = CHANNELS;
    for (size_t i = 0; i < COUNT(words); i++) {
        assert_string_equal(channel_word((enum channel)i), words[i]);
        assert_true(channel_from_word(span_text(words[i]), &channel));
        assert_int_equal(channel, i);
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        channel = CHANNELS;
        assert_false(channel_from_word(span_text(others[i]), &channel));
        assert_int_equal(channel, CHANNELS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_checked),           cmocka_unit_test(each_id_is_checked),
        cmocka_unit_test(each_rating_is_checked),        cmocka_unit_test(times_are_compared_with_the_clock_given),
        cmocka_unit_test(everything_is_absent_at_first), cmocka_unit_test(the_table_has_every_field_once),
        cmocka_unit_test(channels_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
