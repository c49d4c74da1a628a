/* scoring.h - the scoring file as data: everything between counts and scores that a person may set.
 *
 * Units: standards in milliseconds, targets, benchmarks and scores 0-100, elasticities as shares (0.02 = 2 %), holidays
 * in days since 1970-01-01 (UTC). Owner: `config` reads one and closes it; everyone else borrows it, spans too. The
 * version is a hash of the fields that change scores. */
#ifndef SLIPSTREAM_MODEL_SCORING_H
#define SLIPSTREAM_MODEL_SCORING_H

#include "slipstream/model/detection.h"

enum survey_method {
    METHOD_TOP2BOX, /* share of answers 4 and 5 */
    METHOD_NET,     /* share of 4 and 5 minus share of 1 and 2, mapped from −1…1 to 0…100 */
    METHOD_MEAN,    /* answers 1…5 as 0, 25, 50, 75, 100 */
    SURVEY_METHODS
};
extern const char *const survey_method_words[SURVEY_METHODS];

/* What an agency's own fixed target is set for: the score, or one driver. The first of the subjects. */
enum { TARGET_CX = SUBJECT_CX, TARGET_DRIVER = SUBJECT_DRIVER, TARGETS = SUBJECT_DRIVER + DRIVERS };

struct scoring_target {
    struct span agency;     /* "*" : every agency without an entry of its own or its group's */
    double values[TARGETS]; /* TARGET_CX, TARGET_DRIVER + enum driver; NAN: none set */
};

/* When a target counts as missed: the upper bound of the window's interval under it, on `looks_to_open` looks one after
 * another; met again when the estimate is at it or above on `looks_to_close` looks. */
struct target_rule {
    enum window window;
    double z;      /* of the interval that decides */
    int64_t n_min; /* interactions that say something about the subject */
    int32_t looks_to_open;
    int32_t looks_to_close;
};

/* What somebody else has published: a line to compare with, never our score. */
struct scoring_benchmark {
    struct span id, name; /* "us_federal_2021", and for people */
    unsigned subject;     /* beside which figure it stands: TARGET_CX or TARGET_DRIVER + driver */
    double value;
    int64_t year;
    struct span source;
    bool alerts; /* whoever is below it is told of; of one subject's lines one at most */
};

struct scoring_agency {
    struct span id, name; /* the name is for people: the id when there is none */
};

/* What interactions may call an agency: its id, or an alias. */
struct scoring_name {
    struct span name;
    uint32_t agency; /* its position */
};

/* Agencies that share targets, and are compared with one another. An agency is in one group at most. */
struct scoring_group {
    struct span name;
    double values[TARGETS]; /* as an agency's target */
};
struct scoring_member {
    struct span agency;
    uint32_t group; /* its position */
};

/* Whom agencies are counted as when they have no place of their own. */
#define AGENCY_OTHER "_other"

struct scoring {
    char version[17];                         /* 16 hex digits */
    int64_t wait_standard_ms[CHANNELS];       /* an edge of EDGES_WAIT */
    int64_t short_abandon_ms[CHANNELS];       /* an edge of EDGES_WAIT, or 0: none is short */
    int64_t resolution_standard_ms[CHANNELS]; /* an edge of EDGES_RESOLUTION */
    double signal_weight[DRIVERS][SIGNALS];   /* operational line, 0: not part of it */
    double line_weight_operational[DRIVERS];
    double line_weight_survey[DRIVERS];
    double driver_weight[DRIVERS];
    enum survey_method method;
    int64_t signal_n_min;   /* a signal with fewer is left out */
    int64_t suppress_below; /* a public figure of fewer interactions is withheld */
    double elasticity[BEHAVIOURS];
    double baseline[BEHAVIOURS]; /* published share; NAN: none */
    struct target_rule target_rule;
    struct detection detection;           /* the slip rule; changes no score */
    const struct scoring_target *targets; /* sorted by agency */
    size_t target_count;
    const struct scoring_benchmark *benchmarks; /* in the file's order */
    size_t benchmark_count;
    const struct scoring_agency *agencies; /* in the file's order */
    size_t agency_count;
    bool agencies_only;               /* all others are AGENCY_OTHER */
    const struct scoring_name *names; /* sorted by name */
    size_t name_count;
    const struct scoring_group *groups; /* in the file's order */
    size_t group_count;
    const struct scoring_member *members; /* sorted by agency */
    size_t member_count;
    const int64_t *holidays; /* growing */
    size_t holiday_count;
};

/* The target of an agency for TARGET_CX or TARGET_DRIVER + driver; NAN when none is set. The agency's own entry counts
 * as a whole; without one its group's, without that the one for all others. */
double scoring_target(const struct scoring *self, struct span agency, unsigned subject);
/* The published line that is told of when a subject is below it; NULL: there is none. */
const struct scoring_benchmark *scoring_alert_line(const struct scoring *self, unsigned subject);
/* The version as a number that is not 0, for telling methods apart. */
uint64_t scoring_method(const struct scoring *self);
/* Whose the interactions are that say this agency: of an alias the agency's id, of a stranger AGENCY_OTHER when the
 * list is all there is; else the name itself. */
struct span scoring_agency_id(const struct scoring *self, struct span name);
/* What people call an agency, by its id. */
struct span scoring_agency_name(const struct scoring *self, struct span id);
/* NULL: in none. */
const struct scoring_group *scoring_group_of(const struct scoring *self, struct span agency);
/* Whether a moment is on one of the holidays. */
bool scoring_is_holiday(const struct scoring *self, struct event_time time);

#endif
