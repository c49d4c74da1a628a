/* mapping.h - what producers' own schemas have for our fields, as the configuration says it: renamed fields, constants,
 * maps of values, units.
 *
 * Shape: for each channel a rule for each field, by position in interaction_fields. Owner: the configuration, which
 * outlives what is compiled from it; texts are its. */
#ifndef SLIPSTREAM_MODEL_MAPPING_H
#define SLIPSTREAM_MODEL_MAPPING_H

#include "slipstream/model/field_value.h"

#define FIELD_SOURCES_MAX 8

struct field_rule {
    bool given;                          /* else the field is read by its own name */
    const char *from[FIELD_SOURCES_MAX]; /* paths in the writer's record ("queue.org"): the first that it has */
    size_t from_count;
    const char *constant;            /* instead of from; or NULL */
    int64_t constant_value;          /* of a constant that is no text */
    const struct map_entry *entries; /* sorted by from; an empty `to` is absent */
    size_t entry_count;
    bool has_map;
    bool otherwise_absent; /* what the map does not have is absent; else the event is refused */
    bool has_times;        /* the writer's numbers count as `values.times` says */
    struct value_rules values;
    const char *origin; /* "file:line:column" */
};

struct channel_mapping {
    struct field_rule rules[INTERACTION_FIELDS];
};

#endif
