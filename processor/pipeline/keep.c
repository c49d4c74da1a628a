/* keep.c - to cx.state and back. */
#include "keep.h"
#include "task_state.h"

#include <stdlib.h>

#define KEPT_FORMAT    1
#define KEPT_BYTES_MAX ((size_t)256 << 20) /* of one partition, before compaction */

/* ---- writing ---- */

static bool is_kept(struct span name, struct field_name *field)
{
    return field_parse(name, field) && field_is_kept(field->kind);
}

void keep_changes(const struct apply *apply, const char *app, struct outputs *outputs)
{
    struct buffer *bytes = &outputs->bytes;
    struct field_name field;
    for (size_t i = 0; i < apply->change_count; i++) {
        const struct state_change *change = &apply->changes[i];
        if (change->removes || !is_kept(change->field, &field)) {
            continue;
        }
        outputs_begin(outputs, OUTPUT_STATE);
        buffer_text(bytes, "%s", app);
        buffer_u8(bytes, 0);
        buffer_bytes(bytes, change->field.data, change->field.size);
        outputs_value(outputs);
        buffer_u8(bytes, KEPT_FORMAT);
        buffer_u64(bytes, apply->owner.epoch);
        buffer_u64(bytes, apply->seq + 1);
        buffer_bytes(bytes, change->value.data, change->value.size);
        outputs_end(outputs);
    }
}

/* ---- reading ---- */

struct kept {
    size_t key, key_size, value, value_size; /* in the bytes */
    struct revision revision;
    struct span name; /* the key, once all has been read and the bytes no longer move */
};
struct recovery {
    struct span app;
    struct buffer bytes;
    struct kept *rows; /* owned */
    size_t count, capacity;
};

static void recovery_done(struct recovery *self)
{
    buffer_done(&self->bytes);
    free(self->rows);
}

/* Another app's records on the same topic are none of ours. */
static bool is_ours(const struct recovery *self, struct span key)
{
    size_t size = self->app.size;
    return key.size > size && key.data[size] == 0 && memcmp(key.data, self->app.data, size) == 0;
}

static enum outcome take_row(void *context, struct span key, struct span value, struct reason *why)
{
    struct recovery *self = context;
    struct cursor in = cursor_over(value);
    if (!is_ours(self, key) || !value.data) {
        return DONE;
    }
    uint8_t format = cursor_u8(&in);
    if (format > KEPT_FORMAT) {
        return FAIL(why, STOP, REASON_REFUSED, "the state topic has records of format %u, this release reads up to %d",
                    format, KEPT_FORMAT);
    }
    struct revision revision = {.epoch = cursor_u64(&in)};
    revision.seq = cursor_u64(&in);
    if (in.broken || format == 0) {
        return FAIL(why, STOP, REASON_BAD_STATE, "a record of %zu bytes on the state topic cannot be read", value.size);
    }
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 64;
        self->rows = realloc(self->rows, self->capacity * sizeof *self->rows);
        ASSERT(self->rows);
    }
    size_t name_size = key.size - self->app.size - 1;
    struct kept *row = &self->rows[self->count++];
    *row = (struct kept){self->bytes.size, name_size, self->bytes.size + name_size, cursor_left(&in), revision, {0}};
    buffer_bytes(&self->bytes, key.data + self->app.size + 1, name_size);
    buffer_bytes(&self->bytes, value.data + (value.size - row->value_size), row->value_size);
    return self->bytes.overflow ? FAIL(why, STOP, REASON_FULL,
                                       "the state topic holds more than %zu bytes of one partition", KEPT_BYTES_MAX)
                                : DONE;
}

/* By name, then revision, then place in the log. */
static int by_name(const void *a, const void *b)
{
    const struct kept *left = a;
    const struct kept *right = b;
    size_t shorter = left->key_size < right->key_size ? left->key_size : right->key_size;
    int order = memcmp(left->name.data, right->name.data, shorter);
    if (order == 0) {
        order = (left->key_size > right->key_size) - (left->key_size < right->key_size);
    }
    if (order == 0) {
        order = (left->revision.epoch > right->revision.epoch) - (left->revision.epoch < right->revision.epoch);
    }
    if (order == 0) {
        order = (left->revision.seq > right->revision.seq) - (left->revision.seq < right->revision.seq);
    }
    return order ? order : (left->key > right->key) - (left->key < right->key);
}

static bool is_last_of_name(const struct recovery *self, size_t i)
{
    return i + 1 == self->count || !span_equal(self->rows[i].name, self->rows[i + 1].name);
}

static enum outcome load_all(struct recovery *self, struct task *task, size_t *count, struct reason *why)
{
    for (size_t i = 0; i < self->count; i++) {
        self->rows[i].name = span_of(self->bytes.data + self->rows[i].key, self->rows[i].key_size);
    }
    if (self->count) {
        qsort(self->rows, self->count, sizeof *self->rows, by_name);
    }
    for (size_t i = 0; i < self->count; i++) {
        struct field_name field;
        const struct kept *row = &self->rows[i];
        int32_t partitions = (int32_t)task->settings->config->signals_partitions;
        bool counts = is_last_of_name(self, i) && is_kept(row->name, &field) &&
                      partition_of(field.parts[0], partitions) == task->partition; /* else there were more, or fewer */
        if (counts) {
            TRY(task_load_kept(task, row->name, span_of(self->bytes.data + row->value, row->value_size), why));
            ++*count;
        }
    }
    return DONE;
}

enum outcome keep_recover(struct task *task, struct table *table, size_t *count, struct reason *why)
{
    struct recovery recovery CLEANUP(recovery_done) = {.app = span_text(task->settings->config->app)};
    buffer_init(&recovery.bytes, KEPT_BYTES_MAX);
    *count = 0;
    TRY(table->ops->read(table, task->partition, take_row, &recovery, why));
    return load_all(&recovery, task, count, why);
}
