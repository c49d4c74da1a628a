/* plan_rows.h - rows of tests of the decode plan: what one schema wrote, read as another, and what came of it.
 *
 * The bytes are Avro-C's, or written out where Avro-C would not write them. */
#ifndef SLIPSTREAM_TESTS_PLAN_ROWS_H
#define SLIPSTREAM_TESTS_PLAN_ROWS_H

#include "avro_messages.h"
#include "decode_rows.h"
#include "plan.h"

#define BYTES_MAX 4096

/* A row's schema is the fields of a record r; or, behind a !, a whole schema. */
static inline char *schema_of(const char *fields)
{
    char *whole;
    if (fields[0] == '!') {
        return json_of(fields + 1);
    }
    assert_true(asprintf(&whole, RECORD("r", "%s"), fields) > 0);
    char *text = json_of(whole);
    free(whole);
    return text;
}

/* Compiles, reads, and renders what came of it: "path=value …", or "compile word: …", or "run word: …". */
static inline void resolve(const struct channel_mapping *mapping, const char *writer, const char *reader,
                           struct span message, char *text, size_t size)
{
    struct plan *plan = NULL;
    struct reason why = {0};
    if (plan_compile(span_text(writer), span_text(reader), CHANNEL_PHONE, mapping, &plan, &why) != DONE) {
        snprintf(text, size, "compile %s: %s", reason_word(why.code), why.text);
        return;
    }
    struct interaction interaction;
    memset(&interaction, 0xA5, sizeof interaction);
    if (plan_run(plan, message, &interaction, &why) == DONE) {
        assert_int_equal(interaction.channel, CHANNEL_PHONE);
        interaction_text(&interaction, text, size);
    } else {
        snprintf(text, size, "run %s: %s", reason_word(why.code), why.text);
    }
    plan_close(plan);
}

static inline bool is_expected(const char *text, const char *expected)
{
    bool refusal = strncmp(expected, "compile ", 8) == 0 || strncmp(expected, "run ", 4) == 0;
    const char *colon = refusal ? strchr(expected, ':') : NULL;
    if (colon == NULL) {
        return strcmp(text, expected) == 0;
    }
    size_t word = (size_t)(colon - expected) + 1;
    return strncmp(text, expected, word) == 0 && strstr(text + word, colon + 2) != NULL;
}

#define NEXT "," /* between fields */

/* The value is in Avro's JSON; or, behind a #, bytes in hexadecimal. Expected is "path=value …", "compile word: …" or
 * "run word: …". */
static inline void run_row(const char *name, const struct channel_mapping *mapping, const char *writer,
                           const char *reader, const char *value, const char *expected)
{
    uint8_t bytes[BYTES_MAX];
    char text[1024];
    char *writer_schema = schema_of(writer);
    char *reader_schema = schema_of(reader);
    size_t size;
    if (value[0] == '#') {
        size = bytes_of(value + 1, bytes, sizeof bytes);
    } else {
        char *json = json_of(value);
        size = avro_encode_json(span_text(writer_schema), json, bytes, sizeof bytes);
        free(json);
    }
    resolve(mapping, writer_schema, reader_schema, span_of(bytes, size), text, sizeof text);
    if (!is_expected(text, expected)) {
        fail_msg("%s: expected \"%s\", got \"%s\"", name, expected, text);
    }
    free(writer_schema);
    free(reader_schema);
}

#endif
