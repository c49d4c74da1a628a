/* scripts.c - the Lua scripts, embedded. */
#include "scripts.h"

#include "slipstream/base/embed.h"

EMBED(claim_lua, "claim.lua");
EMBED(apply_lua, "apply.lua");

struct script script_claim(void)
{
    return (struct script){.source = EMBEDDED(claim_lua)};
}

struct script script_apply(void)
{
    return (struct script){.source = EMBEDDED(apply_lua)};
}

static enum outcome learn_hash(struct script *self, struct connection *connection, struct command *command,
                               struct reason *why)
{
    redisReply *reply CLEANUP(reply_free) = NULL;
    TRY(connection_call(connection, command, &reply, why));
    if (reply->type != REDIS_REPLY_STRING || reply->len != sizeof self->hash - 1) {
        return connection_puzzled(connection, "SCRIPT LOAD", why);
    }
    memcpy(self->hash, reply->str, sizeof self->hash);
    return DONE;
}

enum outcome script_load(struct script *self, struct connection *connection, struct reason *why)
{
    struct command command CLEANUP(command_done) = {0};
    command_start(&command, "SCRIPT");
    command_text(&command, "LOAD");
    command_span(&command, self->source);
    return learn_hash(self, connection, &command, why);
}

bool script_is_forgotten(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", strlen("NOSCRIPT")) == 0;
}

void script_start(const struct script *self, struct command *command, const char *key)
{
    command_start(command, "EVALSHA");
    command_text(command, self->hash);
    command_text(command, "1");
    command_text(command, key);
}
