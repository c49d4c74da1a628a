#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#define AFTER_US (2 * US_PER_SECOND)
#define EVERY_US (US_PER_SECOND / 2)

void progress_init(struct progress *self, struct mono_time now)
{
    *self = (struct progress){.terminal = isatty(STDERR_FILENO), .begun = now, .told = now};
}

bool progress_is_due(struct progress *self, struct mono_time now)
{
    if (!self->terminal || now.us - self->begun.us < AFTER_US || now.us - self->told.us < EVERY_US) {
        return false;
    }
    progress_clear(self);
    self->told = now;
    self->telling = true;
    return true;
}

void progress_clear(struct progress *self)
{
    if (self->telling) {
        fputs("\r\033[K", stderr);
        self->telling = false;
    }
}
