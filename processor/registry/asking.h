/* asking.h - the thread that asks the registry, so that nobody else waits for it.
 *
 * A request stays in a table of REGISTRY_REQUESTS_MAX until its answer was taken; one that failed is asked again after
 * the others, all of them after a wait that doubles up to REGISTRY_RETRY_MAX_MS and ends with the first answer. An
 * answer that nobody comes for gives way to a new request. Errors: SKIP as fetch.h; RETRY while there is no answer.
 * Threads: all but open and close from one at a time; the connection belongs to the thread in here. */
#ifndef SLIPSTREAM_REGISTRY_ASKING_H
#define SLIPSTREAM_REGISTRY_ASKING_H

#include "registry_http.h"

struct asking;
enum outcome asking_open(const struct registry_settings *settings, struct asking **asking,
                         struct reason *why) MUST_CHECK;
/* At once, whatever is under way. */
void asking_close(struct asking *self);

/* The schema, which is the caller's to free; waits for it up to the patience of the settings, unless it has waited in
 * vain since the last answer, or the registry does not answer. */
enum outcome asking_take(struct asking *self, const struct schema_ref *ref, char **text, size_t *size,
                         struct reason *why) MUST_CHECK;

/* Whether asking_take would say something new: an answer is there, or there is room to ask. */
bool asking_settled(struct asking *self, const struct schema_ref *ref);
/* Whether the last request was answered; RETRY: why not. */
enum outcome asking_trouble(struct asking *self, struct reason *why) MUST_CHECK;

#endif
