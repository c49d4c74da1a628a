/* arguments.c - reads a subcommand's command line, and writes its help. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>

static void print_option(const char *name, const char *value, const char *help)
{
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", name, value ? " " : "", value ? value : "");
    printf("  %-22s %s\n", left, help);
}

static void print_help(const struct command *command)
{
    printf("usage: slipstream %s%s [OPTION]...%s%s\n\n%s\n", command->name, command->has_config ? " [--config FILE]" : "",
           *command->arguments ? " " : "", command->arguments, command->summary);
    if (command->detail) {
        printf("\n%s\n", command->detail);
    }
    printf("\noptions:\n");
    if (command->has_config) {
        print_option("config", "FILE", "the configuration, YAML");
        print_option("set", "KEY=VALUE", "a setting, over file and environment; may be given again");
    }
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name; i++) {
        print_option(command->options[i].name, command->options[i].value, command->options[i].help);
    }
    print_option("help", NULL, "this text");
    printf("\nexample:\n  %s\n", command->example);
    if (command->has_config) {
        printf("\n`slipstream config reference` lists every setting.\n");
    }
}

static enum outcome usage(const struct command *command, const char *what, const char *about)
{
    fprintf(stderr, "slipstream %s: %s%s; see slipstream %s --help\n", command->name, what, about, command->name);
    return STOP;
}

/* Whether the word at *at is --NAME, with its value after = or in the next word. */
struct words {
    int count;
    char **words;
    int at;
};

static bool is_option(const char *word, const char *name, const char **inline_value)
{
    size_t size = strlen(name);
    if (strncmp(word, "--", 2) != 0 || strncmp(word + 2, name, size) != 0) {
        return false;
    }
    const char *rest = word + 2 + size;
    *inline_value = *rest == '=' ? rest + 1 : NULL;
    return *rest == '\0' || *rest == '=';
}

static enum outcome take_value(const struct command *command, struct words *words, const char *inline_value,
                               const char **value)
{
    if (inline_value) {
        *value = inline_value;
    } else if (words->at + 1 < words->count) {
        *value = words->words[++words->at];
    } else {
        return usage(command, "a value is missing after ", words->words[words->at]);
    }
    return DONE;
}

static enum outcome take_common(const struct command *command, struct words *words, struct arguments *arguments,
                                bool *taken)
{
    const char *word = words->words[words->at];
    const char *inline_value;
    *taken = true;
    if (is_option(word, "help", &inline_value)) {
        print_help(command);
        return SKIP;
    }
    if (command->has_config && is_option(word, "config", &inline_value)) {
        return take_value(command, words, inline_value, &arguments->config_file);
    }
    if (command->has_config && is_option(word, "set", &inline_value)) {
        return take_value(command, words, inline_value, &arguments->overrides[arguments->override_count++]);
    }
    *taken = false;
    return DONE;
}

static enum outcome take_own(const struct command *command, struct words *words, struct arguments *arguments)
{
    const char *word = words->words[words->at];
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name; i++) {
        const char *inline_value;
        if (!is_option(word, command->options[i].name, &inline_value)) {
            continue;
        }
        if (command->options[i].value) {
            return take_value(command, words, inline_value, &arguments->values[i]);
        }
        arguments->values[i] = "";
        return inline_value ? usage(command, "no value is taken by ", word) : DONE;
    }
    return usage(command, "unknown option ", word);
}

enum outcome arguments_parse(const struct command *command, int argc, char **argv, struct arguments *arguments)
{
    struct words words = {argc, argv, 0};
    *arguments = (struct arguments){0};
    arguments->overrides = calloc((size_t)argc + 1, sizeof *arguments->overrides);
    ASSERT(arguments->overrides);
    for (words.at = 0; words.at < argc; words.at++) {
        bool taken = false;
        if (argv[words.at][0] != '-' || argv[words.at][1] == '\0') { /* "-" is a file: standard input */
            if (arguments->positional_count == ARGUMENTS_MAX || !*command->arguments) {
                return usage(command, "unexpected argument ", argv[words.at]);
            }
            arguments->positional[arguments->positional_count++] = argv[words.at];
            continue;
        }
        TRY(take_common(command, &words, arguments, &taken));
        if (!taken) {
            TRY(take_own(command, &words, arguments));
        }
    }
    return DONE;
}

void arguments_done(struct arguments *self)
{
    free(self->overrides);
    self->overrides = NULL;
}

const char *argument(const struct command *command, const struct arguments *arguments, const char *option)
{
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name; i++) {
        if (strcmp(command->options[i].name, option) == 0) {
            return arguments->values[i];
        }
    }
    ASSERT(!"an option that the command has");
    return NULL;
}
