/* shadow.c - the same counts by the second scoring file. */
#include "shadow.h"

#include "slipstream/score.h"

void shadow_begin(struct shadow_tallies *self, const struct scoring *scoring)
{
    self->scoring = scoring;
    if (scoring) {
        memset(self->all, 0, sizeof self->all);
        memset(self->channels, 0, sizeof self->channels);
    }
}

void shadow_add(struct shadow_tallies *self, enum window window, const int64_t counts[COUNTERS], enum channel channel)
{
    if (self->scoring) {
        tallies_add(&self->all[window], counts, channel, self->scoring);
        tallies_add(&self->channels[window][channel], counts, channel, self->scoring);
    }
}

void shadow_score(const struct shadow_tallies *self, struct shadow_cards *cards)
{
    cards->scoring = self->scoring;
    for (unsigned w = 0; self->scoring && w < WINDOWS; w++) {
        score_card(&self->all[w], self->scoring, Z_95, &cards->all[w]);
        for (unsigned c = 0; c < CHANNELS; c++) {
            score_card(&self->channels[w][c], self->scoring, Z_95, &cards->channels[w][c]);
        }
    }
}
