/* test_public.c - whoever keeps every record of a small agency over a day, restarts and late contacts included, works
 * out nothing of fewer people than may be told of.
 *
 * Each contact of a cell says something that no other of it says (a rating, a bin of a duration), so the published
 * counts tell which contacts a figure is a sum of. The attacker: people whose contacts are in exactly the same figures
 * cannot be told apart by whatever is computed from these; they must be as many as the limit. And by elimination over a
 * large prime: one contact alone must not be a sum of what is published. The same attacker wins when nothing is held
 * back: that too is a row here. */
#include "score_setup.h"

#define HOURS       27 /* more than a day, so that contacts leave the 24 h window too */
#define LEAST       11
#define PEOPLE_MOST 151 /* of one cell: what can be said */
#define RATING_TAGS 55
#define BINS        DURATION_BINS
#define FIGURES     10000
#define PRIME       INT64_C(1000003)

struct attacked_cell {
    const char *service;
    enum channel channel;
    unsigned people;
    unsigned told; /* so many have come */
};
static const struct attacked_cell day[] = {
    {"returns", CHANNEL_PHONE, 150, 0}, {"returns", CHANNEL_CHAT, 60, 0},   {"appeals", CHANNEL_PHONE, 33, 0},
    {"appeals", CHANNEL_OFFICE, 12, 0}, {"permits", CHANNEL_OFFICE, 10, 0}, {"permits", CHANNEL_CHAT, 1, 0},
};
#define CELLS COUNT(day)

/* An aggregate as it was published. */
struct told_figure {
    size_t cell;
    enum window window;
    int64_t epoch, seq;
    int64_t interactions; /* 0: none is said */
};
struct attack {
    struct score_setup *setup;
    struct attacked_cell cells[CELLS];
    bool (*seen[CELLS])[PEOPLE_MOST]; /* one a different figure */
    size_t figures[CELLS];
    struct told_figure *told; /* all of them, in their order */
    size_t told_count;
};

/* ---- a day ---- */

static void say_tag(struct interaction *it, unsigned person)
{
    int64_t *const durations[] = {&it->wait, &it->resolution, &it->hold, &it->wrap_up};
    if (person < RATING_TAGS) {
        (&it->rating_office_answers)[person / 5] = person % 5 + 1;
        return;
    }
    unsigned duration = (person - RATING_TAGS) / BINS;
    unsigned bin = (person - RATING_TAGS) % BINS;
    enum duration_edges edges = duration == 1 ? EDGES_RESOLUTION : EDGES_WAIT;
    *durations[duration] = bin ? duration_edges_ms[edges][bin - 1] : 0;
}

static void put_person(struct batch_writer *writer, const struct attack *self, const struct attacked_cell *cell,
                       int64_t at_us)
{
    char id[32];
    struct interaction it;
    struct signal_event event;
    snprintf(id, sizeof id, "%s-%u-%u", cell->service, (unsigned)cell->channel, cell->told);
    interaction_init(&it, cell->channel);
    it.event_id = it.interaction_id = span_text(id);
    it.agency = span_text(self->setup->agencies[0]);
    it.service = span_text(cell->service);
    it.kind = EVENT_INTERACTION;
    it.occurred_at = at_us;
    say_tag(&it, cell->told);
    signals_of(&it, &event);
    event.agency = batch_writer_agency(writer, it.agency);
    event.service = batch_writer_service(writer, it.service);
    batch_writer_event(writer, &event);
}

/* A minute's contacts: evenly over the day, in twos and tens sometimes, one in six late by up to ten hours. */
static void say_minute(struct attack *self, unsigned minute)
{
    struct world *world = &self->setup->world;
    const struct source_topic source = {span_text("interactions.web"), 1};
    const struct source_progress progress = {0, 0, 10, 10, world->clock.wall_us};
    const struct batch_header header = {.written_at = {world->clock.wall_us},
                                        .instance = span_text("test"),
                                        .sources = &source,
                                        .source_count = 1,
                                        .progress = &progress,
                                        .progress_count = 1};
    struct batch_writer writer;
    batch_writer_init(&writer);
    for (size_t c = 0; c < CELLS; c++) {
        struct attacked_cell *cell = &self->cells[c];
        unsigned due = cell->people * minute / (24 * 60) + (seeded_one_in(&world->random, 50) ? 12 : 0);
        while (cell->told < due && cell->told < cell->people) {
            bool is_late = seeded_one_in(&world->random, 6);
            int64_t late_us = is_late ? (int64_t)seeded_below(&world->random, 600) * US_PER_MINUTE : 0;
            put_person(&writer, self, cell, world->clock.wall_us - late_us);
            cell->told++;
        }
    }
    batch_writer_seal(&writer, &header, &world->message);
    world_write(world, world->config.topic_signals, 0, span_of(NULL, 0), buffer_as_span(&world->message));
    batch_writer_done(&writer);
}

static void restart(struct attack *self)
{
    if (seeded_one_in(&self->setup->world.random, 2)) {
        score_kill(self->setup->score);
    } else {
        score_stop(self->setup->score);
    }
    start_score(self->setup);
}

static void live_a_day(struct attack *self)
{
    start_score(self->setup);
    for (unsigned minute = 0; minute < HOURS * 60; minute++) {
        say_minute(self, minute);
        for (unsigned turn = 0; turn < 3; turn++) {
            score_turns(self->setup->score, 1, 20 * SECOND);
            world_batch(&self->setup->world, 0, NULL, 0, TELLS_CAUGHT_UP);
        }
        if (minute % 150 == 100) {
            restart(self);
        }
    }
    score_stop(self->setup->score);
}

/* ---- what is seen ---- */

/* The people that a published count tells of. */
static void see_people(const json_t *aggregate, bool seen[PEOPLE_MOST])
{
    const char *const durations[] = {"wait", "resolution", "hold", "wrap_up"};
    const json_t *signals = json_object_get(aggregate, "signals");
    for (unsigned p = 0; p < PEOPLE_MOST; p++) {
        unsigned duration = p < RATING_TAGS ? 0 : (p - RATING_TAGS) / BINS;
        const char *word =
            p < RATING_TAGS ? signal_table[SIGNAL_RATING_OFFICE_ANSWERS + p / 5].word : durations[duration];
        const json_t *counts = json_object_get(signals, word);
        int64_t count = json_integer_value(json_array_get(counts, p < RATING_TAGS ? p % 5 : (p - RATING_TAGS) % BINS));
        assert_in_range(count, 0, 1); /* nobody else says this */
        seen[p] = count == 1;
    }
}

static bool is_of_cell(const json_t *aggregate, const struct attacked_cell *cell)
{
    return strcmp(text_in(aggregate, "service"), cell->service) == 0 &&
           strcmp(text_in(aggregate, "channel"), channel_word(cell->channel)) == 0;
}

/* Whether the newest figure of a cell is a sum of the same people as an earlier one. */
static bool is_known(const struct attack *self, size_t cell, const bool seen[PEOPLE_MOST])
{
    for (size_t f = 0; f < self->figures[cell]; f++) {
        if (memcmp(self->seen[cell][f], seen, sizeof *self->seen[cell]) == 0) {
            return true;
        }
    }
    return false;
}

static void see_figure(struct attack *self, size_t cell, const json_t *aggregate)
{
    struct told_figure *told = &self->told[self->told_count++];
    *told = (struct told_figure){cell, WINDOW_1H, number_in(aggregate, "epoch"), number_in(aggregate, "seq"), 0};
    while (strcmp(text_in(aggregate, "window"), window_shapes[told->window].word) != 0) {
        told->window++;
        assert_true(told->window < WINDOWS);
    }
    if (json_is_true(json_object_get(aggregate, "suppressed"))) {
        return;
    }
    int64_t people = 0;
    bool *seen = self->seen[cell][self->figures[cell]];
    see_people(aggregate, seen);
    for (unsigned p = 0; p < PEOPLE_MOST; p++) {
        people += seen[p];
    }
    told->interactions = number_in(json_object_get(aggregate, "interactions"), "long");
    assert_int_equal(people, told->interactions);
    self->figures[cell] += !is_known(self, cell, seen);
    assert_true(self->figures[cell] < FIGURES);
}

/* Every aggregate that was ever published, and that each says what it is a sum of. */
static void see_all(struct attack *self)
{
    const struct world *world = &self->setup->world;
    const char *topic = world->config.topic_aggregates;
    int64_t end = fake_kafka_end(world->kafka, topic, 0);
    self->told = calloc((size_t)end + 1, sizeof *self->told);
    assert_non_null(self->told);
    for (size_t c = 0; c < CELLS; c++) {
        self->seen[c] = calloc(FIGURES, sizeof *self->seen[c]);
        assert_non_null(self->seen[c]);
    }
    for (int64_t offset = 0; offset < end; offset++) {
        const struct fake_record *at = fake_kafka_at(world->kafka, topic, 0, offset);
        json_t *aggregate = at ? published_json(at->value, "aggregate", ID_AGGREGATE) : NULL;
        for (size_t c = 0; aggregate && c < CELLS; c++) {
            if (is_of_cell(aggregate, &day[c])) {
                see_figure(self, c, aggregate);
            }
        }
        json_decref(aggregate);
    }
}

/* ---- what can be made of it ---- */

/* People who are in the same figures as this one, and in any at all. */
static unsigned alike(const struct attack *self, size_t cell, unsigned person)
{
    unsigned count = 0;
    for (unsigned other = 0; other < PEOPLE_MOST; other++) {
        bool is_alike = true;
        bool is_seen = false;
        for (size_t f = 0; f < self->figures[cell] && is_alike; f++) {
            is_alike = self->seen[cell][f][person] == self->seen[cell][f][other];
            is_seen |= self->seen[cell][f][other];
        }
        count += is_alike && is_seen;
    }
    return count;
}

struct known { /* rows in echelon form, one a pivot */
    int64_t rows[PEOPLE_MOST][PEOPLE_MOST];
    bool has[PEOPLE_MOST];
};

/* Takes what is known off a vector; the first place where something is left, or PEOPLE_MOST. */
static unsigned reduce(const struct known *self, int64_t vector[PEOPLE_MOST])
{
    unsigned left = PEOPLE_MOST;
    for (unsigned p = 0; p < PEOPLE_MOST; p++) {
        if (vector[p] && self->has[p]) {
            int64_t factor = vector[p];
            for (unsigned i = p; i < PEOPLE_MOST; i++) {
                vector[i] = ((vector[i] - factor * self->rows[p][i]) % PRIME + PRIME) % PRIME;
            }
        }
        left = vector[p] && left == PEOPLE_MOST ? p : left;
    }
    return left;
}

static void know(struct known *self, int64_t vector[PEOPLE_MOST])
{
    unsigned pivot = reduce(self, vector);
    if (pivot == PEOPLE_MOST) {
        return;
    }
    int64_t inverse = 1;
    int64_t power = vector[pivot];
    for (int64_t exponent = PRIME - 2; exponent; exponent >>= 1) {
        inverse = exponent & 1 ? inverse * power % PRIME : inverse;
        power = power * power % PRIME;
    }
    for (unsigned i = 0; i < PEOPLE_MOST; i++) {
        self->rows[pivot][i] = vector[i] * inverse % PRIME;
    }
    self->has[pivot] = true;
}

/* How many contacts of a cell are a sum of published figures, each for itself. */
static unsigned worked_out(const struct attack *self, size_t cell)
{
    unsigned count = 0;
    struct known *known = calloc(1, sizeof *known);
    assert_non_null(known);
    for (size_t f = 0; f < self->figures[cell]; f++) {
        int64_t vector[PEOPLE_MOST];
        for (unsigned p = 0; p < PEOPLE_MOST; p++) {
            vector[p] = self->seen[cell][f][p];
        }
        know(known, vector);
    }
    for (unsigned p = 0; p < PEOPLE_MOST; p++) {
        int64_t vector[PEOPLE_MOST] = {0};
        vector[p] = 1;
        count += reduce(known, vector) == PEOPLE_MOST;
    }
    free(known);
    return count;
}

/* ---- cards are sums of what is published of cells, and so tell no more ---- */

struct current { /* of each cell and window: interactions shown, 0 while there is nothing to show */
    int64_t interactions[CELLS][WINDOWS];
    size_t next; /* figures from here on are of later looks */
};

static void advance(const struct attack *self, struct current *current, int64_t epoch, int64_t seq)
{
    for (; current->next < self->told_count; current->next++) {
        const struct told_figure *told = &self->told[current->next];
        if (told->epoch > epoch || (told->epoch == epoch && told->seq > seq)) {
            return;
        }
        current->interactions[told->cell][told->window] = told->interactions;
    }
}

static size_t check_card(const struct current *current, const json_t *card, const char *service)
{
    const json_t *channel = json_object_get(json_object_get(card, "channel"), "string");
    int64_t sum = 0;
    for (size_t c = 0; c < CELLS; c++) {
        bool is_in = (!service || strcmp(service, day[c].service) == 0) &&
                     (!channel || strcmp(json_string_value(channel), channel_word(day[c].channel)) == 0);
        for (unsigned w = 0; is_in && w < WINDOWS; w++) {
            sum += strcmp(text_in(card, "window"), window_shapes[w].word) == 0 ? current->interactions[c][w] : 0;
        }
    }
    const json_t *interactions = json_object_get(json_object_get(card, "interactions"), "long");
    if (json_integer_value(interactions) != sum) {
        fail_msg("a card of %s and %s says %lld, its cells %lld", text_in(card, "window"), service ? service : "all",
                 (long long)json_integer_value(interactions), (long long)sum);
    }
    return sum > 0;
}

static void check_cards(struct attack *self)
{
    const struct world *world = &self->setup->world;
    const char *topic = world->config.topic_scores;
    struct current current = {0};
    size_t shown = 0;
    size_t i, k;
    const json_t *card, *service;
    for (int64_t offset = 0; offset < fake_kafka_end(world->kafka, topic, 0); offset++) {
        const struct fake_record *at = fake_kafka_at(world->kafka, topic, 0, offset);
        json_t *score = at ? published_json(at->value, "score", ID_SCORE) : NULL;
        if (score) {
            advance(self, &current, number_in(score, "epoch"), number_in(score, "seq"));
        }
        json_array_foreach(json_object_get(score, "cards"), i, card)
        {
            shown += check_card(&current, card, NULL);
        }
        json_array_foreach(json_object_get(score, "services"), i, service)
        {
            json_array_foreach(json_object_get(service, "cards"), k, card)
            {
                shown += check_card(&current, card, text_in(service, "service"));
            }
        }
        json_decref(score);
    }
    assert_true(shown > 50);
}

/* ---- alerts ---- */

/* Whether a scorecard says this of the agency, in the window that targets are for. */
static bool is_told(const struct world *world, const json_t *estimate)
{
    bool found = false;
    for (int64_t s = fake_kafka_end(world->kafka, world->config.topic_scores, 0); s-- > 0 && !found;) {
        const struct fake_record *at = fake_kafka_at(world->kafka, world->config.topic_scores, 0, s);
        json_t *score = published_json(at->value, "score", ID_SCORE);
        const json_t *card = card_in(score, window_shapes[world->scoring.target_rule.window].word, "");
        json_t *cx = json_object_get(card, "cx");
        found = json_is_object(cx) && json_equal(estimate, json_object_iter_value(json_object_iter(cx)));
        json_decref(score);
    }
    return found;
}

/* Each says a figure that a scorecard says too, or none. How many say one. */
static size_t check_alerts(const struct attack *self)
{
    const struct world *world = &self->setup->world;
    size_t count = 0;
    for (int64_t a = 0; a < fake_kafka_end(world->kafka, world->config.topic_alerts, 0); a++) {
        const struct fake_record *at = fake_kafka_at(world->kafka, world->config.topic_alerts, 0, a);
        json_t *alert = published_json(at->value, "alert", ID_ALERT);
        const json_t *estimate = json_object_get(alert, "estimate");
        bool says = number_in(estimate, "n") > 0;
        if (says && strcmp(text_in(alert, "subject"), "cx") == 0) {
            assert_true(is_told(world, estimate));
            count++;
        }
        json_decref(alert);
    }
    return count;
}

/* ---- rows ---- */

static void a_day_of_a_small_agency(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t suppress_below;
        uint64_t seed;
        bool wins; /* the attacker */
    } rows[] = {
        {"held back", LEAST, 1, false},
        {"held back, another day", LEAST, 2, false},
        {"nothing is held back", 0, 1, true},
    };
    for (size_t row = 0; row < COUNT(rows); row++) {
        struct attack self = {.setup = score_set_up(rows[row].seed, NULL)};
        memcpy(self.cells, day, sizeof day);
        self.setup->world.scoring.suppress_below = rows[row].suppress_below;
        self.setup->world.scoring.target_rule.n_min = LEAST;
        world_target(&self.setup->world, "*", 99);
        live_a_day(&self);
        unsigned fewest = PEOPLE_MOST, singles = 0;
        size_t shown = 0;
        size_t figures = 0;
        see_all(&self);
        for (size_t c = 0; c < CELLS; c++) {
            figures += self.figures[c];
            shown += self.figures[c] > 0;
            for (unsigned p = 0; p < PEOPLE_MOST; p++) {
                unsigned found = alike(&self, c, p);
                fewest = found && found < fewest ? found : fewest;
            }
            singles += worked_out(&self, c);
        }
        size_t alerts = check_alerts(&self);
        print_message("%s: %zu figures of %zu told, %zu alerts, %u alike at least, %u contacts worked out\n",
                      rows[row].name, figures, self.told_count, alerts, fewest, singles);
        assert_true(alerts > 0);
        if (rows[row].wins) {
            assert_int_equal(fewest, 1);
            assert_true(singles > 50);
            assert_int_equal(shown, CELLS);
        } else {
            assert_true(fewest >= LEAST && fewest < PEOPLE_MOST);
            assert_int_equal(singles, 0);
            assert_int_equal(shown, CELLS - 2); /* the others are of ten and of one */
        }
        check_cards(&self);
        for (size_t c = 0; c < CELLS; c++) {
            free(self.seen[c]);
        }
        free(self.told);
        score_tear_down(self.setup);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_of_a_small_agency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
