#include "slipstream/base/outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

static const struct {
    const char *word;
    const char *meaning;
    const char *advice;
} reasons[] = {
#define REASON_ROW(code, word, meaning, advice) [code] = {word, meaning, advice},
    REASONS(REASON_ROW)
#undef REASON_ROW
};
_Static_assert(sizeof reasons / sizeof reasons[0] == REASON_COUNT, "one row a reason");

const char *reason_word(enum reason_code code)
{
    ASSERT((unsigned)code < REASON_COUNT);
    return reasons[code].word;
}

const char *reason_meaning(enum reason_code code)
{
    ASSERT((unsigned)code < REASON_COUNT);
    return reasons[code].meaning;
}

const char *reason_advice(enum reason_code code)
{
    ASSERT((unsigned)code < REASON_COUNT);
    return reasons[code].advice;
}

enum reason_code reason_of_word(struct span word)
{
    unsigned code = 0;
    while (code < REASON_COUNT && !span_equal(span_text(reasons[code].word), word)) {
        code++;
    }
    return (enum reason_code)code;
}

enum outcome reason_set(struct reason *why, enum outcome outcome, enum reason_code code, const char *format, ...)
{
    if (why == NULL) {
        return outcome;
    }
    /* Written aside first: an argument may be the text of the very reason that is filled. */
    char text[sizeof why->text];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        text[0] = '\0';
    } else if ((size_t)length >= sizeof text) {
        text[utf8_cut((const uint8_t *)text, sizeof text - 1)] = '\0';
    }
    why->code = code;
    memcpy(why->text, text, strlen(text) + 1);
    return outcome;
}

_Noreturn void assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
    abort();
}
