/* vet.h - between the parts of the vetting: where in a schema it is, and what it has found so far. */
#ifndef SLIPSTREAM_DECODE_VET_H
#define SLIPSTREAM_DECODE_VET_H

#include "schema.h"

/* Where in the text: a chain up to the whole, on the stack of those who go down it. */
struct where {
    const struct where *up; /* NULL: the whole */
    const char *key;        /* of an object; NULL: `index` of a list */
    size_t index;
    unsigned depth;    /* types from the whole to here, both included */
    struct span space; /* the namespace that names without one belong to */
};

/* The named types, found by the hash of their full names: there may be thousands, and of references to each. */
#define VET_SLOTS ((size_t)2 * SCHEMA_TYPES_MAX)
_Static_assert((VET_SLOTS & (VET_SLOTS - 1)) == 0, "a power of two");

struct vetting {
    struct schema *schema;
    uint32_t *slots; /* VET_SLOTS of them: a type, or SCHEMA_NULL, which has no name, for an empty one */
};

typedef enum outcome vet_function(struct vetting *self, const json_t *json, const struct where *where, uint32_t *type,
                                  struct reason *why);

/* A member of the same type (its list of fields), and a type inside this one. */
static inline struct where within(const struct where *up, const char *key, size_t index)
{
    return (struct where){.up = up, .key = key, .index = index, .depth = up->depth, .space = up->space};
}

static inline struct where nested(const struct where *up, const char *key, size_t index)
{
    struct where below = within(up, key, index);
    below.depth++;
    return below;
}

static inline struct span text_of(const json_t *text)
{
    return span_of(json_string_value(text), json_string_length(text));
}

/* vet_names.c */

/* "$.fields[3].type"; a long one is cut. */
#define WHERE_TEXT_SIZE 100
const char *where_text(const struct where *where, char text[WHERE_TEXT_SIZE]);

/* SKIP/bad_schema, with where and what. */
#define VET_FAIL(where, why, format, ...)                                                                              \
    FAIL((why), SKIP, REASON_BAD_SCHEMA, "%s: " format,                                                                \
         where_text((where), (char[WHERE_TEXT_SIZE]){0}) __VA_OPT__(, ) __VA_ARGS__)

enum outcome vet_add_type(struct vetting *self, struct schema_type new, const struct where *where, uint32_t *type,
                          struct reason *why) MUST_CHECK;
/* The type that a name stands for; a name without a namespace is first looked for in the one around it, then among
 * those that have none, as Java does. */
enum outcome vet_reference(struct vetting *self, struct span full, const struct where *where, uint32_t *type,
                           struct reason *why) MUST_CHECK;
enum outcome vet_aliases(const json_t *json, const struct where *where, const json_t **aliases,
                         struct reason *why) MUST_CHECK;
/* Adds a named type, so that what is inside it can refer to it. Until it is finished a value of it counts as one byte:
 * one that holds itself other than through a list or a union would never end. */
enum outcome vet_begin_named(struct vetting *self, const json_t *json, enum schema_kind kind, const struct where *where,
                             uint32_t *type, struct reason *why) MUST_CHECK;

#endif
