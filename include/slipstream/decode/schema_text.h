/* schema_text.h - a schema as text: parsed within bounds, and the fingerprint that single-object encoding names it by.
 *
 * Errors: SKIP/bad_schema, with what is wrong and where. Owner: the caller owns the JSON it is given.
 * Source: Avro 1.11 specification, "Parsing Canonical Form for Schemas" and "Schema Fingerprints". */
#ifndef SLIPSTREAM_DECODE_SCHEMA_TEXT_H
#define SLIPSTREAM_DECODE_SCHEMA_TEXT_H

#include "slipstream/base.h"

struct json_t; /* jansson's */

/* JSON that came from outside. Its brackets and commas are counted before the parser, which may take 80 bytes of memory
 * for one of text, sees it. */
enum outcome schema_parse_text(struct span text, struct json_t **root, struct reason *why) MUST_CHECK;

/* Appends the Parsing Canonical Form of a schema, which is vetted on the way. */
enum outcome schema_canonical(struct span schema, struct buffer *out, struct reason *why) MUST_CHECK;

/* CRC-64-AVRO of that form. */
enum outcome schema_fingerprint(struct span schema, uint64_t *fingerprint, struct reason *why) MUST_CHECK;

#endif
