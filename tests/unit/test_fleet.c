/* test_fleet.c - agencies beside one another: figures, how far one is from the others, and who has fallen behind.
 *
 * Oracle of the figures: naive sums over a list, sorted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seeded.h"
#include "slipstream/detect.h"
#include "slipstream/score/fleet.h"

#define COUNT(rows)  (sizeof(rows) / sizeof((rows)[0]))
#define START        INT64_C(1795339800000000)
#define AGENCIES_MAX 40

struct crowd {
    char names[AGENCIES_MAX][32];
    struct fleet_entry entries[AGENCIES_MAX];
    size_t count;
};

static void random_crowd(struct seeded *random, struct crowd *crowd)
{
    *crowd = (struct crowd){.count = (size_t)seeded_below(random, AGENCIES_MAX + 1)};
    for (size_t i = 0; i < crowd->count; i++) {
        struct fleet_entry *entry = &crowd->entries[i];
        double d = .2 * seeded_unit(random) - .1;
        snprintf(crowd->names[i], sizeof crowd->names[i], "agency-%zu", i);
        entry->agency = span_text(crowd->names[i]);
        for (unsigned w = 0; w < WINDOWS; w++) {
            entry->cx[w].present = !seeded_one_in(random, 4);
            entry->cx[w].value = entry->cx[w].present ? 100 * seeded_unit(random) : 0;
        }
        if (seeded_one_in(random, 2)) {
            entry->change = (struct fleet_change){true, .7 + d, .7, d, d - .02, d + .03, 400};
        }
    }
}

static int by_size(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* Through its bytes, as it comes from another process. */
static void add_all(struct fleet_sum *sum, const struct crowd *crowd)
{
    struct buffer bytes;
    struct fleet_part part;
    struct fleet_entry entry;
    const struct fleet_part_header header = {7, {START}, true};
    size_t count = 0;
    buffer_init(&bytes, FLEET_PART_MAX);
    fleet_part_begin(&bytes, &header);
    for (size_t i = 0; i < crowd->count; i++) {
        fleet_part_put(&bytes, &crowd->entries[i]);
    }
    assert_true(fleet_part_read(&part, buffer_as_span(&bytes)));
    assert_true(part.header.method == 7 && part.header.as_of.us == START && part.header.catching_up);
    while (fleet_part_next(&part, &entry)) {
        assert_true(span_equal(entry.agency, crowd->entries[count].agency));
        assert_int_equal(entry.change.present, crowd->entries[count].change.present);
        fleet_sum_add(sum, &entry);
        count++;
    }
    assert_false(part.in.broken);
    assert_int_equal(count, crowd->count);
    buffer_done(&bytes);
}

static void check_window(struct fleet_sum *sum, const struct crowd *crowd, unsigned w)
{
    struct fleet_figures figures;
    double values[AGENCIES_MAX];
    size_t n = 0;
    double total = 0;
    double squares = 0;
    for (size_t i = 0; i < crowd->count; i++) {
        if (crowd->entries[i].cx[w].present) {
            values[n++] = crowd->entries[i].cx[w].value;
            total += values[n - 1];
        }
    }
    assert_int_equal(fleet_sum_figures(sum, (enum window)w, &figures), n >= FLEET_LEAST);
    if (n < FLEET_LEAST) {
        return;
    }
    qsort(values, n, sizeof *values, by_size);
    for (size_t i = 0; i < n; i++) {
        squares += pow(values[i] - total / (double)n, 2);
    }
    assert_int_equal(figures.agencies, n);
    assert_true(fabs(figures.average - total / (double)n) < 1e-9);
    assert_true(fabs(figures.deviation - sqrt(squares / ((double)n - 1))) < 1e-9);
    assert_true(fabs(figures.median - (n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2)) < 1e-9);
    assert_true(figures.worst == values[0] && figures.best == values[n - 1]);
    for (size_t i = 0; i < crowd->count; i++) {
        bool is_best = strcmp(crowd->names[i], figures.best_agency) == 0;
        assert_true(!is_best || crowd->entries[i].cx[w].value == figures.best);
    }
}

static void figures_are_those_of_the_list(void **state)
{
    (void)state;
    struct seeded random = {1};
    struct crowd crowd;
    struct fleet_sum *sum = fleet_sum_open();
    for (unsigned round = 0; round < 300; round++) {
        random_crowd(&random, &crowd);
        fleet_sum_clear(sum);
        add_all(sum, &crowd);
        for (unsigned w = 0; w < WINDOWS; w++) {
            check_window(sum, &crowd, w);
        }
    }
    fleet_sum_close(sum);
}

/* ---- gaps ---- */

/* The changes of the others in points, ended by 99, and that of the agency itself; then by how much its gap to their
 * average is wider, and whether that is certain by more than two points. Everybody's half interval is 2 points. */
static const struct {
    const char *name;
    double others[12], own;
    bool has_gap;
    double wider;
    bool is_certain;
} gaps[] = {
    {"nobody moves", {0, 0, 0, 0, 0, 0, 99}, 0, true, 0, false},
    {"it falls alone", {0, 0, 0, 0, 0, 0, 99}, -9, true, 9, true},
    {"all fall", {-9, -9, -9, -9, -9, -9, 99}, -9, true, 0, false},
    {"all rise but this one", {9, 9, 9, 9, 9, 9, 99}, 0, true, 9, true},
    {"all rise", {9, 9, 9, 9, 9, 9, 99}, 9, true, 0, false},
    {"it rises alone", {0, 0, 0, 0, 0, 0, 99}, 9, true, -9, false},
    {"one of the others leaps ahead", {40, 0, 0, 0, 0, 0, 99}, 0, true, 6.667, false},
    {"two do", {40, 40, 0, 0, 0, 0, 99}, 0, true, 13.333, false},
    {"a little behind", {0, 0, 0, 0, 0, 0, 99}, -3, true, 3, false},
    {"five others are enough", {9, 9, 9, 9, 9, 99}, 0, true, 9, true},
    {"four are not", {9, 9, 9, 9, 99}, 0, false, 0, false},
};

static void one_is_compared_with_the_others(void **state)
{
    (void)state;
    struct fleet_sum *sum = fleet_sum_open();
    for (size_t row = 0; row < COUNT(gaps); row++) {
        struct fleet_entry entry = {.agency = span_text("other")};
        struct fleet fleet = {.complete = true};
        struct fleet_gap gap;
        fleet_sum_clear(sum);
        for (size_t i = 0; gaps[row].others[i] < 99; i++) {
            double d = gaps[row].others[i] / 100;
            entry.change = (struct fleet_change){true, .75 + d, .75, d, d - .02, d + .02, 400};
            fleet_sum_add(sum, &entry);
        }
        double own = gaps[row].own / 100;
        entry.change = (struct fleet_change){true, .7 + own, .7, own, own - .02, own + .02, 400};
        fleet_sum_add(sum, &entry);
        fleet_sum_moved(sum, &fleet);
        bool has = fleet_gap(&fleet, &entry.change, detection_defaults.divergence_others, &gap);
        assert_int_equal(has, gaps[row].has_gap);
        if (has && (fabs(gap.now - gap.usual - gaps[row].wider) > .001 || fabs(gap.usual - 5) > 1e-9 ||
                    (gap.low > 2) != gaps[row].is_certain || gap.low > gap.widened || gap.high < gap.widened)) {
            fail_msg("%s: now %.2f, usual %.2f, at least %.2f", gaps[row].name, gap.now, gap.usual, gap.low);
        }
    }
    fleet_sum_close(sum);
}

/* ---- episodes ---- */

/* Looks six hours apart: b behind for certain, u as usual, w wider but not for certain, x nothing to compare with, a
 * ahead of the others and wider all the same; a capital: nothing opens or closes. A digit after it: the score itself is
 * in a slip (1), or another method (2). */
static const struct {
    const char *name;
    const char *looks, *states, *transitions;
} episodes[] = {
    {"as usual", "uuuu", "NNNN", "...."},
    {"opens on the second", "bb", "PF", ".O"},
    {"one as usual starts it over", "bubb", "PNPF", "...O"},
    {"so does one that cannot be compared", "bxbb", "PNPF", "...O"},
    {"wider, but not for certain", "wwww", "NNNN", "...."},
    {"still ahead of the others", "aaaa", "NNNN", "...."},
    {"closes on the third as usual", "bbuuu", "PFRRN", ".O..C"},
    {"what cannot be compared is no recovery", "bbxxxx", "PFFFFF", ".O...."},
    {"nor is what is not for certain", "bbwwww", "PFFFFF", ".O...."},
    {"nothing opens while catching up", "BBBb", "PPPF", "...O"},
    {"nor closes", "bbUUUu", "PFRRRN", ".O...C"},
    {"a slip of the score is told of alone", "b1b1b1b1", "PPPP", "...."},
    {"another method begins anew", "bb2b2", "PPF", "..O"},
};

static struct divergence_look look_of(char letter, char note, size_t number)
{
    bool is_behind = letter == 'b' || letter == 'w' || letter == 'a';
    double gap = letter == 'a' ? -4 : is_behind ? 12 : 5;
    return (struct divergence_look){.as_of = {START + (int64_t)number * 6 * US_PER_HOUR},
                                    .method = note == '2' ? 2 : 1,
                                    .may_open = note != '1',
                                    .compared = letter != 'x',
                                    .gap = {true, gap, gap - 2, gap + 2, 400},
                                    .usual = letter == 'a' ? -12 : 5,
                                    .widened_least = letter == 'w' ? 1.9
                                                     : is_behind   ? 4
                                                                   : -2};
}

static void looks_become_divergences(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(episodes); row++) {
        struct divergence divergence = {0};
        size_t number = 0;
        for (const char *at = episodes[row].looks; *at; at++, number++) {
            char letter = (char)tolower(*at);
            bool hold = letter != *at;
            char note = isdigit((unsigned char)at[1]) ? *++at : '\0';
            struct divergence_look look = look_of(letter, note, number);
            look.hold = hold;
            enum alert_transition transition = detect_divergence(&divergence, &detection_defaults, &look);
            const char got[] = {"NPFRI"[divergence.episode.state], ".OC"[transition]};
            if (got[0] != episodes[row].states[number] || got[1] != episodes[row].transitions[number]) {
                fail_msg("%s, look %zu: %.2s", episodes[row].name, number, got);
            }
        }
    }
}

/* The usual gap is that of when it opened: by lasting it becomes usual only when four weeks have passed. */
static void a_gap_that_lasts_is_the_new_level(void **state)
{
    (void)state;
    struct divergence divergence = {0};
    size_t closed_at = 0;
    for (size_t number = 0; number < 200; number++) {
        struct divergence_look look = look_of('b', '\0', number);
        look.usual = 5 + (double)number / 20; /* as a baseline that does not stand still */
        look.widened_least = number > 20 ? 0 : 4;
        if (detect_divergence(&divergence, &detection_defaults, &look) == ALERT_CLOSED) {
            closed_at = number;
        }
    }
    assert_int_equal(closed_at, 1 + 28 * 4);
    assert_true(divergence.to_new_level);
    assert_int_equal(divergence.episode.ordinal, 1);
    assert_true(fabs(divergence.episode.target - 5.05) < 1e-9);
}

/* ---- bytes ---- */

static void damaged_parts_are_survived(void **state)
{
    (void)state;
    struct seeded random = {2};
    struct crowd crowd;
    struct buffer bytes;
    static uint8_t damaged[1 << 16];
    buffer_init(&bytes, FLEET_PART_MAX);
    for (unsigned round = 0; round < 3000; round++) {
        const struct fleet_part_header header = {7, {START}, false};
        struct fleet_part part;
        struct fleet_entry entry;
        random_crowd(&random, &crowd);
        fleet_part_begin(&bytes, &header);
        for (size_t i = 0; i < crowd.count; i++) {
            fleet_part_put(&bytes, &crowd.entries[i]);
        }
        memcpy(damaged, bytes.data, bytes.size);
        size_t size = seeded_damage(&random, damaged, bytes.size, sizeof damaged);
        if (fleet_part_read(&part, span_of(damaged, size))) {
            while (fleet_part_next(&part, &entry)) {
                assert_true(entry.agency.size > 0 && entry.agency.size <= ID_SIZE_MAX);
                assert_true(isfinite(entry.cx[0].value) && isfinite(entry.change.d));
            }
        }
    }
    buffer_done(&bytes);
}

static void a_fleet_and_a_divergence_come_back(void **state)
{
    (void)state;
    const struct fleet fleet = {9, {START}, true, 24, .7, .65, .05, .04, .01};
    const struct divergence divergence = {
        .episode = {.state = EPISODE_FIRING, .ordinal = 3, .since = {START}, .target = -2.5, .method = 9},
        .to_new_level = true};
    struct fleet fleet_back;
    struct divergence divergence_back = {0};
    struct buffer bytes;
    struct reason why;
    buffer_init(&bytes, DIVERGENCE_SIZE_MAX);
    fleet_encode(&fleet, &bytes);
    assert_true(fleet_decode(&fleet_back, buffer_as_span(&bytes)));
    assert_true(fleet_back.method == 9 && fleet_back.as_of.us == START && fleet_back.complete);
    assert_true(fleet_back.changed == 24 && fleet_back.median == .04 && fleet_back.error == .01);
    for (size_t size = 0; size < bytes.size; size++) {
        assert_false(fleet_decode(&fleet_back, span_of(bytes.data, size)));
        assert_false(fleet_back.complete);
    }
    buffer_clear(&bytes);
    divergence_encode(&divergence, &bytes);
    assert_false(bytes.overflow);
    assert_int_equal(divergence_decode(&divergence_back, buffer_as_span(&bytes), &why), DONE);
    assert_memory_equal(&divergence_back, &divergence, sizeof divergence);
    for (size_t size = 0; size < bytes.size; size++) {
        assert_int_equal(divergence_decode(&divergence_back, span_of(bytes.data, size), &why), STOP);
    }
    buffer_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_those_of_the_list), cmocka_unit_test(one_is_compared_with_the_others),
        cmocka_unit_test(looks_become_divergences),      cmocka_unit_test(a_gap_that_lasts_is_the_new_level),
        cmocka_unit_test(damaged_parts_are_survived),    cmocka_unit_test(a_fleet_and_a_divergence_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
