/* complement.h - which figures are withheld so that no figure of few people can be worked out from the others.
 *
 * In one window an agency's cells (service × channel), its channels, its services and its total are sums of the same
 * counts: whoever knows a total and all parts but one knows that one. So cells of few people are taken together, with
 * others of their channel when they are still few, until every such group has enough people; only figures that are made
 * of whole groups are shown. Whatever is added to or taken from what is shown is then a sum over whole groups, of which
 * each has enough people; a person's answers never stand alone.
 * Units: people, who are interactions (or survey answers, when these are more). Pure. Errors: none. */
#ifndef SLIPSTREAM_PIPELINE_COMPLEMENT_H
#define SLIPSTREAM_PIPELINE_COMPLEMENT_H

#include "slipstream/model.h"

struct complement_cell {
    uint32_t service; /* position */
    enum channel channel;
    bool present;   /* it counted anything in the window */
    int64_t people; /* of one that is present */
    bool withheld;  /* found */
    /* On the way to it: cells with one number are of one group, and the cell it is numbered after knows what it spans. */
    uint32_t group, members;
    bool spans_channels, spans_services;
};
struct complement {
    bool all, channels[CHANNELS]; /* withheld */
    bool *services;               /* withheld, by position; owned by the caller */
    size_t service_count;
};

/* Fills in what is withheld: a group of fewer than `least` people there never is among what is shown. */
void complement_find(struct complement_cell *cells, size_t count, int64_t least, struct complement *found);

#endif
