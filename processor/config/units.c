/* units.c - whole numbers, real numbers, durations and sizes as people write them. */
#include "text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct unit {
    const char *word;
    int64_t factor;
    const char *also; /* what people write for it elsewhere: not read, only understood; each between blanks */
};

/* Ascending. The factor of "us" lets every stored value be written; it is not offered. */
static const struct unit duration_units[] = {
    {"us", 1, " "},
    {"ms", US_PER_MS, " msec msecs millis milliseconds millisecond "},
    {"s", US_PER_SECOND, " S sec secs second seconds "},
    {"m", US_PER_MINUTE, " M min mins minute minutes "},
    {"h", US_PER_HOUR, " H hr hrs hour hours "},
    {"d", US_PER_DAY, " D day days "},
};
static const struct unit size_units[] = {
    {"B", 1, " b byte bytes "},
    {"KiB", INT64_C(1) << 10, " kiB kib KIB KB kB kb K k Ki "},
    {"MiB", INT64_C(1) << 20, " mib miB MIB MB mB mb M m Mi "},
    {"GiB", INT64_C(1) << 30, " gib giB GIB GB gB gb G g Gi "},
};
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Digits at the start of text; where they end. NULL: there are none, or too many. */
static const char *leading_number(const char *text, int64_t *value)
{
    int64_t sum = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, *at - '0', &sum)) {
            return NULL;
        }
    }
    *value = sum;
    return at > text ? at : NULL;
}

bool text_number(const char *text, int64_t *value)
{
    bool negative = *text == '-';
    int64_t number;
    const char *end = leading_number(text + negative, &number);
    if (!end || *end) {
        return false;
    }
    *value = negative ? -number : number;
    return true;
}

bool text_real(const char *text, double *value)
{
    if (!*text || text[strspn(text, "0123456789.eE+-")]) { /* neither "nan" nor "inf" nor "0x1p3" */
        return false;
    }
    char *end;
    double number = strtod(text, &end);
    if (*end || !isfinite(number)) {
        return false;
    }
    *value = number + 0.0; /* −0 becomes 0 */
    return true;
}

static bool unit_parse(const char *text, const struct unit *units, size_t count, int64_t *value)
{
    int64_t number;
    const char *word = leading_number(text, &number);
    for (size_t i = 0; word && i < count; i++) {
        if (strcmp(word, units[i].word) == 0) {
            return !__builtin_mul_overflow(number, units[i].factor, value);
        }
    }
    return false;
}

bool text_duration(const char *text, int64_t *value)
{
    return unit_parse(text, duration_units, COUNT_OF(duration_units), value);
}

bool config_duration(const char *text, int64_t *us)
{
    return text_duration(text, us);
}

bool text_size(const char *text, int64_t *value)
{
    return unit_parse(text, size_units, COUNT_OF(size_units), value);
}

static const char *unit_text(int64_t value, const struct unit *units, size_t count, char out[UNIT_TEXT_SIZE])
{
    size_t unit = count - 1;
    while (unit > 0 && value % units[unit].factor != 0) {
        unit--;
    }
    snprintf(out, UNIT_TEXT_SIZE, "%lld%s", (long long)(value / units[unit].factor), units[unit].word);
    return out;
}

const char *text_of_duration(int64_t us, char out[UNIT_TEXT_SIZE])
{
    return us == 0 ? "0s" : unit_text(us, duration_units, COUNT_OF(duration_units), out);
}

const char *text_of_size(int64_t bytes, char out[UNIT_TEXT_SIZE])
{
    return bytes == 0 ? "0B" : unit_text(bytes, size_units, COUNT_OF(size_units), out);
}

static bool unit_guess(const char *text, const struct unit *units, size_t count, const char *usual,
                       char out[UNIT_TEXT_SIZE])
{
    int64_t number;
    const char *word = leading_number(text, &number);
    if (!word) {
        return false;
    }
    word += strspn(word, " ");
    const char *meant = *word ? NULL : usual;
    char between_blanks[16];
    snprintf(between_blanks, sizeof between_blanks, " %.12s ", word);
    for (size_t i = 0; !meant && i < count; i++) {
        if (strcmp(word, units[i].word) == 0 || strstr(units[i].also, between_blanks)) {
            meant = units[i].word;
        }
    }
    if (meant) {
        snprintf(out, UNIT_TEXT_SIZE, "%lld%s", (long long)number, meant);
    }
    return meant != NULL;
}

bool text_guess_duration(const char *text, char out[UNIT_TEXT_SIZE])
{
    return unit_guess(text, duration_units, COUNT_OF(duration_units), "s", out);
}

bool text_guess_size(const char *text, char out[UNIT_TEXT_SIZE])
{
    return unit_guess(text, size_units, COUNT_OF(size_units), "B", out);
}
