/* config_folder.h - for tests of settings: a folder with files in it, and what a configuration made of them is. */
#ifndef SLIPSTREAM_TESTS_CONFIG_FOLDER_H
#define SLIPSTREAM_TESTS_CONFIG_FOLDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "slipstream/config.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SECRET      "hunter2"
#define TEXT_MAX    (1 << 20)
#define VALUES_MAX  6

static inline void write_file(const char *name, const void *text, size_t size)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* A folder of its own becomes the working one: a file's name in a problem is then short. */
static inline int folder_enter(void **state)
{
    static char folder[] = "/tmp/slipstream-config-XXXXXX";
    *state = mkdtemp(folder);
    if (!*state || chdir(folder) != 0) {
        return -1;
    }
    write_file("secret", SECRET "\n", sizeof SECRET);
    write_file("crlf", "two\r\n", 5);
    write_file("lines", "pem\n\n", 5);
    write_file("nul", "a\0b", 3);
    write_file("empty", "", 0);
    char *large = calloc(1, TEXT_MAX + 1);
    memset(large, ' ', TEXT_MAX + 1);
    write_file("large", large, TEXT_MAX + 1);
    free(large);
    return 0;
}

static inline int folder_leave(void **state)
{
    DIR *folder = opendir(".");
    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        unlink(entry->d_name); /* . and .. stay by themselves */
    }
    closedir(folder);
    return chdir("/") == 0 && rmdir(*state) == 0 ? 0 : -1;
}

/* A project file, NUL-terminated; the caller frees it. */
static inline char *project_file(const char *name, size_t *size)
{
    char path[4096];
    const char *source = getenv("SLIPSTREAM_SOURCE");
    assert_non_null(source);
    snprintf(path, sizeof path, "%s/%s", source, name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        fail_msg("%s is not there", name);
    }
    char *text = calloc(1, TEXT_MAX);
    *size = fread(text, 1, TEXT_MAX - 1, file);
    assert_int_equal(fclose(file), 0);
    return text;
}

struct said {
    const char *yaml; /* NULL: no file */
    const char *const *environment;
    const char *const *overrides;
};

/* What a program would get that was told this, in the folder's c.yaml, the environment and arguments. */
static inline enum outcome load(const struct said *said, struct config *config, struct problems *problems)
{
    static const char *const none[] = {NULL};
    size_t overrides = 0;
    while (said->overrides && said->overrides[overrides]) {
        overrides++;
    }
    if (said->yaml) {
        write_file("c.yaml", said->yaml, strlen(said->yaml));
    }
    const struct config_sources sources = {
        .file = said->yaml ? "c.yaml" : NULL,
        .environment = (char *const *)(uintptr_t)(said->environment ? said->environment : none),
        .overrides = said->overrides,
        .override_count = overrides,
    };
    problems_init(problems);
    return config_load(&sources, config, problems);
}

static inline const char *text_of(const struct buffer *buffer, char out[TEXT_MAX])
{
    snprintf(out, TEXT_MAX, "%.*s", (int)buffer->size, buffer->size ? (const char *)buffer->data : "");
    return out;
}

static inline void check_problems(const char *name, const struct problems *problems, const char *expected)
{
    static char text[TEXT_MAX];
    if (strcmp(text_of(&problems->text, text), expected) != 0) {
        fail_msg("%s:\n%s--- expected:\n%s", name, text, expected);
    }
}

#endif
