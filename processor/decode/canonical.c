/* canonical.c - a schema in Parsing Canonical Form: what of it decides how bytes are read, written in one way only. */
#include "schema.h"

#include <stdlib.h>

#define CANONICAL_SIZE_MAX (16u << 20) /* names are written out in full: longer than the text it came from */

struct canonical {
    const struct schema *schema;
    struct buffer *out;
    uint8_t *written; /* one a type: a named one is defined where it stands first, and named from then on */
};

static void put_type(struct canonical *self, uint32_t type);

static void put_text(struct canonical *self, const char *text)
{
    buffer_bytes(self->out, text, strlen(text));
}

/* Names and symbols are letters, digits, _ and dots: nothing to escape. */
static void put_quoted(struct canonical *self, struct span text)
{
    put_text(self, "\"");
    buffer_bytes(self->out, text.data, text.size);
    put_text(self, "\"");
}

static void put_full_name(struct canonical *self, const struct schema_type *type)
{
    put_text(self, "\"");
    if (type->space.size > 0) {
        buffer_bytes(self->out, type->space.data, type->space.size);
        put_text(self, ".");
    }
    buffer_bytes(self->out, type->name.data, type->name.size);
    put_text(self, "\"");
}

static void put_record(struct canonical *self, const struct schema_type *type)
{
    put_text(self, ",\"type\":\"record\",\"fields\":[");
    for (uint32_t i = 0; i < type->count; i++) {
        const struct schema_field *field = schema_field(self->schema, type->first + i);
        put_text(self, i > 0 ? ",{\"name\":" : "{\"name\":");
        put_quoted(self, field->name);
        put_text(self, ",\"type\":");
        put_type(self, field->type);
        put_text(self, "}");
    }
    put_text(self, "]");
}

static void put_enum(struct canonical *self, const struct schema_type *type)
{
    put_text(self, ",\"type\":\"enum\",\"symbols\":[");
    for (uint32_t i = 0; i < type->count; i++) {
        put_text(self, i > 0 ? "," : "");
        put_quoted(self, *schema_symbol(self->schema, type->first + i));
    }
    put_text(self, "]");
}

static void put_named(struct canonical *self, uint32_t number)
{
    const struct schema_type *type = schema_type(self->schema, number);
    if (self->written[number]) {
        put_full_name(self, type);
        return;
    }
    self->written[number] = 1;
    put_text(self, "{\"name\":");
    put_full_name(self, type);
    if (type->kind == SCHEMA_RECORD) {
        put_record(self, type);
    } else if (type->kind == SCHEMA_ENUM) {
        put_enum(self, type);
    } else {
        buffer_text(self->out, ",\"type\":\"fixed\",\"size\":%u", type->size);
    }
    put_text(self, "}");
}

static void put_union(struct canonical *self, const struct schema_type *type)
{
    put_text(self, "[");
    for (uint32_t i = 0; i < type->count; i++) {
        put_text(self, i > 0 ? "," : "");
        put_type(self, *schema_branch(self->schema, type->first + i));
    }
    put_text(self, "]");
}

/* As deep as the text is nested, which was bounded: a type that holds itself does so by its name. */
static void put_type(struct canonical *self, uint32_t number)
{
    static const char *const primitives[SCHEMA_PRIMITIVES] = {
        [SCHEMA_NULL] = "\"null\"",   [SCHEMA_BOOLEAN] = "\"boolean\"", [SCHEMA_INT] = "\"int\"",
        [SCHEMA_LONG] = "\"long\"",   [SCHEMA_FLOAT] = "\"float\"",     [SCHEMA_DOUBLE] = "\"double\"",
        [SCHEMA_BYTES] = "\"bytes\"", [SCHEMA_STRING] = "\"string\"",
    };
    const struct schema_type *type = schema_type(self->schema, number);
    if (schema_is_named(type)) {
        put_named(self, number);
    } else if (type->kind == SCHEMA_UNION) {
        put_union(self, type);
    } else if (type->kind == SCHEMA_ARRAY || type->kind == SCHEMA_MAP) {
        put_text(self, type->kind == SCHEMA_MAP ? "{\"type\":\"map\",\"values\":" : "{\"type\":\"array\",\"items\":");
        put_type(self, type->item);
        put_text(self, "}");
    } else {
        put_text(self, primitives[type->kind]); /* without its logical type */
    }
}

enum outcome schema_canonical(struct span text, struct buffer *out, struct reason *why)
{
    struct schema *schema;
    TRY(schema_open(text, &schema, why));
    struct canonical self = {schema, out, calloc(SCHEMA_TYPES_MAX, 1)};
    if (self.written == NULL) {
        schema_close(schema);
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "no memory for its canonical form");
    }
    put_type(&self, schema->type);
    free(self.written);
    schema_close(schema);
    if (out->overflow) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "its canonical form is larger than %zu bytes", out->ceiling);
    }
    return DONE;
}

enum outcome schema_fingerprint(struct span schema, uint64_t *fingerprint, struct reason *why)
{
    struct buffer out CLEANUP(buffer_done);
    buffer_init(&out, CANONICAL_SIZE_MAX);
    TRY(schema_canonical(schema, &out, why));
    *fingerprint = crc64_avro(buffer_as_span(&out));
    return DONE;
}
