/* reader_schemas.c - our own schemas, as the files in schemas/ have them. SLIPSTREAM_SCHEMAS is that folder. */
#include "slipstream/decode.h"

#include "slipstream/base/embed.h"

EMBED(schema_web, SLIPSTREAM_SCHEMAS "/web_interaction.avsc");
EMBED(schema_phone, SLIPSTREAM_SCHEMAS "/phone_interaction.avsc");
EMBED(schema_office, SLIPSTREAM_SCHEMAS "/office_interaction.avsc");
EMBED(schema_chat, SLIPSTREAM_SCHEMAS "/chat_interaction.avsc");

struct span decode_reader_schema(enum channel channel)
{
    ASSERT(channel < CHANNELS);
    const struct span schemas[CHANNELS] = {
        [CHANNEL_WEB] = EMBEDDED(schema_web),
        [CHANNEL_PHONE] = EMBEDDED(schema_phone),
        [CHANNEL_OFFICE] = EMBEDDED(schema_office),
        [CHANNEL_CHAT] = EMBEDDED(schema_chat),
    };
    return schemas[channel];
}
