/* simulate_signals.c - the messages of cx.signals become events, and their time passes. */
#include "simulate_signals.h"

#include "command.h"
#include "progress.h"

#include <stdlib.h>

#define BATCH   1000
#define WAIT_US (US_PER_SECOND / 5)

struct signals_passing {
    struct passing passing;
    struct batch_reader reader;
    struct signal_event *events; /* of the message at hand */
    size_t count, capacity;
    struct event_time as_of; /* INT64_MIN: nothing has come yet */
    struct signals_counts *counts;
};

struct signals_passing *signals_passing_open(const struct signals_settings *settings, struct signals_counts *counts)
{
    struct signals_passing *self = calloc(1, sizeof *self);
    ASSERT(self);
    struct passing_settings passing = settings->passing;
    passing.counts_events = true;
    passing_open(&self->passing, &passing, &settings->limits);
    batch_reader_init(&self->reader);
    self->as_of.us = INT64_MIN;
    self->counts = counts;
    return self;
}

void signals_passing_close(struct signals_passing *self)
{
    if (!self) {
        return;
    }
    passing_close(&self->passing);
    batch_reader_done(&self->reader);
    free(self->events);
    free(self);
}

/* ---- events ---- */

/* Whatever is before the minute is in by now: those between are looked at, one after another. */
static void reach(struct signals_passing *self, int64_t minute_us)
{
    if (self->as_of.us == INT64_MIN) {
        self->as_of.us = minute_us;
        passing_begin(&self->passing, self->as_of);
    }
    while (self->as_of.us < minute_us && !signals_stop()) {
        self->as_of.us += US_PER_MINUTE;
        fold_settle(self->passing.fold);
        fold_advance(self->passing.fold, self->as_of);
        passing_minute(&self->passing, self->as_of);
    }
}

static void take_event(struct signals_passing *self, const struct signal_event *event)
{
    struct fold *fold = self->passing.fold;
    struct fold_counts counts = {0};
    reach(self, time_floor(event->at_us, US_PER_MINUTE) * US_PER_MINUTE);
    uint32_t agency = fold_agency(fold, batch_reader_agency(&self->reader, event->agency));
    uint32_t service = fold_service(fold, agency, batch_reader_service(&self->reader, event->service));
    uint32_t cell = fold_cell(fold, agency, service, event->channel);
    struct fold_entry entry;
    fold_entry_set(&entry, event, cell);
    fold_events(fold, &entry, 1, self->reader.header.written_at, &counts);
    if (counts.results[event->channel][FOLD_APPLIED]) {
        passing_count(&self->passing, agency, event);
    }
    self->counts->events++;
    self->counts->duplicates += counts.results[event->channel][FOLD_DUPLICATE];
    self->counts->late += counts.results[event->channel][FOLD_LATE];
}

static void room_for_one(struct signals_passing *self)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? 2 * self->capacity : 256;
        self->events = realloc(self->events, self->capacity * sizeof *self->events);
        ASSERT(self->events);
    }
}

/* All of a message, before any of it is used. */
static bool read_message(struct signals_passing *self, struct span message)
{
    struct reason why;
    bool more = true;
    self->count = 0;
    enum outcome read = batch_reader_open(&self->reader, message, &why);
    while (read == DONE && more) {
        room_for_one(self);
        read = batch_reader_next(&self->reader, &self->events[self->count], &more, &why);
        self->count += read == DONE && more;
    }
    return read == DONE;
}

void signals_passing_message(struct signals_passing *self, struct span message)
{
    if (!read_message(self, message)) {
        self->counts->unreadable++;
        return;
    }
    for (size_t i = 0; i < self->count && !signals_stop(); i++) {
        take_event(self, &self->events[i]);
    }
}

void signals_passing_end(struct signals_passing *self)
{
    if (self->as_of.us != INT64_MIN) {
        reach(self, self->as_of.us + US_PER_MINUTE);
        passing_end(&self->passing, self->as_of);
    }
}

/* ---- the topic ---- */

static enum outcome pass_records(struct signals_passing *self, struct reader *reader, int32_t partition,
                                 struct progress *progress, struct reason *why)
{
    struct record_batch batch;
    for (bool ended = false; !ended;) {
        TRY(kafka_reader_read(reader, WAIT_US, &batch, &ended, why));
        for (size_t i = 0; i < batch.count; i++) {
            signals_passing_message(self, batch.records[i].value);
        }
        if (signals_stop()) {
            return FAIL(why, STOP, REASON_ABORTED, "asked to stop");
        }
        if (progress_is_due(progress, system_clock.mono(&system_clock))) {
            fprintf(stderr, "partition %d: %lld events so far", (int)partition, (long long)self->counts->events);
            fflush(stderr);
        }
    }
    signals_passing_end(self);
    return DONE;
}

static enum outcome pass_partition(const struct signals_settings *settings, const struct reader_range *range,
                                   struct progress *progress, struct signals_counts *counts, struct reason *why)
{
    const struct reader_settings only = {.kafka = settings->kafka,
                                         .topic = settings->topic,
                                         .partition = range->partition,
                                         .offset = range->low,
                                         .batch_max = BATCH};
    struct reader *reader;
    TRY(kafka_reader_open(&only, &reader, why));
    struct signals_passing *self = signals_passing_open(settings, counts);
    enum outcome passed = pass_records(self, reader, range->partition, progress, why);
    progress_clear(progress);
    signals_passing_close(self);
    kafka_reader_close(reader);
    return passed;
}

enum outcome simulate_signals(const struct signals_settings *settings, struct signals_counts *counts,
                              struct reason *why)
{
    const struct reader_settings all = {
        .kafka = settings->kafka, .topic = settings->topic, .partition = -1, .batch_max = BATCH};
    struct progress progress;
    struct reader *reader;
    size_t count;
    *counts = (struct signals_counts){0};
    progress_init(&progress, system_clock.mono(&system_clock));
    TRY(kafka_reader_open(&all, &reader, why));
    const struct reader_range *ranges = kafka_reader_ranges(reader, &count);
    enum outcome passed = DONE;
    for (size_t p = 0; p < count && passed == DONE; p++) {
        if (ranges[p].low < ranges[p].high) {
            passed = pass_partition(settings, &ranges[p], &progress, counts, why);
        }
    }
    kafka_reader_close(reader);
    return passed;
}
