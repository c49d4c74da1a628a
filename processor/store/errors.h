/* errors.h - what an error reply of Redis means to the caller's loop: one table. */
#ifndef SLIPSTREAM_STORE_ERRORS_H
#define SLIPSTREAM_STORE_ERRORS_H

#include "slipstream/base.h"

struct error_meaning {
    const char *start; /* of the reply */
    enum outcome outcome;
    enum reason_code code;
    bool elsewhere; /* another connection may find a server that says otherwise: this one is not used again */
    const char *advice;
};

/* The reply's own words, without what Redis 6.2 puts before an error that a script passes on. */
const char *error_words(const char *reply);

/* Whether it says that the command is not there or not allowed: something to live without, where one can. */
bool error_is_denial(const char *reply);

/* Never NULL. Fills *why: Redis's word, and what to do. Of a reply that is not in the table the text is given too,
 * without the arguments it may quote; `secret`: only its first word. */
const struct error_meaning *error_read(const char *reply, bool secret, struct reason *why);

#endif
