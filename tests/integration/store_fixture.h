/* store_fixture.h - what the tests of the store share: one redis-server, and the calls that have to work. */
#ifndef SLIPSTREAM_TESTS_STORE_FIXTURE_H
#define SLIPSTREAM_TESTS_STORE_FIXTURE_H

#include "redis_server.h"
#include "slipstream/store.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define KEY          "{test:score:3}"
#define PARTITION    3
#define SECRET       "hunter2"
#define TIMEOUT_MS   5000
#define NOW_MS       INT64_C(1795339800000) /* 2026-11-22T09:30:00Z */

static struct redis_server server;

static const struct owner first_owner = {.epoch = 1795339800000, .random = 0x0123456789abcdef};
static const struct owner other_owner = {.epoch = 1795339800001, .random = 0xfedcba9876543210};
static const struct task_meta some_meta = {
    .next = INT64_C(5000000000),
    .leader_epoch = -1,
    .partitions = 16,
    .as_of_us = -1,
    .complete_since_us = INT64_MIN,
    .cluster_id = "5L6g3nShT-eMCtK--X86sw",
    .topic_id = "AAAAAAAAAAAAAAAAAAAAAQ",
};

static void close_store(struct store **store)
{
    if (*store) {
        (*store)->ops->close(*store);
    }
}

static struct store *open_as(const char *url, const char *username, const char *password, int64_t timeout_ms)
{
    struct store_settings settings = {
        .url = url, .username = username, .password = password, .app = "test", .timeout_ms = timeout_ms};
    struct store *store = NULL;
    struct reason why = {0};
    if (redis_store_open(&settings, &store, &why) != DONE) {
        fail_msg("open: %s", why.text);
    }
    return store;
}

static struct store *open_store(void)
{
    return open_as(server.url, NULL, NULL, TIMEOUT_MS);
}

static struct event_time at_ms(int64_t ms)
{
    return (struct event_time){ms * US_PER_MS};
}

static struct state_change set_text(const char *field, const char *value)
{
    return (struct state_change){.field = span_text(field), .value = span_text(value)};
}

static struct apply apply_of(struct owner owner, uint64_t seq, const struct state_change *changes, size_t count)
{
    return (struct apply){.partition = PARTITION,
                          .owner = owner,
                          .seq = seq,
                          .meta = some_meta,
                          .changes = changes,
                          .change_count = count};
}

/* Claims, which must work. */
static struct claim claim_now(struct store *store)
{
    struct claim claim = {0};
    struct reason why = {0};
    if (store->ops->claim(store, PARTITION, at_ms(NOW_MS), &claim, &why) != DONE) {
        fail_msg("claim: %s", why.text);
    }
    return claim;
}

/* Applies, which must come to a result. */
static enum apply_result apply_now(struct store *store, struct apply apply)
{
    struct reason why = {0};
    if (store->ops->apply(store, &apply, 1, &why) != DONE) {
        fail_msg("apply: %s", why.text);
    }
    return apply.result;
}

/* Everything under the task's key, in 40 digits. */
static void digest(char text[41])
{
    redisReply *reply = redis_server_ask(&server, "DEBUG DIGEST-VALUE %s", KEY);
    (void)snprintf(text, 41, "%s", reply->element[0]->str);
    freeReplyObject(reply);
}

static void expect_field(const char *field, const char *value)
{
    redisReply *reply = redis_server_ask(&server, "HGET %s %s", KEY, field);
    if (value) {
        assert_int_equal(reply->type, REDIS_REPLY_STRING);
        assert_string_equal(reply->str, value);
    } else {
        assert_int_equal(reply->type, REDIS_REPLY_NIL);
    }
    freeReplyObject(reply);
}

/* Tries until the store works again: a new connection may have to wait. */
static enum apply_result apply_until_known(struct store *store, struct apply apply)
{
    struct reason why = {0};
    for (int waited = 0; waited < REDIS_SERVER_WAIT_MS; waited += 5) {
        if (store->ops->apply(store, &apply, 1, &why) == DONE) {
            return apply.result;
        }
        redis_server_nap();
    }
    fail_msg("no result: %s", why.text);
    return APPLY_FAILED;
}

#endif
