#include "schema_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int by_id(const void *a, const void *b)
{
    uint32_t left = ((const struct schema_file *)a)->id;
    uint32_t right = ((const struct schema_file *)b)->id;
    return (left > right) - (left < right);
}

const struct schema_file *schema_folder_find(const struct schema_folder *self, uint32_t id)
{
    const struct schema_file key = {.id = id};
    return self->count > 0 ? bsearch(&key, self->files, self->count, sizeof *self->files, by_id) : NULL;
}

const struct schema_file *schema_folder_named(const struct schema_folder *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++) {
        if (strcmp(self->files[i].name, name) == 0) {
            return &self->files[i];
        }
    }
    return NULL;
}

void schema_folder_done(struct schema_folder *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(self->files[i].name);
        buffer_done(&self->files[i].text);
    }
    free(self->files);
    *self = (struct schema_folder){0};
}

/* Without the blanks around it, so that a list may be written with spaces after its commas. */
static struct span trimmed(const char *text, size_t size)
{
    while (size > 0 && strchr(" \t\n", text[0]) != NULL) {
        text++;
        size--;
    }
    while (size > 0 && strchr(" \t\n", text[size - 1]) != NULL) {
        size--;
    }
    return span_of(text, size);
}

static bool parse_id(struct span text, uint32_t *id)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || value > UINT32_MAX) {
            return false;
        }
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (text.size == 0 || value > UINT32_MAX) {
        return false;
    }
    *id = (uint32_t)value;
    return true;
}

/* One file of the folder itself: no way into another, no hidden file. */
static bool is_file_name(struct span name)
{
    return name.size > 0 && name.size <= NAME_MAX && name.data[0] != '.' && memchr(name.data, '/', name.size) == NULL;
}

static enum outcome read_all(int descriptor, const char *path, struct buffer *text, struct reason *why)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "%s is not a file", path);
    }
    for (;;) {
        /* One byte beyond the bound is asked for, so that a file of just that size is told from a longer one. */
        size_t room = text->ceiling - text->size < 4096 ? text->ceiling - text->size : 4096;
        uint8_t *at = buffer_reserve(text, room);
        ssize_t size = at != NULL ? read(descriptor, at, room) : -1;
        if (size < 0) {
            return FAIL(why, STOP, REASON_BAD_CONFIG, "cannot read %s: %s", path, strerror(errno));
        }
        text->size += (size_t)size;
        if (text->size > REGISTRY_BODY_MAX) {
            return FAIL(why, STOP, REASON_BAD_CONFIG, "%s is larger than %u bytes", path, REGISTRY_BODY_MAX);
        }
        if (size == 0) {
            return DONE;
        }
    }
}

static enum outcome read_schema(const char *path, struct buffer *text, struct reason *why)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* does not wait if it is a pipe */
    if (descriptor < 0) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "cannot open %s: %s", path, strerror(errno));
    }
    enum outcome outcome = read_all(descriptor, path, text, why);
    close(descriptor);
    TRY(outcome);
    json_error_t error;
    json_t *json = json_loadb((const char *)text->data, text->size, JSON_DECODE_ANY, &error);
    if (json == NULL) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "%s is not JSON: line %d: %s", path, error.line, error.text);
    }
    json_decref(json);
    return DONE;
}

static struct schema_file *file_add(struct schema_folder *self, uint32_t id, struct span name)
{
    if (self->count == self->capacity) {
        size_t capacity = self->capacity > 0 ? self->capacity * 2 : 8;
        struct schema_file *files = realloc(self->files, capacity * sizeof *files);
        if (files == NULL) {
            return NULL;
        }
        self->files = files;
        self->capacity = capacity;
    }
    struct schema_file *file = &self->files[self->count++];
    file->id = id;
    file->name = strndup((const char *)name.data, name.size);
    ASSERT(file->name);
    buffer_init(&file->text, REGISTRY_BODY_MAX + 1);
    return file;
}

/* One "id=name" of the list. */
static enum outcome load_entry(struct schema_folder *self, const char *folder, struct span entry, struct reason *why)
{
    const char *equals = entry.size > 0 ? memchr(entry.data, '=', entry.size) : NULL;
    if (equals == NULL) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "schemas.ids: \"%.*s\" is not id=file", SPAN_FORMAT(entry));
    }
    const char *start = (const char *)entry.data;
    struct span number = trimmed(start, (size_t)(equals - start));
    struct span name = trimmed(equals + 1, entry.size - (size_t)(equals + 1 - start));
    uint32_t id;
    if (!parse_id(number, &id)) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "schemas.ids: \"%.*s\" is not an id from 0 to %u",
                    SPAN_FORMAT(number), UINT32_MAX);
    }
    if (!is_file_name(name)) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "schemas.ids: \"%.*s\" is not the name of a file in schemas.folder",
                    SPAN_FORMAT(name));
    }
    for (size_t i = 0; i < self->count; i++) {
        if (self->files[i].id == id) {
            return FAIL(why, STOP, REASON_BAD_CONFIG, "schemas.ids: id %u is there twice", id);
        }
    }
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%.*s", folder, SPAN_FORMAT(name));
    if (length < 0 || (size_t)length >= sizeof path) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "schemas.folder is too long a path");
    }
    struct schema_file *file = self->count < REGISTRY_SCHEMAS_MAX ? file_add(self, id, name) : NULL;
    if (file == NULL) {
        return FAIL(why, STOP, REASON_FULL, "schemas.ids: more than %u schemas, or no memory", REGISTRY_SCHEMAS_MAX);
    }
    return read_schema(path, &file->text, why);
}

enum outcome schema_folder_load(struct schema_folder *self, const char *path, const char *ids, struct reason *why)
{
    *self = (struct schema_folder){0};
    if (ids == NULL || ids[0] == '\0') {
        return DONE;
    }
    if (path == NULL || path[0] == '\0') {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "schemas.ids names files, but schemas.folder is not set");
    }
    for (const char *at = ids; at != NULL;) {
        const char *comma = strchr(at, ',');
        size_t size = comma != NULL ? (size_t)(comma - at) : strlen(at);
        enum outcome loaded = load_entry(self, path, trimmed(at, size), why);
        if (loaded != DONE) {
            schema_folder_done(self);
            return loaded;
        }
        at = comma != NULL ? comma + 1 : NULL;
    }
    qsort(self->files, self->count, sizeof *self->files, by_id);
    return DONE;
}
