/* test_slip.c - the slip rule's states, look by look, as tables; and a slip as it is stored.
 *
 * A look is a letter a test (1h, 4h, 24h, 7d, pinned): '.' not due, 'l' learning, 'i' insufficient, 'b' certainly worse
 * than the margin, 'm' worse but within what may be, 'g' as good as before. Looks are five minutes apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seeded.h"
#include "slipstream/detect.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define BASE        (INT64_C(20000) * US_PER_DAY)
#define STEP        (5 * US_PER_MINUTE)

static struct finding finding_of(char letter, enum test test, struct event_time as_of)
{
    static const int64_t lengths[TESTS] = {US_PER_HOUR, 4 * US_PER_HOUR, US_PER_DAY, US_PER_WEEK, US_PER_WEEK};
    struct finding finding = {
        .test = test, .as_of = as_of, .from = {as_of.us - lengths[test]}, .base = .8, .n_now = 500};
    finding.verdict = letter == '.'   ? VERDICT_UNSEEN
                      : letter == 'l' ? VERDICT_LEARNING
                      : letter == 'i' ? VERDICT_INSUFFICIENT
                                      : VERDICT_COMPARED;
    finding.d = letter == 'b' ? -.2 : letter == 'm' ? -.05 : 0;
    finding.now = finding.base + finding.d;
    finding.high = letter == 'b' ? -.05 : letter == 'm' ? -.001 : .03;
    finding.low = 2 * finding.d - finding.high;
    finding.clear_high = finding.high;
    return finding;
}

struct row {
    const char *looks;          /* five letters */
    unsigned times;             /* 0: once */
    bool hold, held_back;       /* held_back: the score itself is open */
    enum episode_state state;   /* after the last of them */
    enum alert_transition told; /* by the last */
};
static const struct {
    const char *name;
    struct row rows[12];
} stories[] = {
    {"two bad looks of one window fire",
     {{"g....", 1, 0, 0, EPISODE_NORMAL, 0},
      {"b....", 1, 0, 0, EPISODE_PENDING, 0},
      {"b....", 1, 0, 0, EPISODE_FIRING, ALERT_OPENED}}},
    {"one after the other, not of two windows",
     {{"b....", 1, 0, 0, EPISODE_PENDING, 0},
      {".b...", 1, 0, 0, EPISODE_PENDING, 0},
      {"g.b..", 1, 0, 0, EPISODE_PENDING, 0},
      {".gg..", 1, 0, 0, EPISODE_NORMAL, 0}}},
    {"a look between them that is not certain begins anew",
     {{"b....", 1, 0, 0, EPISODE_PENDING, 0},
      {"m....", 1, 0, 0, EPISODE_NORMAL, 0},
      {"b....", 1, 0, 0, EPISODE_PENDING, 0},
      {"b....", 1, 0, 0, EPISODE_FIRING, ALERT_OPENED}}},
    {"so does one with too few",
     {{"b....", 1, 0, 0, EPISODE_PENDING, 0},
      {"i....", 1, 0, 0, EPISODE_INSUFFICIENT, 0},
      {"b....", 1, 0, 0, EPISODE_PENDING, 0}}},
    {"looks that are not due do not",
     {{"..b..", 1, 0, 0, EPISODE_PENDING, 0},
      {"gg...", 5, 0, 0, EPISODE_PENDING, 0},
      {"..b..", 1, 0, 0, EPISODE_FIRING, ALERT_OPENED}}},
    {"cleared by three good looks",
     {{"b....", 2, 0, 0, EPISODE_FIRING, ALERT_OPENED},
      {"m....", 9, 0, 0, EPISODE_FIRING, 0},
      {"g....", 1, 0, 0, EPISODE_RECOVERING, 0},
      {"m....", 1, 0, 0, EPISODE_FIRING, 0},
      {"g....", 2, 0, 0, EPISODE_RECOVERING, 0},
      {"g....", 1, 0, 0, EPISODE_NORMAL, ALERT_CLOSED}}},
    {"silence is no recovery",
     {{"b....", 2, 0, 0, EPISODE_FIRING, ALERT_OPENED},
      {"g....", 2, 0, 0, EPISODE_RECOVERING, 0},
      {"i....", 1, 0, 0, EPISODE_FIRING, 0},
      {"g....", 2, 0, 0, EPISODE_RECOVERING, 0},
      {"l....", 5, 0, 0, EPISODE_FIRING, 0}}},
    {"the longest window that fired clears",
     {{"bg...", 2, 0, 0, EPISODE_FIRING, ALERT_OPENED},
      {"gbb..", 1, 0, 0, EPISODE_RECOVERING, 0},
      {"ggb..", 5, 0, 0, EPISODE_FIRING, 0},
      {"ggg..", 2, 0, 0, EPISODE_RECOVERING, 0},
      {"bbg..", 1, 0, 0, EPISODE_NORMAL, ALERT_CLOSED}}},
    {"while catching up looks count, and open on leaving it",
     {{"b....", 5, 1, 0, EPISODE_PENDING, 0},
      {"b....", 1, 0, 0, EPISODE_FIRING, ALERT_OPENED},
      {"g....", 5, 1, 0, EPISODE_RECOVERING, 0},
      {"g....", 1, 0, 0, EPISODE_NORMAL, ALERT_CLOSED}}},
    {"what recovered while catching up does not open",
     {{"b....", 5, 1, 0, EPISODE_PENDING, 0}, {"g....", 1, 0, 0, EPISODE_NORMAL, 0}}},
    {"a driver does not open while the score is open",
     {{"b....", 9, 0, 1, EPISODE_PENDING, 0}, {"b....", 1, 0, 0, EPISODE_FIRING, ALERT_OPENED}}},
    {"after 28 days it is the new level",
     {{"...b.", 2, 0, 0, EPISODE_FIRING, ALERT_OPENED},
      {"...b.", 28 * 288 - 1, 0, 0, EPISODE_FIRING, 0},
      {"...b.", 1, 0, 0, EPISODE_NORMAL, ALERT_CLOSED}}},
    {"not while catching up",
     {{"...b.", 2, 0, 0, EPISODE_FIRING, ALERT_OPENED},
      {"...b.", 29 * 288, 1, 0, EPISODE_FIRING, 0},
      {".....", 1, 0, 0, EPISODE_NORMAL, ALERT_CLOSED}}},
    {"slow drift fires alone",
     {{"ggggb", 1, 0, 0, EPISODE_PENDING, 0},
      {"gggg.", 3, 0, 0, EPISODE_PENDING, 0},
      {"ggggb", 1, 0, 0, EPISODE_FIRING, ALERT_OPENED}}},
    {"the best that any window can say is the state",
     {{".....", 1, 0, 0, EPISODE_LEARNING, 0},
      {"lllll", 1, 0, 0, EPISODE_LEARNING, 0},
      {"i....", 1, 0, 0, EPISODE_INSUFFICIENT, 0},
      {".g...", 1, 0, 0, EPISODE_NORMAL, 0},
      {"ii...", 1, 0, 0, EPISODE_INSUFFICIENT, 0}}},
};

static void check_story(size_t at)
{
    struct slip slip;
    struct event_time now = {BASE};
    slip_init(&slip);
    for (size_t r = 0; r < COUNT(stories[at].rows) && stories[at].rows[r].looks; r++) {
        const struct row *row = &stories[at].rows[r];
        enum alert_transition told = ALERT_NONE;
        for (unsigned i = 0; i < row->times; i++, now.us += STEP) {
            struct finding findings[TESTS];
            enum test by;
            for (unsigned t = 0; t < TESTS; t++) {
                findings[t] = finding_of(row->looks[t], (enum test)t, now);
            }
            struct slip_look look = {now, row->hold, !row->held_back, findings};
            if (told != ALERT_NONE) {
                fail_msg("%s: told before the last look of row %zu", stories[at].name, r);
            }
            told = detect_slip(&slip, &detection_defaults, &look, &by);
        }
        if (slip.episode.state != row->state || told != row->told) {
            fail_msg("%s: row %zu ends %s, told %s; not %s, %s", stories[at].name, r,
                     episode_state_words[slip.episode.state], alert_transition_words[told],
                     episode_state_words[row->state], alert_transition_words[row->told]);
        }
    }
}

static void states_follow_the_looks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(stories); i++) {
        check_story(i);
    }
}

/* So many looks, all alike. */
static enum alert_transition look_at(struct slip *slip, const char *letters, unsigned times, struct event_time *now)
{
    enum alert_transition told = ALERT_NONE;
    for (unsigned i = 0; i < times; i++, now->us += STEP) {
        struct finding findings[TESTS];
        enum test by;
        for (unsigned t = 0; t < TESTS; t++) {
            findings[t] = finding_of(letters[t], (enum test)t, *now);
        }
        struct slip_look look = {*now, false, true, findings};
        told = detect_slip(slip, &detection_defaults, &look, &by);
    }
    return told;
}

static bool counts(const struct slip *slip, int64_t day, int64_t last)
{
    return last - day < 64 && (slip_days(slip, last) >> (last - day) & 1);
}

static void a_slips_days_are_left_out(void **state)
{
    (void)state;
    struct slip slip;
    int64_t day = BASE / US_PER_DAY;
    struct event_time now = {BASE + 12 * US_PER_HOUR};
    slip_init(&slip);
    assert_int_equal(slip_days(&slip, day), ~UINT64_C(0));
    assert_int_equal(look_at(&slip, "..b..", 2, &now), ALERT_OPENED);
    assert_int_equal(slip.episode.since.us, BASE + 12 * US_PER_HOUR);
    assert_int_equal(slip.episode.ordinal, 1);
    assert_int_equal(slip.from_day, day - 1); /* where its window began */
    assert_true(counts(&slip, day - 2, day + 9) && !counts(&slip, day - 1, day + 9) &&
                !counts(&slip, day + 9, day + 9));
    now.us += 3 * US_PER_DAY;
    assert_int_equal(look_at(&slip, "..g..", 3, &now), ALERT_CLOSED);
    for (int64_t last = day + 3; last < day + 80; last++) {
        for (int64_t d = last - 63; d <= last; d++) {
            assert_int_equal(counts(&slip, d, last), d < day - 1 || d > day + 3);
        }
    }
    now.us += 20 * US_PER_DAY;
    assert_int_equal(look_at(&slip, "b....", 2, &now), ALERT_OPENED);
    assert_int_equal(slip.episode.ordinal, 2);
    assert_true(!counts(&slip, day, day + 24) && counts(&slip, day + 10, day + 24));
    now.us += 28 * US_PER_DAY;
    assert_int_equal(look_at(&slip, "b....", 1, &now), ALERT_CLOSED);
    assert_true(slip.to_new_level);
    assert_int_equal(slip.baseline_day, slip.from_day); /* how it has been since is what it is compared with */
    assert_true(counts(&slip, slip.from_day, day + 60) && !counts(&slip, slip.from_day - 1, day + 60));
}

static void another_method_begins_anew(void **state)
{
    (void)state;
    struct slip slip;
    struct event_time now = {BASE};
    slip_init(&slip);
    look_at(&slip, "bbbbb", 1, &now);
    detect_slip_method_changed(&slip);
    assert_int_equal(look_at(&slip, "bbbbb", 1, &now), ALERT_NONE);
    assert_int_equal(look_at(&slip, "bbbbb", 1, &now), ALERT_OPENED);
    look_at(&slip, "ggggg", 2, &now);
    detect_slip_method_changed(&slip);
    assert_int_equal(look_at(&slip, "ggggg", 2, &now), ALERT_NONE);
    assert_int_equal(look_at(&slip, "ggggg", 1, &now), ALERT_CLOSED);
}

/* ---- stored ---- */

static void random_looks(struct slip *slip, struct seeded *random, struct event_time *now)
{
    for (unsigned i = 0; i < 60; i++) {
        char letters[TESTS + 1] = "";
        for (unsigned t = 0; t < TESTS; t++) {
            letters[t] = "..libbbmgg"[seeded_below(random, 10)];
        }
        look_at(slip, letters, 1 + (unsigned)seeded_below(random, 3), now);
        now->us += (int64_t)seeded_below(random, 2 * US_PER_DAY);
    }
    for (unsigned t = 0; t < TESTS; t++) {
        slip->phi_at_open[t] = (float)(400 * seeded_unit(random));
    }
}

static void a_slip_is_stored_and_loaded(void **state)
{
    (void)state;
    struct seeded random = {1};
    struct buffer bytes, again;
    struct reason why;
    buffer_init(&bytes, SLIP_SIZE_MAX);
    buffer_init(&again, SLIP_SIZE_MAX);
    for (unsigned round = 0; round < 300; round++) {
        struct slip slip, loaded;
        struct event_time now = {BASE};
        slip_init(&slip);
        random_looks(&slip, &random, &now);
        buffer_clear(&bytes);
        buffer_clear(&again);
        slip_encode(&slip, &bytes);
        assert_false(bytes.overflow);
        assert_int_equal(slip_decode(&loaded, buffer_as_span(&bytes), &why), DONE);
        slip_encode(&loaded, &again);
        assert_true(span_equal(buffer_as_span(&bytes), buffer_as_span(&again)));
        for (unsigned i = 0; i < 20; i++) { /* and goes on as the other does */
            struct event_time same = now;
            assert_int_equal(look_at(&slip, i % 3 ? "bbbbb" : "ggggg", 2, &now),
                             look_at(&loaded, i % 3 ? "bbbbb" : "ggggg", 2, &same));
        }
        assert_int_equal(slip_days(&slip, now.us / US_PER_DAY), slip_days(&loaded, now.us / US_PER_DAY));
    }
    buffer_done(&bytes);
    buffer_done(&again);
}

static void damaged_slips_are_survived(void **state)
{
    (void)state;
    struct seeded random = {2};
    struct buffer bytes;
    buffer_init(&bytes, SLIP_SIZE_MAX);
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t damaged[SLIP_SIZE_MAX];
        struct slip slip, loaded;
        struct event_time now = {BASE};
        struct reason why = {REASON_NONE, ""};
        slip_init(&slip);
        look_at(&slip, "bgb.l", 3, &now);
        buffer_clear(&bytes);
        slip_encode(&slip, &bytes);
        memcpy(damaged, bytes.data, bytes.size);
        size_t size = seeded_damage(&random, damaged, bytes.size, sizeof damaged);
        uint8_t *exact = malloc(size ? size : 1);
        assert_non_null(exact);
        memcpy(exact, damaged, size);
        if (slip_decode(&loaded, span_of(exact, size), &why) == DONE) {
            now.us += US_PER_DAY;
            look_at(&loaded, "bgbgg", 2, &now); /* whatever it says, it can be gone on with */
            (void)slip_days(&loaded, now.us / US_PER_DAY);
        } else {
            assert_int_equal(why.code, REASON_BAD_STATE);
        }
        free(exact);
    }
    buffer_done(&bytes);
}

static void a_pin_is_read_back(void **state)
{
    (void)state;
    struct seeded random = {3};
    struct buffer bytes;
    struct reason why;
    buffer_init(&bytes, PIN_SIZE_MAX);
    for (unsigned round = 0; round < 200; round++) {
        struct pin_header header = {20000, 20055};
        struct pin_cell cells[8] = {0};
        struct pin_cell got;
        struct pin_reader reader;
        char names[8][16];
        pin_begin(&bytes, &header);
        for (unsigned i = 0; i < 8; i++) {
            snprintf(names[i], sizeof names[i], "service-%u", i);
            cells[i].service = span_text(names[i]);
            cells[i].channel = (enum channel)seeded_below(&random, CHANNELS);
            for (unsigned c = 0; c < 30; c++) {
                cells[i].counts[seeded_below(&random, COUNTERS)] = 1 + (int64_t)seeded_sized(&random, 30);
            }
            pin_put(&bytes, &cells[i]);
        }
        assert_int_equal(pin_check(buffer_as_span(&bytes), &why), DONE);
        assert_true(pin_read(&reader, buffer_as_span(&bytes)));
        assert_int_equal(reader.header.to_day, header.to_day);
        for (unsigned i = 0; i < 8; i++) {
            assert_true(pin_next(&reader, &got));
            assert_true(span_equal(got.service, cells[i].service) && got.channel == cells[i].channel);
            assert_memory_equal(got.counts, cells[i].counts, sizeof got.counts);
        }
        assert_false(pin_next(&reader, &got) || reader.in.broken);
        size_t size = seeded_damage(&random, bytes.data, bytes.size, bytes.size);
        bool is_whole = pin_check(span_of(bytes.data, size), &why) == DONE;
        assert_true(is_whole || why.code == REASON_BAD_STATE);
    }
    buffer_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_follow_the_looks),    cmocka_unit_test(a_slips_days_are_left_out),
        cmocka_unit_test(another_method_begins_anew), cmocka_unit_test(a_slip_is_stored_and_loaded),
        cmocka_unit_test(damaged_slips_are_survived), cmocka_unit_test(a_pin_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
