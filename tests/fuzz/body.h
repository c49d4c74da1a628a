/* body.h - an Avro value for any schema, out of a fuzzer's bytes: they choose lengths, branches and values.
 *
 * Every body is well formed by the writer's schema, so a reader may refuse what it says, never how it is written.
 * Bounds: BODY_SIZE_MAX; 0 for lengths, and the branch that ends soonest, when the choices are used up.
 * Source: Avro 1.11 specification, "Binary Encoding". */
#ifndef SLIPSTREAM_TESTS_FUZZ_BODY_H
#define SLIPSTREAM_TESTS_FUZZ_BODY_H

#include "schema.h"

#define BODY_SIZE_MAX 65536

/* False: the schema has no value of that size, or none was found. */
bool body_build(const struct schema *writer, struct span choices, struct buffer *body);

#endif
