/* strata.c - pooling: whoever says too little goes into one rest, and the smallest of the others with them until the
 * rest says enough too. */
#include "strata.h"

#include <math.h>

static void add(struct feature *sum, const struct feature *part)
{
    sum->x += part->x;
    sum->q += part->q;
    sum->n += part->n;
}

/* A retraction may come without its original: then a count is less than nothing, or than its good ones. */
static struct feature sound(struct feature feature)
{
    double n = fmax(feature.n, 0);
    double x = fmin(fmax(feature.x, 0), n);
    double least = n > 0 ? x * x / n : 0;
    return (struct feature){x, fmin(fmax(feature.q, least), n), n};
}

/* One of each worth beside the others keeps the variance from being nothing. */
static double pooled_variance(const struct stratum *self)
{
    double n = self->now.n + self->base.n + 2;
    double mean = (self->now.x + self->base.x + 1) / n;
    double spread = (self->now.q + self->base.q + 1) / n - mean * mean;
    return spread * (1 / fmax(self->now.n, 1) + 1 / fmax(self->base.n, 1));
}

static void finish(struct stratum *self)
{
    self->now = sound(self->now);
    self->base = sound(self->base);
    self->p_now = self->now.n > 0 ? self->now.x / self->now.n : 0;
    self->p_base = self->base.n > 0 ? self->base.x / self->base.n : 0;
    self->variance = pooled_variance(self);
}

static bool says_enough(const struct stratum *self, const struct detection *rule)
{
    return reaches(self->now.n, rule->stratum_n_now) && reaches(self->base.n, rule->stratum_n_base);
}

/* Takes stratum i out of a list and into the rest. */
static void into_rest(struct stratum *list, size_t *count, size_t i, struct stratum *rest, size_t *pooled)
{
    add(&rest->now, &list[i].now);
    add(&rest->base, &list[i].base);
    rest->service = (*pooled)++ ? SERVICE_POOLED : list[i].service;
    list[i] = list[--*count];
}

static size_t smallest(const struct stratum *list, size_t count)
{
    size_t least = 0;
    for (size_t i = 1; i < count; i++) {
        bool fewer = list[i].now.n < list[least].now.n ||
                     (list[i].now.n <= list[least].now.n && list[i].base.n < list[least].base.n);
        least = fewer ? i : least;
    }
    return least;
}

static size_t pool(struct stratum *list, size_t count, const struct detection *rule)
{
    struct stratum rest = {.service = SERVICE_POOLED};
    size_t pooled = 0;
    for (size_t i = 0; i < count;) {
        if (says_enough(&list[i], rule)) {
            i++;
        } else {
            into_rest(list, &count, i, &rest, &pooled);
        }
    }
    while (pooled && count && !says_enough(&rest, rule)) {
        into_rest(list, &count, smallest(list, count), &rest, &pooled);
    }
    if (pooled) {
        list[count++] = rest;
    }
    return count;
}

struct strata_of strata_pool(struct stratum *strata, uint32_t used, const struct compared_cell *const *cells,
                             size_t count, unsigned feature, const struct detection *rule)
{
    struct strata_of of = {.first = used};
    struct stratum *list = strata + used;
    size_t listed = 0;
    for (size_t i = 0; i < count; i++) {
        const struct feature *now = &cells[i]->now[feature];
        const struct feature *base = &cells[i]->base[feature];
        if (now->n > 0 || base->n > 0) {
            list[listed++] = (struct stratum){.service = cells[i]->service, .now = *now, .base = *base};
        }
    }
    listed = pool(list, listed, rule);
    for (size_t i = 0; i < listed; i++) {
        finish(&list[i]);
        of.n_now += list[i].now.n;
        of.n_base += list[i].base.n;
    }
    if (!reaches(of.n_base, rule->channel_n_base)) {
        return (struct strata_of){.first = used};
    }
    of.count = (uint32_t)listed;
    return of;
}
