/* replay.c - a fuzz target without libFuzzer: gives it each file it is told of, or each file of a folder.
 *
 *   fuzz_NAME FILE|FOLDER…
 *
 * The bytes are on the heap in their exact size, so that a sanitizer sees one read too many. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define INPUT_SIZE_MAX ((size_t)2 << 20)

static size_t replayed;

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    uint8_t *bytes = malloc(INPUT_SIZE_MAX);
    CHECK(bytes != NULL);
    size_t size = fread(bytes, 1, INPUT_SIZE_MAX, file);
    CHECK(size < INPUT_SIZE_MAX && !ferror(file));
    fclose(file);
    uint8_t *exact = malloc(size > 0 ? size : 1);
    CHECK(exact != NULL);
    memcpy(exact, bytes, size);
    free(bytes);
    printf("%s\n", path); /* the last one told is the one that failed */
    fflush(stdout);
    fuzz_measure(span_of(exact, size));
    free(exact);
    replayed++;
}

static void replay_folder(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    CHECK(count >= 0);
    for (int i = 0; i < count; i++) {
        char inside[4096];
        int length = snprintf(inside, sizeof inside, "%s/%s", path, entries[i]->d_name);
        CHECK(length > 0 && (size_t)length < sizeof inside);
        if (entries[i]->d_name[0] != '.') {
            replay_file(inside);
        }
        free(entries[i]);
    }
    free(entries);
}

int main(int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        struct stat status;
        if (stat(arguments[i], &status) != 0) {
            fprintf(stderr, "%s: %s is not there\n", arguments[0], arguments[i]);
            return 2;
        }
        if (S_ISDIR(status.st_mode)) {
            replay_folder(arguments[i]);
        } else {
            replay_file(arguments[i]);
        }
    }
    printf("%zu inputs\n", replayed);
    return replayed > 0 ? 0 : 1;
}
