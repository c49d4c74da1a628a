/* test_intake.c - the first stage over a fake Kafka and a virtual clock: every message is routed or dead-lettered once,
 * whatever happens to transactions, partitions, the registry and the process.
 *
 * Oracles: the messages written, counted on cx.signals by the batch reader and on the dead letters by Avro-C. */
#include "heard.h"

#include "slipstream/config.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define INTERVAL    (250 * US_PER_MS)
#define EVENTS      60

static const char *const overrides[] = {"signals.partitions=3", NULL};

struct setup {
    struct world world;
    struct sample samples[EVENTS];
    size_t said;
};

static struct setup *set_up_with(uint64_t seed, const char *const *settings)
{
    struct setup *self = calloc(1, sizeof *self);
    assert_non_null(self);
    world_open(&self->world, seed, 2, settings);
    return self;
}

static struct setup *set_up(uint64_t seed)
{
    return set_up_with(seed, overrides);
}

static void tear_down(struct setup *self)
{
    world_close(&self->world);
    free(self);
}

/* So many more samples, over all channels and partitions. */
static void say(struct setup *self, size_t count)
{
    static const char *const agencies[] = {"tax", "parks", "benefits", "a\"b\\c", "ж"};
    static const char *const services[] = {"returns", "permits"};
    struct seeded *random = &self->world.random;
    for (size_t i = 0; i < count; i++) {
        struct sample *sample = &self->samples[self->said];
        *sample = (struct sample){
            .agency = agencies[seeded_below(random, COUNT(agencies))],
            .service = services[seeded_below(random, COUNT(services))],
            .channel = (enum channel)seeded_below(random, CHANNELS),
            .kind = (enum event_kind)seeded_below(random, EVENT_KINDS),
            .at_us = self->world.clock.wall_us - (int64_t)seeded_below(random, US_PER_HOUR),
            .retracts = seeded_one_in(random, 5),
            .good = (int)seeded_below(random, 3) - 1,
            .satisfaction = (int)seeded_below(random, 6),
        };
        snprintf(sample->id, sizeof sample->id, "event-%zu", self->said++);
        world_say(&self->world, sample, (int32_t)seeded_below(random, 2));
    }
}

/* Each sample is on cx.signals so many times, with its facts, on the partition of its agency. */
static void check_heard(struct setup *self, const char *name, size_t times)
{
    struct heard heard = hear(&self->world);
    for (size_t i = 0; i < self->said; i++) {
        const struct sample *sample = &self->samples[i];
        if (heard_times(&heard, sample) != times) {
            fail_msg("%s: %s was heard %zu times, not %zu", name, sample->id, heard_times(&heard, sample), times);
        }
    }
    for (size_t i = 0; i < heard.count; i++) {
        const struct heard_event *at = &heard.events[i];
        const struct sample *of = self->samples;
        while (of < self->samples + self->said &&
               event_id_hash(span_text(of->agency), span_text(of->id)) != at->event.id) {
            of++;
        }
        assert_true(of < self->samples + self->said);
        assert_string_equal(at->agency, of->agency);
        assert_string_equal(at->service, of->service);
        assert_int_equal(at->partition, partition_of(span_text(of->agency), 3));
        assert_int_equal(at->event.channel, of->channel);
        assert_int_equal(at->event.kind, of->kind);
        assert_int_equal(at->event.retracts, of->retracts);
        assert_int_equal(at->event.at_us, of->at_us);
    }
    assert_int_equal(heard.count, self->said * times);
    free(heard.events);
}

/* Assigned everything, and it has just committed: the next commit is an interval away. */
static struct intake_run *start_warm(struct setup *self)
{
    struct intake_run *intake = intake_start(&self->world, "a");
    intake_assign_all(intake);
    say(self, 1);
    intake_turns(intake, 1, INTERVAL);
    check_heard(self, "warm", 1);
    return intake;
}

static int64_t total_read(const struct status *status)
{
    int64_t sum = 0;
    for (unsigned c = 0; c < CHANNELS; c++) {
        sum += status->stages[STATUS_INTAKE].read[c];
    }
    return sum;
}

static int64_t total_of(const struct status *status, enum record_outcome outcome)
{
    int64_t sum = 0;
    for (unsigned c = 0; c < CHANNELS; c++) {
        sum += status->stages[STATUS_INTAKE].records[c][outcome];
    }
    return sum;
}

static void everything_comes_out_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct setup *self = set_up(seed);
        struct intake_run *intake = intake_start(&self->world, "a");
        intake_assign_all(intake);
        for (unsigned i = 0; i < 6; i++) {
            say(self, 10);
            intake_turns(intake, 5, 100 * US_PER_MS);
        }
        check_heard(self, "once", 1);
        assert_int_equal(total_read(intake->status), EVENTS);
        assert_int_equal(total_of(intake->status, RECORD_APPLIED), EVENTS);
        intake_stop(intake);
        check_heard(self, "stopped", 1);
        tear_down(self);
    }
}

/* ---- transactions ---- */

static void counters_wait_for_the_commit(void **state)
{
    (void)state;
    struct setup *self = set_up(1);
    struct intake_run *intake = start_warm(self);
    say(self, 20);
    world_write(&self->world, "interactions.web", 0, span_text("k"), span_text("no frame"));
    intake_turns(intake, 5, 0);
    assert_int_equal(total_read(intake->status), 1);
    assert_int_equal(intake->status->deadletters[REASON_BAD_MAGIC], 0);
    intake_turns(intake, 1, INTERVAL);
    check_heard(self, "committed", 1);
    assert_int_equal(total_read(intake->status), 22);
    assert_int_equal(total_of(intake->status, RECORD_DEADLETTERED), 1);
    assert_int_equal(intake->status->deadletters[REASON_BAD_MAGIC], 1);
    intake_stop(intake);
    tear_down(self);
}

/* How a commit goes wrong, how often, and whether the process ends of it. */
static const struct {
    const char *name;
    enum fake_commit commit;
    unsigned times;
    bool ends;
} commits[] = {
    {"aborted once", COMMIT_ABORTED, 1, false},
    {"aborted four times", COMMIT_ABORTED, 4, false},
    {"unknown, was committed", COMMIT_UNKNOWN_DONE, 1, true},
    {"unknown, stays open", COMMIT_UNKNOWN_OPEN, 1, true},
};

static void a_commit_goes_wrong(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(commits); row++) {
        struct setup *self = set_up(row);
        struct intake_run *intake = intake_start(&self->world, "a");
        struct reason why;
        intake_assign_all(intake);
        say(self, 10);
        intake_turns(intake, 4, INTERVAL);
        say(self, 30);
        world_write(&self->world, "interactions.chat", 1, span_text("k"), span_text(""));
        for (unsigned i = 0; i < commits[row].times; i++) {
            virtual_clock_pass(&self->world.clock, INTERVAL);
            fake_sink_next(intake->sink, commits[row].commit);
            assert_int_equal(intake_step(intake, &why), commits[row].ends ? STOP : RETRY);
            assert_int_equal(total_read(intake->status), 10);
        }
        if (commits[row].ends) {
            intake_kill(intake);
            intake = intake_start(&self->world, "a");
            intake_assign_all(intake);
        }
        intake_turns(intake, 6, INTERVAL);
        check_heard(self, commits[row].name, 1);
        assert_int_equal(record_count(&self->world, "cx.deadletter"), 1);
        if (!commits[row].ends) {
            assert_int_equal(total_read(intake->status), 41);
        }
        intake_stop(intake);
        tear_down(self);
    }
}

static void the_older_of_two_with_one_name_is_fenced(void **state)
{
    (void)state;
    struct setup *self = set_up(1);
    struct intake_run *older = intake_start(&self->world, "a");
    struct reason why;
    intake_assign_all(older);
    say(self, 20);
    intake_turns(older, 1, 0);
    struct intake_run *newer = intake_start(&self->world, "a");
    virtual_clock_pass(&self->world.clock, INTERVAL);
    assert_int_equal(intake_step(older, &why), STOP);
    assert_int_equal(why.code, REASON_FENCED);
    assert_int_equal(total_read(older->status), 0);
    intake_kill(older);
    intake_assign_all(newer);
    intake_turns(newer, 4, INTERVAL);
    check_heard(self, "fenced", 1);
    intake_stop(newer);
    tear_down(self);
}

static void a_killed_one_leaves_nothing_behind(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct setup *self = set_up(seed);
        for (unsigned life = 0; life < 6; life++) {
            struct intake_run *intake = intake_start(&self->world, "a");
            intake_assign_all(intake);
            say(self, 10);
            intake_turns(intake, (unsigned)seeded_below(&self->world.random, 6), 100 * US_PER_MS);
            intake_kill(intake);
        }
        struct intake_run *last = intake_start(&self->world, "a");
        intake_assign_all(last);
        intake_turns(last, 4, INTERVAL);
        check_heard(self, "killed", 1);
        intake_stop(last);
        tear_down(self);
    }
}

static void a_stop_commits_what_was_read(void **state)
{
    (void)state;
    struct setup *self = set_up(1);
    struct intake_run *intake = intake_start(&self->world, "a");
    intake_assign_all(intake);
    say(self, 20);
    intake_turns(intake, 1, 0);
    intake_stop(intake);
    check_heard(self, "stopped", 1);
    struct intake_run *next = intake_start(&self->world, "a");
    intake_assign_all(next);
    intake_turns(next, 4, INTERVAL);
    check_heard(self, "went on", 1);
    assert_int_equal(total_read(next->status), 0);
    intake_stop(next);
    tear_down(self);
}

/* ---- partitions come and go ---- */

static void revoked_partitions_are_committed_first(void **state)
{
    (void)state;
    struct setup *self = set_up(1);
    struct intake_run *first = start_warm(self);
    struct intake_run *second = intake_start(&self->world, "b");
    say(self, 29);
    intake_turns(first, 5, 0);
    assert_int_equal(total_read(first->status), 1);
    for (uint32_t c = 0; c < CHANNELS; c++) {
        fake_source_revoke(first->source, c, 1);
    }
    intake_turns(first, 1, 0);
    for (uint32_t c = 0; c < CHANNELS; c++) {
        fake_source_assign(second->source, c, 1);
    }
    check_heard(self, "after", 1);
    say(self, 30);
    for (unsigned i = 0; i < 4; i++) {
        intake_turns(first, 1, INTERVAL);
        intake_turns(second, 1, 0);
    }
    check_heard(self, "both", 1);
    assert_int_equal(total_read(first->status) + total_read(second->status), 60);
    intake_stop(first);
    intake_stop(second);
    tear_down(self);
}

/* Whatever the commit inside the rebalance comes to, and however soon the next one is due. */
static const struct {
    const char *name;
    bool lost; /* else revoked, and its commit aborted */
    int64_t interval_us;
} drops[] = {
    {"revoked, aborted", false, INTERVAL},
    {"revoked, aborted, and the next commit is due at once", false, 0},
    {"lost", true, INTERVAL},
    {"lost, and a commit is due", true, 0},
};

static void what_a_rebalance_drops_is_read_again(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(drops); row++) {
        struct setup *self = set_up(row);
        struct intake_run *first = start_warm(self);
        struct intake_run *second = intake_start(&self->world, "b");
        say(self, 29);
        intake_turns(first, 5, 0);
        first->config.commit_interval = drops[row].interval_us;
        for (uint32_t c = 0; c < CHANNELS; c++) {
            (drops[row].lost ? fake_source_lose : fake_source_revoke)(first->source, c, 1);
        }
        fake_sink_next(first->sink, drops[row].lost ? COMMIT_DONE : COMMIT_ABORTED);
        say(self, 30); /* so that the poll with the rebalance hands records out too */
        intake_turns(first, 1, 0);
        for (uint32_t c = 0; c < CHANNELS; c++) {
            fake_source_assign(second->source, c, 1);
        }
        for (unsigned i = 0; i < 4; i++) {
            intake_turns(first, 1, INTERVAL);
            intake_turns(second, 1, 0);
        }
        check_heard(self, drops[row].name, 1);
        intake_stop(first);
        intake_stop(second);
        tear_down(self);
    }
}

/* Who has much left to read spends a twentieth of the time on commits, but waits a second at most. */
static void behind_commits_are_rare(void **state)
{
    (void)state;
    static const char *const few_at_a_time[] = {"signals.partitions=3", "intake.batch=4", NULL};
    static const struct {
        int64_t takes_us, rest_us;
    } rows[] = {{5 * US_PER_MS, INTERVAL}, {20 * US_PER_MS, 380 * US_PER_MS}, {90 * US_PER_MS, US_PER_SECOND}};
    for (size_t row = 0; row < COUNT(rows); row++) {
        struct setup *self = set_up_with(row, few_at_a_time);
        struct intake_run *intake = start_warm(self);
        fake_sink_takes(intake->sink, rows[row].takes_us);
        say(self, EVENTS - 1);
        intake_turns(intake, 1, INTERVAL);
        int64_t read = total_read(intake->status);
        assert_true(read > 1 && read < EVENTS / 2);
        intake_turns(intake, 1, rows[row].rest_us - US_PER_MS);
        assert_int_equal(total_read(intake->status), read);
        intake_turns(intake, 1, US_PER_MS);
        assert_true(total_read(intake->status) > read);
        intake_turns(intake, EVENTS, 0);
        assert_true(total_read(intake->status) < EVENTS); /* there is nothing more to read: as ever */
        intake_turns(intake, 1, INTERVAL);
        assert_int_equal(total_read(intake->status), EVENTS);
        check_heard(self, "behind", 1);
        intake_stop(intake);
        tear_down(self);
    }
}

static void a_zombie_commits_nothing(void **state)
{
    (void)state;
    struct setup *self = set_up(1);
    struct intake_run *zombie = intake_start(&self->world, "a");
    struct intake_run *heir = intake_start(&self->world, "b");
    intake_assign_all(zombie);
    say(self, 30);
    intake_turns(zombie, 1, 0);
    fake_source_expel(zombie->source);
    intake_assign_all(heir);
    intake_turns(heir, 4, INTERVAL);
    intake_turns(zombie, 2, INTERVAL);
    check_heard(self, "zombie", 1);
    assert_int_equal(total_read(zombie->status), 0);
    intake_stop(zombie);
    intake_stop(heir);
    tear_down(self);
}

static void a_position_below_the_log_is_told(void **state)
{
    (void)state;
    struct setup *self = set_up(1);
    struct intake_run *intake = intake_start(&self->world, "a");
    struct sample sample = {.agency = "tax", .service = "returns", .at_us = WORLD_BASE, .good = 1};
    for (unsigned i = 0; i < 10; i++) {
        snprintf(sample.id, sizeof sample.id, "%u", i);
        world_say(&self->world, &sample, 0);
    }
    fake_source_assign(intake->source, CHANNEL_WEB, 0);
    intake_turns(intake, 2, INTERVAL);
    intake_stop(intake);
    for (unsigned i = 10; i < 20; i++) {
        snprintf(sample.id, sizeof sample.id, "%u", i);
        world_say(&self->world, &sample, 0);
    }
    fake_kafka_trim(self->world.kafka, "interactions.web", 0, 14);
    intake = intake_start(&self->world, "a");
    fake_source_assign(intake->source, CHANNEL_WEB, 0);
    intake_turns(intake, 2, INTERVAL);
    assert_int_equal(intake->status->lost_records, 4);
    struct heard heard = hear(&self->world);
    assert_int_equal(heard.count, 16);
    free(heard.events);
    intake_stop(intake);
    tear_down(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_out_once),
        cmocka_unit_test(counters_wait_for_the_commit),
        cmocka_unit_test(a_commit_goes_wrong),
        cmocka_unit_test(the_older_of_two_with_one_name_is_fenced),
        cmocka_unit_test(a_killed_one_leaves_nothing_behind),
        cmocka_unit_test(a_stop_commits_what_was_read),
        cmocka_unit_test(revoked_partitions_are_committed_first),
        cmocka_unit_test(what_a_rebalance_drops_is_read_again),
        cmocka_unit_test(behind_commits_are_rare),
        cmocka_unit_test(a_zombie_commits_nothing),
        cmocka_unit_test(a_position_below_the_log_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
