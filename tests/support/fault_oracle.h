/* fault_oracle.h - what was produced, as plain lists, and what must have become of it: the naive oracle of seeded runs.
 *
 * It knows nothing of stages, batches, panes' encoding or positions: it has the messages written, and adds up. */
#ifndef SLIPSTREAM_TESTS_FAULT_ORACLE_H
#define SLIPSTREAM_TESTS_FAULT_ORACLE_H

#include "published.h"

#define EVENTS_MAX 2200 /* messages that can be read, copies included */
#define BAD_MAX    400
#define AGENCIES   5
#define SERVICES   2
#define CELLS      (AGENCIES * SERVICES * CHANNELS)

static const char *const agencies[AGENCIES] = {"tax", "parks", "benefits", "customs", "a \"quoted\" one"};
static const char *const services[SERVICES] = {"returns", "permits"};

struct bad_message {
    unsigned topic;
    int32_t partition;
    int64_t offset;
};

struct oracle {
    uint64_t seed;
    struct sample events[EVENTS_MAX]; /* one each: copies are counted in `ids` only */
    uint8_t cells[EVENTS_MAX];
    size_t event_count;
    uint64_t ids[EVENTS_MAX]; /* of every message written that can be read */
    size_t id_count;
    struct bad_message bad[BAD_MAX];
    size_t bad_count;
};

static inline int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* ---- cx.signals and the dead letters: every message once ---- */

static inline void check_signals(struct oracle *self, struct world *world)
{
    struct heard heard = hear(world);
    uint64_t *ids = calloc(heard.count + 1, sizeof *ids);
    assert_non_null(ids);
    for (size_t i = 0; i < heard.count; i++) {
        ids[i] = heard.events[i].event.id;
    }
    qsort(ids, heard.count, sizeof *ids, by_number);
    qsort(self->ids, self->id_count, sizeof *self->ids, by_number);
    bool same = heard.count == self->id_count && memcmp(ids, self->ids, heard.count * sizeof *ids) == 0;
    if (!same) {
        fail_msg("seed %llu: %zu events on cx.signals of %zu messages, or not the same", (unsigned long long)self->seed,
                 heard.count, self->id_count);
    }
    free(ids);
    free(heard.events);
}

struct letters {
    struct oracle *oracle;
    struct world *world;
    size_t found[BAD_MAX];
    size_t count;
};

static inline void find_letter(void *context, int32_t partition, int64_t offset, const struct fake_record *record)
{
    struct letters *self = context;
    struct cursor in = cursor_over(record->value);
    (void)partition;
    (void)offset;
    (void)cursor_u8(&in);
    struct span topic = cursor_span(&in);
    int64_t of_partition = cursor_zigzag(&in);
    int64_t of_offset = cursor_zigzag(&in);
    self->count++;
    for (size_t i = 0; i < self->oracle->bad_count; i++) {
        const struct bad_message *bad = &self->oracle->bad[i];
        self->found[i] += bad->partition == of_partition && bad->offset == of_offset &&
                          span_equal(topic, span_text(self->world->topics[bad->topic]));
    }
}

static inline void check_letters(struct oracle *self, struct world *world)
{
    struct letters letters = {.oracle = self, .world = world};
    each_record(world, world->config.topic_deadletter, find_letter, &letters);
    for (size_t i = 0; i < self->bad_count; i++) {
        if (letters.found[i] != 1) {
            fail_msg("seed %llu: bad message %zu has %zu dead letters", (unsigned long long)self->seed, i,
                     letters.found[i]);
        }
    }
    if (letters.count != self->bad_count) {
        fail_msg("seed %llu: %zu dead letters of %zu bad messages", (unsigned long long)self->seed, letters.count,
                 self->bad_count);
    }
}

/* ---- the state: every event once, in its panes ---- */

static inline int64_t floor_to(int64_t us, int64_t unit)
{
    return (us >= 0 ? us : us - unit + 1) / unit;
}

/* A cell as it is stored; false: there is none. */
static inline bool read_cell(struct world *world, unsigned cell, struct cell *out)
{
    static const char *const words[] = {"open", "minute", "hour", "six_hours"};
    const char *agency = agencies[cell / (SERVICES * CHANNELS)];
    const char *service = services[cell / CHANNELS % SERVICES];
    int32_t partition = partition_of(span_text(agency), (int32_t)world->config.signals_partitions);
    bool found = false;
    struct reason why;
    cell_init(out);
    for (unsigned w = 0; w < 4; w++) {
        char name[128];
        int size = snprintf(name, sizeof name, "%s%c%s%c%s%c%s", words[w], 0, agency, 0, service, 0,
                            channel_word((enum channel)(cell % CHANNELS)));
        struct span value = fake_redis_field(world->redis, partition, span_of(name, (size_t)size));
        if (value.data) {
            found = true;
            assert_int_equal(w == 0 ? cell_decode_open(out, value, &why)
                                    : cell_decode_closed(out, (enum resolution)(w - 1), value, &why),
                             DONE);
        }
    }
    return found;
}

static inline void expect_cell(const struct oracle *self, unsigned cell, int64_t from_us,
                               int64_t counts[SAMPLE_COUNTERS])
{
    memset(counts, 0, SAMPLE_COUNTERS * sizeof *counts);
    for (size_t i = 0; i < self->event_count; i++) {
        if (self->cells[i] == cell && self->events[i].at_us >= from_us) {
            sample_count(&self->events[i], counts);
        }
    }
}

/* Minutes of two hours, hours of ten days, six hours of nine weeks: each resolution has all events as far as it goes.
 */
static inline void check_cell(const struct oracle *self, struct world *world, unsigned number)
{
    static const int64_t lengths[] = {US_PER_MINUTE, US_PER_HOUR, 6 * US_PER_HOUR};
    static const int64_t kept[] = {120, 240, 252};
    struct cell cell;
    const char *agency = agencies[number / (SERVICES * CHANNELS)];
    int32_t partition = partition_of(span_text(agency), (int32_t)world->config.signals_partitions);
    int64_t as_of = fake_redis_meta(world->redis, partition)->as_of_us;
    (void)read_cell(world, number, &cell);
    for (unsigned r = 0; r < 3; r++) {
        int64_t first = floor_to(as_of, lengths[r]) - kept[r] + 1;
        int64_t sums[COUNTERS] = {0};
        int64_t got[SAMPLE_COUNTERS], expected[SAMPLE_COUNTERS];
        cell_sum(&cell, (enum resolution)r, first, INT64_MAX / 2, sums);
        sample_counters_of(sums, (enum channel)(number % CHANNELS), got);
        expect_cell(self, number, first * lengths[r], expected);
        for (unsigned c = 0; c < SAMPLE_COUNTERS; c++) {
            if (got[c] != expected[c]) {
                fail_msg("seed %llu: %s, cell %u, resolution %u, counter %u: %lld, not %lld",
                         (unsigned long long)self->seed, agency, number, r, c, (long long)got[c],
                         (long long)expected[c]);
            }
        }
    }
    cell_done(&cell);
}

/* ---- what is public ---- */

static inline void expect_agency(const struct oracle *self, unsigned agency, int64_t counts[SAMPLE_COUNTERS])
{
    memset(counts, 0, SAMPLE_COUNTERS * sizeof *counts);
    for (size_t i = 0; i < self->event_count; i++) {
        if (self->cells[i] / (SERVICES * CHANNELS) == agency) {
            sample_count(&self->events[i], counts);
        }
    }
}

struct highest {
    struct span agency;
    int64_t epoch, seq;
    const struct fake_record *record;
};

/* As readers are told to do: of the records with one key, the one with the highest revision counts, wherever it is. */
static inline void see_revision(void *context, int32_t partition, int64_t offset, const struct fake_record *record)
{
    struct highest *self = context;
    (void)partition;
    (void)offset;
    if (!span_equal(record->key, self->agency)) {
        return;
    }
    struct cursor in = cursor_over(span_of(record->value.data + 5, record->value.size - 5));
    (void)cursor_span(&in);
    int64_t epoch = cursor_zigzag(&in);
    int64_t seq = cursor_zigzag(&in);
    if (epoch > self->epoch || (epoch == self->epoch && seq > self->seq)) {
        *self = (struct highest){self->agency, epoch, seq, record};
    }
}

/* The current scorecard has everything: all events are younger than 28 days. Where figures are suppressed it lacks what
 * waits in each cell, fewer than 11 people; it never tells of fewer. */
static inline void check_score(const struct oracle *self, struct world *world, unsigned agency)
{
    int64_t counts[SAMPLE_COUNTERS];
    expect_agency(self, agency, counts);
    struct highest highest = {.agency = span_text(agencies[agency])};
    each_record(world, world->config.topic_scores, see_revision, &highest);
    if (!highest.record) {
        assert_int_equal(counts[SAMPLE_EVENTS], 0);
        return;
    }
    json_t *score = published_json(highest.record->value, "score", ID_SCORE);
    const json_t *card = card_in(score, "28d", "");
    int64_t people =
        counts[SAMPLE_INTERACTIONS] > counts[SAMPLE_SURVEYED] ? counts[SAMPLE_INTERACTIONS] : counts[SAMPLE_SURVEYED];
    int64_t waiting = world->scoring.suppress_below ? (int64_t)SERVICES * CHANNELS * 10 : 0;
    bool suppressed = json_is_true(json_object_get(card, "suppressed"));
    int64_t shown = suppressed ? -1 : number_in(json_object_get(card, "interactions"), "long");
    int64_t off = llabs((long long)(shown - counts[SAMPLE_INTERACTIONS]));
    if (suppressed ? people >= world->scoring.suppress_below + waiting
                   : off > waiting || llabs((long long)shown) < world->scoring.suppress_below) {
        fail_msg("seed %llu: %s shows %lld interactions of %lld", (unsigned long long)self->seed, agencies[agency],
                 (long long)shown, (long long)counts[SAMPLE_INTERACTIONS]);
    }
    json_decref(score);
}

/* Every episode that is stored has been told of, under its own id. */
static inline void check_alerts(const struct oracle *self, struct world *world, unsigned agency)
{
    char name[64];
    struct episode episode = {0};
    struct reason why;
    int32_t partition = partition_of(span_text(agencies[agency]), (int32_t)world->config.signals_partitions);
    int size = snprintf(name, sizeof name, "episode%c%s%ccx", 0, agencies[agency], 0);
    struct span value = fake_redis_field(world->redis, partition, span_of(name, (size_t)size));
    if (value.data) {
        assert_int_equal(episode_decode(&episode, ALERT_TARGET, value, &why), DONE);
    }
    for (uint32_t ordinal = 1; ordinal <= episode.ordinal; ordinal++) {
        char id[17];
        snprintf(id, sizeof id, "%016llx",
                 (unsigned long long)alert_id(ALERT_TARGET, span_text(agencies[agency]), TARGET_CX, ordinal));
        if (!last_with_key(world, world->config.topic_alerts, partition, span_text(id))) {
            fail_msg("seed %llu: nobody was told of alert %u of %s", (unsigned long long)self->seed, ordinal,
                     agencies[agency]);
        }
    }
    assert_int_equal(fake_redis_count(world->redis, partition, "outbox"), 0);
}

static inline void check_everything(struct oracle *self, struct world *world)
{
    check_signals(self, world);
    check_letters(self, world);
    for (unsigned cell = 0; cell < CELLS; cell++) {
        check_cell(self, world, cell);
    }
    for (unsigned agency = 0; agency < AGENCIES; agency++) {
        check_score(self, world, agency);
        check_alerts(self, world, agency);
    }
}

#endif
