/* score_setup.h - for tests of the second stage: two partitions, an agency on each, and batches of samples written
 * straight to cx.signals. What was said is counted here, with a list of ids against copies. */
#ifndef SLIPSTREAM_TESTS_SCORE_SETUP_H
#define SLIPSTREAM_TESTS_SCORE_SETUP_H

#include "published.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define PARTITIONS  2
#define SAID_MAX    4096
#define SECOND      US_PER_SECOND

struct score_setup {
    struct world world;
    struct score_run *score;
    const char *agencies[PARTITIONS];
    int64_t expected[PARTITIONS][SAMPLE_COUNTERS];
    unsigned ids;
};

static inline struct score_setup *score_set_up(uint64_t seed, const char *const *more)
{
    static const char *const names[] = {"tax", "parks", "benefits", "customs", "health"};
    const char *overrides[8] = {"signals.partitions=2"};
    for (size_t i = 0; more && more[i]; i++) {
        overrides[i + 1] = more[i];
    }
    struct score_setup *self = calloc(1, sizeof *self);
    assert_non_null(self);
    world_open(&self->world, seed, 1, overrides);
    for (size_t i = 0; i < COUNT(names); i++) {
        int32_t partition = partition_of(span_text(names[i]), PARTITIONS);
        self->agencies[partition] = self->agencies[partition] ? self->agencies[partition] : names[i];
    }
    assert_true(self->agencies[0] && self->agencies[1]);
    return self;
}

static inline void score_tear_down(struct score_setup *self)
{
    world_close(&self->world);
    free(self);
}

static inline void start_score(struct score_setup *self)
{
    self->score = score_start(&self->world, "a");
    score_assign_all(self->score);
}

/* A sample of a partition's agency that has not been said yet, now. */
static inline struct sample new_sample(struct score_setup *self, int32_t partition)
{
    struct sample sample = {
        .agency = self->agencies[partition],
        .service = "returns",
        .channel = CHANNEL_PHONE,
        .kind = EVENT_INTERACTION,
        .at_us = self->world.clock.wall_us,
        .good = 1,
    };
    snprintf(sample.id, sizeof sample.id, "id-%u", self->ids++);
    return sample;
}

static inline void expect(struct score_setup *self, const struct sample *sample)
{
    sample_count(sample, self->expected[partition_of(span_text(sample->agency), PARTITIONS)]);
}

/* So many new samples in a batch on a partition, counted as expected. */
static inline void say(struct score_setup *self, int32_t partition, size_t count, enum progress_told told)
{
    struct sample samples[512];
    assert_true(count <= COUNT(samples));
    for (size_t i = 0; i < count; i++) {
        samples[i] = new_sample(self, partition);
        samples[i].good = (int)seeded_below(&self->world.random, 3) - 1;
        samples[i].satisfaction = (int)seeded_below(&self->world.random, 6);
        samples[i].retracts = seeded_one_in(&self->world.random, 6);
        expect(self, &samples[i]);
    }
    world_batch(&self->world, partition, samples, count, told);
}

/* Live for so many seconds, with progress every five, and no events. */
static inline void idle(struct score_setup *self, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i += 5) {
        world_batch(&self->world, 0, NULL, 0, TELLS_CAUGHT_UP);
        world_batch(&self->world, 1, NULL, 0, TELLS_CAUGHT_UP);
        score_turns(self->score, 5, SECOND);
    }
}

/* What is stored equals what was said. */
static inline void check_stored(struct score_setup *self, const char *name)
{
    for (int32_t p = 0; p < PARTITIONS; p++) {
        int64_t counts[COUNTERS];
        int64_t got[SAMPLE_COUNTERS];
        (void)stored_counts(&self->world, self->agencies[p], "returns", CHANNEL_PHONE, counts);
        sample_counters_of(counts, CHANNEL_PHONE, got);
        for (unsigned i = 0; i < SAMPLE_COUNTERS; i++) {
            if (got[i] != self->expected[p][i]) {
                fail_msg("%s: partition %d, counter %u: %lld, not %lld", name, p, i, (long long)got[i],
                         (long long)self->expected[p][i]);
            }
        }
    }
}

static inline size_t published_count(struct score_setup *self)
{
    const struct config *config = &self->world.config;
    return record_count(&self->world, config->topic_aggregates) + record_count(&self->world, config->topic_scores) +
           record_count(&self->world, config->topic_alerts);
}

static inline int64_t score_total(const struct score_run *score, enum record_outcome outcome)
{
    int64_t sum = 0;
    for (unsigned c = 0; c < CHANNELS; c++) {
        sum += score->status->stages[STATUS_SCORE].records[c][outcome];
    }
    return sum;
}

#endif
