/* test_decode_runs.c - fields in a row that are null or a byte are read together; what is read must be what one reads
 * who goes from field to field. Messages are made at random, right and wrong, and end where their memory does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "plan.h"
#include "seeded.h"

#define FIELDS_MAX  11 /* as many as there are ratings */
#define MESSAGE_MAX 256
#define MESSAGES    20000

static const struct {
    const char *name;
    const char *type; /* of each field */
    unsigned fields;
    unsigned null_branch;
    bool is_joined; /* whether the plan reads them as one */
} rows[] = {
    {"longs", "[\"null\",\"long\"]", 11, 0, true},
    {"ints", "[\"null\",\"int\"]", 11, 0, true},
    {"the value before null", "[\"int\",\"null\"]", 11, 1, true},
    {"as few as are joined", "[\"null\",\"long\"]", RUN_LEAST, 0, true},
    {"fewer", "[\"null\",\"long\"]", RUN_LEAST - 1, 0, false},
};

/* A text, the fields, a text: they may begin and end near either end of a message. */
static struct plan *plan_of(size_t row)
{
    struct buffer schema;
    struct plan *plan = NULL;
    struct reason why = {0};
    buffer_init(&schema, 1 << 16);
    buffer_text(&schema, "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"agency\",\"type\":\"string\"},"
                         "{\"name\":\"survey\",\"type\":{\"type\":\"record\",\"name\":\"s\",\"fields\":[");
    for (unsigned i = 0; i < rows[row].fields; i++) {
        const char *path = interaction_fields[4 + 8 + i].path;
        assert_memory_equal(path, "survey.", 7);
        buffer_text(&schema, "%s{\"name\":\"%s\",\"type\":%s,\"default\":null}", i > 0 ? "," : "", path + 7,
                    rows[row].type);
    }
    buffer_text(&schema, "]}},{\"name\":\"service\",\"type\":\"string\"}]}");
    struct span text = buffer_as_span(&schema);
    if (plan_compile(text, text, CHANNEL_WEB, NULL, &plan, &why) != DONE) {
        fail_msg("%s: %s", rows[row].name, why.text);
    }
    buffer_done(&schema);
    return plan;
}

static const int64_t *rating(const struct interaction *it, unsigned i)
{
    return &it->rating_office_answers + i;
}

/* ---- one who goes from field to field ---- */

struct walk {
    const uint8_t *at, *end;
    enum reason_code code;
};

/* A number of at most three bytes, which is all that is written here. */
static int64_t walk_number(struct walk *self)
{
    uint32_t raw = 0;
    for (unsigned shift = 0; self->code == REASON_NONE; shift += 7) {
        if (self->at == self->end) {
            self->code = REASON_TRUNCATED;
            return 0;
        }
        raw |= (uint32_t)(*self->at & 0x7f) << shift;
        if (*self->at++ < 0x80) {
            break;
        }
    }
    return raw % 2 == 0 ? (int64_t)(raw / 2) : -(int64_t)(raw / 2) - 1;
}

/* Any byte but ASCII stands alone here, so it is no UTF-8. */
static void walk_text(struct walk *self)
{
    int64_t size = walk_number(self);
    if (self->code == REASON_NONE && size < 0) {
        self->code = REASON_BAD_LENGTH;
    } else if (self->code == REASON_NONE && size > self->end - self->at) {
        self->code = REASON_TRUNCATED;
    }
    for (int64_t i = 0; i < size && self->code == REASON_NONE; i++) {
        uint8_t byte = *self->at++;
        self->code = byte == 0 || byte >= 0x80 ? REASON_BAD_UTF8 : REASON_NONE;
    }
}

static enum reason_code walk_message(size_t row, struct span body, int64_t expected[FIELDS_MAX])
{
    struct walk self = {body.data, body.data + body.size, REASON_NONE};
    walk_text(&self);
    for (unsigned i = 0; i < rows[row].fields && self.code == REASON_NONE; i++) {
        int64_t branch = walk_number(&self);
        if (self.code == REASON_NONE && (branch < 0 || branch > 1)) {
            self.code = REASON_BAD_BRANCH;
        }
        expected[i] = self.code != REASON_NONE || branch == rows[row].null_branch ? ABSENT : walk_number(&self);
    }
    if (self.code == REASON_NONE) {
        walk_text(&self);
    }
    return self.code == REASON_NONE && self.at != self.end ? REASON_TRAILING_BYTES : self.code;
}

/* ---- messages ---- */

static void put_text(struct buffer *out, uint64_t size)
{
    buffer_zigzag(out, (int64_t)size);
    for (uint64_t i = 0; i < size; i++) {
        buffer_u8(out, 'a');
    }
}

/* Most fields are as they mostly are; a few have two bytes, or a branch that there is not, or one written long. */
static void put_message(size_t row, struct seeded *seeded, struct buffer *out)
{
    const uint8_t null_byte = (uint8_t)(rows[row].null_branch * 2);
    const uint64_t nulls = seeded_below(seeded, 5);
    buffer_clear(out);
    put_text(out, seeded_below(seeded, 40));
    for (unsigned i = 0; i < rows[row].fields; i++) {
        if (seeded_one_in(seeded, 200)) {
            buffer_u8(out, (uint8_t)seeded_below(seeded, 8));
        } else if (seeded_one_in(seeded, 200)) {
            buffer_u8(out, 0x82);
            buffer_u8(out, 0);
            buffer_u8(out, 4);
        } else if (seeded_below(seeded, 4) < nulls) {
            buffer_u8(out, null_byte);
        } else {
            buffer_u8(out, null_byte ^ 2);
            buffer_zigzag(out, seeded_one_in(seeded, 100) ? 300 : seeded_between(seeded, -3, 5));
        }
    }
    static const uint64_t sizes[] = {0, 1, 40}; /* 1: its byte could be a branch of the run's */
    put_text(out, sizes[seeded_below(seeded, 3)]);
    out->size -= seeded_one_in(seeded, 10) ? (size_t)seeded_below(seeded, out->size) : 0;
}

static void check_message(size_t row, const struct plan *plan, struct span message)
{
    uint8_t *body = malloc(message.size);
    int64_t expected[FIELDS_MAX];
    struct interaction it;
    struct reason why = {0};
    memcpy(body, message.data, message.size);
    enum reason_code code = walk_message(row, span_of(body, message.size), expected);
    enum outcome outcome = plan_run(plan, span_of(body, message.size), &it, &why);
    if (code != (outcome == DONE ? REASON_NONE : why.code)) {
        fail_msg("%s: %s, not %s", rows[row].name, outcome == DONE ? "read" : why.text, reason_word(code));
    }
    for (unsigned i = 0; outcome == DONE && i < FIELDS_MAX; i++) {
        assert_int_equal(*rating(&it, i), i < rows[row].fields ? expected[i] : ABSENT);
    }
    free(body);
}

static void test_runs(void **state)
{
    (void)state;
    struct seeded seeded = {11};
    struct buffer message;
    buffer_init(&message, MESSAGE_MAX);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        struct plan *plan = plan_of(row);
        assert_int_equal(plan_step(plan, 1)->op == OP_BYTE_RUN, rows[row].is_joined);
        for (unsigned i = 0; i < MESSAGES; i++) {
            put_message(row, &seeded, &message);
            check_message(row, plan, buffer_as_span(&message));
        }
        plan_close(plan);
    }
    buffer_done(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_runs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
