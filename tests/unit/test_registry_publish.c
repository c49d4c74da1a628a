/* test_registry_publish.c - our own schemas in a registry: found, checked, registered, and in that order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_registry.h"
#include "slipstream/registry.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SCHEMA      "{\"type\":\"int\"}"
#define FIND        "POST /base/subjects/a%2Fb%20value"
#define CHECK       "POST /base/compatibility/subjects/a%2Fb%20value/versions/latest"
#define CREATE      "POST /base/subjects/a%2Fb%20value/versions"
#define LINE_FIND   FIND " HTTP/1.1\n"
#define LINE_CHECK  CHECK "?verbose=true HTTP/1.1\n"
#define LINE_CREATE CREATE " HTTP/1.1\n"
#define NOT_THERE                                                                                                      \
    {                                                                                                                  \
        FIND, WHOLE, "404 Not Found", "{\"error_code\":40403}", 0                                                      \
    }
#define COMPATIBLE                                                                                                     \
    {                                                                                                                  \
        CHECK, WHOLE, "200 OK", "{\"is_compatible\":true}", 0                                                          \
    }

static const struct {
    const char *name;
    struct fake_answer answers[4];
    const char *lines; /* what it is asked, in order */
    enum outcome outcome;
    enum reason_code code;
    uint32_t id;
    const char *text; /* of the reason */
} rows[] = {
    {"there already",
     {{FIND, WHOLE, "200 OK", "{\"subject\":\"a\",\"version\":2,\"id\":42}", 0}},
     LINE_FIND,
     DONE,
     REASON_NONE,
     42,
     ""},
    {"registered",
     {NOT_THERE, COMPATIBLE, {CREATE, WHOLE, "200 OK", "{\"id\":42}", 0}},
     LINE_FIND LINE_CHECK LINE_CREATE,
     DONE,
     REASON_NONE,
     42,
     ""},
    {"the first of its subject",
     {NOT_THERE, {CREATE, WHOLE, "200 OK", "{\"id\":1}", 0}},
     LINE_FIND LINE_CHECK LINE_CREATE,
     DONE,
     REASON_NONE,
     1,
     ""},
    {"the greatest id",
     {NOT_THERE, COMPATIBLE, {CREATE, WHOLE, "201 Created", "{\"id\":4294967295}", 0}},
     LINE_FIND LINE_CHECK LINE_CREATE,
     DONE,
     REASON_NONE,
     UINT32_MAX,
     ""},
    {"incompatible, in Confluent's words",
     {NOT_THERE, {CHECK, WHOLE, "200 OK", "{\"is_compatible\":false,\"messages\":[\"READER_FIELD_MISSING: x\"]}", 0}},
     LINE_FIND LINE_CHECK,
     SKIP,
     REASON_INCOMPATIBLE_SCHEMA,
     0,
     "our schema of a/b value is not compatible with the latest version there, and was not registered: READER_FIELD"},
    {"incompatible, in Apicurio's",
     {NOT_THERE, {CHECK, WHOLE, "200 OK", "{\"is_compatible\":false,\"reason\":\"x at 0\"}", 0}},
     LINE_FIND LINE_CHECK,
     SKIP,
     REASON_INCOMPATIBLE_SCHEMA,
     0,
     "registered: x at 0"},
    {"incompatible without a word",
     {NOT_THERE, {CHECK, WHOLE, "200 OK", "{\"is_compatible\":false}", 0}},
     LINE_FIND LINE_CHECK,
     SKIP,
     REASON_INCOMPATIBLE_SCHEMA,
     0,
     "does not say why"},
    {"a check that says nothing",
     {NOT_THERE, {CHECK, WHOLE, "200 OK", "{}", 0}},
     LINE_FIND LINE_CHECK,
     RETRY,
     REASON_UNAVAILABLE,
     0,
     "nothing of compatibility"},
    {"a check that fails",
     {NOT_THERE, {CHECK, WHOLE, "500 Oops", "", 0}},
     LINE_FIND LINE_CHECK,
     RETRY,
     REASON_UNAVAILABLE,
     0,
     "HTTP 500"},
    {"incompatible after all",
     {NOT_THERE, COMPATIBLE, {CREATE, WHOLE, "409 Conflict", "{}", 0}},
     LINE_FIND LINE_CHECK LINE_CREATE LINE_CREATE,
     SKIP,
     REASON_INCOMPATIBLE_SCHEMA,
     0,
     "an earlier version"},
    {"a conflict that passes: another instance registers the same",
     {NOT_THERE, COMPATIBLE, {CREATE, WHOLE, "409 Conflict", "{}", 1}, {CREATE, WHOLE, "200 OK", "{\"id\":7}", 0}},
     LINE_FIND LINE_CHECK LINE_CREATE LINE_CREATE,
     DONE,
     REASON_NONE,
     7,
     ""},
    {"no schema",
     {NOT_THERE, COMPATIBLE, {CREATE, WHOLE, "422 Unprocessable Entity", "{}", 0}},
     LINE_FIND LINE_CHECK LINE_CREATE,
     SKIP,
     REASON_BAD_SCHEMA,
     0,
     "no valid schema"},
    {"not allowed to look",
     {{FIND, WHOLE, "401 Unauthorized", "{}", 0}},
     LINE_FIND,
     STOP,
     REASON_REFUSED,
     0,
     "registry.token"},
    {"not allowed to write",
     {NOT_THERE, COMPATIBLE, {CREATE, WHOLE, "403 Forbidden", "{}", 0}},
     LINE_FIND LINE_CHECK LINE_CREATE,
     STOP,
     REASON_REFUSED,
     0,
     "HTTP 403"},
    {"out of order",
     {{FIND, WHOLE, "500 Internal Server Error", "{}", 0}},
     LINE_FIND,
     RETRY,
     REASON_UNAVAILABLE,
     0,
     "HTTP 500"},
    {"redirected",
     {NOT_THERE, COMPATIBLE, {CREATE, WHOLE, "307 Temporary Redirect\r\nLocation: /other", "", 0}},
     LINE_FIND LINE_CHECK LINE_CREATE,
     RETRY,
     REASON_UNAVAILABLE,
     0,
     "HTTP 307"},
    {"an id that is none",
     {NOT_THERE, COMPATIBLE, {CREATE, WHOLE, "200 OK", "{\"id\":-1}", 0}},
     LINE_FIND LINE_CHECK LINE_CREATE,
     RETRY,
     REASON_UNAVAILABLE,
     0,
     "no id"},
    {"an id beyond 32 bits",
     {NOT_THERE, COMPATIBLE, {CREATE, WHOLE, "200 OK", "{\"id\":4294967296}", 0}},
     LINE_FIND LINE_CHECK LINE_CREATE,
     RETRY,
     REASON_UNAVAILABLE,
     0,
     "no id"},
    {"garbage", {{FIND, WHOLE, "200 OK", "hello", 0}}, LINE_FIND, RETRY, REASON_UNAVAILABLE, 0, "no id"},
};

static void a_schema_is_registered(void **state)
{
    (void)state;
    struct fake_registry *fake = fake_registry_open(NULL);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/base", fake->port);
    const struct registry_settings settings = {.url = url, .timeout_ms = 5000};
    struct registry *registry = NULL;
    struct reason why = {REASON_NONE, ""};
    assert_int_equal(registry_open(&settings, &registry, &why), DONE);
    for (size_t row = 0; row < COUNT(rows); row++) {
        size_t count = 0;
        while (count < COUNT(rows[row].answers) && rows[row].answers[count].path) {
            count++;
        }
        fake_registry_says(fake, rows[row].answers, count);
        uint32_t id = 0;
        why = (struct reason){REASON_NONE, ""};
        enum outcome outcome = registry_register(registry, "a/b value", span_text(SCHEMA), &id, &why);
        if (outcome != rows[row].outcome || why.code != rows[row].code || id != rows[row].id ||
            strstr(why.text, rows[row].text) == NULL) {
            fail_msg("%s: %d, id %u, %s", rows[row].name, outcome, id, why.text);
        }
        if (!fake_registry_was_asked(fake, rows[row].lines)) {
            fail_msg("%s: asked something else", rows[row].name);
        }
        assert_true(fake_registry_heard(fake, "Content-Type: application/vnd.schemaregistry.v1+json\r\n"));
        assert_true(fake_registry_heard(fake, "\r\n\r\n{\"schema\":\"{\\\"type\\\":\\\"int\\\"}\"}"));
    }
    uint32_t id;
    assert_int_equal(registry_register(registry, "a", span_text("\xff"), &id, NULL), SKIP);
    assert_int_equal(registry_register(registry, "", span_text("{}"), &id, NULL), STOP);
    registry_close(registry);
    fake_registry_close(fake);
}

int main(void)
{
    setenv("no_proxy", "*", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_is_registered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
