/* looks.c - what looking costs: all agencies scored and examined every minute of event time, with nine weeks behind
 * them.
 *
 *     bench_looks [AGENCIES [MINUTES]]
 *
 * Each agency has three services on four channels. Scoring is what the stage does in a minute's look: every cell's
 * windows, tallies, the cards as a whole and by channel; examining is the slip rule, each window when it is due; the
 * others are silent channels, every one of them as if it were quiet, so that its panes are read, and what the fleet is
 * told. The linker puts a counter in front of the allocator (tests.cmake: --wrap). */
#include "channels.h"
#include "counted_heap.h"
#include "folded.h"
#include "slipstream/config.h"
#include "slipstream/pipeline/examine.h"
#include "slipstream/roll.h"
#include "slipstream/score.h"
#include "traffic.h"
#include "turn.h"

#include <stdlib.h>
#include <time.h>

#define HISTORY_US (63 * US_PER_DAY)
#define A_DAY      240               /* events of an agency */
#define WARM_US    (7 * US_PER_HOUR) /* in which each agency takes its reference */

struct cost {
    int64_t ns, most_ns, allocations;
};

struct looks {
    struct visitor visitor;
    struct scoring *scoring;
    struct fold *fold;
    struct examiner *examiner;
    struct agency_detection *detections;
    uint32_t agencies;
    int64_t at_us; /* of the next event */
    struct window_sums sums;
    struct tallies all[WINDOWS], channels[WINDOWS][CHANNELS];
    struct cost scoring_cost, examining_cost, others_cost;
    struct channel_panes panes;
    struct silence silence; /* always heard */
    unsigned silent, changes;
    int64_t minute_ns; /* of the minute at hand */
    unsigned episodes;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Events up to a moment, in order, evenly over the agencies. */
static void fold_until(struct looks *self, int64_t until_us)
{
    int64_t step_us = US_PER_DAY / A_DAY / self->agencies;
    for (; self->at_us < until_us; self->at_us += step_us) {
        struct interaction it;
        struct signal_event event;
        enum channel channel = (enum channel)seeded_below(&self->visitor.random, CHANNELS);
        visitor_next(&self->visitor, channel, SERVICES, self->at_us, &it);
        signals_of(&it, &event);
        event.id = (uint64_t)self->at_us;
        uint32_t agency = (uint32_t)(self->at_us / step_us % self->agencies);
        uint32_t service = (uint32_t)seeded_below(&self->visitor.random, SERVICES);
        (void)fold_event(self->fold, agency, service, &event, (struct event_time){self->at_us});
    }
    fold_advance(self->fold, (struct event_time){until_us});
    fold_settle(self->fold);
}

static void score_agency(struct looks *self, uint32_t at, struct event_time as_of)
{
    const struct fold_agency *agency = fold_agency_at(self->fold, at);
    struct card card;
    memset(self->all, 0, sizeof self->all);
    memset(self->channels, 0, sizeof self->channels);
    for (uint32_t i = 0; i < agency->service_count * CHANNELS; i++) {
        uint32_t cell = agency->services[i / CHANNELS].cells[i % CHANNELS];
        if (cell == FOLD_NONE) {
            continue;
        }
        roll_windows(&fold_cell_at(self->fold, cell)->cell, as_of, &self->sums);
        for (unsigned w = 0; w < WINDOWS; w++) {
            enum channel channel = (enum channel)(i % CHANNELS);
            tallies_add(&self->all[w], self->sums.counts[w], channel, self->scoring);
            tallies_add(&self->channels[w][channel], self->sums.counts[w], channel, self->scoring);
        }
    }
    for (unsigned w = 0; w < WINDOWS; w++) {
        score_card(&self->all[w], self->scoring, Z_95, &card);
        for (unsigned c = 0; c < CHANNELS; c++) {
            score_card(&self->channels[w][c], self->scoring, Z_95, &card);
        }
    }
}

static void end(struct cost *cost, int64_t began_ns, int64_t allocations_before)
{
    int64_t ns = now_ns() - began_ns;
    cost->ns += ns;
    cost->most_ns = ns > cost->most_ns ? ns : cost->most_ns;
    cost->allocations += allocations - allocations_before;
}

static void look_at_others(struct looks *self, uint32_t at, struct event_time as_of)
{
    const struct fold_agency *agency = fold_agency_at(self->fold, at);
    struct event_time before = {as_of.us - US_PER_MINUTE};
    int64_t period_us = self->scoring->detection.silence_look_us;
    bool due = turn_of_agency(agency->name, as_of, period_us) != turn_of_agency(agency->name, before, period_us);
    for (unsigned c = 0; due && c < CHANNELS; c++) {
        const struct channel_look look = {.fold = self->fold,
                                          .agency = agency,
                                          .channel = (enum channel)c,
                                          .scoring = self->scoring,
                                          .silence = &self->silence,
                                          .as_of = as_of,
                                          .month = A_DAY * 28 / CHANNELS};
        self->silent += channels_look(&self->panes, &look).silent;
    }
    if (turn_of_agency(agency->name, as_of, US_PER_HOUR) != turn_of_agency(agency->name, before, US_PER_HOUR)) {
        self->changes +=
            examine_at(self->examiner, self->fold, at, &self->detections[at], as_of, SUBJECT_CX, TEST_7D, 3.076)
                .verdict == VERDICT_COMPARED;
    }
}

static void look_at_all(struct looks *self, struct event_time as_of)
{
    struct examine_look look = {as_of, {as_of.us - US_PER_MINUTE}, false};
    int64_t before = allocations;
    int64_t began_ns = now_ns();
    for (uint32_t a = 0; a < self->agencies; a++) {
        score_agency(self, a, as_of);
    }
    end(&self->scoring_cost, began_ns, before);
    before = allocations;
    began_ns = now_ns();
    for (uint32_t a = 0; a < self->agencies; a++) {
        self->episodes +=
            (unsigned)examine_agency(self->examiner, self->fold, a, &self->detections[a], &look).event_count;
    }
    end(&self->examining_cost, began_ns, before);
    before = allocations;
    began_ns = now_ns();
    for (uint32_t a = 0; a < self->agencies; a++) {
        look_at_others(self, a, as_of);
    }
    end(&self->others_cost, began_ns, before);
}

static void looks_init(struct looks *self, uint32_t agencies)
{
    const struct fold_limits limits = {.ids_max = 1024, .horizon_us = 1, .agencies_max = 4096, .services_max = 64};
    struct problems problems;
    problems_init(&problems);
    visitor_init(&self->visitor, 1, false);
    if (scoring_load(NULL, &self->scoring, &problems) != DONE) {
        exit(1);
    }
    problems_done(&problems);
    self->agencies = agencies;
    memset(self->silence.heard, 0xFF, sizeof self->silence.heard);
    self->silence.hour = INT64_C(20100) * 24;
    self->fold = fold_open(&limits);
    self->examiner = examiner_open(self->scoring);
    self->detections = calloc(agencies, sizeof *self->detections);
    for (uint32_t a = 0; a < agencies; a++) {
        char name[32];
        snprintf(name, sizeof name, "agency-%u", a);
        (void)fold_agency(self->fold, span_text(name));
        agency_detection_init(&self->detections[a]);
        for (unsigned s = 0; s < SERVICES; s++) {
            snprintf(name, sizeof name, "service-%u", s);
            (void)fold_service(self->fold, a, span_text(name));
        }
    }
}

static void report(const char *what, const struct cost *cost, unsigned minutes)
{
    printf("%-10s%10.3f%10.3f%14lld\n", what, (double)cost->ns / 1e9 / minutes, (double)cost->most_ns / 1e9,
           (long long)cost->allocations);
}

int main(int count, char **words)
{
    static struct looks looks;
    uint32_t agencies = count > 1 ? (uint32_t)strtoul(words[1], NULL, 10) : 1000;
    unsigned minutes = count > 2 ? (unsigned)strtoul(words[2], NULL, 10) : 360;
    if (agencies < 1 || agencies > 4000 || minutes < 1) {
        fputs("usage: bench_looks [AGENCIES [MINUTES]]\n", stderr);
        return 2;
    }
    looks_init(&looks, agencies);
    looks.at_us = INT64_C(20000) * US_PER_DAY;
    int64_t until_us = looks.at_us + HISTORY_US;
    fold_until(&looks, until_us);
    int64_t warm_us = until_us + WARM_US;
    for (; until_us < warm_us; until_us += US_PER_MINUTE) {
        fold_until(&looks, until_us);
        look_at_all(&looks, (struct event_time){until_us});
    }
    looks.scoring_cost = looks.examining_cost = looks.others_cost = (struct cost){0};
    looks.episodes = 0;
    for (unsigned i = 0; i < minutes; i++, until_us += US_PER_MINUTE) {
        fold_until(&looks, until_us);
        look_at_all(&looks, (struct event_time){until_us});
    }
    printf("%u agencies, %u cells, %u minutes, %u episodes opened or closed\n", agencies, fold_cell_count(looks.fold),
           minutes, looks.episodes);
    printf("%-10s%10s%10s%14s\n", "", "s/minute", "most", "allocations");
    report("scoring", &looks.scoring_cost, minutes);
    report("examining", &looks.examining_cost, minutes);
    report("others", &looks.others_cost, minutes);
    printf("seconds a minute %.3f\n",
           (double)(looks.scoring_cost.ns + looks.examining_cost.ns + looks.others_cost.ns) / 1e9 / minutes);
    for (uint32_t a = 0; a < agencies; a++) {
        agency_detection_done(&looks.detections[a]);
    }
    free(looks.detections);
    examiner_close(looks.examiner);
    fold_close(looks.fold);
    scoring_close(looks.scoring);
    return 0;
}
