/* record.c - the reserved fields as bytes. */
#include "record.h"

#include <inttypes.h>
#include <stdio.h>

#define EPOCH_DIGITS  16
#define RANDOM_DIGITS 16

const char *owner_write(const struct owner *owner, char text[OWNER_TEXT_SIZE])
{
    ASSERT(owner->epoch <= OWNER_EPOCH_MAX);
    (void)snprintf(text, OWNER_TEXT_SIZE, "%016" PRIu64 "-%016" PRIx64, owner->epoch, owner->random);
    return text;
}

static bool read_decimal(struct span text, uint64_t *number)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint64_t digit = (uint64_t)text.data[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value)) {
            return false;
        }
    }
    *number = value;
    return text.size > 0;
}

static bool read_hex(struct span text, uint64_t *number)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        const char *digits = "0123456789abcdef";
        const char *digit = text.data[i] ? strchr(digits, text.data[i]) : NULL;
        if (!digit) {
            return false;
        }
        value = value << 4 | (uint64_t)(digit - digits);
    }
    *number = value;
    return true;
}

bool owner_read(struct span text, struct owner *owner)
{
    struct owner read;
    if (text.size != OWNER_TEXT_SIZE - 1 || text.data[EPOCH_DIGITS] != '-' ||
        !read_decimal(span_of(text.data, EPOCH_DIGITS), &read.epoch) || read.epoch > OWNER_EPOCH_MAX ||
        !read_hex(span_of(text.data + EPOCH_DIGITS + 1, RANDOM_DIGITS), &read.random)) {
        return false;
    }
    *owner = read;
    return true;
}

const char *seq_write(uint64_t seq, char text[SEQ_TEXT_SIZE])
{
    (void)snprintf(text, SEQ_TEXT_SIZE, "%" PRIu64, seq);
    return text;
}

bool seq_read(struct span text, uint64_t *seq)
{
    bool padded = text.size > 1 && text.data[0] == '0';
    return !padded && read_decimal(text, seq);
}

static void write_id(const char *id, size_t capacity, struct buffer *out)
{
    buffer_span(out, span_of(id, strnlen(id, capacity - 1)));
}

void meta_write(const struct task_meta *meta, struct buffer *out)
{
    buffer_u8(out, META_FORMAT);
    buffer_zigzag(out, meta->next);
    buffer_zigzag(out, meta->leader_epoch);
    buffer_zigzag(out, meta->partitions);
    buffer_zigzag(out, meta->as_of_us);
    buffer_zigzag(out, meta->complete_since_us);
    write_id(meta->cluster_id, sizeof meta->cluster_id, out);
    write_id(meta->topic_id, sizeof meta->topic_id, out);
}

static int32_t read_i32(struct cursor *cursor)
{
    int64_t value = cursor_zigzag(cursor);
    cursor->broken |= value < INT32_MIN || value > INT32_MAX;
    return (int32_t)value;
}

static void read_id(struct cursor *cursor, char *id, size_t capacity)
{
    struct span text = cursor_span(cursor);
    if (text.size >= capacity) {
        cursor->broken = true;
        return;
    }
    if (text.size) {
        memcpy(id, text.data, text.size);
    }
    id[text.size] = '\0';
}

enum outcome meta_refuse_newer(int64_t format, struct reason *why)
{
    return FAIL(why, STOP, REASON_REFUSED,
                "the state in Redis has format %" PRId64 ", this release reads up to %d: run the newer release", format,
                META_FORMAT);
}

enum outcome meta_read(struct span bytes, struct task_meta *meta, struct reason *why)
{
    struct cursor cursor = cursor_over(bytes);
    uint8_t format = cursor_u8(&cursor);
    if (format > META_FORMAT) {
        return meta_refuse_newer(format, why);
    }
    struct task_meta read = {0};
    read.next = cursor_zigzag(&cursor);
    read.leader_epoch = read_i32(&cursor);
    read.partitions = read_i32(&cursor);
    read.as_of_us = cursor_zigzag(&cursor);
    read.complete_since_us = cursor_zigzag(&cursor);
    read_id(&cursor, read.cluster_id, sizeof read.cluster_id);
    read_id(&cursor, read.topic_id, sizeof read.topic_id);
    if (cursor.broken || cursor_left(&cursor) > 0 || format == 0) {
        return FAIL(why, STOP, REASON_BAD_STATE, "field meta of a task's state in Redis can't be read");
    }
    *meta = read;
    return DONE;
}
