#include "log_line.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "utf8.h"

#define TAIL_ROOM  64 /* for count=, cut=true, the brace and the newline */
#define ESCAPE_MAX 11 /* one character at its longest, two bytes as \\xNN in JSON, and the closing quote */
#define NUMBER_MAX 24
#define PAIRS_END  (LOG_LINE_MAX - TAIL_ROOM)

static void put(struct log_line *self, const char *text, size_t size)
{
    memcpy(self->text + self->size, text, size);
    self->size += size;
}

/* The caller has made sure that it fits. */
static void PRINTF_LIKE(2, 3) print(struct log_line *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(self->text + self->size, LOG_LINE_MAX - self->size, format, arguments);
    va_end(arguments);
    ASSERT(size >= 0 && (size_t)size < LOG_LINE_MAX - self->size);
    self->size += (size_t)size;
}

void log_line_begin(struct log_line *self, enum log_format format)
{
    self->format = format;
    self->size = 0;
    self->cut = false;
}

static bool put_key(struct log_line *self, const char *key)
{
    size_t length = strlen(key);
    if (length + strlen(",\"\":") + NUMBER_MAX > PAIRS_END - self->size) {
        self->cut = true;
        return false;
    }
    if (self->format == LOG_JSON) {
        print(self, "%c\"%s\":", self->size == 0 ? '{' : ',', key);
    } else {
        print(self, "%s%s=", self->size == 0 ? "" : " ", key);
    }
    return true;
}

static bool needs_quotes(struct span value)
{
    for (size_t i = 0; i < value.size; i++) {
        uint8_t byte = value.data[i];
        if (byte <= ' ' || byte >= 0x7F || byte == '=' || byte == '"' || byte == '\\') {
            return true;
        }
    }
    return value.size == 0;
}

/* A byte that must not reach a terminal or a parser as it is: \xNN, which JSON wants with a second backslash. */
static void put_hidden(struct log_line *self, uint8_t byte)
{
    print(self, self->format == LOG_JSON ? "\\\\x%02x" : "\\x%02x", byte);
}

static bool is_c1_control(const uint8_t *at, size_t length)
{
    return length == 2 && at[0] == 0xC2 && at[1] < 0xA0;
}

/* One character, or one byte where there is no character. Gives the bytes taken from the value. */
static size_t put_escaped(struct log_line *self, const uint8_t *at, size_t left)
{
    size_t length = utf8_sequence(at, left);
    if (length == 0) {
        put_hidden(self, at[0]);
        return 1;
    }
    if (is_c1_control(at, length)) {
        put_hidden(self, at[0]);
        put_hidden(self, at[1]);
    } else if (at[0] == '"' || at[0] == '\\') {
        print(self, "\\%c", at[0]);
    } else if (at[0] == '\n') {
        put(self, "\\n", 2);
    } else if (at[0] == '\t') {
        put(self, "\\t", 2);
    } else if (at[0] < ' ' || at[0] == 0x7F) {
        put_hidden(self, at[0]);
    } else {
        put(self, (const char *)at, length);
    }
    return length;
}

static void put_value(struct log_line *self, struct span value)
{
    bool quoted = self->format == LOG_JSON || needs_quotes(value);
    if (quoted) {
        put(self, "\"", 1);
    }
    for (size_t i = 0; i < value.size;) {
        if (PAIRS_END - self->size < ESCAPE_MAX) {
            self->cut = true;
            break;
        }
        i += put_escaped(self, value.data + i, value.size - i);
    }
    if (quoted) {
        put(self, "\"", 1);
    }
}

static void put_number(struct log_line *self, const struct log_pair *pair)
{
    if (pair->kind == LOG_PAIR_INTEGER) {
        print(self, "%" PRId64, pair->value.integer);
    } else if (self->format == LOG_JSON && !isfinite(pair->value.real)) {
        put(self, "null", 4);
    } else {
        print(self, "%.9g", pair->value.real);
    }
}

void log_line_pair(struct log_line *self, const struct log_pair *pair)
{
    if (self->cut || !put_key(self, pair->key)) {
        return;
    }
    switch (pair->kind) {
    case LOG_PAIR_TEXT:
        put_value(self, pair->value.text != NULL ? span_text(pair->value.text) : (struct span){0});
        return;
    case LOG_PAIR_SPAN:
        put_value(self, pair->value.span);
        return;
    case LOG_PAIR_INTEGER:
    case LOG_PAIR_REAL:
        put_number(self, pair);
        return;
    }
}

void log_line_end(struct log_line *self, uint64_t left_out)
{
    bool json = self->format == LOG_JSON;
    if (left_out > 0) {
        print(self, json ? ",\"count\":%" PRIu64 : " count=%" PRIu64, left_out);
    }
    if (self->cut) {
        print(self, "%s", json ? ",\"cut\":true" : " cut=true");
    }
    print(self, "%s", json ? "}\n" : "\n");
}
