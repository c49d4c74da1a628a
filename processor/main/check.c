/* check.c - `slipstream check`: what is wrong with the settings, without connecting anywhere. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

extern char **environ;

/* Configuration and scoring file: every problem of both. */
static enum exit_code run_check(const struct command *self, int argc, char **argv)
{
    struct arguments arguments;
    enum outcome parsed = arguments_parse(self, argc, argv, &arguments);
    if (parsed != DONE) {
        arguments_done(&arguments);
        return parsed == SKIP ? EXIT_FINE : EXIT_USAGE;
    }
    struct problems problems;
    struct config config;
    struct scoring *scoring = NULL;
    struct scoring *shadow = NULL;
    struct config_sources sources = {arguments.config_file, environ, arguments.overrides, arguments.override_count};
    problems_init(&problems);
    bool fine = config_load(&sources, &config, &problems) == DONE;
    fine &= load_methods(&config, &scoring, &shadow, &problems) == DONE;
    if (fine && !config.registry_url && !config.schemas_folder) {
        problem(&problems, arguments.config_file ? arguments.config_file : "settings", 0, 0,
                "registry.url: got nothing, and no schemas.folder either: one of them must say where schemas are");
        fine = false;
    }
    if (config.tls_ca && access(config.tls_ca, R_OK) != 0) {
        problem(&problems, arguments.config_file ? arguments.config_file : "settings", 0, 0,
                "tls.ca: got a file that cannot be read (%s), allowed one of certificates in PEM", strerror(errno));
        fine = false;
    }
    fprintf(stderr, "%.*s", (int)problems.text.size, (const char *)problems.text.data);
    if (fine) {
        printf(shadow ? "fine: scoring version %s, in its shadow %s\n" : "fine: scoring version %s\n", scoring->version,
               shadow ? shadow->version : "");
    }
    scoring_close(scoring);
    scoring_close(shadow);
    config_done(&config);
    problems_done(&problems);
    arguments_done(&arguments);
    return fine ? EXIT_FINE : EXIT_USAGE;
}

const struct command command_check = {
    .name = "check",
    .arguments = "",
    .summary = "checks the configuration and the scoring file, without connecting anywhere",
    .detail = "Prints every problem at once, as file:line:column: key: what is wrong and what is allowed; exit 2.",
    .example = "slipstream check --config slipstream.yaml",
    .has_config = true,
    .run = run_check,
};
