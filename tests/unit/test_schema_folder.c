/* test_schema_folder.c - schemas from the files of a folder, by id, name and fingerprint, and what is wrong with them.
 */
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

#include "slipstream/decode.h"
#include "slipstream/decode/schema_text.h"
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
    static const char *const folders[] = {"sub", "sub/deep", ".hidden", "folder.avsc", "bad"};
    char path[PATH_MAX];
    int failed = mkdtemp(folder) == NULL ? -1 : 0;
    for (size_t i = 0; i < COUNT(folders) && failed == 0; i++) {
        path_of(folders[i], path);
        failed = mkdir(path, 0700);
    }
    path_of("pipe.avsc", path);
    failed |= mkfifo(path, 0600);
    path_of("sub/circle", path);
    failed |= symlink("..", path);
    path_of("link.avsc", path);
    failed |= symlink("sub/deep/long.avsc", path);
    return failed | write_file("int.avsc", "\"int\"", 0) | write_file("sub/deep/long.avsc", "\"long\"", 0) |
           write_file("text.avsc", "\"string\"", (1 << 20) - 8) | /* just within the bound */
           write_file(".hidden/broken.avsc", "{", 0) | write_file("sub/.broken.avsc", "{", 0) |
           write_file("notes.txt", "{", 0);
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"int.avsc",
                                        "text.avsc",
                                        "link.avsc",
                                        "pipe.avsc",
                                        "notes.txt",
                                        "folder.avsc",
                                        ".hidden/broken.avsc",
                                        ".hidden",
                                        "sub/circle",
                                        "sub/.broken.avsc",
                                        "sub/deep/long.avsc",
                                        "sub/deep",
                                        "sub",
                                        "bad",
                                        ""};
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
    {"no name", "7=", "not an .avsc file of schemas.folder"},
    {"a way out", "7=../int.avsc", "not an .avsc file"},
    {"a hidden file", "7=sub/.broken.avsc", "not an .avsc file"},
    {"a file below", "7=sub/deep/long.avsc", NULL},
    {"a link", "7=link.avsc", NULL},
    {"through a link to a folder", "7=sub/circle/int.avsc", "not an .avsc file"},
    {"another kind of file", "7=notes.txt", "not an .avsc file"},
    {"no file", "7=none.avsc", "\"none.avsc\" is not an .avsc file"},
    {"a folder", "7=folder.avsc", "not an .avsc file"},
    {"a pipe nobody writes to", "7=pipe.avsc", "not an .avsc file"},
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

/* Files that a folder must not have, whether a list names them or not. */
static const struct {
    const char *name;
    const char *schema;
    size_t blanks;
    const char *text; /* of the reason */
} bad_files[] = {
    {"no JSON", "{", 0, "bad/x.avsc is not a usable schema: not JSON: line 1"},
    {"nothing", "", 0, "not JSON: line 1"},
    {"too large", "\"string\"", (1 << 20) - 7, "larger than 1048576"},
    {"no schema", "{\"type\":\"record\",\"name\":\"R\"}", 0, "$.fields: a record without a list of fields"},
    {"an unknown type", "[\"null\",\"Other\"]", 0, "$[1]: unknown type Other"},
};

static void a_file_that_cannot_be_used_is_told_of(void **state)
{
    (void)state;
    char path[PATH_MAX];
    path_of("bad/x.avsc", path);
    for (size_t row = 0; row < COUNT(bad_files); row++) {
        const struct registry_settings settings = {.folder = folder};
        struct registry *registry = NULL;
        struct reason why = {REASON_NONE, ""};
        assert_int_equal(write_file("bad/x.avsc", bad_files[row].schema, bad_files[row].blanks), 0);
        enum outcome outcome = registry_open(&settings, &registry, &why);
        if (outcome != STOP || why.code != REASON_BAD_CONFIG || strstr(why.text, bad_files[row].text) == NULL) {
            fail_msg("%s: %d, %s", bad_files[row].name, outcome, why.text);
        }
    }
    remove(path);
    const struct registry_settings nowhere = {.folder = path};
    struct registry *registry = NULL;
    struct reason why;
    assert_int_equal(registry_open(&nowhere, &registry, &why), STOP);
    assert_non_null(strstr(why.text, "No such file"));
}

static enum outcome lookup(struct registry *registry, uint32_t id, struct span *schema, struct reason *why)
{
    const struct schema_ref ref = schema_by_id(id);
    return registry_lookup(registry, &ref, (struct mono_time){0}, schema, why);
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

/* Fingerprints are from Apache Avro's schema-tests.txt. */
static void a_schema_is_found_by_its_fingerprint(void **state)
{
    (void)state;
    const struct registry_settings settings = {.folder = folder};
    struct registry *registry;
    struct reason why;
    struct span schema;
    assert_int_equal(registry_open(&settings, &registry, &why), DONE);
    struct schema_ref ref = {.by = SCHEMA_BY_FINGERPRINT, .low = UINT64_C(0x7275d51a3f395c8f)};
    assert_int_equal(registry_lookup(registry, &ref, (struct mono_time){0}, &schema, &why), DONE);
    assert_true(span_equal(schema, span_text("\"int\"")));
    ref.low = UINT64_C(0xd054e14493f41db7);
    assert_int_equal(registry_lookup(registry, &ref, (struct mono_time){0}, &schema, &why), DONE);
    assert_true(span_equal(schema, span_text("\"long\"")));
    ref.low = UINT64_C(0x63dd24e7cc258f8a); /* "null", which is no file */
    assert_int_equal(registry_lookup(registry, &ref, (struct mono_time){0}, &schema, &why), SKIP);
    assert_int_equal(why.code, REASON_UNKNOWN_SCHEMA);
    assert_non_null(strstr(why.text, "fingerprint 63dd24e7cc258f8a"));
    struct reason ignored;
    for (unsigned c = 0; c < CHANNELS; c++) { /* our own need no file */
        ref.low = 0;
        assert_int_equal(schema_fingerprint(decode_reader_schema((enum channel)c), &ref.low, &ignored), DONE);
        assert_int_equal(registry_lookup(registry, &ref, (struct mono_time){0}, &schema, &why), DONE);
        assert_true(span_equal(schema, decode_reader_schema((enum channel)c)));
    }
    assert_int_equal(registry_file(registry, "sub/deep/long.avsc", &schema, &why), DONE);
    assert_true(span_equal(schema, span_text("\"long\"")));
    assert_int_equal(registry_file(registry, "long.avsc", &schema, &why), STOP);
    registry_close(registry);
}

static void the_folder_comes_before_the_registry(void **state)
{
    (void)state;
    const struct registry_settings settings = {
        .url = "http://127.0.0.1:1", .folder = folder, .ids = "7=int.avsc", .timeout_ms = 200, .patience_ms = 5000};
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
        cmocka_unit_test(a_list_is_loaded_or_refused),          cmocka_unit_test(a_file_that_cannot_be_used_is_told_of),
        cmocka_unit_test(a_folder_alone_is_a_registry),         cmocka_unit_test(a_schema_is_found_by_its_fingerprint),
        cmocka_unit_test(the_folder_comes_before_the_registry),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
