/* scripts.c - the Lua scripts, embedded. */
#include "scripts.h"

#define EMBED(name, file)                                                                                              \
    __asm__(".pushsection .rodata\n"                                                                                   \
            ".global store_" #name "_lua\n"                                                                            \
            ".global store_" #name "_lua_end\n"                                                                        \
            "store_" #name "_lua:\n"                                                                                   \
            ".incbin \"" file "\"\n"                                                                                   \
            "store_" #name "_lua_end:\n"                                                                               \
            ".byte 0\n"                                                                                                \
            ".popsection\n");                                                                                          \
    extern const uint8_t store_##name##_lua[];                                                                         \
    extern const uint8_t store_##name##_lua_end[];                                                                     \
    struct script script_##name(void)                                                                                  \
    {                                                                                                                  \
        size_t size = (size_t)(store_##name##_lua_end - store_##name##_lua);                                           \
        return (struct script){.source = span_of(store_##name##_lua, size)};                                           \
    }

EMBED(claim, "claim.lua")
EMBED(apply, "apply.lua")

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
