/* test_examine.c - the slip rule's comparisons against an oracle that knows only events (slip_oracle.h); contributions
 * that add up; and what an agency's looks come to, also after its state was stored and loaded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "examine_parts.h"
#include "slip_history.h"
#include "slipstream/config.h"
#include "slipstream/score.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct scoring *shipped_scoring(void)
{
    struct problems problems;
    struct scoring *scoring;
    problems_init(&problems);
    assert_int_equal(scoring_load(NULL, &scoring, &problems), DONE);
    problems_done(&problems);
    return scoring;
}

static void assert_near(double got, double expected, const char *what, const char *name, unsigned subject,
                        enum test test)
{
    char word[SUBJECT_WORD_SIZE];
    if (!(fabs(got - expected) <= 1e-9 * fmax(1, fabs(expected)))) {
        fail_msg("%s, %s, %s: %s is %.12g, not %.12g", name, subject_word(subject, word), test_words[test], what, got,
                 expected);
    }
}

static const struct {
    const char *name;
    struct history_shape shape;
    bool left_out, holidays;
} histories[] = {
    {"busy", {64, 700, .15, 9, 0, 10, false}, false, false},
    {"quiet: services are pooled", {64, 60, .1, 30, 0, 10, false}, false, false},
    {"answers by their mean", {64, 400, .1, 24, 0, 40, true}, false, false},
    {"days left out", {64, 300, 0, 0, 0, 10, false}, true, false},
    {"holidays, one of them yesterday", {64, 300, .1, 5, 0, 10, false}, false, true},
    {"six weeks and a half", {46, 500, .1, 12, 0, 10, false}, true, true},
};

/* Contributions are all of d, and with the mix effect all that has changed; shares are whole. */
static void check_rows(const struct finding *finding)
{
    double d = 0;
    double mix = 0;
    double whole = 0;
    double base = 0;
    for (size_t i = 0; i < finding->row_count; i++) {
        const struct finding_row *row = &finding->rows[i];
        d += finding_row_points(row);
        mix += row->omega * (row->w_now - row->w_base) * row->p_base;
        whole += row->omega * row->w_now;
        base += row->omega * row->w_base * row->p_base;
    }
    assert_true(fabs(d - finding->d) < 1e-9 && fabs(mix - finding->mix) < 1e-9 && fabs(whole - 1) < 1e-9);
    assert_true(fabs(finding->now - finding->base - finding->d) < 1e-9);
    assert_true(fabs(finding->base - finding->mix - base) < 1e-9);
}

static bool check_finding(const struct finding *finding, const struct oracle *oracle, const char *name, double z,
                          double phi)
{
    unsigned subject = finding->subject;
    enum test test = finding->test;
    if (phi <= 0) {
        assert_int_equal(finding->verdict, VERDICT_LEARNING);
        return false;
    }
    double used = (double)(float)phi;
    struct oracle_answer answer = oracle_compare(oracle, subject, z, used);
    bool enough = answer.compared && answer.n_now / used >= 50 && answer.n_base / used >= 300;
    assert_int_equal(finding->verdict, enough ? VERDICT_COMPARED : VERDICT_INSUFFICIENT);
    assert_near(finding->n_now, answer.n_now, "n now", name, subject, test);
    assert_near(finding->n_base, answer.n_base, "n base", name, subject, test);
    if (enough) {
        assert_near(finding->d, answer.d, "d", name, subject, test);
        assert_near(finding->low, answer.low, "low", name, subject, test);
        assert_near(finding->high, answer.high, "high", name, subject, test);
        assert_near(finding->mix, answer.mix, "mix", name, subject, test);
    }
    return enough;
}

/* What people are told: of whole panes, at 95 %. Returns how many subjects could be compared. */
static unsigned check_told(struct examiner *examiner, struct slip_history *history, const char *name,
                           const struct agency_detection *detection, struct event_time as_of, enum test test,
                           const double phi[SUBJECTS])
{
    unsigned compared = 0;
    oracle_set(&history->oracle, test, as_of.us, true);
    for (unsigned s = 0; s < SUBJECTS; s++) {
        struct finding found = examine_subject(examiner, history->fold, history->agency, detection, as_of, s, test);
        assert_near((double)detection->phi[s][test], (double)(float)phi[s], "phi", name, s, test);
        if (check_finding(&found, &history->oracle, name, Z_95, phi[s])) {
            check_rows(&found);
            compared++;
        }
    }
    return compared;
}

/* What the last look went by: windows that are as long as they are called, how sure the rule says. */
static unsigned check_tested(const struct examiner *examiner, struct slip_history *history, const char *name,
                             struct event_time as_of, enum test test, const double phi[SUBJECTS])
{
    const struct detection *rule = &history->oracle.scoring->detection;
    unsigned compared = 0;
    oracle_set(&history->oracle, test, as_of.us, false);
    for (unsigned s = 0; s < SUBJECTS; s++) {
        double z = rule->tests[test].z + (s == SUBJECT_CX ? 0 : rule->subject_z_raise);
        compared += check_finding(&examiner->findings[s][test], &history->oracle, name, z, phi[s]);
    }
    return compared;
}

static void check_history(struct slip_history *history, struct scoring *scoring, size_t at, uint64_t seed)
{
    const int64_t last = HISTORY_BEGIN / US_PER_DAY + histories[at].shape.days - 1;
    const int64_t holidays[] = {last - 23, last - 1};
    history_open(history, seed, scoring);
    const struct examine_look look = {history_make(history, &histories[at].shape, NULL), {INT64_MIN}, true};
    struct oracle *oracle = &history->oracle;
    struct agency_detection detection;
    struct examiner *examiner = examiner_open(scoring);
    unsigned compared = 0;
    unsigned tested = 0;
    agency_detection_init(&detection);
    oracle->last_day = last;
    oracle_forget(oracle, look.as_of.us);
    scoring->holidays = histories[at].holidays ? holidays : NULL;
    scoring->holiday_count = histories[at].holidays ? COUNT(holidays) : 0;
    if (histories[at].left_out) {
        slip_leave_out(&detection.slips[SUBJECT_CX], last - 13, last - 11);
        oracle->left_out = UINT64_C(7) << 11;
    }
    (void)examine_agency(examiner, history->fold, history->agency, &detection, &look);
    int64_t hour_us = time_floor(look.as_of.us, US_PER_HOUR) * US_PER_HOUR; /* it is the 59th minute: of every agency */
    double phi[TESTS][SUBJECTS];
    for (unsigned t = TEST_1H; t <= TEST_7D; t++) {
        oracle_phi(oracle, (enum test)t, hour_us, phi[t]);
        tested += check_tested(examiner, history, histories[at].name, look.as_of, (enum test)t, phi[t]);
    }
    for (unsigned t = TEST_1H; t <= TEST_7D; t++) {
        compared += check_told(examiner, history, histories[at].name, &detection, look.as_of, (enum test)t, phi[t]);
    }
    assert_true(tested >= 8);
    assert_true(compared >= 8); /* else nothing was shown */
    scoring->holiday_count = 0;
    agency_detection_done(&detection);
    examiner_close(examiner);
    history_free(history);
}

static void comparisons_are_the_oracles(void **state)
{
    (void)state;
    struct scoring *scoring = shipped_scoring();
    struct slip_history *history = malloc(sizeof *history);
    assert_non_null(history);
    for (size_t i = 0; i < COUNT(histories); i++) {
        scoring->method = histories[i].shape.mean_method ? METHOD_MEAN : METHOD_TOP2BOX;
        for (uint64_t seed = 1; seed <= 3; seed++) {
            check_history(history, scoring, i, 10 * i + seed);
        }
    }
    free(history);
    scoring_close(scoring);
}

/* ---- looks, one after another ---- */

/* The same agency looked at three times: once as it goes, once by somebody who is restarted all the time, and once by
 * somebody who spares what makes no difference. */
struct watched {
    const struct scoring *scoring;
    struct examiner *examiner, *other, *sparing;
    struct agency_detection detection, restarted, spared;
    struct event_time previous;
    struct seeded random;
    unsigned opened, closed, opened_cx;
    struct event_time opened_at, closed_at;
};

/* Through what is stored of it, into new memory. */
static void restart(struct watched *self)
{
    struct agency_detection loaded;
    struct reason why;
    agency_detection_init(&loaded);
    for (unsigned s = 0; s < SUBJECTS; s++) {
        struct buffer bytes;
        buffer_init(&bytes, SLIP_SIZE_MAX);
        slip_encode(&self->restarted.slips[s], &bytes);
        assert_int_equal(slip_decode(&loaded.slips[s], buffer_as_span(&bytes), &why), DONE);
        buffer_done(&bytes);
    }
    buffer_bytes(&loaded.pin, self->restarted.pin.data, self->restarted.pin.size);
    agency_detection_done(&self->restarted);
    self->restarted = loaded;
    examiner_close(self->other);
    self->other = examiner_open(self->scoring);
}

static void check_alike(const struct examined *a, const struct examined *b)
{
    assert_int_equal(a->event_count, b->event_count);
    for (size_t i = 0; i < a->event_count; i++) {
        assert_int_equal(a->events[i].subject, b->events[i].subject);
        assert_int_equal(a->events[i].transition, b->events[i].transition);
        assert_int_equal(a->events[i].slip->episode.ordinal, b->events[i].slip->episode.ordinal);
        assert_true(fabs(a->events[i].finding.d - b->events[i].finding.d) < 1e-12);
        assert_true(fabs(a->events[i].finding.phi - b->events[i].finding.phi) < 1e-12);
        check_rows(&a->events[i].finding);
    }
}

static void look_thrice(void *context, struct slip_history *history, struct event_time as_of)
{
    struct watched *self = context;
    struct examine_look look = {as_of, self->previous, seeded_one_in(&self->random, 4)};
    if (seeded_one_in(&self->random, 5)) {
        restart(self);
    }
    struct examined a = examine_agency(self->examiner, history->fold, history->agency, &self->detection, &look);
    struct examined b = examine_agency(self->other, history->fold, history->agency, &self->restarted, &look);
    struct examined c = examine_agency(self->sparing, history->fold, history->agency, &self->spared, &look);
    check_alike(&a, &b);
    check_alike(&a, &c);
    for (size_t i = 0; i < a.event_count; i++) {
        bool opens = a.events[i].transition == ALERT_OPENED;
        self->opened += opens;
        self->closed += !opens;
        if (a.events[i].subject == SUBJECT_CX) {
            self->opened_cx += opens;
            *(opens ? &self->opened_at : &self->closed_at) = as_of;
        }
    }
    self->previous = as_of;
}

/* Hours in which a good third of what was well is not. They are found while they last; they are over when the longest
 * window that saw them is past them, and no longer one tells them again. (In these of three hours the day's window,
 * which holds them when the others have cleared, would have.) */
static const struct {
    unsigned hours;
    uint64_t seed;
} slips[] = {{5, 1}, {5, 2}, {5, 3}, {3, 2}, {3, 9}, {3, 12}, {3, 18}};

static void check_slip(struct slip_history *history, const struct scoring *scoring, unsigned hours, uint64_t seed)
{
    const struct history_shape shape = {61, 900, .35, hours, 35, 10, false};
    const int64_t slip_ends_us = HISTORY_BEGIN + 61 * US_PER_DAY - 35 * US_PER_HOUR;
    struct watched watched = {.scoring = scoring,
                              .examiner = examiner_open(scoring),
                              .other = examiner_open(scoring),
                              .sparing = examiner_open(scoring),
                              .previous = {INT64_MIN},
                              .random = {seed}};
    const struct history_watcher watcher = {6, &watched, look_thrice};
    agency_detection_init(&watched.detection);
    agency_detection_init(&watched.restarted);
    agency_detection_init(&watched.spared);
    examiner_spare_phi(watched.sparing);
    history_open(history, seed, scoring);
    (void)history_make(history, &shape, &watcher);
    assert_int_equal(watched.opened_cx, 1);
    assert_true(watched.opened_at.us > slip_ends_us - hours * US_PER_HOUR && watched.opened_at.us < slip_ends_us);
    assert_int_equal(watched.opened, watched.closed);
    assert_true(watched.closed_at.us > slip_ends_us);
    assert_true(watched.detection.pin.size > 0); /* eight whole weeks had passed */
    assert_true(span_equal(buffer_as_span(&watched.detection.pin), buffer_as_span(&watched.restarted.pin)));
    agency_detection_done(&watched.detection);
    agency_detection_done(&watched.restarted);
    agency_detection_done(&watched.spared);
    examiner_close(watched.examiner);
    examiner_close(watched.other);
    examiner_close(watched.sparing);
    history_free(history);
}

static void a_slip_opens_and_closes_once_whoever_looks(void **state)
{
    (void)state;
    struct scoring *scoring = shipped_scoring();
    struct slip_history *history = malloc(sizeof *history);
    assert_non_null(history);
    for (size_t i = 0; i < COUNT(slips); i++) {
        check_slip(history, scoring, slips[i].hours, slips[i].seed);
    }
    free(history);
    scoring_close(scoring);
}

/* An hour's first look came before the history did. */
static void history_that_comes_late_need_not_wait_for_the_next_hour(void **state)
{
    (void)state;
    struct scoring *scoring = shipped_scoring();
    struct slip_history *history = malloc(sizeof *history);
    struct examiner *examiner = examiner_open(scoring);
    struct agency_detection detection;
    assert_non_null(history);
    agency_detection_init(&detection);
    history_open(history, 1, scoring);
    const struct examine_look look = {history_make(history, &histories[0].shape, NULL), {INT64_MIN}, true};
    detection.method = hash64(span_text(scoring->version), 0);
    detection.phi_at.us = time_floor(look.as_of.us, US_PER_HOUR) * US_PER_HOUR;
    (void)examine_agency(examiner, history->fold, history->agency, &detection, &look);
    assert_true(detection.phi[SUBJECT_CX][TEST_4H] <= 0);
    agency_detection_history(&detection);
    (void)examine_agency(examiner, history->fold, history->agency, &detection, &look);
    assert_true(detection.phi[SUBJECT_CX][TEST_4H] >= 1);
    struct event_time found = detection.phi_at;
    agency_detection_history(&detection);
    assert_int_equal(detection.phi_at.us, found.us); /* what has enough is found anew with the next hour */
    agency_detection_done(&detection);
    examiner_close(examiner);
    history_free(history);
    free(history);
    scoring_close(scoring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons_are_the_oracles),
        cmocka_unit_test(a_slip_opens_and_closes_once_whoever_looks),
        cmocka_unit_test(history_that_comes_late_need_not_wait_for_the_next_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
