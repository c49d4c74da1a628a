/* command.h - one Redis command, as its words. The words are borrowed until it has been sent.
 *
 * A command that could not grow is `broken`: sticky, checked when it is sent. */
#ifndef SLIPSTREAM_STORE_COMMAND_H
#define SLIPSTREAM_STORE_COMMAND_H

#include "slipstream/base.h"

/* Redis 6.2 takes 1,048,576 words in a command. */
#define COMMAND_WORDS_MAX 1048576

struct command {
    const char **words; /* owned; what they point at is not */
    size_t *sizes;
    int count;
    int capacity;
    size_t bytes; /* of all the words */
    bool broken;
};

void command_done(struct command *self);
void command_start(struct command *self, const char *verb);
void command_text(struct command *self, const char *word);
void command_span(struct command *self, struct span word);

#endif
