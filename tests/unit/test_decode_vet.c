/* test_decode_vet.c - which writers' schemas are let in, and what is said of those that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode_rows.h"
#include "schema.h"
#include "seeded.h"

static const struct {
    const char *name;
    const char *schema;
    const char *refused; /* what the reason must hold; NULL: it is let in */
} rows[] = {
    {"a primitive type", "'string'", NULL},
    {"a primitive type as an object", "{'type':'long'}", NULL},
    {"an object inside an object", "{'type':{'type':'array','items':'int'}}", NULL},
    {"an unknown logical type is its base", LOGICAL("bytes", "of-mine"), NULL},
    {"every primitive type",
     RECORD("r",
            FIELD("a", "'null'") "," FIELD("b", "'boolean'") "," FIELD("c", "'int'") "," FIELD("d", "'long'") "," FIELD(
                "e", "'float'") "," FIELD("f", "'double'") "," FIELD("g", "'bytes'") "," FIELD("h", "'string'")),
     NULL},
    {"a record without fields", RECORD("r", ""), NULL},
    {"an error is a record", "{'type':'error','name':'r','fields':[]}", NULL},
    {"properties of the writer's own", "{'type':'record','name':'r','owner':{'team':['a','b']},'fields':[]}", NULL},
    {"a record that holds itself in a union", RECORD("r", FIELD("next", "['null','r']")), NULL},
    {"a record that holds itself in an array", RECORD("r", FIELD("children", ARRAY("'r'"))), NULL},
    {"a record that is itself, for ever", RECORD("r", FIELD("self", "'r'")), NULL},
    {"a name with its namespace", RECORD("a.b.r", FIELD("again", "['null','a.b.r']")), NULL},
    {"a namespace is inherited",
     "{'type':'record','name':'r','namespace':'a','fields':[" FIELD("x", RECORD("s", "")) "," FIELD(
         "y", "'a.s'") "," FIELD("z", "'s'") "]}",
     NULL},
    {"a namespace is not inherited by what has one",
     "{'type':'record','name':'r','namespace':'a','fields':[" FIELD("x", RECORD("b.s", "")) "," FIELD("y",
                                                                                                      "'b.s'") "]}",
     NULL},
    {"a name without a namespace, from inside one",
     "{'type':'record','name':'r','fields':[" FIELD("x", RECORD("s", "")) "," FIELD(
         "y", RECORD("b.t", FIELD("z", "'s'"))) "]}",
     NULL},
    {"one name in two namespaces", RECORD("r", FIELD("x", RECORD("a.s", "")) "," FIELD("y", RECORD("b.s", ""))), NULL},
    {"a union of two named types", "['null'," RECORD("a", "") "," RECORD("b", "") "]", NULL},
    {"a union with a named type of each kind",
     "[" RECORD("a", "") "," ENUM("b", "'x'") ",{'type':'fixed','name':'c','size':2}]", NULL},
    {"enum default", "{'type':'enum','name':'e','symbols':['A','B'],'default':'B'}", NULL},
    {"a fixed of nothing", "{'type':'fixed','name':'f','size':0}", NULL},

    {"nothing", "", "not JSON"},
    {"no JSON", "{'type':", "not JSON: line 1"},
    {"more after the end", "'int' 'int'", "not JSON"},
    {"a key twice", "{'type':'int','type':'long'}", "duplicate"},
    {"a number", "7", "$: neither"},
    {"an object without a type", "{'name':'r'}", "$: neither"},
    {"null", "null", "$: neither"},
    {"an unknown type", "'strin'", "$: unknown type strin"},
    {"an empty name", "''", "$: a type's name"},
    {"an unknown type below", RECORD("r", FIELD("a", "'int'") "," FIELD("b", "['null','x.y']")),
     "$.fields[1].type[1]: unknown type x.y"},
    {"used before it is defined", RECORD("r", FIELD("a", "'s'") "," FIELD("b", RECORD("s", ""))),
     "$.fields[0].type: unknown type s"},
    {"a short name of another namespace", RECORD("r", FIELD("x", RECORD("a.s", "")) "," FIELD("y", "'s'")),
     "$.fields[1].type: unknown type s"},
    {"a type of the wrong kind of JSON", "{'type':7}", "$.type: neither"},
    {"a record without a name", "{'type':'record','fields':[]}", "$: no name"},
    {"a name with a dash", RECORD("my-record", ""), "$: no name"},
    {"a name that begins with a digit", RECORD("1st", ""), "$: no name"},
    {"a name that ends with a dot", RECORD("a.", ""), "$: no name"},
    {"a name with two dots", RECORD("a..b", ""), "$: no name"},
    {"a name beyond ASCII", RECORD("caf\xc3\xa9", ""), "$: no name"},
    {"a bad namespace", "{'type':'record','name':'r','namespace':'a b','fields':[]}", "$: a namespace"},
    {"named like a primitive type", RECORD("string", ""), "$: named like"},
    {"defined twice", RECORD("r", FIELD("a", RECORD("s", "")) "," FIELD("b", ENUM("s", "'x'"))),
     "$.fields[1].type: s is defined a second time"},
    {"a record without fields' list", "{'type':'record','name':'r'}", "$.fields: a record without"},
    {"fields that are no list", "{'type':'record','name':'r','fields':{}}", "$.fields: a record without"},
    {"a field that is no object", "{'type':'record','name':'r','fields':['a']}", "$.fields[0]: a field has no name"},
    {"a field without a type", "{'type':'record','name':'r','fields':[{'name':'a'}]}",
     "$.fields[0]: field a has no type"},
    {"a field with a dotted name", RECORD("r", FIELD("a.b", "'int'")), "$.fields[0]: a field has no name"},
    {"a field twice", RECORD("r", FIELD("a", "'int'") "," FIELD("a", "'long'")), "$.fields[1]: a second field named a"},
    {"aliases that are no list", "{'type':'record','name':'r','aliases':'q','fields':[]}", "$.aliases: not a list"},
    {"aliases that are no names", RECORD("r", "{'name':'a','type':'int','aliases':[1]}"),
     "$.fields[0].aliases: not a list of names"},
    {"an empty union", "[]", "$: a union of nothing"},
    {"a union in a union", "['null',['int']]", "$[1]: a union inside a union"},
    {"one primitive type twice", "['int','null','int']", "$[2]: a second int"},
    {"one base of two logical types", "[" LOGICAL("long", "timestamp-millis") ",'long']", "$[1]: a second long"},
    {"two arrays", "[" ARRAY("'int'") "," ARRAY("'long'") "]", "$[1]: a second array"},
    {"a named type twice", "[" RECORD("a", "") ",'a']", "$[1]: a second record a"},
    {"a named type twice, around another union",
     "[" RECORD("a", "") "," RECORD("b", FIELD("x", "['null','a']")) ",'a']", "$[2]: a second record a"},
    {"an enum without symbols", "{'type':'enum','name':'e'}", "$.symbols: an enum without"},
    {"a symbol twice", ENUM("e", "'A','B','A'"), "$.symbols[2]: symbol A comes a second time"},
    {"a symbol with a dash", ENUM("e", "'A','B-C'"), "$.symbols[1]: a symbol"},
    {"a symbol that is a number", ENUM("e", "'A',2"), "$.symbols[1]: a symbol"},
    {"a default that is no symbol", "{'type':'enum','name':'e','symbols':['A'],'default':'Z'}", "$: the default"},
    {"a fixed without a size", "{'type':'fixed','name':'f'}", "$: a fixed"},
    {"a fixed of less than nothing", "{'type':'fixed','name':'f','size':-1}", "$: a fixed"},
    {"a fixed of 16 MiB and a byte", "{'type':'fixed','name':'f','size':16777217}", "$: a fixed"},
    {"a fixed of half a byte", "{'type':'fixed','name':'f','size':0.5}", "$: a fixed"},
    {"a fixed of 2^64 bytes", "{'type':'fixed','name':'f','size':18446744073709551616}", "not JSON"},
    {"a fixed of 1e3 bytes", "{'type':'fixed','name':'f','size':1e3}", "$: a fixed"},
    {"a fixed of a text's bytes", "{'type':'fixed','name':'f','size':'8'}", "$: a fixed"},
    {"an empty symbol", ENUM("e", "''"), "$.symbols[0]: a symbol"},
    {"a field without a name", RECORD("r", FIELD("", "'int'")), "$.fields[0]: a field has no name"},
    {"a field with a NUL in its name", RECORD("r", FIELD("a\\u0000b", "'int'")), "not JSON"},
    {"a name that is a namespace's end", RECORD(".r", ""), "$: no name"},
    {"types around nothing", "{'type':{'type':{'type':{}}}}", "$.type.type.type: neither"},
    {"a union around a broken record", "['null','int'," RECORD("r", FIELD("a", "[]")) "]",
     "$[2].fields[0].type: a union of nothing"},
    {"an array of nothing", "{'type':'array'}", "$: an array without items"},
    {"a map of nothing", "{'type':'map'}", "$: a map without values"},
};

static void vet(const char *name, struct span text, const char *refused)
{
    struct schema *schema = NULL;
    struct reason why = {0};
    enum outcome outcome = schema_open(text, &schema, &why);
    if (refused == NULL ? outcome != DONE
                        : outcome != SKIP || why.code != REASON_BAD_SCHEMA || strstr(why.text, refused) == NULL) {
        fail_msg("%s: outcome %d, %s: %s", name, outcome, reason_word(why.code), why.text);
    }
    assert_true(outcome == DONE || schema == NULL);
    schema_close(schema);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *text = json_of(rows[i].schema);
        vet(rows[i].name, span_text(text), rows[i].refused);
        free(text);
    }
}

static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct span text;
    } texts[] = {
        {"no bytes at all", {NULL, 0}},
        {"bad UTF-8", {(const uint8_t *)"\"in\xfft\"", 6}},
        {"a NUL", {(const uint8_t *)"\"in\0t\"", 6}},
        {"an escaped NUL", {(const uint8_t *)"\"in\\u0000t\"", 11}},
        {"a string without an end", {(const uint8_t *)"\"int\\", 5}},
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        vet(texts[i].name, texts[i].text, "not JSON");
    }
}

/* Schemas made of a beginning, `count` times a part, and an end; each % in a part becomes the part's number. */
static const struct {
    const char *name;
    const char *begin;
    const char *part;
    const char *middle;
    const char *closing; /* as often as the part */
    const char *end;
    unsigned count;
    const char *refused;
} made[] = {
    {"types 32 deep", "", "{'type':'array','items':", "'int'", "}", "", 31, NULL},
    {"types 33 deep", "", "{'type':'array','items':", "'int'", "}", "", 32, "types nested deeper than 32"},
    {"wrapped types 33 deep", "", "{'type':", "'int'", "}", "", 33, "types nested deeper than 32"},
    {"records 17 deep", "", "{'type':'record','name':'r%','fields':[{'name':'a','type':['null',", "'int'", "]}]}", "",
     17, "types nested deeper than 32"},
    {"arrays 30,000 deep", "", "{'type':'array','items':", "'int'", "}", "", 30000, "JSON nested deeper than 128"},
    {"brackets 400,000 deep, and no end", "", "[", "", "", "", 400000, "JSON nested deeper than 128"},
    {"a property 100 deep", "{'type':'int','x':", "[", "", "]", "}", 100, NULL},
    {"300,000 objects", "{'type':'int','x':[", "{},", "{}", "", "]}", 300000, "more than 65536 JSON values"},
    {"1 MiB and a byte", "'", "xxxxxxxxxxxxxxxx", "", "", "'", 65536, "1048578 bytes"},
    {"4,096 fields", "{'type':'record','name':'r','fields':[", "{'name':'f%','type':'int'},",
     "{'name':'f','type':'int'}", "", "]}", 4095, NULL},
    {"4,097 fields", "{'type':'record','name':'r','fields':[", "{'name':'f%','type':'int'},",
     "{'name':'f','type':'int'}", "", "]}", 4096, "$.fields: the schema has more than 4096"},
    {"16,385 symbols", "{'type':'enum','name':'e','symbols':[", "'s%',", "'s'", "", "]}", 16384,
     "$.symbols: the schema has more than 16384"},
    {"16,500 branches", "{'type':'record','name':'r','fields':[",
     "{'name':'f%','type':['null','int','long','string','bytes']},", "{'name':'f','type':'int'}", "", "]}", 3300,
     "type: the schema has more than 16384"},
    {"16,392 types", "{'type':'record','name':'r','fields':[",
     "{'name':'f%','type':{'type':'array','items':{'type':'map','values':{'type':'array','items':"
     "{'type':'map','values':'int'}}}}},",
     "{'name':'f','type':'int'}", "", "]}", 4095, "more than 16384 types"},
    {"4,096 named types that refer to each other", "[{'type':'record','name':'r','fields':[]}",
     ",{'type':'record','name':'r%','fields':[{'name':'x','type':'r'}]}", "", "", "]", 4096, NULL},
    {"a name of 600 bytes", "{'type':'record','fields':[],'name':'", "abcdef", "", "", "'}", 100, "$: no name"},
};

static void add_part(struct buffer *text, const char *part, unsigned number)
{
    for (const char *at = part; *at != '\0'; at++) {
        if (*at == '%') {
            buffer_text(text, "%u", number);
        } else {
            buffer_u8(text, *at == '\'' ? '"' : (uint8_t)*at);
        }
    }
}

static void test_made(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(made); i++) {
        struct buffer text;
        buffer_init(&text, 8 << 20);
        add_part(&text, made[i].begin, 0);
        for (unsigned j = 0; j < made[i].count; j++) {
            add_part(&text, made[i].part, j);
        }
        add_part(&text, made[i].middle, 0);
        for (unsigned j = 0; j < made[i].count; j++) {
            add_part(&text, made[i].closing, j);
        }
        add_part(&text, made[i].end, 0);
        vet(made[i].name, buffer_as_span(&text), made[i].refused);
        buffer_done(&text);
    }
}

/* Our own schemas are let in, and damaged copies of them do no harm (memory is the sanitizer's to judge). */
static void test_damaged(void **state)
{
    (void)state;
    struct seeded seeded = {20260101};
    for (unsigned i = 0; i < 400; i++) {
        struct span ours = decode_reader_schema((enum channel)(i % CHANNELS));
        uint8_t *copy = malloc(2 * ours.size);
        memcpy(copy, ours.data, ours.size);
        struct schema *schema = NULL;
        struct reason why;
        size_t size = i < CHANNELS ? ours.size : seeded_damage(&seeded, copy, ours.size, 2 * ours.size);
        enum outcome outcome = schema_open(span_of(copy, size), &schema, &why);
        assert_true(outcome == DONE || (outcome == SKIP && why.code == REASON_BAD_SCHEMA && i >= CHANNELS));
        schema_close(schema);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_made),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
