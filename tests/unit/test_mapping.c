/* test_mapping.c - producers' own schemas under a mapping: from the configuration's text to what is read. */
#include "config_folder.h"
#include "plan_rows.h"

#define OURS(fields)      "!" RECORD("slipstream.phone_interaction", fields)
#define CALL(fields)      "!" RECORD("com.example.call", fields)
#define STRING(name)      FIELD(name, "'string'")
#define MAYBE(name, type) DEFAULTED(name, "['null'," type "]", "null")
#define MICROS            LOGICAL("long", "timestamp-micros")
#define OUTCOME           MAYBE("outcome", ENUM("contact_outcome", "'served','abandoned'"))
#define KIND              FIELD("kind", ENUM("event_kind", "'interaction','survey','reopening'"))
#define WAIT              MAYBE("wait_seconds", "'double'")
#define TRUST             MAYBE("survey", RECORD("survey_answers", MAYBE("trust", "'long'")))
#define FLAG              MAYBE("resolved", "'boolean'")
#define CODES             ENUM("code", "'ANS','ABN','BUSY'")
#define ANS               "outcome: {from: x, map: {ANS: served, ABN: abandoned}}"

static const struct {
    const char *name;
    const char *mapping; /* of phone */
    const char *writer, *reader;
    const char *value, *expected;
} rows[] = {
    /* renaming */
    {"a name", "agency: office_code", CALL(STRING("office_code")), OURS(STRING("agency")), "{'office_code':'tax'}",
     "agency=tax"},
    {"the same in the long form", "agency: {from: office_code}", CALL(STRING("office_code")), OURS(STRING("agency")),
     "{'office_code':'tax'}", "agency=tax"},
    {"what has no rule is read by its own name", "agency: a", CALL(STRING("service") NEXT STRING("a")),
     OURS(STRING("agency") NEXT STRING("service")), "{'service':'s','a':'b'}", "agency=b service=s"},
    {"a field of ours that the mapping takes from elsewhere is passed over", "agency: a",
     CALL(STRING("agency") NEXT STRING("a")), OURS(STRING("agency")), "{'agency':'no','a':'yes'}", "agency=yes"},
    {"two names change places", "{agency: service, service: agency}", CALL(STRING("agency") NEXT STRING("service")),
     OURS(STRING("agency") NEXT STRING("service")), "{'agency':'1','service':'2'}", "agency=2 service=1"},
    {"the first that the writer has", "agency: [bureau, office, agency]", CALL(STRING("agency") NEXT STRING("office")),
     OURS(STRING("agency")), "{'agency':'a','office':'o'}", "agency=o"},
    {"two of ours from one", "{event_id: id, interaction_id: id}", CALL(STRING("id") NEXT STRING("agency")),
     OURS(STRING("event_id") NEXT STRING("interaction_id") NEXT STRING("agency")), "{'id':'7','agency':'a'}",
     "event_id=7 interaction_id=7 agency=a"},
    {"three of ours from one that may be null", "{event_id: id, interaction_id: id, service: id}",
     CALL(FIELD("id", "['null','string']") NEXT STRING("agency")),
     OURS(STRING("event_id") NEXT STRING("interaction_id") NEXT STRING("service") NEXT STRING("agency")),
     "{'id':null,'agency':'a'}", "agency=a"},
    {"two of ours from one of three types", "{event_id: id, interaction_id: id}",
     CALL(FIELD("id", "['null','bytes','string']") NEXT STRING("agency")),
     OURS(STRING("event_id") NEXT STRING("interaction_id") NEXT STRING("agency")), "{'id':{'string':'7'},'agency':'a'}",
     "event_id=7 interaction_id=7 agency=a"},
    {"of a record inside", "{agency: queue.org, service: queue.line}",
     CALL(FIELD("queue", RECORD("q", STRING("line") NEXT FIELD("x", ARRAY("'int'")) NEXT STRING("org")))),
     OURS(STRING("agency") NEXT STRING("service")), "{'queue':{'line':'refunds','x':[1,2],'org':'tax'}}",
     "agency=tax service=refunds"},
    {"of a record that may be null: it is there", "agency: queue.org",
     CALL(FIELD("queue", "['null'," RECORD("q", STRING("org")) "]")), OURS(STRING("agency")),
     "{'queue':{'q':{'org':'tax'}}}", "agency=tax"},
    {"of a record that may be null: it is not", "agency: queue.org",
     CALL(FIELD("queue", "['null'," RECORD("q", STRING("org")) "]") NEXT STRING("service")),
     OURS(STRING("agency") NEXT STRING("service")), "{'queue':null,'service':'s'}", "service=s"},
    {"of one of two records", "agency: queue.org",
     CALL(FIELD("queue", "['null'," RECORD("p", FIELD("a", "'int'")) "," RECORD("q", STRING("org")) "]")
              NEXT STRING("service")),
     OURS(STRING("agency") NEXT STRING("service")), "{'queue':{'p':{'a':5}},'service':'s'}", "service=s"},
    {"into the survey", "survey.trust: answers.belief", CALL(FIELD("answers", RECORD("a", FIELD("belief", "'int'")))),
     OURS(TRUST), "{'answers':{'belief':4}}", "survey.trust=4"},
    {"a survey of another name, by its own paths", "agency: a",
     CALL(STRING("a") NEXT FIELD("survey", "['null'," RECORD("poll", FIELD("trust", "['null','int']")) "]")),
     OURS(STRING("agency") NEXT TRUST), "{'a':'x','survey':{'poll':{'trust':{'int':5}}}}", "agency=x survey.trust=5"},
    {"a record that holds itself", "agency: call.call.name", CALL(STRING("name") NEXT FIELD("call", "['null','call']")),
     OURS(STRING("agency")),
     "{'name':'1','call':{'call':{'name':'2','call':{'call':{'name':'3','call':null}}}}}",
     "agency=3"},
    {"our own schema is read as it is", "agency: office_code", OURS(STRING("office_code") NEXT STRING("agency")),
     OURS(STRING("agency")), "{'office_code':'x','agency':'tax'}", "agency=tax"},

    /* constants, defaults */
    {"a constant text", "service: {constant: calls}", CALL(STRING("agency")),
     OURS(STRING("agency") NEXT STRING("service")), "{'agency':'a'}", "agency=a service=calls"},
    {"a constant kind", "kind: {constant: survey}", CALL(""), OURS(KIND), "{}", "kind=1"},
    {"a constant goes before the writer's field", "kind: {constant: reopening}", CALL(STRING("kind")), OURS(KIND),
     "{'kind':'x'}", "kind=2"},
    {"a constant duration, in seconds", "wait_seconds: {constant: 1.5}", CALL(""), OURS(WAIT), "{}",
     "wait_seconds=1500"},
    {"an optional field that the writer lacks", "wait_seconds: w", CALL(""), OURS(WAIT), "{}", ""},
    {"a default of ours", "agency: a", CALL(STRING("a")),
     OURS(STRING("agency") NEXT DEFAULTED("retracts", "'boolean'", "false")), "{'a':'x'}", "agency=x retracts=0"},

    /* units */
    {"milliseconds in a long", "wait_seconds: {from: w, factor: 0.001}", CALL(FIELD("w", "'long'")), OURS(WAIT),
     "{'w':41500}", "wait_seconds=41500"},
    {"minutes in a double", "wait_seconds: {from: w, factor: 60}", CALL(FIELD("w", "['null','double']")), OURS(WAIT),
     "{'w':{'double':1.5}}", "wait_seconds=90000"},
    {"minutes in a float", "wait_seconds: {from: w, factor: 60}", CALL(FIELD("w", "'float'")), OURS(WAIT), "{'w':0.5}",
     "wait_seconds=30000"},
    {"milliseconds in a text", "wait_seconds: {from: w, factor: 0.001}", CALL(STRING("w")), OURS(WAIT), "{'w':' 250 '}",
     "wait_seconds=250"},
    {"no number in a text", "wait_seconds: {from: w, factor: 0.001}", CALL(STRING("w")), OURS(WAIT), "{'w':'soon'}",
     "run unmapped_value: w"},
    {"no number in a double", "wait_seconds: {from: w, factor: 60}", CALL(FIELD("w", "'double'")), OURS(WAIT),
     "#00 00 00 00 00 00 f8 7f", "run bad_number: w"},
    {"a time of day needs no factor", "wait_seconds: w", CALL(FIELD("w", LOGICAL("int", "time-millis"))), OURS(WAIT),
     "{'w':41500}", "wait_seconds=41500"},
    {"a time in millis since 1970", "occurred_at: {from: t, times: epoch_ms}", CALL(FIELD("t", "'long'")),
     OURS(FIELD("occurred_at", MICROS)), "{'t':1795339800001}", "occurred_at=1795339800001000"},
    {"a time in seconds since 1970", "occurred_at: {from: t, times: epoch_s}", CALL(FIELD("t", "'int'")),
     OURS(FIELD("occurred_at", MICROS)), "{'t':1795339800}", "occurred_at=1795339800000000"},
    {"in a double", "occurred_at: {from: t, times: epoch_s}", CALL(FIELD("t", "'double'")),
     OURS(FIELD("occurred_at", MICROS)), "{'t':1795339800.25}", "occurred_at=1795339800250000"},
    {"a time in a text", "occurred_at: t", CALL(STRING("t")), OURS(FIELD("occurred_at", MICROS)),
     "{'t':'2026-11-22T09:30:00Z'}", "occurred_at=1795339800000000"},
    {"by a pattern", "occurred_at: {from: t, times: [iso, '%d/%m/%Y %H:%M']}", CALL(STRING("t")),
     OURS(FIELD("occurred_at", MICROS)), "{'t':'22/11/2026 09:30'}", "occurred_at=1795339800000000"},
    {"no time in a text", "occurred_at: t", CALL(STRING("t")), OURS(FIELD("occurred_at", MICROS)), "{'t':'noon'}",
     "run unmapped_value: t"},
    {"the writer's logical type goes before", "occurred_at: {from: t, times: epoch_s}",
     CALL(FIELD("t", LOGICAL("long", "timestamp-millis"))), OURS(FIELD("occurred_at", MICROS)), "{'t':5}",
     "occurred_at=5000"},

    /* values */
    {"an enum by a map", ANS, CALL(FIELD("x", CODES)), OURS(OUTCOME), "{'x':'ABN'}", "outcome=1"},
    {"a text by a map", ANS, CALL(STRING("x")), OURS(OUTCOME), "{'x':'ANS'}", "outcome=0"},
    {"a text that the map has not", ANS, CALL(STRING("x")), OURS(OUTCOME), "{'x':'BUSY'}", "run unmapped_value: x"},
    {"a symbol that the map has not", ANS, CALL(FIELD("x", "['null'," CODES "]")), OURS(OUTCOME),
     "{'x':{'code':'BUSY'}}", "run unmapped_value: x"},
    {"null is absent, whatever the map has", ANS, CALL(FIELD("x", "['null'," CODES "]")), OURS(OUTCOME), "{'x':null}",
     ""},
    {"otherwise absent", "outcome: {from: x, map: {ANS: served}, otherwise: absent}", CALL(STRING("x")), OURS(OUTCOME),
     "{'x':'BUSY'}", ""},
    {"a value that is left out", "outcome: {from: x, map: {ANS: served, BUSY: ''}}", CALL(STRING("x")), OURS(OUTCOME),
     "{'x':'BUSY'}", ""},
    {"a number by a map", "agency: {from: x, map: {17: tax, -4: parks}}", CALL(FIELD("x", "'long'")),
     OURS(STRING("agency")), "{'x':-4}", "agency=parks"},
    {"a flag by a map", "outcome: {from: x, map: {true: served, false: abandoned}}", CALL(FIELD("x", "'boolean'")),
     OURS(OUTCOME), "{'x':false}", "outcome=1"},
    {"a rating by a map", "survey.trust: {from: x, map: {good: 5, bad: 1}}", CALL(STRING("x")), OURS(TRUST),
     "{'x':'bad'}", "survey.trust=1"},
    {"an enum of our symbols and another name", "kind: x", CALL(FIELD("x", ENUM("e", "'merger','survey'"))), OURS(KIND),
     "{'x':'survey'}", "kind=1"},
    {"of it, a symbol that is not ours", "kind: x", CALL(FIELD("x", ENUM("e", "'merger','survey'"))), OURS(KIND),
     "{'x':'merger'}", "run bad_enum: x"},
    {"a text of our symbols", "kind: x", CALL(STRING("x")), OURS(KIND), "{'x':'reopening'}", "kind=2"},
    {"an enum as a text", "agency: x", CALL(FIELD("x", CODES)), OURS(STRING("agency")), "{'x':'BUSY'}", "agency=BUSY"},
    {"a flag in a text", "resolved: x", CALL(STRING("x")), OURS(FLAG), "{'x':'Yes'}", "resolved=1"},
    {"a flag in a number", "resolved: x", CALL(FIELD("x", "'int'")), OURS(FLAG), "{'x':1}", "resolved=1"},
    {"a flag in another number", "resolved: x", CALL(FIELD("x", "'int'")), OURS(FLAG), "{'x':2}",
     "run unmapped_value: x"},
    {"a whole number in a text", "survey.trust: x", CALL(STRING("x")), OURS(TRUST), "{'x':'4'}", "survey.trust=4"},
    {"one branch of three cannot be read", "survey.trust: x", CALL(FIELD("x", "['null','int','double']")), OURS(TRUST),
     "{'x':{'double':1.0}}", "run incompatible_schema: x: a double in a union"},

    /* refused at compile time, by name */
    {"a required field without a source", "agency: office_code", CALL(STRING("bureau")), OURS(STRING("agency")), "#",
     "compile incompatible_schema: agency: the writer lacks office_code, and the mapping has nothing else"},
    {"a required field without a rule", "agency: a", CALL(STRING("a")), OURS(STRING("agency") NEXT STRING("service")),
     "#", "compile incompatible_schema: service: the writer lacks it"},
    {"a path that ends too early", "agency: queue.org", CALL(STRING("queue")), OURS(STRING("agency")), "#",
     "compile incompatible_schema: agency: the writer lacks queue.org"},
    {"a number as a text", "agency: x", CALL(FIELD("x", "'long'")), OURS(STRING("agency")), "#",
     "compile incompatible_schema: agency: the mapping cannot read it from the writer's x, a long"},
    {"an array as a text", "agency: x", CALL(FIELD("x", ARRAY("'string'"))), OURS(STRING("agency")), "#",
     "compile incompatible_schema: agency: the mapping cannot read it from the writer's x, a array"},
    {"a double as a rating", "survey.trust: x", CALL(FIELD("x", "'double'")), OURS(TRUST), "#",
     "compile incompatible_schema: survey.trust"},
    {"a number of no unit as a time", "occurred_at: {from: t, times: iso}", CALL(FIELD("t", "'long'")),
     OURS(FIELD("occurred_at", MICROS)), "#", "compile incompatible_schema: occurred_at"},
    {"no record", "agency: a", "!'string'", OURS(STRING("agency")), "#", "compile incompatible_schema: the record"},
};

static enum outcome load_mapping(const char *rules, struct config *config, struct problems *problems)
{
    char yaml[2048];
    snprintf(yaml, sizeof yaml, rules[0] == '{' ? "mapping: {phone: %s}\n" : "mapping: {phone: {%s}}\n", rules);
    return load(&(struct said){.yaml = yaml}, config, problems);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config config;
        struct problems problems;
        enum outcome outcome = load_mapping(rows[i].mapping, &config, &problems);
        check_problems(rows[i].name, &problems, "");
        assert_int_equal(outcome, DONE);
        run_row(rows[i].name, config.mappings[CHANNEL_PHONE], rows[i].writer, rows[i].reader, rows[i].value,
                rows[i].expected);
        config_done(&config);
        problems_done(&problems);
    }
}

/* Fields of our schemas are what may be mapped: oracle, the schemas. */
static void test_channel_fields(void **state)
{
    (void)state;
    for (unsigned c = 0; c < CHANNELS; c++) {
        struct span text = decode_reader_schema((enum channel)c);
        json_t *schema = json_loadb((const char *)text.data, text.size, 0, NULL);
        for (size_t i = 0; i < interaction_field_count; i++) {
            const char *path = interaction_fields[i].path;
            size_t word = strcspn(path, ".");
            bool found = false;
            size_t at;
            json_t *field;
            json_array_foreach(json_object_get(schema, "fields"), at, field)
            {
                const char *name = json_string_value(json_object_get(field, "name"));
                found = found || (strlen(name) == word && strncmp(name, path, word) == 0);
            }
            if (channel_has_field((enum channel)c, &interaction_fields[i]) != found) {
                fail_msg("%s of %s", path, channel_word((enum channel)c));
            }
        }
        json_decref(schema);
    }
}

#define FIELD_ALLOWED  "a field of schemas/phone_interaction.avsc, as kind or survey.trust"
#define KEYS_ALLOWED   "constant, from, map, otherwise, times, factor"
#define SOURCE_ALLOWED "the name of a field of the writer's record, with dots into records inside, as queue.org"
static const struct {
    const char *name;
    const char *yaml;
    const char *problems;
} bad[] = {
    {"an unknown channel", "mapping:\n  fone: {agency: a}\n",
     "c.yaml:2:3: mapping.fone: got an unknown key, allowed web, phone, office, chat, did you mean phone\n"},
    {"a text for the section", "mapping: x\n",
     "c.yaml:1:10: mapping: got text, allowed a mapping of names to values\n"},
    {"a text for a channel", "mapping:\n  phone: x\n",
     "c.yaml:2:10: mapping.phone: got \"x\", allowed a mapping of our fields to the writer's\n"},
    {"an unknown field", "mapping:\n  phone:\n    agancy: a\n",
     "c.yaml:3:5: mapping.phone.agancy: got an unknown key, allowed " FIELD_ALLOWED ", did you mean agency\n"},
    {"a field of another channel", "mapping: {phone: {page_helpful: a}}\n",
     "c.yaml:1:19: mapping.phone.page_helpful: got an unknown key, allowed " FIELD_ALLOWED "\n"},
    {"an unknown key", "mapping: {phone: {agency: {form: a}}}\n",
     "c.yaml:1:28: mapping.phone.agency.form: got an unknown key, allowed " KEYS_ALLOWED ", did you mean from\n"
     "c.yaml:1:27: mapping.phone.agency: got a mapping, allowed one of constant and from\n"},
    {"both sources", "mapping: {phone: {agency: {from: a, constant: b}}}\n",
     "c.yaml:1:27: mapping.phone.agency: got a mapping, allowed one of constant and from\n"},
    {"a factor for a text", "mapping: {phone: {agency: {from: a, factor: 2}}}\n",
     "c.yaml:1:37: mapping.phone.agency.factor: got a key that is not for a field of this kind, allowed constant, "
     "from, "
     "map, otherwise\n"},
    {"a factor that is none", "mapping: {phone: {wait_seconds: {from: a, factor: 0}}}\n",
     "c.yaml:1:51: mapping.phone.wait_seconds.factor: got \"0\", allowed a number above 0: seconds in the writer's "
     "unit, "
     "as 0.001 for milliseconds\n"},
    {"a name that is none", "mapping: {phone: {agency: office-code}}\n",
     "c.yaml:1:27: mapping.phone.agency: got \"office-code\", allowed " SOURCE_ALLOWED "\n"},
    {"a path with a gap", "mapping: {phone: {agency: a..b}}\n",
     "c.yaml:1:27: mapping.phone.agency: got \"a..b\", allowed " SOURCE_ALLOWED "\n"},
    {"a path that ends with a dot", "mapping: {phone: {agency: a.}}\n",
     "c.yaml:1:27: mapping.phone.agency: got \"a.\", allowed " SOURCE_ALLOWED "\n"},
    {"nothing", "mapping: {phone: {agency: }}\n",
     "c.yaml:1:27: mapping.phone.agency: got nothing, allowed the name of a field of the writer's record, or a mapping "
     "of "
     "constant, from, map, …\n"},
    {"a constant that does not fit", "mapping: {phone: {kind: {constant: call}}}\n",
     "c.yaml:1:36: mapping.phone.kind.constant: got \"call\", allowed interaction, survey or reopening\n"},
    {"a value that does not fit", "mapping:\n  phone:\n    outcome: {from: x, map: {ANS: server}}\n",
     "c.yaml:3:35: mapping.phone.outcome.map.ANS: got \"server\", allowed served or abandoned\n"},
    {"otherwise what", "mapping: {phone: {outcome: {from: x, map: {A: served}, otherwise: drop}}}\n",
     "c.yaml:1:67: mapping.phone.outcome.otherwise: got \"drop\", allowed reject or absent\n"},
    {"otherwise without a map", "mapping: {phone: {outcome: {from: x, otherwise: absent}}}\n",
     "c.yaml:1:28: mapping.phone.outcome: got a mapping, allowed otherwise with map\n"},
    {"times that are none", "mapping: {phone: {occurred_at: {from: x, times: unix}}}\n",
     "c.yaml:1:49: mapping.phone.occurred_at.times: got \"unix\", allowed iso, epoch_s, epoch_ms or a pattern as "
     "%d/%m/%Y\n"},
};

static void test_bad_mappings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct config config;
        struct problems problems;
        enum outcome outcome = load(&(struct said){.yaml = bad[i].yaml}, &config, &problems);
        check_problems(bad[i].name, &problems, bad[i].problems);
        assert_int_equal(outcome, STOP);
        config_done(&config);
        problems_done(&problems);
    }
}

/* Types that refer to each other in as many ways as there are: to look for a path in them must stay quick. */
static void test_many_ways_down(void **state)
{
    (void)state;
    struct buffer text;
    struct config config;
    struct problems problems;
    char result[512];
    buffer_init(&text, 1 << 20);
    buffer_text(&text, "!{'type':'record','name':'w','fields':[{'name':'a','type':[");
    for (unsigned i = 0; i < 150; i++) {
        buffer_text(&text, "%s{'type':'record','name':'r%u','fields':[{'name':'a','type':%s", i > 0 ? "," : "", i,
                    i == 0 ? "['null','w'" : "['null'");
        for (unsigned j = 0; j < i; j++) {
            buffer_text(&text, ",'r%u'", j);
        }
        buffer_text(&text, "]}]}");
    }
    buffer_text(&text, "]}]}");
    buffer_u8(&text, 0);
    char *writer = schema_of((const char *)text.data);
    char *reader = schema_of(OURS(STRING("agency")));
    assert_int_equal(load_mapping("agency: a.a.a.a.a.a.a.a.a.a.a.a.b", &config, &problems), DONE);
    resolve(config.mappings[CHANNEL_PHONE], writer, reader, span_of("", 0), result, sizeof result);
    if (!is_expected(result, "compile incompatible_schema: agency: the writer lacks")) {
        fail_msg("%s", result);
    }
    config_done(&config);
    assert_int_equal(load_mapping("agency: a.a.a.a.a.a.a.a.a.a.a.a", &config, &problems), DONE);
    resolve(config.mappings[CHANNEL_PHONE], writer, reader, span_of("", 0), result, sizeof result);
    assert_true(strncmp(result, "compile ", 8) == 0);
    config_done(&config);
    problems_done(&problems);
    free(writer);
    free(reader);
    buffer_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_channel_fields),
        cmocka_unit_test(test_bad_mappings),
        cmocka_unit_test(test_many_ways_down),
    };
    return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
