/* scoring.c - words of the scoring file, and targets by agency. */
#include "slipstream/model/scoring.h"

#include <math.h>
#include <stdlib.h>

const char *const survey_method_words[SURVEY_METHODS] = {"top2box", "net", "mean"};

static int compare_names(struct span a, struct span b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_targets(const void *key, const void *row)
{
    return compare_names(*(const struct span *)key, ((const struct scoring_target *)row)->agency);
}

static const struct scoring_target *find_target(const struct scoring *self, struct span agency)
{
    if (self->target_count == 0) {
        return NULL;
    }
    return bsearch(&agency, self->targets, self->target_count, sizeof *self->targets, compare_targets);
}

double scoring_target(const struct scoring *self, struct span agency, unsigned subject)
{
    ASSERT(subject < TARGETS);
    const struct scoring_target *found = find_target(self, agency);
    if (!found) {
        found = find_target(self, span_text("*"));
    }
    return found ? found->values[subject] : (double)NAN;
}
