/* test_outbox.c - alerts on their way out: who acknowledges what, what is stored of it and read back, what is given up.
 *
 * Oracle: what was added and acknowledged, counted by hand; format 1 is a message and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "outbox.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define ALL         (SINK_BIT(SINK_TOPIC) | SINK_BIT(SINK_ALERTMANAGER) | SINK_BIT(SINK_WEBHOOK))
#define MESSAGE     span_of("\0message", 8)
#define NOTICE      span_text("{\"id\":\"7\"}")

static void add(struct outbox *outbox, uint64_t alert, enum alert_transition transition, int64_t at)
{
    outbox_add(outbox, alert, transition, MESSAGE, NOTICE, (struct event_time){at});
}

/* How many changes there are, and whether the first removes. */
static size_t changes_of(const struct outbox *outbox, bool *removes)
{
    struct changes changes;
    changes_init(&changes);
    outbox_changes(outbox, &changes);
    size_t count = changes.count;
    if (count) {
        *removes = changes_list(&changes)[0].removes;
    }
    assert_int_equal(outbox_has_changes(outbox), count != 0);
    changes_done(&changes);
    return count;
}

static void send(struct outbox *outbox, size_t i, enum alert_sink sink)
{
    assert_true(outbox_wants(outbox, &outbox->entries[i], sink));
    outbox->entries[i].sent |= SINK_BIT(sink);
    assert_false(outbox_wants(outbox, &outbox->entries[i], sink));
}

static void deliver(struct outbox *outbox, size_t i, enum alert_sink sink, enum outcome outcome)
{
    outbox_delivered(outbox, i, outbox->entries[i].generation, sink, outcome);
}

/* New, stored, sent, and then: acknowledged, or to be sent again. */
static void an_entrys_way_out(void **state)
{
    (void)state;
    struct outbox outbox;
    bool removes = false;
    outbox_init(&outbox, 0);
    assert_int_equal(changes_of(&outbox, &removes), 0);
    add(&outbox, 7, ALERT_OPENED, 1);
    assert_int_equal(changes_of(&outbox, &removes), 1);
    assert_false(removes);
    assert_false(outbox_wants(&outbox, &outbox.entries[0], SINK_TOPIC)); /* it is not stored yet */
    deliver(&outbox, 0, SINK_TOPIC, DONE);                               /* so this is not of it */
    assert_int_equal(outbox.entries[0].state, OUTBOX_NEW);
    outbox_changes_taken(&outbox);
    assert_int_equal(changes_of(&outbox, &removes), 0);
    send(&outbox, 0, SINK_TOPIC);
    deliver(&outbox, 0, SINK_TOPIC, RETRY);
    send(&outbox, 0, SINK_TOPIC);
    deliver(&outbox, 0, SINK_TOPIC, DONE);
    deliver(&outbox, 0, SINK_TOPIC, DONE);              /* twice is once */
    outbox_delivered(&outbox, 99, 0, SINK_TOPIC, DONE); /* none of ours */
    assert_int_equal(outbox.on_topic, 0);
    assert_int_equal(changes_of(&outbox, &removes), 1);
    assert_true(removes);
    outbox_changes_taken(&outbox);
    assert_int_equal(outbox.used, 0);
    assert_int_equal(changes_of(&outbox, &removes), 0);
    outbox_done(&outbox);
}

/* Every order in which three sinks may acknowledge: it leaves after the third, and each acknowledgement is stored. */
static void an_entry_leaves_when_every_sink_has_it(void **state)
{
    (void)state;
    static const enum alert_sink orders[][3] = {
        {SINK_TOPIC, SINK_ALERTMANAGER, SINK_WEBHOOK}, {SINK_TOPIC, SINK_WEBHOOK, SINK_ALERTMANAGER},
        {SINK_ALERTMANAGER, SINK_TOPIC, SINK_WEBHOOK}, {SINK_ALERTMANAGER, SINK_WEBHOOK, SINK_TOPIC},
        {SINK_WEBHOOK, SINK_TOPIC, SINK_ALERTMANAGER}, {SINK_WEBHOOK, SINK_ALERTMANAGER, SINK_TOPIC}};
    for (size_t row = 0; row < COUNT(orders); row++) {
        struct outbox outbox;
        bool removes = false;
        outbox_init(&outbox, ALL);
        add(&outbox, 7, ALERT_OPENED, 1);
        outbox_changes_taken(&outbox);
        for (unsigned s = 0; s < 3; s++) {
            enum alert_sink sink = orders[row][s];
            assert_int_equal(outbox_waiting(&outbox, sink), 1);
            send(&outbox, 0, sink);
            deliver(&outbox, 0, sink, s == 1 ? SKIP : DONE); /* refused for good is as good as taken */
            assert_int_equal(outbox_waiting(&outbox, sink), 0);
            assert_int_equal(changes_of(&outbox, &removes), 1);
            assert_int_equal(removes, s == 2);
            outbox_changes_taken(&outbox);
        }
        assert_int_equal(outbox.used, 0);
        outbox_done(&outbox);
    }
}

/* A newer update takes an older one's place: what is heard of the older says nothing of it. */
static void an_update_replaces_the_one_before(void **state)
{
    (void)state;
    struct outbox outbox;
    outbox_init(&outbox, ALL);
    add(&outbox, 7, ALERT_UPDATED, 1);
    outbox_changes_taken(&outbox);
    send(&outbox, 0, SINK_TOPIC);
    send(&outbox, 0, SINK_WEBHOOK);
    unsigned before = outbox.entries[0].generation;
    outbox_delivered(&outbox, 0, before, SINK_TOPIC, DONE);
    add(&outbox, 7, ALERT_UPDATED, 2);
    assert_int_equal(outbox.used, 1);
    assert_int_equal(outbox.on_topic, 1);
    outbox_changes_taken(&outbox);
    outbox_delivered(&outbox, 0, before, SINK_WEBHOOK, DONE);
    for (enum alert_sink s = SINK_TOPIC; s < ALERT_SINKS; s++) {
        assert_true(outbox_wants(&outbox, &outbox.entries[0], s));
    }
    outbox_done(&outbox);
}

/* Revoked, and ours again with its memory: the notifier forgot what it had, the topic's deliveries will still be told.
 */
static void what_was_forgotten_is_sent_again(void **state)
{
    (void)state;
    struct outbox outbox;
    outbox_init(&outbox, ALL);
    add(&outbox, 7, ALERT_OPENED, 1);
    outbox_changes_taken(&outbox);
    for (enum alert_sink s = SINK_TOPIC; s < ALERT_SINKS; s++) {
        send(&outbox, 0, s);
    }
    outbox_forget_sent(&outbox);
    assert_false(outbox_wants(&outbox, &outbox.entries[0], SINK_TOPIC));
    assert_true(outbox_wants(&outbox, &outbox.entries[0], SINK_ALERTMANAGER));
    assert_true(outbox_wants(&outbox, &outbox.entries[0], SINK_WEBHOOK));
    outbox_done(&outbox);
}

/* Everything in `from` as it is stored into `to`, each field twice, as a scan may give it. */
static void store_and_load(const struct outbox *from, struct outbox *to)
{
    struct changes changes;
    struct reason why;
    changes_init(&changes);
    outbox_changes(from, &changes);
    const struct state_change *list = changes_list(&changes);
    for (size_t i = 0; i < 2 * changes.count; i++) {
        struct field_name field;
        assert_true(field_parse(list[i / 2].field, &field));
        assert_int_equal(outbox_load(to, &field, list[i / 2].value, &why), DONE);
    }
    changes_done(&changes);
}

static void stored_entries_are_loaded_once(void **state)
{
    (void)state;
    struct outbox written, loaded;
    outbox_init(&written, ALL);
    outbox_init(&loaded, ALL);
    for (uint64_t i = 0; i < 40; i++) {
        static const enum alert_transition transitions[] = {ALERT_OPENED, ALERT_UPDATED, ALERT_CLOSED};
        add(&written, UINT64_MAX / 40 * i, transitions[i % 3], (int64_t)i - 20);
        written.entries[i].acked = i % 4 ? SINK_BIT(i % 4 - 1) : 0;
    }
    store_and_load(&written, &loaded);
    assert_int_equal(loaded.used, 40);
    assert_int_equal(loaded.on_topic, 30); /* ten have its bit */
    for (size_t i = 0; i < 40; i++) {
        const struct outbox_entry *entry = &loaded.entries[i];
        assert_int_equal(entry->state, OUTBOX_STORED);
        assert_int_equal(entry->alert, written.entries[i].alert);
        assert_int_equal(entry->transition, written.entries[i].transition);
        assert_int_equal(entry->at.us, written.entries[i].at.us);
        assert_int_equal(entry->acked, written.entries[i].acked);
        assert_true(span_equal(outbox_message(entry), MESSAGE));
        assert_true(span_equal(outbox_notice(entry), NOTICE));
    }
    assert_false(outbox_has_changes(&loaded));
    outbox_done(&written);
    outbox_done(&loaded);
}

static const struct {
    const char *name;
    unsigned acked, sinks; /* as stored; configured at the load */
    bool leaves;
    unsigned wants;
} changed_settings[] = {
    {"the webhook was taken away, it alone had not it", SINK_BIT(SINK_TOPIC), SINK_BIT(SINK_TOPIC), true, 0},
    {"all are there still", SINK_BIT(SINK_TOPIC), ALL, false, SINK_BIT(SINK_ALERTMANAGER) | SINK_BIT(SINK_WEBHOOK)},
    {"a webhook has come", SINK_BIT(SINK_TOPIC) | SINK_BIT(SINK_ALERTMANAGER), ALL, false, SINK_BIT(SINK_WEBHOOK)},
    {"nobody has it", 0, SINK_BIT(SINK_WEBHOOK), false, SINK_BIT(SINK_TOPIC) | SINK_BIT(SINK_WEBHOOK)},
};

static void sinks_come_and_go_with_the_settings(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(changed_settings); row++) {
        struct outbox written, loaded;
        outbox_init(&written, ALL);
        outbox_init(&loaded, changed_settings[row].sinks);
        add(&written, 7, ALERT_OPENED, 1);
        written.entries[0].acked = changed_settings[row].acked;
        store_and_load(&written, &loaded);
        unsigned wants = 0;
        for (enum alert_sink s = SINK_TOPIC; s < ALERT_SINKS; s++) {
            wants |= outbox_wants(&loaded, &loaded.entries[0], s) ? SINK_BIT(s) : 0;
        }
        if ((loaded.entries[0].state == OUTBOX_DONE) != changed_settings[row].leaves ||
            wants != changed_settings[row].wants) {
            fail_msg("%s: state %d, wants %x", changed_settings[row].name, (int)loaded.entries[0].state, wants);
        }
        outbox_done(&written);
        outbox_done(&loaded);
    }
}

/* As the release before the sinks stored it: there is no notice of it, so that only the topic can be told. */
static void the_first_format_is_read(void **state)
{
    (void)state;
    struct outbox outbox;
    struct reason why;
    const struct field_name field = {STATE_OUTBOX, {span_text("0123456789abcdef"), span_text("closed")}};
    outbox_init(&outbox, ALL);
    assert_int_equal(outbox_load(&outbox, &field, MESSAGE, &why), DONE);
    const struct outbox_entry *entry = &outbox.entries[0];
    assert_int_equal(entry->alert, UINT64_C(0x0123456789abcdef));
    assert_int_equal(entry->transition, ALERT_CLOSED);
    assert_true(span_equal(outbox_message(entry), MESSAGE));
    assert_false(outbox_wants(&outbox, entry, SINK_ALERTMANAGER) || outbox_wants(&outbox, entry, SINK_WEBHOOK));
    send(&outbox, 0, SINK_TOPIC);
    deliver(&outbox, 0, SINK_TOPIC, DONE);
    assert_int_equal(entry->state, OUTBOX_DONE);
    outbox_done(&outbox);
}

static uint8_t large[OUTBOX_VALUE_MAX + NOTIFY_BODY_MAX + 256];
static const struct {
    const char *name, *id, *transition;
    const char *value;
    size_t size;
    const char *says;
} damaged[] = {
    {"a short id", "0123456789abcde", "opened", "\0m", 2, "id"},
    {"a long id", "0123456789abcdef0", "opened", "\0m", 2, "id"},
    {"an unknown transition", "0123456789abcdef", "begun", "\0m", 2, "transition"},
    {"nothing", "0123456789abcdef", "opened", "", 0, "cannot be read"},
    {"a newer format", "0123456789abcdef", "opened", "\3\0\0\0\0", 5, "newer release"},
    {"a first format that is too large", "0123456789abcdef", "opened", (const char *)large, OUTBOX_VALUE_MAX + 1,
     "cannot be read"},
    {"a second format cut", "0123456789abcdef", "opened", "\2\0\0\4", 4, "cannot be read"},
    {"and one with more behind it", "0123456789abcdef", "opened", "\2\0\0\0\0x", 6, "cannot be read"},
};

static void damaged_entries_are_refused(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(damaged); row++) {
        struct outbox outbox;
        struct reason why = {.text = ""};
        outbox_init(&outbox, ALL);
        struct field_name field = {STATE_OUTBOX, {span_text(damaged[row].id), span_text(damaged[row].transition)}};
        enum outcome loaded = outbox_load(&outbox, &field, span_of(damaged[row].value, damaged[row].size), &why);
        if (loaded != STOP || why.code != REASON_BAD_STATE || !strstr(why.text, damaged[row].says)) {
            fail_msg("%s: outcome %d: %s", damaged[row].name, loaded, why.text);
        }
        outbox_done(&outbox);
    }
}

static void the_topic_has_a_bound(void **state)
{
    (void)state;
    struct outbox outbox;
    outbox_init(&outbox, ALL);
    for (unsigned i = 0; i < OUTBOX_TOPIC_MAX; i++) {
        assert_true(outbox_has_room(&outbox, OUTBOX_TOPIC_MAX - i));
        assert_false(outbox_has_room(&outbox, OUTBOX_TOPIC_MAX - i + 1));
        add(&outbox, i, ALERT_OPENED, i);
    }
    assert_false(outbox_has_room(&outbox, 1));
    outbox_done(&outbox);
}

/* The webhook takes nothing for ever, the topic everything: there is always room, and the oldest are given up. */
static void a_sink_that_is_away_does_not_hold_the_others(void **state)
{
    (void)state;
    struct outbox outbox;
    int64_t given_up[ALERT_SINKS] = {0};
    size_t total = 0;
    outbox_init(&outbox, SINK_BIT(SINK_TOPIC) | SINK_BIT(SINK_WEBHOOK));
    for (unsigned round = 0; round < 40; round++) {
        for (unsigned i = 0; i < 100; i++) {
            assert_true(outbox_has_room(&outbox, 1));
            add(&outbox, 1 + round * 100 + i, ALERT_OPENED, round * 100 + i);
        }
        outbox_changes_taken(&outbox);
        for (size_t i = 0; i < outbox.capacity; i++) {
            if (outbox_wants(&outbox, &outbox.entries[i], SINK_TOPIC)) {
                send(&outbox, i, SINK_TOPIC);
                deliver(&outbox, i, SINK_TOPIC, DONE);
            }
        }
        total += outbox_trim(&outbox, given_up);
        outbox_changes_taken(&outbox);
        assert_true(outbox.used <= OUTBOX_WAITING_MAX);
    }
    assert_int_equal(total, 4000 - OUTBOX_WAITING_MAX);
    assert_int_equal(given_up[SINK_WEBHOOK], total);
    assert_int_equal(given_up[SINK_TOPIC] + given_up[SINK_ALERTMANAGER], 0);
    for (size_t i = 0; i < outbox.capacity; i++) { /* the newest are there */
        assert_true(outbox.entries[i].state == OUTBOX_FREE || outbox.entries[i].at.us >= (int64_t)total);
    }
    outbox_done(&outbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entrys_way_out),
        cmocka_unit_test(an_entry_leaves_when_every_sink_has_it),
        cmocka_unit_test(an_update_replaces_the_one_before),
        cmocka_unit_test(what_was_forgotten_is_sent_again),
        cmocka_unit_test(stored_entries_are_loaded_once),
        cmocka_unit_test(sinks_come_and_go_with_the_settings),
        cmocka_unit_test(the_first_format_is_read),
        cmocka_unit_test(damaged_entries_are_refused),
        cmocka_unit_test(the_topic_has_a_bound),
        cmocka_unit_test(a_sink_that_is_away_does_not_hold_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
