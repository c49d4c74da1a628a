/* names.c - the grammar of names (Avro 1.11 specification, "Names"), and how types are called in reasons. */
#include "schema.h"

#include <stdio.h>

static bool is_letter(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

bool name_is_word(struct span name)
{
    if (name.size == 0 || name.size > SCHEMA_NAME_MAX || !is_letter(name.data[0])) {
        return false;
    }
    for (size_t i = 1; i < name.size; i++) {
        if (!is_letter(name.data[i]) && !(name.data[i] >= '0' && name.data[i] <= '9')) {
            return false;
        }
    }
    return true;
}

bool name_is_dotted(struct span name)
{
    while (name.size <= SCHEMA_NAME_MAX) {
        const uint8_t *dot = name.size > 0 ? memchr(name.data, '.', name.size) : NULL;
        if (dot == NULL) {
            return name_is_word(name);
        }
        size_t word = (size_t)(dot - name.data);
        if (!name_is_word(span_of(name.data, word))) {
            return false;
        }
        name = span_of(dot + 1, name.size - word - 1);
    }
    return false;
}

void name_split(struct span full, struct span *space, struct span *name)
{
    const uint8_t *dot = full.size > 0 ? memrchr(full.data, '.', full.size) : NULL;
    size_t before = dot == NULL ? 0 : (size_t)(dot - full.data);
    *space = span_of(full.data, before);
    *name = dot == NULL ? full : span_of(dot + 1, full.size - before - 1);
}

static const char *const kind_words[SCHEMA_KINDS] = {
    [SCHEMA_NULL] = "null",   [SCHEMA_BOOLEAN] = "boolean", [SCHEMA_INT] = "int",       [SCHEMA_LONG] = "long",
    [SCHEMA_FLOAT] = "float", [SCHEMA_DOUBLE] = "double",   [SCHEMA_BYTES] = "bytes",   [SCHEMA_STRING] = "string",
    [SCHEMA_FIXED] = "fixed", [SCHEMA_ENUM] = "enum",       [SCHEMA_RECORD] = "record", [SCHEMA_ARRAY] = "array",
    [SCHEMA_MAP] = "map",     [SCHEMA_UNION] = "union",
};

bool schema_primitive(struct span name, enum schema_kind *kind)
{
    for (unsigned i = 0; i < SCHEMA_PRIMITIVES; i++) {
        if (span_equal(name, span_text(kind_words[i]))) {
            *kind = (enum schema_kind)i;
            return true;
        }
    }
    return false;
}

const char *schema_label(const struct schema_type *type, char text[SCHEMA_LABEL_SIZE])
{
    const char *word = kind_words[type->kind];
    if (!schema_is_named(type)) {
        snprintf(text, SCHEMA_LABEL_SIZE, "%s", word);
    } else if (type->space.size == 0) {
        snprintf(text, SCHEMA_LABEL_SIZE, "%s %.*s", word, SPAN_FORMAT(type->name));
    } else {
        snprintf(text, SCHEMA_LABEL_SIZE, "%s %.*s.%.*s", word, SPAN_FORMAT(type->space), SPAN_FORMAT(type->name));
    }
    return text;
}
