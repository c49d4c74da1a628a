/* view_read.c - reading the live view, for subcommands and the fleet. */
#include <stdlib.h>

#include "redis_store.h"
#include "view_key.h"

enum outcome redis_view_read(struct store *store, struct span key, struct buffer *value, struct reason *why)
{
    struct redis_store *self = redis_store_of(store);
    redisReply *reply CLEANUP(reply_free) = NULL;
    char full[VIEW_KEY_SIZE];
    TRY(view_key_check(key, why));
    command_start(&self->command, "GET");
    command_span(&self->command, view_key(self, key, full));
    TRY(connection_call(&self->connection, &self->command, &reply, why));
    if (reply->type == REDIS_REPLY_NIL) {
        return FAIL(why, SKIP, REASON_NONE, "it is not in the view");
    }
    if (reply->type != REDIS_REPLY_STRING) {
        return connection_puzzled(&self->connection, "GET", why);
    }
    if (reply->len > value->ceiling) {
        return FAIL(why, STOP, REASON_FULL, "a value of the view has %zu bytes, at most %zu", reply->len,
                    value->ceiling);
    }
    buffer_clear(value);
    buffer_bytes(value, reply->str, reply->len);
    return DONE;
}

/* The set's members as they come: length and bytes, some of them twice. */
struct names {
    struct buffer bytes;
    size_t count;
};

static void names_done(struct names *self)
{
    buffer_done(&self->bytes);
}

static enum outcome names_page(void *context, const redisReply *items, struct reason *why)
{
    struct names *self = context;
    for (size_t i = 0; i < items->elements; i++) {
        struct span name = reply_span(items->element[i]);
        if (span_is_text(name)) { /* JSON holds no other */
            buffer_span(&self->bytes, name);
            self->count++;
        }
    }
    return self->bytes.overflow ? FAIL(why, STOP, REASON_FULL, "the names in the view do not fit") : DONE;
}

static int compare_names(const void *left, const void *right)
{
    const struct span *a = left;
    const struct span *b = right;
    size_t common = a->size < b->size ? a->size : b->size;
    int order = memcmp(a->data, b->data, common);
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

static void write_json_text(struct span text, struct buffer *out)
{
    buffer_u8(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c < 0x20) {
            buffer_text(out, "\\u%04x", c);
            continue;
        }
        if (c == '"' || c == '\\') {
            buffer_u8(out, '\\');
        }
        buffer_u8(out, c);
    }
    buffer_u8(out, '"');
}

static void free_spans(struct span **spans)
{
    free(*spans);
}

/* Sorted by bytes, each once. */
static enum outcome write_names(const struct names *names, struct buffer *out, struct reason *why)
{
    struct span *sorted CLEANUP(free_spans) = calloc(names->count + 1, sizeof *sorted);
    if (!sorted) {
        return FAIL(why, STOP, REASON_FULL, "no memory for %zu names", names->count);
    }
    struct cursor cursor = cursor_over(buffer_as_span(&names->bytes));
    for (size_t i = 0; i < names->count; i++) {
        sorted[i] = cursor_span(&cursor);
    }
    qsort(sorted, names->count, sizeof *sorted, compare_names);
    buffer_u8(out, '[');
    for (size_t i = 0; i < names->count; i++) {
        if (i > 0 && span_equal(sorted[i], sorted[i - 1])) {
            continue;
        }
        if (i > 0) {
            buffer_u8(out, ',');
        }
        write_json_text(sorted[i], out);
    }
    buffer_u8(out, ']');
    return out->overflow ? FAIL(why, STOP, REASON_FULL, "the names in the view do not fit") : DONE;
}

enum outcome redis_view_list(struct store *store, struct buffer *json_array, struct reason *why)
{
    struct redis_store *self = redis_store_of(store);
    struct names names CLEANUP(names_done) = {0};
    struct buffer json CLEANUP(buffer_done);
    buffer_init(&names.bytes, json_array->ceiling);
    buffer_init(&json, json_array->ceiling);
    char key[VIEW_KEY_SIZE];
    TRY(store_scan(self, "SSCAN", view_key(self, span_text(VIEW_LIST), key), names_page, &names, why));
    TRY(write_names(&names, &json, why));
    buffer_clear(json_array);
    buffer_bytes(json_array, json.data, json.size);
    return DONE;
}
