/* test_pane_bytes.c - a cell's bytes: there and back, cut short, damaged, made up; and counters at their bound.
 *
 * Whatever a decoder takes must be a cell that can be used: summed, added to, aged and stored again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "seeded.h"
#include "slipstream/model.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define MINUTE      INT64_C(60000000)
#define BASE        (100000 * 360 * MINUTE) /* a six-hour boundary */
#define PARTS       (1 + RESOLUTIONS)       /* the open panes, and each resolution's closed ones */
#define ALL         INT64_C(1000000000000)

static void encode(const struct cell *cell, unsigned part, struct buffer *out)
{
    buffer_clear(out);
    if (part == 0) {
        cell_encode_open(cell, out);
    } else {
        cell_encode_closed(cell, (enum resolution)(part - 1), out);
    }
    assert_false(out->overflow);
}

/* The bytes are copied to the heap in their exact size, so that the sanitizer sees one read too many. */
static enum outcome decode(struct cell *cell, unsigned part, const uint8_t *bytes, size_t size)
{
    struct reason why = {REASON_NONE, ""};
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    enum outcome outcome = part == 0 ? cell_decode_open(cell, span_of(copy, size), &why)
                                     : cell_decode_closed(cell, (enum resolution)(part - 1), span_of(copy, size), &why);
    free(copy);
    assert_true(outcome == DONE || outcome == STOP);
    assert_int_equal(why.code, outcome == DONE ? REASON_NONE : REASON_BAD_STATE);
    return outcome;
}

/* A cell with panes of all kinds, some of them before others that came first. */
static void fill(struct cell *cell, struct seeded *random, unsigned events)
{
    int64_t now = BASE;
    cell_init(cell);
    for (unsigned i = 0; i < events; i++) {
        now += (int64_t)seeded_sized(random, 34);
        uint16_t counters[3];
        for (unsigned c = 0; c < COUNT(counters); c++) {
            counters[c] = (uint16_t)(seeded_below(random, COUNTERS / 3) + c * (COUNTERS / 3));
        }
        int64_t at = now - (int64_t)seeded_sized(random, 36);
        cell_add(cell, at, counters, COUNT(counters), seeded_one_in(random, 3), (struct event_time){now});
    }
}

static void sum_all(const struct cell *cell, int64_t sums[RESOLUTIONS][COUNTERS])
{
    memset(sums, 0, RESOLUTIONS * sizeof *sums);
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        cell_sum(cell, (enum resolution)r, -ALL, ALL, sums[r]);
    }
}

static bool cells_equal(const struct cell *a, const struct cell *b)
{
    static int64_t sums[2][RESOLUTIONS][COUNTERS];
    sum_all(a, sums[0]);
    sum_all(b, sums[1]);
    return memcmp(sums[0], sums[1], sizeof sums[0]) == 0 && cell_is_empty(a) == cell_is_empty(b);
}

static void copy_of(const struct cell *cell, struct cell *copy)
{
    struct buffer bytes;
    buffer_init(&bytes, CELL_CLOSED_SIZE_MAX);
    cell_init(copy);
    for (unsigned part = 0; part < PARTS; part++) {
        encode(cell, part, &bytes);
        assert_int_equal(decode(copy, part, bytes.data, bytes.size), DONE);
        struct buffer again;
        buffer_init(&again, CELL_CLOSED_SIZE_MAX);
        encode(copy, part, &again);
        assert_true(span_equal(buffer_as_span(&again), buffer_as_span(&bytes)));
        buffer_done(&again);
    }
    buffer_done(&bytes);
}

static void bytes_bring_the_cell_back(void **state)
{
    (void)state;
    struct seeded random = {1};
    struct cell cell;
    struct cell copy;
    cell_init(&cell);
    copy_of(&cell, &copy); /* one that holds nothing */
    assert_true(cell_is_empty(&copy));
    cell_done(&copy);
    for (unsigned round = 0; round < 100; round++) {
        cell_done(&cell);
        fill(&cell, &random, (unsigned)seeded_below(&random, 200));
        copy_of(&cell, &copy);
        assert_true(cells_equal(&cell, &copy));
        cell_done(&copy);
    }
    cell_done(&cell);
}

/* No part of a blob is one, and the cell that it was read into is as it was. */
static void no_part_of_the_bytes_is_a_cell(void **state)
{
    (void)state;
    struct seeded random = {2};
    struct cell cell;
    struct cell other;
    struct cell same;
    struct buffer bytes;
    buffer_init(&bytes, CELL_CLOSED_SIZE_MAX);
    fill(&cell, &random, 60);
    fill(&other, &random, 40);
    copy_of(&other, &same);
    for (unsigned part = 0; part < PARTS; part++) {
        encode(&cell, part, &bytes);
        for (size_t size = 0; size < bytes.size; size++) {
            assert_int_equal(decode(&other, part, bytes.data, size), STOP);
            assert_true(size % 16 || cells_equal(&other, &same));
        }
        buffer_u8(&bytes, 0);
        assert_int_equal(decode(&other, part, bytes.data, bytes.size), STOP);
        assert_true(cells_equal(&other, &same));
        for (unsigned format = 0; format < 256; format++) {
            encode(&cell, part, &bytes);
            bytes.data[0] = (uint8_t)format;
            enum outcome expected = format == CELL_FORMAT ? DONE : STOP;
            assert_int_equal(decode(&other, part, bytes.data, bytes.size), expected);
        }
        cell_done(&other);
        copy_of(&same, &other);
    }
    cell_done(&cell);
    cell_done(&other);
    cell_done(&same);
    buffer_done(&bytes);
}

/* Everything that is done to a cell, on one that came from damaged bytes. */
static void use(struct cell *cell, struct seeded *random)
{
    static const uint16_t counters[] = {0, 100, COUNTERS - 1};
    int64_t sums[COUNTERS] = {0};
    int64_t now = BASE + (int64_t)seeded_sized(random, 42);
    for (unsigned i = 0; i < 4; i++) {
        struct event_time as_of = {now};
        int64_t at = now - (int64_t)seeded_sized(random, 43);
        cell_add(cell, at, counters, COUNT(counters), seeded_one_in(random, 2), as_of);
        now += (int64_t)seeded_sized(random, 40);
    }
    cell_window(cell, (enum window)seeded_below(random, WINDOWS), (struct event_time){now}, sums);
    if (seeded_one_in(random, 2)) {
        cell_advance(cell, (struct event_time){now});
    }
    struct cell copy;
    copy_of(cell, &copy);
    assert_true(cells_equal(cell, &copy));
    cell_advance(&copy, (struct event_time){now + (int64_t)seeded_sized(random, 60)});
    cell_done(&copy);
}

static void damaged_bytes_are_survived(void **state)
{
    (void)state;
    struct seeded random = {3};
    struct buffer bytes[PARTS];
    static uint8_t damaged[65536];
    unsigned rounds = 0;
    unsigned taken = 0;
    for (unsigned part = 0; part < PARTS; part++) {
        buffer_init(&bytes[part], CELL_CLOSED_SIZE_MAX);
    }
    for (; rounds < 24000; rounds++) {
        if (rounds % 200 == 0) {
            struct cell cell;
            fill(&cell, &random, 2 + (unsigned)seeded_below(&random, 20));
            for (unsigned part = 0; part < PARTS; part++) {
                encode(&cell, part, &bytes[part]);
                assert_true(bytes[part].size < sizeof damaged);
            }
            cell_done(&cell);
        }
        struct cell cell;
        cell_init(&cell);
        unsigned part = (unsigned)seeded_below(&random, PARTS);
        memcpy(damaged, bytes[part].data, bytes[part].size);
        size_t size = seeded_damage(&random, damaged, bytes[part].size, sizeof damaged);
        if (decode(&cell, part, damaged, size) == DONE) {
            taken++;
            unsigned other = (unsigned)seeded_below(&random, PARTS);
            assert_true(other == part || decode(&cell, other, bytes[other].data, bytes[other].size) == DONE);
            if (taken % 4 == 0) {
                use(&cell, &random);
            }
        }
        cell_done(&cell);
    }
    assert_true(taken > 500 && taken < rounds / 2); /* the damage must neither always nor never show */
    for (unsigned part = 0; part < PARTS; part++) {
        buffer_done(&bytes[part]);
    }
}

/* A pane's body with some touches, and one counter of at most 64 bits: the numbers bit by bit, as the header says. */
static void put_body(struct buffer *out, uint64_t touches, unsigned counter, int64_t value)
{
    struct buffer body;
    uint8_t bits[16] = {0};
    uint64_t number = value < 0 ? 2 * (uint64_t)(-(value + 1)) + 1 : (uint64_t)value;
    unsigned below = 0;
    while (value && number >> below > 1) {
        below++;
    }
    for (unsigned i = 0; i <= below; i++) {
        bool one = i == 0 || number >> (i - 1) & 1;
        bits[(below + i) / 8] |= (uint8_t)(one << (below + i) % 8);
    }
    buffer_init(&body, 64);
    buffer_varint(&body, touches * 2 + (value < 0));
    buffer_varint(&body, value ? UINT64_C(1) << counter / 8 : 0);
    if (value) {
        buffer_u8(&body, (uint8_t)(1u << counter % 8));
        buffer_bytes(&body, bits, (2 * below + 1 + 7) / 8);
    }
    buffer_span(out, buffer_as_span(&body));
    buffer_done(&body);
}

static void made_up_open(struct buffer *out, const int64_t index[RESOLUTIONS], const int64_t touches[RESOLUTIONS],
                         int64_t value)
{
    buffer_clear(out);
    buffer_u8(out, CELL_FORMAT);
    for (unsigned r = 0; r < RESOLUTIONS; r++) {
        buffer_zigzag(out, index[r]);
        put_body(out, (uint64_t)touches[r], 5, touches[r] ? value : 0);
    }
}

#define FARTHEST (INT64_MAX / MINUTE)
static const struct {
    const char *name;
    int64_t index[RESOLUTIONS], touches[RESOLUTIONS];
    int64_t value;
    enum outcome outcome;
} opens[] = {
    {"nothing yet", {INT64_MIN, INT64_MIN, INT64_MIN}, {0}, 0, DONE},
    {"touched, but nowhere", {INT64_MIN, INT64_MIN, INT64_MIN}, {1}, 1, STOP},
    {"a minute of its hour", {359, 5, 0}, {1, 1, 1}, 1, DONE},
    {"before 1970", {-1, -1, -1}, {1, 1, 1}, 1, DONE},
    {"a minute of another hour", {360, 5, 0}, {1, 1, 1}, 1, STOP},
    {"an hour of another quarter of a day", {359, 5, 1}, {1, 1, 1}, 1, STOP},
    {"a minute without an hour", {0, INT64_MIN, INT64_MIN}, {1}, 1, STOP},
    {"an hour without a minute", {INT64_MIN, 0, 0}, {0}, 0, STOP},
    {"the end of time", {FARTHEST, FARTHEST / 60, FARTHEST / 360}, {1}, 1, DONE},
    {"beyond it", {FARTHEST + 360, FARTHEST / 60 + 6, FARTHEST / 360 + 1}, {1}, 1, STOP},
    {"the greatest number", {INT64_MAX, INT64_MAX / 60, INT64_MAX / 360}, {1}, 1, STOP},
    {"as many as fit", {0, 0, 0}, {1, 2, INT32_MAX - 3}, 1, DONE},
    {"one more", {0, 0, 0}, {1, 3, INT32_MAX - 3}, 1, STOP},
    {"too many in one", {0, 0, 0}, {(int64_t)INT32_MAX + 1}, 1, STOP},
    {"more counted than touched", {0, 0, 0}, {1}, 2, STOP},
    {"more taken back than touched", {0, 0, 0}, {1}, -2, STOP},
    {"all taken back", {0, 0, 0}, {2}, -2, DONE},
    {"the least of 32 bits", {0, 0, 0}, {INT32_MAX}, INT32_MIN, STOP},
};

static void open_panes_must_fit_together(void **state)
{
    (void)state;
    struct buffer bytes;
    buffer_init(&bytes, 1000);
    for (size_t row = 0; row < COUNT(opens); row++) {
        struct cell cell;
        struct seeded random = {row};
        cell_init(&cell);
        made_up_open(&bytes, opens[row].index, opens[row].touches, opens[row].value);
        if (decode(&cell, 0, bytes.data, bytes.size) != opens[row].outcome) {
            fail_msg("%s", opens[row].name);
        }
        use(&cell, &random);
        cell_done(&cell);
    }
    buffer_done(&bytes);
}

/* Closed panes as bytes: the index of the first, then entries, each a gap, a size, a body. */
static const struct {
    const char *name;
    int64_t first;
    const char *entries;
    size_t size;
    enum outcome outcome;
} closeds[] = {
#define ENTRIES(literal) literal, sizeof literal - 1
    {"none", 0, ENTRIES(""), DONE},
    {"one, untouched", 0, ENTRIES("\x00\x02\x00\x00"), DONE},
    {"counter 0 is 1", 0, ENTRIES("\x00\x04\x02\x01\x01\x01"), DONE},
    {"the gap of the first says nothing", 0, ENTRIES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x00\x00"), DONE},
    {"two", 0, ENTRIES("\x00\x02\x00\x00\x05\x02\x00\x00"), DONE},
    {"two in one place", 0, ENTRIES("\x00\x02\x00\x00\x00\x02\x00\x00"), STOP},
    {"a gap of 2^31", 0, ENTRIES("\x00\x02\x00\x00\x80\x80\x80\x80\x08\x02\x00\x00"), DONE},
    {"a gap of 2^63", 0, ENTRIES("\x00\x02\x00\x00\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x02\x00\x00"), STOP},
    {"no body", 0, ENTRIES("\x00\x00"), STOP},
    {"touches without groups", 0, ENTRIES("\x00\x01\x02"), STOP},
    {"body longer than there is", 0, ENTRIES("\x00\x03\x02\x00"), STOP},
    {"body of 2^64 bytes", 0, ENTRIES("\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x00"), STOP},
    {"body longer than any", 0, ENTRIES("\x00\x81\x7f\x02\x00"), STOP},
    {"a group without its counters", 0, ENTRIES("\x00\x02\x02\x01"), STOP},
    {"a group of no counters", 0, ENTRIES("\x00\x03\x02\x01\x00"), STOP},
    {"a counter without its number", 0, ENTRIES("\x00\x03\x02\x01\x01"), STOP},
    {"a number that never begins", 0, ENTRIES("\x00\x04\x02\x01\x01\x00"), STOP},
    {"a number that is cut", 0, ENTRIES("\x00\x04\xfe\x01\x01\x01\x10"), STOP},
    {"eight ones in a byte", 0, ENTRIES("\x00\x04\x02\x01\xff\xff"), DONE},
    {"and one that is missing", 0, ENTRIES("\x00\x05\x02\x03\xff\x01\xff"), STOP},
    {"a byte too many", 0, ENTRIES("\x00\x05\x02\x01\x01\x01\x00"), STOP},
    {"a bit too many", 0, ENTRIES("\x00\x04\x02\x01\x01\x03"), STOP},
    {"the last counter", 0, ENTRIES("\x00\x08\x02\x80\x80\x80\x80\x10\x80\x01"), DONE},
    {"and one", 0, ENTRIES("\x00\x08\x02\x80\x80\x80\x80\x20\x01\x01"), STOP},
    {"a group far out", 0, ENTRIES("\x00\x0d\x02\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x01\x01"), STOP},
    {"2 of 2 touches", 0, ENTRIES("\x00\x04\x04\x01\x01\x02"), DONE},
    {"3 of 2 touches", 0, ENTRIES("\x00\x04\x04\x01\x01\x06"), STOP},
    {"2 taken back of 2 touches", 0, ENTRIES("\x00\x04\x05\x01\x01\x06"), DONE},
    {"3 taken back of 2 touches", 0, ENTRIES("\x00\x04\x05\x01\x01\x0c"), STOP},
    {"signed, and none is negative", 0, ENTRIES("\x00\x04\x05\x01\x01\x02"), DONE},
    {"2^31 touches", 0, ENTRIES("\x00\x06\x80\x80\x80\x80\x10\x00"), STOP},
    {"the end of time", FARTHEST, ENTRIES("\x00\x02\x00\x00"), DONE},
    {"beyond it", FARTHEST, ENTRIES("\x00\x02\x00\x00\x05\x02\x00\x00"), STOP},
    {"the greatest number", INT64_MAX, ENTRIES("\x00\x02\x00\x00\x05\x02\x00\x00"), STOP},
    {"the least number", INT64_MIN, ENTRIES("\x00\x02\x00\x00"), STOP},
};

static void closed_panes_must_be_in_order(void **state)
{
    (void)state;
    struct buffer bytes;
    buffer_init(&bytes, 1000);
    for (size_t row = 0; row < COUNT(closeds); row++) {
        for (unsigned part = 1; part < PARTS; part++) {
            struct cell cell;
            struct seeded random = {row};
            cell_init(&cell);
            buffer_clear(&bytes);
            buffer_u8(&bytes, CELL_FORMAT);
            buffer_zigzag(&bytes, closeds[row].first);
            buffer_span(&bytes, span_of(closeds[row].entries, closeds[row].size));
            if (decode(&cell, part, bytes.data, bytes.size) != closeds[row].outcome) {
                fail_msg("%s", closeds[row].name);
            }
            use(&cell, &random);
            cell_done(&cell);
        }
    }
    buffer_done(&bytes);
}

/* Open panes with as many touches as may be. */
static void make_full(struct cell *cell, int64_t value)
{
    struct buffer bytes;
    buffer_init(&bytes, 1000);
    int64_t minute = BASE / MINUTE;
    const int64_t index[RESOLUTIONS] = {minute, minute / 60, minute / 360};
    made_up_open(&bytes, index, (const int64_t[]){INT32_MAX - 2, 0, 0}, value);
    cell_init(cell);
    assert_int_equal(decode(cell, 0, bytes.data, bytes.size), DONE);
    buffer_done(&bytes);
}

static void a_full_pane_takes_nothing_until_it_is_over(void **state)
{
    (void)state;
    static const uint16_t counter[] = {5};
    for (int64_t sign = -1; sign <= 1; sign += 2) {
        struct cell cell;
        struct cell before;
        make_full(&cell, sign * (INT32_MAX - 2));
        int64_t at = BASE;
        for (unsigned i = 0; i < 2; i++, at += MINUTE) {
            assert_int_equal(cell_add(&cell, at, counter, 1, sign < 0, (struct event_time){at}), CELL_APPLIED);
        }
        copy_of(&cell, &before);
        static const int64_t later[] = {1, 2, 61, 359}; /* minutes of the same six hours */
        for (size_t i = 0; i < COUNT(later); i++) {
            at = BASE + later[i] * MINUTE;
            assert_int_equal(cell_add(&cell, at, counter, 1, sign < 0, (struct event_time){at}), CELL_FULL);
            assert_int_equal(cell_add(&cell, BASE, counter, 1, sign < 0, (struct event_time){at}), CELL_FULL);
            assert_true(cells_equal(&cell, &before));
        }
        at = BASE + 360 * MINUTE;
        assert_int_equal(cell_add(&cell, at, counter, 1, sign < 0, (struct event_time){at}), CELL_APPLIED);
        cell_done(&before);
        copy_of(&cell, &before);
        for (int64_t minute = 0; minute < 360; minute += 7) { /* late into the six hours that are full */
            assert_int_equal(cell_add(&cell, BASE + minute * MINUTE, counter, 1, sign < 0, (struct event_time){at}),
                             CELL_FULL);
        }
        assert_true(cells_equal(&cell, &before));
        int64_t sums[COUNTERS] = {0};
        cell_sum(&cell, PANE_SIX_HOURS, -ALL, ALL, sums);
        assert_int_equal(sums[5], sign * (INT64_C(1) + INT32_MAX));
        cell_done(&before);
        cell_done(&cell);
    }
}

/* Panes that are closed into one that is there already end at the bound. */
static void two_full_panes_become_one(void **state)
{
    (void)state;
    struct cell cell;
    struct cell closed;
    struct buffer bytes;
    buffer_init(&bytes, 1000);
    make_full(&cell, INT32_MAX - 2);
    make_full(&closed, INT32_MAX - 2);
    struct event_time later = {BASE + 360 * MINUTE};
    cell_advance(&closed, later);
    for (unsigned part = 1; part < PARTS; part++) {
        encode(&closed, part, &bytes);
        assert_int_equal(decode(&cell, part, bytes.data, bytes.size), DONE);
    }
    cell_advance(&cell, later);
    for (unsigned r = 1; r < RESOLUTIONS; r++) {
        int64_t sums[COUNTERS] = {0};
        cell_sum(&cell, (enum resolution)r, -ALL, ALL, sums);
        assert_int_equal(sums[5], INT32_MAX);
    }
    cell_done(&cell);
    cell_done(&closed);
    buffer_done(&bytes);
}

/* The largest there can be, against the bounds that buffers are given. */
static void the_fullest_cell_fits(void **state)
{
    (void)state;
    struct cell cell;
    struct buffer bytes;
    uint16_t counters[COUNTERS];
    for (unsigned i = 0; i < COUNTERS; i++) {
        counters[i] = (uint16_t)i;
    }
    cell_init(&cell);
    for (int64_t minute = 0; minute < 252 * 360; minute += minute < 252 * 360 - 15000 ? 60 : 1) {
        for (unsigned times = 0; times < 2; times++) {
            int64_t at = BASE + minute * MINUTE;
            assert_int_equal(cell_add(&cell, at, counters, COUNTERS, true, (struct event_time){at}), CELL_APPLIED);
        }
        if (minute % 60 == 0) {
            cell_advance(&cell, (struct event_time){BASE + minute * MINUTE});
        }
    }
    size_t total = 0;
    for (unsigned part = 0; part < PARTS; part++) {
        buffer_init(&bytes, part ? CELL_CLOSED_SIZE_MAX : CELL_OPEN_SIZE_MAX);
        encode(&cell, part, &bytes);
        total += bytes.size;
        buffer_done(&bytes);
    }
    assert_true(cell_memory(&cell) >= total && cell_memory(&cell) < 4 * total);
    cell_done(&cell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_bring_the_cell_back),     cmocka_unit_test(no_part_of_the_bytes_is_a_cell),
        cmocka_unit_test(damaged_bytes_are_survived),    cmocka_unit_test(open_panes_must_fit_together),
        cmocka_unit_test(closed_panes_must_be_in_order), cmocka_unit_test(a_full_pane_takes_nothing_until_it_is_over),
        cmocka_unit_test(two_full_panes_become_one),     cmocka_unit_test(the_fullest_cell_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
