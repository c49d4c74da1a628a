/* bind.c - our fields: which of them a path is, how each is read, and what its default becomes. */
#include "plan.h"

#include "convert.h"

const struct interaction_field *field_bound(const char *path)
{
    for (size_t i = 0; path != NULL && i < interaction_field_count; i++) {
        if (strcmp(interaction_fields[i].path, path) == 0) {
            return &interaction_fields[i];
        }
    }
    return NULL;
}

/* A number is in seconds, unless the writer's logical type says that it is a time of day; a moment is no duration. */
static bool seconds_leaf(const struct schema_type *writer, enum leaf_op *op)
{
    static const struct {
        enum schema_kind kind;
        enum time_unit unit;
        enum leaf_op op;
    } leaves[] = {
        {SCHEMA_INT, UNIT_NONE, OP_SECONDS_INT},
        {SCHEMA_LONG, UNIT_NONE, OP_SECONDS_LONG},
        {SCHEMA_FLOAT, UNIT_NONE, OP_SECONDS_FLOAT},
        {SCHEMA_DOUBLE, UNIT_NONE, OP_SECONDS_DOUBLE},
        {SCHEMA_INT, UNIT_DAY_MILLIS, OP_INT}, /* ms they are */
        {SCHEMA_LONG, UNIT_DAY_MICROS, OP_SECONDS_MICROS},
    };
    for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++) {
        if (leaves[i].kind == writer->kind && leaves[i].unit == writer->unit) {
            *op = leaves[i].op;
            return true;
        }
    }
    return false;
}

/* The writer's unit counts; where it names none, ours. */
static bool time_leaf(const struct schema_type *writer, const struct schema_type *reader, enum leaf_op *op)
{
    switch (writer->unit != UNIT_NONE ? writer->unit : reader->unit) {
    case UNIT_NONE:
    case UNIT_MICROS:
        *op = writer->kind == SCHEMA_INT ? OP_INT : OP_LONG;
        return true;
    case UNIT_MILLIS:
        *op = OP_MILLIS;
        return true;
    case UNIT_NANOS:
        *op = OP_NANOS;
        return true;
    case UNIT_DAYS:
        *op = OP_DAYS;
        return true;
    case UNIT_DAY_MILLIS:
    case UNIT_DAY_MICROS:
        break;
    }
    return false;
}

bool field_leaf(const struct interaction_field *field, const struct schema_type *writer,
                const struct schema_type *reader, enum leaf_op *op)
{
    switch (field->type) {
    case FIELD_TEXT:
        *op = OP_TEXT;
        return reader->kind == SCHEMA_STRING;
    case FIELD_TIME:
        return reader->kind == SCHEMA_LONG && time_leaf(writer, reader, op);
    case FIELD_FLAG:
        *op = OP_FLAG;
        return reader->kind == SCHEMA_BOOLEAN;
    case FIELD_NUMBER:
        *op = writer->kind == SCHEMA_INT ? OP_INT : OP_LONG;
        return reader->kind == SCHEMA_INT || reader->kind == SCHEMA_LONG;
    case FIELD_SECONDS:
        return seconds_leaf(writer, op);
    case FIELD_KIND:
    case FIELD_CONTACT:
        break; /* enums are read by symbol, not by leaf */
    }
    return false;
}

/* ---- defaults ---- */

static uint32_t symbol_of(const struct schema *schema, const struct schema_type *type, const json_t *value)
{
    const char *word = json_string_value(value);
    for (uint32_t i = 0; word != NULL && i < type->count; i++) {
        if (span_equal(*schema_symbol(schema, type->first + i), span_text(word))) {
            return i;
        }
    }
    return SCHEMA_NONE;
}

/* Whether a JSON value can be the default of a type, as far as can be said without going into it. */
static bool default_fits(const struct schema *schema, const struct schema_type *type, const json_t *value)
{
    switch (type->kind) {
    case SCHEMA_NULL:
        return json_is_null(value);
    case SCHEMA_BOOLEAN:
        return json_is_boolean(value);
    case SCHEMA_INT:
        return json_is_integer(value) && json_integer_value(value) >= INT32_MIN &&
               json_integer_value(value) <= INT32_MAX;
    case SCHEMA_LONG:
        return json_is_integer(value);
    case SCHEMA_FLOAT:
    case SCHEMA_DOUBLE:
        return json_is_number(value);
    case SCHEMA_BYTES:
    case SCHEMA_STRING:
    case SCHEMA_FIXED:
        return json_is_string(value);
    case SCHEMA_ENUM:
        return symbol_of(schema, type, value) != SCHEMA_NONE;
    case SCHEMA_RECORD:
    case SCHEMA_MAP:
        return json_is_object(value);
    case SCHEMA_ARRAY:
        return json_is_array(value);
    case SCHEMA_UNION:
        break; /* no union is inside another, and compile_default goes into this one */
    }
    return false;
}

static bool default_number(const struct compiler *self, const struct interaction_field *field,
                           const struct schema_type *type, const json_t *value, int64_t *number)
{
    switch (field->type) {
    case FIELD_FLAG:
        *number = json_is_true(value);
        return type->kind == SCHEMA_BOOLEAN;
    case FIELD_NUMBER:
        *number = json_integer_value(value);
        return json_is_integer(value) && *number != ABSENT;
    case FIELD_SECONDS:
        return json_is_number(value) && ms_from_seconds(json_number_value(value), number);
    case FIELD_TIME:
        *number = json_integer_value(value);
        return type->kind == SCHEMA_LONG && *number != ABSENT &&
               (type->unit != UNIT_MILLIS || us_from_millis(*number, number));
    case FIELD_KIND:
    case FIELD_CONTACT:
        *number = symbol_of(self->readers, type, value);
        return type->kind == SCHEMA_ENUM;
    case FIELD_TEXT:
        break;
    }
    return false;
}

static enum outcome bad_default(const struct site *site, struct reason *why)
{
    return FAIL(why, SKIP, REASON_INCOMPATIBLE_SCHEMA, "%s: our schema's default does not fit its type",
                SITE_TEXT(site));
}

/* The plan keeps the text: a message that lacks the field has none to borrow. */
static void set_default_text(struct compiler *self, uint16_t target, const json_t *value, uint32_t place)
{
    struct span text = span_of(json_string_value(value), json_string_length(value));
    emit(self, STEP(OP_CONSTANT_TEXT, place, target, add_text(self, text), (uint32_t)text.size));
}

static enum outcome default_value(struct compiler *self, const struct schema_type *type, const json_t *value,
                                  const struct site *site, struct reason *why)
{
    const struct interaction_field *field = field_bound(site->path);
    if (field == NULL || type->kind == SCHEMA_NULL) {
        return DONE; /* nothing wants it, or it is absent, as everything is from the start */
    }
    if (field->type == FIELD_TEXT && type->kind == SCHEMA_STRING) {
        set_default_text(self, (uint16_t)field->offset, value, site->place);
        return DONE;
    }
    int64_t number;
    if (!default_number(self, field, type, value, &number)) {
        return bad_default(site, why);
    }
    if (site->conditional) {
        emit(self, STEP(OP_CONSTANT, site->place, (uint16_t)field->offset, (uint32_t)(uint64_t)number,
                        (uint32_t)((uint64_t)number >> 32)));
    } else {
        memcpy((uint8_t *)&self->plan->blank + field->offset, &number, sizeof number);
    }
    return DONE;
}

/* Each field of a record that is itself a default: what the default says, or else the field's own. */
static enum outcome default_record(struct compiler *self, const struct schema_type *type, const json_t *value,
                                   const struct site *site, struct reason *why)
{
    for (uint32_t i = 0; i < type->count; i++) {
        const struct schema_field *field = schema_field(self->readers, type->first + i);
        char path[SITE_PATH_SIZE];
        struct site below = site_below(self, site, field->name, path);
        const json_t *said = json_object_get(value, (const char *)field->name.data);
        said = said != NULL ? said : field->initial;
        if (said == NULL) {
            return bad_default(&below, why);
        }
        TRY(compile_default(self, field->type, said, &below, why));
    }
    return DONE;
}

enum outcome compile_default(struct compiler *self, uint32_t reader, const json_t *value, const struct site *site,
                             struct reason *why)
{
    const struct schema_type *type = schema_type(self->readers, reader);
    if (site->depth > SCHEMA_DEPTH_MAX) {
        return bad_default(site, why);
    }
    for (uint32_t i = 0; type->kind == SCHEMA_UNION && i < type->count; i++) {
        uint32_t branch = *schema_branch(self->readers, type->first + i);
        if (default_fits(self->readers, schema_type(self->readers, branch), value)) {
            return compile_default(self, branch, value, site, why);
        }
    }
    if (!default_fits(self->readers, type, value)) {
        return bad_default(site, why);
    }
    return type->kind == SCHEMA_RECORD ? default_record(self, type, value, site, why)
                                       : default_value(self, type, value, site, why);
}
