/* body.c - writes values as the choices say. */
#include "body.h"

#define DEPTH_MAX   200
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

struct builder {
    const struct schema *writer;
    struct cursor choices;
    struct buffer *body;
    bool failed; /* the value does not end */
};

static bool is_used_up(const struct builder *self)
{
    return cursor_left(&self->choices) == 0;
}

static uint32_t choose(struct builder *self, uint32_t below)
{
    uint8_t choice = is_used_up(self) ? 0 : cursor_u8(&self->choices);
    return below == 0 ? 0 : choice % below;
}

static int64_t choose_number(struct builder *self, int64_t least, int64_t most)
{
    const int64_t marked[] = {0, 1, -1, 5, least, most, least + 1, INT64_C(1795339800000000), INT64_C(1795339800000)};
    uint32_t which = choose(self, 2 * COUNT(marked));
    int64_t number = 0;
    if (which < COUNT(marked)) {
        number = marked[which];
    } else {
        for (unsigned i = 0; i <= which - COUNT(marked) && !is_used_up(self); i++) {
            number = (int64_t)((uint64_t)number << 8 | cursor_u8(&self->choices));
        }
    }
    return number >= least && number <= most ? number : 0;
}

static void put_chosen(struct builder *self, size_t size)
{
    for (size_t i = 0; i < size && !self->body->overflow; i++) {
        buffer_u8(self->body, (uint8_t)choose(self, 256));
    }
}

/* Texts are mostly text. */
static void put_text(struct builder *self)
{
    static const char *const texts[] = {"", "tax", "a", "Zürich", "東京 🌍", "interaction"};
    uint32_t which = choose(self, COUNT(texts) + 2);
    if (which < COUNT(texts)) {
        buffer_span(self->body, span_text(texts[which]));
        return;
    }
    uint32_t size = choose(self, which == COUNT(texts) ? 24 : 256);
    buffer_zigzag(self->body, size);
    put_chosen(self, size);
}

static void put_type(struct builder *self, uint32_t type, unsigned depth);

/* In blocks of any size, each with a count, or with a negative count and its size. */
static void put_items(struct builder *self, const struct schema_type *list, unsigned depth)
{
    for (;;) {
        uint32_t items = choose(self, 4);
        bool sized = items > 0 && choose(self, 2) == 1;
        struct buffer block;
        struct buffer *whole = self->body;
        buffer_init(&block, BODY_SIZE_MAX);
        self->body = &block;
        for (uint32_t i = 0; i < items && !self->failed; i++) {
            if (list->kind == SCHEMA_MAP) {
                put_text(self);
            }
            put_type(self, list->item, depth + 1);
        }
        self->body = whole;
        self->failed |= block.overflow;
        buffer_zigzag(whole, sized ? -(int64_t)items : items);
        if (sized) {
            buffer_zigzag(whole, (int64_t)block.size);
        }
        buffer_bytes(whole, block.data, block.size);
        buffer_done(&block);
        if (items == 0 || self->failed) {
            return;
        }
    }
}

/* When there is nothing left to choose by, a branch that holds no other type, so that the value ends. */
static uint32_t last_branch(const struct builder *self, const struct schema_type *choice)
{
    for (uint32_t i = 0; i < choice->count; i++) {
        enum schema_kind kind = schema_type(self->writer, *schema_branch(self->writer, choice->first + i))->kind;
        if (kind != SCHEMA_RECORD && kind != SCHEMA_UNION) {
            return i;
        }
    }
    return 0;
}

static void put_union(struct builder *self, const struct schema_type *choice, unsigned depth)
{
    if (choice->count == 0) {
        self->failed = true;
        return;
    }
    uint32_t branch = is_used_up(self) ? last_branch(self, choice) : choose(self, choice->count);
    buffer_zigzag(self->body, branch);
    put_type(self, *schema_branch(self->writer, choice->first + branch), depth + 1);
}

static void put_record(struct builder *self, const struct schema_type *record, unsigned depth)
{
    for (uint32_t i = 0; i < record->count && !self->failed; i++) {
        put_type(self, schema_field(self->writer, record->first + i)->type, depth + 1);
    }
}

static void put_real(struct builder *self, size_t size)
{
    static const double marked[] = {0, -0.0, 1.5, -1.5, 61, 1e300, 9.2e15, 0.0005};
    uint32_t which = choose(self, 2 * COUNT(marked));
    if (which >= COUNT(marked)) {
        put_chosen(self, size);
    } else if (size == sizeof(double)) {
        buffer_bytes(self->body, &marked[which], size);
    } else {
        float value = (float)marked[which];
        buffer_bytes(self->body, &value, size);
    }
}

static void put_type(struct builder *self, uint32_t type, unsigned depth)
{
    const struct schema_type *here = schema_type(self->writer, type);
    self->failed |= depth > DEPTH_MAX || self->body->overflow;
    if (self->failed) {
        return;
    }
    switch (here->kind) {
    case SCHEMA_NULL:
        break;
    case SCHEMA_BOOLEAN:
        buffer_u8(self->body, (uint8_t)choose(self, 2));
        break;
    case SCHEMA_INT:
        buffer_zigzag(self->body, choose_number(self, INT32_MIN, INT32_MAX));
        break;
    case SCHEMA_LONG:
        buffer_zigzag(self->body, choose_number(self, INT64_MIN, INT64_MAX));
        break;
    case SCHEMA_FLOAT:
        put_real(self, sizeof(float));
        break;
    case SCHEMA_DOUBLE:
        put_real(self, sizeof(double));
        break;
    case SCHEMA_BYTES:
    case SCHEMA_STRING:
        put_text(self);
        break;
    case SCHEMA_FIXED:
        put_chosen(self, here->size);
        break;
    case SCHEMA_ENUM:
        self->failed |= here->count == 0;
        buffer_zigzag(self->body, choose(self, here->count));
        break;
    case SCHEMA_RECORD:
        put_record(self, here, depth);
        break;
    case SCHEMA_ARRAY:
    case SCHEMA_MAP:
        put_items(self, here, depth);
        break;
    case SCHEMA_UNION:
        put_union(self, here, depth);
        break;
    }
}

bool body_build(const struct schema *writer, struct span choices, struct buffer *body)
{
    struct builder self = {.writer = writer, .choices = cursor_over(choices), .body = body};
    buffer_clear(body);
    put_type(&self, writer->type, 0);
    return !self.failed && !body->overflow;
}
