#include "linker.h"

#include <stdio.h>
#include <stdlib.h>

#include "slipstream/decode.h"
#include "slipstream/decode/schema_text.h"

#define NAME_SIZE 520 /* of a full name, as decode takes it */

static void drop_json(json_t **json)
{
    json_decref(*json);
}

bool linker_init(struct linker *self)
{
    *self = (struct linker){.types = json_object(), .placed = json_object()};
    return self->types != NULL && self->placed != NULL;
}

void linker_done(struct linker *self)
{
    json_decref(self->types);
    json_decref(self->placed);
    *self = (struct linker){0};
}

static bool is_word(const char *text, const char *const *words)
{
    while (*words != NULL && strcmp(text, *words) != 0) {
        words++;
    }
    return *words != NULL;
}

static bool is_primitive(const char *name)
{
    static const char *const words[] = {"null", "boolean", "int", "long", "float", "double", "bytes", "string", NULL};
    return is_word(name, words);
}

static bool is_named(const char *type)
{
    static const char *const words[] = {"record", "error", "enum", "fixed", NULL};
    return is_word(type, words);
}

/* Where an object that is no definition says what it is of. */
static const char *inner_key(json_t *type)
{
    const char *word = json_is_string(type) ? json_string_value(type) : "";
    return strcmp(word, "array") == 0 ? "items" : strcmp(word, "map") == 0 ? "values" : "type";
}

static enum outcome bound(struct linker *self, unsigned depth, struct reason *why)
{
    if (depth > LINK_DEPTH_MAX) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "with what it refers to, types nested deeper than %d",
                    LINK_DEPTH_MAX);
    }
    if (++self->values > LINK_VALUES_MAX) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "with what it refers to, more than %d types", LINK_VALUES_MAX);
    }
    return DONE;
}

/* ---- full names ---- */

static enum outcome join(const char *space, const char *name, char full[NAME_SIZE], struct reason *why)
{
    bool whole = space[0] == '\0' || strchr(name, '.') != NULL;
    int length = snprintf(full, NAME_SIZE, "%s%s%s", whole ? "" : space, whole ? "" : ".", name);
    return length >= 0 && length < NAME_SIZE
               ? DONE
               : FAIL(why, SKIP, REASON_BAD_SCHEMA, "a name of more than %d bytes", NAME_SIZE - 1);
}

static enum outcome spell(struct linker *self, json_t *json, const char *space, unsigned depth, json_t **out,
                          struct reason *why);

/* A mention of a type: of its namespace, else of none, as names are looked up. */
static enum outcome spell_name(struct linker *self, const char *name, const char *space, json_t **out,
                               struct reason *why)
{
    char full[NAME_SIZE];
    TRY(join(space, name, full, why));
    bool known = is_primitive(name) || (json_object_get(self->types, full) == NULL && strchr(name, '.') == NULL &&
                                        json_object_get(self->types, name) != NULL);
    *out = json_string(known ? name : full);
    return DONE;
}

/* The members of a list, or of its objects under `key`, spelt in place. */
static enum outcome spell_list(struct linker *self, json_t *list, const char *key, const char *space, unsigned depth,
                               struct reason *why)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *item = json_array_get(list, i);
        json_t *spelt = NULL;
        TRY(spell(self, key != NULL ? json_object_get(item, key) : item, space, depth, &spelt, why));
        if (key == NULL) {
            json_array_set_new(list, i, spelt);
            continue;
        }
        json_t *field = json_copy(item);
        json_object_set_new(field, key, spelt);
        json_array_set_new(list, i, field);
    }
    return DONE;
}

static enum outcome spell_fields(struct linker *self, json_t *named, const char *space, unsigned depth,
                                 struct reason *why)
{
    json_t *fields = json_object_get(named, "fields");
    if (!json_is_array(fields)) {
        return DONE; /* an enum or a fixed; or nothing that the vetting lets pass */
    }
    json_t *copy = json_copy(fields);
    json_object_set_new(named, "fields", copy);
    return spell_list(self, copy, "type", space, depth, why);
}

/* A definition: known from here on, so that what is inside it may mention it. */
static enum outcome spell_named(struct linker *self, json_t *json, const char *space, unsigned depth, json_t **out,
                                struct reason *why)
{
    const char *name = json_string_value(json_object_get(json, "name"));
    json_t *own = json_object_get(json, "namespace");
    char full[NAME_SIZE];
    if (name == NULL || (own != NULL && !json_is_string(own))) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "a type without a name");
    }
    TRY(join(own != NULL ? json_string_value(own) : space, name, full, why));
    json_t *named CLEANUP(drop_json) = json_copy(json);
    json_object_set_new(named, "name", json_string(full));
    char *dot = strrchr(full, '.');
    json_object_del(named, "namespace");
    if (dot == NULL) {
        json_object_set_new(named, "namespace", json_string("")); /* none, wherever it is put */
    }
    bool is_new = json_object_get(self->types, full) == NULL;
    if (is_new) {
        json_object_set(self->types, full, named);
    }
    char below[NAME_SIZE];
    snprintf(below, sizeof below, "%.*s", dot != NULL ? (int)(dot - full) : 0, full);
    TRY(spell_fields(self, named, below, depth, why));
    if (!is_new && !json_equal(json_object_get(self->types, full), named)) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "%.100s is defined in two ways", full);
    }
    *out = json_incref(named);
    return DONE;
}

static enum outcome spell_object(struct linker *self, json_t *json, const char *space, unsigned depth, json_t **out,
                                 struct reason *why)
{
    json_t *type = json_object_get(json, "type");
    if (json_is_string(type) && is_named(json_string_value(type))) {
        return spell_named(self, json, space, depth, out, why);
    }
    const char *key = inner_key(type);
    json_t *spelt = NULL;
    TRY(spell(self, json_object_get(json, key), space, depth, &spelt, why));
    *out = json_copy(json);
    json_object_set_new(*out, key, spelt);
    return DONE;
}

/* A type with the full names of all it defines and mentions; what is inside is the given JSON's, shared. */
static enum outcome spell(struct linker *self, json_t *json, const char *space, unsigned depth, json_t **out,
                          struct reason *why)
{
    TRY(bound(self, depth, why));
    if (json_is_string(json)) {
        return spell_name(self, json_string_value(json), space, out, why);
    }
    if (json_is_object(json)) {
        return spell_object(self, json, space, depth + 1, out, why);
    }
    if (!json_is_array(json)) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "neither a type's name, nor a list, nor an object with a type");
    }
    json_t *list CLEANUP(drop_json) = json_copy(json);
    TRY(spell_list(self, list, NULL, space, depth + 1, why));
    *out = json_incref(list);
    return DONE;
}

/* ---- definitions in their places ---- */

static enum outcome place(struct linker *self, json_t *json, unsigned depth, json_t **out, struct reason *why);

static enum outcome place_list(struct linker *self, json_t *list, const char *key, unsigned depth, struct reason *why)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *item = json_array_get(list, i);
        json_t *placed = NULL;
        TRY(place(self, key != NULL ? json_object_get(item, key) : item, depth, &placed, why));
        if (key == NULL) {
            json_array_set_new(list, i, placed);
            continue;
        }
        json_t *field = json_copy(item);
        json_object_set_new(field, key, placed);
        json_array_set_new(list, i, field);
    }
    return DONE;
}

/* A definition, whole where it is met first, its name from then on. */
static enum outcome place_named(struct linker *self, json_t *named, unsigned depth, json_t **out, struct reason *why)
{
    const char *name = json_string_value(json_object_get(named, "name"));
    if (json_object_get(self->placed, name) != NULL) {
        *out = json_string(name);
        return DONE;
    }
    json_object_set_new(self->placed, name, json_true());
    json_t *copy CLEANUP(drop_json) = json_copy(named);
    json_t *fields = json_object_get(named, "fields");
    if (json_is_array(fields)) {
        fields = json_copy(fields);
        json_object_set_new(copy, "fields", fields);
        TRY(place_list(self, fields, "type", depth, why));
    }
    *out = json_incref(copy);
    return DONE;
}

static enum outcome place_object(struct linker *self, json_t *json, unsigned depth, json_t **out, struct reason *why)
{
    json_t *type = json_object_get(json, "type");
    if (json_is_string(type) && is_named(json_string_value(type))) {
        return place_named(self, json, depth, out, why);
    }
    const char *key = inner_key(type);
    json_t *placed = NULL;
    TRY(place(self, json_object_get(json, key), depth, &placed, why));
    *out = json_copy(json);
    json_object_set_new(*out, key, placed);
    return DONE;
}

static enum outcome place(struct linker *self, json_t *json, unsigned depth, json_t **out, struct reason *why)
{
    TRY(bound(self, depth, why));
    if (json_is_object(json)) {
        return place_object(self, json, depth + 1, out, why);
    }
    if (json_is_array(json)) {
        json_t *list CLEANUP(drop_json) = json_copy(json);
        TRY(place_list(self, list, NULL, depth + 1, why));
        *out = json_incref(list);
        return DONE;
    }
    json_t *known = json_object_get(self->types, json_string_value(json));
    if (known != NULL) {
        return place_named(self, known, depth + 1, out, why);
    }
    *out = json_incref(json);
    return DONE;
}

/* ---- the two ---- */

static enum outcome spell_text(struct linker *self, struct span schema, json_t **out, struct reason *why)
{
    json_t *root CLEANUP(drop_json) = NULL;
    TRY(schema_parse_text(schema, &root, why));
    return spell(self, root, "", 0, out, why);
}

enum outcome linker_add(struct linker *self, struct span schema, struct reason *why)
{
    json_t *spelt CLEANUP(drop_json) = NULL;
    return spell_text(self, schema, &spelt, why);
}

enum outcome linker_link(struct linker *self, struct span schema, char **text, size_t *size, struct reason *why)
{
    json_t *spelt CLEANUP(drop_json) = NULL;
    json_t *placed CLEANUP(drop_json) = NULL;
    TRY(spell_text(self, schema, &spelt, why));
    TRY(place(self, spelt, 0, &placed, why));
    char *dumped = json_dumps(placed, JSON_COMPACT | JSON_ENCODE_ANY);
    if (dumped == NULL) {
        return FAIL(why, RETRY, REASON_FULL, "no memory for the schema in one piece");
    }
    *size = strlen(dumped);
    if (*size > SCHEMA_SIZE_MAX) {
        free(dumped);
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "with what it refers to, larger than %u bytes", SCHEMA_SIZE_MAX);
    }
    *text = dumped;
    return DONE;
}
