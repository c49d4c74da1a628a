/* scoring_agencies.c - the sections agencies and groups: who there is, what else they are called, who belongs together.
 */
#include "scoring_file.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME_TEXT_MAX 400

/* A name while it may turn out to be another's too. */
struct claimed_name {
    struct scoring_name row;
    const struct node *node;
    bool is_id;
};
struct claims {
    struct claimed_name *rows;
    size_t count;
};

/* An id's place is its key, an alias's or a member's its own. */
static struct place place_of(const struct reading *self, const struct node *node, bool is_key)
{
    return is_key ? node_key_place(self->where, node) : node_place(self->where, node);
}

static int compare_spans(struct span a, struct span b)
{
    int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static bool id_is_good(const char *id, size_t size)
{
    return size > 0 && size <= ID_SIZE_MAX && strcmp(id, AGENCY_OTHER) != 0 && strcmp(id, "*") != 0;
}

/* The name of an agency, or a problem and false. */
static bool read_id(struct reading *self, const struct node *node, const char *text, size_t size, struct span *id)
{
    if (!id_is_good(text, size)) {
        char name[SHOWN_SIZE];
        char path[NODE_PATH_SIZE];
        struct place place = place_of(self, node, text == node->key);
        COMPLAIN(self->problems, &place,
                 "%s: got the name %s, allowed 1 to %d bytes, but neither " AGENCY_OTHER " nor *",
                 node_path(text == node->key ? node->parent : node, path), text_shown(text, name), ID_SIZE_MAX);
        return false;
    }
    const char *copy = config_arena_text(self->memory, text, size);
    *id = copy ? span_of(copy, size) : span_text(""); /* no memory: told at the end */
    return copy != NULL;
}

static void claim_name(struct claims *claims, struct span name, uint32_t agency, const struct node *node, bool is_id)
{
    claims->rows[claims->count++] = (struct claimed_name){{name, agency}, node, is_id};
}

/* ---- agencies ---- */

static void read_agency_name(struct reading *self, const struct node *node, size_t row)
{
    field_text(self, node, NAME_TEXT_MAX, &self->agencies[row].name);
}

static void check_aliases(struct reading *self, const struct node *list, size_t unused)
{
    (void)unused;
    if (list->kind != NODE_LIST && list->kind != NODE_NOTHING) {
        field_complain(self, list, "a list of names");
    }
}

static const struct node *child_of(const struct node *map, const char *key)
{
    for (const struct node *node = map->kind == NODE_MAP ? map->first : NULL; node; node = node->next) {
        if (strcmp(node->key, key) == 0) {
            return node;
        }
    }
    return NULL;
}

static void read_agency(struct reading *self, const struct node *node, uint32_t row, struct claims *claims)
{
    const struct field fields[] = {
        {"name", "text: what people call it", read_agency_name, row, true},
        {"aliases", "a list of names", check_aliases, 0, true},
    };
    struct span id;
    if (!read_id(self, node, node->key, strlen(node->key), &id)) {
        return;
    }
    self->agencies[row] = (struct scoring_agency){id, id};
    claim_name(claims, id, row, node, true);
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
    const struct node *aliases = child_of(node, "aliases");
    for (const struct node *at = aliases && aliases->kind == NODE_LIST ? aliases->first : NULL; at; at = at->next) {
        struct span alias;
        if (at->kind != NODE_TEXT) {
            field_complain(self, at, "an agency's other name");
        } else if (read_id(self, at, at->text, at->size, &alias)) {
            claim_name(claims, alias, row, at, false);
        }
    }
}

/* By name; of one name the id before aliases, and then in the file's order. */
static int compare_claims(const void *a, const void *b)
{
    const struct claimed_name *left = a;
    const struct claimed_name *right = b;
    int order = compare_spans(left->row.name, right->row.name);
    if (order == 0) {
        order = right->is_id - left->is_id;
    }
    if (order == 0) {
        order = (left->node->line > right->node->line) - (left->node->line < right->node->line);
    }
    return order ? order : (left->node->column > right->node->column) - (left->node->column < right->node->column);
}

static void complain_taken(struct reading *self, const struct claimed_name *first, const struct claimed_name *again)
{
    char path[NODE_PATH_SIZE];
    char name[SHOWN_SIZE];
    struct place place = place_of(self, again->node, again->is_id);
    COMPLAIN(self->problems, &place, "%s: got %s, which is %s of %s already (line %zu), allowed one agency a name",
             node_path(again->node, path), text_shown((const char *)again->row.name.data, name),
             first->is_id ? "the id" : "an alias", (const char *)self->agencies[first->row.agency].id.data,
             place_of(self, first->node, first->is_id).line);
}

/* Whose each name is; a name of two is a problem. */
static void settle_names(struct reading *self, struct claims *claims)
{
    struct scoring_name *names = config_arena_take(self->memory, claims->count * sizeof *names + 1);
    if (!names || !claims->count) {
        return;
    }
    qsort(claims->rows, claims->count, sizeof *claims->rows, compare_claims);
    const struct claimed_name *first = NULL;
    for (size_t i = 0; i < claims->count; i++) {
        const struct claimed_name *row = &claims->rows[i];
        if (first && span_equal(first->row.name, row->row.name)) {
            complain_taken(self, first, row);
        } else {
            names[self->scoring->name_count++] = row->row;
            first = row;
        }
    }
    self->scoring->names = names;
}

static size_t names_in(const struct node *map)
{
    size_t count = map->count;
    for (const struct node *node = map->first; node; node = node->next) {
        const struct node *aliases = child_of(node, "aliases");
        count += aliases ? aliases->count : 0;
    }
    return count;
}

static void read_list(struct reading *self, const struct node *map, size_t unused)
{
    (void)unused;
    size_t count = field_entries(self, map, "a mapping of agencies, each with name and aliases");
    if (count == 0) {
        return;
    }
    struct claims claims = {config_arena_take(self->memory, names_in(map) * sizeof *claims.rows), 0};
    self->agencies = config_arena_take(self->memory, count * sizeof *self->agencies);
    if (!claims.rows || !self->agencies) { /* told at the end */
        return;
    }
    uint32_t row = 0;
    for (const struct node *node = map->first; node; node = node->next) {
        read_agency(self, node, row++, &claims);
    }
    self->scoring->agencies = self->agencies;
    self->scoring->agency_count = count;
    settle_names(self, &claims);
}

static void read_only(struct reading *self, const struct node *node, size_t unused)
{
    (void)unused;
    field_flag(self, node, &self->scoring->agencies_only);
}

void scoring_read_agencies(struct reading *self, const struct node *node, size_t unused)
{
    static const struct field fields[] = {
        {"only", "true or false", read_only, 0, true},
        {"list", "agencies, each with name and aliases", read_list, 0, true},
    };
    (void)unused;
    size_t before = self->problems->count;
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
    if (self->problems->count == before && self->scoring->agencies_only && !self->scoring->agency_count) {
        struct place place = node_key_place(self->where, node);
        COMPLAIN(self->problems, &place,
                 "agencies.only: got true and no list, allowed a list with at least one agency");
    }
}

/* ---- groups ---- */

struct claimed_member {
    struct scoring_member row;
    const struct node *node;
};

static int compare_members(const void *a, const void *b)
{
    const struct claimed_member *left = a;
    const struct claimed_member *right = b;
    int order = compare_spans(left->row.agency, right->row.agency);
    return order ? order : (left->node->line > right->node->line) - (left->node->line < right->node->line);
}

static size_t read_members(struct reading *self, const struct node *list, uint32_t group, struct claimed_member *out)
{
    size_t count = 0;
    if (list->kind != NODE_LIST) {
        if (list->kind != NODE_BROKEN) {
            field_complain(self, list, "a list of agencies");
        }
        return 0;
    }
    for (const struct node *node = list->first; node; node = node->next) {
        struct span agency;
        if (node->kind != NODE_TEXT) {
            field_complain(self, node, "an agency's id");
        } else if (read_id(self, node, node->text, node->size, &agency)) {
            out[count++] = (struct claimed_member){{agency, group}, node};
        }
    }
    return count;
}

static void complain_in_two(struct reading *self, const struct claimed_member *first,
                            const struct claimed_member *again)
{
    char path[NODE_PATH_SIZE];
    char name[SHOWN_SIZE];
    struct place place = node_place(self->where, again->node);
    COMPLAIN(self->problems, &place,
             "%s: got %s, which is in the group %s already (line %zu), allowed one group an agency",
             node_path(again->node, path), text_shown((const char *)again->row.agency.data, name),
             (const char *)self->groups[first->row.group].name.data, first->node->line);
}

static void settle_members(struct reading *self, struct claimed_member *claims, size_t count)
{
    struct scoring_member *members = config_arena_take(self->memory, count * sizeof *members + 1);
    if (!members || !count) {
        return;
    }
    qsort(claims, count, sizeof *claims, compare_members);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && span_equal(claims[i].row.agency, claims[i - 1].row.agency)) {
            complain_in_two(self, &claims[i - 1], &claims[i]);
            continue;
        }
        members[self->scoring->member_count++] = claims[i].row;
    }
    self->scoring->members = members;
}

void scoring_read_groups(struct reading *self, const struct node *map, size_t unused)
{
    (void)unused;
    size_t count = field_entries(self, map, "a mapping of groups, each a list of agencies");
    size_t most = 0;
    for (const struct node *node = count ? map->first : NULL; node; node = node->next) {
        most += node->count;
    }
    self->groups = config_arena_take(self->memory, count * sizeof *self->groups + 1);
    struct claimed_member *claims = config_arena_take(self->memory, most * sizeof *claims + 1);
    if (!self->groups || !claims || !count) {
        return;
    }
    uint32_t row = 0;
    size_t claimed = 0;
    for (const struct node *node = map->first; node; node = node->next, row++) {
        const char *name = config_arena_text(self->memory, node->key, strlen(node->key));
        self->groups[row].name = span_text(name ? name : "");
        for (unsigned i = 0; i < TARGETS; i++) {
            self->groups[row].values[i] = __builtin_nan("");
        }
        claimed += read_members(self, node, row, claims + claimed);
    }
    self->scoring->groups = self->groups;
    self->scoring->group_count = count;
    self->group_map = map;
    settle_members(self, claims, claimed);
}

/* ---- names that sections have in common ---- */

/* An agency that targets or groups name: by its id, and one that there is when the list is all there is. */
static void check_name(struct reading *self, const struct node *node, const char *text)
{
    const struct scoring *scoring = self->scoring;
    struct span name = span_text(text);
    struct span id = scoring_agency_id(scoring, name);
    if (strcmp(text, "*") == 0 || span_equal(id, name)) {
        return;
    }
    char path[NODE_PATH_SIZE];
    char shown[SHOWN_SIZE];
    char meant[GUESS_SIZE + 16];
    struct guess guess;
    struct place place = place_of(self, node, text == node->key);
    bool is_stranger = span_equal(id, span_text(AGENCY_OTHER));
    guess_init(&guess, text);
    for (size_t i = 0; is_stranger && i < scoring->agency_count; i++) {
        guess_offer(&guess, (const char *)scoring->agencies[i].id.data);
    }
    if (is_stranger) {
        COMPLAIN(self->problems, &place, "%s: got %s, which is not in agencies.list, allowed an id that is%s",
                 node_path(node, path), text_shown(text, shown), guess_text(&guess, meant));
    } else {
        COMPLAIN(self->problems, &place, "%s: got the alias %s, allowed the agency's id, did you mean %s",
                 node_path(node, path), text_shown(text, shown), (const char *)id.data);
    }
}

void scoring_check_names(struct reading *self)
{
    for (const struct node *node = self->targeted ? self->targeted->first : NULL; node; node = node->next) {
        check_name(self, node, node->key);
    }
    for (const struct node *group = self->group_map ? self->group_map->first : NULL; group; group = group->next) {
        for (const struct node *node = group->kind == NODE_LIST ? group->first : NULL; node; node = node->next) {
            if (node->kind == NODE_TEXT) {
                check_name(self, node, node->text);
            }
        }
    }
}
