/* detection.c - the slip rule's constants, and the words of its subjects. */
#include "slipstream/model/detection.h"

#include <stdio.h>

const char *const test_words[TESTS] = {"1h", "4h", "24h", "7d", "pinned"};

enum window test_window(enum test test)
{
    static const enum window windows[TESTS] = {WINDOW_1H, WINDOW_4H, WINDOW_24H, WINDOW_7D, WINDOW_7D};
    return windows[test];
}

const struct detection detection_defaults = {
    .tests =
        {
            [TEST_1H] = {5.2, 5 * US_PER_MINUTE, 48, US_PER_HOUR},
            [TEST_4H] = {4.15, 5 * US_PER_MINUTE, 48, 4 * US_PER_HOUR},
            [TEST_24H] = {2.9, 30 * US_PER_MINUTE, 28, US_PER_DAY},
            [TEST_7D] = {2.3, 2 * US_PER_HOUR, 28, US_PER_DAY},
            [TEST_PINNED] = {2.3, 2 * US_PER_HOUR, 28, US_PER_DAY},
        },
    .margin = 0.02,
    .looks_to_fire = 2,
    .looks_to_clear = 3,
    /* The high z of a short window pays for its many looks, any two of which may fire it. At clearing it is the other
     * way round: a wide interval reaches 0 by chance in the middle of a slip (8 points at 2,000 a day: every second
     * episode closed within hours, and opened again). */
    .clear_z = 1.959963984540054,
    .n_now = 50,
    .n_base = 300,
    .stratum_n_now = 30,
    .stratum_n_base = 100,
    .channel_n_base = 30,
    .baseline_weeks = 8,
    .weeks_least = 6,
    .subject_z_raise = 1,
    .dispersion_weeks = 4,
    .dispersion_least = 10,
    .dispersion_low = 1,
    .dispersion_high = 400,
    .pinned_weeks = 8,
    .pinned_from_day = DAY_NONE,
    .pinned_to_day = DAY_NONE,
    .new_level_us = 28 * US_PER_DAY,
    .silence_look_us = 5 * US_PER_MINUTE,
    .silence_expected = 20,
    .silence_share = 0.02,
    .silence_chance = 1e-6,
    .divergence_look_us = 6 * US_PER_HOUR,
    .divergence_others = 5,
};

struct subject_parts subject_parts(unsigned subject)
{
    struct subject_parts parts = {DRIVERS, CHANNELS, BEHAVIOURS};
    ASSERT(subject < SUBJECTS_TOLD);
    if (subject >= SUBJECT_CHANNEL) {
        parts.channel = (enum channel)(subject - SUBJECT_CHANNEL);
    } else if (subject >= SUBJECT_BEHAVIOUR) {
        parts.behaviour = (enum behaviour)(subject - SUBJECT_BEHAVIOUR);
    } else if (subject >= SUBJECT_DRIVER_CHANNEL) {
        parts.driver = (enum driver)((subject - SUBJECT_DRIVER_CHANNEL) / CHANNELS);
        parts.channel = (enum channel)((subject - SUBJECT_DRIVER_CHANNEL) % CHANNELS);
    } else if (subject >= SUBJECT_DRIVER) {
        parts.driver = (enum driver)(subject - SUBJECT_DRIVER);
    }
    return parts;
}

const char *subject_word(unsigned subject, char text[SUBJECT_WORD_SIZE])
{
    struct subject_parts parts = subject_parts(subject);
    if (parts.behaviour != BEHAVIOURS) {
        snprintf(text, SUBJECT_WORD_SIZE, "behaviour/%s", behaviour_word(parts.behaviour));
    } else if (parts.channel != CHANNELS && parts.driver == DRIVERS) {
        snprintf(text, SUBJECT_WORD_SIZE, "channel/%s", channel_word(parts.channel));
    } else if (parts.channel != CHANNELS) {
        snprintf(text, SUBJECT_WORD_SIZE, "driver/%s@%s", driver_word(parts.driver), channel_word(parts.channel));
    } else if (parts.driver != DRIVERS) {
        snprintf(text, SUBJECT_WORD_SIZE, "driver/%s", driver_word(parts.driver));
    } else {
        snprintf(text, SUBJECT_WORD_SIZE, "cx");
    }
    return text;
}

bool subject_from_word(struct span word, unsigned *subject)
{
    char text[SUBJECT_WORD_SIZE];
    for (unsigned s = 0; s < SUBJECTS; s++) {
        if (span_equal(word, span_text(subject_word(s, text)))) {
            *subject = s;
            return true;
        }
    }
    return false;
}
