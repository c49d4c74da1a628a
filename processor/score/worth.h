/* worth.h - what an answer from 1 to 5 is worth, on 0..1: DOMAIN.md, "Scores". */
#ifndef SLIPSTREAM_SCORE_WORTH_H
#define SLIPSTREAM_SCORE_WORTH_H

#include "slipstream/model.h"

extern const double answer_worth[SURVEY_METHODS][5];

#endif
