/* sources.c - who may say what a setting is: the file, the environment, the command line. */
#include "document.h"
#include "mapping.h"

#include <ctype.h>
#include <stdio.h>

#define PROPERTIES_VARIABLE VARIABLE_PREFIX "KAFKA__PROPERTIES__"
#define FILE_SUFFIX         "_FILE"

/* ---- the file ---- */

static void complain_unknown(const struct loading *self, const char *where, const struct node *node, const char *name)
{
    struct word_list names = {0};
    struct guess guess;
    char meant[GUESS_SIZE + 16];
    char section[NODE_PATH_SIZE];
    struct place place = node_key_place(where, node);
    guess_init(&guess, name);
    if (self->problems->count < PROBLEMS_MAX) { /* more are counted, not told */
        section_names(node_path(node->parent, section), &names);
        setting_guess(name, true, &guess);
    }
    COMPLAIN(self->problems, &place, "%s: got an unknown key, allowed %s%s", name, names.text,
             guess_text(&guess, meant));
}

static void read_properties(struct loading *self, const char *where, const struct node *map)
{
    for (const struct node *node = map->first; node; node = node->next) {
        struct said said = {node_place(where, node), NULL};
        if (node->kind == NODE_TEXT || node->kind == NODE_NOTHING) {
            property_assign(self, node->key, node->text, &said);
        } else if (node->kind != NODE_BROKEN) {
            char got[SHOWN_SIZE];
            char path[NODE_PATH_SIZE];
            COMPLAIN(self->problems, &said.place, "%s: got %s, allowed one value; a property's name keeps its dots",
                     node_path(node, path), node_shown(node, got));
        }
    }
}

static void read_section(struct loading *self, const char *where, const struct node *map);

static void read_setting(struct loading *self, const char *where, const struct node *node, size_t index)
{
    struct said said = {node_place(where, node), NULL};
    if (node->kind == NODE_TEXT || node->kind == NODE_NOTHING) {
        setting_assign(self, index, node->text, &said);
        return;
    }
    char got[SHOWN_SIZE];
    char allowed[ALLOWED_SIZE];
    COMPLAIN(self->problems, &said.place, "%s: got %s, allowed %s", settings_table[index].name, node_shown(node, got),
             setting_allowed(&settings_table[index], allowed));
}

static void read_entry(struct loading *self, const char *where, const struct node *node)
{
    char name[NODE_PATH_SIZE];
    size_t index;
    node_path(node, name);
    if (node->kind == NODE_BROKEN) {
        return;
    }
    if (strchr(node->key, '.')) {
        struct place place = node_key_place(where, node);
        COMPLAIN(self->problems, &place, "%s: got a key with dots, allowed one level below another: a: {b: value}",
                 name);
    } else if (setting_find(name, &index)) {
        read_setting(self, where, node, index);
    } else if (!setting_is_section(name)) {
        complain_unknown(self, where, node, name);
    } else if (node->kind == NODE_MAP && strcmp(name, PROPERTIES_NAME) == 0) {
        read_properties(self, where, node);
    } else if (node->kind == NODE_MAP && strcmp(name, MAPPING_NAME) == 0) {
        mapping_read(self, where, node);
    } else if (node->kind == NODE_MAP) {
        read_section(self, where, node);
    } else if (node->kind != NODE_NOTHING) { /* nothing: everything in the section is commented out */
        struct word_list names = {0};
        struct place place = node_place(where, node);
        section_names(name, &names);
        COMPLAIN(self->problems, &place, "%s: got %s, allowed a mapping of %s", name,
                 node->kind == NODE_LIST ? "a list" : "text", names.size ? names.text : "names to values");
    }
}

static void read_section(struct loading *self, const char *where, const struct node *map)
{
    for (const struct node *node = map->first; node; node = node->next) {
        read_entry(self, where, node);
    }
}

void settings_read_file(struct loading *self, const char *path)
{
    struct config_arena memory;
    config_arena_init(&memory, DOCUMENT_MEMORY_MAX);
    const struct node *root = document_open(path, &memory, self->problems);
    if (root) {
        read_section(self, path, root);
    }
    config_arena_done(&memory);
}

/* ---- the environment ---- */

/* What a variable's name says. */
struct named {
    enum { NAMED_NOTHING, NAMED_SETTING, NAMED_PROPERTY } kind;
    char name[VARIABLE_SIZE]; /* of the setting, or behind kafka.properties. */
    size_t index;             /* of the setting */
    size_t stem;              /* of a variable that names a file: its length without _FILE; else 0 */
};

/* KAFKA__BROKERS → kafka.brokers; false when it is not in capitals, or too long to be any name. */
static bool name_of_setting(const char *variable, char name[VARIABLE_SIZE])
{
    bool good = true;
    size_t size = 0;
    const char *at = variable;
    for (; *at && size + 1 < VARIABLE_SIZE; at++) {
        bool level = at[0] == '_' && at[1] == '_';
        good = good && !islower((unsigned char)*at);
        name[size++] = level ? '.' : (char)tolower((unsigned char)*at);
        at += level;
    }
    name[size] = '\0';
    return good && !*at;
}

/* SASL_PASSWORD → sasl.password */
static void name_of_property(const char *variable, size_t length, char name[VARIABLE_SIZE])
{
    size_t size = 0;
    for (; size < length && size + 1 < VARIABLE_SIZE; size++) {
        name[size] = variable[size] == '_' ? '.' : (char)tolower((unsigned char)variable[size]);
    }
    name[size] = '\0';
}

static size_t length_without(const char *text, const char *suffix)
{
    size_t size = strlen(text);
    size_t suffix_size = strlen(suffix);
    return size > suffix_size && strcmp(text + size - suffix_size, suffix) == 0 ? size - suffix_size : 0;
}

static struct named named_by(const char *variable)
{
    struct named named = {.kind = NAMED_NOTHING};
    const size_t properties = sizeof PROPERTIES_VARIABLE - 1;
    size_t stem = length_without(variable, FILE_SUFFIX);
    if (strncmp(variable, PROPERTIES_VARIABLE, properties) == 0) {
        named.kind = NAMED_PROPERTY;
        named.stem = stem > properties ? stem : 0;
        name_of_property(variable + properties, (named.stem ? named.stem : strlen(variable)) - properties, named.name);
        return named;
    }
    bool good = name_of_setting(variable + sizeof VARIABLE_PREFIX - 1, named.name);
    bool known = setting_find(named.name, &named.index); /* first, for scoring.file ends like a file's variable */
    size_t cut = length_without(named.name, "_file");
    if (!known && cut) {
        named.stem = stem;
        named.name[cut] = '\0';
        known = setting_find(named.name, &named.index);
    }
    named.kind = good && known ? NAMED_SETTING : NAMED_NOTHING;
    return named;
}

static const char *value_of(char *const *environment, const char *name, size_t size)
{
    for (; *environment; environment++) {
        if (strncmp(*environment, name, size) == 0 && (*environment)[size] == '=') {
            return *environment + size + 1;
        }
    }
    return NULL;
}

/* One newline at the end is the editor's, not the secret's. */
static size_t trimmed(struct span text)
{
    size_t size = text.size;
    size -= size > 0 && text.data[size - 1] == '\n';
    size -= size < text.size && size > 0 && text.data[size - 1] == '\r';
    return size;
}

/* The content of the file that VARIABLE_FILE names, in memory; NULL: a complaint was added. The path is not shown, for
 * people put the secret itself there. */
static const char *read_value_file(const struct loading *self, const struct named *named, const char *variable,
                                   const char *path, struct config_arena *memory)
{
    struct span content;
    const char *why_not;
    if (!config_file_read(path, VALUE_SIZE_MAX, memory, &content, &why_not)) {
        problem(self->problems, variable, 0, 0, "%s: got no file that can be read (%s), allowed one of at most 64KiB",
                named->name, why_not);
        return NULL;
    }
    if (memchr(content.data, '\0', content.size)) {
        problem(self->problems, variable, 0, 0, "%s: got a file with a NUL in it, allowed text", named->name);
        return NULL;
    }
    return config_arena_text(memory, content.data, trimmed(content));
}

static void complain_variable(const struct loading *self, const char *variable, const struct named *named)
{
    struct guess guess;
    char meant[VARIABLE_SIZE];
    setting_guess(named->name, false, &guess);
    bool guessed = guess.best[0] != '\0';
    problem(self->problems, variable, 0, 0,
            "got an unknown setting, allowed those of \"slipstream config reference\"%s%s%s",
            guessed ? ", did you mean " : "", guessed ? setting_variable(guess.best, meant) : "",
            guessed && named->stem ? FILE_SUFFIX : "");
}

static void read_variable(struct loading *self, const char *variable, const char *value, char *const *environment,
                          struct config_arena *memory)
{
    struct said said = {{variable, 0, 0}, "environment"};
    struct named named = named_by(variable);
    if (named.kind == NAMED_NOTHING) {
        complain_variable(self, variable, &named);
        return;
    }
    if (named.stem && value_of(environment, variable, named.stem)) {
        problem(self->problems, variable, 0, 0, "%s: got a value from both %.*s and %s, allowed one of them",
                named.name, (int)named.stem, variable, variable);
        return;
    }
    if (named.stem) {
        value = read_value_file(self, &named, variable, value, memory);
    }
    if (value && named.kind == NAMED_PROPERTY) {
        property_assign(self, named.name, value, &said);
    } else if (value) {
        setting_assign(self, named.index, value, &said);
    }
}

void settings_read_environment(struct loading *self, char *const *environment)
{
    const size_t prefix = sizeof VARIABLE_PREFIX - 1;
    for (char *const *entry = environment; *entry; entry++) {
        const char *equals = strchr(*entry, '=');
        if (strncmp(*entry, VARIABLE_PREFIX, prefix) != 0 || !equals) {
            continue;
        }
        struct config_arena memory;
        config_arena_init(&memory, DOCUMENT_MEMORY_MAX);
        const char *name = config_arena_text(&memory, *entry, (size_t)(equals - *entry));
        if (name) {
            read_variable(self, name, equals + 1, environment, &memory);
        } else {
            problem(self->problems, "environment", 0, 0, "out of memory");
        }
        config_arena_done(&memory);
    }
}

/* ---- the command line ---- */

static void read_override(struct loading *self, const char *override)
{
    const struct said said = {{"--set", 0, 0}, "--set"};
    const size_t properties = sizeof PROPERTIES_NAME; /* with the dot behind it */
    char name[VARIABLE_SIZE];
    size_t index;
    size_t size = strspn(override, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    snprintf(name, sizeof name, "%.*s", (int)(size < VARIABLE_SIZE ? size : VARIABLE_SIZE - 1), override);
    if (size == 0 || override[size] != '=') { /* what comes behind the name may be a secret */
        problem(self->problems, "--set", 0, 0, "%s%sgot no %s, allowed KEY=VALUE", name, size ? ": " : "",
                size ? "value" : "key");
    } else if (setting_find(name, &index)) {
        setting_assign(self, index, override + size + 1, &said);
    } else if (strncmp(name, PROPERTIES_NAME ".", properties) == 0) {
        property_assign(self, name + properties, override + size + 1, &said);
    } else {
        struct guess guess;
        char meant[GUESS_SIZE + 16];
        setting_guess(name, false, &guess);
        problem(self->problems, "--set", 0, 0,
                "%s: got an unknown setting, allowed those of \"slipstream config reference\"%s", name,
                guess_text(&guess, meant));
    }
}

void settings_read_overrides(struct loading *self, const char *const *overrides, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        read_override(self, overrides[i]);
    }
}
