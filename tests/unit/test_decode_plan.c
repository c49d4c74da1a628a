/* test_decode_plan.c - schema resolution, row by row: what one schema wrote, read as another (Avro 1.11 specification,
 * "Schema Resolution"). The bytes are Avro-C's, or written out where Avro-C would not write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan_rows.h"

#define SYMBOLS "'interaction','survey','reopening'"
#define KIND    FIELD("kind", ENUM("event_kind", SYMBOLS))
#define KIND_OR(symbol)                                                                                                \
    FIELD("kind", "{'type':'enum','name':'event_kind','symbols':[" SYMBOLS "],'default':'" symbol "'}")
#define ALIASED(name, type, alias) "{'name':'" name "','type':" type ",'aliases':[" alias "]}"
#define TRUST                      RECORD("survey_answers", DEFAULTED("trust", "['null','int']", "null"))
#define MICROS                     LOGICAL("long", "timestamp-micros")

static const struct {
    const char *name;
    const char *writer;
    const char *reader;
    const char *value;    /* in Avro's JSON; or, behind a #, bytes in hexadecimal */
    const char *expected; /* "path=value …", "compile word: …", "run word: …" */
} rows[] = {
    /* the same on both sides */
    {"text", FIELD("agency", "'string'"), FIELD("agency", "'string'"), "{'agency':'tax'}", "agency=tax"},
    {"empty text", FIELD("agency", "'string'"), FIELD("agency", "'string'"), "{'agency':''}", "agency="},
    {"text beyond ASCII", FIELD("agency", "'string'"), FIELD("agency", "'string'"), "{'agency':'Zürich – 東京 🌍'}",
     "agency=Zürich – 東京 🌍"},
    {"flags", FIELD("resolved", "'boolean'") NEXT FIELD("reopened", "'boolean'"),
     FIELD("resolved", "'boolean'") NEXT FIELD("reopened", "'boolean'"), "{'resolved':true,'reopened':false}",
     "reopened=0 resolved=1"},
    {"the greatest int", FIELD("transfers", "'int'"), FIELD("transfers", "'int'"), "{'transfers':2147483647}",
     "transfers=2147483647"},
    {"the least int", FIELD("transfers", "'int'"), FIELD("transfers", "'int'"), "{'transfers':-2147483648}",
     "transfers=-2147483648"},
    {"the greatest long", FIELD("transfers", "'long'"), FIELD("transfers", "'long'"),
     "{'transfers':9223372036854775807}", "transfers=9223372036854775807"},
    {"the least long but one", FIELD("transfers", "'long'"), FIELD("transfers", "'long'"),
     "{'transfers':-9223372036854775807}", "transfers=-9223372036854775807"},
    {"the least long says absent", FIELD("transfers", "'long'"), FIELD("transfers", "'long'"),
     "#ff ff ff ff ff ff ff ff ff 01", "run bad_number: transfers"},
    {"the order is the writer's", FIELD("transfers", "'int'") NEXT FIELD("agency", "'string'"),
     FIELD("agency", "'string'") NEXT FIELD("transfers", "'int'"), "{'agency':'a','transfers':1}",
     "agency=a transfers=1"},

    /* promotions */
    {"int to long", FIELD("transfers", "'int'"), FIELD("transfers", "'long'"), "{'transfers':-7}", "transfers=-7"},
    {"int to float", FIELD("wait_seconds", "'int'"), FIELD("wait_seconds", "'float'"), "{'wait_seconds':-7}",
     "wait_seconds=-7000"},
    {"int to double", FIELD("wait_seconds", "'int'"), FIELD("wait_seconds", "'double'"), "{'wait_seconds':2147483647}",
     "wait_seconds=2147483647000"},
    {"long to float", FIELD("wait_seconds", "'long'"), FIELD("wait_seconds", "'float'"), "{'wait_seconds':90}",
     "wait_seconds=90000"},
    {"long to double", FIELD("wait_seconds", "'long'"), FIELD("wait_seconds", "'double'"),
     "{'wait_seconds':9223372036854775}", "wait_seconds=9223372036854775000"},
    {"long to double, too great", FIELD("wait_seconds", "'long'"), FIELD("wait_seconds", "'double'"),
     "{'wait_seconds':9223372036854776}", "run bad_number: wait_seconds"},
    {"float to double", FIELD("wait_seconds", "'float'"), FIELD("wait_seconds", "'double'"), "{'wait_seconds':1.25}",
     "wait_seconds=1250"},
    {"bytes to string", FIELD("agency", "'bytes'"), FIELD("agency", "'string'"), "{'agency':'tax'}", "agency=tax"},
    {"bytes to string, no text", FIELD("agency", "'bytes'"), FIELD("agency", "'string'"), "#02 ff",
     "run bad_utf8: agency"},
    {"a decimal is its bytes", FIELD("agency", "{'type':'bytes','logicalType':'decimal','precision':4}"),
     FIELD("agency", "'string'"), "{'agency':'tax'}", "agency=tax"},
    {"long to int", FIELD("transfers", "'long'"), FIELD("transfers", "'int'"), "#02",
     "compile incompatible_schema: transfers: the writer's long cannot be read as our int"},
    {"double to float", FIELD("wait_seconds", "'double'"), FIELD("wait_seconds", "'float'"), "#00",
     "compile incompatible_schema: wait_seconds"},
    {"string to int", FIELD("transfers", "'string'"), FIELD("transfers", "'int'"), "#00",
     "compile incompatible_schema: transfers: the writer's string"},

    /* seconds */
    {"seconds are rounded", FIELD("wait_seconds", "'double'"), FIELD("wait_seconds", "'double'"),
     "{'wait_seconds':0.0015}", "wait_seconds=2"},
    {"below zero too", FIELD("wait_seconds", "'double'"), FIELD("wait_seconds", "'double'"), "{'wait_seconds':-0.0016}",
     "wait_seconds=-2"},
    {"whole seconds", FIELD("wait_seconds", "'double'"), FIELD("wait_seconds", "'double'"), "{'wait_seconds':61.0}",
     "wait_seconds=61000"},
    {"seconds as an int on both sides", FIELD("wait_seconds", "'int'"), FIELD("wait_seconds", "'int'"),
     "{'wait_seconds':61}", "wait_seconds=61000"},
    {"a time of day in millis is a duration", FIELD("wait_seconds", LOGICAL("int", "time-millis")),
     FIELD("wait_seconds", "'double'"), "{'wait_seconds':41500}", "wait_seconds=41500"},
    {"a time of day in micros, rounded", FIELD("wait_seconds", LOGICAL("long", "time-micros")),
     FIELD("wait_seconds", "'double'"), "{'wait_seconds':41500500}", "wait_seconds=41501"},
    {"a time of day in micros below zero, rounded", FIELD("wait_seconds", LOGICAL("long", "time-micros")),
     FIELD("wait_seconds", "'double'"), "{'wait_seconds':-1500}", "wait_seconds=-2"},
    {"the least time of day there is", FIELD("wait_seconds", LOGICAL("long", "time-micros")),
     FIELD("wait_seconds", "'double'"), "#ff ff ff ff ff ff ff ff ff 01", "wait_seconds=-9223372036854776"},
    {"a moment is no duration", FIELD("wait_seconds", LOGICAL("long", "timestamp-millis")),
     FIELD("wait_seconds", "'double'"), "#02", "compile incompatible_schema: wait_seconds"},
    {"a date is no duration", FIELD("wait_seconds", LOGICAL("int", "date")), FIELD("wait_seconds", "'double'"), "#02",
     "compile incompatible_schema: wait_seconds"},
    {"seconds in a decimal are none", FIELD("wait_seconds", "{'type':'bytes','logicalType':'decimal','precision':4}"),
     FIELD("wait_seconds", "'double'"), "#00", "compile incompatible_schema: wait_seconds"},
    {"no number", FIELD("wait_seconds", "'double'"), FIELD("wait_seconds", "'double'"), "#00 00 00 00 00 00 f8 7f",
     "run bad_number: wait_seconds"},
    {"infinity", FIELD("wait_seconds", "'double'"), FIELD("wait_seconds", "'double'"), "#00 00 00 00 00 00 f0 7f",
     "run bad_number: wait_seconds"},
    {"minus infinity as a float", FIELD("wait_seconds", "'float'"), FIELD("wait_seconds", "'double'"), "#00 00 80 ff",
     "run bad_number: wait_seconds"},
    {"no number as a float", FIELD("wait_seconds", "'float'"), FIELD("wait_seconds", "'double'"), "#01 00 80 7f",
     "run bad_number: wait_seconds"},
    {"more seconds than there are", FIELD("wait_seconds", "'double'"), FIELD("wait_seconds", "'double'"),
     "{'wait_seconds':1e300}", "run bad_number: wait_seconds"},

    /* times */
    {"micros", FIELD("occurred_at", MICROS), FIELD("occurred_at", MICROS), "{'occurred_at':1795339800000001}",
     "occurred_at=1795339800000001"},
    {"millis", FIELD("occurred_at", LOGICAL("long", "timestamp-millis")), FIELD("occurred_at", MICROS),
     "{'occurred_at':1795339800001}", "occurred_at=1795339800001000"},
    {"millis before 1970", FIELD("occurred_at", LOGICAL("long", "timestamp-millis")), FIELD("occurred_at", MICROS),
     "{'occurred_at':-1}", "occurred_at=-1000"},
    {"millis beyond micros", FIELD("occurred_at", LOGICAL("long", "timestamp-millis")), FIELD("occurred_at", MICROS),
     "{'occurred_at':9223372036854776}", "run bad_number: occurred_at"},
    {"local millis", FIELD("occurred_at", LOGICAL("long", "local-timestamp-millis")), FIELD("occurred_at", MICROS),
     "{'occurred_at':5}", "occurred_at=5000"},
    {"local micros", FIELD("occurred_at", LOGICAL("long", "local-timestamp-micros")), FIELD("occurred_at", MICROS),
     "{'occurred_at':5}", "occurred_at=5"},
    {"nanos", FIELD("occurred_at", LOGICAL("long", "timestamp-nanos")), FIELD("occurred_at", MICROS),
     "{'occurred_at':-1}", "occurred_at=-1"},
    {"a plain long is micros", FIELD("occurred_at", "'long'"), FIELD("occurred_at", MICROS), "{'occurred_at':5}",
     "occurred_at=5"},
    {"a plain int is micros", FIELD("occurred_at", "'int'"), FIELD("occurred_at", MICROS), "{'occurred_at':5}",
     "occurred_at=5"},
    {"millis on both sides", FIELD("occurred_at", LOGICAL("long", "timestamp-millis")),
     FIELD("occurred_at", LOGICAL("long", "timestamp-millis")), "{'occurred_at':5}", "occurred_at=5000"},
    {"a plain long, where ours are millis", FIELD("occurred_at", "'long'"),
     FIELD("occurred_at", LOGICAL("long", "timestamp-millis")), "{'occurred_at':5}", "occurred_at=5000"},
    {"a logical type of another base is none", FIELD("occurred_at", LOGICAL("int", "timestamp-millis")),
     FIELD("occurred_at", MICROS), "{'occurred_at':5}", "occurred_at=5"},
    {"a date is when it begins", FIELD("occurred_at", LOGICAL("int", "date")), FIELD("occurred_at", MICROS),
     "{'occurred_at':20780}", "occurred_at=1795392000000000"},
    {"a date before 1970", FIELD("occurred_at", LOGICAL("int", "date")), FIELD("occurred_at", MICROS),
     "{'occurred_at':-1}", "occurred_at=-86400000000"},
    {"a date beyond micros", FIELD("occurred_at", LOGICAL("int", "date")), FIELD("occurred_at", MICROS),
     "{'occurred_at':2147483647}", "run bad_number: occurred_at"},
    {"a date of another base is none", FIELD("occurred_at", LOGICAL("long", "date")), FIELD("occurred_at", MICROS),
     "{'occurred_at':5}", "occurred_at=5"},
    {"nanos are rounded down", FIELD("occurred_at", LOGICAL("long", "local-timestamp-nanos")),
     FIELD("occurred_at", MICROS), "{'occurred_at':1795339800000001999}", "occurred_at=1795339800000001"},
    {"a time of day in millis is no time", FIELD("occurred_at", LOGICAL("int", "time-millis")),
     FIELD("occurred_at", MICROS), "#02", "compile incompatible_schema: occurred_at"},
    {"a time of day is no time", FIELD("occurred_at", LOGICAL("long", "time-micros")), FIELD("occurred_at", MICROS),
     "#02", "compile incompatible_schema: occurred_at"},

    /* defaults */
    {"flag default", "", DEFAULTED("retracts", "'boolean'", "true"), "{}", "retracts=1"},
    {"int default", "", DEFAULTED("transfers", "'int'", "-3"), "{}", "transfers=-3"},
    {"long default", "", DEFAULTED("transfers", "'long'", "5000000000"), "{}", "transfers=5000000000"},
    {"float default", "", DEFAULTED("wait_seconds", "'float'", "0.5"), "{}", "wait_seconds=500"},
    {"double default", "", DEFAULTED("wait_seconds", "'double'", "2"), "{}", "wait_seconds=2000"},
    {"text default", "", DEFAULTED("agency", "'string'", "'none'"), "{}", "agency=none"},
    {"enum default", "", DEFAULTED("kind", ENUM("event_kind", SYMBOLS), "'reopening'"), "{}", "kind=2"},
    {"time default in micros", "", DEFAULTED("occurred_at", MICROS, "7"), "{}", "occurred_at=7"},
    {"time default in millis", "", DEFAULTED("occurred_at", LOGICAL("long", "timestamp-millis"), "7"), "{}",
     "occurred_at=7000"},
    {"null default", "", DEFAULTED("transfers", "['null','int']", "null"), "{}", ""},
    {"union default of its first branch", "", DEFAULTED("transfers", "['int','null']", "4"), "{}", "transfers=4"},
    {"union default of its second branch", "", DEFAULTED("transfers", "['null','int']", "4"), "{}", "transfers=4"},
    {"record default", "",
     DEFAULTED("survey", RECORD("s", FIELD("trust", "'int'") NEXT DEFAULTED("quality", "'int'", "2")), "{'trust':5}"),
     "{}", "survey.quality=2 survey.trust=5"},
    {"record default goes before its field's", "",
     DEFAULTED("survey", RECORD("s", DEFAULTED("quality", "'int'", "2")), "{'quality':4}"), "{}", "survey.quality=4"},
    {"defaults of what nothing wants", "",
     DEFAULTED("a", "'bytes'", "'\\u00ff'") NEXT DEFAULTED("b", "{'type':'fixed','name':'f','size':1}", "'x'")
         NEXT DEFAULTED("c", ARRAY("'int'"), "[1]") NEXT DEFAULTED("d", MAP("'int'"), "{'k':1}")
             NEXT DEFAULTED("e", "'null'", "null"),
     "{}", ""},
    {"a default that does not fit", "", DEFAULTED("transfers", "'int'", "'x'"), "{}",
     "compile incompatible_schema: transfers: our schema's default"},
    {"a default beyond int", "", DEFAULTED("transfers", "'int'", "2147483648"), "{}",
     "compile incompatible_schema: transfers: our schema's default"},
    {"a field is missing", FIELD("service", "'string'"), FIELD("agency", "'string'"), "{'service':'x'}",
     "compile incompatible_schema: agency: the writer lacks it, and it has no default"},
    {"an optional field without default is missing", "", FIELD("transfers", "['null','int']"), "{}",
     "compile incompatible_schema: transfers: the writer lacks it"},
    {"a nested field is missing", FIELD("survey", RECORD("s", "")),
     FIELD("survey", RECORD("s", FIELD("trust", "'int'"))), "{'survey':{}}",
     "compile incompatible_schema: survey.trust: the writer lacks it"},
    {"a default in a branch that was chosen", FIELD("survey", "['null'," RECORD("s", "") "]"),
     FIELD("survey", "['null'," RECORD("s", DEFAULTED("trust", "'int'", "3")) "]"), "{'survey':{'s':{}}}",
     "survey.trust=3"},
    {"a default in a branch that was not", FIELD("survey", "['null'," RECORD("s", "") "]"),
     FIELD("survey", "['null'," RECORD("s", DEFAULTED("trust", "'int'", "3")) "]"), "{'survey':null}", ""},
    {"a text default in a branch", "!['null'," RECORD("r", FIELD("transfers", "'int'")) "]",
     "!['null'," RECORD("r", FIELD("transfers", "'int'") NEXT DEFAULTED("agency", "'string'", "'none'")) "]",
     "{'r':{'transfers':2}}", "agency=none transfers=2"},

    /* names and aliases */
    {"renamed field", FIELD("office", "'string'"), ALIASED("agency", "'string'", "'bureau','office'"),
     "{'office':'tax'}", "agency=tax"},
    {"the name goes before the alias", FIELD("office", "'string'") NEXT FIELD("agency", "'string'"),
     ALIASED("agency", "'string'", "'office'"), "{'office':'a','agency':'b'}", "agency=b"},
    {"the first alias goes first", FIELD("b", "'string'") NEXT FIELD("a", "'string'"),
     ALIASED("agency", "'string'", "'a','b'"), "{'a':'1','b':'2'}", "agency=1"},
    {"an alias that is another field of ours", FIELD("service", "'string'"),
     ALIASED("agency", "'string'", "'service'") NEXT FIELD("service", "'string'"), "{'service':'x'}",
     "compile incompatible_schema: agency: the writer lacks it"},
    {"a field that the writer renamed", ALIASED("office", "'string'", "'bureau','agency'"), FIELD("agency", "'string'"),
     "{'office':'x'}", "agency=x"},
    {"the name goes before the writer's alias",
     ALIASED("office", "'string'", "'agency'") NEXT FIELD("agency", "'string'"), FIELD("agency", "'string'"),
     "{'office':'a','agency':'b'}", "agency=b"},
    {"our alias goes before the writer's", ALIASED("office", "'string'", "'agency'") NEXT FIELD("bureau", "'string'"),
     ALIASED("agency", "'string'", "'bureau'"), "{'office':'a','bureau':'b'}", "agency=b"},
    {"a writer's alias on another field of ours", ALIASED("service", "'string'", "'agency'"),
     FIELD("agency", "'string'") NEXT FIELD("service", "'string'"), "{'service':'x'}",
     "compile incompatible_schema: agency: the writer lacks it"},
    {"the writer's aliases of types mean nothing",
     "!{'type':'record','name':'call','aliases':['r'],'fields':[" FIELD("agency", "'string'") "]}",
     "!" RECORD("r", FIELD("agency", "'string'")), "#02 78", "compile incompatible_schema: the record"},
    {"a nested field renamed", FIELD("survey", RECORD("s", FIELD("faith", "'int'"))),
     FIELD("survey", RECORD("s", ALIASED("trust", "'int'", "'faith'"))), "{'survey':{'faith':4}}", "survey.trust=4"},
    {"record of another namespace", "!" RECORD("com.example.r", FIELD("agency", "'string'")),
     "!" RECORD("org.ours.r", FIELD("agency", "'string'")), "{'agency':'x'}", "agency=x"},
    {"record of another name", "!" RECORD("com.example.call", FIELD("agency", "'string'")),
     "!" RECORD("r", FIELD("agency", "'string'")), "#02 78",
     "compile incompatible_schema: the record: the writer's record com.example.call cannot be read as our record r"},
    {"record by its alias", "!" RECORD("com.example.call", FIELD("agency", "'string'")),
     "!{'type':'record','name':'r','aliases':['com.example.call'],'fields':[" FIELD("agency", "'string'") "]}",
     "{'agency':'x'}", "agency=x"},
    {"record by the alias of another namespace", "!" RECORD("com.example.call", FIELD("agency", "'string'")),
     "!{'type':'record','name':'r','aliases':['org.other.call'],'fields':[" FIELD("agency", "'string'") "]}", "#02 78",
     "compile incompatible_schema: com.example.call"},
    {"record by a short alias", "!" RECORD("com.example.call", FIELD("agency", "'string'")),
     "!{'type':'record','name':'r','aliases':['call'],'fields':[" FIELD("agency", "'string'") "]}", "{'agency':'x'}",
     "agency=x"},
    {"enum of another name", FIELD("kind", ENUM("sort", SYMBOLS)), KIND, "#00",
     "compile incompatible_schema: kind: the writer's enum sort cannot be read as our enum event_kind"},
    {"fixed of another size", FIELD("x", "{'type':'fixed','name':'f','size':2}"),
     FIELD("x", "{'type':'fixed','name':'f','size':3}"), "#00 00", "compile incompatible_schema: x"},
    {"fixed of another name", FIELD("x", "{'type':'fixed','name':'f','size':2}"),
     FIELD("x", "{'type':'fixed','name':'g','size':2}"), "#00 00", "compile incompatible_schema: x"},
    {"fixed by its alias", FIELD("x", "{'type':'fixed','name':'f','size':2}"),
     FIELD("x", "{'type':'fixed','name':'g','aliases':['f'],'size':2}"), "#00 00", ""},

    /* enums */
    {"enum by symbol, not by position", FIELD("kind", ENUM("event_kind", "'reopening','interaction'")), KIND,
     "{'kind':'reopening'}", "kind=2"},
    {"a symbol we do not know, not met", FIELD("kind", ENUM("event_kind", "'merger','survey'")), KIND,
     "{'kind':'survey'}", "kind=1"},
    {"a symbol we do not know", FIELD("kind", ENUM("event_kind", "'merger','survey'")), KIND, "{'kind':'merger'}",
     "run bad_enum: kind"},
    {"a symbol we do not know, and our default", FIELD("kind", ENUM("event_kind", "'merger','survey'")),
     KIND_OR("survey"), "{'kind':'merger'}", "kind=1"},
    {"the writer's default is not ours",
     FIELD("kind", "{'type':'enum','name':'event_kind','symbols':['merger','survey'],'default':'survey'}"), KIND,
     "{'kind':'merger'}", "run bad_enum: kind"},
    {"enum in our union", FIELD("kind", ENUM("event_kind", SYMBOLS)),
     FIELD("kind", "['null'," ENUM("event_kind", SYMBOLS) "]"), "{'kind':'survey'}", "kind=1"},
    {"an enum that has more symbols than we know kinds", KIND, FIELD("kind", ENUM("event_kind", SYMBOLS ",'other'")),
     "#00", "compile incompatible_schema: kind"},
    {"an enum that nothing wants has its symbols all the same", FIELD("x", ENUM("e", "'A','B'")),
     FIELD("x", ENUM("e", "'B'")), "{'x':'A'}", "run bad_enum: x"},

    /* unions */
    {"union, null first: null", FIELD("transfers", "['null','int']"), FIELD("transfers", "['null','int']"),
     "{'transfers':null}", ""},
    {"union, null first: a value", FIELD("transfers", "['null','int']"), FIELD("transfers", "['null','int']"),
     "{'transfers':{'int':3}}", "transfers=3"},
    {"union, null last: null", FIELD("transfers", "['int','null']"), FIELD("transfers", "['null','int']"),
     "{'transfers':null}", ""},
    {"union, null last: a value", FIELD("transfers", "['int','null']"), FIELD("transfers", "['null','int']"),
     "{'transfers':{'int':3}}", "transfers=3"},
    {"a branch in the long form", FIELD("transfers", "['null','int']"), FIELD("transfers", "['null','int']"),
     "#82 00 06", "transfers=3"},
    {"null in the long form", FIELD("transfers", "['null','int']"), FIELD("transfers", "['null','int']"), "#80 00", ""},
    {"no union to union", FIELD("transfers", "'int'"), FIELD("transfers", "['null','int']"), "{'transfers':3}",
     "transfers=3"},
    {"union to no union: a value", FIELD("transfers", "['null','int']"), FIELD("transfers", "'int'"),
     "{'transfers':{'int':3}}", "transfers=3"},
    {"union to no union: null", FIELD("transfers", "['null','int']"), FIELD("transfers", "'int'"), "{'transfers':null}",
     "run incompatible_schema: transfers: a null in a union"},
    {"a union of one", FIELD("transfers", "['int']"), FIELD("transfers", "'int'"), "{'transfers':{'int':3}}",
     "transfers=3"},
    {"a union of three: one promoted", FIELD("wait_seconds", "['null','int','double','string']"),
     FIELD("wait_seconds", "['null','double']"), "{'wait_seconds':{'int':3}}", "wait_seconds=3000"},
    {"a union of three: another", FIELD("wait_seconds", "['null','int','double','string']"),
     FIELD("wait_seconds", "['null','double']"), "{'wait_seconds':{'double':0.5}}", "wait_seconds=500"},
    {"a union of three: null", FIELD("wait_seconds", "['null','int','double','string']"),
     FIELD("wait_seconds", "['null','double']"), "{'wait_seconds':null}", ""},
    {"a union of three: one we cannot read", FIELD("wait_seconds", "['null','int','double','string']"),
     FIELD("wait_seconds", "['null','double']"), "{'wait_seconds':{'string':'x'}}",
     "run incompatible_schema: wait_seconds: a string in a union: wait_seconds: the writer's string cannot be read"},
    {"after a branch the rest goes on",
     FIELD("wait_seconds", "['null','int','double']") NEXT FIELD("agency", "'string'"),
     FIELD("wait_seconds", "['null','double']") NEXT FIELD("agency", "'string'"),
     "{'wait_seconds':{'int':3},'agency':'x'}", "agency=x wait_seconds=3000"},
    {"a union with no branch we can read", FIELD("transfers", "['string','boolean']"), FIELD("transfers", "'int'"),
     "#00 00", "compile incompatible_schema: transfers"},
    {"an optional field we cannot read, not there", FIELD("transfers", "['null','string']"),
     FIELD("transfers", "['null','int']"), "{'transfers':null}", ""},
    {"an optional field we cannot read, there", FIELD("transfers", "['null','string']"),
     FIELD("transfers", "['null','int']"), "{'transfers':{'string':'x'}}",
     "run incompatible_schema: transfers: a string in a union"},
    {"our union takes the first branch that matches", FIELD("wait_seconds", "'int'"),
     FIELD("wait_seconds", "['string','float','double']"), "{'wait_seconds':2}", "wait_seconds=2000"},
    {"our union has no branch for it", FIELD("transfers", "'string'"), FIELD("transfers", "['null','int']"), "#00",
     "compile incompatible_schema: transfers: the writer's string cannot be read as our null or int"},
    {"null to our union", FIELD("transfers", "'null'"), FIELD("transfers", "['null','int']"), "{'transfers':null}", ""},
    {"null to no union", FIELD("transfers", "'null'"), FIELD("transfers", "'int'"), "#",
     "compile incompatible_schema: transfers: the writer's null cannot be read as our int"},
    {"a record of two in a union", FIELD("survey", "['null'," RECORD("poll", "") "," TRUST "]"),
     FIELD("survey", "['null'," TRUST "]"), "{'survey':{'survey_answers':{'trust':{'int':5}}}}", "survey.trust=5"},
    {"the other one", FIELD("survey", "['null'," RECORD("poll", "") "," TRUST "]"),
     FIELD("survey", "['null'," TRUST "]"), "{'survey':{'poll':{}}}",
     "run incompatible_schema: survey: a record poll in a union"},
    {"a record in a union that lacks a field, not there", FIELD("survey", "['null'," RECORD("s", "") "]"),
     FIELD("survey", "['null'," RECORD("s", FIELD("trust", "'int'")) "]"), "{'survey':null}", ""},
    {"a record in a union that lacks a field, there", FIELD("survey", "['null'," RECORD("s", "") "]"),
     FIELD("survey", "['null'," RECORD("s", FIELD("trust", "'int'")) "]"), "{'survey':{'s':{}}}",
     "run incompatible_schema: survey.trust: the writer lacks it"},
    {"a record that is refused is not read first",
     FIELD("survey", "['null'," RECORD("s", FIELD("quality", "'int'") NEXT FIELD("trust", "'string'")) "]"),
     FIELD("survey", "['null'," RECORD("s", FIELD("quality", "'int'") NEXT FIELD("trust", "'int'")) "]"), "#02",
     "run incompatible_schema: survey: a record s in a union: survey.trust"},
    {"the whole is a union", "!['null'," RECORD("r", FIELD("agency", "'string'")) "]", FIELD("agency", "'string'"),
     "{'r':{'agency':'x'}}", "agency=x"},
    {"the whole is a union, and is null", "!['null'," RECORD("r", FIELD("agency", "'string'")) "]",
     FIELD("agency", "'string'"), "null", "run incompatible_schema: the record: a null in a union"},
    {"the whole is no record", "!'string'", FIELD("agency", "'string'"), "'x'",
     "compile incompatible_schema: the record: the writer's string cannot be read as our record r"},
    {"branch 2 of two", FIELD("transfers", "['null','int']"), FIELD("transfers", "['null','int']"), "#04 06",
     "run bad_branch: transfers"},
    {"branch -1", FIELD("transfers", "['null','int']"), FIELD("transfers", "['null','int']"), "#01 06",
     "run bad_branch: transfers"},
    {"branch 3 of three", FIELD("transfers", "['null','int','long']"), FIELD("transfers", "['null','int']"), "#06 06",
     "run bad_branch: transfers"},

    /* records, arrays, maps and fixed that are resolved */
    {"a nested record", FIELD("survey", TRUST), FIELD("survey", TRUST), "{'survey':{'trust':{'int':4}}}",
     "survey.trust=4"},
    {"a nested record in our union", FIELD("survey", TRUST), FIELD("survey", "['null'," TRUST "]"),
     "{'survey':{'trust':null}}", ""},
    {"a name below that is ours above", FIELD("survey", RECORD("s", FIELD("transfers", "'int'"))),
     FIELD("survey", RECORD("s", FIELD("transfers", "'int'"))), "{'survey':{'transfers':4}}", ""},
    {"an array, item by item", FIELD("x", ARRAY("'string'")) NEXT FIELD("agency", "'string'"),
     FIELD("x", ARRAY("'string'")) NEXT FIELD("agency", "'string'"), "{'x':['a','b'],'agency':'c'}", "agency=c"},
    {"an array with an item that is no text", FIELD("x", ARRAY("'string'")), FIELD("x", ARRAY("'string'")),
     "#04 02 61 02 ff 00", "run bad_utf8: x"},
    {"an array of promoted items", FIELD("x", ARRAY("'int'")), FIELD("x", ARRAY("'double'")), "{'x':[1,2,3]}", ""},
    {"an array of items we cannot read", FIELD("x", ARRAY("'int'")), FIELD("x", ARRAY("'string'")), "#00",
     "compile incompatible_schema: x: the writer's array"},
    {"a map", FIELD("x", MAP("'long'")), FIELD("x", MAP("'long'")), "{'x':{'a':1,'b':-9223372036854775808}}", ""},
    {"a map with a key that is no text", FIELD("x", MAP("'int'")), FIELD("x", MAP("'int'")), "#02 02 ff 02 00",
     "run bad_utf8: x"},
    {"an array of records that lack a default's field", FIELD("x", ARRAY(RECORD("s", FIELD("a", "'int'")))),
     FIELD("x", ARRAY(RECORD("s", FIELD("a", "'int'") NEXT DEFAULTED("b", "'int'", "1")))), "{'x':[{'a':1},{'a':2}]}",
     ""},
    {"nothing is bound inside an array", FIELD("x", ARRAY(RECORD("s", FIELD("transfers", "'int'")))),
     FIELD("x", ARRAY(RECORD("s", FIELD("transfers", "'int'")))), "{'x':[{'transfers':1}]}", ""},
    {"a fixed", FIELD("x", "{'type':'fixed','name':'f','size':3}") NEXT FIELD("agency", "'string'"),
     FIELD("x", "{'type':'fixed','name':'f','size':3}") NEXT FIELD("agency", "'string'"), "{'x':'abc','agency':'c'}",
     "agency=c"},

    /* a type of ours that a field of the interaction cannot have */
    {"text that is bytes of ours", FIELD("agency", "'bytes'"), FIELD("agency", "'bytes'"), "#00",
     "compile incompatible_schema: agency"},
    {"a number that is text of ours", FIELD("transfers", "'string'"), FIELD("transfers", "'string'"), "#00",
     "compile incompatible_schema: transfers"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        run_row(rows[i].name, NULL, rows[i].writer, rows[i].reader, rows[i].value, rows[i].expected);
    }
}

/* Fields of the writer's that we have no use for: x, and then agency, which is found only if x was passed over whole.
 */
#define TEN_OF_LIST "02 02 02 02 02 02 02 02 02 02 02 02 02 02 02 02 02 02 02 02 "
#define LIST        RECORD("list", FIELD("value", "'int'") NEXT FIELD("next", "['null','list']"))
static const struct {
    const char *name;
    const char *type; /* of x */
    const char *value;
    const char *expected;
} passed[] = {
    {"null", "'null'", "{'x':null,'agency':'a'}", "agency=a"},
    {"boolean", "'boolean'", "{'x':true,'agency':'a'}", "agency=a"},
    {"int", "'int'", "{'x':-2147483648,'agency':'a'}", "agency=a"},
    {"long, even the least", "'long'", "#ff ff ff ff ff ff ff ff ff 01 02 61", "agency=a"},
    {"float, even none", "'float'", "#01 00 80 7f 02 61", "agency=a"},
    {"double, even infinite", "'double'", "#00 00 00 00 00 00 f0 7f 02 61", "agency=a"},
    {"bytes", "'bytes'", "{'x':'abc','agency':'a'}", "agency=a"},
    {"string, even if it is no text", "'string'", "#04 ff 00 02 61", "agency=a"},
    {"fixed", "{'type':'fixed','name':'f','size':3}", "{'x':'abc','agency':'a'}", "agency=a"},
    {"a fixed of nothing", "{'type':'fixed','name':'f','size':0}", "#02 61", "agency=a"},
    {"enum", ENUM("e", "'A','B'"), "{'x':'B','agency':'a'}", "agency=a"},
    {"record", RECORD("s", FIELD("a", "'int'") NEXT FIELD("b", "'string'")), "{'x':{'a':1,'b':'c'},'agency':'a'}",
     "agency=a"},
    {"record without fields", RECORD("s", ""), "{'x':{},'agency':'a'}", "agency=a"},
    {"array", ARRAY("'string'"), "{'x':['a','b'],'agency':'a'}", "agency=a"},
    {"empty array", ARRAY("'string'"), "{'x':[],'agency':'a'}", "agency=a"},
    {"array in two blocks", ARRAY("'int'"), "#02 02 04 02 02 00 02 61", "agency=a"},
    {"array in a block with its size", ARRAY("'int'"), "#03 04 02 02 00 02 61", "agency=a"},
    {"array of nulls", ARRAY("'null'"), "{'x':[null,null],'agency':'a'}", "agency=a"},
    {"map", MAP("'double'"), "{'x':{'a':1.0,'b':2.0},'agency':'a'}", "agency=a"},
    {"array of maps of arrays", ARRAY(MAP(ARRAY("'int'"))), "{'x':[{'a':[1,2]},{},{'b':[],'c':[3]}],'agency':'a'}",
     "agency=a"},
    {"union", "['null','int','string']", "{'x':{'string':'b'},'agency':'a'}", "agency=a"},
    {"union with null", "['null','string']", "{'x':null,'agency':'a'}", "agency=a"},
    {"union with null and a record", "['null'," RECORD("s", FIELD("a", "'int'")) "]",
     "{'x':{'s':{'a':1}},'agency':'a'}", "agency=a"},
    {"union with null and a fixed of nothing", "['null',{'type':'fixed','name':'f','size':0}]", "#02 02 61",
     "agency=a"},
    {"a list of two", LIST, "{'x':{'value':1,'next':{'list':{'value':2,'next':null}}},'agency':'a'}", "agency=a"},

    {"boolean 0x7f", "'boolean'", "#7f 02 61", "run bad_boolean: x"},
    {"boolean 2", "'boolean'", "#02 02 61", "run bad_boolean: x"},
    {"int of 33 bits", "'int'", "#80 80 80 80 10 02 61", "run bad_varint: x"},
    {"int of six bytes", "'int'", "#80 80 80 80 80 00 02 61", "run bad_varint: x"},
    {"int of five bytes that is 0", "'int'", "#80 80 80 80 00 02 61", "agency=a"},
    {"long of 65 bits", "'long'", "#ff ff ff ff ff ff ff ff ff 02 02 61", "run bad_varint: x"},
    {"long of eleven bytes", "'long'", "#80 80 80 80 80 80 80 80 80 80 00 02 61", "run bad_varint: x"},
    {"symbol 2 of two", ENUM("e", "'A','B'"), "#04 02 61", "run bad_enum: x"},
    {"symbol -1", ENUM("e", "'A','B'"), "#01 02 61", "run bad_enum: x"},
    {"branch 2 of two", "['null','int']", "#04 00 02 61", "run bad_branch: x"},
    {"branch -1", "['null','int']", "#01 00 02 61", "run bad_branch: x"},
    {"a string of 8 GiB", "'string'", "#80 80 80 80 40 61", "run bad_length: x"},
    {"a string of 2 GiB less a byte", "'string'", "#fe ff ff ff 0f 61", "run truncated: x"},
    {"a string of -1", "'string'", "#01 61", "run bad_length: x"},
    {"a string of the least long", "'string'", "#ff ff ff ff ff ff ff ff ff 01", "run bad_length: x"},
    {"a string one byte too long", "'string'", "#06 02 61", "run truncated: x"},
    {"a fixed that is cut", "{'type':'fixed','name':'f','size':3}", "#61 61", "run truncated: x"},
    {"20 million nulls", ARRAY("'null'"), "#80 b4 89 13 00 02 61", "run bad_length: x"},
    {"65,536 nulls", ARRAY("'null'"), "#80 80 08 00 02 61", "agency=a"},
    {"65,537 nulls", ARRAY("'null'"), "#82 80 08 00 02 61", "run bad_length: x"},
    {"65,537 nulls in two blocks", ARRAY("'null'"), "#80 80 08 02 00 02 61", "run bad_length: x"},
    {"65,536 nulls, and 1 in another list", ARRAY(ARRAY("'null'")), "#04 80 80 08 00 02 00 00 02 61",
     "run bad_length: x"},
    {"20 million records of nothing", ARRAY(RECORD("s", FIELD("a", "'null'"))), "#80 b4 89 13 00 02 61",
     "run bad_length: x"},
    {"20 million ints in 4 bytes", ARRAY("'int'"), "#80 b4 89 13 02 02 02 00", "run truncated: x"},
    {"more items than an int counts", ARRAY("'int'"), "#80 80 80 80 10 02 61", "run bad_length: x"},
    {"the least count there is", ARRAY("'int'"), "#ff ff ff ff ff ff ff ff ff 01 00 02 61", "run bad_length: x"},
    {"a block that says it is larger than the message", ARRAY("'int'"), "#01 10 02 00 02 61", "run truncated: x"},
    {"a block with a size below 0", ARRAY("'int'"), "#01 01 02 00 02 61", "run bad_length: x"},
    {"a map of 20 million nulls", MAP("'null'"), "#80 b4 89 13 00 00", "run truncated: x"},
    {"an array without its end", ARRAY("'int'"), "#02 02", "run truncated: x"},
    {"a record that is itself, for ever", RECORD("s", FIELD("a", "'s'")), "#00", "run too_deep: s.a"},
    {"a list of 32", LIST, "#" TEN_OF_LIST TEN_OF_LIST TEN_OF_LIST "02 02 02 00 02 61", "agency=a"},
    {"a list of 33", LIST, "#" TEN_OF_LIST TEN_OF_LIST TEN_OF_LIST "02 02 02 02 02 00 02 61",
     "run too_deep: list.next"},
    {"bytes after the end", "'int'", "#02 02 61 00", "run trailing_bytes: the record"},
};

static void test_passed_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(passed); i++) {
        char *writer;
        assert_true(asprintf(&writer, FIELD("x", "%s") NEXT FIELD("agency", "'string'"), passed[i].type) > 0);
        run_row(passed[i].name, NULL, writer, FIELD("agency", "'string'"), passed[i].value, passed[i].expected);
        free(writer);
    }
}

/* Which primitive type can be read as which: the specification's list, as a table. */
static void test_primitive_types(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        const char *bytes; /* of one value */
        const char *read_as;
    } types[] = {
        {"null", "#", "null"},
        {"boolean", "#01", "boolean"},
        {"int", "#02", "int long float double"},
        {"long", "#02", "long float double"},
        {"float", "#00 00 80 3f", "float double"},
        {"double", "#00 00 00 00 00 00 f0 3f", "double"},
        {"bytes", "#02 61", "bytes string"},
        {"string", "#02 61", "string bytes"},
    };
    for (size_t i = 0; i < COUNT(types); i++) {
        for (size_t j = 0; j < COUNT(types); j++) {
            char writer[64];
            char reader[64];
            char word[16];
            snprintf(writer, sizeof writer, FIELD("x", "'%s'"), types[i].word);
            snprintf(reader, sizeof reader, FIELD("x", "'%s'"), types[j].word);
            const char *found = strstr(types[i].read_as, types[j].word);
            snprintf(word, sizeof word, "%s as %s", types[i].word, types[j].word);
            run_row(word, NULL, writer, reader, types[i].bytes, found != NULL ? "" : "compile incompatible_schema: x");
        }
    }
}

/* A record of two of the record before it, 30 deep: passing over it must cost what its bytes are, not 2^30 steps. */
static void test_doubling_records(void **state)
{
    (void)state;
    static const char *const innermost[] = {FIELD("a", "'null'"), FIELD("a", "'int'")};
    for (size_t kind = 0; kind < COUNT(innermost); kind++) {
        struct buffer fields;
        char text[256];
        buffer_init(&fields, 1 << 20);
        buffer_text(&fields, FIELD("f0", RECORD("r0", "%s")), innermost[kind]);
        for (unsigned i = 1; i <= 30; i++) {
            buffer_text(&fields, NEXT FIELD("f%u", "%s"), i, "");
            fields.size -= 1; /* its closing brace: the type follows */
            buffer_text(&fields, RECORD("r%u", FIELD("a", "'r%u'") NEXT FIELD("b", "'r%u'")) "}", i, i - 1, i - 1);
        }
        buffer_u8(&fields, 0);
        char *writer = schema_of((const char *)fields.data);
        char *reader = schema_of(DEFAULTED("transfers", "'int'", "1"));
        static const uint8_t zeros[64];
        resolve(NULL, writer, reader, span_of(zeros, kind == 0 ? 0 : sizeof zeros), text, sizeof text);
        if (!is_expected(text, kind == 0 ? "transfers=1" : "run truncated: r0.a")) {
            fail_msg("%zu: %s", kind, text);
        }
        free(writer);
        free(reader);
        buffer_done(&fields);
    }
}

/* One optional field, of thousands of types: passing over it is nothing much, but to say why each of them cannot be
 * read would take more than a plan may hold. */
static void test_large_plan(void **state)
{
    (void)state;
    struct buffer field;
    char text[512];
    buffer_init(&field, 1 << 20);
    buffer_text(&field, "{'name':'transfers','type':['int'");
    for (unsigned i = 0; i < 10000; i++) {
        buffer_text(&field, ",{'type':'fixed','name':'of_a_long_name_%u','size':1}", i);
    }
    buffer_text(&field, "]}");
    buffer_u8(&field, 0);
    char *writer = schema_of((const char *)field.data);
    char *passing = schema_of(DEFAULTED("resolved", "'boolean'", "true"));
    char *reading = schema_of(FIELD("transfers", "'int'"));
    resolve(NULL, writer, passing, span_of("\x04x", 2), text, sizeof text);
    assert_string_equal(text, "resolved=1");
    resolve(NULL, writer, reading, span_of("\x00\x02", 2), text, sizeof text);
    assert_true(is_expected(text, "compile bad_schema: too large"));
    free(writer);
    free(passing);
    free(reading);
    buffer_done(&field);
}

/* A byte that no text may hold is found at every place of a text of every size. */
static void test_bytes_of_text(void **state)
{
    (void)state;
    static const uint8_t wrong[] = {0x00, 0x80, 0xff};
    struct plan *plan = NULL;
    char *schema = schema_of(FIELD("agency", "'string'"));
    assert_int_equal(plan_compile(span_text(schema), span_text(schema), CHANNEL_WEB, NULL, &plan, NULL), DONE);
    for (size_t size = 0; size < 52; size++) {
        for (size_t at = 0; at < size * COUNT(wrong) + 1; at++) {
            struct interaction interaction;
            struct reason why = {0};
            uint8_t bytes[64];
            memset(bytes, at % 2 == 0 ? 0x01 : 0x7f, sizeof bytes);
            bytes[0] = (uint8_t)(size << 1);
            if (at > 0) {
                bytes[1 + (at - 1) / COUNT(wrong)] = wrong[(at - 1) % COUNT(wrong)];
            }
            enum outcome outcome = plan_run(plan, span_of(bytes, 1 + size), &interaction, &why);
            assert_int_equal(outcome, at == 0 ? DONE : SKIP);
            assert_int_equal(why.code, at == 0 ? REASON_NONE : REASON_BAD_UTF8);
        }
    }
    plan_close(plan);
    free(schema);
}

/* A place is told by its path; one that is too long loses its beginning. */
static void test_places(void **state)
{
    (void)state;
    char name[61];
    char writer[512];
    memset(name, 'n', 60);
    name[60] = '\0';
    snprintf(writer, sizeof writer, FIELD("outer_%s", "%s"), name, "");
    size_t length = strlen(writer) - 1;
    snprintf(writer + length, sizeof writer - length, RECORD("s", FIELD("inner_%s", "'boolean'")) "}", name);
    char expected[256];
    snprintf(expected, sizeof expected, "run bad_boolean: s.inner_%s: ", name);
    run_row("passed over", NULL, writer, DEFAULTED("transfers", "'int'", "1"), "#02", expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_passed_over),
        cmocka_unit_test(test_primitive_types),
        cmocka_unit_test(test_doubling_records),
        cmocka_unit_test(test_large_plan),
        cmocka_unit_test(test_bytes_of_text),
        cmocka_unit_test(test_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
