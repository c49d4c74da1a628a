/* model.h - floor 1: what Slipstream talks about, as data and pure functions. */
#ifndef SLIPSTREAM_MODEL_H
#define SLIPSTREAM_MODEL_H

#include "slipstream/model/alert.h"
#include "slipstream/model/dead_letter.h"
#include "slipstream/model/detection.h"
#include "slipstream/model/field_value.h"
#include "slipstream/model/finding.h"
#include "slipstream/model/fleet.h"
#include "slipstream/model/interaction.h"
#include "slipstream/model/mapping.h"
#include "slipstream/model/panes.h"
#include "slipstream/model/scorecard.h"
#include "slipstream/model/scoring.h"
#include "slipstream/model/signal_batch.h"
#include "slipstream/model/signals.h"
#include "slipstream/model/silence.h"
#include "slipstream/model/slip.h"
#include "slipstream/model/untold.h"

#endif
