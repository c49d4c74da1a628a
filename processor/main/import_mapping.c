/* import_mapping.c - a mapping file: its keys, and which fields must have a rule. */
#include "import_mapping.h"

#include "import_rule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* What the mapping's texts are borrowed from. */
struct mapping_text {
    struct yaml_file yaml;
};

struct mapping_reader {
    const struct yaml_file *yaml;
    struct mapping *mapping;
    bool has_channel;
};

bool import_format_from_word(const char *word, enum import_format *format)
{
    bool csv = strcmp(word, "csv") == 0;
    if (!csv && strcmp(word, "jsonl") != 0) {
        return false;
    }
    *format = csv ? FORMAT_CSV : FORMAT_JSONL;
    return true;
}

const char *rule_mapped(const struct rule *rule, struct span value)
{
    const struct map_entry *entry = map_find(rule->entries, rule->entry_count, value);
    return entry ? entry->to : NULL;
}

/* ---- the file's keys ---- */

static void read_format(struct mapping_reader *self, const yaml_node_t *node)
{
    const char *word = yaml_scalar(self->yaml, node, "format");
    if (word && !import_format_from_word(word, &self->mapping->format)) {
        yaml_complain(self->yaml, node, "format: got \"%.*s\", allowed csv or jsonl", YAML_SHOWN, word);
    }
}

static void read_delimiter(struct mapping_reader *self, const yaml_node_t *node)
{
    const char *text = yaml_scalar(self->yaml, node, "delimiter");
    if (text && (strlen(text) != 1 || strchr("\"\r\n", *text) || (unsigned char)*text > 0x7e)) {
        yaml_complain(self->yaml, node, "delimiter: got \"%.*s\", allowed one ASCII character, as ; or \"\\t\"",
                      YAML_SHOWN, text);
    } else if (text) {
        self->mapping->delimiter = *text;
    }
}

static void read_all_times(struct mapping_reader *self, const yaml_node_t *node)
{
    times_read(self->yaml, node, "times", &self->mapping->times);
}

static void read_channel(struct mapping_reader *self, const yaml_node_t *node)
{
    const struct rule_target target = {"channel", FIELD_TEXT, true};
    rule_read(self->yaml, self->mapping, &target, node, &self->mapping->channel);
    self->has_channel = true;
}

static void read_field(struct mapping_reader *self, const struct yaml_entry *entry)
{
    char what[80];
    for (size_t i = 0; i < interaction_field_count; i++) {
        const struct interaction_field *field = &interaction_fields[i];
        if (strcmp(field->path, entry->key) == 0) {
            snprintf(what, sizeof what, "fields.%s", field->path);
            const struct rule_target target = {what, field->type, false};
            rule_read(self->yaml, self->mapping, &target, entry->value, &self->mapping->rules[i]);
            return;
        }
    }
    yaml_complain(self->yaml, entry->key_node,
                  "fields: got \"%.*s\", allowed a field of the interaction schemas, as wait_seconds or survey.trust",
                  YAML_SHOWN, entry->key);
}

static void read_fields(struct mapping_reader *self, const yaml_node_t *node)
{
    size_t count;
    struct yaml_entry *entries = yaml_entries(self->yaml, node, "fields", &count);
    for (size_t i = 0; i < count; i++) {
        read_field(self, &entries[i]);
    }
    free(entries);
}

/* In the order in which they are read: rules take the times that the file has for all of them. */
static const struct {
    const char *name;
    void (*read)(struct mapping_reader *self, const yaml_node_t *node);
} keys[] = {
    {"format", read_format},   {"delimiter", read_delimiter}, {"times", read_all_times},
    {"channel", read_channel}, {"fields", read_fields},
};
#define KEYS (sizeof keys / sizeof *keys)

static void read_keys(struct mapping_reader *self, const struct yaml_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (size_t k = 0; k < KEYS; k++) {
            known = known || strcmp(keys[k].name, entries[i].key) == 0;
        }
        if (!known) {
            yaml_complain(self->yaml, entries[i].key_node,
                          "got \"%.*s\", allowed format, delimiter, times, channel, fields", YAML_SHOWN,
                          entries[i].key);
        }
    }
    for (size_t k = 0; k < KEYS; k++) {
        for (size_t i = 0; i < count; i++) {
            if (strcmp(keys[k].name, entries[i].key) == 0) {
                keys[k].read(self, entries[i].value);
            }
        }
    }
}

/* ---- the whole ---- */

static void check_needed(const struct mapping_reader *self)
{
    static const char *const needed[] = {"event_id", "agency", "service", "occurred_at"};
    const struct mapping *mapping = self->mapping;
    for (size_t i = 0; i < interaction_field_count; i++) {
        for (size_t n = 0; n < sizeof needed / sizeof *needed; n++) {
            if (strcmp(interaction_fields[i].path, needed[n]) == 0 && mapping->rules[i].source == RULE_NONE) {
                problem(self->yaml->problems, mapping->where, 1, 1, "fields.%s: got nothing, allowed a rule",
                        needed[n]);
            }
        }
    }
    if (!self->has_channel) {
        problem(self->yaml->problems, mapping->where, 1, 1, "channel: got nothing, allowed a rule");
    }
}

enum outcome mapping_parse(const char *where, struct span text, struct mapping **mapping, struct problems *problems)
{
    size_t before = problems->count;
    struct mapping *self = calloc(1, sizeof *self);
    struct mapping_text *kept = calloc(1, sizeof *kept);
    ASSERT(self && kept);
    *self = (struct mapping){.where = where, .delimiter = ',', .times = {{"iso"}, 1}};
    if (!yaml_file_open(&kept->yaml, where, text, problems)) {
        free(kept);
        free(self);
        return STOP;
    }
    self->text = kept;
    struct mapping_reader reader = {.yaml = &kept->yaml, .mapping = self};
    const yaml_node_t *root = yaml_file_root(&kept->yaml);
    size_t count = 0;
    struct yaml_entry *entries = root ? yaml_entries(&kept->yaml, root, "the file", &count) : NULL;
    read_keys(&reader, entries, count);
    check_needed(&reader);
    free(entries);
    if (problems->count > before) {
        mapping_close(self);
        return STOP;
    }
    *mapping = self;
    return DONE;
}

enum outcome mapping_open(const char *path, struct mapping **mapping, struct problems *problems)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        problem(problems, path, 0, 0, "got no file that can be read (%s)", strerror(errno));
        return STOP;
    }
    uint8_t *bytes = malloc(YAML_FILE_MAX + 1);
    ASSERT(bytes);
    size_t size = fread(bytes, 1, YAML_FILE_MAX + 1, file);
    enum outcome outcome = STOP;
    if (ferror(file)) {
        problem(problems, path, 0, 0, "got no file that can be read (%s)", strerror(errno));
    } else {
        outcome = mapping_parse(path, span_of(bytes, size), mapping, problems);
    }
    free(bytes);
    fclose(file);
    return outcome;
}

void mapping_close(struct mapping *self)
{
    if (!self) {
        return;
    }
    rule_done(&self->channel);
    for (size_t i = 0; i < INTERACTION_FIELDS; i++) {
        rule_done(&self->rules[i]);
    }
    yaml_file_close(&self->text->yaml);
    free(self->text);
    free(self);
}
