/* fetch.h - a schema from the registry, in one piece with those it refers to.
 *
 * Errors: SKIP/unknown_schema, bad_schema; RETRY/unavailable; STOP/refused. Bounds: those of registry.h; what a schema
 * refers to is REFERENCES_BYTES_MAX together. */
#ifndef SLIPSTREAM_REGISTRY_FETCH_H
#define SLIPSTREAM_REGISTRY_FETCH_H

#include <jansson.h>

#include "registry_http.h"

#define REFERENCES_BYTES_MAX ((size_t)256 << 10)

/* *text is for the caller to free. */
enum outcome fetch_schema(struct registry_http *http, const struct schema_ref *ref, char **text, size_t *size,
                          struct reason *why) MUST_CHECK;

/* What a status means that is neither an answer nor a word on the one thing asked for. */
enum outcome fetch_judge(const struct registry_http *http, long status, struct reason *why) MUST_CHECK;

/* An answer's JSON object, for the caller to release; NULL: it is none. */
json_t *fetch_object(const struct registry_answer *answer);

#endif
