/* listener.h - the listening socket of a server. Errors: STOP/bad_config, with the address and what is wrong with it.
 */
#ifndef SLIPSTREAM_SERVE_LISTENER_H
#define SLIPSTREAM_SERVE_LISTENER_H

#include "slipstream/base.h"

/* A listening socket on a numeric address, for the caller to close; *bound is the port it got. */
enum outcome listener_open(const char *address, uint16_t port, int *descriptor, uint16_t *bound,
                           struct reason *why) MUST_CHECK;

#endif
