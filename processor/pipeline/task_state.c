/* task_state.c - cells, ids, episodes and alerts, as fields of a task's hash and back. */
#include "task_state.h"

#include <stdio.h>
#include <stdlib.h>

#define IDS_FORMAT 1
#define GUARD_NAME "public"

/* ---- writing ---- */

/* What has changed of it, or all. */
static void put_cell(struct task *self, const struct fold_cell *cell, bool all, struct changes *changes)
{
    const struct fold_agency *agency = fold_agency_at(self->fold, cell->agency);
    struct field_name field = {
        STATE_OPEN,
        {agency->name, agency->services[cell->service].name, span_text(channel_word(cell->channel))},
    };
    if (all || cell->cell.open_changed) {
        changes_begin(changes, &field);
        cell_encode_open(&cell->cell, &changes->bytes);
        changes_end(changes);
    }
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        if (all || cell->cell.closed_changed[r]) {
            field.kind = STATE_CLOSED + r;
            changes_begin(changes, &field);
            cell_encode_closed(&cell->cell, (enum resolution)r, &changes->bytes);
            changes_end(changes);
        }
    }
}

/* What is held back of a cell is stored with it, so that after a restart the same people wait together. */
static void put_untold(struct task *self, const struct fold_cell *cell, bool all, struct changes *changes)
{
    const struct fold_agency *agency = fold_agency_at(self->fold, cell->agency);
    const struct untold *untold = cell->untold;
    struct field_name field = {
        STATE_UNTOLD,
        {agency->name, agency->services[cell->service].name, span_text(channel_word(cell->channel))},
    };
    if (!untold) {
        return;
    }
    if (all || untold->waiting_changed) {
        changes_begin(changes, &field);
        untold_encode(untold, &changes->bytes);
        changes_end(changes);
    }
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        if (all || untold->shift_changed[r]) {
            field.kind = STATE_UNTOLD_CLOSED + r;
            changes_begin(changes, &field);
            untold_encode_shift(untold, (enum resolution)r, &changes->bytes);
            changes_end(changes);
        }
    }
}

static void put_guard(const struct task *self, struct changes *changes)
{
    const struct field_name field = {STATE_GUARD, {span_text(GUARD_NAME)}};
    if (self->guard_changed && self->guarded) {
        changes_begin(changes, &field);
        buffer_u8(&changes->bytes, UNTOLD_FORMAT);
        changes_end(changes);
    } else if (self->guard_changed) {
        changes_remove(changes, &field);
    }
}

static uint64_t ids_total(const struct task *self)
{
    return fold_ids_forgotten(self->fold) + fold_id_count(self->fold);
}

static bool chunk_is_forgotten(const struct task *self, const struct id_chunk *chunk)
{
    return chunk->total <= fold_ids_forgotten(self->fold);
}

static struct field_name chunk_field(uint64_t seq, char text[24])
{
    snprintf(text, 24, "%llu", (unsigned long long)seq);
    return (struct field_name){STATE_IDS, {span_text(text)}};
}

/* The ids that came since the last apply under a field of their own; fields whose ids are all forgotten go. */
static void put_ids(struct task *self, const struct fold_changes *changed, struct changes *changes)
{
    char text[24];
    for (size_t i = 0; i < self->chunk_count && chunk_is_forgotten(self, &self->chunks[i]); i++) {
        struct field_name field = chunk_field(self->chunks[i].seq, text);
        changes_remove(changes, &field);
    }
    if (changed->id_count == 0) {
        return;
    }
    struct field_name field = chunk_field(self->seq + 1, text);
    changes_begin(changes, &field);
    buffer_u8(&changes->bytes, IDS_FORMAT);
    buffer_u64(&changes->bytes, (uint64_t)self->arrived.us);
    for (size_t i = 0; i < changed->id_count; i++) {
        buffer_u64(&changes->bytes, fold_fresh_id(self->fold, i));
    }
    changes_end(changes);
}

static void put_slips(struct span agency, const struct agency_detection *detection, struct changes *changes)
{
    char text[SUBJECT_WORD_SIZE];
    for (unsigned s = 0; s < SUBJECTS; s++) {
        if (detection->slip_changed[s]) {
            struct field_name field = {STATE_SLIP, {agency, span_text(subject_word(s, text))}};
            changes_begin(changes, &field);
            slip_encode(&detection->slips[s], &changes->bytes);
            changes_end(changes);
        }
    }
    if (detection->pin_changed) {
        struct field_name field = {STATE_PIN, {agency}};
        changes_begin(changes, &field);
        buffer_bytes(&changes->bytes, detection->pin.data, detection->pin.size);
        changes_end(changes);
    }
}

static const enum state_kind line_fields[LINES] = {[LINE_TARGET] = STATE_EPISODE, [LINE_BENCHMARK] = STATE_BENCHMARK};

static void put_lines(struct span agency, const struct agency_record *record, enum line_kind line,
                      struct changes *changes)
{
    char text[SUBJECT_WORD_SIZE];
    for (unsigned s = 0; s < TARGETS; s++) {
        if (record->episode_changed[line][s]) {
            struct field_name field = {line_fields[line], {agency, span_text(subject_word(s, text))}};
            changes_begin(changes, &field);
            episode_encode(&record->episodes[line][s], line_alerts[line], &changes->bytes);
            changes_end(changes);
        }
    }
}

static void put_silences(struct span agency, const struct agency_record *record, struct changes *changes)
{
    for (unsigned c = 0; c < CHANNELS; c++) {
        if (record->silence_changed[c]) {
            struct field_name field = {STATE_SILENCE, {agency, span_text(channel_word((enum channel)c))}};
            changes_begin(changes, &field);
            silence_encode(&record->silences[c], &changes->bytes);
            changes_end(changes);
        }
    }
}

static void put_divergence(struct span agency, const struct agency_record *record, struct changes *changes)
{
    if (record->divergence_changed) {
        struct field_name field = {STATE_DIVERGENCE, {agency}};
        changes_begin(changes, &field);
        divergence_encode(&record->divergence, &changes->bytes);
        changes_end(changes);
    }
}

static void put_episodes(struct task *self, struct changes *changes)
{
    for (uint32_t a = 0; a < fold_agency_count(self->fold); a++) {
        const struct fold_agency *agency = fold_agency_at(self->fold, a);
        const struct agency_record *record = agency->attachment;
        for (enum line_kind line = LINE_TARGET; record && line < LINES; line++) {
            put_lines(agency->name, record, line, changes);
        }
        if (record) {
            put_slips(agency->name, &record->detection, changes);
            put_silences(agency->name, record, changes);
            put_divergence(agency->name, record, changes);
        }
    }
}

void task_state_changes(struct task *self, struct changes *changes)
{
    struct fold_changes changed = fold_changes(self->fold);
    size_t cells = self->rebuilds ? fold_cell_count(self->fold) : changed.cell_count;
    for (size_t i = 0; i < cells; i++) {
        uint32_t cell = self->rebuilds ? (uint32_t)i : changed.cells[i];
        put_cell(self, fold_cell_at(self->fold, cell), self->rebuilds, changes);
        put_untold(self, fold_cell_at(self->fold, cell), self->rebuilds, changes);
    }
    put_guard(self, changes);
    put_ids(self, &changed, changes);
    put_episodes(self, changes);
    outbox_changes(&self->outbox, changes);
}

static void add_chunk(struct task *self, uint64_t seq)
{
    if (self->chunk_count == self->chunk_capacity) {
        self->chunk_capacity = self->chunk_capacity ? self->chunk_capacity * 2 : 64;
        self->chunks = realloc(self->chunks, self->chunk_capacity * sizeof *self->chunks);
        ASSERT(self->chunks);
    }
    self->chunks[self->chunk_count++] = (struct id_chunk){seq, ids_total(self)};
}

static void chunks_taken(struct task *self, bool had_ids)
{
    size_t forgotten = 0;
    while (forgotten < self->chunk_count && chunk_is_forgotten(self, &self->chunks[forgotten])) {
        forgotten++;
    }
    if (forgotten) {
        self->chunk_count -= forgotten;
        memmove(self->chunks, self->chunks + forgotten, self->chunk_count * sizeof *self->chunks);
    }
    if (had_ids) {
        add_chunk(self, self->seq); /* it has grown since the field was named */
    }
}

void task_state_touch(struct task *self)
{
    for (uint32_t a = 0; self->fold && a < fold_agency_count(self->fold); a++) {
        struct agency_record *record = fold_agency_at(self->fold, a)->attachment;
        for (unsigned i = 0; record && i < LINES * TARGETS; i++) {
            record->episode_changed[i / TARGETS][i % TARGETS] |= record->episodes[i / TARGETS][i % TARGETS].ordinal > 0;
        }
        for (unsigned s = 0; record && s < SUBJECTS; s++) {
            record->detection.slip_changed[s] |= record->detection.slips[s].episode.ordinal > 0;
        }
        for (unsigned c = 0; record && c < CHANNELS; c++) {
            record->silence_changed[c] |= record->silences[c].hour != 0 || record->silences[c].episode.ordinal > 0;
        }
        if (record) {
            record->detection.pin_changed |= record->detection.pin.size > 0;
            record->divergence_changed |= record->divergence.episode.ordinal > 0;
        }
    }
}

void task_state_taken(struct task *self)
{
    struct fold_changes changed = fold_changes(self->fold);
    for (size_t i = 0; i < changed.cell_count; i++) {
        struct fold_cell *kept = fold_cell_at(self->fold, changed.cells[i]);
        struct cell *cell = &kept->cell;
        cell->open_changed = false;
        memset(cell->closed_changed, 0, sizeof cell->closed_changed);
        if (kept->untold) {
            untold_changes_taken(kept->untold);
        }
    }
    for (uint32_t a = 0; a < fold_agency_count(self->fold); a++) {
        struct agency_record *record = fold_agency_at(self->fold, a)->attachment;
        if (record) {
            memset(record->episode_changed, 0, sizeof record->episode_changed);
            memset(record->detection.slip_changed, 0, sizeof record->detection.slip_changed);
            record->detection.pin_changed = false;
            memset(record->silence_changed, 0, sizeof record->silence_changed);
            record->divergence_changed = false;
        }
    }
    chunks_taken(self, changed.id_count > 0);
    fold_changes_taken(self->fold);
    outbox_changes_taken(&self->outbox);
    self->rebuilds = self->guard_changed = false;
}

/* Its ids are written again by the next apply, in a field of that one's: the field that was found goes when they do. */
void task_state_found(struct task *self)
{
    add_chunk(self, self->seq);
}

/* ---- reading ---- */

/* Ids come in any order of fields, and must be remembered in the order they came. */
struct loaded_ids {
    uint64_t seq;
    int64_t arrived_us;
    uint64_t *ids; /* owned */
    size_t count;
};
struct loading {
    struct task *task;
    struct loaded_ids *chunks;
    size_t count, capacity;
};

/* Names come from interactions that were checked: a longer one was put there by somebody else. */
static enum outcome check_names(const struct field_name *field, size_t count, struct reason *why)
{
    for (size_t i = 0; i < count; i++) {
        if (field->parts[i].size > ID_SIZE_MAX) {
            return FAIL(why, STOP, REASON_BAD_STATE, "a stored field has a name of %zu bytes, at most %d are allowed",
                        field->parts[i].size, ID_SIZE_MAX);
        }
    }
    return DONE;
}

static enum outcome load_cell(struct task *task, const struct field_name *field, struct span value, struct reason *why)
{
    enum channel channel;
    TRY(check_names(field, 2, why));
    uint32_t agency = fold_agency(task->fold, field->parts[0]);
    uint32_t service = fold_service(task->fold, agency, field->parts[1]);
    const struct fold_agency *kept = fold_agency_at(task->fold, agency);
    if (!channel_from_word(field->parts[2], &channel)) {
        return FAIL(why, STOP, REASON_BAD_STATE, "a stored cell has an unknown channel");
    }
    if (!span_equal(kept->name, field->parts[0]) || !span_equal(kept->services[service].name, field->parts[1])) {
        return FAIL(why, STOP, REASON_BAD_CONFIG,
                    "more agencies or services are stored than agencies.max or services.max allow: raise them");
    }
    uint32_t position = fold_cell(task->fold, agency, service, channel);
    struct fold_cell *cell = fold_cell_at(task->fold, position);
    for (unsigned w = 0; w < WINDOWS; w++) {
        cell->published[w] = PUBLISHED_BEFORE;
    }
    if (field->kind == STATE_OPEN) {
        return cell_decode_open(&cell->cell, value, why);
    }
    if (field->kind == STATE_UNTOLD) {
        return untold_decode(fold_untold(task->fold, position), value, why);
    }
    if (field->kind >= STATE_UNTOLD_CLOSED && field->kind <= STATE_UNTOLD_LAST) {
        enum resolution resolution = (enum resolution)(field->kind - STATE_UNTOLD_CLOSED);
        return untold_decode_shift(fold_untold(task->fold, position), resolution, value, why);
    }
    return cell_decode_closed(&cell->cell, (enum resolution)(field->kind - STATE_CLOSED), value, why);
}

static enum outcome load_ids(struct loading *self, const struct field_name *field, struct span value,
                             struct reason *why)
{
    struct cursor in = cursor_over(value);
    char seq[24] = "";
    uint8_t format = cursor_u8(&in);
    int64_t arrived_us = (int64_t)cursor_u64(&in);
    if (in.broken || format != IDS_FORMAT || cursor_left(&in) % 8 || field->parts[0].size >= sizeof seq) {
        return FAIL(why, STOP, REASON_BAD_STATE, "stored ids of %zu bytes and format %u cannot be read", value.size,
                    format);
    }
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 64;
        self->chunks = realloc(self->chunks, self->capacity * sizeof *self->chunks);
        ASSERT(self->chunks);
    }
    memcpy(seq, field->parts[0].data, field->parts[0].size);
    size_t count = cursor_left(&in) / 8;
    struct loaded_ids *chunk = &self->chunks[self->count++];
    *chunk = (struct loaded_ids){strtoull(seq, NULL, 10), arrived_us, malloc(count * 8 + 1), count};
    ASSERT(chunk->ids);
    for (size_t i = 0; i < count; i++) {
        chunk->ids[i] = cursor_u64(&in);
    }
    return DONE;
}

static enum outcome load_episode(struct task *task, const struct field_name *field, struct span value,
                                 struct reason *why)
{
    char text[SUBJECT_WORD_SIZE];
    enum line_kind line = field->kind == STATE_BENCHMARK ? LINE_BENCHMARK : LINE_TARGET;
    TRY(check_names(field, 1, why));
    for (unsigned s = 0; s < TARGETS; s++) {
        if (span_equal(field->parts[1], span_text(subject_word(s, text)))) {
            uint32_t agency = fold_agency(task->fold, field->parts[0]);
            return episode_decode(&task_agency(task, agency)->episodes[line][s], line_alerts[line], value, why);
        }
    }
    return DONE; /* a subject of a later release: it stays stored */
}

static enum outcome load_slip(struct task *task, const struct field_name *field, struct span value, struct reason *why)
{
    unsigned subject;
    if (!subject_from_word(field->parts[1], &subject)) {
        return DONE; /* of a later release: it stays stored */
    }
    uint32_t agency = fold_agency(task->fold, field->parts[0]);
    return slip_decode(&task_agency(task, agency)->detection.slips[subject], value, why);
}

static enum outcome load_silence(struct task *task, const struct field_name *field, struct span value,
                                 struct reason *why)
{
    enum channel channel;
    TRY(check_names(field, 1, why));
    if (!channel_from_word(field->parts[1], &channel)) {
        return DONE; /* of a later release: it stays stored */
    }
    uint32_t agency = fold_agency(task->fold, field->parts[0]);
    return silence_decode(&task_agency(task, agency)->silences[channel], value, why);
}

static enum outcome load_pin(struct task *task, const struct field_name *field, struct span value, struct reason *why)
{
    TRY(pin_check(value, why));
    struct buffer *pin = &task_agency(task, fold_agency(task->fold, field->parts[0]))->detection.pin;
    buffer_clear(pin);
    buffer_bytes(pin, value.data, value.size);
    return DONE;
}

/* Figures that groups did not make are never taken for public by a mark that is not the one put_guard writes. */
static enum outcome load_guard(struct task *task, const struct field_name *field, struct span value, struct reason *why)
{
    if (!span_equal(field->parts[0], span_text(GUARD_NAME))) {
        return DONE; /* of a later release: it stays stored */
    }
    if (value.size != 1 || *value.data != UNTOLD_FORMAT) {
        return FAIL(why, STOP, REASON_BAD_STATE, "the stored guard, %zu bytes of format %u, cannot be read", value.size,
                    value.size ? *value.data : 0U);
    }
    task->guarded = true;
    return DONE;
}

static enum outcome load_field(void *context, struct span name, struct span value, struct reason *why)
{
    struct loading *self = context;
    struct field_name field;
    if (!field_parse(name, &field)) {
        return DONE;
    }
    switch (field.kind) {
    case STATE_IDS:
        return load_ids(self, &field, value, why);
    case STATE_GUARD:
        return load_guard(self->task, &field, value, why);
    case STATE_EPISODE:
    case STATE_BENCHMARK:
        return load_episode(self->task, &field, value, why);
    case STATE_SILENCE:
        return load_silence(self->task, &field, value, why);
    case STATE_DIVERGENCE:
        TRY(check_names(&field, 1, why));
        return divergence_decode(&task_agency(self->task, fold_agency(self->task->fold, field.parts[0]))->divergence,
                                 value, why);
    case STATE_SLIP:
        return load_slip(self->task, &field, value, why);
    case STATE_PIN:
        return load_pin(self->task, &field, value, why);
    case STATE_OUTBOX:
        return outbox_load(&self->task->outbox, &field, value, why);
    default:
        return load_cell(self->task, &field, value, why);
    }
}

enum outcome task_load_kept(struct task *self, struct span name, struct span value, struct reason *why)
{
    struct loading loading = {.task = self};
    return load_field(&loading, name, value, why);
}

static int by_seq(const void *a, const void *b)
{
    uint64_t left = ((const struct loaded_ids *)a)->seq;
    uint64_t right = ((const struct loaded_ids *)b)->seq;
    return (left > right) - (left < right);
}

static void remember_all(struct loading *self)
{
    if (self->count) {
        qsort(self->chunks, self->count, sizeof *self->chunks, by_seq);
    }
    for (size_t i = 0; i < self->count; i++) {
        const struct loaded_ids *chunk = &self->chunks[i];
        if (i > 0 && chunk->seq == self->chunks[i - 1].seq) {
            continue; /* the scan gave it twice */
        }
        fold_remember(self->task->fold, chunk->ids, chunk->count, (struct event_time){chunk->arrived_us});
        add_chunk(self->task, chunk->seq);
    }
}

enum outcome task_load(struct task *self, struct store *store, struct reason *why)
{
    struct loading loading = {.task = self};
    enum outcome loaded = store->ops->load(store, self->partition, load_field, &loading, why);
    if (loaded == DONE) {
        remember_all(&loading);
    }
    for (size_t i = 0; i < loading.count; i++) {
        free(loading.chunks[i].ids);
    }
    free(loading.chunks);
    return loaded;
}
