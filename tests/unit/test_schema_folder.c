/* test_schema_folder.c - schemas with fixed ids from files of a folder, and what is wrong with a list of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slipstream/registry.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static char folder[] = "/tmp/slipstream-schemas-XXXXXX"; /* of this run */

static void path_of(const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", folder, name);
}

static int write_file(const char *name, const char *text, size_t blanks)
{
    char path[PATH_MAX];
    path_of(name, path);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        return -1;
    }
    fprintf(file, "%s%*s", text, (int)blanks, "");
    return fclose(file);
}

static int make_folder(void **state)
{
    (void)state;
    char sub[PATH_MAX];
    char pipe[PATH_MAX];
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    path_of("sub", sub);
    path_of("pipe", pipe);
    return mkdir(sub, 0700) | mkfifo(pipe, 0600) | write_file("int.avsc", "\"int\"", 0) |
           write_file("text.avsc", "\"string\"", (1 << 20) - 8) | /* just within the bound */
           write_file("broken.avsc", "{", 0) | write_file("empty.avsc", "", 0) |
           write_file("huge.avsc", "\"string\"", (1 << 20) - 7);
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"int.avsc",  "text.avsc", "broken.avsc", "empty.avsc",
                                        "huge.avsc", "pipe",      "sub",         ""};
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[PATH_MAX];
        path_of(names[i], path);
        remove(path);
    }
    return 0;
}

static const struct {
    const char *name;
    const char *ids;
    const char *text; /* of the reason; NULL: good */
} lists[] = {
    {"none", "", NULL},
    {"one", "7=int.avsc", NULL},
    {"blanks", " 7 = int.avsc ,\n 4294967295=text.avsc", NULL},
    {"one file twice", "7=int.avsc,8=int.avsc", NULL},
    {"no equals sign", "7", "not id=file"},
    {"a comma too many", "7=int.avsc,", "not id=file"},
    {"no id", "=int.avsc", "not an id"},
    {"a word for an id", "seven=int.avsc", "not an id"},
    {"a negative id", "-7=int.avsc", "not an id"},
    {"an id beyond 32 bits", "4294967296=int.avsc", "not an id"},
    {"an id beyond 64 bits", "99999999999999999999999=int.avsc", "not an id"},
    {"the same id", "7=int.avsc,8=text.avsc,007=text.avsc", "id 7 is there twice"},
    {"no name", "7=", "not the name of a file"},
    {"a way out", "7=../int.avsc", "not the name of a file"},
    {"a hidden file", "7=.int.avsc", "not the name of a file"},
    {"another folder", "7=sub/int.avsc", "not the name of a file"},
    {"no file", "7=none.avsc", "No such file"},
    {"a folder", "7=sub", "is not a file"},
    {"a pipe nobody writes to", "7=pipe", "is not a file"},
    {"no JSON", "7=broken.avsc", "not JSON: line 1"},
    {"nothing", "7=empty.avsc", "not JSON: line 1"},
    {"too large", "7=huge.avsc", "larger than 1048576"},
};

static void a_list_is_loaded_or_refused(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(lists); row++) {
        const struct registry_settings settings = {.folder = folder, .ids = lists[row].ids};
        struct registry *registry = NULL;
        struct reason why = {REASON_NONE, ""};
        enum outcome outcome = registry_open(&settings, &registry, &why);
        bool good = lists[row].text == NULL;
        if (outcome != (good ? DONE : STOP) || why.code != (good ? REASON_NONE : REASON_BAD_CONFIG) ||
            (!good && (strstr(why.text, lists[row].text) == NULL || registry != NULL))) {
            fail_msg("%s: %d, %s", lists[row].name, outcome, why.text);
        }
        registry_close(registry);
    }
    const struct registry_settings nowhere = {.ids = "7=int.avsc"};
    struct registry *registry = NULL;
    assert_int_equal(registry_open(&nowhere, &registry, NULL), STOP);
}

static enum outcome lookup(struct registry *registry, uint32_t id, struct span *schema, struct reason *why)
{
    return registry_lookup(registry, id, (struct mono_time){0}, schema, why);
}

static void a_folder_alone_is_a_registry(void **state)
{
    (void)state;
    const struct registry_settings settings = {.url = "", .folder = folder, .ids = "9=int.avsc,7=text.avsc,8=int.avsc"};
    struct registry *registry;
    struct reason why;
    assert_int_equal(registry_open(&settings, &registry, &why), DONE);
    struct span schema;
    assert_int_equal(lookup(registry, 7, &schema, &why), DONE);
    assert_int_equal(schema.size, 1 << 20);
    assert_memory_equal(schema.data, "\"string\"", 8);
    assert_int_equal(lookup(registry, 9, &schema, &why), DONE);
    assert_true(span_equal(schema, span_text("\"int\"")));
    assert_int_equal(lookup(registry, 10, &schema, &why), SKIP);
    assert_int_equal(why.code, REASON_UNKNOWN_SCHEMA);
    assert_true(span_equal(schema, span_text("\"int\"")));
    uint32_t id;
    assert_int_equal(registry_register(registry, "a", span_text("{}"), &id, &why), STOP);
    assert_int_equal(registry_ping(registry, &why), DONE);
    registry_close(registry);
    registry_close(NULL);
}

static void the_folder_comes_before_the_registry(void **state)
{
    (void)state;
    const struct registry_settings settings = {
        .url = "http://127.0.0.1:1", .folder = folder, .ids = "7=int.avsc", .timeout_ms = 200};
    struct registry *registry;
    struct reason why;
    assert_int_equal(registry_open(&settings, &registry, &why), DONE);
    struct span schema;
    assert_int_equal(lookup(registry, 7, &schema, &why), DONE);
    assert_int_equal(lookup(registry, 8, &schema, &why), RETRY);
    registry_close(registry);
}

int main(void)
{
    setenv("no_proxy", "*", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_loaded_or_refused),
        cmocka_unit_test(a_folder_alone_is_a_registry),
        cmocka_unit_test(the_folder_comes_before_the_registry),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
