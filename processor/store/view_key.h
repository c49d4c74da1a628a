/* view_key.h - the names of the live view's keys: app:KEY. */
#ifndef SLIPSTREAM_STORE_VIEW_KEY_H
#define SLIPSTREAM_STORE_VIEW_KEY_H

#include "redis_store.h"

#define VIEW_LIST     "view"
#define VIEW_KEY_MAX  1024 /* "view:" and an id of at most 200 bytes, with room for others */
#define VIEW_KEY_SIZE (APP_SIZE_MAX + 1 + VIEW_KEY_MAX)

static inline enum outcome view_key_check(struct span key, struct reason *why)
{
    bool good = key.size > 0 && key.size <= VIEW_KEY_MAX;
    return good ? DONE : FAIL(why, STOP, REASON_FULL, "a key of the view must have 1 to %d bytes", VIEW_KEY_MAX);
}

/* A key that was checked. */
static inline struct span view_key(const struct redis_store *self, struct span key, char full[VIEW_KEY_SIZE])
{
    size_t app = strlen(self->app);
    ASSERT(key.size > 0 && key.size <= VIEW_KEY_MAX);
    memcpy(full, self->app, app);
    full[app] = ':';
    memcpy(full + app + 1, key.data, key.size);
    return span_of(full, app + 1 + key.size);
}

#endif
