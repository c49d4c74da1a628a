/* public.c - from what is counted to what may be seen of it. */
#include "public.h"

#include <math.h>

void public_shift(const struct fold_cell *cell, struct event_time as_of, int64_t least, struct window_sums *sums)
{
    for (unsigned w = 0; cell->untold && least > 0 && w < WINDOWS; w++) {
        untold_window(cell->untold, (enum window)w, as_of, sums->counts[w]);
    }
}

static const struct estimate *estimate_in(const struct card *card, struct subject_parts parts)
{
    if (parts.behaviour != BEHAVIOURS) {
        return &card->behaviours[parts.behaviour];
    }
    return parts.driver != DRIVERS ? &card->drivers[parts.driver].score : &card->cx;
}

struct estimate public_estimate(const struct scorecard *scorecard, unsigned subject, enum window window)
{
    struct subject_parts parts = subject_parts(subject);
    const struct card *card =
        parts.channel == CHANNELS ? &scorecard->all[window] : &scorecard->channels[window][parts.channel];
    bool may_be_said = !scorecard->catching_up && !card_is_suppressed(card, scorecard->scoring);
    return may_be_said ? *estimate_in(card, parts) : (struct estimate){0};
}

void public_slip(struct slip *slip, const struct finding *found)
{
    bool may_be_said = found->verdict == VERDICT_COMPARED;
    slip->episode.at_open = finding_estimate(found);
    slip->base_at_open = may_be_said ? found->base : round(1000 * slip->base_at_open) / 1000;
    slip->drop_at_open = may_be_said ? found->d : 0;
}
