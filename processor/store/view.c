/* view.c - writing the live view: app:view:AGENCY is a scorecard, the set app:view holds the agencies' names. */
#include "redis_store.h"
#include "view_key.h"

#define CARD "view:"

/* The agency of "view:AGENCY"; empty when the key is another. */
static struct span agency_of(struct span key)
{
    size_t size = strlen(CARD);
    bool is_card = key.size > size && memcmp(key.data, CARD, size) == 0;
    return is_card ? span_of(key.data + size, key.size - size) : span_text("");
}

static enum outcome send_pair(struct redis_store *self, const char *verb, struct span key, struct span value,
                              size_t *sent, struct reason *why)
{
    char full[VIEW_KEY_SIZE];
    command_start(&self->command, verb);
    command_span(&self->command, view_key(self, key, full));
    command_span(&self->command, value);
    TRY(connection_send(&self->connection, &self->command, why));
    ++*sent;
    return DONE;
}

/* The card before its name in the list: whoever finds a name finds its card. */
static enum outcome send_change(struct redis_store *self, const struct view_change *change, size_t *sent,
                                struct reason *why)
{
    struct span agency = agency_of(change->key);
    TRY(send_pair(self, "SET", change->key, change->value, sent, why));
    return agency.size ? send_pair(self, "SADD", span_text(VIEW_LIST), agency, sent, why) : DONE;
}

/* From *next on, as many as a pipeline may hold. */
static enum outcome send_group(struct redis_store *self, const struct view_change *changes, size_t count, size_t *next,
                               size_t *sent, struct reason *why)
{
    for (size_t bytes = 0; *next < count && bytes < PIPELINE_BYTES_MAX; ++*next) {
        TRY(send_change(self, &changes[*next], sent, why));
        bytes += changes[*next].key.size + changes[*next].value.size;
    }
    return DONE;
}

/* Reads all the replies; the worst of them is told. */
static enum outcome receive_all(struct redis_store *self, size_t count, struct reason *why)
{
    enum outcome worst = DONE;
    struct reason reason = {0};
    for (size_t i = 0; i < count; i++) {
        redisReply *reply CLEANUP(reply_free) = NULL;
        struct reason one;
        TRY(connection_receive(&self->connection, &reply, why));
        enum outcome outcome = connection_judge(&self->connection, reply, &one);
        if (outcome > worst) {
            worst = outcome;
            reason = one;
        }
    }
    if (worst != DONE && why) {
        *why = reason;
    }
    return worst;
}

enum outcome store_write_view(struct store *store, const struct view_change *changes, size_t count, struct reason *why)
{
    struct redis_store *self = redis_store_of(store);
    for (size_t i = 0; i < count; i++) {
        ASSERT(!span_equal(changes[i].key, span_text(VIEW_LIST)));
        TRY(view_key_check(changes[i].key, why));
    }
    TRY(connection_ready(&self->connection, why));
    for (size_t next = 0; next < count;) {
        size_t sent = 0;
        TRY(send_group(self, changes, count, &next, &sent, why));
        TRY(receive_all(self, sent, why));
    }
    return DONE;
}
