/* leaves.h - how each leaf step reads its value and where the value goes.
 *
 * Each takes where the value begins and gives where the next one does, or NULL, and then the machine's code says why.
 * `op` is the step's, and known where it is used, so that each use compiles to what its operation needs. */
#ifndef SLIPSTREAM_DECODE_LEAVES_H
#define SLIPSTREAM_DECODE_LEAVES_H

#include "convert.h"
#include "read.h"

/* What a step needs beside the bytes. */
struct leaf_context {
    struct machine *machine;
    const struct plan *plan;
    uint8_t *into; /* the interaction */
};

static inline void store(struct leaf_context self, const struct step *step, const void *value, size_t size)
{
    memcpy(self.into + step->target, value, size);
}

static inline const uint8_t *take_int(struct leaf_context self, const struct step *step, const uint8_t *at,
                                      enum leaf_op op)
{
    int64_t value;
    at = read_int(self.machine, at, &value);
    if (at == NULL) {
        return NULL;
    }
    if (op == OP_DAYS && !us_from_days(value, &value)) {
        return failed(self.machine, REASON_BAD_NUMBER);
    }
    store(self, step, &value, sizeof value);
    return at;
}

/* A long in one of the units that longs come in. */
static inline const uint8_t *take_long(struct leaf_context self, const struct step *step, const uint8_t *at,
                                       enum leaf_op op)
{
    int64_t value;
    at = read_long(self.machine, at, &value);
    if (at == NULL) {
        return NULL;
    }
    bool fits = value != ABSENT;
    if (op == OP_MILLIS) {
        fits = us_from_millis(value, &value);
    } else if (op == OP_NANOS) {
        value = time_floor(value, 1000);
        fits = true;
    } else if (op == OP_SECONDS_LONG) {
        fits = ms_from_whole_seconds(value, &value);
    } else if (op == OP_SECONDS_MICROS) {
        value = ms_from_micros(value);
        fits = true;
    }
    if (!fits) {
        return failed(self.machine, REASON_BAD_NUMBER);
    }
    store(self, step, &value, sizeof value);
    return at;
}

static inline const uint8_t *take_seconds(struct leaf_context self, const struct step *step, const uint8_t *at,
                                          enum leaf_op op)
{
    double seconds = 0;
    int64_t whole = 0; /* an int is exact as a double */
    int64_t ms;
    if (op == OP_SECONDS_INT) {
        at = read_int(self.machine, at, &whole);
        seconds = (double)whole;
    } else {
        at = op == OP_SECONDS_FLOAT ? read_float(self.machine, at, &seconds) : read_double(self.machine, at, &seconds);
    }
    if (at == NULL) {
        return NULL;
    }
    if (!ms_from_seconds(seconds, &ms)) {
        return failed(self.machine, REASON_BAD_NUMBER);
    }
    store(self, step, &ms, sizeof ms);
    return at;
}

static inline const uint8_t *take_text(struct leaf_context self, const struct step *step, const uint8_t *at)
{
    struct span text;
    at = read_text(self.machine, at, &text);
    if (at != NULL) {
        store(self, step, &text, sizeof text);
    }
    return at;
}

static inline const uint8_t *take_flag(struct leaf_context self, const struct step *step, const uint8_t *at)
{
    int64_t value;
    at = read_flag(self.machine, at, &value);
    if (at != NULL) {
        store(self, step, &value, sizeof value);
    }
    return at;
}

static inline const uint8_t *take_symbol(struct leaf_context self, const struct step *step, const uint8_t *at,
                                         enum leaf_op op)
{
    uint32_t symbol;
    at = read_position(self.machine, at, step->b, REASON_BAD_ENUM, &symbol);
    if (at == NULL) {
        return NULL;
    }
    int64_t value = *plan_entry(self.plan, step->a + symbol);
    if (value == UNKNOWN_SYMBOL) {
        return failed(self.machine, REASON_BAD_ENUM);
    }
    if (op == OP_ENUM) {
        store(self, step, &value, sizeof value);
    }
    return at;
}

static inline const uint8_t *take_constant(struct leaf_context self, const struct step *step, const uint8_t *at,
                                           enum leaf_op op)
{
    if (op == OP_CONSTANT_TEXT) {
        struct span text = span_of(self.plan->text.data + step->a, step->b);
        store(self, step, &text, sizeof text);
    } else {
        int64_t value = (int64_t)((uint64_t)step->b << 32 | step->a);
        store(self, step, &value, sizeof value);
    }
    return at;
}

/* mapped.c */
const uint8_t *take_mapped(struct leaf_context self, const struct step *step, const uint8_t *at);

/* ---- values that nothing wants ---- */

static inline const uint8_t *pass_text(struct machine *self, const uint8_t *at)
{
    struct span text;
    return read_text(self, at, &text);
}

static inline const uint8_t *pass_number(struct machine *self, const uint8_t *at, enum leaf_op op)
{
    int64_t value;
    return op == OP_PASS_FLAG  ? read_flag(self, at, &value)
           : op == OP_PASS_INT ? read_int(self, at, &value)
                               : read_long(self, at, &value);
}

static inline const uint8_t *pass_symbol(struct machine *self, const struct step *step, const uint8_t *at)
{
    uint32_t symbol;
    return read_position(self, at, step->b, REASON_BAD_ENUM, &symbol);
}

static inline const uint8_t *pass_bytes(struct machine *self, const uint8_t *at)
{
    struct span bytes;
    return read_bytes(self, at, &bytes);
}

/* ---- behind a union with null ---- */

/* The branch of a union of null and another type. The usual two are one byte each; a longer form means the same. */
static inline const uint8_t *read_nullable(struct machine *self, const struct step *step, const uint8_t *at,
                                           bool *is_null)
{
    if (__builtin_expect(at < self->end && *at == step->value_byte, 1)) {
        *is_null = false;
        return at + 1;
    }
    uint32_t branch;
    at = read_position(self, at, 2, REASON_BAD_BRANCH, &branch);
    if (at != NULL) {
        *is_null = branch << 1 != step->value_byte;
    }
    return at;
}

/* The same and the value behind it at once, for what is mostly one byte: an int (of a rating) or a flag. It jumps on
 * whether it is null: reckoned with, where the next value begins would have to wait for this one. False: it is unusual,
 * or wrong, and nothing was read. */
static inline bool take_nullable_byte(struct leaf_context self, const struct step *step, const uint8_t **at,
                                      enum leaf_op op)
{
    uint16_t both;
    if (self.machine->end - *at < (ptrdiff_t)sizeof both) {
        return false;
    }
    memcpy(&both, *at, sizeof both);
    unsigned pair = le16toh(both);
    if ((pair & (op == OP_FLAG ? 0xfeff : 0x80ff)) != step->value_byte) {
        return false;
    }
    int64_t value = op == OP_FLAG ? (int64_t)(pair >> 8) : zigzag(pair >> 8);
    store(self, step, &value, sizeof value);
    *at += sizeof both;
    return true;
}

/* The same for seconds in a double. */
static inline bool take_nullable_double(struct leaf_context self, const struct step *step, const uint8_t **at)
{
    double seconds;
    int64_t ms;
    if (self.machine->end - *at < 1 + (ptrdiff_t)sizeof seconds || **at != step->value_byte) {
        return false;
    }
    (void)read_double(self.machine, *at + 1, &seconds);
    if (!ms_from_seconds(seconds, &ms)) {
        return false;
    }
    store(self, step, &ms, sizeof ms);
    *at += 1 + sizeof seconds;
    return true;
}

#endif
