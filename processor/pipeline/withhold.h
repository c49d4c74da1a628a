/* withhold.h - what is withheld of one agency at a look, window by window (complement.h), from the windows of its cells.
 * Owner: who looks; it keeps its memory from agency to agency. */
#ifndef SLIPSTREAM_PIPELINE_WITHHOLD_H
#define SLIPSTREAM_PIPELINE_WITHHOLD_H

#include "complement.h"
#include "records.h"

#include "slipstream/roll.h"

struct withholder {
    struct complement_cell *cells[WINDOWS]; /* in the order they were added */
    bool *services[WINDOWS];
    size_t cell_count, cell_capacity, service_capacity;
    struct complement found[WINDOWS];
};
void withholder_done(struct withholder *self);

/* An agency is begun once; its cells are added; then what is withheld is found. */
void withholder_begin(struct withholder *self);
void withholder_add(struct withholder *self, uint32_t service, enum channel channel, const struct window_sums *sums);
void withholder_find(struct withholder *self, size_t service_count, int64_t least);

/* The cards that are withheld are marked so: the agency's, the shadow's, the services'. */
void withholder_mark(const struct withholder *self, struct scorecard *scorecard);
/* Of the cell that was added as the i-th. */
bool withholder_has(const struct withholder *self, enum window window, size_t cell);

#endif
