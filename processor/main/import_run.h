/* import_run.h - reads the files' rows and sends what they say: once through, or, to rebase, twice.
 *
 * Once: every row is read, judged and sent, in the files' order. To rebase: a first pass finds the valid rows and their
 * time range, and a second one sends them with their times moved onto the last REBASE_DAYS days: in the order of time,
 * or in the files' when there are more than rows_max. Every row of the files is counted once, as sent, failed or
 * rejected. */
#ifndef SLIPSTREAM_MAIN_IMPORT_RUN_H
#define SLIPSTREAM_MAIN_IMPORT_RUN_H

#include "command.h"
#include "import_order.h"
#include "import_read.h"
#include "import_send.h"

#define REBASE_DAYS 60 /* of the nine weeks that are kept: what is imported stays for a few days more */

struct import_run {
    const struct mapping *mapping;
    const char *files[ARGUMENTS_MAX];
    struct reader *readers[ARGUMENTS_MAX];
    size_t file_count;
    size_t limit; /* rows to read at most */
    bool rebases;
    size_t rows_max; /* to sort by time: ORDER_ROWS_MAX */
    struct rebase rebase;
    bool by_time; /* out: the order they were sent in */
    struct order order;
    struct report *report;
    struct sender *sender;
    const struct clock *clock;
};
/* DONE: everything was read (or the limit reached, or the program asked to stop) and acknowledged. */
enum outcome import_run(struct import_run *self, struct reason *why) MUST_CHECK;

#endif
