/* scoring.c - the scoring file: its sections that are one line each, and what it is as a whole. */
#include "scoring_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SCORING_MEMORY_MAX ((size_t)16 << 20)

struct scoring_owner {
    struct scoring scoring;     /* first: what is handed out */
    struct config_arena memory; /* of what it points to */
};

static void read_method(struct reading *self, const struct node *node, size_t unused)
{
    (void)unused;
    struct guess guess;
    char meant[GUESS_SIZE + 16];
    const char *text = node->kind == NODE_TEXT ? node->text : "";
    guess_init(&guess, text);
    for (unsigned i = 0; i < SURVEY_METHODS; i++) {
        if (strcmp(text, survey_method_words[i]) == 0) {
            self->scoring->method = (enum survey_method)i;
            return;
        }
        guess_offer(&guess, survey_method_words[i]);
    }
    char allowed[128];
    struct word_list names = {0};
    for (unsigned i = 0; i < SURVEY_METHODS; i++) {
        word_list_add(&names, survey_method_words[i]);
    }
    snprintf(allowed, sizeof allowed, "one of %.60s%.60s", names.text, guess_text(&guess, meant));
    field_complain(self, node, allowed);
}

static void read_survey(struct reading *self, const struct node *node, size_t unused)
{
    static const struct field fields[] = {{"method", "a method: top2box, net or mean", read_method, 0, false}};
    (void)unused;
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
}

static void read_min_n(struct reading *self, const struct node *node, size_t unused)
{
    (void)unused;
    field_count(self, node, 1, 1000000, &self->scoring->signal_n_min);
}

static void read_suppress_below(struct reading *self, const struct node *node, size_t unused)
{
    (void)unused;
    field_count(self, node, 0, 1000000, &self->scoring->suppress_below);
}

static void read_elasticity(struct reading *self, const struct node *node, size_t behaviour)
{
    field_real(self, node, 0, 1, &self->scoring->elasticity[behaviour]);
}

static void read_baseline(struct reading *self, const struct node *node, size_t behaviour)
{
    field_real(self, node, 0, 1, &self->scoring->baseline[behaviour]);
}

static void read_behaviour(struct reading *self, const struct node *node, size_t behaviour)
{
    const struct field fields[] = {
        {"elasticity", "a share: 0.02 for 2 %", read_elasticity, behaviour, false},
        {"baseline", "a share: 0.58 for 58 %", read_baseline, behaviour, true},
    };
    fields_read(self, node, fields, sizeof fields / sizeof *fields);
}

static void read_behaviours(struct reading *self, const struct node *node, size_t unused)
{
    struct field fields[BEHAVIOURS];
    (void)unused;
    for (unsigned i = 0; i < BEHAVIOURS; i++) {
        fields[i] = (struct field){behaviour_word((enum behaviour)i), "elasticity and, where published, baseline",
                                   read_behaviour, i, false};
    }
    fields_read(self, node, fields, BEHAVIOURS);
}

static void read_scoring(struct reading *self, const struct node *root)
{
    static const struct field fields[] = {
        {"standards", "web, phone, office, chat", scoring_read_standards, 0, false},
        {"drivers", "office_answers, rep_answers, quality, quick_resolution", scoring_read_drivers, 0, false},
        {"survey", "method", read_survey, 0, false},
        {"min_n", "a whole number from 1 to 1000000", read_min_n, 0, false},
        {"suppress_below", "a whole number from 0 to 1000000", read_suppress_below, 0, false},
        {"behaviours", "elasticity and baseline of each behaviour", read_behaviours, 0, false},
        {"targets", "rule, groups and agencies", scoring_read_targets, 0, false},
        {"benchmarks", "published figures, each with value, year and source", scoring_read_benchmarks, 0, true},
        {"agencies", "only and list", scoring_read_agencies, 0, true},
        {"groups", "groups, each a list of agencies", scoring_read_groups, 0, true},
        {"detection", "margin, windows, looks, least n, history, pinned", scoring_read_detection, 0, true},
        {"holidays", "a list of dates, such as 2026-12-25", scoring_read_holidays, 0, true},
    };
    self->scoring->detection = detection_defaults;
    for (unsigned i = 0; i < BEHAVIOURS; i++) {
        self->scoring->baseline[i] = (double)NAN;
    }
    fields_read(self, root, fields, sizeof fields / sizeof *fields);
    scoring_read_group_targets(self);
    scoring_check_names(self);
}

/* The whole file into owner, or problems. */
static void read_file(const char *path, struct scoring_owner *owner, struct problems *problems)
{
    struct config_arena tree;
    config_arena_init(&tree, DOCUMENT_MEMORY_MAX);
    const char *where = path ? path : "built-in scoring.yaml";
    const struct node *root =
        path ? document_open(path, &tree, problems) : document_parse(where, scoring_builtin(), &tree, problems);
    if (root) {
        struct reading reading = {
            .where = where, .problems = problems, .memory = &owner->memory, .scoring = &owner->scoring};
        read_scoring(&reading, root);
    }
    config_arena_done(&tree);
    if (owner->memory.failed || !scoring_name_version(&owner->scoring)) {
        problem(problems, where, 0, 0, "got more than fits into memory, allowed less");
    }
}

enum outcome scoring_load(const char *path, struct scoring **scoring, struct problems *problems)
{
    struct scoring_owner *owner = calloc(1, sizeof *owner);
    if (!owner) {
        problem(problems, path ? path : "built-in scoring.yaml", 0, 0, "out of memory");
        return STOP;
    }
    config_arena_init(&owner->memory, SCORING_MEMORY_MAX);
    size_t before = problems->count;
    read_file(path, owner, problems);
    if (problems->count > before) {
        scoring_close(&owner->scoring);
        return STOP;
    }
    *scoring = &owner->scoring;
    return DONE;
}

void scoring_close(struct scoring *self)
{
    if (self) {
        struct scoring_owner *owner = (struct scoring_owner *)self;
        config_arena_done(&owner->memory);
        free(owner);
    }
}
