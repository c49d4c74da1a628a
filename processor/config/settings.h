/* settings.h - the table of settings inside this module: finding one, giving it a value, saying what it allows. */
#ifndef SLIPSTREAM_CONFIG_SETTINGS_H
#define SLIPSTREAM_CONFIG_SETTINGS_H

#include "text.h"

#define SETTING_ONE(member, type, name, initial, least, most, choices, help) +1
enum { SETTINGS_TOTAL = 0 SETTINGS(SETTING_ONE) };
#undef SETTING_ONE

#define PROPERTIES_NAME   "kafka.properties"
#define MAPPING_NAME      "mapping"
#define PROPERTIES_MAX    128                /* of them */
#define VALUE_SIZE_MAX    ((size_t)64 << 10) /* bytes of one value, as of a file that holds one */
#define CONFIG_MEMORY_MAX ((size_t)16 << 20)

struct config_memory {
    struct config_arena texts;
    const char *origins[SETTINGS_TOTAL]; /* NULL: the default */
    const char *properties[PROPERTIES_MAX][2];
    const char *property_origins[PROPERTIES_MAX];
};

struct loading {
    struct config *config;
    struct problems *problems;
};

/* Who said a value, and where. */
struct said {
    struct place place;
    const char *origin; /* "environment", "--set"; NULL: the place, in a file */
};

bool setting_find(const char *name, size_t *index);
/* Whether some setting's name goes on below this one: "kafka", and "kafka.properties" too. */
bool setting_is_section(const char *name);
/* The words that may follow a section's name; of the top level for "". */
void section_names(const char *section, struct word_list *names);
/* What an unknown name may have been meant as; sections too when `sections`. */
void setting_guess(const char *name, bool sections, struct guess *guess);

bool setting_is_text(const struct setting *setting);
/* A value of any other type, within the setting's bounds. */
bool setting_parse(const struct setting *setting, const char *text, int64_t *number);
/* Checks a value and keeps it, or complains. */
void setting_assign(struct loading *self, size_t index, const char *text, const struct said *said);
/* The same for the property NAME of kafka.properties.NAME. */
void property_assign(struct loading *self, const char *name, const char *text, const struct said *said);
bool property_is_secret(const char *name);
/* "file:line:column" for what a file says. NULL when memory is short, which is told at the end. */
const char *origin_text(struct loading *self, const struct said *said);

/* One row for every property that is not passed on, and why. */
struct property_refusal {
    const char *name, *why;
};
extern const struct property_refusal property_refusals[];
extern const size_t property_refusal_count;

/* A setting's value in a config. */
int64_t setting_number(const struct config *config, size_t index);
const char *setting_text(const struct config *config, size_t index); /* "" instead of NULL */

/* "a duration from 10ms to 10s". */
#define ALLOWED_SIZE 256
const char *setting_allowed(const struct setting *setting, char out[ALLOWED_SIZE]);
/* SLIPSTREAM__KAFKA__BROKERS */
#define VARIABLE_PREFIX "SLIPSTREAM__"
#define VARIABLE_SIZE   160
const char *setting_variable(const char *name, char out[VARIABLE_SIZE]);
/* The words of a choice, one after another: false after the last. */
#define CHOICE_SIZE 32
bool choice_next(const char **choices, char word[CHOICE_SIZE]);

/* checks.c: what a text must look like beside its length. NULL: anything goes. */
struct setting_check {
    const char *name; /* of the setting; ending in a dot, of all below it */
    bool (*good)(const char *text);
    const char *allowed;
    bool may_hold_secret; /* people put passwords into it: never shown when it looks so */
};
const struct setting_check *setting_check(const char *name);
/* What settings must be to one another. */
void config_check(struct loading *self);

/* sources.c: each adds what it has to say, over what was said before. */
void settings_read_file(struct loading *self, const char *path);
void settings_read_environment(struct loading *self, char *const *environment);
void settings_read_overrides(struct loading *self, const char *const *overrides, size_t count);

#endif
