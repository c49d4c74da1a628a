/* import_order.h - which rows there are and in which order they are sent, when a file is read twice.
 *
 * Bounds: rows_max rows are remembered, at 24 bytes each; when there are more, none is, and the order is the
 * file's. Owner: init and done. */
#ifndef SLIPSTREAM_MAIN_IMPORT_ORDER_H
#define SLIPSTREAM_MAIN_IMPORT_ORDER_H

#include "slipstream/base.h"

#define ORDER_ROWS_MAX ((size_t)1000000)

struct order_row {
    int64_t us;     /* its event's time */
    int64_t offset; /* where it stands */
    uint32_t line;
    uint32_t file;
};
struct order {
    struct order_row *rows; /* owned */
    size_t kept, capacity, rows_max;
    size_t count;              /* all that were added */
    int64_t first_us, last_us; /* of their times, when there are any */
};
void order_init(struct order *self, size_t rows_max);
void order_done(struct order *self);
void order_add(struct order *self, const struct order_row *row);
/* By time; rows of the same time as they stand. False: too many, the order is the file's. */
bool order_sort(struct order *self);

#endif
