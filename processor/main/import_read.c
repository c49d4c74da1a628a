/* import_read.c - opens a file of rows, whichever kind it is. */
#include "import_source.h"

#include <errno.h>
#include <stdlib.h>

bool line_is_blank(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!strchr(" \t\r\n", text.data[i]) || text.data[i] == '\0') {
            return false;
        }
    }
    return true;
}

enum outcome reader_open(const char *path, enum import_format format, const struct mapping *mapping,
                         struct reader **reader, struct problems *problems)
{
    size_t before = problems->count;
    struct reader *self = calloc(1, sizeof *self);
    ASSERT(self && format != FORMAT_UNSET);
    self->mapping = mapping;
    if (!lines_init(&self->lines, path)) {
        problem(problems, path, 0, 0, "got no file that can be read (%s)", strerror(errno));
    } else if (format == FORMAT_CSV) {
        self->csv = csv_source_open(self, path, problems);
    } else {
        self->jsonl = jsonl_source_open(self);
    }
    if (problems->count > before) {
        reader_close(self);
        return STOP;
    }
    self->start_offset = self->lines.offset;
    self->start_line = self->lines.number + 1;
    *reader = self;
    return DONE;
}

void reader_close(struct reader *self)
{
    if (!self) {
        return;
    }
    csv_source_close(self->csv);
    jsonl_source_close(self->jsonl);
    lines_done(&self->lines);
    free(self);
}

enum read_result reader_next(struct reader *self, struct row *row, struct rejection *rejection)
{
    return self->csv ? csv_source_next(self->csv, row, rejection) : jsonl_source_next(self->jsonl, row, rejection);
}

bool reader_is_regular(const struct reader *self)
{
    return self->lines.regular;
}

void reader_seek(struct reader *self, int64_t offset, size_t line)
{
    lines_seek(&self->lines, offset, line);
    if (self->csv) {
        csv_source_reset(self->csv);
    }
}

void reader_rewind(struct reader *self)
{
    reader_seek(self, self->start_offset, self->start_line);
}

bool reader_has_seen(const struct reader *self, size_t column)
{
    return self->seen[column];
}
