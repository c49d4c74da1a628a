/* fake_store.c - tasks and views in memory, with owners, seqs, and the writes that can be taken back. */
#include "fake_store.h"

#include <stdlib.h>
#define HASH_FUNCTION(key, size, hash) ((hash) = (unsigned)hash64(span_of((key), (size)), 0))
#include <uthash.h>

#define TASKS_MAX  64
#define WRITES_MAX 64 /* that can be taken back */

struct fake_field {
    UT_hash_handle hh;
    struct span name, value; /* owned */
};

struct fake_task {
    bool claimed, stored, newer;
    struct owner owner;
    uint64_t seq;
    struct task_meta meta;
    struct fake_field *fields;
};

/* A write, as what was there before it. */
struct fake_write {
    struct fake_task *task;
    struct fake_task before; /* without its fields */
    struct state_change *fields;
    size_t field_count;
};

struct fake_redis {
    struct seeded random;
    struct fake_store_odds odds;
    bool down;
    struct fake_task tasks[TASKS_MAX];
    struct fake_field *views;
    struct fake_write writes[WRITES_MAX];
    size_t write_count;
    size_t applies[APPLY_RESULTS];
    void (*hook)(void *context);
    void *hook_context;
};

struct fake_store {
    struct store base;
    struct fake_redis *redis;
    enum fake_trouble next;
};

static struct fake_store *store_of(struct store *base)
{
    return (struct fake_store *)base;
}

static struct span copy_of(struct span bytes)
{
    uint8_t *copy = malloc(bytes.size ? bytes.size : 1);
    ASSERT(copy);
    if (bytes.size) {
        memcpy(copy, bytes.data, bytes.size);
    }
    return span_of(copy, bytes.size);
}

static void span_free(struct span bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

/* ---- fields ---- */

static struct fake_field *field_find(struct fake_field *fields, struct span name)
{
    struct fake_field *found;
    HASH_FIND(hh, fields, name.data, (unsigned)name.size, found);
    return found;
}

/* Puts a value under a name, or nothing; gives back what was there: its memory is the caller's. */
static struct span field_swap(struct fake_field **fields, struct span name, struct span value)
{
    struct fake_field *found = field_find(*fields, name);
    struct span before = found ? found->value : span_of(NULL, 0);
    if (found && value.data) {
        found->value = value;
    } else if (found) {
        HASH_DELETE(hh, *fields, found);
        span_free(found->name);
        free(found);
    } else if (value.data) {
        found = calloc(1, sizeof *found);
        ASSERT(found);
        found->name = copy_of(name);
        found->value = value;
        HASH_ADD_KEYPTR(hh, *fields, found->name.data, (unsigned)found->name.size, found);
    }
    return before;
}

static void fields_free(struct fake_field **fields)
{
    struct fake_field *field, *next;
    HASH_ITER(hh, *fields, field, next)
    {
        HASH_DELETE(hh, *fields, field);
        span_free(field->name);
        span_free(field->value);
        free(field);
    }
}

/* ---- writes ---- */

static void write_forget(struct fake_write *write)
{
    for (size_t i = 0; i < write->field_count; i++) {
        span_free(write->fields[i].field);
        span_free(write->fields[i].value);
    }
    free(write->fields);
}

static struct fake_write *write_begin(struct fake_redis *self, struct fake_task *task, size_t fields)
{
    if (self->write_count == WRITES_MAX) {
        write_forget(&self->writes[0]);
        memmove(self->writes, self->writes + 1, --self->write_count * sizeof *self->writes);
    }
    struct fake_write *write = &self->writes[self->write_count++];
    *write = (struct fake_write){.task = task, .before = *task, .fields = calloc(fields + 1, sizeof *write->fields)};
    ASSERT(write->fields);
    return write;
}

static void write_field(struct fake_write *self, struct span name, struct span value)
{
    struct span before = field_swap(&self->task->fields, name, value);
    self->fields[self->field_count++] = (struct state_change){.field = copy_of(name), .value = before};
}

static void write_undo(struct fake_write *self)
{
    struct fake_field *fields = self->task->fields;
    while (self->field_count) {
        struct state_change *change = &self->fields[--self->field_count];
        span_free(field_swap(&fields, change->field, change->value));
        span_free(change->field);
    }
    *self->task = self->before;
    self->task->fields = fields;
    free(self->fields);
}

size_t fake_redis_fail_over(struct fake_redis *self, size_t writes)
{
    size_t lost = 0;
    for (; lost < writes && self->write_count; lost++) {
        write_undo(&self->writes[--self->write_count]);
    }
    return lost;
}

void fake_redis_flush(struct fake_redis *self)
{
    while (self->write_count) {
        write_forget(&self->writes[--self->write_count]);
    }
    for (size_t i = 0; i < TASKS_MAX; i++) {
        fields_free(&self->tasks[i].fields);
        self->tasks[i] = (struct fake_task){0};
    }
    fields_free(&self->views);
}

struct fake_redis *fake_redis_open(uint64_t seed)
{
    struct fake_redis *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->random.state = seed;
    return self;
}

void fake_redis_close(struct fake_redis *self)
{
    if (self) {
        fake_redis_flush(self);
        free(self);
    }
}

/* ---- what the test asks ---- */

static struct fake_task *task_of(struct fake_redis *self, int32_t partition)
{
    ASSERT(partition >= 0 && partition < TASKS_MAX);
    return &self->tasks[partition];
}

struct fake_store_odds *fake_redis_odds(struct fake_redis *self)
{
    return &self->odds;
}

void fake_redis_down(struct fake_redis *self, bool down)
{
    self->down = down;
}

void fake_redis_newer(struct fake_redis *self, int32_t partition, bool newer)
{
    task_of(self, partition)->newer = newer;
}

void fake_redis_before_apply(struct fake_redis *self, void (*hook)(void *context), void *context)
{
    self->hook = hook;
    self->hook_context = context;
}

bool fake_redis_has(struct fake_redis *self, int32_t partition)
{
    return task_of(self, partition)->stored;
}

uint64_t fake_redis_seq(struct fake_redis *self, int32_t partition)
{
    return task_of(self, partition)->seq;
}

struct owner fake_redis_owner(struct fake_redis *self, int32_t partition)
{
    return task_of(self, partition)->owner;
}

struct task_meta *fake_redis_meta(struct fake_redis *self, int32_t partition)
{
    return &task_of(self, partition)->meta;
}

struct span fake_redis_field(struct fake_redis *self, int32_t partition, struct span name)
{
    const struct fake_field *found = field_find(task_of(self, partition)->fields, name);
    return found ? found->value : span_of(NULL, 0);
}

void fake_redis_set(struct fake_redis *self, int32_t partition, struct span name, struct span value)
{
    span_free(field_swap(&task_of(self, partition)->fields, name, copy_of(value)));
}

void fake_redis_each(struct fake_redis *self, int32_t partition,
                     void (*field)(void *context, struct span name, struct span value), void *context)
{
    for (const struct fake_field *at = task_of(self, partition)->fields; at; at = at->hh.next) {
        field(context, at->name, at->value);
    }
}

size_t fake_redis_count(struct fake_redis *self, int32_t partition, const char *kind)
{
    size_t count = 0;
    size_t size = strlen(kind);
    for (const struct fake_field *at = task_of(self, partition)->fields; at; at = at->hh.next) {
        count += at->name.size > size && memcmp(at->name.data, kind, size) == 0 && at->name.data[size] == 0;
    }
    return count;
}

struct span fake_redis_view(struct fake_redis *self, struct span key)
{
    const struct fake_field *found = field_find(self->views, key);
    return found ? found->value : span_of(NULL, 0);
}

size_t fake_redis_applies(struct fake_redis *self, enum apply_result result)
{
    return self->applies[result];
}

/* ---- calls ---- */

void fake_store_next(struct store *self, enum fake_trouble trouble)
{
    store_of(self)->next = trouble;
}

static bool drawn(struct fake_redis *self, uint64_t odds)
{
    return odds && seeded_one_in(&self->random, odds);
}

static enum fake_trouble trouble_of(struct fake_store *self)
{
    enum fake_trouble trouble = self->next;
    self->next = TROUBLE_NONE;
    if (trouble == TROUBLE_NONE && drawn(self->redis, self->redis->odds.reply_lost)) {
        trouble = TROUBLE_REPLY_LOST;
    }
    if (self->redis->down || (trouble == TROUBLE_NONE && drawn(self->redis, self->redis->odds.refused))) {
        trouble = TROUBLE_REFUSED;
    }
    return trouble;
}

/* What the caller hears of a call that was in trouble. */
static enum outcome tell(enum fake_trouble trouble, struct reason *why)
{
    if (trouble == TROUBLE_NONE) {
        return DONE;
    }
    return FAIL(why, trouble == TROUBLE_DIES ? STOP : RETRY, REASON_UNAVAILABLE, "no answer");
}

static enum outcome store_claim(struct store *base, int32_t partition, struct event_time now, struct claim *claim,
                                struct reason *why)
{
    struct fake_store *self = store_of(base);
    struct fake_task *task = task_of(self->redis, partition);
    enum fake_trouble trouble = trouble_of(self);
    if (trouble == TROUBLE_REFUSED) {
        return tell(trouble, why);
    }
    if (task->newer) {
        return FAIL(why, STOP, REASON_REFUSED, "the state is of a newer format");
    }
    struct claim claimed = {.previous = task->owner, .stored = task->stored, .seq = task->seq, .meta = task->meta};
    uint64_t clock_ms = (uint64_t)(now.us / US_PER_MS);
    uint64_t following = task->owner.epoch + 1;
    claimed.owner.epoch = following > clock_ms ? following : clock_ms;
    claimed.owner.random = seeded_bits(&self->redis->random);
    write_begin(self->redis, task, 0);
    task->claimed = true;
    task->owner = claimed.owner;
    if (trouble == TROUBLE_NONE) {
        *claim = claimed;
    }
    return tell(trouble, why);
}

static enum outcome store_peek(struct store *base, int32_t partition, struct claim *claim, struct reason *why)
{
    const struct fake_task *task = task_of(store_of(base)->redis, partition);
    enum fake_trouble trouble = trouble_of(store_of(base));
    if (trouble == TROUBLE_NONE) {
        *claim = (struct claim){.stored = task->stored, .seq = task->seq, .meta = task->meta};
    }
    return tell(trouble, why);
}

static enum outcome hand_out(const struct fake_field *at,
                             enum outcome (*field)(void *context, struct span name, struct span value,
                                                   struct reason *why),
                             void *context, struct reason *why)
{
    struct span name = copy_of(at->name);
    struct span value = copy_of(at->value);
    enum outcome outcome = field(context, name, value, why);
    span_free(name);
    span_free(value);
    return outcome;
}

static enum outcome store_load(struct store *base, int32_t partition,
                               enum outcome (*field)(void *context, struct span name, struct span value,
                                                     struct reason *why),
                               void *context, struct reason *why)
{
    struct fake_redis *redis = store_of(base)->redis;
    struct fake_field *fields = task_of(redis, partition)->fields;
    enum fake_trouble trouble = trouble_of(store_of(base));
    if (trouble == TROUBLE_NONE && drawn(redis, redis->odds.load_fails)) {
        trouble = TROUBLE_REPLY_LOST;
    }
    size_t count = HASH_COUNT(fields);
    size_t most = trouble == TROUBLE_NONE ? count : (size_t)seeded_below(&redis->random, count + 1);
    const struct fake_field *earlier = fields;
    for (const struct fake_field *at = fields; at && most; at = at->hh.next, most--) {
        TRY(hand_out(at, field, context, why));
        if (seeded_one_in(&redis->random, 4)) {
            TRY(hand_out(earlier, field, context, why));
            earlier = at;
        }
    }
    return tell(trouble, why);
}

static bool is_reserved(struct span field)
{
    return span_equal(field, span_text("owner")) || span_equal(field, span_text("seq")) ||
           span_equal(field, span_text("meta"));
}

/* Its own bounds and the callers' bugs: what the real store asserts, and that no field comes twice. */
static void check_apply(const struct apply *apply)
{
    struct fake_field *seen = NULL;
    for (size_t i = 0; i < apply->change_count; i++) {
        struct span name = apply->changes[i].field;
        ASSERT(name.size && !is_reserved(name) && !field_find(seen, name));
        (void)field_swap(&seen, name, copy_of(span_text("")));
    }
    fields_free(&seen);
}

static enum apply_result apply_one(struct fake_redis *self, const struct apply *apply)
{
    struct fake_task *task = task_of(self, apply->partition);
    if (!task->claimed) {
        return APPLY_GAP;
    }
    if (task->owner.epoch != apply->owner.epoch || task->owner.random != apply->owner.random) {
        return APPLY_FENCED;
    }
    if (task->seq == apply->seq + 1) {
        return APPLY_DUPLICATE;
    }
    if (task->seq != apply->seq) {
        return APPLY_GAP;
    }
    struct fake_write *write = write_begin(self, task, apply->change_count);
    for (size_t i = 0; i < apply->change_count; i++) {
        const struct state_change *change = &apply->changes[i];
        write_field(write, change->field, change->removes ? span_of(NULL, 0) : copy_of(change->value));
    }
    task->stored = true;
    task->seq = apply->seq + 1;
    task->meta = apply->meta;
    return APPLY_DONE;
}

/* In trouble the first ones may have been answered before it came. */
static enum outcome store_apply(struct store *base, struct apply *applies, size_t count, struct reason *why)
{
    struct fake_redis *redis = store_of(base)->redis;
    void (*hook)(void *) = redis->hook;
    redis->hook = NULL;
    if (hook) {
        hook(redis->hook_context);
    }
    enum fake_trouble trouble = trouble_of(store_of(base));
    size_t done = trouble == TROUBLE_REFUSED ? (size_t)seeded_below(&redis->random, count) : count;
    size_t heard = trouble == TROUBLE_NONE ? count : (size_t)seeded_below(&redis->random, done + 1);
    heard = trouble != TROUBLE_NONE && heard == count ? count - 1 : heard;
    for (size_t i = 0; i < count; i++) {
        check_apply(&applies[i]);
        applies[i].result = APPLY_FAILED;
        if (i < done && !redis->down) {
            enum apply_result result = apply_one(redis, &applies[i]);
            redis->applies[result]++;
            applies[i].result = i < heard ? result : APPLY_FAILED;
        }
    }
    return tell(trouble, why);
}

static enum outcome store_write_view(struct store *base, const struct view_change *changes, size_t count,
                                     struct reason *why)
{
    struct fake_redis *redis = store_of(base)->redis;
    if (redis->down || drawn(redis, redis->odds.view_fails)) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "no answer");
    }
    for (size_t i = 0; i < count; i++) {
        ASSERT(changes[i].key.size >= 1 && changes[i].key.size <= 1024);
        span_free(field_swap(&redis->views, changes[i].key, copy_of(changes[i].value)));
    }
    return DONE;
}

static enum outcome store_read_view(struct store *base, struct span key, struct buffer *value, struct reason *why)
{
    struct fake_redis *redis = store_of(base)->redis;
    if (redis->down || drawn(redis, redis->odds.view_fails)) {
        return FAIL(why, RETRY, REASON_UNAVAILABLE, "no answer");
    }
    struct span found = fake_redis_view(redis, key);
    if (!found.data) {
        return FAIL(why, SKIP, REASON_NONE, "it is not in the view");
    }
    buffer_clear(value);
    buffer_bytes(value, found.data, found.size);
    ASSERT(!value->overflow);
    return DONE;
}

static enum outcome store_ping(struct store *base, struct reason *why)
{
    return tell(trouble_of(store_of(base)), why);
}

static void store_close(struct store *base)
{
    free(base);
}

static const struct store_ops store_ops = {
    .claim = store_claim,
    .peek = store_peek,
    .load = store_load,
    .apply = store_apply,
    .write_view = store_write_view,
    .read_view = store_read_view,
    .ping = store_ping,
    .close = store_close,
};

struct store *fake_store_open(struct fake_redis *redis)
{
    struct fake_store *self = calloc(1, sizeof *self);
    ASSERT(self);
    self->base.ops = &store_ops;
    self->redis = redis;
    return &self->base;
}
