/* letter_filter.c - which dead letters are meant. */
#include "letter_filter.h"

#include "slipstream/config.h"

/* The next word of a list with commas; false after the last. */
static bool next_word(const char **words, struct span *word)
{
    if (!*words) {
        return false;
    }
    const char *comma = strchr(*words, ',');
    size_t size = comma ? (size_t)(comma - *words) : strlen(*words);
    *word = value_trim(span_of(*words, size));
    *words = comma ? comma + 1 : NULL;
    return true;
}

bool word_is_listed(const char *words, struct span word)
{
    struct span listed;
    while (next_word(&words, &listed)) {
        if (span_equal(listed, word)) {
            return true;
        }
    }
    return false;
}

/* Digits up to an end, at most `most`. */
static bool take_digits(const char *text, char end, int64_t most, const char **rest, int64_t *value)
{
    int64_t sum = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (sum > (most - (*at - '0')) / 10) {
            return false;
        }
        sum = sum * 10 + (*at - '0');
    }
    *value = sum;
    *rest = at + 1;
    return at > text && *at == end;
}

bool letter_place_parse(const char *text, struct letter_place *place)
{
    int64_t partition, offset;
    const char *rest;
    if (!take_digits(text, ':', INT32_MAX, &rest, &partition) || !take_digits(rest, '\0', INT64_MAX, &rest, &offset)) {
        return false;
    }
    *place = (struct letter_place){(int32_t)partition, offset};
    return true;
}

enum outcome letter_filter_reasons(struct letter_filter *self, const char *words, struct reason *why)
{
    struct span word;
    for (const char *left = words; next_word(&left, &word);) {
        if (reason_of_word(word) == REASON_COUNT) {
            return FAIL(why, STOP, REASON_BAD_CONFIG,
                        "there is no reason \"%.*s\"; `slipstream config reasons` lists them", SPAN_FORMAT(word));
        }
    }
    self->reasons = words;
    return DONE;
}

enum outcome letter_time_parse(const char *text, struct event_time now, struct event_time *time, struct reason *why)
{
    static const struct time_formats formats = {{"iso"}, 1};
    int64_t us;
    if (config_duration(text, &us) && us <= now.us) {
        time->us = now.us - us;
    } else if (value_time(span_text(text), &formats, &us) && us >= 0) {
        time->us = us;
    } else {
        return FAIL(why, STOP, REASON_BAD_CONFIG,
                    "\"%s\" is no time: say 2026-11-22T09:30 (UTC), or how long ago, as 90m, 6h or 2d", text);
    }
    return DONE;
}

static bool is_at_a_place(const struct letter_filter *self, const struct letter_place *place)
{
    for (size_t i = 0; i < self->place_count; i++) {
        if (self->places[i].partition == place->partition && self->places[i].offset == place->offset) {
            return true;
        }
    }
    return self->place_count == 0;
}

bool letter_filter_wants(const struct letter_filter *self, const struct found_letter *found)
{
    return found->at.us >= self->since.us && found->at.us < self->until.us && is_at_a_place(self, &found->place) &&
           !(self->pending && found->is_replayed) &&
           (!self->reasons || word_is_listed(self->reasons, found->letter.reason)) &&
           (!self->topics || word_is_listed(self->topics, found->letter.topic));
}
