/* test_channels.c - channels over weeks of traffic: those that go silent are told of once and soon, and nothing else
 * is.
 *
 * Each row is a channel's traffic, nine weeks before and four weeks that are looked at, every five minutes; contacts
 * come at random, as a Poisson process whose rate depends on the hour, the day and chance.
 *
 * `test_channels SEEDS` plays every row so often and prints what came of it, instead of judging. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channels.h"
#include "counted_heap.h"
#include "folded.h"
#include "seeded.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define MINUTE      US_PER_MINUTE
#define BEGIN       (INT64_C(20461) * US_PER_DAY) /* a Thursday */
#define DAYS_BEFORE 63
#define DAYS        28
#define EVENT_DAY   (DAYS_BEFORE + 8) /* on which something happens: a Friday */

enum happening {
    NOTHING,
    OUTAGE,        /* of the hours from `hour` on */
    NEARLY_OUTAGE, /* one contact in a hundred comes through */
    CLOSES,        /* for good, on that day */
    CLOSED_BEFORE, /* ten days before anybody looked */
    HOLIDAY,       /* listed, all day, and all but nobody comes */
    IN_BATCHES,    /* contacts are known a day later */
    DWINDLES,      /* by a tenth a week, all the time */
    NOT_CERTAIN,   /* an outage, while nothing is certain */
    OPENS,         /* two weeks before anybody looked */
};

static const struct {
    const char *name;
    double a_day;
    int from, to;           /* opening hours; 0, 24: always, with fewer at night */
    double weekend, day_sd; /* of the logarithm of a day's rate */
    enum happening happening;
    int hour, hours;
    unsigned opened, closed;
    int delay_most; /* hours, from when it begins */
} rows[] = {
    {"always open, busy", 2000, 0, 24, .4, .1, NOTHING, 0, 0, 0, 0, 0},
    {"always open, 200 a day", 200, 0, 24, .4, .2, NOTHING, 0, 0, 0, 0, 0},
    {"always open, 30 a day", 30, 0, 24, .4, .2, NOTHING, 0, 0, 0, 0, 0},
    {"a small one", 5, 0, 24, .4, .2, NOTHING, 0, 0, 0, 0, 0},
    {"an office, nine to five, closed at weekends", 150, 9, 17, 0, .2, NOTHING, 0, 0, 0, 0, 0},
    {"a small office", 20, 9, 17, 0, .3, NOTHING, 0, 0, 0, 0, 0},
    {"an office with a short Saturday", 400, 8, 12, .3, .2, NOTHING, 0, 0, 0, 0, 0},
    {"days that differ widely", 300, 0, 24, .4, .6, NOTHING, 0, 0, 0, 0, 0},
    {"busy, silent for three hours", 2000, 0, 24, .4, .1, OUTAGE, 10, 3, 1, 1, 2},
    {"busy, silent for twenty minutes", 2000, 0, 24, .4, .1, OUTAGE, 10, 0, 0, 0, 0},
    {"busy, next to silent", 5000, 0, 24, .4, .1, NEARLY_OUTAGE, 10, 4, 1, 1, 3},
    {"200 a day, silent for ten hours", 200, 0, 24, .4, .2, OUTAGE, 8, 10, 1, 1, 5},
    {"30 a day, silent for three days", 30, 0, 24, .4, .2, OUTAGE, 8, 72, 1, 1, 72},
    {"an office, silent for a day", 150, 9, 17, 0, .2, OUTAGE, 9, 10, 1, 1, 5},
    {"intake stands still, and then catches up", 2000, 0, 24, .4, .1, NOT_CERTAIN, 10, 6, 0, 0, 0},
    {"a holiday that is listed", 2000, 0, 24, .4, .1, HOLIDAY, 0, 24, 0, 0, 0},
    {"an office on a holiday", 150, 9, 17, 0, .2, HOLIDAY, 0, 24, 0, 0, 0},
    {"closes for good: told once, and it is over after four weeks", 2000, 0, 24, .4, .1, CLOSES, 0, 0, 1, 0, 5},
    {"had closed for good before", 2000, 0, 24, .4, .1, CLOSED_BEFORE, 0, 0, 0, 0, 0},
    {"opened two weeks ago, and is silent", 2000, 0, 24, .4, .1, OPENS, 10, 6, 0, 0, 0},
    {"contacts come in batches, a day later", 500, 0, 24, .4, .1, IN_BATCHES, 0, 0, 0, 0, 0},
    {"dwindles", 500, 0, 24, .4, .1, DWINDLES, 0, 0, 0, 0, 0},
};

struct scene {
    struct seeded random;
    size_t row;
    struct fold *fold;
    uint32_t agency, service;
    struct scoring scoring;
    int64_t holiday;
    struct silence silence;
    struct channel_panes panes;
    double day_factor;
    uint64_t ids;
    unsigned opened, closed, silent_looks;
    int64_t opened_us;
};

static int64_t event_us(const struct scene *self)
{
    return BEGIN + EVENT_DAY * US_PER_DAY + rows[self->row].hour * US_PER_HOUR;
}

/* Whether all that has happened is known at a time. */
static bool is_certain(const struct scene *self, int64_t at_us)
{
    int64_t since_us = at_us - event_us(self);
    return rows[self->row].happening != NOT_CERTAIN || since_us < 0 || since_us >= rows[self->row].hours * US_PER_HOUR;
}

static double gauss(struct seeded *random)
{
    return sqrt(-2 * log(1 - seeded_unit(random))) * cos(6.283185307179586 * seeded_unit(random));
}

/* What a happening makes of the contacts of a minute. */
static double part_left(const struct scene *self, int64_t at_us)
{
    int64_t day = (at_us - BEGIN) / US_PER_DAY;
    int64_t from_us = event_us(self);
    int64_t length_us = rows[self->row].hours ? rows[self->row].hours * US_PER_HOUR : 20 * MINUTE;
    bool during = at_us >= from_us && at_us < from_us + length_us;
    switch (rows[self->row].happening) {
    case OUTAGE:
        return !during;
    case OPENS:
        return !during && day >= DAYS_BEFORE - 14;
    case NEARLY_OUTAGE:
        return during ? .01 : 1;
    case HOLIDAY:
        return day == EVENT_DAY ? .005 : 1;
    case CLOSES:
        return day < EVENT_DAY;
    case CLOSED_BEFORE:
        return day < DAYS_BEFORE - 10;
    case DWINDLES:
        return pow(.9, (double)day / 7);
    case NOTHING:
    case IN_BATCHES:
    case NOT_CERTAIN:
        break;
    }
    return 1;
}

static double rate_at(const struct scene *self, int64_t at_us)
{
    int64_t hour = at_us / US_PER_HOUR % 24;
    int64_t weekday = (at_us / US_PER_DAY + 3) % 7; /* Monday is 0 */
    int from = rows[self->row].from;
    int to = rows[self->row].to;
    bool always = from == 0 && to == 24;
    double open = always ? (hour >= 8 && hour < 20 ? 1.5 : .5) : (hour >= from && hour < to ? 24.0 / (to - from) : 0);
    double weekend = weekday >= 5 ? rows[self->row].weekend : 1;
    return rows[self->row].a_day / 1440 * open * weekend * self->day_factor * part_left(self, at_us);
}

static unsigned poisson(struct seeded *random, double mean)
{
    unsigned count = 0;
    for (double left = exp(-mean), p = seeded_unit(random); p > left && count < 1000; count++) {
        p *= seeded_unit(random);
    }
    return count;
}

static void say_minute(struct scene *self, int64_t at_us, int64_t arrived_us)
{
    for (unsigned left = poisson(&self->random, rate_at(self, at_us)); left; left--) {
        struct signal_event event = {
            .at_us = at_us, .id = ++self->ids, .kind = EVENT_INTERACTION, .channel = CHANNEL_PHONE, .transfers = -1};
        for (unsigned i = 0; i < DURATIONS; i++) {
            event.duration_ms[i] = ABSENT;
        }
        (void)fold_event(self->fold, self->agency, self->service, &event, (struct event_time){arrived_us});
    }
    if (at_us % US_PER_DAY == 0) {
        double sd = rows[self->row].day_sd;
        self->day_factor = exp(sd * gauss(&self->random) - sd * sd / 2);
    }
}

static double contacts_in(struct scene *self, enum window window, struct event_time as_of)
{
    int64_t sums[COUNTERS] = {0};
    uint32_t cell = fold_agency_at(self->fold, self->agency)->services[self->service].cells[CHANNEL_PHONE];
    if (cell != FOLD_NONE) {
        cell_window(&fold_cell_at(self->fold, cell)->cell, window, as_of, sums);
    }
    return (double)sums[COUNTER_INTERACTIONS];
}

static void look_once(struct scene *self, struct event_time as_of)
{
    struct channel_look look = {.fold = self->fold,
                                .agency = fold_agency_at(self->fold, self->agency),
                                .channel = CHANNEL_PHONE,
                                .scoring = &self->scoring,
                                .silence = &self->silence,
                                .as_of = as_of,
                                .hour = contacts_in(self, WINDOW_1H, as_of),
                                .month = contacts_in(self, WINDOW_28D, as_of)};
    bool certain = is_certain(self, as_of.us);
    if (certain) {
        silence_hear(&self->silence, as_of.us / US_PER_HOUR, look.hour > 0);
    }
    struct silence_look seen = channels_look(&self->panes, &look);
    seen.hold |= !certain;
    self->silent_looks += seen.silent;
    switch (detect_silence(&self->silence, &self->scoring.detection, &seen)) {
    case ALERT_OPENED:
        self->opened++;
        self->opened_us = as_of.us;
        break;
    case ALERT_CLOSED:
        self->closed++;
        break;
    default:
        break;
    }
}

static void set_scene(struct scene *self, size_t row, uint64_t seed)
{
    const struct fold_limits limits = {.ids_max = 64, .horizon_us = 1, .agencies_max = 4, .services_max = 8};
    *self = (struct scene){.random = {seed}, .row = row, .day_factor = 1};
    self->fold = fold_open(&limits);
    self->agency = fold_agency(self->fold, span_text("tax"));
    self->service = fold_service(self->fold, self->agency, span_text("returns"));
    self->scoring.detection = detection_defaults;
    if (rows[row].happening == HOLIDAY) {
        self->holiday = BEGIN / US_PER_DAY + EVENT_DAY;
        self->scoring.holidays = &self->holiday;
        self->scoring.holiday_count = 1;
    }
}

/* What happened in a minute as it gets known: at once, a day later, or when all of it does. */
static void play(struct scene *self)
{
    int64_t late_us = rows[self->row].happening == IN_BATCHES ? US_PER_DAY : 0;
    int64_t look_us = BEGIN + (DAYS_BEFORE - 8) * US_PER_DAY; /* a week for hearing when it is usually heard */
    for (int64_t at_us = BEGIN; at_us < BEGIN + (DAYS_BEFORE + DAYS) * US_PER_DAY; at_us += MINUTE) {
        if (is_certain(self, at_us) && !is_certain(self, at_us - MINUTE)) {
            for (int64_t missed_us = event_us(self); missed_us < at_us; missed_us += MINUTE) {
                say_minute(self, missed_us, at_us);
            }
        }
        if (at_us - late_us >= BEGIN && is_certain(self, at_us)) {
            say_minute(self, at_us - late_us, at_us);
        }
        if (at_us >= look_us && at_us % (5 * MINUTE) == 0) {
            fold_advance(self->fold, (struct event_time){at_us});
            fold_settle(self->fold);
            look_once(self, (struct event_time){at_us});
        }
    }
}

static void check(const struct scene *self, uint64_t seed)
{
    int64_t began_us = event_us(self);
    int64_t delay_us = self->opened_us - began_us;
    if (self->opened != rows[self->row].opened || self->closed != rows[self->row].closed) {
        fail_msg("%s, seed %d: opened %u, closed %u, silent at %u looks, first since %.1f h", rows[self->row].name,
                 (int)seed, self->opened, self->closed, self->silent_looks, (double)delay_us / (double)US_PER_HOUR);
    }
    if (self->opened && (delay_us < 0 || delay_us > rows[self->row].delay_most * US_PER_HOUR)) {
        fail_msg("%s, seed %d: told after %.1f h", rows[self->row].name, (int)seed,
                 (double)delay_us / (double)US_PER_HOUR);
    }
    if (self->opened && llabs(self->silence.episode.since.us - began_us) > US_PER_HOUR &&
        rows[self->row].a_day > 1000) {
        fail_msg("%s, seed %d: since %.1f h", rows[self->row].name, (int)seed,
                 (double)(self->silence.episode.since.us - began_us) / (double)US_PER_HOUR);
    }
}

static void silences_are_told_and_nothing_else_is(void **state)
{
    (void)state;
    struct scene *scene = malloc(sizeof *scene);
    assert_non_null(scene);
    for (size_t row = 0; row < COUNT(rows); row++) {
        unsigned seeds = rows[row].a_day > 1000 ? 1 : rows[row].opened ? 2 : 4;
        for (uint64_t seed = 1; seed <= seeds; seed++) {
            set_scene(scene, row, seed);
            play(scene);
            check(scene, seed);
            fold_close(scene->fold);
        }
    }
    free(scene);
}

static void a_look_allocates_nothing(void **state)
{
    (void)state;
    struct scene *scene = malloc(sizeof *scene);
    assert_non_null(scene);
    set_scene(scene, 2, 1);
    play(scene);
    fold_settle(scene->fold);
    allocations = 0;
    for (int64_t minute = 0; minute < 600; minute++) {
        look_once(scene, (struct event_time){BEGIN + (DAYS_BEFORE + DAYS) * US_PER_DAY + minute * MINUTE});
    }
    assert_int_equal(allocations, 0);
    fold_close(scene->fold);
    free(scene);
}

/* Every row by many seeds: how many were opened, and after how long. */
static void measure(uint64_t seeds)
{
    struct scene *scene = malloc(sizeof *scene);
    assert_non_null(scene);
    for (size_t row = 0; row < COUNT(rows); row++) {
        unsigned told = 0;
        unsigned opened = 0;
        double hours = 0;
        for (uint64_t seed = 1; seed <= seeds; seed++) {
            set_scene(scene, row, seed);
            play(scene);
            told += scene->opened > 0;
            opened += scene->opened;
            hours += scene->opened ? (double)(scene->opened_us - event_us(scene)) / (double)US_PER_HOUR : 0;
            fold_close(scene->fold);
        }
        printf("%-60s  opened %3u in %3u of %u months", rows[row].name, opened, told, (unsigned)seeds);
        if (rows[row].opened && told) {
            printf(", after %.1f h on average", hours / told);
        }
        printf("\n");
    }
    free(scene);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silences_are_told_and_nothing_else_is),
        cmocka_unit_test(a_look_allocates_nothing),
    };
    if (argc > 1) {
        measure(strtoull(argv[1], NULL, 10));
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
