/* import_rule.h - one rule of a mapping, from YAML. Errors: the file's problems. */
#ifndef SLIPSTREAM_MAIN_IMPORT_RULE_H
#define SLIPSTREAM_MAIN_IMPORT_RULE_H

#include "import_mapping.h"
#include "import_yaml.h"

/* What a rule makes. */
struct rule_target {
    const char *what; /* "fields.occurred_at", for problems */
    enum field_type type;
    bool is_channel; /* a word of enum channel; its type is FIELD_TEXT */
};
/* Fills in rule, and adds the columns it reads to the mapping's. */
void rule_read(const struct yaml_file *yaml, struct mapping *mapping, const struct rule_target *target,
               const yaml_node_t *node, struct rule *rule);
void rule_done(struct rule *rule);

/* A list of formats; count is 0 after a complaint. */
void times_read(const struct yaml_file *yaml, const yaml_node_t *node, const char *what, struct time_formats *times);

#endif
