/* schema_cache.h - what the registry has said about schemas, bounded in entries and bytes.
 *
 * Sets of eight entries, a schema in set `number mod sets`: registries number their schemas one after the other, so all
 * of a registry's fit until there are more than REGISTRY_SCHEMAS_MAX. When a set is full, its entry that was asked for
 * longest ago goes; when the bytes are at their bound, the one of the whole cache. Owner: the cache owns the texts. */
#ifndef SLIPSTREAM_REGISTRY_SCHEMA_CACHE_H
#define SLIPSTREAM_REGISTRY_SCHEMA_CACHE_H

#include "slipstream/registry.h"

#define SCHEMA_CACHE_BYTES_MAX ((size_t)64 << 20)

/* A schema, or why there is none: then it is believed until `until`. */
struct schema_entry {
    struct schema_ref ref;
    uint64_t asked; /* the cache's count of questions when it was last asked for; 0: a free entry */
    char *text;     /* NULL: there is none */
    size_t size;
    enum reason_code refusal;
    struct mono_time until;
};

struct schema_cache {
    struct schema_entry *entries; /* owned, REGISTRY_SCHEMAS_MAX of them */
    uint64_t questions;
    size_t bytes;
};

bool schema_cache_init(struct schema_cache *self);
void schema_cache_done(struct schema_cache *self);

/* The entry of a schema, or NULL. Valid until the next entry is added. */
const struct schema_entry *schema_cache_find(struct schema_cache *self, const struct schema_ref *ref);

/* An entry for a schema that has none: the text passes to the cache. */
const struct schema_entry *schema_cache_keep(struct schema_cache *self, const struct schema_ref *ref, char *text,
                                             size_t size);
void schema_cache_refuse(struct schema_cache *self, const struct schema_ref *ref, enum reason_code refusal,
                         struct mono_time until);

#endif
