/* mapping.c - the section `mapping`: what producers' own schemas have for our fields. The words are those of a mapping
 * file for `slipstream import`. */
#include "mapping.h"

#include <stdio.h>
#include <stdlib.h>

#define PATH_SIZE_MAX 255

struct rule_reading {
    struct loading *loading;
    const char *where;
    const struct interaction_field *field;
    struct field_rule *rule;
    size_t sources; /* of constant and from, how many there were */
};

static void complain(const struct rule_reading *self, const struct node *node, const char *allowed)
{
    char path[NODE_PATH_SIZE];
    char got[SHOWN_SIZE];
    struct place place = node_place(self->where, node);
    COMPLAIN(self->loading->problems, &place, "%s: got %s, allowed %s", node_path(node, path), node_shown(node, got),
             allowed);
}

static void complain_key(struct loading *loading, const char *where, const struct node *node, const char *allowed,
                         const struct guess *guess)
{
    char path[NODE_PATH_SIZE];
    char meant[GUESS_SIZE + 16];
    struct place place = node_key_place(where, node);
    COMPLAIN(loading->problems, &place, "%s: got an unknown key, allowed %s%s", node_path(node, path), allowed,
             guess_text(guess, meant));
}

static const char *keep_text(const struct rule_reading *self, const struct node *node)
{
    const char *text = config_arena_text(&self->loading->config->memory->texts, node->text, node->size);
    return text ? text : ""; /* that memory is short is told at the end */
}

/* Whether a constant, or what a map gives, is something that the field can store; converts what is no text. */
static bool result_read(const struct rule_reading *self, const struct node *node, int64_t *value)
{
    struct span text = node->kind == NODE_TEXT ? span_of(node->text, node->size) : span_of(NULL, 0);
    if (self->field->type == FIELD_TEXT ? text.size > 0 && text.size <= ID_SIZE_MAX
                                        : value_convert(self->field->type, text, &self->rule->values, value)) {
        return true;
    }
    complain(self, node,
             self->field->type == FIELD_TEXT ? "text of 1 to 200 bytes" : value_expected(self->field->type));
    return false;
}

/* ---- the keys ---- */

static void read_times_word(struct rule_reading *self, const struct node *node)
{
    struct time_formats *times = &self->rule->values.times;
    if (node->kind != NODE_TEXT || !time_format_is_valid(node->text)) {
        complain(self, node, "iso, epoch_s, epoch_ms or a pattern as %d/%m/%Y");
    } else if (times->count == TIME_FORMATS_MAX) {
        complain(self, node, "at most 8 formats");
    } else {
        times->formats[times->count++] = keep_text(self, node);
    }
}

static void read_times(struct rule_reading *self, const struct node *node)
{
    self->rule->has_times = true;
    self->rule->values.times.count = 0;
    if (node->kind != NODE_LIST) {
        read_times_word(self, node);
        return;
    }
    for (const struct node *item = node->first; item; item = item->next) {
        read_times_word(self, item);
    }
    if (node->count == 0) {
        complain(self, node, "one or more of iso, epoch_s, epoch_ms or a pattern");
    }
}

static void read_factor(struct rule_reading *self, const struct node *node)
{
    double factor;
    if (node->kind == NODE_TEXT && text_real(node->text, &factor) && factor > 0 && factor <= 1e9) {
        self->rule->values.factor = factor;
    } else {
        complain(self, node, "a number above 0: seconds in the writer's unit, as 0.001 for milliseconds");
    }
}

static void read_constant(struct rule_reading *self, const struct node *node)
{
    self->sources++;
    if (result_read(self, node, &self->rule->constant_value)) {
        self->rule->constant = keep_text(self, node);
    }
}

/* Names with dots between. */
static bool is_path(const char *text)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    if (strlen(text) > PATH_SIZE_MAX) {
        return false;
    }
    for (;; text++) {
        size_t size = strspn(text, word);
        if (size == 0 || (*text >= '0' && *text <= '9')) {
            return false;
        }
        text += size;
        if (*text != '.') {
            return *text == '\0';
        }
    }
}

static void read_from_word(struct rule_reading *self, const struct node *node)
{
    if (node->kind != NODE_TEXT || !is_path(node->text)) {
        complain(self, node, "the name of a field of the writer's record, with dots into records inside, as queue.org");
    } else if (self->rule->from_count == FIELD_SOURCES_MAX) {
        complain(self, node, "at most 8 names");
    } else {
        self->rule->from[self->rule->from_count++] = keep_text(self, node);
    }
}

static void read_from(struct rule_reading *self, const struct node *node)
{
    self->sources++;
    if (node->kind != NODE_LIST) {
        read_from_word(self, node);
        return;
    }
    for (const struct node *item = node->first; item; item = item->next) {
        read_from_word(self, item);
    }
    if (node->count == 0) {
        complain(self, node, "one or more names of fields");
    }
}

/* An empty result is absent. */
static void read_map(struct rule_reading *self, const struct node *node)
{
    if (node->kind != NODE_MAP) {
        complain(self, node, "a mapping of the writer's values to ours");
        return;
    }
    struct config_memory *memory = self->loading->config->memory;
    struct map_entry *entries = config_arena_take(&memory->texts, (node->count + 1) * sizeof *entries);
    size_t count = 0;
    for (const struct node *entry = node->first; entries && entry; entry = entry->next) {
        struct map_entry new = {.to = ""};
        bool absent = entry->kind == NODE_NOTHING || (entry->kind == NODE_TEXT && entry->size == 0);
        if (entry->kind != NODE_BROKEN && (absent || result_read(self, entry, &new.value))) {
            new.from = config_arena_text(&memory->texts, entry->key, strlen(entry->key));
            new.to = absent ? "" : keep_text(self, entry);
            entries[count] = new;
            count += new.from != NULL;
        }
    }
    if (entries) {
        qsort(entries, count, sizeof *entries, map_order);
    }
    self->rule->has_map = true;
    self->rule->entries = entries;
    self->rule->entry_count = count;
}

static void read_otherwise(struct rule_reading *self, const struct node *node)
{
    self->rule->otherwise_absent = node->kind == NODE_TEXT && strcmp(node->text, "absent") == 0;
    if (!self->rule->otherwise_absent && (node->kind != NODE_TEXT || strcmp(node->text, "reject") != 0)) {
        complain(self, node, "reject or absent");
    }
}

/* ---- a rule ---- */

#define FITS(type) (1u << (type))
enum { FITS_ANY = 0xff };

/* In the order in which they are read: results are checked with the times and factors there are. */
static const struct rule_key {
    const char *name;
    void (*read)(struct rule_reading *self, const struct node *node);
    unsigned fits; /* types of fields */
} keys[] = {
    {"times", read_times, FITS(FIELD_TIME)},
    {"factor", read_factor, FITS(FIELD_SECONDS)},
    {"constant", read_constant, FITS_ANY},
    {"from", read_from, FITS_ANY},
    {"map", read_map, FITS_ANY},
    {"otherwise", read_otherwise, FITS_ANY},
};
#define KEYS (sizeof keys / sizeof *keys)

static const struct rule_key *key_named(const struct rule_reading *self, const struct node *node)
{
    struct guess guess;
    guess_init(&guess, node->key);
    for (size_t i = 0; i < KEYS; i++) {
        guess_offer(&guess, keys[i].name);
        if (strcmp(keys[i].name, node->key) == 0) {
            return &keys[i];
        }
    }
    complain_key(self->loading, self->where, node, "constant, from, map, otherwise, times, factor", &guess);
    return NULL;
}

static void check_keys(const struct rule_reading *self, const struct node *rule)
{
    for (const struct node *node = rule->first; node; node = node->next) {
        const struct rule_key *key = key_named(self, node);
        if (key && !(key->fits & FITS(self->field->type))) {
            char path[NODE_PATH_SIZE];
            struct place place = node_key_place(self->where, node);
            COMPLAIN(self->loading->problems, &place, "%s: got a key that is not for a field of this kind, allowed %s",
                     node_path(node, path),
                     self->field->type == FIELD_TIME      ? "constant, from, map, otherwise, times"
                     : self->field->type == FIELD_SECONDS ? "constant, from, map, otherwise, factor"
                                                          : "constant, from, map, otherwise");
        }
    }
}

static void read_rule_keys(struct rule_reading *self, const struct node *rule)
{
    check_keys(self, rule);
    for (size_t k = 0; k < KEYS; k++) {
        for (const struct node *node = rule->first; node; node = node->next) {
            if (node->kind != NODE_BROKEN && strcmp(keys[k].name, node->key) == 0 &&
                (keys[k].fits & FITS(self->field->type))) {
                keys[k].read(self, node);
            }
        }
    }
    if (self->sources != 1) {
        complain(self, rule, "one of constant and from");
    } else if (self->rule->from_count == 0 && (self->rule->has_map || self->rule->has_times)) {
        complain(self, rule, "map and times with from");
    }
    if (self->rule->otherwise_absent && !self->rule->has_map) {
        complain(self, rule, "otherwise with map");
    }
}

static void read_rule(struct rule_reading *self, const struct node *node)
{
    struct said said = {node_place(self->where, node), NULL};
    *self->rule = (struct field_rule){.given = true, .values = {.times = {{"iso"}, 1}, .factor = 1}};
    self->rule->origin = origin_text(self->loading, &said);
    if (node->kind == NODE_MAP) {
        read_rule_keys(self, node);
    } else if (node->kind == NODE_TEXT || node->kind == NODE_LIST) {
        read_from(self, node);
    } else if (node->kind != NODE_BROKEN) {
        complain(self, node, "the name of a field of the writer's record, or a mapping of constant, from, map, …");
    }
}

/* ---- the section ---- */

static void complain_field(struct loading *self, const char *where, const struct node *node, enum channel channel)
{
    struct guess guess;
    guess_init(&guess, node->key);
    for (size_t i = 0; i < interaction_field_count; i++) {
        if (channel_has_field(channel, &interaction_fields[i])) {
            guess_offer(&guess, interaction_fields[i].path);
        }
    }
    char allowed[96];
    snprintf(allowed, sizeof allowed, "a field of schemas/%s_interaction.avsc, as kind or survey.trust",
             channel_word(channel));
    complain_key(self, where, node, allowed, &guess);
}

static void read_field(struct loading *self, const char *where, const struct node *node, enum channel channel,
                       struct channel_mapping *mapping)
{
    for (size_t i = 0; i < interaction_field_count; i++) {
        const struct interaction_field *field = &interaction_fields[i];
        if (strcmp(field->path, node->key) == 0 && channel_has_field(channel, field)) {
            struct rule_reading reading = {self, where, field, &mapping->rules[i], 0};
            read_rule(&reading, node);
            return;
        }
    }
    complain_field(self, where, node, channel);
}

static void read_channel(struct loading *self, const char *where, const struct node *node, enum channel channel)
{
    struct channel_mapping *mapping = config_arena_take(&self->config->memory->texts, sizeof *mapping);
    if (node->kind == NODE_NOTHING || node->kind == NODE_BROKEN || !mapping) {
        return;
    }
    if (node->kind != NODE_MAP) {
        struct rule_reading reading = {.loading = self, .where = where};
        complain(&reading, node, "a mapping of our fields to the writer's");
        return;
    }
    for (const struct node *field = node->first; field; field = field->next) {
        read_field(self, where, field, channel, mapping);
    }
    self->config->mappings[channel] = mapping;
}

void mapping_read(struct loading *self, const char *where, const struct node *map)
{
    for (const struct node *node = map->first; node; node = node->next) {
        enum channel channel;
        if (channel_from_word(span_text(node->key), &channel)) {
            read_channel(self, where, node, channel);
            continue;
        }
        struct guess guess;
        guess_init(&guess, node->key);
        for (unsigned c = 0; c < CHANNELS; c++) {
            guess_offer(&guess, channel_word((enum channel)c));
        }
        complain_key(self, where, node, "web, phone, office, chat", &guess);
    }
}

void config_rule(const struct field_rule *rule, struct buffer *out)
{
    if (rule->constant) {
        buffer_text(out, "constant %s", rule->constant);
    }
    for (size_t i = 0; i < rule->from_count; i++) {
        buffer_text(out, "%s%s", i > 0 ? ", " : "", rule->from[i]);
    }
    if (rule->values.factor != 1) {
        buffer_text(out, ", factor %g", rule->values.factor);
    }
    if (rule->has_map) {
        buffer_text(out, ", map of %zu", rule->entry_count);
    }
}
