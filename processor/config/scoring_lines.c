/* scoring_lines.c - the sections benchmarks and holidays: published figures to compare with, days that are not like
 * others. */
#include "scoring_file.h"

#include <stdio.h>
#include <stdlib.h>

#define YEAR_LEAST    1900
#define YEAR_MOST     2199
#define LINE_TEXT_MAX 400

/* ---- benchmarks ---- */

static void read_line_name(struct reading *self, const struct node *node, size_t row)
{
    field_text(self, node, LINE_TEXT_MAX, &self->benchmarks[row].name);
}

static void read_line_source(struct reading *self, const struct node *node, size_t row)
{
    field_text(self, node, LINE_TEXT_MAX, &self->benchmarks[row].source);
}

static void read_line_value(struct reading *self, const struct node *node, size_t row)
{
    field_real(self, node, 0, 100, &self->benchmarks[row].value);
}

static void read_line_year(struct reading *self, const struct node *node, size_t row)
{
    field_count(self, node, YEAR_LEAST, YEAR_MOST, &self->benchmarks[row].year);
}

static void read_line_subject(struct reading *self, const struct node *node, size_t row)
{
    const char *text = node->kind == NODE_TEXT ? node->text : "";
    struct guess guess;
    char meant[GUESS_SIZE + 16];
    char word[64];
    struct word_list names = {0};
    guess_init(&guess, text);
    for (unsigned i = 0; i < TARGETS; i++) {
        const char *offered = i == TARGET_CX ? "cx" : driver_word((enum driver)(i - TARGET_DRIVER));
        if (strcmp(text, offered) == 0) {
            self->benchmarks[row].subject = i;
            return;
        }
        snprintf(word, sizeof word, "%s", offered);
        word_list_add(&names, word);
        guess_offer(&guess, word);
    }
    char allowed[WORD_LIST_SIZE + GUESS_SIZE + 32];
    snprintf(allowed, sizeof allowed, "one of %s%s", names.text, guess_text(&guess, meant));
    field_complain(self, node, allowed);
}

static void read_line_alert(struct reading *self, const struct node *node, size_t row)
{
    field_flag(self, node, &self->benchmarks[row].alerts);
}

static void read_line(struct reading *self, const struct node *node, size_t row)
{
    const struct field fields[] = {
        {"name", "text: what people call it", read_line_name, row, false},
        {"value", "a score from 0 to 100", read_line_value, row, false},
        {"year", "the year it is of", read_line_year, row, false},
        {"source", "text: who published it, and where", read_line_source, row, false},
        {"subject", "cx or a driver", read_line_subject, row, true},
        {"alert", "true or false", read_line_alert, row, true},
    };
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
}

/* Of two lines that alert for one subject, the lower would only say what the higher has said. */
static void check_alerts(struct reading *self, const struct node *node, size_t row)
{
    for (size_t i = 0; i < row; i++) {
        const struct scoring_benchmark *one = &self->benchmarks[i];
        if (one->alerts && self->benchmarks[row].alerts && one->subject == self->benchmarks[row].subject) {
            struct place place = node_key_place(self->where, node);
            COMPLAIN(self->problems, &place,
                     "benchmarks: got alert: true for %.64s and for %.64s, which stand beside the same figure, allowed "
                     "for one of them",
                     (const char *)one->id.data, node->key);
        }
    }
}

void scoring_read_benchmarks(struct reading *self, const struct node *map, size_t unused)
{
    (void)unused;
    size_t count = field_entries(self, map, "a mapping of benchmarks, each with name, value, year and source");
    struct scoring_benchmark *rows = config_arena_take(self->memory, count * sizeof *rows + 1);
    if (!rows || count == 0) { /* no memory: told at the end */
        return;
    }
    self->benchmarks = rows;
    size_t row = 0;
    for (const struct node *node = map->first; node; node = node->next, row++) {
        const char *id = config_arena_text(self->memory, node->key, strlen(node->key));
        rows[row].id = span_text(id ? id : "");
        read_line(self, node, row);
        check_alerts(self, node, row);
    }
    self->scoring->benchmarks = rows;
    self->scoring->benchmark_count = count;
}

/* ---- holidays ---- */

static int compare_days(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

void scoring_read_holidays(struct reading *self, const struct node *list, size_t unused)
{
    static const char allowed[] = "a list of dates, such as 2026-12-25";
    (void)unused;
    if (list->kind == NODE_NOTHING) {
        return;
    }
    if (list->kind != NODE_LIST) {
        field_complain(self, list, allowed);
        return;
    }
    int64_t *days = config_arena_take(self->memory, list->count * sizeof *days + 1);
    size_t count = 0;
    for (const struct node *node = list->first; days && node; node = node->next) {
        if (node->kind != NODE_BROKEN && field_day(self, node, &days[count])) {
            count++;
        }
    }
    if (count) {
        qsort(days, count, sizeof *days, compare_days);
    }
    self->scoring->holidays = days;
    self->scoring->holiday_count = count;
}
