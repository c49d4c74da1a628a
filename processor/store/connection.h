/* connection.h - one connection to Redis: made when it is needed, thrown away after any error, made again.
 *
 * After an attempt that failed, calls say the same again without trying for 100 ms, doubling up to 2 s: the caller's
 * loop may turn fast, and a Redis that has just come back is not to be met by a storm. Errors: RETRY/unavailable for
 * whatever time may mend, STOP/refused for what a person must. Owner: connection_done. */
#ifndef SLIPSTREAM_STORE_CONNECTION_H
#define SLIPSTREAM_STORE_CONNECTION_H

#include <hiredis/hiredis.h>
#include <openssl/ssl.h>

#include "address.h"
#include "command.h"

struct connection {
    struct address address;
    int64_t timeout_ms;    /* connecting, and for a reply */
    SSL_CTX *tls;          /* NULL: plain */
    char name[65];         /* CLIENT SETNAME: what CLIENT LIST shows */
    redisContext *context; /* NULL: not connected */
    bool stale;            /* an answer showed that another connection is wanted */
    int64_t delay_us;      /* after the next failed attempt; 0: the last one worked */
    struct mono_time retry_at;
    enum outcome failed_as; /* the last attempt, told again until retry_at */
    struct reason failure;
};

void connection_done(struct connection *self);

/* Connected, authenticated, database selected. */
enum outcome connection_ready(struct connection *self, struct reason *why) MUST_CHECK;

/* Queues a command; it goes out when the next reply is awaited. When it fails, so has all that was queued before. */
enum outcome connection_send(struct connection *self, const struct command *command, struct reason *why) MUST_CHECK;
/* The next reply, an error reply among them. Whether what was sent has been done is unknown unless this is DONE. */
enum outcome connection_receive(struct connection *self, redisReply **reply, struct reason *why) MUST_CHECK;
/* DONE for any reply that is no error; else what the error means. */
enum outcome connection_judge(struct connection *self, const redisReply *reply, struct reason *why) MUST_CHECK;
/* All of it for one command: connect, send, receive. */
enum outcome connection_ask(struct connection *self, const struct command *command, redisReply **reply,
                            struct reason *why) MUST_CHECK;
/* The same, and judged. */
enum outcome connection_call(struct connection *self, const struct command *command, redisReply **reply,
                             struct reason *why) MUST_CHECK;
/* An answer of a kind that the command does not have: the stream can't be trusted any more. */
enum outcome connection_puzzled(struct connection *self, const char *verb, struct reason *why);

void reply_free(redisReply **reply); /* for CLEANUP */
struct span reply_span(const redisReply *reply);
/* Whether it is an array of so many elements (SIZE_MAX: any), each of them a string. */
bool reply_is_strings(const redisReply *reply, size_t count);

#endif
