/* registry_http.h - one HTTP connection to the registry, kept alive between requests.
 *
 * Errors: RETRY/unavailable when there was no whole answer in time; any status is an answer. The body is held up to
 * REGISTRY_BODY_MAX: one that is longer is cut and marked as an overflow. Redirects are followed, three at most, to the
 * same scheme, host and port only. Texts name the URL without user, password, query and fragment. A server that we
 * cannot trust, or TLS files that cannot be used, are STOP/refused. Files of TLS are read again for every connection,
 * so that they may be rotated. One thread at a time, but for registry_http_stop. */
#ifndef SLIPSTREAM_REGISTRY_HTTP_H
#define SLIPSTREAM_REGISTRY_HTTP_H

#include "slipstream/registry.h"

struct registry_http;

struct registry_answer {
    long status;
    struct span body; /* until the next request */
    bool cut;         /* there was more of it */
};

enum outcome registry_http_open(const struct registry_settings *settings, struct registry_http **http,
                                struct reason *why) MUST_CHECK;
void registry_http_close(struct registry_http *self);

/* From any thread: what is under way ends at once with RETRY, and so does all that is asked from then on. */
void registry_http_stop(struct registry_http *self);

/* path follows the registry's URL: "/schemas/ids/1". post: a JSON body to POST, or NULL to GET. */
enum outcome registry_http_ask(struct registry_http *self, const char *path, const char *post,
                               struct registry_answer *answer, struct reason *why) MUST_CHECK;

/* The registry's URL as it may be shown. */
const char *registry_http_url(const struct registry_http *self);

#endif
