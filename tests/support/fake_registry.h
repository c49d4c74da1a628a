/* fake_registry.h - a schema registry that answers as a table says, byte for byte, well or badly, with TLS or without.
 *
 * Every connection has a thread; what was asked is kept whole. Link Threads, and openssl for TLS. Aborts on any error of
 * its own. */
#ifndef SLIPSTREAM_TESTS_FAKE_REGISTRY_H
#define SLIPSTREAM_TESTS_FAKE_REGISTRY_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum manner {
    WHOLE,           /* head and body, with the length that it has */
    ENDLESS,         /* the same, and then bytes for ever */
    ENDLESS_HEADERS, /* headers for ever */
    SLOW,            /* no more, until the other end has lost its patience */
    HANGS_UP,
};

struct fake_answer {
    const char *path; /* "GET /subjects/a": the beginning of the request line, up to a blank; NULL: any */
    enum manner manner;
    const char *head; /* status and headers; Content-Length is added to a whole answer */
    const char *body;
    int times;        /* how often it is given, then the next that fits; 0: always */
};

#define FAKE_CONNECTIONS_MAX 32
#define FAKE_REQUEST_MAX     ((size_t)1 << 17)

struct fake_registry {
    int listener;
    int stop[2];
    uint16_t port;
    SSL_CTX *tls; /* NULL: none */
    pthread_t thread;
    pthread_t served[FAKE_CONNECTIONS_MAX];
    pthread_mutex_t lock; /* over what follows */
    int connections;
    int requests;
    struct fake_answer answers[64]; /* the first that fits is given */
    size_t count;
    char last[FAKE_REQUEST_MAX]; /* the last request, whole */
    char lines[16384];           /* the first lines of all, one a line; cut when there are too many */
};

struct fake_connection {
    struct fake_registry *registry;
    int descriptor;
    SSL *tls;
};

static inline void fake_must(bool holds, const char *what)
{
    if (!holds) {
        perror(what);
        abort();
    }
}

static inline bool fake_send(struct fake_connection *self, const char *text, size_t size)
{
    if (self->tls) {
        return size == 0 || SSL_write(self->tls, text, (int)size) > 0;
    }
    while (size > 0) {
        ssize_t sent = send(self->descriptor, text, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        text += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* False when the test is done. */
static inline bool fake_readable(struct fake_registry *self, int descriptor)
{
    struct pollfd ready[] = {{.fd = descriptor, .events = POLLIN}, {.fd = self->stop[0], .events = POLLIN}};
    return poll(ready, 2, -1) > 0 && ready[1].revents == 0;
}

static inline ssize_t fake_receive(struct fake_connection *self, char *at, size_t room)
{
    if ((!self->tls || SSL_pending(self->tls) == 0) && !fake_readable(self->registry, self->descriptor)) {
        return 0;
    }
    return self->tls ? SSL_read(self->tls, at, (int)room) : recv(self->descriptor, at, room, 0);
}

static inline bool fake_read_request(struct fake_connection *self, char *request)
{
    size_t length = 0;
    for (size_t needed = 0; needed == 0 || length < needed;) {
        ssize_t more = fake_receive(self, request + length, FAKE_REQUEST_MAX - 1 - length);
        if (more <= 0) {
            return false;
        }
        length += (size_t)more;
        request[length] = '\0';
        const char *end = strstr(request, "\r\n\r\n");
        const char *body = strstr(request, "Content-Length: ");
        if (end) {
            needed = (size_t)(end + 4 - request) + (body && body < end ? (size_t)atoi(body + 16) : 0);
        }
    }
    return true;
}

static inline bool fake_fits(const struct fake_answer *answer, const char *request)
{
    size_t size = answer->path ? strlen(answer->path) : 0;
    return answer->times >= 0 && strncmp(request, answer->path ? answer->path : "", size) == 0 &&
           (!answer->path || request[size] == ' ' || request[size] == '?');
}

static inline struct fake_answer fake_find(struct fake_registry *self, const char *request)
{
    static const struct fake_answer none = {NULL, WHOLE, "404 Not Found", "{\"error_code\":40403}", 0};
    struct fake_answer found = none;
    pthread_mutex_lock(&self->lock);
    self->requests++;
    snprintf(self->last, sizeof self->last, "%s", request);
    size_t used = strlen(self->lines);
    snprintf(self->lines + used, sizeof self->lines - used, "%.*s\n", (int)strcspn(request, "\r"), request);
    for (size_t i = 0; i < self->count; i++) {
        struct fake_answer *answer = &self->answers[i];
        if (fake_fits(answer, request)) {
            found = *answer;
            answer->times = answer->times == 1 ? -1 : answer->times - (answer->times > 0);
            break;
        }
    }
    pthread_mutex_unlock(&self->lock);
    return found;
}

static inline void fake_flood(struct fake_connection *self)
{
    char more[4096];
    memset(more, 'x', sizeof more);
    memcpy(more, "X: ", 3);
    memcpy(more + sizeof more - 2, "\r\n", 2);
    while (fake_send(self, more, sizeof more)) {
    }
}

/* False when the connection is to be closed. */
static inline bool fake_answer(struct fake_connection *self, const struct fake_answer *answer)
{
    char head[512];
    if (answer->manner == WHOLE) {
        int size = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", answer->head,
                            strlen(answer->body));
        return fake_send(self, head, (size_t)size) && fake_send(self, answer->body, strlen(answer->body));
    }
    if (answer->head[0] != '\0') {
        int size = snprintf(head, sizeof head, "HTTP/1.1 %s\r\n%s", answer->head,
                            answer->manner == ENDLESS_HEADERS ? "" : "\r\n");
        fake_send(self, head, (size_t)size);
        fake_send(self, answer->body, strlen(answer->body));
    }
    if (answer->manner == SLOW) {
        (void)fake_readable(self->registry, self->descriptor);
    } else if (answer->manner != HANGS_UP) {
        fake_flood(self);
    }
    return false;
}

static inline void *fake_serve(void *context)
{
    struct fake_connection *self = context;
    char *request = malloc(FAKE_REQUEST_MAX);
    bool open = true;
    if (self->registry->tls) {
        self->tls = SSL_new(self->registry->tls);
        SSL_set_fd(self->tls, self->descriptor);
        open = SSL_accept(self->tls) == 1;
    }
    while (open && fake_read_request(self, request)) {
        struct fake_answer answer = fake_find(self->registry, request);
        open = fake_answer(self, &answer);
    }
    SSL_free(self->tls);
    close(self->descriptor);
    free(request);
    free(self);
    return NULL;
}

static inline void *fake_listen(void *context)
{
    struct fake_registry *self = context;
    while (fake_readable(self, self->listener)) {
        struct fake_connection *connection = calloc(1, sizeof *connection);
        const int on = 1; /* an answer is several sends */
        connection->registry = self;
        connection->descriptor = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC);
        setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        pthread_mutex_lock(&self->lock);
        fake_must(self->connections < FAKE_CONNECTIONS_MAX, "too many connections");
        pthread_t *thread = &self->served[self->connections++];
        pthread_mutex_unlock(&self->lock);
        fake_must(pthread_create(thread, NULL, fake_serve, connection) == 0, "a thread");
    }
    return NULL;
}

/* tls: NULL, or a context that passes to the registry. */
static inline struct fake_registry *fake_registry_open(SSL_CTX *tls)
{
    struct fake_registry *self = calloc(1, sizeof *self);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    self->tls = tls;
    self->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fake_must(bind(self->listener, (const struct sockaddr *)&address, size) == 0 && listen(self->listener, 8) == 0 &&
                  getsockname(self->listener, (struct sockaddr *)&address, &size) == 0 && pipe(self->stop) == 0,
              "a listener");
    self->port = ntohs(address.sin_port);
    pthread_mutex_init(&self->lock, NULL);
    fake_must(pthread_create(&self->thread, NULL, fake_listen, self) == 0, "a thread");
    return self;
}

static inline void fake_registry_close(struct fake_registry *self)
{
    close(self->stop[1]);
    pthread_join(self->thread, NULL);
    for (int i = 0; i < self->connections; i++) {
        pthread_join(self->served[i], NULL);
    }
    close(self->stop[0]);
    close(self->listener);
    SSL_CTX_free(self->tls);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

/* What is answered from now on; a NULL path at the end is for all else. The texts are borrowed. */
static inline void fake_registry_says(struct fake_registry *self, const struct fake_answer *answers, size_t count)
{
    pthread_mutex_lock(&self->lock);
    fake_must(count <= sizeof self->answers / sizeof self->answers[0], "too many answers");
    memcpy(self->answers, answers, count * sizeof *answers);
    self->count = count;
    pthread_mutex_unlock(&self->lock);
}

static inline void fake_registry_says_all(struct fake_registry *self, const char *head, const char *body)
{
    const struct fake_answer answer = {NULL, WHOLE, head, body, 0};
    fake_registry_says(self, &answer, 1);
}

static inline int fake_registry_requests(struct fake_registry *self)
{
    pthread_mutex_lock(&self->lock);
    int requests = self->requests;
    pthread_mutex_unlock(&self->lock);
    return requests;
}

/* Whether a text is in the last request; in the first lines of all requests. */
static inline bool fake_registry_heard(struct fake_registry *self, const char *text)
{
    pthread_mutex_lock(&self->lock);
    bool found = strstr(self->last, text) != NULL;
    pthread_mutex_unlock(&self->lock);
    return found;
}

static inline bool fake_registry_was_asked(struct fake_registry *self, const char *lines)
{
    pthread_mutex_lock(&self->lock);
    bool same = strcmp(self->lines, lines) == 0;
    if (!same) {
        fprintf(stderr, "asked:\n%s", self->lines);
    }
    self->lines[0] = '\0';
    pthread_mutex_unlock(&self->lock);
    return same;
}

#endif
