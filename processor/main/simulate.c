/* simulate.c - `slipstream simulate`: what a scoring file's slip rule would do, on made-up histories. */
#include "simulate.h"

#include "command.h"
#include "progress.h"
#include "simulate_replay.h"
#include "simulate_signals.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define AGENCIES_DEFAULT 100
#define AGENCIES_MOST    100000
#define WEEKS_DEFAULT    4
#define WEEKS_MOST       52

struct simulate {
    const struct command *command;
    struct arguments arguments;
    struct simulation simulation;
    struct scoring *scoring;
    const char *scenarios; /* names, comma by comma, or "all" */
    enum simulated_format format;
};

static bool usage(const struct simulate *self, const char *what, const char *about)
{
    fprintf(stderr, "slipstream %s: %s%s; see slipstream %s --help\n", self->command->name, what, about,
            self->command->name);
    return false;
}

static bool read_number(const struct simulate *self, const char *option, uint64_t least, uint64_t most,
                        uint64_t otherwise, uint64_t *number)
{
    const char *text = argument(self->command, &self->arguments, option);
    char *end;
    *number = otherwise;
    if (!text) {
        return true;
    }
    *number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || *number < least || *number > most) {
        fprintf(stderr, "slipstream simulate: --%s takes a number from %llu to %llu, not %s\n", option,
                (unsigned long long)least, (unsigned long long)most, text);
        return false;
    }
    return true;
}

/* Whether a scenario is one of those asked for. */
static bool is_chosen(const struct simulate *self, const struct scenario *scenario)
{
    size_t size = strlen(scenario->name);
    for (const char *at = self->scenarios; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        if (strncmp(at, scenario->name, size) == 0 && (at[size] == '\0' || at[size] == ',')) {
            return true;
        }
    }
    return strcmp(self->scenarios, "all") == 0;
}

static bool check_scenarios(const struct simulate *self)
{
    char name[64];
    for (const char *at = self->scenarios; at && strcmp(at, "all") != 0;) {
        size_t size = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)size, at);
        if (!scenario_find(name)) {
            fprintf(stderr, "slipstream simulate: no scenario is called \"%s\"; slipstream simulate --list has all\n",
                    name);
            return false;
        }
        at = at[size] ? at + size + 1 : NULL;
    }
    return true;
}

static bool read_options(struct simulate *self)
{
    const char *scenario = argument(self->command, &self->arguments, "scenario");
    bool csv = argument(self->command, &self->arguments, "csv") != NULL;
    bool json = argument(self->command, &self->arguments, "json") != NULL;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t agencies, weeks, jobs;
    self->scenarios = scenario ? scenario : "all";
    self->format = csv ? SIMULATED_CSV : json ? SIMULATED_JSON : SIMULATED_TABLE;
    if (csv && json) {
        return usage(self, "--csv and --json exclude each other", "");
    }
    if (!read_number(self, "agencies", 1, AGENCIES_MOST, AGENCIES_DEFAULT, &agencies) ||
        !read_number(self, "weeks", 1, WEEKS_MOST, WEEKS_DEFAULT, &weeks) ||
        !read_number(self, "seed", 0, UINT64_MAX, 1, &self->simulation.seed) ||
        !read_number(self, "jobs", 1, SIMULATE_JOBS_MAX, processors > 0 ? (uint64_t)processors : 1, &jobs)) {
        return false;
    }
    self->simulation.agencies = (unsigned)agencies;
    self->simulation.weeks = (unsigned)weeks;
    self->simulation.jobs = jobs < SIMULATE_JOBS_MAX ? (unsigned)jobs : SIMULATE_JOBS_MAX;
    return check_scenarios(self);
}

static bool load_scoring(const char *path, struct scoring **scoring)
{
    struct problems problems;
    problems_init(&problems);
    bool fine = scoring_load(path, scoring, &problems) == DONE;
    fprintf(stderr, "%.*s", SPAN_FORMAT(buffer_as_span(&problems.text)));
    problems_done(&problems);
    return fine;
}

static bool read_scoring(struct simulate *self)
{
    bool fine = load_scoring(argument(self->command, &self->arguments, "scoring"), &self->scoring);
    self->simulation.scoring = self->scoring;
    return fine;
}

/* ---- replay ---- */

/* "2026-04-01=FILE": a scoring file, and the day from which on it is in force. */
static bool read_switch(const struct simulate *self, struct passing_settings *settings, struct scoring **later)
{
    const char *text = argument(self->command, &self->arguments, "switch");
    struct tm day = {0};
    if (!text) {
        return true;
    }
    const char *end = strptime(text, "%Y-%m-%d=", &day);
    if (!end || !*end) {
        return usage(self, "--switch takes a day and a file, as in 2026-04-01=scoring.yaml, not ", text);
    }
    settings->switch_us = (int64_t)timegm(&day) * US_PER_SECOND;
    bool fine = load_scoring(end, later);
    settings->later = *later;
    return fine;
}

static enum exit_code run_replay(struct simulate *self)
{
    const char *period = argument(self->command, &self->arguments, "period");
    struct scoring *later = NULL;
    struct replay_settings settings = {
        .path = argument(self->command, &self->arguments, "replay"),
        .mapping = argument(self->command, &self->arguments, "mapping"),
        .count = argument(self->command, &self->arguments, "count"),
        .by_month = !period || strcmp(period, "month") == 0,
        .passing = {.out = stdout, .json = argument(self->command, &self->arguments, "json") != NULL},
    };
    bool fine = true;
    if (!settings.mapping) {
        fine = usage(self, "--replay needs --mapping", "");
    } else if (!settings.by_month && strcmp(period, "day") != 0) {
        fine = usage(self, "--period takes month or day, not ", period);
    }
    fine = fine && read_scoring(self) && read_switch(self, &settings.passing, &later);
    settings.passing.scoring = self->scoring;
    enum exit_code code = !fine ? EXIT_USAGE : simulate_replay(&settings) ? EXIT_FINE : EXIT_FAILED;
    scoring_close(later);
    return code;
}

/* ---- what cx.signals holds ---- */

static enum exit_code pass_signals(struct simulate *self, const struct setup *setup)
{
    const struct config *config = &setup->config;
    struct scoring *later = NULL;
    struct signals_counts counts;
    struct reason why;
    struct signals_settings settings = {
        .kafka = connect_kafka(config, setup->log),
        .topic = config->topic_signals,
        .limits = {.ids_max = (size_t)config->dedupe_max_ids,
                   .horizon_us = config->dedupe_horizon,
                   .agencies_max = (uint32_t)config->agencies_max,
                   .services_max = (uint32_t)config->services_max},
        .passing = {.out = stdout, .json = argument(self->command, &self->arguments, "json") != NULL},
    };
    if (!read_scoring(self) || !read_switch(self, &settings.passing, &later)) {
        return EXIT_USAGE;
    }
    settings.passing.scoring = self->scoring;
    signals_catch();
    enum outcome passed = simulate_signals(&settings, &counts, &why);
    scoring_close(later);
    if (passed != DONE) {
        return complain(self->command, &why);
    }
    fprintf(stderr,
            "%lld events of %s, scoring %s: %lld duplicates, %lld too late, %lld messages that cannot be read\n",
            (long long)counts.events, settings.topic, self->scoring->version, (long long)counts.duplicates,
            (long long)counts.late, (long long)counts.unreadable);
    return EXIT_FINE;
}

static enum exit_code run_signals(struct simulate *self, int argc, char **argv)
{
    struct setup setup;
    enum exit_code code;
    if (!setup_open(&setup, self->command, argc, argv, &code)) {
        return code;
    }
    code = pass_signals(self, &setup);
    setup_close(&setup);
    return code;
}

/* What is of use to one way of simulating only. */
static bool check_ways(const struct simulate *self)
{
    bool replay = argument(self->command, &self->arguments, "replay") != NULL;
    bool signals = argument(self->command, &self->arguments, "signals") != NULL;
    if (replay && signals) {
        return usage(self, "--replay and --signals exclude each other", "");
    }
    if (!signals && (self->arguments.config_file || self->arguments.override_count)) {
        return usage(self, "--config and --set are of use with --signals only", "");
    }
    return true;
}

/* ---- running ---- */

struct run { /* one scenario, in a thread beside the one that tells how far it is */
    const struct simulate *self;
    const struct scenario *scenario;
    struct simulation_progress progress;
    struct agency_outcome *outcomes;
    atomic_bool finished;
};

static void *run_scenario(void *context)
{
    struct run *run = context;
    (void)simulate_scenario(&run->self->simulation, run->scenario, &run->progress, run->outcomes);
    atomic_store(&run->finished, true);
    return NULL;
}

static double processor_s(void)
{
    struct timespec spent;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (double)spent.tv_sec + (double)spent.tv_nsec * 1e-9;
}

static void tell_progress(struct run *run, struct progress *progress)
{
    if (progress_is_due(progress, system_clock.mono(&system_clock))) {
        fprintf(stderr, "%s: %u of %u agencies", run->scenario->name, atomic_load(&run->progress.done),
                run->self->simulation.agencies);
        fflush(stderr);
    }
}

/* Runs a scenario to its end, or to a signal: then false. */
static bool run_one(const struct simulate *self, const struct scenario *scenario, struct progress *progress,
                    struct scenario_summary *summary)
{
    struct run run = {.self = self, .scenario = scenario};
    pthread_t thread;
    double before = processor_s();
    run.outcomes = calloc(self->simulation.agencies, sizeof *run.outcomes);
    ASSERT(run.outcomes);
    if (pthread_create(&thread, NULL, run_scenario, &run) != 0) {
        (void)run_scenario(&run);
        thread = pthread_self();
    }
    while (!atomic_load(&run.finished)) {
        const struct timespec moment = {0, 20000000};
        (void)nanosleep(&moment, NULL);
        if (signals_stop()) {
            atomic_store(&run.progress.stop, true);
        }
        tell_progress(&run, progress);
    }
    if (!pthread_equal(thread, pthread_self())) {
        (void)pthread_join(thread, NULL);
    }
    progress_clear(progress);
    bool whole = !atomic_load(&run.progress.stop);
    if (whole) {
        *summary = simulate_summary(scenario, &self->simulation, run.outcomes, processor_s() - before);
    }
    free(run.outcomes);
    return whole;
}

static enum exit_code run_all(const struct simulate *self)
{
    struct progress progress;
    double slowest = (double)INFINITY;
    bool any[2] = {false, false};
    progress_init(&progress, system_clock.mono(&system_clock));
    signals_catch();
    for (size_t i = 0; i < simulated_scenario_count; i++) {
        const struct scenario *scenario = &simulated_scenarios[i];
        struct scenario_summary summary;
        if (!is_chosen(self, scenario)) {
            continue;
        }
        if (!run_one(self, scenario, &progress, &summary)) {
            fprintf(stderr, "slipstream simulate: stopped in %s, which is not counted\n", scenario->name);
            return EXIT_FAILED;
        }
        bool slips = scenario_slips(scenario);
        simulate_print(self->format, &self->simulation, &summary, !any[0] && !any[1], !any[slips]);
        any[slips] = true;
        slowest = fmin(slowest, summary.speed);
    }
    fprintf(stderr, "%u agencies, %u weeks, seed %llu, scoring %s; at least %.0f times as fast as time, an agency\n",
            self->simulation.agencies, self->simulation.weeks, (unsigned long long)self->simulation.seed,
            self->scoring->version, slowest);
    return EXIT_FINE;
}

static enum exit_code run_simulate(const struct command *command, int argc, char **argv)
{
    struct simulate self = {.command = command};
    enum outcome parsed = arguments_parse(command, argc, argv, &self.arguments);
    enum exit_code code = parsed == SKIP ? EXIT_FINE : EXIT_USAGE;
    if (parsed == DONE && argument(command, &self.arguments, "list")) {
        simulate_print_list();
        code = EXIT_FINE;
    } else if (parsed == DONE && !check_ways(&self)) {
        code = EXIT_USAGE;
    } else if (parsed == DONE && argument(command, &self.arguments, "replay")) {
        code = run_replay(&self);
    } else if (parsed == DONE && argument(command, &self.arguments, "signals")) {
        code = run_signals(&self, argc, argv);
    } else if (parsed == DONE && read_options(&self) && read_scoring(&self)) {
        code = run_all(&self);
    }
    scoring_close(self.scoring);
    arguments_done(&self.arguments);
    return code;
}

const struct command command_simulate = {
    .name = "simulate",
    .arguments = "",
    .summary = "tries the slip rule on made-up histories: false episodes, power and delay",
    .detail =
        "Every scenario is so many agencies of its own chance: nine weeks of history, then weeks that are looked at\n"
        "minute by minute, on a clock of their own, by the code that `run` looks with. Needs no Kafka and no Redis,\n"
        "but for --signals.\n"
        "\n"
        "Where nothing slips it prints the false episodes an agency-month (28 days): those of the score by the window\n"
        "that opened them, those of drivers and behaviours (\"parts\"), and the sum of all with its standard error;\n"
        "0.10 in all is what the shipped rule keeps under. Where something does it prints, for each window alone and\n"
        "for all together, the share found within 7 days (28 for 7d and pinned) and the median hours until then.\n"
        "\n"
        "Eight times as many come by day (8 to 18 UTC) as by night, weekends have 40 %; the phone has 60 % of them "
        "and\n"
        ".80 good, the chat 40 % and .90, or as the scenario says; slips begin at hour 36, what else happens at\n"
        "hour 100. The same seed gives the same figures, whatever the number of jobs. To judge a scoring file of\n"
        "your own before it is switched on, name it with --scoring and compare with a run without.\n"
        "\n"
        "--replay passes recorded time instead: a row of the file says, through a mapping as for import, what an\n"
        "interaction was like, and --count how many there were, which are spread evenly over a month or a day. It\n"
        "prints the score of each month, every alert, and of each signal how many were good. --signals does so with "
        "what\n"
        "cx.signals of the configured cluster holds, as it was recorded, to its end as of now; it only reads.",
    .example = "slipstream simulate --scenario days-1000,slip-8-2000 --agencies 200 --scoring mine.yaml",
    .has_config = true,
    .options =
        {
            {"scenario", "NAME,...", "which, by their names; all when not given"},
            {"list", NULL, "the scenarios, with what they are"},
            {"agencies", "N", "of each scenario; 100 when not given, and 1,000 for figures to rely on"},
            {"weeks", "N", "that are looked at; 4 when not given"},
            {"seed", "N", "of the chance; 1 when not given"},
            {"scoring", "FILE", "the scoring file to try; the one built in when not given"},
            {"jobs", "N", "threads; as many as there are processors when not given"},
            {"replay", "FILE", "recorded numbers instead: CSV, JSON lines, or a JSON array; scores, alerts, shares"},
            {"signals", NULL, "what cx.signals holds, instead; --config or the environment says where"},
            {"mapping", "FILE", "how its columns become an interaction, as for import"},
            {"count", "COLUMN", "how many such interactions a row stands for; 1 when not given"},
            {"period", "month|day",
             "the time that a row is spread over, from its occurred_at on; month when not given"},
            {"switch", "DAY=FILE", "another scoring file from a day on, as in 2026-04-01=new.yaml"},
            {"csv", NULL, "as CSV"},
            {"json", NULL, "as one JSON object a line"},
        },
    .run = run_simulate,
};
