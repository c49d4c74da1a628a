/* plan.c - bodies under the schemas that writers may have, ours first among them.
 *
 * Input: a byte that says how the rest is used (odd: it is the body; even: it chooses the values of a body), then the
 * number of a row of plan_schemas.h, then the rest. A row's number beyond the table: a schema of the input's own
 * follows, its size as two bytes, little-endian.
 *
 * An interaction that passes its check goes on as in the program: it becomes signals; and written as our own schema has
 * it, it is read as the same. */
#include "fuzz.h"

#include "body.h"
#include "interaction_writer.h"
#include "plan_checks.h"
#include "plan_schemas.h"

const size_t fuzz_heap_max = (size_t)16 << 20; /* for a schema of its own */

#define NOW     ((struct event_time){INT64_C(1795339800000000)})
#define IS_BODY 1
#define SCHEMAS COUNT(plan_schemas)

/* A writer's schema, compiled. */
struct writer {
    enum channel channel;
    struct schema *schema;
    struct plan *plan;
};

static struct writer writers[SCHEMAS];
static struct interaction_writer *ours;

static bool writer_open(struct writer *self, struct span text, enum channel channel)
{
    struct reason why;
    *self = (struct writer){.channel = channel};
    if (plan_open(text, channel, &self->plan, &why) != DONE) {
        return false;
    }
    CHECK(schema_open(text, &self->schema, &why) == DONE);
    return true;
}

static void writer_close(struct writer *self)
{
    plan_close(self->plan);
    schema_close(self->schema);
}

void fuzz_set_up(void)
{
    const uint32_t ids[CHANNELS] = {1, 2, 3, 4};
    struct reason why;
    json_object_seed(1);
    for (size_t i = 0; i < SCHEMAS; i++) {
        enum channel channel = plan_schemas[i].channel;
        char *text = plan_schemas[i].schema ? json_of(plan_schemas[i].schema) : NULL;
        if (!writer_open(&writers[i], text ? span_text(text) : decode_reader_schema(channel), channel)) {
            fprintf(stderr, "plan_schemas.h: %s: not compiled\n", plan_schemas[i].name);
            abort();
        }
        plan_check_shape(writers[i].plan);
        free(text);
    }
    CHECK(interaction_writer_open(ids, &ours, &why) == DONE);
}

/* ---- an interaction's way on ---- */

static void check_fields(const struct interaction *a, const struct interaction *b)
{
    for (size_t i = 0; i < interaction_field_count; i++) {
        const uint8_t *left = (const uint8_t *)a + interaction_fields[i].offset;
        const uint8_t *right = (const uint8_t *)b + interaction_fields[i].offset;
        if (interaction_fields[i].type == FIELD_TEXT) {
            struct span texts[2];
            memcpy(&texts[0], left, sizeof texts[0]);
            memcpy(&texts[1], right, sizeof texts[1]);
            CHECK(span_equal(texts[0], texts[1]));
        } else {
            CHECK(memcmp(left, right, sizeof(int64_t)) == 0);
        }
    }
}

/* Read, written and read again is what was read. */
static void check_written(const struct interaction *interaction)
{
    struct buffer message;
    struct interaction again;
    struct reason why;
    struct frame frame;
    buffer_init(&message, INTERACTION_MESSAGE_MAX);
    CHECK(interaction_writer_put(ours, interaction, &message, &why) == DONE);
    CHECK(frame_read(buffer_as_span(&message), FRAMING_CONFLUENT, &frame, &why) == DONE);
    CHECK(frame.schema.by == SCHEMA_BY_ID && frame.schema.low == interaction->channel + 1u);
    CHECK(plan_check_run(writers[interaction->channel].plan, interaction->channel, frame.body, true, &again) == DONE);
    check_fields(interaction, &again);
    buffer_done(&message);
}

static void check_signals(const struct interaction *interaction)
{
    struct signal_event event = {0};
    uint16_t counters[EVENT_COUNTERS_MAX];
    signals_of(interaction, &event);
    CHECK((event.outcomes_yes & ~event.outcomes_known) == 0);
    size_t count = signals_counters(&event, counters);
    CHECK(count <= EVENT_COUNTERS_MAX);
    for (size_t i = 0; i < count; i++) {
        CHECK(counters[i] < COUNTERS && (i == 0 || counters[i] != counters[i - 1]));
    }
}

/* ---- inputs ---- */

static void run_over(const struct writer *writer, bool is_body, struct span rest)
{
    const struct time_bounds bounds = {.ahead_us_max = 5 * US_PER_MINUTE, .age_us_max = 63 * US_PER_DAY};
    struct interaction interaction;
    struct reason why = {0};
    struct buffer built;
    buffer_init(&built, BODY_SIZE_MAX);
    bool is_there = is_body || body_build(writer->schema, rest, &built);
    if (is_there && plan_check_run(writer->plan, writer->channel, is_body ? rest : buffer_as_span(&built), !is_body,
                                   &interaction) == DONE) {
        if (interaction_check(&interaction, &bounds, NOW, &why) == DONE) {
            check_signals(&interaction);
            check_written(&interaction);
        } else {
            CHECK(fuzz_says_why(&why));
        }
    }
    buffer_done(&built);
}

void fuzz_one(struct span input)
{
    struct cursor in = cursor_over(input);
    bool is_body = (cursor_u8(&in) & IS_BODY) != 0;
    uint8_t row = cursor_u8(&in);
    if (row < SCHEMAS) {
        run_over(&writers[row], is_body, span_of(in.at, cursor_left(&in)));
        return;
    }
    size_t size = cursor_u8(&in);
    size |= (size_t)cursor_u8(&in) << 8;
    struct span text = cursor_bytes(&in, size);
    struct writer writer;
    if (!in.broken && writer_open(&writer, text, (enum channel)(row % CHANNELS))) {
        run_over(&writer, is_body, span_of(in.at, cursor_left(&in)));
        writer_close(&writer);
    }
}
