/* registry.c - any bytes as what a schema registry answers: to a question for a schema, with those it refers to, and to
 * the registering of one of ours.
 *
 * Input: a byte that says what is asked (odd: a schema; even: to register one), then the answers in their order, each
 * as a status (a byte: its place in `statuses`; 128 more: the body was cut), the body's size in two bytes,
 * little-endian, and the body. When there are no more, everything else is not there (404).
 *
 * The client's own code is whole but for registry_http_ask, which takes its answers from here (--wrap). */
#include "fuzz.h"

#include "fetch.h"
#include "linker.h"
#include "registry.h"
#include "slipstream/decode.h"

#include <stdio.h>
#include <stdlib.h>

/* What is held at once: two answers, what they refer to, and the parsers' trees of these. */
const size_t fuzz_heap_max = (size_t)12 << 20;

#define STATUS_CUT 128

static const long statuses[] = {200, 201, 400, 401, 403, 404, 405, 409, 410, 422, 500, 503, 301, 0};

static struct {
    struct cursor answers;
    unsigned asked;
} self;

void fuzz_set_up(void)
{
    json_object_seed(1);
}

/* ---- in the place of the connection ---- */

enum outcome __wrap_registry_http_ask(struct registry_http *http, const char *path, const char *post,
                                      struct registry_answer *answer, struct reason *why);
const char *__wrap_registry_http_url(const struct registry_http *http);

enum outcome __wrap_registry_http_ask(struct registry_http *http, const char *path, const char *post,
                                      struct registry_answer *answer, struct reason *why)
{
    (void)http;
    (void)why;
    CHECK(path[0] == '/' && span_is_text(span_text(path)) && strpbrk(path, " \r\n") == NULL);
    CHECK(post == NULL || post[0] == '{');
    self.asked++;
    uint8_t status = cursor_u8(&self.answers);
    size_t size = cursor_u8(&self.answers);
    size |= (size_t)cursor_u8(&self.answers) << 8;
    struct span body = cursor_bytes(&self.answers, size);
    if (self.answers.broken) {
        *answer = (struct registry_answer){.status = 404};
        return DONE;
    }
    answer->status = statuses[status % STATUS_CUT % (sizeof statuses / sizeof *statuses)];
    answer->cut = status >= STATUS_CUT;
    answer->body = body;
    return DONE;
}

const char *__wrap_registry_http_url(const struct registry_http *http)
{
    (void)http;
    return "http://registry.example.org";
}

/* ---- a schema ---- */

static bool is_refusal(enum outcome outcome, const struct reason *why)
{
    switch (outcome) {
    case SKIP:
        return why->code == REASON_UNKNOWN_SCHEMA || why->code == REASON_BAD_SCHEMA ||
               why->code == REASON_INCOMPATIBLE_SCHEMA;
    case RETRY:
        return why->code == REASON_UNAVAILABLE;
    case STOP:
        return why->code == REASON_REFUSED;
    default:
        return false;
    }
}

/* What is in one piece is the same when it is put together again. */
static void check_linked(struct span schema)
{
    struct linker linker;
    struct reason why;
    char *again = NULL;
    size_t size = 0;
    CHECK(linker_init(&linker));
    CHECK_DONE(linker_link(&linker, schema, &again, &size, &why), &why);
    CHECK(span_equal(schema, span_of(again, size)));
    free(again);
    linker_done(&linker);
}

static void check_compiles(struct span schema)
{
    struct plan *plan = NULL;
    struct reason why = {0};
    if (plan_open(schema, CHANNEL_PHONE, &plan, &why) != DONE) {
        CHECK(plan == NULL && fuzz_says_why(&why));
    }
    plan_close(plan);
}

static void fetch(void)
{
    const struct schema_ref refs[] = {
        schema_by_id(7),
        {.by = SCHEMA_BY_GUID, .high = UINT64_C(0x8979176223364186), .low = UINT64_C(0x9674299b90a802e2)},
    };
    const struct schema_ref *ref = &refs[cursor_left(&self.answers) % 2];
    char *text = NULL;
    size_t size = 0;
    struct reason why = {0};
    enum outcome outcome = fetch_schema(NULL, ref, &text, &size, &why);
    CHECK(self.asked <= 1 + REGISTRY_REFERENCES_MAX);
    if (outcome != DONE) {
        CHECK(text == NULL && fuzz_says_why(&why) && is_refusal(outcome, &why));
        return;
    }
    CHECK(text != NULL && size <= REGISTRY_BODY_MAX && strlen(text) == size);
    check_compiles(span_of(text, size));
    if (self.asked > 1) {
        check_linked(span_of(text, size));
    }
    free(text);
}

/* ---- one of ours ---- */

/* A number that stands somewhere in the answers. */
static bool is_said(struct span answers, uint32_t id)
{
    char digits[16];
    int size = snprintf(digits, sizeof digits, "%u", id);
    return answers.size > 0 && memmem(answers.data, answers.size, digits, (size_t)size) != NULL;
}

static void publish(struct span answers)
{
    struct registry registry = {.http = (struct registry_http *)(uintptr_t)&self}; /* never looked into */
    const uint32_t untouched = 0xA5A5A5A5;
    uint32_t id = untouched;
    struct reason why = {0};
    enum outcome outcome = registry_register(&registry, "cx scores/é-value", span_text("\"string\""), &id, &why);
    CHECK(self.asked <= 4);
    CHECK(outcome == DONE ? is_said(answers, id) : id == untouched && fuzz_says_why(&why) && is_refusal(outcome, &why));
}

void fuzz_one(struct span input)
{
    self.answers = cursor_over(input);
    self.asked = 0;
    if (cursor_u8(&self.answers) % 2 == 1) {
        fetch();
    } else {
        publish(input);
    }
}
