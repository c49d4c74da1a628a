/* import_read.h - the rows of a CSV file (RFC 4180, the first row is the header) or of JSON lines.
 *
 * Shape: a row is one value for each of the mapping's columns; a column that the row does not have is empty. Bounds: a
 * row LINE_SIZE_MAX, COLUMNS_MAX columns. Errors: a row that cannot be read is rejected (bad_row, too_large) and
 * reading goes on behind it. Owner: who opened closes; values are borrowed until the next call. */
#ifndef SLIPSTREAM_MAIN_IMPORT_READ_H
#define SLIPSTREAM_MAIN_IMPORT_READ_H

#include "import_lines.h"
#include "import_row.h"

#define COLUMNS_MAX 4096 /* of a CSV file */

struct row {
    const struct span *values;
    size_t line; /* its first */
    int64_t offset;
};
enum read_result { READ_ROW, READ_REJECTED /* row has its line only */, READ_END, READ_FAILED /* errno says why */ };

struct reader;
/* STOP: problems say why the file cannot be read, or which columns it lacks. The mapping must outlive the reader. */
enum outcome reader_open(const char *path, enum import_format format, const struct mapping *mapping,
                         struct reader **reader, struct problems *problems) MUST_CHECK;
void reader_close(struct reader *self);

enum read_result reader_next(struct reader *self, struct row *row, struct rejection *rejection) MUST_CHECK;

/* Whether it can be read again; and reading again: from a row that was read before, or from the first. */
bool reader_is_regular(const struct reader *self);
void reader_seek(struct reader *self, int64_t offset, size_t line);
void reader_rewind(struct reader *self);

/* Whether any row so far had the mapping's column. */
bool reader_has_seen(const struct reader *self, size_t column);

#endif
