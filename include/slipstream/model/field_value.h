/* field_value.h - from a text to what a field stores: an imported column's, a mapped field's.
 *
 * Units: times in µs since the epoch, UTC unless the text has an offset; durations in ms. Errors: false, and the output
 * untouched. Texts are borrowed and need no NUL. Pure. */
#ifndef SLIPSTREAM_MODEL_FIELD_VALUE_H
#define SLIPSTREAM_MODEL_FIELD_VALUE_H

#include "slipstream/model/interaction.h"

/* How times are written, tried in order: "iso" (ISO 8601: 2026-11-22, 2026-11-22T09:30, … 09:30:00.5+01:00, a blank for
 * the T), "epoch_s", "epoch_ms", or a pattern of strptime. */
#define TIME_FORMATS_MAX 8
struct time_formats {
    const char *formats[TIME_FORMATS_MAX];
    size_t count;
};
/* Whether it is one of those words, or a pattern whose conversions mean the same everywhere. */
bool time_format_is_valid(const char *format);
bool value_time(struct span text, const struct time_formats *formats, int64_t *us);

/* What stands for true and for false; none given: true, yes, y, 1 and false, no, n, 0 in any case. */
#define FLAG_WORDS_MAX 16
struct flag_words {
    const char *yes[FLAG_WORDS_MAX], *no[FLAG_WORDS_MAX];
    size_t yes_count, no_count;
};
bool value_flag(struct span text, const struct flag_words *words, int64_t *flag);

bool value_number(struct span text, int64_t *number);
/* A decimal number, which times factor is in seconds. */
bool value_seconds(struct span text, double factor, int64_t *ms);
/* A word of enum event_kind or contact_outcome. */
bool value_kind(struct span text, int64_t *kind);
bool value_contact(struct span text, int64_t *outcome);

struct value_rules {
    struct time_formats times;
    struct flag_words flags;
    double factor;
};
/* By a field's type, which is not FIELD_TEXT. */
bool value_convert(enum field_type type, struct span text, const struct value_rules *rules, int64_t *value);
/* What such a field takes, for a reason: "a time"; and the word that such a refusal is counted under: "bad_time". */
const char *value_expected(enum field_type type);
const char *value_refusal(enum field_type type);

/* A map from values to what a field takes, sorted by `from`. */
struct map_entry {
    const char *from, *to; /* to: empty for absent */
    int64_t value;         /* of `to`, for who converts it once: config's mapping */
};
const struct map_entry *map_find(const struct map_entry *entries, size_t count, struct span value); /* NULL: it has none */
int map_order(const void *a, const void *b); /* for qsort */

/* Without blanks and tabs around it. */
struct span value_trim(struct span text);

#endif
