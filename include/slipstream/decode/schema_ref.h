/* schema_ref.h - what a message names its writer's schema by. */
#ifndef SLIPSTREAM_DECODE_SCHEMA_REF_H
#define SLIPSTREAM_DECODE_SCHEMA_REF_H

#include <stdbool.h>
#include <stdint.h>

/* CHANNEL: the message does not, the configuration names one for the topic. */
enum schema_named { SCHEMA_BY_ID, SCHEMA_BY_GUID, SCHEMA_BY_FINGERPRINT, SCHEMA_BY_CHANNEL };
struct schema_ref { /* no padding: it is hashed as bytes */
    uint64_t by;        /* enum schema_named */
    uint64_t high, low; /* the GUID's halves; of all others, low is the number */
};
static inline struct schema_ref schema_by_id(uint32_t id)
{
    return (struct schema_ref){.by = SCHEMA_BY_ID, .low = id};
}
static inline bool schema_ref_equal(const struct schema_ref *a, const struct schema_ref *b)
{
    return a->low == b->low && a->high == b->high && a->by == b->by;
}

/* "schema 7", "schema 89791762-2336-4186-9674-299b90a802e2", "schema with fingerprint 7275d51a3f395c8f". */
#define SCHEMA_REF_TEXT_SIZE 64
const char *schema_ref_text(const struct schema_ref *ref, char text[SCHEMA_REF_TEXT_SIZE]);

#endif
