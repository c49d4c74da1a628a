/* import_lines.h - a file line by line, each with its number and where it begins.
 *
 * A line ends with LF, CRLF or CR, or with the file. Bounds: LINE_SIZE_MAX; a longer one is passed over and said so. A
 * byte order mark at the start is left out. Owner: init opens the file, done closes it; a line is borrowed until the
 * next call. */
#ifndef SLIPSTREAM_MAIN_IMPORT_LINES_H
#define SLIPSTREAM_MAIN_IMPORT_LINES_H

#include "slipstream/base.h"

#define LINE_SIZE_MAX ((size_t)1 << 20)

struct lines {
    int file;
    bool regular;    /* can be read again */
    bool ended;      /* the file has no more than what is buffered */
    uint8_t *buffer; /* owned */
    size_t at, end;  /* what is buffered and not given out yet */
    int64_t offset;  /* of `at` in the file */
    size_t number;   /* lines given out so far */
};
struct line {
    struct span text; /* with what ends it */
    int64_t offset;
    size_t number;
};
enum lines_result { LINES_ONE, LINES_TOO_LONG /* text is empty */, LINES_END, LINES_FAILED };

/* path "-": standard input. False: errno says why. */
bool lines_init(struct lines *self, const char *path) MUST_CHECK;
void lines_done(struct lines *self);

/* LINES_FAILED: errno says why. Ends early, as if the file did, when the program was asked to stop. */
enum lines_result lines_next(struct lines *self, struct line *line) MUST_CHECK;

/* Goes on at a line whose offset and number are known. For regular files only. */
void lines_seek(struct lines *self, int64_t offset, size_t number);

#endif
