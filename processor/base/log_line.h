/* log_line.h - one line of the log, as logfmt or JSON, in a buffer of fixed size.
 *
 * A line that does not fit is cut inside or before the pair that is too long and ends with cut=true; it stays valid
 * logfmt or JSON, and valid UTF-8, whatever the values hold. */
#ifndef SLIPSTREAM_BASE_LOG_LINE_H
#define SLIPSTREAM_BASE_LOG_LINE_H

#include "slipstream/base/log.h"

#define LOG_LINE_MAX 4096 /* bytes with the newline: PIPE_BUF, so that one write to a pipe is never interleaved */

struct log_line {
    enum log_format format;
    size_t size;
    bool cut;
    char text[LOG_LINE_MAX];
};

void log_line_begin(struct log_line *self, enum log_format format);
void log_line_pair(struct log_line *self, const struct log_pair *pair);
/* left_out: lines like this one that were held back since the last, or 0. */
void log_line_end(struct log_line *self, uint64_t left_out);

#endif
