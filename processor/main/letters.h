/* letters.h - walks over the dead letters that a filter wants, oldest first in each partition.
 *
 * The topic is read twice, to its end as it was when the walk began: once for the records of what was replayed, which
 * stand behind the letters they are about, and once for the letters. Bounds: a bit for every offset of the topic, at
 * most LETTER_OFFSETS_MAX of them. Errors: as the reader's; STOP/aborted when asked to stop. */
#ifndef SLIPSTREAM_MAIN_LETTERS_H
#define SLIPSTREAM_MAIN_LETTERS_H

#include "letter_filter.h"
#include "slipstream/kafka.h"

#define LETTER_OFFSETS_MAX (INT64_C(1) << 30) /* 128 MiB */

struct letters;
enum outcome letters_open(const struct kafka_settings *kafka, const char *topic, const struct letter_filter *filter,
                          struct letters **letters, struct reason *why) MUST_CHECK;
/* The next letter, which lives until the next call; *found is NULL after the last. */
enum outcome letters_next(struct letters *self, const struct found_letter **found, struct reason *why) MUST_CHECK;
/* Messages on the topic that are nothing we know. */
size_t letters_unreadable(const struct letters *self);
void letters_close(struct letters *self);

#endif
