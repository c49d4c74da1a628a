/* registry.h - where writers' schemas come from: a Confluent-compatible registry, or a folder of .avsc files.
 *
 * Errors: SKIP/unknown_schema when the registry says there is none (remembered for a while); RETRY/unavailable when it
 * does not answer or says 5xx; STOP/refused for 401 and 403. Bodies are capped (1 MiB, 5 s). Owner: the registry owns
 * the schema it hands out, and keeps it until the next lookup only: it has a bound, and may give up that very one.
 * Settings are read at open and not kept; "" is as NULL. Not thread-safe: one a thread. Never shows credentials. */
#ifndef SLIPSTREAM_REGISTRY_H
#define SLIPSTREAM_REGISTRY_H

#include "slipstream/decode/schema_ref.h"
#include "slipstream/model.h"

#define REGISTRY_BODY_MAX (1u << 20)
#define REGISTRY_SCHEMAS_MAX 4096 /* cached, those asked for last: ids are immutable, so a cached one is right for ever */

struct registry_settings {
    const char *url;       /* "http://host:port/apis/ccompat/v7"; NULL: the folder only */
    const char *username;  /* NULL: none */
    const char *password;
    const char *folder;    /* of .avsc files, those of folders below it too; NULL: none */
    const char *ids;       /* "1=web_interaction.avsc,2=v2/phone.avsc": ids of the folder's files; NULL: none */
    int64_t timeout_ms;
    int64_t negative_ttl_ms; /* how long "there is none" is believed */
};

struct registry;
enum outcome registry_open(const struct registry_settings *settings, struct registry **registry,
                           struct reason *why) MUST_CHECK;
void registry_close(struct registry *self);

/* The schema's JSON text. Fingerprints are looked for in the folder, and among our own schemas of interactions. */
enum outcome registry_lookup(struct registry *self, const struct schema_ref *ref, struct mono_time now,
                             struct span *schema, struct reason *why) MUST_CHECK;

/* The text of a file of the folder ("web.avsc", "v2/web.avsc"), good while the registry is open. STOP/bad_config. */
enum outcome registry_file(const struct registry *self, const char *name, struct span *schema,
                           struct reason *why) MUST_CHECK;

/* Registers a schema under a subject and gives its id (POST /subjects/{subject}/versions). */
enum outcome registry_register(struct registry *self, const char *subject, struct span schema, uint32_t *id,
                               struct reason *why) MUST_CHECK;

/* The id to publish under: the one that `ids` gives the folder's file of that name, else the registry's, where the
 * schema is registered under the subject. STOP/bad_config when there is neither. */
enum outcome registry_publish(struct registry *self, const char *subject, const char *file, struct span schema,
                              uint32_t *id, struct reason *why) MUST_CHECK;

/* Whether it answers at all. A registry that is only a folder always does. */
enum outcome registry_ping(struct registry *self, struct reason *why) MUST_CHECK;

#endif
