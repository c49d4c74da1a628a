/* vet_text.c - the JSON text of a schema: bounded by one look at its brackets and commas, then parsed. */
#include "schema.h"

/* Past a string whose first quote was read; its contents are the parser's to judge. */
static size_t string_end(struct span text, size_t at)
{
    for (; at < text.size && text.data[at] != '"'; at++) {
        if (text.data[at] == '\\') {
            at++;
        }
    }
    return at + 1;
}

/* Counts what the parser would have to nest and to allocate. Text that is no JSON may pass: it costs no more. */
static enum outcome bound_text(struct span text, struct reason *why)
{
    size_t depth = 0;
    size_t values = 1;
    for (size_t at = 0; at < text.size;) {
        uint8_t byte = text.data[at++];
        if (byte == '"') {
            at = string_end(text, at);
        } else if (byte == '{' || byte == '[') {
            values++;
            depth++;
        } else if (byte == '}' || byte == ']') {
            depth -= depth > 0;
        } else if (byte == ',') {
            values++;
        }
        if (depth > SCHEMA_TEXT_DEPTH_MAX) {
            return FAIL(why, SKIP, REASON_BAD_SCHEMA, "JSON nested deeper than %d", SCHEMA_TEXT_DEPTH_MAX);
        }
        if (values > SCHEMA_TEXT_VALUES_MAX) {
            return FAIL(why, SKIP, REASON_BAD_SCHEMA, "more than %d JSON values", SCHEMA_TEXT_VALUES_MAX);
        }
    }
    return DONE;
}

enum outcome schema_parse_text(struct span text, json_t **root, struct reason *why)
{
    if (text.size > SCHEMA_SIZE_MAX) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "%zu bytes, at most %u are allowed", text.size, SCHEMA_SIZE_MAX);
    }
    TRY(bound_text(text, why));
    json_error_t error;
    json_t *parsed = json_loadb(text.size == 0 ? "" : (const char *)text.data, text.size,
                                JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (parsed == NULL) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "not JSON: line %d, column %d: %s", error.line, error.column,
                    error.text);
    }
    *root = parsed;
    return DONE;
}
