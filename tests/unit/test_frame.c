/* test_frame.c - how a message says which schema wrote it: every framing, cut at every byte, and garbage.
 *
 * Sources of the rows: Confluent's wire format and its clients' SchemaId (magic 0 and 4 bytes, magic 1 and 16), Avro
 * 1.11 "Single object encoding". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode_rows.h"
#include "seeded.h"

#define GUID_TEXT  "schema 89791762-2336-4186-9674-299b90a802e2"
#define GUID_BYTES "89 79 17 62 23 36 41 86 96 74 29 9b 90 a8 02 e2"
#define PRINT_TEXT "schema with fingerprint 7275d51a3f395c8f"
#define PRINT      "8f 5c 39 3f 1a d5 75 72"

static const struct {
    const char *name;
    enum framing framing;
    const char *message;
    const char *expected; /* the schema as text, or a reason's word: what its text must hold */
    size_t body;          /* bytes before it */
} rows[] = {
    {"nothing", FRAMING_CONFLUENT, "", "short_frame: 0 bytes", 0},
    {"one byte short", FRAMING_CONFLUENT, "00 00 00 00", "short_frame: takes 5", 0},
    {"no body", FRAMING_CONFLUENT, "00 00 00 00 01", "schema 1", 5},
    {"a body", FRAMING_CONFLUENT, "00 00 00 00 07 02 61", "schema 7", 5},
    {"the id's bytes in their order", FRAMING_CONFLUENT, "00 01 02 03 04", "schema 16909060", 5},
    {"the greatest id", FRAMING_CONFLUENT, "00 ff ff ff ff 00", "schema 4294967295", 5},
    {"JSON", FRAMING_CONFLUENT, "7b 22 61 22 3a 31 7d", "bad_magic: does not begin with 0", 0},
    {"a GUID's framing for an id's", FRAMING_CONFLUENT, "01 00 00 00 00 00 00 00 00", "bad_magic", 0},
    {"single-object encoding for an id", FRAMING_CONFLUENT, "c3 01 00 00 00 00 00 00 00 00", "bad_magic", 0},
    {"a GUID", FRAMING_GUID, "01 " GUID_BYTES " 05", GUID_TEXT, 17},
    {"a GUID and no body", FRAMING_GUID, "01 " GUID_BYTES, GUID_TEXT, 17},
    {"a GUID one byte short", FRAMING_GUID, "01 89 79 17 62 23 36 41 86 96 74 29 9b 90 a8 02", "short_frame: takes 17",
     0},
    {"an id for a GUID", FRAMING_GUID, "00 " GUID_BYTES " 05", "bad_magic: does not begin with 1", 0},
    {"single object", FRAMING_SINGLE_OBJECT, "c3 01 " PRINT " 05", PRINT_TEXT, 10},
    {"single object without a body", FRAMING_SINGLE_OBJECT, "c3 01 " PRINT, PRINT_TEXT, 10},
    {"single object of another version", FRAMING_SINGLE_OBJECT, "c3 02 " PRINT, "bad_magic: C3 01", 0},
    {"single object one byte short", FRAMING_SINGLE_OBJECT, "c3 01 00 00 00 00 00 00 00", "short_frame: takes 10", 0},
    {"an id for single object", FRAMING_SINGLE_OBJECT, "00 00 00 00 01 00 00 00 00 00", "bad_magic", 0},
    {"auto: nothing", FRAMING_AUTO, "", "short_frame: 0 bytes", 0},
    {"auto: an id", FRAMING_AUTO, "00 00 00 00 07 02 61", "schema 7", 5},
    {"auto: an id that is short", FRAMING_AUTO, "00 00 00 07", "short_frame: takes 5", 0},
    {"auto: a GUID", FRAMING_AUTO, "01 " GUID_BYTES " 05", GUID_TEXT, 17},
    {"auto: a GUID that is short", FRAMING_AUTO, "01 00 00 00 07 05", "short_frame: takes 17", 0},
    {"auto: single object", FRAMING_AUTO, "c3 01 " PRINT " 05", PRINT_TEXT, 10},
    {"auto: single object that is short", FRAMING_AUTO, "c3 01 00", "short_frame: takes 10", 0},
    {"auto: half of the mark", FRAMING_AUTO, "c3", "short_frame: takes 10", 0},
    {"auto: C3 and something else", FRAMING_AUTO, "c3 a9 00 00 00 00 00 00 00 00", "bad_magic: byte C3", 0},
    {"auto: JSON", FRAMING_AUTO, "7b 7d", "bad_magic: byte 7B", 0},
    {"auto: raw Avro", FRAMING_AUTO, "02 61 02 62", "bad_magic: byte 02", 0},
};

static bool is_as_expected(enum outcome outcome, const struct frame *frame, const struct reason *why,
                           const char *expected, const uint8_t *body, size_t size)
{
    char text[SCHEMA_REF_TEXT_SIZE];
    if (outcome == DONE) {
        return strcmp(schema_ref_text(&frame->schema, text), expected) == 0 && frame->body.data == body &&
               frame->body.size == size;
    }
    return refusal_is(expected, outcome, why) && frame->body.size == 99; /* untouched */
}

static void a_message_is_framed_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t bytes[64];
        size_t size = bytes_of(rows[i].message, bytes, sizeof bytes);
        struct frame frame = {{0}, {bytes, 99}};
        struct reason why = {REASON_NONE, ""};
        enum outcome outcome = frame_read(span_of(bytes, size), rows[i].framing, &frame, &why);
        if (!is_as_expected(outcome, &frame, &why, rows[i].expected, bytes + rows[i].body, size - rows[i].body)) {
            fail_msg("%s: outcome %d, %s: %s", rows[i].name, outcome, reason_word(why.code), why.text);
        }
    }
    struct frame frame;
    assert_int_equal(frame_read(span_of(NULL, 0), FRAMING_AUTO, &frame, NULL), SKIP); /* a tombstone */
}

static const struct {
    const char *name;
    const char *header;
    const char *expected;
} headers[] = {
    {"an id", "00 00 00 01 00", "schema 256"},
    {"a GUID", "01 " GUID_BYTES, GUID_TEXT},
    {"nothing", "", "short_frame: has 0 bytes"},
    {"an id that is short", "00 00 00 01", "short_frame: has 4 bytes instead of 5"},
    {"an id that is long", "00 00 00 00 01 00", "short_frame: has 6 bytes instead of 5"},
    {"a GUID that is short", "01 00", "short_frame: has 2 bytes instead of 17"},
    {"a GUID that is long", "01 " GUID_BYTES " 00", "short_frame: has 18 bytes instead of 17"},
    {"text", "37", "bad_magic: begins with byte 37"},
    {"single object", "c3 01 " PRINT, "bad_magic: begins with byte C3"},
};

static void a_header_is_read_or_refused(void **state)
{
    (void)state;
    static const uint8_t message[] = {0, 0, 0, 0, 9, 1}; /* whatever it begins with */
    for (size_t i = 0; i < COUNT(headers); i++) {
        uint8_t bytes[64];
        size_t size = bytes_of(headers[i].header, bytes, sizeof bytes);
        struct frame frame = {{0}, {message, 99}};
        struct reason why = {REASON_NONE, ""};
        enum outcome outcome = frame_read_header(span_of(bytes, size), span_of(message, sizeof message), &frame, &why);
        if (!is_as_expected(outcome, &frame, &why, headers[i].expected, message, sizeof message)) {
            fail_msg("%s: outcome %d, %s: %s", headers[i].name, outcome, reason_word(why.code), why.text);
        }
    }
}

/* Each good message, cut at every byte, in memory that ends where it does: the sanitizer sees what is read. */
static void every_cut_is_short_until_the_frame_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t bytes[64];
        size_t size = bytes_of(rows[i].message, bytes, sizeof bytes);
        for (size_t cut = 0; cut <= size && rows[i].body > 0; cut++) {
            uint8_t *copy = malloc(cut > 0 ? cut : 1);
            struct frame frame;
            struct reason why;
            memcpy(copy, bytes, cut);
            enum outcome outcome = frame_read(span_of(copy, cut), rows[i].framing, &frame, &why);
            bool whole = cut >= rows[i].body;
            if (outcome != (whole ? DONE : SKIP) || (!whole && why.code != REASON_SHORT_FRAME) ||
                (whole && frame.body.size != cut - rows[i].body)) {
                fail_msg("%s, cut at %zu: %d", rows[i].name, cut, outcome);
            }
            free(copy);
        }
    }
}

/* Whatever comes, the outcome is one of the documented ones, and the body is the end of the message. */
static void garbage_does_no_harm(void **state)
{
    (void)state;
    struct seeded random = {11};
    for (unsigned round = 0; round < 200000; round++) {
        size_t size = seeded_below(&random, 24);
        uint8_t *bytes = malloc(size > 0 ? size : 1);
        for (size_t i = 0; i < size; i++) {
            static const uint8_t likely[] = {0, 1, 0xc3, 0xff};
            bytes[i] =
                seeded_one_in(&random, 3) ? likely[seeded_below(&random, 4)] : (uint8_t)seeded_below(&random, 256);
        }
        enum framing framing = (enum framing)seeded_below(&random, FRAMINGS);
        struct frame frame;
        struct reason why;
        enum outcome outcome = framing == FRAMING_HEADER || framing == FRAMING_RAW
                                   ? frame_read_header(span_of(bytes, size), span_text("body"), &frame, &why)
                                   : frame_read(span_of(bytes, size), framing, &frame, &why);
        assert_true(outcome == DONE || outcome == SKIP);
        assert_true(outcome == DONE || why.code == REASON_SHORT_FRAME || why.code == REASON_BAD_MAGIC);
        if (outcome == DONE && framing != FRAMING_HEADER && framing != FRAMING_RAW) {
            assert_ptr_equal(frame.body.data + frame.body.size, bytes + size);
        }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_framed_or_refused),
        cmocka_unit_test(a_header_is_read_or_refused),
        cmocka_unit_test(every_cut_is_short_until_the_frame_is_whole),
        cmocka_unit_test(garbage_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
