/* import_row.h - one row of a file as an interaction, or why not. Pure: no input or output, no clock.
 *
 * Ownership: texts of the interaction are borrowed from the row's values, the mapping, and the row_texts given. Errors:
 * SKIP with a rejection. */
#ifndef SLIPSTREAM_MAIN_IMPORT_ROW_H
#define SLIPSTREAM_MAIN_IMPORT_ROW_H

#include "import_mapping.h"

/* Why a row is sent nowhere. */
struct rejection {
    const char *word;  /* what it is counted under: a constant ("ends_before_start") */
    char text[192];    /* what is wrong; holds nothing of the row */
    struct span value; /* the value at fault, borrowed from the row; data NULL: none in particular */
};
enum outcome reject(struct rejection *rejection, const char *word, struct span value, const char *format, ...)
    PRINTF_LIKE(4, 5);

#define ROW_TEXTS 4 /* fields that are texts */
struct row_texts {
    char texts[ROW_TEXTS][ID_SIZE_MAX + 1];
};

/* values: one for each of the mapping's columns. Times first, then the channel: a row that ends before it began is
 * that, whatever channel it names. The interaction's own rules (interaction_check) are row_check's. */
enum outcome row_read(const struct mapping *mapping, const struct span *values, struct row_texts *texts,
                      struct interaction *interaction, struct rejection *rejection) MUST_CHECK;

/* What intake would say: interaction_check. */
enum outcome row_check(const struct interaction *interaction, const struct time_bounds *bounds, struct event_time now,
                       struct rejection *rejection) MUST_CHECK;

/* As at intake: five minutes ahead, nine weeks back. And as good as none. */
struct time_bounds row_bounds(void);
struct time_bounds row_bounds_none(void);

/* From the time range of a file to another one: in order, linearly. */
struct rebase {
    int64_t first_us, last_us; /* of the file */
    int64_t to_first_us,
        to_last_us; /* where its first and last go; all at to_last_us when the file has one time only */
};
/* occurred_at moves; started_at moves with it, so that durations stay as they are. */
void row_rebase(const struct rebase *rebase, struct interaction *interaction);

#endif
