/* compile.c - schema resolution, once a schema: one of the writer's types and one of ours become steps.
 * Source: Avro 1.11 specification, "Schema Resolution". */
#include "plan.h"

#include <stdio.h>

struct site site_below(struct compiler *self, const struct site *up, struct span name, char path[SITE_PATH_SIZE])
{
    struct site below = *up;
    below.depth++;
    below.mapped = NULL;
    below.place = add_place(self, up->place, name);
    if (up->path != NULL) {
        int length =
            snprintf(path, SITE_PATH_SIZE, "%s%s%.*s", up->path, up->path[0] == '\0' ? "" : ".", SPAN_FORMAT(name));
        below.path = length < SITE_PATH_SIZE ? path : NULL;
    }
    return below;
}

/* "int", "null or int". */
static const char *our_label(const struct compiler *self, const struct schema_type *type, char text[SCHEMA_LABEL_SIZE])
{
    size_t length = 0;
    char label[SCHEMA_LABEL_SIZE];
    for (uint32_t i = 0; type->kind == SCHEMA_UNION && i < type->count && length < SCHEMA_LABEL_SIZE; i++) {
        const struct schema_type *branch = schema_type(self->readers, *schema_branch(self->readers, type->first + i));
        length += (size_t)snprintf(text + length, SCHEMA_LABEL_SIZE - length, "%s%s", i > 0 ? " or " : "",
                                   schema_label(branch, label));
    }
    return length > 0 ? text : schema_label(type, text);
}

static enum outcome unreadable(const struct compiler *self, const struct schema_type *writer,
                               const struct schema_type *reader, const struct site *site, struct reason *why)
{
    char theirs[SCHEMA_LABEL_SIZE];
    char ours[SCHEMA_LABEL_SIZE];
    return FAIL(why, SKIP, REASON_INCOMPATIBLE_SCHEMA, "%s: the writer's %.80s cannot be read as our %.60s",
                SITE_TEXT(site), schema_label(writer, theirs), our_label(self, reader, ours));
}

/* ---- values ---- */

/* Records are passed over by a routine each: types may refer to each other, and to themselves. */
static void call_routine(struct compiler *self, uint32_t type, uint32_t place)
{
    uint32_t *entry = (uint32_t *)(void *)self->entries.data + type;
    if (*entry == ROUTINE_NONE) {
        *entry = ROUTINE_WAITING;
        buffer_bytes(&self->waiting, &type, sizeof type);
    }
    emit(self, STEP(OP_CALL, place, NO_TARGET, type, 0));
}

static void pass_over(struct compiler *self, uint32_t type, uint32_t place)
{
    const struct schema_type *writer = schema_type(self->writers, type);
    switch (writer->kind) {
    case SCHEMA_BOOLEAN:
        emit(self, STEP(OP_PASS_FLAG, place, NO_TARGET, 0, 0));
        break;
    case SCHEMA_INT:
        emit(self, STEP(OP_PASS_INT, place, NO_TARGET, 0, 0));
        break;
    case SCHEMA_LONG:
        emit(self, STEP(OP_PASS_LONG, place, NO_TARGET, 0, 0));
        break;
    case SCHEMA_FLOAT:
    case SCHEMA_DOUBLE:
    case SCHEMA_FIXED:
        emit(self, STEP(OP_PASS_FIXED, place, NO_TARGET, writer->least_size, 0));
        break;
    case SCHEMA_BYTES:
    case SCHEMA_STRING:
        emit(self, STEP(OP_PASS_BYTES, place, NO_TARGET, 0, 0));
        break;
    case SCHEMA_ENUM:
        emit(self, STEP(OP_PASS_SYMBOL, place, NO_TARGET, 0, writer->count));
        break;
    case SCHEMA_RECORD:
        call_routine(self, type, place);
        break;
    case SCHEMA_NULL:
    case SCHEMA_ARRAY:
    case SCHEMA_MAP:
    case SCHEMA_UNION:
        break; /* null has no bytes; the others have been taken apart */
    }
}

/* By symbol: the value is the symbol's position in our enum. */
enum outcome compile_enum(struct compiler *self, const struct schema_type *writer, const struct schema_type *reader,
                          const struct site *site, struct reason *why)
{
    const struct interaction_field *field = field_bound(site->path);
    uint32_t most = reader->count;
    if (field != NULL) {
        most = field->type == FIELD_KIND ? EVENT_KINDS : field->type == FIELD_CONTACT ? CONTACT_OUTCOMES : 0;
    }
    if (reader->count > most) {
        return unreadable(self, writer, reader, site, why);
    }
    uint32_t table = add_entries(self, writer->count);
    for (uint32_t i = 0; i < writer->count; i++) {
        uint32_t value = reader->fallback != SCHEMA_NONE ? reader->fallback : UNKNOWN_SYMBOL;
        for (uint32_t j = 0; j < reader->count; j++) {
            if (span_equal(*schema_symbol(self->writers, writer->first + i),
                           *schema_symbol(self->readers, reader->first + j))) {
                value = j;
            }
        }
        set_entry(self, table + i, value);
    }
    if (field == NULL) {
        emit(self, STEP(OP_PASS_ENUM, site->place, NO_TARGET, table, writer->count));
    } else {
        emit(self, STEP(OP_ENUM, site->place, (uint16_t)field->offset, table, writer->count));
    }
    return DONE;
}

/* A field of ours that nothing is bound to is still text when it is a string. */
static enum outcome compile_value(struct compiler *self, uint32_t writer, const struct schema_type *reader,
                                  const struct site *site, struct reason *why)
{
    const struct schema_type *type = schema_type(self->writers, writer);
    const struct interaction_field *field = field_bound(site->path);
    if (type->kind == SCHEMA_NULL) {
        return DONE;
    }
    if (field == NULL) {
        if (reader->kind == SCHEMA_STRING) {
            emit(self, STEP(OP_PASS_TEXT, site->place, NO_TARGET, 0, 0));
        } else {
            pass_over(self, writer, site->place);
        }
        return DONE;
    }
    enum leaf_op op;
    if (!field_leaf(field, type, reader, &op)) {
        return unreadable(self, type, reader, site, why);
    }
    emit(self, STEP(op, site->place, (uint16_t)field->offset, 0, 0));
    return DONE;
}

/* ---- arrays and maps ---- */

static enum outcome compile_items(struct compiler *self, const struct schema_type *writer, uint32_t reader,
                                  const struct site *site, struct reason *why)
{
    bool is_map = writer->kind == SCHEMA_MAP;
    uint32_t least = schema_type(self->writers, writer->item)->least_size;
    least += is_map && least < UINT32_MAX; /* a key takes a byte at least */
    uint32_t begin = emit(self, STEP(OP_ARRAY, site->place, NO_TARGET, 0, least));
    uint32_t first = next_step(self);
    if (is_map) {
        emit(self, STEP(reader == SCHEMA_NONE ? OP_PASS_BYTES : OP_PASS_TEXT, site->place, NO_TARGET, 0, 0));
    }
    struct site below = {.path = NULL, .place = site->place, .depth = site->depth + 1, .conditional = true};
    uint32_t item = reader == SCHEMA_NONE ? SCHEMA_NONE : schema_type(self->readers, reader)->item;
    TRY(compile_type(self, writer->item, item, &below, why));
    emit(self, STEP(OP_NEXT, site->place, NO_TARGET, first, least));
    set_jump(self, begin, next_step(self));
    return DONE;
}

/* ---- records ---- */

uint32_t find_field(const struct schema *schema, const struct schema_type *record, struct span name)
{
    for (uint32_t i = 0; i < record->count; i++) {
        if (span_equal(schema_field(schema, record->first + i)->name, name)) {
            return i;
        }
    }
    return SCHEMA_NONE;
}

/* Beyond the specification: a producer that renames a field of ours in its own schema says so with an alias, and then
 * its events go on counting. */
static uint32_t renamed_by_writer(const struct compiler *self, const struct schema_type *writer,
                                  const struct schema_type *reader, const struct schema_field *field)
{
    static const struct span anywhere;
    for (uint32_t i = 0; i < writer->count; i++) {
        const struct schema_field *theirs = schema_field(self->writers, writer->first + i);
        if (schema_has_alias(theirs->aliases, anywhere, field->name) &&
            find_field(self->readers, reader, theirs->name) == SCHEMA_NONE) {
            return i;
        }
    }
    return SCHEMA_NONE;
}

/* The writer's field that one of ours is read from: by name, else by our alias, else by the writer's, but never one
 * that has another of our fields' names. SCHEMA_NONE: the writer lacks it. */
static uint32_t source_of(const struct compiler *self, const struct schema_type *writer,
                          const struct schema_type *reader, const struct schema_field *field)
{
    uint32_t found = find_field(self->writers, writer, field->name);
    for (size_t i = 0; found == SCHEMA_NONE && i < json_array_size(field->aliases); i++) {
        struct span alias = span_text(json_string_value(json_array_get(field->aliases, i)));
        if (find_field(self->readers, reader, alias) == SCHEMA_NONE) {
            found = find_field(self->writers, writer, alias);
        }
    }
    return found == SCHEMA_NONE ? renamed_by_writer(self, writer, reader, field) : found;
}

/* For each of the writer's fields: which of ours it is, or SCHEMA_NONE. For ours that it lacks: their defaults. */
static enum outcome match_fields(struct compiler *self, const struct schema_type *writer,
                                 const struct schema_type *reader, const struct site *site, uint32_t *ours,
                                 struct reason *why)
{
    for (uint32_t i = 0; i < writer->count; i++) {
        ours[i] = SCHEMA_NONE;
    }
    for (uint32_t i = 0; i < reader->count; i++) {
        const struct schema_field *field = schema_field(self->readers, reader->first + i);
        uint32_t source = source_of(self, writer, reader, field);
        if (source != SCHEMA_NONE && ours[source] == SCHEMA_NONE) {
            ours[source] = i;
            continue;
        }
        char path[SITE_PATH_SIZE];
        struct site below = site_below(self, site, field->name, path);
        if (field->initial == NULL) {
            return FAIL(why, SKIP, REASON_INCOMPATIBLE_SCHEMA, "%s: the writer lacks it, and it has no default",
                        SITE_TEXT(&below));
        }
        TRY(compile_default(self, field->type, field->initial, &below, why));
    }
    return DONE;
}

static enum outcome compile_fields(struct compiler *self, const struct schema_type *writer,
                                   const struct schema_type *reader, const struct site *site, const uint32_t *ours,
                                   struct reason *why)
{
    for (uint32_t i = 0; i < writer->count; i++) {
        const struct schema_field *theirs = schema_field(self->writers, writer->first + i);
        const struct schema_field *field =
            ours[i] == SCHEMA_NONE ? NULL : schema_field(self->readers, reader->first + ours[i]);
        char path[SITE_PATH_SIZE];
        struct site below = site_below(self, site, field == NULL ? theirs->name : field->name, path);
        TRY(compile_type(self, theirs->type, field == NULL ? SCHEMA_NONE : field->type, &below, why));
    }
    return DONE;
}

static enum outcome compile_record(struct compiler *self, const struct schema_type *writer,
                                   const struct schema_type *reader, const struct site *site, struct reason *why)
{
    struct buffer ours CLEANUP(buffer_done);
    buffer_init(&ours, SCHEMA_FIELDS_MAX * sizeof(uint32_t));
    uint32_t *room = (uint32_t *)(void *)buffer_reserve(&ours, writer->count * sizeof *room);
    if (room == NULL) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "no memory for it");
    }
    TRY(match_fields(self, writer, reader, site, room, why));
    return compile_fields(self, writer, reader, site, room, why);
}

/* ---- any type ---- */

/* Our union: its first branch that the writer's type can be read as. */
uint32_t choose_branch(const struct compiler *self, uint32_t writer, uint32_t reader)
{
    const struct schema_type *type = schema_type(self->readers, reader);
    for (uint32_t i = 0; type->kind == SCHEMA_UNION && i < type->count; i++) {
        uint32_t branch = *schema_branch(self->readers, type->first + i);
        if (schema_matches(self->writers, writer, self->readers, branch)) {
            return branch;
        }
    }
    return reader;
}

enum outcome compile_type(struct compiler *self, uint32_t writer, uint32_t reader, const struct site *site,
                          struct reason *why)
{
    const struct schema_type *theirs = schema_type(self->writers, writer);
    if (plan_is_full(self)) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "too large: more than %d steps to read it", PLAN_STEPS_MAX);
    }
    if (site->depth > 2 * SCHEMA_DEPTH_MAX) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "%s: nested too deep", SITE_TEXT(site));
    }
    if (theirs->kind == SCHEMA_UNION) {
        return compile_union(self, writer, reader, site, why);
    }
    if (site->mapped != NULL) {
        return compile_mapped(self, writer, site, why);
    }
    bool is_list = theirs->kind == SCHEMA_ARRAY || theirs->kind == SCHEMA_MAP;
    if (reader == SCHEMA_NONE) {
        if (is_list) {
            return compile_items(self, theirs, SCHEMA_NONE, site, why);
        }
        if (theirs->least_size > 0) {
            pass_over(self, writer, site->place);
        }
        return DONE;
    }
    reader = choose_branch(self, writer, reader);
    const struct schema_type *ours = schema_type(self->readers, reader);
    if (ours->kind == SCHEMA_UNION || !schema_matches(self->writers, writer, self->readers, reader)) {
        return unreadable(self, theirs, ours, site, why);
    }
    if (is_list) {
        return compile_items(self, theirs, reader, site, why);
    }
    if (theirs->kind == SCHEMA_RECORD) {
        return compile_record(self, theirs, ours, site, why);
    }
    return theirs->kind == SCHEMA_ENUM ? compile_enum(self, theirs, ours, site, why)
                                       : compile_value(self, writer, ours, site, why);
}
