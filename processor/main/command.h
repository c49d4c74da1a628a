/* command.h - a subcommand: its words, its options, its exit code; and what all of them share. */
#ifndef SLIPSTREAM_MAIN_COMMAND_H
#define SLIPSTREAM_MAIN_COMMAND_H

#include "slipstream/pipeline.h"

enum exit_code {
    EXIT_FINE = 0,
    EXIT_FAILED = 1, /* or findings */
    EXIT_USAGE = 2,  /* usage or configuration */
    EXIT_FENCED = 3, /* by another instance */
};

#define COMMAND_OPTIONS_MAX 16
struct command_option {
    const char *name;  /* "for": given as --for VALUE or --for=VALUE */
    const char *value; /* what to call its value in the help ("SECONDS"); NULL: it takes none */
    const char *help;
};
struct command {
    const char *name;
    const char *arguments; /* in the usage line, after the options: "FILE", "[AGENCY]"; "" for none */
    const char *summary;   /* one line */
    const char *detail;    /* a paragraph or none (NULL) */
    const char *example;
    bool has_config; /* takes --config and --set */
    struct command_option options[COMMAND_OPTIONS_MAX];
    enum exit_code (*run)(const struct command *self, int argc, char **argv);
};

/* What the command line said. */
#define ARGUMENTS_MAX 16
struct arguments {
    const char *config_file;
    const char **overrides; /* owned */
    size_t override_count;
    const char *values[COMMAND_OPTIONS_MAX]; /* by position in the command's options; "" for one that takes none */
    const char *positional[ARGUMENTS_MAX];
    size_t positional_count;
};
/* DONE: go on. SKIP: the help was printed, exit 0. STOP: a message was printed, exit 2. */
enum outcome arguments_parse(const struct command *command, int argc, char **argv,
                             struct arguments *arguments) MUST_CHECK;
void arguments_done(struct arguments *self);
/* The value of an option, NULL when it was not given. */
const char *argument(const struct command *command, const struct arguments *arguments, const char *option);

/* The configuration the arguments name, with the environment; the program's log. Prints all problems. */
struct setup {
    struct arguments arguments;
    struct config config;
    struct log *log;
};
/* Fills in self for the command, or says with which code to exit. */
bool setup_open(struct setup *self, const struct command *command, int argc, char **argv,
                enum exit_code *code) MUST_CHECK;
void setup_close(struct setup *self);

/* The scoring files that a configuration names: both, or problems. */
enum outcome load_methods(const struct config *config, struct scoring **scoring, struct scoring **shadow,
                          struct problems *problems) MUST_CHECK;
/* HUP: reads settings and scoring files anew. When all is well they and the log level are in force from now on; else
 * everything stays, and the log says so. Of other settings that have changed it says that they want a restart. */
void reload(const struct setup *setup, struct method_slot *methods, struct status *status);

/* "slipstream NAME: text" to stderr, and the code that belongs to a reason. */
enum exit_code complain(const struct command *command, const struct reason *why);
enum exit_code exit_code_of(const struct reason *why);

/* TERM and INT ask to stop, a second one ends at once. True once one came. */
void signals_catch(void);
bool signals_stop(void);
bool signals_hup(void); /* true once after a HUP */

/* All there are; main.c has the list. */
extern const struct command command_run, command_check, command_config, command_topics, command_import, command_scores,
    command_alerts, command_explain, command_state, command_deadletter, command_simulate, command_demo, command_version;

#endif
