/* redis_store.h - what the parts of this module share. */
#ifndef SLIPSTREAM_STORE_REDIS_STORE_H
#define SLIPSTREAM_STORE_REDIS_STORE_H

#include "scripts.h"
#include "slipstream/store.h"

#define APP_SIZE_MAX  128
#define TASK_KEY_SIZE (APP_SIZE_MAX + 32)

/* What is sent at most before the replies are read (and one command more): hiredis holds a copy of it. */
#define PIPELINE_BYTES_MAX (size_t)(64 << 20)

struct redis_store {
    struct store base; /* first: a struct store * of this module is one of these */
    struct connection connection;
    struct command command; /* the one being put together */
    struct script claim;
    struct script apply;
    char app[APP_SIZE_MAX + 1];
};

static inline struct redis_store *redis_store_of(struct store *store)
{
    return (struct redis_store *)store;
}

/* {app:score:PARTITION}: the whole is the hash tag. */
const char *store_task_key(const struct redis_store *self, int32_t partition, char key[TASK_KEY_SIZE]);
bool store_field_is_reserved(struct span field);

enum outcome store_claim(struct store *store, int32_t partition, struct event_time now, struct claim *claim,
                         struct reason *why);
enum outcome store_peek(struct store *store, int32_t partition, struct claim *claim, struct reason *why) MUST_CHECK;
enum outcome store_load(struct store *store, int32_t partition,
                        enum outcome (*field)(void *context, struct span name, struct span value, struct reason *why),
                        void *context, struct reason *why);
enum outcome store_apply(struct store *store, struct apply *applies, size_t count, struct reason *why);
enum outcome store_write_view(struct store *store, const struct view_change *changes, size_t count, struct reason *why);
enum outcome store_ping(struct store *store, struct reason *why);

/* Goes through a hash or a set with HSCAN or SSCAN: hands out page after page, each an array of strings. */
enum outcome store_scan(struct redis_store *self, const char *verb, struct span key,
                        enum outcome (*page)(void *context, const redisReply *items, struct reason *why), void *context,
                        struct reason *why);

#endif
