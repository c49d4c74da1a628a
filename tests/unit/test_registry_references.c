/* test_registry_references.c - schemas that refer to others, fetched by a registry's rules; GUIDs; hostile ones.
 *
 * What a linked schema must mean is said by its canonical form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode_rows.h"
#include "fake_registry.h"
#include "slipstream/decode/schema_text.h"
#include "slipstream/registry.h"

#define ID7                      "GET /schemas/ids/7"
#define GET(s, v)                "GET /subjects/" s "/versions/" v
#define REF(s, v)                "{'name':'n','subject':'" s "','version':" v "}"
#define REFERENCES_LARGE         (((size_t)256 << 10) + 64) /* more than may be referred to */
#define SAYS(schema, references) "{'schema':'" schema "','references':[" references "]}" /* \" in a schema is ~ */

static const struct {
    const char *name;
    struct fake_answer answers[5];
    const char *expected; /* the form, or a refusal; RETRY's is "retry: …" */
} rows[] = {
    {"one",
     {{ID7, WHOLE, "200 OK", SAYS("[~null~,~a.E~]", REF("e", "3")), 0},
      {GET("e", "3"), WHOLE, "200 OK", SAYS("{~type~:~enum~,~name~:~a.E~,~symbols~:[~X~]}", ""), 0}},
     "['null',{'name':'a.E','type':'enum','symbols':['X']}]"},
    {"a subject with a slash, the latest version",
     {{ID7, WHOLE, "200 OK", SAYS("~F~", REF("x/y z", "-1")), 0},
      {GET("x%2Fy%20z", "latest"), WHOLE, "200 OK", SAYS("{~type~:~fixed~,~name~:~F~,~size~:4}", ""), 0}},
     "{'name':'F','type':'fixed','size':4}"},
    {"a reference's own",
     {{ID7, WHOLE, "200 OK", SAYS("[~F~,~G~]", REF("g", "1")), 0},
      {GET("g", "1"), WHOLE, "200 OK",
       SAYS("{~type~:~record~,~name~:~G~,~fields~:[{~name~:~f~,~type~:~F~}]}", REF("f", "2")), 0},
      {GET("f", "2"), WHOLE, "200 OK", SAYS("{~type~:~fixed~,~name~:~F~,~size~:4}", ""), 0}},
     "[{'name':'F','type':'fixed','size':4},{'name':'G','type':'record','fields':[{'name':'f','type':'F'}]}]"},
    {"the same by two ways is asked for once",
     {{ID7, WHOLE, "200 OK", SAYS("[~F~,~G~]", REF("f", "2") "," REF("g", "1")), 0},
      {GET("g", "1"), WHOLE, "200 OK",
       SAYS("{~type~:~record~,~name~:~G~,~fields~:[{~name~:~f~,~type~:~F~}]}", REF("f", "2")), 0},
      {GET("f", "2"), WHOLE, "200 OK", SAYS("{~type~:~fixed~,~name~:~F~,~size~:4}", ""), 1}},
     "[{'name':'F','type':'fixed','size':4},{'name':'G','type':'record','fields':[{'name':'f','type':'F'}]}]"},
    {"one that is not there",
     {{ID7, WHOLE, "200 OK", SAYS("~F~", REF("f", "2")), 0}},
     "unknown_schema: schema 7 refers to version 2 of f: version 2 of f is not in"},
    {"one that is no Avro",
     {{ID7, WHOLE, "200 OK", SAYS("~F~", REF("f", "2")), 0},
      {GET("f", "2"), WHOLE, "200 OK", "{'schema':'x','schemaType':'PROTOBUF'}", 0}},
     "bad_schema: version 2 of f is not an Avro schema"},
    {"one that is no schema",
     {{ID7, WHOLE, "200 OK", SAYS("~F~", REF("f", "2")), 0}, {GET("f", "2"), WHOLE, "200 OK", SAYS("{", ""), 0}},
     "bad_schema: schema 7 refers to version 2 of f: not JSON"},
    {"the registry fails on the way",
     {{ID7, WHOLE, "200 OK", SAYS("~F~", REF("f", "2")), 0}, {GET("f", "2"), WHOLE, "500 Oops", "", 0}},
     "retry: schema 7 refers to version 2 of f: HTTP 500"},
    {"to itself",
     {{ID7, WHOLE, "200 OK", SAYS("~F~", REF("f", "2")), 0},
      {GET("f", "2"), WHOLE, "200 OK", SAYS("~F~", REF("f", "2")), 0}},
     "bad_schema: schema 7 refers to version 2 of f, which refers to itself"},
    {"in a circle",
     {{ID7, WHOLE, "200 OK", SAYS("~F~", REF("f", "2")), 0},
      {GET("f", "2"), WHOLE, "200 OK", SAYS("~G~", REF("g", "2")), 0},
      {GET("g", "2"), WHOLE, "200 OK", SAYS("~F~", REF("f", "2")), 0}},
     "bad_schema: version 2 of f, which refers to itself"},
    {"without a version",
     {{ID7, WHOLE, "200 OK", SAYS("~F~", "{'subject':'f'}"), 0}},
     "bad_schema: a reference without subject and version"},
    {"two ways of one name",
     {{ID7, WHOLE, "200 OK", SAYS("[~F~]", REF("f", "1") "," REF("f", "2")), 0},
      {GET("f", "1"), WHOLE, "200 OK", SAYS("{~type~:~fixed~,~name~:~F~,~size~:4}", ""), 0},
      {GET("f", "2"), WHOLE, "200 OK", SAYS("{~type~:~fixed~,~name~:~F~,~size~:5}", ""), 0}},
     "bad_schema: F is defined in two ways"},
    {"a reference that nothing needs",
     {{ID7, WHOLE, "200 OK", SAYS("~int~", REF("f", "1")), 0},
      {GET("f", "1"), WHOLE, "200 OK", SAYS("{~type~:~fixed~,~name~:~F~,~size~:4}", ""), 0}},
     "'int'"},
};

/* ' for ", ~ for \". The caller frees it. */
static char *answer_of(const char *text)
{
    char *out = malloc(strlen(text) * 2 + 1);
    size_t size = 0;
    for (; *text; text++) {
        if (*text == '~') {
            out[size++] = '\\';
        }
        out[size++] = *text == '~' || *text == '\'' ? '"' : *text;
    }
    out[size] = '\0';
    return out;
}

static struct registry *open_registry(const struct fake_registry *fake)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", fake->port);
    const struct registry_settings settings = {
        .url = url, .timeout_ms = 5000, .patience_ms = 20000, .negative_ttl_ms = 60000};
    struct registry *registry = NULL;
    struct reason why;
    assert_int_equal(registry_open(&settings, &registry, &why), DONE);
    return registry;
}

static enum outcome look_up(struct fake_registry *fake, const struct schema_ref *ref, struct buffer *form,
                            struct reason *why)
{
    struct registry *registry = open_registry(fake);
    struct span schema;
    enum outcome outcome = registry_lookup(registry, ref, (struct mono_time){0}, &schema, why);
    outcome = outcome == DONE ? schema_canonical(schema, form, why) : outcome;
    registry_close(registry);
    return outcome;
}

static bool is_expected(enum outcome outcome, const char *expected, const struct buffer *form, const struct reason *why)
{
    if (outcome == RETRY) {
        return strncmp(expected, "retry: ", 7) == 0 && strstr(why->text, expected + 7) != NULL;
    }
    char *text = json_of(expected);
    bool same =
        outcome == DONE ? span_equal(buffer_as_span(form), span_text(text)) : refusal_is(expected, outcome, why);
    free(text);
    return same;
}

static void a_schema_comes_with_what_it_refers_to(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(rows); row++) {
        struct fake_registry *fake = fake_registry_open(NULL);
        struct fake_answer answers[5];
        char *bodies[5] = {NULL};
        size_t count = 0;
        for (; count < 5 && rows[row].answers[count].path; count++) {
            answers[count] = rows[row].answers[count];
            bodies[count] = answer_of(answers[count].body);
            answers[count].body = bodies[count];
        }
        fake_registry_says(fake, answers, count);
        const struct schema_ref ref = schema_by_id(7);
        struct buffer form;
        struct reason why = {REASON_NONE, ""};
        buffer_init(&form, 1 << 20);
        enum outcome outcome = look_up(fake, &ref, &form, &why);
        if (!is_expected(outcome, rows[row].expected, &form, &why)) {
            fail_msg("%s: %d, %s, %.*s", rows[row].name, outcome, why.text, SPAN_FORMAT(buffer_as_span(&form)));
        }
        fake_registry_close(fake); /* first: it may not have returned from sending the last of them */
        buffer_done(&form);
        for (size_t i = 0; i < count; i++) {
            free(bodies[i]);
        }
    }
}

/* A chain of schemas, each referring to the next; and one that refers to very many. */
static void references_have_bounds(void **state)
{
    (void)state;
    static char paths[64][64];
    static char bodies[64][8192];
    static char large[REFERENCES_LARGE];
    struct fake_answer answers[64];
    for (unsigned deep = 0; deep < 2; deep++) {
        size_t used = 0;
        for (unsigned i = 0; i < 40; i++) {
            char *end = bodies[i];
            snprintf(paths[i], sizeof paths[i], i == 0 ? ID7 : GET("s%u", "1"), i);
            end += sprintf(end, "{\"schema\":\"\\\"int\\\"\",\"references\":[");
            for (unsigned r = i + 1; deep ? r == i + 1 : i == 0 && r < 40; r++) {
                end += sprintf(end, "%s{\"subject\":\"s%u\",\"version\":1}", r == i + 1 ? "" : ",", r);
            }
            sprintf(end, "]}");
            answers[used++] = (struct fake_answer){paths[i], WHOLE, "200 OK", bodies[i], 0};
        }
        struct fake_registry *fake = fake_registry_open(NULL);
        fake_registry_says(fake, answers, used);
        const struct schema_ref ref = schema_by_id(7);
        struct buffer form;
        struct reason why = {REASON_NONE, ""};
        buffer_init(&form, 1 << 20);
        assert_int_equal(look_up(fake, &ref, &form, &why), SKIP);
        assert_int_equal(why.code, REASON_BAD_SCHEMA);
        assert_non_null(strstr(why.text, deep ? "over more than 8 others" : "more than 32 schemas"));
        assert_int_equal(fake_registry_requests(fake),
                         deep ? 1 + REGISTRY_REFERENCE_DEPTH : 1 + REGISTRY_REFERENCES_MAX);
        buffer_done(&form);
        fake_registry_close(fake);
    }

    memset(large, ' ', sizeof large);
    memcpy(large, "{\"schema\":\"\\\"int\\\"", 18);
    memcpy(large + sizeof large - 3, "\"}", 3);
    const struct fake_answer heavy[] = {
        {ID7, WHOLE, "200 OK", "{\"schema\":\"\\\"int\\\"\",\"references\":[{\"subject\":\"s\",\"version\":1}]}", 0},
        {GET("s", "1"), WHOLE, "200 OK", large, 0},
    };
    struct fake_registry *fake = fake_registry_open(NULL);
    fake_registry_says(fake, heavy, 2);
    const struct schema_ref ref = schema_by_id(7);
    struct buffer form;
    struct reason why = {REASON_NONE, ""};
    buffer_init(&form, 1 << 20);
    assert_int_equal(look_up(fake, &ref, &form, &why), SKIP);
    assert_non_null(strstr(why.text, "bytes of schemas"));
    buffer_done(&form);
    fake_registry_close(fake);
}

static void a_schema_is_found_by_its_guid(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {
        {"GET /schemas/guids/89791762-2336-4186-9674-299b90a802e2", WHOLE, "200 OK",
         "{\"guid\":\"89791762-2336-4186-9674-299b90a802e2\",\"schemaType\":\"AVRO\",\"schema\":\"\\\"int\\\"\"}", 0}};
    struct fake_registry *fake = fake_registry_open(NULL);
    struct schema_ref ref = {
        .by = SCHEMA_BY_GUID, .high = UINT64_C(0x8979176223364186), .low = UINT64_C(0x9674299b90a802e2)};
    struct buffer form;
    struct reason why = {REASON_NONE, ""};
    fake_registry_says(fake, answers, 1);
    buffer_init(&form, 1 << 20);
    assert_int_equal(look_up(fake, &ref, &form, &why), DONE);
    assert_true(span_equal(buffer_as_span(&form), span_text("\"int\"")));
    ref.low++;
    assert_int_equal(look_up(fake, &ref, &form, &why), SKIP);
    assert_int_equal(why.code, REASON_UNKNOWN_SCHEMA);
    assert_non_null(strstr(why.text, "schema 89791762-2336-4186-9674-299b90a802e3 is not in"));
    buffer_done(&form);
    fake_registry_close(fake);
}

int main(void)
{
    setenv("no_proxy", "*", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_comes_with_what_it_refers_to),
        cmocka_unit_test(references_have_bounds),
        cmocka_unit_test(a_schema_is_found_by_its_guid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
