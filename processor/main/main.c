/* main.c - the program: finds the subcommand. */
#include "command.h"

#include <stdio.h>

static const struct command *const commands[] = {
    &command_run,      &command_check,  &command_config,  &command_topics, &command_import,
    &command_scores,   &command_alerts, &command_explain, &command_state,  &command_deadletter,
    &command_simulate, &command_demo,   &command_version,
};
#define COMMANDS (sizeof commands / sizeof *commands)

static void print_commands(FILE *out)
{
    fprintf(out, "usage: slipstream SUBCOMMAND [--config FILE] [--set key=value]... [--help]\n\n"
                 "Keeps a live customer-experience score for every government agency, from Kafka, in Redis.\n\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    }
    fprintf(out,
            "\nexit codes: 0 fine, 1 failed or findings, 2 usage or configuration, 3 fenced by another instance\n");
}

static enum exit_code run_version(const struct command *self, int argc, char **argv)
{
    struct arguments arguments;
    enum outcome parsed = arguments_parse(self, argc, argv, &arguments);
    if (parsed == DONE) {
        bool json = argument(self, &arguments, "json") != NULL;
        printf(json ? "{\"name\":\"slipstream\",\"version\":\"%s\"}\n" : "slipstream %s\n", SLIPSTREAM_VERSION);
    }
    arguments_done(&arguments);
    return parsed == STOP ? EXIT_USAGE : EXIT_FINE;
}

const struct command command_version = {
    .name = "version",
    .arguments = "",
    .summary = "says which version this is",
    .example = "slipstream version",
    .options = {{"json", NULL, "as JSON"}},
    .run = run_version,
};

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_commands(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_commands(stdout);
        return EXIT_FINE;
    }
    const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(name, commands[i]->name) == 0) {
            return (int)commands[i]->run(commands[i], argc - 2, argv + 2);
        }
    }
    fprintf(stderr, "slipstream: unknown subcommand %s; see slipstream --help\n", argv[1]);
    return EXIT_USAGE;
}
