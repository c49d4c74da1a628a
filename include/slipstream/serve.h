/* serve.h - the ops port: an HTTP server whose pages are rendered by callbacks, on threads of its own.
 *
 * Errors: STOP with what is wrong with the address or port. Owner: who opened it closes it; close waits for requests
 * under way. Callbacks run on the server's thread: they read atomics only. */
#ifndef SLIPSTREAM_SERVE_H
#define SLIPSTREAM_SERVE_H

#include "slipstream/base.h"

struct serve_page {
    const char *path;         /* "/metrics" */
    const char *content_type;
    unsigned (*render)(void *context, struct buffer *out); /* → HTTP status */
    void *context;
};

struct server;
/* address "127.0.0.1" or "0.0.0.0" or "::"; port 0 takes a free one. Pages are borrowed until close. GET and HEAD only:
 * anything else is 405, an unknown path 404. At most 64 connections at once, idle ones for 10 s. */
enum outcome server_open(const char *address, uint16_t port, const struct serve_page *pages, size_t count,
                         struct server **server, struct reason *why) MUST_CHECK;
void server_close(struct server *self);
uint16_t server_port(const struct server *self);

#endif
