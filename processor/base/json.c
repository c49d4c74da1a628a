/* json.c - writes JSON. */
#include "slipstream/base/json.h"

#include <math.h>

static void separate(struct jout *self)
{
    if (self->comma) {
        buffer_u8(self->out, ',');
    }
    self->comma = true;
}

void jout_open(struct jout *self, char bracket)
{
    separate(self);
    buffer_u8(self->out, (uint8_t)bracket);
    self->comma = false;
}

void jout_close(struct jout *self, char bracket)
{
    buffer_u8(self->out, (uint8_t)bracket);
    self->comma = true;
}

static void put_quoted(struct buffer *out, struct span text)
{
    size_t plain = 0; /* where the run of bytes that need no escape began */
    buffer_u8(out, '"');
    if (text.size == 0) { /* its data may be NULL */
        buffer_u8(out, '"');
        return;
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\') {
            continue;
        }
        buffer_bytes(out, text.data + plain, i - plain);
        plain = i + 1;
        if (byte < 0x20) {
            buffer_text(out, "\\u%04x", byte);
        } else {
            buffer_u8(out, '\\');
            buffer_u8(out, byte);
        }
    }
    buffer_bytes(out, text.data + plain, text.size - plain);
    buffer_u8(out, '"');
}

void jout_key_span(struct jout *self, struct span key)
{
    separate(self);
    put_quoted(self->out, key);
    buffer_u8(self->out, ':');
    self->comma = false;
}

void jout_key(struct jout *self, const char *key)
{
    jout_key_span(self, span_text(key));
}

void jout_span(struct jout *self, struct span text)
{
    separate(self);
    put_quoted(self->out, text);
}

void jout_text(struct jout *self, const char *text)
{
    jout_span(self, span_text(text));
}

void jout_int(struct jout *self, int64_t value)
{
    separate(self);
    buffer_text(self->out, "%lld", (long long)value);
}

void jout_real(struct jout *self, double value)
{
    if (!isfinite(value)) {
        jout_null(self);
        return;
    }
    separate(self);
    buffer_text(self->out, "%.10g", value);
}

void jout_bool(struct jout *self, bool value)
{
    separate(self);
    buffer_text(self->out, "%s", value ? "true" : "false");
}

void jout_null(struct jout *self)
{
    separate(self);
    buffer_text(self->out, "null");
}

void jout_time(struct jout *self, struct event_time time)
{
    char text[CLOCK_TEXT_SIZE];
    jout_text(self, clock_format(time, false, text));
}
