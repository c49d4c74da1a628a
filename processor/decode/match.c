/* match.c - which writers' types can be read as which of ours (Avro 1.11 specification, "Schema Resolution"). */
#include "schema.h"

bool schema_has_alias(const json_t *aliases, struct span space, struct span name)
{
    for (size_t i = 0; i < json_array_size(aliases); i++) {
        const json_t *alias = json_array_get(aliases, i);
        struct span alias_space;
        struct span alias_name;
        name_split(span_of(json_string_value(alias), json_string_length(alias)), &alias_space, &alias_name);
        /* An alias without a namespace is matched as names are: by its last part. */
        if (span_equal(alias_name, name) && (alias_space.size == 0 || span_equal(alias_space, space))) {
            return true;
        }
    }
    return false;
}

/* The specification compares names without their namespaces, and so does Java; our aliases may name a writer's type. */
static bool names_match(const struct schema_type *writer, const struct schema_type *reader)
{
    return span_equal(writer->name, reader->name) || schema_has_alias(reader->aliases, writer->space, writer->name);
}

static bool promotes(enum schema_kind writer, enum schema_kind reader)
{
    static const unsigned targets[SCHEMA_KINDS] = {
        [SCHEMA_INT] = 1u << SCHEMA_LONG | 1u << SCHEMA_FLOAT | 1u << SCHEMA_DOUBLE,
        [SCHEMA_LONG] = 1u << SCHEMA_FLOAT | 1u << SCHEMA_DOUBLE,
        [SCHEMA_FLOAT] = 1u << SCHEMA_DOUBLE,
        [SCHEMA_STRING] = 1u << SCHEMA_BYTES,
        [SCHEMA_BYTES] = 1u << SCHEMA_STRING,
    };
    return (targets[writer] >> reader & 1) != 0;
}

bool schema_matches(const struct schema *writers, uint32_t writer, const struct schema *readers, uint32_t reader)
{
    const struct schema_type *w = schema_type(writers, writer);
    const struct schema_type *r = schema_type(readers, reader);
    if (w->kind == SCHEMA_UNION || r->kind == SCHEMA_UNION) {
        return true;
    }
    if (w->kind != r->kind) {
        return promotes(w->kind, r->kind);
    }
    if (w->kind == SCHEMA_ARRAY || w->kind == SCHEMA_MAP) {
        return schema_matches(writers, w->item, readers, r->item);
    }
    if (schema_is_named(w)) {
        return names_match(w, r) && w->size == r->size; /* only a fixed has a size */
    }
    return true;
}
