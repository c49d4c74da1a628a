/* connection.c - one connection to Redis. */
#include "connection.h"

#include <errno.h>
#include <stdio.h>

#include "errors.h"
#include "tls.h"

#define DELAY_FIRST_US (100 * US_PER_MS)
#define DELAY_MAX_US   (2 * US_PER_SECOND)
/* HSCAN with COUNT 512 gives about 1,024 elements, and more where hash-max-listpack-entries was raised. */
#define REPLY_ELEMENTS_MAX (1 << 20)

static void connection_drop(struct connection *self)
{
    redisFree(self->context);
    self->context = NULL;
    self->stale = false;
}

void connection_done(struct connection *self)
{
    connection_drop(self);
    tls_close(self->tls);
    self->tls = NULL;
    explicit_bzero(&self->address, sizeof self->address);
}

void reply_free(redisReply **reply)
{
    freeReplyObject(*reply);
}

struct span reply_span(const redisReply *reply)
{
    return span_of(reply->str, reply->len);
}

bool reply_is_strings(const redisReply *reply, size_t count)
{
    if (reply->type != REDIS_REPLY_ARRAY || (count != SIZE_MAX && reply->elements != count)) {
        return false;
    }
    for (size_t i = 0; i < reply->elements; i++) {
        if (reply->element[i]->type != REDIS_REPLY_STRING) {
            return false;
        }
    }
    return true;
}

/* What broke the connection, which is then thrown away. `error` is errno as it was right after the failed call. */
static void lost(struct connection *self, int error, struct reason *why)
{
    const struct address *at = &self->address;
    bool late = self->context && (self->context->err == REDIS_ERR_TIMEOUT ||
                                  (self->context->err == REDIS_ERR_IO && (error == EAGAIN || error == ETIMEDOUT)));
    if (late) {
        (void)FAIL(why, RETRY, REASON_UNAVAILABLE, "Redis at %s:%d: no answer within %lld ms", at->host, at->port,
                   (long long)self->timeout_ms);
    } else {
        (void)FAIL(why, RETRY, REASON_UNAVAILABLE, "Redis at %s:%d: %s", at->host, at->port,
                   self->context ? self->context->errstr : "out of memory");
    }
    connection_drop(self);
}

/* A command on its way. The library would put it together twice over before the first byte leaves, and what is stored
 * of a task takes megabytes: it is written as it comes, in pieces of this size. */
#define PIECE_BYTES ((size_t)256 << 10)
struct sending {
    struct connection *connection;
    size_t waiting; /* bytes in the library's buffer */
};

static bool send_bytes(struct sending *self, const char *bytes, size_t size)
{
    redisContext *context = self->connection->context;
    errno = 0;
    while (size) {
        size_t piece = size < PIECE_BYTES ? size : PIECE_BYTES;
        if (redisAppendFormattedCommand(context, bytes, piece) != REDIS_OK) {
            return false;
        }
        bytes += piece;
        size -= piece;
        self->waiting += piece;
        for (int done = self->waiting < PIECE_BYTES; !done; self->waiting = 0) {
            if (redisBufferWrite(context, &done) != REDIS_OK) {
                return false;
            }
        }
    }
    return true;
}

enum outcome connection_send(struct connection *self, const struct command *command, struct reason *why)
{
    if (command->broken) {
        connection_drop(self); /* others may be queued before it, and nobody will read their replies */
        return FAIL(why, STOP, REASON_FULL, "a Redis command of more than %d words, or no memory for it",
                    COMMAND_WORDS_MAX);
    }
    struct sending sending = {.connection = self};
    char head[32];
    bool is_sent = send_bytes(&sending, head, (size_t)snprintf(head, sizeof head, "*%d\r\n", command->count));
    for (int i = 0; i < command->count && is_sent; i++) {
        size_t size = (size_t)snprintf(head, sizeof head, "$%zu\r\n", command->sizes[i]);
        is_sent = send_bytes(&sending, head, size) && send_bytes(&sending, command->words[i], command->sizes[i]) &&
                  send_bytes(&sending, "\r\n", 2);
    }
    if (!is_sent) {
        lost(self, errno, why);
        return RETRY;
    }
    return DONE;
}

enum outcome connection_receive(struct connection *self, redisReply **reply, struct reason *why)
{
    void *received = NULL;
    errno = 0;
    if (redisGetReply(self->context, &received) != REDIS_OK || !received) {
        lost(self, errno, why);
        return RETRY;
    }
    *reply = received;
    return DONE;
}

enum outcome connection_judge(struct connection *self, const redisReply *reply, struct reason *why)
{
    if (reply->type != REDIS_REPLY_ERROR) {
        return DONE;
    }
    const struct error_meaning *meaning = error_read(reply->str, false, why);
    self->stale |= meaning->elsewhere;
    return meaning->outcome;
}

enum outcome connection_ask(struct connection *self, const struct command *command, redisReply **reply,
                            struct reason *why)
{
    TRY(connection_ready(self, why));
    TRY(connection_send(self, command, why));
    return connection_receive(self, reply, why);
}

enum outcome connection_call(struct connection *self, const struct command *command, redisReply **reply,
                             struct reason *why)
{
    redisReply *received CLEANUP(reply_free) = NULL;
    TRY(connection_ask(self, command, &received, why));
    TRY(connection_judge(self, received, why));
    *reply = received;
    received = NULL;
    return DONE;
}

enum outcome connection_puzzled(struct connection *self, const char *verb, struct reason *why)
{
    connection_drop(self);
    return FAIL(why, RETRY, REASON_UNAVAILABLE, "Redis at %s:%d: an answer to %s of an unexpected kind",
                self->address.host, self->address.port, verb);
}

static enum outcome connect_plain(struct connection *self, struct reason *why)
{
    struct timeval timeout = {.tv_sec = self->timeout_ms / 1000, .tv_usec = self->timeout_ms % 1000 * US_PER_MS};
    redisOptions options = {.connect_timeout = &timeout, .command_timeout = &timeout};
    REDIS_OPTIONS_SET_TCP(&options, self->address.host, self->address.port);
    errno = 0;
    self->context = redisConnectWithOptions(&options);
    if (!self->context || self->context->err) {
        lost(self, errno, why);
        return RETRY;
    }
    self->context->reader->maxelements = REPLY_ELEMENTS_MAX;
    return DONE;
}

/* One step of the handshake; `secret`: nothing of the answer but its first word may be told. */
static enum outcome introduce(struct connection *self, const struct command *command, bool secret, redisReply **reply,
                              struct reason *why)
{
    TRY(connection_send(self, command, why));
    TRY(connection_receive(self, reply, why));
    return (*reply)->type == REDIS_REPLY_ERROR ? error_read((*reply)->str, secret, why)->outcome : DONE;
}

static enum outcome authenticate(struct connection *self, struct command *command, struct reason *why)
{
    const struct address *as = &self->address;
    if (!*as->username && !*as->password) {
        return DONE;
    }
    redisReply *reply CLEANUP(reply_free) = NULL;
    command_start(command, "AUTH");
    if (*as->username) {
        command_text(command, as->username);
    }
    command_text(command, as->password);
    return introduce(self, command, true, &reply, why);
}

static enum outcome select_database(struct connection *self, struct command *command, struct reason *why)
{
    if (self->address.database == 0) {
        return DONE;
    }
    redisReply *reply CLEANUP(reply_free) = NULL;
    char number[16];
    (void)snprintf(number, sizeof number, "%d", self->address.database);
    command_start(command, "SELECT");
    command_text(command, number);
    return introduce(self, command, false, &reply, why);
}

/* For whoever reads CLIENT LIST. One can do without; and being told to go away here is told early. */
static enum outcome give_name(struct connection *self, struct command *command, struct reason *why)
{
    redisReply *reply CLEANUP(reply_free) = NULL;
    command_start(command, "CLIENT");
    command_text(command, "SETNAME");
    command_text(command, self->name);
    enum outcome outcome = introduce(self, command, false, &reply, why);
    return reply && reply->type == REDIS_REPLY_ERROR && error_is_denial(reply->str) ? DONE : outcome;
}

static enum outcome connection_make(struct connection *self, struct reason *why)
{
    struct command command CLEANUP(command_done) = {0};
    TRY(connect_plain(self, why));
    if (self->tls) {
        TRY(tls_start(self->tls, self->context, self->address.host, why));
    }
    TRY(authenticate(self, &command, why));
    TRY(select_database(self, &command, why));
    return give_name(self, &command, why);
}

enum outcome connection_ready(struct connection *self, struct reason *why)
{
    if (self->stale) {
        connection_drop(self);
    }
    if (self->context) {
        return DONE;
    }
    if (self->delay_us == 0 || system_clock.mono(&system_clock).us >= self->retry_at.us) {
        self->failed_as = connection_make(self, &self->failure);
        if (self->failed_as == DONE) {
            self->delay_us = 0;
            return DONE;
        }
        connection_drop(self);
        self->delay_us = self->delay_us == 0 ? DELAY_FIRST_US : self->delay_us * 2;
        self->delay_us = self->delay_us < DELAY_MAX_US ? self->delay_us : DELAY_MAX_US;
        self->retry_at.us = system_clock.mono(&system_clock).us + self->delay_us;
    }
    if (why) {
        *why = self->failure;
    }
    return self->failed_as;
}
