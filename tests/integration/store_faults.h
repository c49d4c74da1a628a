/* store_faults.h - the part of test_store.c where things go wrong: FAULTS.md, Redis. */
#ifndef SLIPSTREAM_TESTS_STORE_FAULTS_H
#define SLIPSTREAM_TESTS_STORE_FAULTS_H

#include "fake_server.h"
#include "store_fixture.h"

/* ---- what happens in between ---- */

static void test_scripts_forgotten(void **state)
{
    (void)state;
    struct store *store CLEANUP(close_store) = open_store();
    struct reason why;
    struct apply applies[3];
    for (int round = 0; round < 2; round++) {
        redis_server_do(&server, "SCRIPT FLUSH");
        for (int i = 0; i < 3; i++) {
            struct claim claim = {0};
            assert_int_equal(store->ops->claim(store, i, at_ms(NOW_MS), &claim, &why), DONE);
            applies[i] = apply_of(claim.owner, claim.seq, NULL, 0);
            applies[i].partition = i;
        }
        redis_server_do(&server, "SCRIPT FLUSH");
        assert_int_equal(store->ops->apply(store, applies, 3, &why), DONE);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(applies[i].result, APPLY_DONE);
        }
    }
}

static void test_connection_killed(void **state)
{
    (void)state;
    struct store *store CLEANUP(close_store) = open_store();
    struct reason why;
    struct apply apply = apply_of(claim_now(store).owner, 0, NULL, 0);
    redis_server_do(&server, "CLIENT KILL TYPE normal SKIPME yes");
    assert_int_equal(store->ops->apply(store, &apply, 1, &why), RETRY);
    assert_int_equal(why.code, REASON_UNAVAILABLE);
    assert_int_equal(apply.result, APPLY_FAILED);
    assert_int_equal(apply_now(store, apply), APPLY_DONE);
}

static void test_reply_lost(void **state)
{
    (void)state;
    struct store *store CLEANUP(close_store) = open_as(server.url, NULL, NULL, 100);
    struct reason why;
    struct state_change change = set_text("a", "1");
    struct apply apply = apply_of(claim_now(store).owner, 0, &change, 1);
    assert_int_equal(apply_now(store, apply), APPLY_DONE);
    apply.seq = 1;
    int sent = 0;
    assert_int_equal(redisAppendCommand(server.control, "DEBUG SLEEP 0.4"), REDIS_OK);
    assert_int_equal(redisBufferWrite(server.control, &sent), REDIS_OK);
    assert_int_equal(store->ops->apply(store, &apply, 1, &why), RETRY);
    assert_int_equal(why.code, REASON_UNAVAILABLE);
    assert_non_null(strstr(why.text, "no answer within 100 ms"));
    assert_int_equal(apply.result, APPLY_FAILED);
    assert_int_equal(apply_until_known(store, apply), APPLY_DUPLICATE);
    void *reply = NULL;
    assert_int_equal(redisGetReply(server.control, &reply), REDIS_OK);
    freeReplyObject(reply);
    expect_field("seq", "2");
}

static void test_server_comes_back_empty(void **state)
{
    (void)state;
    struct store *store CLEANUP(close_store) = open_store();
    struct apply apply = apply_of(claim_now(store).owner, 0, NULL, 0);
    assert_int_equal(apply_now(store, apply), APPLY_DONE);
    apply.seq = 1;
    redis_server_restart(&server);
    assert_int_equal(apply_until_known(store, apply), APPLY_GAP);
    struct claim claim = claim_now(store);
    assert_false(claim.stored);
    assert_int_equal(apply_now(store, apply), APPLY_FENCED);
    assert_int_equal(apply_now(store, apply_of(claim.owner, 0, NULL, 0)), APPLY_DONE);
}

static void test_busy(void **state)
{
    (void)state;
    struct store *store CLEANUP(close_store) = open_store();
    struct apply apply = apply_of(claim_now(store).owner, 0, NULL, 0);
    redisContext *looping = redisConnect("127.0.0.1", server.port);
    int sent = 0;
    redis_server_do(&server, "CONFIG SET lua-time-limit 1");
    assert_int_equal(redisAppendCommand(looping, "EVAL %s 0", "while true do end"), REDIS_OK);
    assert_int_equal(redisBufferWrite(looping, &sent), REDIS_OK);
    struct reason why = {0};
    assert_int_equal(store->ops->apply(store, &apply, 1, &why), RETRY);
    assert_non_null(strstr(why.text, "BUSY"));
    redis_server_do(&server, "SCRIPT KILL");
    void *killed = NULL;
    assert_int_equal(redisGetReply(looping, &killed), REDIS_OK);
    freeReplyObject(killed);
    redis_server_do(&server, "CONFIG SET lua-time-limit 5000");
    assert_int_equal(apply_until_known(store, apply), APPLY_DONE);
    redisFree(looping);
}

/* ---- a server that says no ---- */

/* Each row brings the server into a mood, tries an apply that sets and removes, and finds nothing written. */
static void test_moods(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *before[3];
        const char *after[3];
        const char *username, *password;
        const char *path; /* of the URL */
        enum outcome outcome;
        enum reason_code code;
        const char *says;
    } rows[] = {
        {"out of memory",
         {"CONFIG SET maxmemory 1mb"},
         {"CONFIG SET maxmemory 0"},
         NULL,
         NULL,
         "",
         RETRY,
         REASON_UNAVAILABLE,
         "OOM"},
        {"a replica of a dead primary",
         {"REPLICAOF 127.0.0.1 1"},
         {"REPLICAOF NO ONE"},
         NULL,
         NULL,
         "",
         RETRY,
         REASON_UNAVAILABLE,
         "READONLY"},
        {"a replica that does not serve stale data",
         {"CONFIG SET replica-serve-stale-data no", "REPLICAOF 127.0.0.1 1"},
         {"REPLICAOF NO ONE", "CONFIG SET replica-serve-stale-data yes"},
         NULL,
         NULL,
         "",
         RETRY,
         REASON_UNAVAILABLE,
         "MASTERDOWN"},
        {"too few replicas",
         {"CONFIG SET min-replicas-to-write 1"},
         {"CONFIG SET min-replicas-to-write 0"},
         NULL,
         NULL,
         "",
         RETRY,
         REASON_UNAVAILABLE,
         "NOREPLICAS"},
        {"no connection left",
         {"CONFIG SET maxclients 1"},
         {"CONFIG SET maxclients 1000"},
         NULL,
         NULL,
         "",
         RETRY,
         REASON_UNAVAILABLE,
         "Redis"},
        {"a password is wanted",
         {"ACL SETUSER default resetpass >" SECRET},
         {"ACL SETUSER default nopass"},
         NULL,
         NULL,
         "",
         STOP,
         REASON_REFUSED,
         "NOAUTH"},
        {"a wrong password",
         {"ACL SETUSER default resetpass >" SECRET "x"},
         {"ACL SETUSER default nopass"},
         NULL,
         SECRET,
         "",
         STOP,
         REASON_REFUSED,
         "WRONGPASS"},
        {"a password is not wanted", {NULL}, {NULL}, NULL, SECRET, "", STOP, REASON_REFUSED, "redis.password"},
        {"a user who may not remove",
         {"ACL SETUSER bob on >" SECRET " ~* +@all -hdel"},
         {"ACL DELUSER bob"},
         "bob",
         SECRET,
         "",
         STOP,
         REASON_REFUSED,
         "ACL"},
        {"a user who may not set",
         {"ACL SETUSER bob on >" SECRET " ~* +@all -hset"},
         {"ACL DELUSER bob"},
         "bob",
         SECRET,
         "",
         STOP,
         REASON_REFUSED,
         "ACL"},
        {"a user who may not run scripts",
         {"ACL SETUSER bob on >" SECRET " ~* +@all -evalsha"},
         {"ACL DELUSER bob"},
         "bob",
         SECRET,
         "",
         STOP,
         REASON_REFUSED,
         "NOPERM"},
        {"a user who may not see the key",
         {"ACL SETUSER bob on >" SECRET " ~other* +@all"},
         {"ACL DELUSER bob"},
         "bob",
         SECRET,
         "",
         STOP,
         REASON_REFUSED,
         "NOPERM"},
        {"a database that is not there", {NULL}, {NULL}, NULL, NULL, "/9999", STOP, REASON_BAD_CONFIG, "redis.url"},
    };
    struct state_change changes[] = {set_text("kept", "2"), set_text("new", "1"), set_text("gone", "")};
    changes[2].removes = true;
    char *filler = calloc(1, 2 << 20);
    redis_server_do(&server, "HSET %s owner 0001795339800000-0123456789abcdef seq 7 kept 1 gone 1", KEY);
    redis_server_do(&server, "SET filler %b", filler, (size_t)(2 << 20));
    free(filler);
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("  %s\n", rows[i].name);
        char before[41], after[41], url[128];
        (void)snprintf(url, sizeof url, "%s%s", server.url, rows[i].path);
        struct store *store CLEANUP(close_store) = open_as(url, rows[i].username, rows[i].password, TIMEOUT_MS);
        struct apply apply = apply_of(first_owner, 7, changes, COUNT(changes));
        struct reason why = {0};
        digest(before);
        for (size_t k = 0; k < 3 && rows[i].before[k]; k++) {
            redis_server_do(&server, rows[i].before[k]);
        }
        enum outcome outcome = store->ops->apply(store, &apply, 1, &why);
        for (size_t k = 0; k < 3 && rows[i].after[k]; k++) {
            redis_server_do(&server, rows[i].after[k]);
        }
        digest(after);
        print_message("    %s\n", why.text);
        assert_string_equal(before, after);
        assert_int_equal(outcome, rows[i].outcome);
        assert_int_equal(why.code, rows[i].code);
        assert_int_equal(apply.result, APPLY_FAILED);
        assert_non_null(strstr(why.text, rows[i].says));
        assert_null(strstr(why.text, SECRET));
    }
    struct store *store CLEANUP(close_store) = open_store();
    assert_int_equal(apply_now(store, apply_of(first_owner, 7, changes, COUNT(changes))), APPLY_DONE);
}

static long long connections_made(void)
{
    redisReply *reply = redis_server_ask(&server, "INFO stats");
    const char *found = strstr(reply->str, "total_connections_received:");
    assert_non_null(found);
    long long made = strtoll(strchr(found, ':') + 1, NULL, 10);
    freeReplyObject(reply);
    return made;
}

/* After a failover the old primary goes on to answer: only a new connection finds the new one. */
static void test_replica_is_left(void **state)
{
    (void)state;
    struct store *store CLEANUP(close_store) = open_store();
    struct apply apply = apply_of(claim_now(store).owner, 0, NULL, 0);
    struct reason why = {0};
    redis_server_do(&server, "REPLICAOF 127.0.0.1 1");
    assert_int_equal(store->ops->apply(store, &apply, 1, &why), RETRY);
    redis_server_do(&server, "REPLICAOF NO ONE");
    long long before = connections_made();
    assert_int_equal(apply_now(store, apply), APPLY_DONE);
    assert_int_equal(connections_made(), before + 1);
}

/* What Redis says in places that a test does not get it to; also in the words of 6.2, and things that are no Redis. */
static void test_answers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *answer;
        enum outcome outcome;
        enum reason_code code;
        const char *says;
    } rows[] = {
        {"loading", "-LOADING Redis is loading the dataset in memory\r\n", RETRY, REASON_UNAVAILABLE, "LOADING"},
        {"cluster down", "-CLUSTERDOWN Hash slot not served\r\n", RETRY, REASON_UNAVAILABLE, "CLUSTERDOWN"},
        {"try again", "-TRYAGAIN Multiple keys request during rehashing of slot\r\n", RETRY, REASON_UNAVAILABLE,
         "TRYAGAIN"},
        {"moved", "-MOVED 3999 127.0.0.1:6381\r\n", STOP, REASON_REFUSED, "MOVED"},
        {"disk trouble", "-MISCONF Redis is configured to save RDB snapshots\r\n", RETRY, REASON_UNAVAILABLE,
         "MISCONF"},
        {"no more clients", "-ERR max number of clients reached\r\n", RETRY, REASON_UNAVAILABLE, "maxclients"},
        {"protected mode", "-DENIED Redis is running in protected mode\r\n", STOP, REASON_REFUSED, "DENIED"},
        {"a script's error in 6.2",
         "-ERR Error running script (call to f_1234): @user_script:9: @user_script: 9: -READONLY You can't write "
         "against a read only replica.\r\n",
         RETRY, REASON_UNAVAILABLE, "READONLY"},
        {"a passed on error in 6.2", "-@user_script: 9: -OOM command not allowed when used memory > 'maxmemory'.\r\n",
         RETRY, REASON_UNAVAILABLE, "OOM"},
        {"a word that only begins like one", "-BUSYGROUP Consumer Group name already exists\r\n", RETRY,
         REASON_UNAVAILABLE, "BUSYGROUP"},
        {"a proxy's word", "-NOUPSTREAM nobody there\r\n", RETRY, REASON_UNAVAILABLE, "NOUPSTREAM"},
        {"an error that quotes", "-ERR odd thing, with args beginning with: '" SECRET "'\r\n", STOP, REASON_FATAL,
         "odd thing"},
        {"not a Redis", "HTTP/1.1 400 Bad Request\r\n\r\n", RETRY, REASON_UNAVAILABLE, "Redis at"},
        {"a reply without bounds", "*2000000000\r\n", RETRY, REASON_UNAVAILABLE, "Redis at"},
        {"a reply cut short", "$100\r\nabc", RETRY, REASON_UNAVAILABLE, "Redis at"},
        {"nothing", "", RETRY, REASON_UNAVAILABLE, "Redis at"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("  %s\n", rows[i].name);
        struct fake_server fake;
        char url[64];
        struct reason why = {0};
        assert_true(fake_server_start(&fake, rows[i].answer));
        (void)snprintf(url, sizeof url, "redis://127.0.0.1:%d", fake.port);
        struct store *store CLEANUP(close_store) = open_as(url, NULL, NULL, TIMEOUT_MS);
        enum outcome outcome = store->ops->ping(store, &why);
        fake_server_stop(&fake);
        assert_int_equal(outcome, rows[i].outcome);
        assert_int_equal(why.code, rows[i].code);
        assert_non_null(strstr(why.text, rows[i].says));
        assert_null(strstr(why.text, SECRET));
    }
}

/* A loop that turns a thousand times must not connect a thousand times; and a password is nowhere. */
static void test_back_off(void **state)
{
    (void)state;
    struct fake_server fake;
    char url[64];
    struct reason why = {0};
    assert_true(fake_server_start(&fake, "-ERR unknown command `AUTH`, with args beginning with: `" SECRET "`\r\n"));
    (void)snprintf(url, sizeof url, "redis://127.0.0.1:%d", fake.port);
    struct store *store CLEANUP(close_store) = open_as(url, NULL, SECRET, TIMEOUT_MS);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(store->ops->ping(store, &why), STOP);
        assert_int_equal(why.code, REASON_REFUSED);
        assert_null(strstr(why.text, SECRET));
    }
    fake_server_stop(&fake);
    assert_in_range(atomic_load(&fake.visitors), 1, 10);
}

static void test_ping(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *policy;
        const char *rules; /* of the user; NULL: the default user */
        enum outcome outcome;
        const char *says;
    } rows[] = {
        {"as it should be", "noeviction", NULL, DONE, ""},
        {"evicts", "allkeys-lru", NULL, STOP, "CONFIG SET maxmemory-policy noeviction"},
        {"evicts what expires", "volatile-ttl", NULL, STOP, "volatile-ttl"},
        {"CONFIG is not allowed", "noeviction", "+@all -config", DONE, ""},
        {"CONFIG is not allowed, and it evicts", "allkeys-lfu", "+@all -config", STOP, "allkeys-lfu"},
        {"neither CONFIG nor INFO", "noeviction", "+@all -config -info", STOP, "NOPERM"},
        {"no name can be given", "noeviction", "+@all -client", DONE, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("  %s\n", rows[i].name);
        redis_server_do(&server, "CONFIG SET maxmemory-policy %s", rows[i].policy);
        if (rows[i].rules) {
            char command[128];
            (void)snprintf(command, sizeof command, "ACL SETUSER bob reset on >" SECRET " ~* %s", rows[i].rules);
            redis_server_do(&server, command);
        }
        struct store *store CLEANUP(close_store) =
            open_as(server.url, rows[i].rules ? "bob" : NULL, rows[i].rules ? SECRET : NULL, TIMEOUT_MS);
        struct reason why = {0};
        assert_int_equal(store->ops->ping(store, &why), rows[i].outcome);
        assert_int_equal(why.code, rows[i].outcome == DONE ? REASON_NONE : REASON_REFUSED);
        assert_non_null(strstr(why.text, rows[i].says));
    }
    redis_server_do(&server, "CONFIG SET maxmemory-policy noeviction");
}

#endif
