/* detection.h - the slip rule's constants, and what it is asked about: DOMAIN.md, "When a score has slipped".
 *
 * Units: shares 0..1 for the margin, microseconds, counts of looks, weeks and windows. Owner: part of struct scoring,
 * so that the scoring file may change them; holidays are borrowed from who read the file. Pure data. */
#ifndef SLIPSTREAM_MODEL_DETECTION_H
#define SLIPSTREAM_MODEL_DETECTION_H

#include "slipstream/model/panes.h"

/* What can slip. The first are those that a fixed target can be set for (TARGETS, model/scoring.h); "cx",
 * "driver/ID", "driver/ID@CHANNEL", "behaviour/ID". Ids are stored as words only. */
enum subject {
    SUBJECT_CX,
    SUBJECT_DRIVER,                                                       /* + enum driver */
    SUBJECT_DRIVER_CHANNEL = SUBJECT_DRIVER + DRIVERS,                    /* + driver × CHANNELS + channel */
    SUBJECT_BEHAVIOUR = SUBJECT_DRIVER_CHANNEL + (int)DRIVERS * CHANNELS, /* + enum behaviour */
    SUBJECTS = SUBJECT_BEHAVIOUR + (int)BEHAVIOURS,
    SUBJECT_CHANNEL = SUBJECTS, /* + enum channel: no figure, but whether it is heard; "channel/ID" */
    SUBJECTS_TOLD = SUBJECT_CHANNEL + (int)CHANNELS
};
#define SUBJECT_WORD_SIZE 64
const char *subject_word(unsigned subject, char text[SUBJECT_WORD_SIZE]);
bool subject_from_word(struct span word, unsigned *subject);

/* A subject taken apart; what it does not have is DRIVERS, CHANNELS or BEHAVIOURS. */
struct subject_parts {
    enum driver driver;
    enum channel channel;
    enum behaviour behaviour;
};
struct subject_parts subject_parts(unsigned subject);

/* The windows that are tested. Pinned: the 7 d window against a reference that does not move, for slow drift. */
enum test { TEST_1H, TEST_4H, TEST_24H, TEST_7D, TEST_PINNED, TESTS };
extern const char *const test_words[TESTS];
enum window test_window(enum test test);

struct detection_window {
    double z;                /* of the interval that decides */
    int64_t look_us;         /* between looks; a divisor of a day; 0: the window is not tested */
    int32_t history_windows; /* earlier windows that tell the overdispersion */
    int64_t history_step_us; /* from one of them to the next */
};

struct detection {
    struct detection_window tests[TESTS];
    double margin;         /* a slip is certainly more than this: .02 = 2 points */
    int32_t looks_to_fire; /* one after another, of one window */
    int32_t looks_to_clear;
    double clear_z;                         /* of the upper bound that clears: see detection_defaults */
    double n_now, n_base;                   /* least n / φ of the subject, in the window and in its baseline */
    double stratum_n_now, stratum_n_base;   /* services of a channel are pooled until every stratum has so many */
    double channel_n_base;                  /* a channel with fewer in the baseline has none, and is left out */
    int32_t baseline_weeks;                 /* matched weeks before the window; at most BASELINE_WEEKS_MAX */
    int32_t weeks_least;                    /* of history in all; with less an agency is learning */
    double subject_z_raise;                 /* of drivers and behaviours, tested on their own */
    int32_t dispersion_weeks;               /* matched weeks of each earlier window */
    int32_t dispersion_least;               /* earlier windows; with fewer an agency is learning */
    double dispersion_low, dispersion_high; /* φ is clipped to these */
    int32_t pinned_weeks;                   /* the reference: the first so many whole weeks; or: */
    int32_t pinned_from_day, pinned_to_day; /* the first and last UTC day named for it; DAY_NONE: not named */
    int64_t new_level_us;                   /* an episode that lasts so long closes: that is how it is now */
    int64_t silence_look_us;                /* how often channels are asked whether they have gone silent; 0: never */
    double silence_expected;                /* least contacts that are usual in a silence */
    double silence_share;                   /* of them at most this came */
    double silence_chance;                  /* and the chance of so few is at most this */
    int64_t divergence_look_us; /* how often agencies are compared with the others, by the 7 d window; 0: never */
    int64_t divergence_others;  /* least agencies to be compared with */
};
#define BASELINE_WEEKS_MAX 8 /* the panes reach back nine weeks, the window itself included */
#define DAY_NONE           INT32_MIN

/* DOMAIN.md's; every z as tests/simulate.md has settled it. */
extern const struct detection detection_defaults;

#endif
