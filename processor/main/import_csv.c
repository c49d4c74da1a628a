/* import_csv.c - CSV through libcsv, fed line by line, so that every row's line and place are known. */
#include "import_source.h"

#include <csv.h>
#include <stdlib.h>

#define NOT_MAPPED    SIZE_MAX
#define PARSER_GROWTH ((size_t)16 << 10) /* by its own 128 bytes, a value of a megabyte is copied thousands of times   \
                                          */

struct csv_source {
    struct reader *reader;
    struct csv_parser parser;
    size_t width;               /* columns of the header */
    size_t mapped[COLUMNS_MAX]; /* of each column of the file: its position in the mapping, or NOT_MAPPED */
    size_t index;               /* of the next value of the row being read */
    bool complete;              /* the row has ended */
    bool begun;                 /* a part of it was read */
    size_t size;                /* bytes of it so far */
    struct buffer text;         /* its mapped values, one after the other */
    struct {
        size_t at, size;
    } places[MAPPING_COLUMNS_MAX];
    /* While the header is read, instead of all this: */
    struct problems *problems;
    const char *path;
    struct buffer names; /* of the columns, for complaints */
};

static void parser_begin(struct csv_source *self)
{
    int failed = csv_init(&self->parser, CSV_STRICT | CSV_STRICT_FINI);
    ASSERT(!failed);
    csv_set_delim(&self->parser, (unsigned char)self->reader->mapping->delimiter);
    csv_set_blk_size(&self->parser, PARSER_GROWTH);
}

void csv_source_reset(struct csv_source *self)
{
    csv_free(&self->parser);
    parser_begin(self);
    self->index = 0;
    self->size = 0;
    self->complete = false;
    self->begun = false;
    buffer_clear(&self->text);
}

static void on_value(void *value, size_t size, void *context)
{
    struct csv_source *self = context;
    size_t mapped = self->index < self->width ? self->mapped[self->index] : NOT_MAPPED;
    if (mapped != NOT_MAPPED) {
        self->places[mapped].at = self->text.size;
        self->places[mapped].size = size;
        buffer_bytes(&self->text, value, size);
    }
    self->index++;
}

static void on_row(int ended_by, void *context)
{
    (void)ended_by;
    ((struct csv_source *)context)->complete = true;
}

/* ---- rows ---- */

static enum read_result reject_row(struct csv_source *self, const struct row *row, struct rejection *rejection,
                                   const char *word, const char *text)
{
    size_t last = self->reader->lines.number;
    if (last > row->line) {
        reject(rejection, word, span_of(NULL, 0), "%s (up to line %zu)", text, last);
    } else {
        reject(rejection, word, span_of(NULL, 0), "%s", text);
    }
    csv_source_reset(self);
    return READ_REJECTED;
}

/* The row is complete: its values, or what is wrong with it. */
static enum read_result finish_row(struct csv_source *self, struct row *row, struct rejection *rejection)
{
    size_t width = self->index;
    self->index = 0;
    self->size = 0;
    self->complete = false;
    self->begun = false;
    if (width != self->width) {
        reject(rejection, "bad_row", span_of(NULL, 0), "%zu columns, where the header has %zu", width, self->width);
        return READ_REJECTED;
    }
    ASSERT(!self->text.overflow); /* no more bytes than the row itself */
    for (size_t i = 0; i < self->reader->mapping->column_count; i++) {
        size_t size = self->places[i].size;
        self->reader->values[i] = span_of(size > 0 ? self->text.data + self->places[i].at : NULL, size);
    }
    row->values = self->reader->values;
    return READ_ROW;
}

/* Whether the parser took the line; else it found a quote where none may stand. */
static bool feed(struct csv_source *self, struct span line)
{
    self->begun = true;
    self->size += line.size;
    return csv_parse(&self->parser, line.data, line.size, on_value, on_row, self) == line.size;
}

static enum read_result at_end(struct csv_source *self, struct row *row, struct rejection *rejection)
{
    if (!self->begun) {
        return READ_END;
    }
    if (csv_fini(&self->parser, on_value, on_row, self) != 0 || !self->complete) {
        return reject_row(self, row, rejection, "bad_row", "a quote that is never closed");
    }
    return finish_row(self, row, rejection);
}

enum read_result csv_source_next(struct csv_source *self, struct row *row, struct rejection *rejection)
{
    buffer_clear(&self->text);
    for (;;) {
        struct line line;
        enum lines_result got = lines_next(&self->reader->lines, &line);
        if (got == LINES_FAILED) {
            return READ_FAILED;
        }
        if (got == LINES_END) {
            return at_end(self, row, rejection);
        }
        if (!self->begun) {
            row->line = line.number;
            row->offset = line.offset;
        }
        if (got == LINES_TOO_LONG || self->size + line.text.size > LINE_SIZE_MAX) {
            return reject_row(self, row, rejection, "too_large", "over a megabyte; is a quote not closed?");
        }
        if (!self->begun && line_is_blank(line.text)) {
            continue;
        }
        if (!feed(self, line.text)) {
            return reject_row(self, row, rejection, "bad_row", "a quote in the middle of a value");
        }
        if (self->complete) {
            return finish_row(self, row, rejection);
        }
    }
}

/* ---- the header ---- */

static size_t column_named(const struct mapping *mapping, struct span name)
{
    for (size_t i = 0; i < mapping->column_count; i++) {
        if (span_equal(name, span_text(mapping->columns[i].name))) {
            return i;
        }
    }
    return NOT_MAPPED;
}

static void on_name(void *value, size_t size, void *context)
{
    struct csv_source *self = context;
    struct span name = value_trim(span_of(value, size));
    if (self->index >= COLUMNS_MAX) {
        return;
    }
    size_t mapped = column_named(self->reader->mapping, name);
    if (mapped != NOT_MAPPED && self->reader->seen[mapped]) {
        problem(self->problems, self->path, self->reader->lines.number, 1, "got the column %.60s twice, allowed once",
                self->reader->mapping->columns[mapped].name);
    } else if (mapped != NOT_MAPPED) {
        self->reader->seen[mapped] = true;
    }
    if (span_is_text(name)) {
        buffer_text(&self->names, "%s%.*s", self->names.size > 0 ? ", " : "", SPAN_FORMAT(name));
    }
    self->mapped[self->index++] = mapped;
}

static void complain_of_missing(const struct csv_source *self)
{
    const struct mapping *mapping = self->reader->mapping;
    for (size_t i = 0; i < mapping->column_count; i++) {
        const struct mapping_column *column = &mapping->columns[i];
        if (!self->reader->seen[i]) {
            problem(self->problems, mapping->where, column->line, column->column,
                    "got the column %.60s, which %s does not have, allowed %.*s", column->name, self->path,
                    SPAN_FORMAT(buffer_as_span(&self->names)));
        }
    }
}

/* Whether there was one. */
static bool read_header(struct csv_source *self)
{
    while (!self->complete) {
        struct line line;
        enum lines_result got = lines_next(&self->reader->lines, &line);
        if (got == LINES_END) {
            return self->begun && csv_fini(&self->parser, on_name, on_row, self) == 0 && self->complete;
        }
        if (got != LINES_ONE || self->size + line.text.size > LINE_SIZE_MAX) {
            return false;
        }
        if (!self->begun && line_is_blank(line.text)) {
            continue;
        }
        self->begun = true;
        self->size += line.text.size;
        if (csv_parse(&self->parser, line.text.data, line.text.size, on_name, on_row, self) != line.text.size) {
            return false;
        }
    }
    return true;
}

struct csv_source *csv_source_open(struct reader *reader, const char *path, struct problems *problems)
{
    struct csv_source *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->reader = reader;
    self->problems = problems;
    self->path = path;
    buffer_init(&self->text, 2 * LINE_SIZE_MAX);
    buffer_init(&self->names, 512); /* what does not fit is left out */
    parser_begin(self);
    if (!read_header(self)) {
        problem(problems, path, 0, 0, "got no header that can be read, allowed a first row with the columns' names");
    } else if (self->index >= COLUMNS_MAX) {
        problem(problems, path, 0, 0, "got %d columns or more, allowed less", COLUMNS_MAX);
    } else {
        complain_of_missing(self);
    }
    self->width = self->index;
    self->problems = NULL;
    buffer_done(&self->names);
    csv_source_reset(self);
    return self;
}

void csv_source_close(struct csv_source *self)
{
    if (!self) {
        return;
    }
    csv_free(&self->parser);
    buffer_done(&self->text);
    buffer_done(&self->names);
    free(self);
}
