/* test_registry.c - schemas from an HTTP registry that misbehaves. Those from a folder have test_schema_folder.c.
 *
 * The registry here is a bare socket that answers as the rows say, byte for byte: libcurl's own parser judges it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <curl/curl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "slipstream/registry.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SECRET      "s3cret-word"
#define INT_SCHEMA  "{\"schema\":\"\\\"int\\\"\"}"
#define TTL_MS      60000

enum manner { WHOLE, ENDLESS, ENDLESS_HEADERS, SLOW, HANGS_UP };

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
    {"references", WHOLE, "200 OK", "{\"schema\":\"{}\",\"references\":[{\"name\":\"a\"}]}", SKIP, REASON_BAD_SCHEMA,
     "refers to other schemas"},
    {"not there", WHOLE, "404 Not Found", "{\"error_code\":40403,\"message\":\"Schema not found\"}", SKIP,
     REASON_UNKNOWN_SCHEMA, "is not in"},
    {"not there, without a word", WHOLE, "404 Not Found", "", SKIP, REASON_UNKNOWN_SCHEMA, "HTTP 404"},
    {"an id it cannot count to", WHOLE, "422 Unprocessable Entity", "{}", SKIP, REASON_UNKNOWN_SCHEMA, "HTTP 422"},
    {"a fault of its own", WHOLE, "500 Internal Server Error", "oops", RETRY, REASON_UNAVAILABLE, "HTTP 500"},
    {"an endless fault", ENDLESS, "503 Service Unavailable", "x", RETRY, REASON_UNAVAILABLE, "HTTP 503"},
    {"too many requests", WHOLE, "429 Too Many Requests", "", RETRY, REASON_UNAVAILABLE, "HTTP 429"},
    {"who are you", WHOLE, "401 Unauthorized", "", STOP, REASON_REFUSED, "HTTP 401"},
    {"not for you", WHOLE, "403 Forbidden", "", STOP, REASON_REFUSED, "HTTP 403"},
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

struct fake {
    int listener;
    int stop[2];
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock; /* over what follows */
    int connections;
    int requests;
    char last[4096];  /* the last request, whole */
    const char *head; /* what is answered beyond the rows, if not INT_SCHEMA */
    const char *body;
    int conflicts; /* how many requests beyond the rows are answered with 409 before that */
};

static void send_text(int descriptor, const char *text)
{
    (void)send(descriptor, text, strlen(text), MSG_NOSIGNAL);
}

/* False when the other end or the test is done. */
static bool readable(struct fake *fake, int descriptor)
{
    struct pollfd ready[] = {{.fd = descriptor, .events = POLLIN}, {.fd = fake->stop[0], .events = POLLIN}};
    return poll(ready, 2, -1) > 0 && ready[1].revents == 0;
}

static void send_whole(int descriptor, const char *head, const char *body)
{
    char text[256];
    snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", head, strlen(body));
    send_text(descriptor, text);
    send_text(descriptor, body);
}

/* Answers as the row says. False when the connection is to be closed. */
static bool send_row(struct fake *fake, int descriptor, size_t row)
{
    if (answers[row].manner == WHOLE) {
        send_whole(descriptor, answers[row].head, answers[row].body);
        return true;
    }
    if (answers[row].head[0] != '\0') {
        char text[256];
        snprintf(text, sizeof text, "HTTP/1.1 %s\r\n%s%s", answers[row].head,
                 answers[row].manner == ENDLESS_HEADERS ? "" : "\r\n", answers[row].body);
        send_text(descriptor, text);
    }
    if (answers[row].manner == SLOW) {
        (void)readable(fake, descriptor); /* until the client has lost its patience */
    }
    char more[4096];
    memset(more, 'x', sizeof more);
    memcpy(more, "X: ", 3);
    memcpy(more + sizeof more - 2, "\r\n", 2);
    while ((answers[row].manner == ENDLESS || answers[row].manner == ENDLESS_HEADERS) &&
           send(descriptor, more, sizeof more, MSG_NOSIGNAL) > 0) {
    }
    return false;
}

static bool read_request(struct fake *fake, int descriptor, char *request, size_t size)
{
    size_t length = 0;
    for (size_t needed = 0; needed == 0 || length < needed;) {
        if (!readable(fake, descriptor)) {
            return false;
        }
        ssize_t more = recv(descriptor, request + length, size - 1 - length, 0);
        if (more <= 0) {
            return false;
        }
        length += (size_t)more;
        request[length] = '\0';
        const char *end = strstr(request, "\r\n\r\n");
        const char *body = strstr(request, "Content-Length: ");
        if (end != NULL) {
            needed = (size_t)(end + 4 - request) + (body != NULL ? (size_t)atoi(body + 16) : 0);
        }
    }
    return true;
}

static void serve_connection(struct fake *fake, int descriptor)
{
    char request[4096];
    for (bool open = true; open && read_request(fake, descriptor, request, sizeof request);) {
        pthread_mutex_lock(&fake->lock);
        fake->requests++;
        memcpy(fake->last, request, sizeof request);
        const char *head = fake->head != NULL ? fake->head : "200 OK";
        const char *body = fake->body != NULL ? fake->body : INT_SCHEMA;
        head = fake->conflicts > 0 ? "409 Conflict" : head;
        fake->conflicts -= fake->conflicts > 0;
        pthread_mutex_unlock(&fake->lock);
        size_t row = COUNT(answers);
        sscanf(request, "GET /base/schemas/ids/%zu ", &row);
        if (row < COUNT(answers)) {
            open = send_row(fake, descriptor, row);
        } else {
            send_whole(descriptor, head, body);
        }
    }
}

static void *serve(void *context)
{
    struct fake *fake = context;
    while (readable(fake, fake->listener)) {
        int descriptor = accept(fake->listener, NULL, NULL);
        const int on = 1; /* an answer is several sends */
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        pthread_mutex_lock(&fake->lock);
        fake->connections++;
        pthread_mutex_unlock(&fake->lock);
        serve_connection(fake, descriptor);
        close(descriptor);
    }
    return NULL;
}

static int open_fake(void **state)
{
    struct fake *fake = calloc(1, sizeof *fake);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fake->listener, (const struct sockaddr *)&address, size) != 0 || listen(fake->listener, 8) != 0 ||
        getsockname(fake->listener, (struct sockaddr *)&address, &size) != 0 || pipe(fake->stop) != 0) {
        return -1;
    }
    fake->port = ntohs(address.sin_port);
    pthread_mutex_init(&fake->lock, NULL);
    *state = fake;
    return pthread_create(&fake->thread, NULL, serve, fake);
}

static int close_fake(void **state)
{
    struct fake *fake = *state;
    close(fake->stop[1]);
    pthread_join(fake->thread, NULL);
    close(fake->stop[0]);
    close(fake->listener);
    pthread_mutex_destroy(&fake->lock);
    free(fake);
    return 0;
}

static int requests_of(struct fake *fake)
{
    pthread_mutex_lock(&fake->lock);
    int requests = fake->requests;
    pthread_mutex_unlock(&fake->lock);
    return requests;
}

static void answer_with(struct fake *fake, const char *head, const char *body)
{
    pthread_mutex_lock(&fake->lock);
    fake->head = head;
    fake->body = body;
    pthread_mutex_unlock(&fake->lock);
}

static bool was_asked(struct fake *fake, const char *text)
{
    pthread_mutex_lock(&fake->lock);
    bool found = strstr(fake->last, text) != NULL;
    pthread_mutex_unlock(&fake->lock);
    return found;
}

/* The fake registry with credentials in its URL: none of the texts may show them. */
static struct registry *open_registry(const struct fake *fake, int64_t timeout_ms)
{
    char url[128];
    snprintf(url, sizeof url, "http://slipstream:" SECRET "@127.0.0.1:%u/base/", fake->port);
    const struct registry_settings settings = {.url = url, .timeout_ms = timeout_ms, .negative_ttl_ms = TTL_MS};
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
    struct fake *fake = *state;
    struct registry *patient = open_registry(fake, 5000);
    struct registry *hasty = open_registry(fake, 200);
    for (uint32_t row = 0; row < COUNT(answers); row++) {
        struct span schema = span_text("untouched");
        struct reason why = {REASON_NONE, ""};
        struct registry *registry = answers[row].manner == SLOW ? hasty : patient;
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
    }
    registry_close(patient);
    registry_close(hasty);
}

static void the_request_is_what_registries_expect(void **state)
{
    struct fake *fake = *state;
    struct registry *registry = open_registry(fake, 5000);
    struct span schema;
    struct reason why;
    assert_int_equal(lookup(registry, UINT32_MAX, (struct mono_time){0}, &schema, &why), DONE);
    assert_true(was_asked(fake, "GET /base/schemas/ids/4294967295 HTTP/1.1\r\n"));
    assert_true(was_asked(fake, "Accept: application/vnd.schemaregistry.v1+json, application/json\r\n"));
    assert_true(was_asked(fake, "Authorization: Basic c2xpcHN0cmVhbTpzM2NyZXQtd29yZA==\r\n"));
    registry_close(registry);

    char url[64];
    snprintf(url, sizeof url, "http://u:p@127.0.0.1:%u/base", fake->port);
    const struct registry_settings settings = {
        .url = url, .username = "slipstream", .password = SECRET, .timeout_ms = 5000, .negative_ttl_ms = TTL_MS};
    assert_int_equal(registry_open(&settings, &registry, &why), DONE);
    assert_int_equal(lookup(registry, 100, (struct mono_time){0}, &schema, &why), DONE);
    assert_true(was_asked(fake, "Authorization: Basic c2xpcHN0cmVhbTpzM2NyZXQtd29yZA==\r\n"));
    registry_close(registry);
}

static void a_schema_is_asked_for_once(void **state)
{
    struct fake *fake = *state;
    struct registry *registry = open_registry(fake, 5000);
    struct span schema;
    for (int64_t i = 0; i < 3; i++) {
        for (uint32_t id = 100; id < 103; id++) {
            assert_int_equal(lookup(registry, id, (struct mono_time){i * US_PER_DAY}, &schema, NULL), DONE);
            assert_true(span_equal(schema, span_text("\"int\"")));
        }
    }
    assert_int_equal(requests_of(fake), 3);
    assert_int_equal(fake->connections, 1);
    registry_close(registry);
}

static void no_is_believed_for_a_while(void **state)
{
    struct fake *fake = *state;
    struct registry *registry = open_registry(fake, 5000);
    struct mono_time now = {5};
    struct span schema;
    struct reason why;
    answer_with(fake, "404 Not Found", "");
    assert_int_equal(lookup(registry, 100, now, &schema, &why), SKIP);
    answer_with(fake, "200 OK", INT_SCHEMA);
    now.us += TTL_MS * US_PER_MS - 1;
    assert_int_equal(lookup(registry, 100, now, &schema, &why), SKIP);
    assert_int_equal(why.code, REASON_UNKNOWN_SCHEMA);
    assert_int_equal(requests_of(fake), 1);
    now.us += 1;
    assert_int_equal(lookup(registry, 100, now, &schema, &why), DONE);
    assert_int_equal(requests_of(fake), 2);

    answer_with(fake, "503 Service Unavailable", ""); /* not a no: asked again at once; what is known goes on */
    assert_int_equal(lookup(registry, 101, now, &schema, &why), RETRY);
    assert_int_equal(lookup(registry, 101, now, &schema, &why), RETRY);
    assert_int_equal(requests_of(fake), 4);
    assert_int_equal(lookup(registry, 100, now, &schema, &why), DONE);
    registry_close(registry);
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
    struct fake *fake = *state;
    struct registry *registry = open_registry(fake, 5000);
    lookup_many(registry, 1000, REGISTRY_SCHEMAS_MAX + 1, DONE);
    lookup_many(registry, 1001, REGISTRY_SCHEMAS_MAX, DONE);
    assert_int_equal(requests_of(fake), REGISTRY_SCHEMAS_MAX + 1);
    lookup_many(registry, 1000, 1, DONE); /* the one that was given up */
    assert_int_equal(requests_of(fake), REGISTRY_SCHEMAS_MAX + 2);
    answer_with(fake, "404 Not Found", ""); /* made-up ids push no schema out */
    lookup_many(registry, 1000000, 600, SKIP);
    lookup_many(registry, 2000, 1000, DONE);
    registry_close(registry);
}

static void large_schemas_have_a_bound_together(void **state)
{
    struct fake *fake = *state;
    static char body[REGISTRY_BODY_MAX]; /* outlives the thread that sends it */
    const size_t size = sizeof body - 1000;
    memcpy(body, "{\"schema\":\"", 11);
    memset(body + 11, 'x', size);
    memcpy(body + 11 + size, "\"}", 3);
    answer_with(fake, "200 OK", body);
    struct registry *registry = open_registry(fake, 5000);
    lookup_many(registry, 1000, 65, DONE);
    assert_int_equal(requests_of(fake), 65);
    lookup_many(registry, 1001, 64, DONE);
    assert_int_equal(requests_of(fake), 65);
    lookup_many(registry, 1000, 1, DONE);
    assert_int_equal(requests_of(fake), 66);
    registry_close(registry);
}

static const struct {
    const char *name;
    const char *head;
    const char *body;
    enum outcome outcome;
    enum reason_code code;
    uint32_t id;
} registrations[] = {
    {"registered", "200 OK", "{\"id\":42}", DONE, REASON_NONE, 42},
    {"greatest id", "201 Created", "{\"id\":4294967295}", DONE, REASON_NONE, UINT32_MAX},
    {"incompatible", "409 Conflict", "{\"error_code\":409}", SKIP, REASON_INCOMPATIBLE_SCHEMA, 0},
    {"no schema", "422 Unprocessable Entity", "{\"error_code\":42201}", SKIP, REASON_BAD_SCHEMA, 0},
    {"not allowed", "403 Forbidden", "{}", STOP, REASON_REFUSED, 0},
    {"out of order", "500 Internal Server Error", "{}", RETRY, REASON_UNAVAILABLE, 0},
    {"redirected", "307 Temporary Redirect\r\nLocation: /other", "", RETRY, REASON_UNAVAILABLE, 0},
    {"an id that is none", "200 OK", "{\"id\":-1}", RETRY, REASON_UNAVAILABLE, 0},
    {"an id beyond 32 bits", "200 OK", "{\"id\":4294967296}", RETRY, REASON_UNAVAILABLE, 0},
    {"garbage", "200 OK", "hello", RETRY, REASON_UNAVAILABLE, 0},
};

static void a_schema_is_registered(void **state)
{
    struct fake *fake = *state;
    struct registry *registry = open_registry(fake, 5000);
    for (size_t row = 0; row < COUNT(registrations); row++) {
        answer_with(fake, registrations[row].head, registrations[row].body);
        uint32_t id = 0;
        struct reason why = {REASON_NONE, ""};
        enum outcome outcome = registry_register(registry, "a/b value", span_text("{\"type\":\"int\"}"), &id, &why);
        if (outcome != registrations[row].outcome || why.code != registrations[row].code ||
            id != registrations[row].id) {
            fail_msg("%s: %d, id %u, %s", registrations[row].name, outcome, id, why.text);
        }
        assert_true(was_asked(fake, "POST /base/subjects/a%2Fb%20value/versions HTTP/1.1\r\n"));
        assert_true(was_asked(fake, "Content-Type: application/vnd.schemaregistry.v1+json\r\n"));
        assert_true(was_asked(fake, "\r\n\r\n{\"schema\":\"{\\\"type\\\":\\\"int\\\"}\"}"));
    }
    assert_int_equal(requests_of(fake), COUNT(registrations) + 1); /* what is said to be incompatible is asked twice */
    uint32_t id;
    assert_int_equal(registry_register(registry, "a", span_text("\xff"), &id, NULL), SKIP);
    assert_int_equal(registry_register(registry, "", span_text("{}"), &id, NULL), STOP);
    registry_close(registry);
}

/* Apicurio answers so to all but one of those that register the same schema at the same moment. */
static void a_conflict_that_passes_is_none(void **state)
{
    struct fake *fake = *state;
    struct registry *registry = open_registry(fake, 5000);
    answer_with(fake, "200 OK", "{\"id\":7}");
    pthread_mutex_lock(&fake->lock);
    fake->conflicts = 1;
    pthread_mutex_unlock(&fake->lock);
    uint32_t id = 0;
    assert_int_equal(registry_register(registry, "a", span_text("{}"), &id, NULL), DONE);
    assert_int_equal(id, 7);
    registry_close(registry);
}

static void a_ping_says_whether_it_answers(void **state)
{
    struct fake *fake = *state;
    struct registry *registry = open_registry(fake, 5000);
    answer_with(fake, "200 OK", "[\"AVRO\"]");
    assert_int_equal(registry_ping(registry, NULL), DONE);
    assert_true(was_asked(fake, "GET /base/schemas/types HTTP/1.1\r\n"));
    answer_with(fake, "404 Not Found", "");
    assert_int_equal(registry_ping(registry, NULL), STOP);
    answer_with(fake, "401 Unauthorized", "");
    assert_int_equal(registry_ping(registry, NULL), STOP);
    answer_with(fake, "502 Bad Gateway", "");
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
    const struct fake fake = {.port = ntohs(address.sin_port)};
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
        cmocka_unit_test_setup_teardown(the_cache_has_a_bound, open_fake, close_fake),
        cmocka_unit_test_setup_teardown(large_schemas_have_a_bound_together, open_fake, close_fake),
        cmocka_unit_test_setup_teardown(a_schema_is_registered, open_fake, close_fake),
        cmocka_unit_test_setup_teardown(a_conflict_that_passes_is_none, open_fake, close_fake),
        cmocka_unit_test_setup_teardown(a_ping_says_whether_it_answers, open_fake, close_fake),
        cmocka_unit_test(nobody_there_is_no_answer),
        cmocka_unit_test(a_bad_url_is_refused_without_its_password),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
