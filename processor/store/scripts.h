/* scripts.h - the Lua scripts that are part of the program, and calling them by their hash. */
#ifndef SLIPSTREAM_STORE_SCRIPTS_H
#define SLIPSTREAM_STORE_SCRIPTS_H

#include "connection.h"

struct script {
    struct span source;
    char hash[41]; /* as Redis gave it when it was loaded; empty: not loaded by us yet */
};

struct script script_claim(void);
struct script script_apply(void);

/* Makes Redis know the script. A server that forgets it (SCRIPT FLUSH, a restart, a failover) answers NOSCRIPT. */
enum outcome script_load(struct script *self, struct connection *connection, struct reason *why) MUST_CHECK;
bool script_is_forgotten(const redisReply *reply);

/* The start of a call: the caller adds the arguments. */
void script_start(const struct script *self, struct command *command, const char *key);

#endif
