/* config.c - a configuration from its sources, and what it holds as text. */
#include "settings.h"

#include <stdlib.h>
#include <unistd.h>

#define INSTANCE_SIZE_MAX 64 /* as the table says */

/* A default is read like any other value: one that does not pass is our own bug. */
static void set_defaults(struct config *config)
{
    for (size_t i = 0; i < SETTINGS_TOTAL; i++) {
        const struct setting *setting = &settings_table[i];
        void *member = (char *)config + setting->offset;
        if (setting_is_text(setting)) {
            const char *text = *setting->initial ? setting->initial : NULL;
            memcpy(member, &text, sizeof text);
        } else {
            int64_t number = 0;
            ASSERT(setting_parse(setting, setting->initial, &number));
            memcpy(member, &number, sizeof number);
        }
    }
}

/* The host's name, made fit for group names and Redis keys. */
static void name_instance(struct loading *self)
{
    char host[256] = "";
    if (self->config->instance) {
        return;
    }
    if (gethostname(host, sizeof host - 1) != 0 || !host[0]) {
        problem(self->problems, "instance", 0, 0,
                "got no name and this host has none, allowed 1 to 64 of a-z A-Z 0-9 . _ -");
        return;
    }
    host[INSTANCE_SIZE_MAX] = '\0';
    for (char *at = host; *at; at++) {
        bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
        if (!letter && !(*at >= '0' && *at <= '9') && !strchr("._-", *at)) {
            *at = '-';
        }
    }
    self->config->instance = config_arena_text(&self->config->memory->texts, host, strlen(host));
}

enum outcome config_load(const struct config_sources *sources, struct config *config, struct problems *problems)
{
    *config = (struct config){0};
    set_defaults(config);
    config->memory = calloc(1, sizeof *config->memory);
    if (!config->memory) {
        problem(problems, "config", 0, 0, "out of memory");
        return STOP;
    }
    config_arena_init(&config->memory->texts, CONFIG_MEMORY_MAX);
    config->kafka_properties = config->memory->properties;
    struct loading loading = {config, problems};
    if (sources->file) {
        settings_read_file(&loading, sources->file);
    }
    if (sources->environment) {
        settings_read_environment(&loading, sources->environment);
    }
    settings_read_overrides(&loading, sources->overrides, sources->override_count);
    name_instance(&loading);
    config_check(&loading);
    if (config->memory->texts.failed) {
        problem(problems, "config", 0, 0, "got more than fits into memory, allowed 16MiB of values");
    }
    return problems->count == 0 ? DONE : STOP;
}

void config_done(struct config *config)
{
    if (config->memory) {
        config_arena_done(&config->memory->texts);
        free(config->memory);
    }
    *config = (struct config){0};
}

bool config_same(const struct config *one, const struct config *other, size_t setting)
{
    ASSERT(setting < SETTINGS_TOTAL);
    if (setting_is_text(&settings_table[setting])) {
        return strcmp(setting_text(one, setting), setting_text(other, setting)) == 0;
    }
    return setting_number(one, setting) == setting_number(other, setting);
}

bool config_same_properties(const struct config *one, const struct config *other)
{
    bool same = one->kafka_property_count == other->kafka_property_count;
    for (size_t i = 0; same && i < one->kafka_property_count; i++) {
        same = strcmp(one->kafka_properties[i][0], other->kafka_properties[i][0]) == 0 &&
               strcmp(one->kafka_properties[i][1], other->kafka_properties[i][1]) == 0;
    }
    return same;
}

const char *config_origin(const struct config *config, size_t setting)
{
    ASSERT(setting < SETTINGS_TOTAL);
    const char *origin = config->memory ? config->memory->origins[setting] : NULL;
    return origin ? origin : "default";
}

const char *config_property_origin(const struct config *config, size_t property)
{
    ASSERT(property < config->kafka_property_count);
    const char *origin = config->memory->property_origins[property];
    return origin ? origin : "default";
}

void config_value(const struct config *config, size_t setting, struct buffer *out)
{
    ASSERT(setting < SETTINGS_TOTAL);
    const struct setting *row = &settings_table[setting];
    char text[UNIT_TEXT_SIZE];
    const char *choices = row->choices;
    char word[CHOICE_SIZE] = "";
    switch (row->type) {
    case SETTING_TEXT:
        buffer_text(out, "%s", setting_text(config, setting));
        break;
    case SETTING_SECRET:
        buffer_text(out, "%s", *setting_text(config, setting) ? "set" : "");
        break;
    case SETTING_COUNT:
        buffer_text(out, "%lld", (long long)setting_number(config, setting));
        break;
    case SETTING_DURATION:
        buffer_text(out, "%s", text_of_duration(setting_number(config, setting), text));
        break;
    case SETTING_SIZE:
        buffer_text(out, "%s", text_of_size(setting_number(config, setting), text));
        break;
    case SETTING_CHOICE:
        for (int64_t i = setting_number(config, setting); i >= 0; i--) {
            choice_next(&choices, word);
        }
        buffer_text(out, "%s", word);
        break;
    }
}

void config_property_value(const struct config *config, size_t property, struct buffer *out)
{
    ASSERT(property < config->kafka_property_count);
    const char *const *pair = config->kafka_properties[property];
    buffer_text(out, "%s", !property_is_secret(pair[0]) ? pair[1] : *pair[1] ? "set" : "");
}
