/* view.c - the live view of an agency, as JSON. Suppressed as what is published is. */
#include "notice.h"

#include "explain_text.h"

static void put_estimate(struct jout *json, const char *key, const struct estimate *estimate)
{
    if (estimate->present) {
        estimate_field(json, key, estimate);
    }
}

static void put_drivers(struct jout *json, const struct card *card)
{
    jout_key(json, "drivers");
    jout_open(json, '{');
    for (unsigned d = 0; d < DRIVERS; d++) {
        const struct driver_score *driver = &card->drivers[d];
        if (driver->score.present) {
            jout_key(json, driver_word((enum driver)d));
            jout_open(json, '{');
            put_estimate(json, "score", &driver->score);
            put_estimate(json, "operational", &driver->operational);
            put_estimate(json, "survey", &driver->survey);
            jout_close(json, '}');
        }
    }
    jout_close(json, '}');
}

static void put_causes(struct jout *json, const struct card *card)
{
    jout_key(json, "causes");
    jout_open(json, '{');
    for (unsigned c = 0; c < CAUSES; c++) {
        if (card->causes[c].present) {
            jout_key(json, cause_word((enum cause)c));
            jout_open(json, '{');
            jout_key(json, "value");
            jout_real(json, card->causes[c].value);
            jout_key(json, "n");
            jout_int(json, card->causes[c].n);
            jout_close(json, '}');
        }
    }
    jout_close(json, '}');
}

static void put_figures(struct jout *json, const struct card *card)
{
    jout_key(json, "interactions");
    jout_int(json, card->interactions);
    put_estimate(json, "cx", &card->cx);
    put_drivers(json, card);
    jout_key(json, "behaviours");
    jout_open(json, '{');
    for (unsigned b = 0; b < BEHAVIOURS; b++) {
        put_estimate(json, behaviour_word((enum behaviour)b), &card->behaviours[b]);
    }
    jout_close(json, '}');
    put_estimate(json, "satisfaction", &card->satisfaction);
    jout_key(json, "surveys_offered");
    jout_int(json, card->surveys_offered);
    jout_key(json, "surveys_answered");
    jout_int(json, card->surveys_answered);
    put_estimate(json, "response_rate", &card->response_rate);
    put_causes(json, card);
}

static void put_card(struct jout *json, const struct card *card, enum window window, const char *channel,
                     const struct scoring *scoring)
{
    bool suppressed = card_is_suppressed(card, scoring);
    jout_open(json, '{');
    jout_key(json, "window");
    jout_text(json, window_shapes[window].word);
    jout_key(json, "channel");
    if (channel) {
        jout_text(json, channel);
    } else {
        jout_null(json);
    }
    jout_key(json, "suppressed");
    jout_bool(json, suppressed);
    if (!suppressed) {
        put_figures(json, card);
    }
    jout_close(json, '}');
}

static void put_episode(struct jout *json, const struct scorecard *scorecard, const struct view_episode *shown)
{
    const struct episode *episode = shown->episode;
    struct alert alert = {.kind = shown->kind,
                          .agency = scorecard->agency,
                          .subject = shown->subject,
                          .transition = ALERT_OPENED,
                          .episode = episode,
                          .slip = shown->slip,
                          .to_new_level = shown->to_new_level,
                          .estimate = episode->at_open,
                          .scoring = scorecard->scoring,
                          .explanation = shown->explanation};
    jout_open(json, '{');
    notice_fields(json, &alert);
    put_estimate(json, "at_open", &episode->at_open);
    jout_close(json, '}');
}

static void put_cards(struct jout *json, const struct card all[WINDOWS], const struct card channels[WINDOWS][CHANNELS],
                      const struct scoring *scoring)
{
    jout_key(json, "cards");
    jout_open(json, '[');
    for (unsigned w = 0; w < WINDOWS; w++) {
        put_card(json, &all[w], (enum window)w, NULL, scoring);
        for (unsigned c = 0; c < CHANNELS; c++) {
            if (channels[w][c].events) {
                put_card(json, &channels[w][c], (enum window)w, channel_word((enum channel)c), scoring);
            }
        }
    }
    jout_close(json, ']');
}

/* Whether few people are told of is for the file in force to say. */
static void put_shadow(struct jout *json, const struct scorecard *scorecard)
{
    const struct shadow_cards *shadow = &scorecard->shadow;
    if (!shadow->scoring) {
        return;
    }
    jout_key(json, "shadow");
    jout_open(json, '{');
    jout_key(json, "method");
    jout_text(json, shadow->scoring->version);
    put_cards(json, shadow->all, shadow->channels, scorecard->scoring);
    jout_close(json, '}');
}

static void put_services(struct jout *json, const struct scorecard *scorecard)
{
    jout_key(json, "services");
    jout_open(json, '[');
    for (size_t s = 0; s < scorecard->service_count; s++) {
        const struct service_cards *service = &scorecard->services[s];
        jout_open(json, '{');
        jout_key(json, "service");
        jout_span(json, service->service);
        jout_key(json, "cards");
        jout_open(json, '[');
        for (unsigned w = 0; w < WINDOWS; w++) {
            if (service->cards[w].events) {
                put_card(json, &service->cards[w], (enum window)w, NULL, scorecard->scoring);
            }
        }
        jout_close(json, ']');
        jout_close(json, '}');
    }
    jout_close(json, ']');
    jout_key(json, "services_left");
    jout_int(json, (int64_t)scorecard->services_left);
}

/* What would gain most, whether anything slips or not. */
static void put_fixes(struct jout *json, const struct scorecard *scorecard)
{
    struct buffer text;
    buffer_init(&text, EXPLAIN_TEXT_MAX);
    explain_text_fixes(&text, scorecard->fixes, scorecard->fix_count);
    explain_json_fixes(json, scorecard->fixes, scorecard->fix_count);
    jout_key(json, "fix_first_text");
    jout_span(json, buffer_as_span(&text));
    buffer_done(&text);
}

void view_render(struct buffer *out, const struct scorecard *scorecard, const struct view_episode *episodes,
                 size_t episode_count, struct event_time now)
{
    struct jout json = jout_into(out);
    jout_open(&json, '{');
    jout_key(&json, "agency");
    jout_span(&json, scorecard->agency);
    jout_key(&json, "epoch");
    jout_int(&json, (int64_t)scorecard->revision.epoch);
    jout_key(&json, "seq");
    jout_int(&json, (int64_t)scorecard->revision.seq);
    jout_key(&json, "as_of");
    jout_time(&json, scorecard->as_of);
    jout_key(&json, "updated_at");
    jout_time(&json, now);
    jout_key(&json, "catching_up");
    jout_bool(&json, scorecard->catching_up);
    jout_key(&json, "method");
    jout_text(&json, scorecard->scoring->version);
    put_cards(&json, scorecard->all, scorecard->channels, scorecard->scoring);
    put_services(&json, scorecard);
    put_shadow(&json, scorecard);
    put_fixes(&json, scorecard);
    jout_key(&json, "alerts");
    jout_open(&json, '[');
    for (size_t i = 0; i < episode_count; i++) {
        put_episode(&json, scorecard, &episodes[i]);
    }
    jout_close(&json, ']');
    jout_close(&json, '}');
}
