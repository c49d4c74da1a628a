/* publish.c - our own schemas in the registry: found, or checked against what is there and registered. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "fetch.h"
#include "registry.h"

#define PATH_SIZE 1100

static void drop_json(json_t **json)
{
    json_decref(*json);
}

static void drop_text(char **text)
{
    free(*text);
}

struct publishing {
    struct registry_http *http;
    const char *subject;
    const char *body; /* {"schema": …} */
};

/* A path with the subject in it, in the place of the one %s. */
static enum outcome post(const struct publishing *self, const char *format, struct registry_answer *answer,
                         struct reason *why)
{
    char path[PATH_SIZE];
    char *escaped = curl_easy_escape(NULL, self->subject, 0);
    const char *rest = strstr(format, "%s");
    int length = escaped != NULL ? snprintf(path, sizeof path, "%.*s%s%s", (int)(rest - format), format, escaped,
                                            rest + strlen("%s"))
                                 : -1;
    curl_free(escaped);
    if (length < 0 || (size_t)length >= sizeof path) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "\"%s\" is not the name of a subject", self->subject);
    }
    return registry_http_ask(self->http, path, self->body, answer, why);
}

static enum outcome read_id(const struct publishing *self, const struct registry_answer *answer, uint32_t *id,
                            struct reason *why)
{
    json_t *json CLEANUP(drop_json) = fetch_object(answer);
    const json_t *number = json_object_get(json, "id");
    if (!json_is_integer(number) || json_integer_value(number) < 0 || json_integer_value(number) > UINT32_MAX) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "%s answers with something that is no id",
                    registry_http_url(self->http));
    }
    *id = (uint32_t)json_integer_value(number);
    return DONE;
}

/* Whether it is there already. It may be an older version than the latest, to which it need not be compatible. */
static enum outcome find(const struct publishing *self, bool *found, uint32_t *id, struct reason *why)
{
    struct registry_answer answer;
    TRY(post(self, "/subjects/%s", &answer, why));
    *found = answer.status == 200;
    switch (answer.status) {
    case 200:
        return read_id(self, &answer, id, why);
    case 404: /* no such subject, or no such version */
    case 405:
    case 422:
        return DONE;
    default:
        return fetch_judge(self->http, answer.status, why);
    }
}

/* What is in the way, in the registry's words: "messages" of Confluent's, "reason" of Apicurio. */
static const char *words_of(const json_t *json)
{
    const char *first = json_string_value(json_array_get(json_object_get(json, "messages"), 0));
    const char *reason = json_string_value(json_object_get(json, "reason"));
    return first != NULL ? first : reason != NULL ? reason : "it does not say why";
}

static enum outcome check(const struct publishing *self, struct reason *why)
{
    struct registry_answer answer;
    TRY(post(self, "/compatibility/subjects/%s/versions/latest?verbose=true", &answer, why));
    switch (answer.status) {
    case 200:
        break;
    case 404: /* nothing to be compatible to */
    case 405:
    case 422: /* no schema: that is said again when it is registered */
        return DONE;
    default:
        return fetch_judge(self->http, answer.status, why);
    }
    json_t *json CLEANUP(drop_json) = fetch_object(&answer);
    const json_t *compatible = json_object_get(json, "is_compatible");
    if (!json_is_boolean(compatible)) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "%s answers with something that says nothing of compatibility",
                    registry_http_url(self->http));
    }
    return json_is_true(compatible)
               ? DONE
               : FAIL(
                     why, SKIP, REASON_INCOMPATIBLE_SCHEMA,
                     "our schema of %s is not compatible with the latest version there, and was not registered: %.120s",
                     self->subject, words_of(json));
}

static enum outcome create(const struct publishing *self, uint32_t *id, struct reason *why)
{
    struct registry_answer answer;
    TRY(post(self, "/subjects/%s/versions", &answer, why));
    if (answer.status == 409) { /* Apicurio says so, too, while another instance registers the same */
        TRY(post(self, "/subjects/%s/versions", &answer, why));
    }
    switch (answer.status) {
    case 200:
    case 201:
        return read_id(self, &answer, id, why);
    case 409:
        return FAIL(why, SKIP, REASON_INCOMPATIBLE_SCHEMA,
                    "%s refuses our schema of %s as incompatible with an earlier version",
                    registry_http_url(self->http), self->subject);
    case 422:
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "%s refuses our schema of %s as no valid schema",
                    registry_http_url(self->http), self->subject);
    default:
        return fetch_judge(self->http, answer.status, why);
    }
}

enum outcome registry_register(struct registry *self, const char *subject, struct span schema, uint32_t *id,
                               struct reason *why)
{
    if (self->http == NULL) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "there is no registry: registry.url is not set");
    }
    if (subject[0] == '\0') {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "\"\" is not the name of a subject");
    }
    json_t *request CLEANUP(drop_json) = json_pack("{s:s%}", "schema", schema.data, schema.size);
    if (request == NULL) {
        return FAIL(why, SKIP, REASON_BAD_SCHEMA, "the schema of %s is not UTF-8", subject);
    }
    char *body CLEANUP(drop_text) = json_dumps(request, JSON_COMPACT);
    if (body == NULL) {
        return FAIL(why, RETRY, REASON_FULL, "no memory to register %s", subject);
    }
    const struct publishing publishing = {self->http, subject, body};
    bool found = false;
    TRY(find(&publishing, &found, id, why));
    if (found) {
        return DONE;
    }
    TRY(check(&publishing, why));
    return create(&publishing, id, why);
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
