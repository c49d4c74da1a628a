/* letters.c - walks over dead letters. */
#include "letters.h"

#include "command.h"
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH   1000
#define WAIT_US (US_PER_SECOND / 5)

/* Which offsets of a partition were replayed: a bit each. */
struct marks {
    int64_t low, high;
    uint8_t *bits;
};

struct letters {
    struct letter_filter filter;
    struct reader *reader;
    struct marks *marks; /* by position in the reader's ranges */
    const struct reader_range *ranges;
    size_t range_count;
    struct record_batch batch;
    size_t at; /* in batch */
    bool ended;
    struct dead_letter_reader letter_reader;
    struct found_letter found;
    size_t seen, unreadable;
    struct progress progress;
};

static struct marks *marks_of(struct letters *self, int32_t partition)
{
    for (size_t p = 0; p < self->range_count; p++) {
        if (self->ranges[p].partition == partition) {
            return &self->marks[p];
        }
    }
    ASSERT(!"a partition that is read");
    return NULL;
}

static void mark(void *context, int64_t offset)
{
    struct marks *marks = context;
    if (offset >= marks->low && offset < marks->high) { /* before what is read: nobody asks */
        marks->bits[(offset - marks->low) / 8] |= (uint8_t)(1u << (offset - marks->low) % 8);
    }
}

static bool is_marked(const struct marks *marks, int64_t offset)
{
    return marks->bits[(offset - marks->low) / 8] >> (offset - marks->low) % 8 & 1;
}

static enum outcome make_marks(struct letters *self, struct reason *why)
{
    int64_t offsets = 0;
    self->ranges = kafka_reader_ranges(self->reader, &self->range_count);
    self->marks = calloc(self->range_count ? self->range_count : 1, sizeof *self->marks);
    ASSERT(self->marks);
    for (size_t p = 0; p < self->range_count; p++) {
        const struct reader_range *range = &self->ranges[p];
        offsets += range->high - range->low;
        if (offsets > LETTER_OFFSETS_MAX) {
            return FAIL(why, STOP, REASON_FULL, "more than %lld offsets to read: begin later, with --since",
                        (long long)LETTER_OFFSETS_MAX);
        }
        self->marks[p] = (struct marks){range->low, range->high, calloc((size_t)(range->high - range->low) / 8 + 1, 1)};
        ASSERT(self->marks[p].bits);
    }
    return DONE;
}

static enum outcome read_batch(struct letters *self, const char *doing, struct reason *why)
{
    if (signals_stop()) {
        return FAIL(why, STOP, REASON_ABORTED, "asked to stop");
    }
    self->at = 0;
    TRY(kafka_reader_read(self->reader, WAIT_US, &self->batch, &self->ended, why));
    self->seen += self->batch.count;
    if (progress_is_due(&self->progress, system_clock.mono(&system_clock))) {
        fprintf(stderr, "%s: %zu messages", doing, self->seen);
        fflush(stderr);
    }
    return DONE;
}

/* What was replayed, of all that is read. */
static enum outcome read_marks(struct letters *self, struct reason *why)
{
    while (!self->ended) {
        TRY(read_batch(self, "looking for what was replayed", why));
        for (size_t i = 0; i < self->batch.count; i++) {
            const struct record *record = &self->batch.records[i];
            if (is_dead_letters_replayed(record->value) &&
                dead_letters_replayed_read(record->value, mark, marks_of(self, record->partition), why) != DONE) {
                return FAIL(why, STOP, REASON_BAD_STATE,
                            "what was replayed cannot be told: the record at %d:%lld is of another version, or damaged",
                            (int)record->partition, (long long)record->offset);
            }
        }
    }
    self->ended = false;
    self->batch.count = 0;
    self->seen = 0;
    return kafka_reader_rewind(self->reader, why);
}

enum outcome letters_open(const struct kafka_settings *kafka, const char *topic, const struct letter_filter *filter,
                          struct letters **letters, struct reason *why)
{
    struct letters *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->filter = *filter;
    dead_letter_reader_init(&self->letter_reader);
    progress_init(&self->progress, system_clock.mono(&system_clock));
    const struct letter_place *only = filter->place_count == 1 ? &filter->places[0] : NULL;
    const struct reader_settings settings = {
        .kafka = *kafka,
        .topic = topic,
        .since_us = filter->since.us,
        .partition = only ? only->partition : -1,
        .offset = only ? only->offset : 0,
        .batch_max = BATCH,
    };
    enum outcome outcome = kafka_reader_open(&settings, &self->reader, why);
    if (outcome == DONE) {
        outcome = make_marks(self, why);
    }
    if (outcome == DONE) {
        outcome = read_marks(self, why);
    }
    if (outcome != DONE) {
        letters_close(self);
        return outcome;
    }
    *letters = self;
    return DONE;
}

/* Whether the record is a letter that the filter wants. */
static bool letters_take(struct letters *self, const struct record *record)
{
    struct found_letter *found = &self->found;
    struct reason why;
    if (is_dead_letters_replayed(record->value)) {
        return false;
    }
    if (dead_letter_read(&self->letter_reader, record->value, &found->letter, &why) != DONE) {
        self->unreadable++;
        return false;
    }
    found->place = (struct letter_place){record->partition, record->offset};
    found->at.us = record->timestamp_us;
    found->is_replayed = is_marked(marks_of(self, record->partition), record->offset);
    return letter_filter_wants(&self->filter, found);
}

enum outcome letters_next(struct letters *self, const struct found_letter **found, struct reason *why)
{
    for (;;) {
        while (self->at < self->batch.count) {
            if (letters_take(self, &self->batch.records[self->at++])) {
                *found = &self->found;
                return DONE;
            }
        }
        if (self->ended) {
            progress_clear(&self->progress);
            *found = NULL;
            return DONE;
        }
        TRY(read_batch(self, "reading dead letters", why));
    }
}

size_t letters_unreadable(const struct letters *self)
{
    return self->unreadable;
}

void letters_close(struct letters *self)
{
    if (!self) {
        return;
    }
    progress_clear(&self->progress);
    for (size_t p = 0; self->marks && p < self->range_count; p++) {
        free(self->marks[p].bits);
    }
    free(self->marks);
    kafka_reader_close(self->reader);
    dead_letter_reader_done(&self->letter_reader);
    free(self);
}
