/* sample.h - small interactions for tests of the stages: as data, as messages, and what they count.
 *
 * The messages are written under schemas of their own (ids SAMPLE_SCHEMA + channel), which have only a few of the
 * fields: what those say is enough to tell one event from another, and easily counted by hand. */
#ifndef SLIPSTREAM_TESTS_SAMPLE_H
#define SLIPSTREAM_TESTS_SAMPLE_H

#include "slipstream/model.h"

#define SAMPLE_SCHEMA 101u

struct sample {
    const char *agency, *service;
    char id[24];
    enum channel channel; /* of its topic */
    enum event_kind kind;
    int64_t at_us;
    bool retracts;
    int good;         /* web: completed, else: resolved; -1: not said */
    int satisfaction; /* 0: no survey */
};

/* The counters that a sample can touch. */
enum sample_counter {
    SAMPLE_EVENTS,
    SAMPLE_INTERACTIONS,
    SAMPLE_BAD,
    SAMPLE_GOOD,
    SAMPLE_REOPENED,
    SAMPLE_SURVEYED,
    SAMPLE_RATED, /* + rating - 1 */
    SAMPLE_COUNTERS = SAMPLE_RATED + 5,
};

/* Confluent framing, then Avro. Cleared first. */
void sample_encode(const struct sample *self, struct buffer *out);
/* The schema's text, or an empty span when the id is none of a sample's. */
struct span sample_schema(uint32_t id);
/* Adds what the sample counts, as DOMAIN describes it: written down by hand here. */
void sample_count(const struct sample *self, int64_t counts[SAMPLE_COUNTERS]);
/* The same counters, out of a cell's. */
void sample_counters_of(const int64_t counts[COUNTERS], enum channel channel, int64_t out[SAMPLE_COUNTERS]);

#endif
