/* simulate_passing.c - the passing of recorded time: looks at every minute boundary, months that end, what is told. */
#include "simulate_passing.h"

#include "slipstream/score.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

int64_t passing_month(int64_t us, int later)
{
    time_t seconds = (time_t)time_floor(us, US_PER_SECOND);
    struct tm calendar;
    gmtime_r(&seconds, &calendar);
    struct tm first = {.tm_year = calendar.tm_year, .tm_mon = calendar.tm_mon + later, .tm_mday = 1};
    return (int64_t)timegm(&first) * US_PER_SECOND;
}

/* ---- printing ---- */

static struct jout begin_line(struct buffer *out, const char *kind, struct span agency)
{
    struct jout json = jout_into(out);
    jout_open(&json, '{');
    jout_key(&json, "kind");
    jout_text(&json, kind);
    jout_key(&json, "agency");
    jout_span(&json, agency);
    return json;
}

static void end_line(FILE *to, struct jout *json)
{
    jout_close(json, '}');
    fprintf(to, "%.*s\n", SPAN_FORMAT(buffer_as_span(json->out)));
    buffer_done(json->out);
}

static void print_score(const struct passing *self, struct span agency, const struct card *card)
{
    char day[CLOCK_TEXT_SIZE];
    clock_format((struct event_time){self->month_us}, false, day);
    if (!self->settings.json) {
        fprintf(self->settings.out, "score  %.7s  %.*s  ", day, SPAN_FORMAT(agency));
        if (card->cx.present) {
            fprintf(self->settings.out, "%.2f (%.2f to %.2f)", card->cx.value, card->cx.low, card->cx.high);
        } else {
            fprintf(self->settings.out, "too few");
        }
        fprintf(self->settings.out, "  n %lld  scoring %s\n", (long long)card->interactions, self->scoring->version);
        return;
    }
    struct buffer out;
    buffer_init(&out, 4096);
    struct jout json = begin_line(&out, "score", agency);
    jout_key(&json, "from");
    jout_time(&json, (struct event_time){self->month_us});
    jout_key(&json, "n");
    jout_int(&json, card->interactions);
    jout_put_real(&json, "score", card->cx.present ? card->cx.value : (double)NAN);
    jout_put_real(&json, "low", card->cx.present ? card->cx.low : (double)NAN);
    jout_put_real(&json, "high", card->cx.present ? card->cx.high : (double)NAN);
    jout_key(&json, "scoring_version");
    jout_text(&json, self->scoring->version);
    end_line(self->settings.out, &json);
}

static void print_alert(const struct passing *self, struct span agency, const struct examine_event *event,
                        struct event_time as_of)
{
    char subject[SUBJECT_WORD_SIZE];
    char at[CLOCK_TEXT_SIZE];
    const struct finding *found = &event->finding;
    const char *what = alert_transition_words[event->transition];
    subject_word(event->subject, subject);
    if (!self->settings.json) {
        fprintf(self->settings.out,
                "alert  %s  %.*s  %s %s by %s: %.2f from %.2f, change %.2f to %.2f, n %.0f of %.0f%s\n",
                clock_format(as_of, false, at), SPAN_FORMAT(agency), subject, what, test_words[found->test],
                100 * found->now, 100 * found->base, 100 * found->low, 100 * found->high, found->n_now, found->n_base,
                event->transition == ALERT_CLOSED && event->slip->to_new_level ? ", as the new level" : "");
        return;
    }
    struct buffer out;
    buffer_init(&out, 4096);
    struct jout json = begin_line(&out, "alert", agency);
    jout_key(&json, "at");
    jout_time(&json, as_of);
    jout_key(&json, "subject");
    jout_text(&json, subject);
    jout_key(&json, "transition");
    jout_text(&json, what);
    jout_key(&json, "window");
    jout_text(&json, test_words[found->test]);
    jout_put_real(&json, "now", 100 * found->now);
    jout_put_real(&json, "base", 100 * found->base);
    jout_put_real(&json, "low", 100 * found->low);
    jout_put_real(&json, "high", 100 * found->high);
    jout_put_real(&json, "n_now", found->n_now);
    jout_put_real(&json, "n_base", found->n_base);
    jout_key(&json, "new_level");
    jout_bool(&json, event->transition == ALERT_CLOSED && event->slip->to_new_level);
    end_line(self->settings.out, &json);
}

static void print_switch(const struct passing *self)
{
    char at[CLOCK_TEXT_SIZE];
    clock_format((struct event_time){self->settings.switch_us}, false, at);
    if (self->settings.json) {
        fprintf(self->settings.out, "{\"kind\":\"method\",\"at\":\"%s\",\"scoring_version\":\"%s\"}\n", at,
                self->scoring->version);
    } else {
        fprintf(self->settings.out, "method %s  the series breaks: scoring %s from here on\n", at,
                self->scoring->version);
    }
}

/* What was good of how many, signal by signal, over the whole time. */
static void print_totals(const struct passing *self, struct span agency, enum channel channel, const struct tallies *of)
{
    for (unsigned s = 0; s < SIGNALS; s++) {
        const struct tally *tally = &of->signals[s];
        if (tally->n == 0) {
            continue;
        }
        if (!self->settings.json) {
            fprintf(self->settings.out, "share  %.*s  %s  %s  %.2f %%  %lld of %lld\n", SPAN_FORMAT(agency),
                    channel_word(channel), signal_table[s].word, 100. * (double)tally->good / (double)tally->n,
                    (long long)tally->good, (long long)tally->n);
            continue;
        }
        struct buffer out;
        buffer_init(&out, 4096);
        struct jout json = begin_line(&out, "share", agency);
        jout_key(&json, "channel");
        jout_text(&json, channel_word(channel));
        jout_key(&json, "signal");
        jout_text(&json, signal_table[s].word);
        jout_key(&json, "good");
        jout_int(&json, tally->good);
        jout_key(&json, "n");
        jout_int(&json, tally->n);
        end_line(self->settings.out, &json);
    }
}

/* ---- months ---- */

static void tally_cell(const struct passing *self, uint32_t cell, int64_t end_us, struct tallies *tallies)
{
    const int64_t length = pane_shapes[PANE_SIX_HOURS].length_us;
    const struct fold_cell *known = fold_cell_at(self->fold, cell);
    int64_t counts[COUNTERS] = {0};
    cell_sum(&known->cell, PANE_SIX_HOURS, self->month_us / length, end_us / length - 1, counts);
    tallies_add(tallies, counts, known->channel, self->scoring);
}

static void end_month(struct passing *self, int64_t end_us)
{
    for (uint32_t a = 0; a < fold_agency_count(self->fold); a++) {
        const struct fold_agency *agency = fold_agency_at(self->fold, a);
        struct tallies month = {0};
        struct card card;
        for (uint32_t s = 0; s < agency->service_count; s++) {
            for (unsigned c = 0; c < CHANNELS; c++) {
                if (agency->services[s].cells[c] != FOLD_NONE) {
                    tally_cell(self, agency->services[s].cells[c], end_us, &month);
                    if (!self->settings.counts_events) {
                        tally_cell(self, agency->services[s].cells[c], end_us, &self->agencies[a].totals[c]);
                    }
                }
            }
        }
        if (month.events > 0) {
            score_card(&month, self->scoring, Z_95, &card);
            print_score(self, agency->name, &card);
        }
    }
    self->month_us = end_us;
}

/* ---- minutes ---- */

void passing_open(struct passing *self, const struct passing_settings *settings, const struct fold_limits *limits)
{
    *self = (struct passing){.settings = *settings, .scoring = settings->scoring, .previous = {INT64_MIN}};
    self->fold = fold_open(limits);
    self->examiner = examiner_open(self->scoring);
}

/* Room for agencies that came since. */
static void make_room(struct passing *self)
{
    uint32_t count = fold_agency_count(self->fold);
    if (count > self->agency_capacity) {
        self->agency_capacity = 2 * count;
        self->agencies = realloc(self->agencies, self->agency_capacity * sizeof *self->agencies);
        ASSERT(self->agencies);
    }
    for (; self->agency_count < count; self->agency_count++) {
        struct passing_agency *agency = &self->agencies[self->agency_count];
        memset(agency, 0, sizeof *agency);
        agency_detection_init(&agency->detection);
    }
}

static void look(struct passing *self, struct event_time as_of)
{
    const struct examine_look seen = {as_of, self->previous, false};
    for (uint32_t a = 0; a < self->agency_count; a++) {
        struct examined found = examine_agency(self->examiner, self->fold, a, &self->agencies[a].detection, &seen);
        for (size_t i = 0; i < found.event_count; i++) {
            print_alert(self, fold_agency_at(self->fold, a)->name, &found.events[i], as_of);
        }
    }
    self->previous = as_of;
}

void passing_begin(struct passing *self, struct event_time first)
{
    self->month_us = passing_month(first.us, 0);
}

void passing_count(struct passing *self, uint32_t agency, const struct signal_event *event)
{
    uint16_t counters[EVENT_COUNTERS_MAX];
    make_room(self);
    size_t count = signals_counters(event, counters);
    for (size_t i = 0; i < count; i++) {
        self->agencies[agency].counted[event->channel][counters[i]] += event->retracts ? -1 : 1;
    }
}

void passing_minute(struct passing *self, struct event_time as_of)
{
    const struct passing_settings *settings = &self->settings;
    make_room(self);
    fold_settle(self->fold);
    if (as_of.us == passing_month(self->month_us, 1)) {
        end_month(self, as_of.us);
    }
    if (settings->later && self->scoring != settings->later && as_of.us >= settings->switch_us) {
        self->scoring = settings->later;
        examiner_use(self->examiner, self->scoring);
        print_switch(self);
    }
    look(self, as_of);
}

void passing_end(struct passing *self, struct event_time end)
{
    make_room(self);
    fold_settle(self->fold);
    if (end.us > self->month_us) {
        end_month(self, passing_month(self->month_us, 1));
    }
    for (uint32_t a = 0; a < self->agency_count; a++) {
        for (unsigned c = 0; c < CHANNELS; c++) {
            tallies_add(&self->agencies[a].totals[c], self->agencies[a].counted[c], (enum channel)c, self->scoring);
            print_totals(self, fold_agency_at(self->fold, a)->name, (enum channel)c, &self->agencies[a].totals[c]);
        }
    }
}

void passing_close(struct passing *self)
{
    for (uint32_t a = 0; a < self->agency_count; a++) {
        agency_detection_done(&self->agencies[a].detection);
    }
    free(self->agencies);
    examiner_close(self->examiner);
    fold_close(self->fold);
}
