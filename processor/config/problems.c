/* problems.c - what is wrong, said so that it can be mended: where, what was got, what is allowed, what was meant. */
#include "text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#define PROBLEM_SIZE     1536      /* of one message; longer ones are cut */
#define PROBLEMS_CEILING (1 << 20) /* bytes of all */
#define SHOWN_MAX        72        /* bytes of foreign text that are shown */
#define WORD_MAX         64        /* longer words are not guessed at */

void problems_init(struct problems *self)
{
    buffer_init(&self->text, PROBLEMS_CEILING);
    self->count = 0;
}

void problems_done(struct problems *self)
{
    buffer_done(&self->text);
    self->count = 0;
}

/* One line a problem, whatever a file name or a key holds. */
static void end_line(struct buffer *text, size_t start)
{
    for (size_t i = start; i < text->size; i++) {
        if (text->data[i] < 0x20 || text->data[i] == 0x7f) {
            text->data[i] = '?';
        }
    }
    buffer_text(text, "\n");
}

/* The last line counts what is not told; it is written anew each time. */
static void count_untold(struct problems *self)
{
    struct buffer *text = &self->text;
    if (self->count > PROBLEMS_MAX + 1 && text->size > 0) {
        do {
            text->size--;
        } while (text->size > 0 && text->data[text->size - 1] != '\n');
    }
    buffer_text(text, "and %zu more\n", self->count - PROBLEMS_MAX);
}

void problem(struct problems *self, const char *where, size_t line, size_t column, const char *format, ...)
{
    self->count++;
    if (self->count > PROBLEMS_MAX) {
        count_untold(self);
        return;
    }
    char message[PROBLEM_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    size_t start = self->text.size;
    if (line > 0) {
        buffer_text(&self->text, "%s:%zu:%zu: %s", where, line, column, message);
    } else {
        buffer_text(&self->text, "%s: %s", where, message);
    }
    end_line(&self->text, start);
}

const char *text_shown(const char *text, char out[SHOWN_SIZE])
{
    bool readable = span_is_text(span_text(text));
    size_t size = 0;
    const char *at = text;
    out[size++] = '"';
    for (; *at && size < SHOWN_MAX; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !readable)) {
            size += (size_t)snprintf(out + size, SHOWN_SIZE - size, "\\x%02X", byte);
        } else {
            out[size++] = (char)byte;
        }
    }
    while (((unsigned char)*at & 0xC0) == 0x80 && readable) { /* not in the middle of a character */
        out[size++] = *at++;
    }
    snprintf(out + size, SHOWN_SIZE - size, *at ? "…\"" : "\"");
    return out;
}

/* How far apart two words may be and still be taken for each other. */
static size_t distance_max(size_t length)
{
    return length < 3 ? 1 : length < 12 ? 2 : length / 4;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Edits from a to b: insertions, deletions, replacements, swaps of neighbours. Three rows of the usual table. */
static size_t word_distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t b_length = strlen(b);
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; a[i - 1]; i++) {
        size_t *now = rows[i % 3];
        const size_t *last = rows[(i - 1) % 3];
        const size_t *before_last = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            now[j] = least(least(now[j - 1], last[j]) + 1, last[j - 1] + !same_letter(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1])) {
                now[j] = least(now[j], before_last[j - 2] + 1);
            }
        }
    }
    return rows[strlen(a) % 3][b_length];
}

void guess_init(struct guess *self, const char *word)
{
    *self = (struct guess){.word = word, .distance = distance_max(strlen(word)) + 1};
}

void guess_offer(struct guess *self, const char *candidate)
{
    size_t longer = strlen(self->word);
    size_t length = strlen(candidate);
    longer = longer > length ? longer : length;
    if (longer > WORD_MAX || longer == 0) {
        return;
    }
    size_t distance = word_distance(self->word, candidate);
    if (distance < self->distance && distance < longer) {
        self->distance = distance;
        snprintf(self->best, sizeof self->best, "%s", candidate);
    }
}

const char *guess_text(const struct guess *self, char out[GUESS_SIZE + 16])
{
    snprintf(out, GUESS_SIZE + 16, self->best[0] ? ", did you mean %s" : "%s", self->best);
    return out;
}

void word_list_add(struct word_list *self, const char *name)
{
    const char *comma = self->size ? ", " : "";
    if (self->size + strlen(name) + sizeof ", …" + 2 < sizeof self->text) {
        self->size += (size_t)snprintf(self->text + self->size, sizeof self->text - self->size, "%s%s", comma, name);
    } else if (self->text[self->size] == '\0') {
        snprintf(self->text + self->size, sizeof self->text - self->size, ", …");
    }
}
