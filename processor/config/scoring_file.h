/* scoring_file.h - the sections of a scoring file. Each reads what its mapping says into self->scoring, or complains.
 */
#ifndef SLIPSTREAM_CONFIG_SCORING_FILE_H
#define SLIPSTREAM_CONFIG_SCORING_FILE_H

#include "fields.h"

void scoring_read_standards(struct reading *self, const struct node *node, size_t unused);
void scoring_read_drivers(struct reading *self, const struct node *node, size_t unused);
void scoring_read_targets(struct reading *self, const struct node *node, size_t unused);
void scoring_read_benchmarks(struct reading *self, const struct node *node, size_t unused);
void scoring_read_holidays(struct reading *self, const struct node *node, size_t unused);
void scoring_read_detection(struct reading *self, const struct node *node, size_t unused);
void scoring_read_agencies(struct reading *self, const struct node *node, size_t unused);
void scoring_read_groups(struct reading *self, const struct node *node, size_t unused);

/* What sections say of one another, once all are read. */
void scoring_read_group_targets(struct reading *self);
void scoring_check_names(struct reading *self);

/* 16 hex digits that change exactly when the same counts may give another score; false: no memory. */
bool scoring_name_version(struct scoring *scoring);

#endif
