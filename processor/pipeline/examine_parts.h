/* examine_parts.h - what examine.c and examine_phi.c share: an agency at a look, laid out for comparing. */
#ifndef SLIPSTREAM_PIPELINE_EXAMINE_PARTS_H
#define SLIPSTREAM_PIPELINE_EXAMINE_PARTS_H

#include "examine_history.h"
#include "slipstream/pipeline/examine.h"

#include "slipstream/detect.h"

/* When an episode that is over was told, with the window that it was first seen in. A longer window than any that fired
 * in it holds those hours for as long as it is, and would tell them once more: it goes by the others. */
struct told_hours {
    struct time_range range; /* from 0 to 0: there are none */
    enum test longest;       /* that fired in it */
};

/* Subjects whose baselines leave out the same days, and begin at the same time, and of which the same was told: they
 * are compared over the same counts. */
struct subject_group {
    uint64_t subjects; /* bits */
    struct day_set days;
    int64_t begins_us;
    int64_t new_level_day;     /* since when it is as it is; INT64_MIN: always was */
    struct told_hours told[2]; /* of the score, of the subjects themselves */
};
_Static_assert(SUBJECTS <= 64, "subjects fit a set of bits");

struct examiner {
    const struct scoring *scoring;
    struct composition *composition;
    struct comparison *comparison;
    struct history history;
    unsigned features;
    bool spares_phi;

    bool for_people; /* what is found is told: it is made of what is public */

    /* the agency at hand */
    const struct fold *fold;
    const struct fold_agency *agency;
    const struct agency_detection *detection;
    int64_t begins_us;              /* of its history; INT64_MAX: it has none */
    struct history_source *sources; /* owned: its cells */
    size_t source_count, source_capacity;
    struct compared_cell cells[COMPARED_CELLS_MAX];
    unsigned cell_count;
    struct feature now[COMPARED_CELLS_MAX][FEATURES_MAX];
    struct feature base[COMPARED_CELLS_MAX][FEATURES_MAX];
    struct subject_group groups[SUBJECTS];
    unsigned group_count;
    struct event_time phi_hour; /* of the overdispersion that is due and was spared so far; INT64_MIN: none is */
    struct finding findings[SUBJECTS][TESTS];

    /* what is handed out */
    struct examine_event events[SUBJECTS];
    size_t event_count;
    struct finding_row *rows; /* owned: of the events' findings, or of the subject asked for */
    size_t row_count, row_capacity;
};

/* examine_cells.c */

/* Lays out an agency's cells: one compared cell a service and channel, the smallest services together. */
void examine_lay_out(struct examiner *self, const struct fold *fold, uint32_t agency);
/* Groups the subjects by what their baselines leave out. */
void examine_group(struct examiner *self, const struct agency_detection *detection, struct event_time as_of);
/* The group that a subject is in, as they were grouped last. */
const struct subject_group *examine_group_of(const struct examiner *self, unsigned subject);
/* Adds what a cell counted in stretches of time, or of it what is public. */
void examine_roll(const struct examiner *self, const struct history_source *source, enum resolution resolution,
                  const struct time_ranges *ranges, double counts[COUNTERS]);
/* Where a window begins that ends with as_of: as long ago as it is long, a pane there counting by the share of it
 * inside, for a slip is found as late as the window is long. What is told to people is of whole panes, as the scores
 * are. */
struct event_time examine_window_start(const struct examiner *self, enum window window, struct event_time as_of);
/* The stretches of time that a test compares: of the window itself, of the hours of it that are matched, and of those
 * in the weeks before. */
struct examine_ranges {
    struct time_ranges now, matched, base;
};
void examine_ranges(const struct examiner *self, const struct subject_group *group, enum test test,
                    struct event_time as_of, struct examine_ranges *out);
/* The window of a test now and its baseline, for a group, ready to be compared. False: nothing to compare with. */
bool examine_set_windows(struct examiner *self, const struct subject_group *group, enum test test,
                         struct event_time as_of);
/* The reference that does not move. Whether it is time to take one, and taking it. */
bool examine_pin_is_due(const struct examiner *self, const struct agency_detection *detection, struct event_time as_of,
                        struct pin_header *header);
void examine_take_pin(struct examiner *self, struct agency_detection *detection, const struct pin_header *header);

/* examine_phi.c */

/* The overdispersion of every subject and test as of an hour, into detection->phi. */
void examine_phi(struct examiner *self, struct agency_detection *detection, struct event_time hour);

#endif
