/* reload.c - the scoring files, and what HUP does: read anew what may change while the stages run. */
#include "command.h"

extern char **environ;

enum outcome load_methods(const struct config *config, struct scoring **scoring, struct scoring **shadow,
                          struct problems *problems)
{
    *scoring = NULL;
    *shadow = NULL;
    enum outcome first = scoring_load(config->scoring_file, scoring, problems);
    enum outcome second = config->scoring_shadow ? scoring_load(config->scoring_shadow, shadow, problems) : DONE;
    if (first == DONE && second == DONE) {
        return DONE;
    }
    scoring_close(*scoring);
    scoring_close(*shadow);
    *scoring = NULL;
    *shadow = NULL;
    return STOP;
}

/* The first of the problems; `check` tells them all. */
static struct span first_line(const struct buffer *text)
{
    const uint8_t *end = text->size ? memchr(text->data, '\n', text->size) : NULL;
    return span_of(text->data, end ? (size_t)(end - text->data) : text->size);
}

static void add_name(struct buffer *names, const char *name)
{
    buffer_text(names, "%s%s", names->size ? ", " : "", name);
}

/* Settings other than those that are followed: read at the start only. The stage may have come from --stage. */
static void tell_restart(const struct setup *setup, const struct config *fresh)
{
    struct buffer names CLEANUP(buffer_done);
    buffer_init(&names, 1 << 16);
    for (size_t i = 0; i < settings_count; i++) {
        size_t offset = settings_table[i].offset;
        bool is_followed =
            offset == offsetof(struct config, scoring_file) || offset == offsetof(struct config, scoring_shadow) ||
            offset == offsetof(struct config, log_level) || offset == offsetof(struct config, stage);
        if (!is_followed && !config_same(&setup->config, fresh, i)) {
            add_name(&names, settings_table[i].name);
        }
    }
    if (!config_same_properties(&setup->config, fresh)) {
        add_name(&names, "kafka.properties");
    }
    if (names.size) {
        LOG(setup->log, LOG_WARN, "main", "restart_needed", LOG_SPAN("settings", buffer_as_span(&names)),
            LOG_TEXT("error", "these are read at the start only: restart to change them"));
    }
}

/* All that was read is good. */
static void take_up(const struct setup *setup, const struct config *fresh, struct method_slot *methods,
                    struct scoring *scoring, struct scoring *shadow)
{
    LOG(setup->log, LOG_INFO, "main", "reloaded", LOG_TEXT("scoring", scoring->version),
        LOG_TEXT("shadow", shadow ? shadow->version : ""),
        LOG_TEXT("level", log_level_word((enum log_level)fresh->log_level)));
    method_slot_swap(methods, scoring, shadow);
    log_set_level(setup->log, (enum log_level)fresh->log_level);
    tell_restart(setup, fresh);
}

void reload(const struct setup *setup, struct method_slot *methods, struct status *status)
{
    struct config fresh;
    struct problems problems;
    struct scoring *scoring = NULL;
    struct scoring *shadow = NULL;
    const struct arguments *arguments = &setup->arguments;
    struct config_sources sources = {arguments->config_file, environ, arguments->overrides, arguments->override_count};
    problems_init(&problems);
    bool good = config_load(&sources, &fresh, &problems) == DONE;
    good &= load_methods(&fresh, &scoring, &shadow, &problems) == DONE;
    if (good) {
        take_up(setup, &fresh, methods, scoring, shadow);
    } else {
        LOG(setup->log, LOG_ERROR, "main", "reload_failed", LOG_INT("problems", problems.count),
            LOG_SPAN("error", first_line(&problems.text)),
            LOG_TEXT("then", "everything stays as it was; slipstream check tells all problems"));
        scoring_close(scoring);
        scoring_close(shadow);
    }
    status->reload_failed = !good;
    config_done(&fresh);
    problems_done(&problems);
}
