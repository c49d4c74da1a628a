/* test_task_parts.c - the parts a task is made of: names of its fields and lists of changes, the watch over
 * intake's progress.
 *
 * Oracles: rows; for fields, what was put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "seeded.h"
#include "task_state.h"
#include "watch.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define NOW         INT64_C(1795338000000000)
#define SECOND      US_PER_SECOND

/* ---- fields ---- */

static const size_t part_counts[STATE_KINDS] = {
    [STATE_OPEN] = 3,
    [STATE_CLOSED] = 3,
    [STATE_CLOSED + 1] = 3,
    [STATE_CLOSED + 2] = 3,
    [STATE_IDS] = 1,
    [STATE_EPISODE] = 2,
    [STATE_SLIP] = 2,
    [STATE_PIN] = 1,
    [STATE_OUTBOX] = 2,
    [STATE_BENCHMARK] = 2,
    [STATE_SILENCE] = 2,
    [STATE_DIVERGENCE] = 1,
    [STATE_GUARD] = 1,
    [STATE_UNTOLD] = 3,
    [STATE_UNTOLD_CLOSED] = 3,
    [STATE_UNTOLD_CLOSED + 1] = 3,
    [STATE_UNTOLD_CLOSED + 2] = 3,
};

static struct span random_part(struct seeded *random, uint8_t bytes[ID_SIZE_MAX])
{
    size_t size = 1 + (size_t)seeded_below(random, seeded_one_in(random, 5) ? ID_SIZE_MAX : 8);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)seeded_between(random, 1, 255);
    }
    return span_of(bytes, size);
}

static void names_of_fields_come_back(void **state)
{
    (void)state;
    struct seeded random = {1};
    struct changes changes;
    changes_init(&changes);
    for (unsigned round = 0; round < 2000; round++) {
        uint8_t bytes[STATE_PARTS][ID_SIZE_MAX];
        struct field_name field = {.kind = (enum state_kind)(round % STATE_KINDS)};
        struct field_name parsed;
        for (size_t i = 0; i < part_counts[field.kind]; i++) {
            field.parts[i] = random_part(&random, bytes[i]);
        }
        changes_clear(&changes);
        changes_remove(&changes, &field);
        struct span name = changes_list(&changes)[0].field;
        assert_true(field_parse(name, &parsed));
        assert_int_equal(parsed.kind, field.kind);
        for (size_t i = 0; i < part_counts[field.kind]; i++) {
            assert_true(span_equal(parsed.parts[i], field.parts[i]));
        }
    }
    changes_done(&changes);
}

static const struct {
    const char *name;
    size_t size;
    bool is_ours;
} names[] = {
    {"", 0, false},
    {"open", 4, false},
    {"open\0a\0b\0c", 10, true},
    {"open\0a\0b", 8, false},
    {"open\0a\0b\0", 9, false},
    {"open\0a\0\0c", 9, false},
    {"open\0a\0b\0c\0d", 12, false},
    {"opened\0a\0b\0c", 12, false},
    {"pin\0a\0b", 7, false}, /* a later release's */
    {"ids\0"
     "7",
     5, true},
    {"\0\0\0", 3, false},
    {"six_hours\0a\0b\0web", 17, true},
    {"episode\0a\0cx", 12, true},
    {"outbox\0"
     "0123456789abcdef\0opened",
     30, true},
};

static void foreign_fields_are_left_alone(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(names); row++) {
        struct field_name field;
        if (field_parse(span_of(names[row].name, names[row].size), &field) != names[row].is_ours) {
            fail_msg("row %zu", row);
        }
    }
}

static void a_list_of_changes_holds_what_was_put_in(void **state)
{
    (void)state;
    struct changes changes;
    uint8_t *large = malloc(300000);
    assert_non_null(large);
    memset(large, 'v', 300000);
    changes_init(&changes);
    for (unsigned round = 0; round < 3; round++) { /* the second finds what the first has left, cleared */
        for (unsigned i = 0; i < 100; i++) {
            char seq[24];
            snprintf(seq, sizeof seq, "%u", i);
            struct field_name field = {STATE_IDS, {span_text(seq)}};
            if (i % 3 == 0) {
                changes_remove(&changes, &field);
            } else {
                changes_begin(&changes, &field);
                buffer_bytes(&changes.bytes, large, round == 1 ? i * 3000 : i);
                changes_end(&changes);
            }
        }
        assert_int_equal(changes.count, 100);
        const struct state_change *list = changes_list(&changes);
        for (unsigned i = 0; i < 100; i++) {
            char name[24];
            int size = snprintf(name, sizeof name, "ids%c%u", 0, i);
            assert_true(span_equal(list[i].field, span_of(name, (size_t)size)));
            assert_int_equal(list[i].removes, i % 3 == 0);
            assert_true(list[i].removes || list[i].value.size == (round == 1 ? i * 3000 : i));
            assert_memory_equal(list[i].value.data, large, list[i].value.size);
        }
        changes_clear(&changes);
        assert_int_equal(changes.count, 0);
        assert_true(changes.bytes.capacity <= 1 << 20); /* large memory is given back */
    }
    changes_done(&changes);
    free(large);
}

/* ---- names that are too long ---- */

/* A store that holds one field. */
struct one_field {
    struct store base;
    struct span name, value;
};

static enum outcome load_one(struct store *base, int32_t partition,
                             enum outcome (*field)(void *context, struct span name, struct span value,
                                                   struct reason *why),
                             void *context, struct reason *why)
{
    const struct one_field *self = (const struct one_field *)base;
    (void)partition;
    return field(context, self->name, self->value, why);
}

static const struct {
    const char *name;
    enum state_kind kind;
    size_t sizes[2]; /* of its first two parts */
    bool fits;
} long_names[] = {
    {"an agency of 200 bytes", STATE_OPEN, {200, 1}, true},
    {"an agency of 201 bytes", STATE_OPEN, {201, 1}, false},
    {"a service of 200 bytes", STATE_OPEN, {1, 200}, true},
    {"a service of 201 bytes", STATE_OPEN, {1, 201}, false},
    {"an episode's agency of 201 bytes", STATE_EPISODE, {201, 1}, false},
};

static void names_beyond_their_bound_are_refused(void **state)
{
    (void)state;
    static const struct store_ops ops = {.load = load_one};
    static const struct fold_limits limits = {1024, US_PER_HOUR, 8, 8};
    char letters[201];
    memset(letters, 'a', sizeof letters);
    for (size_t row = 0; row < COUNT(long_names); row++) {
        struct field_name field = {
            long_names[row].kind,
            {span_of(letters, long_names[row].sizes[0]), span_of(letters, long_names[row].sizes[1]), span_text("web")}};
        struct changes changes;
        struct task task;
        struct cell cell;
        struct reason why = {0};
        changes_init(&changes);
        cell_init(&cell);
        changes_begin(&changes, &field);
        cell_encode_open(&cell, &changes.bytes);
        changes_end(&changes);
        const struct state_change *list = changes_list(&changes);
        struct one_field store = {{&ops}, list[0].field, list[0].value};
        task_init(&task, NULL, 0);
        task.fold = fold_open(&limits);
        enum outcome outcome = task_load(&task, &store.base, &why);
        if (outcome != (long_names[row].fits ? DONE : STOP) || (outcome == STOP && why.code != REASON_BAD_STATE)) {
            fail_msg("%s: %d, %s", long_names[row].name, outcome, why.text);
        }
        task_done(&task);
        changes_done(&changes);
        cell_done(&cell);
    }
}

/* ---- the guard ---- */

static const struct {
    const char *name;
    const char *field;
    size_t field_size;
    const char *value;
    size_t size;
    enum outcome outcome;
    bool guards;
} guards[] = {
    {"as it is written", "guard\0public", 12, "\1", 1, DONE, true},
    {"nothing", "guard\0public", 12, "", 0, STOP, false},
    {"format 0", "guard\0public", 12, "\0", 1, STOP, false},
    {"a later format", "guard\0public", 12, "\2", 1, STOP, false},
    {"more behind it", "guard\0public", 12, "\1\0", 2, STOP, false},
    {"a later release's", "guard\0publics", 13, "\1", 1, DONE, false},
    {"a later release's of its own format", "guard\0fleet", 11, "\7\7", 2, DONE, false},
};

static void only_its_own_mark_guards_a_task(void **state)
{
    (void)state;
    static const struct store_ops ops = {.load = load_one};
    static const struct fold_limits limits = {1024, US_PER_HOUR, 8, 8};
    for (size_t row = 0; row < COUNT(guards); row++) {
        struct one_field store = {
            {&ops}, span_of(guards[row].field, guards[row].field_size), span_of(guards[row].value, guards[row].size)};
        struct task task;
        struct reason why = {0};
        task_init(&task, NULL, 0);
        task.fold = fold_open(&limits);
        enum outcome outcome = task_load(&task, &store.base, &why);
        if (outcome != guards[row].outcome || task.guarded != guards[row].guards ||
            why.code != (outcome == DONE ? REASON_NONE : REASON_BAD_STATE)) {
            fail_msg("%s: %d, %s", guards[row].name, outcome, why.text);
        }
        task_done(&task);
    }
}

/* ---- watch ---- */

/* A word of intake's: topic (0: "a", 1: "b", -1: none at all), how many partitions it has, and of one of them how far
 * it is read and where it ends (-1: not known; -2: nothing of any partition), as of how many seconds ago. */
struct word {
    int topic, partitions, partition, read, end;
    double seconds_ago;
};
#define NEVER 1e9
static const struct {
    const char *name;
    struct word words[5];
    size_t count;
    double complete_seconds_ago;
} watches[] = {
    {"no word yet", {{0}}, 0, NEVER},
    {"of the only partition", {{0, 1, 0, 5, 5, 2}}, 1, 2},
    {"an empty one", {{0, 1, 0, 0, 0, 2}}, 1, 2},
    {"of one of two", {{0, 2, 0, 5, 5, 2}}, 1, NEVER},
    {"of two", {{0, 2, 0, 5, 5, 2}, {0, 2, 1, 9, 9, 5}}, 2, 5},
    {"one is behind", {{0, 2, 0, 5, 5, 2}, {0, 2, 1, 6, 9, 1}}, 2, NEVER},
    {"it was, and is no more", {{0, 1, 0, 2, 5, 9}, {0, 1, 0, 5, 5, 1}}, 2, 1},
    {"it was not, and is now", {{0, 1, 0, 5, 5, 9}, {0, 1, 0, 5, 8, 1}}, 2, 9},
    {"behind, but past the end of before", {{0, 1, 0, 2, 5, 9}, {0, 1, 0, 5, 8, 1}}, 2, 9},
    {"behind, and not there yet", {{0, 1, 0, 2, 5, 9}, {0, 1, 0, 4, 8, 5}, {0, 1, 0, 4, 9, 1}}, 3, NEVER},
    {"from end to end", {{0, 1, 0, 2, 5, 9}, {0, 1, 0, 6, 8, 6}, {0, 1, 0, 8, 12, 3}, {0, 1, 0, 9, 13, 1}}, 4, 6},
    {"the end is not known", {{0, 1, 0, 5, -1, 1}}, 1, NEVER},
    {"it was known before", {{0, 1, 0, 5, 5, 7}, {0, 1, 0, 5, -1, 1}}, 2, 7},
    {"thirty seconds ago", {{0, 1, 0, 5, 5, 30}}, 1, 30},
    {"longer ago", {{0, 1, 0, 5, 5, 30.000001}}, 1, NEVER},
    {"a clock ahead of ours", {{0, 1, 0, 5, 5, -3}}, 1, 0},
    {"an older word comes late", {{0, 1, 0, 5, 5, 2}, {0, 1, 0, 1, 8, 20}}, 2, 2},
    {"the topic has grown", {{0, 1, 0, 5, 5, 2}, {0, 2, 0, 5, 5, 1}}, 2, NEVER},
    {"and the new one is read", {{0, 1, 0, 5, 5, 2}, {0, 2, 0, 5, 5, 1}, {0, 2, 1, 5, 5, 3}}, 3, 3},
    {"an instance that knows no count", {{0, 1, 0, 5, 5, 2}, {0, 0, 0, 0, -2, 0}}, 2, 2},
    {"nobody knows a count", {{0, 0, 0, 0, -2, 0}}, 1, NEVER},
    {"a batch sealed early", {{0, 1, 0, 5, 5, 2}, {-1, 0, 0, 0, -2, 0}}, 2, 2},
    {"a topic no longer read", {{0, 1, 0, 5, 5, 40}, {1, 1, 0, 5, 5, 2}}, 2, 2},
    {"and read again", {{0, 1, 0, 5, 5, 9}, {1, 1, 0, 5, 5, 2}, {0, 1, 0, 5, 5, 4}}, 3, 4},
    {"a partition beyond the count", {{0, 1, 0, 5, 5, 2}, {0, 1, 5, 5, 9, 1}}, 2, 2},
};

static void silence_is_complete_when_all_sources_were_read(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(watches); row++) {
        struct watch watch;
        watch_init(&watch);
        for (size_t i = 0; i < watches[row].count; i++) {
            const struct word *word = &watches[row].words[i];
            struct source_topic source = {span_text(word->topic == 1 ? "b" : "a"), word->partitions};
            struct source_progress progress = {0, word->partition, word->read, word->end,
                                               NOW - (int64_t)(word->seconds_ago * 1e6)};
            struct batch_header header = {.sources = &source,
                                          .source_count = word->topic >= 0,
                                          .progress = &progress,
                                          .progress_count = word->end > -2};
            watch_tell(&watch, &header);
        }
        int64_t complete = watch_complete_until(&watch, (struct event_time){NOW}).us;
        double expected = watches[row].complete_seconds_ago;
        if (complete != (expected == NEVER ? INT64_MIN : NOW - (int64_t)(expected * 1e6))) {
            fail_msg("%s: %lld", watches[row].name, (long long)(NOW - complete));
        }
        watch_done(&watch);
    }
}

static void two_topics_are_watched_together(void **state)
{
    (void)state;
    struct watch watch;
    watch_init(&watch);
    struct source_topic sources[] = {{span_text("a"), 1}, {span_text("b"), 1}};
    struct source_progress progress[] = {{0, 0, 5, 5, NOW - 3 * SECOND}, {1, 0, 5, 5, NOW - 7 * SECOND}};
    struct batch_header header = {.sources = sources, .source_count = 2, .progress = progress, .progress_count = 1};
    watch_tell(&watch, &header);
    assert_int_equal(watch_complete_until(&watch, (struct event_time){NOW}).us, INT64_MIN);
    header.progress = progress + 1;
    watch_tell(&watch, &header);
    assert_int_equal(watch_complete_until(&watch, (struct event_time){NOW}).us, NOW - 7 * SECOND);
    watch_done(&watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_fields_come_back),
        cmocka_unit_test(foreign_fields_are_left_alone),
        cmocka_unit_test(a_list_of_changes_holds_what_was_put_in),
        cmocka_unit_test(names_beyond_their_bound_are_refused),
        cmocka_unit_test(only_its_own_mark_guards_a_task),
        cmocka_unit_test(silence_is_complete_when_all_sources_were_read),
        cmocka_unit_test(two_topics_are_watched_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
