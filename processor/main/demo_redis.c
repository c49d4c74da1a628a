/* demo_redis.c - a private redis-server on a free port. */
#include "demo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ATTEMPTS  5 /* somebody else may take the port first */
#define ANSWER_MS 10000
#define STEP_MS   10
#define STOP_MS   3000

static void nap(void)
{
    const struct timespec step = {0, STEP_MS * 1000000L};
    nanosleep(&step, NULL);
}

static struct sockaddr_in address_of(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* 0: none. */
static int free_port(void)
{
    struct sockaddr_in at = address_of(0);
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool found = listener >= 0 && bind(listener, (const struct sockaddr *)&at, size) == 0 &&
                 getsockname(listener, (struct sockaddr *)&at, &size) == 0;
    if (listener >= 0) {
        close(listener);
    }
    return found ? ntohs(at.sin_port) : 0;
}

static bool listens(int port)
{
    struct sockaddr_in at = address_of(port);
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = probe >= 0 && connect(probe, (const struct sockaddr *)&at, sizeof at) == 0;
    if (probe >= 0) {
        close(probe);
    }
    return connected;
}

/* In the child: what it says goes to a file in the folder. */
static _Noreturn void become_redis(const char *folder, const char *log, int port, pid_t parent)
{
    char port_text[8];
    snprintf(port_text, sizeof port_text, "%d", port);
    int nowhere = open("/dev/null", O_RDWR);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        dup2(nowhere, fd);
    }
    setsid();
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent) {
        execlp("redis-server", "redis-server", "--port", port_text, "--bind", "127.0.0.1", "--save", "", "--appendonly",
               "no", "--dir", folder, "--logfile", log, "--daemonize", "no", (char *)NULL);
    }
    _exit(127);
}

/* True once it listens; else *missing says whether there is no such program. */
static bool await(struct demo_redis *self, int port, bool *missing)
{
    for (int waited = 0; waited < ANSWER_MS; waited += STEP_MS) {
        int status = 0;
        if (waitpid(self->pid, &status, WNOHANG) == self->pid) {
            self->pid = 0;
            *missing = WIFEXITED(status) && WEXITSTATUS(status) == 127;
            return false;
        }
        if (listens(port)) {
            return true;
        }
        nap();
    }
    return false;
}

enum outcome demo_redis_open(struct demo_redis *self, const struct demo_home *home, struct reason *why)
{
    char log[DEMO_PATH_SIZE];
    bool missing = false;
    demo_path(home, "redis.log", log);
    *self = (struct demo_redis){0};
    for (unsigned attempt = 0; attempt < ATTEMPTS && !missing; attempt++) {
        int port = free_port();
        pid_t parent = getpid();
        fflush(NULL);
        self->pid = fork();
        if (self->pid == 0) {
            become_redis(home->folder, log, port, parent);
        }
        if (self->pid > 0 && await(self, port, &missing)) {
            snprintf(self->url, sizeof self->url, "redis://127.0.0.1:%d", port);
            return DONE;
        }
        demo_redis_close(self);
    }
    return missing
               ? FAIL(why, STOP, REASON_UNAVAILABLE, "redis-server is not in the PATH: deploy/bootstrap installs it")
               : FAIL(why, STOP, REASON_UNAVAILABLE, "a private redis-server does not start");
}

/* It has nothing to save: a TERM ends it in an instant. */
void demo_redis_close(struct demo_redis *self)
{
    if (self->pid > 0) {
        kill(self->pid, SIGTERM);
        bool gone = false;
        for (int waited = 0; waited < STOP_MS && !gone; waited += STEP_MS) {
            gone = waitpid(self->pid, NULL, WNOHANG) != 0;
            if (!gone) {
                nap();
            }
        }
        if (!gone) {
            kill(self->pid, SIGKILL);
            waitpid(self->pid, NULL, 0);
        }
    }
    *self = (struct demo_redis){0};
}
