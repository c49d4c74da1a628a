/* test_demo_setting.c - the demo's scoring file is the built-in one, in a hurry and with targets: it is read, whatever
 * the built-in figures are, and every other figure of the slip rule is as it was. */
#include "demo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct scoring *read_scoring(const char *path)
{
    struct scoring *scoring;
    struct problems problems;
    problems_init(&problems);
    if (scoring_load(path, &scoring, &problems) != DONE) {
        fail_msg("%.*s", (int)problems.text.size, (const char *)problems.text.data);
    }
    problems_done(&problems);
    return scoring;
}

static void the_rule_is_in_a_hurry_and_no_less_sure(void **state)
{
    (void)state;
    const struct generator_settings traffic = {.seed = 1,
                                               .live = {INT64_C(1790553600000000)},
                                               .history_us = US_PER_HOUR,
                                               .history_per_day = 1,
                                               .busy_per_hour = 1,
                                               .live_per_second = 1};
    const struct demo_options options = {.brokers = "127.0.0.1:1"};
    struct generator *generator = generator_open(&traffic);
    struct demo_home home = {.keeper = 0};
    struct demo_setting setting = {.methods = NULL};
    char path[DEMO_PATH_SIZE];
    struct reason why;
    snprintf(home.folder, sizeof home.folder, "/tmp/test_demo_setting.XXXXXX");
    assert_non_null(mkdtemp(home.folder));
    if (demo_setting_open(&setting, &home, &options, generator, "redis://127.0.0.1:1", &why) != DONE) {
        fail_msg("%s", why.text);
    }
    struct scoring *builtin = read_scoring(NULL);
    struct scoring *made = read_scoring(demo_path(&home, "scoring.yaml", path));
    assert_int_equal(made->detection.tests[TEST_4H].look_us, US_PER_MINUTE);
    assert_int_equal(made->detection.looks_to_fire, 1);
    made->detection.tests[TEST_4H].look_us = builtin->detection.tests[TEST_4H].look_us;
    made->detection.looks_to_fire = builtin->detection.looks_to_fire;
    for (unsigned t = TEST_24H; t < TESTS; t++) {
        assert_true(made->detection.tests[t].z > builtin->detection.tests[t].z);
        made->detection.tests[t].z = builtin->detection.tests[t].z;
    }
    assert_memory_equal(&made->detection, &builtin->detection, sizeof made->detection);
    for (unsigned a = 0; a < GENERATOR_AGENCIES; a++) {
        assert_true(scoring_target(made, span_text(generator_agency(a)), TARGET_CX) > 0);
    }
    scoring_close(made);
    scoring_close(builtin);
    demo_setting_close(&setting);
    generator_close(generator);
    char command[2 * DEMO_PATH_SIZE];
    snprintf(command, sizeof command, "rm -r '%s'", home.folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rule_is_in_a_hurry_and_no_less_sure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
