/* test_alert.c - what is told about an episode and how it is stored; and targets by agency. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "seeded.h"
#include "slipstream/model.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct episode random_episode(struct seeded *random)
{
    return (struct episode){
        .state = (enum episode_state)seeded_below(random, EPISODE_STATES),
        .ordinal = (uint32_t)seeded_sized(random, 32),
        .looks_bad = (int32_t)seeded_sized(random, 31),
        .looks_good = (int32_t)seeded_sized(random, 31),
        .since = {(int64_t)seeded_sized(random, 63)},
        .opened = {-(int64_t)seeded_sized(random, 63)},
        .closed = {(int64_t)seeded_sized(random, 63)},
        .at_open = {.present = seeded_one_in(random, 2),
                    .value = 100 * seeded_unit(random),
                    .low = -seeded_unit(random),
                    .high = 1e300 * seeded_unit(random),
                    .n = (int64_t)seeded_sized(random, 63)},
        .target = seeded_unit(random),
        .method = seeded_bits(random),
        .hold = {{(int64_t)seeded_sized(random, 63)}, seeded_unit(random), seeded_unit(random)},
    };
}

static bool episodes_equal(const struct episode *a, const struct episode *b)
{
    return a->state == b->state && a->ordinal == b->ordinal && a->looks_bad == b->looks_bad &&
           a->looks_good == b->looks_good && a->since.us == b->since.us && a->opened.us == b->opened.us &&
           a->closed.us == b->closed.us && a->at_open.present == b->at_open.present &&
           fabs(a->at_open.value - b->at_open.value) <= 0 && fabs(a->at_open.low - b->at_open.low) <= 0 &&
           fabs(a->at_open.high - b->at_open.high) <= 0 && a->at_open.n == b->at_open.n &&
           fabs(a->target - b->target) <= 0 && a->method == b->method && a->hold.since.us == b->hold.since.us &&
           fabs(a->hold.edge - b->hold.edge) <= 0 && fabs(a->hold.line - b->hold.line) <= 0;
}

static void check_untouched(const struct episode *got)
{
    struct episode untouched;
    memset(&untouched, 0x5A, sizeof untouched);
    assert_memory_equal(got, &untouched, sizeof untouched);
}

/* The bytes are copied to the heap in their exact size, so that the sanitizer sees one read too many. */
static enum outcome decode_as(enum alert_kind kind, struct episode *episode, const uint8_t *bytes, size_t size)
{
    struct reason why = {REASON_NONE, ""};
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    memset(episode, 0x5A, sizeof *episode);
    enum outcome outcome = episode_decode(episode, kind, span_of(copy, size), &why);
    free(copy);
    if (outcome != DONE) {
        assert_int_equal(outcome, STOP);
        assert_int_equal(why.code, REASON_BAD_STATE);
        check_untouched(episode);
    }
    return outcome;
}

static enum outcome decode(struct episode *episode, const uint8_t *bytes, size_t size)
{
    return decode_as(ALERT_TARGET, episode, bytes, size);
}

static void an_episode_is_stored_and_loaded(void **state)
{
    (void)state;
    struct seeded random = {1};
    struct buffer bytes;
    buffer_init(&bytes, EPISODE_SIZE_MAX);
    for (unsigned round = 0; round < 500; round++) {
        struct episode episode = random_episode(&random);
        struct episode loaded;
        buffer_clear(&bytes);
        episode_encode(&episode, ALERT_TARGET, &bytes);
        assert_false(bytes.overflow);
        assert_int_equal(decode(&loaded, bytes.data, bytes.size), DONE);
        assert_true(episodes_equal(&loaded, &episode));
        for (size_t size = 0; size < bytes.size; size++) {
            assert_int_equal(decode(&loaded, bytes.data, size), STOP);
        }
        buffer_u8(&bytes, 0);
        assert_int_equal(decode(&loaded, bytes.data, bytes.size), STOP);
    }
    buffer_done(&bytes);
}

static void another_format_is_refused(void **state)
{
    (void)state;
    struct seeded random = {2};
    struct buffer bytes;
    buffer_init(&bytes, EPISODE_SIZE_MAX);
    struct episode episode = random_episode(&random);
    episode_encode(&episode, ALERT_TARGET, &bytes);
    for (unsigned value = 0; value < 256; value++) {
        struct episode loaded;
        bytes.data[0] = (uint8_t)value;
        assert_int_equal(decode(&loaded, bytes.data, bytes.size), value == EPISODE_FORMAT ? DONE : STOP);
        bytes.data[0] = EPISODE_FORMAT;
        assert_int_equal(decode_as(ALERT_BENCHMARK, &loaded, bytes.data, bytes.size), STOP);
        bytes.data[0] = EPISODE_FORMAT;
        bytes.data[1] = (uint8_t)value; /* the kind */
        assert_int_equal(decode(&loaded, bytes.data, bytes.size), value == ALERT_TARGET ? DONE : STOP);
        bytes.data[1] = ALERT_TARGET;
        uint8_t was = bytes.data[2];
        bytes.data[2] = (uint8_t)value;
        assert_int_equal(decode(&loaded, bytes.data, bytes.size), value < EPISODE_STATES ? DONE : STOP);
        bytes.data[2] = was;
    }
    buffer_done(&bytes);
}

/* Earlier releases wrote format 1, the same but for the kind and the method, and 2, but for the method. */
#define METHOD_TAIL_MAX 34
static void the_formats_before_are_read(void **state)
{
    (void)state;
    struct seeded random = {4};
    struct buffer bytes, tail;
    buffer_init(&bytes, EPISODE_SIZE_MAX);
    buffer_init(&tail, METHOD_TAIL_MAX);
    for (unsigned round = 0; round < 100; round++) {
        struct episode episode = random_episode(&random);
        struct episode loaded;
        buffer_clear(&bytes);
        buffer_clear(&tail);
        episode_encode(&episode, ALERT_TARGET, &bytes);
        buffer_u64(&tail, 0); /* as long as what the older formats end before */
        buffer_zigzag(&tail, episode.hold.since.us);
        buffer_u64(&tail, 0);
        buffer_u64(&tail, 0);
        size_t size = bytes.size - tail.size;
        episode.method = 0;
        episode.hold = (struct method_hold){0};
        bytes.data[0] = 2;
        assert_int_equal(decode(&loaded, bytes.data, size), DONE);
        assert_true(episodes_equal(&loaded, &episode));
        memmove(bytes.data + 1, bytes.data + 2, size - 2);
        bytes.data[0] = 1;
        assert_int_equal(decode(&loaded, bytes.data, size - 1), DONE);
        assert_true(episodes_equal(&loaded, &episode));
    }
    buffer_done(&bytes);
    buffer_done(&tail);
}

/* A word a subject, and back. */
static void subjects_have_words(void **state)
{
    (void)state;
    static const struct {
        unsigned subject;
        const char *word;
    } rows[] = {
        {SUBJECT_CX, "cx"},
        {SUBJECT_DRIVER + DRIVER_QUALITY, "driver/quality"},
        {SUBJECT_DRIVER_CHANNEL + DRIVER_REP_ANSWERS * CHANNELS + CHANNEL_CHAT, "driver/rep_answers@chat"},
        {SUBJECT_BEHAVIOUR + BEHAVIOUR_TRUST, "behaviour/trust"},
        {SUBJECT_CHANNEL + CHANNEL_OFFICE, "channel/office"},
    };
    char text[SUBJECT_WORD_SIZE];
    unsigned found;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_string_equal(subject_word(rows[i].subject, text), rows[i].word);
    }
    for (unsigned s = 0; s < SUBJECTS; s++) {
        assert_true(subject_from_word(span_text(subject_word(s, text)), &found));
        assert_int_equal(found, s);
    }
    assert_false(subject_from_word(span_text("driver/none"), &found));
    assert_false(subject_from_word(span_text("channel/office"), &found)); /* it does not slip */
}

static void damaged_episodes_are_survived(void **state)
{
    (void)state;
    struct seeded random = {3};
    struct buffer bytes;
    uint8_t damaged[EPISODE_SIZE_MAX];
    buffer_init(&bytes, EPISODE_SIZE_MAX);
    for (unsigned round = 0; round < 20000; round++) {
        struct episode episode = random_episode(&random);
        struct episode loaded;
        buffer_clear(&bytes);
        episode_encode(&episode, ALERT_TARGET, &bytes);
        memcpy(damaged, bytes.data, bytes.size);
        size_t size = seeded_damage(&random, damaged, bytes.size, sizeof damaged);
        if (decode(&loaded, damaged, size) == DONE) {
            assert_true(loaded.state < EPISODE_STATES && loaded.looks_bad >= 0 && loaded.looks_good >= 0);
            assert_true(isfinite(loaded.target) && isfinite(loaded.at_open.value));
        }
    }
    buffer_done(&bytes);
}

static const struct {
    unsigned subject;
    const char *word;
} subjects[] = {
    {TARGET_CX, "cx"},
    {TARGET_DRIVER + DRIVER_OFFICE_ANSWERS, "driver/office_answers"},
    {TARGET_DRIVER + DRIVER_REP_ANSWERS, "driver/rep_answers"},
    {TARGET_DRIVER + DRIVER_QUALITY, "driver/quality"},
    {TARGET_DRIVER + DRIVER_QUICK_RESOLUTION, "driver/quick_resolution"},
};

/* Sent again, an alert has the same id; any other alert has another. */
static void alerts_are_told_apart(void **state)
{
    (void)state;
    static const char *const agencies[] = {"tax", "taxes", "parks"};
    uint64_t ids[COUNT(agencies) * COUNT(subjects) * 4];
    size_t count = 0;
    char text[64];
    assert_int_equal(COUNT(subjects), TARGETS);
    for (size_t a = 0; a < COUNT(agencies); a++) {
        for (size_t s = 0; s < COUNT(subjects); s++) {
            assert_string_equal(subject_word(subjects[s].subject, text), subjects[s].word);
            for (uint32_t ordinal = 0; ordinal < 4; ordinal++) {
                uint64_t slip = alert_id(ALERT_SLIP, span_text(agencies[a]), subjects[s].subject, ordinal);
                ids[count] = alert_id(ALERT_TARGET, span_text(agencies[a]), subjects[s].subject, ordinal);
                assert_int_equal(ids[count],
                                 alert_id(ALERT_TARGET, span_text(agencies[a]), subjects[s].subject, ordinal));
                assert_int_not_equal(slip, ids[count]);
                for (size_t other = 0; other < count; other++) {
                    assert_int_not_equal(ids[other], ids[count]);
                    assert_int_not_equal(ids[other], slip);
                }
                count++;
            }
        }
    }
    assert_string_equal(episode_state_words[EPISODE_RECOVERING], "recovering");
    assert_string_equal(episode_state_words[EPISODE_INSUFFICIENT], "insufficient");
    assert_string_equal(alert_transition_words[ALERT_CLOSED], "closed");
}

#define NONE ((double)NAN)
static const struct {
    const char *agency;
    unsigned subject;
    double target;
} targets[] = {
    {"parks", TARGET_CX, 70},
    {"parks", TARGET_DRIVER + DRIVER_QUALITY, NONE}, /* an entry of its own, in which this one is not set */
    {"tax", TARGET_CX, NONE},
    {"tax", TARGET_DRIVER + DRIVER_QUALITY, 80},
    {"taxes", TARGET_CX, 60}, /* none of its own: everyone's */
    {"ta", TARGET_DRIVER + DRIVER_QUALITY, 50},
    {"", TARGET_CX, 60},
    {"*", TARGET_CX, 60},
    {"zoo\xC3\xA9", TARGET_CX, 90},
};

static void an_agency_has_its_own_targets_or_everyones(void **state)
{
    (void)state;
    const struct scoring_target rows[] = {
        /* as the scoring file's reader sorts them: by bytes */
        {span_text("*"), {60, NONE, NONE, 50, NONE}},
        {span_text("parks"), {70, NONE, NONE, NONE, NONE}},
        {span_text("tax"), {NONE, NONE, NONE, 80, NONE}},
        {span_text("zoo\xC3\xA9"), {90, NONE, NONE, NONE, NONE}},
    };
    struct scoring scoring = {.targets = rows, .target_count = COUNT(rows)};
    for (size_t row = 0; row < COUNT(targets); row++) {
        double got = scoring_target(&scoring, span_text(targets[row].agency), targets[row].subject);
        if (isnan(got) != isnan(targets[row].target) || fabs(got - targets[row].target) > 0) {
            fail_msg("%s, subject %u: %f", targets[row].agency, targets[row].subject, got);
        }
    }
    scoring.targets = rows + 1;
    scoring.target_count = COUNT(rows) - 1;
    assert_true(isnan(scoring_target(&scoring, span_text("other"), TARGET_CX)));
    scoring.target_count = 0;
    scoring.targets = NULL;
    assert_true(isnan(scoring_target(&scoring, span_text("tax"), TARGET_CX)));
    assert_string_equal(survey_method_words[METHOD_NET], "net");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_episode_is_stored_and_loaded),
        cmocka_unit_test(another_format_is_refused),
        cmocka_unit_test(the_formats_before_are_read),
        cmocka_unit_test(subjects_have_words),
        cmocka_unit_test(damaged_episodes_are_survived),
        cmocka_unit_test(alerts_are_told_apart),
        cmocka_unit_test(an_agency_has_its_own_targets_or_everyones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
