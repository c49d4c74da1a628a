/* settings.c - the one table, and what a value of each type is. */
#include "settings.h"

#include <ctype.h>
#include <stdio.h>

const struct setting settings_table[] = {
#define SETTING_ROW(member, type, name, initial, least, most, choices, help)                                           \
    {name, type, initial, least, most, choices, help, offsetof(struct config, member)},
    SETTINGS(SETTING_ROW)
#undef SETTING_ROW
};
const size_t settings_count = SETTINGS_TOTAL;

bool setting_find(const char *name, size_t *index)
{
    for (size_t i = 0; i < SETTINGS_TOTAL; i++) {
        if (strcmp(name, settings_table[i].name) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

/* The part of a setting's name behind "section.", or NULL when it is not in that section. */
static const char *below(const char *name, const char *section)
{
    size_t size = strlen(section);
    if (size == 0) {
        return name;
    }
    return strncmp(name, section, size) == 0 && name[size] == '.' ? name + size + 1 : NULL;
}

/* Settings by name, then kafka.properties and mapping, which are in no table; NULL after the last. */
static const char *known_name(size_t i)
{
    return i < SETTINGS_TOTAL        ? settings_table[i].name
           : i == SETTINGS_TOTAL     ? PROPERTIES_NAME
           : i == SETTINGS_TOTAL + 1 ? MAPPING_NAME
                                     : NULL;
}

bool setting_is_section(const char *name)
{
    for (size_t i = 0; i < SETTINGS_TOTAL; i++) {
        if (below(settings_table[i].name, name)) {
            return true;
        }
    }
    return strcmp(name, PROPERTIES_NAME) == 0 || strcmp(name, MAPPING_NAME) == 0;
}

/* The first word of rest, which may have been that of an earlier name too. */
static bool is_first_with(const char *section, const char *rest, size_t size, size_t before)
{
    for (size_t i = 0; i < before; i++) {
        const char *other = below(known_name(i), section);
        if (other && strcspn(other, ".") == size && strncmp(other, rest, size) == 0) {
            return false;
        }
    }
    return true;
}

void section_names(const char *section, struct word_list *names)
{
    const char *name;
    for (size_t i = 0; (name = known_name(i)); i++) {
        const char *rest = below(name, section);
        size_t size = rest ? strcspn(rest, ".") : 0;
        if (rest && is_first_with(section, rest, size, i)) {
            char word[64];
            snprintf(word, sizeof word, "%.*s", (int)size, rest);
            word_list_add(names, word);
        }
    }
}

static const char *last_word(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

void setting_guess(const char *name, bool sections, struct guess *guess)
{
    guess_init(guess, name);
    const char *known;
    for (size_t i = 0; (known = known_name(i)); i++) {
        guess_offer(guess, known);
        const char *dot = strchr(known, '.');
        if (sections && dot) {
            char section[64];
            snprintf(section, sizeof section, "%.*s", (int)(dot - known), known);
            guess_offer(guess, section);
        }
    }
    for (size_t i = 0; !guess->best[0] && (known = known_name(i)); i++) { /* the right word in the wrong section */
        if (strcmp(last_word(known), last_word(name)) == 0) {
            snprintf(guess->best, sizeof guess->best, "%s", known);
        }
    }
}

const char *setting_variable(const char *name, char out[VARIABLE_SIZE])
{
    size_t size = (size_t)snprintf(out, VARIABLE_SIZE, VARIABLE_PREFIX);
    for (; *name && size + 3 < VARIABLE_SIZE; name++) {
        out[size++] = *name == '.' ? '_' : (char)toupper((unsigned char)*name);
        if (*name == '.') {
            out[size++] = '_';
        }
    }
    out[size] = '\0';
    return out;
}

bool choice_next(const char **choices, char word[CHOICE_SIZE])
{
    size_t size = strcspn(*choices, "|");
    if (size == 0) {
        return false;
    }
    snprintf(word, CHOICE_SIZE, "%.*s", (int)size, *choices);
    *choices += size + ((*choices)[size] == '|');
    return true;
}

bool setting_is_text(const struct setting *setting)
{
    return setting->type == SETTING_TEXT || setting->type == SETTING_SECRET;
}

static bool choice_parse(const char *choices, const char *text, int64_t *position)
{
    char word[CHOICE_SIZE];
    for (int64_t i = 0; choice_next(&choices, word); i++) {
        if (strcmp(word, text) == 0) {
            *position = i;
            return true;
        }
    }
    return false;
}

static bool number_of(const struct setting *setting, const char *text, int64_t *number)
{
    switch (setting->type) {
    case SETTING_COUNT:
        return text_number(text, number);
    case SETTING_DURATION:
        return text_duration(text, number);
    case SETTING_SIZE:
        return text_size(text, number);
    case SETTING_CHOICE:
        return choice_parse(setting->choices, text, number);
    case SETTING_TEXT:
    case SETTING_SECRET:
        break;
    }
    return false;
}

bool setting_parse(const struct setting *setting, const char *text, int64_t *number)
{
    int64_t parsed;
    if (!number_of(setting, text, &parsed) || parsed < setting->least || parsed > setting->most) {
        return false;
    }
    *number = parsed;
    return true;
}

static const char *text_allowed(const struct setting *setting, char out[ALLOWED_SIZE])
{
    const struct setting_check *check = setting_check(setting->name);
    if (check) {
        snprintf(out, ALLOWED_SIZE, "%s%s", check->allowed, setting->least == 0 ? ", or nothing" : "");
    } else if (setting->least == 0) {
        snprintf(out, ALLOWED_SIZE, "text of at most %lld bytes", (long long)setting->most);
    } else {
        snprintf(out, ALLOWED_SIZE, "text of %lld to %lld bytes", (long long)setting->least, (long long)setting->most);
    }
    return out;
}

const char *setting_allowed(const struct setting *setting, char out[ALLOWED_SIZE])
{
    char least[UNIT_TEXT_SIZE];
    char most[UNIT_TEXT_SIZE];
    struct word_list words = {0};
    switch (setting->type) {
    case SETTING_TEXT:
    case SETTING_SECRET:
        return text_allowed(setting, out);
    case SETTING_COUNT:
        snprintf(out, ALLOWED_SIZE, "a whole number from %lld to %lld", (long long)setting->least,
                 (long long)setting->most);
        break;
    case SETTING_DURATION:
        snprintf(out, ALLOWED_SIZE, "a duration from %s to %s", text_of_duration(setting->least, least),
                 text_of_duration(setting->most, most));
        break;
    case SETTING_SIZE:
        snprintf(out, ALLOWED_SIZE, "a size from %s to %s", text_of_size(setting->least, least),
                 text_of_size(setting->most, most));
        break;
    case SETTING_CHOICE: {
        const char *choices = setting->choices;
        char word[CHOICE_SIZE];
        while (choice_next(&choices, word)) {
            word_list_add(&words, word);
        }
        snprintf(out, ALLOWED_SIZE, "one of %.200s", words.text);
        break;
    }
    }
    return out;
}

int64_t setting_number(const struct config *config, size_t index)
{
    int64_t number;
    memcpy(&number, (const char *)config + settings_table[index].offset, sizeof number);
    return number;
}

const char *setting_text(const struct config *config, size_t index)
{
    const char *text;
    memcpy(&text, (const char *)config + settings_table[index].offset, sizeof text);
    return text ? text : "";
}
