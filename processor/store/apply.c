/* apply.c - the fenced write: one script call a task, many tasks in one go. */
#include <stdio.h>

#include "record.h"
#include "redis_store.h"

/* A change to set takes two words of a command. */
#define APPLY_CHANGES_MAX 500000
/* Redis closes on a client whose command passes 1 GiB (client-query-buffer-limit). */
#define APPLY_BYTES_MAX (size_t)(256 << 20)

/* Our own bounds and our own bugs, before anything is sent. */
static enum outcome apply_check(const struct apply *apply, struct reason *why)
{
    ASSERT(apply->seq < UINT64_MAX);
    if (apply->change_count > APPLY_CHANGES_MAX) {
        return FAIL(why, STOP, REASON_FULL, "partition %d: %zu changes in one apply, at most %d", (int)apply->partition,
                    apply->change_count, APPLY_CHANGES_MAX);
    }
    size_t bytes = 0;
    for (size_t i = 0; i < apply->change_count; i++) {
        const struct state_change *change = &apply->changes[i];
        ASSERT(!store_field_is_reserved(change->field));
        bytes += change->field.size + (change->removes ? 0 : change->value.size);
        if (bytes > APPLY_BYTES_MAX) {
            return FAIL(why, STOP, REASON_FULL, "partition %d: an apply of more than %zu bytes", (int)apply->partition,
                        APPLY_BYTES_MAX);
        }
    }
    return DONE;
}

static void add_changes(struct command *command, const struct apply *apply, bool removals)
{
    for (size_t i = 0; i < apply->change_count; i++) {
        const struct state_change *change = &apply->changes[i];
        if (change->removes == removals) {
            command_span(command, change->field);
        }
        if (!change->removes && !removals) {
            command_span(command, change->value);
        }
    }
}

static size_t count_sets(const struct apply *apply)
{
    size_t sets = 0;
    for (size_t i = 0; i < apply->change_count; i++) {
        sets += !apply->changes[i].removes;
    }
    return sets;
}

/* In the order that apply.lua reads. */
static enum outcome send_apply(struct redis_store *self, const struct apply *apply, struct reason *why)
{
    struct command *command = &self->command;
    struct buffer meta CLEANUP(buffer_done);
    buffer_init(&meta, META_SIZE_MAX);
    meta_write(&apply->meta, &meta);
    ASSERT(!meta.overflow);
    char key[TASK_KEY_SIZE], owner[OWNER_TEXT_SIZE], expected[SEQ_TEXT_SIZE], following[SEQ_TEXT_SIZE], sets[24];
    (void)snprintf(sets, sizeof sets, "%zu", count_sets(apply));
    script_start(&self->apply, command, store_task_key(self, apply->partition, key));
    command_text(command, owner_write(&apply->owner, owner));
    command_text(command, seq_write(apply->seq, expected));
    command_text(command, seq_write(apply->seq + 1, following));
    command_span(command, buffer_as_span(&meta));
    command_text(command, sets);
    add_changes(command, apply, false);
    add_changes(command, apply, true);
    return connection_send(&self->connection, command, why);
}

/* Sends those without a result from *end on, as many as a pipeline may hold; at least one. */
static enum outcome send_group(struct redis_store *self, const struct apply *applies, size_t count, size_t *end,
                               struct reason *why)
{
    size_t bytes = 0;
    for (; *end < count && bytes < PIPELINE_BYTES_MAX; (*end)++) {
        if (applies[*end].result == APPLY_FAILED) {
            TRY(send_apply(self, &applies[*end], why));
            bytes += self->command.bytes;
        }
    }
    return DONE;
}

static enum outcome read_result(struct redis_store *self, const redisReply *reply, enum apply_result *result,
                                struct reason *why)
{
    static const struct {
        const char *word;
        enum apply_result result;
    } answers[] = {{"DONE", APPLY_DONE}, {"DUPLICATE", APPLY_DUPLICATE}, {"FENCED", APPLY_FENCED}, {"GAP", APPLY_GAP}};
    for (size_t i = 0; reply->type == REDIS_REPLY_STRING && i < sizeof answers / sizeof answers[0]; i++) {
        if (span_equal(reply_span(reply), span_text(answers[i].word))) {
            *result = answers[i].result;
            return DONE;
        }
    }
    TRY(connection_judge(&self->connection, reply, why));
    return connection_puzzled(&self->connection, "apply", why);
}

/* One turn over all that have no result yet. What is worst is told; what one of them meets does not void the others. */
static enum outcome apply_round(struct redis_store *self, struct apply *applies, size_t count, bool *forgotten,
                                struct reason *why)
{
    enum outcome worst = DONE;
    for (size_t next = 0, end = 0; next < count; next = end) {
        TRY(send_group(self, applies, count, &end, why));
        for (size_t i = next; i < end; i++) {
            if (applies[i].result != APPLY_FAILED) {
                continue;
            }
            redisReply *reply CLEANUP(reply_free) = NULL;
            struct reason reason;
            enum outcome outcome = connection_receive(&self->connection, &reply, &reason);
            if (outcome == DONE) {
                *forgotten |= script_is_forgotten(reply);
                outcome = read_result(self, reply, &applies[i].result, &reason);
            }
            if (outcome > worst) { /* outcomes stand in order of gravity */
                worst = outcome;
                *why = reason;
            }
            if (!self->connection.context) {
                return worst; /* what became of the rest is unknown */
            }
        }
    }
    return worst;
}

enum outcome store_apply(struct store *store, struct apply *applies, size_t count, struct reason *why)
{
    struct redis_store *self = redis_store_of(store);
    struct reason reason = {0};
    for (size_t i = 0; i < count; i++) {
        applies[i].result = APPLY_FAILED;
    }
    for (size_t i = 0; i < count; i++) {
        TRY(apply_check(&applies[i], why));
    }
    TRY(connection_ready(&self->connection, why));
    if (!*self->apply.hash) {
        TRY(script_load(&self->apply, &self->connection, why));
    }
    bool forgotten = false;
    enum outcome outcome = apply_round(self, applies, count, &forgotten, &reason);
    if (forgotten && self->connection.context) {
        /* Those that failed for another reason may be sent again too: each says what it follows. */
        TRY(script_load(&self->apply, &self->connection, why));
        outcome = apply_round(self, applies, count, &forgotten, &reason);
    }
    if (outcome != DONE && why) {
        *why = reason;
    }
    return outcome;
}
