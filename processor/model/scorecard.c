/* scorecard.c - the words of what stands beside the scores. */
#include "slipstream/model/scorecard.h"

static const struct {
    const char *word, *meaning;
} causes[CAUSES] = {
#define CAUSE_ROW(id, word, meaning) {word, meaning},
    CAUSES_TABLE(CAUSE_ROW)
#undef CAUSE_ROW
};

const char *cause_word(enum cause cause)
{
    ASSERT((unsigned)cause < CAUSES);
    return causes[cause].word;
}

const char *cause_meaning(enum cause cause)
{
    ASSERT((unsigned)cause < CAUSES);
    return causes[cause].meaning;
}
