/* field_value.c - times, flags, numbers and words, as files write them. */
#include "slipstream/model/field_value.h"

#include "slipstream/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#define TEXT_SIZE         64                    /* no number or time is longer */
#define EPOCH_SECONDS_MAX INT64_C(253402300799) /* the end of the year 9999 */

struct span value_trim(struct span text)
{
    while (text.size > 0 && (*text.data == ' ' || *text.data == '\t')) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
        text.size--;
    }
    return text;
}

/* A copy with a NUL behind it; false when it is too long or has one inside. */
static bool copy_text(struct span text, char copy[TEXT_SIZE])
{
    if (text.size >= TEXT_SIZE || text.size == 0 || memchr(text.data, 0, text.size)) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return true;
}

/* ---- ISO 8601 ---- */

/* Exactly `count` digits. */
static bool take_digits(const char **at, int count, int *value)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        if ((*at)[i] < '0' || (*at)[i] > '9') {
            return false;
        }
        number = number * 10 + ((*at)[i] - '0');
    }
    *at += count;
    *value = number;
    return true;
}

static bool take_char(const char **at, char wanted)
{
    bool there = **at == wanted;
    *at += there;
    return there;
}

/* Days since the epoch of a date in the Gregorian calendar. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year; /* years begin in March: the leap day is the last */
    int64_t era = time_floor(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static bool is_date(int year, int month, int day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month >= 1 && month <= 12 && day >= 1 && day <= lengths[month - 1] + (month == 2 && leap);
}

/* ".5", ",250000": to the microsecond, what is finer is cut off. */
static bool take_fraction(const char **at, int64_t *us)
{
    int64_t unit = US_PER_SECOND / 10;
    if (!take_char(at, '.') && !take_char(at, ',')) {
        return true;
    }
    const char *first = *at;
    for (; **at >= '0' && **at <= '9'; ++*at) {
        *us += (**at - '0') * unit;
        unit /= 10;
    }
    return *at > first;
}

/* Nothing, "Z", "+01", "+0100", "-05:30": how far the time is ahead of UTC. */
static bool take_offset(const char **at, int64_t *offset_us)
{
    int hours;
    int minutes = 0;
    if (**at == '\0' || take_char(at, 'Z') || take_char(at, 'z')) {
        return true;
    }
    int64_t sign = **at == '-' ? -1 : 1;
    if ((!take_char(at, '+') && !take_char(at, '-')) || !take_digits(at, 2, &hours)) {
        return false;
    }
    bool colon = take_char(at, ':');
    if ((colon || **at) && !take_digits(at, 2, &minutes)) {
        return false;
    }
    *offset_us = sign * (hours * US_PER_HOUR + minutes * US_PER_MINUTE);
    return hours <= 14 && minutes <= 59; /* the furthest there is */
}

/* What follows the date: nothing, or T09:30[:00[.5]][offset]. */
static bool take_clock(const char **at, int64_t *us)
{
    int hour;
    int minute;
    int second = 0;
    int64_t fraction_us = 0;
    int64_t offset_us = 0;
    if (**at == '\0') {
        return true;
    }
    if (!take_char(at, 'T') && !take_char(at, 't') && !take_char(at, ' ')) {
        return false;
    }
    if (!take_digits(at, 2, &hour) || !take_char(at, ':') || !take_digits(at, 2, &minute)) {
        return false;
    }
    if (take_char(at, ':') && (!take_digits(at, 2, &second) || !take_fraction(at, &fraction_us))) {
        return false;
    }
    if (hour > 23 || minute > 59 || second > 60 || !take_offset(at, &offset_us)) { /* 60: a leap second */
        return false;
    }
    *us = hour * US_PER_HOUR + minute * US_PER_MINUTE + second * US_PER_SECOND + fraction_us - offset_us;
    return true;
}

static bool time_iso(const char *text, int64_t *us)
{
    int year;
    int month;
    int day;
    int64_t clock_us = 0;
    const char *at = text;
    if (!take_digits(&at, 4, &year) || !take_char(&at, '-') || !take_digits(&at, 2, &month) || !take_char(&at, '-') ||
        !take_digits(&at, 2, &day) || !is_date(year, month, day) || !take_clock(&at, &clock_us) || *at) {
        return false;
    }
    *us = days_of(year, month, day) * US_PER_DAY + clock_us;
    return true;
}

/* ---- the other ways to write a time ---- */

/* "1571234567", "-5", "1571234567.25" in units of unit_us. */
static bool time_epoch(const char *text, int64_t unit_us, int64_t *us)
{
    const char *at = text;
    bool negative = take_char(&at, '-');
    int64_t whole = 0;
    int64_t fraction_us = 0;
    const char *first = at;
    for (; *at >= '0' && *at <= '9' && at - first < 16; at++) {
        whole = whole * 10 + (*at - '0');
    }
    bool digits = at > first;
    if (!digits || !take_fraction(&at, &fraction_us) || *at || whole > EPOCH_SECONDS_MAX * (US_PER_SECOND / unit_us)) {
        return false;
    }
    int64_t magnitude = whole * unit_us + fraction_us * unit_us / US_PER_SECOND;
    *us = negative ? -magnitude : magnitude;
    return true;
}

static bool time_pattern(const char *text, const char *pattern, int64_t *us)
{
    struct tm parts = {.tm_mday = 1};
    const char *end = strptime(text, pattern, &parts);
    if (!end || *end || parts.tm_year < -1900 || parts.tm_year > 9999 - 1900 ||
        !is_date(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday)) {
        return false;
    }
    int64_t clock_s = parts.tm_hour * INT64_C(3600) + parts.tm_min * INT64_C(60) + parts.tm_sec - parts.tm_gmtoff;
    *us = days_of(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday) * US_PER_DAY + clock_s * US_PER_SECOND;
    return true;
}

bool time_format_is_valid(const char *format)
{
    if (strcmp(format, "iso") == 0 || strcmp(format, "epoch_s") == 0 || strcmp(format, "epoch_ms") == 0) {
        return true;
    }
    bool has_year = false;
    for (const char *at = format; (at = strchr(at, '%')); at += 2) {
        if (at[1] == '\0' || !strchr("YymdeHIMSpbBhaAzTDFRnt%", at[1])) { /* %s and %Z depend on the machine */
            return false;
        }
        has_year = has_year || strchr("YyDF", at[1]);
    }
    return has_year;
}

bool value_time(struct span text, const struct time_formats *formats, int64_t *us)
{
    char copy[TEXT_SIZE];
    if (!copy_text(text, copy)) {
        return false;
    }
    for (size_t i = 0; i < formats->count; i++) {
        const char *format = formats->formats[i];
        bool read = strcmp(format, "iso") == 0        ? time_iso(copy, us)
                    : strcmp(format, "epoch_s") == 0  ? time_epoch(copy, US_PER_SECOND, us)
                    : strcmp(format, "epoch_ms") == 0 ? time_epoch(copy, US_PER_MS, us)
                                                      : time_pattern(copy, format, us);
        if (read) {
            return true;
        }
    }
    return false;
}

/* ---- flags, numbers, words ---- */

static bool is_among(struct span text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal(text, span_text(words[i]))) {
            return true;
        }
    }
    return false;
}

bool value_flag(struct span text, const struct flag_words *words, int64_t *flag)
{
    static const char *const usual[][2] = {{"true", "false"}, {"yes", "no"}, {"y", "n"}, {"1", "0"}};
    char copy[TEXT_SIZE];
    if (words->yes_count > 0 || words->no_count > 0) {
        bool yes = is_among(text, words->yes, words->yes_count);
        if (!yes && !is_among(text, words->no, words->no_count)) {
            return false;
        }
        *flag = yes;
        return true;
    }
    for (size_t i = 0; copy_text(text, copy) && i < sizeof usual / sizeof *usual; i++) {
        bool yes = strcasecmp(copy, usual[i][0]) == 0;
        if (yes || strcasecmp(copy, usual[i][1]) == 0) {
            *flag = yes;
            return true;
        }
    }
    return false;
}

bool value_number(struct span text, int64_t *number)
{
    char copy[TEXT_SIZE];
    if (!copy_text(text, copy) || text.size > 12) { /* every number of ours is an int */
        return false;
    }
    char *end;
    long long value = strtoll(copy, &end, 10);
    if (*end || copy[0] == ' ' || value < INT32_MIN || value > INT32_MAX) {
        return false;
    }
    *number = value;
    return true;
}

bool value_seconds(struct span text, double factor, int64_t *ms)
{
    char copy[TEXT_SIZE];
    if (!copy_text(text, copy) || strspn(copy, "+-0123456789.eE") != text.size) {
        return false;
    }
    char *end;
    double exact = strtod(copy, &end) * factor * 1000.0;
    if (*end || end == copy || !(exact > -9.2e18 && exact < 9.2e18)) {
        return false;
    }
    *ms = (int64_t)(exact + (exact < 0 ? -0.5 : 0.5));
    return true;
}

static bool value_word(struct span text, const char *const *words, int64_t count, int64_t *value)
{
    for (int64_t i = 0; i < count; i++) {
        if (span_equal(text, span_text(words[i]))) {
            *value = i;
            return true;
        }
    }
    return false;
}

bool value_kind(struct span text, int64_t *kind)
{
    static const char *const words[EVENT_KINDS] = {"interaction", "survey", "reopening"};
    return value_word(text, words, EVENT_KINDS, kind);
}

bool value_contact(struct span text, int64_t *outcome)
{
    static const char *const words[CONTACT_OUTCOMES] = {"served", "abandoned"};
    return value_word(text, words, CONTACT_OUTCOMES, outcome);
}

bool value_convert(enum field_type type, struct span text, const struct value_rules *rules, int64_t *value)
{
    switch (type) {
    case FIELD_TIME:
        return value_time(text, &rules->times, value);
    case FIELD_FLAG:
        return value_flag(text, &rules->flags, value);
    case FIELD_NUMBER:
        return value_number(text, value);
    case FIELD_SECONDS:
        return value_seconds(text, rules->factor, value);
    case FIELD_KIND:
        return value_kind(text, value);
    case FIELD_CONTACT:
        return value_contact(text, value);
    case FIELD_TEXT:
        break;
    }
    return false;
}

const char *value_expected(enum field_type type)
{
    static const char *const texts[] = {
        [FIELD_TEXT] = "text",
        [FIELD_TIME] = "a time in one of the formats of `times`",
        [FIELD_FLAG] = "a word for true or false",
        [FIELD_NUMBER] = "a whole number",
        [FIELD_SECONDS] = "a number",
        [FIELD_KIND] = "interaction, survey or reopening",
        [FIELD_CONTACT] = "served or abandoned",
    };
    return texts[type];
}

const char *value_refusal(enum field_type type)
{
    static const char *const words[] = {
        [FIELD_TEXT] = "bad_value",    [FIELD_TIME] = "bad_time",      [FIELD_FLAG] = "bad_flag",
        [FIELD_NUMBER] = "bad_number", [FIELD_SECONDS] = "bad_number", [FIELD_KIND] = "bad_value",
        [FIELD_CONTACT] = "bad_value",
    };
    return words[type];
}

/* ---- maps ---- */

int map_order(const void *a, const void *b)
{
    return strcmp(((const struct map_entry *)a)->from, ((const struct map_entry *)b)->from);
}

static int compare_from(const void *key, const void *entry)
{
    const struct span *value = key;
    const char *from = ((const struct map_entry *)entry)->from;
    size_t size = strlen(from);
    size_t shorter = size < value->size ? size : value->size;
    int order = shorter > 0 ? memcmp(value->data, from, shorter) : 0;
    return order ? order : (value->size > size) - (value->size < size);
}

const struct map_entry *map_find(const struct map_entry *entries, size_t count, struct span value)
{
    return bsearch(&value, entries, count, sizeof *entries, compare_from);
}
