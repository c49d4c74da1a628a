/* vet.c - a schema's JSON becomes flat tables, or a reason why it may not. Writers' schemas come from outside. */
#include "vet.h"

#include <stdlib.h>

static vet_function vet_type;

static void object_close(json_t **object)
{
    json_decref(*object);
}

/* Consecutive room for a list's items, which are filled in one by one. */
static enum outcome add_items(struct buffer *table, size_t count, size_t size, const struct where *where,
                              uint32_t *first, struct reason *why)
{
    uint8_t *room = count <= SCHEMA_TYPES_MAX ? buffer_reserve(table, count * size) : NULL;
    if (room == NULL) {
        return VET_FAIL(where, why, "the schema has more than %zu of these", table->ceiling / size);
    }
    memset(room, 0, count * size);
    *first = (uint32_t)(table->size / size);
    table->size += count * size;
    return DONE;
}

/* ---- named types ---- */

static enum outcome vet_field(struct vetting *self, const json_t *json, const struct where *where,
                              struct schema_field *field, struct reason *why)
{
    const json_t *name = json_object_get(json, "name");
    const json_t *type = json_object_get(json, "type");
    if (!json_is_string(name) || !name_is_word(text_of(name))) {
        return VET_FAIL(where, why, "a field has no name, or one with characters that names may not have");
    }
    if (type == NULL) {
        return VET_FAIL(where, why, "field %.80s has no type", json_string_value(name));
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
            return VET_FAIL(&here, why, "a second field named %.*s", SPAN_FORMAT(field.name));
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
    TRY(vet_begin_named(self, json, SCHEMA_RECORD, where, type, why));
    const json_t *fields = json_object_get(json, "fields");
    struct where list = within(where, "fields", 0);
    if (!json_is_array(fields)) {
        return VET_FAIL(&list, why, "a record without a list of fields");
    }
    uint32_t first = 0;
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
            return VET_FAIL(&here, why, "a symbol with characters that names may not have");
        }
        if (json_object_get(seen, json_string_value(symbol)) != NULL) {
            return VET_FAIL(&here, why, "symbol %.80s comes a second time", json_string_value(symbol));
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
    return VET_FAIL(where, why, "the default is not one of the symbols");
}

static enum outcome vet_enum(struct vetting *self, const json_t *json, const struct where *where, uint32_t *type,
                             struct reason *why)
{
    TRY(vet_begin_named(self, json, SCHEMA_ENUM, where, type, why));
    const json_t *symbols = json_object_get(json, "symbols");
    struct where list = within(where, "symbols", 0);
    if (!json_is_array(symbols)) {
        return VET_FAIL(&list, why, "an enum without a list of symbols");
    }
    uint32_t first = 0;
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
    TRY(vet_begin_named(self, json, SCHEMA_FIXED, where, type, why));
    const json_t *size = json_object_get(json, "size");
    if (!json_is_integer(size) || json_integer_value(size) < 0 || json_integer_value(size) > SCHEMA_FIXED_MAX) {
        return VET_FAIL(where, why, "a fixed needs a size from 0 to %d", SCHEMA_FIXED_MAX);
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
        {"timestamp-millis", SCHEMA_LONG, UNIT_MILLIS},
        {"local-timestamp-millis", SCHEMA_LONG, UNIT_MILLIS},
        {"timestamp-micros", SCHEMA_LONG, UNIT_MICROS},
        {"local-timestamp-micros", SCHEMA_LONG, UNIT_MICROS},
        {"timestamp-nanos", SCHEMA_LONG, UNIT_NANOS},
        {"local-timestamp-nanos", SCHEMA_LONG, UNIT_NANOS},
        {"date", SCHEMA_INT, UNIT_DAYS},
        {"time-millis", SCHEMA_INT, UNIT_DAY_MILLIS},
        {"time-micros", SCHEMA_LONG, UNIT_DAY_MICROS},
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
    return vet_add_type(self, new, where, type, why);
}

static enum outcome vet_items(struct vetting *self, const json_t *json, const struct where *where, uint32_t *type,
                              struct reason *why)
{
    bool is_map = strcmp(json_string_value(json_object_get(json, "type")), "map") == 0;
    const char *key = is_map ? "values" : "items";
    const json_t *item = json_object_get(json, key);
    struct schema_type new = {.kind = is_map ? SCHEMA_MAP : SCHEMA_ARRAY, .least_size = 1};
    if (item == NULL) {
        return VET_FAIL(where, why, "%s without %s", is_map ? "a map" : "an array", key);
    }
    struct where below = nested(where, key, 0);
    TRY(vet_type(self, item, &below, &new.item, why));
    return vet_add_type(self, new, where, type, why);
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
            return VET_FAIL(&here, why, "a union inside a union");
        }
        bool named = schema_is_named(branch);
        if (named ? branch->mark == type : (kinds >> branch->kind & 1) != 0) {
            return VET_FAIL(&here, why, "a second %s in a union", schema_label(branch, label));
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
        return VET_FAIL(where, why, "a union of nothing");
    }
    TRY(add_items(&self->schema->branches, json_array_size(json), sizeof(uint32_t), where, &new.first, why));
    new.least_size = UINT32_MAX;
    for (uint32_t i = 0; i < new.count; i++) {
        struct where below = nested(where, NULL, i);
        uint32_t branch = 0;
        TRY(vet_type(self, json_array_get(json, i), &below, &branch, why));
        *schema_branch(self->schema, new.first + i) = branch;
        uint32_t least = add_sizes(1, schema_type(self->schema, branch)->least_size);
        new.least_size = least < new.least_size ? least : new.least_size;
    }
    TRY(vet_add_type(self, new, where, type, why));
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
        return VET_FAIL(where, why, "types nested deeper than %d", SCHEMA_DEPTH_MAX);
    }
    if (json_is_string(json)) {
        return vet_reference(self, text_of(json), where, type, why);
    }
    if (json_is_array(json)) {
        return vet_union(self, json, where, type, why);
    }
    const json_t *inner = json_object_get(json, "type");
    if (inner == NULL) {
        return VET_FAIL(where, why, "neither a type's name, nor a list, nor an object with a type");
    }
    if (json_is_string(inner)) {
        return vet_object(self, json, text_of(inner), where, type, why);
    }
    struct where below = nested(where, "type", 0);
    return vet_type(self, inner, &below, type, why);
}

/* ---- the whole ---- */

static void slots_close(uint32_t **slots)
{
    free(*slots);
}

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
    struct where whole = {.depth = 1};
    uint32_t *slots CLEANUP(slots_close) = calloc(VET_SLOTS, sizeof *slots);
    struct vetting self = {.schema = schema, .slots = slots};
    if (slots == NULL) {
        return VET_FAIL(&whole, why, "no memory for it");
    }
    for (uint32_t i = 0; i < SCHEMA_PRIMITIVES; i++) {
        struct schema_type primitive = {.kind = (enum schema_kind)i, .least_size = least_size_of((enum schema_kind)i)};
        uint32_t type;
        TRY(vet_add_type(&self, primitive, &whole, &type, why));
    }
    return vet_type(&self, schema->root, &whole, &schema->type, why);
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
