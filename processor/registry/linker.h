/* linker.h - a schema in one piece, out of itself and the schemas it refers to.
 *
 * Avro has no references: a registry's are other schemas whose named types are taken as known. Each type is put in
 * place of the first mention of its name, with full names throughout, so that no namespace changes its meaning by
 * moving. Errors: SKIP/bad_schema. Bounds: LINK_DEPTH_MAX levels, LINK_VALUES_MAX types; the outcome is at most as
 * large as a schema may be. Owner: the caller owns the linked text. */
#ifndef SLIPSTREAM_REGISTRY_LINKER_H
#define SLIPSTREAM_REGISTRY_LINKER_H

#include <jansson.h>

#include "slipstream/base.h"

#define LINK_DEPTH_MAX  64
#define LINK_VALUES_MAX 16384

struct linker {
    json_t *types;  /* owned: full name → definition */
    json_t *placed; /* owned: the names of those that the outcome has by now */
    size_t values;
};

bool linker_init(struct linker *self);
void linker_done(struct linker *self);

/* Learns the named types of a schema; one that refers to others comes after them. */
enum outcome linker_add(struct linker *self, struct span schema, struct reason *why) MUST_CHECK;

/* The schema with what it lacks. *text is for the caller to free. */
enum outcome linker_link(struct linker *self, struct span schema, char **text, size_t *size,
                         struct reason *why) MUST_CHECK;

#endif
