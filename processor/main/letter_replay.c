/* letter_replay.c - dead letters back onto the topics they came from. */
#include "letter_replay.h"

#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DESCRIBE_MS   15000
#define ROOM_LEFT     (DEAD_LETTER_BYTES_MAX + 4096) /* for one more letter */
#define HEADERS_KEPT  8192
#define RETRY_US      (60 * US_PER_SECOND)
#define TOPIC_LETTERS CHANNELS /* position of the topic of dead letters, behind the channels' */

/* A letter that waits for the commit. */
struct waiting {
    struct message message; /* borrows from bytes and headers */
    struct letter_place place;
};

struct replay {
    struct replay_settings settings;
    const char *topics[CHANNELS + 1];
    int32_t partitions[CHANNELS + 1];
    struct sink *sink; /* NULL: a dry run */
    struct waiting *waiting;
    size_t count;
    struct message *messages; /* of a commit: letters, then records */
    int64_t *offsets;         /* of a record */
    uint8_t *bytes;           /* copies; never moved, since messages point to them */
    size_t byte_count;
    struct message_header *headers;
    size_t header_count;
    struct replay_counts counts;
};

size_t replay_total(const struct replay_counts *self)
{
    size_t total = 0;
    for (unsigned c = 0; c < CHANNELS; c++) {
        total += self->topics[c];
    }
    return total;
}

/* ---- opening ---- */

static enum outcome find_topics(struct replay *self, struct reason *why)
{
    struct topic_state states[CHANNELS + 1];
    char cluster_id[CLUSTER_ID_SIZE];
    TRY(kafka_describe(&self->settings.kafka, self->topics, CHANNELS + 1, DESCRIBE_MS, states, cluster_id, why));
    for (unsigned t = 0; t <= CHANNELS; t++) {
        self->partitions[t] = states[t].exists ? states[t].partitions : 0;
    }
    return DONE;
}

static enum outcome replay_connect(struct replay *self, struct reason *why)
{
    TRY(find_topics(self, why));
    if (self->settings.dry_run) {
        return DONE;
    }
    const struct sink_settings settings = {
        .kafka = self->settings.kafka,
        .transactional_id = self->settings.transactional_id,
        .topics = self->topics,
        .topic_count = CHANNELS + 1,
    };
    return kafka_sink_open(&settings, &self->sink, why);
}

enum outcome replay_open(const struct replay_settings *settings, struct replay **replay, struct reason *why)
{
    struct replay *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->settings = *settings;
    memcpy(self->topics, settings->topics, CHANNELS * sizeof *self->topics);
    self->topics[TOPIC_LETTERS] = settings->deadletter;
    self->waiting = calloc(REPLAY_BATCH, sizeof *self->waiting);
    self->messages =
        calloc((size_t)2 * REPLAY_BATCH, sizeof *self->messages); /* each letter may be of its own partition */
    self->offsets = calloc(REPLAY_BATCH, sizeof *self->offsets);
    self->bytes = malloc(REPLAY_BYTES);
    self->headers = calloc(HEADERS_KEPT, sizeof *self->headers);
    ASSERT(self->waiting && self->messages && self->offsets && self->bytes && self->headers);
    enum outcome outcome = replay_connect(self, why);
    if (outcome != DONE) {
        replay_close(self);
        return outcome;
    }
    *replay = self;
    return DONE;
}

void replay_close(struct replay *self)
{
    if (!self) {
        return;
    }
    if (self->sink) {
        self->sink->ops->close(self->sink);
    }
    free(self->waiting);
    free(self->messages);
    free(self->offsets);
    free(self->bytes);
    free(self->headers);
    free(self);
}

const struct replay_counts *replay_counts(const struct replay *self)
{
    return &self->counts;
}

/* ---- a transaction ---- */

static int compare_places(const void *a, const void *b)
{
    const struct letter_place *left = &((const struct waiting *)a)->place, *right = &((const struct waiting *)b)->place;
    if (left->partition != right->partition) {
        return left->partition < right->partition ? -1 : 1;
    }
    return left->offset < right->offset ? -1 : left->offset > right->offset;
}

/* A record for each partition, of the letters first … first + count - 1, which are in the order of their places. Where
 * they are in `records` is known when all are written: it may move as it grows. */
static size_t write_records(struct replay *self, size_t first, size_t count, struct buffer *records)
{
    size_t starts[REPLAY_BATCH + 1];
    size_t made = 0;
    struct dead_letters_replayed record = {
        .at_ms = system_clock.wall(&system_clock).us / US_PER_MS,
        .offsets = self->offsets,
        .version = span_text(SLIPSTREAM_VERSION),
    };
    for (size_t i = 0; i < count; i++) {
        const struct letter_place *place = &self->waiting[first + i].place;
        self->offsets[record.count++] = place->offset;
        if (i + 1 < count && self->waiting[first + i + 1].place.partition == place->partition) {
            continue;
        }
        self->messages[count + made] = (struct message){.topic = TOPIC_LETTERS, .partition = place->partition};
        starts[made++] = records->size;
        dead_letters_replayed_write(&record, records);
        record.count = 0;
    }
    starts[made] = records->size;
    for (size_t r = 0; r < made; r++) {
        self->messages[count + r].value = span_of(records->data + starts[r], starts[r + 1] - starts[r]);
    }
    return made;
}

/* Tries again for a minute: the brokers may be away. */
static enum outcome commit_stubbornly(struct replay *self, size_t count, struct reason *why)
{
    struct mono_time since = system_clock.mono(&system_clock);
    for (;;) {
        enum outcome sent = self->sink->ops->commit(self->sink, self->messages, count, why);
        if (sent != RETRY || signals_stop() || system_clock.mono(&system_clock).us - since.us > RETRY_US) {
            return sent;
        }
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    }
}

static void count_replayed(struct replay *self, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        self->counts.topics[self->waiting[i].message.topic]++;
    }
}

/* All of them, or, where one is larger than its topic takes, all but that one. */
static enum outcome commit_part(struct replay *self, size_t first, size_t count, struct reason *why)
{
    struct buffer records CLEANUP(buffer_done);
    buffer_init(&records, (size_t)1 << 20);
    for (size_t i = 0; i < count; i++) {
        self->messages[i] = self->waiting[first + i].message;
    }
    size_t record_count = write_records(self, first, count, &records);
    ASSERT(!records.overflow);
    enum outcome sent = commit_stubbornly(self, count + record_count, why);
    if (sent == DONE) {
        count_replayed(self, first, count);
        return DONE;
    }
    if (sent != SKIP) {
        return sent;
    }
    if (count == 1) {
        self->counts.too_large++;
        return DONE;
    }
    TRY(commit_part(self, first, count / 2, why));
    return commit_part(self, first + count / 2, count - count / 2, why);
}

enum outcome replay_flush(struct replay *self, struct reason *why)
{
    enum outcome sent = DONE;
    if (self->count && self->settings.dry_run) {
        count_replayed(self, 0, self->count);
    } else if (self->count) {
        qsort(self->waiting, self->count, sizeof *self->waiting, compare_places);
        sent = commit_part(self, 0, self->count, why);
    }
    self->count = self->byte_count = self->header_count = 0;
    return sent;
}

/* ---- a letter ---- */

static struct span keep(struct replay *self, struct span bytes)
{
    if (!bytes.data) {
        return bytes;
    }
    uint8_t *at = self->bytes + self->byte_count;
    ASSERT(bytes.size <= REPLAY_BYTES - self->byte_count);
    memcpy(at, bytes.data, bytes.size);
    self->byte_count += bytes.size;
    return span_of(at, bytes.size);
}

static void keep_header(struct replay *self, const char *name, struct span value)
{
    struct span kept = keep(self, span_of(name, strlen(name) + 1));
    self->headers[self->header_count++] = (struct message_header){(const char *)kept.data, keep(self, value)};
}

/* The original ones, and how often it was replayed, this time included. */
static void keep_headers(struct replay *self, const struct dead_letter *letter, struct message *message)
{
    char replays[16];
    size_t first = self->header_count;
    for (size_t i = 0; i < letter->header_count; i++) {
        if (strcmp(letter->headers[i].name, REPLAYS_HEADER) != 0) {
            keep_header(self, letter->headers[i].name, letter->headers[i].value);
        }
    }
    snprintf(replays, sizeof replays, "%u", dead_letter_replays(letter) + 1);
    keep_header(self, REPLAYS_HEADER, span_text(replays));
    message->headers = &self->headers[first];
    message->header_count = self->header_count - first;
}

static unsigned channel_of(const struct replay *self, struct span topic)
{
    unsigned channel = 0;
    while (channel < CHANNELS && !span_equal(span_text(self->topics[channel]), topic)) {
        channel++;
    }
    return channel;
}

static size_t size_of(const struct dead_letter *letter)
{
    size_t size = letter->key.size + letter->value.size;
    for (size_t i = 0; i < letter->header_count; i++) {
        size += strlen(letter->headers[i].name) + letter->headers[i].value.size;
    }
    return size;
}

/* Where it is counted instead, when it is not to be replayed; NULL: it is. */
static size_t *left_out(struct replay *self, const struct found_letter *found, unsigned channel)
{
    if (found->is_replayed) {
        return &self->counts.before;
    }
    if (channel == CHANNELS || self->partitions[channel] == 0) {
        return &self->counts.elsewhere;
    }
    if (!found->letter.is_whole || size_of(&found->letter) > DEAD_LETTER_BYTES_MAX) {
        return &self->counts.cut;
    }
    if (dead_letter_replays(&found->letter) >= self->settings.replays_max) {
        return &self->counts.again;
    }
    bool is_late = span_equal(found->letter.reason, span_text(reason_word(REASON_TOO_LATE)));
    return is_late && !self->settings.hopeless_too ? &self->counts.hopeless : NULL;
}

enum outcome replay_add(struct replay *self, const struct found_letter *found, struct reason *why)
{
    const struct dead_letter *letter = &found->letter;
    unsigned channel = channel_of(self, letter->topic);
    size_t *out = left_out(self, found, channel);
    if (out) {
        ++*out;
        return DONE;
    }
    if (self->count == REPLAY_BATCH || self->byte_count + ROOM_LEFT > REPLAY_BYTES ||
        self->header_count + DEAD_LETTER_HEADERS_MAX + 1 > HEADERS_KEPT) {
        TRY(replay_flush(self, why));
    }
    struct waiting *waiting = &self->waiting[self->count++];
    *waiting = (struct waiting){
        .place = found->place,
        .message = {.topic = channel,
                    .partition = letter->partition < self->partitions[channel] ? letter->partition : -1,
                    .key = keep(self, letter->key),
                    .value = keep(self, letter->value),
                    .timestamp_us = letter->timestamp_ms == ABSENT ? 0 : letter->timestamp_ms * US_PER_MS},
    };
    keep_headers(self, letter, &waiting->message);
    return DONE;
}
