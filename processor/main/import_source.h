/* import_source.h - what the two kinds of reader share; between import_read.c, import_csv.c and import_jsonl.c. */
#ifndef SLIPSTREAM_MAIN_IMPORT_SOURCE_H
#define SLIPSTREAM_MAIN_IMPORT_SOURCE_H

#include "import_read.h"

struct csv_source;
struct jsonl_source;

struct reader {
    struct lines lines;
    const struct mapping *mapping;
    struct span values[MAPPING_COLUMNS_MAX];
    bool seen[MAPPING_COLUMNS_MAX];
    int64_t start_offset; /* of what follows the header */
    size_t start_line;
    struct csv_source *csv; /* one of the two */
    struct jsonl_source *jsonl;
};

/* Reads the header, and complains of the columns that it lacks. */
struct csv_source *csv_source_open(struct reader *reader, const char *path, struct problems *problems);
void csv_source_close(struct csv_source *self);
void csv_source_reset(struct csv_source *self); /* the next line begins a row */
enum read_result csv_source_next(struct csv_source *self, struct row *row, struct rejection *rejection);

struct jsonl_source *jsonl_source_open(struct reader *reader);
void jsonl_source_close(struct jsonl_source *self);
enum read_result jsonl_source_next(struct jsonl_source *self, struct row *row, struct rejection *rejection);

/* Blanks and what ends the line, only. */
bool line_is_blank(struct span text);

#endif
