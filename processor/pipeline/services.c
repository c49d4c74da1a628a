/* services.c - services, scored one by one into the scorecard. */
#include "services.h"

#include "slipstream/score.h"

void services_begin(struct scorecard *scorecard)
{
    scorecard->service_count = 0;
    scorecard->services_left = 0;
}

void service_clear(struct service_tallies *self)
{
    if (self->has_events) { /* most of an agency's services have none in most windows' turns */
        memset(self, 0, sizeof *self);
    }
}

void service_add(struct service_tallies *self, enum window window, const int64_t counts[COUNTERS], enum channel channel,
                 const struct scoring *scoring)
{
    self->has_events = true;
    tallies_add(&self->windows[window], counts, channel, scoring);
}

/* A place of its own, or that of the shown one with the fewest interactions, should it have more; NULL: neither. Of two
 * with as many the one that came first stays. */
static struct service_cards *place_for(struct scorecard *scorecard, int64_t interactions)
{
    if (scorecard->service_count < SERVICES_SHOWN) {
        return &scorecard->services[scorecard->service_count++];
    }
    struct service_cards *fewest = &scorecard->services[0];
    for (size_t i = 1; i < SERVICES_SHOWN; i++) {
        if (scorecard->services[i].cards[WINDOW_28D].interactions < fewest->cards[WINDOW_28D].interactions) {
            fewest = &scorecard->services[i];
        }
    }
    scorecard->services_left++;
    return interactions > fewest->cards[WINDOW_28D].interactions ? fewest : NULL;
}

void service_end(const struct service_tallies *self, struct span name, uint32_t position, struct scorecard *scorecard)
{
    if (!self->has_events) {
        return;
    }
    struct service_cards *place = place_for(scorecard, self->windows[WINDOW_28D].interactions);
    if (!place) {
        return;
    }
    place->service = name;
    place->position = position;
    for (unsigned w = 0; w < WINDOWS; w++) {
        score_card(&self->windows[w], scorecard->scoring, Z_95, &place->cards[w]);
    }
}
