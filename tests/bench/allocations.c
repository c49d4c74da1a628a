/* allocations.c - the path of an event through our own code, in one thread and without Kafka and Redis: how often it asks
 * for memory once it is warm, and what each step costs.
 *
 *   decode → check → signals → route → seal → read → fold
 *
 * The linker puts the counters below in front of the allocator (tests.cmake: --wrap), for our code and for all that is
 * linked statically. Events come as they do in a backlog: a stretch of one partition after the other, each in order, so
 * that many are older than others before them.
 *
 * What a step costs is asked of a busy hour, as of a backlog. How often it asks for memory is asked of days that come
 * after so many that every log of closed panes has reached its size, which takes nine weeks; those have a hundredth of
 * the events an hour, or it would take a quarter of an hour. Both are printed; the last word of the output is the
 * allocations an event, of the days. */
#include "counted_heap.h"
#include "incoming.h"
#include "interaction_writer.h"
#include "outgoing.h"
#include "slipstream/decode.h"
#include "slipstream/fold.h"
#include "traffic.h"

#include <stdlib.h>
#include <time.h>

#define PARTITIONS  16
#define STREAMS     16 /* partitions of the interaction topics */
#define STRETCH_MAX 8000 /* events that come of one of them at a time */
#define AHEAD       16   /* records that are read before the first of them is routed */
#define A_COMMIT    12 /* stretches: about a quarter of a second at full speed */

/* A hundredth of the events come in stretches of a hundredth, so that they are as late. */
struct volume {
    unsigned an_hour, stretch; /* events */
    unsigned warm_hours, hours;
};
static const struct volume busy = {2016000, 8000, 4, 1};
static const struct volume steady = {20160, 80, 66 * 24, 2 * 24};

#define IDS_MAX     262144 /* a partition; reached while it gets warm */

enum step { STEP_DECODE, STEP_ROUTE, STEP_SEAL, STEP_FOLD, STEPS };
static const char *const step_words[STEPS] = {"decode, check", "signals, route", "seal", "read, fold"};
struct cost {
    int64_t ns, allocations;
};

struct path {
    struct volume volume;
    struct visitor visitor;
    struct interaction_writer *writer;
    struct plan *plans[CHANNELS];
    struct outgoing outgoing;
    struct incoming incoming;
    struct fold *folds[PARTITIONS];
    struct buffer messages; /* a stretch, one after the other */
    size_t ends[STRETCH_MAX];
    struct interaction interactions[STRETCH_MAX];
    int64_t stream_us[STREAMS]; /* how far each has come */
    unsigned next_stream;
    int64_t applied;
    struct cost costs[STEPS];
    int64_t began_ns, allocations_before;
};

static void must(enum outcome outcome, const struct reason *why)
{
    if (outcome != DONE) {
        fprintf(stderr, "bench_allocations: %s: %s\n", reason_word(why->code), why->text);
        exit(1);
    }
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void begin(struct path *self)
{
    self->allocations_before = allocations;
    self->began_ns = now_ns();
}

static void end(struct path *self, enum step step)
{
    self->costs[step].ns += now_ns() - self->began_ns;
    self->costs[step].allocations += allocations - self->allocations_before;
}

/* What a producer would have sent: not part of what is measured. */
static void make_messages(struct path *self, unsigned stream)
{
    struct buffer message;
    buffer_init(&message, INTERACTION_MESSAGE_MAX);
    buffer_clear(&self->messages);
    for (size_t i = 0; i < self->volume.stretch; i++) {
        struct interaction it;
        struct reason why;
        visitor_next(&self->visitor, (enum channel)(stream % CHANNELS), SERVICES, self->stream_us[stream], &it);
        self->stream_us[stream] += US_PER_HOUR * STREAMS / self->volume.an_hour;
        must(interaction_writer_put(self->writer, &it, &message, &why), &why);
        buffer_bytes(&self->messages, message.data, message.size);
        self->ends[i] = self->messages.size;
    }
    buffer_done(&message);
}

static void decode_messages(struct path *self, unsigned stream, struct event_time now)
{
    const struct time_bounds bounds = {5 * US_PER_MINUTE, 63 * US_PER_DAY};
    size_t from = 0;
    for (size_t i = 0; i < self->volume.stretch; i++) {
        struct frame frame;
        struct reason why;
        struct span message = span_of(self->messages.data + from, self->ends[i] - from);
        must(frame_read(message, FRAMING_CONFLUENT, &frame, &why), &why);
        must(plan_run(self->plans[stream % CHANNELS], frame.body, &self->interactions[i], &why), &why);
        must(interaction_check(&self->interactions[i], &bounds, now, &why), &why);
        from = self->ends[i];
    }
}

static void route_interactions(struct path *self)
{
    struct signal_event events[AHEAD];
    uint64_t hashes[AHEAD];
    for (size_t i = 0; i < self->volume.stretch; i += AHEAD) { /* as intake does */
        const struct interaction *them = &self->interactions[i];
        for (size_t k = 0; k < AHEAD; k++) {
            uint64_t agency_hash = signals_of(&them[k], &events[k]);
            hashes[k] = outgoing_look_ahead(&self->outgoing, agency_hash, them[k].service);
        }
        for (size_t k = 0; k < AHEAD; k++) {
            outgoing_route(&self->outgoing, hashes[k], them[k].agency, them[k].service, &events[k]);
        }
    }
}

static void fold_message(struct path *self, const struct message *message)
{
    struct fold *fold = self->folds[message->partition];
    struct incoming *incoming = &self->incoming;
    struct fold_counts counts = {0};
    struct reason why;
    must(incoming_read(incoming, message->value, &why), &why);
    incoming_resolve(incoming, fold);
    fold_events(fold, incoming->events, incoming->count, incoming->reader.header.written_at, &counts);
    fold_settle(fold);
    for (unsigned c = 0; c < CHANNELS; c++) {
        self->applied += counts.results[c][FOLD_APPLIED];
    }
    fold_changes_taken(fold);
}

/* What intake and score do between two commits. */
static void run_commit(struct path *self)
{
    struct event_time now = {self->stream_us[0]};
    size_t count;
    for (unsigned i = 0; i < A_COMMIT; i++) {
        unsigned s = self->next_stream++ % STREAMS;
        make_messages(self, s);
        now.us = self->stream_us[s] > now.us ? self->stream_us[s] : now.us;
        begin(self);
        decode_messages(self, s, now);
        end(self, STEP_DECODE);
        begin(self);
        route_interactions(self);
        end(self, STEP_ROUTE);
    }
    begin(self);
    struct batch_header header = {.written_at = now, .instance = span_text("bench")};
    const struct message *messages = outgoing_seal(&self->outgoing, &header, &count);
    end(self, STEP_SEAL);
    begin(self);
    for (size_t i = 0; i < count; i++) {
        fold_message(self, &messages[i]);
    }
    end(self, STEP_FOLD);
    outgoing_clear(&self->outgoing);
}

static void run_hours(struct path *self, unsigned hours)
{
    for (unsigned passed = 0; passed < hours * self->volume.an_hour; passed += A_COMMIT * self->volume.stretch) {
        run_commit(self);
    }
}

static void path_init(struct path *self, const struct volume *volume)
{
    const uint32_t schema_ids[CHANNELS] = {1, 2, 3, 4};
    const struct fold_limits limits = {.ids_max = IDS_MAX, .horizon_us = US_PER_HOUR, .agencies_max = 4096,
                                       .services_max = 64};
    struct reason why;
    memset(self, 0, sizeof *self);
    self->volume = *volume;
    visitor_init(&self->visitor, 1, true);
    must(interaction_writer_open(schema_ids, &self->writer, &why), &why);
    for (unsigned c = 0; c < CHANNELS; c++) {
        must(plan_open(decode_reader_schema((enum channel)c), (enum channel)c, &self->plans[c], &why), &why);
    }
    outgoing_init(&self->outgoing, PARTITIONS, OUTGOING_SEAL_BYTES);
    incoming_init(&self->incoming);
    buffer_init(&self->messages, (size_t)STRETCH_MAX * INTERACTION_MESSAGE_MAX);
    for (unsigned p = 0; p < PARTITIONS; p++) {
        self->folds[p] = fold_open(&limits);
    }
    for (unsigned s = 0; s < STREAMS; s++) {
        self->stream_us[s] = system_clock.wall(&system_clock).us;
    }
}

static void path_done(struct path *self)
{
    for (unsigned p = 0; p < PARTITIONS; p++) {
        fold_close(self->folds[p]);
    }
    buffer_done(&self->messages);
    incoming_done(&self->incoming);
    outgoing_done(&self->outgoing);
    for (unsigned c = 0; c < CHANNELS; c++) {
        plan_close(self->plans[c]);
    }
    interaction_writer_close(self->writer);
}

/* Nothing is counted before it is warm. Returns how many events were. */
static double measure(struct path *self, const struct volume *volume)
{
    path_init(self, volume);
    run_hours(self, volume->warm_hours);
    memset(self->costs, 0, sizeof self->costs);
    self->applied = 0;
    run_hours(self, volume->hours);
    const int64_t events = (int64_t)volume->hours * volume->an_hour;
    if (self->applied != events) {
        fprintf(stderr, "bench_allocations: not every event was applied\n");
        exit(1);
    }
    path_done(self);
    return (double)events;
}

int main(void)
{
    static struct path path;
    static struct path later;
    const double events = measure(&path, &busy);
    const double events_later = measure(&later, &steady);
    int64_t together = 0;
    printf("%-16s%10s%18s%18s\n", "", "busy: ns", "busy: allocations", "later: allocations");
    for (unsigned s = 0; s < STEPS; s++) {
        printf("%-16s%10.0f%18.5f%18.5f\n", step_words[s], (double)path.costs[s].ns / events,
               (double)path.costs[s].allocations / events, (double)later.costs[s].allocations / events_later);
        together += later.costs[s].allocations;
    }
    printf("allocations an event %.5f\n", (double)together / events_later);
    return 0;
}
