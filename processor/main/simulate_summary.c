/* simulate_summary.c - what the agencies of a scenario came to together, as a table, CSV and JSON. */
#include "simulate.h"

#include "slipstream/base.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MINUTES_A_DAY (24 * 60)

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Share found in time, and the median delay of those. */
static void see_watch(struct scenario_summary *self, const struct agency_outcome *outcomes, unsigned watch)
{
    bool is_long = watch == WATCH_ONE + TEST_7D || watch == WATCH_ONE + TEST_PINNED || self->scenario->slide > 0;
    int64_t in_time = (is_long ? 28 : 7) * MINUTES_A_DAY;
    int64_t *delays = calloc(self->agencies, sizeof *delays);
    ASSERT(delays);
    size_t count = 0;
    for (unsigned i = 0; i < self->agencies; i++) {
        int64_t fired = outcomes[i].fired[watch];
        if (fired >= 0 && fired < in_time) {
            delays[count++] = fired;
        }
    }
    qsort(delays, count, sizeof *delays, by_value);
    self->power[watch] = (double)count / self->agencies;
    self->hours[watch] = count ? (double)(delays[(count - 1) / 2] + delays[count / 2]) / 120 : (double)NAN;
    free(delays);
}

static void see_episodes(struct scenario_summary *self, const struct agency_outcome *outcomes, double months_each)
{
    double squares = 0;
    for (unsigned i = 0; i < self->agencies; i++) {
        unsigned all = 0;
        for (unsigned t = 0; t < TESTS; t++) {
            self->episodes[t] += outcomes[i].episodes[t];
            self->parts += outcomes[i].parts[t];
            all += outcomes[i].episodes[t] + outcomes[i].parts[t];
        }
        self->sum += all;
        squares += (double)all * all;
    }
    double mean = self->sum / self->agencies;
    double variance = self->agencies > 1 ? (squares - mean * self->sum) / (self->agencies - 1) : (double)NAN;
    for (unsigned t = 0; t < TESTS; t++) {
        self->episodes[t] /= self->months;
    }
    self->parts /= self->months;
    self->sum /= self->months;
    self->sum_se = sqrt(fmax(variance, 0) / self->agencies) / months_each;
}

struct scenario_summary simulate_summary(const struct scenario *scenario, const struct simulation *simulation,
                                         const struct agency_outcome *outcomes, double processor_s)
{
    double months_each = simulation->weeks / 4.;
    struct scenario_summary self = {
        .scenario = scenario, .agencies = simulation->agencies, .months = simulation->agencies * months_each};
    double minutes = 0;
    unsigned explained = 0;
    unsigned found = 0;
    see_episodes(&self, outcomes, months_each);
    for (unsigned w = 0; w < WATCHES; w++) {
        see_watch(&self, outcomes, w);
    }
    for (unsigned i = 0; i < self.agencies; i++) {
        minutes += (double)outcomes[i].minutes;
        found += outcomes[i].fired[WATCH_ALL] >= 0;
        explained += outcomes[i].explained;
        self.contribution_error = fmax(self.contribution_error, outcomes[i].contribution_error);
    }
    self.explained = found ? (double)explained / found : (double)NAN;
    self.speed = processor_s > 0 ? minutes * 60 / processor_s : (double)NAN;
    return self;
}

/* ---- the table ---- */

static void print_null(const struct scenario_summary *row)
{
    printf("| %s |", row->scenario->what);
    for (unsigned t = 0; t < TESTS; t++) {
        printf(" %.3f |", row->episodes[t]);
    }
    printf(" %.3f | %.3f ± %.3f |\n", row->parts, row->sum, row->sum_se);
}

static void print_delay(double power, double hours)
{
    if (power > 0) {
        printf(" %.3f, %.1f |", power, hours);
    } else {
        printf(" 0 |");
    }
}

static void print_slip(const struct scenario_summary *row)
{
    printf("| %s |", row->scenario->what);
    for (unsigned t = 0; t < TESTS; t++) {
        print_delay(row->power[WATCH_ONE + t], row->hours[WATCH_ONE + t]);
    }
    print_delay(row->power[WATCH_ALL], row->hours[WATCH_ALL]);
    if (row->scenario->waits_double) {
        printf(" cause named first in %.3f |", row->explained);
    } else {
        printf(" |");
    }
    printf("\n");
}

static void print_heads(bool slips)
{
    if (slips) {
        printf("\n| a real slip: share found in 7 days (7d, pinned and slides: 28), median hours |");
    } else {
        printf("| no real slip: false episodes an agency-month |");
    }
    for (unsigned t = 0; t < TESTS; t++) {
        printf(" %s |", test_words[t]);
    }
    printf(slips ? " together | |\n|---|" : " parts | sum |\n|---|");
    for (unsigned t = 0; t < TESTS + 2; t++) {
        printf("---|");
    }
    printf("\n");
}

static void print_table(const struct scenario_summary *row, bool first_of_kind)
{
    bool slips = scenario_slips(row->scenario);
    if (first_of_kind) {
        print_heads(slips);
    }
    if (slips) {
        print_slip(row);
    } else {
        print_null(row);
    }
}

/* ---- CSV ---- */

static void print_csv_head(void)
{
    printf("scenario,kind,agencies,weeks");
    for (unsigned t = 0; t < TESTS; t++) {
        printf(",episodes_%s", test_words[t]);
    }
    printf(",episodes_parts,episodes_sum,episodes_sum_se");
    for (unsigned t = 0; t < TESTS; t++) {
        printf(",power_%s,hours_%s", test_words[t], test_words[t]);
    }
    printf(",power_all,hours_all,explained,speed\n");
}

static void print_csv_number(double value, bool given)
{
    if (given && isfinite(value)) {
        printf(",%.6g", value);
    } else {
        printf(",");
    }
}

static void print_csv(const struct scenario_summary *row, unsigned weeks)
{
    bool slips = scenario_slips(row->scenario);
    printf("%s,%s,%u,%u", row->scenario->name, slips ? "slip" : "null", row->agencies, weeks);
    for (unsigned t = 0; t < TESTS; t++) {
        print_csv_number(row->episodes[t], !slips);
    }
    print_csv_number(row->parts, !slips);
    print_csv_number(row->sum, !slips);
    print_csv_number(row->sum_se, !slips);
    for (unsigned t = 0; t < TESTS; t++) {
        print_csv_number(row->power[WATCH_ONE + t], slips);
        print_csv_number(row->hours[WATCH_ONE + t], slips);
    }
    print_csv_number(row->power[WATCH_ALL], slips);
    print_csv_number(row->hours[WATCH_ALL], slips);
    print_csv_number(row->explained, row->scenario->waits_double);
    print_csv_number(row->speed, true);
    printf("\n");
}

/* ---- JSON: one object a line ---- */

static void put_null(struct jout *json, const struct scenario_summary *row)
{
    jout_key(json, "episodes");
    jout_open(json, '{');
    for (unsigned t = 0; t < TESTS; t++) {
        jout_put_real(json, test_words[t], row->episodes[t]);
    }
    jout_put_real(json, "parts", row->parts);
    jout_put_real(json, "sum", row->sum);
    jout_put_real(json, "sum_se", row->sum_se);
    jout_close(json, '}');
}

static void put_watch(struct jout *json, const char *word, const struct scenario_summary *row, unsigned watch)
{
    jout_key(json, word);
    jout_open(json, '{');
    jout_put_real(json, "power", row->power[watch]);
    jout_put_real(json, "median_hours", row->hours[watch]);
    jout_close(json, '}');
}

static void put_slip(struct jout *json, const struct scenario_summary *row)
{
    jout_key(json, "found");
    jout_open(json, '{');
    for (unsigned t = 0; t < TESTS; t++) {
        put_watch(json, test_words[t], row, WATCH_ONE + t);
    }
    put_watch(json, "all", row, WATCH_ALL);
    jout_close(json, '}');
    if (row->scenario->waits_double) {
        jout_put_real(json, "explained", row->explained);
        jout_put_real(json, "contribution_error", row->contribution_error);
    }
}

static void print_json(const struct scenario_summary *row, const struct simulation *simulation)
{
    struct buffer out;
    buffer_init(&out, 16u << 10);
    struct jout json = jout_into(&out);
    jout_open(&json, '{');
    jout_key(&json, "scenario");
    jout_text(&json, row->scenario->name);
    jout_key(&json, "what");
    jout_text(&json, row->scenario->what);
    jout_key(&json, "agencies");
    jout_int(&json, row->agencies);
    jout_key(&json, "weeks");
    jout_int(&json, simulation->weeks);
    jout_key(&json, "seed");
    jout_int(&json, (int64_t)simulation->seed);
    jout_key(&json, "scoring_version");
    jout_text(&json, simulation->scoring->version);
    if (scenario_slips(row->scenario)) {
        put_slip(&json, row);
    } else {
        put_null(&json, row);
    }
    jout_put_real(&json, "speed", row->speed);
    jout_close(&json, '}');
    printf("%.*s\n", SPAN_FORMAT(buffer_as_span(&out)));
    buffer_done(&out);
}

void simulate_print(enum simulated_format format, const struct simulation *simulation,
                    const struct scenario_summary *row, bool first, bool first_of_kind)
{
    switch (format) {
    case SIMULATED_TABLE:
        print_table(row, first_of_kind);
        break;
    case SIMULATED_CSV:
        if (first) {
            print_csv_head();
        }
        print_csv(row, simulation->weeks);
        break;
    case SIMULATED_JSON:
        print_json(row, simulation);
        break;
    }
    fflush(stdout);
}

void simulate_print_list(void)
{
    for (size_t i = 0; i < simulated_scenario_count; i++) {
        const struct scenario *row = &simulated_scenarios[i];
        printf("%-14s %s  %s\n", row->name, scenario_slips(row) ? "slip" : "null", row->what);
    }
}
