/* interaction_writer.h - an interaction as the message that a channel's topic carries: Confluent framing, then Avro
 * under our own schema of the channel (schemas/CHANNEL_interaction.avsc). The counterpart of decode.h.
 *
 * Shape: each schema is compiled once into a flat list of steps, which are run over the struct; nothing is allocated a
 * message. What is absent becomes null, or the schema's default. A member that the channel's schema has no field for is
 * left out. Errors: SKIP/missing_field, bad_utf8, bad_number for an interaction that the schema cannot say. Owner: who
 * opened closes; close(NULL) is nothing. A writer is constant after it was opened.
 * Source: Avro 1.11 specification, "Binary Encoding". */
#ifndef SLIPSTREAM_MAIN_INTERACTION_WRITER_H
#define SLIPSTREAM_MAIN_INTERACTION_WRITER_H

#include "slipstream/config.h"

/* More than the largest message: four ids of 200 bytes, and every number at its longest. */
#define INTERACTION_MESSAGE_MAX 4096

struct interaction_writer;
enum outcome interaction_writer_open(const uint32_t schema_ids[CHANNELS], struct interaction_writer **writer,
                                     struct reason *why) MUST_CHECK;
void interaction_writer_close(struct interaction_writer *self);

/* The message's value, in place of what out held. Its fields are those of interaction->channel. */
enum outcome interaction_writer_put(const struct interaction_writer *self, const struct interaction *interaction,
                                    struct buffer *out, struct reason *why) MUST_CHECK;

/* The topic of each channel; borrowed from the configuration. */
void writer_topics(const struct config *config, const char *topics[CHANNELS]);

/* The ids to frame with: those of schemas.ids, or the registry's, where the schemas are registered under TOPIC-value.
 * RETRY/unavailable when the registry does not answer. */
enum outcome writer_schema_ids(const struct config *config, uint32_t schema_ids[CHANNELS],
                               struct reason *why) MUST_CHECK;

#endif
