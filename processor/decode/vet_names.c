/* vet_names.c - the vetting of names: those of types, those that types are referred to by, and aliases. */
#include "vet.h"

#include <stdio.h>

static size_t append_where(const struct where *where, char *text, size_t size)
{
    if (where->up == NULL) {
        return (size_t)snprintf(text, size, "$");
    }
    size_t length = append_where(where->up, text, size);
    if (length >= size) {
        return length;
    }
    int more = where->key != NULL ? snprintf(text + length, size - length, ".%s", where->key)
                                  : snprintf(text + length, size - length, "[%zu]", where->index);
    return length + (size_t)more;
}

const char *where_text(const struct where *where, char text[WHERE_TEXT_SIZE])
{
    (void)append_where(where, text, WHERE_TEXT_SIZE);
    return text;
}

enum outcome vet_add_type(struct vetting *self, struct schema_type new, const struct where *where, uint32_t *type,
                          struct reason *why)
{
    struct buffer *types = &self->schema->types;
    size_t count = types->size / sizeof new;
    new.mark = SCHEMA_NONE;
    buffer_bytes(types, &new, sizeof new);
    if (types->overflow) {
        return VET_FAIL(where, why, "more than %u types", SCHEMA_TYPES_MAX);
    }
    *type = (uint32_t)count;
    return DONE;
}

/* The slot of a full name: its type's, or the empty one where it belongs. Never all are taken. */
static uint32_t *find_slot(const struct vetting *self, struct span space, struct span name)
{
    for (uint64_t at = hash64(name, hash64(space, 0));; at++) {
        uint32_t *slot = &self->slots[at & (VET_SLOTS - 1)];
        const struct schema_type *type = schema_type(self->schema, *slot);
        if (*slot == SCHEMA_NULL || (span_equal(type->name, name) && span_equal(type->space, space))) {
            return slot;
        }
    }
}

enum outcome vet_reference(struct vetting *self, struct span full, const struct where *where, uint32_t *type,
                           struct reason *why)
{
    enum schema_kind primitive;
    if (schema_primitive(full, &primitive)) {
        *type = (uint32_t)primitive;
        return DONE;
    }
    if (!name_is_dotted(full)) {
        return VET_FAIL(where, why, "a type's name is empty or has characters that names may not have");
    }
    struct span space;
    struct span name;
    name_split(full, &space, &name);
    uint32_t found = *find_slot(self, space.size > 0 ? space : where->space, name);
    if (found == SCHEMA_NULL && space.size == 0) {
        found = *find_slot(self, space, name);
    }
    if (found == SCHEMA_NULL) {
        return VET_FAIL(where, why, "unknown type %.*s", SPAN_FORMAT(full));
    }
    *type = found;
    return DONE;
}

enum outcome vet_aliases(const json_t *json, const struct where *where, const json_t **aliases, struct reason *why)
{
    *aliases = json_object_get(json, "aliases");
    struct where list = within(where, "aliases", 0);
    if (*aliases != NULL && !json_is_array(*aliases)) {
        return VET_FAIL(&list, why, "not a list");
    }
    for (size_t i = 0; i < json_array_size(*aliases); i++) {
        if (!json_is_string(json_array_get(*aliases, i))) {
            return VET_FAIL(&list, why, "not a list of names");
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
        return VET_FAIL(where, why, "no name, or one with characters that names may not have");
    }
    name_split(text_of(full), &type->space, &type->name);
    if (type->space.size == 0 && space != NULL) {
        if (!json_is_string(space) || (json_string_length(space) > 0 && !name_is_dotted(text_of(space)))) {
            return VET_FAIL(where, why, "a namespace with characters that names may not have");
        }
        type->space = text_of(space);
    } else if (type->space.size == 0) {
        type->space = where->space;
    }
    enum schema_kind primitive;
    if (type->space.size == 0 && schema_primitive(type->name, &primitive)) {
        return VET_FAIL(where, why, "named like the primitive type %.*s", SPAN_FORMAT(type->name));
    }
    return vet_aliases(json, where, &type->aliases, why);
}

enum outcome vet_begin_named(struct vetting *self, const json_t *json, enum schema_kind kind, const struct where *where,
                             uint32_t *type, struct reason *why)
{
    struct schema_type new = {.kind = kind, .fallback = SCHEMA_NONE, .least_size = 1};
    TRY(vet_name(json, where, &new, why));
    uint32_t *slot = find_slot(self, new.space, new.name);
    if (*slot != SCHEMA_NULL) {
        return VET_FAIL(where, why, "%.*s is defined a second time", SPAN_FORMAT(new.name));
    }
    TRY(vet_add_type(self, new, where, type, why));
    *slot = *type;
    return DONE;
}
