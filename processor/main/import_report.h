/* import_report.h - what an import tells: rejected rows as they come, progress, and how it ended.
 *
 * Rejected rows and progress go to stderr, the end to stdout. A row's content is shown only when asked to (verbose).
 * Bounds: REPORT_SHOWN rejected rows are shown, REPORT_SHOWN_VERBOSE when verbose, and the first of every reason; the
 * rest is counted. */
#ifndef SLIPSTREAM_MAIN_IMPORT_REPORT_H
#define SLIPSTREAM_MAIN_IMPORT_REPORT_H

#include "import_row.h"
#include "progress.h"

#define REPORT_SHOWN         20
#define REPORT_SHOWN_VERBOSE 10000
#define REPORT_WORDS_MAX     64 /* more than there are */

struct report {
    bool verbose;
    struct progress progress;
    size_t rows, rejected, shown;
    size_t sent[CHANNELS];         /* acknowledged; in a dry run: would be sent */
    size_t failed;                 /* not acknowledged */
    size_t events;                 /* sent or queued */
    struct event_time first, last; /* their times, when there are any */
    struct {
        const char *word;
        size_t count;
    } words[REPORT_WORDS_MAX]; /* rejected, by reason */
    size_t word_count;
};
void report_init(struct report *self, bool verbose, struct mono_time now);
size_t report_sent(const struct report *self); /* on all channels */

void report_rejected(struct report *self, const char *file, size_t line, const struct rejection *rejection);
void report_event(struct report *self, int64_t occurred_at);
/* How far it is, when it takes longer than two seconds and stderr is a terminal. */
void report_progress(struct report *self, struct mono_time now);

struct report_end {
    const char *const *topics; /* by channel */
    const char *order;         /* "file" or "time" */
    bool dry_run, rebased, complete;
};
void report_text(struct report *self, const struct report_end *end, struct buffer *out);
void report_json(const struct report *self, const struct report_end *end, struct buffer *out);
/* Takes progress away, and says how many rejected rows were not shown. */
void report_close(struct report *self);

#endif
