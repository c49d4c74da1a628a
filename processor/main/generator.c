/* generator.c - when contacts come, and what follows them. */
#include "generator_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char *const fault_words[FAULTS] = {"", "bad_enum", "unknown_schema", "truncated", "in_future", "too_late"};

/* What becomes of a contact, beside its survey and its reopening. */
#define SHARE_BAD       .0003
#define SHARE_COPIED    .005
#define SHARE_LATE      .003
#define SHARE_RETRACTED .002
#define SHARE_ANCIENT   .0005 /* of the live ones: older than every pane kept */

enum step { STEP_CONTACT, STEP_SURVEY, STEP_REOPENING, STEP_RETRACTION };
static const char step_letters[] = {'c', 's', 'r', 'x'};

/* An event to come: what is needed to draw it. */
struct pending {
    int64_t due_us;
    int64_t at_us;       /* when the contact was */
    int64_t occurred_at; /* what the event says */
    uint64_t id;         /* of the contact */
    uint64_t ordinal;    /* breaks ties, so that order is the same everywhere */
    uint8_t agency, service, step, fault;
    enum channel channel;
    bool is_copy, elsewhere;
};

struct generator {
    struct generator_settings settings;
    struct generator_slip slip;
    struct dice dice; /* of the arrivals */
    double traffic[GENERATOR_AGENCIES];
    double traffic_highest; /* of an hour */
    int64_t next_us;        /* the next contact */
    uint64_t contacts, ordinals;
    struct pending *heap; /* owned; the earliest first */
    size_t count, capacity;
};

/* ---- what is to come: a binary heap ---- */

static bool is_before(const struct pending *a, const struct pending *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->ordinal < b->ordinal;
}

static void heap_add(struct generator *self, const struct pending *added)
{
    if (self->count == GENERATOR_PENDING_MAX) {
        return; /* it never happens: nobody will know */
    }
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 1024;
        self->heap = realloc(self->heap, self->capacity * sizeof *self->heap);
        ASSERT(self->heap);
    }
    size_t at = self->count++;
    for (; at > 0 && is_before(added, &self->heap[(at - 1) / 2]); at = (at - 1) / 2) {
        self->heap[at] = self->heap[(at - 1) / 2];
    }
    self->heap[at] = *added;
    self->heap[at].ordinal = self->ordinals++;
}

static struct pending heap_take(struct generator *self)
{
    struct pending first = self->heap[0];
    struct pending moved = self->heap[--self->count];
    size_t at = 0;
    for (size_t child = 1; child < self->count; child = 2 * at + 1) {
        child += child + 1 < self->count && is_before(&self->heap[child + 1], &self->heap[child]);
        if (!is_before(&self->heap[child], &moved)) {
            break;
        }
        self->heap[at] = self->heap[child];
        at = child;
    }
    self->heap[at] = moved;
    return first;
}

/* ---- arrivals: a Poisson process by thinning (Lewis & Shedler 1979), phase by phase ---- */

/* Traffic rises steadily before `live`, and at the same hours of the weeks before: who compares like with like has
 * enough of it, and the hour in which the slip began tells where in it. Here: the time until then, 1 µs to a week. */
static int64_t until_height_us(const struct generator *self, int64_t at_us)
{
    return (self->settings.live.us - at_us - 1) % US_PER_WEEK + 1;
}

struct phase {
    int64_t end_us;
    double rate_highest; /* contacts per µs */
};

static double history_rate(const struct generator *self, int64_t at_us)
{
    double average = self->settings.history_per_day * GENERATOR_AGENCIES / (double)US_PER_DAY;
    return average * hour_traffic(hour_of_week(at_us));
}

/* Events beyond the contacts themselves: answers that come later, and the rest, which is little. */
#define EVENTS_PER_CONTACT (1 + SURVEY_AFTER)

static double rate_at(const struct generator *self, int64_t at_us)
{
    int64_t live_us = self->settings.live.us;
    if (at_us >= live_us) {
        return self->settings.live_per_second / EVENTS_PER_CONTACT / (double)US_PER_SECOND;
    }
    double usual = history_rate(self, at_us);
    double busy = self->settings.busy_per_hour * GENERATOR_AGENCIES / (double)US_PER_HOUR;
    double risen = 1 - (double)until_height_us(self, at_us) / (double)GENERATOR_BUSY_US;
    return risen > 0 && busy > usual ? usual + (busy - usual) * risen : usual;
}

static struct phase phase_at(const struct generator *self, int64_t at_us)
{
    int64_t live_us = self->settings.live.us;
    double average = self->settings.history_per_day * GENERATOR_AGENCIES / (double)US_PER_DAY;
    double highest = average * self->traffic_highest;
    if (at_us >= live_us) {
        return (struct phase){INT64_MAX, rate_at(self, live_us)};
    }
    int64_t height_us = at_us + until_height_us(self, at_us);
    if (at_us < height_us - GENERATOR_BUSY_US) {
        return (struct phase){height_us - GENERATOR_BUSY_US, highest};
    }
    return (struct phase){height_us, highest + self->settings.busy_per_hour * GENERATOR_AGENCIES / (double)US_PER_HOUR};
}

static void draw_next(struct generator *self)
{
    int64_t at_us = self->next_us;
    for (;;) {
        struct phase phase = phase_at(self, at_us);
        double wait_us = dice_exponential(&self->dice, 1 / phase.rate_highest);
        if (wait_us >= (double)(phase.end_us - at_us)) {
            at_us = phase.end_us; /* memoryless: the next phase begins anew */
            continue;
        }
        at_us += (int64_t)wait_us;
        if (dice_unit(&self->dice) * phase.rate_highest < rate_at(self, at_us)) {
            self->next_us = at_us;
            return;
        }
    }
}

static struct pending next_contact(struct generator *self)
{
    int64_t at_us = self->next_us;
    struct pending contact = {.due_us = at_us, .at_us = at_us, .occurred_at = at_us, .step = STEP_CONTACT};
    contact.agency = (uint8_t)dice_pick(&self->dice, self->traffic, GENERATOR_AGENCIES);
    const struct profile *profile = &profiles[contact.agency];
    double shares[CHANNELS];
    double services[SERVICES_MAX];
    unsigned service_count = profile_services(profile);
    for (unsigned s = 0; s < service_count; s++) {
        services[s] = profile_service_share(profile, s);
    }
    hour_shares(profile, hour_of_week(at_us), shares);
    contact.channel = (enum channel)dice_pick(&self->dice, shares, CHANNELS);
    contact.service = (uint8_t)dice_pick(&self->dice, services, service_count);
    contact.id = mixed(mixed(self->settings.seed) + ++self->contacts);
    return contact;
}

/* ---- what follows a contact ---- */

static struct traits traits_for(const struct generator *self, const struct pending *pending)
{
    bool slips = pending->agency == self->slip.agency && pending->at_us >= self->slip.since_us;
    return traits_of(self->settings.seed, pending->agency, pending->service, pending->channel, slips);
}

static void follow(struct generator *self, const struct pending *contact, enum step step, int64_t delay_us)
{
    struct pending later = *contact;
    later.step = (uint8_t)step;
    later.due_us += delay_us;
    if (step == STEP_SURVEY || step == STEP_REOPENING) {
        later.occurred_at = later.due_us;
    }
    heap_add(self, &later);
}

static int64_t drawn_us(struct dice *dice, int64_t least_us, int64_t most_us)
{
    return (int64_t)dice_between(dice, (double)least_us, (double)most_us);
}

static int64_t survey_delay_us(struct dice *dice)
{
    double minutes = .5 + dice_exponential(dice, 15);
    return (int64_t)((minutes > 240 ? 240 : minutes) * (double)US_PER_MINUTE);
}

/* A fault comes alone: nothing follows a contact that nobody can read. */
static void spoil(const struct generator *self, struct dice *dice, struct pending *contact)
{
    int64_t live_us = self->settings.live.us;
    contact->fault = (uint8_t)(1 + dice_bits(dice) % (FAULTS - 1));
    if (contact->fault == FAULT_IN_FUTURE) {
        contact->occurred_at = (contact->due_us > live_us ? contact->due_us : live_us) + 2 * US_PER_DAY;
    } else if (contact->fault == FAULT_TOO_LATE) {
        contact->occurred_at = live_us - 10 * US_PER_WEEK;
    }
}

/* So old that no pane is kept for it, but young enough to be let in; not around the change of six hours, when what is
 * kept changes, too. */
static bool make_ancient(struct pending *contact)
{
    const struct pane_shape *longest = &pane_shapes[PANE_SIX_HOURS];
    int64_t pane = time_floor(contact->due_us, longest->length_us);
    int64_t within_us = contact->due_us - pane * longest->length_us;
    if (within_us < 10 * US_PER_MINUTE || within_us > longest->length_us - 20 * US_PER_MINUTE) {
        return false;
    }
    contact->occurred_at = (pane - longest->kept + 1) * longest->length_us - 5 * US_PER_MINUTE;
    return true;
}

static bool stands_alone(const struct generator *self, struct dice *dice, struct pending *contact)
{
    if (dice_chance(dice, SHARE_BAD)) {
        spoil(self, dice, contact);
        return true;
    }
    return contact->at_us >= self->settings.live.us && dice_chance(dice, SHARE_ANCIENT) && make_ancient(contact);
}

/* What becomes of a contact is decided once for all, as it comes. False: it is late, and handed out another time. */
static bool take_course(struct generator *self, struct pending *contact)
{
    struct dice dice = {mixed(contact->id + 2)};
    struct traits traits = traits_for(self, contact);
    if (stands_alone(self, &dice, contact)) {
        return true;
    }
    struct interaction scratch;
    interaction_init(&scratch, contact->channel);
    scratch.occurred_at = contact->occurred_at;
    struct contact went = facts_of_contact(&traits, contact->id, &scratch);
    bool late = dice_chance(&dice, SHARE_LATE);
    if (late) {
        contact->due_us += drawn_us(&dice, 10 * US_PER_MINUTE, 36 * US_PER_HOUR);
    }
    if (went.survey == SURVEY_COMES_LATER) {
        follow(self, contact, STEP_SURVEY, survey_delay_us(&dice));
    }
    if (went.good && dice_chance(&dice, traits.reopened)) {
        follow(self, contact, STEP_REOPENING, drawn_us(&dice, US_PER_DAY, 10 * US_PER_DAY));
    }
    if (dice_chance(&dice, SHARE_RETRACTED)) {
        follow(self, contact, STEP_RETRACTION, drawn_us(&dice, 2 * US_PER_MINUTE, 2 * US_PER_HOUR));
    }
    if (dice_chance(&dice, SHARE_COPIED)) {
        struct pending copy = *contact;
        copy.is_copy = true;
        copy.elsewhere = dice_chance(&dice, .5);
        follow(self, &copy, STEP_CONTACT, drawn_us(&dice, US_PER_SECOND, 2 * US_PER_MINUTE));
    }
    return !late;
}

/* ---- handing out ---- */

static void tell_facts(const struct generator *self, const struct pending *pending, struct interaction *it)
{
    struct traits traits = traits_for(self, pending);
    if (pending->step == STEP_REOPENING) {
        return; /* its kind says it all */
    }
    if (pending->step == STEP_SURVEY) {
        struct interaction scratch;
        interaction_init(&scratch, pending->channel);
        scratch.occurred_at = pending->at_us;
        facts_of_survey(&traits, pending->id, facts_of_contact(&traits, pending->id, &scratch).good, it);
        return;
    }
    (void)facts_of_contact(&traits, pending->id, it);
}

static void hand_out(const struct generator *self, const struct pending *pending, struct generated *out)
{
    static const enum event_kind kinds[] = {EVENT_INTERACTION, EVENT_SURVEY, EVENT_REOPENING, EVENT_INTERACTION};
    const struct profile *profile = &profiles[pending->agency];
    out->due.us = pending->due_us;
    out->fault = (enum fault)pending->fault;
    out->is_copy = pending->is_copy;
    out->elsewhere = pending->elsewhere;
    snprintf(out->interaction_id, sizeof out->interaction_id, "%016llx", (unsigned long long)pending->id);
    snprintf(out->event_id, sizeof out->event_id, "%016llx-%c", (unsigned long long)pending->id,
             step_letters[pending->step]);
    struct interaction *it = &out->interaction;
    interaction_init(it, pending->channel);
    it->event_id = span_text(out->event_id);
    it->interaction_id = span_text(out->interaction_id);
    it->agency = span_text(profile->agency);
    it->service = span_text(profile->services[pending->service]);
    it->kind = kinds[pending->step];
    it->occurred_at = pending->occurred_at;
    it->retracts = pending->step == STEP_RETRACTION ? 1 : ABSENT;
    tell_facts(self, pending, it);
}

bool generator_next(struct generator *self, struct event_time until, struct generated *out)
{
    for (;;) {
        bool from_heap = self->count > 0 && self->heap[0].due_us <= self->next_us;
        if ((from_heap ? self->heap[0].due_us : self->next_us) > until.us) {
            return false;
        }
        if (from_heap) {
            struct pending first = heap_take(self);
            hand_out(self, &first, out);
            return true;
        }
        struct pending contact = next_contact(self);
        bool is_now = take_course(self, &contact);
        draw_next(self);
        if (is_now) {
            hand_out(self, &contact, out);
            return true;
        }
        heap_add(self, &contact);
    }
}

/* ---- opening ---- */

/* The slip is planted where phones matter, are staffed at night, and usually do well enough that it shows. */
static unsigned choose_planted(uint64_t seed)
{
    static const char *const candidates[] = {"veterans-affairs", "social-benefits", "public-health"};
    const char *chosen = candidates[mixed(seed ^ UINT64_C(0x51A9)) % (sizeof candidates / sizeof *candidates)];
    unsigned agency = 0;
    while (strcmp(profiles[agency].agency, chosen) != 0) {
        agency++;
    }
    return agency;
}

struct generator *generator_open(const struct generator_settings *settings)
{
    struct generator *self = calloc(1, sizeof *self);
    ASSERT(self && settings->history_per_day > 0 && settings->live_per_second > 0);
    self->settings = *settings;
    self->slip = (struct generator_slip){choose_planted(settings->seed), settings->live.us - GENERATOR_SLIP_US};
    self->dice.state = mixed(settings->seed + 1);
    for (unsigned a = 0; a < GENERATOR_AGENCIES; a++) {
        self->traffic[a] = profiles[a].traffic;
    }
    for (unsigned h = 0; h < GENERATOR_HOURS; h++) {
        self->traffic_highest = fmax(self->traffic_highest, hour_traffic(h));
    }
    self->next_us = settings->live.us - settings->history_us;
    draw_next(self);
    return self;
}

void generator_close(struct generator *self)
{
    if (!self) {
        return;
    }
    free(self->heap);
    free(self);
}

unsigned generator_planted(const struct generator *self)
{
    return self->slip.agency;
}

struct event_time generator_slip_since(const struct generator *self)
{
    return (struct event_time){self->slip.since_us};
}

const struct generator_settings *generator_settings_of(const struct generator *self)
{
    return &self->settings;
}
