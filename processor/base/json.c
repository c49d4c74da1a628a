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

/* The digits of a number, at the end of the room there is for them; returns where they begin. */
#define DIGITS_MAX 20
static char *digits_of(uint64_t number, char room[DIGITS_MAX])
{
    char *at = room + DIGITS_MAX;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    return at;
}

static void put_digits(struct buffer *out, uint64_t number)
{
    char room[DIGITS_MAX];
    const char *first = digits_of(number, room);
    buffer_bytes(out, first, (size_t)(room + DIGITS_MAX - first));
}

static void put_int(struct buffer *out, int64_t value)
{
    if (value < 0) {
        buffer_u8(out, '-');
    }
    put_digits(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* Ten digits, as %.10g has them, and no zeros at the end. The C library makes them exactly, out of hundreds of bits;
 * for what has at most nine digits before the point and no more than four zeros behind it an integer of ten digits
 * does, which is off by at most one in the tenth. */
#define REAL_LEAST 1e-4
#define REAL_MOST  1e9
static void put_real(struct buffer *out, double value)
{
    double size = fabs(value);
    if (size != 0 && !(size >= REAL_LEAST && size < REAL_MOST)) {
        buffer_text(out, "%.10g", value);
        return;
    }
    unsigned places = 9; /* behind the point */
    double scale = 1e9;
    while (size * scale >= 1e10 - 0.5) {
        places--;
        scale /= 10;
    }
    while (size != 0 && size * scale < 1e9 - 0.5) {
        places++;
        scale *= 10;
    }
    uint64_t number = (uint64_t)(size * scale + 0.5);
    uint64_t point = (uint64_t)(scale + 0.5);
    if (signbit(value)) {
        buffer_u8(out, '-');
    }
    put_digits(out, number / point);
    char room[DIGITS_MAX];
    uint64_t rest = number % point + point; /* a one before it keeps its zeros */
    const char *first = digits_of(rest, room) + 1;
    while (places && first[places - 1] == '0') {
        places--;
    }
    if (places) {
        buffer_u8(out, '.');
        buffer_bytes(out, first, places);
    }
}

void jout_int(struct jout *self, int64_t value)
{
    separate(self);
    put_int(self->out, value);
}

void jout_real(struct jout *self, double value)
{
    if (!isfinite(value)) {
        jout_null(self);
        return;
    }
    separate(self);
    put_real(self->out, value);
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

void jout_put_text(struct jout *self, const char *key, const char *text)
{
    jout_key(self, key);
    jout_text(self, text);
}

void jout_put_real(struct jout *self, const char *key, double value)
{
    jout_key(self, key);
    jout_real(self, value);
}
