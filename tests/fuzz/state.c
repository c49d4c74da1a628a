/* state.c - any bytes as what is stored of a task: its cells, episodes, and whole hashes of fields; and as what a task
 * tells the fleet.
 *
 * Input: a byte that says what it is (enum kind), then the bytes. KIND_HASH: fields one after the other, each as the
 * sizes of its name (one byte) and of its value (two, little-endian), the name, the value. */
#include "fuzz.h"

#include "slipstream/score/fleet.h"
#include "task_state.h"

#include <math.h>

const size_t fuzz_heap_max = (size_t)4 << 20;

enum kind {
    KIND_OPEN,
    KIND_CLOSED /* + enum resolution */,
    KIND_EPISODE = KIND_CLOSED + RESOLUTIONS,
    KIND_HASH,
    KIND_PART,
    KINDS
};

#define NOW INT64_C(1795339800000000)

void fuzz_set_up(void)
{
}

static void check_refused(enum outcome outcome, const struct reason *why)
{
    CHECK(outcome == STOP && fuzz_says_why(why) && (why->code == REASON_BAD_STATE || why->code == REASON_BAD_CONFIG));
}

/* ---- cells ---- */

static void encode(const struct cell *cell, unsigned kind, struct buffer *out)
{
    buffer_clear(out);
    if (kind == KIND_OPEN) {
        cell_encode_open(cell, out);
    } else {
        cell_encode_closed(cell, (enum resolution)(kind - KIND_CLOSED), out);
    }
    CHECK(!out->overflow);
}

static enum outcome decode(struct cell *cell, unsigned kind, struct span bytes, struct reason *why)
{
    return kind == KIND_OPEN ? cell_decode_open(cell, bytes, why)
                             : cell_decode_closed(cell, (enum resolution)(kind - KIND_CLOSED), bytes, why);
}

static void sum_all(const struct cell *cell, int64_t sums[RESOLUTIONS][COUNTERS])
{
    memset(sums, 0, sizeof(int64_t[RESOLUTIONS][COUNTERS]));
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        cell_sum(cell, (enum resolution)r, INT64_MIN, INT64_MAX, sums[r]);
    }
}

/* Encoded and decoded it is the same, and so are the bytes the next time. */
static void check_encoded(const struct cell *cell)
{
    struct buffer first;
    struct buffer second;
    struct cell again;
    struct reason why;
    int64_t sums[2][RESOLUTIONS][COUNTERS];
    buffer_init(&first, CELL_CLOSED_SIZE_MAX);
    buffer_init(&second, CELL_CLOSED_SIZE_MAX);
    cell_init(&again);
    for (unsigned kind = KIND_OPEN; kind < KIND_CLOSED + RESOLUTIONS; kind++) {
        encode(cell, kind, &first);
        CHECK_DONE(decode(&again, kind, buffer_as_span(&first), &why), &why);
        encode(&again, kind, &second);
        CHECK(span_equal(buffer_as_span(&first), buffer_as_span(&second)));
    }
    sum_all(cell, sums[0]);
    sum_all(&again, sums[1]);
    CHECK(memcmp(sums[0], sums[1], sizeof sums[0]) == 0);
    cell_done(&again);
    buffer_done(&first);
    buffer_done(&second);
}

/* A loaded cell goes on as any other: events come, time passes, until all of it is forgotten. */
static void live_on(struct cell *cell)
{
    static const uint16_t counters[] = {COUNTER_EVENTS, COUNTER_INTERACTIONS, COUNTERS - 1};
    static const int64_t ages[] = {0, US_PER_MINUTE, 90 * US_PER_MINUTE, 5 * US_PER_DAY, 30 * US_PER_DAY};
    int64_t sums[COUNTERS] = {0};
    const struct event_time now = {NOW};
    const struct event_time later = {NOW + 200 * US_PER_DAY};
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
        cell_add(cell, NOW - ages[i], counters, sizeof counters / sizeof *counters, i % 2 == 1, now);
    }
    cell_window(cell, WINDOW_28D, now, sums);
    cell_expire(cell, now);
    cell_advance(cell, now);
    check_encoded(cell);
    cell_advance(cell, later);
    CHECK(cell_memory(cell) < CELL_CLOSED_SIZE_MAX);
}

static void try_cell(unsigned kind, struct span bytes)
{
    struct cell cell;
    struct reason why = {0};
    cell_init(&cell);
    enum outcome outcome = decode(&cell, kind, bytes, &why);
    if (outcome == DONE) {
        check_encoded(&cell);
        live_on(&cell);
    } else {
        check_refused(outcome, &why);
        CHECK(cell_is_empty(&cell));
    }
    cell_done(&cell);
}

/* ---- episodes ---- */

static void try_episode(struct span bytes)
{
    struct episode episode = {.ordinal = 7};
    struct episode again;
    struct buffer first;
    struct buffer second;
    struct reason why = {0};
    enum outcome outcome = episode_decode(&episode, ALERT_TARGET, bytes, &why);
    if (outcome != DONE) {
        check_refused(outcome, &why);
        CHECK(episode.ordinal == 7);
        return;
    }
    CHECK(episode.state < EPISODE_STATES && episode.looks_bad >= 0 && episode.looks_good >= 0);
    CHECK(isfinite(episode.target) && isfinite(episode.at_open.value));
    buffer_init(&first, EPISODE_SIZE_MAX);
    buffer_init(&second, EPISODE_SIZE_MAX);
    episode_encode(&episode, ALERT_TARGET, &first);
    CHECK(!first.overflow && episode_decode(&again, ALERT_TARGET, buffer_as_span(&first), &why) == DONE);
    episode_encode(&again, ALERT_TARGET, &second);
    CHECK(span_equal(buffer_as_span(&first), buffer_as_span(&second)));
    buffer_done(&first);
    buffer_done(&second);
}

/* ---- whole hashes ---- */

/* A store that has the input's fields, or those of a list of changes. */
struct fields_store {
    struct store base;
    struct span bytes;
    const struct state_change *list;
    size_t count;
};

typedef enum outcome field_function(void *context, struct span name, struct span value, struct reason *why);

static enum outcome load_fields(struct store *base, int32_t partition, field_function *field, void *context,
                                struct reason *why)
{
    const struct fields_store *self = (const struct fields_store *)base;
    struct cursor in = cursor_over(self->bytes);
    (void)partition;
    while (cursor_left(&in) > 0) {
        size_t name_size = cursor_u8(&in);
        size_t value_size = cursor_u8(&in);
        value_size |= (size_t)cursor_u8(&in) << 8;
        struct span name = cursor_bytes(&in, name_size);
        struct span value = cursor_bytes(&in, value_size);
        if (in.broken) {
            break;
        }
        TRY(field(context, name, value, why));
    }
    for (size_t i = 0; i < self->count; i++) {
        if (!self->list[i].removes) {
            TRY(field(context, self->list[i].field, self->list[i].value, why));
        }
    }
    return DONE;
}

static const struct store_ops field_ops = {.load = load_fields};

static enum outcome load(struct task *task, const struct fields_store *fields, struct reason *why)
{
    const struct fold_limits limits = {
        .ids_max = 1024, .horizon_us = US_PER_HOUR, .agencies_max = 64, .services_max = 8};
    struct fields_store store = *fields;
    store.base.ops = &field_ops;
    task_init(task, NULL, 0);
    task->fold = fold_open(&limits);
    return task_load(task, &store.base, why);
}

/* Everything of a task, as fields. */
static const struct state_change *all_of(struct task *task, struct changes *changes)
{
    task->rebuilds = true;
    task->guard_changed = task->guarded;
    for (uint32_t a = 0; a < fold_agency_count(task->fold); a++) {
        struct agency_record *record = fold_agency_at(task->fold, a)->attachment;
        if (record) {
            memset(record->episode_changed, true, sizeof record->episode_changed);
            memset(record->silence_changed, true, sizeof record->silence_changed);
            record->divergence_changed = true;
        }
    }
    task_state_changes(task, changes);
    CHECK(!changes->bytes.overflow);
    return changes_list(changes);
}

static bool is_among(const struct state_change *change, const struct state_change *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!list[i].removes && span_equal(change->field, list[i].field)) {
            return span_equal(change->value, list[i].value);
        }
    }
    return false;
}

/* Whether both write the same; what they remove is not there the second time. Agencies come in the order of the fields
 * that name them first, which is another the second time, where one has no cell. */
static bool same_writes(const struct state_change *a, size_t a_count, const struct state_change *b, size_t b_count)
{
    size_t written = 0;
    for (size_t i = 0; i < a_count; i++) {
        if (!a[i].removes && !is_among(&a[i], b, b_count)) {
            return false;
        }
        written += !a[i].removes;
    }
    return written == b_count;
}

/* What is held back in a task, in all: the same fields twice do not tell that one is never stored. */
struct held_back {
    uint64_t cells, waiting_bytes, newest_us;
    int64_t sums[RESOLUTIONS][COUNTERS];
};

static struct held_back held_back_in(const struct task *task)
{
    struct held_back all = {0};
    for (uint32_t c = 0; c < fold_cell_count(task->fold); c++) {
        const struct untold *untold = fold_cell_at(task->fold, c)->untold;
        if (!untold) {
            continue;
        }
        all.cells++;
        all.waiting_bytes += untold->waiting_size;
        all.newest_us += untold->waiting ? (uint64_t)untold->newest_us : 0; /* any bits: it may pass its bound */
        for (unsigned r = 0; r < RESOLUTIONS; r++) {
            untold_sum(untold, (enum resolution)r, INT64_MIN, INT64_MAX, all.sums[r]);
        }
    }
    return all;
}

static void check_held_back(const struct task *task, const struct task *again)
{
    const struct held_back first = held_back_in(task);
    const struct held_back second = held_back_in(again);
    CHECK(task->guarded == again->guarded);
    CHECK(memcmp(&first, &second, sizeof first) == 0);
}

/* What was loaded is stored, loaded, and stored again as the same fields. */
static void check_stored(struct task *task)
{
    struct changes first;
    struct changes second;
    struct task again;
    struct reason why;
    changes_init(&first);
    changes_init(&second);
    struct fields_store fields = {.list = all_of(task, &first), .count = first.count};
    CHECK_DONE(load(&again, &fields, &why), &why);
    CHECK(fold_cell_count(again.fold) == fold_cell_count(task->fold));
    check_held_back(task, &again);
    const struct state_change *list = all_of(&again, &second);
    CHECK(same_writes(fields.list, fields.count, list, second.count));
    task_done(&again);
    changes_done(&first);
    changes_done(&second);
}

static void try_hash(struct span bytes)
{
    struct task task;
    struct reason why = {0};
    enum outcome outcome = load(&task, &(struct fields_store){.bytes = bytes}, &why);
    if (outcome == DONE) {
        CHECK(fold_id_count(task.fold) <= 1024 && task.outbox.used <= OUTBOX_MAX);
        check_stored(&task);
    } else {
        check_refused(outcome, &why);
    }
    task_done(&task);
}

/* ---- what a task tells the fleet ---- */

static void check_figures(struct fleet_sum *sum)
{
    struct fleet_figures figures;
    struct fleet fleet;
    for (unsigned w = 0; w < WINDOWS; w++) {
        if (fleet_sum_figures(sum, (enum window)w, &figures)) {
            CHECK(figures.agencies >= FLEET_LEAST && figures.worst <= figures.best);
            CHECK(strlen(figures.best_agency) <= ID_SIZE_MAX && strlen(figures.worst_agency) <= ID_SIZE_MAX);
        }
    }
    fleet_sum_moved(sum, &fleet);
    CHECK(fleet.changed >= 0);
}

static void try_part(struct span bytes)
{
    struct fleet_part part;
    struct fleet_entry entry;
    if (!fleet_part_read(&part, bytes)) {
        return;
    }
    struct fleet_sum *sum = fleet_sum_open();
    while (fleet_part_next(&part, &entry)) {
        CHECK(entry.agency.size > 0 && entry.agency.size <= ID_SIZE_MAX);
        CHECK(isfinite(entry.change.low) && isfinite(entry.change.high));
        fleet_sum_add(sum, &entry);
    }
    check_figures(sum);
    fleet_sum_close(sum);
}

void fuzz_one(struct span input)
{
    struct cursor in = cursor_over(input);
    unsigned kind = cursor_u8(&in) % KINDS;
    struct span bytes = span_of(in.at, cursor_left(&in));
    if (kind < KIND_EPISODE) {
        try_cell(kind, bytes);
    } else if (kind == KIND_EPISODE) {
        try_episode(bytes);
    } else if (kind == KIND_PART) {
        try_part(bytes);
    } else {
        try_hash(bytes);
    }
}
