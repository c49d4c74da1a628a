/* fake_receiver.h - an HTTP server of one thread that answers every request as a test says, byte for byte, and keeps
 * what it was sent. One request a connection. */
#ifndef SLIPSTREAM_TESTS_FAKE_RECEIVER_H
#define SLIPSTREAM_TESTS_FAKE_RECEIVER_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVED_MAX  1024
#define REQUEST_BYTES (1 << 20)

enum manner {
    ANSWERS,          /* with the head, and an empty body */
    ANSWERS_FOR_EVER, /* the head, then a body without an end */
    HEADS_FOR_EVER,   /* headers without an end */
    IS_SILENT,        /* until the client has lost its patience */
    HANGS_UP,
};
struct fake_receiver {
    int listener, stop[2];
    unsigned port;
    pthread_t thread;
    pthread_mutex_t lock; /* over what follows */
    enum manner manner;
    const char *head;             /* "200 OK", and headers */
    char *received[RECEIVED_MAX]; /* whole requests, in order */
    size_t count;
};

/* False when the other end or the test is done. */
static inline bool fake_receiver_readable(struct fake_receiver *self, int descriptor)
{
    struct pollfd ready[] = {{.fd = descriptor, .events = POLLIN}, {.fd = self->stop[0], .events = POLLIN}};
    return poll(ready, 2, -1) > 0 && ready[1].revents == 0;
}

static inline bool fake_receiver_read(struct fake_receiver *self, int descriptor, char *request)
{
    size_t length = 0;
    for (size_t needed = 0; needed == 0 || length < needed;) {
        ssize_t more = fake_receiver_readable(self, descriptor)
                           ? recv(descriptor, request + length, REQUEST_BYTES - 1 - length, 0)
                           : -1;
        if (more <= 0) {
            return false;
        }
        length += (size_t)more;
        request[length] = '\0';
        const char *end = strstr(request, "\r\n\r\n");
        const char *body = strcasestr(request, "Content-Length: ");
        if (end) {
            needed = (size_t)(end + 4 - request) + (body ? (size_t)atoi(body + 16) : 0);
        }
    }
    return true;
}

static inline void fake_receiver_say(int descriptor, const char *text)
{
    (void)!send(descriptor, text, strlen(text), MSG_NOSIGNAL);
}

static inline void fake_receiver_answer(struct fake_receiver *self, int descriptor, enum manner manner,
                                        const char *head)
{
    char more[4096];
    memset(more, 'x', sizeof more);
    memcpy(more, "X: ", 3);
    memcpy(more + sizeof more - 2, "\r\n", 2);
    if (manner == IS_SILENT) {
        (void)fake_receiver_readable(self, descriptor);
    } else if (manner != HANGS_UP) {
        fake_receiver_say(descriptor, "HTTP/1.1 ");
        fake_receiver_say(descriptor, head);
        fake_receiver_say(descriptor, "\r\nConnection: close\r\n");
        fake_receiver_say(descriptor, manner == ANSWERS            ? "Content-Length: 0\r\n\r\n"
                                      : manner == ANSWERS_FOR_EVER ? "\r\n"
                                                                   : "");
    }
    while ((manner == ANSWERS_FOR_EVER || manner == HEADS_FOR_EVER) &&
           send(descriptor, more, sizeof more, MSG_NOSIGNAL) > 0) {
    }
}

static inline void *fake_receiver_run(void *context)
{
    struct fake_receiver *self = context;
    char *request = malloc(REQUEST_BYTES);
    while (request && fake_receiver_readable(self, self->listener)) {
        int descriptor = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fake_receiver_read(self, descriptor, request)) {
            pthread_mutex_lock(&self->lock);
            enum manner manner = self->manner;
            const char *head = self->head;
            if (self->count < RECEIVED_MAX) {
                self->received[self->count++] = strdup(request);
            }
            pthread_mutex_unlock(&self->lock);
            fake_receiver_answer(self, descriptor, manner, head);
        }
        close(descriptor);
    }
    free(request);
    return NULL;
}

static inline bool fake_receiver_start(struct fake_receiver *self, enum manner manner, const char *head)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    *self = (struct fake_receiver){.manner = manner, .head = head};
    pthread_mutex_init(&self->lock, NULL);
    self->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(self->listener, (struct sockaddr *)&at, size) != 0 || listen(self->listener, 64) != 0 ||
        getsockname(self->listener, (struct sockaddr *)&at, &size) != 0 || pipe(self->stop) != 0) {
        return false;
    }
    self->port = ntohs(at.sin_port);
    return pthread_create(&self->thread, NULL, fake_receiver_run, self) == 0;
}

static inline void fake_receiver_stop(struct fake_receiver *self)
{
    close(self->stop[1]);
    pthread_join(self->thread, NULL);
    close(self->stop[0]);
    close(self->listener);
    for (size_t i = 0; i < self->count; i++) {
        free(self->received[i]);
    }
    pthread_mutex_destroy(&self->lock);
}

static inline void fake_receiver_set(struct fake_receiver *self, enum manner manner, const char *head)
{
    pthread_mutex_lock(&self->lock);
    self->manner = manner;
    self->head = head;
    pthread_mutex_unlock(&self->lock);
}

static inline size_t fake_receiver_count(struct fake_receiver *self)
{
    pthread_mutex_lock(&self->lock);
    size_t count = self->count;
    pthread_mutex_unlock(&self->lock);
    return count;
}

/* Request i, which stays where it is; "" when there is none. And its body. */
static inline const char *fake_receiver_at(struct fake_receiver *self, size_t i)
{
    pthread_mutex_lock(&self->lock);
    const char *request = i < self->count ? self->received[i] : "";
    pthread_mutex_unlock(&self->lock);
    return request;
}

static inline const char *fake_receiver_body(struct fake_receiver *self, size_t i)
{
    const char *end = strstr(fake_receiver_at(self, i), "\r\n\r\n");
    return end ? end + 4 : "";
}

#endif
