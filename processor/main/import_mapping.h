/* import_mapping.h - how the columns of a file become the fields of an interaction: a small YAML file.
 *
 *   times: [iso]                                # formats tried in order; UTC unless the value has an offset
 *   channel: {from: channel, map: {PHONE: phone, ONLINE: web}, otherwise: reject}
 *   fields:                                     # by the paths of interaction_fields
 *     event_id: {template: "{source}-{id}"}
 *     agency: agency                            # short for {from: agency}
 *     service: service
 *     occurred_at: {from: [closed, opened]}     # the first that is not empty
 *     resolution_seconds: {between: [opened, closed]}
 *
 * A rule has one of constant, from, template, between; and may have map and otherwise (reject or absent), times, yes
 * and no, factor, where its field can use them. event_id, agency, service, occurred_at and channel are needed; kind is
 * interaction and interaction_id the event_id unless said. For JSON lines a column is a key, or a path with dots.
 * Errors: all of them at once, as problems with line and column. Owner: who opened closes; what is in a mapping lives
 * as long as it. Bounds: below, and import_yaml.h's. */
#ifndef SLIPSTREAM_MAIN_IMPORT_MAPPING_H
#define SLIPSTREAM_MAIN_IMPORT_MAPPING_H

#include "slipstream/config.h"

enum import_format { FORMAT_UNSET, FORMAT_CSV, FORMAT_JSONL };
bool import_format_from_word(const char *word, enum import_format *format); /* "csv", "jsonl" */

#define MAPPING_COLUMNS_MAX 128
#define RULE_COLUMNS_MAX    8
#define RULE_PARTS_MAX      16

enum rule_source { RULE_NONE, RULE_CONSTANT, RULE_COLUMNS, RULE_TEMPLATE, RULE_BETWEEN };

/* Of a template: text, or a column. */
struct template_part {
    struct span text;
    size_t column;
    bool is_column;
};
struct rule {
    enum rule_source source; /* RULE_NONE: the field is absent */
    const char *constant;
    size_t
        columns[RULE_COLUMNS_MAX]; /* positions in the mapping's columns; RULE_BETWEEN: from the first to the second */
    size_t column_count;
    struct template_part parts[RULE_PARTS_MAX];
    size_t part_count;
    char *template_text;       /* owned: what the parts are borrowed from */
    struct map_entry *entries; /* owned; sorted by from */
    size_t entry_count;
    bool has_map;
    bool otherwise_absent; /* what the map, yes and no do not have is absent; else the row is rejected */
    struct value_rules values;
};

struct mapping_column {
    const char *name;
    size_t line, column; /* where the mapping first names it */
};

struct mapping {
    const char *where;         /* its file's name; borrowed */
    enum import_format format; /* FORMAT_UNSET: by the file's name */
    char delimiter;
    struct time_formats times; /* for rules without their own */
    struct mapping_column columns[MAPPING_COLUMNS_MAX];
    size_t column_count;
    struct rule channel;
    struct rule rules[INTERACTION_FIELDS]; /* by position in interaction_fields */
    struct mapping_text *text;             /* owned: what every name above is borrowed from */
};

/* STOP: there are problems. `where` is the name in them, and must outlive the mapping. */
enum outcome mapping_parse(const char *where, struct span text, struct mapping **mapping,
                           struct problems *problems) MUST_CHECK;
enum outcome mapping_open(const char *path, struct mapping **mapping, struct problems *problems) MUST_CHECK;
void mapping_close(struct mapping *self);

/* What the rule's map has for a value; NULL: nothing. */
const char *rule_mapped(const struct rule *rule, struct span value);

#endif
