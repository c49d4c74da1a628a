/* import_rule.c - a rule's keys, each with what it may hold and where it may stand. */
#include "import_rule.h"

#include <stdio.h>
#include <stdlib.h>

#define WHAT_SIZE 128

struct rule_reader {
    const struct yaml_file *yaml;
    struct mapping *mapping;
    const struct rule_target *target;
    struct rule *rule;
    const yaml_node_t *node; /* the rule */
    char what[WHAT_SIZE];    /* "fields.occurred_at.from" */
};

static size_t add_column(struct rule_reader *self, const yaml_node_t *node, const char *name)
{
    struct mapping *mapping = self->mapping;
    for (size_t i = 0; i < mapping->column_count; i++) {
        if (strcmp(mapping->columns[i].name, name) == 0) {
            return i;
        }
    }
    if (!*name) {
        yaml_complain(self->yaml, node, "%s: got an empty name, allowed a column's", self->what);
        return 0;
    }
    if (mapping->column_count == MAPPING_COLUMNS_MAX) {
        yaml_complain(self->yaml, node, "%s: got one column more than the %d that are allowed", self->what,
                      MAPPING_COLUMNS_MAX);
        return 0;
    }
    mapping->columns[mapping->column_count] =
        (struct mapping_column){name, node->start_mark.line + 1, node->start_mark.column + 1};
    return mapping->column_count++;
}

/* Whether a constant, or what a map gives, is something that the field can store. */
static void check_result(const struct rule_reader *self, const yaml_node_t *node, const char *text)
{
    int64_t value;
    enum channel channel;
    const struct rule_target *target = self->target;
    struct span span = span_text(text);
    if (target->is_channel           ? channel_from_word(span, &channel)
        : target->type == FIELD_TEXT ? span.size > 0 && span.size <= ID_SIZE_MAX
                                     : value_convert(target->type, span, &self->rule->values, &value)) {
        return;
    }
    yaml_complain(self->yaml, node, "%s: got \"%.*s\", allowed %s", self->what, YAML_SHOWN, text,
                  target->is_channel           ? "web, phone, office or chat"
                  : target->type == FIELD_TEXT ? "1 to 200 bytes"
                                               : value_expected(target->type));
}

/* ---- the keys ---- */

static void read_times(struct rule_reader *self, const yaml_node_t *node)
{
    times_read(self->yaml, node, self->what, &self->rule->values.times);
}

static size_t read_flag_words(const struct rule_reader *self, const yaml_node_t *node,
                              const char *words[FLAG_WORDS_MAX])
{
    size_t count = yaml_list_size(self->yaml, node, self->what);
    if (count > FLAG_WORDS_MAX) {
        yaml_complain(self->yaml, node, "%s: got %zu words, allowed %d", self->what, count, FLAG_WORDS_MAX);
        count = FLAG_WORDS_MAX;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const char *word = yaml_scalar(self->yaml, yaml_list_item(self->yaml, node, i), self->what);
        if (word) {
            words[kept++] = word;
        }
    }
    return kept;
}

static void read_yes(struct rule_reader *self, const yaml_node_t *node)
{
    self->rule->values.flags.yes_count = read_flag_words(self, node, self->rule->values.flags.yes);
}

static void read_no(struct rule_reader *self, const yaml_node_t *node)
{
    self->rule->values.flags.no_count = read_flag_words(self, node, self->rule->values.flags.no);
}

static void read_factor(struct rule_reader *self, const yaml_node_t *node)
{
    const char *text = yaml_scalar(self->yaml, node, self->what);
    char *end;
    double factor = text ? strtod(text, &end) : 1;
    if (text && (*end || end == text || !(factor > 0 && factor <= 1e9))) {
        yaml_complain(self->yaml, node, "%s: got \"%.*s\", allowed a number above 0: seconds in the column's unit",
                      self->what, YAML_SHOWN, text);
        factor = 1;
    }
    self->rule->values.factor = factor;
}

static void read_constant(struct rule_reader *self, const yaml_node_t *node)
{
    const char *text = yaml_scalar(self->yaml, node, self->what);
    self->rule->source = RULE_CONSTANT;
    self->rule->constant = text ? text : "";
    if (text) {
        check_result(self, node, text);
    }
}

static void read_columns(struct rule_reader *self, const yaml_node_t *node)
{
    size_t count = yaml_list_size(self->yaml, node, self->what);
    if (count > RULE_COLUMNS_MAX) {
        yaml_complain(self->yaml, node, "%s: got %zu columns, allowed %d", self->what, count, RULE_COLUMNS_MAX);
        count = RULE_COLUMNS_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = yaml_list_item(self->yaml, node, i);
        const char *name = yaml_scalar(self->yaml, item, self->what);
        if (name) {
            self->rule->columns[self->rule->column_count++] = add_column(self, item, name);
        }
    }
}

static void read_from(struct rule_reader *self, const yaml_node_t *node)
{
    self->rule->source = RULE_COLUMNS;
    read_columns(self, node);
}

static void read_between(struct rule_reader *self, const yaml_node_t *node)
{
    self->rule->source = RULE_BETWEEN;
    read_columns(self, node);
    if (self->rule->column_count != 2) {
        yaml_complain(self->yaml, node, "%s: got %zu columns, allowed two: from the first to the second", self->what,
                      self->rule->column_count);
    }
}

static bool add_part(struct rule_reader *self, const yaml_node_t *node, struct template_part part)
{
    if (self->rule->part_count == RULE_PARTS_MAX) {
        yaml_complain(self->yaml, node, "%s: got more than the %d parts that are allowed", self->what, RULE_PARTS_MAX);
        return false;
    }
    self->rule->parts[self->rule->part_count++] = part;
    return true;
}

static void read_template(struct rule_reader *self, const yaml_node_t *node)
{
    const char *text = yaml_scalar(self->yaml, node, self->what);
    char *at = strdup(text ? text : ""); /* in which NULs take the place of the closing braces */
    ASSERT(at);
    self->rule->source = RULE_TEMPLATE;
    self->rule->template_text = at;
    while (*at) {
        char *open = strchr(at, '{');
        size_t plain = open ? (size_t)(open - at) : strlen(at);
        if (plain > 0 && !add_part(self, node, (struct template_part){.text = span_of(at, plain)})) {
            return;
        }
        if (!open) {
            return;
        }
        char *close = strchr(open, '}');
        if (!close) {
            yaml_complain(self->yaml, node, "%s: got a { without its }, allowed {COLUMN}", self->what);
            return;
        }
        *close = '\0';
        struct template_part part = {.column = add_column(self, node, open + 1), .is_column = true};
        if (!add_part(self, node, part)) {
            return;
        }
        at = close + 1;
    }
}

/* An empty result is absent. */
static void read_map(struct rule_reader *self, const yaml_node_t *node)
{
    size_t count;
    struct yaml_entry *entries = yaml_entries(self->yaml, node, self->what, &count);
    struct rule *rule = self->rule;
    rule->has_map = true;
    rule->entries = calloc(count + 1, sizeof *rule->entries);
    ASSERT(rule->entries);
    for (size_t i = 0; i < count; i++) {
        const char *to = yaml_scalar(self->yaml, entries[i].value, self->what);
        if (to && (*to || self->target->is_channel)) {
            check_result(self, entries[i].value, to);
        }
        rule->entries[rule->entry_count++] = (struct map_entry){entries[i].key, to ? to : "", 0};
    }
    qsort(rule->entries, rule->entry_count, sizeof *rule->entries, map_order);
    free(entries);
}

static void read_otherwise(struct rule_reader *self, const yaml_node_t *node)
{
    const char *text = yaml_scalar(self->yaml, node, self->what);
    bool absent = text && strcmp(text, "absent") == 0;
    if (text && strcmp(text, "reject") != 0 && (!absent || self->target->is_channel)) {
        yaml_complain(self->yaml, node, "%s: got \"%.*s\", allowed reject%s", self->what, YAML_SHOWN, text,
                      self->target->is_channel ? "" : " or absent");
    }
    self->rule->otherwise_absent = absent;
}

/* ---- a rule ---- */

#define FITS(type) (1u << (type))
enum { FITS_ANY = 0xff, FITS_CHANNEL = 0x100 };

/* In the order in which they are read: results are checked with the times, words and factors there are. */
static const struct rule_key {
    const char *name;
    void (*read)(struct rule_reader *self, const yaml_node_t *node);
    unsigned fits; /* types of fields */
    bool is_source;
} keys[] = {
    {"times", read_times, FITS(FIELD_TIME) | FITS(FIELD_SECONDS), false},
    {"yes", read_yes, FITS(FIELD_FLAG), false},
    {"no", read_no, FITS(FIELD_FLAG), false},
    {"factor", read_factor, FITS(FIELD_SECONDS), false},
    {"constant", read_constant, FITS_ANY | FITS_CHANNEL, true},
    {"from", read_from, FITS_ANY | FITS_CHANNEL, true},
    {"template", read_template, FITS(FIELD_TEXT), true},
    {"between", read_between, FITS(FIELD_SECONDS), true},
    {"map", read_map, FITS_ANY | FITS_CHANNEL, false},
    {"otherwise", read_otherwise, FITS_ANY | FITS_CHANNEL, false},
};
#define KEYS (sizeof keys / sizeof *keys)

static const struct rule_key *key_named(const char *name)
{
    for (size_t i = 0; i < KEYS; i++) {
        if (strcmp(keys[i].name, name) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

/* The keys that there are, and that this field can use. Returns how many of them say where the value comes from. */
static size_t check_keys(struct rule_reader *self, const struct yaml_entry *entries, size_t count)
{
    size_t sources = 0;
    const struct rule_target *target = self->target;
    unsigned fits = target->is_channel ? (unsigned)FITS_CHANNEL : FITS(target->type);
    for (size_t i = 0; i < count; i++) {
        const struct rule_key *key = key_named(entries[i].key);
        if (!key) {
            yaml_complain(self->yaml, entries[i].key_node,
                          "%s: got \"%.*s\", allowed constant, from, template, between, map, otherwise, times, yes, "
                          "no, factor",
                          target->what, YAML_SHOWN, entries[i].key);
        } else if (!(key->fits & fits)) {
            yaml_complain(self->yaml, entries[i].key_node, "%s: got %s, which is not for %s", target->what, key->name,
                          target->is_channel ? "the channel" : "a field of this kind");
        } else {
            sources += key->is_source;
        }
    }
    return sources;
}

static void read_keys(struct rule_reader *self, const struct yaml_entry *entries, size_t count)
{
    unsigned fits = self->target->is_channel ? (unsigned)FITS_CHANNEL : FITS(self->target->type);
    for (size_t k = 0; k < KEYS; k++) {
        for (size_t i = 0; i < count; i++) {
            if (strcmp(keys[k].name, entries[i].key) == 0 && (keys[k].fits & fits)) {
                snprintf(self->what, sizeof self->what, "%s.%s", self->target->what, keys[k].name);
                keys[k].read(self, entries[i].value);
            }
        }
    }
}

/* What only makes sense together. */
static void check_rule(const struct rule_reader *self, size_t sources)
{
    const struct rule *rule = self->rule;
    const struct flag_words *flags = &rule->values.flags;
    const char *what = self->target->what;
    if (sources != 1) {
        yaml_complain(self->yaml, self->node, "%s: got %zu of constant, from, template and between, allowed one", what,
                      sources);
    } else if (rule->has_map && rule->source != RULE_COLUMNS) {
        yaml_complain(self->yaml, self->node, "%s: got map without from, allowed with it", what);
    }
    if ((flags->yes_count > 0) != (flags->no_count > 0)) {
        yaml_complain(self->yaml, self->node, "%s: got only one of yes and no, allowed both", what);
    }
    if (rule->otherwise_absent && !rule->has_map && flags->yes_count == 0) {
        yaml_complain(self->yaml, self->node, "%s: got otherwise without map or yes and no, allowed with them", what);
    }
}

void rule_read(const struct yaml_file *yaml, struct mapping *mapping, const struct rule_target *target,
               const yaml_node_t *node, struct rule *rule)
{
    struct rule_reader self = {.yaml = yaml, .mapping = mapping, .target = target, .rule = rule, .node = node};
    *rule = (struct rule){.values = {.times = mapping->times, .factor = 1}};
    snprintf(self.what, sizeof self.what, "%s", target->what);
    if (node->type != YAML_MAPPING_NODE) {
        read_from(&self, node);
        return;
    }
    size_t count;
    struct yaml_entry *entries = yaml_entries(yaml, node, target->what, &count);
    size_t sources = check_keys(&self, entries, count);
    read_keys(&self, entries, count);
    check_rule(&self, sources);
    free(entries);
}

void rule_done(struct rule *rule)
{
    free(rule->entries);
    free(rule->template_text);
}

void times_read(const struct yaml_file *yaml, const yaml_node_t *node, const char *what, struct time_formats *times)
{
    size_t count = yaml_list_size(yaml, node, what);
    times->count = 0;
    if (count > TIME_FORMATS_MAX) {
        yaml_complain(yaml, node, "%s: got %zu formats, allowed %d", what, count, TIME_FORMATS_MAX);
        count = TIME_FORMATS_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = yaml_list_item(yaml, node, i);
        const char *format = yaml_scalar(yaml, item, what);
        if (format && !time_format_is_valid(format)) {
            yaml_complain(yaml, item, "%s: got \"%.*s\", allowed iso, epoch_s, epoch_ms or a pattern as %%d/%%m/%%Y",
                          what, YAML_SHOWN, format);
        } else if (format) {
            times->formats[times->count++] = format;
        }
    }
}
