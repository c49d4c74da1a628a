#include "fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "linker.h"
#include "slipstream/decode/schema_text.h"

#define PATH_SIZE 1100
#define NAME_SIZE 160 /* of what is asked for, in reasons */

static void drop_json(json_t **json)
{
    json_decref(*json);
}

enum outcome fetch_judge(const struct registry_http *http, long status, struct reason *why)
{
    const char *url = registry_http_url(http);
    if (status == 401 || status == 403 || status == 407) {
        return FAIL(why, STOP, REASON_REFUSED,
                    "HTTP %ld from %s: check registry.username or registry.token, and rights", status, url);
    }
    return FAIL(why, RETRY, REASON_UNAVAILABLE, "HTTP %ld from %s", status, url);
}

json_t *fetch_object(const struct registry_answer *answer)
{
    json_t *json = NULL;
    struct reason ignored;
    if (answer->cut || schema_parse_text(answer->body, &json, &ignored) != DONE || !json_is_object(json)) {
        json_decref(json);
        return NULL;
    }
    return json;
}

/* The object of the registry's answer about a schema. One that is no schema at all is a fault of whatever stands there
 * instead of the registry; a schema that we cannot use is a fault of that schema. */
static enum outcome read_answer(const struct registry_http *http, const char *name,
                                const struct registry_answer *answer, json_t **object, struct reason *why)
{
    if (answer->cut) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "%s is larger than %u bytes", name, REGISTRY_BODY_MAX);
    }
    json_t *json CLEANUP(drop_json) = fetch_object(answer);
    if (!json_is_string(json_object_get(json, "schema"))) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "%s answers with something that is no schema",
                    registry_http_url(http));
    }
    const json_t *type = json_object_get(json, "schemaType");
    if (type != NULL && !json_is_null(type) &&
        (!json_is_string(type) || strcmp(json_string_value(type), "AVRO") != 0)) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "%s is not an Avro schema", name);
    }
    *object = json_incref(json);
    return DONE;
}

static enum outcome ask(struct registry_http *http, const char *path, const char *name, json_t **object,
                        struct reason *why)
{
    struct registry_answer answer;
    TRY(registry_http_ask(http, path, NULL, &answer, why));
    switch (answer.status) {
    case 200:
        return read_answer(http, name, &answer, object, why);
    case 400: /* some say so of an id beyond what they number up to */
    case 404:
    case 410:
    case 422:
        return FAIL(why, SKIP, REASON_UNKNOWN_SCHEMA, "%s is not in %s (HTTP %ld)", name, registry_http_url(http),
                    answer.status);
    default:
        return fetch_judge(http, answer.status, why);
    }
}

static struct span schema_of(const json_t *object)
{
    const json_t *schema = json_object_get(object, "schema");
    return span_of(json_string_value(schema), json_string_length(schema));
}

/* ---- what a schema refers to ---- */

struct references {
    struct registry_http *http;
    const char *name; /* of the schema that it is all for */
    struct linker linker;
    json_t *seen; /* "subject version" → true when it is whole, false on the way there */
    size_t count, bytes;
};

static enum outcome learn_all(struct references *self, const json_t *object, unsigned depth, struct reason *why);

/* "/subjects/SUBJECT/versions/VERSION" of a reference, and how it is called. */
static bool place_of(const json_t *reference, char path[PATH_SIZE], char name[NAME_SIZE])
{
    const char *subject = json_string_value(json_object_get(reference, "subject"));
    const json_t *version = json_object_get(reference, "version");
    if (subject == NULL || subject[0] == '\0' || !json_is_integer(version)) {
        return false;
    }
    char number[24] = "latest"; /* some registries write -1 for it */
    if (json_integer_value(version) != -1) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(version));
    }
    char *escaped = curl_easy_escape(NULL, subject, 0);
    int length = escaped != NULL ? snprintf(path, PATH_SIZE, "/subjects/%s/versions/%s", escaped, number) : -1;
    curl_free(escaped);
    snprintf(name, NAME_SIZE, "version %s of %.100s", number, subject);
    return length >= 0 && length < PATH_SIZE;
}

/* One reference that is new, after those that it has itself. */
static enum outcome learn_new(struct references *self, const char *path, const char *name, unsigned depth,
                              struct reason *why)
{
    if (++self->count > REGISTRY_REFERENCES_MAX || depth > REGISTRY_REFERENCE_DEPTH) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "%s refers to more than %d schemas, or over more than %d others",
                    self->name, REGISTRY_REFERENCES_MAX, REGISTRY_REFERENCE_DEPTH);
    }
    json_object_set_new(self->seen, path, json_false());
    json_t *object CLEANUP(drop_json) = NULL;
    struct reason said;
    enum outcome asked = ask(self->http, path, name, &object, &said);
    if (asked != DONE) {
        return FAIL(why, asked, said.code, "%s refers to %s: %s", self->name, name, said.text);
    }
    TRY(learn_all(self, object, depth, why));
    self->bytes += schema_of(object).size;
    if (self->bytes > REFERENCES_BYTES_MAX) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "%s refers to more than %zu bytes of schemas", self->name,
                    REFERENCES_BYTES_MAX);
    }
    enum outcome added = linker_add(&self->linker, schema_of(object), &said);
    if (added != DONE) {
        return FAIL(why, added, said.code, "%s refers to %s: %s", self->name, name, said.text);
    }
    json_object_set_new(self->seen, path, json_true());
    return DONE;
}

static enum outcome learn_all(struct references *self, const json_t *object, unsigned depth, struct reason *why)
{
    const json_t *list = json_object_get(object, "references");
    for (size_t i = 0; i < json_array_size(list); i++) {
        char path[PATH_SIZE];
        char name[NAME_SIZE];
        if (!place_of(json_array_get(list, i), path, name)) {
            return FAIL(why, SKIP, REASON_BAD_SCHEMA, "%s has a reference without subject and version", self->name);
        }
        const json_t *seen = json_object_get(self->seen, path);
        if (json_is_false(seen)) {
            return FAIL(why, SKIP, REASON_BAD_SCHEMA, "%s refers to %s, which refers to itself", self->name, name);
        }
        if (seen == NULL) {
            TRY(learn_new(self, path, name, depth + 1, why));
        }
    }
    return DONE;
}

static enum outcome link_references(struct references *self, const json_t *object, char **text, size_t *size,
                                    struct reason *why)
{
    TRY(learn_all(self, object, 0, why));
    struct reason said;
    enum outcome linked = linker_link(&self->linker, schema_of(object), text, size, &said);
    return linked == DONE ? DONE : FAIL(why, linked, said.code, "%s: %s", self->name, said.text);
}

static enum outcome fetch_references(struct registry_http *http, const char *name, const json_t *object, char **text,
                                     size_t *size, struct reason *why)
{
    struct references self = {.http = http, .name = name, .seen = json_object()};
    enum outcome linked = linker_init(&self.linker) && self.seen != NULL
                              ? link_references(&self, object, text, size, why)
                              : FAIL(why, RETRY, REASON_FULL, "no memory for what %s refers to", name);
    linker_done(&self.linker);
    json_decref(self.seen);
    return linked;
}

/* ---- a schema ---- */

enum outcome fetch_schema(struct registry_http *http, const struct schema_ref *ref, char **text, size_t *size,
                          struct reason *why)
{
    char name[SCHEMA_REF_TEXT_SIZE];
    char path[128];
    schema_ref_text(ref, name);
    snprintf(path, sizeof path, "/schemas/%s/%s", ref->by == SCHEMA_BY_GUID ? "guids" : "ids",
             name + strlen("schema "));
    json_t *object CLEANUP(drop_json) = NULL;
    TRY(ask(http, path, name, &object, why));
    if (json_array_size(json_object_get(object, "references")) > 0) {
        return fetch_references(http, name, object, text, size, why);
    }
    struct span schema = schema_of(object);
    char *copy = malloc(schema.size + 1);
    if (copy == NULL) {
        return FAIL(why, RETRY, REASON_FULL, "no memory for %s", name);
    }
    memcpy(copy, schema.data, schema.size + 1);
    *text = copy;
    *size = schema.size;
    return DONE;
}
