/* test_store.c - the edge to Redis against a real redis-server, and against answers that a real one does not give on
 * demand. The oracle is the test's own connection: what a row expects is read back with plain commands. */
#include "store_addresses.h"
#include "store_faults.h"
#include "store_fixture.h"

/* ---- claim and apply ---- */

static void test_apply_results(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *owner; /* stored; NULL: no hash */
        const char *stored;
        uint64_t seq;
        enum apply_result result;
        const char *then;
    } rows[] = {
        {"follows", "0001795339800000-0123456789abcdef", "7", 7, APPLY_DONE, "8"},
        {"first one after a claim", "0001795339800000-0123456789abcdef", NULL, 0, APPLY_DONE, "1"},
        {"the reply was lost", "0001795339800000-0123456789abcdef", "8", 7, APPLY_DUPLICATE, "8"},
        {"two ahead of us", "0001795339800000-0123456789abcdef", "9", 7, APPLY_GAP, "9"},
        {"behind us", "0001795339800000-0123456789abcdef", "6", 7, APPLY_GAP, "6"},
        {"begins like ours", "0001795339800000-0123456789abcdef", "70", 7, APPLY_GAP, "70"},
        {"claimed, never applied", "0001795339800000-0123456789abcdef", NULL, 7, APPLY_GAP, NULL},
        {"the hash is gone", NULL, NULL, 7, APPLY_GAP, NULL},
        {"the hash is gone, and we begin", NULL, NULL, 0, APPLY_GAP, NULL},
        {"later epoch", "0001795339800001-fedcba9876543210", "7", 7, APPLY_FENCED, "7"},
        {"same epoch, other claim", "0001795339800000-0123456789abcdee", "7", 7, APPLY_FENCED, "7"},
        {"fenced before duplicate", "0001795339800001-fedcba9876543210", "8", 7, APPLY_FENCED, "8"},
        {"2^53 + 1", "0001795339800000-0123456789abcdef", "9007199254740993", UINT64_C(9007199254740993), APPLY_DONE,
         "9007199254740994"},
        {"2^53, not yet a duplicate", "0001795339800000-0123456789abcdef", "9007199254740992",
         UINT64_C(9007199254740992), APPLY_DONE, "9007199254740993"},
        {"2^53, the same double", "0001795339800000-0123456789abcdef", "9007199254740992", UINT64_C(9007199254740993),
         APPLY_GAP, "9007199254740992"},
    };
    struct store *store CLEANUP(close_store) = open_store();
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("  %s\n", rows[i].name);
        redis_server_do(&server, "FLUSHALL");
        if (rows[i].owner) {
            redis_server_do(&server, "HSET %s owner %s kept 1", KEY, rows[i].owner);
        }
        if (rows[i].stored) {
            redis_server_do(&server, "HSET %s seq %s", KEY, rows[i].stored);
        }
        char before[41], after[41];
        digest(before);
        struct state_change change = set_text("open:1", "value");
        assert_int_equal(apply_now(store, apply_of(first_owner, rows[i].seq, &change, 1)), rows[i].result);
        digest(after);
        assert_int_equal(strcmp(before, after) != 0, rows[i].result == APPLY_DONE);
        expect_field("open:1", rows[i].result == APPLY_DONE ? "value" : NULL);
        expect_field("seq", rows[i].then);
    }
}

static void test_zombie(void **state)
{
    (void)state;
    struct store *old CLEANUP(close_store) = open_store();
    struct store *new CLEANUP(close_store) = open_store();
    struct state_change change = set_text("a", "old");
    struct claim before = claim_now(old);
    assert_false(before.stored);
    assert_int_equal(apply_now(old, apply_of(before.owner, 0, &change, 1)), APPLY_DONE);
    struct claim after = claim_now(new);
    assert_true(after.stored);
    assert_int_equal(after.seq, 1);
    assert_memory_equal(&after.previous, &before.owner, sizeof after.previous);
    change = set_text("a", "new");
    assert_int_equal(apply_now(new, apply_of(after.owner, 1, &change, 1)), APPLY_DONE);
    change = set_text("a", "zombie");
    assert_int_equal(apply_now(old, apply_of(before.owner, 1, &change, 1)), APPLY_FENCED);
    assert_int_equal(apply_now(old, apply_of(before.owner, 2, &change, 1)), APPLY_FENCED);
    expect_field("a", "new");
}

static void test_claims_grow(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t now_ms;
        uint64_t epoch;
    } rows[] = {
        {"nothing stored", NOW_MS, NOW_MS},
        {"the same moment", NOW_MS, NOW_MS + 1},
        {"an hour on", NOW_MS + 3600000, NOW_MS + 3600000},
        {"the clock stepped back", NOW_MS - 86400000, NOW_MS + 3600001},
        {"before 1970", -5, NOW_MS + 3600002},
    };
    struct store *store CLEANUP(close_store) = open_store();
    struct owner last = {0};
    struct reason why;
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("  %s\n", rows[i].name);
        struct claim claim = {0};
        assert_int_equal(store->ops->claim(store, PARTITION, at_ms(rows[i].now_ms), &claim, &why), DONE);
        assert_int_equal(claim.owner.epoch, rows[i].epoch);
        assert_memory_equal(&claim.previous, &last, sizeof last);
        assert_true(claim.owner.random != last.random);
        assert_false(claim.stored);
        last = claim.owner;
    }
    assert_int_equal(apply_now(store, apply_of(last, 0, NULL, 0)), APPLY_DONE);
    struct claim claim = claim_now(store);
    assert_true(claim.stored);
    assert_int_equal(claim.seq, 1);
    assert_int_equal(claim.meta.next, some_meta.next);
    assert_int_equal(claim.meta.leader_epoch, some_meta.leader_epoch);
    assert_int_equal(claim.meta.partitions, some_meta.partitions);
    assert_int_equal(claim.meta.as_of_us, some_meta.as_of_us);
    assert_int_equal(claim.meta.complete_since_us, some_meta.complete_since_us);
    assert_string_equal(claim.meta.cluster_id, some_meta.cluster_id);
    assert_string_equal(claim.meta.topic_id, some_meta.topic_id);
}

static void test_claim_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *command;
        enum reason_code code;
        bool written;
    } rows[] = {
        {"another type", "SET %s text", REASON_BAD_STATE, false},
        {"owner of a wrong length", "HSET %s owner 12", REASON_BAD_STATE, false},
        {"owner that is no number", "HSET %s owner 00017953398000zz-0123456789abcdef", REASON_BAD_STATE, false},
        {"owner with the dash elsewhere", "HSET %s owner 000179533980000-0123456789abcdef1", REASON_BAD_STATE, false},
        {"the last epoch", "HSET %s owner 9007199254740991-0123456789abcdef", REASON_BAD_STATE, false},
        {"seq without meta", "HSET %s seq 4", REASON_BAD_STATE, false},
        {"a newer format", "HSET %s seq 4 meta \x02xx", REASON_REFUSED, false},
        {"a format from far away", "HSET %s seq 4 meta \xffxx", REASON_REFUSED, false},
        {"meta cut short", "HSET %s seq 4 meta \x01\x02\x02", REASON_BAD_STATE, true},
        {"meta too long", "HSET %s seq 4 meta \x01\x02\x02\x02\x02\x02\x02x\x02yz", REASON_BAD_STATE, true},
        {"seq that is no number", "HSET %s seq 4x meta \x01\x02\x02\x02\x02\x02\x02x\x02y", REASON_BAD_STATE, true},
        {"seq beyond 64 bits", "HSET %s seq 18446744073709551616 meta \x01\x02\x02\x02\x02\x02\x02x\x02y",
         REASON_BAD_STATE, true},
    };
    struct store *store CLEANUP(close_store) = open_store();
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("  %s\n", rows[i].name);
        redis_server_do(&server, "FLUSHALL");
        redis_server_do(&server, rows[i].command, KEY);
        char before[41], after[41];
        digest(before);
        struct claim claim = {.seq = 99};
        struct reason why = {0};
        assert_int_equal(store->ops->claim(store, PARTITION, at_ms(NOW_MS), &claim, &why), STOP);
        assert_int_equal(why.code, rows[i].code);
        assert_int_equal(claim.seq, 99);
        digest(after);
        assert_int_equal(strcmp(before, after) != 0, rows[i].written);
    }
}

/* ---- many changes, large and odd ones ---- */

#define FIELDS_MAX 10000

struct many {
    char fields[FIELDS_MAX][32];
    struct state_change changes[FIELDS_MAX];
    uint8_t seen[FIELDS_MAX];
    size_t different;
};

static void fill_many(struct many *many, size_t count, bool removes)
{
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(many->fields[i], sizeof many->fields[i], "field-%zu", i);
        many->changes[i] = set_text(many->fields[i], many->fields[i] + 5);
        many->changes[i].removes = removes;
    }
}

static enum outcome see_field(void *context, struct span name, struct span value, struct reason *why)
{
    struct many *many = context;
    char text[32] = "";
    assert_true(name.size > 6 && name.size < sizeof text);
    memcpy(text, name.data, name.size);
    size_t i = strtoul(text + 6, NULL, 10);
    assert_true(i < FIELDS_MAX);
    assert_true(span_equal(value, span_text(text + 5)));
    many->different += !many->seen[i];
    many->seen[i] = 1;
    (void)why;
    return DONE;
}

static size_t load_different(struct store *store, struct many *many)
{
    struct reason why = {0};
    memset(many->seen, 0, sizeof many->seen);
    many->different = 0;
    if (store->ops->load(store, PARTITION, see_field, many, &why) != DONE) {
        fail_msg("load: %s", why.text);
    }
    return many->different;
}

/* Counts around the script's chunk of 1,999 pairs or 3,998 removals. */
static void test_many_changes(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 1998, 1999, 2000, 3998, 3999, FIELDS_MAX};
    struct many *many = calloc(1, sizeof *many);
    struct store *store CLEANUP(close_store) = open_store();
    struct owner owner = claim_now(store).owner;
    uint64_t seq = 0;
    for (size_t i = 0; i < COUNT(counts); i++) {
        fill_many(many, counts[i], false);
        assert_int_equal(apply_now(store, apply_of(owner, seq++, many->changes, counts[i])), APPLY_DONE);
        assert_int_equal(load_different(store, many), counts[i]);
        fill_many(many, counts[i], true);
        if (counts[i] > 0) {
            many->changes[0].removes = false; /* mixed: one stays */
        }
        assert_int_equal(apply_now(store, apply_of(owner, seq++, many->changes, counts[i])), APPLY_DONE);
        assert_int_equal(load_different(store, many), counts[i] > 0);
    }
    free(many);
}

static const char odd_name[] = "\0\r\n{}\xff";

static enum outcome see_odd(void *context, struct span name, struct span value, struct reason *why)
{
    struct span *found = context;
    if (span_equal(name, span_of(odd_name, sizeof odd_name))) {
        assert_true(span_equal(value, *found));
        found->size = 0;
    }
    (void)why;
    return DONE;
}

static enum outcome see_nothing(void *context, struct span name, struct span value, struct reason *why)
{
    (void)context;
    (void)name;
    (void)value;
    return FAIL(why, SKIP, REASON_FULL, "enough");
}

static void test_odd_values(void **state)
{
    (void)state;
    const size_t large = 1 << 20;
    uint8_t *value = malloc(large);
    for (size_t i = 0; i < large; i++) {
        value[i] = (uint8_t)(i * 31);
    }
    struct span found = span_of(value, large);
    const struct state_change changes[] = {
        {.field = span_of(odd_name, sizeof odd_name), .value = found},
        set_text("empty", ""),
        {.field = span_text("nothing"), .value = span_of(NULL, 0)},
        set_text("", "field without a name"),
    };
    struct store *store CLEANUP(close_store) = open_store();
    struct reason why;
    assert_int_equal(store->ops->load(store, PARTITION, see_nothing, NULL, &why), DONE);
    struct owner owner = claim_now(store).owner;
    assert_int_equal(apply_now(store, apply_of(owner, 0, changes, COUNT(changes))), APPLY_DONE);
    assert_int_equal(store->ops->load(store, PARTITION, see_odd, &found, &why), DONE);
    assert_int_equal(found.size, 0);
    expect_field("empty", "");
    expect_field("nothing", "");
    expect_field("", "field without a name");
    assert_int_equal(store->ops->load(store, PARTITION, see_nothing, NULL, &why), SKIP);
    assert_int_equal(why.code, REASON_FULL);
    assert_int_equal(apply_now(store, apply_of(owner, 1, NULL, 0)), APPLY_DONE); /* the connection is still good */
    free(value);
}

static void test_tasks_do_not_void_each_other(void **state)
{
    (void)state;
    struct store *store CLEANUP(close_store) = open_store();
    struct state_change change = set_text("a", "1");
    struct apply applies[5];
    struct reason why;
    for (int i = 0; i < 5; i++) {
        struct claim claim = {0};
        assert_int_equal(store->ops->claim(store, i, at_ms(NOW_MS), &claim, &why), DONE);
        applies[i] = apply_of(claim.owner, 0, &change, 1);
        applies[i].partition = i;
    }
    applies[1].owner = other_owner;
    applies[2].seq = 7;
    redis_server_do(&server, "SET %s text", KEY);
    assert_int_equal(store->ops->apply(store, applies, 5, &why), STOP);
    assert_int_equal(why.code, REASON_BAD_STATE);
    static const enum apply_result results[] = {APPLY_DONE, APPLY_FENCED, APPLY_GAP, APPLY_FAILED, APPLY_DONE};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(applies[i].result, results[i]);
    }
    assert_int_equal(store->ops->apply(store, applies, 0, &why), DONE);
}

/* Beyond our own bounds nothing is sent: the task is as it was. */
static void test_bounds(void **state)
{
    (void)state;
    const size_t many = 500001;
    struct state_change *changes = calloc(many, sizeof *changes);
    struct state_change huge = {.field = span_text("a"), .value = span_of(changes, (256 << 20) + 1)};
    struct store *store CLEANUP(close_store) = open_store();
    struct owner owner = claim_now(store).owner;
    struct apply applies[] = {apply_of(owner, 0, NULL, 0), apply_of(owner, 0, changes, many)};
    struct reason why;
    assert_int_equal(store->ops->apply(store, applies, 2, &why), STOP);
    assert_int_equal(why.code, REASON_FULL);
    applies[1] = apply_of(owner, 0, &huge, 1);
    assert_int_equal(store->ops->apply(store, applies, 2, &why), STOP);
    assert_int_equal(why.code, REASON_FULL);
    assert_int_equal(applies[0].result, APPLY_FAILED);
    assert_int_equal(apply_now(store, applies[0]), APPLY_DONE);
    free(changes);
}

/* More than is sent at a time (64 MiB): the third task goes with a second group. */
static void test_large_applies(void **state)
{
    (void)state;
    enum { TASKS = 3, VALUES = 33 };
    const size_t large = 1 << 20;
    uint8_t *value = calloc(1, large);
    char fields[VALUES][8];
    struct state_change changes[VALUES];
    struct apply applies[TASKS];
    struct store *store CLEANUP(close_store) = open_store();
    struct reason why = {0};
    for (size_t i = 0; i < VALUES; i++) {
        (void)snprintf(fields[i], sizeof fields[i], "%zu", i);
        changes[i] = (struct state_change){.field = span_text(fields[i]), .value = span_of(value, large)};
    }
    for (int i = 0; i < TASKS; i++) {
        struct claim claim = {0};
        assert_int_equal(store->ops->claim(store, i, at_ms(NOW_MS), &claim, &why), DONE);
        applies[i] = apply_of(claim.owner, 0, changes, VALUES);
        applies[i].partition = i;
    }
    assert_int_equal(store->ops->apply(store, applies, TASKS, &why), DONE);
    for (int i = 0; i < TASKS; i++) {
        assert_int_equal(applies[i].result, APPLY_DONE);
        redisReply *reply = redis_server_ask(&server, "HSTRLEN {test:score:%d} 32", i);
        assert_int_equal(reply->integer, large);
        freeReplyObject(reply);
    }
    free(value);
}

/* ---- the view ---- */

static void expect_list(struct store *store, const char *json)
{
    struct buffer list CLEANUP(buffer_done);
    struct reason why = {0};
    buffer_init(&list, 1 << 20);
    assert_int_equal(redis_view_list(store, &list, &why), DONE);
    assert_int_equal(list.size, strlen(json));
    assert_memory_equal(list.data, json, list.size);
}

static void test_view(void **state)
{
    (void)state;
    static const char *const names[] = {"view:b\"\\\n", "view:a",      "view:\xc3\xa9tat \xf0\x9f\x93\x9e",
                                        "fleet",        "view:a:b{c}", "view:a"};
    struct store *store CLEANUP(close_store) = open_store();
    struct view_change changes[COUNT(names)];
    struct reason why = {0};
    expect_list(store, "[]");
    for (size_t i = 0; i < COUNT(names); i++) {
        changes[i] = (struct view_change){span_text(names[i]), span_of("{\"n\":\0", 6 - (i == 1))};
    }
    assert_int_equal(store->ops->write_view(store, changes, COUNT(changes), &why), DONE);
    expect_list(store, "[\"a\",\"a:b{c}\",\"b\\\"\\\\\\u000a\",\"\xc3\xa9tat \xf0\x9f\x93\x9e\"]");
    struct buffer value CLEANUP(buffer_done);
    buffer_init(&value, 1 << 20);
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_int_equal(redis_view_read(store, span_text(names[i]), &value, &why), DONE);
        assert_int_equal(value.size, 6);
        assert_memory_equal(value.data, "{\"n\":\0", 6);
    }
    redisReply *reply = redis_server_ask(&server, "GET %s", "test:view:a:b{c}");
    assert_int_equal(reply->len, 6);
    freeReplyObject(reply);
    assert_int_equal(redis_view_read(store, span_text("view:nobody"), &value, &why), SKIP);
    assert_int_equal(redis_view_read(store, span_text("view"), &value, &why), STOP);
    assert_int_equal(why.code, REASON_BAD_STATE);
    value.ceiling = 5;
    assert_int_equal(redis_view_read(store, span_text("fleet"), &value, &why), STOP);
    assert_int_equal(why.code, REASON_FULL);
}

static void test_view_of_many(void **state)
{
    (void)state;
    struct view_change *changes = calloc(FIELDS_MAX, sizeof *changes);
    char(*keys)[24] = calloc(FIELDS_MAX, sizeof *keys);
    struct store *store CLEANUP(close_store) = open_store();
    struct reason why = {0};
    for (size_t i = 0; i < FIELDS_MAX; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "view:%05zu", i);
        changes[i] = (struct view_change){span_text(keys[i]), span_text("{}")};
    }
    assert_int_equal(store->ops->write_view(store, changes, FIELDS_MAX, &why), DONE);
    struct buffer list CLEANUP(buffer_done);
    buffer_init(&list, 1 << 20);
    assert_int_equal(redis_view_list(store, &list, &why), DONE);
    assert_int_equal(list.size, 1 + FIELDS_MAX * 8);
    assert_memory_equal(list.data, "[\"00000\",\"00001\",", 17);
    free(changes);
    free(keys);
}

static int start_server(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as the program does: hiredis writes without MSG_NOSIGNAL */
    redis_server_start(&server, NULL);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    redis_server_stop(&server);
    return 0;
}

static int empty_server(void **state)
{
    (void)state;
    redis_server_do(&server, "FLUSHALL");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_apply_results, empty_server),
        cmocka_unit_test_setup(test_zombie, empty_server),
        cmocka_unit_test_setup(test_claims_grow, empty_server),
        cmocka_unit_test_setup(test_claim_refused, empty_server),
        cmocka_unit_test_setup(test_many_changes, empty_server),
        cmocka_unit_test_setup(test_odd_values, empty_server),
        cmocka_unit_test_setup(test_tasks_do_not_void_each_other, empty_server),
        cmocka_unit_test_setup(test_bounds, empty_server),
        cmocka_unit_test_setup(test_large_applies, empty_server),
        cmocka_unit_test_setup(test_scripts_forgotten, empty_server),
        cmocka_unit_test_setup(test_connection_killed, empty_server),
        cmocka_unit_test_setup(test_reply_lost, empty_server),
        cmocka_unit_test_setup(test_server_comes_back_empty, empty_server),
        cmocka_unit_test_setup(test_busy, empty_server),
        cmocka_unit_test_setup(test_moods, empty_server),
        cmocka_unit_test_setup(test_replica_is_left, empty_server),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_back_off),
        cmocka_unit_test_setup(test_ping, empty_server),
        cmocka_unit_test(test_urls),
        cmocka_unit_test_setup(test_url_is_used, empty_server),
        cmocka_unit_test(test_tls),
        cmocka_unit_test_setup(test_view, empty_server),
        cmocka_unit_test_setup(test_view_of_many, empty_server),
    };
    return cmocka_run_group_tests_name("store", tests, start_server, stop_server);
}
