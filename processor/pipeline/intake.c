/* intake.c - the first stage: interactions in, signals out, one Kafka transaction at a time. */
#include "decoders.h"
#include "outgoing.h"
#include "pace.h"

#include "slipstream/pipeline.h"

#include <stdlib.h>

#define IDLE_COMMIT_US      (5 * US_PER_SECOND) /* progress is told this often when nothing comes */
#define SENT_COMMIT_US      (2 * US_PER_SECOND) /* of what was sent ahead: well before it times out */
#define COMMIT_REST_MOST_US US_PER_SECOND
#define POSITIONS_MAX       SIGNAL_BATCH_PROGRESS_MAX
#define HELD_MAX            1024 /* beyond it all partitions wait */

/* What a transaction will have done, added to the status when it has. */
struct intake_counts {
    int64_t read[CHANNELS];
    int64_t records[CHANNELS][RECORD_OUTCOMES];
    int64_t deadletters[REASON_COUNT];
};

/* A partition whose next records need a schema that the registry does not hand out: it waits, the others go on. */
struct held {
    uint32_t topic;
    int32_t partition;
    int64_t offset; /* committed so far */
    struct schema_ref awaited;
};

struct intake {
    struct intake_settings settings;
    struct source *source;
    struct sink *sink;
    struct decoders decoders;
    struct outgoing outgoing;
    struct intake_counts counts;
    struct time_bounds bounds;
    const char *topics[CHANNELS];
    struct mono_time last_commit;
    int64_t commit_us; /* how long that took */
    bool behind;       /* more was left to read then than had been read since the one before, and there is still more */
    bool must_rewind;  /* an assignment was lost, or a commit failed inside a rebalance */
    struct held held[HELD_MAX];
    size_t held_count;
    struct source_position positions[POSITIONS_MAX];
    struct source_progress progress[POSITIONS_MAX];
};

struct intake *intake_open(const struct intake_settings *settings)
{
    const struct config *config = settings->config;
    const struct pane_shape *longest = &pane_shapes[PANE_SIX_HOURS];
    struct intake *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->settings = *settings;
    self->bounds = (struct time_bounds){5 * US_PER_MINUTE, longest->kept * longest->length_us};
    self->topics[CHANNEL_WEB] = config->topic_web;
    self->topics[CHANNEL_PHONE] = config->topic_phone;
    self->topics[CHANNEL_OFFICE] = config->topic_office;
    self->topics[CHANNEL_CHAT] = config->topic_chat;
    self->last_commit = settings->clock->mono(settings->clock);
    decoders_init(&self->decoders, settings->registry, config);
    outgoing_init(&self->outgoing, (int32_t)config->signals_partitions,
                  settings->seal_bytes ? settings->seal_bytes : OUTGOING_SEAL_BYTES);
    outgoing_set_scoring(&self->outgoing, settings->scoring);
    return self;
}

void intake_connect(struct intake *self, struct source *source, struct sink *sink)
{
    self->source = source;
    self->sink = sink;
    decoders_connect(&self->decoders, source);
}

void intake_set_scoring(struct intake *self, const struct scoring *scoring)
{
    self->settings.scoring = scoring;
    outgoing_set_scoring(&self->outgoing, scoring);
}

void intake_close(struct intake *self)
{
    if (!self) {
        return;
    }
    decoders_done(&self->decoders);
    outgoing_done(&self->outgoing);
    free(self);
}

static struct stage_status *status_of(struct intake *self)
{
    return &self->settings.status->stages[STATUS_INTAKE];
}

static void begin_interval(struct intake *self)
{
    outgoing_clear(&self->outgoing);
    memset(&self->counts, 0, sizeof self->counts);
}

/* As if nothing of it had been read. What was sent ahead is taken back: should that fail, the next commit says so. */
static void forget_interval(struct intake *self)
{
    begin_interval(self);
    self->sink->ops->forget(self->sink);
}

static void tell_counts(struct intake *self)
{
    struct stage_status *status = status_of(self);
    for (unsigned c = 0; c < CHANNELS; c++) {
        status->read[c] += self->counts.read[c];
        for (unsigned o = 0; o < RECORD_OUTCOMES; o++) {
            status->records[c][o] += self->counts.records[c][o];
        }
    }
    for (unsigned r = 0; r < REASON_COUNT; r++) {
        self->settings.status->deadletters[r] += self->counts.deadletters[r];
    }
}

/* ---- a record ---- */

static void count_dead_letter(struct intake *self, const struct record *record, int64_t schema_id,
                              const struct reason *why)
{
    struct message_header headers[DEAD_LETTER_HEADERS_MAX + 1]; /* one more than are kept, to know that there are */
    struct dead_letter letter = {
        .topic = span_text(self->topics[record->topic]),
        .partition = record->partition,
        .offset = record->offset,
        .timestamp_ms = record->timestamp_us >= 0 ? record->timestamp_us / US_PER_MS : ABSENT,
        .reason = span_text(reason_word(why->code)),
        .detail = span_text(why->text),
        .schema_id = schema_id,
        .key = record->key,
        .value = record->value,
        .headers = headers,
        .header_count = self->source->ops->headers(self->source, record, headers, DEAD_LETTER_HEADERS_MAX + 1),
        .version = span_text(SLIPSTREAM_VERSION),
        .is_whole = true,
    };
    outgoing_dead_letter(&self->outgoing, &letter);
    self->counts.records[record->topic][RECORD_DEADLETTERED]++;
    self->counts.deadletters[why->code]++;
}

/* What a record said, on its way to the partition of its agency. The names lie in the record. */
struct routed {
    struct signal_event event;
    struct span agency, service;
    uint64_t hash;
};

/* A record never stops the stream: it is to be routed or dead-lettered. Only RETRY does, when its schema cannot be had.
 * *count grows by what is to be routed. */
static enum outcome intake_record(struct intake *self, const struct record *record, struct event_time wall,
                                  struct mono_time now, struct routed *routed, size_t *count, struct reason *why)
{
    struct interaction interaction;
    int64_t schema_id;
    enum channel channel = (enum channel)record->topic;
    enum outcome decoded = decoders_decode(&self->decoders, record, channel, now, &interaction, &schema_id, why);
    if (decoded == DONE) {
        decoded = interaction_check(&interaction, &self->bounds, wall, why);
    }
    if (decoded == SKIP) {
        count_dead_letter(self, record, schema_id, why);
    } else if (decoded == DONE) {
        uint64_t agency_hash = signals_of(&interaction, &routed->event);
        routed->agency = interaction.agency;
        routed->service = interaction.service;
        routed->hash = outgoing_look_ahead(&self->outgoing, agency_hash, interaction.service);
        self->counts.records[channel][RECORD_APPLIED]++;
        *count += 1;
    } else {
        return decoded;
    }
    self->counts.read[channel]++;
    return DONE;
}

/* A few records are read before the first of them is routed, which needs memory far away. *failed is the one whose
 * schema cannot be had, when it is not DONE. */
#define RECORDS_AHEAD 16
static enum outcome intake_records(struct intake *self, const struct record_batch *batch, struct mono_time now,
                                   const struct record **failed, struct reason *why)
{
    struct routed routed[RECORDS_AHEAD];
    struct event_time wall = self->outgoing.written_at;
    for (size_t i = 0; i < batch->count;) {
        size_t count = 0;
        for (size_t end = i + RECORDS_AHEAD; i < end && i < batch->count; i++) {
            *failed = &batch->records[i];
            TRY(intake_record(self, &batch->records[i], wall, now, &routed[count], &count, why));
        }
        for (size_t r = 0; r < count; r++) {
            outgoing_route(&self->outgoing, routed[r].hash, routed[r].agency, routed[r].service, &routed[r].event);
        }
    }
    return DONE;
}

/* ---- a transaction ---- */

/* How far every partition of ours has been read, for score to know whether silence is an agency's or ours. */
static size_t tell_progress(struct intake *self, struct event_time wall)
{
    size_t count = self->source->ops->positions(self->source, self->positions, POSITIONS_MAX);
    struct stage_status *status = status_of(self);
    int64_t lag[CHANNELS] = {0};
    bool answers = count == 0;
    for (size_t i = 0; i < count; i++) {
        const struct source_position *at = &self->positions[i];
        answers |= at->stable_offset >= 0;
        self->progress[i] =
            (struct source_progress){at->topic, at->partition, at->position, at->stable_offset, wall.us};
        if (at->stable_offset > at->position && at->position >= 0) {
            lag[at->topic] += at->stable_offset - at->position;
        }
    }
    int64_t left = 0;
    int64_t read = 0;
    for (unsigned c = 0; c < CHANNELS; c++) {
        status->lag[c] = lag[c];
        left += lag[c];
        read += self->counts.read[c];
    }
    self->behind = left > read;
    status->up[DEPENDENCY_KAFKA] = answers; /* a broker that is away tells no stable offsets */
    return count;
}

/* Everything of this interval, and the offsets it came from, or nothing. */
static enum outcome intake_commit(struct intake *self, struct reason *why)
{
    const struct clock *clock = self->settings.clock;
    struct mono_time began = clock->mono(clock);
    struct event_time wall = clock->wall(clock);
    struct source_topic sources[CHANNELS];
    for (unsigned c = 0; c < CHANNELS; c++) {
        sources[c] =
            (struct source_topic){span_text(self->topics[c]), self->source->ops->partition_count(self->source, c)};
    }
    struct batch_header header = {
        .written_at = wall,
        .instance = span_text(self->settings.config->instance),
        .sources = sources,
        .source_count = CHANNELS,
        .progress = self->progress,
        .progress_count = tell_progress(self, wall),
    };
    size_t count;
    const struct message *messages = outgoing_seal(&self->outgoing, &header, &count);
    enum outcome sent = self->sink->ops->commit(self->sink, messages, count, why);
    struct mono_time ended = clock->mono(clock);
    self->last_commit = ended;
    self->commit_us = ended.us - began.us;
    if (sent == DONE) {
        tell_counts(self);
        status_of(self)->last_progress_us = wall.us;
        histogram_add(&status_of(self)->commits, self->commit_us);
    }
    begin_interval(self);
    return sent;
}

/* As if what was read since the last commit had never been read. */
static enum outcome intake_rewind(struct intake *self, struct reason *why)
{
    forget_interval(self);
    TRY(self->source->ops->rewind(self->source, why));
    self->must_rewind = false;
    return DONE;
}

/* ---- partitions that wait for the registry ---- */

/* Where a partition of ours stands; OFFSET_UNSET: at its beginning, wherever that is. */
static int64_t position_of(struct intake *self, uint32_t topic, int32_t partition)
{
    size_t count = self->source->ops->positions(self->source, self->positions, POSITIONS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (self->positions[i].topic == topic && self->positions[i].partition == partition) {
            return self->positions[i].position;
        }
    }
    return OFFSET_UNSET;
}

/* The record's partition goes back to what was committed, with all others, and stays there. */
static enum outcome intake_hold(struct intake *self, const struct record *record, struct reason *why)
{
    struct held held = {.topic = record->topic, .partition = record->partition, .awaited = self->decoders.awaited};
    LOG(self->settings.log, LOG_WARN, "intake", "partition_held", LOG_TEXT("topic", self->topics[held.topic]),
        LOG_INT("partition", held.partition), LOG_INT("offset", record->offset), LOG_REASON(why));
    self->must_rewind = true;
    if (self->held_count == HELD_MAX) {
        return RETRY;
    }
    TRY(intake_rewind(self, why));
    held.offset = position_of(self, held.topic, held.partition);
    TRY(self->source->ops->restart(self->source, held.topic, held.partition, START_WITHHELD, why));
    self->held[self->held_count++] = held;
    return DONE;
}

/* Each as soon as its schema can be had, or is known not to be. */
static enum outcome release_held(struct intake *self, struct mono_time now, struct reason *why)
{
    struct reason trouble;
    if (self->held_count && registry_trouble(self->settings.registry, &trouble) != DONE) {
        LOG(self->settings.log, LOG_WARN, "intake", "registry_unavailable",
            LOG_INT("partitions_held", self->held_count), LOG_REASON(&trouble));
    }
    for (size_t i = self->held_count; i-- > 0;) {
        const struct held *held = &self->held[i];
        if (!registry_settled(self->settings.registry, &held->awaited, now)) {
            continue;
        }
        int64_t start = held->offset >= 0 ? held->offset : START_EARLIEST;
        LOG(self->settings.log, LOG_INFO, "intake", "partition_released", LOG_TEXT("topic", self->topics[held->topic]),
            LOG_INT("partition", held->partition));
        TRY(self->source->ops->restart(self->source, held->topic, held->partition, start, why));
        self->held[i] = self->held[--self->held_count];
    }
    return DONE;
}

static void forget_held(struct intake *self, const struct partition_start *gone, size_t count)
{
    for (size_t g = 0; g < count; g++) {
        for (size_t i = self->held_count; i-- > 0;) {
            if (self->held[i].topic == gone[g].topic && self->held[i].partition == gone[g].partition) {
                self->held[i] = self->held[--self->held_count];
            }
        }
    }
}

/* ---- the loop ---- */

/* Aborted: read it again. Anything else is for the loop. */
static enum outcome rewind_if_aborted(struct intake *self, enum outcome sent)
{
    if (sent == RETRY) {
        struct reason ignored;
        self->must_rewind = intake_rewind(self, &ignored) != DONE;
    }
    return sent;
}

/* What is sealed goes on its way while more is read: at the commit there is little left to wait for. */
static enum outcome intake_send(struct intake *self, struct reason *why)
{
    size_t count;
    const struct message *messages = outgoing_sealed(&self->outgoing, &count);
    if (count) {
        TRY(self->sink->ops->send(self->sink, messages, count, why));
        outgoing_sent(&self->outgoing);
    }
    return DONE;
}

/* How long after a commit the next one is due. */
static int64_t commit_rest_us(const struct intake *self)
{
    return pace_rest_us(self->settings.config->commit_interval, self->behind, self->commit_us, COMMIT_REST_MOST_US);
}

static bool commit_is_due(const struct intake *self, struct mono_time now)
{
    int64_t age = now.us - self->last_commit.us;
    if (outgoing_is_empty(&self->outgoing)) {
        return age >= IDLE_COMMIT_US;
    }
    return age >= commit_rest_us(self) || outgoing_is_full(&self->outgoing) ||
           (self->outgoing.sent_bytes && age >= SENT_COMMIT_US);
}

static int64_t wait_us(const struct intake *self, struct mono_time now)
{
    int64_t left = commit_rest_us(self) - (now.us - self->last_commit.us);
    if (outgoing_is_empty(&self->outgoing) || left > 100 * US_PER_MS) {
        return 100 * US_PER_MS;
    }
    return left > 0 ? left : 0;
}

/* One turn of the loop. DONE: go on. RETRY: back off and go on. STOP: leave the loop, *why says why. */
enum outcome intake_turn(struct intake *self, struct reason *why)
{
    const struct clock *clock = self->settings.clock;
    struct mono_time now = clock->mono(clock);
    struct record_batch batch;
    status_of(self)->heartbeat_us = now.us;
    if (self->must_rewind) {
        TRY(intake_rewind(self, why));
    }
    TRY(release_held(self, now, why));
    TRY(self->source->ops->poll(self->source, wait_us(self, now), &batch, why));
    status_of(self)->joined = self->source->ops->joined(self->source);
    if (self->must_rewind) { /* a rebalance has dropped what was read before this batch: the one with the other */
        return intake_rewind(self, why);
    }
    self->behind &= batch.count > 0;
    now = clock->mono(clock);
    self->outgoing.written_at = clock->wall(clock);
    const struct record *failed;
    enum outcome taken = intake_records(self, &batch, now, &failed, why);
    if (taken != DONE) { /* the batch is dropped whole: a position is never in its middle */
        self->must_rewind = true;
        forget_interval(self);
        status_of(self)->up[DEPENDENCY_REGISTRY] = false;
        return taken == RETRY ? intake_hold(self, failed, why) : taken;
    }
    status_of(self)->up[DEPENDENCY_REGISTRY] = self->held_count == 0;
    if (!status_of(self)->joined) {
        return DONE;
    }
    enum outcome sent = intake_send(self, why);
    if (sent == DONE && commit_is_due(self, clock->mono(clock))) {
        sent = intake_commit(self, why);
    }
    return rewind_if_aborted(self, sent);
}

enum outcome intake_drain(struct intake *self, struct reason *why)
{
    status_of(self)->draining = true;
    bool nothing = self->must_rewind || outgoing_is_empty(&self->outgoing);
    return nothing ? DONE : rewind_if_aborted(self, intake_commit(self, why));
}

/* ---- rebalances: inside poll and close ---- */

static void on_assigned(void *context, struct partition_start *partitions, size_t count)
{
    struct intake *self = context;
    for (size_t i = 0; i < count; i++) {
        partitions[i].start = partitions[i].committed >= 0 ? partitions[i].committed : START_EARLIEST;
    }
    LOG(self->settings.log, LOG_INFO, "intake", "partitions_assigned", LOG_INT("count", count));
}

/* Still ours until we return: what was read of them is committed now, or will be read by their next owner. */
static void on_revoked(void *context, const struct partition_start *partitions, size_t count)
{
    struct intake *self = context;
    struct reason why;
    forget_held(self, partitions, count);
    if (!outgoing_is_empty(&self->outgoing) && intake_commit(self, &why) != DONE) {
        self->must_rewind = true;
        LOG(self->settings.log, LOG_WARN, "intake", "commit_on_revoke_failed", LOG_REASON(&why));
    }
    LOG(self->settings.log, LOG_INFO, "intake", "partitions_revoked", LOG_INT("count", count));
}

static void on_lost(void *context, const struct partition_start *partitions, size_t count)
{
    struct intake *self = context;
    forget_held(self, partitions, count);
    forget_interval(self);
    self->must_rewind = true; /* of the partitions that are still ours, if any */
    LOG(self->settings.log, LOG_WARN, "intake", "partitions_lost", LOG_INT("count", count));
}

static int64_t on_outside(void *context, uint32_t topic, int32_t partition, int64_t position, int64_t low, int64_t high)
{
    struct intake *self = context;
    int64_t lost = position < low ? low - position : 0;
    self->settings.status->lost_records += lost;
    LOG(self->settings.log, LOG_ERROR, "intake", "position_outside_log", LOG_TEXT("topic", self->topics[topic]),
        LOG_INT("partition", partition), LOG_INT("offset", position), LOG_INT("low", low), LOG_INT("high", high),
        LOG_INT("lost", lost));
    return low;
}

struct source_events intake_events(struct intake *self)
{
    return (struct source_events){self, on_assigned, on_revoked, on_lost, on_outside};
}
