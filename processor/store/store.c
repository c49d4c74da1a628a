/* store.c - opening and closing the edge to Redis. */
#include <stdio.h>
#include <stdlib.h>

#include "record.h"
#include "redis_store.h"
#include "tls.h"

const char *const apply_result_words[APPLY_RESULTS] = {
    [APPLY_DONE] = "done", [APPLY_DUPLICATE] = "duplicate", [APPLY_FENCED] = "fenced",
    [APPLY_GAP] = "gap",   [APPLY_FAILED] = "failed",
};

static void store_close(struct store *store)
{
    if (!store) {
        return;
    }
    struct redis_store *self = redis_store_of(store);
    connection_done(&self->connection);
    command_done(&self->command);
    free(self);
}

static const struct store_ops redis_ops = {
    .claim = store_claim,
    .peek = store_peek,
    .load = store_load,
    .apply = store_apply,
    .write_view = store_write_view,
    .read_view = redis_view_read,
    .ping = store_ping,
    .close = store_close,
};

const char *store_task_key(const struct redis_store *self, int32_t partition, char key[TASK_KEY_SIZE])
{
    (void)snprintf(key, TASK_KEY_SIZE, "{%s:score:%d}", self->app, (int)partition);
    return key;
}

bool store_field_is_reserved(struct span field)
{
    return span_equal(field, span_text("owner")) || span_equal(field, span_text("seq")) ||
           span_equal(field, span_text("meta"));
}

/* What the settings say about who we are goes before what the URL says. */
static enum outcome take_credential(const char *setting, const char *name, char *out, size_t capacity,
                                    struct reason *why)
{
    if (!setting || !*setting) {
        return DONE;
    }
    size_t size = strlen(setting);
    if (size >= capacity) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "%s is longer than %zu bytes", name, capacity - 1);
    }
    memcpy(out, setting, size + 1);
    return DONE;
}

static enum outcome take_settings(struct redis_store *self, const struct store_settings *settings, struct reason *why)
{
    struct address *address = &self->connection.address;
    TRY(address_parse(settings->url ? settings->url : "", address, why));
    TRY(take_credential(settings->username, "redis.username", address->username, sizeof address->username, why));
    TRY(take_credential(settings->password, "redis.password", address->password, sizeof address->password, why));
    size_t size = settings->app ? strlen(settings->app) : 0;
    if (size == 0 || size > APP_SIZE_MAX) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "app must have 1 to %d bytes", APP_SIZE_MAX);
    }
    memcpy(self->app, settings->app, size + 1);
    if (settings->timeout_ms <= 0) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "redis.timeout must be positive");
    }
    self->connection.timeout_ms = settings->timeout_ms;
    return DONE;
}

/* CLIENT SETNAME takes printable ASCII without blanks. */
static void take_name(struct redis_store *self)
{
    char *name = self->connection.name;
    (void)snprintf(name, sizeof self->connection.name, "%.58s:store", self->app);
    for (; *name; name++) {
        if (*name <= ' ' || *name > '~') {
            *name = '_';
        }
    }
}

static void store_drop(struct redis_store **self)
{
    store_close(*self ? &(*self)->base : NULL);
}

enum outcome redis_store_open(const struct store_settings *settings, struct store **store, struct reason *why)
{
    struct redis_store *self CLEANUP(store_drop) = calloc(1, sizeof *self);
    if (!self) {
        return FAIL(why, STOP, REASON_FATAL, "out of memory");
    }
    self->base.ops = &redis_ops;
    TRY(take_settings(self, settings, why));
    take_name(self);
    if (self->connection.address.tls) {
        TRY(tls_open(&self->connection.tls, why));
    }
    self->claim = script_claim();
    self->apply = script_apply();
    *store = &self->base;
    self = NULL;
    return DONE;
}
