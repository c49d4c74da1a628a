/* plan_schemas.h - what writers' schemas become over the years, each row another way away from ours; and schemas of
 * producers' own, with the mapping under which they are read.
 *
 * A row's number is part of the inputs of the target `plan`, so rows are added at the end only. */
#ifndef SLIPSTREAM_TESTS_FUZZ_PLAN_SCHEMAS_H
#define SLIPSTREAM_TESTS_FUZZ_PLAN_SCHEMAS_H

#include "decode_rows.h"

#define NEXT                       ","
#define SYMBOLS                    "'interaction','survey','reopening'"
#define MICROS                     LOGICAL("long", "timestamp-micros")
#define OR_NULL                    "['null',"
#define KIND                       FIELD("kind", ENUM("event_kind", SYMBOLS))
#define TEXTS                      FIELD("event_id", "'string'") NEXT FIELD("interaction_id", "'string'") NEXT FIELD("agency", "'string'")
#define SERVICE                    FIELD("service", "'string'")
#define OCCURRED                   FIELD("occurred_at", MICROS)
#define NEEDED                     TEXTS NEXT SERVICE NEXT KIND NEXT OCCURRED
#define ALIASED(name, type, alias) "{'name':'" name "','type':" type ",'aliases':['" alias "']}"
#define NODE                                                                                                           \
    "{'type':'record','name':'node','fields':[{'name':'label','type':'string'},"                                       \
    "{'name':'next','type':['null','node']},{'name':'below','type':{'type':'array','items':'node'}}]}"

static const struct {
    const char *name;
    enum channel channel;
    const char *schema; /* NULL: our own */
} plan_schemas[] = {
    {"our own, web", CHANNEL_WEB, NULL},
    {"our own, phone", CHANNEL_PHONE, NULL},
    {"our own, office", CHANNEL_OFFICE, NULL},
    {"our own, chat", CHANNEL_CHAT, NULL},
    {"only what is needed", CHANNEL_PHONE, RECORD("phone_interaction", NEEDED)},
    {"in another order, with fields of their own between", CHANNEL_PHONE,
     RECORD("phone_interaction",
            OCCURRED NEXT FIELD("queue", "'string'") NEXT KIND NEXT FIELD("cost", "'double'") NEXT SERVICE NEXT TEXTS)},
    {"promoted: int, long and float for double, bytes for string", CHANNEL_PHONE,
     RECORD("phone_interaction",
            FIELD("event_id", "'bytes'") NEXT FIELD("interaction_id", "'string'") NEXT FIELD("agency", "'bytes'")
                NEXT SERVICE NEXT KIND NEXT OCCURRED NEXT FIELD("wait_seconds", "'int'") NEXT FIELD(
                    "hold_seconds", OR_NULL "'long']") NEXT FIELD("resolution_seconds", "['float','null']"))},
    {"times in other units", CHANNEL_CHAT,
     RECORD("chat_interaction",
            TEXTS NEXT SERVICE NEXT KIND NEXT FIELD("occurred_at", LOGICAL("long", "timestamp-millis"))
                NEXT FIELD("started_at", OR_NULL LOGICAL("long", "local-timestamp-micros") "]"))},
    {"unions the other way round, and of several", CHANNEL_OFFICE,
     RECORD("office_interaction",
            NEEDED NEXT FIELD("wait_seconds", "['double','null']") NEXT FIELD("resolved", "['string','boolean','null']")
                NEXT FIELD("outcome", "['null','int'," ENUM("contact_outcome", "'served','abandoned'") "]"))},
    {"an enum with more symbols, in another order", CHANNEL_PHONE,
     RECORD("phone_interaction",
            TEXTS NEXT SERVICE NEXT FIELD("kind", ENUM("event_kind", "'reopening','callback','interaction','survey'"))
                NEXT OCCURRED)},
    {"lists, maps and fixed to pass over", CHANNEL_WEB,
     RECORD("web_interaction",
            FIELD("tags", ARRAY("'string'")) NEXT NEEDED NEXT FIELD("labels", MAP("'long'"))
                NEXT FIELD("digest", "{'type':'fixed','name':'md5','size':16}")
                    NEXT FIELD("pages", ARRAY(RECORD("page", FIELD("url", "'string'") NEXT FIELD("ms", "'int'"))))
                        NEXT FIELD("nested", MAP(ARRAY(MAP("'boolean'")))))},
    {"lists of nothing", CHANNEL_WEB,
     RECORD("web_interaction", NEEDED NEXT FIELD("nulls", ARRAY("'null'")) NEXT FIELD(
                                   "empty", ARRAY(RECORD("nothing", ""))) NEXT FIELD("none", ARRAY(ARRAY("'null'"))))},
    {"a list that holds itself", CHANNEL_CHAT, RECORD("chat_interaction", FIELD("history", NODE) NEXT NEEDED)},
    {"a survey of fewer and of other questions", CHANNEL_PHONE,
     RECORD("phone_interaction",
            NEEDED NEXT FIELD("survey",
                              OR_NULL RECORD("survey_answers", FIELD("trust", "'int'") NEXT FIELD("mood", "'string'")
                                                                   NEXT FIELD("quality", "['int','null']")) "]"))},
    {"a survey that is always there", CHANNEL_PHONE,
     RECORD("phone_interaction",
            NEEDED NEXT FIELD("survey", RECORD("survey_answers", FIELD("trust", OR_NULL "'int']"))))},
    {"names of another namespace", CHANNEL_PHONE,
     "{'type':'record','name':'org.example.phone_interaction','fields':[" NEEDED NEXT FIELD(
         "survey", OR_NULL RECORD("slipstream.survey_answers", FIELD("advocacy", "'int'")) "]") "]}"},
    {"a union as the whole", CHANNEL_PHONE,
     "['null'," RECORD("other", FIELD("x", "'long'")) "," RECORD("phone_interaction", NEEDED) "]"},
    {"the same record twice, one of them passed over", CHANNEL_OFFICE,
     RECORD("office_interaction", FIELD("first", RECORD("visit", FIELD("at", "'long'") NEXT FIELD("note", "'string'")))
                                      NEXT NEEDED NEXT FIELD("last", "'visit'") NEXT FIELD("all", ARRAY("'visit'")))},
    {"logical types on everything", CHANNEL_CHAT,
     RECORD("chat_interaction",
            FIELD("event_id", LOGICAL("string", "uuid")) NEXT FIELD("interaction_id", "'string'")
                NEXT FIELD("agency", "'string'") NEXT SERVICE NEXT KIND NEXT OCCURRED NEXT FIELD(
                    "price", "{'type':'bytes','logicalType':'decimal','precision':9,'scale':2}")
                    NEXT FIELD("day", LOGICAL("int", "date"))
                        NEXT FIELD("span", "{'type':'fixed','name':'span','size':12,'logicalType':'duration'}"))},
};

/* All of the phone channel, whose mapping is `rules`. */
static const struct {
    const char *name;
    const char *rules;
    const char *schema;
} mapped_schemas[] = {
    {"renamed",
     "{event_id: id, interaction_id: id, agency: office_code, occurred_at: ended, kind: {constant: interaction}}",
     RECORD("call",
            FIELD("id", "'string'") NEXT FIELD("office_code", "'string'") NEXT SERVICE NEXT FIELD("ended", MICROS))},
    {"inside records, that may be null",
     "{event_id: a.b.id, interaction_id: a.id, agency: queue.org, service: queue.line, kind: {constant: survey}, "
     "survey.trust: answers.belief, occurred_at: at}",
     RECORD("call",
            FIELD("a", RECORD("a", FIELD("id", "'string'") NEXT FIELD("b", RECORD("b", FIELD("id", "'bytes'")))))
                NEXT FIELD("queue", OR_NULL RECORD("q", FIELD("line", "'string'") NEXT FIELD("x", ARRAY("'int'"))
                                                            NEXT FIELD("org", "'string'")) "]")
                    NEXT FIELD("answers", OR_NULL RECORD("x", FIELD("belief", "['int','null']")) "]")
                        NEXT FIELD("at", LOGICAL("long", "timestamp-millis")))},
    {"units and times in texts and numbers",
     "{event_id: id, interaction_id: id, agency: id, service: id, kind: kind, occurred_at: {from: at, times: [iso, "
     "epoch_ms]}, "
     "started_at: {from: begun, times: epoch_s}, wait_seconds: {from: waited, factor: 0.001}, "
     "hold_seconds: {from: held, factor: 60}, transfers: moves}",
     RECORD("call", FIELD("id", OR_NULL "'bytes','string']") NEXT FIELD("kind", "'string'") NEXT FIELD("at", "'string'")
                        NEXT FIELD("begun", OR_NULL "'double']") NEXT FIELD("waited", "'long'")
                            NEXT FIELD("held", "'float'") NEXT FIELD("moves", "'string'"))},
    {"maps of texts, symbols, numbers and flags",
     "{event_id: id, interaction_id: id, agency: {from: n, map: {17: tax, -4: parks, 0: ''}, otherwise: absent}, "
     "service: {from: s, map: {tax: t, '': none}}, kind: {from: k, map: {A: survey, B: reopening, C: interaction}}, "
     "occurred_at: at, outcome: {from: f, map: {true: served, false: abandoned}}, resolved: r, "
     "survey.quality: {from: g, map: {tax: 5, a: 1}, otherwise: absent}}",
     RECORD("call", FIELD("id", "'string'") NEXT FIELD("n", "'long'") NEXT FIELD("s", "'string'") NEXT FIELD(
                        "k", ENUM("k", "'A','B','C','D'")) NEXT FIELD("at", MICROS) NEXT FIELD("f", "'boolean'")
                        NEXT FIELD("r", OR_NULL "'int','string']") NEXT FIELD("g", OR_NULL "'string']"))},
};

#endif
