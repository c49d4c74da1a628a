/* errors.h - what librdkafka and the brokers complain of, as an outcome and a reason: one table for all of kafka.
 *
 * Outcomes: STOP/fenced, STOP/refused, STOP/fatal, SKIP/too_large (this one message), RETRY/full, RETRY/unavailable. */
#ifndef KAFKA_ERRORS_H
#define KAFKA_ERRORS_H

#include <librdkafka/rdkafka.h>

#include "slipstream/base/outcome.h"

/* For `return kafka_fail(...)`: what we were doing, and the library's own words or NULL. */
enum outcome kafka_fail(struct reason *why, rd_kafka_resp_err_t code, const char *doing, const char *text);

/* The same from an error object, which stays the caller's. */
enum outcome kafka_fail_error(struct reason *why, const rd_kafka_error_t *error, const char *doing);

/* True after the client gave up for good; says why. */
bool kafka_is_fatal(rd_kafka_t *handle, const char *doing, enum outcome *outcome, struct reason *why);

/* A refusal ends the program at its start. Later, when the client was proven to work, the operators may mend it; but
 * not when the client has given up. */
enum outcome kafka_soften(enum outcome outcome, bool proven, const struct reason *why);

#endif
