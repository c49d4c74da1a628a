/* setup.c - what a subcommand needs before it begins: configuration, log, signals; and how it ends. */
#include "command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern char **environ;

bool setup_open(struct setup *self, const struct command *command, int argc, char **argv, enum exit_code *code)
{
    *self = (struct setup){0};
    enum outcome parsed = arguments_parse(command, argc, argv, &self->arguments);
    if (parsed != DONE) {
        *code = parsed == SKIP ? EXIT_FINE : EXIT_USAGE;
        arguments_done(&self->arguments);
        return false;
    }
    struct problems problems;
    problems_init(&problems);
    struct config_sources sources = {self->arguments.config_file, environ, self->arguments.overrides,
                                     self->arguments.override_count};
    enum outcome loaded = config_load(&sources, &self->config, &problems);
    if (loaded != DONE) {
        fprintf(stderr, "%.*s", (int)problems.text.size, (const char *)problems.text.data);
        *code = EXIT_USAGE;
        config_done(&self->config);
        arguments_done(&self->arguments);
    } else {
        self->log = log_open((enum log_level)self->config.log_level, (enum log_format)self->config.log_format,
                             STDERR_FILENO);
    }
    problems_done(&problems);
    signal(SIGPIPE, SIG_IGN); /* a connection that is gone says so when it is written to */
    return loaded == DONE;
}

void setup_close(struct setup *self)
{
    config_done(&self->config);
    log_close(self->log);
    arguments_done(&self->arguments);
}

enum exit_code exit_code_of(const struct reason *why)
{
    switch (why->code) {
    case REASON_FENCED:
        return EXIT_FENCED;
    case REASON_BAD_CONFIG:
        return EXIT_USAGE;
    case REASON_BAD_STATE:
        return EXIT_USAGE;
    default:
        return EXIT_FAILED;
    }
}

enum exit_code complain(const struct command *command, const struct reason *why)
{
    fprintf(stderr, "slipstream %s: %s: %s\n", command->name, reason_word(why->code), why->text);
    return exit_code_of(why);
}

static volatile sig_atomic_t signals_seen; /* low bits: stops; 64: a HUP */
enum { SEEN_STOP = 1, SEEN_HUP = 64 };

static void on_stop(int number)
{
    if (signals_seen & SEEN_STOP) {
        _exit(128 + number);
    }
    signals_seen |= SEEN_STOP;
}

static void on_hup(int number)
{
    (void)number;
    signals_seen |= SEEN_HUP;
}

void signals_catch(void)
{
    struct sigaction stop = {.sa_handler = on_stop};
    struct sigaction hup = {.sa_handler = on_hup};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGHUP, &hup, NULL);
    signal(SIGPIPE, SIG_IGN);
}

bool signals_stop(void)
{
    return signals_seen & SEEN_STOP;
}

bool signals_hup(void)
{
    if (!(signals_seen & SEEN_HUP)) {
        return false;
    }
    signals_seen &= ~SEEN_HUP;
    return true;
}
