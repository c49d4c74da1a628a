/* fields.h - reading a mapping by a table of its keys: what is there, what is missing, what is not known. */
#ifndef SLIPSTREAM_CONFIG_FIELDS_H
#define SLIPSTREAM_CONFIG_FIELDS_H

#include "document.h"

/* One scoring file while it is read. */
struct reading {
    const char *where;
    struct problems *problems;
    struct config_arena *memory; /* of the result */
    struct scoring *scoring;
    struct scoring_benchmark *benchmarks; /* scoring's, while they are filled in, as the others */
    struct scoring_agency *agencies;
    struct scoring_group *groups;
    double *values;                   /* TARGETS of them: of the entry that is being read */
    const struct node *targeted;      /* targets.agencies and */
    const struct node *target_groups; /* targets.groups and */
    const struct node *group_map;     /* groups, which name what other sections say */
};

struct field {
    const char *key;
    const char *allowed; /* what its value may be, in words */
    void (*read)(struct reading *self, const struct node *node, size_t index);
    size_t index; /* handed to read: which channel, driver … */
    bool optional;
};

/* Reads every entry of a mapping; an unknown key and a missing field are problems. Broken nodes are passed over. */
void fields_read(struct reading *self, const struct node *map, const struct field *fields, size_t count);

/* "PATH: got X, allowed Y" at the node. */
void field_complain(struct reading *self, const struct node *node, const char *allowed);

/* The entries of a mapping whose keys are anyone's names; 0, and a problem when it is neither that nor nothing. */
size_t field_entries(struct reading *self, const struct node *map, const char *allowed);
/* Text of 1 to size_max bytes, copied into the result, or a problem and false. */
bool field_text(struct reading *self, const struct node *node, size_t size_max, struct span *value);
/* A value within its bounds, or a problem and false. */
bool field_real(struct reading *self, const struct node *node, double least, double most, double *value);
bool field_count(struct reading *self, const struct node *node, int64_t least, int64_t most, int64_t *value);
bool field_flag(struct reading *self, const struct node *node, bool *value);
/* A date as days since 1970-01-01 (UTC). */
#define YEAR_LEAST 1900
#define YEAR_MOST  2199
bool field_day(struct reading *self, const struct node *node, int64_t *day);

#endif
