/* dead_letter.h - a message that could not be read, whole, with where it came from and why: what stands on the topic of
 * dead letters, as bytes and back.
 *
 * There are two kinds of messages on it, told apart by their first byte: a dead letter (schemas/dead_letter.avsc) and
 * the record of which letters of the same partition were replayed (schemas/dead_letters_replayed.avsc). Units: times
 * ms. Errors: SKIP/bad_state for bytes that are neither. Lifetimes: what is read borrows from the message, and the
 * headers' names from the reader. Bounds: DEAD_LETTER_BYTES_MAX of the original message, DEAD_LETTER_HEADERS_MAX of its
 * headers. */
#ifndef SLIPSTREAM_MODEL_DEAD_LETTER_H
#define SLIPSTREAM_MODEL_DEAD_LETTER_H

#include "slipstream/base.h"

struct message_header {
    const char *name;
    struct span value; /* data NULL: none */
};

#define DEAD_LETTER_FORMAT           2
#define DEAD_LETTERS_REPLAYED_FORMAT 129 /* a letter's format is below 128 */
#define DEAD_LETTER_HEADERS_MAX      64
#define DEAD_LETTER_BYTES_MAX        ((size_t)900 * 1024) /* librdkafka sends no more than 1,000,000 bytes */

struct dead_letter {
    struct span topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* ABSENT: none */
    struct span reason;   /* the word: a letter may be of a version that knows more of them */
    struct span detail;
    int64_t schema_id;      /* ABSENT: none */
    struct span key, value; /* data NULL: none */
    const struct message_header *headers;
    size_t header_count;
    struct span version;
    bool is_whole; /* false: the original had more than is kept here */
};

/* Appends it; cut to the bounds where it is larger, and then it says so. */
void dead_letter_write(const struct dead_letter *self, struct buffer *out);

struct dead_letter_reader {
    struct message_header headers[DEAD_LETTER_HEADERS_MAX];
    struct buffer names;
};
void dead_letter_reader_init(struct dead_letter_reader *self);
void dead_letter_reader_done(struct dead_letter_reader *self);
/* The letter lives until the next read, and no longer than the message. */
enum outcome dead_letter_read(struct dead_letter_reader *self, struct span message, struct dead_letter *letter,
                              struct reason *why) MUST_CHECK;

/* How often the message was replayed before it came here: what its header says; 0 when there is none. */
#define REPLAYS_HEADER "slipstream-replays"
unsigned dead_letter_replays(const struct dead_letter *self);

struct dead_letters_replayed {
    int64_t at_ms;
    const int64_t *offsets;
    size_t count;
    struct span version;
};
void dead_letters_replayed_write(const struct dead_letters_replayed *self, struct buffer *out);
/* Of any format: that of a version after ours too, which then cannot be read. */
static inline bool is_dead_letters_replayed(struct span message)
{
    return message.size > 0 && message.data[0] >= 128;
}
/* Tells each offset. */
enum outcome dead_letters_replayed_read(struct span message, void (*tell)(void *context, int64_t offset), void *context,
                                        struct reason *why) MUST_CHECK;

#endif
