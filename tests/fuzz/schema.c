/* schema.c - any bytes as a writer's schema: vetted, compiled against ours, and run over bodies made for it.
 *
 * The channel is the one whose record the text names, else one of them by its size. The text's own bytes choose what is
 * in the bodies. */
#include "fuzz.h"

#include "body.h"
#include "plan_checks.h"

#include <stdio.h>
#include <stdlib.h>

/* The parser takes up to 250 bytes for each of 32,768 objects: 8 MB. A text of SCHEMA_SIZE_MAX has room for ten times
 * as many. */
const size_t fuzz_heap_max = (size_t)12 << 20;

#define SAME_SIZE_MAX 4096 /* of texts that are also written anew */

void fuzz_set_up(void)
{
    json_object_seed(1); /* the same input, the same run */
}

static bool names(struct span text, const char *word)
{
    return text.size > 0 && memmem(text.data, text.size, word, strlen(word)) != NULL;
}

static enum channel channel_of(struct span text)
{
    for (unsigned i = 0; i < CHANNELS; i++) {
        char record[32];
        snprintf(record, sizeof record, "%s_interaction", channel_word((enum channel)i));
        if (names(text, record)) {
            return (enum channel)i;
        }
    }
    return (enum channel)(text.size % CHANNELS);
}

static enum outcome compile(struct span text, enum channel channel, struct plan **plan, struct reason *why)
{
    *plan = NULL;
    *why = (struct reason){0};
    enum outcome outcome = plan_open(text, channel, plan, why);
    if (outcome != DONE) {
        CHECK(outcome == SKIP && *plan == NULL && fuzz_says_why(why));
        CHECK(why->code == REASON_BAD_SCHEMA || why->code == REASON_INCOMPATIBLE_SCHEMA);
        return SKIP;
    }
    CHECK(*plan != NULL);
    plan_check_shape(*plan);
    return DONE;
}

static void run_over(const struct plan *plan, enum channel channel, struct span text)
{
    struct interaction interaction;
    struct schema *writer;
    struct reason why;
    struct buffer body;
    CHECK(schema_open(text, &writer, &why) == DONE); /* what was compiled was vetted */
    buffer_init(&body, BODY_SIZE_MAX);
    plan_check_run(plan, channel, span_of(NULL, 0), false, &interaction);
    plan_check_run(plan, channel, span_of(text.data, text.size < 512 ? text.size : 512), false, &interaction);
    for (size_t at = 0; at < 2 && at < text.size; at++) { /* the text's end differs most from one to the next */
        size_t size = text.size - at < 64 ? text.size - at : 64;
        if (body_build(writer, span_of(text.data + text.size - at - size, size), &body)) {
            plan_check_run(plan, channel, buffer_as_span(&body), true, &interaction);
        }
    }
    if (body_build(writer, span_of(NULL, 0), &body)) {
        plan_check_run(plan, channel, buffer_as_span(&body), true, &interaction);
    }
    buffer_done(&body);
    schema_close(writer);
}

/* The canonical form is there whenever the schema passes the vetting; it is a schema, and its own canonical form. */
static void check_canonical(struct span text, bool is_vetted)
{
    struct buffer first;
    struct buffer second;
    struct reason why = {0};
    uint64_t prints[2] = {0};
    buffer_init(&first, SCHEMA_SIZE_MAX);
    buffer_init(&second, SCHEMA_SIZE_MAX);
    if (schema_canonical(text, &first, &why) == DONE) {
        CHECK(is_vetted);
        CHECK_DONE(schema_canonical(buffer_as_span(&first), &second, &why), &why);
        CHECK(span_equal(buffer_as_span(&first), buffer_as_span(&second)));
        CHECK_DONE(schema_fingerprint(text, &prints[0], &why), &why);
        CHECK_DONE(schema_fingerprint(buffer_as_span(&first), &prints[1], &why), &why);
        CHECK(prints[0] == prints[1]);
    } else {
        CHECK(!is_vetted && why.code == REASON_BAD_SCHEMA && fuzz_says_why(&why));
    }
    buffer_done(&first);
    buffer_done(&second);
}

/* Blanks and escapes mean nothing: the same schema without them comes to the same plan. */
static void check_written_anew(struct span text, enum channel channel, const struct plan *plan,
                               const struct reason *why)
{
    json_error_t error;
    json_t *json = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    char *anew = json ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    json_decref(json);
    if (anew == NULL) {
        return;
    }
    struct plan *other;
    struct reason other_why;
    if (compile(span_text(anew), channel, &other, &other_why) == DONE) {
        CHECK(plan != NULL && span_equal(buffer_as_span(&plan->steps), buffer_as_span(&other->steps)));
        CHECK(span_equal(buffer_as_span(&plan->tables), buffer_as_span(&other->tables)));
        CHECK(span_equal(buffer_as_span(&plan->text), buffer_as_span(&other->text)));
        plan_close(other);
    } else {
        CHECK(plan == NULL && other_why.code == why->code && strcmp(other_why.text, why->text) == 0);
    }
    free(anew);
}

void fuzz_one(struct span input)
{
    enum channel channel = channel_of(input);
    struct plan *plan;
    struct reason why;
    if (compile(input, channel, &plan, &why) == DONE) {
        run_over(plan, channel, input);
    }
    if (input.size > 0 && input.size <= SAME_SIZE_MAX) {
        struct schema *schema = NULL;
        struct reason ignored;
        check_canonical(input, schema_open(input, &schema, &ignored) == DONE);
        schema_close(schema);
        check_written_anew(input, channel, plan, &why);
    }
    plan_close(plan);
}
