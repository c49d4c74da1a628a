/* claim.c - becoming the owner of a task, and reading its state. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#include "record.h"
#include "redis_store.h"

/* What claim.lua answers, in its order. */
enum { CLAIM_WORD, CLAIM_OWNER, CLAIM_PREVIOUS, CLAIM_SEQ, CLAIM_META, CLAIM_ANSWERS };

static enum outcome send_claim(struct redis_store *self, const char *key, struct event_time now, redisReply **reply,
                               struct reason *why)
{
    uint64_t random = 0;
    ssize_t drawn = getrandom(&random, sizeof random, 0);
    ASSERT(drawn == (ssize_t)sizeof random); /* getrandom(2): so few bytes are never cut short */
    char clock_ms[24], digits[20], format[8];
    (void)snprintf(clock_ms, sizeof clock_ms, "%" PRId64, now.us > 0 ? now.us / US_PER_MS : 0);
    (void)snprintf(digits, sizeof digits, "%016" PRIx64, random);
    (void)snprintf(format, sizeof format, "%d", META_FORMAT);
    struct command *command = &self->command;
    script_start(&self->claim, command, key);
    command_text(command, clock_ms);
    command_text(command, digits);
    command_text(command, format);
    return connection_ask(&self->connection, command, reply, why);
}

/* Sends it again, once, when the server did not know the script. */
static enum outcome call_claim(struct redis_store *self, const char *key, struct event_time now, redisReply **reply,
                               struct reason *why)
{
    if (!*self->claim.hash) {
        TRY(script_load(&self->claim, &self->connection, why));
    }
    TRY(send_claim(self, key, now, reply, why));
    if (script_is_forgotten(*reply)) {
        reply_free(reply);
        *reply = NULL;
        TRY(script_load(&self->claim, &self->connection, why));
        TRY(send_claim(self, key, now, reply, why));
    }
    return connection_judge(&self->connection, *reply, why);
}

static enum outcome unreadable(const char *key, struct reason *why)
{
    return FAIL(why, STOP, REASON_BAD_STATE, "the owner, seq or meta of %s in Redis can't be read", key);
}

/* An answer other than CLAIMED: nothing was written. */
static enum outcome refused_claim(struct redis_store *self, const char *key, const redisReply *reply,
                                  struct reason *why)
{
    bool worded = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
                  reply->element[CLAIM_WORD]->type == REDIS_REPLY_STRING;
    struct span word = worded ? reply_span(reply->element[CLAIM_WORD]) : span_text("");
    if (span_equal(word, span_text("UNREADABLE"))) {
        return unreadable(key, why);
    }
    if (span_equal(word, span_text("NEWER")) && reply->elements == 2) {
        return meta_refuse_newer(reply->element[1]->integer, why);
    }
    return connection_puzzled(&self->connection, "claim", why);
}

/* What an apply has written: seq and meta, or neither. */
static enum outcome read_stored(const char *key, const redisReply *seq, const redisReply *meta, struct claim *claim,
                                struct reason *why)
{
    claim->stored = seq->len > 0;
    if (claim->stored && !seq_read(reply_span(seq), &claim->seq)) {
        return unreadable(key, why);
    }
    return claim->stored ? meta_read(reply_span(meta), &claim->meta, why) : DONE;
}

static enum outcome read_claim(struct redis_store *self, const char *key, const redisReply *reply, struct claim *claim,
                               struct reason *why)
{
    if (!reply_is_strings(reply, CLAIM_ANSWERS)) {
        return refused_claim(self, key, reply, why);
    }
    struct claim read = {0};
    struct span previous = reply_span(reply->element[CLAIM_PREVIOUS]);
    if (!owner_read(reply_span(reply->element[CLAIM_OWNER]), &read.owner) ||
        (previous.size > 0 && !owner_read(previous, &read.previous))) {
        return unreadable(key, why);
    }
    TRY(read_stored(key, reply->element[CLAIM_SEQ], reply->element[CLAIM_META], &read, why));
    *claim = read;
    return DONE;
}

enum outcome store_claim(struct store *store, int32_t partition, struct event_time now, struct claim *claim,
                         struct reason *why)
{
    struct redis_store *self = redis_store_of(store);
    redisReply *reply CLEANUP(reply_free) = NULL;
    char key[TASK_KEY_SIZE];
    TRY(call_claim(self, store_task_key(self, partition, key), now, &reply, why));
    return read_claim(self, key, reply, claim, why);
}

enum outcome store_peek(struct store *store, int32_t partition, struct claim *claim, struct reason *why)
{
    struct redis_store *self = redis_store_of(store);
    redisReply *reply CLEANUP(reply_free) = NULL;
    char key[TASK_KEY_SIZE];
    struct command *command = &self->command;
    store_task_key(self, partition, key);
    command_start(command, "HMGET");
    command_text(command, key);
    command_text(command, "seq");
    command_text(command, "meta");
    TRY(connection_ask(&self->connection, command, &reply, why));
    TRY(connection_judge(&self->connection, reply, why));
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) {
        return connection_puzzled(&self->connection, "HMGET", why);
    }
    struct claim read = {0};
    TRY(read_stored(key, reply->element[0], reply->element[1], &read, why));
    *claim = read;
    return DONE;
}

struct loading {
    enum outcome (*field)(void *context, struct span name, struct span value, struct reason *why);
    void *context;
};

static enum outcome load_page(void *context, const redisReply *items, struct reason *why)
{
    const struct loading *loading = context;
    for (size_t i = 0; i + 1 < items->elements; i += 2) {
        struct span name = reply_span(items->element[i]);
        if (!store_field_is_reserved(name)) {
            TRY(loading->field(loading->context, name, reply_span(items->element[i + 1]), why));
        }
    }
    return DONE;
}

enum outcome store_load(struct store *store, int32_t partition,
                        enum outcome (*field)(void *context, struct span name, struct span value, struct reason *why),
                        void *context, struct reason *why)
{
    struct redis_store *self = redis_store_of(store);
    struct loading loading = {field, context};
    char key[TASK_KEY_SIZE];
    return store_scan(self, "HSCAN", span_text(store_task_key(self, partition, key)), load_page, &loading, why);
}
