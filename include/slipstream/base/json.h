/* json.h - writes JSON into a buffer, comma by comma (jansson, which reads it, owns the names json_…). Text is escaped as RFC 8259 asks, and must be UTF-8. Numbers that
 * are not finite become null. */
#ifndef SLIPSTREAM_BASE_JSON_H
#define SLIPSTREAM_BASE_JSON_H

#include "slipstream/base/buffer.h"
#include "slipstream/base/clock.h"

struct jout {
    struct buffer *out;
    bool comma; /* before the next value */
};

static inline struct jout jout_into(struct buffer *out)
{
    return (struct jout){out, false};
}
void jout_open(struct jout *self, char bracket);  /* '{' or '[' */
void jout_close(struct jout *self, char bracket); /* '}' or ']' */
void jout_key(struct jout *self, const char *key);
void jout_key_span(struct jout *self, struct span key);
void jout_text(struct jout *self, const char *text);
void jout_span(struct jout *self, struct span text);
void jout_int(struct jout *self, int64_t value);
void jout_real(struct jout *self, double value);
void jout_bool(struct jout *self, bool value);
void jout_null(struct jout *self);
void jout_time(struct jout *self, struct event_time time); /* "2026-11-22T09:30:00Z" */

/* A key and its value. */
void jout_put_text(struct jout *self, const char *key, const char *text);
void jout_put_real(struct jout *self, const char *key, double value);

#endif
