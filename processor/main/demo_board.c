/* demo_board.c - the live view in Redis, as a table. */
#include "demo.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#define VIEW_BYTES_MAX ((size_t)4 << 20)

static void json_drop(json_t **json)
{
    json_decref(*json);
}

static void copy_text(char *out, size_t size, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    snprintf(out, size, "%s", text ? text : "");
}

/* The card of all channels together. */
static const json_t *card_of(const json_t *view, const char *window)
{
    size_t i;
    const json_t *card;
    json_array_foreach(json_object_get(view, "cards"), i, card)
    {
        const char *word = json_string_value(json_object_get(card, "window"));
        if (word && strcmp(word, window) == 0 && json_is_null(json_object_get(card, "channel"))) {
            return card;
        }
    }
    return NULL;
}

static double score_of(const json_t *view, const char *window)
{
    const json_t *value = json_object_get(json_object_get(card_of(view, window), "cx"), "value");
    return value ? json_number_value(value) : (double)NAN;
}

static void take_alerts(struct board *self, const json_t *view, struct board_agency *agency)
{
    size_t i;
    const json_t *alert;
    json_array_foreach(json_object_get(view, "alerts"), i, alert)
    {
        agency->alerts++;
        if (self->alert_count == BOARD_ALERTS_MAX) {
            return;
        }
        struct board_alert *at = &self->alerts[self->alert_count++];
        copy_text(at->agency, sizeof at->agency, alert, "agency");
        copy_text(at->subject, sizeof at->subject, alert, "subject");
        copy_text(at->state, sizeof at->state, alert, "state");
        copy_text(at->since, sizeof at->since, alert, "since");
        copy_text(at->text, sizeof at->text, alert, "text");
    }
}

static void take_agency(struct board *self, const json_t *view)
{
    struct board_agency *agency = &self->agencies[self->agency_count++];
    *agency = (struct board_agency){
        .catching_up = json_is_true(json_object_get(view, "catching_up")),
        .score = score_of(view, "4h"),
        .day = score_of(view, "24h"),
        .week = score_of(view, "7d"),
        .n = json_integer_value(json_object_get(card_of(view, "4h"), "interactions")),
    };
    copy_text(agency->name, sizeof agency->name, view, "agency");
    take_alerts(self, view, agency);
}

static enum outcome read_agency(struct board *self, struct store *store, const char *name, struct reason *why)
{
    char key[ID_SIZE_MAX + 8];
    struct buffer value CLEANUP(buffer_done);
    buffer_init(&value, VIEW_BYTES_MAX);
    snprintf(key, sizeof key, "view:%s", name);
    enum outcome read = redis_view_read(store, span_text(key), &value, why);
    if (read == SKIP) {
        return DONE;
    }
    TRY(read);
    json_t *view CLEANUP(json_drop) = json_loadb((const char *)value.data, value.size, 0, NULL);
    if (!view) {
        return FAIL(why, STOP, REASON_BAD_STATE, "the view of %.100s is not JSON", name);
    }
    if (self->agency_count < BOARD_AGENCIES_MAX) {
        take_agency(self, view);
    }
    return DONE;
}

/* Best first; those without a score last; equals by name. */
static int by_score(const void *left, const void *right)
{
    const struct board_agency *a = left;
    const struct board_agency *b = right;
    double score_a = isnan(a->score) ? -1 : a->score;
    double score_b = isnan(b->score) ? -1 : b->score;
    return score_a != score_b ? (score_a < score_b) - (score_a > score_b) : strcmp(a->name, b->name);
}

static enum outcome read_all(struct board *self, struct store *store, struct reason *why)
{
    struct buffer list CLEANUP(buffer_done);
    buffer_init(&list, VIEW_BYTES_MAX);
    TRY(redis_view_list(store, &list, why));
    json_t *names CLEANUP(json_drop) = json_loadb((const char *)list.data, list.size, 0, NULL);
    size_t i;
    const json_t *name;
    json_array_foreach(names, i, name)
    {
        TRY(read_agency(self, store, json_string_value(name), why));
    }
    qsort(self->agencies, self->agency_count, sizeof *self->agencies, by_score);
    return DONE;
}

enum outcome board_read(struct board *self, struct store *store, struct reason *why)
{
    struct board *fresh = calloc(1, sizeof *fresh);
    ASSERT(fresh);
    enum outcome read = read_all(fresh, store, why);
    if (read == DONE) {
        *self = *fresh;
    }
    free(fresh);
    return read;
}

bool board_is_live(const struct board *self)
{
    bool live = self->agency_count >= GENERATOR_AGENCIES;
    for (size_t i = 0; i < self->agency_count; i++) {
        live &= !self->agencies[i].catching_up;
    }
    return live;
}
