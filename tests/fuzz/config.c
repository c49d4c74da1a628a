/* config.c - any bytes as the configuration file, as a scoring file, and as an import's mapping.
 *
 * Whatever is wrong is told, in lines that name the file; whatever is right is a complete configuration within the
 * table's bounds, and what it shows of itself, said again, is the same configuration. */
#include "fuzz.h"

#include "import_mapping.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const size_t fuzz_heap_max = (size_t)8 << 20; /* reading a file takes a megabyte, and problems as much */

#define VALUE_MAX ((size_t)1 << 20)

void fuzz_set_up(void)
{
}

/* ---- problems ---- */

/* One line each, every one with where it is. */
static void check_problems(const struct problems *problems, const char *where)
{
    size_t lines = 0;
    struct span text = buffer_as_span(&problems->text);
    CHECK(!problems->text.overflow);
    CHECK((problems->count == 0) == (text.size == 0));
    for (size_t i = 0; i < text.size; i++) {
        CHECK(text.data[i] >= 0x20 || text.data[i] == '\n');
        lines += text.data[i] == '\n';
    }
    CHECK(lines == (problems->count > PROBLEMS_MAX ? PROBLEMS_MAX + 1 : problems->count));
    CHECK(text.size == 0 || (text.data[text.size - 1] == '\n' && memcmp(text.data, where, strlen(where)) == 0));
    CHECK(span_is_text(text));
}

/* ---- the configuration ---- */

static void check_setting(const struct config *config, const struct setting *setting)
{
    const uint8_t *member = (const uint8_t *)config + setting->offset;
    const char *text;
    int64_t number;
    if (setting->type == SETTING_TEXT || setting->type == SETTING_SECRET) {
        memcpy(&text, member, sizeof text);
        CHECK(text == NULL || (*text != '\0' && (int64_t)strlen(text) <= setting->most));
        CHECK(text != NULL || setting->least == 0);
    } else {
        memcpy(&number, member, sizeof number);
        CHECK(number >= setting->least && number <= setting->most);
    }
}

/* "name=value" of every setting, in memory of the caller's. */
static size_t say_all(const struct config *config, char **said)
{
    size_t count = 0;
    for (size_t i = 0; i < settings_count; i++) {
        struct buffer value;
        buffer_init(&value, VALUE_MAX);
        config_value(config, i, &value);
        CHECK(!value.overflow);
        if (settings_table[i].type == SETTING_SECRET) {
            CHECK(value.size == 0 || span_equal(buffer_as_span(&value), span_text("set")));
        } else {
            int size = asprintf(&said[count++], "%s=%.*s", settings_table[i].name, (int)value.size,
                                value.size > 0 ? (const char *)value.data : "");
            CHECK(size > 0);
        }
        buffer_done(&value);
    }
    return count;
}

static void check_same(const struct config *a, const struct config *b)
{
    for (size_t i = 0; i < settings_count; i++) {
        struct buffer left;
        struct buffer right;
        buffer_init(&left, VALUE_MAX);
        buffer_init(&right, VALUE_MAX);
        config_value(a, i, &left);
        config_value(b, i, &right);
        CHECK(settings_table[i].type == SETTING_SECRET || span_equal(buffer_as_span(&left), buffer_as_span(&right)));
        buffer_done(&left);
        buffer_done(&right);
    }
}

/* What it shows of itself, said again. */
static void check_said_again(const struct config *config)
{
    char *said[128];
    struct config again;
    struct problems problems;
    CHECK(settings_count < sizeof said / sizeof *said);
    size_t count = say_all(config, said);
    const struct config_sources sources = {.overrides = (const char *const *)said, .override_count = count};
    problems_init(&problems);
    enum outcome outcome = config_load(&sources, &again, &problems);
    CHECK(outcome == DONE || problems.count > 0);
    if (outcome == DONE) {
        check_same(config, &again);
    } else { /* what a secret needs beside it, or a secret that needs something */
        CHECK(memmem(problems.text.data, problems.text.size, "password", 8) != NULL);
    }
    config_done(&again);
    problems_done(&problems);
    for (size_t i = 0; i < count; i++) {
        free(said[i]);
    }
}

static void try_config(const char *path)
{
    struct config config;
    struct problems problems;
    const struct config_sources sources = {.file = path};
    problems_init(&problems);
    enum outcome outcome = config_load(&sources, &config, &problems);
    CHECK(outcome == (problems.count == 0 ? DONE : STOP));
    for (size_t i = 0; i < settings_count; i++) { /* complete, whatever was wrong */
        check_setting(&config, &settings_table[i]);
        CHECK(config_origin(&config, i)[0] != '\0');
    }
    for (size_t i = 0; i < config.kafka_property_count; i++) {
        struct buffer value;
        buffer_init(&value, VALUE_MAX);
        config_property_value(&config, i, &value);
        buffer_done(&value);
    }
    if (outcome == DONE) {
        check_said_again(&config);
    } else {
        check_problems(&problems, path);
    }
    config_done(&config);
    problems_done(&problems);
}

/* ---- the scoring file ---- */

static bool is_weight(double weight)
{
    return isfinite(weight) && weight >= 0;
}

static void check_scoring(const struct scoring *scoring)
{
    CHECK(strlen(scoring->version) == sizeof scoring->version - 1);
    CHECK(scoring->signal_n_min >= 0 && scoring->suppress_below >= 0);
    for (unsigned d = 0; d < DRIVERS; d++) {
        CHECK(is_weight(scoring->driver_weight[d]) && is_weight(scoring->line_weight_operational[d]) &&
              is_weight(scoring->line_weight_survey[d]));
        for (unsigned s = 0; s < SIGNALS; s++) {
            CHECK(is_weight(scoring->signal_weight[d][s]));
        }
    }
    for (unsigned c = 0; c < CHANNELS; c++) {
        CHECK(duration_edge_bin(EDGES_WAIT, scoring->wait_standard_ms[c]) >= 0);
        CHECK(duration_edge_bin(EDGES_RESOLUTION, scoring->resolution_standard_ms[c]) >= 0);
    }
}

static void try_scoring(const char *path)
{
    struct scoring *scoring = NULL;
    struct problems problems;
    problems_init(&problems);
    enum outcome outcome = scoring_load(path, &scoring, &problems);
    CHECK(outcome == (problems.count == 0 ? DONE : STOP));
    if (outcome == DONE) {
        check_scoring(scoring);
        scoring_close(scoring);
    } else {
        CHECK(scoring == NULL);
        check_problems(&problems, path);
    }
    problems_done(&problems);
}

/* ---- the mapping ---- */

static void try_mapping(struct span text)
{
    struct mapping *mapping = NULL;
    struct problems problems;
    problems_init(&problems);
    enum outcome outcome = mapping_parse("mapping.yaml", text, &mapping, &problems);
    CHECK(outcome == (problems.count == 0 ? DONE : STOP));
    if (outcome == DONE) {
        CHECK(mapping->column_count <= MAPPING_COLUMNS_MAX);
        for (size_t i = 0; i < INTERACTION_FIELDS; i++) {
            const struct rule *rule = &mapping->rules[i];
            CHECK(rule->column_count <= RULE_COLUMNS_MAX && rule->part_count <= RULE_PARTS_MAX);
            for (size_t c = 0; c < rule->column_count; c++) {
                CHECK(rule->columns[c] < mapping->column_count);
            }
        }
        mapping_close(mapping);
    } else {
        CHECK(mapping == NULL);
        check_problems(&problems, "mapping.yaml");
    }
    problems_done(&problems);
}

void fuzz_one(struct span input)
{
    const char *path = fuzz_file(input);
    try_config(path);
    try_scoring(path);
    try_mapping(input);
}
