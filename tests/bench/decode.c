/* decode.c - what decoding one interaction costs: our plan and the check after it, beside Avro-C's generic reader.
 *
 * Both read the same bytes, which Avro-C wrote: interactions of a fixed seed, about 200 bytes each. Avro-C is used as
 * it is meant to be: one value, reused, and one memory reader. Rounds of the two alternate, and the fastest round of
 * each counts, so that other load on the machine disturbs both alike. Then: whether the cost follows the bytes, and
 * what compiling a plan takes. With an argument, the messages are written into the file of that name, each behind its
 * size in four bytes, for other readers to be measured with (tests/bench/decode). */
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <avro.h>

#include "seeded.h"
#include "slipstream/decode.h"

#define MESSAGES     1024
#define ROUNDS       400
#define ROUND_PASSES 2
#define BYTES_MAX    1024

/* ---- allocations are counted by standing in for malloc ---- */

static uint64_t allocations;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    allocations++;
    return __libc_realloc(memory, size);
}

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "%s: %s\n", what, avro_strerror());
        exit(1);
    }
}

/* ---- messages ---- */

/* One behind the other, as they lie in what Kafka sends. */
struct messages {
    uint8_t bytes[MESSAGES * BYTES_MAX];
    struct span bodies[MESSAGES];
    size_t size;
};

static avro_value_t field(avro_value_t *record, const char *name)
{
    avro_value_t value = {0};
    must(avro_value_get_by_name(record, name, &value, NULL) == 0, name);
    return value;
}

/* The union's other branch than null. */
static avro_value_t present(avro_value_t *record, const char *name)
{
    avro_value_t whole = field(record, name);
    avro_value_t value = {0};
    must(avro_value_set_branch(&whole, 1, &value) == 0, name);
    return value;
}

static void set_text(avro_value_t value, const char *begin, uint64_t number)
{
    char text[64];
    snprintf(text, sizeof text, "%s%" PRIu64, begin, number);
    must(avro_value_set_string(&value, text) == 0, "string");
}

static void fill_ids(avro_value_t *record, struct seeded *seeded)
{
    uint64_t id = UINT64_C(1000000000000000000) + seeded_below(seeded, UINT64_C(1000000000000000000));
    set_text(field(record, "event_id"), "0b8f6f6e-5f0c-4a", id); /* 35 bytes, about as long as a UUID */
    set_text(field(record, "interaction_id"), "7c1d2a90-13aa-4b", id + 1);
    set_text(field(record, "agency"), "agency-", seeded_below(seeded, 400));
    set_text(field(record, "service"), "benefits/service-", seeded_below(seeded, 20));
    set_text(present(record, "region"), "region-", seeded_below(seeded, 9));
    set_text(present(record, "language"), "en-", seeded_below(seeded, 3));
}

static void fill_facts(avro_value_t *record, struct seeded *seeded)
{
    static const char *const flags[] = {"reopened", "repeat_contact", "survey_offered", "questions_answered",
                                        "resolved", "agent_informed", "escalated"};
    static const char *const seconds[] = {"resolution_seconds", "wait_seconds", "hold_seconds", "wrap_up_seconds"};
    int64_t at = INT64_C(1795339800000000) + (int64_t)seeded_below(seeded, 86400) * US_PER_SECOND;
    avro_value_t value = field(record, "kind");
    must(avro_value_set_enum(&value, 0) == 0, "kind");
    value = field(record, "occurred_at");
    must(avro_value_set_long(&value, at) == 0, "occurred_at");
    value = present(record, "started_at");
    must(avro_value_set_long(&value, at - 300 * US_PER_SECOND) == 0, "started_at");
    value = field(record, "retracts");
    must(avro_value_set_boolean(&value, 0) == 0, "retracts");
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        value = present(record, flags[i]);
        must(avro_value_set_boolean(&value, seeded_one_in(seeded, 2)) == 0, flags[i]);
    }
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        value = present(record, seconds[i]);
        must(avro_value_set_double(&value, seeded_unit(seeded) * 1000) == 0, seconds[i]);
    }
    value = present(record, "outcome");
    must(avro_value_set_enum(&value, seeded_one_in(seeded, 10)) == 0, "outcome");
    value = present(record, "transfers");
    must(avro_value_set_long(&value, (int64_t)seeded_below(seeded, 3)) == 0, "transfers");
}

/* One contact in four brings its survey, with half of the questions answered. */
static void fill_survey(avro_value_t *record, struct seeded *seeded)
{
    avro_value_t survey = field(record, "survey");
    avro_value_t answers = {0};
    must(avro_value_set_branch(&survey, seeded_one_in(seeded, 4), &answers) == 0, "survey");
    size_t count = 0;
    if (avro_value_get_type(&answers) == AVRO_RECORD) {
        must(avro_value_get_size(&answers, &count) == 0, "survey");
    }
    for (size_t i = 0; i < count; i++) {
        avro_value_t whole = {0};
        avro_value_t answer = {0};
        must(avro_value_get_by_index(&answers, i, &whole, NULL) == 0, "answer");
        if (seeded_one_in(seeded, 2)) {
            must(avro_value_set_branch(&whole, 1, &answer) == 0 &&
                     avro_value_set_long(&answer, seeded_between(seeded, 1, 5)) == 0,
                 "answer");
        } else {
            must(avro_value_set_branch(&whole, 0, &answer) == 0, "answer");
        }
    }
}

static void make_messages(struct messages *messages, avro_value_t *record)
{
    struct seeded seeded = {1};
    for (size_t i = 0; i < MESSAGES; i++) {
        avro_value_reset(record);
        fill_ids(record, &seeded);
        fill_facts(record, &seeded);
        fill_survey(record, &seeded);
        size_t size = 0;
        must(avro_value_sizeof(record, &size) == 0 && size <= BYTES_MAX, "size");
        messages->bodies[i] = span_of(messages->bytes + messages->size, size);
        messages->size += size;
        avro_writer_t writer = avro_writer_memory((char *)(uintptr_t)messages->bodies[i].data, BYTES_MAX);
        must(avro_value_write(writer, record) == 0, "write");
        avro_writer_free(writer);
    }
}

/* ---- the two ways to read them ---- */

struct cost {
    double ns; /* per event, in the fastest round */
    double allocations;
};

/* The processor's time: that others run meanwhile counts for neither. */
static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void read_ours(const struct messages *messages, const struct plan *plan)
{
    static const struct time_bounds bounds = {5 * US_PER_MINUTE, 9 * US_PER_WEEK};
    const struct event_time now = {INT64_C(1795339800000000) + US_PER_DAY};
    for (size_t i = 0; i < MESSAGES; i++) {
        struct interaction interaction;
        struct reason why;
        if (plan_run(plan, messages->bodies[i], &interaction, &why) != DONE ||
            interaction_check(&interaction, &bounds, now, &why) != DONE) {
            fprintf(stderr, "%s: %s\n", reason_word(why.code), why.text);
            exit(1);
        }
    }
}

static void read_generic(const struct messages *messages, avro_reader_t reader, avro_value_t *record)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        avro_reader_memory_set_source(reader, (const char *)messages->bodies[i].data,
                                      (int64_t)messages->bodies[i].size);
        avro_value_reset(record);
        must(avro_value_read(reader, record) == 0, "read");
    }
}

static void keep_fastest(struct cost *cost, double began, uint64_t before)
{
    const double events = (double)MESSAGES * ROUND_PASSES;
    double ns = (now_ns() - began) / events;
    cost->ns = cost->ns > 0 && cost->ns < ns ? cost->ns : ns;
    cost->allocations = (double)(allocations - before) / events;
}

static void compare(const struct messages *messages, const struct plan *plan, avro_value_t *record, struct cost *ours,
                    struct cost *generic)
{
    avro_reader_t reader = avro_reader_memory("", 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        double began = now_ns();
        uint64_t before = allocations;
        for (unsigned pass = 0; pass < ROUND_PASSES; pass++) {
            read_ours(messages, plan);
        }
        keep_fastest(ours, began, before);
        began = now_ns();
        before = allocations;
        for (unsigned pass = 0; pass < ROUND_PASSES; pass++) {
            read_generic(messages, reader, record);
        }
        keep_fastest(generic, began, before);
    }
    avro_reader_free(reader);
}

/* ---- cost and size ---- */

/* Our schema with an array behind the last field: what is passed over costs by the byte too. */
static struct plan *plan_with_array(void)
{
    struct span ours = decode_reader_schema(CHANNEL_PHONE);
    const uint8_t *end = memrchr(ours.data, ']', ours.size);
    struct buffer text;
    struct plan *plan = NULL;
    struct reason why = {0};
    buffer_init(&text, 1 << 20);
    buffer_bytes(&text, ours.data, (size_t)(end - ours.data));
    buffer_text(&text, ",{\"name\":\"own\",\"type\":{\"type\":\"array\",\"items\":\"long\"}}]}");
    if (plan_open(buffer_as_span(&text), CHANNEL_PHONE, &plan, &why) != DONE) {
        fprintf(stderr, "%s: %s\n", reason_word(why.code), why.text);
        exit(1);
    }
    buffer_done(&text);
    return plan;
}

static double ns_of_body(const struct plan *plan, struct span body)
{
    double fastest = 0;
    for (unsigned round = 0; round < ROUNDS / 4; round++) {
        unsigned passes = 1 + 200000 / (unsigned)body.size;
        double began = now_ns();
        for (unsigned pass = 0; pass < passes; pass++) {
            struct interaction interaction;
            struct reason why;
            must(plan_run(plan, body, &interaction, &why) == DONE, "a body with an array");
        }
        double ns = (now_ns() - began) / passes;
        fastest = fastest > 0 && fastest < ns ? fastest : ns;
    }
    return fastest;
}

static void measure_sizes(const struct messages *messages)
{
    struct plan *plan = plan_with_array();
    printf("the same with an array of longs behind it that nothing wants, ns an event and a byte:\n");
    for (size_t items = 100; items <= 1000000; items *= 10) {
        struct buffer body;
        buffer_init(&body, 16 << 20);
        buffer_bytes(&body, messages->bodies[0].data, messages->bodies[0].size);
        buffer_zigzag(&body, (int64_t)items);
        for (size_t i = 0; i < items; i++) {
            buffer_zigzag(&body, (int64_t)(i % 60));
        }
        buffer_u8(&body, 0);
        double ns = ns_of_body(plan, buffer_as_span(&body));
        printf("  %7zu bytes   %12.1f  %5.2f\n", body.size, ns, ns / (double)body.size);
        buffer_done(&body);
    }
    plan_close(plan);
}

static void measure_compiling(void)
{
    printf("compiling a plan, µs:");
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        double fastest = 0;
        for (unsigned round = 0; round < ROUNDS; round++) {
            struct plan *plan = NULL;
            double began = now_ns();
            must(plan_open(decode_reader_schema((enum channel)channel), (enum channel)channel, &plan, NULL) == DONE,
                 "plan");
            double ns = now_ns() - began;
            fastest = fastest > 0 && fastest < ns ? fastest : ns;
            plan_close(plan);
        }
        printf("  %s %.0f", channel_word((enum channel)channel), fastest / 1000);
    }
    printf("\n");
}

static void dump(const struct messages *messages, const char *path)
{
    FILE *file = fopen(path, "wb");
    must(file != NULL, path);
    for (size_t i = 0; i < MESSAGES; i++) {
        uint32_t size = htole32((uint32_t)messages->bodies[i].size);
        must(fwrite(&size, sizeof size, 1, file) == 1 &&
                 fwrite(messages->bodies[i].data, messages->bodies[i].size, 1, file) == 1,
             path);
    }
    must(fclose(file) == 0, path);
}

int main(int argc, char **argv)
{
    static struct messages messages;
    struct span text = decode_reader_schema(CHANNEL_PHONE);
    struct plan *plan = NULL;
    struct reason why = {0};
    avro_schema_t schema;
    must(avro_schema_from_json_length((const char *)text.data, text.size, &schema) == 0, "schema");
    avro_value_iface_t *interface = avro_generic_class_from_schema(schema);
    avro_value_t record;
    must(interface != NULL && avro_generic_value_new(interface, &record) == 0, "value");
    if (plan_open(text, CHANNEL_PHONE, &plan, &why) != DONE) {
        fprintf(stderr, "%s: %s\n", reason_word(why.code), why.text);
        return 1;
    }
    make_messages(&messages, &record);
    struct cost ours = {0};
    struct cost generic = {0};
    compare(&messages, plan, &record, &ours, &generic);
    printf("phone interactions of %zu bytes on average, ns and allocations an event:\n", messages.size / MESSAGES);
    printf("  decode and check   %7.1f  %5.2f\n", ours.ns, ours.allocations);
    printf("  Avro-C, generic    %7.1f  %5.2f\n", generic.ns, generic.allocations);
    printf("  ratio              %7.1f\n", generic.ns / ours.ns);
    measure_sizes(&messages);
    measure_compiling();
    if (argc > 1) {
        dump(&messages, argv[1]);
    }
    plan_close(plan);
    avro_value_decref(&record);
    avro_value_iface_decref(interface);
    avro_schema_decref(schema);
    return 0;
}
