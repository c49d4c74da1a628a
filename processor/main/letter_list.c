/* letter_list.c - the newest dead letters, and counts by reason. */
#include "letter_list.h"

#include "letter_text.h"

#include <stdlib.h>

#define LETTER_TEXT_MAX ((size_t)4 << 20)

struct listed {
    int64_t at_us;
    struct letter_place place;
    struct buffer text;
};

void letter_list_init(struct letter_list *self, size_t limit, bool json)
{
    *self = (struct letter_list){.json = json, .limit = limit};
    self->listed = calloc(limit ? limit : 1, sizeof *self->listed);
    ASSERT(self->listed);
}

void letter_list_done(struct letter_list *self)
{
    for (size_t i = 0; i < self->count; i++) {
        buffer_done(&self->listed[i].text);
    }
    free(self->listed);
}

/* By time, and by place where it is the same. */
static int listed_compare(const void *a, const void *b)
{
    const struct listed *left = a, *right = b;
    if (left->at_us != right->at_us) {
        return left->at_us < right->at_us ? -1 : 1;
    }
    if (left->place.partition != right->place.partition) {
        return left->place.partition < right->place.partition ? -1 : 1;
    }
    return left->place.offset < right->place.offset ? -1 : left->place.offset > right->place.offset;
}

static void swap(struct listed *a, struct listed *b)
{
    struct listed kept = *a;
    *a = *b;
    *b = kept;
}

static void sift_up(struct letter_list *self, size_t at)
{
    for (; at > 0 && listed_compare(&self->listed[at], &self->listed[(at - 1) / 2]) < 0; at = (at - 1) / 2) {
        swap(&self->listed[at], &self->listed[(at - 1) / 2]);
    }
}

static void sift_down(struct letter_list *self)
{
    for (size_t at = 0, child = 1; child < self->count; child = 2 * at + 1) {
        if (child + 1 < self->count && listed_compare(&self->listed[child + 1], &self->listed[child]) < 0) {
            child++;
        }
        if (listed_compare(&self->listed[at], &self->listed[child]) <= 0) {
            break;
        }
        swap(&self->listed[at], &self->listed[child]);
        at = child;
    }
}

static void keep_newest(struct letter_list *self, const struct found_letter *found)
{
    struct listed made = {.at_us = found->at.us, .place = found->place};
    bool is_full = self->count == self->limit;
    if (self->limit == 0 || (is_full && listed_compare(&made, &self->listed[0]) < 0)) {
        return;
    }
    if (is_full) { /* the oldest makes room, its memory too */
        made.text = self->listed[0].text;
        buffer_clear(&made.text);
    } else {
        buffer_init(&made.text, LETTER_TEXT_MAX);
    }
    if (self->json) {
        struct jout json = jout_into(&made.text);
        letter_json(found, false, &json);
    } else {
        letter_line(found, &made.text);
    }
    self->listed[is_full ? 0 : self->count++] = made;
    if (is_full) {
        sift_down(self);
    } else {
        sift_up(self, self->count - 1);
    }
}

static void count_letter(struct reason_count *count, const struct found_letter *found)
{
    count->letters++;
    count->pending += !found->is_replayed;
}

void letter_list_add(struct letter_list *self, const struct found_letter *found)
{
    count_letter(&self->counts[reason_of_word(found->letter.reason)], found);
    count_letter(&self->total, found);
    keep_newest(self, found);
}

static const char *word_of(unsigned code)
{
    return code < REASON_COUNT ? reason_word((enum reason_code)code) : "other";
}

static const char *advice_of(unsigned code)
{
    return code < REASON_COUNT ? reason_advice((enum reason_code)code) : "see what a newer version says of it";
}

static void write_text(struct letter_list *self, size_t unreadable, struct buffer *out)
{
    if (self->count) {
        letter_line_head(out);
    }
    for (size_t i = 0; i < self->count; i++) {
        buffer_bytes(out, self->listed[i].text.data, self->listed[i].text.size);
    }
    if (self->total.letters) {
        buffer_text(out, "%s%-20s %10s %13s  %s\n", self->count ? "\n" : "", "REASON", "LETTERS", "NOT REPLAYED",
                    "WHAT TO DO");
    }
    for (unsigned code = 0; code <= REASON_COUNT; code++) {
        if (self->counts[code].letters) {
            buffer_text(out, "%-20s %10zu %13zu  %s\n", word_of(code), self->counts[code].letters,
                        self->counts[code].pending, advice_of(code));
        }
    }
    buffer_text(out, "%zu dead letters, %zu of them not replayed", self->total.letters, self->total.pending);
    if (self->count < self->total.letters) {
        buffer_text(out, "; the newest %zu are shown, --limit shows more", self->count);
    }
    if (unreadable) {
        buffer_text(out, "; %zu messages are no dead letters that this version knows", unreadable);
    }
    buffer_u8(out, '\n');
}

static void put_count(struct jout *json, const char *key, size_t count)
{
    jout_key(json, key);
    jout_int(json, (int64_t)count);
}

static void write_json(struct letter_list *self, size_t unreadable, struct buffer *out)
{
    struct jout json = jout_into(out);
    jout_open(&json, '{');
    jout_key(&json, "letters");
    jout_open(&json, '[');
    for (size_t i = 0; i < self->count; i++) {
        buffer_text(out, "%s", i ? "," : "");
        buffer_bytes(out, self->listed[i].text.data, self->listed[i].text.size);
    }
    jout_close(&json, ']');
    jout_key(&json, "reasons");
    jout_open(&json, '{');
    for (unsigned code = 0; code <= REASON_COUNT; code++) {
        if (self->counts[code].letters) {
            jout_key(&json, word_of(code));
            jout_open(&json, '{');
            put_count(&json, "letters", self->counts[code].letters);
            put_count(&json, "pending", self->counts[code].pending);
            jout_key(&json, "advice");
            jout_text(&json, advice_of(code));
            jout_close(&json, '}');
        }
    }
    jout_close(&json, '}');
    put_count(&json, "total", self->total.letters);
    put_count(&json, "pending", self->total.pending);
    put_count(&json, "unreadable", unreadable);
    jout_close(&json, '}');
    buffer_u8(out, '\n');
}

void letter_list_write(struct letter_list *self, size_t unreadable, struct buffer *out)
{
    qsort(self->listed, self->count, sizeof *self->listed, listed_compare);
    if (self->json) {
        write_json(self, unreadable, out);
    } else {
        write_text(self, unreadable, out);
    }
}
