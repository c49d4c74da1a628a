#include "schema_folder.h"

#include "slipstream/decode/schema_text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- finding ---- */

static int by_number(const void *a, const void *b)
{
    uint64_t left = ((const struct schema_number *)a)->number;
    uint64_t right = ((const struct schema_number *)b)->number;
    return (left > right) - (left < right);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct schema_file *)a)->name, ((const struct schema_file *)b)->name);
}

const struct schema_file *schema_folder_find(const struct schema_folder *self, const struct schema_ref *ref)
{
    const struct schema_number key = {.number = ref->low};
    const struct schema_number *found = NULL;
    if (ref->by == SCHEMA_BY_ID && self->id_count > 0) {
        found = bsearch(&key, self->ids, self->id_count, sizeof key, by_number);
    } else if (ref->by == SCHEMA_BY_FINGERPRINT && self->count > 0) {
        found = bsearch(&key, self->fingerprints, self->count, sizeof key, by_number);
    }
    return found != NULL ? &self->files[found->file] : NULL;
}

const struct schema_file *schema_folder_named(const struct schema_folder *self, struct span name)
{
    for (size_t i = 0; i < self->count; i++) {
        if (span_equal(span_text(self->files[i].name), name)) {
            return &self->files[i];
        }
    }
    return NULL;
}

bool schema_folder_id(const struct schema_folder *self, const struct schema_file *file, uint32_t *id)
{
    for (size_t i = 0; i < self->id_count; i++) {
        if (&self->files[self->ids[i].file] == file) {
            *id = (uint32_t)self->ids[i].number;
            return true;
        }
    }
    return false;
}

void schema_folder_done(struct schema_folder *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(self->files[i].name);
        buffer_done(&self->files[i].text);
    }
    free(self->files);
    free(self->ids);
    free(self->fingerprints);
    *self = (struct schema_folder){0};
}

/* Room for one more item; NULL: no memory. */
static void *grown(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return items;
    }
    size_t wanted = *capacity > 0 ? *capacity * 2 : 8;
    void *more = realloc(items, wanted * size);
    *capacity = more != NULL ? wanted : *capacity;
    return more;
}

/* ---- files ---- */

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

static enum outcome read_schema(const char *path, struct schema_file *file, struct reason *why)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* does not wait if it is a pipe */
    if (descriptor < 0) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "cannot open %s: %s", path, strerror(errno));
    }
    enum outcome outcome = read_all(descriptor, path, &file->text, why);
    close(descriptor);
    TRY(outcome);
    struct reason bad;
    if (schema_fingerprint(buffer_as_span(&file->text), &file->fingerprint, &bad) != DONE) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "%s is not a usable schema: %s", path, bad.text);
    }
    return DONE;
}

static enum outcome add_file(struct schema_folder *self, const char *path, const char *name, struct reason *why)
{
    struct schema_file *files = NULL;
    if (self->count < REGISTRY_SCHEMAS_MAX) {
        files = grown(self->files, self->count, &self->capacity, sizeof *files);
    }
    char *copy = files != NULL ? strdup(name) : NULL;
    self->files = files != NULL ? files : self->files;
    if (copy == NULL) {
        return FAIL(why, STOP, REASON_FULL, "schemas.folder: more than %u files, or no memory", REGISTRY_SCHEMAS_MAX);
    }
    struct schema_file *file = &self->files[self->count++];
    *file = (struct schema_file){.name = copy};
    buffer_init(&file->text, REGISTRY_BODY_MAX + 1);
    TRY(read_schema(path, file, why));
    self->bytes += file->text.size;
    if (self->bytes > FOLDER_BYTES_MAX) {
        return FAIL(why, STOP, REASON_FULL, "schemas.folder: more than %zu bytes of schemas", FOLDER_BYTES_MAX);
    }
    return DONE;
}

static bool is_schema(const char *name)
{
    size_t size = strlen(name);
    return size > 5 && strcmp(name + size - 5, ".avsc") == 0;
}

static void folder_close(DIR **folder)
{
    if (*folder != NULL) {
        closedir(*folder);
    }
}

static enum outcome scan(struct schema_folder *self, const char *path, const char *below, unsigned depth,
                         struct reason *why);

/* One entry of a folder: a schema, a folder below it, or neither. */
static enum outcome scan_entry(struct schema_folder *self, const char *path, const char *below, const char *entry,
                               unsigned depth, struct reason *why)
{
    char full[PATH_MAX];
    char name[PATH_MAX];
    struct stat status;
    int length = snprintf(full, sizeof full, "%s/%s", path, entry);
    int part = snprintf(name, sizeof name, "%s%s%s", below, *below ? "/" : "", entry);
    if (length < 0 || (size_t)length >= sizeof full || part < 0 || (size_t)part >= sizeof name) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "schemas.folder holds too long a path");
    }
    if (is_schema(entry) && stat(full, &status) == 0 && S_ISREG(status.st_mode)) {
        return add_file(self, full, name, why);
    }
    if (lstat(full, &status) == 0 && S_ISDIR(status.st_mode)) { /* not through links, which may lead in circles */
        return scan(self, full, name, depth + 1, why);
    }
    return DONE;
}

static enum outcome scan(struct schema_folder *self, const char *path, const char *below, unsigned depth,
                         struct reason *why)
{
    if (depth > FOLDER_DEPTH_MAX) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "schemas.folder: %s is more than %d folders down", path,
                    FOLDER_DEPTH_MAX);
    }
    DIR *folder CLEANUP(folder_close) = opendir(path);
    if (folder == NULL) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "schemas.folder: cannot open %s: %s", path, strerror(errno));
    }
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            TRY(scan_entry(self, path, below, entry->d_name, depth, why));
        }
    }
    return DONE;
}

/* ---- the list of ids ---- */

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

static enum outcome add_id(struct schema_folder *self, uint32_t id, const struct schema_file *file, struct reason *why)
{
    for (size_t i = 0; i < self->id_count; i++) {
        if (self->ids[i].number == id) {
            return FAIL(why, STOP, REASON_BAD_CONFIG, "schemas.ids: id %u is there twice", id);
        }
    }
    struct schema_number *ids = NULL;
    if (self->id_count < REGISTRY_SCHEMAS_MAX) {
        ids = grown(self->ids, self->id_count, &self->id_capacity, sizeof *ids);
    }
    if (ids == NULL) {
        return FAIL(why, STOP, REASON_FULL, "schemas.ids: more than %u ids, or no memory", REGISTRY_SCHEMAS_MAX);
    }
    self->ids = ids;
    self->ids[self->id_count++] = (struct schema_number){id, (size_t)(file - self->files)};
    return DONE;
}

/* One "id=name" of the list. */
static enum outcome load_entry(struct schema_folder *self, struct span entry, struct reason *why)
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
    const struct schema_file *file = schema_folder_named(self, name);
    if (file == NULL) {
        return FAIL(why, STOP, REASON_BAD_CONFIG, "schemas.ids: \"%.*s\" is not an .avsc file of schemas.folder",
                    SPAN_FORMAT(name));
    }
    return add_id(self, id, file, why);
}

static enum outcome load_ids(struct schema_folder *self, const char *ids, struct reason *why)
{
    for (const char *at = ids; at != NULL;) {
        const char *comma = strchr(at, ',');
        size_t size = comma != NULL ? (size_t)(comma - at) : strlen(at);
        TRY(load_entry(self, trimmed(at, size), why));
        at = comma != NULL ? comma + 1 : NULL;
    }
    qsort(self->ids, self->id_count, sizeof *self->ids, by_number);
    return DONE;
}

/* ---- the whole ---- */

static enum outcome sort_files(struct schema_folder *self, struct reason *why)
{
    qsort(self->files, self->count, sizeof *self->files, by_name);
    self->fingerprints = calloc(self->count, sizeof *self->fingerprints);
    if (self->fingerprints == NULL) {
        return FAIL(why, STOP, REASON_FULL, "no memory for the schemas' fingerprints");
    }
    for (size_t i = 0; i < self->count; i++) {
        self->fingerprints[i] = (struct schema_number){self->files[i].fingerprint, i};
    }
    qsort(self->fingerprints, self->count, sizeof *self->fingerprints, by_number);
    return DONE;
}

static enum outcome load(struct schema_folder *self, const char *path, const char *ids, struct reason *why)
{
    TRY(scan(self, path, "", 0, why));
    if (self->count > 0) {
        TRY(sort_files(self, why));
    }
    return ids != NULL && ids[0] != '\0' ? load_ids(self, ids, why) : DONE;
}

enum outcome schema_folder_load(struct schema_folder *self, const char *path, const char *ids, struct reason *why)
{
    *self = (struct schema_folder){0};
    if (path == NULL || path[0] == '\0') {
        return ids == NULL || ids[0] == '\0'
                   ? DONE
                   : FAIL(why, STOP, REASON_BAD_CONFIG, "schemas.ids names files, but schemas.folder is not set");
    }
    enum outcome loaded = load(self, path, ids, why);
    if (loaded != DONE) {
        schema_folder_done(self);
    }
    return loaded;
}
