/* test_pipeline_faults.c - both stages, two instances of each, through seeded schedules of whatever may go wrong: kills
 * at any edge, partitions moved, members expelled, transactions aborted or unanswered, replies lost, Redis away, empty
 * or set back, Kafka and the registry away, deliveries that fail. When all is quiet again, every message counts once.
 *
 * Oracle: fault_oracle.h. A failure names its seed; SLIPSTREAM_SEED=n runs that one alone, SLIPSTREAM_SEEDS=n so many.
 */
#include "fault_oracle.h"

#include <signal.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEEDS 40
#else
#define SEEDS 200
#endif
#define STEPS      90
#define PARTITIONS 3
#define SOURCES    2 /* partitions of each source topic */
#define INSTANCES  2

static const char *const overrides[] = {"signals.partitions=3", "score.apply_interval=200ms", "score.look_interval=20s",
                                        "intake.batch=40", NULL};
static const char *const names[INSTANCES] = {"a", "b"};

struct run {
    struct world world;
    struct oracle oracle;
    struct intake_run *intakes[INSTANCES];
    struct score_run *scores[INSTANCES];
    struct score_run *stepping; /* whose turn it is */
    bool loses_state;           /* in some runs Redis is emptied, too */
    bool quiet;
};

static char seed_line[64]; /* for a run that ends in an assertion of the stages' own */

static void tell_seed(int signal_number)
{
    (void)!write(STDERR_FILENO, seed_line, sizeof seed_line);
    signal(signal_number, SIG_DFL);
}

/* ---- messages ---- */

static void write_bad(struct run *self)
{
    struct oracle *oracle = &self->oracle;
    struct seeded *random = &self->world.random;
    struct sample sample = {.id = "bad", .agency = "tax", .service = "returns", .good = -1};
    struct bad_message *bad = &oracle->bad[oracle->bad_count++];
    bad->topic = (unsigned)seeded_below(random, CHANNELS);
    bad->partition = (int32_t)seeded_below(random, SOURCES);
    sample.channel = (enum channel)bad->topic;
    bool is_early = seeded_one_in(random, 2);
    sample.at_us = self->world.clock.wall_us + (is_early ? US_PER_DAY : -70 * US_PER_DAY);
    sample_encode(&sample, &self->world.message);
    struct span bytes = buffer_as_span(&self->world.message);
    if (seeded_one_in(random, 2)) {
        bytes.size = (size_t)seeded_below(random, bytes.size);
    }
    bad->offset = world_write(&self->world, self->world.topics[bad->topic], bad->partition, span_text("k"), bytes);
}

static const struct sample *new_event(struct run *self)
{
    static const int64_t ages[] = {US_PER_SECOND, 50 * US_PER_MINUTE, 8 * US_PER_HOUR, 20 * US_PER_DAY};
    struct oracle *oracle = &self->oracle;
    struct seeded *random = &self->world.random;
    unsigned cell = (unsigned)seeded_below(random, CELLS);
    struct sample *sample = &oracle->events[oracle->event_count];
    *sample = (struct sample){
        .agency = agencies[cell / (SERVICES * CHANNELS)],
        .service = services[cell / CHANNELS % SERVICES],
        .channel = (enum channel)(cell % CHANNELS),
        .kind = seeded_one_in(random, 6) ? (enum event_kind)seeded_below(random, EVENT_KINDS) : EVENT_INTERACTION,
        .at_us = self->world.clock.wall_us - (int64_t)seeded_below(random, (uint64_t)ages[seeded_sized(random, 4) % 4]),
        .retracts = seeded_one_in(random, 8),
        .good = (int)seeded_below(random, 3) - 1,
        .satisfaction = seeded_one_in(random, 3) ? (int)seeded_below(random, 6) : 0,
    };
    snprintf(sample->id, sizeof sample->id, "%zu", oracle->event_count);
    oracle->cells[oracle->event_count++] = (uint8_t)cell;
    return sample;
}

/* A new event, a copy of an earlier one on any partition of its topic, or something that cannot be used. */
static void produce(struct run *self)
{
    struct oracle *oracle = &self->oracle;
    struct seeded *random = &self->world.random;
    if (oracle->id_count == EVENTS_MAX) {
        return;
    }
    if (seeded_one_in(random, 12) && oracle->bad_count < BAD_MAX) {
        write_bad(self);
        return;
    }
    bool is_copy = oracle->event_count && seeded_one_in(random, 8);
    const struct sample *sample =
        is_copy ? &oracle->events[seeded_below(random, oracle->event_count)] : new_event(self);
    oracle->ids[oracle->id_count++] = event_id_hash(span_text(sample->agency), span_text(sample->id));
    world_say(&self->world, sample, (int32_t)seeded_below(random, SOURCES));
}

/* ---- instances ---- */

static int64_t sum(const _Atomic int64_t *counts, size_t count)
{
    int64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += counts[i];
    }
    return total;
}

/* read = applied + late + duplicate + dead-lettered, in every life of an instance. */
static void check_accounting(const struct run *self, const struct status *status, enum stage_id id)
{
    const struct stage_status *stage = &status->stages[id];
    for (unsigned c = 0; c < CHANNELS; c++) {
        if (stage->read[c] != sum(stage->records[c], RECORD_OUTCOMES)) {
            fail_msg("seed %llu: %s has read %lld and accounts for %lld", (unsigned long long)self->oracle.seed,
                     stage_words[id], (long long)stage->read[c], (long long)sum(stage->records[c], RECORD_OUTCOMES));
        }
        assert_int_equal(stage->records[c][RECORD_LATE], 0);
    }
    assert_int_equal(status->signal_batches_bad, 0);
    assert_int_equal(status->lost_records, 0);
}

static void end_intake(struct run *self, unsigned i, bool kill)
{
    if (self->intakes[i]) {
        check_accounting(self, self->intakes[i]->status, STATUS_INTAKE);
        (kill ? intake_kill : intake_stop)(self->intakes[i]);
        self->intakes[i] = NULL;
    }
}

static void end_score(struct run *self, unsigned i, bool kill)
{
    if (self->scores[i]) {
        check_accounting(self, self->scores[i]->status, STATUS_SCORE);
        (kill ? score_kill : score_stop)(self->scores[i]);
        self->scores[i] = NULL;
    }
}

static void start_missing(struct run *self, uint64_t odds)
{
    for (unsigned i = 0; i < INSTANCES; i++) {
        if (!self->intakes[i] && seeded_one_in(&self->world.random, odds)) {
            self->intakes[i] = intake_start(&self->world, names[i]);
        }
        if (!self->scores[i] && seeded_one_in(&self->world.random, odds)) {
            self->scores[i] = score_start(&self->world, names[i]);
        }
    }
}

static struct source *source_of(struct run *self, bool of_intake, unsigned i)
{
    if (of_intake) {
        return self->intakes[i] ? self->intakes[i]->source : NULL;
    }
    return self->scores[i] ? self->scores[i]->source : NULL;
}

/* The group's coordinator: a partition that nobody has goes to anybody who lives. */
static void assign_missing(struct run *self, bool of_intake, uint32_t topic, int32_t partition)
{
    unsigned heir = (unsigned)seeded_below(&self->world.random, INSTANCES);
    for (unsigned i = 0; i < INSTANCES; i++) {
        struct source *source = source_of(self, of_intake, i);
        if (source && fake_source_is_assigned(source, topic, partition)) {
            return;
        }
    }
    heir = source_of(self, of_intake, heir) ? heir : 1 - heir;
    struct source *source = source_of(self, of_intake, heir);
    if (source) {
        fake_source_assign(source, topic, partition);
    }
}

static void assign_all_missing(struct run *self)
{
    for (uint32_t c = 0; c < CHANNELS; c++) {
        for (int32_t p = 0; p < SOURCES; p++) {
            assign_missing(self, true, c, p);
        }
    }
    for (int32_t p = 0; p < PARTITIONS; p++) {
        assign_missing(self, false, 0, p);
    }
}

static void step_intake(struct run *self, unsigned i)
{
    struct reason why = {.text = ""};
    if (!self->intakes[i]) {
        return;
    }
    enum outcome outcome = intake_step(self->intakes[i], &why);
    if (outcome == STOP) {
        if (self->quiet || (why.code != REASON_FATAL && why.code != REASON_FENCED)) {
            fail_msg("seed %llu: intake stops: %s", (unsigned long long)self->oracle.seed, why.text);
        }
        end_intake(self, i, true);
    }
}

static void step_score(struct run *self, unsigned i)
{
    struct reason why = {.text = ""};
    if (!self->scores[i]) {
        return;
    }
    self->stepping = self->scores[i];
    enum outcome outcome = score_step(self->scores[i], &why);
    self->stepping = NULL;
    if (outcome == STOP) {
        if (self->quiet || why.code != REASON_UNAVAILABLE) {
            fail_msg("seed %llu: score stops: %s", (unsigned long long)self->oracle.seed, why.text);
        }
        end_score(self, i, true);
    }
}

/* ---- what goes wrong ---- */

/* Gives a partition up in an orderly way: its owner is asked, and has the time of a turn. */
static void move_one(struct run *self)
{
    struct seeded *random = &self->world.random;
    bool of_intake = seeded_one_in(random, 2);
    unsigned i = (unsigned)seeded_below(random, INSTANCES);
    uint32_t topic = of_intake ? (uint32_t)seeded_below(random, CHANNELS) : 0;
    int32_t partition = (int32_t)seeded_below(random, of_intake ? SOURCES : PARTITIONS);
    struct source *source = source_of(self, of_intake, i);
    if (source && fake_source_has(source, topic, partition)) {
        fake_source_revoke(source, topic, partition);
        of_intake ? step_intake(self, i) : step_score(self, i);
    }
}

/* Paused for too long: the group goes on without it. It hears of it at its next poll. */
static void expel_one(struct run *self)
{
    bool of_intake = seeded_one_in(&self->world.random, 2);
    struct source *source = source_of(self, of_intake, (unsigned)seeded_below(&self->world.random, INSTANCES));
    if (source) {
        fake_source_expel(source);
    }
}

/* The same, between a scorer's poll and its apply. */
static void expel_stepping(void *context)
{
    struct run *self = context;
    struct score_run *victim = self->stepping;
    if (!victim) {
        return;
    }
    fake_source_expel(victim->source);
    assign_all_missing(self);
    for (unsigned i = 0; i < INSTANCES; i++) {
        if (self->scores[i] && self->scores[i] != victim) {
            struct reason why;
            virtual_clock_pass(&self->world.clock, US_PER_SECOND);
            (void)!score_step(self->scores[i], &why);
        }
    }
}

static void something_happens(struct run *self)
{
    struct seeded *random = &self->world.random;
    unsigned i = (unsigned)seeded_below(random, INSTANCES);
    switch (seeded_below(random, 14)) {
    case 0:
        end_intake(self, i, !seeded_one_in(random, 3));
        break;
    case 1:
        end_score(self, i, !seeded_one_in(random, 3));
        break;
    case 2:
    case 3:
    case 4:
        move_one(self);
        break;
    case 5:
        expel_one(self);
        break;
    case 6:
        fake_redis_before_apply(self->world.redis, expel_stepping, self);
        break;
    case 7:
        fake_redis_fail_over(self->world.redis, 1 + seeded_below(random, 8));
        break;
    case 8:
        if (self->loses_state && seeded_one_in(random, 3)) {
            fake_redis_flush(self->world.redis);
        }
        break;
    case 9:
        fake_redis_down(self->world.redis, seeded_one_in(random, 2));
        break;
    case 10:
        fake_kafka_down(self->world.kafka, seeded_one_in(random, 2));
        break;
    case 11:
        registry_down(seeded_one_in(random, 2));
        break;
    case 12:
        if (self->scores[i]) {
            fake_store_next(self->scores[i]->store, TROUBLE_DIES);
        }
        break;
    default:
        virtual_clock_pass(&self->world.clock, (int64_t)seeded_below(random, 2 * US_PER_MINUTE));
    }
}

static void step_all(struct run *self)
{
    struct seeded *random = &self->world.random;
    unsigned first = (unsigned)seeded_below(random, INSTANCES);
    for (unsigned n = 0; n < INSTANCES; n++) {
        unsigned i = (first + n) % INSTANCES;
        virtual_clock_pass(&self->world.clock, (int64_t)seeded_below(random, 400 * US_PER_MS));
        if (self->quiet || !seeded_one_in(random, 4)) {
            step_intake(self, i);
        }
        if (self->quiet || !seeded_one_in(random, 4)) {
            step_score(self, i);
        }
    }
}

/* ---- a run ---- */

static void storm(struct run *self)
{
    struct seeded *random = &self->world.random;
    *fake_kafka_odds(self->world.kafka) =
        (struct fake_odds){.poll_fails = 40, .commit_aborts = 10, .commit_unknown = 60, .delivery_fails = 60};
    *fake_redis_odds(self->world.redis) =
        (struct fake_store_odds){.refused = 15, .reply_lost = 15, .load_fails = 6, .view_fails = 10};
    for (unsigned step = 0; step < STEPS; step++) {
        for (uint64_t left = seeded_below(random, 46); left > 0; left--) {
            produce(self);
        }
        start_missing(self, 3);
        assign_all_missing(self);
        if (seeded_one_in(random, 3)) {
            something_happens(self);
        }
        step_all(self);
    }
}

static bool is_settled(struct run *self)
{
    struct world *world = &self->world;
    for (uint32_t c = 0; c < CHANNELS; c++) {
        for (int32_t p = 0; p < SOURCES; p++) {
            int64_t end = fake_kafka_end(world->kafka, world->topics[c], p);
            int64_t committed = fake_kafka_committed(world->kafka, "test-intake", world->topics[c], p);
            if (end > 0 && committed != end) {
                return false;
            }
        }
    }
    for (int32_t p = 0; p < PARTITIONS; p++) {
        if (fake_redis_meta(world->redis, p)->next != fake_kafka_end(world->kafka, "cx.signals", p) ||
            fake_redis_count(world->redis, p, "outbox")) {
            return false;
        }
    }
    return true;
}

/* Everything works again; a while later everything has been read. */
static void calm(struct run *self)
{
    *fake_kafka_odds(self->world.kafka) = (struct fake_odds){0};
    *fake_redis_odds(self->world.redis) = (struct fake_store_odds){0};
    fake_kafka_down(self->world.kafka, false);
    fake_redis_down(self->world.redis, false);
    fake_redis_before_apply(self->world.redis, NULL, NULL);
    registry_down(false);
    for (unsigned i = 0; i < INSTANCES; i++) {
        if (self->scores[i]) {
            fake_store_next(self->scores[i]->store, TROUBLE_NONE);
            step_score(self, i); /* one that was about to end does */
        }
    }
    self->quiet = true;
    unsigned settled = 0;
    for (unsigned round = 0; settled < 30; round++) { /* and a look later it has been published */
        start_missing(self, 1);
        assign_all_missing(self);
        virtual_clock_pass(&self->world.clock, US_PER_SECOND);
        step_all(self);
        settled += settled > 0 || is_settled(self);
        if (round > 1000) {
            fail_msg("seed %llu: it does not come to rest", (unsigned long long)self->oracle.seed);
        }
    }
}

static void run_seed(uint64_t seed)
{
    struct run *self = calloc(1, sizeof *self);
    assert_non_null(self);
    snprintf(seed_line, sizeof seed_line, "aborted in seed %llu\n", (unsigned long long)seed);
    world_open(&self->world, seed, SOURCES, overrides);
    world_target(&self->world, "*", 45);
    self->world.scoring.suppress_below = seed / 2 % 2 ? 0 : 11; /* scorecards are exact, or behind by what waits */
    self->oracle.seed = seed;
    self->world.seal_bytes = seed % 2 ? 100 : 0; /* all that a commit will hold is sent ahead of it, or nothing is */
    self->loses_state = seed % 3 == 0;
    storm(self);
    calm(self);
    for (unsigned i = 0; i < INSTANCES; i++) {
        end_intake(self, i, false);
    }
    for (unsigned i = 0; i < INSTANCES; i++) {
        end_score(self, i, false);
    }
    check_everything(&self->oracle, &self->world);
    world_close(&self->world);
    free(self);
}

static void every_message_counts_once_in_the_end(void **state)
{
    (void)state;
    const char *only = getenv("SLIPSTREAM_SEED");
    const char *seeds = getenv("SLIPSTREAM_SEEDS");
    uint64_t last = seeds ? strtoull(seeds, NULL, 10) : SEEDS;
    signal(SIGABRT, tell_seed);
    if (only) {
        run_seed(strtoull(only, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= last; seed++) {
        run_seed(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_counts_once_in_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
