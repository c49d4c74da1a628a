/* plan.h - the program a writer's schema is compiled to, and what compiles and runs it.
 *
 * Shape: steps, run from the first to OP_END over the bytes, once. A leaf reads one value into its target; control
 * steps choose, repeat and call. A leaf that is NULLABLE first reads the branch of a union of null and one other type,
 * and is passed over when that is null: most of our fields are such. Bounds: the tables have ceilings; the run has a
 * stack of SCHEMA_DEPTH_MAX, and work that needs no bytes is counted. */
#ifndef SLIPSTREAM_DECODE_PLAN_H
#define SLIPSTREAM_DECODE_PLAN_H

#include "schema.h"

#define PLAN_STEPS_MAX       65536
#define PLAN_TABLES_MAX      65536 /* entries of all jump and symbol tables */
#define PLAN_PLACES_MAX      65536
#define PLAN_TEXT_MAX        (1u << 20) /* bytes of names and refusals */
#define PLAN_EMPTY_ITEMS_MAX 65536u     /* items without a single byte, as nulls, in one message */

enum leaf_op {
    OP_TEXT,           /* string or bytes, checked to be text → span */
    OP_FLAG,           /* boolean */
    OP_INT,            /* int */
    OP_LONG,           /* long, other than ABSENT */
    OP_MILLIS,         /* long → µs */
    OP_NANOS,          /* long → µs */
    OP_DAYS,           /* int → µs */
    OP_SECONDS_INT,    /* int → ms */
    OP_SECONDS_LONG,   /* long → ms */
    OP_SECONDS_FLOAT,  /* float → ms */
    OP_SECONDS_DOUBLE, /* double → ms */
    OP_SECONDS_MICROS, /* long, in µs → ms */
    OP_ENUM,           /* a: table of values, UNKNOWN_SYMBOL among them; b: symbols */
    OP_CONSTANT,       /* reads nothing. a, b: low and high half of a value */
    OP_CONSTANT_TEXT,  /* reads nothing. a: offset in the plan's text; b: size */
    OP_MAPPED,         /* a: mapped_source, and the field; b: table of symbols. mapped.c */
    OP_PASS_TEXT,      /* string or bytes, checked to be text */
    OP_PASS_FLAG,      /* boolean */
    OP_PASS_INT,       /* int */
    OP_PASS_LONG,      /* long, any */
    OP_PASS_ENUM,      /* as OP_ENUM */
    OP_PASS_SYMBOL,    /* b: symbols */
    OP_PASS_BYTES,     /* string or bytes */
    OP_PASS_FIXED,     /* a: bytes */
};
#define LEAF_OPS (OP_PASS_FIXED + 1)

enum control_op {
    OP_END = LEAF_OPS,
    OP_JUMP,   /* a: step */
    OP_GATE,   /* a union of null and one other type, which takes several steps. a: step after them, for null */
    OP_UNION,  /* a: table of steps; b: branches */
    OP_REFUSE, /* a branch we cannot read. a: offset in the plan's text; b: size */
    OP_ARRAY,  /* array or map. a: step after it; b: least bytes of an item */
    OP_NEXT,   /* the end of an item. a: step of the next item; b: least bytes of an item */
    OP_CALL,   /* a: first step of a routine that passes over a record */
    OP_RETURN,
    OP_MARK,   /* a value that several fields are read from begins */
    OP_REWIND, /* back to where it began */
    /* A nullable int or long, and such as follow it. a: how many; b: the op it has by itself, for when one of them is
     * not null or one byte */
    OP_BYTE_RUN,
};

/* Of fields in a byte run: fewer are as quick one by one; so many have all their bytes among BYTE_PLACES. */
#define RUN_LEAST 4
#define RUN_MOST  16

#define NULLABLE 0x40 /* added to a leaf */
_Static_assert((unsigned)OP_BYTE_RUN < NULLABLE, "a step's op has a bit to spare");

#define UNKNOWN_SYMBOL UINT32_MAX

struct step {
    uint8_t op;
    uint8_t value_byte; /* of a union with null: the other branch, as the one byte it mostly is, 0 or 2 */
    uint16_t target;    /* offset in struct interaction; NO_TARGET for steps that store nothing */
    uint32_t place;     /* for reasons */
    uint32_t a, b;
};
_Static_assert(sizeof(struct step) == 16, "four steps a cache line");

#define NO_TARGET ((uint16_t)0)
_Static_assert(sizeof(struct interaction) <= UINT16_MAX, "offsets fit a step's target");

/* A field's name and the field around it. */
struct place {
    uint32_t up;   /* PLACE_NONE: the outermost record */
    uint32_t name; /* offset in the plan's text */
    uint32_t size;
};
#define PLACE_NONE UINT32_MAX

struct plan {
    struct interaction blank; /* all absent, and the defaults of fields that no message of this writer has */
    struct buffer steps;      /* struct step */
    struct buffer tables;     /* uint32_t */
    struct buffer places;     /* struct place */
    struct buffer text;
    const struct channel_mapping *mapping; /* borrowed; or NULL */
};

static inline struct step *plan_step(const struct plan *self, size_t i)
{
    return (struct step *)(void *)self->steps.data + i;
}
static inline uint32_t *plan_entry(const struct plan *self, size_t i)
{
    return (uint32_t *)(void *)self->tables.data + i;
}

/* "survey.trust", or "the record" for PLACE_NONE. */
#define PLACE_TEXT_SIZE 96
const char *plan_place_text(const struct plan *self, uint32_t place, char text[PLACE_TEXT_SIZE]);

/* plan_open_mapped with a reader's schema of the caller's. Its fields are bound by path, as interaction_fields has
 * them. */
enum outcome plan_compile(struct span writer_schema, struct span reader_schema, enum channel channel,
                          const struct channel_mapping *mapping, struct plan **plan, struct reason *why) MUST_CHECK;

/* ---- mapped values ---- */

/* What OP_MAPPED reads. */
enum mapped_source {
    MAPPED_TEXT,
    MAPPED_FLAG,
    MAPPED_INT,
    MAPPED_LONG,
    MAPPED_FLOAT,
    MAPPED_DOUBLE,
    MAPPED_SYMBOL, /* the step's table: how many there are, then offset and size of each in the plan's text */
};
#define MAPPED(source, field) ((uint32_t)(source) << 16 | (uint32_t)(field))

/* The rule of a field: what the mapping says, or that it is read as it is. */
const struct field_rule *mapped_rule(const struct plan *self, size_t field);

/* ---- between the parts of the compiler ---- */

struct compiler {
    struct schema *writers, *readers;
    struct plan *plan;
    struct buffer entries; /* uint32_t for each of the writer's types: the first step of its routine */
    struct buffer waiting; /* uint32_t: types whose routine is called */
    const char *sources[INTERACTION_FIELDS]; /* under a mapping: the writer's path of each field, or NULL */
};
#define ROUTINE_NONE    UINT32_MAX
#define ROUTINE_WAITING (UINT32_MAX - 1)

/* Where in the reader's schema the compiler is. */
struct site {
    const char *path; /* "survey.trust"; "" for the outermost record; NULL where nothing can be bound */
    uint32_t place;
    unsigned depth;
    bool conditional;                 /* not run for every message: a default must be set by a step */
    const struct mapped_site *mapped; /* under a mapping, where a field is, or may be inside; or NULL */
};

/* Where in the writer's record the compiler is, under a mapping. */
#define MAPPED_PATH_SIZE 256
struct mapped_site {
    const char *theirs; /* "queue.org" */
    size_t field;       /* which of ours is read here; INTERACTION_FIELDS: those that are inside */
};

/* The site of a field below, its path written into the caller's text. A path too long for that is none of ours. */
#define SITE_PATH_SIZE 96
struct site site_below(struct compiler *self, const struct site *up, struct span name, char path[SITE_PATH_SIZE]);

/* emit.c. A table that is full takes no more and is not changed; plan_is_full tells. */
uint32_t emit(struct compiler *self, struct step step); /* → where it is */
uint32_t next_step(const struct compiler *self);
void set_jump(struct compiler *self, uint32_t step, uint32_t to);
uint32_t add_entries(struct compiler *self, uint32_t count); /* → the first */
void set_entry(struct compiler *self, uint32_t entry, uint32_t value);
uint32_t add_text(struct compiler *self, struct span text); /* → its offset */
uint32_t add_place(struct compiler *self, uint32_t up, struct span name);
bool plan_is_full(const struct compiler *self);
/* Makes byte runs of the finished plan's steps. None moves: a jump into the midst of a run finds the step it wants. */
void join_byte_runs(struct plan *plan);

#define STEP(operation, at_place, into, first, second)                                                                 \
    ((struct step){.op = (uint8_t)(operation), .target = (into), .place = (at_place), .a = (first), .b = (second)})

/* bind.c: our fields, and the values of defaults. */
const struct interaction_field *field_bound(const char *path);
bool field_leaf(const struct interaction_field *field, const struct schema_type *writer,
                const struct schema_type *reader, enum leaf_op *op);
/* Takes the default of a reader's type, and of the fields below it, into the plan. */
enum outcome compile_default(struct compiler *self, uint32_t reader, const json_t *value, const struct site *site,
                             struct reason *why) MUST_CHECK;

/* compile.c: reads one type of the writer as one of the reader, or passes over it (reader: SCHEMA_NONE). */
enum outcome compile_type(struct compiler *self, uint32_t writer, uint32_t reader, const struct site *site,
                          struct reason *why) MUST_CHECK;
/* The parts of it that a mapping needs: a union's branch that the writer's type can be read as, else the reader; an
 * enum by symbol; passing over. */
uint32_t choose_branch(const struct compiler *self, uint32_t writer, uint32_t reader);
enum outcome compile_enum(struct compiler *self, const struct schema_type *writer, const struct schema_type *reader,
                          const struct site *site, struct reason *why) MUST_CHECK;
uint32_t find_field(const struct schema *schema, const struct schema_type *record, struct span name);

/* compile_mapped.c: the whole under a mapping, and one type inside it. */
bool mapping_applies(const struct compiler *self);
enum outcome compile_mapping(struct compiler *self, struct reason *why) MUST_CHECK;
enum outcome compile_mapped(struct compiler *self, uint32_t writer, const struct site *site,
                            struct reason *why) MUST_CHECK;

/* compile_union.c: the same for a writer's union. */
enum outcome compile_union(struct compiler *self, uint32_t writer, uint32_t reader, const struct site *site,
                           struct reason *why) MUST_CHECK;

/* A text that names a site, for reasons at compile time. */
#define SITE_TEXT(site) ((site)->path == NULL ? "a field" : (site)->path[0] == '\0' ? "the record" : (site)->path)

#endif
