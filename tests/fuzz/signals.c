/* signals.c - any bytes as a message of cx.signals: read, written anew, and folded in.
 *
 * The topic is private, but what is in it stays for months and is read by later releases: a batch that cannot be read
 * is passed over, and one that can means something, whoever wrote it. */
#include "fuzz.h"

#include "incoming.h"
#include "watch.h"

#include <stdlib.h>

const size_t fuzz_heap_max = (size_t)2 << 20; /* an event is 104 bytes, 56 on its way, and 19 of a message at least */

static struct incoming incoming;

/* What the reader says is in the message, event by event. */
static struct signal_event *events;
static size_t event_count;

void fuzz_set_up(void)
{
    incoming_init(&incoming);
}

/* ---- reading ---- */

static void check_event(const struct batch_reader *reader, const struct signal_event *event)
{
    uint16_t counters[EVENT_COUNTERS_MAX];
    CHECK(event->agency < reader->agency_count && event->service < reader->service_count);
    CHECK(event->channel < CHANNELS && event->kind < EVENT_KINDS && event->transfers >= -1);
    CHECK((event->outcomes_yes & ~event->outcomes_known) == 0 && event->outcomes_known < 1u << OUTCOMES);
    for (unsigned i = 0; i < RATINGS; i++) {
        CHECK((event->ratings >> (3 * i) & 7) <= 5);
    }
    for (unsigned i = 0; i < DURATIONS; i++) {
        CHECK(event->duration_ms[i] >= 0 || event->duration_ms[i] == ABSENT);
    }
    size_t count = signals_counters(event, counters);
    CHECK(count <= EVENT_COUNTERS_MAX);
    for (size_t i = 0; i < count; i++) {
        CHECK(counters[i] < COUNTERS);
    }
}

static void check_names(const struct batch_reader *reader)
{
    for (uint32_t i = 0; i < reader->agency_count + reader->service_count; i++) {
        struct span name = reader->names[i];
        CHECK(name.size > 0 && name.size <= ID_SIZE_MAX && span_is_text(name));
    }
    CHECK(reader->header.source_count <= SIGNAL_BATCH_SOURCES_MAX);
    CHECK(reader->header.progress_count <= SIGNAL_BATCH_PROGRESS_MAX);
    for (size_t i = 0; i < reader->header.progress_count; i++) {
        CHECK(reader->header.progress[i].topic < reader->header.source_count);
        CHECK(reader->header.progress[i].partition >= 0);
    }
}

static void keep_event(const struct signal_event *event)
{
    events = realloc(events, (event_count + 1) * sizeof *events);
    CHECK(events);
    events[event_count++] = *event;
}

static void drop_events(void)
{
    free(events);
    events = NULL;
    event_count = 0;
}

/* Event by event, as many as can be read. Whether all of it could. */
static bool read_all(struct span message)
{
    struct batch_reader reader;
    struct reason why = {0};
    bool more = true;
    batch_reader_init(&reader);
    enum outcome outcome = batch_reader_open(&reader, message, &why);
    if (outcome == DONE) {
        check_names(&reader);
    }
    while (outcome == DONE && more) {
        struct signal_event event;
        outcome = batch_reader_next(&reader, &event, &more, &why);
        if (outcome == DONE && more) {
            check_event(&reader, &event);
            keep_event(&event);
        }
    }
    CHECK(outcome == DONE || (outcome == SKIP && fuzz_says_why(&why)));
    batch_reader_done(&reader);
    return outcome == DONE;
}

/* ---- written anew ---- */

/* Event times are written as differences from the first: intake's are from within some weeks. */
static bool has_writable_times(void)
{
    for (size_t i = 0; i < incoming.count; i++) {
        int64_t difference;
        if (__builtin_sub_overflow(events[i].at_us, events[0].at_us, &difference)) {
            return false;
        }
    }
    return true;
}

static void write_anew(struct batch_writer *writer, struct buffer *message)
{
    const struct batch_reader *reader = &incoming.reader;
    for (uint32_t i = 0; i < reader->agency_count; i++) {
        CHECK(batch_writer_agency(writer, batch_reader_agency(reader, i)) == i);
    }
    for (uint32_t i = 0; i < reader->service_count; i++) {
        CHECK(batch_writer_service(writer, batch_reader_service(reader, i)) == i);
    }
    for (size_t i = 0; i < incoming.count; i++) {
        batch_writer_event(writer, &events[i]);
    }
    batch_writer_seal(writer, &reader->header, message);
}

static bool same_events(const struct signal_event *a, const struct signal_event *b)
{
    return a->at_us == b->at_us && a->id == b->id && a->agency == b->agency && a->service == b->service &&
           a->channel == b->channel && a->kind == b->kind && a->retracts == b->retracts &&
           a->outcomes_known == b->outcomes_known && a->outcomes_yes == b->outcomes_yes && a->ratings == b->ratings &&
           a->transfers == b->transfers && memcmp(a->duration_ms, b->duration_ms, sizeof a->duration_ms) == 0;
}

static void check_same_header(const struct batch_header *a, const struct batch_header *b)
{
    CHECK(a->written_at.us == b->written_at.us && span_equal(a->instance, b->instance));
    CHECK(a->source_count == b->source_count && a->progress_count == b->progress_count);
    for (size_t i = 0; i < a->source_count; i++) {
        CHECK(span_equal(a->sources[i].name, b->sources[i].name) &&
              a->sources[i].partitions == b->sources[i].partitions);
    }
    for (size_t i = 0; i < a->progress_count; i++) {
        const struct source_progress *left = &a->progress[i];
        const struct source_progress *right = &b->progress[i];
        CHECK(left->topic == right->topic && left->partition == right->partition && left->position == right->position &&
              left->stable_offset == right->stable_offset && left->at_us == right->at_us);
    }
}

static void check_same(struct span message)
{
    struct batch_reader reader;
    struct signal_event event;
    struct reason why;
    bool more;
    batch_reader_init(&reader);
    CHECK(batch_reader_open(&reader, message, &why) == DONE);
    check_same_header(&reader.header, &incoming.reader.header);
    CHECK(reader.agency_count == incoming.reader.agency_count);
    CHECK(reader.service_count == incoming.reader.service_count);
    for (uint32_t i = 0; i < reader.agency_count + reader.service_count; i++) {
        CHECK(span_equal(reader.names[i], incoming.reader.names[i]));
    }
    for (size_t i = 0; i < incoming.count; i++) {
        CHECK(batch_reader_next(&reader, &event, &more, &why) == DONE && more);
        CHECK(same_events(&event, &events[i]));
    }
    CHECK(batch_reader_next(&reader, &event, &more, &why) == DONE && !more);
    batch_reader_done(&reader);
}

/* Read, written and read again is what was read. */
static void check_written_anew(void)
{
    struct batch_writer writer;
    struct buffer message;
    batch_writer_init(&writer);
    buffer_init(&message, SIGNAL_BATCH_SIZE_MAX);
    write_anew(&writer, &message);
    CHECK(!message.overflow);
    check_same(buffer_as_span(&message));
    batch_writer_done(&writer);
    buffer_done(&message);
}

/* ---- folding ---- */

static int64_t days_spanned(void)
{
    int64_t first = INT64_MAX;
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < incoming.count; i++) {
        int64_t day = time_floor(events[i].at_us, US_PER_DAY);
        first = day < first ? day : first;
        last = day > last ? day : last;
    }
    return incoming.count > 0 ? last - first : 0;
}

/* Each event is applied, late or a duplicate; the counts of all cells come to those applied, as long as none is so much
 * older than another that it is forgotten by then. */
static void fold_in(void)
{
    const int64_t days_kept = 60;
    const struct fold_limits limits = {.ids_max = 64, .horizon_us = US_PER_HOUR, .agencies_max = 3, .services_max = 2};
    struct event_time arrived = incoming.reader.header.written_at;
    struct fold *fold = fold_open(&limits);
    int64_t counted = 0;
    int64_t expected = 0;
    incoming_resolve(&incoming, fold);
    for (size_t i = 0; i < incoming.count; i++) {
        struct fold_counts counts = {0};
        CHECK(incoming.events[i].id == events[i].id && incoming.events[i].marks.at_us == events[i].at_us);
        fold_events(fold, &incoming.events[i], 1, arrived, &counts);
        const int64_t *results = counts.results[events[i].channel];
        CHECK(results[FOLD_APPLIED] + results[FOLD_DUPLICATE] + results[FOLD_LATE] == 1);
        expected += results[FOLD_APPLIED] ? (events[i].retracts ? -1 : 1) : 0;
    }
    fold_settle(fold);
    CHECK(fold_agency_count(fold) <= limits.agencies_max + 1 && fold_id_count(fold) <= limits.ids_max);
    for (uint32_t i = 0; i < fold_cell_count(fold); i++) {
        int64_t sums[COUNTERS] = {0};
        cell_sum(&fold_cell_at(fold, i)->cell, PANE_SIX_HOURS, INT64_MIN, INT64_MAX, sums);
        counted += sums[COUNTER_EVENTS];
    }
    CHECK(fold_as_of(fold).us <= arrived.us || incoming.count == 0);
    CHECK(counted == expected || days_spanned() > days_kept);
    fold_close(fold);
}

static void tell(void)
{
    const struct event_time now = {INT64_C(1795339800000000)};
    struct watch watch;
    watch_init(&watch);
    watch_tell(&watch, &incoming.reader.header);
    watch_tell(&watch, &incoming.reader.header);
    CHECK(watch_complete_until(&watch, now).us <= now.us);
    watch_done(&watch);
}

void fuzz_one(struct span input)
{
    struct reason why = {0};
    bool is_whole = read_all(input);
    CHECK((incoming_read(&incoming, input, &why) == DONE) == is_whole);
    if (!is_whole) {
        drop_events();
        return;
    }
    CHECK(incoming.count == event_count);
    if (has_writable_times()) {
        check_written_anew();
    }
    tell();
    fold_in();
    /* What a batch needed is not kept for the next one here, so that each is measured by itself. */
    incoming_done(&incoming);
    incoming_init(&incoming);
    drop_events();
}
