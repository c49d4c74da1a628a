/* test_serve.c - the ops port as a client sees it: libcurl for whole requests, a bare socket for the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "slipstream/serve.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static unsigned render_metrics(void *context, struct buffer *out)
{
    buffer_text(out, "slipstream_up %d\n", *(const int *)context);
    return 200;
}

static unsigned render_ready(void *context, struct buffer *out)
{
    (void)context;
    buffer_text(out, "{\"ready\":false}");
    return 503;
}

static unsigned render_empty(void *context, struct buffer *out)
{
    (void)context;
    (void)out;
    return 200;
}

static unsigned render_endless(void *context, struct buffer *out)
{
    (void)context;
    while (!out->overflow) {
        buffer_text(out, "%1000d\n", 1);
    }
    return 200;
}

static unsigned render_nonsense(void *context, struct buffer *out)
{
    (void)context;
    buffer_text(out, "half a page");
    return 0;
}

static int up = 1;
static const struct serve_page pages[] = {
    {"/metrics", "text/plain; version=0.0.4", render_metrics, &up},
    {"/-/ready", "application/json", render_ready, NULL},
    {"/empty", "text/plain", render_empty, NULL},
    {"/endless", "text/plain", render_endless, NULL},
    {"/nonsense", "text/plain", render_nonsense, NULL},
};

static int open_server(void **state)
{
    struct reason why;
    struct server *server;
    if (server_open("127.0.0.1", 0, pages, COUNT(pages), &server, &why) != DONE) {
        return -1;
    }
    *state = server;
    return 0;
}

static int close_server(void **state)
{
    server_close(*state);
    return 0;
}

struct reply {
    long status;
    long connects;
    char headers[4096];
    size_t headers_size;
    size_t body_size;
    char body[256]; /* its beginning */
};

static size_t take_header(char *data, size_t one, size_t size, void *context)
{
    struct reply *reply = context;
    (void)one;
    if (size < sizeof reply->headers - reply->headers_size) {
        memcpy(reply->headers + reply->headers_size, data, size);
        reply->headers_size += size;
    }
    return size;
}

static size_t take_body(char *data, size_t one, size_t size, void *context)
{
    struct reply *reply = context;
    (void)one;
    if (reply->body_size + size < sizeof reply->body) {
        memcpy(reply->body + reply->body_size, data, size);
    }
    reply->body_size += size;
    return size;
}

static CURLcode ask(CURL *curl, const struct server *server, const char *method, const char *path, const char *body,
                    struct reply *reply)
{
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", server_port(server), path);
    *reply = (struct reply){0};
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 5000L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, reply);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else {
        if (body != NULL) {
            curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
        }
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    }
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
    curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &reply->connects);
    return code;
}

static const struct {
    const char *name;
    const char *method;
    const char *path;
    const char *body; /* of the request */
    long status;
    const char *answer;
    const char *header;
} requests[] = {
    {"a page", "GET", "/metrics", NULL, 200, "slipstream_up 1\n", "Content-Type: text/plain; version=0.0.4\r\n"},
    {"its head", "HEAD", "/metrics", NULL, 200, "", "Content-Length: 16\r\n"},
    {"a query is no part of the path", "GET", "/metrics?x=1", NULL, 200, "slipstream_up 1\n", "Content-Length: 16\r\n"},
    {"not ready", "GET", "/-/ready", NULL, 503, "{\"ready\":false}", "Content-Type: application/json\r\n"},
    {"an empty page", "GET", "/empty", NULL, 200, "", "Content-Length: 0\r\n"},
    {"no such page", "GET", "/", NULL, 404, "no such page\n", "Content-Length: 13\r\n"},
    {"nothing below a page", "GET", "/metrics/", NULL, 404, "no such page\n", ""},
    {"no way up", "GET", "/../etc/passwd", NULL, 404, "no such page\n", ""},
    {"head of no page", "HEAD", "/nowhere", NULL, 404, "", "Content-Length: 13\r\n"},
    {"POST", "POST", "/metrics", "x=1", 405, "only GET and HEAD are allowed here\n", "Allow: GET, HEAD\r\n"},
    {"POST of nothing", "POST", "/metrics", "", 405, "only GET and HEAD are allowed here\n", "Allow: GET, HEAD\r\n"},
    {"PUT", "PUT", "/nowhere", "x=1", 405, "only GET and HEAD are allowed here\n", "Allow: GET, HEAD\r\n"},
    {"DELETE", "DELETE", "/metrics", NULL, 405, "only GET and HEAD are allowed here\n", "Allow: GET, HEAD\r\n"},
    {"a made-up method", "STEAL", "/metrics", NULL, 405, "only GET and HEAD are allowed here\n",
     "Allow: GET, HEAD\r\n"},
    {"a page beyond its bound", "GET", "/endless", NULL, 500, "the page could not be made\n", ""},
    {"a status that is none", "GET", "/nonsense", NULL, 500, "the page could not be made\n", ""},
};

static void a_request_is_answered(void **state)
{
    CURL *curl = curl_easy_init();
    for (size_t row = 0; row < COUNT(requests); row++) {
        struct reply reply;
        CURLcode code = ask(curl, *state, requests[row].method, requests[row].path, requests[row].body, &reply);
        if (code != CURLE_OK || reply.status != requests[row].status) {
            fail_msg("%s: curl %d, status %ld", requests[row].name, (int)code, reply.status);
        }
        if (strcmp(reply.body, requests[row].answer) != 0 || strstr(reply.headers, requests[row].header) == NULL) {
            fail_msg("%s:\n%s\n%s", requests[row].name, reply.headers, reply.body);
        }
        assert_non_null(strstr(reply.headers, "Cache-Control: no-store\r\n"));
        assert_non_null(strstr(reply.headers, "X-Content-Type-Options: nosniff\r\n"));
    }
    curl_easy_cleanup(curl);
}

static void a_connection_is_kept_for_the_next_request(void **state)
{
    CURL *curl = curl_easy_init();
    struct reply reply;
    assert_int_equal(ask(curl, *state, "GET", "/metrics", NULL, &reply), CURLE_OK);
    assert_int_equal(reply.connects, 1);
    assert_int_equal(ask(curl, *state, "GET", "/-/ready", NULL, &reply), CURLE_OK);
    assert_int_equal(reply.connects, 0);
    curl_easy_cleanup(curl);
}

static int dial(const struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(server_port(server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(descriptor >= 0);
    assert_int_equal(connect(descriptor, (const struct sockaddr *)&address, sizeof address), 0);
    return descriptor;
}

static void say(int descriptor, const char *text)
{
    assert_int_equal(send(descriptor, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* The status of the answer that comes within wait_ms; 0: none came; -1: the other end hung up. */
static int hear(int descriptor, int wait_ms)
{
    struct pollfd ready = {.fd = descriptor, .events = POLLIN};
    if (poll(&ready, 1, wait_ms) == 0) {
        return 0;
    }
    char text[2048] = "";
    ssize_t size = recv(descriptor, text, sizeof text - 1, 0);
    return size > 12 && strncmp(text, "HTTP/1.1 ", 9) == 0 ? atoi(text + 9) : -1;
}

static const struct {
    const char *name;
    const char *request;
    int status;
} oddities[] = {
    {"not HTTP", "\x16\x03\x01\x02\r\n\r\n", 400},
    {"a GET that brings a body", "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", -1},
    {"a POST whose body never comes", "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n", 405},
};

static void an_odd_request_is_refused(void **state)
{
    for (size_t row = 0; row < COUNT(oddities); row++) {
        int descriptor = dial(*state);
        say(descriptor, oddities[row].request);
        int status = hear(descriptor, 5000);
        if (status != oddities[row].status && !(oddities[row].status == 400 && status == -1)) {
            fail_msg("%s: %d", oddities[row].name, status);
        }
        close(descriptor);
    }
    int descriptor = dial(*state);
    char header[1000];
    memset(header, 'x', sizeof header);
    memcpy(header, "X: ", 3);
    memcpy(header + sizeof header - 3, "\r\n", 3);
    say(descriptor, "GET /metrics HTTP/1.1\r\n");
    for (int i = 0; i < 40 && send(descriptor, header, strlen(header), MSG_NOSIGNAL) > 0; i++) {
    }
    int status = hear(descriptor, 5000);
    assert_true(status == 431 || status == 413 || status == -1);
    close(descriptor);
}

#define CONNECTIONS 64

static void the_65th_connection_waits(void **state)
{
    const char *request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    int descriptors[CONNECTIONS + 1];
    for (size_t i = 0; i < CONNECTIONS; i++) {
        descriptors[i] = dial(*state);
        say(descriptors[i], request);
        assert_int_equal(hear(descriptors[i], 5000), 200);
    }
    descriptors[CONNECTIONS] = dial(*state);
    say(descriptors[CONNECTIONS], request);
    assert_int_equal(hear(descriptors[CONNECTIONS], 50), 0);
    close(descriptors[0]);
    assert_int_equal(hear(descriptors[CONNECTIONS], 5000), 200);
    for (size_t i = 1; i <= CONNECTIONS; i++) {
        close(descriptors[i]);
    }
}

#define SLOW_SIZE ((size_t)3 << 20)

struct slow {
    sem_t started;
    sem_t closing;
    sem_t may_go_on;
    struct server *server;
    struct reply reply;
    CURLcode code;
};

static unsigned render_slow(void *context, struct buffer *out)
{
    struct slow *slow = context;
    sem_post(&slow->started);
    sem_wait(&slow->may_go_on);
    uint8_t *room = buffer_reserve(out, SLOW_SIZE);
    memset(room, 'x', SLOW_SIZE);
    out->size += SLOW_SIZE;
    return 200;
}

static void *ask_slowly(void *context)
{
    struct slow *slow = context;
    CURL *curl = curl_easy_init();
    slow->code = ask(curl, slow->server, "GET", "/slow", NULL, &slow->reply);
    curl_easy_cleanup(curl);
    return NULL;
}

static void *close_slowly(void *context)
{
    struct slow *slow = context;
    sem_post(&slow->closing);
    server_close(slow->server);
    return NULL;
}

/* The page is made, and three MiB of it sent, while the server is being closed. */
static void close_waits_for_requests_under_way(void **state)
{
    (void)state;
    struct slow slow = {0};
    sem_init(&slow.started, 0, 0);
    sem_init(&slow.closing, 0, 0);
    sem_init(&slow.may_go_on, 0, 0);
    const struct serve_page page = {"/slow", "text/plain", render_slow, &slow};
    struct reason why;
    assert_int_equal(server_open("127.0.0.1", 0, &page, 1, &slow.server, &why), DONE);
    pthread_t client;
    pthread_t closer;
    assert_int_equal(pthread_create(&client, NULL, ask_slowly, &slow), 0);
    sem_wait(&slow.started);
    assert_int_equal(pthread_create(&closer, NULL, close_slowly, &slow), 0);
    sem_wait(&slow.closing);
    sem_post(&slow.may_go_on);
    pthread_join(closer, NULL);
    pthread_join(client, NULL);
    assert_int_equal(slow.code, CURLE_OK);
    assert_int_equal(slow.reply.status, 200);
    assert_int_equal(slow.reply.body_size, SLOW_SIZE);
    sem_destroy(&slow.started);
    sem_destroy(&slow.closing);
    sem_destroy(&slow.may_go_on);
}

static const char *const addresses[] = {"", "localhost", "300.1.1.1", "127.0.0.1:8080", "203.0.113.77"};

static void a_bad_address_says_what_is_wrong(void **state)
{
    struct server *server = NULL;
    for (size_t row = 0; row < COUNT(addresses); row++) {
        struct reason why;
        assert_int_equal(server_open(addresses[row], 0, pages, COUNT(pages), &server, &why), STOP);
        assert_int_equal(why.code, REASON_BAD_CONFIG);
        assert_non_null(strstr(why.text, addresses[row]));
        assert_null(server);
    }
    struct reason why;
    assert_int_equal(server_open("127.0.0.1", server_port(*state), pages, COUNT(pages), &server, &why), STOP);
    assert_int_equal(why.code, REASON_BAD_CONFIG);
    assert_non_null(strstr(why.text, "in use"));
    assert_null(server);
    server_close(NULL);
}

/* "::" serves IPv4 too. A machine without IPv6 refuses it, and says so. */
static void any_address_is_both_kinds(void **state)
{
    (void)state;
    struct server *server;
    struct reason why;
    if (server_open("::", 0, pages, COUNT(pages), &server, &why) != DONE) {
        assert_int_equal(why.code, REASON_BAD_CONFIG);
        skip();
    }
    CURL *curl = curl_easy_init();
    struct reply reply;
    assert_int_equal(ask(curl, server, "GET", "/metrics", NULL, &reply), CURLE_OK);
    assert_int_equal(reply.status, 200);
    curl_easy_cleanup(curl);
    server_close(server);
}

int main(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_is_answered, open_server, close_server),
        cmocka_unit_test_setup_teardown(a_connection_is_kept_for_the_next_request, open_server, close_server),
        cmocka_unit_test_setup_teardown(an_odd_request_is_refused, open_server, close_server),
        cmocka_unit_test_setup_teardown(the_65th_connection_waits, open_server, close_server),
        cmocka_unit_test(close_waits_for_requests_under_way),
        cmocka_unit_test_setup_teardown(a_bad_address_says_what_is_wrong, open_server, close_server),
        cmocka_unit_test(any_address_is_both_kinds),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
