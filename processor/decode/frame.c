/* frame.c - how a message says which schema wrote it. */
#include "slipstream/decode.h"

#define CONFLUENT_MAGIC 0
#define CONFLUENT_SIZE  5 /* the magic byte, and a 4-byte big-endian id */

static enum outcome read_confluent(struct span message, struct frame *frame, struct reason *why)
{
    if (message.size < CONFLUENT_SIZE) {
        return FAIL(why, SKIP, REASON_SHORT_FRAME, "%zu bytes; the framing alone takes %d", message.size,
                    CONFLUENT_SIZE);
    }
    const uint8_t *at = message.data;
    if (at[0] != CONFLUENT_MAGIC) {
        return FAIL(why, SKIP, REASON_BAD_MAGIC, "the first byte is not 0");
    }
    frame->schema_id = (uint32_t)at[1] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 8 | (uint32_t)at[4];
    frame->body = span_of(at + CONFLUENT_SIZE, message.size - CONFLUENT_SIZE);
    return DONE;
}

/* One reader a framing. */
static enum outcome (*const frame_readers[FRAMINGS])(struct span message, struct frame *frame, struct reason *why) = {
    [FRAMING_CONFLUENT] = read_confluent,
};

enum outcome frame_read(struct span message, enum framing framing, struct frame *frame, struct reason *why)
{
    ASSERT(framing < FRAMINGS);
    return frame_readers[framing](message, frame, why);
}
