/* demo.h - the parts of `slipstream demo`: what it starts, what it sends, what it shows, and how it proves itself.
 *
 * home     a temporary folder that goes away whatever becomes of us     redis   a private redis-server
 * setting  the configuration and the scoring file of this run           feed    the generator's thread
 * board    what the live view in Redis says                             view    shows it
 * report   the accounting, the oracle's verdict, the last line
 * Errors: reasons, told by demo.c. Owner: who opened closes, in the opposite order; closing what was not opened
 * (zeroed) is nothing. */
#ifndef SLIPSTREAM_MAIN_DEMO_H
#define SLIPSTREAM_MAIN_DEMO_H

#include "generator.h"
#include "interaction_writer.h"

#include "slipstream/pipeline.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/types.h>

/* What the command line said. */
struct demo_options {
    bool json;
    int64_t for_us; /* of live running; 0: until told to stop */
    uint64_t seed;
    double rate;                            /* live events per second */
    const char *brokers, *redis, *registry; /* NULL: our own */
    const char *oracle;                     /* path of the program; NULL: none */
};

/* ---- home: a process of its own waits until we are gone, however we went, and then clears the folder away ---- */

#define DEMO_PATH_SIZE 512
struct demo_home {
    char folder[DEMO_PATH_SIZE / 2];
    pid_t keeper;
    int leash; /* a pipe: the keeper sees it close */
};
#define DEMO_TERMINAL_BACK "\033[?7h\033[?25h\033[?1049l" /* what the view changes, as it was */
/* Before any thread is started. */
enum outcome demo_home_open(struct demo_home *self, struct reason *why) MUST_CHECK;
/* The terminal is in another mode from now on (or not any more): if we die, the keeper sets it back. */
void demo_home_terminal(const struct demo_home *self, bool changed);
void demo_home_close(struct demo_home *self);
const char *demo_path(const struct demo_home *self, const char *name, char path[DEMO_PATH_SIZE]);
enum outcome demo_write_file(const char *path, struct span text, struct reason *why) MUST_CHECK;

/* ---- a private redis-server, in a session of its own, so that a Ctrl-C is ours alone; it never outlives us ---- */

struct demo_redis {
    pid_t pid;
    char url[64];
};
/* From the thread that lives longest: the server dies with it. */
enum outcome demo_redis_open(struct demo_redis *self, const struct demo_home *home, struct reason *why) MUST_CHECK;
void demo_redis_close(struct demo_redis *self);

/* ---- setting ---- */

struct demo_setting {
    struct config config;
    struct method_slot *methods;
};
/* own_redis: for when the options name none. kafka.brokers is set only when they do. */
enum outcome demo_setting_open(struct demo_setting *self, const struct demo_home *home,
                               const struct demo_options *options, const struct generator *generator,
                               const char *own_redis, struct reason *why) MUST_CHECK;
void demo_setting_close(struct demo_setting *self);

/* ---- ledger: what was sent, for the oracle: one JSON object a line, in the facts' own words ---- */

#define LEDGER_BYTES_MAX (INT64_C(2) << 30)
struct demo_ledger {
    FILE *file;
    struct buffer line;
    int64_t bytes;
    bool full; /* from then on nothing is written: there is no oracle for this run */
};
enum outcome demo_ledger_open(struct demo_ledger *self, const char *path, struct reason *why) MUST_CHECK;
void demo_ledger_add(struct demo_ledger *self, const struct generated *event, struct event_time sent);
enum outcome demo_ledger_close(struct demo_ledger *self, struct reason *why) MUST_CHECK;

/* ---- feed: the generator's thread ---- */

struct demo_feed {
    /* set before it starts; borrowed */
    struct generator *generator;
    const struct config *config;
    const struct status *status;
    struct log *log;
    struct demo_ledger *ledger;
    struct event_time live;

    _Atomic int64_t sent;                 /* acknowledged by Kafka */
    _Atomic int64_t history;              /* how many of them are history; final once history_us is set */
    _Atomic int64_t began_us, history_us; /* mono: the first was sent; all of history was; 0: not yet */
    _Atomic bool stop, ended;
    enum outcome outcome; /* when it has ended, with why */
    struct reason why;

    /* the thread's own */
    pthread_t thread;
    bool started;
    struct publisher *publisher;
    struct interaction_writer *writer;
    struct buffer message;
    int32_t partitions[CHANNELS];
    int64_t produced[CHANNELS];
};
enum outcome demo_feed_start(struct demo_feed *self, struct reason *why) MUST_CHECK;
/* Stops, when it has not ended; waits for what was sent to be acknowledged; says how it went. */
enum outcome demo_feed_join(struct demo_feed *self, struct reason *why) MUST_CHECK;

/* What has become of everything sent, by the stages' own counts. */
struct demo_account {
    int64_t sent, applied, duplicate, late, deadlettered;
    int64_t deadletters[REASON_COUNT];
};
struct demo_account demo_account(const struct demo_feed *feed, const struct status *status);
int64_t demo_account_sum(const struct demo_account *self); /* of what has become of something */

/* ---- board: the live view, read as any other program would ---- */

#define BOARD_AGENCIES_MAX 64
#define BOARD_ALERTS_MAX   64
#define BOARD_TEXT_SIZE    400
struct board_agency {
    char name[48];
    bool catching_up;
    double score, day, week; /* 4 h, 24 h, 7 d; NAN: not enough data */
    int64_t n;               /* contacts in 4 h */
    unsigned alerts;
};
struct board_alert {
    char agency[48], subject[48], state[16], since[CLOCK_TEXT_SIZE], text[BOARD_TEXT_SIZE];
};
struct board {
    struct board_agency agencies[BOARD_AGENCIES_MAX]; /* best score first */
    size_t agency_count;
    struct board_alert alerts[BOARD_ALERTS_MAX];
    size_t alert_count;
};
enum outcome board_read(struct board *self, struct store *store, struct reason *why) MUST_CHECK;
bool board_is_live(const struct board *self); /* every agency is there and has caught up */

/* ---- view ---- */

struct demo_moment {
    const struct board *board;
    struct demo_account account;
    const struct status *status;
    double rate;     /* events per second that came to be scored, lately */
    int64_t lag;     /* sent, and nothing has become of it yet */
    int64_t live_us; /* since scores are live; -1: they are not */
    bool stopping;
    const char *planted; /* who slips */
    const char *where;   /* "a mock cluster in this process", … */
};
struct demo_view {
    bool terminal;             /* else plain lines on stderr */
    int64_t shown_us, said_us; /* mono */
    size_t alerts_said;
    struct buffer screen;
};
void demo_view_open(struct demo_view *self, const struct demo_home *home);
void demo_view_show(struct demo_view *self, const struct demo_moment *moment, struct mono_time now);
void demo_view_close(struct demo_view *self, const struct demo_home *home);

/* ---- report ---- */

struct demo_outcome {
    struct demo_account account;
    const struct board *board;
    const char *planted;
    double seconds_to_live;       /* negative: scores never were */
    double history_per_second;    /* likewise */
    char oracle[BOARD_TEXT_SIZE]; /* "equal", "different: …", "not run: …" */
    uint64_t seed;
};
/* Asks the oracle about the ledger and the stored state. */
void demo_ask_oracle(struct demo_outcome *self, const struct demo_options *options, const struct demo_home *home,
                     const struct demo_ledger *ledger, const struct config *config, struct store *store);
/* Prints it; true when everything is as it must be. */
bool demo_report(const struct demo_outcome *self, const struct demo_options *options);

#endif
