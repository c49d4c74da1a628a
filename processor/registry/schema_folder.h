/* schema_folder.h - schemas with fixed ids from files of one folder, read once at the start.
 *
 * The list is "1=web_interaction.avsc,2=phone_interaction.avsc". Errors: STOP/bad_config with the entry and what is
 * wrong with it. Owner: the folder owns the texts. */
#ifndef SLIPSTREAM_REGISTRY_SCHEMA_FOLDER_H
#define SLIPSTREAM_REGISTRY_SCHEMA_FOLDER_H

#include "slipstream/registry.h"

struct schema_file {
    uint32_t id;
    char *name; /* of the file, owned */
    struct buffer text;
};

struct schema_folder {
    struct schema_file *files; /* owned, ascending by id once loaded */
    size_t count;
    size_t capacity;
};

/* path and ids may be NULL or empty: an empty folder. On failure nothing is left to be released. */
enum outcome schema_folder_load(struct schema_folder *self, const char *path, const char *ids,
                                struct reason *why) MUST_CHECK;
void schema_folder_done(struct schema_folder *self);

const struct schema_file *schema_folder_find(const struct schema_folder *self, uint32_t id);
const struct schema_file *schema_folder_named(const struct schema_folder *self, const char *name);

#endif
