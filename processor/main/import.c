/* import.c - `slipstream import`: files of interactions onto the topics. */
#include "import_run.h"

#include <stdio.h>
#include <stdlib.h>

struct import {
    const struct command *command;
    const struct arguments *arguments;
    const struct config *config;
    struct log *log;
    struct mapping *mapping;
    struct report report;
    struct import_run run;
    enum import_format format; /* FORMAT_UNSET: by the file's name */
    bool dry_run;
};

static bool is_given(const struct import *self, const char *option)
{
    return argument(self->command, self->arguments, option) != NULL;
}

static bool usage(const struct import *self, const char *what, const char *about)
{
    fprintf(stderr, "slipstream %s: %s%s; see slipstream %s --help\n", self->command->name, what, about,
            self->command->name);
    return false;
}

static bool read_limit(struct import *self)
{
    const char *text = argument(self->command, self->arguments, "limit");
    char *end;
    self->run.limit = SIZE_MAX;
    if (!text) {
        return true;
    }
    unsigned long long limit = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || limit == 0) {
        return usage(self, "--limit takes a number of rows, not ", text);
    }
    self->run.limit = (size_t)limit;
    return true;
}

static bool read_options(struct import *self)
{
    const char *format = argument(self->command, self->arguments, "format");
    self->run.rebases = is_given(self, "rebase");
    self->dry_run = is_given(self, "dry-run");
    if (format && !import_format_from_word(format, &self->format)) {
        return usage(self, "--format takes csv or jsonl, not ", format);
    }
    if (!is_given(self, "mapping")) {
        return usage(self, "--mapping is missing", "");
    }
    if (self->arguments->positional_count == 0) {
        return usage(self, "no file is given", "");
    }
    return read_limit(self);
}

/* ---- files ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text);
    size_t end_size = strlen(end);
    return size > end_size && strcmp(text + size - end_size, end) == 0;
}

static enum import_format format_of(const struct import *self, const char *path)
{
    static const struct {
        const char *end;
        enum import_format format;
    } ends[] = {{".csv", FORMAT_CSV}, {".tsv", FORMAT_CSV}, {".jsonl", FORMAT_JSONL}, {".ndjson", FORMAT_JSONL}};
    enum import_format format = self->format != FORMAT_UNSET ? self->format : self->mapping->format;
    for (size_t i = 0; format == FORMAT_UNSET && i < sizeof ends / sizeof *ends; i++) {
        format = ends_with(path, ends[i].end) ? ends[i].format : FORMAT_UNSET;
    }
    return format;
}

static bool open_file(struct import *self, const char *path, struct problems *problems)
{
    struct import_run *run = &self->run;
    struct reader *reader = NULL;
    enum import_format format = format_of(self, path);
    if (format == FORMAT_UNSET) {
        problem(problems, path, 0, 0, "got a name that does not say what is in it, allowed with --format csv or jsonl");
        return false;
    }
    if (reader_open(path, format, self->mapping, &reader, problems) != DONE) {
        return false;
    }
    run->files[run->file_count] = path;
    run->readers[run->file_count++] = reader;
    if (run->rebases && !reader_is_regular(reader)) {
        problem(problems, path, 0, 0, "got a stream, allowed with --rebase are regular files: they are read twice");
        return false;
    }
    return true;
}

/* The mapping and every file, or all that is wrong with them. */
static bool open_input(struct import *self)
{
    struct problems problems;
    problems_init(&problems);
    const char *path = argument(self->command, self->arguments, "mapping");
    bool fine = mapping_open(path, &self->mapping, &problems) == DONE;
    for (size_t i = 0; self->mapping && i < self->arguments->positional_count; i++) {
        fine &= open_file(self, self->arguments->positional[i], &problems);
    }
    fprintf(stderr, "%.*s", SPAN_FORMAT(buffer_as_span(&problems.text)));
    problems_done(&problems);
    self->run.mapping = self->mapping;
    return fine;
}

static void close_input(struct import *self)
{
    for (size_t i = 0; i < self->run.file_count; i++) {
        reader_close(self->run.readers[i]);
    }
    mapping_close(self->mapping);
}

/* ---- the end ---- */

/* A key that no JSON line has may be a slip of the pen. (CSV has its header.) */
static void tell_unseen(const struct import *self)
{
    for (size_t i = 0; self->report.rows > 0 && i < self->mapping->column_count; i++) {
        bool seen = false;
        for (size_t file = 0; file < self->run.file_count; file++) {
            seen = seen || reader_has_seen(self->run.readers[file], i);
        }
        if (!seen) {
            const struct mapping_column *column = &self->mapping->columns[i];
            fprintf(stderr, "%s:%zu:%zu: no row has the column %s\n", self->mapping->where, column->line,
                    column->column, column->name);
        }
    }
}

static void tell_hints(const struct import *self)
{
    tell_unseen(self);
    for (size_t i = 0; !self->run.rebases && i < self->report.word_count; i++) {
        if (strcmp(self->report.words[i].word, reason_word(REASON_TOO_LATE)) == 0) {
            fprintf(stderr,
                    "events older than nine weeks cannot be counted; --rebase moves them onto the last %d days\n",
                    REBASE_DAYS);
        }
    }
}

static void tell_end(struct import *self, bool complete)
{
    struct buffer out;
    const char *topics[CHANNELS];
    writer_topics(self->config, topics);
    struct report_end end = {
        .topics = topics,
        .order = self->run.by_time ? "time" : "file",
        .dry_run = self->dry_run,
        .rebased = self->run.rebases,
        .complete = complete,
    };
    buffer_init(&out, 64u << 10);
    if (is_given(self, "json")) {
        report_json(&self->report, &end, &out);
    } else {
        report_text(&self->report, &end, &out);
    }
    fwrite(out.data, 1, out.size, stdout);
    buffer_done(&out);
}

static enum exit_code import_files(struct import *self)
{
    struct reason why;
    report_init(&self->report, is_given(self, "verbose"), system_clock.mono(&system_clock));
    self->run.report = &self->report;
    self->run.clock = &system_clock;
    self->run.rows_max = ORDER_ROWS_MAX;
    signals_catch();
    if (sender_open(self->config, self->log, self->dry_run, &self->report, &self->run.sender, &why) != DONE) {
        return complain(self->command, &why);
    }
    enum outcome imported = import_run(&self->run, &why);
    bool complete = imported == DONE && !signals_stop();
    report_close(&self->report);
    tell_hints(self);
    tell_end(self, complete);
    sender_close(self->run.sender);
    if (imported != DONE) {
        return complain(self->command, &why);
    }
    return complete && report_sent(&self->report) > 0 ? EXIT_FINE : EXIT_FAILED;
}

static enum exit_code run_import(const struct command *command, int argc, char **argv)
{
    struct setup setup;
    enum exit_code code;
    if (!setup_open(&setup, command, argc, argv, &code)) {
        return code;
    }
    struct import *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->command = command;
    self->arguments = &setup.arguments;
    self->config = &setup.config;
    self->log = setup.log;
    code = EXIT_USAGE;
    if (read_options(self) && open_input(self)) {
        code = import_files(self);
    }
    close_input(self);
    free(self);
    setup_close(&setup);
    return code;
}

const struct command command_import = {
    .name = "import",
    .arguments = "FILE...",
    .summary = "sends the rows of CSV files or JSON lines to the interactions' topics, through a mapping",
    .detail =
        "Every row is one event, or is rejected: its line and the reason are told on stderr, and it is sent nowhere.\n"
        "FILE - is standard input. Exit 0 even when rows were rejected; 1 when nothing was sent, a delivery failed or\n"
        "the import was stopped; 2 when the mapping or a file's header is wrong.\n"
        "\n"
        "A mapping, as for the columns id,opened,closed,office,topic,channel,answered,wait_minutes,q1:\n"
        "\n"
        "  times: [iso, \"%d/%m/%Y %H:%M\"]           # or epoch_s, epoch_ms; UTC unless the value has an offset\n"
        "  channel: {from: channel, map: {PHONE: phone, WEB: web, APP: web}, otherwise: reject}\n"
        "  fields:                                  # those of the schemas; survey answers as survey.trust\n"
        "    event_id: {template: \"crm-{id}\"}\n"
        "    agency: office                         # the column of that name\n"
        "    service: {from: topic, map: {A1: permits, A2: taxes}}\n"
        "    started_at: opened\n"
        "    occurred_at: {from: [closed, opened]}  # the first that is not empty\n"
        "    resolution_seconds: {between: [opened, closed]}\n"
        "    wait_seconds: {from: wait_minutes, factor: 60}\n"
        "    questions_answered: {from: answered, yes: [Y], no: [N], otherwise: absent}\n"
        "    survey.satisfaction: {from: q1, map: {good: 5, fair: 3, bad: 1}}\n"
        "    kind: {constant: interaction}\n"
        "\n"
        "A field that the schema of a row's channel does not have is left out. deploy/mappings has two more.",
    .example = "slipstream import --config slipstream.yaml --mapping deploy/mappings/311.yaml --rebase requests.csv",
    .has_config = true,
    .options =
        {
            {"mapping", "FILE", "how columns become fields, YAML"},
            {"format", "csv|jsonl", "of all files; by their names when not given"},
            {"rebase", NULL, "map the files' time range, in order, onto the last 60 days"},
            {"dry-run", NULL, "read and judge every row, send nothing"},
            {"limit", "N", "read at most N rows"},
            {"verbose", NULL, "show up to 10,000 rejected rows, with the value at fault"},
            {"json", NULL, "end with one JSON object on stdout"},
        },
    .run = run_import,
};
