/* fields.c - a mapping read by a table of its keys. */
#include "fields.h"

#include <stdio.h>
#include <time.h>

static const struct field *find_field(const char *key, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(key, fields[i].key) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

static struct word_list field_names(const struct field *fields, size_t count)
{
    struct word_list names = {0};
    for (size_t i = 0; i < count; i++) {
        word_list_add(&names, fields[i].key);
    }
    return names;
}

static void complain_unknown(const struct reading *self, const struct node *node, const struct field *fields,
                             size_t count)
{
    struct guess guess;
    char meant[GUESS_SIZE + 16];
    char path[NODE_PATH_SIZE];
    struct place place = node_key_place(self->where, node);
    guess_init(&guess, node->key);
    for (size_t i = 0; i < count; i++) {
        guess_offer(&guess, fields[i].key);
    }
    COMPLAIN(self->problems, &place, "%s: got a key that does not belong here, allowed %s%s", node_path(node, path),
             field_names(fields, count).text, guess_text(&guess, meant));
}

/* A missing field is told where its mapping is named. */
static void complain_missing(const struct reading *self, const struct node *map, const struct field *field)
{
    char path[NODE_PATH_SIZE];
    struct place place = map->key ? node_key_place(self->where, map) : node_place(self->where, map);
    node_path(map, path);
    COMPLAIN(self->problems, &place, "%s%s%s: got nothing, allowed %s", path, *path ? "." : "", field->key,
             field->allowed);
}

static bool has_key(const struct node *map, const char *key)
{
    for (const struct node *node = map->first; node; node = node->next) {
        if (strcmp(node->key, key) == 0) {
            return true;
        }
    }
    return false;
}

void fields_read(struct reading *self, const struct node *map, const struct field *fields, size_t count)
{
    if (map->kind == NODE_BROKEN) {
        return;
    }
    if (map->kind != NODE_MAP && map->kind != NODE_NOTHING) {
        char allowed[WORD_LIST_SIZE + 32];
        snprintf(allowed, sizeof allowed, "a mapping of %s", field_names(fields, count).text);
        field_complain(self, map, allowed);
        return;
    }
    for (const struct node *node = map->first; node; node = node->next) {
        const struct field *field = find_field(node->key, fields, count);
        if (!field) {
            complain_unknown(self, node, fields, count);
        } else if (node->kind != NODE_BROKEN) {
            field->read(self, node, field->index);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!fields[i].optional && !has_key(map, fields[i].key)) {
            complain_missing(self, map, &fields[i]);
        }
    }
}

void field_complain(struct reading *self, const struct node *node, const char *allowed)
{
    char path[NODE_PATH_SIZE];
    char got[SHOWN_SIZE];
    struct place place = node_place(self->where, node);
    COMPLAIN(self->problems, &place, "%s: got %s, allowed %s", node_path(node, path), node_shown(node, got), allowed);
}

size_t field_entries(struct reading *self, const struct node *map, const char *allowed)
{
    if (map->kind == NODE_MAP) {
        return map->count;
    }
    if (map->kind != NODE_NOTHING && map->kind != NODE_BROKEN) {
        field_complain(self, map, allowed);
    }
    return 0;
}

bool field_text(struct reading *self, const struct node *node, size_t size_max, struct span *value)
{
    if (node->kind == NODE_TEXT && node->size > 0 && node->size <= size_max) {
        const char *copy = config_arena_text(self->memory, node->text, node->size);
        *value = copy ? span_of(copy, node->size) : span_text(""); /* no memory: told at the end */
        return true;
    }
    char allowed[64];
    snprintf(allowed, sizeof allowed, "text of 1 to %zu bytes", size_max);
    field_complain(self, node, allowed);
    return false;
}

bool field_flag(struct reading *self, const struct node *node, bool *value)
{
    const char *text = node->kind == NODE_TEXT ? node->text : "";
    bool is_true = strcmp(text, "true") == 0;
    if (!is_true && strcmp(text, "false") != 0) {
        field_complain(self, node, "true or false");
        return false;
    }
    *value = is_true;
    return true;
}

bool field_real(struct reading *self, const struct node *node, double least, double most, double *value)
{
    double real;
    if (node->kind == NODE_TEXT && text_real(node->text, &real) && real >= least && real <= most) {
        *value = real;
        return true;
    }
    char allowed[96];
    bool percent = node->kind == NODE_TEXT && most == 1 && text_real(node->text, &real) && real > 1 && real <= 100;
    snprintf(allowed, sizeof allowed, "a number from %g to %g", least, most);
    if (percent) { /* 58 where a share is meant */
        size_t size = strlen(allowed);
        snprintf(allowed + size, sizeof allowed - size, ", did you mean %g", real / 100);
    }
    field_complain(self, node, allowed);
    return false;
}

bool field_count(struct reading *self, const struct node *node, int64_t least, int64_t most, int64_t *value)
{
    int64_t count;
    if (node->kind == NODE_TEXT && text_number(node->text, &count) && count >= least && count <= most) {
        *value = count;
        return true;
    }
    char allowed[96];
    snprintf(allowed, sizeof allowed, "a whole number from %lld to %lld", (long long)least, (long long)most);
    field_complain(self, node, allowed);
    return false;
}

/* "2026-12-25": a day that there is; the 30th of February is another. */
static bool day_of(const char *text, int64_t *day)
{
    int year, month, date, end = 0;
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &date, &end) != 3 || end != 10 || text[end]) {
        return false;
    }
    struct tm wanted = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = date};
    struct tm got = wanted;
    time_t seconds = timegm(&got);
    if (year < YEAR_LEAST || year > YEAR_MOST || got.tm_mday != wanted.tm_mday || got.tm_mon != wanted.tm_mon) {
        return false;
    }
    *day = time_floor(seconds, US_PER_DAY / US_PER_SECOND);
    return true;
}

bool field_day(struct reading *self, const struct node *node, int64_t *day)
{
    if (node->kind == NODE_TEXT && day_of(node->text, day)) {
        return true;
    }
    field_complain(self, node, "a date as YEAR-MONTH-DAY, such as 2026-12-25");
    return false;
}
