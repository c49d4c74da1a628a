/* test_import.c - a mapping's problems, and what becomes of a row: tables of texts in, fields or a reason out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "command.h"
#include "decode_rows.h"
#include "import_row.h"

#define S(seconds) (INT64_C(seconds) * US_PER_SECOND)
#define NONE       INT64_MIN /* the value is refused */

/* YAML with ' for ", parsed; NULL and the problems when it has some. */
static struct mapping *mapping_of(const char *quoted, struct problems *problems)
{
    struct mapping *mapping = NULL;
    char *text = json_of(quoted);
    problems_init(problems);
    if (mapping_parse("m.yaml", span_text(text), &mapping, problems) != DONE) {
        assert_null(mapping);
        assert_true(problems->count > 0);
    }
    free(text);
    return mapping;
}

/* ---- values ---- */

static const struct {
    const char *name, *formats, *text;
    int64_t us;
} times[] = {
    {"date and time", "iso", "2026-11-22T09:30:00", S(1795339800)},
    {"a blank for the T", "iso", "2026-11-22 09:30:00", S(1795339800)},
    {"without seconds", "iso", "2026-11-22T09:30", S(1795339800)},
    {"a date alone", "iso", "2026-11-22", S(1795305600)},
    {"Z", "iso", "2026-11-22T09:30:00Z", S(1795339800)},
    {"ahead of UTC", "iso", "2026-11-22T09:30:00+01:00", S(1795336200)},
    {"behind UTC", "iso", "2026-11-22T09:30:00-0530", S(1795359600)},
    {"an offset in hours", "iso", "2026-11-22T09:30+01", S(1795336200)},
    {"a fraction", "iso", "2026-11-22T09:30:00.25Z", S(1795339800) + 250000},
    {"a fraction with a comma", "iso", "2026-11-22T09:30:00,000001", S(1795339800) + 1},
    {"a fraction finer than ours", "iso", "2026-11-22T09:30:00.1234567890123", S(1795339800) + 123456},
    {"a leap day", "iso", "2024-02-29T23:59:59", S(1709251199)},
    {"a leap second", "iso", "2026-11-22T09:29:60", S(1795339800)},
    {"before 1970", "iso", "1969-12-31T23:59:59", S(-1)},
    {"the first day", "iso", "0001-01-01", S(-62135596800)},
    {"the last second", "iso", "9999-12-31T23:59:59", S(253402300799)},
    {"no leap day", "iso", "2023-02-29", NONE},
    {"a 13th month", "iso", "2026-13-01", NONE},
    {"day 0", "iso", "2026-01-00", NONE},
    {"hour 24", "iso", "2026-11-22T24:00", NONE},
    {"minute 60", "iso", "2026-11-22T09:60", NONE},
    {"second 61", "iso", "2026-11-22T09:30:61", NONE},
    {"an offset of 15 hours", "iso", "2026-11-22T09:30+15", NONE},
    {"an offset of 60 minutes", "iso", "2026-11-22T09:30+01:60", NONE},
    {"half an offset", "iso", "2026-11-22T09:30+01:", NONE},
    {"a point and no fraction", "iso", "2026-11-22T09:30:00.", NONE},
    {"something behind", "iso", "2026-11-22T09:30:00Z!", NONE},
    {"words", "iso", "yesterday", NONE},
    {"nothing", "iso", "", NONE},
    {"a short year", "iso", "26-11-22", NONE},
    {"a T and nothing", "iso", "2026-11-22T", NONE},
    {"epoch", "epoch_s", "1795339800", S(1795339800)},
    {"epoch with a fraction", "epoch_s", "1795339800.5", S(1795339800) + 500000},
    {"negative epoch", "epoch_s", "-1", S(-1)},
    {"epoch ms", "epoch_ms", "1795339800123", S(1795339800) + 123000},
    {"epoch ms with a fraction", "epoch_ms", "1795339800123.5", S(1795339800) + 123500},
    {"the last epoch second", "epoch_s", "253402300799", S(253402300799)},
    {"and one more", "epoch_s", "253402300800", NONE},
    {"an endless epoch", "epoch_s", "99999999999999999999999", NONE},
    {"a minus alone", "epoch_s", "-", NONE},
    {"a plus", "epoch_s", "+5", NONE},
    {"a pattern", "%d/%m/%Y %H:%M", "22/11/2026 09:30", S(1795339800)},
    {"a pattern with half days", "%m/%d/%Y %I:%M:%S %p", "11/22/2026 03:05:00 PM", S(1795359900)},
    {"a pattern with an offset", "%Y-%m-%d %H:%M %z", "2026-11-22 09:30 +0100", S(1795336200)},
    {"a pattern with a month's name", "%d %b %Y", "22 Nov 2026", S(1795305600)},
    {"a pattern's text is longer", "%d/%m/%Y", "22/11/2026 09:30", NONE},
    {"a pattern's 30 February", "%d/%m/%Y", "30/02/2026", NONE},
    {"the second format", "iso|%d/%m/%Y|epoch_s", "22/11/2026", S(1795305600)},
    {"the third format", "iso|%d/%m/%Y|epoch_s", "1795339800", S(1795339800)},
    {"none of them", "iso|%d/%m/%Y|epoch_s", "22.11.2026", NONE},
    {"longer than any time", "iso", "2026-11-22T09:30:00.0000000000000000000000000000000000000000000000000000", NONE},
};

static void reads_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        struct time_formats formats = {.count = 0};
        char *list = strdup(times[i].formats);
        for (char *at = list, *word; (word = strsep(&at, "|"));) {
            if (!time_format_is_valid(word)) {
                fail_msg("%s: %s", times[i].name, word);
            }
            formats.formats[formats.count++] = word;
        }
        int64_t us = 7;
        bool read = value_time(span_text(times[i].text), &formats, &us);
        if (read != (times[i].us != NONE) || us != (read ? times[i].us : 7)) {
            fail_msg("%s: got %s %" PRId64, times[i].name, read ? "read" : "refused", us);
        }
        free(list);
    }
}

static const struct {
    const char *name;
    enum field_type type;
    const char *text;
    double factor;
    int64_t value;
} values[] = {
    {"true", FIELD_FLAG, "TRUE", 1, 1},
    {"n", FIELD_FLAG, "N", 1, 0},
    {"1", FIELD_FLAG, "1", 1, 1},
    {"perhaps", FIELD_FLAG, "perhaps", 1, NONE},
    {"a number", FIELD_NUMBER, "-12", 1, -12},
    {"with a plus", FIELD_NUMBER, "+3", 1, 3},
    {"the greatest int", FIELD_NUMBER, "2147483647", 1, INT32_MAX},
    {"beyond int", FIELD_NUMBER, "2147483648", 1, NONE},
    {"not whole", FIELD_NUMBER, "1.0", 1, NONE},
    {"blanks before", FIELD_NUMBER, " 1", 1, NONE},
    {"hexadecimal", FIELD_NUMBER, "0x1", 1, NONE},
    {"seconds", FIELD_SECONDS, "1.25", 1, 1250},
    {"minutes", FIELD_SECONDS, "1.5", 60, 90000},
    {"milliseconds, rounded", FIELD_SECONDS, "41500.6", 0.001, 41501},
    {"negative seconds", FIELD_SECONDS, "-0.0006", 1, -1},
    {"exponents", FIELD_SECONDS, "2e3", 1, 2000000},
    {"beyond any duration", FIELD_SECONDS, "1e300", 1, NONE},
    {"not a number", FIELD_SECONDS, "nan", 1, NONE},
    {"infinity", FIELD_SECONDS, "inf", 1, NONE},
    {"hexadecimal seconds", FIELD_SECONDS, "0x10", 1, NONE},
    {"a unit", FIELD_SECONDS, "10s", 1, NONE},
    {"a decimal comma", FIELD_SECONDS, "1,5", 1, NONE},
    {"a kind", FIELD_KIND, "reopening", 1, EVENT_REOPENING},
    {"no kind", FIELD_KIND, "Survey", 1, NONE},
    {"an outcome", FIELD_CONTACT, "abandoned", 1, CONTACT_ABANDONED},
    {"no outcome", FIELD_CONTACT, "lost", 1, NONE},
};

static void converts_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct value_rules rules = {.factor = values[i].factor};
        int64_t value = 7;
        bool read = value_convert(values[i].type, span_text(values[i].text), &rules, &value);
        if (read != (values[i].value != NONE) || value != (read ? values[i].value : 7)) {
            fail_msg("%s: got %s %" PRId64, values[i].name, read ? "read" : "refused", value);
        }
    }
}

/* ---- mappings ---- */

#define CHANNEL "channel: {constant: web}\n"
#define NEEDED  "fields:\n  event_id: id\n  agency: a\n  service: s\n  occurred_at: t\n"

static const struct {
    const char *name, *yaml;
    const char *problems[8]; /* each a part of a line */
} problem_rows[] = {
    {"nothing at all",
     "",
     {"1:1: fields.event_id: got nothing", "1:1: fields.occurred_at", "1:1: channel: got nothing"}},
    {"not YAML", "fields: [", {"m.yaml:2:1: not YAML"}},
    {"a list", "- 1\n", {"1:1: the file: got a list"}},
    {"a second document", CHANNEL NEEDED "---\na: 1\n", {"8:1: got a second document"}},
    {"an unknown key", CHANNEL NEEDED "colums: 1\n", {"7:1: got 'colums', allowed format, delimiter"}},
    {"a key twice", CHANNEL NEEDED CHANNEL, {"7:1: channel: got the key twice, allowed once; the first is on line 1"}},
    {"an unknown field", CHANNEL NEEDED "  survey.trusty: q\n", {"7:3: fields: got 'survey.trusty'"}},
    {"an unknown rule",
     CHANNEL NEEDED "  kind: {form: q}\n",
     {"7:10: fields.kind: got 'form', allowed constant, from", "7:9: fields.kind: got 0 of constant, from"}},
    {"two sources", CHANNEL NEEDED "  kind: {from: k, constant: survey}\n", {"7:9: fields.kind: got 2 of"}},
    {"a constant that is no kind",
     CHANNEL NEEDED "  kind: {constant: call}\n",
     {"7:20: fields.kind.constant: got 'call', allowed interaction, survey or reopening"}},
    {"a map to no number",
     CHANNEL NEEDED "  survey.trust: {from: q, map: {good: five, bad: 1}}\n",
     {"7:39: fields.survey.trust.map: got 'five', allowed a whole number"}},
    {"a map without from",
     CHANNEL NEEDED "  kind: {constant: survey, map: {a: survey}}\n",
     {"7:9: fields.kind: got map without from"}},
    {"a map that is a list", CHANNEL NEEDED "  kind: {from: k, map: [a]}\n", {"7:24: fields.kind.map: got a list"}},
    {"a channel there is none of",
     "channel: {constant: fax}\n" NEEDED,
     {"1:21: channel.constant: got 'fax', allowed web, phone, office or chat"}},
    {"a channel mapped to none",
     "channel: {from: c, map: {a: fax, b: ''}}\n" NEEDED,
     {"1:29: channel.map: got 'fax'", "1:37: channel.map: got ''"}},
    {"a channel that may be absent",
     "channel: {from: c, map: {a: web}, otherwise: absent}\n" NEEDED,
     {"1:46: channel.otherwise: got 'absent', allowed reject"}},
    {"otherwise what",
     CHANNEL NEEDED "  kind: {from: k, map: {a: survey}, otherwise: guess}\n",
     {"7:48: fields.kind.otherwise: got 'guess', allowed reject or absent"}},
    {"otherwise of nothing",
     CHANNEL NEEDED "  kind: {from: k, otherwise: absent}\n",
     {"7:9: fields.kind: got otherwise"}},
    {"a format there is none of",
     "times: [iso, '%d/%m', epoch_s]\n" CHANNEL NEEDED,
     {"1:14: times: got '%d/%m', allowed iso"}},
    {"seconds of this machine", "times: '%s'\n" CHANNEL NEEDED, {"1:8: times: got '%s'"}},
    {"times of a flag",
     CHANNEL NEEDED "  resolved: {from: r, times: iso}\n",
     {"7:23: fields.resolved: got times, which is not for a field of this kind"}},
    {"a factor of a number",
     CHANNEL NEEDED "  transfers: {from: r, factor: 2}\n",
     {"7:24: fields.transfers: got factor"}},
    {"a factor of 0",
     CHANNEL NEEDED "  wait_seconds: {from: r, factor: 0}\n",
     {"7:35: fields.wait_seconds.factor: got '0'"}},
    {"yes and no no",
     CHANNEL NEEDED "  resolved: {from: r, yes: [Y]}\n",
     {"7:13: fields.resolved: got only one of yes and no"}},
    {"between one",
     CHANNEL NEEDED "  wait_seconds: {between: [a]}\n",
     {"7:27: fields.wait_seconds.between: got 1 columns, allowed two"}},
    {"between for a text",
     CHANNEL "fields: {event_id: {between: [a, b]}, agency: a, service: s, occurred_at: t}\n",
     {"2:21: fields.event_id: got between, which is not"}},
    {"a brace that stays open",
     CHANNEL NEEDED "  interaction_id: {template: 'x-{id'}\n",
     {"7:30: fields.interaction_id.template: got a { without its }"}},
    {"a column without a name",
     CHANNEL NEEDED "  interaction_id: {template: 'x-{}'}\n",
     {"7:30: fields.interaction_id.template: got an empty name"}},
    {"a column that is a list", CHANNEL NEEDED "  kind: {from: [[a]]}\n", {"7:17: fields.kind.from: got a list"}},
    {"nothing for a column", CHANNEL NEEDED "  kind: ~\n", {"7:9: fields.kind: got nothing"}},
    {"a delimiter of two", "delimiter: ';;'\n" CHANNEL NEEDED, {"1:12: delimiter: got ';;'"}},
    {"a format of files", "format: xml\n" CHANNEL NEEDED, {"1:9: format: got 'xml', allowed csv or jsonl"}},
    {"several at once",
     "format: xml\ntimes: [no]\nchannel: {constant: fax}\nfields:\n  agency: {}\n  kind: {constant: 5}\n",
     {"1:9: format", "2:9: times", "3:21: channel", "5:11: fields.agency", "6:20: fields.kind", "1:1: fields.event_id",
      "1:1: fields.service"}},
};

static void tells_every_problem(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(problem_rows); i++) {
        struct problems problems;
        struct mapping *mapping = mapping_of(problem_rows[i].yaml, &problems);
        buffer_u8(&problems.text, 0);
        for (const char *const *part = problem_rows[i].problems; *part; part++) {
            char *text = json_of(*part);
            if (!strstr((const char *)problems.text.data, text)) {
                fail_msg("%s: no \"%s\" in\n%s", problem_rows[i].name, text, (const char *)problems.text.data);
            }
            free(text);
        }
        assert_null(mapping);
        problems_done(&problems);
    }
}

/* Those that are shipped, and the one in the help. */
static void shipped_mappings_are_fine(void **state)
{
    (void)state;
    static const char *const files[] = {"311.yaml", "jsonl-example.yaml"};
    for (size_t i = 0; i < COUNT(files); i++) {
        char path[4096];
        struct problems problems;
        struct mapping *mapping = NULL;
        problems_init(&problems);
        snprintf(path, sizeof path, "%s/deploy/mappings/%s", getenv("SLIPSTREAM_SOURCE"), files[i]);
        if (mapping_open(path, &mapping, &problems) != DONE) {
            fail_msg("%.*s", SPAN_FORMAT(buffer_as_span(&problems.text)));
        }
        mapping_close(mapping);
        problems_done(&problems);
    }
    const char *begin = strstr(command_import.detail, "  times:");
    const char *end = strstr(begin, "\n\n");
    struct mapping *mapping = NULL;
    struct problems problems;
    problems_init(&problems);
    if (mapping_parse("help", span_of(begin, (size_t)(end - begin)), &mapping, &problems) != DONE) {
        fail_msg("%.*s", SPAN_FORMAT(buffer_as_span(&problems.text)));
    }
    assert_int_equal(mapping->column_count, 9);
    mapping_close(mapping);
    problems_done(&problems);
}

/* ---- rows ---- */

/* The columns in the order in which the rules below name them. */
static const char row_mapping[] = "times: [iso, epoch_s]\n"
                                  "channel: {from: channel, map: {PHONE: phone, Web: web, Fax: office}}\n"
                                  "fields:\n"
                                  "  event_id: {template: 'x-{source}-{id}'}\n"
                                  "  agency: agency\n"
                                  "  service: {from: service, map: {A 1: permits, A2: taxes}}\n"
                                  "  started_at: opened\n"
                                  "  occurred_at: {from: [closed, opened]}\n"
                                  "  resolution_seconds: {between: [opened, closed]}\n"
                                  "  wait_seconds: {from: wait, factor: 60}\n"
                                  "  resolved: {from: flag, yes: [Y, done], no: N, otherwise: absent}\n"
                                  "  reopened: flag2\n"
                                  "  survey.trust: {from: trust, map: {good: 5, bad: 1, none: ''}, otherwise: absent}\n"
                                  "  transfers: transfers\n"
                                  "  kind: {from: kind, map: {s: survey}}\n"
                                  "  outcome: {constant: served}\n";
#define ROW_COLUMNS 13
static const char row_order[] = "channel|source|id|agency|service|opened|closed|wait|flag|flag2|trust|transfers|kind";

#define IDS    "event_id=x-a-7 interaction_id=x-a-7 agency=DOT service=permits kind=0 "
#define CLOSED "occurred_at=120000000 started_at=60000000 "
#define REST   "outcome=0"

static const struct {
    const char *name;
    const char *values;   /* in row_order, with | between */
    const char *expected; /* the fields, behind the channel; or "word: part of the text" */
} row_rows[] = {
    {"all that is needed", "PHONE|a|7|DOT|A 1|60|120||||||", "phone " IDS CLOSED "resolution_seconds=60000 " REST},
    {"everything", "Web|a|7|DOT|A 1|60|120|1.5|Y|no|good|2|s",
     "web event_id=x-a-7 interaction_id=x-a-7 agency=DOT service=permits kind=1 " CLOSED
     "reopened=0 resolution_seconds=60000 survey.trust=5 outcome=0 wait_seconds=90000 resolved=1 transfers=2"},
    {"blanks around values", " PHONE |a|\t7|DOT | A 1|60 | 120||||||",
     "phone " IDS CLOSED "resolution_seconds=60000 " REST},
    {"not closed", "PHONE|a|7|DOT|A 1|60|||||||", "phone " IDS "occurred_at=60000000 started_at=60000000 " REST},
    {"two ways to write a time", "PHONE|a|7|DOT|A 1|60|1970-01-01T00:02:00||||||",
     "phone " IDS CLOSED "resolution_seconds=60000 " REST},
    {"closed when opened", "PHONE|a|7|DOT|A 1|60|60||||||",
     "phone " IDS "occurred_at=60000000 started_at=60000000 resolution_seconds=0 " REST},
    {"a word that means absent", "PHONE|a|7|DOT|A 1|60|120||||none||",
     "phone " IDS CLOSED "resolution_seconds=60000 " REST},
    {"a word the map has not, absent", "PHONE|a|7|DOT|A 1|60|120||||fine||",
     "phone " IDS CLOSED "resolution_seconds=60000 " REST},
    {"a flag of neither list, absent", "PHONE|a|7|DOT|A 1|60|120||maybe||||",
     "phone " IDS CLOSED "resolution_seconds=60000 " REST},
    {"a flag of the second word", "PHONE|a|7|DOT|A 1|60|120||done||||",
     "phone " IDS CLOSED "resolution_seconds=60000 outcome=0 resolved=1"},
    {"a channel the map has not", "UNKNOWN|a|7|DOT|A 1|60|120||||||", "unknown_channel: channel: the map has no such"},
    {"no channel", "|a|7|DOT|A 1|60|120||||||", "missing_field: channel is empty"},
    {"a service the map has not", "PHONE|a|7|DOT|A3|60|120||||||", "bad_value: service: the map has no such"},
    {"a longer one that begins alike", "PHONE|a|7|DOT|A 11|60|120||||||", "bad_value: service"},
    {"a shorter one", "PHONE|a|7|DOT|A|60|120||||||", "bad_value: service"},
    {"no agency", "PHONE|a|7||A 1|60|120||||||", "missing_field: agency is empty"},
    {"an agency of blanks", "PHONE|a|7|  |A 1|60|120||||||", "missing_field: agency is empty"},
    {"no service", "PHONE|a|7|DOT||60|120||||||", "missing_field: service is empty"},
    {"half an id", "PHONE|a||DOT|A 1|60|120||||||", "missing_field: event_id: the column id is empty"},
    {"no time at all", "PHONE|a|7|DOT|A 1|||||||||", "missing_field: occurred_at is absent"},
    {"closed before it was opened", "PHONE|a|7|DOT|A 1|120|60||||||", "ends_before_start: "},
    {"so too on an unknown channel", "UNKNOWN|a|7|DOT|A 1|120|60||||||", "ends_before_start: "},
    {"a time that is none", "PHONE|a|7|DOT|A 1|soon|120||||||", "bad_time: started_at: not a time"},
    {"an end that is none", "PHONE|a|7|DOT|A 1|60|later||||||", "bad_time: occurred_at: not a time"},
    {"a wait that is no number", "PHONE|a|7|DOT|A 1|60|120|long|||||", "bad_number: wait_seconds: not a number"},
    {"a negative wait", "PHONE|a|7|DOT|A 1|60|120|-1|||||", "bad_duration: wait_seconds is negative"},
    {"over 400 days", "PHONE|a|7|DOT|A 1|60|34560061||||||", "bad_duration: resolution_seconds is over 400 days"},
    {"a flag that is none", "PHONE|a|7|DOT|A 1|60|120|||maybe|||", "bad_flag: reopened: not a word for true or false"},
    {"transfers that are no number", "PHONE|a|7|DOT|A 1|60|120|||||x|", "bad_number: transfers: not a whole number"},
    {"transfers beyond the bound", "PHONE|a|7|DOT|A 1|60|120|||||1001|", "bad_number: transfers is outside"},
    {"a kind the map has not", "PHONE|a|7|DOT|A 1|60|120||||||x", "bad_value: kind: the map has no such"},
    {"not UTF-8", "PHONE|a|7|D\xFFT|A 1|60|120||||||", "bad_utf8: agency: not UTF-8"},
    {"half a character", "PHONE|a|7|DOT\xC3|A 1|60|120||||||", "bad_utf8: agency: not UTF-8"},
    {"an id that is too long", "PHONE|a|%|DOT|A 1|60|120||||||", "too_long: event_id: over 200 bytes"},
    {"an agency that is too long", "PHONE|a|7|%|A 1|60|120||||||", "too_long: agency has 201 bytes"},
};

/* Cut at each |; a % is 201 bytes. */
static void cut_values(char *text, struct span out[ROW_COLUMNS])
{
    static char long_text[202];
    memset(long_text, 'x', 201);
    for (size_t i = 0; i < ROW_COLUMNS; i++) {
        const char *value = text ? strsep(&text, "|") : "";
        out[i] = span_text(strcmp(value, "%") == 0 ? long_text : value);
    }
}

static void judge_row(const struct mapping *mapping, const char *text, char *result, size_t size)
{
    struct span cut[ROW_COLUMNS];
    struct row_texts texts;
    struct interaction interaction;
    struct rejection rejection = {0};
    struct time_bounds any = row_bounds_none();
    char *copy = strdup(text);
    cut_values(copy, cut);
    if (row_read(mapping, cut, &texts, &interaction, &rejection) != DONE ||
        row_check(&interaction, &any, (struct event_time){S(1795339800)}, &rejection) != DONE) {
        snprintf(result, size, "%s: %s", rejection.word, rejection.text);
    } else {
        int channel = snprintf(result, size, "%s ", channel_word(interaction.channel));
        interaction_text(&interaction, result + channel, size - (size_t)channel);
    }
    free(copy);
}

static void rows_become_interactions(void **state)
{
    (void)state;
    struct problems problems;
    struct mapping *mapping = mapping_of(row_mapping, &problems);
    assert_non_null(mapping);
    assert_int_equal(mapping->column_count, ROW_COLUMNS);
    char *order = strdup(row_order);
    char *at = order;
    for (size_t i = 0; i < ROW_COLUMNS; i++) { /* fields are read as the file has them: the test's order is that */
        assert_string_equal(mapping->columns[i].name, strsep(&at, "|"));
    }
    for (size_t i = 0; i < COUNT(row_rows); i++) {
        char result[2048];
        judge_row(mapping, row_rows[i].values, result, sizeof result);
        const char *expected = row_rows[i].expected;
        const char *colon = strchr(expected, ':');
        bool same = colon ? strncmp(result, expected, (size_t)(colon - expected) + 1) == 0 && strstr(result, colon + 2)
                          : strcmp(result, expected) == 0;
        if (!same) {
            fail_msg("%s: wanted\n%s, got\n%s", row_rows[i].name, expected, result);
        }
    }
    free(order);
    mapping_close(mapping);
    problems_done(&problems);
}

static void own_interaction_id(void **state)
{
    (void)state;
    struct problems problems;
    struct mapping *mapping = mapping_of(CHANNEL NEEDED "  interaction_id: case\n", &problems);
    assert_non_null(mapping);
    struct span row[] = {span_text("e"), span_text("a"), span_text("s"), span_text("2026-11-22"), span_text("c-9")};
    struct row_texts texts;
    struct interaction interaction;
    struct rejection rejection;
    assert_int_equal(row_read(mapping, row, &texts, &interaction, &rejection), DONE);
    assert_true(span_equal(interaction.interaction_id, span_text("c-9")));
    row[4] = span_text(""); /* said to come from a column: not made up when that is empty */
    struct time_bounds any = row_bounds_none();
    assert_int_equal(row_read(mapping, row, &texts, &interaction, &rejection), DONE);
    assert_int_equal(row_check(&interaction, &any, (struct event_time){0}, &rejection), SKIP);
    assert_string_equal(rejection.word, "missing_field");
    mapping_close(mapping);
    problems_done(&problems);
}

/* ---- rebase ---- */

static const struct {
    const char *name;
    struct rebase rebase;
    int64_t occurred_at, started_at;
    int64_t to_occurred_at, to_started_at;
} rebase_rows[] = {
    {"the first", {100, 200, 1000, 1010}, 100, ABSENT, 1000, ABSENT},
    {"the last", {100, 200, 1000, 1010}, 200, ABSENT, 1010, ABSENT},
    {"between", {100, 200, 1000, 1010}, 150, ABSENT, 1005, ABSENT},
    {"between, rounded down", {100, 200, 1000, 1010}, 159, ABSENT, 1005, ABSENT},
    {"the start moves along", {100, 200, 1000, 1010}, 150, 120, 1005, 975},
    {"a start before the range", {100, 200, 1000, 1010}, 100, -900, 1000, 0},
    {"one time only", {100, 100, 1000, 1010}, 100, 90, 1010, 1000},
    {"before the range", {100, 200, 1000, 1010}, 50, ABSENT, 1000, ABSENT},
    {"behind the range", {100, 200, 1000, 1010}, 201, ABSENT, 1010, ABSENT},
    {"stretched", {0, 10, 0, 1000}, 3, 1, 300, 298},
    {"the whole calendar onto 60 days",
     {S(-62135596800), S(253402300799), S(1790155800), S(1795339800)},
     S(95633351999) + 500000,
     ABSENT,
     S(1792747800),
     ABSENT},
};

static void moves_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rebase_rows); i++) {
        struct interaction interaction;
        interaction_init(&interaction, CHANNEL_WEB);
        interaction.occurred_at = rebase_rows[i].occurred_at;
        interaction.started_at = rebase_rows[i].started_at;
        interaction.resolution = 77;
        row_rebase(&rebase_rows[i].rebase, &interaction);
        if (interaction.occurred_at != rebase_rows[i].to_occurred_at ||
            interaction.started_at != rebase_rows[i].to_started_at || interaction.resolution != 77) {
            fail_msg("%s: got %" PRId64 " and %" PRId64, rebase_rows[i].name, interaction.occurred_at,
                     interaction.started_at);
        }
    }
}

/* In order: a later time never becomes an earlier one, and all stay within. */
static void moves_in_order(void **state)
{
    (void)state;
    struct rebase rebase = {S(1214902440), S(1717476949), S(1790155800), S(1795339800)};
    int64_t before = rebase.to_first_us;
    for (int64_t us = rebase.first_us; us <= rebase.last_us; us += S(44444)) {
        struct interaction interaction;
        interaction_init(&interaction, CHANNEL_WEB);
        interaction.occurred_at = us;
        row_rebase(&rebase, &interaction);
        assert_true(interaction.occurred_at >= before && interaction.occurred_at <= rebase.to_last_us);
        before = interaction.occurred_at;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_times),
        cmocka_unit_test(converts_values),
        cmocka_unit_test(tells_every_problem),
        cmocka_unit_test(shipped_mappings_are_fine),
        cmocka_unit_test(rows_become_interactions),
        cmocka_unit_test(own_interaction_id),
        cmocka_unit_test(moves_times),
        cmocka_unit_test(moves_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
