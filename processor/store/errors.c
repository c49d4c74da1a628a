/* errors.c - the table of Redis's errors. */
#include "errors.h"

#include <ctype.h>

/* The first entry that fits counts. Words as in Redis 6.2 to 8. */
static const struct error_meaning meanings[] = {
    {"LOADING", RETRY, REASON_UNAVAILABLE, false, "it is reading its data from disk"},
    {"BUSY", RETRY, REASON_UNAVAILABLE, false, "a script has been holding it for too long"},
    {"OOM", RETRY, REASON_UNAVAILABLE, false, "maxmemory is reached: give it more"},
    {"READONLY", RETRY, REASON_UNAVAILABLE, true, "it is a replica: the primary is wanted"},
    {"NOREPLICAS", RETRY, REASON_UNAVAILABLE, false, "fewer replicas are there than min-replicas-to-write"},
    {"MISCONF", RETRY, REASON_UNAVAILABLE, false, "it can't write to its disk, and so takes no writes"},
    {"MASTERDOWN", RETRY, REASON_UNAVAILABLE, true, "it is a replica that has lost its primary"},
    {"CLUSTERDOWN", RETRY, REASON_UNAVAILABLE, false, "the cluster does not serve this key for now"},
    {"TRYAGAIN", RETRY, REASON_UNAVAILABLE, false, "the cluster is moving this key"},
    {"NOSCRIPT", RETRY, REASON_UNAVAILABLE, false, "it forgot a script that it had just been given"},
    {"ERR max number of clients", RETRY, REASON_UNAVAILABLE, true, "maxclients is reached"},
    {"NOAUTH", STOP, REASON_REFUSED, true, "it wants a password: set redis.password, and redis.username"},
    {"WRONGPASS", STOP, REASON_REFUSED, true, "redis.username or redis.password is wrong, or the user is off"},
    {"ERR AUTH", STOP, REASON_REFUSED, true,
     "its default user has no password: set one there, or remove redis.password"},
    {"ERR Client sent AUTH", STOP, REASON_REFUSED, true, "it has no password: set one there, or remove redis.password"},
    {"NOPERM", STOP, REASON_REFUSED, true,
     "the ACL of redis.username lacks a command or a key: +@read +@write +@scripting +ping +info, ~app:* ~{app:*"},
    {"ERR The user executing the script", STOP, REASON_REFUSED, true,
     "the ACL of redis.username lacks a command or a key: +hmget +hset +hdel, ~{app:*"},
    {"DENIED", STOP, REASON_REFUSED, true, "protected mode: give it a password, or bind it to this address"},
    {"MOVED", STOP, REASON_REFUSED, true, "it is a cluster of several nodes, which is not supported"},
    {"ASK", STOP, REASON_REFUSED, true, "it is a cluster of several nodes, which is not supported"},
    {"WRONGTYPE", STOP, REASON_BAD_STATE, false,
     "a key of ours holds something else: another program uses the same names; set app to another"},
    {"ERR DB index", STOP, REASON_BAD_CONFIG, true, "redis.url names a database that it does not have"},
    {"ERR invalid DB index", STOP, REASON_BAD_CONFIG, true, "redis.url names a database that it does not have"},
    {"ERR unknown command", STOP, REASON_REFUSED, true, "a command that is needed is renamed or missing there"},
    {"ERR", STOP, REASON_FATAL, false, NULL},
};
/* Proxies and services in between have words of their own; most of them pass. */
static const struct error_meaning unknown = {"", RETRY, REASON_UNAVAILABLE, true, NULL};

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

const char *error_words(const char *reply)
{
    /* "ERR Error running script (call to f_…): @user_script:9: @user_script: 9: -READONLY You can't …" */
    if (begins(reply, "ERR Error running script") || begins(reply, "@user_script")) {
        const char *inner = strstr(reply, ": -");
        return inner ? inner + 3 : reply;
    }
    return reply;
}

bool error_is_denial(const char *reply)
{
    return begins(reply, "NOPERM") || begins(reply, "ERR unknown command") || begins(reply, "ERR unknown subcommand");
}

static const struct error_meaning *meaning_of(const char *words)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        size_t size = strlen(meanings[i].start);
        if (begins(words, meanings[i].start) && !isalnum((unsigned char)words[size])) {
            return &meanings[i];
        }
    }
    return &unknown;
}

const struct error_meaning *error_read(const char *reply, bool secret, struct reason *why)
{
    const char *words = error_words(reply);
    const struct error_meaning *meaning = meaning_of(words);
    int word = (int)strcspn(words, " ");
    if (meaning->advice) {
        (void)FAIL(why, meaning->outcome, meaning->code, "Redis says %.*s: %s", word, words, meaning->advice);
        return meaning;
    }
    const char *quoted = strstr(words, ", with args"); /* what follows are the arguments: names, values, secrets */
    int size = secret ? word : (int)(quoted ? (size_t)(quoted - words) : strcspn(words, "\r\n"));
    (void)FAIL(why, meaning->outcome, meaning->code, "Redis says %.*s", size, words);
    return meaning;
}
