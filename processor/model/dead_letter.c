#include "slipstream/model/dead_letter.h"

#include "slipstream/model/interaction.h"

#define FORMAT_BEFORE 1 /* without is_whole */

static const char cut_text[] = "; the message is too large to be kept whole";

/* ---- writing ---- */

/* A union of null and bytes. */
static void put_optional(struct buffer *out, struct span bytes)
{
    buffer_zigzag(out, bytes.data ? 1 : 0);
    if (bytes.data) {
        buffer_span(out, bytes);
    }
}

/* A union of null and long. */
static void put_optional_number(struct buffer *out, int64_t number)
{
    buffer_zigzag(out, number == ABSENT ? 0 : 1);
    if (number != ABSENT) {
        buffer_zigzag(out, number);
    }
}

/* As much of the bytes as there is room for. */
static struct span fit(struct span bytes, size_t *room)
{
    struct span kept = span_of(bytes.data, bytes.size < *room ? bytes.size : *room);
    *room -= kept.size;
    return kept;
}

/* How many headers there is room for. */
static size_t fit_headers(const struct dead_letter *self, size_t *room)
{
    size_t fitting = 0;
    for (; fitting < self->header_count && fitting < DEAD_LETTER_HEADERS_MAX; fitting++) {
        const struct message_header *header = &self->headers[fitting];
        size_t size = strlen(header->name) + header->value.size;
        if (size > *room) {
            break;
        }
        *room -= size;
    }
    return fitting;
}

static void put_headers(struct buffer *out, const struct dead_letter *self, size_t count)
{
    if (count) {
        buffer_zigzag(out, (int64_t)count);
    }
    for (size_t i = 0; i < count; i++) {
        buffer_span(out, span_text(self->headers[i].name));
        put_optional(out, self->headers[i].value);
    }
    buffer_u8(out, 0);
}

/* Why, and whether the message was too large to be repeated whole: it would be refused, and all behind it would wait.
 */
static void put_detail(struct buffer *out, struct span detail, bool is_whole)
{
    size_t more = is_whole ? 0 : sizeof cut_text - 1;
    buffer_zigzag(out, (int64_t)(detail.size + more));
    buffer_bytes(out, detail.data, detail.size);
    buffer_bytes(out, cut_text, more);
}

void dead_letter_write(const struct dead_letter *self, struct buffer *out)
{
    size_t room = DEAD_LETTER_BYTES_MAX;
    struct span key = fit(self->key, &room);
    size_t header_count = fit_headers(self, &room);
    struct span value = fit(self->value, &room);
    bool is_whole = self->is_whole && key.size == self->key.size && header_count == self->header_count &&
                    value.size == self->value.size;
    buffer_u8(out, DEAD_LETTER_FORMAT);
    buffer_span(out, self->topic);
    buffer_zigzag(out, self->partition);
    buffer_zigzag(out, self->offset);
    put_optional_number(out, self->timestamp_ms);
    buffer_span(out, self->reason);
    put_detail(out, self->detail, is_whole);
    put_optional_number(out, self->schema_id);
    put_optional(out, key);
    put_optional(out, value);
    put_headers(out, self, header_count);
    buffer_span(out, self->version);
    buffer_u8(out, is_whole);
}

void dead_letters_replayed_write(const struct dead_letters_replayed *self, struct buffer *out)
{
    buffer_u8(out, DEAD_LETTERS_REPLAYED_FORMAT);
    buffer_zigzag(out, self->at_ms);
    if (self->count) {
        buffer_zigzag(out, (int64_t)self->count);
    }
    for (size_t i = 0; i < self->count; i++) {
        buffer_zigzag(out, self->offsets[i]);
    }
    buffer_u8(out, 0);
    buffer_span(out, self->version);
}

/* ---- reading ---- */

void dead_letter_reader_init(struct dead_letter_reader *self)
{
    buffer_init(&self->names, DEAD_LETTER_BYTES_MAX + DEAD_LETTER_HEADERS_MAX);
}

void dead_letter_reader_done(struct dead_letter_reader *self)
{
    buffer_done(&self->names);
}

/* Whether a union's second branch follows; a third breaks the cursor. */
static bool takes_second(struct cursor *at)
{
    int64_t branch = cursor_zigzag(at);
    at->broken = at->broken || branch < 0 || branch > 1;
    return branch == 1;
}

static struct span take_optional(struct cursor *at)
{
    return takes_second(at) ? cursor_span(at) : span_of(NULL, 0);
}

static int64_t take_optional_number(struct cursor *at)
{
    return takes_second(at) ? cursor_zigzag(at) : ABSENT;
}

static bool take_bool(struct cursor *at)
{
    uint8_t byte = cursor_u8(at);
    at->broken = at->broken || byte > 1;
    return byte == 1;
}

/* Items of the next block of an array; 0 at its end. Of a negative count Avro says: the block's size follows. */
static int64_t take_block(struct cursor *at)
{
    int64_t count = cursor_zigzag(at);
    if (count < 0 && count > INT64_MIN) {
        (void)cursor_zigzag(at);
        count = -count;
    }
    at->broken = at->broken || count < 0;
    return at->broken ? 0 : count;
}

/* Whether it is a time in microseconds, too, as it is shown and sent again. */
static bool is_time(int64_t ms)
{
    return ms == ABSENT || (ms >= INT64_MIN / US_PER_MS && ms <= INT64_MAX / US_PER_MS);
}

static size_t take_headers(struct dead_letter_reader *self, struct cursor *at)
{
    size_t starts[DEAD_LETTER_HEADERS_MAX];
    size_t count = 0;
    buffer_clear(&self->names);
    for (int64_t block = take_block(at); block > 0 && !at->broken; block = take_block(at)) {
        for (; block > 0 && !at->broken; block--) {
            struct span name = cursor_span(at);
            struct span value = take_optional(at);
            if (count == DEAD_LETTER_HEADERS_MAX || (name.size && memchr(name.data, 0, name.size))) {
                at->broken = true;
                return 0;
            }
            starts[count] = self->names.size;
            buffer_bytes(&self->names, name.data, name.size);
            buffer_u8(&self->names, 0);
            self->headers[count++].value = value;
        }
    }
    at->broken = at->broken || self->names.overflow;
    for (size_t i = 0; i < count && !at->broken; i++) { /* now that they stay where they are */
        self->headers[i].name = (const char *)self->names.data + starts[i];
    }
    return count;
}

enum outcome dead_letter_read(struct dead_letter_reader *self, struct span message, struct dead_letter *letter,
                              struct reason *why)
{
    struct cursor at = cursor_over(message);
    struct dead_letter read = {.is_whole = true};
    uint8_t format = cursor_u8(&at);
    if (format != DEAD_LETTER_FORMAT && format != FORMAT_BEFORE) {
        return FAIL(why, SKIP, REASON_BAD_STATE, "not a dead letter that this version can read: it begins with %u",
                    format);
    }
    read.topic = cursor_span(&at);
    int64_t partition = cursor_zigzag(&at);
    at.broken = at.broken || partition < 0 || partition > INT32_MAX;
    read.partition = (int32_t)partition;
    read.offset = cursor_zigzag(&at);
    read.timestamp_ms = take_optional_number(&at);
    at.broken = at.broken || !is_time(read.timestamp_ms);
    read.reason = cursor_span(&at);
    read.detail = cursor_span(&at);
    read.schema_id = take_optional_number(&at);
    read.key = take_optional(&at);
    read.value = take_optional(&at);
    read.header_count = take_headers(self, &at);
    read.headers = self->headers;
    read.version = cursor_span(&at);
    if (format != FORMAT_BEFORE) {
        read.is_whole = take_bool(&at);
    }
    if (at.broken || cursor_left(&at)) {
        return FAIL(why, SKIP, REASON_BAD_STATE, "a dead letter that is damaged");
    }
    *letter = read;
    return DONE;
}

unsigned dead_letter_replays(const struct dead_letter *self)
{
    unsigned replays = 0;
    for (size_t i = 0; i < self->header_count; i++) {
        struct span value = self->headers[i].value;
        if (strcmp(self->headers[i].name, REPLAYS_HEADER) != 0 || value.size == 0 || value.size > 6) {
            continue;
        }
        replays = 0;
        for (size_t d = 0; d < value.size; d++) {
            unsigned digit = (unsigned)value.data[d] - '0';
            replays = digit <= 9 ? replays * 10 + digit : 0;
        }
    }
    return replays;
}

enum outcome dead_letters_replayed_read(struct span message, void (*tell)(void *context, int64_t offset), void *context,
                                        struct reason *why)
{
    for (unsigned telling = 0; telling < 2;
         telling++) { /* once to see that it is whole: nothing is told of half of one */
        struct cursor at = cursor_over(message);
        uint8_t format = cursor_u8(&at);
        (void)cursor_zigzag(&at);
        for (int64_t block = take_block(&at); block > 0 && !at.broken; block = take_block(&at)) {
            for (; block > 0 && !at.broken; block--) {
                int64_t offset = cursor_zigzag(&at);
                if (telling && !at.broken) {
                    tell(context, offset);
                }
            }
        }
        (void)cursor_span(&at);
        if (format != DEAD_LETTERS_REPLAYED_FORMAT || at.broken || cursor_left(&at)) {
            return FAIL(why, SKIP, REASON_BAD_STATE, "a record of replayed dead letters that is damaged or of another version");
        }
    }
    return DONE;
}
