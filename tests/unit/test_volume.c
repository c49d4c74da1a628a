/* test_volume.c - how unlikely so few contacts are, and how an episode of silence opens and closes.
 *
 * Oracles: the closed forms of Poisson's, the geometric and the negative binomial distribution of size 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "seeded.h"
#include "slipstream/detect.h"
#include "slipstream/score/volume.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define MINUTE      INT64_C(60000000)
#define START       INT64_C(1795339800000000)

static bool near(double got, double expected)
{
    return fabs(got - expected) <= 1e-9 * fmax(1e-300, expected);
}

static void chances_are_those_of_the_closed_forms(void **state)
{
    (void)state;
    static const double means[] = {.1, 1, 5, 20, 80, 400};
    for (size_t i = 0; i < COUNT(means); i++) {
        double poisson = 0;
        double term = exp(-means[i]);
        for (int k = 0; k < 60; k++) {
            poisson += term;
            term *= means[i] / (k + 1);
            double q = means[i] / (1 + means[i]); /* a size of 1: φ = 1 + mean */
            double half = means[i] / 2;           /* a size of 2: φ = 1 + mean / 2 */
            double p2 = 1 / (1 + half);
            double geometric = -expm1((k + 1) * log(q));
            double second = 1 - pow(1 - p2, k + 1) * (1 + (k + 1) * p2);
            assert_true(near(volume_chance(k, means[i], 1), fmin(1, poisson)));
            assert_true(near(volume_chance(k, means[i], 1 + means[i]), geometric));
            assert_true(fabs(volume_chance(k, means[i], 1 + half) - second) < 1e-12);
        }
    }
    assert_true(volume_chance(1000, 60000, 1) >= 0 && volume_chance(1000, 60000, 1) < 1e-300);
}

/* ---- what is silent ---- */

/* Twelve hours of the same volume, in two panes, an hour with so much a week ago. */
static struct volume even_volume(double an_hour, double spread)
{
    struct volume volume = {.hours = 12};
    for (unsigned h = 0; h < volume.hours; h++) {
        volume.now[h] = an_hour;
        volume.week_ago[h] = an_hour;
        volume.pane[h] = h / 6;
    }
    for (unsigned w = 0; w < VOLUME_WEEKS; w++) {
        double week = w == 0 ? 1 : 1 + spread * (w % 2 ? 1 : -1);
        volume.panes[0][w] = volume.panes[1][w] = 6 * an_hour * week;
    }
    return volume;
}

/* What is done to a volume of so many an hour, spread so over the weeks; then whether it is silent, and for how long.
 */
enum doing {
    AS_EVER,
    NONE_AT_ALL,
    NEXT_TO_NONE,
    A_TENTH,
    NONE_ONE_WEEK_TOO,
    NONE_TWO_WEEKS_TOO,
    NONE_A_WEEK_AGO,
    FOUR_WEEKS,
    CLOSED_NOW
};
static const struct {
    const char *name;
    double an_hour, spread;
    unsigned quiet_hours;
    enum doing doing;
    unsigned silent_hours; /* 0: it is not */
} silences[] = {
    {"as ever", 30, 0, 0, AS_EVER, 0},
    {"an hour of none, of thirty", 30, 0, 1, NONE_AT_ALL, 1},
    {"an hour of none, of nineteen", 19, 0, 1, NONE_AT_ALL, 0},
    {"two hours of none, of nineteen", 19, 0, 2, NONE_AT_ALL, 2},
    {"half a day of none, of one an hour", 1, 0, 12, NONE_AT_ALL, 0},
    {"half a day of none, of two an hour", 2, 0, 12, NONE_AT_ALL, 12},
    {"next to none", 300, 0, 4, NEXT_TO_NONE, 4},
    {"a tenth of what is usual", 300, 0, 4, A_TENTH, 0},
    {"weeks that differ little", 30, .2, 2, NONE_AT_ALL, 2},
    {"weeks that differ widely", 30, .9, 1, NONE_AT_ALL, 0},
    {"one week was as silent", 30, 0, 3, NONE_ONE_WEEK_TOO, 3},
    {"two weeks were", 30, 0, 3, NONE_TWO_WEEKS_TOO, 0},
    {"there was none a week ago", 30, 0, 12, NONE_A_WEEK_AGO, 0},
    {"four weeks are known", 30, 0, 3, FOUR_WEEKS, 0},
    {"these hours have no usual volume", 30, 0, 6, CLOSED_NOW, 0},
};

static void do_to(struct volume *volume, unsigned quiet_hours, enum doing doing)
{
    static const double left[] = {[AS_EVER] = 1, [NEXT_TO_NONE] = .015, [A_TENTH] = .1, [CLOSED_NOW] = 0};
    double part = (size_t)doing < COUNT(left) ? left[doing] : 0;
    for (unsigned h = 0; h < quiet_hours; h++) {
        volume->now[h] *= part;
        volume->week_ago[h] = doing == NONE_A_WEEK_AGO || doing == CLOSED_NOW ? 0 : volume->week_ago[h];
    }
    for (unsigned p = 0; p < 2; p++) {
        volume->panes[p][4] = doing == NONE_ONE_WEEK_TOO || doing == NONE_TWO_WEEKS_TOO ? 0 : volume->panes[p][4];
        volume->panes[p][6] = doing == NONE_TWO_WEEKS_TOO ? 0 : volume->panes[p][6];
        for (unsigned w = 4; doing == FOUR_WEEKS && w < VOLUME_WEEKS; w++) {
            volume->panes[p][w] = (double)NAN;
        }
    }
}

static void so_few_are_chance_or_not(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(silences); row++) {
        struct volume volume = even_volume(silences[row].an_hour, silences[row].spread);
        struct volume_found found = {0};
        do_to(&volume, silences[row].quiet_hours, silences[row].doing);
        bool silent = volume_is_silent(&volume, &detection_defaults, &found);
        if (silent != (silences[row].silent_hours > 0) || (silent && found.hours != silences[row].silent_hours)) {
            fail_msg("%s: silent %d, %u hours, %.1f expected, chance %g", silences[row].name, silent, found.hours,
                     found.expected, found.chance);
        }
    }
}

/* ---- episodes ---- */

/* Looks five minutes apart: s silent, h heard, n neither; a capital: nothing is known for certain. States as in
 * test_detect.c. */
static const struct {
    const char *name;
    const char *looks, *states, *transitions;
} episodes[] = {
    {"heard all along", "hhnnhh", "NNNNNN", "......"},
    {"opens on the second", "ss", "PF", ".O"},
    {"one look that is not starts it over", "snss", "PNPF", "...O"},
    {"opens once", "sssnn", "PFFFF", ".O..."},
    {"closes on the third that is heard", "sshhh", "PFRRN", ".O..C"},
    {"silence in between starts it over", "sshhnhhh", "PFRRFRRN", ".O.....C"},
    {"that it is not for certain closes nothing", "ssnnnnn", "PFFFFFF", ".O....."},
    {"nothing opens while nothing is certain", "SSSS", "NNNN", "...."},
    {"such looks do not count", "sSSs", "PPPF", "...O"},
    {"nor do they close", "ssHHHH", "PFFFFF", ".O...."},
    {"again, after it was heard", "sshhhss", "PFRRNPF", ".O..C.O"},
};

static void looks_become_silences(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(episodes); row++) {
        struct silence silence = {0};
        for (size_t i = 0; episodes[row].looks[i]; i++) {
            char letter = (char)tolower(episodes[row].looks[i]);
            struct silence_look look = {.as_of = {START + (int64_t)i * 5 * MINUTE},
                                        .hold = letter != episodes[row].looks[i],
                                        .silent = letter == 's',
                                        .since = {START - 7 * MINUTE},
                                        .expected = 40,
                                        .heard = letter == 'h'};
            enum alert_transition transition = detect_silence(&silence, &detection_defaults, &look);
            const char got[] = {"NPFRI"[silence.episode.state], ".OC"[transition]};
            if (got[0] != episodes[row].states[i] || got[1] != episodes[row].transitions[i]) {
                fail_msg("%s, look %zu: %.2s", episodes[row].name, i, got);
            }
            if (transition == ALERT_OPENED) {
                assert_int_equal(silence.episode.since.us, START - 7 * MINUTE);
                assert_true(silence.episode.target == 40);
            }
            assert_false(silence.to_new_level);
        }
    }
}

/* A channel that closed for good is told of once, and for four weeks. */
static void what_lasts_counts_as_closed(void **state)
{
    (void)state;
    struct silence silence = {0};
    unsigned opened = 0;
    unsigned closed = 0;
    for (int64_t at_us = START; at_us < START + 40 * US_PER_DAY; at_us += 5 * MINUTE) {
        bool is_usual = at_us < START + 7 * US_PER_DAY; /* a week later nothing is usual any more */
        struct silence_look look = {.as_of = {at_us}, .silent = is_usual, .since = {START}, .expected = 40};
        enum alert_transition transition = detect_silence(&silence, &detection_defaults, &look);
        opened += transition == ALERT_OPENED;
        closed += transition == ALERT_CLOSED;
        assert_int_equal(silence.to_new_level, closed > 0);
    }
    assert_int_equal(opened, 1);
    assert_int_equal(closed, 1);
    assert_int_equal(silence.episode.closed.us - silence.episode.opened.us, detection_defaults.new_level_us);
}

/* ---- hours that are heard ---- */

/* Random looks, against a list of all hours. */
static void hours_are_remembered_for_two_weeks(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        enum { HOURS = 3000 };
        struct seeded random = {seed};
        struct silence silence = {0};
        static bool heard[HOURS];
        memset(heard, 0, sizeof heard);
        int64_t base = START / US_PER_HOUR;
        for (int64_t hour = 0; hour < HOURS;) {
            bool now = seeded_one_in(&random, 3);
            silence_hear(&silence, base + hour, now);
            heard[hour] |= now;
            for (int64_t back = 0; back < 400 && back <= hour; back++) {
                bool expected = back < SILENCE_HOURS && heard[hour - back];
                if (silence_was_heard(&silence, base + hour - back) != expected) {
                    fail_msg("seed %d, hour %d, %d back", (int)seed, (int)hour, (int)back);
                }
            }
            assert_false(silence_was_heard(&silence, base + hour + 1));
            int64_t next = hour + (seeded_one_in(&random, 10)    ? seeded_between(&random, 1, 30)
                                   : seeded_one_in(&random, 300) ? SILENCE_HOURS
                                                                 : (int64_t)seeded_below(&random, 2));
            if (next - hour >= SILENCE_HOURS) { /* nothing of before is known */
                memset(heard, 0, sizeof heard);
            }
            for (int64_t skipped = hour + 1; skipped < next && skipped < HOURS; skipped++) {
                heard[skipped] = next - hour < SILENCE_HOURS && skipped >= 168 && heard[skipped - 168];
            }
            hour = next;
        }
    }
}

static void a_silence_is_stored_and_loaded(void **state)
{
    (void)state;
    struct seeded random = {3};
    struct buffer bytes;
    struct reason why;
    uint8_t damaged[SILENCE_SIZE_MAX];
    buffer_init(&bytes, SILENCE_SIZE_MAX);
    for (unsigned round = 0; round < 5000; round++) {
        struct silence silence = {.episode = {.state = (enum episode_state)seeded_below(&random, EPISODE_STATES),
                                              .ordinal = (uint32_t)seeded_sized(&random, 32),
                                              .since = {(int64_t)seeded_sized(&random, 62)},
                                              .target = 100 * seeded_unit(&random)},
                                  .to_new_level = seeded_one_in(&random, 2),
                                  .hour = (int64_t)seeded_sized(&random, 31)};
        struct silence loaded;
        for (size_t i = 0; i < COUNT(silence.heard); i++) {
            silence.heard[i] = seeded_bits(&random);
        }
        buffer_clear(&bytes);
        silence_encode(&silence, &bytes);
        assert_false(bytes.overflow);
        memset(&loaded, 0, sizeof loaded);
        assert_int_equal(silence_decode(&loaded, buffer_as_span(&bytes), &why), DONE);
        assert_memory_equal(&loaded, &silence, sizeof silence);
        for (size_t size = 0; round < 50 && size < bytes.size; size++) {
            assert_int_equal(silence_decode(&loaded, span_of(bytes.data, size), &why), STOP);
        }
        memcpy(damaged, bytes.data, bytes.size);
        size_t size = seeded_damage(&random, damaged, bytes.size, sizeof damaged);
        if (silence_decode(&loaded, span_of(damaged, size), &why) == DONE) {
            silence_hear(&loaded, START / US_PER_HOUR, true);
            assert_true(loaded.episode.state < EPISODE_STATES);
        }
    }
    buffer_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chances_are_those_of_the_closed_forms),
        cmocka_unit_test(so_few_are_chance_or_not),
        cmocka_unit_test(looks_become_silences),
        cmocka_unit_test(what_lasts_counts_as_closed),
        cmocka_unit_test(hours_are_remembered_for_two_weeks),
        cmocka_unit_test(a_silence_is_stored_and_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
