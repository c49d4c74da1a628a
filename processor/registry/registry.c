#include "slipstream/registry.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "slipstream/decode.h"
#include "slipstream/decode/schema_text.h"

#include "registry_http.h"
#include "schema_cache.h"
#include "schema_folder.h"

struct registry {
    struct schema_folder folder;
    struct registry_http *http; /* NULL: the folder only */
    struct schema_cache known;
    struct schema_cache refused; /* apart from the known: made-up ids must not push schemas out */
    int64_t refusal_us;
    uint64_t ours[CHANNELS]; /* fingerprints of our own schemas */
};

static void drop_json(json_t **json)
{
    json_decref(*json);
}

enum outcome registry_open(const struct registry_settings *settings, struct registry **registry, struct reason *why)
{
    struct registry *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return FAIL(why, STOP, REASON_FULL, "no memory for the registry");
    }
    enum outcome outcome = schema_folder_load(&self->folder, settings->folder, settings->ids, why);
    if (outcome == DONE && settings->url != NULL && settings->url[0] != '\0') {
        outcome = registry_http_open(settings, &self->http, why);
    }
    if (outcome == DONE && (!schema_cache_init(&self->known) || !schema_cache_init(&self->refused))) {
        outcome = FAIL(why, STOP, REASON_FULL, "no memory for the registry's cache");
    }
    for (unsigned c = 0; c < CHANNELS && outcome == DONE; c++) {
        outcome = schema_fingerprint(decode_reader_schema((enum channel)c), &self->ours[c], why);
    }
    if (outcome != DONE) {
        registry_close(self);
        return outcome;
    }
    self->refusal_us = settings->negative_ttl_ms * US_PER_MS;
    *registry = self;
    return DONE;
}

void registry_close(struct registry *self)
{
    if (self == NULL) {
        return;
    }
    schema_folder_done(&self->folder);
    registry_http_close(self->http);
    schema_cache_done(&self->known);
    schema_cache_done(&self->refused);
    free(self);
}

/* What a status means that is neither an answer nor a word on the one thing asked for. */
static enum outcome judge_status(const struct registry *self, long status, struct reason *why)
{
    const char *url = registry_http_url(self->http);
    if (status == 401 || status == 403 || status == 407) {
        return FAIL(why, STOP, REASON_REFUSED, "HTTP %ld from %s: check registry.username and its rights", status, url);
    }
    return FAIL(why, RETRY, REASON_UNAVAILABLE, "HTTP %ld from %s", status, url);
}

static json_t *parse_object(const struct registry_answer *answer)
{
    json_t *json = json_loadb((const char *)answer->body.data, answer->body.size, 0, NULL);
    if (!json_is_object(json)) {
        json_decref(json);
        return NULL;
    }
    return json;
}

/* The schema in the registry's answer, in memory of the caller's. An answer that is no schema at all is a fault of
 * whatever stands there instead of the registry; a schema that we cannot use is a fault of that schema. */
static enum outcome read_schema(const struct registry *self, const char *name, const struct registry_answer *answer,
                                char **text, size_t *size, struct reason *why)
{
    if (answer->cut) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "%s is larger than %u bytes", name, REGISTRY_BODY_MAX);
    }
    json_t *json CLEANUP(drop_json) = parse_object(answer);
    const json_t *schema = json_object_get(json, "schema");
    if (!json_is_string(schema)) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "%s answers with something that is no schema",
                    registry_http_url(self->http));
    }
    const json_t *type = json_object_get(json, "schemaType");
    if (type != NULL && (!json_is_string(type) || strcmp(json_string_value(type), "AVRO") != 0)) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "%s is not an Avro schema", name);
    }
    if (json_array_size(json_object_get(json, "references")) > 0) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "%s refers to other schemas: register it in one piece", name);
    }
    size_t length = json_string_length(schema);
    char *copy = malloc(length + 1);
    if (copy == NULL) {
        return FAIL(why, RETRY, REASON_FULL, "no memory for %s", name);
    }
    memcpy(copy, json_string_value(schema), length + 1);
    *text = copy;
    *size = length;
    return DONE;
}

/* Where the registry has it. */
static void path_of(const struct schema_ref *ref, char *path, size_t size)
{
    char text[SCHEMA_REF_TEXT_SIZE];
    const char *word = schema_ref_text(ref, text) + strlen("schema ");
    snprintf(path, size, "/schemas/%s/%s", ref->by == SCHEMA_BY_GUID ? "guids" : "ids", word);
}

static enum outcome fetch(struct registry *self, const struct schema_ref *ref, char **text, size_t *size,
                          struct reason *why)
{
    char path[128];
    char name[SCHEMA_REF_TEXT_SIZE];
    struct registry_answer answer;
    path_of(ref, path, sizeof path);
    TRY(registry_http_ask(self->http, path, NULL, &answer, why));
    switch (answer.status) {
    case 200:
        return read_schema(self, schema_ref_text(ref, name), &answer, text, size, why);
    case 400: /* some say so of an id beyond what they number up to */
    case 404:
    case 410:
    case 422:
        return FAIL(why, SKIP, REASON_UNKNOWN_SCHEMA, "%s is not in %s (HTTP %ld)", schema_ref_text(ref, name),
                    registry_http_url(self->http), answer.status);
    default:
        return judge_status(self, answer.status, why);
    }
}

/* Asks the registry, unless it has said no lately; remembers what it says. */
static enum outcome lookup_remote(struct registry *self, const struct schema_ref *ref, struct mono_time now,
                                  const struct schema_entry **entry, struct reason *why)
{
    const struct schema_entry *refused = schema_cache_find(&self->refused, ref);
    if (refused != NULL && now.us < refused->until.us) {
        char name[SCHEMA_REF_TEXT_SIZE];
        return FAIL(why, SKIP, refused->refusal, "%s: %s, as the registry said before", schema_ref_text(ref, name),
                    reason_meaning(refused->refusal));
    }
    char *text = NULL;
    size_t size = 0;
    struct reason said;
    enum outcome outcome = fetch(self, ref, &text, &size, &said);
    if (outcome == DONE) {
        *entry = schema_cache_keep(&self->known, ref, text, size);
        return DONE;
    }
    if (outcome == SKIP) {
        schema_cache_refuse(&self->refused, ref, said.code, (struct mono_time){now.us + self->refusal_us});
    }
    return FAIL(why, outcome, said.code, "%s", said.text);
}

/* Without asking anybody: the folder's, or our own by its fingerprint. */
static bool find_here(const struct registry *self, const struct schema_ref *ref, struct span *schema)
{
    const struct schema_file *file = schema_folder_find(&self->folder, ref);
    if (file != NULL) {
        *schema = buffer_as_span(&file->text);
        return true;
    }
    for (unsigned c = 0; c < CHANNELS && ref->by == SCHEMA_BY_FINGERPRINT; c++) {
        if (self->ours[c] == ref->low) {
            *schema = decode_reader_schema((enum channel)c);
            return true;
        }
    }
    return false;
}

enum outcome registry_lookup(struct registry *self, const struct schema_ref *ref, struct mono_time now,
                             struct span *schema, struct reason *why)
{
    char name[SCHEMA_REF_TEXT_SIZE];
    if (find_here(self, ref, schema)) {
        return DONE;
    }
    if (ref->by == SCHEMA_BY_FINGERPRINT) { /* registries do not know them */
        return FAIL(why, SKIP, REASON_UNKNOWN_SCHEMA, "%s is that of no file of schemas.folder",
                    schema_ref_text(ref, name));
    }
    if (self->http == NULL) {
        return FAIL(why, SKIP, REASON_UNKNOWN_SCHEMA, "%s is not in schemas.ids, and there is no registry",
                    schema_ref_text(ref, name));
    }
    const struct schema_entry *entry = schema_cache_find(&self->known, ref);
    if (entry == NULL) {
        TRY(lookup_remote(self, ref, now, &entry, why));
        ASSERT(entry);
    }
    *schema = span_of(entry->text, entry->size);
    return DONE;
}

enum outcome registry_file(const struct registry *self, const char *name, struct span *schema, struct reason *why)
{
    const struct schema_file *file = schema_folder_named(&self->folder, span_text(name));
    if (file == NULL) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "\"%s\" is not an .avsc file of schemas.folder", name);
    }
    *schema = buffer_as_span(&file->text);
    return DONE;
}

/* What the registry says about a schema that is to be registered. */
static enum outcome read_id(const struct registry *self, const struct registry_answer *answer, uint32_t *id,
                            struct reason *why)
{
    const char *url = registry_http_url(self->http);
    switch (answer->status) {
    case 200:
    case 201:
        break;
    case 409:
        return FAIL(why, SKIP, REASON_INCOMPATIBLE_SCHEMA, "%s refuses it as incompatible with an earlier version",
                    url);
    case 422:
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "%s refuses it as no valid schema", url);
    default:
        return judge_status(self, answer->status, why);
    }
    json_t *json CLEANUP(drop_json) = answer->cut ? NULL : parse_object(answer);
    const json_t *number = json_object_get(json, "id");
    if (!json_is_integer(number) || json_integer_value(number) < 0 || json_integer_value(number) > UINT32_MAX) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "%s answers with something that is no id", url);
    }
    *id = (uint32_t)json_integer_value(number);
    return DONE;
}

/* "/subjects/SUBJECT/versions", in `path` when it fits. */
static bool subject_path(const char *subject, char *path, size_t size)
{
    char *escaped = curl_easy_escape(NULL, subject, 0);
    int length = escaped != NULL ? snprintf(path, size, "/subjects/%s/versions", escaped) : -1;
    curl_free(escaped);
    return length >= 0 && (size_t)length < size;
}

enum outcome registry_register(struct registry *self, const char *subject, struct span schema, uint32_t *id,
                               struct reason *why)
{
    if (self->http == NULL) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "there is no registry: registry.url is not set");
    }
    char path[1024];
    if (subject[0] == '\0' || !subject_path(subject, path, sizeof path)) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "\"%s\" is not the name of a subject", subject);
    }
    json_t *request CLEANUP(drop_json) = json_pack("{s:s%}", "schema", schema.data, schema.size);
    if (request == NULL) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "the schema of %s is not UTF-8", subject);
    }
    char *post = json_dumps(request, JSON_COMPACT);
    if (post == NULL) {
        return FAIL(why, RETRY, REASON_FULL, "no memory to register %s", subject);
    }
    struct registry_answer answer;
    enum outcome outcome = registry_http_ask(self->http, path, post, &answer, why);
    if (outcome == DONE &&
        answer.status == 409) { /* Apicurio says so, too, while another instance registers the same */
        outcome = registry_http_ask(self->http, path, post, &answer, why);
    }
    free(post);
    TRY(outcome);
    return read_id(self, &answer, id, why);
}

enum outcome registry_publish(struct registry *self, const char *subject, const char *file, struct span schema,
                              uint32_t *id, struct reason *why)
{
    const struct schema_file *kept = schema_folder_named(&self->folder, span_text(file));
    if (kept && schema_folder_id(&self->folder, kept, id)) {
        return DONE;
    }
    if (self->http == NULL) {
        return FAIL(why, STOP, REASON_BAD_CONFIG,
                    "%s has no id to publish under: name it in schemas.ids, or set registry.url", file);
    }
    return registry_register(self, subject, schema, id, why);
}

enum outcome registry_ping(struct registry *self, struct reason *why)
{
    if (self->http == NULL) {
        return DONE;
    }
    struct registry_answer answer;
    TRY(registry_http_ask(self->http, "/schemas/types", NULL, &answer, why));
    if (answer.status == 200) {
        return DONE;
    }
    if (answer.status == 404) {
        return FAIL(why, STOP, REASON_REFUSED, "there is no schema registry at %s: check the path of registry.url",
                    registry_http_url(self->http));
    }
    return judge_status(self, answer.status, why);
}
