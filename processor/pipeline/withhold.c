/* withhold.c - one table of cells a window, and what became of it on the cards. */
#include "withhold.h"

#include <stdlib.h>

void withholder_done(struct withholder *self)
{
    for (unsigned w = 0; w < WINDOWS; w++) {
        free(self->cells[w]);
        free(self->services[w]);
    }
    *self = (struct withholder){0};
}

void withholder_begin(struct withholder *self)
{
    self->cell_count = 0;
}

static void make_room(struct withholder *self)
{
    self->cell_capacity = self->cell_capacity ? self->cell_capacity * 2 : 64;
    for (unsigned w = 0; w < WINDOWS; w++) {
        self->cells[w] = realloc(self->cells[w], self->cell_capacity * sizeof *self->cells[w]);
        ASSERT(self->cells[w]);
    }
}

/* An interaction stands for a person; so does a survey that came alone. */
static int64_t people_of(const int64_t counts[COUNTERS])
{
    int64_t interactions = counts[COUNTER_INTERACTIONS];
    int64_t answers = counts[signal_table[SIGNAL_SURVEY_ANSWERED].first + 1];
    int64_t people = interactions > answers ? interactions : answers;
    return people > 0 ? people : 0;
}

void withholder_add(struct withholder *self, uint32_t service, enum channel channel, const struct window_sums *sums)
{
    if (self->cell_count == self->cell_capacity) {
        make_room(self);
    }
    for (unsigned w = 0; w < WINDOWS; w++) {
        self->cells[w][self->cell_count] = (struct complement_cell){
            .service = service,
            .channel = channel,
            .present = sums->counts[w][COUNTER_EVENTS] != 0,
            .people = people_of(sums->counts[w]),
        };
    }
    self->cell_count++;
}

void withholder_find(struct withholder *self, size_t service_count, int64_t least)
{
    if (service_count > self->service_capacity) {
        self->service_capacity = service_count * 2;
        for (unsigned w = 0; w < WINDOWS; w++) {
            self->services[w] = realloc(self->services[w], self->service_capacity * sizeof *self->services[w]);
            ASSERT(self->services[w]);
        }
    }
    for (unsigned w = 0; w < WINDOWS; w++) {
        self->found[w].services = self->services[w];
        self->found[w].service_count = service_count;
        complement_find(self->cells[w], self->cell_count, least, &self->found[w]);
    }
}

bool withholder_has(const struct withholder *self, enum window window, size_t cell)
{
    ASSERT(cell < self->cell_count);
    return self->cells[window][cell].withheld;
}

void withholder_mark(const struct withholder *self, struct scorecard *scorecard)
{
    for (unsigned w = 0; w < WINDOWS; w++) {
        const struct complement *found = &self->found[w];
        scorecard->all[w].withheld = scorecard->shadow.all[w].withheld = found->all;
        for (unsigned c = 0; c < CHANNELS; c++) {
            scorecard->channels[w][c].withheld = scorecard->shadow.channels[w][c].withheld = found->channels[c];
        }
        for (size_t s = 0; s < scorecard->service_count; s++) {
            scorecard->services[s].cards[w].withheld = found->services[scorecard->services[s].position];
        }
    }
}
