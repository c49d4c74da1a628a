/* record.h - how the reserved fields of a task's hash are written: "owner", "seq" and "meta".
 *
 * owner: epoch as 16 decimal digits, '-', random as 16 hex digits, so that epochs sort as text and an operator can read
 * when a claim was made. seq: decimal. meta: a format number (one byte), then zigzag varints and Avro strings in the
 * order of struct task_meta. Errors of meta_read: STOP/refused for a newer format, STOP/bad_state for what can't be
 * read. */
#ifndef SLIPSTREAM_STORE_RECORD_H
#define SLIPSTREAM_STORE_RECORD_H

#include "slipstream/store.h"

#define OWNER_EPOCH_MAX ((UINT64_C(1) << 53) - 1) /* claim.lua counts in doubles */
#define OWNER_TEXT_SIZE 34                        /* with the NUL */
#define SEQ_TEXT_SIZE   21
#define META_FORMAT     1
#define META_SIZE_MAX   256

const char *owner_write(const struct owner *owner, char text[OWNER_TEXT_SIZE]);
bool owner_read(struct span text, struct owner *owner);
const char *seq_write(uint64_t seq, char text[SEQ_TEXT_SIZE]);
bool seq_read(struct span text, uint64_t *seq);
void meta_write(const struct task_meta *meta, struct buffer *out);
enum outcome meta_read(struct span bytes, struct task_meta *meta, struct reason *why) MUST_CHECK;
enum outcome meta_refuse_newer(int64_t format, struct reason *why);

#endif
