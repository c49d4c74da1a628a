/* redis_server.h - a real redis-server of the test's own: on a free port of 127.0.0.1, in a folder of its own, without
 * persistence. It dies with the test, whatever becomes of that.
 *
 *   struct redis_server server;
 *   redis_server_start(&server, NULL);            or with more options: {"--tls-port", "…", NULL}
 *   redis_server_do(&server, "CONFIG SET maxmemory %d", 1);
 *   redis_server_stop(&server);
 *
 * What goes wrong here fails the running cmocka test. Link hiredis. */
#ifndef SLIPSTREAM_TESTS_REDIS_SERVER_H
#define SLIPSTREAM_TESTS_REDIS_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* setjmp.h, stdarg.h, stddef.h and stdint.h are cmocka's own wish. */
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define REDIS_SERVER_WAIT_MS     10000
#define REDIS_SERVER_OPTIONS_MAX 24

struct redis_server {
    pid_t pid;
    int port;
    char folder[64];
    char url[64];          /* redis://127.0.0.1:PORT */
    redisContext *control; /* of the test itself, beside the code it judges */
};

static inline int redis_server_free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    close(listener);
    return ntohs(at.sin_port);
}

static inline void redis_server_nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5 * 1000 * 1000}, NULL);
}

/* In the child. Output goes to the folder: it is of interest only when the server does not start. */
static inline void redis_server_exec(const struct redis_server *self, pid_t parent, const char *const *options)
{
    char port[8];
    (void)snprintf(port, sizeof port, "%d", self->port);
    const char *words[REDIS_SERVER_OPTIONS_MAX + 20] = {
        "redis-server", "--port",    port,         "--bind",
        "127.0.0.1",    "--save",    "",           "--appendonly",
        "no",           "--dir",     self->folder, "--enable-debug-command",
        "yes",          "--logfile", "redis.log",
    };
    size_t count = 0;
    while (words[count]) {
        count++;
    }
    for (size_t i = 0; options && options[i] && i < REDIS_SERVER_OPTIONS_MAX; i++) {
        words[count++] = options[i];
    }
    int nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, STDIN_FILENO);
    dup2(nowhere, STDOUT_FILENO);
    signal(SIGPIPE, SIG_DFL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent) {
        execvp(words[0], (char *const *)(uintptr_t)words);
    }
    _exit(127);
}

static inline bool redis_server_answers(struct redis_server *self)
{
    struct timeval timeout = {.tv_sec = 10};
    self->control = redisConnectWithTimeout("127.0.0.1", self->port, timeout);
    if (self->control && !self->control->err) {
        redisSetTimeout(self->control, timeout);
        redisReply *reply = redisCommand(self->control, "PING");
        bool pong = reply && reply->type == REDIS_REPLY_STATUS;
        freeReplyObject(reply);
        if (pong) {
            return true;
        }
    }
    redisFree(self->control);
    self->control = NULL;
    return false;
}

/* On self->port, in self->folder. False: it ended, most likely since somebody else took the port first. */
static inline bool redis_server_launch(struct redis_server *self, const char *const *options)
{
    pid_t parent = getpid();
    self->pid = fork();
    assert_true(self->pid >= 0);
    if (self->pid == 0) {
        redis_server_exec(self, parent, options);
    }
    for (int waited = 0; waited < REDIS_SERVER_WAIT_MS; waited += 5) {
        if (redis_server_answers(self)) {
            (void)snprintf(self->url, sizeof self->url, "redis://127.0.0.1:%d", self->port);
            return true;
        }
        int status = 0;
        if (waitpid(self->pid, &status, WNOHANG) == self->pid) {
            self->pid = 0;
            if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
                fail_msg("redis-server is not in the PATH");
            }
            return false;
        }
        redis_server_nap();
    }
    return false;
}

/* The process ends here; its port and folder stay for redis_server_restart. */
static inline void redis_server_kill(struct redis_server *self)
{
    redisFree(self->control);
    self->control = NULL;
    if (self->pid > 0) {
        kill(self->pid, SIGKILL);
        waitpid(self->pid, NULL, 0);
        self->pid = 0;
    }
}

static inline void redis_server_start(struct redis_server *self, const char *const *options)
{
    *self = (struct redis_server){0};
    (void)snprintf(self->folder, sizeof self->folder, "/tmp/slipstream-redis-XXXXXX");
    assert_non_null(mkdtemp(self->folder));
    for (int attempt = 0; attempt < 5; attempt++) {
        self->port = redis_server_free_port();
        if (redis_server_launch(self, options)) {
            return;
        }
        redis_server_kill(self);
    }
    fail_msg("redis-server does not start: see %s/redis.log", self->folder);
}

/* Empty, on the same port. */
static inline void redis_server_restart(struct redis_server *self)
{
    redis_server_kill(self);
    if (!redis_server_launch(self, NULL)) {
        fail_msg("redis-server does not start again: see %s/redis.log", self->folder);
    }
}

static inline int redis_server_remove(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline void redis_server_stop(struct redis_server *self)
{
    redis_server_kill(self);
    if (*self->folder) {
        nftw(self->folder, redis_server_remove, 8, FTW_DEPTH | FTW_PHYS);
    }
    *self = (struct redis_server){0};
}

/* A command on the test's own connection; the reply is the caller's. An error reply fails the test. */
static inline redisReply *redis_server_ask(struct redis_server *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redisvCommand(self->control, format, arguments);
    va_end(arguments);
    if (!reply) {
        fail_msg("%s: %s", format, self->control->errstr);
    } else if (reply->type == REDIS_REPLY_ERROR) {
        fail_msg("%s: %s", format, reply->str);
    }
    return reply;
}

#define redis_server_do(self, ...) freeReplyObject(redis_server_ask((self), __VA_ARGS__))

#endif
