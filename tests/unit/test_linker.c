/* test_linker.c - a schema in one piece out of it and those it refers to.
 *
 * Outcomes were written by hand; that each means what its parts do is judged by the vetting, and by its canonical form,
 * which knows nothing of the linker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode_rows.h"
#include "linker.h"
#include "slipstream/decode/schema_text.h"

#define E "{'type':'enum','name':'E','namespace':'a','symbols':['X']}"

static const struct {
    const char *name;
    const char *added[3];
    const char *schema;
    const char *expected; /* the canonical form of the outcome, or a refusal */
} rows[] = {
    {"nothing to do",
     {0},
     RECORD("R", FIELD("x", "'int'")),
     "{'name':'R','type':'record','fields':[{'name':'x','type':'int'}]}"},
    {"a type by its full name",
     {E},
     RECORD("R", FIELD("x", "'a.E'")),
     "{'name':'R','type':'record','fields':[{'name':'x','type':{'name':'a.E','type':'enum','symbols':['X']}}]}"},
    {"a type of one's own namespace",
     {E},
     "{'type':'record','name':'b.R','namespace':'ignored','fields':[" FIELD("x", "['null','a.E']") "," FIELD(
         "y", "{'type':'array','items':'a.E'}") "]}",
     "{'name':'b.R','type':'record','fields':[{'name':'x','type':['null',{'name':'a.E','type':'enum','symbols':['X']}]}"
     ","
     "{'name':'y','type':{'type':'array','items':'a.E'}}]}"},
    {"a short name in the same namespace",
     {E},
     "{'type':'record','name':'R','namespace':'a','fields':[" FIELD("x", "{'type':'map','values':'E'}") "]}",
     "{'name':'a.R','type':'record','fields':[{'name':'x','type':{'type':'map','values':{'name':'a.E','type':'enum','"
     "symbols':['X']}}}]}"},
    {"a type without a namespace, from within one",
     {"{'type':'fixed','name':'F','size':2}"},
     "{'type':'record','name':'R','namespace':'a','fields':[" FIELD("x", "'F'") "," FIELD("y", "'F'") "]}",
     "{'name':'a.R','type':'record','fields':[{'name':'x','type':{'name':'F','type':'fixed','size':2}},{'name':'y','"
     "type':'F'}]}"},
    {"over another",
     {E, "{'type':'record','name':'M','namespace':'a','fields':[" FIELD("e", "'E'") "]}"},
     RECORD("R", FIELD("m", "'a.M'") "," FIELD("e", "'a.E'")),
     "{'name':'R','type':'record','fields':[{'name':'m','type':{'name':'a.M','type':'record','fields':[{'name':'e','"
     "type':"
     "{'name':'a.E','type':'enum','symbols':['X']}}]}},{'name':'e','type':'a.E'}]}"},
    {"a type inside of another, before that other",
     {"{'type':'record','name':'O','namespace':'a','fields':[" FIELD("i", E) "]}"},
     RECORD("R", FIELD("e", "'a.E'") "," FIELD("o", "'a.O'")),
     "{'name':'R','type':'record','fields':[{'name':'e','type':{'name':'a.E','type':'enum','symbols':['X']}},"
     "{'name':'o','type':{'name':'a.O','type':'record','fields':[{'name':'i','type':'a.E'}]}}]}"},
    {"one that holds itself",
     {"{'type':'record','name':'L','fields':[" FIELD("next", "['null','L']") "]}"},
     ARRAY("'L'"),
     "{'type':'array','items':{'name':'L','type':'record','fields':[{'name':'next','type':['null','L']}]}}"},
    {"a union of references",
     {E, "{'type':'fixed','name':'F','size':2}"},
     "['F','a.E']",
     "[{'name':'F','type':'fixed','size':2},{'name':'a.E','type':'enum','symbols':['X']}]"},
    {"the same definition twice",
     {E, E},
     RECORD("R", FIELD("x", "'a.E'")),
     "{'name':'R','type':'record','fields':[{'name':'x','type':{'name':'a.E','type':'enum','symbols':['X']}}]}"},
    {"two definitions of one name",
     {E, "{'type':'enum','name':'a.E','symbols':['Y']}"},
     "'a.E'",
     "bad_schema: a.E is defined in two ways"},
    {"what nobody defines stays a name", {E}, RECORD("R", FIELD("x", "'a.Other'")), "bad_schema: unknown type a.Other"},
    {"no JSON", {"{"}, "'int'", "bad_schema: not JSON"},
    {"no schema", {"7"}, "'int'", "bad_schema: neither a type's name"},
    {"no name", {"{'type':'record','fields':[]}"}, "'int'", "bad_schema: a type without a name"},
};

static enum outcome link_row(size_t row, struct buffer *form, struct reason *why)
{
    struct linker linker;
    char *text = NULL;
    size_t size = 0;
    enum outcome outcome = linker_init(&linker) ? DONE : STOP;
    for (size_t i = 0; i < 3 && rows[row].added[i] && outcome == DONE; i++) {
        char *added = json_of(rows[row].added[i]);
        outcome = linker_add(&linker, span_text(added), why);
        free(added);
    }
    char *schema = json_of(rows[row].schema);
    outcome = outcome == DONE ? linker_link(&linker, span_text(schema), &text, &size, why) : outcome;
    outcome = outcome == DONE ? schema_canonical(span_of(text, size), form, why) : outcome;
    free(schema);
    free(text);
    linker_done(&linker);
    return outcome;
}

static void a_schema_comes_in_one_piece(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(rows); row++) {
        char *expected = json_of(rows[row].expected);
        struct buffer form;
        struct reason why = {REASON_NONE, ""};
        buffer_init(&form, 1 << 20);
        enum outcome outcome = link_row(row, &form, &why);
        bool good = outcome == DONE ? span_equal(buffer_as_span(&form), span_text(expected))
                                    : refusal_is(rows[row].expected, outcome, &why);
        if (!good) {
            fail_msg("%s: %d, %s, %.*s", rows[row].name, outcome, why.text, SPAN_FORMAT(buffer_as_span(&form)));
        }
        buffer_done(&form);
        free(expected);
    }
}

/* Each type holds the next twice: by names alone it would be two to the power of their number. */
static void what_is_linked_has_a_bound(void **state)
{
    (void)state;
    struct linker linker;
    struct reason why;
    char *text = NULL;
    size_t size;
    assert_true(linker_init(&linker));
    for (unsigned i = 0; i < 60; i++) {
        char schema[256];
        snprintf(schema, sizeof schema,
                 "{\"type\":\"record\",\"name\":\"T%u\",\"fields\":[{\"name\":\"a\",\"type\":\"T%u\"},{\"name\":\"b\","
                 "\"type\":\"T%u\"}]}",
                 i, i + 1, i + 1);
        assert_int_equal(linker_add(&linker, span_text(schema), &why), DONE);
    }
    enum outcome outcome = linker_link(&linker, span_text("\"T45\""), &text, &size, &why); /* fifteen levels */
    assert_int_equal(outcome, DONE);
    assert_true(size < 15 * 200);
    free(text);
    linker_done(&linker);

    assert_true(linker_init(&linker));
    for (unsigned i = 0; i < 80; i++) {
        char schema[256];
        snprintf(schema, sizeof schema,
                 "{\"type\":\"record\",\"name\":\"T%u\",\"fields\":[{\"name\":\"a\",\"type\":\"T%u\"}]}", i, i + 1);
        assert_int_equal(linker_add(&linker, span_text(schema), &why), DONE);
    }
    assert_int_equal(linker_link(&linker, span_text("\"T0\""), &text, &size, &why), SKIP);
    assert_non_null(strstr(why.text, "nested deeper"));
    linker_done(&linker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_comes_in_one_piece),
        cmocka_unit_test(what_is_linked_has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
