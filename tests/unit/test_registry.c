/* test_registry.c - schemas from an HTTP registry that misbehaves. Those from a folder have test_schema_folder.c.
 *
 * The registry here is a bare socket that answers as the rows say, byte for byte: libcurl's own parser judges it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "fake_registry.h"
#include "slipstream/registry.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SECRET      "s3cret-word"
#define INT_SCHEMA  "{\"schema\":\"\\\"int\\\"\"}"
#define TTL_MS      60000
#define FIRST_PATH  "GET /base/schemas/ids/0"
#define PATIENCE_MS 20000

static const struct {
    const char *name;
    enum manner manner;
    const char *head; /* status and headers; Content-Length is added to a whole answer */
    const char *body;
    enum outcome outcome;
    enum reason_code code;
    const char *text; /* the schema, or what the reason must say */
} answers[] = {
    {"a schema", WHOLE, "200 OK", "{\"schema\":\"{\\\"type\\\":\\\"int\\\"}\"}", DONE, REASON_NONE,
     "{\"type\":\"int\"}"},
    {"with more than is needed", WHOLE, "200 OK",
     "{\"id\":1,\"schemaType\":\"AVRO\",\"references\":[],\"schema\":\"\\\"int\\\"\"}", DONE, REASON_NONE, "\"int\""},
    {"another kind of schema", WHOLE, "200 OK", "{\"schemaType\":\"PROTOBUF\",\"schema\":\"message A{}\"}", SKIP,
     REASON_BAD_SCHEMA, "not an Avro schema"},
    {"a kind that is no word", WHOLE, "200 OK", "{\"schemaType\":7,\"schema\":\"x\"}", SKIP, REASON_BAD_SCHEMA, "Avro"},
    {"a reference to nothing", WHOLE, "200 OK", "{\"schema\":\"{}\",\"references\":[{\"name\":\"a\"}]}", SKIP,
     REASON_BAD_SCHEMA, "a reference without subject"},
    {"not there", WHOLE, "404 Not Found", "{\"error_code\":40403,\"message\":\"Schema not found\"}", SKIP,
     REASON_UNKNOWN_SCHEMA, "is not in"},
    {"not there, without a word", WHOLE, "404 Not Found", "", SKIP, REASON_UNKNOWN_SCHEMA, "HTTP 404"},
    {"an id it cannot count to", WHOLE, "422 Unprocessable Entity", "{}", SKIP, REASON_UNKNOWN_SCHEMA, "HTTP 422"},
    {"a fault of its own", WHOLE, "500 Internal Server Error", "oops", RETRY, REASON_UNAVAILABLE, "HTTP 500"},
    {"an endless fault", ENDLESS, "503 Service Unavailable", "x", RETRY, REASON_UNAVAILABLE, "HTTP 503"},
    {"too many requests", WHOLE, "429 Too Many Requests", "", RETRY, REASON_UNAVAILABLE, "HTTP 429"},
    {"who are you", WHOLE, "401 Unauthorized", "", RETRY, REASON_REFUSED, "HTTP 401"},
    {"not for you", WHOLE, "403 Forbidden", "", RETRY, REASON_REFUSED, "HTTP 403"},
    {"garbage", WHOLE, "200 OK", "<html>maintenance</html>", RETRY, REASON_UNAVAILABLE, "no schema"},
    {"half of it", WHOLE, "200 OK", "{\"schema\":\"\\\"int", RETRY, REASON_UNAVAILABLE, "no schema"},
    {"no object", WHOLE, "200 OK", "[1]", RETRY, REASON_UNAVAILABLE, "no schema"},
    {"no text", WHOLE, "200 OK", "{\"schema\":{\"type\":\"int\"}}", RETRY, REASON_UNAVAILABLE, "no schema"},
    {"nothing", WHOLE, "200 OK", "", RETRY, REASON_UNAVAILABLE, "no schema"},
    {"an endless schema", ENDLESS, "200 OK", "{\"schema\":\"", SKIP, REASON_BAD_SCHEMA, "larger than 1048576"},
    {"endless headers", ENDLESS_HEADERS, "200 OK", "", RETRY, REASON_UNAVAILABLE, "does not answer"},
    {"a slow schema", SLOW, "200 OK\r\nContent-Length: 100", "{\"schema\"", RETRY, REASON_UNAVAILABLE, "Timeout"},
    {"silence", HANGS_UP, "", "", RETRY, REASON_UNAVAILABLE, "does not answer"},
    {"less than it says", HANGS_UP, "200 OK\r\nContent-Length: 100", "{\"schema\"", RETRY, REASON_UNAVAILABLE,
     "partial"},
    {"a redirect to the first row", WHOLE, "302 Found\r\nLocation: /base/schemas/ids/0", "", DONE, REASON_NONE,
     "{\"type\":\"int\"}"},
    {"a redirect to itself", WHOLE, "302 Found\r\nLocation: /base/schemas/ids/24", "", RETRY, REASON_UNAVAILABLE,
     "more than 3 times"},
    {"a redirect elsewhere", WHOLE, "301 Moved\r\nLocation: http://127.0.0.1:1/schemas/ids/0", "", RETRY,
     REASON_UNAVAILABLE, "another server"},
    {"a redirect to a file", WHOLE, "302 Found\r\nLocation: file:///etc/passwd", "", RETRY, REASON_UNAVAILABLE,
     "another server"},
    {"a redirect to nowhere", WHOLE, "304 Not Modified", "", RETRY, REASON_UNAVAILABLE, "HTTP 304"},
};

static int open_fake(void **state)
{
    struct fake_registry *fake = fake_registry_open(NULL);
    fake_registry_says_all(fake, "200 OK", INT_SCHEMA);
    *state = fake;
    return 0;
}

static int close_fake(void **state)
{
    fake_registry_close(*state);
    return 0;
}

/* The fake registry with credentials in its URL: none of the texts may show them. */
static struct registry *open_registry(const struct fake_registry *fake, int64_t timeout_ms)
{
    char url[128];
    snprintf(url, sizeof url, "http://slipstream:" SECRET "@127.0.0.1:%u/base/", fake->port);
    const struct registry_settings settings = {
        .url = url, .timeout_ms = timeout_ms, .patience_ms = PATIENCE_MS, .negative_ttl_ms = TTL_MS};
    struct registry *registry = NULL;
    struct reason why;
    assert_int_equal(registry_open(&settings, &registry, &why), DONE);
    return registry;
}

static enum outcome lookup(struct registry *registry, uint32_t id, struct mono_time now, struct span *schema,
                           struct reason *why)
{
    const struct schema_ref ref = schema_by_id(id);
    return registry_lookup(registry, &ref, now, schema, why);
}

static void an_answer_is_judged(void **state)
{
    struct fake_registry *fake = *state;
    for (uint32_t row = 0; row < COUNT(answers); row++) {
        struct registry *registry = open_registry(fake, answers[row].manner == SLOW ? 200 : 5000);
        const struct fake_answer said[] = {
            {FIRST_PATH, answers[0].manner, answers[0].head, answers[0].body, 0},
            {NULL, answers[row].manner, answers[row].head, answers[row].body, 0},
        };
        fake_registry_says(fake, row > 0 ? said : said + 1, row > 0 ? 2 : 1);
        struct span schema = span_text("untouched");
        struct reason why = {REASON_NONE, ""};
        enum outcome outcome = lookup(registry, row, (struct mono_time){0}, &schema, &why);
        if (outcome != answers[row].outcome || why.code != answers[row].code) {
            fail_msg("%s: outcome %d, %s: %s", answers[row].name, outcome, reason_word(why.code), why.text);
        }
        assert_null(strstr(why.text, SECRET));
        const char *expected = outcome == DONE ? answers[row].text : "untouched";
        if (!span_equal(schema, span_text(expected))) {
            fail_msg("%s: %.*s", answers[row].name, SPAN_FORMAT(schema));
        }
        if (outcome != DONE && strstr(why.text, answers[row].text) == NULL) {
            fail_msg("%s: %s", answers[row].name, why.text);
        }
        registry_close(registry);
    }
}

static void the_request_is_what_registries_expect(void **state)
{
    struct fake_registry *fake = *state;
    struct registry *registry = open_registry(fake, 5000);
    struct span schema;
    struct reason why;
    assert_int_equal(lookup(registry, UINT32_MAX, (struct mono_time){0}, &schema, &why), DONE);
    assert_true(fake_registry_heard(fake, "GET /base/schemas/ids/4294967295 HTTP/1.1\r\n"));
    assert_true(fake_registry_heard(fake, "Accept: application/vnd.schemaregistry.v1+json, application/json\r\n"));
    assert_true(fake_registry_heard(fake, "Authorization: Basic c2xpcHN0cmVhbTpzM2NyZXQtd29yZA==\r\n"));
    registry_close(registry);

    char url[64];
    snprintf(url, sizeof url, "http://u:p@127.0.0.1:%u/base", fake->port);
    const struct registry_settings settings = {.url = url,
                                               .username = "slipstream",
                                               .password = SECRET,
                                               .timeout_ms = 5000,
                                               .patience_ms = PATIENCE_MS,
                                               .negative_ttl_ms = TTL_MS};
    assert_int_equal(registry_open(&settings, &registry, &why), DONE);
    assert_int_equal(lookup(registry, 100, (struct mono_time){0}, &schema, &why), DONE);
    assert_true(fake_registry_heard(fake, "Authorization: Basic c2xpcHN0cmVhbTpzM2NyZXQtd29yZA==\r\n"));
    registry_close(registry);
}

static void a_schema_is_asked_for_once(void **state)
{
    struct fake_registry *fake = *state;
    struct registry *registry = open_registry(fake, 5000);
    struct span schema;
    for (int64_t i = 0; i < 3; i++) {
        for (uint32_t id = 100; id < 103; id++) {
            assert_int_equal(lookup(registry, id, (struct mono_time){i * US_PER_DAY}, &schema, NULL), DONE);
            assert_true(span_equal(schema, span_text("\"int\"")));
        }
    }
    assert_int_equal(fake_registry_requests(fake), 3);
    assert_int_equal(fake->connections, 1);
    registry_close(registry);
}

/* What the thread does takes real time. */
static void until_settled(struct registry *registry, uint32_t id, struct mono_time now)
{
    const struct schema_ref ref = schema_by_id(id);
    int64_t deadline = system_clock.mono(&system_clock).us + 30 * US_PER_SECOND;
    while (!registry_settled(registry, &ref, now)) {
        assert_true(system_clock.mono(&system_clock).us < deadline);
        usleep(1000);
    }
}

static void no_is_believed_for_a_while(void **state)
{
    struct fake_registry *fake = *state;
    struct registry *registry = open_registry(fake, 5000);
    struct mono_time now = {5};
    struct span schema;
    struct reason why;
    fake_registry_says_all(fake, "404 Not Found", "");
    assert_int_equal(lookup(registry, 100, now, &schema, &why), SKIP);
    fake_registry_says_all(fake, "200 OK", INT_SCHEMA);
    now.us += TTL_MS * US_PER_MS - 1;
    assert_int_equal(lookup(registry, 100, now, &schema, &why), SKIP);
    assert_int_equal(why.code, REASON_UNKNOWN_SCHEMA);
    assert_int_equal(fake_registry_requests(fake), 1);
    now.us += 1;
    assert_int_equal(lookup(registry, 100, now, &schema, &why), DONE);
    assert_int_equal(fake_registry_requests(fake), 2);

    fake_registry_says_all(fake, "503 Service Unavailable", ""); /* not a no: asked again; what is known goes on */
    const struct schema_ref other = schema_by_id(101);
    assert_int_equal(registry_trouble(registry, &why), DONE);
    assert_int_equal(lookup(registry, 101, now, &schema, &why), RETRY);
    assert_int_equal(registry_trouble(registry, &why), RETRY);
    assert_non_null(strstr(why.text, "HTTP 503"));
    assert_false(registry_settled(registry, &other, now));
    assert_int_equal(lookup(registry, 100, now, &schema, &why), DONE);
    fake_registry_says_all(fake, "200 OK", INT_SCHEMA);
    until_settled(registry, 101, now);
    assert_int_equal(registry_trouble(registry, &why), DONE);
    assert_int_equal(lookup(registry, 101, now, &schema, &why), DONE);
    assert_true(registry_settled(registry, &other, now));
    registry_close(registry);
}

/* Made-up ids while the registry is away: the table of requests has a bound, and those beyond wait for room. */
static void requests_have_a_bound(void **state)
{
    struct fake_registry *fake = *state;
    struct registry *registry = open_registry(fake, 5000);
    struct span schema;
    struct reason why;
    fake_registry_says_all(fake, "500 Internal Server Error", "");
    for (uint32_t id = 0; id < REGISTRY_REQUESTS_MAX; id++) {
        const struct schema_ref ref = schema_by_id(id);
        assert_true(registry_settled(registry, &ref, (struct mono_time){0}));
        assert_int_equal(lookup(registry, id, (struct mono_time){0}, &schema, &why), RETRY);
        assert_int_equal(why.code, REASON_UNAVAILABLE);
    }
    const struct schema_ref beyond = schema_by_id(1000);
    assert_int_equal(lookup(registry, 1000, (struct mono_time){0}, &schema, &why), RETRY);
    assert_int_equal(why.code, REASON_FULL);
    assert_false(registry_settled(registry, &beyond, (struct mono_time){0}));
    fake_registry_says_all(fake, "200 OK", INT_SCHEMA);
    until_settled(registry, 1000, (struct mono_time){0}); /* an answer that nobody came for gives way */
    for (uint32_t id = 0; id < REGISTRY_REQUESTS_MAX; id++) {
        until_settled(registry, id, (struct mono_time){0});
    }
    assert_int_equal(lookup(registry, 1000, (struct mono_time){0}, &schema, &why), DONE);
    registry_close(registry);
}

/* A registry that takes its time holds nobody up: not the lookup, not the others', not the end. */
static void nobody_waits_for_a_slow_registry(void **state)
{
    struct fake_registry *fake = *state;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/base", fake->port);
    const struct registry_settings settings = {
        .url = url, .timeout_ms = 60000, .patience_ms = 50, .negative_ttl_ms = TTL_MS};
    const struct fake_answer slow[] = {{FIRST_PATH, SLOW, "200 OK\r\nContent-Length: 100", "{", 0},
                                       {NULL, WHOLE, "200 OK", INT_SCHEMA, 0}};
    struct registry *registry = NULL;
    struct span schema;
    struct reason why;
    assert_int_equal(registry_open(&settings, &registry, &why), DONE);
    assert_int_equal(lookup(registry, 7, (struct mono_time){0}, &schema, &why), DONE);
    fake_registry_says(fake, slow, 2);
    struct mono_time began = system_clock.mono(&system_clock);
    assert_int_equal(lookup(registry, 0, (struct mono_time){0}, &schema, &why), RETRY);
    assert_non_null(strstr(why.text, "has not answered yet"));
    struct mono_time waited = system_clock.mono(&system_clock);
    assert_in_range(waited.us - began.us, 50 * US_PER_MS, 5 * US_PER_SECOND);
    for (uint32_t id = 0; id < 40; id++) { /* patience is lost once, not every time */
        assert_int_equal(lookup(registry, id == 7 ? 0 : id, (struct mono_time){0}, &schema, &why), RETRY);
    }
    assert_int_equal(lookup(registry, 7, (struct mono_time){0}, &schema, &why), DONE);
    registry_close(registry); /* well before the time-out */
    assert_true(system_clock.mono(&system_clock).us - waited.us < 10 * US_PER_SECOND);
}

static void lookup_many(struct registry *registry, uint32_t first, uint32_t count, enum outcome outcome)
{
    for (uint32_t id = first; id < first + count; id++) {
        struct span schema;
        assert_int_equal(lookup(registry, id, (struct mono_time){0}, &schema, NULL), outcome);
    }
}

static void the_cache_has_a_bound(void **state)
{
    struct fake_registry *fake = *state;
    struct registry *registry = open_registry(fake, 5000);
    lookup_many(registry, 1000, REGISTRY_SCHEMAS_MAX + 1, DONE);
    lookup_many(registry, 1001, REGISTRY_SCHEMAS_MAX, DONE);
    assert_int_equal(fake_registry_requests(fake), REGISTRY_SCHEMAS_MAX + 1);
    lookup_many(registry, 1000, 1, DONE); /* the one that was given up */
    assert_int_equal(fake_registry_requests(fake), REGISTRY_SCHEMAS_MAX + 2);
    fake_registry_says_all(fake, "404 Not Found", ""); /* made-up ids push no schema out */
    lookup_many(registry, 1000000, 600, SKIP);
    lookup_many(registry, 2000, 1000, DONE);
    registry_close(registry);
}

static void large_schemas_have_a_bound_together(void **state)
{
    struct fake_registry *fake = *state;
    static char body[REGISTRY_BODY_MAX]; /* outlives the thread that sends it */
    const size_t size = sizeof body - 1000;
    memcpy(body, "{\"schema\":\"", 11);
    memset(body + 11, 'x', size);
    memcpy(body + 11 + size, "\"}", 3);
    fake_registry_says_all(fake, "200 OK", body);
    struct registry *registry = open_registry(fake, 5000);
    lookup_many(registry, 1000, 65, DONE);
    assert_int_equal(fake_registry_requests(fake), 65);
    lookup_many(registry, 1001, 64, DONE);
    assert_int_equal(fake_registry_requests(fake), 65);
    lookup_many(registry, 1000, 1, DONE);
    assert_int_equal(fake_registry_requests(fake), 66);
    registry_close(registry);
}

static void a_ping_says_whether_it_answers(void **state)
{
    struct fake_registry *fake = *state;
    struct registry *registry = open_registry(fake, 5000);
    fake_registry_says_all(fake, "200 OK", "[\"AVRO\"]");
    assert_int_equal(registry_ping(registry, NULL), DONE);
    assert_true(fake_registry_heard(fake, "GET /base/schemas/types HTTP/1.1\r\n"));
    fake_registry_says_all(fake, "404 Not Found", "");
    assert_int_equal(registry_ping(registry, NULL), STOP);
    fake_registry_says_all(fake, "401 Unauthorized", "");
    assert_int_equal(registry_ping(registry, NULL), STOP);
    fake_registry_says_all(fake, "502 Bad Gateway", "");
    assert_int_equal(registry_ping(registry, NULL), RETRY);
    registry_close(registry);
}

static void nobody_there_is_no_answer(void **state)
{
    (void)state;
    int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* bound, but nobody listens */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_int_equal(bind(taken, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(taken, (struct sockaddr *)&address, &size), 0);
    const struct fake_registry fake = {.port = ntohs(address.sin_port)};
    struct registry *registry = open_registry(&fake, 5000);
    struct span schema;
    struct reason why;
    assert_int_equal(lookup(registry, 1, (struct mono_time){0}, &schema, &why), RETRY);
    assert_int_equal(why.code, REASON_UNAVAILABLE);
    assert_non_null(strstr(why.text, "refused"));
    assert_null(strstr(why.text, SECRET));
    assert_int_equal(registry_ping(registry, &why), RETRY);
    registry_close(registry);
    close(taken);
}

static const struct {
    const char *url;
    const char *text;
} bad_urls[] = {
    {"ftp://u:" SECRET "@registry", "http:// or https://"}, {"file:///etc/passwd", "http:// or https://"},
    {"http://u:" SECRET "@registry/?a=b", "query"},         {"http://u:" SECRET "@regi stry/", "not a URL"},
    {"http://u:" SECRET "@registry:port", "not a URL"},     {"registry", "not a URL"},
};

static void a_bad_url_is_refused_without_its_password(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(bad_urls); row++) {
        const struct registry_settings settings = {.url = bad_urls[row].url, .timeout_ms = 100};
        struct registry *registry = NULL;
        struct reason why;
        assert_int_equal(registry_open(&settings, &registry, &why), STOP);
        assert_int_equal(why.code, REASON_BAD_CONFIG);
        if (strstr(why.text, bad_urls[row].text) == NULL || strstr(why.text, SECRET) != NULL || registry != NULL) {
            fail_msg("%s: %s", bad_urls[row].url, why.text);
        }
    }
}

int main(void)
{
    setenv("no_proxy", "*", 1);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_is_judged, open_fake, close_fake),
        cmocka_unit_test_setup_teardown(the_request_is_what_registries_expect, open_fake, close_fake),
        cmocka_unit_test_setup_teardown(a_schema_is_asked_for_once, open_fake, close_fake),
        cmocka_unit_test_setup_teardown(no_is_believed_for_a_while, open_fake, close_fake),
        cmocka_unit_test_setup_teardown(requests_have_a_bound, open_fake, close_fake),
        cmocka_unit_test_setup_teardown(nobody_waits_for_a_slow_registry, open_fake, close_fake),
        cmocka_unit_test_setup_teardown(the_cache_has_a_bound, open_fake, close_fake),
        cmocka_unit_test_setup_teardown(large_schemas_have_a_bound_together, open_fake, close_fake),
        cmocka_unit_test_setup_teardown(a_ping_says_whether_it_answers, open_fake, close_fake),
        cmocka_unit_test(nobody_there_is_no_answer),
        cmocka_unit_test(a_bad_url_is_refused_without_its_password),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
