/* schema_folder.h - schemas from the .avsc files of one folder and those below it, read once at the start.
 *
 * A schema is found by its fingerprint, by its file's name ("web.avsc", "v2/web.avsc"), and by the id that a list
 * gives the file: "1=web_interaction.avsc,2=v2/phone.avsc". Hidden files and folders (.git, ..data) and links to
 * folders are left out. Errors: STOP/bad_config with the file or entry and what is wrong with it: a file that cannot be
 * used is told of at the start, not when its messages come. Bounds: REGISTRY_SCHEMAS_MAX files and ids,
 * FOLDER_DEPTH_MAX folders down, FOLDER_BYTES_MAX together. Owner: the folder owns the texts. */
#ifndef SLIPSTREAM_REGISTRY_SCHEMA_FOLDER_H
#define SLIPSTREAM_REGISTRY_SCHEMA_FOLDER_H

#include "slipstream/registry.h"

#define FOLDER_DEPTH_MAX 8
#define FOLDER_BYTES_MAX ((size_t)64 << 20)

struct schema_file {
    char *name; /* owned: below the folder */
    struct buffer text;
    uint64_t fingerprint;
};

struct schema_number { /* an id, or a fingerprint */
    uint64_t number;
    size_t file;
};

struct schema_folder {
    struct schema_file *files;          /* owned, ascending by name */
    struct schema_number *ids;          /* owned, ascending */
    struct schema_number *fingerprints; /* owned, ascending; one a file */
    size_t count, capacity, id_count, id_capacity;
    size_t bytes;
};

/* path and ids may be NULL or empty: an empty folder. On failure nothing is left to be released. */
enum outcome schema_folder_load(struct schema_folder *self, const char *path, const char *ids,
                                struct reason *why) MUST_CHECK;
void schema_folder_done(struct schema_folder *self);

/* By id or fingerprint; NULL: not here. */
const struct schema_file *schema_folder_find(const struct schema_folder *self, const struct schema_ref *ref);
const struct schema_file *schema_folder_named(const struct schema_folder *self, struct span name);
/* The least id that the list gives a file. */
bool schema_folder_id(const struct schema_folder *self, const struct schema_file *file, uint32_t *id);

#endif
