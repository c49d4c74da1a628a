/* test_services.c - an agency's services on their own: what each counted, and which are shown when there are many.
 *
 * Oracle: every service's interactions drawn beforehand; a sort of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "seeded.h"
#include "services.h"

#define SERVICES_MOST 200

static const struct scoring scoring = {.version = "0123456789abcdef", .signal_n_min = 1};

struct drawn {
    char name[24];
    int64_t interactions[WINDOWS];
};

static void draw(struct seeded *random, struct drawn *drawn, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        snprintf(drawn[i].name, sizeof drawn[i].name, "s%zu", i);
        for (unsigned w = 0; w < WINDOWS; w++) {
            drawn[i].interactions[w] = 1 + (int64_t)seeded_below(random, 1000000);
        }
        drawn[i].interactions[WINDOW_28D] = (int64_t)(i * 7919 % 100003); /* all different */
    }
}

/* Each service in two channels, one window after another. */
static void add_all(struct scorecard *scorecard, struct service_tallies *tallies, const struct drawn *drawn,
                    size_t count)
{
    scorecard->scoring = &scoring;
    services_begin(scorecard);
    for (size_t i = 0; i < count; i++) {
        service_clear(tallies);
        for (unsigned w = 0; w < WINDOWS; w++) {
            int64_t counts[COUNTERS] = {0};
            counts[COUNTER_EVENTS] = counts[COUNTER_INTERACTIONS] = drawn[i].interactions[w] / 3;
            service_add(tallies, (enum window)w, counts, CHANNEL_PHONE, &scoring);
            counts[COUNTER_EVENTS] = counts[COUNTER_INTERACTIONS] =
                drawn[i].interactions[w] - drawn[i].interactions[w] / 3;
            service_add(tallies, (enum window)w, counts, CHANNEL_WEB, &scoring);
        }
        service_end(tallies, span_text(drawn[i].name), (uint32_t)i, scorecard);
    }
    service_clear(tallies);
    service_end(tallies, span_text("never used"), (uint32_t)count, scorecard);
}

/* How many services have more in 28 days. */
static size_t ahead_of(const struct drawn *drawn, size_t count, size_t one)
{
    size_t ahead = 0;
    for (size_t i = 0; i < count; i++) {
        ahead += drawn[i].interactions[WINDOW_28D] > drawn[one].interactions[WINDOW_28D];
    }
    return ahead;
}

static const struct service_cards *shown(const struct scorecard *scorecard, const char *name)
{
    for (size_t i = 0; i < scorecard->service_count; i++) {
        if (span_equal(scorecard->services[i].service, span_text(name))) {
            return &scorecard->services[i];
        }
    }
    return NULL;
}

static void the_largest_are_shown(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 3, SERVICES_SHOWN, SERVICES_SHOWN + 1, SERVICES_MOST};
    struct seeded random = {3};
    struct drawn *drawn = calloc(SERVICES_MOST, sizeof *drawn);
    struct scorecard *scorecard = calloc(1, sizeof *scorecard);
    struct service_tallies *tallies = calloc(1, sizeof *tallies);
    assert_true(drawn && scorecard && tallies);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        size_t count = counts[c];
        size_t most = count < SERVICES_SHOWN ? count : SERVICES_SHOWN;
        draw(&random, drawn, count);
        add_all(scorecard, tallies, drawn, count);
        assert_int_equal(scorecard->service_count, most);
        assert_int_equal(scorecard->services_left, count - most);
        for (size_t i = 0; i < count; i++) {
            const struct service_cards *service = shown(scorecard, drawn[i].name);
            assert_int_equal(service != NULL, ahead_of(drawn, count, i) < SERVICES_SHOWN);
            assert_true(!service || service->position == i);
            for (unsigned w = 0; service && w < WINDOWS; w++) {
                assert_int_equal(service->cards[w].interactions, drawn[i].interactions[w]);
            }
        }
    }
    free(drawn);
    free(scorecard);
    free(tallies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_largest_are_shown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
