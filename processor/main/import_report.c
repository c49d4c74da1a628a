/* import_report.c - what an import tells. */
#include "import_report.h"

#include <stdio.h>

#define VALUE_SHOWN 48

void report_init(struct report *self, bool verbose, struct mono_time now)
{
    *self = (struct report){.verbose = verbose};
    progress_init(&self->progress, now);
}

size_t report_sent(const struct report *self)
{
    size_t sent = 0;
    for (unsigned i = 0; i < CHANNELS; i++) {
        sent += self->sent[i];
    }
    return sent;
}

/* Whether it is the first of its kind. */
static bool count_word(struct report *self, const char *word)
{
    for (size_t i = 0; i < self->word_count; i++) {
        if (strcmp(self->words[i].word, word) == 0) {
            self->words[i].count++;
            return false;
        }
    }
    ASSERT(self->word_count < REPORT_WORDS_MAX);
    self->words[self->word_count].word = word;
    self->words[self->word_count++].count = 1;
    return true;
}

/* Foreign text: cut, and what is not printable ASCII as a question mark. */
static void show_value(struct span value)
{
    char shown[VALUE_SHOWN + 1];
    size_t size = value.size < VALUE_SHOWN ? value.size : VALUE_SHOWN;
    for (size_t i = 0; i < size; i++) {
        shown[i] = (char)(value.data[i] >= 0x20 && value.data[i] < 0x7f ? value.data[i] : '?');
    }
    shown[size] = '\0';
    fprintf(stderr, ": \"%s%s\"", shown, size < value.size ? "..." : "");
}

void report_rejected(struct report *self, const char *file, size_t line, const struct rejection *rejection)
{
    self->rejected++;
    bool first = count_word(self, rejection->word);
    if (!first && self->shown >= (self->verbose ? REPORT_SHOWN_VERBOSE : REPORT_SHOWN)) {
        return;
    }
    self->shown++;
    progress_clear(&self->progress);
    fprintf(stderr, "%s:%zu: %s: %s", file, line, rejection->word, rejection->text);
    if (self->verbose && rejection->value.data) {
        show_value(rejection->value);
    }
    fputc('\n', stderr);
}

void report_event(struct report *self, int64_t occurred_at)
{
    bool any = self->events++ > 0;
    self->first.us = !any || occurred_at < self->first.us ? occurred_at : self->first.us;
    self->last.us = !any || occurred_at > self->last.us ? occurred_at : self->last.us;
}

void report_progress(struct report *self, struct mono_time now)
{
    if (!progress_is_due(&self->progress, now)) {
        return;
    }
    fprintf(stderr, "%zu rows, %zu sent, %zu rejected", self->rows, report_sent(self), self->rejected);
    fflush(stderr);
}

void report_close(struct report *self)
{
    progress_clear(&self->progress);
    if (self->rejected > self->shown) {
        fprintf(stderr, "and %zu more rejected rows\n", self->rejected - self->shown);
    }
}

static void put_counts(const struct report *self, const struct report_end *end, struct buffer *out)
{
    const char *separator = " (";
    buffer_text(out, "%zu rows: %zu %s", self->rows, report_sent(self), end->dry_run ? "would be sent" : "sent");
    for (unsigned i = 0; i < CHANNELS; i++) {
        if (self->sent[i] > 0) {
            buffer_text(out, "%s%s %zu", separator, end->topics[i], self->sent[i]);
            separator = ", ";
        }
    }
    buffer_text(out, "%s, %zu rejected", report_sent(self) > 0 ? ")" : "", self->rejected);
    separator = " (";
    for (size_t i = 0; i < self->word_count; i++) {
        buffer_text(out, "%s%s %zu", separator, self->words[i].word, self->words[i].count);
        separator = ", ";
    }
    buffer_text(out, "%s", self->rejected > 0 ? ")" : "");
}

void report_text(struct report *self, const struct report_end *end, struct buffer *out)
{
    char first[CLOCK_TEXT_SIZE];
    char last[CLOCK_TEXT_SIZE];
    put_counts(self, end, out);
    if (self->failed > 0) {
        buffer_text(out, ", %zu not delivered", self->failed);
    }
    if (self->events > 0) {
        buffer_text(out, "; events from %s to %s%s, in the order of %s", clock_format(self->first, false, first),
                    clock_format(self->last, false, last), end->rebased ? " (rebased)" : "",
                    strcmp(end->order, "time") == 0 ? "their time" : "the file");
    }
    buffer_text(out, "%s\n", end->complete ? "" : "; stopped before the end");
}

static void put_time(struct jout *json, const char *key, bool any, struct event_time time)
{
    jout_key(json, key);
    if (any) {
        jout_time(json, time);
    } else {
        jout_null(json);
    }
}

static void put_number(struct jout *json, const char *key, size_t value)
{
    jout_key(json, key);
    jout_int(json, (int64_t)value);
}

static void put_flag(struct jout *json, const char *key, bool value)
{
    jout_key(json, key);
    jout_bool(json, value);
}

void report_json(const struct report *self, const struct report_end *end, struct buffer *out)
{
    struct jout json = jout_into(out);
    jout_open(&json, '{');
    put_number(&json, "rows", self->rows);
    put_number(&json, "sent", report_sent(self));
    put_number(&json, "rejected", self->rejected);
    put_number(&json, "failed", self->failed);
    jout_key(&json, "topics");
    jout_open(&json, '{');
    for (unsigned i = 0; i < CHANNELS; i++) {
        put_number(&json, end->topics[i], self->sent[i]);
    }
    jout_close(&json, '}');
    jout_key(&json, "reasons");
    jout_open(&json, '{');
    for (size_t i = 0; i < self->word_count; i++) {
        put_number(&json, self->words[i].word, self->words[i].count);
    }
    jout_close(&json, '}');
    put_time(&json, "first", self->events > 0, self->first);
    put_time(&json, "last", self->events > 0, self->last);
    jout_key(&json, "order");
    jout_text(&json, end->order);
    put_flag(&json, "rebased", end->rebased);
    put_flag(&json, "dry_run", end->dry_run);
    put_flag(&json, "complete", end->complete);
    jout_close(&json, '}');
    buffer_text(out, "\n");
}
