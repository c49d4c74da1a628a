/* import_send.h - interactions onto the topics of their channels, each delivery waited for.
 *
 * Key: the agency; partition: Kafka's default partitioner; message time: now. Errors: STOP, or RETRY/unavailable when
 * Kafka or the registry does not answer at the start. Owner: who opened closes. */
#ifndef SLIPSTREAM_MAIN_IMPORT_SEND_H
#define SLIPSTREAM_MAIN_IMPORT_SEND_H

#include "import_report.h"
#include "interaction_writer.h"

struct sender;
/* dry_run: connects nowhere, encodes only. Counts what was delivered in the report, which must outlive the sender. */
enum outcome sender_open(const struct config *config, struct log *log, bool dry_run, struct report *report,
                         struct sender **sender, struct reason *why) MUST_CHECK;
/* Waits for what is queued for at most 5 s: sender_flush waits for all. */
void sender_close(struct sender *self);

/* SKIP: the schema cannot say this interaction. STOP: a delivery failed, or the topic is not there. */
enum outcome sender_put(struct sender *self, const struct interaction *interaction, struct reason *why) MUST_CHECK;

/* Until everything is acknowledged or has failed; after a request to stop, for ten seconds more. STOP: with the first
 * failure. */
enum outcome sender_flush(struct sender *self, struct reason *why) MUST_CHECK;

#endif
