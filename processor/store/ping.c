/* ping.c - whether this Redis answers, and is one that state may be trusted to. */
#include <stdio.h>
#include <stdlib.h>

#include "errors.h"
#include "redis_store.h"

/* The oldest release the tests and the Debian we build on know; WAITAOF, a later feature, needs 7.2. */
#define VERSION_MAJOR 6
#define VERSION_MINOR 2
#define POLICY_SIZE   40

static enum outcome ask(struct redis_store *self, const char *verb, const char *word, const char *argument,
                        redisReply **reply, struct reason *why)
{
    command_start(&self->command, verb);
    if (word) {
        command_text(&self->command, word);
    }
    if (argument) {
        command_text(&self->command, argument);
    }
    return connection_ask(&self->connection, &self->command, reply, why);
}

/* The value of "name:value\r\n" in a section of INFO, cut to capacity; empty when it is not there. */
static void info_value(const redisReply *info, const char *name, char *value, size_t capacity)
{
    value[0] = '\0';
    size_t size = strlen(name);
    for (const char *line = info->str; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, size) == 0 && line[size] == ':') {
            (void)snprintf(value, capacity, "%.*s", (int)strcspn(line + size + 1, "\r\n"), line + size + 1);
            return;
        }
    }
}

static enum outcome read_info(struct redis_store *self, const char *section, const char *name, char *value,
                              size_t capacity, struct reason *why)
{
    redisReply *reply CLEANUP(reply_free) = NULL;
    TRY(ask(self, "INFO", section, NULL, &reply, why));
    TRY(connection_judge(&self->connection, reply, why));
    if (reply->type != REDIS_REPLY_STRING) {
        return connection_puzzled(&self->connection, "INFO", why);
    }
    info_value(reply, name, value, capacity);
    return DONE;
}

/* CONFIG is often kept from applications, and missing in rented Redises; INFO then says it too. */
static enum outcome read_policy(struct redis_store *self, char policy[POLICY_SIZE], struct reason *why)
{
    redisReply *reply CLEANUP(reply_free) = NULL;
    TRY(ask(self, "CONFIG", "GET", "maxmemory-policy", &reply, why));
    if (reply_is_strings(reply, 2)) {
        (void)snprintf(policy, POLICY_SIZE, "%s", reply->element[1]->str);
        return DONE;
    }
    if (reply->type == REDIS_REPLY_ERROR && !error_is_denial(reply->str)) {
        return connection_judge(&self->connection, reply, why);
    }
    return read_info(self, "memory", "maxmemory_policy", policy, POLICY_SIZE, why);
}

/* Refused even while maxmemory is 0: whoever sets it later would begin to lose state without a word. */
static enum outcome check_policy(struct redis_store *self, struct reason *why)
{
    char policy[POLICY_SIZE] = "";
    TRY(read_policy(self, policy, why));
    if (strcmp(policy, "noeviction") == 0) {
        return DONE;
    }
    return FAIL(why, STOP, REASON_REFUSED,
                "Redis may evict state: maxmemory-policy is \"%s\"; CONFIG SET maxmemory-policy noeviction",
                *policy ? policy : "not told");
}

static enum outcome check_version(struct redis_store *self, struct reason *why)
{
    char version[32] = "";
    TRY(read_info(self, "server", "redis_version", version, sizeof version, why));
    char *rest = version;
    long major = strtol(version, &rest, 10);
    long minor = *rest == '.' ? strtol(rest + 1, NULL, 10) : 0;
    if (major > VERSION_MAJOR || (major == VERSION_MAJOR && minor >= VERSION_MINOR)) {
        return DONE;
    }
    return FAIL(why, STOP, REASON_REFUSED, "Redis is version \"%s\": %d.%d or later is needed", version, VERSION_MAJOR,
                VERSION_MINOR);
}

enum outcome store_ping(struct store *store, struct reason *why)
{
    struct redis_store *self = redis_store_of(store);
    redisReply *reply CLEANUP(reply_free) = NULL;
    TRY(ask(self, "PING", NULL, NULL, &reply, why));
    TRY(connection_judge(&self->connection, reply, why));
    TRY(check_policy(self, why));
    return check_version(self, why);
}
