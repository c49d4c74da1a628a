/* simulate_replay.c - the passing of recorded time: rows become events a minute, agencies are looked at. */
#include "simulate_replay.h"

#include "command.h"
#include "simulate_replay_rows.h"

#include "slipstream/score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct replay_agency {
    struct agency_detection detection;
    struct tallies totals[CHANNELS];
};

struct replay {
    const struct replay_settings *settings;
    struct replay_rows rows;
    struct fold *fold;
    struct examiner *examiner;
    struct replay_agency *agencies;
    const struct scoring *scoring; /* in force */
    struct event_time previous;
    int64_t month_us; /* when the open month began */
    size_t first;     /* of the rows that are not over */
};

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

static void end_line(struct jout *json)
{
    jout_close(json, '}');
    printf("%.*s\n", SPAN_FORMAT(buffer_as_span(json->out)));
    buffer_done(json->out);
}

static void put_real(struct jout *json, const char *key, double value)
{
    jout_key(json, key);
    jout_real(json, value);
}

static void print_score(const struct replay *self, struct span agency, const struct card *card)
{
    char day[CLOCK_TEXT_SIZE];
    clock_format((struct event_time){self->month_us}, false, day);
    if (!self->settings->json) {
        printf("score  %.7s  %.*s  ", day, SPAN_FORMAT(agency));
        if (card->cx.present) {
            printf("%.2f (%.2f to %.2f)", card->cx.value, card->cx.low, card->cx.high);
        } else {
            printf("too few");
        }
        printf("  n %lld  scoring %s\n", (long long)card->interactions, self->scoring->version);
        return;
    }
    struct buffer out;
    buffer_init(&out, 4096);
    struct jout json = begin_line(&out, "score", agency);
    jout_key(&json, "from");
    jout_time(&json, (struct event_time){self->month_us});
    jout_key(&json, "n");
    jout_int(&json, card->interactions);
    put_real(&json, "score", card->cx.present ? card->cx.value : (double)NAN);
    put_real(&json, "low", card->cx.present ? card->cx.low : (double)NAN);
    put_real(&json, "high", card->cx.present ? card->cx.high : (double)NAN);
    jout_key(&json, "scoring_version");
    jout_text(&json, self->scoring->version);
    end_line(&json);
}

static void print_alert(const struct replay *self, struct span agency, const struct examine_event *event,
                        struct event_time as_of)
{
    char subject[SUBJECT_WORD_SIZE];
    char at[CLOCK_TEXT_SIZE];
    const struct finding *found = &event->finding;
    const char *what = alert_transition_words[event->transition];
    subject_word(event->subject, subject);
    if (!self->settings->json) {
        printf("alert  %s  %.*s  %s %s by %s: %.2f from %.2f, change %.2f to %.2f, n %.0f of %.0f%s\n",
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
    put_real(&json, "now", 100 * found->now);
    put_real(&json, "base", 100 * found->base);
    put_real(&json, "low", 100 * found->low);
    put_real(&json, "high", 100 * found->high);
    put_real(&json, "n_now", found->n_now);
    put_real(&json, "n_base", found->n_base);
    jout_key(&json, "new_level");
    jout_bool(&json, event->transition == ALERT_CLOSED && event->slip->to_new_level);
    end_line(&json);
}

static void print_switch(const struct replay *self)
{
    char at[CLOCK_TEXT_SIZE];
    clock_format((struct event_time){self->settings->switch_us}, false, at);
    if (self->settings->json) {
        printf("{\"kind\":\"method\",\"at\":\"%s\",\"scoring_version\":\"%s\"}\n", at, self->scoring->version);
    } else {
        printf("method %s  the series breaks: scoring %s from here on\n", at, self->scoring->version);
    }
}

/* What was good of how many, signal by signal, over the whole time. */
static void print_totals(const struct replay *self, struct span agency, enum channel channel, const struct tallies *of)
{
    for (unsigned s = 0; s < SIGNALS; s++) {
        const struct tally *tally = &of->signals[s];
        if (tally->n == 0) {
            continue;
        }
        if (!self->settings->json) {
            printf("share  %.*s  %s  %s  %.2f %%  %lld of %lld\n", SPAN_FORMAT(agency), channel_word(channel),
                   signal_table[s].word, 100. * (double)tally->good / (double)tally->n, (long long)tally->good,
                   (long long)tally->n);
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
        end_line(&json);
    }
}

/* ---- months ---- */

static void tally_cell(const struct replay *self, uint32_t cell, int64_t end_us, struct tallies *tallies)
{
    const int64_t length = pane_shapes[PANE_SIX_HOURS].length_us;
    const struct fold_cell *known = fold_cell_at(self->fold, cell);
    int64_t counts[COUNTERS] = {0};
    cell_sum(&known->cell, PANE_SIX_HOURS, self->month_us / length, end_us / length - 1, counts);
    tallies_add(tallies, counts, known->channel, self->scoring);
}

static void end_month(struct replay *self, int64_t end_us)
{
    for (uint32_t a = 0; a < fold_agency_count(self->fold); a++) {
        const struct fold_agency *agency = fold_agency_at(self->fold, a);
        struct tallies month = {0};
        struct card card;
        for (uint32_t s = 0; s < agency->service_count; s++) {
            for (unsigned c = 0; c < CHANNELS; c++) {
                if (agency->services[s].cells[c] != FOLD_NONE) {
                    tally_cell(self, agency->services[s].cells[c], end_us, &month);
                    tally_cell(self, agency->services[s].cells[c], end_us, &self->agencies[a].totals[c]);
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

static void join_row(struct replay *self, struct replay_row *row, struct pane *minute, int64_t now_us)
{
    int64_t more = replay_row_due(row, now_us) - row->placed;
    if (more == 0) {
        return;
    }
    row->placed += more;
    pane_add(minute, row->counters, row->counter_count, (int32_t)more);
    minute->touches += (int32_t)more - 1;
    struct fold_cell *cell = fold_cell_at(self->fold, row->cell);
    ASSERT(cell_join(&cell->cell, minute, fold_as_of(self->fold)) == CELL_APPLIED);
    pane_clear(minute);
}

static void pass_minute(struct replay *self, int64_t start_us)
{
    struct pane minute = {.index = start_us / US_PER_MINUTE};
    int64_t now_us = start_us + US_PER_MINUTE;
    fold_advance(self->fold, (struct event_time){now_us});
    while (self->first < self->rows.count && self->rows.items[self->first].to_us <= start_us) {
        self->first++;
    }
    for (size_t i = self->first; i < self->rows.count && self->rows.items[i].from_us < now_us; i++) {
        join_row(self, &self->rows.items[i], &minute, now_us);
    }
}

static void look(struct replay *self, struct event_time as_of)
{
    const struct examine_look seen = {as_of, self->previous, false};
    for (uint32_t a = 0; a < fold_agency_count(self->fold); a++) {
        struct examined found = examine_agency(self->examiner, self->fold, a, &self->agencies[a].detection, &seen);
        for (size_t i = 0; i < found.event_count; i++) {
            print_alert(self, fold_agency_at(self->fold, a)->name, &found.events[i], as_of);
        }
    }
    self->previous = as_of;
}

static void pass_time(struct replay *self)
{
    const struct replay_settings *settings = self->settings;
    self->month_us = replay_month(self->rows.items[0].from_us, 0);
    int64_t begin_us = time_floor(self->rows.items[0].from_us, US_PER_MINUTE) * US_PER_MINUTE;
    for (int64_t at_us = begin_us; at_us < self->rows.end_us && !signals_stop(); at_us += US_PER_MINUTE) {
        struct event_time as_of = {at_us + US_PER_MINUTE};
        pass_minute(self, at_us);
        if (as_of.us == replay_month(self->month_us, 1)) {
            end_month(self, as_of.us);
        }
        if (settings->later && self->scoring != settings->later && as_of.us >= settings->switch_us) {
            self->scoring = settings->later;
            examiner_use(self->examiner, self->scoring);
            print_switch(self);
        }
        look(self, as_of);
    }
    if (self->rows.end_us > self->month_us && !signals_stop()) {
        end_month(self, replay_month(self->month_us, 1));
    }
}

bool simulate_replay(const struct replay_settings *settings)
{
    struct replay self = {.settings = settings, .scoring = settings->scoring, .previous = {INT64_MIN}};
    static const struct fold_limits limits = {.ids_max = 16,
                                              .horizon_us = US_PER_HOUR,
                                              .agencies_max = REPLAY_AGENCIES_MAX,
                                              .services_max = REPLAY_SERVICES_MAX};
    self.fold = fold_open(&limits);
    bool fine = replay_rows_read(&self.rows, settings, self.fold);
    uint32_t agencies = fold_agency_count(self.fold);
    if (fine) {
        self.agencies = calloc(agencies, sizeof *self.agencies);
        ASSERT(self.agencies);
        for (uint32_t a = 0; a < agencies; a++) {
            agency_detection_init(&self.agencies[a].detection);
        }
        self.examiner = examiner_open(self.scoring);
        signals_catch();
        pass_time(&self);
        for (uint32_t a = 0; a < agencies; a++) {
            for (unsigned c = 0; c < CHANNELS; c++) {
                print_totals(&self, fold_agency_at(self.fold, a)->name, (enum channel)c, &self.agencies[a].totals[c]);
            }
            agency_detection_done(&self.agencies[a].detection);
        }
        examiner_close(self.examiner);
    }
    free(self.agencies);
    free(self.rows.items);
    fold_close(self.fold);
    return fine && !signals_stop();
}
