/* import_yaml.h - a mapping's YAML as libyaml's own tree, and complaints that say file, line and column.
 *
 * Bounds: 1 MiB of text, YAML_ENTRIES_MAX entries a mapping. Errors: problems; what is broken reads as nothing.
 * Owner: who opened closes; texts are borrowed from the tree. */
#ifndef SLIPSTREAM_MAIN_IMPORT_YAML_H
#define SLIPSTREAM_MAIN_IMPORT_YAML_H

#include "slipstream/config.h"

#include <yaml.h>

#define YAML_FILE_MAX    ((size_t)1 << 20)
#define YAML_ENTRIES_MAX 4096

struct yaml_file {
    yaml_document_t document;
    const char *where; /* borrowed: its name in problems */
    struct problems *problems;
};
/* False: problems were added, and there is nothing to close. */
bool yaml_file_open(struct yaml_file *self, const char *where, struct span text, struct problems *problems) MUST_CHECK;
void yaml_file_close(struct yaml_file *self);

const yaml_node_t *yaml_file_root(const struct yaml_file *self); /* NULL: the file says nothing */

void yaml_complain(const struct yaml_file *self, const yaml_node_t *node, const char *format, ...) PRINTF_LIKE(3, 4);

/* A scalar's text; NULL, after a complaint about `what`, when it is none. */
const char *yaml_scalar(const struct yaml_file *self, const yaml_node_t *node, const char *what);

/* How many items a list has, and each of them; a scalar is a list of itself. 0, after a complaint, for a mapping. */
size_t yaml_list_size(const struct yaml_file *self, const yaml_node_t *node, const char *what);
const yaml_node_t *yaml_list_item(const struct yaml_file *self, const yaml_node_t *node, size_t i);

struct yaml_entry {
    const char *key;
    const yaml_node_t *key_node, *value;
};
/* A mapping's entries in the file's order, without those whose key is no text or was there before: complained of. The
 * caller frees them. NULL and 0, after a complaint, when it is no mapping. */
struct yaml_entry *yaml_entries(const struct yaml_file *self, const yaml_node_t *node, const char *what, size_t *count);

/* Foreign text in a complaint: what is longer is cut. */
#define YAML_SHOWN 60

#endif
