/* schema.h - an Avro schema that was vetted, as flat tables.
 *
 * Shape: types, fields, branches and symbols are numbered; a record's fields, a union's branches and an enum's symbols
 * are consecutive. Errors: SKIP/bad_schema, with what is wrong and where ("$.fields[3].type"). Owner: who opened a
 * schema closes it; names, symbols and defaults are borrowed from the parsed JSON, which the schema owns. Bounds: those
 * of decode.h and those below; nothing is allocated beyond them, whatever the text.
 * Source: Avro 1.11 specification, "Schema Declaration" and "Names". */
#ifndef SLIPSTREAM_DECODE_SCHEMA_H
#define SLIPSTREAM_DECODE_SCHEMA_H

#include <jansson.h>

#include "slipstream/decode.h"
#include "slipstream/decode/schema_text.h" /* vet_text.c bounds a text and parses it */

#define SCHEMA_TYPES_MAX    16384
#define SCHEMA_BRANCHES_MAX 16384
#define SCHEMA_SYMBOLS_MAX  16384
#define SCHEMA_NAME_MAX     512        /* bytes of a full name */
#define SCHEMA_FIXED_MAX    (16 << 20) /* bytes of a fixed */

/* Of the JSON text, before it is parsed: jansson takes up to 250 bytes of memory for three of text ("{}," in a list).
 */
#define SCHEMA_TEXT_DEPTH_MAX  128
#define SCHEMA_TEXT_VALUES_MAX 65536

enum schema_kind {
    SCHEMA_NULL,
    SCHEMA_BOOLEAN,
    SCHEMA_INT,
    SCHEMA_LONG,
    SCHEMA_FLOAT,
    SCHEMA_DOUBLE,
    SCHEMA_BYTES,
    SCHEMA_STRING,
    SCHEMA_FIXED,
    SCHEMA_ENUM,
    SCHEMA_RECORD,
    SCHEMA_ARRAY,
    SCHEMA_MAP,
    SCHEMA_UNION,
};
#define SCHEMA_PRIMITIVES (SCHEMA_STRING + 1)
#define SCHEMA_KINDS      (SCHEMA_UNION + 1)

/* What a logical type says of an int or long that stands for a time. "Local" times are taken as UTC: what is local to
 * whom, the schema does not say. */
enum time_unit {
    UNIT_NONE,
    UNIT_MILLIS,
    UNIT_MICROS,
    UNIT_NANOS,      /* of Avro 1.12; taken for micros it would be a thousand times too late */
    UNIT_DAYS,       /* date: the moment at which it begins */
    UNIT_DAY_MILLIS, /* time-millis: since midnight, which is a duration and no moment */
    UNIT_DAY_MICROS, /* time-micros */
};

#define SCHEMA_NONE UINT32_MAX /* no type, field or symbol */

struct schema_type {
    enum schema_kind kind;
    enum time_unit unit;
    struct span space, name; /* of a fixed, enum or record; space: its namespace, empty when it has none */
    const json_t *aliases;   /* a list of texts, or NULL */
    uint32_t first, count;   /* record: fields; union: branches; enum: symbols */
    uint32_t fallback;       /* enum: its default symbol, from 0, or SCHEMA_NONE */
    uint32_t item;           /* array, map: the type of an item */
    uint32_t size;           /* fixed */
    uint32_t least_size;     /* fewest bytes of a value; 0 only when every value takes none */
    uint32_t mark;           /* vetting: the last union it was seen in */
};

struct schema_field {
    struct span name;
    const json_t *aliases; /* a list of texts, or NULL */
    const json_t *initial; /* the default, or NULL */
    uint32_t type;
};

struct schema {
    json_t *root;
    struct buffer types;    /* struct schema_type */
    struct buffer fields;   /* struct schema_field */
    struct buffer branches; /* uint32_t: types */
    struct buffer symbols;  /* struct span */
    uint32_t type;          /* the whole */
};

enum outcome schema_open(struct span text, struct schema **schema, struct reason *why) MUST_CHECK;
void schema_close(struct schema *self);

/* Pointers are good until the schema grows, that is, for ever once it is open. */
static inline struct schema_type *schema_type(const struct schema *self, uint32_t i)
{
    return (struct schema_type *)(void *)self->types.data + i;
}
static inline struct schema_field *schema_field(const struct schema *self, uint32_t i)
{
    return (struct schema_field *)(void *)self->fields.data + i;
}
static inline uint32_t *schema_branch(const struct schema *self, uint32_t i)
{
    return (uint32_t *)(void *)self->branches.data + i;
}
static inline struct span *schema_symbol(const struct schema *self, uint32_t i)
{
    return (struct span *)(void *)self->symbols.data + i;
}

static inline bool schema_is_named(const struct schema_type *type)
{
    return type->kind == SCHEMA_FIXED || type->kind == SCHEMA_ENUM || type->kind == SCHEMA_RECORD;
}

/* "long", "record slipstream.survey_answers": for reasons. */
#define SCHEMA_LABEL_SIZE 128
const char *schema_label(const struct schema_type *type, char text[SCHEMA_LABEL_SIZE]);

/* names.c: the grammar of names. */
bool name_is_word(struct span name);                                      /* letters, digits, _; no digit first */
bool name_is_dotted(struct span name);                                    /* words with dots between */
void name_split(struct span full, struct span *space, struct span *name); /* at the last dot */
bool schema_primitive(struct span name, enum schema_kind *kind);

/* match.c: whether a value written as one type can be read as the other, as far as can be said without going into
 * records and unions. */
bool schema_matches(const struct schema *writers, uint32_t writer, const struct schema *readers, uint32_t reader);
/* Whether one of the aliases in a list (or NULL) is this name. */
bool schema_has_alias(const json_t *aliases, struct span space, struct span name);

#endif
