/* fake_server.h - a listener that gives everyone who connects the same bytes, whatever they say, and hangs up. For
 * answers that a real server can't be brought to. */
#ifndef SLIPSTREAM_TESTS_FAKE_SERVER_H
#define SLIPSTREAM_TESTS_FAKE_SERVER_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake_server {
    int listener;
    int port;
    const char *answer;
    atomic_int visitors;
    pthread_t thread;
};

static inline void *fake_server_run(void *context)
{
    struct fake_server *self = context;
    for (;;) {
        int visitor = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC);
        if (visitor < 0) {
            return NULL; /* fake_server_stop has shut the listener */
        }
        atomic_fetch_add(&self->visitors, 1);
        char heard[4096];
        ssize_t size = recv(visitor, heard, sizeof heard, 0);
        if (size > 0) {
            size = send(visitor, self->answer, strlen(self->answer), MSG_NOSIGNAL);
        }
        close(visitor);
    }
}

static inline bool fake_server_start(struct fake_server *self, const char *answer)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    *self = (struct fake_server){.answer = answer};
    self->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(self->listener, (struct sockaddr *)&at, size) != 0 || listen(self->listener, 64) != 0 ||
        getsockname(self->listener, (struct sockaddr *)&at, &size) != 0) {
        return false;
    }
    self->port = ntohs(at.sin_port);
    return pthread_create(&self->thread, NULL, fake_server_run, self) == 0;
}

static inline void fake_server_stop(struct fake_server *self)
{
    shutdown(self->listener, SHUT_RDWR);
    pthread_join(self->thread, NULL);
    close(self->listener);
}

#endif
