/* registry.h - where writers' schemas come from: a Confluent-compatible registry, or a folder of .avsc files.
 *
 * The registry is asked by a thread behind this header: a lookup waits for its answer patience_ms at most, and says
 * RETRY while there is none; registry_settled says when to look again. What does not answer, says 5xx or refuses us is
 * asked again, with waits that grow to REGISTRY_RETRY_MAX_MS. Bodies are capped (1 MiB, timeout_ms).
 * Schemas may refer to others, by subject and version: they come in one piece.
 * Errors: SKIP/unknown_schema when the registry says there is none (believed for negative_ttl_ms), SKIP/bad_schema;
 * RETRY/unavailable, refused or full. Of what is asked without the thread (ping, register, publish): STOP/refused for
 * 401, 403 and a server that is not trusted.
 * Owner: the registry owns the schema it hands out, and keeps it until the next lookup only: it has a bound, and may give
 * up that very one. Settings are read at open and not kept; "" is as NULL. Not thread-safe: one a thread. Never shows
 * credentials. */
#ifndef SLIPSTREAM_REGISTRY_H
#define SLIPSTREAM_REGISTRY_H

#include "slipstream/decode/schema_ref.h"
#include "slipstream/model.h"

#define REGISTRY_BODY_MAX (1u << 20)
#define REGISTRY_REQUESTS_MAX 64     /* asked for at a time; what is beyond waits */
#define REGISTRY_REFERENCES_MAX 32   /* schemas that one refers to, with theirs */
#define REGISTRY_REFERENCE_DEPTH 8
#define REGISTRY_RETRY_FIRST_MS 100
#define REGISTRY_RETRY_MAX_MS 10000
#define REGISTRY_SCHEMAS_MAX 4096 /* cached, those asked for last: ids are immutable, so a cached one is right for ever */

struct registry_settings {
    const char *url;       /* "http://host:port/apis/ccompat/v7"; NULL: the folder only */
    const char *username;  /* NULL: none */
    const char *password;
    const char *token;       /* a bearer's, instead of the two; NULL: none */
    const char *tls_ca;      /* PEM files; NULL: the system's authorities, no certificate of ours */
    const char *tls_certificate;
    const char *tls_key;     /* NULL: in the certificate's file */
    const char *tls_key_password;
    const char *folder;    /* of .avsc files, those of folders below it too; NULL: none */
    const char *ids;       /* "1=web_interaction.avsc,2=v2/phone.avsc": ids of the folder's files; NULL: none */
    int64_t timeout_ms;
    int64_t patience_ms;     /* how long a lookup waits for an answer that is on its way */
    int64_t negative_ttl_ms; /* how long "there is none" is believed */
};

struct registry;
enum outcome registry_open(const struct registry_settings *settings, struct registry **registry,
                           struct reason *why) MUST_CHECK;
void registry_close(struct registry *self);

/* The schema's JSON text. Fingerprints are looked for in the folder, and among our own schemas of interactions. */
enum outcome registry_lookup(struct registry *self, const struct schema_ref *ref, struct mono_time now,
                             struct span *schema, struct reason *why) MUST_CHECK;

/* Whether a lookup would say something else than "wait": known, refused, or there is room to ask for it. */
bool registry_settled(struct registry *self, const struct schema_ref *ref, struct mono_time now);
/* Whether the registry answers what it is asked. RETRY: it has not the last time, *why says why. */
enum outcome registry_trouble(struct registry *self, struct reason *why) MUST_CHECK;

/* The text of a file of the folder ("web.avsc", "v2/web.avsc"), good while the registry is open. STOP/bad_config. */
enum outcome registry_file(const struct registry *self, const char *name, struct span *schema,
                           struct reason *why) MUST_CHECK;

/* The id of a schema under a subject, which registers it unless it is there: not before it was checked against the
 * latest version (POST /compatibility/subjects/SUBJECT/versions/latest). SKIP/incompatible_schema, with the registry's
 * words; SKIP/bad_schema. */
enum outcome registry_register(struct registry *self, const char *subject, struct span schema, uint32_t *id,
                               struct reason *why) MUST_CHECK;

/* The id to publish under: the one that `ids` gives the folder's file of that name, else the registry's, where the
 * schema is registered under the subject. STOP/bad_config when there is neither. */
enum outcome registry_publish(struct registry *self, const char *subject, const char *file, struct span schema,
                              uint32_t *id, struct reason *why) MUST_CHECK;

/* Whether it answers at all. A registry that is only a folder always does. */
enum outcome registry_ping(struct registry *self, struct reason *why) MUST_CHECK;

#endif
