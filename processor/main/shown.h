/* shown.h - what the subcommands that show something read: Redis, and the live view in it.
 *
 * Errors: an outcome, and why; what a view does not have is no error but NULL. Owner: whoever opened closes or
 * finishes; a view that was read is the caller's to json_decref. */
#ifndef SLIPSTREAM_MAIN_SHOWN_H
#define SLIPSTREAM_MAIN_SHOWN_H

#include "command.h"

#include <jansson.h>

/* A setup with Redis at hand. */
struct shown {
    struct setup setup;
    struct store *store;
};

/* False: it has been told why, and *code is the exit code; there is nothing to close. */
bool shown_open(struct shown *self, const struct command *command, int argc, char **argv, enum exit_code *code);
void shown_close(struct shown *self);
/* Tells why, if it is not DONE, and closes: the command's exit code. */
enum exit_code shown_finish(struct shown *self, const struct command *command, enum outcome outcome,
                            const struct reason *why);

/* What is under a key of the view; NULL when there is nothing. */
enum outcome shown_key(struct shown *self, const char *key, json_t **view, struct reason *why) MUST_CHECK;
/* An agency's view; likewise. */
enum outcome shown_view(struct shown *self, const char *agency, json_t **view, struct reason *why) MUST_CHECK;
/* An array of the views of the agencies named, or of all; when one cannot be read, of those before it. */
enum outcome shown_views(struct shown *self, json_t **views, struct reason *why) MUST_CHECK;

/* The card of a window over all channels; borrowed from the view. NULL: it has none. */
const json_t *shown_card(const json_t *view, const char *window);

#endif
