/* import_order.c - rows by time. */
#include "import_order.h"

#include <stdlib.h>

void order_init(struct order *self, size_t rows_max)
{
    *self = (struct order){.rows_max = rows_max};
}

void order_done(struct order *self)
{
    free(self->rows);
    *self = (struct order){0};
}

static void keep(struct order *self, const struct order_row *row)
{
    if (self->kept == self->capacity) {
        self->capacity = self->capacity ? 2 * self->capacity : 4096;
        self->rows = realloc(self->rows, self->capacity * sizeof *self->rows);
        ASSERT(self->rows);
    }
    self->rows[self->kept++] = *row;
}

void order_add(struct order *self, const struct order_row *row)
{
    self->first_us = self->count == 0 || row->us < self->first_us ? row->us : self->first_us;
    self->last_us = self->count == 0 || row->us > self->last_us ? row->us : self->last_us;
    self->count++;
    if (self->count <= self->rows_max) {
        keep(self, row);
    } else if (self->rows) {
        free(self->rows);
        self->rows = NULL;
        self->kept = 0;
    }
}

static int compare(const void *a, const void *b)
{
    const struct order_row *left = a;
    const struct order_row *right = b;
    if (left->us != right->us) {
        return left->us < right->us ? -1 : 1;
    }
    if (left->file != right->file) {
        return left->file < right->file ? -1 : 1;
    }
    return (left->offset > right->offset) - (left->offset < right->offset);
}

bool order_sort(struct order *self)
{
    if (self->count > self->kept) {
        return false;
    }
    if (self->kept > 0) {
        qsort(self->rows, self->kept, sizeof *self->rows, compare);
    }
    return true;
}
