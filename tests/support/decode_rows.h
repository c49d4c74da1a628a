/* decode_rows.h - what the tables of the decoder's tests are written in.
 *
 * JSON with ' for ", bytes as hexadecimal with spaces, an interaction as "path=value path=value", a refusal as
 * "word: what its text must hold". */
#ifndef SLIPSTREAM_TESTS_DECODE_ROWS_H
#define SLIPSTREAM_TESTS_DECODE_ROWS_H

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slipstream/decode.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define FIELD(name, type)            "{'name':'" name "','type':" type "}"
#define DEFAULTED(name, type, value) "{'name':'" name "','type':" type ",'default':" value "}"
#define RECORD(name, fields)         "{'type':'record','name':'" name "','fields':[" fields "]}"
#define ENUM(name, symbols)          "{'type':'enum','name':'" name "','symbols':[" symbols "]}"
#define ARRAY(items)                 "{'type':'array','items':" items "}"
#define MAP(values)                  "{'type':'map','values':" values "}"
#define LOGICAL(type, logical)       "{'type':'" type "','logicalType':'" logical "'}"

/* The caller frees it. */
static inline char *json_of(const char *quoted)
{
    char *text = strdup(quoted);
    for (char *at = text; at != NULL && *at != '\0'; at++) {
        *at = *at == '\'' ? '"' : *at;
    }
    return text;
}

static inline size_t bytes_of(const char *hexadecimal, uint8_t *bytes, size_t capacity)
{
    size_t size = 0;
    for (const char *at = hexadecimal; *at != '\0' && size < capacity;) {
        char *end;
        bytes[size] = (uint8_t)strtoul(at, &end, 16);
        size += end != at;
        at = end + strspn(end, " ");
    }
    return size;
}

static inline const char *interaction_text(const struct interaction *self, char *text, size_t size)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < interaction_field_count; i++) {
        const struct interaction_field *field = &interaction_fields[i];
        const char *gap = length > 0 ? " " : "";
        struct span span;
        int64_t number;
        memcpy(&number, (const uint8_t *)self + field->offset, sizeof number);
        if (field->type == FIELD_TEXT) {
            memcpy(&span, (const uint8_t *)self + field->offset, sizeof span);
            if (span.data != NULL) {
                length +=
                    (size_t)snprintf(text + length, size - length, "%s%s=%.*s", gap, field->path, SPAN_FORMAT(span));
            }
        } else if (number != ABSENT) {
            length += (size_t)snprintf(text + length, size - length, "%s%s=%" PRId64, gap, field->path, number);
        }
    }
    return text;
}

/* Whether a refusal is the one that a row expects. */
static inline bool refusal_is(const char *expected, enum outcome outcome, const struct reason *why)
{
    const char *colon = strchr(expected, ':');
    size_t word = colon == NULL ? strlen(expected) : (size_t)(colon - expected);
    const char *holds = colon == NULL ? "" : colon + 1 + strspn(colon + 1, " ");
    return outcome == SKIP && strlen(reason_word(why->code)) == word &&
           memcmp(reason_word(why->code), expected, word) == 0 && strstr(why->text, holds) != NULL;
}

#endif
