/* outgoing.c - routes events to partitions and packs them, until the next commit. */
#include "outgoing.h"

#include "slipstream/pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#define HASH_FUNCTION(key, size, hash) ((hash) = (unsigned)hash64(span_of((key), (size)), 0))
#define uthash_fatal(msg)              assert_failed(msg, __FILE__, __LINE__)
#include <uthash.h>

#define CACHE_LINE 64
#define NAMES_MAX  65536
#define BYTES_FULL ((size_t)64 << 20)   /* of a transaction: most of it is with the broker by then */
#define BYTES_MAX  ((size_t)1280 << 20) /* beyond the largest kafka.queued_max, should all of it be dead letters */

/* What an agency, or one of its services, is called in the batch that is being packed. */
enum route_kind { ROUTE_AGENCY, ROUTE_SERVICE };
struct route_key { /* bytes are compared: no padding */
    uint8_t kind;
    uint8_t size;
    uint8_t partition[4]; /* services are named once a partition, not once an agency */
    uint8_t bytes[ID_SIZE_MAX];
};
struct route_name {
    UT_hash_handle hh;
    int32_t partition;
    uint64_t generation; /* in which position was given */
    uint32_t position;
    struct route_key key;
};
_Static_assert(ID_SIZE_MAX <= UINT8_MAX, "a name's size is a byte");

/* An agency and one of its services, found together: nearly every event is of a pair seen lately. All that such an
 * event needs lies in three lines of cache; two pairs may share a hash's place. */
#define PAIRS_MAX 16384
#define PAIR_ROOM 138
struct route_pair {
    uint64_t hash;
    uint64_t generation;      /* in which the positions were given */
    struct route_name *named; /* the agency as the event says it; NULL: nothing here */
    struct route_name *agency, *service;
    uint32_t agency_position, service_position;
    int32_t partition;
    uint8_t agency_size, service_size;
    uint8_t bytes[PAIR_ROOM]; /* the agency as the event says it, and the service, when there is room for both */
};
_Static_assert(sizeof(struct route_pair) == 3 * CACHE_LINE, "three lines of cache");
#define PAIR_NAMES 3

void outgoing_init(struct outgoing *self, int32_t partitions, size_t seal_bytes)
{
    *self = (struct outgoing){.partitions = partitions, .seal_bytes = seal_bytes};
    self->writers = calloc((size_t)partitions, sizeof *self->writers);
    self->generations = calloc((size_t)partitions, sizeof *self->generations);
    ASSERT(self->writers && self->generations);
    for (int32_t i = 0; i < partitions; i++) {
        batch_writer_init(&self->writers[i]);
        self->generations[i] = 1;
    }
    self->pairs = aligned_alloc(CACHE_LINE, PAIRS_MAX * sizeof *self->pairs);
    ASSERT(self->pairs);
    memset(self->pairs, 0, PAIRS_MAX * sizeof *self->pairs);
    buffer_init(&self->bytes, BYTES_MAX);
    buffer_init(&self->sealed, SIGNAL_BATCH_SIZE_MAX);
}

static void forget_names(struct outgoing *self)
{
    struct route_name *name, *next;
    HASH_ITER(hh, self->names, name, next)
    {
        HASH_DELETE(hh, self->names, name);
        free(name);
    }
    memset(self->pairs, 0, PAIRS_MAX * sizeof *self->pairs);
}

void outgoing_done(struct outgoing *self)
{
    for (int32_t i = 0; i < self->partitions; i++) {
        batch_writer_done(&self->writers[i]);
    }
    forget_names(self);
    free(self->pairs);
    free(self->writers);
    free(self->generations);
    free(self->pending);
    free(self->messages);
    buffer_done(&self->bytes);
    buffer_done(&self->sealed);
    *self = (struct outgoing){0};
}

void outgoing_clear(struct outgoing *self)
{
    for (int32_t i = 0; i < self->partitions; i++) {
        batch_writer_clear(&self->writers[i]);
        self->generations[i]++;
    }
    buffer_clear(&self->bytes);
    self->pending_count = 0;
    self->event_count = 0;
    self->sent_bytes = 0;
}

void outgoing_set_scoring(struct outgoing *self, const struct scoring *scoring)
{
    self->scoring = scoring;
    forget_names(self);
}

static struct route_name *name_of(struct outgoing *self, enum route_kind kind, struct span name, int32_t partition)
{
    struct route_key key;
    key.kind = (uint8_t)kind;
    key.size = (uint8_t)name.size;
    memcpy(key.partition, &partition, sizeof key.partition);
    memcpy(key.bytes, name.data, name.size);
    unsigned size = (unsigned)(offsetof(struct route_key, bytes) + name.size);
    struct route_name *found;
    HASH_FIND(hh, self->names, &key, size, found);
    if (found) {
        return found;
    }
    found = calloc(1, sizeof *found);
    ASSERT(found);
    memcpy(&found->key, &key, size);
    found->partition = kind == ROUTE_AGENCY ? partition_of(name, self->partitions) : partition;
    HASH_ADD(hh, self->names, key, size, found);
    return found;
}

static void add_pending(struct outgoing *self, uint32_t topic, int32_t partition, size_t offset)
{
    if (self->pending_count == self->pending_capacity) {
        self->pending_capacity = self->pending_capacity ? self->pending_capacity * 2 : 64;
        self->pending = realloc(self->pending, self->pending_capacity * sizeof *self->pending);
        self->messages = realloc(self->messages, self->pending_capacity * sizeof *self->messages);
        ASSERT(self->pending && self->messages);
    }
    self->pending[self->pending_count++] = (struct pending){topic, partition, offset, self->bytes.size - offset};
}

static void seal_one(struct outgoing *self, int32_t partition, const struct batch_header *header)
{
    size_t offset = self->bytes.size;
    batch_writer_seal(&self->writers[partition], header, &self->sealed);
    ASSERT(!self->sealed.overflow);
    buffer_bytes(&self->bytes, self->sealed.data, self->sealed.size);
    add_pending(self, OUTGOING_SIGNALS, partition, offset);
    batch_writer_clear(&self->writers[partition]);
    self->generations[partition]++;
}

/* A batch has grown large enough to be a message of its own. */
static void seal_early(struct outgoing *self, int32_t partition)
{
    struct batch_header header = {.written_at = self->written_at, .instance = span_text("")};
    seal_one(self, partition, &header);
}

static struct span name_span(const struct route_name *self)
{
    return span_of(self->key.bytes, self->key.size);
}

static bool is_named(const struct route_name *self, struct span name)
{
    return self->key.size == name.size && memcmp(self->key.bytes, name.data, name.size) == 0;
}

static inline bool is_pair(const struct route_pair *self, uint64_t hash, struct span agency, struct span service)
{
    if (self->hash != hash || !self->named) {
        return false;
    }
    if (self->agency_size == agency.size && self->service_size == service.size) {
        return memcmp(self->bytes, agency.data, agency.size) == 0 &&
               memcmp(self->bytes + agency.size, service.data, service.size) == 0;
    }
    return self->agency_size == 0 && is_named(self->named, agency) && is_named(self->service, service);
}

static struct route_pair pair_make(struct outgoing *self, uint64_t hash, struct span agency, struct span service)
{
    if (HASH_COUNT(self->names) + PAIR_NAMES > NAMES_MAX) {
        forget_names(self);
    }
    struct span id = self->scoring ? scoring_agency_id(self->scoring, agency) : agency;
    struct route_name *named = name_of(self, ROUTE_AGENCY, agency, -1);
    struct route_name *owner = name_of(self, ROUTE_AGENCY, id, -1);
    struct route_name *offered = name_of(self, ROUTE_SERVICE, service, owner->partition);
    struct route_pair made = {.hash = hash, .named = named, .agency = owner, .service = offered};
    made.partition = owner->partition;
    if (agency.size + service.size <= PAIR_ROOM) {
        made.agency_size = (uint8_t)agency.size;
        made.service_size = (uint8_t)service.size;
        memcpy(made.bytes, agency.data, agency.size);
        memcpy(made.bytes + agency.size, service.data, service.size);
    }
    return made;
}

static inline struct route_pair *place_of(const struct outgoing *self, uint64_t hash)
{
    return &self->pairs[hash % (PAIRS_MAX / 2) * 2];
}

/* Of the two places of a hash the first is the one that was made last. */
static inline struct route_pair *pair_of(struct outgoing *self, uint64_t hash, struct span agency, struct span service)
{
    struct route_pair *pair = place_of(self, hash);
    if (is_pair(pair, hash, agency, service)) {
        return pair;
    }
    if (!is_pair(pair + 1, hash, agency, service)) {
        struct route_pair made = pair_make(self, hash, agency, service);
        pair[1] = pair[0];
        pair[0] = made;
        return pair;
    }
    return pair + 1;
}

/* Both names into the batch that is being packed, unless they are there. */
static void name_pair(struct outgoing *self, struct route_pair *pair, uint64_t generation)
{
    struct batch_writer *writer = &self->writers[pair->partition];
    struct route_name *owner = pair->agency;
    struct route_name *offered = pair->service;
    if (owner->generation != generation) {
        owner->generation = generation;
        owner->position = batch_writer_agency(writer, name_span(owner));
    }
    if (offered->generation != generation) {
        offered->generation = generation;
        offered->position = batch_writer_service(writer, name_span(offered));
    }
    pair->agency_position = owner->position;
    pair->service_position = offered->position;
    pair->generation = generation;
}

uint64_t outgoing_look_ahead(const struct outgoing *self, uint64_t agency_hash, struct span service)
{
    uint64_t hash = hash64(service, agency_hash);
    const char *place = (const char *)place_of(self, hash);
    for (size_t line = 0; line < 4; line++) { /* the first of the two, and whether it is the second */
        __builtin_prefetch(place + line * CACHE_LINE, 1);
    }
    return hash;
}

void outgoing_route(struct outgoing *self, uint64_t hash, struct span agency, struct span service,
                    struct signal_event *event)
{
    struct route_pair *pair = pair_of(self, hash, agency, service);
    int32_t partition = pair->partition;
    struct batch_writer *writer = &self->writers[partition];
    if (batch_writer_size(writer) > self->seal_bytes) {
        seal_early(self, partition);
    }
    uint64_t generation = self->generations[partition];
    if (pair->generation != generation) {
        name_pair(self, pair, generation);
    }
    event->agency = pair->agency_position;
    event->service = pair->service_position;
    batch_writer_event(writer, event);
    self->event_count++;
}

void outgoing_dead_letter(struct outgoing *self, const struct dead_letter *letter)
{
    size_t offset = self->bytes.size;
    dead_letter_write(letter, &self->bytes);
    add_pending(self, OUTGOING_DEADLETTER, -1, offset);
}

bool outgoing_is_empty(const struct outgoing *self)
{
    return self->pending_count == 0 && self->event_count == 0 && self->sent_bytes == 0;
}

bool outgoing_is_full(const struct outgoing *self)
{
    return self->sent_bytes + self->bytes.size >= BYTES_FULL;
}

static const struct message *messages_of(struct outgoing *self, size_t *count)
{
    for (size_t i = 0; i < self->pending_count; i++) {
        const struct pending *pending = &self->pending[i];
        self->messages[i] = (struct message){
            .topic = pending->topic,
            .partition = pending->partition,
            .value = span_of(self->bytes.data + pending->offset, pending->size),
        };
    }
    *count = self->pending_count;
    return self->messages;
}

const struct message *outgoing_sealed(struct outgoing *self, size_t *count)
{
    *count = 0;
    return self->bytes.size >= self->seal_bytes ? messages_of(self, count) : NULL;
}

void outgoing_sent(struct outgoing *self)
{
    self->sent_bytes += self->bytes.size;
    self->pending_count = 0;
    buffer_clear(&self->bytes);
}

const struct message *outgoing_seal(struct outgoing *self, const struct batch_header *header, size_t *count)
{
    for (int32_t i = 0; i < self->partitions; i++) {
        seal_one(self, i, header);
    }
    return messages_of(self, count);
}
