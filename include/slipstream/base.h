/* base.h - floor 0: outcomes and reasons, spans and buffers, clocks, hashes, the log. Knows nothing of the product. */
#ifndef SLIPSTREAM_BASE_H
#define SLIPSTREAM_BASE_H

#include "slipstream/base/buffer.h"
#include "slipstream/base/clock.h"
#include "slipstream/base/hash.h"
#include "slipstream/base/json.h"
#include "slipstream/base/log.h"
#include "slipstream/base/outcome.h"
#include "slipstream/base/span.h"

#endif
