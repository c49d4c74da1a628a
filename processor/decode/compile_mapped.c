/* compile_mapped.c - a writer's schema of any names under a mapping: each of our fields is read from a path in the
 * writer's record, which is gone through once. Names of records and enums are not compared: the mapping says what is
 * what. */
#include "plan.h"

#include <stdio.h>

/* Of the same full name as ours: written with our own schema, or a version of it. */
bool mapping_applies(const struct compiler *self)
{
    const struct schema_type *writer = schema_type(self->writers, self->writers->type);
    const struct schema_type *reader = schema_type(self->readers, self->readers->type);
    return self->plan->mapping != NULL && !(writer->kind == SCHEMA_RECORD && span_equal(writer->name, reader->name) &&
                                            span_equal(writer->space, reader->space));
}

/* A record's field, or that of the first record in a union that has it; NULL: there is none. */
static const struct schema_field *field_of(const struct schema *schema, const struct schema_type *type,
                                           struct span name)
{
    if (type->kind == SCHEMA_RECORD) {
        uint32_t at = find_field(schema, type, name);
        return at != SCHEMA_NONE ? schema_field(schema, type->first + at) : NULL;
    }
    const struct schema_field *found = NULL;
    for (uint32_t i = 0; type->kind == SCHEMA_UNION && found == NULL && i < type->count; i++) {
        const struct schema_type *branch = schema_type(schema, *schema_branch(schema, type->first + i));
        found = branch->kind == SCHEMA_RECORD ? field_of(schema, branch, name) : NULL;
    }
    return found;
}

/* The field at a path; NULL: there is none. Never goes back: a hostile schema has as many ways down as it likes. */
static const struct schema_field *field_at(const struct schema *schema, uint32_t type, const char *path)
{
    for (;;) {
        size_t word = strcspn(path, ".");
        const struct schema_field *field = field_of(schema, schema_type(schema, type), span_of(path, word));
        if (field == NULL || path[word] == '\0') {
            return field;
        }
        type = field->type;
        path += word + 1;
    }
}

/* ---- where each field comes from ---- */

static enum outcome set_constant(struct compiler *self, const struct interaction_field *field,
                                 const struct field_rule *rule)
{
    if (field->type == FIELD_TEXT) {
        struct span text = span_text(rule->constant);
        emit(self,
             STEP(OP_CONSTANT_TEXT, PLACE_NONE, (uint16_t)field->offset, add_text(self, text), (uint32_t)text.size));
    } else {
        memcpy((uint8_t *)&self->plan->blank + field->offset, &rule->constant_value, sizeof rule->constant_value);
    }
    return DONE;
}

/* Of a rule's paths, the first that the writer has. */
static const char *source_of_rule(const struct compiler *self, const struct field_rule *rule, const char *own)
{
    const char *const *paths = rule->given ? rule->from : &own;
    size_t count = rule->given ? rule->from_count : 1;
    for (size_t i = 0; i < count; i++) {
        if (field_at(self->writers, self->writers->type, paths[i]) != NULL) {
            return paths[i];
        }
    }
    return NULL;
}

static enum outcome find_source(struct compiler *self, size_t index, struct reason *why)
{
    const struct interaction_field *field = &interaction_fields[index];
    const struct field_rule *rule = mapped_rule(self->plan, index);
    const struct schema_field *ours = field_at(self->readers, self->readers->type, field->path);
    if (ours == NULL && rule->given) {
        return FAIL(why, SKIP, REASON_INCOMPATIBLE_SCHEMA, "%s: the mapping has it, and our schema has not",
                    field->path);
    }
    if (ours == NULL) {
        return DONE;
    }
    if (rule->constant != NULL) {
        return set_constant(self, field, rule);
    }
    self->sources[index] = source_of_rule(self, rule, field->path);
    if (self->sources[index] != NULL) {
        return DONE;
    }
    if (ours->initial == NULL) {
        return FAIL(why, SKIP, REASON_INCOMPATIBLE_SCHEMA,
                    "%s: the writer lacks %.80s, and the mapping has nothing else", field->path,
                    rule->given ? rule->from[0] : "it");
    }
    struct site site = {.path = field->path, .place = PLACE_NONE};
    return compile_default(self, ours->type, ours->initial, &site, why);
}

/* ---- values ---- */

static bool source_of_kind(enum schema_kind kind, enum mapped_source *source)
{
    static const struct {
        enum schema_kind kind;
        enum mapped_source source;
    } rows[] = {
        {SCHEMA_STRING, MAPPED_TEXT},   {SCHEMA_BYTES, MAPPED_TEXT},  {SCHEMA_BOOLEAN, MAPPED_FLAG},
        {SCHEMA_INT, MAPPED_INT},       {SCHEMA_LONG, MAPPED_LONG},   {SCHEMA_FLOAT, MAPPED_FLOAT},
        {SCHEMA_DOUBLE, MAPPED_DOUBLE}, {SCHEMA_ENUM, MAPPED_SYMBOL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].kind == kind) {
            *source = rows[i].source;
            return true;
        }
    }
    return false;
}

static bool counts_from_epoch(const struct field_rule *rule)
{
    bool counts = false;
    for (size_t i = 0; i < rule->values.times.count; i++) {
        counts = counts || strncmp(rule->values.times.formats[i], "epoch_", 6) == 0;
    }
    return counts;
}

/* Whether mapped.c can make the field from what it reads. */
static bool is_mappable(const struct interaction_field *field, const struct field_rule *rule, enum mapped_source source)
{
    switch (source) {
    case MAPPED_TEXT:
    case MAPPED_SYMBOL:
        return true;
    case MAPPED_FLAG:
        return rule->has_map;
    case MAPPED_INT:
    case MAPPED_LONG:
        if (rule->has_map || field->type == FIELD_FLAG) {
            return true;
        }
        break;
    case MAPPED_FLOAT:
    case MAPPED_DOUBLE:
        if (rule->has_map) {
            return false;
        }
        break;
    }
    return field->type == FIELD_SECONDS || (field->type == FIELD_TIME && counts_from_epoch(rule));
}

static uint32_t add_symbols(struct compiler *self, const struct schema_type *type)
{
    uint32_t table = add_entries(self, 1 + 2 * type->count);
    set_entry(self, table, type->count);
    for (uint32_t i = 0; i < type->count; i++) {
        struct span symbol = *schema_symbol(self->writers, type->first + i);
        set_entry(self, table + 1 + 2 * i, add_text(self, symbol));
        set_entry(self, table + 2 + 2 * i, (uint32_t)symbol.size);
    }
    return table;
}

/* A value that needs neither map nor unit is read as it would be without a mapping, where it can be. */
static bool compile_as_it_is(struct compiler *self, uint32_t writer, uint32_t reader, const struct site *site,
                             enum outcome *outcome, struct reason *why)
{
    const struct interaction_field *field = &interaction_fields[site->mapped->field];
    const struct field_rule *rule = mapped_rule(self->plan, site->mapped->field);
    const struct schema_type *theirs = schema_type(self->writers, writer);
    enum leaf_op op;
    if (rule->has_map || rule->values.factor != 1 || (rule->has_times && theirs->unit == UNIT_NONE)) {
        return false;
    }
    const struct schema_type *whole = schema_type(self->readers, reader);
    for (uint32_t i = 0; theirs->kind == SCHEMA_ENUM && i < (whole->kind == SCHEMA_UNION ? whole->count : 1); i++) {
        const struct schema_type *ours =
            whole->kind == SCHEMA_UNION ? schema_type(self->readers, *schema_branch(self->readers, whole->first + i))
                                        : whole;
        if (ours->kind == SCHEMA_ENUM) {
            *outcome = compile_enum(self, theirs, ours, site, why);
            return true;
        }
    }
    reader = choose_branch(self, writer, reader);
    const struct schema_type *ours = schema_type(self->readers, reader);
    if (ours->kind == SCHEMA_UNION || !schema_matches(self->writers, writer, self->readers, reader) ||
        !field_leaf(field, theirs, ours, &op)) {
        return false;
    }
    emit(self, STEP(op, site->place, (uint16_t)field->offset, 0, 0));
    *outcome = DONE;
    return true;
}

static enum outcome compile_mapped_leaf(struct compiler *self, uint32_t writer, const struct site *site,
                                        struct reason *why)
{
    size_t index = site->mapped->field;
    const struct interaction_field *field = &interaction_fields[index];
    const struct schema_type *theirs = schema_type(self->writers, writer);
    const struct schema_field *ours = field_at(self->readers, self->readers->type, field->path);
    enum outcome outcome;
    enum mapped_source source;
    if (theirs->kind == SCHEMA_NULL) {
        return DONE; /* absent, as it is from the start */
    }
    if (compile_as_it_is(self, writer, ours->type, site, &outcome, why)) {
        return outcome;
    }
    if (!source_of_kind(theirs->kind, &source) || !is_mappable(field, mapped_rule(self->plan, index), source)) {
        char label[SCHEMA_LABEL_SIZE];
        return FAIL(why, SKIP, REASON_INCOMPATIBLE_SCHEMA,
                    "%s: the mapping cannot read it from the writer's %.60s, a %.60s", field->path,
                    site->mapped->theirs, schema_label(theirs, label));
    }
    uint32_t table = source == MAPPED_SYMBOL ? add_symbols(self, theirs) : 0;
    emit(self, STEP(OP_MAPPED, site->place, (uint16_t)field->offset, MAPPED(source, index), table));
    return DONE;
}

/* ---- records ---- */

static bool is_below(const char *path, const char *up)
{
    size_t size = strlen(up);
    return path != NULL && strncmp(path, up, size) == 0 && path[size] == '.';
}

/* One of the writer's fields: read into each of ours that comes from it, or gone into, or passed over. */
static enum outcome compile_mapped_field(struct compiler *self, uint32_t type, const struct site *at,
                                         struct reason *why)
{
    struct mapped_site mapped = *at->mapped;
    struct site site = *at;
    size_t left = 0;
    bool any_below = false;
    for (size_t i = 0; i < INTERACTION_FIELDS; i++) {
        left += self->sources[i] != NULL && strcmp(self->sources[i], mapped.theirs) == 0;
        any_below = any_below || is_below(self->sources[i], mapped.theirs);
    }
    if (left == 0) {
        site.mapped = any_below ? &mapped : NULL;
        return compile_type(self, type, SCHEMA_NONE, &site, why);
    }
    site.mapped = &mapped;
    for (size_t i = 0; i < INTERACTION_FIELDS; i++) {
        if (self->sources[i] == NULL || strcmp(self->sources[i], mapped.theirs) != 0) {
            continue;
        }
        mapped.field = i;
        site.path = interaction_fields[i].path;
        if (left > 1) {
            emit(self, STEP(OP_MARK, site.place, NO_TARGET, 0, 0));
        }
        TRY(compile_type(self, type, SCHEMA_NONE, &site, why));
        if (left > 1) {
            emit(self, STEP(OP_REWIND, site.place, NO_TARGET, 0, 0));
        }
        left--;
    }
    return DONE;
}

static enum outcome compile_mapped_record(struct compiler *self, const struct schema_type *record,
                                          const struct site *site, struct reason *why)
{
    for (uint32_t i = 0; i < record->count; i++) {
        const struct schema_field *field = schema_field(self->writers, record->first + i);
        const char *up = site->mapped->theirs;
        char path[MAPPED_PATH_SIZE];
        int length = snprintf(path, sizeof path, "%s%s%.*s", up, up[0] != '\0' ? "." : "", SPAN_FORMAT(field->name));
        struct mapped_site mapped = {length < MAPPED_PATH_SIZE ? path : "", INTERACTION_FIELDS};
        struct site below = site_below(self, site, field->name, NULL);
        below.mapped = &mapped;
        TRY(compile_mapped_field(self, field->type, &below, why));
    }
    return DONE;
}

enum outcome compile_mapped(struct compiler *self, uint32_t writer, const struct site *site, struct reason *why)
{
    const struct schema_type *theirs = schema_type(self->writers, writer);
    if (site->mapped->field < INTERACTION_FIELDS) {
        return compile_mapped_leaf(self, writer, site, why);
    }
    if (theirs->kind == SCHEMA_RECORD) {
        return compile_mapped_record(self, theirs, site, why);
    }
    struct site over = *site;
    over.mapped = NULL;
    return compile_type(self, writer, SCHEMA_NONE, &over, why);
}

enum outcome compile_mapping(struct compiler *self, struct reason *why)
{
    const struct schema_type *writer = schema_type(self->writers, self->writers->type);
    struct mapped_site whole = {"", INTERACTION_FIELDS};
    struct site site = {.place = PLACE_NONE, .mapped = &whole};
    char label[SCHEMA_LABEL_SIZE];
    if (writer->kind != SCHEMA_RECORD) {
        return FAIL(why, SKIP, REASON_INCOMPATIBLE_SCHEMA,
                    "the record: a mapping reads a record, the writer's is a %.80s", schema_label(writer, label));
    }
    for (size_t i = 0; i < INTERACTION_FIELDS; i++) {
        TRY(find_source(self, i, why));
    }
    return compile_mapped_record(self, writer, &site, why);
}
