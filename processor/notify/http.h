/* http.h - one HTTP connection that POSTs JSON, kept alive between requests. For one thread.
 *
 * Errors: RETRY/unavailable when there was no answer in time; any status is an answer. Of an answer's body nothing is
 * kept: what goes beyond HTTP_ANSWER_MAX is not even read. Texts name the URL as scheme, host and port only. */
#ifndef SLIPSTREAM_NOTIFY_HTTP_H
#define SLIPSTREAM_NOTIFY_HTTP_H

#include "slipstream/notify.h"

#include <stdatomic.h>

#define HTTP_ANSWER_MAX  ((size_t)64 << 10)
#define HTTP_HEADERS_MAX 8

struct http_settings {
    const char *url;
    const char *username, *password, *token; /* NULL: none */
    const char *tls_ca;
    int64_t timeout_us;
    const atomic_bool *stop; /* once true, what is under way is given up after HTTP_GRACE_US */
};
#define HTTP_GRACE_US (2 * US_PER_SECOND)

struct http_answer {
    long status;
    int64_t retry_after_us; /* what the answer asks for; 0: nothing */
};

struct http;
enum outcome http_open(const struct http_settings *settings, struct http **http, struct reason *why) MUST_CHECK;
void http_close(struct http *self);
/* headers: "Name: value", beside Content-Type; ended by NULL. */
enum outcome http_post(struct http *self, struct span body, const char *const *headers, struct http_answer *answer,
                       struct reason *why) MUST_CHECK;
const char *http_origin(const struct http *self);

#endif
