/* reference.c - the table of settings as text, for --help and for the reference page. */
#include "settings.h"

#include <stdio.h>

static const char how_to_set[] =
    "One YAML file, whose levels are the dots of a setting's name; over it the environment; over that "
    "`--set KEY=VALUE` on the command line. Durations are a number with " DURATION_UNITS ", sizes one with " SIZE_UNITS
    ".";

void config_help(struct buffer *out)
{
    for (size_t i = 0; i < SETTINGS_TOTAL; i++) {
        const struct setting *setting = &settings_table[i];
        char allowed[ALLOWED_SIZE];
        buffer_text(out, "  %-24s %s\n", setting->name, setting->help);
        buffer_text(out, "  %-24s allowed: %s; default: %s\n", "", setting_allowed(setting, allowed),
                    *setting->initial ? setting->initial : "none");
    }
    buffer_text(out, "  %-24s any other property of librdkafka\n", PROPERTIES_NAME ".NAME");
    buffer_text(out, "  %-24s what producers' own schemas have for a field of ours (schemas/README.md)\n",
                MAPPING_NAME ".CHANNEL.FIELD");
}

/* A cell of a Markdown table: a bar would end it. */
static void cell(struct buffer *out, const char *text)
{
    buffer_text(out, " ");
    for (; *text; text++) {
        buffer_text(out, *text == '|' ? "\\%c" : "%c", *text);
    }
    buffer_text(out, " |");
}

static void code_cell(struct buffer *out, const char *text)
{
    if (*text) {
        buffer_text(out, " `%s` |", text);
    } else {
        buffer_text(out, " |");
    }
}

static void table_of_settings(struct buffer *out)
{
    buffer_text(out, "| setting | default | allowed | what it is |\n|---|---|---|---|\n");
    for (size_t i = 0; i < SETTINGS_TOTAL; i++) {
        const struct setting *setting = &settings_table[i];
        char allowed[ALLOWED_SIZE];
        buffer_text(out, "|");
        code_cell(out, setting->name);
        code_cell(out, setting->initial);
        cell(out, setting_allowed(setting, allowed));
        cell(out, setting->help);
        buffer_text(out, "\n");
    }
}

static void table_of_refusals(struct buffer *out)
{
    buffer_text(out, "| property | why it is not passed on |\n|---|---|\n");
    for (size_t i = 0; i < property_refusal_count; i++) {
        buffer_text(out, "|");
        code_cell(out, property_refusals[i].name);
        cell(out, property_refusals[i].why);
        buffer_text(out, "\n");
    }
}

void config_reference(struct buffer *out)
{
    char brokers[VARIABLE_SIZE];
    char password[VARIABLE_SIZE];
    char mechanism[VARIABLE_SIZE];
    setting_variable("kafka.brokers", brokers);
    setting_variable("redis.password", password);
    setting_variable(PROPERTIES_NAME ".sasl_mechanism", mechanism);
    buffer_text(out,
                "# Settings\n\n"
                "Made from the program's own table by `slipstream config reference > deploy/settings.md`.\n\n"
                "%s\n\n",
                how_to_set);
    buffer_text(
        out,
        "In the environment a setting is `" VARIABLE_PREFIX "` and its name in capitals, with two underscores for a "
        "dot: `%s`. With `_FILE` behind it, it names a file that holds the value, which is the way for a secret: "
        "`%s_FILE`. An unknown variable of that form is an error; with one underscore (`SLIPSTREAM_PORT`) it is "
        "ignored, since Kubernetes sets such.\n\n",
        brokers, password);
    table_of_settings(out);
    buffer_text(
        out,
        "\n## kafka.properties\n\n"
        "A mapping of librdkafka's properties to their values, for everything that is not in the table: "
        "`kafka: {properties: {security.protocol: sasl_ssl}}`, `--set kafka.properties.sasl.mechanism=PLAIN`, or "
        "`%s=PLAIN` (capitals, and one underscore for a dot; not for a property that itself ends in `.file`). "
        "The value of one whose name has password, secret, key or token in it is never shown. "
        "Not passed on are:\n\n",
        mechanism);
    table_of_refusals(out);
    buffer_text(
        out,
        "\n## mapping\n\n"
        "In the file only: for producers with a schema of their own, what it has for our fields, by channel: "
        "`mapping: {phone: {agency: office_code, wait_seconds: {from: queue_time_ms, factor: 0.001}}}`. A field is "
        "followed by the name of the writer's, or by a mapping of `constant` or `from`, and `map`, `otherwise`, `times`, "
        "`factor`; schemas/README.md says what each does.\n");
}
