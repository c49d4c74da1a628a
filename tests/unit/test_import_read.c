/* test_import_read.c - rows out of files: CSV and JSON lines as they come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "decode_rows.h"
#include "import_read.h"
#include "seeded.h"

static const char two_columns[] = "channel: {constant: web}\n"
                                  "fields: {event_id: a, agency: b, service: a, occurred_at: b}\n";

static struct mapping *mapping_of(const char *yaml)
{
    struct problems problems;
    struct mapping *mapping = NULL;
    problems_init(&problems);
    if (mapping_parse("m.yaml", span_text(yaml), &mapping, &problems) != DONE) {
        fail_msg("%.*s", SPAN_FORMAT(buffer_as_span(&problems.text)));
    }
    problems_done(&problems);
    return mapping;
}

/* A file with these bytes; the caller removes it. */
static void write_file(char path[64], const void *bytes, size_t size)
{
    snprintf(path, 64, "/tmp/slipstream-import-XXXXXX");
    int file = mkstemp(path);
    assert_true(file >= 0);
    for (size_t at = 0; at < size;) {
        ssize_t written = write(file, (const uint8_t *)bytes + at, size - at);
        assert_true(written > 0);
        at += (size_t)written;
    }
    close(file);
}

/* All rows as "LINE:a|b", or "LINE!word", with blanks between; or the problems of opening. */
static void read_all(const char *path, enum import_format format, const struct mapping *mapping, char *out, size_t size)
{
    struct problems problems;
    struct reader *reader = NULL;
    struct row row;
    struct rejection rejection;
    enum read_result result;
    size_t at = 0;
    out[0] = '\0';
    problems_init(&problems);
    if (reader_open(path, format, mapping, &reader, &problems) != DONE) {
        snprintf(out, size, "%.*s", SPAN_FORMAT(buffer_as_span(&problems.text)));
        problems_done(&problems);
        return;
    }
    while ((result = reader_next(reader, &row, &rejection)) == READ_ROW || result == READ_REJECTED) {
        const char *blank = at > 0 ? " " : "";
        if (result == READ_REJECTED) {
            at += (size_t)snprintf(out + at, size - at, "%s%zu!%s", blank, row.line, rejection.word);
        } else {
            at += (size_t)snprintf(out + at, size - at, "%s%zu:%.*s|%.*s", blank, row.line, SPAN_FORMAT(row.values[0]),
                                   SPAN_FORMAT(row.values[1]));
        }
    }
    assert_int_equal(result, READ_END);
    assert_int_equal(reader_next(reader, &row, &rejection), READ_END);
    reader_close(reader);
    problems_done(&problems);
}

/* ---- CSV ---- */

static const struct {
    const char *name, *bytes, *expected;
} csv_rows[] = {
    {"LF", "a,b\n1,2\n3,4\n", "2:1|2 3:3|4"},
    {"CRLF", "a,b\r\n1,2\r\n3,4\r\n", "2:1|2 3:3|4"},
    {"CR", "a,b\r1,2\r3,4\r", "2:1|2 3:3|4"},
    {"no end of line at the end", "a,b\n1,2", "2:1|2"},
    {"a byte order mark",
     "\xEF\xBB\xBF"
     "a,b\n1,2\n",
     "2:1|2"},
    {"columns in another order, and more of them", "x,b,y,a\n1,2,3,4\n", "2:4|2"},
    {"blank lines", "\n\na,b\n\n1,2\n \t\n\n3,4\n\n", "5:1|2 8:3|4"},
    {"blanks around values", "a , b\n 1 ,\t2\n", "2:1|2"},
    {"empty values", "a,b\n,\n", "2:|"},
    {"quotes", "a,b\n\"1\",\"2\"\n", "2:1|2"},
    {"a comma inside", "a,b\n\"1,5\",2\n", "2:1,5|2"},
    {"a quote inside", "a,b\n\"say \"\"hi\"\"\",2\n", "2:say \"hi\"|2"},
    {"lines inside", "a,b\n\"1\n2\r\n3\",4\n5,6\n", "2:1\n2\r\n3|4 5:5|6"},
    {"blank lines inside", "a,b\n\"1\n\n\n2\",4\n5,6\n", "2:1\n\n\n2|4 6:5|6"},
    {"a quoted header", "\"a\",\"b\"\n1,2\n", "2:1|2"},
    {"a header over two lines", "a,\"x\ny\",b\n1,2,3\n", "3:1|3"},
    {"a column too few", "a,b\n1\n3,4\n", "2!bad_row 3:3|4"},
    {"a column too many", "a,b\n1,2,3\n3,4\n", "2!bad_row 3:3|4"},
    {"a quote in the middle", "a,b\n1\"2,3\n3,4\n", "2!bad_row 3:3|4"},
    {"text behind a quote", "a,b\n\"1\"2,3\n3,4\n", "2!bad_row 3:3|4"},
    {"a quote that is never closed", "a,b\n1,2\n\"3,4\n5,6\n", "2:1|2 3!bad_row"},
    {"the header only", "a,b\n", ""},
    {"the header without an end", "a,b", ""},
    {"nothing", "", "FILE: got no header"},
    {"blank lines only", "\n\n", "FILE: got no header"},
    {"a header with a bad quote", "a\"b\n", "FILE: got no header"},
    {"a column is missing", "a,c\n1,2\n", "m.yaml:2:31: got the column b, which FILE does not have, allowed a, c"},
    {"both are", "x,y\n1,2\n", "m.yaml:2:20: got the column a, which FILE does not have, allowed x, y"},
    {"a column twice", "a,b,a\n1,2,3\n", "FILE:1:1: got the column a twice"},
};

/* Parts of an expectation that stand in the text, FILE being the path. */
static bool is_expected(const char *text, const char *expected, const char *path)
{
    const char *file = strstr(expected, "FILE");
    if (!file) {
        return strcmp(text, expected) == 0;
    }
    char whole[512];
    snprintf(whole, sizeof whole, "%.*s%s%s", (int)(file - expected), expected, path, file + 4);
    return strstr(text, whole) != NULL;
}

static void reads_csv(void **state)
{
    (void)state;
    struct mapping *mapping = mapping_of(two_columns);
    for (size_t i = 0; i < COUNT(csv_rows); i++) {
        char path[64];
        char text[2048];
        write_file(path, csv_rows[i].bytes, strlen(csv_rows[i].bytes));
        read_all(path, FORMAT_CSV, mapping, text, sizeof text);
        unlink(path);
        if (!is_expected(text, csv_rows[i].expected, path)) {
            fail_msg("%s: wanted\n%s, got\n%s", csv_rows[i].name, csv_rows[i].expected, text);
        }
    }
    mapping_close(mapping);
}

static void reads_other_delimiters(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *bytes;
    } rows[] = {{"delimiter: ';'\n", "a;b\n1,5;\"2;3\"\n"}, {"delimiter: \"\\t\"\n", "a\tb\n1,5\t\"2;3\"\n"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char yaml[256];
        char path[64];
        char text[256];
        snprintf(yaml, sizeof yaml, "%s%s", rows[i].yaml, two_columns);
        struct mapping *mapping = mapping_of(yaml);
        write_file(path, rows[i].bytes, strlen(rows[i].bytes));
        read_all(path, FORMAT_CSV, mapping, text, sizeof text);
        unlink(path);
        assert_string_equal(text, "2:1,5|2;3");
        mapping_close(mapping);
    }
}

static void tells_what_cannot_be_opened(void **state)
{
    (void)state;
    struct mapping *mapping = mapping_of(two_columns);
    char text[512];
    read_all("/nonexistent/file.csv", FORMAT_CSV, mapping, text, sizeof text);
    assert_non_null(strstr(text, "/nonexistent/file.csv: got no file that can be read (No such file"));
    read_all("/tmp", FORMAT_JSONL, mapping, text, sizeof text);
    assert_non_null(strstr(text, "/tmp: got no file that can be read (Is a directory)"));
    mapping_close(mapping);
}

/* Random values, quoted by the rule of RFC 4180, across the edges of the reader's blocks; then again in another order.
 */
#define RANDOM_ROWS 600
struct random_row {
    char *values[2];
    size_t line, lines;
    int64_t offset;
};

static char *random_value(struct seeded *seeded)
{
    size_t size = (size_t)seeded_sized(seeded, 13);
    char *value = malloc(size + 3);
    value[0] = 'v'; /* blanks at the ends would be taken away */
    for (size_t i = 1; i <= size; i++) {
        value[i] = "ab,\"\n\r x"[seeded_below(seeded, 8)];
    }
    value[size + 1] = 'w';
    value[size + 2] = '\0';
    return value;
}

static void put_quoted(struct buffer *out, const char *value)
{
    buffer_u8(out, '"');
    for (; *value; value++) {
        buffer_bytes(out, "\"\"", *value == '"' ? 2 : 0);
        buffer_bytes(out, value, *value == '"' ? 0 : 1);
    }
    buffer_u8(out, '"');
}

static size_t lines_in(struct span text)
{
    size_t lines = 0;
    for (size_t i = 0; i < text.size; i++) {
        lines += text.data[i] == '\n' || (text.data[i] == '\r' && (i + 1 == text.size || text.data[i + 1] != '\n'));
    }
    return lines;
}

static void put_random_rows(struct seeded *seeded, struct random_row rows[RANDOM_ROWS], struct buffer *out)
{
    size_t line = 2;
    buffer_text(out, "b,a\r\n");
    for (size_t i = 0; i < RANDOM_ROWS; i++) {
        size_t begin = out->size;
        rows[i] = (struct random_row){{random_value(seeded), random_value(seeded)}, line, 0, (int64_t)begin};
        put_quoted(out, rows[i].values[1]);
        buffer_text(out, ",");
        put_quoted(out, rows[i].values[0]);
        buffer_text(out, seeded_one_in(seeded, 2) ? "\n" : "\r\n");
        line += lines_in(span_of(out->data + begin, out->size - begin));
    }
    assert_false(out->overflow);
}

static void assert_row(const struct row *row, const struct random_row *wanted)
{
    assert_int_equal(row->line, wanted->line);
    assert_int_equal(row->offset, wanted->offset);
    for (size_t v = 0; v < 2; v++) {
        assert_true(span_equal(row->values[v], span_text(wanted->values[v])));
    }
}

static void reads_random_csv(void **state)
{
    (void)state;
    static struct random_row rows[RANDOM_ROWS];
    struct seeded seeded = {0xC5F};
    struct mapping *mapping = mapping_of(two_columns);
    struct problems problems;
    struct reader *reader = NULL;
    struct buffer out;
    struct row row;
    struct rejection rejection;
    char path[64];
    problems_init(&problems);
    buffer_init(&out, 64u << 20);
    put_random_rows(&seeded, rows, &out);
    write_file(path, out.data, out.size);
    assert_int_equal(reader_open(path, FORMAT_CSV, mapping, &reader, &problems), DONE);
    for (size_t i = 0; i < RANDOM_ROWS; i++) {
        assert_int_equal(reader_next(reader, &row, &rejection), READ_ROW);
        assert_row(&row, &rows[i]);
    }
    assert_int_equal(reader_next(reader, &row, &rejection), READ_END);
    for (size_t i = 0; i < RANDOM_ROWS; i++) {
        const struct random_row *wanted = &rows[seeded_below(&seeded, RANDOM_ROWS)];
        reader_seek(reader, wanted->offset, wanted->line);
        assert_int_equal(reader_next(reader, &row, &rejection), READ_ROW);
        assert_row(&row, wanted);
    }
    reader_rewind(reader);
    assert_int_equal(reader_next(reader, &row, &rejection), READ_ROW);
    assert_row(&row, &rows[0]);
    unlink(path);
    for (size_t i = 0; i < RANDOM_ROWS; i++) {
        free(rows[i].values[0]);
        free(rows[i].values[1]);
    }
    reader_close(reader);
    buffer_done(&out);
    problems_done(&problems);
    mapping_close(mapping);
}

/* A row over the bound is one rejection, and the next one is read. */
static void passes_over_what_is_too_large(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t size;   /* of the value */
        bool in_lines; /* of 100 bytes, in quotes */
        const char *expected;
    } rows[] = {
        {"at the bound", LINE_SIZE_MAX - 3, false, "row"},
        {"beyond it", LINE_SIZE_MAX, false, "2!too_large 3:5|6"},
        {"far beyond it", 3 * LINE_SIZE_MAX, false, "2!too_large 3:5|6"},
        {"beyond it in lines", LINE_SIZE_MAX + 100, true, "2!too_large"},
    };
    struct mapping *mapping = mapping_of(two_columns);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer out;
        char path[64];
        static char text[2 * LINE_SIZE_MAX];
        buffer_init(&out, 64u << 20);
        buffer_text(&out, "a,b\n%s", rows[i].in_lines ? "\"" : "");
        for (size_t at = 0; at < rows[i].size; at++) {
            buffer_u8(&out, rows[i].in_lines && at % 100 == 99 ? '\n' : 'x');
        }
        buffer_text(&out, "%s,7\n5,6\n", rows[i].in_lines ? "\"" : "");
        write_file(path, out.data, out.size);
        read_all(path, FORMAT_CSV, mapping, text, sizeof text);
        unlink(path);
        bool read = strncmp(text, "2:xxx", 5) == 0 && strstr(text, "x|7 3:5|6");
        if (strcmp(rows[i].expected, "row") == 0 ? !read
                                                 : strncmp(text, rows[i].expected, strlen(rows[i].expected)) != 0) {
            fail_msg("%s: %.60s", rows[i].name, text);
        }
        buffer_done(&out);
    }
    mapping_close(mapping);
}

/* ---- JSON lines ---- */

static const struct {
    const char *name, *bytes, *expected; /* with ' for " */
} jsonl_rows[] = {
    {"texts", "{'a':'1','b':'2'}\n{'b':'4','a':'3','c':5}\n", "1:1|2 2:3|4"},
    {"a byte order mark, CRLF, a blank line", "\xEF\xBB\xBF{'a':'1','b':'2'}\r\n\r\n{'a':'3','b':'4'}", "1:1|2 3:3|4"},
    {"numbers and booleans", "{'a':12345678901234,'b':0.5}\n{'a':true,'b':false}", "1:12345678901234|0.5 2:true|false"},
    {"null and not there", "{'a':null}\n", "1:|"},
    {"escapes", "{'a':'\\u00fc\\n','b':'2'}\n", "1:\xC3\xBC\n|2"},
    {"a list", "{'a':[1],'b':'2'}\n{'a':'3','b':'4'}\n", "1!bad_row 2:3|4"},
    {"an object", "{'a':{},'b':'2'}\n", "1!bad_row"},
    {"not JSON", "{'a':\n{'a':'3','b':'4'}\n", "1!bad_row 2:3|4"},
    {"not an object", "7\n[1]\n", "1!bad_row 2!bad_row"},
    {"a key twice", "{'a':1,'a':2,'b':3}\n", "1!bad_row"},
    {"not UTF-8", "{'a':'\xFF','b':3}\n", "1!bad_row"},
    {"a NUL", "{'a':'\\u0000','b':3}\n", "1!bad_row"},
};

static void reads_json_lines(void **state)
{
    (void)state;
    struct mapping *mapping = mapping_of(two_columns);
    for (size_t i = 0; i < COUNT(jsonl_rows); i++) {
        char path[64];
        char text[2048];
        char *json = json_of(jsonl_rows[i].bytes);
        write_file(path, json, strlen(json));
        read_all(path, FORMAT_JSONL, mapping, text, sizeof text);
        unlink(path);
        free(json);
        if (strcmp(text, jsonl_rows[i].expected) != 0) {
            fail_msg("%s: wanted\n%s, got\n%s", jsonl_rows[i].name, jsonl_rows[i].expected, text);
        }
    }
    mapping_close(mapping);
}

/* "a" is the path p.q, "b" a key with a dot or a path: what stands nearer to the root is taken. */
static void follows_paths(void **state)
{
    (void)state;
    static const char lines[] = "{'p':{'q':'1'},'r.s':'2','r':{'s':'3'}}\n{'p.q':'4','r':{'s':'5'}}\n{'p':'6','r':7}\n";
    struct mapping *mapping = mapping_of("channel: {constant: web}\n"
                                         "fields: {event_id: p.q, agency: r.s, service: p.q, occurred_at: r.s}\n");
    char path[64];
    char text[256];
    char *json = json_of(lines);
    write_file(path, json, strlen(json));
    read_all(path, FORMAT_JSONL, mapping, text, sizeof text);
    assert_string_equal(text, "1:1|2 2:4|5 3:|");
    unlink(path);
    free(json);
    mapping_close(mapping);
}

/* A pipe, in pieces that end in the middle of a line and of a byte order mark. */
static void reads_a_stream(void **state)
{
    (void)state;
    static const char *const pieces[] = {"\xEF", "\xBB\xBF\x61,b\r", "\n1,", "2\n", "3,4"};
    struct mapping *mapping = mapping_of(two_columns);
    int ends[2];
    char path[64];
    char text[256];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (size_t i = 0; i < COUNT(pieces); i++) {
            size_t size = strlen(pieces[i]);
            if (write(ends[1], pieces[i], size) != (ssize_t)size) {
                _exit(1);
            }
            sched_yield();
        }
        _exit(0);
    }
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    read_all(path, FORMAT_CSV, mapping, text, sizeof text);
    assert_string_equal(text, "2:1|2 3:3|4");
    close(ends[0]);
    waitpid(child, NULL, 0);
    mapping_close(mapping);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_csv),
        cmocka_unit_test(reads_other_delimiters),
        cmocka_unit_test(tells_what_cannot_be_opened),
        cmocka_unit_test(reads_random_csv),
        cmocka_unit_test(passes_over_what_is_too_large),
        cmocka_unit_test(reads_json_lines),
        cmocka_unit_test(follows_paths),
        cmocka_unit_test(reads_a_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
