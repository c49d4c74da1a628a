/* import.c - any bytes as a file of rows to import: CSV or JSON lines, through a mapping that uses every kind of rule.
 *
 * Input: a byte that says which ('j': JSON lines, anything else: CSV) and then the file. What is read of a row can be
 * read again from its place; a row that becomes an interaction becomes a message that is read as the same. */
#include "fuzz.h"

#include "import_read.h"
#include "interaction_writer.h"
#include "slipstream/decode.h"

#include <stdio.h>

const size_t fuzz_heap_max = (size_t)8 << 20; /* reading takes a megabyte a line, and as much again for its values */

#define NOW       ((struct event_time){INT64_C(1795339800000000)})
#define ROWS_KEPT 64

static const char mapping_text[] =
    "times: [iso, epoch_s, '%d/%m/%Y %H:%M']\n"
    "channel: {from: channel, map: {P: phone, W: web, O: office, C: chat}, otherwise: reject}\n"
    "fields:\n"
    "  event_id: {template: 'x-{source}-{id}'}\n"
    "  agency: agency\n"
    "  service: {from: service, map: {a: b, c: d}, otherwise: absent}\n"
    "  kind: {from: kind, map: {s: survey, r: reopening, '': interaction}}\n"
    "  occurred_at: {from: [closed, opened]}\n"
    "  started_at: {from: opened, times: [iso]}\n"
    "  resolution_seconds: {between: [opened, closed]}\n"
    "  wait_seconds: {from: waited, factor: 0.001}\n"
    "  hold_seconds: held\n"
    "  resolved: {from: result, yes: [solved], no: [open], otherwise: absent}\n"
    "  transfers: transfers\n"
    "  survey.trust: survey.trust\n"
    "  survey.satisfaction: {from: satisfied, map: {'yes': 5, 'no': 1}}\n"
    "  outcome: {constant: served}\n";

static struct mapping *mapping;
static struct interaction_writer *writer;
static struct plan *plans[CHANNELS];

void fuzz_set_up(void)
{
    const uint32_t ids[CHANNELS] = {1, 2, 3, 4};
    struct problems problems;
    struct reason why;
    problems_init(&problems);
    enum outcome parsed = mapping_parse("mapping.yaml", span_text(mapping_text), &mapping, &problems);
    if (parsed != DONE) {
        fprintf(stderr, "%.*s", SPAN_FORMAT(buffer_as_span(&problems.text)));
    }
    CHECK(parsed == DONE);
    problems_done(&problems);
    CHECK(interaction_writer_open(ids, &writer, &why) == DONE);
    for (unsigned i = 0; i < CHANNELS; i++) {
        CHECK(plan_open(decode_reader_schema((enum channel)i), (enum channel)i, &plans[i], &why) == DONE);
    }
}

/* What the import sends is what intake will read. */
static void check_sent(const struct interaction *interaction)
{
    struct buffer message;
    struct frame frame;
    struct interaction read;
    struct reason why = {0};
    buffer_init(&message, INTERACTION_MESSAGE_MAX);
    if (interaction_writer_put(writer, interaction, &message, &why) == DONE) {
        CHECK(frame_read(buffer_as_span(&message), FRAMING_CONFLUENT, &frame, &why) == DONE);
        CHECK(plan_run(plans[interaction->channel], frame.body, &read, &why) == DONE);
        CHECK(span_equal(read.event_id, interaction->event_id) && span_equal(read.agency, interaction->agency));
        CHECK(read.occurred_at == interaction->occurred_at && read.rating_trust == interaction->rating_trust);
        CHECK(read.resolution == interaction->resolution);
    } else {
        CHECK(why.code == REASON_BAD_UTF8);
    }
    buffer_done(&message);
}

static void try_row(const struct row *row)
{
    const struct time_bounds bounds = row_bounds_none();
    struct row_texts texts;
    struct interaction interaction;
    struct rejection rejection = {0};
    if (row_read(mapping, row->values, &texts, &interaction, &rejection) != DONE ||
        row_check(&interaction, &bounds, NOW, &rejection) != DONE) {
        CHECK(rejection.word != NULL && rejection.text[0] != '\0');
        return;
    }
    check_sent(&interaction);
}

/* ---- places ---- */

struct kept_row {
    int64_t offset;
    size_t line;
    uint64_t hash;
};

static uint64_t hash_of(const struct row *row)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < mapping->column_count; i++) {
        hash = hash64(row->values[i].size > 0 ? row->values[i] : span_text(""), hash + 1);
    }
    return hash;
}

/* The same row from the same place. */
static void check_places(struct reader *reader, const struct kept_row *rows, size_t count)
{
    for (size_t i = count; i-- > 0;) {
        struct row row;
        struct rejection rejection;
        reader_seek(reader, rows[i].offset, rows[i].line);
        CHECK(reader_next(reader, &row, &rejection) == READ_ROW);
        CHECK(row.offset == rows[i].offset && row.line == rows[i].line && hash_of(&row) == rows[i].hash);
    }
}

static void read_rows(struct reader *reader, size_t size)
{
    struct kept_row rows[ROWS_KEPT];
    struct row row;
    struct rejection rejection;
    enum read_result result;
    size_t kept = 0;
    size_t count = 0;
    size_t line = 0;
    while ((result = reader_next(reader, &row, &rejection)) == READ_ROW || result == READ_REJECTED) {
        CHECK(row.line > line && ++count <= size); /* a row has a byte at least */
        line = row.line;
        if (result == READ_REJECTED) {
            CHECK(rejection.word != NULL && rejection.text[0] != '\0');
            continue;
        }
        try_row(&row);
        if (kept < ROWS_KEPT) {
            rows[kept++] = (struct kept_row){row.offset, row.line, hash_of(&row)};
        }
    }
    CHECK(result == READ_END && reader_next(reader, &row, &rejection) == READ_END);
    check_places(reader, rows, kept);
}

void fuzz_one(struct span input)
{
    struct cursor in = cursor_over(input);
    enum import_format format = cursor_u8(&in) == 'j' ? FORMAT_JSONL : FORMAT_CSV;
    struct problems problems;
    struct reader *reader = NULL;
    const char *path = fuzz_file(span_of(in.at, cursor_left(&in)));
    problems_init(&problems);
    if (reader_open(path, format, mapping, &reader, &problems) == DONE) {
        CHECK(problems.count == 0 && reader_is_regular(reader));
        read_rows(reader, input.size);
        reader_close(reader);
    } else {
        CHECK(problems.count > 0 && reader == NULL);
    }
    problems_done(&problems);
}
