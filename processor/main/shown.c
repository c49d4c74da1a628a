/* shown.c - the live view, as subcommands that show something read it. */
#include "shown.h"

#include <stdio.h>

#define VIEW_MAX ((size_t)16 << 20)

bool shown_open(struct shown *self, const struct command *command, int argc, char **argv, enum exit_code *code)
{
    if (!setup_open(&self->setup, command, argc, argv, code)) {
        return false;
    }
    struct store_settings settings = connect_store(&self->setup.config, self->setup.log);
    struct reason why;
    self->store = NULL;
    if (redis_store_open(&settings, &self->store, &why) != DONE) {
        *code = complain(command, &why);
        setup_close(&self->setup);
        return false;
    }
    return true;
}

void shown_close(struct shown *self)
{
    self->store->ops->close(self->store);
    setup_close(&self->setup);
}

enum exit_code shown_finish(struct shown *self, const struct command *command, enum outcome outcome,
                            const struct reason *why)
{
    enum exit_code code = outcome == DONE ? EXIT_FINE : complain(command, why);
    shown_close(self);
    return code;
}

enum outcome shown_key(struct shown *self, const char *key, json_t **view, struct reason *why)
{
    struct buffer value;
    buffer_init(&value, VIEW_MAX);
    enum outcome read = redis_view_read(self->store, span_text(key), &value, why);
    *view = read == DONE ? json_loadb((const char *)value.data, value.size, 0, NULL) : NULL;
    buffer_done(&value);
    return read == SKIP ? DONE : read;
}

enum outcome shown_view(struct shown *self, const char *agency, json_t **view, struct reason *why)
{
    char key[ID_SIZE_MAX + 8];
    snprintf(key, sizeof key, "view:%s", agency);
    return shown_key(self, key, view, why);
}

enum outcome shown_views(struct shown *self, json_t **views, struct reason *why)
{
    const struct arguments *arguments = &self->setup.arguments;
    json_t *names = NULL;
    if (arguments->positional_count) {
        names = json_array();
        for (size_t i = 0; i < arguments->positional_count; i++) {
            json_array_append_new(names, json_string(arguments->positional[i]));
        }
    } else {
        struct buffer list;
        buffer_init(&list, VIEW_MAX);
        enum outcome listed = redis_view_list(self->store, &list, why);
        names = listed == DONE ? json_loadb((const char *)list.data, list.size, 0, NULL) : NULL;
        buffer_done(&list);
        TRY(listed);
    }
    *views = json_array();
    size_t i;
    json_t *name;
    enum outcome read = DONE;
    json_array_foreach(names, i, name)
    {
        json_t *view = NULL;
        read = read == DONE ? shown_view(self, json_string_value(name), &view, why) : read;
        if (view) {
            json_array_append_new(*views, view);
        }
    }
    json_decref(names);
    return read;
}

const json_t *shown_card(const json_t *view, const char *window)
{
    size_t i;
    const json_t *card;
    json_array_foreach(json_object_get(view, "cards"), i, card)
    {
        if (strcmp(json_string_value(json_object_get(card, "window")), window) == 0 &&
            json_is_null(json_object_get(card, "channel"))) {
            return card;
        }
    }
    return NULL;
}
