/* vet.c - a schema's JSON becomes flat tables, or a reason why it may not. Writers' schemas come from outside. */
#include "schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Where in the text: a chain up to the whole, on the stack of those who go down it. */
struct where {
    const struct where *up; /* NULL: the whole */
    const char *key;        /* of an object; NULL: `index` of a list */
    size_t index;
    unsigned depth;    /* types from the whole to here, both included */
    struct span space; /* the namespace that names without one belong to */
};

struct named {
    uint64_t hash; /* of the full name: there may be thousands of types and of references to each */
    uint32_t type;
};

struct vetting {
    struct schema *schema;
    struct buffer named; /* struct named */
};

typedef enum outcome vet_function(struct vetting *self, const json_t *json, const struct where *where, uint32_t *type,
                                  struct reason *why);
static vet_function vet_type;

static size_t where_text(const struct where *where, char *text, size_t size)
{
    if (where->up == NULL) {
        return (size_t)snprintf(text, size, "$");
    }
    size_t length = where_text(where->up, text, size);
    if (length >= size) {
        return length;
    }
    int more = where->key != NULL ? snprintf(text + length, size - length, ".%s", where->key)
                                  : snprintf(text + length, size - length, "[%zu]", where->index);
    return length + (size_t)more;
}

static enum outcome bad(const struct where *where, struct reason *why, const char *format, ...) PRINTF_LIKE(3, 4);
static enum outcome bad(const struct where *where, struct reason *why, const char *format, ...)
{
    char place[100];
    char what[140];
    (void)where_text(where, place, sizeof place);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return FAIL(why, SKIP, REASON_BAD_SCHEMA, "%s: %s", place, what);
}

/* A member of the same type (its list of fields), and a type inside this one. */
static struct where within(const struct where *up, const char *key, size_t index)
{
    return (struct where){.up = up, .key = key, .index = index, .depth = up->depth, .space = up->space};
}

static struct where nested(const struct where *up, const char *key, size_t index)
{
    struct where below = within(up, key, index);
    below.depth++;
    return below;
}

static struct span text_of(const json_t *text)
{
    return span_of(json_string_value(text), json_string_length(text));
}

static void object_close(json_t **object)
{
    json_decref(*object);
}

/* ---- tables ---- */

static enum outcome add_type(struct vetting *self, struct schema_type new, const struct where *where, uint32_t *type,
                             struct reason *why)
{
    struct buffer *types = &self->schema->types;
    size_t count = types->size / sizeof new;
    new.mark = SCHEMA_NONE;
    buffer_bytes(types, &new, sizeof new);
    if (types->overflow) {
        return bad(where, why, "more than %u types", SCHEMA_TYPES_MAX);
    }
    *type = (uint32_t)count;
    return DONE;
}

/* Consecutive room for a list's items, which are filled in one by one. */
static enum outcome add_items(struct buffer *table, size_t count, size_t size, const struct where *where,
                              uint32_t *first, struct reason *why)
{
    uint8_t *room = count <= SCHEMA_TYPES_MAX ? buffer_reserve(table, count * size) : NULL;
    if (room == NULL) {
        return bad(where, why, "the schema has more than %zu of these", table->ceiling / size);
    }
    memset(room, 0, count * size);
    *first = (uint32_t)(table->size / size);
    table->size += count * size;
    return DONE;
}

/* ---- names ---- */

static uint64_t full_name_hash(struct span space, struct span name)
{
    return hash64(name, hash64(space, 0));
}

static uint32_t find_named(const struct vetting *self, struct span space, struct span name)
{
    uint64_t hash = full_name_hash(space, name);
    const struct named *all = (const struct named *)(const void *)self->named.data;
    for (size_t i = 0; i < self->named.size / sizeof *all; i++) {
        const struct schema_type *type = schema_type(self->schema, all[i].type);
        if (all[i].hash == hash && span_equal(type->name, name) && span_equal(type->space, space)) {
            return all[i].type;
        }
    }
    return SCHEMA_NONE;
}

/* A name without a namespace is first looked for in the one around it, then among those that have none, as Java does.
 */
static enum outcome vet_reference(struct vetting *self, struct span full, const struct where *where, uint32_t *type,
                                  struct reason *why)
{
    enum schema_kind primitive;
    if (schema_primitive(full, &primitive)) {
        *type = (uint32_t)primitive;
        return DONE;
    }
    if (!name_is_dotted(full)) {
        return bad(where, why, "a type's name is empty or has characters that names may not have");
    }
    struct span space;
    struct span name;
    name_split(full, &space, &name);
    uint32_t found = find_named(self, space.size > 0 ? space : where->space, name);
    if (found == SCHEMA_NONE && space.size == 0) {
        found = find_named(self, space, name);
    }
    if (found == SCHEMA_NONE) {
        return bad(where, why, "unknown type %.*s", SPAN_FORMAT(full));
    }
    *type = found;
    return DONE;
}

static enum outcome vet_aliases(const json_t *json, const struct where *where, const json_t **aliases,
                                struct reason *why)
{
    *aliases = json_object_get(json, "aliases");
    struct where list = within(where, "aliases", 0);
    if (*aliases != NULL && !json_is_array(*aliases)) {
        return bad(&list, why, "not a list");
    }
    for (size_t i = 0; i < json_array_size(*aliases); i++) {
        if (!json_is_string(json_array_get(*aliases, i))) {
            return bad(&list, why, "not a list of names");
        }
    }
    return DONE;
}

static enum outcome vet_name(const json_t *json, const struct where *where, struct schema_type *type,
                             struct reason *why)
{
    const json_t *full = json_object_get(json, "name");
    const json_t *space = json_object_get(json, "namespace");
    if (!json_is_string(full) || !name_is_dotted(text_of(full))) {
        return bad(where, why, "no name, or one with characters that names may not have");
    }
    name_split(text_of(full), &type->space, &type->name);
    if (type->space.size == 0 && space != NULL) {
        if (!json_is_string(space) || (json_string_length(space) > 0 && !name_is_dotted(text_of(space)))) {
            return bad(where, why, "a namespace with characters that names may not have");
        }
        type->space = text_of(space);
    } else if (type->space.size == 0) {
        type->space = where->space;
    }
    enum schema_kind primitive;
    if (type->space.size == 0 && schema_primitive(type->name, &primitive)) {
        return bad(where, why, "named like the primitive type %.*s", SPAN_FORMAT(type->name));
    }
    return vet_aliases(json, where, &type->aliases, why);
}

/* Adds a named type, so that what is inside it can refer to it. Until it is finished a value of it counts as one byte:
 * one that holds itself other than through a list or a union would never end. */
static enum outcome begin_named(struct vetting *self, const json_t *json, enum schema_kind kind,
                                const struct where *where, uint32_t *type, struct reason *why)
{
    struct schema_type new = {.kind = kind, .fallback = SCHEMA_NONE, .least_size = 1};
    TRY(vet_name(json, where, &new, why));
    if (find_named(self, new.space, new.name) != SCHEMA_NONE) {
        return bad(where, why, "%.*s is defined a second time", SPAN_FORMAT(new.name));
    }
    TRY(add_type(self, new, where, type, why));
    struct named named = {full_name_hash(new.space, new.name), *type};
    buffer_bytes(&self->named, &named, sizeof named);
    return self->named.overflow ? bad(where, why, "more than %u named types", SCHEMA_TYPES_MAX) : DONE;
}

/* ---- named types ---- */

static enum outcome vet_field(struct vetting *self, const json_t *json, const struct where *where,
                              struct schema_field *field, struct reason *why)
{
    const json_t *name = json_object_get(json, "name");
    const json_t *type = json_object_get(json, "type");
    if (!json_is_string(name) || !name_is_word(text_of(name))) {
        return bad(where, why, "a field has no name, or one with characters that names may not have");
    }
    if (type == NULL) {
        return bad(where, why, "field %.80s has no type", json_string_value(name));
    }
    field->name = text_of(name);
    field->initial = json_object_get(json, "default");
    TRY(vet_aliases(json, where, &field->aliases, why));
    struct where below = nested(where, "type", 0);
    return vet_type(self, type, &below, &field->type, why);
}

static uint32_t add_sizes(uint32_t a, uint32_t b)
{
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

static enum outcome vet_fields(struct vetting *self, const json_t *json, const struct where *where, uint32_t first,
                               uint32_t *least_size, struct reason *why)
{
    json_t *seen CLEANUP(object_close) = json_object();
    uint32_t least = 0;
    for (uint32_t i = 0; i < json_array_size(json); i++) {
        struct where here = within(where, NULL, i);
        struct schema_field field = {.type = SCHEMA_NONE};
        TRY(vet_field(self, json_array_get(json, i), &here, &field, why));
        if (json_object_get(seen, (const char *)field.name.data) != NULL) {
            return bad(&here, why, "a second field named %.*s", SPAN_FORMAT(field.name));
        }
        json_object_set_new_nocheck(seen, (const char *)field.name.data, json_true());
        *schema_field(self->schema, first + i) = field;
        least = add_sizes(least, schema_type(self->schema, field.type)->least_size);
    }
    *least_size = least;
    return DONE;
}

static enum outcome vet_record(struct vetting *self, const json_t *json, const struct where *where, uint32_t *type,
                               struct reason *why)
{
    TRY(begin_named(self, json, SCHEMA_RECORD, where, type, why));
    const json_t *fields = json_object_get(json, "fields");
    struct where list = within(where, "fields", 0);
    if (!json_is_array(fields)) {
        return bad(&list, why, "a record without a list of fields");
    }
    uint32_t first;
    TRY(add_items(&self->schema->fields, json_array_size(fields), sizeof(struct schema_field), &list, &first, why));
    schema_type(self->schema, *type)->first = first;
    schema_type(self->schema, *type)->count = (uint32_t)json_array_size(fields);
    list.space = schema_type(self->schema, *type)->space;
    uint32_t least_size = 0;
    TRY(vet_fields(self, fields, &list, first, &least_size, why));
    schema_type(self->schema, *type)->least_size = least_size;
    return DONE;
}

static enum outcome vet_symbols(struct vetting *self, const json_t *symbols, const struct where *where, uint32_t first,
                                struct reason *why)
{
    json_t *seen CLEANUP(object_close) = json_object();
    for (uint32_t i = 0; i < json_array_size(symbols); i++) {
        struct where here = within(where, NULL, i);
        const json_t *symbol = json_array_get(symbols, i);
        if (!json_is_string(symbol) || !name_is_word(text_of(symbol))) {
            return bad(&here, why, "a symbol with characters that names may not have");
        }
        if (json_object_get(seen, json_string_value(symbol)) != NULL) {
            return bad(&here, why, "symbol %.80s comes a second time", json_string_value(symbol));
        }
        json_object_set_new_nocheck(seen, json_string_value(symbol), json_true());
        *schema_symbol(self->schema, first + i) = text_of(symbol);
    }
    return DONE;
}

static enum outcome vet_fallback(struct vetting *self, const json_t *json, const struct where *where,
                                 struct schema_type *type, struct reason *why)
{
    const json_t *fallback = json_object_get(json, "default");
    if (fallback == NULL) {
        return DONE;
    }
    for (uint32_t i = 0; json_is_string(fallback) && i < type->count; i++) {
        if (span_equal(*schema_symbol(self->schema, type->first + i), text_of(fallback))) {
            type->fallback = i;
            return DONE;
        }
    }
    return bad(where, why, "the default is not one of the symbols");
}

static enum outcome vet_enum(struct vetting *self, const json_t *json, const struct where *where, uint32_t *type,
                             struct reason *why)
{
    TRY(begin_named(self, json, SCHEMA_ENUM, where, type, why));
    const json_t *symbols = json_object_get(json, "symbols");
    struct where list = within(where, "symbols", 0);
    if (!json_is_array(symbols)) {
        return bad(&list, why, "an enum without a list of symbols");
    }
    uint32_t first;
    TRY(add_items(&self->schema->symbols, json_array_size(symbols), sizeof(struct span), &list, &first, why));
    TRY(vet_symbols(self, symbols, &list, first, why));
    struct schema_type *new = schema_type(self->schema, *type);
    new->first = first;
    new->count = (uint32_t)json_array_size(symbols);
    return vet_fallback(self, json, where, new, why);
}

static enum outcome vet_fixed(struct vetting *self, const json_t *json, const struct where *where, uint32_t *type,
                              struct reason *why)
{
    TRY(begin_named(self, json, SCHEMA_FIXED, where, type, why));
    const json_t *size = json_object_get(json, "size");
    if (!json_is_integer(size) || json_integer_value(size) < 0 || json_integer_value(size) > SCHEMA_FIXED_MAX) {
        return bad(where, why, "a fixed needs a size from 0 to %d", SCHEMA_FIXED_MAX);
    }
    struct schema_type *new = schema_type(self->schema, *type);
    new->size = (uint32_t)json_integer_value(size);
    new->least_size = new->size;
    return DONE;
}

/* ---- unnamed types ---- */

static enum time_unit unit_of(enum schema_kind kind, const char *logical)
{
    static const struct {
        const char *word;
        enum schema_kind kind;
        enum time_unit unit;
    } units[] = {
        {"timestamp-millis", SCHEMA_LONG, UNIT_MILLIS}, {"local-timestamp-millis", SCHEMA_LONG, UNIT_MILLIS},
        {"timestamp-micros", SCHEMA_LONG, UNIT_MICROS}, {"local-timestamp-micros", SCHEMA_LONG, UNIT_MICROS},
        {"timestamp-nanos", SCHEMA_LONG, UNIT_NANOS},   {"local-timestamp-nanos", SCHEMA_LONG, UNIT_NANOS},
        {"date", SCHEMA_INT, UNIT_NOT_A_TIME},          {"time-millis", SCHEMA_INT, UNIT_NOT_A_TIME},
        {"time-micros", SCHEMA_LONG, UNIT_NOT_A_TIME},
    };
    for (size_t i = 0; logical != NULL && i < sizeof units / sizeof *units; i++) {
        if (kind == units[i].kind && strcmp(logical, units[i].word) == 0) {
            return units[i].unit;
        }
    }
    return UNIT_NONE; /* the specification: an unknown logical type is its base type */
}

static uint32_t least_size_of(enum schema_kind primitive)
{
    if (primitive == SCHEMA_NULL) {
        return 0;
    }
    return primitive == SCHEMA_DOUBLE ? 8 : primitive == SCHEMA_FLOAT ? 4 : 1;
}

static enum outcome vet_primitive(struct vetting *self, const json_t *json, enum schema_kind kind,
                                  const struct where *where, uint32_t *type, struct reason *why)
{
    enum time_unit unit = unit_of(kind, json_string_value(json_object_get(json, "logicalType")));
    if (unit == UNIT_NONE) {
        *type = (uint32_t)kind; /* the tables begin with the primitive types */
        return DONE;
    }
    struct schema_type new = {.kind = kind, .unit = unit, .least_size = least_size_of(kind)};
    return add_type(self, new, where, type, why);
}

static enum outcome vet_items(struct vetting *self, const json_t *json, const struct where *where, uint32_t *type,
                              struct reason *why)
{
    bool is_map = strcmp(json_string_value(json_object_get(json, "type")), "map") == 0;
    const char *key = is_map ? "values" : "items";
    const json_t *item = json_object_get(json, key);
    struct schema_type new = {.kind = is_map ? SCHEMA_MAP : SCHEMA_ARRAY, .least_size = 1};
    if (item == NULL) {
        return bad(where, why, "%s without %s", is_map ? "a map" : "an array", key);
    }
    struct where below = nested(where, key, 0);
    TRY(vet_type(self, item, &below, &new.item, why));
    return add_type(self, new, where, type, why);
}

/* A union may hold each unnamed type and each named one once, and no union. */
static enum outcome check_branches(struct vetting *self, uint32_t type, const struct where *where, struct reason *why)
{
    const struct schema_type *whole = schema_type(self->schema, type);
    unsigned kinds = 0;
    for (uint32_t i = 0; i < whole->count; i++) {
        struct where here = within(where, NULL, i);
        struct schema_type *branch = schema_type(self->schema, *schema_branch(self->schema, whole->first + i));
        char label[SCHEMA_LABEL_SIZE];
        if (branch->kind == SCHEMA_UNION) {
            return bad(&here, why, "a union inside a union");
        }
        bool named = schema_is_named(branch);
        if (named ? branch->mark == type : (kinds >> branch->kind & 1) != 0) {
            return bad(&here, why, "a second %s in a union", schema_label(branch, label));
        }
        branch->mark = type;
        kinds |= named ? 0 : 1u << branch->kind;
    }
    return DONE;
}

static enum outcome vet_union(struct vetting *self, const json_t *json, const struct where *where, uint32_t *type,
                              struct reason *why)
{
    struct schema_type new = {.kind = SCHEMA_UNION, .count = (uint32_t)json_array_size(json)};
    if (json_array_size(json) == 0) {
        return bad(where, why, "a union of nothing");
    }
    TRY(add_items(&self->schema->branches, json_array_size(json), sizeof(uint32_t), where, &new.first, why));
    new.least_size = UINT32_MAX;
    for (uint32_t i = 0; i < new.count; i++) {
        struct where below = nested(where, NULL, i);
        uint32_t branch;
        TRY(vet_type(self, json_array_get(json, i), &below, &branch, why));
        *schema_branch(self->schema, new.first + i) = branch;
        uint32_t least = add_sizes(1, schema_type(self->schema, branch)->least_size);
        new.least_size = least < new.least_size ? least : new.least_size;
    }
    TRY(add_type(self, new, where, type, why));
    return check_branches(self, *type, where, why);
}

/* ---- any type ---- */

static enum outcome vet_object(struct vetting *self, const json_t *json, struct span word, const struct where *where,
                               uint32_t *type, struct reason *why)
{
    static const struct {
        const char *word;
        vet_function *vet;
    } shapes[] = {
        {"record", vet_record}, {"error", vet_record}, {"enum", vet_enum},
        {"fixed", vet_fixed},   {"array", vet_items},  {"map", vet_items},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (span_equal(word, span_text(shapes[i].word))) {
            return shapes[i].vet(self, json, where, type, why);
        }
    }
    enum schema_kind primitive;
    if (schema_primitive(word, &primitive)) {
        return vet_primitive(self, json, primitive, where, type, why);
    }
    return vet_reference(self, word, where, type, why);
}

static enum outcome vet_type(struct vetting *self, const json_t *json, const struct where *where, uint32_t *type,
                             struct reason *why)
{
    if (where->depth > SCHEMA_DEPTH_MAX) {
        return bad(where, why, "types nested deeper than %d", SCHEMA_DEPTH_MAX);
    }
    if (json_is_string(json)) {
        return vet_reference(self, text_of(json), where, type, why);
    }
    if (json_is_array(json)) {
        return vet_union(self, json, where, type, why);
    }
    const json_t *inner = json_object_get(json, "type");
    if (inner == NULL) {
        return bad(where, why, "neither a type's name, nor a list, nor an object with a type");
    }
    if (json_is_string(inner)) {
        return vet_object(self, json, text_of(inner), where, type, why);
    }
    struct where below = nested(where, "type", 0);
    return vet_type(self, inner, &below, type, why);
}

/* ---- the whole ---- */

static struct schema *schema_new(void)
{
    struct schema *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    buffer_init(&self->types, SCHEMA_TYPES_MAX * sizeof(struct schema_type));
    buffer_init(&self->fields, SCHEMA_FIELDS_MAX * sizeof(struct schema_field));
    buffer_init(&self->branches, SCHEMA_BRANCHES_MAX * sizeof(uint32_t));
    buffer_init(&self->symbols, SCHEMA_SYMBOLS_MAX * sizeof(struct span));
    return self;
}

void schema_close(struct schema *self)
{
    if (self == NULL) {
        return;
    }
    buffer_done(&self->types);
    buffer_done(&self->fields);
    buffer_done(&self->branches);
    buffer_done(&self->symbols);
    json_decref(self->root);
    free(self);
}

static enum outcome vet_whole(struct schema *schema, struct reason *why)
{
    struct vetting self = {.schema = schema};
    struct where whole = {.depth = 1};
    buffer_init(&self.named, SCHEMA_TYPES_MAX * sizeof(struct named));
    enum outcome outcome = DONE;
    for (uint32_t i = 0; i < SCHEMA_PRIMITIVES && outcome == DONE; i++) {
        struct schema_type primitive = {.kind = (enum schema_kind)i, .least_size = least_size_of((enum schema_kind)i)};
        uint32_t type;
        outcome = add_type(&self, primitive, &whole, &type, why);
    }
    if (outcome == DONE) {
        outcome = vet_type(&self, schema->root, &whole, &schema->type, why);
    }
    buffer_done(&self.named);
    return outcome;
}

enum outcome schema_open(struct span text, struct schema **schema, struct reason *why)
{
    struct schema *self = schema_new();
    if (self == NULL) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "no memory for it");
    }
    enum outcome outcome = schema_parse_text(text, &self->root, why);
    if (outcome == DONE) {
        outcome = vet_whole(self, why);
    }
    if (outcome != DONE) {
        schema_close(self);
        return outcome;
    }
    *schema = self;
    return DONE;
}
