/* plan.c - bodies under the schemas that writers may have, ours first among them.
 *
 * Input: a byte that says how the rest is used (odd: it is the body; even: it chooses the values of a body), a byte
 * that says the schema, then the rest. Schemas: from 0 the rows of plan_schemas, from FIRST_MAPPED those of
 * mapped_schemas; from FIRST_OWN the input's own follows, its size as two bytes, little-endian: of the channel in the
 * lowest two bits, or, with bit 2 set, of the phone channel under the mapping of the row in the bits above.
 *
 * An interaction that passes its check goes on as in the program: it becomes signals; and written as our own schema has
 * it, it is read as the same. */
#include "fuzz.h"

#include "body.h"
#include "interaction_writer.h"
#include "plan_checks.h"
#include "plan_schemas.h"

const size_t fuzz_heap_max = (size_t)16 << 20; /* for a schema of its own */

#define NOW          ((struct event_time){INT64_C(1795339800000000)})
#define IS_BODY      1
#define FIRST_MAPPED 64
#define FIRST_OWN    128
#define SCHEMAS      (COUNT(plan_schemas) + COUNT(mapped_schemas))
_Static_assert(COUNT(plan_schemas) <= FIRST_MAPPED && COUNT(mapped_schemas) <= FIRST_OWN - FIRST_MAPPED,
               "every row has a number");

/* A writer's schema, compiled. */
struct writer {
    enum channel channel;
    struct schema *schema;
    struct plan *plan;
};

static struct writer writers[SCHEMAS]; /* those of plan_schemas, then those of mapped_schemas */
static struct config mappings[COUNT(mapped_schemas)];
static struct interaction_writer *ours;

static bool writer_open(struct writer *self, struct span text, enum channel channel,
                        const struct channel_mapping *mapping)
{
    struct reason why;
    *self = (struct writer){.channel = channel};
    if (plan_open_mapped(text, channel, mapping, &self->plan, &why) != DONE) {
        CHECK(fuzz_says_why(&why));
        return false;
    }
    plan_check_shape(self->plan);
    CHECK_DONE(schema_open(text, &self->schema, &why), &why);
    return true;
}

static void writer_close(struct writer *self)
{
    plan_close(self->plan);
    schema_close(self->schema);
}

static void set_up_row(struct writer *writer, const char *name, const char *quoted, enum channel channel,
                       const struct channel_mapping *mapping)
{
    char *text = quoted != NULL ? json_of(quoted) : NULL;
    if (!writer_open(writer, text != NULL ? span_text(text) : decode_reader_schema(channel), channel, mapping)) {
        fuzz_failed(name, "plan_schemas.h", 0);
    }
    free(text);
}

static const struct channel_mapping *read_mapping(struct config *config, const char *rules)
{
    char yaml[2048];
    struct problems problems;
    int size = snprintf(yaml, sizeof yaml, "mapping: {phone: %s}\n", rules);
    const struct config_sources sources = {.file = fuzz_file(span_of(yaml, (size_t)size))};
    problems_init(&problems);
    enum outcome outcome = config_load(&sources, config, &problems);
    if (outcome != DONE) {
        buffer_u8(&problems.text, '\0');
        fuzz_failed((const char *)problems.text.data, "plan_schemas.h", 0);
    }
    problems_done(&problems);
    return config->mappings[CHANNEL_PHONE];
}

void fuzz_set_up(void)
{
    const uint32_t ids[CHANNELS] = {1, 2, 3, 4};
    struct reason why;
    json_object_seed(1);
    for (size_t i = 0; i < COUNT(plan_schemas); i++) {
        set_up_row(&writers[i], plan_schemas[i].name, plan_schemas[i].schema, plan_schemas[i].channel, NULL);
    }
    for (size_t i = 0; i < COUNT(mapped_schemas); i++) {
        set_up_row(&writers[COUNT(plan_schemas) + i], mapped_schemas[i].name, mapped_schemas[i].schema, CHANNEL_PHONE,
                   read_mapping(&mappings[i], mapped_schemas[i].rules));
    }
    CHECK_DONE(interaction_writer_open(ids, &ours, &why), &why);
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

/* The schema that the input brings, when it can be used. */
static bool open_own(struct writer *writer, unsigned which, struct cursor *in)
{
    size_t size = cursor_u8(in);
    size |= (size_t)cursor_u8(in) << 8;
    struct span text = cursor_bytes(in, size);
    const struct config *config = &mappings[(which >> 3) % COUNT(mapped_schemas)];
    bool is_mapped = (which & 4) != 0;
    return !in->broken && writer_open(writer, text, is_mapped ? CHANNEL_PHONE : (enum channel)(which % CHANNELS),
                                      is_mapped ? config->mappings[CHANNEL_PHONE] : NULL);
}

void fuzz_one(struct span input)
{
    struct cursor in = cursor_over(input);
    bool is_body = (cursor_u8(&in) & IS_BODY) != 0;
    unsigned which = cursor_u8(&in);
    struct writer own;
    if (which < FIRST_MAPPED) {
        run_over(&writers[which % COUNT(plan_schemas)], is_body, span_of(in.at, cursor_left(&in)));
    } else if (which < FIRST_OWN) {
        run_over(&writers[COUNT(plan_schemas) + which % COUNT(mapped_schemas)], is_body,
                 span_of(in.at, cursor_left(&in)));
    } else if (open_own(&own, which - FIRST_OWN, &in)) {
        run_over(&own, is_body, span_of(in.at, cursor_left(&in)));
        writer_close(&own);
    }
}
