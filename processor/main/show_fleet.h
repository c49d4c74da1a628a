/* show_fleet.h - the agencies together, in a table. */
#ifndef SLIPSTREAM_MAIN_SHOW_FLEET_H
#define SLIPSTREAM_MAIN_SHOW_FLEET_H

#include <jansson.h>

/* The fleet as it is in the live view. */
void show_fleet_print(const json_t *fleet);

#endif
