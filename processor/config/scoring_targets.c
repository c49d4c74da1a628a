/* scoring_targets.c - the section targets: what an agency has set itself, and when it is missed. */
#include "scoring_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LOOKS_MAX 1000

static void read_window(struct reading *self, const struct node *node, size_t unused)
{
    (void)unused;
    struct word_list names = {0};
    for (unsigned i = 0; i < WINDOWS; i++) {
        if (node->kind == NODE_TEXT && strcmp(node->text, window_shapes[i].word) == 0) {
            self->scoring->target_rule.window = (enum window)i;
            return;
        }
        word_list_add(&names, window_shapes[i].word);
    }
    char allowed[96];
    snprintf(allowed, sizeof allowed, "one of %.80s", names.text);
    field_complain(self, node, allowed);
}

static void read_z(struct reading *self, const struct node *node, size_t unused)
{
    (void)unused;
    field_real(self, node, 0, 10, &self->scoring->target_rule.z);
}

static void read_rule_min_n(struct reading *self, const struct node *node, size_t unused)
{
    (void)unused;
    field_count(self, node, 1, 1000000000, &self->scoring->target_rule.n_min);
}

static void read_looks(struct reading *self, const struct node *node, int32_t *looks)
{
    int64_t count;
    if (field_count(self, node, 1, LOOKS_MAX, &count)) {
        *looks = (int32_t)count;
    }
}

static void read_looks_to_open(struct reading *self, const struct node *node, size_t unused)
{
    (void)unused;
    read_looks(self, node, &self->scoring->target_rule.looks_to_open);
}

static void read_looks_to_close(struct reading *self, const struct node *node, size_t unused)
{
    (void)unused;
    read_looks(self, node, &self->scoring->target_rule.looks_to_close);
}

static void read_rule(struct reading *self, const struct node *node, size_t unused)
{
    static const struct field fields[] = {
        {"window", "one of 1h, 4h, 24h, 7d, 28d", read_window, 0, false},
        {"z", "a number from 0 to 10", read_z, 0, false},
        {"min_n", "a whole number from 1 to 1000000000", read_rule_min_n, 0, false},
        {"looks_to_open", "a whole number from 1 to 1000", read_looks_to_open, 0, false},
        {"looks_to_close", "a whole number from 1 to 1000", read_looks_to_close, 0, false},
    };
    (void)unused;
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
}

/* ---- agencies and groups ---- */

static void read_target(struct reading *self, const struct node *node, size_t subject)
{
    field_real(self, node, 0, 100, &self->values[subject]);
}

static void read_target_drivers(struct reading *self, const struct node *node, size_t unused)
{
    struct field fields[DRIVERS];
    (void)unused;
    for (unsigned i = 0; i < DRIVERS; i++) {
        fields[i] =
            (struct field){driver_word((enum driver)i), "a score from 0 to 100", read_target, TARGET_DRIVER + i, true};
    }
    fields_read(self, node, fields, DRIVERS);
}

static void read_values(struct reading *self, const struct node *node, double values[TARGETS])
{
    static const struct field fields[] = {
        {"cx", "a score from 0 to 100", read_target, TARGET_CX, true},
        {"drivers", "drivers, each with a score", read_target_drivers, 0, true},
    };
    for (unsigned i = 0; i < TARGETS; i++) {
        values[i] = (double)NAN;
    }
    self->values = values;
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
}

static void read_group_values(struct reading *self, const struct node *node, size_t group)
{
    read_values(self, node, self->groups[group].values);
}

/* After all sections were read: the groups may be named in a later one. */
void scoring_read_group_targets(struct reading *self)
{
    const struct scoring *scoring = self->scoring;
    struct field *fields = config_arena_take(self->memory, scoring->group_count * sizeof *fields + 1);
    if (!fields || !self->target_groups) {
        return;
    }
    for (size_t i = 0; i < scoring->group_count; i++) { /* a group's name is NUL-terminated */
        fields[i] =
            (struct field){(const char *)scoring->groups[i].name.data, "cx and drivers", read_group_values, i, true};
    }
    fields_read(self, self->target_groups, fields, scoring->group_count);
}

static void keep_groups(struct reading *self, const struct node *map, size_t unused)
{
    (void)unused;
    if (field_entries(self, map, "a mapping of groups, each with cx and drivers")) {
        self->target_groups = map;
    }
}

static int compare_targets(const void *a, const void *b)
{
    struct span left = ((const struct scoring_target *)a)->agency;
    struct span right = ((const struct scoring_target *)b)->agency;
    int order = memcmp(left.data, right.data, left.size < right.size ? left.size : right.size);
    return order ? order : (left.size > right.size) - (left.size < right.size);
}

static bool name_is_good(const char *agency)
{
    size_t size = strlen(agency);
    return size > 0 && size <= ID_SIZE_MAX;
}

static void complain_name(struct reading *self, const struct node *node)
{
    char name[SHOWN_SIZE];
    struct place place = node_key_place(self->where, node);
    COMPLAIN(self->problems, &place,
             "targets.agencies: got the name %s, allowed 1 to %d bytes, or \"*\" for all others",
             text_shown(node->key, name), ID_SIZE_MAX);
}

static void read_agencies(struct reading *self, const struct node *map, size_t unused)
{
    (void)unused;
    size_t most = field_entries(self, map, "a mapping of agencies, each with cx and drivers");
    struct scoring_target *rows = config_arena_take(self->memory, most * sizeof *rows + 1);
    if (!rows || most == 0) { /* no memory: told at the end */
        return;
    }
    self->targeted = map;
    size_t count = 0;
    for (const struct node *node = map->first; node; node = node->next) {
        const char *name = config_arena_text(self->memory, node->key, strlen(node->key));
        if (!name || !name_is_good(name)) {
            complain_name(self, node);
            continue;
        }
        rows[count].agency = span_text(name);
        read_values(self, node, rows[count++].values);
    }
    qsort(rows, count, sizeof *rows, compare_targets);
    self->scoring->targets = rows;
    self->scoring->target_count = count;
}

void scoring_read_targets(struct reading *self, const struct node *node, size_t unused)
{
    static const struct field fields[] = {
        {"rule", "window, z, min_n, looks_to_open, looks_to_close", read_rule, 0, false},
        {"groups", "groups, each with cx and drivers", keep_groups, 0, true},
        {"agencies", "agencies, each with cx and drivers", read_agencies, 0, true},
    };
    (void)unused;
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
}
