/* letter_filter.h - which dead letters are meant: by reason, topic, time, place, and whether they were replayed.
 *
 * Errors: DONE or STOP/bad_config with what is wrong and what is allowed. Lifetimes: lists of words are borrowed from
 * the command line. Pure but for the clock, which is given. */
#ifndef SLIPSTREAM_MAIN_LETTER_FILTER_H
#define SLIPSTREAM_MAIN_LETTER_FILTER_H

#include "slipstream/model.h"

struct letter_place {
    int32_t partition; /* of the topic of dead letters */
    int64_t offset;
};
/* "PARTITION:OFFSET", as `list` shows it. */
bool letter_place_parse(const char *text, struct letter_place *place);

#define FILTER_PLACES_MAX 16
struct letter_filter {
    const char *reasons;     /* words with commas between them; NULL: any */
    const char *topics;      /* likewise */
    struct event_time since; /* of becoming a dead letter, not of the event; 0: any */
    struct event_time until; /* not included; INT64_MAX: any */
    struct letter_place places[FILTER_PLACES_MAX];
    size_t place_count; /* 0: any */
    bool pending;       /* only what was not replayed */
};
#define LETTER_FILTER_ALL ((struct letter_filter){.until = {INT64_MAX}})

/* A letter where it stands. */
struct found_letter {
    struct letter_place place;
    struct event_time at; /* when it became one */
    struct dead_letter letter;
    bool is_replayed;
};

/* Every word must be a reason. */
enum outcome letter_filter_reasons(struct letter_filter *self, const char *words, struct reason *why) MUST_CHECK;
/* "2026-11-22", "2026-11-22T09:30", "2026-11-22T09:30:00+01:00" (UTC without an offset), or so long ago: "90m" "2d". */
enum outcome letter_time_parse(const char *text, struct event_time now, struct event_time *time,
                               struct reason *why) MUST_CHECK;
bool letter_filter_wants(const struct letter_filter *self, const struct found_letter *found);
/* Whether a word stands in a list of them. */
bool word_is_listed(const char *words, struct span word);

#endif
