/* letter_text.h - what is shown of a dead letter, as text and as JSON.
 *
 * The key, the value and the headers' values are shown only when revealed; foreign text without control characters.
 * Errors: none. Pure. */
#ifndef SLIPSTREAM_MAIN_LETTER_TEXT_H
#define SLIPSTREAM_MAIN_LETTER_TEXT_H

#include "letter_filter.h"
#include "slipstream/base/json.h"

/* The columns' names, and a letter in two lines: where, when, why, from; and the detail. */
void letter_line_head(struct buffer *out);
void letter_line(const struct found_letter *found, struct buffer *out);
/* All there is, with what to do about it. */
void letter_text(const struct found_letter *found, bool reveal, struct buffer *out);
/* The same as an object; bytes, when revealed, in base64. */
void letter_json(const struct found_letter *found, bool reveal, struct jout *json);

void put_base64(struct buffer *out, struct span bytes);

#endif
