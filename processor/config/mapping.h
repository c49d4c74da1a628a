/* mapping.h - reading the section `mapping` of a configuration file. */
#ifndef SLIPSTREAM_CONFIG_MAPPING_H
#define SLIPSTREAM_CONFIG_MAPPING_H

#include "document.h"
#include "settings.h"

/* Into config->mappings; what is wrong is complained of. */
void mapping_read(struct loading *self, const char *where, const struct node *map);

#endif
