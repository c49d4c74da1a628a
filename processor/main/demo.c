/* demo.c - `slipstream demo`: the whole thing, with traffic that is made up, and a proof in the end. */
#include "demo.h"

#include "command.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define HISTORY_US      (63 * US_PER_DAY - 12 * US_PER_HOUR) /* nine weeks, but for some hours: nothing is too late */
#define HISTORY_PER_DAY 100
#define BUSY_PER_HOUR   800
#define RATE_DEFAULT    150
#define RATE_MOST       20000
#define SETTLE_US       (20 * US_PER_SECOND)
#define LIVE_WAIT_US    (180 * US_PER_SECOND) /* with --for: how long scores may take to be live */
#define LOOK_WAIT_US    (3 * US_PER_SECOND)
#define SLICE_US        (100 * US_PER_MS)
#define BOARD_US        (500 * US_PER_MS)
#define TOPICS_WAIT_MS  15000

struct demo {
    const struct command *command;
    struct demo_options options;
    struct demo_home home;
    struct demo_redis redis;
    struct generator *generator;
    struct kafka_mock *mock;
    struct demo_setting setting;
    struct log *log;
    int log_file;
    struct status status;
    struct pipeline *pipeline;
    struct demo_ledger ledger;
    struct demo_feed feed;
    struct store *store;
    struct board board;
    struct demo_view view;
    struct mono_time began, live, board_at, rate_at; /* live.us 0: not yet */
    int64_t rate_sum;                                /* what had come to something at rate_at */
    double rate;
    double history_per_second; /* negative: not known yet */
};

static struct mono_time mono_now(void)
{
    return system_clock.mono(&system_clock);
}

/* ---- starting ---- */

static void start_generator(struct demo *self)
{
    struct generator_settings settings = {
        .seed = self->options.seed,
        .live = system_clock.wall(&system_clock),
        .history_us = HISTORY_US,
        .history_per_day = HISTORY_PER_DAY,
        .busy_per_hour = BUSY_PER_HOUR,
        .live_per_second = self->options.rate,
    };
    self->generator = generator_open(&settings);
    self->feed.live = settings.live;
}

/* Behind a terminal view the log goes to a file; else people see what is amiss. */
static enum outcome start_log(struct demo *self, struct reason *why)
{
    char path[DEMO_PATH_SIZE];
    self->log_file = -1;
    if (isatty(STDOUT_FILENO)) {
        self->log_file = open(demo_path(&self->home, "log", path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (self->log_file < 0) {
            return FAIL(why, STOP, REASON_FATAL, "%.150s cannot be written", path);
        }
    }
    self->log = log_open(LOG_WARN, LOG_LOGFMT, self->log_file >= 0 ? self->log_file : STDERR_FILENO);
    return DONE;
}

static enum outcome start_kafka(struct demo *self, struct reason *why)
{
    struct config *config = &self->setting.config;
    struct topic_spec specs[TOPICS_MAX];
    size_t count = pipeline_topics(config, specs);
    if (!self->options.brokers) {
        TRY(kafka_mock_open(specs, count, &self->mock, why));
        config->kafka_brokers = kafka_mock_brokers(self->mock); /* the mock cluster outlives whoever reads this */
        return DONE;
    }
    struct kafka_settings kafka = connect_kafka(config, self->log);
    return kafka_create_topics(&kafka, specs, count, TOPICS_WAIT_MS, NULL, why);
}

static enum outcome start_stages(struct demo *self, struct reason *why)
{
    const struct config *config = &self->setting.config;
    char path[DEMO_PATH_SIZE];
    struct store_settings store = connect_store(config, self->log);
    struct pipeline_settings pipeline = {config, self->setting.methods, self->log, &self->status};
    TRY(redis_store_open(&store, &self->store, why));
    TRY(demo_ledger_open(&self->ledger, demo_path(&self->home, "ledger", path), why));
    TRY(pipeline_start(&pipeline, &self->pipeline, why));
    self->feed.generator = self->generator;
    self->feed.config = config;
    self->feed.status = &self->status;
    self->feed.log = self->log;
    self->feed.ledger = &self->ledger;
    return demo_feed_start(&self->feed, why);
}

static enum outcome start(struct demo *self, struct reason *why)
{
    const struct demo_options *options = &self->options;
    self->began = mono_now();
    self->history_per_second = -1;
    TRY(demo_home_open(&self->home, why)); /* first: it has no threads yet to forget */
    TRY(start_log(self, why));
    if (!options->redis) {
        TRY(demo_redis_open(&self->redis, &self->home, why));
    }
    start_generator(self);
    TRY(demo_setting_open(&self->setting, &self->home, options, self->generator, self->redis.url, why));
    TRY(start_kafka(self, why));
    return start_stages(self, why);
}

/* ---- running ---- */

static void measure(struct demo *self, struct mono_time now)
{
    struct demo_account account = demo_account(&self->feed, &self->status);
    int64_t sum = demo_account_sum(&account);
    if (now.us - self->rate_at.us >= US_PER_SECOND) {
        self->rate = (double)(sum - self->rate_sum) * (double)US_PER_SECOND / (double)(now.us - self->rate_at.us);
        self->rate_sum = sum;
        self->rate_at = now;
    }
    if (self->history_per_second < 0 && self->feed.history_us && sum >= self->feed.history) {
        self->history_per_second =
            (double)self->feed.history * (double)US_PER_SECOND / (double)(now.us - self->feed.began_us);
    }
}

/* Looks at the live view as any other program would. What cannot be read now is read the next time. */
static void look_at_board(struct demo *self, struct mono_time now)
{
    struct reason why;
    if (now.us - self->board_at.us < BOARD_US) {
        return;
    }
    self->board_at = now;
    if (board_read(&self->board, self->store, &why) != DONE) {
        return;
    }
    if (!self->live.us && self->history_per_second >= 0 && board_is_live(&self->board)) {
        self->live = now;
    }
}

static void show(struct demo *self, struct mono_time now, bool stopping)
{
    struct demo_account account = demo_account(&self->feed, &self->status);
    struct demo_moment moment = {
        .board = &self->board,
        .account = account,
        .rate = self->rate,
        .lag = account.sent > demo_account_sum(&account) ? account.sent - demo_account_sum(&account) : 0,
        .live_us = self->live.us ? now.us - self->live.us : -1,
        .stopping = stopping,
        .planted = generator_agency(generator_planted(self->generator)),
        .where = self->options.brokers ? "a real Kafka" : "a mock Kafka in this process",
    };
    demo_view_show(&self->view, &moment, now);
}

static void turn(struct demo *self, bool stopping)
{
    const struct timespec slice = {0, SLICE_US * 1000};
    nanosleep(&slice, NULL);
    struct mono_time now = mono_now();
    measure(self, now);
    look_at_board(self, now);
    show(self, now, stopping);
}

static bool has_failed(const struct demo *self)
{
    return pipeline_has_ended(self->pipeline) || self->feed.ended;
}

/* Targets are looked at on the minute: one that has just begun is given the time for it. */
static bool minute_is_new(void)
{
    return system_clock.wall(&system_clock).us % US_PER_MINUTE < LOOK_WAIT_US;
}

static bool time_is_up(const struct demo *self)
{
    int64_t now_us = mono_now().us;
    int64_t for_us = self->options.for_us;
    if (for_us == 0) {
        return false;
    }
    if (!self->live.us) {
        return now_us - self->began.us >= for_us + LIVE_WAIT_US;
    }
    return now_us - self->live.us >= for_us && !minute_is_new();
}

static void run(struct demo *self)
{
    demo_view_open(&self->view, &self->home);
    while (!signals_stop() && !has_failed(self) && !time_is_up(self)) {
        turn(self, false);
    }
}

/* ---- ending: nothing more is sent; what was is waited for; the stages drain ---- */

static bool is_settled(const struct demo *self)
{
    struct demo_account account = demo_account(&self->feed, &self->status);
    return demo_account_sum(&account) >= account.sent;
}

static enum outcome end_run(struct demo *self, struct reason *why)
{
    enum outcome fed = demo_feed_join(&self->feed, why);
    int64_t until = mono_now().us + SETTLE_US;
    while (fed == DONE && !is_settled(self) && !pipeline_has_ended(self->pipeline) && mono_now().us < until) {
        turn(self, true);
    }
    demo_view_close(&self->view, &self->home);
    pipeline_stop(self->pipeline);
    struct pipeline *pipeline = self->pipeline;
    self->pipeline = NULL;
    enum outcome joined = pipeline_join(pipeline, fed == DONE ? why : &(struct reason){0});
    return fed == DONE ? joined : fed;
}

static enum outcome judge(struct demo *self, bool *fine, struct reason *why)
{
    TRY(demo_ledger_close(&self->ledger, why));
    TRY(board_read(&self->board, self->store, why));
    struct demo_outcome outcome = {
        .account = demo_account(&self->feed, &self->status),
        .board = &self->board,
        .planted = generator_agency(generator_planted(self->generator)),
        .seconds_to_live = self->live.us ? (double)(self->live.us - self->began.us) / (double)US_PER_SECOND : -1,
        .history_per_second = self->history_per_second,
        .seed = self->options.seed,
    };
    demo_ask_oracle(&outcome, &self->options, &self->home, &self->ledger, &self->setting.config, self->store);
    *fine = demo_report(&outcome, &self->options);
    return DONE;
}

static void stop_all(struct demo *self)
{
    struct reason ignored;
    (void)(demo_feed_join(&self->feed, &ignored) == DONE);
    if (self->pipeline) {
        pipeline_stop(self->pipeline);
        (void)(pipeline_join(self->pipeline, &ignored) == DONE);
    }
    (void)(demo_ledger_close(&self->ledger, &ignored) == DONE);
    if (self->store) {
        self->store->ops->close(self->store);
    }
    kafka_mock_close(self->mock);
    demo_setting_close(&self->setting);
    generator_close(self->generator);
    demo_redis_close(&self->redis);
    log_close(self->log);
    if (self->log_file >= 0) {
        close(self->log_file);
    }
    demo_home_close(&self->home);
}

static enum exit_code run_all(struct demo *self)
{
    struct reason why;
    bool fine = false;
    enum outcome outcome = start(self, &why);
    if (outcome == DONE) {
        run(self);
        outcome = end_run(self, &why);
    }
    if (outcome == DONE) {
        outcome = judge(self, &fine, &why);
    }
    enum exit_code code = outcome != DONE ? complain(self->command, &why) : fine ? EXIT_FINE : EXIT_FAILED;
    stop_all(self);
    return code;
}

/* ---- the command line ---- */

static bool read_number(const struct command *command, const struct arguments *arguments, const char *option,
                        double least, double most, double *number)
{
    const char *text = argument(command, arguments, option);
    if (!text) {
        return true;
    }
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= least && value <= most)) {
        fprintf(stderr, "slipstream demo: --%s: got %s, allowed %.0f to %.0f\n", option, text, least, most);
        return false;
    }
    *number = value;
    return true;
}

static bool read_options(struct demo *self, const struct arguments *arguments)
{
    const struct command *command = self->command;
    struct demo_options *options = &self->options;
    double seconds = 0;
    double seed = 1;
    options->rate = RATE_DEFAULT;
    bool good = read_number(command, arguments, "for", 1, 1e7, &seconds);
    good &= read_number(command, arguments, "seed", 0, 1e15, &seed);
    good &= read_number(command, arguments, "rate", 1, RATE_MOST, &options->rate);
    options->for_us = (int64_t)(seconds * (double)US_PER_SECOND);
    options->seed = (uint64_t)seed;
    options->json = argument(command, arguments, "json") != NULL;
    options->brokers = argument(command, arguments, "brokers");
    options->redis = argument(command, arguments, "redis");
    options->registry = argument(command, arguments, "registry");
    options->oracle = argument(command, arguments, "oracle");
    return good;
}

static enum exit_code run_demo(const struct command *self, int argc, char **argv)
{
    struct arguments arguments;
    enum outcome parsed = arguments_parse(self, argc, argv, &arguments);
    if (parsed != DONE) {
        arguments_done(&arguments);
        return parsed == SKIP ? EXIT_FINE : EXIT_USAGE;
    }
    struct demo *demo = calloc(1, sizeof *demo);
    ASSERT(demo);
    demo->command = self;
    demo->log_file = -1;
    enum exit_code code = EXIT_USAGE;
    if (read_options(demo, &arguments)) {
        signals_catch();
        code = run_all(demo);
    }
    free(demo);
    arguments_done(&arguments);
    return code;
}

const struct command command_demo = {
    .name = "demo",
    .arguments = "",
    .summary = "shows it all on made-up traffic of twenty agencies, one of which slips, and proves the counts",
    .detail =
        "Starts a mock Kafka in this process and a private redis-server, both gone afterwards, or uses those given:\n"
        "there it makes topics and keys of its own, named demo-TIME-PID, and leaves them. Sends nine weeks of "
        "history,\n"
        "then live events. In the end everything sent must have been applied, or found to be a copy, late or\n"
        "unreadable, and exactly the agency whose phone line fails must have alerts; else the exit code is 1.",
    .example = "slipstream demo --for 60 --json",
    .options = {{"for", "SECONDS", "how long to run once scores are live; until Ctrl-C when left out"},
                {"json", NULL, "ends with one line of JSON on stdout"},
                {"seed", "N", "which traffic: the same seed, the same events (1)"},
                {"rate", "N", "live events per second, over all agencies (150)"},
                {"brokers", "HOST:PORT", "a Kafka to use instead"},
                {"redis", "URL", "a Redis to use instead"},
                {"registry", "URL", "a schema registry to use instead of a folder"},
                {"oracle", "PATH", "the program that counts again (deploy/oracle.py)"}},
    .run = run_demo,
};
