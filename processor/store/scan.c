/* scan.c - going through a hash or a set that may be too large for one reply. */
#include "redis_store.h"

/* Elements a reply aims at: at 10–35 kB a cell (DESIGN.md, sizes) a page stays below some 20 MB. */
#define PAGE_COUNT  "512"
#define CURSOR_SIZE 24 /* an unsigned 64-bit number */

static bool is_page(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 && reply->element[0]->type == REDIS_REPLY_STRING &&
           reply->element[0]->len > 0 && reply->element[0]->len < CURSOR_SIZE &&
           reply_is_strings(reply->element[1], SIZE_MAX);
}

static enum outcome scan_page(struct redis_store *self, const char *verb, struct span key, char cursor[CURSOR_SIZE],
                              redisReply **reply, struct reason *why)
{
    struct command *command = &self->command;
    command_start(command, verb);
    command_span(command, key);
    command_text(command, cursor);
    command_text(command, "COUNT");
    command_text(command, PAGE_COUNT);
    TRY(connection_call(&self->connection, command, reply, why));
    if (!is_page(*reply)) {
        return connection_puzzled(&self->connection, verb, why);
    }
    memcpy(cursor, (*reply)->element[0]->str, (*reply)->element[0]->len + 1);
    return DONE;
}

enum outcome store_scan(struct redis_store *self, const char *verb, struct span key,
                        enum outcome (*page)(void *context, const redisReply *items, struct reason *why), void *context,
                        struct reason *why)
{
    char cursor[CURSOR_SIZE] = "0";
    do {
        redisReply *reply CLEANUP(reply_free) = NULL;
        TRY(scan_page(self, verb, key, cursor, &reply, why));
        TRY(page(context, reply->element[1], why));
    } while (strcmp(cursor, "0") != 0);
    return DONE;
}
