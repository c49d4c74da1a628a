/* import_jsonl.c - JSON lines through jansson: an object a line. */
#include "import_source.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBER_SIZE 32

struct jsonl_source {
    struct reader *reader;
    json_t *object; /* the row's; its texts are lent out */
    char numbers[MAPPING_COLUMNS_MAX][NUMBER_SIZE];
};

struct jsonl_source *jsonl_source_open(struct reader *reader)
{
    struct jsonl_source *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->reader = reader;
    return self;
}

void jsonl_source_close(struct jsonl_source *self)
{
    if (self) {
        json_decref(self->object);
        free(self);
    }
}

/* A key, or a path: "survey.trust" is the key of that name, or trust in survey. */
static const json_t *find_column(const json_t *object, const char *path)
{
    const json_t *found = json_object_get(object, path);
    for (const char *dot = strchr(path, '.'); !found && dot; dot = strchr(dot + 1, '.')) {
        const json_t *inner = json_object_getn(object, path, (size_t)(dot - path));
        found = json_is_object(inner) ? find_column(inner, dot + 1) : NULL;
    }
    return found;
}

/* False: a list or an object, which no field can take. */
static bool value_of(const json_t *json, char number[NUMBER_SIZE], struct span *value)
{
    switch (json ? json_typeof(json) : JSON_NULL) {
    case JSON_STRING:
        *value = span_of(json_string_value(json), json_string_length(json));
        return true;
    case JSON_INTEGER:
        snprintf(number, NUMBER_SIZE, "%lld", (long long)json_integer_value(json));
        break;
    case JSON_REAL:
        snprintf(number, NUMBER_SIZE, "%.17g", json_real_value(json));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        snprintf(number, NUMBER_SIZE, "%s", json_is_true(json) ? "true" : "false");
        break;
    case JSON_NULL:
        *value = span_of(NULL, 0);
        return true;
    default:
        return false;
    }
    *value = span_text(number);
    return true;
}

static enum read_result read_columns(struct jsonl_source *self, struct row *row, struct rejection *rejection)
{
    struct reader *reader = self->reader;
    for (size_t i = 0; i < reader->mapping->column_count; i++) {
        const char *name = reader->mapping->columns[i].name;
        const json_t *json = find_column(self->object, name);
        reader->seen[i] = reader->seen[i] || json;
        if (!value_of(json, self->numbers[i], &reader->values[i])) {
            reject(rejection, "bad_row", span_of(NULL, 0), "%.60s is a list or an object", name);
            return READ_REJECTED;
        }
    }
    row->values = reader->values;
    return READ_ROW;
}

enum read_result jsonl_source_next(struct jsonl_source *self, struct row *row, struct rejection *rejection)
{
    struct line line;
    json_error_t error;
    enum lines_result got;
    do {
        got = lines_next(&self->reader->lines, &line);
    } while (got == LINES_ONE && line_is_blank(line.text));
    if (got == LINES_END || got == LINES_FAILED) {
        return got == LINES_END ? READ_END : READ_FAILED;
    }
    row->line = line.number;
    row->offset = line.offset;
    if (got == LINES_TOO_LONG) {
        reject(rejection, "too_large", span_of(NULL, 0), "over a megabyte");
        return READ_REJECTED;
    }
    json_decref(self->object);
    self->object = json_loadb((const char *)line.text.data, line.text.size, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(self->object)) {
        reject(rejection, "bad_row", span_of(NULL, 0), "not a JSON object (at byte %d)", error.position);
        return READ_REJECTED;
    }
    return read_columns(self, row, rejection);
}
