/* demo_home.c - a temporary folder, and the process that clears it away when we are gone. */
#include "demo.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

/* Twice: a server that was killed with us may have made a file meanwhile. */
static void remove_folder(const char *folder)
{
    for (unsigned tries = 0; tries < 2; tries++) {
        if (nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0) {
            return;
        }
        usleep(200 * 1000);
    }
}

/* The keeper's whole life. Each byte on the leash says in which mode the terminal is; its end, that we are gone. */
static _Noreturn void keep(const char *folder, int leash)
{
    bool changed = false;
    char byte;
    ssize_t got;
    setsid(); /* Ctrl-C is not meant for it */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    int terminal = isatty(STDOUT_FILENO) ? dup(STDOUT_FILENO) : -1;
    int nowhere = open("/dev/null", O_RDWR);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        dup2(nowhere, fd); /* nobody waits for us to close a pipe */
    }
    while ((got = read(leash, &byte, 1)) != 0) {
        if (got > 0) {
            changed = byte == '1';
        } else if (errno != EINTR) {
            break;
        }
    }
    if (changed && terminal >= 0) {
        ssize_t ignored = write(terminal, DEMO_TERMINAL_BACK, sizeof DEMO_TERMINAL_BACK - 1);
        (void)ignored;
    }
    remove_folder(folder);
    _exit(0);
}

static enum outcome start_keeper(struct demo_home *self, struct reason *why)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return FAIL(why, STOP, REASON_FATAL, "a pipe cannot be made: %s", strerror(errno));
    }
    fflush(NULL); /* nothing is to be written twice */
    self->keeper = fork();
    if (self->keeper == 0) {
        close(ends[1]);
        keep(self->folder, ends[0]);
    }
    close(ends[0]);
    self->leash = ends[1];
    if (self->keeper < 0) {
        close(ends[1]);
        return FAIL(why, STOP, REASON_FATAL, "a process cannot be started: %s", strerror(errno));
    }
    return DONE;
}

enum outcome demo_home_open(struct demo_home *self, struct reason *why)
{
    *self = (struct demo_home){0};
    const char *parent = getenv("TMPDIR");
    parent = parent && *parent ? parent : "/tmp";
    int size = snprintf(self->folder, sizeof self->folder, "%s/slipstream-demo-XXXXXX", parent);
    if (size >= (int)sizeof self->folder || !mkdtemp(self->folder)) {
        return FAIL(why, STOP, REASON_FATAL, "no temporary folder can be made in %.100s: %s", parent, strerror(errno));
    }
    enum outcome started = start_keeper(self, why);
    if (started != DONE) {
        rmdir(self->folder);
        self->keeper = 0;
    }
    return started;
}

void demo_home_terminal(const struct demo_home *self, bool changed)
{
    ssize_t ignored = write(self->leash, changed ? "1" : "0", 1);
    (void)ignored;
}

void demo_home_close(struct demo_home *self)
{
    if (self->keeper > 0) {
        close(self->leash);
        while (waitpid(self->keeper, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    *self = (struct demo_home){0};
}

const char *demo_path(const struct demo_home *self, const char *name, char path[DEMO_PATH_SIZE])
{
    snprintf(path, DEMO_PATH_SIZE, "%s/%s", self->folder, name);
    return path;
}

enum outcome demo_write_file(const char *path, struct span text, struct reason *why)
{
    FILE *file = fopen(path, "we");
    bool written = file && (text.size == 0 || fwrite(text.data, 1, text.size, file) == text.size);
    written = file && fclose(file) == 0 && written;
    return written ? DONE : FAIL(why, STOP, REASON_FATAL, "%.150s cannot be written: %s", path, strerror(errno));
}
