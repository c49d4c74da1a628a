/* demo_report.c - how it went: the accounting, what the oracle says, the alerts. */
#include "demo.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATE_BYTES_MAX ((size_t)256 << 20)

/* ---- the oracle ---- */

static enum outcome write_state(const char *path, const struct config *config, struct store *store, struct reason *why)
{
    struct buffer state CLEANUP(buffer_done);
    buffer_init(&state, STATE_BYTES_MAX);
    for (int32_t p = 0; p < config->signals_partitions; p++) {
        TRY(state_show(store, p, &state, why));
    }
    if (state.overflow) {
        return FAIL(why, STOP, REASON_FULL, "the state has more than %zu bytes", STATE_BYTES_MAX);
    }
    return demo_write_file(path, buffer_as_span(&state), why);
}

/* Runs the oracle and keeps the first of what it prints. Returns its exit code, or -1. */
static int run_oracle(char *const words[], char *said, size_t size)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execvp(words[0], words);
        _exit(127);
    }
    close(ends[1]);
    size_t used = 0;
    char byte;
    for (ssize_t got; pid > 0 && ((got = read(ends[0], &byte, 1)) == 1 || (got < 0 && errno == EINTR));) {
        if (got == 1 && used + 1 < size) {
            said[used++] = byte;
            if (byte == '\n') {
                said[used - 1] = ' ';
            }
        }
    }
    while (used > 0 && said[used - 1] == ' ') {
        used--;
    }
    said[used] = '\0';
    close(ends[0]);
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void compare(struct demo_outcome *self, const struct demo_options *options, const struct demo_home *home)
{
    char ledger[DEMO_PATH_SIZE];
    char state[DEMO_PATH_SIZE];
    char numbers[4][24];
    char said[BOARD_TEXT_SIZE - 16];
    const int64_t counted[4] = {self->account.applied, self->account.duplicate, self->account.late,
                                self->account.deadlettered};
    for (unsigned i = 0; i < 4; i++) {
        snprintf(numbers[i], sizeof numbers[i], "%lld", (long long)counted[i]);
    }
    demo_path(home, "ledger", ledger);
    demo_path(home, "state", state);
    const char *const words[] = {"python3",        options->oracle, ledger,     state,    "--applied",
                                 numbers[0],       "--duplicate",   numbers[1], "--late", numbers[2],
                                 "--deadlettered", numbers[3],      NULL};
    int code = run_oracle((char *const *)(uintptr_t)words, said, sizeof said);
    if (code == 0) {
        snprintf(self->oracle, sizeof self->oracle, "equal");
    } else if (code == 1) {
        snprintf(self->oracle, sizeof self->oracle, "different: %s", said);
    } else {
        snprintf(self->oracle, sizeof self->oracle, "failed: %s", code == 127 ? "python3 is not there" : said);
    }
}

void demo_ask_oracle(struct demo_outcome *self, const struct demo_options *options, const struct demo_home *home,
                     const struct demo_ledger *ledger, const struct config *config, struct store *store)
{
    char path[DEMO_PATH_SIZE];
    struct reason why;
    if (!options->oracle) {
        snprintf(self->oracle, sizeof self->oracle, "not run");
    } else if (ledger->full) {
        snprintf(self->oracle, sizeof self->oracle, "not run: the demo went on for too long to keep what was sent");
    } else if (write_state(demo_path(home, "state", path), config, store, &why) != DONE) {
        snprintf(self->oracle, sizeof self->oracle, "failed: %s", why.text);
    } else {
        compare(self, options, home);
    }
}

/* ---- the verdict ---- */

static bool accounting_holds(const struct demo_account *account)
{
    return account->sent == demo_account_sum(account);
}

/* How many of the alerts are of the agency that slips, or of the others. */
static size_t alerts_of(const struct demo_outcome *self, bool planted)
{
    size_t count = 0;
    for (size_t i = 0; i < self->board->alert_count; i++) {
        count += (strcmp(self->board->alerts[i].agency, self->planted) == 0) == planted;
    }
    return count;
}

static bool oracle_agrees(const struct demo_outcome *self)
{
    return strcmp(self->oracle, "equal") == 0 || strncmp(self->oracle, "not run", 7) == 0;
}

/* ---- telling ---- */

static void put_count(struct jout *json, const char *key, int64_t value)
{
    jout_key(json, key);
    jout_int(json, value);
}

static void put_measure(struct jout *json, const char *key, double value)
{
    jout_key(json, key);
    if (value < 0 || isnan(value)) {
        jout_null(json);
    } else {
        jout_real(json, round(value * 100) / 100);
    }
}

static void put_alerts(struct jout *json, const struct board *board)
{
    jout_key(json, "alerts");
    jout_open(json, '[');
    for (size_t i = 0; i < board->alert_count; i++) {
        const struct board_alert *alert = &board->alerts[i];
        jout_open(json, '{');
        jout_put_text(json, "agency", alert->agency);
        jout_put_text(json, "subject", alert->subject);
        jout_put_text(json, "state", alert->state);
        jout_put_text(json, "since", alert->since);
        jout_put_text(json, "text", alert->text);
        jout_close(json, '}');
    }
    jout_close(json, ']');
}

static void put_scores(struct jout *json, const struct board *board)
{
    jout_key(json, "scores");
    jout_open(json, '{');
    for (size_t i = 0; i < board->agency_count; i++) {
        put_measure(json, board->agencies[i].name, board->agencies[i].score);
    }
    jout_close(json, '}');
}

static void put_deadletters(struct jout *json, const struct demo_account *account)
{
    jout_key(json, "deadletters");
    jout_open(json, '{');
    for (unsigned r = 0; r < REASON_COUNT; r++) {
        if (account->deadletters[r]) {
            put_count(json, reason_word((enum reason_code)r), account->deadletters[r]);
        }
    }
    jout_close(json, '}');
}

static void print_json(const struct demo_outcome *self, bool fine)
{
    const struct demo_account *account = &self->account;
    struct buffer out CLEANUP(buffer_done);
    buffer_init(&out, 1 << 20);
    struct jout json = jout_into(&out);
    jout_open(&json, '{');
    jout_key(&json, "ok");
    jout_bool(&json, fine);
    put_count(&json, "sent", account->sent);
    put_count(&json, "applied", account->applied);
    put_count(&json, "duplicate", account->duplicate);
    put_count(&json, "late", account->late);
    put_count(&json, "deadlettered", account->deadlettered);
    put_deadletters(&json, account);
    put_count(&json, "agencies", (int64_t)self->board->agency_count);
    put_scores(&json, self->board);
    put_alerts(&json, self->board);
    jout_put_text(&json, "planted", self->planted);
    jout_put_text(&json, "oracle", self->oracle);
    put_measure(&json, "seconds_to_live", self->seconds_to_live);
    put_measure(&json, "events_per_second_history", self->history_per_second);
    put_count(&json, "seed", (int64_t)self->seed);
    jout_close(&json, '}');
    printf("%.*s\n", (int)out.size, (const char *)out.data);
}

static void print_text(FILE *out, const struct demo_outcome *self)
{
    const struct demo_account *account = &self->account;
    const struct board *board = self->board;
    fprintf(out, "sent %lld = applied %lld + duplicate %lld + late %lld + dead-lettered %lld\n",
            (long long)account->sent, (long long)account->applied, (long long)account->duplicate,
            (long long)account->late, (long long)account->deadlettered);
    if (self->seconds_to_live >= 0) {
        fprintf(out, "live scores after %.1f s; history at %.0f events/s\n", self->seconds_to_live,
                self->history_per_second);
    }
    if (board->agency_count && self->seconds_to_live >= 0) {
        fprintf(out, "%zu agencies, from %s at %.1f to %s at %.1f\n", board->agency_count, board->agencies[0].name,
                board->agencies[0].score, board->agencies[board->agency_count - 1].name,
                board->agencies[board->agency_count - 1].score);
    }
    for (size_t i = 0; i < board->alert_count; i++) {
        fprintf(out, "alert: %s\n", board->alerts[i].text);
    }
    fprintf(out, "oracle, which counted again from what was sent: %s\n", self->oracle);
}

static void complain_about(const struct demo_outcome *self)
{
    const struct demo_account *account = &self->account;
    if (!accounting_holds(account)) {
        fprintf(stderr, "slipstream demo: THE ACCOUNTING DOES NOT HOLD: sent %lld, but %lld came to something\n",
                (long long)account->sent, (long long)demo_account_sum(account));
    }
    if (!oracle_agrees(self)) {
        fprintf(stderr, "slipstream demo: THE ORACLE DISAGREES: %s\n", self->oracle);
    }
    if (self->seconds_to_live < 0) {
        fprintf(stderr, "slipstream demo: stopped before scores were live\n");
    } else if (!alerts_of(self, true)) {
        fprintf(stderr, "slipstream demo: no alert for %s yet: targets are looked at on the minute\n", self->planted);
    }
    if (alerts_of(self, false)) {
        fprintf(stderr, "slipstream demo: ALERTS FOR AGENCIES THAT DO NOT SLIP: %zu\n", alerts_of(self, false));
    }
}

bool demo_report(const struct demo_outcome *self, const struct demo_options *options)
{
    bool alerts_are_right = alerts_of(self, true) > 0 && alerts_of(self, false) == 0;
    bool fine = accounting_holds(&self->account) && oracle_agrees(self) && alerts_are_right;
    complain_about(self);
    print_text(options->json ? stderr : stdout, self);
    if (options->json) {
        print_json(self, fine);
    }
    fflush(stdout);
    return fine;
}
