/* command.c - the words of a command, in memory that is kept for the next one. */
#include "command.h"

#include <stdlib.h>

#define CAPACITY_FIRST 64

static bool grow(struct command *self)
{
    int capacity = self->capacity ? 2 * self->capacity : CAPACITY_FIRST;
    if (capacity > COMMAND_WORDS_MAX) {
        return false;
    }
    void *words = realloc((void *)self->words, (size_t)capacity * sizeof *self->words);
    if (!words) {
        return false;
    }
    self->words = words;
    void *sizes = realloc(self->sizes, (size_t)capacity * sizeof *self->sizes);
    if (!sizes) {
        return false;
    }
    self->sizes = sizes;
    self->capacity = capacity;
    return true;
}

void command_done(struct command *self)
{
    free((void *)self->words);
    free(self->sizes);
    *self = (struct command){0};
}

void command_start(struct command *self, const char *verb)
{
    self->count = 0;
    self->bytes = 0;
    self->broken = false;
    command_text(self, verb);
}

void command_text(struct command *self, const char *word)
{
    command_span(self, span_text(word));
}

void command_span(struct command *self, struct span word)
{
    if (self->broken || (self->count == self->capacity && !grow(self))) {
        self->broken = true;
        return;
    }
    self->words[self->count] = word.size ? (const char *)word.data : "";
    self->sizes[self->count] = word.size;
    self->count++;
    self->bytes += word.size;
}
