/* document.h - one YAML file as a tree that remembers where everything stands.
 *
 * Bounds: 1 MiB, 16 levels, 65,536 nodes. Aliases, anchors, tags, a second document and a key given twice are problems:
 * one file says one thing once, in the place where it is read. Errors: problems; nodes that had one are NODE_BROKEN and
 * need no second complaint; of a key given twice those after the first are. Ownership: the memory's. */
#ifndef SLIPSTREAM_CONFIG_DOCUMENT_H
#define SLIPSTREAM_CONFIG_DOCUMENT_H

#include "text.h"

enum node_kind { NODE_NOTHING, /* empty, ~ or null */ NODE_TEXT, NODE_MAP, NODE_LIST, NODE_BROKEN };

struct node {
    enum node_kind kind;
    size_t line, column; /* from 1 */
    const char *text;    /* NODE_TEXT; "" for NODE_NOTHING */
    size_t size;
    const char *key; /* of a mapping's entry, and where it stands */
    size_t key_line, key_column;
    const struct node *parent;
    struct node *next;         /* of the same parent, in the file's order */
    struct node *first, *last; /* of a mapping's entries, or a list's */
    size_t count;
};

#define DOCUMENT_SIZE_MAX   ((size_t)1 << 20)
#define DOCUMENT_DEPTH_MAX  16
#define DOCUMENT_NODES_MAX  65536
#define DOCUMENT_MEMORY_MAX ((size_t)24 << 20)

/* The root of a document: a mapping, empty when nothing is said. NULL: problems were added, and nothing can be read. */
const struct node *document_open(const char *path, struct config_arena *memory, struct problems *problems);
/* The same for text that is already in memory; where is its name in problems. */
const struct node *document_parse(const char *where, struct span text, struct config_arena *memory,
                                  struct problems *problems);

/* The keys that lead to a node, with dots between them: "kafka.brokers". */
#define NODE_PATH_SIZE 512
const char *node_path(const struct node *node, char out[NODE_PATH_SIZE]);
/* "a mapping", "a list", the text in quotes. */
const char *node_shown(const struct node *node, char out[SHOWN_SIZE]);

static inline struct place node_place(const char *where, const struct node *node)
{
    return (struct place){where, node->line, node->column};
}

static inline struct place node_key_place(const char *where, const struct node *node)
{
    return (struct place){where, node->key_line, node->key_column};
}

#endif
