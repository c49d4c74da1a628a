/* frame.c - any bytes as a message, under every framing.
 *
 * For the framing in a header the input is header and message in one, cut at every place. */
#include "fuzz.h"

#include "slipstream/decode.h"

const size_t fuzz_heap_max = 4096; /* a frame is found without any */

#define HEAD_SIZE_MAX 17

void fuzz_set_up(void)
{
}

/* What stands before the body, written from what was read of it. */
static size_t write_head(const struct schema_ref *schema, uint8_t head[HEAD_SIZE_MAX])
{
    switch ((enum schema_named)schema->by) {
    case SCHEMA_BY_ID:
        head[0] = 0;
        for (unsigned i = 0; i < 4; i++) {
            head[1 + i] = (uint8_t)(schema->low >> (24 - 8 * i));
        }
        CHECK(schema->high == 0 && schema->low <= UINT32_MAX);
        return 5;
    case SCHEMA_BY_GUID:
        head[0] = 1;
        for (unsigned i = 0; i < 8; i++) {
            head[1 + i] = (uint8_t)(schema->high >> (56 - 8 * i));
            head[9 + i] = (uint8_t)(schema->low >> (56 - 8 * i));
        }
        return 17;
    case SCHEMA_BY_FINGERPRINT:
        head[0] = 0xC3;
        head[1] = 0x01;
        for (unsigned i = 0; i < 8; i++) {
            head[2 + i] = (uint8_t)(schema->low >> (8 * i));
        }
        CHECK(schema->high == 0);
        return 10;
    default:
        CHECK(schema->by <= SCHEMA_BY_FINGERPRINT); /* no framing says the channel */
        return 0;
    }
}

static void check_head(const struct frame *frame, struct span found)
{
    uint8_t head[HEAD_SIZE_MAX];
    char text[SCHEMA_REF_TEXT_SIZE];
    size_t size = write_head(&frame->schema, head);
    CHECK(span_equal(found, span_of(head, size)));
    CHECK(memchr(schema_ref_text(&frame->schema, text), '\0', sizeof text) != NULL);
}

static void check_refused(const struct frame *frame, const struct frame *before, const struct reason *why)
{
    CHECK(fuzz_says_why(why) && (why->code == REASON_SHORT_FRAME || why->code == REASON_BAD_MAGIC));
    CHECK(memcmp(frame, before, sizeof *frame) == 0);
}

static bool read_as(struct span message, enum framing framing, struct frame *frame)
{
    struct frame before;
    struct reason why = {0};
    memset(frame, 0xA5, sizeof *frame);
    before = *frame;
    if (frame_read(message, framing, frame, &why) != DONE) {
        check_refused(frame, &before, &why);
        return false;
    }
    /* The body is what the message ends with. */
    CHECK(frame->body.size <= message.size);
    CHECK(frame->body.data + frame->body.size == message.data + message.size);
    check_head(frame, span_of(message.data, message.size - frame->body.size));
    return true;
}

static void read_behind_header(struct span header, struct span message)
{
    struct frame frame;
    struct frame before;
    struct reason why = {0};
    memset(&frame, 0xA5, sizeof frame);
    before = frame;
    if (frame_read_header(header, message, &frame, &why) != DONE) {
        check_refused(&frame, &before, &why);
        return;
    }
    CHECK(frame.body.data == message.data && frame.body.size == message.size);
    check_head(&frame, header);
}

/* AUTO finds what one of the others does, and nothing else. */
static void read_every_way(struct span message)
{
    static const enum framing told_apart[] = {FRAMING_CONFLUENT, FRAMING_GUID, FRAMING_SINGLE_OBJECT};
    struct frame found;
    struct frame frame;
    unsigned ways = 0;
    bool is_found = read_as(message, FRAMING_AUTO, &found);
    for (size_t i = 0; i < sizeof told_apart / sizeof *told_apart; i++) {
        if (read_as(message, told_apart[i], &frame)) {
            CHECK(is_found && schema_ref_equal(&frame.schema, &found.schema) && frame.body.size == found.body.size);
            ways++;
        }
    }
    CHECK(ways == (is_found ? 1 : 0));
}

void fuzz_one(struct span input)
{
    size_t allocations = fuzz_allocations();
    read_every_way(input);
    for (size_t size = 0; size <= input.size && size <= HEAD_SIZE_MAX + 1; size++) {
        read_behind_header(span_of(input.data, size), span_of(input.data + size, input.size - size));
    }
    CHECK(fuzz_allocations() == allocations);
}
_Static_assert(FRAMINGS == 6, "a framing that is added is read here, too");
