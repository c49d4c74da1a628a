#include "registry.h"

#include <stdlib.h>

#include "fetch.h"
#include "slipstream/decode.h"
#include "slipstream/decode/schema_text.h"

static enum outcome open_parts(struct registry *self, const struct registry_settings *settings, struct reason *why)
{
    TRY(schema_folder_load(&self->folder, settings->folder, settings->ids, why));
    for (unsigned c = 0; c < CHANNELS; c++) {
        TRY(schema_fingerprint(decode_reader_schema((enum channel)c), &self->ours[c], why));
    }
    if (!schema_cache_init(&self->known) || !schema_cache_init(&self->refused)) {
        return FAIL(why, STOP, REASON_FULL, "no memory for the registry's cache");
    }
    if (settings->url != NULL && settings->url[0] != '\0') {
        TRY(registry_http_open(settings, &self->http, why));
        TRY(asking_open(settings, &self->asking, why));
    }
    return DONE;
}

enum outcome registry_open(const struct registry_settings *settings, struct registry **registry, struct reason *why)
{
    struct registry *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return FAIL(why, STOP, REASON_FULL, "no memory for the registry");
    }
    enum outcome opened = open_parts(self, settings, why);
    if (opened != DONE) {
        registry_close(self);
        return opened;
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
    asking_close(self->asking);
    registry_http_close(self->http);
    schema_folder_done(&self->folder);
    schema_cache_done(&self->known);
    schema_cache_done(&self->refused);
    free(self);
}

/* ---- looking up ---- */

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

static const struct schema_entry *find_refusal(struct registry *self, const struct schema_ref *ref,
                                               struct mono_time now)
{
    const struct schema_entry *refused = schema_cache_find(&self->refused, ref);
    return refused != NULL && now.us < refused->until.us ? refused : NULL;
}

/* Asks the registry, unless it has said no lately; remembers what it says. */
static enum outcome lookup_remote(struct registry *self, const struct schema_ref *ref, struct mono_time now,
                                  const struct schema_entry **entry, struct reason *why)
{
    const struct schema_entry *refused = find_refusal(self, ref, now);
    if (refused != NULL) {
        char name[SCHEMA_REF_TEXT_SIZE];
        return FAIL(why, SKIP, refused->refusal, "%s: %s, as the registry said before", schema_ref_text(ref, name),
                    reason_meaning(refused->refusal));
    }
    char *text = NULL;
    size_t size = 0;
    struct reason said = {REASON_NONE, ""};
    enum outcome outcome = asking_take(self->asking, ref, &text, &size, &said);
    if (outcome == DONE) {
        *entry = schema_cache_keep(&self->known, ref, text, size);
        return DONE;
    }
    if (outcome == SKIP) {
        schema_cache_refuse(&self->refused, ref, said.code, (struct mono_time){now.us + self->refusal_us});
    }
    return FAIL(why, outcome, said.code, "%s", said.text);
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
    if (self->asking == NULL) {
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

bool registry_settled(struct registry *self, const struct schema_ref *ref, struct mono_time now)
{
    struct span schema;
    return self->asking == NULL || find_here(self, ref, &schema) || ref->by == SCHEMA_BY_FINGERPRINT ||
           schema_cache_find(&self->known, ref) != NULL || find_refusal(self, ref, now) != NULL ||
           asking_settled(self->asking, ref);
}

enum outcome registry_trouble(struct registry *self, struct reason *why)
{
    return self->asking != NULL ? asking_trouble(self->asking, why) : DONE;
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
    return fetch_judge(self->http, answer.status, why);
}
