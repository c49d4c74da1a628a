/* test_canonical.c - the Parsing Canonical Form of schemas, and their fingerprints.
 *
 * Expected forms and fingerprints were made by fastavro 1.12 (to_parsing_canonical_form, fingerprint CRC-64-AVRO), and
 * those of "null" and "int" stand in Apache Avro's schema-tests.txt; rows marked * were written by hand from the
 * specification, since fastavro does not take them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode_rows.h"
#include "slipstream/decode/schema_text.h"

#define FORM_MAX ((size_t)1 << 20)

static const struct {
    const char *name;
    const char *schema;   /* ' for " */
    const char *expected; /* the form, or a reason's word: what its text must hold */
    uint64_t fingerprint;
} rows[] = {
    {"null", "'null'", "'null'", UINT64_C(0x63dd24e7cc258f8a)},
    {"a primitive as an object", "{'type':'int'}", "'int'", UINT64_C(0x7275d51a3f395c8f)},
    {"a logical type", "{'type':'long','logicalType':'timestamp-micros'}", "'long'", UINT64_C(0xd054e14493f41db7)},
    {"a union", "['null','string']", "['null','string']", UINT64_C(0x9845f21eb77ec49d)},
    {"an array, with properties", "{'type':'array','items':{'type':'string','avro.java.string':'String'}}",
     "{'type':'array','items':'string'}", UINT64_C(0xce5b3256262fd79f)},
    {"a map of a union", "{'type':'map','values':['int','null']}", "{'type':'map','values':['int','null']}",
     UINT64_C(0xe5db704af47202e6)},
    {"a fixed", "{'type':'fixed','name':'md5','namespace':'a.b','size':16,'doc':'x'}",
     "{'name':'a.b.md5','type':'fixed','size':16}", UINT64_C(0x2ee8c1c6318ef7a5)},
    {"an enum; a dotted name beats the namespace",
     "{'type':'enum','name':'a.b.E','namespace':'ignored','symbols':['A','B'],'default':'A','aliases':['F'"
     "]}",
     "{'name':'a.b.E','type':'enum','symbols':['A','B']}", UINT64_C(0xc4c017f5839e7965)},
    {"a record, in another order, with all that does not count",
     "{'fields':[{'default':1,'type':{'type':'int'},'name':'x','doc':'d','order':'ignore'}],'name':'R','ty"
     "pe':'record','doc':'r'}",
     "{'name':'R','type':'record','fields':[{'name':'x','type':'int'}]}", UINT64_C(0xdde26d71fbafbdca)},
    {"a record that holds itself",
     "{'type':'record','name':'N','namespace':'s','fields':[{'name':'v','type':'int'},{'name':'next','type"
     "':['null','N'],'default':null}]}",
     "{'name':'s.N','type':'record','fields':[{'name':'v','type':'int'},{'name':'next','type':['null','s.N"
     "']}]}",
     UINT64_C(0xb39248b7567b505e)},
    {"names in several namespaces",
     "{'type':'record','name':'O','namespace':'a','fields':[{'name':'i','type':{'type':'record','name':'I'"
     ",'namespace':'b','fields':[{'name':'e','type':{'type':'enum','name':'E','symbols':[]}}]}},{'name':'j"
     "','type':'b.I'},{'name':'f','type':{'type':'fixed','name':'F','size':0}},{'name':'g','type':'b.E'},{"
     "'name':'h','type':'F'}]}",
     "{'name':'a.O','type':'record','fields':[{'name':'i','type':{'name':'b.I','type':'record','fields':[{"
     "'name':'e','type':{'name':'b.E','type':'enum','symbols':[]}}]}},{'name':'j','type':'b.I'},{'name':'f"
     "','type':{'name':'a.F','type':'fixed','size':0}},{'name':'g','type':'b.E'},{'name':'h','type':'a.F'}"
     "]}",
     UINT64_C(0xff3a751f139c2ffb)},
    {"no fields", "{'type':'record','name':'P','fields':[]}", "{'name':'P','type':'record','fields':[]}",
     UINT64_C(0xa3c26afec87b4252)},
    {"a name without a namespace in one that has *",
     "{'type':'record','name':'Q','namespace':'q','fields':[{'name':'a','type':{'type':'record','name':'T','namespace':"
     "'','fields':[]}}]}",
     "{'name':'q.Q','type':'record','fields':[{'name':'a','type':{'name':'T','type':'record','fields':[]}}]}", 0},
    {"blanks and escapes *", " { 'type' : '\\u0072ecord' ,\n 'name':'\\u0052', 'fields' : [ ] } ",
     "{'name':'R','type':'record','fields':[]}", 0},
    {"an error is a record *", "{'type':'error','name':'R','fields':[]}", "{'name':'R','type':'record','fields':[]}",
     0},
    {"a type in a type *", "{'type':{'type':{'type':'array','items':{'type':'int'}}}}",
     "{'type':'array','items':'int'}", 0},
    {"no schema", "{'type':'recor','name':'R','fields':[]}", "bad_schema: unknown type recor", 0},
    {"no JSON", "{'type':", "bad_schema: not JSON", 0},
};

static void a_schema_has_one_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *schema = json_of(rows[i].schema);
        char *expected = json_of(rows[i].expected);
        struct buffer form;
        struct reason why = {REASON_NONE, ""};
        uint64_t fingerprint = 0;
        buffer_init(&form, FORM_MAX);
        enum outcome outcome = schema_canonical(span_text(schema), &form, &why);
        bool good = outcome == DONE ? span_equal(buffer_as_span(&form), span_text(expected))
                                    : refusal_is(expected, outcome, &why);
        if (!good) {
            fail_msg("%s: %d, %s, %.*s", rows[i].name, outcome, why.text, SPAN_FORMAT(buffer_as_span(&form)));
        }
        assert_int_equal(schema_fingerprint(span_text(schema), &fingerprint, &why), outcome);
        if (outcome == DONE && rows[i].fingerprint != 0 && fingerprint != rows[i].fingerprint) {
            fail_msg("%s: %016" PRIx64, rows[i].name, fingerprint);
        }
        buffer_done(&form);
        free(schema);
        free(expected);
    }
}

/* Names are written in full wherever they stand: a small text may have a form beyond any bound. */
static void a_form_has_a_bound(void **state)
{
    (void)state;
    struct buffer form;
    struct reason why;
    buffer_init(&form, 16);
    assert_int_equal(schema_canonical(span_text("{\"type\":\"array\",\"items\":\"string\"}"), &form, &why), SKIP);
    assert_int_equal(why.code, REASON_BAD_SCHEMA);
    buffer_done(&form);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_has_one_form),
        cmocka_unit_test(a_form_has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
