/* interaction.h - one citizen's contact with an agency, as decoded from any of the four channels.
 *
 * Shape: one struct with every field of the four interaction schemas; a field that a channel does not have, or that an
 * event does not fill, is absent. Units: times in microseconds since the epoch, durations in milliseconds, ratings 1-5.
 * Ownership: texts are borrowed from the message that was decoded and live as long as it does. */
#ifndef SLIPSTREAM_MODEL_INTERACTION_H
#define SLIPSTREAM_MODEL_INTERACTION_H

#include "slipstream/base.h"

enum channel { CHANNEL_WEB, CHANNEL_PHONE, CHANNEL_OFFICE, CHANNEL_CHAT, CHANNELS };
const char *channel_word(enum channel channel);                    /* "web" */
bool channel_from_word(struct span word, enum channel *channel);

/* What kind of fact an event is. The words are the symbols of the Avro enum, in its order. */
enum event_kind { EVENT_INTERACTION, EVENT_SURVEY, EVENT_REOPENING, EVENT_KINDS };

/* How a phone, office or chat contact went: the symbols of the Avro enum `contact_outcome`, in its order. */
enum contact_outcome { CONTACT_SERVED, CONTACT_ABANDONED, CONTACT_OUTCOMES };

/* Absent, for every numeric field. No valid value equals it. */
#define ABSENT INT64_MIN

/* Longest agency, service, event or interaction id in bytes (shortest 1). */
#define ID_SIZE_MAX 200

/* How a field is read: what the Avro side may be, and what is stored. */
enum field_type {
    FIELD_TEXT,    /* string → struct span; absent: data is NULL */
    FIELD_TIME,    /* timestamp-millis or -micros → µs */
    FIELD_FLAG,    /* boolean → 0 or 1 */
    FIELD_NUMBER,  /* int or long → as it is */
    FIELD_SECONDS, /* double, float, int or long, in seconds → ms, rounded */
    FIELD_KIND,    /* enum event_kind */
    FIELD_CONTACT, /* enum contact_outcome */
};

/* The one table of fields: member, type, Avro path (a dot goes into a nested record). */
#define INTERACTION_TEXTS(F)                                                                                           \
    F(event_id, FIELD_TEXT, "event_id")                                                                                \
    F(interaction_id, FIELD_TEXT, "interaction_id")                                                                    \
    F(agency, FIELD_TEXT, "agency")                                                                                    \
    F(service, FIELD_TEXT, "service")

#define INTERACTION_NUMBERS(F)                                                                                         \
    F(kind, FIELD_KIND, "kind")                                                                                        \
    F(occurred_at, FIELD_TIME, "occurred_at")                                                                          \
    F(started_at, FIELD_TIME, "started_at")                                                                            \
    F(retracts, FIELD_FLAG, "retracts")                                                                                \
    F(reopened, FIELD_FLAG, "reopened")                                                                                \
    F(repeat_contact, FIELD_FLAG, "repeat_contact")                                                                    \
    F(resolution, FIELD_SECONDS, "resolution_seconds")                                                                 \
    F(survey_offered, FIELD_FLAG, "survey_offered")                                                                    \
    F(rating_office_answers, FIELD_NUMBER, "survey.office_answers")                                                    \
    F(rating_rep_answers, FIELD_NUMBER, "survey.rep_answers")                                                          \
    F(rating_quality, FIELD_NUMBER, "survey.quality")                                                                  \
    F(rating_quick_resolution, FIELD_NUMBER, "survey.quick_resolution")                                                \
    F(rating_compliance, FIELD_NUMBER, "survey.compliance")                                                            \
    F(rating_engagement_advice, FIELD_NUMBER, "survey.engagement_advice")                                              \
    F(rating_engagement_enrol, FIELD_NUMBER, "survey.engagement_enrol")                                                \
    F(rating_advocacy, FIELD_NUMBER, "survey.advocacy")                                                                \
    F(rating_trust, FIELD_NUMBER, "survey.trust")                                                                      \
    F(rating_forgiveness, FIELD_NUMBER, "survey.forgiveness")                                                          \
    F(rating_satisfaction, FIELD_NUMBER, "survey.satisfaction")                                                        \
    F(completed, FIELD_FLAG, "completed")           /* web */                                                          \
    F(page_helpful, FIELD_FLAG, "page_helpful")     /* web */                                                          \
    F(search_found, FIELD_FLAG, "search_found")     /* web */                                                          \
    F(error_shown, FIELD_FLAG, "error_shown")       /* web */                                                          \
    F(outcome, FIELD_CONTACT, "outcome")            /* phone, office, chat */                                          \
    F(wait, FIELD_SECONDS, "wait_seconds")          /* phone, office; chat: until the first reply */                   \
    F(timing_inaccurate, FIELD_FLAG, "timing_inaccurate") /* office */                                                 \
    F(questions_answered, FIELD_FLAG, "questions_answered")                                                            \
    F(resolved, FIELD_FLAG, "resolved")                                                                                \
    F(contained, FIELD_FLAG, "contained_by_bot")    /* chat */                                                         \
    F(transfers, FIELD_NUMBER, "transfers")                                                                            \
    F(agent_informed, FIELD_FLAG, "agent_informed")                                                                    \
    F(escalated, FIELD_FLAG, "escalated")                                                                              \
    F(hold, FIELD_SECONDS, "hold_seconds")                                                                             \
    F(wrap_up, FIELD_SECONDS, "wrap_up_seconds")

struct interaction {
#define INTERACTION_TEXT(member, type, path) struct span member;
    INTERACTION_TEXTS(INTERACTION_TEXT)
#undef INTERACTION_TEXT
#define INTERACTION_NUMBER(member, type, path) int64_t member;
    INTERACTION_NUMBERS(INTERACTION_NUMBER)
#undef INTERACTION_NUMBER
    enum channel channel; /* the topic's, never the message's */
};

/* The table as data, for who binds or documents it. */
struct interaction_field {
    const char *path;
    enum field_type type;
    size_t offset; /* into struct interaction: a struct span for FIELD_TEXT, else an int64_t */
};
extern const struct interaction_field interaction_fields[];
extern const size_t interaction_field_count;

#define INTERACTION_ONE(member, type, path) +1
enum { INTERACTION_FIELDS = 0 INTERACTION_TEXTS(INTERACTION_ONE) INTERACTION_NUMBERS(INTERACTION_ONE) };
#undef INTERACTION_ONE

/* Whether a channel's schema has the field. */
bool channel_has_field(enum channel channel, const struct interaction_field *field);

/* Everything absent. */
void interaction_init(struct interaction *self, enum channel channel);

/* How old and how new an event may be against the clock, in µs. */
struct time_bounds {
    int64_t ahead_us_max; /* 5 minutes: DESIGN, "Time" */
    int64_t age_us_max;   /* the longest pane: nine weeks */
};

/* Whether it means something: ids there and of a right size, durations in [0, 400 days], ratings 1-5, no end before its
 * start, time within bounds. DONE or SKIP. (That texts are UTF-8 is the decoder's to check.) */
enum outcome interaction_check(const struct interaction *self, const struct time_bounds *bounds, struct event_time now,
                               struct reason *why) MUST_CHECK;

#endif
