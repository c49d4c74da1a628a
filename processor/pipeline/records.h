/* records.h - what is published, encoded: Avro as in schemas/, framed with 0 and the schema's Confluent id. The fields'
 * order here is the schemas' order; a test reads the bytes back with Avro-C. */
#ifndef SLIPSTREAM_PIPELINE_RECORDS_H
#define SLIPSTREAM_PIPELINE_RECORDS_H

#include "slipstream/score/explain.h"

struct revision {
    uint64_t epoch, seq; /* compared in this order; readers keep the highest */
};

/* Services of an agency that are shown on their own: those with the most contacts in 28 days. */
#define SERVICES_SHOWN 32
struct service_cards {
    struct span service;
    uint32_t position; /* among all the agency's */
    struct card cards[WINDOWS];
};

/* What a second scoring file says of the same counts: for the view alone, where people judge it before it is switched
 * on. It is suppressed as the first is. */
struct shadow_cards {
    const struct scoring *scoring; /* NULL: there is none */
    struct card all[WINDOWS];
    struct card channels[WINDOWS][CHANNELS];
};

/* All the figures of an agency at a look. */
struct scorecard {
    struct span agency;
    struct revision revision;
    struct event_time as_of;
    bool catching_up;
    const struct scoring *scoring;
    struct card all[WINDOWS];
    struct card channels[WINDOWS][CHANNELS];
    struct service_cards services[SERVICES_SHOWN]; /* as they came up first */
    size_t service_count;
    size_t services_left; /* more that there are */
    struct shadow_cards shadow;
    struct fix fixes[EXPLAIN_FIXES_MAX]; /* what would gain most, over 7 days; for the view alone */
    unsigned fix_count;
};
struct aggregate {
    struct span agency, service;
    enum channel channel;
    enum window window;
    struct revision revision;
    struct event_time as_of;
    bool catching_up;
    bool suppressed;
    const int64_t *counts; /* COUNTERS of them */
};
struct alert {
    enum alert_kind kind;
    struct span agency;
    unsigned subject;
    enum alert_transition transition;
    const struct episode *episode;
    const struct slip *slip;  /* of ALERT_SLIP: the one its episode is in */
    bool to_new_level;        /* of what closed and is no slip: it had lasted too long to be told of any longer */
    struct estimate estimate; /* what was seen at the transition */
    const struct scoring *scoring;
    const struct explanation *explanation; /* NULL: there is none, as of what is over */
};

/* Fewer people than may be published. An interaction stands for a person; so does a survey that came alone. */
bool counts_are_few(int64_t interactions, int64_t surveys_answered, const struct scoring *scoring);
bool card_is_suppressed(const struct card *card, const struct scoring *scoring);

void record_aggregate_key(struct buffer *out, uint32_t schema_id, const struct aggregate *aggregate);
void record_aggregate(struct buffer *out, uint32_t schema_id, const struct aggregate *aggregate);
void record_score(struct buffer *out, uint32_t schema_id, const struct scorecard *scorecard);
void record_alert(struct buffer *out, uint32_t schema_id, const struct alert *alert);

/* The published line that an alert is of; NULL: it is of none, or of one that the scoring file no longer has. */
const struct scoring_benchmark *alert_benchmark(const struct alert *alert);

/* Somebody else's text on a line of ours: what would end the line is left out, and so is what is beyond `most` bytes.
 */
void plain_text(struct buffer *out, struct span text, size_t most);
/* What was looked at: a window's word, or of a silent channel how long it had been silent when it opened, "3h". */
#define ALERT_WINDOW_SIZE 24
const char *alert_window(const struct alert *alert, char text[ALERT_WINDOW_SIZE]);
/* The alert in plain words, for a service lead. */
void alert_text(struct buffer *out, const struct alert *alert);

/* The cards and services alone, for telling whether anything has changed. */
void record_cards(struct buffer *out, const struct scorecard *scorecard);

/* The live view of an agency, as JSON: the scorecard and its open episodes. */
struct view_episode {
    enum alert_kind kind;
    unsigned subject;
    const struct episode *episode;
    const struct slip *slip; /* of a slip: the one its episode is in */
    bool to_new_level;       /* as an alert's */
    const struct explanation *explanation;
};
void view_render(struct buffer *out, const struct scorecard *scorecard, const struct view_episode *episodes,
                 size_t episode_count, struct event_time now);

#endif
