/* check.c - `slipstream check` and `slipstream config`: what the settings say, without connecting anywhere. */
#include "command.h"

#include <stdio.h>

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
    struct config_sources sources = {arguments.config_file, environ, arguments.overrides, arguments.override_count};
    problems_init(&problems);
    bool fine = config_load(&sources, &config, &problems) == DONE;
    fine &= scoring_load(config.scoring_file, &scoring, &problems) == DONE;
    if (fine && !config.registry_url && !config.schemas_folder) {
        problem(&problems, arguments.config_file ? arguments.config_file : "settings", 0, 0,
                "registry.url: got nothing, and no schemas.folder either: one of them must say where schemas are");
        fine = false;
    }
    fprintf(stderr, "%.*s", (int)problems.text.size, (const char *)problems.text.data);
    if (fine) {
        printf("fine: scoring version %s\n", scoring->version);
    }
    scoring_close(scoring);
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

static void print_all(const struct buffer *text)
{
    fwrite(text->data, 1, text->size, stdout);
}

static void print_settings(const struct config *config)
{
    struct buffer value;
    buffer_init(&value, 1 << 16);
    for (size_t i = 0; i < settings_count; i++) {
        buffer_clear(&value);
        config_value(config, i, &value);
        printf("%-28s %-30.*s %s\n", settings_table[i].name, (int)value.size, (const char *)value.data,
               config_origin(config, i));
    }
    for (size_t i = 0; i < config->kafka_property_count; i++) {
        char name[160];
        snprintf(name, sizeof name, "kafka.properties.%s", config->kafka_properties[i][0]);
        buffer_clear(&value);
        config_property_value(config, i, &value);
        printf("%-28s %-30.*s %s\n", name, (int)value.size, (const char *)value.data, config_property_origin(config, i));
    }
    buffer_done(&value);
}

static enum exit_code run_config(const struct command *self, int argc, char **argv)
{
    struct setup setup;
    enum exit_code code;
    if (!setup_open(&setup, self, argc, argv, &code)) {
        return code;
    }
    const char *what = setup.arguments.positional_count == 1 ? setup.arguments.positional[0] : "";
    struct buffer text;
    buffer_init(&text, 1 << 20);
    code = EXIT_FINE;
    if (strcmp(what, "show") == 0) {
        print_settings(&setup.config);
    } else if (strcmp(what, "reference") == 0) {
        config_reference(&text);
    } else if (strcmp(what, "metrics") == 0) {
        metrics_reference(&text);
    } else if (strcmp(what, "scoring") == 0) {
        struct span builtin = scoring_builtin();
        buffer_bytes(&text, builtin.data, builtin.size);
    } else {
        fprintf(stderr, "slipstream config: say one of show, reference, metrics, scoring\n");
        code = EXIT_USAGE;
    }
    print_all(&text);
    buffer_done(&text);
    setup_close(&setup);
    return code;
}

const struct command command_config = {
    .name = "config",
    .arguments = "show|reference|metrics|scoring",
    .summary = "shows the settings and where each comes from, or the reference pages",
    .detail = "show: every setting, its value and its origin; secrets as \"set\". reference, metrics: the tables as Markdown.\n"
              "scoring: the built-in scoring file, to start one's own from.",
    .example = "slipstream config show --config slipstream.yaml",
    .has_config = true,
    .run = run_config,
};
