/* simulate_replay_rows.c - reads a replay's rows: CSV, JSON lines, or one JSON array of objects. */
#include "simulate_replay_rows.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define REJECTIONS_TOLD 10

int64_t replay_row_due(const struct replay_row *row, int64_t now_us)
{
    if (now_us >= row->to_us) {
        return row->count;
    }
    return (int64_t)((__int128)row->count * (now_us - row->from_us) / (row->to_us - row->from_us));
}

struct reading {
    struct replay_rows *rows;
    const struct replay_settings *settings;
    const struct mapping *mapping;
    struct fold *fold;
    size_t count_column; /* of the mapping's */
    bool is_array;
    size_t rejected;
};

/* ---- a JSON array, as lines ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text);
    return size > strlen(end) && strcmp(text + size - strlen(end), end) == 0;
}

/* A file in memory that has the array's objects, one a line; −1: it is no such array, which was told. */
static int lines_of_array(const char *path, char lines[64])
{
    json_error_t error;
    json_t *array = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    int file = array && json_is_array(array) ? memfd_create("rows", MFD_CLOEXEC) : -1;
    if (file < 0) {
        fprintf(stderr, "%s:%d: got no JSON array of objects%s%s\n", path, array ? 1 : error.line, array ? "" : ": ",
                array ? "" : error.text);
    }
    for (size_t i = 0; file >= 0 && i < json_array_size(array); i++) {
        if (json_dumpfd(json_array_get(array, i), file, JSON_COMPACT | JSON_ENCODE_ANY) != 0 ||
            write(file, "\n", 1) != 1) {
            fprintf(stderr, "%s: cannot be kept in memory: %s\n", path, strerror(errno));
            close(file);
            file = -1;
        }
    }
    json_decref(array);
    snprintf(lines, 64, "/proc/self/fd/%d", file);
    return file;
}

/* ---- rows ---- */

static bool read_count(const struct reading *self, const struct span *values, int64_t *count)
{
    char text[32];
    char *end;
    *count = 1;
    if (!self->settings->count) {
        return true;
    }
    struct span value = value_trim(values[self->count_column]);
    if (value.size == 0 || value.size >= sizeof text) {
        return false;
    }
    memcpy(text, value.data, value.size);
    text[value.size] = '\0';
    errno = 0;
    *count = strtoll(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && errno == 0 && *count <= REPLAY_COUNT_MAX;
}

static void add_row(struct reading *self, const struct interaction *interaction, int64_t count)
{
    struct replay_rows *rows = self->rows;
    struct signal_event event;
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity ? 2 * rows->capacity : 256;
        rows->items = realloc(rows->items, rows->capacity * sizeof *rows->items);
        ASSERT(rows->items);
    }
    struct replay_row *row = &rows->items[rows->count++];
    int64_t from_us = interaction->occurred_at;
    signals_of(interaction, &event);
    uint32_t agency = fold_agency(self->fold, interaction->agency);
    uint32_t service = fold_service(self->fold, agency, interaction->service);
    *row = (struct replay_row){
        .from_us = from_us,
        .to_us = self->settings->by_month ? passing_month(from_us, 1) : from_us + US_PER_DAY,
        .count = count,
        .cell = fold_cell(self->fold, agency, service, interaction->channel),
    };
    row->counter_count = (uint16_t)signals_counters(&event, row->counters);
    rows->end_us = row->to_us > rows->end_us ? row->to_us : rows->end_us;
}

static enum outcome take_row(struct reading *self, const struct row *row, struct rejection *rejection)
{
    struct row_texts texts;
    struct interaction interaction;
    struct time_bounds any = row_bounds_none();
    int64_t count;
    TRY(row_read(self->mapping, row->values, &texts, &interaction, rejection));
    TRY(row_check(&interaction, &any, (struct event_time){0}, rejection));
    if (!read_count(self, row->values, &count)) {
        return reject(rejection, "bad_value", row->values[self->count_column], "%s: not a number of interactions",
                      self->settings->count);
    }
    if (self->rows->count == REPLAY_ROWS_MAX) {
        return reject(rejection, "too_large", span_of(NULL, 0), "over %d rows", REPLAY_ROWS_MAX);
    }
    if (count > 0) {
        add_row(self, &interaction, count);
    }
    return DONE;
}

static void tell_rejected(struct reading *self, size_t line, const struct rejection *rejection)
{
    if (self->rejected++ < REJECTIONS_TOLD) {
        fprintf(stderr, "%s:%s%zu: left out (%s): %s\n", self->settings->path, self->is_array ? "object " : "", line,
                rejection->word, rejection->text);
    }
}

static bool read_rows(struct reading *self, struct reader *reader)
{
    for (;;) {
        struct row row;
        struct rejection rejection;
        enum read_result result = reader_next(reader, &row, &rejection);
        if (result == READ_END) {
            break;
        }
        if (result == READ_FAILED) {
            fprintf(stderr, "%s: %s\n", self->settings->path, strerror(errno));
            return false;
        }
        if (result == READ_REJECTED || take_row(self, &row, &rejection) != DONE) {
            tell_rejected(self, row.line, &rejection);
        }
    }
    if (self->rejected > REJECTIONS_TOLD) {
        fprintf(stderr, "%s: %zu rows were left out in all\n", self->settings->path, self->rejected);
    }
    if (self->rows->count == 0) {
        fprintf(stderr, "%s: no row is left to replay\n", self->settings->path);
    }
    return self->rows->count > 0;
}

static bool find_count_column(struct reading *self)
{
    for (size_t i = 0; self->settings->count && i < self->mapping->column_count; i++) {
        if (strcmp(self->mapping->columns[i].name, self->settings->count) == 0) {
            self->count_column = i;
            return true;
        }
    }
    if (self->settings->count) {
        fprintf(stderr, "%s: the column %s of --count is not named in it; a template of event_id may name it\n",
                self->settings->mapping, self->settings->count);
    }
    return !self->settings->count;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = ((const struct replay_row *)a)->from_us;
    int64_t y = ((const struct replay_row *)b)->from_us;
    return (x > y) - (x < y);
}

bool replay_rows_read(struct replay_rows *self, const struct replay_settings *settings, struct fold *fold)
{
    struct reading reading = {.rows = self, .settings = settings, .fold = fold};
    struct mapping *mapping = NULL;
    struct reader *reader = NULL;
    struct problems problems;
    char lines[64];
    const char *path = settings->path;
    bool is_array = ends_with(path, ".json");
    int file = is_array ? lines_of_array(path, lines) : -1;
    if (is_array && file < 0) {
        return false;
    }
    problems_init(&problems);
    enum import_format format = is_array || ends_with(path, "l") ? FORMAT_JSONL : FORMAT_CSV;
    bool fine = mapping_open(settings->mapping, &mapping, &problems) == DONE &&
                reader_open(is_array ? lines : path, format, mapping, &reader, &problems) == DONE;
    fprintf(stderr, "%.*s", SPAN_FORMAT(buffer_as_span(&problems.text)));
    problems_done(&problems);
    reading.mapping = mapping;
    reading.is_array = is_array;
    fine = fine && find_count_column(&reading) && read_rows(&reading, reader);
    if (fine) {
        qsort(self->items, self->count, sizeof *self->items, by_time);
    }
    reader_close(reader);
    mapping_close(mapping);
    if (file >= 0) {
        close(file);
    }
    return fine;
}
