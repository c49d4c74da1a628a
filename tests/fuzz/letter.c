/* letter.c - any bytes as a message of the topic of dead letters: read, written anew, and shown.
 *
 * What was wrong enough to become a dead letter is repeated in it, so all of it is foreign but the format. */
#include "fuzz.h"

#include "letter_text.h"

#include <jansson.h>

const size_t fuzz_heap_max = (size_t)4 << 20; /* a name of a header is copied, and the whole is shown as hexadecimal */

#define SHOWN_MAX ((size_t)2 << 20)

void fuzz_set_up(void)
{
    json_object_seed(1);
}

/* ---- letters ---- */

static bool same_span(struct span a, struct span b)
{
    return (a.data == NULL) == (b.data == NULL) && span_equal(a, b);
}

static void check_same(const struct dead_letter *a, const struct dead_letter *b)
{
    CHECK(span_equal(a->topic, b->topic) && a->partition == b->partition && a->offset == b->offset);
    CHECK(a->timestamp_ms == b->timestamp_ms && a->schema_id == b->schema_id && a->is_whole == b->is_whole);
    CHECK(span_equal(a->reason, b->reason) && span_equal(a->version, b->version));
    CHECK(same_span(a->key, b->key) && same_span(a->value, b->value) && a->header_count == b->header_count);
    for (size_t i = 0; i < a->header_count; i++) {
        CHECK(strcmp(a->headers[i].name, b->headers[i].name) == 0);
        CHECK(same_span(a->headers[i].value, b->headers[i].value));
    }
    /* of what is cut the detail says so, each time it is cut */
    CHECK(a->is_whole ? span_equal(a->detail, b->detail) : a->detail.size < b->detail.size);
}

static void check_written_anew(const struct dead_letter *letter)
{
    struct dead_letter_reader reader;
    struct dead_letter again;
    struct buffer message;
    struct reason why;
    dead_letter_reader_init(&reader);
    buffer_init(&message, SHOWN_MAX);
    dead_letter_write(letter, &message);
    CHECK(!message.overflow);
    CHECK_DONE(dead_letter_read(&reader, buffer_as_span(&message), &again, &why), &why);
    check_same(letter, &again);
    buffer_done(&message);
    dead_letter_reader_done(&reader);
}

/* ---- what is shown ---- */

/* Nothing that a terminal would take for a command, and no byte that is no text. */
static void check_printable(struct span text)
{
    CHECK(span_is_text(text));
    for (size_t i = 0; i < text.size; i++) {
        CHECK((text.data[i] >= 0x20 && text.data[i] != 0x7F) || text.data[i] == '\n');
        CHECK(text.data[i] != 0xC2 || text.data[i + 1] >= 0xA0);
    }
}

static void check_json(const struct found_letter *found, bool reveal)
{
    struct buffer out;
    buffer_init(&out, SHOWN_MAX);
    struct jout json = jout_into(&out);
    letter_json(found, reveal, &json);
    CHECK(!out.overflow);
    json_error_t error;
    json_t *parsed = json_loadb((const char *)out.data, out.size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    CHECK(json_is_object(parsed));
    json_decref(parsed);
    buffer_done(&out);
}

static void check_shown(const struct dead_letter *letter)
{
    const struct found_letter found = {.place = {3, 4711}, .at = {INT64_C(1795339800000000)}, .letter = *letter};
    struct buffer out;
    buffer_init(&out, SHOWN_MAX);
    letter_line(&found, &out);
    letter_text(&found, false, &out);
    letter_text(&found, true, &out);
    CHECK(!out.overflow);
    check_printable(buffer_as_span(&out));
    buffer_done(&out);
    check_json(&found, false);
    check_json(&found, true);
    CHECK(letter_filter_wants(&LETTER_FILTER_ALL, &found));
}

static void try_letter(struct span message)
{
    struct dead_letter_reader reader;
    struct dead_letter letter = {.offset = 7};
    struct reason why = {0};
    dead_letter_reader_init(&reader);
    if (dead_letter_read(&reader, message, &letter, &why) == DONE) {
        CHECK(letter.partition >= 0 && letter.header_count <= DEAD_LETTER_HEADERS_MAX);
        CHECK(dead_letter_replays(&letter) <= 999999);
        check_written_anew(&letter);
        check_shown(&letter);
    } else {
        CHECK(why.code == REASON_BAD_STATE && fuzz_says_why(&why) && letter.offset == 7);
    }
    dead_letter_reader_done(&reader);
}

/* ---- records of what was replayed ---- */

#define OFFSETS_MAX 16384 /* as many as an input has bytes for */

struct told {
    int64_t offsets[OFFSETS_MAX];
    size_t count;
};

static void tell(void *context, int64_t offset)
{
    struct told *told = context;
    if (told->count < OFFSETS_MAX) {
        told->offsets[told->count] = offset;
    }
    told->count++;
}

static void try_replayed(struct span message)
{
    static struct told told, again;
    struct buffer out;
    struct reason why = {0};
    told.count = again.count = 0;
    if (dead_letters_replayed_read(message, tell, &told, &why) != DONE) {
        CHECK(why.code == REASON_BAD_STATE && fuzz_says_why(&why) && told.count == 0);
        return;
    }
    CHECK(is_dead_letters_replayed(message) && told.count <= message.size);
    if (told.count <= OFFSETS_MAX) {
        const struct dead_letters_replayed replayed = {
            .offsets = told.offsets, .count = told.count, .version = span_text("1")};
        buffer_init(&out, SHOWN_MAX);
        dead_letters_replayed_write(&replayed, &out);
        CHECK_DONE(dead_letters_replayed_read(buffer_as_span(&out), tell, &again, &why), &why);
        CHECK(again.count == told.count && memcmp(again.offsets, told.offsets, told.count * sizeof(int64_t)) == 0);
        buffer_done(&out);
    }
}

void fuzz_one(struct span input)
{
    try_letter(input);
    try_replayed(input);
}
