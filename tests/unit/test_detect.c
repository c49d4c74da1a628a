/* test_detect.c - looks become episodes: each row is a sequence of looks, and the states and transitions it must bring.
 *
 * A look is a letter; a capital means that the task was catching up then:
 *   b  bad: the upper bound is under the target      m  met: the estimate is at the target or above
 *   n  neither: the target is within the interval    i  too few interactions
 *   a  absent: no estimate                           x  no target is set */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "slipstream/detect.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define TARGET      80.0
#define N_MIN       50
#define MINUTE      INT64_C(60000000)
#define START       INT64_C(1795339800000000)

/* States: Normal, Pending, Firing, Recovering, Insufficient. Transitions: Opened, Closed. */
static const struct {
    const char *name;
    int32_t to_open, to_close;
    const char *looks, *states, *transitions;
} rows[] = {
    {"met all along", 2, 3, "mmmm", "NNNN", "...."},
    {"opens on the second", 2, 3, "bb", "PF", ".O"},
    {"opens at once", 1, 3, "b", "F", "O"},
    {"one good look starts it over", 2, 3, "bmbb", "PNPF", "...O"},
    {"so does one that is neither", 2, 3, "bnbb", "PNPF", "...O"},
    {"so does one with too little data", 2, 3, "bibb", "PIPF", "...O"},
    {"so does one without any", 3, 3, "bbabbb", "PPIPPF", ".....O"},
    {"opens once", 2, 3, "bbbbb", "PFFFF", ".O..."},
    {"closes on the third", 2, 3, "bbmmm", "PFRRN", ".O..C"},
    {"closes at once", 1, 1, "bm", "FN", "OC"},
    {"one bad look starts recovery over", 2, 3, "bbmmbmmm", "PFRRFRRN", ".O.....C"},
    {"so does one that is neither", 2, 3, "bbmmnmmm", "PFRRFRRN", ".O.....C"},
    {"silence is no recovery", 2, 2, "bbiiaa", "PFFFFF", ".O...."},
    {"nor does it keep the good looks before it", 2, 2, "bbmimm", "PFRRRN", ".O...C"},
    {"silence before the good looks", 2, 2, "bbaamm", "PFFFRN", ".O...C"},
    {"too little data at first", 2, 2, "iaabb", "IIIPF", "....O"},
    {"met after too little data", 2, 2, "im", "IN", ".."},
    {"neither is normal", 2, 2, "nnn", "NNN", "..."},
    {"no target", 2, 2, "xxx", "NNN", "..."},
    {"a target taken away closes", 2, 2, "bbx", "PFN", ".OC"},
    {"also while it recovers", 2, 3, "bbmxx", "PFRNN", ".O.C."},
    {"and ends what was pending", 2, 2, "bxb", "PNP", "..."},
    {"again after it closed", 1, 2, "bmmb", "FRNF", "O.CO"},
    {"again, and again two looks are needed", 2, 1, "bbmbb", "PFNPF", ".OC.O"},
    {"nothing opens while catching up", 2, 2, "BBBB", "PPPP", "...."},
    {"but on leaving it, still bad", 2, 2, "BBBb", "PPPF", "...O"},
    {"and not if it is met then", 2, 2, "BBBm", "PPPN", "...."},
    {"nothing closes while catching up", 2, 2, "bbMMM", "PFRRR", ".O..."},
    {"but on leaving it, still met", 2, 2, "bbMMMm", "PFRRRN", ".O...C"},
    {"and not if it is missed then", 2, 2, "bbMMMb", "PFRRRF", ".O...."},
    {"a target taken away while catching up", 2, 2, "bbXx", "PFFN", ".O.C"},
    {"too little data while catching up", 2, 2, "bbIAm", "PFFFR", ".O..."},
};

static struct estimate estimate_of(char look)
{
    struct estimate estimate = {.present = true, .value = 60, .low = 50, .high = 70, .n = N_MIN};
    switch (look) {
    case 'm':
        return (struct estimate){.present = true, .value = 85, .low = 70, .high = 90, .n = N_MIN};
    case 'n':
        return (struct estimate){.present = true, .value = 79, .low = 70, .high = TARGET, .n = N_MIN};
    case 'i':
        estimate.n = N_MIN - 1;
        return estimate;
    case 'a':
        estimate.present = false;
        return estimate;
    default:
        return estimate;
    }
}

static struct line_look look_at(size_t number, const struct estimate *estimate, double line)
{
    return (struct line_look){
        .as_of = {START + (int64_t)number * MINUTE}, .line = line, .estimate = estimate, .method = 1, .hold = false};
}

static void looks_become_episodes(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(rows); row++) {
        const struct target_rule rule = {
            .n_min = N_MIN, .looks_to_open = rows[row].to_open, .looks_to_close = rows[row].to_close};
        struct episode episode = {.state = EPISODE_NORMAL};
        assert_int_equal(strlen(rows[row].looks), strlen(rows[row].states));
        assert_int_equal(strlen(rows[row].looks), strlen(rows[row].transitions));
        for (size_t i = 0; rows[row].looks[i]; i++) {
            char look = (char)tolower(rows[row].looks[i]);
            struct estimate estimate = estimate_of(look);
            struct line_look seen = look_at(i, &estimate, look == 'x' ? (double)NAN : TARGET);
            seen.hold = look != rows[row].looks[i];
            enum alert_transition transition = detect_line(&episode, &rule, &seen);
            char got_state = "NPFRI"[episode.state];
            char got_transition = ".OC"[transition];
            if (got_state != rows[row].states[i] || got_transition != rows[row].transitions[i]) {
                fail_msg("%s, look %zu: %c%c", rows[row].name, i, got_state, got_transition);
            }
        }
    }
}

/* When an episode began, when it was told, on what; and its number. */
static void an_episode_keeps_what_it_fired_on(void **state)
{
    (void)state;
    const struct target_rule rule = {.n_min = N_MIN, .looks_to_open = 2, .looks_to_close = 1};
    struct episode episode = {.state = EPISODE_NORMAL};
    static const struct {
        char look;
        uint32_t ordinal;
        int64_t since, opened, closed; /* in looks; -1: at zero */
    } looks[] = {
        {'b', 0, 0, -1, -1}, {'n', 0, 0, -1, -1}, {'b', 0, 2, -1, -1}, {'b', 1, 2, 3, -1},
        {'b', 1, 2, 3, -1},  {'n', 1, 2, 3, -1},  {'b', 1, 2, 3, -1},  {'m', 1, 2, 3, 7},
        {'b', 1, 8, 3, 7},   {'b', 2, 8, 9, -1},  {'m', 2, 8, 9, 10},
    };
    for (size_t i = 0; i < COUNT(looks); i++) {
        struct estimate estimate = estimate_of(looks[i].look);
        estimate.value += looks[i].look == 'b' ? (double)i : 0;
        struct line_look seen = look_at(i, &estimate, TARGET + (double)(i > 3));
        detect_line(&episode, &rule, &seen);
        const int64_t expected[] = {looks[i].since, looks[i].opened, looks[i].closed};
        const int64_t got[] = {episode.since.us, episode.opened.us, episode.closed.us};
        for (size_t t = 0; t < COUNT(got); t++) {
            if (got[t] != (expected[t] < 0 ? 0 : START + expected[t] * MINUTE)) {
                fail_msg("look %zu, time %zu", i, t);
            }
        }
        assert_int_equal(episode.ordinal, looks[i].ordinal);
        if (i == 7) { /* as it was when it opened */
            assert_true(fabs(episode.at_open.value - 63) < 1e-9 && fabs(episode.target - TARGET) < 1e-9);
            assert_int_equal(episode.at_open.n, N_MIN);
        }
    }
}

/* At the target is met; the bound at the target is not missed. */
static const struct {
    const char *name;
    double value, high;
    int64_t n;
    enum episode_state state;
} edges[] = {
    {"just under", 79.999, 79.9999, N_MIN, EPISODE_FIRING},
    {"the bound at the target", 79, TARGET, N_MIN, EPISODE_NORMAL},
    {"the estimate at the target", TARGET, 90, N_MIN, EPISODE_NORMAL},
    {"enough", 10, 20, N_MIN, EPISODE_FIRING},
    {"one too few", 10, 20, N_MIN - 1, EPISODE_INSUFFICIENT},
    {"fewer than none", 10, 20, -1, EPISODE_INSUFFICIENT},
};

static void the_target_itself_is_met(void **state)
{
    (void)state;
    const struct target_rule rule = {.n_min = N_MIN, .looks_to_open = 1, .looks_to_close = 1};
    for (size_t row = 0; row < COUNT(edges); row++) {
        struct episode episode = {.state = EPISODE_NORMAL};
        struct estimate estimate = {.present = true, .value = edges[row].value, .high = edges[row].high};
        estimate.n = edges[row].n;
        struct line_look seen = look_at(0, &estimate, TARGET);
        detect_line(&episode, &rule, &seen);
        bool is_met = edges[row].n >= N_MIN && edges[row].value >= TARGET;
        if (episode.state != edges[row].state || episode.looks_good != is_met) {
            fail_msg("%s: %s", edges[row].name, episode_state_words[episode.state]);
        }
    }
}

static void looks_are_counted_up_to_a_bound(void **state)
{
    (void)state;
    const struct target_rule rule = {.n_min = N_MIN, .looks_to_open = 1, .looks_to_close = 1};
    struct episode episode = {.state = EPISODE_FIRING, .looks_bad = INT32_MAX};
    struct estimate bad = estimate_of('b');
    struct line_look seen = look_at(0, &bad, TARGET);
    detect_line(&episode, &rule, &seen);
    assert_int_equal(episode.looks_bad, INT32_MAX);
    episode = (struct episode){.state = EPISODE_NORMAL, .looks_good = INT32_MAX};
    struct estimate good = estimate_of('m');
    seen = look_at(0, &good, TARGET);
    detect_line(&episode, &rule, &seen);
    assert_int_equal(episode.looks_good, INT32_MAX);
}

/* Changes of scoring method: looks are pairs of a letter and the method, 1, 2 or 3; letters as above, and w: worse than
 * b for certain, g: better than m for certain. Held: h where a change holds the episode as it is. A restart: the
 * episode goes through its bytes between any two looks, so that every row is one with restarts, too. */
static const struct {
    const char *name;
    const char *looks, *states, *transitions, *held;
} methods[] = {
    {"no change", "b1b1b1m1m1m1", "PFFRRN", ".O...C", "......"},
    {"a change far from the line", "m1m1m2m2m2", "NNNNN", ".....", "....."},
    {"the change itself puts it below", "m1m1b2b2b2b2b2", "NNNNNNN", ".......", "..hhhhh"},
    {"and back: the formula is taken back", "m1b2b2m1b1b1", "NNNNPF", ".....O", ".hh..."},
    {"the change puts it below, it recovers, and then slips", "m1b2b2m2b2b2", "NNNNPF", ".....O", ".hh..."},
    {"the change puts it below, and it gets worse for certain", "m1b2b2w2w2", "NNNPF", "....O", ".hh.."},
    {"a change to near the line", "m1n2b2b2b2", "NNNNN", ".....", ".hhhh"},
    {"near it before, below it after", "n1b2b2b2", "NNNN", "....", ".hhh"},
    {"nobody knew before", "i1b2b2", "IPF", "..O", "..."},
    {"too little data in between", "m1i1b2b2b2", "NINNN", ".....", "..hhh"},
    {"a run in the middle begins anew", "b1b2b2b2", "PPFF", "..O.", "...."},
    {"the change ends a run", "b1m2b2b2", "PNPF", "...O", "...."},
    {"the change alone lifts an open one", "b1b1m2m2m2m2m2", "PFFFFFF", ".O.....", "..hhhhh"},
    {"it falls again, and is met then", "b1b1m2m2b2m2m2m2", "PFFFFRRN", ".O.....C", "..hh...."},
    {"it gets better for certain", "b1b1m2g2g2g2", "PFFRRN", ".O...C", "..h..."},
    {"good before the change, and after", "b1b1m1m2m2m2m2", "PFRRRNN", ".O...C.", "......."},
    {"still bad after it", "b1b1b2b2m2m2m2", "PFFFRRN", ".O....C", "......."},
    {"one change after another", "m1b2b3b3b3", "NNNNN", ".....", ".hhhh"},
    {"while catching up", "m1B2B2b2b2", "NNNNN", ".....", ".hhhh"},
    {"the line is taken away, and ends what it opened", "b1b1m2x2", "PFFN", ".O.C", "..h."},
};

static struct estimate estimate_by(char look)
{
    struct estimate estimate = estimate_of(look);
    if (look == 'w') {
        estimate = (struct estimate){.present = true, .value = 40, .low = 35, .high = 45, .n = N_MIN};
    } else if (look == 'g') {
        estimate = (struct estimate){.present = true, .value = 95, .low = 92, .high = 97, .n = N_MIN};
    }
    return estimate;
}

static void restart(struct episode *episode)
{
    struct buffer bytes;
    struct reason why;
    buffer_init(&bytes, EPISODE_SIZE_MAX);
    episode_encode(episode, ALERT_BENCHMARK, &bytes);
    assert_int_equal(episode_decode(episode, ALERT_BENCHMARK, buffer_as_span(&bytes), &why), DONE);
    buffer_done(&bytes);
}

static void a_change_of_method_opens_and_closes_nothing(void **state)
{
    (void)state;
    const struct target_rule rule = {.n_min = N_MIN, .looks_to_open = 2, .looks_to_close = 3};
    for (size_t row = 0; row < 2 * COUNT(methods); row++) {
        bool restarts = row >= COUNT(methods);
        const char *looks = methods[row % COUNT(methods)].looks;
        const char *expected[] = {methods[row % COUNT(methods)].states, methods[row % COUNT(methods)].transitions,
                                  methods[row % COUNT(methods)].held};
        struct episode episode = {.state = EPISODE_NORMAL};
        assert_true(strlen(looks) == 2 * strlen(expected[0]) && strlen(expected[0]) == strlen(expected[1]) &&
                    strlen(expected[0]) == strlen(expected[2]));
        for (size_t i = 0; looks[2 * i]; i++) {
            char letter = (char)tolower(looks[2 * i]);
            struct estimate estimate = estimate_by(letter);
            struct line_look seen = look_at(i, &estimate, letter == 'x' ? (double)NAN : TARGET);
            seen.method = (uint64_t)(looks[2 * i + 1] - '0');
            seen.hold = letter != looks[2 * i];
            enum alert_transition transition = detect_line(&episode, &rule, &seen);
            const char got[] = {"NPFRI"[episode.state], ".OC"[transition], episode.hold.since.us ? 'h' : '.'};
            for (size_t g = 0; g < COUNT(got); g++) {
                if (got[g] != expected[g][i]) {
                    fail_msg("%s, restarts %d, look %zu: %.3s", methods[row % COUNT(methods)].name, restarts, i, got);
                }
            }
            if (restarts) {
                restart(&episode);
            }
        }
    }
}

/* Who moves the line has seen where the new method puts the figure. */
static void a_line_that_is_moved_holds_no_longer(void **state)
{
    (void)state;
    const struct target_rule rule = {.n_min = N_MIN, .looks_to_open = 2, .looks_to_close = 3};
    struct episode episode = {.state = EPISODE_NORMAL};
    static const double lines[] = {TARGET, TARGET, TARGET, TARGET - 1, TARGET - 1};
    struct estimate good = estimate_of('m');
    struct estimate bad = estimate_of('b');
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct line_look seen = look_at(i, i == 0 ? &good : &bad, lines[i]);
        seen.method = i == 0 ? 1 : 2;
        assert_int_equal(detect_line(&episode, &rule, &seen), i == 4 ? ALERT_OPENED : ALERT_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_become_episodes),
        cmocka_unit_test(an_episode_keeps_what_it_fired_on),
        cmocka_unit_test(the_target_itself_is_met),
        cmocka_unit_test(looks_are_counted_up_to_a_bound),
        cmocka_unit_test(a_change_of_method_opens_and_closes_nothing),
        cmocka_unit_test(a_line_that_is_moved_holds_no_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
