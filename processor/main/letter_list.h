/* letter_list.h - what `deadletter list` prints: the newest letters in the order of their times, and counts by reason.
 *
 * Bounds: `limit` letters are kept, as the text that will be printed; all are counted. */
#ifndef SLIPSTREAM_MAIN_LETTER_LIST_H
#define SLIPSTREAM_MAIN_LETTER_LIST_H

#include "letter_filter.h"

#define LETTER_LIST_MAX 100000

struct reason_count {
    size_t letters, pending; /* pending: not replayed */
};
struct letter_list {
    bool json;
    size_t limit, count;
    struct listed *listed;                        /* a heap: the oldest first */
    struct reason_count counts[REASON_COUNT + 1]; /* the last: of reasons we do not know */
    struct reason_count total;
};
void letter_list_init(struct letter_list *self, size_t limit, bool json);
void letter_list_done(struct letter_list *self);
void letter_list_add(struct letter_list *self, const struct found_letter *found);
/* Once, at the end. unreadable: messages that are no letters of ours. */
void letter_list_write(struct letter_list *self, size_t unreadable, struct buffer *out);

#endif
