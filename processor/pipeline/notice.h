/* notice.h - an alert as JSON: what the webhook is sent, Alertmanager's annotations are made of, and the live view
 * shows. A figure that is added here reaches all three. Fields: schemas/README.md, "The webhook". */
#ifndef SLIPSTREAM_PIPELINE_NOTICE_H
#define SLIPSTREAM_PIPELINE_NOTICE_H

#include "records.h"

/* The alert's fields, into an object that is open. */
void notice_fields(struct jout *json, const struct alert *alert);
/* The whole object, with its transition, and a link to the agency's page below `board` (NULL: none). */
void notice_render(struct buffer *out, const struct alert *alert, const char *board);

/* A figure with its interval and n, under a key. */
void estimate_field(struct jout *json, const char *key, const struct estimate *estimate);

#endif
