/* log.h - one line an event to stderr, logfmt or JSON.
 *
 * A line is an event name and key=value pairs. Foreign text goes through LOG_TEXT or LOG_SPAN, which quote and escape
 * it. The same event with the same component at most once in 10 s, with a count of those left out. Never a payload, a
 * key or a secret. Thread-safe. */
#ifndef SLIPSTREAM_BASE_LOG_H
#define SLIPSTREAM_BASE_LOG_H

#include "slipstream/base/clock.h"
#include "slipstream/base/outcome.h"
#include "slipstream/base/span.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVELS };
enum log_format { LOG_LOGFMT, LOG_JSON };

struct log; /* opened once by the program, passed down; threads may share it */

struct log_pair {
    const char *key;
    enum { LOG_PAIR_TEXT, LOG_PAIR_SPAN, LOG_PAIR_INTEGER, LOG_PAIR_REAL } kind;
    union {
        const char *text;
        struct span span;
        int64_t integer;
        double real;
    } value;
};

#define LOG_TEXT(name, v) ((struct log_pair){.key = (name), .kind = LOG_PAIR_TEXT, .value.text = (v)})
#define LOG_SPAN(name, v) ((struct log_pair){.key = (name), .kind = LOG_PAIR_SPAN, .value.span = (v)})
#define LOG_INT(name, v) ((struct log_pair){.key = (name), .kind = LOG_PAIR_INTEGER, .value.integer = (int64_t)(v)})
#define LOG_REAL(name, v) ((struct log_pair){.key = (name), .kind = LOG_PAIR_REAL, .value.real = (v)})
#define LOG_REASON(why)                                                                                                \
    LOG_TEXT("reason", reason_word((why)->code)), LOG_TEXT("error", (why)->text)

struct log *log_open(enum log_level level, enum log_format format, int descriptor);
void log_close(struct log *self);
void log_set_level(struct log *self, enum log_level level);
void log_set_clock(struct log *self, const struct clock *clock); /* borrowed; before other threads know the log */
uint64_t log_count(const struct log *self, enum log_level level); /* lines asked for, written or held back */
const char *log_level_word(enum log_level level);

/* msg: the event in snake_case ("task_claimed"). NULL self writes nothing. */
void log_write(struct log *self, enum log_level level, const char *component, const char *msg,
               const struct log_pair *pairs, size_t count);

#define LOG(self, level, component, msg, ...)                                                                          \
    log_write((self), (level), (component), (msg), (const struct log_pair[]){__VA_ARGS__ __VA_OPT__(, ) LOG_INT("", 0)}, \
              sizeof((const struct log_pair[]){__VA_ARGS__ __VA_OPT__(, ) LOG_INT("", 0)}) / sizeof(struct log_pair) - 1)

#endif
