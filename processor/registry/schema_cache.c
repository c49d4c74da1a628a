#include "schema_cache.h"

#include <stdlib.h>

#define WAYS 8u
#define SETS (REGISTRY_SCHEMAS_MAX / WAYS)
_Static_assert(REGISTRY_SCHEMAS_MAX % WAYS == 0, "whole sets");

bool schema_cache_init(struct schema_cache *self)
{
    *self = (struct schema_cache){.entries = calloc(REGISTRY_SCHEMAS_MAX, sizeof *self->entries)};
    return self->entries != NULL;
}

static void entry_clear(struct schema_cache *self, struct schema_entry *entry)
{
    self->bytes -= entry->size;
    free(entry->text);
    *entry = (struct schema_entry){0};
}

void schema_cache_done(struct schema_cache *self)
{
    for (size_t i = 0; self->entries != NULL && i < REGISTRY_SCHEMAS_MAX; i++) {
        entry_clear(self, &self->entries[i]);
    }
    free(self->entries);
    *self = (struct schema_cache){0};
}

static struct schema_entry *set_of(const struct schema_cache *self, const struct schema_ref *ref)
{
    return &self->entries[(ref->low % SETS) * WAYS];
}

const struct schema_entry *schema_cache_find(struct schema_cache *self, const struct schema_ref *ref)
{
    struct schema_entry *set = set_of(self, ref);
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].asked != 0 && schema_ref_equal(&set[i].ref, ref)) {
            set[i].asked = ++self->questions;
            return &set[i];
        }
    }
    return NULL;
}

/* The entry to use next among `count`: a free one (asked is 0), else the one asked for longest ago. */
static struct schema_entry *oldest_of(struct schema_entry *entries, size_t count)
{
    struct schema_entry *oldest = entries;
    for (size_t i = 1; i < count; i++) {
        if (entries[i].asked < oldest->asked) {
            oldest = &entries[i];
        }
    }
    return oldest;
}

static struct schema_entry *entry_take(struct schema_cache *self, const struct schema_ref *ref)
{
    struct schema_entry *entry = NULL;
    for (size_t i = 0; i < WAYS && entry == NULL; i++) { /* a refusal that is said again, or has been mended */
        struct schema_entry *known = &set_of(self, ref)[i];
        entry = known->asked != 0 && schema_ref_equal(&known->ref, ref) ? known : NULL;
    }
    entry = entry != NULL ? entry : oldest_of(set_of(self, ref), WAYS);
    entry_clear(self, entry);
    entry->ref = *ref;
    entry->asked = ++self->questions;
    return entry;
}

/* Drops texts, the one asked for longest ago first, until `size` bytes more are within the bound. */
static void make_room(struct schema_cache *self, size_t size)
{
    while (self->bytes + size > SCHEMA_CACHE_BYTES_MAX) {
        struct schema_entry *oldest = NULL;
        for (size_t i = 0; i < REGISTRY_SCHEMAS_MAX; i++) {
            struct schema_entry *entry = &self->entries[i];
            if (entry->text != NULL && (oldest == NULL || entry->asked < oldest->asked)) {
                oldest = entry;
            }
        }
        ASSERT(oldest != NULL); /* one text alone is far below the bound */
        entry_clear(self, oldest);
    }
}

const struct schema_entry *schema_cache_keep(struct schema_cache *self, const struct schema_ref *ref, char *text,
                                             size_t size)
{
    make_room(self, size);
    struct schema_entry *entry = entry_take(self, ref);
    entry->text = text;
    entry->size = size;
    self->bytes += size;
    return entry;
}

void schema_cache_refuse(struct schema_cache *self, const struct schema_ref *ref, enum reason_code refusal,
                         struct mono_time until)
{
    struct schema_entry *entry = entry_take(self, ref);
    entry->refusal = refusal;
    entry->until = until;
}
