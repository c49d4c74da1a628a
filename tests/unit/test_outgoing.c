/* test_outgoing.c - what one transaction carries: every event in order on its agency's partition, with its own names,
 * however often batches are sealed and names are learnt anew.
 *
 * Oracle: a list of what was routed; the messages are read back by the batch reader. Dead letters in the round have
 * test_intake_input.c. */
#include "heard.h"

#include "outgoing.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define PARTITIONS  3
#define ROUTED_MAX  200000

struct routed {
    char agency[80], service[80];
    uint64_t id;
};

struct setup {
    struct outgoing outgoing;
    struct seeded random;
    struct routed *routed; /* since the last clear */
    size_t count;
};

static void set_up(struct setup *self, uint64_t seed)
{
    *self = (struct setup){.random = {seed}, .routed = calloc(ROUTED_MAX, sizeof *self->routed)};
    assert_non_null(self->routed);
    outgoing_init(&self->outgoing, PARTITIONS, OUTGOING_SEAL_BYTES);
    self->outgoing.written_at.us = WORLD_BASE;
}

static void tear_down(struct setup *self)
{
    outgoing_done(&self->outgoing);
    free(self->routed);
}

static void route(struct setup *self, uint64_t agency, uint64_t service)
{
    assert_true(self->count < ROUTED_MAX);
    struct routed *routed = &self->routed[self->count++];
    int agency_digits = agency < 64 || agency % 3 ? 1 : 70; /* some names are short and some are long */
    int service_digits = service % 3 ? 1 : 75;
    snprintf(routed->agency, sizeof routed->agency, "a%0*llu", agency_digits, (unsigned long long)agency);
    snprintf(routed->service, sizeof routed->service, "s%0*llu", service_digits, (unsigned long long)service);
    routed->id = seeded_bits(&self->random);
    struct signal_event event = {.at_us = WORLD_BASE - (int64_t)seeded_sized(&self->random, 40),
                                 .id = routed->id,
                                 .channel = (enum channel)seeded_below(&self->random, CHANNELS),
                                 .transfers = -1};
    for (unsigned i = 0; i < DURATIONS; i++) {
        event.duration_ms[i] = ABSENT;
    }
    struct span agency_name = span_text(routed->agency);
    struct span service_name = span_text(routed->service);
    uint64_t hash = outgoing_look_ahead(&self->outgoing, hash64(agency_name, 0), service_name);
    outgoing_route(&self->outgoing, hash, agency_name, service_name, &event);
}

/* Where the reading of what was routed stands: the next one of each partition. */
struct reading {
    size_t next[PARTITIONS];
    size_t batches, events;
};

static const struct routed *next_of(struct setup *self, struct reading *reading, int32_t partition)
{
    size_t *at = &reading->next[partition];
    while (*at < self->count && partition_of(span_text(self->routed[*at].agency), PARTITIONS) != partition) {
        ++*at;
    }
    assert_true(*at < self->count);
    return &self->routed[(*at)++];
}

static void check_batch(struct setup *self, struct reading *reading, const struct message *message, bool is_last)
{
    struct batch_reader reader;
    struct reason why;
    struct signal_event event;
    bool more;
    batch_reader_init(&reader);
    assert_true(message->value.size < 1000000);
    assert_int_equal(batch_reader_open(&reader, message->value, &why), DONE);
    assert_int_equal(reader.header.written_at.us, is_last ? WORLD_BASE + 1 : WORLD_BASE);
    assert_int_equal(reader.header.source_count, is_last ? 1 : 0);
    for (;;) {
        assert_int_equal(batch_reader_next(&reader, &event, &more, &why), DONE);
        if (!more) {
            break;
        }
        const struct routed *routed = next_of(self, reading, message->partition);
        assert_int_equal(event.id, routed->id);
        assert_true(span_equal(batch_reader_agency(&reader, event.agency), span_text(routed->agency)));
        assert_true(span_equal(batch_reader_service(&reader, event.service), span_text(routed->service)));
        reading->events++;
    }
    reading->batches++;
    batch_reader_done(&reader);
}

/* Seals; every event that was routed since the last time is there, once, in order. Returns how many batches. */
static size_t seal_and_check(struct setup *self, size_t dead_letters)
{
    const struct source_topic source = {span_text("interactions.web"), 1};
    const struct batch_header header = {
        .written_at = {WORLD_BASE + 1}, .instance = span_text("a"), .sources = &source, .source_count = 1};
    struct reading reading = {0};
    size_t count;
    const struct message *messages = outgoing_seal(&self->outgoing, &header, &count);
    for (size_t i = 0; i < count; i++) {
        if (messages[i].topic == OUTGOING_SIGNALS) {
            check_batch(self, &reading, &messages[i], i + PARTITIONS >= count);
        }
    }
    assert_int_equal(reading.events, self->count);
    assert_int_equal(count, reading.batches + dead_letters);
    outgoing_clear(&self->outgoing);
    assert_true(outgoing_is_empty(&self->outgoing));
    self->count = 0;
    return reading.batches;
}

/* Transactions of all sizes, with names that are new, known, and known from the one before. */
static void events_keep_their_names_from_commit_to_commit(void **state)
{
    (void)state;
    struct setup self;
    set_up(&self, 1);
    for (unsigned commit = 0; commit < 300; commit++) {
        for (uint64_t left = seeded_sized(&self.random, 7); left > 0; left--) {
            route(&self, seeded_sized(&self.random, 8), seeded_sized(&self.random, 4));
        }
        assert_int_equal(seal_and_check(&self, 0), PARTITIONS); /* one each, if only to carry the progress */
    }
    tear_down(&self);
}

static void a_large_batch_is_sealed_early(void **state)
{
    (void)state;
    struct setup self;
    set_up(&self, 2);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 150000; i++) {
            route(&self, seeded_sized(&self.random, 8), seeded_sized(&self.random, 4));
        }
        size_t batches = seal_and_check(&self, 0);
        assert_true(batches > (size_t)2 * PARTITIONS && batches < (size_t)8 * PARTITIONS);
    }
    tear_down(&self);
}

/* More names than are kept: all are learnt anew, in the middle of a batch. */
static void names_have_a_bound(void **state)
{
    (void)state;
    struct setup self;
    set_up(&self, 3);
    for (unsigned i = 0; i < 90000; i++) {
        route(&self, i % 7 ? i : i % 5, i % 3 ? i % 11 : i);
    }
    seal_and_check(&self, 0);
    tear_down(&self);
}

/* Aliases are learnt and forgotten with the scoring file, in the middle of a transaction as well. */
static void an_alias_is_its_agency(void **state)
{
    (void)state;
    static const struct {
        const char *said, *plain, *aliased;
    } rows[] = {{"a1", "a1", "a1"}, {"a2", "a2", "a1"}, {"a3", "a3", "_other"}, {"a2", "a2", "a1"}, {"a1", "a1", "a1"}};
    const struct scoring_agency agency = {span_text("a1"), span_text("One")};
    const struct scoring_name names[] = {{span_text("a1"), 0}, {span_text("a2"), 0}};
    const struct scoring scoring = {
        .agencies = &agency, .agency_count = 1, .names = names, .name_count = 2, .agencies_only = true};
    struct setup self;
    set_up(&self, 6);
    for (unsigned round = 0; round < 6; round++) {
        outgoing_set_scoring(&self.outgoing, round % 2 ? &scoring : NULL);
        for (size_t i = 0; i < COUNT(rows); i++) {
            route(&self, (uint64_t)(rows[i].said[1] - '0'), i % 2);
            snprintf(self.routed[self.count - 1].agency, sizeof self.routed->agency, "%s",
                     round % 2 ? rows[i].aliased : rows[i].plain);
        }
        if (round >= 3) {
            seal_and_check(&self, 0);
        }
    }
    tear_down(&self);
}

static void what_was_cleared_is_gone(void **state)
{
    (void)state;
    struct setup self;
    set_up(&self, 4);
    for (unsigned i = 0; i < 60000; i++) {
        route(&self, i % 50, i % 3);
    }
    assert_false(outgoing_is_empty(&self.outgoing));
    outgoing_clear(&self.outgoing); /* aborted */
    self.count = 0;
    assert_true(outgoing_is_empty(&self.outgoing));
    for (unsigned i = 0; i < 50; i++) {
        route(&self, i % 50, i % 3);
    }
    assert_int_equal(seal_and_check(&self, 0), PARTITIONS);
    tear_down(&self);
}

/* Dead letters among events: 64 megabytes of them make it commit before more is read. */
static void it_is_full_long_before_its_ceiling(void **state)
{
    (void)state;
    struct setup self;
    static uint8_t bytes[500000];
    set_up(&self, 5);
    const struct dead_letter letter = {.topic = span_text("interactions.web"),
                                       .partition = 3,
                                       .offset = 7,
                                       .reason = span_text("truncated"),
                                       .detail = span_text("cut"),
                                       .schema_id = ABSENT,
                                       .value = span_of(bytes, sizeof bytes),
                                       .is_whole = true};
    size_t letters = 0;
    while (!outgoing_is_full(&self.outgoing)) {
        outgoing_dead_letter(&self.outgoing, &letter);
        route(&self, letters, 1);
        assert_false(outgoing_is_empty(&self.outgoing));
        letters++;
    }
    assert_int_equal(letters, (64u << 20) / 500000 + 1);
    size_t count;
    const struct batch_header header = {.written_at = {WORLD_BASE + 1}};
    const struct message *messages = outgoing_seal(&self.outgoing, &header, &count);
    assert_int_equal(count, letters + PARTITIONS);
    for (size_t i = 0; i < letters; i++) {
        struct letter read = letter_read(messages[i].value);
        assert_int_equal(messages[i].topic, OUTGOING_DEADLETTER);
        assert_string_equal(read.reason, "truncated");
        assert_int_equal(read.value.size, sizeof bytes);
        assert_int_equal(read.offset, 7);
        assert_int_equal(read.timestamp_ms, 0);
        letter_done(&read);
    }
    tear_down(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_keep_their_names_from_commit_to_commit),
        cmocka_unit_test(a_large_batch_is_sealed_early),
        cmocka_unit_test(names_have_a_bound),
        cmocka_unit_test(an_alias_is_its_agency),
        cmocka_unit_test(what_was_cleared_is_gone),
        cmocka_unit_test(it_is_full_long_before_its_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
