/* figures.h - random figures for what is published: estimates, cards, scorecards, counts, episodes; and odd names. */
#ifndef SLIPSTREAM_TESTS_FIGURES_H
#define SLIPSTREAM_TESTS_FIGURES_H

#include "records.h"
#include "seeded.h"

/* Names that somebody's escaping, quoting or counting may get wrong; all UTF-8 without NUL. */
static const char *const odd_names[] = {
    "tax",
    "a",
    "with \"quotes\" and \\backslashes\\",
    "line\nbreak\ttab\x01\x1f\x7f",
    "Ministère de l’Économie — «ж» 東京 \xF0\x9F\x8F\x9B",
    "</script><b>&amp;%s%n{}[],:",
    "\xE2\x80\xA8\xE2\x80\xA9\xEF\xBB\xBF\xED\x9F\xBF\xF4\x8F\xBF\xBF",
    "null",
    "200 bytes: "
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};
#define ODD_NAMES (sizeof odd_names / sizeof *odd_names)

static inline struct estimate random_estimate(struct seeded *random)
{
    if (seeded_one_in(random, 3)) {
        return (struct estimate){0};
    }
    double value = seeded_one_in(random, 5) ? (double)seeded_between(random, 0, 100) : 100 * seeded_unit(random);
    return (struct estimate){true, value, value * seeded_unit(random), value + (100 - value) * seeded_unit(random),
                             (int64_t)seeded_sized(random, 40)};
}

static inline struct card random_card(struct seeded *random)
{
    struct card card = {
        .interactions = seeded_one_in(random, 2) ? seeded_between(random, -2, 14) : (int64_t)seeded_sized(random, 40),
        .events = seeded_one_in(random, 3) ? 0 : (int64_t)seeded_sized(random, 40),
        .cx = random_estimate(random),
        .satisfaction = random_estimate(random),
        .surveys_offered = (int64_t)seeded_sized(random, 20),
        .surveys_answered = seeded_between(random, 0, 14),
    };
    card.response_rate = random_estimate(random);
    for (unsigned c = 0; c < CAUSES; c++) {
        card.causes[c] = (struct cause_figure){seeded_one_in(random, 2), seeded_unit(random) * 1000,
                                               (int64_t)seeded_sized(random, 40)};
    }
    for (unsigned d = 0; d < DRIVERS; d++) {
        card.drivers[d] =
            (struct driver_score){random_estimate(random), random_estimate(random), random_estimate(random)};
    }
    for (unsigned b = 0; b < BEHAVIOURS; b++) {
        card.behaviours[b] = random_estimate(random);
    }
    return card;
}

static inline void random_scorecard(struct seeded *random, const struct scoring *scoring, struct scorecard *out)
{
    *out = (struct scorecard){
        .agency = span_text(odd_names[seeded_below(random, ODD_NAMES)]),
        .revision = {seeded_sized(random, 53), seeded_sized(random, 63)},
        .as_of = {(int64_t)seeded_sized(random, 51)},
        .catching_up = seeded_one_in(random, 2),
        .scoring = scoring,
    };
    for (unsigned w = 0; w < WINDOWS; w++) {
        out->all[w] = random_card(random);
        for (unsigned c = 0; c < CHANNELS; c++) {
            out->channels[w][c] = random_card(random);
        }
    }
    out->shadow.scoring = seeded_one_in(random, 2) ? scoring : NULL;
    for (unsigned w = 0; out->shadow.scoring && w < WINDOWS; w++) {
        out->shadow.all[w] = random_card(random);
        for (unsigned c = 0; c < CHANNELS; c++) {
            out->shadow.channels[w][c] = random_card(random);
        }
    }
    out->service_count = seeded_one_in(random, 20) ? SERVICES_SHOWN : seeded_below(random, 4);
    out->services_left = seeded_one_in(random, 3) ? seeded_below(random, 1000) : 0;
    for (size_t s = 0; s < out->service_count; s++) {
        out->services[s].service = span_text(odd_names[seeded_below(random, ODD_NAMES)]);
        for (unsigned w = 0; w < WINDOWS; w++) {
            out->services[s].cards[w] = random_card(random);
        }
    }
}

static inline struct episode random_episode(struct seeded *random)
{
    return (struct episode){
        .state = (enum episode_state)seeded_below(random, EPISODE_STATES),
        .ordinal = (uint32_t)seeded_sized(random, 31),
        .since = {(int64_t)seeded_sized(random, 51)},
        .opened = {(int64_t)seeded_sized(random, 51)},
        .closed = {(int64_t)seeded_sized(random, 51)},
        .at_open = random_estimate(random),
        .target = (double)seeded_between(random, 0, 1000) / 10,
    };
}

#endif
