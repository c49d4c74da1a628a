/* examine_cells.c - an agency's cells laid out for comparing: what each counted in a window, and in its baseline. */
#include "examine_parts.h"

#include <math.h>
#include <stdlib.h>

/* ---- layout ---- */

/* How much a service has told of late, as far as its bytes show it. */
static size_t service_size(const struct fold *fold, const struct fold_service *service)
{
    size_t size = 0;
    for (unsigned c = 0; c < CHANNELS; c++) {
        if (service->cells[c] != FOLD_NONE) {
            const struct pane_log *log = &fold_cell_at(fold, service->cells[c])->cell.closed[PANE_SIX_HOURS];
            size += log->size - log->start;
        }
    }
    return size;
}

/* Whether a is told apart rather than b: the one that says more, then the one whose name comes first. */
static bool comes_before(const struct fold *fold, const struct fold_service *a, const struct fold_service *b)
{
    size_t size_a = service_size(fold, a);
    size_t size_b = service_size(fold, b);
    size_t common = a->name.size < b->name.size ? a->name.size : b->name.size;
    int order = memcmp(a->name.data, b->name.data, common);
    return size_a != size_b ? size_a > size_b : order != 0 ? order < 0 : a->name.size < b->name.size;
}

/* A service's rank among the others: whether it is one of the largest. */
static bool is_told_apart(const struct fold *fold, const struct fold_agency *agency, uint32_t service)
{
    uint32_t before = 0;
    if (agency->service_count <= EXAMINE_SERVICES_MAX) {
        return true;
    }
    for (uint32_t s = 0; s < agency->service_count && before < EXAMINE_SERVICES_MAX - 1; s++) {
        before += s != service && comes_before(fold, &agency->services[s], &agency->services[service]);
    }
    return before < EXAMINE_SERVICES_MAX - 1;
}

static unsigned add_cell(struct examiner *self, enum channel channel, uint32_t service)
{
    unsigned at = self->cell_count++;
    ASSERT(at < COMPARED_CELLS_MAX);
    self->cells[at] = (struct compared_cell){channel, service, self->now[at], self->base[at]};
    return at;
}

static void add_source(struct examiner *self, const struct history_source *source)
{
    if (self->source_count == self->source_capacity) {
        self->source_capacity = self->source_capacity ? 2 * self->source_capacity : 64;
        self->sources = realloc(self->sources, self->source_capacity * sizeof *self->sources);
        ASSERT(self->sources);
    }
    self->sources[self->source_count++] = *source;
    int64_t begins_us = cell_begins_us(source->cell);
    self->begins_us = begins_us < self->begins_us ? begins_us : self->begins_us;
}

void examine_lay_out(struct examiner *self, const struct fold *fold, uint32_t agency)
{
    unsigned rest[CHANNELS] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    self->fold = fold;
    self->agency = fold_agency_at(fold, agency);
    self->source_count = self->cell_count = 0;
    self->begins_us = INT64_MAX;
    for (uint32_t s = 0; s < self->agency->service_count; s++) {
        bool apart = is_told_apart(fold, self->agency, s);
        for (unsigned c = 0; c < CHANNELS; c++) {
            uint32_t position = self->agency->services[s].cells[c];
            if (position == FOLD_NONE) {
                continue;
            }
            if (!apart && rest[c] == UINT32_MAX) {
                rest[c] = add_cell(self, (enum channel)c, SERVICE_POOLED);
            }
            unsigned into = apart ? add_cell(self, (enum channel)c, s) : rest[c];
            const struct fold_cell *cell = fold_cell_at(fold, position);
            struct history_source source = {&cell->cell, cell->untold, (enum channel)c, s, into};
            add_source(self, &source);
        }
    }
}

/* ---- days ---- */

static uint64_t working_days(const struct scoring *scoring, int64_t last)
{
    uint64_t days = ~UINT64_C(0);
    for (unsigned i = 0; scoring->holiday_count && i < 64; i++) {
        struct event_time day = {(last - (int64_t)i) * US_PER_DAY};
        days &= ~((uint64_t)scoring_is_holiday(scoring, day) << i);
    }
    return days;
}

static int64_t baseline_begins_us(const struct slip *slip)
{
    return slip->baseline_day == INT64_MIN ? INT64_MIN : slip->baseline_day * US_PER_DAY;
}

/* Hours that no window reaches any more are none, so that subjects are told apart by them only while it matters. */
static struct told_hours told_of(const struct slip *slip, struct event_time as_of)
{
    int64_t closed_us = slip->episode.closed.us;
    int64_t reach_us = as_of.us - US_PER_WEEK;
    if (slip_is_open(slip) || slip->to_new_level || !slip->fired || closed_us <= reach_us) {
        return (struct told_hours){.range = {0, 0}};
    }
    int64_t since_us = slip->episode.since.us > reach_us ? slip->episode.since.us : reach_us;
    return (struct told_hours){
        .range = {since_us - roll_window_length_us(test_window(slip->opened_by)), closed_us},
        .longest = slip_longest(slip),
    };
}

static bool told_alike(const struct told_hours *a, const struct told_hours *b)
{
    return a->range.from_us == b->range.from_us && a->range.to_us == b->range.to_us && a->longest == b->longest;
}

static bool is_of_group(const struct subject_group *group, const struct subject_group *of)
{
    return group->days.days == of->days.days && group->begins_us == of->begins_us &&
           group->new_level_day == of->new_level_day && told_alike(&group->told[1], &of->told[1]);
}

/* What slipped with the score itself is left out of every subject's baselines. */
void examine_group(struct examiner *self, const struct agency_detection *detection, struct event_time as_of)
{
    int64_t last = time_floor(as_of.us, US_PER_DAY);
    const struct slip *cx = &detection->slips[SUBJECT_CX];
    uint64_t common = working_days(self->scoring, last) & slip_days(cx, last);
    int64_t cx_begins_us = baseline_begins_us(cx);
    int64_t least_us = cx_begins_us > self->begins_us ? cx_begins_us : self->begins_us;
    const struct told_hours told_of_cx = told_of(cx, as_of);
    self->detection = detection;
    self->group_count = 0;
    for (unsigned s = 0; s < SUBJECTS; s++) {
        const struct slip *slip = &detection->slips[s];
        int64_t begins_us = baseline_begins_us(slip);
        struct subject_group of = {
            .days = {common & slip_days(slip, last), last},
            .begins_us = begins_us > least_us ? begins_us : least_us,
            .new_level_day = slip->baseline_day > cx->baseline_day ? slip->baseline_day : cx->baseline_day,
            .told = {told_of_cx, told_of(slip, as_of)},
        };
        unsigned g = 0;
        while (g < self->group_count && !is_of_group(&self->groups[g], &of)) {
            g++;
        }
        if (g == self->group_count) {
            self->groups[self->group_count++] = of;
        }
        self->groups[g].subjects |= UINT64_C(1) << s;
    }
}

const struct subject_group *examine_group_of(const struct examiner *self, unsigned subject)
{
    const struct subject_group *group = self->groups;
    while (!(group->subjects >> subject & 1)) {
        group++;
        ASSERT(group < self->groups + self->group_count); /* every subject is in one */
    }
    return group;
}

/* ---- windows ---- */

static void clear(struct examiner *self, struct feature (*features)[FEATURES_MAX])
{
    for (unsigned c = 0; c < self->cell_count; c++) {
        memset(features[c], 0, self->features * sizeof *features[c]);
    }
}

static void add_counts(struct examiner *self, const struct history_source *source, const double counts[COUNTERS],
                       struct feature (*into)[FEATURES_MAX])
{
    struct feature features[FEATURES_MAX];
    composition_read(self->composition, source->channel, counts, features);
    features_add(into[source->into], features, self->features);
}

void examine_roll(const struct examiner *self, const struct history_source *source, enum resolution resolution,
                  const struct time_ranges *ranges, double counts[COUNTERS])
{
    roll_ranges(source->cell, resolution, ranges, counts);
    if (self->for_people && source->untold && self->scoring->suppress_below > 0) {
        roll_untold(source->untold, resolution, ranges, counts);
    }
}

static void read_ranges(struct examiner *self, enum resolution resolution, const struct time_ranges *ranges,
                        struct feature (*into)[FEATURES_MAX])
{
    clear(self, into);
    for (size_t i = 0; i < self->source_count; i++) {
        double counts[COUNTERS] = {0};
        examine_roll(self, &self->sources[i], resolution, ranges, counts);
        add_counts(self, &self->sources[i], counts, into);
    }
}

static const struct history_source *find_source(const struct examiner *self, struct span service, enum channel channel)
{
    for (size_t i = 0; i < self->source_count; i++) {
        const struct history_source *source = &self->sources[i];
        if (source->channel == channel && span_equal(self->agency->services[source->service].name, service)) {
            return source;
        }
    }
    return NULL;
}

/* A reference is older than the window, and not from before the last new level. */
static bool pin_applies(const struct pin_header *header, const struct subject_group *group, int64_t from_us)
{
    bool is_past = (header->to_day + 1) * US_PER_DAY <= from_us;
    return is_past && (group->new_level_day == INT64_MIN || header->from_day >= group->new_level_day);
}

static bool read_pin(struct examiner *self, const struct subject_group *group, int64_t from_us)
{
    struct pin_reader reader;
    struct pin_cell cell;
    if (!pin_read(&reader, buffer_as_span(&self->detection->pin)) || !pin_applies(&reader.header, group, from_us)) {
        return false;
    }
    clear(self, self->base);
    while (pin_next(&reader, &cell)) {
        const struct history_source *source = find_source(self, cell.service, cell.channel);
        double counts[COUNTERS];
        for (unsigned i = 0; i < COUNTERS; i++) {
            counts[i] = (double)cell.counts[i];
        }
        if (source) {
            add_counts(self, source, counts, self->base);
        }
    }
    return true;
}

struct event_time examine_window_start(const struct examiner *self, enum window window, struct event_time as_of)
{
    struct event_time exact = {as_of.us - roll_window_length_us(window)};
    return self->for_people ? roll_window_start(window, as_of) : exact;
}

/* Appends a stretch of the window but for what was told of it. */
static void append_window(const struct examiner *self, const struct subject_group *group, enum test test,
                          struct time_range range, const struct day_set *working, struct time_ranges *out)
{
    bool swap = group->told[1].range.from_us < group->told[0].range.from_us;
    for (unsigned i = 0; i < 2 && !self->for_people; i++) {
        const struct told_hours *told = &group->told[swap ? 1 - i : i];
        if (test > told->longest && told->range.from_us < range.to_us && told->range.to_us > range.from_us) {
            roll_append(out, (struct time_range){range.from_us, told->range.from_us}, working, INT64_MIN);
            range.from_us = told->range.to_us;
        }
    }
    roll_append(out, range, working, INT64_MIN);
}

void examine_ranges(const struct examiner *self, const struct subject_group *group, enum test test,
                    struct event_time as_of, struct examine_ranges *out)
{
    enum window window = test_window(test);
    int64_t length = pane_shapes[window_shapes[window].resolution].length_us;
    int64_t from_us = examine_window_start(self, window, as_of).us;
    int64_t end_us = (time_floor(as_of.us, length) + 1) * length; /* of the open pane */
    int64_t match_us = as_of.us < from_us + US_PER_WEEK ? as_of.us : from_us + US_PER_WEEK;
    struct day_set working = {working_days(self->scoring, group->days.last), group->days.last};
    out->now.count = out->matched.count = out->base.count = 0;
    append_window(self, group, test, (struct time_range){from_us, end_us}, &working, &out->now);
    append_window(self, group, test, (struct time_range){from_us, match_us}, &working, &out->matched);
    roll_matched(&out->base, &out->matched, self->scoring->detection.baseline_weeks, &group->days, group->begins_us);
}

bool examine_set_windows(struct examiner *self, const struct subject_group *group, enum test test,
                         struct event_time as_of)
{
    struct examine_ranges ranges;
    enum window window = test_window(test);
    examine_ranges(self, group, test, as_of, &ranges);
    if (test == TEST_PINNED) {
        if (!read_pin(self, group, examine_window_start(self, window, as_of).us)) {
            return false;
        }
    } else {
        read_ranges(self, PANE_SIX_HOURS, &ranges.base, self->base);
    }
    read_ranges(self, window_shapes[window].resolution, &ranges.now, self->now);
    comparison_set(self->comparison, self->composition, self->cells, self->cell_count);
    return true;
}

/* ---- the reference ---- */

/* The days to take it from: those named, or the oldest whole weeks that are there. */
static bool pin_days(const struct examiner *self, const struct slip *cx, struct event_time as_of,
                     struct pin_header *header)
{
    const struct detection *rule = &self->scoring->detection;
    int64_t first = -time_floor(-self->begins_us, US_PER_DAY); /* the first whole day */
    if (rule->pinned_from_day != DAY_NONE) {
        *header = (struct pin_header){rule->pinned_from_day, rule->pinned_to_day};
        return header->from_day >= first && (header->to_day + 1) * US_PER_DAY <= as_of.us;
    }
    first = cx->baseline_day > first ? cx->baseline_day : first;
    *header = (struct pin_header){first, first + 7 * rule->pinned_weeks - 1};
    return (header->to_day + 1) * US_PER_DAY <= as_of.us;
}

/* Whether the one there is still is the one wanted. */
static bool pin_is_current(const struct examiner *self, const struct agency_detection *detection)
{
    const struct detection *rule = &self->scoring->detection;
    struct pin_reader reader;
    if (!pin_read(&reader, buffer_as_span(&detection->pin))) {
        return false;
    }
    if (rule->pinned_from_day != DAY_NONE) {
        return reader.header.from_day == rule->pinned_from_day && reader.header.to_day == rule->pinned_to_day;
    }
    return reader.header.from_day >= detection->slips[SUBJECT_CX].baseline_day;
}

bool examine_pin_is_due(const struct examiner *self, const struct agency_detection *detection, struct event_time as_of,
                        struct pin_header *header)
{
    const struct slip *cx = &detection->slips[SUBJECT_CX];
    return self->scoring->detection.tests[TEST_PINNED].look_us > 0 && self->begins_us != INT64_MAX &&
           !slip_is_open(cx) && !pin_is_current(self, detection) && pin_days(self, cx, as_of, header);
}

/* Slips and holidays are no part of it either. */
void examine_take_pin(struct examiner *self, struct agency_detection *detection, const struct pin_header *header)
{
    struct pin_cell cell;
    struct time_ranges ranges = {.count = 0};
    struct time_range days = {header->from_day * US_PER_DAY, (header->to_day + 1) * US_PER_DAY};
    roll_append(&ranges, days, &self->groups[0].days, INT64_MIN);
    pin_begin(&detection->pin, header);
    for (size_t i = 0; i < self->source_count; i++) {
        const struct history_source *source = &self->sources[i];
        double counts[COUNTERS] = {0};
        roll_ranges(source->cell, PANE_SIX_HOURS, &ranges, counts);
        cell.service = self->agency->services[source->service].name;
        cell.channel = source->channel;
        for (unsigned c = 0; c < COUNTERS; c++) {
            cell.counts[c] = llround(counts[c]);
        }
        pin_put(&detection->pin, &cell);
    }
    if (detection->pin.overflow) { /* more services than a reference can hold: there is none */
        buffer_clear(&detection->pin);
        return;
    }
    detection->pin_changed = true;
}
